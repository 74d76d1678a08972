/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>

#include "datas/arena.h"
#include "datas/buf.h"
#include "datas/hist.h"
#include "datas/shift.h"
#include "datas/spread.h"
#include "datas/hmap.h"
#include "suites.h"
#include "utils/err.h"

START_TEST(numbers_take_the_whole_string)
{
	uint64_t u = 7;
	int64_t i = 7;

	ck_assert_int_eq(str_u64(STR("18446744073709551615"), &u), 0);
	ck_assert(u == UINT64_MAX);
	ck_assert_int_eq(str_u64(STR("18446744073709551616"), &u), -ERANGE);
	ck_assert_int_eq(str_u64(STR(""), &u), -EINVAL);
	ck_assert_int_eq(str_u64(STR("1 "), &u), -EINVAL);
	ck_assert_int_eq(str_u64(STR("+1"), &u), -EINVAL);
	ck_assert_int_eq(str_u64(STR("-1"), &u), -EINVAL);
	ck_assert_int_eq(str_i64(STR("-9223372036854775808"), &i), 0);
	ck_assert(i == INT64_MIN);
	ck_assert_int_eq(str_i64(STR("-9223372036854775809"), &i), -ERANGE);
	ck_assert_int_eq(str_i64(STR("9223372036854775808"), &i), -ERANGE);
	ck_assert_int_eq(str_i64(STR("-"), &i), -EINVAL);
	ck_assert_int_eq(str_i64(STR("--1"), &i), -EINVAL);
}
END_TEST

START_TEST(numbers_of_other_bases)
{
	uint64_t u;
	int64_t i;

	ck_assert_int_eq(str_num(STR("0x1f"), &i), 0);
	ck_assert_int_eq(i, 31);
	ck_assert_int_eq(str_num(STR("0644"), &i), 0);
	ck_assert_int_eq(i, 0644);
	ck_assert_int_eq(str_num(STR("0xffffffffffffffff"), &i), 0);
	ck_assert(i == -1);
	ck_assert_int_eq(str_num(STR("08"), &i), -EINVAL);
	ck_assert_int_eq(str_num(STR("0x"), &i), -EINVAL);
	ck_assert_int_eq(str_octal(STR("07777"), &u), 0);
	ck_assert_uint_eq(u, 07777);
	ck_assert_int_eq(str_octal(STR("9"), &u), -EINVAL);
}
END_TEST

START_TEST(take_splits_at_separators)
{
	struct str rest = STR("a;:,;:,b"), word;

	ck_assert(str_take(&rest, STR(";:,"), &word) && str_eqs(word, "a"));
	ck_assert(str_take(&rest, STR(";:,"), &word) && word.len == 0);
	ck_assert(str_take(&rest, STR(";:,"), &word) && str_eqs(word, "b"));
	ck_assert(!str_take(&rest, STR(";:,"), &word));
	rest = STR("");
	ck_assert(str_take_char(&rest, ',', &word) && word.len == 0);
	ck_assert(!str_take_char(&rest, ',', &word));
}
END_TEST

START_TEST(digits_are_printed)
{
	struct buf b = BUF_INIT;

	buf_u64(&b, UINT64_MAX);
	buf_char(&b, ' ');
	buf_i64(&b, INT64_MIN);
	buf_char(&b, ' ');
	buf_u64(&b, 0);
	ck_assert(str_eqs(buf_as_str(&b), "18446744073709551615 -9223372036854775808 0"));
	buf_free(&b);
}
END_TEST

START_TEST(digits_of_any_number)
{
	char ours[21], theirs[32];
	uint64_t power = 1;
	int i, off;

	for (i = 0; i < 20; i++, power *= 10)
		for (off = -1; off <= 1; off++) {
			uint64_t v = power + (uint64_t)(int64_t)off;

			*str_put_u64(ours, v) = '\0';
			snprintf(theirs, sizeof(theirs), "%llu", (unsigned long long)v);
			ck_assert_str_eq(ours, theirs);
		}
	for (i = 0; i < 10000; i++) {
		*str_put_u64(ours, (uint64_t)i) = '\0';
		snprintf(theirs, sizeof(theirs), "%d", i);
		ck_assert_str_eq(ours, theirs);
	}
}
END_TEST

