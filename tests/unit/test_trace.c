/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <zstd.h>

#include "suites.h"
#include "tempdir.h"
#include "trace/escape.h"
#include "trace/values.h"
#include "trace/lines.h"
#include "trace/outfile.h"
#include "trace/replay.h"

/* ---- escape ---- */

static void check_escape(struct str raw, const char *want)
{
	struct buf out = BUF_INIT, back = BUF_INIT;

	escape_add(&out, raw);
	if (want)
		ck_assert_msg(str_eqs(buf_as_str(&out), want), "%.*s", (int)out.len, out.p);
	ck_assert_int_eq(escape_decode(&back, buf_as_str(&out)), 0);
	ck_assert(str_eq(buf_as_str(&back), raw));
	buf_free(&out);
	buf_free(&back);
}

START_TEST(escape_keeps_every_byte)
{
	char bytes[256];
	int i;

	for (i = 0; i < 256; i++) {
		bytes[i] = (char)i;
		check_escape((struct str){bytes + i, 1}, NULL);
	}
	check_escape((struct str){bytes, 256}, NULL);
	check_escape(STR(""), "");
	check_escape(STR("a;b|c\\d\ne\x7f"), "a\\x3bb\\x7cc\\\\d\\x0ae\\x7f");
	check_escape(STR("\xff\xc3\xa4=,:"), "\xff\xc3\xa4=,:");
}
END_TEST

START_TEST(bad_escapes_are_refused)
{
	static const char *const bad[] = {"\\", "\\x", "\\x1", "\\xg1", "\\x1g", "\\n", "a\\"};
	struct buf out = BUF_INIT;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ck_assert_int_eq(escape_decode(&out, str_of(bad[i])), -EINVAL);
	out.len = 0;
	ck_assert_int_eq(escape_decode(&out, STR("\\x4A\\x4a")), 0);
	ck_assert(str_eqs(buf_as_str(&out), "JJ"));
	buf_free(&out);
}
END_TEST

/* ---- errno names ---- */

static void check_tuples(const char *text, const char *back, const uint64_t *want, size_t n)
{
	static const struct tuple_info three = {3, 4}; /* the last one is signed */
	struct buf b = BUF_INIT;
	u64_vec vec = {0};

	ck_assert_int_eq(value_tuples(&vec, str_of(text), &three), 0);
	ck_assert_uint_eq(vec.n, n);
	ck_assert(vec.v && memcmp(vec.v, want, n * sizeof(*want)) == 0);
	value_print_tuples(&b, &three, vec.v, (uint32_t)vec.n);
	ck_assert_msg(str_eqs(buf_as_str(&b), back), "%.*s", (int)b.len, b.p);
	buf_free(&b);
	vec_free(&vec);
}

START_TEST(tuples_come_back)
{
	const uint64_t none[1] = {0}, plain[6] = {7, 0, 5, 1, 2, 3};
	const uint64_t low[6] = {0, 0, 0, UINT64_MAX, 0, (uint64_t)INT64_MIN};

	check_tuples("-", "-", none, 0);
	check_tuples("7:0:5,1:2:3", "7:0:5,1:2:3", plain, 6);
	check_tuples("0,18446744073709551615:0:-9223372036854775808",
		"0,18446744073709551615:0:-9223372036854775808", low, 6);
	check_tuples("7:0:5,1:2", "7:0:5,1:2", (uint64_t[6]){7, 0, 5, 1, 2, 0}, 6);
	check_tuples("0:0:0", "0", (uint64_t[3]){0}, 3);
}
END_TEST

START_TEST(bad_tuples_are_refused)
{
	static const struct tuple_info three = {3, 4};
	static const char *const bad[] = {"", "1:2:3:4", "1::3", ":", "1,", ",1", "-1:0:0", "1:-2",
		"1:2:18446744073709551615", "18446744073709551616", "a", "1;2", "1:2:-", "--", "1:2:3,-"};
	u64_vec vec = {0};
	struct buf b = BUF_INIT;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ck_assert_msg(value_tuples(&vec, str_of(bad[i]), &three) == -EINVAL, "%s", bad[i]);
	for (i = 0; i < REC_TUPLES_MAX / 3; i++)
		buf_puts(&b, i ? ",1" : "1");
	ck_assert_int_eq(value_tuples(&vec, buf_as_str(&b), &three), 0);
	ck_assert_uint_eq(vec.n, REC_TUPLES_MAX / 3 * 3);
	buf_puts(&b, ",1");
	ck_assert_int_eq(value_tuples(&vec, buf_as_str(&b), &three), -EINVAL);
	ck_assert_int_eq(value_tuples(&vec, STR("1"), &(struct tuple_info){0}), -EINVAL);
	b.len = 0;
	value_print_tuples(&b, &three, (uint64_t[]){1, 2, 3, 4}, 4); /* the rest is no tuple */
	ck_assert(str_eqs(buf_as_str(&b), "1:2:3"));
	buf_free(&b);
	vec_free(&vec);
}
END_TEST

