/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_REPORT_SPARSE_H
#define IORIOT_REPORT_SPARSE_H

#include <errno.h>

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

/* Where values of BUCKET are counted, or would be; there must be slots. */
static inline struct sparse_slot *sparse_slot(const struct sparse *s, uint32_t bucket)
{
	uint32_t i = bucket * 2654435761u & (s->cap - 1); /* Knuth's multiplicative hash */

	while (s->slots[i].bucket && s->slots[i].bucket != bucket + 1)
		i = (i + 1) & (s->cap - 1);
	return &s->slots[i];
}

/* So many values of a bucket that may be new. 0 or -ENOMEM. */
int sparse_add_bucket(struct sparse *s, uint32_t bucket, uint32_t count);

/* 0 or -ENOMEM, nothing added */
static inline int sparse_add(struct sparse *s, uint64_t v)
{
	uint32_t bucket = (uint32_t)hist_index(v);
	struct sparse_slot *slot = s->cap ? sparse_slot(s, bucket) : NULL;

	if (slot && slot->bucket)
		slot->count++;
	else if (sparse_add_bucket(s, bucket, 1))
		return -ENOMEM;
	if (v < s->min || s->count == 0)
		s->min = v;
	if (v > s->max)
		s->max = v;
	s->count++;
	s->sum += v;
	return 0;
}

int sparse_merge(struct sparse *into, const struct sparse *from); /* 0 or -ENOMEM, something may be added */
void sparse_free(struct sparse *s);
void sparse_expand(const struct sparse *s, struct hist *h);
uint64_t sparse_quantile(const struct sparse *s, double q); /* as hist_quantile() */

#endif
