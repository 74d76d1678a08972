/* SPDX-License-Identifier: Apache-2.0 */
#include "compare/compare_command.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "trace/side.h"
#include "datas/json_parts.h"
#include "datas/shift.h"
#include "datas/spread.h"
#include "ops/ops.h"
#include "trace/outfile.h"

/*
 * Differences are ratios: the logarithms of both sides' values are compared, and what comes out is raised
 * to a ratio again. A value that is 0 has none, and is left out with its quantity.
 */
struct difference {
	double a, b; /* medians */
	size_t na, nb;
	struct shift ratio; /* b / a */
	bool there; /* both have values */
	enum shift_verdict verdict;
};
static const char *const verdicts[] = {"too few runs to say", "no difference found", "less", "more"};

/* What is compared: a number of a run, or of one of its operations. */
struct quantity {
	const char *name;   /* "seconds" or the operation's */
	const char *object; /* in the operation: "replayed_ns"; NULL for those of a run */
	const char *key;    /* in that */
	bool mean;	    /* "sum" / "count" instead of KEY */
};

static bool value_of(const struct side *s, size_t run, const struct quantity *q, double *out)
{
	const json_t *j;
	double count;

	if (!q->object)
		return side_number(s->runs.v[run], q->key, out);
	j = json_object_get(side_operation(s, run, q->name), q->object);
	if (!q->mean)
		return side_number(j, q->key, out);
	if (!side_number(j, "sum", out) || !side_number(j, "count", &count) || count < 1)
		return false;
	*out /= count;
	return true;
}

/* The logarithms of a quantity in all runs, or 0 when it is not there, or not above 0, in all. */
static size_t values_of(const struct side *s, const struct quantity *q, double *v, double *median)
{
	size_t i;

	for (i = 0; i < s->runs.n; i++)
		if (!value_of(s, i, q, &v[i]) || v[i] <= 0)
			return 0;
	*median = spread_of(v, s->runs.n).median;
	for (i = 0; i < s->runs.n; i++)
		v[i] = log(v[i]);
	return s->runs.n;
}

static int compare(const struct side *a, const struct side *b, const struct quantity *q, struct difference *d)
{
	double *v = calloc(a->runs.n + b->runs.n, sizeof(*v));
	int rc = 0;

	*d = (struct difference){0};
	if (!v)
		return -ENOMEM;
	d->na = values_of(a, q, v, &d->a);
	d->nb = values_of(b, q, v + a->runs.n, &d->b);
	if (d->na && d->nb) {
		rc = shift_ratio(v, d->na, v + a->runs.n, d->nb, &d->ratio);
		d->verdict = shift_verdict(&d->ratio);
		d->there = true;
	}
	free(v);
	return rc;
}

/* ---- telling ---- */

struct telling {
	const struct side *a, *b;
	struct buf text;
	json_t *json; /* of this pair */
	json_t *quantities;
	bool failed;
};

static json_t *difference_json(const struct quantity *q, const struct difference *d)
{
	json_t *j = json_object();

	json_put(&j, "quantity", json_string(q->object ? (q->mean ? "mean_ns" : q->key) : q->key));
	json_put(&j, "operation", q->object ? json_string(q->name) : json_null());
	json_put(&j, "a", json_real(d->a));
	json_put(&j, "b", json_real(d->b));
	json_put(&j, "ratio", json_real(d->ratio.estimate));
	json_put(&j, "low", d->ratio.interval ? json_real(d->ratio.low) : json_null());
	json_put(&j, "high", d->ratio.interval ? json_real(d->ratio.high) : json_null());
	json_put(&j, "confidence", d->ratio.interval ? json_real(d->ratio.confidence) : json_null());
	json_put(&j, "verdict", json_string(verdicts[d->verdict]));
	return j;
}

