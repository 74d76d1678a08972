/* SPDX-License-Identifier: Apache-2.0 */
#include "init/plan.h"

#include <errno.h>
#include <linux/limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "ops/xattr.h"

struct reading {
	struct plan *plan;
	const char *file;
	uint64_t line; /* of the line at hand */
};

static int line_error(const struct reading *r, struct err *err)
{
	return err_prefix(err, "%s:%llu", r->file, (unsigned long long)r->line);
}

const char *plan_show(const struct plan *plan, const struct entry *e, char *out, size_t size)
{
	snprintf(out, size, "%s%s%.*s", plan->set.v[e->tree].path, e->rest.len ? "/" : "",
		(int)e->rest.len, e->rest.s);
	return out;
}

static uint64_t entry_hash(size_t tree, struct str rest)
{
	return hash_bytes(rest.s, rest.len, tree);
}

struct entry *plan_find(const struct plan *plan, size_t tree, struct str rest)
{
	struct hnode *n = hmap_first(&plan->map, entry_hash(tree, rest));

	for (; n; n = hmap_next(n)) {
		struct entry *e = hmap_entry(n, struct entry, node);

		if (e->tree == tree && str_eq(e->rest, rest))
			return e;
	}
	return NULL;
}

static entry_vec *vec_of(struct plan *plan, enum init_kind kind)
{
	switch (kind) {
	case INIT_DIR:
		return &plan->dirs;
	case INIT_HARDLINK:
		return &plan->hardlinks;
	case INIT_FILE:
	case INIT_SYMLINK:
	case INIT_FIFO:
	case INIT_SOCKET:
	case INIT_XATTR: /* are no entries */
	case INIT_XATTRS:
		break;
	}
	return &plan->nodes;
}

static struct entry *add(struct plan *plan, size_t tree, struct str rest, enum init_kind kind)
{
	struct entry *e = arena_alloc(&plan->arena, sizeof(*e));
	entry_vec *vec = vec_of(plan, kind);
	struct entry **slot = e ? vec_push(vec) : NULL;
	const char *slash;

	if (!slot)
		return NULL;
	*slot = e;
	e->tree = tree;
	e->kind = kind;
	e->rest = (struct str){arena_strdup(&plan->arena, rest), rest.len};
	if (!e->rest.s || hmap_insert(&plan->map, &e->node, entry_hash(tree, rest)))
		return NULL;
	slash = memrchr(e->rest.s, '/', e->rest.len);
	e->name = slash ? slash + 1 : e->rest.s;
	return e;
}

/* The directory that REST stands in; made up, with all above it, where no line named it yet. */
static int find_parent(
	struct reading *r, size_t tree, struct str rest, struct entry **out, struct err *err)
{
	const char *slash = memrchr(rest.s, '/', rest.len);
	struct str dir = {rest.s, slash ? (size_t)(slash - rest.s) : 0};
	struct entry *e = plan_find(r->plan, tree, dir);
	struct entry *above = NULL;
	int rc = 0;

	if (e && e->kind != INIT_DIR)
		return err_set(err, EINVAL,
			"'%.*s' stands below what line %llu makes, which is no directory",
			(int)rest.len, rest.s, (unsigned long long)e->line);
	*out = e;
	if (e)
		return 0;
	if (dir.len)
		rc = find_parent(r, tree, dir, &above, err);
	if (rc)
		return rc;
	e = add(r->plan, tree, dir, INIT_DIR);
	if (!e)
		return err_sys(err, ENOMEM, "the plan of the tree");
	e->implied = true;
	e->mode = 0755;
	e->parent = above;
	*out = e;
	return 0;
}

/* The entry of a line: new, or the directory that was made up before its line came. */
static int claim(struct reading *r, size_t tree, struct str rest, enum init_kind kind,
	struct entry **out, struct err *err)
{
	struct entry *e = plan_find(r->plan, tree, rest), *parent = NULL;
	int rc = 0;

