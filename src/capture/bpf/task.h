/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#ifndef IORIOT_CAPTURE_BPF_TASK_H
#define IORIOT_CAPTURE_BPF_TASK_H

#include "call.h"

/* Threads that begin, execute programs and end. */

/* The child is not running yet: its records come after this one. True when that was made. */
static __always_inline bool put_fork(struct bpf_thread *th, struct task_struct *task, int child)
{
	if (!session_on() || !(th->flags & CALL_ACTIVE) || !(row_of(th->nr)->flags & ROW_FORKS))
		return false;
	call_reload(REGISTERS(task, th->regs));
	put_call(th->nr, child, th->entry, 0);
	th->flags &= ~CALL_ACTIVE;
	return true;
}

static __always_inline void call_fork(struct task_struct *parent, struct task_struct *child)
{
	struct task_struct *task = current_task();
	struct bpf_thread *th = thread_find(task), *made, *leader;
	bool in_scope = th && scope_has(th);

	if (!(th && th->mark) && !session.all)
		return;
	made = thread_get(child);
	if (!made) {
		if (in_scope)
			put_lost(task, 1, WIRE_LOST_MEMORY);
		return;
	}
	leader = leader_of(task);
	mark_set(made, th ? th->mark : 0);
	made->told = leader ? leader->told : 0;
	made->uid = th ? th->uid : 0;
	if (leader && AT(child, tgid) == AT(child, pid))
		window_fork(leader, task, made, child);
	/* made by a call that was not recorded: it will tell its own state */
	if (!(in_scope && put_fork(th, task, AT(child, pid))))
		made->told = 0;
}

#define FD_NAME 8 /* "/dev/fd/" */

/* The program was named by a descriptor. */
static __always_inline bool exec_has_fd(struct linux_binprm *bprm)
{
	return bpf_core_field_exists(bprm->fdpath) && AT(bprm, fdpath); /* Linux 5.8 does not tell */
}

/* The part of the name that the program gave; the kernel puts a directory descriptor before it. */
static __always_inline u32 exec_name(struct build *b, char *to, struct linux_binprm *bprm)
{
	long len = bpf_probe_read_kernel_str(to, PATH_MOST, AT(bprm, filename));
	u32 i;

	if (len <= 0)
		return 0;
	if (!exec_has_fd(bprm))
		return len - 1;
	for (i = FD_NAME; i < 24 && to[i] && to[i] != '/'; i++)
		;
	i += to[i & 31] == '/';
	len = bpf_probe_read_kernel_str(to, PATH_MOST, AT(bprm, filename) + i);
	return len > 0 ? len - 1 : 0;
}

static __always_inline void put_exec(
	const struct bpf_thread *th, struct task_struct *task, u32 old_pid, struct linux_binprm *bprm)
{
	const volatile struct bpf_row *row = row_of(th->nr);
	int dirfd = row->op == ROW_execveat ? (int)(th->kept >> 32) : AT_FDCWD;
	struct build *b = build_begin(WIRE_CALL, row->values);
	char *to;
	u32 len;

	if (!b)
		return;
	b->rec.nr = th->nr;
	b->rec.tid = old_pid;
	b->rec.dur = b->rec.t - th->entry;
	b->rec.flags = names_flags();
	to = item_begin(b, PATH_MOST);
	len = exec_name(b, to, bprm);
	if (len > PATH_MOST - 1)
		len = PATH_MOST - 1;
	b->found = to[0];
	item_end(b, WIRE_PATH, len);
	if (len && b->found != '/')
		item_base(b, WIRE_BASE, dirfd);
	if (row->values == 2) {
		u64 *values = build_values(b, 2);

		values[0] = (u64)(s64)dirfd;
		values[1] = (u32)th->kept;
	}
	build_end(b);
}

/* A thread that executes a program is the leader then, with what is known of the thread. */
static __always_inline void call_exec(struct task_struct *task, u32 old_pid, struct linux_binprm *bprm)
{
	struct bpf_thread *th = thread_find(task);

	if (!th)
		return;
	if (session_on() && scope_has(th) && th->flags & CALL_ACTIVE &&
		row_of(th->nr)->flags & ROW_EXECS) {
		foreign_settle(task, th);
		put_exec(th, task, old_pid, bprm);
		if (exec_has_fd(bprm)) /* which the program did not give as a name */
			put_thread(number_of(task), 0);
		thread_changed(th, task);
	} else {
		th->told = 0;
	}
	th->flags = 0;
	th->epoch = 0; /* it has another name */
	th->who = 0;
	th->fault_t = 0;
	window_forget(th);
	th->telling = 0;
	if (session_on() && th->told)
		scope_has(th); /* which may end it */
}

/* TASK is about to be called COMM. What executes a program is called as that. */
static __always_inline void thread_renamed(struct task_struct *task, const char *comm)
{
	struct bpf_thread *th = thread_find(task), *own = thread_find(current_task());

	if (!th || th->told != session.generation || !scope_has(th))
		return;
	if (own && own->flags & CALL_ACTIVE && row_of(own->nr)->flags & ROW_EXECS)
		return;
	put_thread(number_of(task), (u64)comm);
}

/* The end of a process that never did anything is nothing. */
static __always_inline void call_thread_end(struct task_struct *task)
{
	struct bpf_thread *th = thread_find(task), *leader = leader_of(task);

	if (!th)
		return;
	if (session_on() && !is_ring_thread(task) && scope_has(th) && leader &&
		leader->told == session.generation) {
		foreign_settle(task, th);
		if (!(th->flags & THREAD_ENDED))
			put_task_end(task, (s64)AT(task, exit_code));
	}
	mark_set(th, 0);
}

#endif
