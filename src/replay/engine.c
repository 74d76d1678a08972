/* SPDX-License-Identifier: Apache-2.0 */
#include "replay/engine.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "utils/progress.h"

#define TICK_NS	     100000000
#define WARM_TICK_NS 1000000   /* while operations are counted */
#define WARM_TRIES   50	       /* to sum them up while there are no more */
#define STOP_NS	     500000000 /* that workers are waited for until they have stopped ... */
#define END_NS	     850000000 /* ... and ended: whoever interrupts a replay has its statistics within a second */

/* ---- memory ---- */

void *map_lazily(uint64_t size, int sharing)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, sharing | MAP_ANONYMOUS | MAP_NORESERVE,
		-1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static void fill_random(uint64_t *p, size_t n)
{
	uint64_t x = 0;
	size_t i;

	if (getrandom(&x, sizeof(x), 0) != sizeof(x))
		x = now_ns();
	for (i = 0; i < n; i++) { /* splitmix64 (Steele, Lea, Flood 2014) */
		uint64_t z = x += 0x9e3779b97f4a7c15u;

		z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
		z = (z ^ z >> 27) * 0x94d049bb133111ebu;
		p[i] = z ^ z >> 31;
	}
}

static int map_periods(uint8_t *base, uint64_t size, int fd)
{
	uint64_t at;

	if (ftruncate(fd, MAP_PERIOD))
		return -1;
	for (at = 0; at < size; at += MAP_PERIOD)
		if (mmap(base + at, MAP_PERIOD, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) ==
			MAP_FAILED)
			return -1;
	return 0;
}

void *map_repeated(uint64_t size)
{
	int fd = memfd_create("ioriot-data", MFD_CLOEXEC);
	uint8_t *base = fd < 0 ? NULL : map_lazily(size, MAP_PRIVATE);

	if (base && map_periods(base, size, fd)) {
		munmap(base, size);
		base = NULL;
	}
	if (fd >= 0)
		close(fd);
	return base;
}

/* One period of random bytes in memory, seen many times in a row by requests longer than that. */
static int map_write_data(struct engine *e, uint64_t longest)
{
	e->write_period = MAP_PERIOD;
	e->write_size = map_periods_of(longest);
	e->write_data = map_repeated(e->write_size);
	if (!e->write_data)
		return -ENOMEM;
	if (longest)
		fill_random((uint64_t *)(void *)e->write_data, MAP_PERIOD / sizeof(uint64_t));
	return 0;
}

static int map_all(struct engine *e, struct err *err)
{
	const struct program *p = e->config.program;
	size_t i;

	e->shared_size = sizeof(*e->shared) + (size_t)program_threads(p) * sizeof(struct slot);
	e->shared = map_lazily(e->shared_size, MAP_SHARED);
	e->results_size = ((size_t)program_threads(p) + 1) * sizeof(*e->results);
	e->results = map_lazily(e->results_size, MAP_SHARED);
	e->files_size = (size_t)program_threads(p) * p->files.n * sizeof(*e->files);
	e->files = e->files_size ? map_lazily(e->files_size, MAP_SHARED) : NULL;
	e->umasks_size = ((size_t)p->ncopies * p->contexts + 1) * sizeof(*e->umasks);
	e->umasks = map_lazily(e->umasks_size, MAP_SHARED);
	e->ended_size = ((size_t)p->ncopies * p->vthreads + 1) * sizeof(*e->ended);
	e->ended = map_lazily(e->ended_size, MAP_SHARED);
	e->workers = calloc((size_t)program_workers(p) + 1, sizeof(*e->workers));
	if (!e->shared || !e->results || (e->files_size && !e->files) || !e->umasks || !e->ended || !e->workers ||
		map_write_data(e, p->write_max) ||
		(e->config.timeline && timeline_start(&e->timeline, e->config.pace != PACE_NONE)))
		return err_sys(err, ENOMEM, "cannot start the replay");
	for (i = 0; i < (size_t)p->ncopies * p->contexts; i++)
		atomic_store_explicit(&e->umasks[i], UMASK_UNKNOWN, memory_order_relaxed);
	return 0;
}

static void unmap(void *p, size_t size)
{
	if (p)
		munmap(p, size);
}

void engine_free(struct engine *e)
{
	unmap(e->shared, e->shared_size);
	unmap(e->results, e->results_size);
	unmap(e->files, e->files_size);
	unmap((void *)e->umasks, e->umasks_size);
	unmap((void *)e->ended, e->ended_size);
	unmap(e->write_data, e->write_size);
	timeline_free(&e->timeline);
	free(e->workers);
}

/* ---- workers ---- */

