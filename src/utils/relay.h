/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_UTILS_RELAY_H
#define IORIOT_UTILS_RELAY_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A thread that fills slots ahead of their only user: while that is at one of them, the next ones are
 * filled. The slots go round between the two, in order.
 */
struct relay;

/* In the thread: fills slot number SLOT; false when it is the last one. */
typedef bool relay_fill(void *user, size_t slot);

/* What FILL works with belongs to the thread until relay_free(), or until the last slot was given. 0 or -errno. */
int relay_new(struct relay **out, size_t slots, relay_fill *fill, void *user);
void relay_free(struct relay *r);

/*
 * Waits for the next slot, which is the caller's until it is released; behind the last one there is none
 * to wait for. False: the caller has all of them. relay_release() is of the oldest one that was given.
 */
bool relay_next(struct relay *r, size_t *slot);
void relay_release(struct relay *r);

#endif
