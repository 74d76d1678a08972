/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ptrace backend: the program's calls of the operation table are stopped by a seccomp filter at
 * their entry, and by PTRACE_SYSCALL at their exit. ptrace(2) has the rules of these stops.
 */
#include "capture/ptrace.h"

#include <errno.h>
#include <linux/sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capture/chosen.h"
#include "capture/compat.h"
#include "capture/state.h"
#include "ops/ioctl.h"
#include "utils/clock.h"

#define TRACE_OPTIONS                                                                              \
	(PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |    \
		PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT |                    \
		PTRACE_O_TRACESECCOMP)

static void on_stop(struct tracer *t, struct task *task, int status);

/* Requests fail with ESRCH when the task was killed meanwhile: wait(2) will say so. */
static void resume(const struct task *task, int request, int sig)
{
	ptrace((enum __ptrace_request)request, (pid_t)task->tid, 0, (long)sig);
}

/* False when the task was killed meanwhile, or the kernel cannot tell: that ends the capture. */
static bool get_info(struct tracer *t, const struct task *task, syscall_info *info)
{
	if (ptrace(PTRACE_GET_SYSCALL_INFO, (pid_t)task->tid, sizeof(*info), info) > 0)
		return true;
	if (errno == EIO) {
		t->lacks = true;
		kill(t->main_pid, SIGKILL);
	}
	return false;
}

/*
 * What belongs to an event; 0 when the task was killed meanwhile. It may then stand in its
 * PTRACE_EVENT_EXIT already, whose message is another one.
 */
uint32_t task_event_message(const struct task *task, int event)
{
	unsigned long message = 0;
	siginfo_t si = {0};

	ptrace(PTRACE_GETEVENTMSG, (pid_t)task->tid, 0, &message);
	ptrace(PTRACE_GETSIGINFO, (pid_t)task->tid, 0, &si);
	return si.si_code == (SIGTRAP | event << 8) ? (uint32_t)message : 0;
}

/* --- tasks and processes --- */

struct task *task_find(const struct tracer *t, uint32_t tid)
{
	struct hnode *h = hmap_first(&t->tasks, hash_u64(tid));

	return h ? hmap_entry(h, struct task, node) : NULL;
}

static struct task *add_task(struct tracer *t, uint32_t tid)
{
	struct task *task = calloc(1, sizeof(*task));

	if (!task || hmap_insert(&t->tasks, &task->node, hash_u64(tid))) {
		free(task);
		return NULL;
	}
	task->tid = tid;
	place_inherit(&t->placing, tid);
	return task;
}

/* Makes TASK a thread of PROC, or of a new process when that is NULL. */
static bool join_process(struct tracer *t, struct task *task, struct process *proc)
{
	if (!proc) {
		proc = calloc(1, sizeof(*proc));
		if (!proc)
			return false;
		proc->pid = task->tid;
		t->job->processes++;
	}
	task->proc = proc;
	proc->tasks++;
	return true;
}

void task_remove(struct tracer *t, struct task *task)
{
	call_free_all(t, task);
	hold_forget(task);
	place_forget(&t->placing, task);
	hmap_remove(&t->tasks, &task->node);
	if (task->proc && --task->proc->tasks == 0) {
		uring_process_end(t, task, true);
		maps_drop(task->proc);
		free(task->proc);
	}
	free(task);
}

static void free_tasks(struct tracer *t)
{
	struct hnode *node, *tmp;
	size_t i;

	hmap_each(&t->tasks, node, tmp, i)
		task_remove(t, hmap_entry(node, struct task, node));
	hmap_free(&t->tasks);
}

/* --- forks: a child's records follow the record of the call that made it --- */

/* A child's first stop may come before its maker's event; it was held until now. */
static void release(struct tracer *t, struct task *child)
{
	int status = child->held;

	if (!status)
		return;
	child->held = 0;
	t->held--;
	on_stop(t, child, status);
}

