/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/btrfs.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ops/compat.h"
#include "ops/flags.h"
#include "ops/ioctl.h"
#include "ops/ops.h"
#include "ops/words.h"
#include "suites.h"

START_TEST(words_choose_operations)
{
	bool w[OP_COUNT];
	struct err err = {0};

	ck_assert_int_eq(words_choose(w, "READ,pwrite*", "-E", &err), 0);
	ck_assert(w[OP_read] && w[OP_getdents64] && w[OP_pwritev2] && !w[OP_write] && !w[OP_openat]);
	ck_assert_int_eq(words_choose(w, "FS,!*stat*,newfstatat", "-E", &err), 0);
	ck_assert(w[OP_read] && w[OP_newfstatat] && !w[OP_statx] && !w[OP_statfs] && !w[OP_io_submit]);
	ck_assert_int_eq(words_choose(w, "!AIO", "-E", &err), 0);
	ck_assert(w[OP_read] && w[OP_mmap] && !w[OP_io_submit] && !w[OP_io_uring_enter]);
	ck_assert_int_eq(words_choose(w, "FS,fs", "-E", &err), -EINVAL);
	ck_assert_str_eq(err.text, "-E: \"fs\" is no operation, family or class\n  FS,fs\n     ^");
	ck_assert_int_eq(words_choose(w, "!nothing,FS", "-E", &err), -EINVAL);
	ck_assert_str_eq(err.text, "-E: \"nothing\" is no operation, family or class\n  !nothing,FS\n   ^");
	ck_assert_int_eq(words_choose(w, "READ,,WRITE", "-E", &err), -EINVAL);
	ck_assert_int_eq(words_choose(w, "FS,AIO,!futex,!Signals", "-E", &err), 0);
	ck_assert(w[OP_read] && w[OP_io_submit] && !w[OP_mmap]);
	ck_assert_int_eq(words_choose(w, "FS,Sched", "-E", &err), -EINVAL);
	ck_assert_str_eq(err.text, "-E: \"Sched\" names calls that are not recorded\n  FS,Sched\n     ^");
	ck_assert_int_eq(words_choose(w, "State", "-E", &err), -EINVAL);
	ck_assert(words_always(OP_openat) && words_always(OP_close) && words_always(OP_clone3) &&
		words_always(OP_pipe) && words_always(OP_state_fd) && !words_always(OP_read) &&
		!words_always(OP_mmap) && !words_always(OP_fsync));
}
END_TEST

static char text_of[1 << 17];

static bool read_text(const char *path)
{
	FILE *f = fopen(path, "r");
	size_t n = f ? fread(text_of, 1, sizeof(text_of) - 1, f) : 0;

	text_of[n] = '\0';
	if (f)
		fclose(f);
	return n > 0;
}

static int family_of(struct str name)
{
	int op = op_find(name);
	unsigned i;

	if (op >= 0 && op_nr((enum op_id)op) >= 0)
		return (int)ops[op].family;
	for (i = 0; i < other_call_count; i++)
		if (str_eqs(name, other_calls[i].name))
			return (int)other_calls[i].family;
	return -1;
}

/* The call NUMBER is recorded by another name there. */
typedef bool recorded_as_another(unsigned number);

static bool is_compat(unsigned number)
{
#define COMPAT(nr, op, args, how) number == (nr) ||
	return
#include "ops/compat.def"
		false;
}

static bool is_aarch64(unsigned number)
{
	int op;

	for (op = 0; op < OP_COUNT; op++)
		if (ops[op].nr_aarch64 == (int)number)
			return true;
	return is_compat(number) && number >= 403; /* of 32 bits; from there on all architectures have one number */
}

static bool is_none(unsigned number)
{
	(void)number;
	return false;
}

/* Numbers of the kernel's table in HEADER; some stand for another number, and are that one's. */
static void have_families(const char *header, unsigned least, recorded_as_another *is_another)
{
	unsigned calls = 0;
	const char *at;

	ck_assert_msg(read_text(header), "%s", header);
	for (at = text_of; (at = strstr(at, "#define __NR_")); at++) {
		struct str name = {at + strlen("#define __NR_"), 0};
		unsigned number;

		name.len = strcspn(name.s, " \t\n");
		if (sscanf(name.s + name.len, " %u", &number) != 1 || str_eqs(name, "syscalls") ||
			str_eqs(name, "arch_specific_syscall"))
			continue;
		ck_assert_msg(family_of(name) >= 0 || is_another(number), "%.*s of %s has no family", (int)name.len,
			name.s, header);
		calls++;
	}
	ck_assert_uint_ge(calls, least);
}

