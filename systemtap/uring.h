/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#ifndef IORIOT_SYSTEMTAP_URING_H
#define IORIOT_SYSTEMTAP_URING_H

#include "compat.h"
#include "facts.h"
#include "fetch.h"
#include "scope.h"
#include "state.h"
#include "table.h"

/*
 * Rings of io_uring. A submission is told when the kernel has taken it, by whoever did: a thread in
 * io_uring_enter(2), or a thread of the ring's own, which has the memory, the directories and the
 * descriptors of its process. Its completion is a record of its own.
 */

static bool rings_told; /* both submissions and completions are hooked */

#ifdef HAVE_RINGS

#include <linux/io_uring.h>
#include <linux/io_uring_types.h>

static struct io_ring_ctx *ring_of_file(const struct file *file)
{
	return file && is_anonymous(file, "[io_uring]") ? file->private_data : NULL;
}

/* The ring that a call is about; with *FILE to be put, or NULL. */
static struct io_ring_ctx *ring_get(unsigned int fd, bool registered, struct file **file)
{
	const struct io_uring_task *own = current->io_uring;

	*file = NULL;
	if (registered)
		return own && fd < IO_RINGFD_REG_MAX ? ring_of_file(own->registered_rings[fd]) : NULL;
	*file = fget_raw(fd);
	return ring_of_file(*file);
}

static void ring_put(struct file *file)
{
	if (file)
		fput(file);
}

static void item_ring(struct build *o, const struct io_ring_ctx *ctx, u32 ready)
{
	struct wire_ring *to = (struct wire_ring *)item_begin(o, sizeof(*to));

	*to = (struct wire_ring){
		.id = hidden_id(ctx),
		.sq_entries = ctx->sq_entries,
		.cq_entries = ctx->cq_entries,
		.flags = ctx->flags,
		.ready = ready,
	};
	item_end(o, WIRE_RING, sizeof(*to));
}

/* When it is the descriptor of one. */
static void item_ring_of_file(struct build *o, const struct file *file)
{
	const struct io_ring_ctx *ctx = ring_of_file(file);

	if (ctx && rings_told)
		item_ring(o, ctx, 0);
}

/* --- calls about rings --- */

#define REGISTERED_RING_OP (1u << 31)
#define ENTER_REGISTERED   (1u << 4)

static bool ring_is_registered(const struct row *row, struct pt_regs *regs)
{
	if (row->op == ROW_io_uring_register)
		return call_arg(regs, 1) & REGISTERED_RING_OP;
	return call_arg(regs, 3) & ENTER_REGISTERED;
}

/* Completions that the program has not taken yet. */
static u32 ring_ready(const struct row *row, struct pt_regs *regs)
{
	struct file *file;
	const struct io_ring_ctx *ctx = ring_get((unsigned int)call_arg(regs, 0),
		ring_is_registered(row, regs), &file);
	const struct io_rings *rings = ctx ? READ_ONCE(ctx->rings) : NULL;
	u32 ready = rings ? READ_ONCE(rings->cq.tail) - READ_ONCE(rings->cq.head) : 0;

	ring_put(file);
	return ready;
}

/* cq_entries and flags of a struct io_uring_params, which the call overwrites. */
static u64 ring_params(u64 address)
{
	u32 params[3];

	if (!user_copy(params, address, sizeof(params)))
		return 0;
	return (u64)params[2] << 32 | params[1];
}

static void ring_enter(struct thread *th, const struct row *row, struct pt_regs *regs)
{
	if (row->op == ROW_io_uring_setup)
		th->kept = (s64)ring_params(call_arg(regs, 1));
	else
		th->kept = ring_ready(row, regs);
}

static void item_files(struct build *o, u64 address, unsigned int count)
{
	unsigned int left = min_t(unsigned int, count, WIRE_FILES_MAX), n;

	for (; left; left -= n, address += n * sizeof(s32)) {
		n = min_t(unsigned int, left, 512);
		item_begin(o, n * sizeof(s32));
		if (!user_copy(o->at + sizeof(struct wire_item), address, n * sizeof(s32)))
			return;
		item_end(o, WIRE_FILES, n * sizeof(s32));
	}
}

/* Which things a io_uring_register(2) is about: COUNT at DATA, from OFFSET on. */
struct registered {
	struct wire_registered what;
	u64 data;
};

static struct registered registered_of(unsigned int op, u64 data, u32 nr)
{
	struct registered out = {{nr, 0}, data};
	struct io_uring_rsrc_register all;
	struct io_uring_rsrc_update2 some;

	switch (op) {
	case IORING_REGISTER_FILES2:
	case IORING_REGISTER_BUFFERS2:
		if (user_copy(&all, data, sizeof(all)))
			out = (struct registered){{all.nr, 0},
				all.flags & IORING_RSRC_REGISTER_SPARSE ? 0 : all.data};
		break;
	case IORING_REGISTER_FILES_UPDATE:
		if (user_copy(&some, data, sizeof(struct io_uring_files_update)))
			out = (struct registered){{nr, some.offset}, some.data};
		break;
	case IORING_REGISTER_FILES_UPDATE2:
		if (user_copy(&some, data, sizeof(some)))
			out = (struct registered){{some.nr, some.offset}, some.data};
		break;
	}
	return out;
}

