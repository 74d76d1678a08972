/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#ifndef IORIOT_CAPTURE_BPF_BUILD_H
#define IORIOT_CAPTURE_BPF_BUILD_H

#include "types.h"

#include "shared.h"

/*
 * A record is built in memory of its processor and copied to the ring when it is complete. Programs run
 * with preemption off. What is told in interrupts (the end of a block request) may come while a task's record
 * is built: it has a queue of its own, so that each has its records in order.
 */

#define PATH_MOST  4096
#define ITEMS_MASK 8191u
#define ITEMS_MOST 8064u /* a record with six values is not longer than WIRE_REC_MAX */
#define NAME_MASK  4095u

struct head {
	struct bpf_sample sample;
	struct wire_rec rec;
};

struct values {
	u64 value[BPF_ARGS];
};

/* The walk from a name up to the root, which writes it from the end. */
struct climb {
	struct dentry *dentry;
	struct vfsmount *mnt;
	struct dentry *root;
	struct vfsmount *root_mnt;
	u32 from; /* where the name begins in build.name, counted from its middle down */
	u32 done, pseudo;
};

/* The walk over the descriptors of a process, a word of their bits at a time. */
struct fds {
	struct fdtable *table;
	u64 t, open, cloexec;
	u32 next, max;
};

/* That over the iocbs of an io_submit(2), and over what io_getevents(2) gave. */
struct iocbs {
	u64 address, segment; /* of the next pointer, of the next struct iovec */
	u32 left, segments, room;
	u32 used;
	u32 word; /* bytes of a pointer */
};

/* One part of a vector: the structs in build.name, their lengths to the item. */
struct iov {
	u64 address;
	u32 left;
	u32 narrow, refused; /* for its length: nobody has looked at what is in it */
};

/* Numbers of descriptors. */
struct files {
	u64 address;
	u32 left;
};

struct build {
	struct values lead; /* so many that they end where the items begin */
	char items[2 * (ITEMS_MASK + 1) + 64]; /* more than ever is used: for the verifier */
	/* what is not sent: */
	struct wire_rec rec;
	u64 arg[8]; /* registers of the call */
	u32 values;
	u32 at; /* bytes of items */
	u32 cpu; /* its queue */
	u32 found; /* of item_path(): the first byte of the text */
	u32 full;  /* of what has no parts: it has no room for all that it should tell */
	u64 scratch; /* of number_by() */
	u32 tells;   /* directories that it tells by name, and what is then to be known of the last two: */
	struct {
		u64 id, entry;
	} tell[2];
	/*
	 * Not on the stack, of which older kernels give all programs of a chain 512 bytes together. And before
	 * Linux 6.7 the verifier looks at one step of a loop only, and takes away the code that this one does not come
	 * to when it knows the values, as it does of the stack.
	 */
	struct climb climb;
	struct fds fds;
	struct iocbs iocbs;
	struct iov iov;
	struct files files;
	char name[2 * PATH_MOST + 512]; /* of a directory, from the end; and structs of programs */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2); /* as queues */
	__type(key, u32);
	__type(value, struct build);
} builds SEC(".maps");

/*
 * One of each queue, made by user space in the size it likes. The kernel's own rings cost a lock, a look at the other
 * end and a checked copy for each record.
 */
struct ring {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, u32);
	__uint(value_size, BPF_PART + BPF_SLACK);
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, BPF_QUEUES);
	__type(key, u32);
	__array(values, struct ring);
} rings SEC(".maps");

/* Only wakes the reader: its samples are empty. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} wakes SEC(".maps");

/* In memory that user space maps. */
volatile struct bpf_session session = {.epoch = 1, .generation = 1};
struct bpf_cpu cpus[BPF_QUEUES] = {};
struct bpf_reader readers[BPF_QUEUES] = {};

/*
 * Which directories were told by name: what the identity makes in this epoch of names, and when, in about us. Entries
 * may push each other out and be lost; then a name is told once more, as it is when half the range of times, 36
 * minutes, has gone by. A name counts only when it was told before the record that leaves it out: they may come from
 * different processors. So it is told when its record can be read, and not before.
 */
#define TOLD_BITS 13
uint64_t told[1 << TOLD_BITS] = {};

static __always_inline u32 told_time(u64 t)
{
	return (u32)(t >> 10);
}

static __always_inline u64 *told_at(u64 id)
{
	return &told[id >> (64 - TOLD_BITS)];
}

static __always_inline u32 told_as(u64 id)
{
	return (u32)id + session.names * 0x9e3779b9u;
}

static __always_inline bool dir_is_told(u64 id, u64 t)
{
	u64 entry = *(volatile u64 *)told_at(id);

	return (u32)(entry >> 32) == told_as(id) && (s32)(told_time(t) - (u32)entry) > 0;
}

static __always_inline void names_forget(void)
{
	__sync_fetch_and_add(&session.names, 1);
}

