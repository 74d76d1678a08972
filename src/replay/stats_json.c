/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <unistd.h>

#include "replay/stats.h"

/*
 * Statistics for programs. jansson's setters take NULL for a value that could not be made and
 * answer -1, which is not looked at here: stats_json() looks at the number of members instead.
 */

#define SCHEMA 1

static json_t *number(uint64_t v)
{
	return json_integer((json_int_t)v);
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

static json_t *quantiles(const struct hist *h, bool all)
{
	json_t *j = json_object();

	json_object_set_new(j, "count", number(h->count));
	json_object_set_new(j, "sum", number(h->sum));
	json_object_set_new(j, "p50", number(hist_quantile(h, 0.5)));
	if (all)
		json_object_set_new(j, "p90", number(hist_quantile(h, 0.9)));
	json_object_set_new(j, "p99", number(hist_quantile(h, 0.99)));
	if (all)
		json_object_set_new(j, "p999", number(hist_quantile(h, 0.999)));
	json_object_set_new(j, "max", number(h->max));
	return j;
}

static json_t *one_op(const struct stats *s, int i)
{
	const struct op_result *r = &s->op[i].result;
	json_t *j = json_object();

	json_object_set_new(j, "name", json_string(ops[i].name));
	json_object_set_new(j, "family", json_string(op_family_names[ops[i].family]));
	json_object_set_new(j, "class", json_string(op_class_names[ops[i].cls]));
	json_object_set_new(j, "count", number(r->latency.count));
	json_object_set_new(j, "errors", number(r->errors));
	json_object_set_new(j, "divergences", number(r->diverged));
	json_object_set_new(j, "not_issued", number(s->op[i].skipped));
	json_object_set_new(j, "bytes", number(r->bytes));
	json_object_set_new(j, "captured_ns", quantiles(&s->program->captured[i], false));
	json_object_set_new(j, "replayed_ns", quantiles(&r->latency, true));
	return j;
}

static json_t *all_ops(const struct stats *s)
{
	json_t *array = json_array();
	int i;

	for (i = 0; i < OP_COUNT; i++)
		if (s->op[i].result.latency.count || s->op[i].skipped)
			json_array_append_new(array, one_op(s, i));
	return array;
}

static json_t *all_divergences(const struct stats *s)
{
	json_t *array = json_array(), *j;
	uint32_t i;

	for (i = 0; i < s->divergences.n; i++) {
		const struct divergence *d = &s->divergences.v[i];

		j = json_object();
		json_object_set_new(j, "operation", json_string(ops[d->op].name));
		json_object_set_new(j, "count", number(d->count));
		json_object_set_new(j, "expected", result(d->expected));
		json_object_set_new(j, "got", result(d->got));
		json_object_set_new(j, "descriptor_not_open", json_boolean(d->no_fd));
		json_object_set_new(j, "first_replay_line", number(d->index + 2));
		json_object_set_new(j, "first_capture_line", number(d->label));
		json_array_append_new(array, j);
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
			json_object_set_new(j, "operation", json_string(ops[op].name));
			json_object_set_new(j, "count", number(s->op[op].result.skipped[reason]));
			json_object_set_new(j, "reason", json_string(skip_reasons[reason]));
			json_array_append_new(array, j);
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
		json_object_set_new(j, "name", text(d->name));
		json_object_set_new(j, "major", number(d->major));
		json_object_set_new(j, "minor", number(d->minor));
		json_object_set_new(j, "reads", number(d->reads));
		json_object_set_new(j, "read_bytes", number(d->read_sectors * 512));
		json_object_set_new(j, "read_ms", number(d->read_ms));
		json_object_set_new(j, "writes", number(d->writes));
		json_object_set_new(j, "write_bytes", number(d->write_sectors * 512));
		json_object_set_new(j, "write_ms", number(d->write_ms));
		json_object_set_new(j, "busy_ms", number(d->busy_ms));
		json_array_append_new(array, j);
	}
	return array;
}

static json_t *host(const struct stats *s)
{
	json_t *j = json_object(), *cpu = json_object(), *psi = json_object();
	long hz = sysconf(_SC_CLK_TCK);
	int i;

	for (i = 0; i < CPU_FIELDS && s->host.has_cpu; i++)
		json_object_set_new(cpu, cpu_field_names[i],
			json_real((double)s->host.cpu[i] / (double)hz));
	for (i = 0; i < PSI_KINDS; i++)
		if (s->host.psi[i].found)
			json_object_set_new(psi, psi_kind_names[i],
				json_pack("{s:I,s:I}", "some_us", (json_int_t)s->host.psi[i].some_us,
					"full_us", (json_int_t)s->host.psi[i].full_us));
	json_object_set_new(j, "highest_loadavg", json_real(s->loadavg));
	json_object_set_new(j, "cpu_seconds", cpu);
	json_object_set_new(j, "pressure", psi);
	json_object_set_new(j, "disks", all_disks(&s->host));
	return j;
}

static json_t *settings(const struct stats *s)
{
	static const char *const orders[] = {"resource", "strict", "thread"};
	static const char *const paces[] = {"none", "times", "think"};
	const struct options *o = s->options;
	enum pace_kind pace = pace_kind_of(o);
	json_t *j = json_object();

	json_object_set_new(j, "processes", number(o->processes));
	json_object_set_new(j, "threads", number(o->threads));
	json_object_set_new(j, "order", json_string(orders[o->order]));
	json_object_set_new(j, "speed", json_real(pace == PACE_NONE ? 0 : pace_speed_of(o)));
	json_object_set_new(j, "pace", json_string(paces[pace]));
	json_object_set_new(j, "user", text(s->user));
	json_object_set_new(j, "landlock", number((uint64_t)s->landlock));
	return j;
}

static json_t *whole(const struct stats *s)
{
	json_t *j = json_object();

	json_object_set_new(j, "schema", number(SCHEMA));
	json_object_set_new(j, "test", text(s->program->trees.name));
	json_object_set_new(j, "file", text(s->program->file));
	json_object_set_new(j, "complete", json_boolean(!s->incomplete));
	json_object_set_new(j, "incomplete", s->incomplete ? text(s->incomplete) : json_null());
	json_object_set_new(j, "settings", settings(s));
	json_object_set_new(j, "workers", number(s->workers));
	json_object_set_new(j, "threads_per_worker", number(s->threads_max));
	json_object_set_new(j, "threads_total", number(s->threads));
	json_object_set_new(j, "operations", number(s->ops));
	json_object_set_new(j, "operations_per_second", json_real(stats_rate(s)));
	json_object_set_new(j, "seconds", json_real((double)s->ns / 1e9));
	json_object_set_new(j, "captured_seconds", json_real((double)s->program->span / 1e9));
	json_object_set_new(j, "seconds_ahead", json_real(stats_seconds_ahead(s)));
	json_object_set_new(j, "bytes_read", number(s->bytes[CLS_READ]));
	json_object_set_new(j, "bytes_written", number(s->bytes[CLS_WRITE]));
	json_object_set_new(j, "errors", number(s->errors));
	json_object_set_new(j, "divergences", number(s->diverged));
	json_object_set_new(j, "not_issued", number(s->skipped));
	json_object_set_new(j, "waits", number(s->waits));
	json_object_set_new(j, "wait_seconds", json_real((double)s->wait_ns / 1e9));
	json_object_set_new(j, "chown_to_own", json_boolean(s->chown_own));
	json_object_set_new(j, "lateness_ns",
		pace_kind_of(s->options) != PACE_NONE ? quantiles(&s->late, false) : json_null());
	json_object_set_new(j, "by_operation", all_ops(s));
	json_object_set_new(j, "divergence_kinds", all_divergences(s));
	json_object_set_new(j, "divergences_of_other_kinds", number(s->divergences.others));
	json_object_set_new(j, "not_issued_kinds", all_skipped(s));
	json_object_set_new(j, "host", host(s));
	return j;
}
#define WHOLE_MEMBERS 28

int stats_json(const struct stats *s, struct buf *out)
{
	json_t *j = whole(s);
	char *dump = NULL;

	if (json_object_size(j) == WHOLE_MEMBERS)
		dump = json_dumps(j, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
	json_decref(j);
	if (!dump)
		return -ENOMEM;
	buf_puts(out, dump);
	buf_char(out, '\n');
	free(dump);
	return buf_ok(out) ? 0 : -ENOMEM;
}
