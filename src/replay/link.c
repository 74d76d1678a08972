/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>

#include "replay/dispatch.h"
#include "replay/program.h"

/*
 * Deals the operations to the real threads in file order. Labels become (real thread, number of
 * the operation in it); what the order inside one thread guarantees anyway is dropped.
 */

#define WAITED_MAX (1u << 24) /* entries of the table of waits: 64 MiB */

struct linker {
	struct program *p;
	struct filing *f;
	const struct analysis *a;
	enum order order;
	uint32_t *thread_of, *seq_of; /* by index; NULL: there is one thread only */
	uint32_t *waited;	      /* [thread * threads + other]: seq + 1 waited for already */
	uint8_t *begun;		      /* by virtual thread: has had its first operation */
	struct xdep *deps;
	uint32_t ndeps, deps_cap;
	int64_t *open_now; /* by worker: descriptors */
	uint8_t *has_cwd;  /* by context */
	uint32_t *ended_in; /* by context: threads */
	size_t submit_waits; /* of struct ring_plan, done with */
	uint64_t *ended; /* PACE_BEFORE, by virtual thread: end of its last operation, as captured */
	uint32_t *worker_of;
	uint32_t *aio_user; /* by AIO context: real thread + 1 */
	uint32_t aio_cutter; /* thread that cuts files, the same; 0 = none does */
};

static bool push_dep(struct linker *l, struct xdep dep)
{
	uint32_t i;

	for (i = 0; i < l->ndeps; i++)
		if (l->deps[i].thread == dep.thread) {
			if (l->deps[i].seq < dep.seq)
				l->deps[i].seq = dep.seq;
			return true;
		}
	if (l->ndeps == l->deps_cap) {
		uint32_t cap = l->deps_cap ? 2 * l->deps_cap : 16;
		struct xdep *v = realloc(l->deps, cap * sizeof(*v));

		if (!v)
			return false;
		l->deps = v;
		l->deps_cap = cap;
	}
	l->deps[l->ndeps++] = dep;
	return true;
}

static bool add_dep(struct linker *l, uint32_t real, uint64_t on)
{
	struct xdep dep = {l->thread_of[on], l->seq_of[on]};
	uint32_t *waited = l->waited ? &l->waited[(size_t)real * l->p->layout.threads + dep.thread] : NULL;

	if (dep.thread == real || (waited && *waited > dep.seq))
		return true;
	if (waited)
		*waited = dep.seq + 1;
	return push_dep(l, dep);
}

/* For what the call submits; calls come in the order of their numbers. */
static bool add_submit_waits(struct linker *l, uint64_t index, uint32_t real)
{
	const struct ring_plan *r = &l->p->rings;
	bool ok = true;

	for (; l->submit_waits < r->waits.n && ok; l->submit_waits++) {
		const struct submit_wait *wait = &r->waits.v[l->submit_waits];

		if (r->calls.v[wait->call].index > index)
			break;
		if (l->order == ORDER_RESOURCE)
			ok = add_dep(l, real, wait->on);
	}
	return ok;
}

/* Where the arguments of a submission are, for the call that submits it. */
static void note_submission(struct linker *l, const struct filed *f, uint32_t real)
{
	const struct xwriter *w = &l->p->streams[real];
	struct xop x;
	struct submission *s;

	filed_decode(f, &x);
	s = &l->p->rings.all.v[x.sqe.number];
	s->real = real;
	s->context = l->p->context_of[f->thread] - 1;
	s->body = w->out.len - f->body_len;
	s->wide = f->meta & META_WIDE;
}

