/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "randprog.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Tasks: how they begin, take their turns, and end. Nothing here is a call under test but that. */

#define STACK (256u << 10)

/* Something that only a fault in this program explains: nobody must wait for a task that is gone. */
static void fatal(const char *what) __attribute__((noreturn));
static void fatal(const char *what)
{
	raw(SYS_write, 2, (long)what, (long)strlen(what), 0, 0, 0);
	raw(SYS_kill, 0, SIGKILL, 0, 0, 0, 0);
	abort();
}

static char *stack_of(unsigned task)
{
	/* of this process: who shares its memory uses its own task's */
	static char stacks[TASKS][STACK] __attribute__((aligned(64)));

	return stacks[task] + STACK;
}

static void futex(_Atomic uint32_t *word, int op, uint32_t value)
{
	raw(SYS_futex, (long)word, op, value, 0, 0, UINT32_MAX);
}

static int pipe_end(unsigned task, unsigned end)
{
	return MEMORY_FD + 1 + (int)(2 * task + end);
}

/* ---- turns ---- */

static void wait_by_futex(uint32_t before)
{
	uint32_t done;

	while ((done = atomic_load(&shared->done)) < before)
		futex(&shared->done, FUTEX_WAIT_BITSET, done);
}

/* Tokens of turns that were not waited for are left in the pipe, and wake for nothing. */
static void wait_by_pipe(unsigned task, uint32_t before)
{
	char token;

	while (atomic_load(&shared->done) < before)
		if (raw(SYS_read, pipe_end(task, 0), (long)&token, 1, 0, 0, 0) != 1)
			fatal("pipe: read\n");
}

static void wait_turn(const struct step *step)
{
	if (step->before == 0)
		return;
	if (shared->options.pipes)
		wait_by_pipe(step->task, step->before);
	else
		wait_by_futex(step->before);
}

/* Whoever waits for exactly this many steps gets a token. */
static void pass_on(uint32_t done)
{
	bool told[TASKS] = {false};
	uint32_t i;

	for (i = 0; i < shared->nsteps; i++) {
		const struct step *step = &shared->step[i];

		if (!step->kept || step->before != done || told[step->task])
			continue;
		told[step->task] = true;
		if (raw(SYS_write, pipe_end(step->task, 1), (long)"", 1, 0, 0, 0) != 1)
			fatal("pipe: write\n");
	}
}

static void step_done(void)
{
	uint32_t done;

	if (shared->options.mode == MODE_FREE)
		return;
	done = atomic_fetch_add(&shared->done, 1) + 1;
	if (shared->options.pipes)
		pass_on(done);
	else
		futex(&shared->done, FUTEX_WAKE_BITSET, INT32_MAX);
}

/* ---- beginning ---- */

unsigned table_copy(unsigned from)
{
	unsigned to = atomic_fetch_add(&shared->tables, 1) % TABLES, i;

	for (i = 0; i < SLOTS; i++)
		shared->slot[to][i] = shared->slot[from][i];
	return to;
}

static unsigned clone_flags(enum spawn_how how)
{
	switch (how) {
	case SPAWN_CLONE_FS:
		return CLONE_FS;
	case SPAWN_CLONE_FILES:
		return CLONE_FILES;
	case SPAWN_CLONE_BOTH:
		return CLONE_FS | CLONE_FILES;
	case SPAWN_VFORK:
		return CLONE_VM | CLONE_VFORK;
	case SPAWN_VM:
		return CLONE_VM;
	case SPAWN_THREAD:
		return CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
		       CLONE_SYSVSEM;
	case SPAWN_THREAD_ALONE:
		return CLONE_VM | CLONE_SIGHAND | CLONE_THREAD;
	default:
		return 0;
	}
}

static int begin(void *arg)
{
	task_run((unsigned)(uintptr_t)arg);
}

static void spawn(const struct ctx *c)
{
	unsigned k = c->step->other, flags = clone_flags(c->step->how);
	struct clone_args args = {.flags = flags, .exit_signal = SIGCHLD};
	long ret;

	shared->task[k].table = (uint8_t)(flags & CLONE_FILES ? c->table : table_copy(c->table));
	if (flags & CLONE_THREAD)
		shared->task[k].pid = getpid();
	switch (c->step->how) {
	case SPAWN_CLONE3:
		ret = raw(SYS_clone3, (long)&args, sizeof(args), 0, 0, 0, 0);
		break;
#ifdef SYS_fork
	case SPAWN_FORK:
		ret = raw(SYS_fork, 0, 0, 0, 0, 0, 0);
		break;
	case SPAWN_VFORK:
		ret = raw(SYS_vfork, 0, 0, 0, 0, 0, 0);
		break;
#endif
	case SPAWN_VM:
	case SPAWN_THREAD:
	case SPAWN_THREAD_ALONE:
		ret = clone(begin, stack_of(k),
			(int)flags | (flags & CLONE_THREAD ? 0 : SIGCHLD),
			(void *)(uintptr_t)k);
		break;
	default:
		ret = raw(SYS_clone, (long)flags | SIGCHLD, 0, 0, 0, 0, 0);
		break;
	}
	if (ret == 0 && c->step->how == SPAWN_VFORK)
		step_done(); /* its maker sleeps */
	if (ret == 0)
		task_run(k);
	if (ret < 0)
		fatal("fork\n");
	if (!(flags & CLONE_THREAD))
		shared->task[k].pid = (int32_t)ret; /* now, not when it has come to say so */
	say(c, "spawn task %u how %u flags 0x%x = %ld", k, c->step->how, flags, ret);
}

