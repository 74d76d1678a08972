/* SPDX-License-Identifier: Apache-2.0 */
#include "generate/model.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <stdlib.h>
#include <sys/xattr.h>

/*
 * Extended attributes. INIT holds none, so that only those that the capture itself has set are
 * there in a replay, and only of the class that needs no privilege and has no rules for its values.
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

static int enter(struct node *n, struct str name)
{
	struct xattr *x, **at = find(n, name);

	if (*at)
		return 0;
	x = malloc(sizeof(*x) + name.len);
	if (!x)
		return -ENOMEM;
	x->next = NULL;
	x->len = (uint32_t)name.len;
	memcpy(x->name, name.s, name.len);
	*at = x;
	return 0;
}

static void forget(struct node *n, struct str name)
{
	struct xattr **at = find(n, name), *x = *at;

	if (x)
		*at = x->next;
	free(x);
}

/*
 * An access control list: all of it that a replay has are the permission bits that the file got.
 * cp -p sets one in place of a chmod.
 */
static int as_chmod(struct model *m, const struct rec *r, struct node *n)
{
	struct rec *call = &m->out.call;

	call->op = op_has(r->op, A_FD) ? OP_fchmod : OP_chmod;
	call->arg[1] = r->facts.mode & 07777;
	call->path2 = STR_NONE;
	return model_touch(m, &n->attr, TOUCH_EXCLUSIVE);
}

/* The classes whose values have a meaning for the kernel: what fails there fails again. */
static int privileged(struct model *m, const struct rec *r, struct node *n)
{
	if (action_of(r) == SETS && r->ret == 0 && r->facts.known &&
		str_eqs(r->path2, "system.posix_acl_access"))
		return as_chmod(m, r, n);
	if (r->ret >= 0 || model_xattr_found(r) == 1)
		return LEFT_XATTR;
	return model_touch(m, &n->attr, TOUCH_SHARE);
}

static int listed(struct model *m, const struct rec *r, struct node *n)
{
	uint64_t sum = 0, len = (uint64_t)model_arg(r, A_LEN, 0);
	const struct xattr *x;

	for (x = n->xattrs; x; x = x->next)
		sum += x->len + 1;
	if ((r->ret > 0 && sum == 0) || (r->ret == -ERANGE && sum <= len))
		return LEFT_XATTR_START;
	return model_touch(m, &n->attr, TOUCH_SHARE);
}

/* The call found an attribute that the capture has not set. */
static int of_the_start(struct model *m, const struct rec *r, const struct node *n)
{
	if (!n->at_start && !m->force)
		return LEFT_CONFLICT;
	if (action_of(r) != SETS || r->ret < 0)
		return LEFT_XATTR_START;
	/* there is nothing to replace */
	m->out.call.arg[op_arg_index(r->op, op_has(r->op, A_XFLAGS) ? A_XFLAGS : A_XATFLAGS)] = 0;
	return 0;
}

static int attribute(struct model *m, const struct rec *r, struct node *n)
{
	int found = model_xattr_found(r), left = model_xattr_left(r), rc = 0;
	bool known;

	if (action_of(r) == LISTS)
		return listed(m, r, n);
	if (!r->path2.s) /* EFAULT */
		return r->ret < 0 ? 0 : LEFT_MALFORMED;
	if (!str_starts(r->path2, STR("user.")))
		return privileged(m, r, n);
	known = *find(n, r->path2) != NULL;
	if (found == 1 && !known)
		rc = of_the_start(m, r, n);
	else if (found == 0 && known && !m->force)
		rc = LEFT_CONFLICT;
	if (rc)
		return rc;
	rc = model_touch(m, &n->attr, left < 0 ? TOUCH_SHARE : TOUCH_EXCLUSIVE);
	if (left == 0 || found == 0)
		forget(n, r->path2);
	return rc || left != 1 ? rc : enter(n, r->path2);
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
