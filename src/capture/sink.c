/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/sink.h"

#include <errno.h>
#include <stdlib.h>

#include "datas/buf.h"
#include "trace/outfile.h"
#include "utils/clock.h"

#define SINK_CHUNK  (64u << 10)
#define SINK_PERIOD NS_PER_SEC /* ns between two syncs: what a killed capture may miss at most */

struct sink {
	struct outfile *file;
	struct buf buf;
	uint64_t lines, calls, lost;
	uint64_t synced; /* when */
	int failed;	 /* -errno of the first failed write */
	struct err why;
};

int sink_open(struct sink **out, const char *path, struct err *err)
{
	struct sink *s = calloc(1, sizeof(*s));
	int rc;

	if (!s)
		return err_sys(err, ENOMEM, "cannot open %s", path);
	rc = outfile_open(&s->file, path, OUTFILE_LIVE, err);
	if (rc) {
		free(s);
		return rc;
	}
	s->synced = now_ns();
	*out = s;
	return 0;
}

static void write_out(struct sink *s)
{
	if (!s->failed && !buf_ok(&s->buf))
		s->failed = err_sys(&s->why, ENOMEM, "cannot write the capture");
	if (!s->failed && s->buf.len)
		s->failed = outfile_write(s->file, s->buf.p, s->buf.len, &s->why);
	s->buf.len = 0;
}

void sink_header(struct sink *s, const struct capture_pair *pairs, size_t n)
{
	capture_print_header(&s->buf, pairs, n);
}

static void put_line(struct sink *s, const struct rec *rec)
{
	s->lines++;
	capture_print(&s->buf, rec);
	if (s->buf.len >= SINK_CHUNK)
		write_out(s);
}

void sink_put(struct sink *s, const struct rec *rec)
{
	if (s->failed) {
		s->lost++;
		return;
	}
	if (ops[rec->op].family != FAM_State)
		s->calls++;
	put_line(s, rec);
}

void sink_lost(struct sink *s, uint32_t pid, uint32_t tid, uint64_t count, const char *why)
{
	struct rec rec = {.t = now_ns(), .pid = pid, .tid = tid, .op = OP_lost};

	s->lost += count;
	rec.arg[0] = count;
	rec.path = str_of(why);
	if (!s->failed)
		put_line(s, &rec);
}

void sink_tick(struct sink *s)
{
	uint64_t now = now_ns();

	if (now - s->synced < SINK_PERIOD)
		return;
	s->synced = now;
	write_out(s);
	if (!s->failed)
		s->failed = outfile_sync(s->file, &s->why);
}

int sink_close(struct sink *s, struct sink_totals *totals, struct err *err)
{
	struct rec rec = {.t = now_ns(), .op = OP_end};
	int rc;

	rec.arg[0] = s->lines;
	rec.arg[1] = s->lost;
	capture_print(&s->buf, &rec);
	write_out(s);
	totals->calls = s->calls;
	totals->lost = s->lost;
	totals->bytes = outfile_bytes(s->file);
	rc = outfile_commit(s->file, s->failed ? NULL : err);
	if (s->failed && err)
		*err = s->why;
	if (s->failed)
		rc = s->failed;
	buf_free(&s->buf);
	free(s);
	return rc;
}

void sink_abort(struct sink *s)
{
	outfile_abort(s->file);
	buf_free(&s->buf);
	free(s);
}
