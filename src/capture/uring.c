/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/uring.h"

#include "capture/args.h"
#include "ops/uring.h"

/* io_uring/{rw,openclose,fs,sync,statx,advise,truncate}.c of the kernel say which field is what. */

#define FSYNC_DATASYNC 1 /* IORING_FSYNC_DATASYNC */

static bool opens(enum op_id op)
{
	return op == OP_uring_openat || op == OP_uring_openat2;
}

static uint64_t length_of(const struct io_uring_sqe *s, enum op_id op)
{
	if (op == OP_uring_fallocate || (op == OP_uring_fadvise64 && s->addr))
		return s->addr;
	return s->len;
}

static uint64_t mode_of(const struct io_uring_sqe *s, enum op_id op)
{
	return op == OP_uring_openat2 ? 0 : s->len; /* that of an openat2 is behind its pointer */
}

static uint64_t value_of(const struct io_uring_sqe *s, enum op_id op, enum arg_kind kind)
{
	switch (kind) {
	case A_FD:
	case A_DIRFD:
	case A_NUMFD:
		return (uint64_t)(int64_t)s->fd;
	case A_DIRFD2:
	case A_STXMASK:
	case A_FALLOCMODE:
		return s->len;
	case A_OFF:
		return s->off;
	case A_LEN:
		return length_of(s, op);
	case A_MODE:
		return mode_of(s, op);
	case A_UOPCODE:
		return s->opcode;
	case A_RWF:
	case A_OFLAGS:
	case A_ATFLAGS:
	case A_RENFLAGS:
	case A_SFRFLAGS:
	case A_ADVICE:
		return s->rw_flags; /* one word by many names */
	default:
		return 0;
	}
}

static void note_memory(const struct io_uring_sqe *s, enum arg_kind kind, bool target,
	struct sqe_memory *memory)
{
	switch (kind) {
	case A_PATH:
		memory->path = target ? s->addr2 : s->addr;
		break;
	case A_PATH2:
		memory->path2 = s->addr2;
		break;
	case A_TARGET:
		memory->path2 = s->addr;
		break;
	case A_RIOV:
	case A_WIOV:
		memory->iov = s->addr;
		memory->niov = s->len;
		break;
	case A_HOW:
		memory->how = s->addr2;
		memory->how_size = s->len;
		break;
	default:
		break;
	}
}

static struct sqe sqe_of(const struct io_uring_sqe *s, enum op_id op, bool fixed)
{
	struct sqe out = {.flags = s->flags,
		.buffer = fixed ? s->buf_index : SQE_NONE,
		.slot = SQE_NONE,
		.user = s->user_data};

	if ((opens(op) || op == OP_uring_close) && s->file_index)
		out.slot = s->file_index - 1; /* of IORING_FILE_INDEX_ALLOC: still to be given */
	return out;
}

void uring_decode(const struct io_uring_sqe *s, struct rec *rec, struct sqe_memory *memory)
{
	bool fixed = false;
	const struct uring_op *known = uring_of_opcode(s->opcode, &fixed);
	int i;

	*memory = (struct sqe_memory){0};
	rec->op = known ? known->row : OP_uring_other;
	if (rec->op == OP_uring_fsync && s->fsync_flags & FSYNC_DATASYNC)
		rec->op = OP_uring_fdatasync;
	rec->sqe = sqe_of(s, rec->op, fixed);
	for (i = 0; i < OP_ARGS; i++) {
		enum arg_kind kind = ops[rec->op].arg[i];

		rec->arg[i] = args_narrow(kind, value_of(s, rec->op, kind));
		note_memory(s, kind, op_has(rec->op, A_TARGET), memory);
	}
}

bool uring_is_unrecorded(const struct rec *other)
{
	switch (other->arg[op_arg_index(OP_uring_other, A_UOPCODE)]) {
	case IORING_OP_FILES_UPDATE:
	case IORING_OP_SPLICE:
	case IORING_OP_FSETXATTR:
	case IORING_OP_SETXATTR:
	case 49: /* IORING_OP_READ_MULTISHOT, since Linux 6.7 */
	case 54: /* IORING_OP_FIXED_FD_INSTALL, since 6.8 */
		return true;
	default:
		return false;
	}
}

bool uring_silent_result(const struct rec *rec, int64_t *result)
{
	int len = op_arg_index(rec->op, A_LEN);
	uint32_t i;

	*result = 0;
	if (rec->op == OP_uring_other || (ops[rec->op].flags & OPF_NEWFD && rec->sqe.slot >= URING_SLOT_ANY))
		return false;
	if (ops[rec->op].cls == CLS_UNCLASSIFIED)
		return true;
	if (len >= 0)
		*result = (int64_t)rec->arg[len];
	for (i = 0; i < rec->nvec; i++)
		*result += (int64_t)rec->vec[i];
	return true;
}
