/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_TRACE_AHEAD_H
#define IORIOT_TRACE_AHEAD_H

#include "trace/cblock.h"

/*
 * A thread that reads a capture: while its user is at one block of records, the next ones are
 * unpacked and parsed. A few blocks go round between the two, and whichever of them has nothing else to do
 * parses one, or does what is posted.
 */
struct ahead;

struct ahead_hooks {
	void (*each)(struct rec *r, uint64_t *length); /* as cblock_parse(), by several threads at once; or NULL */
	void (*done)(void *user);		       /* one of what is posted, one after the other; or NULL */
	void *user;
};

/* The reader belongs to it until ahead_free(), or until the last block was given. 0 or -errno. */
int ahead_new(struct ahead **out, struct capture_reader *reader, const struct ahead_hooks *hooks);
void ahead_free(struct ahead *a);

/*
 * Waits for the next block, which is the caller's until it is released; behind the last one there is none
 * to wait for. NULL: the caller has all of them. ahead_release() is of the oldest one that was given.
 */
struct cblock *ahead_next(struct ahead *a);
void ahead_release(struct ahead *a);

/* There is one more to be done; waits until no more than MOST are left; until none are. */
void ahead_post(struct ahead *a, size_t most);
void ahead_settle(struct ahead *a);

#endif