static bool collect_deps(struct linker *l, const struct filed *f, uint64_t index, uint32_t real)
{
	const uint8_t *p = f->deps;
	uint64_t on;
	uint32_t i;
	bool ok = true;

	l->ndeps = 0;
	if (l->p->layout.threads == 1)
		return true;
	if (l->order == ORDER_RESOURCE)
		for (i = 0; i < f->ndeps && ok; i++)
			if (filing_find(l->f, f->label - (uint64_t)svar_get(&p), index, &on, NULL) == 0)
				ok = add_dep(l, real, on);
	if (f->op == OP_io_uring_enter)
		ok = ok && add_submit_waits(l, index, real);
	if (l->order == ORDER_STRICT && index)
		ok = ok && add_dep(l, real, index - 1);
	if (!l->begun[f->thread] && l->a->begun_by[f->thread])
		ok = ok && add_dep(l, real, l->a->begun_by[f->thread] - 1);
	l->begun[f->thread] = 1;
	return ok;
}

static int opens(int item)
{
	return item == VITEM_PAIR ? 1 : item == VITEM_FD ? -1 : 0;
}

static void count_cwd(struct linker *l, uint32_t context, int64_t *now)
{
	*now += !l->has_cwd[context];
	l->has_cwd[context] = 1;
}

/* The current directories that contexts remember. */
static void count_cwds(struct linker *l, const struct filed *f, const struct xop *x, int64_t *now)
{
	const struct program *p = l->p;
	uint32_t own = p->context_of[f->thread] - 1, child;

	if (xop_sets_cwd(x, f->ret))
		count_cwd(l, own, now);
	if (ops[f->op].flags & OPF_FORK && x->new_thread != UINT32_MAX) {
		child = p->context_of[x->new_thread] - 1;
		if (child != own && p->inherits_cwd[child])
			count_cwd(l, child, now);
	}
	if (op_ends_thread(f->op) && ++l->ended_in[own] == p->context_ends[own] && l->has_cwd[own]) {
		l->has_cwd[own] = 0;
		(*now)--;
	}
}

static void count_open(struct linker *l, const struct filed *f, uint32_t real)
{
	int64_t *now = &l->open_now[l->worker_of[real]];
	struct xop x;
	const uint8_t *p;
	uint32_t i;

	if (!(ops[f->op].flags & (OPF_NEWFD | OPF_LIST | OPF_FORK)) && f->op != OP_close && !op_sets_cwd(f->op))
		return;
	filed_decode(f, &x);
	count_cwds(l, f, &x, now);
	*now += x.newfd != VFD_NONE;
	*now += f->op == OP_io_uring_setup; /* the ring itself */
	*now -= f->op == OP_close && f->ret == 0;
	for (i = 0, p = x.list; i < x.nlist; i++)
		*now += opens(list_next(&p).kind);
	if (*now > (int64_t)l->p->files_max)
		l->p->files_max = (uint64_t)*now;
}

/* How long the thread did something else before this operation, as captured. */
static uint64_t take_gap(struct linker *l, const struct filed *f)
{
	uint64_t gap, end = f->entry + f->dur;
	struct xop x;

	if (!l->ended || ops[f->op].flags & OPF_STATE) /* has no time of its own */
		return 0;
	gap = pace_gap(l->ended[f->thread], f->entry);
	if (end > l->ended[f->thread])
		l->ended[f->thread] = end;
	if (ops[f->op].flags & OPF_FORK) {
		filed_decode(f, &x);
		if (x.new_thread != UINT32_MAX)
			l->ended[x.new_thread] = end;
	}
	return gap;
}

/* Two threads that wait in one context take each other's events. */
static void note_aio(struct linker *l, const struct filed *f, uint32_t real)
{
	struct xop x;
	uint32_t *user;
	int i;

	if (!op_has(f->op, A_CTX))
		return;
	filed_decode(f, &x);
	i = op_arg_index(f->op, A_CTX);
	if ((uint32_t)x.arg[i] == CTX_NONE)
		return;
	user = &l->aio_user[(uint32_t)x.arg[i]];
	if (*user && *user != real + 1)
		l->p->aio_shared[(uint32_t)x.arg[i]] = 1;
	*user = real + 1;
}

