/* SPDX-License-Identifier: Apache-2.0 */
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "capture/bpf.h"
#include "ops/ops.h"
#include "suites.h"

/* The kernel module's table, as the module builds it. */
#if defined(__x86_64__)
#define OP_NUMBER(x86_64, aarch64) (x86_64)
#elif defined(__aarch64__)
#define OP_NUMBER(x86_64, aarch64) (aarch64)
#endif
#include "../../systemtap/table.h"

static const uint8_t wire_of[A_COUNT] = {
#define ARG(kind, key, form, wire) [A_##kind] = WIRE_ARG_##wire,
#include "ops/args.def"
};

static const struct row *row_of_op(int op)
{
	long number = op_nr((enum op_id)op);

	return number < 0 ? NULL : &rows[number];
}

static bool is_value(int op, int arg)
{
	uint8_t wire = wire_of[ops[op].arg[arg]];

	return wire == WIRE_ARG_VALUE || wire == WIRE_ARG_FARG || wire == WIRE_ARG_IARG;
}

START_TEST(every_call_is_watched)
{
	int op, i, watched = 0;

	rows_init();
	for (op = 0; op < OP_COUNT; op++) {
		const struct row *row = row_of_op(op);

		if (!row)
			continue;
		ck_assert_msg(row->what == ROW_CALL, "%s", ops[op].name);
		ck_assert_int_eq(row->op, op + 1);
		for (i = 0; i < OP_ARGS; i++)
			ck_assert_int_eq(row->kind[i], ops[op].arg[i]);
		watched++;
	}
	for (i = 0; i < ROW_NUMBERS; i++)
		watched -= rows[i].what == ROW_CALL;
	ck_assert_int_eq(watched, 0);
}
END_TEST

START_TEST(programs_look_at_what_is_wanted)
{
	static struct bpf_row to[BPF_ROWS];
	static uint16_t opcodes[BPF_OPCODES];
	bool wanted[OP_COUNT];
	int op;

	for (op = 0; op < OP_COUNT; op++)
		wanted[op] = op != OP_write && op != OP_newfstatat;
	bpf_rows(to, opcodes, wanted);
	for (op = 0; op < OP_COUNT; op++)
		if (op_nr((enum op_id)op) >= 0)
			ck_assert_msg((to[op_nr((enum op_id)op)].what == ROW_NOT_WATCHED) == !wanted[op], "%s",
				ops[op].name);
	ck_assert_int_eq(to[SYS_setuid].what, ROW_IDENTITY);
}
END_TEST

/* Of what -F says. */
START_TEST(programs_ask_what_is_needed)
{
	static struct bpf_row to[BPF_ROWS];
	static uint16_t opcodes[BPF_OPCODES];
	struct bpf_needs ids = {0};
	struct chosen *c = NULL;
	struct err err = {0};

	ck_assert_int_eq(chosen_new(&c, NULL, "error && pid in (3, 4) || op==fsync && latency>1us", &err), 0);
	bpf_rows(to, opcodes, chosen_ops(c));
	bpf_need(to, &ids, chosen_needs(c));
	ck_assert_int_eq(to[SYS_read].need, WIRE_NEED_FAILED | WIRE_NEED_PIDS);
	ck_assert_int_eq(to[SYS_fsync].need, 0); /* may be an error of whoever took no time */
	ck_assert_int_eq(to[SYS_openat].need | to[SYS_close].need | to[SYS_clone].need | to[SYS_mmap].need, 0);
	ck_assert(ids.pid_count == 2 && ids.pids[0] == 3 && ids.pids[1] == 4 && ids.tid_count == 0);
	chosen_free(c);
	ck_assert_int_eq(chosen_new(&c, NULL, "latency>1us && op in (fsync, openat, io_submit, mmap)", &err), 0);
	bpf_rows(to, opcodes, chosen_ops(c));
	bpf_need(to, &ids, chosen_needs(c));
	ck_assert_int_eq(to[SYS_fsync].need, WIRE_NEED_LATENCY);
	ck_assert_uint_eq(to[SYS_fsync].latency, 1001);
	ck_assert_int_eq(to[SYS_openat].need | to[SYS_io_submit].need | to[SYS_mmap].need, 0);
	ck_assert_int_eq(to[SYS_read].what, ROW_NOT_WATCHED);
	chosen_free(c);
	ck_assert_int_eq(chosen_new(&c, NULL, "error && gap>1us", &err), 0); /* a call that worked is before the gap */
	ck_assert_ptr_null(chosen_needs(c));
	chosen_free(c);
}
END_TEST

