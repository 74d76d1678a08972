/* SPDX-License-Identifier: Apache-2.0 */
#include "generate/model.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Operations on descriptors: how they come, are passed on and go, and the locks they carry. */

/* Owners of locks: even numbers are lock handles, odd ones descriptions. */
static uint64_t record_owner(uint32_t handle)
{
	return (uint64_t)handle << 1;
}

/* What the end of a descriptor of the task does: list items, resources, locks. */
static int end_descriptor(struct model *m, struct descriptor *d)
{
	struct vlist_item *item;
	int rc = 0;

	if (d->vfd != VFD_NUMBER_NONE) {
		item = vec_push(&m->list);
		if (!item)
			return -ENOMEM;
		item->kind = VITEM_FD;
		item->a = d->vfd;
		rc = model_touch(m, d->order, TOUCH_EXCLUSIVE);
	}
	if (!rc && d->desc->node) {
		struct node *node = d->desc->node;
		uint32_t lock;

		if (model_keep(m, node))
			return -ENOMEM;
		lock = vfd_lock_drop(&m->vfd, m->task, node);

		if (lock != VFD_NUMBER_NONE) {
			item = vec_push(&m->list);
			if (!item)
				return -ENOMEM;
			item->kind = VITEM_LOCK;
			item->a = lock;
			locks_drop(&node->held, record_owner(lock));
			rc = model_touch(m, &node->locks, TOUCH_EXCLUSIVE);
		}
		if (!rc && d->desc->refs == 1)
			rc = model_touch_leases(m, node, TOUCH_EXCLUSIVE);
		/* flock(2) and description locks, and leases, go with the last descriptor. */
		if (d->desc->refs == 1 && locks_drop(&node->held, description_owner(d->desc)) && !rc)
			rc = model_touch(m, &node->locks, TOUCH_EXCLUSIVE);
	}
	if (!rc && d->desc->kind == DESC_RING && d->desc->refs == 1)
		rc = model_ring_end(m, d->desc);
	/* The resource outlives the descriptor until this operation is committed. */
	if (d->vfd != VFD_NUMBER_NONE) {
		struct resource **keep = vec_push(&m->dying);

		if (!keep)
			return -ENOMEM;
		*keep = d->order;
		d->order = NULL;
	}
	return rc;
}

int model_close_fd(struct model *m, int64_t fd)
{
	struct descriptor *d = vfd_get(m->task, fd);
	int rc = d ? model_rings_remember(m, fd, d) : 0;

	if (d && !rc)
		rc = end_descriptor(m, d);
	if (d)
		vfd_close(&m->vfd, m->task, fd);
	return rc;
}

int model_close_displaced(struct model *m)
{
	struct displaced *p;
	int rc = 0;

	while (!rc && m->task->files->displaced.n) {
		p = &m->task->files->displaced.v[0];
		rc = end_descriptor(m, p->d);
		vfd_displaced_close(&m->vfd, m->task, p);
	}
	return rc;
}

int model_free_number(struct model *m, int64_t fd)
{
	if (!vfd_get(m->task, fd))
		return 0;
	m->reused++;
	return vfd_displace(&m->vfd, m->task, fd, m->rec->t);
}

static bool number_taken(const struct model *m, const struct rec *r)
{
	return !m->into && r->ret >= 0 && model_number_taken(m, r->ret);
}

static enum description_kind kind_of(const struct node *n, int flags, bool pseudo)
{
	if (pseudo || !n || (n->mount && n->mount->pseudo))
		return DESC_PSEUDO;
	switch (n->mode & S_IFMT) {
	case S_IFIFO:
	case S_IFSOCK: /* O_PATH only names the object, and waits for nobody */
		return flags & O_PATH ? DESC_FILE : DESC_DEVICE;
	case S_IFCHR:
	case S_IFBLK:
		return DESC_DEVICE;
	default:
		return DESC_FILE;
	}
}

static bool is_fifo(const struct node *n)
{
	return n && (n->mode & S_IFMT) == S_IFIFO;
}

