/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#ifndef IORIOT_SYSTEMTAP_CALL_H
#define IORIOT_SYSTEMTAP_CALL_H

#include <linux/binfmts.h>
#include <linux/fcntl.h>
#include <linux/openat2.h>
#include <linux/prctl.h>
#include <linux/signal.h>
#include <linux/socket.h>
#include <linux/un.h>

#include "compat.h"
#include "facts.h"
#include "fetch.h"
#include "maps.h"
#include "rights.h"
#include "scope.h"
#include "state.h"
#include "table.h"
#include "uring.h"
#include "watched.h"

/* The life of a call, from its entry to its record. */

#define HOW_MAX 64 /* struct open_how may grow */

static inline const struct row *row_of(long number)
{
	const struct row *row;

	if ((unsigned long)number >= ROW_NUMBERS)
		return NULL;
	row = &rows[number];
	return row->what == ROW_NOT_WATCHED ? NULL : row;
}

static void calls_init(void)
{
	rows_init();
	rows[__NR_rt_sigreturn].what = ROW_SIGRETURN;
	rows[__NR_restart_syscall].what = ROW_RESTART;
	rows[__NR_prctl].what = ROW_IDENTITY;
	rows[__NR_setuid].what = ROW_IDENTITY;
	rows[__NR_setreuid].what = ROW_IDENTITY;
	rows[__NR_setresuid].what = ROW_IDENTITY;
}

/* --- what arguments point to --- */

static bool is_lock_command(u64 command)
{
	switch ((unsigned int)command) {
	case F_GETLK:
	case F_SETLK:
	case F_SETLKW:
	case F_OFD_GETLK:
	case F_OFD_SETLK:
	case F_OFD_SETLKW:
		return true;
	}
	return false;
}

static bool is_hint_command(u64 command)
{
	return (unsigned int)command == F_SET_RW_HINT ||
	       (unsigned int)command == F_SET_RW_HINT + 2; /* of the description: older kernels */
}

static bool asks_for_lock(u64 command)
{
	return (unsigned int)command == F_GETLK || (unsigned int)command == F_OFD_GETLK;
}

static void item_handle(struct build *o, u64 address)
{
	u32 bytes;

	if (user_copy(&bytes, address, sizeof(bytes)) && bytes <= 128)
		item_copy(o, WIRE_HANDLE, address + sizeof(bytes), sizeof(u32) + bytes);
}

static void item_ioctl(struct build *o, unsigned int command, u64 address)
{
	int shape = ioctl_shape(command);
	unsigned int len;
	u16 dests;

	if (shape < 0 || !ioctl_bytes[shape] || command == IOCTL_NR_FIBMAP)
		return;
	len = ioctl_bytes[shape];
	if (shape == IOCTL_DEDUPE) { /* the member dest_count */
		if (!user_copy(&dests, address + 16, sizeof(dests)))
			return;
		len += min_t(unsigned int, dests, IOCTL_DEDUPE_MAX) * IOCTL_DEDUPE_DEST;
	}
	item_copy(o, WIRE_IOCTL, address, len);
}

/* A path, and where it starts from if it is relative. */
static void item_path(struct build *o, const struct row *row, int i, u64 address, int dirfd)
{
	bool second = row_wire[row->kind[i]] == WIRE_ARG_PATH2;
	bool text = row->kind[i] == KIND_TARGET || row->kind[i] == KIND_XNAME ||
		    row->kind[i] == KIND_MEMORY;
	long len = item_string(o, second ? WIRE_PATH2 : WIRE_PATH, address);

	if (len <= 0 || text || (row->flags & ROW_MOVES))
		return;
	if (*(o->at - ((len + 7) & ~7l)) != '/')
		item_base(o, second ? WIRE_BASE2 : WIRE_BASE, dirfd);
}

/* The path in a struct sockaddr_un of LEN bytes. */
static void item_address(struct build *o, u64 address, unsigned int len)
{
	struct sockaddr_un sa;
	char *to;

	if (len <= offsetof(struct sockaddr_un, sun_path) || len > sizeof(sa) ||
		!user_copy(&sa, address, len) || sa.sun_family != AF_UNIX || !sa.sun_path[0])
		return;
	len = strnlen(sa.sun_path, len - offsetof(struct sockaddr_un, sun_path));
	to = item_begin(o, len);
	memcpy(to, sa.sun_path, len);
	item_end(o, WIRE_PATH, len);
	if (sa.sun_path[0] != '/')
		item_base(o, WIRE_BASE, AT_FDCWD);
}

