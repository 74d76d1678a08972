/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_CAPTURE_PAGEMAP_H
#define IORIOT_CAPTURE_PAGEMAP_H

#include <stdint.h>
#include <sys/types.h>

/*
 * Which pages a process has in its page table: /proc/PID/pagemap, Documentation/admin-guide/mm/pagemap.rst.
 * A page that was only looked at around a fault is there, too: the kernel maps up to 16 pages around one
 * (fault_around_bytes) that are in the page cache.
 */
struct pagemap;

int pagemap_open(struct pagemap **out, pid_t tid); /* 0 or -errno */
void pagemap_close(struct pagemap *p); /* P may be NULL */

/*
 * Calls FN for each range of pages in [START, END), multiples of 4096, that are present or swapped out;
 * ascending and apart. 0 or -errno: of the rest nothing is known.
 */
int pagemap_walk(struct pagemap *p, uint64_t start, uint64_t end,
	void (*fn)(void *user, uint64_t start, uint64_t end), void *user);

#endif