static void tell(struct telling *t, const struct quantity *q, const char *unit, double scale, struct difference *d)
{
	char interval[48] = "-";

	if (compare(t->a, t->b, q, d)) {
		t->failed = true;
		return;
	}
	if (!d->there)
		return;
	if (d->ratio.interval)
		snprintf(interval, sizeof(interval), "%.4f to %.4f", d->ratio.low, d->ratio.high);
	buf_addf(&t->text, "\t%-22s %-9s %14.6g %14.6g %9.4f  %-20s %s\n", q->name, unit, d->a / scale, d->b / scale,
		d->ratio.estimate, interval, verdicts[d->verdict]);
	json_append(&t->quantities, difference_json(q, d));
}

static void tell_operation(struct telling *t, const char *name)
{
	static const struct {
		const char *key, *unit;
	} of[] = {{NULL, "mean, us"}, {"p50", "p50, us"}, {"p99", "p99, us"}};
	struct difference d;
	size_t i;

	for (i = 0; i < sizeof(of) / sizeof(*of); i++)
		tell(t, &(struct quantity){name, "replayed_ns", of[i].key, !of[i].key}, of[i].unit, 1000, &d);
}

/* The sentence that most have come for. */
static void tell_result(struct telling *t, const struct difference *d)
{
	const struct shift *r = &d->ratio;
	double part = 100 * (r->estimate - 1);

	if (!d->there) {
		buf_puts(&t->text, "Nothing to compare.\n");
		return;
	}
	switch (d->verdict) {
	case SHIFT_TOO_FEW:
		buf_addf(&t->text,
			"%zu and %zu runs are too few to tell a difference from chance: 4 and 4 are enough "
			"(-R --repeat=4).\n",
			d->na, d->nb);
		break;
	case SHIFT_NONE:
		buf_addf(&t->text,
			"No difference found in operations per second; one of more than %.1f %% is ruled out "
			"(%.1f %% confidence).\n",
			100 * fmax(fabs(r->low - 1), fabs(r->high - 1)), 100 * r->confidence);
		break;
	case SHIFT_LESS:
	case SHIFT_MORE:
		buf_addf(&t->text, "%s makes %.1f %% %s operations per second (%.1f %% confidence: %.1f to %.1f %%).\n",
			t->b->file, fabs(part), d->verdict == SHIFT_LESS ? "fewer" : "more", 100 * r->confidence,
			100 * fmin(fabs(r->low - 1), fabs(r->high - 1)),
			100 * fmax(fabs(r->low - 1), fabs(r->high - 1)));
		break;
	}
}

static void note(struct telling *t, const struct side *s)
{
	if (s->incomplete)
		buf_addf(&t->text, "%s: %zu runs are incomplete and left out.\n", s->file, s->incomplete);
	if (s->diverged > 0)
		buf_addf(&t->text, "%s: up to %.0f divergences in a run: it did not do what was captured.\n", s->file,
			s->diverged);
}

/* Replays that were run differently may well be meant to be; it is only said. */
static void note_settings(struct telling *t)
{
	json_t *a = json_object_get(t->a->runs.v[0], "settings"), *b = json_object_get(t->b->runs.v[0], "settings");
	const char *key;
	json_t *own;

	json_object_foreach(a, key, own)
	{
		const json_t *other = json_object_get(b, key);
		char *x, *y;

		if (json_equal(own, other))
			continue;
		x = json_dumps(own, JSON_ENCODE_ANY | JSON_ENSURE_ASCII | JSON_COMPACT);
		y = json_dumps(other, JSON_ENCODE_ANY | JSON_ENSURE_ASCII | JSON_COMPACT);
		buf_addf(&t->text, "Settings differ: %.40s is %.200s and %.200s.\n", key, x ? x : "missing",
			y ? y : "missing");
		free(x);
		free(y);
	}
}

