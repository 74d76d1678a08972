/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#ifndef IORIOT_CAPTURE_BPF_BLOCK_H
#define IORIOT_CAPTURE_BPF_BLOCK_H

#include "layer.h"

/* Block requests: what is queued (bio) becomes a request, which is issued to the device and completed. */

#define UNKNOWN_TIME ((u64)1 << 63) /* OFFPTR_NULL of ops.h */

/* What one is about, and for whom. */
struct origin {
	struct inode *inode;
	struct toucher who;
	u64 sent_on; /* what is queued next is this, once more: a device above made it of what it got */
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1 << 14);
	__type(key, u64); /* address of the bio */
	__type(value, struct origin);
} bios SEC(".maps");

/* What a device that sends bios on (dm, md) got: up to sector END of it. */
struct above {
	struct origin origin;
	u64 bio, end;
};

struct above_key {
	u64 sector, disk;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1 << 14);
	__type(key, struct above_key);
	__type(value, struct above);
} aboves SEC(".maps");

struct issued {
	struct origin origin;
	u64 started, waited;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1 << 14);
	__type(key, u64); /* address of the request */
	__type(value, struct issued);
} requests SEC(".maps");

/* Inodes that have pages under write-back. */
struct writeback {
	u64 t, bytes;
	struct toucher who;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1 << 14);
	__type(key, u64); /* address of the inode */
	__type(value, struct writeback);
} writebacks SEC(".maps");

/* --- which file --- */

extern const void iomap_dio_bio_end_io __ksym __weak;

extern const void btrfs_simple_end_io __ksym __weak;
extern const void btrfs_orig_write_end_io __ksym __weak;
extern int LINUX_KERNEL_VERSION __kconfig;

/* What btrfs queues stands in a struct of its own, which knows the file. */
static __always_inline struct inode *inode_of_btrfs(struct bio *bio)
{
	void *end = GET(bio, bi_end_io);
	struct btrfs_bio *own;
	struct btrfs_inode *inode;

	if (!(&btrfs_simple_end_io && end == (void *)&btrfs_simple_end_io) &&
		!(&btrfs_orig_write_end_io && end == (void *)&btrfs_orig_write_end_io))
		return NULL;
	if (LINUX_KERNEL_VERSION < KERNEL_VERSION(6, 3, 0) || !bpf_core_field_exists(struct btrfs_bio, inode))
		return NULL; /* it was another type */
	own = (struct btrfs_bio *)((char *)bio - bpf_core_field_offset(struct btrfs_bio, bio));
	inode = GET(own, inode);
	return inode ? &inode->vfs_inode : NULL;
}

/* Pages of a file tell it; those of direct I/O are the program's, and the end of the bio knows the file. */
static __always_inline struct inode *inode_of_direct(struct bio *bio)
{
	struct iomap_dio *dio;
	struct kiocb *iocb;
	struct file *file;

	if (!&iomap_dio_bio_end_io || GET(bio, bi_end_io) != (void *)&iomap_dio_bio_end_io ||
		!bpf_core_type_exists(struct iomap_dio))
		return NULL;
	dio = GET(bio, bi_private);
	iocb = GET(dio, iocb);
	file = GET(iocb, ki_filp);
	return GET(file, f_inode);
}

/* Memory of a program may be pages of a file, too, which is not the one that is read or written. */
static __always_inline bool pages_are_pinned(struct bio *bio)
{
	return LINUX_KERNEL_VERSION >= KERNEL_VERSION(6, 5, 0) && GET(bio, bi_flags) & 1 /* BIO_PAGE_PINNED */;
}

