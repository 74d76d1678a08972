/* SPDX-License-Identifier: Apache-2.0 */
#include "generate/model.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Operations on names: what they find, make, move and remove. */

static enum arg_kind base_kind(const struct rec *r)
{
	return op_has(r->op, A_DIRFD) ? A_DIRFD : A_NONE;
}

static bool at_flag(const struct rec *r, uint64_t flag)
{
	return (uint64_t)model_arg(r, A_ATFLAGS, 0) & flag;
}

/* Resolves the first path and writes it into the line. EXISTED as for model_settle(). */
static int first_path(struct model *m, const struct rec *r, unsigned flags, int existed,
	uint32_t type, struct place *p)
{
	int rc;

	if (existed == 1 || r->ret >= 0)
		flags |= WALK_PARENT;
	else if (r->ret == -ENOTDIR)
		flags |= WALK_NOTDIR;
	rc = model_place(m, r, A_PATH, base_kind(r), flags, p);
	if (!rc)
		rc = model_settle(m, r, p, existed, type);
	return rc ? rc : model_put_path(m, r, A_PATH, base_kind(r), p);
}

/* What the result says about the object of a call that needs it to be there. */
static int object_existed(const struct rec *r)
{
	return r->ret >= 0 ? 1 : r->ret == -ENOENT ? 0 : -1;
}

int model_stat(struct model *m, const struct rec *r)
{
	bool nofollow = r->op == OP_lstat || at_flag(r, AT_SYMLINK_NOFOLLOW);
	struct place p;
	int rc = first_path(m, r, nofollow ? WALK_NOFOLLOW : 0, object_existed(r),
		r->facts.known ? r->facts.mode : 0, &p);

	if (!rc)
		model_seen(r, p.node);
	return rc;
}

int model_access(struct model *m, const struct rec *r)
{
	struct place p;
	int rc = first_path(m, r, at_flag(r, AT_SYMLINK_NOFOLLOW) ? WALK_NOFOLLOW : 0,
		object_existed(r), 0, &p);

	if (rc || !p.node)
		return rc;
	/* of what is there nothing else is known: a directory, or a program */
	if (p.node->at_start && !p.node->mode && r->ret == 0 && (model_arg(r, A_AMODE, 0) & X_OK))
		p.node->mode = p.node->allowed = 0755;
	return model_touch(m, &p.node->attr, TOUCH_SHARE);
}

/* EINVAL says that it is no link, or comes of a buffer without bytes. */
static int link_existed(const struct rec *r)
{
	return r->ret == -EINVAL && (int)model_arg(r, A_LEN, 0) > 0 ? 1 : object_existed(r);
}

/*
 * Older captures carry the target in the call, if it was not too long for them: what is behind such
 * a link gets a name of ours, beside it.
 */
static int learn_target(struct place *p, struct str target)
{
	struct node *n = p->node;

	n->mode = S_IFLNK | 0777;
	if (target.s)
		n->target = strndup(target.s, target.len);
	else if (asprintf(&n->target, ".ioriot-behind.%.*s",
			 (int)(p->w.last.len > 200 ? 200 : p->w.last.len), p->w.last.s) < 0)
		n->target = NULL;
	return n->target ? 0 : -ENOMEM;
}

int model_readlink(struct model *m, const struct rec *r)
{
	struct place p;
	int rc = first_path(
		m, r, WALK_NOFOLLOW, link_existed(r), r->ret == -EINVAL ? 0 : S_IFLNK | 0777, &p);

	if (!rc && r->ret >= 0 && p.node && !p.node->target && !p.fd)
		rc = learn_target(&p, r->path2);
	m->out->call.path2 = STR_NONE;
	return rc;
}

/* Whoever goes through a directory needs its permission: before a change of that, or after it. */
static int touch_attr(struct model *m, const struct rec *r, struct node *n)
{
	bool permission = op_has(r->op, A_MODE) || op_has(r->op, A_UID);
	int rc = model_touch(m, &n->attr, TOUCH_EXCLUSIVE);

	if (op_has(r->op, A_MODE))
		n->allowed = (uint32_t)model_arg(r, A_MODE, 0);
	return rc || !permission || !node_is_dir(n) ? rc : order_wait_all(m->order);
}

int model_setattr(struct model *m, const struct rec *r)
{
	bool nofollow = r->op == OP_lchown || at_flag(r, AT_SYMLINK_NOFOLLOW);
	struct place p;
	int rc = first_path(m, r, nofollow ? WALK_NOFOLLOW : 0, object_existed(r), 0, &p);

	return rc || !p.node || r->ret < 0 ? rc : touch_attr(m, r, p.node);
}

