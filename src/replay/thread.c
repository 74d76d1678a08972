/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/aio_abi.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "replay/engine.h"

/* One real thread: takes the operations of its stream, waits for others, issues, counts. */

struct runner {
	struct engine *e;
	struct slot *slots, *slot; /* of the copy; of the thread */
	_Atomic uint64_t *ended;   /* of the copy, see struct engine */
	struct thread_result *result;
	struct file_result *files; /* of this thread, with --by, else NULL */
	uint32_t number; /* in the copy */
	uint64_t wakeup;  /* ns that a wake-up takes here: the median of those seen; see wakeup_learn() */
	uint64_t begun;	  /* PACE_BEFORE: when the operation at hand did, or should have */
	uint64_t start, first_entry;
	enum pace_kind pace;
	double speed;
};

static void relax(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

static void futex_wait(_Atomic uint32_t *word, uint32_t value, uint32_t bits)
{
	syscall(SYS_futex, word, FUTEX_WAIT_BITSET, value, NULL, NULL, bits);
}

static void futex_wake(_Atomic uint32_t *word, uint32_t bits)
{
	syscall(SYS_futex, word, FUTEX_WAKE_BITSET, INT_MAX, NULL, NULL, bits);
}

/* Of 32 neighbouring operations each wakes only those who wait for it. */
static uint32_t futex_bit(uint32_t seq)
{
	return 1u << seq % 32;
}

/* ---- order ---- */

static bool is_over(const struct slot *s, uint32_t seq)
{
	return atomic_load_explicit(&s->done, memory_order_acquire) > seq;
}

static void sleep_until_over(struct slot *s, uint32_t seq)
{
	uint32_t done;

	atomic_fetch_add(&s->sleepers, 1);
	while ((done = atomic_load(&s->done)) <= seq)
		futex_wait(&s->done, done, futex_bit(seq));
	atomic_fetch_sub(&s->sleepers, 1);
}

static void wait_for(struct runner *r, struct xdep dep)
{
	struct slot *s = &r->slots[dep.thread];
	uint64_t until = now_ns() + r->e->spin_ns;

	do {
		if (is_over(s, dep.seq))
			return;
		relax();
	} while (now_ns() < until);
	atomic_store_explicit(&r->slot->wait_thread, dep.thread, memory_order_relaxed);
	atomic_store_explicit(&r->slot->wait_seq, dep.seq, memory_order_relaxed);
	atomic_store_explicit(&r->slot->state, SLOT_WAITING, memory_order_release);
	sleep_until_over(s, dep.seq);
	atomic_store_explicit(&r->slot->state, SLOT_RUNNING, memory_order_release);
}

/* True when it had to wait. */
static bool wait_for_deps(struct runner *r, const struct xop *x)
{
	const uint8_t *p = x->deps;
	bool waited = false;
	uint32_t i;

	for (i = 0; i < x->ndeps; i++) {
		struct xdep dep = dep_next(&p);

		if (is_over(&r->slots[dep.thread], dep.seq))
			continue;
		waited = true;
		wait_for(r, dep);
	}
	return waited;
}

/*
 * The counter must be seen before the sleepers are looked at, as a sleeper says so before it looks
 * at the counter; only operations that somebody waits for pay for that.
 */
static inline void publish(struct slot *s, const struct xop *x, uint32_t seq)
{
	if (__builtin_expect(!(x->meta & META_AWAITED), 1)) {
		atomic_store_explicit(&s->done, seq + 1, memory_order_release);
		return;
	}
	atomic_store(&s->done, seq + 1);
	if (atomic_load(&s->sleepers))
		futex_wake(&s->done, futex_bit(seq));
}

/* ---- pacing ---- */

#define LATE_AIM 2500u /* what an operation may be late, to spend less on looking at the clock */

/*
 * Sleeps until as much time is left as a wake-up takes, or hardly less: half of them take longer than the median, and
 * the other half would be spent looking at the clock. Returns what the clock said last.
 */
static uint64_t wait_until(struct runner *r, uint64_t deadline)
{
	uint64_t now = now_ns(), wake = deadline + LATE_AIM - r->wakeup;
	struct timespec ts = {(time_t)(wake / NS_PER_SEC), (long)(wake % NS_PER_SEC)};

	if (now < deadline && wakeup_fits(&r->wakeup, deadline - now)) {
		atomic_store_explicit(&r->slot->state, SLOT_PACING, memory_order_release);
		while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR)
			;
		atomic_store_explicit(&r->slot->state, SLOT_RUNNING, memory_order_release);
		now = now_ns();
		wakeup_learn(&r->wakeup, now - wake);
	}
	while (now < deadline) {
		relax();
		now = now_ns();
	}
	return now;
}