/* NULL: they are of no file; *OF_KERNEL: but its own, as the log of a file system. */
static __always_inline struct inode *inode_of_pages(struct bio *bio, bool *of_kernel)
{
	struct bio_vec *vec = GET(bio, bi_io_vec);
	struct address_space *mapping;
	struct inode *inode;
	struct page *page;
	u64 head;

	*of_kernel = false;
	if (!vec)
		return NULL;
	vec += GET(bio, bi_iter.bi_idx);
	page = GET(vec, bv_page);
	if (!page)
		return NULL;
	head = GET(page, compound_head);
	if (head & 1)
		page = (struct page *)(head - 1);
	mapping = GET(page, mapping);
	if ((u64)mapping & 3) /* memory of a program */
		return NULL;
	inode = mapping ? GET(mapping, host) : NULL;
	/* where memory comes from a slab, that is something else */
	*of_kernel = !inode || (u64)mapping != (u64)inode + bpf_core_field_offset(struct inode, i_data);
	return *of_kernel ? NULL : inode;
}

/* --- direct I/O of btrfs before Linux 6.3: whose bios tell nothing that is known of them --- */

/* The file that a thread reads or writes past the cache. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1 << 12);
	__type(key, u64); /* address of the task */
	__type(value, u64);
} directs SEC(".maps");

/* Of a function, at its beginning. */
#if defined(__TARGET_ARCH_x86)
#define FIRST_ARGUMENT(from) GET(from, di)
#else
#define FIRST_ARGUMENT(from) GET(from, regs[0])
#endif

static __always_inline void direct_begins(struct kiocb *iocb)
{
	struct inode *inode = GET(GET(iocb, ki_filp), f_inode);
	u64 task = number_of(current_task()), value = number_of(inode);

	if (is_of_btrfs(inode))
		bpf_map_update_elem(&directs, &task, &value, BPF_ANY);
}

static __always_inline void direct_ends(void)
{
	u64 task = number_of(current_task());

	bpf_map_delete_elem(&directs, &task);
}

static __always_inline struct inode *inode_of_task(void)
{
	u64 task = number_of(current_task()), *found = bpf_map_lookup_elem(&directs, &task);

	return found ? (struct inode *)*found : NULL;
}

static __always_inline void origin_find(struct bio *bio, bool writes, struct origin *out)
{
	bool direct = pages_are_pinned(bio), of_kernel = false;

	out->inode = inode_of_direct(bio);
	if (out->inode)
		direct = true;
	else
		out->inode = inode_of_btrfs(bio);
	if (!out->inode && !direct) {
		struct inode *of_task = inode_of_task();

		out->inode = inode_of_pages(bio, &of_kernel);
		/* the file system's own pages are of no program */
		direct = of_task && !(out->inode && GET(out->inode, i_sb) == GET(of_task, i_sb));
		if (direct)
			out->inode = of_task;
	}
	for_whom(direct ? NULL : out->inode, writes, &out->who);
	if (of_kernel && !direct && everybody_in_scope())
		out->who.in_scope = 1;
	if (out->who.in_scope)
		out->who.in_scope = file_wanted(out->inode);
}

static __always_inline struct origin *origin_of(struct bio *bio)
{
	u64 key = (u64)bio;

	return bio ? bpf_map_lookup_elem(&bios, &key) : NULL;
}

/* --- devices above others: what they make of a bio has neither its address nor its end --- */

/* Of the disk, whichever partition of it. */
static __always_inline u32 disk_of(struct bio *bio)
{
	return GET(GET(GET(GET(bio, bi_bdev), bd_disk), part0), bd_dev);
}

static __always_inline void above_note(struct bio *bio, const struct origin *origin)
{
	u64 sector = GET(bio, bi_iter.bi_sector);
	struct above_key key = {sector, disk_of(bio)};
	struct above above = {*origin, (u64)bio, sector + GET(bio, bi_iter.bi_size) / 512};

	if (GET(GET(GET(GET(bio, bi_bdev), bd_disk), fops), submit_bio))
		bpf_map_update_elem(&aboves, &key, &above, BPF_ANY);
}

