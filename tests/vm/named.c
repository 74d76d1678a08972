/* SPDX-License-Identifier: Apache-2.0 */
/*
 * named DIR: a program that is recorded when it is called "java": its threads, which have other names,
 * and its children, but not what these execute. It gives itself another name for a while, and is then
 * not what it was before. Called otherwise it does the same. DIR has a file "b".
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void must(long rc, const char *what)
{
	if (rc < 0) {
		perror(what);
		exit(1);
	}
}

static int make(const char *name)
{
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);

	must(fd, name);
	must(write(fd, name, strlen(name)), name);
	return fd;
}

static void *work(void *unused)
{
	must(prctl(PR_SET_NAME, "GC"), "prctl");
	close(make("thread"));
	return unused;
}

static void run(const char *program)
{
	pid_t pid = fork();

	must(pid, "fork");
	if (pid == 0) {
		if (!program)
			_exit(close(make("child")));
		execl(program, program, "/etc/group", NULL);
		_exit(127);
	}
	must(waitpid(pid, NULL, 0), "waitpid");
}

/* What nobody sees: FD, the directory and a file are others afterwards. */
static void hide(int fd)
{
	char name[16];

	must(prctl(PR_GET_NAME, name), "prctl");
	must(prctl(PR_SET_NAME, "hidden"), "prctl");
	close(fd);
	must(dup2(open("b", O_RDONLY), fd), "b");
	must(lseek(fd, 1, SEEK_SET), "b");
	close(open("/etc/hostname", O_RDONLY));
	must(chdir("sub"), "sub");
	must(prctl(PR_SET_NAME, name), "prctl");
}

int main(int argc, char **argv)
{
	pthread_t thread;
	char text[8];
	int fd;

	if (argc != 2 || chdir(argv[1])) {
		fprintf(stderr, "usage: named DIR\n");
		return 2;
	}
	must(mkdir("sub", 0755), "sub");
	fd = make("main");
	if (pthread_create(&thread, NULL, work, NULL))
		return 1;
	pthread_join(thread, NULL);
	run(NULL);
	run("/usr/bin/cat");
	hide(fd);
	must(read(fd, text, 4), "b");
	close(make("inner"));
	close(fd);
	return 0;
}
