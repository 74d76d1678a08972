/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "calls.h"

/*
 * Maps of files. Which ones there are is kept in memory that is not shared, so that an address space has
 * those that its memory shows: copied by a fork, gone after an exec. Only what is known to be a
 * file's is touched or unmapped.
 */

#define PAGE 4096
#define MAPS 5

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ  22
#define MADV_POPULATE_WRITE 23
#endif

static struct map {
	uintptr_t at;
	size_t len; /* in whole pages; 0: none */
} maps[MAPS];

static struct map *any_map(struct ctx *c)
{
	unsigned first = below(c, MAPS), i;

	for (i = 0; i < MAPS; i++)
		if (maps[(first + i) % MAPS].len)
			return &maps[(first + i) % MAPS];
	return NULL;
}

static size_t whole(size_t len)
{
	return (len + PAGE - 1) / PAGE * PAGE;
}

void c_map(struct ctx *c)
{
	static const int prots[] = {PROT_READ, PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE, PROT_WRITE,
		PROT_READ | PROT_EXEC, PROT_NONE};
	static const int kinds[] = {MAP_SHARED, MAP_SHARED, MAP_PRIVATE, MAP_SHARED_VALIDATE};
	size_t len = percent(c, 50) ? PAGE * (1 + below(c, 6)) : 1 + below(c, 30000);
	long prot = prots[below(c, percent(c, 80) ? 3 : 6)], flags = kinds[below(c, 4)];
	struct map *map = &maps[below(c, MAPS)], *over = percent(c, 12) ? any_map(c) : NULL;
	long off = PAGE * (long)below(c, percent(c, 60) ? 1 : 10), at = 0, ret;
	int fd = any_fd(c);

	if (percent(c, 15))
		flags |= MAP_POPULATE;
	if (percent(c, 3))
		off += 100;
	if (percent(c, 2))
		len = 0;
	if (over && len) { /* in its place, and not beyond */
		at = (long)over->at;
		flags |= MAP_FIXED;
		if (whole(len) > over->len)
			len = over->len;
	}
	if (prot & PROT_WRITE && is_no_file(fd)) /* a ring's memory is its queues, and written to it waits for ever */
		prot &= ~PROT_WRITE;
	ret = raw(SYS_mmap, at, (long)len, prot, flags, fd, off);
	if (!at && ret > 0) { /* the one that was here stays, and nobody knows it */
		*map = (struct map){(uintptr_t)ret, whole(len)};
	}
	say(c, "mmap %s%zu 0x%lx 0x%lx %d %ld = %s", at ? "over " : "", len, prot, flags, fd, off,
		ret > 0 ? "map" : ret == 0 ? "0" : "error");
}

/*
 * The kernel touches for us, and an address that is not there is an error: no signals. A rt_sigprocmask
 * of a kind that there is none of reads its set and does nothing.
 */
static long touch(uintptr_t at, bool write)
{
	if (write)
		return raw(SYS_getrandom, (long)at, 1, 0, 0, 0, 0);
	return raw(SYS_rt_sigprocmask, 99, (long)at, 0, 8, 0, 0) == -EFAULT ? -EFAULT : 1;
}

static void touch_some(struct ctx *c, const struct map *map)
{
	size_t pages = map->len / PAGE, first = below(c, (uint32_t)pages), n = 1 + below(c, 3), i, done = 0;
	bool write = percent(c, 50);

	for (i = first; i < pages && i < first + n; i++)
		done += touch(map->at + i * PAGE + 8 * below(c, PAGE / 8), write) == 1;
	say(c, "touch %s %zu+%zu = %zu", write ? "write" : "read", first, n, done);
}

void c_map_use(struct ctx *c)
{
	static const int advice[] = {MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED, MADV_DONTNEED,
		MADV_REMOVE, MADV_COLD, MADV_PAGEOUT, MADV_POPULATE_READ, MADV_POPULATE_WRITE, MADV_FREE, 77};
	static const int syncs[] = {MS_SYNC, MS_ASYNC, MS_SYNC | MS_INVALIDATE, MS_SYNC | MS_ASYNC, 64};
	const struct map *map = any_map(c);
	size_t first, len;
	long how, ret;

	if (!map) {
		c_map(c);
		return;
	}
	if (percent(c, 55)) {
		touch_some(c, map);
		return;
	}
	first = PAGE * below(c, (uint32_t)(map->len / PAGE));
	len = percent(c, 70) ? map->len - first : 1 + below(c, (uint32_t)(map->len - first));
	if (percent(c, 3))
		first += 8;
	if (percent(c, 50)) {
		how = syncs[below(c, percent(c, 90) ? 3 : 5)];
		ret = raw(SYS_msync, (long)(map->at + first), (long)len, how, 0, 0, 0);
		say(c, "msync %zu %zu %ld = %ld", first, len, how, ret);
	} else {
		how = advice[below(c, 12)];
		ret = raw(SYS_madvise, (long)(map->at + first), (long)len, how, 0, 0, 0);
		say(c, "madvise %zu %zu %ld = %ld", first, len, how, ret);
	}
}

static void unmap(struct ctx *c, struct map *map)
{
	size_t pages = map->len / PAGE, first = percent(c, 60) ? 0 : below(c, (uint32_t)pages);
	size_t n = percent(c, 60) ? pages - first : 1 + below(c, (uint32_t)(pages - first));
	bool odd = percent(c, 3);
	long ret = raw(SYS_munmap, (long)(map->at + first * PAGE) + odd, (long)(n * PAGE), 0, 0, 0, 0);

	say(c, "munmap %zu+%zu of %zu = %ld", first, n, pages, ret);
	if (ret)
		return;
	if (first == 0)
		*map = (struct map){map->at + n * PAGE, map->len - n * PAGE};
	else /* what is behind it stays, and nobody knows it */
		map->len = first * PAGE;
}

void c_map_change(struct ctx *c)
{
	struct map *map = any_map(c);
	size_t len = PAGE * (1 + below(c, 8)), old;
	long flags = percent(c, 80) ? MREMAP_MAYMOVE : 0, ret;

	if (!map) {
		c_map(c);
		return;
	}
	if (percent(c, 55)) {
		unmap(c, map);
		return;
	}
	if (percent(c, 3))
		flags = 0x40;
	old = map->len;
	ret = raw(SYS_mremap, (long)map->at, (long)old, (long)len, flags, 0, 0);
	if (ret > 0)
		*map = (struct map){(uintptr_t)ret, len};
	say(c, "mremap %zu %zu 0x%lx = %s", old, len, flags, ret > 0 ? "map" : "error");
}
