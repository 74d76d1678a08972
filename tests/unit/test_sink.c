/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/sink.h"
#include "suites.h"
#include "tempdir.h"
#include "utils/clock.h"

static struct sink *open_sink(const char *path, const struct sink_limits *limits)
{
	struct capture_pair cmd = {"cmd", STR("a|b")};
	struct sink *s;
	struct err err;

	ck_assert_int_eq(sink_open(&s, path, &err), 0);
	ck_assert_int_eq(sink_limit(s, limits, &err), 0);
	sink_header(s, &cmd, 1);
	return s;
}

static void put_state(struct sink *s)
{
	struct rec rec = {.op = OP_state_task, .pid = 1, .tid = 1, .path = STR("/home")};

	sink_put(s, &rec);
}

static void put_call(struct sink *s)
{
	struct rec rec = {.op = OP_close, .pid = 1, .tid = 1, .has_ret = true};

	sink_put(s, &rec);
}

static char text[1 << 20];

static const char *text_of(const char *path)
{
	text[file_get(path, text, sizeof(text) - 1)] = '\0';
	return text;
}

static unsigned count(const char *path, const char *what)
{
	const char *at = text_of(path);
	unsigned n = 0;

	for (; (at = strstr(at, what)); at++)
		n++;
	return n;
}

static bool is_there(const char *path)
{
	return access(path, F_OK) == 0;
}

START_TEST(parts_have_their_number_before_the_suffix)
{
	static const struct {
		const char *path;
		uint64_t part;
		const char *want;
	} cases[] = {
		{"x.capture", 0, "x.capture"}, {"x.capture", 1, "x.capture.1"},
		{"d.zst/x", 12, "d.zst/x.12"}, {"x.zst", 0, "x.zst"},
		{"d/x.capture.zst", 3, "d/x.capture.3.zst"},
		{".zst", 1, ".zst.1"}, /* that is a name, not a suffix */
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *path = sink_part_path(cases[i].path, cases[i].part);

		ck_assert_str_eq(path, cases[i].want);
		free(path);
	}
}
END_TEST

START_TEST(a_number_of_calls_ends_a_capture)
{
	struct sink *s;
	struct sink_totals totals;
	struct tempdir t;
	int i;

	tempdir_enter(&t);
	s = open_sink("c", &(struct sink_limits){.max_events = 3});
	put_state(s);
	for (i = 0; i < 3; i++) {
		ck_assert_int_eq(sink_over(s), SINK_GOES_ON);
		put_call(s);
	}
	ck_assert_int_eq(sink_over(s), SINK_EVENTS);
	put_call(s);
	put_state(s);
	sink_lost(s, 1, 1, 5, "too late to count");
	sink_end(s);
	ck_assert_uint_eq(count("c", "o=end;:,c=4;:,O=0;:,"), 1);
	put_call(s); /* of a backend that has not heard of it yet */
	sink_tick(s);
	ck_assert(!sink_full(s));
	ck_assert_int_eq(sink_close(s, &totals, NULL), 0);
	ck_assert_uint_eq(totals.calls, 3);
	ck_assert_uint_eq(totals.lost, 0);
	ck_assert_uint_eq(totals.files, 1);
	ck_assert_uint_eq(count("c", "o=close;"), 3);
	ck_assert_uint_eq(count("c", "|part="), 0);
	unlink("c");
	tempdir_leave(&t);
}
END_TEST

START_TEST(time_ends_a_capture)
{
	struct sink *s;
	struct tempdir t;

	tempdir_enter(&t);
	s = open_sink("c", &(struct sink_limits){.duration = 3600 * NS_PER_SEC});
	sink_begin(s);
	ck_assert_int_eq(sink_over(s), SINK_GOES_ON);
	sink_abort(s);
	s = open_sink("c", &(struct sink_limits){.duration = 1});
	sink_begin(s);
	usleep(1);
	ck_assert_int_eq(sink_over(s), SINK_DURATION);
	sink_abort(s);
	ck_assert(!is_there("c"));
	tempdir_leave(&t);
}
END_TEST

/* Calls until the file is full. */
static unsigned fill(struct sink *s)
{
	unsigned n = 0;

	while (!sink_full(s)) {
		put_call(s);
		n++;
	}
	return n;
}

