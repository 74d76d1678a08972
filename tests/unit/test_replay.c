/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <regex.h>

#include "../common/samples.h"
#include "suites.h"
#include "tempdir.h"
#include "trace/replay.h"

#define V4 "#|replay_version=4|\n"

static struct replay_reader *open_text(struct tempdir *t, struct str text)
{
	struct replay_reader *r;
	struct err err = {0};
	int rc;

	tempdir_enter(t);
	file_put("r", text.s, text.len);
	rc = replay_open(&r, "r", &err);
	ck_assert_msg(rc == 0, "%s", err.text);
	return r;
}

static void finish(struct tempdir *t, struct replay_reader *r)
{
	replay_close(r);
	tempdir_leave(t);
}

static void read_ops(struct replay_reader *r)
{
	struct rline want, got;
	struct err err = {0};
	int op, how;

	for (op = 0; op < OP_COUNT; op++)
		for (how = 0; how < SAMPLE_COUNT; how++) {
			const char *differs;
			int rc = replay_next(r, &got, &err);

			ck_assert_msg(rc == 1, "%s, sample %d: %s", ops[op].name, how, err.text);
			sample_rline(&want, (enum op_id)op, (enum sample)how);
			differs = rline_difference(&want, &got);
			ck_assert_msg(!differs, "%s, sample %d: %s", ops[op].name, how, differs);
		}
	ck_assert_int_eq(replay_next(r, &got, &err), 0);
	ck_assert_int_eq(replay_next(r, &got, &err), 0);
}

static void read_init(struct replay_reader *r)
{
	struct init_line want, got;
	struct err err = {0};
	int kind, how;

	for (kind = 0; kind < INIT_KINDS; kind++)
		for (how = 0; how < SAMPLE_COUNT; how++) {
			const char *differs;
			int rc = replay_next_init(r, &got, &err);

			ck_assert_msg(rc == 1, "kind %d, sample %d: %s", kind, how, err.text);
			sample_init(&want, (enum init_kind)kind, (enum sample)how);
			differs = init_difference(&want, &got);
			ck_assert_msg(!differs, "kind %d, sample %d: %s", kind, how, differs);
		}
	ck_assert_msg(replay_next_init(r, &got, &err) == 0, "%s", err.text);
	ck_assert_int_eq(replay_next_init(r, &got, &err), 0);
}

static void print_all(struct buf *out)
{
	struct capture_pair pairs[] = {{"name", STR("t1")}, {"odd", STR("|\n\\")}};
	struct rline line;
	struct init_line init;
	regex_t re;
	int i, how;

	ck_assert_int_eq(regcomp(&re, "\\|([a-z0-9_]+)@[0-9]+\\|[[:space:]]*$", REG_EXTENDED), 0);
	replay_print_header(out, pairs, 2);
	for (i = 0; i < OP_COUNT; i++)
		for (how = 0; how < SAMPLE_COUNT; how++) {
			size_t from = out->len;

			sample_rline(&line, (enum op_id)i, (enum sample)how);
			replay_print(out, &line);
			buf_char(out, '\0');
			ck_assert_int_eq(regexec(&re, out->p + from, 0, NULL, 0), 0);
			out->len--;
		}
	buf_puts(out, REPLAY_INIT_MARK "\n");
	for (i = 0; i < INIT_KINDS; i++)
		for (how = 0; how < SAMPLE_COUNT; how++) {
			sample_init(&init, (enum init_kind)i, (enum sample)how);
			replay_print_init(out, &init);
		}
	buf_puts(out, REPLAY_END_MARK "\n");
	ck_assert(buf_ok(out));
	regfree(&re);
}

START_TEST(every_line_comes_back)
{
	struct buf out = BUF_INIT;
	struct replay_reader *r;
	struct tempdir t;

	print_all(&out);
	r = open_text(&t, buf_as_str(&out));
	ck_assert(str_eqs(replay_header(r, "name"), "t1"));
	ck_assert(str_eqs(replay_header(r, "odd"), "|\n\\"));
	ck_assert_ptr_null(replay_header(r, "none").s);
	read_ops(r);
	read_init(r);
	ck_assert(replay_progress(r) == 1);
	replay_close(r);
	ck_assert_int_eq(replay_open(&r, "r", NULL), 0);
	read_init(r); /* passes over the operations */
	buf_free(&out);
	finish(&t, r);
}
END_TEST

