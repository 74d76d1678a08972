/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes of a capture of the ptrace backend what a backend in the kernel would have made of the same
 * program, its records coming as late as can be: after the program's end.
 *
 *   late_emulate [-n KINDS] IN OUT
 *
 * The state_path records of IN are not passed on. They only tell a model of the program's names
 * (the one of generate) what was there, and from the model comes what the kernel tells with each
 * call. KINDS is a list of letters of what it does not tell: a (mode and owner before they change),
 * b (what was there before the call), c (the file that is cut), o (that an open made the file), s (the
 * facts of stat calls).
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/late.h"
#include "generate/model.h"
#include "trace/capture.h"

/* A node that was told: its number for late_add(), and its facts at the start, mode and owner as now. */
struct known {
	struct hnode hash;
	const struct node *node;
	uint64_t id;
	struct facts start;
	bool named;
};

struct emulation {
	struct capture_reader *in;
	struct sink *sink;
	struct late *late;
	struct model model;
	struct rline out; /* of the model */
	struct hmap known;
	uint64_t ids;
	const char *hidden;
	struct buf name[2];
	uint64_t records;
};

static void die(const struct err *err)
{
	fprintf(stderr, "late_emulate: %s\n", err->text);
	exit(1);
}

static bool tells(const struct emulation *e, char kind)
{
	return !strchr(e->hidden, kind);
}

/* Nodes are kept, so that none takes the place of another. */
static struct known *known_of(struct emulation *e, struct node *node)
{
	uint64_t hash = hash_u64((uint64_t)(uintptr_t)node);
	struct hnode *h = hmap_first(&e->known, hash);
	struct known *k = h ? hmap_entry(h, struct known, hash) : NULL;

	if (k)
		return k;
	k = calloc(1, sizeof(*k));
	if (!k || hmap_insert(&e->known, &k->hash, hash))
		abort();
	k->node = node_get(node);
	k->id = ++e->ids;
	return k;
}

static struct facts facts_now(struct emulation *e, struct node *node)
{
	const struct known *k = known_of(e, node);
	struct facts f = k->start;

	if (!f.known && !(node->mode & S_IFMT))
		return f;
	if (!f.known) { /* made by the program */
		f = (struct facts){.known = true,
			.dev_major = 250,
			.ino = k->id,
			.mode = node->mode,
			.nlink = node->names};
		f.blocks = (node->size.size + 511) / 512;
	} else if (f.size != node->size.size && node_is_file(node)) {
		f.blocks = (node->size.size + 511) / 512;
	}
	if (node_is_file(node))
		f.size = node->size.size;
	return f;
}

/* ---- what is so before the call ---- */

static struct node *dir_of_call(struct emulation *e, const struct rec *r, int fd)
{
	struct task *t = vfd_task(&e->model.vfd, r->tid);
	struct descriptor *d;

	if (!t)
		return NULL;
	if (fd == AT_FDCWD)
		return t->fs->cwd;
	d = vfd_get(t, fd);
	return d ? d->desc->node : NULL;
}

static void tell_dir(struct emulation *e, struct seen *s, int i, struct node *dir)
{
	struct known *k = dir ? known_of(e, dir) : NULL;

	if (!k)
		return;
	s->from[i].id = k->id;
	e->name[i].len = 0;
	if (k->named || !names_path(dir, &e->name[i]))
		return;
	k->named = true;
	s->from[i].name = buf_as_str(&e->name[i]);
}

static struct node *named_before(struct emulation *e, const struct rec *r, struct node *from,
	struct str path, bool follow, bool *absent)
{
	struct task *t = vfd_task(&e->model.vfd, r->tid);
	struct node *root = t && t->fs->root ? t->fs->root : e->model.names.root;
	struct walk w = {0};

	*absent = false;
	if (!path.len || (path.s[0] != '/' && !from))
		return NULL;
	if (names_walk(&e->model.names, from, root, path, follow ? 0 : WALK_NOFOLLOW, &w))
		abort();
	*absent = !w.err && !w.node && w.entry;
	return w.node;
}

static bool opens(enum op_id op)
{
	return op == OP_open || op == OP_openat || op == OP_openat2 || op == OP_creat;
}

