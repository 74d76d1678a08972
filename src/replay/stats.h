/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_REPLAY_STATS_H
#define IORIOT_REPLAY_STATS_H

#include "datas/buf.h"
#include "replay/engine.h"
#include "replay/host.h"

/* All that a run has to tell, as text and as JSON: docs/statistics.md. */

struct op_stats {
	struct op_result result;
	uint64_t skipped; /* over all reasons */
};

struct stats {
	const struct program *program;
	const struct options *options;
	char user[sizeof(((struct user *)NULL)->name)];
	char incomplete[sizeof(((struct err *)NULL)->text)]; /* what ended the run early, or "" */
	uint32_t workers, threads, threads_max; /* threads_max: in one worker */
	double loadavg;
	uint64_t ns;
	uint64_t ops, errors, diverged, skipped; /* operations: without state records */
	uint64_t bytes[CLS_COUNT]; /* those of iocbs too */
	struct aio_result aio[AIO_KINDS];
	uint64_t waits, wait_ns, pace_ns; /* of all threads together */
	uint64_t call_ns, captured_ns; /* in operations, and the same as captured */
	struct timeline timeline;
	uint64_t warm_ns, warm_ops; /* of the warm-up, which is in nothing else but the time line */
	bool limited; /* ended by --limit */
	bool chown_own;
	int landlock;
	struct hist late;
	struct divergences divergences;
	struct explanations explained;
	struct op_stats *op; /* by operation */
	struct file_result *files; /* with --by, by the numbers of struct by_file; NULL of a copy */
	struct stats *copies; /* with --scale, what each did; nothing of the host is in them */
	uint32_t ncopies;
	struct host_sample host;
};

extern const char *const aio_kind_names[AIO_KINDS];

/* Adds up what the threads counted. 0 or -ENOMEM. */
int stats_gather(struct stats *s, const struct engine *e, const struct options *o);
/* Takes the warm-up away, which stats_gather() had counted. Divergences are those of the whole run. */
void stats_leave_out(struct stats *s, const struct stats *warmup);
void stats_free(struct stats *s);

/* Numbers of files that had operations, the longest time first; *N of them; to be freed. NULL: no memory. */
uint32_t *stats_files(const struct stats *s, uint32_t *n);
const char *stats_file_name(const struct stats *s, uint32_t file); /* also of those without a name */

void stats_text(const struct stats *s, struct buf *out);    /* the file of -S */
void stats_summary(const struct stats *s, struct buf *out); /* what the command prints */
struct json_t *stats_json(const struct stats *s);	    /* or NULL: no memory */

/* "-ENOENT" or a number, the way results are written in a replay. */
void stats_put_result(struct buf *out, int64_t value);
double stats_seconds_ahead(const struct stats *s);
double stats_rate(const struct stats *s); /* operations per second */
struct hist *stats_latency(const struct stats *s); /* of all operations; to be freed, or NULL */

#endif