/* Of any length, at the end of a line of a file and with any byte behind them. */
START_TEST(digits_in_a_line_are_taken_as_in_a_string)
{
	size_t digits, behind, i;
	int c;

	for (digits = 0; digits < 28; digits++)
		for (behind = 0; behind < 10; behind++)
			for (c = 0; c < 256; c += behind ? 1 : 256) {
				size_t len = digits + behind;
				char *text = malloc(len + LINES_SLACK);
				const char *p = text;
				struct str s = {text, len};
				uint64_t x = 1, y = 2;

				memset(text + len, c, LINES_SLACK);
				text[len] = '\n';
				for (i = 0; i < digits; i++)
					text[i] = (char)('0' + (i * 7 + digits + behind) % 10);
				memset(text + digits, c, behind);
				ck_assert_uint_eq(value_run(&p, &x), value_take_digits(&s, &y));
				ck_assert_ptr_eq(p, s.s);
				if (p > text && p - text <= VALUE_DIGITS)
					ck_assert_uint_eq(x, y);
				free(text);
			}
}
END_TEST

START_TEST(a_byte_is_found_in_a_line)
{
	char text[40 + LINES_SLACK];
	size_t len, at;

	for (len = 0; len <= 40; len++)
		for (at = 0; at <= len + 2; at++) {
			memset(text, '@' + 1, sizeof(text));
			text[at] = '@';
			ck_assert_ptr_eq(value_find(text, text + len, '@'), text + (at < len ? at : len));
		}
}
END_TEST

START_TEST(errno_names_go_both_ways)
{
	int code, known = 0;

	for (code = 1; code < 200; code++) {
		if (!errno_name(code))
			continue;
		known++;
		ck_assert_int_eq(errno_by_name(str_of(errno_name(code))), code);
	}
	ck_assert_int_eq(known, 131);
	ck_assert_str_eq(errno_name(ENOENT), "ENOENT");
	ck_assert_int_eq(errno_by_name(STR("EWOULDBLOCK")), EAGAIN);
	ck_assert_int_eq(errno_by_name(STR("ENOTSUP")), EOPNOTSUPP);
	ck_assert_int_eq(errno_by_name(STR("EWHAT")), 0);
	ck_assert_int_eq(errno_by_name(STR("")), 0);
	ck_assert_ptr_null(errno_name(0));
	ck_assert_ptr_null(errno_name(-1));
	ck_assert_ptr_null(errno_name(512));
}
END_TEST

/* ---- lines ---- */

/* Reads NAME to its end; every line must be its number in decimal. Returns how many there were. */
static uint64_t count_lines(const char *name, bool *cut)
{
	struct err err = {0};
	struct lines *l;
	struct str line;
	uint64_t n = 0, v;
	int rc;

	ck_assert_int_eq(lines_open(&l, name, &err), 0);
	while ((rc = lines_next(l, &line, &err)) == 1) {
		/* each ck_assert is a message to the parent, which keeps its memory */
		if (str_u64(line, &v) || v != ++n || lines_number(l) != n)
			ck_abort_msg("line %llu: %.*s", (unsigned long long)n, (int)line.len, line.s);
	}
	ck_assert_msg(rc == 0, "%s", err.text);
	ck_assert_int_eq(lines_next(l, &line, &err), 0);
	*cut = lines_cut(l);
	lines_close(l);
	return n;
}

static void write_lines(const char *name, int from, int to, enum outfile_mode mode)
{
	struct err err = {0};
	struct outfile *f;
	char text[32];
	int i;

	ck_assert_int_eq(outfile_open(&f, name, mode, &err), 0);
	for (i = from; i <= to; i++) {
		int len = snprintf(text, sizeof(text), "%d\n", i);

		if (outfile_write(f, text, (size_t)len, &err))
			ck_abort_msg("%s", err.text);
	}
	ck_assert_int_eq(outfile_commit(f, &err), 0);
}

