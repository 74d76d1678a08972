/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "report/view.h"
#include "utils/human.h"

/* Groups of calls, in a table. */

struct by_view {
	struct view view;
	struct groups groups;
	struct top top;
	struct tally all;
};

static void cell_ns(struct table *t, uint64_t ns)
{
	char text[HUMAN_LEN];

	table_cell(t, "%s", human_ns(text, ns));
}

static void cell_bytes(struct table *t, uint64_t bytes)
{
	char text[HUMAN_LEN];

	table_cell(t, "%s", bytes ? human_bytes(text, (double)bytes) : "-");
}

static void cell_tally(struct table *t, const struct tally *tally, const struct tally *all)
{
	const struct sparse *s = &tally->latency;

	table_cell(t, "%" PRIu64, tally->count);
	table_cell(t, tally->errors ? "%" PRIu64 : "-", tally->errors);
	cell_bytes(t, tally->read);
	cell_bytes(t, tally->written);
	cell_ns(t, s->sum);
	table_cell(t, "%.1f %%", all->latency.sum ? 100.0 * (double)s->sum / (double)all->latency.sum : 0);
	cell_ns(t, sparse_quantile(s, 0.5));
	cell_ns(t, sparse_quantile(s, 0.99));
	cell_ns(t, s->max);
}

static void heading(struct table *t, const struct groups *g)
{
	static const char *const names[] = {"calls", "errors", "read", "written", "time", "share", "p50", "p99",
		"max"};
	unsigned i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		table_cell(t, "%s", names[i]);
	for (i = 0; i < g->columns; i++)
		table_cell(t, "%s", g->by[i]->name);
}

#define TALLY_CELLS 9

void cell_key(struct table *t, const struct groups *g, struct str key)
{
	struct str rest = key, part;
	unsigned i;

	for (i = 0; i < g->columns; i++) {
		if (!str_take_char(&rest, KEY_SEP, &part))
			part = STR_NONE;
		table_cell_name(t, part.len ? part : STR("-"));
	}
}

static void tell_rest(struct group **sorted, size_t from, size_t n, struct buf *out)
{
	uint64_t count = 0, ns = 0;
	char text[HUMAN_LEN];
	size_t i;

	for (i = from; i < n; i++) {
		count += sorted[i]->tally.count;
		ns += sorted[i]->tally.latency.sum;
	}
	if (n > from)
		buf_addf(out, "  and %zu more: %" PRIu64 " call%s, %s\n", n - from, count, count == 1 ? "" : "s",
			human_ns(text, ns));
}

int groups_print(const struct groups *g, struct top top, const struct tally *all, bool colour,
	struct buf *out)
{
	struct table table;
	size_t n, i, shown;
	struct group **sorted = groups_sorted(g, top.order, &n);
	int rc;

	if (!sorted)
		return -ENOMEM;
	shown = top.n && top.n < n ? top.n : n;
	table_init(&table, TALLY_CELLS + g->columns, g->columns);
	heading(&table, g);
	for (i = 0; i < shown; i++) {
		cell_tally(&table, &sorted[i]->tally, all);
		cell_key(&table, g, sorted[i]->key);
	}
	rc = table_print(&table, out, colour);
	tell_rest(sorted, shown, n, out);
	table_free(&table);
	free(sorted);
	return rc;
}

static int by_add(struct view *v, const struct event *ev, struct err *err)
{
	struct by_view *by = (struct by_view *)v;

	if (groups_add(&by->groups, ev) || tally_add(&by->all, ev))
		return err_sys(err, ENOMEM, "--by");
	return 0;
}

static int by_end(struct view *v, const struct ending *ending, struct buf *out, struct err *err)
{
	struct by_view *by = (struct by_view *)v;

	if (groups_print(&by->groups, by->top, &by->all, ending->colour, out))
		return err_sys(err, ENOMEM, "--by");
	return 0;
}

static void by_free(struct view *v)
{
	struct by_view *by = (struct by_view *)v;

	groups_free(&by->groups);
	sparse_free(&by->all.latency);
	free(by);
}

int view_by(struct view **out, const char *by, struct top top, struct err *err)
{
	static const struct view_ops by_ops = {by_add, by_end, by_free};
	struct by_view *v = calloc(1, sizeof(*v));

	if (!v)
		return err_sys(err, ENOMEM, "--by");
	v->view.ops = &by_ops;
	v->top = top;
	*out = &v->view;
	return groups_init(&v->groups, by, err) ? err_prefix(err, "--by") : 0;
}
