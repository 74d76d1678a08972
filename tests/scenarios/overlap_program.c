/* SPDX-License-Identifier: Apache-2.0 */
/*
 * overlap_program MODE: threads or processes whose calls overlap and decide about each other: what
 * each of them returns follows from the order in which they took effect. In the current directory.
 * It prints nothing and exits with 0, or with 2 when something went wrong with itself.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#define ROUNDS	   150
#define THREADS	   4
#define PROCESSES 8

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static void must(int rc, const char *what)
{
	if (rc < 0)
		die(what);
}

/* Calls whose results may be anything: it is the capture that must be able to explain them. */
static void any(long rc)
{
	(void)rc;
}

static unsigned next(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(*state >> 33);
}

static void make_file(const char *name, size_t size)
{
	int fd = open(name, O_CREAT | O_TRUNC | O_WRONLY, 0644);

	must(fd, name);
	must(ftruncate(fd, (off_t)size), name);
	close(fd);
}

/* ---- one thing each, by the number of the thread ---- */

static void touch(const char *name, int flags)
{
	int fd = open(name, flags, 0644);

	if (fd >= 0)
		close(fd);
}

/* The current directory of all threads changes while they use it. */
static void in_directories(uint64_t *rng, int k)
{
	static const char *const names[] = {"f", "g", "../one/f", "../two/h", "new"};

	if (k == 0)
		any(chdir(next(rng) % 2 ? "../one" : "../two"));
	else if (next(rng) % 3)
		touch(names[next(rng) % 5], O_RDWR | (next(rng) % 4 ? 0 : O_CREAT));
	else
		any(unlink("new"));
}

/* Names come and go, directories with what is in them too. */
static void with_names(uint64_t *rng, int k)
{
	(void)k;
	switch (next(rng) % 7) {
	case 0:
		any(mkdir("a", 0755));
		any(mkdir("a/b", 0755));
		any(mkdir("a/b/c", 0755));
		break;
	case 1:
		any(rmdir("a/b/c"));
		any(rmdir("a/b"));
		any(rmdir("a"));
		break;
	case 2:
		touch("a/b/file", O_CREAT | O_EXCL | O_WRONLY);
		break;
	case 3:
		any(unlink("a/b/file"));
		break;
	case 4:
		any(rename("a/b", "a/x"));
		break;
	case 5:
		any(rename("a/x", "a/b"));
		break;
	default:
		any(access("a/b/c", F_OK));
	}
}

static void with_attributes(uint64_t *rng, int k)
{
	char value[8];

	(void)k;
	switch (next(rng) % 4) {
	case 0:
		any(setxattr("file", "user.x", "value", 5, XATTR_CREATE));
		break;
	case 1:
		any(removexattr("file", "user.x"));
		break;
	case 2:
		any(setxattr("file", "user.x", "other", 5, XATTR_REPLACE));
		break;
	default:
		any(getxattr("file", "user.x", value, sizeof(value)));
	}
}

static void with_modes(uint64_t *rng, int k)
{
	static const mode_t modes[] = {0, 0200, 0400, 0600, 0700};

	if (k == 0)
		any(chmod("file", modes[next(rng) % 5]));
	else if (k == 1)
		any(chmod("dir", next(rng) % 2 ? 0700 : 0));
	else if (next(rng) % 2)
		any(access(next(rng) % 2 ? "file" : "dir/file", (int)(next(rng) % 8)));
	else
		touch(next(rng) % 2 ? "file" : "dir/file", next(rng) % 2 ? O_RDONLY : O_WRONLY);
}

/* One description of all, and one file of several. */
static void with_bytes(uint64_t *rng, int k)
{
	static char room[8192];
	static _Atomic int shared, own[PROCESSES];
	int fd;

	if (!shared)
		shared = open("bytes", O_RDWR);
	if (!own[k])
		own[k] = open("bytes", O_RDWR | (k % 2 ? O_APPEND : 0));
	fd = next(rng) % 2 ? shared : own[k];
	switch (next(rng) % 7) {
	case 0:
		any(write(fd, room, next(rng) % 3000));
		break;
	case 1:
		any(pread(fd, room, sizeof(room), next(rng) % 20000));
		break;
	case 2:
		any(ftruncate(fd, next(rng) % 20000));
		break;
	case 3:
		any(lseek(fd, -(off_t)(next(rng) % 4000), SEEK_END));
		break;
	case 4:
		any(lseek(fd, next(rng) % 4000, SEEK_SET));
		break;
	default:
		any(read(fd, room, next(rng) % sizeof(room)));
	}
}

