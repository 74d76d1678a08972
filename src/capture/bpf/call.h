/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#ifndef IORIOT_CAPTURE_BPF_CALL_H
#define IORIOT_CAPTURE_BPF_CALL_H

#ifndef IORIOT_OLD
#include "direct.h"
#endif
#include "fetch.h"
#include "maps.h"
#include "narrow.h"
#include "rights.h"
#include "rows.h"
#include "scope.h"
#include "state.h"
#include "uring.h"

/* The life of a call, from its entry to its record. */

/* Of calls with a bpf_row.need; filled as those are. */
const volatile struct bpf_needs needs = {};

/* Numbers that are looked at by themselves. */
#if defined(__TARGET_ARCH_x86)
#define NR_restart   219
#define NR_sigreturn 15
#define NR_prctl     157
#else
#define NR_restart   128
#define NR_sigreturn 139
#define NR_prctl     167
#endif
#define PR_SET_NAME 15

#define SA_RESTART 0x10000000ul

static __always_inline u64 call_ip(struct pt_regs *regs)
{
#if defined(__TARGET_ARCH_x86)
	return AT(regs, ip);
#else
	return AT(regs, pc);
#endif
}

/* --- what arguments point to --- */

static __always_inline u64 arg_of(const struct build *b, u32 i)
{
	return b->arg[i & 7];
}

static __always_inline void item_path(struct build *b, const volatile struct bpf_row *row, u32 which)
{
	u32 reg = row->path[which], from = row->from[which];
	int len;

	if (!reg)
		return;
	if (row->op == ROW_bind) {
		item_address(GIVE(b), b->arg[1], b->arg[2]);
		return;
	}
	len = item_string(GIVE(b), arg_of(b, reg - 1), WIRE_PATH + which);
	if (len <= 0 || from == BPF_FROM_NOWHERE || b->found == '/' || row->flags & ROW_MOVES)
		return;
	item_base(b, WIRE_BASE + which, from == BPF_FROM_CWD ? AT_FDCWD : (int)arg_of(b, from - 1));
}

/* What else a register points to, of which there is less than one in a hundred calls. */
APART int item_fetched(BUILD_ARG, u32 wire, u32 reg)
{
	TAKE_BUILD;
	u32 len, how = call_how();
	u64 arg, before, after;

	if (!b)
		return 0;
	arg = arg_of(b, reg);
	before = arg_of(b, reg - 1);
	after = arg_of(b, reg + 1);
	switch (wire) {
	case WIRE_ARG_IOV:
		item_iov(arg, after, how & COMPAT_IOV);
		break;
	case WIRE_ARG_HOW:
		len = after < HOW_MAX ? after : HOW_MAX;
		item_copy(GIVE(b), arg, len, WIRE_HOW);
		break;
	case WIRE_ARG_CLARGS:
		item_copy(GIVE(b), arg, sizeof(u64), WIRE_CLARGS);
		break;
	case WIRE_ARG_FARG:
		if (is_lock_command(before) && !asks_for_lock(before))
			item_lock(GIVE(b), arg);
		else if (is_hint_command(before))
			item_copy(GIVE(b), arg, sizeof(u64), WIRE_HINT);
		break;
	case WIRE_ARG_FATTR:
		item_file_attr(GIVE(b), arg);
		break;
	case WIRE_ARG_HANDLE:
		item_handle(GIVE(b), arg);
		break;
	case WIRE_ARG_STRUCT:
		item_copy(GIVE(b), arg, WIRE_STRUCT_BYTES, WIRE_STRUCT);
		break;
	case WIRE_ARG_IARG:
		item_ioctl(GIVE(b), before, arg);
		break;
	case WIRE_ARG_IOCBS:
		item_iocbs(GIVE(b), arg, before);
		break;
	case WIRE_ARG_EVENTS:
		item_events(GIVE(b), arg);
		break;
	case WIRE_ARG_CTXP:
		if (how & COMPAT_AIO)
			item_context(b, arg);
		else
			item_copy(GIVE(b), arg, sizeof(u64), WIRE_CTX);
		break;
	case WIRE_ARG_OFFSET:
		item_numbers(GIVE(b), arg, 1, how & COMPAT_OFF32, WIRE_OFFSET);
		break;
	case WIRE_ARG_OFFSET2:
		item_numbers(GIVE(b), arg, 1, how & COMPAT_OFF32, WIRE_OFFSET2);
		break;
	case WIRE_ARG_TIMES16:
		item_numbers(GIVE(b), arg, 2, how & COMPAT_TIME32, WIRE_TIMES);
		break;
	case WIRE_ARG_TIMES32:
		item_numbers(GIVE(b), arg, 4, how & COMPAT_TIME32, WIRE_TIMES);
		break;
	case WIRE_ARG_FDS:
		item_copy(GIVE(b), arg, 2 * sizeof(s32), WIRE_FDS);
		break;
	}
	return 0;
}

