/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include <errno.h>

#include "../common/samples.h"
#include "report/stacks.h"
#include "trace/capture.h"

static const char *const headers[] = {
	"#|capture_version=5|\n", "#|capture_version=5|\n", "#|capture_version=4|\n"};

/* The next record that is none of the malformed ones; 0 at the end. */
static int next(struct capture_reader *r, struct rec *rec)
{
	struct err err;
	int rc;

	do
		rc = capture_next(r, rec, &err);
	while (rc == -EINVAL || rc == -ENOENT);
	if (rc < 0)
		fuzz_fail("an error that ends the file", err.text, strlen(err.text));
	return rc;
}

static void print_all(struct buf *out, const char *path)
{
	struct capture_reader *r;
	struct rec rec;

	capture_print_header(out, NULL, 0);
	if (capture_open(&r, path, NULL))
		fuzz_fail("cannot open", path, strlen(path));
	while (next(r, &rec))
		capture_print(out, &rec);
	capture_close(r);
}

static void compare(const char *path, const struct buf *printed)
{
	struct capture_reader *first, *second;
	struct fuzz_file again;
	struct rec a, b;
	int more;

	fuzz_file_put(&again, printed->p, printed->len);
	if (capture_open(&first, path, NULL) || capture_open(&second, again.path, NULL))
		fuzz_fail("cannot open", path, strlen(path));
	do {
		const char *differs;

		more = next(first, &a);
		if (capture_next(second, &b, NULL) != more)
			fuzz_fail("not read as printed", printed->p, printed->len);
		differs = more ? rec_difference(&a, &b) : NULL;
		if (differs)
			fuzz_fail(differs, printed->p, printed->len);
	} while (more);
	capture_close(first);
	capture_close(second);
	fuzz_file_close(&again);
}

#define VIEWS 3

/* What ioriot -a makes of it: the calls are those that are read, and the stacks as wide as they are many. */
static void analyse(const char *path)
{
	struct view *views[VIEWS] = {NULL};
	struct buf out = BUF_INIT;
	uint64_t below = 0; /* events of other layers, which are no calls */
	struct ending ending = {.capture = path};
	struct stacks stacks;
	struct events *e;
	struct event ev;
	struct err err;
	int rc, i;

	if (events_open(&e, path, &err) || view_summary(&views[0], &err) ||
		view_sequence(&views[1], (struct top){0}, true, &err) ||
		view_by(&views[2], "comm,file2,dir,device", (struct top){BY_P99, 3, true}, &err) ||
		stacks_init(&stacks, NULL, "count", &err))
		fuzz_fail("cannot begin", err.text, strlen(err.text));
	while ((rc = events_next(e, &ev, &err)) == 1) {
		ending.chosen++;
		below += event_is_below(&ev);
		for (i = 0; i < VIEWS; i++)
			if (views[i]->ops->add(views[i], &ev, &err))
				fuzz_fail("cannot add", err.text, strlen(err.text));
		if (stacks_add(&stacks, &ev))
			fuzz_fail("cannot stack", path, strlen(path));
	}
	if (rc)
		fuzz_fail("an error that ends the analysis", err.text, strlen(err.text));
	ending.events = e;
	ending.totals = events_totals(e);
	for (i = 0; i < VIEWS; i++) {
		if (views[i]->ops->end(views[i], &ending, &out, &err))
			fuzz_fail("cannot end", err.text, strlen(err.text));
		views[i]->ops->free(views[i]);
	}
	if (stacks_finish(&stacks) || stacks.root.total != ending.chosen || ending.chosen - below != ending.totals->calls)
		fuzz_fail("calls are missing", out.p, out.len);
	stacks_flame(&stacks, &ending, 0, &out);
	stacks_free(&stacks);
	events_close(e);
	buf_free(&out);
}

void fuzz_capture(const uint8_t *data, size_t len)
{
	struct buf text = BUF_INIT, printed = BUF_INIT;
	struct fuzz_file f;

	if (len == 0)
		return;
	buf_puts(&text, headers[data[0] % 3]);
	buf_add(&text, data + 1, len - 1);
	fuzz_file_put(&f, text.p, text.len);
	print_all(&printed, f.path);
	compare(f.path, &printed);
	analyse(f.path);
	fuzz_file_close(&f);
	buf_free(&text);
	buf_free(&printed);
}
