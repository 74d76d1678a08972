/* SPDX-License-Identifier: Apache-2.0 */
#include "generate/generate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "generate/outside.h"
#include "generate/overlap.h"
#include "generate/window.h"
#include "generate/writing.h"
#include "trace/capture.h"
#include "tree/mounts.h"

struct run {
	const struct generate_request *q;
	struct generate_result *res;
	struct err *err;
	struct model model;
	struct capture_reader *reader;
	struct ahead *ahead;
	struct window *window;
	struct writing *writing;
	struct outside outside;
	struct outfile *out;
	struct buf line;
	uint64_t base; /* time that counts as 0 */
	bool have_base;
};

/* ---- header ---- */

static int write_header(struct run *run)
{
	struct timespec now;
	char id[20];
	struct capture_pair pairs[8];
	struct str start = capture_header(run->reader, "start_wall");
	struct str uid = capture_header(run->reader, "uid");
	size_t n = 0;

	clock_gettime(CLOCK_REALTIME, &now);
	snprintf(id, sizeof(id), "%016llx",
		(unsigned long long)hash_u64((uint64_t)now.tv_sec * 1000000000u +
			(uint64_t)now.tv_nsec));
	pairs[n++] = (struct capture_pair){"name", str_of(run->q->name)};
	pairs[n++] = (struct capture_pair){"layout", run->q->root ? STR("root") : STR("mounts")};
	pairs[n++] = (struct capture_pair){"id", str_of(id)};
	if (uid.s)
		pairs[n++] = (struct capture_pair){"uid", uid};
	if (start.s)
		pairs[n++] = (struct capture_pair){"start_wall", start};
	replay_print_header(&run->line, pairs, n);
	if (!buf_ok(&run->line))
		return err_sys(run->err, ENOMEM, "cannot write the header");
	return outfile_write(run->out, run->line.p, run->line.len, run->err);
}

/* Older captures do not say what is mounted where: what this host has is the best guess. */
static int mounts_of_this_host(struct run *run)
{
	struct arena arena = ARENA_INIT;
	struct mounts table = {0};
	size_t i;
	int rc = mounts_read(&table, &arena, MOUNTS_SELF, run->err);

	for (i = 0; i < table.n && !rc; i++)
		if (!table.v[i].hidden)
			rc = names_mount(&run->model.names, str_of(table.v[i].point),
				fs_is_pseudo(table.v[i].fstype));
	arena_free(&arena);
	return rc;
}

/* ---- lines ---- */

/* The line is one of the replay; the model has another one for the next. */
static int keep_line(struct run *run)
{
	return writing_keep(run->writing, &run->model.out, run->err);
}

/* The second line of a record stands behind the first one, and waits for nothing else. */
static void end_more(struct run *run)
{
	const struct rline *first = run->model.out;
	struct rline *more = &run->model.more;

	more->entry = first->entry;
	more->dur = 0;
	more->thread = first->thread;
	more->process = first->process;
	more->ndeps = 0;
	run->res->operations++;
}

static int emit(struct run *run, const struct rec *r)
{
	struct model *m = &run->model;
	struct rline *l = m->out;
	uint64_t entry = r->t - r->dur, label = r->line;
	bool others = r->tid == OUTSIDE_TASK;
	int rc;

	if (!run->have_base) {
		run->base = entry;
		run->have_base = true;
	}
	l->entry = entry > run->base ? entry - run->base : 0;
	if (others)
		label = ORDER_LABEL(r->line, ++run->outside.made);
	rc = m->child ? order_begins(m->order) : 0;
	if (!rc)
		rc = order_commit(m->order, l->thread, label, &l->deps, &l->ndeps);
	if (!rc && m->ended)
		order_ends(m->order, l->thread, label);
	if (!rc && m->child)
		rc = order_fork(m->order, m->child->id, l->thread, r->line);
	if (rc)
		return err_sys(run->err, -rc, "cannot order line %llu",
			(unsigned long long)r->line);
	if (others)
		run->res->outside += !(ops[r->op].flags & OPF_STATE);
	else
		run->res->operations++;
	run->res->edges += l->ndeps;
	if (m->has_more)
		end_more(run);
	rc = keep_line(run);
	if (rc || !m->has_more)
		return rc;
	*m->out = m->more;
	return keep_line(run);
}

