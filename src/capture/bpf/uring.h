/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#ifndef IORIOT_CAPTURE_BPF_URING_H
#define IORIOT_CAPTURE_BPF_URING_H

#include <linux/io_uring.h>

#include "state.h"

/*
 * Rings of io_uring. A submission is told when the kernel has taken it, by whoever did: a thread in
 * io_uring_enter(2), or a thread of the ring's own, which has the memory, the directories and the
 * descriptors of its process. Its completion is a record of its own.
 */

/* Both submissions and completions are hooked. False: the code below is not even loaded. */
const volatile bool rings_told = false;

const volatile uint16_t opcodes[BPF_OPCODES] = {}; /* enum bpf_sqe; filled as calls[] is */

#define RINGS_REGISTERED 16 /* IO_RINGFD_REG_MAX */

static __always_inline struct io_ring_ctx *ring_of_file(struct file *file)
{
	return file && is_anonymous(file, "[io_uring]\0\0\0\0\0") ? GET(file, private_data) : NULL;
}

/* The ring that a call of the current thread is about. */
static __always_inline struct io_ring_ctx *ring_get(u32 fd, bool registered)
{
	struct task_struct *task = current_task();
	struct io_uring_task *own;
	struct file *file = NULL;

	if (!registered)
		return ring_of_file(file_of(fd));
	own = GET(task, io_uring);
	if (own && fd < RINGS_REGISTERED)
		bpf_core_read(&file, sizeof(file), &own->registered_rings[fd]);
	return ring_of_file(file);
}

/* Made by a 32-bit call: its vectors are those of such programs. */
static __always_inline u32 ring_is_narrow(struct io_ring_ctx *ctx)
{
	return BPF_CORE_READ_BITFIELD_PROBED(ctx, compat);
}

static __always_inline void item_ring(struct build *b, struct io_ring_ctx *ctx, u32 ready)
{
	struct wire_ring *to = (struct wire_ring *)item_begin(b, sizeof(*to));

	to->id = hidden_id(ctx);
	to->sq_entries = GET(ctx, sq_entries);
	to->cq_entries = GET(ctx, cq_entries);
	to->flags = GET(ctx, flags);
	to->ready = ready;
	item_end(b, WIRE_RING, sizeof(*to));
}

/* When it is the descriptor of one. */
static __always_inline void item_ring_of_file(struct build *b, struct file *file)
{
	struct io_ring_ctx *ctx = rings_told ? ring_of_file(file) : NULL;

	if (ctx)
		item_ring(b, ctx, 0);
}

/* --- calls about rings --- */

#define REGISTERED_RING_OP (1u << 31)
#define ENTER_REGISTERED   (1u << 4)

static __always_inline bool ring_is_registered(u32 op, u64 second, u64 fourth)
{
	return op == ROW_io_uring_register ? second & REGISTERED_RING_OP : fourth & ENTER_REGISTERED;
}

/* cq_entries and flags of a struct io_uring_params, which the call overwrites. */
static __always_inline u64 ring_params(u64 address)
{
	u32 params[3];

	if (bpf_probe_read_user(params, sizeof(params), (const void *)address))
		return 0;
	return (u64)params[2] << 32 | params[1];
}

/* Completions that the program has not taken yet. */
static __always_inline u32 ring_ready(u32 fd, bool registered)
{
	struct io_ring_ctx *ctx = rings_told ? ring_get(fd, registered) : NULL;
	struct io_rings *rings = ctx ? GET(ctx, rings) : NULL;

	return rings ? GET(rings, cq.tail) - GET(rings, cq.head) : 0;
}

/* What must be known of a ring when a call about it begins; of its registers those that say which. */
__noinline u64 ring_enter(u32 op, u64 first, u64 second, u64 fourth)
{
	if (op == ROW_io_uring_setup)
		return ring_params(second);
	return ring_ready(first, ring_is_registered(op, second, fourth));
}

#define FILES_PART 512

STEP(files_part)
{
	struct build *b = build_here();
	struct files *v;
	u32 n;

	if (!b)
		return 1;
	v = &b->files;
	n = v->left < FILES_PART ? v->left : FILES_PART;
	if (!n || item_copy(GIVE(b), v->address, n * sizeof(s32), WIRE_FILES))
		return 1;
	v->address += n * sizeof(s32);
	v->left -= n;
	return 0;
}

static __always_inline void item_files(u64 address, u32 count)
{
	struct build *b = build_here();

	if (!b)
		return;
	b->files = (struct files){.address = address, .left = count < WIRE_FILES_MAX ? count : WIRE_FILES_MAX};
	LOOP(WIRE_FILES_MAX / FILES_PART, files_part);
}

/* Which things a io_uring_register(2) is about: COUNT at DATA, from OFFSET on. */
struct registered {
	struct wire_registered what;
	u64 data;
};

