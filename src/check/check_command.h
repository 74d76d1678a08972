/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_CHECK_CHECK_COMMAND_H
#define IORIOT_CHECK_CHECK_COMMAND_H

#include "options.h"

/*
 * --check: what this host offers. EXIT_DONE when something can be recorded by one backend at least
 * and replays can run, else EXIT_HOST_LACKS.
 */
int check_command(const struct options *o);

#endif