/* ---- ending ---- */

static bool thread_lives(unsigned task)
{
	const struct task_state *t = &shared->task[task];

	return t->tid && raw(SYS_tgkill, t->pid, t->tid, 0, 0, 0, 0) == 0;
}

static void wait_thread(unsigned task)
{
	while (thread_lives(task))
		sched_yield();
}

static void wait_process(unsigned task)
{
	int32_t pid = shared->task[task].pid;
	long ret;

	while (pid && (ret = raw(SYS_wait4, pid, 0, __WALL, 0, 0, 0)) < 0) {
		if (ret != -ECHILD && ret != -EINTR)
			fatal("wait\n");
		if (raw(SYS_kill, pid, 0, 0, 0, 0, 0) < 0) /* somebody else has waited for it */
			break;
		sched_yield(); /* its parent has not ended yet */
	}
}

static void leave(const struct ctx *c)
{
	say(c, "%s", c->step->how ? "exit_group" : "exit");
	step_done();
	for (;;)
		raw(c->step->how ? SYS_exit_group : SYS_exit, 0, 0, 0, 0, 0, 0);
}

static void execute(struct ctx *c)
{
	char number[16];
	char *argv[] = {(char *)"randprog", (char *)"--resume", number, NULL};
	char *envp[] = {NULL};

	snprintf(number, sizeof(number), "%u", c->task);
	say(c, "execve");
	shared->task[c->task].at = (uint32_t)(c->step - shared->step) + 1;
	shared->task[c->task].table = (uint8_t)table_copy(c->table);
	raw(SYS_execve, (long)"/proc/self/exe", (long)argv, (long)envp, 0, 0, 0);
	fatal("execve\n");
}

static void take(struct ctx *c)
{
	const struct step *step = c->step;

	switch ((enum step_kind)step->kind) {
	case STEP_CALL:
		calls_make(c);
		break;
	case STEP_SPAWN:
		spawn(c);
		break;
	case STEP_EXIT:
		leave(c);
		break;
	case STEP_WAIT:
		if (step->how)
			wait_process(step->other);
		else
			wait_thread(step->other);
		break;
	case STEP_EXEC:
		execute(c);
		break;
	case STEP_KILL:
		if (shared->task[step->other].pid)
			raw(SYS_kill, shared->task[step->other].pid, SIGKILL, 0, 0, 0, 0);
		break;
	}
}

/* All is over when nobody is left but the first process. */
static void end_of_all(void)
{
	long ret;

	do
		ret = raw(SYS_wait4, -1, 0, __WALL, 0, 0, 0);
	while (ret >= 0 || ret == -EINTR);
	if (write(1, shared->log, shared->log_len) < 0)
		fatal("output\n");
}

static bool is_alone(void)
{
	int32_t pid = getpid(), tid = gettid();
	unsigned t;

	for (t = 0; t < TASKS; t++)
		if (shared->task[t].pid == pid && shared->task[t].tid != tid &&
			(shared->task[t].tid == 0 || thread_lives(t)))
			return false;
	return true;
}

static void nap(void)
{
	struct timespec ts = {0, 200000};

	raw(SYS_nanosleep, (long)&ts, 0, 0, 0, 0, 0);
}

/* The first thread stays: the others find /proc/self through it. */
static void end(void)
{
	if (getpid() == gettid()) {
		while (!is_alone())
			nap();
		if (getpid() == shared->first)
			end_of_all();
		raw(SYS_exit_group, 0, 0, 0, 0, 0, 0);
	}
	for (;;)
		raw(SYS_exit, 0, 0, 0, 0, 0, 0);
}

void task_run(unsigned task)
{
	static struct ctx contexts[TASKS];
	struct ctx *c = &contexts[task];
	uint32_t i;

	shared->task[task].pid = getpid();
	shared->task[task].tid = gettid();
	for (i = shared->task[task].at; i < shared->nsteps; i++) {
		const struct step *step = &shared->step[i];

		if (!step->kept || step->task != task)
			continue;
		c->step = step;
		c->task = task;
		c->table = shared->task[task].table;
		c->rng.state = step->seed;
		wait_turn(step);
		take(c);
		if (step->kind != STEP_SPAWN || step->how != SPAWN_VFORK)
			step_done();
	}
	end();
	fatal("end\n");
}

void task_resume(unsigned task)
{
	unsigned t;

	for (t = 0; t < TASKS; t++) /* killed before it had begun */
		if (shared->task[t].pid == getpid() && shared->task[t].tid == 0)
			shared->task[t].pid = 0;
	step_done(); /* the exec that began this program */
	task_run(task);
}