/* Whatever is missing at the end, nobody takes the rest for the whole. */
START_TEST(a_replay_cut_anywhere_is_refused)
{
	static const char whole[] = V4 "0+1|0|0|-|0|sync@2|\n#INIT\ndir|0755|0|0|/d|\n#END\n";
	struct init_line init;
	struct err err = {0};
	struct tempdir t;
	size_t len;

	tempdir_enter(&t);
	for (len = 0; len <= strlen(whole); len++) {
		struct replay_reader *r;
		int rc;

		file_put("r", whole, len);
		rc = replay_open(&r, "r", &err);
		while (rc >= 0 && (rc = replay_next_init(r, &init, &err)) == 1)
			;
		if (len < strlen(whole))
			ck_assert_int_eq(rc, -EPROTO);
		else
			ck_assert_int_eq(rc, 0);
		replay_close(r);
	}
	tempdir_leave(&t);
}
END_TEST

START_TEST(what_is_cut_short_is_said)
{
	struct replay_reader *r;
	struct err err = {0};
	struct tempdir t;
	struct rline line;

	r = open_text(&t, STR(V4 "0+1|0|0|-|0|sync@2|\n"));
	ck_assert_int_eq(replay_next(r, &line, &err), 1);
	ck_assert_int_eq(replay_next(r, &line, &err), -EPROTO);
	ck_assert_str_eq(err.text, "r is cut short: it ends without its line #INIT");
	finish(&t, r);
}
END_TEST

START_TEST(text_behind_the_end_is_refused)
{
	struct replay_reader *r;
	struct init_line init;
	struct err err = {0};
	struct tempdir t;

	r = open_text(&t, STR(V4 "#INIT\n#END\nx\n"));
	ck_assert_int_eq(replay_next_init(r, &init, &err), -EINVAL);
	ck_assert_str_eq(err.text, "r:4: there is text behind the line #END");
	finish(&t, r);
}
END_TEST

static void check_open(const char *text, const char *sentence)
{
	struct replay_reader *r;
	struct err err = {0};
	struct tempdir t;

	tempdir_enter(&t);
	file_put("r", text, strlen(text));
	ck_assert_int_eq(replay_open(&r, "r", &err), -EPROTO);
	ck_assert_ptr_null(r);
	ck_assert_str_eq(err.text, sentence);
	tempdir_leave(&t);
}

START_TEST(other_files_are_refused)
{
	check_open("", "r is empty");
	check_open("x\n", "r is not a replay");
	check_open("#|replay_version=4|", "r is not a replay, or is cut short in its first line");
	check_open("#|capture_version=5|\n", "r is a capture, not a replay");
	check_open("#|replay_version=3|\n",
		"r is a replay of version 3; only version 4 can be read");
}
END_TEST

static int read_one(const char *text, struct rline *line, struct err *err, struct tempdir *t,
	struct replay_reader **r)
{
	struct buf file = BUF_INIT;
	int rc;

	buf_addf(&file, V4 "%s\n#INIT\n#END\n", text);
	*r = open_text(t, buf_as_str(&file));
	rc = replay_next(*r, line, err);
	buf_free(&file);
	return rc;
}

