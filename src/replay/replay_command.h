/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_REPLAY_REPLAY_COMMAND_H
#define IORIOT_REPLAY_REPLAY_COMMAND_H

#include "options.h"

/* ioriot -r FILE: runs a replay in its tree. Returns an exit status (utils/err.h). */
int replay_command(const struct options *o);

/*
 * Runs it as often as --repeat and --warmup say. Before each run but the first RENEW(ARG, O) makes the
 * trees what they were; what it returns ends the command when it is not EXIT_DONE.
 */
typedef int renew_fn(void *arg, const struct options *o);
int replay_runs(const struct options *o, renew_fn *renew, void *arg);

#endif
