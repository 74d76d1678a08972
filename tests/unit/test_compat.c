/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include "capture/bpf.h"
#include "capture/compat.h"
#include "suites.h"

/* The table of 32-bit calls, and what becomes of their arguments. */

static const uint64_t reg[6] = {
	0xffffffff00000001, 0x80000002, 0xffff, 0x30000004, 0x50000005, 0x80000006};

/* The arguments of call NUMBER with these registers. */
static void converted(uint64_t number, enum op_id op, uint64_t arg[OP_ARGS])
{
	const struct compat *c = compat_find(number, reg[0]);

	ck_assert_ptr_nonnull(c);
	ck_assert_int_eq(c->op, op);
	compat_args(c, reg, arg);
}

static bool is_told_by_others(enum arg_kind kind)
{
	return kind == A_FDS2 || kind == A_MODE || kind == A_RESOLVE || kind == A_OWNER || kind == A_XATFLAGS ||
	       kind == A_RANGELEN || kind == A_RING || kind == A_SQNO || kind == A_UCQNR;
}

static void fits(unsigned number, uint64_t first)
{
	const struct compat *c = compat_find(number, first);
	size_t k, args;

	ck_assert_ptr_nonnull(c);
	ck_assert_uint_eq(c->row, compat_row(number, first)); /* none stands twice */
	if (c->op < 0)
		return;
	args = strlen(c->args);
	ck_assert_uint_le(args, OP_ARGS);
	for (k = args; k < OP_ARGS; k++) /* what has no letter is no register */
		ck_assert_msg(!arg_infos[ops[c->op].arg[k]].key || is_told_by_others(ops[c->op].arg[k]),
			"%u: %s: argument %zu", number, ops[c->op].name, k);
}

START_TEST(rows_fit_their_operations)
{
	unsigned numbers[512];
	size_t n = compat_numbers(numbers, 512), i, sockets = 0;

	ck_assert_uint_gt(n, 100);
	for (i = 0; i < n; i++)
		if (numbers[i] != COMPAT_NR_SOCKETCALL && compat_identity(numbers[i]) < 0)
			fits(numbers[i], 0);
	for (i = 0; i < 64; i++)
		if (compat_find(COMPAT_NR_SOCKETCALL, i)) {
			fits(COMPAT_NR_SOCKETCALL, i);
			sockets++;
		}
	ck_assert_uint_eq(sockets, 9);
	ck_assert_ptr_null(compat_find(0, 0));
	ck_assert_ptr_null(compat_find(511, 0));
	ck_assert_ptr_null(compat_find(COMPAT_SOCKETCALL + 1, 0));
	ck_assert_ptr_null(compat_find(UINT64_MAX, 0));
	ck_assert_ptr_null(compat_find((uint64_t)1 << 32 | 3, 0));
	ck_assert_ptr_null(compat_find(COMPAT_NR_SOCKETCALL, 32));
	ck_assert_ptr_nonnull(compat_find(COMPAT_NR_SOCKETCALL, (uint64_t)1 << 32 | 1));
}
END_TEST

