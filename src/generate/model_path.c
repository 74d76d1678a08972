/* SPDX-License-Identifier: Apache-2.0 */
#include "generate/model.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "tree/tree.h"

/* ---- paths of the captured host as paths of the replay ---- */

int model_map(struct model *m, struct str path, struct buf *out)
{
	const struct vmount *mount = NULL;
	struct str rest = path, c;
	struct str tail = STR("");
	bool any = false;

	if (m->root) {
		buf_puts(out, m->root);
	} else {
		mount = names_mount_of(&m->names, path);
		while (mount && mount->pseudo && mount->len > 1) { /* a link may point into /proc */
			struct str up = {mount->point, mount->len};

			while (up.len > 1 && up.s[up.len - 1] != '/')
				up.len--;
			mount = names_mount_of(&m->names, up);
		}
		if (mount && mount->len > 1) {
			buf_add(out, mount->point, mount->len);
			rest.s += mount->len;
			rest.len -= mount->len;
		}
	}
	buf_puts(out, "/" TREE_DIR "/");
	buf_puts(out, m->name);
	/* "//" and "/./" are one step, but not at the end */
	while (str_take_char(&rest, '/', &c)) {
		bool dot = c.len == 1 && c.s[0] == '.';

		if (dot)
			tail = STR("/.");
		else if (c.len)
			tail = STR("");
		else if (any && !tail.len) /* "x/./" ends in a dot as "x/." does */
			tail = STR("/");
		if (c.len == 0 || dot)
			continue;
		any = true;
		buf_char(out, '/');
		buf_str(out, c);
	}
	buf_str(out, tail);
	return buf_ok(out) ? 0 : -ENOMEM;
}

/* DIR/TEXT without ".", ".." and double slashes, by the letter; OUT is overwritten. */
static void normalise(struct str dir, struct str text, struct buf *out)
{
	struct str part, c;
	int round;

	out->len = 0;
	for (round = 0; round < 2; round++) {
		part = round ? text : dir;
		if (round && text.len && text.s[0] == '/')
			out->len = 0;
		while (str_take_char(&part, '/', &c)) {
			if (c.len == 0 || (c.len == 1 && c.s[0] == '.'))
				continue;
			if (c.len == 2 && c.s[0] == '.' && c.s[1] == '.') {
				while (out->len && out->p[--out->len] != '/')
					;
				continue;
			}
			buf_char(out, '/');
			buf_str(out, c);
		}
	}
	if (out->len == 0)
		buf_char(out, '/');
}

/* Components of a canonical path. */
static unsigned depth_of(struct str path)
{
	unsigned n = 0;
	size_t i;

	for (i = 0; i + 1 < path.len; i++)
		if (path.s[i] == '/')
			n++;
	return n;
}

/* May a relative target stay as it is? When it stays in the tree by its text. */
static bool keep_target(struct model *m, struct str dir, struct str target)
{
	const struct vmount *here;
	unsigned ups = 0, depth;
	struct str c;

	if (target.len == 0 || target.s[0] == '/')
		return false;
	normalise(dir, target, &m->scratch);
	here = m->root ? NULL : names_mount_of(&m->names, dir);
	if (!m->root && names_mount_of(&m->names, buf_as_str(&m->scratch)) != here)
		return false;
	while (str_take_char(&target, '/', &c))
		ups += c.len == 2 && c.s[0] == '.' && c.s[1] == '.';
	depth = depth_of(dir);
	if (here && here->len > 1)
		depth -= depth_of((struct str){here->point, here->len});
	return ups <= depth;
}

int model_map_target(struct model *m, struct str dir, struct str target, struct buf *out)
{
	struct buf full = BUF_INIT;
	int rc;

	if (keep_target(m, dir, target)) {
		buf_str(out, target);
		return buf_ok(out) ? 0 : -ENOMEM;
	}
	normalise(dir, target, &full);
	rc = buf_ok(&full) ? model_map(m, buf_as_str(&full), out) : -ENOMEM;
	buf_free(&full);
	return rc;
}

