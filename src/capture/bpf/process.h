/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#ifndef IORIOT_CAPTURE_BPF_PROCESS_H
#define IORIOT_CAPTURE_BPF_PROCESS_H

#include "layer.h"

/* Threads that begin, execute programs and end, as events: task.h has them as calls. */

static __always_inline bool process_wanted(void)
{
	return session_on() && session.on[LAYER_PROC] && current_in_scope();
}

static __always_inline void process_forks(struct task_struct *child)
{
	struct build *b = process_wanted() ? event_begin(ROW_proc_fork, LAYER_PROC, 2, 0) : NULL;
	u64 *value;

	if (!b)
		return;
	value = build_values(b, 2);
	value[0] = child->tgid;
	value[1] = child->pid;
	event_end(b, ROW_proc_fork, NULL);
}

/* The name that the kernel looked up, which is not always the program's own. */
static __always_inline void process_executes(struct linux_binprm *bprm)
{
	struct build *b = process_wanted() ? event_begin(ROW_proc_exec, LAYER_PROC, 0, 0) : NULL;
	char *to;
	long len;

	if (!b)
		return;
	to = item_begin(b, PATH_MOST);
	len = bpf_probe_read_kernel_str(to, PATH_MOST, bprm->filename);
	if (len > 0)
		item_end(b, WIRE_PATH, len - 1);
	event_end(b, ROW_proc_exec, NULL);
}

/* Before task.h ends its scope. */
static __always_inline void process_ends(struct task_struct *task)
{
	struct build *b = process_wanted() ? event_begin(ROW_proc_exit, LAYER_PROC, 1, 0) : NULL;

	if (!b)
		return;
	build_values(b, 1)[0] = (u64)(s64)task->exit_code;
	event_end(b, ROW_proc_exit, NULL);
}

#endif