START_TEST(buf_grows_and_formats)
{
	struct buf b = BUF_INIT;
	int i;

	for (i = 0; i < 10000; i++)
		buf_addf(&b, "%d,", i % 10);
	ck_assert(buf_ok(&b));
	ck_assert_uint_eq(b.len, 20000);
	ck_assert_mem_eq(b.p + 19998, "9,", 2);
	buf_free(&b);
	ck_assert_uint_eq(buf_as_str(&b).len, 0);
}
END_TEST

START_TEST(buf_remembers_failure)
{
	struct buf b = BUF_INIT;

	buf_puts(&b, "kept");
	ck_assert(!buf_reserve(&b, SIZE_MAX / 2));
	ck_assert(!buf_ok(&b));
	buf_puts(&b, "not added");
	ck_assert(str_eqs(buf_as_str(&b), "kept"));
	buf_free(&b);
}
END_TEST

START_TEST(vec_gives_zeroed_elements)
{
	VEC(uint64_t) v = {0};
	size_t i;

	for (i = 0; i < 1000; i++) {
		uint64_t *e = vec_push(&v);

		ck_assert_ptr_nonnull(e);
		ck_assert_uint_eq(*e, 0);
		*e = i;
	}
	for (i = 0; i < 1000; i++)
		ck_assert_uint_eq(v.v[i], i);
	vec_free(&v);
	ck_assert_uint_eq(v.n, 0);
}
END_TEST

START_TEST(arena_pieces_are_aligned_and_zeroed)
{
	struct arena a = ARENA_INIT;
	size_t size, i;
	char *s;

	for (size = 0; size < 100000; size = size * 2 + 1) {
		unsigned char *p = arena_alloc(&a, size);

		ck_assert_ptr_nonnull(p);
		ck_assert_uint_eq((uintptr_t)p % 16, 0);
		for (i = 0; i < size; i++) {
			ck_assert_uint_eq(p[i], 0);
			p[i] = 0xaa;
		}
	}
	s = arena_strdup(&a, STR("name"));
	ck_assert_str_eq(s, "name");
	arena_free(&a);
	ck_assert_uint_eq(a.total, 0);
}
END_TEST

struct item {
	struct hnode node;
	uint64_t key;
};

static struct item *find(const struct hmap *m, uint64_t key)
{
	struct hnode *n;

	for (n = hmap_first(m, hash_u64(key)); n; n = hmap_next(n))
		if (hmap_entry(n, struct item, node)->key == key)
			return hmap_entry(n, struct item, node);
	return NULL;
}

START_TEST(hmap_finds_what_is_in_it)
{
	static struct item items[5000];
	struct hmap m = HMAP_INIT;
	struct hnode *n, *tmp;
	size_t i, seen = 0;

	ck_assert_ptr_null(find(&m, 1));
	for (i = 0; i < 5000; i++) {
		items[i].key = i;
		ck_assert_int_eq(hmap_insert(&m, &items[i].node, hash_u64(i)), 0);
	}
	for (i = 0; i < 5000; i += 2)
		hmap_remove(&m, &items[i].node);
	for (i = 0; i < 5000; i++)
		ck_assert_ptr_eq(find(&m, i), i % 2 ? &items[i] : NULL);
	hmap_each(&m, n, tmp, i) {
		hmap_remove(&m, n);
		seen++;
	}
	ck_assert_uint_eq(seen, 2500);
	ck_assert_uint_eq(m.n, 0);
	hmap_free(&m);
}
END_TEST

