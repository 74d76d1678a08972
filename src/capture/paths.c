/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/paths.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/facts.h"
#include "datas/arena.h"
#include "datas/hmap.h"
#include "tree/mounts.h"
#include "utils/clock.h"

#define LINKS_MAX 40 /* MAXSYMLINKS of the kernel */

/* What an entry was when it was looked at last. An absent one is looked at again each time. */
enum name_type { NAME_UNKNOWN, NAME_ABSENT, NAME_DIR, NAME_LINK, NAME_OTHER };

struct name {
	struct hnode node; /* by the parent's id and the text */
	struct dir *parent;
	struct dir *dir;     /* NAME_DIR */
	const char *target;  /* NAME_LINK */
	enum name_type type;
	bool written;	/* has its state_path record */
	bool mount_way; /* a mount point, or on the way to one */
	size_t len;
	char text[];
};

struct dir {
	uint64_t id;
	struct name *at; /* NULL: the root directory */
	bool cut;	 /* was removed: what is in it has no path any more */
	bool listed;	 /* all entries have their records */
	bool pseudo;	 /* of a pseudo file system */
};

struct paths {
	struct sink *sink;
	struct arena arena;
	struct hmap map;
	struct dir *root;
	bool root_written;
	uint64_t ids;
	extents extents;
};

/* One walk: who walks, where its "/" is, and how many links it may still follow. */
struct walk {
	struct paths *paths;
	struct who who;
	struct dir *root;
	int links;
};

static struct dir *make_dir(struct paths *n, struct name *at)
{
	struct dir *dir = arena_alloc(&n->arena, sizeof(*dir));

	if (!dir)
		return NULL;
	dir->id = ++n->ids;
	dir->at = at;
	dir->pseudo = at && at->parent->pseudo;
	return dir;
}

