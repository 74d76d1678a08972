/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

#include "suites.h"
#include "utils/relay.h"

/* The thread counts into the slots; under ThreadSanitizer it is seen whether a slot has one owner. */

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

START_TEST(test_order)
{
	struct counter c = {.last = 10000};
	struct relay *r;
	size_t slot, i;

	ck_assert_int_eq(relay_new(&r, SLOTS, count, &c), 0);
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

	ck_assert_int_eq(relay_new(&r, SLOTS, count, &c), 0);
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

		ck_assert_int_eq(relay_new(&r, SLOTS, count, &c), 0);
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

Suite *relay_suite(void)
{
	TCase *tc;
	Suite *s = suite_with("relay", &tc);

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_order);
	tcase_add_test(tc, test_held);
	tcase_add_test(tc, test_early_end);
	return s;
}
