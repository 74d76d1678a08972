/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/uring.h"

#include "capture/args.h"
#include "capture/wire.h"
#include "ops/uring.h"

/* io_uring/{rw,openclose,fs,sync,statx,advise,truncate,xattr,splice,rsrc}.c of the kernel say which field is what. */

#define FSYNC_DATASYNC 1 /* IORING_FSYNC_DATASYNC */
#define BTRFS_WRITE    0x40809440u /* BTRFS_IOC_ENCODED_WRITE */
#define MSG_SEND_FD    1 /* IORING_MSG_SEND_FD, since Linux 6.0 */

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

static uint64_t offset_of(uint64_t there)
{
	return there == UINT64_MAX ? OFFPTR_NULL : there;
}

static uint64_t value_of(const struct io_uring_sqe *s, enum op_id op, enum arg_kind kind)
{
	switch (kind) {
	case A_FD:
		return (uint64_t)(int64_t)(op == OP_uring_splice ? s->splice_fd_in : s->fd);
	case A_FD2:
	case A_DIRFD:
	case A_NUMFD:
		return (uint64_t)(int64_t)s->fd;
	case A_OFFIN:
		return offset_of(s->splice_off_in);
	case A_OFFOUT:
		return offset_of(s->off);
	case A_SLOT:
		return s->off;
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
	case A_XFLAGS:
	case A_INSTALLFLAGS:
	case A_SFRFLAGS:
	case A_ADVICE:
		return s->rw_flags; /* one word by many names */
	default:
		return 0;
	}
}

static uint64_t path_address(const struct io_uring_sqe *s, enum op_id op)
{
	if (op_has(op, A_XNAME))
		return s->addr3;
	return op_has(op, A_TARGET) ? s->addr2 : s->addr;
}

static void note_memory(const struct io_uring_sqe *s, enum arg_kind kind, enum op_id op,
	struct sqe_memory *memory)
{
	switch (kind) {
	case A_PATH:
		memory->path = path_address(s, op);
		break;
	case A_PATH2:
		memory->path2 = s->addr2;
		break;
	case A_TARGET:
	case A_XNAME:
		memory->path2 = s->addr;
		break;
	case A_RIOV:
	case A_WIOV:
		memory->iov = s->addr;
		memory->niov = s->len;
		break;
	case A_FILES:
		memory->files = s->addr;
		memory->nfiles = s->len;
		break;
	case A_XFLAGS:
		memory->value = s->addr2;
		break;
	case A_HOW:
		memory->how = s->addr2;
		memory->how_size = s->len;
		break;
	default:
		break;
	}
}

static uint32_t splice_flags_of(uint32_t flags)
{
	uint32_t out = (flags & URING_SPLICE_MASK) << URING_SPLICE_SHIFT;

	if (flags & URING_SPLICE_IN_FIXED_FLAG)
		out |= URING_SPLICE_IN_FIXED;
	if (flags & ~(URING_SPLICE_MASK | URING_SPLICE_IN_FIXED_FLAG))
		out |= URING_SPLICE_STRANGE;
	return out;
}

static bool has_slot(const struct io_uring_sqe *s, enum op_id op)
{
	if (!s->file_index)
		return false;
	return opens(op) || op == OP_uring_close || s->opcode == IORING_OP_ACCEPT || s->opcode == IORING_OP_SOCKET ||
	       (s->opcode == IORING_OP_MSG_RING && s->addr == MSG_SEND_FD);
}

static struct sqe sqe_of(const struct io_uring_sqe *s, enum op_id op, bool fixed)
{
	struct sqe out = {.flags = s->flags,
		.buffer = fixed ? s->buf_index : SQE_NONE,
		.slot = SQE_NONE,
		.user = s->user_data};

	if (has_slot(s, op))
		out.slot = s->file_index - 1; /* of IORING_FILE_INDEX_ALLOC: still to be given */
	if (op == OP_uring_splice)
		out.flags |= splice_flags_of(s->splice_flags);
	return out;
}

/* Which row it is; what the rows cannot say is none of theirs. */
static enum op_id row_of(const struct io_uring_sqe *s, const struct uring_op *known)
{
	if (!known)
		return OP_uring_other;
	if (known->row == OP_uring_fsync && s->fsync_flags & FSYNC_DATASYNC)
		return OP_uring_fdatasync;
	if (known->row == OP_uring_files_update && ((uint32_t)s->off == UINT32_MAX || s->len > WIRE_UPDATE_MAX))
		return OP_uring_other;
	return known->row;
}

void uring_decode(const struct io_uring_sqe *s, struct rec *rec, struct sqe_memory *memory)
{
	bool fixed = false;
	const struct uring_op *known = uring_of_opcode(s->opcode, &fixed);
	int i;

	*memory = (struct sqe_memory){0};
	rec->op = row_of(s, known);
	rec->sqe = sqe_of(s, rec->op, fixed);
	for (i = 0; i < OP_ARGS; i++) {
		enum arg_kind kind = ops[rec->op].arg[i];

		rec->arg[i] = args_narrow(kind, value_of(s, rec->op, kind));
		note_memory(s, kind, rec->op, memory);
	}
}

/* Not READ_MULTISHOT: regular files refuse it. Nor TEE, SOCKET, ACCEPT and PIPE, which are about what is no file. */
bool uring_is_unrecorded(const struct rec *other)
{
	switch (other->arg[op_arg_index(OP_uring_other, A_UOPCODE)]) {
	case IORING_OP_FILES_UPDATE: /* into any slots, or very many */
		return true;
	case IORING_OP_MSG_RING: /* a file goes into a slot of another ring */
		return other->sqe.slot != SQE_NONE;
	case IORING_OP_URING_CMD:
		return (uint32_t)other->arg[op_arg_index(OP_uring_other, A_OFF)] == BTRFS_WRITE;
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
	if (rec->op == OP_uring_files_update)
		*result = rec->nvec;
	if (ops[rec->op].cls == CLS_UNCLASSIFIED)
		return true;
	if (len >= 0)
		*result = (int64_t)rec->arg[len];
	for (i = 0; i < rec->nvec && len < 0; i++)
		*result += (int64_t)rec->vec[i];
	return true;
}