/* A FIFO is not opened in a replay: what its descriptor changed is changed by its name. */
static int as_path(struct model *m, const struct rec *r, struct node *n)
{
	struct rec *call = &m->out->call;
	int rc;

	if (!names_path(n, &m->scratch))
		return LEFT_DEVICE;
	rc = buf_ok(&m->scratch) ? model_map(m, buf_as_str(&m->scratch), &m->path) : -ENOMEM;
	call->op = r->op == OP_fchmod ? OP_chmod : OP_chown;
	call->arg[0] = 0;
	call->path = buf_as_str(&m->path);
	if (!rc && model_too_long(call->path))
		return LEFT_TOO_LONG;
	if (!rc)
		rc = model_touch(m, &n->entry->res, TOUCH_SHARE);
	return rc ? rc : touch_attr(m, r, n);
}

int model_fsetattr(struct model *m, const struct rec *r)
{
	struct descriptor *d;
	int rc = model_fd(m, r, A_FD, &d);

	if (rc == LEFT_DEVICE && d->desc->node && r->ret == 0) {
		m->scratch.len = 0;
		return as_path(m, r, d->desc->node);
	}
	if (rc || !d || r->ret < 0)
		return rc;
	return touch_attr(m, r, d->desc->node);
}

/* ---- making ---- */

static int maker_found(const struct rec *r)
{
	return r->ret >= 0 ? 0 : r->ret == -EEXIST ? 1 : -1;
}

/* Resolves the place of a call that makes a name, and says whether there is something to enter. */
static int make_place(struct model *m, const struct rec *r, uint32_t type, struct place *p,
	bool *make)
{
	int rc = first_path(m, r, WALK_LAST, maker_found(r), type, p);

	*make = !rc && r->ret >= 0 && p->w.at && p->w.at_name.len;
	if (!rc && r->ret >= 0 && p->w.err && !m->force)
		return model_no_way(m, &p->w);
	/* but "name/" is no place for what is no directory */
	return !rc && r->ret == -ENOENT && p->w.at && !p->w.slash ? model_removed(m, p->w.at) : rc;
}

static int make_node(struct model *m, const struct rec *r, uint32_t mode)
{
	struct place p;
	struct node *n;
	bool make;
	int rc = make_place(m, r, mode, &p, &make);

	if (rc || !make)
		return rc;
	n = names_new(&m->names, p.w.at, mode);
	if (!n || model_touch_fs(m, TOUCH_SHARE)) /* its umask */
		return -ENOMEM;
	rc = model_inherit_acl(m, p.w.at, n);
	return rc ? rc : model_enter(m, &p.w, n);
}

int model_mkdir(struct model *m, const struct rec *r)
{
	return make_node(m, r, S_IFDIR | ((uint32_t)model_arg(r, A_MODE, 0755) & 07777));
}

int model_mknod(struct model *m, const struct rec *r)
{
	uint32_t mode = (uint32_t)model_arg(r, A_MODE, 0);

	return make_node(m, r, mode & S_IFMT ? mode : mode | S_IFREG);
}

/* Is the result that of making the name, not that of the socket? */
static bool of_the_name(int64_t ret)
{
	switch (ret) {
	case 0:
	case -EADDRINUSE:
	case -ENOENT:
	case -ENOTDIR:
	case -EACCES:
	case -ELOOP:
	case -EROFS:
	case -ENOSPC:
		return true;
	default:
		return false;
	}
}

/* A socket gets a name. EADDRINUSE is its EEXIST. */
int model_bind(struct model *m, const struct rec *r)
{
	struct rec as = *r;

	if (!r->path.len || !of_the_name(r->ret))
		return LEFT_SOCKET;
	if (r->ret == -EADDRINUSE)
		as.ret = -EEXIST;
	return make_node(m, &as, S_IFSOCK | 0777);
}

/* The target as it must read in the replay, seen from the directory where the link stands. */
static int put_target(struct model *m, const struct place *p, struct str target)
{
	struct buf dir = BUF_INIT;
	int rc;

	if (target.len >= PATH_MAX)
		return LEFT_TOO_LONG;
	if (!target.s || target.len == 0 || !p->w.at) {
		m->out->call.path2 = target.s ? STR("") : STR_NONE;
		if (target.len && !p->w.at) /* fails before the target matters */
			m->out->call.path2 = STR("x");
		return 0;
	}
	if (!names_path(p->w.at, &dir))
		buf_puts(&dir, "/");
	rc = buf_ok(&dir) ? model_map_target(m, buf_as_str(&dir), target, &m->path2) : -ENOMEM;
	buf_free(&dir);
	m->out->call.path2 = buf_as_str(&m->path2);
	if (!rc && (m->path2.len >= PATH_MAX ||
			   (m->path2.p[0] == '/' && model_too_long(m->out->call.path2))))
		return LEFT_TOO_LONG;
	return rc;
}

