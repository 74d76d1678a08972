/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capture/ptrace.h"
#include "capture/state.h"
#include "utils/clock.h"

#define PATIENCE NS_PER_SEC /* for calls that do not end: a frozen file system */

/* --- another file --- */

const char *task_stat(const struct task *task, char text[TASK_STAT])
{
	char path[64], *end;
	size_t len;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%u/stat", task->tid);
	f = fopen(path, "re");
	if (!f)
		return NULL;
	len = fread(text, 1, TASK_STAT - 1, f);
	fclose(f);
	text[len] = '\0';
	end = strrchr(text, ')'); /* of the command name, which may hold anything */
	return end && end[1] ? end + 1 : NULL;
}

char limits_state(const struct task *task)
{
	char text[TASK_STAT];
	const char *stat = task_stat(task, text);

	return stat ? stat[1] : 0;
}

/*
 * Whether a call is having its effect, or had it and its end has not been seen yet. One that sleeps
 * where a signal could wake it waits for a lock, for data, for the other end of a FIFO: it has had
 * none.
 */
static bool is_busy(const struct task *task)
{
	char letter;

	if (!task->call || task->call->state != CALL_RUNNING)
		return false;
	letter = limits_state(task);
	return letter == 'R' || letter == 'D' || letter == 't';
}

static bool is_quiet(const struct tracer *t)
{
	struct hnode *node, *tmp;
	size_t i;

	hmap_each(&t->tasks, node, tmp,
		i) if (is_busy(hmap_entry(node, struct task, node))) return false;
	return true;
}

static void tell_fds(struct tracer *t, struct task *task)
{
	if (task->proc->told == t->file)
		return;
	task->proc->told = t->file;
	state_fds(t->job->sink, t->job->paths, &t->told, who_of(task));
	maps_tell(t, task);
}

static void tell_task(struct tracer *t, struct task *task)
{
	uint32_t parent = task->proc->parent;
	struct call *call;

	if (parent && !task_find(t, parent))
		parent = 0;
	state_task(t->job->sink, t->job->paths, who_of(task), parent);
	comm_tell_now(t, task);
	tell_fds(t, task);
	for (call = task->call; call; call = call->below)
		call_touch_names(t, task, call);
}

/* A process's first thread comes before the others. */
static void tell_tasks(struct tracer *t, bool leaders)
{
	struct hnode *node, *tmp;
	size_t i;

	hmap_each(&t->tasks, node, tmp, i)
	{
		struct task *task = hmap_entry(node, struct task, node);

		if (task->proc && !task->ended && (task->tid == task->proc->pid) == leaders)
			tell_task(t, task);
	}
}

static void release_waiting(struct tracer *t)
{
	struct hnode *node, *tmp;
	size_t i;

	hmap_each(&t->tasks, node, tmp, i)
	{
		struct task *task = hmap_entry(node, struct task, node);

		if (!task->waiting)
			continue;
		task->waiting = false;
		task_enter(t, task);
	}
}

/* All that is recorded stands still, so that the state is one of a single moment. */
static void rotate(struct tracer *t)
{
	t->rotating = false;
	t->file++;
	sink_rotate(t->job->sink);
	paths_again(t->job->paths);
	told_fds_clear(&t->told);
	state_mounts(t->job->sink, paths_dirs(t->job->paths), now_ns(), NULL);
	tell_tasks(t, true);
	tell_tasks(t, false);
	uring_tell(t);
	release_waiting(t);
}

static bool is_time(const struct tracer *t)
{
	return now_ns() > t->rotate_by || is_quiet(t);
}

bool limits_hold(struct tracer *t)
{
	if (!t->rotating && !sink_full(t->job->sink))
		return false;
	if (!t->rotating)
		t->rotate_by = now_ns() + PATIENCE;
	t->rotating = true;
	if (!is_time(t))
		return true;
	rotate(t);
	return false;
}

void limits_poll(struct tracer *t)
{
	if (is_time(t))
		rotate(t);
}

/* --- the end --- */

/* When that fails it was killed meanwhile, and wait(2) will say so. */
static void leave(struct tracer *t, struct task *task, int sig)
{
	if (ptrace(PTRACE_DETACH, (pid_t)task->tid, 0, (long)sig) == 0)
		task_remove(t, task);
}

/* Those that stand still because of us. */
static void leave_stopped(struct tracer *t)
{
	struct hnode *node, *tmp;
	size_t i;

	hmap_each(&t->tasks, node, tmp, i)
	{
		struct task *task = hmap_entry(node, struct task, node);

		if (task->waiting || task->held || hold_is_held(task))
			leave(t, task, 0);
	}
}

void limits_check(struct tracer *t)
{
	enum sink_end end = t->job->started && !t->over ? sink_over(t->job->sink) : SINK_GOES_ON;
	char line[128];

	if (end == SINK_GOES_ON || !t->every)
		return;
	t->over = true;
	t->rotating = false;
	place_leave(&t->placing);
	sink_end(t->job->sink);
	snprintf(
		line, sizeof(line), "recording ended: %s; the program goes on", sink_end_text(end));
	t->job->say(t->job, "ioriot", line);
	leave_stopped(t);
}

static void on_end(struct tracer *t, struct task *task, pid_t tid, int status)
{
	if (tid == t->main_pid) {
		t->job->status = status;
		t->main_over = true;
	}
	if (task)
		task_remove(t, task);
}

/* The signal that the task was about to get; 0 when it stopped for us. */
static int own_signal(const struct task *task, int status)
{
	int sig = WSTOPSIG(status);

	if (status >> 16 || sig == (SIGTRAP | 0x80))
		return 0;
	return task->stepping && sig == SIGTRAP && task_steps(task) ? 0 : sig;
}

static bool is_group_stop(int status)
{
	int sig = WSTOPSIG(status);

	return status >> 16 == PTRACE_EVENT_STOP && sig != SIGTRAP;
}

void limits_wait(struct tracer *t, uint32_t tid, int status)
{
	struct task *task = task_find(t, tid);

	if (!WIFSTOPPED(status)) {
		on_end(t, task, (pid_t)tid, status);
		return;
	}
	if (task && status >> 16 == PTRACE_EVENT_EXEC) {
		struct task *former = task_find(t, task_event_message(task, PTRACE_EVENT_EXEC));

		if (former && former->proc) {
			task = former;
			task_leads(t, task);
		}
	}
	if (task)
		leave(t, task, own_signal(task, status));
	else if ((pid_t)tid != t->main_pid) /* a child that came with its maker */
		ptrace(PTRACE_DETACH, (pid_t)tid, 0, 0L);
	if ((pid_t)tid == t->main_pid && (!task || is_group_stop(status)))
		signals_stop_with(t->main_pid, WSTOPSIG(status));
}
