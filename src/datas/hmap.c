/* SPDX-License-Identifier: Apache-2.0 */
#include "datas/hmap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

uint64_t hash_bytes(const void *p, size_t len, uint64_t seed)
{
	const unsigned char *s = p;
	uint64_t h = seed ^ (len * 0x9e3779b97f4a7c15u), w;

	for (; len >= 8; len -= 8, s += 8) {
		memcpy(&w, s, 8);
		h = (h ^ hash_u64(w)) * 0x9fb21c651e98df25u;
		h ^= h >> 32;
	}
	w = 0;
	if (len)
		memcpy(&w, s, len);
	return hash_u64(h ^ w ^ ((uint64_t)len << 56));
}

static int grow(struct hmap *m)
{
	size_t size = m->slots ? (m->mask + 1) * 2 : 16, i;
	struct hnode **slots = calloc(size, sizeof(*slots)), *n, *tmp;

	if (!slots)
		return -ENOMEM;
	hmap_each(m, n, tmp, i) {
		struct hnode **slot = &slots[n->hash & (size - 1)];

		n->next = *slot;
		*slot = n;
	}
	free(m->slots);
	m->slots = slots;
	m->mask = size - 1;
	return 0;
}

int hmap_insert(struct hmap *m, struct hnode *n, uint64_t hash)
{
	struct hnode **slot;

	if (!m->slots || m->n > m->mask) {
		int rc = grow(m);

		if (rc)
			return rc;
	}
	n->hash = hash;
	slot = &m->slots[hash & m->mask];
	n->next = *slot;
	*slot = n;
	m->n++;
	return 0;
}

void hmap_remove(struct hmap *m, struct hnode *n)
{
	struct hnode **p = &m->slots[n->hash & m->mask];

	while (*p != n)
		p = &(*p)->next;
	*p = n->next;
	m->n--;
}

void hmap_free(struct hmap *m)
{
	free(m->slots);
	*m = HMAP_INIT;
}
