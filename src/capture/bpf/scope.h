/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#ifndef IORIOT_CAPTURE_BPF_SCOPE_H
#define IORIOT_CAPTURE_BPF_SCOPE_H

#include "../../../systemtap/interrupted.h"
#include "build.h"

/* Who is recorded. */

#ifdef IORIOT_OLD
/* By the address of its struct, which is the thread's until sched_process_free. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1 << 16);
	__type(key, u64);
	__type(value, struct bpf_thread);
} threads SEC(".maps");

const struct bpf_thread new_thread = {};

static __always_inline struct bpf_thread *thread_find(struct task_struct *task)
{
	u64 key = (u64)task;

	return bpf_map_lookup_elem(&threads, &key);
}

/* NULL: there are too many, which is as having no memory. */
static __always_inline struct bpf_thread *thread_get(struct task_struct *task)
{
	struct bpf_thread *th = thread_find(task);
	u64 key = (u64)task;

	if (th)
		return th;
	bpf_map_update_elem(&threads, &key, &new_thread, BPF_NOEXIST);
	return bpf_map_lookup_elem(&threads, &key);
}
#else
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct bpf_thread);
} threads SEC(".maps");

static __always_inline struct bpf_thread *thread_find(struct task_struct *task)
{
	return bpf_task_storage_get(&threads, task, NULL, 0);
}

static __always_inline struct bpf_thread *thread_get(struct task_struct *task)
{
	return bpf_task_storage_get(&threads, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
}
#endif

/* Threads that the kernel made for an io_uring are the process's own and make no calls. */
static __always_inline bool is_ring_thread(struct task_struct *task)
{
#ifdef IORIOT_OLD
	return AT(task, flags) & 0x10; /* PF_IO_WORKER; the other one had another meaning */
#else
	return task->flags & 0x4010; /* PF_IO_WORKER, PF_USER_WORKER */
#endif
}

/* What holds for the thread. */
static __always_inline struct bpf_thread *thread_own(struct task_struct *task)
{
	return thread_find(is_ring_thread(task) ? AT(task, group_leader) : task);
}

static __always_inline bool session_on(void)
{
	return session.state == BPF_STARTED;
}

/* The same, at the beginning of the program of HOOK. */
static __always_inline bool session_at(enum bpf_hook hook)
{
	if (likely(session_on()))
		return true;
	if (session.state == BPF_TRIAL)
		session.fired[hook] = 1;
	return false;
}

static __always_inline void put_task_end(struct task_struct *task, s64 status)
{
	struct build *b = build_begin(WIRE_TASK_END, 1);

	if (!b)
		return;
	b->rec.tgid = AT(task, tgid);
	b->rec.tid = AT(task, pid);
	build_values(b, 1)[0] = status;
	build_end(b);
}

static __always_inline void put_lost(struct task_struct *task, u64 count, u64 why)
{
	struct build *b = build_begin(WIRE_LOST, 2);

	if (!b)
		return;
	b->rec.tgid = AT(task, tgid);
	b->rec.tid = AT(task, pid);
	build_values(b, 2)[0] = count;
	build_values(b, 2)[1] = why;
	build_end(b);
}

/* --- marks --- */

static __always_inline void mark_set(struct bpf_thread *th, u8 mark)
{
	s64 change = (mark & BPF_MARK_IN ? 1 : 0) - (th->mark & BPF_MARK_IN ? 1 : 0);

	if (change)
		__sync_fetch_and_add(&session.scope, change);
	th->mark = mark;
}

/* --- "all" --- */

/* Two captures would record each other for ever. */
static __always_inline bool comm_is_ours(const u64 *comm)
{
	return !comm[1] && (comm[0] == 0x746f69726f69ull /* "ioriot" */ ||
				   comm[0] == 0x6f6970617473ull /* "stapio" */ ||
				   comm[0] == 0x6e757270617473ull /* "staprun" */);
}

static __always_inline bool comm_wanted(struct task_struct *leader)
{
	u64 comm[2] = {0, 0};
	u32 i;

	bpf_probe_read_kernel_str(comm, sizeof(comm), &leader->comm);
	if (comm_is_ours(comm))
		return false;
	for (i = 0; i < BPF_FILTERS && i < session.comms; i++)
		if (comm[0] == session.comm[i][0] && comm[1] == session.comm[i][1])
			return true;
	return session.comms == 0;
}

static __always_inline bool uid_wanted(struct task_struct *leader)
{
	u32 uid = AT(AT(READ_ONLY(leader), real_cred), uid.val), i;

	for (i = 0; i < BPF_FILTERS && i < session.uids; i++)
		if (session.uid[i] == uid)
			return true;
	return session.uids == 0;
}

/*
 * Of the current thread. The same for all threads of a process, and kept until the filters change or what
 * they look at. A thread that leaves the scope ends for who reads on, and its process will tell its state when
 * it comes back.
 */
__noinline int scope_decide(void)
{
	struct task_struct *task = current_task(), *leader = AT(task, group_leader);
	struct bpf_thread *th = thread_own(task), *first;
	bool was_in;

	if (!th)
		return 0;
	was_in = th->in_all && th->told == session.generation;
	th->in_all = uid_wanted(leader) && comm_wanted(leader);
	th->epoch = session.epoch;
	if (was_in && !th->in_all) {
		put_task_end(task, 0);
		th->told = 0;
		first = thread_find(leader);
		if (first)
			first->told = 0;
	}
	return th->in_all;
}

/* Of the current thread. */
static __always_inline bool scope_has(struct bpf_thread *th)
{
	if (th->mark)
		return th->mark == BPF_MARK_IN;
	if (!session.all)
		return false;
	return likely(th->epoch == session.epoch) ? th->in_all : scope_decide();
}

/* A name or user has changed. */
static __always_inline void scope_changed(void)
{
	__sync_fetch_and_add(&session.epoch, 1);
}

#endif
