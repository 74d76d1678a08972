/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/footprint.h"
#include "suites.h"
#include "tempdir.h"

/* Which calls decide about each other. The descriptors are this process's own. */

static struct footprint make(enum op_id op, const uint64_t arg[OP_ARGS])
{
	struct rec rec = {.op = op, .pid = (uint32_t)getpid(), .tid = (uint32_t)getpid()};
	struct footprint f = {0};

	memcpy(rec.arg, arg, sizeof(rec.arg));
	rec.path = STR("x");
	footprint_make(&f, &rec);
	return f;
}

#define CALL(name, ...) make(OP_##name, (const uint64_t[OP_ARGS]){__VA_ARGS__})

/* Either way round, and the same each time. */
static unsigned meets(struct footprint a, struct footprint b)
{
	struct footprint a2 = a, b2 = b;
	unsigned met = footprint_meets(&a, &b);

	ck_assert_uint_eq(footprint_meets(&b2, &a2), met);
	return met;
}

static unsigned meets_of_others(struct footprint a, struct footprint b)
{
	a.process = a.dirs = a.table = &a;
	return meets(a, b);
}

static uint64_t file_of(const char *name, off_t size, int flags)
{
	int fd = open(name, O_RDWR | O_CREAT | flags, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ftruncate(fd, size), 0);
	return (uint64_t)fd;
}

START_TEST(files_meet_where_one_changes_what_the_other_finds)
{
	struct tempdir dir;
	int both[2];
	uint64_t f, g, f2, log, ends[2];

	tempdir_enter(&dir);
	f = file_of("f", 1000, 0);
	f2 = file_of("f", 1000, 0);
	log = file_of("f", 1000, O_APPEND);
	g = file_of("g", 1000, 0);
	ck_assert_int_eq(pipe(both), 0);
	ends[0] = (uint64_t)both[0];
	ends[1] = (uint64_t)both[1];
	/* different files, and reads */
	ck_assert_uint_eq(meets(CALL(pwrite64, f, 0, 10, 5000), CALL(pread64, g, 0, 10, 5000)), 0);
	ck_assert_uint_eq(meets(CALL(pread64, f, 0, 10, 5000), CALL(pread64, f, 0, 10, 5000)), 0);
	ck_assert_uint_eq(meets(CALL(write, f, 0, 10), CALL(write, g, 0, 10)), 0);
	/* in place, and beyond the end */
	ck_assert_uint_eq(meets(CALL(pwrite64, f, 0, 10, 0), CALL(pread64, f2, 0, 10, 0)), 0);
	ck_assert_uint_eq(meets(CALL(pwrite64, f, 0, 10, 985), CALL(pread64, f2, 0, 10, 995)), 0);
	/* the file may end there because of it */
	ck_assert_uint_eq(meets(CALL(pwrite64, f, 0, 10, 990), CALL(pread64, f2, 0, 10, 0)), ASPECT_DATA);
	ck_assert_uint_eq(meets(CALL(pwrite64, log, 0, 10, 0), CALL(pread64, f2, 0, 10, 980)), 0);
	ck_assert_uint_eq(meets(CALL(pwrite64, log, 0, 10, 0), CALL(pwrite64, f2, 0, 10, 985)), ASPECT_DATA);
	ck_assert_uint_eq(meets(CALL(pwrite64, f, 0, 10, 0), CALL(pread64, f2, 0, 10, 995)), 0);
	ck_assert_uint_eq(meets(CALL(pwrite64, f, 0, 10, 995), CALL(pread64, f2, 0, 10, 995)), ASPECT_DATA);
	ck_assert_uint_eq(meets(CALL(pwrite64, f, 0, 10, 995), CALL(pwrite64, f2, 0, 10, 1000)), ASPECT_DATA);
	ck_assert_uint_eq(meets(CALL(pwrite64, log, 0, 10, 0), CALL(pread64, f2, 0, 10, 995)), ASPECT_DATA);
	ck_assert_uint_eq(meets(CALL(ftruncate, f, 10), CALL(pread64, f2, 0, 10, 0)), ASPECT_DATA);
	ck_assert_uint_eq(meets(CALL(ftruncate, f, 10), CALL(lseek, f2, 0, SEEK_END)), ASPECT_DATA);
	ck_assert_uint_eq(meets(CALL(ftruncate, f, 10), CALL(lseek, f2, 0, SEEK_SET)), 0);
	ck_assert_uint_eq(meets(CALL(truncate, 0, 10), CALL(read, f2, 0, 10)), ASPECT_DATA);
	/* offsets are those of descriptions */
	ck_assert_uint_eq(meets(CALL(read, f, 0, 10), CALL(read, f2, 0, 10)), 0);
	ck_assert_uint_eq(meets(CALL(read, f, 0, 10), CALL(lseek, f, 0, SEEK_SET)), ASPECT_OFFSET);
	ck_assert_uint_eq(meets(CALL(read, f, 0, 10), CALL(read, (uint64_t)dup((int)f), 0, 10)), ASPECT_OFFSET);
	ck_assert_uint_eq(meets(CALL(read, ends[0], 0, 10), CALL(read, ends[0], 0, 10)), 0);
	ck_assert_uint_eq(meets(CALL(read, ends[0], 0, 10), CALL(write, ends[1], 0, 10)), 0);
	/* leases: who may have one is for all to say who have the file open */
	ck_assert_uint_eq(meets(CALL(fcntl, f, F_SETLEASE, F_WRLCK), CALL(close, f2)), ASPECT_LEASES);
	ck_assert_uint_eq(meets(CALL(fcntl, f, F_SETLEASE, F_WRLCK), CALL(fcntl, f2, F_GETFL)), 0);
	/* locks */
	ck_assert_uint_eq(meets(CALL(flock, f, LOCK_EX | LOCK_NB), CALL(flock, f2, LOCK_UN)), ASPECT_LOCKS);
	ck_assert_uint_eq(meets(CALL(flock, f, LOCK_EX | LOCK_NB), CALL(flock, g, LOCK_UN)), 0);
	ck_assert_uint_eq(meets(CALL(flock, f, LOCK_EX | LOCK_NB), CALL(close, f2)), ASPECT_LOCKS);
	tempdir_leave(&dir);
}
END_TEST

