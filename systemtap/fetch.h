/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#ifndef IORIOT_SYSTEMTAP_FETCH_H
#define IORIOT_SYSTEMTAP_FETCH_H

#include <linux/uaccess.h>
#include <linux/uio.h>

#include "block.h"

/*
 * What registers point to. Read at the end of a call, when the kernel has just used it and it is in
 * memory; page faults are off.
 */

static bool user_copy(void *to, u64 address, unsigned int len)
{
	const void __user *from = (const void __user *)(uintptr_t)address;
	bool done;

	if (!access_ok(from, len))
		return false;
	pagefault_disable();
	done = __copy_from_user_inatomic(to, from, len) == 0;
	pagefault_enable();
	return done;
}

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

#define IOV_PART 256

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
static void item_iov(struct build *o, u64 address, u64 count)
{
	unsigned int left = count < UIO_MAXIOV ? count : UIO_MAXIOV + 1, n;

	do {
		char *to = item_begin(o, IOV_PART * sizeof(u64));

		n = left < IOV_PART ? left : IOV_PART;
		if (!put_iov((u64 *)to, address, n))
			return;
		item_end(o, WIRE_IOV, n * sizeof(u64));
		address += n * sizeof(struct iovec);
		left -= n;
	} while (left);
}

#endif
