/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <jansson.h>
#include <unistd.h>

#include "replay/stats.h"

/*
 * Statistics for programs. What could not be made is NULL, and so is all that it would be in: put() and
 * append() see to that, so that one look at the end is enough. jansson's functions take NULL.
 */

#define SCHEMA 1

static void put(json_t **object, const char *key, json_t *value)
{
	if (json_object_set_new(*object, key, value) == 0)
		return;
	json_decref(*object);
	*object = NULL;
}

static void append(json_t **array, json_t *value)
{
	if (json_array_append_new(*array, value) == 0)
		return;
	json_decref(*array);
	*array = NULL;
}

static json_t *number(uint64_t v)
{
	return json_integer((json_int_t)v);
}

static json_t *seconds(uint64_t ns)
{
	return json_real((double)ns / 1e9);
}

/* File names and host names may be any bytes; JSON takes UTF-8 only. */
static json_t *text(const char *s)
{
	json_t *j = json_string(s);
	struct buf b = BUF_INIT;

	if (j)
		return j;
	for (; *s; s++)
		if ((unsigned char)*s < 0x80)
			buf_char(&b, *s);
		else
			buf_addf(&b, "\\x%02x", (unsigned char)*s);
	j = buf_ok(&b) ? json_stringn(b.p, b.len) : NULL;
	buf_free(&b);
	return j;
}

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

	put(&j, "count", number(h->count));
	put(&j, "sum", number(h->sum));
	put(&j, "min", number(h->min));
	put(&j, "p50", number(hist_quantile(h, 0.5)));
	put(&j, "p90", number(hist_quantile(h, 0.9)));
	put(&j, "p99", number(hist_quantile(h, 0.99)));
	put(&j, "p999", number(hist_quantile(h, 0.999)));
	put(&j, "max", number(h->max));
	return j;
}

static json_t *one_op(const struct stats *s, int i)
{
	const struct op_result *r = &s->op[i].result;
	json_t *j = json_object();

	put(&j, "name", json_string(ops[i].name));
	put(&j, "family", json_string(op_family_names[ops[i].family]));
	put(&j, "class", json_string(op_class_names[ops[i].cls]));
	put(&j, "count", number(r->latency.count));
	put(&j, "errors", number(r->errors));
	put(&j, "divergences", number(r->diverged));
	put(&j, "not_issued", number(s->op[i].skipped));
	put(&j, "bytes", number(r->bytes));
	put(&j, "wait_ns", number(r->wait_ns));
	put(&j, "pace_ns", number(r->pace_ns));
	put(&j, "captured_ns", quantiles(&s->program->captured[i]));
	put(&j, "replayed_ns", quantiles(&r->latency));
	return j;
}

static json_t *all_ops(const struct stats *s)
{
	json_t *array = json_array();
	int i;

	for (i = 0; i < OP_COUNT; i++)
		if (s->op[i].result.latency.count || s->op[i].skipped)
			append(&array, one_op(s, i));
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
		put(&j, "kind", json_string(aio_kind_names[i]));
		put(&j, "count", number(r->latency.count));
		put(&j, "errors", number(r->errors));
		put(&j, "divergences", number(r->diverged));
		put(&j, "bytes", number(r->bytes));
		put(&j, "captured_ns", quantiles(&s->program->captured_aio[i]));
		put(&j, "replayed_ns", quantiles(&r->latency));
		append(&array, j);
	}
	return array;
}

static json_t *all_divergences(const struct stats *s)
{
	json_t *array = json_array(), *j;
	uint32_t i;

	for (i = 0; i < s->divergences.n; i++) {
		const struct divergence *d = &s->divergences.v[i];

		j = json_object();
		put(&j, "operation", json_string(ops[d->op].name));
		put(&j, "count", number(d->count));
		put(&j, "expected", result(d->expected));
		put(&j, "got", result(d->got));
		put(&j, "descriptor_not_open", json_boolean(d->no_fd));
		put(&j, "first_replay_line", number(d->index + 2));
		put(&j, "first_capture_line", number(d->label));
		append(&array, j);
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
			put(&j, "operation", json_string(ops[op].name));
			put(&j, "count", number(s->op[op].result.skipped[reason]));
			put(&j, "reason", json_string(skip_reasons[reason]));
			append(&array, j);
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
		put(&j, "name", text(d->name));
		put(&j, "major", number(d->major));
		put(&j, "minor", number(d->minor));
		put(&j, "reads", number(d->reads));
		put(&j, "read_bytes", number(d->read_sectors * 512));
		put(&j, "read_ms", number(d->read_ms));
		put(&j, "writes", number(d->writes));
		put(&j, "write_bytes", number(d->write_sectors * 512));
		put(&j, "write_ms", number(d->write_ms));
		put(&j, "busy_ms", number(d->busy_ms));
		append(&array, j);
	}
	return array;
}

static json_t *time_spent(const struct stats *s)
{
	json_t *j = json_object();

	put(&j, "calls", seconds(s->call_ns));
	put(&j, "calls_captured", seconds(s->captured_ns));
	put(&j, "ordering", seconds(s->wait_ns));
	put(&j, "pacing", seconds(s->pace_ns));
	return j;
}

static json_t *lateness(const struct moment *m, const struct tally *before)
{
	uint64_t n = m->so_far.late_count - before->late_count;
	json_t *j = json_object();

	put(&j, "count", number(n));
	put(&j, "mean", number(n ? (m->so_far.late_sum - before->late_sum) / n : 0));
	put(&j, "max", number(m->late_max));
	return j;
}