/*
 * The time that it had to wait for others is part of its think time, not added to it. When that is
 * longer, it is the others who are late.
 */
static uint64_t think_deadline(struct runner *r, const struct xop *x, bool waited)
{
	uint64_t end = atomic_load_explicit(&r->ended[x->thread], memory_order_relaxed);
	uint64_t deadline = pace_deadline(end ? end : r->start, x->gap, r->speed), now;

	if (!waited)
		return deadline;
	now = now_ns();
	return now > deadline ? now : deadline;
}

/* WAITED: for operations of other threads, until now. */
static void pace(struct runner *r, const struct xop *x, bool waited)
{
	uint64_t deadline, late;

	/* has no time of its own; or began when it was submitted */
	if (ops[x->op].flags & OPF_STATE || op_is_submission(x->op)) {
		r->begun = now_ns();
		return;
	}
	if (r->pace == PACE_BEFORE)
		deadline = think_deadline(r, x, waited);
	else
		deadline = pace_deadline(r->start, x->entry - r->first_entry, r->speed);
	r->begun = wait_until(r, deadline);
	late = r->begun - deadline;
	hist_add(&r->result->late, late);
	r->begun -= pace_owed(late);
}

/* Operations of the thread, and the first one of a thread that it made, count their time from here. */
static void note_end(struct runner *r, const struct xop *x, uint64_t ns)
{
	_Atomic uint64_t *ended = r->ended;
	uint64_t now = r->begun + ns;

	if (ops[x->op].flags & OPF_STATE)
		return;
	atomic_store_explicit(&ended[x->thread], now, memory_order_relaxed);
	if (ops[x->op].flags & OPF_FORK && x->new_thread != UINT32_MAX)
		atomic_store_explicit(&ended[x->new_thread], now, memory_order_relaxed);
}

/* ---- counting ---- */

static bool on_directory(const struct rthread *t, const struct xop *x)
{
	struct stat st;

	return fstat(real_fd(t->w, x->arg[0]), &st) == 0 && S_ISDIR(st.st_mode);
}

static bool has_no_fd(const struct rthread *t, const struct xop *x)
{
	const uint8_t *kind = ops[x->op].arg;
	int i;

	for (i = 0; i < OP_ARGS; i++)
		if (arg_infos[kind[i]].form == FORM_FD && (uint32_t)x->arg[i] < VFD_CWD &&
			real_fd(t->w, x->arg[i]) < 0)
			return true;
	return false;
}

static void diverged(struct runner *r, const struct rthread *t, const struct xop *x, int64_t got)
{
	struct divergence d = {.op = x->op,
		.expected = x->ret,
		.got = got,
		.count = 1,
		.index = x->index,
		.label = x->label};

	enum explained why;

	if (ops[x->op].cmp == CMP_SEEK && x->ret >= 0 && got >= 0 && on_directory(t, x))
		return;
	why = explain(t, x, got);
	if (why) {
		explanations_add(&r->result->explained, why, &d);
		return;
	}
	d.no_fd = got == -EBADF && has_no_fd(t, x); /* also after a close, which took it away */
	r->result->op[x->op].diverged++;
	divergences_add(&r->result->divergences, &d);
}

static inline void account(struct runner *r, const struct rthread *t, const struct xop *x, int64_t got,
	uint64_t ns)
{
	struct op_result *o = &r->result->op[x->op];

	__asm__("" : "+r"(o)); /* worked out once, not for each of its members */
	if (got >= 0) {
		o->bytes += (uint64_t)got; /* stats.c knows where it is one */
	} else if (got < REPLAY_SKIPPED + SKIP_COUNT) {
		o->skipped[got - REPLAY_SKIPPED]++;
		return;
	} else {
		o->errors++;
	}
	hist_add(&o->latency, ns);
	if (__builtin_expect(got != x->ret, 0) && xop_has_ret(x) &&
		!results_equal(ops[x->op].cmp, x->ret, got))
		diverged(r, t, x, got);
}

