/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#ifndef IORIOT_SYSTEMTAP_COMPAT32_H
#define IORIOT_SYSTEMTAP_COMPAT32_H

#include <linux/sched/task_stack.h>

#include "compat.h"
#include "ops/compat.h"
#include "user.h"

/*
 * Calls of 32-bit x86 programs become the 64-bit ones that do the same, with registers as those have
 * them (ops/compat.def). What they point to has another shape: compat_how() tells those who fetch it.
 */

#if defined(CONFIG_X86_64) && defined(CONFIG_IA32_EMULATION)

enum row_number {
#define OP(name, x86_64, aarch64, family, class, op_flags, compare, args, model, replay) NUMBER_##name = (x86_64),
#include "ops/ops.def"
};

struct compat_row {
	s16 number;
	u8 how; /* enum compat_how */
	bool lost;
	const char *args; /* NULL: no row */
};

static const struct compat_row compat_rows[COMPAT_NUMBERS] = {
#define COMPAT(nr, op, letters, structs) [nr] = {NUMBER_##op, structs, false, letters},
#define COMPAT_LOST(nr, why)		 [nr] = {.lost = true},
#include "ops/compat.def"
};

/* Those that are watched and have no row. */
static long compat_other(long number)
{
	switch (number) {
#define COMPAT_WATCHED(nr, name) case nr: return __NR_##name;
#include "ops/compat.def"
	}
	return COMPAT_PASSED_BY;
}

/* What stands in memory in place of the registers. False: it is not there. */
static bool compat_words(u64 reg[6], int at, const char *letters)
{
	u32 words[6] = {0};
	unsigned int n = 0, i;

	for (; *letters; letters++)
		if (*letters >= 'a' && *letters <= 'f' && *letters - 'a' >= n)
			n = *letters - 'a' + 1;
	if (!user_copy(words, (u32)reg[at], n * sizeof(*words)))
		return false;
	for (i = 0; i < ARRAY_SIZE(words); i++)
		reg[i] = words[i];
	return true;
}

/* The number of the call that it becomes, with its registers in *TO; or enum compat_verdict. */
static noinline long compat_convert(struct pt_regs *to, const struct pt_regs *regs, long number)
{
	u64 reg[6] = {regs->bx, regs->cx, regs->dx, regs->si, regs->di, regs->bp}, which;
	const struct compat_row *row;
	const char *letter;
	unsigned int i;
	int wide;

	if (!in_ia32_syscall())
		return COMPAT_LOSES; /* x32 */
	which = compat_row((u64)number, reg[0]);
	if (which >= COMPAT_NUMBERS)
		return COMPAT_PASSED_BY;
	row = &compat_rows[which];
	*to = *regs;
	if (!row->args) {
		to->orig_ax = row->lost ? COMPAT_LOSES : compat_other(number);
		to->di = (u32)reg[0];
		return to->orig_ax;
	}
	if (compat_words_at(number) >= 0 && !compat_words(reg, compat_words_at(number), row->args))
		return COMPAT_UNREAD;
	for (i = 0, letter = row->args; i < ARRAY_SIZE(call_register); i++) {
		*(u64 *)((char *)to + call_register[i]) = *letter ? compat_arg(*letter, reg) : 0;
		letter += *letter != 0;
	}
	if (row->how & COMPAT_FLOCK32)
		to->si = compat_lock_command((u32)to->si, &wide);
	to->orig_ax = row->number;
	return row->number;
}

static unsigned int compat_number(void)
{
	return in_ia32_syscall() ? (unsigned int)task_pt_regs(current)->orig_ax : 0;
}

/* Of the call that is under way: enum compat_how, 0 for one of 64 bits. */
static inline unsigned int compat_how(void)
{
	u64 row;

	if (likely(!in_ia32_syscall()))
		return 0;
	row = compat_row(compat_number(), task_pt_regs(current)->bx);
	return row < COMPAT_NUMBERS ? compat_rows[row].how : 0;
}

/* Whether the lock of this fcntl has 64 bits. */
static bool compat_lock_is_wide(void)
{
	int wide;

	compat_lock_command((u32)task_pt_regs(current)->cx, &wide);
	return wide;
}

#else

static inline long compat_convert(struct pt_regs *to, const struct pt_regs *regs, long number)
{
	return COMPAT_LOSES;
}

static inline unsigned int compat_number(void)
{
	return 0;
}

static inline unsigned int compat_how(void)
{
	return 0;
}

static inline bool compat_lock_is_wide(void)
{
	return true;
}

#endif

/* The registers of the call that is under way, converted into ROOM when it is one of 32 bits. */
static struct pt_regs *call_regs(struct pt_regs *room)
{
	struct pt_regs *regs = task_pt_regs(current);

	if (likely(!call_is_foreign(call_number(regs))))
		return regs;
	return compat_convert(room, regs, call_number(regs)) >= 0 ? room : regs;
}

#endif
