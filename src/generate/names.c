/* SPDX-License-Identifier: Apache-2.0 */
#include "generate/names.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static uint64_t entry_hash(const struct node *dir, struct str name)
{
	return hash_bytes(name.s, name.len, (uint64_t)(uintptr_t)dir);
}

struct node *node_get(struct node *n)
{
	n->refs++;
	return n;
}

static void entry_free(struct names *ns, struct entry *e)
{
	hmap_remove(&ns->entries, &e->hash);
	if (!e->node) {
		TAILQ_REMOVE(&ns->absent, e, absent);
		ns->nabsent--;
	}
	*e->prev = e->next;
	if (e->next)
		e->next->prev = e->prev;
	resource_free(&e->res);
	free(e);
}

static void node_free(struct names *ns, struct node *n)
{
	struct xattr *x, *next;

	for (x = n->xattrs; x; x = next) {
		next = x->next;
		free(x);
	}
	while (n->entries)
		entry_free(ns, n->entries);
	if (n->in_inodes)
		hmap_remove(&ns->inodes, &n->inode);
	resource_free(&n->attr);
	resource_free(&n->listing);
	resource_free(&n->length);
	resource_free(&n->users);
	if (n->leases)
		resource_free(n->leases);
	free(n->leases);
	resource_free(&n->dirty);
	resource_free(&n->locks);
	locks_free(&n->held);
	*n->all_prev = n->all_next;
	if (n->all_next)
		n->all_next->all_prev = n->all_prev;
	vsize_free(&n->size);
	free(n->target);
	free(n);
}

void node_put(struct names *ns, struct node *n)
{
	if (--n->refs == 0)
		node_free(ns, n);
}

static struct node *node_new(struct names *ns, const struct node *dir, uint32_t mode)
{
	struct node *n = calloc(1, sizeof(*n));

	if (!n)
		return NULL;
	n->mode = n->allowed = mode;
	n->mount = dir ? dir->mount : NULL;
	n->all_next = ns->all;
	n->all_prev = &ns->all;
	if (n->all_next)
		n->all_next->all_prev = &n->all_next;
	ns->all = n;
	return n;
}

int names_init(struct names *ns, struct ordering *order)
{
	*ns = (struct names){.order = order};
	TAILQ_INIT(&ns->absent);
	ns->root = node_new(ns, NULL, S_IFDIR | 0755);
	if (!ns->root)
		return -ENOMEM;
	ns->root->at_start = true;
	node_get(ns->root);
	return 0;
}

void names_free(struct names *ns)
{
	while (ns->all) /* all at once: the references among them do not matter any more */
		node_free(ns, ns->all);
	vec_free(&ns->start);
	hmap_free(&ns->entries);
	hmap_free(&ns->inodes);
	hmap_free(&ns->mounts);
	arena_free(&ns->strings);
}

/* ---- mounts ---- */

struct vmount *names_mount_at(const struct names *ns, struct str point)
{
	struct hnode *n;

	for (n = hmap_first(&ns->mounts, hash_bytes(point.s, point.len, 1)); n; n = hmap_next(n)) {
		struct vmount *m = hmap_entry(n, struct vmount, node);

		if (str_eq((struct str){m->point, m->len}, point))
			return m;
	}
	return NULL;
}

int names_mount(struct names *ns, struct str point, bool pseudo)
{
	struct vmount *m = names_mount_at(ns, point);

	if (m) { /* mounted over: the later one is what programs see */
		m->pseudo = pseudo;
		return 0;
	}
	m = arena_alloc(&ns->strings, sizeof(*m));
	if (!m)
		return -ENOMEM;
	m->point = arena_strdup(&ns->strings, point);
	if (!m->point)
		return -ENOMEM;
	m->len = point.len;
	m->pseudo = pseudo;
	if (point.len == 1)
		ns->root->mount = m;
	return hmap_insert(&ns->mounts, &m->node, hash_bytes(point.s, point.len, 1));
}

const struct vmount *names_mount_of(struct names *ns, struct str path)
{
	while (path.len > 1) {
		const struct vmount *m = names_mount_at(ns, path);

		if (m && !m->file)
			return m;
		while (path.len > 1 && path.s[path.len - 1] != '/')
			path.len--;
		while (path.len > 1 && path.s[path.len - 1] == '/')
			path.len--;
	}
	return names_mount_at(ns, STR("/"));
}

