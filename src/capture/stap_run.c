/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capture/program.h"
#include "capture/stap.h"

#define STAPRUN "/usr/bin/staprun"

int stap_find_staprun(char *out, struct err *err)
{
	int rc = program_find("staprun", out, NULL);

	if (rc)
		rc = program_find(STAPRUN, out, NULL);
	if (rc == -EACCES)
		return err_set(err, EPERM,
			"staprun is for root and members of the group stapusr only on this host");
	if (rc)
		return err_set(err, ENOSYS,
			"staprun is not installed, which the stap backend needs (Debian: the "
			"package "
			"systemtap-runtime, or systemtap)");
	return 0;
}

/* --- a run of staprun --- */

struct run {
	const struct capture_job *job;
	char name[STAP_NAME_MAX]; /* of the module, as far as staprun has told */
	char inserted[512];	  /* how it told */
	char why[512];		  /* the sentence that explains a failure best */
	bool has_error, exists;
};

/* The first word of what is there, when it fits. */
static void take_word(char *out, size_t size, const char *from)
{
	size_t len = strcspn(from, " '\n");

	if (len && len < size) {
		memcpy(out, from, len);
		out[len] = '\0';
	}
}

/* "staprun:insert_module:191 " stands before what it says with -v. */
static const char *without_origin(const char *line)
{
	const char *blank = strchr(line, ' ');

	if (strncmp(line, "staprun:", 8) != 0 && strncmp(line, "stapio:", 7) != 0)
		return line;
	return blank ? blank + 1 : line;
}

/* True for "Module NAME inserted from file PATH". It is said before it is true. */
static bool take_inserted(struct run *run, const char *line)
{
	static const char start[] = "Module ";

	if (strncmp(line, start, sizeof(start) - 1) != 0 || !strstr(line, " inserted"))
		return false;
	take_word(run->name, sizeof(run->name), line + sizeof(start) - 1);
	snprintf(run->inserted, sizeof(run->inserted), "%.500s", line);
	return true;
}

static void on_line(struct run *run, const char *line)
{
	bool error;

	line = without_origin(line);
	if (!*line || take_inserted(run, line))
		return;
	run->job->say(run->job, "staprun", line);
	run->exists |= strstr(line, "File exists") != NULL;
	error = strncmp(line, "ERROR", 5) == 0;
	if (!run->has_error)
		snprintf(run->why, sizeof(run->why), "%.500s", line);
	run->has_error |= error;
}

static void read_lines(struct run *run, int fd)
{
	char line[1024];
	FILE *f = fdopen(fd, "r");

	while (f && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		on_line(run, line);
	}
	if (f)
		fclose(f);
	else
		close(fd);
}

