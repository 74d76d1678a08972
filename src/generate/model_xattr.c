/* SPDX-License-Identifier: Apache-2.0 */
#include "generate/model.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <stdlib.h>
#include <sys/xattr.h>

#include "ops/uring.h"
#include "ops/xattr.h"

/*
 * Extended attributes: of the class that needs no privilege and has no rules for its values, and access
 * control lists. Those that calls found without having made them are put into INIT.
 */

enum action { SETS, GETS, LISTS, REMOVES };

static enum action action_of(const struct rec *r)
{
	if (op_has(r->op, A_XFLAGS) || r->op == OP_setxattrat)
		return SETS;
	if (!op_has(r->op, A_XNAME))
		return LISTS;
	return op_has(r->op, A_LEN) || op_has(r->op, A_XARGS) ? GETS : REMOVES;
}

static int set_found(const struct rec *r)
{
	uint64_t flags = (uint64_t)model_arg(r, A_XFLAGS, model_arg(r, A_XATFLAGS, 0));

	if (flags == XATTR_CREATE)
		return r->ret == 0 ? 0 : r->ret == -EEXIST ? 1 : -1;
	if (flags == XATTR_REPLACE)
		return r->ret == 0 ? 1 : r->ret == -ENODATA ? 0 : -1;
	return -1;
}

/* ERANGE is a buffer that is too small for the value, or a name that no attribute can have. */
static bool too_small(const struct rec *r)
{
	bool name = r->path2.len > 0 && r->path2.len <= XATTR_NAME_MAX;

	return r->ret == -ERANGE && (!op_has(r->op, A_XNAME) || (action_of(r) == GETS && name));
}

int model_xattr_found(const struct rec *r)
{
	if (!op_has(r->op, A_XNAME))
		return -1;
	if (action_of(r) == SETS)
		return set_found(r);
	return r->ret >= 0 || too_small(r) ? 1 : r->ret == -ENODATA ? 0 : -1;
}

int model_xattr_left(const struct rec *r)
{
	if (!op_has(r->op, A_XNAME) || r->ret < 0 || action_of(r) == GETS)
		return -1;
	return action_of(r) == SETS;
}

static struct xattr **find(struct node *n, struct str name)
{
	struct xattr **x = &n->xattrs;

	while (*x && !str_eq(name, (struct str){(*x)->name, (*x)->len}))
		x = &(*x)->next;
	return x;
}

static struct xattr *enter(struct node *n, struct str name)
{
	struct xattr **at = find(n, name), *x = *at;

	if (x)
		return x;
	x = calloc(1, sizeof(*x) + name.len);
	if (!x)
		return NULL;
	x->len = (uint32_t)name.len;
	memcpy(x->name, name.s, name.len);
	*at = x;
	return x;
}

/* What is there at the start can be made of files and directories that have a line of their own. */
static bool init_has(const struct node *n)
{
	return n->at_start && n->start && (node_is_file(n) || node_is_dir(n));
}

/* A sum of names with the byte behind each: 0, or at least "user.x". */
static bool can_be_names(uint64_t bytes)
{
	return bytes == 0 || bytes >= XATTR_LIST_LEAST;
}

/* NAME was there at the start: it is one of those that a list has shown already. */
static struct xattr *of_the_start(struct node *n, struct str name)
{
	uint64_t others = n->listed ? n->listed - 1 : 0, len = name.len + 1;
	struct xattr *x;

	if (!init_has(n) || *find(n, name))
		return NULL;
	if (n->listed && !n->listed_least && (others < len || !can_be_names(others - len)))
		return NULL;
	x = enter(n, name);
	if (!x)
		return NULL;
	if (n->listed)
		n->listed -= others < len ? others : len;
	x->present = x->at_start = true;
	x->size = 1;
	return x;
}

/* What a get tells of a value that is still the one of the start. */
static void note_size(struct xattr *x, const struct rec *r)
{
	uint64_t room = (uint64_t)model_arg(r, A_LEN, model_arg(r, A_XARGS, 0));

	if (!x->at_start || x->own || x->exact || action_of(r) != GETS)
		return;
	if (r->ret >= 0) {
		x->exact = true;
		x->size = (uint32_t)r->ret;
	} else if (r->ret == -ERANGE && room < XATTR_SIZE_MAX && room >= x->size) {
		x->size = (uint32_t)room + 1;
	}
}

static uint64_t length(const struct rec *r)
{
	return (uint64_t)model_arg(r, A_LEN, model_arg(r, A_XARGS, 0));
}

static struct xattr *own(struct node *n, struct str name, bool present)
{
	struct xattr *x = enter(n, name);

	if (x) {
		x->present = present;
		x->own = true;
		x->differs = false;
	}
	return x;
}

/* Nothing tells what the file has by it. */
static int set_unknown_acl(const struct rec *r, struct node *n)
{
	struct xattr *x = enter(n, r->path2);

	if (!x)
		return -ENOMEM;
	x->own = x->differs = true;
	return LEFT_XATTR;
}