int model_symlink(struct model *m, const struct rec *r)
{
	enum arg_kind base = base_kind(r);
	struct str target = r->path2;
	struct place p;
	struct node *n;
	int rc = model_place(m, r, A_PATH, base, WALK_LAST | (r->ret >= 0 ? WALK_PARENT : 0), &p);

	if (!rc)
		rc = model_settle(m, r, &p, maker_found(r), S_IFLNK | 0777);
	if (rc)
		return rc;
	if (r->ret >= 0 && p.w.err && !m->force)
		return model_no_way(m, &p.w);
	if (r->ret == -ENOENT && target.len && p.w.at && !p.w.slash)
		rc = model_removed(m, p.w.at);
	if (rc)
		return rc;
	if (model_has_dotdot(target)) /* the reader checks that against the path of the link */
		target = r->ret < 0 ? STR("x") : target;
	p.whole = model_has_dotdot(target);
	p.dotdot |= p.whole;
	rc = model_put_path(m, r, A_PATH, base, &p);
	if (!rc)
		rc = put_target(m, &p, target);
	if (rc || r->ret < 0 || !p.w.at || !p.w.at_name.len)
		return rc;
	n = names_new(&m->names, p.w.at, S_IFLNK | 0777);
	if (!n)
		return -ENOMEM;
	n->target = strndup(r->path2.s ? r->path2.s : "", r->path2.len);
	return n->target ? model_enter(m, &p.w, n) : -ENOMEM;
}

static int second_path(
	struct model *m, const struct rec *r, int existed, uint32_t type, struct place *p)
{
	enum arg_kind base = op_has(r->op, A_DIRFD2) ? A_DIRFD2 : A_NONE;
	int rc = model_place(m, r, A_PATH2, base,
		WALK_LAST | (r->ret >= 0 || existed == 1 ? WALK_PARENT : 0), p);

	if (!rc)
		rc = model_settle(m, r, p, existed, type);
	return rc ? rc : model_put_path(m, r, A_PATH2, base, p);
}

/*
 * ENOENT is said of both names: when the new one has a directory, and with RENAME_EXCHANGE stands
 * there, the old one did not.
 */
static int source_gone(struct model *m, const struct rec *r, const struct place *from,
	const struct place *to, bool swap)
{
	struct node *at = to->w.at;

	if (r->ret != -ENOENT || m->force || !from->node || !from->w.entry || !at)
		return 0;
	if (to->w.slash || (swap && !to->node))
		return 0;
	if (!at->entry && at->parent) /* the directory is no more */
		return model_touch(m, &at->listing, TOUCH_AFTER);
	return model_gone(m, from->w.entry);
}

/* Who is confined to a tree is told EXDEV of it, before it is looked at. */
static bool is_tree_top(struct model *m, const struct node *n)
{
	m->scratch.len = 0;
	if (!n || !node_is_dir(n) || !names_path(n, &m->scratch))
		return false;
	return m->root ? n == m->names.root : names_mount_at(&m->names, buf_as_str(&m->scratch)) != NULL;
}

int model_link(struct model *m, const struct rec *r)
{
	bool follow = at_flag(r, AT_SYMLINK_FOLLOW);
	struct place from, to;
	int rc = first_path(m, r, follow ? 0 : WALK_NOFOLLOW, r->ret >= 0 ? 1 : -1, S_IFREG, &from);

	if (!rc && r->ret == -EPERM && is_tree_top(m, from.node))
		return LEFT_TREE_TOP;
	if (!rc)
		rc = second_path(m, r, maker_found(r), 0, &to);
	if (!rc)
		rc = source_gone(m, r, &from, &to, false);
	if (!rc && from.fd) /* needs a name that is left */
		rc = model_touch(m, &from.node->attr, TOUCH_EXCLUSIVE);
	if (rc || r->ret < 0)
		return rc;
	if (from.fd && names_hold(&m->names, from.node))
		return -ENOMEM;
	if ((to.w.err || !from.node) && !m->force)
		return model_no_way(m, &to.w);
	return to.w.at && from.node ? model_enter(m, &to.w, from.node) : 0;
}

