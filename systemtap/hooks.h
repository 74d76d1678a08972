/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#ifndef IORIOT_SYSTEMTAP_HOOKS_H
#define IORIOT_SYSTEMTAP_HOOKS_H

#include <linux/kprobes.h>
#include <linux/tracepoint.h>
#include <linux/xattr.h>
#include <trace/events/sched.h>
#include <trace/events/signal.h>
#include <trace/events/syscalls.h>
#include <trace/events/task.h>

#include "call.h"
#include "layers.h"

#ifdef HAVE_RINGS
#include <trace/events/io_uring.h>
#endif

/*
 * Where the kernel calls us. All hooks are found by name when the module is loaded; what a kernel
 * does not have is listed in the status file, and what it would have told is missing in records.
 * They run with preemption off: what they use belongs to their processor.
 */

/* --- tracepoints --- */

static void on_sys_enter(void *data, struct pt_regs *regs, long number)
{
	preempt_disable_notrace();
	call_enter(regs, number);
	preempt_enable_notrace();
}

static void on_sys_exit(void *data, struct pt_regs *regs, long ret)
{
	preempt_disable_notrace();
	call_exit(regs, ret);
	preempt_enable_notrace();
}

static void on_fork(void *data, struct task_struct *parent, struct task_struct *child)
{
	note_called(&called_fork);
	preempt_disable_notrace();
	call_fork(parent, child);
	process_forks(child);
	preempt_enable_notrace();
}

static void on_exec(void *data, struct task_struct *task, pid_t old_pid, struct linux_binprm *bprm)
{
	note_called(&called_exec);
	preempt_disable_notrace();
	call_exec(old_pid, bprm);
	process_executes(bprm);
	preempt_enable_notrace();
}

static void on_exit(void *data, struct task_struct *task EXIT_HOOK_MORE)
{
	note_called(&called_exit);
	preempt_disable_notrace();
	process_ends(task);
	call_thread_end(task);
	preempt_enable_notrace();
}

static void on_renamed(void *data, struct task_struct *task, const char *comm)
{
	preempt_disable_notrace();
	call_renamed(task, comm);
	preempt_enable_notrace();
}

static void on_signal(void *data, int sig, struct kernel_siginfo *info, struct k_sigaction *ka)
{
	struct thread *th;

	if (ka->sa.sa_handler == SIG_DFL || ka->sa.sa_handler == SIG_IGN || !session_on())
		return;
	preempt_disable_notrace();
	th = thread_find(current->pid);
	if (th && (th->flags & CALL_BROKEN))
		call_interrupted(th, ka->sa.sa_flags);
	preempt_enable_notrace();
}

/* --- rings --- */

#ifdef HAVE_RINGS

static void on_submit(void *data, struct io_kiocb *req)
{
	preempt_disable_notrace();
	put_submission(req, submission_of(req));
	preempt_enable_notrace();
}

/* It was refused at once, which its completion will tell. */
static void on_refused(void *data, const struct io_uring_sqe *sqe, struct io_kiocb *req, int error)
{
	preempt_disable_notrace();
	put_submission(req, sqe);
	preempt_enable_notrace();
}

static void on_complete(void *data, void *ctx, void *req, u64 user_data, int res, unsigned int flags,
	u64 extra1, u64 extra2)
{
	preempt_disable_notrace();
	put_completion(ctx, req, user_data, res, flags);
	preempt_enable_notrace();
}

static void on_complete_cqe(
	void *data, struct io_ring_ctx *ctx, void *req, struct io_uring_cqe *cqe)
{
	on_complete(data, ctx, req, cqe->user_data, cqe->res, cqe->flags, 0, 0);
}

#define FITTING_COMPLETE                                                                           \
	(FITS(check_trace_callback_type_io_uring_complete, on_complete) ? (void *)on_complete :    \
		FITS(check_trace_callback_type_io_uring_complete, on_complete_cqe) ?               \
		(void *)on_complete_cqe : NULL)
#define FITTING_REFUSED FITTING(io_uring_req_failed, on_refused)

#endif

struct trace_hook {
	const char *name;
	void *function;
	bool needed;
	bool task; /* not only for calls */
	bool on;
	const char *later; /* its name in later kernels */
	struct tracepoint *tracepoint;
};