/* What model_apply() said, carried out. */
static int finish(struct run *run, const struct rec *r, int left)
{
	int rc = 0;

	if (left < 0)
		return err_sys(run->err, -left, "cannot model line %llu",
			(unsigned long long)r->line);
	if (left == LEFT_NONE) {
		run->res->left_out[LEFT_AIO_PART] += run->model.parts;
		rc = emit(run, r);
	} else if (left < LEFT_COUNT) {
		run->res->left_out[left]++;
	}
	model_done(&run->model);
	return rc;
}

/* What names were before the call C: backends in the kernel tell that just before its record. */
static int tell_names(struct run *run, const struct rec *c)
{
	const struct rec *s;
	size_t i;
	int left;

	for (i = 0; i < WINDOW_SIZE && (s = window_at(run->window, i)) != c; i++) {
		if (!s || s->tid != c->tid || s->op != OP_state_path)
			continue;
		left = model_apply(&run->model, s);
		model_done(&run->model);
		if (left < 0)
			return err_sys(run->err, -left, "cannot model line %llu",
				(unsigned long long)s->line);
		window_take(run->window, s);
	}
	return 0;
}

/* Applies a record of the window that overlaps the current one. 1 when it was consistent. */
static int apply_ahead(struct run *run, const struct rec *c)
{
	int rc = tell_names(run, c), left;

	if (rc)
		return rc;
	left = model_apply(&run->model, c);
	if (left == LEFT_CONFLICT) {
		model_done(&run->model);
		return 0;
	}
	rc = finish(run, c, left);
	window_take(run->window, c);
	run->res->reordered++;
	return rc ? rc : 1;
}

static bool mended(struct run *run, const struct rec *change, const struct rec *r, size_t at)
{
	const struct rec *between;
	size_t i;

	for (i = 0; i < at; i++) {
		between = window_at(run->window, i);
		if (between && overlap_mends(change, between, r))
			return true;
	}
	return false;
}

/*
 * Calls that overlapped R, returned later, and found what R is about to take away: they go first.
 * But none of the thread whose call CURRENT is not applied yet.
 */
static int let_pass(struct run *run, const struct rec *r, const struct rec *current)
{
	struct rec *c;
	size_t i = 0;
	int rc = 0;

	if (run->model.vfd.tasks.n < 2 || !overlap_changes(r))
		return 0;
	while (rc >= 0 && (c = window_overlapping(run->window, r, &i)))
		if (c->tid != current->tid && overlap_spoils(&run->model, r, c) &&
			!mended(run, r, c, i - 1))
			rc = apply_ahead(run, c);
	return rc < 0 ? rc : 0;
}

/*
 * R contradicts the model. A call that overlapped it and was seen to return later may have taken
 * effect before: such a one goes first. 1 when one did.
 */
static int put_first(struct run *run, const struct rec *r, const struct surprise *why)
{
	struct rec *c;
	size_t i = 0;
	int rc = 0;

	while (rc == 0 && (c = window_overlapping(run->window, r, &i))) {
		if (!overlap_may_help(&run->model, r, c) &&
			!(why->name.len && overlap_changes_name(c, why->name)))
			continue;
		rc = let_pass(run, c, r);
		if (!rc)
			rc = apply_ahead(run, c);
	}
	return rc;
}

/*
 * No captured call explains why R contradicts the model: what others must have done goes first. 1 when
 * that may help.
 */
static int let_others(struct run *run, const struct rec *r, const struct surprise *why)
{
	struct outside *o = &run->outside;
	int rc = outside_plan(o, &run->model, run->window, r, why), left;
	unsigned i;

	for (i = 0; i < o->n && rc > 0; i++) {
		struct rec *c = &o->todo[i];

		rc = let_pass(run, c, r);
		if (rc)
			return rc;
		c->t = r->t - r->dur; /* just before R, and it takes no time */
		c->dur = 0;
		left = model_apply(&run->model, c);
		rc = left <= 0 ? finish(run, c, left) : 0;
		model_done(&run->model);
		rc = rc ? rc : left == LEFT_NONE;
	}
	return rc;
}

/* The same again: what was made up for it did not help. */
static bool repeated(const struct surprise *a, const struct surprise *b)
{
	return a->what == b->what && a->dir == b->dir && a->node == b->node && a->size == b->size &&
	       str_eq(a->name, b->name);
}