/* ---- resolving ---- */

/*
 * "/proc/self/fd/N", "/proc/PID/fd/N", "/proc/thread-self/fd/N", "/dev/fd/N": the descriptor, or
 * NULL. *IS tells that the path is one of these. The first thread stands for its process. What comes
 * behind the number is *BELOW, without a string when nothing does.
 */
static struct descriptor *fd_of_path(
	const struct model *m, struct str path, bool *is, struct str *below)
{
	const struct task *t = vfd_task(&m->vfd, m->task->process->pid);
	struct str rest = path, who, number;
	uint64_t n;

	*is = false;
	*below = STR_NONE;
	if (str_starts(rest, STR("/dev/fd/"))) {
		rest.s += 8;
		rest.len -= 8;
	} else if (str_starts(rest, STR("/proc/"))) {
		rest.s += 6;
		rest.len -= 6;
		if (!str_take_char(&rest, '/', &who) || !str_starts(rest, STR("fd/")))
			return NULL;
		if (str_eqs(who, "thread-self"))
			t = m->task;
		else if (!str_eqs(who, "self") && (str_u64(who, &n) || n != m->task->process->pid))
			return NULL;
		rest.s += 3;
		rest.len -= 3;
	} else {
		return NULL;
	}
	if (!str_take_char(&rest, '/', &number))
		return NULL;
	*below = rest;
	*is = !str_u64(number, &n) && n <= INT32_MAX;
	return *is && t ? vfd_get(t, (int64_t)n) : NULL;
}

bool model_has_dotdot(struct str path)
{
	const char *p = path.s, *end = p + path.len;

	for (; p < end && (p = memchr(p, '.', (size_t)(end - p))); p++)
		if ((p == path.s || p[-1] == '/') && end - p >= 2 && p[1] == '.' && (end - p == 2 || p[2] == '/'))
			return true;
	return false;
}

/*
 * The descriptor is open, but was not when the call looked: nothing else is wrong with a call that
 * overlapped its open or its close.
 */
static bool is_culprit(const struct model *m, const struct rec *r, struct str path, enum arg_kind base)
{
	int i = op_arg_index(r->op, A_DIRFD2);

	if (base != A_DIRFD || !path.len)
		return false;
	return i < 0 || (int32_t)r->arg[i] == AT_FDCWD || vfd_get(m->task, (int32_t)r->arg[i]) ||
	       (r->path2.len && r->path2.s[0] == '/');
}

static int base_of(struct model *m, const struct rec *r, struct str path, enum arg_kind base,
	struct place *p, struct node **node)
{
	int i = base == A_NONE ? -1 : op_arg_index(r->op, base);
	struct descriptor *d;

	*node = m->task->fs->root ? m->task->fs->root : m->names.root;
	if (path.len && path.s[0] == '/') {
		/* An absolute path makes the descriptor argument meaningless. */
		if (i >= 0)
			m->out->call.arg[i] = VFD_CWD;
		return 0;
	}
	if (i < 0 || (int32_t)r->arg[i] == AT_FDCWD) {
		*node = m->task->fs->cwd;
		if (i >= 0)
			m->out->call.arg[i] = VFD_CWD;
		return *node ? model_touch_fs(m, TOUCH_SHARE) : LEFT_NO_DIRECTORY;
	}
	d = vfd_get(m->task, (int32_t)r->arg[i]);
	if (r->ret == -EBADF && (!d || is_culprit(m, r, path, base))) {
		p->bad_base = true;
		m->out->call.arg[i] = VFD_NONE;
		return 0;
	}
	if (!d)
		return LEFT_UNKNOWN_FD;
	if (d->desc->kind != DESC_FILE)
		return model_left_of(d->desc->kind);
	if (d->vfd == VFD_NUMBER_NONE)
		return LEFT_UNLINKED;
	m->out->call.arg[i] = d->vfd;
	*node = d->desc->node;
	if (path.len == 0)
		p->fd = d;
	return model_touch(m, d->order, TOUCH_SHARE);
}