static bool cuts(struct emulation *e, const struct rec *r)
{
	return r->op == OP_truncate ||
	       (opens(r->op) && model_oflags(&e->model, r) & O_TRUNC && r->ret >= 0);
}

static bool changes_attributes(enum op_id op)
{
	return op == OP_chmod || op == OP_fchmod || op == OP_fchmodat || op == OP_fchmodat2 ||
	       op == OP_chown || op == OP_lchown || op == OP_fchown || op == OP_fchownat;
}

static bool follows(const struct rec *r)
{
	int flags = op_arg_index(r->op, A_ATFLAGS);

	return r->op != OP_lchown && r->op != OP_lstat &&
	       !(flags >= 0 && r->arg[flags] & AT_SYMLINK_NOFOLLOW);
}

/* What it was, and what it will be. */
static void before_change(struct emulation *e, struct seen *s, struct node *node)
{
	const struct rec *r = &s->rec;
	int mode = op_arg_index(r->op, A_MODE), uid = op_arg_index(r->op, A_UID);
	struct facts *f = node ? &known_of(e, node)->start : NULL;

	if (!f || !f->known)
		return;
	if (tells(e, 'a'))
		s->was = facts_now(e, node);
	if (r->ret < 0)
		return;
	if (mode >= 0)
		f->mode = (f->mode & S_IFMT) | ((uint32_t)r->arg[mode] & 07777);
	if (uid >= 0 && (uint32_t)r->arg[uid] != UINT32_MAX)
		f->uid = (uint32_t)r->arg[uid];
	if (uid >= 0 && (uint32_t)r->arg[uid + 1] != UINT32_MAX)
		f->gid = (uint32_t)r->arg[uid + 1];
}

static void before_path(struct emulation *e, struct seen *s, int i, int fd, struct str path)
{
	const struct rec *r = &s->rec;
	struct node *from = dir_of_call(e, r, fd), *node;
	bool names = r->op == OP_unlink || r->op == OP_unlinkat || r->op == OP_rmdir ||
		     r->op == OP_rename || r->op == OP_renameat || r->op == OP_renameat2;
	bool absent;

	if (!path.len)
		return;
	if (path.s[0] != '/')
		tell_dir(e, s, i, from);
	if (names && tells(e, 'b')) {
		node = named_before(e, r, from, path, false, &absent);
		s->before[i].absent = absent;
		if (node)
			s->before[i] = facts_now(e, node);
		if (node && node_is_link(node) && node->target)
			s->target[i] = str_of(node->target);
	}
	if (cuts(e, r) && tells(e, 'c')) {
		node = named_before(e, r, from, path, true, &absent);
		if (node && node_is_file(node))
			s->cut = facts_now(e, node);
	}
	if (changes_attributes(r->op))
		before_change(e, s, named_before(e, r, from, path, follows(r), &absent));
	if (opens(r->op) && model_oflags(&e->model, r) & O_CREAT && r->ret >= 0 && tells(e, 'o')) {
		node = named_before(e, r, from, path, true, &absent);
		s->created = !node;
	}
}

static void before_call(struct emulation *e, struct seen *s)
{
	const struct rec *r = &s->rec;
	int fd = AT_FDCWD, i;

	for (i = 0; i < OP_ARGS; i++) {
		enum arg_kind kind = ops[r->op].arg[i];

		if (kind == A_DIRFD || kind == A_DIRFD2)
			fd = (int)r->arg[i];
		else if (kind == A_PATH)
			before_path(e, s, 0, fd, r->path);
		else if (kind == A_PATH2)
			before_path(e, s, 1, fd, r->path2);
	}
	if (r->op == OP_getdents || r->op == OP_getdents64)
		tell_dir(e, s, 0, dir_of_call(e, r, (int)r->arg[0]));
	if (r->op == OP_ftruncate && tells(e, 'c')) {
		struct node *node = dir_of_call(e, r, (int)r->arg[0]);

		if (node && node_is_file(node))
			s->cut = facts_now(e, node);
	}
	if (changes_attributes(r->op) && op_has(r->op, A_FD))
		before_change(e, s, dir_of_call(e, r, (int)r->arg[0]));
}

/* ---- what the call found ---- */