START_TEST(numbers_meet_in_one_table)
{
	ck_assert_uint_eq(meets(CALL(close, 500), CALL(fstat, 500)), ASPECT_NUMBERS);
	ck_assert_uint_eq(meets(CALL(close, 500), CALL(fstat, 501)), 0);
	ck_assert_uint_eq(meets_of_others(CALL(close, 500), CALL(fstat, 500)), 0);
	ck_assert_uint_eq(meets(CALL(close, 500), CALL(close, 500)), ASPECT_NUMBERS);
	ck_assert_uint_eq(meets(CALL(close_range, 400, 600), CALL(fstat, 500)), ASPECT_NUMBERS);
	ck_assert_uint_eq(meets(CALL(dup2, 1, 500), CALL(fstat, 500)), ASPECT_NUMBERS);
	ck_assert_uint_eq(meets(CALL(dup, 1), CALL(dup, 1)), 0);
	ck_assert_uint_eq(meets(CALL(dup, 1), CALL(fork, 0)), ASPECT_NUMBERS);
	/* a number that may be given out just now */
	ck_assert_uint_eq(meets(CALL(dup, 1), CALL(fstat, 1)), 0);
	ck_assert_uint_eq(meets(CALL(dup, 1), CALL(fstat, 500)), ASPECT_NUMBERS);
}
END_TEST

