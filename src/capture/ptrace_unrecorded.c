/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/stat.h>
#include <sys/syscall.h>

#include "capture/facts.h"
#include "capture/ptrace.h"

/* Since Linux 6.13, the same on all architectures. */
#define NR_SETXATTRAT	 463
#define NR_REMOVEXATTRAT 466

/*
 * Calls that change or read files and have no row in the table. They are stopped so that a capture
 * says what it lacks. Failed ones changed nothing, nor did those that move bytes between sockets
 * and pipes only.
 */
static const struct {
	unsigned nr;
	int8_t fd[2]; /* arguments of which one must be a regular file; -1 = any will do */
	bool moves;   /* the result is a number of bytes */
	const char *why;
} unrecorded[] = {
	{SYS_io_uring_setup, {-1, -1}, false, "io_uring: what a ring does is not recorded"},
	{SYS_splice, {0, 2}, true, "splice is not recorded"},
	{NR_SETXATTRAT, {-1, -1}, false, "setxattrat is not recorded"},
	{NR_REMOVEXATTRAT, {-1, -1}, false, "removexattrat is not recorded"},
};

#define UNRECORDED (sizeof(unrecorded) / sizeof(*unrecorded))

size_t unrecorded_numbers(unsigned *numbers, size_t max)
{
	size_t i;

	for (i = 0; i < UNRECORDED && i < max; i++)
		numbers[i] = unrecorded[i].nr;
	return i;
}

static bool is_file(const struct task *task, int fd)
{
	struct facts facts = facts_of_fd((pid_t)task->tid, fd);

	return facts.known && S_ISREG(facts.mode);
}

bool unrecorded_begin(struct task *task, const syscall_info *info)
{
	size_t i;

	for (i = 0; i < UNRECORDED; i++) {
		const int8_t *fd = unrecorded[i].fd;

		if (unrecorded[i].nr != info->seccomp.nr)
			continue;
		if (fd[0] >= 0 && !is_file(task, (int)info->seccomp.args[fd[0]]) &&
			!is_file(task, (int)info->seccomp.args[fd[1]]))
			return false;
		task->unrecorded = (unsigned)i + 1;
		return true;
	}
	return false;
}

void unrecorded_finish(struct tracer *t, struct task *task, int64_t result)
{
	unsigned i = task->unrecorded - 1;

	task->unrecorded = 0;
	if (result > 0 || (result == 0 && !unrecorded[i].moves))
		sink_lost(t->job->sink, task->proc->pid, task->tid, 1, unrecorded[i].why);
}
