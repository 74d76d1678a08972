/* SPDX-License-Identifier: Apache-2.0 */
/*
 * calls FILE N: N preads of 4 KiB from FILE, then N / 4 opens and closes, then N getppids; prints "PREAD OPEN GETPPID",
 * ns each: of 400 parts the one that a quarter is faster than, since others only add to it.
 * calls storm N: N calls that fail; prints the ns of all.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define PARTS 400

static const char *path;
static int fd;

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void one_pread(uint64_t i)
{
	static char buf[4096];

	if (pread(fd, buf, sizeof(buf), (off_t)(i % 16 * sizeof(buf))) < 0)
		_exit(1);
}

static void one_open(uint64_t i)
{
	(void)i;
	close(open(path, O_RDONLY));
}

static void one_getppid(uint64_t i)
{
	(void)i;
	syscall(SYS_getppid);
}

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static uint64_t measure(void (*one)(uint64_t i), uint64_t n)
{
	uint64_t part[PARTS], i, k, t;

	n = n / PARTS ? n / PARTS : 1;
	for (k = 0; k < PARTS; k++) {
		t = now();
		for (i = 0; i < n; i++)
			one(i);
		part[k] = (now() - t) / n;
	}
	qsort(part, PARTS, sizeof(*part), by_number);
	return part[PARTS / 4];
}

static uint64_t storm(uint64_t n)
{
	uint64_t t = now();

	while (n--)
		lseek(-1, (off_t)n, SEEK_SET);
	return now() - t;
}

int main(int argc, char **argv)
{
	uint64_t n = argc > 2 ? strtoull(argv[2], NULL, 10) : 0, pread_ns, open_ns;

	if (argc > 2 && strcmp(argv[1], "storm") == 0) {
		printf("%llu\n", (unsigned long long)storm(n));
		return 0;
	}
	path = argv[1];
	fd = argc > 2 ? open(path, O_RDONLY) : -1;
	if (fd < 0)
		return 2;
	pread_ns = measure(one_pread, n);
	open_ns = measure(one_open, n / 4);
	printf("%llu %llu %llu\n", (unsigned long long)pread_ns, (unsigned long long)open_ns,
		(unsigned long long)measure(one_getppid, n));
	return 0;
}
