/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_TRACE_RLINES_H
#define IORIOT_TRACE_RLINES_H

#include "trace/replay.h"

/*
 * Lines of a replay that go from one thread to another, with what they point to: a line's strings and lists
 * are their maker's until he makes the next one.
 */
#define RLINES 256

struct rlines {
	struct rline line[RLINES];
	size_t n;
	struct buf bytes; /* strings, vectors and lists */
	size_t nkept;
	uint16_t kept[RLINES]; /* lines that have any */
};

void rlines_begin(struct rlines *b);
bool rlines_full(const struct rlines *b); /* also of bytes: very long lines end a batch early */

/* Where the next line is made, and that it is one of them: what it points to is kept. */
static inline struct rline *rlines_next(struct rlines *b)
{
	return &b->line[b->n];
}
void rlines_keep(struct rlines *b);

/* The lines point to what is kept. 0 or -ENOMEM. */
int rlines_end(struct rlines *b);

#endif