/* For --by. DIVERGED: of its operations, before this one. */
static void account_file(struct runner *r, const struct xop *x, int64_t got, uint64_t ns, uint64_t diverged_before)
{
	struct file_result *f;

	if (ops[x->op].flags & OPF_STATE || (got < 0 && got < REPLAY_SKIPPED + SKIP_COUNT))
		return;
	f = &r->files[by_file_of(&r->e->config.program->files, x->index)];
	hist_add(&f->latency, ns);
	f->diverged += r->result->op[x->op].diverged - diverged_before;
	if (got < 0)
		f->errors++;
	else if (ops[x->op].cls == CLS_READ || ops[x->op].cls == CLS_TRANSFER)
		f->read += (uint64_t)got;
	else if (ops[x->op].cls == CLS_WRITE)
		f->written += (uint64_t)got;
}

/* NS, unless the function of the operation at hand said otherwise. */
static inline uint64_t took(struct rthread *t, uint64_t ns)
{
	if (__builtin_expect(t->took != 0, 0)) {
		ns = t->took;
		t->took = 0;
	}
	return ns;
}

/* ---- the run ---- */

/*
 * PLAIN: without pacing, AIO contexts and files to tell apart, and with a time stamp counter. It is a
 * constant, so that nobody asks for these before each operation.
 */
static inline __attribute__((always_inline)) void run_all(
	struct runner *r, struct rthread *t, bool plain)
{
	const struct program *p = r->e->config.program;
	const struct ticks ticks = {plain || r->e->ticks.tsc, r->e->ticks.mult};
	struct xcursor c = xcursor_of(&p->streams[r->number], r->first_entry);
	uint64_t last = ticks_now(&ticks), now;
	struct xop x = XOP_START;
	uint32_t seq = 0;
	int64_t got;

	while (xop_next_paced(&c, &x, !plain)) {
		bool waited = x.meta & META_DEPS && wait_for_deps(r, &x);

		if (waited) {
			now = ticks_now(&ticks);
			r->result->waits++;
			r->result->wait_ns += ticks_to_ns(&ticks, now - last);
			r->result->op[x.op].wait_ns += ticks_to_ns(&ticks, now - last);
			last = now;
		}
		if (!plain && r->pace != PACE_NONE) {
			pace(r, &x, waited);
			now = ticks_now(&ticks);
			r->result->op[x.op].pace_ns += ticks_to_ns(&ticks, now - last);
			last = now;
		}
		if (!plain && p->aio && aio_is_cut(&x))
			aio_settle(t);
		got = exec_fns[x.op](t, &x);
		now = ticks_now(&ticks);
		if (!plain && r->pace == PACE_BEFORE)
			note_end(r, &x, ticks_to_ns(&ticks, now - last));
		if (!plain && r->files) {
			uint64_t ns = took(t, ticks_to_ns(&ticks, now - last)), before = r->result->op[x.op].diverged;

			account(r, t, &x, got, ns);
			account_file(r, &x, got, ns, before);
		} else {
			account(r, t, &x, got, took(t, ticks_to_ns(&ticks, now - last)));
		}
		last = now;
		publish(r->slot, &x, seq++);
	}
}

static void run(struct runner *r, struct rthread *t)
{
	if (r->pace == PACE_NONE && !r->e->config.program->aio && !r->files && r->e->ticks.tsc)
		run_all(r, t, true);
	else
		run_all(r, t, false);
}

static void wait_for_start(struct engine_shared *s)
{
	atomic_fetch_add(&s->ready, 1);
	while (!atomic_load(&s->go))
		futex_wait(&s->go, 0, UINT32_MAX);
}

#define READ_TOUCHED 16384u /* of each thread's buffer: 512 threads have one */

/* So that the first reads are not those that pay for the pages. */
static void touch(uint8_t *buf, uint64_t len)
{
	uint64_t i;

	for (i = 0; i < len && i < READ_TOUCHED; i += 4096)
		*(volatile uint8_t *)&buf[i] = 0;
}