START_TEST(registers_become_arguments)
{
	uint64_t arg[OP_ARGS];

	converted(3, OP_read, arg);
	ck_assert_uint_eq(arg[0], 1);
	ck_assert_uint_eq(arg[1], 0x80000002);
	ck_assert_uint_eq(arg[2], 0xffff);
	ck_assert_uint_eq(arg[3], 0);
	converted(19, OP_lseek, arg);
	ck_assert_uint_eq(arg[1], 0xffffffff80000002);
	converted(140, OP_lseek, arg);
	ck_assert_uint_eq(arg[1], 0x800000020000ffff);
	ck_assert_uint_eq(arg[2], 0x50000005);
	ck_assert_uint_eq(arg[3], 0x30000004);
	converted(180, OP_pread64, arg);
	ck_assert_uint_eq(arg[3], 0x5000000530000004);
	converted(324, OP_fallocate, arg);
	ck_assert_uint_eq(arg[2], 0x300000040000ffff);
	ck_assert_uint_eq(arg[3], 0x8000000650000005);
	converted(378, OP_preadv2, arg);
	ck_assert_uint_eq(arg[3], 0x5000000530000004);
	ck_assert_uint_eq(arg[4], 0);
	ck_assert_uint_eq(arg[5], 0x80000006);
	converted(182, OP_chown, arg);
	ck_assert_uint_eq(arg[1], 2);
	ck_assert_uint_eq(arg[2], UINT32_MAX);
	converted(339, OP_fanotify_mark, arg);
	ck_assert_uint_eq(arg[2], 0x300000040000ffff);
	ck_assert_uint_eq(arg[3], 0x50000005);
	ck_assert_uint_eq(arg[4], 0x80000006);
	converted(192, OP_mmap, arg);
	ck_assert_uint_eq(arg[5], 0x80000006000);
	converted(1, OP_exit, arg);
	ck_assert_uint_eq(arg[0], 1);
	converted(89, OP_getdents, arg); /* readdir */
	ck_assert_uint_eq(arg[1], 0x80000002);
	ck_assert_uint_eq(arg[2], 1);
	converted(248, OP_io_submit, arg);
	ck_assert_uint_eq(arg[0], 1);
	ck_assert_uint_eq(arg[1], 0xffffffff80000002);
	ck_assert_uint_eq(arg[2], 0xffff);
}
END_TEST

#if defined(__x86_64__)
/* What has a row as a call of 64 bits, or is told as lost, has one as a call of 32 bits. */
START_TEST(no_call_is_forgotten)
{
	static const char *const header = "/usr/include/x86_64-linux-gnu/asm/unistd_32.h";
	static const uint64_t lost[] = {21, 52, 217, 428, 429, 430, 432, 433, 442, 467}; /* of ops/unrecorded.def */
	FILE *f = fopen(header, "r");
	unsigned long nr, calls = 0;
	char line[128], name[64];
	size_t i;

	if (!f)
		f = fopen("/usr/include/asm/unistd_32.h", "r");
	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f)) {
		int op = sscanf(line, "#define __NR_%63s %lu", name, &nr) == 2 ? op_find(str_of(name)) : -1;

		if (op < 0 || op_nr((enum op_id)op) < 0)
			continue;
		ck_assert_msg(compat_find(nr, 1) && compat_find(nr, 1)->op == op, "%s (%lu)", name, nr);
		calls++;
	}
	fclose(f);
	ck_assert_uint_ge(calls, 150);
	for (i = 0; i < sizeof(lost) / sizeof(*lost); i++) {
		ck_assert_ptr_nonnull(compat_find(lost[i], 0));
		ck_assert_int_eq(compat_find(lost[i], 0)->op, -1);
	}
}
END_TEST
#endif

START_TEST(arguments_in_memory)
{
	uint64_t arg[OP_ARGS];

	converted(COMPAT_NR_SOCKETCALL, OP_socket, arg);
	ck_assert_int_eq(compat_words_at(COMPAT_NR_SOCKETCALL), 1);
	ck_assert_uint_eq(compat_words(compat_find(COMPAT_NR_SOCKETCALL, 1)), 3);
	ck_assert_uint_eq(compat_words(compat_find(COMPAT_NR_SOCKETCALL, 20)), 4);
	converted(COMPAT_NR_OLD_MMAP, OP_mmap, arg);
	ck_assert_uint_eq(arg[5], 0x80000006); /* bytes, not pages */
	ck_assert_int_eq(compat_words_at(COMPAT_NR_OLD_MMAP), 0);
	ck_assert_uint_eq(compat_words(compat_find(COMPAT_NR_OLD_MMAP, 0)), 6);
	ck_assert_int_eq(compat_words_at(3), -1);
}
END_TEST

