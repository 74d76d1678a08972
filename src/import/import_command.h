/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_IMPORT_IMPORT_COMMAND_H
#define IORIOT_IMPORT_IMPORT_COMMAND_H

#include "options.h"

/* ioriot --import strace:FILE -c CAPTURE: an exit status. */
int import_command(const struct options *o);

#endif
