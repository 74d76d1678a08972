/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "report/view.h"
#include "trace/escape.h"
#include "utils/human.h"

/* What a capture is made of, on one screen. */

struct summary {
	struct view view;
	struct groups ops, families, classes, errors, files;
	struct tally all;
	uint64_t bytes[CLS_COUNT]; /* of the classes that move any */
};

static int summary_add(struct view *v, const struct event *ev, struct err *err)
{
	struct summary *s = (struct summary *)v;

	if (groups_add(&s->ops, ev) || (ev->error && groups_add(&s->errors, ev)) ||
		(ev->file.len && groups_add(&s->files, ev)))
		return err_sys(err, ENOMEM, "cannot sum up");
	return 0;
}

/* What follows from the operations. 0 or -ENOMEM. */
static int add_up(struct summary *s)
{
	unsigned op;

	for (op = 0; op < EVENT_OPS; op++) {
		const struct event is = {.op = op};
		enum op_class cls = event_class(&is);
		const struct tally *t = s->ops.of_op[op] ? &s->ops.of_op[op]->tally : NULL;

		if (!t)
			continue;
		s->bytes[cls] += cls == CLS_WRITE ? t->written : t->read;
		if (tally_merge(&s->all, t) ||
			groups_merge(&s->families, str_of(op_family_names[event_family(&is)]), t) ||
			groups_merge(&s->classes, str_of(op_class_names[cls]), t))
			return -ENOMEM;
	}
	return 0;
}

#define HEADER_MAX 400 /* bytes of a value that are shown */

/* Somebody else's text must not speak to the terminal. */
static void put_text(struct buf *out, const char *before, struct str text)
{
	text.len = text.len < HEADER_MAX ? text.len : HEADER_MAX;
	buf_puts(out, before);
	escape_add(out, text);
}

static void put_limit(struct buf *out, const char *side, const char *what, struct str text)
{
	if (!text.len)
		return;
	buf_addf(out, "  %s", side);
	put_text(out, what, text);
	buf_puts(out, ", and what tells their files\n");
}

void ending_limits(const struct ending *e, const char *side, struct buf *out)
{
	put_limit(out, side, "recorded were only calls named by ", events_header(e->events, "only"));
	put_limit(out, side, "recorded were only calls with ", events_header(e->events, "filter"));
	put_limit(out, side, "recorded was only what was done to ", events_header(e->events, "files"));
}

static void put_header(const struct ending *e, struct buf *out)
{
	struct str cmd = events_header(e->events, "cmd"), host = events_header(e->events, "host");
	struct str kernel = events_header(e->events, "kernel"), by = events_header(e->events, "backend");
	const struct events_totals *t = e->totals;
	char count[HUMAN_LEN], length[HUMAN_LEN];

	buf_addf(out, "%s: %s records of %" PRIu64 " process%s, %" PRIu64 " thread%s, in %s\n", e->capture,
		human_count(count, (double)t->records), t->processes, t->processes == 1 ? "" : "es", t->threads,
		t->threads == 1 ? "" : "s", human_ns(length, t->end));
	if (by.len) {
		put_text(out, "  recorded by ", by);
		if (host.len)
			put_text(out, " on ", host);
		if (kernel.len)
			put_text(out, ", Linux ", kernel);
		buf_char(out, '\n');
	}
	ending_limits(e, "", out);
	if (cmd.len) {
		put_text(out, "  of ", cmd);
		buf_char(out, '\n');
	}
}

