/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capture/ptrace.h"
#include "check/check.h"

#define YAMA_SCOPE "/proc/sys/kernel/yama/ptrace_scope"

/* What the child asks for and the tracer must be able to read there. */
static const char probe_path[] = "/a path that is read";

/* ---- the filter alone ---- */

/* Of one call that the trial itself does not need otherwise: without a tracer it fails. */
static int install_filter(void *arg, struct err *err)
{
	unsigned number = SYS_faccessat;
	struct filter f;
	int rc = filter_build(&f, &number, 1, err);

	(void)arg;
	if (!rc)
		rc = filter_install(&f);
	return rc ? err_sys(err, -rc, "a seccomp filter cannot be installed") : 0;
}

static bool check_filter(struct check *c)
{
	struct err err = {0};
	int rc = try_in_child(install_filter, NULL, &err);

	report_add(&c->report, SECTION_PTRACE, "seccomp filter", rc ? MARK_NO : MARK_OK, "%s",
		rc ? err.text : "can be installed");
	if (rc)
		report_remedy(&c->report, "a kernel with CONFIG_SECCOMP_FILTER has it, and a "
					  "container must allow it");
	return rc == 0;
}

/* ---- a call that is traced ---- */

static __attribute__((noreturn)) void be_traced(int go)
{
	struct err err;
	char byte;

	if (read(go, &byte, 1) != 1 || install_filter(NULL, &err))
		_exit(1);
	syscall(SYS_faccessat, AT_FDCWD, probe_path, F_OK);
	_exit(0);
}

/* Waits for the stop at the entry of its call. */
static int wait_for_call(pid_t pid, struct err *err)
{
	int status;

	while (waitpid(pid, &status, __WALL) == pid) {
		if (!WIFSTOPPED(status))
			return err_set(err, EIO, "the traced process ended before its call");
		if (status >> 8 == (SIGTRAP | PTRACE_EVENT_SECCOMP << 8))
			return 0;
		ptrace(PTRACE_CONT, pid, 0, 0);
	}
	return err_sys(err, errno, "cannot wait for the traced process");
}

static int read_call(pid_t pid, struct err *err)
{
	char path[sizeof(probe_path)] = "";
	struct iovec local = {path, sizeof(path)}, remote = {NULL, sizeof(path)};
	syscall_info info = {0};

	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) <= 0)
		return err_sys(err, errno, "PTRACE_GET_SYSCALL_INFO");
	if (info.op != PTRACE_SYSCALL_INFO_SECCOMP || info.seccomp.nr != SYS_faccessat)
		return err_set(err, EIO, "PTRACE_GET_SYSCALL_INFO tells of another call");
	remote.iov_base = (void *)(uintptr_t)info.seccomp.args[1]; // NOLINT
	if (process_vm_readv(pid, &local, 1, &remote, 1, 0) < 0)
		return err_sys(err, errno, "process_vm_readv(2)");
	if (memcmp(path, probe_path, sizeof(path)) != 0)
		return err_set(err, EIO, "process_vm_readv(2) read something else");
	return 0;
}

enum step { STEP_ATTACH, STEP_CALL, STEPS };

/* How far it came; ERR says why no further. */
static enum step trace_one(const struct child *child, struct err *err)
{
	if (child_seize(child, PTRACE_O_EXITKILL | PTRACE_O_TRACESECCOMP, err))
		return STEP_ATTACH;
	if (child_start((struct child *)child, err) || wait_for_call(child->pid, err) ||
		read_call(child->pid, err))
		return STEP_CALL;
	return STEPS;
}

/* Forks what be_traced() is; its errors come out as results of ptrace(2). */
static int start_child(struct child *child, struct err *err)
{
	int go[2];

	if (pipe2(go, O_CLOEXEC))
		return err_sys(err, errno, "cannot make a pipe");
	fflush(NULL);
	child->pid = fork();
	if (child->pid == 0) {
		close(go[1]); /* so that the end of the tracer ends the wait */
		be_traced(go[0]);
	}
	close(go[0]);
	child->go = go[1];
	if (child->pid > 0)
		return 0;
	close(child->go);
	return err_sys(err, errno, "cannot start a process");
}

static enum step try_tracing(struct err *err)
{
	struct child child;
	enum step step;

	if (start_child(&child, err))
		return STEP_ATTACH;
	step = trace_one(&child, err);
	kill(child.pid, SIGKILL);
	while (waitpid(child.pid, NULL, __WALL) < 0 && errno == EINTR)
		;
	close(child.go);
	return step;
}

/* Where the remedy depends on the value of kernel.yama.ptrace_scope: admin-guide/LSM/Yama.rst. */
static void attach_remedy(struct check *c)
{
	char scope[16];

	if (check_line(c, YAMA_SCOPE, scope, sizeof(scope)))
		return;
	if (strcmp(scope, "3") == 0)
		report_remedy(&c->report, "kernel.yama.ptrace_scope is 3 until the next boot");
	else if (strcmp(scope, "2") == 0)
		report_remedy(&c->report, "kernel.yama.ptrace_scope=1 allows it, or root");
}

static void check_tracing(struct check *c)
{
	struct err err = {0};
	enum step step = try_tracing(&err);

	report_add(&c->report, SECTION_PTRACE, "attach", step == STEP_ATTACH ? MARK_NO : MARK_OK,
		"%s", step == STEP_ATTACH ? err.text : "own children can be traced");
	if (step == STEP_ATTACH) {
		attach_remedy(c);
		report_add(&c->report, SECTION_PTRACE, "calls", MARK_NONE, "not tried");
		return;
	}
	report_add(&c->report, SECTION_PTRACE, "calls", step == STEP_CALL ? MARK_NO : MARK_OK, "%s",
		step == STEP_CALL ? err.text
				  : "their arguments can be read at the stop of the filter");
	if (step == STEP_CALL)
		report_remedy(&c->report, "PTRACE_GET_SYSCALL_INFO came with Linux 5.3");
}

/* ---- */

static void check_yama(struct check *c)
{
	char scope[16];

	if (check_line(c, YAMA_SCOPE, scope, sizeof(scope)))
		report_add(&c->report, SECTION_PTRACE, "Yama", MARK_NONE, "not there");
	else
		report_add(&c->report, SECTION_PTRACE, "Yama", MARK_NONE,
			"kernel.yama.ptrace_scope is %s; 0 and 1 allow it for everybody", scope);
}

static void check_setuid(struct check *c)
{
	report_add(&c->report, SECTION_PTRACE, "setuid programs", MARK_NONE, "%s",
		c->caps >> CAP_SYS_ADMIN & 1
			? "get their privileges while they are recorded"
			: "get no privileges while they are recorded, without CAP_SYS_ADMIN");
}

void check_ptrace(struct check *c)
{
	check_yama(c);
	if (check_filter(c))
		check_tracing(c);
	check_setuid(c);
}
