/* SPDX-License-Identifier: Apache-2.0 */
#include "report/analyse_command.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "report/filter.h"
#include "report/view.h"
#include "utils/progress.h"
#include "utils/terminal.h"

#define PROGRESS_EACH 4096 /* calls */

struct analysis {
	const struct options *options;
	struct events *events;
	struct filter *filter;
	struct view *views, **last;
	uint64_t chosen;
	struct progress progress;
};

void ending_warn(const struct ending *e, struct buf *out)
{
	const struct events_totals *t = e->totals;

	if (t->lost)
		buf_addf(out, "%" PRIu64 " records were lost when it was recorded\n", t->lost);
	if (t->cut)
		buf_puts(out, "it was cut short: its end is missing\n");
	if (t->malformed)
		buf_addf(out, "%" PRIu64 " lines are malformed; the first one: %s\n", t->malformed,
			t->first_malformed);
	if (t->unknown)
		buf_addf(out, "%" PRIu64 " records are of operations that are not known\n", t->unknown);
}

bool ending_incomplete(const struct ending *e)
{
	return e->totals->lost || e->totals->cut || e->totals->malformed;
}

/* ---- which views ---- */

static void append(struct analysis *a, struct view *v)
{
	if (!v)
		return;
	*a->last = v;
	a->last = &v->next;
}

static int make_tables(struct analysis *a, struct err *err)
{
	const struct options *o = a->options;
	const struct top top = {(enum group_order)o->sort, o->top};
	struct view *v[4] = {NULL};
	int rc = 0;
	size_t i;

	if (o->by)
		rc = view_by(&v[0], o->by, top, err);
	if (!rc && o->hist_given)
		rc = view_hist(&v[1], (enum hist_of)o->hist, err);
	if (!rc && o->sequence)
		rc = view_sequence(&v[2], top, err);
	if (!rc && o->timeline)
		rc = view_timeline(&v[3], o->timeline, err);
	for (i = 0; i < 4; i++)
		append(a, v[i]);
	return rc;
}

/* Without a question the answer is the summary. */
static int make_views(struct analysis *a, struct err *err)
{
	const struct options *o = a->options;
	struct view *v[3] = {NULL};
	int rc = make_tables(a, err);
	size_t i;

	if (!rc && o->export)
		rc = view_export(&v[0], o->export, o->fields, o->weight, err);
	if (!rc && o->flame)
		rc = view_flame(&v[1], o->flame, o->fields, o->weight, err);
	if (!rc && !a->views && !v[0] && !v[1])
		rc = view_summary(&v[2], err);
	for (i = 0; i < 3; i++)
		append(a, v[i]);
	return rc;
}

/* ---- one pass ---- */

static int show(struct analysis *a, const struct event *ev, struct err *err)
{
	struct view *v;
	int rc = 0;

	if (a->filter && !filter_matches(a->filter, ev))
		return 0;
	a->chosen++;
	for (v = a->views; v && !rc; v = v->next)
		rc = v->ops->add(v, ev, err);
	return rc;
}

static int pass(struct analysis *a, struct err *err)
{
	struct event ev;
	int rc;

	while ((rc = events_next(a->events, &ev, err)) == 1) {
		rc = show(a, &ev, err);
		if (rc)
			return rc;
		if (ev.seq % PROGRESS_EACH == 0 && progress_due(&a->progress))
			progress_show(&a->progress, &(struct progress_state){
				.share = events_progress(a->events), .count = ev.seq, .unit = "calls"});
	}
	return rc;
}

static int finish(struct analysis *a, struct ending *ending, struct err *err)
{
	struct buf out = BUF_INIT;
	struct view *v;
	int rc = 0;

	*ending = (struct ending){.events = a->events, .totals = events_totals(a->events), .chosen = a->chosen,
		.filter = a->options->filter, .capture = a->options->analyse,
		.colour = terminal_colour(STDOUT_FILENO)};
	for (v = a->views; v && !rc; v = v->next) {
		size_t before = out.len;

		rc = v->ops->end(v, ending, &out, err);
		if (!rc && before && out.len > before && v->next)
			buf_char(&out, '\n');
	}
	if (!rc && !buf_ok(&out))
		rc = err_sys(err, ENOMEM, "%s", a->options->analyse);
	if (!rc && out.len)
		fwrite(out.p, 1, out.len, stdout);
	buf_free(&out);
	return rc;
}

static void warn(const struct ending *ending)
{
	struct buf text = BUF_INIT;
	struct str rest, line;

	ending_warn(ending, &text);
	rest = buf_as_str(&text);
	while (str_take_char(&rest, '\n', &line))
		if (line.len)
			fprintf(stderr, "ioriot: %s: %.*s\n", ending->capture, (int)line.len, line.s);
	buf_free(&text);
}

static int run(struct analysis *a, struct ending *ending, struct err *err)
{
	const struct options *o = a->options;
	int rc;

	if (o->filter) {
		rc = filter_parse(&a->filter, o->filter, err);
		if (rc)
			return rc;
	}
	rc = events_open(&a->events, o->analyse, err);
	if (!rc)
		rc = make_views(a, err);
	if (rc)
		return rc;
	progress_start(&a->progress, "analyse", o->quiet);
	rc = pass(a, err);
	progress_end(&a->progress);
	return rc ? rc : finish(a, ending, err);
}

int analyse_command(const struct options *o)
{
	struct analysis a = {.options = o};
	struct ending ending = {0};
	struct err err = {0};
	struct view *v, *next;
	int rc;

	a.last = &a.views;
	rc = run(&a, &ending, &err);
	if (rc)
		fprintf(stderr, "ioriot: %s\n", err.text);
	else
		warn(&ending);
	rc = rc == -EINVAL ? EXIT_USAGE : rc ? EXIT_FAILED : ending_incomplete(&ending) ? EXIT_DIVERGED : EXIT_DONE;
	for (v = a.views; v; v = next) {
		next = v->next;
		v->ops->free(v);
	}
	filter_free(a.filter);
	events_close(a.events);
	return rc;
}
