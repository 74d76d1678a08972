/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/pagemap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* include/uapi/linux/fs.h of Linux 6.7; installed headers may be older. */
struct scan_region {
	uint64_t start, end, categories;
};

struct scan_arg {
	uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages, category_inverted,
		category_mask, category_anyof_mask, return_mask;
};

#define SCAN	      _IOWR('f', 16, struct scan_arg)
#define SCAN_PRESENT  (1 << 3)
#define SCAN_SWAPPED  (1 << 4)
#define ENTRY_PRESENT ((uint64_t)1 << 63)
#define ENTRY_SWAPPED ((uint64_t)1 << 62)

#define PAGE	4096u
#define ENTRIES 4096
#define REGIONS 512
#define SCAN_FROM 1024 /* pages: below, one read(2) is as good */
#define READ_MOST ((uint64_t)1 << 24) /* pages of one range without PAGEMAP_SCAN: 64 GiB take half a second */

struct pagemap {
	int fd;
	bool no_scan;
	bool any; /* [from, to) is to be told */
	uint64_t from, to;
	uint64_t entries[ENTRIES];
	struct scan_region regions[REGIONS];
};

int pagemap_open(struct pagemap **out, pid_t tid)
{
	struct pagemap *p = malloc(sizeof(*p));
	char path[64];

	*out = NULL;
	if (!p)
		return -ENOMEM;
	snprintf(path, sizeof(path), "/proc/%d/pagemap", (int)tid);
	p->no_scan = p->any = false;
	p->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (p->fd < 0) {
		free(p);
		return -errno;
	}
	*out = p;
	return 0;
}

void pagemap_close(struct pagemap *p)
{
	if (!p)
		return;
	close(p->fd);
	free(p);
}

typedef void range_fn(void *user, uint64_t start, uint64_t end);

static void tell(struct pagemap *p, range_fn *fn, void *user)
{
	if (p->any)
		fn(user, p->from, p->to);
	p->any = false;
}

/* Neighbours become one range. */
static void add(struct pagemap *p, uint64_t start, uint64_t end, range_fn *fn, void *user)
{
	if (p->any && p->to == start) {
		p->to = end;
		return;
	}
	tell(p, fn, user);
	p->any = true;
	p->from = start;
	p->to = end;
}

static int walk_by_scan(struct pagemap *p, uint64_t start, uint64_t end, range_fn *fn, void *user)
{
	while (start < end) {
		struct scan_arg arg = {.size = sizeof(arg), .start = start, .end = end,
			.vec = (uint64_t)(uintptr_t)p->regions, .vec_len = REGIONS,
			.category_anyof_mask = SCAN_PRESENT | SCAN_SWAPPED,
			.return_mask = SCAN_PRESENT | SCAN_SWAPPED};
		int n = ioctl(p->fd, SCAN, &arg), i;

		if (n < 0)
			return -errno;
		for (i = 0; i < n; i++)
			add(p, p->regions[i].start, p->regions[i].end, fn, user);
		if (arg.walk_end <= start)
			return -EIO;
		start = arg.walk_end;
	}
	return 0;
}

static int walk_by_entries(struct pagemap *p, uint64_t start, uint64_t end, range_fn *fn, void *user)
{
	uint64_t left = (end - start) / PAGE;
	ssize_t got, i;

	if (left > READ_MOST)
		return -EFBIG;
	for (; left; left -= (uint64_t)got) {
		size_t want = left < ENTRIES ? (size_t)left : ENTRIES;

		got = pread(p->fd, p->entries, want * sizeof(uint64_t), (off_t)(start / PAGE * sizeof(uint64_t)));
		got = got < 0 ? -errno : got / (ssize_t)sizeof(uint64_t);
		if (got <= 0)
			return got ? (int)got : -EIO;
		for (i = 0; i < got; i++, start += PAGE)
			if (p->entries[i] & (ENTRY_PRESENT | ENTRY_SWAPPED))
				add(p, start, start + PAGE, fn, user);
	}
	return 0;
}

int pagemap_walk(struct pagemap *p, uint64_t start, uint64_t end, range_fn *fn, void *user)
{
	int rc = -ENOTTY;

	if ((end - start) / PAGE >= SCAN_FROM && !p->no_scan) {
		rc = walk_by_scan(p, start, end, fn, user);
		p->no_scan = rc == -ENOTTY;
	}
	if (rc == -ENOTTY)
		rc = walk_by_entries(p, start, end, fn, user);
	tell(p, fn, user);
	return rc;
}