static void adopt(struct tracer *t, struct task *child, struct process *parent, uint64_t flags)
{
	struct process *proc;

	if (!join_process(t, child, flags & CLONE_THREAD ? parent : NULL)) {
		kill((pid_t)child->tid, SIGKILL);
		return;
	}
	proc = child->proc;
	if (proc != parent) {
		proc->cwd = parent->cwd;
		proc->root = parent->root;
		proc->parent = parent->pid;
		maps_inherit(proc, parent, flags);
		if (flags & CLONE_FILES)
			parent->files_shared = proc->files_shared = true;
		if (flags & CLONE_FS)
			parent->dirs_shared = proc->dirs_shared = true;
		parent->dirs_known = parent->dirs_known && !parent->dirs_shared;
		proc->dirs_known = parent->dirs_known;
	} else if (!(flags & CLONE_FS)) {
		proc->dirs_shared = true;
		proc->dirs_known = false;
	}
	release(t, child);
}

/*
 * Nobody will tell who made this one: its maker was killed before it could, or made it by a call
 * that is not stopped (x32). It enters the capture as those do that are there at its start.
 */
static void adopt_orphan(struct tracer *t, struct task *child)
{
	char path[64], line[128];
	struct task *leader = NULL;
	unsigned pid;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%u/status", child->tid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "Tgid: %u", &pid) == 1)
			leader = task_find(t, pid);
	if (f)
		fclose(f);
	if (!join_process(t, child, leader ? leader->proc : NULL)) {
		kill((pid_t)child->tid, SIGKILL);
		return;
	}
	state_task(t->job->sink, t->job->paths, who_of(child), 0);
	comm_tell_now(t, child);
	if (!leader)
		state_fds(t->job->sink, t->job->paths, &t->told, who_of(child));
	release(t, child);
}

/* While a fork is under way, its event may still come for any of those that are held. */
static void adopt_orphans(struct tracer *t)
{
	struct hnode *node, *tmp;
	size_t i;

	if (t->forking || !t->held)
		return;
	hmap_each(&t->tasks, node, tmp, i) {
		struct task *task = hmap_entry(node, struct task, node);

		if (task->held)
			adopt_orphan(t, task);
	}
}

static void on_fork(struct tracer *t, struct task *task, int event)
{
	uint32_t tid = task_event_message(task, event);
	struct task *child = task_find(t, tid);

	if (task->call && (ops[task->call->rec.op].flags & OPF_FORK) && tid) {
		uint64_t flags = rec_clone_flags(&task->call->rec);

		if (!child)
			child = add_task(t, tid);
		call_finish(t, task, tid);
		if (child) {
			comm_fork(task, child);
			adopt(t, child, task->proc, flags);
		}
	}
	resume(task, t->go, 0);
	adopt_orphans(t);
}

static void on_unknown(struct tracer *t, uint32_t tid, int status)
{
	struct task *task;

	if (!WIFSTOPPED(status))
		return;
	task = add_task(t, tid);
	if (!task) { /* out of memory: nobody would ever let it go on */
		kill((pid_t)tid, SIGKILL);
		return;
	}
	task->held = status;
	t->held++;
	adopt_orphans(t);
}

/* --- calls --- */

static bool is_compat(const syscall_info *info)
{
	return FILTER_COMPAT && info->arch == FILTER_COMPAT;
}

/* The task makes a call that was interrupted again. */
static bool is_again(const struct call *call, const syscall_info *info)
{
	if (call->state == CALL_BROKEN && info->seccomp.nr == (is_compat(info) ? 0 : SYS_restart_syscall))
		return true;
	return call->nr == info->seccomp.nr && call->ip == info->instruction_pointer &&
	       call->sp == info->stack_pointer;
}

