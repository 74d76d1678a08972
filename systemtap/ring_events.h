/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#ifndef IORIOT_SYSTEMTAP_RING_EVENTS_H
#define IORIOT_SYSTEMTAP_RING_EVENTS_H

#include "sockets.h"
#include "uring.h"

/*
 * Requests of io_uring as events: taken, given to a worker, over. uring.h tells them as calls, for the
 * replay.
 */

static u64 segments_asked(u64 address, u64 n)
{
	unsigned int left = UIO_MAXIOV;

	return segments_bytes(address, n, &left);
}

#include "ring_request.h"

static struct memos ring_requests = {.bits = 14, .bytes = sizeof(struct ring_request)};

#ifdef HAVE_RINGS

static bool request_begin(struct event *e, u32 row, const struct io_kiocb *req, const struct ring_request *r)
{
	u64 *value;

	if (!event_begin(e, row, LAYER_URING, 6, r->len))
		return false;
	event_since(e, r->t);
	value = event_values(e);
	value[0] = r->what;
	value[1] = (u64)r->fd;
	value[2] = r->off;
	value[3] = r->len;
	value[4] = hidden_id(req);
	value[5] = r->user;
	return true;
}

/* Of what is being given up a file may be gone. */
static const struct inode *inode_of_request(const struct io_kiocb *req)
{
	const struct inode *inode;
	const struct file *file;

	if (!req || !PEEK(file, req->file) || !file || !PEEK(inode, file->f_inode))
		return NULL;
	return inode;
}

static void request_taken(const struct io_kiocb *req, const struct io_uring_sqe *from)
{
	struct ring_request r = {.in_scope = true};
	struct io_uring_sqe sqe;
	struct event e;

	if (!from || !ring_thread())
		return;
	memcpy(&sqe, from, sizeof(sqe));
	if (sqe.opcode != req->opcode || sqe.user_data != req->cqe.user_data)
		return;
	r.what = sqe.opcode;
	if (req->ctx->flags & IORING_SETUP_SQPOLL)
		r.what |= LAYER_RING_POLLED;
	r.user = sqe.user_data;
	request_describe(&sqe, &r);
	if (request_begin(&e, ROW_ring_submit, req, &r))
		event_end(&e);
	r.t = ktime_get_ns();
	memo_put(&ring_requests, KEY(req), &r);
}

/* One that is not known was taken before the capture began. */
static void request_find(const struct io_kiocb *req, struct ring_request *out)
{
	if (!memo_get(&ring_requests, KEY(req), out))
		*out = (struct ring_request){.fd = -1, .off = (u64)-1, .user = req->cqe.user_data,
			.what = req->opcode, .in_scope = current_in_scope()};
}

static void request_to_worker(const struct io_kiocb *req)
{
	struct ring_request r;
	struct event e;

	request_find(req, &r);
	if (!r.in_scope)
		return;
	r.what |= LAYER_RING_WORKER;
	if (request_begin(&e, ROW_ring_worker, req, &r)) {
		event_facts(&e, inode_of_request(req));
		event_end(&e);
	}
	memo_put(&ring_requests, KEY(req), &r);
}

/* REQ NULL: one more of a request that goes on, which the kernel does not name. */
static void request_over(const struct io_kiocb *req, u64 user, s64 res, u32 flags)
{
	struct ring_request r = {.fd = -1, .off = (u64)-1, .what = LAYER_RING_UNKNOWN};
	struct event e;

	if (req)
		request_find(req, &r);
	else
		r.in_scope = current_in_scope();
	if (!r.in_scope)
		return;
	r.user = user;
	if (request_begin(&e, ROW_ring_complete, req, &r)) {
		event_result(&e, res);
		event_facts(&e, inode_of_request(req));
		event_end(&e);
	}
	if (req && !(flags & IORING_CQE_F_MORE))
		memo_drop(&ring_requests, KEY(req));
}

#endif
#endif
