/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#ifndef IORIOT_SYSTEMTAP_FAULT_H
#define IORIOT_SYSTEMTAP_FAULT_H

#include <linux/mm.h>
#include <linux/perf_event.h>

#include "event.h"

/*
 * Page faults of programs. Tracepoints tell where one begins; that it is over and has not failed, and whether
 * it had to wait for a disk, tell the kernel's own counters, which call us at each.
 */

/* --- beginning --- */

/* arch/x86/include/asm/trap_pf.h; other processors have no such tracepoint. */
#define FAULT_CODE_WRITE 2
#define FAULT_CODE_EXEC	 16

/* Of who touches memory: a thread of a ring is not its process's only one. */
static struct thread *fault_thread(void)
{
	return current_in_scope() ? thread_get(current->pid) : NULL;
}

static void fault_began(unsigned long address, unsigned long code)
{
	struct thread *th;

	if (pagefault_disabled()) /* it is refused: we ourselves look at memory so */
		return;
	th = fault_thread();
	if (!th)
		return;
	th->fault_at = address;
	th->fault_flags = (code & FAULT_CODE_WRITE ? LAYER_FAULT_WRITE : 0) |
			  (code & FAULT_CODE_EXEC ? LAYER_FAULT_EXEC : 0);
	th->fault_t = ktime_get_ns();
}

/* --- end --- */

/*
 * What is mapped there, and where in it. NULL: no file, or somebody waits to change the maps; who handles the
 * fault holds their lock, more often than not.
 */
static const struct inode *mapped_at(u64 address, u64 *offset)
{
	struct mm_struct *mm = current->mm;
	const struct inode *inode = NULL;
	const struct vm_area_struct *vma;

	if (!mm || !mmap_read_trylock(mm))
		return NULL;
	vma = find_vma(mm, address);
	if (vma && vma->vm_start <= address && vma->vm_file) {
		inode = file_inode(vma->vm_file);
		*offset = ((address - vma->vm_start) & PAGE_MASK) + ((u64)vma->vm_pgoff << PAGE_SHIFT);
	}
	mmap_read_unlock(mm);
	return inode;
}

static void put_fault_event(struct thread *th, u64 address, u64 flags)
{
	const struct inode *inode;
	u64 *value, offset = 0;
	struct event e;

	inode = mapped_at(address, &offset);
	if (!file_wanted(inode) || !event_begin(&e, ROW_page_fault, LAYER_FAULT, 4, PAGE_SIZE))
		return;
	if (th->fault_t && th->fault_at == address) {
		event_since(&e, th->fault_t);
		flags |= th->fault_flags;
	}
	value = event_values(&e);
	value[0] = address;
	value[1] = offset;
	value[2] = flags;
	value[3] = smp_processor_id();
	event_facts(&e, inode);
	event_end(&e);
}

/* --- the counters --- */

static struct fault_counter {
	const char *name;
	u64 config;
	struct perf_event *__percpu *of_cpu; /* NULL: it is not on */
	bool called;
} fault_counters[] = {
	{"perf_minor_faults", PERF_COUNT_SW_PAGE_FAULTS_MIN},
	{"perf_major_faults", PERF_COUNT_SW_PAGE_FAULTS_MAJ},
};

static void fault_counted(
	struct perf_event *counter, struct perf_sample_data *data, struct pt_regs *regs)
{
	struct fault_counter *which = counter->overflow_handler_context;
	bool major = which->config == PERF_COUNT_SW_PAGE_FAULTS_MAJ;
	struct thread *th;

	if (unlikely(!READ_ONCE(which->called)))
		WRITE_ONCE(which->called, true);
	if (!session_on() || !session.on[LAYER_FAULT])
		return;
	th = fault_thread();
	if (!th)
		return;
	put_fault_event(th, data->addr, major ? LAYER_FAULT_MAJOR : 0);
	th->fault_t = 0;
}

static void fault_counter_off(struct fault_counter *c)
{
	int cpu;

	if (!c->of_cpu)
		return;
	for_each_possible_cpu(cpu)
		if (*per_cpu_ptr(c->of_cpu, cpu))
			perf_event_release_kernel(*per_cpu_ptr(c->of_cpu, cpu));
	free_percpu(c->of_cpu);
	c->of_cpu = NULL;
}

static void fault_counter_on(struct fault_counter *c)
{
	struct perf_event_attr attr = {.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = c->config,
		.sample_period = 1};
	int cpu;

	c->of_cpu = alloc_percpu(struct perf_event *);
	if (!c->of_cpu)
		return;
	for_each_online_cpu(cpu) {
		struct perf_event *one =
			perf_event_create_kernel_counter(&attr, cpu, NULL, fault_counted, c);

		if (IS_ERR(one)) {
			fault_counter_off(c);
			return;
		}
		*per_cpu_ptr(c->of_cpu, cpu) = one;
	}
}

static void fault_counters_on(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(fault_counters); i++)
		fault_counter_on(&fault_counters[i]);
}

static void fault_counters_off(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(fault_counters); i++)
		fault_counter_off(&fault_counters[i]);
}

#endif
