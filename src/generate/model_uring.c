/* SPDX-License-Identifier: Apache-2.0 */
#include "generate/model.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "ops/uring.h"
#include "trace/rec_uring.h"

/*
 * io_uring. A submission has the effect of the plain call that does the same, and is modelled as
 * that: generate turns its record into one of the plain call, which overlaps and contradicts others
 * as that does, and only the line that comes of it is a submission again. Registered files are a
 * table of descriptors of the ring's own.
 */

/* ---- a submission as a plain call, and back ---- */

void model_uring_plain(struct rec *r, uint64_t *length)
{
	if (r->sqe.ring) /* else of one that is not known */
		rec_uring_plain(r, length);
}

/* The slot of what is read stands where others have that of a buffer. A pipe is the replay's own, in no slot. */
static void put_splice_slots(const struct model *m, struct rec *line)
{
	uint64_t *in = &line->arg[op_arg_index(line->op, A_FD)], *out = &line->arg[op_arg_index(line->op, A_FD2)];
	struct sqe *sqe = &line->sqe;

	if ((uint32_t)*in == VFD_NONE)
		sqe->flags &= ~URING_SPLICE_IN_FIXED;
	if ((uint32_t)*out == VFD_NONE)
		sqe->flags &= ~(uint32_t)URING_FIXED_FILE;
	if (sqe->flags & URING_SPLICE_IN_FIXED) {
		sqe->buffer = (uint32_t)m->plain.arg[op_arg_index(OP_splice, A_FD)];
		*in = VFD_NONE;
	}
	if (sqe->flags & URING_FIXED_FILE) {
		sqe->slot = (uint32_t)m->plain.arg[op_arg_index(OP_splice, A_FD2)];
		*out = VFD_NONE;
	}
}

static void become_submission(struct model *m, const struct ring *ring, const struct sqe *sqe)
{
	struct rec *out = &m->out->call, line = *out;
	int len = op_arg_index(sqe->row, A_LEN), fd = op_arg_index(sqe->row, A_FD);

	line.op = sqe->row;
	memset(line.arg, 0, sizeof(line.arg));
	rec_copy_args(out, &line);
	if (len >= 0 && op_has(out->op, A_IOVCNT)) {
		line.arg[len] = out->nvec ? out->vec[0] : 0;
		line.nvec = 0;
	}
	if (out->op == OP_fsync || out->op == OP_fdatasync) {
		line.arg[op_arg_index(sqe->row, A_OFF)] = m->plain.arg[REC_SYNC_OFF];
		line.arg[len] = m->plain.arg[REC_SYNC_LEN];
	}
	line.sqe = *sqe;
	line.sqe.ring = ring->number;
	line.sqe.flags &= ~(unsigned)(URING_BUFFER_SELECT | URING_CQE_SKIP_SUCCESS);
	if (sqe->row == OP_uring_splice)
		put_splice_slots(m, &line);
	else if (fd >= 0 && sqe->flags & URING_FIXED_FILE)
		line.sqe.slot = (uint32_t)m->plain.arg[op_arg_index(out->op, A_FD)];
	if (fd >= 0 && line.sqe.slot != SQE_NONE && sqe->row != OP_uring_splice)
		line.arg[fd] = VFD_NONE; /* the slot says which file */
	*out = line;
}

/* ---- rings ---- */

static struct ring *ring_of(const struct model *m, uint64_t captured)
{
	size_t i;

	for (i = 0; i < m->rings.v.n; i++)
		if (m->rings.v.v[i]->captured == captured)
			return m->rings.v.v[i];
	return NULL;
}

void model_ring_free(void *user, void *ring)
{
	struct ring *r = ring;
	size_t i;

	for (i = 0; i < r->closed.n; i++)
		if (r->closed.v[i].d)
			vfd_drop(r->vfd, r->closed.v[i].d);
	vec_free(&r->closed);
	if (r->submits)
		r->vfd->hooks.order_free(user, r->submits);
	for (i = 0; i < r->rings->v.n; i++)
		if (r->rings->v.v[i] == r)
			r->rings->v.v[i--] = r->rings->v.v[--r->rings->v.n];
	vfd_table_put(r->vfd, r->files);
	free(r);
}

