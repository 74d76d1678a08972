/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#ifndef IORIOT_CAPTURE_BPF_LAYER_H
#define IORIOT_CAPTURE_BPF_LAYER_H

#include "ops/layers.h"
#include "call.h"

/*
 * Events of other layers than calls. Who they are for is not who runs: write-back and completions are made
 * by threads of the kernel and by interrupts. The process that changed a file last is kept by inode, and
 * follows what is written of it to the request.
 */

#define PF_KTHREAD 0x00200000

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, BPF_EVENTS);
	__type(key, u32);
	__type(value, struct bpf_sum);
} sums SEC(".maps");

/* Who changed an inode last. */
struct toucher {
	u32 tgid, in_scope;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1 << 16);
	__type(key, u64); /* address of the inode */
	__type(value, struct toucher);
} touchers SEC(".maps");

/* --- scope --- */

/* Of what the current task does; a worker of an io_uring is its process's. Not in an interrupt. */
static __always_inline bool current_in_scope(void)
{
	struct task_struct *task = current_task();

	return thread_in_scope(is_ring_thread(task) ? task->group_leader : task) != NULL;
}

static __always_inline bool is_kernel_thread(void)
{
	return current_task()->flags & PF_KTHREAD;
}

/* Nobody is kept out. */
static __always_inline bool everybody_in_scope(void)
{
	return session.all && !session.comms && !session.uids && !session.by_file;
}

static __always_inline struct toucher *toucher_of(struct inode *inode)
{
	u64 key = (u64)inode;

	return inode ? bpf_map_lookup_elem(&touchers, &key) : NULL;
}

#define S_IFBLK 0060000
#define BTRFS_MAGIC 0x9123683e
#define BTRFS_BTREE 1 /* the number of its inode */

static __always_inline bool is_of_btrfs(struct inode *inode)
{
	return GET(GET(inode, i_sb), s_magic) == BTRFS_MAGIC;
}

/* What a file system keeps in pages of its device, or of an inode that is no file. */
static __always_inline bool is_everybodys(struct inode *inode)
{
	return (GET(inode, i_mode) & S_IFMT) == S_IFBLK || (GET(inode, i_ino) == BTRFS_BTREE && is_of_btrfs(inode));
}

/* What is done to INODE, for whom, and are they recorded? */
static __always_inline void for_whom(struct inode *inode, bool writes, struct toucher *out)
{
	struct toucher *t = writes ? toucher_of(inode) : NULL;
	bool kernel = is_kernel_thread();

	if (t)
		*out = *t;
	else
		*out = (struct toucher){.tgid = kernel ? 0 : bpf_get_current_pid_tgid() >> 32};
	if (!out->in_scope && !(t && kernel))
		out->in_scope = current_in_scope();
	/* what ioriot has changed itself is known: the rest is not its own, even if it has it all written or read */
	if (!out->in_scope && inode && !t && everybody_in_scope() && (writes || is_everybodys(inode)))
		out->in_scope = 1;
}

static __always_inline void touched(struct inode *inode)
{
	struct toucher t = {.tgid = bpf_get_current_pid_tgid() >> 32, .in_scope = current_in_scope()};
	u64 key = (u64)inode;

	if (!is_everybodys(inode))
		bpf_map_update_elem(&touchers, &key, &t, BPF_ANY);
}

/* --- records --- */

static __always_inline struct bpf_sum *sum_of(u32 row)
{
	u32 key = row - ROW_block_queue;

	return bpf_map_lookup_elem(&sums, &key);
}

/* An event with so many VALUES, about so many bytes; NULL: it has no record. */
static __always_inline struct build *event_begin(u32 row, u32 layer, u32 values, u64 bytes)
{
	struct bpf_sum *sum = sum_of(row);
	u32 each = session.each[layer];
	struct build *b;
	u64 seen;

	if (!session_on() || !session.on[layer] || !sum)
		return NULL;
	seen = __sync_fetch_and_add(&sum->seen, 1);
	__sync_fetch_and_add(&sum->bytes, bytes);
	if (each != 1 && (!each || seen % each))
		return NULL;
	b = build_begin(WIRE_EVENT, values);
	if (!b) {
		__sync_fetch_and_add(&sum->dropped, 1);
		return NULL;
	}
	b->rec.nr = row - 1;
	b->rec.flags = WIRE_NO_RESULT;
	return b;
}

static __always_inline void event_result(struct build *b, s64 ret)
{
	b->rec.flags = 0;
	b->rec.ret = ret;
}

/* It began at T, 0: nobody knows. */
static __always_inline void event_since(struct build *b, u64 t)
{
	if (t && t < b->rec.t)
		b->rec.dur = b->rec.t - t;
}

static __always_inline void event_end(struct build *b, u32 row, struct inode *inode)
{
	struct bpf_sum *sum = sum_of(row);

	if (inode)
		item_facts(b, WIRE_FACTS, inode);
	if (build_end(b)) {
		if (sum)
			__sync_fetch_and_add(&sum->kept, 1);
	} else if (sum) {
		__sync_fetch_and_add(&sum->dropped, 1);
	}
}

#endif
