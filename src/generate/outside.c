/* SPDX-License-Identifier: Apache-2.0 */
#include "generate/outside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "generate/overlap.h"

/* ---- what was told of names too late ---- */

struct told {
	struct hnode node;
	struct facts facts;
	uint32_t path_len, target_len;
	char text[]; /* path and target */
};

/* Each is of use once, and few are told at all: the oldest need not be kept for the newest. */
#define TOLD_MAX 65536

static struct told *told_find(const struct model *m, struct str path)
{
	struct hnode *n = hmap_first(&m->told, hash_bytes(path.s, path.len, 0));

	for (; n; n = hmap_next(n)) {
		struct told *t = hmap_entry(n, struct told, node);

		if (str_eq(path, (struct str){t->text, t->path_len}))
			return t;
	}
	return NULL;
}

static void told_drop(struct model *m, struct told *t)
{
	hmap_remove(&m->told, &t->node);
	free(t);
}

int outside_told(struct model *m, const struct rec *r)
{
	struct told *t = told_find(m, r->path);

	if (t)
		told_drop(m, t);
	if (m->told.n >= TOLD_MAX)
		return 0;
	t = malloc(sizeof(*t) + r->path.len + r->path2.len);
	if (!t)
		return -ENOMEM;
	t->facts = r->facts;
	t->path_len = (uint32_t)r->path.len;
	t->target_len = (uint32_t)r->path2.len;
	memcpy(t->text, r->path.s, r->path.len);
	if (r->path2.len)
		memcpy(t->text + r->path.len, r->path2.s, r->path2.len);
	if (hmap_insert(&m->told, &t->node, hash_bytes(r->path.s, r->path.len, 0))) {
		free(t);
		return -ENOMEM;
	}
	return 0;
}

void outside_told_free(struct model *m)
{
	struct hnode *n, *tmp;
	size_t i;

	hmap_each(&m->told, n, tmp, i) free(hmap_entry(n, struct told, node));
	hmap_free(&m->told);
}

/* ---- did captured calls do it? ---- */

static bool overlaps(const struct changed *c, const struct rec *r)
{
	return (c->tid == r->tid ? c->others : c->t > c->others ? c->t : c->others) > r->t - r->dur;
}

static bool changed_before(const struct model *m, const struct rec *r, const struct surprise *why)
{
	const struct entry *e;

	if (why->what == SURPRISE_SIZE)
		return overlaps(&why->node->resized, r);
	if (why->what == SURPRISE_FULL) {
		for (e = why->node->entries; e; e = e->next)
			if (overlaps(&e->changed, r))
				return true;
		return false;
	}
	e = names_entry(&m->names, why->dir, why->name);
	return e && overlaps(&e->changed, r);
}

static bool changes_after(const struct model *m, struct window *w, const struct rec *r,
	const struct surprise *why)
{
	size_t i;

	for (i = 0; i < WINDOW_SIZE; i++) {
		const struct rec *c = window_at(w, i);

		if (!c || c->tid == r->tid || c->t - c->dur >= r->t)
			continue;
		if (why->what == SURPRISE_SIZE ? overlap_resizes(m, c, why->node)
					       : overlap_changes_name(c, why->name))
			return true;
	}
	return false;
}

/* ---- operations ---- */

static struct rec *add(struct outside *o, const struct rec *r, enum op_id op)
{
	struct rec *c = &o->todo[o->n++];

	*c = (struct rec){.t = r->t,
		.dur = r->dur,
		.pid = OUTSIDE_TASK,
		.tid = OUTSIDE_TASK,
		.op = op,
		.has_ret = op != OP_state_task,
		.line = r->line,
		.path = buf_as_str(&o->path)};
	return c;
}

static void add_task(struct outside *o, const struct rec *r)
{
	struct rec *c = add(o, r, OP_state_task);

	c->path = STR_NONE;
	c->arg[op_arg_index(OP_state_task, A_PARENT)] = (uint64_t)OUTSIDE_PARENT;
}

static bool put_name(struct buf *out, const struct node *dir, struct str name)
{
	if (!names_path(dir, out))
		return false;
	if (out->len > 1)
		buf_char(out, '/');
	buf_str(out, name);
	return true;
}

/* Where it leads is known when it was told, or by older captures. */
static void make_link(
	struct outside *o, const struct rec *r, const struct surprise *why, const struct told *t)
{
	struct rec *c = add(o, r, OP_symlink);

	if (t && t->target_len)
		buf_add(&o->path2, t->text + t->path_len, t->target_len);
	else if (r->path2.len && (r->op == OP_readlink || r->op == OP_readlinkat))
		buf_str(&o->path2, r->path2);
	else
		buf_addf(&o->path2, ".ioriot-behind.%.*s",
			(int)(why->name.len > 200 ? 200 : why->name.len), why->name.s);
	c->path2 = buf_as_str(&o->path2);
}

