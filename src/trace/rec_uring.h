/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_TRACE_REC_URING_H
#define IORIOT_TRACE_REC_URING_H

#include "trace/rec.h"

/* The arguments that both operations have; those that only TO has stay as they are. */
void rec_copy_args(const struct rec *from, struct rec *to);

/*
 * A submission becomes a record of the plain call that does the same, which a uring_other has not.
 * *LENGTH is room for a vector of one segment. A plain fsync has no range: that of the submission stands
 * behind its arguments.
 */
enum {
	REC_SYNC_OFF = 1,
	REC_SYNC_LEN = 2
};
void rec_uring_plain(struct rec *r, uint64_t *length);

#endif