/* What the line before said is not taken for what a line says. */
START_TEST(labels_in_a_row_and_others)
{
	static const char *const labels[] = {"7", "8", "9", "10", "11", "11", "10", "99", "100", "0101", "102", "1102",
		"1103", "9999999", "10000000", "10000001", "99999999", "100000000", "9999999999999", "10000000000000",
		"99999999999999", "100000000000000", "100000000000001", "9223372036854775807",
		"9223372036854775808", "1"};
	static const char *const fields[] = {"", "1@5|", "|", "@"};
	struct buf text = BUF_INIT;
	struct replay_reader *r;
	struct err err = {0};
	struct rline line;
	struct tempdir t;
	size_t i;

	buf_puts(&text, V4);
	for (i = 0; i < sizeof(labels) / sizeof(*labels); i++)
		buf_addf(&text, i % 2 ? "0+1|0|0|-|0|sync@%s|\n" : "7+1|2|3|4|12|5|5|readv@%s|\n", labels[i]);
	buf_puts(&text, REPLAY_INIT_MARK "\n" REPLAY_END_MARK "\n");
	r = open_text(&t, buf_as_str(&text));
	for (i = 0; i < sizeof(labels) / sizeof(*labels); i++) {
		ck_assert_msg(replay_next(r, &line, &err) == 1, "%s: %s", labels[i], err.text);
		ck_assert_uint_eq(line.call.line, strtoull(labels[i], NULL, 10));
		ck_assert_int_eq(line.call.op, i % 2 ? OP_sync : OP_readv);
		ck_assert_int_eq(line.call.ret, i % 2 ? 0 : 5);
	}
	ck_assert_int_eq(replay_next(r, &line, &err), 0);
	finish(&t, r);
	for (i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		text.len = 0;
		buf_addf(&text, V4 "0+1|0|0|-|0|sync@1|\n0+1|0|0|-|0|%ssync@2|\n#INIT\n#END\n", fields[i]);
		r = open_text(&t, buf_as_str(&text));
		ck_assert_int_eq(replay_next(r, &line, &err), 1);
		ck_assert_int_eq(replay_next(r, &line, &err), i ? -EINVAL : 1);
		finish(&t, r);
	}
	buf_free(&text);
}
END_TEST

static void check_bad(const char *text, const char *sentence)
{
	struct replay_reader *r;
	struct err err = {0};
	struct rline line;
	struct tempdir t;

	ck_assert_msg(read_one(text, &line, &err, &t, &r) == -EINVAL, "%s", text);
	if (sentence)
		ck_assert_str_eq(err.text, sentence);
	else
		ck_assert_msg(strncmp(err.text, "r:2: ", 5) == 0, "%s", err.text);
	finish(&t, r);
}

START_TEST(malformed_lines_are_refused)
{
	check_bad("", "r:2: the line does not end with OPERATION@LINE|");
	check_bad("|", "r:2: the line does not end with OPERATION@LINE|");
	check_bad("sync@2|", "r:2: a field is missing");
	check_bad("0+1|0|0|-|0|sync@2", "r:2: the line does not end with OPERATION@LINE|");
	check_bad("0+1|0|0|-|0|sync|", "r:2: the line does not end with OPERATION@LINE|");
	check_bad("0+1|0|0|-|0|sync@0|", "r:2: the line does not end with OPERATION@LINE|");
	check_bad("0+1|0|0|-|0|sync@-1|", "r:2: the line does not end with OPERATION@LINE|");
	check_bad("0+1|0|0|-|0|brk@2|", "r:2: an operation that is not known: 'brk'");
	check_bad("0+1|0|0|-|4294967294:0:1|1|0|munmap@2|",
		"r:2: not a value for this argument: '4294967294:0:1'");
	check_bad("0+1|0|0|-|0:9223372036854775807:1|1|0|munmap@2|", NULL);
	check_bad("0+1|0|0|-|0:1:1:1|1|0|munmap@2|", NULL);
	check_bad("0+1|0|0|-|-|1|0|0|0|0|>7|1|mmap@2|", "r:2: not a new map: '>7'");
	check_bad("0|0|0|-|0|sync@2|", "r:2: not of the form ENTRY+DURATION: '0'");
	check_bad("18446744073709551615+1|0|0|-|0|sync@2|",
		"r:2: not of the form ENTRY+DURATION: '18446744073709551615+1'");
	check_bad("0+1|-1|0|-|0|sync@2|", "r:2: not the number of a thread: '-1'");
	check_bad("0+1|0|4294967294|-|0|sync@2|", "r:2: not the number of a process: '4294967294'");
	check_bad("0+1|0|0||0|sync@2|", "r:2: not a list of earlier operations: ''");
	check_bad("0+1|0|0|1,-|0|sync@2|", "r:2: not a list of earlier operations: '1,-'");
	check_bad("0+1|0|0|0|0|sync@2|", "r:2: not a list of earlier operations: '0'");
	check_bad("0+1|0|0|-|sync@2|", "r:2: a field is missing");
	check_bad("0+1|0|0|-|0|0|sync@2|", "r:2: more fields than the operation has: '0|'");
	check_bad("0+1|0|0|-|EIO|sync@2|", "r:2: not a result: 'EIO'");
	check_bad("0+1|0|0|-|-EWHAT|sync@2|", "r:2: not a result: '-EWHAT'");
}
END_TEST