/* The record that is being made tells it. */
static __always_inline void dir_tells(struct build *b, u64 id)
{
	u32 i = b->tells & 1;

	b->tell[i].id = id;
	b->tell[i].entry = (u64)told_as(id) << 32 | told_time(b->rec.t);
	b->tells++;
}

/* It can be read. */
static __always_inline void dirs_told(struct build *b)
{
	*(volatile u64 *)told_at(b->tell[0].id) = b->tell[0].entry;
	if (b->tells > 1)
		*(volatile u64 *)told_at(b->tell[1].id) = b->tell[1].entry;
	b->tells = 0;
}

static __always_inline struct build *build_at(u32 level)
{
	return bpf_map_lookup_elem(&builds, &level);
}

/* Functions that write items take the record; in the old build, which makes none in interrupts, they find it. */
#ifdef IORIOT_OLD
#define BUILD_ARG  u32 unused_build
#define GIVE(b)	   0
#define TAKE_BUILD struct build *b = build_at(0)
#else
#define BUILD_ARG  struct build *b
#define GIVE(b)	   (b)
#define TAKE_BUILD (void)0
#endif

/*
 * The number that a pointer is, with which the verifier lets us calculate: number_of() without a call. By way of any 8
 * bytes of a map.
 */
static __always_inline u64 number_by(u64 *scratch, const void *pointer)
{
	*(const void *volatile *)scratch = pointer;
	return *(volatile u64 *)scratch;
}

/* That of a task's call. */
static __always_inline struct build *build_here(void)
{
	return build_at(0);
}

/* Whether the ring has room up to NEXT. */
static __always_inline bool ring_has(struct bpf_cpu *cpu, u32 queue, u64 next)
{
	if (likely(next <= cpu->most))
		return true;
	cpu->most = *(volatile u64 *)&readers[queue & (BPF_QUEUES - 1)].at + session.size;
	return next <= cpu->most;
}

/* What was written before is seen by whoever sees END. */
static __always_inline void ring_publish(struct bpf_cpu *cpu, u64 next)
{
#if defined(__TARGET_ARCH_x86)
	asm volatile("" ::: "memory");
	*(volatile u64 *)&cpu->end = next;
#else
	__sync_fetch_and_add(&cpu->end, next - cpu->end);
#endif
}

static __always_inline void ring_wake(struct bpf_cpu *cpu)
{
	void *sample;

	if (likely(cpu->end < cpu->wake_at))
		return;
	cpu->wake_at = cpu->end + session.wake;
	sample = bpf_ringbuf_reserve(&wakes, sizeof(u64), 0);
	if (sample)
		bpf_ringbuf_discard(sample, BPF_RB_FORCE_WAKEUP);
}

/* Now, and not before its last record. */
static __always_inline u64 cpu_time(const struct bpf_cpu *cpu)
{
	u64 t = bpf_ktime_get_ns();

	return t < cpu->t ? cpu->t : t;
}

/* Where a record of SIZE bytes goes, with so many more that may be written behind it; NULL: there is no room. */
static __always_inline struct head *ring_place(struct bpf_cpu *cpu, u32 queue, u32 size, u32 more)
{
	u64 at = cpu->end;
	u32 key = queue; /* one on the stack, which is short */
	void *ring = bpf_map_lookup_elem(&rings, &key);
	char *to;

	if (!ring || !ring_has(cpu, queue, bpf_ring_next(at, size) + more))
		return NULL;
	key = (at & (session.size - 1)) / BPF_PART;
	to = bpf_map_lookup_elem(ring, &key);
	if (!to)
		return NULL;
	keep(to);
	return (struct head *)(to + (at & (BPF_PART - 1)));
}

/* Where the values go; they can be written at any time before build_end(). */
static __always_inline u64 *build_values(struct build *b, u32 values)
{
	u32 skip = (BPF_ARGS - values) & 7;

	keep(skip);
	return b->lead.value + skip;
}

/* Copies the record so far to the ring, or counts it as dropped. */
static __always_inline bool build_send(struct build *b, u32 values)
{
	struct bpf_cpu *cpu = &cpus[b->cpu & (BPF_QUEUES - 1)];
	u32 size = values * sizeof(u64) + (b->at & ITEMS_MASK);
	struct head *head;
	const void *from;

	cpu->made++;
	head = ring_place(cpu, b->cpu, sizeof(*head) + size, sizeof(struct values));
	if (!head) {
		cpu->dropped++;
		names_forget();
		return false;
	}
	from = build_values(b, values);
	head->sample.before = cpu->made - 1;
	head->rec = b->rec;
	head->rec.size = sizeof(head->rec) + size;
	if (likely(!b->at)) /* copies all that there may be: cheaper than a call */
		*(struct values *)(head + 1) = *(const struct values *)from;
	else
		bpf_probe_read_kernel(head + 1, size & ITEMS_MASK, from);
	ring_publish(cpu, bpf_ring_next(cpu->end, sizeof(*head) + size));
	if (unlikely(b->tells))
		dirs_told(b);
	ring_wake(cpu);
	return true;
}

