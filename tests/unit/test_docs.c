/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "suites.h"
#include "tempdir.h"
#include "trace/capture.h"
#include "trace/lines.h"
#include "trace/replay.h"

/*
 * The examples of the format pages are read by the real readers and printed again as they stand.
 * A block that begins with a header is a file; else it is the inside of one.
 */

struct examples {
	const char *page;
	bool seen[OP_COUNT];
	int blocks;
};

/* Examples of older versions are converted, so that they do not come back as they were. */
static void check_capture(struct examples *e, struct str text)
{
	struct buf back = BUF_INIT;
	struct capture_reader *r;
	struct err err = {0};
	struct rec rec;
	bool today;
	int rc;

	rc = capture_open(&r, "block", &err);
	ck_assert_msg(rc == 0, "%s: %s", e->page, err.text);
	today = capture_version(r) == CAPTURE_VERSION;
	while ((rc = capture_next(r, &rec, &err)) != 0) {
		ck_assert_msg(rc == 1 || (!today && rc == -ENOENT), "%s: %s", e->page, err.text);
		if (rc == 1 && today)
			e->seen[rec.op] = true;
		if (rc == 1)
			capture_print(&back, &rec);
	}
	if (today && !str_starts(text, STR("#|")))
		ck_assert_msg(str_eq(text, buf_as_str(&back)), "%s: not as printed:\n%.*s", e->page,
			(int)back.len, back.p);
	capture_close(r);
	buf_free(&back);
}

static void check_replay(struct examples *e, struct str text)
{
	struct buf back = BUF_INIT;
	struct replay_reader *r;
	struct init_line init;
	struct err err = {0};
	struct rline line;
	int rc;

	rc = replay_open(&r, "block", &err);
	ck_assert_msg(rc == 0, "%s: %s", e->page, err.text);
	while ((rc = replay_next(r, &line, &err)) == 1) {
		e->seen[line.call.op] = true;
		replay_print(&back, &line);
	}
	ck_assert_msg(rc == 0, "%s: %s", e->page, err.text);
	buf_puts(&back, REPLAY_INIT_MARK "\n");
	while ((rc = replay_next_init(r, &init, &err)) == 1)
		replay_print_init(&back, &init);
	ck_assert_msg(rc == 0, "%s: %s", e->page, err.text);
	back.len -= str_starts(text, STR("#INIT")) ? 0 : strlen(REPLAY_INIT_MARK "\n");
	if (!str_starts(text, STR("#|")))
		ck_assert_msg(str_eq(text, buf_as_str(&back)), "%s: not as printed:\n%.*s", e->page,
			(int)back.len, back.p);
	replay_close(r);
	buf_free(&back);
}

static void check_block(struct examples *e, struct str text, bool replay)
{
	struct buf file = BUF_INIT;
	bool whole = str_starts(text, STR("#|"));

	if (!whole)
		buf_puts(&file, replay ? "#|replay_version=4|\n" : "#|capture_version=5|\n");
	buf_str(&file, text);
	if (!whole && replay)
		buf_puts(&file, str_starts(text, STR("#INIT")) ? "#END\n" : "#INIT\n#END\n");
	file_put("block", file.p, file.len);
	buf_free(&file);
	if (replay)
		check_replay(e, text);
	else
		check_capture(e, text);
	e->blocks++;
}

/* Calls check_block() for each fenced block that says LANGUAGE. */
static void read_page(struct examples *e, bool replay)
{
	const char *fence = replay ? "```replay" : "```capture";
	struct buf text = BUF_INIT;
	struct err err = {0};
	struct tempdir t;
	struct lines *l;
	struct str line;
	bool inside = false;

	ck_assert_msg(lines_open(&l, e->page, &err) == 0, "%s", err.text);
	tempdir_enter(&t);
	while (lines_next(l, &line, &err) == 1) {
		if (inside && str_eqs(line, "```")) {
			check_block(e, buf_as_str(&text), replay);
			text.len = 0;
			inside = false;
		} else if (inside) {
			buf_str(&text, line);
			buf_char(&text, '\n');
		} else {
			inside = str_eqs(line, fence);
		}
	}
	ck_assert(!inside);
	lines_close(l);
	buf_free(&text);
	tempdir_leave(&t);
}

START_TEST(capture_examples_are_true)
{
	struct examples e = {.page = SOURCE_DIR "/docs/capture-format.md"};
	int op;

	read_page(&e, false);
	for (op = 0; op < OP_COUNT; op++)
		ck_assert_msg(e.seen[op], "%s: no example of %s", e.page, ops[op].name);
}
END_TEST

/* What only a capture holds: generate turns it into other lines. */
static bool never_replayed(int op)
{
	return ops[op].flags & (OPF_NOFILE | OPF_LAYER) || op == OP_state_mount || op == OP_state_map ||
	       op == OP_state_path || op == OP_lost || op == OP_end || op == OP_uring_other;
}

START_TEST(replay_examples_are_true)
{
	struct examples e = {.page = SOURCE_DIR "/docs/replay-format.md"};
	int op;

	read_page(&e, true);
	for (op = 0; op < OP_COUNT; op++)
		ck_assert_msg(e.seen[op] || never_replayed(op), "%s: no example of %s", e.page,
			ops[op].name);
}
END_TEST

Suite *docs_suite(void)
{
	TCase *tc;
	Suite *s = suite_with("docs", &tc);

	tcase_add_test(tc, capture_examples_are_true);
	tcase_add_test(tc, replay_examples_are_true);
	return s;
}
