/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Maps of files as programs use them: shared and private, in parts, over each other, moved, by threads,
 * by parent and child, after the file was closed and unlinked, with a file that is cut below the map.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE	4096L
#define THREADS 6

static void must(int fine, const char *what)
{
	if (fine)
		return;
	perror(what);
	exit(1);
}

static int file(const char *name, long size)
{
	int fd = open(name, O_RDWR | O_CREAT, 0644);

	must(fd >= 0 && ftruncate(fd, size) == 0, name);
	return fd;
}

static char *map(long len, int prot, int flags, int fd, long off)
{
	char *at = mmap(NULL, (size_t)len, prot, flags, fd, off);

	must(at != MAP_FAILED, "mmap");
	return at;
}

/* Some pages of a sparse file are written, others only looked at: these stay holes. */
static void sparse(void)
{
	int fd = file("sparse", 100 * PAGE + 17);
	char *at = map(101 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	long i, sum = 0;

	for (i = 0; i < 100; i += 7)
		at[i * PAGE + i] = 'w';
	for (i = 1; i < 100; i += 13)
		sum += at[i * PAGE];
	at[100 * PAGE + 5] = 'e';
	must(msync(at, 50 * PAGE, MS_SYNC) == 0, "msync");
	at[3 * PAGE] = 'l'; /* after that */
	must(munmap(at + 10 * PAGE, 20 * PAGE) == 0, "munmap");
	must(close(fd) == 0 && munmap(at, 101 * PAGE) == 0 && sum == 0, "munmap");
}

/* A map of a file that is empty as yet: what is written behind the map makes a hole of it. */
static void grown(void)
{
	int fd = file("grown", 0);
	char *at = map(4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	must(pwrite(fd, "end", 3, 20 * PAGE) == 3, "pwrite");
	must(at[PAGE] == 0, "hole");
	at[3 * PAGE] = 'w';
	must(munmap(at, 4 * PAGE) == 0 && close(fd) == 0, "munmap");
}

/* Two files over a third one, and what is left of it. */
static void over_each_other(void)
{
	int a = file("over-a", 64 * PAGE), b = file("over-b", 64 * PAGE);
	char *at = map(32 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, a, 0), *moved;

	at[0] = at[31 * PAGE] = 'a';
	must(mmap(at + 4 * PAGE, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, b, 16 * PAGE) !=
			MAP_FAILED, "mmap over");
	at[5 * PAGE] = 'b';
	must(mmap(at + 8 * PAGE, 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) !=
			MAP_FAILED, "mmap none");
	at[30 * PAGE] = 'a';
	must(munmap(at, 32 * PAGE) == 0, "munmap");
	at = map(4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, b, 0);
	at[PAGE] = 'm';
	moved = mremap(at, 4 * PAGE, 40 * PAGE, MREMAP_MAYMOVE);
	must(moved != MAP_FAILED, "mremap");
	moved[39 * PAGE] = 'M';
	at = mremap(moved, 40 * PAGE, 2 * PAGE, 0);
	must(at == moved, "mremap shorter");
	at[0] = 'S';
	must(madvise(at, 2 * PAGE, MADV_WILLNEED) == 0 && munmap(at, 2 * PAGE) == 0, "munmap");
	close(a);
	close(b);
}

/* The map is all that is left of the file. */
static void unlinked(void)
{
	int fd = file("gone", 10 * PAGE);
	char *at = map(10 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	must(close(fd) == 0 && unlink("gone") == 0, "unlink");
	at[9 * PAGE] = 'x';
	must(msync(at, 10 * PAGE, MS_ASYNC) == 0 && munmap(at, 10 * PAGE) == 0, "munmap");
}

static void *write_part(void *arg)
{
	char *at = arg;
	long i;

	for (i = 0; i < 8; i++)
		at[i * PAGE] = 't';
	must(msync(at, 8 * PAGE, MS_SYNC) == 0, "msync");
	return NULL;
}

static void *map_alone(void *arg)
{
	long n = (long)(char *)arg, i;
	char name[32];

	snprintf(name, sizeof(name), "thread-%ld", n);
	for (i = 0; i < 20; i++) {
		int fd = file(name, (i + 1) * PAGE);
		char *at = map((i + 1) * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

		close(fd);
		at[i * PAGE] = 'i';
		must(munmap(at, (size_t)((i + 1) * PAGE)) == 0, "munmap");
	}
	return NULL;
}

static void threads(void)
{
	int fd = file("threads", THREADS * 8 * PAGE);
	char *at = map(THREADS * 8 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	pthread_t thread[2 * THREADS];
	long i;

	for (i = 0; i < THREADS; i++) {
		must(pthread_create(&thread[i], NULL, write_part, at + i * 8 * PAGE) == 0, "thread");
		must(pthread_create(&thread[THREADS + i], NULL, map_alone, (char *)NULL + i) == 0, "thread");
	}
	for (i = 0; i < 2 * THREADS; i++)
		pthread_join(thread[i], NULL);
	must(munmap(at, THREADS * 8 * PAGE) == 0, "munmap");
	close(fd);
}

/* A child has what its parent has, and what ends for one does not for the other. */
static void forked(void)
{
	int fd = file("forked", 16 * PAGE);
	char *at = map(16 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	char *own = map(16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	pid_t child = fork();

	must(child >= 0, "fork");
	if (child == 0) {
		at[PAGE] = 'c';
		own[2 * PAGE] = 'o';
		must(munmap(at, 8 * PAGE) == 0, "munmap");
		at[9 * PAGE] = 'c';
		_exit(0);
	}
	waitpid(child, NULL, 0);
	at[5 * PAGE] = 'p';
	must(munmap(own, 16 * PAGE) == 0 && munmap(at, 4 * PAGE) == 0, "munmap");
	at[6 * PAGE] = 'p';
	close(fd); /* the rest ends with the process */
}

static sigjmp_buf back;

static void on_bus(int sig)
{
	(void)sig;
	siglongjmp(back, 1);
}

/* The file is cut below the map, and is longer again. */
static void cut(void)
{
	int fd = file("cut", 20 * PAGE);
	char *at = map(20 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	signal(SIGBUS, on_bus);
	at[PAGE] = at[15 * PAGE] = '1';
	must(ftruncate(fd, 3 * PAGE) == 0, "ftruncate");
	if (sigsetjmp(back, 1) == 0) {
		at[10 * PAGE] = '?';
		must(0, "a page behind the end");
	}
	must(ftruncate(fd, 12 * PAGE) == 0, "ftruncate");
	at[11 * PAGE] = '2';
	must(munmap(at, 20 * PAGE) == 0, "munmap");
	close(fd);
}

/* A reader like grep, of a file that was there before. */
static void reader(void)
{
	int fd = open("before", O_RDONLY);
	struct stat st;
	long lines = 0;
	char *at, *p, *end;

	must(fd >= 0 && fstat(fd, &st) == 0, "before");
	at = map(st.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	must(madvise(at, (size_t)st.st_size, MADV_SEQUENTIAL) == 0, "madvise");
	end = at + st.st_size;
	for (p = at; p < end && (p = memchr(p, '\n', (size_t)(end - p))); p++)
		lines++;
	must(lines > 1000, "lines");
	close(fd); /* never unmapped */
}

int main(void)
{
	sparse();
	grown();
	over_each_other();
	unlinked();
	threads();
	forked();
	cut();
	reader();
	return 0;
}
