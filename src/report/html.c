/* SPDX-License-Identifier: Apache-2.0 */
#include "report/html.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "datas/json_parts.h"
#include "report/contrast.h"
#include "report/html/assets.h"
#include "report/stacks.h"
#include "report/timebins.h"
#include "trace/outfile.h"
#include "utils/json_bytes.h"

/*
 * All that the report shows is one JSON text in it, which its script turns into text of the page, never into
 * elements: names of files may be anything. The page's own policy (Content-Security-Policy) allows the two
 * scripts of ioriot by their hashes, and nothing from outside.
 */

/* Buckets of a histogram, in rows of a quarter of an octave; of the heat map, of half of one. */
#define BUCKETS_IN_ROW	8
#define BUCKETS_IN_HEAT 16

static const struct {
	const char *by, *title;
	bool contrasted;
} tables[] = {{"op", "Operations", true}, {"file", "Files", true}, {"dir", "Directories", false},
	{"comm", "Programs", false}, {"pid", "Processes", false}, {"family", "Families", false},
	{"error,op", "Errors", false}, {"device", "Devices", false}};
#define TABLES (sizeof(tables) / sizeof(*tables))

struct html {
	struct view view;
	struct tally all;
	uint64_t bytes[CLS_COUNT];
	struct hist gap, size;
	struct groups tables[TABLES];
	struct stacks stacks;
	struct timebins bins;
};

/* ---- taking in ---- */

/* Whether there is anything to say of the call in that table. */
static bool belongs(size_t table, const struct event *ev)
{
	switch (table) {
	case 1:
		return ev->file.len > 0;
	case 2:
		return ev->file.len > 0 && memchr(ev->file.s, '/', ev->file.len);
	case 6:
		return ev->error != 0;
	case 7:
		return ev->has_inode;
	default:
		return true;
	}
}

static int html_add(struct view *v, const struct event *ev, struct err *err)
{
	struct html *h = (struct html *)v;
	int rc = tally_add(&h->all, ev);
	size_t i;

	h->bytes[event_class(ev)] += event_class(ev) != CLS_UNCLASSIFIED && ev->ret > 0 ? (uint64_t)ev->ret : 0;
	if (ev->gap)
		hist_add(&h->gap, ev->gap);
	if (ev->read + ev->written)
		hist_add(&h->size, ev->read + ev->written);
	timebins_add(&h->bins, ev);
	for (i = 0; i < TABLES && !rc; i++)
		if (belongs(i, ev))
			rc = groups_add(&h->tables[i], ev);
	if (!rc)
		rc = stacks_add(&h->stacks, ev);
	return rc ? err_sys(err, ENOMEM, "--html") : 0;
}

static int html_end(struct view *v, const struct ending *ending, struct buf *out, struct err *err)
{
	(void)v, (void)ending, (void)out, (void)err;
	return 0;
}

static void html_free(struct view *v)
{
	struct html *h = (struct html *)v;
	size_t i;

	for (i = 0; i < TABLES; i++)
		groups_free(&h->tables[i]);
	stacks_free(&h->stacks);
	timebins_free(&h->bins);
	sparse_free(&h->all.latency);
	free(h);
}

int view_html(struct view **out, const char *fields, const char *weight, struct err *err)
{
	static const struct view_ops html_ops = {html_add, html_end, html_free};
	struct html *h = calloc(1, sizeof(*h));
	size_t i;
	int rc = 0;

	if (!h)
		return err_sys(err, ENOMEM, "--html");
	h->view.ops = &html_ops;
	*out = &h->view;
	for (i = 0; i < TABLES && !rc; i++) {
		rc = groups_init(&h->tables[i], tables[i].by, err);
		h->tables[i].batched = tables[i].contrasted;
	}
	if (!rc && timebins_init(&h->bins))
		rc = err_sys(err, ENOMEM, "--html");
	return rc ? rc : stacks_init(&h->stacks, fields, weight, err);
}

/* ---- JSON of its parts ---- */

static json_t *number(uint64_t v)
{
	return json_integer((json_int_t)v);
}

/* [row, count, row, count ...] of the rows that are not empty. */
static json_t *rows_of(const uint32_t *bucket, unsigned in_row)
{
	json_t *j = json_array();
	unsigned i;
	uint64_t sum = 0;

	for (i = 0; i < HIST_BUCKETS; i++) {
		sum += bucket[i];
		if (i % in_row != in_row - 1 || !sum)
			continue;
		json_append(&j, number(i / in_row));
		json_append(&j, number(sum));
		sum = 0;
	}
	return j;
}

static json_t *hist_json(const struct hist *h)
{
	json_t *j = json_object();

	json_put(&j, "count", number(h->count));
	json_put(&j, "p50", number(hist_quantile(h, 0.5)));
	json_put(&j, "p99", number(hist_quantile(h, 0.99)));
	json_put(&j, "max", number(h->max));
	json_put(&j, "rows", rows_of(h->bucket, BUCKETS_IN_ROW));
	return j;
}

