/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>

#include "generate/model.h"
#include "ops/flags.h"

/*
 * Descriptors that processes pass to each other. One in a message is a copy of the sender's, which the
 * replay makes when it is sent: the receiver's calls are made on that copy.
 */

void model_flights_free(struct model *m)
{
	size_t i;

	for (i = 0; i < m->flights.n; i++)
		vfd_drop(&m->vfd, m->flights.v[i].d);
	vec_free(&m->flights);
}

static struct descriptor *take_flight(struct model *m, size_t i)
{
	struct descriptor *d = m->flights.v[i].d;

	m->flights.n--;
	memmove(m->flights.v + i, m->flights.v + i + 1, (m->flights.n - i) * sizeof(*m->flights.v));
	return d;
}

/* The copy has a number in the replay when the sender's has. */
static int number_copy(struct model *m, struct descriptor *from, struct descriptor *copy)
{
	struct vlist_item *item;
	int rc;

	if (from->vfd == VFD_NUMBER_NONE)
		return 0;
	item = vec_push(&m->list);
	if (!item)
		return -ENOMEM;
	item->kind = VITEM_PAIR;
	item->a = from->vfd;
	item->b = vfd_number(&m->vfd, copy);
	rc = model_touch(m, from->order, TOUCH_SHARE);
	return rc ? rc : model_touch(m, copy->order, TOUCH_EXCLUSIVE);
}

/* An identity is that of another file by now: messages with the one before are gone, and nobody took them. */
static void drop_others(struct model *m, uint64_t identity, const struct description *desc)
{
	size_t i = 0;

	while (i < m->flights.n)
		if (m->flights.v[i].identity == identity && m->flights.v[i].d->desc != desc)
			vfd_drop(&m->vfd, take_flight(m, i));
		else
			i++;
}

static int send_one(struct model *m, int64_t fd, uint64_t identity)
{
	struct descriptor *from = vfd_get(m->task, fd), *copy;
	struct flight *f;

	drop_others(m, identity, from ? from->desc : NULL);
	if (!from)
		return 0;
	if (m->flights.n == FLIGHTS_MAX)
		vfd_drop(&m->vfd, take_flight(m, 0));
	copy = vfd_copy(&m->vfd, from);
	f = copy ? vec_push(&m->flights) : NULL;
	if (!f) {
		if (copy)
			vfd_drop(&m->vfd, copy);
		return -ENOMEM;
	}
	*f = (struct flight){identity, copy};
	return number_copy(m, from, copy);
}

int model_sendmsg(struct model *m, const struct rec *r)
{
	uint32_t i;
	int rc = 0;

	for (i = 0; i + 1 < r->nvec && !rc; i += 2)
		rc = send_one(m, (int32_t)r->vec[i], r->vec[i + 1]);
	if (rc)
		return rc;
	m->out->call.arg[0] = VFD_NONE; /* the socket is not there */
	m->out->call.nvec = 0;
	return m->list.n ? 0 : LEFT_SOCKET;
}

/* The descriptor is opened again, by the path that its file has by now. */
static int open_received(struct model *m, const struct rec *r)
{
	int rc = model_open_told(m, r);
	struct entry *e;

	if (rc)
		return rc;
	e = ((struct node *)vfd_get(m->task, (int32_t)r->arg[0])->desc->node)->entry;
	for (; e && !rc; e = e->dir->entry)
		rc = model_touch(m, &e->res, TOUCH_SHARE);
	return rc;
}

int model_recv_fd(struct model *m, const struct rec *r)
{
	int64_t fd = (int32_t)r->arg[0];
	uint64_t identity = (uint64_t)model_arg(r, A_IDENTITY, 0);
	struct descriptor *d;
	size_t i;

	if (model_number_taken(m, fd))
		return LEFT_CONFLICT;
	if (model_free_number(m, fd))
		return -ENOMEM;
	for (i = 0; identity && i < m->flights.n; i++)
		if (m->flights.v[i].identity == identity)
			break;
	if (!identity || i == m->flights.n) /* nobody knows who sent it */
		return open_received(m, r);
	d = take_flight(m, i);
	d->cloexec = r->arg[2] & O_CLOEXEC;
	if (vfd_place(&m->vfd, m->task, d, fd)) {
		vfd_drop(&m->vfd, d);
		return -ENOMEM;
	}
	return LEFT_STATE;
}

/* OWNER 0: a record of its own has told what the descriptor is. */
int model_pidfd_getfd(struct model *m, const struct rec *r)
{
	uint32_t pid = (uint32_t)model_arg(r, A_OWNER, 0);
	struct task *owner = pid ? vfd_task_of(&m->vfd, pid) : NULL;
	struct descriptor *from = owner ? vfd_get(owner, (int32_t)r->arg[1]) : NULL, *d;
	int rc;

	if (r->ret < 0)
		return LEFT_PIDFD;
	if (!from && vfd_get(m->task, r->ret))
		return LEFT_PIDFD;
	if (from && model_number_taken(m, r->ret))
		return LEFT_CONFLICT;
	if (!from) {
		rc = model_open_other(m, r->ret, DESC_OTHER, true);
		return rc ? rc : LEFT_PIDFD;
	}
	if (model_free_number(m, r->ret))
		return -ENOMEM;
	d = vfd_dup(&m->vfd, m->task, from, r->ret);
	if (!d)
		return -ENOMEM;
	d->cloexec = true;
	if (from->vfd == VFD_NUMBER_NONE)
		return model_left_of(from->desc->kind) ? model_left_of(from->desc->kind)
						       : LEFT_UNLINKED;
	m->out->newfd = vfd_number(&m->vfd, d);
	m->out->call.arg[1] = from->vfd;
	rc = model_touch(m, from->order, TOUCH_SHARE);
	return rc ? rc : model_touch(m, d->order, TOUCH_EXCLUSIVE);
}
