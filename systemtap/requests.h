/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#ifndef IORIOT_SYSTEMTAP_REQUESTS_H
#define IORIOT_SYSTEMTAP_REQUESTS_H

#include <linux/bio.h>
#include <linux/blk-mq.h>
#include <linux/blkdev.h>
#include <linux/kprobes.h>

#include "event.h"

/* Block requests: what is queued (bio) becomes a request, which is issued to the device and completed. */

#define UNKNOWN_TIME ((u64)1 << 63) /* OFFPTR_NULL of ops.h */

/* What one is about, and for whom. */
struct origin {
	const struct inode *inode;
	struct toucher who;
	bool sent_on; /* what is queued next is this, once more: a device above made it of what it got */
};

/* What a device that sends bios on (dm, md) got: up to sector END of it. */
struct above {
	struct origin origin;
	u64 bio, end;
};

struct issued {
	struct origin origin;
	u64 started, waited;
};

/* Inodes that have pages under write-back. */
struct writeback {
	u64 t, bytes;
	struct toucher who;
};

static struct memos bios = {.bits = 14, .bytes = sizeof(struct origin)};
static struct memos aboves = {.bits = 14, .bytes = sizeof(struct above)};
static struct memos requests = {.bits = 14, .bytes = sizeof(struct issued)};
static struct memos writebacks = {.bits = 14, .bytes = sizeof(struct writeback)};

#define KEY(pointer) ((u64)(uintptr_t)(pointer))

/* --- which file --- */

static const void *direct_end; /* what ends a bio of direct I/O by iomap; NULL: not known */

/* May sleep. A function that can be hooked can be found. */
static void direct_find(void)
{
	struct kprobe probe = {.symbol_name = "iomap_dio_bio_end_io"};

	if (direct_end || register_kprobe(&probe))
		return;
	direct_end = probe.addr;
	unregister_kprobe(&probe);
}

/* The end of the bio knows the file: struct iomap_dio begins with its struct kiocb. */
static const struct inode *inode_of_direct(const struct bio *bio)
{
	const struct kiocb *iocb;
	const struct file *file;
	const struct inode *inode;

	if (!direct_end || (const void *)bio->bi_end_io != direct_end)
		return NULL;
	if (!PEEK(iocb, *(struct kiocb **)bio->bi_private) || !PEEK(file, iocb->ki_filp) ||
		!PEEK(inode, file->f_inode))
		return NULL;
	return inode;
}

/* Pages of a file tell it; those of direct I/O are the program's. *OF_KERNEL: its own, as the log of a file system. */
static const struct inode *inode_of_pages(const struct bio *bio, bool *of_kernel)
{
	struct address_space *mapping;
	const struct inode *inode;
	const struct page *page;

	*of_kernel = false;
	if (!bio->bi_io_vec || !bio_has_data((struct bio *)bio))
		return NULL;
	page = bio->bi_io_vec[bio->bi_iter.bi_idx].bv_page;
	if (!page)
		return NULL;
	mapping = READ_ONCE(compound_head((struct page *)page)->mapping);
	if ((unsigned long)mapping & 3) /* memory of a program */
		return NULL;
	/* where memory comes from a slab, that is something else */
	*of_kernel = !mapping || !PEEK(inode, mapping->host) || !inode || mapping != &inode->i_data;
	return *of_kernel ? NULL : inode;
}

/* --- direct I/O of btrfs, whose bios tell nothing that is known of them --- */

/* The file that a thread reads or writes past the cache. */
static struct memos directs = {.bits = 12, .bytes = sizeof(u64)};

/* False: it is of no btrfs. */
static bool direct_begins(const struct kiocb *iocb)
{
	const struct inode *inode = file_inode(iocb->ki_filp);
	u64 value = KEY(inode);

	if (!is_of_btrfs(inode))
		return false;
	memo_put(&directs, KEY(current), &value);
	return true;
}

static void direct_ends(void)
{
	memo_drop(&directs, KEY(current));
}

static const struct inode *inode_of_task(void)
{
	u64 value;

	return in_task() && memo_get(&directs, KEY(current), &value) ? (const void *)(uintptr_t)value : NULL;
}

