/* SPDX-License-Identifier: Apache-2.0 */
#include "randprog.h"

#include <stdlib.h>
#include <string.h>

/* From a seed to a list of steps. */

uint64_t rng_next(struct rng *r) /* splitmix64 */
{
	uint64_t z = r->state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

uint32_t rng_below(struct rng *r, uint32_t n)
{
	return (uint32_t)(rng_next(r) >> 33) % n;
}

bool rng_percent(struct rng *r, unsigned percent)
{
	return rng_below(r, 100) < percent;
}

/* What is known of a task while the plan is made. */
struct planned {
	bool used, alive;
	unsigned process; /* task that its process began with */
	unsigned parent;  /* of a process: the one that made it */
	int child;	  /* vfork: waits for this task, -1: for none */
	bool vforked;	  /* its maker sleeps until it executes or ends */
};

struct plan {
	struct shared *s;
	struct rng rng;
	struct planned task[TASKS];
	unsigned leader[TASKS]; /* of a process, which is called as the task that began it */
	unsigned ntasks;
};

static struct step *add(struct plan *p, enum step_kind kind, unsigned task)
{
	struct step *step = &p->s->step[p->s->nsteps++];

	*step = (struct step){.kind = (uint8_t)kind, .task = (uint8_t)task, .kept = true};
	step->seed = rng_next(&p->rng);
	step->hot = (uint8_t)rng_below(&p->rng, HOT);
	return step;
}

static bool can_run(const struct plan *p, unsigned t)
{
	return p->task[t].alive && p->task[t].child < 0;
}

static unsigned pick(struct plan *p)
{
	for (;;) {
		unsigned t = rng_below(&p->rng, p->ntasks);

		if (can_run(p, t))
			return t;
	}
}

static unsigned threads_of(const struct plan *p, unsigned process)
{
	unsigned t, n = 0;

	for (t = 0; t < p->ntasks; t++)
		n += p->task[t].alive && p->task[t].process == process;
	return n;
}

/*
 * Somebody who can wait for the end of PROCESS: a task of its parent, or, when that has ended, of the
 * first process.
 */
static int waiter(const struct plan *p, unsigned process)
{
	unsigned t, round;
	bool orphan = true;

	for (round = 0; round < 2 && orphan; round++)
		for (t = 0; t < p->ntasks; t++) {
			unsigned want = round ? 0 : p->task[process].parent;
			bool sleeps = p->task[t].child >= 0 && p->task[p->task[t].child].process != process;

			if (p->task[t].alive && !sleeps && p->task[t].process == want)
				return (int)t;
			if (p->task[t].alive && p->task[t].process == want)
				orphan = false;
		}
	return -1;
}

static void wake_maker(struct plan *p, unsigned t)
{
	unsigned i;

	p->task[t].vforked = false;
	for (i = 0; i < p->ntasks; i++)
		if (p->task[i].child == (int)t)
			p->task[i].child = -1;
}

static void bury(struct plan *p, unsigned process, int except)
{
	unsigned t;

	for (t = 0; t < p->ntasks; t++)
		if (p->task[t].alive && p->task[t].process == process && (int)t != except) {
			p->task[t].alive = false;
			wake_maker(p, t);
		}
}

static void spawn(struct plan *p, unsigned t)
{
	static const uint8_t hows[] = {SPAWN_FORK, SPAWN_FORK, SPAWN_VFORK, SPAWN_CLONE_FS,
		SPAWN_CLONE_FILES, SPAWN_CLONE_BOTH, SPAWN_CLONE3, SPAWN_VM, SPAWN_THREAD,
		SPAWN_THREAD, SPAWN_THREAD, SPAWN_THREAD, SPAWN_THREAD_ALONE};
	struct step *step = add(p, STEP_SPAWN, t);
	unsigned k = p->ntasks++;
	bool thread;

	step->other = (uint8_t)k;
	step->how = hows[rng_below(&p->rng, sizeof(hows))];
	thread = step->how == SPAWN_THREAD || step->how == SPAWN_THREAD_ALONE;
	p->task[k] = (struct planned){.used = true, .alive = true, .child = -1};
	p->task[k].process = thread ? p->task[t].process : k;
	p->leader[k] = k;
	p->task[k].parent = thread ? p->task[p->task[t].process].parent : p->task[t].process;
	if (step->how == SPAWN_VFORK) {
		p->task[k].vforked = true;
		p->task[t].child = (int)k;
	}
}

static bool can_end(const struct plan *p, unsigned t, bool group)
{
	unsigned process = p->task[t].process, i;

	if (process == 0 && (group || threads_of(p, process) == 1))
		return false;
	if (!group && t == p->leader[process] && threads_of(p, process) > 1)
		return false; /* a dead leader cannot be waited for */
	for (i = 0; i < p->ntasks; i++) /* nor one that sleeps be woken by an end of its process */
		if (group && p->task[i].alive && p->task[i].process == process &&
			p->task[i].child >= 0)
			return false;
	return (!group && threads_of(p, process) > 1) || waiter(p, process) >= 0;
}

static void finish(struct plan *p, unsigned t, bool group)
{
	unsigned process = p->task[t].process;
	bool whole = group || threads_of(p, process) == 1;
	struct step *step = add(p, STEP_EXIT, t);
	int by;

	step->how = group;
	if (whole)
		bury(p, process, -1);
	p->task[t].alive = false;
	wake_maker(p, t);
	by = whole ? waiter(p, process) : -1;
	if (!whole) { /* another thread of the process sees it go */
		for (by = 0; !p->task[by].alive || p->task[by].child >= 0 ||
		     p->task[by].process != process;
		     by++)
			if (by == (int)p->ntasks - 1)
				return; /* all of them sleep: nobody looks */
	}
	step = add(p, STEP_WAIT, (unsigned)by);
	step->other = (uint8_t)(whole ? process : t);
	step->how = whole;
}

static void execute(struct plan *p, unsigned t)
{
	unsigned process = p->task[t].process, i;

	for (i = 0; i < p->ntasks; i++)
		if (p->task[i].alive && p->task[i].process == process && p->task[i].child >= 0)
			return;
	add(p, STEP_EXEC, t);
	bury(p, process, (int)t);
	wake_maker(p, t);
	p->leader[process] = t;
}

static void murder(struct plan *p, unsigned t)
{
	unsigned victim = rng_below(&p->rng, p->ntasks), process = p->task[victim].process;
	struct step *step;
	int by;

	if (!p->task[victim].alive || process == p->task[t].process || process == 0 ||
		!can_end(p, victim, true))
		return;
	step = add(p, STEP_KILL, t);
	step->other = (uint8_t)process;
	bury(p, process, -1);
	by = waiter(p, process);
	step = add(p, STEP_WAIT, (unsigned)by);
	step->other = (uint8_t)process;
	step->how = 1;
}

/* Steps that change who there is. False when it is time for a call. */
static bool change_tasks(struct plan *p, unsigned t)
{
	unsigned roll = rng_below(&p->rng, 1000);
	bool early = p->s->nsteps < p->s->options.ops / 3;

	if (p->ntasks < p->s->options.tasks && roll < (early ? 150 : 30)) {
		spawn(p, t);
	} else if (roll >= 990 && roll < 994) {
		execute(p, t);
	} else if (roll >= 994 && roll < 996) {
		murder(p, t);
	} else if (roll >= 980 && roll < 990) {
		bool group = rng_percent(&p->rng, 30);

		if (!can_end(p, t, group))
			return false;
		finish(p, t, group);
	} else {
		return false;
	}
	return true;
}

static void end_all(struct plan *p)
{
	unsigned t;
	bool any;

	do {
		any = false;
		for (t = p->ntasks; t-- > 0;)
			if (can_run(p, t) && can_end(p, t, false)) {
				finish(p, t, false);
				any = true;
			}
	} while (any);
}

/* ---- who waits for whom ---- */

static bool same_group(const struct options *o, const struct step *first, const struct step *next,
	unsigned size, uint32_t members)
{
	if (first->kind != STEP_CALL || next->kind != STEP_CALL)
		return false;
	if (o->mode == MODE_PAIRS)
		return size < 2 && !(members & 1u << next->task);
	return o->mode == MODE_PHASES && size < 12;
}

static void set_groups(struct shared *s)
{
	uint32_t i, before = 0, size = 0, members = 0;
	struct step *first = NULL;

	for (i = 0; i < s->nsteps; i++) {
		struct step *step = &s->step[i];

		if (!step->kept || s->options.mode == MODE_FREE)
			continue;
		if (!first || !same_group(&s->options, first, step, size, members)) {
			before += size;
			size = members = 0;
			first = step;
		}
		if (s->options.mode == MODE_PAIRS)
			step->hot = first->hot;
		step->before = before;
		size++;
		members |= 1u << step->task;
	}
}

void plan_make(struct shared *s)
{
	struct plan p = {.s = s, .rng = {s->options.seed}, .ntasks = 1};
	unsigned t = 0, stay = 0, hot = 0;

	p.task[0] = (struct planned){.used = true, .alive = true, .child = -1};
	s->nsteps = 0;
	while (s->nsteps < s->options.ops) {
		struct step *step;

		if (stay-- == 0 || !can_run(&p, t)) {
			t = pick(&p);
			stay = rng_below(&p.rng, 5);
		}
		if (change_tasks(&p, t))
			continue;
		step = add(&p, STEP_CALL, t);
		if (rng_percent(&p.rng, 75)) /* tasks meet where they were before */
			step->hot = (uint8_t)hot;
		hot = step->hot;
	}
	end_all(&p);
	set_groups(s);
}

/* ---- leaving steps out ---- */

static void drop_all(struct shared *s)
{
	uint32_t i;

	for (i = 0; i < s->nsteps; i++)
		s->step[i].kept = false;
}

static const char *keep_listed(struct shared *s)
{
	const char *p = s->options.keep;
	char *end;

	while (*p) {
		unsigned long from = strtoul(p, &end, 10), to = from;

		if (end == p)
			return "the list of steps is not one";
		if (*end == '-')
			to = strtoul(end + 1, &end, 10);
		for (; from <= to && from < s->nsteps; from++)
			s->step[from].kept = true;
		p = *end == ',' ? end + 1 : end;
		if (*end && *end != ',')
			return "the list of steps is not one";
	}
	return NULL;
}

/* Without its beginning a task has no steps, and nobody waits for it. */
static void drop_unborn(struct shared *s)
{
	bool born[TASKS] = {true}, vforked[TASKS] = {false};
	uint32_t i;

	for (i = 0; i < s->nsteps; i++) {
		struct step *step = &s->step[i];
		bool other = step->kind == STEP_WAIT || step->kind == STEP_KILL;

		if ((step->kind == STEP_EXEC || step->kind == STEP_EXIT) && vforked[step->task])
			step->kept = true; /* its maker sleeps until then */
		step->kept = step->kept && born[step->task] && (!other || born[step->other]);
		if (!step->kept || step->kind != STEP_SPAWN)
			continue;
		born[step->other] = true;
		vforked[step->other] = step->how == SPAWN_VFORK;
	}
}

const char *plan_keep(struct shared *s)
{
	const char *why;

	if (!s->options.keep)
		return NULL;
	drop_all(s);
	why = keep_listed(s);
	drop_unborn(s);
	set_groups(s);
	return why;
}
