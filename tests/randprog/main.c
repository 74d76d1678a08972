/* SPDX-License-Identifier: Apache-2.0 */
/*
 * randprog SEED [OPTIONS]: the random program of a seed, in the current directory.
 * randprog SEED --setup: makes what is there before it.
 * randprog SEED --steps: how many steps it has.
 */
#define _GNU_SOURCE
#include "randprog.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/landlock.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

struct shared *shared;

static void die(const char *what)
{
	fprintf(stderr, "randprog: %s: %s\n", what, strerror(errno));
	exit(2);
}

void say(const struct ctx *c, const char *format, ...)
{
	char line[1024];
	size_t len = (size_t)snprintf(line, sizeof(line), "%u %u ", (unsigned)(c->step - shared->step),
		c->task);
	uint32_t at;
	va_list ap;

	va_start(ap, format);
	len += (size_t)vsnprintf(line + len, sizeof(line) - len - 1, format, ap);
	va_end(ap);
	if (len > sizeof(line) - 2)
		len = sizeof(line) - 2;
	line[len++] = '\n';
	at = atomic_fetch_add(&shared->log_len, (uint32_t)len);
	if (at + len > sizeof(shared->log)) {
		shared->log_len = sizeof(shared->log);
		return;
	}
	memcpy(shared->log + at, line, len);
}

/* Memory that forked and executed programs find again. */
static void share(bool first)
{
	if (first) {
		int fd = memfd_create("randprog", 0);

		if (fd < 0 || ftruncate(fd, sizeof(*shared)) || dup2(fd, MEMORY_FD) < 0)
			die("memory");
		close(fd);
	}
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED, MEMORY_FD, 0);
	if (shared == MAP_FAILED)
		die("memory");
}

static void make_pipes(void)
{
	int i, both[2];

	for (i = 0; i < TASKS; i++) {
		if (pipe(both) || dup2(both[0], MEMORY_FD + 1 + 2 * i) < 0 ||
			dup2(both[1], MEMORY_FD + 2 + 2 * i) < 0)
			die("pipe");
		close(both[0]);
		close(both[1]);
	}
}

static void make_sockets(void)
{
	int i, both[2];

	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, both))
		die("sockets");
	for (i = 0; i < 2; i++) {
		if (dup2(both[i], PASS_FD + i) < 0)
			die("sockets");
		close(both[i]);
	}
}

/* A random path may lead anywhere: this process can write nowhere but below its top. */
static void confine(const char *top)
{
	struct landlock_ruleset_attr attr = {.handled_access_fs = (1 << 14) - 1};
	struct landlock_path_beneath_attr beneath, self = {LANDLOCK_ACCESS_FS_READ_FILE, 0};
	int ruleset, fd;

	attr.handled_access_fs &= ~(uint64_t)LANDLOCK_ACCESS_FS_EXECUTE;
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	fd = open(top, O_PATH | O_DIRECTORY);
	beneath = (struct landlock_path_beneath_attr){attr.handled_access_fs, fd};
	self.parent_fd = open("/proc/self/exe", O_PATH);
	if (ruleset < 0 || fd < 0 || self.parent_fd < 0 ||
		syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) ||
		syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &self, 0) ||
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
		syscall(SYS_landlock_restrict_self, ruleset, 0))
		die("Landlock");
	close(ruleset);
	close(fd);
	close(self.parent_fd);
}

static unsigned number(const char *text, unsigned long max)
{
	char *end;
	unsigned long n = strtoul(text, &end, 0);

	if (*end || end == text || n > max) {
		errno = EINVAL;
		die(text);
	}
	return (unsigned)n;
}

static enum mode mode_of(const char *text)
{
	static const char *const names[MODES] = {"turns", "pairs", "phases", "free"};
	unsigned i;

	for (i = 0; i < MODES; i++)
		if (strcmp(text, names[i]) == 0)
			return (enum mode)i;
	errno = EINVAL;
	die(text);
	return MODES;
}

enum what { RUN, SETUP, COUNT };

