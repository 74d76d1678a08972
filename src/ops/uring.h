/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_OPS_URING_H
#define IORIOT_OPS_URING_H

#include "ops/ops.h"

/* What is derived from uring.def. */

struct uring_op {
	enum op_id row, plain;
	int opcode, fixed; /* -1 = none */
};

/* Of a row; NULL: it is none of uring.def. */
const struct uring_op *uring_of_row(enum op_id row);

/* Of an opcode, the first one that has it; NULL: it is not replayed. *FIXED: it is that with a buffer. */
const struct uring_op *uring_of_opcode(unsigned opcode, bool *fixed);

/* Rows whose lines are completions. */
static inline bool op_is_submission(enum op_id op)
{
	return op >= OP_uring_nop && op < OP_uring_other;
}

#define URING_SLOT_ANY (UINT32_MAX - 1) /* IORING_FILE_INDEX_ALLOC, as struct sqe has it */

/* linux/io_uring.h; older installed versions do not have all of them. */
enum {
	URING_FIXED_FILE = 1,
	URING_IO_DRAIN = 2,
	URING_IO_LINK = 4,
	URING_IO_HARDLINK = 8,
	URING_ASYNC = 16,
	URING_BUFFER_SELECT = 32,
	URING_CQE_SKIP_SUCCESS = 64
};
/*
 * Flags of splice(2) in a submission of one: struct sqe has them above its own. URING_SPLICE_STRANGE stands for
 * those that no kernel takes; with URING_SPLICE_IN_FIXED what is read is a registered file.
 */
#define URING_SPLICE_SHIFT 8
#define URING_SPLICE_MASK  0x7fu
#define URING_SPLICE_STRANGE (0x80u << URING_SPLICE_SHIFT)
#define URING_SPLICE_IN_FIXED (0x100u << URING_SPLICE_SHIFT)
#define URING_SPLICE_IN_FIXED_FLAG (1u << 31) /* SPLICE_F_FD_IN_FIXED */

/*
 * In a replay only: the number of its descriptor was closed and opened again before it was over, and the kernel looks
 * for the file when it comes to the submission. What it found then is in no record.
 */
#define URING_REUSED (1u << 24)

#define URING_INSTALL_NO_CLOEXEC 1 /* IORING_FIXED_FD_NO_CLOEXEC */

/* What a uring_files_update of a .replay has in the place of a descriptor. */
enum {
	URING_FILE_FREE = -1, /* the slot becomes free */
	URING_FILE_SKIP = -2, /* IORING_REGISTER_FILES_SKIP */
	URING_FILE_BAD = -3   /* a number that nothing is open by */
};

enum {
	URING_IOPOLL = 1,
	URING_SQPOLL = 1 << 1,
	URING_SQ_AFF = 1 << 2,
	URING_CQSIZE = 1 << 3,
	URING_ATTACH_WQ = 1 << 5,
	URING_R_DISABLED = 1 << 6,
	URING_SQE128 = 1 << 10,
	URING_CQE32 = 1 << 11,
	URING_SINGLE_ISSUER = 1 << 12,
	URING_DEFER_TASKRUN = 1 << 13,
	URING_NO_MMAP = 1 << 14,
	URING_REGISTERED_FD_ONLY = 1 << 15,
	URING_NO_SQARRAY = 1 << 16,
	URING_HYBRID_IOPOLL = 1 << 17,
	URING_SETUP_KNOWN = (1 << 18) - 1 /* flags beyond change what stands in the queues */
};
enum {
	URING_ENTER_GETEVENTS = 1,
	URING_ENTER_REGISTERED_RING = 16
};
enum {
	URING_REGISTER_BUFFERS = 0,
	URING_UNREGISTER_BUFFERS = 1,
	URING_REGISTER_FILES = 2,
	URING_UNREGISTER_FILES = 3,
	URING_REGISTER_FILES_UPDATE = 6,
	URING_REGISTER_ENABLE_RINGS = 12,
	URING_REGISTER_FILES2 = 13,
	URING_REGISTER_FILES_UPDATE2 = 14,
	URING_REGISTER_BUFFERS2 = 15,
	URING_REGISTER_BUFFERS_UPDATE = 16,
	URING_REGISTER_RING_FDS = 20,
	URING_UNREGISTER_RING_FDS = 21
};

#endif