/* True when the entry belongs to a call that is under way already. */
static bool goes_on(struct tracer *t, struct task *task, const syscall_info *info)
{
	struct call *call = task->call;

	if (!call)
		return false;
	if (is_again(call, info)) {
		call->state = CALL_RUNNING;
		fetch_lock_base((pid_t)task->tid, call);
		return true;
	}
	if (call->state == CALL_BROKEN)
		call_finish(t, task, -EINTR);
	return false;
}

/* The operation that the entry is recorded as, or -1. */
static int op_of_entry(const struct tracer *t, const syscall_info *info)
{
	int op = info->seccomp.nr < TRACER_NUMBERS ? t->op_of[info->seccomp.nr] : -1;

	return op == OP_ioctl && ioctl_shape((unsigned)info->seccomp.args[1]) < 0 ? -1 : op;
}

/* The six registers of a 32-bit call, or the words in their place. False: it fails, as those cannot be read. */
static bool compat_registers(const struct task *task, const struct compat *c, const syscall_info *info,
	uint64_t reg[6])
{
	int at = compat_words_at(info->seccomp.nr), i;
	uint32_t words[6] = {0};

	if (at >= 0 &&
		fetch_memory((pid_t)task->tid, (uint32_t)info->seccomp.args[at], words,
			compat_words(c) * sizeof(*words)))
		return false;
	for (i = 0; i < 6; i++)
		reg[i] = at >= 0 ? words[i] : info->seccomp.args[i];
	return true;
}

/* The same of a 32-bit program's call, whose arguments become those of a 64-bit one; HOW: enum compat_how. */
static int op_of_compat(struct tracer *t, const struct task *task, syscall_info *info, unsigned *how)
{
	const struct compat *c = compat_find(info->seccomp.nr, info->seccomp.args[0]);
	uint64_t reg[6];

	if (c && c->op < 0)
		sink_lost(t->job->sink, task->proc->pid, task->tid, 1, c->args);
	if (!c || c->op < 0 || !compat_registers(task, c, info, reg))
		return -1;
	compat_args(c, reg, (uint64_t *)info->seccomp.args);
	*how = c->how;
	return c->op == OP_ioctl && ioctl_shape((unsigned)reg[1]) < 0 ? -1 : c->op;
}

/* A call of the x32 interface, whose structs are neither those of 32 nor of 64 bits. */
static bool is_lost_x32(const struct tracer *t, const syscall_info *info)
{
	uint64_t number = info->seccomp.nr - FILTER_X32;

	if (!FILTER_X32 || info->arch != FILTER_ARCH || number >= FILTER_X32_NUMBERS)
		return false;
	/* those from 512 on are x32's own: readv, execve, ioctl ... */
	return number >= 512 || (number < TRACER_NUMBERS && t->op_of[number] >= 0);
}

/* What -E and -F say of it before it is made. */
static bool is_chosen(const struct tracer *t, const struct task *task, enum op_id op)
{
	const struct chosen_needs *n = t->job->needs;

	if (t->job->wanted && !t->job->wanted[op])
		return false;
	if (n && n->of[op].pids && !chosen_has_id(n->pids, n->pid_count, task->proc->pid))
		return false;
	return !n || !n->of[op].tids || chosen_has_id(n->tids, n->tid_count, task->tid);
}

