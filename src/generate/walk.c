/* SPDX-License-Identifier: Apache-2.0 */
#include "generate/names.h"

#include <errno.h>
#include <limits.h>
#include <sys/stat.h>

/* Following a path through the name space: names_walk(). */

/* Flags that are about the last component of the path itself, not of links on its way. */
#define LAST_FLAGS ((unsigned)(WALK_NOFOLLOW | WALK_LAST))

static int broken(struct walk *w, int err, struct node *at, struct str rest)
{
	w->err = err;
	w->broke_at = at;
	w->broke_rest = rest;
	w->dir = w->at = w->node = NULL;
	w->entry = NULL;
	return 0;
}

/* The way of an operation leads through this entry: it must not run before who made it so. */
static int touch_way(struct names *ns, struct entry *e)
{
	if (e->node && node_is_link(e->node))
		return order_touch(ns->order, &e->res, TOUCH_SHARE);
	return e->res.last.label ? order_touch(ns->order, &e->res, TOUCH_AFTER) : 0;
}

/* It must not be looked into before who permitted or forbade it. */
static int pass(struct names *ns, struct node *dir)
{
	return dir->attr.last.label ? order_touch(ns->order, &dir->attr, TOUCH_AFTER) : 0;
}

static struct str next_component(struct str *path)
{
	struct str c;

	while (path->len && path->s[0] == '/') {
		path->s++;
		path->len--;
	}
	c = (struct str){path->s, 0};
	while (c.len < path->len && path->s[c.len] != '/')
		c.len++;
	path->s += c.len;
	path->len -= c.len;
	return c;
}

static bool only_slashes(struct str s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (s.s[i] != '/')
			return false;
	return true;
}

bool names_may_search(const struct names *ns, const struct node *dir)
{
	bool own = dir->uid == ns->uid || !dir->at_start;

	return ns->uid == 0 || dir->allowed & (own ? S_IXUSR : S_IXGRP | S_IXOTH);
}

static void look_into(const struct names *ns, struct node *dir, struct walk *w)
{
	if (!w->shut && !names_may_search(ns, dir))
		w->shut = dir;
}

static struct node *go_up(
	const struct names *ns, struct node *dir, const struct node *root, struct walk *w)
{
	look_into(ns, dir, w);
	if (dir == root || !dir->parent)
		return dir;
	if (dir->parent->mount != dir->mount)
		w->crossed = true;
	return dir->parent;
}

static bool is_pseudo(const struct node *n)
{
	return n->mount && n->mount->pseudo;
}

/* /dev/shm: where a file system with data in it is mounted on a pseudo one, the way leads on. */
static int mount_in_pseudo(struct names *ns, struct node *dir, struct str name, struct entry **e)
{
	struct buf path = BUF_INIT;
	const struct vmount *m = NULL;
	struct node *n;
	bool ok;

	if (*e || !is_pseudo(dir) || !names_path(dir, &path))
		goto out;
	if (path.len > 1)
		buf_char(&path, '/');
	buf_str(&path, name);
	if (buf_ok(&path))
		m = names_mount_at(ns, buf_as_str(&path));
out:
	ok = buf_ok(&path);
	buf_free(&path);
	if (!ok)
		return -ENOMEM;
	if (!m || m->pseudo)
		return 0;
	n = names_at_start(ns, dir, name, NULL, S_IFDIR | 01777, STR_NONE); /* as it is, mostly */
	if (!n)
		return -ENOMEM;
	*e = n->entry;
	return 0;
}

/* A link that is walked through led to a directory, also where nothing told of that before. */
static int enter_behind_link(struct names *ns, struct walk *sub, unsigned flags)
{
	if (sub->node || sub->err || sub->entry || sub->at->complete || sub->pseudo)
		return 0;
	sub->guess = true;
	if (!(flags & WALK_PARENT))
		return 0;
	sub->node = names_at_start(ns, sub->at, sub->at_name, NULL, S_IFDIR | 0755, STR_NONE);
	return sub->node ? 0 : -ENOMEM;
}

/* A name that is known not to be there has an entry, which later calls that make it wait for. */
static struct entry *known_absent(struct names *ns, struct node *dir, struct str name, int *rc)
{
	struct entry *e;

	if (!dir->complete || !name.len || name.len > NAME_MAX)
		return NULL;
	e = names_set(ns, dir, name, NULL);
	if (!e)
		*rc = -ENOMEM;
	return e;
}

/* Where the call found that something on the way is no directory: what holds the last component. */
static uint32_t type_on_the_way(struct str rest, unsigned flags)
{
	struct str name = flags & WALK_NOTDIR ? next_component(&rest) : STR_NONE;

	return name.len && only_slashes(rest) ? S_IFREG | 0644 : S_IFDIR | 0755;
}

/* What the text of a link leads to inside of a chroot is somewhere else in a replay, which has none. */
static bool leaves_root(const struct names *ns, const struct node *root, struct str target)
{
	return root != ns->root && target.len && target.s[0] == '/';
}

/* One directory deeper; NULL when the way ends here (w->err is set) or memory is out (rc). */
static struct node *descend(struct names *ns, struct node *dir, struct node *root, struct str name,
	struct str rest, unsigned flags, struct walk *w, int *rc)
{
	struct entry *e = names_entry(ns, dir, name);
	struct str from_here = {name.s, name.len + rest.len};
	struct node *n;

