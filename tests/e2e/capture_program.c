/* SPDX-License-Identifier: Apache-2.0 */
/* Programs that are hard to follow; tests/e2e/capture_threads.sh records them. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#define THREADS 200

static int mark; /* where the handler writes */

static void sleep_ms(int ms)
{
	usleep((useconds_t)ms * 1000);
}

static void say(const char *s)
{
	if (write(STDOUT_FILENO, s, strlen(s)) < 0)
		_exit(99);
}

static void on_signal(int sig)
{
	(void)sig;
	if (write(mark, "h", 1) != 1)
		_exit(99);
}

/* Until another process is asleep in a call. */
static void wait_asleep(pid_t pid)
{
	char path[64], text[512], *end;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	do {
		sleep_ms(10);
		fd = open(path, O_RDONLY);
		n = read(fd, text, sizeof(text) - 1);
		if (n <= 0)
			_exit(99);
		close(fd);
		text[n] = '\0';
		end = strrchr(text, ')');
	} while (!end || end[2] != 'S');
}

/* In the child: interrupts the read of its parent, and half a second behind the handler sends the data. */
static int interrupt_and_write(pid_t reader, const _Atomic int *reads, int out)
{
	struct stat st;

	while (!*reads)
		sleep_ms(10);
	wait_asleep(reader);
	kill(reader, SIGALRM);
	do
		sleep_ms(500);
	while (stat("mark", &st) == 0 && st.st_size == 0);
	return write(out, "x", 1) != 1;
}

