/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>

#include "capture/begin.h"
#include "suites.h"
#include "trace/capture.h"

/*
 * Records go in one after the other; what comes out is written down as "OP(TID)" words. The state
 * of process 100 is told at 1000 unless a test says something else.
 */
struct scene {
	struct begin *begin;
	struct buf out;
	int fail; /* what add() returns */
	struct rec last;
};

static int add(void *user, const struct seen *seen, struct err *err)
{
	struct scene *s = user;

	(void)err;
	s->last = seen->rec;
	buf_addf(&s->out, " %s(%u)", ops[seen->rec.op].name, seen->rec.tid);
	return s->fail;
}

static void lost(
	void *user, uint64_t t, uint32_t pid, uint32_t tid, uint64_t count, const char *why)
{
	struct scene *s = user;

	(void)t, (void)pid;
	buf_addf(&s->out, " lost(%u,%u,%s)", tid, (unsigned)count, why);
}

static void scene_open(struct scene *s)
{
	*s = (struct scene){0};
	ck_assert_int_eq(begin_open(&s->begin,
				 &(struct begin_out){.user = s, .add = add, .lost = lost}, NULL),
		0);
}

static void scene_close(struct scene *s)
{
	begin_close(s->begin);
	buf_free(&s->out);
}

/* What came out since the last time. */
static void expect_(struct scene *s, const char *want, int line)
{
	buf_char(&s->out, '\0');
	ck_assert_msg(
		strcmp(s->out.p, want) == 0, "line %d: '%s' instead of '%s'", line, s->out.p, want);
	s->out.len = 0;
}
#define expect(s, want) expect_(s, want, __LINE__)

static void give(struct scene *s, const struct wire_seen *seen)
{
	if (begin_add(s->begin, seen, NULL))
		ck_abort_msg("not added");
}

static void tell(struct scene *s, uint32_t pid, uint64_t t)
{
	struct wire_seen seen = {.kind = WIRE_SEEN_TASK,
		.seen = {.rec = {.op = OP_state_task, .t = t, .pid = pid, .tid = pid},
			.from[0] = {.id = 7, .name = STR("/home/u")}}};

	seen.seen.rec.arg[2] = 022;
	give(s, &seen);
}

static struct facts inode(uint64_t ino)
{
	return (struct facts){.known = true, .dev_major = 8, .dev_minor = 1, .ino = ino};
}

static void tell_fd(
	struct scene *s, uint32_t pid, uint64_t t, uint32_t fd, uint64_t ino, uint64_t offset)
{
	struct wire_seen seen = {.kind = WIRE_SEEN_FD,
		.seen = {.rec = {.op = OP_state_fd, .t = t, .pid = pid, .tid = pid}}};

	seen.seen.rec.arg[0] = fd;
	seen.seen.rec.arg[3] = offset;
	if (ino)
		seen.seen.rec.facts = inode(ino);
	give(s, &seen);
}

/* Descriptor FD of process PID shares DESCRIPTION; what it is called in the capture. */
static void tell_shared(struct scene *s, uint32_t pid, uint32_t fd, uint64_t ino, uint32_t type,
	uint64_t description)
{
	struct wire_seen seen = {.kind = WIRE_SEEN_FD,
		.description = description,
		.seen = {.rec = {.op = OP_state_fd, .t = 1000, .pid = pid, .tid = pid}}};

	seen.seen.rec.arg[0] = fd;
	seen.seen.rec.arg[2] = O_RDWR;
	seen.seen.rec.path = STR("/file");
	seen.seen.rec.facts = inode(ino);
	seen.seen.rec.facts.mode = type;
	give(s, &seen);
}

static void tell_map(struct scene *s, uint32_t pid, uint64_t start, uint64_t len)
{
	struct wire_seen seen = {.kind = WIRE_SEEN_MAP,
		.seen = {.rec = {.op = OP_state_map, .t = 1000, .pid = pid, .tid = pid}}};

	seen.seen.rec.arg[0] = start;
	seen.seen.rec.arg[1] = len;
	give(s, &seen);
}

/* Process 100 with descriptors 3, 4 and 9 (a duplicate of 4); what tells of it is not written down.
 */
static void tell_100(struct scene *s)
{
	tell(s, 100, 990);
	tell_fd(s, 100, 995, 3, 33, 500);
	tell_fd(s, 100, 998, 4, 44, 0);
	tell_fd(s, 100, 1000, 9, 44, 0);
	expect(s, " state_task(100) state_fd(100) state_fd(100) state_fd(100)");
}

