/* SPDX-License-Identifier: Apache-2.0 */
#include "report/analyse_command.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ops/words.h"
#include "report/contrast.h"
#include "events/filter.h"
#include "report/html.h"
#include "report/vfs.h"
#include "report/view.h"
#include "trace/hide.h"
#include "trace/records.h"
#include "utils/progress.h"
#include "utils/terminal.h"

#define PROGRESS_EACH 4096 /* calls */

/* One capture, and the views that are shown its calls. */
struct analysis {
	const struct options *options;
	const char *path;
	const struct filter *filter;
	const bool *wanted; /* by operation; NULL = all */
	struct events *events;
	struct view *views, **last;
	uint64_t chosen;
	struct progress progress;
	struct ending ending;
	struct events_totals whole; /* of a capture whose calls were not looked at */
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

static struct top top_of(const struct options *o)
{
	return (struct top){(enum group_order)o->sort, o->top, o->top_given};
}

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
	const struct top top = top_of(o);
	struct view *v[4] = {NULL};
	int rc = 0;
	size_t i;

	if (o->by)
		rc = view_by(&v[0], o->by, top, err);
	if (!rc && o->hist_given)
		rc = view_hist(&v[1], (enum hist_of)o->hist, err);
	if (!rc && o->sequence)
		rc = view_sequence(&v[2], top, layer_list_has_events(&o->layers), err);
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
		rc = view_export(&v[0], o->export, o->fields, o->weight, o->escape, err);
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
	enum layer layer = event_is_below(ev) ? layer_of((enum op_id)ev->op) : LAYER_SYS;
	struct view *v;
	int rc = 0;

	if (!a->options->layers.on[layer])
		return 0;
	if (layer == LAYER_SYS && a->options->layers.files_only && !vfs_operation(ev))
		return 0;
	/* requests of AIO go by the call that made them */
	if (a->wanted && layer == LAYER_SYS && !a->wanted[ev->op < OP_COUNT ? ev->op : OP_io_submit])
		return 0;
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

/* What the views have to say, one behind the other. */
static int finish(const struct analysis *a, struct buf *out, struct err *err)
{
	struct view *v;
	int rc = 0;

	for (v = a->views; v && !rc; v = v->next) {
		size_t before = out->len;

		rc = v->ops->end(v, &a->ending, out, err);
		if (!rc && before && out->len > before && v->next)
			buf_char(out, '\n');
	}
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

/* Where a whole capture goes, NULL: something else is exported. */
static const char *records_target(const struct options *o, struct records_form *form)
{
	static const char *const names[] = {"capture:", "records:"};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names) && o->export; i++)
		if (strncmp(o->export, names[i], strlen(names[i])) == 0 && o->export[strlen(names[i])]) {
			form->json = i > 0;
			return o->export + strlen(names[i]);
		}
	return NULL;
}

/* Not a view: its lines are all records, those that are no calls as well. */
static int export_records(struct analysis *a, const char *to, struct records_form *form, struct err *err)
{
	const struct options *o = a->options;
	struct records_told told;
	int rc;

	if (a->filter || a->wanted || o->by || o->hist_given || o->sequence || o->timeline || o->flame || o->html)
		return err_set(err, EINVAL, "--export %s is the whole capture, and nothing else at once",
			form->json ? "records:FILE" : "capture:FILE");
	rc = o->anonymize ? hide_open(&form->hide, o->anonymize, err) : 0;
	if (rc)
		return rc;
	rc = records_export(a->path, to, form, &told, err);
	hide_close(form->hide);
	if (!rc && told.unknown)
		fprintf(stderr,
			"ioriot: %s: %" PRIu64 " records are of a later version and left out: what in them is a "
			"name is not known\n",
			a->path, told.unknown);
	a->whole = (struct events_totals){.records = told.records, .lost = told.lost, .malformed = told.malformed,
		.cut = told.cut};
	memcpy(a->whole.first_malformed, told.first_malformed, sizeof(told.first_malformed));
	a->ending = (struct ending){.totals = &a->whole, .capture = a->path};
	return rc;
}

/* Reads the capture of A through. Its views are made by MAKE. */
static int read_through(struct analysis *a, int (*make)(struct analysis *a, struct err *err), struct err *err)
{
	int rc = events_open(&a->events, a->path, err);

	if (!rc && layer_list_has_events(&a->options->layers))
		events_name_inodes(a->events);
	if (!rc && a->options->names)
		rc = events_names_from(a->events, a->options->names, err);
	if (!rc)
		rc = make(a, err);
	if (rc)
		return rc;
	progress_start(&a->progress, "analyse", a->options->quiet);
	rc = pass(a, err);
	progress_end(&a->progress);
	a->ending = (struct ending){.events = a->events, .totals = events_totals(a->events), .chosen = a->chosen,
		.filter = a->options->filter ? a->options->filter : a->options->only_ops, .capture = a->path,
		.colour = terminal_colour(a->options->colour, STDOUT_FILENO)};
	return rc;
}

static int make_html(struct analysis *a, struct err *err)
{
	struct view *v = NULL;
	int rc = view_html(&v, a->options->fields, a->options->weight, err);

	append(a, v);
	return rc;
}

/* Behind what else was asked: the view of the page is the last one. */
static int make_all(struct analysis *a, struct err *err)
{
	const struct options *o = a->options;
	bool others = o->by || o->hist_given || o->sequence || o->timeline || o->export || o->flame;
	int rc = 0;

	if (!o->html || others)
		rc = make_views(a, err);
	return rc || !o->html ? rc : make_html(a, err);
}