/* Those of the headers of the kernel that this is built with, which may be older or newer than the table. */
START_TEST(each_call_has_a_family)
{
#ifdef __x86_64__
	bool debian = access("/usr/include/x86_64-linux-gnu/asm/unistd_64.h", F_OK) == 0;

	have_families(debian ? "/usr/include/x86_64-linux-gnu/asm/unistd_64.h" : "/usr/include/asm/unistd_64.h", 300,
		is_none);
	have_families(debian ? "/usr/include/x86_64-linux-gnu/asm/unistd_32.h" : "/usr/include/asm/unistd_32.h", 400,
		is_compat);
#endif
	have_families("/usr/include/asm-generic/unistd.h", 300, is_aarch64); /* aarch64 has no other */
	unsigned i;

	for (i = 0; i < other_call_count; i++)
		ck_assert_msg(op_find(str_of(other_calls[i].name)) < 0, "%s has a row", other_calls[i].name);
}
END_TEST

static void is_in_row(enum op_family family, const char *name, bool recorded)
{
	char start[32], word[64];
	const char *row, *at, *second, *end;

	snprintf(start, sizeof(start), "\n| %s | ", op_family_names[family]);
	snprintf(word, sizeof(word), " %s ", name);
	row = strstr(text_of, start);
	ck_assert_msg(row, "no row of %s", op_family_names[family]);
	row += strlen(start) - 1;
	second = strchr(row, '|');
	end = strchr(row, '\n');
	at = strstr(row, word);
	ck_assert_msg(at && at < end && (at < second) == recorded, "%s is not in its column of %s", name,
		op_family_names[family]);
}

START_TEST(families_stand_in_the_document)
{
	unsigned i;

	ck_assert(read_text(SOURCE_DIR "/docs/families.md"));
	for (i = 0; i < OP_COUNT; i++)
		if (ops[i].nr_x86_64 >= 0 || ops[i].nr_aarch64 >= 0)
			is_in_row(ops[i].family, ops[i].name, true);
	for (i = 0; i < other_call_count; i++)
		is_in_row(other_calls[i].family, other_calls[i].name, false);
}
END_TEST

START_TEST(kernels_do_not_see_what_is_not_wanted)
{
	bool w[OP_COUNT];
	struct err err = {0};
	int op;

	ck_assert_int_eq(words_choose(w, "fsync,READ", "-E", &err), 0);
	for (op = 0; op < OP_COUNT; op++)
		w[op] |= words_always((enum op_id)op);
	ck_assert(words_unseen(w, OP_write) && words_unseen(w, OP_lstat) && words_unseen(w, OP_mmap));
	ck_assert(!words_unseen(w, OP_read) && !words_unseen(w, OP_fsync) && !words_unseen(w, OP_close));
	ck_assert(!words_unseen(w, OP_io_uring_enter) && !words_unseen(w, OP_exit_group));
	ck_assert(!words_unseen(w, OP_map_write)); /* no call */
	ck_assert(!words_unseen(NULL, OP_write));
	w[OP_map_read] = true;
	ck_assert(!words_unseen(w, OP_mmap) && !words_unseen(w, OP_munmap) && words_unseen(w, OP_write));
}
END_TEST

START_TEST(names_and_rows_agree)
{
	char text[64];
	int i;

	for (i = 0; i < OP_COUNT; i++) {
		ck_assert_int_eq(op_find(str_of(ops[i].name)), i);
		memset(text, 'x', sizeof(text));
		memcpy(text, ops[i].name, ops[i].name_len);
		ck_assert_int_eq(op_find_at(text, ops[i].name_len), i);
		text[ops[i].name_len] = '|';
		ck_assert_int_eq(op_find_at(text, ops[i].name_len + 1u), -1);
	}
	ck_assert_int_eq(op_find_at("xxxxxxxx", 0), -1);
	ck_assert_int_eq(op_find(STR("fstatat")), OP_newfstatat);
	ck_assert_int_eq(op_find(STR("llseek")), OP_lseek);
	ck_assert_int_eq(op_find(STR("")), -1);
	ck_assert_int_eq(op_find(STR("rea")), -1);
	ck_assert_int_eq(op_find(STR("io_uring_registeR")), -1);
	ck_assert_int_eq(op_find(STR("io_urinG_register")), -1);
	ck_assert_int_eq(op_find((struct str){"read\0", 5}), -1);
	ck_assert_int_eq(op_find((struct str){"re\0", 3}), -1);
	ck_assert_int_eq(op_find(STR("mmap2")), -1);
}
END_TEST