/* A call of thread TID of process 100 that ends at 2000. */
static struct wire_seen call(uint32_t tid, enum op_id op, int64_t ret)
{
	return (struct wire_seen){.kind = WIRE_SEEN_CALL,
		.seen = {.rec = {.op = op,
				 .t = 2000,
				 .dur = 1500,
				 .pid = 100,
				 .tid = tid,
				 .ret = ret,
				 .has_ret = true}}};
}

/* One that was under way for longer than anybody knows. */
static struct wire_seen old_call(uint32_t tid, enum op_id op, int64_t ret)
{
	struct wire_seen seen = call(tid, op, ret);

	seen.no_entry = true;
	seen.seen.rec.dur = 0;
	return seen;
}

static struct wire_seen with_args(struct wire_seen seen, uint64_t a, uint64_t b, uint64_t c)
{
	seen.seen.rec.arg[0] = a;
	seen.seen.rec.arg[1] = b;
	seen.seen.rec.arg[2] = c;
	return seen;
}

/* Whether a call that was inside when the state was told comes through: each of a thread of its
 * own. */
static bool kept(struct scene *s, struct wire_seen seen)
{
	static uint32_t tid = 5000;
	uint64_t dropped = begin_counts(s->begin).dropped;
	char want[100];

	seen.seen.rec.tid = ++tid;
	s->out.len = 0;
	give(s, &seen);
	snprintf(want, sizeof(want), " %s(%u)", ops[seen.seen.rec.op].name, tid);
	if (begin_counts(s->begin).dropped > dropped) {
		expect(s, "");
		return false;
	}
	expect(s, want);
	return true;
}

/* --- maps --- */

START_TEST(maps)
{
	struct scene s;

	scene_open(&s);
	tell_100(&s);
	tell_map(&s, 100, 0x10000, 0x3000);
	expect(&s, " state_map(100)");
	ck_assert(!kept(&s, call(0, OP_mmap, 0x10000)));
	ck_assert(kept(&s, call(0, OP_mmap, 0x20000))); /* gone again since, or not there yet */
	ck_assert(!kept(&s, call(0, OP_mremap, 0x10000)));
	ck_assert(kept(&s, with_args(call(0, OP_munmap, 0), 0x12000, 0x1000, 0)));
	ck_assert(!kept(&s, with_args(call(0, OP_munmap, 0), 0x13000, 0x1000, 0)));
	ck_assert(!kept(&s, with_args(call(0, OP_munmap, 0), 0xf000, 0x1000, 0)));
	ck_assert(kept(&s, with_args(call(0, OP_msync, 0), 0x13000, 0x1000, 0)));
	scene_close(&s);
}
END_TEST

/* --- descriptors --- */

START_TEST(new_descriptors)
{
	struct wire_seen seen;
	struct scene s;

	scene_open(&s);
	tell_100(&s);
	seen = call(0, OP_openat, 3);
	ck_assert(!kept(&s, seen)); /* nobody knows what it opened, but the number is there */
	seen.seen.rec.facts = inode(33);
	ck_assert(!kept(&s, seen));
	ck_assert(!kept(&s, old_call(0, OP_creat, 4)));
	seen.seen.rec.facts = inode(34); /* closed since, and in use again */
	ck_assert(kept(&s, seen));
	seen = call(0, OP_openat, 4);
	seen.seen.rec.facts = inode(44);
	seen.seen.rec.facts.dev_minor = 2;
	ck_assert(kept(&s, seen));
	ck_assert(kept(&s, call(0, OP_openat, 5)));
	ck_assert(kept(&s, old_call(0, OP_creat, 0)));
	ck_assert(kept(&s, call(0, OP_openat, -ENOENT)));
	ck_assert(!kept(&s, old_call(0, OP_openat, -ENOENT)));
	scene_close(&s);
}
END_TEST

