/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#ifndef IORIOT_SYSTEMTAP_PROCESS_H
#define IORIOT_SYSTEMTAP_PROCESS_H

#include <linux/binfmts.h>

#include "event.h"

/* Threads that begin, execute programs and end, as events: call.h has them as calls. */

static bool process_wanted(void)
{
	return session_on() && session.on[LAYER_PROC] && current_in_scope();
}

static void process_forks(const struct task_struct *child)
{
	struct event e;

	if (!process_wanted() || !event_begin(&e, ROW_proc_fork, LAYER_PROC, 2, 0))
		return;
	event_values(&e)[0] = child->tgid;
	event_values(&e)[1] = child->pid;
	event_end(&e);
}

/* The name that the kernel looked up, which is not always the program's own. */
static void process_executes(const struct linux_binprm *bprm)
{
	unsigned int len = strnlen(bprm->filename, PATH_MAX - 1);
	struct event e;

	if (!process_wanted() || !event_begin(&e, ROW_proc_exec, LAYER_PROC, 0, 0))
		return;
	if (!e.aside) { /* where a name has no room */
		memcpy(item_begin(&e.o, len), bprm->filename, len);
		item_end(&e.o, WIRE_PATH, len);
	}
	event_end(&e);
}

/* Before call.h ends its scope. */
static void process_ends(const struct task_struct *task)
{
	struct event e;

	if (!process_wanted() || !event_begin(&e, ROW_proc_exit, LAYER_PROC, 1, 0))
		return;
	event_values(&e)[0] = (u64)(s64)task->exit_code;
	event_end(&e);
}

#endif
