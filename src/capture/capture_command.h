/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_CAPTURE_COMMAND_H
#define IORIOT_CAPTURE_COMMAND_H

#include "options.h"

/*
 * ioriot -c FILE -- CMD ARGS: records what a program does. Returns the exit status: the program's
 * own (128 + N when signal N killed it; 126 and 127 when it cannot be run, as shells do), or when
 * that is 0 and records were lost EXIT_DIVERGED.
 */
int capture_command(const struct options *o);

#endif
