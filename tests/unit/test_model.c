/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <sched.h>
#include <stdlib.h>

#include "generate/order.h"
#include "vfd.h"
#include "vsize.h"

Suite *model_suite(void);

/* ---- vsize ---- */

static void ranges_are(const struct vsize *v, const uint64_t *want, size_t n)
{
	u64_vec got = {0};
	size_t i;

	ck_assert_int_eq(vsize_ranges(v, &got), 0);
	ck_assert_uint_eq(got.n, n);
	for (i = 0; i < n; i++)
		ck_assert_uint_eq(got.v[i], want[i]);
	vec_free(&got);
}

START_TEST(vsize_reads_and_overwrites_are_data)
{
	struct vsize v = {0};

	ck_assert_int_eq(vsize_at_start(&v, 100000, NULL, 0, false), 0);
	ck_assert_int_eq(vsize_read(&v, 0, 10), 0);
	ck_assert_int_eq(vsize_write(&v, 50000, 4096), 0);
	ck_assert_int_eq(vsize_read(&v, 99999, 1), 0);
	ranges_are(&v, (uint64_t[]){0, 4096, 49152, 8192, 98304, 1696}, 6);
	vsize_free(&v);
}
END_TEST

START_TEST(vsize_what_was_written_past_the_end_is_not_of_the_start)
{
	struct vsize v = {0};

	vsize_at_start(&v, 5000, NULL, 0, false);
	vsize_write(&v, 5000, 20000);
	vsize_read(&v, 8192, 4096);
	ck_assert_uint_eq(v.size, 25000);
	ck_assert_uint_eq(v.start, 5000);
	ranges_are(&v, (uint64_t[]){4096, 904}, 2);
	vsize_free(&v);
}
END_TEST

START_TEST(vsize_truncated_bytes_are_no_longer_original)
{
	struct vsize v = {0};

	vsize_at_start(&v, 100000, NULL, 0, false);
	vsize_truncate(&v, 8192);
	vsize_write(&v, 8192, 50000);
	vsize_read(&v, 0, 60000);
	ck_assert_uint_eq(v.start, 100000);
	ranges_are(&v, (uint64_t[]){0, 8192}, 2);
	vsize_free(&v);
}
END_TEST

START_TEST(vsize_holes_of_the_start_stay_holes)
{
	const uint64_t extents[] = {0, 4096, 1 << 20, 8192};
	struct vsize v = {0};

	vsize_at_start(&v, 1 << 24, extents, 4, true);
	vsize_read(&v, 0, 1 << 24);
	ranges_are(&v, extents, 4);
	vsize_free(&v);
	vsize_at_start(&v, 1 << 24, NULL, 0, true);
	vsize_read(&v, 0, 1 << 24);
	ranges_are(&v, NULL, 0);
	vsize_free(&v);
}
END_TEST

START_TEST(vsize_beyond_4_gib)
{
	const uint64_t far = (uint64_t)5 << 32;
	struct vsize v = {0};

	vsize_at_start(&v, far + 10000, NULL, 0, false);
	vsize_read(&v, far, 4096);
	vsize_read(&v, far + 9999, 1);
	ranges_are(&v, (uint64_t[]){far, 4096, far + 8192, 1808}, 4);
	vsize_free(&v);
}
END_TEST

START_TEST(vsize_many_single_pages)
{
	struct vsize v = {0};
	u64_vec got = {0};
	uint64_t i;

	vsize_at_start(&v, 300000 * (uint64_t)VSIZE_PAGE, NULL, 0, false);
	for (i = 0; i < 150000; i++)
		ck_assert_int_eq(vsize_read(&v, (299999 - 2 * i) * VSIZE_PAGE, 1), 0);
	ck_assert_int_eq(vsize_ranges(&v, &got), 0);
	ck_assert_uint_eq(got.n, 300000);
	for (i = 0; i < 150000; i++) {
		ck_assert_uint_eq(got.v[2 * i], (2 * i + 1) * VSIZE_PAGE);
		ck_assert_uint_eq(got.v[2 * i + 1], VSIZE_PAGE);
	}
	vec_free(&got);
	vsize_free(&v);
}
END_TEST

