/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/paths.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/facts.h"
#include "utils/clock.h"

struct paths {
	struct sink *sink;
	struct dirs dirs;
	unsigned root_written; /* as written in struct name */
	extents extents;
	struct way *way; /* of the walks at hand, NULL = not wanted */
};

/* One walk, and who walks. */
struct walk {
	struct dirs_walk in;
	struct paths *paths;
	struct who who;
	struct start from;
};

int paths_open(struct paths **out, struct sink *sink, struct err *err)
{
	struct paths *n = calloc(1, sizeof(*n));

	if (!n || dirs_init(&n->dirs)) {
		free(n);
		return err_sys(err, ENOMEM, "cannot start the capture");
	}
	n->sink = sink;
	*out = n;
	return 0;
}

void paths_close(struct paths *n)
{
	vec_free(&n->extents);
	dirs_free(&n->dirs);
	free(n);
}

struct dirs *paths_dirs(struct paths *n)
{
	return &n->dirs;
}

void paths_again(struct paths *n)
{
	n->dirs.file++;
}

/* The type of what lstat(2) showed; mode 0: nothing. An absent one is looked at again each time. */
static void set_type(struct paths *n, struct name *entry, const char *path, mode_t mode)
{
	char text[PATH_MAX];
	ssize_t len;

	if (S_ISLNK(mode)) {
		len = readlink(path, text, sizeof(text));
		dirs_set_type(
			&n->dirs, entry, NAME_LINK, (struct str){text, len > 0 ? (size_t)len : 0});
	} else {
		dirs_set_type(&n->dirs, entry,
			S_ISDIR(mode) ? NAME_DIR
			: mode	      ? NAME_OTHER
				      : NAME_ABSENT,
			STR_NONE);
	}
}

/* Of PATH, which is looked at by WAY. ST is NULL for a name that does not exist. */
static void write_record(struct walk *w, struct str path, struct str way, const char *target,
	const struct stat *st)
{
	static const uint64_t none;
	struct rec rec = {.t = now_ns(), .pid = w->who.pid, .tid = w->who.tid};
	extents *data = &w->paths->extents;
	uint64_t acl[2];
	size_t len;
	int bits;

	rec.op = OP_state_path;
	rec.path = path;
	rec.path2 = str_of(target);
	if (st)
		rec.facts = facts_of_stat(st);
	else
		rec.facts.absent = true;
	if (st && S_ISREG(st->st_mode) && st->st_blocks * 512 < st->st_size &&
		!facts_extents(way.s, rec.facts.size, data)) {
		rec.vec = data->n ? data->v : &none;
		rec.nvec = (uint32_t)data->n;
	} else if (st && S_ISDIR(st->st_mode) && (bits = facts_default_acl(way.s, &len)) >= 0) {
		acl[0] = (uint64_t)bits;
		acl[1] = len;
		rec.vec = acl;
		rec.nvec = 2;
	}
	sink_put(w->paths->sink, &rec);
}

/*
 * The same by way of the start's descriptor: a program may stand where a directory above lets nobody
 * through by now. {NULL}: the entry is not below the start.
 */
static struct str near_path(const struct walk *w, struct str path, char buf[PATH_MAX])
{
	char of_start[PATH_MAX];
	struct str top = w->from.dir ? dirs_path(w->from.dir, STR(""), of_start) : STR_NONE;
	int len;

	if (!top.s || !str_starts(path, top) || path.len == top.len || path.s[top.len] != '/')
		return STR_NONE;
	if (w->from.fd == AT_FDCWD)
		len = snprintf(buf, PATH_MAX, "/proc/%u/cwd%s", w->from.tid, path.s + top.len);
	else
		len = snprintf(buf, PATH_MAX, "/proc/%u/fd/%d%s", w->from.tid, w->from.fd, path.s + top.len);
	return len < PATH_MAX ? (struct str){buf, (size_t)len} : STR_NONE;
}

