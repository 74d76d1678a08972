/* SPDX-License-Identifier: Apache-2.0 */
#include "generate/overlap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <sys/file.h>
#include <unistd.h>

#include "ops/aio.h"
#include "ops/ioctl.h"

/* ---- names ---- */

static struct str last_name(struct str path)
{
	const char *slash;

	while (path.len && path.s[path.len - 1] == '/')
		path.len--;
	slash = path.len ? memrchr(path.s, '/', path.len) : NULL;
	if (slash) {
		path.len -= (size_t)(slash + 1 - path.s);
		path.s = slash + 1;
	}
	return path;
}

static bool same_name(struct str a, struct str b)
{
	a = last_name(a);
	b = last_name(b);
	return a.len && str_eq(a, b);
}

static bool share_a_name(const struct rec *a, const struct rec *b)
{
	return same_name(a->path, b->path) || same_name(a->path, b->path2) ||
		same_name(a->path2, b->path) || same_name(a->path2, b->path2);
}

enum state { ANY, EXISTS, ABSENT };

/* What a call leaves of its first and second path. */
static void leaves(const struct rec *r, enum state left[2])
{
	left[0] = left[1] = ANY;
	if (r->ret < 0)
		return;
	switch (r->op) {
	case OP_open:
	case OP_openat:
	case OP_openat2:
		if (model_arg(r, A_OFLAGS, model_arg(r, A_HOW, 0)) & O_CREAT)
			left[0] = EXISTS;
		break;
	case OP_creat:
	case OP_mkdir:
	case OP_mkdirat:
	case OP_mknod:
	case OP_mknodat:
	case OP_bind:
	case OP_symlink:
	case OP_symlinkat:
		left[0] = EXISTS;
		break;
	case OP_link:
	case OP_linkat:
		left[1] = EXISTS;
		break;
	case OP_unlink:
	case OP_unlinkat:
	case OP_rmdir:
		left[0] = ABSENT;
		break;
	case OP_rename:
	case OP_renameat:
	case OP_renameat2:
		left[0] = ABSENT;
		left[1] = EXISTS;
		break;
	default:
		break;
	}
}

/* What a call found of its first path: the second one never decides about overlaps we know of. */
static enum state found(const struct rec *r)
{
	enum state left[2];

	if (!r->path.s || !op_has(r->op, A_PATH) || ops[r->op].flags & (OPF_STATE | OPF_LAYER))
		return ANY;
	leaves(r, left);
	if (r->ret == -ENOENT)
		return ABSENT;
	if (r->ret == -EEXIST || r->ret == -ENOTEMPTY || r->ret == -EISDIR)
		return EXISTS;
	if (r->ret < 0)
		return ANY;
	/* Who makes a name found none; an O_CREAT without O_EXCL takes either. */
	if (left[0] == EXISTS)
		return model_arg(r, A_OFLAGS, O_EXCL) & O_EXCL ? ABSENT : ANY;
	return EXISTS;
}

/* NAME stands for one of the directories on the way of PATH. */
static bool is_on_way(struct str path, struct str name)
{
	struct str c, last = last_name(path);

	name = last_name(name);
	path.len = last.s ? (size_t)(last.s - path.s) : 0;
	while (name.len && path.len && str_take_char(&path, '/', &c))
		if (str_eq(c, name))
			return true;
	return false;
}

static bool passes(const struct rec *r, struct str name)
{
	return is_on_way(r->path, name) || is_on_way(r->path2, name);
}

/* The way of a call, or where it broke off, is another one after CHANGE. */
static bool changes_way(const struct rec *change, const struct rec *r)
{
	enum state left[2], other;
	int i;

	if (!r->path.s || ops[r->op].flags & (OPF_STATE | OPF_LAYER) ||
		(r->ret < 0 && r->ret != -ENOENT && r->ret != -ENOTDIR))
		return false;
	leaves(change, left);
	other = r->ret == -ENOENT ? EXISTS : ABSENT;
	for (i = 0; i < 2; i++)
		if ((left[i] == other || (left[i] != ANY && r->ret == -ENOTDIR)) &&
			passes(r, i ? change->path2 : change->path))
			return true;
	return false;
}

