/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#ifndef IORIOT_CAPTURE_BPF_MAPS_H
#define IORIOT_CAPTURE_BPF_MAPS_H

#include "facts.h"
#include "scope.h"

/*
 * Memory maps of files: which calls on memory are recorded. Each process has a window, from the first
 * address of all maps that were recorded to the last one; calls outside of it cost a comparison.
 */

#define PAGE_BYTES 4096u
#define S_IFMT	   0170000
#define S_IFREG	   0100000

static __always_inline u64 page_end(u64 address)
{
	return (address + PAGE_BYTES - 1) & ~(u64)(PAGE_BYTES - 1);
}

static __always_inline struct bpf_thread *leader_of(struct task_struct *task)
{
	return thread_find(task->group_leader);
}

static __always_inline void window_add(struct task_struct *task, u64 start, u64 len)
{
	struct bpf_thread *leader = thread_get(task->group_leader);
	u64 end = page_end(start + len);

	if (!leader)
		return;
	if (!leader->map_start || start < leader->map_start)
		leader->map_start = start;
	if (end > leader->map_end)
		leader->map_end = end;
}

/* All of it is gone: a program's first map is often that of its loader's cache. */
static __always_inline void window_remove(struct task_struct *task, u64 start, u64 len)
{
	struct bpf_thread *leader = leader_of(task);

	if (leader && task->signal->nr_threads == 1 && start <= leader->map_start &&
		page_end(start + len) >= leader->map_end)
		leader->map_start = leader->map_end = 0;
}

static __always_inline bool window_has(struct task_struct *task, u64 start, u64 len)
{
	struct bpf_thread *leader = leader_of(task);

	return leader && start < leader->map_end && start + (len ? len : 1) > leader->map_start;
}

#define MAP_ANONYMOUS 0x20
#define MAP_FIXED     0x10
#define MAP_DENYWRITE 0x800
#define MREMAP_FIXED  2

/*
 * As the filter of the ptrace backend has it, but for anonymous memory of any kind in the place of a file's:
 * who reads on must know where pages are that are touched, and lets it go.
 */
static __always_inline bool mmap_wanted(struct task_struct *task, const u64 *arg)
{
	if (arg[3] & MAP_ANONYMOUS)
		return arg[3] & MAP_FIXED && window_has(task, arg[0], arg[1]);
	return !(arg[3] & MAP_DENYWRITE) && !(arg[1] == session.cache && arg[1]);
}

static __always_inline bool advice_wanted(u32 advice)
{
	switch (advice) {
	case 0: /* MADV_NORMAL, RANDOM, SEQUENTIAL, WILLNEED; asm-generic/mman-common.h */
	case 1:
	case 2:
	case 3:
	case 9:	 /* MADV_REMOVE */
	case 20: /* MADV_COLD, PAGEOUT, POPULATE_READ, POPULATE_WRITE */
	case 21:
	case 22:
	case 23:
		return true;
	}
	return false;
}

static __always_inline bool memory_wanted(struct task_struct *task, u32 op, const u64 *arg)
{
	switch (op) {
	case ROW_mmap:
		return mmap_wanted(task, arg);
	case ROW_mremap:
		return window_has(task, arg[0], arg[1]) ||
		       (arg[3] & MREMAP_FIXED && window_has(task, arg[4], arg[2]));
	case ROW_madvise:
		return advice_wanted(arg[2]) && window_has(task, arg[0], arg[1]);
	default:
		return window_has(task, arg[0], arg[1]);
	}
}

/* Of an mmap that worked. */
static __always_inline bool shows_file(const u64 *arg)
{
	struct file *file = arg[3] & MAP_ANONYMOUS ? NULL : file_of(arg[4]);

	return file && (GET(GET(file, f_inode), i_mode) & S_IFMT) == S_IFREG;
}

static __always_inline void memory_done(struct task_struct *task, u32 op, const u64 *arg, s64 ret)
{
	if (ret < 0)
		return;
	if (op == ROW_mmap && shows_file(arg))
		window_add(task, ret, arg[1]);
	else if (op == ROW_mremap)
		window_add(task, ret, arg[2]);
	else if (op == ROW_munmap)
		window_remove(task, arg[0], arg[1]);
}

/* --- pages that are touched --- */

#define FAULT_CODE_PRESENT 1 /* arch/x86/include/asm/trap_pf.h */
#define FAULT_CODE_WRITE   2
#define FAULT_CODE_USER	   4
#define FAULT_CODE_EXEC	   16

/* A page fault in the window is over. */
static __always_inline void put_fault(struct task_struct *task, u64 address, u64 code)
{
	struct bpf_thread *leader = leader_of(task);
	struct build *b;
	u64 *value;

	if (!leader || leader->told != session.generation)
		return;
	b = build_begin(WIRE_FAULT, WIRE_VALUES_FAULT);
	if (!b)
		return;
	value = build_values(b, WIRE_VALUES_FAULT);
	value[0] = address & ~(u64)(PAGE_BYTES - 1);
	value[1] = WIRE_UNPLACED;
	value[2] = (code & FAULT_CODE_WRITE ? 1 : 0) | (code & FAULT_CODE_PRESENT ? 2 : 0);
	build_end(b);
}

/* Those that did not fail: mm_account_fault() in mm/memory.c counts them. */
static __always_inline u64 faults_of(struct task_struct *task)
{
	return GET(task, min_flt) + GET(task, maj_flt);
}

/*
 * One has begun whose end was not seen. If the thread has had none since, it failed. Else, of a program that
 * goes on: it has its page. When the kernel had that fault in a call, it may have been another one.
 */
static __always_inline void fault_settle(struct task_struct *task, struct bpf_thread *th)
{
	th->fault_t = 0;
	if (faults_of(task) == th->faults_before)
		return;
	if (!session.on[0 /* calls */] || !window_has(task, th->fault_at, 1))
		return;
	if (th->fault_code & FAULT_CODE_USER)
		put_fault(task, th->fault_at, th->fault_code);
	else
		put_lost(task, 1, WIRE_LOST_FAULT);
}

#endif
