/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_REPORT_ANALYSE_COMMAND_H
#define IORIOT_REPORT_ANALYSE_COMMAND_H

#include "options.h"

/* ioriot -a FILE: an enum exit_status. */
int analyse_command(const struct options *o);

#endif
