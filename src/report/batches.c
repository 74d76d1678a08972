/* SPDX-License-Identifier: Apache-2.0 */
#include "report/batches.h"

#include <math.h>

static void halve(struct batches *b)
{
	unsigned i;

	for (i = 0; i < BATCHES_MOST / 2; i++)
		b->sum[i] = b->sum[2 * i] + b->sum[2 * i + 1];
	b->full = BATCHES_MOST / 2;
	b->size *= 2;
}

void batches_add(struct batches *b, uint64_t ns)
{
	if (!b->size)
		b->size = 1;
	if (b->last == 0)
		b->sum[b->full] = 0;
	b->sum[b->full] += log(ns ? (double)ns : 1);
	if (++b->last < b->size)
		return;
	b->last = 0;
	if (++b->full == BATCHES_MOST)
		halve(b);
}

size_t batches_values(const struct batches *b, double out[BATCHES_MOST])
{
	unsigned i;

	for (i = 0; i < b->full; i++)
		out[i] = b->sum[i] / (double)b->size;
	return b->full;
}
