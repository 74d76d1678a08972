/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#ifndef IORIOT_SYSTEMTAP_THREAD_H
#define IORIOT_SYSTEMTAP_THREAD_H

#include <linux/gfp.h>
#include <linux/threads.h>
#include <linux/types.h>

#include "interrupted.h"

/*
 * What is known of each thread, found by its number in the initial PID namespace: two steps, no
 * lock, no collision. Nearly all of it is written by the thread itself only; what others write is
 * marked so. An entry outlives its thread and is prepared for the next one at the fork.
 */

enum thread_mark { MARK_IN = 1, MARK_OUT = 2 }; /* by "pid" and "exclude"; children inherit them */

struct thread {
	u64 entry;	  /* time of it */
	s16 nr;		  /* the call under way, or that was interrupted ... */
	s16 suspended_nr; /* ... or will be made again */
	u8 flags;	  /* enum thread_flag */
	u8 mark;	  /* enum thread_mark; under scope_lock */
	bool in_all;	  /* of "all", as decided in ... */
	u8 restart;	  /* of CALL_BROKEN: how, the error less ERESTARTSYS */
	u32 epoch;	  /* ... this epoch of the filters */
	u32 told;	  /* generation in which its process was told; the leader's is decisive */
	u32 telling;	  /* of a leader: one of its threads tells the state; by any thread */
	u32 unseen;	  /* calls of another interface since the last record that said so */
	u64 ip, sp;	  /* where the interrupted call was made */
	u64 suspended;	  /* time of its entry */
	s64 kept;	  /* execveat: directory descriptor and flags */
	u64 fault;	  /* the latest one on a map: its page, + 1 when it was a write */
	/* of a leader: all maps of files that were recorded of its process are between these; by any thread */
	u64 map_start, map_end;
	u64 event_t, event_wait; /* of the call that is an event of another layer: its entry, ns that it waits */
	u8 event;		 /* which it is */
	u8 event_restart;	 /* it was interrupted: how, the error less ERESTARTSYS, + 1 */
	u8 fault_flags;		 /* enum layer_fault of the fault that began last, ... */
	u32 uid;		 /* effective, as it was told last */
	u64 fault_t, fault_at;	 /* ... its time, 0: it is over, and its address. The size is a power of two */
};

#define THREAD_CHUNK  ((unsigned int)(PAGE_SIZE / sizeof(struct thread)))
#define THREAD_CHUNKS (PID_MAX_LIMIT / THREAD_CHUNK + 1)

static struct thread *thread_chunks[THREAD_CHUNKS];

static inline struct thread *thread_find(pid_t tid)
{
	struct thread *chunk = READ_ONCE(thread_chunks[(u32)tid / THREAD_CHUNK]);

	return chunk ? &chunk[(u32)tid % THREAD_CHUNK] : NULL;
}

/* Of any thread; NULL when there is no memory. */
static struct thread *thread_get(pid_t tid)
{
	struct thread **slot = &thread_chunks[(u32)tid / THREAD_CHUNK];
	struct thread *chunk;

	BUILD_BUG_ON(sizeof(struct thread) & (sizeof(struct thread) - 1));
	if (!READ_ONCE(*slot)) {
		chunk = (struct thread *)get_zeroed_page(GFP_ATOMIC | __GFP_NOWARN);
		if (!chunk)
			return NULL;
		if (cmpxchg(slot, NULL, chunk) != NULL)
			free_page((unsigned long)chunk);
	}
	return thread_find(tid);
}

static void threads_free(void)
{
	unsigned int i;

	for (i = 0; i < THREAD_CHUNKS; i++)
		free_page((unsigned long)thread_chunks[i]);
}

#endif