START_TEST(lines_are_read_as_written)
{
	struct tempdir t;
	bool cut;

	tempdir_enter(&t);
	write_lines("plain", 1, 200000, OUTFILE_WHOLE);
	ck_assert_uint_eq(count_lines("plain", &cut), 200000);
	ck_assert(!cut);
	write_lines("packed.zst", 1, 200000, OUTFILE_WHOLE);
	ck_assert_int_eq(rename("packed.zst", "packed"), 0); /* its bytes tell, not its name */
	ck_assert_uint_eq(count_lines("packed", &cut), 200000);
	ck_assert(!cut);
	tempdir_leave(&t);
}
END_TEST

START_TEST(frames_one_behind_the_other)
{
	static char data[1 << 20];
	struct tempdir t;
	size_t n;
	bool cut;

	tempdir_enter(&t);
	write_lines("a.zst", 1, 1000, OUTFILE_WHOLE);
	write_lines("b.zst", 1001, 5000, OUTFILE_WHOLE);
	n = file_get("a.zst", data, sizeof(data));
	n += file_get("b.zst", data + n, sizeof(data) - n);
	file_put("both", data, n);
	ck_assert_uint_eq(count_lines("both", &cut), 5000);
	ck_assert(!cut);
	tempdir_leave(&t);
}
END_TEST

START_TEST(a_plain_file_may_be_cut_anywhere)
{
	struct tempdir t;
	char text[] = "1\n2\n3\n";
	size_t len;
	bool cut;

	tempdir_enter(&t);
	for (len = 0; len < sizeof(text); len++) {
		file_put("f", text, len);
		ck_assert_uint_eq(count_lines("f", &cut), len / 2);
		ck_assert(cut == (len % 2 == 1));
	}
	tempdir_leave(&t);
}
END_TEST

/* Each outfile_sync() ends a block: what was synced before the cut must be there. */
START_TEST(a_packed_file_may_be_cut_anywhere)
{
	static char data[1 << 16];
	struct err err = {0};
	struct outfile *f;
	struct tempdir t;
	size_t ends[10], len, i;
	char text[32];
	bool cut;

	tempdir_enter(&t);
	ck_assert_int_eq(outfile_open(&f, "live.zst", OUTFILE_LIVE, &err), 0);
	for (i = 0; i < 10; i++) {
		int n = snprintf(text, sizeof(text), "%zu\n", i + 1);

		ck_assert_int_eq(outfile_write(f, text, (size_t)n, &err), 0);
		ck_assert_int_eq(outfile_sync(f, &err), 0);
		ends[i] = file_get("live.zst", data, sizeof(data));
		ck_assert_uint_eq(count_lines("live.zst", &cut), i + 1);
		ck_assert(cut);
	}
	ck_assert_int_eq(outfile_commit(f, &err), 0);
	len = file_get("live.zst", data, sizeof(data));
	for (; len > 4; len--) {
		size_t whole = 0;

		file_put("cut", data, len - 1);
		while (whole < 10 && ends[whole] <= len - 1)
			whole++;
		if (len > 5)
			ck_assert_uint_eq(count_lines("cut", &cut), whole);
		ck_assert(cut);
	}
	tempdir_leave(&t);
}
END_TEST

START_TEST(damage_is_told_after_what_was_whole)
{
	static char data[1 << 20];
	struct err err = {0};
	struct tempdir t;
	struct lines *l;
	struct str line;
	size_t n, lines = 0;
	int rc;

	tempdir_enter(&t);
	write_lines("f.zst", 1, 100000, OUTFILE_WHOLE);
	n = file_get("f.zst", data, sizeof(data));
	memset(data + n - n / 4, 0x55, 64);
	file_put("f.zst", data, n);
	ck_assert_int_eq(lines_open(&l, "f.zst", &err), 0);
	while ((rc = lines_next(l, &line, &err)) == 1)
		lines++;
	ck_assert_int_eq(rc, -EBADMSG);
	ck_assert_ptr_nonnull(strstr(err.text, "f.zst is damaged"));
	ck_assert_int_eq(lines_next(l, &line, &err), -EBADMSG);
	ck_assert_uint_gt(lines, 1000);
	lines_close(l);
	tempdir_leave(&t);
}
END_TEST

