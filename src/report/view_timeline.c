/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "report/table.h"
#include "report/trend.h"
#include "report/view.h"
#include "utils/human.h"

/* What happened in each piece of time, by when calls began. */

#define PIECES_MAX 100000

struct timeline {
	struct view view;
	uint64_t interval;
	VEC(struct tally) pieces;
};

static int timeline_add(struct view *v, const struct event *ev, struct err *err)
{
	struct timeline *t = (struct timeline *)v;
	uint64_t i = ev->start / t->interval;

	if (i >= PIECES_MAX)
		return err_set(err, EINVAL, "--timeline: more than %d rows; take a longer interval", PIECES_MAX);
	while (t->pieces.n <= i)
		if (!vec_push(&t->pieces))
			return err_sys(err, ENOMEM, "--timeline");
	return tally_add(&t->pieces.v[i], ev) ? err_sys(err, ENOMEM, "--timeline") : 0;
}

static void put_piece(struct table *t, const struct tally *p, uint64_t at, double seconds)
{
	char text[HUMAN_LEN];

	table_cell(t, "%s", human_ns(text, at));
	table_cell(t, "%" PRIu64, p->count);
	table_cell(t, "%s", human_count(text, (double)p->count / seconds));
	table_cell(t, "%s", human_bytes(text, (double)p->read / seconds));
	table_cell(t, "%s", human_bytes(text, (double)p->written / seconds));
	table_cell(t, p->errors ? "%" PRIu64 : "-", p->errors);
	table_cell(t, "%s", human_ns(text, sparse_quantile(&p->latency, 0.5)));
	table_cell(t, "%s", human_ns(text, sparse_quantile(&p->latency, 0.99)));
	table_cell(t, "%s", human_ns(text, p->latency.max));
}

/* ---- in the long run ---- */

static double calls_of(const struct tally *p)
{
	return (double)p->count;
}

static double read_of(const struct tally *p)
{
	return (double)p->read;
}

static double written_of(const struct tally *p)
{
	return (double)p->written;
}

static double errors_of(const struct tally *p)
{
	return (double)p->errors;
}

static double time_of(const struct tally *p)
{
	return (double)p->latency.sum;
}

static const struct {
	const char *name;
	double (*of)(const struct tally *p);
	enum { PER_SECOND, BYTES_PER_SECOND, OF_ONE } unit;
} rows[] = {{"calls", calls_of, PER_SECOND}, {"read", read_of, BYTES_PER_SECOND},
	{"written", written_of, BYTES_PER_SECOND}, {"errors", errors_of, PER_SECOND},
	{"threads in calls", time_of, OF_ONE}};

static void cell_rate(struct table *table, unsigned row, double value, double seconds)
{
	char text[HUMAN_LEN];

	switch (rows[row].unit) {
	case PER_SECOND:
		table_cell(table, "%s/s", human_count(text, value / seconds));
		return;
	case BYTES_PER_SECOND:
		table_cell(table, "%s/s", human_bytes(text, value / seconds));
		return;
	case OF_ONE:
		table_cell(table, "%.3g", value / 1e9 / seconds);
		return;
	}
}

static void put_trend(struct table *table, const struct timeline *t, unsigned row, const double *values, size_t n)
{
	static const char *const names[] = {"-", "stable", "rising", "falling"};
	double seconds = (double)t->interval / 1e9;
	struct trend_result r;
	char text[HUMAN_LEN];

	trend_of(&r, values, n);
	table_cell(table, "%s", names[r.trend]);
	cell_rate(table, row, r.first, seconds);
	cell_rate(table, row, r.last, seconds);
	table_cell(table, r.bursts ? "%zu" : "-", r.bursts);
	table_cell(table, r.bursts ? "%.1f %%" : "-", 100 * r.in_bursts);
	table_cell(table, "%s", r.period ? human_ns(text, r.period * t->interval) : "-");
	table_cell(table, r.period ? "%.2f" : "-", r.correlation);
	table_cell(table, "%s", rows[row].name);
}

/* Of intervals that are over: the recording ends in the last one. */
static int put_trends(const struct timeline *t, bool colour, struct buf *out)
{
	static const char *const names[] = {"trend", "first third", "last third", "bursts", "in them", "period",
		"correlation", "of"};
	size_t n = t->pieces.n ? t->pieces.n - 1 : 0, i;
	double *values;
	struct table table;
	unsigned row;
	int rc;

	if (n < TREND_MIN)
		return 0;
	values = calloc(n, sizeof(*values));
	if (!values)
		return -ENOMEM;
	table_init(&table, sizeof(names) / sizeof(*names), 1);
	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		table_cell(&table, "%s", names[i]);
	for (row = 0; row < sizeof(rows) / sizeof(*rows); row++) {
		double all = 0;

		for (i = 0; i < n; i++)
			all += values[i] = rows[row].of(&t->pieces.v[i]);
		if (all > 0)
			put_trend(&table, t, row, values, n);
	}
	buf_char(out, '\n');
	rc = table_print(&table, out, colour);
	table_free(&table);
	free(values);
	return rc;
}

static int timeline_end(struct view *v, const struct ending *ending, struct buf *out, struct err *err)
{
	static const char *const names[] = {"from", "calls", "calls/s", "read/s", "written/s", "errors", "p50",
		"p99", "max"};
	struct timeline *t = (struct timeline *)v;
	struct table table;
	size_t i;
	int rc;

	table_init(&table, sizeof(names) / sizeof(*names), 0);
	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		table_cell(&table, "%s", names[i]);
	for (i = 0; i < t->pieces.n; i++)
		put_piece(&table, &t->pieces.v[i], i * t->interval, (double)t->interval / 1e9);
	rc = table_print(&table, out, ending->colour);
	table_free(&table);
	if (!rc)
		rc = put_trends(t, ending->colour, out);
	return rc ? err_sys(err, ENOMEM, "--timeline") : 0;
}

static void timeline_free(struct view *v)
{
	struct timeline *t = (struct timeline *)v;
	size_t i;

	for (i = 0; i < t->pieces.n; i++)
		sparse_free(&t->pieces.v[i].latency);
	vec_free(&t->pieces);
	free(t);
}

int view_timeline(struct view **out, uint64_t interval, struct err *err)
{
	static const struct view_ops timeline_ops = {timeline_add, timeline_end, timeline_free};
	struct timeline *t = calloc(1, sizeof(*t));

	if (!t)
		return err_sys(err, ENOMEM, "--timeline");
	t->view.ops = &timeline_ops;
	t->interval = interval;
	*out = &t->view;
	return 0;
}
