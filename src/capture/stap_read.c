/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "capture/stap.h"
#include "utils/clock.h"

#define CHUNK	 (256u << 10)
#define POLL_MS	 200 /* between two looks at a file whose end nobody tells */
#define CPUS_MAX 8192

struct reader {
	struct stap_readers *all;
	pthread_t thread;
	bool running;
	int fd, wake;
	struct stap_frames frames; /* of the thread; of others when it has drained */
	/* under the lock: */
	struct merge_list list;
	uint64_t newest;  /* time of the newest record read */
	uint64_t drained; /* number of the last wish that was fulfilled */
	int failed;	  /* errno */
};

struct stap_readers {
	pthread_mutex_t lock;
	pthread_cond_t read_on;	 /* for readers: memory is free again, or there is a new wish */
	pthread_cond_t happened; /* for the one who waits: something was read, or drained */
	uint64_t wish, until;	 /* a drain: its number, and the time */
	size_t waiting, most;	 /* bytes */
	bool stop;
	size_t n;
	struct reader *v;
};

/* --- the threads --- */

static bool has_drained(const struct reader *r)
{
	return r->drained >= r->all->wish;
}

/* Reads no more than fits, but never keeps a drain waiting. Gives the wish that holds now. */
static bool may_read(struct reader *r, uint64_t *wish)
{
	struct stap_readers *all = r->all;
	bool go_on;

	pthread_mutex_lock(&all->lock);
	while (!all->stop && all->waiting > all->most && has_drained(r))
		pthread_cond_wait(&all->read_on, &all->lock);
	*wish = all->wish;
	go_on = !all->stop;
	pthread_mutex_unlock(&all->lock);
	return go_on;
}

static void hand_over(struct reader *r, struct merge_list *list)
{
	struct stap_readers *all = r->all;

	pthread_mutex_lock(&all->lock);
	r->newest = r->frames.last;
	if (list->first) {
		*r->list.end = list->first;
		r->list.end = list->end;
		r->list.bytes += list->bytes;
		all->waiting += list->bytes;
	}
	/* a processor's records are in the order of their times */
	if (r->newest > all->until && r->drained < all->wish)
		r->drained = all->wish;
	pthread_cond_signal(&all->happened);
	pthread_mutex_unlock(&all->lock);
	merge_list_init(list);
}

static void note(struct reader *r, uint64_t wish, int failed)
{
	pthread_mutex_lock(&r->all->lock);
	r->drained = wish;
	if (failed)
		r->failed = failed;
	pthread_cond_signal(&r->all->happened);
	pthread_mutex_unlock(&r->all->lock);
}

static void wait_for_more(const struct reader *r)
{
	struct pollfd fds[] = {{.fd = r->fd, .events = POLLIN}, {.fd = r->wake, .events = POLLIN}};
	eventfd_t count;

	if (poll(fds, 2, POLL_MS) > 0 && fds[1].revents)
		eventfd_read(r->wake, &count);
}

/*
 * Elsewhere than on its processor, reading may find records half written: those are refused. While
 * the processor is off nothing is written there; then it is read from elsewhere, and the kernel has
 * forgotten where this thread wanted to be.
 */
static void stay_on(unsigned cpu, cpu_set_t *set)
{
	size_t size = CPU_ALLOC_SIZE(CPUS_MAX);

	CPU_ZERO_S(size, set);
	CPU_SET_S(cpu, size, set);
	pthread_setaffinity_np(pthread_self(), size, set);
}

static void *read_on(void *arg)
{
	struct reader *r = arg;
	unsigned char *chunk = malloc(CHUNK);
	cpu_set_t *set = CPU_ALLOC(CPUS_MAX);
	struct merge_list list;
	uint64_t wish = 0;
	ssize_t n;

	merge_list_init(&list);
	while (may_read(r, &wish)) {
		if (set)
			stay_on(r->frames.cpu, set);
		n = chunk ? read(r->fd, chunk, CHUNK) : -1;
		if (n > 0 && !stap_frames_feed(&r->frames, chunk, (size_t)n, &list)) {
			hand_over(r, &list);
			continue;
		}
		if (n > 0 || !chunk || (n < 0 && errno != ENODATA && errno != EAGAIN)) {
			note(r, UINT64_MAX, n > 0 || !chunk ? ENOMEM : errno);
			break;
		}
		note(r, wish, 0);
		wait_for_more(r);
	}
	merge_list_free(&list);
	free(chunk);
	CPU_FREE(set);
	return NULL;
}

/* --- the one who takes what they read --- */