static struct ring *ring_new(struct model *m, struct description *desc, uint32_t captured)
{
	struct ring *r = calloc(1, sizeof(*r)), **slot = vec_push(&m->rings.v);

	if (r) {
		r->files = vfd_table_new();
		r->submits = m->vfd.hooks.order_new(m->vfd.hooks.user);
	}
	if (!r || !slot || !r->files || !r->submits) {
		m->rings.v.n -= slot != NULL;
		if (r) {
			vfd_table_put(&m->vfd, r->files);
			free(r->submits);
		}
		free(r);
		return NULL;
	}
	r->rings = &m->rings;
	r->vfd = &m->vfd;
	r->captured = captured;
	r->number = ++m->rings.next;
	r->linked = r->stand_in = UINT64_MAX;
	r->desc = desc;
	desc->ring = *slot = r;
	return r;
}

int model_ring_end(struct model *m, struct description *d)
{
	struct vlist_item *item;
	struct ring *r = d->ring;
	struct resource **keep, **submits;

	if (!r)
		return 0;
	item = vec_push(&m->list);
	submits = vec_push(&m->dying); /* this line may have closed others under way in it */
	if (!item || !submits)
		return -ENOMEM;
	*item = (struct vlist_item){.kind = VITEM_RING, .a = r->number};
	*submits = r->submits;
	r->submits = NULL;
	keep = vec_push(&m->dying);
	if (!keep)
		return -ENOMEM;
	*keep = d->order;
	d->order = NULL;
	return model_touch(m, *keep, TOUCH_EXCLUSIVE);
}

/* ---- descriptors that were closed while submissions were under way ---- */

/* The line at hand may have touched it. */
static int drop_closed(struct model *m, struct descriptor *d)
{
	void **order[2];
	int rc;
	size_t i;

	if (!d)
		return 0;
	order[0] = &d->order;
	order[1] = &d->desc->order;
	rc = model_keep(m, d->desc->node);
	for (i = 0; i < 2 && !rc; i++) {
		struct resource **keep = vec_push(&m->dying);

		if (!keep) {
			rc = -ENOMEM;
			break;
		}
		*keep = *order[i];
		*order[i] = NULL;
	}
	vfd_drop(&m->vfd, d);
	return rc;
}

/* What is over needs none of them. */
static int forget_closed(struct model *m, struct ring *r)
{
	int rc = 0;

	while (r->over >= r->submitted && r->closed.n && !rc)
		rc = drop_closed(m, r->closed.v[--r->closed.n].d);
	return rc;
}

static void copy_stamp(void *to, const void *from)
{
	((struct resource *)to)->last = ((const struct resource *)from)->last;
}

static int remember(struct model *m, struct ring *r, int64_t fd, const struct descriptor *d)
{
	bool file = d->desc->kind == DESC_FILE && d->desc->node && d->vfd != VFD_NUMBER_NONE;
	struct closed *c;
	int rc = 0;

	if (r->closed.n == CLOSED_MAX) {
		rc = drop_closed(m, r->closed.v[0].d);
		memmove(r->closed.v, r->closed.v + 1, --r->closed.n * sizeof(*r->closed.v));
	}
	c = rc ? NULL : vec_push(&r->closed);
	if (!c)
		return -ENOMEM;
	*c = (struct closed){fd, m->rec->t, m->rec->sqe.ring, m->rec->sqe.number, NULL, LEFT_NONE};
	if (!file) {
		c->left = d->desc->kind == DESC_FILE ? LEFT_UNLINKED : model_left_of(d->desc->kind);
		return 0;
	}
	c->d = vfd_remember(&m->vfd, d);
	if (!c->d) {
		r->closed.n--;
		return -ENOMEM;
	}
	model_description_began(c->d->desc); /* the kernel has it as long */
	copy_stamp(c->d->order, d->order);
	copy_stamp(c->d->desc->order, d->desc->order);
	return model_touch(m, r->submits, TOUCH_EXCLUSIVE);
}

