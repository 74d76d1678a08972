/* SPDX-License-Identifier: Apache-2.0 */
#include "report/sparse.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_CAP 8

static int grow(struct sparse *s)
{
	struct sparse more = {.cap = s->cap ? s->cap * 2 : FIRST_CAP};
	uint32_t i;

	more.slots = calloc(more.cap, sizeof(*more.slots));
	if (!more.slots)
		return -ENOMEM;
	for (i = 0; i < s->cap; i++)
		if (s->slots[i].bucket)
			*sparse_slot(&more, s->slots[i].bucket - 1) = s->slots[i];
	free(s->slots);
	s->slots = more.slots;
	s->cap = more.cap;
	return 0;
}

int sparse_add_bucket(struct sparse *s, uint32_t bucket, uint32_t count)
{
	struct sparse_slot *slot;

	if (s->used * 4 >= s->cap * 3 && grow(s))
		return -ENOMEM;
	slot = sparse_slot(s, bucket);
	if (!slot->bucket) {
		slot->bucket = bucket + 1;
		s->used++;
	}
	slot->count += count;
	return 0;
}

int sparse_merge(struct sparse *into, const struct sparse *from)
{
	uint32_t i;

	if (!from->count)
		return 0;
	for (i = 0; i < from->cap; i++)
		if (from->slots[i].bucket &&
			sparse_add_bucket(into, from->slots[i].bucket - 1, from->slots[i].count))
			return -ENOMEM;
	if (!into->count || from->min < into->min)
		into->min = from->min;
	if (from->max > into->max)
		into->max = from->max;
	into->count += from->count;
	into->sum += from->sum;
	return 0;
}

void sparse_free(struct sparse *s)
{
	free(s->slots);
	*s = (struct sparse){0};
}

void sparse_expand(const struct sparse *s, struct hist *h)
{
	uint32_t i;

	memset(h, 0, sizeof(*h));
	h->count = s->count;
	h->sum = s->sum;
	h->min = s->min;
	h->max = s->max;
	for (i = 0; i < s->cap; i++)
		if (s->slots[i].bucket)
			h->bucket[s->slots[i].bucket - 1] = s->slots[i].count;
}

uint64_t sparse_quantile(const struct sparse *s, double q)
{
	struct hist h;

	sparse_expand(s, &h);
	return hist_quantile(&h, q);
}
