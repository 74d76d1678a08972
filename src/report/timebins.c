/* SPDX-License-Identifier: Apache-2.0 */
#include "report/timebins.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_WIDTH 1000 /* ns */

int timebins_init(struct timebins *t)
{
	t->width = FIRST_WIDTH;
	t->v = calloc(TIMEBINS, sizeof(*t->v));
	return t->v ? 0 : -ENOMEM;
}

static void take_in(struct timebin *into, const struct timebin *from)
{
	into->calls += from->calls;
	into->errors += from->errors;
	into->read += from->read;
	into->written += from->written;
	hist_merge(&into->latency, &from->latency);
}

static void widen(struct timebins *t)
{
	unsigned i;

	for (i = 0; i < TIMEBINS / 2; i++) {
		if (i)
			t->v[i] = t->v[2 * i];
		take_in(&t->v[i], &t->v[2 * i + 1]);
	}
	memset(t->v + TIMEBINS / 2, 0, TIMEBINS / 2 * sizeof(*t->v));
	t->n = (t->n + 1) / 2;
	t->width *= 2;
}

void timebins_add(struct timebins *t, const struct event *ev)
{
	struct timebin *b;

	while (ev->start / t->width >= TIMEBINS)
		widen(t);
	if (ev->start / t->width >= t->n)
		t->n = (unsigned)(ev->start / t->width) + 1;
	b = &t->v[ev->start / t->width];
	b->calls++;
	b->errors += ev->error != 0;
	b->read += ev->read;
	b->written += ev->written;
	hist_add(&b->latency, ev->latency);
}

void timebins_free(struct timebins *t)
{
	free(t->v);
}