static void facts_of_stat_call(struct emulation *e, struct seen *s)
{
	struct rec *r = &s->rec;
	int at = op_arg_index(r->op, A_DIRFD), fd = at >= 0 ? (int)r->arg[at] : AT_FDCWD;
	struct node *from, *node;
	bool absent;

	if ((r->op != OP_stat && r->op != OP_lstat && r->op != OP_newfstatat && r->op != OP_statx &&
		    r->op != OP_fstat) ||
		r->ret < 0 || !tells(e, 's'))
		return;
	from = dir_of_call(e, r, r->op == OP_fstat ? (int)r->arg[0] : fd);
	node = r->op == OP_fstat || !r->path.len
		       ? from
		       : named_before(e, r, from, r->path, follows(r), &absent);
	if (node)
		r->facts = facts_now(e, node);
}

static void apply(struct emulation *e, const struct rec *r)
{
	int left = model_apply(&e->model, r);

	if (left == LEFT_CONFLICT) {
		model_done(&e->model);
		e->model.force = true;
		left = model_apply(&e->model, r);
		e->model.force = false;
	}
	if (left < 0)
		abort();
	model_done(&e->model);
}

static void remember_start(struct emulation *e, const struct rec *r)
{
	struct walk w = {0};

	if (r->facts.absent || names_walk(&e->model.names, e->model.names.root, e->model.names.root,
				       r->path, WALK_NOFOLLOW, &w))
		return;
	if (w.node && !known_of(e, w.node)->start.known)
		known_of(e, w.node)->start = r->facts;
}

/* ---- the run ---- */

static void pass_on(struct emulation *e, struct rec *r)
{
	struct seen s = {.rec = *r};
	struct task *t;
	struct err err;

	before_call(e, &s);
	apply(e, r);
	t = vfd_task(&e->model.vfd, r->tid);
	if (r->op == OP_state_task && t)
		tell_dir(e, &s, 0, t->fs->cwd);
	facts_of_stat_call(e, &s);
	if (late_add(e->late, &s, &err))
		die(&err);
	if (++e->records % 1000 == 0)
		late_advance(e->late, r->t);
}

static void run(struct emulation *e)
{
	struct err err;
	struct rec r;
	int rc;

	while ((rc = capture_next(e->in, &r, &err)) > 0) {
		switch ((int)r.op) {
		case OP_end:
		case OP_lost:
			break;
		case OP_state_mount:
			apply(e, &r);
			break;
		case OP_state_path:
			apply(e, &r);
			remember_start(e, &r);
			break;
		default:
			pass_on(e, &r);
		}
	}
	if (rc)
		die(&err);
}

static void copy_header(struct emulation *e)
{
	static const char *const keys[] = {"arch", "kernel", "host", "uid", "cmd"};
	struct capture_pair pairs[6] = {{"backend", STR("late")}};
	size_t i;

	for (i = 0; i < 5; i++)
		pairs[i + 1] = (struct capture_pair){keys[i], capture_header(e->in, keys[i])};
	sink_header(e->sink, pairs, 6);
}

static void release(struct emulation *e)
{
	struct hnode *n, *tmp;
	size_t i;

	hmap_each(&e->known, n, tmp, i) free(hmap_entry(n, struct known, hash));
	hmap_free(&e->known);
	model_free(&e->model);
	buf_free(&e->name[0]);
	buf_free(&e->name[1]);
	capture_close(e->in);
}

int main(int argc, char **argv)
{
	struct emulation e = {.hidden = ""};
	struct sink_totals totals;
	struct err err;
	int c;

	while ((c = getopt(argc, argv, "n:")) == 'n')
		e.hidden = optarg;
	if (c != -1 || argc - optind != 2) {
		fprintf(stderr, "usage: late_emulate [-n KINDS] IN OUT\n");
		return 2;
	}
	if (capture_open(&e.in, argv[optind], &err) || sink_open(&e.sink, argv[optind + 1], &err))
		die(&err);
	copy_header(&e);
	if (model_init(&e.model, "emulation", NULL, capture_header(e.in, "arch")) ||
		late_open(&e.late, e.sink, &err))
		die(&err);
	e.model.out = &e.out;
	run(&e);
	late_close(e.late);
	if (sink_close(e.sink, &totals, &err))
		die(&err);
	release(&e);
	return 0;
}
