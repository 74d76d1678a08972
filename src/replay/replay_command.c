/* SPDX-License-Identifier: Apache-2.0 */
#include "replay/replay_command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "replay/confine.h"
#include "replay/stats.h"
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

static void close_trees(struct tree_set *set)
{
	size_t i;

	for (i = 0; i < set->n; i++)
		tree_close(&set->v[i]);
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

/* Opens and locks every tree; they must be what init made of this very replay. */
static int open_trees(struct program *p, bool *used, struct err *err)
{
	struct tree_set *set = &p->trees;
	struct marker m;
	size_t i;
	int rc;

	for (i = 0; i < set->n; i++) {
		rc = tree_open(&set->v[i], set->name, &m, err);
		if (rc == -ENOENT)
			return err_set(err, ENOENT, "there is no tree %s; ioriot -i %s builds it",
				set->v[i].path, p->file);
		if (rc == 0)
			rc = check_marker(p, &set->v[i], &m, err);
		if (rc)
			return rc;
		*used |= m.state == TREE_USED;
		p->paths.up_links |= m.up_links; /* another file with this id may have made them */
	}
	return 0;
}

static int mark_used(const struct program *p, struct err *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < p->trees.n && rc == 0; i++)
		rc = tree_set_state(&p->trees.v[i], p->trees.name, TREE_USED,
			p->paths.up_links, err);
	return rc;
}

static void add_devices(struct host_sample *host, const struct program *p)
{
	struct stat st;
	size_t i;

	for (i = 0; i < p->trees.n; i++)
		if (fstat(p->trees.v[i].fd, &st) == 0)
			host_add_device(host, st.st_dev);
}

static int write_stats(const struct stats *s, const struct options *o, struct err *err)
{
	struct buf text = BUF_INIT;
	int rc = 0;

	if (o->stats) {
		stats_text(s, &text);
		rc = buf_ok(&text) ? outfile_put(o->stats, buf_as_str(&text), err)
				   : err_sys(err, ENOMEM, "%s", o->stats);
	}
	text.len = 0;
	if (rc == 0 && o->json) {
		rc = stats_json(s, &text);
		rc = rc ? err_sys(err, -rc, "%s", o->json) : outfile_put(o->json, buf_as_str(&text), err);
	}
	buf_free(&text);
	return rc;
}

static int print_summary(const struct stats *s, struct err *err)
{
	struct buf text = BUF_INIT;
	int rc = 0;

	stats_summary(s, &text);
	if (buf_ok(&text))
		fwrite(text.p, 1, text.len, stdout);
	else
		rc = err_sys(err, ENOMEM, "cannot sum up the replay");
	fflush(stdout);
	buf_free(&text);
	return rc;
}

/* At the end of a warm-up: ARG becomes what was counted until then. */
static int keep_warmup(void *arg, struct engine *e)
{
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
	s->incomplete = rc ? err->text : NULL;
	stats_free(&warmup);
	engine_free(&e);
	return 0;
}

/* Runs and reports; INCOMPLETE runs are reported as far as they came. */
static int run(struct program *p, const struct engine_config *config, struct err *err)
{
	const struct options *o = config->options;
	struct stats s = {0};
	int rc, wrote = 0;

	if (measure(&s, p, config, err))
		return failed(err);
	rc = s.incomplete ? -1 : 0;
	if (rc)
		say(err->text);
	if (!o->quiet)
		wrote = print_summary(&s, rc ? NULL : err);
	if (!wrote)
		wrote = write_stats(&s, o, rc ? NULL : err);
	if (wrote && !rc)
		say(err->text);
	rc = rc || wrote ? EXIT_FAILED : s.diverged ? EXIT_DIVERGED : EXIT_DONE;
	stats_free(&s);
	return rc;
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

static int run_in_trees(struct program *p, const struct options *o, const struct user *user)
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

	if (open_trees(p, &used, &err))
		return failed(&err);
	if (!landlock_suffices(p, config.landlock, user))
		return EXIT_HOST_LACKS;
	if (user->uid == 0)
		say("warning: the replay runs as root, inside of Landlock, because -u says so");
	if (used)
		fprintf(stderr,
			"ioriot: warning: an earlier replay used this tree; ioriot -i %s builds it anew\n",
			p->file);
	if (p->rings.max && uring_allowed(&err)) {
		say(err.text);
		return EXIT_HOST_LACKS;
	}
	confine_memory(p->rings.pinned);
	if (confine_files(p->files_max + p->contexts + p->locks + OWN_FILES +
			(p->splices ? 2 * (uint64_t)p->layout.threads : 0), &err)) {
		say(err.text);
		return EXIT_HOST_LACKS;
	}
	if (mark_used(p, &err))
		return failed(&err);
	drop(o);
	return run(p, &config, &err);
}

int replay_command(const struct options *o)
{
	struct arena arena = ARENA_INIT;
	const char *root = NULL;
	struct program p = {0};
	struct user user;
	struct err err = {0};
	int status;

	if (user_choose(&user, o->user, &err))
		return failed(&err);
	if (o->root && tree_root_resolve(&arena, o->root, &root, &err)) {
		arena_free(&arena);
		return failed(&err);
	}
	status = program_load(&p, o, root, &err) ? failed(&err) : run_in_trees(&p, o, &user);
	close_trees(&p.trees);
	program_free(&p);
	arena_free(&arena);
	return status;
}
