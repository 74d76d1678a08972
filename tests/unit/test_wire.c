/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <linux/io_uring.h>
#include <linux/openat2.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include "../common/samples.h"
#include "../common/wire_bytes.h"
#include "capture/args.h"
#include "capture/wire_read.h"
#include "ops/uring.h"
#include "suites.h"
#include "tempdir.h"
#include "trace/capture.h"
#include "utils/acl.h"

/* A reader, the bytes of one record, and what came out of them. */
struct scene {
	struct wire_reader *reader;
	struct buf bytes;
	char *copy; /* what it was read from: its strings are there */
	struct wire_seen out;
	struct err err;
	struct buf text;
};

static void scene_open(struct scene *s)
{
	*s = (struct scene){0};
	ck_assert_int_eq(wire_open(&s->reader, NULL, &s->err), 0);
}

static void scene_close(struct scene *s)
{
	wire_close(s->reader);
	buf_free(&s->bytes);
	buf_free(&s->text);
	free(s->copy);
}

/* From memory of exactly that length, so that nothing can be read behind it unnoticed. */
static int decode(struct scene *s, const void *bytes, size_t size)
{
	int rc;

	free(s->copy);
	s->copy = malloc(size ? size : 1);
	memcpy(s->copy, bytes, size);
	rc = wire_decode(s->reader, s->copy, size, &s->out, &s->err);
	s->text.len = 0;
	if (rc == 1 && s->out.kind != WIRE_SEEN_LOST)
		capture_print(&s->text, &s->out.seen.rec);
	buf_char(&s->text, '\0');
	return rc;
}

/* The record that was put into s->bytes; the next one begins there again. */
static int decode_bytes(struct scene *s)
{
	int rc;

	wire_end(&s->bytes, 0);
	rc = decode(s, s->bytes.p, s->bytes.len);
	s->bytes.len = 0;
	return rc;
}

static void begin(struct scene *s, enum wire_kind kind, long nr)
{
	const struct wire_rec head = {.kind = (uint8_t)kind,
		.nr = (int32_t)nr,
		.tgid = 100,
		.tid = 101,
		.t = 5000,
		.dur = 700};

	s->bytes.len = 0;
	wire_begin(&s->bytes, &head);
}

static struct wire_rec *head_of(struct scene *s)
{
	return (struct wire_rec *)(void *)s->bytes.p;
}

