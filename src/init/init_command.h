/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_INIT_INIT_COMMAND_H
#define IORIOT_INIT_INIT_COMMAND_H

#include "options.h"

/* -i FILE: builds the trees that a replay needs. Exit status. */
int init_command(const struct options *o);

#endif
