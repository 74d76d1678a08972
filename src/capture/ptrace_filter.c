/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/ptrace_filter.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "capture/compat.h"
#include "ops/advice.h"
#include "ops/ops.h"

#define NUMBERS_MAX (OP_COUNT + 32)
#define LOAD_WORD   (BPF_LD | BPF_W | BPF_ABS)

static int put(struct filter *f, struct sock_filter insn)
{
	if (f->len == FILTER_MAX)
		return -E2BIG;
	f->code[f->len++] = insn;
	return 0;
}

/*
 * Numbers as edges: stopped are those from edge[0] on, not those from edge[1] on, and so on. A
 * binary search finds how many edges are at or below the number; an odd count means stop.
 */
static int put_search(struct filter *f, const unsigned *edges, size_t first, size_t n)
{
	size_t half = n / 2;
	unsigned short jump;
	int rc;

	if (n == 0)
		return put(f, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
				       first % 2 ? SECCOMP_RET_TRACE : SECCOMP_RET_ALLOW));
	jump = f->len;
	rc = put(f, (struct sock_filter)BPF_JUMP(
			    BPF_JMP | BPF_JGE | BPF_K, edges[first + half], 0, 0));
	if (!rc)
		rc = put_search(f, edges, first, half);
	if (rc)
		return rc;
	if (f->len - jump - 1 > 255)
		return -E2BIG;
	f->code[jump].jt = (unsigned char)(f->len - jump - 1);
	return put_search(f, edges, first + half + 1, n - half - 1);
}

static int compare_numbers(const void *a, const void *b)
{
	unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

	return (x > y) - (x < y);
}

/* The ioctl(2) commands of ioctl.def alone are stopped; the loaded number goes on to what follows. */
static int put_commands(struct filter *f)
{
	static const unsigned commands[] = {
#define IOCTL(name, number, shape) number,
#include "ops/ioctl.def"
	};
	const unsigned char n = sizeof(commands) / sizeof(*commands);
	unsigned char left = n;
	size_t i;
	int rc;

	put(f, (struct sock_filter)BPF_JUMP(
		       BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 0, (unsigned char)(n + 3)));
	put(f, (struct sock_filter)BPF_STMT(LOAD_WORD, offsetof(struct seccomp_data, args[1])));
	for (i = 0; i < n; i++)
		put(f, (struct sock_filter)BPF_JUMP(
			       BPF_JMP | BPF_JEQ | BPF_K, commands[i], left--, 0));
	rc = put(f, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
	return rc ? rc : put(f, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE));
}

bool filter_takes_mmap(uint64_t prot, uint64_t flags)
{
	if (flags & MAP_ANONYMOUS)
		return flags & MAP_FIXED && (uint32_t)prot == PROT_NONE;
	return !(flags & MAP_DENYWRITE);
}

/*
 * MADV_DONTNEED is not among them: allocators make it all the time, and to files it means little.
 */
static const unsigned advices[] = {MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED,
	MADV_REMOVE, KERNEL_MADV_COLD, KERNEL_MADV_PAGEOUT, KERNEL_MADV_POPULATE_READ,
	KERNEL_MADV_POPULATE_WRITE};
#define ADVICES ((unsigned char)(sizeof(advices) / sizeof(*advices)))

bool filter_takes_advice(unsigned advice)
{
	unsigned char i;

	for (i = 0; i < ADVICES; i++)
		if (advices[i] == advice)
			return true;
	return false;
}

/*
 * Every program begins with a map of the loader's cache, and no other file will have its length. 0: it
 * cannot be told.
 */
uint32_t filter_loader_cache(void)
{
	struct stat st;

	return stat("/etc/ld.so.cache", &st) || st.st_size > UINT32_MAX ? 0 : (uint32_t)st.st_size;
}

bool filter_takes_length(const struct filter *f, uint64_t len)
{
	return f->cache == 0 || len != f->cache;
}

/* mmap(2) and munmap(2) of that length are let go; the loaded number goes on to what follows. */
static int put_length(struct filter *f)
{
	f->cache = filter_loader_cache();
	if (f->cache == 0)
		return 0;
	put(f, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 1, 0));
	put(f, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_munmap, 0, 6));
	put(f, (struct sock_filter)BPF_STMT(LOAD_WORD, offsetof(struct seccomp_data, args[1])));
	put(f, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, f->cache, 0, 3));
	put(f, (struct sock_filter)BPF_STMT(LOAD_WORD, offsetof(struct seccomp_data, args[1]) + 4));
	put(f, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1));
	put(f, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
	return put(f, (struct sock_filter)BPF_STMT(LOAD_WORD, offsetof(struct seccomp_data, nr)));
}

/* mmap(2) by its flags: as filter_takes_mmap(). */
static int put_mmap(struct filter *f)
{
	put(f, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 0, 8));
	put(f, (struct sock_filter)BPF_STMT(LOAD_WORD, offsetof(struct seccomp_data, args[3])));
	put(f, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, MAP_ANONYMOUS, 0, 3));
	put(f, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, MAP_FIXED, 0, 3));
	put(f, (struct sock_filter)BPF_STMT(LOAD_WORD, offsetof(struct seccomp_data, args[2])));
	put(f, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PROT_NONE, 2, 1));
	put(f, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, MAP_DENYWRITE, 0, 1));
	put(f, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
	return put(f, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE));
}

