/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>

#include "generate/model.h"

/* Leases of files, F_SETLEASE(2const). What others have open decides whether one is given. */

static bool writes(int flags)
{
	return (flags & O_ACCMODE) != O_RDONLY;
}

static struct lock lease_of(const struct description *d, bool exclusive)
{
	return (struct lock){.kind = LOCK_LEASE,
		.owner = description_owner(d),
		.exclusive = exclusive,
		.end = UINT64_MAX};
}

void model_description_began(struct description *d)
{
	struct node *n = d->node;

	if (d->flags & O_PATH)
		return;
	n->opens++;
	n->writers += writes(d->flags);
}

void model_description_ended(void *user, struct description *d)
{
	struct node *n = d->node;

	(void)user;
	if (d->kind != DESC_FILE || !n || d->flags & O_PATH)
		return;
	n->opens--;
	n->writers -= writes(d->flags);
}

int model_touch_leases(struct model *m, struct node *n, enum touch how)
{
	return n->leases ? model_touch(m, n->leases, how) : 0;
}

bool model_lease_blocks(const struct node *n, int flags)
{
	struct lock want = lease_of(NULL, writes(flags));

	return !(flags & O_PATH) && locks_conflict(&n->held, &want);
}

int model_lease_refused(struct model *m, const struct rec *r, struct place *p, int flags)
{
	bool cached = model_arg(r, A_RESOLVE, 0) & RESOLVE_CACHED; /* has an EAGAIN of its own */

	if (!m->force && !cached && node_is_file(p->node) && !model_lease_blocks(p->node, flags))
		return LEFT_CONFLICT;
	return model_touch_leases(m, p->node, TOUCH_SHARE);
}

/* It was given though something stands in its way, or refused though nothing does. */
static bool contradicts(const struct rec *r, const struct node *n, const struct lock *lease)
{
	bool leased = locks_conflict(&n->held, lease), open;

	if (r->arg[2] != F_RDLCK && r->arg[2] != F_WRLCK)
		return false;
	open = lease->exclusive ? n->opens > 1 : n->writers > 0;
	if (r->ret == 0)
		return open || leased;
	/* a lease of another one, on its way out, also stands in the way of one for reading */
	return r->ret == -EAGAIN && !open && !locks_of_others(&n->held, lease);
}

/* What came before the first lease of a file is known by its threads only. */
static int touch_first(struct model *m, struct node *n)
{
	if (n->leases)
		return 0;
	n->leases = calloc(1, sizeof(*n->leases));
	return n->leases ? order_wait_all(m->order) : -ENOMEM;
}

int model_lease(struct model *m, const struct rec *r, struct descriptor *d)
{
	struct lock lease = lease_of(d->desc, r->arg[2] == F_WRLCK);
	struct node *n = d->desc->node;
	int rc;

	if (!node_is_file(n))
		return 0;
	if (r->arg[1] == F_GETLEASE)
		return model_touch_leases(m, n, TOUCH_SHARE);
	if (!m->force && contradicts(r, n, &lease))
		return LEFT_CONFLICT;
	rc = touch_first(m, n);
	if (!rc)
		rc = model_touch(m, n->leases, TOUCH_EXCLUSIVE);
	if (rc || r->ret < 0)
		return rc;
	return r->arg[2] == F_UNLCK ? locks_unset(&n->held, &lease) : locks_set(&n->held, &lease);
}
