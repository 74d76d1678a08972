/* SPDX-License-Identifier: Apache-2.0 */
#include "generate/window.h"

#include <errno.h>
#include <stdlib.h>

#include "datas/hmap.h"

#define NO_SLOT	    UINT16_MAX
#define THREAD_HASH (2 * WINDOW_SIZE)

struct slot {
	struct rec *rec;
	const struct err *err; /* BAD is not 0: what is wrong */
	int bad;
	bool taken;
	bool ends_batch;
	uint16_t next; /* the same thread's next record */
};

/* A thread with records in the window, which can only be taken in their order. */
struct line {
	uint32_t tid;
	uint16_t first, last;
};

struct window {
	struct ahead *ahead;
	struct cblock *batch; /* not given yet from AT on; NULL: none is at hand */
	size_t at;
	size_t head, n; /* ring: first record, and how many */
	int rc;		/* 1: there is more; what ended the file */
	struct err err;
	double progress;
	uint64_t layers; /* events that were passed over */
	struct slot current; /* given past the ring, in which nobody has looked for it yet */
	bool past; /* there is such a one */
	bool lined; /* the lines are those of what is in the window now */
	struct line line[WINDOW_SIZE];
	size_t lines;
	uint16_t by_tid[THREAD_HASH]; /* of lines, while they are made */
	struct slot slot[WINDOW_SIZE];
};

int window_new(struct window **out, struct ahead *ahead)
{
	struct window *w = *out = calloc(1, sizeof(*w));

	if (!w)
		return -ENOMEM;
	w->rc = 1;
	w->ahead = ahead;
	return 0;
}

void window_free(struct window *w)
{
	free(w);
}

static size_t slot_number(const struct window *w, size_t i)
{
	return (w->head + i) % WINDOW_SIZE;
}

static size_t slot_place(const struct window *w, size_t number)
{
	return (number - w->head) % WINDOW_SIZE;
}

/* ---- which record is a thread's next one ---- */

static struct line *line_of(struct window *w, uint32_t tid)
{
	size_t h = hash_u64(tid) % THREAD_HASH;
	struct line *l;

	for (; w->by_tid[h] != NO_SLOT; h = (h + 1) % THREAD_HASH)
		if (w->line[w->by_tid[h]].tid == tid)
			return &w->line[w->by_tid[h]];
	w->by_tid[h] = (uint16_t)w->lines;
	l = &w->line[w->lines++];
	*l = (struct line){tid, NO_SLOT, NO_SLOT};
	return l;
}

static void make_lines(struct window *w)
{
	struct line *l = NULL;
	size_t i;

	if (w->lined)
		return;
	w->lined = true;
	memset(w->by_tid, 0xff, sizeof(w->by_tid));
	w->lines = 0;
	for (i = 0; i < w->n; i++) {
		uint16_t number = (uint16_t)slot_number(w, i);
		struct slot *s = &w->slot[number];

		if (s->taken || s->bad)
			continue;
		if (!l || l->tid != s->rec->tid)
			l = line_of(w, s->rec->tid);
		s->next = NO_SLOT;
		if (l->first == NO_SLOT)
			l->first = number;
		else
			w->slot[l->last].next = number;
		l->last = number;
	}
}

/* ---- the records ---- */

/* The batch that what is to come is in; NULL when the file is over, or the window has all batches. */
static struct cblock *batch_at_hand(struct window *w)
{
	while (!w->batch || w->at == w->batch->n) {
		if (w->rc <= 0)
			return NULL;
		w->batch = ahead_next(w->ahead);
		if (!w->batch)
			return NULL;
		w->at = 0;
		w->rc = w->batch->rc;
		if (w->rc <= 0)
			w->err = w->batch->err;
		w->progress = w->batch->progress;
	}
	return w->batch;
}

/* Takes the next record of the file into S. False: there is none at hand. */
static inline bool take(struct window *w, struct slot *s)
{
	struct cblock *b = batch_at_hand(w);
	struct crecord *r;

	if (!b)
		return false;
	r = &b->record[w->at++];
	s->rec = &r->rec;
	s->bad = r->bad;
	s->err = r->bad ? &b->errors.v[r->why] : NULL;
	s->taken = !r->bad && ops[r->rec.op].flags & OPF_LAYER && r->rec.op != OP_state_thread;
	s->ends_batch = w->at == b->n;
	if (s->ends_batch)
		w->batch = NULL; /* from when this record is dropped on it may be filled again */
	w->layers += s->taken;
	return true;
}

