/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "datas/json_parts.h"
#include "replay/stats.h"

/* Statistics of one run for programs. */

static json_t *result(int64_t value)
{
	struct buf b = BUF_INIT;
	json_t *j;

	if (value >= 0)
		return json_integer(value);
	stats_put_result(&b, value);
	j = buf_ok(&b) ? json_stringn(b.p, b.len) : NULL;
	buf_free(&b);
	return j;
}

static json_t *quantiles(const struct hist *h)
{
	json_t *j = json_object();

	json_put(&j, "count", json_number(h->count));
	json_put(&j, "sum", json_number(h->sum));
	json_put(&j, "min", json_number(h->min));
	json_put(&j, "p50", json_number(hist_quantile(h, 0.5)));
	json_put(&j, "p90", json_number(hist_quantile(h, 0.9)));
	json_put(&j, "p99", json_number(hist_quantile(h, 0.99)));
	json_put(&j, "p999", json_number(hist_quantile(h, 0.999)));
	json_put(&j, "max", json_number(h->max));
	return j;
}

static json_t *one_op(const struct stats *s, int i)
{
	const struct op_result *r = &s->op[i].result;
	json_t *j = json_object();

	json_put(&j, "name", json_string(ops[i].name));
	json_put(&j, "family", json_string(op_family_names[ops[i].family]));
	json_put(&j, "class", json_string(op_class_names[ops[i].cls]));
	json_put(&j, "count", json_number(r->latency.count));
	json_put(&j, "errors", json_number(r->errors));
	json_put(&j, "divergences", json_number(r->diverged));
	json_put(&j, "not_issued", json_number(s->op[i].skipped));
	json_put(&j, "bytes", json_number(r->bytes));
	json_put(&j, "wait_ns", json_number(r->wait_ns));
	json_put(&j, "pace_ns", json_number(r->pace_ns));
	json_put(&j, "captured_ns", quantiles(&s->program->captured[i]));
	json_put(&j, "replayed_ns", quantiles(&r->latency));
	return j;
}

static json_t *all_ops(const struct stats *s)
{
	json_t *array = json_array();
	int i;

	for (i = 0; i < OP_COUNT; i++)
		if (s->op[i].result.latency.count || s->op[i].skipped)
			json_append(&array, one_op(s, i));
	return array;
}

static json_t *all_iocbs(const struct stats *s)
{
	json_t *array = json_array(), *j;
	int i;

	for (i = 0; i < AIO_KINDS; i++) {
		const struct aio_result *r = &s->aio[i];

		if (!r->latency.count)
			continue;
		j = json_object();
		json_put(&j, "kind", json_string(aio_kind_names[i]));
		json_put(&j, "count", json_number(r->latency.count));
		json_put(&j, "errors", json_number(r->errors));
		json_put(&j, "divergences", json_number(r->diverged));
		json_put(&j, "bytes", json_number(r->bytes));
		json_put(&j, "captured_ns", quantiles(&s->program->captured_aio[i]));
		json_put(&j, "replayed_ns", quantiles(&r->latency));
		json_append(&array, j);
	}
	return array;
}

static void put_first(json_t **j, const struct divergence *d)
{
	json_put(j, "operation", json_string(ops[d->op].name));
	json_put(j, "count", json_number(d->count));
	json_put(j, "expected", result(d->expected));
	json_put(j, "got", result(d->got));
	json_put(j, "first_replay_line", json_number(d->index + 2));
	json_put(j, "first_capture_line", json_number(d->label));
}

static json_t *all_divergences(const struct stats *s)
{
	json_t *array = json_array(), *j;
	uint32_t i;

	for (i = 0; i < s->divergences.n; i++) {
		const struct divergence *d = &s->divergences.v[i];

		j = json_object();
		put_first(&j, d);
		json_put(&j, "descriptor_not_open", json_boolean(d->no_fd));
		json_append(&array, j);
	}
	return array;
}

static json_t *all_explained(const struct stats *s)
{
	json_t *array = json_array(), *j;
	int i;

	for (i = 0; i < EXPLAINED_COUNT; i++) {
		const struct divergence *d = &s->explained.v[i];

		if (!d->count)
			continue;
		j = json_object();
		json_put(&j, "class", json_string(explained_classes[i].name));
		json_put(&j, "why", json_string(explained_classes[i].text));
		put_first(&j, d);
		json_append(&array, j);
	}
	return array;
}

