/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>

#include "replay/stats.h"
#include "utils/human.h"

/* Statistics for people. The first lines keep the words of the older tool. */

static double us(uint64_t ns)
{
	return (double)ns / 1e3;
}

/* What --only and --skip came to. */
static void put_selection(const struct stats *s, struct buf *out)
{
	const struct selection *c = &s->program->selection;
	int i;

	if (!c->out)
		return;
	buf_addf(out, "Left out by --only and --skip: %" PRIu64 " operations, and %" PRIu64
		" closes of what is not open.\n", c->left_out, c->dependent);
	for (i = 0; i < STAY_COUNT; i++)
		if (c->stay[i])
			buf_addf(out, "\t%" PRIu64 " stay, which %s\n", c->stay[i], stay_reasons[i]);
}

static void put_totals(const struct stats *s, struct buf *out)
{
	buf_addf(out, "Stats of test '%s':\n", s->program->trees.name);
	if (s->incomplete[0])
		buf_addf(out, "\tINCOMPLETE: %s\n", s->incomplete);
	if (s->limited)
		buf_addf(out, "\tEnded by: --limit\n");
	if (s->warm_ns)
		buf_addf(out, "\tWarm-up, not in these numbers: %" PRIu64 " operations, %.6f s\n", s->warm_ops,
			(double)s->warm_ns / 1e9);
	if (s->copies)
		buf_addf(out, "\tCopies: %u\n", s->ncopies);
	buf_addf(out, "\tNum workers: %u\n", s->workers);
	buf_addf(out, "\tThreads per worker: %u\n", s->threads_max);
	buf_addf(out, "\tThreads total: %u\n", s->threads);
	buf_addf(out, "\tHighest loadavg: %.2f\n", s->loadavg);
	buf_addf(out, "\tPerformed ioops: %" PRIu64 "\n", s->ops);
	buf_addf(out, "\tAverage ioops/s: %.2f\n", stats_rate(s));
	buf_addf(out, "\tTime ahead (s): %.6f\n", stats_seconds_ahead(s));
	buf_addf(out, "\tTotal time (s): %.6f\n", (double)s->ns / 1e9);
	buf_addf(out, "\tBytes read: %" PRIu64 "\n", s->bytes[CLS_READ]);
	buf_addf(out, "\tBytes written: %" PRIu64 "\n", s->bytes[CLS_WRITE]);
	buf_addf(out, "\tErrors: %" PRIu64 "\n", s->errors);
	buf_addf(out, "\tDivergences: %" PRIu64 "\n", s->diverged);
	buf_addf(out, "\tExplained: %" PRIu64 "\n", explanations_count(&s->explained));
	buf_addf(out, "\tNot issued: %" PRIu64 "\n", s->skipped);
	buf_addf(out, "\tWaits for other threads: %" PRIu64 " (%.6f s)\n", s->waits,
		(double)s->wait_ns / 1e9);
	buf_addf(out, "\tUser: %s\n", s->user);
	if (s->landlock)
		buf_addf(out, "\tConfined by: Landlock, version %d\n", s->landlock);
	else
		buf_puts(out, "\tConfined by: checked paths only (no Landlock)\n");
	if (s->chown_own)
		buf_puts(out, "\tChange of owner: to the user of the replay, who may not give files away\n");
}

static void put_lateness(const struct stats *s, struct buf *out)
{
	static const char *const of[] = {"", "", " of operations after their think time"};
	enum pace_kind pace = pace_kind_of(s->options);

	if (pace == PACE_NONE)
		return;
	buf_addf(out,
		"Lateness%s at speed %g (us): p50 %.1f, p99 %.1f, max %.1f, of %" PRIu64 " operations\n",
		of[pace], pace_speed_of(s->options), us(hist_quantile(&s->late, 0.5)),
		us(hist_quantile(&s->late, 0.99)), us(s->late.max), s->late.count);
}

/* What a line of a table is about, and its two distributions. */
static void put_latency(struct buf *out, const char *which, const struct hist *h)
{
	buf_addf(out, " %-8s %10.1f %10.1f %10.1f %10.1f %10.1f %10.1f\n", which, us(h->min),
		us(hist_quantile(h, 0.5)), us(hist_quantile(h, 0.9)), us(hist_quantile(h, 0.99)),
		us(hist_quantile(h, 0.999)), us(h->max));
}

static void put_head(struct buf *out, const char *what)
{
	buf_addf(out, "\t%-16s %10s %8s %8s %14s %-8s %10s %10s %10s %10s %10s %10s\n", what, "count",
		"errors", "diverged", "bytes", "", "min", "p50", "p90", "p99", "p99.9", "max");
}

struct put_row {
	const char *name;
	uint64_t errors, diverged, bytes;
	const struct hist *then, *now;
};