/* ---- removing ---- */

static int unlink_existed(const struct rec *r, bool dir)
{
	if (r->ret >= 0 || r->ret == -ENOTEMPTY || r->ret == -EISDIR || (dir && r->ret == -ENOTDIR))
		return 1;
	return r->ret == -ENOENT ? 0 : -1;
}

/* What stood there, where nothing else tells. */
static uint32_t unlink_type(const struct rec *r, bool dir)
{
	bool was_dir = r->ret == -EISDIR || (dir && r->ret != -ENOTDIR);

	return was_dir ? S_IFDIR | 0755 : S_IFREG | 0644;
}

/* What could go away must have been empty, and what was refused was not. */
static int check_contents(struct model *m, const struct rec *r, struct node *n)
{
	const struct entry *held = names_held(n);

	if (m->force)
		return 0;
	if (r->ret >= 0 && held)
		return model_gone(m, held);
	if (r->ret != -ENOTEMPTY || held || (n->at_start && !n->complete))
		return 0;
	m->surprise = (struct surprise){.what = SURPRISE_FULL, .node = n};
	return LEFT_CONFLICT;
}

/* Whoever found that a name was not in the directory would find it in another one that comes in its place. */
static int wait_for_lookers(struct model *m, const struct node *dir)
{
	struct entry *e;
	int rc = 0;

	for (e = dir->entries; e && !rc; e = e->next)
		rc = model_touch(m, &e->res, TOUCH_LATER);
	return rc;
}

/*
 * A directory goes away, or is refused because of what is in it: after all changes in it. A file
 * has a name less, which matters to who gives it another by a descriptor.
 */
static int touch_removed(struct model *m, const struct rec *r, struct node *n, bool goes)
{
	int rc = 0;

	if (!n || (!node_is_dir(n) && r->ret < 0))
		return 0;
	if (goes && node_is_dir(n))
		rc = check_contents(m, r, n);
	if (rc)
		return rc;
	if (model_keep(m, n))
		return -ENOMEM;
	if (!node_is_dir(n))
		return model_touch(m, &n->attr, TOUCH_SHARE);
	if (r->ret == -ENOTEMPTY && names_fill(&m->names, n))
		return -ENOMEM;
	if (r->ret >= 0)
		rc = wait_for_lookers(m, n);
	return rc ? rc : model_touch(m, &n->listing, r->ret >= 0 ? TOUCH_EXCLUSIVE : TOUCH_SHARE);
}

int model_unlink(struct model *m, const struct rec *r)
{
	bool dir = r->op == OP_rmdir || at_flag(r, AT_REMOVEDIR);
	struct place p;
	int rc = first_path(m, r, WALK_LAST, unlink_existed(r, dir), unlink_type(r, dir), &p);

	if (!rc)
		rc = touch_removed(m, r, p.node, true);
	if (rc || r->ret < 0 || !p.node || !p.w.at)
		return rc;
	names_unfill(&m->names, p.node);
	return model_enter(m, &p.w, NULL);
}

/* ---- renaming ---- */

static int exchange(struct model *m, struct place *a, struct place *b)
{
	struct node *x = a->node, *y = b->node;
	int rc = model_keep(m, x);

	if (!rc)
		rc = model_keep(m, y);
	if (!rc)
		rc = model_enter(m, &a->w, y);
	return rc ? rc : model_enter(m, &b->w, x);
}

static int move(struct model *m, struct place *from, struct place *to)
{
	int rc = model_keep(m, from->node);

	if (!rc && to->node) {
		names_unfill(&m->names, to->node);
		rc = model_keep(m, to->node);
	}
	if (!rc)
		rc = names_move(&m->names, from->w.entry, to->w.at, to->w.at_name);
	if (rc)
		return rc;
	model_grant(m, from->w.at, S_IWUSR | S_IXUSR);
	model_grant(m, to->w.at, S_IWUSR | S_IXUSR);
	to->w.entry = names_entry(&m->names, to->w.at, to->w.at_name);
	model_changed(m, &from->w.entry->changed);
	model_changed(m, &to->w.entry->changed);
	rc = model_touch(m, &from->w.entry->res, TOUCH_EXCLUSIVE);
	if (!rc)
		rc = model_touch(m, &to->w.entry->res, TOUCH_EXCLUSIVE);
	if (!rc)
		rc = model_touch(m, &from->w.at->listing, TOUCH_MUTATE);
	return rc ? rc : model_touch(m, &to->w.at->listing, TOUCH_MUTATE);
}

