/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_COMPARE_COMPARE_COMMAND_H
#define IORIOT_COMPARE_COMPARE_COMMAND_H

#include "options.h"

/* --compare A.json B.json ...: what differs between replays. Exit status. */
int compare_command(const struct options *o);

#endif
