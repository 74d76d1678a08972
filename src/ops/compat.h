/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#ifndef IORIOT_OPS_COMPAT_H
#define IORIOT_OPS_COMPAT_H

/* How the arguments of a row of ops/compat.def are found, for all backends and the code in the kernel. */

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stdint.h>
#endif

/* Structs behind the call's pointers that are not those of a 64-bit program. */
enum compat_how {
	COMPAT_IOV = 1,	    /* struct compat_iovec */
	COMPAT_TIME32 = 2,  /* two numbers of 32 bits a time */
	COMPAT_OFF32 = 4,   /* an offset of 32 bits */
	COMPAT_FLOCK32 = 8, /* of fcntl(2): by its command */
	COMPAT_LLSEEK = 16, /* the result is behind the fourth argument */
	COMPAT_MESSAGE = 32, /* struct compat_msghdr */
	COMPAT_AIO = 64	     /* a context is a number of 32 bits, and iocbs are found by pointers of 32 bits */
};

/* What becomes of a call in the kernel, when it is not the number of another one. */
enum compat_verdict {
	COMPAT_PASSED_BY = -1, /* does nothing that would be recorded */
	COMPAT_LOSES = -2,     /* does, and is not */
	COMPAT_UNREAD = -3     /* its arguments cannot be read: they are not there, or not in memory */
};

/* Rows: by the number of the call; those of socketcall(2), by its first argument, stand behind them. */
#define COMPAT_NUMBERS	  544
#define COMPAT_SOCKETCALL 512
#define COMPAT_NO_ROW	  COMPAT_NUMBERS

#define COMPAT_NR_SOCKETCALL 102
#define COMPAT_NR_OLD_MMAP   90

/* Which row a call is that has FIRST in its first register. */
static inline uint64_t compat_row(uint64_t number, uint64_t first)
{
	if (number == COMPAT_NR_SOCKETCALL)
		return (uint32_t)first < COMPAT_NUMBERS - COMPAT_SOCKETCALL ? COMPAT_SOCKETCALL + (uint32_t)first
									    : COMPAT_NO_ROW;
	return number < COMPAT_SOCKETCALL ? number : COMPAT_NO_ROW;
}

/* The register, from 0, that points to the words which take the place of all registers; -1: none does. */
static inline int compat_words_at(uint64_t number)
{
	return number == COMPAT_NR_SOCKETCALL ? 1 : number == COMPAT_NR_OLD_MMAP ? 0 : -1;
}

/* As low2highuid() of the kernel. */
static inline uint64_t compat_id16(uint64_t reg)
{
	return (uint16_t)reg == 0xffff ? 0xffffffffu : (uint16_t)reg;
}

/* The argument that one letter of a row stands for. */
static inline uint64_t compat_arg(char letter, const uint64_t reg[6])
{
	if (letter >= 'a' && letter <= 'f')
		return (uint32_t)reg[letter - 'a'];
	if (letter >= 'A' && letter <= 'F')
		return (uint64_t)(int64_t)(int32_t)reg[letter - 'A'];
	if (letter >= '0' && letter <= '4')
		return (uint32_t)reg[letter - '0'] | (uint64_t)(uint32_t)reg[letter - '0' + 1] << 32;
	switch (letter) {
	case '<':
		return (uint64_t)(uint32_t)reg[1] << 32 | (uint32_t)reg[2];
	case 'u':
		return compat_id16(reg[1]);
	case 'v':
		return compat_id16(reg[2]);
	case 'p':
		return (uint64_t)(uint32_t)reg[5] << 12;
	case 'i':
		return 1;
	default:
		return 0;
	}
}

/*
 * fcntl64(2) has numbers of its own for locks with 64 bits; *WIDE says whether this is one.
 * include/uapi/asm-generic/fcntl.h: F_GETLK64 ...; F_OFD_GETLK ... have 64 bits always.
 */
static inline uint64_t compat_lock_command(uint64_t cmd, int *wide)
{
	*wide = cmd >= 36 && cmd <= 38;
	if (cmd < 12 || cmd > 14)
		return cmd;
	*wide = 1;
	return cmd - 12 + 5; /* F_GETLK */
}

#endif
