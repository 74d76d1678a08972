/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/sink.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "capture/chosen.h"
#include "capture/watch.h"
#include "datas/arena.h"
#include "datas/buf.h"
#include "trace/hide.h"
#include "trace/outfile.h"
#include "utils/clock.h"

#define SINK_CHUNK  (64u << 10)
#define SINK_PERIOD NS_PER_SEC /* ns between two syncs: what a killed capture may miss at most */

struct sink {
	char *path;
	struct sink_limits limits;
	struct chosen *chosen; /* NULL = all */
	struct watch *watch;   /* NULL = all files */
	struct hide *hide;     /* NULL = names are told */
	uint64_t start;	       /* start_mono */
	struct outfile *file; /* NULL: ended */
	struct buf buf;
	uint64_t part;
	uint64_t lines, lost, held, let_go; /* of this file */
	uint64_t state_size;  /* of what stands before its first call, 0 = there was none yet */
	struct sink_totals totals;
	uint64_t began, synced; /* when */
	bool torn;		/* the file cannot be written to any more */
	int failed;		/* -errno of the first failure */
	struct err why;
	struct arena arena;
	VEC(struct capture_pair) header;
};

char *sink_part_path(const char *path, uint64_t part)
{
	const char *suffix = outfile_suffix(path);
	char *name;

	if (part == 0)
		return strdup(path);
	if (asprintf(&name, "%.*s.%" PRIu64 "%s", (int)(suffix - path), path, part, suffix) < 0)
		return NULL;
	return name;
}

int sink_open(struct sink **out, const char *path, struct err *err)
{
	struct sink *s = calloc(1, sizeof(*s));
	int rc;

	if (s)
		s->path = strdup(path);
	if (!s || !s->path) {
		free(s);
		return err_sys(err, ENOMEM, "cannot open %s", path);
	}
	rc = outfile_open(&s->file, path, OUTFILE_LIVE, err);
	if (rc) {
		free(s->path);
		free(s);
		return rc;
	}
	s->totals.files = 1;
	s->synced = s->began = now_ns();
	*out = s;
	return 0;
}

int sink_limit(struct sink *s, const struct sink_limits *limits, struct err *err)
{
	if (limits->max_size && !outfile_is_named(s->file))
		return err_set(err, EINVAL,
			"%s is no file that others could follow: --max-size cannot be kept",
			s->path);
	s->limits = *limits;
	return 0;
}

void sink_choose(struct sink *s, struct chosen *chosen)
{
	s->chosen = chosen;
}

void sink_watch(struct sink *s, struct watch *watch)
{
	s->watch = watch;
}

void sink_hide(struct sink *s, struct hide *h)
{
	s->hide = h;
}

uint64_t sink_start(const struct sink *s)
{
	return s->start;
}

static void fail(struct sink *s, int rc, const struct err *why)
{
	if (rc && !s->failed) {
		s->failed = rc;
		s->why = *why;
	}
}

static void write_out(struct sink *s)
{
	struct err why;
	int rc = 0;

	if (!buf_ok(&s->buf))
		rc = err_sys(&why, ENOMEM, "cannot write the capture");
	if (!rc && s->buf.len && !s->torn)
		rc = outfile_write(s->file, s->buf.p, s->buf.len, &why);
	s->buf.len = 0;
	s->torn |= rc != 0;
	fail(s, rc, &why);
}

static void sync_out(struct sink *s)
{
	struct err why;
	int rc;

	write_out(s);
	if (s->torn)
		return;
	rc = outfile_sync(s->file, &why);
	s->torn = rc != 0;
	fail(s, rc, &why);
}

/* ---- the first line ---- */

static void add_number(struct sink *s, const char *key, uint64_t value, char text[static 24])
{
	struct capture_pair *pair = vec_push(&s->header);

	snprintf(text, 24, "%" PRIu64, value);
	if (pair)
		*pair = (struct capture_pair){key, str_of(text)};
}

