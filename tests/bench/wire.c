/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast the records of the kernel become lines of a capture, on one processor and in memory:
 *   wire N    decodes and prints N records of a mixed load; "NS RECORDS BYTES": ns of processor
 *             time, bytes of text
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "../common/wire_bytes.h"
#include "capture/begin.h"
#include "trace/capture.h"
#include "utils/clock.h"

#define SHARE 10000 /* records that are made; decoded again and again */
#define CHUNK (64u << 10)

static const struct facts file = {
	true, false, false, 8, 1, 4711, S_IFREG | 0644, 1, 1000, 1000, 123456, 248};

static struct rec record(unsigned i, enum op_id op, int64_t ret)
{
	return (struct rec){.op = op,
		.t = 1000000000000 + i * 2857, /* 350000 a second */
		.dur = 900 + i % 777,
		.pid = 12345,
		.tid = 12345 + i % 4,
		.has_ret = true,
		.ret = ret};
}

/* Per hundred: 40 reads and writes in place, 20 in sequence, 12 opens and closes, 14 looks ... */
static struct rec mixed(unsigned i)
{
	struct rec rec;

	switch (i % 50) {
	case 0:
	case 1:
	case 2:
	case 3:
	case 4:
	case 5:
		rec = record(i, OP_openat, 7);
		rec.arg[0] = (uint64_t)AT_FDCWD;
		rec.arg[1] = 0;
		rec.arg[2] = O_RDONLY | O_CLOEXEC;
		rec.path = STR("data/some/directory/file.0042");
		rec.facts = file;
		return rec;
	case 6:
	case 7:
	case 8:
	case 9:
	case 10:
	case 11:
		rec = record(i, OP_close, 0);
		rec.arg[0] = 7;
		return rec;
	case 12:
	case 13:
	case 14:
	case 15:
		rec = record(i, OP_newfstatat, 0);
		rec.arg[0] = (uint64_t)AT_FDCWD;
		rec.path = STR("/srv/data/some/directory/file.0042");
		rec.facts = file;
		return rec;
	case 16:
	case 17:
	case 18:
		rec = record(i, OP_access, -2);
		rec.path = STR("/etc/none");
		return rec;
	case 19:
		rec = record(i, OP_unlink, 0);
		rec.path = STR("tmp/file.lock");
		return rec;
	}
	rec = record(i, i % 50 < 30 ? OP_read : i % 2 ? OP_pread64 : OP_pwrite64, 4096);
	rec.arg[0] = 7;
	rec.arg[2] = 4096;
	rec.arg[3] = (uint64_t)i * 4096;
	return rec;
}

static void make(struct buf *stream, size_t *at)
{
	unsigned i;

	for (i = 0; i < SHARE; i++) {
		struct rec rec = mixed(i);

		at[i] = stream->len;
		wire_put(stream, &rec);
	}
	at[SHARE] = stream->len;
}

struct output {
	struct buf text;
	uint64_t bytes;
};

static int print(void *user, const struct seen *seen, struct err *err)
{
	struct output *out = user;

	(void)err;
	capture_print(&out->text, &seen->rec);
	if (out->text.len >= CHUNK) {
		out->bytes += out->text.len;
		out->text.len = 0;
	}
	return 0;
}

static void decode(struct wire_reader *reader, struct begin *begin, const char *bytes, size_t len)
{
	struct wire_seen seen;
	struct err err;

	if (wire_decode(reader, bytes, len, &seen, &err) != 1 || begin_add(begin, &seen, &err)) {
		fprintf(stderr, "wire: %s\n", err.text);
		exit(1);
	}
}

int main(int argc, char **argv)
{
	static size_t at[SHARE + 1];
	struct output out = {BUF_INIT, 0};
	const struct begin_out to = {.user = &out, .add = print};
	struct buf stream = BUF_INIT;
	struct wire_reader *reader;
	struct begin *begin;
	uint64_t n, i, start;

	if (argc != 2 || str_u64(str_of(argv[1]), &n) || wire_open(&reader, NULL, NULL) ||
		begin_open(&begin, &to, NULL)) {
		fprintf(stderr, "usage: wire N\n");
		return 2;
	}
	begin_settled(begin, 0);
	make(&stream, at);
	start = cpu_ns();
	for (i = 0; i < n; i++) {
		size_t k = i % SHARE;

		decode(reader, begin, stream.p + at[k], at[k + 1] - at[k]);
	}
	printf("%llu %llu %llu\n", (unsigned long long)(cpu_ns() - start), (unsigned long long)n,
		(unsigned long long)(out.bytes + out.text.len));
	begin_close(begin);
	wire_close(reader);
	buf_free(&stream);
	buf_free(&out.text);
	return 0;
}