START_TEST(each_file_is_a_capture)
{
	struct sink *s;
	struct sink_totals totals;
	struct tempdir t;
	struct stat st;
	unsigned n;

	tempdir_enter(&t);
	s = open_sink("c", &(struct sink_limits){.max_size = 70000});
	put_state(s);
	n = fill(s);
	sink_lost(s, 1, 1, 2, "a test");
	sink_rotate(s);
	ck_assert(!sink_full(s));
	put_state(s);
	put_state(s);
	n += fill(s);
	sink_rotate(s);
	put_call(s);
	ck_assert_int_eq(sink_close(s, &totals, NULL), 0);
	ck_assert_uint_eq(totals.calls, n + 1);
	ck_assert_uint_eq(totals.lost, 2);
	ck_assert_uint_eq(totals.files, 3);
	ck_assert_uint_eq(count("c", "o=close;") + count("c.1", "o=close;"), n);
	ck_assert_uint_eq(count("c.2", "o=close;"), 1);
	ck_assert_uint_eq(count("c", "o=state_task;"), 1);
	ck_assert_uint_eq(count("c.1", "o=state_task;"), 2);
	ck_assert_uint_eq(count("c", "|part=0|\n"), 1);
	ck_assert_uint_eq(count("c.1", "|cmd=a\\x7cb|"), 1);
	ck_assert_uint_eq(count("c.1", "|part=1|\n"), 1);
	ck_assert_uint_eq(count("c.2", "|part=2|\n"), 1);
	ck_assert_uint_eq(count("c", ";:,O=2;:,n=0;:,N=0;:,\n"), 1);
	ck_assert_uint_eq(count("c.1", ";:,O=0;:,n=0;:,N=0;:,\n"), 1);
	ck_assert_uint_eq(count("c.2", "o=end;:,c=1;:,O=0;:,n=0;:,N=0;:,\n"), 1);
	ck_assert_int_eq(stat("c.1", &st), 0);
	ck_assert_int_ge(st.st_size, 70000);
	ck_assert_int_lt(st.st_size, 70200);
	unlink("c");
	unlink("c.1");
	unlink("c.2");
	tempdir_leave(&t);
}
END_TEST

START_TEST(half_of_a_file_is_calls)
{
	struct sink *s;
	struct sink_totals totals;
	struct tempdir t;
	int i;

	tempdir_enter(&t);
	s = open_sink("c", &(struct sink_limits){.max_size = 100});
	for (i = 0; i < 100; i++) {
		put_state(s);
		ck_assert(!sink_full(s)); /* a file of nothing but state is of no use */
	}
	fill(s);
	ck_assert_int_eq(sink_close(s, &totals, NULL), 0);
	ck_assert_uint_ge(count("c", "o=close;"), 80);
	unlink("c");
	tempdir_leave(&t);
}
END_TEST

START_TEST(old_files_go_when_new_ones_can_stand_alone)
{
	struct sink *s;
	struct sink_totals totals;
	struct tempdir t;

	tempdir_enter(&t);
	s = open_sink("c.zst", &(struct sink_limits){.max_size = 1, .max_files = 2});
	put_call(s);
	sink_rotate(s);
	put_state(s);
	put_call(s);
	ck_assert(is_there("c.zst") && is_there("c.1.zst"));
	sink_rotate(s);
	put_state(s);
	ck_assert(is_there("c.zst") && is_there("c.1.zst") && is_there("c.2.zst"));
	put_call(s);
	ck_assert(!is_there("c.zst") && is_there("c.1.zst") && is_there("c.2.zst"));
	sink_rotate(s);
	put_state(s);
	ck_assert_int_eq(sink_close(s, &totals, NULL), 0);
	ck_assert(!is_there("c.1.zst") && is_there("c.2.zst") && is_there("c.3.zst"));
	ck_assert_uint_eq(totals.files, 4);
	ck_assert_uint_eq(totals.calls, 3);
	unlink("c.2.zst");
	unlink("c.3.zst");
	tempdir_leave(&t);
}
END_TEST

START_TEST(a_file_that_cannot_begin_is_an_error)
{
	struct sink *s;
	struct sink_totals totals;
	struct err err = {0};
	struct tempdir t;

	tempdir_enter(&t);
	mkdir("c.1", 0700);
	s = open_sink("c", &(struct sink_limits){.max_size = 1, .max_files = 1});
	put_call(s);
	ck_assert(!sink_full(s)); /* the header is more */
	sink_rotate(s);
	put_call(s);
	put_call(s);
	ck_assert(!sink_full(s));
	ck_assert_int_eq(sink_close(s, &totals, &err), -EISDIR);
	ck_assert_ptr_nonnull(strstr(err.text, "c.1"));
	ck_assert_uint_eq(totals.lost, 2);
	ck_assert_uint_eq(count("c", "o=end;:,c=1;:,O=2;:,"), 1);
	rmdir("c.1");
	unlink("c");
	tempdir_leave(&t);
}
END_TEST

START_TEST(devices_have_one_file)
{
	struct sink *s;
	struct err err = {0};

	ck_assert_int_eq(sink_open(&s, "/dev/null", &err), 0);
	ck_assert_int_eq(sink_limit(s, &(struct sink_limits){.max_size = 1}, &err), -EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "/dev/null"));
	ck_assert_int_eq(sink_limit(s, &(struct sink_limits){.max_events = 1}, &err), 0);
	sink_abort(s);
}
END_TEST

Suite *sink_suite(void)
{
	TCase *tc;
	Suite *s = suite_with("sink", &tc);

	tcase_add_test(tc, parts_have_their_number_before_the_suffix);
	tcase_add_test(tc, a_number_of_calls_ends_a_capture);
	tcase_add_test(tc, time_ends_a_capture);
	tcase_add_test(tc, each_file_is_a_capture);
	tcase_add_test(tc, half_of_a_file_is_calls);
	tcase_add_test(tc, old_files_go_when_new_ones_can_stand_alone);
	tcase_add_test(tc, a_file_that_cannot_begin_is_an_error);
	tcase_add_test(tc, devices_have_one_file);
	return s;
}