static __always_inline void item_opened(struct build *b, u32 fd)
{
	struct file *file = file_for(&b->scratch, fd);

	if (!file)
		return;
	item_facts(b, WIRE_FACTS, LOOK(file, f_inode));
	if (LOOK(file, f_mode) & FMODE_CREATED)
		b->rec.flags |= WIRE_CREATED;
}

static __always_inline void item_result(struct build *b, const volatile struct bpf_row *row, s64 ret)
{
	if (ret < 0)
		return;
	switch (row->facts) {
	case FACTS_OF_RESULT:
		item_opened(b, ret);
		break;
	case FACTS_DIRECTORY:
		item_base(b, WIRE_BASE, b->arg[0]);
		break;
	case FACTS_OF_STAT:
		item_facts_of_stat(GIVE(b), arg_of(b, row->out));
		break;
	case FACTS_OF_STATX:
		item_facts_of_statx(GIVE(b), arg_of(b, row->out));
		break;
	}
}

static __always_inline void item_position(struct build *b, const volatile struct bpf_row *row)
{
	struct file *file = row->by_fd ? file_of(b->arg[0]) : NULL;

	if (file)
		item_number(b, WIRE_POSITION, GET(file, f_pos));
}

/* --- records --- */

static __always_inline void put_values(struct build *b, const volatile struct bpf_row *row)
{
	u32 n = row->values, i;
	u64 *to = build_values(b, n);

	for (i = 0; i < BPF_ARGS; i++)
		if (i < n)
			to[i] = arg_of(b, row->value[i]);
}

#define PUT_POSITION 256 /* beyond enum wire_flag: the state may show the call's effect or not */

/* FOUND is the first byte of the name: of access control lists it is that of "system". */
static __always_inline void item_value(struct build *b, const volatile struct bpf_row *row)
{
	struct {
		u64 value;
		u32 size, flags;
	} args = {b->arg[2], (u32)b->arg[3], 0};

	if (b->rec.ret < 0 || b->found != 's')
		return;
	if (row->op == ROW_setxattrat && bpf_probe_read_user(&args, sizeof(args), (const void *)b->arg[4]))
		return;
	item_list(GIVE(b), args.value, args.size);
}

static __always_inline void item_special(struct build *b, const volatile struct bpf_row *row)
{
	u64 owner;

	if (row->flags & ROW_LISTS)
		item_value(b, row);
	if (row->flags & ROW_RINGS)
		item_rings(GIVE(b), row->op);
	if (row->flags & ROW_OWNS) {
		owner = rights_owner(b->arg[0]);
		if (owner)
			item_number(b, WIRE_OWNER, owner);
	}
}

APART int put_items(BUILD_ARG, u32 number, u64 ret)
{
	TAKE_BUILD;
	const volatile struct bpf_row *row = row_of(number);

	if (!b)
		return 0;
	b->rec.flags |= names_flags();
	item_path(b, row, 0);
	item_path(b, row, 1);
	if (row->fetch[0])
		item_fetched(GIVE(b), row->fetch[0], row->fetch_arg[0]);
	if (row->fetch[1])
		item_fetched(GIVE(b), row->fetch[1], row->fetch_arg[1]);
	item_result(b, row, ret);
	if (unlikely(session.by_file) && row->only_file) {
		struct file *file = file_of(b->arg[0]); /* whatever else was lost */

		if (file)
			item_facts(b, WIRE_FACTS, GET(file, f_inode));
	}
	if (unlikely(row->flags & (ROW_RINGS | ROW_OWNS | ROW_LISTS)))
		item_special(b, row);
	return 0;
}

