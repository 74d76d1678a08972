/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "capture/footprint.h"
#include "capture/ptrace.h"
#include "utils/clock.h"

#define NS_PER_MS     (NS_PER_SEC / 1000)
#define HOLD_SLEEP_MS 200  /* for a call that waits for a device, or for a lock in the kernel */
#define HOLD_MOST_MS  1000 /* for one that has no processor, and for all together */

enum stand_state { STAND_NONE, STAND_RUNNING, STAND_HELD };

/* Where a task stands: a call that others wait for, or one that waits. */
struct stand {
	struct footprint foot; /* its first member is the way */
	struct tracer *t;
	struct task *task;
	enum stand_state state;
	TAILQ_ENTRY(stand) in; /* t->running or t->held_calls */
	uint64_t since;	       /* it runs, or wants to */
	bool waits;	       /* for others, by its nature */
	bool again;	       /* it was held, and makes the same call again */
	bool impatient;	       /* it has given up waiting for some */
	bool goes;	       /* ... for all */
};

/* --- who waits for whom --- */

/*
 * A call that sleeps where a signal could wake it has had no effect yet, and what it waits for may be
 * one of those that wait for it. Others end by themselves.
 */
static bool is_waited_for(const struct stand *s)
{
	uint64_t age = now_ns() - s->since;
	char letter;

	if (age < NS_PER_MS && !s->waits)
		return true;
	letter = limits_state(s->task);
	if (letter == 'D')
		return age < HOLD_SLEEP_MS * NS_PER_MS;
	return (letter == 'R' || letter == 't') && age < HOLD_MOST_MS * NS_PER_MS;
}

static void leave(struct stand *s)
{
	struct tracer *t = s->t;

	if (s->state == STAND_NONE)
		return;
	if (s->state == STAND_RUNNING)
		TAILQ_REMOVE(&t->running, s, in);
	else
		TAILQ_REMOVE(&t->held_calls, s, in);
	s->state = STAND_NONE;
	t->may_go = true;
}

/* Whether one of those that run keeps S. Who is not waited for any more keeps nobody from now on. */
static bool is_kept_by_running(struct stand *s)
{
	struct stand *r, *next;

	for (r = TAILQ_FIRST(&s->t->running); r; r = next) {
		next = TAILQ_NEXT(r, in);
		if (r == s || !footprint_meets(&r->foot, &s->foot))
			continue;
		if (is_waited_for(r))
			return true;
		if (r->foot.waits) { /* it may wake up at any time, and have its effect */
			footprint_sleeps(&r->foot);
			continue;
		}
		s->impatient = s->state == STAND_HELD;
		leave(r);
	}
	return false;
}

/* Those that came earlier go first, or S might pass them for ever. */
static bool is_kept(struct stand *s)
{
	struct stand *h;

	if (s->state == STAND_HELD && now_ns() - s->since > HOLD_MOST_MS * NS_PER_MS) {
		s->impatient = s->goes = true;
		return false;
	}
	if (is_kept_by_running(s))
		return true;
	TAILQ_FOREACH (h, &s->t->held_calls, in) {
		if (h == s || h->since > s->since)
			return false;
		if (footprint_meets(&h->foot, &s->foot))
			return true;
	}
	return false;
}

static void hold(struct stand *s)
{
	struct tracer *t = s->t;
	struct stand *h = TAILQ_LAST(&t->held_calls, stands);

	if (!s->again)
		sink_held(t->job->sink);
	s->state = STAND_HELD;
	while (h && h->since > s->since)
		h = TAILQ_PREV(h, stands, in);
	if (h)
		TAILQ_INSERT_AFTER(&t->held_calls, h, s, in);
	else
		TAILQ_INSERT_HEAD(&t->held_calls, s, in);
	if (!t->hurries)
		signals_hurry(true);
	t->hurries = true;
}

static void run(struct stand *s)
{
	if (s->impatient)
		sink_let_go(s->t->job->sink);
	s->again = s->impatient = s->goes = false;
	s->state = STAND_RUNNING;
	s->since = now_ns();
	TAILQ_INSERT_TAIL(&s->t->running, s, in);
}

