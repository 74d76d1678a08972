/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_GENERATE_GENERATE_COMMAND_H
#define IORIOT_GENERATE_GENERATE_COMMAND_H

#include "options.h"

/* ioriot -c CAPTURE -r REPLAY: an exit status. */
int generate_command(const struct options *o);

#endif
