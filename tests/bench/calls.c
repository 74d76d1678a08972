/* SPDX-License-Identifier: Apache-2.0 */
/*
 * calls FILE N: N preads of 4 KiB from FILE, then N / 4 opens and closes, then N getppids; prints "PREAD OPEN GETPPID",
 * ns each: of 400 parts the one that a quarter is faster than, since others only add to it.
 * calls storm N [THREADS]: N calls that fail, shared out among THREADS (1); prints the ns of all.
 * calls counter N: prints the ns that a look at the time stamp counter adds to a getppid; 0 where there is none.
 * calls sleeps N GAP [FILE]: N times of GAP ns that it sleeps for; prints the processor time of one, ns. With FILE a
 *    page of it is read behind each; the time of as many reads without a sleep is taken off.
 * calls turns N: two threads take N turns each, and sleep in between; then they look for their turn all the time.
 *    Prints the ns of a turn of either.
 */
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define PARTS	   400
#define STORM_MOST 64

static const char *path;
static int fd = -1;

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

static void *storm(void *calls)
{
	uint64_t n = *(const uint64_t *)calls;

	while (n--)
		lseek(-1, (off_t)n, SEEK_SET);
	return NULL;
}

static uint64_t storms(uint64_t n, unsigned threads)
{
	pthread_t others[STORM_MOST - 1];
	uint64_t t = now(), each = n / threads;
	unsigned i;

	for (i = 0; i < threads - 1; i++)
		if (pthread_create(&others[i], NULL, storm, &each))
			_exit(1);
	storm(&each);
	for (i = 0; i < threads - 1; i++)
		pthread_join(others[i], NULL);
	return now() - t;
}

static void one_counter(uint64_t i)
{
	one_getppid(i);
#if defined(__x86_64__)
	__asm__ volatile("" : : "r"(__builtin_ia32_rdtsc()));
#endif
}

static uint64_t counter(uint64_t n)
{
	uint64_t without = measure(one_getppid, n), with = measure(one_counter, n);

	return with > without ? with - without : 0;
}

static uint64_t ns_of(const struct timeval *tv)
{
	return (uint64_t)tv->tv_sec * 1000000000u + (uint64_t)tv->tv_usec * 1000u;
}

static uint64_t used_ns(void)
{
	struct rusage used;

	getrusage(RUSAGE_SELF, &used);
	return ns_of(&used.ru_utime) + ns_of(&used.ru_stime);
}

static void read_page(uint64_t i)
{
	static char page[4096];

	if (fd >= 0 && pread(fd, page, sizeof(page), (off_t)(i % 64 * sizeof(page))) < 0)
		exit(1);
}

static uint64_t sleeps(uint64_t n, uint64_t gap)
{
	uint64_t before = used_ns(), at, reads, i;

	prctl(PR_SET_TIMERSLACK, 1);
	for (i = 0; i < n; i++)
		read_page(i);
	reads = used_ns() - before;
	before += reads;
	at = now();
	for (i = 0; i < n; i++) {
		struct timespec ts;

		at += gap;
		ts = (struct timespec){(time_t)(at / 1000000000u), (long)(at % 1000000000u)};
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
		read_page(i);
	}
	return n ? (used_ns() - before - reads) / n : 0;
}

struct turns {
	_Atomic uint32_t at;
	uint32_t n;
	bool sleep;
};

struct player {
	struct turns *turns;
	uint32_t first;
};

static void *play(void *arg)
{
	const struct player *p = arg;
	struct turns *t = p->turns;
	uint32_t mine, at;

	for (mine = p->first; mine < t->n; mine += 2) {
		while ((at = atomic_load(&t->at)) != mine)
			if (t->sleep)
				syscall(SYS_futex, &t->at, FUTEX_WAIT_PRIVATE, at, NULL, NULL, 0);
		atomic_store(&t->at, mine + 1);
		if (t->sleep)
			syscall(SYS_futex, &t->at, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
	}
	return NULL;
}

static uint64_t turns(uint64_t n, bool sleep)
{
	struct turns t = {.n = (uint32_t)n * 2, .sleep = sleep};
	struct player players[2] = {{&t, 0}, {&t, 1}};
	uint64_t start = now();
	pthread_t other;

	if (!n || pthread_create(&other, NULL, play, &players[1]))
		return 0;
	play(&players[0]);
	pthread_join(other, NULL);
	return (now() - start) / t.n;
}

int main(int argc, char **argv)
{
	uint64_t n = argc > 2 ? strtoull(argv[2], NULL, 10) : 0, pread_ns, open_ns;

	if (argc > 2 && strcmp(argv[1], "storm") == 0) {
		unsigned long threads = argc > 3 ? strtoul(argv[3], NULL, 10) : 1;

		if (!threads || threads > STORM_MOST)
			return 2;
		printf("%llu\n", (unsigned long long)storms(n, (unsigned)threads));
		return 0;
	}
	if (argc > 2 && strcmp(argv[1], "counter") == 0) {
		printf("%llu\n", (unsigned long long)counter(n));
		return 0;
	}
	if (argc > 3 && strcmp(argv[1], "sleeps") == 0) {
		fd = argc > 4 ? open(argv[4], O_RDONLY) : -1;
		if (argc > 4 && fd < 0)
			return 2;
		printf("%llu\n", (unsigned long long)sleeps(n, strtoull(argv[3], NULL, 10)));
		return 0;
	}
	if (argc > 2 && strcmp(argv[1], "turns") == 0) {
		printf("%llu ", (unsigned long long)turns(n, true));
		printf("%llu\n", (unsigned long long)turns(n, false));
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
