/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_CAPTURE_PTRACE_FILTER_H
#define IORIOT_CAPTURE_PTRACE_FILTER_H

#include <linux/audit.h>
#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "utils/err.h"

/*
 * The seccomp program that stops the calls of the operation table in the tracer and lets all others
 * run at full speed. Calls of 32-bit x86 programs have a table of their own (ops/compat.def); those
 * of x32 are stopped to be counted.
 */
#if defined(__x86_64__)
#define FILTER_ARCH AUDIT_ARCH_X86_64
#define FILTER_COMPAT AUDIT_ARCH_I386 /* int $0x80, and programs of -m32 */
#define FILTER_X32 0x40000000u /* __X32_SYSCALL_BIT: from there on */
#elif defined(__aarch64__)
#define FILTER_ARCH AUDIT_ARCH_AARCH64
#define FILTER_COMPAT 0
#define FILTER_X32 0
#endif
#define FILTER_X32_NUMBERS 1024u

#define FILTER_MAX 1024

struct filter {
	struct sock_filter code[FILTER_MAX];
	unsigned short len;
	uint32_t cache; /* length of the loader's, whose maps are let go; 0 = not known */
};

/*
 * Of the calls on memory those that can be about files are stopped; which addresses show files the
 * filter cannot know. Of mmap(2) not what the loader maps (MAP_DENYWRITE), and of anonymous memory only
 * what has no other purpose than to take away what was there.
 */
bool filter_takes_mmap(uint64_t prot, uint64_t flags);
uint32_t filter_loader_cache(void); /* its length now, 0 = not known */
bool filter_takes_length(const struct filter *f, uint64_t len); /* of mmap(2): not the loader's cache */
bool filter_takes_advice(unsigned advice); /* of madvise(2) */

/* Stops NUMBERS[0..n), in any order, duplicates allowed (sorted in place). 0, or -E2BIG. */
int filter_build(struct filter *f, unsigned *numbers, size_t n, struct err *err);

/*
 * The calls of the table that are WANTED (by operation; NULL: all), of ioctl(2) the commands of ops/ioctl.def, and the
 * EXTRA calls. Calls of 32-bit programs are stopped all.
 */
int filter_build_for_ops(struct filter *f, const bool *wanted, const unsigned *extra, size_t n, struct err *err);

/*
 * Installs it in this process, for itself and all that it starts. Without CAP_SYS_ADMIN the kernel
 * demands no_new_privs, which then stays set: setuid programs get no privileges. 0 or -errno.
 */
int filter_install(struct filter *f);

#endif
