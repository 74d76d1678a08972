/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_SNAPSHOT_USES_H
#define IORIOT_SNAPSHOT_USES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "datas/buf.h"

/*
 * What processes had used of processors at moments, for percentages of some time. Of an hour some 60 moments are kept,
 * the closer together the younger they are. Times are ns of one clock, STARTED is what tells a process from one that
 * had its number before.
 */

struct use {
	uint64_t pid, started, ticks;
};

struct moment {
	uint64_t t;
	VEC(struct use) uses;
};

struct uses {
	VEC(struct moment) moments; /* the latest is the last one */
};

/* Adds one, to be sorted by moment_done(). 0 or -ENOMEM. */
int moment_add(struct moment *m, const struct use *u);
void moment_done(struct moment *m);
void moment_free(struct moment *m);

/* What a process had used then; 0 of one that was not there. */
uint64_t moment_ticks(const struct moment *m, uint64_t pid, uint64_t started);

/* M is the history's then, whatever is returned. 0 or -ENOMEM. */
int uses_add(struct uses *all, struct moment *m);
void uses_free(struct uses *all);

/* The moment that was about WINDOW before T; NULL: there is none. */
const struct moment *uses_before(const struct uses *all, uint64_t t, uint64_t window);

/* When to look once more, after NOW, so that at T the moments for all of N WINDOWS are there; else T. */
uint64_t uses_next(const struct uses *all, uint64_t now, uint64_t t, const uint64_t *windows, size_t n);

#endif