/* The path as the call takes it: with RESOLVE_IN_ROOT the descriptor is the root directory. */
static struct str path_of(const struct rec *r, enum arg_kind which)
{
	struct str path = which == A_PATH2 ? r->path2 : r->path;

	if (!((uint64_t)model_arg(r, A_RESOLVE, 0) & RESOLVE_IN_ROOT) || !path.len ||
		path.s[0] != '/')
		return path;
	while (path.len && path.s[0] == '/') {
		path.s++;
		path.len--;
	}
	return path.len ? path : STR(".");
}

static bool is_replayed(const struct descriptor *d)
{
	return d && d->desc->kind == DESC_FILE && d->vfd != VFD_NUMBER_NONE;
}

/*
 * "/proc/self/fd/N/BELOW": as if it were relative to the directory behind the descriptor, where the
 * call has an argument for that.
 */
static int below_fd(struct model *m, const struct rec *r, enum arg_kind base, struct descriptor *d,
	struct str below, struct place *p)
{
	int i = base == A_NONE ? -1 : op_arg_index(r->op, base);

	if (!is_replayed(d) || !node_is_dir(d->desc->node) || model_arg(r, A_RESOLVE, 0))
		return LEFT_PSEUDO;
	while (below.len && below.s[0] == '/') {
		below.s++;
		below.len--;
	}
	p->text = below.len ? below : STR(".");
	if (i >= 0)
		m->out->call.arg[i] = d->vfd;
	else
		p->dotdot = true; /* the whole path, by names */
	return model_touch(m, d->order, TOUCH_SHARE);
}

/* A FIFO is not open in a replay: its name stands for its descriptor. */
static int place_by_name(struct model *m, struct node *n, struct place *p)
{
	struct entry *e = n->entry;

	if (!e)
		return LEFT_DEVICE;
	p->dotdot = true;
	p->node = p->w.node = n;
	p->w.entry = e;
	p->w.dir = p->w.at = e->dir;
	p->w.last = p->w.at_name = (struct str){e->name, e->len};
	return model_touch(m, &e->res, TOUCH_SHARE);
}

/* Of the link itself, which is there as long as the descriptor is. */
static bool reads_link(const struct rec *r)
{
	return (r->op == OP_readlink || r->op == OP_readlinkat) && r->ret > 0;
}

int model_place(struct model *m, const struct rec *r, enum arg_kind which, enum arg_kind base,
	unsigned flags, struct place *p)
{
	struct str path = path_of(r, which), below;
	uint64_t resolve = (uint64_t)model_arg(r, A_RESOLVE, 0);
	struct node *root = m->task->fs->root ? m->task->fs->root : m->names.root;
	struct descriptor *d;
	struct node *from;
	bool is_fd;
	int rc;

	*p = (struct place){0};
	if (!path.s) {
		struct node *ignored;

		/* Only utimensat(2) takes no path: the descriptor itself. */
		if (r->ret >= 0 && r->op != OP_utimensat && r->op != OP_futimesat)
			return LEFT_MALFORMED;
		p->missing = true;
		rc = base_of(m, r, STR("x"), base, p, &ignored);
		return rc == LEFT_NO_DIRECTORY ? 0 : rc;
	}
	p->text = path;
	p->dotdot = model_has_dotdot(path);
	rc = base_of(m, r, path, base, p, &from);
	if (rc || p->bad_base)
		return rc;
	d = fd_of_path(m, path, &is_fd, &below);
	if (is_fd && below.s) {
		rc = below_fd(m, r, base, d, below, p);
		if (rc)
			return rc;
		from = d->desc->node;
		path = p->text;
	} else if (is_fd && (!(flags & (WALK_NOFOLLOW | WALK_LAST)) || reads_link(r))) {
		if (d && d->desc->kind == DESC_DEVICE && d->desc->node)
			return place_by_name(m, d->desc->node, p);
		if (!is_replayed(d))
			return LEFT_PSEUDO;
		p->fd = d;
		rc = model_touch(m, d->order, TOUCH_SHARE);
	}
	if (p->fd) {
		p->node = p->fd->desc->node;
		return rc;
	}
	if (!path.len && (uint64_t)model_arg(r, A_ATFLAGS, 0) & AT_EMPTY_PATH) {
		p->relative = true; /* the working directory itself */
		p->node = p->w.node = p->w.dir = p->w.at = from;
		return 0;
	}
	p->from = from;
	if (!node_is_dir(from) && (from->mode & S_IFMT)) {
		p->relative = true; /* ENOTDIR, whatever the path */
		p->w.err = ENOTDIR;
		return 0;
	}
	if (resolve & (RESOLVE_BENEATH | RESOLVE_IN_ROOT) && r->ret != -EXDEV)
		p->scope = from;
	rc = names_walk(
		&m->names, from, resolve & RESOLVE_IN_ROOT ? from : root, path, flags, &p->w);
	if (rc)
		return rc;
	if (p->w.pseudo)
		return LEFT_PSEUDO;
	p->relative = path.len == 0 || path.s[0] != '/';
	p->node = p->w.node;
	if (p->node && p->node->mount && p->node->mount->pseudo)
		return LEFT_PSEUDO;
	return 0;
}

