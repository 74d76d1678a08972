/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#ifndef IORIOT_SYSTEMTAP_RING_REQUEST_H
#define IORIOT_SYSTEMTAP_RING_REQUEST_H

#include <linux/io_uring.h>

#include "ops/layers.h"

/* A request of io_uring, as both kernel sides know it. They define segments_asked(address, n): bytes of a vector. */

struct ring_request {
	u64 t; /* when it was taken; 0: before the capture */
	u64 off, len, user;
	s64 fd;
	u32 what; /* enum layer_ring */
	u32 in_scope;
};

static const u8 ring_fields[256] = {
#define RING(opcode, name, fields) [opcode] = (fields),
#include "ops/ring_ops.def"
};

static __always_inline void request_describe(const struct io_uring_sqe *sqe, struct ring_request *out)
{
	u32 fields = ring_fields[sqe->opcode];

	out->fd = fields & RING_FD ? (s64)sqe->fd : -1;
	out->off = fields & RING_OFF ? sqe->off : (u64)-1;
	if (fields & RING_LEN)
		out->len = sqe->len;
	else if (fields & RING_VEC)
		out->len = segments_asked(sqe->addr, sqe->len);
	else if (fields & RING_ADDR_LEN)
		out->len = sqe->addr;
	else if (fields & RING_OFF_LEN)
		out->len = sqe->off;
	if (sqe->flags & IOSQE_FIXED_FILE)
		out->what |= LAYER_RING_FIXED;
}

#endif
