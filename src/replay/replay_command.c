/* SPDX-License-Identifier: Apache-2.0 */
#include "replay/replay_command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "replay/confine.h"
#include "replay/explain.h"
#include "replay/series.h"
#include "trace/outfile.h"
#include "tree/tree_open.h"
#include "utils/caches.h"

#define WATCHDOG_SECONDS 60

/* Descriptors besides those of the program: trees, tables, one per lock and directory. */
#define OWN_FILES 64

static void say(const char *text)
{
	fprintf(stderr, "ioriot: %s\n", text);
}

static int failed(const struct err *err)
{
	say(err->text);
	return EXIT_FAILED;
}

static void close_trees(struct program *p)
{
	uint32_t copy;
	size_t i;

	for (copy = 0; copy < p->ncopies; copy++)
		for (i = 0; i < p->copies[copy].trees.n; i++)
			tree_close(&p->copies[copy].trees.v[i]);
}

static int check_marker(const struct program *p, const struct tree *tree, const struct marker *m,
	struct err *err)
{
	if (strcmp(m->id, p->id) != 0)
		return err_set(err, EINVAL,
			"the tree %s was built for another replay; ioriot -i %s builds it anew",
			tree->path, p->file);
	if (m->state == TREE_BUILDING)
		return err_set(err, EINVAL,
			"the init of %s was interrupted; ioriot -i %s builds it anew", tree->path,
			p->file);
	return 0;
}

/* Opens and locks every tree of a copy; they must be what init made of this very replay. */
static int open_copy(struct program *p, struct tree_set *set, bool *used, struct err *err)
{
	bool scaled = set->dir != set->name;
	struct marker m;
	size_t i;
	int rc;

	for (i = 0; i < set->n; i++) {
		rc = tree_open(&set->v[i], set->dir, &m, err);
		if (rc == -ENOENT)
			return err_set(err, ENOENT, "there is no tree %s; ioriot -i %s%s builds it",
				set->v[i].path, p->file, scaled ? " with the same --scale" : "");
		if (rc == 0)
			rc = check_marker(p, &set->v[i], &m, err);
		if (rc)
			return rc;
		*used |= m.state == TREE_USED;
		p->paths.up_links |= m.up_links; /* another file with this id may have made them */
	}
	return 0;
}

static int open_trees(struct program *p, bool *used, struct err *err)
{
	uint32_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < p->ncopies; i++)
		rc = open_copy(p, &p->copies[i].trees, used, err);
	return rc;
}

static int mark_used(const struct program *p, struct err *err)
{
	const struct tree_set *set;
	uint32_t copy;
	size_t i;
	int rc = 0;

	for (copy = 0; copy < p->ncopies; copy++)
		for (set = &p->copies[copy].trees, i = 0; i < set->n && rc == 0; i++)
			rc = tree_set_state(&set->v[i], set->dir, TREE_USED, p->paths.up_links, err);
	return rc;
}

static void add_devices(struct host_sample *host, const struct program *p)
{
	const struct tree_set *set;
	struct stat st;
	uint32_t copy;
	size_t i;

	for (copy = 0; copy < p->ncopies; copy++)
		for (set = &p->copies[copy].trees, i = 0; i < set->n; i++)
			if (fstat(set->v[i].fd, &st) == 0)
				host_add_device(host, st.st_dev);
}

static int write_file(const char *file, const struct buf *text, int rc, struct err *err)
{
	if (rc == 0 && !buf_ok(text))
		rc = -ENOMEM;
	return rc ? err_sys(err, -rc, "%s", file) : outfile_put(file, buf_as_str(text), err);
}

static int write_stats(const struct series *runs, const struct options *o, struct err *err)
{
	struct buf text = BUF_INIT;
	int rc = 0;

	if (o->stats) {
		series_text(runs, &text);
		rc = write_file(o->stats, &text, 0, err);
	}
	text.len = 0;
	if (rc == 0 && o->json)
		rc = write_file(o->json, &text, series_json(runs, &text), err);
	buf_free(&text);
	return rc;
}

