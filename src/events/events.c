/* SPDX-License-Identifier: Apache-2.0 */
#include "events/events.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "ops/uring.h"
#include "events/events_parts.h"

/* ---- names ---- */

/* Takes "." and ".." out of the absolute path in B, as it stands there: links are not followed. */
static void clean(struct buf *b)
{
	size_t in = 0, out = 0;

	while (in < b->len) {
		size_t start, len;

		while (in < b->len && b->p[in] == '/')
			in++;
		for (start = in; in < b->len && b->p[in] != '/'; in++)
			;
		len = in - start;
		if (len == 0 || (len == 1 && b->p[start] == '.'))
			continue;
		if (len == 2 && b->p[start] == '.' && b->p[start + 1] == '.') {
			while (out && b->p[--out] != '/')
				;
			continue;
		}
		b->p[out++] = '/';
		memmove(b->p + out, b->p + start, len);
		out += len;
	}
	b->len = out ? out : 1;
}

static struct str resolve(struct buf *b, struct str base, struct str path)
{
	if (!path.s)
		return STR_NONE;
	b->len = 0;
	if (path.len == 0 || path.s[0] != '/') {
		if (base.len == 0 || base.s[0] != '/')
			return path;
		buf_str(b, base);
		if (path.len)
			buf_char(b, '/');
	}
	buf_str(b, path);
	if (!buf_ok(b))
		return path;
	clean(b);
	return buf_as_str(b);
}

/* The directory that the relative name at DIRFD, or without one the working directory, starts from. */
static struct str base_of(const struct task *task, const struct rec *r, int dirfd)
{
	const struct descriptor *d;
	int64_t fd = dirfd >= 0 ? (int64_t)r->arg[dirfd] : AT_FDCWD;

	if ((int32_t)fd == AT_FDCWD)
		return object_path(task->fs->cwd);
	d = vfd_get(task, (int32_t)fd);
	return d ? object_path(d->desc->node) : STR_NONE;
}

/* ---- what a call was on ---- */

/* What an argument is: a descriptor, or a file that is registered with a ring. */
struct target {
	struct object *object;
	struct descriptor *d;
	struct place *place;
};

static bool is_slot(const struct rec *r, int arg)
{
	bool other = r->op == OP_uring_splice && ops[r->op].arg[arg] == A_FD;

	return op_has(r->op, A_SQE) && r->sqe.flags & (other ? URING_SPLICE_IN_FIXED : URING_FIXED_FILE);
}

static struct target slot_target(const struct events *e, const struct rec *r, uint64_t number, struct event *ev)
{
	struct slot *s = host_slot(e, r->sqe.ring, number);

	ev->direct = s && s->direct;
	return s ? (struct target){s->object, NULL, &s->place} : (struct target){0};
}

static struct target target_of(const struct events *e, const struct task *t, const struct rec *r, struct event *ev,
	int arg)
{
	bool closes = r->op == OP_close || r->op == OP_uring_close;
	const struct displaced *other;
	struct descriptor *d;

	if (closes_slot(r) || is_slot(r, arg))
		return slot_target(e, r, closes_slot(r) ? r->sqe.slot : r->arg[arg], ev);
	ev->fd = (int32_t)r->arg[arg];
	other = closes ? vfd_displaced(t, ev->fd, r->t - r->dur) : NULL;
	d = other ? other->d : vfd_get(t, ev->fd);
	ev->direct = d && d->desc->flags & O_DIRECT;
	return d ? (struct target){d->desc->node, d, d->desc->order} : (struct target){0};
}

void take_facts(const struct rec *r, struct event *ev)
{
	if (!r->facts.known || r->facts.absent)
		return;
	ev->has_inode = true;
	ev->dev_major = r->facts.dev_major;
	ev->dev_minor = r->facts.dev_minor;
	ev->ino = r->facts.ino;
}

static void name_paths(struct events *e, const struct op_plan *plan, const struct task *t, const struct rec *r,
	struct event *ev)
{
	struct str path = plan->path ? r->path : STR_NONE;

	if (plan->dirfd >= 0 && (int32_t)r->arg[plan->dirfd] != AT_FDCWD)
		ev->fd = (int32_t)r->arg[plan->dirfd];
	if (path.s && (path.len || plan->dirfd >= 0)) {
		ev->file = resolve(&e->file, base_of(t, r, plan->dirfd), path);
		ev->note = NULL;
	}
	if (plan->path2 && r->path2.s)
		ev->file2 = resolve(&e->file2, base_of(t, r, plan->dirfd2), r->path2);
	else if (plan->target)
		ev->file2 = r->path2;
}