static int open_fd(struct model *m, int64_t fd, struct node *node, int flags,
	bool pseudo, struct descriptor **out)
{
	enum description_kind kind = kind_of(node, flags, pseudo);
	struct descriptor *d;
	int rc;

	*out = NULL;
	rc = model_free_number(m, fd);
	if (rc)
		return rc;
	d = vfd_open(&m->vfd, m->task, fd, kind, kind == DESC_FILE || is_fifo(node) ? node : NULL, flags);
	if (!d)
		return -ENOMEM;
	d->cloexec = flags & O_CLOEXEC;
	*out = d;
	if (kind != DESC_FILE)
		return model_left_of(kind);
	model_description_began(d->desc);
	m->out->newfd = vfd_number(&m->vfd, d);
	return model_touch(m, d->order, TOUCH_EXCLUSIVE);
}

int model_open_fd(struct model *m, int64_t fd, struct node *node, int flags,
	bool pseudo, struct descriptor **out)
{
	struct fdtable *own = m->task->files;
	int rc = 0;

	if (m->into) {
		m->task->files = m->into;
		rc = model_close_fd(m, fd); /* the slot is free when something is in it */
	}
	if (!rc)
		rc = open_fd(m, fd, node, flags, pseudo, out);
	m->task->files = own;
	return rc;
}

static int create_file(struct model *m, struct place *p, uint32_t mode)
{
	p->node = names_new(&m->names, p->w.at, mode);
	if (!p->node || model_inherit_acl(m, p->w.at, p->node))
		return -ENOMEM;
	return model_enter(m, &p->w, p->node);
}

static int open_tmpfile(struct model *m, const struct rec *r, struct place *p, int flags)
{
	struct descriptor *d;
	struct node *n;
	int rc = model_settle(m, r, p, r->ret >= 0 ? 1 : -1, S_IFDIR | 0755);

	if (rc || r->ret < 0)
		return rc;
	n = names_new(&m->names, p->node, S_IFREG | 0600);
	if (!n || model_inherit_acl(m, p->node, n) || model_touch_fs(m, TOUCH_SHARE))
		return -ENOMEM;
	return model_open_fd(m, r->ret, n, flags, false, &d);
}

/* Was the opened file there before? Without a state record only what was found in it can tell. */
static bool made_by_open(const struct rec *r, const struct place *p, int flags)
{
	if (p->node || !(flags & O_CREAT))
		return false;
	if (p->w.entry || p->w.at->complete)
		return true;
	return !(r->facts.known && r->facts.size > 0 && !(flags & O_TRUNC));
}

static int open_found(struct model *m, const struct rec *r, struct place *p, int flags)
{
	uint32_t type = r->facts.known ? r->facts.mode : flags & O_DIRECTORY ? S_IFDIR | 0755 : 0;
	int rc;

	if ((flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL) && p->node && !m->force)
		return model_gone(m, p->w.entry);
	if (p->node && !m->force && model_lease_blocks(p->node, flags))
		return LEFT_CONFLICT;
	rc = model_settle(m, r, p, 1, type);
	if (rc)
		return rc;
	if (!(flags & O_PATH) && (flags & O_ACCMODE) != O_WRONLY)
		model_grant(m, p->node, S_IRUSR);
	if (!(flags & O_PATH) && (flags & O_ACCMODE) != O_RDONLY)
		model_grant(m, p->node, S_IWUSR);
	rc = model_touch(m, &p->node->attr, TOUCH_SHARE);
	if (!rc)
		rc = model_touch_leases(m, p->node, TOUCH_SHARE);
	if (!rc && flags & O_TRUNC && !(flags & O_PATH) && node_is_file(p->node))
		rc = model_cut(m, p->node, 0);
	return rc;
}

static int open_reopened(struct model *m, const struct rec *r, struct place *p, int flags)
{
	struct descriptor *d;
	int rc;

	if (r->ret < 0)
		return 0;
	if (number_taken(m, r) || (!m->force && model_lease_blocks(p->node, flags)))
		return LEFT_CONFLICT;
	rc = model_touch_leases(m, p->node, TOUCH_SHARE);
	if (!rc && flags & O_TRUNC && node_is_file(p->node))
		rc = model_cut(m, p->node, 0);
	return rc ? rc : model_open_fd(m, r->ret, p->node, flags, false, &d);
}

/* It stands there, and whoever captured could not see it: nothing else forbids to open it. */
static bool is_forbidden(const struct model *m, const struct place *p, int flags)
{
	return m->names.uid && !(flags & O_CREAT) && p->w.at && !p->w.entry && !p->w.at->complete &&
	       p->w.at_name.len && !p->w.shut;
}

