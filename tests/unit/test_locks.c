/* SPDX-License-Identifier: Apache-2.0 */
#include "generate/locks.h"
#include "suites.h"

static struct locks held;

static struct lock range(enum lock_kind kind, uint64_t owner, bool exclusive, uint64_t start, uint64_t end)
{
	return (struct lock){kind, owner, exclusive, start, end};
}

static void has(enum lock_kind kind, uint64_t owner, bool exclusive, uint64_t start, uint64_t end)
{
	const struct lock l = range(kind, owner, exclusive, start, end);

	ck_assert_int_eq(locks_set(&held, &l), 0);
}

static void gives_back(uint64_t owner, uint64_t start, uint64_t end)
{
	const struct lock l = range(LOCK_RECORD, owner, false, start, end);

	ck_assert_int_eq(locks_unset(&held, &l), 0);
}

static bool stopped(enum lock_kind kind, uint64_t owner, bool exclusive, uint64_t start, uint64_t end)
{
	const struct lock l = range(kind, owner, exclusive, start, end);

	return locks_conflict(&held, &l);
}

static void setup(void)
{
	held = (struct locks){0};
}

static void teardown(void)
{
	locks_free(&held);
}

START_TEST(writers_stop_all_and_readers_writers)
{
	has(LOCK_RECORD, 1, false, 10, 20);
	ck_assert(!stopped(LOCK_RECORD, 2, false, 10, 20));
	ck_assert(stopped(LOCK_RECORD, 2, true, 19, 30));
	ck_assert(!stopped(LOCK_RECORD, 2, true, 20, 30)); /* behind it */
	ck_assert(!stopped(LOCK_RECORD, 2, true, 0, 10));
	ck_assert(!stopped(LOCK_RECORD, 1, true, 0, UINT64_MAX)); /* its own */
	has(LOCK_RECORD, 1, true, 10, 20);
	ck_assert(stopped(LOCK_RECORD, 2, false, 0, UINT64_MAX));
	ck_assert(!stopped(LOCK_WHOLE, 2, true, 0, UINT64_MAX)); /* flock(2) does not know of those */
}
END_TEST

START_TEST(what_is_given_back_in_the_middle_leaves_both_ends)
{
	has(LOCK_RECORD, 1, true, 0, 100);
	gives_back(2, 0, 100); /* of somebody else */
	ck_assert(stopped(LOCK_RECORD, 2, false, 50, 51));
	gives_back(1, 40, 60);
	ck_assert(!stopped(LOCK_RECORD, 2, true, 40, 60));
	ck_assert(stopped(LOCK_RECORD, 2, true, 39, 60));
	ck_assert(stopped(LOCK_RECORD, 2, true, 40, 61));
	ck_assert_uint_eq(held.held.n, 2);
	gives_back(1, 0, 10);
	gives_back(1, 90, UINT64_MAX);
	ck_assert(!stopped(LOCK_RECORD, 2, true, 0, 10));
	ck_assert(stopped(LOCK_RECORD, 2, true, 10, 11));
	ck_assert(stopped(LOCK_RECORD, 2, true, 89, 90));
	ck_assert(!stopped(LOCK_RECORD, 2, true, 90, 100));
	gives_back(1, 0, UINT64_MAX);
	ck_assert_uint_eq(held.held.n, 0);
}
END_TEST

START_TEST(another_lock_in_the_same_place_takes_its_place)
{
	has(LOCK_RECORD, 1, true, 0, 100);
	has(LOCK_RECORD, 1, false, 20, 30); /* made weaker there */
	ck_assert(!stopped(LOCK_RECORD, 2, false, 20, 30));
	ck_assert(stopped(LOCK_RECORD, 2, false, 19, 30));
	ck_assert(stopped(LOCK_RECORD, 2, false, 20, 31));
}
END_TEST

START_TEST(locks_of_others_count_even_shared)
{
	const struct lock want = range(LOCK_LEASE, 2, false, 0, UINT64_MAX);

	ck_assert(!locks_of_others(&held, &want));
	has(LOCK_LEASE, 2, true, 0, UINT64_MAX);
	ck_assert(!locks_of_others(&held, &want));
	has(LOCK_LEASE, 1, false, 0, UINT64_MAX);
	ck_assert(locks_of_others(&held, &want));
	ck_assert(stopped(LOCK_LEASE, 1, false, 0, UINT64_MAX)); /* by that of 2 */
}
END_TEST

START_TEST(an_owner_that_is_gone_has_none)
{
	has(LOCK_RECORD, 1, true, 0, 10);
	has(LOCK_RECORD, 2, true, 10, 20);
	has(LOCK_WHOLE, 1, true, 0, UINT64_MAX);
	ck_assert(locks_drop(&held, 1));
	ck_assert(!locks_drop(&held, 1));
	ck_assert_uint_eq(held.held.n, 1);
	ck_assert(stopped(LOCK_RECORD, 3, false, 10, 11));
}
END_TEST

Suite *locks_suite(void)
{
	TCase *tc;
	Suite *s = suite_with("locks", &tc);

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, writers_stop_all_and_readers_writers);
	tcase_add_test(tc, what_is_given_back_in_the_middle_leaves_both_ends);
	tcase_add_test(tc, another_lock_in_the_same_place_takes_its_place);
	tcase_add_test(tc, locks_of_others_count_even_shared);
	tcase_add_test(tc, an_owner_that_is_gone_has_none);
	return s;
}
