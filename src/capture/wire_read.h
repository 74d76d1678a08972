/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_CAPTURE_WIRE_READ_H
#define IORIOT_CAPTURE_WIRE_READ_H

#include "capture/devices.h"
#include "capture/late.h"
#include "capture/wire.h"

/*
 * Bytes of the kernel (wire.h) become records. Nothing of them is trusted: any bytes may be given,
 * and what comes out is a record that can be written, or an error. One thread.
 */
struct wire_reader;

enum wire_seen_kind {
	WIRE_SEEN_CALL, /* a call, or the end of a thread */
	WIRE_SEEN_TASK, /* state_task: the process is as it was at that moment; i= is PID:PID */
	WIRE_SEEN_FD,	/* state_fd of the process whose state_task came before */
	WIRE_SEEN_MAP,	/* state_map of it */
	WIRE_SEEN_RING, /* io_uring_setup, of a ring that is there: as if it was made now */
	WIRE_SEEN_EVENT, /* of another layer than calls: of whoever was on the processor */
	WIRE_SEEN_LOST	/* calls of the thread that are not recorded: of the record t, pid, tid */
};

struct wire_seen {
	enum wire_seen_kind kind;
	struct seen seen;
	bool no_entry; /* the call began before the state was told; dur 0: nobody knows when */
	bool has_position;
	uint64_t description; /* WIRE_SEEN_FD: the same for those that share one; 0: not known */
	int64_t position; /* of the first argument's file after the call */
	uint64_t lost;	  /* WIRE_SEEN_LOST: how many ... */
	const char *why;  /* ... and why; a constant */
};

struct wire_counts {
	uint64_t malformed;
	uint64_t unknown_kinds; /* records of a kind that wire.h does not have */
	uint64_t unknown_calls; /* ... or with a system call number that has no row */
	uint64_t unknown_items; /* items that wire.h does not have; their records were used */
	uint64_t parts_lost;	/* WIRE_PARTs whose WIRE_CALL never came */
};

/* DEVICES may be NULL: device numbers stay as they are. 0 or -ENOMEM. */
int wire_open(struct wire_reader **out, struct devices *devices, struct err *err);
void wire_close(struct wire_reader *r);

/*
 * One record: SIZE is that of its struct wire_rec, which need not be aligned. 1: *OUT is filled,
 * strings and vectors live until the next call and as long as BYTES. 0: used up, there is nothing
 * to say yet, or it is of an unknown kind. -EINVAL: malformed, the sentence says what; the next
 * call goes on as if it had not come. -ENOMEM.
 */
int wire_decode(struct wire_reader *r, const void *bytes, size_t size, struct wire_seen *out,
	struct err *err);

/* What else came of that record: true with *OUT filled. To be called until it is false. */
bool wire_next(struct wire_reader *r, struct wire_seen *out);

struct wire_counts wire_counts(const struct wire_reader *r);

#endif