/* What is found at this name may be where something is mounted. */
static int note_mount(struct names *ns, struct node *dir, struct str name, struct node *n)
{
	struct buf path = BUF_INIT;
	struct vmount *m;

	if (ns->mounts.n < 2 || !names_path(dir, &path)) {
		buf_free(&path);
		return 0;
	}
	if (path.len > 1)
		buf_char(&path, '/');
	buf_str(&path, name);
	if (!buf_ok(&path)) {
		buf_free(&path);
		return -ENOMEM;
	}
	m = names_mount_at(ns, buf_as_str(&path));
	buf_free(&path);
	if (m && node_is_dir(n))
		n->mount = m;
	else if (m)
		m->file = true;
	return 0;
}

/* ---- entries ---- */

struct entry *names_entry(const struct names *ns, const struct node *dir, struct str name)
{
	struct hnode *n;

	for (n = hmap_first(&ns->entries, entry_hash(dir, name)); n; n = hmap_next(n)) {
		struct entry *e = hmap_entry(n, struct entry, hash);

		if (e->dir == dir && str_eq((struct str){e->name, e->len}, name))
			return e;
	}
	return NULL;
}

static struct entry *entry_new(struct names *ns, struct node *dir, struct str name)
{
	struct entry *e = calloc(1, sizeof(*e) + name.len + 1);

	if (!e)
		return NULL;
	e->dir = dir;
	e->len = (uint32_t)name.len;
	memcpy(e->name, name.s, name.len);
	if (hmap_insert(&ns->entries, &e->hash, entry_hash(dir, name))) {
		free(e);
		return NULL;
	}
	e->next = dir->entries;
	e->prev = &dir->entries;
	if (e->next)
		e->next->prev = &e->next;
	dir->entries = e;
	TAILQ_INSERT_TAIL(&ns->absent, e, absent);
	ns->nabsent++;
	return e;
}

void names_forget_some(struct names *ns)
{
	while (ns->nabsent > NAMES_ABSENT_MAX)
		entry_free(ns, TAILQ_FIRST(&ns->absent));
}

/* Another name for a node that lost the one it was known by. */
static void find_name(struct names *ns, struct node *n)
{
	struct hnode *h, *tmp;
	size_t i;

	n->entry = NULL;
	if (n->names == 0)
		return;
	hmap_each(&ns->entries, h, tmp, i) { /* hard links are few, and this is rare */
		struct entry *e = hmap_entry(h, struct entry, hash);

		if (e->node == n) {
			n->entry = e;
			n->parent = e->dir;
			return;
		}
	}
}

struct entry *names_set(struct names *ns, struct node *dir, struct str name, struct node *node)
{
	struct entry *e = names_entry(ns, dir, name);
	struct node *old;

	if (!e)
		e = entry_new(ns, dir, name);
	if (!e || e->node == node)
		return e;
	old = e->node;
	e->node = node;
	if (!node) {
		TAILQ_INSERT_TAIL(&ns->absent, e, absent);
		ns->nabsent++;
	} else if (!old) {
		TAILQ_REMOVE(&ns->absent, e, absent);
		ns->nabsent--;
	}
	if (node) {
		node_get(node);
		node->names++;
		node->entry = e;
		node->parent = dir;
	}
	if (old) {
		old->names--;
		if (old->entry == e)
			find_name(ns, old);
		node_put(ns, old);
	}
	return e;
}

int names_move(struct names *ns, struct entry *from, struct node *dir, struct str name)
{
	struct node *n = node_get(from->node);
	struct node *from_dir = from->dir;
	struct entry *to = names_set(ns, dir, name, n);
	int rc = to ? 0 : -ENOMEM;

	if (to && to != from) {
		if (!names_set(ns, from_dir, (struct str){from->name, from->len}, NULL))
			rc = -ENOMEM;
		n->entry = to;
		n->parent = dir;
	}
	node_put(ns, n);
	return rc;
}

struct node *names_new(struct names *ns, struct node *dir, uint32_t mode)
{
	struct node *n = node_new(ns, dir, mode);

	if (n)
		n->complete = n->size.certain = true;
	return n;
}

/* ---- what was there at the start ---- */

static uint64_t inode_hash(const struct facts *f)
{
	return hash_u64(f->ino ^ hash_u64((uint64_t)f->dev_major << 32 | f->dev_minor));
}

static struct node *inode_find(const struct names *ns, const struct facts *f)
{
	uint64_t dev = (uint64_t)f->dev_major << 32 | f->dev_minor;
	struct hnode *h;

