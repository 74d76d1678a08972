/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <sys/stat.h>

#include "../common/samples.h"
#include "suites.h"
#include "tempdir.h"
#include "trace/ahead.h"
#include "trace/capture.h"

static struct capture_reader *open_text(struct tempdir *t, const char *header, struct str text)
{
	struct capture_reader *r;
	struct err err = {0};
	FILE *f;
	int rc;

	tempdir_enter(t);
	f = fopen("c", "w");
	fputs(header, f);
	fwrite(text.s, 1, text.len, f);
	fclose(f);
	rc = capture_open(&r, "c", &err);
	ck_assert_msg(rc == 0, "%s", err.text);
	return r;
}

#define V5 "#|capture_version=5|\n"
#define V4 "#|capture_version=4|\n"
#define COMMON "t=10;:,D=5;:,i=1:2;:,"

static void finish(struct tempdir *t, struct capture_reader *r)
{
	capture_close(r);
	tempdir_leave(t);
}

/* Lines of all kinds, in an order that does not repeat; some are none, some are long, one is too long. */
static void add_lines(struct buf *out, unsigned seed)
{
	struct rec rec;
	unsigned i, k;

	for (i = 0; i < 6000; i++) {
		unsigned what = (i * 2654435761u + seed) >> 16;

		if (what % 61 == 0) {
			buf_puts(out, what % 2 ? COMMON "o=never_heard_of;:,p=x;:,\n" : "t=1;:,nonsense\n");
		} else if (what % 67 == 0) { /* no separator at the end: what follows is another line's */
			buf_puts(out, what % 2 ? COMMON "o=rmdir;:,p=dir/name\n" : COMMON "o=rmdir;:,p=a\tb;:,s=0\n");
		} else if (what % 71 == 0) {
			buf_puts(out, what % 2 ? COMMON "o=sync\n" : COMMON "o=close;:,d=AT_FDC\n");
		} else if (what % 1009 == 0) {
			buf_puts(out, COMMON "o=unlink;:,p=");
			for (k = 0; k < 3000 + what % 40000; k++)
				buf_puts(out, k % 7 ? "ab/" : "\\x3b");
			buf_puts(out, ";:,s=0;:,\n");
		} else if (i == 4321) {
			for (k = 0; k < LINES_MAX / 8 + 1; k++)
				buf_puts(out, "12345678");
			buf_char(out, '\n');
		} else {
			sample_rec(&rec, (enum op_id)(what / 3 % OP_COUNT), (enum sample)(what % SAMPLE_COUNT));
			capture_print(out, &rec);
		}
	}
}

/* What blocks by two threads give is what one call after the other gives, also of a file that was cut. */
static void same_ahead(struct str text)
{
	struct capture_reader *one, *two;
	struct err err = {0};
	struct ahead *ahead;
	struct cblock *b;
	struct tempdir t;
	struct rec want;
	uint64_t records = 0;
	int rc, end;
	size_t i;

	one = open_text(&t, V5, text);
	ck_assert_int_eq(capture_open(&two, "c", &err), 0);
	ck_assert_int_eq(ahead_new(&ahead, two, &(struct ahead_hooks){0}), 0);
	do {
		b = ahead_next(ahead);
		ck_assert_ptr_nonnull(b);
		for (i = 0; i < b->n; i++, records++) {
			const struct crecord *c = &b->record[i];

			rc = capture_next(one, &want, &err);
			ck_assert_int_eq(rc, c->bad ? c->bad : 1);
			ck_assert_uint_eq(want.line, c->rec.line);
			if (c->bad == -ENOENT)
				ck_assert(str_eq(want.path, c->rec.path));
			if (c->bad)
				ck_assert_str_eq(err.text, b->errors.v[c->why].text);
			else
				ck_assert_msg(!rec_difference(&want, &c->rec), "line %llu: %s",
					(unsigned long long)want.line, rec_difference(&want, &c->rec));
		}
		end = b->rc;
		ahead_release(ahead);
	} while (end > 0);
	ck_assert_int_eq(end, 0);
	ck_assert_int_eq(capture_next(one, &want, &err), 0);
	ck_assert_int_eq(capture_cut(one), capture_cut(two));
	ck_assert(records > 0 || text.len == 1);
	ahead_free(ahead);
	capture_close(two);
	finish(&t, one);
}

