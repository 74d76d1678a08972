/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_VMAP_H
#define IORIOT_VMAP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>

#include "datas/buf.h"

/*
 * The memory maps of files in one address space: which addresses show which part of which map. What
 * a map is belongs to the user of this room, who counts its references; each part holds one. Memory
 * that shows no file is not kept. Bounds of all ranges are multiples of VMAP_PAGE.
 */
#define VMAP_PAGE 4096u
#define VMAP_END  ((uint64_t)1 << 63) /* no user address is above */

/* Flags of mmap(2): what is written into the map is written into its file. */
static inline bool vmap_is_shared(uint64_t flags)
{
	const uint64_t types = 0xf, shared_validate = 3; /* MAP_TYPE, MAP_SHARED_VALIDATE: not in all headers */

	return (flags & types) == MAP_SHARED || (flags & types) == shared_validate;
}

struct vmap_part {
	uint64_t start, end;
	uint64_t off; /* of its start, from the beginning of the map */
	void *map;
};

struct vmap {
	uint32_t refs; /* processes that share it (CLONE_VM) */
	VEC(struct vmap_part) parts; /* ascending, apart */
};

struct vmap_hooks {
	void *user;
	void (*get)(void *user, void *map);
	void (*put)(void *user, void *map);
};

/* [*START, *END) of so many bytes from an address, widened to whole pages. False: no such range. */
bool vmap_range(uint64_t addr, uint64_t len, uint64_t *start, uint64_t *end);

struct vmap *vmap_new(void); /* one reference; NULL: memory is out */
struct vmap *vmap_copy(const struct vmap *v, const struct vmap_hooks *h);
void vmap_put(struct vmap *v, const struct vmap_hooks *h); /* V may be NULL */

/* Index of the first part that ends above ADDR, parts.n: there is none. */
size_t vmap_find(const struct vmap *v, uint64_t addr);
/* Whether anything is in [START, END). V may be NULL. */
bool vmap_has(const struct vmap *v, uint64_t start, uint64_t end);

/* Nothing is in [START, END) any more. 0 or -ENOMEM. */
int vmap_cut(struct vmap *v, const struct vmap_hooks *h, uint64_t start, uint64_t end);

/*
 * The same of the maps that were there BEFORE a call began which is over now; WAS_THERE says so. What another
 * thread has got there meanwhile, as soon as the kernel was done with the call, stays.
 */
int vmap_cut_older(struct vmap *v, const struct vmap_hooks *h, uint64_t start, uint64_t end,
	bool (*was_there)(const void *map, uint64_t before), uint64_t before);

/* [START, END) shows MAP from its OFF on, and nothing else. 0 or -ENOMEM. */
int vmap_set(struct vmap *v, const struct vmap_hooks *h, uint64_t start, uint64_t end, void *map,
	uint64_t off);

#endif
