/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/late_parts.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "capture/state.h"

/* ---- walking ---- */

struct visit {
	struct dirs_walk in;
	struct late *late;
	const struct rec *rec;
	unsigned how; /* enum way_how */
};

/* Something can be found in the entry: it is a directory, whatever it looks like now. */
static void is_passed(struct visit *v, struct name *entry)
{
	bool link = entry->type == NAME_LINK && !(v->how & WAY_PLAIN);

	if (entry->touch)
		entry->touch->exists = entry->touch->passed = true;
	if (!link && entry->type != NAME_DIR)
		dirs_set_type(v->in.dirs, entry, NAME_DIR, STR_NONE);
}

static bool look_first(struct visit *v, struct name *entry, bool passed)
{
	uint32_t file = v->in.dirs->file;
	struct touch *touch;

	entry->written = file;
	if (entry->parent->made == file) { /* by a recorded call: nothing was in it */
		if (entry->type == NAME_UNKNOWN)
			entry->type = NAME_ABSENT;
	} else {
		touch = touch_new(v->late, v->rec, entry);
		if (!touch)
			return false;
		if (!(v->how & WAY_BLIND) || v->in.more)
			touch_look_first(v->late, touch);
	}
	if (passed)
		is_passed(v, entry);
	return true;
}

/* What is known of the entry does not fit, or is not enough: others change it too. */
static void look_again(struct visit *v, struct name *entry, bool passed)
{
	if (passed || v->in.more || !(v->how & WAY_BLIND))
		touch_glance(v->late, entry);
	if (passed)
		is_passed(v, entry);
}

static bool look(struct dirs_walk *in, struct name *entry)
{
	struct visit *v = (struct visit *)in; /* its first member */
	bool passed = v->how & WAY_PLAIN || (in->more && v->how & WAY_THROUGH);
	bool fits = entry->type == NAME_DIR ||
		    (entry->type == NAME_LINK && !(v->how & WAY_PLAIN)) ||
		    (entry->type != NAME_UNKNOWN && !passed);

	if (entry->written != in->dirs->file)
		return look_first(v, entry, passed);
	if (!fits)
		look_again(v, entry, passed);
	return true;
}

struct place way_walk(struct late *l, const struct rec *rec, unsigned how, struct dir *root,
	struct dir *from, struct str path)
{
	struct visit v = {{.dirs = &l->dirs, .root = root, .look = look}, l, rec, how};

	v.in.nofollow = how & WAY_NOFOLLOW;
	return dirs_walk(&v.in, from, path);
}

/* ---- where paths start ---- */

struct known_dir {
	struct hnode node;
	struct dir *dir; /* NULL: it could not be found */
};

/* A process with a root directory of its own. */
struct jail {
	struct hnode node;
	struct dir *root;
};

bool way_is_deleted(struct str path)
{
	const struct str mark = STR(" (deleted)");

	return path.len > mark.len && memcmp(path.s + path.len - mark.len, mark.s, mark.len) == 0;
}

/* A directory by the name that the kernel gave it. */
struct dir *way_dir(struct late *l, const struct rec *rec, struct dir *root, struct str name)
{
	struct place p;

	if (!root || !name.len || name.s[0] != '/' || way_is_deleted(name))
		return NULL;
	p = way_walk(l, rec, WAY_PLAIN | WAY_THROUGH, root, NULL, name);
	return p.dead ? NULL : p.dir;
}

static struct jail *jail_of(struct late *l, uint32_t pid)
{
	struct hnode *n = hmap_first(&l->roots, hash_u64(pid));

	return n ? hmap_entry(n, struct jail, node) : NULL;
}

void way_set_root(struct late *l, uint32_t pid, struct dir *root)
{
	struct jail *j = jail_of(l, pid);

	if (!j) {
		j = calloc(1, sizeof(*j));
		if (!j || hmap_insert(&l->roots, &j->node, hash_u64(pid))) {
			free(j);
			return;
		}
	}
	j->root = root;
}

bool way_has_root(struct late *l, uint32_t pid)
{
	return jail_of(l, pid);
}

/* A new process is in that of its maker; of a thread nobody asks. */
void way_share_root(struct late *l, uint32_t pid, uint32_t child)
{
	struct jail *j = jail_of(l, pid);

	if (j)
		way_set_root(l, child, j->root);
	else
		way_forget_root(l, child);
}

void way_forget_root(struct late *l, uint32_t pid)
{
	struct jail *j = jail_of(l, pid);

	if (j)
		hmap_remove(&l->roots, &j->node);
	free(j);
}

struct dir *way_root(struct late *l, const struct seen *s)
{
	struct jail *j;
	char buf[PATH_MAX];

	if (!s->chrooted)
		return l->dirs.root;
	j = jail_of(l, s->rec.pid);
	if (j)
		return j->root;
	way_set_root(l, s->rec.pid,
		way_dir(l, &s->rec, l->dirs.root,
			state_link(s->rec.pid, "root", buf, sizeof(buf))));
	j = jail_of(l, s->rec.pid);
	return j ? j->root : NULL;
}

static struct known_dir *known_dir(struct late *l, uint64_t id)
{
	struct hnode *n = hmap_first(&l->ids, hash_u64(id));

	return n ? hmap_entry(n, struct known_dir, node) : NULL;
}

static void remember_dir(struct late *l, uint64_t id, struct dir *dir)
{
	struct known_dir *k = id ? known_dir(l, id) : NULL;

	if (!id)
		return;
	if (!k) {
		k = calloc(1, sizeof(*k));
		if (!k || hmap_insert(&l->ids, &k->node, hash_u64(id))) {
			free(k);
			return;
		}
	}
	k->dir = dir;
}

/* Where a process's current directory or descriptor leads now; it is late for that. */
static struct dir *dir_now(struct late *l, const struct seen *s, int fd)
{
	char what[32], buf[PATH_MAX];

	if (fd == AT_FDCWD)
		snprintf(what, sizeof(what), "cwd");
	else
		snprintf(what, sizeof(what), "fd/%d", fd);
	return way_dir(l, &s->rec, l->dirs.root, state_link(s->rec.pid, what, buf, sizeof(buf)));
}

static bool is_at(const struct dir *dir, struct str name)
{
	char buf[PATH_MAX];

	return str_eq(dirs_path(dir, STR(""), buf), name);
}

/* The directory that path I starts from, FD being the argument that says so. */
struct dir *way_start(struct late *l, const struct seen *s, int i, int fd)
{
	const struct seen_dir *from = &s->from[i];
	struct known_dir *k = from->id ? known_dir(l, from->id) : NULL;
	struct dir *dir;

	if (k && (!from->name.s || (k->dir && (s->chrooted || is_at(k->dir, from->name)))))
		return k->dir;
	dir = from->name.s ? way_dir(l, &s->rec, way_root(l, s), from->name) : dir_now(l, s, fd);
	remember_dir(l, from->id, dir);
	return dir;
}

static void free_map(struct hmap *m, size_t offset)
{
	struct hnode *n, *tmp;
	size_t i;

	hmap_each(m, n, tmp, i) free((char *)n - offset);
	hmap_free(m);
}

void way_free(struct late *l)
{
	free_map(&l->ids, offsetof(struct known_dir, node));
	free_map(&l->roots, offsetof(struct jail, node));
}
