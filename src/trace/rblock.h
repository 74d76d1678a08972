/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_TRACE_RBLOCK_H
#define IORIOT_TRACE_RBLOCK_H

#include "trace/replay_lines.h"
#include "trace/rlines.h"

/*
 * Some operations of a replay that are next to each other: their text is taken from the file block by block,
 * and each block is parsed by whoever has time for it.
 */
struct rblock {
	struct rlines lines;
	int rc; /* what comes behind them: 1, more; 0, the end; -errno, as err says */
	struct err err;

	struct buf text;
	size_t n;	/* lines of it */
	uint64_t first; /* the number of its first line */
	const char *path;
	struct replay_scratch scratch;
};

void rblock_free(struct rblock *b);

/* In the order of the file, before replay_next_init(): the text. */
void rblock_take(struct rblock *b, struct replay_reader *r);

/* Text becomes lines, up to the first one that is malformed. */
void rblock_parse(struct rblock *b);

#endif