/* The call is loaded: call_load(). AT_ENTRY: 0 = its entry was not seen. */
static __always_inline void put_call(int number, s64 ret, u64 at_entry, u32 flags)
{
	const volatile struct bpf_row *row = row_of(number);
	struct build *b = build_begin(WIRE_CALL, row->values);

	if (!b)
		return;
	b->rec.nr = number;
	b->rec.dur = at_entry ? b->rec.t - at_entry : 0;
	b->rec.ret = ret;
	b->rec.flags = (u8)flags;
	registers(b->arg);
	if (row->flags & (ROW_HAS_ITEMS | ROW_OWNS | ROW_RINGS) || (unlikely(session.by_file) && row->only_file))
		put_items(GIVE(b), number, ret);
	if (unlikely(flags & PUT_POSITION))
		item_position(b, row);
	put_values(b, row);
	build_end(b);
}

static __always_inline void put_plain(u32 kind, int number, s64 ret)
{
	struct build *b = build_begin(kind, 0);

	if (!b)
		return;
	b->rec.nr = number;
	b->rec.ret = ret;
	build_end(b);
}

/* --- descriptors that are passed --- */

static __always_inline void put_sending(int number)
{
	const volatile struct bpf_row *row = row_of(number);
	u64 arg[BPF_ARGS];
	struct build *b;
	u32 n;

	registers(arg);
	n = rights_messages(row->op, (u32)arg[2]);
	if (!rights_walk(arg[1], n, RIGHTS_ANY, 0, 0))
		return;
	b = build_begin(WIRE_CALL, row->values);
	if (!b)
		return;
	b->rec.nr = number;
	b->rec.flags = WIRE_NO_RESULT;
	registers(b->arg);
	rights_walk(arg[1], n, RIGHTS_SENT, 0, 0);
	put_values(b, row);
	build_end(b);
}

/* False: nothing was received, and the call is not recorded. IN_STATE: what was is in the state. */
static __always_inline bool put_received(int number, s64 ret, u64 at_entry, bool in_state)
{
	u32 op = row_of(number)->op;
	struct bpf_call *c = call_here();
	const u64 *arg;

	if (!c)
		return false;
	arg = c->arg;
	if (in_state)
		return op == ROW_pidfd_getfd;
	if (op == ROW_pidfd_getfd) {
		if (ret >= 0 && !rights_owner(arg[0]))
			put_received_fd(ret, at_entry);
		return true;
	}
	return rights_walk(arg[1], rights_messages(op, ret), RIGHTS_RECEIVED, at_entry,
		!!((op == ROW_recvmsg ? arg[2] : arg[3]) & MSG_CMSG_CLOEXEC));
}

/* --- calls of other interfaces --- */

/* Counted for each call, told at the first and when the thread ends or executes a program. */
static __always_inline void foreign_call(struct task_struct *task)
{
	struct bpf_thread *th = session.all ? thread_get(task) : thread_find(task);

	if (!th || !scope_has(th))
		return;
	state_needed(th);
	if (th->unseen++ == 0)
		put_lost(task, 1, WIRE_LOST_COMPAT);
}

static __always_inline void foreign_settle(struct task_struct *task, struct bpf_thread *th)
{
	if (th->unseen > 1)
		put_lost(task, th->unseen - 1, WIRE_LOST_COMPAT);
	th->unseen = 0;
}

/* Outside of its entry and its end. */
static __always_inline void call_reload(struct pt_regs *regs)
{
	if (unlikely(call_is_foreign(current_task(), call_number(regs))))
		call_load_narrow(call_number(regs) GIVE_REGISTERS(regs));
	else
		call_load(regs);
}