/* R uses a descriptor that an overlapping call has opened, which returned later. */
static int let_open(struct run *run, const struct rec *r)
{
	struct rec *c;
	size_t i = 0;
	int rc = 0;

	while (rc == 0 && (c = window_overlapping(run->window, r, &i)))
		if (overlap_opens(&run->model, r, c))
			rc = apply_ahead(run, c);
	return rc < 0 ? rc : 0;
}

/* R contradicts the model: others go first until it does not any more, or until nothing helps. */
static int apply_contradicting(struct run *run, const struct rec *r)
{
	int left = LEFT_CONFLICT, rc, steps = 0;
	uint64_t reused = run->model.reused, reordered;
	struct surprise why, before = {0};
	bool again;

	do {
		why = run->model.surprise.what ? run->model.surprise : (struct surprise){0};
		model_done(&run->model);
		reordered = run->res->reordered;
		rc = put_first(run, r, &why);
		if (!rc && reordered == run->res->reordered) {
			if (steps++ < OUTSIDE_STEPS && !repeated(&why, &before))
				rc = let_others(run, r, &why);
			before = why;
		}
		again = rc > 0 || (rc == 0 && reordered != run->res->reordered);
		if (again)
			left = model_apply(&run->model, r);
	} while (again && left == LEFT_CONFLICT);
	if (again)
		return finish(run, r, left);
	if (rc < 0)
		return rc;
	run->model.force = true;
	left = model_apply(&run->model, r);
	run->model.force = false;
	run->res->forced += run->model.reused == reused;
	return finish(run, r, left == LEFT_CONFLICT ? LEFT_NONE : left);
}

static int let_others_first(struct run *run, const struct rec *r)
{
	int rc = let_open(run, r);

	return rc ? rc : let_pass(run, r, r);
}

static int apply(struct run *run, const struct rec *r)
{
	int left, rc = run->model.vfd.tasks.n < 2 ? 0 : let_others_first(run, r);

	if (rc)
		return rc;
	left = model_apply(&run->model, r);
	return left == LEFT_CONFLICT ? apply_contradicting(run, r) : finish(run, r, left);
}

/* That the thread's process has not in use, and that hardly any call is about to use. */
static int64_t free_number(const struct run *run, const struct rec *r)
{
	const struct task *t = vfd_task(&run->model.vfd, r->tid);
	int64_t fd = 1000;

	while (t && vfd_get(t, fd))
		fd++;
	return fd;
}

/*
 * A map that was there before: its file is opened, mapped and closed. When there is nothing to open, the
 * mmap tells why it is left out.
 */
static int apply_map(struct run *run, const struct rec *r)
{
	struct rec map = *r, end = *r;
	int rc, left;

	map.arg[op_arg_index(OP_mmap, A_FD)] = end.arg[0] = (uint64_t)free_number(run, r);
	rc = apply(run, &map);
	map.op = OP_mmap;
	map.has_ret = true;
	map.ret = (int64_t)r->arg[0];
	map.path = STR_NONE;
	map.facts = (struct facts){0};
	map.arg[0] = 0;
	rc = rc ? rc : apply(run, &map);
	if (rc)
		return rc;
	end.op = OP_close;
	end.has_ret = true;
	end.ret = 0;
	left = model_apply(&run->model, &end);
	return finish(run, &end, left <= LEFT_NONE ? left : LEFT_STATE);
}

static void note_malformed(struct generate_result *res, const struct err *why)
{
	if (res->left_out[LEFT_MALFORMED]++ == 0)
		snprintf(res->malformed, sizeof(res->malformed), "%s", why->text);
}

static void note_unknown(struct generate_result *res, const struct rec *r)
{
	struct unknown_op *u = res->unknown;
	char name[sizeof(u->name)], *c;

	snprintf(name, sizeof(name), "%.*s", (int)r->path.len, r->path.s);
	for (c = name; *c; c++)
		if (*c < ' ' || *c > '~') /* it goes to a terminal */
			*c = '?';
	res->left_out[LEFT_UNKNOWN_OP]++;
	while (u < res->unknown + res->unknowns && strcmp(u->name, name) != 0)
		u++;
	if (u == res->unknown + UNKNOWN_OPS)
		return;
	if (u == res->unknown + res->unknowns) {
		memcpy(u->name, name, sizeof(name));
		u->line = r->line;
		res->unknowns++;
	}
	u->count++;
}