static json_t *all_skipped(const struct stats *s)
{
	json_t *array = json_array(), *j;
	int op, reason;

	for (op = 0; op < OP_COUNT; op++)
		for (reason = SKIP_STATE + 1; reason < SKIP_COUNT; reason++) {
			if (!s->op[op].result.skipped[reason])
				continue;
			j = json_object();
			json_put(&j, "operation", json_string(ops[op].name));
			json_put(&j, "count", json_number(s->op[op].result.skipped[reason]));
			json_put(&j, "reason", json_string(skip_reasons[reason]));
			json_append(&array, j);
		}
	return array;
}

static json_t *all_disks(const struct host_sample *h)
{
	json_t *array = json_array(), *j;
	size_t i;

	for (i = 0; i < h->ndisks; i++) {
		const struct disk_sample *d = &h->disk[i];

		if (!d->found)
			continue;
		j = json_object();
		json_put(&j, "name", json_text(d->name));
		json_put(&j, "major", json_number(d->major));
		json_put(&j, "minor", json_number(d->minor));
		json_put(&j, "reads", json_number(d->reads));
		json_put(&j, "read_bytes", json_number(d->read_sectors * 512));
		json_put(&j, "read_ms", json_number(d->read_ms));
		json_put(&j, "writes", json_number(d->writes));
		json_put(&j, "write_bytes", json_number(d->write_sectors * 512));
		json_put(&j, "write_ms", json_number(d->write_ms));
		json_put(&j, "busy_ms", json_number(d->busy_ms));
		json_append(&array, j);
	}
	return array;
}

static json_t *time_spent(const struct stats *s)
{
	json_t *j = json_object();

	json_put(&j, "calls", json_seconds(s->call_ns));
	json_put(&j, "calls_captured", json_seconds(s->captured_ns));
	json_put(&j, "ordering", json_seconds(s->wait_ns));
	json_put(&j, "pacing", json_seconds(s->pace_ns));
	return j;
}

static json_t *lateness(const struct moment *m, const struct tally *before)
{
	uint64_t n = m->so_far.late_count - before->late_count;
	json_t *j = json_object();

	json_put(&j, "count", json_number(n));
	json_put(&j, "mean", json_number(n ? (m->so_far.late_sum - before->late_sum) / n : 0));
	json_put(&j, "max", json_number(m->late_max));
	return j;
}

static json_t *one_moment(const struct moment *m, const struct moment *before, bool paced, bool warmup)
{
	const struct tally *a = &before->so_far, *b = &m->so_far;
	double length = (double)(m->ns - before->ns) / 1e9;
	json_t *j = json_object();

	json_put(&j, "end", json_seconds(m->ns));
	json_put(&j, "seconds", json_real(length));
	json_put(&j, "operations", json_number(b->ops - a->ops));
	json_put(&j, "operations_per_second", json_real(length > 0 ? (double)(b->ops - a->ops) / length : 0));
	json_put(&j, "read_mb_per_second",
		json_real(length > 0 ? (double)(b->read - a->read) / 1e6 / length : 0));
	json_put(&j, "written_mb_per_second",
		json_real(length > 0 ? (double)(b->written - a->written) / 1e6 / length : 0));
	json_put(&j, "warmup", json_boolean(warmup));
	json_put(&j, "errors", json_number(b->errors - a->errors));
	json_put(&j, "divergences", json_number(b->diverged - a->diverged));
	json_put(&j, "lateness_ns", paced ? lateness(m, a) : json_null());
	return j;
}

static json_t *timeline(const struct stats *s)
{
	static const struct moment start;
	const struct moment *before = &start;
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < s->timeline.moments.n; i++) {
		const struct moment *m = &s->timeline.moments.v[i];

		json_append(&array, one_moment(m, before, pace_kind_of(s->options) != PACE_NONE, m->ns <= s->warm_ns));
		before = m;
	}
	return array;
}