	if (e && e->implied && kind == INIT_DIR) {
		e->implied = false;
		*out = e;
		return 0;
	}
	if (e && e->implied)
		return err_set(err, EINVAL,
			"'%.*s' is no directory, but other lines stand below it", (int)rest.len,
			rest.s);
	if (e)
		return err_set(err, EINVAL, "'%.*s' is there already, from line %llu",
			(int)rest.len, rest.s, (unsigned long long)e->line);
	if (rest.len)
		rc = find_parent(r, tree, rest, &parent, err);
	if (rc)
		return rc;
	*out = add(r->plan, tree, rest, kind);
	if (!*out)
		return err_sys(err, ENOMEM, "the plan of the tree");
	(*out)->parent = parent;
	return 0;
}

static int copy_ranges(struct plan *plan, struct entry *e, const struct init_line *l)
{
	size_t size = l->ndata * sizeof(*l->data);
	uint64_t *copy, data = 0;
	uint32_t i;

	e->size = l->size;
	e->seed = hash_bytes(l->path.s, l->path.len, 0);
	if (l->ndata) {
		copy = arena_alloc(&plan->arena, size);
		if (!copy)
			return -ENOMEM;
		memcpy(copy, l->data, size);
		e->data = copy;
		e->ndata = l->ndata;
	}
	for (i = 1; i < l->ndata; i += 2)
		data += l->data[i];
	plan->counts.data += data;
	plan->counts.holes += l->size - data;
	return 0;
}

static int check_target(
	struct reading *r, const struct init_line *l, struct entry *e, struct err *err)
{
	char *target;
	bool up;
	int rc = tree_link_target(&r->plan->set, l->path, l->target, &target, &up, err);

	e->target = target;
	r->plan->up_links |= up;
	return rc;
}

/* Its other name may come in a later line: kept as a path until all lines are read. */
static int keep_hardlink(
	struct reading *r, const struct init_line *l, struct entry *e, struct err *err)
{
	struct str rest;
	size_t tree;
	int rc = tree_locate(&r->plan->set, l->target, &tree, &rest, err);

	if (rc)
		return rc;
	if (tree != e->tree)
		return err_set(err, EINVAL, "a hard link cannot lead to another tree");
	e->target = arena_strdup(&r->plan->arena, rest);
	return e->target ? 0 : err_sys(err, ENOMEM, "the plan of the tree");
}

static int add_kind(struct reading *r, const struct init_line *l, struct entry *e, struct err *err)
{
	struct plan_counts *c = &r->plan->counts;

	switch (l->kind) {
	case INIT_DIR:
		return 0;
	case INIT_FILE:
		c->files++;
		return copy_ranges(r->plan, e, l) ? err_sys(err, ENOMEM, "the plan of the tree")
						  : 0;
	case INIT_SYMLINK:
		c->symlinks++;
		return check_target(r, l, e, err);
	case INIT_HARDLINK:
		c->hardlinks++;
		return keep_hardlink(r, l, e, err);
	case INIT_FIFO:
		c->fifos++;
		return 0;
	case INIT_SOCKET:
		c->sockets++;
		return 0;
	case INIT_XATTR:
	case INIT_XATTRS:
		break;
	}
	return 0;
}

/*
 * Where root was captured, permissions decided nothing and nobody is a stranger: the replay, which
 * runs without root's powers, has to reach everything.
 */
static bool is_foreign(const struct plan *plan, const struct init_line *l)
{
	return l->kind != INIT_HARDLINK && plan->has_uid && plan->uid != 0 && l->uid != plan->uid;
}

/* An attribute, or the length of the list of them, of what an earlier line makes. */
static int add_attribute(struct reading *r, const struct init_line *l, size_t tree, struct str rest,
	struct err *err)
{
	struct entry *e = plan_find(r->plan, tree, rest);
	struct attribute *a;