int paths_open(struct paths **out, struct sink *sink, struct err *err)
{
	struct paths *n = calloc(1, sizeof(*n));

	if (n)
		n->root = make_dir(n, NULL);
	if (!n || !n->root) {
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
	hmap_free(&n->map);
	arena_free(&n->arena);
	free(n);
}

struct dir *paths_root(struct paths *n)
{
	return n->root;
}

static struct name *find_entry(struct paths *n, struct dir *dir, struct str text)
{
	struct hnode *h;

	for (h = hmap_first(&n->map, hash_bytes(text.s, text.len, dir->id)); h; h = hmap_next(h)) {
		struct name *name = hmap_entry(h, struct name, node);

		if (name->parent == dir && str_eq((struct str){name->text, name->len}, text))
			return name;
	}
	return NULL;
}

/* Finds or makes it. NULL: memory is out, or no file system has names of that length. */
static struct name *entry_of(struct paths *n, struct dir *dir, struct str text)
{
	struct name *name = find_entry(n, dir, text);

	if (name || text.len > NAME_MAX)
		return name;
	name = arena_alloc(&n->arena, sizeof(*name) + text.len + 1);
	if (!name)
		return NULL;
	name->parent = dir;
	name->len = text.len;
	memcpy(name->text, text.s, text.len);
	if (hmap_insert(&n->map, &name->node, hash_bytes(text.s, text.len, dir->id)))
		return NULL;
	return name;
}

/* Puts "/TEXT" of DIR and of all above it before P; NULL when cut off or longer than BUF. */
static char *put_dir(const struct dir *dir, char *buf, char *p)
{
	for (; dir->at; dir = dir->at->parent) {
		const struct name *name = dir->at;

		if (dir->cut || (size_t)(p - buf) < name->len + 1)
			return NULL;
		p -= name->len;
		memcpy(p, name->text, name->len);
		*--p = '/';
	}
	return p;
}

/* Canonical path of an entry, or of DIR itself when TEXT is empty. BUF has PATH_MAX bytes. */
static struct str path_of(const struct dir *dir, struct str text, char *buf)
{
	char *end = buf + PATH_MAX - 1, *p = end;

	*p = '\0';
	if (text.len) {
		p -= text.len;
		memcpy(p, text.s, text.len);
		*--p = '/';
	}
	p = put_dir(dir, buf, p);
	if (!p)
		return STR_NONE;
	if (p == end)
		*--p = '/';
	return (struct str){p, (size_t)(end - p)};
}

void paths_add_mount(struct paths *n, struct str point, const char *type)
{
	struct dir *dir = n->root;
	struct str part;

	while (dir && str_take_char(&point, '/', &part)) {
		struct name *entry = part.len ? entry_of(n, dir, part) : NULL;

		if (!entry)
			continue;
		entry->mount_way = true;
		if (!entry->dir)
			entry->dir = make_dir(n, entry);
		dir = entry->dir;
	}
	if (dir)
		dir->pseudo = fs_is_pseudo(type);
}

static void set_link(struct paths *n, struct name *entry, const char *path)
{
	char text[PATH_MAX];
	ssize_t len = readlink(path, text, sizeof(text));

	entry->target = len > 0 ? arena_strdup(&n->arena, (struct str){text, (size_t)len}) : NULL;
	entry->type = entry->target ? NAME_LINK : NAME_OTHER;
}

static void set_type(struct paths *n, struct name *entry, const char *path, mode_t mode)
{
	if (entry->dir && !S_ISDIR(mode)) { /* removed by somebody else */
		entry->dir->cut = true;
		entry->dir = NULL;
	}
	if (S_ISLNK(mode)) {
		set_link(n, entry, path);
	} else if (S_ISDIR(mode)) {
		if (!entry->dir)
			entry->dir = make_dir(n, entry);
		entry->type = entry->dir ? NAME_DIR : NAME_OTHER;
	} else {
		entry->type = mode ? NAME_OTHER : NAME_ABSENT;
	}
}

/* ST is NULL for a name that does not exist. */
static void write_record(struct walk *w, struct str path, const char *target, const struct stat *st)
{
	static const uint64_t none;
	struct rec rec = {.t = now_ns(), .pid = w->who.pid, .tid = w->who.tid};
	extents *data = &w->paths->extents;

	rec.op = OP_state_path;
	rec.path = path;
	rec.path2 = str_of(target);
	if (st)
		rec.facts = facts_of_stat(st);
	else
		rec.facts.absent = true;
	if (st && S_ISREG(st->st_mode) && st->st_blocks * 512 < st->st_size &&
		!facts_extents(path.s, rec.facts.size, data)) {
		rec.vec = data->n ? data->v : &none;
		rec.nvec = (uint32_t)data->n;
	}
	sink_put(w->paths->sink, &rec);
}

/* Learns what the entry is now. False when that cannot be told (no permission, path too long). */
static bool look(struct walk *w, struct name *entry)
{
	char buf[PATH_MAX];
	struct stat st = {0};
	struct str path;

	if (entry->written && entry->type > NAME_ABSENT)
		return true;
	path = path_of(entry->parent, (struct str){entry->text, entry->len}, buf);
	if (!path.s || (lstat(path.s, &st) && errno != ENOENT)) {
		entry->type = NAME_UNKNOWN;
		return false;
	}
	set_type(w->paths, entry, path.s, st.st_mode);
	if (!entry->written)
		write_record(w, path, entry->type == NAME_LINK ? entry->target : NULL,
			st.st_mode ? &st : NULL);
	entry->written = true;
	return true;
}

static void look_at_root(struct walk *w)
{
	struct stat st;

	if (w->paths->root_written || lstat("/", &st))
		return;
	write_record(w, STR("/"), NULL, &st);
	w->paths->root_written = true;
}

/* Where a walk is: in a directory, or at an entry that is none. */
struct place {
	struct dir *dir;
	struct name *last; /* entry of the component walked last, unfollowed; NULL: "..", or lost */
	bool dead;	   /* nothing can follow: absent, not a directory, not known */
};

static void walk_path(struct walk *w, struct place *p, struct str path);

static void follow(struct walk *w, struct place *p, struct name *link)
{
	struct str target = str_of(link->target);

	if (w->links-- == 0) {
		p->dead = true;
		return;
	}
	if (target.s[0] == '/')
		p->dir = w->root;
	walk_path(w, p, target);
}

static void step(struct walk *w, struct place *p, struct str part)
{
	struct name *entry;

	if (str_eqs(part, "..")) {
		p->last = NULL;
		if (p->dir != w->root && p->dir->at)
			p->dir = p->dir->at->parent;
		return;
	}
	entry = p->dir->pseudo ? find_entry(w->paths, p->dir, part)
			       : entry_of(w->paths, p->dir, part);
	if (!entry || (p->dir->pseudo && !entry->mount_way) || !look(w, entry)) {
		*p = (struct place){.dead = true};
		return;
	}
	if (entry->type == NAME_LINK)
		follow(w, p, entry);
	else if (entry->type == NAME_DIR)
		p->dir = entry->dir;
	else
		p->dead = true;
	p->last = entry;
}

static void walk_path(struct walk *w, struct place *p, struct str path)
{
	struct str part;

	while (str_take_char(&path, '/', &part)) {
		if (part.len == 0 || str_eqs(part, "."))
			continue;
		if (p->dead) {
			p->last = NULL;
			return;
		}
		step(w, p, part);
	}
}

static struct walk walk_of(struct paths *n, struct who who, struct dir *root)
{
	struct walk w = {.paths = n, .who = who, .root = root, .links = LINKS_MAX};

	look_at_root(&w);
	return w;
}

struct name *paths_walk(struct paths *n, struct who who, struct dir *root, struct dir *from,
	struct str path)
{
	struct walk w = walk_of(n, who, root);
	struct place p = {.dir = path.len && path.s[0] == '/' ? root : from};

	if (p.dir)
		walk_path(&w, &p, path);
	return p.last;
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
	struct walk w = walk_of(n, who, n->root);
	struct place p = {.dir = n->root};

	if (path.len == 0 || path.s[0] != '/' || is_gone(path))
		return NULL;
	walk_path(&w, &p, path);
	return p.dead ? NULL : p.dir;
}

void paths_list(struct paths *n, struct who who, struct dir *dir)
{
	struct walk w = walk_of(n, who, n->root);
	char buf[PATH_MAX];
	struct dirent *d;
	struct str path;
	DIR *handle;

	if (dir->listed || dir->pseudo)
		return;
	path = path_of(dir, STR(""), buf);
	handle = path.s ? opendir(path.s) : NULL;
	if (!handle)
		return;
	dir->listed = true;
	while ((d = readdir(handle))) {
		struct str text = str_of(d->d_name);
		struct name *entry;

		if (str_eqs(text, ".") || str_eqs(text, ".."))
			continue;
		entry = entry_of(n, dir, text);
		if (entry && !entry->written)
			look(&w, entry);
	}
	closedir(handle);
}

void paths_touch(struct name *entry)
{
	entry->type = NAME_UNKNOWN;
}

void paths_removed(struct name *entry)
{
	if (entry->dir)
		entry->dir->cut = true;
	entry->dir = NULL;
	entry->type = NAME_UNKNOWN;
}

static void put_at(struct name *entry, struct dir *dir)
{
	entry->dir = dir;
	if (dir)
		dir->at = entry;
	entry->type = NAME_UNKNOWN;
}

void paths_renamed(struct name *from, struct name *to, bool exchange)
{
	struct dir *moved = from->dir, *other = to->dir;

	if (from == to)
		return;
	if (!exchange)
		paths_removed(to);
	put_at(to, moved);
	put_at(from, exchange ? other : NULL);
}