static void begin_call(struct scene *s, long nr, int64_t ret, int nvalues, const uint64_t *value)
{
	int i;

	begin(s, WIRE_CALL, nr);
	head_of(s)->ret = ret;
	for (i = 0; i < nvalues; i++)
		wire_value(&s->bytes, value[i]);
}
#define BEGIN_CALL(s, nr, ret, ...)                                                                \
	begin_call(s, nr, ret, sizeof((uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t),               \
		(uint64_t[]){__VA_ARGS__})
#define CWD ((uint64_t)(int64_t)AT_FDCWD)

static const struct facts some_facts = {
	true, false, false, 8, 1, 4711, S_IFREG | 0644, 1, 1000, 1000, 300, 8};
#define SOME_FACTS "x=8:1:4711:0100644:1:1000:1000:300:8;:,"

static void expect(struct scene *s, const char *line)
{
	int rc = decode_bytes(s);

	ck_assert_msg(rc == 1, "%d: %s", rc, s->err.text);
	ck_assert_str_eq(s->text.p, line);
}

static void expect_malformed(struct scene *s, const char *what)
{
	uint64_t before = wire_counts(s->reader).malformed;

	s->err.text[0] = '\0';
	ck_assert_int_eq(decode_bytes(s), -EINVAL);
	ck_assert_msg(strstr(s->err.text, what), "'%s' lacks '%s'", s->err.text, what);
	ck_assert_uint_eq(wire_counts(s->reader).malformed, before + 1);
}

/* A good one: whatever came before it. */
static void expect_works(struct scene *s)
{
	BEGIN_CALL(s, SYS_close, 0, 7);
	expect(s, "t=5000;:,D=700;:,i=100:101;:,o=close;:,d=7;:,s=0;:,\n");
}

/* --- every row --- */

/* What a record is after its registers were looked at as the kernel does. */
/* Of io_uring only what stands in registers is handed over. */
static void drop_ring(struct rec *rec, int i)
{
	switch ((enum arg_kind)ops[rec->op].arg[i]) {
	case A_UBUFS:
		rec->vec = NULL;
		rec->nvec = 0;
		break;
	case A_UREGOP: /* says how the ring is given, which is told in another way */
		rec->arg[i] &= INT_MAX;
		break;
	case A_UPARAMS:
	case A_UCQNR:
	case A_RING:
	case A_SQNO:
		rec->arg[i] = 0;
		break;
	default:
		break;
	}
}

static void as_recorded(struct rec *rec)
{
	int i;

	if (rec->dur > rec->t)
		rec->dur = rec->t;
	if (rec->facts.absent || op_has(rec->op, A_XFLAGS) ||
		(rec->has_ret && rec->ret < 0 && !(ops[rec->op].flags & OPF_LAYER)))
		rec->facts = (struct facts){0};
	if (ops[rec->op].flags & OPF_STATE)
		rec->dur = 0;
	if (rec->op == OP_exit || rec->op == OP_exit_group || (ops[rec->op].flags & OPF_STATE))
		rec->has_ret = false;
	for (i = 0; i < OP_ARGS; i++) {
		enum arg_kind kind = ops[rec->op].arg[i];

		if (!args_is_member(rec->op, i))
			rec->arg[i] = args_narrow(kind, rec->arg[i]);
		drop_ring(rec, i);
		if (kind == A_UTIMBUF && rec->ts[0].tv_nsec != TIMES_NULL)
			rec->ts[0].tv_nsec = rec->ts[1].tv_nsec = 0;
		if (kind == A_TIMEVALS && rec->ts[0].tv_nsec != TIMES_NULL) {
			rec->ts[0].tv_nsec -= rec->ts[0].tv_nsec % 1000;
			rec->ts[1].tv_nsec -= rec->ts[1].tv_nsec % 1000;
		}
	}
	if (op_has(rec->op, A_LOCAL)) /* sockets_have_addresses */
		rec->path = rec->path2 = STR_NONE;
	if (rec->op == OP_fcntl && rec_fcntl_is_lock(rec->arg[1])) {
		rec->arg[2] = (uint64_t)(short)rec->arg[2];
		rec->arg[3] = (uint64_t)(short)rec->arg[3];
	}
	if (op_has(rec->op, A_FDS)) {
		bool made = !rec->has_ret || rec->ret >= 0;
		int32_t fds[2] = {(int32_t)rec->arg[op_arg_index(rec->op, A_FDS)],
			(int32_t)rec->arg[op_arg_index(rec->op, A_FDS2)]};

		args_set_fds(rec, made ? fds : NULL);
	}
	if (rec->op == OP_state_task || rec->op == OP_state_fd)
		rec->tid = rec->pid;
	if (rec->op == OP_state_fd || rec->op == OP_recv_fd)
		rec->arg[0] = (uint32_t)rec->arg[0] & INT_MAX;
	if (rec->op == OP_recv_fd) {
		rec->has_ret = false;
		rec->ret = 0;
	}
	args_finish(rec);
}

static bool is_handed_over(enum op_id op)
{
	return op_nr(op) >= 0 || op == OP_state_task || op == OP_state_fd || op == OP_recv_fd ||
	       op == OP_task_end || (ops[op].flags & OPF_LAYER && op != OP_layer_sum && op != OP_file_call);
}

/* The sample's record, and the bytes that say the same. False: the kernel hands over no such one.
 */
static bool sample_bytes(
	struct buf *b, struct rec *rec, enum op_id op, enum sample how, int64_t ret)
{
	sample_rec(rec, op, how);
	rec->ret = ret == INT64_MIN ? 0 : ret;
	rec->has_ret = ret != INT64_MIN;
	if (op == OP_state_task) {
		rec->facts = (struct facts){0};
		rec->path = how == SAMPLE_LEAST ? STR_NONE : STR("/a\xff;");
		rec->path2 = STR("/");
	}
	as_recorded(rec);
	args_result(rec);
	b->len = 0;
	if (is_handed_over(op))
		wire_put(b, rec);
	return is_handed_over(op);
}

static void comes_back(struct scene *s, enum op_id op, enum sample how, int64_t ret)
{
	struct buf want = BUF_INIT;
	const char *differs;
	struct rec rec;
	int rc;

	if (!sample_bytes(&s->bytes, &rec, op, how, ret))
		return;
	rc = decode(s, s->bytes.p, s->bytes.len);
	ck_assert_msg(rc == 1, "%s: %d: %s", ops[op].name, rc, s->err.text);
	if (op == OP_lseek || op == OP_task_end)
		rec.facts = s->out.seen.rec.facts;
	differs = rec_difference(&rec, &s->out.seen.rec);
	capture_print(&want, &rec);
	buf_char(&want, '\0');
	ck_assert_msg(!differs, "%s: %s: '%s'", ops[op].name, differs, s->text.p);
	ck_assert_str_eq(s->text.p, want.p);
	buf_free(&want);
}

START_TEST(every_row_comes_back)
{
	struct scene s;
	int op, how;

	scene_open(&s);
	for (op = 0; op < OP_COUNT; op++)
		for (how = 0; how < SAMPLE_COUNT; how++) {
			comes_back(&s, (enum op_id)op, (enum sample)how, 3);
			comes_back(&s, (enum op_id)op, (enum sample)how, -2);
			comes_back(&s, (enum op_id)op, (enum sample)how, INT64_MIN);
		}
	ck_assert_uint_eq(wire_counts(s.reader).malformed, 0);
	ck_assert_uint_eq(wire_counts(s.reader).unknown_items, 0);
	scene_close(&s);
}
END_TEST

/* --- what is done to registers and memory --- */

START_TEST(registers_are_narrowed)
{
	struct scene s;

	scene_open(&s);
	BEGIN_CALL(&s, SYS_openat, 3, 0xdeadbeefffffff9c, 0x1234500000080000, 0777777);
	wire_str(&s.bytes, WIRE_PATH, STR("a;b"));
	wire_facts(&s.bytes, WIRE_FACTS, &some_facts);
	expect(&s, "t=5000;:,D=700;:,i=100:101;:,o=openat;:,d=AT_FDCWD;:,p=a\\x3bb;:,f=524288;:,"
		   "m=0;:,s=3;:," SOME_FACTS "\n");
	BEGIN_CALL(&s, SYS_openat, -2, CWD, O_CREAT, 0xffff0644);
	expect(&s,
		"t=5000;:,D=700;:,i=100:101;:,o=openat;:,d=AT_FDCWD;:,f=64;:,m=03104;:,s=-2;:,\n");
	BEGIN_CALL(&s, SYS_fchownat, 0, 5, 0xffffffff, 1000, 256);
	wire_str(&s.bytes, WIRE_PATH, STR(""));
	expect(&s, "t=5000;:,D=700;:,i=100:101;:,o=fchownat;:,d=5;:,p=;:,U=-1;:,G=1000;:,f=256;:,s="
		   "0;:,\n");
	BEGIN_CALL(&s, SYS_fcntl, 2, 3, F_GETFL, 77);
	expect(&s, "t=5000;:,D=700;:,i=100:101;:,o=fcntl;:,d=3;:,F=3;:,G=0;:,s=2;:,\n");
	scene_close(&s);
}
END_TEST

START_TEST(facts_are_those_that_the_program_got)
{
	struct wire_stat st = {.dev = makedev(8, 1),
		.ino = 4711,
		.nlink = 1,
		.mode = S_IFREG | 0644,
		.uid = 1000,
		.gid = 1000,
		.rdev = makedev(9, 9),
		.size = 300,
		.block_size = 4096,
		.blocks = 8};
	struct scene s;

	scene_open(&s);
	BEGIN_CALL(&s, SYS_newfstatat, 0, CWD, AT_SYMLINK_NOFOLLOW);
	wire_str(&s.bytes, WIRE_PATH, STR("/a"));
	wire_item(&s.bytes, WIRE_STAT, &st, sizeof(st));
	expect(&s, "t=5000;:,D=700;:,i=100:101;:,o=newfstatat;:,d=AT_FDCWD;:,p=/a;:,f=256;:,s=0;:," SOME_FACTS "\n");
	st.dev = makedev(0xabc, 0x12345);
	BEGIN_CALL(&s, SYS_fstat, 0, 3);
	wire_item(&s.bytes, WIRE_STAT, &st, sizeof(st));
	expect(&s, "t=5000;:,D=700;:,i=100:101;:,o=fstat;:,d=3;:,s=0;:,"
		   "x=2748:74565:4711:0100644:1:1000:1000:300:8;:,\n");
	scene_close(&s);
}
END_TEST

START_TEST(what_could_not_be_read_is_missing)
{
	struct scene s;

	scene_open(&s);
	BEGIN_CALL(&s, SYS_openat2, -14, CWD, 0);
	expect(&s, "t=5000;:,D=700;:,i=100:101;:,o=openat2;:,d=AT_FDCWD;:,f=0;:,m=0;:,R=0;:,s=-14;:"
		   ",\n");
	BEGIN_CALL(&s, SYS_fcntl, 0, 3, F_SET_RW_HINT, 0x7fff1234);
	wire_item(&s.bytes, WIRE_HINT, &(uint64_t){5}, 8);
	expect(&s, "t=5000;:,D=700;:,i=100:101;:,o=fcntl;:,d=3;:,F=1036;:,G=5;:,s=0;:,\n");
	BEGIN_CALL(&s, SYS_fcntl, 0, 3, F_GET_RW_HINT, 0x7fff1234);
	expect(&s, "t=5000;:,D=700;:,i=100:101;:,o=fcntl;:,d=3;:,F=1035;:,G=0;:,s=0;:,\n");
	BEGIN_CALL(&s, SYS_fcntl, -14, 3, F_SETLK, 0x7fff1234);
	expect(&s, "t=5000;:,D=700;:,i=100:101;:,o=fcntl;:,d=3;:,F=6;:,G=0,0,0,0;:,s=-14;:,\n");
	BEGIN_CALL(&s, SYS_readv, -14, 3);
	expect(&s, "t=5000;:,D=700;:,i=100:101;:,o=readv;:,d=3;:,v=-;:,s=-14;:,\n");
	BEGIN_CALL(&s, SYS_utimensat, -14, 3, 0);
	expect(&s, "t=5000;:,D=700;:,i=100:101;:,o=utimensat;:,d=3;:,"
		   "T=0.000000000,0.000000000;:,f=0;:,s=-14;:,\n");
	BEGIN_CALL(&s, SYS_sendfile, -14, 1, 3, 4096);
	expect(&s, "t=5000;:,D=700;:,i=100:101;:,o=sendfile;:,e=1;:,d=3;:,O=bad;:,c=4096;:,s=-14;:,"
		   "\n");
	begin(&s, WIRE_CALL, SYS_clone3);
	head_of(&s)->ret = 104;
	expect(&s, "t=5000;:,D=700;:,i=100:101;:,o=clone3;:,f=0;:,s=104;:,\n");
	scene_close(&s);
}
END_TEST

START_TEST(offsets_are_those_before_the_call)
{
	const uint64_t in = 1017, out = 4096, reserved = OFFPTR_BAD;
	struct scene s;

	scene_open(&s);
	BEGIN_CALL(&s, SYS_copy_file_range, 17, 3, 4, 4096, 0);
	wire_item(&s.bytes, WIRE_OFFSET, &in, sizeof(in));
	wire_item(&s.bytes, WIRE_OFFSET2, NULL, 0);
	expect(&s, "t=5000;:,D=700;:,i=100:101;:,o=copy_file_range;:,d=3;:,O=1000;:,e=4;:,Q=-;:,"
		   "c=4096;:,f=0;:,s=17;:,\n");
	BEGIN_CALL(&s, SYS_copy_file_range, -5, 3, 4, 4096, 0);
	wire_item(&s.bytes, WIRE_OFFSET2, &out, sizeof(out));
	expect(&s, "t=5000;:,D=700;:,i=100:101;:,o=copy_file_range;:,d=3;:,O=bad;:,e=4;:,Q=4096;:,"
		   "c=4096;:,f=0;:,s=-5;:,\n");
	BEGIN_CALL(&s, SYS_sendfile, -22, 1, 3, 4096);
	wire_item(&s.bytes, WIRE_OFFSET, &reserved, sizeof(reserved));
	expect(&s,
		"t=5000;:,D=700;:,i=100:101;:,o=sendfile;:,e=1;:,d=3;:,O=-1;:,c=4096;:,s=-22;:,\n");
	scene_close(&s);
}
END_TEST

START_TEST(times_of_all_lengths)
{
	const struct timespec invalid[2] = {{5, -1}, {5, UTIME_OMIT}};
	struct scene s;

	scene_open(&s);
	BEGIN_CALL(&s, SYS_utimensat, -22, 3, 0);
	wire_item(&s.bytes, WIRE_TIMES, invalid, sizeof(invalid));
	expect(&s, "t=5000;:,D=700;:,i=100:101;:,o=utimensat;:,d=3;:,T=5.-00000002,omit;:,f=0;:,s=-"
		   "22;:,\n");
	BEGIN_CALL(&s, SYS_utimensat, 0, 3, 0);
	wire_item(&s.bytes, WIRE_TIMES, NULL, 0);
	expect(&s, "t=5000;:,D=700;:,i=100:101;:,o=utimensat;:,d=3;:,T=null;:,f=0;:,s=0;:,\n");
	scene_close(&s);
}
END_TEST

START_TEST(vectors_come_in_pieces)
{
	uint64_t lens[1024];
	struct scene s;
	size_t i;

	scene_open(&s);
	for (i = 0; i < 1024; i++)
		lens[i] = 4096;
	BEGIN_CALL(&s, SYS_writev, 17, 3);
	wire_item(&s.bytes, WIRE_IOV, (uint64_t[]){10, 4096}, 16);
	wire_item(&s.bytes, WIRE_IOV, (uint64_t[]){4096, 1}, 16);
	expect(&s, "t=5000;:,D=700;:,i=100:101;:,o=writev;:,d=3;:,v=10,4096x2,1;:,s=17;:,\n");
	begin(&s, WIRE_PART, SYS_writev);
	wire_item(&s.bytes, WIRE_IOV, lens, 900 * sizeof(*lens));
	ck_assert_int_eq(decode_bytes(&s), 0);
	BEGIN_CALL(&s, SYS_writev, -22, 3); /* more than the kernel takes */
	wire_item(&s.bytes, WIRE_IOV, lens, 900 * sizeof(*lens));
	expect(&s, "t=5000;:,D=700;:,i=100:101;:,o=writev;:,d=3;:,v=4096x1025;:,s=-22;:,\n");
	scene_close(&s);
}
END_TEST

START_TEST(struct_open_how_of_any_length)
{
	struct {
		struct open_how how;
		uint64_t more;
	} big = {{O_WRONLY | O_CREAT, 0644, RESOLVE_BENEATH}, 0};
	struct scene s;

	scene_open(&s);
	BEGIN_CALL(&s, SYS_openat2, 6, 5, 99);
	wire_item(&s.bytes, WIRE_HOW, &big, sizeof(big));
	wire_str(&s.bytes, WIRE_PATH, STR("f"));
	expect(&s, "t=5000;:,D=700;:,i=100:101;:,o=openat2;:,d=5;:,p=f;:,f=65;:,m=0644;:,R=8;:,s=6;"
		   ":,\n");
	BEGIN_CALL(&s, SYS_openat2, -22, 5, 99);
	wire_item(&s.bytes, WIRE_HOW, &big, 8);
	expect(&s, "t=5000;:,D=700;:,i=100:101;:,o=openat2;:,d=5;:,f=65;:,m=0;:,R=0;:,s=-22;:,\n");
	scene_close(&s);
}
END_TEST

START_TEST(results_and_times)
{
	struct scene s;

	scene_open(&s);
	BEGIN_CALL(&s, SYS_exit_group, 0, 0x100000001);
	expect(&s, "t=5000;:,D=700;:,i=100:101;:,o=exit_group;:,E=1;:,\n");
	BEGIN_CALL(&s, SYS_read, -512, 3, 10); /* ERESTARTSYS */
	expect(&s, "t=5000;:,D=700;:,i=100:101;:,o=read;:,d=3;:,c=10;:,s=-4;:,\n");
	BEGIN_CALL(&s, SYS_read, 10, 3, 10);
	head_of(&s)->flags = WIRE_NO_ENTRY | WIRE_CHROOTED | WIRE_FOREIGN;
	head_of(&s)->dur = 0;
	wire_item(&s.bytes, WIRE_POSITION, (int64_t[]){-5}, 8);
	expect(&s, "t=5000;:,D=0;:,i=100:101;:,o=read;:,d=3;:,c=10;:,s=10;:,\n");
	ck_assert(s.out.no_entry && s.out.has_position && s.out.position == -5);
	ck_assert(s.out.seen.chrooted && s.out.seen.foreign && !s.out.seen.created);
	BEGIN_CALL(&s, SYS_read, 10, 3, 10);
	head_of(&s)->dur = 5001;
	expect_malformed(&s, "longer than there was time");
	expect_works(&s);
	ck_assert(!s.out.no_entry && !s.out.has_position && !s.out.seen.chrooted);
	scene_close(&s);
}
END_TEST

/* --- what is told besides --- */

START_TEST(directories_and_facts)
{
	struct scene s;

	scene_open(&s);
	BEGIN_CALL(&s, SYS_renameat2, 0, CWD, 5, 0);
	head_of(&s)->flags = WIRE_CREATED;
	wire_str(&s.bytes, WIRE_PATH, STR("a"));
	wire_str(&s.bytes, WIRE_PATH2, STR("b"));
	wire_dir(&s.bytes, WIRE_BASE, 77, STR("/home/u"));
	wire_dir(&s.bytes, WIRE_BASE2, 78, STR(""));
	wire_facts(&s.bytes, WIRE_BEFORE, &some_facts);
	wire_facts(&s.bytes, WIRE_BEFORE2, &(struct facts){.absent = true});
	wire_str(&s.bytes, WIRE_LINK, STR("../where"));
	wire_facts(&s.bytes, WIRE_CUT, &some_facts);
	expect(&s, "t=5000;:,D=700;:,i=100:101;:,o=renameat2;:,d=AT_FDCWD;:,p=a;:,e=5;:,P=b;:,f=0;:"
		   ",s=0;:,\n");
	ck_assert_uint_eq(s.out.seen.from[0].id, 77);
	ck_assert_uint_eq(s.out.seen.from[1].id, 78);
	ck_assert_ptr_null(s.out.seen.from[1].name.s);
	ck_assert(s.out.seen.before[0].known && s.out.seen.before[0].ino == 4711);
	ck_assert(s.out.seen.before[1].absent && !s.out.seen.before[1].known);
	ck_assert(s.out.seen.cut.known && s.out.seen.created && !s.out.seen.was.known);
	ck_assert(str_eqs(s.out.seen.target[0], "../where") && !s.out.seen.target[1].s);
	BEGIN_CALL(&s, SYS_getdents64, 48, 5, 32768);
	wire_dir(&s.bytes, WIRE_BASE, 80, STR("/home/u/d"));
	expect(&s, "t=5000;:,D=700;:,i=100:101;:,o=getdents64;:,d=5;:,c=32768;:,s=48;:,\n");
	ck_assert_uint_eq(s.out.seen.from[0].id, 80);
	ck_assert(str_eqs(s.out.seen.from[0].name, "/home/u/d"));
	ck_assert(!s.out.seen.target[0].s);
	BEGIN_CALL(&s, SYS_fchmod, 0, 5, 0644);
	wire_facts(&s.bytes, WIRE_WAS, &some_facts);
	expect(&s, "t=5000;:,D=700;:,i=100:101;:,o=fchmod;:,d=5;:,m=0644;:,s=0;:,\n");
	ck_assert(s.out.seen.was.known && s.out.seen.was.ino == 4711 && !s.out.seen.cut.known);
	BEGIN_CALL(&s, SYS_unlinkat, 0, CWD, 0);
	wire_str(&s.bytes, WIRE_PATH, STR("a"));
	wire_dir(&s.bytes, WIRE_BASE, 79, STR("(unreachable)/x"));
	ck_assert_int_eq(decode_bytes(&s), 1);
	ck_assert_uint_eq(s.out.seen.from[0].id, 79);
	ck_assert_ptr_null(s.out.seen.from[0].name.s);
	ck_assert(!s.out.seen.before[0].known && !s.out.seen.before[0].absent);
	scene_close(&s);
}
END_TEST

START_TEST(facts_of_what_failed_are_none)
{
	struct scene s;

	scene_open(&s);
	BEGIN_CALL(&s, SYS_newfstatat, 0, CWD, 256);
	wire_str(&s.bytes, WIRE_PATH, STR("a"));
	wire_facts(&s.bytes, WIRE_FACTS, &some_facts);
	expect(&s, "t=5000;:,D=700;:,i=100:101;:,o=newfstatat;:,d=AT_FDCWD;:,p=a;:,f=256;:,s=0;:"
		   "," SOME_FACTS "\n");
	BEGIN_CALL(&s, SYS_newfstatat, -13, CWD, 256);
	wire_str(&s.bytes, WIRE_PATH, STR("a"));
	wire_facts(&s.bytes, WIRE_FACTS, &some_facts);
	expect(&s, "t=5000;:,D=700;:,i=100:101;:,o=newfstatat;:,d=AT_FDCWD;:,p=a;:,f=256;:,s=-13;:,"
		   "\n");
	scene_close(&s);
}
END_TEST

START_TEST(bits_of_access_control_lists)
{
	static const char *const names[] = {"system.posix_acl_access", "system.posix_acl_default", "system.posix_acl_mine",
		"user.mime"};
	char list[WIRE_LIST_BYTES], line[256];
	struct scene s;
	size_t i;

	scene_open(&s);
	acl_make(list, sizeof(list), 0751);
	for (i = 0; i < 8; i++) { /* each name, set and refused */
		int64_t ret = i < 4 ? 0 : -1;

		BEGIN_CALL(&s, SYS_fsetxattr, ret, 3, 60, 0);
		wire_str(&s.bytes, WIRE_PATH2, str_of(names[i % 4]));
		wire_item(&s.bytes, WIRE_LIST, list, sizeof(list));
		snprintf(line, sizeof(line), "t=5000;:,D=700;:,i=100:101;:,o=fsetxattr;:,d=3;:,P=%s;:,c=60;:,f=0;:,s=%d;:,%s\n",
			names[i % 4], (int)ret, i < 2 ? "x=0751;:," : "");
		expect(&s, line);
	}
	list[0] ^= 1; /* of another version */
	BEGIN_CALL(&s, SYS_fsetxattr, 0, 3, 60, 0);
	wire_str(&s.bytes, WIRE_PATH2, str_of(names[0]));
	wire_item(&s.bytes, WIRE_LIST, list, sizeof(list));
	expect(&s, "t=5000;:,D=700;:,i=100:101;:,o=fsetxattr;:,d=3;:,P=system.posix_acl_access;:,c=60;:,f=0;:,s=0;:,\n");
	scene_close(&s);
}
END_TEST

START_TEST(state_of_a_process)
{
	struct scene s;

	scene_open(&s);
	begin(&s, WIRE_TASK, -1);
	wire_value(&s.bytes, 022);
	wire_value(&s.bytes, 1000);
	wire_value(&s.bytes, 1001);
	wire_value(&s.bytes, 99);
	wire_dir(&s.bytes, WIRE_CWD, 5, STR("/home/u"));
	expect(&s, "t=5000;:,D=0;:,i=100:100;:,o=state_task;:,p=/home/u;:,P=/;:,m=022;:,U=1000;:,"
		   "G=1001;:,q=99;:,\n");
	ck_assert_int_eq(s.out.kind, WIRE_SEEN_TASK);
	ck_assert_uint_eq(s.out.seen.from[0].id, 5);
	begin(&s, WIRE_FD, -1);
	wire_value(&s.bytes, 4);
	wire_value(&s.bytes, 33793);
	wire_value(&s.bytes, 5120);
	wire_str(&s.bytes, WIRE_FD_PATH, STR("/home/u/log"));
	wire_facts(&s.bytes, WIRE_FACTS, &some_facts);
	wire_item(&s.bytes, WIRE_DESCRIPTION, &(uint64_t){77}, sizeof(uint64_t));
	expect(&s, "t=5000;:,D=0;:,i=100:100;:,o=state_fd;:,d=4;:,p=/home/u/"
		   "log;:,f=33793;:,O=5120;:," SOME_FACTS "\n");
	ck_assert_int_eq(s.out.kind, WIRE_SEEN_FD);
	ck_assert_uint_eq(s.out.description, 77);
	begin(&s, WIRE_MAP, -1);
	wire_value(&s.bytes, 0x7000);
	wire_value(&s.bytes, 8192);
	wire_value(&s.bytes, 3);
	wire_value(&s.bytes, 1);
	wire_value(&s.bytes, 4096);
	wire_str(&s.bytes, WIRE_FD_PATH, STR("/home/u/log"));
	wire_facts(&s.bytes, WIRE_FACTS, &some_facts);
	expect(&s, "t=5000;:,D=0;:,i=100:100;:,o=state_map;:,a=0x7000;:,c=8192;:,g=3;:,l=1;:,p=/home/u/"
		   "log;:,O=4096;:," SOME_FACTS "\n");
	ck_assert_int_eq(s.out.kind, WIRE_SEEN_MAP);
	begin(&s, WIRE_TASK, -1);
	head_of(&s)->flags = WIRE_CHROOTED;
	wire_value(&s.bytes, 0);
	wire_value(&s.bytes, 0);
	wire_value(&s.bytes, 0);
	wire_value(&s.bytes, 0);
	wire_dir(&s.bytes, WIRE_CWD, 5, STR_NONE);
	expect(&s, "t=5000;:,D=0;:,i=100:100;:,o=state_task;:,m=0;:,U=0;:,G=0;:,q=0;:,\n");
	begin(&s, WIRE_TASK_END, -1);
	wire_value(&s.bytes, 9);
	expect(&s, "t=5000;:,D=0;:,i=100:101;:,o=task_end;:,E=9;:,\n");
	ck_assert_int_eq(s.out.kind, WIRE_SEEN_CALL);
	scene_close(&s);
}
END_TEST

static void begin_fault(struct scene *s, uint64_t address, uint64_t offset, uint64_t write)
{
	begin(s, WIRE_FAULT, -1);
	wire_value(&s->bytes, address);
	wire_value(&s->bytes, offset);
	wire_value(&s->bytes, write);
}

struct end {
	unsigned family, type, protocol, len;
	const char *bytes;
};

/* A net_send with these ends, its record of the wire. */
static void put_ends(struct scene *s, const struct end *local, const struct end *peer)
{
	const struct end *ends[] = {local, peer};
	size_t i;

	s->bytes.len = 0;
	wire_begin(&s->bytes, &(struct wire_rec){.kind = WIRE_EVENT, .nr = OP_net_send, .tgid = 7, .tid = 7, .t = 100});
	for (i = 0; i < 4; i++)
		wire_value(&s->bytes, 3);
	for (i = 0; i < 2; i++) {
		char item[sizeof(struct wire_socket) + 256] = "";
		struct wire_socket head = {.family = (uint16_t)ends[i]->family, .type = (uint16_t)ends[i]->type,
			.protocol = (uint16_t)ends[i]->protocol};

		memcpy(item, &head, sizeof(head));
		memcpy(item + sizeof(head), ends[i]->bytes, ends[i]->len);
		wire_item(&s->bytes, i ? WIRE_PEER : WIRE_LOCAL, item, sizeof(head) + ends[i]->len);
	}
	wire_end(&s->bytes, 0);
}

START_TEST(sockets_have_addresses)
{
	static const struct {
		struct end local, peer;
		const char *texts[2];
	} cases[] = {
		{{2, 1, 6, 6, "\x7f\0\0\1\x1f\x90"}, {2, 1, 6, 6, "\x0a\0\0\2\0\x50"},
			{"tcp/127.0.0.1:8080", "10.0.0.2:80"}},
		{{10, 2, 17, 18, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\x35"},
			{10, 2, 17, 18, "\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\2\0\1"}, {"udp6/[::1]:53", "[fe80::2]:1"}},
		{{1, 1, 0, 0, ""}, {1, 1, 0, 9, "/run/s\0xx"}, {"unix-stream/", "/run/s"}},
		{{1, 2, 0, 4, "\0a\0b"}, {1, 2, 0, 1, "\0"}, {"unix-dgram/@a\0b", ""}},
		{{16, 3, 15, 0, ""}, {2, 0, 0, 6, "\0\0\0\0\0\0"}, {"netlink/", "0.0.0.0:0"}},
		{{40, 1, 0, 0, ""}, {1, 9, 0, 3, "abc"}, {"family-40/", "abc"}},
	};
	const struct rec *rec;
	struct scene s;
	size_t i;

	scene_open(&s);
	rec = &s.out.seen.rec;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		size_t len = i == 3 ? 15 : strlen(cases[i].texts[0]);

		put_ends(&s, &cases[i].local, &cases[i].peer);
		ck_assert_msg(decode(&s, s.bytes.p, s.bytes.len) == 1, "case %zu: %s", i, s.err.text);
		ck_assert_msg(rec->path.len == len && memcmp(rec->path.s, cases[i].texts[0], len) == 0,
			"case %zu: %.*s", i, (int)rec->path.len, rec->path.s);
		ck_assert_msg(str_eqs(rec->path2, cases[i].texts[1]), "case %zu: %.*s", i, (int)rec->path2.len,
			rec->path2.s);
	}
	scene_close(&s);
}
END_TEST

START_TEST(addresses_that_cannot_be_are_refused)
{
	static const struct end good = {2, 1, 6, 6, "\x7f\0\0\1\x1f\x90"};
	static const struct end bad[] = {{2, 1, 6, 5, "12345"}, {2, 1, 6, 0, ""}, {10, 1, 6, 6, "123456"},
		{16, 3, 0, 1, "x"}, {1, 1, 0, 109, "01234567890123456789012345678901234567890123456789012345678901234"
			"56789012345678901234567890123456789012345678"}};
	struct scene s;
	size_t i;

	scene_open(&s);
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		put_ends(&s, &bad[i], &good);
		ck_assert_msg(decode(&s, s.bytes.p, s.bytes.len) < 0, "case %zu, its own", i);
		put_ends(&s, &good, &bad[i]);
		ck_assert_msg(decode(&s, s.bytes.p, s.bytes.len) < 0, "case %zu, the other", i);
	}
	scene_close(&s);
}
END_TEST