	if (!e || e->implied || (e->kind != INIT_FILE && e->kind != INIT_DIR))
		return err_set(err, EINVAL,
			"no earlier line makes a file or directory '%.*s', which is to have "
			"attributes",
			(int)rest.len, rest.s);
	if (l->kind == INIT_XATTRS) {
		e->list = (uint32_t)l->size;
		return 0;
	}
	if (e->kind != INIT_DIR && str_eqs(l->target, XATTR_ACL_DEFAULT))
		return err_set(err, EINVAL, "'%.*s' is no directory, which only has %s", (int)rest.len, rest.s,
			XATTR_ACL_DEFAULT);
	e->inherits |= str_eqs(l->target, XATTR_ACL_DEFAULT);
	if (e->names + l->target.len + 1 > XATTR_LIST_MAX)
		return err_set(err, EINVAL, "'%.*s' has more attributes than a list of them holds",
			(int)rest.len, rest.s);
	e->names += (uint32_t)l->target.len + 1;
	a = arena_alloc(&r->plan->arena, sizeof(*a));
	if (a)
		*a = (struct attribute){e->attributes, arena_strdup(&r->plan->arena, l->target),
			(uint32_t)l->size, l->mode};
	if (!a || !a->name)
		return err_sys(err, ENOMEM, "the plan of the tree");
	e->attributes = a;
	r->plan->counts.attributes++;
	return 0;
}

static int add_line(struct reading *r, const struct init_line *l, struct err *err)
{
	struct plan *plan = r->plan;
	struct entry *e;
	struct str rest;
	size_t tree;
	int rc;

	rc = tree_locate(&plan->set, l->path, &tree, &rest, err);
	if (rc)
		return rc;
	if (rest.len && rest.s[rest.len - 1] == '/')
		rest.len--;
	if (l->kind == INIT_XATTR || l->kind == INIT_XATTRS)
		return add_attribute(r, l, tree, rest, err);
	if (rest.len == 0 && l->kind != INIT_DIR)
		return err_set(err, EINVAL, "the tree itself can only be a directory");
	rc = claim(r, tree, rest, l->kind, &e, err);
	if (rc)
		return rc;
	e->line = r->line;
	e->mode = l->mode;
	e->foreign = is_foreign(plan, l);
	plan->counts.foreign += e->foreign;
	if (l->kind != INIT_DIR && l->mode & (S_ISUID | S_ISGID)) {
		plan->counts.setid++;
		plan->counts.foreign_setid += e->foreign;
	}
	return add_kind(r, l, e, err);
}

static int resolve_hardlink(const struct plan *plan, struct entry *e, struct err *err)
{
	e->same = plan_find(plan, e->tree, str_of(e->target));
	if (!e->same)
		return err_set(err, EINVAL, "there is no line for '%s', the hard link's other name",
			e->target);
	if (e->same->kind == INIT_DIR || e->same->kind == INIT_HARDLINK)
		return err_set(err, EINVAL,
			"'%s' is a directory or a hard link itself, no file to link to", e->target);
	return 0;
}

static int resolve_hardlinks(struct reading *r, struct err *err)
{
	struct plan *plan = r->plan;
	size_t i;

	for (i = 0; i < plan->hardlinks.n; i++) {
		r->line = plan->hardlinks.v[i]->line;
		if (resolve_hardlink(plan, plan->hardlinks.v[i], err))
			return line_error(r, err);
	}
	return 0;
}

static int add_tree_dirs(struct plan *plan, struct err *err)
{
	size_t i;

	for (i = 0; i < plan->set.n; i++) {
		struct entry *e = plan_find(plan, i, STR(""));

		if (e)
			continue;
		e = add(plan, i, STR(""), INIT_DIR);
		if (!e)
			return err_sys(err, ENOMEM, "the plan of the tree");
		e->implied = true;
		e->mode = 0755;
	}
	return 0;
}

static int by_path(const void *a, const void *b)
{
	const struct entry *x = *(struct entry *const *)a, *y = *(struct entry *const *)b;

	if (x->tree != y->tree)
		return x->tree < y->tree ? -1 : 1;
	return strcmp(x->rest.s, y->rest.s);
}

static int by_directory(const void *a, const void *b)
{
	const struct entry *x = *(struct entry *const *)a, *y = *(struct entry *const *)b;

	if (x->parent->rank != y->parent->rank)
		return x->parent->rank < y->parent->rank ? -1 : 1;
	return x->line < y->line ? -1 : x->line > y->line;
}

/* Parents before children; then the files by directory, so that each is opened once or so. */
static void put_in_order(struct plan *plan)
{
	size_t i;

	if (plan->dirs.n)
		qsort(plan->dirs.v, plan->dirs.n, sizeof(*plan->dirs.v), by_path);
	for (i = 0; i < plan->dirs.n; i++)
		plan->dirs.v[i]->rank = i;
	if (plan->nodes.n)
		qsort(plan->nodes.v, plan->nodes.n, sizeof(*plan->nodes.v), by_directory);
	if (plan->hardlinks.n)
		qsort(plan->hardlinks.v, plan->hardlinks.n, sizeof(*plan->hardlinks.v),
			by_directory);
	plan->counts.dirs = plan->dirs.n;
}