static uint64_t asked_for(const struct op_plan *plan, const struct rec *r)
{
	uint64_t sum = 0;
	uint32_t k;

	if (plan->len >= 0)
		return r->arg[plan->len];
	for (k = 0; plan->vector && k < r->nvec; k++)
		sum += r->vec[k];
	return sum;
}

/* Where a transfer is: said by the call, or by the description that it is made on. */
static int locate(const struct op_plan *plan, const struct rec *r, struct event *ev, const struct target *on)
{
	struct descriptor *d = on->d;
	struct object *o = on->object;
	int i = plan->off;
	bool own = i < 0 || (int64_t)r->arg[i] < 0, writes = ops[r->op].cls == CLS_WRITE;
	uint64_t moved = r->ret > 0 ? (uint64_t)r->ret : 0;

	if (o && o->stream)
		return 0;
	if (!own)
		ev->offset = (int64_t)r->arg[i];
	else if (!d)
		return 0;
	else if (writes && d->desc->flags & O_APPEND && o)
		ev->offset = (int64_t)o->size;
	else
		ev->offset = (int64_t)d->desc->offset;
	if (own && d)
		d->desc->offset = (uint64_t)ev->offset + moved;
	if (writes && o && (uint64_t)ev->offset + moved > o->size)
		o->size = (uint64_t)ev->offset + moved;
	if (r->ret < 0)
		return 0;
	if (plan->submitted)
		return place_note_request(on->place, r->sqe.number, moved, ev);
	place_note(on->place, (uint64_t)ev->offset, moved, &ev->follows, &ev->sequential);
	return 0;
}

/* 0 or -ENOMEM */
static int describe(struct events *e, const struct op_plan *plan, struct task *t, const struct rec *r,
	struct event *ev)
{
	struct target on = {0};

	if (plan->fd >= 0) {
		on = target_of(e, t, r, ev, plan->fd);
		name_object(e, ev, on.object);
	}
	if (plan->fd2 >= 0) {
		struct event second = {.fd = -1};

		ev->file2 = object_hold(e, 1, target_of(e, t, r, &second, plan->fd2).object);
	}
	if (plan->address >= 0)
		maps_name(e, t, r->arg[plan->address], ev);
	if (plan->dirfd >= 0 || plan->path || plan->path2 || plan->target)
		name_paths(e, plan, t, r, ev);
	take_facts(r, ev);
	ev->size = asked_for(plan, r);
	return plan->placed ? locate(plan, r, ev, &on) : 0;
}

/* -ERESTARTSYS ... -ERESTART_RESTARTBLOCK of include/linux/errno.h: no program ever sees them. */
static bool restarts(int64_t ret)
{
	return ret <= -512 && ret >= -516 && ret != -515;
}

int error_of(int64_t ret)
{
	return ret < 0 && ret >= -4095 && !restarts(ret) ? (int)-ret : 0;
}

static void count_bytes(const struct rec *r, struct event *ev)
{
	enum op_class cls = ops[r->op].cls;

	if (!r->has_ret || r->ret <= 0)
		return;
	if (cls == CLS_READ || cls == CLS_TRANSFER)
		ev->read += (uint64_t)r->ret;
	if (cls == CLS_WRITE || cls == CLS_TRANSFER)
		ev->written += (uint64_t)r->ret;
}

/* ---- what nobody called ---- */

/* Another file of a rotation tells a ring of io_uring that is there by its setup, which takes no time. */
static bool is_told(const struct rec *r)
{
	return r->op == OP_io_uring_setup && r->dur == 0;
}

static bool moves_bytes(enum op_id op)
{
	return op_has(op, A_RBUF) || op_has(op, A_WBUF) || op_has(op, A_RIOV) || op_has(op, A_WIOV);
}

