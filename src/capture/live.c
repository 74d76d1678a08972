/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signals and the end of what is recorded are looked at between two rounds; a round takes all that was made
 * before it began.
 */
#include "capture/live.h"

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
#include "capture/control.h"
#include "capture/places.h"
#include "capture/wire_read.h"
#include "tree/mounts.h"
#include "utils/clock.h"
#include "utils/human.h"

#define ROUND	 (70u * 1000 * 1000) /* ns between two rounds when little happens */
#define WHY_WIRE "a record of the kernel was malformed"
#define WHY_NEW	 "a record of the kernel is of a kind that this ioriot does not know"

struct live {
	struct capture_job *job;
	const struct live_source *source;
	void *user; /* of the source */
	struct merge *merge;
	struct devices *devices;
	struct wire_reader *wire;
	struct begin *begin;
	struct places *places; /* NULL: not needed */
	struct late *late;
	struct live_signals *signals;
	struct child child; /* pid 0: no program */
	bool executed;	    /* what it does is the program's own from here on, or no calls would tell that */
	bool reaped;
	unsigned terms;	      /* SIGTERMs passed on to the program */
	unsigned patience;    /* how often it may be told to end before a word is due */
	bool ending;
	uint64_t up_to; /* what is older has been passed on */
	uint64_t again_from, again_until; /* a new file begins between these times; 0: none does */
	struct err oom;			  /* why a record could not be passed on */
};

/* --- what becomes of a record --- */

void live_say(struct live *s, const char *fmt, ...)
{
	char line[4096]; /* all hooks of all layers */
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	s->job->say(s->job, "ioriot", line);
}

size_t live_layer_pairs(const struct live_layers *layers, struct capture_pair pairs[static LIVE_LAYER_PAIRS])
{
	size_t n = 0;

	pairs[n++] = (struct capture_pair){"layers", layers->on};
	if (layers->missing.len)
		pairs[n++] = (struct capture_pair){"layers_missing", layers->missing};
	if (layers->silent.len)
		pairs[n++] = (struct capture_pair){"layers_silent", layers->silent};
	if (layers->untried.len)
		pairs[n++] = (struct capture_pair){"layers_untried", layers->untried};
	return n;
}

static void say_list(struct live *s, const char *what, struct str list)
{
	if (list.len)
		live_say(s, "%s: %.*s", what, (int)list.len, list.s);
}

void live_say_layers(struct live *s, const struct live_layers *layers)
{
	if (layers->events)
		say_list(s, "layers", layers->on);
	say_list(s, "this kernel does not have", layers->missing);
	say_list(s, "attached, but not called when tried", layers->silent);
}

static int add(void *user, const struct seen *seen, struct err *err)
{
	struct live *s = user;
	struct seen placed;
	int rc;

	if (!s->places)
		return late_add(s->late, seen, err);
	if (seen->unplaced) {
		placed = *seen;
		rc = places_find(s->places, &placed);
		seen = &placed;
	} else {
		rc = places_follow(s->places, seen);
	}
	if (rc < 0)
		return err_sys(err, -rc, "cannot follow what is mapped");
	return rc ? late_add(s->late, seen, err) : 0;
}

static void lost(
	void *user, uint64_t t, uint32_t pid, uint32_t tid, uint64_t count, const char *why)
{
	struct live *s = user;

	late_lost(s->late, t, pid, tid, count, why);
}

void live_lost(struct live *s, uint64_t t, uint64_t count, const char *why)
{
	lost(s, t, 0, 0, count, why);
}

static void lost_on_the_way(void *user, uint64_t t, uint64_t count)
{
	struct live *s = user;

	live_lost(s, t, count, s->source->full);
}

/*
 * The child that becomes the program is ours until then: what it does is not the program's, and the
 * program never has the descriptors that are closed when it is executed.
 */
static bool is_ours(struct live *s, const struct wire_seen *seen)
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
	case WIRE_SEEN_MAP:
	case WIRE_SEEN_EVENT:
		return true;
	case WIRE_SEEN_CALL:
		s->executed = (rec->op == OP_execve || rec->op == OP_execveat) && rec->ret == 0;
		return true;
	}
	return false;
}

