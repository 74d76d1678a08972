/* SPDX-License-Identifier: Apache-2.0 */
#include "report/contrast.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "report/contrast_parts.h"
#include "utils/human.h"

/* ---- one side ---- */

static int contrast_add(struct view *v, const struct event *ev, struct err *err)
{
	struct contrast *c = (struct contrast *)v;
	unsigned i;

	if (tally_add(&c->all, ev))
		return err_sys(err, ENOMEM, "cannot compare");
	for (i = 0; i < c->n; i++)
		if ((i == 0 || ev->file.len) && groups_add(&c->tables[i], ev))
			return err_sys(err, ENOMEM, "cannot compare");
	return 0;
}

static void contrast_free(struct view *v)
{
	struct contrast *c = (struct contrast *)v;
	unsigned i;

	for (i = 0; i < c->n; i++)
		groups_free(&c->tables[i]);
	sparse_free(&c->all.latency);
	free(c);
}

static int no_end(struct view *v, const struct ending *ending, struct buf *out, struct err *err)
{
	(void)v, (void)ending, (void)out, (void)err;
	return 0;
}

int view_contrast(struct view **out, const char *by, struct err *err)
{
	static const struct view_ops contrast_ops = {contrast_add, no_end, contrast_free};
	const char *tables[] = {by ? by : "op", by ? NULL : "file"};
	struct contrast *c = calloc(1, sizeof(*c));

	if (!c)
		return err_sys(err, ENOMEM, "cannot compare");
	c->view.ops = &contrast_ops;
	*out = &c->view;
	for (; c->n < 2 && tables[c->n]; c->n++) {
		if (groups_init(&c->tables[c->n], tables[c->n], err))
			return err_prefix(err, "--by");
		c->tables[c->n].batched = true;
	}
	return 0;
}

/* ---- rows ---- */

static int compare_rows(const void *a, const void *b)
{
	const struct contrast_row *x = a, *y = b;
	int c;

	if (x->rank != y->rank)
		return x->rank > y->rank ? -1 : 1;
	c = memcmp(x->key.s, y->key.s, x->key.len < y->key.len ? x->key.len : y->key.len);
	return c ? c : (x->key.len > y->key.len) - (x->key.len < y->key.len);
}

struct contrast_row *contrast_rows(const struct groups *a, const struct groups *b, enum group_order order,
	size_t *n)
{
	struct contrast_row *rows = calloc(a->map.n + b->map.n + 1, sizeof(*rows));
	struct hnode *node, *tmp;
	size_t i;

	*n = 0;
	if (!rows)
		return NULL;
	hmap_each(&a->map, node, tmp, i) {
		const struct group *g = hmap_entry(node, struct group, node);
		const struct group *other = groups_find(b, g->key);

		rows[(*n)++] = (struct contrast_row){.key = g->key, .a = g, .b = other,
			.rank = group_rank(&g->tally, order) + (other ? group_rank(&other->tally, order) : 0)};
	}
	hmap_each(&b->map, node, tmp, i) {
		const struct group *g = hmap_entry(node, struct group, node);

		if (!groups_find(a, g->key))
			rows[(*n)++] = (struct contrast_row){.key = g->key, .b = g,
				.rank = group_rank(&g->tally, order)};
	}
	qsort(rows, *n, sizeof(*rows), compare_rows);
	return rows;
}

const char *const contrast_verdicts[] = {"too few calls", "no difference found", "faster", "slower",
	"only in the first", "only in the second"};

int contrast_judge(struct contrast_row *row)
{
	double x[BATCHES_MOST], y[BATCHES_MOST];
	size_t m, n;

	row->verdict = row->a ? ONLY_FIRST : ONLY_SECOND;
	if (!row->a || !row->b)
		return 0;
	m = batches_values(row->a->batches, x);
	n = batches_values(row->b->batches, y);
	row->verdict = SHIFT_TOO_FEW;
	if (!m || !n)
		return 0;
	if (shift_ratio(x, m, y, n, &row->ratio))
		return -ENOMEM;
	row->judged = true;
	row->verdict = shift_verdict(&row->ratio);
	return 0;
}

/* ---- printing ---- */

void put_change(char out[HUMAN_LEN], double a, double b)
{
	if (a > 0)
		snprintf(out, HUMAN_LEN, "%+.1f %%", 100 * (b - a) / a);
	else
		snprintf(out, HUMAN_LEN, "-");
}

void cell_total(struct table *t, const char *name, const char *a, const char *b, double x, double y)
{
	char change[HUMAN_LEN];

	table_cell(t, "%s", a);
	table_cell(t, "%s", b);
	put_change(change, x, y);
	table_cell(t, "%s", change);
	table_cell(t, "%s", name);
}

void total_ns(struct table *t, const char *name, uint64_t x, uint64_t y)
{
	char a[HUMAN_LEN], b[HUMAN_LEN];

	cell_total(t, name, human_ns(a, x), human_ns(b, y), (double)x, (double)y);
}

void total_count(struct table *t, const char *name, double x, double y)
{
	char a[HUMAN_LEN], b[HUMAN_LEN];

	cell_total(t, name, human_count(a, x), human_count(b, y), x, y);
}

static void total_bytes(struct table *t, const char *name, uint64_t x, uint64_t y)
{
	char a[HUMAN_LEN], b[HUMAN_LEN];

	cell_total(t, name, human_bytes(a, (double)x), human_bytes(b, (double)y), (double)x, (double)y);
}

static double rate_of(const struct tally *t, const struct ending *e)
{
	return e->totals->end ? (double)t->count * 1e9 / (double)e->totals->end : 0;
}

