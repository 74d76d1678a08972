/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_OPS_ADVICE_H
#define IORIOT_OPS_ADVICE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>

/* Advice of madvise(2), from asm-generic/mman-common.h; not in every <sys/mman.h>. */
enum {
	KERNEL_MADV_COLD = 20,
	KERNEL_MADV_PAGEOUT = 21,
	KERNEL_MADV_POPULATE_READ = 22,
	KERNEL_MADV_POPULATE_WRITE = 23
};

/* Does it mean something to maps of files? No other is replayed. */
static inline bool advice_is_for_files(uint64_t advice)
{
	switch (advice) {
	case MADV_NORMAL:
	case MADV_RANDOM:
	case MADV_SEQUENTIAL:
	case MADV_WILLNEED:
	case MADV_DONTNEED:
	case MADV_REMOVE:
	case KERNEL_MADV_COLD:
	case KERNEL_MADV_PAGEOUT:
	case KERNEL_MADV_POPULATE_READ:
	case KERNEL_MADV_POPULATE_WRITE:
		return true;
	default:
		return false;
	}
}

#endif
