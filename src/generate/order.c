/* SPDX-License-Identifier: Apache-2.0 */
#include "generate/order.h"

#include <errno.h>
#include <stdlib.h>

/* A resource keeps at most so many threads a group; the oldest are forgotten beyond it. */
#define GROUP_MAX 1024
/* What a thread knows is passed on only while it is this small. */
#define KNOWN_MAX 64

struct known {
	struct hnode node;
	struct stamp s; /* this operation, and all before it in its thread, are over */
};

struct order_thread {
	uint64_t last;	  /* label of its latest operation */
	uint64_t learned; /* label of the operation at which 'known' changed last */
	struct hmap known;
	struct stamp begin; /* its first operation waits for this one, unless a fork says as much */
};

void resource_free(struct resource *r)
{
	vec_free(&r->group[0]);
	vec_free(&r->group[1]);
	r->last = (struct stamp){0};
}

struct ordering *order_new(void)
{
	return calloc(1, sizeof(struct ordering));
}

void order_free(struct ordering *o)
{
	size_t i, j;

	if (!o)
		return;
	for (i = 0; i < o->threads.n; i++) {
		struct hnode *n, *tmp;

		hmap_each(&o->threads.v[i].known, n, tmp, j)
			free(hmap_entry(n, struct known, node));
		hmap_free(&o->threads.v[i].known);
	}
	vec_free(&o->threads);
	vec_free(&o->touches);
	vec_free(&o->waits);
	vec_free(&o->deps);
	free(o);
}

uint32_t order_thread(struct ordering *o)
{
	uint32_t id = (uint32_t)o->threads.n;

	if (!vec_push(&o->threads))
		return UINT32_MAX;
	/* What the first thread did while it was alone is not kept by resource. */
	if (id == 1 && o->threads.v[0].last)
		o->first_alone = o->threads.v[0].last;
	o->threads.v[id].begin = (struct stamp){0, o->first_alone};
	return id;
}

uint32_t order_threads(const struct ordering *o)
{
	return (uint32_t)o->threads.n;
}

static struct known *known_find(const struct order_thread *t, uint32_t thread)
{
	struct hnode *n = hmap_first(&t->known, hash_u64(thread));

	return n ? hmap_entry(n, struct known, node) : NULL; /* hash_u64 is a bijection */
}

/* 1 when that was new, 0 when it was known, -ENOMEM. */
static int learn(struct order_thread *t, struct stamp s)
{
	struct known *k = known_find(t, s.thread);

	if (k) {
		if (k->s.label >= s.label)
			return 0;
		k->s.label = s.label;
		return 1;
	}
	k = calloc(1, sizeof(*k));
	if (!k)
		return -ENOMEM;
	k->s = s;
	if (hmap_insert(&t->known, &k->node, hash_u64(s.thread))) {
		free(k);
		return -ENOMEM;
	}
	return 1;
}

/* What FROM knew when its operation LABEL began, as far as that can still be told. */
static int learn_from(struct order_thread *t, uint32_t self, const struct order_thread *from, uint64_t label)
{
	struct hnode *n, *tmp;
	size_t i;

	if (label < from->learned || from->known.n > KNOWN_MAX)
		return 0;
	hmap_each(&from->known, n, tmp, i) {
		struct stamp s = hmap_entry(n, struct known, node)->s;

		if (s.thread != self && learn(t, s) < 0)
			return -ENOMEM;
	}
	return 0;
}

int order_fork(struct ordering *o, uint32_t child, uint32_t parent, uint64_t label)
{
	struct order_thread *c = &o->threads.v[child], *p = &o->threads.v[parent];

	if (learn(c, (struct stamp){parent, label}) < 0)
		return -ENOMEM;
	return learn_from(c, child, p, label);
}

int order_begins(struct ordering *o)
{
	const struct stamp *end = &o->ends[o->ended % ORDER_ENDS];

	return end->label ? order_wait(o, *end) : 0;
}

void order_ends(struct ordering *o, uint32_t thread, uint64_t label)
{
	o->ends[o->ended++ % ORDER_ENDS] = (struct stamp){thread, label};
}

static struct stamp order_last(const struct ordering *o, uint32_t thread)
{
	return (struct stamp){thread, o->threads.v[thread].last};
}

int order_touch_of_several(struct ordering *o, struct resource *r, enum touch how)
{
	struct order_pending *p = vec_push(&o->touches);

	if (!p)
		return -ENOMEM;
	p->res = r;
	p->how = how;
	return 0;
}

int order_wait(struct ordering *o, struct stamp s)
{
	struct stamp *w = s.label ? vec_push(&o->waits) : NULL;

	if (w)
		*w = s;
	return w || !s.label ? 0 : -ENOMEM;
}

