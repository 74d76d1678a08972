/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_CAPTURE_SINK_H
#define IORIOT_CAPTURE_SINK_H

#include <stdint.h>

#include "trace/capture.h"
#include "trace/rec.h"
#include "utils/err.h"

/*
 * Where the records of a capture go. A failed write (full disk) must not hurt the program that is
 * recorded: it is remembered, later records count as lost, and sink_close() reports it.
 * One thread.
 */
struct sink;

struct sink_totals {
	uint64_t calls; /* records of system calls and ends of threads */
	uint64_t lost;
	uint64_t bytes; /* of text, before compression */
};

int sink_open(struct sink **out, const char *path, struct err *err);
void sink_header(struct sink *s, const struct capture_pair *pairs, size_t n);
void sink_put(struct sink *s, const struct rec *rec);

/* COUNT records of a thread were lost here, and why; WHY is a short sentence. */
void sink_lost(struct sink *s, uint32_t pid, uint32_t tid, uint64_t count, const char *why);

/* Makes everything so far readable for others, if a second is over since the last time. */
void sink_tick(struct sink *s);

/* Writes the closing line. 0, or -errno of the first write that failed. Frees s. */
int sink_close(struct sink *s, struct sink_totals *totals, struct err *err);

/* Ends a capture that never began: the file is removed. Frees s. */
void sink_abort(struct sink *s);

#endif
