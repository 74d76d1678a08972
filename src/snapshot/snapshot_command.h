/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_SNAPSHOT_SNAPSHOT_COMMAND_H
#define IORIOT_SNAPSHOT_SNAPSHOT_COMMAND_H

#include "options.h"

int snapshot_command(const struct options *o);

#endif
