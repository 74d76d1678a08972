/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#ifndef IORIOT_CAPTURE_BPF_NARROW_H
#define IORIOT_CAPTURE_BPF_NARROW_H

#include "types.h"

#include "ops/compat.h"
#include "shared.h"

/*
 * The registers of the call that is under way. Calls of 32-bit programs become the 64-bit ones that do the
 * same (ops/compat.def); what they point to has another shape, of which HOW tells those who fetch it.
 */

struct bpf_call {
	u64 arg[BPF_ARGS + 2];
	u32 how;    /* enum compat_how */
	u32 narrow; /* the number that it has in a 32-bit program, 0: it is none */
	u32 wide;   /* the lock of its fcntl has 64 bits */
	/* what it was made of: */
	u32 words[BPF_ARGS + 2];
	u64 reg[8]; /* those behind the last one are 0 */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct bpf_call);
} call_under_way SEC(".maps");

/* By compat_row(); filled by user space before the programs are loaded. */
const volatile struct bpf_compat narrow_calls[COMPAT_NUMBERS] = {};

static __always_inline struct bpf_call *call_here(void)
{
	u32 zero = 0;

	return bpf_map_lookup_elem(&call_under_way, &zero);
}

static __always_inline u32 call_how(void)
{
	struct bpf_call *c = call_here();

	return c ? c->how : 0;
}

/* Copies them; ARG has room for BPF_ARGS. */
static __always_inline void registers(u64 *arg)
{
	struct bpf_call *c = call_here();
	u32 i;

	for (i = 0; i < BPF_ARGS; i++)
		arg[i] = c ? c->arg[i] : 0;
}

/* Those with which a thread came into the kernel: REGS_AT, where that cannot be asked (before Linux 5.15). */
#ifdef IORIOT_OLD
#define REGISTERS(task, regs_at) ((struct pt_regs *)(regs_at))
#define REGISTERS_ARG		 , u64 regs_at
#define GIVE_REGISTERS(regs)	 , number_of(regs)
#else
#define REGISTERS(task, regs_at) ((struct pt_regs *)bpf_task_pt_regs(task))
#define REGISTERS_ARG
#define GIVE_REGISTERS(regs)
#endif

static __always_inline void registers_of(struct pt_regs *regs, u64 *arg)
{
#if defined(__TARGET_ARCH_x86)
	arg[0] = AT(regs, di);
	arg[1] = AT(regs, si);
	arg[2] = AT(regs, dx);
	arg[3] = AT(regs, r10);
	arg[4] = AT(regs, r8);
	arg[5] = AT(regs, r9);
#else
	arg[0] = AT(regs, orig_x0);
	arg[1] = AT(regs, regs[1]);
	arg[2] = AT(regs, regs[2]);
	arg[3] = AT(regs, regs[3]);
	arg[4] = AT(regs, regs[4]);
	arg[5] = AT(regs, regs[5]);
#endif
}

static __always_inline void call_load(struct pt_regs *regs)
{
	struct bpf_call *c = call_here();

	if (!c)
		return;
	registers_of(regs, c->arg);
	c->how = c->narrow = 0;
}

#if defined(__TARGET_ARCH_x86)

/* What stands in memory in place of the registers. */
static __always_inline bool narrow_words(struct bpf_call *c, u32 at, u32 n)
{
	u32 i;

	keep(n);
	if (n > BPF_ARGS)
		return false;
	if (n && bpf_probe_read_user(c->words, n * sizeof(u32), (const void *)(u64)(u32)c->reg[at & 7]))
		return false;
	for (i = 0; i < BPF_ARGS; i++)
		c->reg[i] = i < n ? c->words[i] : 0;
	return true;
}

/* The number of the call that it becomes, or enum compat_verdict. */
__noinline int call_load_narrow(u32 number REGISTERS_ARG)
{
	struct task_struct *task = current_task();
	struct pt_regs *regs = REGISTERS(task, regs_at);
	const volatile struct bpf_compat *row;
	struct bpf_call *c = call_here();
	int wide = 0, at;
	u64 which;
	u32 i;

	if (!c || !(AT(task, thread_info.status) & 2)) /* x32 */
		return COMPAT_LOSES;
	c->reg[0] = AT(regs, bx);
	c->reg[1] = AT(regs, cx);
	c->reg[2] = AT(regs, dx);
	c->reg[3] = AT(regs, si);
	c->reg[4] = AT(regs, di);
	c->reg[5] = AT(regs, bp);
	which = compat_row(number, c->reg[0]);
	keep(which);
	if (which >= COMPAT_NUMBERS)
		return COMPAT_PASSED_BY;
	row = &narrow_calls[which];
	if (row->number < 0)
		return row->number;
	at = compat_words_at(number);
	if (at >= 0 && !narrow_words(c, at, row->words))
		return COMPAT_UNREAD;
	for (i = 0; i < BPF_ARGS; i++)
		c->arg[i] = bpf_compat_value(
			row->arg[i].form, c->reg[row->arg[i].low & 7], c->reg[row->arg[i].high & 7]);
	c->how = row->how;
	c->narrow = number;
	if (row->how & COMPAT_FLOCK32)
		c->arg[1] = compat_lock_command((u32)c->arg[1], &wide);
	c->wide = wide;
	return row->number;
}

#else

static __always_inline int call_load_narrow(u32 number REGISTERS_ARG)
{
	return COMPAT_LOSES;
}

#endif
#endif