/* What a link(2) found where it made the new name, or could not. */
static enum state found_second(const struct rec *r)
{
	if (r->op != OP_link && r->op != OP_linkat)
		return ANY;
	return r->ret == 0 ? ABSENT : r->ret == -EEXIST ? EXISTS : ANY;
}

static bool takes_name_away(const struct rec *change, const struct rec *r)
{
	enum state left[2], wants = found(r), second = found_second(r);

	if (changes_way(change, r))
		return true;
	leaves(change, left);
	if (second != ANY && ((left[0] != ANY && left[0] != second && same_name(change->path, r->path2)) ||
				     (left[1] != ANY && left[1] != second && same_name(change->path2, r->path2))))
		return true;
	if (wants == ANY)
		return false;
	return (left[0] != ANY && left[0] != wants && same_name(change->path, r->path)) ||
		(left[1] != ANY && left[1] != wants && same_name(change->path2, r->path));
}

/* ---- descriptors ---- */

static const struct node *node_behind(const struct model *m, const struct rec *r, enum arg_kind fd)
{
	const struct task *t = vfd_task(&m->vfd, r->tid);
	int i = op_arg_index(r->op, fd);
	const struct descriptor *d = t && i >= 0 ? vfd_get(t, (int32_t)r->arg[i]) : NULL;

	return d ? d->desc->node : NULL;
}

static const struct node *node_of(const struct model *m, const struct rec *r)
{
	return node_behind(m, r, A_FD);
}

static bool batch_writes(const struct model *m, const struct rec *r, const struct node *n)
{
	const struct task *t = vfd_task(&m->vfd, r->tid);
	uint64_t at;

	for (at = 0; t && at + AIOCB_NUMBERS <= r->nvec; at += AIOCB_NUMBERS) {
		uint64_t opcode = r->vec[at + AIOCB_OPCODE];
		const struct descriptor *d = vfd_get(t, (int32_t)r->vec[at + AIOCB_FD]);

		if (d && d->desc->node == n &&
			(opcode == IOCB_CMD_PWRITE || opcode == IOCB_CMD_PWRITEV))
			return true;
	}
	return false;
}

/* Is this the file whose bytes the call changes? */
static bool changes_node(const struct model *m, const struct rec *r, const struct node *n)
{
	if (r->op == OP_io_submit)
		return batch_writes(m, r, n);
	return node_behind(m, r, ops[r->op].cls == CLS_TRANSFER ? A_FD2 : A_FD) == n;
}

static bool frees_number(const struct rec *r, const struct rec *c)
{
	int64_t freed = (int32_t)c->arg[0];

	if (r->ret < 0 || r->pid != c->pid || (c->op != OP_close && c->op != OP_close_range))
		return false;
	if (r->op == OP_recv_fd)
		return c->op == OP_close_range || freed == (int32_t)r->arg[0];
	if (op_has(r->op, A_FDS))
		return c->op == OP_close_range || freed == model_arg(r, A_FDS, -1) ||
			freed == model_arg(r, A_FDS2, -1);
	return ops[r->op].flags & OPF_NEWFD && (c->op == OP_close_range || freed == r->ret);
}

static bool gives_number(const struct rec *c, int64_t fd)
{
	if (c->ret < 0)
		return false;
	if (c->op == OP_fcntl)
		return c->ret == fd && (c->arg[1] == F_DUPFD || c->arg[1] == F_DUPFD_CLOEXEC);
	return (ops[c->op].flags & OPF_NEWFD && c->ret == fd) || model_arg(c, A_FDS, -1) == fd ||
	       model_arg(c, A_FDS2, -1) == fd;
}

