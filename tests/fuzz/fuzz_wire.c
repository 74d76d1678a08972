/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "capture/begin.h"
#include "trace/capture.h"

/* What passes begin.c is written, as a capture would have it. */
static int print_record(void *user, const struct seen *seen, struct err *err)
{
	(void)err;
	capture_print(user, &seen->rec);
	return 0;
}

static void print_lost(
	void *user, uint64_t t, uint32_t pid, uint32_t tid, uint64_t count, const char *why)
{
	struct rec rec = {.op = OP_lost, .t = t, .pid = pid, .tid = tid};

	rec.arg[0] = count;
	rec.path = str_of(why);
	capture_print(user, &rec);
}

/* From memory of exactly that length, so that nothing can be read behind it unnoticed. */
static void decode(struct wire_reader *reader, struct begin *begin, const uint8_t *data, size_t len)
{
	void *bytes = malloc(len ? len : 1);
	struct wire_seen seen;
	struct err err = {0};
	bool more;
	int rc;

	if (!bytes)
		fuzz_fail("no memory", "", 0);
	memcpy(bytes, data, len);
	rc = wire_decode(reader, bytes, len, &seen, &err);
	for (more = rc == 1; more; more = wire_next(reader, &seen))
		if (begin_add(begin, &seen, &err))
			fuzz_fail("not taken", err.text, strlen(err.text));
	if (rc < 0 && (rc != -EINVAL || !err.text[0]))
		fuzz_fail("an error without a sentence", err.text, strlen(err.text));
	free(bytes);
}

static void decode_all(struct buf *out, const uint8_t *data, size_t len)
{
	const struct begin_out to = {out, print_record, print_lost};
	struct wire_reader *reader;
	struct begin *begin;
	uint16_t n;

	if (wire_open(&reader, NULL, NULL) || begin_open(&begin, &to, NULL))
		fuzz_fail("no memory", "", 0);
	begin_settled(begin, 0);
	while (len > sizeof(n)) {
		memcpy(&n, data, sizeof(n));
		data += sizeof(n);
		len -= sizeof(n);
		if (n > len)
			n = (uint16_t)len;
		decode(reader, begin, data, n);
		data += n;
		len -= n;
	}
	begin_close(begin);
	wire_close(reader);
}

/* Every line can be read, and says the same when it is printed again. */
static void read_again(const struct buf *text)
{
	struct buf again = BUF_INIT;
	struct capture_reader *r;
	struct fuzz_file f;
	struct rec rec;
	struct err err;
	int rc;

	fuzz_file_put(&f, text->p, text->len);
	if (capture_open(&r, f.path, NULL))
		fuzz_fail("cannot open", f.path, strlen(f.path));
	capture_print_header(&again, NULL, 0);
	while ((rc = capture_next(r, &rec, &err)) != 0) {
		if (rc < 0)
			fuzz_fail("not read", err.text, strlen(err.text));
		capture_print(&again, &rec);
	}
	if (again.len != text->len || memcmp(again.p, text->p, text->len) != 0)
		fuzz_fail("not the same when printed again", text->p, text->len);
	capture_close(r);
	fuzz_file_close(&f);
	buf_free(&again);
}

void fuzz_wire(const uint8_t *data, size_t len)
{
	struct buf text = BUF_INIT;

	capture_print_header(&text, NULL, 0);
	decode_all(&text, data, len);
	read_again(&text);
	buf_free(&text);
}
