/* SPDX-License-Identifier: Apache-2.0 */
#include "init/init_command.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "init/build.h"
#include "init/plan.h"
#include "init/renew.h"
#include "tree/tree_open.h"
#include "utils/clock.h"
#include "utils/human.h"

struct init_run {
	struct plan plan;
	struct user user;
	char (*trashed)[TRASHED_MAX]; /* per tree, "" where nothing stood */
	size_t made;		      /* trees created so far */
	uint64_t refused;	      /* extended attributes */
	unsigned copy, copies;	      /* which one of --scale; 0 of 0 without it */
	struct init_run *next;	      /* the copy behind this one */
};

static int allow_places(const struct plan *plan, struct err *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < plan->set.n; i++)
		rc = tree_place_allowed(&plan->set, &plan->set.v[i], err);
	return rc;
}

/* Better before a byte is written than after the disk is full. TREES: this and those of later copies. */
static int check_space(const struct tree *tree, uint64_t need, unsigned trees, struct err *err)
{
	char a[HUMAN_LEN], b[HUMAN_LEN];
	struct statvfs fs;
	uint64_t have;

	if (fstatvfs(tree->fd, &fs) < 0)
		return 0;
	if (__builtin_mul_overflow(need, trees, &need))
		need = UINT64_MAX;
	have = (uint64_t)(geteuid() == 0 ? fs.f_bfree : fs.f_bavail) * fs.f_frsize;
	/* a file system that does not tell its size has 0 blocks */
	if (fs.f_blocks == 0 || need <= have)
		return 0;
	return err_set(err, ENOSPC, "%s %s of data, but %s has only %s free",
		trees > 1 ? "the trees of this and the later copies need" : "the tree needs",
		human_bytes(a, (double)need), tree->place[0] ? tree->place : "/",
		human_bytes(b, (double)have));
}

static uint64_t data_of_tree(const struct plan *plan, size_t tree)
{
	uint64_t sum = 0;
	size_t i;
	uint32_t j;

	for (i = 0; i < plan->nodes.n; i++)
		for (j = 1; plan->nodes.v[i]->tree == tree && j < plan->nodes.v[i]->ndata; j += 2)
			sum += plan->nodes.v[i]->data[j];
	return sum;
}

static int create_trees(struct init_run *run, struct err *err)
{
	struct plan *plan = &run->plan;
	int rc;

	run->trashed = arena_alloc(&plan->arena, plan->set.n * sizeof(*run->trashed));
	if (!run->trashed)
		return err_sys(err, ENOMEM, "the trees");
	for (; run->made < plan->set.n; run->made++) {
		struct tree *tree = &plan->set.v[run->made];

		rc = tree_create(tree, plan->set.dir, plan->id, run->trashed[run->made], err);
		if (rc == 0)
			rc = check_space(tree, data_of_tree(plan, run->made), run->copies - run->copy + 1, err);
		if (rc == 0)
			continue;
		run->made += tree->fd >= 0;
		return rc;
	}
	return 0;
}

static int mark_ready(const struct plan *plan, struct err *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < plan->set.n; i++) {
		int fd = plan->set.v[i].lock;

		/* a marker that says "ready" before the data is on disk could outlive it */
		if (fd >= 0 && syncfs(fd) < 0)
			rc = err_sys(err, errno, "cannot write out %s", plan->set.v[i].path);
		else
			rc = tree_set_state(&plan->set.v[i], plan->set.dir, TREE_READY,
				plan->up_links, err);
	}
	return rc;
}

/* A disk that is full may not even take the directory of the trash: then it stays, marked. */
static void give_up_tree(struct tree *tree, const char *name)
{
	char trashed[TRASHED_MAX];
	int home;

	tree_close(tree);
	home = tree_home_open(tree->place, false, NULL);
	if (home < 0)
		return;
	if (tree_discard(home, name, BIN_TRASH, trashed, NULL) == 0)
		fprintf(stderr,
			"ioriot: what was built so far is in %s/" TREE_DIR
			"/%s (ioriot -P deletes it)\n",
			tree->place, trashed);
	else
		fprintf(stderr, "ioriot: %s is marked as half built (ioriot -P deletes it)\n",
			tree->path);
	close(home);
}

/* What was begun is ours and of no use. It only becomes trash, since a look at it may help. */
static void give_up(struct init_run *run)
{
	size_t i;

	for (i = 0; i < run->made; i++)
		give_up_tree(&run->plan.set.v[i], run->plan.set.dir);
}