START_TEST(numbers_are_this_machines)
{
	int i;

	ck_assert_int_eq(op_nr(OP_openat), SYS_openat);
	ck_assert_int_eq(op_nr(OP_statx), SYS_statx);
	ck_assert_int_eq(op_nr(OP_fallocate), SYS_fallocate);
	ck_assert_int_eq(op_nr(OP_exit_group), SYS_exit_group);
	for (i = 0; i < OP_COUNT; i++)
		if (op_nr((enum op_id)i) >= 0)
			ck_assert_int_eq(op_by_nr(op_nr((enum op_id)i)), i);
	ck_assert_int_eq(op_by_nr(-1), -1);
	ck_assert_int_eq(op_by_nr(99999), -1);
}
END_TEST

START_TEST(commands_are_the_kernels)
{
	struct buf name = BUF_INIT;

	ck_assert_uint_eq((unsigned)IOCTL_NR_FICLONE, FICLONE);
	ck_assert_uint_eq((unsigned)IOCTL_NR_FICLONERANGE, FICLONERANGE);
	ck_assert_uint_eq((unsigned)IOCTL_NR_FIDEDUPERANGE, FIDEDUPERANGE);
	ck_assert_uint_eq((unsigned)IOCTL_NR_FS_IOC_FIEMAP, FS_IOC_FIEMAP);
	ck_assert_uint_eq((unsigned)IOCTL_NR_FIBMAP, FIBMAP);
	ck_assert_uint_eq((unsigned)IOCTL_NR_FIGETBSZ, FIGETBSZ);
	ck_assert_uint_eq((unsigned)IOCTL_NR_FIONREAD, FIONREAD);
	ck_assert_uint_eq((unsigned)IOCTL_NR_FIOQSIZE, FIOQSIZE);
	ck_assert_uint_eq((unsigned)IOCTL_NR_FIOCLEX, FIOCLEX);
	ck_assert_uint_eq((unsigned)IOCTL_NR_FIONCLEX, FIONCLEX);
	ck_assert_uint_eq((unsigned)IOCTL_NR_FS_IOC_GETVERSION, FS_IOC_GETVERSION);
	ck_assert_uint_eq((unsigned)IOCTL_NR_FS_IOC_GETFLAGS, FS_IOC_GETFLAGS);
	ck_assert_uint_eq((unsigned)IOCTL_NR_FS_IOC_SETFLAGS, FS_IOC_SETFLAGS);
	ck_assert_uint_eq((unsigned)IOCTL_NR_FS_IOC_FSGETXATTR, FS_IOC_FSGETXATTR);
	ck_assert_uint_eq((unsigned)IOCTL_NR_FS_IOC_FSSETXATTR, FS_IOC_FSSETXATTR);
	ck_assert_uint_eq((unsigned)IOCTL_NR_FS_IOC_RESVSP, _IOW('X', 40, struct ioctl_space));
	ck_assert_uint_eq((unsigned)IOCTL_NR_FS_IOC_ZERO_RANGE, _IOW('X', 57, struct ioctl_space));
	ck_assert_uint_eq(
		(unsigned)IOCTL_NR_EXT4_IOC_MOVE_EXT, _IOWR('f', 15, struct ioctl_move));
	ck_assert_uint_eq((unsigned)IOCTL_NR_BTRFS_IOC_SUBVOL_CREATE, BTRFS_IOC_SUBVOL_CREATE);
	ck_assert_uint_eq((unsigned)IOCTL_NR_BTRFS_IOC_SNAP_DESTROY_V2, BTRFS_IOC_SNAP_DESTROY_V2);
	ck_assert_uint_eq(ioctl_bytes[IOCTL_CLONE], sizeof(struct file_clone_range));
	ck_assert_uint_eq(ioctl_bytes[IOCTL_DEDUPE], sizeof(struct file_dedupe_range));
	ck_assert_uint_eq(IOCTL_DEDUPE_DEST, sizeof(struct file_dedupe_range_info));
	ck_assert_uint_eq(ioctl_bytes[IOCTL_FIEMAP], sizeof(struct fiemap));
	ck_assert_uint_eq(ioctl_bytes[IOCTL_FSXATTR], sizeof(struct fsxattr));
	ck_assert_uint_eq(ioctl_bytes[IOCTL_SPACE], sizeof(struct ioctl_space));
	ck_assert_uint_eq(ioctl_bytes[IOCTL_MOVE], sizeof(struct ioctl_move));
	ck_assert_int_eq(ioctl_shape(FICLONE), IOCTL_FD);
	ck_assert_int_eq(ioctl_shape(TCGETS), -1);
	flags_print(&name, A_ICMD, FICLONE);
	ck_assert(str_eqs(buf_as_str(&name), "FICLONE"));
	buf_free(&name);
}
END_TEST