/* Numbers of descriptors are taken by others at once. */
static void with_numbers(uint64_t *rng, int k)
{
	char byte;
	int fd = 20 + (int)(next(rng) % 4);

	(void)k;
	switch (next(rng) % 5) {
	case 0:
		any(dup2(open("short", O_RDONLY), fd));
		break;
	case 1:
		any(dup2(open("long", O_RDWR), fd));
		break;
	case 2:
		close(fd);
		break;
	case 3:
		any(pread(fd, &byte, 1, 10));
		break;
	default:
		any(lseek(fd, 0, SEEK_END));
	}
}

/*
 * Locks that are waited for, their ranges counted from an offset or an end that another thread moves. Two threads
 * have a description, and so the locks, in common.
 */
static void with_ranges(uint64_t *rng, int k)
{
	static _Atomic int shared[PROCESSES / 2];
	struct flock all = {.l_type = F_UNLCK, .l_whence = SEEK_SET};
	struct flock lock = {.l_type = F_WRLCK, .l_whence = next(rng) % 4 ? SEEK_CUR : SEEK_END, .l_len = 400};
	_Atomic int *fd = &shared[k / 2];
	int unset = 0, own;

	if (!*fd) {
		own = open("bytes", O_RDWR);
		if (!atomic_compare_exchange_strong(fd, &unset, own))
			close(own);
	}
	any(lseek(*fd, next(rng) % 2000, SEEK_SET));
	if (next(rng) % 8 == 0)
		any(ftruncate(*fd, 100 + next(rng) % 2000));
	must(fcntl(*fd, F_OFD_SETLKW, &lock), "F_OFD_SETLKW");
	any(lseek(*fd, next(rng) % 2000, SEEK_SET));
	must(fcntl(*fd, F_OFD_SETLK, &all), "F_OFD_SETLK");
}

/* ---- what must go on although one of two is held ---- */

static _Atomic int sleeper; /* who is about to wait */

static void sleeps(void)
{
	sleeper = gettid();
}

/* It does so. */
static void wait_asleep(void)
{
	char path[64], text[512], *end;
	int tid, fd;

	while (!(tid = sleeper))
		sched_yield();
	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	do {
		fd = open(path, O_RDONLY);
		must(fd, path);
		text[0] = '\0';
		must((int)read(fd, text, sizeof(text) - 1), path);
		close(fd);
		end = strrchr(text, ')');
	} while (!end || end[2] != 'S');
	sleeper = 0;
}

static void *fifo_reader(void *unused)
{
	char byte;
	int fd;

	sleeps();
	fd = open("fifo", O_RDONLY); /* waits for a writer, who comes after a rename */

	(void)unused;
	must(fd, "fifo");
	if (read(fd, &byte, 1) != 1)
		die("read of a FIFO");
	close(fd);
	return NULL;
}

static void *pipe_reader(void *arg)
{
	char byte;

	sleeps();
	if (read(*(int *)arg, &byte, 1) != 1)
		die("read of a pipe");
	return NULL;
}

static void *lock_waiter(void *unused)
{
	int fd = open("lock", O_RDWR);

	(void)unused;
	sleeps();
	must(flock(fd, LOCK_EX), "flock");
	close(fd);
	return NULL;
}

static void *closer(void *arg)
{
	close(*(int *)arg); /* of the pipe that another thread reads */
	return NULL;
}

static void join_all(pthread_t *threads, int n)
{
	while (n--)
		pthread_join(threads[n], NULL);
}

static void deadlocks(void)
{
	pthread_t thread[2];
	int ends[2], fd, i;

	must(mkfifo("fifo-first", 0644), "mkfifo");
	for (i = 0; i < 20; i++) {
		/* an open that waits, and a rename of what it opens */
		must(rename(i % 2 ? "fifo-second" : "fifo-first", "fifo"), "rename");
		pthread_create(thread, NULL, fifo_reader, NULL);
		wait_asleep();
		must(rename("fifo", i % 2 ? "fifo-first" : "fifo-second"), "rename");
		fd = open(i % 2 ? "fifo-first" : "fifo-second", O_WRONLY);
		must(fd, "fifo");
		must((int)write(fd, "x", 1), "write");
		close(fd);
		join_all(thread, 1);

		/* a read that waits, of a descriptor that is closed meanwhile */
		must(pipe(ends), "pipe");
		fd = dup(ends[0]);
		pthread_create(&thread[0], NULL, pipe_reader, &ends[0]);
		wait_asleep();
		pthread_create(&thread[1], NULL, closer, &ends[0]);
		pthread_join(thread[1], NULL);
		must((int)write(ends[1], "x", 1), "write");
		join_all(thread, 1);
		close(ends[1]);
		close(fd);

		/* a lock that is waited for, and given back by a close */
		fd = open("lock", O_RDWR | O_CREAT, 0644);
		must(flock(fd, LOCK_EX), "flock");
		pthread_create(thread, NULL, lock_waiter, NULL);
		wait_asleep();
		close(fd);
		join_all(thread, 1);
	}
}

