/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs whose recording ends early or goes on in another file; each makes the same calls with the
 * same results every time.
 *
 *   limits_program MODE [COUNT [ROUND]]
 *
 * maps: before that ROUND it reads a byte from its standard input.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int count = 300, pause_at = -1;

static void must(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	_exit(100);
}

static int open_file(const char *name, int flags)
{
	int fd = open(name, flags, 0666);

	must(fd >= 0, name);
	return fd;
}

/* What a process keeps open, and where it is, shows in the results of each round. */
static void one_round(int i, int in, int out, int log, int dir)
{
	char name[64], buf[256];
	struct stat st;

	must(read(in, buf, 100) == 100, "read");
	must(lseek(in, 0, SEEK_CUR) == 100L * (i + 1), "offset of in");
	memset(buf, 'x', sizeof(buf));
	must(write(out, buf, 10 + i % 7) == 10 + i % 7, "write");
	must(lseek(out, 0, SEEK_CUR) > 10L * i, "offset of out");
	must(write(log, "line\n", 5) == 5, "append");
	must(fstat(log, &st) == 0 && st.st_size == 5L * (i + 1), "size of log");
	snprintf(name, sizeof(name), "f%d", i);
	close(openat(dir, name, O_WRONLY | O_CREAT | O_EXCL, 0666));
	must(fstatat(dir, name, &st, 0) == 0 && (st.st_mode & 0777) == 0640, "umask");
	must(stat("sub", &st) == 0 && S_ISDIR(st.st_mode), "working directory");
	must(rename("a", i % 2 ? "b" : "c") == -1, "rename");
	if (i >= 3) {
		snprintf(name, sizeof(name), "sub/f%d", i - 3);
		must(unlink(name) == 0, name);
	}
	snprintf(name, sizeof(name), "sub/r%d", i);
	must(rename(i ? "sub/last" : "first", name) == 0, "rename");
	must(rename(name, "sub/last") == 0, "rename back");
	must(symlink("../first", "sub/link") == 0 && unlink("sub/link") == 0, "link");
	must(access("/no/such/thing", F_OK) == -1, "access");
}

/* A map that lives through several files, and one whose file has lost its name. */
static int maps(void)
{
	int fd = open_file("mapped", O_RDWR | O_CREAT), gone = open_file("unlinked", O_RDWR | O_CREAT), log, i;
	char *p, *q, go;

	must(ftruncate(fd, 1 << 20) == 0 && ftruncate(gone, 8192) == 0, "ftruncate");
	p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	q = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, gone, 0);
	must(p != MAP_FAILED && q != MAP_FAILED, "mmap");
	close(fd);
	close(gone);
	unlink("unlinked");
	log = open_file("log", O_WRONLY | O_CREAT | O_APPEND);
	for (i = 0; i < count; i++) {
		if (i == pause_at)
			must(read(0, &go, 1) == 1, "read go");
		p[i * 1000L % (1 << 20)] = q[i % 8192] = 1;
		must(write(log, "line", 4) == 4, "write");
		if (i % 100 == 99)
			must(msync(p, 1 << 20, MS_SYNC) == 0, "msync");
	}
	must(munmap(p, 1 << 20) == 0 && munmap(q, 8192) == 0, "munmap");
	printf("done\n");
	return 0;
}

static int files(void)
{
	int in, out, log, dir, gone, i;

	mkdir("w", 0777);
	must(chdir("w") == 0, "chdir");
	mkdir("sub", 0777);
	umask(027);
	in = open_file("in", O_RDWR | O_CREAT);
	must(ftruncate(in, 100L * count) == 0, "ftruncate");
	out = dup(open_file("out", O_RDWR | O_CREAT));
	log = open_file("log", O_WRONLY | O_CREAT | O_APPEND);
	close(open_file("first", O_WRONLY | O_CREAT));
	dir = open_file("sub", O_RDONLY | O_DIRECTORY);
	gone = open_file("gone", O_RDWR | O_CREAT);
	must(unlink("gone") == 0, "unlink");
	for (i = 0; i < count; i++) {
		one_round(i, in, out, log, dir);
		must(pwrite(gone, "x", 1, i) == 1, "write to what is gone");
	}
	printf("done %d\n", i);
	return 0;
}

/* Two processes read and write in turn through the same descriptions. */
static void take_turns(int in, int out, int from, int to, int i)
{
	char buf[100];

	for (; i < count; i += 2) {
		must(read(from, buf, 1) == 1, "turn");
		must(read(in, buf, 100) == 100, "read");
		must(lseek(in, 0, SEEK_CUR) == 100L * (i + 1), "shared offset");
		must(write(out, buf, 7) == 7, "write");
		must(lseek(out, 0, SEEK_CUR) == 7L * (i + 1), "shared offset");
		must(write(to, "", 1) == 1, "turn");
	}
}

static int shared(void)
{
	int in = open_file("in", O_RDWR | O_CREAT), out = open_file("out", O_WRONLY | O_CREAT);
	int there[2], back[2], status, copy;
	pid_t pid;

	must(ftruncate(in, 100L * count) == 0, "ftruncate");
	must(pipe(there) == 0 && pipe(back) == 0, "pipe");
	copy = dup(out);
	pid = fork();
	if (pid == 0) {
		take_turns(in, copy, there[0], back[1], 1);
		_exit(0);
	}
	must(write(back[1], "", 1) == 1, "turn");
	take_turns(in, out, back[0], there[1], 0);
	must(waitpid(pid, &status, 0) == pid && status == 0, "wait");
	puts("done");
	return 0;
}

