/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SystemTap backend: a module records in the kernel, this side reads, orders and writes.
 * Signals and the end of what is recorded are looked at between two rounds; a round takes all that
 * was made before it began.
 */
#include "capture/stap.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capture/begin.h"
#include "capture/buffer.h"
#include "capture/child.h"
#include "capture/wire_read.h"
#include "tree/mounts.h"
#include "utils/clock.h"

#define ROUND	  (70u * 1000 * 1000) /* ns between two rounds when little happens */
#define LEAST	  (32u << 20)	      /* bytes that may wait in memory, when the kernel has few */
#define MOST	  (512u << 20)
#define WHY_RELAY "the buffer of the kernel was full"
#define WHY_CPU	  "a processor that was switched on later has no buffer"
#define WHY_WIRE  "a record of the module was malformed"
#define WHY_NEW	  "a record of the module is of a kind that this ioriot does not know"

/* One capture. */
struct stap {
	struct capture_job *job;
	struct stap_loaded loaded;
	struct stap_readers *readers;
	struct stap_merge *merge;
	struct devices *devices;
	struct wire_reader *wire;
	struct begin *begin;
	struct late *late;
	struct child child; /* pid 0: no program */
	bool executed;	    /* its calls are the program's own from here on */
	bool reaped;
	unsigned terms;	      /* SIGTERMs passed on to the program */
	unsigned patience;    /* how often it may be told to end before a word is due */
	bool ending;
	uint64_t again_from, again_until; /* a new file begins between these times; 0: none does */
	struct err oom;			  /* why a record could not be passed on */
};

/* --- what becomes of a record --- */

