/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_TRACE_CBLOCK_H
#define IORIOT_TRACE_CBLOCK_H

#include "trace/capture.h"
#include "trace/capture_lines.h"

/*
 * Some records of a capture that are next to each other: their text is taken from the file block by block, and each
 * block is parsed by whoever has time for it. Strings without escapes stay where they are, in the text.
 */
struct crecord {
	struct rec rec;
	int bad;      /* -EINVAL or -ENOENT: see capture_next() */
	uint32_t why; /* in the errors of its block */
};

struct cblock {
	struct crecord *record;
	size_t n, room;
	int rc; /* what came behind them: 1, more; 0, the end; -errno, as err says */
	struct err err;
	VEC(struct err) errors;
	double progress; /* share of the file read by then */

	struct buf text;
	size_t lines;	/* of it */
	uint64_t first; /* the number of its first line */
	bool skipped;	/* behind it was a line too long to be taken, as err says */
	bool ended;	/* its last record was "end" */
	struct capture_scratch scratch;
	struct buf bytes; /* vectors, and strings that had escapes */
	size_t nkept;
	uint32_t *kept; /* records that have any */
};

void cblock_free(struct cblock *b);

/* In the order of the file: the text. CBLOCK_LINES of it, or CBLOCK_BYTES, or what is left. */
#define CBLOCK_LINES 128
#define CBLOCK_BYTES (1u << 20)
void cblock_take(struct cblock *b, struct capture_reader *r);

/*
 * Text becomes records. EACH, unless NULL, is shown each one that could be read before what it points to is kept, and
 * may let it point to *LENGTH.
 */
void cblock_parse(struct cblock *b, const struct capture_reader *r, void (*each)(struct rec *r, uint64_t *length));

#endif