int model_rings_remember(struct model *m, int64_t fd, const struct descriptor *d)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < m->rings.v.n && !rc; i++) {
		struct ring *r = m->rings.v.v[i];

		if (r->user == m->task->files && r->over < r->submitted)
			rc = remember(m, r, fd, d);
	}
	return rc;
}

/*
 * What FD was when submission S was made, if it was closed since then; or NULL. The kernel takes a file when it comes
 * to the submission, by when those in front of it have closed theirs.
 */
static const struct closed *closed_since(const struct ring *r, int64_t fd, const struct rec *s)
{
	const struct closed *c;
	size_t i;

	for (i = 0; i < r->closed.n; i++) {
		c = &r->closed.v[i];
		if (c->fd == fd && c->t > s->t - s->dur && (c->ring != s->sqe.ring || c->number > s->sqe.number))
			return c;
	}
	return NULL;
}

/* Can the result be of a descriptor that is no file? What failed is left out in any case: it did nothing. */
static bool may_be_no_file(const struct rec *r)
{
	enum op_class cls = ops[r->op].cls;

	return r->ret < 0 || cls == CLS_READ || cls == CLS_WRITE || cls == CLS_TRANSFER || r->op == OP_statx;
}

/* What the line says of the ring, in the place of what the capture said. */
static void put_ring(struct model *m, const struct ring *r)
{
	struct rec *call = &m->out->call;

	call->arg[op_arg_index(call->op, A_RING)] = r->number;
}

/* A descriptor of the start whose record comes now: in another file of a rotation. */
static bool is_untold_ring(const struct descriptor *d)
{
	return d && d->desc->kind == DESC_RING && !d->desc->ring;
}

int model_uring_setup(struct model *m, const struct rec *r)
{
	uint32_t captured = (uint32_t)model_arg(r, A_RING, 0);
	struct descriptor *d;
	struct ring *ring;
	int rc;

	if (r->ret < 0)
		return LEFT_RING_CALL;
	d = vfd_get(m->task, r->ret);
	if (!is_untold_ring(d)) {
		if (model_number_taken(m, r->ret))
			return LEFT_CONFLICT;
		rc = model_open_other(m, r->ret, DESC_RING, true);
		if (rc)
			return rc;
		d = vfd_get(m->task, r->ret);
	}
	if (!captured || ring_of(m, captured))
		return LEFT_RING;
	ring = ring_new(m, d->desc, captured);
	if (!ring)
		return -ENOMEM;
	put_ring(m, ring);
	m->out->newfd = vfd_number(&m->vfd, d);
	rc = model_touch(m, d->order, TOUCH_EXCLUSIVE);
	return rc ? rc : model_touch(m, d->desc->order, TOUCH_EXCLUSIVE);
}

int model_uring_enter(struct model *m, const struct rec *r)
{
	struct ring *ring = ring_of(m, (uint64_t)model_arg(r, A_RING, 0));
	int rc;

	if (r->ret < 0)
		return LEFT_RING_CALL;
	if (!ring)
		return LEFT_RING;
	put_ring(m, ring);
	if (r->ret > 0 && (uint64_t)model_arg(r, A_SQNO, 0) + (uint64_t)r->ret > ring->submitted)
		ring->submitted = (uint64_t)model_arg(r, A_SQNO, 0) + (uint64_t)r->ret;
	if (!ring->user) /* those before are not known */
		ring->over += (uint64_t)model_arg(r, A_SQNO, 0);
	ring->user = m->task->files;
	rc = model_touch(m, ring->submits, TOUCH_SHARE);
	return rc ? rc : model_touch(m, ring->desc->order, TOUCH_SHARE);
}

