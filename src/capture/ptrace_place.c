/* SPDX-License-Identifier: Apache-2.0 */
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "capture/ptrace.h"
#include "utils/clock.h"

/*
 * At each stop the task and the tracer wake each other up. On one processor that is a switch from one to the other;
 * on two it takes several times as long, and two is what the scheduler chooses, since one is idle while the other
 * works. So a task that is the only one to stop for a while is kept on its processor, and the tracer with it.
 */

#define PLACE_AFTER	16 /* stops */
#define PLACE_PERIOD	(NS_PER_SEC / 2) /* then the scheduler chooses again */
#define FIELD_PROCESSOR 39 /* of /proc/PID/stat */
#define FIELD_STATE	3

static bool set_of(pid_t tid, cpu_set_t *set)
{
	return sched_getaffinity(tid, sizeof(*set), set) == 0;
}

static bool keep_on(pid_t tid, int cpu)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET((size_t)cpu, &one);
	return sched_setaffinity(tid, sizeof(one), &one) == 0;
}

/* Where it is now, -1 = that cannot be told. */
static int processor_of(const struct task *task)
{
	char text[TASK_STAT];
	const char *p = task_stat(task, text);
	int field;

	for (field = FIELD_STATE; p && field < FIELD_PROCESSOR; field++)
		p = strchr(p + 1, ' ');
	return p ? (int)strtol(p + 1, NULL, 10) : -1;
}

static void place(struct placing *p)
{
	const pid_t tid = (pid_t)p->task->tid;

	if (!set_of(tid, &p->of_task) || CPU_COUNT(&p->of_task) < 2 || !set_of(0, &p->of_tracer))
		return;
	p->cpu = processor_of(p->task);
	if (p->cpu < 0 || p->cpu >= CPU_SETSIZE || !keep_on(0, p->cpu))
		return;
	p->placed = keep_on(tid, p->cpu);
	if (!p->placed)
		sched_setaffinity(0, sizeof(p->of_tracer), &p->of_tracer);
}

void place_stop(struct placing *p, struct task *task)
{
	uint64_t now;

	if (task != p->task) {
		place_leave(p);
		p->task = task;
		p->stops = 0;
		p->until = 0;
	}
	if (++p->stops % PLACE_AFTER)
		return;
	now = now_ns();
	if (now < p->until)
		return;
	if (p->placed) {
		place_leave(p);
		return;
	}
	p->until = now + PLACE_PERIOD;
	place(p);
}

/* Unless somebody has chosen another set for it since. */
static void give_back(const struct placing *p, uint32_t tid)
{
	cpu_set_t now;

	if (set_of((pid_t)tid, &now) && CPU_COUNT(&now) == 1 && CPU_ISSET((size_t)p->cpu, &now))
		sched_setaffinity((pid_t)tid, sizeof(p->of_task), &p->of_task);
}

void place_leave(struct placing *p)
{
	if (!p->placed)
		return;
	p->placed = false;
	p->stops = 0;
	p->until = 0;
	sched_setaffinity(0, sizeof(p->of_tracer), &p->of_tracer);
	give_back(p, p->task->tid);
}

void place_inherit(const struct placing *p, uint32_t tid)
{
	if (p->placed)
		give_back(p, tid);
}

void place_forget(struct placing *p, const struct task *task)
{
	if (p->task != task)
		return;
	place_leave(p);
	p->task = NULL;
}

bool place_tells(struct str path)
{
	static const char name[] = "status"; /* of /proc/self, which may be the directory at hand */
	const size_t len = sizeof(name) - 1;

	return path.s && path.len >= len && memcmp(path.s + path.len - len, name, len) == 0;
}

bool place_shows(const syscall_info *info)
{
	uint64_t nr = info->seccomp.nr & ~(uint64_t)FILTER_X32;

	return info->arch != FILTER_ARCH || nr == SYS_sched_getaffinity || nr == SYS_sched_setaffinity;
}