START_TEST(page_faults_are_pages_of_maps)
{
	struct scene s;

	scene_open(&s);
	begin_fault(&s, 0x7f0000003000, 8192, 0);
	expect(&s, "t=5000;:,D=0;:,i=100:101;:,o=map_read;:,a=0x7f0000003000;:,v=8192+4096;:,s=4096;:,\n");
	ck_assert_int_eq(s.out.kind, WIRE_SEEN_CALL);
	begin_fault(&s, 0, 0, 1);
	expect(&s, "t=5000;:,D=0;:,i=100:101;:,o=map_write;:,a=0x0;:,v=0+4096;:,s=4096;:,\n");
	begin_fault(&s, 1, 0, 0);
	expect_malformed(&s, "a page that cannot be");
	begin_fault(&s, 4096, 1, 0);
	expect_malformed(&s, "a page that cannot be");
	begin_fault(&s, 4096, UINT64_MAX - 4095, 0);
	expect_malformed(&s, "a page that cannot be");
	scene_close(&s);
}
END_TEST

/* --- what is lost --- */

static void is_lost(const struct scene *s, uint64_t count, const char *why)
{
	ck_assert_int_eq(s->out.kind, WIRE_SEEN_LOST);
	ck_assert_uint_eq(s->out.lost, count);
	ck_assert_msg(strstr(s->out.why, why), "%s", s->out.why);
	ck_assert_uint_eq(s->out.seen.rec.t, 5000);
	ck_assert_uint_eq(s->out.seen.rec.pid, 100);
	ck_assert_uint_eq(s->out.seen.rec.tid, 101);
}

