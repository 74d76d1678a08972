/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_GENERATE_LOCKS_H
#define IORIOT_GENERATE_LOCKS_H

#include <stdbool.h>
#include <stdint.h>

#include "datas/buf.h"

/*
 * The locks that are held on one file, as the capture tells: record locks of processes and of open
 * file descriptions, flock(2) locks and leases (fcntl_locking(2), flock(2), F_SETLEASE(2const)). Whether
 * a captured lock call fits what is held shows in which order calls that overlapped took effect.
 */
enum lock_kind { LOCK_RECORD, LOCK_WHOLE, LOCK_LEASE };

struct lock {
	enum lock_kind kind;
	uint64_t owner; /* of record locks: a handle or a description; of flock: a description */
	bool exclusive;
	uint64_t start, end; /* first byte, and first byte behind; UINT64_MAX = to the end */
};

struct locks {
	VEC(struct lock) held;
};

/* Would another owner's lock stand in the way of this one? */
bool locks_conflict(const struct locks *l, const struct lock *want);

/* Has another owner any lock there, also one that would not? */
bool locks_of_others(const struct locks *l, const struct lock *want);

/* The owner has this lock now, and nothing else of the kind in its range. 0 or -ENOMEM. */
int locks_set(struct locks *l, const struct lock *lock);

/* The owner has nothing of the kind in the range any more. 0 or -ENOMEM. */
int locks_unset(struct locks *l, const struct lock *range);

/* All locks of an owner are gone, whatever the kind. True when there were any. */
bool locks_drop(struct locks *l, uint64_t owner);

void locks_free(struct locks *l);

#endif
