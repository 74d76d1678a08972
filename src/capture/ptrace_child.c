/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "capture/ptrace.h"

/* What the child says through its report pipe when it does not become the program. */
struct report {
	enum { REPORT_FILTER, REPORT_EXEC } stage;
	int code;
};

/* A script without an interpreter line is run by the shell, as execvp(3) does. */
static void exec_by_shell(const struct capture_job *job)
{
	char **argv = job->options->argv, **args;
	size_t n = 0, i;

	while (argv[n])
		n++;
	args = calloc(n + 2, sizeof(*args));
	if (!args)
		return;
	args[0] = (char *)"/bin/sh";
	args[1] = (char *)job->program;
	for (i = 1; i < n; i++)
		args[i + 1] = argv[i];
	execv(args[0], args);
	free(args);
}

static void __attribute__((noreturn)) become_program(struct tracer *t, int go, int report)
{
	struct report r = {.stage = REPORT_FILTER};
	char byte;

	if (read(go, &byte, 1) != 1)
		_exit(1); /* the tracer gave up, it says why */
	r.code = -filter_install(&t->filter);
	if (r.code == 0) {
		r.stage = REPORT_EXEC;
		execv(t->job->program, t->job->options->argv);
		r.code = errno;
		if (r.code == ENOEXEC)
			exec_by_shell(t->job);
	}
	if (write(report, &r, sizeof(r)) != sizeof(r))
		_exit(1);
	_exit(1);
}

int child_fork(struct child *child, struct tracer *t, struct err *err)
{
	int go[2], report[2];

	if (pipe2(go, O_CLOEXEC))
		return err_sys(err, errno, "cannot make a pipe");
	if (pipe2(report, O_CLOEXEC)) {
		close(go[0]);
		close(go[1]);
		return err_sys(err, errno, "cannot make a pipe");
	}
	child->pid = fork();
	if (child->pid == 0) {
		close(go[1]); /* so that the end of the tracer ends the wait */
		become_program(t, go[0], report[1]);
	}
	close(go[0]);
	close(report[1]);
	child->go = go[1];
	child->report = report[0];
	if (child->pid > 0)
		return 0;
	close(child->go);
	close(child->report);
	return err_sys(err, errno, "cannot start a process");
}

/* A number of /proc/self/status, 0 when it is not there. */
static int own_status(const char *key)
{
	FILE *f = fopen("/proc/self/status", "re");
	char line[128];
	int value = 0;

	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, key, strlen(key)) == 0)
			value = (int)strtol(line + strlen(key), NULL, 10);
	if (f)
		fclose(f);
	return value;
}

static int yama_scope(void)
{
	FILE *f = fopen("/proc/sys/kernel/yama/ptrace_scope", "re");
	int value = 0;

	if (f && fscanf(f, "%d", &value) != 1)
		value = 0;
	if (f)
		fclose(f);
	return value;
}

static int seize_error(int code, struct err *err)
{
	int tracer = own_status("TracerPid:");

	if (code != EPERM)
		return err_sys(err, code, "cannot trace the program");
	if (tracer)
		return err_set(err, EPERM,
			"cannot trace the program: ioriot itself is being traced by process %d",
			tracer);
	if (yama_scope() == 3)
		return err_set(err, EPERM,
			"cannot trace the program: kernel.yama.ptrace_scope is 3 on this host");
	if (own_status("Seccomp:"))
		return err_set(err, EPERM,
			"cannot trace the program: a seccomp filter (of this container?) forbids "
			"ptrace");
	return err_sys(err, EPERM, "cannot trace the program");
}

int child_seize(const struct child *child, long options, struct err *err)
{
	return ptrace(PTRACE_SEIZE, child->pid, 0, options) ? seize_error(errno, err) : 0;
}

int child_start(struct child *child, struct err *err)
{
	ssize_t n = write(child->go, "", 1);

	return n == 1 ? 0 : err_sys(err, EIO, "cannot start the program");
}

int child_why(const struct child *child, const struct capture_job *job, struct err *err)
{
	struct report r;
	ssize_t n = read(child->report, &r, sizeof(r));

	if (n != sizeof(r))
		return 0;
	if (r.stage == REPORT_EXEC)
		return err_sys(err, r.code, "cannot execute %s", job->program);
	err_sys(err, r.code,
		"this host does not allow seccomp filters, which the ptrace backend needs");
	return -ENOSYS;
}

void child_close(struct child *child)
{
	close(child->go);
	close(child->report);
}