static bool same_file_system(const struct inode *a, const struct inode *b)
{
	const struct super_block *first, *second;

	return PEEK(first, a->i_sb) && PEEK(second, b->i_sb) && first == second;
}

/* *DIRECT: its pages are the program's, else what was changed before; *OF_KERNEL: the file system's own. */
static const struct inode *inode_of_bio(const struct bio *bio, bool *direct, bool *of_kernel)
{
	const struct inode *inode = inode_of_direct(bio), *of_task, *of_pages;

	*direct = true;
	*of_kernel = false;
	if (inode)
		return inode;
	of_task = inode_of_task();
	of_pages = inode_of_pages(bio, of_kernel);
	if (of_task && !(of_pages && same_file_system(of_task, of_pages))) {
		*of_kernel = false;
		return of_task;
	}
	*direct = !of_pages;
	return of_pages;
}

static void origin_find(const struct bio *bio, bool writes, struct origin *out)
{
	bool direct, of_kernel;

	out->inode = inode_of_bio(bio, &direct, &of_kernel);
	for_whom(direct ? NULL : out->inode, writes, &out->who);
	if (of_kernel && all_in_scope())
		out->who.in_scope = true;
	if (out->who.in_scope)
		out->who.in_scope = file_wanted(out->inode);
}

/* --- devices above others: what they make of a bio has neither its address nor its end --- */

/* Of the disk, whichever partition of it. */
static dev_t disk_of(const struct bio *bio)
{
	return bio->bi_bdev->bd_disk->part0->bd_dev;
}

static u64 above_key(dev_t disk, u64 sector)
{
	return (u64)hash_32(disk, 24) << 40 ^ sector;
}

static void above_note(const struct bio *bio, const struct origin *origin)
{
	u64 sector = bio->bi_iter.bi_sector;
	struct above above = {.origin = *origin, .bio = KEY(bio), .end = sector + bio_sectors(bio)};

	if (bio->bi_bdev->bd_disk->fops->submit_bio)
		memo_put(&aboves, above_key(disk_of(bio), sector), &above);
}

/* BIO is what was at SECTOR of DISK, or the next part of it. False: that is not known. */
static bool origin_above(const struct bio *bio, dev_t disk, u64 sector, struct origin *out)
{
	struct above above;
	bool itself;

	if (!memo_get(&aboves, above_key(disk, sector), &above))
		return false;
	itself = above.bio == KEY(bio);
	*out = above.origin;
	sector += bio_sectors(bio);
	if (sector < above.end)
		memo_put(&aboves, above_key(disk, sector), &above);
	if (!itself) {
		out->sent_on = true;
		memo_put(&bios, KEY(bio), out);
	}
	return true;
}

/* --- numbers --- */

static u64 operation_of(u64 opf)
{
	static const struct {
		u64 theirs;
		u32 ours;
	} bits[] = {
		{(__force u64)REQ_SYNC, LAYER_SYNC},
		{(__force u64)REQ_META, LAYER_META},
		{(__force u64)REQ_PRIO, LAYER_PRIO},
		{(__force u64)REQ_FUA, LAYER_FUA},
		{(__force u64)REQ_PREFLUSH, LAYER_PREFLUSH},
		{(__force u64)REQ_RAHEAD, LAYER_RAHEAD},
		{(__force u64)REQ_BACKGROUND, LAYER_BACKGROUND},
		{(__force u64)REQ_NOWAIT, LAYER_NOWAIT},
	};
	u64 out = opf & LAYER_OP;
	int i;

	for (i = 0; i < ARRAY_SIZE(bits); i++)
		if (opf & bits[i].theirs)
			out |= bits[i].ours;
	return out;
}

static bool is_write(const struct bio *bio)
{
	return ((__force u64)bio->bi_opf & LAYER_OP) == LAYER_WRITE;
}

/* What is about no sectors has no place there. */
static u64 partition_start(const struct bio *bio)
{
	return bio->bi_bdev && bio_sectors(bio) ? bio->bi_bdev->bd_start_sect : 0;
}

/*
 * The event of BIO, which counts its sectors from the beginning of the disk by now; the last two of its values are to
 * be set.
 */