static void expect_lost(struct scene *s, uint64_t count, const char *why)
{
	ck_assert_int_eq(decode_bytes(s), 1);
	is_lost(s, count, why);
}

static void begin_lost(struct scene *s, uint64_t count, uint64_t why)
{
	begin(s, WIRE_LOST, -1);
	wire_value(&s->bytes, count);
	wire_value(&s->bytes, why);
}

START_TEST(lost_calls_say_why)
{
	struct scene s;

	scene_open(&s);
	begin_lost(&s, 12, WIRE_LOST_SKIPPED);
	expect_lost(&s, 12, "not see the end");
	begin_lost(&s, 1, WIRE_LOST_COMPAT);
	expect_lost(&s, 1, "32-bit");
	begin_lost(&s, 1, WIRE_LOST_MEMORY);
	expect_lost(&s, 1, "memory");
	begin_lost(&s, 3, 99);
	expect_lost(&s, 3, "newer version");
	begin_lost(&s, 0, WIRE_LOST_COMPAT);
	ck_assert_int_eq(decode_bytes(&s), 0);
	begin(&s, WIRE_CALL, 426);
	head_of(&s)->ret = 3;
	wire_value(&s.bytes, 6);
	wire_value(&s.bytes, 3);
	wire_value(&s.bytes, 0);
	wire_value(&s.bytes, 1);
	expect(&s, "t=5000;:,D=700;:,i=100:101;:,o=io_uring_enter;:,d=6;:,n=3;:,N=0;:,f=1;:,k=0;:,j=0;:,s=3;:,\n");
	ck_assert(wire_next(s.reader, &s.out));
	is_lost(&s, 3, "io_uring");
	begin(&s, WIRE_UNRECORDED, SYS_mount);
	expect_lost(&s, 1, "mount");
	begin(&s, WIRE_UNRECORDED, SYS_mount);
	head_of(&s)->ret = -1;
	ck_assert_int_eq(decode_bytes(&s), 0);
	scene_close(&s);
}
END_TEST

/* --- rings --- */

static void put_ring(struct scene *s, uint64_t id, uint32_t ready)
{
	const struct wire_ring ring = {id, 8, 16, 1u << 3, ready};

	wire_item(&s->bytes, WIRE_RING, &ring, sizeof(ring));
}

static void next_is(struct scene *s, const char *line)
{
	ck_assert(wire_next(s->reader, &s->out));
	s->text.len = 0;
	capture_print(&s->text, &s->out.seen.rec);
	buf_char(&s->text, '\0');
	ck_assert_str_eq(s->text.p, line);
}

static void begin_setup(struct scene *s, int64_t fd)
{
	const uint32_t params[2] = {64, 1u << 3};

	BEGIN_CALL(s, 425, fd, 4);
	wire_item(&s->bytes, WIRE_PARAMS, params, sizeof(params));
}