/* ---- registered files ---- */

/* The task has the ring's files in the place of its own until they are given back. */
static struct fdtable *swap_files(struct model *m, struct fdtable *files)
{
	struct fdtable *own = m->task->files;

	m->task->files = files;
	return own;
}

static int clear_files(struct model *m, struct ring *ring)
{
	struct fdtable *own = swap_files(m, ring->files);
	uint32_t i;
	int rc = 0;

	for (i = 0; i < ring->files->n && !rc; i++)
		rc = model_close_fd(m, i);
	m->list.n = 0;
	swap_files(m, own);
	return rc;
}

int model_uring_register(struct model *m, const struct rec *r)
{
	struct ring *ring = ring_of(m, (uint64_t)model_arg(r, A_RING, 0));
	uint64_t *op = &m->out->call.arg[op_arg_index(r->op, A_UREGOP)];
	int rc = 0;

	if (r->ret < 0)
		return LEFT_RING_CALL;
	if (!ring)
		return LEFT_RING;
	switch (*op) {
	case URING_REGISTER_BUFFERS2:
		*op = URING_REGISTER_BUFFERS;
		break;
	case URING_REGISTER_FILES2:
		*op = URING_REGISTER_FILES;
		break;
	case URING_UNREGISTER_FILES:
		rc = clear_files(m, ring);
		break;
	case URING_REGISTER_BUFFERS:
	case URING_UNREGISTER_BUFFERS:
	case URING_REGISTER_FILES:
	case URING_REGISTER_ENABLE_RINGS:
		break;
	case URING_REGISTER_FILES_UPDATE: /* the records of its files say it all */
	case URING_REGISTER_FILES_UPDATE2:
		return LEFT_STATE;
	default:
		return LEFT_RING_CALL;
	}
	if (*op == URING_REGISTER_FILES || *op == URING_UNREGISTER_FILES)
		ring->slots = *op == URING_REGISTER_FILES ? (uint64_t)model_arg(r, A_UNR, 0) : 0;
	put_ring(m, ring);
	return rc ? rc : model_touch(m, ring->desc->order, TOUCH_EXCLUSIVE);
}

/* A descriptor in the ring's table that shares the description of FROM. */
static int enter_file(struct model *m, struct ring *ring, int64_t slot, struct descriptor *from)
{
	struct fdtable *own = swap_files(m, ring->files);
	struct descriptor *d;
	int rc = model_close_fd(m, slot);

	m->list.n = 0;
	if (!rc && from) {
		d = vfd_dup(&m->vfd, m->task, from, slot);
		if (!d)
			rc = -ENOMEM;
		else if (from->desc->kind == DESC_FILE && from->vfd != VFD_NUMBER_NONE)
			vfd_number(&m->vfd, d);
	}
	swap_files(m, own);
	return rc;
}

int model_uring_file(struct model *m, const struct rec *r)
{
	struct ring *ring = ring_of(m, (uint64_t)model_arg(r, A_RING, 0));
	int64_t slot = model_arg(r, A_SLOT, 0);
	struct descriptor *d = NULL;
	int rc = 0;

	if (!ring)
		return LEFT_RING;
	if (model_arg(r, A_FD2, 0) >= 0)
		rc = model_fd(m, r, A_FD2, &d);
	else
		m->out->call.arg[op_arg_index(r->op, A_FD2)] = VFD_NONE;
	if (rc >= 0) {
		int entered = enter_file(m, ring, slot, d);

		rc = entered ? entered : rc;
	}
	if (rc)
		return rc;
	put_ring(m, ring);
	return model_touch(m, ring->desc->order, TOUCH_EXCLUSIVE);
}

