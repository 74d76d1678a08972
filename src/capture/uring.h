/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_CAPTURE_URING_H
#define IORIOT_CAPTURE_URING_H

#include <linux/io_uring.h>

#include "trace/rec.h"

/* What stands in a submission, for all backends. */

/* Pointers of the program that a submission has; 0 = none. */
struct sqe_memory {
	uint64_t path, path2; /* strings of rec->path and rec->path2 */
	uint64_t iov;	      /* vector of NIOV segments */
	uint32_t niov;
	uint64_t files; /* NFILES descriptors */
	uint32_t nfiles;
	uint64_t how; /* struct open_how of HOW_SIZE bytes; its slot is that of A_HOW */
	uint32_t how_size;
	uint64_t value; /* of an attribute that it sets, A_LEN bytes */
};

/*
 * Fills op, arg and sqe of REC, but for the number of the ring and of the submission. Opcodes that
 * are not replayed become uring_other. What is behind pointers is left to the caller.
 */
void uring_decode(const struct io_uring_sqe *s, struct rec *rec, struct sqe_memory *memory);

/* Of a uring_other: it does something to files, and what it was is in no record. */
#define URING_UNRECORDED "io_uring: what puts files into slots that are not known is not recorded"
bool uring_is_unrecorded(const struct rec *other);

/*
 * The result of what worked without a completion: a read or write moved all that it was asked for,
 * anything less counts as a failure; others have 0. False: of a descriptor that nobody tells.
 */
bool uring_silent_result(const struct rec *rec, int64_t *result);

#endif