/* Learns what the entry is now. False when that cannot be told (no permission, path too long). */
static bool look(struct dirs_walk *in, struct name *entry)
{
	struct walk *w = (struct walk *)in; /* its first member */
	bool written = entry->written == in->dirs->file;
	char buf[PATH_MAX], near[PATH_MAX];
	struct stat st = {0};
	struct str path, way;
	int rc;

	if (written && entry->type > NAME_ABSENT)
		return true;
	path = way = dirs_path(entry->parent, name_text(entry), buf);
	rc = path.s ? lstat(path.s, &st) : -1;
	if (path.s && rc && errno == EACCES) {
		way = near_path(w, path, near);
		rc = way.s ? lstat(way.s, &st) : -1;
	}
	if (!way.s || (rc && errno != ENOENT)) {
		entry->type = NAME_UNKNOWN;
		if (w->paths->way)
			w->paths->way->lost = true;
		return false;
	}
	set_type(w->paths, entry, way.s, st.st_mode);
	if (!written)
		write_record(w, path, way, entry->type == NAME_LINK ? entry->target : NULL,
			st.st_mode ? &st : NULL);
	entry->written = in->dirs->file;
	return true;
}

static void look_at_root(struct walk *w)
{
	struct stat st;

	if (w->paths->root_written == w->in.dirs->file || lstat("/", &st))
		return;
	write_record(w, STR("/"), STR("/"), NULL, &st);
	w->paths->root_written = w->in.dirs->file;
}

static bool pass(struct dirs_walk *in, struct name *entry)
{
	struct way *way = ((struct walk *)in)->paths->way;
	struct name **slot = vec_push(&way->names);

	if (slot)
		*slot = entry;
	else
		way->lost = true;
	way->stopped = way->stopped || way->stop(way, entry);
	return !way->stopped;
}

void paths_note(struct paths *n, struct way *way)
{
	n->way = way;
}

static struct walk walk_of(struct paths *n, struct who who, struct dir *root)
{
	struct walk w = {.in = {.dirs = &n->dirs, .root = root, .look = look}, .paths = n, .who = who};

	w.in.pass = n->way ? pass : NULL;
	look_at_root(&w);
	return w;
}

struct name *paths_walk(
	struct paths *n, struct who who, struct dir *root, struct start from, struct str path)
{
	struct walk w = walk_of(n, who, root);

	w.from = from;
	if (n->way && !from.dir && path.s[0] != '/')
		n->way->lost = true;
	return dirs_walk(&w.in, from.dir, path).last;
}

/* Whether the kernel's mark for removed files is really part of the name. */
static bool is_gone(struct str path)
{
	static const char mark[] = " (deleted)";
	const size_t len = sizeof(mark) - 1;
	char copy[PATH_MAX];
	struct stat st;

	if (path.len < len || memcmp(path.s + path.len - len, mark, len) != 0)
		return false;
	if (path.len >= sizeof(copy))
		return true;
	memcpy(copy, path.s, path.len);
	copy[path.len] = '\0';
	return lstat(copy, &st) != 0;
}

struct dir *paths_find(struct paths *n, struct who who, struct str path)
{
	struct walk w = walk_of(n, who, n->dirs.root);
	struct place p;

	if (path.len == 0 || path.s[0] != '/' || is_gone(path))
		return NULL;
	p = dirs_walk(&w.in, NULL, path);
	return p.dead ? NULL : p.dir;
}

void paths_list(struct paths *n, struct who who, struct dir *dir)
{
	struct walk w = walk_of(n, who, n->dirs.root);
	char buf[PATH_MAX];
	struct dirent *d;
	struct str path;
	DIR *handle;

	if (dir->listed == n->dirs.file || dir->pseudo)
		return;
	path = dirs_path(dir, STR(""), buf);
	handle = path.s ? opendir(path.s) : NULL;
	if (!handle)
		return;
	dir->listed = n->dirs.file;
	while ((d = readdir(handle))) {
		struct str text = str_of(d->d_name);
		struct name *entry;

		if (str_eqs(text, ".") || str_eqs(text, ".."))
			continue;
		entry = dirs_entry(&n->dirs, dir, text);
		if (entry && entry->written != n->dirs.file)
			look(&w.in, entry);
	}
	closedir(handle);
}

void paths_touch(struct name *entry)
{
	entry->type = NAME_UNKNOWN;
}

void paths_removed(struct name *entry)
{
	dirs_removed(entry);
}

/* Somebody else may have come between: both are looked at again. */
void paths_renamed(struct name *from, struct name *to, bool exchange)
{
	dirs_moved(from, to, exchange);
	paths_touch(from);
	paths_touch(to);
}