START_TEST(vsize_infers_the_size_from_reads)
{
	struct vsize v = {0};

	vsize_read(&v, 0, 100);
	vsize_read(&v, 8192, 500);
	ck_assert_uint_eq(v.start, 8692);
	ranges_are(&v, (uint64_t[]){0, 4096, 8192, 500}, 4);
	vsize_free(&v);
}
END_TEST

/* ---- vfd ---- */

static void no_node(void *user, void *node)
{
	int *refs = node;

	(void)user;
	(*refs)++;
}

static void put_node(void *user, void *node)
{
	int *refs = node;

	(void)user;
	(*refs)--;
}

static void *new_order(void *user)
{
	(void)user;
	return malloc(1);
}

static void free_order(void *user, void *order)
{
	(void)user;
	free(order);
}

static void free_ring(void *user, void *ring)
{
	(void)user;
	(void)ring;
}

static const struct vfd_hooks hooks = {
	NULL, no_node, put_node, new_order, free_order, free_ring, no_node, put_node, NULL};

START_TEST(vfd_dup_and_fork_share_the_description)
{
	struct vfd v;
	struct task *a, *b;
	struct descriptor *d, *e, *f;
	int node = 0;

	vfd_init(&v, &hooks);
	a = vfd_task_new(&v, 1, 1, NULL);
	d = vfd_open(&v, a, 3, DESC_FILE, &node, 0);
	e = vfd_dup(&v, a, d, 70);
	ck_assert_ptr_eq(d->desc, e->desc);
	ck_assert_uint_ne(vfd_number(&v, d), vfd_number(&v, e));
	b = vfd_task_clone(&v, a, 2, 2, 0);
	f = vfd_get(b, 70);
	ck_assert_ptr_ne(f, e);
	ck_assert_ptr_eq(f->desc, d->desc);
	ck_assert_uint_eq(f->vfd, VFD_NUMBER_NONE);
	ck_assert_uint_eq(d->desc->refs, 4);
	vfd_close(&v, a, 3);
	ck_assert_ptr_null(vfd_get(a, 3));
	ck_assert_ptr_nonnull(vfd_get(b, 3));
	ck_assert_int_eq(node, 1);
	vfd_free(&v);
	ck_assert_int_eq(node, 0);
}
END_TEST

START_TEST(vfd_threads_share_the_table_until_one_unshares_it)
{
	struct vfd v;
	struct task *a, *b;
	int node = 0;

	vfd_init(&v, &hooks);
	a = vfd_task_new(&v, 1, 1, NULL);
	b = vfd_task_clone(&v, a, 1, 5, CLONE_VM | CLONE_FILES | CLONE_FS | CLONE_THREAD);
	ck_assert_ptr_eq(a->process, b->process);
	ck_assert_ptr_nonnull(vfd_open(&v, b, 4, DESC_FILE, &node, 0));
	ck_assert_ptr_nonnull(vfd_get(a, 4));
	ck_assert_int_eq(vfd_task_unshare(&v, b), 0);
	ck_assert_ptr_ne(a->files, b->files);
	vfd_close(&v, b, 4);
	ck_assert_ptr_nonnull(vfd_get(a, 4));
	vfd_task_end(&v, a);
	ck_assert_int_eq(node, 0);
	vfd_free(&v);
}
END_TEST