static void item_registered(struct build *o, struct pt_regs *regs, bool narrow)
{
	unsigned int op = (unsigned int)call_arg(regs, 1) & ~REGISTERED_RING_OP;
	struct registered r = registered_of(op, call_arg(regs, 2), (u32)call_arg(regs, 3));

	*(struct wire_registered *)item_begin(o, sizeof(r.what)) = r.what;
	item_end(o, WIRE_REGISTERED, sizeof(r.what));
	if (!r.data)
		return;
	switch (op) {
	case IORING_REGISTER_BUFFERS:
	case IORING_REGISTER_BUFFERS2:
		if (r.what.count && r.what.count <= UIO_MAXIOV)
			item_iov(o, r.data, r.what.count, narrow);
		break;
	case IORING_REGISTER_FILES:
	case IORING_REGISTER_FILES2:
	case IORING_REGISTER_FILES_UPDATE:
	case IORING_REGISTER_FILES_UPDATE2:
		if (o->rec->ret >= 0)
			item_files(o, r.data, r.what.count);
		break;
	}
}

static noinline void item_rings(struct build *o, const struct row *row, struct pt_regs *regs, bool entered)
{
	bool makes = row->op == ROW_io_uring_setup, narrow;
	u64 kept = entered ? (u64)thread_find(current->pid)->kept : 0;
	struct io_ring_ctx *ctx;
	struct file *file;

	if (makes) {
		*(u64 *)item_begin(o, sizeof(u64)) = entered ? kept : ring_params(call_arg(regs, 1));
		item_end(o, WIRE_PARAMS, sizeof(u64));
		ctx = ring_get((unsigned int)o->rec->ret, false, &file);
	} else {
		ctx = ring_get((unsigned int)call_arg(regs, 0), ring_is_registered(row, regs), &file);
	}
	if (ctx && rings_told)
		item_ring(o, ctx, row->op == ROW_io_uring_enter ? (u32)kept : 0);
	narrow = ctx ? ctx->compat : compat_how() & COMPAT_IOV;
	ring_put(file);
	if (row->op == ROW_io_uring_register)
		item_registered(o, regs, narrow);
}

/* --- submissions --- */

static struct thread *ring_thread(void)
{
	return session_on() ? scope_thread() : NULL;
}

/* What was taken just now; the program may write there. NULL: it has. */
static const struct io_uring_sqe *submission_of(const struct io_kiocb *req)
{
	const struct io_ring_ctx *ctx = req->ctx;
	u32 index = (ctx->cached_sq_head - 1) & (ctx->sq_entries - 1);
	const struct io_uring_sqe *sqe;

	if (ctx->sq_array)
		index = READ_ONCE(ctx->sq_array[index]);
	if (index >= ctx->sq_entries)
		return NULL;
	sqe = &ctx->sq_sqes[index << !!(ctx->flags & IORING_SETUP_SQE128)];
	return sqe->opcode == req->opcode && sqe->user_data == req->cqe.user_data ? sqe : NULL;
}

/* Which other strings it has says where one of them is. */
struct submission_strings {
	bool target, attribute;
};

static u64 string_address(
	const struct io_uring_sqe *sqe, bool second, const struct submission_strings *strings)
{
	if (strings->attribute)
		return second ? sqe->addr : sqe->addr3;
	return second == strings->target ? sqe->addr : sqe->addr2;
}

/* False: there is no room. */
static bool item_submission_path(struct build *o, const struct io_uring_sqe *sqe, enum row_kind kind,
	const struct submission_strings *strings)
{
	bool second = row_wire[kind] == WIRE_ARG_PATH2;
	u64 address = string_address(sqe, second, strings);
	int dirfd = second ? (int)sqe->len : strings->attribute ? AT_FDCWD : sqe->fd;
	long len;

	if (!build_has_room(o))
		return false;
	len = item_string(o, second ? WIRE_PATH2 : WIRE_PATH, address);
	if (len <= 0 || kind == KIND_TARGET || kind == KIND_XNAME || *(o->at - ((len + 7) & ~7l)) == '/')
		return true;
	if (!build_has_room(o))
		return false;
	item_base_as(o, second ? WIRE_BASE2 : WIRE_BASE, dirfd, DIR_APART);
	return true;
}

static bool item_lengths(struct build *o, const struct io_uring_sqe *sqe, bool narrow)
{
	if (!sqe->addr || !sqe->len)
		return true;
	/* the longest vectors do not fit */
	if (o->at + ((u64)sqe->len + 2 * IOV_PART) * sizeof(u64) > o->end)
		return false;
	item_iov(o, sqe->addr, sqe->len, narrow);
	return true;
}

/* Those of an update whose slots are known: src/capture/uring.c. */
static bool item_new_files(struct build *o, const struct io_uring_sqe *sqe)
{
	if (sqe->len > WIRE_UPDATE_MAX)
		return true;
	if (o->at + ((u64)sqe->len / 512 + 1) * sizeof(struct wire_item) + (u64)sqe->len * sizeof(s32) > o->end)
		return false;
	item_files(o, sqe->addr, sqe->len);
	return true;
}

