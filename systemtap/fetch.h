/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#ifndef IORIOT_SYSTEMTAP_FETCH_H
#define IORIOT_SYSTEMTAP_FETCH_H

#include <linux/aio_abi.h>
#include <linux/uio.h>

#include "block.h"
#include "compat32.h"
#include "ops/aio.h"
#include "user.h"

/*
 * What registers point to. Read at the end of a call, when the kernel has just used it and it is in
 * memory; page faults are off.
 */

/* A string of at most PATH_MAX bytes, as the kernel takes it; its length, or negative. */
static long item_string(struct build *o, enum wire_item_type type, u64 address)
{
	char *to = item_begin(o, PATH_MAX);
	long len;

	pagefault_disable();
	len = strncpy_from_user(to, (const char __user *)(uintptr_t)address, PATH_MAX);
	pagefault_enable();
	if (len >= 0)
		item_end(o, type, len);
	return len;
}

static void item_copy(struct build *o, enum wire_item_type type, u64 address, unsigned int len)
{
	char *to = item_begin(o, len);

	if (user_copy(to, address, len))
		item_end(o, type, len);
}

/* No bytes say that there was no pointer. */
static void item_copy_or_null(
	struct build *o, enum wire_item_type type, u64 address, unsigned int len)
{
	if (address) {
		item_copy(o, type, address, len);
	} else {
		item_begin(o, 0);
		item_end(o, type, 0);
	}
}

/* What an access control list says about permission bits, at the ends of a value of so many bytes. */
static void item_list(struct build *o, u64 address, unsigned int bytes)
{
	char *to = item_begin(o, WIRE_LIST_BYTES);

	if (bytes >= WIRE_LIST_BYTES && user_copy(to, address, WIRE_LIST_HEAD) &&
		user_copy(to + WIRE_LIST_HEAD, address + bytes - WIRE_LIST_TAIL, WIRE_LIST_TAIL))
		item_end(o, WIRE_LIST, WIRE_LIST_BYTES);
}

/* --- structs that are others in 32-bit programs --- */

static void item_offset(struct build *o, enum wire_item_type type, u64 address)
{
	s64 *to = (s64 *)item_begin(o, sizeof(*to));
	s32 narrow;

	if (!address || !(compat_how() & COMPAT_OFF32)) {
		item_copy_or_null(o, type, address, sizeof(s64));
	} else if (user_copy(&narrow, address, sizeof(narrow))) {
		*to = narrow;
		item_end(o, type, sizeof(*to));
	}
}

/* N numbers: seconds, and parts of them where there are such. */
static void item_times(struct build *o, u64 address, unsigned int n)
{
	s64 *to = (s64 *)item_begin(o, n * sizeof(*to));
	s32 narrow[4];
	unsigned int i;

	if (!address || !(compat_how() & COMPAT_TIME32)) {
		item_copy_or_null(o, WIRE_TIMES, address, n * sizeof(*to));
		return;
	}
	if (!user_copy(narrow, address, n * sizeof(*narrow)))
		return;
	for (i = 0; i < n; i++)
		to[i] = narrow[i];
	item_end(o, WIRE_TIMES, n * sizeof(*to));
}

/* As the programs have them: with 64 bits nothing stands between the members. */
struct narrow_flock {
	s16 type, whence;
	s32 start, len;
};

struct wide_flock {
	s16 type, whence;
	s64 start, len;
} __packed;

static void item_flock(struct build *o, u64 address)
{
	struct flock *to = (struct flock *)item_begin(o, sizeof(*to));
	struct narrow_flock narrow;
	struct wide_flock wide;

	if (!(compat_how() & COMPAT_FLOCK32)) {
		item_copy(o, WIRE_FLOCK, address, sizeof(*to));
		return;
	}
	if (compat_lock_is_wide()) {
		if (!user_copy(&wide, address, sizeof(wide)))
			return;
	} else {
		if (!user_copy(&narrow, address, sizeof(narrow)))
			return;
		wide = (struct wide_flock){narrow.type, narrow.whence, narrow.start, narrow.len};
	}
	*to = (struct flock){
		.l_type = wide.type, .l_whence = wide.whence, .l_start = wide.start, .l_len = wide.len};
	item_end(o, WIRE_FLOCK, sizeof(*to));
}