static int blocked[2];

/* Is in a call all the time. */
static void *wait_for_end(void *arg)
{
	char c;

	(void)arg;
	must(read(blocked[0], &c, 1) == 1, "end");
	close(open_file("after", O_WRONLY | O_CREAT));
	return NULL;
}

static void *own_files(void *arg)
{
	char name[32], buf[64] = "";
	struct stat st;
	int fd, i;

	snprintf(name, sizeof(name), "t%d", (int)(long)arg);
	fd = open_file(name, O_RDWR | O_CREAT | O_TRUNC);
	for (i = 0; i < count; i++) {
		must(write(fd, buf, 64) == 64, "write");
		must(lseek(fd, 0, SEEK_CUR) == 64L * (i + 1), "offset");
		must(stat(name, &st) == 0 && st.st_size == 64L * (i + 1), "size");
	}
	close(fd);
	return NULL;
}

#define THREADS 4

static int threads(void)
{
	pthread_t thread[THREADS + 1];
	long i;

	must(pipe(blocked) == 0, "pipe");
	for (i = 0; i <= THREADS; i++)
		must(pthread_create(&thread[i], NULL, i < THREADS ? own_files : wait_for_end,
			     (void *)i) == 0,
			"thread");
	for (i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	must(write(blocked[1], "", 1) == 1, "end");
	pthread_join(thread[THREADS], NULL);
	puts("done");
	return 0;
}

/* The first thread is gone, the others go on. */
static void *go_on(void *arg)
{
	own_files(arg);
	puts("done");
	fflush(stdout);
	_exit(0);
}

static int leaderless(void)
{
	pthread_t thread;

	must(pthread_create(&thread, NULL, go_on, NULL) == 0, "thread");
	pthread_exit(NULL);
}

/* --- what goes on when the recording is over --- */

static volatile sig_atomic_t signals;

static void on_signal(int sig)
{
	(void)sig;
	signals++;
}

static int tracer(void)
{
	FILE *f = fopen("/proc/self/status", "re");
	char line[128];
	int pid = -1;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "TracerPid: %d", &pid) == 1)
			break;
	if (f)
		fclose(f);
	return pid;
}

/* EINTR would show. */
static void *sleep_in_poll(void *arg)
{
	struct epoll_event event = {.events = EPOLLIN};
	int fd = epoll_create1(EPOLL_CLOEXEC), n;

	must(epoll_ctl(fd, EPOLL_CTL_ADD, *(int *)arg, &event) == 0, "epoll_ctl");
	/* Under any tracer an ignored signal of the process, here SIGCHLD, can end this wait. */
	do
		n = epoll_wait(fd, &event, 1, -1);
	while (n < 0 && errno == EINTR);
	must(n == 1, "epoll_wait");
	return NULL;
}

static void *compute(void *arg)
{
	volatile const int *stop = arg;

	while (!*stop)
		;
	return NULL;
}

/*
 * Threads that sleep and compute, children that come and go, signals: all while the recording ends,
 * and COUNT rounds more.
 */
static int busy(void)
{
	struct sigaction sa = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
	int stop = 0, sent = 0, pipes[2], end[2], status, alone = 0, i;
	pthread_t sleeper, worker;
	pid_t pid, sender;
	sigset_t set;
	char c;

	sigaction(SIGRTMIN, &sa, NULL);
	must(pipe(pipes) == 0 && pipe(end) == 0, "pipe");
	/* In the other threads; SIGCHLD too, which interrupts those who are traced though it is ignored. */
	sigfillset(&set);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	pthread_create(&sleeper, NULL, sleep_in_poll, &end[0]);
	pthread_create(&worker, NULL, compute, &stop);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	while (alone < count) {
		pid = fork();
		if (pid == 0) { /* interrupts the read of its parent, which goes on */
			must(kill(getppid(), SIGRTMIN) == 0, "kill");
			must(write(pipes[1], "", 1) == 1, "write");
			_exit(3);
		}
		must(read(pipes[0], &c, 1) == 1, "read");
		must(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 3, "wait");
		close(open_file("again", O_WRONLY | O_CREAT));
		sent++;
		alone += alone || tracer() == 0;
	}
	stop = 1;
	must(write(end[1], "", 1) == 1, "end");
	pthread_join(worker, NULL);
	pthread_join(sleeper, NULL);
	sender = fork();
	if (sender == 0) {
		for (i = 0; i < 10; i++)
			kill(getppid(), SIGRTMIN);
		_exit(0);
	}
	waitpid(sender, NULL, 0);
	sent += 10;
	must(signals == sent, "a signal was lost");
	printf("tracer %d\n", tracer());
	return 9;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(void);
	} modes[] = {
		{"files", files},
		{"maps", maps},
		{"shared", shared},
		{"threads", threads},
		{"leaderless", leaderless},
		{"busy", busy},
	};
	size_t i;

	if (argc > 2)
		count = atoi(argv[2]);
	if (argc > 3)
		pause_at = atoi(argv[3]);
	for (i = 0; argc > 1 && i < sizeof(modes) / sizeof(*modes); i++)
		if (strcmp(modes[i].name, argv[1]) == 0)
			return modes[i].run();
	return 99;
}
