/* SPDX-License-Identifier: Apache-2.0 */
#include "replay/timeline.h"

#include <errno.h>
#include <stdlib.h>

#include "utils/clock.h"

/* What the file does not have is not looked at: its memory was never touched. */
static void add_ops(struct tally *t, const struct program *p, const struct thread_result *r)
{
	const struct op_result *o;
	int i;

	for (i = 0; i < OP_COUNT; i++) {
		if (!p->captured[i].count)
			continue;
		o = &r->op[i];
		t->ops += o->latency.count;
		t->errors += o->errors;
		t->diverged += o->diverged;
		if (ops[i].cls == CLS_READ || ops[i].cls == CLS_TRANSFER)
			t->read += o->bytes;
		if (ops[i].cls == CLS_WRITE || ops[i].cls == CLS_TRANSFER)
			t->written += o->bytes;
	}
}

void tally_take(struct tally *t, const struct program *p, const struct thread_result *results)
{
	uint32_t i;

	*t = (struct tally){0};
	for (i = 0; i < program_threads(p); i++) {
		add_ops(t, p, &results[i]);
		t->late_count += results[i].late.count;
		t->late_sum += results[i].late.sum;
		if (p->aio) {
			t->read += results[i].aio[AIO_READ].bytes;
			t->written += results[i].aio[AIO_WRITE].bytes;
		}
	}
}

int timeline_start(struct timeline *t, bool paced)
{
	*t = (struct timeline){.step = NS_PER_SEC};
	if (paced)
		t->late = calloc(3, sizeof(*t->late));
	if ((paced && !t->late) ||
		!vec_grow((void **)&t->moments.v, &t->moments.cap, TIMELINE_MOST, sizeof(*t->moments.v)))
		return -ENOMEM;
	return 0;
}

void timeline_free(struct timeline *t)
{
	vec_free(&t->moments);
	free(t->late);
}

uint64_t timeline_next(const struct timeline *t)
{
	return ((t->moments.n ? t->moments.v[t->moments.n - 1].ns : 0) / t->step + 1) * t->step;
}

/* The latest of all operations since the last moment. */
static uint64_t late_since(struct timeline *t, const struct program *p,
	const struct thread_result *results)
{
	struct hist *all = t->late + 1, *since = t->late + 2;
	uint32_t i;

	*all = (struct hist){0};
	for (i = 0; i < program_threads(p); i++)
		hist_merge(all, &results[i].late);
	*since = *all;
	hist_subtract(since, t->late);
	*t->late = *all;
	return since->max;
}

static void thin_out(struct timeline *t)
{
	size_t i;

	for (i = 0; i < t->moments.n / 2; i++) {
		struct moment *a = &t->moments.v[2 * i], *b = a + 1;

		if (b->late_max < a->late_max)
			b->late_max = a->late_max;
		t->moments.v[i] = *b;
	}
	t->moments.n /= 2;
	t->step *= 2;
}

void timeline_add(struct timeline *t, uint64_t now, const struct program *p,
	const struct thread_result *results)
{
	struct moment *m;

	if (t->moments.n == TIMELINE_MOST)
		thin_out(t);
	m = &t->moments.v[t->moments.n++];
	m->ns = now;
	m->late_max = t->late ? late_since(t, p, results) : 0;
	tally_take(&m->so_far, p, results);
}