START_TEST(a_line_too_long_is_passed_over)
{
	struct err err = {0};
	size_t len = LINES_MAX + 100000;
	char *text = malloc(len + 6);
	struct tempdir t;
	struct lines *l;
	struct str line;

	memset(text, 'x', len);
	memcpy(text, "1\n", 2);
	memcpy(text + len, "\n3\n4\n", 5);
	tempdir_enter(&t);
	file_put("f", text, len + 5);
	ck_assert_int_eq(lines_open(&l, "f", &err), 0);
	ck_assert_int_eq(lines_next(l, &line, &err), 1);
	ck_assert_int_eq(lines_next(l, &line, &err), -EINVAL);
	ck_assert_str_eq(err.text, "f:2: the line is longer than 4194304 bytes");
	ck_assert_int_eq(lines_next(l, &line, &err), 1);
	ck_assert(str_eqs(line, "3"));
	ck_assert_uint_eq(lines_number(l), 3);
	ck_assert_int_eq(lines_next(l, &line, &err), 1);
	ck_assert_int_eq(lines_next(l, &line, &err), 0);
	ck_assert(!lines_cut(l));
	ck_assert(lines_progress(l) == 1);
	lines_close(l);
	/* exactly at the limit it is a line */
	memset(text, 'y', LINES_MAX);
	text[LINES_MAX] = '\n';
	file_put("f", text, LINES_MAX + 1);
	ck_assert_int_eq(lines_open(&l, "f", &err), 0);
	ck_assert_int_eq(lines_next(l, &line, &err), 1);
	ck_assert_uint_eq(line.len, LINES_MAX);
	lines_close(l);
	free(text);
	tempdir_leave(&t);
}
END_TEST

/* Blocks of whole lines are what the lines one by one are, and what is given back comes again. */
START_TEST(blocks_are_whole_lines)
{
	static const char long_line[40000] = {[0 ... 39998] = 'x'}, ends[10000] = {[0 ... 9999] = '\n'};
	struct err err = {0};
	struct buf text = BUF_INIT, block = BUF_INIT, all = BUF_INIT;
	struct tempdir t;
	struct lines *l;
	size_t n, i, blocks = 0, lines = 0;
	int rc;

	for (i = 0; i < 30000; i++)
		buf_addf(&text, "%zu%s\n", i, i % 7001 == 50 ? long_line : "");
	ck_assert_uint_eq(lines_count(buf_as_str(&text)), 30000);
	for (i = 0; i < sizeof(ends); i++)
		ck_assert_uint_eq(lines_count((struct str){ends, i}), i);
	tempdir_enter(&t);
	file_put("f", text.p, text.len);
	ck_assert_int_eq(lines_open(&l, "f", &err), 0);
	while (block.len = n = 0, (rc = lines_block(l, &block, &n, &err)) == 1) {
		ck_assert_uint_gt(n, 0);
		ck_assert_uint_eq(block.p[block.len - 1], '\n');
		ck_assert_uint_eq(lines_count(buf_as_str(&block)), n);
		ck_assert_uint_eq(lines_number(l), lines + n);
		if (n > 1 && blocks++ % 2) { /* the last one again, with the next block */
			const char *last = memrchr(block.p, '\n', block.len - 1);
			size_t back = (size_t)(block.p + block.len - 1 - last);

			lines_unread(l, back, 1);
			block.len -= back;
			n--;
		}
		lines += n;
		buf_str(&all, buf_as_str(&block));
	}
	ck_assert_int_eq(rc, 0);
	ck_assert_uint_eq(lines, 30000);
	ck_assert(str_eq(buf_as_str(&all), buf_as_str(&text)));
	lines_close(l);
	buf_free(&text);
	buf_free(&block);
	buf_free(&all);
	tempdir_leave(&t);
}
END_TEST

START_TEST(lines_of_nothing)
{
	struct err err = {0};
	struct tempdir t;
	struct lines *l;
	bool cut;

	tempdir_enter(&t);
	file_put("empty", "", 0);
	ck_assert_uint_eq(count_lines("empty", &cut), 0);
	ck_assert(!cut);
	ck_assert_int_eq(lines_open(&l, "none", &err), -ENOENT);
	ck_assert_str_eq(err.text, "cannot open none: No such file or directory");
	ck_assert_ptr_null(l);
	ck_assert_int_eq(lines_open(&l, ".", &err), -EISDIR);
	ck_assert_str_eq(err.text, "cannot read .: Is a directory");
	tempdir_leave(&t);
}
END_TEST

