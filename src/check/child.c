/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check/check.h"

static int wait_for(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

/* All that comes through FD until its end. */
static void read_all(int fd, struct buf *out)
{
	char part[4096];
	ssize_t n;

	while ((n = read(fd, part, sizeof(part))) > 0 || (n < 0 && errno == EINTR))
		if (n > 0)
			buf_add(out, part, (size_t)n);
}

static __attribute__((noreturn)) void tell(
	int fd, int (*try)(void *arg, struct err *err), void *arg)
{
	struct err err = {0};

	if (try(arg, &err) == 0)
		err.code = 0;
	_exit(write(fd, &err, sizeof(err)) != sizeof(err));
}

static int ended(int status, struct err *err)
{
	if (WIFSIGNALED(status))
		return err_set(err, EPERM, "the trial was ended by signal %d%s", WTERMSIG(status),
			WTERMSIG(status) == SIGSYS ? ", which a seccomp filter sends" : "");
	return err_set(err, EIO, "the trial said nothing");
}

int try_in_child(int (*try)(void *arg, struct err *err), void *arg, struct err *err)
{
	struct buf said = BUF_INIT;
	int ends[2], status, rc;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		return err_sys(err, errno, "cannot make a pipe");
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		tell(ends[1], try, arg);
	close(ends[1]);
	if (pid > 0)
		read_all(ends[0], &said);
	close(ends[0]);
	if (pid < 0)
		return err_sys(err, errno, "cannot start a process");
	status = wait_for(pid);
	if (said.len == sizeof(*err))
		memcpy(err, said.p, sizeof(*err));
	rc = said.len == sizeof(*err) ? -err->code : ended(status, err);
	buf_free(&said);
	return rc;
}

static __attribute__((noreturn)) void become(const char *const *argv, int out)
{
	int in = open("/dev/null", O_RDONLY);

	if (in >= 0 && dup2(in, STDIN_FILENO) == STDIN_FILENO &&
		dup2(out, STDOUT_FILENO) == STDOUT_FILENO &&
		dup2(out, STDERR_FILENO) == STDERR_FILENO)
		execvp(argv[0], (char *const *)argv);
	_exit(127);
}

int run_program(const char *const *argv, struct buf *out)
{
	int ends[2], status;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		become(argv, ends[1]);
	close(ends[1]);
	if (pid > 0)
		read_all(ends[0], out);
	close(ends[0]);
	if (pid < 0)
		return -errno;
	status = wait_for(pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -EINTR;
}
