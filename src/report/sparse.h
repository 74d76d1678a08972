/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_REPORT_SPARSE_H
#define IORIOT_REPORT_SPARSE_H

#include "datas/hist.h"

/*
 * As struct hist, with the same buckets, but as large as the number of different ones that are in
 * use: for many small distributions at once.
 */
struct sparse_slot {
	uint32_t bucket; /* + 1; 0 = free */
	uint32_t count;
};

struct sparse {
	uint64_t count, sum, min, max;
	struct sparse_slot *slots; /* open addressing */
	uint32_t used, cap;	   /* cap is a power of two, or 0 */
};

int sparse_add(struct sparse *s, uint64_t v); /* 0 or -ENOMEM, nothing added */
void sparse_free(struct sparse *s);
void sparse_expand(const struct sparse *s, struct hist *h);
uint64_t sparse_quantile(const struct sparse *s, double q); /* as hist_quantile() */

#endif