int model_no_way(struct model *m, const struct walk *w)
{
	struct str rest = w->broke_rest, name = {0};
	const struct entry *e;

	while (rest.len && !name.len)
		str_take_char(&rest, '/', &name);
	e = w->broke_at && name.len ? names_entry(&m->names, w->broke_at, name) : NULL;
	if (e && e->node && !node_is_link(e->node))
		model_gone(m, e); /* no directory */
	else if (w->err == ENOENT && name.len && !(e && e->node))
		m->surprise = (struct surprise){.what = SURPRISE_FOUND,
			.dir = w->broke_at,
			.name = name,
			.mode = S_IFDIR | 0755};
	return LEFT_CONFLICT;
}

static int found(struct model *m, const struct rec *r, const struct walk *w, uint32_t type)
{
	bool sure = r->facts.known && type == r->facts.mode;

	m->surprise = (struct surprise){.what = SURPRISE_FOUND,
		.dir = w->at,
		.name = w->at_name,
		.mode = type,
		.size = sure ? r->facts.size : 0,
		.sure = sure};
	return LEFT_CONFLICT;
}

/* The node has a type that the call could not have found. A type that was only guessed may be wrong. */
static bool of_other_type(const struct rec *r, const struct node *n, uint32_t type)
{
	uint32_t is = n->mode & S_IFMT;

	if (!is || (n->at_start && !n->in_inodes))
		return false;
	if (r->facts.known && type == r->facts.mode)
		return is != (type & S_IFMT);
	if (r->ret < 0)
		return r->ret == -EISDIR && is != S_IFDIR;
	switch (r->op) {
	case OP_readlink:
	case OP_readlinkat:
		return is != S_IFLNK;
	case OP_chdir:
	case OP_rmdir:
		return is != S_IFDIR;
	case OP_unlink:
		return is == S_IFDIR;
	case OP_unlinkat:
		return (is == S_IFDIR) != !!(model_arg(r, A_ATFLAGS, 0) & AT_REMOVEDIR);
	default:
		return false;
	}
}