static void begin_submission(struct scene *s, uint64_t request, uint32_t number, const struct io_uring_sqe *sqe)
{
	begin(s, WIRE_SUBMISSION, 0);
	head_of(s)->t = 4900;
	wire_value(&s->bytes, 0x1111);
	wire_value(&s->bytes, request);
	wire_value(&s->bytes, number);
	wire_item(&s->bytes, WIRE_SQE, sqe, sizeof(*sqe));
}

static void begin_completion(struct scene *s, uint64_t request, int64_t ret, uint64_t user, uint64_t flags)
{
	begin(s, WIRE_COMPLETION, 0);
	head_of(s)->ret = ret;
	wire_value(&s->bytes, 0x1111);
	wire_value(&s->bytes, request);
	wire_value(&s->bytes, user);
	wire_value(&s->bytes, flags);
}

#define ENTERED "t=5000;:,D=700;:,i=100:101;:,o=io_uring_enter;:,d=6;:,"

/* A ring that is made, or that nobody has told of; K is its number then. */
static void make_ring(struct scene *s)
{
	begin_setup(s, 6);
	put_ring(s, 0x1111, 0);
	expect(s, "t=5000;:,D=700;:,i=100:101;:,o=io_uring_setup;:,n=4;:,f=8;:,N=64;:,k=1;:,s=6;:,\n");
	ck_assert(!wire_next(s->reader, &s->out));
}

static void begin_enter(struct scene *s, uint64_t n, uint64_t wanted, int64_t ret, uint32_t ready)
{
	BEGIN_CALL(s, 426, ret, 6, n, wanted, 1);
	put_ring(s, 0x1111, ready);
}

static const struct io_uring_sqe a_write = {.opcode = IORING_OP_WRITE, .fd = 3, .len = 100, .off = 7, .user_data = 9};
static const struct io_uring_sqe an_open = {
	.opcode = IORING_OP_OPENAT, .fd = AT_FDCWD, .open_flags = O_CREAT | O_WRONLY, .len = 0644, .user_data = 10};

START_TEST(submissions_follow_their_call)
{
	struct scene s;

	scene_open(&s);
	make_ring(&s);
	begin_submission(&s, 0xa, 0, &a_write);
	ck_assert_int_eq(decode_bytes(&s), 0);
	begin_submission(&s, 0xb, 1, &an_open);
	wire_str(&s.bytes, WIRE_PATH, STR("new"));
	wire_dir(&s.bytes, WIRE_BASE, 77, STR("/home"));
	ck_assert_int_eq(decode_bytes(&s), 0);
	begin_completion(&s, 0xa, 100, 9, 0); /* before the call is over */
	ck_assert_int_eq(decode_bytes(&s), 0);
	begin_enter(&s, 2, 2, 2, 1);
	expect(&s, ENTERED "n=2;:,N=1;:,f=1;:,k=1;:,j=0;:,s=2;:,\n");
	next_is(&s, "t=5000;:,D=700;:,i=100:101;:,o=uring_write;:,k=1:0:0:-:-:0x9;:,d=3;:,c=100;:,O=7;:,f=0;:,s=100;:,\n");
	ck_assert(!wire_next(s.reader, &s.out));
	begin_completion(&s, 0xb, 4, 10, 0); /* and later, by a thread of the kernel */
	head_of(&s)->tid = 999;
	head_of(&s)->t = 6000;
	wire_facts(&s.bytes, WIRE_FACTS, &some_facts);
	expect(&s, "t=6000;:,D=1700;:,i=100:101;:,o=uring_openat;:,k=1:1:0:-:-:0xa;:,d=AT_FDCWD;:,p=new;:,"
		   "f=65;:,m=0644;:,s=4;:," SOME_FACTS "\n");
	ck_assert_uint_eq(s.out.seen.from[0].id, 77);
	ck_assert(str_eq(s.out.seen.from[0].name, STR("/home")));
	begin_completion(&s, 0xb, 4, 10, 0); /* once is enough */
	ck_assert_int_eq(decode_bytes(&s), 0);
	begin_enter(&s, 3, 0, 3, 0); /* none of them came */
	expect(&s, ENTERED "n=3;:,N=0;:,f=1;:,k=1;:,j=2;:,s=3;:,\n");
	ck_assert(wire_next(s.reader, &s.out));
	is_lost(&s, 3, "could not be read");
	scene_close(&s);
}
END_TEST

START_TEST(submissions_without_completion_are_settled)
{
	struct io_uring_sqe silent = a_write;
	struct scene s;

	silent.flags = IOSQE_CQE_SKIP_SUCCESS | IOSQE_IO_LINK;
	scene_open(&s);
	make_ring(&s);
	begin_submission(&s, 0xa, 0, &silent);
	ck_assert_int_eq(decode_bytes(&s), 0);
	begin_submission(&s, 0xb, 1, &a_write);
	ck_assert_int_eq(decode_bytes(&s), 0);
	begin_completion(&s, 0xb, 50, 9, 0);
	ck_assert_int_eq(decode_bytes(&s), 0);
	begin_submission(&s, 0xc, 2, &silent);
	ck_assert_int_eq(decode_bytes(&s), 0);
	begin_enter(&s, 3, 1, 3, 0);
	expect(&s, ENTERED "n=3;:,N=1;:,f=1;:,k=1;:,j=0;:,s=3;:,\n");
	next_is(&s, "t=5000;:,D=700;:,i=100:101;:,o=uring_write;:,k=1:0:68:-:-:0x9;:,d=3;:,c=100;:,O=7;:,f=0;:,s=100;:,\n");
	next_is(&s, "t=5000;:,D=700;:,i=100:101;:,o=uring_write;:,k=1:1:0:-:-:0x9;:,d=3;:,c=100;:,O=7;:,f=0;:,s=50;:,\n");
	ck_assert(!wire_next(s.reader, &s.out));
	begin_enter(&s, 0, 0, 0, 0);
	expect(&s, ENTERED "n=0;:,N=0;:,f=1;:,k=1;:,j=3;:,s=0;:,\n");
	begin_enter(&s, 0, 0, 0, 0);
	expect(&s, "t=5000;:,D=700;:,i=100:101;:,o=uring_write;:,k=1:2:68:-:-:0x9;:,d=3;:,c=100;:,O=7;:,f=0;:,s=100;:,\n");
	next_is(&s, ENTERED "n=0;:,N=0;:,f=1;:,k=1;:,j=3;:,s=0;:,\n");
	begin_submission(&s, 0xd, 3, &a_write);
	ck_assert_int_eq(decode_bytes(&s), 0);
	begin(&s, WIRE_TASK_END, 0);
	head_of(&s)->tid = 100;
	wire_value(&s.bytes, 0);
	ck_assert_int_eq(decode_bytes(&s), 1);
	ck_assert(wire_next(s.reader, &s.out));
	ck_assert_int_eq(s.out.kind, WIRE_SEEN_LOST);
	ck_assert_msg(strstr(s.out.why, "when a ring was closed"), "%s", s.out.why);
	scene_close(&s);
}
END_TEST

START_TEST(polled_rings_have_calls_made_up)
{
	struct wire_ring ring = {0x1111, 8, 16, 1u << 1, 0};
	struct scene s;
	int i;

	scene_open(&s);
	begin_setup(&s, 6);
	wire_item(&s.bytes, WIRE_RING, &ring, sizeof(ring));
	ck_assert_int_eq(decode_bytes(&s), 1);
	for (i = 0; i < 2; i++) {
		begin_submission(&s, (uint64_t)i + 1, (uint32_t)i, &a_write);
		head_of(&s)->flags = WIRE_POLLED;
		head_of(&s)->tid = 555;
		ck_assert_int_eq(decode_bytes(&s), 0);
	}
	begin_completion(&s, 2, 100, 9, 0);
	expect(&s, "t=5000;:,D=100;:,i=100:100;:,o=io_uring_enter;:,d=6;:,n=2;:,N=0;:,f=0;:,k=1;:,j=0;:,s=2;:,\n");
	next_is(&s, "t=5000;:,D=100;:,i=100:100;:,o=uring_write;:,k=1:1:0:-:-:0x9;:,d=3;:,c=100;:,O=7;:,f=0;:,s=100;:,\n");
	begin_completion(&s, 1, -5, 9, 0);
	expect(&s, "t=5000;:,D=100;:,i=100:100;:,o=uring_write;:,k=1:0:0:-:-:0x9;:,d=3;:,c=100;:,O=7;:,f=0;:,s=-5;:,\n");
	begin_submission(&s, 3, 5, &a_write); /* three are missing */
	head_of(&s)->flags = WIRE_POLLED;
	ck_assert_int_eq(decode_bytes(&s), 1);
	ck_assert_int_eq(s.out.kind, WIRE_SEEN_LOST);
	ck_assert_uint_eq(s.out.lost, 3);
	scene_close(&s);
}
END_TEST

START_TEST(rings_that_were_there_are_told)
{
	const int32_t files[3] = {-1, 5, -1};
	const struct wire_registered what = {3, 2};
	struct scene s;

	scene_open(&s);
	begin_enter(&s, 0, 3, 0, 1);
	expect(&s, "t=5000;:,D=0;:,i=100:100;:,o=io_uring_setup;:,n=8;:,f=8;:,N=16;:,k=1;:,s=6;:,\n");
	ck_assert_int_eq(s.out.kind, WIRE_SEEN_RING);
	next_is(&s, ENTERED "n=0;:,N=2;:,f=1;:,k=1;:,j=0;:,s=0;:,\n");
	begin(&s, WIRE_FD, 0);
	wire_value(&s.bytes, 8);
	wire_value(&s.bytes, 2);
	wire_value(&s.bytes, 0);
	put_ring(&s, 0x1111, 0);
	ck_assert_int_eq(decode_bytes(&s), 1);
	ck_assert_int_eq(s.out.kind, WIRE_SEEN_FD);
	next_is(&s, "t=5000;:,D=0;:,i=100:100;:,o=io_uring_setup;:,n=8;:,f=8;:,N=16;:,k=1;:,s=8;:,\n");
	BEGIN_CALL(&s, 427, 3, 8, 6, 3);
	put_ring(&s, 0x1111, 0);
	wire_item(&s.bytes, WIRE_REGISTERED, &what, sizeof(what));
	wire_item(&s.bytes, WIRE_FILES, files, sizeof(files));
	expect(&s, "t=5000;:,D=700;:,i=100:101;:,o=io_uring_register;:,d=8;:,F=6;:,v=-;:,n=3;:,k=1;:,s=3;:,\n");
	next_is(&s, "t=5000;:,D=0;:,i=100:101;:,o=uring_file;:,k=1;:,n=2;:,e=-1;:,s=0;:,\n");
	next_is(&s, "t=5000;:,D=0;:,i=100:101;:,o=uring_file;:,k=1;:,n=3;:,e=5;:,s=0;:,\n");
	next_is(&s, "t=5000;:,D=0;:,i=100:101;:,o=uring_file;:,k=1;:,n=4;:,e=-1;:,s=0;:,\n");
	ck_assert(!wire_next(s.reader, &s.out));
	scene_close(&s);
}
END_TEST

