/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#ifndef IORIOT_CAPTURE_BPF_MAPS_H
#define IORIOT_CAPTURE_BPF_MAPS_H

#include "facts.h"
#include "scope.h"

/*
 * Memory maps of files: which calls on memory are recorded. Each process has a window, from the first
 * address of all maps that were recorded to the last one; calls outside of it cost a comparison. What in it
 * shows a file, who reads on knows.
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
	return thread_find(AT(task, group_leader));
}

/*
 * By the address of a memory that processes share. When there are too many of them, each goes on with what it
 * knew itself.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1 << 14);
	__type(key, u64);
	__type(value, struct bpf_window);
} windows SEC(".maps");

static __always_inline struct bpf_window *window_shared(const struct bpf_thread *leader, struct task_struct *task)
{
	u64 memory;

	if (likely(!leader->shares_memory))
		return NULL;
	memory = (u64)AT(READ_ONLY(task), mm);
	return bpf_map_lookup_elem(&windows, &memory);
}

static __always_inline void window_grow(struct bpf_window *w, u64 start, u64 end)
{
	if (!w->start || start < w->start)
		w->start = start;
	if (end > w->end)
		w->end = end;
}

static __always_inline void window_add(struct task_struct *task, u64 start, u64 len)
{
	struct bpf_thread *leader = thread_get(AT(task, group_leader));
	struct bpf_window *shared;

	if (!leader)
		return;
	window_grow(&leader->window, start, page_end(start + len));
	shared = window_shared(leader, task);
	if (shared)
		window_grow(shared, start, page_end(start + len));
}

/* All of it is gone: a program's first map is often that of its loader's cache. */
static __always_inline void window_remove(struct task_struct *task, u64 start, u64 len)
{
	struct bpf_thread *leader = leader_of(task);

	if (leader && AT(AT(READ_ONLY(task), signal), nr_threads) == 1 && !leader->shares_memory &&
		start <= leader->window.start && page_end(start + len) >= leader->window.end)
		leader->window = (struct bpf_window){0, 0};
}

static __always_inline bool is_in(const struct bpf_window *w, u64 start, u64 len)
{
	return start < w->end && start + (len ? len : 1) > w->start;
}

static __always_inline bool window_has(struct task_struct *task, u64 start, u64 len)
{
	struct bpf_thread *leader = leader_of(task);
	struct bpf_window *shared;

	if (!leader)
		return false;
	shared = window_shared(leader, task);
	return shared ? is_in(shared, start, len) : is_in(&leader->window, start, len);
}

/* A process is made: it begins with the maps of its maker, and shares them with that or not. */
static __always_inline void window_fork(
	struct bpf_thread *from, struct task_struct *task, struct bpf_thread *to, struct task_struct *child)
{
	struct bpf_window *shared = window_shared(from, task);
	u64 memory = (u64)AT(READ_ONLY(task), mm);

	to->window = shared ? *shared : from->window;
	if (!memory || (u64)AT(child, mm) != memory)
		return;
	if (!shared)
		bpf_map_update_elem(&windows, &memory, &from->window, BPF_ANY);
	from->shares_memory = to->shares_memory = 1;
}

/* It executes a program: whoever it shared the memory with goes on with that. */
static __always_inline void window_forget(struct bpf_thread *leader)
{
	leader->window = (struct bpf_window){0, 0};
	leader->shares_memory = 0;
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