/* prctl(2) gives a thread another name with PR_SET_NAME; the loaded number goes on to what follows. */
static int put_prctl(struct filter *f)
{
	put(f, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_prctl, 0, 4));
	put(f, (struct sock_filter)BPF_STMT(LOAD_WORD, offsetof(struct seccomp_data, args[0])));
	put(f, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PR_SET_NAME, 1, 0));
	put(f, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
	return put(f, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE));
}

static int put_madvise(struct filter *f)
{
	unsigned char i;

	put(f, (struct sock_filter)BPF_JUMP(
		       BPF_JMP | BPF_JEQ | BPF_K, SYS_madvise, 0, (unsigned char)(ADVICES + 3)));
	put(f, (struct sock_filter)BPF_STMT(LOAD_WORD, offsetof(struct seccomp_data, args[2])));
	for (i = 0; i < ADVICES; i++)
		put(f, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, advices[i],
			       (unsigned char)(ADVICES - i), 0));
	put(f, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
	return put(f, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE));
}

static size_t edges_of(unsigned *numbers, size_t n, unsigned edges[2 * NUMBERS_MAX])
{
	size_t count = 0, i;

	qsort(numbers, n, sizeof(*numbers), compare_numbers);
	for (i = 0; i < n; i++) {
		if (count && numbers[i] < edges[count - 1])
			continue;
		if (count && numbers[i] == edges[count - 1]) {
			edges[count - 1]++;
			continue;
		}
		edges[count++] = numbers[i];
		edges[count++] = numbers[i] + 1;
	}
	return count;
}

/* Calls of 32-bit programs, the architecture being loaded. Others than these two are let go. */
static int put_compat(struct filter *f)
{
	unsigned numbers[NUMBERS_MAX] = {0 /* restart_syscall */}, edges[2 * NUMBERS_MAX];
	size_t n = 1 + compat_numbers(numbers + 1, NUMBERS_MAX - 1);

	put(f, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, FILTER_COMPAT, 1, 0));
	put(f, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
	put(f, (struct sock_filter)BPF_STMT(LOAD_WORD, offsetof(struct seccomp_data, nr)));
	return put_search(f, edges, 0, edges_of(numbers, n, edges));
}

/* Calls of the x32 interface are numbers of this architecture: all of them, as edges. */
static size_t put_x32(unsigned *edges, bool commands)
{
	if (!commands || !FILTER_X32)
		return 0;
	edges[0] = FILTER_X32;
	edges[1] = FILTER_X32 + FILTER_X32_NUMBERS;
	return 2;
}

static bool is_wanted(const bool *wanted, enum op_id op)
{
	return !wanted || wanted[op];
}

/* COMMANDS: of some calls only those that the table has. */
static int build(struct filter *f, unsigned *numbers, size_t n, bool commands, const bool *wanted, struct err *err)
{
	unsigned edges[2 * NUMBERS_MAX + 2];
	size_t count;
	unsigned short away;
	int rc;

	if (n > NUMBERS_MAX)
		return err_set(err, E2BIG, "too many system calls for one filter");
	count = edges_of(numbers, n, edges);
	f->len = 0;
	put(f, (struct sock_filter)BPF_STMT(LOAD_WORD, offsetof(struct seccomp_data, arch)));
	put(f, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, FILTER_ARCH, 1, 0));
	away = f->len; /* to what follows the whole search: too far for a conditional jump */
	put(f, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
	put(f, (struct sock_filter)BPF_STMT(LOAD_WORD, offsetof(struct seccomp_data, nr)));
	rc = commands && is_wanted(wanted, OP_ioctl) ? put_commands(f) : 0;
	if (!rc && commands)
		rc = put_length(f);
	if (!rc && commands && is_wanted(wanted, OP_mmap))
		rc = put_mmap(f);
	if (!rc && commands && is_wanted(wanted, OP_madvise))
		rc = put_madvise(f);
	if (!rc && commands)
		rc = put_prctl(f);
	if (!rc)
		rc = put_search(f, edges, 0, count + put_x32(edges + count, commands));
	if (!rc && commands && FILTER_COMPAT != 0) {
		f->code[away] = (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, f->len - away - 1u);
		rc = put_compat(f);
	}
	return rc ? err_set(err, -rc, "the seccomp filter has become too long") : 0;
}

int filter_build(struct filter *f, unsigned *numbers, size_t n, struct err *err)
{
	return build(f, numbers, n, false, NULL, err);
}

int filter_build_for_ops(struct filter *f, const bool *wanted, const unsigned *extra, size_t n, struct err *err)
{
	unsigned numbers[NUMBERS_MAX];
	size_t count = 0, i;

	for (i = 0; i < OP_COUNT; i++)
		if (op_nr((enum op_id)i) >= 0 && is_wanted(wanted, (enum op_id)i))
			numbers[count++] = (unsigned)op_nr((enum op_id)i);
	for (i = 0; i < n && count < NUMBERS_MAX; i++)
		numbers[count++] = extra[i];
	return build(f, numbers, count, true, wanted, err);
}

int filter_install(struct filter *f)
{
	struct sock_fprog prog = {.len = f->len, .filter = f->code};

	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) == 0)
		return 0;
	if (errno != EACCES)
		return -errno;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
		syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog))
		return -errno;
	return 0;
}
