/* SPDX-License-Identifier: Apache-2.0 */
#include "replay/stats.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void add_result(struct op_stats *sum, const struct op_result *r, enum op_class cls)
{
	int reason;

	hist_merge(&sum->result.latency, &r->latency);
	sum->result.errors += r->errors;
	sum->result.diverged += r->diverged;
	if (cls != CLS_UNCLASSIFIED) /* of others the results are no bytes */
		sum->result.bytes += r->bytes;
	sum->result.wait_ns += r->wait_ns;
	sum->result.pace_ns += r->pace_ns;
	for (reason = 0; reason < SKIP_COUNT; reason++) {
		sum->result.skipped[reason] += r->skipped[reason];
		if (reason != SKIP_STATE)
			sum->skipped += r->skipped[reason];
	}
}

const char *const aio_kind_names[AIO_KINDS] = {"read", "write", "sync"};

static void add_aio(struct aio_result *sum, const struct aio_result *r)
{
	hist_merge(&sum->latency, &r->latency);
	sum->errors += r->errors;
	sum->diverged += r->diverged;
	sum->bytes += r->bytes;
}

/* The memory of what is not in the file was never touched, and need not be now. */
static void add_thread(struct stats *s, const struct thread_result *t)
{
	uint32_t i;

	for (i = 0; i < OP_COUNT; i++)
		if (s->program->captured[i].count || ops[i].flags & OPF_STATE)
			add_result(&s->op[i], &t->op[i], ops[i].cls);
	for (i = 0; i < AIO_KINDS; i++)
		add_aio(&s->aio[i], &t->aio[i]);
	hist_merge(&s->late, &t->late);
	for (i = 0; i < t->divergences.n; i++)
		divergences_add(&s->divergences, &t->divergences.v[i]);
	s->divergences.others += t->divergences.others;
	for (i = 0; i < EXPLAINED_COUNT; i++)
		explanations_add(&s->explained, i, &t->explained.v[i]);
	s->waits += t->waits;
	s->wait_ns += t->wait_ns;
	s->chown_own |= t->chown_own;
}

static int by_index(const void *va, const void *vb)
{
	const struct divergence *a = va, *b = vb;

	return a->index < b->index ? -1 : a->index > b->index;
}

/* The totals, from what is known of each operation. */
static void sum_up(struct stats *s)
{
	uint32_t i;

	s->ops = s->errors = s->diverged = s->skipped = s->pace_ns = s->call_ns = s->captured_ns = 0;
	memset(s->bytes, 0, sizeof(s->bytes));
	for (i = 0; i < OP_COUNT; i++) {
		s->diverged += s->op[i].result.diverged;
		s->skipped += s->op[i].skipped;
		if (ops[i].family == FAM_State)
			continue;
		s->ops += s->op[i].result.latency.count;
		s->errors += s->op[i].result.errors;
		s->pace_ns += s->op[i].result.pace_ns;
		s->call_ns += s->op[i].result.latency.sum;
		s->captured_ns += s->program->captured[i].sum * (s->ncopies ? s->ncopies : 1);
		s->bytes[ops[i].cls] += s->op[i].result.bytes;
		if (ops[i].cls == CLS_TRANSFER) { /* read from one file and written to another */
			s->bytes[CLS_READ] += s->op[i].result.bytes;
			s->bytes[CLS_WRITE] += s->op[i].result.bytes;
		}
	}
	s->bytes[CLS_READ] += s->aio[AIO_READ].bytes;
	s->bytes[CLS_WRITE] += s->aio[AIO_WRITE].bytes;
}

/* Of COPIES copies, the first of which is FIRST. */
static int gather(struct stats *s, const struct engine *e, const struct options *o, uint32_t first, uint32_t copies)
{
	const struct program *p = e->config.program;
	const struct layout *layout = &p->layout;
	uint32_t i;

	*s = (struct stats){.program = p,
		.options = o,
		.workers = layout->workers * copies,
		.threads = layout->threads * copies,
		.loadavg = e->loadavg,
		.ns = e->ns ? e->ns : e->warm_ns, /* at the end of the warm-up there is no end yet */
		.limited = e->limited,
		.landlock = e->config.landlock};
	memcpy(s->user, e->config.user.name, sizeof(s->user));
	s->op = calloc(OP_COUNT, sizeof(*s->op));
	if (!s->op)
		return -ENOMEM;
	for (i = 0; i < s->threads; i++)
		add_thread(s, &e->results[first * layout->threads + i]);
	for (i = 0; i < layout->workers; i++)
		if (layout->first_thread[i + 1] - layout->first_thread[i] > s->threads_max)
			s->threads_max = layout->first_thread[i + 1] - layout->first_thread[i];
	s->ncopies = copies;
	sum_up(s);
	qsort(s->divergences.v, s->divergences.n, sizeof(*s->divergences.v), by_index);
	return 0;
}

/* When all threads of a copy are over, it is: others may go on. */
static void take_end(struct stats *copy, const struct engine *e, uint32_t number)
{
	uint32_t first = number * e->config.program->layout.threads, i;
	uint64_t end = e->shared->start;

	for (i = first; i < first + copy->threads; i++) {
		if (atomic_load(&e->shared->slots[i].state) != SLOT_ENDED)
			return;
		if (e->results[i].end > end)
			end = e->results[i].end;
	}
	copy->ns = end - e->shared->start;
}