static void sayf(struct stap *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void sayf(struct stap *s, const char *fmt, ...)
{
	char line[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	s->job->say(s->job, "ioriot", line);
}

static int add(void *user, const struct seen *seen, struct err *err)
{
	struct stap *s = user;

	return late_add(s->late, seen, err);
}

static void lost(
	void *user, uint64_t t, uint32_t pid, uint32_t tid, uint64_t count, const char *why)
{
	struct stap *s = user;

	late_lost(s->late, t, pid, tid, count, why);
}

static void lost_in_relay(void *user, uint64_t t, uint64_t count)
{
	lost(user, t, 0, 0, count, WHY_RELAY);
}

/*
 * The child that becomes the program is ours until then: what it does is not the program's, and the
 * program never has the descriptors that are closed when it is executed.
 */
static bool is_ours(struct stap *s, const struct wire_seen *seen)
{
	const struct rec *rec = &seen->seen.rec;

	if (s->executed || rec->pid != (uint32_t)s->child.pid)
		return false;
	switch (seen->kind) {
	case WIRE_SEEN_TASK:
	case WIRE_SEEN_RING:
	case WIRE_SEEN_LOST:
		return false;
	case WIRE_SEEN_FD:
		return rec->arg[2] & O_CLOEXEC;
	case WIRE_SEEN_CALL:
		s->executed = (rec->op == OP_execve || rec->op == OP_execveat) && rec->ret == 0;
		return true;
	}
	return false;
}

/* A second Ctrl-C while the rest is written. */
static void note_impatience(struct stap *s)
{
	unsigned told = stap_signals_int() + stap_signals_term();

	if (told <= s->patience || (s->child.pid && !s->ending))
		return;
	s->patience = told;
	sayf(s, "still writing what was recorded, please wait");
}

/*
 * The record that comes next begins a new file: the first one of a process whose state is told
 * again, or the next one at all. What came before was told in the old file.
 */
static int next_file(struct stap *s)
{
	int rc = late_rotate(s->late, &s->oom);

	begin_again(s->begin);
	begin_settled(s->begin, s->again_until);
	s->again_from = 0;
	return rc;
}

static int take_record(void *user, struct wire_rec *rec)
{
	struct stap *s = user;
	struct wire_seen seen;
	bool more;
	int rc = 0;

	note_impatience(s);
	if (s->again_from && rec->kind == WIRE_TASK && rec->t >= s->again_from)
		rc = next_file(s);
	if (!rc)
		rc = wire_decode(s->wire, rec, rec->size, &seen, &s->oom);
	if (rc == -EINVAL) {
		lost(s, rec->t, rec->tgid, rec->tid, 1, WHY_WIRE);
		return 0;
	}
	for (more = rc > 0; more && rc >= 0; more = wire_next(s->wire, &seen))
		rc = is_ours(s, &seen) ? 0 : begin_add(s->begin, &seen, &s->oom);
	return rc < 0 ? rc : 0;
}

/* Everything up to time T, which the kernel has handed over. */
static int merge_up_to(struct stap *s, uint64_t t, struct err *err)
{
	const struct stap_out out = {s, take_record, lost_in_relay};
	size_t freed = 0;
	int rc;

	stap_readers_take(s->readers, s->merge);
	rc = stap_merge_to(s->merge, t, &out, &freed);
	stap_readers_release(s->readers, freed);
	if (rc)
		*err = s->oom;
	else
		late_advance(s->late, t);
	return rc;
}

/* --- rounds --- */

static int round_up(struct stap *s, const char *command, struct err *err)
{
	uint64_t t = now_ns();
	int rc = stap_ctl(s->loaded.name, err, "%s", command);

	if (!rc)
		rc = stap_readers_drain(s->readers, t, err);
	if (!rc)
		rc = merge_up_to(s, t, err);
	sink_tick(s->job->sink);
	return rc;
}

/* The kernel tells all states once more. */
static int rotate(struct stap *s, struct err *err)
{
	int rc;

	s->again_from = now_ns();
	rc = stap_ctl(s->loaded.name, err, "again");
	s->again_until = now_ns();
	if (!rc)
		rc = round_up(s, "flush", err);
	if (!rc && s->again_from && (rc = next_file(s)))
		*err = s->oom;
	return rc;
}

/*
 * What the terminal sends goes to the program as well, and what somebody else sends us is meant for
 * the program, as long as there is one. True: nobody else can be meant.
 */
static bool is_told_to_end(struct stap *s)
{
	unsigned terms = stap_signals_term();

	if (!s->child.pid || s->reaped)
		return stap_signals_int() || terms > s->terms;
	if (terms > s->terms)
		kill(s->child.pid, SIGTERM);
	s->terms = terms;
	return false;
}

static void reap(struct stap *s, int options)
{
	pid_t pid;

	if (!s->child.pid || s->reaped)
		return;
	do {
		is_told_to_end(s);
		pid = waitpid(s->child.pid, &s->job->status, options);
	} while (pid < 0 && errno == EINTR);
	s->reaped = pid != 0;
}

/* 1: it is; -errno. */
static int is_over(struct stap *s, struct err *err)
{
	struct stap_status status;
	int64_t scope;
	int rc;

	reap(s, WNOHANG);
	if (is_told_to_end(s) || sink_over(s->job->sink) != SINK_GOES_ON)
		return 1;
	if (!s->job->options->pid && !s->child.pid)
		return 0;
	rc = stap_status_read(&status, s->loaded.name, err);
	if (rc)
		return rc;
	scope = status.scope;
	stap_status_free(&status);
	return scope == 0;
}

static void say_limit(struct stap *s)
{
	enum sink_end end = sink_over(s->job->sink);

	if (end != SINK_GOES_ON)
		sayf(s, "recording ended: %s%s", sink_end_text(end),
			s->child.pid && !s->reaped ? "; the program goes on" : "");
}

static int record(struct stap *s, struct err *err)
{
	int rc;

	do {
		stap_readers_wait(s->readers, ROUND);
		rc = round_up(s, "flush", err);
		if (!rc && sink_full(s->job->sink))
			rc = rotate(s, err);
	} while (!rc && (rc = is_over(s, err)) == 0);
	return rc < 0 ? rc : 0;
}

/* --- the end --- */

static const struct stap_cpu *find_cpu(const struct stap_status *status, unsigned cpu)
{
	size_t i;

	for (i = 0; i < status->cpus.n; i++)
		if (status->cpus.v[i].cpu == cpu)
			return &status->cpus.v[i];
	return NULL;
}

/* What one processor made is here or known to be missing; anything else is said. */
static void settle_cpu(struct stap *s, struct stap_frames *f, const struct stap_status *status)
{
	const struct stap_cpu *cpu = find_cpu(status, f->cpu);
	uint64_t made = cpu ? cpu->made : f->made, missing = stap_frames_end(f, made);

	if (missing)
		lost_in_relay(s, now_ns(), missing);
	if (f->received + f->lost == made)
		return;
	sayf(s,
		"processor %u made %" PRIu64 " records, but %" PRIu64 " came and %" PRIu64
		" are missing: the difference is lost",
		f->cpu, made, f->received, f->lost);
	lost(s, now_ns(), 0, 0, f->received + f->lost - made, "the counts of the module differ");
}

/* Processors that came after the module have no channel. */
static void settle_others(struct stap *s, const struct stap_status *status)
{
	size_t i, k, n = stap_readers_count(s->readers);

	for (i = 0; i < status->cpus.n; i++) {
		const struct stap_cpu *cpu = &status->cpus.v[i];

		for (k = 0; k < n && stap_readers_frames(s->readers, k)->cpu != cpu->cpu; k++)
			;
		if (k == n && cpu->made)
			lost(s, now_ns(), 0, 0, cpu->made, WHY_CPU);
	}
}

static void settle_unknown(struct stap *s)
{
	struct wire_counts counts = wire_counts(s->wire);

	if (counts.unknown_kinds + counts.unknown_calls)
		lost(s, now_ns(), 0, 0, counts.unknown_kinds + counts.unknown_calls, WHY_NEW);
}

static int settle(struct stap *s, struct err *err)
{
	struct stap_status status;
	size_t i;
	int rc = stap_status_read(&status, s->loaded.name, err);

	if (rc)
		return rc;
	for (i = 0; i < stap_readers_count(s->readers); i++)
		settle_cpu(s, stap_readers_frames(s->readers, i), &status);
	settle_others(s, &status);
	settle_unknown(s);
	if (status.skipped)
		sayf(s, "%" PRIu64 " times the kernel did not tell what a name or file was before",
			status.skipped);
	stap_status_free(&status);
	return 0;
}

/* The kernel records no more; what it has recorded is taken to the last byte. */
static int finish(struct stap *s, struct err *err)
{
	int rc;

	s->patience = stap_signals_int() + stap_signals_term();
	s->ending = true;
	rc = round_up(s, "stop", err);
	if (!rc)
		rc = merge_up_to(s, UINT64_MAX, err);
	stap_readers_stop(s->readers);
	if (!rc)
		rc = settle(s, err);
	return rc;
}

/* --- the beginning --- */

static int tell_filters(struct stap *s, struct err *err)
{
	const struct options *o = s->job->options;
	const char *module = s->loaded.name;
	int rc;

	if (s->child.pid)
		return stap_ctl(module, err, "pid %d", (int)s->child.pid);
	rc = stap_ctl(module, err, "exclude %d", (int)getpid());
	if (!rc && o->pid)
		return stap_ctl(module, err, "pid %d", (int)o->pid);
	if (!rc && o->comm)
		rc = stap_ctl(module, err, "comm %s", o->comm);
	if (!rc && o->by_uid)
		rc = stap_ctl(module, err, "uid %u", (unsigned)o->uid);
	return rc ? rc : stap_ctl(module, err, "all");
}

/* Who waits for a word of staprun to begin with something must not hear it earlier. */
static void say_ready(struct stap *s)
{
	if (*s->loaded.inserted)
		s->job->say(s->job, "staprun", s->loaded.inserted);
	sayf(s, "module %s inserted, recording%s", s->loaded.name,
		s->child.pid ? "" : "; Ctrl-C ends");
}

static int start_recording(struct stap *s, struct err *err)
{
	int rc = tell_filters(s, err);

	if (!rc)
		rc = stap_ctl(s->loaded.name, err, "start");
	if (rc)
		return rc;
	begin_settled(s->begin, now_ns());
	sink_begin(s->job->sink);
	if (s->child.pid) {
		rc = child_start(&s->child, err);
		if (!rc)
			rc = child_why(&s->child, s->job->program, err);
		if (rc)
			return rc;
	}
	s->job->started = true;
	say_ready(s);
	return 0;
}

/* The header, and what the records go through. */
/* Both ways in which the kernel brings a page of a file into a map. */
static bool sees_faults(const char *hooks)
{
	return strstr(hooks, "filemap_fault") && strstr(hooks, "filemap_map_pages");
}

static int open_stages(struct stap *s, const struct stap_status *status, struct err *err)
{
	const struct begin_out to = {s, add, lost};
	const struct capture_pair pairs[] = {
		{"module", str_of(s->loaded.name)},
		{"hooks", str_of(status->hooks)},
		{"missing", str_of(status->missing)},
		{"faults", sees_faults(status->hooks) ? STR("events") : STR("none")},
	};
	int rc = devices_open(&s->devices, MOUNTS_SELF, err);

	if (!rc)
		rc = wire_open(&s->wire, s->devices, err);
	if (!rc)
		rc = begin_open(&s->begin, &to, err);
	if (rc)
		return rc;
	if (*status->missing)
		sayf(s, "this kernel does not have these hooks: %s", status->missing);
	s->job->begin(s->job, pairs, sizeof(pairs) / sizeof(*pairs));
	return late_open(&s->late, s->job->sink, err);
}

static int open_readers(struct stap *s, unsigned buffer, struct err *err)
{
	size_t most = ((size_t)buffer << 20) * (size_t)get_nprocs();
	char directory[PATH_MAX];
	int rc;

	most = most < LEAST ? LEAST : most > MOST ? MOST : most;
	stap_trace_directory(s->loaded.name, directory, sizeof(directory));
	rc = stap_readers_open(&s->readers, directory, most, err);
	if (rc)
		return rc;
	s->merge = stap_merge_open(stap_readers_count(s->readers));
	return s->merge ? 0 : err_sys(err, ENOMEM, "cannot start the capture");
}

static unsigned choose_buffer(struct stap *s)
{
	unsigned asked = s->job->options->buffer, cpus = (unsigned)get_nprocs(), buffer;
	struct sysinfo host;

	sysinfo(&host);
	buffer = buffer_size(asked, cpus, (uint64_t)host.totalram * host.mem_unit);
	if (buffer < BUFFER_DEFAULT && !asked)
		sayf(s,
			"%u MiB of kernel memory for each processor, as this host has little; "
			"--buffer changes it",
			buffer);
	return buffer;
}

static void close_stages(struct stap *s)
{
	if (s->late)
		late_close(s->late);
	if (s->begin) {
		s->job->processes = begin_counts(s->begin).processes;
		begin_close(s->begin);
	}
	if (s->wire)
		wire_close(s->wire);
	if (s->devices)
		devices_close(s->devices);
	if (s->readers)
		stap_readers_close(s->readers);
	if (s->merge)
		stap_merge_close(s->merge);
}

static int check_variant(const struct stap *s, const struct stap_status *status, struct err *err)
{
	if (strcmp(status->variant, "targetedioriot") != 0 || s->job->options->pid || s->child.pid)
		return 0;
	return err_set(err, EINVAL, "the module %s records single processes only: give -x PID",
		s->loaded.name);
}

/* With the module in the kernel. */
static int capture(struct stap *s, unsigned buffer, struct err *err)
{
	struct stap_status status;
	int rc = stap_status_read(&status, s->loaded.name, err), end;
	struct err second;

	if (rc)
		return rc;
	rc = stap_status_check(&status, err);
	if (!rc)
		rc = check_variant(s, &status, err);
	if (!rc)
		rc = open_stages(s, &status, err);
	stap_status_free(&status);
	if (!rc)
		rc = open_readers(s, buffer, err);
	if (!rc)
		rc = start_recording(s, err);
	if (rc)
		return rc;
	rc = record(s, err);
	say_limit(s);
	end = finish(s, rc ? &second : err);
	return rc ? rc : end;
}

static int load_and_capture(struct stap *s, struct err *err)
{
	unsigned buffer = choose_buffer(s);
	struct stap_module module;
	struct err second;
	int rc = stap_module_find(&module, s->job->options, err), end;

	if (!rc)
		rc = stap_load(&s->loaded, s->job, &module, buffer, err);
	if (rc)
		return rc;
	rc = capture(s, buffer, err);
	close_stages(s);
	end = stap_unload(&s->loaded, s->job, rc ? &second : err);
	return rc ? rc : end;
}

static int stap_run(struct capture_job *job, struct err *err)
{
	struct stap s = {.job = job, .patience = 1};
	struct stap_signals *signals;
	int rc = 0;

	if (job->program)
		rc = child_fork(&s.child, job->program, job->options->argv, NULL, err);
	if (rc)
		return rc;
	signals = stap_signals_take();
	rc = load_and_capture(&s, err);
	if (s.child.pid && !job->started)
		kill(s.child.pid, SIGKILL);
	reap(&s, 0);
	stap_signals_give_back(signals);
	if (s.child.pid)
		child_close(&s.child);
	return rc;
}

/* --- whether it can be --- */

static int check_pid(pid_t pid, struct err *err)
{
	char path[64], line[128];
	int leader = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "re");
	if (!f)
		return err_set(err, ESRCH, "-x %d: there is no such process", (int)pid);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "Tgid: %d", &leader) == 1)
			break;
	fclose(f);
	return leader == pid ? 0
			     : err_set(err, ESRCH, "-x %d: this is a thread of process %d",
				       (int)pid, leader);
}

static int stap_probe(const struct options *o, struct err *err)
{
	struct stap_module module;
	char staprun[PATH_MAX];
	int rc = o->pid ? check_pid(o->pid, err) : 0;

	if (!rc)
		rc = stap_host_check(NULL, err);
	if (!rc)
		rc = stap_find_staprun(staprun, err);
	if (!rc)
		rc = stap_module_find(&module, o, err);
	return rc ? rc : stap_host_check(&module, err);
}

const struct backend backend_stap = {
	.name = "stap",
	.attaches = true,
	.probe = stap_probe,
	.run = stap_run,
};