START_TEST(blocks_by_two_threads)
{
	struct buf text = BUF_INIT;

	add_lines(&text, 7 + 1000u * (unsigned)_i);
	ck_assert(buf_ok(&text));
	same_ahead(buf_as_str(&text));
	same_ahead((struct str){text.p, text.len / 3});
	same_ahead((struct str){text.p, 1});
	buf_puts(&text, "t=9;:,D=0;:,i=0:0;:,o=end;:,c=1;:,O=0;:,n=0;:,N=0;:,\n");
	same_ahead(buf_as_str(&text));
	buf_free(&text);
}
END_TEST

START_TEST(every_operation_comes_back)
{
	struct capture_reader *r;
	struct buf out = BUF_INIT;
	struct tempdir t;
	struct rec want, got;
	struct err err = {0};
	int op, how;
	regex_t re;

	ck_assert_int_eq(regcomp(&re, ";:,o=([^;]+);:,", REG_EXTENDED | REG_NOSUB), 0);
	for (op = 0; op < OP_COUNT; op++)
		for (how = 0; how < SAMPLE_COUNT; how++) {
			size_t from = out.len;

			sample_rec(&want, (enum op_id)op, (enum sample)how);
			capture_print(&out, &want);
			buf_char(&out, '\0');
			ck_assert_int_eq(regexec(&re, out.p + from, 0, NULL, 0), 0);
			out.len--;
		}
	regfree(&re);
	ck_assert(buf_ok(&out));
	r = open_text(&t, V5, buf_as_str(&out));
	for (op = 0; op < OP_COUNT; op++)
		for (how = 0; how < SAMPLE_COUNT; how++) {
			int rc = capture_next(r, &got, &err);
			const char *differs;

			ck_assert_msg(rc == 1, "%s", err.text);
			sample_rec(&want, (enum op_id)op, (enum sample)how);
			differs = rec_difference(&want, &got);
			ck_assert_msg(!differs, "%s, sample %d: %s", ops[op].name, how, differs);
			ck_assert_uint_eq(got.line, (uint64_t)(op * SAMPLE_COUNT + how + 2));
		}
	ck_assert_int_eq(capture_next(r, &got, &err), 0);
	ck_assert(!capture_cut(r)); /* "end" is the last row */
	buf_free(&out);
	finish(&t, r);
}
END_TEST

START_TEST(header_values_come_back)
{
	struct capture_pair pairs[] = {{"cmd", STR("a|b;c\\\n=\x01")}, {"empty", STR("")}};
	struct buf out = BUF_INIT;
	struct capture_reader *r;
	struct tempdir t;

	capture_print_header(&out, pairs, 2);
	buf_char(&out, '\0');
	r = open_text(&t, out.p, STR(""));
	ck_assert_int_eq(capture_version(r), 5);
	ck_assert(str_eq(capture_header(r, "cmd"), pairs[0].value));
	ck_assert(capture_header(r, "empty").s && capture_header(r, "empty").len == 0);
	ck_assert_ptr_null(capture_header(r, "cm").s);
	buf_free(&out);
	finish(&t, r);
}
END_TEST

static void check_open(const char *text, int code, const char *sentence)
{
	struct capture_reader *r;
	struct err err = {0};
	struct tempdir t;

	tempdir_enter(&t);
	file_put("c", text, strlen(text));
	ck_assert_int_eq(capture_open(&r, "c", &err), code);
	ck_assert_ptr_null(r);
	ck_assert_str_eq(err.text, sentence);
	tempdir_leave(&t);
}

START_TEST(other_files_are_refused)
{
	check_open("", -EPROTO, "c is empty");
	check_open("hello\n", -EPROTO, "c is not a capture");
	check_open("#|capture_version=5", -EPROTO,
		"c is not a capture, or is cut short in its first line");
	check_open("#|capture_version=5\n", -EPROTO, "c is not a capture");
	check_open("#|\n", -EPROTO, "c is not a capture");
	check_open("#|a|\n", -EPROTO, "c is not a capture");
	check_open("#|a=\\q|\n", -EPROTO, "c is not a capture");
	check_open("#|replay_version=4|\n", -EPROTO, "c is a replay, not a capture");
	check_open("#|capture_version=6|\n", -EPROTO,
		"c is a capture of version 6; versions 3 to 5 can be read");
	check_open("#|capture_version=x|\n", -EPROTO,
		"c is a capture of version x; versions 3 to 5 can be read");
}
END_TEST