START_TEST(what_belongs_to_a_process_and_to_all)
{
	ck_assert_uint_eq(meets(CALL(chdir, 0), CALL(stat, 0)), ASPECT_DIRS);
	ck_assert_uint_eq(meets_of_others(CALL(chdir, 0), CALL(stat, 0)), 0);
	ck_assert_uint_eq(meets(CALL(umask, 0), CALL(fork, 0)), ASPECT_DIRS);
	ck_assert_uint_eq(meets_of_others(CALL(chmod, 0), CALL(access, 0)), ASPECT_RIGHTS);
	ck_assert_uint_eq(meets_of_others(CALL(fchmod, 1, 0), CALL(write, 1, 0, 1)), ASPECT_RIGHTS);
	ck_assert_uint_eq(meets_of_others(CALL(removexattr, 0), CALL(listxattr, 0)) & ASPECT_XATTRS, ASPECT_XATTRS);
	ck_assert_uint_eq(meets(CALL(exit_group, 0), CALL(fstat, 500)), ASPECT_THREADS);
	ck_assert_uint_eq(meets_of_others(CALL(exit_group, 0), CALL(fstat, 500)), 0);
	ck_assert_uint_eq(meets_of_others(CALL(rename, 0), CALL(getdents, 500)) & ASPECT_LISTS, ASPECT_LISTS);
}
END_TEST

START_TEST(names_meet_on_the_way)
{
	struct name a = {.type = NAME_DIR}, b = {.type = NAME_ABSENT}, c = {.type = NAME_OTHER};
	struct name *way[] = {&a, &b}, *other[] = {&c}, *none[2] = {NULL, NULL}, *named[2] = {&b, NULL};
	struct footprint mkdir_b = CALL(mkdir, 0), stat_b = CALL(stat, 0), stat_c = CALL(stat, 0), open_c;

	mkdir_b.way.names.v = stat_b.way.names.v = way;
	mkdir_b.way.names.n = stat_b.way.names.n = 2;
	stat_c.way.names.v = other;
	stat_c.way.names.n = 1;
	footprint_names(&mkdir_b, named);
	footprint_names(&stat_b, named);
	footprint_names(&stat_c, none);
	ck_assert(footprint_changes(&mkdir_b, &b));
	ck_assert(!footprint_changes(&mkdir_b, &a));
	ck_assert_uint_eq(meets_of_others(mkdir_b, stat_b), ASPECT_NAMES);
	ck_assert_uint_eq(meets_of_others(mkdir_b, stat_c), 0);
	stat_c.way.lost = true;
	ck_assert_uint_eq(meets_of_others(mkdir_b, stat_c), ASPECT_NAMES);

	/* an open makes what is not there, and cuts what is */
	open_c = CALL(open, 0, O_CREAT | O_TRUNC | O_WRONLY);
	open_c.way = stat_c.way;
	footprint_names(&open_c, none);
	ck_assert(!(open_c.changes & ASPECT_NAMES));
	ck_assert(open_c.changes & ASPECT_DATA);
	c.type = NAME_ABSENT;
	open_c = CALL(open, 0, O_CREAT | O_TRUNC | O_WRONLY);
	open_c.way = stat_c.way;
	footprint_names(&open_c, none);
	ck_assert(footprint_changes(&open_c, &c));
	ck_assert(!(open_c.changes & ASPECT_DATA));
}
END_TEST

START_TEST(some_wait_by_their_nature)
{
	struct rec lock = {.op = OP_flock, .arg = {3, LOCK_EX}};

	ck_assert(footprint_waits(&lock));
	lock.arg[1] |= LOCK_NB;
	ck_assert(!footprint_waits(&lock));
	lock = (struct rec){.op = OP_fcntl, .arg = {3, F_SETLKW, F_WRLCK}};
	ck_assert(footprint_waits(&lock));
	ck_assert(!footprint_waits_from(&lock));
	lock.arg[3] = SEEK_CUR;
	ck_assert(footprint_waits_from(&lock));
	lock.arg[2] = F_UNLCK;
	ck_assert(!footprint_waits(&lock));
	ck_assert(!footprint_waits_from(&lock));
}
END_TEST

Suite *footprint_suite(void)
{
	TCase *tc;
	Suite *s = suite_with("footprint", &tc);

	tcase_add_test(tc, files_meet_where_one_changes_what_the_other_finds);
	tcase_add_test(tc, numbers_meet_in_one_table);
	tcase_add_test(tc, what_belongs_to_a_process_and_to_all);
	tcase_add_test(tc, names_meet_on_the_way);
	tcase_add_test(tc, some_wait_by_their_nature);
	return s;
}