START_TEST(hmap_keeps_equal_hashes_apart)
{
	struct item a = {.key = 1}, b = {.key = 2};
	struct hmap m = HMAP_INIT;
	struct hnode *n;

	hmap_insert(&m, &a.node, 7);
	hmap_insert(&m, &b.node, 7);
	n = hmap_first(&m, 7);
	ck_assert_ptr_nonnull(n);
	ck_assert_ptr_nonnull(hmap_next(n));
	ck_assert_ptr_null(hmap_next(hmap_next(n)));
	hmap_free(&m);
}
END_TEST

START_TEST(hash_depends_on_every_byte)
{
	char text[40];
	uint64_t whole;
	size_t i;

	memset(text, 'a', sizeof(text));
	whole = hash_bytes(text, sizeof(text), 0);
	for (i = 0; i < sizeof(text); i++) {
		text[i] ^= 1;
		ck_assert(hash_bytes(text, sizeof(text), 0) != whole);
		text[i] ^= 1;
	}
	ck_assert(hash_bytes(text, 39, 0) != whole);
	ck_assert(hash_bytes(text, sizeof(text), 1) != whole);
}
END_TEST

START_TEST(hist_quantiles_are_near)
{
	static struct hist h;
	uint64_t v, top;

	ck_assert_uint_eq(hist_quantile(&h, 0.5), 0);
	for (v = 1; v <= 100000; v++)
		hist_add(&h, v);
	top = hist_quantile(&h, 0.5);
	ck_assert_uint_ge(top, 50000);
	ck_assert_uint_le(top, 50000 + 50000 / 32);
	ck_assert_uint_eq(hist_quantile(&h, 1), 100000);
	ck_assert_uint_eq(hist_quantile(&h, 0), 1);
	ck_assert_uint_eq(h.min, 1);
}
END_TEST

START_TEST(spread_of_few)
{
	double v[] = {5, 1, 4, 2}, one[] = {7};
	struct spread s = spread_of(v, 4);

	ck_assert(s.median == 3 && s.min == 1 && s.max == 5 && s.q1 == 1.75 && s.q3 == 4.25);
	s = spread_of(one, 1);
	ck_assert(s.median == 7 && s.q1 == 7 && s.q3 == 7);
	s = spread_of(NULL, 0);
	ck_assert(s.median == 0);
}
END_TEST

/* Samples of n values with differences that are all known: rank k of them is 1000 * (row) - (the rest). */
static struct shift shift_of_size(size_t m, size_t n)
{
	double x[200], y[200];
	struct shift s;
	size_t i;

	for (i = 0; i < m; i++)
		x[i] = (double)i;
	for (i = 0; i < n; i++)
		y[i] = 1000 * (double)i;
	ck_assert_int_eq(shift_of(x, m, y, n, &s), 0);
	return s;
}

/* Critical values of U, two-sided 0.05, from tables: 10 and 10: 23; 8 and 8: 13; 5 and 8: 6; 20 and 20: 127. */
START_TEST(shift_has_the_ranks_of_the_tables)
{
	static const struct {
		size_t m, n, critical;
	} t[] = {{10, 10, 23}, {8, 8, 13}, {5, 8, 6}, {20, 20, 127}, {5, 5, 2}, {4, 4, 0}, {3, 5, 0}, {7, 6, 6}};
	struct shift s;
	size_t i, k;

	for (i = 0; i < sizeof(t) / sizeof(*t); i++) {
		s = shift_of_size(t[i].m, t[i].n);
		k = t[i].critical; /* k - 1 of the sorted differences lie below */
		ck_assert(s.interval);
		ck_assert_msg(s.low == 1000 * (double)(k / t[i].m) - (double)(t[i].m - 1 - k % t[i].m),
			"%zu and %zu: %g", t[i].m, t[i].n, s.low);
		ck_assert(s.confidence >= 0.95 && s.confidence < 0.98);
	}
	ck_assert(!shift_of_size(3, 4).interval);
	ck_assert(!shift_of_size(1, 1).interval && shift_of_size(1, 1).estimate == 0);
	s = shift_of_size(150, 150); /* approximated */
	ck_assert(s.interval && s.low < s.estimate && s.estimate < s.high);
}
END_TEST

