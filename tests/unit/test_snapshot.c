/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>

#include "snapshot/uses.h"
#include "suites.h"

#define SECOND	 ((uint64_t)1000000000)
#define MINUTES2 (120 * SECOND)
#define HOUR	 (3600 * SECOND)

static const uint64_t windows[] = {MINUTES2, HOUR};

/* A moment with the processes 1 to 3, which had used T/1e9, 2 and 3 ticks; in no order. */
static void add(struct uses *all, uint64_t t)
{
	struct moment m = {.t = t};

	ck_assert_int_eq(moment_add(&m, &(struct use){3, 30, 3}), 0);
	ck_assert_int_eq(moment_add(&m, &(struct use){1, 10, t / SECOND}), 0);
	ck_assert_int_eq(moment_add(&m, &(struct use){2, 20, 2}), 0);
	moment_done(&m);
	ck_assert_int_eq(uses_add(all, &m), 0);
}

START_TEST(a_process_is_its_number_and_its_start)
{
	struct uses all = {0};
	const struct moment *m;

	add(&all, 7 * SECOND);
	m = &all.moments.v[0];
	ck_assert_uint_eq(moment_ticks(m, 1, 10), 7);
	ck_assert_uint_eq(moment_ticks(m, 2, 20), 2);
	ck_assert_uint_eq(moment_ticks(m, 3, 30), 3);
	ck_assert_uint_eq(moment_ticks(m, 3, 31), 0);
	ck_assert_uint_eq(moment_ticks(m, 4, 30), 0);
	uses_free(&all);
}
END_TEST

START_TEST(the_moment_is_about_as_old_as_asked)
{
	struct uses all = {0};
	uint64_t t;

	ck_assert_ptr_null(uses_before(&all, HOUR, MINUTES2));
	for (t = 0; t <= 2 * HOUR; t += 5 * SECOND)
		add(&all, t);
	ck_assert_uint_ge(uses_before(&all, t, MINUTES2)->t, t - MINUTES2 - MINUTES2 / 8);
	ck_assert_uint_le(uses_before(&all, t, MINUTES2)->t, t - MINUTES2 + MINUTES2 / 8);
	ck_assert_uint_ge(uses_before(&all, t, HOUR)->t, t - HOUR - HOUR / 8);
	ck_assert_uint_le(uses_before(&all, t, HOUR)->t, t - HOUR + HOUR / 8);
	/* from one look each 5 s for two hours */
	ck_assert_uint_lt(all.moments.n, 100);
	ck_assert_ptr_null(uses_before(&all, t, 10 * HOUR));
	uses_free(&all);
}
END_TEST

START_TEST(what_is_needed_is_looked_at_in_time)
{
	struct uses all = {0};

	/* each hour: the one before is an hour old, two minutes before the next one is looked at once more */
	add(&all, HOUR);
	ck_assert_uint_eq(uses_next(&all, HOUR, 2 * HOUR, windows, 2), 2 * HOUR - MINUTES2);
	add(&all, 2 * HOUR - MINUTES2);
	ck_assert_uint_eq(uses_next(&all, 2 * HOUR - MINUTES2, 2 * HOUR, windows, 2), 2 * HOUR);
	ck_assert_uint_eq(uses_before(&all, 2 * HOUR, HOUR)->t, HOUR);
	ck_assert_uint_eq(uses_before(&all, 2 * HOUR, MINUTES2)->t, 2 * HOUR - MINUTES2);
	/* each day */
	ck_assert_uint_eq(uses_next(&all, 2 * HOUR, 26 * HOUR, windows, 2), 25 * HOUR);
	/* each second: what is past cannot be looked at */
	ck_assert_uint_eq(uses_next(&all, 30 * HOUR, 30 * HOUR + SECOND, windows, 2), 30 * HOUR + SECOND);
	uses_free(&all);
}
END_TEST

Suite *snapshot_suite(void)
{
	TCase *tc;
	Suite *s = suite_with("snapshot", &tc);

	tcase_add_test(tc, a_process_is_its_number_and_its_start);
	tcase_add_test(tc, the_moment_is_about_as_old_as_asked);
	tcase_add_test(tc, what_is_needed_is_looked_at_in_time);
	return s;
}