/* --- interrupted calls --- */

static __always_inline void call_break(struct bpf_thread *th, struct pt_regs *regs, s64 ret)
{
	/* one that is suspended is forgotten: it will count from its next entry */
	th->flags = CALL_BROKEN;
	th->restart = -ret - RESTART_SYS;
	th->ip = call_ip(regs);
	th->sp = AT(regs, sp);
}

static __always_inline bool is_same_place(const struct bpf_thread *th, struct pt_regs *regs)
{
	return th->ip == call_ip(regs) && th->sp == AT(regs, sp);
}

/* Of those that pass descriptors most pass none, and are not recorded. */
static __always_inline bool is_passing(long number)
{
	return row_of(number)->flags & (ROW_SENDS | ROW_RECEIVES);
}

/* A call is entered after an interruption. True when it is the interrupted one, made again. */
static __always_inline bool call_resume(
	struct bpf_thread *th, struct task_struct *task, long number, struct pt_regs *regs)
{
	u32 flags = th->flags;

	if (flags & CALL_BROKEN) {
		bool again = number == NR_restart || (number == th->nr && is_same_place(th, regs));

		th->flags = again ? CALL_ACTIVE : 0;
		if (!again && !is_passing(th->nr)) /* its registers are gone */
			put_lost(task, 1, WIRE_LOST_SKIPPED);
		return again;
	}
	if (number == NR_sigreturn) {
		th->flags |= CALL_RETURNED;
		return false;
	}
	if (flags & CALL_RETURNED) {
		th->flags = 0;
		if (number == th->suspended_nr && is_same_place(th, regs)) {
			th->nr = number;
			th->entry = th->suspended;
			th->flags = CALL_ACTIVE;
			return true;
		}
	}
	return false;
}

/* A handler is about to run: as the kernel decides it in handle_signal(). */
static __always_inline void call_interrupted(
	struct bpf_thread *th, struct pt_regs *regs, unsigned long sa_flags)
{
	u32 restart = th->restart + RESTART_SYS;

	th->flags &= ~CALL_BROKEN;
	if (restart == RESTART_NOINTR || (restart == RESTART_SYS && sa_flags & SA_RESTART)) {
		th->flags |= CALL_SUSPENDED;
		th->suspended = th->entry;
		th->suspended_nr = th->nr;
	} else if (row_of(th->nr)->what == ROW_CALL && !is_passing(th->nr)) {
		call_reload(regs);
		put_call(th->nr, -4 /* EINTR */, th->entry, 0);
	}
}

/* --- entry --- */

/* What cannot be told at the end any more, for the record to come. */
static __always_inline struct build *part_begin(const struct bpf_thread *th)
{
	struct build *b = build_begin(WIRE_PART, 0);

	if (b)
		b->rec.nr = th->nr;
	return b;
}

static __always_inline void put_lock_before(const struct bpf_thread *th, u64 address)
{
	struct build *b = part_begin(th);

	if (!b)
		return;
	item_lock(GIVE(b), address);
	build_end(b);
}

static __always_inline void put_block_before(const struct bpf_thread *th, u64 address)
{
	struct build *b = part_begin(th);

	if (!b)
		return;
	item_copy(GIVE(b), address, sizeof(int), WIRE_IOCTL);
	build_end(b);
}

static __always_inline void put_base_before(const struct bpf_thread *th)
{
	struct build *b = part_begin(th);

	if (!b)
		return;
	b->rec.flags = names_flags();
	item_cwd(b, WIRE_BASE);
	build_end(b);
}