/* Somebody looks for another record than the current one: from here on they are in the ring. */
static void look_ahead(struct window *w)
{
	struct slot s;

	if (w->past) {
		w->slot[w->head] = w->current;
		w->n = 1;
		w->past = w->lined = false;
	}
	if (w->n > WINDOW_SIZE / 2)
		return;
	while (w->n < WINDOW_SIZE && take(w, &s)) {
		if (s.taken && !s.ends_batch)
			continue;
		w->slot[slot_number(w, w->n++)] = s;
		w->lined = false;
	}
}

static inline void drop(struct window *w, const struct slot *s)
{
	if (s->ends_batch)
		ahead_release(w->ahead);
}

/* The next one of the ring that was not taken, or else of the file; NULL: there is none. */
static struct slot *next_slot(struct window *w)
{
	if (w->past)
		drop(w, &w->current);
	w->past = false;
	for (; w->n; w->n--) {
		if (!w->slot[w->head].taken)
			return &w->slot[w->head];
		drop(w, &w->slot[w->head]);
		w->head = (w->head + 1) % WINDOW_SIZE;
	}
	while (take(w, &w->current)) {
		w->past = !w->current.taken;
		if (w->past)
			return &w->current;
		drop(w, &w->current);
	}
	return NULL;
}

int window_next(struct window *w, struct rec **rec, int *bad, struct err *err)
{
	struct slot *s = next_slot(w);

	if (!s) {
		*err = w->err;
		return w->rc;
	}
	*rec = s->rec;
	*bad = s->bad;
	if (*bad)
		*err = *s->err;
	s->taken = true;
	return 1;
}

uint64_t window_layers(const struct window *w)
{
	return w->layers;
}

double window_progress(const struct window *w)
{
	return w->progress;
}

static bool began_before(const struct rec *r, const struct rec *end)
{
	return r->t - r->dur < end->t;
}

/*
 * The first one of line L from place I on that may go before REC. The order inside a thread is certain:
 * only its earliest call left can come first, and what tells of names before that.
 */
static struct slot *find_in_line(struct window *w, struct line *l, const struct rec *rec, size_t i)
{
	uint16_t number;

	while (l->first != NO_SLOT && w->slot[l->first].taken)
		l->first = w->slot[l->first].next;
	for (number = l->first; number != NO_SLOT; number = w->slot[number].next) {
		struct slot *s = &w->slot[number];

		if (s->taken)
			continue;
		if (slot_place(w, number) >= i && began_before(s->rec, rec))
			return s;
		if (s->rec->op != OP_state_path)
			break;
	}
	return NULL;
}

struct rec *window_overlapping(struct window *w, const struct rec *rec, size_t *i)
{
	struct slot *first = NULL, *s;
	size_t k;

	look_ahead(w); /* a capture of one task never asks */
	make_lines(w);
	for (k = 0; k < w->lines; k++) {
		s = w->line[k].tid != rec->tid ? find_in_line(w, &w->line[k], rec, *i) : NULL;
		if (s && (!first || slot_place(w, (size_t)(s - w->slot)) <
					    slot_place(w, (size_t)(first - w->slot))))
			first = s;
	}
	if (!first)
		return NULL;
	*i = slot_place(w, (size_t)(first - w->slot)) + 1;
	return first->rec;
}

const struct rec *window_at(struct window *w, size_t i)
{
	const struct slot *s;

	look_ahead(w);
	s = &w->slot[slot_number(w, i)];
	return i < w->n && !s->taken && !s->bad ? s->rec : NULL;
}

void window_take(struct window *w, const struct rec *rec)
{
	size_t i;

	for (i = 0; i < w->n; i++) {
		struct slot *s = &w->slot[slot_number(w, i)];

		if (s->rec == rec)
			s->taken = true;
	}
}