static uint64_t file_in_line(int64_t fd, const struct descriptor *d)
{
	if (fd == URING_FILE_SKIP)
		return (uint64_t)fd;
	if (d && d->desc->kind == DESC_FILE && d->vfd != VFD_NUMBER_NONE)
		return d->vfd;
	return (uint64_t)(int64_t)URING_FILE_FREE;
}

/* How many descriptors the call came to: the last one may be what it failed of, whose slot is free then. */
static uint32_t files_tried(const struct rec *r, bool *failed)
{
	*failed = r->ret == -EBADF || (r->ret >= 0 && r->ret < r->nvec);
	if (!*failed || !r->nvec)
		return r->nvec;
	return r->ret < 0 ? 1 : (uint32_t)r->ret + 1;
}

int model_uring_update(struct model *m, const struct rec *r)
{
	struct ring *ring = ring_of(m, r->sqe.ring);
	uint64_t slot = (uint64_t)model_arg(r, A_SLOT, 0), *to;
	bool failed, came = r->ret >= 0 || r->ret == -EBADF;
	uint32_t n = files_tried(r, &failed), i;
	int rc = 0;

	if (!ring)
		return LEFT_RING;
	for (i = 0; i < n && !rc; i++) {
		int64_t fd = (int64_t)r->vec[i];
		bool bad = failed && i + 1 == n;
		struct descriptor *d = fd >= 0 && !bad ? vfd_get(m->task, fd) : NULL;

		to = vec_push(&m->numbers);
		if (!to)
			return -ENOMEM;
		*to = bad ? (uint64_t)(int64_t)URING_FILE_BAD : file_in_line(fd, d);
		if (d && d->vfd != VFD_NUMBER_NONE)
			rc = model_touch(m, d->order, TOUCH_SHARE);
		if (!rc && came && fd != URING_FILE_SKIP)
			rc = enter_file(m, ring, (int64_t)slot + i, d);
	}
	m->out->call.vec = m->numbers.v;
	m->out->call.nvec = (uint32_t)m->numbers.n;
	return rc ? rc : model_touch(m, ring->desc->order, TOUCH_EXCLUSIVE);
}

int model_uring_install(struct model *m, const struct rec *r)
{
	bool cloexec = !(model_arg(r, A_INSTALLFLAGS, 0) & URING_INSTALL_NO_CLOEXEC);
	struct descriptor *d;
	int rc = r->sqe.ring ? model_fd(m, r, A_FD, &d) : LEFT_RING, made;

	if (r->ret < 0 || rc < 0 || rc == LEFT_UNKNOWN_FD || rc == LEFT_RING)
		return rc;
	if (model_number_taken(m, r->ret))
		return LEFT_CONFLICT;
	if (model_free_number(m, r->ret))
		return -ENOMEM;
	made = model_dup_to(m, d, r->ret, cloexec);
	return made ? made : rc;
}

/* ---- submissions ---- */

/* Cancelled by one that is left out, by no link, or by the end of its ring: a replay has none of them. */
static bool was_cancelled(const struct ring *ring, const struct rec *r)
{
	return r->ret == -ECANCELED &&
	       (ring->linked != r->sqe.number || ring->stand_in == r->sqe.number);
}

/* The file was opened, and maybe made, before there was no slot for it: the result is that of the slot. */
static bool had_no_slot(const struct ring *ring, const struct rec *r)
{
	uint32_t slot = r->sqe.slot;

	if (slot == SQE_NONE || !(ops[r->op].flags & OPF_NEWFD))
		return false;
	if (slot == URING_SLOT_ANY)
		return r->ret == -ENFILE;
	return slot >= ring->slots && r->ret == (ring->slots ? -EINVAL : -ENXIO);
}

