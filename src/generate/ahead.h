/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_GENERATE_AHEAD_H
#define IORIOT_GENERATE_AHEAD_H

#include "trace/capture.h"

/*
 * A thread that reads a capture: while the model is at one batch of records, the next ones are
 * unpacked and parsed. A few batches go round between the two. Whichever of them has nothing else to do
 * does what is posted, one after the other, and the user reads too in place of waiting.
 */
#define AHEAD_BATCH 256

struct ahead_record {
	struct rec rec;
	int bad;      /* -EINVAL or -ENOENT: see capture_next() */
	uint32_t why; /* in the errors of its batch */
};

struct ahead_batch {
	struct ahead_record record[AHEAD_BATCH];
	size_t n, nkept;
	struct ahead_kept {
		struct rec *rec;
		size_t at;
	} kept[AHEAD_BATCH]; /* those that have strings or vectors, and where they are in BYTES */
	int rc; /* what came behind them: 1, more; 0, the end; -errno, as err says */
	struct err err;
	VEC(struct err) errors;
	double progress;  /* share of the file read by then */
	struct buf bytes; /* strings and vectors of the records */
};

struct ahead;

/*
 * The reader belongs to it until ahead_free(), or until the last batch was given. DONE does one of what is
 * posted. 0 or -errno.
 */
int ahead_new(struct ahead **out, struct capture_reader *reader, void (*done)(void *user), void *user);
void ahead_free(struct ahead *a);

/*
 * Waits for the next batch, which is the caller's until it is released; behind the last one there is none
 * to wait for. NULL: the caller has all of them. ahead_release() is of the oldest one that was given.
 */
struct ahead_batch *ahead_next(struct ahead *a);
void ahead_release(struct ahead *a);

/* There is one more for DONE; waits until no more than MOST are left; until none are. */
void ahead_post(struct ahead *a, size_t most);
void ahead_settle(struct ahead *a);

#endif
