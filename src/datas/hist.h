/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_DATAS_HIST_H
#define IORIOT_DATAS_HIST_H

#include <stddef.h>
#include <stdint.h>

/*
 * Log-linear histogram of 64-bit values: exact below 64, then 32 buckets an octave, so that a
 * quantile is at most 1/32 (3.2 %) above the true value (the bucket's upper edge is reported).
 * One writer; a reader of a running histogram may see a count or two less.
 */
#define HIST_SUB     32
#define HIST_BUCKETS (HIST_SUB * 60)

struct hist {
	uint64_t count, sum, min, max;
	uint32_t bucket[HIST_BUCKETS];
};

static inline size_t hist_index(uint64_t v)
{
	unsigned shift = 58 - (unsigned)__builtin_clzll(v | HIST_SUB); /* 0 below 64 */

	return (size_t)shift * HIST_SUB + (v >> shift);
}

void hist_widen(struct hist *h, uint64_t v); /* what hist_add() rarely has to do */

static inline void hist_add(struct hist *h, uint64_t v)
{
	if (__builtin_expect(v < h->min || v > h->max, 0))
		hist_widen(h, v);
	h->count++;
	h->sum += v;
	h->bucket[hist_index(v)]++;
}

void hist_merge(struct hist *into, const struct hist *from);

/*
 * Takes away BEFORE, an earlier state of the same histogram. Which value was the least and which the
 * largest of the rest is known as exactly as its buckets are.
 */
void hist_subtract(struct hist *from, const struct hist *before);

uint64_t hist_bottom(unsigned bucket); /* the least value that is counted there */

/* The value that a share Q (0..1) of all values does not exceed; 0 for an empty histogram. */
uint64_t hist_quantile(const struct hist *h, double q);

#endif