static void put_header(struct sink *s)
{
	size_t n = s->header.n;
	char mono[24], wall[24], part[24];

	s->start = now_ns();
	add_number(s, "start_mono", s->start, mono);
	add_number(s, "start_wall", wall_ns(), wall);
	if (s->limits.max_size)
		add_number(s, "part", s->part, part);
	capture_print_header(&s->buf, s->header.v, s->header.n);
	s->header.n = n;
}

static void keep_pair(struct sink *s, const struct capture_pair *from)
{
	struct capture_pair *pair = vec_push(&s->header);

	if (!pair)
		return;
	*pair = *from;
	if (s->hide)
		hide_pair(s->hide, &s->arena, pair);
	else
		pair->value.s = arena_strdup(&s->arena, from->value);
	if (!pair->value.s)
		s->header.n--;
}

void sink_header(struct sink *s, const struct capture_pair *pairs, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		keep_pair(s, &pairs[i]);
	if (s->hide)
		keep_pair(s, &HIDE_PAIR);
	put_header(s);
}

void sink_begin(struct sink *s)
{
	s->began = now_ns();
}

/* ---- records ---- */

static uint64_t size_of(const struct sink *s)
{
	return outfile_size(s->file) + s->buf.len;
}

/* The new file can stand alone: what it replaces goes. */
static void delete_oldest(struct sink *s)
{
	char *path;

	if (!s->limits.max_files || s->part < s->limits.max_files)
		return;
	sync_out(s);
	if (s->failed)
		return;
	path = sink_part_path(s->path, s->part - s->limits.max_files);
	if (path)
		unlink(path);
	free(path);
}

static void state_is_told(struct sink *s)
{
	s->state_size = size_of(s);
	delete_oldest(s);
}

static void line_is_put(struct sink *s)
{
	s->lines++;
	if (s->buf.len >= SINK_CHUNK)
		write_out(s);
}

static void put_line(struct sink *s, const struct rec *rec)
{
	hide_print(s->hide, &s->buf, rec);
	line_is_put(s);
}

static bool is_ignored(const struct sink *s)
{
	return !s->file || (s->limits.max_events && s->totals.calls >= s->limits.max_events);
}

static void put(struct sink *s, const struct rec *rec, bool call)
{
	if (is_ignored(s))
		return;
	if (s->failed) {
		s->lost++;
		return;
	}
	if (call && !s->state_size)
		state_is_told(s);
	s->totals.calls += call;
	if (rec->op == OP_lost)
		s->lost += rec->arg[0];
	put_line(s, rec);
}

/* True: it is seen to. Mounts, what was lost and sums are of the whole capture. */
static bool is_watched(struct sink *s, const struct rec *rec)
{
	struct err why;

	if (!s->watch || rec->op == OP_lost || rec->op == OP_layer_sum || rec->op == OP_state_mount ||
		rec->op == OP_state_thread)
		return false;
	if (watch_take(s->watch, rec))
		fail(s, err_sys(&why, ENOMEM, "cannot keep what is done to a file"), &why);
	return true;
}

void sink_put(struct sink *s, const struct rec *rec)
{
	if (is_watched(s, rec))
		return;
	if (s->chosen && !chosen_keeps(s->chosen, rec))
		return;
	put(s, rec, ops[rec->op].family != FAM_State);
}

void sink_tell(struct sink *s, const struct rec *rec)
{
	if (!is_watched(s, rec))
		put(s, rec, false);
}

void sink_lost(struct sink *s, uint32_t pid, uint32_t tid, uint64_t count, const char *why)
{
	struct rec rec = {.t = now_ns(), .pid = pid, .tid = tid, .op = OP_lost};

	if (is_ignored(s))
		return;
	s->lost += count;
	rec.arg[0] = count;
	rec.path = str_of(why);
	if (!s->failed)
		put_line(s, &rec);
}