START_TEST(malformed_arguments_are_refused)
{
	static const char *const bad[] = {"x|-|0|close@2|", "4294967294|-|0|close@2|",
		"-1|-|0|close@2|", "3|7:|0|close@2|", "3|L|0|close@2|", "3|7,|0|close@2|",
		"3|7:8:9|0|close@2|", "3|4294967295|0|close@2|", "%fd/|0|rmdir@2|",
		"%fd/01|0|rmdir@2|", "%fd/4294967295|0|rmdir@2|", "%fd/1/x|0|rmdir@2|",
		"%x|0|rmdir@2|", "a\\x00|0|rmdir@2|", "a\\|0|rmdir@2|", "/x|0x1|0|mkdir@2|",
		"/x|O_SPEED|0|>7|3|open@2|", "/x|O_RDONLY|0|7|3|open@2|",
		"/x|O_RDONLY|0|>|3|open@2|", "3|F_SETLK|0|>-|0|fcntl@2|",
		"3|F_GETFD|F_RDLCK,SEEK_SET,0,0|>-|0|fcntl@2|",
		"3|F_SETLK|F_RDLCK,SEEK_SET,0,0,L|>-|0|fcntl@2|",
		"3|F_SETLK|F_RDLCK,SEEK_SET,0,0,L-1|>-|0|fcntl@2|", "%fd/1|/x|0|symlink@2|",
		"3|1x5000|5|readv@2|", "1|-|0|fork@2|", "1:x|-|0|fork@2|",
		"3|SEEK_SET|0|0|lseek@2|"};
	char text[200];
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		snprintf(text, sizeof(text), "0+1|0|0|-|%s", bad[i]);
		check_bad(text, NULL);
	}
}
END_TEST

START_TEST(malformed_init_lines_are_refused)
{
	static const char *const bad[] = {"", "dir", "dir|", "door|0755|0|0|/d|", "dir|0755|0|0|/d",
		"dir|10000|0|0|/d|", "dir|0755|-1|0|/d|", "dir|0755|0|4294967296|/d|",
		"dir|0755|0|0||", "dir|0755|0|0|/d|x|", "dir|0755|0|0|/d\\x00|",
		"file|0644|0|0|9223372036854775808|-|/f|", "file|0644|0|0|10|0+11|/f|",
		"file|0644|0|0|10|0+0|/f|", "file|0644|0|0|10|5+1,0+1|/f|",
		"file|0644|0|0|10|0+5,4+1|/f|", "file|0644|0|0|10||/f|", "link|0|0|/l|",
		"link|0|0|/l||", "hardlink|/h|", "#INIT", "xattr|/f|user.a|", "xattr|/f||5|",
		"xattr|/f|user.|5|", "xattr|/f|user.a|65537|", "xattr|/f|user.a\\x00|5|",
		"xattr|/f|security.capability|20|", "xattr|/f|trusted.overlay.opaque|1|",
		"xattr|/f|system.posix_acl_default|44|", "xattr|/f|system.posix_acl_default|20|0755|",
		"xattr|/f|system.posix_acl_default|44|0788|", "xattr|/f|system.posix_acl_access|44|0755|", "xattr|/f|system.posix_acl_access|28|",
		"xattr|/f|system.posix_acl_access|45|", "xattrs|/f|6|", "xattrs|/f|65537|",
		"xattrs|/f|-|", "xattrs||8|"};
	struct buf file = BUF_INIT;
	struct init_line init;
	struct err err = {0};
	struct tempdir t;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct replay_reader *r;

		file.len = 0;
		buf_addf(&file, V4 "#INIT\n%s\n#END\n", bad[i]);
		r = open_text(&t, buf_as_str(&file));
		ck_assert_msg(replay_next_init(r, &init, &err) == -EINVAL, "%s", bad[i]);
		ck_assert_msg(strncmp(err.text, "r:3: ", 5) == 0, "%s", err.text);
		finish(&t, r);
	}
	buf_free(&file);
}
END_TEST