static void tell_pair(struct telling *t)
{
	static const struct quantity totals[] = {{"operations per second", NULL, "operations_per_second", false},
		{"seconds", NULL, "seconds", false}, {"waiting for threads", NULL, "wait_seconds", false}};
	struct difference rate = {0}, d;
	size_t i;

	buf_addf(&t->text, "%s (%zu runs) and %s (%zu runs)\n", t->a->file, t->a->runs.n, t->b->file, t->b->runs.n);
	note(t, t->a);
	note(t, t->b);
	note_settings(t);
	buf_addf(&t->text, "\t%-22s %-9s %14s %14s %9s  %-20s\n", "", "", "first", "second", "ratio", "95 % interval");
	tell(t, &totals[0], "", 1, &rate);
	for (i = 1; i < sizeof(totals) / sizeof(*totals); i++)
		if (!t->a->limited && !t->b->limited)
			tell(t, &totals[i], "s", 1, &d);
	for (i = 0; i < OP_COUNT; i++)
		tell_operation(t, ops[i].name);
	tell_result(t, &rate);
	t->json = json_object();
	json_put(&t->json, "a", json_text(t->a->file));
	json_put(&t->json, "b", json_text(t->b->file));
	json_put(&t->json, "runs_a", json_number(t->a->runs.n));
	json_put(&t->json, "runs_b", json_number(t->b->runs.n));
	json_put(&t->json, "verdict", json_string(rate.there ? verdicts[rate.verdict] : ""));
	json_put(&t->json, "quantities", t->quantities);
}

/* ---- the command ---- */

static int comparable(const struct side *a, const struct side *b, struct err *err)
{
	if (strcmp(a->id, b->id) != 0)
		return err_set(err, EINVAL, "%s and %s are of different replays and cannot be compared", a->file,
			b->file);
	if (strcmp(a->hash, b->hash) != 0)
		return err_set(err, EINVAL,
			"%s and %s are of different operations (%lld and %lld) of one replay and cannot be compared",
			a->file, b->file, (long long)a->operations, (long long)b->operations);
	return 0;
}

static int compare_pair(const struct options *o, const struct side *a, const struct side *b, json_t **all,
	struct err *err)
{
	struct telling t = {.a = a, .b = b, .quantities = json_array()};
	int rc = comparable(a, b, err);

	if (rc) {
		json_decref(t.quantities);
		return rc;
	}
	tell_pair(&t);
	if (t.failed || !buf_ok(&t.text) || !t.json)
		rc = err_sys(err, ENOMEM, "cannot compare");
	else if (!o->quiet)
		fwrite(t.text.p, 1, t.text.len, stdout);
	json_append(all, t.json);
	buf_free(&t.text);
	return rc;
}

static int compare_all(const struct options *o, struct side *sides, json_t **all, struct err *err)
{
	size_t i;
	int rc = side_open(&sides[0], o->compare, err);

	for (i = 1; rc == 0 && i <= o->operands_count; i++) {
		rc = side_open(&sides[i], o->operands[i - 1], err);
		if (rc == 0)
			rc = compare_pair(o, &sides[0], &sides[i], all, err);
	}
	return rc;
}

static int write_json(const struct options *o, json_t *all, struct err *err)
{
	struct buf text = BUF_INIT;
	json_t *j = json_object();
	int rc;

	json_put(&j, "schema", json_number(STATS_SCHEMA));
	json_put(&j, "comparisons", all);
	rc = json_write(j, &text);
	rc = rc ? err_sys(err, -rc, "%s", o->json) : outfile_put(o->json, buf_as_str(&text), err);
	buf_free(&text);
	return rc;
}

int compare_command(const struct options *o)
{
	struct side *sides = calloc(o->operands_count + 1, sizeof(*sides));
	json_t *all = json_array();
	struct err err = {0};
	size_t i;
	int rc = sides ? compare_all(o, sides, &all, &err) : err_sys(&err, ENOMEM, "cannot compare");

	if (rc == 0 && o->json)
		rc = write_json(o, all, &err);
	else
		json_decref(all);
	if (rc)
		fprintf(stderr, "ioriot: %s\n", err.text);
	for (i = 0; sides && i <= o->operands_count; i++)
		side_close(&sides[i]);
	free(sides);
	return rc ? EXIT_FAILED : EXIT_DONE;
}
