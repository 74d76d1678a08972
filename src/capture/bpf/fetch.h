/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#ifndef IORIOT_CAPTURE_BPF_FETCH_H
#define IORIOT_CAPTURE_BPF_FETCH_H

#include "facts.h"
#include "narrow.h"

/*
 * What registers point to. Read at the end of a call, when the kernel has just used it and it is in
 * memory: programs cannot wait for pages.
 */

#define HOW_MAX	   64 /* struct open_how may grow */
#define IOV_PART   256
#define IOV_MOST   1024 /* UIO_MAXIOV */
#define HANDLE_MAX 128
#define FLOCK_BYTES 32 /* struct flock */

/* --- vectors --- */

struct user_iovec {
	u64 base, len;
};

struct narrow_iovec {
	u32 base, len;
};

STEP(iov_length)
{
	struct build *b = build_here();
	const struct iov *v;
	u32 at, n = i & (IOV_PART - 1);

	if (!b || i >= IOV_PART)
		return 1;
	v = &b->iov;
	at = (b->at & ITEMS_MASK) + sizeof(struct wire_item) + i * sizeof(u64);
	*(u64 *)(b->items + at) = v->refused  ? 0
				  : v->narrow ? ((struct narrow_iovec *)b->name)[n].len
					      : ((struct user_iovec *)b->name)[n].len;
	return 0;
}

STEP(iov_part)
{
	struct build *b = build_here();
	struct iov *v;
	u32 n, bytes;

	if (!b)
		return 1;
	v = &b->iov;
	n = v->left < IOV_PART ? v->left : IOV_PART;
	item_begin(b, IOV_PART * sizeof(u64));
	keep(n);
	if (n > IOV_PART)
		return 1;
	bytes = n * (v->narrow ? sizeof(struct narrow_iovec) : sizeof(struct user_iovec));
	keep(bytes);
	if (bytes > IOV_PART * sizeof(struct user_iovec))
		return 1;
	if (bytes && !v->refused && bpf_probe_read_user(b->name, bytes, (const void *)v->address))
		return 1;
	LOOP(n, iov_length);
	item_end(b, WIRE_IOV, n * sizeof(u64));
	v->address += bytes;
	v->left -= n;
	return v->left == 0;
}

/* The kernel takes at most UIO_MAXIOV segments: one more says why it refused. */
__noinline int item_iov(u64 address, u64 count, u32 narrow)
{
	struct build *b = build_here();

	if (!b)
		return 0;
	b->iov = (struct iov){.address = address, .left = count <= IOV_MOST ? count : IOV_MOST + 1, .narrow = narrow,
		.refused = count > IOV_MOST};
	LOOP(IOV_MOST / IOV_PART + 1, iov_part);
	return 0;
}

/* --- others --- */

/* What an access control list says about permission bits, at the ends of a value of so many bytes. */
APART int item_list(BUILD_ARG, u64 address, u32 bytes)
{
	TAKE_BUILD;
	char *to;

	if (!b || bytes < WIRE_LIST_BYTES)
		return 0;
	to = item_begin(b, WIRE_LIST_BYTES);
	if (bpf_probe_read_user(to, WIRE_LIST_HEAD, (const void *)address))
		return 0;
	address += bytes - WIRE_LIST_TAIL;
	if (!bpf_probe_read_user(to + WIRE_LIST_HEAD, WIRE_LIST_TAIL, (const void *)address))
		item_end(b, WIRE_LIST, WIRE_LIST_BYTES);
	return 0;
}

static __always_inline bool is_lock_command(u32 command)
{
	switch (command) {
	case 5: /* F_GETLK, F_SETLK, F_SETLKW of asm-generic/fcntl.h */
	case 6:
	case 7:
	case 36: /* F_OFD_GETLK ... */
	case 37:
	case 38:
		return true;
	}
	return false;
}

static __always_inline bool asks_for_lock(u32 command)
{
	return command == 5 || command == 36;
}

static __always_inline bool is_hint_command(u32 command)
{
	/* F_SET_RW_HINT of linux/fcntl.h, and that of the description, of older kernels */
	return command == 1036 || command == 1038;
}

/* --- structs that are others in 32-bit programs --- */