static int open_failed(struct model *m, const struct rec *r, struct place *p, int flags)
{
	int existed = r->ret == -ENOENT ? 0 : r->ret == -EEXIST || r->ret == -EISDIR ? 1 : -1;
	uint32_t type = r->ret == -EISDIR ? S_IFDIR | 0755 : 0;

	if (r->ret == -EISDIR && flags & O_CREAT && p->w.slash) /* whatever stands there */
		existed = -1;
	if (r->ret == -EAGAIN && p->node)
		return model_lease_refused(m, r, p, flags);
	if (r->ret == -ENOTDIR && flags & O_DIRECTORY) {
		existed = 1;
		type = S_IFREG | 0644;
	}
	if (existed == 0 && flags & O_CREAT && p->w.at && !p->node) {
		int rc = model_removed(m, p->w.at);

		if (rc)
			return rc;
	}
	if (r->ret == -EACCES && is_forbidden(m, p, flags)) {
		existed = 1;
		type = S_IFREG;
	}
	return model_settle(m, r, p, existed, type);
}

int model_open(struct model *m, const struct rec *r)
{
	int flags = (int)model_oflags(m, r), rc;
	enum arg_kind base = op_has(r->op, A_DIRFD) ? A_DIRFD : A_NONE;
	bool nofollow = flags & O_NOFOLLOW || (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL);
	bool parent = r->ret >= 0 || r->ret == -EEXIST || r->ret == -EISDIR ||
		      (r->ret == -ENOTDIR && flags & O_DIRECTORY);
	unsigned way = parent ? WALK_PARENT : r->ret == -ENOTDIR ? WALK_NOTDIR : 0;
	struct descriptor *d;
	struct place p;
	int i = op_arg_index(r->op, A_OFLAGS);

	if (i < 0)
		i = op_arg_index(r->op, A_HOW);
	if (i >= 0)
		m->out->call.arg[i] = (uint64_t)(unsigned)flags;
	rc = model_place(m, r, A_PATH, base, (nofollow ? WALK_NOFOLLOW : 0) | way, &p);
	if (!rc)
		rc = model_put_path(m, r, A_PATH, base, &p);
	if (rc > 0 && rc < LEFT_COUNT && number_taken(m, r))
		return LEFT_CONFLICT;
	if (rc > 0 && rc < LEFT_COUNT && r->ret >= 0) { /* left out, but the number is taken now */
		int left = rc;

		rc = model_open_fd(m, r->ret, NULL, flags, true, &d);
		if (rc < 0 || model_kind_of_text(r->path) != DESC_TTY)
			return rc < 0 ? rc : left;
		d->desc->kind = DESC_TTY;
		return LEFT_TTY;
	}
	if (rc)
		return rc;
	if (p.fd)
		return open_reopened(m, r, &p, flags);
	if (number_taken(m, r))
		return LEFT_CONFLICT;
	if ((flags & O_TMPFILE) == O_TMPFILE)
		return open_tmpfile(m, r, &p, flags);
	if (r->ret < 0)
		return open_failed(m, r, &p, flags);
	if (p.w.err && !m->force)
		return model_no_way(m, &p.w);
	if (p.w.err)
		return LEFT_NO_DIRECTORY;
	if (flags & O_CREAT && model_touch_fs(m, TOUCH_SHARE)) /* its umask */
		return -ENOMEM;
	if (made_by_open(r, &p, flags))
		rc = create_file(m, &p, S_IFREG | 0644);
	else
		rc = open_found(m, r, &p, flags);
	if (rc)
		return rc;
	model_seen(r, p.node);
	return model_open_fd(m, r->ret, p.node, flags, false, &d);
}

/* The descriptor of a close is its argument, not an item of its list. */
static void drop_first_item(struct model *m)
{
	m->list.n--;
	memmove(m->list.v, m->list.v + 1, m->list.n * sizeof(*m->list.v));
}

/* The number belongs to another one by now: that was seen before the end of this call. */
static int close_displaced(struct model *m, struct displaced *p)
{
	int left = model_left_of(p->d->desc->kind), rc;

	if (left == LEFT_NONE && p->d->vfd == VFD_NUMBER_NONE)
		left = LEFT_UNLINKED;
	m->out->call.arg[0] = p->d->vfd;
	m->reused--;
	rc = end_descriptor(m, p->d);
	vfd_displaced_close(&m->vfd, m->task, p);
	if (rc || left)
		return rc ? rc : left;
	drop_first_item(m);
	return 0;
}

