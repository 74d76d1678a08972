/* SPDX-License-Identifier: Apache-2.0 */
/*
 * faults FILE: touches pages of maps of FILE, which it makes, and prints the records that a backend must
 * make of its page faults: "TID o=map_...". All that is between two marks counts, as in op_calls.c.
 *
 * The kernel maps up to 16 pages around a fault that was a look, as far as they are in the cache: from the
 * multiple of 64 KiB before it or the start of the map, within one page table.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/statfs.h>
#include <unistd.h>

#define PAGE  4096L
#define PAGES 256
#define AROUND 0x10000UL
#define TABLE  0x200000UL /* what one page table maps */

static volatile char sink;
static char *text;
static size_t text_len;
static FILE *out;

static void mark(long which)
{
	posix_fadvise(-77777, which, 0, 0);
}

static void expect(const char *op, char *at, long page)
{
	fprintf(out, "%d o=%s;:,a=%p;:,v=%ld+4096;:,s=4096;:,\n", (int)gettid(), op, (void *)(at + page * PAGE),
		page * PAGE);
}

static char *map(int prot, int flags, int fd)
{
	char *at = mmap(NULL, PAGES * PAGE, prot, flags, fd, 0);

	if (at == MAP_FAILED)
		abort();
	return at;
}

static void look(char *at, long first, long step)
{
	unsigned long start = (unsigned long)at, page, end = 0;
	long i;

	mark(1);
	for (i = first; i < PAGES; i += step)
		sink += at[i * PAGE];
	mark(2);
	for (i = first; i < PAGES; i += step) {
		page = start + (unsigned long)(i * PAGE);
		if (page < end)
			continue;
		expect("map_read", at, i);
		end = (page & ~(AROUND - 1)) > start ? (page & ~(AROUND - 1)) + AROUND : start + AROUND;
		if (end > (page | (TABLE - 1)) + 1)
			end = (page | (TABLE - 1)) + 1;
	}
}

/* Out of the cache, and nothing is read ahead. */
static void uncached(int fd)
{
	char *at;
	long i;

	fsync(fd);
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	at = map(PROT_READ, MAP_SHARED, fd);
	madvise(at, PAGES * PAGE, MADV_RANDOM);
	mark(1);
	for (i = 0; i < PAGES; i += 40)
		sink += at[i * PAGE];
	mark(2);
	for (i = 0; i < PAGES; i += 40)
		expect("map_read", at, i);
	munmap(at, PAGES * PAGE);
	readahead(fd, 0, PAGES * PAGE);
	for (i = 0; i < PAGES; i++)
		if (pread(fd, &(char){0}, 1, i * PAGE) != 1)
			abort();
}

static int on_tmpfs(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && fs.f_type == TMPFS_MAGIC;
}

static void written(int fd)
{
	char *at = map(PROT_READ | PROT_WRITE, MAP_SHARED, fd);
	long i;

	mark(1);
	for (i = 0; i < 10; i++)
		at[i * PAGE] = 'w';
	sink += at[100 * PAGE];
	at[100 * PAGE] = 'w'; /* one that was looked at */
	at[100 * PAGE + 1] = 'w';
	mark(2);
	for (i = 0; i < 10; i++)
		expect("map_write", at, i);
	expect("map_read", at, 100);
	if (!on_tmpfs(fd)) /* which is never asked */
		expect("map_write", at, 100);
	munmap(at, PAGES * PAGE);
}

/* Its own page: the file is only read. */
static void own(int fd)
{
	char *at = map(PROT_READ | PROT_WRITE, MAP_PRIVATE, fd);

	mark(1);
	at[7 * PAGE] = 'p';
	mark(2);
	expect("map_read", at, 7);
	munmap(at, PAGES * PAGE);
}

/* No faults: all of it is brought in by the call. */
static void populated(int fd)
{
	char *at = map(PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd);
	long i;

	mark(1);
	for (i = 0; i < PAGES; i++)
		sink += at[i * PAGE];
	mark(2);
	munmap(at, PAGES * PAGE);
}

int main(int argc, char **argv)
{
	static char page[PAGE];
	int fd = argc > 1 ? open(argv[1], O_RDWR | O_CREAT | O_TRUNC, 0644) : -1;
	char *at;
	int i;

	out = open_memstream(&text, &text_len);
	for (i = 0; i < PAGES; i++)
		if (write(fd, page, sizeof(page)) != sizeof(page))
			abort();
	uncached(fd);
	at = map(PROT_READ, MAP_SHARED, fd);
	look(at, 3, 32);
	munmap(at, PAGES * PAGE);
	at = map(PROT_READ, MAP_PRIVATE, fd);
	look(at, 0, 1);
	munmap(at, PAGES * PAGE);
	written(fd);
	own(fd);
	populated(fd);
	fclose(out);
	fputs(text, stdout);
	return 0;
}
