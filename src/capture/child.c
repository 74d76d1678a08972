/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/child.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* What the child says through its report pipe when it does not become the program. */
struct report {
	enum { REPORT_FILTER, REPORT_EXEC } stage;
	int code;
};

/* A script without an interpreter line is run by the shell, as execvp(3) does. */
static void exec_by_shell(const char *program, char **argv)
{
	char **args;
	size_t n = 0, i;

	while (argv[n])
		n++;
	args = calloc(n + 2, sizeof(*args));
	if (!args)
		return;
	args[0] = (char *)"/bin/sh";
	args[1] = (char *)program;
	for (i = 1; i < n; i++)
		args[i + 1] = argv[i];
	execv(args[0], args);
	free(args);
}

static void __attribute__((noreturn))
become_program(const struct child *child, const char *program, char **argv, struct filter *filter)
{
	struct report r = {.stage = REPORT_FILTER};
	char byte;

	if (read(child->go, &byte, 1) != 1)
		_exit(1); /* the backend gave up, it says why */
	r.code = filter ? -filter_install(filter) : 0;
	if (r.code == 0) {
		r.stage = REPORT_EXEC;
		execv(program, argv);
		r.code = errno;
		if (r.code == ENOEXEC)
			exec_by_shell(program, argv);
	}
	if (write(child->report, &r, sizeof(r)) != sizeof(r))
		_exit(1);
	_exit(1);
}

int child_fork(struct child *child, const char *program, char **argv, struct filter *filter,
	struct err *err)
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
		close(go[1]); /* so that the end of the backend ends the wait */
		*child = (struct child){.go = go[0], .report = report[1]};
		become_program(child, program, argv, filter);
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

int child_start(struct child *child, struct err *err)
{
	ssize_t n = write(child->go, "", 1);

	return n == 1 ? 0 : err_sys(err, EIO, "cannot start the program");
}

int child_why(const struct child *child, const char *program, struct err *err)
{
	struct report r;
	ssize_t n = read(child->report, &r, sizeof(r));

	if (n != sizeof(r))
		return 0;
	if (r.stage == REPORT_EXEC)
		return err_sys(err, r.code, "cannot execute %s", program);
	err_sys(err, r.code,
		"this host does not allow seccomp filters, which the ptrace backend needs");
	return -ENOSYS;
}

void child_close(struct child *child)
{
	close(child->go);
	close(child->report);
}