struct narrow_iovec {
	u32 base, len;
};

#define IOV_PART 256

static bool put_narrow_iov(u64 *to, u64 address, unsigned int count)
{
	struct narrow_iovec iov[16];
	unsigned int i, n;

	for (; count; count -= n, to += n, address += n * sizeof(*iov)) {
		n = count < ARRAY_SIZE(iov) ? count : ARRAY_SIZE(iov);
		if (!user_copy(iov, address, n * sizeof(*iov)))
			return false;
		for (i = 0; i < n; i++)
			to[i] = iov[i].len;
	}
	return true;
}

static bool put_iov(u64 *to, u64 address, unsigned int count)
{
	struct iovec iov[16];
	unsigned int i, n;

	for (; count; count -= n, to += n, address += n * sizeof(*iov)) {
		n = count < ARRAY_SIZE(iov) ? count : ARRAY_SIZE(iov);
		if (!user_copy(iov, address, n * sizeof(*iov)))
			return false;
		for (i = 0; i < n; i++)
			to[i] = iov[i].iov_len;
	}
	return true;
}

/* The kernel takes at most UIO_MAXIOV segments: one more says why it refused. */
static void item_iov(struct build *o, u64 address, u64 count, bool narrow)
{
	unsigned int left = count <= UIO_MAXIOV ? count : UIO_MAXIOV + 1, n;

	do {
		char *to = item_begin(o, IOV_PART * sizeof(u64));

		n = left < IOV_PART ? left : IOV_PART;
		if (count > UIO_MAXIOV) /* nobody has looked at what is in it */
			memset(to, 0, n * sizeof(u64));
		else if (!(narrow ? put_narrow_iov : put_iov)((u64 *)to, address, n))
			return;
		item_end(o, WIRE_IOV, n * sizeof(u64));
		address += n * (narrow ? sizeof(struct narrow_iovec) : sizeof(struct iovec));
		left -= n;
	} while (left);
}

/* --- tuples --- */

#define TUPLES_BYTES 4032

/* Tuples of SIZE numbers on their way into items. */
struct tuples {
	struct build *o;
	unsigned int size, used; /* bytes */
};

static void tuples_flush(struct tuples *t)
{
	item_end(t->o, WIRE_TUPLES, t->used);
	t->used = 0;
}

/* Where the next one goes, all zero; it is in with tuples_add(). */
static u64 *tuples_next(struct tuples *t)
{
	char *to;

	if (t->used + t->size > TUPLES_BYTES)
		tuples_flush(t);
	/* the place of an item that is being filled stays the same */
	to = t->used ? t->o->at + sizeof(struct wire_item) : item_begin(t->o, TUPLES_BYTES);
	return memset(to + t->used, 0, t->size);
}

static void tuples_add(struct tuples *t)
{
	t->used += t->size;
}

#define IOCBS_MAX 1024 /* of one call, and segments of all of them: hooks must not take long */

/* The lengths of an iocb's segments; how many, none of a vector that is bad. */
static unsigned int tuples_segments(struct tuples *t, u64 address, unsigned int count, bool narrow)
{
	unsigned int i;
	u64 *to;

	for (i = 0; i < count; i++) {
		to = tuples_next(t);
		/* it was read whole by the kernel just now */
		if (narrow)
			put_narrow_iov(to, address + i * sizeof(struct narrow_iovec), 1);
		else
			put_iov(to, address + i * sizeof(struct iovec), 1);
		tuples_add(t);
	}
	return count;
}

static bool segments_readable(u64 address, unsigned int count, bool narrow)
{
	unsigned int size = narrow ? sizeof(struct narrow_iovec) : sizeof(struct iovec);
	struct iovec last;

	return user_copy(&last, address, size) && user_copy(&last, address + (count - 1) * size, size);
}

/* How many segments of the iocb are told. */
static unsigned int segments_of(const struct iocb *iocb, unsigned int room, bool narrow)
{
	unsigned int n;

	if (iocb->aio_lio_opcode != IOCB_CMD_PREADV && iocb->aio_lio_opcode != IOCB_CMD_PWRITEV)
		return 0;
	n = iocb->aio_nbytes <= UIO_MAXIOV ? iocb->aio_nbytes : UIO_MAXIOV + 1;
	return n && n <= room && segments_readable(iocb->aio_buf, n, narrow) ? n : 0;
}

