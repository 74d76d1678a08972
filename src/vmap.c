/* SPDX-License-Identifier: Apache-2.0 */
#include "vmap.h"

#include <errno.h>
#include <string.h>

bool vmap_range(uint64_t addr, uint64_t len, uint64_t *start, uint64_t *end)
{
	const uint64_t mask = VMAP_PAGE - 1;

	if (len == 0 || addr >= VMAP_END || len > VMAP_END - addr)
		return false;
	*start = addr & ~mask;
	*end = (addr + len + mask) & ~mask;
	return true;
}

struct vmap *vmap_new(void)
{
	struct vmap *v = calloc(1, sizeof(*v));

	if (v)
		v->refs = 1;
	return v;
}

struct vmap *vmap_copy(const struct vmap *v, const struct vmap_hooks *h)
{
	struct vmap *copy = vmap_new();
	size_t i;

	if (!copy || v->parts.n == 0)
		return copy;
	copy->parts.v = malloc(v->parts.n * sizeof(*v->parts.v));
	if (!copy->parts.v) {
		free(copy);
		return NULL;
	}
	memcpy(copy->parts.v, v->parts.v, v->parts.n * sizeof(*v->parts.v));
	copy->parts.n = copy->parts.cap = v->parts.n;
	for (i = 0; i < v->parts.n; i++)
		h->get(h->user, v->parts.v[i].map);
	return copy;
}

void vmap_put(struct vmap *v, const struct vmap_hooks *h)
{
	size_t i;

	if (!v || --v->refs)
		return;
	for (i = 0; i < v->parts.n; i++)
		h->put(h->user, v->parts.v[i].map);
	vec_free(&v->parts);
	free(v);
}

size_t vmap_find(const struct vmap *v, uint64_t addr)
{
	size_t low = 0, high = v->parts.n, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (v->parts.v[mid].end <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

bool vmap_has(const struct vmap *v, uint64_t start, uint64_t end)
{
	size_t i = v ? vmap_find(v, start) : 0;

	return v && i < v->parts.n && v->parts.v[i].start < end;
}

static struct vmap_part *insert(struct vmap *v, size_t at, struct vmap_part part)
{
	if (!vec_push(&v->parts))
		return NULL;
	memmove(v->parts.v + at + 1, v->parts.v + at, (v->parts.n - 1 - at) * sizeof(part));
	v->parts.v[at] = part;
	return &v->parts.v[at];
}

/* A part that reaches beyond both ends of the range becomes two. */
static int split(struct vmap *v, const struct vmap_hooks *h, size_t at, uint64_t start, uint64_t end)
{
	struct vmap_part rest = v->parts.v[at];

	rest.off += end - rest.start;
	rest.start = end;
	if (!insert(v, at + 1, rest))
		return -ENOMEM;
	v->parts.v[at].end = start;
	h->get(h->user, rest.map);
	return 0;
}

int vmap_cut(struct vmap *v, const struct vmap_hooks *h, uint64_t start, uint64_t end)
{
	size_t i = vmap_find(v, start), last;
	struct vmap_part *p;

	if (i < v->parts.n && v->parts.v[i].start < start) {
		if (v->parts.v[i].end > end)
			return split(v, h, i, start, end);
		v->parts.v[i++].end = start;
	}
	for (last = i; last < v->parts.n && v->parts.v[last].end <= end; last++)
		h->put(h->user, v->parts.v[last].map);
	if (last > i) /* there may be no parts at all, and no memory for them */
		memmove(v->parts.v + i, v->parts.v + last,
			(v->parts.n - last) * sizeof(*v->parts.v));
	v->parts.n -= last - i;
	if (i == v->parts.n)
		return 0;
	p = &v->parts.v[i];
	if (p->start < end) {
		p->off += end - p->start;
		p->start = end;
	}
	return 0;
}

int vmap_cut_older(struct vmap *v, const struct vmap_hooks *h, uint64_t start, uint64_t end,
	bool (*was_there)(const void *map, uint64_t before), uint64_t before)
{
	size_t i = vmap_find(v, start);
	int rc = 0;

	while (!rc && i < v->parts.n && v->parts.v[i].start < end) {
		const struct vmap_part part = v->parts.v[i];
		uint64_t to = part.end < end ? part.end : end;

		if (!was_there(part.map, before)) {
			i++;
			continue;
		}
		rc = vmap_cut(v, h, part.start > start ? part.start : start, to);
		i = vmap_find(v, to);
	}
	return rc;
}

int vmap_set(struct vmap *v, const struct vmap_hooks *h, uint64_t start, uint64_t end, void *map,
	uint64_t off)
{
	int rc = vmap_cut(v, h, start, end);

	if (rc)
		return rc;
	if (!insert(v, vmap_find(v, start),
		    (struct vmap_part){.start = start, .end = end, .off = off, .map = map}))
		return -ENOMEM;
	h->get(h->user, map);
	return 0;
}