/* BIO is what was at SECTOR of DISK, or the next part of it. NULL: that is not known. */
static __always_inline struct origin *origin_above(struct bio *bio, u32 disk, u64 sector)
{
	struct above_key key = {sector, disk};
	struct above *found = bpf_map_lookup_elem(&aboves, &key), above;
	u64 of_bio = (u64)bio;

	if (!found)
		return NULL;
	above = *found;
	key.sector += GET(bio, bi_iter.bi_size) / 512;
	if (key.sector < above.end)
		bpf_map_update_elem(&aboves, &key, &above, BPF_ANY);
	if (above.bio != of_bio) {
		above.origin.sent_on = 1;
		bpf_map_update_elem(&bios, &of_bio, &above.origin, BPF_ANY);
	}
	return origin_of(bio);
}

/* It is part of a request by now: a full map would forget the latest ones. */
static __always_inline void origin_drop(struct bio *bio)
{
	u64 key = (u64)bio;

	bpf_map_delete_elem(&bios, &key);
}

/* --- numbers --- */

/* As mknod(2) takes it: include/linux/kdev_t.h. */
static __always_inline u64 device_number(u32 dev)
{
	u32 major = dev >> 20, minor = dev & 0xfffff;

	return (minor & 0xff) | major << 8 | (minor & ~0xffu) << 12;
}

/* What is about no sectors has no place there. */
static __always_inline u64 partition_start(struct bio *bio)
{
	struct block_device *dev = GET(bio, bi_bdev);

	return dev && GET(bio, bi_iter.bi_size) ? GET(dev, bd_start_sect) : 0;
}

#define OPF_BIT(name, ours) (opf & 1ull << bpf_core_enum_value(enum req_flag_bits, name) ? (ours) : 0)

static __always_inline u64 operation_of(u32 opf)
{
	return (opf & LAYER_OP) | OPF_BIT(__REQ_SYNC, LAYER_SYNC) | OPF_BIT(__REQ_META, LAYER_META) |
	       OPF_BIT(__REQ_PRIO, LAYER_PRIO) | OPF_BIT(__REQ_FUA, LAYER_FUA) |
	       OPF_BIT(__REQ_PREFLUSH, LAYER_PREFLUSH) | OPF_BIT(__REQ_RAHEAD, LAYER_RAHEAD) |
	       OPF_BIT(__REQ_BACKGROUND, LAYER_BACKGROUND) | OPF_BIT(__REQ_NOWAIT, LAYER_NOWAIT);
}

/*
 * The event of BIO, which counts its sectors from the beginning of the disk by now; the last two of its values are to
 * be set. NULL: it has no record.
 */
static __always_inline struct build *bio_event(u32 row, struct bio *bio, u64 **value)
{
	u64 bytes = GET(bio, bi_iter.bi_size);
	struct build *b = event_begin(row, LAYER_BLOCK, 6, bytes);
	struct block_device *dev;
	u64 *to;

	if (!b)
		return NULL;
	dev = GET(bio, bi_bdev);
	to = build_values(b, 6);
	to[0] = device_number(dev ? GET(dev, bd_dev) : 0);
	to[1] = GET(bio, bi_iter.bi_sector) - partition_start(bio);
	to[2] = bytes;
	to[3] = operation_of(GET(bio, bi_opf));
	*value = to;
	return b;
}

/* Requests count their sectors from the beginning of the disk. */
static __always_inline u64 device_of_request(struct request *rq)
{
	struct request_queue *q = GET(rq, q);
	struct gendisk *disk = q ? GET(q, disk) : NULL;
	struct block_device *dev = disk ? GET(disk, part0) : NULL;

	return dev ? device_number(GET(dev, bd_dev)) : 0;
}

static __always_inline void values_of_request(u64 *value, struct request *rq, u64 bytes)
{
	value[0] = device_of_request(rq);
	value[1] = GET(rq, __sector);
	if (value[1] == ~0ull) /* of a flush, which is about none */
		value[1] = 0;
	value[2] = bytes;
	value[3] = operation_of(GET(rq, cmd_flags));
}

/* --- events --- */

static __always_inline void note_written(struct inode *inode, u64 bytes)
{
	u64 key = (u64)inode;
	struct writeback *w = inode ? bpf_map_lookup_elem(&writebacks, &key) : NULL;

	if (w)
		__sync_fetch_and_add(&w->bytes, bytes);
}