static void item_arg(struct build *o, const struct row *row, struct pt_regs *regs, int i)
{
	u64 arg = call_arg(regs, i);

	switch (row_wire[row->kind[i]]) {
	case WIRE_ARG_IOV:
		item_iov(o, arg, call_arg(regs, i + 1), compat_how() & COMPAT_IOV);
		break;
	case WIRE_ARG_HOW:
		item_copy(o, WIRE_HOW, arg, min_t(u64, call_arg(regs, i + 1), HOW_MAX));
		break;
	case WIRE_ARG_CLARGS:
		item_copy(o, WIRE_CLARGS, arg, sizeof(u64));
		break;
	case WIRE_ARG_FARG:
		if (is_lock_command(call_arg(regs, i - 1)) && !asks_for_lock(call_arg(regs, i - 1)))
			item_flock(o, arg);
		else if (is_hint_command(call_arg(regs, i - 1)))
			item_copy(o, WIRE_HINT, arg, sizeof(u64));
		break;
	case WIRE_ARG_HANDLE:
		item_handle(o, arg);
		break;
	case WIRE_ARG_STRUCT:
		item_copy(o, WIRE_STRUCT, arg, WIRE_STRUCT_BYTES);
		break;
	case WIRE_ARG_IARG:
		item_ioctl(o, (unsigned int)call_arg(regs, i - 1), arg);
		break;
	case WIRE_ARG_IOCBS:
		item_iocbs(o, arg, (s64)call_arg(regs, i - 1), o->rec->ret);
		break;
	case WIRE_ARG_FATTR:
		item_file_attr(o, arg);
		break;
	case WIRE_ARG_EVENTS:
		item_events(o, arg, o->rec->ret);
		break;
	case WIRE_ARG_CTXP:
		item_context(o, arg);
		break;
	case WIRE_ARG_OFFSET:
		item_offset(o, WIRE_OFFSET, arg);
		break;
	case WIRE_ARG_OFFSET2:
		item_offset(o, WIRE_OFFSET2, arg);
		break;
	case WIRE_ARG_TIMES16:
		item_times(o, arg, 2);
		break;
	case WIRE_ARG_TIMES32:
		item_times(o, arg, 4);
		break;
	case WIRE_ARG_FDS:
		item_copy(o, WIRE_FDS, arg, 2 * sizeof(s32));
		break;
	}
}

static void item_args(struct build *o, const struct row *row, struct pt_regs *regs)
{
	int dirfd = AT_FDCWD, i;

	for (i = 0; i < ROW_ARGS; i++) {
		switch (row->kind[i]) {
		case KIND_NONE:
			return;
		case KIND_DIRFD:
		case KIND_DIRFD2:
			dirfd = (int)call_arg(regs, i);
			break;
		case KIND_PATH:
		case KIND_PATH2:
		case KIND_TARGET:
		case KIND_XNAME:
		case KIND_MEMORY:
			if (row->op == ROW_bind) {
				item_address(o, call_arg(regs, i), call_arg(regs, i + 1));
				break;
			}
			item_path(o, row, i, call_arg(regs, i), dirfd);
			break;
		default:
			item_arg(o, row, regs, i);
		}
	}
}

static void item_facts_of_fd(struct build *o, unsigned int fd)
{
	struct file *file = fget_raw(fd);

	if (!file)
		return;
	item_facts(o, WIRE_FACTS, file_inode(file));
	fput(file);
}

static void item_opened(struct build *o, int fd)
{
	struct file *file = fget_raw(fd);

	if (!file)
		return;
	item_facts(o, WIRE_FACTS, file_inode(file));
	if (file->f_mode & FMODE_CREATED)
		o->rec->flags |= WIRE_CREATED;
	fput(file);
}