/* What the formats rely on: within a row a key stands for one argument, and none is t D i o s x. */
START_TEST(keys_of_a_row_are_unlike)
{
	int op, i, j;

	for (op = 0; op < OP_COUNT; op++)
		for (i = 0; i < OP_ARGS; i++) {
			char key = arg_infos[ops[op].arg[i]].key;

			if (!key)
				continue;
			ck_assert_msg(!strchr("tDiosx", key), "%s: key %c", ops[op].name, key);
			for (j = 0; j < i; j++)
				ck_assert_msg(arg_infos[ops[op].arg[j]].key != key,
					"%s: key %c twice", ops[op].name, key);
		}
}
END_TEST

START_TEST(recorded_arguments_have_keys)
{
	int i;

	for (i = 0; i < A_COUNT; i++)
		ck_assert_msg((arg_infos[i].key != 0) == (arg_infos[i].form != FORM_NONE), "%s",
			arg_infos[i].name);
}
END_TEST

START_TEST(states_are_no_calls)
{
	int i;

	for (i = 0; i < OP_COUNT; i++)
		if (ops[i].flags & (OPF_STATE | OPF_LAYER))
			ck_assert_int_eq(op_nr((enum op_id)i), -1);
}
END_TEST

START_TEST(arguments_are_found)
{
	ck_assert_int_eq(op_arg_index(OP_openat, A_PATH), 1);
	ck_assert_int_eq(op_arg_index(OP_openat, A_LEN), -1);
	ck_assert(op_has(OP_renameat, A_PATH2));
	ck_assert(!op_has(OP_rename, A_DIRFD));
}
END_TEST

static void check_flags(enum arg_kind kind, uint64_t value)
{
	struct buf b = BUF_INIT;
	uint64_t back = ~value;

	flags_print(&b, kind, value);
	ck_assert_msg(flags_parse(kind, buf_as_str(&b), &back) == 0 && back == value,
		"%s: 0x%llx printed as %.*s read as 0x%llx", arg_infos[kind].name,
		(unsigned long long)value, (int)b.len, b.p, (unsigned long long)back);
	buf_free(&b);
}

START_TEST(flags_are_read_as_printed)
{
	uint64_t x = 1;
	int kind, i;

	for (kind = 0; kind < A_COUNT; kind++) {
		if (arg_infos[kind].form != FORM_FLAGS)
			continue;
		for (i = 0; i < 64; i++)
			check_flags((enum arg_kind)kind, (uint64_t)1 << i);
		for (i = 0; i < 2048; i++)
			check_flags((enum arg_kind)kind, (uint64_t)i);
		for (i = 0; i < 1000; i++) {
			x = x * 6364136223846793005u + 1442695040888963407u;
			check_flags((enum arg_kind)kind, x);
			check_flags((enum arg_kind)kind, x >> 40);
		}
		check_flags((enum arg_kind)kind, UINT64_MAX);
		check_flags((enum arg_kind)kind, 0);
	}
}
END_TEST