static void resize(struct outside *o, const struct rec *r, uint64_t size)
{
	add(o, r, OP_truncate)->arg[op_arg_index(OP_truncate, A_OFF)] = size;
}

/* What stands there now. Its owner, who is the replay's user, may use it as root did. */
static int make(struct outside *o, struct model *m, const struct rec *r, const struct surprise *why)
{
	struct told *t = told_find(m, buf_as_str(&o->path));
	/* The call's facts are of what a link led it to. */
	bool use = t && (!why->sure || (t->facts.mode & S_IFMT) == S_IFLNK);
	uint32_t mode = use ? t->facts.mode : why->mode, type = mode & S_IFMT;
	uint64_t size = use ? t->facts.size : why->size;

	if (type == S_IFCHR || type == S_IFBLK)
		return 0;
	if (type == S_IFLNK) {
		make_link(o, r, why, t);
	} else if (type == S_IFDIR) {
		add(o, r, OP_mkdir)->arg[1] = (mode & 07777) | S_IRWXU;
	} else {
		add(o, r, OP_mknod)->arg[1] = type ? mode | S_IRUSR | S_IWUSR : S_IFREG | 0644;
		if (size && size <= INT64_MAX && (type == S_IFREG || !type))
			resize(o, r, size);
	}
	if (t)
		told_drop(m, t);
	return 1;
}

/*
 * A directory with something in it is moved away: what was removed before it is not known, and may
 * be there still for who has it open.
 */
static void move_away(struct outside *o, const struct rec *r, struct node *n)
{
	const struct vmount *mount = n->mount;
	bool own = mount && mount->len > 1;

	if (own)
		buf_add(&o->path2, mount->point, mount->len);
	buf_addf(&o->path2, "/.ioriot-moved.%llu", (unsigned long long)++o->moved);
	add(o, r, OP_rename)->path2 = buf_as_str(&o->path2);
	if (n->at_start)
		n->mode |= S_IRWXU; /* its ".." changes */
}

static int take_away(
	struct outside *o, struct model *m, const struct rec *r, const struct surprise *why)
{
	struct node *n = why->node;
	uint32_t type = n->mode & S_IFMT;

	if (n->mount != why->dir->mount)
		return 0;
	if (type == S_IFCHR || type == S_IFBLK) { /* no replay has it */
		o->n = 0;
		return names_set(&m->names, why->dir, why->name, NULL) ? 1 : -ENOMEM;
	}
	if (!node_is_dir(n))
		add(o, r, OP_unlink);
	else if (names_held(n) || n->filler)
		move_away(o, r, n);
	else
		add(o, r, OP_rmdir);
	return 1;
}

/* What was longer than it was told, and whose end nobody has seen, may have been so all along. */
static int change_size(struct outside *o, const struct rec *r, const struct surprise *why)
{
	struct node *n = why->node;

	if (n->at_start && !n->seen_end && why->size > n->size.size &&
		n->size.size == n->size.start && n->size.original == n->size.start) {
		o->n = 0;
		vsize_grown(&n->size, why->size);
	} else {
		resize(o, r, why->size);
	}
	return 1;
}

static bool put_place(struct outside *o, const struct surprise *why)
{
	const struct node *n = why->node;

	switch (why->what) {
	case SURPRISE_FOUND:
	case SURPRISE_GONE:
		return put_name(&o->path, why->dir, why->name);
	case SURPRISE_SIZE:
		return n->entry && why->size <= INT64_MAX && names_path(n, &o->path);
	case SURPRISE_FULL:
		return put_name(&o->path, n, STR(NAMES_FILLER));
	case SURPRISE_NONE:
		break;
	}
	return false;
}

int outside_plan(struct outside *o, struct model *m, struct window *w, const struct rec *r,
	const struct surprise *why)
{
	int rc = 0;

	o->n = 0;
	o->path.len = o->path2.len = 0;
	if (!put_place(o, why) || changed_before(m, r, why) || changes_after(m, w, r, why))
		return 0;
	if (!vfd_task(&m->vfd, OUTSIDE_TASK))
		add_task(o, r);
	if (why->what == SURPRISE_FOUND)
		rc = make(o, m, r, why);
	else if (why->what == SURPRISE_GONE)
		rc = take_away(o, m, r, why);
	else if (why->what == SURPRISE_SIZE)
		rc = change_size(o, r, why);
	else
		rc = make(o, m, r, why);
	if (rc <= 0)
		o->n = 0;
	return buf_ok(&o->path) && buf_ok(&o->path2) ? rc : -ENOMEM;
}

void outside_free(struct outside *o)
{
	buf_free(&o->path);
	buf_free(&o->path2);
}
