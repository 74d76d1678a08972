/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "datas/json_parts.h"
#include "datas/spread.h"
#include "report/contrast_parts.h"
#include "report/html.h"
#include "trace/side.h"

/*
 * A capture and its replay, or the statistics of that alone. Latencies of both are those of the operations that were
 * replayed, as the statistics have them: a captured one was made once, so that only the runs of the replay have a
 * spread.
 */

#define RUNS_ENOUGH 6	    /* 1 - 2 * 0.5^6: 96.9 % that a median lies between the least and the largest */
#define BUCKET	    (1 / 32.0) /* quantiles may be so much too large */

struct replayed {
	const struct side *side;
	const struct contrast *calls; /* of the capture; NULL: nobody asked for that */
	struct top top;
	/* what a name stands for: an operation, a file */
	const json_t *(*find)(const struct side *s, size_t run, const char *name);
	double v[SIDE_RUNS_MOST];
};

bool contrast_is_statistics(const char *file)
{
	FILE *f = strcmp(file, "-") == 0 ? NULL : fopen(file, "re");
	int c = ' ';

	while (f && (c == ' ' || c == '\n' || c == '\t' || c == '\r'))
		c = fgetc(f);
	if (f)
		fclose(f);
	return c == '{';
}

/* OBJECT.KEY of all runs, or of what NAME is in them; their number, or 0 when one has none. */
static size_t of_runs(struct replayed *r, const char *name, const char *object, const char *key)
{
	size_t i;

	for (i = 0; i < r->side->runs.n; i++) {
		const json_t *j = name ? r->find(r->side, i, name) : r->side->runs.v[i];

		if (object)
			j = json_object_get(j, object);
		if (!side_number(j, key, &r->v[i]) || r->v[i] < 0 || r->v[i] > 1e18)
			return 0;
	}
	return i;
}

static bool median_of(struct replayed *r, const char *operation, const char *object, const char *key,
	struct spread *out)
{
	size_t n = of_runs(r, operation, object, key);

	*out = spread_of(r->v, n);
	return n > 0;
}

static double median(struct replayed *r, const char *operation, const char *object, const char *key)
{
	struct spread s;

	return median_of(r, operation, object, key, &s) ? s.median : 0;
}

static const char *verdict_of(const struct replayed *r, double captured, const struct spread *s)
{
	if (captured <= 0)
		return "not captured";
	if (r->side->runs.n < RUNS_ENOUGH)
		return "too few runs to say";
	if (s->min > captured * (1 + BUCKET))
		return "slower";
	return s->max * (1 + BUCKET) < captured ? "faster" : "no difference found";
}

/* ---- totals ---- */

static void total_seconds(struct table *t, const char *name, double a, double b)
{
	total_ns(t, name, (uint64_t)(a * 1e9), (uint64_t)(b * 1e9));
}

/* Of the replay alone there are only the operations that it made. */
static void total_calls(struct table *t, const char *name, const uint64_t *captured, double replayed)
{
	char text[HUMAN_LEN];

	if (captured)
		total_count(t, name, (double)*captured, replayed);
	else
		cell_total(t, name, "-", human_count(text, replayed), 0, replayed);
}

static double captured_length(struct replayed *r, const struct ending *e)
{
	return e ? (double)e->totals->end / 1e9 : median(r, NULL, NULL, "captured_seconds");
}

/* E: of the capture, or NULL. */
static int put_totals(struct replayed *r, const struct ending *e, bool colour, struct buf *out)
{
	const struct tally *all = r->calls ? &r->calls->all : NULL;
	struct table t;
	unsigned i;
	int rc;

	table_init(&t, 4, 1);
	for (i = 0; i < 4; i++)
		table_cell(&t, "%s", ((const char *const[]){"captured", "replayed", "change", ""})[i]);
	total_seconds(&t, "length", captured_length(r, e), median(r, NULL, NULL, "seconds"));
	total_calls(&t, "calls", all ? &all->count : NULL, median(r, NULL, NULL, "operations"));
	total_calls(&t, "failed", all ? &all->errors : NULL, median(r, NULL, NULL, "errors"));
	total_seconds(&t, "time in the calls that were replayed", median(r, NULL, "thread_seconds", "calls_captured"),
		median(r, NULL, "thread_seconds", "calls"));
	total_seconds(&t, "waiting for operations of others (ordering)", 0,
		median(r, NULL, "thread_seconds", "ordering"));
	total_seconds(&t, "waiting for their time (pacing)", 0, median(r, NULL, "thread_seconds", "pacing"));
	rc = table_print(&t, out, colour);
	table_free(&t);
	return rc;
}