static struct trace_hook trace_hooks[] = {
	{"sched_process_fork", on_fork, true, true},
	{"sched_process_exec", on_exec, true, true},
	{"sched_process_exit", on_exit, true, true},
	{"signal_deliver", on_signal, false},
	{"task_rename", on_renamed, false},
	{"sys_enter", on_sys_enter, true},
	{"sys_exit", on_sys_exit, true},
#ifdef HAVE_RINGS
	{"io_uring_submit_sqe", on_submit, .later = "io_uring_submit_req"},
	{"io_uring_req_failed", FITTING_REFUSED},
	{"io_uring_complete", FITTING_COMPLETE},
#endif
};

/* The compiler compares our functions with this kernel's declarations. */
static inline void trace_hooks_check(void)
{
	check_trace_callback_type_sched_process_fork(on_fork);
	check_trace_callback_type_sched_process_exec(on_exec);
	check_trace_callback_type_sched_process_exit(on_exit);
	check_trace_callback_type_signal_deliver(on_signal);
	check_trace_callback_type_task_rename(on_renamed);
	check_trace_callback_type_sys_enter(on_sys_enter);
	check_trace_callback_type_sys_exit(on_sys_exit);
}

static bool is_called(const struct trace_hook *hook, const char *name)
{
	return strcmp(hook->name, name) == 0 || (hook->later && strcmp(hook->later, name) == 0);
}

static void trace_hook_find(struct tracepoint *tracepoint, void *unused)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(trace_hooks); i++)
		if (is_called(&trace_hooks[i], tracepoint->name)) {
			trace_hooks[i].name = tracepoint->name;
			trace_hooks[i].tracepoint = tracepoint;
		}
}

/* --- functions --- */

struct function_hook {
	struct kprobe probe;
	bool on, called;
};

static void note_function(struct kprobe *probe)
{
	note_called(&container_of(probe, struct function_hook, probe)->called);
}

static int on_unlink(struct kprobe *probe, struct pt_regs *regs)
{
	note_function(probe);
	tell_before((struct dentry *)regs_get_kernel_argument(regs, UNLINK_DENTRY), NULL);
	return 0;
}

static int on_rename(struct kprobe *probe, struct pt_regs *regs)
{
#ifdef RENAME_BY_STRUCT
	const struct renamedata *names = (void *)regs_get_kernel_argument(regs, 0);

	note_function(probe);
	tell_before(names->old_dentry, names->new_dentry);
#else
	note_function(probe);
	tell_before((struct dentry *)regs_get_kernel_argument(regs, RENAME_OLD),
		(struct dentry *)regs_get_kernel_argument(regs, RENAME_NEW));
#endif
	return 0;
}

static int on_change(struct kprobe *probe, struct pt_regs *regs)
{
	const struct iattr *to = (void *)regs_get_kernel_argument(regs, CHANGE_DENTRY + 1);

	note_function(probe);
	tell_change((struct dentry *)regs_get_kernel_argument(regs, CHANGE_DENTRY), to->ia_valid);
	return 0;
}

/* Of the extended attributes, only this one changes what facts tell. */
static int on_set_acl(struct kprobe *probe, struct pt_regs *regs)
{
	const char *name = (void *)regs_get_kernel_argument(regs, CHANGE_DENTRY + 1);

	note_function(probe);
	if (strcmp(name, XATTR_NAME_POSIX_ACL_ACCESS) == 0)
		tell_change((struct dentry *)regs_get_kernel_argument(regs, CHANGE_DENTRY),
			ATTR_MODE);
	return 0;
}

static int on_fault(struct kprobe *probe, struct pt_regs *regs)
{
	const struct vm_fault *vmf = (void *)regs_get_kernel_argument(regs, 0);

	note_function(probe);
	tell_fault(vmf, vmf->flags & FAULT_FLAG_WRITE);
	return 0;
}

static int on_write_fault(struct kprobe *probe, struct pt_regs *regs)
{
	note_function(probe);
	tell_fault((void *)regs_get_kernel_argument(regs, 0), true);
	return 0;
}

#ifdef HAVE_RINGS
static int on_work(struct kprobe *probe, struct pt_regs *regs)
{
	struct io_wq_work *work = (void *)regs_get_kernel_argument(regs, 0);

	note_function(probe);
	if (session_on())
		work_begin(container_of(work, struct io_kiocb, work));
	return 0;
}
#endif