/* INFO tells of a seccomp stop or, without a filter, of an entry: both have the same layout. */
static void on_entry(struct tracer *t, struct task *task, const syscall_info *stop)
{
	syscall_info converted = *stop, *info = &converted;
	unsigned how = 0;
	int op;

	task->stepping = false;
	if (place_shows(info))
		place_leave(&t->placing);
	/* our own child before it becomes the program; or numbers that mean something else */
	if (!t->job->started || (info->arch != FILTER_ARCH && !is_compat(info))) {
		resume(task, t->go, 0);
		return;
	}
	if (goes_on(t, task, info)) {
		resume(task, PTRACE_SYSCALL, 0);
		return;
	}
	if (is_lost_x32(t, info))
		sink_lost(t->job->sink, task->proc->pid, task->tid, 1,
			"calls of the x32 interface are not recorded");
	op = is_compat(info) ? op_of_compat(t, task, info, &how) : op_of_entry(t, info);
	if (op >= 0 && !is_chosen(t, task, (enum op_id)op))
		op = -1;
	if (op >= 0 && ops[op].family == FAM_Memory &&
		!maps_wanted(t, task, (enum op_id)op, (const uint64_t *)info->seccomp.args))
		op = -1;
	if (op >= 0 && rights_cannot(task, (enum op_id)op, info))
		op = -1;
	if (op == OP_exit_group && hold_before_end(t, task)) {
		return;
	} else if (op == OP_exit || op == OP_exit_group) {
		call_put_end(t, task, (enum op_id)op, (int)info->seccomp.args[0]);
		resume(task, t->go, 0);
	} else if (op >= 0 && limits_hold(t)) {
		task->waiting = true;
	} else if (op == OP_sendmsg || op == OP_sendmmsg) {
		rights_send(t, task, (enum op_id)op, info);
		resume(task, t->go, 0);
	} else if (op >= 0) {
		enum call_begun begun = call_begin(t, task, (enum op_id)op, how, info);

		if (begun != CALL_HELD)
			resume(task, begun == CALL_BEGUN ? PTRACE_SYSCALL : t->go, 0);
	} else {
		bool ends = (!is_compat(info) && unrecorded_begin(task, info)) ||
			    comm_begin(task, info, is_compat(info));

		resume(task, ends ? PTRACE_SYSCALL : t->go, 0);
	}
}

void task_enter(struct tracer *t, struct task *task)
{
	syscall_info info;

	if (!get_info(t, task, &info))
		return;
	if (info.op == PTRACE_SYSCALL_INFO_SECCOMP || info.op == PTRACE_SYSCALL_INFO_ENTRY)
		on_entry(t, task, &info);
	else /* killed since it stopped */
		resume(task, t->go, 0);
}

bool task_is_restart(int64_t result)
{
	return result == -KERNEL_ERESTARTSYS || result == -KERNEL_ERESTARTNOINTR ||
	       result == -KERNEL_ERESTARTNOHAND || result == -KERNEL_ERESTART_RESTARTBLOCK;
}

static void on_result(struct tracer *t, struct task *task)
{
	syscall_info info;
	bool forks;

	if (!get_info(t, task, &info))
		return;
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
		on_entry(t, task, &info);
		return;
	}
	if (info.op == PTRACE_SYSCALL_INFO_EXIT && task->unrecorded) {
		unrecorded_finish(t, task, info.exit.rval);
	} else if (info.op == PTRACE_SYSCALL_INFO_EXIT && task->identity) {
		comm_finish(t, task, info.exit.rval);
	} else if (info.op == PTRACE_SYSCALL_INFO_EXIT && task->call &&
		   task->call->state == CALL_RUNNING) {
		forks = ops[task->call->rec.op].flags & OPF_FORK;
		if (task_is_restart(info.exit.rval)) {
			task->call->state = CALL_BROKEN;
			hold_over(task);
		} else {
			call_finish(t, task, info.exit.rval);
		}
		if (forks)
			adopt_orphans(t);
	}
	resume(task, t->go, 0);
}

/* --- signals --- */

/* The kernel's own SIGTRAP for a single step, not one that somebody sent. */
bool task_steps(const struct task *task)
{
	siginfo_t si = {0};

	ptrace(PTRACE_GETSIGINFO, (pid_t)task->tid, 0, &si);
	return si.si_code == SIGTRAP || si.si_code == TRAP_TRACE;
}

/*
 * A handler is about to run while a call is interrupted. Its frame shows what comes after it: the
 * instruction behind the call, with EINTR, or the call itself again.
 */