static bool item_submission(struct build *o, const struct io_uring_sqe *sqe, bool narrow)
{
	const unsigned char *kinds = opcode_kinds[sqe->opcode < OPCODES ? sqe->opcode : 0];
	struct submission_strings strings = {false, false};
	bool done = true;
	int i;

	memcpy(item_begin(o, WIRE_SQE_BYTES), sqe, WIRE_SQE_BYTES);
	item_end(o, WIRE_SQE, WIRE_SQE_BYTES);
	for (i = 0; i < ROW_ARGS; i++) {
		strings.target |= kinds[i] == KIND_TARGET;
		strings.attribute |= kinds[i] == KIND_XNAME;
	}
	for (i = 0; i < ROW_ARGS && done; i++) {
		switch (kinds[i]) {
		case KIND_PATH:
		case KIND_PATH2:
		case KIND_TARGET:
		case KIND_XNAME:
			done = item_submission_path(o, sqe, kinds[i], &strings);
			break;
		case KIND_RIOV:
		case KIND_WIOV:
			done = item_lengths(o, sqe, narrow);
			break;
		case KIND_FILES:
			done = item_new_files(o, sqe);
			break;
		case KIND_HOW:
			item_copy(o, WIRE_HOW, sqe->addr2, min_t(u32, sqe->len, 64));
			break;
		case KIND_XFLAGS:
			done = build_has_room(o);
			if (done)
				item_list(o, sqe->addr2, sqe->len);
			break;
		}
	}
	return done;
}

/* One that is not told misses its number, or is missing in what its call says it took. */
static noinline void put_submission(const struct io_kiocb *req, const struct io_uring_sqe *from)
{
	struct io_uring_sqe sqe;
	struct thread *th = ring_thread();
	struct build o;
	u64 *values;

	if (!th || !from)
		return;
	memcpy(&sqe, from, sizeof(sqe));
	state_needed(th);
	if (!build_begin(&o, WIRE_SUBMISSION, WIRE_VALUES_SUBMISSION))
		return;
	o.rec->flags = names_flags();
	if (req->ctx->flags & IORING_SETUP_SQPOLL)
		o.rec->flags |= WIRE_POLLED;
	if (!item_submission(&o, &sqe, req->ctx->compat)) {
		build_leave(&o);
		return;
	}
	values = build_values(&o);
	values[0] = hidden_id(req->ctx);
	values[1] = hidden_id(req);
	values[2] = req->ctx->cached_sq_head - 1;
	build_end(&o);
}

/* --- work of the kernel's threads --- */

#define WORK_NR (-1) /* of their struct thread: it is at work on the request KEPT of the ring ENTRY */

static noinline void work_begin(const struct io_kiocb *req)
{
	struct thread *th = ring_thread() ? thread_get(current->pid) : NULL;

	if (!th || !is_ring_thread(current))
		return;
	th->nr = WORK_NR;
	th->flags = 0;
	th->kept = (s64)hidden_id(req);
	th->entry = hidden_id(req->ctx);
}

static bool work_part(struct build *o, const struct thread *th)
{
	if (!build_begin(o, WIRE_WORK, WIRE_VALUES_WORK))
		return false;
	build_values(o)[0] = th->entry;
	build_values(o)[1] = (u64)th->kept;
	return true;
}

/* --- completions --- */

static void item_opened_by_ring(struct build *o, const struct io_kiocb *req, s64 res)
{
	struct file *file;

	if (res < 0 || !current->files ||
		(req->opcode != IORING_OP_OPENAT && req->opcode != IORING_OP_OPENAT2))
		return;
	file = fget_raw((unsigned int)res);
	if (!file)
		return;
	item_facts(o, WIRE_FACTS, file_inode(file));
	if (file->f_mode & FMODE_CREATED)
		o->rec->flags |= WIRE_CREATED;
	fput(file);
}

/* REQ may be NULL: one more of a request that goes on, or that is gone. */
static noinline void put_completion(
	const void *ctx, const struct io_kiocb *req, u64 user_data, s64 res, u32 flags)
{
	struct build o;
	u64 *values;

	if (!in_task() || !ring_thread() || !build_begin(&o, WIRE_COMPLETION, WIRE_VALUES_COMPLETION))
		return;
	o.rec->ret = res;
	if (req)
		item_opened_by_ring(&o, req, res);
	values = build_values(&o);
	values[0] = hidden_id(ctx);
	values[1] = req ? hidden_id(req) : 0;
	values[2] = user_data;
	values[3] = flags;
	build_end(&o);
}

#else

#define WORK_NR (-1)

static void item_ring_of_file(struct build *o, const struct file *file)
{
}

static void ring_enter(struct thread *th, const struct row *row, struct pt_regs *regs)
{
}

static void item_rings(struct build *o, const struct row *row, struct pt_regs *regs, bool entered)
{
}

static bool work_part(struct build *o, const struct thread *th)
{
	return false;
}

#endif
#endif