static void iocb_numbers(u64 *to, u64 address, const struct iocb *iocb)
{
	to[AIOCB_ID] = address;
	to[AIOCB_OPCODE] = iocb->aio_lio_opcode;
	to[AIOCB_FD] = iocb->aio_fildes;
	to[AIOCB_OFFSET] = (u64)iocb->aio_offset;
	to[AIOCB_LENGTH] = iocb->aio_nbytes;
	to[AIOCB_ALIGN] = AIO_ALIGN_OF(iocb->aio_lio_opcode, iocb->aio_buf);
	to[AIOCB_DATA] = iocb->aio_data;
	to[AIOCB_RWFLAGS] = (u32)iocb->aio_rw_flags;
	to[AIOCB_FLAGS] = iocb->aio_flags;
	to[AIOCB_RESFD] = iocb->aio_resfd;
	to[AIOCB_PRIO] = (u64)(s64)iocb->aio_reqprio;
}

/* Those of an io_submit(2) that the kernel came to: the last one is what it failed of. */
static void item_iocbs(struct build *o, u64 address, s64 nr, s64 ret)
{
	struct tuples t = {.o = o, .size = AIOCB_NUMBERS * sizeof(u64)};
	s64 count = ret < 0 ? min_t(s64, nr, 1) : min_t(s64, nr, ret + 1), i;
	unsigned int room = 2 * IOCBS_MAX, n, size = compat_how() & COMPAT_AIO ? sizeof(u32) : sizeof(u64);
	bool narrow = size == sizeof(u32);
	struct iocb iocb;
	u64 one = 0, *to;

	count = min_t(s64, count, IOCBS_MAX);
	for (i = 0; i < count; i++) {
		bool fine = user_copy(&one, address + i * size, size) && user_copy(&iocb, one, sizeof(iocb));

		to = tuples_next(&t);
		n = fine ? segments_of(&iocb, room, narrow) : 0;
		if (fine)
			iocb_numbers(to, one, &iocb);
		to[AIOCB_SEGMENTS] = n;
		tuples_add(&t);
		if (n)
			room -= tuples_segments(&t, iocb.aio_buf, n, narrow);
		if (!fine)
			break;
	}
	if (t.used)
		tuples_flush(&t);
}

/* An aio_context_t. */
static void item_context(struct build *o, u64 address)
{
	u64 *to = (u64 *)item_begin(o, sizeof(*to));

	*to = 0;
	if (user_copy(to, address, compat_how() & COMPAT_AIO ? sizeof(u32) : sizeof(*to)))
		item_end(o, WIRE_CTX, sizeof(*to));
}

/* struct file_attr of linux/fs.h, which older headers do not have. */
static void item_file_attr(struct build *o, u64 address)
{
	struct tuples t = {.o = o, .size = 4 * sizeof(u64)};
	u32 word[6];
	u64 *to;

	if (!user_copy(word, address, sizeof(word)))
		return;
	to = tuples_next(&t);
	to[0] = word[0] | (u64)word[1] << 32;
	to[1] = word[2]; /* and the number of extents, which is not set */
	to[2] = word[4];
	to[3] = word[5];
	tuples_add(&t);
	tuples_flush(&t);
}

static void item_events(struct build *o, u64 address, s64 count)
{
	struct tuples t = {.o = o, .size = AIOEV_NUMBERS * sizeof(u64)};
	struct io_event event;
	s64 i;

	for (i = 0; i < count && i < 8 * IOCBS_MAX; i++, address += sizeof(event)) {
		u64 *to;

		if (!user_copy(&event, address, sizeof(event)))
			break;
		to = tuples_next(&t);
		to[AIOEV_ID] = event.obj;
		to[AIOEV_RES] = (u64)event.res;
		to[AIOEV_RES2] = (u64)event.res2;
		tuples_add(&t);
	}
	if (t.used)
		tuples_flush(&t);
}

#endif
