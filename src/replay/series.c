/* SPDX-License-Identifier: Apache-2.0 */
#include "replay/series.h"

#include <errno.h>
#include <inttypes.h>

#include "datas/spread.h"
#include "datas/json_parts.h"

struct stats *series_room(struct series *s, bool warmup)
{
	if (!warmup)
		return vec_push(s);
	stats_free(&s->warmup);
	s->warmup = (struct stats){0};
	return &s->warmup;
}

void series_drop(struct series *s, bool warmup)
{
	s->n -= !warmup;
}

void series_free(struct series *s)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		stats_free(&s->v[i]);
	stats_free(&s->warmup);
	free(s->v);
}

/* ---- what is told of all runs ---- */

static double per_second(const struct stats *s, uint64_t n)
{
	return s->ns ? (double)n * 1e9 / (double)s->ns : 0;
}

static double run_seconds(const struct stats *s)
{
	return (double)s->ns / 1e9;
}

static double run_read(const struct stats *s)
{
	return per_second(s, s->bytes[CLS_READ]) / 1e6;
}

static double run_written(const struct stats *s)
{
	return per_second(s, s->bytes[CLS_WRITE]) / 1e6;
}

static double run_calls(const struct stats *s)
{
	return (double)s->call_ns / 1e9;
}

static double run_ordering(const struct stats *s)
{
	return (double)s->wait_ns / 1e9;
}

static double run_divergences(const struct stats *s)
{
	return (double)s->diverged;
}

static const struct measure {
	const char *key, *text;
	double (*of)(const struct stats *s);
} measures[] = {
	{"seconds", "seconds", run_seconds},
	{"operations_per_second", "operations/s", stats_rate},
	{"read_mb_per_second", "read, MB/s", run_read},
	{"written_mb_per_second", "written, MB/s", run_written},
	{"calls_seconds", "in calls, s", run_calls},
	{"ordering_seconds", "ordering, s", run_ordering},
	{"divergences", "divergences", run_divergences},
};
#define MEASURES (sizeof(measures) / sizeof(*measures))

/* Runs that were broken off say nothing about the others. */
static size_t complete_runs(const struct series *s)
{
	size_t i, n = 0;

	for (i = 0; i < s->n; i++)
		n += !s->v[i].incomplete[0];
	return n;
}

static struct spread measure(const struct series *s, const struct measure *m, double *room)
{
	size_t i, n = 0;

	for (i = 0; i < s->n; i++)
		if (!s->v[i].incomplete[0])
			room[n++] = m->of(&s->v[i]);
	return spread_of(room, n);
}

void series_overview(const struct series *s, struct buf *out)
{
	double *room = calloc(s->n + 1, sizeof(*room));
	size_t i, n = complete_runs(s);

	if (!room) {
		out->failed = true;
		return;
	}
	buf_addf(out, "%zu of %u runs of test '%s' are complete.\n", n, s->options->repeat,
		s->program->trees.name);
	if (n)
		buf_addf(out, "\t%-16s %14s %14s %14s %14s %14s\n", "", "median", "least", "quartile",
			"quartile", "most");
	for (i = 0; n && i < MEASURES; i++) {
		struct spread m = measure(s, &measures[i], room);

		buf_addf(out, "\t%-16s %14.6g %14.6g %14.6g %14.6g %14.6g\n", measures[i].text, m.median,
			m.min, m.q1, m.q3, m.max);
	}
	free(room);
}

void series_text(const struct series *s, struct buf *out)
{
	size_t i;

	if (s->options->repeat)
		series_overview(s, out);
	for (i = 0; i < s->n; i++) {
		if (s->options->repeat)
			buf_addf(out, "\nRun %zu of %u\n", i + 1, s->options->repeat);
		stats_text(&s->v[i], out);
	}
}

static json_t *json_spread(const struct spread *m)
{
	json_t *j = json_object();

	json_put(&j, "median", json_real(m->median));
	json_put(&j, "min", json_real(m->min));
	json_put(&j, "q1", json_real(m->q1));
	json_put(&j, "q3", json_real(m->q3));
	json_put(&j, "max", json_real(m->max));
	return j;
}

static json_t *summary(const struct series *s)
{
	double *room = calloc(s->n + 1, sizeof(*room));
	json_t *j = room ? json_object() : NULL;
	size_t i;

	for (i = 0; room && i < MEASURES; i++) {
		struct spread m = measure(s, &measures[i], room);

		json_put(&j, measures[i].key, json_spread(&m));
	}
	free(room);
	return j;
}

static json_t *whole(const struct series *s)
{
	json_t *j = json_object(), *runs = json_array();
	size_t i;

	for (i = 0; i < s->n; i++)
		json_append(&runs, stats_json(&s->v[i]));
	json_put(&j, "schema", json_number(STATS_SCHEMA));
	json_put(&j, "test", json_text(s->program->trees.name));
	json_put(&j, "file", json_text(s->program->file));
	json_put(&j, "complete", json_boolean(complete_runs(s) == s->options->repeat));
	json_put(&j, "repeat", json_number(s->options->repeat));
	json_put(&j, "warmup_runs", json_number(s->options->warmup.runs));
	json_put(&j, "summary", summary(s));
	json_put(&j, "runs", runs);
	return j;
}

int series_json(const struct series *s, struct buf *out)
{
	return json_write(s->options->repeat ? whole(s) : stats_json(&s->v[0]), out);
}
