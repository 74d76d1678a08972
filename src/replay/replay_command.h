/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_REPLAY_REPLAY_COMMAND_H
#define IORIOT_REPLAY_REPLAY_COMMAND_H

#include "options.h"

/* ioriot -r FILE: runs a replay in its tree. Returns an exit status (utils/err.h). */
int replay_command(const struct options *o);

#endif
