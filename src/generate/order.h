/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_GENERATE_ORDER_H
#define IORIOT_GENERATE_ORDER_H

#include <stdint.h>

#include "datas/buf.h"
#include "datas/hmap.h"

/*
 * Ordering by resource (Weiss et al., "ROOT: Replaying Multithreaded Traces with Resource-Oriented
 * Ordering", SOSP 2013): inside a thread the captured order is kept; between threads only where two
 * operations touch the same resource and their order decides what they find.
 *
 * An operation names the resources that it touches (order_touch()). When it is certain that it goes
 * into the replay, order_commit() turns the touches into its dependencies, without those that follow
 * from others: a thread knows what the operations that it waited for had waited for.
 */

/* An operation, as a resource remembers it. */
struct stamp {
	uint32_t thread;
	uint64_t label; /* line of the capture; grows inside a thread; 0 = nobody */
};

/*
 * What others did to files stands before the call that showed it, with that call's line. A count above
 * the line makes these labels grow too.
 */
#define ORDER_LINE_BITS	       36
#define ORDER_LINE(label)      ((label) & (((uint64_t)1 << ORDER_LINE_BITS) - 1))
#define ORDER_NTH(label)       ((label) >> ORDER_LINE_BITS)
#define ORDER_LABEL(line, nth) ((uint64_t)(nth) << ORDER_LINE_BITS | (line))

typedef VEC(struct stamp) stamp_vec;

/*
 * How an operation touches a resource. Touches of the same group (SHARE, or MUTATE) commute;
 * everything else keeps its order. LATER waits for all before it, but nothing waits for it.
 * AFTER waits for the last EXCLUSIVE one only and leaves no trace.
 */
enum touch { TOUCH_SHARE, TOUCH_MUTATE, TOUCH_EXCLUSIVE, TOUCH_LATER, TOUCH_AFTER };

struct resource {
	struct stamp last;  /* the latest EXCLUSIVE touch */
	stamp_vec group[2]; /* SHARE and MUTATE touches since then, one stamp a thread */
};

void resource_free(struct resource *r);

/*
 * A thread that begins waits for the end of the one that ended so many ends before, so that a replay whose
 * parent need not wait for its children does not have many more of them, and of their files, than there were.
 */
#define ORDER_ENDS 256

/* All threads, and the touches of the operation at hand. Known here for what has nothing to do. */
struct ordering {
	VEC(struct order_thread) threads;
	VEC(struct order_pending {
		struct resource *res;
		enum touch how;
	}) touches;
	stamp_vec waits;
	VEC(uint64_t) deps;
	uint64_t first_alone; /* latest operation of thread 0 when a second thread came */
	struct stamp ends[ORDER_ENDS];
	uint64_t ended;
};

struct ordering *order_new(void);
void order_free(struct ordering *o);

/* A new thread; the number is dense from 0. UINT32_MAX when memory is out. */
uint32_t order_thread(struct ordering *o);

uint32_t order_threads(const struct ordering *o); /* how many there are */

/* The operation at hand begins a thread; and LABEL of THREAD was its last one. */
int order_begins(struct ordering *o);
void order_ends(struct ordering *o, uint32_t thread, uint64_t label);

/* CHILD begins after PARENT's operation LABEL and knows what PARENT knew. 0 or -ENOMEM. */
int order_fork(struct ordering *o, uint32_t child, uint32_t parent, uint64_t label);

/* Forgets the touches of an operation that was left out. */
static inline void order_begin(struct ordering *o)
{
	o->touches.n = 0;
	o->waits.n = 0;
}

int order_touch_of_several(struct ordering *o, struct resource *r, enum touch how);
static inline int order_touch(struct ordering *o, struct resource *r, enum touch how)
{
	if (o->threads.n < 2) /* whoever comes later knows all of it: see order_thread() */
		return 0;
	return order_touch_of_several(o, r, how);
}

int order_wait(struct ordering *o, struct stamp s); /* a dependency without a resource */

/* Waits for the latest operation of every other thread: for what cannot be told apart finer. */
int order_wait_all(struct ordering *o);

/*
 * The operation LABEL of THREAD goes into the replay: *DEPS are the lines it must wait for, valid
 * until the next call. 0 or -ENOMEM.
 */
int order_commit(struct ordering *o, uint32_t thread, uint64_t label, const uint64_t **deps,
	uint32_t *ndeps);

#endif