/* EINTR, EIO and friends: the descriptor is gone all the same (man 2 close). */
static bool has_closed(const struct rec *r)
{
	if (r->sqe.ring && (r->ret == -ECANCELED || r->ret == -EINVAL)) /* that was before any close */
		return false;
	return r->ret != -EBADF;
}

int model_close(struct model *m, const struct rec *r)
{
	struct displaced *p = vfd_displaced(m->task, (int32_t)r->arg[0], r->t - r->dur);
	struct descriptor *d;
	int rc, closed;

	if (p && has_closed(r))
		return close_displaced(m, p);
	rc = model_fd(m, r, A_FD, &d);

	if (d && d->desc->kind == DESC_RING && d->vfd != VFD_NUMBER_NONE) {
		m->out->call.arg[0] = d->vfd;
		rc = model_touch(m, d->order, TOUCH_SHARE);
	}

	if (!has_closed(r) || !vfd_get(m->task, (int32_t)r->arg[0]))
		return rc;
	closed = model_close_fd(m, (int32_t)r->arg[0]);
	if (m->list.n && rc == LEFT_NONE)
		drop_first_item(m);
	return closed < 0 ? closed : rc;
}

int model_close_range(struct model *m, const struct rec *r)
{
	uint64_t first = (uint32_t)r->arg[0], last = (uint32_t)r->arg[1], fd;
	struct fdtable *files;
	int rc = 0;

	if (r->ret < 0)
		return 0;
	if (r->arg[2] & CLOSE_RANGE_UNSHARE)
		rc = model_unshare_fds(m);
	files = m->task->files;
	for (fd = first; fd < files->n && fd <= last && !rc; fd++) {
		if (!files->v[fd])
			continue;
		if (r->arg[2] & CLOSE_RANGE_CLOEXEC)
			files->v[fd]->cloexec = true;
		else
			rc = model_close_fd(m, (int64_t)fd);
	}
	return rc;
}

int model_copied_fds(struct model *m, const struct task *task, const struct fdtable *from)
{
	uint32_t fd;

	for (fd = 0; fd < from->n; fd++) {
		struct descriptor *d = vfd_get(task, fd), *original = from->v[fd];
		struct vlist_item *item;
		int rc;

		if (!d || !original || original->vfd == VFD_NUMBER_NONE)
			continue;
		item = vec_push(&m->list);
		if (!item)
			return -ENOMEM;
		item->kind = VITEM_PAIR;
		item->a = original->vfd;
		item->b = vfd_number(&m->vfd, d);
		rc = model_touch(m, original->order, TOUCH_SHARE);
		if (!rc)
			rc = model_touch(m, d->order, TOUCH_EXCLUSIVE);
		if (rc)
			return rc;
	}
	return 0;
}

int model_unshare_fds(struct model *m)
{
	const struct fdtable *shared = m->task->files;

	if (vfd_task_unshare(&m->vfd, m->task))
		return -ENOMEM;
	return shared == m->task->files ? 0 : model_copied_fds(m, m->task, shared);
}

int model_dup_to(struct model *m, struct descriptor *from, int64_t to, bool cloexec)
{
	struct descriptor *d = vfd_dup(&m->vfd, m->task, from, to);

	if (!d)
		return -ENOMEM;
	d->cloexec = cloexec;
	if (from->desc->kind != DESC_FILE || from->vfd == VFD_NUMBER_NONE)
		return 0;
	m->out->newfd = vfd_number(&m->vfd, d);
	return model_touch(m, d->order, TOUCH_EXCLUSIVE);
}

/*
 * The descriptor that a call replaces by one that is no file: what is left of it is a close. LEFT: why
 * nothing is, if there was none.
 */
static int as_close(struct model *m, int64_t fd, int left)
{
	struct descriptor *d = vfd_get(m->task, fd);
	uint32_t vfd = d ? d->vfd : VFD_NUMBER_NONE;
	int rc = model_close_fd(m, fd);

	if (rc || vfd == VFD_NUMBER_NONE)
		return rc ? rc : left;
	drop_first_item(m);
	m->out->call.op = OP_close;
	m->out->call.arg[0] = vfd;
	m->out->call.ret = 0;
	return 0;
}