/* ---- operations and files ---- */

struct pair {
	const char *name;
	uint64_t calls; /* in the capture */
	double count;
	struct spread captured, replayed; /* p50 */
	bool replayed_any;
	double rank;
};

static double rank_of(struct replayed *r, const char *name)
{
	switch (r->top.order) {
	case BY_COUNT:
		return median(r, name, NULL, "count");
	case BY_BYTES: /* of operations, or of files */
		return median(r, name, NULL, "bytes") + median(r, name, NULL, "bytes_read") +
		       median(r, name, NULL, "bytes_written");
	case BY_P99:
		return median(r, name, "replayed_ns", "p99");
	case BY_ERRORS:
		return median(r, name, NULL, "errors");
	default:
		return median(r, name, "captured_ns", "sum") + median(r, name, "replayed_ns", "sum");
	}
}

static int compare_pairs(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;

	if (x->replayed_any != y->replayed_any)
		return x->replayed_any ? -1 : 1;
	return x->rank != y->rank ? (x->rank > y->rank ? -1 : 1) : strcmp(x->name, y->name);
}

static uint64_t calls_of(const struct groups *calls, const char *name)
{
	const struct group *g = groups_find(calls, str_of(name));

	return g ? g->tally.count : 0;
}

static bool take_pair(struct replayed *r, unsigned table, const char *name, struct pair *p)
{
	*p = (struct pair){.name = name, .calls = r->calls ? calls_of(&r->calls->tables[table], name) : 0};
	p->count = median(r, name, NULL, "count");
	if (p->count <= 0 || !median_of(r, name, "captured_ns", "p50", &p->captured) ||
		!median_of(r, name, "replayed_ns", "p50", &p->replayed))
		return p->calls > 0;
	p->replayed_any = true;
	p->rank = rank_of(r, name);
	return true;
}

static void cell_time(struct table *t, double ns)
{
	char text[HUMAN_LEN];

	table_cell(t, "%s", human_ns(text, (uint64_t)ns));
}

static void put_pair(struct table *t, struct replayed *r, const struct pair *p)
{
	static const char *const sides[] = {"captured_ns", "replayed_ns"};
	static const char *const keys[] = {"sum", "p50", "p99"};
	unsigned i;

	if (r->calls)
		table_cell(t, "%" PRIu64, p->calls);
	table_cell(t, "%.0f", p->count);
	if (!p->replayed_any) {
		for (i = 0; i < 9; i++)
			table_cell(t, "-");
		table_cell(t, "not replayed");
		table_cell_name(t, str_of(p->name));
		return;
	}
	for (i = 0; i < 6; i++)
		cell_time(t, median(r, p->name, sides[i % 2], keys[i / 2]));
	cell_time(t, median(r, p->name, NULL, "wait_ns"));
	if (p->captured.median > 0) {
		table_cell(t, "%.3f", p->replayed.median / p->captured.median);
		table_cell(t, "%.3f to %.3f", p->replayed.min / p->captured.median,
			p->replayed.max / p->captured.median);
	} else {
		table_cell(t, "-");
		table_cell(t, "-");
	}
	table_cell(t, "%s", verdict_of(r, p->captured.median, &p->replayed));
	table_cell_name(t, str_of(p->name));
}

/* What the tables are of. */
enum { OF_OPERATIONS, OF_FILES, PAIR_TABLES };
static const char *const pair_names[PAIR_TABLES] = {"op", "file"};

/* All operations. */
static size_t operation_pairs(struct replayed *r, struct pair *pairs)
{
	size_t i, n = 0;

	r->find = side_operation;
	for (i = 0; i < OP_COUNT; i++)
		n += take_pair(r, OF_OPERATIONS, ops[i].name, &pairs[n]);
	return n;
}

/* Files of the statistics, if they have any; those of the capture that are in no replay are not told. */
static size_t file_pairs(struct replayed *r, struct pair *pairs)
{
	const json_t *files = json_object_get(r->side->runs.v[0], "by_file");
	size_t i, n = 0, most = json_array_size(files);

	r->find = side_file;
	for (i = 0; i < most && i < SIDE_FILES_MOST; i++) {
		const char *name = json_string_value(json_object_get(json_array_get(files, i), "name"));

		if (name)
			n += take_pair(r, OF_FILES, name, &pairs[n]);
	}
	return n;
}

