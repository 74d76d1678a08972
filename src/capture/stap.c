/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SystemTap backend: a module records in the kernel, this side reads what it hands over.
 */
#include "capture/stap.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "capture/chosen.h"
#include "capture/trial.h"
#include "ops/words.h"
#include "utils/clock.h"

#define LEAST	  (32u << 20) /* bytes that may wait in memory, when the kernel has few */
#define MOST	  (512u << 20)
#define WHY_RELAY "the buffer of the kernel was full"
#define WHY_CPU	  "a processor that was switched on later has no buffer"

/* One capture. */
struct stap {
	struct capture_job *job;
	struct live *live;
	struct stap_loaded loaded;
	struct stap_readers *readers;
	struct buf silent, untried; /* hooks, as the header tells them */
};

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
		live_lost(s->live, now_ns(), missing, WHY_RELAY);
	if (f->received + f->lost == made)
		return;
	live_say(s->live,
		"processor %u made %" PRIu64 " records, but %" PRIu64 " came and %" PRIu64
		" are missing: the difference is lost",
		f->cpu, made, f->received, f->lost);
	live_lost(s->live, now_ns(), f->received + f->lost - made, "the counts of the module differ");
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
			live_lost(s->live, now_ns(), cpu->made, WHY_CPU);
	}
}

static int settle_events(struct stap *s, const struct stap_status *status, struct err *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < status->events.n && !rc; i++)
		rc = live_sums(s->live, status->events.v[i].row, &status->events.v[i].sum, err);
	return rc;
}

static int settle(void *user, struct err *err)
{
	struct stap_status status;
	struct stap *s = user;
	size_t i;
	int rc;

	stap_readers_stop(s->readers);
	rc = stap_status_read(&status, s->loaded.name, err);
	if (rc)
		return rc;
	for (i = 0; i < stap_readers_count(s->readers); i++)
		settle_cpu(s, stap_readers_frames(s->readers, i), &status);
	settle_others(s, &status);
	rc = settle_events(s, &status, err);
	if (status.skipped)
		live_say(s->live, "%" PRIu64 " times the kernel did not tell what a name or file was before",
			status.skipped);
	stap_status_free(&status);
	return rc;
}

/* --- the beginning --- */

/* Their hooks are looked for: before the header is written. */
static int tell_layers(struct stap *s, struct err *err)
{
	const struct layer_list *l = &s->job->options->layers;
	int i, rc = 0;

	if (s->job->watch)
		rc = stap_ctl(s->loaded.name, err, "by_file");
	for (i = 0; i < LAYER_COUNT && !rc; i++)
		if (i == LAYER_SYS ? !l->on[i] : l->on[i])
			rc = stap_ctl(s->loaded.name, err, "layer %s=%u", layer_names[i],
				l->on[i] ? l->each[i] : 0);
	return rc;
}

/* --- the self-test: which hooks are attached and yet not called? --- */

/* The first of "EVENT:NAME,EVENT:NAME"; false: there is none. */
static bool take_hook(struct str *list, char event[64], struct str *name)
{
	struct str one, first;

	if (!list->len)
		return false;
	if (!str_take_char(list, ',', &one)) {
		one = *list;
		*list = STR("");
	}
	if (!str_take_char(&one, ':', &first))
		return false;
	snprintf(event, 64, "%.*s", (int)first.len, first.s);
	*name = one;
	return true;
}

static unsigned trials_of(const struct stap_status *status)
{
	struct str list = str_of(status->not_called), name;
	unsigned wanted = 0;
	char event[64];

	while (take_hook(&list, event, &name))
		wanted |= trial_of(event);
	return wanted;
}

static void judge_hooks(struct stap *s, const struct stap_status *status, unsigned done)
{
	struct str list = str_of(status->not_called), name;
	char event[64];

	while (take_hook(&list, event, &name)) {
		struct buf *to = trial_of(event) & done ? &s->silent : &s->untried;

		if (to->len)
			buf_char(to, ',');
		buf_str(to, name);
	}
}

/* STATUS is as it is afterwards. */
static int try_hooks(struct stap *s, struct stap_status *status, struct err *err)
{
	unsigned done = 0, wanted = trials_of(status), times;

	for (times = 0; wanted && times < TRIALS; times++) {
		int rc;

		done |= trial_beside(wanted, s->job->options->capture);
		stap_status_free(status);
		rc = stap_status_read(status, s->loaded.name, err);
		if (rc)
			return rc;
		wanted = trials_of(status) & done;
	}
	judge_hooks(s, status, done);
	return buf_ok(&s->silent) && buf_ok(&s->untried) ? 0 : err_sys(err, ENOMEM, "cannot try the hooks");
}

