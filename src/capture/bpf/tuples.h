/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#ifndef IORIOT_CAPTURE_BPF_TUPLES_H
#define IORIOT_CAPTURE_BPF_TUPLES_H

#include <linux/aio_abi.h>

#include "build.h"
#include "narrow.h"
#include "ops/aio.h"

/*
 * Tuples of numbers, and the vectors of iocbs they are made of. Each step of a loop makes one tuple: what the
 * verifier follows is short, and what is read may be long.
 */

#define TUPLES_BYTES 4032
#define IOCBS_MOST   1024 /* of one call, and twice as many segments of all of them */
#define SEGMENTS_MOST 1024 /* UIO_MAXIOV */

/* Where the next tuple of SIZE bytes goes, all zero; *USED grows with it. */
static __always_inline u64 *tuples_next(struct build *b, u32 *used, u32 size)
{
	u32 at;

	if (*used + size > TUPLES_BYTES) {
		item_end(b, WIRE_TUPLES, *used);
		*used = 0;
	}
	if (!*used)
		item_begin(b, TUPLES_BYTES);
	at = (b->at & ITEMS_MASK) + sizeof(struct wire_item) + (*used & NAME_MASK);
	*used += size;
	__builtin_memset(b->items + at, 0, size);
	return (u64 *)(b->items + at);
}

static __always_inline void tuples_end(struct build *b, u32 used)
{
	if (used)
		item_end(b, WIRE_TUPLES, used);
}

/* struct file_attr of linux/fs.h, which older headers do not have. */
APART int item_file_attr(BUILD_ARG, u64 address)
{
	TAKE_BUILD;
	u32 word[6], used = 0;
	u64 *to;

	if (!b || bpf_probe_read_user(word, sizeof(word), (const void *)address))
		return 0;
	to = tuples_next(b, &used, 4 * sizeof(u64));
	to[0] = word[0] | (u64)word[1] << 32;
	to[1] = word[2]; /* and the number of extents, which is not set */
	to[2] = word[4];
	to[3] = word[5];
	tuples_end(b, used);
	return 0;
}

static __always_inline bool read_word(u64 *to, u64 address, u32 word)
{
	u32 half;

	if (word == sizeof(*to))
		return !bpf_probe_read_user(to, sizeof(*to), (const void *)address);
	if (bpf_probe_read_user(&half, sizeof(half), (const void *)address))
		return false;
	*to = half;
	return true;
}

/* How many segments of the iocb are told: none of a vector that is bad. */
static __always_inline u32 segments_of(const struct iocb *iocb, u32 room, u32 size)
{
	u64 n = iocb->aio_nbytes <= SEGMENTS_MOST ? iocb->aio_nbytes : SEGMENTS_MOST + 1, word;

	if (iocb->aio_lio_opcode != IOCB_CMD_PREADV && iocb->aio_lio_opcode != IOCB_CMD_PWRITEV)
		return 0;
	if (!n || n > room || !read_word(&word, iocb->aio_buf, size) ||
		!read_word(&word, iocb->aio_buf + (2 * n - 1) * size, size))
		return 0;
	return n;
}

STEP(iocb_step)
{
	struct build *b = build_here();
	struct iocbs *v;
	struct iocb iocb;
	u64 one = 0, *to;

	if (!b)
		return 1;
	v = &b->iocbs;
	if (!v->segments && !v->left)
		return 1;
	to = tuples_next(b, &v->used, AIOCB_NUMBERS * sizeof(u64));
	if (v->segments) { /* the length of a segment, which the kernel read just now */
		read_word(&one, v->segment + v->word, v->word);
		to[0] = one;
		v->segment += 2 * v->word;
		v->segments--;
		return 0;
	}
	if (!read_word(&one, v->address, v->word) ||
		bpf_probe_read_user(&iocb, sizeof(iocb), (const void *)one)) {
		v->left = 0;
		return 1;
	}
	v->address += v->word;
	v->left--;
	v->segments = segments_of(&iocb, v->room, v->word);
	v->segment = iocb.aio_buf;
	v->room -= v->segments;
	to[AIOCB_ID] = one;
	to[AIOCB_OPCODE] = iocb.aio_lio_opcode;
	to[AIOCB_FD] = iocb.aio_fildes;
	to[AIOCB_OFFSET] = iocb.aio_offset;
	to[AIOCB_LENGTH] = iocb.aio_nbytes;
	to[AIOCB_ALIGN] = AIO_ALIGN_OF(iocb.aio_lio_opcode, iocb.aio_buf);
	to[AIOCB_DATA] = iocb.aio_data;
	to[AIOCB_RWFLAGS] = (u32)iocb.aio_rw_flags;
	to[AIOCB_FLAGS] = iocb.aio_flags;
	to[AIOCB_RESFD] = iocb.aio_resfd;
	to[AIOCB_PRIO] = (u64)(s64)iocb.aio_reqprio;
	to[AIOCB_SEGMENTS] = v->segments;
	return 0;
}

LONG_STEP(iocb_step)

/* Those of an io_submit(2) that the kernel came to: the last one is what it failed of. */
APART int item_iocbs(BUILD_ARG, u64 address, s64 nr)
{
	TAKE_BUILD;
	s64 ret, count;

	if (!b)
		return 0;
	ret = b->rec.ret;
	count = ret < 0 ? 1 : ret + 1;
	if (count > nr)
		count = nr;
	if (count <= 0)
		return 0;
	b->iocbs = (struct iocbs){.address = address,
		.left = count < IOCBS_MOST ? count : IOCBS_MOST,
		.room = 2 * IOCBS_MOST,
		.word = call_how() & COMPAT_AIO ? sizeof(u32) : sizeof(u64)};
	LONG_LOOP(4 * IOCBS_MOST, iocb_step);
	tuples_end(b, b->iocbs.used);
	return 0;
}

STEP(event_step)
{
	struct build *b = build_here();
	struct io_event event;
	struct iocbs *v;
	u64 *to;

	if (!b)
		return 1;
	v = &b->iocbs;
	if (!v->left || bpf_probe_read_user(&event, sizeof(event), (const void *)v->address))
		return 1;
	to = tuples_next(b, &v->used, AIOEV_NUMBERS * sizeof(u64));
	to[AIOEV_ID] = event.obj;
	to[AIOEV_RES] = event.res;
	to[AIOEV_RES2] = event.res2;
	v->address += sizeof(event);
	v->left--;
	return 0;
}

LONG_STEP(event_step)

APART int item_events(BUILD_ARG, u64 address)
{
	TAKE_BUILD;
	s64 ret;

	if (!b)
		return 0;
	ret = b->rec.ret;
	if (ret <= 0)
		return 0;
	b->iocbs = (struct iocbs){.address = address, .left = ret < 8 * IOCBS_MOST ? ret : 8 * IOCBS_MOST};
	LONG_LOOP(8 * IOCBS_MOST, event_step);
	tuples_end(b, b->iocbs.used);
	return 0;
}

#endif
