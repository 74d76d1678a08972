/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#ifndef IORIOT_SYSTEMTAP_CACHE_H
#define IORIOT_SYSTEMTAP_CACHE_H

#include <linux/pagemap.h>

#include "requests.h"

/*
 * The page cache. What the kernel counts in pages is told in bytes of the file. Many of these come under
 * locks of the page cache with interrupts off: nothing is shared with other processors but places of a
 * memo.
 */

static void cache_put(u32 row, const struct inode *inode, u64 offset, u64 bytes)
{
	struct toucher who;
	struct event e;
	u64 *value;

	if (!session.on[LAYER_CACHE] || !inode || !file_wanted(inode))
		return;
	for_whom(inode, is_kernel_thread(), &who);
	if (!who.in_scope || !event_begin(&e, row, LAYER_CACHE, 3, bytes))
		return;
	value = event_values(&e);
	value[0] = offset;
	value[1] = bytes;
	value[2] = smp_processor_id();
	event_facts(&e, inode);
	event_end(&e);
}

static void cache_folio(u32 row, struct folio *folio)
{
	struct address_space *mapping = READ_ONCE(folio->mapping);
	const struct inode *inode;

	if (mapping && !((unsigned long)mapping & 3) && PEEK(inode, mapping->host))
		cache_put(row, inode, (u64)folio->index << PAGE_SHIFT, folio_size(folio));
}

/* A read looks for pages, unless it begins behind the end of the file. */
static void cache_asked(const struct kiocb *iocb, const struct iov_iter *iter)
{
	const struct inode *inode = iocb->ki_filp->f_mapping->host;
	u64 at = iocb->ki_pos, first = at & PAGE_MASK, bytes = iov_iter_count(iter);

	if (bytes && at < i_size_read(inode))
		cache_put(ROW_cache_get, inode, first, PAGE_ALIGN(at + bytes) - first);
}

/* --- read ahead: one way of the kernel to do it ends in the other --- */

struct ahead {
	const struct inode *inode;
	u64 index;
	pid_t who;
};

static DEFINE_PER_CPU(struct ahead, aheads);

static void cache_ahead(const struct inode *inode, u64 index, u64 pages, bool first)
{
	struct ahead *told = this_cpu_ptr(&aheads);
	bool again = !first && told->inode == inode && told->index == index && told->who == current->pid;

	*told = (struct ahead){first ? inode : NULL, index, current->pid};
	if (!again)
		cache_put(ROW_cache_readahead, inode, index << PAGE_SHIFT, pages << PAGE_SHIFT);
}

/* --- write-back: from the first page of an inode until none is left --- */

static void writeback_begin(const struct inode *inode)
{
	struct writeback w = {.t = ktime_get_ns()};

	for_whom(inode, true, &w.who);
	if (w.who.in_scope)
		w.who.in_scope = file_wanted(inode);
	memo_put(&writebacks, KEY(inode), &w);
}

/* Comes in interrupts. */
static void writeback_end(const struct inode *inode)
{
	struct writeback w;
	struct event e;
	u64 *value;

	if (!memo_get(&writebacks, KEY(inode), &w))
		return;
	memo_drop(&writebacks, KEY(inode));
	if (!w.who.in_scope || !event_begin(&e, ROW_cache_writeback, LAYER_CACHE, 3, w.bytes))
		return;
	event_since(&e, w.t);
	value = event_values(&e);
	value[0] = w.bytes;
	value[1] = w.who.tgid;
	value[2] = smp_processor_id();
	event_facts(&e, inode);
	event_end(&e);
}

static void cache_reclaimed(u32 node, u64 scanned, u64 reclaimed)
{
	struct event e;
	u64 *value;

	if (!session.on[LAYER_CACHE] || session.by_file || !current_in_scope() ||
		!event_begin(&e, ROW_cache_reclaim, LAYER_CACHE, 4, reclaimed << PAGE_SHIFT))
		return;
	value = event_values(&e);
	value[0] = reclaimed << PAGE_SHIFT;
	value[1] = scanned << PAGE_SHIFT;
	value[2] = node;
	value[3] = smp_processor_id();
	event_end(&e);
}

#endif