#if defined(__x86_64__)
static void same_for_bpf(const struct bpf_compat *row, const struct compat *c)
{
	const uint64_t all[BPF_COMPAT_ZERO + 1] = {reg[0], reg[1], reg[2], reg[3], reg[4], reg[5]};
	uint64_t arg[OP_ARGS];
	int i;

	if (!c || c->op < 0) {
		ck_assert_int_lt(row->number, c ? COMPAT_PASSED_BY : 0);
		return;
	}
	ck_assert_int_eq(row->number, op_nr((enum op_id)c->op));
	ck_assert_uint_eq(row->how, c->how);
	ck_assert_uint_eq(row->words, compat_words(c));
	compat_args(c, reg, arg);
	for (i = 0; i < OP_ARGS; i++)
		ck_assert_uint_eq(
			bpf_compat_value(row->arg[i].form, all[row->arg[i].low], all[row->arg[i].high]), arg[i]);
}

START_TEST(programs_of_bpf_convert_in_the_same_way)
{
	static struct bpf_compat rows[COMPAT_NUMBERS];
	unsigned i;

	bpf_compat_rows(rows);
	for (i = 1; i < COMPAT_NUMBERS; i++) {
		const struct compat *c = i < COMPAT_SOCKETCALL
						 ? compat_find(i, 0)
						 : compat_find(COMPAT_NR_SOCKETCALL, i - COMPAT_SOCKETCALL);

		if (c || rows[i].number < 0) /* else one that is watched without a row */
			same_for_bpf(&rows[i], c);
	}
	ck_assert_int_eq(rows[0].number, SYS_restart_syscall);
	ck_assert_int_eq(rows[119].number, SYS_rt_sigreturn);
	ck_assert_int_eq(rows[172].number, SYS_prctl);
	ck_assert_uint_eq(rows[172].arg[0].low, 0);
}
END_TEST
#endif

START_TEST(locks_of_both_widths)
{
	static const unsigned char narrow[16] = {1, 0, 2, 0, 0xff, 0xff, 0xff, 0xff, 7, 0, 0, 0};
	static const unsigned char wide[24] = {2, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff,
		0xff, 0xff, 0xff, 0xff};
	struct flock lock;
	int is_wide;

	compat_flock(&lock, narrow, 0);
	ck_assert_int_eq(lock.l_type, 1);
	ck_assert_int_eq(lock.l_whence, 2);
	ck_assert_int_eq(lock.l_start, -1);
	ck_assert_int_eq(lock.l_len, 7);
	compat_flock(&lock, wide, 1);
	ck_assert_int_eq(lock.l_type, 2);
	ck_assert_int_eq(lock.l_start, 0x200000000);
	ck_assert_int_eq(lock.l_len, -2);
	ck_assert_uint_eq(compat_flock_size(0), 16);
	ck_assert_uint_eq(compat_flock_size(1), 24);
	ck_assert_uint_eq(compat_lock_command(F_SETLK, &is_wide), F_SETLK);
	ck_assert(!is_wide);
	ck_assert_uint_eq(compat_lock_command(12, &is_wide), F_GETLK);
	ck_assert(is_wide);
	ck_assert_uint_eq(compat_lock_command(14, &is_wide), F_SETLKW);
	ck_assert(is_wide);
	ck_assert_uint_eq(compat_lock_command(F_OFD_SETLK, &is_wide), F_OFD_SETLK);
	ck_assert(is_wide);
	ck_assert_uint_eq(compat_lock_command(F_GETFL, &is_wide), F_GETFL);
	ck_assert(!is_wide);
}
END_TEST

Suite *compat_suite(void)
{
	TCase *tc;
	Suite *s = suite_with("compat", &tc);

	tcase_add_test(tc, rows_fit_their_operations);
	tcase_add_test(tc, registers_become_arguments);
	tcase_add_test(tc, arguments_in_memory);
#if defined(__x86_64__)
	tcase_add_test(tc, no_call_is_forgotten);
	tcase_add_test(tc, programs_of_bpf_convert_in_the_same_way);
#endif
	tcase_add_test(tc, locks_of_both_widths);
	return s;
}
