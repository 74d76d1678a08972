/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#ifndef IORIOT_OPS_IOCTL_H
#define IORIOT_OPS_IOCTL_H

/*
 * What the argument of each command of ops/ioctl.def is. For user space and kernel modules alike.
 * The structs are those of linux/fs.h, linux/fiemap.h, linux/falloc.h and fs/ext4/ext4.h.
 */
enum ioctl_shape {
	IOCTL_NONE,    /* nothing, or room for what the kernel answers */
	IOCTL_FD,      /* a descriptor, in the register itself */
	IOCTL_INT,     /* a pointer to an int; the rest are pointers to structs: */
	IOCTL_CLONE,   /* file_clone_range */
	IOCTL_DEDUPE,  /* file_dedupe_range, with its destinations behind it */
	IOCTL_FIEMAP,  /* fiemap */
	IOCTL_FSXATTR, /* fsxattr */
	IOCTL_SPACE,   /* space_resv */
	IOCTL_MOVE,    /* move_extent */
	IOCTL_SHAPES
};

enum {
#define IOCTL(name, number, shape) IOCTL_NR_##name = (int)(number),
#include "ops/ioctl.def"
};

/* Bytes behind the pointer; of DEDUPE without its destinations. */
#define IOCTL_DEDUPE_HEAD 24
#define IOCTL_DEDUPE_DEST 32 /* of each destination */
#define IOCTL_DEDUPE_MAX  128 /* the kernel takes 127 of them: one more fails the same way again */
#define IOCTL_BYTES_MAX	  (IOCTL_DEDUPE_HEAD + IOCTL_DEDUPE_MAX * IOCTL_DEDUPE_DEST)

static const unsigned char ioctl_bytes[IOCTL_SHAPES] = {
	[IOCTL_INT] = 4,
	[IOCTL_CLONE] = 32,
	[IOCTL_DEDUPE] = IOCTL_DEDUPE_HEAD,
	[IOCTL_FIEMAP] = 32,
	[IOCTL_FSXATTR] = 28,
	[IOCTL_SPACE] = 48,
	[IOCTL_MOVE] = 40,
};

#ifndef __KERNEL__
#include <stdint.h>

/* Those that no header for programs has: linux/falloc.h and fs/ext4/ext4.h of the kernel. */
struct ioctl_space {
	int16_t type, whence;
	int64_t start, len;
	int32_t system;
	uint32_t pid;
	int32_t pad[4];
};

struct ioctl_move {
	uint32_t reserved, donor_fd;
	uint64_t orig_start, donor_start, len, moved_len;
};
#endif

/* The shape of a command, or -1: it is not recorded. */
static inline int ioctl_shape(unsigned int command)
{
	switch (command) {
#define IOCTL(name, number, shape)                                                                 \
	case (unsigned int)(number):                                                               \
		return IOCTL_##shape;
#include "ops/ioctl.def"
	}
	return -1;
}

#endif