/* Those of a table, the first ones first; the caller frees them. NULL when memory is out. */
static struct pair *all_pairs(struct replayed *r, unsigned table, size_t *n)
{
	size_t most = OP_COUNT > SIDE_FILES_MOST ? OP_COUNT : SIDE_FILES_MOST;
	struct pair *pairs = calloc(most, sizeof(*pairs));

	if (!pairs)
		return NULL;
	*n = table == OF_FILES ? file_pairs(r, pairs) : operation_pairs(r, pairs);
	qsort(pairs, *n, sizeof(*pairs), compare_pairs);
	return pairs;
}

static int put_pairs(struct replayed *r, const struct pair *pairs, size_t n, unsigned which, bool colour,
	struct buf *out)
{
	const char *const names[] = {"calls 1", r->calls ? "calls 2" : "calls", "time 1", "time 2", "p50 1", "p50 2",
		"p99 1", "p99 2", "ordering", "ratio", "in all runs", "latency (p50)", pair_names[which]};
	size_t i, first = r->calls ? 0 : 1;
	struct table t;
	int rc;

	table_init(&t, (unsigned)(sizeof(names) / sizeof(*names) - first), 2);
	for (i = first; i < sizeof(names) / sizeof(*names); i++)
		table_cell(&t, "%s", names[i]);
	for (i = 0; i < n; i++)
		put_pair(&t, r, &pairs[i]);
	rc = table_print(&t, out, colour);
	table_free(&t);
	return rc;
}

/* Operations are few: unless so many were asked for, all of them are shown. */
static int put_table(struct replayed *r, unsigned which, bool colour, struct buf *out)
{
	size_t n, top = which == OF_FILES || r->top.given ? r->top.n : 0;
	struct pair *pairs = all_pairs(r, which, &n);
	int rc = pairs ? 0 : -ENOMEM;

	if (pairs && n) {
		buf_char(out, '\n');
		rc = put_pairs(r, pairs, top && top < n ? top : n, which, colour, out);
		if (top && top < n)
			buf_addf(out, "  and %zu more %s\n", n - top, which == OF_FILES ? "files" : "operations");
	}
	free(pairs);
	return rc;
}

/* ---- the same for a page ---- */

static json_t *total_json(const char *name, const char *unit, double a, double b)
{
	json_t *j = json_object();

	json_put(&j, "name", json_string(name));
	json_put(&j, "unit", json_string(unit));
	json_put(&j, "a", json_real(a));
	json_put(&j, "b", json_real(b));
	return j;
}

static json_t *totals_json(struct replayed *r, const struct contrast *c, const struct ending *e)
{
	static const char threads[] = "thread_seconds";
	json_t *j = json_array();

	json_append(&j, total_json("length", "ns", (double)e->totals->end, median(r, NULL, NULL, "seconds") * 1e9));
	json_append(&j, total_json("calls", "", (double)c->all.count, median(r, NULL, NULL, "operations")));
	json_append(&j, total_json("failed", "", (double)c->all.errors, median(r, NULL, NULL, "errors")));
	json_append(&j, total_json("time in the calls that were replayed", "ns",
		median(r, NULL, threads, "calls_captured") * 1e9, median(r, NULL, threads, "calls") * 1e9));
	json_append(&j, total_json("waiting for operations of others (ordering)", "ns", 0,
		median(r, NULL, threads, "ordering") * 1e9));
	json_append(&j, total_json("waiting for their time (pacing)", "ns", 0,
		median(r, NULL, threads, "pacing") * 1e9));
	return j;
}

static json_t *pair_json(struct replayed *r, const struct pair *p)
{
	static const char *const keys[] = {"sum", "p50", "p99"}, *const names[] = {"time", "p50", "p99"};
	double captured = p->captured.median;
	json_t *j = json_object(), *two;
	unsigned i;

	json_put(&j, "op", json_string(p->name));
	json_put(&j, "calls", json_integer((json_int_t)p->calls));
	json_put(&j, "count", json_real(p->count));
	if (!p->replayed_any)
		return j;
	for (i = 0; i < 3; i++) {
		two = json_array();
		json_append(&two, json_real(median(r, p->name, "captured_ns", keys[i])));
		json_append(&two, json_real(median(r, p->name, "replayed_ns", keys[i])));
		json_put(&j, names[i], two);
	}
	json_put(&j, "wait", json_real(median(r, p->name, NULL, "wait_ns")));
	json_put(&j, "ratio", captured > 0 ? json_real(p->replayed.median / captured) : json_null());
	json_put(&j, "low", captured > 0 ? json_real(p->replayed.min / captured) : json_null());
	json_put(&j, "high", captured > 0 ? json_real(p->replayed.max / captured) : json_null());
	json_put(&j, "verdict", json_string(verdict_of(r, captured, &p->replayed)));
	return j;
}