static int put_totals(const struct contrast *const c[2], const struct ending e[2], struct buf *out)
{
	static const struct {
		const char *name;
		double share;
	} quantiles[] = {{"latency p50", 0.5}, {"latency p99", 0.99}, {"latency p99.9", 0.999}, {"latency max", 1}};
	const struct tally *a = &c[0]->all, *b = &c[1]->all;
	struct table t;
	size_t i;
	int rc;

	table_init(&t, 4, 1);
	for (i = 0; i < 4; i++)
		table_cell(&t, "%s", ((const char *const[]){"first", "second", "change", ""})[i]);
	total_ns(&t, "length", e[0].totals->end, e[1].totals->end);
	total_count(&t, "calls", (double)a->count, (double)b->count);
	total_count(&t, "calls/s", rate_of(a, &e[0]), rate_of(b, &e[1]));
	total_count(&t, "failed", (double)a->errors, (double)b->errors);
	total_bytes(&t, "read", a->read, b->read);
	total_bytes(&t, "written", a->written, b->written);
	total_ns(&t, "time in calls", a->latency.sum, b->latency.sum);
	for (i = 0; i < sizeof(quantiles) / sizeof(*quantiles); i++)
		total_ns(&t, quantiles[i].name, sparse_quantile(&a->latency, quantiles[i].share),
			sparse_quantile(&b->latency, quantiles[i].share));
	total_count(&t, "records lost", (double)e[0].totals->lost, (double)e[1].totals->lost);
	rc = table_print(&t, out, e[0].colour);
	table_free(&t);
	return rc;
}

static const struct tally nothing;

static void put_row(struct table *t, const struct groups *g, const struct contrast_row *row)
{
	const struct tally *a = row->a ? &row->a->tally : &nothing, *b = row->b ? &row->b->tally : &nothing;
	static const double shares[] = {0.5, 0.99};
	char text[HUMAN_LEN];
	size_t i;

	table_cell(t, "%" PRIu64, a->count);
	table_cell(t, "%" PRIu64, b->count);
	table_cell(t, "%s", row->a ? human_ns(text, a->latency.sum) : "-");
	table_cell(t, "%s", row->b ? human_ns(text, b->latency.sum) : "-");
	for (i = 0; i < 2; i++) {
		table_cell(t, "%s", row->a ? human_ns(text, sparse_quantile(&a->latency, shares[i])) : "-");
		table_cell(t, "%s", row->b ? human_ns(text, sparse_quantile(&b->latency, shares[i])) : "-");
	}
	table_cell(t, row->judged ? "%.3f" : "-", row->ratio.estimate);
	if (row->ratio.interval)
		table_cell(t, "%.3f to %.3f", row->ratio.low, row->ratio.high);
	else
		table_cell(t, "-");
	table_cell(t, "%s", contrast_verdicts[row->verdict]);
	cell_key(t, g, row->key);
}

static void put_heading(struct table *t, const struct groups *g)
{
	static const char *const names[] = {"calls 1", "calls 2", "time 1", "time 2", "p50 1", "p50 2", "p99 1",
		"p99 2", "ratio", "95 % interval", "latency"};
	unsigned i;

	table_init(t, sizeof(names) / sizeof(*names) + g->columns, 1 + g->columns);
	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		table_cell(t, "%s", names[i]);
	for (i = 0; i < g->columns; i++)
		table_cell(t, "%s", g->by[i]->name);
}

static void count_verdicts(const struct contrast_row *rows, size_t n, struct buf *out)
{
	unsigned counts[VERDICTS] = {0}, k;
	const char *comma = "  of these:";
	size_t i;

	for (i = 0; i < n; i++)
		counts[rows[i].verdict]++;
	for (k = 0; k < VERDICTS; k++) {
		if (!counts[k])
			continue;
		buf_addf(out, "%s %u %s", comma, counts[k], contrast_verdicts[k]);
		comma = ",";
	}
	buf_char(out, '\n');
}

static int put_table(const struct groups *a, const struct groups *b, struct top top, bool colour, struct buf *out)
{
	struct contrast_row *rows;
	struct table t;
	size_t n, i, shown;
	int rc = 0;

	rows = contrast_rows(a, b, top.order, &n);
	if (!rows)
		return -ENOMEM;
	shown = top.n && top.n < n ? top.n : n;
	put_heading(&t, a);
	for (i = 0; i < shown && !rc; i++) {
		rc = contrast_judge(&rows[i]);
		put_row(&t, a, &rows[i]);
	}
	rc = rc ? rc : table_print(&t, out, colour);
	if (n > shown)
		buf_addf(out, "  and %zu more\n", n - shown);
	if (shown)
		count_verdicts(rows, shown, out);
	table_free(&t);
	free(rows);
	return rc;
}

int contrast_print(struct view *const sides[2], const struct ending ending[2], struct top top, struct buf *out,
	struct err *err)
{
	const struct contrast *const c[2] = {(struct contrast *)sides[0], (struct contrast *)sides[1]};
	int rc;
	unsigned i;

	buf_addf(out, "first: %s, second: %s\n", ending[0].capture, ending[1].capture);
	ending_limits(&ending[0], "first: ", out);
	ending_limits(&ending[1], "second: ", out);
	if (ending[0].filter)
		buf_addf(out, "  chosen: %" PRIu64 " of %" PRIu64 ", and %" PRIu64 " of %" PRIu64 " calls\n",
			ending[0].chosen, ending[0].totals->calls, ending[1].chosen, ending[1].totals->calls);
	rc = put_totals(c, ending, out);
	for (i = 0; i < c[0]->n && !rc; i++) {
		buf_char(out, '\n');
		rc = put_table(&c[0]->tables[i], &c[1]->tables[i], top, ending[0].colour, out);
	}
	return rc ? err_sys(err, ENOMEM, "cannot compare") : 0;
}
