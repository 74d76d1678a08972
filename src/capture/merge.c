/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/merge.h"

#include <stdbool.h>
#include <stdlib.h>

void merge_list_init(struct merge_list *list)
{
	*list = (struct merge_list){.end = &list->first};
}

void merge_list_free(struct merge_list *list)
{
	struct merge_block *block;

	while ((block = list->first)) {
		list->first = block->next;
		free(block);
	}
	merge_list_init(list);
}

/* The blocks of one processor, and where the next record stands. */
struct queue {
	struct merge_list blocks;
	uint32_t at;
	uint64_t t; /* of the record there */
};

/*
 * A heap of the queues that are not empty, the earliest record on top. Equal times keep the order
 * of the queues, so that the result does not depend on when what was read.
 */
struct merge {
	uint64_t last; /* time of the newest record handed over */
	size_t n;      /* in the heap */
	size_t *heap;
	struct queue *queues;
};

struct merge *merge_open(size_t n)
{
	struct merge *m = calloc(1, sizeof(*m));
	size_t i;

	if (!m)
		return NULL;
	m->heap = calloc(n, sizeof(*m->heap));
	m->queues = calloc(n, sizeof(*m->queues));
	if (!m->heap || !m->queues) {
		free(m->heap);
		free(m->queues);
		free(m);
		return NULL;
	}
	for (i = 0; i < n; i++)
		merge_list_init(&m->queues[i].blocks);
	return m;
}

void merge_close(struct merge *m)
{
	size_t i;

	for (i = 0; i < m->n; i++)
		merge_list_free(&m->queues[m->heap[i]].blocks);
	free(m->heap);
	free(m->queues);
	free(m);
}

static struct wire_rec *record_at(const struct queue *q)
{
	return (struct wire_rec *)(q->blocks.first->bytes + q->at);
}

static bool comes_before(const struct merge *m, size_t a, size_t b)
{
	uint64_t ta = m->queues[a].t, tb = m->queues[b].t;

	return ta < tb || (ta == tb && a < b);
}

static void swap(struct merge *m, size_t a, size_t b)
{
	size_t queue = m->heap[a];

	m->heap[a] = m->heap[b];
	m->heap[b] = queue;
}

static void sift_down(struct merge *m)
{
	size_t at = 0, child;

	while ((child = 2 * at + 1) < m->n) {
		if (child + 1 < m->n && comes_before(m, m->heap[child + 1], m->heap[child]))
			child++;
		if (!comes_before(m, m->heap[child], m->heap[at]))
			return;
		swap(m, at, child);
		at = child;
	}
}

static void sift_up(struct merge *m)
{
	size_t at = m->n - 1;

	while (at && comes_before(m, m->heap[at], m->heap[(at - 1) / 2])) {
		swap(m, at, (at - 1) / 2);
		at = (at - 1) / 2;
	}
}

void merge_add(struct merge *m, size_t queue, struct merge_list *list)
{
	struct queue *q = &m->queues[queue];
	bool empty = !q->blocks.first;

	if (!list->first)
		return;
	*q->blocks.end = list->first;
	q->blocks.end = list->end;
	q->blocks.bytes += list->bytes;
	merge_list_init(list);
	if (!empty)
		return;
	q->at = 0;
	q->t = record_at(q)->t;
	m->heap[m->n++] = queue;
	sift_up(m);
}

size_t merge_held(const struct merge *m, size_t queue)
{
	return m->queues[queue].blocks.bytes;
}

/* The record on top is done; *FREED grows when its block is. */
static void advance(struct merge *m, struct queue *q, size_t *freed)
{
	struct merge_block *block = q->blocks.first;

	q->at += record_at(q)->size;
	if (q->at == block->size) {
		q->blocks.first = block->next;
		*freed += sizeof(*block) + block->size;
		q->blocks.bytes -= sizeof(*block) + block->size;
		q->at = 0;
		free(block);
	}
	if (q->blocks.first) {
		q->t = record_at(q)->t;
	} else {
		merge_list_init(&q->blocks);
		m->heap[0] = m->heap[--m->n];
	}
	sift_down(m);
}

/* Times of one processor may differ from those of another by the little that clocks do. */
static uint64_t in_order(struct merge *m, uint64_t t)
{
	if (t > m->last)
		m->last = t;
	return m->last;
}

int merge_to(struct merge *m, uint64_t t, const struct merge_out *out, size_t *freed)
{
	int rc = 0;

	while (!rc && m->n && m->queues[m->heap[0]].t <= t) {
		struct queue *q = &m->queues[m->heap[0]];
		struct wire_rec *rec = record_at(q);

		rec->t = in_order(m, rec->t);
		if (q->at == 0 && q->blocks.first->lost)
			out->lost(out->user, rec->t, q->blocks.first->lost);
		rc = out->rec(out->user, rec);
		advance(m, q, freed);
	}
	return rc;
}
