/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

#include "suites.h"
#include "utils/relay.h"

/* The slots are counted into; under ThreadSanitizer it is seen whether each has one owner. */

#define SLOTS 4

struct counter {
	size_t slot[SLOTS];
	size_t next, last;
};

static bool count(void *user, size_t slot)
{
	struct counter *c = user;

	c->slot[slot] = c->next++;
	return c->next <= c->last;
}

static int counting(struct relay **r, struct counter *c)
{
	const struct relay_work work = {SLOTS, count, NULL, NULL, c};

	return relay_new(r, &work);
}

START_TEST(test_order)
{
	struct counter c = {.last = 10000};
	struct relay *r;
	size_t slot, i;

	ck_assert_int_eq(counting(&r, &c), 0);
	for (i = 0; i <= c.last; i++) {
		ck_assert(relay_next(r, &slot));
		ck_assert_uint_eq(slot, i % SLOTS);
		ck_assert_uint_eq(c.slot[slot], i);
		relay_release(r);
	}
	relay_free(r);
	ck_assert_uint_eq(c.next, c.last + 1);
}
END_TEST

/* Several slots are held, and given back later. */
START_TEST(test_held)
{
	struct counter c = {.last = 1000};
	struct relay *r;
	size_t slot, round, i;

	ck_assert_int_eq(counting(&r, &c), 0);
	for (round = 0; round < 100; round++) {
		for (i = 0; i < SLOTS; i++) {
			ck_assert(relay_next(r, &slot));
			ck_assert_uint_eq(slot, i);
		}
		ck_assert(!relay_next(r, &slot)); /* all of them are held */
		for (i = 0; i < SLOTS; i++)
			ck_assert_uint_eq(c.slot[i], round * SLOTS + i);
		for (i = 0; i < SLOTS; i++)
			relay_release(r);
	}
	relay_free(r);
}
END_TEST

/* The user has enough: whatever the thread is at, it ends. */
START_TEST(test_early_end)
{
	size_t taken, slot;

	for (taken = 0; taken < 50; taken++) {
		struct counter c = {.last = SIZE_MAX - 1};
		struct relay *r;
		size_t i;

		ck_assert_int_eq(counting(&r, &c), 0);
		for (i = 0; i < taken; i++) {
			ck_assert(relay_next(r, &slot));
			ck_assert_uint_eq(c.slot[slot], i);
			if (i + 1 < taken)
				relay_release(r);
		}
		relay_free(r);
		ck_assert_uint_le(c.next, taken + SLOTS);
	}
	relay_free(NULL);
}
END_TEST

/* Each slot is made from what was taken into it, and what came of it is posted. */
struct maker {
	size_t slot[SLOTS], made[SLOTS];
	size_t next, last;
	size_t posted[SLOTS]; /* by the user */
	size_t done, sum;
};

static bool take_one(void *user, size_t slot)
{
	struct maker *m = user;

	m->slot[slot] = m->next++;
	return m->next <= m->last;
}

static void make_one(void *user, size_t slot)
{
	struct maker *m = user;

	m->made[slot] = m->slot[slot] * 3;
}

static void do_one(void *user)
{
	struct maker *m = user;

	m->sum += m->posted[m->done % SLOTS];
	m->done++;
}

static void run_maker(struct maker *m, void (*make)(void *user, size_t slot), size_t n)
{
	const struct relay_work work = {SLOTS, take_one, make, do_one, m};
	struct relay *r;
	size_t slot, i;

	ck_assert_int_eq(relay_new(&r, &work), 0);
	for (i = 0; i < n; i++) {
		ck_assert(relay_next(r, &slot));
		ck_assert_uint_eq(make ? m->made[slot] : 3 * m->slot[slot], 3 * i);
		m->posted[i % SLOTS] = i;
		relay_post(r, SLOTS - 1);
		relay_release(r);
	}
	if (n > m->last)
		relay_settle(r);
	relay_free(r);
}

START_TEST(test_work)
{
	struct maker m = {.last = 9999};

	run_maker(&m, _i ? make_one : NULL, 10000);
	ck_assert_uint_eq(m.next, 10000);
	ck_assert_uint_eq(m.done, 10000);
	ck_assert_uint_eq(m.sum, 10000 * 9999 / 2);
}
END_TEST

/* Whatever of it is under way, it ends. */
START_TEST(test_early_end_of_work)
{
	size_t n;

	for (n = 0; n < 50; n++) {
		struct maker m = {.last = SIZE_MAX - 1};

		run_maker(&m, _i ? make_one : NULL, n);
		ck_assert_uint_le(m.next, n + SLOTS);
		ck_assert_uint_le(m.done, n);
	}
}
END_TEST

Suite *relay_suite(void)
{
	TCase *tc;
	Suite *s = suite_with("relay", &tc);

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_order);
	tcase_add_test(tc, test_held);
	tcase_add_test(tc, test_early_end);
	tcase_add_loop_test(tc, test_work, 0, 2);
	tcase_add_loop_test(tc, test_early_end_of_work, 0, 2);
	return s;
}