void sink_held(struct sink *s)
{
	s->held += !is_ignored(s);
}

void sink_let_go(struct sink *s)
{
	s->let_go += !is_ignored(s);
}

void sink_tick(struct sink *s)
{
	uint64_t now = now_ns();

	if (!s->file || now - s->synced < SINK_PERIOD)
		return;
	s->synced = now;
	sync_out(s);
}

/* ---- limits ---- */

enum sink_end sink_over(const struct sink *s)
{
	if (s->limits.max_events && s->totals.calls >= s->limits.max_events)
		return SINK_EVENTS;
	if (s->limits.duration && now_ns() - s->began >= s->limits.duration)
		return SINK_DURATION;
	return SINK_GOES_ON;
}

const char *sink_end_text(enum sink_end end)
{
	switch (end) {
	case SINK_DURATION:
		return "the time of --duration is over";
	case SINK_EVENTS:
		return "the records of --max-events are there";
	default:
		return "nothing is left to record";
	}
}

/*
 * A file that is full with the state at its start would hold one call each: at least half of a file
 * is what happened.
 */
bool sink_full(const struct sink *s)
{
	uint64_t size;

	if (!s->limits.max_size || !s->file || s->failed || !s->state_size)
		return false;
	size = size_of(s);
	return size >= s->limits.max_size && size >= 2 * s->state_size;
}

/* The closing line, and the end of the file. */
static void complete(struct sink *s)
{
	struct rec rec = {.t = now_ns(), .op = OP_end};
	struct err why;

	rec.arg[0] = s->lines;
	rec.arg[1] = s->lost;
	rec.arg[2] = s->held;
	rec.arg[3] = s->let_go;
	capture_print(&s->buf, &rec);
	write_out(s);
	s->totals.bytes += outfile_bytes(s->file);
	s->totals.lost += s->lost;
	s->totals.held += s->held;
	s->totals.let_go += s->let_go;
	fail(s, outfile_commit(s->file, &why), &why);
	s->file = NULL;
}

static int open_next(struct sink *s, struct outfile **next, struct err *why)
{
	char *path = sink_part_path(s->path, s->part + 1);
	int rc;

	if (!path)
		return err_sys(why, ENOMEM, "cannot begin another file");
	rc = outfile_open(next, path, OUTFILE_LIVE, why);
	free(path);
	return rc;
}

void sink_rotate(struct sink *s)
{
	struct outfile *next;
	struct err why;
	int rc = open_next(s, &next, &why);

	if (rc) { /* the old file still gets its closing line */
		fail(s, rc, &why);
		return;
	}
	complete(s);
	s->file = next;
	s->torn = false;
	s->part++;
	s->totals.files++;
	s->lines = s->lost = s->held = s->let_go = s->state_size = 0;
	put_header(s);
	sync_out(s);
}

static void put_watched(void *user, struct str line)
{
	struct sink *s = user;

	s->totals.calls++;
	buf_str(&s->buf, line);
	line_is_put(s);
}

void sink_end(struct sink *s)
{
	struct err why;

	if (!s->file)
		return;
	if (s->watch && watch_write(s->watch, put_watched, s))
		fail(s, err_sys(&why, ENOMEM, "cannot write what was done to files"), &why);
	if (!s->state_size)
		state_is_told(s);
	complete(s);
}

/* ---- the end ---- */

static void release(struct sink *s)
{
	buf_free(&s->buf);
	vec_free(&s->header);
	arena_free(&s->arena);
	free(s->path);
	free(s);
}

int sink_close(struct sink *s, struct sink_totals *totals, struct err *err)
{
	int rc;

	sink_end(s);
	*totals = s->totals;
	rc = s->failed;
	if (rc && err)
		*err = s->why;
	release(s);
	return rc;
}

void sink_abort(struct sink *s)
{
	outfile_abort(s->file);
	release(s);
}
