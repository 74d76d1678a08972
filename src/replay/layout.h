/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_REPLAY_LAYOUT_H
#define IORIOT_REPLAY_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Who runs what: groups of virtual processes to workers, virtual threads to real threads. */

/* Disjoint sets of numbers below n; all zero: of none. */
struct sets {
	uint32_t *parent;
	uint32_t n, cap;
};

int sets_fit(struct sets *s, uint32_t n); /* there are so many at least; the new ones each alone. 0 or -ENOMEM */
void sets_free(struct sets *s);
uint32_t sets_find(struct sets *s, uint32_t x);
void sets_join(struct sets *s, uint32_t a, uint32_t b);

/* A virtual thread as the file shows it. */
struct vthread {
	uint64_t ops;
	bool calls;	  /* it has others than submissions to io_uring */
	bool ends;	  /* it has an operation that ends it */
	uint32_t process; /* of its first operation */
	uint32_t real;	  /* result: real thread, or UINT32_MAX when it has no operation */
};

struct layout {
	uint32_t workers;	/* processes that are needed: at most what was asked for */
	uint32_t threads;	/* real threads, numbered worker by worker */
	uint32_t *first_thread; /* of each worker; [workers] = threads */
};

/*
 * Virtual processes of one set stay in one worker. Sets are dealt to workers, and then each
 * worker's virtual threads to its real threads, the largest first, each to whoever has the fewest
 * operations so far (longest processing time first, Graham 1969).
 */
int layout_make(struct layout *layout, struct sets *processes, struct vthread *v, size_t n,
	uint32_t max_workers, uint32_t max_threads);
void layout_free(struct layout *layout);

#endif
