/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "report/table.h"
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