static struct op_plan plan_of(enum op_id op)
{
	const struct op *row = &ops[op];
	bool moves = moves_bytes(op);
	struct op_plan plan = {
		.fd = (int8_t)op_arg_index(op, A_FD),
		.fd2 = (int8_t)op_arg_index(op, A_FD2),
		.dirfd = (int8_t)op_arg_index(op, A_DIRFD),
		.dirfd2 = (int8_t)op_arg_index(op, A_DIRFD2),
		.address = (int8_t)(row->family == FAM_Memory && !op_has(op, A_FD) ? op_arg_index(op, A_ADDR) : -1),
		.len = (int8_t)op_arg_index(op, A_LEN),
		.off = (int8_t)op_arg_index(op, A_OFF),
		.submitted = op_has(op, A_SQE),
		.counted = row->family != FAM_State,
		.apart = op == OP_lost || op == OP_state_path || op == OP_state_mount || op == OP_end ||
			 op == OP_state_thread || row->flags & OPF_LAYER,
		.path = op_has(op, A_PATH),
		.path2 = op_has(op, A_PATH2),
		.target = op_has(op, A_TARGET),
		.vector = op_has(op, A_RIOV) || op_has(op, A_WIOV),
		.effect = !moves || row->flags & OPF_NEWFD,
	};

	plan.call = row->nr_x86_64 >= 0 || row->nr_aarch64 >= 0 || plan.submitted;
	if (plan.fd < 0 && plan.dirfd < 0)
		plan.fd = (int8_t)op_arg_index(op, A_NUMFD);
	plan.placed = plan.fd >= 0 && moves && (row->cls == CLS_READ || row->cls == CLS_WRITE);
	return plan;
}

static void note_time(struct events *e, const struct rec *r, uint64_t began)
{
	if (!e->has_origin) {
		e->has_origin = true;
		if (!e->origin || e->origin > r->t)
			e->origin = began;
	}
	if (r->t > e->origin && r->t - e->origin > e->totals.end)
		e->totals.end = r->t - e->origin;
}

/* What is of no thread, or of another layer. As take(). */
static int take_apart(struct events *e, const struct rec *r, struct event *ev)
{
	switch (r->op) {
	case OP_lost:
		e->totals.lost += r->arg[0];
		return 0;
	case OP_state_path:
		*ev = (struct event){.file = r->path};
		take_facts(r, ev);
		return layers_name(e, ev, &r->facts);
	case OP_state_mount:
	case OP_end:
		return 0;
	case OP_state_thread:
		return host_thread_told(e, r);
	default:
		return layers_take(e, r, ev);
	}
}

static int take_effect(struct events *e, struct task *t, const struct rec *r, const struct event *ev)
{
	int rc = host_effect(e, t, r, ev);

	return rc ? rc : maps_effect(e, t, r);
}

static int take(struct events *e, struct event *ev)
{
	const struct rec *r = e->rec;
	const struct op_plan *plan = &e->plan[r->op];
	uint64_t began = r->t > r->dur ? r->t - r->dur : 0;
	struct known_process *p;
	struct known_thread *k;
	struct task *t;
	bool call = plan->call && !is_told(r);
	int rc;

	e->totals.records += plan->counted;
	note_time(e, r, began);
	if (plan->apart)
		return take_apart(e, r, ev);
	t = host_task(e, r);
	p = host_process(e, r->pid);
	k = host_thread(e, r->tid);
	if (!t || !p || !k)
		return -ENOMEM;
	if (e->totals.calls == 0 && e->totals.processes == 1 && call && !*p->comm && !k->named)
		host_name_first(e, p);
	*ev = (struct event){.rec = r, .op = r->op, .ret = r->has_ret ? r->ret : 0, .fd = -1,
		.offset = -1, .latency = r->dur};
	ev->start = began > e->origin ? began - e->origin : 0;
	if (describe(e, plan, t, r, ev))
		return -ENOMEM;
	if (call) {
		ev->seq = ++e->totals.calls;
		ev->gap = k->over && began > k->over ? began - k->over : 0;
		if (!plan->submitted)
			k->over = r->t;
		ev->error = error_of(ev->ret);
		count_bytes(r, ev);
	}
	if ((r->op == OP_io_getevents || r->op == OP_io_pgetevents) && host_completions(e, r))
		return -ENOMEM;
	rc = layers_name(e, ev, &r->facts);
	if (!rc && plan->effect)
		rc = take_effect(e, t, r, ev);
	host_identify(k, p, ev);
	return rc ? rc : call;
}

int events_more(struct events *e, struct event *out)
{
	if (!e->done.n)
		return 0;
	host_request(e, out);
	host_identify_of(e, e->rec->pid, e->rec->tid, out);
	return 1;
}

int events_take(struct events *e, const struct rec *r, struct event *out)
{
	e->rec = r;
	return take(e, out);
}