#define FIRST_OPS     1024
#define QUICK_BUCKETS 512 /* of a histogram: latencies of up to 1 ms */

static void touch_op(struct op_result *o)
{
	*(volatile uint64_t *)&o->errors = 0;
	*(volatile uint32_t *)&o->latency.bucket[QUICK_BUCKETS] = 0;
	*(volatile uint64_t *)&o->pace_ns = 0;
}

/* Nor for those of what they count in: the first operations tell which kinds there are. */
static void touch_results(const struct runner *r)
{
	const struct program *p = r->e->config.program;
	struct xcursor c = xcursor_of(&p->streams[r->number], r->first_entry);
	struct xop x = XOP_START;
	int i;

	for (i = 0; i < FIRST_OPS && xop_next(&c, &x); i++)
		touch_op(&r->result->op[x.op]);
	if (r->pace == PACE_NONE)
		return;
	*(volatile uint64_t *)&r->result->late.count = 0;
	*(volatile uint32_t *)&r->result->late.bucket[QUICK_BUCKETS] = 0;
}

static bool prepare(struct rthread *t, const struct program *p, uint32_t number)
{
	t->read_len = p->read_max < READ_BUFFER_MAX ? p->read_max : READ_BUFFER_MAX;
	t->read_len = (t->read_len + 4096) & ~(uint64_t)4095;
	t->read_buf = map_lazily(t->read_len, MAP_PRIVATE);
	if (t->read_buf)
		touch(t->read_buf, t->read_len);
	t->iov = calloc((size_t)p->iov_max + 1, sizeof(*t->iov));
	t->iocbs = calloc((size_t)p->iocbs_max + 1, sizeof(*t->iocbs));
	t->events_max = (uint64_t)p->events_max + 64;
	t->events = calloc(t->events_max, sizeof(*t->events));
	t->write_at = (uint64_t)number * 1021 * t->w->write_step;
	t->fs_context = UINT32_MAX;
	t->umask_now = UMASK_DEFAULT;
	umask(UMASK_DEFAULT);
	return t->read_buf && t->iov && t->iocbs && t->events && unshare(CLONE_FS) == 0;
}

void thread_end_aio(const struct thread_start *start)
{
	const struct program *p = start->e->config.program;
	struct rthread t = {.w = start->w, .result = &start->e->results[start->number]};

	t.events_max = (uint64_t)p->events_max + 64;
	t.events = p->aio ? calloc(t.events_max, sizeof(*t.events)) : NULL;
	if (t.events)
		aio_end_all(&t);
	free(t.events);
}

void *thread_main(void *arg)
{
	const struct thread_start *start = arg;
	struct engine *e = start->e;
	const struct program *p = e->config.program;
	const uint32_t copy = start->number / p->layout.threads;
	struct runner r = {.e = e,
		.slots = e->shared->slots + (size_t)copy * p->layout.threads,
		.ended = e->ended + (size_t)copy * p->vthreads,
		.slot = &e->shared->slots[start->number],
		.result = &e->results[start->number],
		.files = e->files ? e->files + (size_t)start->number * p->files.n : NULL,
		.number = start->number % p->layout.threads,
		.wakeup = WAKEUP_FIRST,
		.first_entry = p->first_entry,
		.pace = e->config.pace,
		.speed = e->config.speed};
	struct rthread t = {.w = start->w, .result = &e->results[start->number]};

	if (!prepare(&t, p, start->number))
		worker_fail(e, errno ? errno : ENOMEM, "cannot prepare a thread");
	touch_results(&r);
	if (r.pace != PACE_NONE)
		prctl(PR_SET_TIMERSLACK, 1); /* else the kernel may add 50 us to each sleep */
	wait_for_start(e->shared);
	r.start = e->shared->start;
	run(&r, &t);
	r.result->end = now_ns();
	splice_end(&t);
	r.result->chown_own = t.chown_own;
	atomic_store_explicit(&r.slot->state, SLOT_ENDED, memory_order_release);
	munmap(t.read_buf, t.read_len);
	free(t.iov);
	free(t.iocbs);
	free(t.events);
	return NULL;
}