static __always_inline void enter_special(struct bpf_thread *th, struct task_struct *task, long number)
{
	const volatile struct bpf_row *row = row_of(number);
	u64 arg[BPF_ARGS];

	registers(arg);
	if (row->flags & ROW_EXITS) {
		foreign_settle(task, th);
		put_call(number, 0, 0, WIRE_NO_RESULT);
		th->flags = THREAD_ENDED;
	} else if (row->flags & ROW_SENDS) {
		put_sending(number);
	} else if (row->flags & ROW_MOVES) {
		put_base_before(th);
	} else if (row->flags & ROW_EXECS) {
		th->kept = (s64)((arg[0] << 32) | (u32)arg[4]);
	} else if (row->flags & ROW_RINGS) {
		th->kept = (s64)ring_enter(row->op, arg[0], arg[1], arg[3]);
	} else if (row->op == ROW_ioctl) {
		if ((u32)arg[1] == IOCTL_NR_FIBMAP)
			put_block_before(th, arg[2]);
	} else if (row->op == ROW_fcntl && asks_for_lock(arg[1])) {
		put_lock_before(th, arg[2]);
	}
}

/* The calling thread if it is in scope. */
static __always_inline struct bpf_thread *thread_in_scope(struct task_struct *task)
{
	struct bpf_thread *th = thread_find(task);

	if (unlikely(!th)) {
		if (likely(!session.all))
			return NULL;
		th = thread_get(task);
		if (!th) {
			put_lost(task, 1, WIRE_LOST_MEMORY);
			return NULL;
		}
	}
	return scope_has(th) ? th : NULL;
}

/* Rows whose arguments are looked at when a call begins. */
#define ROW_LOOKS (ROW_BY_COMMAND | ROW_MEMORY | ROW_AT_ENTRY)

/* Whether a call of this row is wanted depends on what its arguments are. */
static __always_inline bool row_looks(const volatile struct bpf_row *row)
{
	return unlikely(row->flags & ROW_LOOKS) || (unlikely(session.by_file) && row->only_file);
}

/* Whether a call with these arguments is watched. */
static __always_inline bool is_wanted(struct task_struct *task, const volatile struct bpf_row *row)
{
	u64 arg[BPF_ARGS];

	registers(arg);
	if (unlikely(session.by_file) && row->only_file) {
		struct file *file = file_of(arg[0]);

		if (file && !file_wanted(GET(file, f_inode)))
			return false;
	}
	if (row->flags & ROW_BY_COMMAND && ioctl_shape(arg[1]) < 0)
		return false;
	return !(row->flags & ROW_MEMORY) || memory_wanted(task, row->op, arg);
}

/* A call begins that direct.h leaves alone, as all are to the older programs. */
ASIDE int enter_otherwise(struct pt_regs *regs, long number)
{
	struct task_struct *task = current_task();
	const volatile struct bpf_row *row;
	struct bpf_thread *th;

	if (unlikely(call_is_foreign(task, number))) {
		number = call_load_narrow(number GIVE_REGISTERS(regs));
		if (number == COMPAT_LOSES)
			foreign_call(task);
		if (number < 0)
			return 0;
		number &= BPF_ROWS - 1; /* for the verifier */
		row = row_of(number);
		if (row->what == ROW_NOT_WATCHED) /* not wanted */
			return 0;
	} else {
		if (!is_watched(number))
			return 0;
		row = row_of(number);
		if (row_looks(row))
			call_load(regs);
	}
	if (row_looks(row) && !is_wanted(task, row))
		return 0;
	th = thread_in_scope(task);
	if (!th)
		return 0;
	state_needed(th);
	if (unlikely(th->fault_t))
		fault_settle(task, th);
	if (unlikely(th->flags & (CALL_BROKEN | CALL_SUSPENDED)) && call_resume(th, task, number, regs))
		return 0;
	th->nr = number;
	th->flags = (th->flags & (CALL_SUSPENDED | CALL_RETURNED)) | CALL_ACTIVE;
	th->entry = bpf_ktime_get_ns();
#ifdef IORIOT_OLD
	th->regs = number_of(regs);
#endif
	if (unlikely(row->flags & ROW_AT_ENTRY))
		enter_special(th, task, number);
	return 0;
}

static __always_inline void call_enter(struct pt_regs *regs, long number)
{
#ifndef IORIOT_OLD
	struct task_struct *task = current_task();

	if (likely(!call_is_foreign(task, number))) {
		if (!is_watched(number))
			return;
		if (row_of(number)->direct && direct_enter(task, number))
			return;
	}
#endif
	enter_otherwise(regs, number);
}

