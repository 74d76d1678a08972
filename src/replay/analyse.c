/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>

#include "ops/aio.h"
#include "replay/program.h"

/*
 * What the whole file says before its operations can be dealt to threads: which virtual processes
 * need the same real one, because they share an open file description or a directory.
 */

/* A fork whose child might need the directory of its parent: contexts, and their processes. */
struct birth {
	uint32_t parent, child;
	uint32_t parent_process, child_process;
	bool parent_knows; /* the parent had set a directory of its own before */
};

struct walk {
	struct analysis *a;
	struct filing *f;
	struct ring_plan *rings;
	uint32_t *lock_owner, *aio_owner, *ring_owner, *map_owner; /* process + 1, 0 = not seen yet */
	uint32_t *context_of;		  /* by thread: context + 1, 0 = none yet */
	uint32_t *first_context; /* by process, likewise: of threads that no fork tells of */
	uint32_t contexts;
	uint32_t *context_ends; /* by context, see struct program */
	uint8_t *has_cwd;   /* by context: set by an operation of its own */
	uint8_t *wants_cwd; /* by context: needs the one it began with */
	VEC(struct birth) births;
};

static void owned_by(struct walk *w, uint32_t *owner, uint64_t id, uint32_t process)
{
	if (id >= VFD_CWD)
		return;
	if (owner[id] == 0)
		owner[id] = process + 1;
	else if (owner[id] != process + 1)
		sets_join(&w->a->processes, owner[id] - 1, process);
}

/* Who uses the same map needs the same memory. */
static void use_maps(struct walk *w, const struct xop *x, uint32_t process)
{
	const uint8_t *p = x->vec;
	struct xpart part;
	uint32_t i;

	for (i = 0; i + 2 < x->nvec; i += 3) {
		part = part_next(&p);
		owned_by(w, w->map_owner, part.map, process);
	}
}

static void use_odd(struct walk *w, const struct xop *x, uint32_t process)
{
	int i = op_arg_index(x->op, A_CTX);

	if (i >= 0)
		owned_by(w, w->aio_owner, x->arg[i], process);
	if (op_has(x->op, A_ADDR))
		use_maps(w, x, process);
	owned_by(w, w->map_owner, x->newmap, process);
	owned_by(w, w->lock_owner, x->lock, process);
	i = op_arg_index(x->op, A_RING);
	if (i >= 0 || op_is_submission(x->op))
		owned_by(w, w->ring_owner, i >= 0 ? x->arg[i] : x->sqe.ring, process);
}

static void use_list(struct walk *w, const struct xop *x, uint32_t process)
{
	const uint8_t *p = x->list;
	uint32_t i;

	for (i = 0; i < x->nlist; i++) {
		struct vlist_item item = list_next(&p);

		if (item.kind == VITEM_LOCK) {
			owned_by(w, w->lock_owner, item.a, process);
			continue;
		}
		if (item.kind == VITEM_CTX) {
			owned_by(w, w->aio_owner, item.a, process);
			continue;
		}
		if (item.kind == VITEM_RING) {
			if (item.a < w->rings->max) /* of a ring that nobody uses there is none */
				owned_by(w, w->ring_owner, item.a, process);
			continue;
		}
		if (item.kind == VITEM_MAP) {
			owned_by(w, w->map_owner, item.a, process);
			continue;
		}
		if (item.kind == VITEM_PAIR && ops[x->op].flags & OPF_FORK && x->new_process != UINT32_MAX)
			sets_join(&w->a->processes, process, x->new_process);
	}
}

static uint32_t context_of(struct walk *w, const struct filed *f)
{
	uint32_t *own = &w->context_of[f->thread], *first = &w->first_context[f->process];

	if (!*own) {
		if (!*first)
			*first = ++w->contexts;
		*own = *first;
	}
	return *own - 1;
}

static bool shares_fs(const struct xop *x)
{
	int flags = op_arg_index(x->op, A_CLONEFLAGS);

	if (flags < 0)
		flags = op_arg_index(x->op, A_CLARGS);
	return flags >= 0 && x->arg[flags] & CLONE_FS;
}

/* The context of a new thread; a thread that was there already keeps its own. */
static uint32_t begin_context(struct walk *w, const struct xop *x, const struct filed *f)
{
	uint32_t *own = &w->context_of[x->new_thread];

	if (!*own)
		*own = shares_fs(x) ? context_of(w, f) + 1 : ++w->contexts;
	if (!w->first_context[x->new_process])
		w->first_context[x->new_process] = *own;
	return *own - 1;
}