static void flags_text(enum arg_kind kind, uint64_t value, const char *want)
{
	struct buf b = BUF_INIT;

	flags_print(&b, kind, value);
	ck_assert_msg(str_eqs(buf_as_str(&b), want), "%.*s instead of %s", (int)b.len, b.p, want);
	buf_free(&b);
}

START_TEST(flags_have_the_names_of_the_manuals)
{
	flags_text(A_OFLAGS, O_WRONLY | O_CREAT | O_TRUNC, "O_WRONLY+O_CREAT+O_TRUNC");
	flags_text(A_OFLAGS, O_RDONLY, "O_RDONLY");
	flags_text(A_OFLAGS, O_SYNC | O_RDWR, "O_RDWR+O_SYNC");
	flags_text(A_OFLAGS, O_DSYNC | O_RDWR, "O_RDWR+O_DSYNC");
	flags_text(A_OFLAGS, O_TMPFILE | O_RDWR, "O_RDWR+O_TMPFILE");
	flags_text(A_OFLAGS, O_DIRECTORY, "O_RDONLY+O_DIRECTORY");
	flags_text(A_WHENCE, 4, "SEEK_HOLE");
	flags_text(A_ADVICE, 0, "POSIX_FADV_NORMAL");
	flags_text(A_FCMD, F_SETLKW, "F_SETLKW");
	flags_text(A_ATFLAGS, 0, "0");
	flags_text(A_ATFLAGS, AT_EMPTY_PATH | 1, "AT_EMPTY_PATH+0x1");
}
END_TEST

START_TEST(unknown_flags_are_refused)
{
	uint64_t v;

	ck_assert_int_eq(flags_parse(A_OFLAGS, STR("O_SPEED"), &v), -EINVAL);
	ck_assert_int_eq(flags_parse(A_OFLAGS, STR(""), &v), -EINVAL);
	ck_assert_int_eq(flags_parse(A_OFLAGS, STR("O_RDWR+"), &v), -EINVAL);
	ck_assert_int_eq(flags_parse(A_OFLAGS, STR("SEEK_SET"), &v), -EINVAL);
	ck_assert_int_eq(flags_parse(A_OFLAGS, STR("O_RDWR+0x40"), &v), 0);
	ck_assert_uint_eq(v, O_RDWR | 0x40);
	ck_assert_int_eq(flags_parse(A_ATFLAGS, STR("AT_EACCESS"), &v), 0);
	ck_assert_uint_eq(v, 0x200);
}
END_TEST

START_TEST(open_flags_cross_architectures)
{
#ifdef __x86_64__
	const uint64_t arm_direct = 0200000, arm_directory = 040000, arm_nofollow = 0100000;

	ck_assert_uint_eq(flags_open_from(STR("aarch64"), arm_direct | O_CREAT), O_DIRECT | O_CREAT);
	ck_assert_uint_eq(flags_open_from(STR("aarch64"), arm_directory), O_DIRECTORY);
	ck_assert_uint_eq(flags_open_from(STR("aarch64"), arm_nofollow), O_NOFOLLOW);
	ck_assert_uint_eq(flags_open_from(STR("x86_64"), O_DIRECT), O_DIRECT);
#endif
	ck_assert_uint_eq(flags_open_from(STR(""), O_DIRECT), O_DIRECT);
}
END_TEST

Suite *ops_suite(void)
{
	TCase *tc;
	Suite *s = suite_with("ops", &tc);

	tcase_add_test(tc, words_choose_operations);
	tcase_add_test(tc, each_call_has_a_family);
	tcase_add_test(tc, families_stand_in_the_document);
	tcase_add_test(tc, kernels_do_not_see_what_is_not_wanted);
	tcase_add_test(tc, names_and_rows_agree);
	tcase_add_test(tc, numbers_are_this_machines);
	tcase_add_test(tc, commands_are_the_kernels);
	tcase_add_test(tc, keys_of_a_row_are_unlike);
	tcase_add_test(tc, recorded_arguments_have_keys);
	tcase_add_test(tc, states_are_no_calls);
	tcase_add_test(tc, arguments_are_found);
	tcase_add_test(tc, flags_are_read_as_printed);
	tcase_add_test(tc, flags_have_the_names_of_the_manuals);
	tcase_add_test(tc, unknown_flags_are_refused);
	tcase_add_test(tc, open_flags_cross_architectures);
	return s;
}
