/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_REPORT_CONTRAST_H
#define IORIOT_REPORT_CONTRAST_H

#include <jansson.h>

#include "datas/shift.h"
#include "report/view.h"

/* Two captures side by side, or a capture and its replay. */

/* enum shift_verdict of latencies ("more" is slower), and: */
enum { ONLY_FIRST = SHIFT_MORE + 1, ONLY_SECOND, VERDICTS };
extern const char *const contrast_verdicts[];

/* What the two have under one key. */
struct contrast_row {
	struct str key;
	const struct group *a, *b; /* one of them may be NULL */
	uint64_t rank;
	bool judged;	    /* both have calls enough for a ratio: */
	struct shift ratio; /* of latencies, b / a */
	unsigned verdict;
};

/* All rows, the largest first; the caller frees them. NULL when memory is out. */
struct contrast_row *contrast_rows(const struct groups *a, const struct groups *b, enum group_order order,
	size_t *n);
int contrast_judge(struct contrast_row *row); /* 0 or -ENOMEM */

/* A view that takes one side in; BY may be NULL: operations and files. */
int view_contrast(struct view **out, const char *by, struct err *err);

/* What both views, made with the same BY, have seen. */
int contrast_print(struct view *const sides[2], const struct ending ending[2], struct top top, struct buf *out,
	struct err *err);

/*
 * A capture, taken in by a view with BY NULL, and the statistics (--json) of its replay in FILE. BY: "op", "file", or
 * NULL: both. *PAGE is the same for html_write(); PAGE may be NULL.
 */
int contrast_replay(const struct view *side, const struct ending *ending, const char *file, const char *by,
	struct top top, struct buf *out, json_t **page, struct err *err);

/* The statistics alone: what was replayed, beside what the capture had of the same operations. */
int contrast_alone(const char *file, const char *by, struct top top, bool colour, struct buf *out, struct err *err);

/* The file begins as JSON does, and no capture. */
bool contrast_is_statistics(const char *file);

#endif