int order_wait_all(struct ordering *o)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < o->threads.n && !rc; i++)
		rc = order_wait(o, order_last(o, (uint32_t)i));
	return rc;
}

static int wait_group(struct ordering *o, const stamp_vec *g)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < g->n && !rc; i++)
		rc = order_wait(o, g->v[i]);
	return rc;
}

static int wait_touch(struct ordering *o, const struct order_pending *p)
{
	int rc = order_wait(o, p->res->last);

	if (!rc && p->how != TOUCH_SHARE && p->how != TOUCH_AFTER)
		rc = wait_group(o, &p->res->group[TOUCH_SHARE]);
	if (!rc && p->how != TOUCH_MUTATE && p->how != TOUCH_AFTER)
		rc = wait_group(o, &p->res->group[TOUCH_MUTATE]);
	return rc;
}

static int stamp_group(stamp_vec *g, struct stamp s)
{
	struct stamp *slot;
	size_t i;

	for (i = g->n; i-- > 0;)
		if (g->v[i].thread == s.thread) {
			g->v[i].label = s.label;
			return 0;
		}
	if (g->n >= GROUP_MAX) {
		memmove(g->v, g->v + GROUP_MAX / 2, (g->n - GROUP_MAX / 2) * sizeof(*g->v));
		g->n -= GROUP_MAX / 2;
	}
	slot = vec_push(g);
	if (!slot)
		return -ENOMEM;
	*slot = s;
	return 0;
}

static int stamp_touch(const struct order_pending *p, struct stamp s)
{
	switch (p->how) {
	case TOUCH_SHARE:
	case TOUCH_MUTATE:
		return stamp_group(&p->res->group[p->how], s);
	case TOUCH_EXCLUSIVE:
		p->res->group[TOUCH_SHARE].n = 0;
		p->res->group[TOUCH_MUTATE].n = 0;
		p->res->last = s;
		return 0;
	case TOUCH_LATER:
	case TOUCH_AFTER:
		return 0;
	}
	return 0;
}

static int latest_first(const void *a, const void *b)
{
	uint64_t x = ((const struct stamp *)a)->label, y = ((const struct stamp *)b)->label;

	if (ORDER_LINE(x) != ORDER_LINE(y))
		return ORDER_LINE(x) > ORDER_LINE(y) ? -1 : 1;
	x = ORDER_NTH(x) - 1; /* who saw what others had done knows these, the last of them the others */
	y = ORDER_NTH(y) - 1;
	return x > y ? -1 : x < y;
}

static int reduce(struct ordering *o, uint32_t thread, uint64_t label)
{
	struct order_thread *t = &o->threads.v[thread];
	size_t i;

	if (o->waits.n > 1)
		qsort(o->waits.v, o->waits.n, sizeof(*o->waits.v), latest_first);
	for (i = 0; i < o->waits.n; i++) {
		struct stamp s = o->waits.v[i];
		uint64_t *dep;
		int rc;

		if (s.thread == thread || s.label == label)
			continue;
		rc = learn(t, s);
		if (rc <= 0) {
			if (rc)
				return rc;
			continue;
		}
		t->learned = label;
		if (learn_from(t, thread, &o->threads.v[s.thread], s.label))
			return -ENOMEM;
		dep = vec_push(&o->deps);
		if (!dep)
			return -ENOMEM;
		*dep = ORDER_LINE(s.label);
	}
	return 0;
}

static __attribute__((noinline)) int commit(
	struct ordering *o, uint32_t thread, uint64_t label, const uint64_t **deps, uint32_t *ndeps)
{
	size_t i;
	int rc = 0;

	o->deps.n = 0;
	if (!o->threads.v[thread].last)
		rc = order_wait(o, o->threads.v[thread].begin);
	for (i = 0; i < o->touches.n && !rc; i++)
		rc = wait_touch(o, &o->touches.v[i]);
	if (!rc)
		rc = reduce(o, thread, label);
	for (i = 0; i < o->touches.n && !rc; i++)
		rc = stamp_touch(&o->touches.v[i], (struct stamp){thread, label});
	o->threads.v[thread].last = label;
	order_begin(o);
	*deps = o->deps.v;
	*ndeps = (uint32_t)o->deps.n;
	return rc;
}

int order_commit(struct ordering *o, uint32_t thread, uint64_t label, const uint64_t **deps,
	uint32_t *ndeps)
{
	struct order_thread *t = &o->threads.v[thread];

	if (o->touches.n | o->waits.n || !t->last)
		return commit(o, thread, label, deps, ndeps);
	t->last = label; /* of a thread that is alone */
	*ndeps = 0;
	return 0;
}