/* LINE is malformed with that sentence, and the line behind it is read. */
static void check_bad(const char *line, const char *sentence)
{
	struct buf text = BUF_INIT;
	struct capture_reader *r;
	struct err err = {0};
	struct tempdir t;
	struct rec rec;

	buf_addf(&text, "%s\n" COMMON "o=sync;:,s=0;:,\n", line);
	r = open_text(&t, V5, buf_as_str(&text));
	ck_assert_msg(capture_next(r, &rec, &err) == -EINVAL, "%s", line);
	ck_assert_str_eq(err.text, sentence);
	ck_assert_int_eq(err.code, EINVAL);
	ck_assert_int_eq(capture_next(r, &rec, &err), 1);
	ck_assert_int_eq(rec.op, OP_sync);
	ck_assert_int_eq(capture_next(r, &rec, &err), 0);
	ck_assert(capture_cut(r)); /* no end record */
	buf_free(&text);
	finish(&t, r);
}

START_TEST(malformed_lines_are_passed_over)
{
	check_bad("", "c:2: not of the form KEY=VALUE: ''");
	check_bad(";:,", "c:2: not of the form KEY=VALUE: ''");
	check_bad("t", "c:2: not of the form KEY=VALUE: 't'");
	check_bad("1=2", "c:2: not of the form KEY=VALUE: '1=2'");
	check_bad("t=10;D=5", "c:2: a ';' that is no separator: 't=10;D=5'");
	check_bad("t=-1;:,", "c:2: not a time in ns: '-1'");
	check_bad("t=1x", "c:2: not a time in ns: '1x'");
	check_bad("t=18446744073709551616", "c:2: not a time in ns: '18446744073709551616'");
	check_bad("t=5;:,D=6;:,i=1:1;:,o=sync", "c:2: the call began before time 0");
	check_bad("t=5;:,i=1:1;:,o=sync", "c:2: one of t, D, i, o is missing");
	check_bad("t=5;:,i=1", "c:2: not of the form PID:TID: '1'");
	check_bad("t=5;:,i=1:4294967296", "c:2: not of the form PID:TID: '1'");
	check_bad("t=5;:,d=1;:,o=close", "c:2: the operation does not stand before its arguments: '1'");
	check_bad(COMMON "o=close;:,d=1;:,d=1", "c:2: a key comes twice");
	check_bad(COMMON "o=close;:,d=1;:,s=0;:,s=0;:,", "c:2: a key comes twice");
	check_bad(COMMON "o=close;:,d=1;:,s=0;:,d=1;:,", "c:2: a key comes twice");
	check_bad(COMMON "o=pread64;:,d=3;:,c=1;:,s=0;:,", "c:2: an argument of the operation is missing");
	check_bad(COMMON "o=pread64;:,d=2147483648;:,c=1;:,O=0;:,s=0;:,",
		"c:2: not a value that this key can have: '2147483648'");
	check_bad("t=5;:,D=6;:,i=1:1;:,o=close;:,d=1;:,s=0;:,", "c:2: the call began before time 0");
	check_bad(COMMON "o=close;:,s=0", "c:2: an argument of the operation is missing");
	check_bad(COMMON "o=close;:,d=2147483648", "c:2: not a value that this key can have: "
						   "'2147483648'");
	check_bad(COMMON "o=rmdir;:,p=a\\q", "c:2: not a value that this key can have: 'a\\q'");
	check_bad(COMMON "o=rmdir;:,p=a\\x00", "c:2: not a value that this key can have: 'a\\x00'");
	check_bad(COMMON "o=sync;:,s=zero", "c:2: not a result: 'zero'");
	check_bad(COMMON "o=sync;:,s=", "c:2: not a result: ''");
	check_bad(COMMON "o=sync;:,x=1:2", "c:2: not the nine facts of an inode: '1:2'");
	check_bad(COMMON "o=sync;:,x=1:2:3:4:5:6:7:8:9:10",
		"c:2: not the nine facts of an inode: '1:2:3:4:5:6:7:8:9:10'");
	check_bad(COMMON "o=sync;:,x=1:2:3:0777777777777:5:6:7:8:9",
		"c:2: a fact is out of range: '1:2:3:0777777777777:5:6:7:8:9'");
}
END_TEST

