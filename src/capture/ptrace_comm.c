/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What threads are called, and whose they are: by prctl(PR_SET_NAME), the calls that set users, what executes a
 * program, and what is written to /proc/PID/task/TID/comm. What it became is read when the call is over.
 */
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "capture/compat.h"
#include "capture/ptrace.h"
#include "capture/state.h"
#include "events/events.h"

static const unsigned identity[] = {SYS_prctl, SYS_setuid, SYS_setreuid, SYS_setresuid};

size_t comm_numbers(unsigned *numbers)
{
	size_t i;

	for (i = 0; i < COMM_NUMBERS; i++)
		numbers[i] = identity[i];
	return COMM_NUMBERS;
}

bool comm_begin(struct task *task, const syscall_info *info, bool compat)
{
	uint64_t number = compat ? (uint64_t)compat_identity(info->seccomp.nr) : info->seccomp.nr;
	size_t i;

	for (i = 0; i < COMM_NUMBERS && !task->identity; i++)
		task->identity = identity[i] == number;
	if (number == SYS_prctl && info->seccomp.args[0] != PR_SET_NAME)
		task->identity = false;
	return task->identity;
}

/* As it is now, when it is not what was told; of the first file of a rotation all are told. */
static void tell(struct tracer *t, struct task *task)
{
	struct state_of_thread now;

	if (!state_of_thread(&now, task->tid) ||
		(now.uid == task->is.uid && strcmp(now.comm, task->is.comm) == 0))
		return;
	task->is = now;
	state_thread(t->job->sink, who_of(task), &now);
}

void comm_finish(struct tracer *t, struct task *task, int64_t result)
{
	task->identity = false;
	if (result >= 0)
		tell(t, task);
}

void comm_tell_now(struct tracer *t, struct task *task)
{
	task->is = (struct state_of_thread){0};
	tell(t, task);
}

void comm_fork(const struct task *parent, struct task *child)
{
	child->is = parent->is;
}

/* Readers of the capture know the name by the program's. */
void comm_exec(struct tracer *t, struct task *task, struct str program)
{
	comm_of_program(task->is.comm, program);
	tell(t, task);
}

static bool is_comm(struct str path)
{
	static const char end[] = "comm";
	const size_t len = sizeof(end) - 1;

	return path.len >= len && memcmp(path.s + path.len - len, end, len) == 0;
}

/* Of all threads of the process, whichever was meant. */
static void tell_process(struct tracer *t, const struct process *proc)
{
	struct hnode *node, *tmp;
	size_t i;

	hmap_each(&t->tasks, node, tmp, i)
	{
		struct task *task = hmap_entry(node, struct task, node);

		if (task->proc == proc)
			tell(t, task);
	}
}

void comm_after(struct tracer *t, struct task *task, const struct rec *r)
{
	struct process *proc = task->proc;

	switch (r->op) {
	case OP_open:
	case OP_openat:
	case OP_openat2:
	case OP_creat:
		if (r->ret >= 0 && is_comm(r->path))
			proc->comm_fd = (uint64_t)r->ret + 1;
		break;
	case OP_write:
	case OP_writev:
	case OP_pwrite64:
	case OP_close:
		if (!proc->comm_fd || r->arg[0] + 1 != proc->comm_fd)
			break;
		tell_process(t, proc);
		if (r->op == OP_close)
			proc->comm_fd = 0;
		break;
	default:
		break;
	}
}