static void item_result(struct build *o, const struct row *row, struct pt_regs *regs, s64 ret)
{
	int i;

	if (ret < 0)
		return;
	switch (row->facts) {
	case FACTS_OF_RESULT:
		item_opened(o, (int)ret);
		return;
	case FACTS_DIRECTORY:
		item_base(o, WIRE_BASE, (int)call_arg(regs, 0));
		return;
	case FACTS_OF_STAT:
	case FACTS_OF_STATX:
		for (i = 0; row->kind[i] != KIND_OUT; i++)
			;
		if (row->facts == FACTS_OF_STAT)
			item_facts_of_stat(o, call_arg(regs, i));
		else
			item_facts_of_statx(o, call_arg(regs, i));
	}
}

static void item_position(struct build *o, const struct row *row, struct pt_regs *regs)
{
	struct file *file;

	if (row->kind[0] != KIND_FD && row->kind[0] != KIND_FD2)
		return;
	file = fget_raw((unsigned int)call_arg(regs, 0));
	if (!file)
		return;
	*(s64 *)item_begin(o, sizeof(s64)) = file->f_pos;
	item_end(o, WIRE_POSITION, sizeof(s64));
	fput(file);
}

static void item_owner(struct build *o, unsigned int pidfd)
{
	u64 *to = (u64 *)item_begin(o, sizeof(u64));

	*to = rights_owner(pidfd);
	if (*to)
		item_end(o, WIRE_OWNER, sizeof(*to));
}

static void item_value(struct build *o, const struct row *row, struct pt_regs *regs)
{
	struct {
		u64 value;
		u32 size, flags;
	} args = {call_arg(regs, 2), (u32)call_arg(regs, 3), 0};

	if (row->op == ROW_setxattrat && !user_copy(&args, call_arg(regs, 4), sizeof(args)))
		return;
	if (o->rec->ret >= 0)
		item_list(o, args.value, args.size);
}

static noinline void item_special(
	struct build *o, const struct row *row, struct pt_regs *regs, bool entered)
{
	if (row->flags & ROW_OWNS)
		item_owner(o, (unsigned int)call_arg(regs, 0));
	else if (row->flags & ROW_LISTS)
		item_value(o, row, regs);
	else
		item_rings(o, row, regs, entered);
}

/* --- records --- */

static inline void put_values(struct build *o, const struct row *row, struct pt_regs *regs)
{
	u64 *to = build_values(o);
	unsigned int i;

	for (i = 0; i < row->values; i++)
		to[i] = call_arg(regs, row->value[i]);
}

#define PUT_POSITION 256 /* beyond enum wire_flag: the state may show the call's effect or not */

/* AT_ENTRY: 0 = its entry was not seen. */
static void put_call(int number, const struct row *row, struct pt_regs *regs, s64 ret, u64 at_entry,
	unsigned int flags)
{
	struct build o;

	if (!build_begin(&o, WIRE_CALL, row->values))
		return;
	o.rec->nr = number;
	o.rec->dur = at_entry ? o.rec->t - at_entry : 0;
	o.rec->ret = ret;
	o.rec->flags = (u8)flags;
	if (row->flags & ROW_HAS_ITEMS) {
		o.rec->flags |= names_flags();
		item_args(&o, row, regs);
		item_result(&o, row, regs, ret);
	}
	if (unlikely(session.by_file) && row->flags & ROW_ONLY_FILE) /* whatever else was lost */
		item_facts_of_fd(&o, (unsigned int)call_arg(regs, 0));
	if (unlikely(row->flags & (ROW_RINGS | ROW_OWNS | ROW_LISTS)))
		item_special(&o, row, regs, at_entry);
	if (unlikely(flags & PUT_POSITION))
		item_position(&o, row, regs);
	put_values(&o, row, regs);
	build_end(&o);
}

static bool is_among(const u32 *ids, unsigned int n, u32 id)
{
	while (n)
		if (ids[--n] == id)
			return true;
	return false;
}

static bool is_one_named(const char *comm)
{
	unsigned int i;

	for (i = 0; i < session.need_comms; i++)
		if (comm_is(comm, session.need_comm[i]))
			return true;
	return false;
}

static u64 need_latency[ROW_NUMBERS]; /* ns, of rows with WIRE_NEED_LATENCY */

