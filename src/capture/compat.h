/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_CAPTURE_COMPAT_H
#define IORIOT_CAPTURE_COMPAT_H

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "ops/compat.h"
#include "ops/ops.h"

/* Calls of 32-bit x86 programs, and the structs that are others there (ops/compat.def). */

struct compat {
	uint16_t row; /* compat_row() of its number */
	int16_t op;	  /* enum op_id; -1: not converted */
	uint8_t how;	  /* enum compat_how */
	const char *args; /* of op -1: why it is lost */
};

/* The row of a system call with FIRST in its first register, NULL when there is none. */
const struct compat *compat_find(uint64_t number, uint64_t first);
/* System calls that have rows, and those that change what a thread is called or whose it is. */
size_t compat_numbers(unsigned *numbers, size_t max);
/* Of those: what a 64-bit program calls for it. -1: none of them. */
long compat_identity(uint64_t number);

/* Where compat_words_at() says that they are in memory: how many words it needs. */
size_t compat_words(const struct compat *c);

/* The arguments of the row's op from the six registers, or words. */
void compat_args(const struct compat *c, const uint64_t reg[6], uint64_t arg[OP_ARGS]);

#define COMPAT_FLOCK_MAX 24
size_t compat_flock_size(int wide);
void compat_flock(struct flock *to, const void *from, int wide);

struct compat_iovec {
	uint32_t base, len;
};

struct compat_time {
	int32_t sec, nsec; /* or us */
};

#endif
