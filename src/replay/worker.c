/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "ops/advice.h"
#include "replay/confine.h"
#include "replay/engine.h"

/* A worker process: gives up what it must not have, then starts its threads. */

#define STACK_SIZE (256u << 10)

/* A sentence in ERR is the reason; the parent prints it. */
static void fail_with(struct engine *e, const struct err *err) __attribute__((noreturn));
static void fail_with(struct engine *e, const struct err *err)
{
	uint32_t first = 0;

	if (atomic_compare_exchange_strong(&e->shared->failed, &first, 1)) {
		snprintf(e->shared->error, sizeof(e->shared->error), "%s", err->text);
		e->shared->error_code = err->code;
		atomic_store(&e->shared->failed, 2);
	}
	_exit(EXIT_FAILED);
}

void worker_fail(struct engine *e, int code, const char *what)
{
	struct err err = {0};

	err_sys(&err, code, "%s", what);
	fail_with(e, &err);
}

static int open_start(struct worker *w, const struct tree_set *trees)
{
	if (trees->n == 0) /* then no path is relative either: program_load() saw to that */
		return chdir("/");
	w->start_dir = open(trees->v[0].path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return w->start_dir < 0 || fchdir(w->start_dir) ? -1 : 0;
}

static void set_up(struct engine *e, struct worker *w, uint32_t copy, int *tree_fds)
{
	const struct program *p = e->config.program;

	*w = (struct worker){
		.strings = p->copies[copy].strings,
		.umasks = e->umasks + (size_t)copy * p->contexts,
		.context_of = p->context_of,
		.inherits_cwd = p->inherits_cwd,
		.context_ends = p->context_ends,
		.start_dir = -1,
		.tree_fds = tree_fds,
		.ntrees = (uint32_t)p->copies[copy].trees.n,
		.naio = p->aio,
		.aio_shared = p->aio_shared,
		.write_data = e->write_data,
		.write_period = e->write_period,
		.write_step = p->direct ? 4096 : 64,
		.plan = &p->rings,
		.streams = p->streams,
		.guard = p->paths.up_links,
		.is_root = geteuid() == 0,
		.by_thread = e->config.options->order == ORDER_THREAD,
		.over_ext4 = e->config.over_ext4,
	};
	if (p->write_max) /* a writer's first way through them costs nothing; before Linux 5.14 it does */
		madvise(e->write_data, e->write_period, KERNEL_MADV_POPULATE_READ);
	w->vfds = map_lazily(((uint64_t)p->vfds + 1) * sizeof(*w->vfds), MAP_PRIVATE);
	w->locks = map_lazily(((uint64_t)p->locks + 1) * sizeof(*w->locks), MAP_PRIVATE);
	w->maps = map_lazily(((uint64_t)p->maps + 1) * sizeof(*w->maps), MAP_PRIVATE);
	w->contexts = map_lazily(((uint64_t)p->contexts + 1) * sizeof(*w->contexts), MAP_PRIVATE);
	w->aio = map_lazily(((uint64_t)p->aio + 1) * aio_context_size(), MAP_PRIVATE);
	if (p->read_max > READ_BUFFER_MAX)
		w->big_read = map_repeated(map_periods_of(p->read_max));
	w->rings = map_lazily(((uint64_t)p->rings.max + 1) * sizeof(*w->rings), MAP_PRIVATE);
	w->completions = map_lazily((p->rings.all.n + 1) * sizeof(struct completion), MAP_PRIVATE);
	if (!w->vfds || !w->locks || !w->maps || !w->contexts || !w->aio || !w->rings || !w->completions ||
		(p->read_max > READ_BUFFER_MAX && !w->big_read))
		worker_fail(e, ENOMEM, "cannot start a worker");
}

/* Not even descriptors of other copies' trees. */
static void close_others(const struct program *p, uint32_t copy)
{
	const struct tree_set *trees;
	uint32_t i;
	size_t k;

	for (i = 0; i < p->ncopies; i++)
		for (trees = &p->copies[i].trees, k = 0; i != copy && k < trees->n; k++) {
			close(trees->v[k].fd);
			close(trees->v[k].lock);
		}
}

static void confine(struct engine *e, uint32_t copy, int *tree_fds)
{
	const struct program *p = e->config.program;
	const struct tree_set *trees = &p->copies[copy].trees;
	struct err err = {0};
	size_t i;

	close_others(p, copy);
	for (i = 0; i < trees->n; i++)
		tree_fds[i] = trees->v[i].fd;
	if (confine_process(&e->config.user, e->config.landlock, tree_fds, trees->n, &err))
		fail_with(e, &err);
	/* Given up at a change of user: so only now. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != e->self)
		worker_fail(e, EPIPE, "the replay has ended");
	for (i = 0; i < trees->n; i++)
		if (access(trees->v[i].path, F_OK)) {
			err_sys(&err, errno, "user %s cannot reach %s", e->config.user.name,
				trees->v[i].path);
			fail_with(e, &err);
		}
}

/*
 * The last of them is this one: a process of one thread has its descriptors for itself, and the kernel counts no
 * reference to a file for each call (fdget() in fs/file.c).
 */
static void run_threads(struct engine *e, struct worker *w, uint32_t first, uint32_t n)
{
	struct thread_start *starts = calloc(n, sizeof(*starts));
	pthread_t *ids = calloc(n, sizeof(*ids));
	pthread_attr_t attr;
	uint32_t i;
	int rc;

	if (!starts || !ids || pthread_attr_init(&attr))
		worker_fail(e, ENOMEM, "cannot start a thread");
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	for (i = 0; i < n; i++) {
		starts[i] = (struct thread_start){e, w, first + i};
		rc = i + 1 < n ? pthread_create(&ids[i], &attr, thread_main, &starts[i]) : 0;
		if (rc)
			worker_fail(e, rc, "cannot start a thread");
	}
	thread_main(&starts[n - 1]);
	for (i = 0; i + 1 < n; i++)
		pthread_join(ids[i], NULL);
	thread_end_aio(&starts[0]);
	pthread_attr_destroy(&attr);
	free(starts);
	free(ids);
}

void worker_main(struct engine *e, uint32_t number, const sigset_t *mask)
{
	const struct program *p = e->config.program;
	const struct layout *layout = &p->layout;
	const uint32_t copy = number / layout->workers, own = number % layout->workers;
	int *tree_fds = calloc(p->trees.n + 1, sizeof(*tree_fds));
	sigset_t signals = *mask;
	struct worker w;

	/* A terminal's ^C goes to all processes: the parent decides, and ends the workers. */
	sigaddset(&signals, SIGINT);
	sigprocmask(SIG_SETMASK, &signals, NULL);
	signal(SIGIO, SIG_IGN); /* of leases that are broken */
	if (!tree_fds)
		worker_fail(e, ENOMEM, "cannot start a worker");
	confine(e, copy, tree_fds);
	set_up(e, &w, copy, tree_fds);
	if (open_start(&w, &p->copies[copy].trees))
		worker_fail(e, errno, "cannot enter the tree");
	map_traps();
	run_threads(e, &w, copy * layout->threads + layout->first_thread[own],
		layout->first_thread[own + 1] - layout->first_thread[own]);
	_exit(EXIT_DONE);
}
