/* SPDX-License-Identifier: Apache-2.0 */
#include "vsize.h"

#include <errno.h>
#include <stdlib.h>

struct chunk {
	struct hnode node;
	uint64_t index;
	uint64_t bits[VSIZE_CHUNK_PAGES / 64];
};

void vsize_free(struct vsize *v)
{
	struct hnode *n, *tmp;
	size_t i;

	hmap_each(&v->chunks, n, tmp, i)
		free(hmap_entry(n, struct chunk, node));
	hmap_free(&v->chunks);
	free(v->extents);
	*v = (struct vsize){0};
}

int vsize_at_start(struct vsize *v, uint64_t size, const uint64_t *extents, uint32_t n,
	bool has_extents)
{
	v->size = v->start = v->original = size;
	v->certain = true;
	if (!has_extents)
		return 0;
	v->extents = malloc(n ? n * sizeof(*extents) : 1);
	if (!v->extents)
		return -ENOMEM;
	if (n)
		memcpy(v->extents, extents, n * sizeof(*extents));
	v->nextents = n & ~1u;
	return 0;
}

static struct chunk *chunk_find(const struct vsize *v, uint64_t index)
{
	struct hnode *n;

	for (n = hmap_first(&v->chunks, hash_u64(index)); n; n = hmap_next(n))
		if (hmap_entry(n, struct chunk, node)->index == index)
			return hmap_entry(n, struct chunk, node);
	return NULL;
}

static struct chunk *chunk_get(struct vsize *v, uint64_t index)
{
	struct chunk *c = chunk_find(v, index);

	if (c)
		return c;
	c = calloc(1, sizeof(*c));
	if (!c)
		return NULL;
	c->index = index;
	if (hmap_insert(&v->chunks, &c->node, hash_u64(index))) {
		free(c);
		return NULL;
	}
	return c;
}

static void bits_set(uint64_t *bits, unsigned from, unsigned to) /* [from, to) */
{
	while (from < to) {
		unsigned n = 64 - from % 64;
		uint64_t mask;

		if (n > to - from)
			n = to - from;
		mask = n == 64 ? UINT64_MAX : ((UINT64_C(1) << n) - 1);
		bits[from / 64] |= mask << (from % 64);
		from += n;
	}
}

static int mark(struct vsize *v, uint64_t off, uint64_t n)
{
	uint64_t end, page, last;

	if (n == 0)
		return 0;
	n += off % VSIZE_PAGE; /* a page that is written in part is read first */
	off -= off % VSIZE_PAGE;
	if (off >= v->original)
		return 0;
	end = n > v->original - off ? v->original : off + n;
	page = off / VSIZE_PAGE;
	last = (end - 1) / VSIZE_PAGE;
	if (page < 64) {
		bits_set(&v->small, (unsigned)page, last < 63 ? (unsigned)last + 1 : 64);
		page = 64;
	}
	while (page <= last) {
		uint64_t index = page / VSIZE_CHUNK_PAGES;
		unsigned from = (unsigned)(page % VSIZE_CHUNK_PAGES);
		uint64_t left = last - page + 1;
		unsigned to = left > VSIZE_CHUNK_PAGES - from ? VSIZE_CHUNK_PAGES
							       : from + (unsigned)left;
		struct chunk *c = chunk_get(v, index);

		if (!c)
			return -ENOMEM;
		bits_set(c->bits, from, to);
		page += to - from;
	}
	return 0;
}

int vsize_read(struct vsize *v, uint64_t off, uint64_t n)
{
	if (!v->certain && n && off + n > v->size) {
		/* Nobody in the capture wrote these bytes, so they were there at the start. */
		if (v->original == v->start)
			v->start = v->original = off + n;
		v->size = off + n;
	}
	return mark(v, off, n);
}

int vsize_write(struct vsize *v, uint64_t off, uint64_t n)
{
	int rc = mark(v, off, n);

	if (n && off + n > v->size)
		v->size = off + n;
	return rc;
}

void vsize_grown(struct vsize *v, uint64_t size)
{
	if (v->original == v->start)
		v->start = v->original = size;
	v->size = size;
}

void vsize_truncate(struct vsize *v, uint64_t size)
{
	v->size = size;
	if (size < v->original)
		v->original = size;
	if (v->start == 0)
		v->certain = true;
}

/* Adds [from, to) clipped to the data extents of the start, joined to the range before. */
static int emit(const struct vsize *v, u64_vec *out, uint64_t from, uint64_t to, uint32_t *ext)
{
	while (from < to) {
		uint64_t a = from, b = to, *p;

		if (v->extents) {
			while (*ext < v->nextents && v->extents[*ext] + v->extents[*ext + 1] <= from)
				*ext += 2;
			if (*ext >= v->nextents || v->extents[*ext] >= to)
				return 0;
			if (v->extents[*ext] > a)
				a = v->extents[*ext];
			if (v->extents[*ext] + v->extents[*ext + 1] < b)
				b = v->extents[*ext] + v->extents[*ext + 1];
		}
		if (out->n >= 2 && out->v[out->n - 2] + out->v[out->n - 1] == a) {
			out->v[out->n - 1] += b - a;
		} else {
			p = vec_push(out);
			if (!p)
				return -ENOMEM;
			*p = a;
			p = vec_push(out);
			if (!p)
				return -ENOMEM;
			*p = b - a;
		}
		from = b;
	}
	return 0;
}

static int emit_bits(const struct vsize *v, u64_vec *out, const uint64_t *bits, unsigned nbits,
	uint64_t first_page, uint32_t *ext)
{
	unsigned i = 0;

	while (i < nbits) {
		uint64_t from, to;
		unsigned start;
		int rc;

		if (bits[i / 64] >> (i % 64) == 0) { /* nothing more in this word */
			i = (i / 64 + 1) * 64;
			continue;
		}
		if (!(bits[i / 64] >> (i % 64) & 1)) {
			i++;
			continue;
		}
		start = i;
		while (i < nbits && bits[i / 64] >> (i % 64) & 1)
			i++;
		from = (first_page + start) * VSIZE_PAGE;
		to = (first_page + i) * VSIZE_PAGE;
		if (to > v->start)
			to = v->start;
		rc = emit(v, out, from, to, ext);
		if (rc)
			return rc;
	}
	return 0;
}

static int by_index(const void *a, const void *b)
{
	const struct chunk *const *x = a, *const *y = b;

	return (*x)->index < (*y)->index ? -1 : (*x)->index > (*y)->index;
}

int vsize_ranges(const struct vsize *v, u64_vec *out)
{
	struct chunk **sorted = NULL;
	struct hnode *n, *tmp;
	size_t i, count = 0;
	uint32_t ext = 0;
	int rc = emit_bits(v, out, &v->small, 64, 0, &ext);

	if (rc || v->chunks.n == 0)
		return rc;
	sorted = malloc(v->chunks.n * sizeof(*sorted));
	if (!sorted)
		return -ENOMEM;
	hmap_each(&v->chunks, n, tmp, i)
		sorted[count++] = hmap_entry(n, struct chunk, node);
	qsort(sorted, count, sizeof(*sorted), by_index);
	for (i = 0; i < count && !rc; i++)
		rc = emit_bits(v, out, sorted[i]->bits, VSIZE_CHUNK_PAGES,
			sorted[i]->index * VSIZE_CHUNK_PAGES, &ext);
	free(sorted);
	return rc;
}