/* What cannot be read is counted, and passed over. */
static void count_bad(struct events *e, const struct crecord *c)
{
	e->totals.records++;
	if (c->bad == -ENOENT)
		e->totals.unknown++;
	else if (e->totals.malformed++ == 0)
		snprintf(e->totals.first_malformed, sizeof(e->totals.first_malformed), "%.255s",
			e->block->errors.v[c->why].text);
}

/* The block that the next record is in: 1, 0 at the end of the file, -errno. */
static int next_block(struct events *e, struct err *err)
{
	int rc = e->block ? e->block->rc : 1;

	if (rc <= 0) {
		e->totals.cut = rc == 0 && capture_cut(e->reader);
		if (rc < 0 && err)
			*err = e->block->err;
		return rc;
	}
	if (e->block)
		ahead_release(e->ahead);
	e->block = ahead_next(e->ahead);
	e->at = 0;
	return 1;
}

int events_next(struct events *e, struct event *out, struct err *err)
{
	int rc;

	if (events_more(e, out))
		return 1;
	for (;;) {
		const struct crecord *c;

		while (!e->block || e->at == e->block->n) {
			rc = next_block(e, err);
			if (rc <= 0)
				return rc;
		}
		c = &e->block->record[e->at++];
		if (c->bad) {
			count_bad(e, c);
			continue;
		}
		e->rec = &c->rec;
		rc = take(e, out);
		if (rc < 0)
			return err_sys(err, -rc, "cannot go on at line %llu",
				(unsigned long long)e->rec->line);
		if (rc)
			return 1;
	}
}

static const struct {
	const char *name;
	enum op_class cls;
} requests[] = {{"aio_read", CLS_READ}, {"aio_write", CLS_WRITE}, {"aio_sync", CLS_UNCLASSIFIED},
	{"aio_poll", CLS_UNCLASSIFIED}};

const char *event_name(const struct event *ev)
{
	return ev->op < OP_COUNT ? ops[ev->op].name : requests[ev->op - OP_COUNT].name;
}

int event_find(struct str name)
{
	size_t i;

	for (i = 0; i < sizeof(requests) / sizeof(*requests); i++)
		if (str_eqs(name, requests[i].name))
			return OP_COUNT + (int)i;
	return op_find(name);
}

enum op_family event_family(const struct event *ev)
{
	return ev->op < OP_COUNT ? ops[ev->op].family : FAM_AIO;
}

enum op_class event_class(const struct event *ev)
{
	return ev->op < OP_COUNT ? ops[ev->op].cls : requests[ev->op - OP_COUNT].cls;
}

void events_name_inodes(struct events *e)
{
	e->names_inodes = true;
}

bool event_is_below(const struct event *ev)
{
	return ev->op < OP_COUNT && ops[ev->op].flags & OPF_LAYER && ev->op != OP_file_call;
}

int events_start(struct events **out, uint64_t origin, struct str first, struct err *err)
{
	struct events *e = calloc(1, sizeof(*e));
	int op;

	if (!e)
		return err_sys(err, ENOMEM, "cannot follow calls");
	for (op = 0; op < OP_COUNT; op++)
		e->plan[op] = plan_of((enum op_id)op);
	host_init(e);
	host_first(e, first);
	e->origin = origin;
	*out = e;
	return 0;
}

int events_open(struct events **out, const char *path, struct err *err)
{
	struct events *e = NULL;
	int rc = events_start(&e, 0, STR_NONE, err);

	if (rc)
		return rc;
	rc = capture_open(&e->reader, path, err);
	if (rc) {
		events_close(e);
		return rc;
	}
	if (str_u64(capture_header(e->reader, "start_mono"), &e->origin))
		e->origin = 0;
	if (str_eqs(capture_header(e->reader, "backend"), "ptrace"))
		host_first(e, capture_header(e->reader, "cmd"));
	rc = ahead_new(&e->ahead, e->reader, &(struct ahead_hooks){0});
	if (rc) {
		events_close(e);
		return err_sys(err, -rc, "cannot read %s", path);
	}
	*out = e;
	return 0;
}

void events_close(struct events *e)
{
	if (!e)
		return;
	host_free(e);
	ahead_free(e->ahead);
	if (e->reader)
		capture_close(e->reader);
	buf_free(&e->file);
	buf_free(&e->file2);
	free(e);
}

const struct events_totals *events_totals(const struct events *e)
{
	return &e->totals;
}

struct str events_header(const struct events *e, const char *key)
{
	return capture_header(e->reader, key);
}

double events_progress(const struct events *e)
{
	return e->block ? e->block->progress : 0;
}
