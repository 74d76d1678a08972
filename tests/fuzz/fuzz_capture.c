/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include <errno.h>

#include "../common/samples.h"
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
	fuzz_file_close(&f);
	buf_free(&text);
	buf_free(&printed);
}