int model_dup(struct model *m, const struct rec *r)
{
	int32_t old = (int32_t)r->arg[0];
	struct descriptor *d;
	int rc = model_fd(m, r, A_FD, &d), closed;
	bool cloexec = r->op == OP_dup3 && model_oflags(m, r) & O_CLOEXEC;

	if (r->ret < 0)
		return rc;
	if (r->ret == old) { /* does nothing but check the descriptor; only of dup2 true */
		m->out->newfd = d ? d->vfd : VFD_NONE;
		return rc;
	}
	if (r->op == OP_dup && number_taken(m, r))
		return LEFT_CONFLICT;
	if (r->op == OP_dup && model_free_number(m, r->ret))
		return -ENOMEM;
	d = vfd_get(m->task, old);
	if (rc == LEFT_UNKNOWN_FD)
		return as_close(m, r->ret, rc);
	if (rc) { /* not a file: what it replaces may be one */
		struct descriptor *from = d;

		closed = as_close(m, r->ret, rc);
		if (closed < 0)
			return closed;
		rc = model_dup_to(m, from, r->ret, cloexec);
		return rc ? rc : closed;
	}
	closed = model_close_fd(m, r->ret);
	return closed ? closed : model_dup_to(m, d, r->ret, cloexec);
}

static int fcntl_dup(struct model *m, const struct rec *r, struct descriptor *d, int rc)
{
	bool cloexec = r->arg[1] == F_DUPFD_CLOEXEC;
	int done;

	if (r->ret < 0 || rc < 0 || r->ret == (int32_t)r->arg[0])
		return rc;
	if (number_taken(m, r))
		return LEFT_CONFLICT;
	done = model_free_number(m, r->ret);
	if (!done)
		done = model_dup_to(m, d, r->ret, cloexec);
	return done ? done : rc;
}

/* A lock call and what is held must fit each other, or they took effect in another order. */
static int settle_lock(struct model *m, struct node *node, const struct lock *lock, bool unlock,
	int64_t ret)
{
	bool blocked = !unlock && locks_conflict(&node->held, lock);

	if (!m->force && ((ret >= 0 && blocked) || (ret == -EAGAIN && !blocked)))
		return LEFT_CONFLICT;
	if (ret < 0)
		return 0;
	return unlock ? locks_unset(&node->held, lock) : locks_set(&node->held, lock);
}

/* What the start counts from; who waited for the lock had that before others moved it. */
static uint64_t lock_base(const struct rec *r, const struct descriptor *d)
{
	const struct node *n = d->desc->node;

	if (r->nvec)
		return r->vec[0];
	if (r->arg[3] == SEEK_END)
		return n->size.size;
	return r->arg[3] == SEEK_CUR ? d->desc->offset : 0;
}

/* The range of a struct flock, its base added: fcntl_locking(2). */
static struct lock lock_range(const struct rec *r, const struct descriptor *d)
{
	uint64_t start = lock_base(r, d) + r->arg[4];
	int64_t len = (int64_t)r->arg[5];
	struct lock l = {.kind = LOCK_RECORD, .exclusive = r->arg[2] == F_WRLCK, .start = start};

	if (len < 0) {
		l.start = start + (uint64_t)len;
		l.end = start;
	} else {
		l.end = len == 0 ? UINT64_MAX : start + (uint64_t)len;
	}
	return l;
}

/*
 * The start of a lock that was waited for, or is relative to the offset of a description that is not the one
 * which holds it in the replay (OTHER), or of a directory, whose offsets are the kernel's own. What led
 * beyond all offsets does so.
 */
static void put_start(struct model *m, const struct rec *r, const struct descriptor *d, bool other)
{
	uint64_t *arg = m->out->call.arg;
	bool current = r->arg[3] == SEEK_CUR;

	if (current && r->ret == -EOVERFLOW) {
		arg[3] = SEEK_SET;
		arg[4] = INT64_MAX;
		arg[5] = 2;
	} else if (r->nvec || (current && (other || node_is_dir(d->desc->node)))) {
		arg[3] = SEEK_SET;
		arg[4] = r->arg[4] + lock_base(r, d);
	}
}