START_TEST(malformed_values_are_found)
{
	static const char *const bad[] = {"o=readv;:,d=3;:,v=", "o=readv;:,d=3;:,v=1x",
		"o=readv;:,d=3;:,v=1x0", "o=readv;:,d=3;:,v=1,", "o=readv;:,d=3;:,v=1x4097",
		"o=readv;:,d=3;:,v=1x18446744073709551615", "o=readv;:,d=3;:,v=-1",
		"o=state_path;:,p=/;:,v=1", "o=state_path;:,p=/;:,v=1+",
		"o=state_path;:,p=/;:,v=1+9223372036854775807", "o=utimes;:,T=1.5,2.5",
		"o=utimes;:,T=1.000000005", "o=utimes;:,T=now", "o=utimes;:,T=now,now,now",
		"o=fcntl;:,d=3;:,F=6;:,G=1", "o=fcntl;:,d=3;:,F=6;:,G=1,0,0",
		"o=fcntl;:,d=3;:,F=6;:,G=1,0,0,0,0", "o=fcntl;:,d=3;:,F=7;:,G=1,1,0,0,",
		"o=fcntl;:,d=3;:,F=7;:,G=1,1,0,0,-1", "o=fcntl;:,d=3;:,F=7;:,G=1,1,0,0,9223372036854775808",
		"o=fcntl;:,d=3;:,F=7;:,G=1,1,0,0,0,0", "o=fcntl;:,d=3;:,F=1;:,G=1,0,0,0",
		"o=fcntl;:,d=3;:,F=6;:,G=F_NOLCK,0,0,0", "o=mkdir;:,m=9", "o=mkdir;:,m=-1",
		"o=lseek;:,d=1;:,W=0;:,O=9223372036854775808"};
	struct buf text = BUF_INIT;
	struct capture_reader *r;
	struct tempdir t;
	struct rec rec;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		buf_addf(&text, COMMON "%s\n", bad[i]);
	r = open_text(&t, V5, buf_as_str(&text));
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ck_assert_msg(capture_next(r, &rec, NULL) == -EINVAL, "%s", bad[i]);
	ck_assert_int_eq(capture_next(r, &rec, NULL), 0);
	buf_free(&text);
	finish(&t, r);
}
END_TEST

START_TEST(what_is_to_come_is_passed_over)
{
	struct capture_reader *r;
	struct err err = {0};
	struct tempdir t;
	struct rec rec;

	r = open_text(&t, V5,
		STR(COMMON "o=call_to_come;:,d=3;:,s=0;:,\n" COMMON
			   "o=close;:,d=3;:,s=0;:,Z=anything;:,longkey=7;:,\n"));
	ck_assert_int_eq(capture_next(r, &rec, &err), -ENOENT);
	ck_assert(str_eqs(rec.path, "call_to_come"));
	ck_assert_int_eq(err.code, ENOENT);
	ck_assert_str_eq(err.text, "c:2: an operation that is not known: 'call_to_come'");
	ck_assert_int_eq(capture_next(r, &rec, &err), 1);
	ck_assert_uint_eq(rec.arg[0], 3);
	finish(&t, r);
}
END_TEST

START_TEST(losses_are_records)
{
	struct capture_reader *r;
	struct tempdir t;
	struct rec rec;

	r = open_text(&t, V5, STR(COMMON "o=lost;:,c=12;:,p=the buffer was full;:,\n" COMMON
					 "o=end;:,c=0;:,O=12;:,\n"));
	ck_assert_int_eq(capture_next(r, &rec, NULL), 1);
	ck_assert_int_eq(rec.op, OP_lost);
	ck_assert_uint_eq(rec.arg[0], 12);
	ck_assert(str_eqs(rec.path, "the buffer was full"));
	ck_assert_int_eq(capture_next(r, &rec, NULL), 1);
	ck_assert_uint_eq(rec.arg[1], 12);
	ck_assert_int_eq(capture_next(r, &rec, NULL), 0);
	ck_assert(!capture_cut(r));
	finish(&t, r);
}
END_TEST

START_TEST(any_bytes_are_survived)
{
	static char junk[100000];
	struct capture_reader *r;
	struct tempdir t;
	struct rec rec;
	uint64_t x = 1;
	size_t i;
	int rc;

	for (i = 0; i < sizeof(junk); i++) {
		x = x * 6364136223846793005u + 1442695040888963407u;
		junk[i] = (char)(x >> 56);
	}
	r = open_text(&t, V5, (struct str){junk, sizeof(junk)});
	while ((rc = capture_next(r, &rec, NULL)) != 0)
		ck_assert(rc == -EINVAL || rc == -ENOENT);
	finish(&t, r);
}
END_TEST

