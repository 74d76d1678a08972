/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#ifndef IORIOT_CAPTURE_BPF_REQUESTS_H
#define IORIOT_CAPTURE_BPF_REQUESTS_H

#include "sockets.h"
#include "uring.h"

/*
 * Requests of io_uring as events: taken, given to a worker, over. uring.h tells them as calls, for the
 * replay.
 */

static __always_inline u64 segments_asked(u64 address, u32 n)
{
	struct counted c = {.left = any(IOV_MOST)};

	count_segments(&c, address, n);
	return c.asked;
}

#include "../../../systemtap/ring_request.h"

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1 << 14);
	__type(key, u64); /* address of the request */
	__type(value, struct ring_request);
} ring_requests SEC(".maps");

static __always_inline struct build *request_event(u32 row, u64 at, const struct ring_request *r)
{
	struct build *b = event_begin(row, LAYER_URING, 6, r->len);
	u64 *value;

	if (!b)
		return NULL;
	event_since(b, r->t);
	value = build_values(b, 6);
	value[0] = r->what;
	value[1] = (u64)r->fd;
	value[2] = r->off;
	value[3] = r->len;
	value[4] = hidden_id((void *)at);
	value[5] = r->user;
	return b;
}

static __always_inline struct inode *inode_of_request(struct io_kiocb *req)
{
	struct file *file = GET(req, file);

	return file ? GET(file, f_inode) : NULL;
}

__noinline int request_taken(u64 at, u64 sqe_at)
{
	struct io_kiocb *req = (struct io_kiocb *)at;
	struct ring_request r = {.in_scope = 1};
	struct io_uring_sqe sqe;
	struct build *b;

	if (!ring_thread() || !sqe_at || bpf_probe_read_kernel(&sqe, sizeof(sqe), (const void *)sqe_at))
		return 0;
	if (sqe.opcode != GET(req, opcode) || sqe.user_data != GET(req, cqe.user_data))
		return 0;
	r.what = sqe.opcode;
	if (GET(GET(req, ctx), flags) & IORING_SETUP_SQPOLL)
		r.what |= LAYER_RING_POLLED;
	r.user = sqe.user_data;
	request_describe(&sqe, &r);
	b = request_event(ROW_ring_submit, at, &r);
	if (b)
		event_end(b, ROW_ring_submit, NULL);
	r.t = bpf_ktime_get_ns();
	bpf_map_update_elem(&ring_requests, &at, &r, BPF_ANY);
	return 0;
}

/* One that is not known was taken before the capture began. */
static __always_inline void request_find(struct io_kiocb *req, struct ring_request *out)
{
	u64 at = number_of(req);
	struct ring_request *found = bpf_map_lookup_elem(&ring_requests, &at);

	if (found)
		*out = *found;
	else
		*out = (struct ring_request){.fd = -1, .off = (u64)-1, .user = GET(req, cqe.user_data),
			.what = GET(req, opcode), .in_scope = ring_thread() != NULL};
}

static __always_inline void request_to_worker(struct io_kiocb *req)
{
	u64 at = number_of(req);
	struct ring_request r;
	struct build *b;

	request_find(req, &r);
	if (!r.in_scope)
		return;
	r.what |= LAYER_RING_WORKER;
	b = request_event(ROW_ring_worker, at, &r);
	if (b)
		event_end(b, ROW_ring_worker, inode_of_request(req));
	bpf_map_update_elem(&ring_requests, &at, &r, BPF_ANY);
}

#define CQE_MORE 2 /* IORING_CQE_F_MORE */

/* REQ_AT 0: one more of a request that goes on, which the kernel does not name. */
__noinline int request_over(u64 req_at, u64 user, s64 res, u32 flags)
{
	struct io_kiocb *req = (struct io_kiocb *)req_at;
	struct ring_request r = {.fd = -1, .off = (u64)-1, .what = LAYER_RING_UNKNOWN};
	struct build *b;

	if (req)
		request_find(req, &r);
	else
		r.in_scope = ring_thread() != NULL;
	if (!r.in_scope)
		return 0;
	r.user = user;
	b = request_event(ROW_ring_complete, req_at, &r);
	if (b) {
		event_result(b, res);
		event_end(b, ROW_ring_complete, req ? inode_of_request(req) : NULL);
	}
	if (req && !(flags & CQE_MORE))
		bpf_map_delete_elem(&ring_requests, &req_at);
	return 0;
}

#endif
