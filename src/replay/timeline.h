/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_REPLAY_TIMELINE_H
#define IORIOT_REPLAY_TIMELINE_H

#include "replay/program.h"
#include "replay/results.h"

/*
 * What a run did second by second. The parent reads what the threads count anyway, so that it costs them
 * nothing; a number read while it is written may come a moment later.
 */
struct tally {
	uint64_t ops, errors, diverged;
	uint64_t read, written; /* bytes */
	uint64_t late_count, late_sum; /* ns; of paced replays */
};

/* All counts of P's threads so far. */
void tally_take(struct tally *t, const struct program *p, const struct thread_result *results);

struct moment {
	uint64_t ns; /* since the start */
	uint64_t late_max; /* ns, since the moment before; at most 3.2 % above the true one */
	struct tally so_far;
};

#define TIMELINE_MOST 4096 /* moments; at this many every other one goes */

struct timeline {
	VEC(struct moment) moments;
	uint64_t step; /* ns from one moment to the next; 0: not wanted */
	struct hist *late; /* of all threads at the last moment, and two to work with; NULL when not paced */
};

int timeline_start(struct timeline *t, bool paced); /* 0 or -ENOMEM; timeline_free() after either */
void timeline_free(struct timeline *t);

/* When the next moment is due, ns since the start. */
uint64_t timeline_next(const struct timeline *t);

/* NOW: ns since the start. It asks for no memory: the start did. */
void timeline_add(struct timeline *t, uint64_t now, const struct program *p,
	const struct thread_result *results);

#endif