/* What src/capture/bpf/direct.h does not know of must not come to it. */
START_TEST(direct_calls_have_one_name_and_one_file)
{
	static const int direct[] = {SYS_read, SYS_pread64, SYS_write, SYS_close, SYS_lseek, SYS_fsync, SYS_openat,
		SYS_newfstatat, SYS_fstat, SYS_unlinkat, SYS_getdents64};
	static const int others[] = {SYS_mmap, SYS_munmap, SYS_rename, SYS_linkat, SYS_symlinkat, SYS_readv, SYS_fcntl,
		SYS_ioctl, SYS_statx, SYS_openat2, SYS_execve, SYS_clone, SYS_exit_group, SYS_sendmsg, SYS_recvmsg, SYS_bind,
		SYS_chdir, SYS_io_uring_enter, SYS_io_submit, SYS_setuid, SYS_rt_sigreturn, SYS_getppid, SYS_setxattr};
	static struct bpf_row to[BPF_ROWS];
	static uint16_t opcodes[BPF_OPCODES];
	bool wanted[OP_COUNT];
	size_t i;

	memset(wanted, true, sizeof(wanted));
	bpf_rows(to, opcodes, wanted);
	to[SYS_fsync].need = 0;
	to[SYS_fdatasync].need = WIRE_NEED_LATENCY;
	bpf_direct(to);
	for (i = 0; i < sizeof(direct) / sizeof(*direct); i++)
		ck_assert_msg(to[direct[i]].direct, "%d", direct[i]);
	for (i = 0; i < sizeof(others) / sizeof(*others); i++)
		ck_assert_msg(!to[others[i]].direct, "%d", others[i]);
	ck_assert(!to[SYS_fdatasync].direct);
	wanted[OP_read] = false;
	bpf_rows(to, opcodes, wanted);
	bpf_direct(to);
	ck_assert(!to[SYS_read].direct);
}
END_TEST

/* In the order in which the reader takes them. */
START_TEST(values_are_those_of_the_row)
{
	int op, i;

	rows_init();
	for (op = 0; op < OP_COUNT; op++) {
		const struct row *row = row_of_op(op);
		unsigned n = 0;

		for (i = 0; row && i < OP_ARGS; i++)
			if (is_value(op, i))
				ck_assert_int_eq(row->value[n++], i);
		if (row)
			ck_assert_uint_eq(row->values, n);
	}
}
END_TEST

START_TEST(what_must_be_fetched)
{
	int op, i;

	rows_init();
	for (op = 0; op < OP_COUNT; op++) {
		const struct row *row = row_of_op(op);
		bool items = row && row->facts != FACTS_NONE;

		for (i = 0; row && i < OP_ARGS; i++)
			items |= wire_of[ops[op].arg[i]] > WIRE_ARG_VALUE;
		if (row)
			ck_assert_msg(!!(row->flags & ROW_HAS_ITEMS) == items, "%s", ops[op].name);
	}
}
END_TEST

START_TEST(calls_that_are_special)
{
	int op;

	rows_init();
	for (op = 0; op < OP_COUNT; op++) {
		const struct row *row = row_of_op(op);
		bool opens = (ops[op].flags & OPF_NEWFD) &&
			(op_has((enum op_id)op, A_PATH) || op == OP_open_by_handle_at);

		if (!row)
			continue;
		ck_assert_int_eq(!!(row->flags & ROW_FORKS), !!(ops[op].flags & OPF_FORK));
		ck_assert_int_eq(row->facts == FACTS_OF_RESULT, opens);
		if (row->facts == FACTS_OF_STAT || row->facts == FACTS_OF_STATX)
			ck_assert(op_has((enum op_id)op, A_OUT));
	}
	ck_assert_int_eq(row_of_op(OP_newfstatat)->facts, FACTS_OF_STAT);
	ck_assert_int_eq(row_of_op(OP_statx)->facts, FACTS_OF_STATX);
	ck_assert_int_eq(row_of_op(OP_fstatfs)->facts, FACTS_NONE);
	ck_assert(row_of_op(OP_exit_group)->flags & ROW_EXITS);
	ck_assert(row_of_op(OP_execve)->flags & ROW_EXECS);
	ck_assert(row_of_op(OP_chdir)->flags & ROW_MOVES);
	for (op = 0; op < OP_COUNT; op++)
		if (row_of_op(op))
			ck_assert_int_eq(!!(row_of_op(op)->flags & ROW_MEMORY), ops[op].family == FAM_Memory);
}
END_TEST

START_TEST(unrecorded_calls_are_watched)
{
	static const int numbers[] = {
#define UNRECORDED_CALL(x86_64, aarch64, why) OP_NUMBER(x86_64, aarch64),
#include "ops/unrecorded.def"
	};
	size_t i, n = 0;

	rows_init();
	for (i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		ck_assert_int_eq(rows[numbers[i]].what, ROW_UNRECORDED);
	for (i = 0; i < ROW_NUMBERS; i++)
		n += rows[i].what == ROW_UNRECORDED;
	ck_assert_uint_eq(n, sizeof(numbers) / sizeof(*numbers));
}
END_TEST

START_TEST(some_commands_of_ioctl_are_watched)
{
	const struct row *row = &rows[SYS_ioctl];

	rows_init();
	ck_assert(row_takes(row, FICLONE) && row_takes(row, FICLONERANGE));
	ck_assert(row_takes(row, FIDEDUPERANGE) && row_takes(row, FIOCLEX));
	ck_assert(!row_takes(row, TCGETS) && !row_takes(row, 0) && !row_takes(row, UINT32_MAX));
	ck_assert(row_takes(&rows[SYS_fcntl], TCGETS));
}
END_TEST

Suite *rows_suite(void)
{
	TCase *tc;
	Suite *s = suite_with("rows", &tc);

	tcase_add_test(tc, programs_look_at_what_is_wanted);
	tcase_add_test(tc, programs_ask_what_is_needed);
	tcase_add_test(tc, every_call_is_watched);
	tcase_add_test(tc, direct_calls_have_one_name_and_one_file);
	tcase_add_test(tc, values_are_those_of_the_row);
	tcase_add_test(tc, what_must_be_fetched);
	tcase_add_test(tc, calls_that_are_special);
	tcase_add_test(tc, unrecorded_calls_are_watched);
	tcase_add_test(tc, some_commands_of_ioctl_are_watched);
	return s;
}