/* --- exit --- */

/* The process may leave or enter the scope of "all". */
static __always_inline void identity_changed(
	struct bpf_thread *th, struct task_struct *task, int number, s64 ret)
{
	struct bpf_call *c = call_here();

	if (th->told == session.generation && scope_has(th))
		thread_changed(th, task);
	if (ret < 0 || !session.all || AT(task, pid) != AT(task, tgid))
		return;
	if (number != NR_prctl || (c && c->arg[0] == PR_SET_NAME))
		scope_changed();
}

/* Records of what the call has brought; false: it is not recorded. */
static __always_inline bool passes(long number, s64 ret, u64 at_entry, bool in_state)
{
	return row_of(number)->flags & ROW_RECEIVES && put_received(number, ret, at_entry, in_state);
}

static __always_inline bool is_among(const volatile u32 *ids, u32 n, u32 id)
{
	u32 i;

	for (i = 0; i < WIRE_NEED_IDS && i < n; i++)
		if (ids[i] == id)
			return true;
	return false;
}

static __always_inline bool is_called(struct task_struct *task)
{
	u64 comm[2] = {0, 0};
	u32 i;

	bpf_probe_read_kernel_str(comm, sizeof(comm), &task->comm);
	for (i = 0; i < WIRE_NEED_IDS && i < needs.comm_count; i++)
		if (comm[0] == needs.comms[i][0] && comm[1] == needs.comms[i][1])
			return true;
	return false;
}

/* AT_ENTRY: 0 = its entry was not seen, and nobody knows how long it took. */
static __always_inline bool is_needed(
	struct task_struct *task, const volatile struct bpf_row *row, s64 ret, u64 at_entry)
{
	if (row->need & (ret < 0 ? WIRE_NEED_WORKED : WIRE_NEED_FAILED))
		return false;
	if (row->need & WIRE_NEED_LATENCY && at_entry && bpf_ktime_get_ns() - at_entry < row->latency)
		return false;
	if (row->need & WIRE_NEED_PIDS && !is_among(needs.pids, needs.pid_count, AT(task, tgid)))
		return false;
	if (row->need & WIRE_NEED_UIDS && !is_among(needs.uids, needs.uid_count, AT(AT(task, cred), euid.val)))
		return false;
	if (row->need & WIRE_NEED_COMMS && !is_called(task))
		return false;
	return !(row->need & WIRE_NEED_TIDS) || is_among(needs.tids, needs.tid_count, AT(task, pid));
}

/* Its arguments stay where they are: older kernels give all programs of a chain 512 bytes of stack together. */
static __always_inline void put_exit(struct task_struct *task, const volatile struct bpf_row *row, int number, s64 ret,
	u64 at_entry, u32 flags)
{
	struct bpf_call *c = call_here();

	if (!c)
		return;
	if (unlikely(row->need) && !is_needed(task, row, ret, at_entry))
		return;
	if (unlikely(row->flags & ROW_MEMORY) && row->op == ROW_mmap && ret >= 0 && shows_file(c->arg))
		flags |= WIRE_REGULAR;
	put_call(number, ret, at_entry, flags);
	if (unlikely(row->flags & ROW_MEMORY))
		memory_done(task, row->op, c->arg, ret);
}

/* The thread was not in scope when it entered the call, or the call is none of ours. */
static __always_inline void exit_without_entry(
	struct bpf_thread *th, struct task_struct *task, long number, s64 ret)
{
	const volatile struct bpf_row *row = row_of(number);
	bool in_state;

	if (row->what == ROW_IDENTITY)
		identity_changed(th, task, number, ret);
	if (row->what != ROW_CALL || is_restart(ret))
		return;
	if (!is_wanted(task, row))
		return;
	/* These were told before; and a new thread comes out of the call that made it. */
	if (row->flags & (ROW_FORKS | ROW_EXECS) && ret >= 0)
		return;
	if (!scope_has(th))
		return;
	in_state = state_needed(th);
	if (unlikely(is_passing(number)) && !passes(number, ret, 0, in_state))
		return;
	put_exit(task, row, number, ret, 0, WIRE_NO_ENTRY | PUT_POSITION);
}

