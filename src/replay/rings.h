/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_REPLAY_RINGS_H
#define IORIOT_REPLAY_RINGS_H

#include "datas/buf.h"
#include "ops/ops.h"
#include "ops/uring.h"
#include "trace/replay.h"
#include "utils/err.h"

/*
 * Submissions to io_uring rings, and the calls that submit them. The line of a submission stands where
 * it was over; here it is found out which io_uring_enter line, further in front, submits it. When it
 * must wait for an operation between the two, its own line does, and so it does where there is no such
 * call. That the line of a submission waits for its completion orders everything behind it.
 */

#define RING_ALONE UINT32_MAX /* of a submission: no call submits it */

struct submission {
	uint64_t number; /* in its ring, as the file says */
	uint64_t index;	 /* of its line */
	uint32_t ring, thread;
	uint32_t call; /* that submits it, or RING_ALONE */
	uint32_t real, context; /* real thread, directory context */
	uint64_t body;		/* where its arguments are in the stream of that thread */
	uint16_t op;
	bool wide; /* META_WIDE of these */
	bool bad_memory; /* it failed of an address */
	bool keeps;	 /* a close that closed nothing: cancelled, of a ring, or bad */
	bool failed;
	bool linked; /* the next one begins when it is over */
	bool early;  /* its descriptor is closed before its line: its call waits for it */
	bool by_line; /* the number that it opens is used further on in its chain, which cannot be known in advance; or
			 its line makes the call */
	uint32_t made; /* descriptor, VFD_NONE: none */
};

struct submit_call {
	uint64_t first, count; /* numbers of the submissions that it took */
	uint64_t index;
	uint32_t ring, thread;
	uint32_t batch, n; /* what it submits in a replay: in struct ring_plan.batch */
};

/* A call waits for this operation because of something that it submits. */
struct submit_wait {
	uint32_t call;
	uint64_t on; /* index */
};

struct ring_plan {
	VEC(struct submission) all;    /* their numbers in the streams are places in here */
	VEC(struct submit_call) calls; /* likewise */
	VEC(struct submit_wait) waits;
	uint32_t *batch; /* submissions, by call and number */
	uint32_t max;	 /* highest number of a ring + 1 */
	uint32_t iov_max; /* segments of a submission, at most */
	uint64_t pinned; /* bytes of registered buffers, at most */
	VEC(uint32_t) used_by; /* by ring: thread + 1; RING_SHARED: several */
	VEC(uint64_t) closed;  /* a bit for each descriptor that is, since there are rings */
};
#define RING_SHARED UINT32_MAX

void rings_free(struct ring_plan *r);

/* A line that was read; it gets the numbers of this room. INDEX is its own. 0 or -errno. */
int rings_note(struct ring_plan *r, struct rline *line, uint64_t index, struct err *err);

/* All lines are there: finds the calls. 0 or -ENOMEM. */
int rings_match(struct ring_plan *r);

/*
 * Its thread made calls before, which another thread's call would not wait for. (One that has nothing but submissions
 * stands for a thread that had ended by then.)
 */
void rings_follows(struct ring_plan *r, uint64_t submission);

/* The submission must wait for operation ON, of another thread. 0 or -ENOMEM. */
int rings_wait(struct ring_plan *r, uint64_t submission, uint64_t on);

/* No more waits: makes the batches. 0 or -ENOMEM. */
int rings_batches(struct ring_plan *r);

/* Whether this host has io_uring for its users: 0, or -errno with a sentence (exec_uring.c). */
int uring_allowed(struct err *err);

static inline bool ring_is_shared(const struct ring_plan *r, uint64_t ring)
{
	return ring >= r->used_by.n || r->used_by.v[ring] == RING_SHARED;
}

#endif