static json_t *host(const struct stats *s)
{
	json_t *j = json_object(), *cpu = json_object(), *psi = json_object();
	long hz = sysconf(_SC_CLK_TCK);
	int i;

	for (i = 0; i < CPU_FIELDS && s->host.has_cpu; i++)
		json_put(&cpu, cpu_field_names[i],
			json_real((double)s->host.cpu[i] / (double)hz));
	for (i = 0; i < PSI_KINDS; i++)
		if (s->host.psi[i].found)
			json_put(&psi, psi_kind_names[i],
				json_pack("{s:I,s:I}", "some_us", (json_int_t)s->host.psi[i].some_us,
					"full_us", (json_int_t)s->host.psi[i].full_us));
	json_put(&j, "highest_loadavg", json_real(s->loadavg));
	json_put(&j, "cpu_seconds", cpu);
	json_put(&j, "pressure", psi);
	json_put(&j, "disks", all_disks(&s->host));
	return j;
}

static json_t *amount(const struct amount *a)
{
	json_t *j;

	if (!a->ns && !a->ops)
		return json_null();
	j = json_object();
	if (a->ns)
		json_put(&j, "seconds", json_seconds(a->ns));
	else
		json_put(&j, "operations", json_number(a->ops));
	return j;
}

static json_t *settings(const struct stats *s)
{
	static const char *const orders[] = {"resource", "strict", "thread"};
	static const char *const paces[] = {"none", "times", "think"};
	const struct options *o = s->options;
	enum pace_kind pace = pace_kind_of(o);
	json_t *j = json_object();

	json_put(&j, "scale", json_number(s->ncopies));
	json_put(&j, "processes", json_number(o->processes));
	json_put(&j, "threads", json_number(o->threads));
	json_put(&j, "order", json_string(orders[o->order]));
	json_put(&j, "speed", json_real(pace == PACE_NONE ? 0 : pace_speed_of(o)));
	json_put(&j, "pace", json_string(paces[pace]));
	json_put(&j, "user", json_text(s->user));
	json_put(&j, "limit", amount(&o->limit));
	json_put(&j, "warmup", amount(&o->warmup));
	json_put(&j, "landlock", json_number((uint64_t)s->landlock));
	return j;
}

static json_t *selection(const struct stats *s)
{
	static const char *const keys[STAY_COUNT] = {
		"stay_descriptor", "stay_place", "stay_length", "stay_effect"};
	const struct selection *c = &s->program->selection;
	json_t *j;
	int i;

	if (!c->out)
		return json_null();
	j = json_object();
	json_put(&j, "only", s->options->only ? json_text(s->options->only) : json_null());
	json_put(&j, "skip", s->options->skip ? json_text(s->options->skip) : json_null());
	json_put(&j, "left_out", json_number(c->left_out));
	json_put(&j, "closes_left_out", json_number(c->dependent));
	for (i = 0; i < STAY_COUNT; i++)
		json_put(&j, keys[i], json_number(c->stay[i]));
	return j;
}

static json_t *warmup(const struct stats *s)
{
	json_t *j;

	if (!s->warm_ns)
		return json_null();
	j = json_object();
	json_put(&j, "seconds", json_seconds(s->warm_ns));
	json_put(&j, "operations", json_number(s->warm_ops));
	return j;
}

/*
 * What tells replays apart: how often each operation occurs, and how long it took when it was captured. The
 * file itself is not hashed, which would take as long as loading it.
 */
static json_t *replay(const struct program *p)
{
	json_t *j = json_object();
	uint64_t hash = 0, numbers[2];
	char hex[17];
	int i;

	for (i = 0; i < OP_COUNT; i++) {
		if (!p->captured[i].count)
			continue;
		numbers[0] = p->captured[i].count;
		numbers[1] = p->captured[i].sum;
		hash = hash_bytes(ops[i].name, strlen(ops[i].name), hash);
		hash = hash_bytes(numbers, sizeof(numbers), hash);
	}
	snprintf(hex, sizeof(hex), "%016" PRIx64, hash);
	json_put(&j, "id", json_text(p->id));
	json_put(&j, "operations", json_number(p->ops - p->states));
	json_put(&j, "hash", json_string(hex));
	return j;
}