START_TEST(hist_what_came_since)
{
	static struct hist h, before;
	uint64_t v;

	for (v = 1; v <= 1000; v++)
		hist_add(&h, v);
	before = h;
	hist_subtract(&h, &before);
	ck_assert(h.count == 0 && h.sum == 0 && h.min == 0 && h.max == 0);
	h = before;
	hist_add(&h, 300);
	hist_add(&h, 500);
	hist_subtract(&h, &before);
	ck_assert_uint_eq(h.count, 2);
	ck_assert_uint_eq(h.sum, 800);
	ck_assert(h.min <= 300 && h.min > 290 && h.max >= 500 && h.max < 517);
	ck_assert(hist_quantile(&h, 1) == h.max);
}
END_TEST

START_TEST(hist_holds_any_value)
{
	static struct hist h, other;
	int i;

	for (i = 0; i < 64; i++) {
		hist_add(&h, (uint64_t)1 << i);
		ck_assert_uint_eq(h.bucket[hist_index((uint64_t)1 << i)], 1);
	}
	hist_add(&h, UINT64_MAX);
	ck_assert(hist_quantile(&h, 1) == UINT64_MAX);
	hist_merge(&other, &h);
	hist_merge(&other, &h);
	ck_assert_uint_eq(other.count, 130);
	ck_assert_uint_eq(other.min, 1);
}
END_TEST

START_TEST(errors_carry_sentence_and_code)
{
	struct err err = {0};
	char big[3000];

	ck_assert_int_eq(err_set(&err, EINVAL, "no %d", 5), -EINVAL);
	ck_assert_str_eq(err.text, "no 5");
	ck_assert_int_eq(err_sys(&err, ENOENT, "cannot open %s", "x"), -ENOENT);
	ck_assert_str_eq(err.text, "cannot open x: No such file or directory");
	ck_assert_int_eq(err_prefix(&err, "t%d", 1), -ENOENT);
	ck_assert_str_eq(err.text, "t1: cannot open x: No such file or directory");
	ck_assert_int_eq(err_set(NULL, EIO, "unheard"), -EIO);
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	err_sys(&err, EIO, "%s", big);
	ck_assert_uint_lt(strlen(err.text), sizeof(err.text));
	err_prefix(&err, "%s", big);
	ck_assert_uint_lt(strlen(err.text), sizeof(err.text));
}
END_TEST

Suite *datas_suite(void)
{
	TCase *tc;
	Suite *s = suite_with("datas", &tc);

	tcase_add_test(tc, numbers_take_the_whole_string);
	tcase_add_test(tc, numbers_of_other_bases);
	tcase_add_test(tc, take_splits_at_separators);
	tcase_add_test(tc, digits_are_printed);
	tcase_add_test(tc, digits_of_any_number);
	tcase_add_test(tc, buf_grows_and_formats);
	tcase_add_test(tc, buf_remembers_failure);
	tcase_add_test(tc, vec_gives_zeroed_elements);
	tcase_add_test(tc, arena_pieces_are_aligned_and_zeroed);
	tcase_add_test(tc, hmap_finds_what_is_in_it);
	tcase_add_test(tc, hmap_keeps_equal_hashes_apart);
	tcase_add_test(tc, hash_depends_on_every_byte);
	tcase_add_test(tc, hist_quantiles_are_near);
	tcase_add_test(tc, spread_of_few);
	tcase_add_test(tc, shift_has_the_ranks_of_the_tables);
	tcase_add_test(tc, hist_what_came_since);
	tcase_add_test(tc, hist_holds_any_value);
	tcase_add_test(tc, errors_carry_sentence_and_code);
	return s;
}