/* What is left out of the middle of a chain: those in front of it and behind it stay in their order. */
static int stand_in(struct model *m, struct ring *ring, const struct rec *r, int why)
{
	const struct sqe *sqe = &r->sqe;
	struct rec *out = &m->out->call;

	if (ring->linked != sqe->number || !(sqe->flags & (URING_IO_LINK | URING_IO_HARDLINK)) ||
		r->ret == -ECANCELED)
		return why;
	ring->linked = ring->stand_in = sqe->number + 1;
	*out = (struct rec){.t = out->t, .dur = out->dur, .pid = out->pid, .tid = out->tid,
		.line = out->line, .op = OP_uring_nop, .has_ret = true};
	out->sqe = (struct sqe){.row = OP_uring_nop, .ring = ring->number, .number = sqe->number,
		.flags = sqe->flags & (URING_IO_LINK | URING_IO_HARDLINK), .buffer = SQE_NONE, .slot = SQE_NONE};
	m->out->newfd = VFD_NONE;
	m->list.n = 0;
	return model_touch(m, ring->desc->order, TOUCH_SHARE);
}

/*
 * The kernel takes the files of reads and writes while the call that submits them is under way, but for those that wait
 * for others, or for a thread of the kernel's, like all other submissions.
 */
static bool may_begin_later(const struct ring *ring, const struct rec *r)
{
	enum op_class cls = ops[r->op].cls;

	return ring->chains || r->sqe.flags & (URING_IO_DRAIN | URING_ASYNC) || (cls != CLS_READ && cls != CLS_WRITE);
}

/* The model of a call with descriptors as they were when it was submitted. */
static int apply_as_submitted(struct model *m, struct ring *ring, const struct rec *r)
{
	struct fdtable *files = m->task->files;
	struct descriptor *now[OP_ARGS] = {NULL}, *then[OP_ARGS] = {NULL};
	int i, rc, left = LEFT_NONE;

	for (i = 0; i < OP_ARGS && r->op != OP_close; i++) {
		enum arg_kind kind = (enum arg_kind)ops[r->op].arg[i];
		int64_t fd = (int32_t)r->arg[i];
		const struct closed *c;

		if ((kind != A_FD && kind != A_FD2 && kind != A_DIRFD && kind != A_DIRFD2) || fd < 0 ||
			fd >= files->n || (ops[r->op].flags & OPF_NEWFD && fd == r->ret))
			continue;
		now[i] = files->v[fd];
		/* was none any more when the kernel came to it? */
		c = r->ret == -EBADF && !now[i] ? NULL : closed_since(ring, fd, r);
		then[i] = c ? c->d : NULL;
		if (c && !c->d && may_be_no_file(r))
			left = c->left;
		if (then[i])
			files->v[fd] = then[i];
		if (then[i] && now[i] && now[i]->desc != then[i]->desc && may_begin_later(ring, r))
			ring->reuses = true;
	}
	rc = left ? left : models[r->op](m, r);
	while (i--)
		if (then[i])
			files->v[(int32_t)r->arg[i]] = now[i];
	return rc;
}

/* About registered files and others at once. */
static bool has_two_tables(enum op_id op)
{
	return op == OP_splice || op == OP_uring_fixed_fd_install || op == OP_uring_files_update;
}

static int apply_plain(struct model *m, struct ring *ring)
{
	const struct rec *r = &m->plain;
	bool opens = ops[r->op].flags & OPF_NEWFD, direct = r->sqe.slot != SQE_NONE;
	bool fixed = r->sqe.flags & URING_FIXED_FILE, apart = has_two_tables(r->op);
	bool in_table = !apart && (fixed || (direct && !opens));
	struct fdtable *own = in_table ? swap_files(m, ring->files) : NULL;
	int rc;

	if (direct && opens)
		m->into = ring->files;
	if (apart && (r->op == OP_splice ? r->sqe.flags & URING_SPLICE_IN_FIXED : fixed))
		m->from = ring->files;
	if (r->op == OP_splice && fixed)
		m->from2 = ring->files;
	rc = in_table || m->from || m->from2 ? models[r->op](m, r) : apply_as_submitted(m, ring, r);
	m->into = m->from = m->from2 = NULL;
	if (own)
		swap_files(m, own);
	if (in_table)
		m->list.n = 0;
	return rc;
}

