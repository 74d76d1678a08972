/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * What any record of a call costs at least: two programs, a look at the thread's storage and at the clock in each, and
 * a record of numbers to the kernel's ring; of an openat its name, too. Nothing is asked, followed or told of files.
 * Of getppid nothing is recorded: that is what two programs cost alone.
 */
#include "../../src/capture/bpf/types.h"

struct record {
	u32 tgid, tid;
	u64 entry, exit;
	s64 nr, ret;
	u64 arg[6];
};

struct call {
	struct record rec;
	u64 text; /* bytes of it */
	bool begun;
	char name[256];
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct call);
} threads SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 64 << 20);
} ring SEC(".maps");

#if defined(__TARGET_ARCH_x86)
#define NR_openat  257
#define NR_getppid 110
#else
#define NR_openat  56
#define NR_getppid 173
#endif

char floor_license[] SEC("license") = "GPL";

SEC("tp_btf/sys_enter")
int BPF_PROG(floor_enter, struct pt_regs *regs, long number)
{
	struct call *c;
	long len;

	if (number == NR_getppid)
		return 0;
	c = bpf_task_storage_get(&threads, bpf_get_current_task_btf(), NULL, 0);
	if (!c)
		return 0;
	c->rec.nr = number;
#if defined(__TARGET_ARCH_x86)
	c->rec.arg[0] = regs->di;
	c->rec.arg[1] = regs->si;
	c->rec.arg[2] = regs->dx;
	c->rec.arg[3] = regs->r10;
#else
	c->rec.arg[0] = regs->orig_x0;
	c->rec.arg[1] = regs->regs[1];
	c->rec.arg[2] = regs->regs[2];
	c->rec.arg[3] = regs->regs[3];
#endif
	c->text = 0;
	c->begun = true;
	if (number == NR_openat) {
		len = bpf_probe_read_user_str(c->name, sizeof(c->name), (const void *)c->rec.arg[1]);
		c->text = len > 0 ? len : 0;
	}
	c->rec.entry = bpf_ktime_get_ns();
	return 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(floor_exit, struct pt_regs *regs, long ret)
{
	u64 who = bpf_get_current_pid_tgid();
	struct call *c;
	struct {
		struct record rec;
		char name[sizeof(c->name)];
	} *named;

	if (call_number(regs) == NR_getppid)
		return 0;
	c = bpf_task_storage_get(&threads, bpf_get_current_task_btf(), NULL, 0);
	if (!c || !c->begun)
		return 0;
	c->begun = false;
	c->rec.exit = bpf_ktime_get_ns();
	c->rec.ret = ret;
	c->rec.tgid = who >> 32;
	c->rec.tid = (u32)who;
	if (!c->text) {
		bpf_ringbuf_output(&ring, &c->rec, sizeof(c->rec), BPF_RB_NO_WAKEUP);
		return 0;
	}
	named = bpf_ringbuf_reserve(&ring, sizeof(*named), BPF_RB_NO_WAKEUP);
	if (!named)
		return 0;
	named->rec = c->rec;
	bpf_probe_read_kernel(named->name, c->text & (sizeof(c->name) - 1), c->name);
	bpf_ringbuf_submit(named, BPF_RB_NO_WAKEUP);
	return 0;
}