static __always_inline void registered_of(struct registered *out, u32 op, u64 data, u32 nr)
{
	struct io_uring_rsrc_register all;
	struct io_uring_rsrc_update2 some;

	*out = (struct registered){{nr, 0}, data};
	switch (op) {
	case IORING_REGISTER_FILES2:
	case IORING_REGISTER_BUFFERS2:
		if (!bpf_probe_read_user(&all, sizeof(all), (const void *)data))
			*out = (struct registered){{all.nr, 0},
				all.flags & IORING_RSRC_REGISTER_SPARSE ? 0 : all.data};
		break;
	case IORING_REGISTER_FILES_UPDATE:
		if (!bpf_probe_read_user(&some, sizeof(struct io_uring_files_update), (const void *)data))
			*out = (struct registered){{nr, some.offset}, some.data};
		break;
	case IORING_REGISTER_FILES_UPDATE2:
		if (!bpf_probe_read_user(&some, sizeof(some), (const void *)data))
			*out = (struct registered){{some.nr, some.offset}, some.data};
		break;
	}
}

APART int item_registered(BUILD_ARG, u32 narrow)
{
	TAKE_BUILD;
	struct registered r;
	u32 op;

	if (!b)
		return 0;
	op = (u32)b->arg[1] & ~REGISTERED_RING_OP;
	registered_of(&r, op, b->arg[2], b->arg[3]);
	*(struct wire_registered *)item_begin(b, sizeof(r.what)) = r.what;
	item_end(b, WIRE_REGISTERED, sizeof(r.what));
	if (!r.data)
		return 0;
	switch (op) {
	case IORING_REGISTER_BUFFERS:
	case IORING_REGISTER_BUFFERS2:
		if (r.what.count && r.what.count <= IOV_MOST)
			item_iov(r.data, r.what.count, narrow);
		break;
	case IORING_REGISTER_FILES:
	case IORING_REGISTER_FILES2:
	case IORING_REGISTER_FILES_UPDATE:
	case IORING_REGISTER_FILES_UPDATE2:
		if (b->rec.ret >= 0)
			item_files(r.data, r.what.count);
		break;
	}
	return 0;
}

/* A duration says that the entry was seen, and so that KEPT of the thread is of this call. */
APART int item_rings(BUILD_ARG, u32 op)
{
	TAKE_BUILD;
	struct bpf_thread *th = thread_find(current_task());
	struct io_ring_ctx *ctx = NULL;
	bool entered;
	u64 kept;

	if (!b)
		return 0;
	entered = th && b->rec.dur;
	kept = entered ? (u64)th->kept : 0;
	if (op == ROW_io_uring_setup) {
		item_number(b, WIRE_PARAMS, entered ? kept : ring_params(b->arg[1]));
		if (rings_told && b->rec.ret >= 0)
			ctx = ring_get(b->rec.ret, false);
	} else if (rings_told) {
		ctx = ring_get(b->arg[0], ring_is_registered(op, b->arg[1], b->arg[3]));
	}
	if (ctx)
		item_ring(b, ctx, op == ROW_io_uring_enter ? (u32)kept : 0);
	if (op == ROW_io_uring_register)
		item_registered(GIVE(b), ctx ? ring_is_narrow(ctx) : call_how() & COMPAT_IOV);
	return 0;
}

#ifndef IORIOT_OLD /* tracepoints tell of them from Linux 6.0 on */

/* --- submissions --- */

/* The thread whose scope the current one is in, NULL: none. */
static __always_inline struct bpf_thread *ring_thread(void)
{
	struct task_struct *task = current_task();
	struct bpf_thread *th;

	if (!session_on())
		return NULL;
	if (is_ring_thread(task))
		task = task->group_leader;
	th = session.all ? thread_get(task) : thread_find(task);
	return th && scope_has(th) ? th : NULL;
}

/* What was taken just now; the program may write there. NULL: it has. */
static __always_inline struct io_uring_sqe *submission_of(struct io_kiocb *req)
{
	struct io_ring_ctx *ctx = GET(req, ctx);
	u32 entries = GET(ctx, sq_entries), index = (GET(ctx, cached_sq_head) - 1) & (entries - 1);
	u32 *array = GET(ctx, sq_array);

	if (array && bpf_probe_read_kernel(&index, sizeof(index), array + index))
		return NULL;
	if (index >= entries)
		return NULL;
	return GET(ctx, sq_sqes) + ((u64)index << !!(GET(ctx, flags) & IORING_SETUP_SQE128));
}

/* Without a name of its directory that others would rely on: this record may be used later. */
static __always_inline void item_submission_path(
	struct build *b, const struct io_uring_sqe *sqe, u32 flags, u32 which)
{
	bool named = flags & BPF_SQE_NAME, other = flags & (BPF_SQE_SWAPPED | BPF_SQE_NAME) ? !which : which;
	int dirfd = which ? (int)sqe->len : named ? AT_FDCWD : sqe->fd;
	int len = item_string(GIVE(b), !other ? sqe->addr : named ? sqe->addr3 : sqe->addr2, WIRE_PATH + which);