static json_t *sparse_json(const struct sparse *s)
{
	struct hist h;

	sparse_expand(s, &h);
	return hist_json(&h);
}

static json_t *tally_json(const struct tally *t)
{
	static const struct {
		const char *key;
		double share;
	} quantiles[] = {{"p50", 0.5}, {"p99", 0.99}, {"p999", 0.999}};
	json_t *j = json_object();
	size_t i;

	json_put(&j, "calls", number(t->count));
	json_put(&j, "errors", number(t->errors));
	json_put(&j, "read", number(t->read));
	json_put(&j, "written", number(t->written));
	json_put(&j, "time", number(t->latency.sum));
	for (i = 0; i < sizeof(quantiles) / sizeof(*quantiles); i++)
		json_put(&j, quantiles[i].key, number(sparse_quantile(&t->latency, quantiles[i].share)));
	json_put(&j, "max", number(t->latency.max));
	return j;
}

static json_t *key_json(const struct groups *g, struct str key)
{
	json_t *j = json_array();
	struct str rest = key, part;
	unsigned i;

	for (i = 0; i < g->columns; i++) {
		if (!str_take_char(&rest, KEY_SEP, &part))
			part = STR_NONE;
		json_append(&j, json_bytes(part));
	}
	return j;
}

static json_t *table_json(const struct html *h, size_t which)
{
	const struct groups *g = &h->tables[which];
	json_t *j = json_object(), *rows = json_array(), *names = json_array();
	struct group **sorted;
	size_t n = 0, i;

	sorted = groups_sorted(g, BY_TIME, &n);
	for (i = 0; i < g->columns; i++)
		json_append(&names, json_string(g->by[i]->name));
	for (i = 0; sorted && i < n && i < HTML_ROWS; i++) {
		json_t *row = tally_json(&sorted[i]->tally);

		json_put(&row, "key", key_json(g, sorted[i]->key));
		if (which == 0)
			json_put(&row, "hist", sparse_json(&sorted[i]->tally.latency));
		json_append(&rows, row);
	}
	json_put(&j, "title", json_string(tables[which].title));
	json_put(&j, "columns", names);
	json_put(&j, "total", number(n));
	json_put(&j, "rows", sorted ? rows : NULL);
	free(sorted);
	return j;
}

static json_t *bins_json(const struct timebins *t)
{
	static const char *const names[] = {"calls", "errors", "read", "written", "p50", "p99", "max"};
	json_t *j = json_object(), *heat = json_array(), *lists[7];
	unsigned i, k;

	for (k = 0; k < 7; k++)
		lists[k] = json_array();
	for (i = 0; i < t->n; i++) {
		const struct timebin *b = &t->v[i];
		const uint64_t values[] = {b->calls, b->errors, b->read, b->written,
			hist_quantile(&b->latency, 0.5), hist_quantile(&b->latency, 0.99), b->latency.max};

		for (k = 0; k < 7; k++)
			json_append(&lists[k], number(values[k]));
		json_append(&heat, rows_of(b->latency.bucket, BUCKETS_IN_HEAT));
	}
	json_put(&j, "width", number(t->width));
	for (k = 0; k < 7; k++)
		json_put(&j, names[k], lists[k]);
	json_put(&j, "heat", heat);
	return j;
}

/* ---- a side ---- */

static json_t *lines_json(const struct ending *e)
{
	json_t *j = json_array();
	struct buf text = BUF_INIT;
	struct str rest, line;

	ending_warn(e, &text);
	rest = buf_as_str(&text);
	while (str_take_char(&rest, '\n', &line))
		if (line.len)
			json_append(&j, json_bytes(line));
	buf_free(&text);
	return j;
}

static json_t *header_json(const struct ending *e)
{
	static const char *const keys[] = {"cmd", "host", "kernel", "backend", "start_wall", "only", "filter", "files"};
	json_t *j = json_object();
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		struct str value = events_header(e->events, keys[i]);

		value.len = value.len < 1000 ? value.len : 1000;
		json_put(&j, keys[i], json_bytes(value));
	}
	return j;
}

static json_t *flame_json(struct html *h, const struct ending *e)
{
	struct buf svg = BUF_INIT;
	json_t *j = NULL;

	if (stacks_finish(&h->stacks))
		return NULL;
	stacks_flame(&h->stacks, e, HTML_FRAMES, &svg);
	if (buf_ok(&svg))
		j = json_bytes(buf_as_str(&svg));
	buf_free(&svg);
	return j;
}