START_TEST(duplicates)
{
	struct scene s;

	scene_open(&s);
	tell_100(&s);
	ck_assert(!kept(&s, with_args(call(0, OP_dup, 9), 4, 0, 0)));
	ck_assert(!kept(&s, with_args(call(0, OP_dup2, 9), 4, 9, 0)));
	ck_assert(!kept(&s, with_args(call(0, OP_fcntl, 9), 4, F_DUPFD_CLOEXEC, 5)));
	ck_assert(kept(&s, with_args(call(0, OP_dup, 5), 4, 0, 0)));
	ck_assert(kept(&s, with_args(call(0, OP_fcntl, 10), 4, F_DUPFD, 5)));
	ck_assert(kept(&s, with_args(call(0, OP_dup3, 9), 3, 9, 0)));
	ck_assert(kept(&s, with_args(call(0, OP_dup, 4), 3, 0, 0)));
	scene_close(&s);
}
END_TEST

START_TEST(closes)
{
	struct scene s;

	scene_open(&s);
	tell_100(&s);
	ck_assert(!kept(&s, with_args(call(0, OP_close, 0), 5, 0, 0)));
	ck_assert(kept(&s, with_args(call(0, OP_close, -EINTR), 3, 0, 0)));
	ck_assert(!kept(&s, with_args(call(0, OP_close, 0), 3, 0, 0))); /* that one did it */
	ck_assert(kept(&s, call(0, OP_openat, 3)));			/* after it */
	ck_assert(kept(&s, with_args(call(0, OP_close, -EBADF), 77, 0, 0)));
	ck_assert(!kept(&s, with_args(old_call(0, OP_close, -EBADF), 77, 0, 0)));
	ck_assert(!kept(&s, with_args(call(0, OP_close_range, 0), 10, UINT32_MAX, 0)));
	ck_assert(!kept(&s, with_args(call(0, OP_close_range, 0), 5, 8, 0)));
	ck_assert(kept(&s, with_args(call(0, OP_close_range, 0), 5, 9, CLOSE_RANGE_CLOEXEC)));
	ck_assert(kept(&s, with_args(call(0, OP_close_range, 0), 5, 9, 0)));
	ck_assert(!kept(&s, with_args(call(0, OP_close_range, 0), 5, 9, 0)));
	ck_assert(kept(&s, with_args(call(0, OP_close, 0), 4, 0, 0)));
	scene_close(&s);
}
END_TEST

/* States come as they come: descriptors need not be in order. */
START_TEST(many_descriptors)
{
	struct scene s;
	uint32_t fd;

	scene_open(&s);
	tell(&s, 100, 1000);
	for (fd = 1000; fd > 0; fd -= 2)
		tell_fd(&s, 100, 1000, fd, fd, 0);
	for (fd = 0; fd < 1004; fd++) {
		bool there = fd && fd % 2 == 0 && fd <= 1000;

		ck_assert(kept(&s, with_args(call(0, OP_close, 0), fd, 0, 0)) == there);
	}
	ck_assert(!kept(&s, with_args(call(0, OP_close, 0), UINT64_MAX, 0, 0)));
	ck_assert(!kept(&s, with_args(call(0, OP_close, 0), 0x100000002, 0, 0)));
	scene_close(&s);
}
END_TEST

/* --- offsets --- */

static struct wire_seen moved(enum op_id op, uint64_t fd, int64_t ret, int64_t position)
{
	struct wire_seen seen = with_args(old_call(0, op, ret), fd, 0, 0);

	seen.has_position = true;
	seen.position = position;
	return seen;
}

START_TEST(offsets)
{
	struct wire_seen seen;
	struct scene s;

	scene_open(&s);
	tell_100(&s);
	ck_assert(!kept(&s, moved(OP_read, 3, 100, 500)));
	ck_assert(kept(&s, moved(OP_read, 3, 100, 600)));
	ck_assert(kept(&s, moved(OP_write, 3, 100, 700))); /* another one moved it, too */
	ck_assert(!kept(&s, moved(OP_lseek, 3, 500, 500)));
	ck_assert(kept(&s, moved(OP_lseek, 3, 0, 0)));
	ck_assert(!kept(&s, moved(OP_getdents64, 3, 72, 500)));
	ck_assert(!kept(&s, moved(OP_read, 77, 100, 100))); /* closed since */
	ck_assert(!kept(&s, moved(OP_read, 3, -EINTR, 600)));
	seen = moved(OP_preadv2, 3, 100, 600);
	seen.seen.rec.arg[3] = UINT64_MAX;
	ck_assert(kept(&s, seen));
	seen.position = 500;
	ck_assert(!kept(&s, seen));
	seen.seen.rec.arg[3] = 0; /* in place */
	seen.position = 600;
	ck_assert(!kept(&s, seen));
	ck_assert(!kept(&s, with_args(old_call(0, OP_read, 100), 3, 0, 0)));
	ck_assert(kept(&s, with_args(old_call(0, OP_writev, 100), 3, 0, 0)));
	ck_assert(kept(&s, with_args(call(0, OP_read, 100), 3, 0, 0)));
	seen = moved(OP_read, 3, 100, 500);
	seen.seen.rec.dur = 1500; /* when it began is known, and what came of it, too */
	ck_assert(!kept(&s, seen));
	seen.no_entry = false;
	ck_assert(!kept(&s, seen));
	seen.position = 600;
	ck_assert(kept(&s, seen));
	ck_assert(kept(&s, with_args(old_call(0, OP_pwrite64, 100), 3, 0, 0)));
	scene_close(&s);
}
END_TEST