/* Told of a call while it was under way, which the call's record must follow. */
#define CALL_TOLD (CALL_BEFORE | CALL_CUT | CALL_CHANGED)

/* AT_ENTRY: 0 = its entry was not seen, and nobody knows how long it took. */
static noinline bool is_needed(
	const struct thread *th, int number, const struct row *row, s64 ret, u64 at_entry)
{
	if (at_entry && th->flags & CALL_TOLD)
		return true;
	if (row->need & (ret < 0 ? WIRE_NEED_WORKED : WIRE_NEED_FAILED))
		return false;
	if (row->need & WIRE_NEED_LATENCY && at_entry && ktime_get_ns() - at_entry < need_latency[number])
		return false;
	if (row->need & WIRE_NEED_PIDS && !is_among(session.need_pids, session.need_pid_count, current->tgid))
		return false;
	if (row->need & WIRE_NEED_UIDS && !is_among(session.need_uids, session.need_uid_count,
						  from_kuid(&init_user_ns, current_euid())))
		return false;
	if (row->need & WIRE_NEED_COMMS && !is_one_named(current->comm))
		return false;
	return !(row->need & WIRE_NEED_TIDS) ||
	       is_among(session.need_tids, session.need_tid_count, current->pid);
}

/* A call that is over, when it is worth a record. */
static void put_exit(const struct thread *th, int number, const struct row *row, struct pt_regs *regs,
	s64 ret, u64 at_entry, unsigned int flags)
{
	if (likely(!row->need) || is_needed(th, number, row, ret, at_entry))
		put_call(number, row, regs, ret, at_entry, flags);
}

static void put_plain(enum wire_kind kind, int number, s64 ret)
{
	struct build o;

	if (!build_begin(&o, kind, 0))
		return;
	o.rec->nr = number;
	o.rec->ret = ret;
	build_end(&o);
}

static void put_lost(const struct task_struct *task, u64 count, enum wire_lost why)
{
	struct build o;

	if (!build_begin(&o, WIRE_LOST, 2))
		return;
	o.rec->tgid = task->tgid;
	o.rec->tid = task->pid;
	build_values(&o)[0] = count;
	build_values(&o)[1] = why;
	build_end(&o);
}

/* --- calls of other interfaces --- */

/* Counted for each call, told at the first and when the thread ends or executes a program. */
static void foreign_call(void)
{
	struct thread *th = session.all ? thread_get(current->pid) : thread_find(current->pid);

	if (!th || !scope_has(th))
		return;
	state_needed(th);
	if (th->unseen++ == 0)
		put_lost(current, 1, WIRE_LOST_COMPAT);
}

static void foreign_settle(const struct task_struct *task, struct thread *th)
{
	if (th->unseen > 1)
		put_lost(task, th->unseen - 1, WIRE_LOST_COMPAT);
	th->unseen = 0;
}

/* --- interrupted calls --- */

static void call_break(struct thread *th, struct pt_regs *regs, s64 ret)
{
	/* one that is suspended is forgotten: it will count from its next entry */
	th->flags = CALL_BROKEN;
	th->restart = -ret - RESTART_SYS;
	th->ip = instruction_pointer(regs);
	th->sp = user_stack_pointer(regs);
}

static bool is_same_place(const struct thread *th, struct pt_regs *regs)
{
	return th->ip == instruction_pointer(regs) && th->sp == user_stack_pointer(regs);
}

/* Of those that pass descriptors most pass none, and are not recorded. */
static bool is_passing(long number)
{
	const struct row *row = row_of(number);

	return row && (row->flags & (ROW_SENDS | ROW_RECEIVES));
}

