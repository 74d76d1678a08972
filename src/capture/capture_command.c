/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/capture_command.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capture/backend.h"
#include "capture/chosen.h"
#include "capture/control.h"
#include "capture/program.h"
#include "capture/watch.h"
#include "snapshot/snapshot.h"
#include "trace/hide.h"
#include "utils/clock.h"

/* As shells have it. */
enum { STATUS_CANNOT_RUN = 126, STATUS_NOT_FOUND = 127, STATUS_SIGNAL = 128 };

/* All that have a name on the command line; those without code say what is missing. */
static const struct {
	const char *name;
	const struct backend *backend;
	const char *missing;
} backends[] = {
	{"ptrace", &backend_ptrace, NULL},
	{"stap", &backend_stap, NULL},
#ifdef HAVE_BPF
	{"bpf", &backend_bpf, NULL},
#else
	{"bpf", NULL, "the BPF backend is not part of this build"},
#endif
};

static int complain(const struct err *err, int status)
{
	fprintf(stderr, "ioriot: %s\n", err->text);
	return status;
}

/* Exit status for what a backend could not begin. */
static int not_started(int code, bool program)
{
	switch (-code) {
	case EPERM:
	case ENOSYS:
		return EXIT_HOST_LACKS;
	case ENOENT:
		return program ? STATUS_NOT_FOUND : EXIT_FAILED;
	default:
		return program ? STATUS_CANNOT_RUN : EXIT_FAILED;
	}
}

/* An option that the backend cannot follow, NULL: none. */
static const char *not_for(const struct options *o, const struct backend *backend)
{
	if (o->buffer && !backend->attaches)
		return "--buffer";
	if (o->no_hold && backend->attaches)
		return "--no-hold";
	return NULL;
}

static bool records_layers(const struct options *o, const struct backend *backend, struct err *err)
{
	if (!backend->layers && (layer_list_has_events(&o->layers) || !o->layers.on[LAYER_SYS])) {
		err_set(err, ENOSYS, "-L: the %s backend records calls, all of them, and no other layers",
			backend->name);
		return false;
	}
	return true;
}

static bool watches_files(const struct options *o)
{
	return o->files || o->socket;
}