/* A read that a handler interrupts; its data comes after that. FLAGS of the handler. */
static int interrupt_read(int flags)
{
	struct sigaction sa = {.sa_handler = on_signal, .sa_flags = flags};
	_Atomic int *reads = mmap(NULL, sizeof(*reads), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t self = getpid();
	int p[2], n;
	char c;

	mark = open("mark", O_CREAT | O_WRONLY | O_TRUNC, 0600);
	if (reads == MAP_FAILED || pipe(p))
		return 1;
	sigaction(SIGALRM, &sa, NULL);
	if (fork() == 0)
		_exit(interrupt_and_write(self, reads, p[1]));
	*reads = 1;
	n = (int)read(p[0], &c, 1);
	printf("%d\n", n < 0 ? -errno : n);
	wait(NULL);
	return 0;
}

/* A lock that is waited for, while signals without a handler come. */
static int stop_in_lock(void)
{
	int fd = open("lock", O_CREAT | O_RDWR, 0600), other;
	pid_t child;

	flock(fd, LOCK_EX);
	child = fork();
	if (child == 0) {
		close(fd); /* the lock is the parent's alone */
		other = open("lock", O_RDWR);
		_exit(flock(other, LOCK_EX) ? errno : 0);
	}
	sleep_ms(200);
	kill(child, SIGSTOP);
	sleep_ms(200);
	kill(child, SIGCONT);
	sleep_ms(200);
	close(fd);
	int status;
	waitpid(child, &status, 0);
	return WEXITSTATUS(status);
}

static void *exec_echo(void *arg)
{
	sleep_ms(100);
	execl("/bin/echo", "echo", "executed by a thread", NULL);
	return arg;
}

static void *say_later(void *arg)
{
	sleep_ms(200);
	say("the leader is gone\n");
	return arg;
}

static void *wait_for_ever(void *arg)
{
	for (;;)
		pause();
	return arg;
}

static void *use_files(void *arg)
{
	char name[32];
	int i, fd;

	snprintf(name, sizeof(name), "t%ld", (long)arg);
	for (i = 0; i < 5; i++) {
		fd = open(name, O_CREAT | O_WRONLY, 0600);
		if (write(fd, name, 3) != 3)
			_exit(99);
		close(fd);
		unlink(name);
	}
	return NULL;
}

static int many_threads(void)
{
	pthread_t t[THREADS];
	long i;

	for (i = 0; i < THREADS; i++)
		if (pthread_create(&t[i], NULL, use_files, (void *)i))
			return 1;
	for (i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	return 0;
}

/* Children of children, many at once, that are killed while they fork. */
static int fork_storm(void)
{
	int round, i;

	for (round = 0; round < 20; round++) {
		pid_t child = fork();

		if (child == 0)
			for (i = 0;; i++) {
				if (fork() == 0)
					_exit(0);
				while (waitpid(-1, NULL, WNOHANG) > 0)
					;
			}
		sleep_ms(5);
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
	return 0;
}

static int vforks(void)
{
	int i, status, sum = 0;

	for (i = 0; i < 10; i++) {
		pid_t child = vfork();

		if (child == 0) {
			execl(i % 2 ? "/bin/true" : "/nonexistent", "true", NULL);
			_exit(3);
		}
		waitpid(child, &status, 0);
		sum += WEXITSTATUS(status);
	}
	return sum == 15 ? 0 : 1;
}

static int start(void *(*a)(void *), void *(*b)(void *))
{
	pthread_t t;

	if (b) /* the first to be there: the other one may end all */
		pthread_create(&t, NULL, b, NULL);
	pthread_create(&t, NULL, a, NULL);
	return 0;
}

/* What the program can see of us; must be as without us. */
static int look_around(void)
{
	char line[256];
	FILE *f = fopen("/proc/self/status", "r");

	while (fgets(line, sizeof(line), f))
		if (strncmp(line, "SigBlk", 6) == 0 || strncmp(line, "SigIgn", 6) == 0 ||
			strncmp(line, "Cpus_allowed:", 13) == 0 || strncmp(line, "Umask", 5) == 0)
			say(line);
	fclose(f);
	printf("dumpable %d\n", prctl(PR_GET_DUMPABLE));
	return 0;
}

/* Calls that move bytes between descriptors. */
static int copy(void)
{
	int from = open("from", O_CREAT | O_RDWR, 0600), to = open("to", O_CREAT | O_RDWR, 0600);
	int p[2];
	off_t off = 0;

	if (pipe(p) || write(from, "content", 7) != 7 || write(p[1], "x", 1) != 1)
		return 1;
	if (copy_file_range(from, &off, to, NULL, 7, 0) != 7)
		return 2;
	if (copy_file_range(from, &off, to, NULL, 7, 0) != 0)
		return 3;
	off = 0;
	if (sendfile(to, from, &off, 7) != 7)
		return 4;
	if (splice(p[0], NULL, to, NULL, 1, 0) != 1)
		return 5;
	return fsetxattr(to, "nonsense", "x", 1, 0) == 0 ? 6 : 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (strcmp(what, "interrupted") == 0)
		return interrupt_read(0);
	if (strcmp(what, "restarted") == 0)
		return interrupt_read(SA_RESTART);
	if (strcmp(what, "stopped") == 0)
		return stop_in_lock();
	if (strcmp(what, "thread-exec") == 0)
		return start(exec_echo, wait_for_ever), pause();
	if (strcmp(what, "leader-exit") == 0)
		start(say_later, NULL), pthread_exit(NULL);
	if (strcmp(what, "leader-exit-exec") == 0)
		start(exec_echo, NULL), pthread_exit(NULL);
	if (strcmp(what, "killed") == 0)
		return start(wait_for_ever, wait_for_ever), sleep_ms(50), raise(SIGTERM);
	if (strcmp(what, "threads") == 0)
		return many_threads();
	if (strcmp(what, "storm") == 0)
		return fork_storm();
	if (strcmp(what, "vfork") == 0)
		return vforks();
	if (strcmp(what, "look") == 0)
		return look_around();
	if (strcmp(what, "io_uring") == 0)
		return syscall(SYS_io_uring_setup, 8, (char[256]){0}) < 0 ? 77 : 0;
	if (strcmp(what, "copy") == 0)
		return copy();
	return 98;
}