static int gather_files(struct stats *s, const struct engine *e)
{
	uint32_t n = s->program->files.n, i, k;

	if (!n)
		return 0;
	s->files = calloc(n, sizeof(*s->files));
	for (i = 0; s->files && i < s->threads; i++)
		for (k = 0; k < n; k++)
			file_result_add(&s->files[k], &e->files[(size_t)i * n + k]);
	return s->files ? 0 : -ENOMEM;
}

int stats_gather(struct stats *s, const struct engine *e, const struct options *o)
{
	const struct program *p = e->config.program;
	uint32_t i;
	int rc = gather(s, e, o, 0, p->ncopies);

	if (rc == 0)
		rc = gather_files(s, e);
	if (rc || !o->scale)
		return rc;
	s->copies = calloc(p->ncopies, sizeof(*s->copies));
	if (!s->copies)
		return -ENOMEM;
	for (i = 0; rc == 0 && i < p->ncopies; i++) {
		rc = gather(&s->copies[i], e, o, i, 1);
		take_end(&s->copies[i], e, i);
	}
	return rc;
}

static void leave_out_op(struct op_result *r, const struct op_result *warmup)
{
	hist_subtract(&r->latency, &warmup->latency);
	r->errors -= warmup->errors;
	r->bytes -= warmup->bytes;
	r->wait_ns -= warmup->wait_ns;
	r->pace_ns -= warmup->pace_ns;
}

void stats_leave_out(struct stats *s, const struct stats *warmup)
{
	uint32_t i;

	for (i = 0; i < OP_COUNT; i++) /* memory that was never touched need not be now */
		if (s->program->captured[i].count || ops[i].flags & OPF_STATE)
			leave_out_op(&s->op[i].result, &warmup->op[i].result);
	for (i = 0; i < AIO_KINDS; i++) {
		hist_subtract(&s->aio[i].latency, &warmup->aio[i].latency);
		s->aio[i].errors -= warmup->aio[i].errors;
		s->aio[i].bytes -= warmup->aio[i].bytes;
	}
	hist_subtract(&s->late, &warmup->late);
	s->waits -= warmup->waits;
	s->wait_ns -= warmup->wait_ns;
	s->ns -= warmup->ns < s->ns ? warmup->ns : s->ns; /* a copy may be over before the warm-up is */
	s->warm_ns = warmup->ns;
	s->warm_ops = warmup->ops;
	sum_up(s);
	for (i = 0; s->files && i < s->program->files.n; i++)
		file_result_leave_out(&s->files[i], &warmup->files[i]);
	for (i = 0; s->copies && i < s->ncopies; i++)
		stats_leave_out(&s->copies[i], &warmup->copies[i]);
}

void stats_free(struct stats *s)
{
	uint32_t i;

	for (i = 0; s->copies && i < s->ncopies; i++)
		stats_free(&s->copies[i]);
	free(s->copies);
	free(s->files);
	free(s->op);
	timeline_free(&s->timeline);
}

void stats_put_result(struct buf *out, int64_t value)
{
	const char *name = value < 0 && value > -4096 ? errno_name((int)-value) : NULL;

	if (name)
		buf_addf(out, "-%s", name);
	else
		buf_i64(out, value);
}

double stats_seconds_ahead(const struct stats *s)
{
	/* with --pace=think only a part of the captured time is divided by the speed */
	double speed = pace_kind_of(s->options) == PACE_START ? pace_speed_of(s->options) : 1;

	return (double)s->program->span / 1e9 / speed - (double)(s->ns + s->warm_ns) / 1e9;
}

double stats_rate(const struct stats *s)
{
	return s->ns ? (double)s->ops * 1e9 / (double)s->ns : 0;
}

struct hist *stats_latency(const struct stats *s)
{
	struct hist *all = calloc(1, sizeof(*all));
	uint32_t i;

	for (i = 0; all && i < OP_COUNT; i++)
		if (s->program->captured[i].count && ops[i].family != FAM_State)
			hist_merge(all, &s->op[i].result.latency);
	return all;
}

static int by_time(const void *va, const void *vb, void *files)
{
	const uint32_t *a = va, *b = vb;
	const struct file_result *f = files;

	if (f[*a].latency.sum != f[*b].latency.sum)
		return f[*a].latency.sum < f[*b].latency.sum ? 1 : -1;
	return *a < *b ? -1 : *a > *b;
}

uint32_t *stats_files(const struct stats *s, uint32_t *n)
{
	uint32_t *order = calloc(s->program->files.n + 1, sizeof(*order)), i;

	*n = 0;
	for (i = 0; order && i < s->program->files.n; i++)
		if (s->files[i].latency.count)
			order[(*n)++] = i;
	if (order)
		qsort_r(order, *n, sizeof(*order), by_time, s->files);
	return order;
}

const char *stats_file_name(const struct stats *s, uint32_t file)
{
	return file == FILE_NONE     ? "(no file known by name)"
	       : file == FILE_OTHERS ? "(other files)"
				     : s->program->files.names[file];
}