/* A second Ctrl-C while the rest is written. */
static void note_impatience(struct live *s)
{
	unsigned told = live_signals_int() + live_signals_term();

	if (told <= s->patience || (s->child.pid && !s->ending))
		return;
	s->patience = told;
	live_say(s, "still writing what was recorded, please wait");
}

/*
 * The record that comes next begins a new file: the first one of a process whose state is told
 * again, or the next one at all. What came before was told in the old file.
 */
static int next_file(struct live *s)
{
	int rc = late_rotate(s->late, &s->oom);

	begin_again(s->begin);
	begin_settled(s->begin, s->again_until);
	s->again_from = 0;
	return rc;
}

static int take_record(void *user, struct wire_rec *rec)
{
	struct live *s = user;
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
static int merge_up_to(struct live *s, uint64_t t, struct err *err)
{
	const struct merge_out out = {s, take_record, lost_on_the_way};
	size_t freed = 0;
	int rc;

	rc = merge_to(s->merge, t, &out, &freed);
	s->source->freed(s->user, freed);
	if (rc)
		*err = s->oom;
	else
		late_advance(s->late, t);
	return rc;
}

int live_sums(struct live *s, enum op_id row, const struct live_sum *sum, struct err *err)
{
	char count[HUMAN_LEN], bytes[HUMAN_LEN];
	struct seen seen = {.rec = {.t = now_ns(), .op = OP_layer_sum, .path = str_of(ops[row].name)}};

	live_say(s, "%s: %s events, %s; %" PRIu64 " records, %" PRIu64 " dropped", ops[row].name,
		human_count(count, (double)sum->seen), human_bytes(bytes, (double)sum->bytes), sum->kept, sum->dropped);
	seen.rec.arg[1] = sum->bytes;
	seen.rec.arg[2] = sum->seen;
	seen.rec.arg[3] = sum->kept;
	seen.rec.arg[4] = sum->dropped;
	return late_add(s->late, &seen, err);
}

/* --- rounds --- */

/* 1: there is more at once. */
static int round_up(struct live *s, bool stop, struct err *err)
{
	uint64_t t = 0;
	int more = s->source->collect(s->user, s->merge, stop, &t, err), rc;

	rc = more < 0 ? more : merge_up_to(s, stop && !more ? UINT64_MAX : t, err);
	if (!rc && s->job->control)
		control_round(s->job->control, s->job->watch, t);
	sink_tick(s->job->sink);
	s->up_to = t;
	return rc ? rc : more;
}

/* The kernel tells all states once more. */
static int rotate(struct live *s, struct err *err)
{
	int rc;

	s->again_from = now_ns();
	rc = s->source->again(s->user, err);
	s->again_until = now_ns();
	if (rc)
		return rc;
	do
		rc = round_up(s, false, err);
	while (rc > 0 && s->up_to < s->again_until);
	if (rc >= 0 && s->again_from && (rc = next_file(s)))
		*err = s->oom;
	return rc;
}

/*
 * What the terminal sends goes to the program as well, and what somebody else sends us is meant for
 * the program, as long as there is one. True: nobody else can be meant.
 */
static bool is_told_to_end(struct live *s)
{
	unsigned terms = live_signals_term();

	if (!s->child.pid || s->reaped)
		return live_signals_int() || terms > s->terms;
	if (terms > s->terms)
		kill(s->child.pid, SIGTERM);
	s->terms = terms;
	return false;
}

static void reap(struct live *s, int options)
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
static int is_over(struct live *s, struct err *err)
{
	int64_t scope = 0;
	int rc;

	reap(s, WNOHANG);
	if (is_told_to_end(s) || sink_over(s->job->sink) != SINK_GOES_ON)
		return 1;
	if (!s->job->options->pid && !s->child.pid)
		return 0;
	rc = s->source->scope(s->user, &scope, err);
	return rc ? rc : scope == 0;
}

static void say_limit(struct live *s)
{
	enum sink_end end = sink_over(s->job->sink);

	if (end != SINK_GOES_ON)
		live_say(s, "recording ended: %s%s", sink_end_text(end),
			s->child.pid && !s->reaped ? "; the program goes on" : "");
}

static int record(struct live *s, struct err *err)
{
	int rc;

	do {
		s->source->wait(s->user, ROUND);
		rc = round_up(s, false, err);
		if (rc >= 0 && sink_full(s->job->sink))
			rc = rotate(s, err);
	} while (rc >= 0 && (rc = is_over(s, err)) == 0);
	return rc < 0 ? rc : 0;
}

/* --- the end --- */

static void settle_unknown(struct live *s)
{
	struct wire_counts counts = wire_counts(s->wire);

	if (counts.unknown_kinds + counts.unknown_calls)
		live_lost(s, now_ns(), counts.unknown_kinds + counts.unknown_calls, WHY_NEW);
}

/* The kernel records no more; what it has recorded is taken to the last byte. */
static int finish(struct live *s, struct err *err)
{
	int rc;

	s->patience = live_signals_int() + live_signals_term();
	s->ending = true;
	while ((rc = round_up(s, true, err)) > 0)
		;
	if (!rc)
		rc = s->source->settle(s->user, err);
	settle_unknown(s);
	return rc;
}

/* --- the beginning --- */

/* The header, and what the records go through. */
int live_stages(struct live *s, size_t queues, const struct capture_pair *pairs, size_t n, struct err *err)
{
	const struct begin_out to = {s, add, lost};
	int rc = devices_open(&s->devices, MOUNTS_SELF, err);

	if (!rc)
		rc = wire_open(&s->wire, s->devices, err);
	if (!rc)
		rc = begin_open(&s->begin, &to, err);
	if (!rc && s->source->unplaced)
		rc = places_open(&s->places, err);
	if (rc)
		return rc;
	s->merge = merge_open(queues);
	if (!s->merge)
		return err_sys(err, ENOMEM, "cannot start the capture");
	s->job->begin(s->job, pairs, n);
	return late_open(&s->late, s->job->sink, err);
}

static int start_recording(struct live *s, struct err *err)
{
	int rc = s->job->watch ? watch_tell(s->job->watch, s->source->file, s->user, err) : 0;

	if (!rc)
		rc = s->source->start(s->user, s->child.pid, err);
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
	s->job->cpu_before = cpu_ns();
	s->source->ready(s->user, s->child.pid ? "" : "; Ctrl-C ends");
	return 0;
}

int live_record(struct live *s, struct err *err)
{
	struct err second;
	int rc = start_recording(s, err), end;

	if (rc)
		return rc;
	rc = record(s, err);
	say_limit(s);
	end = finish(s, rc ? &second : err);
	return rc ? rc : end;
}

void live_close_stages(struct live *s)
{
	if (s->late)
		late_close(s->late);
	if (s->begin) {
		s->job->processes = begin_counts(s->begin).processes;
		begin_close(s->begin);
	}
	places_close(s->places);
	if (s->wire)
		wire_close(s->wire);
	if (s->devices)
		devices_close(s->devices);
	if (s->merge)
		merge_close(s->merge);
}

int live_open(struct live **out, struct capture_job *job, const struct live_source *source, void *user,
	struct err *err)
{
	struct live *s = calloc(1, sizeof(*s));
	int rc;

	*out = s;
	if (!s)
		return err_sys(err, ENOMEM, "cannot start the capture");
	*s = (struct live){.job = job, .source = source, .user = user, .patience = 1,
		.executed = !job->options->layers.on[LAYER_SYS]};
	rc = job->program ? child_fork(&s->child, job->program, job->options->argv, NULL, err) : 0;
	if (rc) {
		free(s);
		*out = NULL;
		return rc;
	}
	s->signals = live_signals_take();
	return 0;
}

void live_close(struct live *s)
{
	if (s->child.pid && !s->job->started)
		kill(s->child.pid, SIGKILL);
	reap(s, 0);
	live_signals_give_back(s->signals);
	if (s->child.pid)
		child_close(&s->child);
	free(s);
}

/* --- what the sources have in common --- */

unsigned live_buffer(struct live *s)
{
	unsigned asked = s->job->options->buffer, cpus = (unsigned)get_nprocs(), buffer;
	struct sysinfo host;

	sysinfo(&host);
	buffer = buffer_size(asked, cpus, (uint64_t)host.totalram * host.mem_unit);
	if (buffer < BUFFER_DEFAULT && !asked)
		live_say(s,
			"%u MiB of kernel memory for each processor, as this host has little; "
			"--buffer changes it",
			buffer);
	return buffer;
}

int live_check_pid(pid_t pid, struct err *err)
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