static bool bio_begin(struct event *e, u32 row, const struct bio *bio)
{
	u64 *to;

	if (!event_begin(e, row, LAYER_BLOCK, 6, bio->bi_iter.bi_size))
		return false;
	to = event_values(e);
	to[0] = bio->bi_bdev ? new_encode_dev(bio->bi_bdev->bd_dev) : 0;
	to[1] = bio->bi_iter.bi_sector - partition_start(bio);
	to[2] = bio->bi_iter.bi_size;
	to[3] = operation_of((__force u64)bio->bi_opf);
	return true;
}

static void bio_end(struct event *e, u64 fifth, u64 sixth, const struct inode *inode)
{
	event_values(e)[4] = fifth;
	event_values(e)[5] = sixth;
	event_facts(e, inode);
	event_end(e);
}

/* Requests count their sectors from the beginning of the disk. */
static void values_of_request(u64 *value, const struct request *rq, u64 bytes)
{
	const struct gendisk *disk = rq->q ? rq->q->disk : NULL;

	value[0] = disk && disk->part0 ? new_encode_dev(disk->part0->bd_dev) : 0;
	value[1] = rq->__sector == (sector_t)-1 ? 0 : rq->__sector; /* of a flush, which is about none */
	value[2] = bytes;
	value[3] = operation_of((__force u64)rq->cmd_flags);
}

/* --- events --- */

static void note_written(const struct inode *inode, u64 bytes)
{
	unsigned long flags;
	struct memo *at = memo_hold(&writebacks, KEY(inode), &flags);

	if (!at)
		return;
	((struct writeback *)at->value)->bytes += bytes;
	memo_let_go(at, flags);
}

static void bio_queued(const struct bio *bio)
{
	struct origin origin;
	bool writes = is_write(bio), again = memo_get(&bios, KEY(bio), &origin) && origin.sent_on;
	struct event e;

	if (!again)
		origin_find(bio, writes, &origin);
	if (writes && !again)
		note_written(origin.inode, bio->bi_iter.bi_size);
	origin.sent_on = false;
	memo_put(&bios, KEY(bio), &origin);
	above_note(bio, &origin);
	if (!again && origin.who.in_scope && bio_begin(&e, ROW_block_queue, bio))
		bio_end(&e, origin.who.tgid, smp_processor_id(), origin.inode);
}

/* BIO is the part in front, made for it; its parent goes on at SECTOR. */
static void bio_was_split(const struct bio *bio, u32 sector)
{
	struct origin origin;
	struct event e;

	if (!memo_get(&bios, KEY(bio->bi_private), &origin))
		return;
	memo_put(&bios, KEY(bio), &origin);
	if (origin.who.in_scope && bio_begin(&e, ROW_block_split, bio))
		bio_end(&e, sector - partition_start(bio), origin.who.tgid, origin.inode);
}

static void bio_remapped(const struct bio *bio, dev_t dev, sector_t sector)
{
	bool by_partition = bio->bi_bdev->bd_dev == dev; /* before it is queued */
	struct origin origin;
	struct event e;

	if (by_partition ? !memo_get(&bios, KEY(bio), &origin) || !origin.sent_on :
			   !origin_above(bio, dev, sector, &origin))
		origin_find(bio, is_write(bio), &origin);
	if (!origin.who.in_scope || !bio_begin(&e, ROW_block_remap, bio))
		return;
	if (by_partition)
		event_values(&e)[0] = new_encode_dev(disk_of(bio));
	event_values(&e)[1] = bio->bi_iter.bi_sector;
	bio_end(&e, new_encode_dev(dev), sector, origin.inode);
}

static void bio_merged(const struct bio *bio, bool front)
{
	struct origin origin;
	struct event e;

	if (!memo_get(&bios, KEY(bio), &origin))
		return;
	if (!front) /* else it is the first of its request, which is asked when that is issued */
		memo_drop(&bios, KEY(bio));
	if (origin.who.in_scope && bio_begin(&e, ROW_block_merge, bio))
		bio_end(&e, front, origin.who.tgid, origin.inode);
}

