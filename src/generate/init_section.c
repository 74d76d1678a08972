/* SPDX-License-Identifier: Apache-2.0 */
#include "generate/init_section.h"

#include <errno.h>
#include <linux/limits.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "ops/xattr.h"

/* Canonical path that a name had at the start: of its directory then, not of where that is now. */
static void start_path(const struct model *m, const struct start_name *s, struct buf *out)
{
	const struct node *dir = s->dir;

	if (dir != m->names.root && dir->start)
		start_path(m, &m->names.start.v[dir->start - 1], out);
	buf_char(out, '/');
	buf_puts(out, s->name);
}

static enum init_kind kind_of(const struct node *n)
{
	switch (n->mode & S_IFMT) {
	case S_IFDIR:
		return INIT_DIR;
	case S_IFLNK:
		return INIT_SYMLINK;
	case S_IFIFO:
		return INIT_FIFO;
	case S_IFSOCK:
		return INIT_SOCKET;
	default:
		return INIT_FILE;
	}
}

static void count(struct init_counts *c, const struct init_line *l)
{
	uint32_t i;

	switch (l->kind) {
	case INIT_DIR:
		c->directories++;
		break;
	case INIT_FILE:
		c->files++;
		c->size += l->size;
		for (i = 1; i < l->ndata; i += 2)
			c->data += l->data[i];
		break;
	case INIT_SYMLINK:
	case INIT_HARDLINK:
		c->links++;
		break;
	case INIT_FIFO:
	case INIT_SOCKET:
		c->others++;
		break;
	case INIT_XATTR:
	case INIT_XATTRS:
		break;
	}
}

struct work {
	struct buf path, map, target, line;
	struct buf first; /* name of what a hard link is of */
	u64_vec ranges;
};

/* What turned up in a directory that was made during the capture cannot be built before that. */
static bool has_place(const struct model *m, const struct start_name *s)
{
	while (s->dir != m->names.root) {
		if (!s->dir->start)
			return false;
		s = &m->names.start.v[s->dir->start - 1];
	}
	return true;
}

static bool is_pseudo(const struct node *n)
{
	return n->mount && n->mount->pseudo;
}

/* What the node was: kinds without content of ours are devices, which are left out. */
static bool wanted(const struct model *m, const struct start_name *s)
{
	const struct node *n = s->node;

	if (s->dropped || !has_place(m, s))
		return false;
	if ((n->mode & S_IFMT) == S_IFCHR || (n->mode & S_IFMT) == S_IFBLK)
		return false;
	/* but /dev/shm, which is one of another file system on it */
	if (is_pseudo(n) || (is_pseudo(s->dir) && n->mount == s->dir->mount))
		return false;
	return true; /* a mount point is the top of its tree and has its mode */
}

/* In one tree for all, the way to what is mounted on a pseudo file system (/dev/shm) leads there. */
static void mark_ways(const struct model *m, bool *way)
{
	const struct start_name *s;
	size_t i;

	for (i = 0; i < m->names.start.n && m->root; i++) {
		s = &m->names.start.v[i];
		if (!wanted(m, s) || !is_pseudo(s->dir))
			continue;
		for (; is_pseudo(s->dir) && s->dir->start; s = &m->names.start.v[s->dir->start - 1])
			way[s->dir->start - 1] = true;
	}
}

/* Where a capture contradicts itself: something was mounted on what had been seen to be a file. */
static bool is_no_tree(struct model *m, struct str path, const struct node *n)
{
	const struct vmount *at = m->root || node_is_dir(n) ? NULL : names_mount_of(&m->names, path);

	return at && at->len == path.len;
}

/*
 * Can the name in PATH be a link to the node's first one? A file system that is mounted at two places
 * becomes two trees, and what has names in both is a file of its own in each.
 */
static bool is_linked(struct model *m, const struct node *n, struct work *w)
{
	w->first.len = 0;
	start_path(m, &m->names.start.v[n->start - 1], &w->first);
	return m->root || names_mount_of(&m->names, buf_as_str(&w->path)) ==
				  names_mount_of(&m->names, buf_as_str(&w->first));
}