static int all_records(struct run *run)
{
	struct err bad_err = {0};
	struct rec *r;
	int rc, bad;

	while ((rc = window_next(run->window, &r, &bad, &bad_err)) > 0) {
		if (run->q->progress && run->res->records % 4096 == 0)
			run->q->progress(run->q->user, window_progress(run->window),
				run->res->records);
		run->res->records++;
		if (bad == -EINVAL)
			note_malformed(run->res, &bad_err);
		else if (bad)
			note_unknown(run->res, r);
		if (bad)
			continue;
		if (model_apply_in_place(&run->model, r))
			rc = emit(run, r);
		else
			rc = r->op == OP_state_map ? apply_map(run, r) : apply(run, r);
		if (rc)
			return rc;
	}
	if (rc)
		*run->err = bad_err;
	return rc;
}

static enum faults faults_of(struct str word)
{
	return str_eqs(word, "pagemap") ? FAULTS_PAGEMAP : str_eqs(word, "events") ? FAULTS_EVENTS : FAULTS_NONE;
}

static int open_all(struct run *run)
{
	int rc = capture_open(&run->reader, run->q->capture, run->err);

	if (rc)
		return rc;
	if (capture_header(run->reader, "only").len || capture_header(run->reader, "filter").len)
		return err_set(run->err, EINVAL,
			"%s: only some calls were recorded (-E, -F): a replay would not find what the others did; "
			"-a analyses it", run->q->capture);
	if (capture_header(run->reader, "files").s)
		return err_set(run->err, EINVAL, "%s: only some files were recorded (--file), and the last of what was "
			"done to them; -a analyses it", run->q->capture);
	if (model_init(&run->model, run->q->name, run->q->root,
		    capture_header(run->reader, "arch")) ||
		writing_new(&run->writing) ||
		ahead_new(&run->ahead, run->reader,
			&(struct ahead_hooks){model_uring_plain, writing_done, run->writing}) ||
		window_new(&run->window, run->ahead))
		return err_sys(run->err, ENOMEM, "cannot start");
	run->model.out = writing_first(run->writing);
	run->model.window = run->window;
	run->model.faults = faults_of(capture_header(run->reader, "faults"));
	/* these tell of no mounts */
	if (capture_version(run->reader) < 5 || str_eqs(capture_header(run->reader, "backend"), "strace"))
		rc = mounts_of_this_host(run);
	if (!rc)
		rc = outfile_open(&run->out, run->q->replay, OUTFILE_WHOLE, run->err);
	if (rc)
		return rc;
	writing_begin(run->writing, run->out, run->ahead);
	return write_header(run);
}

static void sum_up(struct run *run)
{
	run->res->left_out[LEFT_LAYER] = window_layers(run->window);
	run->res->processes = run->model.vfd.next_process - (run->outside.made > 0);
	run->res->threads = order_threads(run->model.order) - (run->outside.made > 0);
	run->res->appeared = run->model.appeared;
	run->res->reused = run->model.reused;
	run->res->granted = run->model.granted;
	run->res->unsure = run->model.unsure;
	run->res->maps = run->model.maps;
	run->res->faults = run->model.faults;
	run->res->lost = run->model.captured_lost;
	run->res->cut = capture_cut(run->reader) ||
		(capture_version(run->reader) >= 5 && !run->model.end_seen);
}

int generate(const struct generate_request *q, struct generate_result *res, struct err *err)
{
	struct run run = {.q = q, .res = res, .err = err};
	int rc;

	memset(res, 0, sizeof(*res));
	rc = open_all(&run);
	if (!rc)
		rc = all_records(&run);
	if (!rc)
		rc = writing_settle(run.writing, err);
	if (!rc && model_aio_settle(&run.model))
		rc = err_sys(err, ENOMEM, "cannot end");
	ahead_free(run.ahead); /* with the last record, which the model looked at until now */
	if (!rc)
		rc = init_section_write(&run.model, run.out, &res->init, err);
	if (!rc) {
		sum_up(&run);
		rc = outfile_commit(run.out, err);
	} else if (run.out) {
		outfile_abort(run.out);
	}
	if (run.model.order)
		model_free(&run.model);
	outside_free(&run.outside);
	window_free(run.window);
	writing_free(run.writing);
	if (run.reader)
		capture_close(run.reader);
	buf_free(&run.line);
	return rc;
}
