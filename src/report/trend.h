/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_REPORT_TREND_H
#define IORIOT_REPORT_TREND_H

#include <stddef.h>

/*
 * What a row of values of equally long intervals does in the long run. Each is only said of a row in which chance
 * seldom makes it so; docs/analysis.md has the rules.
 */
enum trend { TREND_UNKNOWN, TREND_STABLE, TREND_RISING, TREND_FALLING };

#define TREND_MAX 256 /* values that are looked at: of a longer row, sums of so many next to each other */
#define TREND_MIN 8   /* of fewer nothing is said */

struct trend_result {
	enum trend trend;
	double first, last;  /* mean of an interval in the first and the last third */
	size_t merged;	     /* so many intervals are one value: 1, 2, 3 ... */
	size_t bursts;	     /* how many times */
	double in_bursts;    /* share of the whole that is in them */
	size_t period;	     /* in intervals; 0: none was found */
	double correlation;  /* of the row with itself, one period later */
};

/* VALUES are left as they are. */
void trend_of(struct trend_result *r, const double *values, size_t n);

#endif
