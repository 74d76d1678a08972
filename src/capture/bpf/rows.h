/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#ifndef IORIOT_CAPTURE_BPF_ROWS_H
#define IORIOT_CAPTURE_BPF_ROWS_H

#include "types.h"

#include "shared.h"

/* Which calls are watched, and what is to be told of them. */

/* By system call number; filled by user space before the programs are loaded. */
const volatile struct bpf_row calls[BPF_ROWS] = {};

static __always_inline const volatile struct bpf_row *row_of(long number)
{
	return &calls[number & (BPF_ROWS - 1)];
}

static __always_inline bool is_watched(long number)
{
	return (u64)number < BPF_ROWS && row_of(number)->what != ROW_NOT_WATCHED;
}

/* A call of an interface whose numbers are not those of ops.def. */
static __always_inline bool call_is_foreign(struct task_struct *task, long number)
{
#if defined(__TARGET_ARCH_x86)
	return AT(task, thread_info.status) & 2 /* TS_COMPAT */ || (number >= 0 && number & 0x40000000);
#else
	return AT(task, thread_info.flags) & 1 << 22; /* TIF_32BIT */
#endif
}

#endif