static struct function_hook function_hooks[] = {
	{{.symbol_name = "vfs_unlink", .pre_handler = on_unlink}},
	{{.symbol_name = "vfs_rmdir", .pre_handler = on_unlink}},
	{{.symbol_name = "vfs_rename", .pre_handler = on_rename}},
	{{.symbol_name = "notify_change", .pre_handler = on_change}},
	{{.symbol_name = SET_ACL, .pre_handler = on_set_acl}},
	/* page faults of files; of tmpfs; and before a page that was looked at is written */
	{{.symbol_name = "filemap_map_pages", .pre_handler = on_fault}},
	{{.symbol_name = "filemap_fault", .pre_handler = on_fault}},
	{{.symbol_name = "shmem_fault", .pre_handler = on_fault}},
	{{.symbol_name = "do_page_mkwrite", .pre_handler = on_write_fault}},
#ifdef HAVE_RINGS
	{{.symbol_name = "io_wq_submit_work", .pre_handler = on_work}},
#endif
};

/* --- links that are followed or read --- */

struct link_call {
	const struct inode *inode;
};

/* Not 0: its end is of no interest. */
static int on_get_link(struct kretprobe_instance *call, struct pt_regs *regs)
{
	const void *dentry = (void *)regs_get_kernel_argument(regs, 0);
	struct link_call *asked = (void *)call->data;

	asked->inode = (void *)regs_get_kernel_argument(regs, 1);
	return !dentry || !call_is_recorded();
}

static int on_got_link(struct kretprobe_instance *call, struct pt_regs *regs)
{
	const struct link_call *asked = (void *)call->data;
	const char *text = (void *)regs_return_value(regs);

	if (!IS_ERR_OR_NULL(text))
		link_remember(asked->inode, text);
	return 0;
}

struct link_hook {
	struct kretprobe probe;
	bool on;
};

/* Of file systems whose links item_link() cannot ask. Those that are not in the kernel have none. */
static struct link_hook link_hooks[] = {
	{{.kp.symbol_name = "xfs_vn_get_link"}},
	{{.kp.symbol_name = "ovl_get_link"}},
};

static bool link_hook_on(struct kretprobe *probe)
{
	probe->entry_handler = on_get_link;
	probe->handler = on_got_link;
	probe->data_size = sizeof(struct link_call);
	return register_kretprobe(probe) == 0;
}

/* --- all of them --- */

static void trace_hook_off(struct trace_hook *hook)
{
	if (hook->on)
		tracepoint_probe_unregister(hook->tracepoint, hook->function, NULL);
	hook->on = false;
}

static void function_hooks_off(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(function_hooks); i++) {
		if (function_hooks[i].on)
			unregister_kprobe(&function_hooks[i].probe);
		function_hooks[i].on = false;
	}
	for (i = 0; i < ARRAY_SIZE(link_hooks); i++) {
		if (link_hooks[i].on)
			unregister_kretprobe(&link_hooks[i].probe);
		link_hooks[i].on = false;
	}
}

static void hooks_off(void)
{
	int i;

	for (i = ARRAY_SIZE(trace_hooks) - 1; i >= 0; i--)
		trace_hook_off(&trace_hooks[i]);
	function_hooks_off();
	tracepoint_synchronize_unregister();
}

static bool calls_hooked = true;

/* Calls are not recorded: what only they need is not missing. Before the session starts. */
static void call_hooks_off(void)
{
	int i;

	for (i = ARRAY_SIZE(trace_hooks) - 1; i >= 0; i--)
		if (!trace_hooks[i].task)
			trace_hook_off(&trace_hooks[i]);
	function_hooks_off();
	calls_hooked = false;
}

static bool trace_hook_is_on(const char *start)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(trace_hooks); i++)
		if (trace_hooks[i].on && strncmp(trace_hooks[i].name, start, strlen(start)) == 0)
			return true;
	return false;
}

static int hooks_on(void)
{
	int i;

	trace_hooks_check();
	for_each_kernel_tracepoint(trace_hook_find, NULL);
	for (i = 0; i < ARRAY_SIZE(function_hooks); i++)
		function_hooks[i].on = register_kprobe(&function_hooks[i].probe) == 0;
	for (i = 0; i < ARRAY_SIZE(link_hooks); i++)
		link_hooks[i].on = link_hook_on(&link_hooks[i].probe);
	for (i = 0; i < ARRAY_SIZE(trace_hooks); i++) {
		struct trace_hook *hook = &trace_hooks[i];

		hook->on = hook->tracepoint && hook->function &&
			   tracepoint_probe_register(hook->tracepoint, hook->function, NULL) == 0;
		if (!hook->on && hook->needed) {
			_stp_error("this kernel does not have the tracepoint %s", hook->name);
			hooks_off();
			return -ENOENT;
		}
	}
	rings_told = trace_hook_is_on("io_uring_submit_") && trace_hook_is_on("io_uring_complete");
	return 0;
}

#endif