START_TEST(work_tells_what_was_there)
{
	struct io_uring_sqe gone = {.opcode = IORING_OP_UNLINKAT, .fd = AT_FDCWD};
	struct scene s;

	scene_open(&s);
	make_ring(&s);
	begin_submission(&s, 0xa, 0, &gone);
	wire_str(&s.bytes, WIRE_PATH, STR("/a"));
	ck_assert_int_eq(decode_bytes(&s), 0);
	begin(&s, WIRE_WORK, 0);
	wire_value(&s.bytes, 0x1111);
	wire_value(&s.bytes, 0xa);
	wire_facts(&s.bytes, WIRE_BEFORE, &some_facts);
	wire_str(&s.bytes, WIRE_LINK, STR("there"));
	ck_assert_int_eq(decode_bytes(&s), 0);
	begin_enter(&s, 1, 1, 1, 0);
	expect(&s, ENTERED "n=1;:,N=1;:,f=1;:,k=1;:,j=0;:,s=1;:,\n");
	begin_completion(&s, 0xa, 0, 0, 0);
	expect(&s, "t=5000;:,D=700;:,i=100:101;:,o=uring_unlinkat;:,k=1:0:0:-:-:0x0;:,d=AT_FDCWD;:,p=/a;:,f=0;:,s=0;:,\n");
	ck_assert_uint_eq(s.out.seen.before[0].ino, 4711);
	ck_assert(str_eq(s.out.seen.target[0], STR("there")));
	scene_close(&s);
}
END_TEST

static void submits(struct scene *s, uint64_t request, uint32_t number, const struct io_uring_sqe *sqe)
{
	begin_submission(s, request, number, sqe);
	ck_assert_int_eq(decode_bytes(s), 0);
}

START_TEST(submissions_of_slots_attributes_and_splices)
{
	const struct io_uring_sqe update = {.opcode = IORING_OP_FILES_UPDATE, .len = 3, .off = 2};
	const struct io_uring_sqe anywhere = {.opcode = IORING_OP_FILES_UPDATE, .len = 1, .off = UINT32_MAX};
	const struct io_uring_sqe set = {.opcode = IORING_OP_SETXATTR, .len = 10, .xattr_flags = 1};
	const struct io_uring_sqe splice = {.opcode = IORING_OP_SPLICE, .fd = 8, .off = -1ull, .splice_fd_in = 3,
		.splice_off_in = 100, .len = 3000, .splice_flags = 1u << 31 | 4 | 1 << 20};
	const struct io_uring_sqe install = {.opcode = 54, .fd = 1, .flags = IOSQE_FIXED_FILE | IOSQE_CQE_SKIP_SUCCESS};
	const int32_t files[] = {5, -1, -2};
	struct scene s;

	scene_open(&s);
	make_ring(&s);
	begin_submission(&s, 0xa, 0, &update);
	wire_item(&s.bytes, WIRE_FILES, files, sizeof(files));
	ck_assert_int_eq(decode_bytes(&s), 0);
	begin_submission(&s, 0xb, 1, &set);
	wire_str(&s.bytes, WIRE_PATH, STR("f"));
	wire_dir(&s.bytes, WIRE_BASE, 77, STR("/home"));
	wire_str(&s.bytes, WIRE_PATH2, STR("user.a"));
	ck_assert_int_eq(decode_bytes(&s), 0);
	submits(&s, 0xc, 2, &splice);
	submits(&s, 0xd, 3, &install);
	submits(&s, 0xe, 4, &anywhere);
	begin_enter(&s, 5, 0, 5, 0);
	expect(&s, ENTERED "n=5;:,N=0;:,f=1;:,k=1;:,j=0;:,s=5;:,\n");
	begin_completion(&s, 0xa, 3, 0, 0);
	expect(&s, "t=5000;:,D=700;:,i=100:101;:,o=uring_files_update;:,k=1:0:0:-:-:0x0;:,n=2;:,b=5,-1,-2;:,s=3;:,\n");
	begin_completion(&s, 0xb, 0, 0, 0);
	expect(&s, "t=5000;:,D=700;:,i=100:101;:,o=uring_setxattr;:,k=1:1:0:-:-:0x0;:,p=f;:,P=user.a;:,c=10;:,f=1;:,s=0;:,\n");
	ck_assert(str_eq(s.out.seen.from[0].name, STR("/home")));
	begin_completion(&s, 0xc, -EINVAL, 0, 0);
	expect(&s, "t=5000;:,D=700;:,i=100:101;:,o=uring_splice;:,k=1:2:99328:-:-:0x0;:,d=3;:,O=100;:,e=8;:,Q=-;:,c=3000;:,"
		   "s=-22;:,\n");
	begin_completion(&s, 0xe, 1, 0, 0);
	expect(&s, "t=5000;:,D=700;:,i=100:101;:,o=uring_other;:,k=1:4:0:-:-:0x0;:,F=20;:,d=0;:,O=4294967295;:,c=1;:,s=1;:,\n");
	ck_assert(wire_next(s.reader, &s.out));
	is_lost(&s, 1, "slots that are not known");
	begin_enter(&s, 0, 0, 0, 0);
	ck_assert_int_eq(decode_bytes(&s), 1);
	begin_enter(&s, 0, 0, 0, 0); /* nobody tells the number that it got */
	ck_assert_int_eq(decode_bytes(&s), 1);
	is_lost(&s, 1, "whose result is not known");
	scene_close(&s);
}
END_TEST

START_TEST(lengths_of_rings_are_checked)
{
	const char bytes[128] = {0};
	struct scene s;

	scene_open(&s);
	begin_setup(&s, 6);
	wire_item(&s.bytes, WIRE_RING, bytes, 16);
	expect_malformed(&s, "a ring of another length");
	begin_setup(&s, 6);
	put_ring(&s, 0, 0);
	expect_malformed(&s, "a ring without a number");
	BEGIN_CALL(&s, 425, 6, 4);
	wire_item(&s.bytes, WIRE_PARAMS, bytes, 4);
	expect_malformed(&s, "parameters of another length");
	BEGIN_CALL(&s, 427, 0, 6, 2, 3);
	wire_item(&s.bytes, WIRE_REGISTERED, bytes, 4);
	expect_malformed(&s, "registered things of another length");
	BEGIN_CALL(&s, 427, 0, 6, 2, 3);
	wire_item(&s.bytes, WIRE_FILES, bytes, 6);
	expect_malformed(&s, "descriptors that are not whole");
	begin(&s, WIRE_SUBMISSION, 0);
	wire_value(&s.bytes, 1);
	expect_malformed(&s, "values of a submission are missing");
	begin(&s, WIRE_SUBMISSION, 0);
	wire_value(&s.bytes, 1);
	wire_value(&s.bytes, 1);
	wire_value(&s.bytes, 0);
	expect_malformed(&s, "a submission without its struct");
	begin(&s, WIRE_SUBMISSION, 0);
	wire_value(&s.bytes, 1);
	wire_value(&s.bytes, 1);
	wire_value(&s.bytes, 0);
	wire_item(&s.bytes, WIRE_SQE, bytes, 56);
	expect_malformed(&s, "a submission without its struct");
	begin(&s, WIRE_COMPLETION, 0);
	wire_value(&s.bytes, 1);
	expect_malformed(&s, "values of a completion are missing");
	begin(&s, WIRE_WORK, 0);
	expect_malformed(&s, "values of a submission are missing");
	expect_works(&s);
	scene_close(&s);
}
END_TEST

START_TEST(what_is_unknown_is_counted)
{
	struct wire_counts counts;
	struct scene s;

	scene_open(&s);
	begin(&s, (enum wire_kind)99, 1);
	ck_assert_int_eq(decode_bytes(&s), 0);
	begin(&s, (enum wire_kind)0, 1);
	ck_assert_int_eq(decode_bytes(&s), 0);
	begin(&s, WIRE_CALL, SYS_getppid);
	ck_assert_int_eq(decode_bytes(&s), 0);
	begin(&s, WIRE_CALL, -1);
	ck_assert_int_eq(decode_bytes(&s), 0);
	begin(&s, WIRE_CALL, INT32_MAX);
	ck_assert_int_eq(decode_bytes(&s), 0);
	begin(&s, WIRE_UNRECORDED, SYS_read);
	ck_assert_int_eq(decode_bytes(&s), 0);
	BEGIN_CALL(&s, SYS_close, 0, 7);
	wire_str(&s.bytes, 999, STR("anything"));
	wire_str(&s.bytes, 0, STR(""));
	wire_str(&s.bytes, WIRE_PATH, STR("close has none"));
	wire_str(&s.bytes, WIRE_FD_PATH, STR("nor such"));
	expect(&s, "t=5000;:,D=700;:,i=100:101;:,o=close;:,d=7;:,s=0;:,\n");
	counts = wire_counts(s.reader);
	ck_assert_uint_eq(counts.unknown_kinds, 2);
	ck_assert_uint_eq(counts.unknown_calls, 4);
	ck_assert_uint_eq(counts.unknown_items, 4);
	ck_assert_uint_eq(counts.malformed, 0);
	scene_close(&s);
}
END_TEST

