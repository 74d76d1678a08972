/* SPDX-License-Identifier: Apache-2.0 */
#include "init/renew.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "tree/remove.h"
#include "utils/beneath.h"

#define SHOW_PATH 512

static int fail(const struct plan *plan, const struct entry *e, int code, const char *what, struct err *err)
{
	char path[SHOW_PATH];

	return err_sys(err, code, "cannot %s %s", what, plan_show(plan, e, path, sizeof(path)));
}

static int open_dir(const struct plan *plan, const struct entry *dir, int flags)
{
	return open_beneath(plan->set.v[dir->tree].fd, dir->rest.s, flags | O_DIRECTORY);
}

static bool same(const struct entry *e, const struct stat *st)
{
	return e->ino == st->st_ino && e->changed.tv_nsec != 0 && e->changed.tv_sec == st->st_ctim.tv_sec &&
	       e->changed.tv_nsec == st->st_ctim.tv_nsec;
}

/* ---- how everything stands ---- */

struct looker {
	const struct plan *plan;
	const struct entry *dir; /* the one that is open */
	int fd;
};

static int look(struct looker *l, const struct entry *e, struct stat *st)
{
	if (!e->parent)
		return fstat(l->plan->set.v[e->tree].fd, st) < 0 ? -errno : 0;
	if (l->dir != e->parent) {
		if (l->dir)
			close(l->fd);
		l->fd = open_dir(l->plan, e->parent, O_PATH);
		l->dir = l->fd < 0 ? NULL : e->parent;
	}
	if (!l->dir)
		return l->fd;
	return fstatat(l->fd, e->name, st, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

static int note_all(struct looker *l, const entry_vec *entries, struct err *err)
{
	struct stat st;
	size_t i;
	int rc;

	for (i = 0; i < entries->n; i++) {
		struct entry *e = entries->v[i];

		rc = look(l, e, &st);
		/* An owner who may not pass a directory of his own: what is behind is made anew. */
		if (rc == -EACCES && geteuid() != 0)
			st = (struct stat){0};
		else if (rc)
			return fail(l->plan, e, -rc, "look at", err);
		e->ino = st.st_ino;
		e->changed = st.st_ctim;
	}
	return 0;
}

int renew_note(struct plan *plan, struct err *err)
{
	struct looker l = {.plan = plan};
	int rc = note_all(&l, &plan->dirs, err);

	if (rc == 0)
		rc = note_all(&l, &plan->nodes, err);
	if (rc == 0)
		rc = note_all(&l, &plan->hardlinks, err);
	if (l.dir)
		close(l.fd);
	return rc;
}

/* ---- what is to go ---- */

struct sorting {
	struct plan *plan;
	struct renewed *what;
	struct buf names, path;
};

static int read_names(struct buf *names, int fd)
{
	DIR *d = fdopendir(dup(fd));
	struct dirent *e;

	if (!d)
		return -errno;
	names->len = 0;
	while ((e = readdir(d)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			buf_add(names, e->d_name, strlen(e->d_name) + 1);
	closedir(d);
	return buf_ok(names) ? 0 : -ENOMEM;
}

/* Its owner, who is not root, must get into it and change it. Its mode is set again at the end. */
static void loosen(struct entry *dir, const struct stat *st, int parent)
{
	char path[32];

	if (geteuid() == 0 || (st->st_mode & 0700) == 0700)
		return;
	dir->clean = false;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", parent);
	if (dir->parent)
		fchmodat(parent, dir->name, 0700, 0); /* a failure shows when it is opened */
	else
		chmod(path, 0700);
}

/* True when it may stay: a directory whatever happened in it, the rest unchanged. */
static bool stays(struct entry *e, int dir, const struct stat *st)
{
	if (e->kind == INIT_DIR && S_ISDIR(st->st_mode) && e->ino == st->st_ino) {
		e->there = true;
		e->clean = same(e, st) && !e->inherits;
		loosen(e, st, dir);
		return true;
	}
	if (e->kind == INIT_DIR || !same(e, st))
		return false;
	e->there = e->clean = true;
	return true;
}

static int sort_out_name(struct sorting *s, const struct entry *dir, int fd, const char *name, struct err *err)
{
	struct removed removed = {0};
	struct entry *e;
	struct stat st;
	int rc;

	s->path.len = 0;
	buf_str(&s->path, dir->rest);
	if (dir->rest.len)
		buf_char(&s->path, '/');
	buf_puts(&s->path, name);
	if (!buf_ok(&s->path))
		return err_sys(err, ENOMEM, "the tree");
	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return fail(s->plan, dir, errno, "look into", err);
	e = plan_find(s->plan, dir->tree, buf_as_str(&s->path));
	if (e && stays(e, fd, &st))
		return 0;
	rc = remove_entry(fd, name, &removed, err);
	s->what->removed += removed.entries;
	return rc;
}

/* Attributes that a replay gave it; those of the plan are set anew. */
static void remove_attributes(int fd)
{
	char names[4096];
	ssize_t len = flistxattr(fd, names, sizeof(names)), at;

	for (at = 0; at < len; at += (ssize_t)strlen(names + at) + 1)
		if (strncmp(names + at, "security.", 9) != 0)
			fremovexattr(fd, names + at);
}

static int sort_out_dir(struct sorting *s, struct entry *dir, struct err *err)
{
	int fd = open_dir(s->plan, dir, O_RDONLY), rc;
	size_t at;

	if (fd < 0)
		return fail(s->plan, dir, -fd, "open", err);
	if (!dir->clean)
		remove_attributes(fd);
	rc = read_names(&s->names, fd);
	if (rc)
		fail(s->plan, dir, -rc, "read", err);
	for (at = 0; rc == 0 && at < s->names.len; at += strlen(s->names.p + at) + 1)
		rc = sort_out_name(s, dir, fd, s->names.p + at, err);
	close(fd);
	return rc;
}

static void begin(const struct plan *plan, entry_vec *entries)
{
	struct stat st;
	size_t i;

	for (i = 0; i < entries->n; i++) {
		struct entry *e = entries->v[i];
		int tree = plan->set.v[e->tree].fd;

		e->there = e->clean = false;
		if (e->parent || fstat(tree, &st) < 0)
			continue;
		e->there = true;
		e->clean = same(e, &st) && !e->inherits;
		loosen(e, &st, tree);
	}
}

static void count(const entry_vec *entries, struct renewed *what)
{
	size_t i;

	for (i = 0; i < entries->n; i++)
		if (entries->v[i]->there)
			what->kept++;
		else
			what->made++;
}

int renew_sort_out(struct plan *plan, struct renewed *what, struct err *err)
{
	struct sorting s = {.plan = plan, .what = what};
	size_t i;
	int rc = 0;

	*what = (struct renewed){0};
	begin(plan, &plan->dirs);
	begin(plan, &plan->nodes);
	begin(plan, &plan->hardlinks);
	for (i = 0; rc == 0 && i < plan->dirs.n; i++) /* parents come first */
		if (plan->dirs.v[i]->there)
			rc = sort_out_dir(&s, plan->dirs.v[i], err);
	buf_free(&s.names);
	buf_free(&s.path);
	count(&plan->dirs, what);
	count(&plan->nodes, what);
	count(&plan->hardlinks, what);
	return rc;
}
