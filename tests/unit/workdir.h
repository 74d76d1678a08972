/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_TESTS_WORKDIR_H
#define IORIOT_TESTS_WORKDIR_H

#include <check.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "init/cleanup.h"
#include "init/init_command.h"

/*
 * Tests of commands that build and delete trees: each has a directory of its own, which is the
 * working directory and the --root, and finds in the file "said" what went to standard error.
 */
static char workdir[64];

static void workdir_enter(void)
{
	strcpy(workdir, "/tmp/ioriot-tree-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(workdir));
	ck_assert_int_eq(chdir(workdir), 0);
	ck_assert_ptr_nonnull(freopen("said", "w", stderr));
}

static void workdir_leave(void)
{
	char cmd[200];

	snprintf(cmd, sizeof(cmd), "cd / && chmod -R u+rwX %s && rm -r %s", workdir, workdir);
	ck_assert_int_eq(system(cmd), 0);
}

static inline const char *said(void)
{
	static char text[4096];
	int fd = open("said", O_RDONLY);
	ssize_t n;

	fflush(stderr);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	text[n < 0 ? 0 : n] = '\0';
	close(fd);
	return text;
}

static inline void ck_said(const char *what)
{
	ck_assert_msg(strstr(said(), what) != NULL, "not said: '%s', but '%s'", what, said());
}

static inline struct options options_of(const char *file)
{
	return (struct options){.replay = file, .root = ".", .quiet = true};
}

/* A replay without operations whose INIT lines are LINES, for the captured user 1000. */
static inline void write_replay(const char *file, const char *lines)
{
	FILE *f = fopen(file, "w");

	ck_assert_ptr_nonnull(f);
	fprintf(f, "#|replay_version=4|name=t1|layout=mounts|id=abc1|uid=1000|\n#INIT\n%s#END\n",
		lines);
	fclose(f);
}

static inline int init_lines(const char *lines)
{
	struct options o = options_of("r.replay");

	write_replay("r.replay", lines);
	return init_command(&o);
}

static inline bool exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static inline struct stat stat_of(const char *path)
{
	struct stat st = {0};

	ck_assert_msg(lstat(path, &st) == 0, "%s is not there", path);
	return st;
}

static inline int shell(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static inline int shell(const char *fmt, ...)
{
	char cmd[1000];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(cmd, sizeof(cmd), fmt, ap);
	va_end(ap);
	return system(cmd);
}

#endif