/* With --by=file. */
static json_t *all_files(const struct stats *s)
{
	uint32_t *order, n, i;
	json_t *array, *j;

	if (!s->files)
		return json_null();
	order = stats_files(s, &n);
	array = order ? json_array() : NULL;
	for (i = 0; order && i < n; i++) {
		const struct file_result *f = &s->files[order[i]];
		const char *name = s->program->files.names[order[i]];

		j = json_object();
		json_put(&j, "name", name ? json_text(name) : json_null());
		json_put(&j, "files", json_number(order[i] == FILE_OTHERS ? s->program->files.others : name != NULL));
		json_put(&j, "count", json_number(f->latency.count));
		json_put(&j, "errors", json_number(f->errors));
		json_put(&j, "divergences", json_number(f->diverged));
		json_put(&j, "bytes_read", json_number(f->read));
		json_put(&j, "bytes_written", json_number(f->written));
		json_put(&j, "captured_ns", quantiles(&s->program->files.captured[order[i]]));
		json_put(&j, "replayed_ns", quantiles(&f->latency));
		json_append(&array, j);
	}
	free(order);
	return array;
}

static void put_counts(json_t **j, const struct stats *s)
{
	json_put(j, "operations", json_number(s->ops));
	json_put(j, "operations_per_second", json_real(stats_rate(s)));
	json_put(j, "seconds", json_real((double)s->ns / 1e9));
	json_put(j, "bytes_read", json_number(s->bytes[CLS_READ]));
	json_put(j, "bytes_written", json_number(s->bytes[CLS_WRITE]));
	json_put(j, "errors", json_number(s->errors));
	json_put(j, "divergences", json_number(s->diverged));
	json_put(j, "explained", json_number(explanations_count(&s->explained)));
	json_put(j, "not_issued", json_number(s->skipped));
	json_put(j, "waits", json_number(s->waits));
	json_put(j, "wait_seconds", json_real((double)s->wait_ns / 1e9));
}

/* What each copy did; the rest is of all together. */
static json_t *all_copies(const struct stats *s)
{
	json_t *array, *j;
	struct hist *all;
	uint32_t i;

	if (!s->copies)
		return json_null();
	array = json_array();
	for (i = 0; i < s->ncopies; i++) {
		const struct stats *c = &s->copies[i];

		all = stats_latency(c);
		j = all ? json_object() : NULL;
		json_put(&j, "copy", json_number(i + 1));
		json_put(&j, "directory", json_text(s->program->copies[i].trees.dir));
		put_counts(&j, c);
		json_put(&j, "replayed_ns", all ? quantiles(all) : NULL);
		json_put(&j, "by_operation", all_ops(c));
		json_put(&j, "divergence_kinds", all_divergences(c));
		json_append(&array, j);
		free(all);
	}
	return array;
}

json_t *stats_json(const struct stats *s)
{
	json_t *j = json_object();

	json_put(&j, "schema", json_number(STATS_SCHEMA));
	json_put(&j, "test", json_text(s->program->trees.name));
	json_put(&j, "file", json_text(s->program->file));
	json_put(&j, "complete", json_boolean(!s->incomplete[0]));
	json_put(&j, "incomplete", s->incomplete[0] ? json_text(s->incomplete) : json_null());
	json_put(&j, "replay", replay(s->program));
	json_put(&j, "selection", selection(s));
	json_put(&j, "ended_by_limit", json_boolean(s->limited));
	json_put(&j, "warmup", warmup(s));
	json_put(&j, "settings", settings(s));
	json_put(&j, "workers", json_number(s->workers));
	json_put(&j, "threads_per_worker", json_number(s->threads_max));
	json_put(&j, "threads_total", json_number(s->threads));
	put_counts(&j, s);
	json_put(&j, "captured_seconds", json_real((double)s->program->span / 1e9));
	json_put(&j, "seconds_ahead", json_real(stats_seconds_ahead(s)));
	json_put(&j, "thread_seconds", time_spent(s));
	json_put(&j, "chown_to_own", json_boolean(s->chown_own));
	json_put(&j, "lateness_ns",
		pace_kind_of(s->options) != PACE_NONE ? quantiles(&s->late) : json_null());
	json_put(&j, "by_operation", all_ops(s));
	json_put(&j, "by_iocb", all_iocbs(s));
	json_put(&j, "by_file", all_files(s));
	json_put(&j, "divergence_kinds", all_divergences(s));
	json_put(&j, "divergences_of_other_kinds", json_number(s->divergences.others));
	json_put(&j, "explained_kinds", all_explained(s));
	json_put(&j, "not_issued_kinds", all_skipped(s));
	json_put(&j, "copies", all_copies(s));
	json_put(&j, "timeline", timeline(s));
	json_put(&j, "host", host(s));
	return j;
}