/* N numbers, at most 4, which are NARROW in the program. No bytes say that there was no pointer. */
APART int item_numbers(BUILD_ARG, u64 address, u32 n, u32 narrow, u32 type)
{
	TAKE_BUILD;
	s32 half[4];
	s64 *to;
	u32 i;

	if (!b || n > 4)
		return 0;
	if (!address || !narrow) {
		item_copy_or_null(b, address, n * sizeof(s64), type);
		return 0;
	}
	if (bpf_probe_read_user(half, n * sizeof(s32), (const void *)address))
		return 0;
	to = (s64 *)item_begin(b, sizeof(half) * 2);
	for (i = 0; i < 4; i++)
		to[i] = i < n ? half[i] : 0;
	item_end(b, type, n * sizeof(s64));
	return 0;
}

/* An aio_context_t of 32 bits. */
static __always_inline void item_context(struct build *b, u64 address)
{
	u32 half;

	if (!bpf_probe_read_user(&half, sizeof(half), (const void *)address))
		item_number(b, WIRE_CTX, half);
}

/* As 32-bit programs have them: with 64 bits nothing stands between the members. */
struct narrow_flock {
	s16 type, whence;
	s32 start, len;
};

struct wide_flock {
	s16 type, whence;
	s64 start, len;
} __attribute__((packed));

struct user_flock {
	s16 type, whence;
	s32 pad;
	s64 start, len;
	s32 pid, pad2;
};

/* Of the call that is under way. */
APART int item_lock(BUILD_ARG, u64 address)
{
	TAKE_BUILD;
	struct bpf_call *c = call_here();
	struct narrow_flock narrow;
	struct wide_flock wide;
	struct user_flock *to;

	if (!b || !c)
		return 0;
	if (!(c->how & COMPAT_FLOCK32)) {
		item_copy(GIVE(b), address, FLOCK_BYTES, WIRE_FLOCK);
		return 0;
	}
	if (c->wide) {
		if (bpf_probe_read_user(&wide, sizeof(wide), (const void *)address))
			return 0;
	} else {
		if (bpf_probe_read_user(&narrow, sizeof(narrow), (const void *)address))
			return 0;
		wide.type = narrow.type;
		wide.whence = narrow.whence;
		wide.start = narrow.start;
		wide.len = narrow.len;
	}
	to = (struct user_flock *)item_begin(b, sizeof(*to));
	*to = (struct user_flock){.type = wide.type, .whence = wide.whence, .start = wide.start, .len = wide.len};
	item_end(b, WIRE_FLOCK, sizeof(*to));
	return 0;
}

APART int item_handle(BUILD_ARG, u64 address)
{
	u32 bytes = 0;

	if (!bpf_probe_read_user(&bytes, sizeof(bytes), (const void *)address) && bytes <= HANDLE_MAX)
		item_copy(GIVE(b), address + sizeof(bytes), sizeof(u32) + bytes, WIRE_HANDLE);
	return 0;
}

APART int item_ioctl(BUILD_ARG, u32 command, u64 address)
{
	int shape = ioctl_shape(command);
	u32 len = 0, bytes;
	u16 dests = 0;

	switch (shape) {
	case IOCTL_INT:
		len = 4;
		break;
	case IOCTL_CLONE:
	case IOCTL_FIEMAP:
		len = 32;
		break;
	case IOCTL_DEDUPE:
		/* the member dest_count */
		if (bpf_probe_read_user(&dests, sizeof(dests), (const void *)(address + 16)))
			return 0;
		bytes = dests < IOCTL_DEDUPE_MAX ? dests : IOCTL_DEDUPE_MAX;
		len = IOCTL_DEDUPE_HEAD + bytes * IOCTL_DEDUPE_DEST;
		break;
	case IOCTL_FSXATTR:
		len = 28;
		break;
	case IOCTL_SPACE:
		len = 48;
		break;
	case IOCTL_MOVE:
		len = 40;
		break;
	}
	if (len && command != IOCTL_NR_FIBMAP)
		item_copy(GIVE(b), address, len, WIRE_IOCTL);
	return 0;
}

/* The path in a struct sockaddr_un of LEN bytes. */
APART int item_address(BUILD_ARG, u64 address, u32 len)
{
	TAKE_BUILD;
	u16 family = 0;
	u32 most = len - 2 + 1; /* one byte more, for the NUL that may stand behind the last one */
	char *to;
	long n;

	if (!b || len <= 2 || len > 110)
		return 0;
	if (bpf_probe_read_user(&family, sizeof(family), (const void *)address) || family != 1)
		return 0;
	to = item_begin(b, PATH_MOST);
	keep(most);
	n = bpf_probe_read_user_str(to, most & 127, (const void *)(address + 2));
	if (n <= 1)
		return 0;
	b->found = to[0];
	item_end(b, WIRE_PATH, n - 1);
	if (b->found != '/')
		item_cwd(b, WIRE_BASE);
	return 0;
}

#endif