static void want_cwd(struct walk *w, uint32_t context, bool looks)
{
	if (looks && !w->has_cwd[context])
		w->wants_cwd[context] = 1;
}

static int note_cwd(struct walk *w, const struct xop *x, const struct filed *f)
{
	uint32_t own = context_of(w, f), child;
	struct birth *b;

	want_cwd(w, own, looks_at_cwd(x->op, x->arg, x->path, x->path2));
	if (xop_sets_cwd(x, f->ret))
		w->has_cwd[own] = 1;
	if (op_ends_thread(x->op)) {
		w->a->threads[f->thread].ends = true;
		w->context_ends[own]++;
	}
	if (!(ops[x->op].flags & OPF_FORK) || x->new_process == UINT32_MAX ||
		x->new_thread == UINT32_MAX)
		return 0;
	child = begin_context(w, x, f);
	if (child == own) {
		sets_join(&w->a->processes, f->process, x->new_process);
		return 0;
	}
	b = vec_push(&w->births);
	if (!b)
		return -ENOMEM;
	*b = (struct birth){own, child, f->process, x->new_process, w->has_cwd[own]};
	return 0;
}

static inline void note_thread(struct walk *w, const struct filed *f)
{
	struct vthread *t = &w->a->threads[f->thread];

	if (t->ops++ == 0)
		t->process = f->process;
	else if (t->process != f->process)
		sets_join(&w->a->processes, t->process, f->process);
	if (!op_is_submission(f->op))
		t->calls = true;
}

static void note_fork(struct walk *w, const struct xop *x, uint64_t index)
{
	if (!(ops[x->op].flags & OPF_FORK) || x->new_thread == UINT32_MAX)
		return;
	if (w->a->threads[x->new_thread].ops == 0 && w->a->begun_by[x->new_thread] == 0)
		w->a->begun_by[x->new_thread] = index + 1;
}

static void await(struct filing *f, uint64_t index)
{
	f->awaited[index / 8] |= (uint8_t)(1 << index % 8);
}

static int note_deps(struct walk *w, const struct filed *f, uint64_t index, enum order order,
	struct err *err)
{
	const uint8_t *p = f->deps;
	uint64_t found;
	uint32_t i;
	int rc;

	for (i = 0; i < f->ndeps; i++) {
		rc = filing_find(w->f, f->label - (uint64_t)svar_get(&p), index, &found, err);
		if (rc)
			return rc;
		if (order == ORDER_RESOURCE)
			await(w->f, found);
	}
	if (order == ORDER_STRICT && index)
		await(w->f, index - 1);
	if (w->a->threads[f->thread].ops == 0 && w->a->begun_by[f->thread])
		await(w->f, w->a->begun_by[f->thread] - 1);
	return 0;
}

/* What the line of a submission waits for, the call that submits it must wait for. */
static int note_submission(struct walk *w, const struct filed *f, const struct xop *x,
	uint64_t index, struct err *err)
{
	const uint8_t *p = f->deps;
	uint64_t found;
	uint32_t i;
	int rc;

	if (w->a->threads[f->thread].calls)
		rings_follows(w->rings, x->sqe.number);
	for (i = 0; i < f->ndeps; i++) {
		rc = filing_find(w->f, f->label - (uint64_t)svar_get(&p), index, &found, err);
		if (rc)
			return rc;
		if (rings_wait(w->rings, x->sqe.number, found))
			return err_sys(err, ENOMEM, "cannot load the replay");
	}
	return 0;
}

/* F is of its task, of which there was an operation. */
static void walk_stretch(struct walk *w, const struct stretch *s, const struct filed *f)
{
	struct vthread *t = &w->a->threads[f->thread];

	t->ops += s->n;
	t->calls = true;
	want_cwd(w, context_of(w, f), s->cwd);
}

