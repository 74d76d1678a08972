/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/stat.h>

#include "capture/facts.h"
#include "capture/ptrace.h"

static const struct {
	unsigned nr;
	int8_t fd[2];
	bool moves;
	const char *why;
} unrecorded[] = {
#if defined(__x86_64__)
#define UNRECORDED_CALL(x86_64, aarch64, fd0, fd1, moves, why)                            \
	{x86_64, {fd0, fd1}, moves, why},
#elif defined(__aarch64__)
#define UNRECORDED_CALL(x86_64, aarch64, fd0, fd1, moves, why)                            \
	{aarch64, {fd0, fd1}, moves, why},
#endif
#include "ops/unrecorded.def"
};

#define UNRECORDED (sizeof(unrecorded) / sizeof(*unrecorded))

size_t unrecorded_numbers(unsigned *numbers, size_t max)
{
	size_t i, n = 0;

	for (i = 0; i < UNRECORDED && n < max; i++)
		numbers[n++] = unrecorded[i].nr;
	return n;
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