/*
 * Begins a record with so many values; its time is now, after BUSY is odd: who waits until it is even
 * has the record, or that is younger than the wait. NULL: it is counted as dropped.
 */
static __always_inline struct build *build_begin(u32 kind, u32 values)
{
	u32 number = 2 * bpf_get_smp_processor_id();
	u32 level = cpus[number & (BPF_QUEUES - 1)].busy & 1;
	struct build *b = build_at(level);
	struct bpf_cpu *cpu;
	u64 who = bpf_get_current_pid_tgid(), t;

	if (!b)
		return NULL;
	number += level;
	cpu = &cpus[number & (BPF_QUEUES - 1)];
	if (unlikely(cpu->busy & 1)) { /* two of them were interrupted */
		__sync_fetch_and_add(&cpu->made, 1);
		__sync_fetch_and_add(&cpu->dropped, 1);
		return NULL;
	}
	*(volatile u64 *)&cpu->busy += 1;
	t = cpu_time(cpu);
	cpu->t = t;
	b->cpu = number;
	b->at = 0;
	b->full = 0;
	b->tells = 0;
	b->values = values;
	b->rec = (struct wire_rec){.kind = kind, .tgid = who >> 32, .tid = (u32)who, .t = t};
	return b;
}

/* False: it was dropped. */
static __always_inline bool build_end(struct build *b)
{
	struct bpf_cpu *cpu = &cpus[b->cpu & (BPF_QUEUES - 1)];
	bool sent = build_send(b, b->values);

	*(volatile u64 *)&cpu->busy += 1;
	return sent;
}

/* It is not made after all. */
static __always_inline void build_leave(struct build *b)
{
	struct bpf_cpu *cpu = &cpus[b->cpu & (BPF_QUEUES - 1)];

	*(volatile u64 *)&cpu->busy += 1;
}

/* --- items --- */

/* The items so far become a record of their own in front of the one that is being built. */
APART int build_spill(BUILD_ARG)
{
	TAKE_BUILD;
	if (!b)
		return 0;
	if (b->rec.kind != WIRE_CALL) {
		b->full = 1;
		b->at = 0;
		return 0;
	}
	b->rec.kind = WIRE_PART;
	build_send(b, 0);
	b->rec.kind = WIRE_CALL;
	b->at = 0;
	return 0;
}

/* The head of an item, in one go. */
static __always_inline void item_head(char *to, u32 type, u32 len)
{
	*(u64 *)to = type | len << 16;
}

/* Where the LEN bytes of an item go, LEN at most PATH_MOST + 16. */
static __always_inline char *item_begin(struct build *b, u32 len)
{
	u32 at = b->at;

	if (unlikely(at + sizeof(struct wire_item) + len + 8 > ITEMS_MOST)) {
		build_spill(GIVE(b));
		at = 0;
	}
	keep(at);
	at &= ITEMS_MASK;
	return b->items + at + sizeof(struct wire_item);
}

/* LEN at most PATH_MOST + 16. */
static __always_inline void item_end(struct build *b, u32 type, u32 len)
{
	u32 at = b->at & ITEMS_MASK;
	u32 end;

	keep(len);
	len &= ITEMS_MASK;
	keep(len);
	item_head(b->items + at, type, len);
	if (len & 7) {
		end = at + sizeof(struct wire_item) + len;
		__builtin_memset(b->items + end, 0, 7);
	}
	b->at = at + sizeof(struct wire_item) + ((len + 7) & ~7u);
}

static __always_inline void item_number(struct build *b, u32 type, u64 number)
{
	*(u64 *)item_begin(b, sizeof(number)) = number;
	item_end(b, type, sizeof(number));
}

/* Bytes of the program, LEN at most PATH_MOST. Missing when they cannot be read. */
APART int item_copy(BUILD_ARG, u64 address, u32 len, u32 type)
{
	TAKE_BUILD;
	char *to;

	if (!b || len > PATH_MOST)
		return -1;
	to = item_begin(b, len);
	if (bpf_probe_read_user(to, len, (const void *)address))
		return -1;
	item_end(b, type, len);
	return 0;
}

/* No bytes say that there was no pointer. */
static __always_inline void item_copy_or_null(struct build *b, u64 address, u32 len, u32 type)
{
	if (address) {
		item_copy(GIVE(b), address, len, type);
	} else {
		item_begin(b, 0);
		item_end(b, type, 0);
	}
}

/* A string of at most PATH_MOST bytes, as the kernel takes it; its length, or negative. */
APART int item_string(BUILD_ARG, u64 address, u32 type)
{
	TAKE_BUILD;
	char *to;
	long len;

	if (!b)
		return -1;
	to = item_begin(b, PATH_MOST + 1);
	len = bpf_probe_read_user_str(to, PATH_MOST + 1, (const void *)address);
	if (len < 0)
		return -1;
	b->found = len ? to[0] : 0;
	if (len) /* older kernels do not count the NUL of a text without anything else */
		len--;
	item_end(b, type, len);
	return len;
}

#endif
