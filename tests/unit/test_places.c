/* SPDX-License-Identifier: Apache-2.0 */
#include <sched.h>
#include <stdio.h>
#include <sys/mman.h>

#include "capture/places.h"
#include "suites.h"

/* Pages that are told by address, and what is mapped there. */

static struct places *places;
static uint64_t now;

static int gives(struct seen *seen, uint32_t pid, uint64_t dur)
{
	seen->rec.t = now += 1000;
	seen->rec.dur = dur;
	seen->rec.pid = seen->rec.tid = pid;
	seen->rec.has_ret = seen->rec.op != OP_exit_group;
	return seen->unplaced ? places_find(places, seen) : places_follow(places, seen);
}

static int call(uint32_t pid, enum op_id op, int64_t ret, uint64_t a, uint64_t b, uint64_t c)
{
	struct seen seen = {.rec = {.op = op, .ret = ret, .arg = {a, b, c}}};

	return gives(&seen, pid, 100);
}

static int map(uint32_t pid, uint64_t addr, uint64_t len, uint64_t flags, uint64_t off)
{
	struct seen seen = {.regular = !(flags & MAP_ANONYMOUS),
		.rec = {.op = OP_mmap, .ret = (int64_t)addr, .arg = {0, len, PROT_READ | PROT_WRITE, flags, 3, off}}};

	return gives(&seen, pid, 100);
}

enum { WRITE = 1, PRESENT = 2 };

/* "r OFFSET", "w OFFSET", or nothing when it is told to nobody. */
static const char *page(uint32_t pid, uint64_t addr, int how)
{
	struct seen seen = {.unplaced = true,
		.present = how & PRESENT,
		.rec = {.op = how & WRITE ? OP_map_write : OP_map_read, .arg = {addr}}};
	static char text[64];
	int rc = gives(&seen, pid, 0);

	ck_assert(rc == 0 || (rc == 1 && seen.rec.nvec == 2 && seen.rec.vec[1] == 4096));
	snprintf(text, sizeof(text), "%c %llx", seen.rec.op == OP_map_write ? 'w' : 'r',
		rc ? (unsigned long long)seen.rec.vec[0] : 0);
	return rc ? text : "";
}

static void setup(void)
{
	ck_assert_int_eq(places_open(&places, NULL), 0);
	ck_assert_int_eq(map(1, 0x10000, 0x3000, MAP_SHARED, 0x1000), 1);
	ck_assert_int_eq(map(1, 0x20000, 0x2345, MAP_PRIVATE, 0), 1);
}

static void teardown(void)
{
	places_close(places);
}

START_TEST(pages_have_places)
{
	ck_assert_str_eq(page(1, 0x10000, 0), "r 1000");
	ck_assert_str_eq(page(1, 0x12000, WRITE), "w 3000");
	ck_assert_str_eq(page(1, 0x13000, WRITE), "");
	ck_assert_str_eq(page(1, 0xf000, 0), "");
	ck_assert_str_eq(page(1, 0x22000, 0), "r 2000");
	ck_assert_str_eq(page(2, 0x10000, 0), "");
}
END_TEST

START_TEST(what_is_written_into_a_private_map_is_read)
{
	ck_assert_str_eq(page(1, 0x20000, WRITE), "r 0");
	ck_assert_str_eq(page(1, 0x20000, WRITE | PRESENT), "");
	ck_assert_str_eq(page(1, 0x10000, WRITE | PRESENT), "w 1000");
	ck_assert_str_eq(page(1, 0x10000, PRESENT), "");
}
END_TEST

START_TEST(maps_end_and_move)
{
	ck_assert_int_eq(call(1, OP_munmap, 0, 0x11000, 0x1000, 0), 1);
	ck_assert_str_eq(page(1, 0x11000, 0), "");
	ck_assert_str_eq(page(1, 0x12000, 0), "r 3000");
	ck_assert_int_eq(call(1, OP_munmap, -22, 0x12000, 0x1000, 0), 1);
	ck_assert_str_eq(page(1, 0x12000, 0), "r 3000");
	ck_assert_int_eq(call(1, OP_mremap, 0x50000, 0x12000, 0x1000, 0x4000), 1);
	ck_assert_str_eq(page(1, 0x12000, 0), "");
	ck_assert_str_eq(page(1, 0x52000, WRITE), "w 5000");
	ck_assert_int_eq(call(1, OP_mremap, 0x20000, 0x90000, 0x1000, 0x1000), 0); /* anonymous, onto a file's */
	ck_assert_str_eq(page(1, 0x20000, 0), "");
	ck_assert_str_eq(page(1, 0x21000, 0), "r 1000");
	call(1, OP_execve, 0, 0, 0, 0);
	ck_assert_str_eq(page(1, 0x52000, 0), "");
}
END_TEST

/* Nobody else records it, but for what can be looked at by nobody. */
START_TEST(anonymous_memory_in_the_place_of_a_file)
{
	struct seen none = {.rec = {.op = OP_mmap, .ret = 0x12000,
				    .arg = {0x12000, 0x1000, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED}}};
	struct seen device = {.rec = {.op = OP_mmap, .ret = 0x10000, .arg = {0, 0x1000, PROT_READ, MAP_SHARED}}};

	ck_assert_int_eq(map(1, 0x11000, 0x1000, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, 0), 0);
	ck_assert_str_eq(page(1, 0x11000, 0), "");
	ck_assert_str_eq(page(1, 0x12000, 0), "r 3000");
	ck_assert_int_eq(gives(&none, 1, 0), 1);
	ck_assert_str_eq(page(1, 0x12000, 0), "");
	ck_assert_str_eq(page(1, 0x10000, 0), "r 1000");
	ck_assert_int_eq(gives(&device, 1, 0), 1);
	ck_assert_str_eq(page(1, 0x10000, 0), "");
}
END_TEST