/* --- the rest --- */

START_TEST(directories_and_umask)
{
	struct wire_seen seen;
	struct scene s;

	scene_open(&s);
	tell_100(&s);
	seen = call(0, OP_chdir, 0);
	seen.seen.rec.path = STR("d");
	seen.seen.from[0].id = 7; /* where the state says it is */
	ck_assert(kept(&s, seen));
	seen.seen.from[0].id = 8;
	ck_assert(!kept(&s, seen));
	seen.seen.rec.path = STR("/d");
	ck_assert(kept(&s, seen));
	seen = old_call(0, OP_chdir, 0);
	seen.seen.rec.path = STR("d");
	ck_assert(!kept(&s, seen));
	ck_assert(kept(&s, old_call(0, OP_fchdir, 0)));
	ck_assert(kept(&s, old_call(0, OP_umask, 022)));
	ck_assert(!kept(&s, old_call(0, OP_umask, 077)));
	scene_close(&s);
}
END_TEST

START_TEST(looks_and_changes)
{
	struct wire_seen seen;
	struct scene s;

	scene_open(&s);
	tell_100(&s);
	ck_assert(kept(&s, call(0, OP_stat, 0)));
	ck_assert(!kept(&s, old_call(0, OP_stat, 0)));
	ck_assert(!kept(&s, old_call(0, OP_pread64, 5)));
	ck_assert(!kept(&s, old_call(0, OP_unlink, -ENOENT)));
	ck_assert(kept(&s, old_call(0, OP_unlink, 0)));
	ck_assert(kept(&s, old_call(0, OP_ftruncate, 0)));
	ck_assert(kept(&s, old_call(0, OP_setxattr, 0)));
	ck_assert(kept(&s, old_call(0, OP_flock, 0)));
	ck_assert(kept(&s, with_args(old_call(0, OP_fcntl, 0), 3, F_SETLKW, 0)));
	ck_assert(!kept(&s, with_args(old_call(0, OP_fcntl, 0), 3, F_GETLK, 0)));
	ck_assert(!kept(&s, with_args(old_call(0, OP_fcntl, 0), 3, F_GETFL, 0)));
	ck_assert(kept(&s, with_args(old_call(0, OP_fcntl, 0), 3, F_SETFL, 0)));
	seen = old_call(0, OP_stat, 0); /* it began before the state, but not before all time */
	seen.seen.rec.dur = 10;
	ck_assert(kept(&s, seen));
	scene_close(&s);
}
END_TEST

START_TEST(later_calls_pass)
{
	struct wire_seen seen;
	struct scene s;

	scene_open(&s);
	tell_100(&s);
	seen = with_args(call(101, OP_close, 0), 77, 0, 0);
	seen.seen.rec.dur = 1000; /* at the very moment */
	give(&s, &seen);
	expect(&s, " close(101)");
	seen = with_args(call(102, OP_close, 0), 77, 0, 0);
	seen.seen.rec.dur = 1001;
	give(&s, &seen);
	expect(&s, "");
	give(&s, &seen); /* only one call can have been under way */
	expect(&s, " close(102)");
	ck_assert_uint_eq(begin_counts(s.begin).dropped, 1);
	ck_assert_uint_eq(begin_counts(s.begin).processes, 1);
	scene_close(&s);
}
END_TEST

/* --- processes --- */