/*
 * Its bytes are not in a capture, but its length and the permission bits that it gives: all that the file's mode, and
 * what is made in a directory with it, depends on. One that says no more than bits leaves none, but as a default one;
 * cp -p sets such a one in place of a chmod. Older captures tell the bits that the file had then.
 */
static int set_acl(struct model *m, const struct rec *r, struct node *n)
{
	int flags = op_arg_index(r->op, op_has(r->op, A_XFLAGS) ? A_XFLAGS : A_XATFLAGS);
	bool is_default = str_eqs(r->path2, XATTR_ACL_DEFAULT), gives = length(r) > ACL_HEAD;
	uint32_t bits = gives ? r->facts.mode & 0777 : 0;
	struct xattr *x;

	if (gives && !r->facts.known && !r->facts.list)
		return set_unknown_acl(r, n);
	x = own(n, r->path2, is_default ? gives : acl_is_full(length(r)));
	if (!x)
		return -ENOMEM;
	x->bits = bits;
	x->size_now = (uint32_t)length(r);
	m->out->call.arg[flags] |= (uint64_t)bits << XATTR_BITS_SHIFT;
	if (!is_default && gives)
		m->out->call.arg[flags] |= XATTR_TOLD;
	return model_touch(m, &n->attr, TOUCH_EXCLUSIVE);
}

int model_default_acl_at_start(struct node *n, uint64_t bits, uint64_t len)
{
	struct xattr *x = acl_is_length(len) ? enter(n, STR(XATTR_ACL_DEFAULT)) : NULL;

	if (!x)
		return acl_is_length(len) ? -ENOMEM : LEFT_MALFORMED;
	x->present = x->at_start = x->exact = true;
	x->size = x->size_now = (uint32_t)len;
	x->bits = x->bits_at_start = (uint32_t)bits & 0777;
	return 0;
}

/* As posix_acl_create() of the kernel: a list with more than three entries becomes that of what is made, too. */
int model_inherit_acl(const struct model *m, struct node *dir, struct node *n)
{
	const struct xattr *from = dir ? *find(dir, STR(XATTR_ACL_DEFAULT)) : NULL;
	struct xattr *x;

	if (!from || !from->present) {
		n->allowed &= ~m->task->fs->umask;
		return 0;
	}
	n->allowed &= from->bits | ~0777u;
	if (from->size_now >= ACL_LEAST && !own(n, STR(XATTR_ACL), true))
		return -ENOMEM;
	if (!node_is_dir(n))
		return 0;
	x = own(n, STR(XATTR_ACL_DEFAULT), true);
	if (!x)
		return -ENOMEM;
	x->bits = from->bits;
	x->size_now = from->size_now;
	return 0;
}

static bool is_list(const struct rec *r)
{
	return r->ret < 0 || acl_is_full((uint64_t)r->ret);
}

static int acl(struct model *m, const struct rec *r, struct node *n)
{
	struct xattr *x = *find(n, r->path2);
	int found = model_xattr_found(r);

	switch (action_of(r)) {
	case SETS:
		if (r->ret == 0)
			return set_acl(m, r, n);
		return found == 1 ? LEFT_XATTR : model_touch(m, &n->attr, TOUCH_SHARE);
	case GETS:
		if (found == 1 && !x && is_list(r) && str_eqs(r->path2, XATTR_ACL)) /* of a default one it was told */
			x = of_the_start(n, r->path2);
		if (found == 1 && (!x || !x->present || x->differs))
			return LEFT_XATTR;
		if (found == 0 && x && (x->present || x->differs))
			return LEFT_XATTR;
		if (x)
			note_size(x, r);
		return model_touch(m, &n->attr, TOUCH_SHARE);
	case REMOVES: /* works whether there is one or not */
		if (x && r->ret == 0)
			x->present = x->differs = false;
		return model_touch(m, &n->attr, r->ret ? TOUCH_SHARE : TOUCH_EXCLUSIVE);
	case LISTS:
		break;
	}
	return LEFT_XATTR;
}

/* The classes whose values have a meaning for the kernel: what fails there fails again. */
static int privileged(struct model *m, const struct rec *r, struct node *n)
{
	if (xattr_is_acl(r->path2))
		return acl(m, r, n);
	if (r->ret >= 0 || model_xattr_found(r) == 1)
		return LEFT_XATTR;
	return model_touch(m, &n->attr, TOUCH_SHARE);
}

/* An attribute that was set as if it were new stood there already: the list is shorter by it. */
static bool was_there(struct node *n, uint64_t bytes)
{
	struct xattr *x;

	for (x = n->xattrs; x; x = x->next)
		if (x->unsure && x->present && x->len + 1 == bytes) {
			x->unsure = false;
			x->at_start = true;
			x->size = 1;
			return true;
		}
	return false;
}

