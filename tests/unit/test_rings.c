/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "replay/rings.h"
#include "suites.h"

/* Which call submits what, from the lines of a replay in their order. */

struct scene {
	struct ring_plan plan;
	uint64_t index;
};

static uint64_t add(struct scene *s, struct rec call, uint32_t thread)
{
	struct rline line = {.thread = thread, .call = call};
	struct err err = {0};

	ck_assert_int_eq(rings_note(&s->plan, &line, s->index++, &err), 0);
	return call.op == OP_io_uring_enter ? line.call.arg[5] : line.call.sqe.number;
}

static uint64_t enter(struct scene *s, uint32_t ring, uint64_t first, int64_t count, uint32_t thread)
{
	struct rec call = {.op = OP_io_uring_enter, .ret = count, .has_ret = true};

	call.arg[4] = ring;
	call.arg[5] = first;
	return add(s, call, thread);
}

static uint64_t submission(struct scene *s, uint32_t ring, uint64_t number, uint32_t thread)
{
	struct rec call = {.op = OP_uring_nop, .has_ret = true};

	call.sqe = (struct sqe){.ring = ring, .number = number};
	return add(s, call, thread);
}

static const struct submission *of(const struct scene *s, uint64_t id)
{
	return &s->plan.all.v[id];
}

static void match(struct scene *s)
{
	ck_assert_int_eq(rings_match(&s->plan), 0);
}

START_TEST(calls_submit_what_they_took)
{
	struct scene s = {0};
	uint64_t one = enter(&s, 1, 0, 2, 0), other = enter(&s, 2, 0, 1, 0), more, idle;
	uint64_t b = submission(&s, 1, 1, 0), a = submission(&s, 1, 0, 0), c, d, e;

	idle = enter(&s, 1, 2, 0, 0);
	more = enter(&s, 1, 2, 3, 0);
	c = submission(&s, 1, 4, 0);
	d = submission(&s, 1, 2, 0);
	e = submission(&s, 2, 0, 0);
	match(&s);
	ck_assert_uint_eq(of(&s, a)->call, one);
	ck_assert_uint_eq(of(&s, b)->call, one);
	ck_assert_uint_eq(of(&s, c)->call, more);
	ck_assert_uint_eq(of(&s, d)->call, more);
	ck_assert_uint_eq(of(&s, e)->call, other);
	ck_assert_int_eq(rings_batches(&s.plan), 0);
	ck_assert_uint_eq(s.plan.calls.v[idle].n, 0);
	ck_assert_uint_eq(s.plan.calls.v[more].n, 2);
	ck_assert_uint_eq(s.plan.batch[s.plan.calls.v[more].batch], d); /* in their order */
	ck_assert_uint_eq(s.plan.batch[s.plan.calls.v[one].batch], a);
	rings_free(&s.plan);
}
END_TEST

START_TEST(what_no_call_took_is_submitted_alone)
{
	struct scene s = {0};
	uint64_t early = submission(&s, 1, 0, 0), beyond, thread, ring, far;

	enter(&s, 1, 0, 2, 0);
	beyond = submission(&s, 1, 2, 0);
	thread = submission(&s, 1, 1, 1);
	ring = submission(&s, 2, 1, 0);
	far = submission(&s, 1, UINT64_MAX, 0);
	match(&s);
	ck_assert_uint_eq(of(&s, early)->call, RING_ALONE);
	ck_assert_uint_eq(of(&s, beyond)->call, RING_ALONE);
	ck_assert_uint_ne(of(&s, thread)->call, RING_ALONE); /* unless its thread made calls */
	rings_follows(&s.plan, thread);
	ck_assert_uint_eq(of(&s, thread)->call, RING_ALONE);
	ck_assert_uint_eq(of(&s, ring)->call, RING_ALONE);
	ck_assert_uint_eq(of(&s, far)->call, RING_ALONE);
	ck_assert(ring_is_shared(&s.plan, 1));
	ck_assert(!ring_is_shared(&s.plan, 2));
	ck_assert(ring_is_shared(&s.plan, 3));
	rings_free(&s.plan);
}
END_TEST

/* A call waits for what stands in front of it; behind it nothing can be waited for. */
START_TEST(waits_go_to_the_call_or_make_it_alone)
{
	struct scene s = {.index = 10};
	uint64_t call = enter(&s, 1, 0, 3, 0);
	uint64_t a = submission(&s, 1, 0, 0), b = submission(&s, 1, 1, 0), c = submission(&s, 1, 2, 0);

	match(&s);
	ck_assert_int_eq(rings_wait(&s.plan, a, 9), 0);
	ck_assert_int_eq(rings_wait(&s.plan, b, 3), 0);
	ck_assert_int_eq(rings_wait(&s.plan, b, 11), 0);
	ck_assert_int_eq(rings_wait(&s.plan, b, 4), 0); /* alone already */
	ck_assert_int_eq(rings_batches(&s.plan), 0);
	ck_assert_uint_eq(of(&s, a)->call, call);
	ck_assert_uint_eq(of(&s, b)->call, RING_ALONE);
	ck_assert_uint_eq(of(&s, c)->call, call);
	ck_assert_uint_eq(s.plan.calls.v[call].n, 2);
	ck_assert_uint_eq(s.plan.waits.n, 2);
	rings_free(&s.plan);
}
END_TEST

START_TEST(absurd_numbers_are_refused)
{
	struct scene s = {0};
	struct rline line = {.call = {.op = OP_uring_nop, .sqe = {.ring = UINT32_MAX - 2}}};
	struct err err = {0};

	ck_assert_int_eq(rings_note(&s.plan, &line, 0, &err), -EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "out of proportion"));
	line.call = (struct rec){.op = OP_io_uring_register};
	line.call.arg[4] = UINT64_MAX;
	ck_assert_int_eq(rings_note(&s.plan, &line, 0, &err), -EINVAL);
	rings_free(&s.plan);
}
END_TEST

Suite *rings_suite(void)
{
	TCase *tc;
	Suite *s = suite_with("rings", &tc);

	tcase_add_test(tc, calls_submit_what_they_took);
	tcase_add_test(tc, what_no_call_took_is_submitted_alone);
	tcase_add_test(tc, waits_go_to_the_call_or_make_it_alone);
	tcase_add_test(tc, absurd_numbers_are_refused);
	return s;
}
