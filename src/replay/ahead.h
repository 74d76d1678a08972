/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_REPLAY_AHEAD_H
#define IORIOT_REPLAY_AHEAD_H

#include "trace/rlines.h"

/*
 * A thread parses a replay while its lines are checked and packed; the one that does this parses too, where it
 * would wait.
 */
struct replay_ahead;

/* The reader belongs to the thread until replay_ahead_free(). 0 or -errno. */
int replay_ahead_new(struct replay_ahead **out, struct replay_reader *reader);
void replay_ahead_free(struct replay_ahead *a);

/*
 * Like replay_next(), of several at once: those from *LINE to *END, which are the caller's, who may change them,
 * until the next ones.
 */
int replay_ahead_next(struct replay_ahead *a, struct rline **line, struct rline **end, struct err *err);

#endif