static void put_row(struct buf *out, const struct put_row *r)
{
	if (r->now->count == 0)
		return;
	buf_addf(out, "\t%-16s %10" PRIu64 " %8" PRIu64 " %8" PRIu64 " %14" PRIu64, r->name, r->now->count,
		r->errors, r->diverged, r->bytes);
	put_latency(out, "replayed", r->now);
	buf_addf(out, "\t%-60s", "");
	put_latency(out, "captured", r->then);
}

static void put_ops(const struct stats *s, struct buf *out)
{
	int i;

	buf_puts(out, "Operations, latency in us:\n");
	put_head(out, "operation");
	for (i = 0; i < OP_COUNT; i++) {
		const struct op_result *r = &s->op[i].result;

		put_row(out, &(struct put_row){ops[i].name, r->errors, r->diverged, r->bytes,
				     &s->program->captured[i], &r->latency});
	}
}

static void put_aio(const struct stats *s, struct buf *out)
{
	int i;

	if (!s->aio[AIO_READ].latency.count && !s->aio[AIO_WRITE].latency.count &&
		!s->aio[AIO_SYNC].latency.count)
		return;
	buf_puts(out, "Iocbs of AIO, latency in us from their submission to their event:\n");
	put_head(out, "iocb");
	for (i = 0; i < AIO_KINDS; i++) {
		const struct aio_result *r = &s->aio[i];

		put_row(out, &(struct put_row){aio_kind_names[i], r->errors, r->diverged, r->bytes,
				     &s->program->captured_aio[i], &r->latency});
	}
}

static void put_latency_row(struct buf *out, const char *which, const struct hist *h)
{
	buf_addf(out, " %-8s %12.6f %10.1f %10.1f %10.1f %10.1f\n", which, (double)h->sum / 1e9,
		us(hist_quantile(h, 0.5)), us(hist_quantile(h, 0.9)), us(hist_quantile(h, 0.99)), us(h->max));
}

/* With --by=file, the files that took the longest. */
static void put_files(const struct stats *s, struct buf *out)
{
	uint32_t *order, n, most = s->options->top, i;

	if (!s->files)
		return;
	order = stats_files(s, &n);
	if (!order) {
		out->failed = true;
		return;
	}
	most = most && most < n ? most : n;
	buf_addf(out, "Files, %u of %u, latency in us:\n", most, n);
	buf_addf(out, "\t%10s %8s %8s %14s %14s %-8s %12s %10s %10s %10s %10s\n", "count", "errors", "diverged",
		"bytes read", "bytes written", "", "seconds", "p50", "p90", "p99", "max");
	for (i = 0; i < most; i++) {
		const struct file_result *f = &s->files[order[i]];

		buf_addf(out, "\t%s\n", stats_file_name(s, order[i]));
		buf_addf(out, "\t%10" PRIu64 " %8" PRIu64 " %8" PRIu64 " %14" PRIu64 " %14" PRIu64, f->latency.count,
			f->errors, f->diverged, f->read, f->written);
		put_latency_row(out, "replayed", &f->latency);
		buf_addf(out, "\t%-58s", "");
		put_latency_row(out, "captured", &s->program->files.captured[order[i]]);
	}
	free(order);
}

static double sec(uint64_t ns)
{
	return (double)ns / 1e9;
}

static void put_time_line(struct buf *out, const char *name, uint64_t calls, uint64_t captured,
	uint64_t waiting, uint64_t pacing)
{
	buf_addf(out, "\t%-16s %14.6f %14.6f %14.6f %14.6f\n", name, sec(calls), sec(captured),
		sec(waiting), sec(pacing));
}

static void put_time(const struct stats *s, struct buf *out)
{
	int i;

	buf_puts(out, "Where the time of all threads went, in s:\n");
	buf_addf(out, "\t%-16s %14s %14s %14s %14s\n", "operation", "calls", "as captured", "ordering",
		"pacing");
	put_time_line(out, "all", s->call_ns, s->captured_ns, s->wait_ns, s->pace_ns);
	for (i = 0; i < OP_COUNT; i++) {
		const struct op_result *r = &s->op[i].result;

		if (r->latency.count)
			put_time_line(out, ops[i].name, r->latency.sum, s->program->captured[i].sum,
				r->wait_ns, r->pace_ns);
	}
}

static void put_moment(const struct moment *m, const struct moment *before, struct buf *out)
{
	const struct tally *a = &before->so_far, *b = &m->so_far;
	double length = sec(m->ns - before->ns);
	uint64_t late = b->late_count - a->late_count;

	if (length <= 0)
		return;
	buf_addf(out, "\t%10.3f %12.1f %10.3f %10.3f %10" PRIu64 " %10.1f %10.1f\n", sec(m->ns),
		(double)(b->ops - a->ops) / length, (double)(b->read - a->read) / 1e6 / length,
		(double)(b->written - a->written) / 1e6 / length, b->diverged - a->diverged,
		late ? us(b->late_sum - a->late_sum) / (double)late : 0, us(m->late_max));
}