static json_t *side_json(struct html *h, const struct ending *e)
{
	json_t *j = json_object(), *all = json_array();
	const struct events_totals *t = e->totals;
	size_t i;

	json_put(&j, "name", json_bytes(str_of(e->capture)));
	json_put(&j, "header", header_json(e));
	json_put(&j, "filter", e->filter ? json_bytes(str_of(e->filter)) : json_null());
	json_put(&j, "warnings", lines_json(e));
	json_put(&j, "records", number(t->records));
	json_put(&j, "allCalls", number(t->calls));
	json_put(&j, "lost", number(t->lost));
	json_put(&j, "processes", number(t->processes));
	json_put(&j, "threads", number(t->threads));
	json_put(&j, "length", number(t->end));
	json_put(&j, "totals", tally_json(&h->all));
	json_put(&j, "transferred", number(h->bytes[CLS_TRANSFER]));
	json_put(&j, "latency", sparse_json(&h->all.latency));
	json_put(&j, "gap", hist_json(&h->gap));
	json_put(&j, "size", hist_json(&h->size));
	json_put(&j, "bins", bins_json(&h->bins));
	for (i = 0; i < TABLES; i++)
		json_append(&all, table_json(h, i));
	json_put(&j, "tables", all);
	json_put(&j, "flame", flame_json(h, e));
	return j;
}

/* ---- two sides ---- */

static json_t *row_json(const struct groups *g, struct contrast_row *row)
{
	static const struct tally none;
	json_t *j = json_object();

	if (contrast_judge(row))
		return NULL;
	json_put(&j, "key", key_json(g, row->key));
	json_put(&j, "a", tally_json(row->a ? &row->a->tally : &none));
	json_put(&j, "b", tally_json(row->b ? &row->b->tally : &none));
	json_put(&j, "ratio", row->judged ? json_real(row->ratio.estimate) : json_null());
	json_put(&j, "low", row->ratio.interval ? json_real(row->ratio.low) : json_null());
	json_put(&j, "high", row->ratio.interval ? json_real(row->ratio.high) : json_null());
	json_put(&j, "verdict", json_string(contrast_verdicts[row->verdict]));
	return j;
}

static json_t *contrast_json(const struct groups *a, const struct groups *b, const char *title)
{
	json_t *j = json_object(), *rows = json_array();
	struct contrast_row *all;
	size_t n = 0, i;

	all = contrast_rows(a, b, BY_TIME, &n);
	for (i = 0; all && i < n && i < HTML_ROWS; i++)
		json_append(&rows, row_json(a, &all[i]));
	json_put(&j, "title", json_string(title));
	json_put(&j, "column", json_string(a->by[0]->name));
	json_put(&j, "total", number(n));
	json_put(&j, "rows", all ? rows : NULL);
	free(all);
	return j;
}

static json_t *report_json(struct view *const sides[], const struct ending endings[], unsigned n)
{
	json_t *j = json_object(), *all = json_array(), *contrast = json_array();
	size_t i;

	for (i = 0; i < n; i++)
		json_append(&all, side_json((struct html *)sides[i], &endings[i]));
	for (i = 0; n == 2 && i < TABLES; i++)
		if (tables[i].contrasted)
			json_append(&contrast, contrast_json(&((struct html *)sides[0])->tables[i],
						       &((struct html *)sides[1])->tables[i], tables[i].title));
	json_put(&j, "sides", all);
	json_put(&j, "contrast", contrast);
	return j;
}

/* ---- the page ---- */

/* Nothing in it can end the script element, or begin another one. */
static int put_json(const char *p, size_t len, void *user)
{
	struct buf *out = user;
	size_t i;

	for (i = 0; i < len; i++) {
		if (p[i] == '<' || p[i] == '>' || p[i] == '&')
			buf_addf(out, "\\u%04x", (unsigned)p[i]);
		else
			buf_char(out, p[i]);
	}
	return 0;
}

static void put_page(json_t *data, struct buf *out)
{
	buf_puts(out, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
		      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		      "style-src 'unsafe-inline'; frame-src data:; base-uri 'none'; form-action 'none'; script-src ");
	buf_puts(out, assets_allowed());
	buf_puts(out, "\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		      "<meta name=\"color-scheme\" content=\"light dark\">\n<title>ioriot</title>\n<style>");
	buf_str(out, assets_style());
	buf_puts(out, "</style></head>\n<body>\n");
	buf_str(out, assets_body());
	buf_puts(out, "<script type=\"application/json\" id=\"data\">");
	if (!data || json_dump_callback(data, put_json, out, JSON_COMPACT | JSON_ENSURE_ASCII))
		out->failed = true;
	buf_puts(out, "</script>\n<script>");
	buf_str(out, assets_script());
	buf_puts(out, "</script>\n</body></html>\n");
}

int html_write(const char *file, struct view *const sides[], const struct ending endings[], unsigned n,
	json_t *replay, struct err *err)
{
	json_t *data = report_json(sides, endings, n);
	struct buf page = BUF_INIT;
	int rc;

	if (replay)
		json_put(&data, "replay", replay);
	put_page(data, &page);
	rc = buf_ok(&page) ? outfile_put(file, buf_as_str(&page), err) : err_sys(err, ENOMEM, "%s", file);
	json_decref(data);
	buf_free(&page);
	return rc;
}