static void check_path(const char *field, const char *want)
{
	struct buf out = BUF_INIT;
	struct replay_reader *r;
	struct err err = {0};
	struct rline line;
	struct tempdir t;
	char text[200];

	snprintf(text, sizeof(text), "0+1|0|0|-|%s|0|rmdir@2|", field);
	ck_assert_msg(read_one(text, &line, &err, &t, &r) == 1, "%s", err.text);
	if (want)
		ck_assert(str_eqs(line.call.path, want));
	else
		ck_assert_ptr_null(line.call.path.s);
	replay_print(&out, &line);
	finish(&t, r);
	out.len--;
	buf_char(&out, '\0');
	ck_assert_int_eq(read_one(out.p, &line, &err, &t, &r), 1);
	if (want)
		ck_assert(str_eqs(line.call.path, want));
	else
		ck_assert_ptr_null(line.call.path.s);
	finish(&t, r);
	buf_free(&out);
}

START_TEST(special_paths_are_not_names)
{
	uint32_t vfd;

	check_path("%null", NULL);
	check_path("%fd/7", "%fd/7");
	check_path("\\x25null", "%null");
	check_path("\\x25fd/7", "./%fd/7");
	check_path("\\x25fd/x", "%fd/x");
	check_path("", "");
	ck_assert(replay_path_fd(STR("%fd/4294967293"), &vfd) && vfd == 4294967293u);
	ck_assert(!replay_path_fd(STR("%fd/4294967294"), &vfd));
	ck_assert(!replay_path_fd(STR("./%fd/1"), &vfd));
	ck_assert(!replay_path_fd(STR_NONE, &vfd));
}
END_TEST

START_TEST(texts_of_links_are_kept)
{
	struct rline line, back;
	struct buf out = BUF_INIT;
	struct replay_reader *r;
	struct err err = {0};
	struct tempdir t;

	sample_rline(&line, OP_symlink, SAMPLE_PLAIN);
	line.call.path2 = STR("%fd/3");
	replay_print(&out, &line);
	out.len--;
	buf_char(&out, '\0');
	ck_assert_msg(read_one(out.p, &back, &err, &t, &r) == 1, "%s", err.text);
	ck_assert(str_eqs(back.call.path2, "%fd/3"));
	buf_free(&out);
	finish(&t, r);
}
END_TEST

Suite *replay_suite(void)
{
	TCase *tc;
	Suite *s = suite_with("replay", &tc);

	tcase_add_test(tc, every_line_comes_back);
	tcase_add_test(tc, labels_in_a_row_and_others);
	tcase_add_test(tc, a_replay_cut_anywhere_is_refused);
	tcase_add_test(tc, what_is_cut_short_is_said);
	tcase_add_test(tc, text_behind_the_end_is_refused);
	tcase_add_test(tc, other_files_are_refused);
	tcase_add_test(tc, malformed_lines_are_refused);
	tcase_add_test(tc, malformed_arguments_are_refused);
	tcase_add_test(tc, malformed_init_lines_are_refused);
	tcase_add_test(tc, special_paths_are_not_names);
	tcase_add_test(tc, texts_of_links_are_kept);
	return s;
}