static bool keep(struct stand *s)
{
	if (s->goes || !is_kept(s))
		return false;
	hold(s);
	return true;
}

/* --- a call begins --- */

static bool is_changed(const struct footprint *f, const struct stand *by, const struct name *entry)
{
	return &by->foot != f && footprint_changes(&by->foot, entry);
}

/* A name that is about to become another one is not looked at: what it was may be gone already. */
static bool stop(struct way *way, const struct name *entry)
{
	struct stand *s = (struct stand *)way, *other;

	if (s->goes)
		return false;
	TAILQ_FOREACH (other, &s->t->running, in)
		if (is_changed(&s->foot, other, entry))
			return true;
	TAILQ_FOREACH (other, &s->t->held_calls, in)
		if (other->since < s->since && is_changed(&s->foot, other, entry))
			return true;
	return false;
}

/* NULL: nobody to meet, or memory is out. */
static struct stand *stand_of(struct tracer *t, struct task *task)
{
	struct stand *s = task->stand;

	if (t->tasks.n < 2 || t->job->options->no_hold)
		return NULL;
	if (!s) {
		s = task->stand = calloc(1, sizeof(*s));
		if (!s)
			return NULL;
		s->t = t;
		s->task = task;
		s->foot.way.stop = stop;
	}
	leave(s); /* a call that was interrupted */
	if (!s->again)
		s->since = now_ns();
	s->foot.process = task->proc;
	s->foot.dirs = task->proc->dirs_shared ? (const void *)t : task->proc;
	s->foot.table = task->proc->files_shared ? (const void *)t : task->proc;
	return s;
}

bool hold_before_names(struct tracer *t, struct task *task, const struct rec *rec)
{
	struct stand *s = stand_of(t, task);

	if (!s)
		return false;
	footprint_make(&s->foot, rec);
	s->waits = footprint_waits(rec);
	if (keep(s))
		return true;
	paths_note(t->job->paths, &s->foot.way);
	return false;
}

bool hold_behind_names(struct tracer *t, struct task *task, struct name *const name[2])
{
	struct stand *s = task->stand;

	paths_note(t->job->paths, NULL);
	if (!s || t->tasks.n < 2 || t->job->options->no_hold)
		return false;
	if (s->foot.way.stopped) {
		hold(s);
		return true;
	}
	footprint_names(&s->foot, name);
	if (keep(s))
		return true;
	run(s);
	if (s->waits && !s->foot.waits) /* nobody waits for it */
		leave(s);
	return false;
}

bool hold_stopped(const struct task *task)
{
	return task->stand && task->stand->foot.way.stopped;
}

bool hold_before_end(struct tracer *t, struct task *task)
{
	struct rec rec = {.op = OP_exit_group, .pid = task->proc->pid, .tid = task->tid};
	struct stand *s = task->proc->tasks > 1 ? stand_of(t, task) : NULL;

	if (!s)
		return false;
	footprint_make(&s->foot, &rec);
	if (keep(s))
		return true;
	run(s);
	return false;
}

/* --- a call is over --- */

void hold_over(struct task *task)
{
	if (task->stand && task->stand->state == STAND_RUNNING)
		leave(task->stand);
}

void hold_forget(struct task *task)
{
	if (!task->stand)
		return;
	leave(task->stand);
	vec_free(&task->stand->foot.way.names);
	free(task->stand);
	task->stand = NULL;
}

bool hold_is_held(const struct task *task)
{
	return task->stand && task->stand->state == STAND_HELD;
}

void hold_release(struct tracer *t)
{
	struct stand *s, *next;

	if (!t->may_go)
		return;
	t->may_go = false;
	for (s = TAILQ_FIRST(&t->held_calls); s; s = next) {
		next = TAILQ_NEXT(s, in);
		if (is_kept(s))
			continue;
		leave(s);
		s->again = true;
		task_enter(t, s->task);
	}
}

void hold_tick(struct tracer *t)
{
	if (!t->hurries)
		return;
	t->may_go = true;
	if (!TAILQ_EMPTY(&t->held_calls))
		return;
	t->hurries = false;
	signals_hurry(false);
}