int model_settle(struct model *m, const struct rec *r, struct place *p, int existed, uint32_t type)
{
	struct walk *w = &p->w;
	int rc = 0;

	if (p->missing || p->bad_base || p->fd)
		return 0;
	if (w->err) {
		if (existed == 1 && !m->force && !w->guess && r->ret != -w->err)
			return model_no_way(m, w);
		/* of two ways the second is not gone before the first one */
		if (r->ret == -ENOTDIR && w->err == ENOENT && !w->guess && !m->force &&
			!op_has(r->op, A_PATH2))
			return LEFT_CONFLICT;
		return 0;
	}
	if (existed == 1 && !p->node) {
		bool known = w->entry || w->at->complete;

		if (known && !m->force)
			return found(m, r, w, type);
		m->appeared += known;
		p->node = w->node = names_at_start(&m->names, w->at, w->at_name, &r->facts, type,
			STR_NONE);
		if (!p->node)
			return -ENOMEM;
		w->entry = p->node->entry;
	} else if (existed == 0 && p->node) {
		if (!m->force)
			return model_gone(m, w->entry);
	} else if (existed == 1 && w->entry && !w->slash && !m->force &&
		   of_other_type(r, p->node, type)) {
		return model_gone(m, w->entry);
	} else if (existed == 0 && !w->entry && w->at_name.len) {
		w->entry = names_set(&m->names, w->at, w->at_name, NULL);
		if (!w->entry)
			return -ENOMEM;
	}
	if (w->entry)
		rc = model_touch(m, &w->entry->res, TOUCH_SHARE);
	if (!rc && p->node && (r->ret == -EACCES || r->ret == -EPERM))
		rc = model_touch(m, &p->node->attr, TOUCH_SHARE);
	return rc;
}

int model_enter(struct model *m, struct walk *w, struct node *node)
{
	int rc;

	if (!w->at_name.len)
		return LEFT_MALFORMED;
	w->entry = names_set(&m->names, w->at, w->at_name, node);
	if (!w->entry)
		return -ENOMEM;
	model_changed(m, &w->entry->changed);
	model_grant(m, w->at, S_IWUSR | S_IXUSR);
	rc = model_touch(m, &w->entry->res, TOUCH_EXCLUSIVE);
	return rc ? rc : model_touch(m, &w->at->listing, TOUCH_MUTATE);
}

/* ---- the path of the line ---- */

static bool root_is_real(const struct model *m)
{
	return !m->task->fs->root || m->task->fs->root == m->names.root;
}

/*
 * Where the walk broke off: the directory it reached and the rest, which must fail the same way.
 * A ".." in it was never come to; any name stands for it.
 */
static int put_broken(const struct walk *w, struct buf *full)
{
	struct str rest = w->broke_rest, c;

	if (!names_path(w->broke_at, full))
		return -ENOENT;
	while (str_take_char(&rest, '/', &c)) {
		if (c.len == 0)
			continue;
		if (full->len > 1)
			buf_char(full, '/');
		if (c.len == 2 && c.s[0] == '.' && c.s[1] == '.')
			buf_char(full, 'x');
		else
			buf_str(full, c);
	}
	return 0;
}

static bool loops(struct model *m, struct str path)
{
	struct walk w = {0};

	return names_walk(&m->names, m->names.root, m->names.root, path, 0, &w) == 0 && w.err == ELOOP;
}

/* The first name of REST in DIR: a link that leads to itself, or to where it stands? */
static bool put_link_often(struct model *m, const struct node *dir, struct str rest, struct buf *full)
{
	struct str name = {0};
	int i;

	while (rest.len && !name.len)
		str_take_char(&rest, '/', &name);
	full->len = 0;
	for (i = 0; i <= LINKS_MAX && (i || names_path(dir, full)); i++) {
		if (full->len > 1)
			buf_char(full, '/');
		buf_str(full, name);
		if (i && i < LINKS_MAX)
			continue;
		buf_puts(full, "/x");
		if (!buf_ok(full) || loops(m, buf_as_str(full)))
			return buf_ok(full);
		full->len -= 2;
	}
	full->len = 0;
	return false;
}

/*
 * Too many symbolic links on a way with "..", which put_broken() cuts short: a path that has too many
 * of them again. As it stands, if what is behind them is not come to, or by one of the links alone.
 */
