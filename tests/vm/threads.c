/* SPDX-License-Identifier: Apache-2.0 */
/*
 * threads DIR THREADS ROUNDS [GO]: threads that write, each to files of its own and all to parts of
 * a shared one, without a pause. Prints on its standard output the record that each call must give,
 * as tests/ops/op_calls.c does: "TID o=...", of each thread in its order. compare_captures.py
 * compares.
 *
 * With GO, a fifo, it works until something can be read from there, which it asks after each round,
 * and then makes ROUNDS more, between the marks: what happened before may not have been recorded.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <unistd.h>

#define MARK_FD	    -77777
#define THREADS_MAX 64

struct worker {
	pthread_t thread;
	unsigned number, rounds;
	int tid, shared, marked;
	char *text; /* what is expected */
	size_t size;
	FILE *log;
};

static pthread_barrier_t barrier;
static _Atomic int go;
static char data[8192];

static __attribute__((format(printf, 3, 4))) long note(
	struct worker *w, long result, const char *format, ...)
{
	va_list ap;

	if (result < 0)
		result = -errno;
	if (!w->marked)
		return result;
	fprintf(w->log, "%d o=", w->tid);
	va_start(ap, format);
	vfprintf(w->log, format, ap);
	va_end(ap);
	fprintf(w->log, "s=%ld;:,", result);
	return result;
}

static void end_line(struct worker *w)
{
	if (w->marked)
		fputc('\n', w->log);
}

static void put_facts(struct worker *w, const struct stat *st)
{
	if (w->marked)
		fprintf(w->log, "x=%u:%u:%ju:0%o:%ju:%u:%u:%jd:%jd;:,", major(st->st_dev),
			minor(st->st_dev), (uintmax_t)st->st_ino, st->st_mode,
			(uintmax_t)st->st_nlink, st->st_uid, st->st_gid, (intmax_t)st->st_size,
			(intmax_t)st->st_blocks);
	end_line(w);
}

/* An open and an fstat, which says what the open hit. */
static int open_file(struct worker *w, const char *name, int flags)
{
	int fd = (int)syscall(SYS_openat, AT_FDCWD, name, flags, 0640);
	struct stat st;
	long rc;

	note(w, fd, "openat;:,d=AT_FDCWD;:,p=%s;:,f=%d;:,m=%s;:,", name, flags,
		flags & O_CREAT ? "0640" : "0");
	if (fd < 0) {
		end_line(w);
		return fd;
	}
	rc = syscall(SYS_fstat, fd, &st);
	put_facts(w, &st);
	note(w, rc, "fstat;:,d=%d;:,", fd);
	end_line(w);
	return fd;
}

#define CALL(w, result, ...)                                                                       \
	do {                                                                                       \
		note(w, result, __VA_ARGS__);                                                      \
		end_line(w);                                                                       \
	} while (0)

static void one_round(struct worker *w, unsigned round)
{
	struct iovec two[2] = {{data, 100}, {data, 300}};
	char name[64], other[64];
	long at = 8192L * w->number;
	int fd;

	snprintf(name, sizeof(name), "t%u-%u", w->number, round % 4);
	snprintf(other, sizeof(other), "t%u-renamed", w->number);
	fd = open_file(w, name, O_RDWR | O_CREAT | O_EXCL);
	CALL(w, syscall(SYS_write, fd, data, 3000), "write;:,d=%d;:,c=3000;:,", fd);
	CALL(w, syscall(SYS_writev, fd, two, 2), "writev;:,d=%d;:,v=100,300;:,", fd);
	CALL(w, syscall(SYS_lseek, fd, -10L, SEEK_CUR), "lseek;:,d=%d;:,O=-10;:,W=1;:,", fd);
	CALL(w, syscall(SYS_read, fd, data, 100), "read;:,d=%d;:,c=100;:,", fd);
	CALL(w, syscall(SYS_pwrite64, w->shared, data, 100 + round % 50, at),
		"pwrite64;:,d=%d;:,c=%u;:,O=%ld;:,", w->shared, 100 + round % 50, at);
	CALL(w, syscall(SYS_pread64, w->shared, data, 50, at), "pread64;:,d=%d;:,c=50;:,O=%ld;:,",
		w->shared, at);
	CALL(w, syscall(SYS_close, fd), "close;:,d=%d;:,", fd);
	CALL(w, syscall(SYS_rename, name, other), "rename;:,p=%s;:,P=%s;:,", name, other);
	fd = open_file(w, name, O_RDONLY);
	CALL(w, syscall(SYS_truncate, other, 10L), "truncate;:,p=%s;:,O=10;:,", other);
	CALL(w, syscall(SYS_unlink, other), "unlink;:,p=%s;:,", other);
}

static void mark(long which)
{
	syscall(SYS_fadvise64, MARK_FD, which, 0L, 0);
}

static void *work(void *user)
{
	struct worker *w = user;
	unsigned i;

	w->tid = (int)syscall(SYS_gettid);
	w->log = open_memstream(&w->text, &w->size);
	pthread_barrier_wait(&barrier);
	for (i = 0; !go; i++) {
		one_round(w, i);
		usleep(1000); /* or they take all the time that there is */
	}
	w->marked = 1;
	mark(1);
	for (i = 0; i < w->rounds; i++)
		one_round(w, i);
	mark(2);
	fclose(w->log);
	return NULL;
}

static int wait_for_go(const char *fifo)
{
	char c;
	int fd = open(fifo, O_RDONLY), got = fd < 0 ? -1 : (int)read(fd, &c, 1);

	close(fd);
	return got == 1 ? 0 : -1;
}

int main(int argc, char **argv)
{
	static struct worker workers[THREADS_MAX];
	unsigned n, i;
	int shared;

	if (argc < 4 || (n = (unsigned)strtoul(argv[2], NULL, 10)) > THREADS_MAX || n == 0) {
		fprintf(stderr, "usage: threads DIR THREADS ROUNDS [GO]\n");
		return 2;
	}
	if (chdir(argv[1]) || (shared = open("shared", O_RDWR | O_CREAT, 0600)) < 0)
		return perror(argv[1]), 1;
	go = argc < 5;
	pthread_barrier_init(&barrier, NULL, n + 1);
	for (i = 0; i < n; i++) {
		workers[i].number = i;
		workers[i].shared = shared;
		workers[i].rounds = (unsigned)strtoul(argv[3], NULL, 10);
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]))
			return 1;
	}
	pthread_barrier_wait(&barrier);
	if (argc > 4 && wait_for_go(argv[4]))
		return perror(argv[4]), 1;
	go = 1;
	for (i = 0; i < n; i++)
		pthread_join(workers[i].thread, NULL);
	for (i = 0; i < n; i++)
		fwrite(workers[i].text, 1, workers[i].size, stdout);
	return fflush(stdout) == 0 ? 0 : 1;
}