/* ---- output files ---- */

static int entries(void)
{
	DIR *d = opendir(".");
	int n = -2; /* "." and ".." */

	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static mode_t mode_of(const char *name)
{
	struct stat st;

	ck_assert_int_eq(stat(name, &st), 0);
	return st.st_mode & 07777;
}

START_TEST(a_whole_file_appears_at_once)
{
	struct err err = {0};
	struct outfile *f;
	struct tempdir t;
	char text[64];

	tempdir_enter(&t);
	umask(027);
	file_put("f", "old", 3);
	ck_assert_int_eq(outfile_open(&f, "f", OUTFILE_WHOLE, &err), 0);
	ck_assert_int_eq(outfile_write(f, "new\n", 4, &err), 0);
	ck_assert_int_eq(outfile_sync(f, &err), 0);
	ck_assert_uint_eq(file_get("f", text, sizeof(text)), 3);
	ck_assert_uint_eq(outfile_bytes(f), 4);
	ck_assert_int_eq(outfile_commit(f, &err), 0);
	ck_assert_uint_eq(file_get("f", text, sizeof(text)), 4);
	ck_assert_int_eq(mode_of("f"), 0640);
	ck_assert_int_eq(entries(), 1);
	tempdir_leave(&t);
}
END_TEST

START_TEST(an_aborted_file_leaves_nothing)
{
	struct err err = {0};
	struct outfile *f;
	struct tempdir t;

	tempdir_enter(&t);
	ck_assert_int_eq(outfile_open(&f, "f", OUTFILE_WHOLE, &err), 0);
	ck_assert_int_eq(outfile_write(f, "new\n", 4, &err), 0);
	outfile_abort(f);
	ck_assert_int_eq(outfile_open(&f, "g", OUTFILE_LIVE, &err), 0);
	ck_assert_int_eq(entries(), 1);
	outfile_abort(f);
	ck_assert_int_eq(entries(), 0);
	outfile_abort(NULL);
	tempdir_leave(&t);
}
END_TEST

START_TEST(a_live_file_stays_once_synced)
{
	struct err err = {0};
	struct outfile *f;
	struct tempdir t;
	char text[64];

	tempdir_enter(&t);
	ck_assert_int_eq(outfile_open(&f, "g", OUTFILE_LIVE, &err), 0);
	ck_assert_int_eq(outfile_write(f, "one\n", 4, &err), 0);
	ck_assert_int_eq(outfile_sync(f, &err), 0);
	ck_assert_int_eq(outfile_write(f, "two\n", 4, &err), 0);
	outfile_abort(f);
	ck_assert_uint_eq(file_get("g", text, sizeof(text)), 4);
	tempdir_leave(&t);
}
END_TEST

START_TEST(a_killed_process_leaves_nothing)
{
	struct tempdir t;
	int status;
	pid_t pid;

	tempdir_enter(&t);
	pid = fork();
	if (pid == 0) {
		struct outfile *f;

		signal(SIGTERM, SIG_DFL); /* Check has a handler */
		if (outfile_open(&f, "f", OUTFILE_WHOLE, NULL) == 0 &&
			outfile_write(f, "x", 1, NULL) == 0)
			raise(SIGTERM);
		_exit(1);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(entries(), 0);
	tempdir_leave(&t);
}
END_TEST

START_TEST(long_names_have_room_for_the_temporary_one)
{
	struct err err = {0};
	struct outfile *f;
	struct tempdir t;
	char name[256];

	tempdir_enter(&t);
	memset(name, 'n', 255);
	name[255] = '\0';
	file_put(name, "old", 3);
	ck_assert_int_eq(outfile_open(&f, name, OUTFILE_WHOLE, &err), 0);
	ck_assert_int_eq(outfile_commit(f, &err), 0);
	ck_assert_int_eq(entries(), 1);
	tempdir_leave(&t);
}
END_TEST

/* Makes openat(2) with O_TMPFILE fail as on a file system that has none. */
static void refuse_nameless_files(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, O_TMPFILE & ~O_DIRECTORY, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EOPNOTSUPP),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof(code) / sizeof(*code), code};

	ck_assert_int_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	ck_assert_int_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

START_TEST(file_systems_without_nameless_files)
{
	struct err err = {0};
	struct outfile *f;
	struct tempdir t;
	char text[16];

	tempdir_enter(&t);
	refuse_nameless_files();
	file_put("f", "old", 3);
	ck_assert_int_eq(outfile_open(&f, "f", OUTFILE_WHOLE, &err), 0);
	ck_assert_int_eq(entries(), 2);
	outfile_abort(f);
	ck_assert_int_eq(entries(), 1);
	ck_assert_int_eq(outfile_open(&f, "f", OUTFILE_WHOLE, &err), 0);
	ck_assert_int_eq(outfile_write(f, "newer", 5, &err), 0);
	ck_assert_int_eq(outfile_commit(f, &err), 0);
	ck_assert_uint_eq(file_get("f", text, sizeof(text)), 5);
	ck_assert_int_eq(entries(), 1);
	tempdir_leave(&t);
}
END_TEST

/* /dev/shm is below /dev, but its files are files: a shorter text must not leave the old one's end. */
START_TEST(a_file_below_dev_is_replaced)
{
	char name[64];
	struct outfile *f;
	struct stat st;
	size_t len;

	snprintf(name, sizeof(name), "/dev/shm/ioriot-test-%d", (int)getpid());
	for (len = 10; len > 0; len -= 5) {
		ck_assert_int_eq(outfile_open(&f, name, OUTFILE_WHOLE, NULL), 0);
		ck_assert_int_eq(outfile_write(f, "0123456789", len, NULL), 0);
		ck_assert_int_eq(outfile_commit(f, NULL), 0);
		ck_assert_int_eq(stat(name, &st), 0);
		ck_assert_int_eq(st.st_size, (off_t)len);
	}
	ck_assert_int_eq(unlink(name), 0);
}
END_TEST

/* What the link points to belongs to someone else, perhaps. */
START_TEST(a_symbolic_link_is_replaced_itself)
{
	struct err err = {0};
	struct outfile *f;
	struct tempdir t;
	char text[16];

	tempdir_enter(&t);
	file_put("target", "old", 3);
	ck_assert_int_eq(symlink("target", "f"), 0);
	ck_assert_int_eq(symlink("nowhere", "g"), 0);
	ck_assert_int_eq(outfile_open(&f, "f", OUTFILE_LIVE, &err), 0);
	ck_assert_int_eq(outfile_write(f, "newer", 5, &err), 0);
	ck_assert_int_eq(outfile_commit(f, &err), 0);
	ck_assert_uint_eq(file_get("target", text, sizeof(text)), 3);
	ck_assert_uint_eq(file_get("f", text, sizeof(text)), 5);
	ck_assert_int_eq(outfile_open(&f, "g", OUTFILE_WHOLE, &err), 0);
	ck_assert_int_eq(outfile_commit(f, &err), 0);
	ck_assert_uint_eq(file_get("g", text, sizeof(text)), 0);
	ck_assert_int_eq(entries(), 3);
	tempdir_leave(&t);
}
END_TEST

START_TEST(what_cannot_be_replaced_is_refused)
{
	struct err err = {0};
	struct outfile *f;
	struct tempdir t;

	tempdir_enter(&t);
	ck_assert_int_eq(outfile_open(&f, t.path, OUTFILE_WHOLE, &err), -EISDIR);
	ck_assert_int_eq(outfile_open(&f, "none/f", OUTFILE_WHOLE, &err), -ENOENT);
	ck_assert_str_eq(err.text, "cannot write none/f: No such file or directory");
	ck_assert_int_eq(outfile_open(&f, "new/", OUTFILE_WHOLE, &err), -EISDIR);
	ck_assert_int_eq(outfile_open(&f, "", OUTFILE_WHOLE, &err), -ENOENT);
	tempdir_leave(&t);
}
END_TEST

START_TEST(a_full_disk_is_told)
{
	static char block[300000];
	struct err err = {0};
	struct outfile *f;

	ck_assert_int_eq(outfile_open(&f, "/dev/full", OUTFILE_WHOLE, &err), 0);
	ck_assert_int_eq(outfile_write(f, "x", 1, &err), 0);
	ck_assert_int_eq(outfile_commit(f, &err), -ENOSPC);
	ck_assert_str_eq(err.text, "cannot write /dev/full: No space left on device");
	ck_assert_int_eq(outfile_open(&f, "/dev/full", OUTFILE_WHOLE, &err), 0);
	ck_assert_int_eq(outfile_write(f, block, sizeof(block), &err), -ENOSPC);
	outfile_abort(f);
}
END_TEST

START_TEST(a_size_limit_is_told_and_leaves_nothing)
{
	static char block[300000];
	struct rlimit limit = {100000, 100000};
	struct err err = {0};
	struct outfile *f;
	struct tempdir t;

	tempdir_enter(&t);
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &limit);
	ck_assert_int_eq(outfile_open(&f, "f", OUTFILE_WHOLE, &err), 0);
	ck_assert_int_eq(outfile_write(f, block, sizeof(block), &err), -EFBIG);
	outfile_abort(f);
	ck_assert_int_eq(entries(), 0);
	tempdir_leave(&t);
}
END_TEST