static int apply_submission(struct model *m, struct ring *ring, const struct rec *r, struct sqe *sqe)
{
	bool opens = ops[r->op].flags & OPF_NEWFD, in_vain = had_no_slot(ring, r);
	int rc = in_vain ? 0 : model_left_by_error(m, r);

	if (rc)
		return rc;
	if (sqe->slot == URING_SLOT_ANY && r->ret >= 0) /* the result says which one it was */
		sqe->slot = (uint32_t)r->ret;
	m->plain = *r;
	m->plain.sqe.slot = sqe->slot;
	if (in_vain)
		m->plain.ret = ring->slots;
	else if (sqe->slot != SQE_NONE && r->ret >= 0 && opens)
		m->plain.ret = sqe->slot;
	else if (sqe->slot != SQE_NONE && r->op == OP_close)
		m->plain.arg[0] = sqe->slot;
	m->rec = &m->plain;
	rc = apply_plain(m, ring);
	if (!rc && in_vain)
		rc = enter_file(m, ring, ring->slots, NULL);
	if (rc)
		return rc;
	/* a model that makes another call of it? */
	return m->out->call.op != r->op ? LEFT_RING_OP : 0;
}

/* Its chain ended here. A replay asks for what was moved, and gets it: what was cancelled is left out. */
static bool is_cut_short(const struct rec *r)
{
	return (r->op == OP_splice || ops[r->op].cls == CLS_WRITE) && r->ret >= 0 &&
	       !(r->sqe.flags & URING_IO_HARDLINK) && (uint64_t)r->ret < model_wanted(r);
}

static int take_submission(struct model *m, struct ring *ring, const struct rec *r)
{
	struct sqe sqe = r->sqe;
	int rc;

	if (r->op == OP_uring_other)
		return stand_in(m, ring, r, LEFT_RING_OP);
	if (was_cancelled(ring, r))
		return LEFT_RING_CALL;
	ring->reuses = false;
	rc = apply_submission(m, ring, r, &sqe);
	if (ring_of(m, sqe.ring) != ring) /* no ring can close itself */
		return rc < 0 ? rc : LEFT_RING_CALL;
	if (rc > 0 && rc != LEFT_CONFLICT)
		return stand_in(m, ring, r, rc);
	if (rc)
		return rc;
	if (is_cut_short(r))
		sqe.flags &= ~(unsigned)URING_IO_LINK;
	if (sqe.flags & (URING_IO_LINK | URING_IO_HARDLINK))
		ring->linked = sqe.number + 1;
	if (sqe.slot != SQE_NONE)
		m->out->newfd = VFD_NONE;
	m->out->call.ret = r->ret;
	if (ring->reuses) {
		sqe.flags |= URING_REUSED;
		m->unsure++;
	}
	become_submission(m, ring, &sqe);
	return model_touch(m, ring->desc->order, TOUCH_SHARE);
}

int model_submission(struct model *m, const struct rec *r)
{
	struct ring *ring = ring_of(m, r->sqe.ring);
	int rc, forgotten;

	if (!ring)
		return r->op == OP_uring_other ? LEFT_RING_OP : LEFT_RING;
	ring->chains |= r->sqe.flags & (URING_IO_LINK | URING_IO_HARDLINK);
	rc = take_submission(m, ring, r);
	if (rc < 0 || rc == LEFT_CONFLICT || ring_of(m, r->sqe.ring) != ring)
		return rc;
	ring->over++;
	forgotten = forget_closed(m, ring);
	return forgotten ? forgotten : rc;
}

/* Records that were not taken for a plain call. */
int model_uring(struct model *m, const struct rec *r)
{
	(void)m;
	(void)r;
	return LEFT_RING;
}

int model_uring_other(struct model *m, const struct rec *r)
{
	(void)m;
	(void)r;
	return LEFT_RING_OP;
}