START_TEST(nothing_before_the_state)
{
	struct wire_seen seen;
	struct scene s;

	scene_open(&s);
	seen = call(101, OP_openat, 3);
	give(&s, &seen);
	seen = call(101, OP_unlink, -ENOENT);
	give(&s, &seen);
	seen = call(101, OP_task_end, 0);
	give(&s, &seen);
	expect(&s, "");
	ck_assert_uint_eq(begin_counts(s.begin).dropped, 3);
	seen = call(101, OP_unlink, 0); /* others may have seen the name before */
	give(&s, &seen);
	expect(&s, " unlink(100)");
	seen = (struct wire_seen){.kind = WIRE_SEEN_LOST, .lost = 3, .why = "why"};
	seen.seen.rec.tid = 101;
	give(&s, &seen);
	expect(&s, " lost(101,3,why)");
	scene_close(&s);
}
END_TEST

/* After "start" was written every process is told before its calls: one that is not never will be.
 */
START_TEST(states_that_never_come)
{
	struct wire_seen seen;
	struct scene s;

	scene_open(&s);
	begin_settled(s.begin, 501);
	seen = call(101, OP_close, 0); /* since 500 */
	give(&s, &seen);
	expect(&s, "");
	begin_settled(s.begin, 500);
	give(&s, &seen);
	expect(&s, " close(101)");
	seen = old_call(102, OP_close, 0);
	give(&s, &seen);
	expect(&s, " close(102)");
	ck_assert_uint_eq(begin_counts(s.begin).untold, 1);
	scene_close(&s);
}
END_TEST

static void fork_of(struct scene *s, uint32_t tid, uint32_t child, uint64_t flags)
{
	struct wire_seen seen = with_args(call(tid, OP_clone, child), flags, 0, 0);

	seen.seen.rec.dur = 10;
	give(s, &seen);
}

static void call_of(struct scene *s, uint32_t pid, uint32_t tid, enum op_id op)
{
	struct wire_seen seen = old_call(tid, op, 0);

	seen.seen.rec.pid = pid;
	give(s, &seen);
}

START_TEST(forked_ones_are_told_by_that)
{
	struct scene s;

	scene_open(&s);
	fork_of(&s, 101, 190, 0); /* nobody knows of 100 yet */
	call_of(&s, 190, 190, OP_stat);
	expect(&s, "");
	tell_100(&s);
	fork_of(&s, 100, 200, SIGCHLD);
	fork_of(&s, 100, 105, CLONE_THREAD | CLONE_VM);
	expect(&s, " clone(100) clone(100)");
	call_of(&s, 200, 200, OP_stat);
	call_of(&s, 100, 105, OP_stat);
	expect(&s, " stat(200) stat(105)");
	call_of(&s, 190, 190, OP_stat);
	expect(&s, "");
	ck_assert_uint_eq(begin_counts(s.begin).processes, 2);
	scene_close(&s);
}
END_TEST

START_TEST(ends_are_told_once_the_thread_was)
{
	struct scene s;

	scene_open(&s);
	tell_100(&s);
	fork_of(&s, 100, 105, CLONE_THREAD | CLONE_VM);
	s.out.len = 0;
	call_of(&s, 100, 105, OP_task_end);
	call_of(&s, 100, 106, OP_task_end); /* who is that? */
	expect(&s, " task_end(105)");
	call_of(&s, 100, 100, OP_exit_group);
	expect(&s, " exit_group(100)");
	call_of(&s, 100, 100, OP_stat); /* the number is in use again */
	expect(&s, "");
	tell_100(&s); /* the first thread may have been silent */
	call_of(&s, 100, 100, OP_task_end);
	expect(&s, " task_end(100)");
	call_of(&s, 100, 100, OP_stat);
	expect(&s, "");
	scene_close(&s);
}
END_TEST

/* Threads that were silent until now may be left when all others have ended. */
START_TEST(silent_threads_may_be_left)
{
	struct scene s;
	uint32_t i;

	scene_open(&s);
	tell_100(&s);
	fork_of(&s, 101, 102, CLONE_THREAD);
	call_of(&s, 100, 101, OP_exit);
	call_of(&s, 100, 102, OP_exit);
	expect(&s, " clone(101) exit(101) exit(102)");
	call_of(&s, 100, 103, OP_fsetxattr);
	expect(&s, " fsetxattr(103)");
	call_of(&s, 100, 103, OP_exit);
	s.out.len = 0;
	for (i = 10000; i < 20000; i++) { /* but not for ever */
		tell(&s, i, 1000);
		call_of(&s, i, 90000 + i, OP_exit_group);
	}
	s.out.len = 0;
	call_of(&s, 100, 100, OP_fsetxattr);
	expect(&s, "");
	call_of(&s, 19999, 19999, OP_fsetxattr);
	expect(&s, " fsetxattr(19999)");
	scene_close(&s);
}
END_TEST