static void on_handler(struct tracer *t, struct task *task)
{
	struct call *call = task->call;
	syscall_info info;
	uint64_t to;

	if (!call || call->state != CALL_BROKEN || !get_info(t, task, &info))
		return;
	to = fetch_handler_return((pid_t)task->tid, info.stack_pointer);
	if (to == 0 || to == call->ip)
		call_finish(t, task, -EINTR);
	else
		call->state = CALL_SUSPENDED;
}

/* Whether the program has a handler for it. */
static bool is_caught(const struct task *task, int sig)
{
	char path[64], line[128];
	unsigned long long mask = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%u/status", task->tid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "SigCgt: %llx", &mask) == 1)
			break;
	if (f)
		fclose(f);
	return mask >> (sig - 1) & 1;
}

/*
 * A single step stops before the first instruction of the handler, if there is one. If there is none
 * it is a step over the whole call that is made again: the filter stops that as well, but nothing
 * else does.
 */
static bool must_step(const struct tracer *t, const struct task *task, int sig)
{
	return task->call && task->call->state == CALL_BROKEN && (!t->every || is_caught(task, sig));
}

static void on_signal(struct tracer *t, struct task *task, int sig)
{
	bool step;

	if (task->stepping && sig == SIGTRAP && task_steps(task)) {
		task->stepping = false;
		on_handler(t, task);
		resume(task, t->go, 0);
		return;
	}
	step = must_step(t, task, sig);
	task->stepping = step;
	resume(task, step ? PTRACE_SINGLESTEP : t->go, sig);
}

static void on_group_stop(struct tracer *t, struct task *task, int sig)
{
	bool stops = sig == SIGSTOP || sig == SIGTSTP || sig == SIGTTIN || sig == SIGTTOU;

	task->stepping = false;
	resume(task, stops ? PTRACE_LISTEN : t->go, 0);
	if (stops && (pid_t)task->tid == t->main_pid)
		signals_stop_with(t->main_pid, sig);
}

/* --- exec and exit --- */

/* All other threads of the process end; what is left is called by the process's number. */
static void end_siblings(struct tracer *t, struct task *task)
{
	struct hnode *node, *tmp;
	size_t i;

	if (task->proc->tasks == 1)
		return;
	hmap_each(&t->tasks, node, tmp, i) {
		struct task *other = hmap_entry(node, struct task, node);

		if (other != task && other->proc == task->proc)
			call_put_end(t, other, OP_task_end, SIGKILL);
	}
}

void task_leads(struct tracer *t, struct task *task)
{
	struct task *leader = task_find(t, task->proc->pid);

	if (leader == task)
		return;
	if (leader)
		task_remove(t, leader);
	hmap_remove(&t->tasks, &task->node);
	task->tid = task->proc->pid;
	hmap_insert(&t->tasks, &task->node, hash_u64(task->tid));
}

static void on_exec(struct tracer *t, struct task *leader)
{
	struct task *task = task_find(t, task_event_message(leader, PTRACE_EVENT_EXEC));
	char program[PATH_MAX];
	bool executed = false;
	syscall_info info;

	if (!task)
		task = leader;
	end_siblings(t, task);
	if (!t->job->started) {
		t->job->started = true;
		state_task(t->job->sink, t->job->paths, who_of(task), 0);
		comm_tell_now(t, task);
		state_fds(t->job->sink, t->job->paths, &t->told, who_of(task));
	} else if (task->call &&
		   (task->call->rec.op == OP_execve || task->call->rec.op == OP_execveat)) {
		snprintf(program, sizeof(program), "%.*s", (int)task->call->rec.path.len,
			task->call->rec.path.len ? task->call->rec.path.s : "");
		call_finish(t, task, 0);
		executed = true;
		while (task->call) /* interrupted by a handler that is no more */
			call_drop(t, task);
	}
	uring_process_end(t, task, false);
	task_leads(t, task);
	if (executed)
		comm_exec(t, task, str_of(program));
	task->proc->blind = false;
	if (get_info(t, task, &info) && info.arch != FILTER_ARCH && !is_compat(&info))
		sink_lost(t->job->sink, task->proc->pid, task->tid, 1,
			"a program of another architecture: its calls are not recorded");
	resume(task, t->go, 0);
}

