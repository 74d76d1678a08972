/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#ifndef IORIOT_OPS_AIO_H
#define IORIOT_OPS_AIO_H

/*
 * The numbers in the tuples of Linux AIO, of which args.def says how many there are: for user space and
 * kernel modules alike. struct iocb and struct io_event are in linux/aio_abi.h.
 *
 * The lengths of an iocb's segments are tuples of one number each behind its own.
 */

enum aio_iocb {
	AIOCB_ID,	/* its address; 0: it could not be read. In a replay: a number of its context */
	AIOCB_OPCODE,
	AIOCB_FD,
	AIOCB_OFFSET,
	AIOCB_LENGTH,	/* bytes; of PREADV and PWRITEV: segments */
	AIOCB_ALIGN,	/* its buffer's address modulo AIO_ALIGN; AIO_ALIGN: no memory is there */
	AIOCB_DATA,	/* in a replay: the iocb that was over before this one was submitted, 0 = none */
	AIOCB_RWFLAGS,
	AIOCB_FLAGS,
	AIOCB_RESFD,
	AIOCB_PRIO,
	AIOCB_SEGMENTS, /* tuples that follow: AIOCB_LENGTH of them, or none as they could not be read */
	AIOCB_NUMBERS
};

enum aio_event {
	AIOEV_ID,   /* of the iocb */
	AIOEV_RES,
	AIOEV_RES2,
	AIOEV_MUST, /* only in a replay: what follows depends on this very one */
	AIOEV_NUMBERS
};

#define AIO_ALIGN 4096

/* Nothing is in the first page of a program. Opcodes: IOCB_CMD_PREAD and IOCB_CMD_PWRITE have a buffer. */
#define AIO_ALIGN_OF(opcode, address)                                                              \
	((opcode) <= 1 && (address) < AIO_ALIGN ? AIO_ALIGN : (address) % AIO_ALIGN)

#endif