static int start_workers(struct engine *e, const sigset_t *mask, struct err *err)
{
	uint32_t i;
	pid_t pid;

	for (i = 0; i < program_workers(e->config.program); i++) {
		pid = fork();
		if (pid < 0)
			return err_sys(err, errno, "cannot start a worker");
		if (pid == 0)
			worker_main(e, i, mask);
		e->workers[i] = pid;
		e->running++;
	}
	return 0;
}

/* Waits until worker I has stopped (OPTIONS: WUNTRACED) or ended; false when it had not until END. */
static bool wait_for_worker(struct engine *e, uint32_t i, int options, uint64_t end)
{
	struct timespec pause = {0, 1000000};
	int status;
	pid_t pid;

	while ((pid = waitpid(e->workers[i], &status, WNOHANG | options)) == 0 && now_ns() < end)
		nanosleep(&pause, NULL);
	if (pid > 0 && !WIFSTOPPED(status))
		e->workers[i] = 0;
	return pid != 0;
}

/* Sends SIG to all workers; the number of those that it had not stopped or ended until END. */
static uint32_t signal_workers(struct engine *e, int sig, uint64_t end)
{
	uint32_t i, n = program_workers(e->config.program), left = 0;

	for (i = 0; i < n; i++)
		if (e->workers[i])
			kill(e->workers[i], sig);
	for (i = 0; i < n; i++)
		if (e->workers[i] && !wait_for_worker(e, i, sig == SIGSTOP ? WUNTRACED : 0, end))
			left++;
	return left;
}

/*
 * All stop before one ends: what one held, a lock, would be given to another, which would count it.
 * And what is counted must not change while it is summed up.
 */
static void stop_workers(struct engine *e, uint64_t since)
{
	signal_workers(e, SIGSTOP, since + STOP_NS);
}

/* One that the kernel keeps, a write to a slow disk, ends when that does: not worth a wait for it. */
static void kill_workers(struct engine *e, uint64_t since)
{
	uint32_t i = signal_workers(e, SIGKILL, since + END_NS);

	if (i)
		fprintf(stderr, "ioriot: %u worker%s of the replay will end when the kernel lets go of %s\n", i,
			i == 1 ? "" : "s", i == 1 ? "it" : "them");
	e->running = 0;
}

static int worker_ended(struct engine *e, uint32_t i, int status, struct err *err)
{
	int code;

	e->workers[i] = 0;
	e->running--;
	if (WIFSIGNALED(status))
		return err_set(err, ECHILD, "worker %u was ended by signal %d (%s)", i,
			WTERMSIG(status), strsignal(WTERMSIG(status)));
	if (WEXITSTATUS(status) == EXIT_DONE)
		return 0;
	if (atomic_load(&e->shared->failed) != 2)
		return err_set(err, ECHILD, "worker %u ended with exit status %d", i,
			WEXITSTATUS(status));
	code = e->shared->error_code;
	return err_set(err, code, "%s", e->shared->error);
}

static int reap(struct engine *e, struct err *err)
{
	uint32_t i;
	int status, rc = 0;

	for (i = 0; i < program_workers(e->config.program) && rc == 0; i++)
		if (e->workers[i] && waitpid(e->workers[i], &status, WNOHANG) == e->workers[i])
			rc = worker_ended(e, i, status, err);
	return rc;
}

/* ---- looking on ---- */

struct watch {
	struct progress progress;
	uint64_t done, changed; /* now_ns() of the last change */
	uint32_t patience;	/* seconds; longer once the storage is seen to be what takes so long */
};

static uint64_t count_done(const struct engine *e)
{
	uint64_t sum = 0;
	uint32_t i;

	for (i = 0; i < program_threads(e->config.program); i++)
		sum += atomic_load_explicit(&e->shared->slots[i].done, memory_order_relaxed);
	return sum;
}

static bool anyone_paces(const struct engine *e)
{
	uint32_t i;

	for (i = 0; i < program_threads(e->config.program); i++)
		if (atomic_load(&e->shared->slots[i].state) == SLOT_PACING)
			return true;
	return false;
}

/* The operation that a thread is at: its stream is read from the start, once, after a failure. */
static bool current_op(const struct engine *e, uint32_t thread, struct xop *x)
{
	const struct program *p = e->config.program;
	struct xcursor c = xcursor_of(&p->streams[thread % p->layout.threads], p->first_entry);
	uint32_t done = atomic_load(&e->shared->slots[thread].done), i;

	*x = XOP_START;
	for (i = 0; i <= done; i++)
		if (!xop_next(&c, x))
			return false;
	return true;
}

