/* SPDX-License-Identifier: Apache-2.0 */
#include "generate/model.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "generate/outside.h"
#include "ops/flags.h"

const char *const left_out_texts[LEFT_COUNT] = {
#define X(name, text) [LEFT_##name] = text,
	LEFT_OUT(X)
#undef X
};

model_fn *const models[OP_COUNT] = {
#define OP(opname, x86, arm, fam, cls, flags, cmp, args, model, replay)                            \
	[OP_##opname] = model_##model,
#include "ops/ops.def"
};

static void hook_node_get(void *user, void *node)
{
	(void)user;
	node_get(node);
}

static void hook_node_put(void *user, void *node)
{
	struct model *m = user;

	node_put(&m->names, node);
}

/* Each open makes two, and each close ends them: they are used again. */
union spare_resource {
	struct resource resource; /* all zero, but for what is in its place: */
	union spare_resource *next;
};

static void *hook_order_new(void *user)
{
	struct model *m = user;
	union spare_resource *s = m->spare_resources;

	if (!s)
		return calloc(1, sizeof(*s));
	m->spare_resources = s->next;
	s->next = NULL;
	return &s->resource;
}

static void hook_order_free(void *user, void *order)
{
	struct model *m = user;
	union spare_resource *s = order;

	resource_free(&s->resource);
	s->next = m->spare_resources;
	m->spare_resources = s;
}

static void free_spare_resources(struct model *m)
{
	union spare_resource *s;

	while ((s = m->spare_resources)) {
		m->spare_resources = s->next;
		free(s);
	}
}

int model_init(struct model *m, const char *name, const char *root, struct str arch)
{
	const struct vfd_hooks hooks = {m, hook_node_get, hook_node_put, hook_order_new,
		hook_order_free, model_ring_free, model_map_get, model_map_put,
		model_description_ended};

	*m = (struct model){.name = name, .root = root, .arch = arch};
	m->order = order_new();
	if (!m->order || names_init(&m->names, m->order))
		return -ENOMEM;
	vfd_init(&m->vfd, &hooks);
	return 0;
}

void model_done(struct model *m)
{
	size_t i;

	order_begin(m->order);
	if (!(m->dying.n | m->kept.n | m->ended) && !m->ended_maps) {
		names_forget(&m->names);
		return;
	}
	for (i = 0; i < m->dying.n; i++)
		hook_order_free(m, m->dying.v[i]);
	m->dying.n = 0;
	for (i = 0; i < m->kept.n; i++)
		node_put(&m->names, m->kept.v[i]);
	m->kept.n = 0;
	if (m->ended)
		vfd_task_end(&m->vfd, m->task);
	m->ended = false;
	model_free_maps(m);
	names_forget(&m->names);
}

void model_changed(const struct model *m, struct changed *c)
{
	const struct rec *r = m->rec;

	if (r->tid == OUTSIDE_TASK)
		return;
	if (c->tid != r->tid) {
		c->others = c->t > c->others ? c->t : c->others;
		c->tid = r->tid;
		c->t = 0;
	}
	c->t = r->t > c->t ? r->t : c->t;
}

int model_gone(struct model *m, const struct entry *e)
{
	if (e && e->node)
		m->surprise = (struct surprise){.what = SURPRISE_GONE,
			.dir = e->dir,
			.node = e->node,
			.name = {e->name, e->len}};
	return LEFT_CONFLICT;
}

int model_removed(struct model *m, struct node *dir)
{
	const struct entry *held = names_held(dir);

	if (dir->entry && !m->force)
		return dir->filler ? LEFT_CONFLICT : model_gone(m, held ? held : dir->entry);
	return model_touch(m, &dir->listing, TOUCH_AFTER);
}

int model_resized(struct model *m, struct node *n, uint64_t size)
{
	m->surprise = (struct surprise){.what = SURPRISE_SIZE, .node = n, .size = size};
	return LEFT_CONFLICT;
}

void model_seen(const struct rec *r, struct node *n)
{
	if (n && r->facts.known && node_is_file(n))
		n->seen_size = r->facts.size + 1;
}

void model_grant(struct model *m, struct node *n, uint32_t bits)
{
	if (m->task->process->uid != 0 || !n->at_start || !n->mode || (n->mode & bits) == bits)
		return;
	n->mode |= bits;
	m->granted++;
}

int model_keep(struct model *m, struct node *n)
{
	struct node **slot = vec_push(&m->kept);

	if (!slot)
		return -ENOMEM;
	*slot = node_get(n);
	return 0;
}

void model_free(struct model *m)
{
	model_done(m);
	vec_free(&m->dying);
	vec_free(&m->kept);
	model_aio_free(m);
	model_flights_free(m);
	model_handles_free(m);
	vfd_free(&m->vfd);
	vec_free(&m->rings.v);
	model_free_maps(m);
	free_spare_resources(m);
	names_free(&m->names);
	order_free(m->order);
	buf_free(&m->path);
	buf_free(&m->path2);
	buf_free(&m->scratch);
	vec_free(&m->list);
	vec_free(&m->numbers);
	outside_told_free(m);
	buf_free(&m->opened);
}

uint64_t model_oflags(const struct model *m, const struct rec *r)
{
	int i = op_arg_index(r->op, A_OFLAGS);

	if (i < 0)
		i = op_arg_index(r->op, A_HOW);
	if (i < 0) /* creat(2) */
		return O_CREAT | O_WRONLY | O_TRUNC;
	return flags_open_from(m->arch, r->arg[i]);
}

int64_t model_arg(const struct rec *r, enum arg_kind kind, int64_t otherwise)
{
	int i = op_arg_index(r->op, kind);

	return i < 0 ? otherwise : (int64_t)r->arg[i];
}

/* A task whose beginning was not captured: nothing is known about its descriptors. */
static struct task *stranger(struct model *m, const struct rec *r)
{
	struct task *sibling = vfd_task_of(&m->vfd, r->pid);
	struct task *t = vfd_task_new(&m->vfd, r->pid, r->tid, sibling);

	if (!t)
		return NULL;
	if (!sibling) {
		t->fs->root = node_get(m->names.root);
	}
	t->id = order_thread(m->order);
	return t->id == UINT32_MAX ? NULL : t;
}

/* "a/." and "a/..": a rename of them is refused with EBUSY as well. */
static bool ends_in_dots(struct str path)
{
	while (path.len && path.s[path.len - 1] == '/')
		path.len--;
	if (path.len && path.s[path.len - 1] == '.')
		path.len--;
	else
		return false;
	if (path.len && path.s[path.len - 1] == '.')
		path.len--;
	return !path.len || path.s[path.len - 1] == '/';
}

/* Does the call need room for what it writes or makes, and do nothing when there is none? fallocate may do half. */
static bool needs_room(enum op_id op)
{
	switch (op) {
	case OP_open:
	case OP_openat:
	case OP_openat2:
	case OP_creat:
	case OP_mkdir:
	case OP_mkdirat:
	case OP_mknod:
	case OP_mknodat:
	case OP_symlink:
	case OP_symlinkat:
	case OP_link:
	case OP_linkat:
	case OP_rename:
	case OP_renameat:
	case OP_renameat2:
	case OP_bind:
	case OP_truncate:
	case OP_ftruncate:
		return true;
	default:
		return ops[op].cls == CLS_WRITE || ops[op].cls == CLS_TRANSFER;
	}
}

/* Sizes of 2 GiB and more are in no structure of a 32-bit program: it opens such files only if it asks to. */
static bool fits_32_bits_only(enum op_id op)
{
	switch (op) {
	case OP_open:
	case OP_openat:
	case OP_openat2:
	case OP_creat:
	case OP_stat:
	case OP_lstat:
	case OP_fstat:
	case OP_newfstatat:
	case OP_statfs:
	case OP_fstatfs:
		return true;
	default:
		return false;
	}
}

/*
 * The first five: a replay has one user, whom a map is refused for how its descriptor was opened like anybody else; a
 * number for a descriptor is looked for before names are; how long a file may become is for RLIMIT_FSIZE, 32 bits or
 * the file system to say; and what that is full of is not in a tree.
 */
int model_left_by_error(const struct model *m, const struct rec *r)
{
	if ((r->ret == -EACCES || r->ret == -EPERM) && m->task && m->task->another && r->op != OP_mmap)
		return LEFT_ANOTHER_USER;
	if ((r->ret == -EMFILE || r->ret == -ENFILE) && ops[r->op].flags & OPF_NEWFD)
		return LEFT_LIMIT;
	if (r->ret == -EOVERFLOW && fits_32_bits_only(r->op))
		return LEFT_LIMIT;
	if (r->ret == -EFBIG && (needs_room(r->op) || r->op == OP_fallocate || r->op == OP_ioctl))
		return LEFT_LIMIT;
	if ((r->ret == -ENOSPC || r->ret == -EDQUOT) && needs_room(r->op))
		return LEFT_FULL;
	switch (r->op) {
	case OP_open:
	case OP_openat:
	case OP_creat:
		return r->ret == -EINTR ? LEFT_WAIT_BROKEN : LEFT_NONE;
	case OP_rmdir:
	case OP_unlink:
	case OP_unlinkat:
		return r->ret == -EBUSY ? LEFT_MOUNT_POINT : LEFT_NONE;
	case OP_link:
	case OP_linkat:
	case OP_rename:
	case OP_renameat:
	case OP_renameat2:
		if (r->ret == -EXDEV && m->root)
			return LEFT_ONE_TREE;
		return r->ret == -EBUSY && !ends_in_dots(r->path) && !ends_in_dots(r->path2)
			       ? LEFT_MOUNT_POINT
			       : LEFT_NONE;
	default:
		return LEFT_NONE;
	}
}

static void begin_line(struct rline *out, const struct rec *r)
{
	rline_begin(out);
	out->entry = 0;
	out->dur = r->dur;
	out->thread = out->process = 0;
	rec_copy(&out->call, r);
}

/* Whose line it is. */
static void end_line(struct rline *out, const struct task *t)
{
	out->thread = t->id;
	out->process = t->process->id;
}

bool model_apply_in_place(struct model *m, const struct rec *r)
{
	const struct task *t = m->vfd.latest;
	const struct descriptor *d;

	if ((r->op != OP_pread64 && r->op != OP_pwrite64 && r->op != OP_read && r->op != OP_write) ||
		m->order->threads.n > 1 || !t || t->tid != r->tid || r->sqe.ring)
		return false;
	d = model_move_in_place(t, r);
	if (!d)
		return false;
	begin_line(m->out, r);
	m->out->call.arg[0] = d->vfd;
	end_line(m->out, t);
	m->child = NULL;
	m->ended = m->has_more = false;
	return true;
}

int model_apply(struct model *m, const struct rec *r)
{
	int rc;

	order_begin(m->order);
	m->list.n = 0;
	m->numbers.n = 0;
	m->has_more = false;
	m->path.len = m->path2.len = 0;
	m->child = NULL;
	m->ended = false;
	m->parts = 0;
	m->rec = r;
	m->surprise.what = SURPRISE_NONE;
	m->into = m->from = m->from2 = NULL;
	begin_line(m->out, r);
	m->task = NULL;
	if (r->op != OP_state_mount && r->op != OP_state_path && r->op != OP_lost && r->op != OP_end) {
		m->task = vfd_task(&m->vfd, r->tid);
		if (!m->task && r->op != OP_state_task) {
			if (r->op == OP_task_end || r->op == OP_exit_group)
				return LEFT_UNKNOWN_OP; /* ended already */
			if (r->op == OP_state_thread)
				return LEFT_STATE;
			m->task = stranger(m, r);
			if (!m->task)
				return -ENOMEM;
		}
		m->vfd.latest = m->task;
	}
	m->names.uid = m->task ? m->task->process->uid : 0;
	rc = r->sqe.ring ? model_submission(m, r) : r->ret < 0 ? model_left_by_error(m, r) : LEFT_NONE;
	if (!rc && !r->sqe.ring)
		rc = models[r->op](m, r);
	if (rc)
		return rc;
	if (m->task)
		end_line(m->out, m->task);
	m->out->list = m->list.v;
	m->out->nlist = (uint32_t)m->list.n;
	return buf_ok(&m->path) && buf_ok(&m->path2) && buf_ok(&m->scratch) ? LEFT_NONE : -ENOMEM;
}

int model_fd(struct model *m, const struct rec *r, enum arg_kind kind, struct descriptor **d)
{
	struct fdtable *from = kind == A_FD ? m->from : kind == A_FD2 ? m->from2 : NULL, *own = m->task->files;
	int i = op_arg_index(r->op, kind), rc;

	if (!from)
		return model_fd_in(m, r, (int32_t)r->arg[i], &m->out->call.arg[i], d);
	m->task->files = from;
	rc = model_fd_in(m, r, (int32_t)r->arg[i], &m->out->call.arg[i], d);
	m->task->files = own;
	return rc;
}

/* Can the call fail of EBADF though the descriptor is open, by its access mode? */
static bool may_be_bad(const struct rec *r, const struct descriptor *d)
{
	int mode = d->desc->flags & O_ACCMODE;

	if (d->desc->flags & O_PATH)
		return true;
	switch (r->op) {
	case OP_close:
	case OP_dup:
	case OP_dup2:
	case OP_dup3:
	case OP_fstat:
	case OP_fstatfs:
	case OP_fsync:
	case OP_fdatasync:
	case OP_flock:
	case OP_lseek:
	case OP_fchmod:
	case OP_fchown:
	case OP_fchdir:
	case OP_ftruncate:
	case OP_fsetxattr:
	case OP_fgetxattr:
	case OP_flistxattr:
	case OP_fremovexattr:
	case OP_getdents:
	case OP_getdents64:
		return false;
	case OP_fcntl:
		return rec_fcntl_is_lock(r->arg[1]);
	case OP_fallocate: /* where and how much is looked at before that */
		return mode == O_RDONLY && (int64_t)r->arg[2] >= 0 && (int64_t)r->arg[3] > 0;
	case OP_readahead:
		return mode == O_WRONLY;
	default:
		if (ops[r->op].cls == CLS_READ)
			return mode == O_WRONLY;
		return ops[r->op].cls != CLS_WRITE || mode == O_RDONLY;
	}
}

int model_fd_in(struct model *m, const struct rec *r, int32_t fd, uint64_t *slot,
	struct descriptor **d)
{
	*d = vfd_get(m->task, fd);
	if (!*d) {
		*slot = VFD_NONE;
		return r->ret == -EBADF ? 0 : LEFT_UNKNOWN_FD;
	}
	if (r->ret == -EBADF && !may_be_bad(r, *d)) { /* before it was opened, or after its close */
		*d = NULL;
		*slot = VFD_NONE;
		return 0;
	}
	if ((*d)->desc->kind != DESC_FILE)
		return model_left_of((*d)->desc->kind);
	if ((*d)->vfd == VFD_NUMBER_NONE)
		return LEFT_UNLINKED;
	*slot = (*d)->vfd;
	return model_touch(m, (*d)->order, TOUCH_SHARE);
}
