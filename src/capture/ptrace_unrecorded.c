/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/ptrace.h"

static const struct {
	unsigned nr;
	const char *why;
} unrecorded[] = {
#if defined(__x86_64__)
#define UNRECORDED_CALL(x86_64, aarch64, why) {x86_64, why},
#elif defined(__aarch64__)
#define UNRECORDED_CALL(x86_64, aarch64, why) {aarch64, why},
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

bool unrecorded_begin(struct task *task, const syscall_info *info)
{
	size_t i;

	for (i = 0; i < UNRECORDED; i++) {
		if (unrecorded[i].nr != info->seccomp.nr)
			continue;
		task->unrecorded = (unsigned)i + 1;
		return true;
	}
	return false;
}

void unrecorded_finish(struct tracer *t, struct task *task, int64_t result)
{
	unsigned i = task->unrecorded - 1;

	task->unrecorded = 0;
	if (result >= 0)
		sink_lost(t->job->sink, task->proc->pid, task->tid, 1, unrecorded[i].why);
}
