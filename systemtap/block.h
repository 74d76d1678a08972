/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#ifndef IORIOT_SYSTEMTAP_BLOCK_H
#define IORIOT_SYSTEMTAP_BLOCK_H

#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/vmalloc.h>

#include "capture/wire.h"
#include "compat.h"

/*
 * Each processor fills a block of its own; a record is built in its place. Hooks of calls run with
 * preemption off and never in interrupts, so that a processor builds one record at a time. The flush of
 * the control file comes as an interrupt: it finds BUSY set and leaves the flush to whoever set it. So
 * do events of other layers (event.h) that come meanwhile: they wait ASIDE until that record is complete.
 */

/* A short block that is nearly full, then a record of any length. */
#define BLOCK_BYTES 16384

/* Records that came while another one was built, all of them short: one interrupt ends many requests of a disk. */
#define ASIDE_BYTES 256
#define ASIDE_MAX   256

struct block {
	char *bytes;	   /* NULL: the processor came after the module */
	char *aside;
	unsigned int used; /* bytes, the header included */
	unsigned int count;
	u32 seq;
	bool busy;
	bool held; /* records of one moment are made: nothing comes between */
	bool flush_wanted;
	unsigned int waiting; /* records aside, with interrupts off; ... */
	unsigned int no_room; /* ... and events that had no room there */
	u64 t; /* time of the last record */
	u64 made, dropped;
};

static DEFINE_PER_CPU(struct block, blocks);

/* Names of directories that were told before this moment may have been lost. */
static u32 told_floor;

/* Moments of telling: about ms, half of the range is 24 days. */
static inline u32 told_time(u64 t)
{
	return (u32)(t >> 20);
}

static void names_forget(void)
{
	WRITE_ONCE(told_floor, told_time(ktime_get_ns()) + 1);
}

/* --- handing over --- */

static void copy_padded(char *to, const char *from, unsigned int len, unsigned int size)
{
	memcpy(to, from, len);
	memset(to + len, 0, size - len);
}

/* A sub-buffer that cannot be given back. */
static void relay_put_nothing(char *to, const struct wire_block *block)
{
	struct wire_block nothing = *block;

	nothing.used = sizeof(nothing);
	nothing.count = 0;
	copy_padded(
		relay_head(to, BLOCK_SHORT), (const char *)&nothing, sizeof(nothing), BLOCK_SHORT);
}

static bool relay_put(const struct wire_block *block)
{
	const char *from = (const char *)block;
	char *first = relay_page(), *second;

	if (!first)
		return false;
	if (block->used <= BLOCK_SHORT) {
		copy_padded(relay_head(first, BLOCK_SHORT), from, block->used, BLOCK_SHORT);
		return true;
	}
	memcpy(relay_head(first, BLOCK_LONG), from, BLOCK_SHORT);
	second = relay_page();
	if (!second) {
		relay_put_nothing(first, block);
		return false;
	}
	copy_padded(second, from + BLOCK_SHORT, block->used - BLOCK_SHORT, RELAY_PAGE);
	return true;
}

/* These records of other layers are so (event.h). */
static void events_dropped(const char *records, unsigned int bytes);

/* The block of this processor. */
static void block_flush(struct block *b)
{
	struct wire_block *head = (struct wire_block *)b->bytes;

	if (b->count == 0)
		return;
	*head = (struct wire_block){
		.magic = WIRE_MAGIC,
		.cpu = smp_processor_id(),
		.used = b->used,
		.seq = b->seq++,
		.count = b->count,
		.before = b->made - b->count,
	};
	if (!relay_put(head)) {
		b->dropped += b->count;
		events_dropped(b->bytes + sizeof(*head), b->used - sizeof(*head));
		names_forget();
	}
	b->used = sizeof(*head);
	b->count = 0;
}