static int tell_file(void *user, const struct watch_key *key, bool on, struct err *err)
{
	struct stap *s = user;

	return stap_ctl(s->loaded.name, err, "%s %" PRIu32 ":%" PRIu32 ":%" PRIu64, on ? "file" : "without_file",
		key->dev_major, key->dev_minor, key->ino);
}

static int tell_filters(struct stap *s, pid_t child, struct err *err)
{
	const struct options *o = s->job->options;
	const char *module = s->loaded.name;
	int rc;

	if (child)
		return stap_ctl(module, err, "pid %d", (int)child);
	rc = stap_ctl(module, err, "exclude %d", (int)getpid());
	if (!rc && o->pid)
		return stap_ctl(module, err, "pid %d", (int)o->pid);
	if (!rc && o->comm)
		rc = stap_ctl(module, err, "comm %s", o->comm);
	if (!rc && o->by_uid)
		rc = stap_ctl(module, err, "uid %u", (unsigned)o->uid);
	return rc ? rc : stap_ctl(module, err, "all");
}

static int tell_calls(struct stap *s, struct err *err)
{
	int op, rc = 0;

	for (op = 0; op < OP_COUNT && !rc; op++)
		if (words_unseen(s->job->wanted, (enum op_id)op))
			rc = stap_ctl(s->loaded.name, err, "without %ld", op_nr((enum op_id)op));
	return rc;
}

static int tell_ids(struct stap *s, const char *command, const uint32_t *ids, unsigned n, struct err *err)
{
	int rc = 0;

	while (n && !rc)
		rc = stap_ctl(s->loaded.name, err, "%s %" PRIu32, command, ids[--n]);
	return rc;
}

static int tell_needs(struct stap *s, struct err *err)
{
	const struct chosen_needs *n = s->job->needs;
	unsigned i;
	int op, rc;

	if (!n)
		return 0;
	rc = tell_ids(s, "need_pid", n->pids, n->pid_count, err);
	if (!rc)
		rc = tell_ids(s, "need_tid", n->tids, n->tid_count, err);
	if (!rc)
		rc = tell_ids(s, "need_uid", n->uids, n->uid_count, err);
	for (i = 0; i < n->comm_count && !rc; i++)
		rc = stap_ctl(s->loaded.name, err, "need_comm %s", n->comms[i]);
	for (op = 0; op < OP_COUNT && !rc; op++)
		if (chosen_need(&n->of[op]))
			rc = stap_ctl(s->loaded.name, err, "need %ld %u %" PRIu64, op_nr((enum op_id)op),
				chosen_need(&n->of[op]), n->of[op].latency);
	return rc;
}

static int start(void *user, pid_t child, struct err *err)
{
	struct stap *s = user;
	int rc = tell_filters(s, child, err);

	if (!rc)
		rc = tell_calls(s, err);
	if (!rc)
		rc = tell_needs(s, err);
	return rc ? rc : stap_ctl(s->loaded.name, err, "start");
}

/* Who waits for a word of staprun to begin with something must not hear it earlier. */
static void ready(void *user, const char *how)
{
	struct stap *s = user;

	if (*s->loaded.inserted)
		s->job->say(s->job, "staprun", s->loaded.inserted);
	live_say(s->live, "module %s inserted, recording%s", s->loaded.name, how);
}

/* --- meanwhile --- */

static int again(void *user, struct err *err)
{
	struct stap *s = user;

	return stap_ctl(s->loaded.name, err, "again");
}

static int collect(void *user, struct merge *m, bool stop, uint64_t *t, struct err *err)
{
	struct stap *s = user;
	int rc;

	*t = now_ns();
	rc = stap_ctl(s->loaded.name, err, stop ? "stop" : "flush");
	if (stop) /* what was made until then is read as well */
		*t = now_ns();
	if (!rc)
		rc = stap_readers_drain(s->readers, *t, err);
	if (!rc)
		stap_readers_take(s->readers, m);
	return rc;
}

static void freed(void *user, size_t bytes)
{
	struct stap *s = user;

	stap_readers_release(s->readers, bytes);
}

static void wait_for_more(void *user, uint64_t ns)
{
	struct stap *s = user;

	stap_readers_wait(s->readers, ns);
}

static int scope(void *user, int64_t *threads, struct err *err)
{
	struct stap_status status;
	struct stap *s = user;
	int rc = stap_status_read(&status, s->loaded.name, err);

	if (rc)
		return rc;
	*threads = status.scope;
	stap_status_free(&status);
	return 0;
}

