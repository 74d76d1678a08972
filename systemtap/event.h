/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#ifndef IORIOT_SYSTEMTAP_EVENT_H
#define IORIOT_SYSTEMTAP_EVENT_H

#include "ops/layers.h"
#include "facts.h"
#include "memo.h"
#include "scope.h"
#include "table.h"
#include "watched.h"

/*
 * Events of other layers than calls. Who they are for is not who runs: write-back and completions are made
 * by threads of the kernel and by interrupts. The process that changed a file last is kept by inode, and
 * follows what is written of it to the request.
 */

/* --- sums --- */

struct sum {
	u64 seen, bytes, kept, dropped;
};

#define EVENTS (ROW_file_call - ROW_block_queue)

/* Allocated: what modules may have of it by declaration is 8 KiB, for all that are loaded. */
static struct sum __percpu *sums;

static int sums_init(void)
{
	sums = __alloc_percpu(EVENTS * sizeof(*sums), __alignof__(*sums));
	return sums ? 0 : -ENOMEM;
}

static void sums_free(void)
{
	free_percpu(sums);
}

#define SUM_ADD(row, member, n) this_cpu_add(sums[(row) - ROW_block_queue].member, n)

static void events_dropped(const char *records, unsigned int bytes)
{
	const char *at = records;

	while (at < records + bytes) {
		const struct wire_rec *rec = (const struct wire_rec *)at;
		u32 row = rec->nr + 1;

		if (rec->kind == WIRE_EVENT && row >= ROW_block_queue && row < ROW_file_call) {
			SUM_ADD(row, kept, -1);
			SUM_ADD(row, dropped, 1);
		}
		at += rec->size;
	}
}

/* --- scope --- */

/* Who changed an inode last. */
struct toucher {
	u32 tgid;
	bool in_scope;
};

static struct memos touchers = {.bits = 16, .bytes = sizeof(struct toucher)};

/* Of what the current task does. */
static bool current_in_scope(void)
{
	return in_task() && scope_thread();
}

static bool is_kernel_thread(void)
{
	return !in_task() || current->flags & PF_KTHREAD;
}

/* Nobody is kept out. */
static bool all_in_scope(void)
{
	return READ_ONCE(session.all) && !session.comms && !session.uids && !session.by_file;
}

#define BTRFS_BTREE 1 /* the number of its inode */

static bool is_of_btrfs(const struct inode *inode)
{
	return inode->i_sb->s_magic == BTRFS_SUPER_MAGIC;
}

/* What a file system keeps in pages of its device, or of an inode that is no file. */
static bool is_everybodys(const struct inode *inode)
{
	return S_ISBLK(inode->i_mode) || (inode->i_ino == BTRFS_BTREE && is_of_btrfs(inode));
}

/* What is done to INODE, for whom, and are they recorded? */
static void for_whom(const struct inode *inode, bool writes, struct toucher *out)
{
	bool kernel = is_kernel_thread();
	bool known = writes && memo_get(&touchers, (u64)(uintptr_t)inode, out);

	if (!known)
		*out = (struct toucher){.tgid = kernel ? 0 : current->tgid};
	if (!out->in_scope && !(known && kernel))
		out->in_scope = current_in_scope();
	/* what ioriot has changed itself is known: the rest is not its own, even if it has it all written or read */
	if (!out->in_scope && inode && !known && all_in_scope() && (writes || is_everybodys(inode)))
		out->in_scope = true;
}

static void touched(const struct inode *inode)
{
	struct toucher t = {.tgid = current->tgid, .in_scope = current_in_scope()};

	if (!is_everybodys(inode))
		memo_put(&touchers, (u64)(uintptr_t)inode, &t);
}

/* --- records --- */

struct event {
	struct build o;
	u32 row;
	bool irqs_off, aside;
	unsigned long flags;
};