static void close_trees(struct plan *plan)
{
	size_t i;

	for (i = 0; i < plan->set.n; i++)
		tree_close(&plan->set.v[i]);
}

static int read_plan(
	struct init_run *run, const struct options *o, struct progress *progress, struct err *err)
{
	const char *root = NULL;
	struct arena arena = ARENA_INIT;
	int rc = 0;

	if (o->root)
		rc = tree_root_resolve(&arena, o->root, &root, err);
	if (rc == 0)
		rc = plan_read(&run->plan, o->replay, o->name, root, run->copy, progress, err);
	arena_free(&arena);
	if (rc == 0)
		rc = allow_places(&run->plan, err);
	return rc;
}

static int run_init(
	struct init_run *run, const struct options *o, struct progress *progress, struct err *err)
{
	int rc = user_choose(&run->user, o->user, err);

	if (rc == 0)
		rc = read_plan(run, o, progress, err);
	if (rc == 0)
		rc = create_trees(run, err);
	if (rc == 0)
		rc = build(&run->plan, &run->user, o->data, progress, &run->refused, err);
	if (rc == 0)
		rc = mark_ready(&run->plan, err);
	return rc;
}

static void print_number(uint64_t n, const char *one, const char *many)
{
	if (n)
		printf(", %llu %s", (unsigned long long)n, n == 1 ? one : many);
}

static void print_left_out(const struct plan *plan, const struct user *user)
{
	const struct plan_counts *c = &plan->counts;
	uint64_t setid = user->uid == 0 ? c->setid : c->foreign_setid;

	if (setid)
		printf("  left out: set-uid and set-gid bits of %llu files that would be root's or "
		       "another owner's\n",
			(unsigned long long)setid);
	if (c->left_out)
		printf("  left out by generate already: %llu (it printed why)\n",
			(unsigned long long)c->left_out);
	if (c->foreign && geteuid() == 0)
		printf("  %llu entries of other owners belong to root, as captured users saw "
		       "them\n",
			(unsigned long long)c->foreign);
	if (c->foreign && geteuid() != 0)
		printf("  %llu entries of other owners are yours, with the permissions of others\n",
			(unsigned long long)c->foreign);
}

static void print_summary(const struct init_run *run, double seconds)
{
	const struct plan *plan = &run->plan;
	const struct plan_counts *c = &plan->counts;
	char a[HUMAN_LEN], b[HUMAN_LEN], r[HUMAN_LEN];
	size_t i;

	printf("init %s: %llu directories, %llu files", plan->set.dir, (unsigned long long)c->dirs,
		(unsigned long long)c->files);
	print_number(c->symlinks, "symbolic link", "symbolic links");
	print_number(c->hardlinks, "hard link", "hard links");
	print_number(c->fifos, "fifo", "fifos");
	print_number(c->sockets, "socket", "sockets");
	print_number(c->attributes, "extended attribute", "extended attributes");
	printf("; %s of data, %s of holes; %.2f s, %s/s\n", human_bytes(a, (double)c->data),
		human_bytes(b, (double)c->holes), seconds,
		human_bytes(r, (double)c->data / (seconds > 0 ? seconds : 1)));
	for (i = 0; i < plan->set.n; i++) {
		printf("  tree %s, owner %s\n", plan->set.v[i].path, run->user.name);
		if (run->trashed[i][0])
			printf("  the old tree is now %s/" TREE_DIR "/%s\n", plan->set.v[i].place,
				run->trashed[i]);
	}
	if (run->refused)
		printf("  left out: %llu extended attributes that the file system does not take\n",
			(unsigned long long)run->refused);
	print_left_out(plan, &run->user);
}

/* What the user can do about it. */
static const char *hint(const struct options *o, const struct init_run *run, int code)
{
	bool about_place = code == EACCES || code == EROFS || code == EPERM;

	if (code == ENOSPC)
		return " (ioriot -P deletes old trees and the trash)";
	if (!o->root && about_place && run->plan.set.n && run->made < run->plan.set.n)
		return " (--root DIR builds everything below one directory)";
	return "";
}

static int report(struct init_run *run, const struct options *o, const struct err *err)
{
	fprintf(stderr, "ioriot: %s%s\n", err->text, hint(o, run, err->code));
	give_up(run);
	return err->code == ENOSYS ? EXIT_HOST_LACKS : EXIT_FAILED;
}