static json_t *pairs_json(struct replayed *r, unsigned which, size_t most, size_t *n)
{
	struct pair *pairs = all_pairs(r, which, n);
	json_t *rows = json_array();
	size_t i;

	for (i = 0; pairs && i < *n && i < most; i++)
		json_append(&rows, pair_json(r, &pairs[i]));
	if (!pairs) {
		json_decref(rows);
		return NULL;
	}
	free(pairs);
	return rows;
}

static json_t *page_json(struct replayed *r, const struct ending *e, const char *file)
{
	json_t *j = json_object();
	size_t n = 0;

	json_put(&j, "file", json_text(file));
	json_put(&j, "runs", json_integer((json_int_t)r->side->runs.n));
	json_put(&j, "incomplete", json_integer((json_int_t)r->side->incomplete));
	json_put(&j, "diverged", json_real(r->side->diverged));
	json_put(&j, "totals", totals_json(r, r->calls, e));
	json_put(&j, "operations", pairs_json(r, OF_OPERATIONS, OP_COUNT, &n));
	json_put(&j, "files", pairs_json(r, OF_FILES, HTML_ROWS, &n));
	json_put(&j, "all_files", json_integer((json_int_t)n));
	return j;
}

static void put_runs(const struct side *side, struct buf *out)
{
	buf_addf(out, "%zu run%s\n", side->runs.n, side->runs.n == 1 ? "" : "s");
	if (side->incomplete)
		buf_addf(out, "  %zu runs are incomplete and left out\n", side->incomplete);
	if (side->diverged > 0)
		buf_addf(out, "  up to %.0f divergences in a run: it did not do what was captured\n", side->diverged);
}

/* BY: one of the tables, or NULL: both. */
static int put_all(struct replayed *r, const struct ending *ending, const char *by, bool colour, struct buf *out)
{
	unsigned i;
	int rc;

	put_runs(r->side, out);
	rc = put_totals(r, ending, colour, out);
	for (i = 0; i < PAIR_TABLES && !rc; i++)
		if (!by || strcmp(by, pair_names[i]) == 0)
			rc = put_table(r, i, colour, out);
	return rc;
}

static int check_by(const char *by, const char *file, struct err *err)
{
	unsigned i;

	for (i = 0; i < PAIR_TABLES; i++)
		if (!by || strcmp(by, pair_names[i]) == 0)
			return 0;
	return err_set(err, EINVAL, "the statistics of a replay, %s, can be shown --by op or --by file, not by \"%s\"",
		file, by);
}

static int with_side(struct replayed **out, struct side *side, const char *file, const char *by, struct top top,
	struct err *err)
{
	int rc = check_by(by, file, err);

	*side = (struct side){.file = file};
	if (!rc)
		rc = side_open(side, file, err);
	if (rc)
		return rc;
	*out = calloc(1, sizeof(**out));
	if (!*out)
		return err_sys(err, ENOMEM, "%s", file);
	(*out)->side = side;
	(*out)->top = top;
	return 0;
}

int contrast_replay(const struct view *view, const struct ending *ending, const char *file, const char *by,
	struct top top, struct buf *out, json_t **page, struct err *err)
{
	struct replayed *r = NULL;
	struct side side;
	int rc = with_side(&r, &side, file, by, top, err);

	if (!rc) {
		r->calls = (const struct contrast *)view;
		buf_addf(out, "first: %s as captured, second: its replay, %s, ", ending->capture, file);
		rc = put_all(r, ending, by, ending->colour, out);
		if (!rc && page) {
			r->top.order = BY_TIME;
			*page = page_json(r, ending, file);
			rc = *page ? 0 : -ENOMEM;
		}
		if (rc)
			err_sys(err, ENOMEM, "cannot compare");
	}
	free(r);
	side_close(&side);
	return rc;
}

int contrast_alone(const char *file, const char *by, struct top top, bool colour, struct buf *out, struct err *err)
{
	struct replayed *r = NULL;
	struct side side;
	int rc = with_side(&r, &side, file, by, top, err);

	if (!rc) {
		buf_addf(out, "%s: statistics of a replay, ", file);
		rc = put_all(r, NULL, by, colour, out);
		if (rc)
			err_sys(err, ENOMEM, "cannot sum up");
	}
	free(r);
	side_close(&side);
	return rc;
}
