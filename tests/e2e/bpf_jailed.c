/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jailed HOW DIRECTORY: makes DIRECTORY its root, or that of a mount namespace of its own, and looks at what is there.
 * HOW: "chroot"; "wait", the same, and begins when there is something to read in its "go"; "bind", which mounts something
 * in a mount namespace; "pivot", which gives that namespace another root.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void must(long ret, const char *what)
{
	if (ret >= 0)
		return;
	perror(what);
	exit(1);
}

static void enter_namespace(const char *directory)
{
	must(unshare(CLONE_NEWNS), "unshare");
	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "private");
	must(mount(directory, directory, NULL, MS_BIND, NULL), "bind");
}

static void enter(const char *how, const char *directory)
{
	char byte;
	int fd;

	if (strcmp(how, "bind") == 0 || strcmp(how, "pivot") == 0)
		enter_namespace(directory);
	if (strcmp(how, "pivot") == 0) {
		must(chdir(directory), directory);
		must(syscall(SYS_pivot_root, ".", "old"), "pivot_root");
	} else {
		must(chroot(directory), directory);
	}
	must(chdir("/"), "/");
	if (strcmp(how, "wait") != 0)
		return;
	fd = open("go", O_RDONLY);
	must(read(fd, &byte, 1), "go");
	close(fd);
}

static void look(void)
{
	struct stat st;
	int fd, directory;

	fd = open("/data/file", O_RDONLY);
	must(fd, "/data/file");
	close(fd);
	directory = open("/data", O_RDONLY | O_DIRECTORY);
	fd = openat(directory, "file", O_RDONLY);
	must(fd, "file");
	close(fd);
	close(directory);
	must(syscall(SYS_newfstatat, AT_FDCWD, "../../../data/file", &st, 0), "..");
	if (unlink("/nothing") == 0 || errno != ENOENT)
		exit(1);
}

int main(int argc, char **argv)
{
	pid_t child;
	int status;

	if (argc != 3)
		return 2;
	enter(argv[1], argv[2]);
	look();
	child = fork();
	if (child == 0)
		_exit(mkdir("/tmp/child", 0777) || rmdir("/tmp/child"));
	must(waitpid(child, &status, 0), "child");
	return status != 0;
}
