/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>

#include "events/events_parts.h"

/*
 * How files are gone through: each transfer is compared with the one before it. The one before a request of a ring
 * was submitted before it, and may be over behind it: each place has a list of its last requests, in their order.
 */

#define LATE_MOST 256 /* a request that comes so many others late finds its place, at least */

struct request_at {
	uint64_t began, number, offset, end;
	struct standing *standing;
};

struct requests {
	uint64_t end; /* of what was before them */
	bool used;
	VEC(struct request_at) list;
};

struct standing *standing_keep(struct standing *s)
{
	s->refs++;
	return s;
}

void standing_drop(struct standing *s)
{
	if (--s->refs == 0)
		free(s);
}

static void settle(struct requests *q, size_t n)
{
	size_t i;

	if (n == 0)
		return;
	for (i = 0; i < n; i++) {
		q->list.v[i].standing->settled = true;
		standing_drop(q->list.v[i].standing);
	}
	q->end = q->list.v[n - 1].end;
	q->used = true;
	q->list.n -= n;
	memmove(q->list.v, q->list.v + n, q->list.n * sizeof(*q->list.v));
}

void place_clear(struct place *place)
{
	if (place->requests) {
		settle(place->requests, place->requests->list.n);
		vec_free(&place->requests->list);
		free(place->requests);
	}
	*place = (struct place){0};
}

void place_note(struct place *place, uint64_t offset, uint64_t moved, bool *follows, bool *sequential)
{
	if (!place)
		return;
	if (place->requests)
		settle(place->requests, place->requests->list.n);
	*follows = place->used;
	*sequential = place->used && place->end == offset;
	place->used = true;
	place->end = offset + moved;
}

static void judge(const struct requests *q, size_t i)
{
	const struct request_at *at = &q->list.v[i];

	at->standing->follows = i || q->used;
	at->standing->sequential = at->standing->follows && at->offset == (i ? at[-1].end : q->end);
}

static bool is_before(const struct request_at *a, const struct request_at *b)
{
	return a->began != b->began ? a->began < b->began : a->number < b->number;
}

/* Where it belongs, in AT. 0 or -ENOMEM. */
static int insert(struct requests *q, const struct request_at *new, size_t *at)
{
	size_t i = q->list.n;

	if (!vec_push(&q->list))
		return -ENOMEM;
	for (; i && is_before(new, &q->list.v[i - 1]); i--)
		q->list.v[i] = q->list.v[i - 1];
	q->list.v[i] = *new;
	*at = i;
	return 0;
}

static struct requests *requests_of(struct place *place)
{
	struct requests *q = place->requests;

	if (!q)
		q = place->requests = calloc(1, sizeof(*q));
	if (q && !q->list.n) {
		q->end = place->end;
		q->used = place->used;
	}
	return q;
}

int place_note_request(struct place *place, uint64_t number, uint64_t moved, struct event *ev)
{
	struct request_at new = {ev->start, number, (uint64_t)ev->offset, (uint64_t)ev->offset + moved, NULL};
	struct requests *q;
	size_t i;

	if (!place)
		return 0;
	q = requests_of(place);
	new.standing = calloc(1, sizeof(*new.standing));
	if (!q || !new.standing || insert(q, &new, &i)) {
		free(new.standing);
		return -ENOMEM;
	}
	new.standing->refs = 1;
	judge(q, i);
	if (i + 1 < q->list.n)
		judge(q, i + 1);
	ev->standing = new.standing;
	ev->follows = new.standing->follows;
	ev->sequential = new.standing->sequential;
	place->used = true;
	place->end = q->list.v[q->list.n - 1].end;
	if (q->list.n > 2 * LATE_MOST)
		settle(q, LATE_MOST);
	return 0;
}