static struct view *last_view(const struct analysis *a)
{
	struct view *v = a->views;

	while (v->next)
		v = v->next;
	return v;
}

static int write_html(const struct analysis a[2], json_t *replay, struct err *err)
{
	struct view *sides[2] = {last_view(&a[0]), a[1].views ? last_view(&a[1]) : NULL};

	return html_write(a->options->html, sides, (struct ending[2]){a[0].ending, a[1].ending}, sides[1] ? 2 : 1,
		replay, err);
}

static int one(struct analysis a[2], struct buf *out, struct err *err)
{
	int rc = a->options->sort != SORT_TIME && !a->options->by
			 ? err_set(err, EINVAL, "--sort is the order of what --by shows")
			 : read_through(a, make_all, err);

	if (!rc)
		rc = finish(a, out, err);
	return rc || !a->options->html ? rc : write_html(a, NULL, err);
}

static int make_contrast(struct analysis *a, struct err *err)
{
	struct view *v = NULL;
	int rc = view_contrast(&v, a->options->by, err);

	append(a, v);
	return rc || !a->options->html ? rc : make_html(a, err);
}

/* Operations and files, whichever are shown: what the statistics have. */
static int make_replay_contrast(struct analysis *a, struct err *err)
{
	struct view *v = NULL;
	int rc = view_contrast(&v, NULL, err);

	append(a, v);
	return rc || !a->options->html ? rc : make_html(a, err);
}

static int against_replay(struct analysis a[2], struct buf *out, struct err *err)
{
	const struct options *o = a->options;
	const char *file = a[1].path;
	json_t *page = NULL;
	int rc;

	if (a->filter || a->wanted)
		return err_set(err, EINVAL, "-E and -F mean nothing to the statistics of a replay, %s", file);
	rc = read_through(a, make_replay_contrast, err);
	if (!rc)
		rc = contrast_replay(a->views, &a->ending, file, o->by, top_of(o), out, o->html ? &page : NULL, err);
	return rc || !o->html ? rc : write_html(a, page, err);
}

static int replay_alone(const struct analysis *a, struct buf *out, struct err *err)
{
	const struct options *o = a->options;

	if (a->filter || a->wanted || o->hist_given || o->sequence || o->timeline || o->export || o->flame || o->html)
		return err_set(err, EINVAL, "of the statistics of a replay, %s, -a shows --by op and --by file; "
			"the rest needs its capture", a->path);
	return contrast_alone(a->path, o->by, top_of(o), terminal_colour(o->colour, STDOUT_FILENO), out, err);
}

static int run(struct analysis a[2], struct buf *out, struct err *err)
{
	const struct options *o = a->options;
	struct records_form form = {0};
	const char *to = records_target(o, &form);
	int rc;

	if (to)
		return export_records(a, to, &form, err);
	if (!a[1].path)
		return contrast_is_statistics(a->path) ? replay_alone(a, out, err) : one(a, out, err);
	if (contrast_is_statistics(a[0].path))
		return err_set(err, EINVAL, "%s is no capture; --compare compares statistics of replays", a[0].path);
	if (contrast_is_statistics(a[1].path))
		return against_replay(a, out, err);
	rc = read_through(&a[0], make_contrast, err);
	if (!rc)
		rc = read_through(&a[1], make_contrast, err);
	if (!rc)
		rc = contrast_print((struct view *[2]){a[0].views, a[1].views},
			(struct ending[2]){a[0].ending, a[1].ending}, top_of(o), out, err);
	return rc || !o->html ? rc : write_html(a, NULL, err);
}

static int print(const struct buf *out, struct err *err)
{
	if (!buf_ok(out))
		return err_sys(err, ENOMEM, "cannot print");
	if (out->len)
		fwrite(out->p, 1, out->len, stdout);
	fflush(stdout); /* before what standard error has to say; main() looks for failures */
	return 0;
}

static void analysis_free(struct analysis *a)
{
	struct view *v, *next;

	for (v = a->views; v; v = next) {
		next = v->next;
		v->ops->free(v);
	}
	events_close(a->events);
}

/* Says what is missing in the captures; true when something is. */
static bool incomplete(const struct analysis a[2])
{
	bool is = false;
	unsigned i;

	for (i = 0; i < 2; i++) {
		if (!a[i].ending.totals)
			continue;
		warn(&a[i].ending);
		is |= ending_incomplete(&a[i].ending);
	}
	return is;
}

int analyse_command(const struct options *o)
{
	struct analysis a[2] = {{.options = o, .path = o->analyse}, {.options = o}};
	struct filter *filter = NULL;
	bool wanted[OP_COUNT];
	struct buf out = BUF_INIT;
	struct err err = {0};
	unsigned i;
	int rc = o->filter ? filter_parse(&filter, o->filter, &err) : 0;

	if (!rc && o->only_ops)
		rc = words_choose(wanted, o->only_ops, "-E", &err);
	if (o->operands_count)
		a[1].path = o->operands[0];
	for (i = 0; i < 2; i++) {
		a[i].filter = filter;
		a[i].wanted = o->only_ops ? wanted : NULL;
		a[i].last = &a[i].views;
	}
	if (!rc)
		rc = run(a, &out, &err);
	if (!rc)
		rc = print(&out, &err);
	if (rc)
		fprintf(stderr, "ioriot: %s\n", err.text);
	rc = rc == -EINVAL ? EXIT_USAGE : rc ? EXIT_FAILED : incomplete(a) ? EXIT_DIVERGED : EXIT_DONE;
	analysis_free(&a[0]);
	analysis_free(&a[1]);
	filter_free(filter);
	buf_free(&out);
	return rc;
}
