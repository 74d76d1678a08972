/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#ifndef IORIOT_CAPTURE_BPF_FAULT_H
#define IORIOT_CAPTURE_BPF_FAULT_H

#ifdef IORIOT_OLD
#include "call.h"
#include "ops/layers.h"
#else
#include "layer.h"
#endif

/*
 * Page faults of programs. Tracepoints tell where one begins; that it is over and has not failed, and whether
 * it had to wait for a disk, tell the counters of perf_event_open(2), which every kernel has. As events of a
 * layer all are told; as pages of maps that are touched those in the window of the process. What is mapped
 * there is not looked up: its lock may be in use. Who reads on knows.
 *
 * While somebody changes a map of BPF, the kernel leaves out programs at the counters: the end of a fault is not
 * seen then; the thread's own count of faults tells at its next fault or call whether it failed.
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

static __always_inline void fault_begins(u64 address, u64 code)
{
	struct task_struct *task = current_task();
	struct bpf_thread *th;

	if (!session.on[LAYER_FAULT] && !window_has(task, address, 1))
		return;
	if (AT(task, pagefault_disabled)) /* it is refused: we ourselves look at memory so */
		return;
	th = thread_in_scope(task);
	if (!th)
		return;
	if (unlikely(th->fault_t))
		fault_settle(task, th);
	th->fault_at = address;
	th->fault_code = code;
	th->faults_before = faults_of(task);
	th->fault_t = bpf_ktime_get_ns();
}

#ifdef IORIOT_OLD

/* Events of this layer have the file, which bpf_find_vma() finds: from Linux 5.17 on. */
static __always_inline void put_fault_event(struct task_struct *task, struct bpf_thread *th, u64 address, u64 major)
{
}

#else

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

static __always_inline void put_fault_event(struct task_struct *task, struct bpf_thread *th, u64 address, u64 major)
{
	struct mapped m = {.address = address};
	struct build *b;
	u64 *value, flags = major;

	bpf_find_vma(task, address, note_map, &m, 0);
	if (!file_wanted(m.inode))
		return;
	b = event_begin(ROW_page_fault, LAYER_FAULT, 4, PAGE_BYTES);
	if (!b)
		return;
	if (th->fault_t && th->fault_at == address) {
		event_since(b, th->fault_t);
		flags |= th->fault_code & FAULT_CODE_WRITE ? LAYER_FAULT_WRITE : 0;
		flags |= th->fault_code & FAULT_CODE_EXEC ? LAYER_FAULT_EXEC : 0;
	}
	value = build_values(b, 4);
	value[0] = address;
	value[1] = m.offset;
	value[2] = flags;
	value[3] = bpf_get_smp_processor_id();
	event_end(b, ROW_page_fault, m.inode);
}

#endif

static __always_inline void fault_ends(u64 address, u64 major)
{
	struct task_struct *task = current_task();
	bool on_map = session.on[LAYER_SYS] && window_has(task, address, 1);
	struct bpf_thread *th;

	if (!on_map && !session.on[LAYER_FAULT])
		return;
	th = thread_in_scope(task);
	if (!th)
		return;
	if (on_map)
		put_fault(task, address, th->fault_t && th->fault_at == address ? th->fault_code : 0);
	if (session.on[LAYER_FAULT])
		put_fault_event(task, th, address, major);
	th->fault_t = 0;
}

#endif
