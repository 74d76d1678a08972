/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_DATAS_HMAP_H
#define IORIOT_DATAS_HMAP_H

#include <stddef.h>
#include <stdint.h>

#include "utils/str.h"

/*
 * Intrusive hash map: a user's struct holds a struct hnode and is found by a 64-bit hash plus the
 * user's own comparison, or by an exact 64-bit key. Open chains, doubled at load 1; no allocation
 * per element. Removing does not shrink it. Not locked: one thread, or the caller's lock.
 */
struct hnode {
	struct hnode *next;
	uint64_t hash;
};

struct hmap {
	struct hnode **slots;
	size_t mask; /* number of slots - 1; 0 while empty */
	size_t n;
};

#define HMAP_INIT ((struct hmap){0})

uint64_t hash_bytes(const void *p, size_t len, uint64_t seed);

/* Bijective mix of a 64-bit key (Stafford's variant 13 of the MurmurHash3 finaliser). */
static inline uint64_t hash_u64(uint64_t x)
{
	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9u;
	x ^= x >> 27;
	x *= 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

/* 0, or -ENOMEM with the map unchanged. The node must not be in a map already. */
int hmap_insert(struct hmap *m, struct hnode *n, uint64_t hash);
void hmap_remove(struct hmap *m, struct hnode *n);
void hmap_free(struct hmap *m); /* the table only, never the elements */

static inline struct hnode *hmap_first(const struct hmap *m, uint64_t hash)
{
	struct hnode *n = m->slots ? m->slots[hash & m->mask] : NULL;

	while (n && n->hash != hash)
		n = n->next;
	return n;
}

static inline struct hnode *hmap_next(const struct hnode *n)
{
	uint64_t hash = n->hash;

	do
		n = n->next;
	while (n && n->hash != hash);
	return (struct hnode *)n;
}

#define hmap_entry(node, type, member)                                                             \
	((type *)(void *)((char *)(node)-offsetof(type, member)))

/* Visits every node; the body may remove or free the one it holds. */
#define hmap_each(m, node, tmp, i)                                                                 \
	for ((i) = 0; (m)->slots && (i) <= (m)->mask; (i)++)                                       \
		for ((node) = (m)->slots[i]; (node) && ((tmp) = (node)->next, 1); (node) = (tmp))

#endif