/* One record that was built elsewhere. */
static void block_append(struct block *b, struct wire_rec *rec)
{
	if (rec->t < b->t) /* the record that it waited for was given a later time */
		rec->t = b->t;
	b->t = rec->t;
	if (b->used + rec->size > BLOCK_SHORT && b->count)
		block_flush(b);
	memcpy(b->bytes + b->used, rec, rec->size);
	b->used += rec->size;
	b->count++;
	b->made++;
}

/* By who has BUSY. */
static noinline void block_take_aside(struct block *b)
{
	unsigned long flags;
	unsigned int i;

	local_irq_save(flags);
	for (i = 0; i < b->waiting; i++)
		block_append(b, (struct wire_rec *)(b->aside + i * ASIDE_BYTES));
	b->made += b->no_room;
	b->dropped += b->no_room;
	b->waiting = b->no_room = 0;
	local_irq_restore(flags);
}

static inline void block_take_waiting(struct block *b)
{
	if (unlikely(READ_ONCE(b->waiting) | READ_ONCE(b->no_room)) && !b->held)
		block_take_aside(b);
}

/* --- building --- */

struct build {
	struct block *b;
	struct wire_rec *rec;
	char *at, *end; /* of its items */
	unsigned int values;
};

static inline u64 block_time(struct block *b)
{
	u64 t = ktime_get_ns();

	if (unlikely(t < b->t))
		t = b->t;
	return b->t = t;
}

static inline void build_place(struct build *o)
{
	o->rec = (struct wire_rec *)(o->b->bytes + o->b->used);
	o->at = (char *)(o->rec + 1) + o->values * sizeof(u64);
	o->end = (char *)o->rec + (BLOCK_LONG & ~7u) - sizeof(struct wire_block);
}

static inline u64 *build_values(struct build *o)
{
	return (u64 *)(o->rec + 1);
}

static inline void build_head(struct build *o, enum wire_kind kind)
{
	*o->rec = (struct wire_rec){.kind = kind, .tgid = current->tgid, .tid = current->pid};
}

/*
 * Begins a record with so many values; its time is now, after BUSY: a flush that does not wait for
 * this record is of an earlier time. False: it is counted as dropped.
 */
static inline bool build_begin(struct build *o, enum wire_kind kind, unsigned int values)
{
	struct block *b = this_cpu_ptr(&blocks);

	if (unlikely(!b->bytes)) {
		b->made++;
		b->dropped++;
		return false;
	}
	o->b = b;
	o->values = values;
	b->busy = true;
	barrier();
	block_take_waiting(b);
	build_place(o);
	build_head(o, kind);
	o->rec->t = block_time(b);
	return true;
}

/* The record is complete. What no longer fits behind others begins the next block. */
static void build_commit(struct build *o)
{
	struct block *b = o->b;
	unsigned int size = o->at - (char *)o->rec;

	o->rec->size = size;
	if (b->used + size > BLOCK_SHORT && b->count) {
		block_flush(b);
		memmove(b->bytes + b->used, o->rec, size);
	}
	b->used += size;
	b->count++;
	b->made++;
	if (b->used > BLOCK_SHORT)
		block_flush(b);
}

/* What was wanted meanwhile is done before somebody else may build. */
static inline void block_leave(struct block *b)
{
	for (;;) {
		if (unlikely(READ_ONCE(b->flush_wanted)) && !b->held) {
			block_take_waiting(b);
			block_flush(b);
			smp_store_release(&b->flush_wanted, false);
		}
		barrier();
		WRITE_ONCE(b->busy, false);
		barrier();
		if (likely(!READ_ONCE(b->flush_wanted)) || b->held)
			return;
		WRITE_ONCE(b->busy, true);
		barrier();
	}
}

/* Nothing is told, and no record was made. */
static inline void build_leave(struct build *o)
{
	block_leave(o->b);
}

static inline void build_end(struct build *o)
{
	build_commit(o);
	build_leave(o);
}

/* --- items --- */