/* Everybody waits for whoever is earliest in the file. */
static uint32_t earliest_thread(const struct engine *e, struct xop *first)
{
	uint32_t i, thread = 0;
	struct xop x;

	first->index = UINT64_MAX;
	for (i = 0; i < program_threads(e->config.program); i++)
		if (current_op(e, i, &x) && x.index < first->index) {
			*first = x;
			thread = i;
		}
	return thread;
}

/* Writing out gigabytes takes its time; nobody else's doing is waited for. */
static bool waits_for_storage(enum op_id op)
{
	switch (op) {
	case OP_sync:
	case OP_syncfs:
	case OP_io_submit:
	case OP_io_getevents:
	case OP_io_pgetevents:
	case OP_io_destroy:
	case OP_fsync:
	case OP_fdatasync:
	case OP_sync_file_range:
		return true;
	default:
		return false;
	}
}

/* 0: it may go on for a while. */
static int check_stuck(const struct engine *e, struct watch *w, struct err *err)
{
	const struct program *p = e->config.program;
	struct xop first = {.op = OP_sync};
	uint32_t thread = earliest_thread(e, &first);
	const struct slot *s = &e->shared->slots[thread];

	if (waits_for_storage(first.op) && w->patience == e->config.watchdog) {
		w->patience *= 10;
		return 0;
	}
	err_set(err, ETIMEDOUT,
		"no operation has ended for %u s: thread %u is at %s (line %llu of %s, label %llu)",
		w->patience, thread % p->layout.threads, ops[first.op].name, (unsigned long long)first.index + 2,
		p->file, (unsigned long long)first.label);
	if (p->ncopies > 1) {
		size_t len = strlen(err->text);

		snprintf(err->text + len, sizeof(err->text) - len, ", copy %u", thread / p->layout.threads + 1);
	}
	if (atomic_load(&s->state) == SLOT_WAITING) {
		size_t len = strlen(err->text);

		snprintf(err->text + len, sizeof(err->text) - len,
			" and waits for operation %u of thread %u", atomic_load(&s->wait_seq),
			atomic_load(&s->wait_thread));
	}
	return -ETIMEDOUT;
}

static uint64_t lateness_now(const struct engine *e)
{
	uint64_t max = 0;
	uint32_t i;

	for (i = 0; i < program_threads(e->config.program); i++)
		if (e->results[i].late.max > max)
			max = e->results[i].late.max;
	return max;
}

/* Of the operations, or of the time where that is known. */
static double share_done(const struct engine *e, uint64_t done)
{
	const struct program *p = e->config.program;
	double elapsed = (double)(now_ns() - e->shared->start), share = 1, of_limit = 0;

	if (e->config.pace == PACE_START && p->span)
		share = elapsed * e->config.speed / (double)p->span;
	else if (p->ops)
		share = (double)done / ((double)p->ops * p->ncopies);
	if (e->config.limit)
		of_limit = elapsed / (double)(e->config.limit + e->config.warmup.ns);
	share = share > of_limit ? share : of_limit;
	return share < 1 ? share : 1;
}

static void show_progress(struct engine *e, struct watch *w)
{
	char note[100];
	struct progress_state now = {.count = w->done, .unit = "operations", .note = note};
	struct tally tally;
	int len;

	if (!progress_due(&w->progress))
		return;
	tally_take(&tally, e->config.program, e->results);
	now.share = share_done(e, w->done);
	len = snprintf(note, sizeof(note), "  %llu diverged", (unsigned long long)tally.diverged);
	if (e->config.pace != PACE_NONE)
		snprintf(note + len, sizeof(note) - (size_t)len, ", at most %.1f ms late",
			(double)lateness_now(e) / 1e6);
	progress_show(&w->progress, &now);
}

/*
 * What is counted until here is left out of the statistics. Threads that count meanwhile would have some
 * of an operation's numbers left out and others not: then once more.
 */
static int end_warmup(struct engine *e, struct err *err)
{
	unsigned tries = 0;
	uint64_t done;
	int rc = 0;

	e->warm = true;
	do {
		done = count_done(e);
		e->warm_ns = now_ns() - e->shared->start;
		if (e->config.warmed)
			rc = e->config.warmed(e->config.arg, e);
	} while (rc == 0 && count_done(e) != done && ++tries < WARM_TRIES);
	if (e->timeline.step)
		timeline_add(&e->timeline, e->warm_ns, e->config.program, e->results);
	return rc ? err_sys(err, ENOMEM, "cannot sum up the warm-up") : 0;
}

static bool warmup_over(const struct engine *e, uint64_t done, uint64_t now)
{
	if (e->config.warmup.ops)
		return done >= (e->config.warmup.ops + e->config.program->states) * e->config.program->ncopies;
	return now - e->shared->start >= e->config.warmup.ns;
}