/* Whoever cuts a file takes the events of all contexts. */
#define MANY UINT32_MAX
static void note_cut(struct linker *l, const struct filed *f, uint32_t real)
{
	struct xop x;

	if (!l->p->aio || l->aio_cutter == MANY)
		return;
	filed_decode(f, &x);
	if (aio_is_cut(&x))
		l->aio_cutter = l->aio_cutter && l->aio_cutter != real + 1 ? MANY : real + 1;
}

static void share_with_cutter(struct linker *l)
{
	uint32_t i;

	for (i = 0; l->aio_cutter && i < l->p->aio; i++)
		if (l->aio_user[i] != l->aio_cutter)
			l->p->aio_shared[i] = 1;
}

static bool is_awaited(const struct linker *l, uint64_t index)
{
	return l->p->layout.threads > 1 && l->f->awaited[index / 8] >> index % 8 & 1;
}

/* ---- stretches ---- */

static bool any_awaited(const struct filing *f, const struct stretch *s)
{
	uint64_t i = s->index, end = i + s->n;

	while (i < end)
		if (i % 8 == 0 && end - i >= 8 && !f->awaited[i / 8])
			i += 8;
		else if (f->awaited[i / 8] >> i % 8 & 1)
			return true;
		else
			i++;
	return false;
}

/* Can it be moved as it is? A cut of a file is asked for where there is AIO. */
static bool moves_whole(const struct linker *l, const struct stretch *s)
{
	return s && !l->p->aio && (l->p->layout.threads == 1 || !any_awaited(l->f, s));
}

/*
 * One that is most of its chunk stays where it is, and the stream has the chunk. Submissions are found by their
 * place in a stream, which has one piece where there are any.
 */
static bool stays(const struct linker *l, const struct stretch *s, const struct filed_chunk *c)
{
	return !l->p->rings.max && c->data.len && s->bytes >= c->data.len - c->data.len / 8;
}

static bool link_stretch(struct linker *l, const struct stretch *s, struct filing_walk *at, struct filed *f)
{
	uint32_t real = l->a->threads[f->thread].real, i;
	struct xwriter *w = &l->p->streams[real];
	int64_t *now = &l->open_now[l->worker_of[real]];
	const uint8_t *bytes = filing_take_stretch(at, f);

	if (!stays(l, s, at->chunk))
		xop_put_filed(w, bytes, s->bytes, s->n);
	else if (xop_put_piece(w, &at->chunk->data, bytes, s->bytes, s->n))
		return false;
	for (i = 0; l->thread_of && i < s->n; i++) {
		l->thread_of[s->index + i] = real;
		l->seq_of[s->index + i] = l->p->thread_ops[real] + i;
	}
	l->p->thread_ops[real] += s->n;
	if (*now + s->opened_most > (int64_t)l->p->files_max)
		l->p->files_max = (uint64_t)(*now + s->opened_most);
	*now += s->opened;
	return true;
}

/* Chunks in front of the one at hand are done with, and make room for the streams. */
static void free_done(struct filing *f, const struct filing_walk *at)
{
	while (f->first != at->chunk) {
		struct filed_chunk *done = f->first;

		f->first = done->next;
		buf_free(&done->data);
		free(done);
	}
}

static bool link_all(struct linker *l)
{
	struct program *p = l->p;
	struct filing_walk at = FILING_WALK(l->f);
	struct filed f = FILED_START(l->f->written.timed);

	for (;;) {
		const struct stretch *stretch = filing_stretch(&at);
		uint32_t real;

		if (moves_whole(l, stretch)) {
			free_done(l->f, &at);
			if (!link_stretch(l, stretch, &at, &f))
				return false;
			continue;
		}
		if (!filing_next(&at, &f))
			break;
		free_done(l->f, &at);
		real = l->a->threads[f.thread].real;
		if (!collect_deps(l, &f, at.index, real))
			return false;
		if (l->thread_of) {
			l->thread_of[at.index] = real;
			l->seq_of[at.index] = p->thread_ops[real];
		}
		p->thread_ops[real]++;
		if (l->ndeps || !xop_put_next(&p->streams[real], &f, at.index, p->context_of[f.thread] - 1,
					is_awaited(l, at.index)))
			xop_put(&p->streams[real], &f, at.index, p->context_of[f.thread] - 1,
				take_gap(l, &f), is_awaited(l, at.index), l->deps, l->ndeps);
		if (!l->f->rows[f.op].plain) {
			if (op_is_submission(f.op))
				note_submission(l, &f, real);
			count_open(l, &f, real);
			note_aio(l, &f, real);
		}
		note_cut(l, &f, real);
	}
	share_with_cutter(l);
	return true;
}

