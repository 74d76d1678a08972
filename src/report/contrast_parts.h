/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_REPORT_CONTRAST_PARTS_H
#define IORIOT_REPORT_CONTRAST_PARTS_H

#include "report/contrast.h"
#include "report/table.h"
#include "utils/human.h"

/* Inside of contrast.c and contrast_replay.c. */

struct contrast {
	struct view view;
	struct groups tables[2];
	unsigned n;
	struct tally all;
};

/* "+12.3 %" */
void put_change(char out[HUMAN_LEN], double a, double b);

/* A row of the table of totals: both values, the change, the name. */
void cell_total(struct table *t, const char *name, const char *a, const char *b, double x, double y);
void total_ns(struct table *t, const char *name, uint64_t x, uint64_t y);
void total_count(struct table *t, const char *name, double x, double y);

#endif