bool overlap_opens(const struct model *m, const struct rec *r, const struct rec *c)
{
	const struct task *t = vfd_task(&m->vfd, r->tid), *other = vfd_task(&m->vfd, c->tid);
	int i;

	if (!t || !other || t->files != other->files || r->ret == -EBADF)
		return false;
	for (i = 0; i < OP_ARGS; i++) {
		int64_t fd = (int32_t)r->arg[i];

		switch ((enum arg_kind)ops[r->op].arg[i]) {
		case A_FD:
		case A_FD2:
		case A_DIRFD:
		case A_DIRFD2:
			if (fd >= 0 && !vfd_get(t, fd) && gives_number(c, fd))
				return true;
			break;
		default:
			break;
		}
	}
	return false;
}

static bool uses_number(const struct rec *r, int64_t fd)
{
	int i;

	for (i = 0; i < OP_ARGS; i++)
		switch ((enum arg_kind)ops[r->op].arg[i]) {
		case A_FD:
		case A_FD2:
		case A_DIRFD:
		case A_DIRFD2:
			if ((int32_t)r->arg[i] == fd)
				return true;
			break;
		default:
			break;
		}
	return false;
}

/* The number whose descriptor the call closes or replaces, -1 = none. */
static int64_t taken_number(const struct rec *c)
{
	if (c->ret < 0)
		return -1;
	if (c->op == OP_close)
		return (int32_t)c->arg[0];
	if ((c->op == OP_dup2 || c->op == OP_dup3) && c->arg[0] != c->arg[1])
		return c->ret;
	return -1;
}

/* A call that used a descriptor, which CHANGE takes away. */
static bool takes_number(const struct model *m, const struct rec *change, const struct rec *r)
{
	const struct task *t = vfd_task(&m->vfd, r->tid), *other = vfd_task(&m->vfd, change->tid);
	int64_t fd = taken_number(change);

	return fd >= 0 && t && other && t->files == other->files && r->ret != -EBADF &&
	       uses_number(r, fd) && vfd_get(t, fd);
}

/* The kernel gives the same addresses again. */
static bool frees_memory(const struct rec *r, const struct rec *c)
{
	return (r->op == OP_mmap || r->op == OP_mremap) && r->ret >= 0 && r->pid == c->pid &&
	       c->ret >= 0 && (c->op == OP_munmap || c->op == OP_mremap);
}

static bool is_lock(const struct rec *r)
{
	return r->op == OP_flock || (r->op == OP_fcntl && rec_fcntl_is_lock(r->arg[1]));
}

static bool is_lease(const struct rec *r)
{
	return r->op == OP_fcntl && r->arg[1] == F_SETLEASE;
}

/* One of them is a call on the lease of a file that the other one opens. */
static bool opens_leased(const struct model *m, const struct rec *lease, const struct rec *open)
{
	const struct node *n = is_lease(lease) && ops[open->op].flags & OPF_NEWFD ? node_of(m, lease) : NULL;
	const struct entry *e = n ? n->entry : NULL;

	return e && same_name(open->path, (struct str){e->name, e->len});
}

/* Ends of processes drop locks too, on whatever file. */
static bool ends_a_task(const struct rec *r)
{
	return op_ends_thread(r->op) || r->op == OP_execve || r->op == OP_execveat;
}

static bool unlocks(const struct rec *r)
{
	if (r->op == OP_close || ends_a_task(r))
		return true;
	if (r->op == OP_flock)
		return r->arg[1] & LOCK_UN;
	return (is_lock(r) || is_lease(r)) && r->arg[2] == F_UNLCK;
}

static bool changes_size(const struct rec *r)
{
	enum op_class cls = ops[r->op].cls;

	if (r->op == OP_ioctl)
		return r->arg[1] == (unsigned)IOCTL_NR_FICLONE ||
			r->arg[1] == (unsigned)IOCTL_NR_FICLONERANGE;
	return cls == CLS_WRITE || cls == CLS_TRANSFER || r->op == OP_ftruncate || r->op == OP_fallocate ||
	       r->op == OP_io_submit;
}

static bool reads(const struct rec *r)
{
	return ops[r->op].cls == CLS_READ || ops[r->op].cls == CLS_TRANSFER;
}

/* ---- extended attributes ---- */

static bool changes_xattr(const struct rec *change, const struct rec *r)
{
	int left = model_xattr_left(change), found = model_xattr_found(r);

	return left >= 0 && found >= 0 && left != found && str_eq(change->path2, r->path2);
}

