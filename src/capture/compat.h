/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_CAPTURE_COMPAT_H
#define IORIOT_CAPTURE_COMPAT_H

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "ops/ops.h"

/* Calls of 32-bit x86 programs, and the structs that are others there (ops/compat.def). */

/* Structs behind the call's pointers that are not those of a 64-bit program. */
enum compat_how {
	COMPAT_IOV = 1,	    /* struct compat_iovec */
	COMPAT_TIME32 = 2,  /* two numbers of 32 bits a time */
	COMPAT_OFF32 = 4,   /* an offset of 32 bits */
	COMPAT_FLOCK32 = 8, /* of fcntl(2): by its command */
	COMPAT_LLSEEK = 16, /* the result is behind the fourth argument */
	COMPAT_MESSAGE = 32 /* struct compat_msghdr */
};

struct compat {
	uint16_t number;
	int16_t op;	  /* enum op_id; -1: not converted */
	uint8_t how;	  /* enum compat_how */
	const char *args; /* of op -1: why it is lost */
};

/* The row of a system call number, NULL when there is none. */
const struct compat *compat_find(uint64_t number);
size_t compat_numbers(unsigned *numbers, size_t max);

/* The arguments of the row's op from the six registers. */
void compat_args(const struct compat *c, const uint64_t reg[6], uint64_t arg[OP_ARGS]);

/* fcntl64(2) has numbers of its own for locks with 64 bits; *WIDE says whether this is one. */
uint64_t compat_lock_command(uint64_t cmd, int *wide);

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
