/* SPDX-License-Identifier: Apache-2.0 */
#include "datas/hist.h"

void hist_widen(struct hist *h, uint64_t v)
{
	if (v < h->min || h->count == 0)
		h->min = v;
	if (v > h->max)
		h->max = v;
}

void hist_merge(struct hist *into, const struct hist *from)
{
	unsigned i;

	if (from->count == 0)
		return;
	if (into->count == 0 || from->min < into->min)
		into->min = from->min;
	if (from->max > into->max)
		into->max = from->max;
	into->count += from->count;
	into->sum += from->sum;
	for (i = 0; i < HIST_BUCKETS; i++)
		into->bucket[i] += from->bucket[i];
}

static uint64_t bucket_top(unsigned i)
{
	unsigned shift;

	if (i < 2 * HIST_SUB)
		return i;
	shift = i / HIST_SUB - 1;
	return ((((uint64_t)(i % HIST_SUB) + HIST_SUB) + 1) << shift) - 1;
}

uint64_t hist_bottom(unsigned bucket)
{
	return bucket ? bucket_top(bucket - 1) + 1 : 0;
}

static uint64_t minus(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

void hist_subtract(struct hist *from, const struct hist *before)
{
	uint64_t lowest = UINT64_MAX, highest = 0;
	unsigned i;

	from->count = minus(from->count, before->count);
	from->sum = minus(from->sum, before->sum);
	for (i = 0; i < HIST_BUCKETS; i++) {
		from->bucket[i] = (uint32_t)minus(from->bucket[i], before->bucket[i]);
		if (!from->bucket[i])
			continue;
		if (lowest == UINT64_MAX)
			lowest = hist_bottom(i);
		highest = bucket_top(i);
	}
	if (lowest == UINT64_MAX)
		from->min = from->max = 0;
	if (lowest != UINT64_MAX && from->min < lowest)
		from->min = lowest;
	if (from->max > highest)
		from->max = highest;
}

uint64_t hist_quantile(const struct hist *h, double q)
{
	uint64_t want, seen = 0;
	unsigned i;

	if (h->count == 0)
		return 0;
	want = (uint64_t)(q * (double)h->count);
	if ((double)want < q * (double)h->count || want == 0)
		want++;
	for (i = 0; i < HIST_BUCKETS; i++) {
		seen += h->bucket[i];
		if (seen >= want) {
			uint64_t top = bucket_top(i);

			return top > h->max ? h->max : top < h->min ? h->min : top;
		}
	}
	return h->max;
}
