/* SPDX-License-Identifier: Apache-2.0 */
#include "datas/arena.h"

#include <stdlib.h>

#define BLOCK_SIZE (64u << 10)

struct arena_block {
	struct arena_block *next;
	size_t size;
	char data[] __attribute__((aligned(16)));
};

static struct arena_block *block_new(struct arena *a, size_t size)
{
	struct arena_block *b = calloc(1, sizeof(*b) + size);

	if (!b)
		return NULL;
	b->size = size;
	a->total += size;
	return b;
}

void *arena_alloc(struct arena *a, size_t size)
{
	struct arena_block *b = a->blocks;
	void *p;

	size = (size + 15) & ~(size_t)15;
	if (size > BLOCK_SIZE / 4) { /* a block of its own, behind the current one */
		struct arena_block *big = block_new(a, size);

		if (!big)
			return NULL;
		if (b) {
			big->next = b->next;
			b->next = big;
		} else {
			a->blocks = big;
			a->used = size;
		}
		return big->data;
	}
	if (!b || b->size - a->used < size) {
		struct arena_block *fresh = block_new(a, BLOCK_SIZE);

		if (!fresh)
			return NULL;
		fresh->next = b;
		a->blocks = b = fresh;
		a->used = 0;
	}
	p = b->data + a->used;
	a->used += size;
	return p;
}

char *arena_strdup(struct arena *a, struct str s)
{
	char *p = arena_alloc(a, s.len + 1);

	if (p && s.len)
		memcpy(p, s.s, s.len);
	return p;
}

void arena_free(struct arena *a)
{
	while (a->blocks) {
		struct arena_block *next = a->blocks->next;

		free(a->blocks);
		a->blocks = next;
	}
	*a = ARENA_INIT;
}