/* A call is entered after an interruption. True when it is the interrupted one, made again. */
static bool call_resume(struct thread *th, long number, struct pt_regs *regs)
{
	unsigned int flags = th->flags;

	if (flags & CALL_BROKEN) {
		bool again = number == __NR_restart_syscall ||
			     (number == th->nr && is_same_place(th, regs));

		th->flags = again ? CALL_ACTIVE : 0;
		if (!again && !is_passing(th->nr)) /* its registers are gone */
			put_lost(current, 1, WIRE_LOST_SKIPPED);
		return again;
	}
	if (number == __NR_rt_sigreturn) {
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
static void call_interrupted(struct thread *th, unsigned int sa_flags)
{
	const struct row *row = row_of(th->nr);
	unsigned int restart = th->restart + RESTART_SYS;
	struct pt_regs room;

	th->flags &= ~CALL_BROKEN;
	if (restart == RESTART_NOINTR || (restart == RESTART_SYS && (sa_flags & SA_RESTART))) {
		th->flags |= CALL_SUSPENDED;
		th->suspended = th->entry;
		th->suspended_nr = th->nr;
	} else if (row && row->what == ROW_CALL && !is_passing(th->nr)) {
		put_exit(th, th->nr, row, call_regs(&room), -EINTR, th->entry, 0);
	}
}

/* --- entry --- */

/* What cannot be told at the end any more, for the record to come. */
static bool part_begin(struct build *o, const struct thread *th)
{
	if (unlikely(th->nr == WORK_NR))
		return work_part(o, th);
	if (!build_begin(o, WIRE_PART, 0))
		return false;
	o->rec->nr = th->nr;
	return true;
}

static void put_base_before(const struct thread *th)
{
	struct build o;

	if (!part_begin(&o, th))
		return;
	o.rec->flags = names_flags();
	item_cwd(&o, WIRE_BASE, DIR_ONCE);
	build_end(&o);
}

static void put_lock_before(const struct thread *th, u64 address)
{
	struct build o;

	if (!part_begin(&o, th))
		return;
	item_flock(&o, address);
	build_end(&o);
}

static void put_block_before(const struct thread *th, u64 address)
{
	struct build o;

	if (!part_begin(&o, th))
		return;
	item_copy(&o, WIRE_IOCTL, address, sizeof(int));
	build_end(&o);
}

static noinline void enter_special(
	struct thread *th, long number, const struct row *row, struct pt_regs *regs)
{
	if (row->flags & ROW_EXITS) {
		foreign_settle(current, th);
		put_call(number, row, regs, 0, 0, WIRE_NO_RESULT);
		th->flags = THREAD_ENDED;
	} else if (row->flags & ROW_SENDS) {
		put_sending(number, row, regs);
	} else if (row->flags & ROW_MOVES) {
		put_base_before(th);
	} else if (row->flags & ROW_EXECS) {
		th->kept = (s64)((call_arg(regs, 0) << 32) | (u32)call_arg(regs, 4));
	} else if (row->flags & ROW_RINGS) {
		ring_enter(th, row, regs);
	} else if (row->op == ROW_ioctl) {
		if ((unsigned int)call_arg(regs, 1) == IOCTL_NR_FIBMAP)
			put_block_before(th, call_arg(regs, 2));
	} else if (asks_for_lock(call_arg(regs, 1))) {
		put_lock_before(th, call_arg(regs, 2));
	}
}

/* The calling thread if it is in scope. */
static inline struct thread *thread_in_scope(void)
{
	struct thread *th = thread_find(current->pid);

	if (unlikely(!th)) {
		if (likely(!READ_ONCE(session.all)))
			return NULL;
		th = thread_get(current->pid);
		if (!th) {
			put_lost(current, 1, WIRE_LOST_MEMORY);
			return NULL;
		}
	}
	return scope_has(th) ? th : NULL;
}

/* Whether a call with these arguments is watched. */
static inline bool is_wanted(const struct row *row, struct pt_regs *regs)
{
	if (unlikely(!row_takes(row, (unsigned int)call_arg(regs, 1))))
		return false;
	if (unlikely(session.by_file) && row->flags & ROW_ONLY_FILE && !call_has_wanted_file(regs))
		return false;
	return likely(!(row->flags & ROW_MEMORY)) || memory_wanted(row, regs);
}

static inline void call_entered(struct pt_regs *regs, long number)
{
	const struct row *row;
	struct thread *th;

	row = row_of(number);
	if (!row || !is_wanted(row, regs))
		return;
	th = thread_in_scope();
	if (!th)
		return;
	state_needed(th);
	if (unlikely(th->flags & (CALL_BROKEN | CALL_SUSPENDED)) && call_resume(th, number, regs))
		return;
	th->nr = number;
	th->flags = (th->flags & (CALL_SUSPENDED | CALL_RETURNED)) | CALL_ACTIVE;
	th->entry = ktime_get_ns();
	if (unlikely(row->flags & ROW_AT_ENTRY))
		enter_special(th, number, row, regs);
}

static noinline void foreign_enter(const struct pt_regs *regs, long number)
{
	struct pt_regs as;
	long own = compat_convert(&as, regs, number);

	if (own >= 0)
		call_entered(&as, own);
	else if (own == COMPAT_LOSES)
		foreign_call();
}

static inline void call_enter(struct pt_regs *regs, long number)
{
	if (!session_on())
		return;
	if (unlikely(call_is_foreign(number)))
		foreign_enter(regs, number);
	else
		call_entered(regs, number);
}

/* --- ends --- */

static void put_task_end(const struct task_struct *task, int status)
{
	struct build o;

	if (!build_begin(&o, WIRE_TASK_END, 1))
		return;
	o.rec->tgid = task->tgid;
	o.rec->tid = task->pid;
	build_values(&o)[0] = (u64)(s64)status;
	build_end(&o);
}

/* What its threads do from now on is not recorded: for who reads on, they end here. */
static void put_all_ends(void)
{
	const struct task_struct *task;

	rcu_read_lock();
	for_each_thread(current, task) {
		struct thread *th = thread_find(task->pid);

		if (!th)
			continue;
		foreign_settle(task, th);
		put_task_end(task, 0);
	}
	rcu_read_unlock();
}

static inline bool is_told(const struct thread *th)
{
	return READ_ONCE(th->told) == READ_ONCE(session.generation);
}

/* --- exit --- */

/* The process may leave or enter the scope of "all". */
static void identity_changed(struct thread *th, struct pt_regs *regs, int number, s64 ret)
{
	if (is_told(th) && scope_has(th))
		thread_changed(th);
	if (ret < 0 || !session.all || current != current->group_leader)
		return;
	if (number == __NR_prctl && call_arg(regs, 0) != PR_SET_NAME)
		return;
	if (scope_changed(th) && is_told(th))
		put_all_ends();
}

/* Records of what the call has brought; false: it is not recorded. */
static bool passes(const struct row *row, struct pt_regs *regs, s64 ret, u64 at_entry, bool in_state)
{
	return (row->flags & ROW_RECEIVES) && put_received(row, regs, ret, at_entry, in_state);
}

/* The thread was not in scope when it entered the call, or the call is none of ours. */
static noinline void exit_without_entry(struct thread *th, struct pt_regs *regs, s64 ret)
{
	long number = call_number(regs);
	const struct row *row;
	bool in_state;

	row = row_of(number);
	if (row && row->what == ROW_IDENTITY)
		identity_changed(th, regs, number, ret);
	if (!row || row->what != ROW_CALL || is_restart(ret))
		return;
	/* These were told before; and a new thread comes out of the call that made it. */
	if ((row->flags & (ROW_FORKS | ROW_EXECS)) && ret >= 0)
		return;
	if (!is_wanted(row, regs) || !scope_has(th))
		return;
	in_state = state_needed(th);
	if (unlikely(is_passing(number)) && !passes(row, regs, ret, 0, in_state))
		return;
	put_exit(th, number, row, regs, ret, 0, WIRE_NO_ENTRY | PUT_POSITION);
	if (row->flags & ROW_MEMORY)
		memory_done(th, row, regs, ret);
}

static inline void call_exited(struct thread *th, struct pt_regs *regs, s64 ret)
{
	const struct row *row;

	if (!(th->flags & CALL_ACTIVE)) {
		exit_without_entry(th, regs, ret);
		return;
	}
	row = &rows[th->nr];
	if (unlikely(is_restart(ret)) && row->what == ROW_CALL) {
		call_break(th, regs, ret);
		return;
	}
	th->flags &= ~CALL_ACTIVE;
	if (likely(row->what == ROW_CALL)) {
		unsigned int flags;

		if (unlikely(!scope_has(th))) /* its process left the scope meanwhile */
			return;
		flags = unlikely(state_needed(th)) ? WIRE_NO_ENTRY | PUT_POSITION : 0;
		if (unlikely(row->flags & (ROW_SENDS | ROW_RECEIVES)) &&
			!passes(row, regs, ret, th->entry, flags))
			return;
		put_exit(th, th->nr, row, regs, ret, th->entry, flags);
		if (unlikely(row->flags & ROW_MEMORY))
			memory_done(th, row, regs, ret);
	} else if (row->what == ROW_UNRECORDED) {
		if (ret >= 0)
			put_plain(WIRE_UNRECORDED, th->nr, ret);
	} else if (row->what == ROW_IDENTITY) {
		identity_changed(th, regs, th->nr, ret);
	}
}

static noinline void foreign_exit(struct thread *th, const struct pt_regs *regs, s64 ret)
{
	struct pt_regs as;
	u64 offset;
	long own = compat_convert(&as, regs, call_number(regs));

	/* at its entry, or by the kernel, they could be read */
	if (own == COMPAT_UNREAD && ((th->flags & CALL_ACTIVE) || (ret != -EFAULT && scope_has(th)))) {
		th->flags &= ~CALL_ACTIVE;
		put_lost(current, 1, WIRE_LOST_SKIPPED);
	}
	if (own < 0)
		return;
	if ((compat_how() & COMPAT_LLSEEK) && ret == 0 &&
		user_copy(&offset, call_arg(&as, 3), sizeof(offset)))
		ret = (s64)offset;
	call_exited(th, &as, ret);
}

static inline void call_exit(struct pt_regs *regs, s64 ret)
{
	struct thread *th;

	if (!session_on())
		return;
	th = thread_find(current->pid);
	if (!th) {
		if (likely(!READ_ONCE(session.all)))
			return;
		th = thread_get(current->pid);
		if (!th)
			return;
	}
	if (unlikely(call_is_foreign(call_number(regs))))
		foreign_exit(th, regs, ret);
	else
		call_exited(th, regs, ret);
}

/* --- threads and programs --- */

/* The child is not running yet: its records come after this one. True when that was made. */
static bool put_fork(struct thread *th, const struct task_struct *child)
{
	const struct row *row;
	struct pt_regs room;

	if (!session_on() || !(th->flags & CALL_ACTIVE))
		return false;
	row = &rows[th->nr];
	if (!(row->flags & ROW_FORKS))
		return false;
	put_call(th->nr, row, call_regs(&room), child->pid, th->entry, 0);
	th->flags &= ~CALL_ACTIVE;
	return true;
}

static void call_fork(const struct task_struct *parent, const struct task_struct *child)
{
	struct thread *th = thread_find(parent->pid), *made = thread_fork(parent, child);
	bool in_scope = th && scope_has(th);

	if (in_scope && !made)
		put_lost(parent, 1, WIRE_LOST_MEMORY);
	if (made && child->tgid == child->pid)
		window_inherit(made, parent);
	/* made by a call that was not recorded: it will tell its own state */
	if (made && !(in_scope && put_fork(th, child)))
		made->told = 0;
}

/* The part of the name that the program gave; the kernel puts a directory descriptor before it. */
static const char *exec_name(const struct linux_binprm *bprm)
{
	const char *name = bprm->filename;

	if (!bprm->fdpath)
		return name;
	name += strlen("/dev/fd/");
	while (*name && *name != '/')
		name++;
	return *name ? name + 1 : name;
}

static void put_exec(const struct thread *th, const struct row *row, pid_t old_pid,
	const struct linux_binprm *bprm)
{
	const char *name = exec_name(bprm);
	unsigned int len = strnlen(name, PATH_MAX);
	int dirfd = row->op == ROW_execveat ? (int)(th->kept >> 32) : AT_FDCWD;
	struct build o;

	if (!build_begin(&o, WIRE_CALL, row->values))
		return;
	o.rec->nr = th->nr;
	o.rec->tid = old_pid;
	o.rec->dur = o.rec->t - th->entry;
	o.rec->flags = names_flags();
	memcpy(item_begin(&o, len), name, len);
	item_end(&o, WIRE_PATH, len);
	if (len && name[0] != '/')
		item_base(&o, WIRE_BASE, dirfd);
	if (row->values == 2) {
		build_values(&o)[0] = (u64)(s64)dirfd;
		build_values(&o)[1] = (u32)th->kept;
	}
	build_end(&o);
}

static void call_exec(pid_t old_pid, const struct linux_binprm *bprm)
{
	struct thread *th = thread_take_leader(old_pid, current->pid);
	const struct row *row;

	if (!th)
		return;
	row = th->flags & CALL_ACTIVE ? &rows[th->nr] : NULL;
	if (session_on() && scope_has(th) && row && (row->flags & ROW_EXECS)) {
		foreign_settle(current, th);
		put_exec(th, row, old_pid, bprm);
		if (bprm->fdpath) /* which the program did not give as a name */
			put_thread(current, current->comm);
		thread_changed(th);
	} else {
		th->told = 0;
	}
	th->flags = 0;
	th->epoch = 0; /* it has another name */
	th->fault = 0;
	window_reset(th);
	if (session_on() && is_told(th) && !scope_has(th)) {
		put_task_end(current, 0);
		th->told = 0;
	}
}

/* TASK is about to be called COMM. What executes a program is called as that. */
static void call_renamed(const struct task_struct *task, const char *comm)
{
	struct thread *th = thread_find(task->pid), *own = thread_find(current->pid);

	if (!session_on() || !th || !is_told(th) || !scope_has(th))
		return;
	if (!own || !(own->flags & CALL_ACTIVE) || !(rows[own->nr].flags & ROW_EXECS))
		put_thread(task, comm);
}

/* The end of a process that never did anything is nothing. */
static void call_thread_end(const struct task_struct *task)
{
	struct thread *th = thread_find(task->pid), *leader = thread_find(task->tgid);

	if (!th)
		return;
	if (session_on() && !is_ring_thread(task) && scope_has(th) && leader && is_told(leader)) {
		foreign_settle(task, th);
		if (!(th->flags & THREAD_ENDED))
			put_task_end(task, (int)task->exit_code);
	}
	thread_end(th);
}

/* --- what is about to change --- */

/* The thread when it makes a call that will be recorded. */
static struct thread *thread_in_call(void)
{
	struct thread *th = thread_find(current->pid);

	if (!session_on() || !th || !(th->flags & CALL_ACTIVE) || rows[th->nr].what != ROW_CALL)
		return NULL;
	return th;
}

static bool call_is_recorded(void)
{
	return thread_in_call();
}

/* The thread when it is the kernel's and at work on a submission. */
static struct thread *thread_at_work(void)
{
	struct thread *th = is_ring_thread(current) ? thread_find(current->pid) : NULL;

	return th && session_on() && th->nr == WORK_NR ? th : NULL;
}

/* The call of this thread, or its work, if that was not told yet: the first change is its own. */
static const struct thread *call_to_tell(enum thread_flag what)
{
	struct thread *th = thread_in_call();

	if (!th)
		th = thread_at_work();
	if (!th || (th->flags & what))
		return NULL;
	th->flags |= what;
	return th;
}

static void tell_before(const struct dentry *first, const struct dentry *second)
{
	const struct thread *th = call_to_tell(CALL_BEFORE);
	struct build o;

	if (!th || !part_begin(&o, th))
		return;
	item_dentry(&o, WIRE_BEFORE, first);
	item_link(&o, WIRE_LINK, first);
	if (second) {
		item_dentry(&o, WIRE_BEFORE2, second);
		item_link(&o, WIRE_LINK2, second);
	}
	build_end(&o);
}

/* VALID: what it is about to be given, ATTR_... */
static void tell_change(const struct dentry *dentry, unsigned int valid)
{
	bool cuts = valid & ATTR_SIZE;
	const struct thread *th;
	struct build o;

	if (!(valid & (ATTR_SIZE | ATTR_MODE | ATTR_UID | ATTR_GID)))
		return;
	th = call_to_tell(cuts ? CALL_CUT : CALL_CHANGED);
	if (!th || !part_begin(&o, th))
		return;
	item_dentry(&o, cuts ? WIRE_CUT : WIRE_WAS, dentry);
	build_end(&o);
}

#endif