/* What every way of building needs around it. */
struct frame {
	struct progress progress;
	uint64_t start;
	mode_t mask;
	sighandler_t on_limit;
};

static void frame_begin(struct frame *f, const struct options *o)
{
	f->start = now_ns();
	f->mask = umask(0); /* the modes are those of the replay */
	/* over a size limit is an error of a write, not our end */
	f->on_limit = signal(SIGXFSZ, SIG_IGN);
	progress_start(&f->progress, "init", o->quiet);
}

static double frame_end(struct frame *f)
{
	progress_end(&f->progress);
	umask(f->mask);
	signal(SIGXFSZ, f->on_limit);
	return (double)(now_ns() - f->start) / NS_PER_SEC;
}

/* COPY: which one of --scale, or 0. */
static int init_one(const struct options *o, unsigned copy, struct init_run **kept)
{
	struct init_run *run = calloc(1, sizeof(*run));
	struct frame frame;
	struct err err = {0};
	double seconds;
	int rc, status = EXIT_DONE;

	*kept = run;
	if (!run) {
		perror("ioriot: init");
		return EXIT_FAILED;
	}
	run->copy = copy;
	run->copies = o->scale;
	frame_begin(&frame, o);
	rc = run_init(run, o, &frame.progress, &err);
	if (rc == 0 && o->command == COMMAND_INIT_REPLAY)
		rc = renew_note(&run->plan, &err);
	seconds = frame_end(&frame);
	if (rc)
		status = report(run, o, &err);
	else if (!o->quiet)
		print_summary(run, seconds);
	close_trees(&run->plan);
	return status;
}

int init_keep(const struct options *o, struct init_run **kept)
{
	unsigned copy = o->scale ? 1 : 0;
	int status;

	*kept = NULL;
	do {
		status = init_one(o, copy, kept);
		if (*kept)
			kept = &(*kept)->next;
	} while (status == EXIT_DONE && copy++ < o->scale);
	return status;
}

static int open_trees(struct plan *plan, struct err *err)
{
	struct marker m;
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < plan->set.n; i++) {
		rc = tree_open(&plan->set.v[i], plan->set.dir, &m, err);
		if (rc == 0 && strcmp(m.id, plan->id) != 0)
			rc = err_set(err, EINVAL, "the tree %s belongs to another replay by now",
				plan->set.v[i].path);
		if (rc == 0)
			rc = tree_set_state(&plan->set.v[i], plan->set.dir, TREE_BUILDING, plan->up_links, err);
	}
	return rc;
}

static int again_one(struct init_run *run, const struct options *o)
{
	struct plan *plan = &run->plan;
	struct renewed what;
	struct frame frame;
	struct err err = {0};
	double seconds;
	int rc;

	frame_begin(&frame, o);
	rc = open_trees(plan, &err);
	if (rc == 0)
		rc = renew_sort_out(plan, &what, &err);
	if (rc == 0)
		rc = build(plan, &run->user, o->data, &frame.progress, &run->refused, &err);
	if (rc == 0)
		rc = mark_ready(plan, &err);
	if (rc == 0)
		rc = renew_note(plan, &err);
	seconds = frame_end(&frame);
	if (rc)
		fprintf(stderr, "ioriot: %s\n", err.text);
	else if (!o->quiet)
		printf("init %s again: %llu entries kept, %llu removed, %llu made; %.2f s\n", plan->set.dir,
			(unsigned long long)what.kept, (unsigned long long)what.removed,
			(unsigned long long)what.made, seconds);
	close_trees(plan);
	return rc ? EXIT_FAILED : EXIT_DONE;
}

int init_again(struct init_run *run, const struct options *o)
{
	int status = EXIT_DONE;

	for (; run && status == EXIT_DONE; run = run->next)
		status = again_one(run, o);
	return status;
}

void init_forget(struct init_run *run)
{
	struct init_run *next;

	for (; run; run = next) {
		next = run->next;
		plan_free(&run->plan);
		free(run);
	}
}

/* One copy after the other, so that there is one plan in memory. */
int init_command(const struct options *o)
{
	unsigned copy = o->scale ? 1 : 0;
	struct init_run *run;
	int status;

	do {
		status = init_one(o, copy, &run);
		init_forget(run);
	} while (status == EXIT_DONE && copy++ < o->scale);
	return status;
}
