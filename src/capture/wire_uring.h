/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_CAPTURE_WIRE_URING_H
#define IORIOT_CAPTURE_WIRE_URING_H

#include "capture/wire.h"
#include "capture/wire_read.h"

/*
 * Rings of io_uring as records of the kernel show them: a part of wire_read.c. Submissions wait here
 * for their completions, and those for the call that submitted them. What is to be told comes out of
 * rings_next(), in its order. Numbers of rings and of submissions are made here.
 *
 * Functions return 0 or -ENOMEM.
 */
struct rings;

struct rings *rings_open(void); /* NULL: memory is out */
void rings_close(struct rings *all);

/* The next of what is to be told: true with *OUT, whose strings live until the next call of this. */
bool rings_next(struct rings *all, struct wire_seen *out);

/* RING or WHAT is NULL when the kernel did not say it. CALL is told, with what it brings. */
int rings_setup(struct rings *all, struct wire_seen *call, const struct wire_ring *ring);
int rings_enter(struct rings *all, struct wire_seen *call, const struct wire_ring *ring);
int rings_register(struct rings *all, struct wire_seen *call, const struct wire_ring *ring,
	const struct wire_registered *what, const int32_t *files, size_t n);

/* A state has a descriptor of it. */
int rings_state(struct rings *all, const struct wire_seen *fd, const struct wire_ring *ring);

/* What came in a WIRE_SUBMISSION; POLLED: a thread of the kernel took it. */
int rings_submit(struct rings *all, const struct wire_seen *s, uint64_t ring, uint64_t request,
	uint32_t number, bool polled);

/* The submission that is under way; NULL: it is not known. */
struct seen *rings_at_work(struct rings *all, uint64_t ring, uint64_t request);

/* TARGET, WIRE_LINK_MAX bytes at most, becomes that of *AT, which came from there. */
void rings_keep_target(struct seen *at, int i, struct str target);

struct ring_completion {
	uint64_t ring, request, user, flags;
};

int rings_complete(struct rings *all, const struct wire_seen *s, const struct ring_completion *c);

/* A thread is over; with LAST its process. */
int rings_thread_end(struct rings *all, const struct rec *end, bool last);

#endif