START_TEST(a_fifo_is_written_to)
{
	struct err err = {0};
	struct outfile *f;
	struct tempdir t;
	char text[16];
	int fd;

	tempdir_enter(&t);
	ck_assert_int_eq(mkfifo("p", 0600), 0);
	fd = open("p", O_RDONLY | O_NONBLOCK);
	ck_assert_int_eq(outfile_open(&f, "p", OUTFILE_WHOLE, &err), 0);
	ck_assert_int_eq(outfile_write(f, "hello", 5, &err), 0);
	ck_assert_int_eq(outfile_commit(f, &err), 0);
	ck_assert_int_eq(read(fd, text, sizeof(text)), 5);
	close(fd);
	ck_assert_int_eq(entries(), 1);
	tempdir_leave(&t);
}
END_TEST

START_TEST(standard_output_is_appended_to)
{
	struct err err = {0};
	struct outfile *f;
	struct tempdir t;
	char text[16];
	int saved, fd;

	tempdir_enter(&t);
	file_put("log", "old ", 4);
	fflush(stdout);
	saved = dup(STDOUT_FILENO);
	fd = open("log", O_WRONLY | O_APPEND);
	dup2(fd, STDOUT_FILENO);
	ck_assert_int_eq(outfile_open(&f, "/dev/stdout", OUTFILE_WHOLE, &err), 0);
	ck_assert_int_eq(outfile_write(f, "new", 3, &err), 0);
	ck_assert_int_eq(outfile_commit(f, &err), 0);
	dup2(saved, STDOUT_FILENO);
	close(fd);
	ck_assert_uint_eq(file_get("log", text, sizeof(text)), 7);
	ck_assert_mem_eq(text, "old new", 7);
	tempdir_leave(&t);
}
END_TEST

