/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_UTILS_RELAY_H
#define IORIOT_UTILS_RELAY_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A thread beside its only user, who takes filled slots in order. What there is to do is done by whichever
 * of the two has nothing else to do: the thread fills slots ahead, and the user does some of its work in
 * place of waiting for it. The slots go round between them.
 *
 * What the functions work with belongs to the relay until relay_free(); of each of them one call at a time is
 * made, but of make(), which only has its slot for itself.
 */
struct relay;

/* Slots of text of 16 KiB: what the thread has ahead outlasts its waking up, 100 us where a processor idled. */
#define RELAY_BLOCKS 24

struct relay_work {
	size_t slots;
	bool (*take)(void *user, size_t slot); /* in order; false: this slot is the last one */
	void (*make)(void *user, size_t slot); /* of one that was taken; NULL: that is all */
	void (*done)(void *user);	       /* one of what was posted, in order; NULL: nothing is */
	void *user;
};

/* 0 or -errno. */
int relay_new(struct relay **out, const struct relay_work *work);
void relay_free(struct relay *r); /* what was posted and is not done yet is left */

/*
 * Waits for the next slot, which is the caller's until it is released; behind the last one there is none
 * to wait for. False: the caller has all of them. relay_release() is of the oldest one that was given.
 */
bool relay_next(struct relay *r, size_t *slot);
void relay_release(struct relay *r);

/* There is one more thing to be done; waits until no more than MOST of them are not. */
void relay_post(struct relay *r, size_t most);
void relay_settle(struct relay *r); /* waits until all are */

#endif