static __always_inline void bio_queued(struct bio *bio)
{
	bool writes = (GET(bio, bi_opf) & LAYER_OP) == LAYER_WRITE;
	u64 key = (u64)bio;
	struct origin *found = origin_of(bio), origin = {0};
	bool again = found && found->sent_on;
	struct build *b;
	u64 *value;

	if (again)
		origin = *found;
	else
		origin_find(bio, writes, &origin);
	if (writes && !again)
		note_written(origin.inode, GET(bio, bi_iter.bi_size));
	origin.sent_on = 0;
	bpf_map_update_elem(&bios, &key, &origin, BPF_ANY);
	above_note(bio, &origin);
	if (again || !origin.who.in_scope)
		return;
	b = bio_event(ROW_block_queue, bio, &value);
	if (!b)
		return;
	value[4] = origin.who.tgid;
	value[5] = bpf_get_smp_processor_id();
	event_end(b, ROW_block_queue, origin.inode);
}

/* BIO is the part in front, made for it; its parent goes on at SECTOR. */
static __always_inline void bio_split(struct bio *bio, u32 sector)
{
	struct origin *origin = origin_of((struct bio *)GET(bio, bi_private)), copy;
	u64 key = (u64)bio;
	struct build *b;
	u64 *value;

	if (!origin)
		return;
	copy = *origin;
	bpf_map_update_elem(&bios, &key, &copy, BPF_ANY);
	if (!copy.who.in_scope)
		return;
	b = bio_event(ROW_block_split, bio, &value);
	if (!b)
		return;
	value[4] = sector - partition_start(bio);
	value[5] = copy.who.tgid;
	event_end(b, ROW_block_split, copy.inode);
}

static __always_inline void bio_remapped(struct bio *bio, u32 dev, u64 sector)
{
	bool by_partition = GET(GET(bio, bi_bdev), bd_dev) == dev; /* before it is queued */
	struct origin *found = by_partition ? origin_of(bio) : origin_above(bio, dev, sector), origin = {0};
	struct build *b;
	u64 *value;

	if (found && (found->sent_on || !by_partition))
		origin = *found;
	else
		origin_find(bio, (GET(bio, bi_opf) & LAYER_OP) == LAYER_WRITE, &origin);
	b = origin.who.in_scope ? bio_event(ROW_block_remap, bio, &value) : NULL;
	if (!b)
		return;
	if (by_partition)
		value[0] = device_number(disk_of(bio));
	value[1] = GET(bio, bi_iter.bi_sector);
	value[4] = device_number(dev);
	value[5] = sector;
	event_end(b, ROW_block_remap, origin.inode);
}

static __always_inline void bio_merged(struct bio *bio, bool front)
{
	struct origin *found = origin_of(bio), origin;
	struct build *b;
	u64 *value;

	if (!found)
		return;
	origin = *found;
	if (!front) /* else it is the first of its request, which is asked when that is issued */
		origin_drop(bio);
	if (!origin.who.in_scope)
		return;
	b = bio_event(ROW_block_merge, bio, &value);
	if (!b)
		return;
	value[4] = front;
	value[5] = origin.who.tgid;
	event_end(b, ROW_block_merge, origin.inode);
}

/* Requests without a bio (flushes) are of nobody: they are recorded with everybody's. */
static __always_inline void request_put(u32 row, struct request *rq, const struct issued *i)
{
	u64 bytes = GET(rq, __data_len);
	struct build *b = event_begin(row, LAYER_BLOCK, 6, bytes);
	u64 *value;

	if (!b)
		return;
	event_since(b, row == ROW_block_issue ? i->started : 0);
	value = build_values(b, 6);
	values_of_request(value, rq, bytes);
	value[4] = i->origin.who.tgid;
	value[5] = bpf_get_smp_processor_id();
	event_end(b, row, i->origin.inode);
}