static int add_reader(struct stap_readers *all, int directory, unsigned cpu, const char *name)
{
	struct reader *v = reallocarray(all->v, all->n + 1, sizeof(*v));
	struct reader *r;

	if (!v)
		return -ENOMEM;
	all->v = v;
	r = &v[all->n];
	*r = (struct reader){.all = all, .wake = -1, .frames.cpu = cpu};
	r->fd = openat(directory, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (r->fd < 0)
		return -errno;
	all->n++;
	r->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return r->wake < 0 ? -errno : 0;
}

static int add_readers(struct stap_readers *all, DIR *dir)
{
	struct dirent *entry;
	uint64_t cpu;
	int rc = 0;

	while (!rc && (entry = readdir(dir)))
		if (strncmp(entry->d_name, "trace", 5) == 0 &&
			str_u64(str_of(entry->d_name + 5), &cpu) == 0 && cpu < CPUS_MAX)
			rc = add_reader(all, dirfd(dir), (unsigned)cpu, entry->d_name);
	return rc;
}

static int start_threads(struct stap_readers *all)
{
	sigset_t every, old;
	size_t i;
	int rc = 0;

	sigfillset(&every); /* signals are for the main thread */
	pthread_sigmask(SIG_SETMASK, &every, &old);
	for (i = 0; i < all->n && !rc; i++) {
		merge_list_init(
			&all->v[i].list); /* it points into itself: the array grows no more */
		rc = -pthread_create(&all->v[i].thread, NULL, read_on, &all->v[i]);
		all->v[i].running = !rc;
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return rc;
}

static void init_locks(struct stap_readers *all)
{
	pthread_condattr_t monotonic;

	pthread_mutex_init(&all->lock, NULL);
	pthread_cond_init(&all->read_on, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&all->happened, &monotonic);
	pthread_condattr_destroy(&monotonic);
}

int stap_readers_open(
	struct stap_readers **out, const char *directory, size_t most, struct err *err)
{
	struct stap_readers *all = calloc(1, sizeof(*all));
	DIR *dir = opendir(directory);
	int rc = dir && all ? 0 : -errno;

	if (!rc) {
		init_locks(all);
		all->most = most;
		rc = add_readers(all, dir);
	}
	if (!rc && !all->n)
		rc = -ENOENT;
	if (!rc)
		rc = start_threads(all);
	if (dir)
		closedir(dir);
	if (rc) {
		err_sys(err, -rc, "cannot read the trace files in %s", directory);
		if (all)
			stap_readers_close(all);
		return rc;
	}
	*out = all;
	return 0;
}

static void wake(struct stap_readers *all)
{
	size_t i;

	pthread_cond_broadcast(&all->read_on);
	for (i = 0; i < all->n; i++)
		eventfd_write(all->v[i].wake, 1);
}

void stap_readers_stop(struct stap_readers *all)
{
	size_t i;

	pthread_mutex_lock(&all->lock);
	all->stop = true;
	pthread_mutex_unlock(&all->lock);
	wake(all);
	for (i = 0; i < all->n; i++) {
		if (all->v[i].running)
			pthread_join(all->v[i].thread, NULL);
		all->v[i].running = false;
	}
}

void stap_readers_close(struct stap_readers *all)
{
	size_t i;

	stap_readers_stop(all);
	for (i = 0; i < all->n; i++) {
		struct reader *r = &all->v[i];

		if (r->list.end)
			merge_list_free(&r->list);
		buf_free(&r->frames.rest);
		close(r->fd);
		if (r->wake >= 0)
			close(r->wake);
	}
	pthread_cond_destroy(&all->happened);
	pthread_cond_destroy(&all->read_on);
	pthread_mutex_destroy(&all->lock);
	free(all->v);
	free(all);
}

size_t stap_readers_count(const struct stap_readers *all)
{
	return all->n;
}

struct stap_frames *stap_readers_frames(struct stap_readers *all, size_t queue)
{
	return &all->v[queue].frames;
}

/* The first reader that is not done yet, or failed; NULL: all are done. */
static const struct reader *undone(const struct stap_readers *all)
{
	size_t i;

	for (i = 0; i < all->n; i++)
		if (all->v[i].failed || !has_drained(&all->v[i]))
			return &all->v[i];
	return NULL;
}

int stap_readers_drain(struct stap_readers *all, uint64_t t, struct err *err)
{
	const struct reader *r;
	int failed;

	pthread_mutex_lock(&all->lock);
	all->until = t;
	all->wish++;
	wake(all);
	while ((r = undone(all)) && !r->failed)
		pthread_cond_wait(&all->happened, &all->lock);
	failed = r ? r->failed : 0;
	pthread_mutex_unlock(&all->lock);
	return failed ? err_sys(err, failed, "cannot read on the records of processor %u",
				r->frames.cpu)
		      : 0;
}

void stap_readers_take(struct stap_readers *all, struct merge *m)
{
	size_t i;

	pthread_mutex_lock(&all->lock);
	for (i = 0; i < all->n; i++)
		merge_add(m, i, &all->v[i].list);
	pthread_mutex_unlock(&all->lock);
}

void stap_readers_release(struct stap_readers *all, size_t bytes)
{
	pthread_mutex_lock(&all->lock);
	all->waiting -= bytes;
	pthread_cond_broadcast(&all->read_on);
	pthread_mutex_unlock(&all->lock);
}

void stap_readers_wait(struct stap_readers *all, uint64_t ns)
{
	uint64_t end = now_ns() + ns;
	struct timespec ts = {(time_t)(end / NS_PER_SEC), (long)(end % NS_PER_SEC)};

	pthread_mutex_lock(&all->lock);
	while (all->waiting <= all->most / 4)
		if (pthread_cond_timedwait(&all->happened, &all->lock, &ts))
			break;
	pthread_mutex_unlock(&all->lock);
}