/* --- parts --- */

static void put_part(struct scene *s, uint32_t tid, struct str path)
{
	begin(s, WIRE_PART, 0);
	head_of(s)->tid = tid;
	wire_str(&s->bytes, WIRE_PATH, path);
	ck_assert_int_eq(decode_bytes(s), 0);
}

static void put_part_at(struct scene *s, uint64_t t, struct str path)
{
	begin(s, WIRE_PART, 0);
	head_of(s)->t = t;
	wire_str(&s->bytes, WIRE_PATH, path);
	ck_assert_int_eq(decode_bytes(s), 0);
}

START_TEST(parts_belong_to_the_next_call)
{
	struct scene s;

	scene_open(&s);
	put_part(&s, 101, STR("/first"));
	put_part(&s, 102, STR("/another thread's"));
	begin(&s, WIRE_PART, 0);
	wire_dir(&s.bytes, WIRE_BASE, 5, STR("/base"));
	ck_assert_int_eq(decode_bytes(&s), 0);
	begin(&s, WIRE_CALL, SYS_chdir);
	expect(&s, "t=5000;:,D=700;:,i=100:101;:,o=chdir;:,p=/first;:,s=0;:,\n");
	ck_assert(str_eqs(s.out.seen.from[0].name, "/base"));
	begin(&s, WIRE_CALL, SYS_chdir);
	expect(&s, "t=5000;:,D=700;:,i=100:101;:,o=chdir;:,s=0;:,\n");
	ck_assert_uint_eq(wire_counts(s.reader).parts_lost, 0);
	scene_close(&s);
}
END_TEST

/* The call took from 4300 to 5000. */
START_TEST(parts_of_calls_that_never_ended_are_dropped)
{
	struct scene s;

	scene_open(&s);
	put_part_at(&s, 4299, STR("/old"));
	put_part_at(&s, 4300, STR("/new"));
	put_part_at(&s, UINT64_MAX, STR_NONE);
	begin(&s, WIRE_CALL, SYS_chdir);
	expect(&s, "t=5000;:,D=700;:,i=100:101;:,o=chdir;:,p=/new;:,s=0;:,\n");
	ck_assert_uint_eq(wire_counts(s.reader).parts_lost, 2);
	put_part_at(&s, 4299, STR("/old"));
	begin(&s, WIRE_CALL, SYS_chdir);
	expect(&s, "t=5000;:,D=700;:,i=100:101;:,o=chdir;:,s=0;:,\n");
	put_part_at(&s, 4999, STR("/old"));
	begin(&s, WIRE_CALL, SYS_chdir); /* when it began is not known: only what is its own */
	head_of(&s)->flags = WIRE_NO_ENTRY;
	head_of(&s)->dur = 0;
	expect(&s, "t=5000;:,D=0;:,i=100:101;:,o=chdir;:,s=0;:,\n");
	put_part_at(&s, 5000, STR("/old"));
	begin(&s, WIRE_TASK_END, -1);
	wire_value(&s.bytes, 9);
	ck_assert_int_eq(decode_bytes(&s), 1);
	begin(&s, WIRE_CALL, SYS_chdir); /* the number is in use again */
	expect(&s, "t=5000;:,D=700;:,i=100:101;:,o=chdir;:,s=0;:,\n");
	ck_assert_uint_eq(wire_counts(s.reader).parts_lost, 5);
	scene_close(&s);
}
END_TEST

START_TEST(parts_are_bounded)
{
	static char name[4000];
	const struct str path = {name, sizeof(name)};
	struct wire_counts counts;
	struct scene s;
	uint32_t i;

	memset(name, 'n', sizeof(name));
	scene_open(&s);
	for (i = 0; i < 300; i++) /* one call's */
		put_part(&s, 101, path);
	ck_assert_uint_eq(wire_counts(s.reader).parts_lost, 1);
	for (i = 0; i < 10000; i++) /* 40 MB of all */
		put_part(&s, 1000 + i, path);
	counts = wire_counts(s.reader);
	ck_assert_uint_gt(counts.parts_lost, 5000);
	ck_assert_uint_lt(counts.parts_lost, 7000);
	begin(&s, WIRE_CALL, SYS_chdir); /* the newest is there */
	head_of(&s)->tid = 1000 + 9999;
	ck_assert_int_eq(decode_bytes(&s), 1);
	ck_assert_uint_eq(s.out.seen.rec.path.len, sizeof(name));
	begin(&s, WIRE_CALL, SYS_chdir); /* the oldest is not */
	ck_assert_int_eq(decode_bytes(&s), 1);
	ck_assert_ptr_null(s.out.seen.rec.path.s);
	scene_close(&s);
}
END_TEST

/* --- malformed ones --- */

START_TEST(heads_that_cannot_be)
{
	struct wire_rec head = {.size = sizeof(head), .kind = WIRE_CALL, .nr = SYS_sync, .t = 1};
	char big[WIRE_REC_MAX + 8] = {0};
	struct scene s;
	size_t size;

	scene_open(&s);
	ck_assert_int_eq(decode(&s, &head, sizeof(head)), 1);
	for (size = 0; size < sizeof(head); size++)
		ck_assert_int_eq(decode(&s, &head, size), -EINVAL);
	for (size = 0; size <= UINT16_MAX; size++) {
		head.size = (uint16_t)size;
		ck_assert_int_eq(
			decode(&s, &head, sizeof(head)), size == sizeof(head) ? 1 : -EINVAL);
	}
	head.size = sizeof(head) + 4;
	memcpy(big, &head, sizeof(head));
	ck_assert_int_eq(decode(&s, big, sizeof(head) + 4), -EINVAL);
	head.size = sizeof(big);
	memcpy(big, &head, sizeof(head));
	ck_assert_int_eq(decode(&s, big, sizeof(big)), -EINVAL);
	expect_works(&s);
	scene_close(&s);
}
END_TEST

/* A record cut at each of its bytes, once as it is, once with a head that says so. */
static void cut_everywhere(struct scene *s, const struct buf *whole)
{
	size_t size;
	char copy[WIRE_REC_MAX];

	for (size = 0; size < whole->len; size++) {
		uint16_t said = (uint16_t)size;

		memcpy(copy, whole->p, size);
		ck_assert_int_eq(decode(s, copy, size), -EINVAL);
		if (size >= sizeof(said))
			memcpy(copy, &said, sizeof(said));
		if (size % 8)
			ck_assert_int_eq(decode(s, copy, size), -EINVAL);
		else
			ck_assert_int_ge(decode(s, copy, size), -EINVAL);
		expect_works(s);
	}
}

START_TEST(records_cut_anywhere)
{
	struct buf bytes = BUF_INIT;
	struct scene s;
	struct rec rec;
	int op, how;

	scene_open(&s);
	for (op = 0; op < OP_COUNT; op++)
		for (how = 0; how < SAMPLE_COUNT; how++)
			if (sample_bytes(&bytes, &rec, (enum op_id)op, (enum sample)how, 3))
				cut_everywhere(&s, &bytes);
	buf_free(&bytes);
	scene_close(&s);
}
END_TEST

START_TEST(values_that_are_missing)
{
	static const struct {
		enum wire_kind kind;
		long nr;
		int values;
	} want[] = {{WIRE_CALL, SYS_close, 1}, {WIRE_CALL, SYS_pread64, 3},
		{WIRE_CALL, SYS_openat, 3}, {WIRE_CALL, SYS_fcntl, 3},
		{WIRE_TASK, -1, WIRE_VALUES_TASK}, {WIRE_FD, -1, WIRE_VALUES_FD},
		{WIRE_TASK_END, -1, 1}, {WIRE_LOST, -1, 2}, {WIRE_FAULT, -1, WIRE_VALUES_FAULT},
		{WIRE_MAP, -1, WIRE_VALUES_MAP}};
	struct scene s;
	size_t i;
	int n, k;

	scene_open(&s);
	for (i = 0; i < sizeof(want) / sizeof(*want); i++)
		for (n = 0; n < want[i].values; n++) {
			begin(&s, want[i].kind, want[i].nr);
			for (k = 0; k < n; k++)
				wire_value(&s.bytes, 1);
			expect_malformed(&s, "missing");
		}
	begin(&s, WIRE_FD, -1);
	wire_value(&s.bytes, (uint64_t)INT_MAX + 1);
	wire_value(&s.bytes, 0);
	wire_value(&s.bytes, 0);
	expect_malformed(&s, "cannot be");
	expect_works(&s);
	scene_close(&s);
}
END_TEST

START_TEST(items_of_wrong_lengths)
{
	static const struct {
		long nr;
		int values;
		unsigned type;
		size_t len; /* the right one */
	} fixed[] = {{SYS_openat, 3, WIRE_FACTS, sizeof(struct wire_facts)},
		{SYS_newfstatat, 2, WIRE_STAT, sizeof(struct wire_stat)},
		{SYS_openat, 3, WIRE_BEFORE, sizeof(struct wire_facts)},
		{SYS_renameat, 2, WIRE_BEFORE2, sizeof(struct wire_facts)},
		{SYS_openat, 3, WIRE_CUT, sizeof(struct wire_facts)},
		{SYS_fchmod, 2, WIRE_WAS, sizeof(struct wire_facts)},
		{SYS_clone3, 0, WIRE_CLARGS, 8}, {SYS_fcntl, 3, WIRE_FLOCK, sizeof(struct flock)},
		{SYS_sendfile, 3, WIRE_OFFSET, 8}, {SYS_copy_file_range, 4, WIRE_OFFSET2, 8},
		{SYS_utimensat, 2, WIRE_TIMES, 32}, {SYS_read, 2, WIRE_POSITION, 8},
		{SYS_writev, 1, WIRE_IOV, 8}, {SYS_openat, 3, WIRE_BASE, 8}};
	static const char zeroes[128];
	struct scene s;
	size_t i;
	int off, k;

	scene_open(&s);
	for (i = 0; i < sizeof(fixed) / sizeof(*fixed); i++)
		for (off = -1; off <= 1; off += 2) {
			if (fixed[i].type == WIRE_BASE && off > 0)
				continue; /* that is its name */
			begin(&s, WIRE_CALL, fixed[i].nr);
			for (k = 0; k < fixed[i].values; k++)
				wire_value(&s.bytes, 0);
			wire_item(&s.bytes, fixed[i].type, zeroes, fixed[i].len + (size_t)off);
			expect_malformed(&s, "");
			expect_works(&s);
		}
	BEGIN_CALL(&s, SYS_openat, 3, 0, 0, 0);
	wire_item(&s.bytes, WIRE_BASE, zeroes, 8);
	expect_malformed(&s, "without a number");
	scene_close(&s);
}
END_TEST