START_TEST(another_program_has_no_past)
{
	struct wire_seen seen;
	struct scene s;

	scene_open(&s);
	tell_100(&s);
	call_of(&s, 100, 100, OP_task_end); /* the first thread gives way */
	call_of(&s, 100, 101, OP_execve);
	expect(&s, " task_end(100)");
	tell_100(&s);
	fork_of(&s, 100, 101, CLONE_THREAD);
	call_of(&s, 100, 100, OP_task_end);
	call_of(&s, 100, 101, OP_execve);
	expect(&s, " clone(100) task_end(100) execve(101)");
	seen = with_args(old_call(100, OP_close, 0), 77, 0, 0);
	give(&s, &seen);
	expect(&s, " close(100)");
	call_of(&s, 100, 100, OP_exit_group);
	call_of(&s, 100, 100, OP_fsetxattr);
	expect(&s, " exit_group(100)");
	scene_close(&s);
}
END_TEST

START_TEST(numbers_are_used_again)
{
	struct scene s;

	scene_open(&s);
	tell_100(&s);
	call_of(&s, 100, 100, OP_fsetxattr);
	tell(&s, 200, 1000);
	fork_of(&s, 200, 100, 0); /* its own end was lost */
	s.out.len = 0;
	call_of(&s, 100, 100, OP_stat); /* of the new one */
	expect(&s, " stat(100)");
	scene_close(&s);
}
END_TEST

/* --- descriptors that share a description --- */

START_TEST(shared_descriptions)
{
	struct scene s;

	scene_open(&s);
	tell(&s, 100, 1000);
	s.out.len = 0;
	tell_shared(&s, 100, 0, 11, S_IFREG, 77);
	tell_shared(&s, 100, 1, 22, S_IFREG, 88);
	expect(&s, " state_fd(100) state_fd(100)");
	tell_shared(&s, 100, 2, 22, S_IFREG, 88);
	expect(&s, " state_dup(100)");
	ck_assert_uint_eq(s.last.arg[0], 2);
	ck_assert_uint_eq(s.last.arg[1], 100);
	ck_assert_uint_eq(s.last.arg[2], 1);
	ck_assert_uint_eq(s.last.arg[3], O_RDWR);
	ck_assert(!s.last.path.s && !s.last.facts.known);
	tell(&s, 200, 1000);
	s.out.len = 0;
	tell_shared(&s, 200, 1, 22, S_IFREG, 88);
	expect(&s, " state_dup(200)");
	ck_assert_uint_eq(s.last.arg[1], 100);
	tell_shared(&s, 200, 2, 33, S_IFREG, 88); /* another file: the number is in use again */
	tell_shared(&s, 200, 3, 33, S_IFREG, 88);
	tell_shared(&s, 200, 4, 44, S_IFIFO, 99); /* what has no offset */
	tell_shared(&s, 200, 5, 44, S_IFIFO, 99);
	tell_shared(&s, 200, 6, 55, S_IFDIR, 0); /* not known */
	tell_shared(&s, 200, 7, 55, S_IFDIR, 0);
	expect(&s, " state_fd(200) state_dup(200) state_fd(200) state_fd(200) state_fd(200) "
		   "state_fd(200)");
	scene_close(&s);
}
END_TEST

/* What the other process has closed cannot be pointed to any more. */
START_TEST(shared_with_none_that_is_left)
{
	struct wire_seen seen;
	struct scene s;
	uint32_t fd;

	scene_open(&s);
	tell(&s, 100, 1000);
	for (fd = 0; fd < 5; fd++)
		tell_shared(&s, 100, fd, 11 + fd, S_IFREG, 70 + fd);
	seen = with_args(call(100, OP_close, 0), 0, 0, 0);
	give(&s, &seen);
	seen = with_args(call(100, OP_close_range, 0), 1, 1, 0);
	give(&s, &seen);
	seen = with_args(call(100, OP_dup2, 2), 4, 2, 0);
	give(&s, &seen);
	tell(&s, 200, 1000);
	s.out.len = 0;
	for (fd = 0; fd < 4; fd++)
		tell_shared(&s, 200, fd, 11 + fd, S_IFREG, 70 + fd);
	expect(&s, " state_fd(200) state_fd(200) state_fd(200) state_dup(200)");
	call_of(&s, 100, 100, OP_execve);
	tell(&s, 300, 1000);
	s.out.len = 0;
	tell_shared(&s, 300, 3, 14, S_IFREG, 73); /* 100's may be closed, 200's was no first one */
	tell_shared(&s, 300, 0, 11, S_IFREG, 70);
	expect(&s, " state_fd(300) state_dup(300)");
	ck_assert_uint_eq(s.last.arg[1], 200);
	begin_again(s.begin);
	tell(&s, 400, 1000);
	s.out.len = 0;
	tell_shared(&s, 400, 0, 11, S_IFREG, 70);
	expect(&s, " state_fd(400)");
	scene_close(&s);
}
END_TEST