/* ---- a task that waits at its entry is stopped, continued and killed ---- */

static volatile sig_atomic_t came;

static void on_signal(int sig)
{
	came += sig == SIGUSR1;
}

static void busy_with_names(uint64_t seed)
{
	for (;;)
		with_names(&seed, 0);
}

static void signals(void)
{
	struct sigaction sa = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
	pid_t child[4];
	int i, round, status;

	sigaction(SIGUSR1, &sa, NULL);
	for (round = 0; round < 5; round++) {
		for (i = 0; i < 4; i++) {
			child[i] = fork();
			must(child[i], "fork");
			if (child[i] == 0)
				busy_with_names((uint64_t)(round * 10 + i));
		}
		for (i = 0; i < 40; i++) {
			kill(child[i % 4], SIGUSR1);
			kill(child[(i + 1) % 4], SIGSTOP);
			usleep(200);
			kill(child[(i + 1) % 4], SIGCONT);
		}
		for (i = 0; i < 4; i++)
			kill(child[i], SIGKILL);
		for (i = 0; i < 4; i++)
			if (waitpid(child[i], &status, 0) != child[i] || !WIFSIGNALED(status))
				die("child");
	}
}

/* ---- many at once ---- */

typedef void step_fn(uint64_t *rng, int k);

static const struct {
	const char *name;
	step_fn *step;
	int tasks;
	int processes; /* not threads */
} modes[] = {
	{"directories", in_directories, THREADS, 0},
	{"names", with_names, PROCESSES, 1},
	{"attributes", with_attributes, THREADS, 0},
	{"modes", with_modes, THREADS, 1},
	{"bytes", with_bytes, THREADS, 0},
	{"numbers", with_numbers, THREADS, 0},
	{"ranges", with_ranges, THREADS, 0},
};

static step_fn *step;
static pthread_barrier_t *barrier;

static void *rounds(void *arg)
{
	int k = (int)(intptr_t)arg, i;
	uint64_t rng = (uint64_t)k + 1;

	pthread_barrier_wait(barrier);
	for (i = 0; i < ROUNDS; i++)
		step(&rng, k);
	return NULL;
}

static void run(size_t mode)
{
	pthread_t thread[PROCESSES];
	pthread_barrierattr_t attr;
	int k, n = modes[mode].tasks;

	step = modes[mode].step;
	barrier = mmap(NULL, sizeof(*barrier), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_barrierattr_init(&attr);
	pthread_barrierattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(barrier, &attr, (unsigned)n);
	for (k = 0; k < n; k++) {
		if (!modes[mode].processes) {
			pthread_create(&thread[k], NULL, rounds, (void *)(intptr_t)k);
		} else if (fork() == 0) {
			rounds((void *)(intptr_t)k);
			_exit(0);
		}
	}
	if (!modes[mode].processes)
		join_all(thread, n);
	while (wait(NULL) > 0)
		;
}

static void prepare(void)
{
	mkdir("one", 0755);
	mkdir("two", 0755);
	mkdir("dir", 0755);
	make_file("one/f", 1);
	make_file("two/f", 2);
	make_file("two/h", 3);
	make_file("dir/file", 4);
	make_file("file", 5);
	make_file("bytes", 9000);
	make_file("short", 5);
	make_file("long", 50);
	make_file("lock", 0);
}

int main(int argc, char **argv)
{
	size_t i;

	prepare();
	if (argc != 2)
		return 2;
	if (strcmp(argv[1], "deadlocks") == 0) {
		deadlocks();
		return 0;
	}
	if (strcmp(argv[1], "signals") == 0) {
		signals();
		return 0;
	}
	for (i = 0; i < sizeof(modes) / sizeof(*modes); i++)
		if (strcmp(argv[1], modes[i].name) == 0) {
			if (modes[i].step == in_directories)
				must(chdir("one"), "chdir");
			run(i);
			if (modes[i].step == with_modes)
				must(chmod("dir", 0755) | chmod("file", 0644), "chmod");
			return 0;
		}
	return 2;
}
