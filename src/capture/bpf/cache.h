/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#ifndef IORIOT_CAPTURE_BPF_CACHE_H
#define IORIOT_CAPTURE_BPF_CACHE_H

#include "block.h"

/* The page cache. What the kernel counts in pages is told in bytes of the file. */

static __always_inline u64 folio_bytes(struct folio *folio)
{
	struct folio___new *new = (void *)folio;
	struct folio___old *old = (void *)folio;
	unsigned long flags;

	if (bpf_core_field_exists(new->flags.f))
		flags = GET(new, flags.f);
	else
		flags = GET(folio, flags);
	if (!(flags >> bpf_core_enum_value(enum pageflags, PG_head) & 1) || !bpf_core_field_exists(folio->_flags_1))
		return PAGE_BYTES;
	if (bpf_core_field_exists(old->_folio_order)) /* to Linux 6.5 */
		return (u64)PAGE_BYTES << GET(old, _folio_order);
	return (u64)PAGE_BYTES << (GET(folio, _flags_1) & 0xff);
}

static __always_inline struct inode *inode_of_folio(struct folio *folio)
{
	struct address_space *mapping = GET(folio, mapping);

	return mapping && !((u64)mapping & 3) ? GET(mapping, host) : NULL;
}

static __always_inline void cache_put(u32 row, struct inode *inode, u64 offset, u64 bytes)
{
	struct toucher who;
	struct build *b;
	u64 *value;

	if (!session.on[LAYER_CACHE] || !inode)
		return;
	for_whom(inode, is_kernel_thread(), &who);
	b = who.in_scope && file_wanted(inode) ? event_begin(row, LAYER_CACHE, 3, bytes) : NULL;
	if (!b)
		return;
	value = build_values(b, 3);
	value[0] = offset;
	value[1] = bytes;
	value[2] = bpf_get_smp_processor_id();
	event_end(b, row, inode);
}

static __always_inline void cache_folio(u32 row, struct folio *folio)
{
	cache_put(row, inode_of_folio(folio), (u64)GET(folio, index) * PAGE_BYTES, folio_bytes(folio));
}

/* A read looks for pages, unless it begins behind the end of the file. */
static __always_inline void cache_asked(struct kiocb *iocb, struct iov_iter *iter)
{
	struct file *file = GET(iocb, ki_filp);
	struct address_space *mapping = GET(file, f_mapping);
	struct inode *inode = GET(mapping, host);
	u64 at = GET(iocb, ki_pos), first = at & ~(PAGE_BYTES - 1ull), bytes = GET(iter, count);

	if (bytes && at < (u64)GET(inode, i_size))
		cache_put(ROW_cache_get, inode, first, ((at + bytes - 1) | (PAGE_BYTES - 1ull)) + 1 - first);
}

/* --- read ahead: one way of the kernel to do it ends in the other --- */

struct ahead {
	u64 inode, index, who;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct ahead);
} aheads SEC(".maps");

static __always_inline void cache_ahead(struct inode *inode, u64 index, u64 pages, bool first)
{
	u64 who = bpf_get_current_pid_tgid();
	u32 zero = 0;
	struct ahead *told = bpf_map_lookup_elem(&aheads, &zero);
	bool again = told && !first && told->inode == (u64)inode && told->index == index && told->who == who;

	if (told)
		*told = (struct ahead){first ? (u64)inode : 0, index, who};
	if (!again)
		cache_put(ROW_cache_readahead, inode, index * PAGE_BYTES, pages * PAGE_BYTES);
}

/* --- write-back: from the first page of an inode until none is left --- */

static __always_inline void writeback_begin(struct inode *inode)
{
	struct writeback w = {.t = bpf_ktime_get_ns()};
	u64 key = (u64)inode;

	for_whom(inode, true, &w.who);
	if (w.who.in_scope)
		w.who.in_scope = file_wanted(inode);
	bpf_map_update_elem(&writebacks, &key, &w, BPF_ANY);
}

/* Comes in interrupts. */
static __always_inline void writeback_end(struct inode *inode)
{
	u64 key = (u64)inode;
	struct writeback *w = bpf_map_lookup_elem(&writebacks, &key);
	struct build *b;
	u64 *value;

	if (!w)
		return;
	b = w->who.in_scope ? event_begin(ROW_cache_writeback, LAYER_CACHE, 3, w->bytes) : NULL;
	if (b) {
		event_since(b, w->t);
		value = build_values(b, 3);
		value[0] = w->bytes;
		value[1] = w->who.tgid;
		value[2] = bpf_get_smp_processor_id();
		event_end(b, ROW_cache_writeback, inode);
	}
	bpf_map_delete_elem(&writebacks, &key);
}

static __always_inline void cache_reclaimed(u32 node, u64 scanned, u64 reclaimed)
{
	struct build *b;
	u64 *value;

	if (!session.on[LAYER_CACHE] || session.by_file || !current_in_scope())
		return;
	b = event_begin(ROW_cache_reclaim, LAYER_CACHE, 4, reclaimed * PAGE_BYTES);
	if (!b)
		return;
	value = build_values(b, 4);
	value[0] = reclaimed * PAGE_BYTES;
	value[1] = scanned * PAGE_BYTES;
	value[2] = node;
	value[3] = bpf_get_smp_processor_id();
	event_end(b, ROW_cache_reclaim, NULL);
}

#endif
