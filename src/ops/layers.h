/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#ifndef IORIOT_OPS_LAYERS_H
#define IORIOT_OPS_LAYERS_H

/* What -L chooses; those behind sys in the order of their families. */
enum layer {
	LAYER_SYS,
	LAYER_BLOCK,
	LAYER_CACHE,
	LAYER_FAULT,
	LAYER_NET,
	LAYER_CONN,
	LAYER_POLL,
	LAYER_SOCKOPT,
	LAYER_RETRANS,
	LAYER_PROC,
	LAYER_URING,
	LAYER_COUNT
};

/* Numbers in events of other layers (docs/layers.md), the same whatever the kernel's own are. */

/* BLKOP: what is done in the lowest byte (as enum req_op of Linux 6 has it), and flags. */
enum layer_block {
	LAYER_READ = 0,
	LAYER_WRITE = 1,
	LAYER_FLUSH = 2,
	LAYER_DISCARD = 3,
	LAYER_SECURE_ERASE = 5,
	LAYER_ZONE_APPEND = 7,
	LAYER_WRITE_ZEROES = 9,
	LAYER_OP = 0xff,
	LAYER_SYNC = 0x100, /* somebody waits */
	LAYER_META = 0x200,
	LAYER_PRIO = 0x400,
	LAYER_FUA = 0x800,	 /* to the medium, past its cache */
	LAYER_PREFLUSH = 0x1000, /* the cache of the medium before it */
	LAYER_RAHEAD = 0x2000,
	LAYER_BACKGROUND = 0x4000,
	LAYER_NOWAIT = 0x8000
};

/* FAULTFLAGS */
enum layer_fault {
	LAYER_FAULT_WRITE = 1,
	LAYER_FAULT_EXEC = 2,
	LAYER_FAULT_MAJOR = 4 /* it had to wait for the disk */
};

/* CALLFLAGS */
enum layer_call {
	LAYER_CALL_DIRECT = 1 /* the file was opened with O_DIRECT */
};

/* RINGOP: IORING_OP_... in the lowest byte, and flags. */
enum layer_ring {
	LAYER_RING_OP = 0xff,
	LAYER_RING_UNKNOWN = 0xff, /* of what was submitted before the capture */
	LAYER_RING_WORKER = 0x100, /* a worker thread had to do it */
	LAYER_RING_POLLED = 0x200, /* a thread of the kernel took it (SQPOLL) */
	LAYER_RING_FIXED = 0x400   /* the descriptor is a registered file */
};

/* What the fields of a submission are: the third column of ring_ops.def. */
enum ring_field {
	RING_FD = 1,
	RING_OFF = 2,	  /* off is an offset in the file */
	RING_OFF_LEN = 4, /* ... the length */
	RING_LEN = 8,	  /* len is a length in bytes */
	RING_VEC = 16,	  /* ... segments of the vector at addr */
	RING_ADDR_LEN = 32, /* addr is the length */
	RING_READS = 64,  /* the result is bytes, that were read */
	RING_WRITES = 128
};

#endif