/* Interrupts are off, and the processor may be building another record. */
static bool event_place(struct event *e, unsigned int values)
{
	struct block *b = this_cpu_ptr(&blocks);

	if (!b->busy && !b->held)
		return build_begin(&e->o, WIRE_EVENT, values);
	if (!b->bytes || b->waiting == ASIDE_MAX) {
		b->no_room++;
		return false;
	}
	e->aside = true;
	e->o.b = b;
	e->o.values = values;
	e->o.rec = (struct wire_rec *)(b->aside + b->waiting * ASIDE_BYTES);
	e->o.at = (char *)(e->o.rec + 1) + values * sizeof(u64);
	e->o.end = (char *)e->o.rec + ASIDE_BYTES;
	build_head(&e->o, WIRE_EVENT);
	e->o.rec->t = ktime_get_ns();
	return true;
}

static bool event_make(struct event *e, unsigned int values)
{
	const struct block *b = this_cpu_ptr(&blocks);

	e->aside = false;
	e->irqs_off = !in_task() || READ_ONCE(b->busy) || READ_ONCE(b->held);
	if (!e->irqs_off)
		return build_begin(&e->o, WIRE_EVENT, values);
	local_irq_save(e->flags);
	if (event_place(e, values))
		return true;
	local_irq_restore(e->flags);
	return false;
}

/* An event with so many VALUES, about so many bytes; false: it has no record. Preemption is off. */
static bool event_begin(struct event *e, u32 row, enum layer layer, unsigned int values, u64 bytes)
{
	u32 each = session.each[layer];
	u64 seen;

	if (!session_on() || !session.on[layer])
		return false;
	seen = this_cpu_inc_return(sums[row - ROW_block_queue].seen) - 1;
	SUM_ADD(row, bytes, bytes);
	if (each != 1 && (!each || seen % each))
		return false;
	if (!event_make(e, values)) {
		SUM_ADD(row, dropped, 1);
		return false;
	}
	e->row = row;
	e->o.rec->nr = row - 1;
	e->o.rec->flags = WIRE_NO_RESULT;
	return true;
}

static u64 *event_values(struct event *e)
{
	return build_values(&e->o);
}

static void event_result(struct event *e, s64 ret)
{
	e->o.rec->flags = 0;
	e->o.rec->ret = ret;
}

/* It began at T, 0: nobody knows. */
static void event_since(struct event *e, u64 t)
{
	if (t && t < e->o.rec->t)
		e->o.rec->dur = e->o.rec->t - t;
}

static void event_end(struct event *e)
{
	SUM_ADD(e->row, kept, 1);
	if (e->aside) {
		e->o.rec->size = e->o.at - (char *)e->o.rec;
		e->o.b->waiting++;
	} else {
		build_end(&e->o);
	}
	if (e->irqs_off)
		local_irq_restore(e->flags);
}

/* Of an inode that may be gone: nothing is told then. */
static void event_facts(struct event *e, const struct inode *inode)
{
	struct wire_facts *f;
	struct super_block *sb;
	umode_t mode;
	unsigned int nlink;
	unsigned long ino;
	loff_t size;
	blkcnt_t blocks;
	kuid_t uid;
	kgid_t gid;
	dev_t dev;

	if (!inode || !PEEK(sb, inode->i_sb) || !PEEK(dev, sb->s_dev) || !PEEK(ino, inode->i_ino) ||
		!PEEK(mode, inode->i_mode) || !PEEK(nlink, inode->i_nlink) || !PEEK(uid, inode->i_uid) ||
		!PEEK(gid, inode->i_gid) || !PEEK(size, inode->i_size) || !PEEK(blocks, inode->i_blocks))
		return;
	f = (struct wire_facts *)item_begin(&e->o, sizeof(*f));
	*f = (struct wire_facts){
		.dev_major = MAJOR(dev),
		.dev_minor = MINOR(dev),
		.ino = ino,
		.mode = mode,
		.nlink = nlink,
		.uid = from_kuid(&init_user_ns, uid),
		.gid = from_kgid(&init_user_ns, gid),
		.size = size,
		.blocks = blocks,
		.super = 1,
	};
	item_end(&e->o, WIRE_FACTS, sizeof(*f));
}

#endif