START_TEST(vfd_locks_belong_to_table_and_file)
{
	struct vfd v;
	struct task *a, *b;
	int file = 0;
	uint32_t h;

	vfd_init(&v, &hooks);
	a = vfd_task_new(&v, 1, 1, NULL);
	ck_assert_uint_eq(vfd_lock_handle(&v, a, &file, false), VFD_NUMBER_NONE);
	h = vfd_lock_handle(&v, a, &file, true);
	ck_assert_uint_eq(vfd_lock_handle(&v, a, &file, true), h);
	b = vfd_task_clone(&v, a, 2, 2, 0);
	ck_assert_uint_ne(vfd_lock_handle(&v, b, &file, true), h);
	ck_assert_uint_eq(vfd_lock_drop(&v, a, &file), h);
	ck_assert_uint_eq(vfd_lock_drop(&v, a, &file), VFD_NUMBER_NONE);
	vfd_free(&v);
	ck_assert_int_eq(file, 0);
}
END_TEST

START_TEST(vfd_refuses_absurd_numbers)
{
	struct vfd v;
	struct task *a;
	int node = 0;

	vfd_init(&v, &hooks);
	a = vfd_task_new(&v, 1, 1, NULL);
	ck_assert_ptr_null(vfd_open(&v, a, INT32_MAX, DESC_FILE, &node, 0));
	ck_assert_ptr_null(vfd_open(&v, a, -1, DESC_FILE, &node, 0));
	ck_assert_ptr_null(vfd_get(a, -5));
	ck_assert_int_eq(node, 0);
	vfd_free(&v);
}
END_TEST

/* ---- order ---- */

static void commit(struct ordering *o, uint32_t thread, uint64_t label, const uint64_t *want,
	uint32_t n)
{
	const uint64_t *deps;
	uint32_t ndeps, i;

	ck_assert_int_eq(order_commit(o, thread, label, &deps, &ndeps), 0);
	ck_assert_uint_eq(ndeps, n);
	for (i = 0; i < n; i++)
		ck_assert_uint_eq(deps[i], want[i]);
}

static void touch_commit(struct ordering *o, struct resource *r, enum touch how, uint32_t thread,
	uint64_t label, uint64_t want)
{
	ck_assert_int_eq(order_touch(o, r, how), 0);
	commit(o, thread, label, &want, want ? 1 : 0);
}

START_TEST(order_readers_commute_and_writers_do_not)
{
	struct ordering *o = order_new();
	struct resource r = {0};

	order_thread(o);
	order_thread(o);
	order_thread(o);
	touch_commit(o, &r, TOUCH_EXCLUSIVE, 0, 1, 0);
	touch_commit(o, &r, TOUCH_SHARE, 1, 2, 1);
	touch_commit(o, &r, TOUCH_SHARE, 2, 3, 1);
	touch_commit(o, &r, TOUCH_SHARE, 1, 4, 0); /* known: waited for 1 before */
	order_touch(o, &r, TOUCH_EXCLUSIVE);
	commit(o, 0, 5, (uint64_t[]){4, 3}, 2);
	touch_commit(o, &r, TOUCH_SHARE, 2, 6, 5);
	resource_free(&r);
	order_free(o);
}
END_TEST

START_TEST(order_groups_commute_inside_only)
{
	struct ordering *o = order_new();
	struct resource r = {0};

	order_thread(o);
	order_thread(o);
	order_thread(o);
	touch_commit(o, &r, TOUCH_MUTATE, 0, 1, 0);
	touch_commit(o, &r, TOUCH_MUTATE, 1, 2, 0);
	order_touch(o, &r, TOUCH_SHARE);
	commit(o, 2, 3, (uint64_t[]){2, 1}, 2);
	touch_commit(o, &r, TOUCH_MUTATE, 0, 4, 3);
	touch_commit(o, &r, TOUCH_LATER, 2, 5, 4);
	touch_commit(o, &r, TOUCH_MUTATE, 1, 6, 3); /* nothing waits for LATER */
	resource_free(&r);
	order_free(o);
}
END_TEST