static void on_exit_event(struct tracer *t, struct task *task)
{
	int status = (int)task_event_message(task, PTRACE_EVENT_EXIT);

	if (t->job->started) {
		call_finish_killed(t, task);
		call_put_end(t, task, OP_task_end, status);
	}
	hold_over(task);
	resume(task, t->go, 0);
}

static void on_death(struct tracer *t, struct task *task, int status)
{
	if (t->job->started && task->proc)
		call_put_end(t, task, OP_task_end, status);
	if (task->held)
		t->held--;
	if ((pid_t)task->tid == t->main_pid)
		t->job->status = status;
	task_remove(t, task);
	adopt_orphans(t);
}

/* --- the loop --- */

static void on_stop(struct tracer *t, struct task *task, int status)
{
	int sig = WSTOPSIG(status);

	task->waiting = false;
	place_stop(&t->placing, task);
	if (hold_is_held(task)) /* killed */
		hold_forget(task);
	switch (status >> 16) {
	case PTRACE_EVENT_SECCOMP:
		task_enter(t, task);
		return;
	case PTRACE_EVENT_FORK:
	case PTRACE_EVENT_VFORK:
	case PTRACE_EVENT_CLONE:
		on_fork(t, task, status >> 16);
		return;
	case PTRACE_EVENT_EXEC:
		on_exec(t, task);
		return;
	case PTRACE_EVENT_EXIT:
		on_exit_event(t, task);
		return;
	case PTRACE_EVENT_STOP:
		on_group_stop(t, task, sig);
		return;
	}
	if (sig == (SIGTRAP | 0x80))
		on_result(t, task);
	else
		on_signal(t, task, sig);
}

static void on_wait(struct tracer *t, uint32_t tid, int status)
{
	struct task *task = task_find(t, tid);

	if (!task)
		on_unknown(t, tid, status);
	else if (!WIFSTOPPED(status))
		on_death(t, task, status);
	else
		on_stop(t, task, status);
}

/* Whoever ends us means the program; when that is over, what it left running. */
static void pass_term(struct tracer *t)
{
	struct hnode *node, *tmp;
	size_t i;

	if (task_find(t, (uint32_t)t->main_pid) || (t->over && !t->main_over)) {
		kill(t->main_pid, SIGTERM);
		return;
	}
	hmap_each(&t->tasks, node, tmp, i) {
		struct task *task = hmap_entry(node, struct task, node);

		if (task->proc && task->proc->pid == task->tid)
			kill((pid_t)task->tid, SIGTERM);
	}
}

/*
 * A child whose maker was killed may still be on its way to its first stop when no task is known.
 * wait(2) knows of it, but also of children that were there before we were executed: only without
 * those does it tell the end.
 */
static bool has_more(const struct tracer *t)
{
	return t->alone || t->tasks.n || (t->over && !t->main_over);
}

/* Calls that are nearly over are worth a short sleep. */
static void pause_shortly(void)
{
	static const struct timespec moment = {0, 200000};

	nanosleep(&moment, NULL);
}

static void loop(struct tracer *t)
{
	int status;

	while (has_more(t)) {
		int how = __WALL | (t->rotating ? WNOHANG : 0) | (t->over ? WUNTRACED : 0);
		pid_t tid = wait4(-1, &status, how, NULL);

		if (tid > 0 && t->over)
			limits_wait(t, (uint32_t)tid, status);
		else if (tid > 0)
			on_wait(t, (uint32_t)tid, status);
		else if (tid < 0 && errno != EINTR)
			return;
		if (t->rotating && tid <= 0) {
			limits_poll(t);
			pause_shortly();
		}
		if (signals_term())
			pass_term(t);
		limits_check(t);
		if (signals_tick()) {
			sink_tick(t->job->sink);
			hold_tick(t);
		}
		hold_release(t);
	}
}