	if (len > 0 && b->found != '/' && !(flags & (which ? BPF_SQE_TEXT2 : BPF_SQE_TEXT)))
		item_base(b, (WIRE_BASE + which) | DIR_APART, dirfd);
}

__noinline int item_submission(struct build *b, const struct io_uring_sqe *sqe, u32 narrow)
{
	u32 flags;

	if (!b || !sqe)
		return 0;
	flags = sqe->opcode < BPF_OPCODES ? opcodes[sqe->opcode] : 0;
	*(struct io_uring_sqe *)item_begin(b, WIRE_SQE_BYTES) = *sqe;
	item_end(b, WIRE_SQE, WIRE_SQE_BYTES);
	if (flags & BPF_SQE_PATH)
		item_submission_path(b, sqe, flags, 0);
	if (flags & BPF_SQE_PATH2)
		item_submission_path(b, sqe, flags, 1);
	if (flags & BPF_SQE_IOV && sqe->addr && sqe->len)
		item_iov(sqe->addr, sqe->len, narrow);
	if (flags & BPF_SQE_FILES && sqe->len <= WIRE_UPDATE_MAX)
		item_files(sqe->addr, sqe->len);
	if (flags & BPF_SQE_HOW)
		item_copy(GIVE(b), sqe->addr2, sqe->len < HOW_MAX ? sqe->len : HOW_MAX, WIRE_HOW);
	if (flags & BPF_SQE_LIST && b->found == 's')
		item_list(GIVE(b), sqe->addr2, sqe->len);
	return 0;
}

/*
 * One that is not told misses its number, or is missing in what its call says it took. REFUSED: the kernel may have
 * forgotten what it was.
 */
__noinline int put_submission(u64 req_at, u64 sqe_at, u32 refused)
{
	struct io_kiocb *req = (struct io_kiocb *)req_at;
	struct bpf_thread *th = ring_thread();
	struct io_uring_sqe sqe;
	struct io_ring_ctx *ctx;
	struct build *b;
	u64 *values;

	if (!th || !rings_told || bpf_probe_read_kernel(&sqe, sizeof(sqe), (const void *)sqe_at))
		return 0;
	ctx = GET(req, ctx);
	if ((!refused && sqe.opcode != GET(req, opcode)) || sqe.user_data != GET(req, cqe.user_data))
		return 0;
	state_needed(th);
	b = build_begin(WIRE_SUBMISSION, WIRE_VALUES_SUBMISSION);
	if (!b)
		return 0;
	b->rec.flags = names_flags();
	if (GET(ctx, flags) & IORING_SETUP_SQPOLL)
		b->rec.flags |= WIRE_POLLED;
	item_submission(b, &sqe, ring_is_narrow(ctx));
	values = build_values(b, WIRE_VALUES_SUBMISSION);
	values[0] = hidden_id(ctx);
	values[1] = hidden_id(req);
	values[2] = GET(ctx, cached_sq_head) - 1;
	if (b->full)
		build_leave(b);
	else
		build_end(b);
	return 0;
}

static __always_inline void put_taken(struct io_kiocb *req)
{
	if (ring_thread())
		put_submission(number_of(req), (u64)submission_of(req), 0);
}

/* --- completions --- */

static __always_inline void item_opened_by_ring(struct build *b, struct io_kiocb *req, s64 res)
{
	u32 opcode = GET(req, opcode);
	struct file *file;

	if (res < 0 || (opcode != IORING_OP_OPENAT && opcode != IORING_OP_OPENAT2))
		return;
	file = file_of(res);
	if (!file)
		return;
	item_facts(b, WIRE_FACTS, GET(file, f_inode));
	if (GET(file, f_mode) & FMODE_CREATED)
		b->rec.flags |= WIRE_CREATED;
}

/* REQ may be NULL: one more of a request that goes on, or that is gone. */
static __always_inline void put_completion(u64 ctx, u64 req, u64 user_data, s64 res, u32 flags)
{
	struct build *b;
	u64 *values;

	if (!ring_thread())
		return;
	b = build_begin(WIRE_COMPLETION, WIRE_VALUES_COMPLETION);
	if (!b)
		return;
	b->rec.ret = res;
	if (req)
		item_opened_by_ring(b, (struct io_kiocb *)req, res);
	values = build_values(b, WIRE_VALUES_COMPLETION);
	values[0] = hidden_id((void *)ctx);
	values[1] = req ? hidden_id((void *)req) : 0;
	values[2] = user_data;
	values[3] = flags;
	build_end(b);
}

#endif
#endif
