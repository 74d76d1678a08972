/* SPDX-License-Identifier: Apache-2.0 */
#include "init/build.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "init/attributes.h"
#include "init/fill.h"
#include "utils/beneath.h"
#include "utils/clock.h"

#define WORKERS	  4
#define RUN_MOST  256	       /* entries that a worker takes at once, of one directory ... */
#define RUN_LEAST 16	       /* ... or of several, where they have few */
#define RUN_BYTES (1u << 20)   /* with so much data or more there are no further ones */
#define CHUNK	  (256u << 10) /* bytes of a write: stays in the processor's cache */
#define SHOW_PATH 512

/* Shared by the workers: the work left, what is done, and the first failure. */
struct job {
	const struct plan *plan;
	const struct user *user;
	enum data_fill data;
	bool is_root;
	atomic_uint_fast64_t entries, bytes, refused;
	atomic_bool stop;
	pthread_mutex_t mutex; /* the rest of the struct */
	pthread_cond_t ended;
	size_t next; /* entry that nobody has taken yet */
	unsigned running;
	struct err err;
};

/* One worker: its buffer, and the directory it is in. */
struct worker {
	struct job *job;
	pthread_t thread;
	char *chunk;
	const struct entry *dir;
	int dir_fd;
};

static int fail(
	const struct plan *plan, const struct entry *e, int code, const char *what, struct err *err)
{
	char path[SHOW_PATH];

	return err_sys(err, code, "cannot %s %s", what, plan_show(plan, e, path, sizeof(path)));
}

uint32_t build_mode(const struct entry *e, bool is_root, uid_t user)
{
	uint32_t mode = e->mode;

	if (e->foreign && !is_root)
		mode = (mode & ~0700u) | (mode & 0007u) << 6;
	/* What a replay file says must not make a set-uid program of root's. */
	if (e->kind != INIT_DIR && (e->foreign || user == 0))
		mode &= ~(uint32_t)(S_ISUID | S_ISGID);
	return mode;
}

static uid_t owner(const struct job *job, const struct entry *e)
{
	return e->foreign ? 0 : job->user->uid;
}

static gid_t group(const struct job *job, const struct entry *e)
{
	return e->foreign ? 0 : job->user->gid;
}

static int open_dir(const struct plan *plan, const struct entry *dir, int flags)
{
	return open_beneath(plan->set.v[dir->tree].fd, dir->rest.s, flags | O_DIRECTORY);
}

static int enter(struct worker *w, const struct entry *dir)
{
	if (w->dir == dir)
		return 0;
	if (w->dir)
		close(w->dir_fd);
	w->dir_fd = open_dir(w->job->plan, dir, O_PATH);
	w->dir = w->dir_fd < 0 ? NULL : dir;
	return w->dir ? 0 : w->dir_fd;
}

static int write_range(struct worker *w, struct fill *fill, int fd, uint64_t off, uint64_t len)
{
	while (len && !atomic_load_explicit(&w->job->stop, memory_order_relaxed)) {
		size_t n = len < CHUNK ? (size_t)len : CHUNK, done = 0;

		fill_next(fill, w->chunk, n);
		while (done < n) {
			ssize_t got = pwrite(fd, w->chunk + done, n - done, (off_t)(off + done));

			if (got < 0 && errno == EINTR)
				continue;
			if (got <= 0)
				return got < 0 ? -errno : -EIO;
			done += (size_t)got;
		}
		atomic_fetch_add_explicit(&w->job->bytes, n, memory_order_relaxed);
		off += n;
		len -= n;
	}
	return 0;
}

static int write_data(struct worker *w, const struct entry *e, int fd)
{
	struct fill fill;
	uint32_t i;
	int rc = 0;

	if ((e->ndata < 2 || e->data[e->ndata - 2] + e->data[e->ndata - 1] != e->size) && e->size &&
		ftruncate(fd, (off_t)e->size) < 0)
		return -errno;
	fill_start(&fill, w->job->data, e->seed);
	for (i = 0; rc == 0 && i + 1 < e->ndata; i += 2)
		rc = write_range(w, &fill, fd, e->data[i], e->data[i + 1]);
	return rc;
}

/* Attributes first: a file that its owner may not write to takes none. */
static int set_owner_and_mode(struct job *job, const struct entry *e, int fd)
{
	uint32_t mode = build_mode(e, job->is_root, job->user->uid);
	int rc = e->attributes || e->list ? attributes_set(e, mode, fd) : 0;
	struct stat st;

	if (rc < 0)
		return rc;
	atomic_fetch_add_explicit(&job->refused, (unsigned)rc, memory_order_relaxed);
	if (job->is_root && fchown(fd, owner(job, e), group(job, e)) < 0)
		return -errno;
	/* most have it since they were made; chown and lists of access change it */
	if (fstat(fd, &st) == 0 && (st.st_mode & 07777) == mode)
		return 0;
	return fchmod(fd, mode) < 0 ? -errno : 0;
}

