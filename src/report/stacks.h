/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_REPORT_STACKS_H
#define IORIOT_REPORT_STACKS_H

#include "report/view.h"

/*
 * Calls as stacks: columns are frames, those of the first one at the bottom; a file's name is a frame for
 * each directory. Values add up.
 */
struct frame {
	struct hnode node; /* of parent and name */
	struct frame *parent, *child, *sibling;
	struct str name; /* escaped */
	uint64_t self, total;
	uint64_t start; /* of all values that stand before it in its row */
	unsigned depth;
	uint64_t number; /* in an export */
};

struct stacks {
	const struct column *fields[KEY_COLUMNS];
	unsigned n;
	int64_t (*weight)(const struct event *ev);
	const char *unit; /* "ns", "bytes", "calls" */
	struct hmap map;
	struct arena arena;
	struct buf name;
	struct frame root;
	double min_px; /* in flame.c */
};

/* FIELDS and WEIGHT (time, count, bytes, gap) may be NULL: comm,file,op and time. */
int stacks_init(struct stacks *s, const char *fields, const char *weight, struct err *err);
int stacks_add(struct stacks *s, const struct event *ev); /* 0 or -ENOMEM */
int stacks_finish(struct stacks *s); /* children by name, totals, starts; 0 or -ENOMEM */
/* Depth first: the one behind F, which is F's own child only when DOWN is set. NULL at the end. */
struct frame *stacks_next(const struct frame *f, bool down);
void stacks_free(struct stacks *s);

/* A line for each stack: frames with ";" between, a blank, the value. */
void stacks_collapsed(struct stacks *s, const struct ending *ending, struct buf *out);
/* JSON of https://www.speedscope.app: a profile of samples with weights. */
void stacks_speedscope(struct stacks *s, const struct ending *ending, struct buf *out);
/* One self-contained SVG, with MOST frames at most; 0 = any number. */
void stacks_flame(struct stacks *s, const struct ending *ending, size_t most, struct buf *out);

typedef void stacks_put(struct stacks *s, const struct ending *ending, struct buf *out);
int view_stacks(struct view **out, const char *file, stacks_put *put, const char *fields, const char *weight,
	struct err *err);

#endif