static void put_totals(const struct summary *s, const struct ending *e, struct buf *out)
{
	char a[HUMAN_LEN], b[HUMAN_LEN], c[HUMAN_LEN];
	double seconds = (double)e->totals->end / 1e9;

	if (e->filter)
		buf_addf(out, "  chosen: %" PRIu64 " of %" PRIu64 " calls\n", e->chosen,
			e->totals->calls);
	buf_addf(out, "  calls %" PRIu64 ", %s/s, in them %s; failed %" PRIu64 " (%.1f %%)\n", s->all.count,
		human_count(a, seconds > 0 ? (double)s->all.count / seconds : 0),
		human_ns(b, s->all.latency.sum), s->all.errors,
		s->all.count ? 100.0 * (double)s->all.errors / (double)s->all.count : 0);
	buf_addf(out, "  bytes read %s, written %s, transferred %s\n",
		human_bytes(a, (double)(s->bytes[CLS_READ])),
		human_bytes(b, (double)(s->bytes[CLS_WRITE])),
		human_bytes(c, (double)s->bytes[CLS_TRANSFER]));
	buf_addf(out, "  latency p50 %s, p99 %s", human_ns(a, sparse_quantile(&s->all.latency, 0.5)),
		human_ns(b, sparse_quantile(&s->all.latency, 0.99)));
	buf_addf(out, ", p99.9 %s, max %s\n", human_ns(a, sparse_quantile(&s->all.latency, 0.999)),
		human_ns(b, s->all.latency.max));
}

static int put_section(const struct summary *s, const struct groups *g, const char *title, struct top top,
	const struct ending *e, struct buf *out)
{
	if (g->map.n == 0)
		return 0;
	buf_addf(out, "\n%s\n", title);
	return groups_print(g, top, &s->all, e->colour, out);
}

/* Of other layers: all that the capture says there was, recorded or not. */
static void put_layers(const struct events_totals *t, struct buf *out)
{
	char count[HUMAN_LEN], bytes[HUMAN_LEN], mean[HUMAN_LEN];
	bool first = true;
	int i;

	for (i = 0; i < LAYER_ROWS; i++) {
		const struct layer_total *l = &t->layer[i];
		uint64_t all = l->summed ? l->all : l->records;

		if (!all)
			continue;
		if (first)
			buf_puts(out, "\nLayers\n");
		first = false;
		buf_addf(out, "  %-16s %10s events  %10s  mean %s", ops[OP_block_queue + i].name,
			human_count(count, (double)all),
			human_bytes(bytes, (double)(l->summed ? l->all_bytes : l->bytes)),
			human_ns(mean, l->records ? l->time / l->records : 0));
		if (all != l->records)
			buf_addf(out, ", %" PRIu64 " recorded", l->records);
		if (l->dropped)
			buf_addf(out, ", %" PRIu64 " dropped", l->dropped);
		buf_char(out, '\n');
	}
}

static int summary_end(struct view *v, const struct ending *e, struct buf *out, struct err *err)
{
	struct summary *s = (struct summary *)v;
	const struct top by_time = {.order = BY_TIME, .n = 15}, all = {.order = BY_TIME},
			 by_count = {.order = BY_COUNT, .n = 10};

	if (add_up(s))
		return err_sys(err, ENOMEM, "cannot sum up");
	put_header(e, out);
	put_totals(s, e, out);
	if (put_section(s, &s->families, "Families", all, e, out) ||
		put_section(s, &s->classes, "Classes", all, e, out) ||
		put_section(s, &s->ops, "Operations, by time", by_time, e, out) ||
		put_section(s, &s->files, "Files, by time", (struct top){.order = BY_TIME, .n = 10}, e, out) ||
		put_section(s, &s->errors, "Errors", by_count, e, out))
		return err_sys(err, ENOMEM, "cannot sum up");
	put_layers(e->totals, out);
	return 0;
}

static void summary_free(struct view *v)
{
	struct summary *s = (struct summary *)v;

	groups_free(&s->ops);
	groups_free(&s->families);
	groups_free(&s->classes);
	groups_free(&s->errors);
	groups_free(&s->files);
	sparse_free(&s->all.latency);
	free(s);
}

int view_summary(struct view **out, struct err *err)
{
	static const struct view_ops summary_ops = {summary_add, summary_end, summary_free};
	struct summary *s = calloc(1, sizeof(*s));

	if (!s)
		return err_sys(err, ENOMEM, "cannot sum up");
	s->view.ops = &summary_ops;
	*out = &s->view;
	if (groups_init(&s->ops, "op", err) || groups_init(&s->families, "family", err) ||
		groups_init(&s->classes, "class", err) ||
		groups_init(&s->errors, "error,op", err) || groups_init(&s->files, "file", err))
		return -EINVAL;
	return 0;
}
