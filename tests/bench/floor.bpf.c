/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * What any record of a call costs at least: two programs, a look at the thread's storage and at the clock in each, and
 * a record of numbers, to memory that is written again and again; of an openat and a newfstatat the name, too, and of
 * the latter what it gave. Nothing is asked, followed or told of files, nobody reads, and nothing is lost. Of getppid
 * nothing is recorded: that is what two programs cost alone.
 */
#include "../../src/capture/bpf/types.h"

#define CPUS  64
#define SLOTS 256

struct record {
	u32 tgid, tid;
	u64 entry, exit;
	s64 nr, ret;
	u64 arg[6];
	char name[256];
	u64 stat[9];
};

struct call {
	u64 entry;
	bool begun;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct call);
} threads SEC(".maps");

struct record records[CPUS][SLOTS] = {};
u32 next[CPUS * 16] = {};

#if defined(__TARGET_ARCH_x86)
#define NR_openat     257
#define NR_newfstatat 262
#define NR_getppid    110
#else
#define NR_openat     56
#define NR_newfstatat 79
#define NR_getppid    173
#endif

char floor_license[] SEC("license") = "GPL";

static __always_inline struct call *call_of(struct task_struct *task)
{
	return bpf_task_storage_get(&threads, task, NULL, 0);
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(floor_fork, struct task_struct *parent, struct task_struct *child)
{
	if (call_of(parent))
		bpf_task_storage_get(&threads, child, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	return 0;
}

SEC("tp_btf/sys_enter")
int BPF_PROG(floor_enter, struct pt_regs *regs, long number)
{
	struct call *c;

	if (number == NR_getppid)
		return 0;
	c = call_of(bpf_get_current_task_btf());
	if (!c)
		return 0;
	c->begun = true;
	c->entry = bpf_ktime_get_ns();
	return 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(floor_exit, struct pt_regs *regs, long ret)
{
	u32 cpu = bpf_get_smp_processor_id() & (CPUS - 1);
	struct task_struct *task = bpf_get_current_task_btf();
	struct record *to;
	struct call *c;

	if (call_number(regs) == NR_getppid)
		return 0;
	c = call_of(task);
	if (!c || !c->begun)
		return 0;
	c->begun = false;
	to = &records[cpu][next[cpu * 16]++ & (SLOTS - 1)];
	to->exit = bpf_ktime_get_ns();
	to->entry = c->entry;
	to->nr = call_number(regs);
	to->ret = ret;
	to->tgid = task->tgid;
	to->tid = task->pid;
#if defined(__TARGET_ARCH_x86)
	to->arg[0] = regs->di;
	to->arg[1] = regs->si;
	to->arg[2] = regs->dx;
	to->arg[3] = regs->r10;
#else
	to->arg[0] = regs->orig_x0;
	to->arg[1] = regs->regs[1];
	to->arg[2] = regs->regs[2];
	to->arg[3] = regs->regs[3];
#endif
	if (to->nr == NR_openat || to->nr == NR_newfstatat)
		bpf_probe_read_user_str(to->name, sizeof(to->name), (const void *)to->arg[1]);
	if (to->nr == NR_newfstatat && ret == 0)
		bpf_probe_read_user(to->stat, sizeof(to->stat), (const void *)to->arg[2]);
	return 0;
}