static int make_file(struct worker *w, const struct entry *e)
{
	const bool plain = !e->attributes && !e->list;
	mode_t mode = plain ? build_mode(e, w->job->is_root, w->job->user->uid) & 0777 : 0600;
	int fd = openat(w->dir_fd, e->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	int rc;

	if (fd < 0)
		return -errno;
	rc = write_data(w, e, fd);
	if (rc == 0)
		rc = set_owner_and_mode(w->job, e, fd);
	if (close(fd) < 0 && rc == 0)
		rc = -errno;
	return rc;
}

/* chmod(2) by name is right here: nobody else can write to the directory before all is done. */
static int make_special(struct worker *w, const struct entry *e, mode_t type)
{
	const struct job *job = w->job;

	if (mknodat(w->dir_fd, e->name, type | 0600, 0) < 0)
		return -errno;
	if (job->is_root &&
		fchownat(w->dir_fd, e->name, owner(job, e), group(job, e), AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return fchmodat(w->dir_fd, e->name, build_mode(e, job->is_root, job->user->uid), 0) < 0 ? -errno : 0;
}

static int make_symlink(struct worker *w, const struct entry *e)
{
	const struct job *job = w->job;

	if (symlinkat(e->target, w->dir_fd, e->name) < 0)
		return -errno;
	if (job->is_root &&
		fchownat(w->dir_fd, e->name, owner(job, e), group(job, e), AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return 0;
}

static int make_node(struct worker *w, const struct entry *e, struct err *err)
{
	int rc = enter(w, e->parent);

	if (rc)
		return fail(w->job->plan, e->parent, -rc, "open", err);
	switch (e->kind) {
	case INIT_FILE:
		rc = make_file(w, e);
		break;
	case INIT_SYMLINK:
		rc = make_symlink(w, e);
		break;
	case INIT_FIFO:
		rc = make_special(w, e, S_IFIFO);
		break;
	case INIT_SOCKET:
		rc = make_special(w, e, S_IFSOCK);
		break;
	case INIT_DIR:
	case INIT_HARDLINK:
	case INIT_XATTR:
	case INIT_XATTRS:
		rc = -EINVAL; /* are not among the nodes of a plan */
		break;
	}
	return rc ? fail(w->job->plan, e, -rc, "make", err) : 0;
}

static uint64_t data_of(const struct entry *e)
{
	uint64_t sum = 0;
	uint32_t i;

	for (i = 1; i < e->ndata; i += 2)
		sum += e->data[i];
	return sum;
}

/* Workers that make files in one directory wait for each other in the kernel; a large file is a work of its own. */
static size_t run_end(const entry_vec *nodes, size_t from)
{
	uint64_t bytes = 0;
	size_t i;

	for (i = from; i < nodes->n && i - from < RUN_MOST && bytes < RUN_BYTES; i++) {
		if (i - from >= RUN_LEAST && nodes->v[i]->parent != nodes->v[from]->parent)
			break;
		bytes += data_of(nodes->v[i]);
	}
	return i;
}

/* The next entries for a worker; false when there are none. */
static bool take_run(struct job *job, size_t *from, size_t *to)
{
	pthread_mutex_lock(&job->mutex);
	*from = job->next;
	*to = job->next = run_end(&job->plan->nodes, *from);
	pthread_mutex_unlock(&job->mutex);
	return *from < *to;
}

static int make_run(struct worker *w, size_t from, size_t to, struct err *err)
{
	const entry_vec *nodes = &w->job->plan->nodes;
	size_t i;
	int rc = 0;

	for (i = from; rc == 0 && i < to && !atomic_load(&w->job->stop); i++) {
		if (!nodes->v[i]->there)
			rc = make_node(w, nodes->v[i], err);
		atomic_fetch_add_explicit(&w->job->entries, 1, memory_order_relaxed);
	}
	return rc;
}

static void end_worker(struct worker *w, const struct err *err)
{
	struct job *job = w->job;

	if (w->dir)
		close(w->dir_fd);
	pthread_mutex_lock(&job->mutex);
	if (err->code && !job->err.code)
		job->err = *err;
	if (--job->running == 0)
		pthread_cond_signal(&job->ended);
	pthread_mutex_unlock(&job->mutex);
}

static void *work(void *arg)
{
	struct worker *w = arg;
	struct job *job = w->job;
	struct err err = {0};
	size_t from, to;

	while (!atomic_load(&job->stop) && take_run(job, &from, &to))
		if (make_run(w, from, to, &err))
			atomic_store(&job->stop, true);
	end_worker(w, &err);
	return NULL;
}

static double share_done(const struct job *job, uint64_t entries, uint64_t bytes)
{
	const struct plan *plan = job->plan;

	/* an entry without data costs about what 16 KiB of data cost */
	double cost = 16384, all = (double)plan->counts.data + cost * (double)plan->nodes.n;

	return ((double)bytes + cost * (double)entries) / all;
}

static void wait_for_workers(struct job *job, struct progress *progress)
{
	pthread_mutex_lock(&job->mutex);
	while (job->running) {
		struct timespec until;
		struct progress_state now = {.unit = "entries"};

		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += NS_PER_SEC / 10;
		if (until.tv_nsec >= (long)NS_PER_SEC) {
			until.tv_nsec -= (long)NS_PER_SEC;
			until.tv_sec++;
		}
		pthread_cond_timedwait(&job->ended, &job->mutex, &until);
		now.count = job->entries;
		now.bytes = job->bytes;
		now.share = share_done(job, now.count, now.bytes);
		progress_show(progress, &now);
	}
	pthread_mutex_unlock(&job->mutex);
}

/* As many as the host gives; the work is done with one as well. */
static int start_workers(struct job *job, struct worker *workers)
{
	unsigned i;
	int rc = 0;

	for (i = 0; rc == 0 && i < WORKERS; i++) {
		workers[i].job = job;
		workers[i].chunk = malloc(CHUNK);
		if (!workers[i].chunk)
			break;
		pthread_mutex_lock(&job->mutex);
		rc = pthread_create(&workers[i].thread, NULL, work, &workers[i]);
		job->running += rc == 0;
		pthread_mutex_unlock(&job->mutex);
		if (rc)
			free(workers[i].chunk);
	}
	return rc ? (int)i - 1 : (int)i;
}

static int make_nodes(struct job *job, struct progress *progress, struct err *err)
{
	struct worker workers[WORKERS] = {0};
	int i, n;

	if (job->plan->nodes.n == 0)
		return 0;
	n = start_workers(job, workers);
	if (n == 0)
		return err_sys(err, EAGAIN, "cannot start a thread");
	wait_for_workers(job, progress);
	for (i = 0; i < n; i++) {
		pthread_join(workers[i].thread, NULL);
		free(workers[i].chunk);
	}
	if (job->err.code)
		*err = job->err;
	return -job->err.code;
}

/* Open to us alone until everything stands; parents come first in the plan. */
static int make_dirs(const struct plan *plan, struct err *err)
{
	size_t i;

	for (i = 0; i < plan->dirs.n; i++) {
		const struct entry *e = plan->dirs.v[i];
		int fd, rc = 0;

		if (!e->parent || e->there)
			continue; /* the tree itself */
		fd = open_dir(plan, e->parent, O_PATH);
		if (fd < 0)
			return fail(plan, e->parent, -fd, "open", err);
		if (mkdirat(fd, e->name, 0700) < 0)
			rc = -errno;
		close(fd);
		if (rc)
			return fail(plan, e, -rc, "make the directory", err);
	}
	return 0;
}

static int make_hardlink(const struct plan *plan, const struct entry *e)
{
	int from = open_dir(plan, e->same->parent, O_PATH), to, rc = 0;

	if (from < 0)
		return from;
	to = open_dir(plan, e->parent, O_PATH);
	if (to < 0)
		rc = to;
	else if (linkat(from, e->same->name, to, e->name, 0) < 0)
		rc = -errno;
	close(from);
	if (to >= 0)
		close(to);
	return rc;
}

static int make_hardlinks(const struct plan *plan, struct err *err)
{
	size_t i;
	int rc;

	for (i = 0; i < plan->hardlinks.n; i++) {
		if (plan->hardlinks.v[i]->there)
			continue;
		rc = make_hardlink(plan, plan->hardlinks.v[i]);
		if (rc)
			return fail(plan, plan->hardlinks.v[i], -rc, "make the hard link", err);
	}
	return 0;
}

/* The deepest first: a directory's own mode may forbid us to pass through it. */
static int finish_dirs(struct job *job, struct err *err)
{
	const struct plan *plan = job->plan;
	size_t i;

	for (i = plan->dirs.n; i-- > 0;) {
		const struct entry *e = plan->dirs.v[i];
		int fd, rc;

		if (e->clean)
			continue;
		fd = open_dir(plan, e, O_RDONLY);
		rc = fd < 0 ? fd : set_owner_and_mode(job, e, fd);
		if (fd >= 0)
			close(fd);
		if (rc)
			return fail(plan, e, -rc, "set the mode of", err);
	}
	return 0;
}

int build(const struct plan *plan, const struct user *user, enum data_fill data,
	struct progress *progress, uint64_t *refused, struct err *err)
{
	struct job job = {.plan = plan, .user = user, .data = data, .is_root = geteuid() == 0};
	int rc;

	pthread_mutex_init(&job.mutex, NULL);
	pthread_cond_init(&job.ended, NULL);
	rc = make_dirs(plan, err);
	if (rc == 0)
		rc = make_nodes(&job, progress, err);
	if (rc == 0)
		rc = make_hardlinks(plan, err);
	if (rc == 0)
		rc = finish_dirs(&job, err);
	*refused = job.refused;
	pthread_mutex_destroy(&job.mutex);
	pthread_cond_destroy(&job.ended);
	return rc;
}