START_TEST(order_leaves_out_what_follows)
{
	struct ordering *o = order_new();
	struct resource a = {0}, b = {0};

	order_thread(o);
	order_thread(o);
	order_thread(o);
	touch_commit(o, &a, TOUCH_EXCLUSIVE, 0, 1, 0);
	order_touch(o, &a, TOUCH_EXCLUSIVE);
	order_touch(o, &b, TOUCH_EXCLUSIVE);
	commit(o, 1, 2, (uint64_t[]){1}, 1);
	/* 2 waited for 1, so who waits for 2 need not name 1 */
	order_touch(o, &a, TOUCH_SHARE);
	order_touch(o, &b, TOUCH_SHARE);
	order_wait(o, (struct stamp){0, 1});
	commit(o, 2, 3, (uint64_t[]){2}, 1);
	resource_free(&a);
	resource_free(&b);
	order_free(o);
}
END_TEST

START_TEST(order_a_child_knows_what_its_parent_knew)
{
	struct ordering *o = order_new();
	struct resource a = {0}, b = {0};
	uint32_t child;

	order_thread(o);
	order_thread(o);
	touch_commit(o, &a, TOUCH_EXCLUSIVE, 1, 1, 0);
	touch_commit(o, &a, TOUCH_SHARE, 0, 2, 1);
	child = order_thread(o);
	ck_assert_int_eq(order_fork(o, child, 0, 2), 0);
	touch_commit(o, &a, TOUCH_SHARE, child, 3, 0);
	touch_commit(o, &b, TOUCH_EXCLUSIVE, child, 4, 0);
	touch_commit(o, &b, TOUCH_EXCLUSIVE, 1, 5, 4);
	resource_free(&a);
	resource_free(&b);
	order_free(o);
}
END_TEST

START_TEST(order_a_stranger_waits_for_the_first_thread)
{
	struct ordering *o = order_new();
	struct resource a = {0};

	order_thread(o);
	touch_commit(o, &a, TOUCH_EXCLUSIVE, 0, 1, 0); /* alone: kept by no resource */
	order_thread(o);
	touch_commit(o, &a, TOUCH_SHARE, 1, 2, 1);
	resource_free(&a);
	order_free(o);
}
END_TEST

START_TEST(order_what_was_left_out_leaves_no_trace)
{
	struct ordering *o = order_new();
	struct resource a = {0};

	order_thread(o);
	order_thread(o);
	order_touch(o, &a, TOUCH_EXCLUSIVE);
	order_begin(o);
	touch_commit(o, &a, TOUCH_EXCLUSIVE, 1, 2, 0);
	touch_commit(o, &a, TOUCH_AFTER, 0, 3, 2);
	touch_commit(o, &a, TOUCH_EXCLUSIVE, 1, 4, 0); /* nothing waits for AFTER */
	resource_free(&a);
	order_free(o);
}
END_TEST

Suite *model_suite(void)
{
	Suite *s = suite_create("model");
	TCase *t = tcase_create("model");

	tcase_add_test(t, vsize_reads_and_overwrites_are_data);
	tcase_add_test(t, vsize_what_was_written_past_the_end_is_not_of_the_start);
	tcase_add_test(t, vsize_truncated_bytes_are_no_longer_original);
	tcase_add_test(t, vsize_holes_of_the_start_stay_holes);
	tcase_add_test(t, vsize_beyond_4_gib);
	tcase_add_test(t, vsize_many_single_pages);
	tcase_add_test(t, vsize_infers_the_size_from_reads);
	tcase_add_test(t, vfd_dup_and_fork_share_the_description);
	tcase_add_test(t, vfd_threads_share_the_table_until_one_unshares_it);
	tcase_add_test(t, vfd_locks_belong_to_table_and_file);
	tcase_add_test(t, vfd_refuses_absurd_numbers);
	tcase_add_test(t, order_readers_commute_and_writers_do_not);
	tcase_add_test(t, order_groups_commute_inside_only);
	tcase_add_test(t, order_leaves_out_what_follows);
	tcase_add_test(t, order_a_child_knows_what_its_parent_knew);
	tcase_add_test(t, order_a_stranger_waits_for_the_first_thread);
	tcase_add_test(t, order_what_was_left_out_leaves_no_trace);
	suite_add_tcase(s, t);
	return s;
}
