/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_REPORT_SPREAD_H
#define IORIOT_REPORT_SPREAD_H

#include "datas/hist.h"

/*
 * As struct hist, with the same buckets, but as large as the number of different ones that are in
 * use: for many small distributions at once.
 */
struct spread_slot {
	uint32_t bucket; /* + 1; 0 = free */
	uint32_t count;
};

struct spread {
	uint64_t count, sum, min, max;
	struct spread_slot *slots; /* open addressing */
	uint32_t used, cap;	   /* cap is a power of two, or 0 */
};

int spread_add(struct spread *s, uint64_t v); /* 0 or -ENOMEM, nothing added */
void spread_free(struct spread *s);
uint64_t spread_quantile(const struct spread *s, double q); /* as hist_quantile() */

#endif