static int look(struct engine *e, struct watch *w, struct err *err)
{
	uint64_t done = count_done(e), now = now_ns();
	double load;

	if (!e->warm && warmup_over(e, done, now) && end_warmup(e, err))
		return -ENOMEM;
	if (e->config.limit && e->warm && now - e->shared->start >= e->warm_ns + e->config.limit) {
		e->limited = true;
		return 0;
	}

	if (done != w->done || anyone_paces(e)) {
		w->done = done;
		w->changed = now;
		w->patience = e->config.watchdog;
	}
	if (getloadavg(&load, 1) == 1 && load > e->loadavg)
		e->loadavg = load;
	show_progress(e, w);
	if (e->timeline.step && now >= e->shared->start + timeline_next(&e->timeline))
		timeline_add(&e->timeline, now - e->shared->start, e->config.program, e->results);
	if (now - w->changed > (uint64_t)w->patience * NS_PER_SEC)
		return check_stuck(e, w, err);
	return 0;
}

/* Waits for one of the blocked signals for at most NS; handles it. */
static int handle_signal(struct engine *e, const sigset_t *signals, long ns, struct err *err)
{
	struct timespec timeout = {0, ns};
	int sig = sigtimedwait(signals, NULL, &timeout);

	if (sig == SIGCHLD)
		return reap(e, err);
	if (sig <= 0)
		return 0;
	e->interrupted = true;
	return err_set(err, EINTR, "the replay was interrupted by %s", strsignal(sig));
}

static int start_together(struct engine *e, const sigset_t *signals, struct err *err)
{
	struct engine_shared *s = e->shared;
	int rc = 0;

	while (rc == 0 && atomic_load(&s->ready) < program_threads(e->config.program))
		rc = handle_signal(e, signals, 1000000, err);
	s->start = now_ns();
	if (rc)
		return rc;
	atomic_store(&s->go, 1);
	syscall(SYS_futex, &s->go, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
	return 0;
}

/*
 * About as long as a sleep and its wake-up take; where threads have no processor each, it takes one from
 * others.
 */
static uint64_t spin_for(const struct program *p)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set))
		return 2000;
	return program_threads(p) <= (uint32_t)CPU_COUNT(&set) ? 5000 : 2000;
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* ns until there is something to look at. */
static long next_look(const struct engine *e)
{
	const struct engine_config *c = &e->config;
	uint64_t now = now_ns(), start = e->shared->start, until = now + TICK_NS;

	if (e->timeline.step)
		until = sooner(until, start + timeline_next(&e->timeline));
	if (!e->warm)
		until = sooner(until, c->warmup.ops ? now + WARM_TICK_NS : start + c->warmup.ns);
	else if (c->limit)
		until = sooner(until, start + e->warm_ns + c->limit);
	return until > now ? (long)(until - now) : 0;
}

static int look_on(struct engine *e, const sigset_t *signals, struct err *err)
{
	struct watch w = {.changed = now_ns(), .patience = e->config.watchdog};
	int rc = 0;

	progress_start(&w.progress, "replay", e->config.quiet);
	e->warm = !e->config.warmup.ns && !e->config.warmup.ops;
	while (rc == 0 && e->running && !e->limited) {
		rc = handle_signal(e, signals, next_look(e), err);
		if (rc == 0)
			rc = look(e, &w, err);
	}
	progress_end(&w.progress);
	if (rc == 0 && !e->warm)
		rc = err_set(err, ERANGE, "the replay was over before its warm-up was");
	return rc;
}

static void take_end(struct engine *e, bool complete)
{
	uint64_t end = complete && e->shared->start ? e->shared->start : now_ns();
	uint32_t i;

	for (i = 0; i < program_threads(e->config.program); i++)
		if (e->results[i].end > end)
			end = e->results[i].end;
	e->ns = end - (e->shared->start ? e->shared->start : end);
	if (e->timeline.step)
		timeline_add(&e->timeline, e->ns, e->config.program, e->results);
}

int engine_run(struct engine *e, const struct engine_config *config, struct err *err)
{
	sigset_t signals, before;
	uint64_t ending;
	int rc;

	*e = (struct engine){.config = *config, .self = getpid()};
	rc = map_all(e, err);
	if (rc)
		return rc;
	e->ticks = ticks_measure();
	e->spin_ns = spin_for(config->program);
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGCHLD);
	sigprocmask(SIG_BLOCK, &signals, &before);
	rc = start_workers(e, &before, err);
	if (rc == 0)
		rc = start_together(e, &signals, err);
	if (rc == 0)
		rc = look_on(e, &signals, err);
	ending = now_ns();
	if (rc || e->limited)
		stop_workers(e, ending);
	take_end(e, rc == 0 && !e->limited);
	if (rc || e->limited)
		kill_workers(e, ending);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return rc;
}
