/* SPDX-License-Identifier: Apache-2.0 */
/*
 * storm MODE N[+] THREADS DIR: N rounds of the same calls in each thread, as fast as they go; with + at least so many,
 * and on until SIGTERM. Prints the nanoseconds of a round and the number of calls that all threads made: "NS CALLS".
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define THREADS_MAX 16

struct worker {
	pthread_t thread;
	unsigned long rounds, made, done;
	int fd;
	char file[64], other[64], renamed[64];
};

static char data[4096];
static pthread_barrier_t barrier;
static volatile sig_atomic_t may_end = 1;

static void on_term(int sig)
{
	(void)sig;
	may_end = 1;
}

static void must(long rc, const char *what)
{
	if (rc < 0) {
		perror(what);
		exit(1);
	}
}

#define CALL(name, ...) must(syscall(SYS_##name, __VA_ARGS__), #name)

static void round_getppid(struct worker *w)
{
	(void)w;
	syscall(SYS_getppid);
}

static void round_pread(struct worker *w)
{
	CALL(pread64, w->fd, data, 1L, 100L);
}

static void round_pwrite(struct worker *w)
{
	CALL(pwrite64, w->fd, data, 1L, 100L);
}

static void round_open(struct worker *w)
{
	long fd = syscall(SYS_openat, AT_FDCWD, w->file, O_RDONLY);

	must(fd, "open");
	CALL(close, fd);
}

static void round_stat(struct worker *w)
{
	struct stat st;

	CALL(newfstatat, AT_FDCWD, w->file, &st, 0);
}

static int map_once(long fd)
{
	char *map = mmap(NULL, sizeof(data), PROT_READ, MAP_SHARED, (int)fd, 0);
	int byte = map == MAP_FAILED ? -1 : map[5];

	return munmap(map, sizeof(data)) ? -1 : byte;
}

/* The life of a file, with what it costs on a disk now and then. */
static void round_mix(struct worker *w)
{
	struct iovec two[2] = {{data, 10}, {data, 20}};
	struct stat st;
	long fd;

	syscall(SYS_mkdir, "storm-directory", 0755); /* is there */
	fd = syscall(SYS_openat, AT_FDCWD, w->other, O_RDWR | O_CREAT, 0644);
	must(fd, "open");
	CALL(write, fd, data, 4096L);
	CALL(write, fd, data, 100L);
	CALL(pwrite64, fd, data, 512L, 8192L);
	CALL(lseek, fd, 0L, SEEK_SET);
	CALL(read, fd, data, 4096L);
	CALL(pread64, fd, data, 100L, 4000L);
	CALL(writev, fd, two, 2);
	CALL(preadv, fd, two, 2, 0L, 0L);
	CALL(fstat, fd, &st);
	if (w->done++ % 64 == 0)
		CALL(fdatasync, fd);
	must(map_once(fd), "mmap");
	CALL(ftruncate, fd, 100L);
	CALL(close, fd);
	CALL(rename, w->other, w->renamed);
	CALL(newfstatat, AT_FDCWD, w->renamed, &st, 0);
	CALL(unlink, w->renamed);
	syscall(SYS_openat, AT_FDCWD, "/nonexistent/file", O_RDONLY);
}

static const struct mode {
	const char *name;
	void (*round)(struct worker *w);
	unsigned calls; /* of a round that have a row in ops.def, but for the fdatasync */
} modes[] = {
	{"getppid", round_getppid, 0},
	{"pread", round_pread, 1},
	{"pwrite", round_pwrite, 1},
	{"open", round_open, 2},
	{"stat", round_stat, 1},
	{"mix", round_mix, 17},
};

static const struct mode *mode;

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void *work(void *user)
{
	struct worker *w = user;

	pthread_barrier_wait(&barrier);
	for (w->made = 0; w->made < w->rounds || !may_end; w->made++)
		mode->round(w);
	return NULL;
}

static void start(struct worker *w, unsigned number, unsigned long rounds)
{
	w->rounds = rounds;
	snprintf(w->file, sizeof(w->file), "storm%u", number);
	snprintf(w->other, sizeof(w->other), "storm%u-other", number);
	snprintf(w->renamed, sizeof(w->renamed), "storm%u-renamed", number);
	w->fd = open(w->file, O_RDWR | O_CREAT, 0644);
	must(w->fd, w->file);
	must(pwrite(w->fd, data, sizeof(data), 0), w->file);
	if (pthread_create(&w->thread, NULL, work, w))
		exit(1);
}

int main(int argc, char **argv)
{
	static struct worker workers[THREADS_MAX];
	const struct sigaction term = {.sa_handler = on_term, .sa_flags = SA_RESTART};
	unsigned long rounds, n, i, made = 0;
	char *end = NULL;
	uint64_t t;

	for (i = 0; argc == 5 && i < sizeof(modes) / sizeof(*modes); i++)
		if (strcmp(argv[1], modes[i].name) == 0)
			mode = &modes[i];
	rounds = mode ? strtoul(argv[2], &end, 10) : 0;
	may_end = !end || *end != '+';
	sigaction(SIGTERM, &term, NULL);
	n = mode ? strtoul(argv[3], NULL, 10) : 0;
	if (!rounds || !n || n > THREADS_MAX || chdir(argv[4])) {
		fprintf(stderr, "usage: storm MODE N[+] THREADS DIR\n");
		return 2;
	}
	pthread_barrier_init(&barrier, NULL, (unsigned)n + 1);
	for (i = 0; i < n; i++)
		start(&workers[i], (unsigned)i, rounds);
	t = now();
	pthread_barrier_wait(&barrier);
	for (i = 0; i < n; i++) {
		pthread_join(workers[i].thread, NULL);
		made += workers[i].made;
	}
	printf("%.1f %lu\n", (double)(now() - t) * (double)n / (double)made, made * mode->calls);
	return 0;
}
