/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#ifndef IORIOT_CAPTURE_BPF_FAULT_H
#define IORIOT_CAPTURE_BPF_FAULT_H

#include "layer.h"

/*
 * Page faults of programs. A tracepoint tells where one begins; that it is over, and whether it had to wait
 * for a disk, tell the counters of perf_event_open(2), which every kernel has.
 */

/* As asm/bpf_perf_event.h and linux/bpf_perf_event.h have it; the registers of programs are of the interface. */
struct bpf_perf_event_data {
#if defined(__TARGET_ARCH_x86)
	u64 regs[21];
#else
	u64 regs[34];
#endif
	u64 sample_period, addr;
};

#define FAULT_CODE_WRITE 2 /* arch/x86/include/asm/trap_pf.h */
#define FAULT_CODE_EXEC	 16

static __always_inline void fault_begins(u64 address, u64 code)
{
	struct bpf_thread *th = thread_in_scope(bpf_get_current_task_btf());

	if (!th)
		return;
	th->fault_at = address;
	th->fault_code = code;
	th->fault_t = bpf_ktime_get_ns();
}

struct mapped {
	struct inode *inode;
	u64 address, offset;
};

static long note_map(struct task_struct *task, struct vm_area_struct *vma, void *arg)
{
	struct mapped *m = arg;
	struct file *file = vma->vm_file;

	if (!file)
		return 0;
	m->inode = GET(file, f_inode);
	m->offset = ((m->address - vma->vm_start) & ~(u64)(PAGE_BYTES - 1)) + vma->vm_pgoff * PAGE_BYTES;
	return 0;
}

static __always_inline void fault_ends(u64 address, u64 major)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct bpf_thread *th = thread_in_scope(task);
	struct mapped m = {.address = address};
	struct build *b;
	u64 *value, flags = major;

	if (!th)
		return;
	bpf_find_vma(task, address, note_map, &m, 0);
	b = event_begin(ROW_page_fault, IN_FAULT, 4, PAGE_BYTES);
	if (!b)
		return;
	if (th->fault_t && th->fault_at == address) {
		event_since(b, th->fault_t);
		flags |= th->fault_code & FAULT_CODE_WRITE ? LAYER_FAULT_WRITE : 0;
		flags |= th->fault_code & FAULT_CODE_EXEC ? LAYER_FAULT_EXEC : 0;
	}
	th->fault_t = 0;
	value = build_values(b, 4);
	value[0] = address;
	value[1] = m.offset;
	value[2] = flags;
	value[3] = bpf_get_smp_processor_id();
	event_end(b, ROW_page_fault, m.inode);
}

#endif