/* ---- versions 3 and 4 ---- */

static void check_old(const char *line, const char *want)
{
	struct buf text = BUF_INIT, out = BUF_INIT;
	struct capture_reader *r;
	struct err err = {0};
	struct tempdir t;
	struct rec rec;
	int rc;

	buf_addf(&text, COMMON "%s\n", line);
	r = open_text(&t, V4, buf_as_str(&text));
	rc = capture_next(r, &rec, &err);
	ck_assert_msg(rc == 1, "%s: %s", line, err.text);
	capture_print(&out, &rec);
	out.len--;
	buf_char(&out, '\0');
	ck_assert_str_eq(out.p + strlen(COMMON), want);
	ck_assert_int_eq(capture_next(r, &rec, &err), 0);
	ck_assert(!capture_cut(r)); /* these versions have no end record */
	buf_free(&text);
	buf_free(&out);
	finish(&t, r);
}

START_TEST(old_lines_become_new_ones)
{
	check_old("o=open;:,d=3;:,p=/a;b|c\\d;:,f=577;:,m=420;:,",
		"o=open;:,p=/a\\x3bb\\x7cc\\\\d;:,f=577;:,m=0644;:,s=3;:,");
	check_old("o=openat;:,d=-2;:,p=/a;:,f=0;:,m=0",
		"o=openat;:,d=AT_FDCWD;:,p=/a;:,f=0;:,m=0;:,s=-2;:,");
	check_old("o=creat;:,d=4;:,p=/a;:,m=511", "o=creat;:,p=/a;:,m=0777;:,s=4;:,");
	check_old("o=close;:,d=4;:,s=0", "o=close;:,d=4;:,s=0;:,");
	check_old("o=read;:,d=4;:,b=100", "o=read;:,d=4;:,c=100;:,s=100;:,");
	check_old("o=read;:,d=4;:,b=0", "o=read;:,d=4;:,c=4096;:,s=0;:,");
	check_old("o=write;:,d=4;:,b=-28", "o=write;:,d=4;:,c=0;:,s=-28;:,");
	check_old("o=readv;:,d=4;:,b=100", "o=readv;:,d=4;:,v=100;:,s=100;:,");
	check_old("o=writev;:,d=4;:,b=-9", "o=writev;:,d=4;:,v=0;:,s=-9;:,");
	check_old("o=llseek;:,d=4;:,O=7;:,W=1;:,b=17", "o=lseek;:,d=4;:,O=7;:,W=1;:,s=17;:,");
	check_old("o=readahead;:,d=4;:,b=0;:,O=8;:,c=9", "o=readahead;:,d=4;:,O=8;:,c=9;:,s=0;:,");
	check_old("o=readdir;:,d=4;:,s=1", "o=getdents;:,d=4;:,c=280;:,s=1;:,");
	check_old("o=getdents;:,d=4;:,c=32768;:,b=48", "o=getdents;:,d=4;:,c=32768;:,s=48;:,");
	check_old("o=readlink;:,p=/l;:,P=/t;:,s=2", "o=readlink;:,p=/l;:,c=2;:,s=2;:,");
	check_old("o=mkdirat;:,d=7;:,p=/d;:,m=511;:,s=0",
		"o=mkdirat;:,d=AT_FDCWD;:,p=/d;:,m=0777;:,s=0;:,");
	check_old("o=unlinkat;:,d=7;:,p=/d;:,f=512;:,s=0",
		"o=unlinkat;:,d=AT_FDCWD;:,p=/d;:,f=512;:,s=0;:,");
	check_old("o=renameat2;:,p=/a;:,P=/b;:,s=-17",
		"o=renameat2;:,d=AT_FDCWD;:,p=/a;:,e=AT_FDCWD;:,P=/b;:,f=0;:,s=-17;:,");
	check_old("o=statfs64;:,p=/a;:,s=0", "o=statfs;:,p=/a;:,s=0;:,");
	check_old("o=fstatat;:,d=3;:,p=/a/;:,f=4096;:,s=0",
		"o=newfstatat;:,d=AT_FDCWD;:,p=/a;:,f=4096;:,s=0;:,");
	check_old("o=fstatat;:,d=3;:,p=/a/;:,f=0;:,s=0",
		"o=newfstatat;:,d=AT_FDCWD;:,p=/a/;:,f=0;:,s=0;:,");
	check_old("o=chown16;:,p=/a;:,O=5;:,G=6;:,s=0", "o=chown;:,p=/a;:,U=5;:,G=6;:,s=0;:,");
	check_old("o=fchownat;:,p=/a;:,O=-1;:,G=6;:,f=256;:,s=0",
		"o=fchownat;:,d=AT_FDCWD;:,p=/a;:,U=-1;:,G=6;:,f=256;:,s=0;:,");
	check_old("o=fcntl;:,d=3;:,F=2;:,G=1;:,s=0", "o=fcntl;:,d=3;:,F=2;:,G=1;:,s=0;:,");
	check_old("o=sync_file_range;:,d=3;:,O=4;:,b=5;:,s=0",
		"o=sync_file_range;:,d=3;:,O=4;:,c=5;:,f=0;:,s=0;:,");
	check_old("o=exit_group;:,", "o=exit_group;:,E=0;:,");
	check_old("o=sync;:,s=0", "o=sync;:,s=0;:,");
}
END_TEST