static bool put_loop(struct model *m, const struct place *p, struct buf *full)
{
	struct walk whole = {.broke_at = p->from, .broke_rest = p->text};

	if (p->text.s[0] == '/')
		return put_link_often(m, p->w.broke_at, p->w.broke_rest, full);
	if (!put_broken(&whole, full) && loops(m, buf_as_str(full)))
		return true;
	return put_link_often(m, p->w.broke_at, p->w.broke_rest, full) ||
	       put_link_often(m, p->from, p->text, full);
}

/* By names alone somebody who has not root's rights does not come to DIR. */
static bool is_shut_off(const struct model *m, const struct node *dir)
{
	while (dir && names_may_search(&m->names, dir))
		dir = dir->parent;
	return dir;
}

/* Does it matter to the call that the path's last name is "." or "..", whatever that leads to? */
static bool refuses_dots(const struct model *m, const struct rec *r)
{
	switch (r->op) {
	case OP_open:
	case OP_openat:
	case OP_openat2:
		return model_oflags(m, r) & O_CREAT;
	case OP_rmdir:
	case OP_unlink:
	case OP_unlinkat:
		return true;
	default:
		return op_has(r->op, A_PATH2);
	}
}

/*
 * A path whose last name is "." or ".." leads to a directory that the canonical path names as any
 * other: then "." is put behind it. rmdir(2) has an error of its own for "..", which a directory
 * that is not empty gives as well.
 */
static void put_dots(const struct model *m, const struct rec *r, struct str text, struct buf *full)
{
	bool removes = r->op == OP_rmdir ||
		       (op_has(r->op, A_ATFLAGS) && model_arg(r, A_ATFLAGS, 0) & AT_REMOVEDIR);

	while (text.len && text.s[text.len - 1] == '/')
		text.len--;
	if (!text.len || !refuses_dots(m, r))
		return;
	if (!removes || text.len == 1 || text.s[text.len - 2] != '.')
		buf_puts(full, full->len > 1 ? "/." : ".");
}

/* The part of FULL that is below the scope of P, or NULL: it is not. *RC is -ENOMEM then, too. */
static struct str below_scope(const struct place *p, const struct buf *full, int *rc)
{
	struct buf scope = BUF_INIT;
	struct str rest = STR_NONE, all = buf_as_str(full);

	if (p->scope && names_path(p->scope, &scope) && str_starts(all, buf_as_str(&scope)))
		rest = (struct str){all.s + scope.len, all.len - scope.len};
	if (!buf_ok(&scope)) {
		rest = STR_NONE;
		*rc = -ENOMEM;
	}
	if (scope.len > 1 && rest.len && rest.s[0] != '/')
		rest = STR_NONE;
	buf_free(&scope);
	while (rest.len && rest.s[0] == '/') {
		rest.s++;
		rest.len--;
	}
	return rest.s && !rest.len ? STR(".") : rest;
}

/* The call refused to follow a link, which nothing of the canonical path is. */
static bool put_refused_link(const struct rec *r, const struct place *p, struct buf *full)
{
	bool refuses = (uint64_t)model_arg(r, A_RESOLVE, 0) & RESOLVE_NO_SYMLINKS;

	if (r->ret != -ELOOP || !refuses || !p->w.link_at || !names_path(p->w.link_at, full))
		return false;
	if (full->len > 1)
		buf_char(full, '/');
	buf_str(full, p->w.link_name);
	buf_puts(full, "/x");
	return true;
}

/* The canonical path, or another one that gives the same error. */
static int put_way(struct model *m, const struct rec *r, struct str text, const struct place *p,
	struct buf *full)
{
	bool shut = r->ret == -EACCES && p->w.shut; /* by the canonical path it would not be gone through */
	int rc = 0;

	if (put_refused_link(r, p, full))
		return 0;
	if (shut)
		rc = names_path(p->w.shut, full) ? 0 : -ENOENT;
	else if (p->w.err == ELOOP && put_loop(m, p, full))
		;
	else if (p->w.err)
		rc = put_broken(&p->w, full);
	else if (!names_path(p->w.dir, full))
		rc = -ENOENT;
	if (rc)
		return rc;
	if (shut) {
		buf_puts(full, "/x");
	} else if (!p->w.err && p->w.last.len) {
		if (full->len > 1)
			buf_char(full, '/');
		buf_str(full, p->w.last);
	} else if (!p->w.err) {
		put_dots(m, r, text, full);
	}
	if (p->w.slash && p->w.last.len)
		buf_char(full, '/');
	return 0;
}