static int print(void (*make)(const void *what, struct buf *out), const void *what, struct err *err)
{
	struct buf text = BUF_INIT;
	int rc = 0;

	make(what, &text);
	if (buf_ok(&text))
		fwrite(text.p, 1, text.len, stdout);
	else
		rc = err_sys(err, ENOMEM, "cannot sum up the replay");
	fflush(stdout);
	buf_free(&text);
	return rc;
}

static void make_summary(const void *stats, struct buf *out)
{
	stats_summary(stats, out);
}

static void make_overview(const void *runs, struct buf *out)
{
	series_overview(runs, out);
}

/* At the end of a warm-up: ARG becomes what was counted until then. */
static int keep_warmup(void *arg, struct engine *e)
{
	stats_free(arg);
	return stats_gather(arg, e, e->config.options);
}

/* 0: S says what the run did, and s->incomplete what ended it early. -ENOMEM. */
static int measure(struct stats *s, struct program *p, const struct engine_config *asked, struct err *err)
{
	struct engine_config config = *asked;
	struct host_sample before = {0}, after;
	struct stats warmup = {0};
	struct engine e;
	int rc;

	config.warmed = keep_warmup;
	config.arg = &warmup;
	add_devices(&before, p);
	after = before;
	host_read(&before);
	rc = engine_run(&e, &config, err);
	host_read(&after);
	host_subtract(&after, &before);
	if (!e.shared || !e.results || stats_gather(s, &e, config.options)) {
		err_sys(err, ENOMEM, "cannot sum up the replay");
		engine_free(&e);
		stats_free(&warmup);
		return -ENOMEM;
	}
	if (warmup.op)
		stats_leave_out(s, &warmup);
	s->timeline = e.timeline;
	e.timeline = (struct timeline){0};
	s->host = after;
	if (rc)
		snprintf(s->incomplete, sizeof(s->incomplete), "%s", err->text);
	stats_free(&warmup);
	engine_free(&e);
	return 0;
}

/* One run, reported as far as it came; warm-up runs are not kept. EXIT_DIVERGED is no reason to stop. */
static int run(struct program *p, const struct engine_config *config, struct series *runs, struct err *err)
{
	const struct options *o = config->options;
	bool warmup = runs->done++ < o->warmup.runs;
	struct stats *s = series_room(runs, warmup);
	int wrote = 0, status;

	if (!s)
		err_sys(err, ENOMEM, "cannot sum up the replay");
	if (s && measure(s, p, config, err)) {
		series_drop(runs, warmup);
		s = NULL;
	}
	if (!s)
		return failed(err);
	status = s->incomplete[0] ? EXIT_FAILED : s->diverged ? EXIT_DIVERGED : EXIT_DONE;
	if (status == EXIT_FAILED)
		say(err->text);
	if (!o->quiet && warmup)
		printf("Warm-up run %zu of %u: ", runs->done, o->warmup.runs);
	else if (!o->quiet && o->repeat)
		printf("Run %zu of %u: ", runs->n, o->repeat);
	if (!o->quiet)
		wrote = print(make_summary, s, status == EXIT_FAILED ? NULL : err);
	if (wrote && status != EXIT_FAILED)
		say(err->text);
	return wrote ? EXIT_FAILED : status;
}

static void drop(const struct options *o)
{
	struct err err = {0};

	if (o->keep_caches)
		return;
	if (drop_caches(&err))
		fprintf(stderr, "ioriot: caches stay as they are: %s\n", err.text);
}

/* What the kernel must have so that the file can do no harm. */
static bool landlock_suffices(const struct program *p, int landlock, const struct user *user)
{
	if (landlock)
		return true;
	if (p->paths.up_links || user->uid == 0) {
		say(user->uid == 0 ? "this kernel has no Landlock, so a replay does not run as root"
				   : "this kernel has no Landlock, and the replay has symbolic links "
				     "with \"..\", which could lead out of its tree");
		return false;
	}
	say("this kernel has no Landlock: the replay is confined by its user and its checked paths only");
	return true;
}