/* "." and ".." are in the way before anything else is looked at. */
static bool ends_in_dots(struct str path)
{
	while (path.len && path.s[path.len - 1] == '/')
		path.len--;
	return path.len && path.s[path.len - 1] == '.' &&
	       (path.len == 1 || path.s[path.len - 2] == '/' ||
		       (path.s[path.len - 2] == '.' &&
			       (path.len == 2 || path.s[path.len - 3] == '/')));
}

int model_rename(struct model *m, const struct rec *r)
{
	uint64_t flags = (uint64_t)model_arg(r, A_RENFLAGS, 0);
	bool swap = flags & 2; /* RENAME_EXCHANGE */
	bool in_the_way = r->ret == -ENOTEMPTY || (r->ret == -EEXIST && !ends_in_dots(r->path2));
	int target = in_the_way || (r->ret >= 0 && swap) ? 1 : -1;
	uint32_t type = r->ret == -ENOTEMPTY ? S_IFDIR | 0755 : 0;
	struct place from, to;
	int rc = first_path(m, r, WALK_LAST, in_the_way || r->ret >= 0 ? 1 : -1,
		type ? type : S_IFREG | 0644, &from);

	if (!rc)
		rc = second_path(m, r, target, type, &to);
	if (!rc)
		rc = source_gone(m, r, &from, &to, swap);
	if (rc || (r->ret < 0 && !in_the_way))
		return rc;
	rc = touch_removed(m, r, to.node, !swap && from.node != to.node);
	if (rc || r->ret < 0)
		return rc;
	if (from.w.err || to.w.err || !from.node || !from.w.entry)
		return m->force ? 0 : model_no_way(m, from.w.err ? &from.w : &to.w);
	if (!to.w.at_name.len)
		return LEFT_MALFORMED;
	if (from.node == to.node) /* two names of one file: rename(2) does nothing */
		return 0;
	if (node_is_dir(from.node))
		rc = order_wait_all(m->order); /* whoever went through it did so before */
	if (rc)
		return rc;
	return swap ? exchange(m, &from, &to) : move(m, &from, &to);
}

/* ---- working directories ---- */

int model_chdir(struct model *m, const struct rec *r)
{
	struct node *node = NULL;
	int rc;

	if (r->op == OP_fchdir) {
		struct descriptor *d;

		rc = model_fd(m, r, A_FD, &d);
		node = d ? d->desc->node : NULL;
		if (!rc && node && r->ret == -EACCES)
			rc = model_touch(m, &node->attr, TOUCH_SHARE);
	} else {
		struct place p;

		rc = first_path(m, r, 0, object_existed(r), S_IFDIR | 0755, &p);
		if (rc == LEFT_PSEUDO && r->ret >= 0 && p.w.node)
			node = p.w.node;
		else if (!rc)
			node = p.node;
	}
	if (rc < 0 || rc == LEFT_CONFLICT || r->ret < 0)
		return rc;
	if (node && model_touch(m, &node->attr, TOUCH_AFTER))
		return -ENOMEM;
	if (node)
		node_get(node);
	if (m->task->fs->cwd)
		node_put(&m->names, m->task->fs->cwd);
	m->task->fs->cwd = node; /* NULL: somewhere that is not replayed */
	return rc ? rc : model_touch_fs(m, TOUCH_EXCLUSIVE);
}

int model_chroot(struct model *m, const struct rec *r)
{
	struct place p;
	int rc = first_path(m, r, 0, object_existed(r), S_IFDIR | 0755, &p);

	if (rc || r->ret < 0 || !p.node)
		return rc;
	node_get(p.node);
	if (m->task->fs->root)
		node_put(&m->names, m->task->fs->root);
	m->task->fs->root = p.node;
	return 0;
}

int model_umask(struct model *m, const struct rec *r)
{
	m->task->fs->umask = (uint32_t)r->arg[0] & 0777;
	return model_touch_fs(m, TOUCH_EXCLUSIVE);
}

int model_getcwd(struct model *m, const struct rec *r)
{
	struct node *cwd = m->task->fs->cwd;
	int rc;

	if (!cwd)
		return LEFT_NO_DIRECTORY;
	rc = r->ret == -ENOENT ? model_removed(m, cwd) : 0;
	if (!rc && cwd->entry) /* not after its removal */
		rc = model_touch(m, &cwd->entry->res, TOUCH_SHARE);
	return rc ? rc : model_touch_fs(m, TOUCH_SHARE);
}
