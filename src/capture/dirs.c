/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/dirs.h"

#include <errno.h>
#include <limits.h>

#include "tree/mounts.h"

#define LINKS_MAX 40 /* MAXSYMLINKS of the kernel */

static struct dir *make_dir(struct dirs *d, struct name *at)
{
	struct dir *dir = arena_alloc(&d->arena, sizeof(*dir));

	if (!dir)
		return NULL;
	dir->id = ++d->ids;
	dir->at = at;
	dir->since = d->t;
	dir->pseudo = at && at->parent->pseudo;
	return dir;
}

int dirs_init(struct dirs *d)
{
	*d = (struct dirs){.file = 1};
	d->root = make_dir(d, NULL);
	return d->root ? 0 : -ENOMEM;
}

void dirs_free(struct dirs *d)
{
	hmap_free(&d->map);
	arena_free(&d->arena);
}

static struct name *find(struct dirs *d, const struct dir *dir, struct str text, uint64_t hash)
{
	struct hnode *h;

	for (h = hmap_first(&d->map, hash); h; h = hmap_next(h)) {
		struct name *entry = hmap_entry(h, struct name, node);

		if (entry->parent == dir && str_eq(name_text(entry), text))
			return entry;
	}
	return NULL;
}

struct name *dirs_find(struct dirs *d, struct dir *dir, struct str text)
{
	return find(d, dir, text, hash_bytes(text.s, text.len, dir->id));
}

struct name *dirs_entry(struct dirs *d, struct dir *dir, struct str text)
{
	uint64_t hash = hash_bytes(text.s, text.len, dir->id);
	struct name *entry = find(d, dir, text, hash);

	if (entry || text.len > NAME_MAX)
		return entry;
	entry = arena_alloc(&d->arena, sizeof(*entry) + text.len + 1);
	if (!entry)
		return NULL;
	entry->parent = dir;
	entry->len = (uint16_t)text.len;
	memcpy(entry->text, text.s, text.len);
	return hmap_insert(&d->map, &entry->node, hash) ? NULL : entry;
}

/* Puts "/TEXT" of DIR and of all above it before P; NULL when cut off or longer than BUF. */
static char *put_dir(const struct dir *dir, char *buf, char *p)
{
	for (; dir->at; dir = dir->at->parent) {
		const struct name *name = dir->at;

		if (dir->cut || (size_t)(p - buf) < (size_t)name->len + 1)
			return NULL;
		p -= name->len;
		memcpy(p, name->text, name->len);
		*--p = '/';
	}
	return p;
}

struct str dirs_path(const struct dir *dir, struct str text, char *buf)
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

void dirs_add_mount(struct dirs *d, struct str point, const char *type)
{
	struct dir *dir = d->root;
	struct str part;

	while (dir && str_take_char(&point, '/', &part)) {
		struct name *entry = part.len ? dirs_entry(d, dir, part) : NULL;

		if (!entry)
			continue;
		entry->mount_way = true;
		if (!entry->dir)
			entry->dir = make_dir(d, entry);
		dir = entry->dir;
	}
	if (dir)
		dir->pseudo = fs_is_pseudo(type);
}

void dirs_set_type(struct dirs *d, struct name *entry, enum name_type type, struct str target)
{
	if (entry->dir && type != NAME_DIR) {
		entry->dir->cut = true;
		entry->dir = NULL;
	}
	if (type == NAME_DIR && !entry->dir)
		entry->dir = make_dir(d, entry);
	if (type == NAME_LINK && !(entry->target && str_eqs(target, entry->target)))
		entry->target = target.len ? arena_strdup(&d->arena, target) : NULL;
	if ((type == NAME_DIR && !entry->dir) || (type == NAME_LINK && !entry->target))
		type = NAME_OTHER;
	entry->type = type;
}

void dirs_removed(struct name *entry)
{
	if (entry->dir)
		entry->dir->cut = true;
	entry->dir = NULL;
	entry->type = NAME_ABSENT;
}

struct object {
	struct dir *dir;
	const char *target;
	enum name_type type;
};

static struct object object_of(const struct name *entry)
{
	return (struct object){entry->dir, entry->target, entry->type};
}

static void put_at(struct name *entry, struct object o)
{
	entry->dir = o.dir;
	entry->target = o.target;
	entry->type = o.type;
	if (o.dir)
		o.dir->at = entry;
}

void dirs_moved(struct name *from, struct name *to, bool exchange)
{
	struct object moved = object_of(from), other = {.type = NAME_ABSENT};

	if (from == to)
		return;
	if (exchange)
		other = object_of(to);
	else
		dirs_removed(to);
	put_at(to, moved);
	put_at(from, other);
}

/* ---- walking ---- */

static void walk_path(struct dirs_walk *w, struct place *p, struct str path);

static void follow(struct dirs_walk *w, struct place *p, struct name *link)
{
	struct str target = str_of(link->target);
	bool outer = w->outer;

	if (w->links++ == LINKS_MAX) {
		p->dead = true;
		return;
	}
	if (target.s[0] == '/')
		p->dir = w->root;
	p->end = NULL;
	w->outer = w->more;
	walk_path(w, p, target);
	w->outer = outer;
}

static bool passes(struct dirs_walk *w, struct name *entry)
{
	return !w->pass || !entry || w->pass(w, entry);
}

static void step(struct dirs_walk *w, struct place *p, struct str part, bool slash)
{
	struct name *entry;

	if (str_eqs(part, "..")) {
		p->last = p->end = NULL;
		p->dead = !passes(w, p->dir->at);
		if (p->dir != w->root && p->dir->at)
			p->dir = p->dir->at->parent;
		return;
	}
	entry = p->dir->pseudo ? dirs_find(w->dirs, p->dir, part)
			       : dirs_entry(w->dirs, p->dir, part);
	if (!entry || (p->dir->pseudo && !entry->mount_way) || !passes(w, entry) ||
		!w->look(w, entry)) {
		*p = (struct place){.dead = true};
		return;
	}
	p->end = entry;
	if (entry->type == NAME_LINK && (w->more || slash || !w->nofollow))
		follow(w, p, entry);
	else if (entry->type == NAME_DIR)
		p->dir = entry->dir;
	else
		p->dead = true;
	p->last = entry;
}

/* Whether a component is left. */
static bool has_more(struct str rest)
{
	size_t i;

	for (i = 0; i < rest.len; i++)
		if (rest.s[i] != '/')
			return true;
	return false;
}

static void walk_path(struct dirs_walk *w, struct place *p, struct str path)
{
	struct str part;

	while (str_take_char(&path, '/', &part)) {
		if (part.len == 0 || str_eqs(part, "."))
			continue;
		if (p->dead) {
			p->last = p->end = NULL;
			return;
		}
		w->more = w->outer || has_more(path);
		step(w, p, part, path.s != NULL);
	}
}

struct place dirs_walk(struct dirs_walk *w, struct dir *from, struct str path)
{
	struct place p = {.dir = path.len && path.s[0] == '/' ? w->root : from};

	w->links = 0;
	w->outer = false;
	if (p.dir && !passes(w, p.dir->at))
		p.dead = true;
	if (p.dir)
		walk_path(w, &p, path);
	return p;
}