static __always_inline void exit_of_call(struct bpf_thread *th, struct task_struct *task, s64 ret)
{
	long number = th->nr;
	const volatile struct bpf_row *row = row_of(number);
	u32 flags;

	if (unlikely(!scope_has(th))) /* its process left the scope meanwhile */
		return;
	flags = unlikely(state_needed(th)) ? WIRE_NO_ENTRY | PUT_POSITION : 0;
	if (unlikely(row->flags & (ROW_SENDS | ROW_RECEIVES)) && !passes(number, ret, th->entry, flags))
		return;
	put_exit(task, row, number, ret, th->entry, flags);
}

static __always_inline struct bpf_thread *thread_at_exit(struct task_struct *task)
{
	struct bpf_thread *th = thread_find(task);

	return !th && unlikely(session.all) ? thread_get(task) : th;
}

/* The end of a call of another interface: the number of the call that it is, or negative. */
static __always_inline long foreign_exit(struct task_struct *task, struct pt_regs *regs, long number, s64 *ret)
{
	struct bpf_thread *th;
	struct bpf_call *c;
	s64 offset;

	number = call_load_narrow(number GIVE_REGISTERS(regs));
	if (number == COMPAT_UNREAD) {
		th = thread_at_exit(task);
		/* at its entry, or by the kernel, they could be read */
		if (th && (th->flags & CALL_ACTIVE || (*ret != -14 /* EFAULT */ && scope_has(th)))) {
			th->flags &= ~CALL_ACTIVE;
			put_lost(task, 1, WIRE_LOST_SKIPPED);
		}
	}
	c = call_here();
	if (number >= 0 && c && c->how & COMPAT_LLSEEK && *ret == 0 &&
		!bpf_probe_read_user(&offset, sizeof(offset), (const void *)c->arg[3]))
		*ret = offset;
	return number;
}

/* The same, when it ends. */
ASIDE int exit_otherwise(struct pt_regs *regs, s64 ret)
{
	struct task_struct *task = current_task();
	long number = call_number(regs);
	struct bpf_thread *th;
	u32 what;

	if (unlikely(call_is_foreign(task, number))) {
		number = foreign_exit(task, regs, number, &ret);
		if (number < 0)
			return 0;
		number &= BPF_ROWS - 1; /* for the verifier */
		if (row_of(number)->what == ROW_NOT_WATCHED)
			return 0;
	} else {
		if (!is_watched(number))
			return 0;
		call_load(regs);
	}
	th = thread_at_exit(task);
	if (!th)
		return 0;
	if (!(th->flags & CALL_ACTIVE)) {
		exit_without_entry(th, task, number, ret);
		return 0;
	}
	what = row_of(th->nr)->what;
	if (unlikely(is_restart(ret)) && what == ROW_CALL) {
		call_break(th, regs, ret);
		return 0;
	}
	th->flags &= ~CALL_ACTIVE;
	if (unlikely(th->fault_t)) {
		if (ret < 0) /* it has failed of that */
			th->fault_t = 0;
		else
			fault_settle(task, th);
	}
	if (likely(what == ROW_CALL)) {
		exit_of_call(th, task, ret);
	} else if (what == ROW_UNRECORDED) {
		if (ret >= 0)
			put_plain(WIRE_UNRECORDED, th->nr, ret);
	} else if (what == ROW_IDENTITY) {
		identity_changed(th, task, th->nr, ret);
	}
	return 0;
}

static __always_inline void call_exit(struct pt_regs *regs, s64 ret)
{
#ifndef IORIOT_OLD
	struct task_struct *task = current_task();
	long number = call_number(regs);

	if (likely(!call_is_foreign(task, number))) {
		if (!is_watched(number))
			return;
		if (row_of(number)->direct && direct_exit(task, regs, number, ret))
			return;
	}
#endif
	exit_otherwise(regs, ret);
}

#endif