Suite *trace_suite(void)
{
	TCase *tc;
	Suite *s = suite_with("trace", &tc);

	tcase_add_test(tc, escape_keeps_every_byte);
	tcase_add_test(tc, bad_escapes_are_refused);
	tcase_add_test(tc, tuples_come_back);
	tcase_add_test(tc, bad_tuples_are_refused);
	tcase_add_test(tc, digits_in_a_line_are_taken_as_in_a_string);
	tcase_add_test(tc, a_byte_is_found_in_a_line);
	tcase_add_test(tc, errno_names_go_both_ways);
	tcase_add_test(tc, lines_are_read_as_written);
	tcase_add_test(tc, frames_one_behind_the_other);
	tcase_add_test(tc, a_plain_file_may_be_cut_anywhere);
	tcase_add_test(tc, a_packed_file_may_be_cut_anywhere);
	tcase_add_test(tc, damage_is_told_after_what_was_whole);
	tcase_add_test(tc, a_line_too_long_is_passed_over);
	tcase_add_test(tc, blocks_are_whole_lines);
	tcase_add_test(tc, lines_of_nothing);
	tcase_add_test(tc, a_whole_file_appears_at_once);
	tcase_add_test(tc, an_aborted_file_leaves_nothing);
	tcase_add_test(tc, a_live_file_stays_once_synced);
	tcase_add_test(tc, a_killed_process_leaves_nothing);
	tcase_add_test(tc, long_names_have_room_for_the_temporary_one);
	tcase_add_test(tc, file_systems_without_nameless_files);
	tcase_add_test(tc, a_file_below_dev_is_replaced);
	tcase_add_test(tc, a_symbolic_link_is_replaced_itself);
	tcase_add_test(tc, what_cannot_be_replaced_is_refused);
	tcase_add_test(tc, a_full_disk_is_told);
	tcase_add_test(tc, a_size_limit_is_told_and_leaves_nothing);
	tcase_add_test(tc, a_fifo_is_written_to);
	tcase_add_test(tc, standard_output_is_appended_to);
	return s;
}