/* Signals as a shell would give them; what the terminal sends is for ioriot alone. */
static void __attribute__((noreturn)) become_staprun(char *const *argv, int out)
{
	static const int signals[] = {SIGINT, SIGHUP, SIGTERM, SIGQUIT, SIGPIPE, SIGCHLD};
	int null = open("/dev/null", O_RDONLY), to = fcntl(out, F_DUPFD_CLOEXEC, 3);
	sigset_t none;
	size_t i;

	setpgid(0, 0);
	for (i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		signal(signals[i], SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	dup2(null, 0);
	dup2(to, 1);
	dup2(to, 2);
	execv(argv[0], argv);
	dprintf(2, "cannot execute %s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

/* Starts it; *FROM is where it is heard. -errno. */
static pid_t start_staprun(char *const *argv, int *from)
{
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	pid = fork();
	if (pid == 0)
		become_staprun(argv, ends[1]);
	if (pid < 0)
		pid = -errno;
	close(ends[1]);
	if (pid < 0)
		close(ends[0]);
	*from = ends[0];
	return pid;
}

/* 0, or an exit status, or -errno. Signals wait: half of a module in the kernel helps nobody. */
static int run_staprun(struct run *run, char *const *argv)
{
	int from = -1, status = 0, rc = 0;
	sigset_t all, old;
	pid_t pid;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	pid = start_staprun(argv, &from);
	if (pid > 0) {
		read_lines(run, from);
		if (waitpid(pid, &status, 0) < 0)
			rc = -errno;
	}
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (pid < 0 || rc)
		return pid < 0 ? (int)pid : rc;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* --- the guard: takes the module out when this process is killed --- */

static void __attribute__((noreturn)) guard(int pipe_end, const char *staprun, const char *name)
{
	static const int ignored[] = {SIGINT, SIGHUP, SIGTERM, SIGQUIT};
	char *argv[] = {(char *)staprun, (char *)"-d", (char *)name, NULL};
	int fd = fcntl(pipe_end, F_DUPFD_CLOEXEC, 3), null = open("/dev/null", O_RDWR), i;
	ssize_t n;
	char byte;

	setsid();
	prctl(PR_SET_NAME, "ioriot-guard"); /* who looks for ioriot does not mean this one */
	for (i = 0; i < 4; i++)
		signal(ignored[i], SIG_IGN);
	for (i = 0; i < 3; i++)
		dup2(null, i);
	/* the capture, and what others wait for the end of */
	if (fd > 3)
		close_range(3, (unsigned)fd - 1, 0);
	close_range((unsigned)fd + 1, ~0u, 0);
	do
		n = read(fd, &byte, 1);
	while (n < 0 && errno == EINTR);
	for (i = 0; i < 4; i++)
		signal(ignored[i], SIG_DFL);
	if (n == 0)
		execv(argv[0], argv);
	_exit(0);
}

/* Without one it goes, too. */
static void set_guard(struct stap_loaded *loaded)
{
	int ends[2];

	loaded->guard = -1;
	if (pipe2(ends, O_CLOEXEC))
		return;
	loaded->guard = fork();
	if (loaded->guard == 0) {
		close(ends[1]);
		guard(ends[0], loaded->staprun, loaded->name);
	}
	close(ends[0]);
	loaded->guard_pipe = ends[1];
	if (loaded->guard < 0)
		close(ends[1]);
}

static void dismiss_guard(struct stap_loaded *loaded)
{
	if (loaded->guard <= 0)
		return;
	if (write(loaded->guard_pipe, "", 1) != 1) /* it ended already */
		kill(loaded->guard, SIGKILL);
	close(loaded->guard_pipe);
	while (waitpid(loaded->guard, NULL, 0) < 0 && errno == EINTR)
		;
	loaded->guard = -1;
}

/* --- in and out --- */

static bool is_loaded(const char *name)
{
	char path[96];

	snprintf(path, sizeof(path), "/sys/module/%s", name);
	return access(path, F_OK) == 0;
}

static int insert(struct run *run, const struct stap_loaded *loaded,
	const struct stap_module *module, unsigned buffer, bool rename)
{
	char size[16];
	char *argv[8];
	int n = 0;

	run->has_error = run->exists = false;
	snprintf(size, sizeof(size), "%u", buffer);
	argv[n++] = (char *)loaded->staprun;
	argv[n++] = (char *)"-v";
	argv[n++] = (char *)"-L";
	if (rename)
		argv[n++] = (char *)"-R";
	argv[n++] = (char *)"-b";
	argv[n++] = size;
	argv[n++] = (char *)(module->system ? module->name : module->path);
	argv[n] = NULL;
	return run_staprun(run, argv);
}

/* Another capture, or what was left by one whose guard was killed as well. */
static void say_other(const struct capture_job *job, const char *name)
{
	char line[256];

	snprintf(line, sizeof(line),
		"the module %s is in the kernel already, of another capture; if there is none, "
		"\"staprun -d %s\" takes it out",
		name, name);
	job->say(job, "ioriot", line);
}

int stap_load(struct stap_loaded *out, const struct capture_job *job,
	const struct stap_module *module, unsigned buffer, struct err *err)
{
	struct run run = {.job = job};
	bool other = is_loaded(module->name);
	int rc;

	memset(out, 0, sizeof(*out));
	rc = stap_find_staprun(out->staprun, err);
	if (rc)
		return rc;
	strcpy(run.name, module->name);
	if (other)
		say_other(job, module->name);
	rc = insert(&run, out, module, buffer, other);
	if (rc && run.exists && !other) /* another capture began at the same moment */
		rc = insert(&run, out, module, buffer, true);
	if (rc) {
		err_set(err, EPERM, "staprun could not load %s: %s", module->path,
			rc < 0 ? strerror(-rc) : run.why);
		return -EPERM;
	}
	strcpy(out->name, run.name);
	strcpy(out->inserted, run.inserted);
	set_guard(out);
	return 0;
}

int stap_unload(struct stap_loaded *loaded, const struct capture_job *job, struct err *err)
{
	char *argv[] = {loaded->staprun, (char *)"-d", loaded->name, NULL};
	struct run run = {.job = job};
	int rc;

	if (!*loaded->name)
		return 0;
	rc = run_staprun(&run, argv);
	dismiss_guard(loaded);
	if (rc && is_loaded(loaded->name))
		return err_set(err, EBUSY,
			"the module %s stays in the kernel, \"staprun -d %s\" takes it out: %s",
			loaded->name, loaded->name, rc < 0 ? strerror(-rc) : run.why);
	return 0;
}