static enum what parse(int argc, char **argv, struct options *o)
{
	static const struct option known[] = {{"ops", 1, NULL, 'o'}, {"tasks", 1, NULL, 't'},
		{"mode", 1, NULL, 'm'}, {"keep", 1, NULL, 'k'}, {"pipes", 0, NULL, 'p'},
		{"privileged", 0, NULL, 'r'}, {"limit", 1, NULL, 'l'}, {"setup", 0, NULL, 's'}, {"steps", 0, NULL, 'n'},
		{NULL, 0, NULL, 0}};
	enum what what = RUN;
	int c;

	*o = (struct options){.ops = 60, .tasks = 5};
	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1)
		switch (c) {
		case 'o':
			o->ops = number(optarg, STEPS - 8 * TASKS);
			break;
		case 't':
			o->tasks = number(optarg, TASKS);
			break;
		case 'm':
			o->mode = mode_of(optarg);
			break;
		case 'k':
			o->keep = optarg;
			break;
		case 'p':
			o->pipes = true;
			break;
		case 'l':
			o->limit = number(optarg, UINT32_MAX);
			break;
		case 'r':
			o->privileged = true;
			break;
		case 's':
			what = SETUP;
			break;
		case 'n':
			what = COUNT;
			break;
		default:
			exit(2);
		}
	if (optind != argc - 1) {
		fprintf(stderr, "usage: randprog SEED [--setup | --steps] [--mode M] [--ops N] "
				"[--tasks N] [--keep LIST] [--pipes] [--privileged] [--limit BYTES]\n");
		exit(2);
	}
	o->seed = strtoull(argv[optind], NULL, 0);
	return what;
}

/*
 * What the program was started with: 0 is standard input, 3, a directory, 4, and 5, which shares the
 * description of 3, may be open as well.
 * Not devices: root could change the owner and mode of the host's own /dev/null.
 */
static void find_slots(void)
{
	static const int given[] = {0, 3, 4, 5};
	struct stat st;
	unsigned i;

	for (i = 0; i < SLOTS; i++)
		shared->slot[0][i] = -1;
	for (i = 0; i < 4; i++)
		if (fstat(given[i], &st) || !S_ISCHR(st.st_mode))
			shared->slot[0][i] = given[i];
	shared->directory[3] = shared->directory[5] = true;
	shared->tables = 1;
}

/* None of the files that it writes becomes longer. */
static void limit_files(unsigned bytes)
{
	struct rlimit limit;

	if (!bytes)
		return;
	signal(SIGXFSZ, SIG_IGN);
	if (getrlimit(RLIMIT_FSIZE, &limit))
		die("limit");
	limit.rlim_cur = bytes;
	if (setrlimit(RLIMIT_FSIZE, &limit))
		die("limit");
}

static void start(const struct options *o)
{
	const char *why;
	char *slash;
	int i;

	share(true);
	shared->options = *o;
	if (!getcwd(shared->top, sizeof(shared->top)))
		die("getcwd");
	plan_make(shared);
	why = plan_keep(shared);
	if (why) {
		errno = EINVAL;
		die(why);
	}
	shared->first = getpid();
	find_slots();
	if (o->pipes)
		make_pipes();
	make_sockets();
	signal(SIGPIPE, SIG_IGN);
	limit_files(o->limit);
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))
		die("subreaper");
	for (i = 0; i < LEVELS; i++) {
		slash = strrchr(shared->top, '/');
		if (!slash || slash == shared->top) {
			errno = EINVAL;
			die("this is no place for it");
		}
		*slash = '\0';
	}
	confine(shared->top);
	if (!getcwd(shared->top, sizeof(shared->top)))
		die("getcwd");
}

int main(int argc, char **argv)
{
	struct options o;

	if (argc == 3 && strcmp(argv[1], "--resume") == 0) {
		share(false);
		task_resume(number(argv[2], TASKS - 1));
	}
	switch (parse(argc, argv, &o)) {
	case SETUP:
		umask(0);
		calls_setup(o.seed, o.privileged);
		return 0;
	case COUNT:
		shared = calloc(1, sizeof(*shared));
		if (!shared)
			die("memory");
		shared->options = o;
		plan_make(shared);
		printf("%u\n", shared->nsteps);
		return 0;
	case RUN:
		start(&o);
		task_run(0);
	}
	return 0;
}