static void put_timeline(const struct stats *s, struct buf *out)
{
	static const struct moment start;
	const struct moment *before = &start;
	size_t i;

	if (s->timeline.moments.n < 2) /* that would be the totals again */
		return;
	buf_puts(out, "Time line; each line is what happened since the one above:\n");
	buf_addf(out, "\t%10s %12s %10s %10s %10s %10s %10s\n", "until (s)", "op/s", "read MB/s",
		"write MB/s", "diverged", "late (us)", "at most");
	for (i = 0; i < s->timeline.moments.n; i++) {
		put_moment(&s->timeline.moments.v[i], before, out);
		before = &s->timeline.moments.v[i];
	}
}

static void put_first(const struct stats *s, const struct divergence *d, struct buf *out)
{
	buf_addf(out, "%s: expected ", ops[d->op].name);
	stats_put_result(out, d->expected);
	buf_puts(out, ", got ");
	stats_put_result(out, d->got);
	if (d->no_fd)
		buf_puts(out, " (not open, since an earlier operation diverged)");
	buf_addf(out, "; first: line %" PRIu64 " of %s, line %" PRIu64 " of the capture\n",
		d->index + 2, s->program->file, d->label);
}

static void put_divergence(const struct stats *s, const struct divergence *d, struct buf *out)
{
	buf_addf(out, "\t%" PRIu64 " ", d->count);
	put_first(s, d, out);
}

static void put_explained(const struct stats *s, struct buf *out)
{
	const struct divergence *d = s->explained.v;
	uint64_t n = explanations_count(&s->explained);
	int i;

	if (n)
		buf_addf(out, "Explained, and no divergences (%" PRIu64 "):\n", n);
	for (i = 0; i < EXPLAINED_COUNT; i++) {
		if (!d[i].count)
			continue;
		buf_addf(out, "\t%" PRIu64 " %s (%s): ", d[i].count, explained_classes[i].name,
			explained_classes[i].text);
		put_first(s, &d[i], out);
	}
}

static void put_divergences(const struct stats *s, uint32_t max, struct buf *out)
{
	uint32_t i;

	if (s->diverged == 0)
		return;
	buf_addf(out, "Divergences (%" PRIu64 "):\n", s->diverged);
	for (i = 0; i < s->divergences.n && i < max; i++)
		put_divergence(s, &s->divergences.v[i], out);
	if (i < s->divergences.n)
		buf_addf(out, "\tand %u more kinds\n", s->divergences.n - i);
	if (s->divergences.others)
		buf_addf(out, "\t%" PRIu64 " of kinds beyond the %d that are kept apart\n",
			s->divergences.others, DIVERGENCE_KINDS);
}

static void put_skipped(const struct stats *s, struct buf *out)
{
	int op, reason;

	if (s->skipped)
		buf_addf(out, "Not issued (%" PRIu64 "):\n", s->skipped);
	for (op = 0; op < OP_COUNT; op++)
		for (reason = SKIP_STATE + 1; reason < SKIP_COUNT; reason++)
			if (s->op[op].result.skipped[reason])
				buf_addf(out, "\t%u %s: %s\n", s->op[op].result.skipped[reason],
					ops[op].name, skip_reasons[reason]);
}

static void put_disks(const struct host_sample *h, struct buf *out)
{
	size_t i;

	for (i = 0; i < h->ndisks; i++) {
		const struct disk_sample *d = &h->disk[i];

		if (!d->found) {
			buf_addf(out, "\tdevice %u:%u: no statistics in /proc/diskstats\n", d->major,
				d->minor);
			continue;
		}
		buf_addf(out,
			"\tdisk %s: %" PRIu64 " reads (%" PRIu64 " bytes), %" PRIu64 " writes (%" PRIu64
			" bytes), busy %.3f s\n",
			d->name, d->reads, d->read_sectors * 512, d->writes, d->write_sectors * 512,
			(double)d->busy_ms / 1e3);
	}
}