/* --- more --- */

START_TEST(each_file_begins_anew)
{
	struct wire_seen seen;
	struct scene s;

	scene_open(&s);
	begin_settled(s.begin, 400);
	tell_100(&s);
	call_of(&s, 100, 100, OP_fsetxattr);
	begin_again(s.begin);
	s.out.len = 0;
	seen = call(100, OP_read, 5);
	give(&s, &seen);
	expect(&s, "");
	tell(&s, 100, 3000);
	seen.seen.rec.t = 4000;
	seen.seen.rec.dur = 3500;
	seen.no_entry = seen.has_position = true; /* of a descriptor that is closed */
	give(&s, &seen);
	seen.no_entry = seen.has_position = false;
	seen.seen.rec.dur = 100;
	give(&s, &seen);
	expect(&s, " state_task(100) read(100)");
	ck_assert_uint_eq(begin_counts(s.begin).dropped, 2);
	scene_close(&s);
}
END_TEST

START_TEST(states_are_bounded)
{
	struct scene s;
	uint32_t fd;

	scene_open(&s);
	tell_100(&s);
	tell(&s, 200, 1000);
	for (fd = 0; fd < BEGIN_FDS_MOST; fd++) {
		tell_fd(&s, 200, 1000, fd, 5, 0);
		s.out.len = 0;
	}
	ck_assert_uint_eq(begin_counts(s.begin).forgotten, 1);
	ck_assert(kept(&s, with_args(call(0, OP_close, 0), 77, 0, 0))); /* of 100 all are */
	for (fd = 0; fd < 4; fd++) {
		tell_fd(&s, 200, 1000, BEGIN_FDS_MOST + fd, 5, 0);
		s.out.len = 0;
	}
	ck_assert_uint_eq(begin_counts(s.begin).forgotten, 2); /* the one that has too many, too */
	tell_100(&s);
	ck_assert(!kept(&s, with_args(call(0, OP_close, 0), 77, 0, 0)));
	scene_close(&s);
}
END_TEST

START_TEST(errors_come_back)
{
	struct wire_seen seen = old_call(100, OP_fsetxattr, 0);
	struct scene s;

	scene_open(&s);
	tell_100(&s);
	s.fail = -ENOMEM;
	ck_assert_int_eq(begin_add(s.begin, &seen, NULL), -ENOMEM);
	scene_close(&s);
}
END_TEST

Suite *begin_suite(void)
{
	TCase *tc;
	Suite *s = suite_with("begin", &tc);

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, maps);
	tcase_add_test(tc, new_descriptors);
	tcase_add_test(tc, duplicates);
	tcase_add_test(tc, closes);
	tcase_add_test(tc, many_descriptors);
	tcase_add_test(tc, offsets);
	tcase_add_test(tc, directories_and_umask);
	tcase_add_test(tc, looks_and_changes);
	tcase_add_test(tc, later_calls_pass);
	tcase_add_test(tc, nothing_before_the_state);
	tcase_add_test(tc, states_that_never_come);
	tcase_add_test(tc, forked_ones_are_told_by_that);
	tcase_add_test(tc, ends_are_told_once_the_thread_was);
	tcase_add_test(tc, silent_threads_may_be_left);
	tcase_add_test(tc, another_program_has_no_past);
	tcase_add_test(tc, numbers_are_used_again);
	tcase_add_test(tc, shared_descriptions);
	tcase_add_test(tc, shared_with_none_that_is_left);
	tcase_add_test(tc, each_file_begins_anew);
	tcase_add_test(tc, states_are_bounded);
	tcase_add_test(tc, errors_come_back);
	return s;
}
