/* SPDX-License-Identifier: Apache-2.0 */
/*
 * floor OBJECT PROGRAM [ARG ...]: runs PROGRAM while OBJECT (floor.bpf.c) writes down its calls, and those of its
 * children. What PROGRAM prints and its status are its own; 126: the programs cannot be had here.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#define CALL_BYTES 512 /* at least those of struct call */
#define LEFT_OUT   126

/* Records of CHILD are made from now on. 0 or an error. */
static int watch(struct bpf_map *threads, pid_t child)
{
	static const char nothing[CALL_BYTES];
	int fd = (int)syscall(SYS_pidfd_open, child, 0), rc;

	if (fd < 0 || bpf_map__value_size(threads) > sizeof(nothing))
		return -1;
	rc = bpf_map__update_elem(threads, &fd, sizeof(fd), nothing, bpf_map__value_size(threads), BPF_ANY);
	close(fd);
	return rc;
}

/* What says who is recorded; NULL: the programs cannot be had. */
static struct bpf_map *load(const char *path)
{
	struct bpf_object *object = bpf_object__open_file(path, NULL);
	struct bpf_program *program;

	if (!object || bpf_object__load(object))
		return NULL;
	bpf_object__for_each_program(program, object)
		if (!bpf_program__attach(program))
			return NULL;
	return bpf_object__find_map_by_name(object, "threads");
}

/* As soon as a byte says that it may. */
static void run(char **argv, const int *go)
{
	char c;

	close(go[1]);
	if (read(go[0], &c, 1) == 1)
		execvp(*argv, argv);
	_exit(127);
}

int main(int argc, char **argv)
{
	struct bpf_map *threads;
	int go[2], status;
	pid_t child;

	if (argc < 3)
		return 2;
	threads = load(argv[1]);
	if (!threads || pipe(go))
		return LEFT_OUT;
	child = fork();
	if (child < 0)
		return LEFT_OUT;
	if (!child)
		run(argv + 2, go);
	if (watch(threads, child) || write(go[1], "", 1) != 1)
		return LEFT_OUT; /* so does the child, whom nobody lets go on */
	return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
