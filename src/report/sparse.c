/* SPDX-License-Identifier: Apache-2.0 */
#include "report/sparse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAP 8

static struct sparse_slot *slot_for(struct sparse_slot *slots, uint32_t cap, uint32_t bucket)
{
	uint32_t i = bucket * 2654435761u & (cap - 1); /* Knuth's multiplicative hash */

	while (slots[i].bucket && slots[i].bucket != bucket + 1)
		i = (i + 1) & (cap - 1);
	return &slots[i];
}

static int grow(struct sparse *s)
{
	uint32_t cap = s->cap ? s->cap * 2 : FIRST_CAP, i;
	struct sparse_slot *slots = calloc(cap, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	for (i = 0; i < s->cap; i++)
		if (s->slots[i].bucket)
			*slot_for(slots, cap, s->slots[i].bucket - 1) = s->slots[i];
	free(s->slots);
	s->slots = slots;
	s->cap = cap;
	return 0;
}

int sparse_add(struct sparse *s, uint64_t v)
{
	struct sparse_slot *slot;

	if (s->used * 4 >= s->cap * 3 && grow(s))
		return -ENOMEM;
	slot = slot_for(s->slots, s->cap, hist_index(v));
	if (!slot->bucket) {
		slot->bucket = hist_index(v) + 1;
		s->used++;
	}
	slot->count++;
	if (v < s->min || s->count == 0)
		s->min = v;
	if (v > s->max)
		s->max = v;
	s->count++;
	s->sum += v;
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