static void check_old_bad(const char *line, int code, const char *name)
{
	struct buf text = BUF_INIT;
	struct capture_reader *r;
	struct tempdir t;
	struct rec rec;

	buf_addf(&text, "%s\n", line);
	r = open_text(&t, "#|capture_version=3|\n", buf_as_str(&text));
	ck_assert_msg(capture_next(r, &rec, NULL) == code, "%s", line);
	if (name)
		ck_assert(str_eqs(rec.path, name));
	buf_free(&text);
	finish(&t, r);
}

START_TEST(old_lines_that_say_too_little)
{
	check_old_bad(COMMON "o=mmap2;:,a=1;:,b=2", -ENOENT, "mmap2");
	check_old_bad(COMMON "o=msync;:,a=1;:,b=2", -ENOENT, "msync");
	check_old_bad(COMMON "o=fcntl;:,d=3;:,F=6;:,G=140724;:,s=0", -ENOENT, "fcntl lock");
	check_old_bad(COMMON "o=open;:,p=/a;:,f=0;:,m=0", -EINVAL, NULL);
	check_old_bad(COMMON "o=open;:,d=3;:,f=0;:,m=0", -EINVAL, NULL);
	check_old_bad(COMMON "o=close;:,s=0", -EINVAL, NULL);
	check_old_bad(COMMON "o=close;:,d=x;:,s=0", -EINVAL, NULL);
	check_old_bad(COMMON "o=close;:,d=3;:,d=4;:,s=0", -EINVAL, NULL);
	check_old_bad("t=1;:,D=2;:,i=1:1;:,o=sync;:,s=0", -EINVAL, NULL);
	check_old_bad("t=1;:,i=1:1;:,s=0", -EINVAL, NULL);
	check_old_bad("of a path with a line feed", -EINVAL, NULL);
}
END_TEST

START_TEST(a_cut_capture_is_told)
{
	static const char end[] = COMMON "o=end;:,c=1;:,O=0;:,\n";
	struct capture_reader *r;
	struct err err = {0};
	struct tempdir t;
	struct rec rec;
	size_t len;

	for (len = 0; len <= strlen(end); len++) {
		r = open_text(&t, V5 COMMON "o=sync;:,s=0;:,\n", (struct str){end, len});
		ck_assert_int_eq(capture_next(r, &rec, &err), 1);
		ck_assert_int_eq(capture_next(r, &rec, &err), len == strlen(end));
		ck_assert_int_eq(capture_next(r, &rec, &err), 0);
		ck_assert(capture_cut(r) == (len < strlen(end)));
		finish(&t, r);
	}
}
END_TEST

Suite *capture_suite(void)
{
	TCase *tc;
	Suite *s = suite_with("capture", &tc);

	tcase_add_test(tc, every_operation_comes_back);
	tcase_add_test(tc, header_values_come_back);
	tcase_add_test(tc, other_files_are_refused);
	tcase_add_test(tc, malformed_lines_are_passed_over);
	tcase_add_test(tc, malformed_values_are_found);
	tcase_add_test(tc, what_is_to_come_is_passed_over);
	tcase_add_loop_test(tc, blocks_by_two_threads, 0, 3);
	tcase_add_test(tc, losses_are_records);
	tcase_add_test(tc, any_bytes_are_survived);
	tcase_add_test(tc, old_lines_become_new_ones);
	tcase_add_test(tc, old_lines_that_say_too_little);
	tcase_add_test(tc, a_cut_capture_is_told);
	return s;
}