static int walk_all(struct walk *w, const char *file, enum order order, struct err *err)
{
	struct filing_walk at = FILING_WALK(w->f);
	struct filed f = FILED_START(w->f->written.timed);
	struct xop x = {0};
	int rc;

	for (;;) {
		const struct stretch *stretch = filing_stretch(&at);

		if (stretch) {
			filing_take_stretch(&at, &f);
			walk_stretch(w, stretch, &f);
			continue;
		}
		if (!filing_next(&at, &f))
			return 0;
		rc = note_deps(w, &f, at.index, order, err);
		if (rc)
			return err_prefix(err, "%s:%llu", file, (unsigned long long)at.index + 2);
		if (w->f->rows[f.op].plain) {
			note_thread(w, &f);
			context_of(w, &f);
			continue;
		}
		filed_decode(&f, &x);
		if (op_is_submission(f.op) && note_submission(w, &f, &x, at.index, err))
			return err_prefix(err, "%s:%llu", file, (unsigned long long)at.index + 2);
		note_thread(w, &f);
		note_fork(w, &x, at.index);
		if (w->f->rows[f.op].odd)
			use_odd(w, &x, f.process);
		use_list(w, &x, f.process);
		if (note_cwd(w, &x, &f))
			return err_sys(err, ENOMEM, "cannot load the replay");
	}
}

/* Children before their parents, so that a grandchild's wish reaches whoever has the directory. */
static void inherit_cwds(struct walk *w, struct program *p)
{
	size_t i;

	for (i = w->births.n; i-- > 0;) {
		const struct birth *b = &w->births.v[i];

		if (!w->wants_cwd[b->child])
			continue;
		p->inherits_cwd[b->child] = 1;
		sets_join(&w->a->processes, b->parent_process, b->child_process);
		if (!b->parent_knows)
			w->wants_cwd[b->parent] = 1;
	}
}

/* A thread that the capture does not see end keeps its directory. */
static void keep_contexts(struct walk *w, uint32_t threads)
{
	uint32_t i;

	for (i = 0; i < threads; i++)
		if (w->context_of[i] && !w->a->threads[i].ends)
			w->context_ends[w->context_of[i] - 1] = 0;
}

int analyse(struct analysis *a, struct filing *f, struct program *p, enum order order,
	struct err *err)
{
	struct walk w = {.a = a, .f = f, .rings = &p->rings};
	size_t contexts = (size_t)f->max_thread + f->max_process + 1; /* at most */
	int rc = sets_fit(&f->places.processes, f->max_process);

	a->processes = f->places.processes;
	f->places.processes = (struct sets){0};
	a->threads = calloc((size_t)f->max_thread + 1, sizeof(*a->threads));
	a->begun_by = calloc((size_t)f->max_thread + 1, sizeof(*a->begun_by));
	f->awaited = calloc(f->n / 8 + 1, 1);
	p->inherits_cwd = calloc(contexts, 1);
	p->context_ends = w.context_ends = calloc(contexts, sizeof(*p->context_ends));
	p->context_of = w.context_of = calloc((size_t)f->max_thread + 1, sizeof(*p->context_of));
	w.first_context = calloc((size_t)f->max_process + 1, sizeof(*w.first_context));
	w.lock_owner = calloc((size_t)f->max_lock + 1, sizeof(*w.lock_owner));
	w.aio_owner = calloc((size_t)f->max_aio + 1, sizeof(*w.aio_owner));
	w.ring_owner = calloc((size_t)p->rings.max + 1, sizeof(*w.ring_owner));
	w.map_owner = calloc((size_t)f->max_map + 1, sizeof(*w.map_owner));
	w.has_cwd = calloc(contexts, 1);
	w.wants_cwd = calloc(contexts, 1);
	if (rc || !a->threads || !a->begun_by || !f->awaited || !p->inherits_cwd ||
		!p->context_ends || !p->context_of || !w.first_context || !w.lock_owner || !w.aio_owner ||
		!w.ring_owner || !w.map_owner || !w.has_cwd ||
		!w.wants_cwd)
		rc = err_sys(err, ENOMEM, "cannot load the replay");
	if (rc == 0)
		rc = walk_all(&w, p->file, order, err);
	if (rc == 0 && rings_batches(&p->rings))
		rc = err_sys(err, ENOMEM, "cannot load the replay");
	if (rc == 0) {
		inherit_cwds(&w, p);
		keep_contexts(&w, f->max_thread);
	}
	p->contexts = w.contexts;
	free(w.first_context);
	free(w.lock_owner);
	free(w.aio_owner);
	free(w.ring_owner);
	free(w.map_owner);
	free(w.has_cwd);
	free(w.wants_cwd);
	vec_free(&w.births);
	return rc;
}

void analysis_free(struct analysis *a)
{
	sets_free(&a->processes);
	free(a->threads);
	free(a->begun_by);
}