/* OTHERS: bytes of names in the list beyond those that are known. 0, or why it is left out. */
static int listed_more(struct node *n, uint64_t others)
{
	uint64_t before = n->listed ? n->listed - 1 : 0;

	if (!n->at_start || !can_be_names(others) || (others && !init_has(n)))
		return others ? LEFT_XATTR_START : 0;
	if (n->listed && !n->listed_least && others != before &&
		(others > before || !was_there(n, before - others)))
		return LEFT_XATTR_START;
	if (n->listed_least && others < before)
		return LEFT_XATTR_START;
	n->listed = others + 1;
	n->listed_least = false;
	return 0;
}

/* The list did not fit into ROOM. */
static int listed_beyond(struct node *n, uint64_t sum, uint64_t room)
{
	uint64_t before = n->listed ? n->listed - 1 : 0, least;

	if (sum + before > room)
		return 0;
	if (!init_has(n) || (n->listed && !n->listed_least))
		return LEFT_XATTR_START;
	least = room + 1 - sum;
	if (least > XATTR_LIST_MAX)
		return LEFT_XATTR_START;
	n->listed = (least < XATTR_LIST_LEAST ? XATTR_LIST_LEAST : least) + 1;
	n->listed_least = true;
	return 0;
}

static int listed(struct model *m, const struct rec *r, struct node *n)
{
	const struct xattr *x;
	uint64_t sum = 0;
	int rc = 0;

	for (x = n->xattrs; x; x = x->next) {
		if (x->differs)
			return LEFT_XATTR_START;
		sum += x->present ? x->len + 1 : 0;
	}
	if (r->ret >= 0 && ((uint64_t)r->ret < sum || r->ret > XATTR_LIST_MAX))
		return m->force ? LEFT_XATTR_START : LEFT_CONFLICT;
	if (r->ret >= 0)
		rc = listed_more(n, (uint64_t)r->ret - sum);
	else if (r->ret == -ERANGE)
		rc = listed_beyond(n, sum, (uint64_t)model_arg(r, A_LEN, 0));
	return rc ? rc : model_touch(m, &n->attr, TOUCH_SHARE);
}

static void forget(struct node *n, struct str name)
{
	struct xattr **at = find(n, name), *x = *at;

	*at = x->next;
	free(x);
}

/* What the capture made and removed again is forgotten; that something was not there is kept. */
static int leave(struct node *n, struct str name, int left, bool unsure)
{
	struct xattr *x = enter(n, name);

	if (!x)
		return -ENOMEM;
	if (left == 0 && !x->at_start) {
		forget(n, name);
		return 0;
	}
	x->present = left == 1;
	x->own = true;
	x->unsure |= unsure && n->at_start && n->listed != 1;
	return 0;
}

static int attribute(struct model *m, const struct rec *r, struct node *n)
{
	int found = model_xattr_found(r), left = model_xattr_left(r), rc;
	struct xattr *x;

	if (action_of(r) == LISTS)
		return listed(m, r, n);
	if (!r->path2.s) /* EFAULT */
		return r->ret < 0 ? 0 : LEFT_MALFORMED;
	if (!str_starts(r->path2, STR("user.")))
		return privileged(m, r, n);
	x = *find(n, r->path2);
	if (((found == 1 && (x ? !x->present : !n->at_start)) || (found == 0 && x && x->present)) &&
		!m->force)
		return LEFT_CONFLICT;
	if (found == 1 && !x)
		x = of_the_start(n, r->path2);
	if (found == 1 && (!x || !x->present))
		return LEFT_XATTR_START;
	if (x)
		note_size(x, r);
	rc = model_touch(m, &n->attr, left < 0 ? TOUCH_SHARE : TOUCH_EXCLUSIVE);
	if (!rc && (left >= 0 || (found == 0 && (n->at_start || x))))
		rc = leave(n, r->path2, left, found < 0 && !x);
	return rc;
}

static bool follows(const struct rec *r)
{
	enum op_id op = r->op;

	if (op_has(op, A_ATFLAGS))
		return !(model_arg(r, A_ATFLAGS, 0) & AT_SYMLINK_NOFOLLOW);
	return op != OP_lsetxattr && op != OP_lgetxattr && op != OP_llistxattr &&
	       op != OP_lremovexattr;
}

int model_xattr(struct model *m, const struct rec *r)
{
	bool there = r->ret >= 0 || r->ret == -ENODATA || r->ret == -EEXIST || too_small(r);
	unsigned flags = (follows(r) ? 0 : WALK_NOFOLLOW) | (there ? WALK_PARENT : 0);
	enum arg_kind base = op_has(r->op, A_DIRFD) ? A_DIRFD : A_NONE;
	struct place p;
	int rc = model_place(m, r, A_PATH, base, flags, &p);

	if (!rc)
		rc = model_settle(m, r, &p, there ? 1 : r->ret == -ENOENT ? 0 : -1, 0);
	if (!rc)
		rc = model_put_path(m, r, A_PATH, base, &p);
	return rc || !p.node ? rc : attribute(m, r, p.node);
}

int model_fxattr(struct model *m, const struct rec *r)
{
	struct descriptor *d;
	int rc = model_fd(m, r, A_FD, &d);

	return rc || !d ? rc : attribute(m, r, d->desc->node);
}