/* What a thread of the start does before its first operation counts from the first one of all. */
static bool prepare_gaps(struct linker *l)
{
	uint32_t i, n = l->f->max_thread;

	l->ended = malloc(((size_t)n + 1) * sizeof(*l->ended));
	for (i = 0; l->ended && i < n; i++)
		l->ended[i] = l->p->first_entry;
	return l->ended;
}

static bool prepare(struct linker *l, enum pace_kind pace)
{
	struct program *p = l->p;
	uint32_t n = p->layout.threads, w, i;

	p->streams = calloc((size_t)n + 1, sizeof(*p->streams));
	p->thread_ops = calloc((size_t)n + 1, sizeof(*p->thread_ops));
	if (n > 1) {
		l->thread_of = malloc((l->f->n + 1) * sizeof(*l->thread_of));
		l->seq_of = malloc((l->f->n + 1) * sizeof(*l->seq_of));
	}
	l->begun = calloc((size_t)l->f->max_thread + 1, 1);
	l->open_now = calloc((size_t)p->layout.workers + 1, sizeof(*l->open_now));
	l->has_cwd = calloc((size_t)p->contexts + 1, sizeof(*l->has_cwd));
	l->ended_in = calloc((size_t)p->contexts + 1, sizeof(*l->ended_in));
	l->worker_of = calloc((size_t)n + 1, sizeof(*l->worker_of));
	l->aio_user = calloc((size_t)p->aio + 1, sizeof(*l->aio_user));
	p->aio_shared = calloc((size_t)p->aio + 1, 1);
	if ((uint64_t)n * n <= WAITED_MAX)
		l->waited = calloc((size_t)n * n + 1, sizeof(*l->waited));
	if (!p->streams || !p->thread_ops || (n > 1 && (!l->thread_of || !l->seq_of)) || !l->begun ||
		!l->open_now || !l->has_cwd || !l->ended_in || !l->worker_of || !l->aio_user || !p->aio_shared ||
		(pace == PACE_BEFORE && !prepare_gaps(l)))
		return false;
	for (i = 0; i < n; i++)
		p->streams[i] = XWRITER_INIT(pace, p->first_entry);
	for (w = 0; w < p->layout.workers; w++)
		for (i = p->layout.first_thread[w]; i < p->layout.first_thread[w + 1]; i++)
			l->worker_of[i] = w;
	return true;
}

static bool all_written(const struct program *p)
{
	uint32_t i;

	for (i = 0; i < p->layout.threads; i++)
		if (!buf_ok(&p->streams[i].out))
			return false;
	return true;
}

int link_streams(struct program *p, struct filing *f, const struct analysis *a, enum order order,
	enum pace_kind pace, struct err *err)
{
	struct linker l = {.p = p, .f = f, .a = a, .order = order};
	bool ok = prepare(&l, pace) && link_all(&l) && all_written(p);

	free(l.thread_of);
	free(l.seq_of);
	free(l.waited);
	free(l.begun);
	free(l.deps);
	free(l.open_now);
	free(l.has_cwd);
	free(l.ended_in);
	free(l.ended);
	free(l.worker_of);
	free(l.aio_user);
	return ok ? 0 : err_sys(err, ENOMEM, "cannot load the replay");
}
