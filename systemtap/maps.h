/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#ifndef IORIOT_SYSTEMTAP_MAPS_H
#define IORIOT_SYSTEMTAP_MAPS_H

#include <linux/file.h>
#include <linux/mm.h>
#include <linux/mman.h>

#include "compat.h"
#include "scope.h"
#include "table.h"

/*
 * Memory maps of files: which calls on memory are recorded, and which pages are touched. What shows a file
 * could only be looked up under a lock that sleeps. So each process has a window, from the first address of
 * all maps that were recorded to the last one; calls and page faults outside of it cost a comparison.
 */

/* --- the window --- */

static void window_reset(struct thread *leader)
{
	WRITE_ONCE(leader->map_end, 0);
	WRITE_ONCE(leader->map_start, 0);
}

static void window_add(u64 start, u64 len)
{
	struct thread *leader = thread_get(current->tgid);
	u64 end = PAGE_ALIGN(start + len), old, was;

	if (!leader)
		return;
	for (old = READ_ONCE(leader->map_start); !old || start < old; old = was) {
		was = cmpxchg(&leader->map_start, old, start);
		if (was == old)
			break;
	}
	for (old = READ_ONCE(leader->map_end); end > old; old = was) {
		was = cmpxchg(&leader->map_end, old, end);
		if (was == old)
			break;
	}
}

/* All of it is gone: a program's first map is often that of its loader's cache. */
static void window_remove(u64 start, u64 len)
{
	struct thread *leader = thread_find(current->tgid);

	if (leader && thread_group_empty(current) && start <= leader->map_start &&
		PAGE_ALIGN(start + len) >= leader->map_end)
		window_reset(leader);
}

static inline bool window_has(u64 start, u64 len)
{
	const struct thread *leader = thread_find(current->tgid);

	return leader && start < READ_ONCE(leader->map_end) &&
	       start + (len ? len : 1) > READ_ONCE(leader->map_start);
}

/* A child begins with the maps of its maker. */
static void window_inherit(struct thread *to, const struct task_struct *parent)
{
	const struct thread *from = thread_find(parent->tgid);

	to->map_start = from ? READ_ONCE(from->map_start) : 0;
	to->map_end = from ? READ_ONCE(from->map_end) : 0;
}

/* --- calls --- */

/* As the filter of the ptrace backend has it. */
static bool mmap_wanted(struct pt_regs *regs)
{
	u64 flags = call_arg(regs, 3);

	if (flags & MAP_ANONYMOUS)
		return flags & MAP_FIXED && (u32)call_arg(regs, 2) == PROT_NONE &&
		       window_has(call_arg(regs, 0), call_arg(regs, 1));
	return !(flags & MAP_DENYWRITE);
}

static bool advice_wanted(u64 advice)
{
	switch ((int)advice) {
	case MADV_NORMAL:
	case MADV_RANDOM:
	case MADV_SEQUENTIAL:
	case MADV_WILLNEED:
	case MADV_REMOVE:
	case MADV_COLD:
	case MADV_PAGEOUT:
	case 22: /* MADV_POPULATE_READ, Linux 5.14 */
	case 23: /* MADV_POPULATE_WRITE */
		return true;
	}
	return false;
}

static noinline bool memory_wanted(const struct row *row, struct pt_regs *regs)
{
	switch (row->op) {
	case ROW_mmap:
		return mmap_wanted(regs);
	case ROW_mremap:
		return window_has(call_arg(regs, 0), call_arg(regs, 1)) ||
		       (call_arg(regs, 3) & MREMAP_FIXED &&
			       window_has(call_arg(regs, 4), call_arg(regs, 2)));
	case ROW_madvise:
		return advice_wanted(call_arg(regs, 2)) &&
		       window_has(call_arg(regs, 0), call_arg(regs, 1));
	default:
		return window_has(call_arg(regs, 0), call_arg(regs, 1));
	}
}

static bool shows_file(unsigned int fd)
{
	struct file *file = fget_raw(fd);
	bool shows = file && S_ISREG(file_inode(file)->i_mode);

	if (file)
		fput(file);
	return shows;
}

static noinline void memory_done(
	struct thread *th, const struct row *row, struct pt_regs *regs, s64 ret)
{
	th->fault = 0; /* what stands there may be another page now */
	if (ret < 0)
		return;
	if (row->op == ROW_mmap && !(call_arg(regs, 3) & MAP_ANONYMOUS) &&
		shows_file((unsigned int)call_arg(regs, 4)))
		window_add(ret, call_arg(regs, 1));
	else if (row->op == ROW_mremap)
		window_add(ret, call_arg(regs, 2));
	else if (row->op == ROW_munmap)
		window_remove(call_arg(regs, 0), call_arg(regs, 1));
}

/* --- page faults --- */

static noinline void put_fault(u64 address, u64 offset, bool write)
{
	struct build o;

	if (!build_begin(&o, WIRE_FAULT, WIRE_VALUES_FAULT))
		return;
	build_values(&o)[0] = address;
	build_values(&o)[1] = offset;
	build_values(&o)[2] = write;
	build_end(&o);
}

/*
 * A page of a map is about to be looked at or written. The kernel asks several times in one fault: to map
 * what is there around it, to read it, and before it is written. Calls that bring in whole ranges are no
 * faults, nor is what others do with the memory of a process, or what ends with SIGBUS: behind the end.
 */
static noinline void fault_in_window(const struct vm_fault *vmf, u64 address, bool write)
{
	const struct vm_area_struct *vma = vmf->vma;
	struct thread *th = thread_find(current->pid);

	if (!th || vma->vm_mm != current->mm || !vma->vm_file || !S_ISREG(file_inode(vma->vm_file)->i_mode))
		return;
	if (!scope_has(th) || th->told != READ_ONCE(session.generation))
		return;
	if ((th->flags & CALL_ACTIVE) && (rows[th->nr].flags & ROW_MEMORY))
		return;
	if (((loff_t)vmf->pgoff << PAGE_SHIFT) >= i_size_read(vma->vm_file->f_mapping->host))
		return;
	write = write && (vma->vm_flags & VM_SHARED);
	if (th->fault == address + write)
		return;
	th->fault = address + write;
	put_fault(address, (u64)vmf->pgoff << PAGE_SHIFT, write);
}

static inline void tell_fault(const struct vm_fault *vmf, bool write)
{
	u64 address = vmf->address & PAGE_MASK;

	if (session_on() && window_has(address, 1))
		fault_in_window(vmf, address, write);
}

#endif