/* ---- the questions ---- */

bool overlap_may_help(const struct model *m, const struct rec *r, const struct rec *c)
{
	const struct node *n;

	if (share_a_name(r, c) || frees_number(r, c) || frees_memory(r, c))
		return true;
	if (passes(r, c->path) || passes(r, c->path2))
		return true;
	if (opens_leased(m, c, r) || opens_leased(m, r, c))
		return true;
	if (ends_a_task(c))
		return is_lock(r) || is_lease(r);
	if (r->op == OP_io_getevents || r->op == OP_io_pgetevents)
		return changes_size(c);
	if (!is_lock(r) && !is_lease(r) && !reads(r) && r->op != OP_lseek)
		return false;
	n = node_of(m, r);
	if (is_lock(r) || is_lease(r))
		return n && n == node_of(m, c) && (is_lock(c) || is_lease(c) || c->op == OP_close);
	return n && changes_size(c) && changes_node(m, c, n);
}

bool overlap_changes_name(const struct rec *c, struct str name)
{
	enum state left[2];

	leaves(c, left);
	if (!name.len)
		return left[0] != ANY || left[1] != ANY;
	return (left[0] != ANY && same_name(c->path, name)) ||
		(left[1] != ANY && same_name(c->path2, name));
}

bool overlap_resizes(const struct model *m, const struct rec *c, const struct node *n)
{
	const struct entry *e = n->entry;
	bool cuts = c->op == OP_truncate || model_arg(c, A_OFLAGS, model_arg(c, A_HOW, 0)) & O_TRUNC;

	if (changes_size(c))
		return changes_node(m, c, n);
	return cuts && e && same_name(c->path, (struct str){e->name, e->len});
}

bool overlap_changes(const struct rec *r)
{
	enum state left[2];

	leaves(r, left);
	return left[0] != ANY || left[1] != ANY || model_xattr_left(r) >= 0 || taken_number(r) >= 0 ||
		(r->ret >= 0 && (unlocks(r) || changes_size(r)));
}

static bool sees_the_end(const struct rec *r)
{
	if (r->ret < 0)
		return false;
	if (r->op == OP_lseek)
		return r->arg[2] == SEEK_END;
	if (!reads(r) || !op_has(r->op, A_FD))
		return false;
	return (uint64_t)r->ret < model_wanted(r);
}

/* A call that found the end of the file, which CHANGE moves. */
static bool moves_its_end(const struct model *m, const struct rec *change, const struct rec *r)
{
	const struct node *n;

	if (!changes_size(change) || !sees_the_end(r))
		return false;
	n = node_of(m, r);
	return n && changes_node(m, change, n);
}

static bool takes_lock_away(const struct model *m, const struct rec *change, const struct rec *r)
{
	const struct node *n;

	if (opens_leased(m, change, r))
		return unlocks(change) && r->ret == -EAGAIN;
	if (!is_lock(r) && !is_lease(r))
		return false;
	n = node_of(m, r);
	if (!n || (n != node_of(m, change) && !ends_a_task(change)))
		return false;
	return unlocks(change) && r->ret == -EAGAIN;
}

bool overlap_mends(const struct rec *change, const struct rec *between, const struct rec *r)
{
	enum state left[2], wants = found(r);
	int64_t fd = taken_number(change);

	/* the number was given out anew, and who began before it was taken has the old one */
	if (fd >= 0 && uses_number(r, fd))
		return gives_number(between, fd) && r->t - r->dur > change->t - change->dur;
	if (wants == ANY || !takes_name_away(change, r))
		return false;
	leaves(between, left);
	return (left[0] == wants && same_name(between->path, r->path)) ||
		(left[1] == wants && same_name(between->path2, r->path));
}

bool overlap_spoils(const struct model *m, const struct rec *change, const struct rec *r)
{
	return takes_name_away(change, r) || moves_its_end(m, change, r) ||
		takes_lock_away(m, change, r) || changes_xattr(change, r) || takes_number(m, change, r);
}
