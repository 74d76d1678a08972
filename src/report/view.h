/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_REPORT_VIEW_H
#define IORIOT_REPORT_VIEW_H

#include "events/events.h"
#include "report/groups.h"
#include "report/table.h"
#include "utils/terminal.h"

/*
 * A view is one answer: it is shown each call, then writes what it has seen. Each has to say in its own
 * way that records were lost: what it ends with has the totals of the capture.
 */
struct ending {
	const struct events *events;
	const struct events_totals *totals;
	uint64_t chosen; /* calls that the filter let through */
	const char *filter; /* NULL = none */
	const char *capture;
	bool colour;
};

struct view;

struct view_ops {
	int (*add)(struct view *v, const struct event *ev, struct err *err);
	/* Appends to OUT what belongs on standard output. */
	int (*end)(struct view *v, const struct ending *ending, struct buf *out, struct err *err);
	void (*free)(struct view *v);
};

struct view {
	const struct view_ops *ops;
	struct view *next;
};

struct top {
	enum group_order order;
	unsigned n; /* 0 = all */
	bool given; /* by the user */
};

/* 0; -ENOMEM, -EINVAL, or what opening a file gave. The view is freed by its free(). */
int view_summary(struct view **out, struct err *err);
int view_by(struct view **out, const char *by, struct top top, struct err *err);
enum hist_of { HIST_LATENCY, HIST_GAP, HIST_SIZE };
int view_hist(struct view **out, enum hist_of of, struct err *err);
int view_sequence(struct view **out, struct top top, bool levels, struct err *err); /* LEVELS: not calls alone */
int view_timeline(struct view **out, uint64_t interval, struct err *err);
/* Files of CSV in DIRECTORY, one for each layer. */
int view_layers(struct view **out, const char *directory, struct err *err);
bool view_is_directory(const char *path);
/* FORMAT:FILE; ESCAPE: what would speak to a terminal, in names of CSV. */
int view_export(struct view **out, const char *what, const char *fields, const char *weight,
	enum terminal_when escape, struct err *err);
int view_flame(struct view **out, const char *file, const char *fields, const char *weight,
	struct err *err);

/* A cell for each column of a key. */
void cell_key(struct table *t, const struct groups *g, struct str key);

/* A table of the groups, as far as TOP goes; what is left out is told below it. */
int groups_print(const struct groups *g, struct top top, const struct tally *all, bool colour,
	struct buf *out);

/* Lines that say which calls alone were recorded, none where all were; each begins with SIDE. */
void ending_limits(const struct ending *ending, const char *side, struct buf *out);

/* "NAME: 12 records were lost ..." when anything is missing, a line each. */
void ending_warn(const struct ending *ending, struct buf *out);
bool ending_incomplete(const struct ending *ending);

#endif