START_TEST(names_that_cannot_be)
{
	char name[PATH_MAX + 1];
	struct scene s;

	memset(name, 'n', sizeof(name));
	scene_open(&s);
	begin(&s, WIRE_CALL, SYS_chdir);
	wire_item(&s.bytes, WIRE_PATH, name, PATH_MAX);
	ck_assert_int_eq(decode_bytes(&s), 1);
	ck_assert_uint_eq(s.out.seen.rec.path.len, PATH_MAX);
	begin(&s, WIRE_CALL, SYS_chdir);
	wire_item(&s.bytes, WIRE_PATH, name, sizeof(name));
	expect_malformed(&s, "too long");
	begin(&s, WIRE_CALL, SYS_chdir);
	wire_item(&s.bytes, WIRE_PATH, "a\0b", 3);
	expect_malformed(&s, "NUL");
	begin(&s, WIRE_CALL, SYS_chdir);
	wire_dir(&s.bytes, WIRE_BASE, 1, (struct str){"/\0b", 3});
	expect_malformed(&s, "NUL");
	expect_works(&s);
	scene_close(&s);
}
END_TEST

/* The length in the header of a record's last item, which has 8 bytes, changed to every other one.
 */
static void every_length(struct scene *s, enum wire_kind kind, long nr)
{
	unsigned len;

	for (len = 0; len <= UINT16_MAX; len++) {
		int rc;

		begin(s, kind, nr);
		wire_item(&s->bytes, WIRE_PATH, "/a/b/c/d", 8);
		((struct wire_item *)(void *)(s->bytes.p + sizeof(struct wire_rec)))->len =
			(uint16_t)len;
		rc = decode_bytes(s);
		/* with none, its bytes are the header of one more, which is too long */
		ck_assert_int_eq(rc, len == 0 || len > 8 ? -EINVAL : kind == WIRE_CALL);
	}
	expect_works(s);
}

START_TEST(items_past_the_end)
{
	struct scene s;

	scene_open(&s);
	every_length(&s, WIRE_CALL, SYS_chdir);
	every_length(&s, WIRE_PART, SYS_chroot);
	scene_close(&s);
}
END_TEST

/* --- device numbers --- */

static struct facts translated(struct devices *d, unsigned minor_nr, const char *path)
{
	struct facts facts = {.known = true, .dev_major = 0, .dev_minor = minor_nr};

	devices_translate(d, &facts, str_of(path));
	return facts;
}

#define HAS_DEVICE(facts, dev) ((facts).dev_major == major(dev) && (facts).dev_minor == minor(dev))

static void put_mounts(const char *here, bool more)
{
	char text[1024];

	snprintf(text, sizeof(text),
		"1 0 8:1 / / rw - ext4 /dev/sda1 rw\n"
		"2 1 0:770 /@ %s rw - btrfs /dev/sdb rw\n"
		"3 2 0:770 /sub /proc rw - btrfs /dev/sdb rw\n"
		"4 1 0:771 / /nowhere/at/all rw - btrfs /dev/sdc rw\n"
		"%s",
		here, more ? "5 1 0:772 / /dev rw - btrfs /dev/sdd rw\n" : "");
	file_put("mountinfo", text, strlen(text));
}

START_TEST(devices_are_those_of_stat)
{
	struct stat here, proc, dev;
	struct tempdir dir;
	struct devices *d;
	char path[128];

	tempdir_enter(&dir);
	ck_assert(!stat(".", &here) && !stat("/proc", &proc) && !stat("/dev", &dev));
	ck_assert_uint_ne(here.st_dev, proc.st_dev);
	put_mounts(dir.path, false);
	ck_assert_int_eq(devices_open(&d, "no such file", NULL), -ENOENT);
	ck_assert_int_eq(devices_open(&d, "mountinfo", NULL), 0);
	snprintf(path, sizeof(path), "%s/x", dir.path);
	ck_assert(HAS_DEVICE(translated(d, 770, path), here.st_dev));
	ck_assert(HAS_DEVICE(translated(d, 770, "/proc/x"), proc.st_dev));
	ck_assert(HAS_DEVICE(translated(d, 770, "/procx"), here.st_dev));
	ck_assert(HAS_DEVICE(translated(d, 770, NULL), here.st_dev));
	ck_assert(HAS_DEVICE(translated(d, 771, NULL), makedev(0, 771)));
	put_mounts(dir.path, true);
	ck_assert(HAS_DEVICE(translated(d, 772, NULL), dev.st_dev));
	ck_assert(HAS_DEVICE(translated(d, 771, NULL), makedev(0, 771)));
	ck_assert(HAS_DEVICE(translated(d, 770, NULL), here.st_dev));
	devices_close(d);
	unlink("mountinfo");
	tempdir_leave(&dir);
}
END_TEST

START_TEST(only_super_blocks_are_translated)
{
	struct wire_facts f = {.dev_minor = 770, .ino = 5};
	struct tempdir dir;
	struct stat here;
	struct devices *d;
	struct scene s;

	tempdir_enter(&dir);
	ck_assert_int_eq(stat(".", &here), 0);
	put_mounts(dir.path, false);
	ck_assert_int_eq(devices_open(&d, "mountinfo", NULL), 0);
	s = (struct scene){0};
	ck_assert_int_eq(wire_open(&s.reader, d, NULL), 0);
	BEGIN_CALL(&s, SYS_fstat, 0, 3);
	wire_item(&s.bytes, WIRE_FACTS, &f, sizeof(f));
	ck_assert_int_eq(decode_bytes(&s), 1);
	ck_assert(HAS_DEVICE(s.out.seen.rec.facts, makedev(0, 770)));
	f.super = 1;
	BEGIN_CALL(&s, SYS_fstat, 0, 3);
	wire_item(&s.bytes, WIRE_FACTS, &f, sizeof(f));
	ck_assert_int_eq(decode_bytes(&s), 1);
	ck_assert(HAS_DEVICE(s.out.seen.rec.facts, here.st_dev));
	begin(&s, WIRE_FD, -1);
	wire_value(&s.bytes, 0);
	wire_value(&s.bytes, 0);
	wire_value(&s.bytes, 0);
	wire_item(&s.bytes, WIRE_FACTS, &f, sizeof(f)); /* before it is known where */
	wire_str(&s.bytes, WIRE_FD_PATH, STR("/proc/x"));
	ck_assert_int_eq(decode_bytes(&s), 1);
	ck_assert_uint_ne(s.out.seen.rec.facts.dev_minor, 770);
	ck_assert(!HAS_DEVICE(s.out.seen.rec.facts, here.st_dev));
	scene_close(&s);
	devices_close(d);
	unlink("mountinfo");
	tempdir_leave(&dir);
}
END_TEST

Suite *wire_suite(void)
{
	TCase *tc;
	Suite *s = suite_with("wire", &tc);

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, every_row_comes_back);
	tcase_add_test(tc, registers_are_narrowed);
	tcase_add_test(tc, facts_are_those_that_the_program_got);
	tcase_add_test(tc, what_could_not_be_read_is_missing);
	tcase_add_test(tc, offsets_are_those_before_the_call);
	tcase_add_test(tc, times_of_all_lengths);
	tcase_add_test(tc, vectors_come_in_pieces);
	tcase_add_test(tc, struct_open_how_of_any_length);
	tcase_add_test(tc, results_and_times);
	tcase_add_test(tc, directories_and_facts);
	tcase_add_test(tc, facts_of_what_failed_are_none);
	tcase_add_test(tc, bits_of_access_control_lists);
	tcase_add_test(tc, state_of_a_process);
	tcase_add_test(tc, sockets_have_addresses);
	tcase_add_test(tc, addresses_that_cannot_be_are_refused);
	tcase_add_test(tc, page_faults_are_pages_of_maps);
	tcase_add_test(tc, lost_calls_say_why);
	tcase_add_test(tc, submissions_follow_their_call);
	tcase_add_test(tc, submissions_without_completion_are_settled);
	tcase_add_test(tc, polled_rings_have_calls_made_up);
	tcase_add_test(tc, rings_that_were_there_are_told);
	tcase_add_test(tc, work_tells_what_was_there);
	tcase_add_test(tc, submissions_of_slots_attributes_and_splices);
	tcase_add_test(tc, lengths_of_rings_are_checked);
	tcase_add_test(tc, what_is_unknown_is_counted);
	tcase_add_test(tc, parts_belong_to_the_next_call);
	tcase_add_test(tc, parts_of_calls_that_never_ended_are_dropped);
	tcase_add_test(tc, parts_are_bounded);
	tcase_add_test(tc, heads_that_cannot_be);
	tcase_add_test(tc, records_cut_anywhere);
	tcase_add_test(tc, values_that_are_missing);
	tcase_add_test(tc, items_of_wrong_lengths);
	tcase_add_test(tc, names_that_cannot_be);
	tcase_add_test(tc, items_past_the_end);
	tcase_add_test(tc, devices_are_those_of_stat);
	tcase_add_test(tc, only_super_blocks_are_translated);
	return s;
}