/* Layers whose events have no file tell nothing of one. */
static bool records_files(const struct options *o, const struct backend *backend, struct err *err)
{
	static const enum layer others[] = {
		LAYER_NET, LAYER_CONN, LAYER_POLL, LAYER_SOCKOPT, LAYER_RETRANS, LAYER_PROC, LAYER_URING};
	size_t i;

	if (!watches_files(o))
		return true;
	for (i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (o->layers.on[others[i]]) {
			err_set(err, ENOSYS, "--file goes with the layers vfs, block, cache and fault, not with %s",
				layer_names[others[i]]);
			return false;
		}
	if (!o->layers.on[LAYER_SYS]) {
		err_set(err, ENOSYS, "--file needs the layer vfs: calls tell what a file is called");
		return false;
	}
	if (!backend->files)
		err_set(err, ENOSYS, "--file: the %s backend records all files", backend->name);
	return backend->files;
}

/* 0, or an exit status. */
static int check_backend(const struct options *o, const struct backend *backend)
{
	const char *option = not_for(o, backend);
	struct err err;
	int rc;

	if (!o->argv && !backend->attaches) {
		fprintf(stderr,
			"ioriot: the %s backend records programs that it starts: "
			"ioriot -c FILE -- CMD ARGS\n",
			backend->name);
		return EXIT_USAGE;
	}
	if (option) {
		fprintf(stderr, "ioriot: %s means nothing to the %s backend\n", option, backend->name);
		return EXIT_USAGE;
	}
	if (!records_layers(o, backend, &err) || !records_files(o, backend, &err))
		return complain(&err, EXIT_USAGE);
	rc = backend->probe(o, &err);
	return rc ? complain(&err, not_started(rc, false)) : 0;
}

/* In the order of what they tell. */
static const struct backend *const by_worth[] = {
	&backend_stap,
#ifdef HAVE_BPF
	&backend_bpf,
#endif
	&backend_ptrace,
};

#define BY_WORTH (sizeof(by_worth) / sizeof(*by_worth))

static bool is_auto(const struct options *o)
{
	if (!o->backend)
		return (!o->argv || watches_files(o) || layer_list_has_events(&o->layers) ||
			       !o->layers.on[LAYER_SYS]) && !o->module;
	return strcmp(o->backend, "auto") == 0;
}

static void say(const struct capture_job *job, const char *who, const char *line)
{
	if (!job->options->quiet)
		fprintf(stderr, "%s: %s\n", who, line);
}

static void say_cannot(const struct capture_job *job, const struct backend *backend, const struct err *err)
{
	char line[sizeof(err->text) + 32];

	snprintf(line, sizeof(line), "not with %s: %s", backend->name, err->text);
	say(job, "ioriot", line);
}

/*
 * The best backend from AT on that this host allows; what is passed over, and why, is told. False: ERR says why
 * there is none; nothing when none fits the options.
 */
static bool choose_from(struct capture_job *job, size_t at, struct err *err)
{
	const struct options *o = job->options;
	char line[64];

	for (; at < BY_WORTH; at++) {
		const struct backend *backend = by_worth[at];
		int rc;

		if ((!o->argv && !backend->attaches) || not_for(o, backend))
			continue;
		rc = records_layers(o, backend, err) && records_files(o, backend, err)
			     ? backend->probe(o, err) : -ENOSYS;
		if (!rc) {
			job->backend = backend;
			snprintf(line, sizeof(line), "recording with %s", backend->name);
			say(job, "ioriot", line);
			return true;
		}
		if (rc != -EPERM && rc != -ENOSYS)
			break;
		say_cannot(job, backend, err);
	}
	return false;
}

/* 0, or an exit status. */
static int choose_first(struct capture_job *job)
{
	struct err err = {0};

	if (choose_from(job, 0, &err))
		return 0;
	if (err.code)
		return complain(&err, not_started(-err.code, false));
	fprintf(stderr, "ioriot: %s\n",
		job->options->argv ? "no backend has both --buffer and --no-hold"
				   : "--no-hold means nothing without a program");
	return EXIT_USAGE;
}

/* The one that was chosen could not begin: the next one may. */
static bool choose_next(struct capture_job *job, const struct err *err)
{
	struct err ignored;
	size_t at = 0;

	while (by_worth[at] != job->backend)
		at++;
	say_cannot(job, job->backend, err);
	return choose_from(job, at + 1, &ignored);
}

/* Anybody may start a program with ptrace; without a program, what sees the whole host is needed. */
static int choose_backend(struct capture_job *job)
{
	const struct options *o = job->options;
	const char *name = o->backend ? o->backend : o->argv ? "ptrace" : "stap";
	const struct backend **out = &job->backend;
	size_t i;

	if (is_auto(o))
		return choose_first(job);
	for (i = 0; i < sizeof(backends) / sizeof(*backends); i++) {
		if (strcmp(backends[i].name, name) != 0)
			continue;
		*out = backends[i].backend;
		if (*out)
			return check_backend(o, *out);
		fprintf(stderr, "ioriot: %s\n", backends[i].missing);
		return EXIT_HOST_LACKS;
	}
	fprintf(stderr, "ioriot: --backend=%s: it is one of auto, ptrace, stap, bpf\n", name);
	return EXIT_USAGE;
}

/* The words as one string, for people: words with a blank or a quote are quoted. */
static void join_words(struct buf *out, char *const *argv)
{
	for (; *argv; argv++) {
		bool quote = !**argv || strpbrk(*argv, " \t\n'\"\\$");

		if (out->len)
			buf_char(out, ' ');
		buf_puts(out, quote ? "'" : "");
		buf_puts(out, *argv);
		buf_puts(out, quote ? "'" : "");
	}
}

/* What is recorded, for people. */
static void put_what(struct buf *out, const struct options *o)
{
	if (o->argv)
		join_words(out, o->argv);
	else if (o->pid)
		buf_addf(out, "-x %d", (int)o->pid);
	else
		buf_puts(out, "system");
}

/* Without memory everything is recorded. */
static void begin_filter(const struct capture_job *job, struct str cmd)
{
	struct err err;

	if (chosen_begin(job->chosen, sink_start(job->sink), job->backend == &backend_ptrace ? cmd : STR_NONE, &err))
		complain(&err, 0);
}

static void begin_watch(const struct capture_job *job)
{
	struct err err;

	if (job->watch && watch_begin(job->watch, sink_start(job->sink), &err))
		complain(&err, 0);
}

/* The files as they were given. */
static void put_files(struct buf *out, const struct options *o)
{
	size_t i;

	for (i = 0; i < o->files; i++)
		buf_addf(out, "%s%s", i ? " " : "", o->file[i]);
}

#define PAIRS_MAX 20

static void write_header(
	const struct capture_job *job, const struct capture_pair *more, size_t n_more)
{
	struct capture_pair pairs[PAIRS_MAX];
	char uid[24];
	struct buf what = BUF_INIT, files = BUF_INIT;
	struct utsname host;
	size_t n = 0;

	uname(&host);
	put_what(&what, job->options);
	snprintf(uid, sizeof(uid), "%u", (unsigned)geteuid());
	pairs[n++] = (struct capture_pair){"backend", str_of(job->backend->name)};
	pairs[n++] = (struct capture_pair){"arch", str_of(host.machine)};
	pairs[n++] = (struct capture_pair){"kernel", str_of(host.release)};
	pairs[n++] = (struct capture_pair){"host", str_of(host.nodename)};
	pairs[n++] = (struct capture_pair){"uid", str_of(uid)};
	pairs[n++] = (struct capture_pair){"cmd", buf_as_str(&what)};
	if (job->options->only_ops)
		pairs[n++] = (struct capture_pair){"only", str_of(job->options->only_ops)};
	if (job->options->filter)
		pairs[n++] = (struct capture_pair){"filter", str_of(job->options->filter)};
	put_files(&files, job->options);
	if (job->watch)
		pairs[n++] = (struct capture_pair){"files", buf_as_str(&files)};
	while (n_more-- && n < PAIRS_MAX)
		pairs[n++] = *more++;
	sink_header(job->sink, pairs, n);
	begin_filter(job, buf_as_str(&what));
	begin_watch(job);
	buf_free(&what);
	buf_free(&files);
}

static void print_summary(const struct capture_job *job, const struct sink_totals *totals)
{
	const struct options *o = job->options;
	char *last = sink_part_path(o->capture, totals->files - 1), files[64] = "";

	if (totals->files > 1)
		snprintf(files, sizeof(files), "%" PRIu64 " files, the last is ", totals->files);
	if (!o->quiet)
		fprintf(stderr,
			"ioriot: %" PRIu64 " records of %" PRIu64 " process%s, %" PRIu64
			" lost, %" PRIu64 " bytes in %s%s (%s)\n",
			totals->calls, job->processes, job->processes == 1 ? "" : "es",
			totals->lost, totals->bytes, files, last ? last : o->capture,
			job->backend->name);
	free(last);
	if (job->cpu_before && !o->quiet) {
		uint64_t ns = cpu_ns() - job->cpu_before;

		fprintf(stderr, "ioriot: it took %.2f s of a processor, %.0f ns a record\n", (double)ns / NS_PER_SEC,
			(double)ns / (double)(totals->calls ? totals->calls : 1));
	}
	if (totals->held && !o->quiet)
		fprintf(stderr,
			"ioriot: %" PRIu64 " calls waited for overlapping ones to end, %" PRIu64
			" of them in vain\n",
			totals->held, totals->let_go);
}

/* The program's own status comes first: whoever runs it through us must not notice us. */
static int final_status(const struct capture_job *job, int failed, uint64_t lost)
{
	int status = WIFSIGNALED(job->status) ? STATUS_SIGNAL + WTERMSIG(job->status)
					      : WEXITSTATUS(job->status);

	if (status)
		return status;
	if (failed)
		return EXIT_FAILED;
	return lost ? EXIT_DIVERGED : EXIT_DONE;
}

static int record(struct capture_job *job)
{
	struct sink_totals totals;
	struct err err;
	int rc, failed;

	rc = job->backend->run(job, &err);
	while (!job->started && is_auto(job->options) && (rc == -EPERM || rc == -ENOSYS) && choose_next(job, &err))
		rc = job->backend->run(job, &err);
	paths_close(job->paths);
	if (!job->started) {
		sink_abort(job->sink);
		return complain(&err, not_started(rc, job->program));
	}
	if (rc)
		complain(&err, 0);
	failed = sink_close(job->sink, &totals, &err);
	if (failed)
		complain(&err, 0);
	print_summary(job, &totals);
	return final_status(job, rc || failed, totals.lost);
}

/* 0, or an exit status. OUT holds PATH_MAX bytes. */
static int find_program(struct capture_job *job, char *out)
{
	struct err err;
	int rc;

	if (!job->options->argv)
		return 0;
	job->program = out;
	rc = program_find(job->options->argv[0], out, &err);
	return rc ? complain(&err, rc == -ENOENT ? STATUS_NOT_FOUND : STATUS_CANNOT_RUN) : 0;
}

static int open_sink(struct capture_job *job, struct err *err)
{
	const struct options *o = job->options;
	const struct sink_limits limits = {
		.duration = o->duration,
		.max_events = o->max_events,
		.max_size = o->max_size,
		.max_files = o->max_files,
	};
	int rc = sink_open(&job->sink, o->capture, err);

	if (rc)
		return rc;
	sink_choose(job->sink, job->chosen);
	sink_watch(job->sink, job->watch);
	sink_hide(job->sink, job->hide);
	rc = sink_limit(job->sink, &limits, err);
	if (!rc)
		rc = paths_open(&job->paths, job->sink, err);
	if (rc)
		sink_abort(job->sink);
	return rc;
}

static int start_snapshots(const struct options *o, struct hide *hide, struct snapshot_helper *h, struct err *err)
{
	const struct snapshot s = {
		.list = &o->snapshot, .directory = o->output, .entries = o->snapshot_files, .hide = hide};
	int rc;

	if (!o->output)
		return 0;
	rc = snapshot_directory(o->output, err);
	return rc ? rc : snapshot_helper_start(h, &s, o->snapshot_every ? o->snapshot_every
			: SNAPSHOT_EVERY * (uint64_t)NS_PER_SEC, err);
}

static int open_watch(struct capture_job *job, struct err *err)
{
	const struct options *o = job->options;
	int rc;

	if (!watches_files(o))
		return 0;
	rc = watch_open(&job->watch, o->file, o->files, o->comm, err);
	if (!rc)
		watch_hide(job->watch, job->hide);
	return rc ? rc : control_open(&job->control, o->socket, err);
}

static int capture(struct capture_job *job)
{
	const struct options *o = job->options;
	struct snapshot_helper snapshots = {-1, -1};
	char program[PATH_MAX];
	struct err err;
	int rc;

	rc = choose_backend(job);
	if (!rc)
		rc = find_program(job, program);
	if (rc)
		return rc;
	if (!job->program) /* what everybody does is told to nobody else */
		umask(umask(077) | 077);
	if (start_snapshots(o, job->hide, &snapshots, &err))
		return complain(&err, EXIT_FAILED);
	if (open_watch(job, &err)) {
		complain(&err, 0);
		snapshot_helper_end(&snapshots);
		return EXIT_FAILED;
	}
	rc = open_sink(job, &err) ? complain(&err, EXIT_FAILED) : record(job);
	return snapshot_helper_end(&snapshots) || rc ? rc : EXIT_FAILED;
}

int capture_command(const struct options *o)
{
	struct capture_job job = {.options = o, .begin = write_header, .say = say};
	struct err err;
	int rc;

	if (chosen_new(&job.chosen, o->only_ops, o->filter, &err))
		return complain(&err, err.code == EINVAL ? EXIT_USAGE : EXIT_FAILED);
	job.wanted = chosen_ops(job.chosen);
	job.needs = chosen_needs(job.chosen);
	rc = o->anonymize && hide_open(&job.hide, o->anonymize, &err) ? complain(&err, EXIT_FAILED) : capture(&job);
	hide_close(job.hide);
	control_close(job.control);
	watch_close(job.watch);
	chosen_free(job.chosen);
	return rc;
}