	look_into(ns, dir, w);
	*rc = mount_in_pseudo(ns, dir, name, &e);
	if (*rc)
		return NULL;
	n = e ? e->node : NULL;
	if (!e && !dir->complete && !is_pseudo(dir) && (flags & (WALK_PARENT | WALK_NOTDIR))) {
		n = names_at_start(ns, dir, name, NULL, type_on_the_way(rest, flags), STR_NONE);
		if (!n) {
			*rc = -ENOMEM;
			return NULL;
		}
		e = n->entry;
	}
	if (!e)
		e = known_absent(ns, dir, name, rc);
	if (e && !*rc)
		*rc = touch_way(ns, e);
	if (!n) {
		w->guess = !e && !dir->complete;
		if (e && !*rc)
			*rc = order_touch(ns->order, &e->res, TOUCH_SHARE);
		broken(w, ENOENT, dir, from_here);
		return NULL;
	}
	if (node_is_link(n)) {
		struct walk sub = {.links = w->links + 1, .shut = w->shut};
		struct str target = str_of(n->target ? n->target : "");

		if (!w->link_at) {
			w->link_at = dir;
			w->link_name = name;
		}
		if (sub.links > LINKS_MAX) {
			broken(w, ELOOP, dir, from_here);
			return NULL;
		}
		*rc = names_walk(ns, dir, root, target, flags & ~LAST_FLAGS, &sub);
		w->crossed |= (sub.crossed && sub.links > w->links + 1) || leaves_root(ns, root, target);
		w->links = sub.links;
		w->shut = sub.shut;
		w->plain = false;
		if (!*rc)
			*rc = enter_behind_link(ns, &sub, flags);
		if (!*rc && sub.entry)
			*rc = sub.node ? touch_way(ns, sub.entry)
				       : order_touch(ns->order, &sub.entry->res, TOUCH_SHARE);
		if (*rc)
			return NULL;
		if (!sub.node) {
			w->guess = sub.guess;
			broken(w, sub.err ? sub.err : ENOENT, dir, from_here);
			return NULL;
		}
		n = sub.node;
		e = sub.entry;
	}
	if ((n->mode & S_IFMT) == 0)
		n->mode = type_on_the_way(rest, flags); /* something is looked for in it */
	if (!node_is_dir(n)) {
		if (e && !*rc) /* and not before a directory comes in its place */
			*rc = order_touch(ns->order, &e->res, TOUCH_SHARE);
		broken(w, ENOTDIR, dir, from_here);
		return NULL;
	}
	if (n->mount != dir->mount && n->parent == dir && !w->plain)
		w->crossed = true;
	return n;
}

static int follow_last(struct names *ns, struct node *root, unsigned flags, struct walk *w)
{
	struct walk sub = {.links = w->links + 1, .shut = w->shut};
	struct str target = str_of(w->node->target ? w->node->target : "");
	int rc;

	if (sub.links > LINKS_MAX)
		return broken(w, ELOOP, w->dir, w->last);
	rc = names_walk(ns, w->dir, root, target, flags & ~LAST_FLAGS, &sub);
	w->links = sub.links;
	w->shut = sub.shut;
	w->node = sub.node;
	w->entry = sub.entry;
	w->at = sub.at;
	w->at_name = sub.at_name;
	w->pseudo = sub.pseudo;
	w->slash |= sub.slash;
	if (sub.err) {
		w->guess = sub.guess;
		return rc ? rc : broken(w, sub.err, w->dir, w->last);
	}
	if (leaves_root(ns, root, target) || sub.chrooted) {
		w->chrooted = w->crossed = true;
		w->dir = sub.dir;
		w->last = sub.last;
	}
	return rc;
}

int names_walk(struct names *ns, struct node *base, struct node *root, struct str path,
	unsigned flags, struct walk *w)
{
	struct node *dir = base;
	struct str name;
	int rc = 0;

	if (path.len == 0)
		return broken(w, ENOENT, base, path);
	if (path.s[0] == '/') {
		dir = root;
		w->plain = w->links == 0;
	}
	for (;;) {
		name = next_component(&path);
		rc = pass(ns, dir);
		if (rc)
			return rc;
		if (only_slashes(path))
			break;
		if (name.len == 1 && name.s[0] == '.')
			continue;
		if (name.len == 2 && name.s[0] == '.' && name.s[1] == '.') {
			rc = dir->entry ? touch_way(ns, dir->entry) : 0;
			if (rc)
				return rc;
			dir = go_up(ns, dir, root, w);
			continue;
		}
		dir = descend(ns, dir, root, name, path, flags, w, &rc);
		if (!dir) {
			if (w->broke_at && is_pseudo(w->broke_at))
				w->pseudo = true;
			return rc;
		}
	}
	w->slash = path.len > 0;
	w->pseudo = is_pseudo(dir);
	if (name.len == 0 || (name.len == 1 && name.s[0] == '.') ||
		(name.len == 2 && name.s[0] == '.' && name.s[1] == '.')) {
		if (name.len == 2)
			dir = go_up(ns, dir, root, w);
		w->dir = w->at = dir;
		w->last = w->at_name = STR("");
		w->node = dir;
		w->entry = NULL;
		w->pseudo = is_pseudo(dir);
		return dir->entry ? order_touch(ns->order, &dir->entry->res, TOUCH_SHARE) : 0;
	}
	look_into(ns, dir, w);
	w->dir = w->at = dir;
	w->last = w->at_name = name;
	w->entry = names_entry(ns, dir, name);
	rc = mount_in_pseudo(ns, dir, name, &w->entry);
	if (rc)
		return rc;
	if (!w->entry)
		w->entry = known_absent(ns, dir, name, &rc);
	if (rc)
		return rc;
	w->node = w->entry ? w->entry->node : NULL;
	if (w->node)
		w->pseudo = is_pseudo(w->node);
	if (w->node && node_is_link(w->node) && !(flags & WALK_LAST) &&
		(!(flags & WALK_NOFOLLOW) || w->slash)) {
		rc = touch_way(ns, w->entry);
		return rc ? rc : follow_last(ns, root, flags, w);
	}
	return 0;
}