	for (h = hmap_first(&ns->inodes, inode_hash(f)); h; h = hmap_next(h)) {
		struct node *n = hmap_entry(h, struct node, inode);

		/* A node without any link may have given its number to another file. */
		if (n->ino == f->ino && n->dev == dev && (n->names || n->unseen) && !node_is_dir(n))
			return n;
	}
	return NULL;
}

static int apply_facts(struct names *ns, struct node *n, const struct facts *f)
{
	n->mode = n->allowed = f->mode;
	n->uid = f->uid;
	n->gid = f->gid;
	n->ino = f->ino;
	n->dev = (uint64_t)f->dev_major << 32 | f->dev_minor;
	n->unseen = f->nlink;
	if (node_is_file(n) && vsize_at_start(&n->size, f->size, NULL, 0, false))
		return -ENOMEM;
	if (hmap_insert(&ns->inodes, &n->inode, inode_hash(f)))
		return -ENOMEM;
	n->in_inodes = true;
	n->safe = n->size.size;
	return 0;
}

static int remember_start(struct names *ns, struct node *dir, struct str name, struct node *n)
{
	struct start_name *s = vec_push(&ns->start);

	if (!s)
		return -ENOMEM;
	s->name = arena_strdup(&ns->strings, name);
	s->dir = node_get(dir);
	s->node = node_get(n);
	if (!n->start)
		n->start = ns->start.n;
	return s->name ? 0 : -ENOMEM;
}

const struct entry *names_held(const struct node *dir)
{
	const struct entry *e = dir->entries;

	while (e && !e->node)
		e = e->next;
	return e;
}

int names_fill(struct names *ns, struct node *dir)
{
	struct node *n;

	if (!dir->at_start || dir->complete || dir->filler || names_held(dir))
		return 0;
	n = node_new(ns, dir, S_IFREG | 0644);
	if (!n || remember_start(ns, dir, STR(NAMES_FILLER), n))
		return -ENOMEM;
	dir->filler = ns->start.n;
	return 0;
}

/* At the top of its mount, where no directory that holds it will be removed. */
int names_hold(struct names *ns, struct node *n)
{
	struct node *dir;
	char name[sizeof(NAMES_LINK) + 10];
	int len;

	if (!n->at_start || n->names || !n->unseen || !n->start)
		return 0;
	n->unseen--;
	dir = ns->start.v[n->start - 1].dir;
	while (dir->parent && dir->parent->mount == dir->mount)
		dir = dir->parent;
	len = snprintf(name, sizeof(name), NAMES_LINK "%u", ++ns->held);
	return remember_start(ns, dir, (struct str){name, (size_t)len}, n);
}

void names_unfill(struct names *ns, struct node *dir)
{
	if (dir->filler)
		ns->start.v[dir->filler - 1].dropped = true;
	dir->filler = 0;
}

struct node *names_inode(const struct names *ns, const struct facts *facts)
{
	return inode_find(ns, facts);
}

struct node *names_at_start(struct names *ns, struct node *dir, struct str name,
	const struct facts *facts, uint32_t mode, struct str target)
{
	struct node *n = facts && facts->known ? inode_find(ns, facts) : NULL;
	bool fresh = !n;
	struct entry *e;

	if (fresh)
		n = node_new(ns, dir, mode);
	if (!n)
		return NULL;
	node_get(n);
	n->at_start = true;
	names_unfill(ns, dir);
	if (fresh && facts && facts->known && apply_facts(ns, n, facts))
		goto fail;
	n->unseen -= n->unseen > 0;
	if (fresh && target.s) {
		n->target = strndup(target.s, target.len);
		if (!n->target)
			goto fail;
	}
	e = note_mount(ns, dir, name, n) ? NULL : names_set(ns, dir, name, n);
	if (!e || (!e->at_start && remember_start(ns, dir, name, n)))
		goto fail;
	e->at_start = true;
	node_put(ns, n);
	return n;
fail:
	node_put(ns, n);
	return NULL;
}

bool names_path(const struct node *n, struct buf *out)
{
	if (!n->entry) {
		if (n->parent || !node_is_dir(n)) /* was removed, or never had a name (O_TMPFILE) */
			return false;
		buf_char(out, '/'); /* only the root never had an entry */
		return true;
	}
	if (!names_path(n->parent, out))
		return false;
	if (out->len > 1)
		buf_char(out, '/');
	buf_add(out, n->entry->name, n->entry->len);
	return true;
}