static json_t *one_moment(const struct moment *m, const struct moment *before, bool paced, bool warmup)
{
	const struct tally *a = &before->so_far, *b = &m->so_far;
	double length = (double)(m->ns - before->ns) / 1e9;
	json_t *j = json_object();

	put(&j, "end", seconds(m->ns));
	put(&j, "seconds", json_real(length));
	put(&j, "operations", number(b->ops - a->ops));
	put(&j, "operations_per_second", json_real(length > 0 ? (double)(b->ops - a->ops) / length : 0));
	put(&j, "read_mb_per_second",
		json_real(length > 0 ? (double)(b->read - a->read) / 1e6 / length : 0));
	put(&j, "written_mb_per_second",
		json_real(length > 0 ? (double)(b->written - a->written) / 1e6 / length : 0));
	put(&j, "warmup", json_boolean(warmup));
	put(&j, "errors", number(b->errors - a->errors));
	put(&j, "divergences", number(b->diverged - a->diverged));
	put(&j, "lateness_ns", paced ? lateness(m, a) : json_null());
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

		append(&array, one_moment(m, before, pace_kind_of(s->options) != PACE_NONE, m->ns <= s->warm_ns));
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
		put(&cpu, cpu_field_names[i],
			json_real((double)s->host.cpu[i] / (double)hz));
	for (i = 0; i < PSI_KINDS; i++)
		if (s->host.psi[i].found)
			put(&psi, psi_kind_names[i],
				json_pack("{s:I,s:I}", "some_us", (json_int_t)s->host.psi[i].some_us,
					"full_us", (json_int_t)s->host.psi[i].full_us));
	put(&j, "highest_loadavg", json_real(s->loadavg));
	put(&j, "cpu_seconds", cpu);
	put(&j, "pressure", psi);
	put(&j, "disks", all_disks(&s->host));
	return j;
}

static json_t *amount(const struct amount *a)
{
	json_t *j;

	if (!a->ns && !a->ops)
		return json_null();
	j = json_object();
	if (a->ns)
		put(&j, "seconds", seconds(a->ns));
	else
		put(&j, "operations", number(a->ops));
	return j;
}

static json_t *settings(const struct stats *s)
{
	static const char *const orders[] = {"resource", "strict", "thread"};
	static const char *const paces[] = {"none", "times", "think"};
	const struct options *o = s->options;
	enum pace_kind pace = pace_kind_of(o);
	json_t *j = json_object();

	put(&j, "processes", number(o->processes));
	put(&j, "threads", number(o->threads));
	put(&j, "order", json_string(orders[o->order]));
	put(&j, "speed", json_real(pace == PACE_NONE ? 0 : pace_speed_of(o)));
	put(&j, "pace", json_string(paces[pace]));
	put(&j, "user", text(s->user));
	put(&j, "limit", amount(&o->limit));
	put(&j, "warmup", amount(&o->warmup));
	put(&j, "landlock", number((uint64_t)s->landlock));
	return j;
}

static json_t *warmup(const struct stats *s)
{
	json_t *j;

	if (!s->warm_ns)
		return json_null();
	j = json_object();
	put(&j, "seconds", seconds(s->warm_ns));
	put(&j, "operations", number(s->warm_ops));
	return j;
}

static json_t *whole(const struct stats *s)
{
	json_t *j = json_object();

	put(&j, "schema", number(SCHEMA));
	put(&j, "test", text(s->program->trees.name));
	put(&j, "file", text(s->program->file));
	put(&j, "complete", json_boolean(!s->incomplete));
	put(&j, "incomplete", s->incomplete ? text(s->incomplete) : json_null());
	put(&j, "ended_by_limit", json_boolean(s->limited));
	put(&j, "warmup", warmup(s));
	put(&j, "settings", settings(s));
	put(&j, "workers", number(s->workers));
	put(&j, "threads_per_worker", number(s->threads_max));
	put(&j, "threads_total", number(s->threads));
	put(&j, "operations", number(s->ops));
	put(&j, "operations_per_second", json_real(stats_rate(s)));
	put(&j, "seconds", json_real((double)s->ns / 1e9));
	put(&j, "captured_seconds", json_real((double)s->program->span / 1e9));
	put(&j, "seconds_ahead", json_real(stats_seconds_ahead(s)));
	put(&j, "bytes_read", number(s->bytes[CLS_READ]));
	put(&j, "bytes_written", number(s->bytes[CLS_WRITE]));
	put(&j, "errors", number(s->errors));
	put(&j, "divergences", number(s->diverged));
	put(&j, "not_issued", number(s->skipped));
	put(&j, "waits", number(s->waits));
	put(&j, "wait_seconds", json_real((double)s->wait_ns / 1e9));
	put(&j, "thread_seconds", time_spent(s));
	put(&j, "chown_to_own", json_boolean(s->chown_own));
	put(&j, "lateness_ns",
		pace_kind_of(s->options) != PACE_NONE ? quantiles(&s->late) : json_null());
	put(&j, "by_operation", all_ops(s));
	put(&j, "by_iocb", all_iocbs(s));
	put(&j, "divergence_kinds", all_divergences(s));
	put(&j, "divergences_of_other_kinds", number(s->divergences.others));
	put(&j, "not_issued_kinds", all_skipped(s));
	put(&j, "timeline", timeline(s));
	put(&j, "host", host(s));
	return j;
}

/* OUT remembers when memory was out: jansson 2.14 itself forgets that while it writes. */
static int add_bytes(const char *bytes, size_t len, void *out)
{
	buf_add(out, bytes, len);
	return 0;
}

int stats_json(const struct stats *s, struct buf *out)
{
	json_t *j = whole(s);
	int rc = j ? json_dump_callback(j, add_bytes, out, JSON_INDENT(2) | JSON_PRESERVE_ORDER) : -1;

	json_decref(j);
	buf_char(out, '\n');
	return rc || !buf_ok(out) ? -ENOMEM : 0;
}