/* The items so far become a record of their own before the one that is being built. */
static void build_spill(struct build *o)
{
	struct wire_rec head = *o->rec;
	char *from = (char *)(o->rec + 1) + o->values * sizeof(u64);

	memmove(o->rec + 1, from, o->at - from);
	o->at -= o->values * sizeof(u64);
	o->rec->kind = WIRE_PART;
	build_commit(o);
	build_place(o);
	*o->rec = head;
}

/* Is there room for a name without that? */
static inline bool build_has_room(const struct build *o)
{
	return o->at + sizeof(struct wire_item) + 4096 + 24 + 8 <= o->end;
}

/* Where the LEN bytes of an item go, LEN at most 4096 + 24. */
static inline char *item_begin(struct build *o, unsigned int len)
{
	if (unlikely(o->at + sizeof(struct wire_item) + len + 8 > o->end))
		build_spill(o);
	return o->at + sizeof(struct wire_item);
}

static inline void item_end(struct build *o, enum wire_item_type type, unsigned int len)
{
	struct wire_item *item = (struct wire_item *)o->at;
	unsigned int padded = (len + 7) & ~7u;

	*item = (struct wire_item){.type = type, .len = len};
	o->at += sizeof(*item);
	memset(o->at + len, 0, padded - len);
	o->at += padded;
}

/* --- records of one moment --- */

static void block_hold(void)
{
	WRITE_ONCE(this_cpu_ptr(&blocks)->held, true);
}

static void block_release(void)
{
	struct block *b = this_cpu_ptr(&blocks);

	WRITE_ONCE(b->busy, true);
	barrier();
	WRITE_ONCE(b->held, false);
	block_leave(b);
}

/* --- flushing from the control file --- */

static void flush_here(void *unused)
{
	struct block *b = this_cpu_ptr(&blocks);

	if (!b->bytes)
		return;
	if (READ_ONCE(b->busy) || READ_ONCE(b->held)) {
		WRITE_ONCE(b->flush_wanted, true);
	} else {
		block_take_waiting(b);
		block_flush(b);
	}
}

static void await_flush(const struct block *b)
{
	while (smp_load_acquire(&b->flush_wanted))
		cond_resched();
}

/* All records of before now can be read when it returns. May sleep. */
static void blocks_flush(void)
{
	int cpu;

	cpus_read_lock();
	on_each_cpu(flush_here, NULL, 1);
	for_each_online_cpu(cpu)
		await_flush(per_cpu_ptr(&blocks, cpu));
	cpus_read_unlock();
}

/* A processor goes off; it runs no programs any more. */
static int block_cpu_off(unsigned int cpu)
{
	preempt_disable();
	flush_here(NULL);
	preempt_enable();
	return 0;
}

/* --- beginning and end --- */

static int cpu_off_state = -1;

static int blocks_init(void)
{
	int cpu;

	cpus_read_lock();
	for_each_online_cpu(cpu) {
		struct block *b = per_cpu_ptr(&blocks, cpu);

		b->aside = vzalloc_node(ASIDE_BYTES * ASIDE_MAX, cpu_to_node(cpu));
		b->bytes = kzalloc_node(BLOCK_BYTES, GFP_KERNEL, cpu_to_node(cpu));
		if (!b->bytes || !b->aside)
			break;
		b->used = sizeof(struct wire_block);
	}
	cpus_read_unlock();
	if (cpu < nr_cpu_ids)
		return -ENOMEM;
	cpu_off_state =
		cpuhp_setup_state_nocalls(CPUHP_AP_ONLINE_DYN, "ioriot", NULL, block_cpu_off);
	return cpu_off_state < 0 ? cpu_off_state : 0;
}

static void blocks_free(void)
{
	int cpu;

	if (cpu_off_state >= 0)
		cpuhp_remove_state_nocalls(cpu_off_state);
	for_each_possible_cpu(cpu) {
		kfree(per_cpu_ptr(&blocks, cpu)->bytes);
		vfree(per_cpu_ptr(&blocks, cpu)->aside);
	}
}

#endif
