/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#ifndef IORIOT_CAPTURE_BPF_FAULTS_H
#define IORIOT_CAPTURE_BPF_FAULTS_H

#include "call.h"

/*
 * A page of a map is about to be looked at or written. The processor says so before the kernel has found out
 * what is there: what ends with a signal is left out here. Calls that bring in whole ranges are no faults.
 */

#define FAULT_PRESENT 1 /* asm/trap_pf.h */
#define FAULT_WRITE   2

#define VM_WRITE  2
#define VM_ACCESS 7 /* VM_READ, VM_WRITE, VM_EXEC */
#define VM_SHARED 8

struct fault {
	u64 address, error;
	u64 offset;
	bool touched, write;
};

static long fault_in(struct task_struct *task, struct vm_area_struct *vma, void *arg)
{
	struct fault *f = arg;
	struct file *file = GET(vma, vm_file);
	u64 flags = GET(vma, vm_flags);
	bool shared = flags & VM_SHARED, write = f->error & FAULT_WRITE;
	struct inode *inode;

	if (!file || !(flags & VM_ACCESS) || (write && !(flags & VM_WRITE)))
		return 0;
	if (f->error & FAULT_PRESENT && !shared) /* it was touched before */
		return 0;
	inode = GET(file, f_inode);
	f->offset = f->address - GET(vma, vm_start) + (GET(vma, vm_pgoff) * PAGE_BYTES);
	f->write = write && shared;
	f->touched = (GET(inode, i_mode) & 0170000) == 0100000 && (s64)f->offset < GET(inode, i_size);
	return 0;
}

static __always_inline void put_fault(const struct fault *f)
{
	struct build *b = build_begin(WIRE_FAULT, WIRE_VALUES_FAULT);
	u64 *values;

	if (!b)
		return;
	values = build_values(b, WIRE_VALUES_FAULT);
	values[0] = f->address;
	values[1] = f->offset;
	values[2] = f->write;
	build_end(b);
}

/* In the window of the process. */
__noinline int fault_seen(u64 page, u64 error)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct bpf_thread *th = thread_find(task);
	struct fault f = {.address = page, .error = error};

	if (!th || !scope_has(th) || th->told != session.generation)
		return 0;
	if (th->flags & CALL_ACTIVE && row_of(th->nr)->flags & ROW_MEMORY)
		return 0;
	if (bpf_find_vma(task, page, fault_in, &f, 0) == -16 /* EBUSY: its maps are being changed */)
		__sync_fetch_and_add(&session.faults_missed, 1);
	if (!f.touched || th->fault == page + f.write)
		return 0;
	th->fault = page + f.write;
	put_fault(&f);
	return 0;
}

/* One that the programs themselves bring about, when they look at memory that is not there, is none. */
static __always_inline void page_fault(u64 address, u64 error)
{
	u64 page = address & ~(u64)(PAGE_BYTES - 1);
	u32 cpu = bpf_get_smp_processor_id();

	if (session_on() && window_has(bpf_get_current_task_btf(), page, 1) &&
		!(cpus[cpu & (BPF_CPUS - 1)].busy & 1))
		fault_seen(page, error);
}

#endif
