/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_TRACE_RLINES_H
#define IORIOT_TRACE_RLINES_H

#include "trace/replay.h"

/*
 * Lines of a replay that go from one thread to another, with what they point to: a line's strings and lists
 * are their maker's until he makes the next one.
 */
struct rlines {
	struct rline *line;
	size_t n, room;
	struct buf bytes; /* strings, vectors and lists */
	size_t nkept;
	uint32_t *kept; /* lines that have any */
};

/* There is ROOM for so many. 0 or -ENOMEM. */
int rlines_begin(struct rlines *b, size_t room);
void rlines_free(struct rlines *b);

/* Also of bytes: very long lines end a batch early. */
#define RLINES_BYTES (1u << 20)
static inline bool rlines_full(const struct rlines *b)
{
	return b->n == b->room || b->bytes.len >= RLINES_BYTES;
}

/* Where the next line is made, and that it is one of them: what it points to is kept. */
static inline struct rline *rlines_next(struct rlines *b)
{
	return &b->line[b->n];
}
void rlines_keep_bytes(struct rlines *b);
static inline void rlines_keep(struct rlines *b)
{
	const struct rline *line = &b->line[b->n];

	if (line->call.nvec | line->ndeps | line->nlist || line->call.path.s || line->call.path2.s)
		rlines_keep_bytes(b);
	b->n++;
}

/* The lines point to what is kept. 0 or -ENOMEM. */
int rlines_end(struct rlines *b);

#endif