static void request_put(u32 row, const struct request *rq, const struct issued *i)
{
	struct event e;
	u64 *value;

	if (!event_begin(&e, row, LAYER_BLOCK, 6, rq->__data_len))
		return;
	event_since(&e, row == ROW_block_issue ? i->started : 0);
	value = event_values(&e);
	values_of_request(value, rq, rq->__data_len);
	value[4] = i->origin.who.tgid;
	value[5] = smp_processor_id();
	event_facts(&e, i->origin.inode);
	event_end(&e);
}

/* Of its own requests the device mapper has those of multipath devices only, and sends each on as another one. */
static void request_above_note(const struct request *rq, const struct origin *origin)
{
	const struct gendisk *disk = rq->q ? rq->q->disk : NULL;
	struct above above = {.origin = *origin};

	if (disk && disk->part0 && strncmp(disk->disk_name, "dm-", 3) == 0)
		memo_put(&aboves, above_key(disk->part0->bd_dev, rq->__sector), &above);
}

/* RQ is about to be issued for what SECTOR of the device above was asked. */
static void request_remapped(const struct request *rq, dev_t dev, sector_t sector)
{
	struct issued i = {.origin.who.in_scope = all_in_scope()};
	struct above above;
	struct event e;
	u64 *value;

	if (memo_get(&aboves, above_key(dev, sector), &above))
		i.origin = above.origin;
	memo_put(&requests, KEY(rq), &i);
	if (!i.origin.who.in_scope || !event_begin(&e, ROW_block_remap, LAYER_BLOCK, 6, rq->__data_len))
		return;
	value = event_values(&e);
	values_of_request(value, rq, rq->__data_len);
	value[4] = new_encode_dev(dev);
	value[5] = sector;
	event_facts(&e, i.origin.inode);
	event_end(&e);
}

/* Requests without a bio (flushes) are of nobody: they are recorded with everybody's. */
static void request_issued(const struct request *rq)
{
	u64 now = ktime_get_ns(), started = rq->start_time_ns;
	struct issued i = {.started = started ? started : now,
		.waited = started && started <= now ? now - started : UNKNOWN_TIME};
	struct issued before; /* the device did not take it the first time */

	if (memo_get(&bios, KEY(rq->bio), &i.origin))
		memo_drop(&bios, KEY(rq->bio));
	else if (memo_get(&requests, KEY(rq), &before))
		i.origin = before.origin;
	else
		i.origin = (struct origin){.who.in_scope = all_in_scope()};
	memo_put(&requests, KEY(rq), &i);
	request_above_note(rq, &i.origin);
	if (i.origin.who.in_scope)
		request_put(ROW_block_issue, rq, &i);
}

static void request_again(const struct request *rq)
{
	struct issued i;

	if (memo_get(&requests, KEY(rq), &i) && i.origin.who.in_scope)
		request_put(ROW_block_requeue, rq, &i);
}

/* blk_status_to_errno() of block/blk-core.c, which modules cannot call. */
static s64 error_of(u8 status)
{
	static const u8 errors[] = {0, EOPNOTSUPP, ETIMEDOUT, ENOSPC, ENOLINK, EREMOTEIO, EBADE, ENODATA, EILSEQ,
		ENOMEM, EIO, EREMCHG, EAGAIN, EBUSY};

	return status < sizeof(errors) ? -(s64)errors[status] : -EIO;
}

/* Comes in interrupts, and of a part of the request or all of it. */
static void request_done(const struct request *rq, u8 status, u32 bytes)
{
	struct issued i;
	struct event e;
	u64 *value;

	if (!memo_get(&requests, KEY(rq), &i))
		return;
	if (i.origin.who.in_scope && event_begin(&e, ROW_block_done, LAYER_BLOCK, 6, bytes)) {
		event_since(&e, i.started);
		event_result(&e, error_of(status));
		value = event_values(&e);
		values_of_request(value, rq, bytes);
		value[4] = i.waited;
		value[5] = i.origin.who.tgid;
		event_facts(&e, i.origin.inode);
		event_end(&e);
	}
	if (bytes >= rq->__data_len)
		memo_drop(&requests, KEY(rq));
}

#endif