static int run_in_trees(struct program *p, const struct options *o, const struct user *user,
	struct series *runs)
{
	struct engine_config config = {.program = p,
		.options = o,
		.user = *user,
		.landlock = confine_landlock_version(),
		.pace = pace_kind_of(o),
		.speed = pace_speed_of(o),
		.watchdog = WATCHDOG_SECONDS,
		.quiet = o->quiet,
		.timeline = o->json || o->stats,
		.limit = o->limit.ns,
		.warmup = o->warmup};
	struct err err = {0};
	bool used = false;

	/* the copies' trees are open in this process, and before anything else is */
	if (confine_files(p->files_max + p->locks + OWN_FILES + 2 * (uint64_t)p->ncopies * p->trees.n +
			(p->splices ? 2 * (uint64_t)p->layout.threads : 0) + 2 * p->ring_pipes, &err)) {
		say(err.text);
		return EXIT_HOST_LACKS;
	}
	if (open_trees(p, &used, &err))
		return failed(&err);
	config.over_ext4 = p->trees.n && explain_is_over_ext4(p->trees.v[0].path);
	if (!landlock_suffices(p, config.landlock, user))
		return EXIT_HOST_LACKS;
	if (user->uid == 0)
		say("warning: the replay runs as root, inside of Landlock, because -u says so");
	if (used)
		fprintf(stderr,
			"ioriot: warning: an earlier replay used %s; ioriot -i %s builds it anew\n",
			p->ncopies > 1 ? "these trees" : "this tree", p->file);
	if (p->rings.max && uring_allowed(&err)) {
		say(err.text);
		return EXIT_HOST_LACKS;
	}
	confine_memory(p->rings.pinned, p->ncopies);
	if (mark_used(p, &err))
		return failed(&err);
	drop(o);
	return run(p, &config, runs, &err);
}

static int worse(int a, int b)
{
	return a == EXIT_DONE ? b : a;
}

/* All runs, each in its tree as init made it. */
static int run_all(struct program *p, const struct options *o, const struct user *user, struct series *runs,
	renew_fn *renew, void *arg)
{
	unsigned i, n = o->warmup.runs + (o->repeat ? o->repeat : 1);
	int status = EXIT_DONE, one = EXIT_DONE;

	for (i = 0; i < n; i++) {
		one = i ? renew(arg, o) : EXIT_DONE;
		if (one == EXIT_DONE)
			one = run_in_trees(p, o, user, runs);
		close_trees(p);
		status = worse(status, one);
		if (one != EXIT_DONE && one != EXIT_DIVERGED)
			return one;
	}
	return status;
}

static int report(const struct options *o, const struct series *runs, int status)
{
	struct err err = {0};
	int rc = 0;

	if (!o->quiet && o->repeat)
		rc = print(make_overview, runs, &err);
	if (rc == 0 && runs->n)
		rc = write_stats(runs, o, &err);
	return rc ? failed(&err) : status;
}

int replay_runs(const struct options *o, renew_fn *renew, void *arg)
{
	struct arena arena = ARENA_INIT;
	const char *root = NULL;
	struct program p = {0};
	struct series runs = {.options = o, .program = &p};
	struct user user;
	struct err err = {0};
	int status;

	if (user_choose(&user, o->user, &err))
		return failed(&err);
	if (o->root && tree_root_resolve(&arena, o->root, &root, &err)) {
		arena_free(&arena);
		return failed(&err);
	}
	if (program_load(&p, o, root, &err))
		status = failed(&err);
	else
		status = report(o, &runs, run_all(&p, o, &user, &runs, renew, arg));
	close_trees(&p);
	series_free(&runs);
	program_free(&p);
	arena_free(&arena);
	return status;
}

int replay_command(const struct options *o)
{
	return replay_runs(o, NULL, NULL);
}