static int read_header(struct plan *plan, const struct replay_reader *in, const char *file,
	const char *name, const char *root, struct err *err)
{
	struct str own = replay_header(in, "name"), id = replay_header(in, "id");
	struct str layout = replay_header(in, "layout"), uid = replay_header(in, "uid");
	struct str left_out = replay_header(in, "left_out");
	uint64_t v;
	int rc;

	if (!str_eqs(layout, "root") && !str_eqs(layout, "mounts"))
		return err_set(err, EPROTO, "%s: the header says no layout (root or mounts)", file);
	if (!tree_id_valid(id))
		return err_set(err, EPROTO, "%s: the header has no valid id", file);
	memcpy(plan->id, id.s, id.len);
	if (uid.s && (str_u64(uid, &v) || v > UINT32_MAX))
		return err_set(err, EPROTO, "%s: the header's uid is no user's number", file);
	plan->has_uid = uid.s != NULL;
	plan->uid = uid.s ? (uint32_t)v : 0;
	if (left_out.s)
		str_u64(left_out, &plan->counts.left_out);
	rc = tree_set_init(&plan->set, &plan->arena, own, root, str_eqs(layout, "root"), err);
	if (rc)
		return err_prefix(err, "%s", file);
	if (name && !str_eqs(own, name))
		return err_set(err, EINVAL, "%s is the replay '%s', not '%s' as -n says", file,
			plan->set.name, name);
	return 0;
}

/* Only where the tree is; what an operation may do with a path is for the replay to judge. */
static void note_tree(struct plan *plan, struct str path)
{
	struct str rest;
	size_t tree;

	if (path.len && path.s[0] == '/')
		tree_locate(&plan->set, path, &tree, &rest, NULL);
}

static int read_operations(
	struct plan *plan, struct replay_reader *in, struct progress *progress, struct err *err)
{
	struct rline line;
	uint64_t n = 0;
	int rc;

	while ((rc = replay_next(in, &line, err)) > 0) {
		note_tree(plan, line.call.path);
		if (op_has(line.call.op, A_PATH2)) /* what a link points to need not exist */
			note_tree(plan, line.call.path2);
		if (plan->set.root && plan->set.n)
			return 0; /* below --root there is one tree only */
		if (++n % 4096 == 0 && progress_due(progress))
			progress_show(
				progress, &(struct progress_state){.share = replay_progress(in),
						  .count = n,
						  .unit = "operations read"});
	}
	return rc;
}

static int read_lines(struct reading *r, struct replay_reader *in, struct err *err)
{
	struct init_line line;
	int rc;

	while ((rc = replay_next_init(in, &line, err)) > 0) {
		r->line = line.line;
		if (add_line(r, &line, err))
			return line_error(r, err);
	}
	return rc;
}

int plan_read(struct plan *plan, const char *file, const char *name, const char *root, unsigned copy,
	struct progress *progress, struct err *err)
{
	struct reading r = {.plan = plan, .file = file};
	struct replay_reader *in;
	int rc;

	*plan = (struct plan){0};
	rc = replay_open(&in, file, err);
	if (rc)
		return rc;
	rc = read_header(plan, in, file, name, root, err);
	if (rc == 0 && copy)
		rc = tree_set_copy(&plan->set, copy, err);
	if (rc == 0)
		rc = read_operations(plan, in, progress, err);
	if (rc == 0)
		rc = read_lines(&r, in, err);
	if (rc == 0)
		rc = resolve_hardlinks(&r, err);
	if (rc == 0)
		rc = add_tree_dirs(plan, err);
	if (rc == 0)
		put_in_order(plan);
	replay_close(in);
	return rc;
}

void plan_free(struct plan *plan)
{
	hmap_free(&plan->map);
	vec_free(&plan->dirs);
	vec_free(&plan->nodes);
	vec_free(&plan->hardlinks);
	arena_free(&plan->arena);
}