/* 0; 1: it cannot be built; or -errno. */
static int describe(struct model *m, size_t i, struct work *w, struct init_line *l)
{
	const struct start_name *s = &m->names.start.v[i];
	struct node *n = s->node;
	struct str dir;
	int rc;

	*l = (struct init_line){.kind = kind_of(n), .mode = n->mode & 07777, .uid = n->uid,
		.gid = n->gid};
	if ((n->mode & S_IFMT) == 0 && n->mode == 0)
		l->mode = 0644;
	w->path.len = w->map.len = w->target.len = 0;
	w->ranges.n = 0;
	start_path(m, s, &w->path);
	if (is_no_tree(m, buf_as_str(&w->path), n))
		return 1;
	rc = model_map(m, buf_as_str(&w->path), &w->map);
	if (!rc && n->start - 1 != i && !node_is_dir(n) && is_linked(m, n, w)) {
		l->kind = INIT_HARDLINK;
		rc = model_map(m, buf_as_str(&w->first), &w->target);
	} else if (!rc && l->kind == INIT_SYMLINK) {
		dir = buf_as_str(&w->path);
		while (dir.len > 1 && dir.s[dir.len - 1] != '/')
			dir.len--;
		if (dir.len > 1)
			dir.len--;
		rc = model_map_target(m, dir, str_of(n->target ? n->target : "."), &w->target);
	} else if (!rc && l->kind == INIT_FILE) {
		rc = vsize_ranges(&n->size, &w->ranges);
		l->size = n->size.start;
	}
	l->path = buf_as_str(&w->map);
	l->target = buf_as_str(&w->target);
	l->data = w->ranges.v;
	l->ndata = (uint32_t)w->ranges.n;
	return buf_ok(&w->path) && buf_ok(&w->first) && buf_ok(&w->map) && buf_ok(&w->target) ? rc : -ENOMEM;
}

static int write_line(struct work *w, struct outfile *out, const struct init_line *l, struct err *err)
{
	w->line.len = 0;
	replay_print_init(&w->line, l);
	return buf_ok(&w->line) ? outfile_write(out, w->line.p, w->line.len, err)
				: err_sys(err, ENOMEM, "cannot write the INIT section");
}

/* The attributes that calls found on N, and how long the list of all was that one of them got. */
static int write_attributes(const struct node *n, struct str path, struct work *w,
	struct outfile *out, struct err *err)
{
	struct init_line l = {.kind = INIT_XATTR, .path = path};
	const struct xattr *x;
	uint64_t names = 0;
	int rc = 0;

	for (x = n->xattrs; x && !rc; x = x->next) {
		if (!x->at_start)
			continue;
		names += x->len + 1;
		l.target = (struct str){x->name, x->len};
		l.size = x->size;
		l.mode = x->bits_at_start;
		if (str_eqs(l.target, XATTR_ACL) && !x->exact)
			l.size = ACL_LEAST + (x->size > ACL_LEAST ? (x->size - ACL_LEAST + 7) / 8 * 8 : 0);
		rc = write_line(w, out, &l, err);
	}
	if (rc || n->listed <= 1 || names + n->listed - 1 > XATTR_LIST_MAX)
		return rc;
	l.kind = INIT_XATTRS;
	l.size = names + n->listed - 1;
	return write_line(w, out, &l, err);
}

int init_section_write(struct model *m, struct outfile *out, struct init_counts *counts,
	struct err *err)
{
	bool *way = calloc(m->names.start.n + 1, sizeof(*way));
	struct work w = {0};
	struct init_line l;
	size_t i;
	int rc;

	*counts = (struct init_counts){0};
	if (!way)
		return err_sys(err, ENOMEM, "cannot write the INIT section");
	mark_ways(m, way);
	rc = outfile_write(out, REPLAY_INIT_MARK "\n", sizeof(REPLAY_INIT_MARK), err);
	for (i = 0; i < m->names.start.n && !rc; i++) {
		if (!way[i] && !wanted(m, &m->names.start.v[i]))
			continue;
		rc = describe(m, i, &w, &l);
		if (rc < 0) {
			err_sys(err, -rc, "cannot write the INIT section");
			break;
		}
		if (rc || model_too_long(l.path) || (l.kind == INIT_HARDLINK && model_too_long(l.target))) {
			/* and so is every call that names it */
			rc = 0;
			continue;
		}
		count(counts, &l);
		rc = write_line(&w, out, &l, err);
		if (!rc && (l.kind == INIT_FILE || l.kind == INIT_DIR))
			rc = write_attributes(m->names.start.v[i].node, l.path, &w, out, err);
	}
	if (!rc)
		rc = outfile_write(out, REPLAY_END_MARK "\n", sizeof(REPLAY_END_MARK), err);
	free(way);
	buf_free(&w.path);
	buf_free(&w.first);
	buf_free(&w.map);
	buf_free(&w.target);
	buf_free(&w.line);
	vec_free(&w.ranges);
	return rc;
}