/* --- start and end --- */

static int tracer_init(struct tracer *t, struct capture_job *job, struct err *err)
{
	unsigned extra[3 + UNRECORDED_MAX + COMM_NUMBERS] = {
		SYS_restart_syscall, SYS_sched_getaffinity, SYS_sched_setaffinity};
	size_t n = 3 + unrecorded_numbers(extra + 3, UNRECORDED_MAX);
	long nr;
	int op;

	n += comm_numbers(extra + n);
	t->job = job;
	TAILQ_INIT(&t->running);
	TAILQ_INIT(&t->held_calls);
	t->every = job->options->duration || job->options->max_events;
	t->go = t->every ? PTRACE_SYSCALL : PTRACE_CONT;
	t->alone = waitid(P_ALL, 0, &(siginfo_t){0}, WEXITED | WNOHANG | WNOWAIT) < 0;
	memset(t->op_of, -1, sizeof(t->op_of));
	for (op = 0; op < OP_COUNT; op++) {
		nr = op_nr((enum op_id)op);
		if (nr >= 0 && nr < TRACER_NUMBERS)
			t->op_of[nr] = (int16_t)op;
	}
	return filter_build_for_ops(&t->filter, job->wanted, extra, n, err);
}

static int add_main(struct tracer *t, pid_t pid, struct err *err)
{
	struct task *task = add_task(t, (uint32_t)pid);

	if (!task || !join_process(t, task, NULL))
		return err_sys(err, ENOMEM, "cannot trace the program");
	t->main_pid = pid;
	return 0;
}

static int trace(struct tracer *t, struct child *child, struct err *err)
{
	struct signals signals;
	int rc = child_seize(child, TRACE_OPTIONS, err);

	if (!rc)
		rc = add_main(t, child->pid, err);
	if (!rc)
		rc = child_start(child, err);
	if (rc) {
		kill(child->pid, SIGKILL);
		waitpid(child->pid, NULL, __WALL);
		return rc;
	}
	sink_begin(t->job->sink); /* before the timer: a tick comes when the time is over */
	signals_take(&signals);
	loop(t);
	signals_give_back(&signals);
	if (t->lacks) {
		t->job->started = false;
		return err_set(err, ENOSYS,
			"this kernel lacks PTRACE_GET_SYSCALL_INFO (Linux 5.3)");
	}
	if (t->job->started)
		return 0;
	rc = child_why(child, t->job->program, err);
	return rc ? rc : err_set(err, EINTR, "the program was killed before it began");
}

static int ptrace_run(struct capture_job *job, struct err *err)
{
	struct tracer *t = calloc(1, sizeof(*t));
	const struct capture_pair faults = {"faults", STR("pagemap")};
	struct child child;
	int rc;

	if (!t)
		return err_sys(err, ENOMEM, "cannot start the capture");
	job->begin(job, &faults, 1);
	rc = tracer_init(t, job, err);
	if (!rc)
		rc = state_mounts(job->sink, paths_dirs(job->paths), now_ns(), err);
	if (!rc)
		rc = child_fork(&child, job->program, job->options->argv,
			t->every ? NULL : &t->filter, err);
	if (!rc) {
		rc = trace(t, &child, err);
		child_close(&child);
	}
	free_tasks(t);
	uring_free(t);
	told_fds_clear(&t->told);
	vec_free(&t->flights);
	free(t);
	return rc;
}

static int ptrace_probe(const struct options *o, struct err *err)
{
	(void)o;
	(void)err;
	return 0; /* whether a child may be traced is known when it is tried */
}

const struct backend backend_ptrace = {
	.name = "ptrace",
	.probe = ptrace_probe,
	.run = ptrace_run,
};