/* What the range counts from must be there before the call, and what changes it must wait. */
static int touch_base(struct model *m, const struct descriptor *d)
{
	struct node *n = d->desc->node;

	switch (m->out->call.arg[3]) {
	case SEEK_CUR:
		return model_touch(m, d->desc->order, TOUCH_SHARE);
	case SEEK_END:
		n->seen_end |= node_is_file(n);
		return node_is_file(n) ? model_touch(m, &n->length, TOUCH_SHARE) : 0;
	default:
		return 0;
	}
}

static int fcntl_lock(struct model *m, const struct rec *r, struct descriptor *d)
{
	struct node *node = d->desc->node;
	bool get = r->arg[1] == F_GETLK || r->arg[1] == F_OFD_GETLK;
	bool posix = r->arg[1] == F_GETLK || r->arg[1] == F_SETLK || r->arg[1] == F_SETLKW;
	struct lock lock = lock_range(r, d);
	int rc;

	if (r->ret == -EINTR || r->ret == -EDEADLK)
		return LEFT_WAIT_BROKEN;
	lock.owner = description_owner(d->desc);
	posix = posix && r->ret != -EBADF && r->ret != -EINVAL && r->ret != -EFAULT;
	put_start(m, r, d, posix);
	if (posix) {
		m->out->lock = vfd_lock_handle(&m->vfd, m->task, node, true);
		if (m->out->lock == VFD_NUMBER_NONE)
			return -ENOMEM;
		lock.owner = record_owner(m->out->lock);
	}
	rc = get ? 0 : settle_lock(m, node, &lock, r->arg[2] == F_UNLCK, r->ret);
	if (!rc)
		rc = touch_base(m, d);
	return rc ? rc : model_touch(m, &node->locks, get ? TOUCH_SHARE : TOUCH_EXCLUSIVE);
}

/*
 * What is written before and after it goes to other places: all uses of the description have an order,
 * whichever the descriptor.
 */
static int fcntl_flags(struct model *m, const struct rec *r, struct descriptor *d)
{
	struct node *n = d->desc->node;
	int rc = model_touch(m, d->order, TOUCH_EXCLUSIVE);

	if (!rc && node_is_file(n) && (d->desc->flags ^ (int)r->arg[2]) & (O_APPEND | O_DIRECT))
		rc = model_touch(m, &n->users, TOUCH_EXCLUSIVE);
	d->desc->flags = (d->desc->flags & O_ACCMODE) | ((int)r->arg[2] & ~(O_ACCMODE | O_PATH));
	return rc ? rc : model_touch(m, d->desc->order, TOUCH_EXCLUSIVE);
}

int model_fcntl(struct model *m, const struct rec *r)
{
	struct descriptor *d;
	int rc = model_fd(m, r, A_FD, &d);

	d = vfd_get(m->task, (int32_t)r->arg[0]);
	if (!d)
		return rc;
	if (r->arg[1] == F_DUPFD || r->arg[1] == F_DUPFD_CLOEXEC)
		return fcntl_dup(m, r, d, rc);
	if (r->arg[1] == F_SETFD && r->ret == 0)
		d->cloexec = r->arg[2] & FD_CLOEXEC;
	if (!rc && r->arg[1] == F_SETFL && r->ret == 0)
		rc = fcntl_flags(m, r, d);
	if (!rc && rec_fcntl_is_lock(r->arg[1]))
		return fcntl_lock(m, r, d);
	if (!rc && (r->arg[1] == F_SETLEASE || r->arg[1] == F_GETLEASE))
		return model_lease(m, r, d);
	return rc;
}

int model_flock(struct model *m, const struct rec *r)
{
	struct lock lock = {.kind = LOCK_WHOLE, .exclusive = r->arg[1] & LOCK_EX, .end = UINT64_MAX};
	struct descriptor *d;
	struct node *node;
	int rc = model_fd(m, r, A_FD, &d);

	if (rc || !d)
		return rc;
	if (r->ret == -EINTR)
		return LEFT_WAIT_BROKEN;
	node = d->desc->node;
	lock.owner = description_owner(d->desc);
	rc = settle_lock(m, node, &lock, r->arg[1] & LOCK_UN, r->ret);
	return rc ? rc : model_touch(m, &node->locks, TOUCH_EXCLUSIVE);
}