/* The kernel gives addresses away again before the munmap that made them free has returned. */
START_TEST(what_another_thread_has_got_meanwhile_stays)
{
	struct seen seen = {.rec = {.op = OP_munmap, .arg = {0x10000, 0x13000}}};

	map(1, 0x11000, 0x1000, MAP_SHARED, 0x7000);
	gives(&seen, 1, 1500); /* began before that map was made */
	ck_assert_str_eq(page(1, 0x11000, 0), "r 7000");
	ck_assert_str_eq(page(1, 0x10000, 0), "");
	ck_assert_str_eq(page(1, 0x20000, 0), "");
}
END_TEST

START_TEST(children)
{
	call(1, OP_fork, 2, 0, 0, 0);
	call(1, OP_clone, 3, CLONE_VM | CLONE_VFORK, 0, 0);
	call(1, OP_clone, 4, CLONE_VM | CLONE_THREAD, 0, 0);
	call(1, OP_munmap, 0, 0x20000, 0x3000, 0);
	ck_assert_str_eq(page(2, 0x20000, 0), "r 0");
	ck_assert_str_eq(page(3, 0x20000, 0), "");
	ck_assert_str_eq(page(3, 0x10000, 0), "r 1000");
	map(3, 0x30000, 0x1000, MAP_SHARED, 0);
	ck_assert_str_eq(page(1, 0x30000, 0), "r 0");
	call(3, OP_execve, 0, 0, 0, 0);
	ck_assert_str_eq(page(1, 0x30000, 0), "r 0");
	call(1, OP_exit_group, 0, 0, 0, 0);
	ck_assert_str_eq(page(1, 0x10000, 0), "");
	ck_assert_str_eq(page(2, 0x10000, 0), "r 1000");
	call(2, OP_task_end, 0, 9, 0, 0);
	ck_assert_str_eq(page(2, 0x10000, 0), "");
}
END_TEST

/* Which of them maps something first does not matter. */
START_TEST(children_of_who_has_mapped_nothing)
{
	call(7, OP_vfork, 8, 0, 0, 0);
	call(7, OP_fork, 9, 0, 0, 0);
	map(8, 0x30000, 0x1000, MAP_SHARED, 0);
	ck_assert_str_eq(page(7, 0x30000, 0), "r 0");
	ck_assert_str_eq(page(9, 0x30000, 0), "");
	ck_assert_int_eq(call(7, OP_munmap, 0, 0x30000, 0x1000, 0), 1);
	ck_assert_str_eq(page(8, 0x30000, 0), "");
}
END_TEST

/* Calls on other memory are nobody's business. */
START_TEST(only_calls_on_files)
{
	static const enum op_id op[] = {OP_munmap, OP_msync, OP_madvise, OP_mremap};
	struct seen onto = {.rec = {.op = OP_mremap, .ret = -12, .arg = {0x40000, 0x1000, 0x1000, MREMAP_FIXED, 0x10000}}};
	size_t i;

	for (i = 0; i < sizeof(op) / sizeof(*op); i++) {
		ck_assert_int_eq(call(1, op[i], -22, 0x13000, 0xd000, 0x1000), 0);
		ck_assert_int_eq(call(2, op[i], -22, 0x10000, 0x1000, 0x1000), 0);
		ck_assert_int_eq(call(1, op[i], -22, 0x12fff, 1, 0x1000), 1);
		ck_assert_int_eq(call(1, op[i], -22, 0x10000, 0, 0x1000), 1);
		ck_assert_int_eq(call(1, op[i], -22, 0xf000, 0x100000, 0x1000), 1);
	}
	ck_assert_int_eq(gives(&onto, 1, 0), 1);
	onto.rec.arg[4] = 0x13000;
	ck_assert_int_eq(gives(&onto, 1, 0), 0);
}
END_TEST

START_TEST(states)
{
	struct seen seen = {.rec = {.op = OP_state_map, .arg = {0x70000, 0x2000, PROT_READ, MAP_SHARED, 0, 0x8000}}};

	call(1, OP_state_task, 0, 0, 0, 0);
	ck_assert_str_eq(page(1, 0x10000, 0), "");
	ck_assert_int_eq(gives(&seen, 1, 0), 1);
	ck_assert_str_eq(page(1, 0x71000, WRITE), "w 9000");
}
END_TEST

Suite *places_suite(void)
{
	TCase *tc;
	Suite *s = suite_with("places", &tc);

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, pages_have_places);
	tcase_add_test(tc, what_is_written_into_a_private_map_is_read);
	tcase_add_test(tc, maps_end_and_move);
	tcase_add_test(tc, anonymous_memory_in_the_place_of_a_file);
	tcase_add_test(tc, what_another_thread_has_got_meanwhile_stays);
	tcase_add_test(tc, children);
	tcase_add_test(tc, children_of_who_has_mapped_nothing);
	tcase_add_test(tc, only_calls_on_files);
	tcase_add_test(tc, states);
	return s;
}