static void put_host(const struct stats *s, struct buf *out)
{
	const struct host_sample *h = &s->host;
	uint64_t sum = 0;
	int i;

	buf_puts(out, "Host during the run:\n");
	put_disks(h, out);
	for (i = 0; i < CPU_FIELDS; i++)
		sum += h->cpu[i];
	if (h->has_cpu && sum) {
		buf_puts(out, "\tCPU:");
		for (i = 0; i < CPU_FIELDS; i++)
			buf_addf(out, "%s %s %.1f %%", i ? "," : "", cpu_field_names[i],
				100 * (double)h->cpu[i] / (double)sum);
		buf_char(out, '\n');
	}
	for (i = 0; i < PSI_KINDS; i++)
		if (h->psi[i].found)
			buf_addf(out, "\tpressure %s: some %.6f s, full %.6f s\n", psi_kind_names[i],
				(double)h->psi[i].some_us / 1e6, (double)h->psi[i].full_us / 1e6);
}

static void put_copies(const struct stats *s, struct buf *out)
{
	uint32_t i;

	if (!s->copies)
		return;
	buf_puts(out, "Copies:\n");
	buf_addf(out, "\t%-8s %12s %12s %10s %14s %14s %8s %8s %9s %9s\n", "copy", "operations", "op/s", "seconds",
		"bytes read", "bytes written", "errors", "diverged", "explained", "p99 (us)");
	for (i = 0; i < s->ncopies; i++) {
		const struct stats *c = &s->copies[i];
		struct hist *all = stats_latency(c);

		if (!all) {
			out->failed = true;
			return;
		}
		buf_addf(out, "\t%-8u %12" PRIu64 " %12.1f %10.6f %14" PRIu64 " %14" PRIu64 " %8" PRIu64 " %8" PRIu64
			" %9" PRIu64 " %9.1f\n", i + 1, c->ops, stats_rate(c), sec(c->ns), c->bytes[CLS_READ],
			c->bytes[CLS_WRITE], c->errors, c->diverged, explanations_count(&c->explained),
			us(hist_quantile(all, 0.99)));
		free(all);
	}
}

#define COPIES_SHOWN 10

/* How far the copies are apart, and which of them diverged. */
static void put_copies_summary(const struct stats *s, struct buf *out)
{
	char slowest[HUMAN_LEN], fastest[HUMAN_LEN];
	double min = 0, max = 0;
	uint32_t i, n = 0;

	if (!s->copies)
		return;
	for (i = 0; i < s->ncopies; i++) {
		double rate = stats_rate(&s->copies[i]);

		min = i && min < rate ? min : rate;
		max = max > rate ? max : rate;
	}
	buf_addf(out, "%u copies, side by side: %s/s to %s/s each.\n", s->ncopies, human_count(slowest, min),
		human_count(fastest, max));
	for (i = 0; i < s->ncopies; i++)
		if (s->copies[i].diverged && n++ < COPIES_SHOWN)
			buf_addf(out, "\tcopy %u: %" PRIu64 " divergences\n", i + 1, s->copies[i].diverged);
	if (n > COPIES_SHOWN)
		buf_addf(out, "\t%u more copies diverged\n", n - COPIES_SHOWN);
}

void stats_text(const struct stats *s, struct buf *out)
{
	put_totals(s, out);
	put_selection(s, out);
	put_lateness(s, out);
	put_copies(s, out);
	put_divergences(s, UINT32_MAX, out);
	put_explained(s, out);
	put_skipped(s, out);
	put_ops(s, out);
	put_aio(s, out);
	put_files(s, out);
	put_time(s, out);
	put_timeline(s, out);
	put_host(s, out);
}

void stats_summary(const struct stats *s, struct buf *out)
{
	char count[HUMAN_LEN], rd[HUMAN_LEN], wr[HUMAN_LEN];

	if (s->incomplete[0])
		buf_addf(out, "INCOMPLETE: %s\n", s->incomplete);
	buf_addf(out,
		"Replayed %" PRIu64 " operations of test '%s' in %.3f s (%s/s), %s read, %s written, "
		"with %u worker%s and %u thread%s.\n",
		s->ops, s->program->trees.name, (double)s->ns / 1e9,
		human_count(count, stats_rate(s)), human_bytes(rd, (double)s->bytes[CLS_READ]),
		human_bytes(wr, (double)s->bytes[CLS_WRITE]), s->workers, s->workers == 1 ? "" : "s",
		s->threads, s->threads == 1 ? "" : "s");
	put_copies_summary(s, out);
	put_selection(s, out);
	if (s->limited)
		buf_puts(out, "Ended by --limit.\n");
	if (s->warm_ns)
		buf_addf(out, "The warm-up before that: %" PRIu64 " operations in %.3f s.\n", s->warm_ops,
			(double)s->warm_ns / 1e9);
	put_lateness(s, out);
	if (s->diverged == 0)
		buf_addf(out, "0 divergences: every result is %s.\n",
			explanations_count(&s->explained) ? "the captured one or explained" : "the captured one");
	put_divergences(s, 10, out);
	put_explained(s, out);
	put_skipped(s, out);
}
