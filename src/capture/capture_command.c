/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/capture_command.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capture/backend.h"
#include "capture/program.h"
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
	{"stap", NULL, "the SystemTap backend is not part of this build"},
	{"bpf", NULL, "the BPF backend is not part of this build"},
};

static int complain(const struct err *err, int status)
{
	fprintf(stderr, "ioriot: %s\n", err->text);
	return status;
}

/* 0, or an exit status. */
static int choose_backend(const struct options *o, const struct backend **out)
{
	const char *name = o->backend ? o->backend : "ptrace";
	struct err err;
	size_t i;

	for (i = 0; i < sizeof(backends) / sizeof(*backends); i++) {
		if (strcmp(backends[i].name, name) != 0)
			continue;
		*out = backends[i].backend;
		if (!*out) {
			fprintf(stderr, "ioriot: %s\n", backends[i].missing);
			return EXIT_HOST_LACKS;
		}
		return (*out)->probe(&err) ? complain(&err, EXIT_HOST_LACKS) : 0;
	}
	fprintf(stderr, "ioriot: --backend=%s: it is one of ptrace, stap, bpf\n", name);
	return EXIT_USAGE;
}

/* Without a program to start, a backend is needed that sees what runs already. */
static int check_what(const struct options *o)
{
	if (o->argv && o->argv[0])
		return 0;
	fprintf(stderr, "ioriot: %s needs the stap or bpf backend, which are not part of this "
			"build; record a program with: ioriot -c FILE -- CMD ARGS\n",
		o->pid ? "recording a process that runs already (-x)"
		       : "recording the whole system");
	return EXIT_HOST_LACKS;
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

static void write_header(const struct capture_job *job, const struct backend *backend)
{
	char mono[24], wall[24], uid[24];
	struct buf cmd = BUF_INIT;
	struct utsname host;

	uname(&host);
	join_words(&cmd, job->options->argv);
	snprintf(mono, sizeof(mono), "%" PRIu64, now_ns());
	snprintf(wall, sizeof(wall), "%" PRIu64, wall_ns());
	snprintf(uid, sizeof(uid), "%u", (unsigned)geteuid());
	sink_header(job->sink,
		(struct capture_pair[]){
			{"backend", str_of(backend->name)},
			{"arch", str_of(host.machine)},
			{"kernel", str_of(host.release)},
			{"host", str_of(host.nodename)},
			{"start_mono", str_of(mono)},
			{"start_wall", str_of(wall)},
			{"uid", str_of(uid)},
			{"cmd", buf_as_str(&cmd)},
		},
		8);
	buf_free(&cmd);
}

static void print_summary(const struct capture_job *job, const struct sink_totals *totals)
{
	const struct options *o = job->options;

	if (o->quiet)
		return;
	fprintf(stderr,
		"ioriot: %" PRIu64 " records of %" PRIu64 " process%s, %" PRIu64 " lost, %" PRIu64
		" bytes in %s\n",
		totals->calls, job->processes, job->processes == 1 ? "" : "es", totals->lost,
		totals->bytes, o->capture);
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

static int not_started(int code)
{
	switch (-code) {
	case ENOENT:
		return STATUS_NOT_FOUND;
	case EPERM:
	case ENOSYS:
		return EXIT_HOST_LACKS;
	default:
		return STATUS_CANNOT_RUN;
	}
}

static int record(struct capture_job *job, const struct backend *backend)
{
	struct sink_totals totals;
	struct err err;
	int rc, failed;

	write_header(job, backend);
	rc = backend->run(job, &err);
	paths_close(job->paths);
	if (!job->started) {
		sink_abort(job->sink);
		return complain(&err, not_started(rc));
	}
	if (rc)
		complain(&err, 0);
	failed = sink_close(job->sink, &totals, &err);
	if (failed)
		complain(&err, 0);
	print_summary(job, &totals);
	return final_status(job, rc || failed, totals.lost);
}

int capture_command(const struct options *o)
{
	struct capture_job job = {.options = o};
	const struct backend *backend;
	char program[PATH_MAX];
	struct err err;
	int rc;

	rc = choose_backend(o, &backend);
	if (!rc)
		rc = check_what(o);
	if (rc)
		return rc;
	rc = program_find(o->argv[0], program, &err);
	if (rc)
		return complain(&err, rc == -ENOENT ? STATUS_NOT_FOUND : STATUS_CANNOT_RUN);
	job.program = program;
	if (sink_open(&job.sink, o->capture, &err))
		return complain(&err, EXIT_FAILED);
	if (paths_open(&job.paths, job.sink, &err)) {
		sink_abort(job.sink);
		return complain(&err, EXIT_FAILED);
	}
	return record(&job, backend);
}