static const struct live_source source = {
	.full = WHY_RELAY,
	.file = tell_file,
	.start = start,
	.ready = ready,
	.again = again,
	.collect = collect,
	.freed = freed,
	.wait = wait_for_more,
	.scope = scope,
	.settle = settle,
};

/* --- one capture --- */

/* Both ways in which the kernel brings a page of a file into a map. */
static bool sees_faults(const char *hooks)
{
	return strstr(hooks, "filemap_fault") && strstr(hooks, "filemap_map_pages");
}

static int open_stages(struct stap *s, const struct stap_status *status, struct err *err)
{
	struct live_layers layers = {.on = str_of(status->layers),
		.missing = str_of(status->layers_missing),
		.silent = buf_as_str(&s->silent),
		.untried = buf_as_str(&s->untried),
		.events = layer_list_has_events(&s->job->options->layers)};
	struct capture_pair pairs[4 + LIVE_LAYER_PAIRS] = {
		{"module", str_of(s->loaded.name)},
		{"hooks", str_of(status->hooks)},
		{"missing", str_of(status->missing)},
		{"faults", sees_faults(status->hooks) ? STR("events") : STR("none")},
	};
	size_t n = 4;

	n += live_layer_pairs(&layers, pairs + n);
	if (*status->missing)
		live_say(s->live, "this kernel does not have these hooks: %s", status->missing);
	live_say_layers(s->live, &layers);
	return live_stages(s->live, stap_readers_count(s->readers), pairs, n, err);
}

static int open_readers(struct stap *s, unsigned buffer, struct err *err)
{
	size_t most = ((size_t)buffer << 20) * (size_t)get_nprocs();
	char directory[PATH_MAX];

	most = most < LEAST ? LEAST : most > MOST ? MOST : most;
	stap_trace_directory(s->loaded.name, directory, sizeof(directory));
	return stap_readers_open(&s->readers, directory, most, err);
}

static int check_variant(const struct stap *s, const struct stap_status *status, struct err *err)
{
	if (strcmp(status->variant, "targetedioriot") != 0 || s->job->options->pid || s->job->program)
		return 0;
	return err_set(err, EINVAL, "the module %s records single processes only: give -x PID",
		s->loaded.name);
}

static int check(struct stap *s, struct err *err)
{
	struct stap_status status;
	int rc = stap_status_read(&status, s->loaded.name, err);

	if (rc)
		return rc;
	rc = stap_status_check(&status, err);
	if (!rc)
		rc = check_variant(s, &status, err);
	stap_status_free(&status);
	return rc;
}

/* With the module in the kernel. */
static int capture(struct stap *s, unsigned buffer, struct err *err)
{
	struct stap_status status;
	int rc = check(s, err);

	if (!rc)
		rc = tell_layers(s, err);
	if (!rc)
		rc = stap_status_read(&status, s->loaded.name, err);
	if (rc)
		return rc;
	if (layer_list_has_events(&s->job->options->layers))
		rc = try_hooks(s, &status, err);
	if (!rc)
		rc = open_readers(s, buffer, err);
	if (!rc)
		rc = open_stages(s, &status, err);
	stap_status_free(&status);
	return rc ? rc : live_record(s->live, err);
}

static int load_and_capture(struct stap *s, struct err *err)
{
	unsigned buffer = live_buffer(s->live);
	struct stap_module module;
	struct err second;
	int rc = stap_module_find(&module, s->job->options, err), end;

	if (!rc)
		rc = stap_load(&s->loaded, s->job, &module, buffer, err);
	if (rc)
		return rc;
	rc = capture(s, buffer, err);
	live_close_stages(s->live);
	if (s->readers)
		stap_readers_close(s->readers);
	end = stap_unload(&s->loaded, s->job, rc ? &second : err);
	return rc ? rc : end;
}

static int stap_run(struct capture_job *job, struct err *err)
{
	struct stap s = {.job = job};
	int rc = live_open(&s.live, job, &source, &s, err);

	if (rc)
		return rc;
	rc = load_and_capture(&s, err);
	live_close(s.live);
	buf_free(&s.silent);
	buf_free(&s.untried);
	return rc;
}

/* --- whether it can be --- */

static int stap_probe(const struct options *o, struct err *err)
{
	struct stap_module module;
	char staprun[PATH_MAX];
	int rc = o->pid ? live_check_pid(o->pid, err) : 0;

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
	.layers = true,
	.files = true,
	.probe = stap_probe,
	.run = stap_run,
};