/* Of its own requests the device mapper has those of multipath devices only, and sends each on as another one. */
static __always_inline void request_above_note(struct request *rq, const struct origin *origin)
{
	struct request_queue *q = GET(rq, q);
	struct gendisk *disk = q ? GET(q, disk) : NULL;
	struct block_device *dev = disk ? GET(disk, part0) : NULL;
	struct above above = {.origin = *origin};
	struct above_key key = {.sector = GET(rq, __sector)};
	char name[3];

	if (!dev || bpf_core_read(name, sizeof(name), &disk->disk_name) || name[0] != 'd' || name[1] != 'm' ||
		name[2] != '-')
		return;
	key.disk = GET(dev, bd_dev);
	bpf_map_update_elem(&aboves, &key, &above, BPF_ANY);
}

/* RQ is about to be issued for what SECTOR of the device above was asked. */
static __always_inline void request_remapped(struct request *rq, u32 dev, u64 sector)
{
	struct above_key above_key = {sector, dev};
	struct above *above = bpf_map_lookup_elem(&aboves, &above_key);
	u64 key = (u64)rq, bytes = GET(rq, __data_len), *value;
	struct issued i = {.started = 0};
	struct build *b;

	if (above)
		i.origin = above->origin;
	else
		i.origin.who.in_scope = everybody_in_scope();
	bpf_map_update_elem(&requests, &key, &i, BPF_ANY);
	b = i.origin.who.in_scope ? event_begin(ROW_block_remap, LAYER_BLOCK, 6, bytes) : NULL;
	if (!b)
		return;
	value = build_values(b, 6);
	values_of_request(value, rq, bytes);
	value[4] = device_number(dev);
	value[5] = sector;
	event_end(b, ROW_block_remap, i.origin.inode);
}

static __always_inline void request_issued(struct request *rq)
{
	struct bio *bio = GET(rq, bio);
	struct origin *origin = origin_of(bio);
	struct issued *before; /* the device did not take it the first time */
	u64 key = (u64)rq, now = bpf_ktime_get_ns(), started = GET(rq, start_time_ns);
	struct issued i = {.started = started ? started : now,
		.waited = started && started <= now ? now - started : UNKNOWN_TIME};

	before = origin ? NULL : bpf_map_lookup_elem(&requests, &key);
	if (origin)
		i.origin = *origin;
	else if (before)
		i.origin = before->origin;
	else
		i.origin.who.in_scope = everybody_in_scope();
	bpf_map_update_elem(&requests, &key, &i, BPF_ANY);
	request_above_note(rq, &i.origin);
	if (origin)
		origin_drop(bio);
	if (i.origin.who.in_scope)
		request_put(ROW_block_issue, rq, &i);
}

static __always_inline void request_again(struct request *rq)
{
	u64 key = (u64)rq;
	struct issued *i = bpf_map_lookup_elem(&requests, &key);

	if (i && i->origin.who.in_scope)
		request_put(ROW_block_requeue, rq, i);
}

/* blk_status_to_errno() of block/blk-core.c. */
static __always_inline s64 error_of(u32 status)
{
	static const volatile u8 errors[] = {0, 95, 110, 28, 67, 121, 52, 61, 84, 12, 5, 78, 11, 16};

	return status < sizeof(errors) ? -(s64)errors[status] : -5;
}

/* Comes in interrupts, and of a part of the request or all of it. */
static __always_inline void request_done(struct request *rq, u32 status, u32 bytes)
{
	u64 key = (u64)rq;
	struct issued *i = bpf_map_lookup_elem(&requests, &key);
	struct build *b;
	u64 *value;

	if (!i)
		return;
	b = i->origin.who.in_scope ? event_begin(ROW_block_done, LAYER_BLOCK, 6, bytes) : NULL;
	if (b) {
		event_since(b, i->started);
		event_result(b, error_of(status));
		value = build_values(b, 6);
		values_of_request(value, rq, bytes);
		value[4] = i->waited;
		value[5] = i->origin.who.tgid;
		event_end(b, ROW_block_done, i->origin.inode);
	}
	if (bytes >= GET(rq, __data_len))
		bpf_map_delete_elem(&requests, &key);
}

#endif
