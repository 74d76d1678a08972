/* SPDX-License-Identifier: Apache-2.0 */
#include "replay/layout.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int sets_fit(struct sets *s, uint32_t n)
{
	uint64_t twice = 2 * (uint64_t)s->cap;
	uint32_t cap = n > twice ? n : twice < UINT32_MAX ? (uint32_t)twice : UINT32_MAX, *v;

	if (n > s->cap) {
		v = realloc(s->parent, (size_t)cap * sizeof(*v));
		if (!v)
			return -ENOMEM;
		s->parent = v;
		s->cap = cap;
	}
	for (; s->n < n; s->n++)
		s->parent[s->n] = s->n;
	return 0;
}

void sets_free(struct sets *s)
{
	free(s->parent);
	*s = (struct sets){0};
}

uint32_t sets_find(struct sets *s, uint32_t x)
{
	while (s->parent[x] != x) {
		s->parent[x] = s->parent[s->parent[x]];
		x = s->parent[x];
	}
	return x;
}

/* The lower number becomes the set's: process trees grow downwards, so paths stay short. */
void sets_join(struct sets *s, uint32_t a, uint32_t b)
{
	a = sets_find(s, a);
	b = sets_find(s, b);
	if (a < b)
		s->parent[b] = a;
	else
		s->parent[a] = b;
}

/* Something to be dealt: a set of processes, or a virtual thread. */
struct portion {
	uint64_t ops;
	uint32_t id;
	uint32_t to;
};

static int by_ops_descending(const void *va, const void *vb)
{
	const struct portion *a = va, *b = vb;

	if (a->ops != b->ops)
		return a->ops < b->ops ? 1 : -1;
	return a->id < b->id ? -1 : a->id > b->id;
}

/* The bin with the least load at the root of a heap: many threads times many bins stay cheap. */
struct bin {
	uint64_t load;
	uint32_t id;
};

static void sink(struct bin *heap, uint32_t n)
{
	struct bin moved = heap[0];
	uint32_t at = 0, child;

	for (;;) {
		child = 2 * at + 1;
		if (child >= n)
			break;
		if (child + 1 < n && (heap[child + 1].load < heap[child].load ||
					     (heap[child + 1].load == heap[child].load &&
						     heap[child + 1].id < heap[child].id)))
			child++;
		if (moved.load < heap[child].load ||
			(moved.load == heap[child].load && moved.id < heap[child].id))
			break;
		heap[at] = heap[child];
		at = child;
	}
	heap[at] = moved;
}

/* Returns how many bins got something, or -ENOMEM. */
static int64_t deal(struct portion *v, size_t n, uint32_t max)
{
	struct bin *heap;
	uint32_t bins = n < max ? (uint32_t)n : max, i;
	size_t k;

	if (n == 0)
		return 0;
	heap = calloc(bins, sizeof(*heap));
	if (!heap)
		return -ENOMEM;
	for (i = 0; i < bins; i++)
		heap[i].id = i;
	qsort(v, n, sizeof(*v), by_ops_descending);
	for (k = 0; k < n; k++) {
		v[k].to = heap[0].id;
		heap[0].load += v[k].ops ? v[k].ops : 1;
		sink(heap, bins);
	}
	free(heap);
	return bins;
}

/* Sets of processes to workers: worker[set] for each set that has operations. */
static int64_t deal_sets(struct sets *processes, const struct vthread *v, size_t n, uint32_t max,
	uint32_t *worker)
{
	struct portion *portions = calloc((size_t)processes->n + 1, sizeof(*portions));
	size_t used = 0, i;
	int64_t workers;

	if (!portions)
		return -ENOMEM;
	for (i = 0; i < processes->n; i++)
		portions[i].id = (uint32_t)i;
	for (i = 0; i < n; i++)
		if (v[i].ops)
			portions[sets_find(processes, v[i].process)].ops += v[i].ops;
	for (i = 0; i < processes->n; i++)
		if (portions[i].ops)
			portions[used++] = portions[i];
	workers = deal(portions, used, max);
	for (i = 0; i < used; i++)
		worker[portions[i].id] = portions[i].to;
	free(portions);
	return workers;
}

/* Places the virtual threads of one worker; FIRST is the number of its first real thread. */
static int64_t deal_threads(struct vthread *v, struct portion *portions, size_t n, uint32_t max,
	uint32_t first)
{
	int64_t threads = deal(portions, n, max);
	size_t i;

	for (i = 0; i < n; i++)
		v[portions[i].id].real = first + portions[i].to;
	return threads;
}

/* PORTIONS is room for all virtual threads; they are sorted into it worker by worker. */
static int deal_workers(struct layout *layout, struct sets *processes, struct vthread *v, size_t n,
	uint32_t max_threads, const uint32_t *worker, struct portion *portions)
{
	size_t *start = calloc((size_t)layout->workers + 2, sizeof(*start)), i;
	uint32_t w;
	int64_t threads = 0;

	if (!start)
		return -ENOMEM;
	for (i = 0; i < n; i++)
		if (v[i].ops)
			start[worker[sets_find(processes, v[i].process)] + 2]++;
	for (w = 2; w <= layout->workers; w++)
		start[w] += start[w - 1];
	for (i = 0; i < n; i++)
		if (v[i].ops)
			portions[start[worker[sets_find(processes, v[i].process)] + 1]++] =
				(struct portion){v[i].ops, (uint32_t)i, 0};
	for (w = 0; w < layout->workers && threads >= 0; w++) {
		layout->first_thread[w] = layout->threads;
		threads = deal_threads(v, portions + start[w], start[w + 1] - start[w], max_threads,
			layout->threads);
		layout->threads += threads > 0 ? (uint32_t)threads : 0;
	}
	layout->first_thread[layout->workers] = layout->threads;
	free(start);
	return threads < 0 ? -ENOMEM : 0;
}

int layout_make(struct layout *layout, struct sets *processes, struct vthread *v, size_t n,
	uint32_t max_workers, uint32_t max_threads)
{
	uint32_t *worker = calloc((size_t)processes->n + 1, sizeof(*worker));
	struct portion *portions = calloc(n + 1, sizeof(*portions));
	int64_t workers = -ENOMEM;
	size_t i;
	int rc = -ENOMEM;

	*layout = (struct layout){0};
	for (i = 0; i < n; i++)
		v[i].real = UINT32_MAX;
	if (worker && portions)
		workers = deal_sets(processes, v, n, max_workers, worker);
	if (workers >= 0) {
		layout->workers = (uint32_t)workers;
		layout->first_thread = calloc((size_t)workers + 1, sizeof(*layout->first_thread));
	}
	if (layout->first_thread)
		rc = deal_workers(layout, processes, v, n, max_threads, worker, portions);
	free(worker);
	free(portions);
	return rc;
}

void layout_free(struct layout *layout)
{
	free(layout->first_thread);
	layout->first_thread = NULL;
}