/* *INSIDE: the path is relative to the descriptor as before, since nothing else would be allowed.
 */
static int put_canonical(struct model *m, const struct rec *r, struct str text, struct place *p,
	struct buf *out, bool *inside)
{
	struct buf full = BUF_INIT;
	int rc = put_way(m, r, text, p, &full);
	struct str below;

	if (!rc && !buf_ok(&full))
		rc = -ENOMEM;
	if (!rc && p->relative && !p->whole && !p->w.crossed &&
		is_shut_off(m, p->w.err ? p->w.broke_at : p->w.dir))
		p->scope = p->from;
	below = rc ? STR_NONE : below_scope(p, &full, &rc);
	*inside = below.s;
	if (below.s)
		buf_str(out, below);
	else if (!rc)
		rc = model_map(m, buf_as_str(&full), out);
	buf_free(&full);
	return rc;
}

bool model_too_long(struct str path)
{
	struct str c;

	if (path.len >= PATH_MAX)
		return true;
	while (str_take_char(&path, '/', &c))
		if (c.len > NAME_MAX)
			return true;
	return false;
}

/* The text names what is mounted there, whose tree is another one. */
static bool names_mount_point(const struct place *p)
{
	const struct node *n = p->w.entry ? p->w.entry->node : NULL;

	return n && node_is_dir(n) && n->parent == p->w.dir && n->mount != p->w.dir->mount;
}

/* A way from the root of the replay's host may come over the border of a file system to the tree. */
static void allow_border(struct model *m, const struct rec *r)
{
	int i = op_arg_index(r->op, A_RESOLVE);

	if (i >= 0 && r->ret != -EXDEV)
		m->out->call.arg[i] &= ~(uint64_t)RESOLVE_NO_XDEV;
}

int model_put_path(struct model *m, const struct rec *r, enum arg_kind which, enum arg_kind base,
	struct place *p)
{
	struct buf *out = which == A_PATH2 ? &m->path2 : &m->path;
	struct str text = p->text;
	struct str *field = which == A_PATH2 ? &m->out->call.path2 : &m->out->call.path;
	int i = base == A_NONE ? -1 : op_arg_index(r->op, base);
	int rc = 0;

	if (p->missing) {
		*field = STR_NONE;
		return 0;
	}
	out->len = 0;
	if (!text.len) {
		/* nothing, or the descriptor itself */
	} else if (p->fd) {
		buf_addf(out, "%%fd/%u", p->fd->vfd);
	} else if (text.s[0] == '/' && p->w.err == ENOTDIR && !p->w.broke_at) {
		rc = model_map(m, text, out); /* from a root that is no directory */
	} else if (p->bad_base || (p->w.err == ENOTDIR && !p->w.broke_at)) {
		buf_str(out, text);
		if (p->dotdot && !model_too_long(text))
			out->len = 0, buf_char(out, 'x'); /* the descriptor decides, not the text */
	} else if (!p->dotdot && !p->w.crossed &&
		   (p->relative ? !names_mount_point(p) : root_is_real(m))) {
		if (p->relative)
			buf_str(out, text);
		else
			rc = model_map(m, text, out);
	} else {
		bool inside;

		rc = put_canonical(m, r, text, p, out, &inside);
		if (i >= 0 && !inside)
			m->out->call.arg[i] = VFD_CWD;
	}
	*field = buf_as_str(out);
	if (field->len && field->s[0] == '/')
		allow_border(m, r);
	if (!rc && model_too_long(*field))
		return LEFT_TOO_LONG;
	return rc == -ENOENT ? LEFT_NO_DIRECTORY : rc;
}
