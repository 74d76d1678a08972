/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_CAPTURE_BEGIN_H
#define IORIOT_CAPTURE_BEGIN_H

#include "capture/wire_read.h"

/*
 * What was under way when the capture, or a file of a rotation, began. Each process's state is told
 * at a moment of its own, just before its first call. Calls that had begun earlier may have had
 * their effect before that moment, and then it is in the state already, or after it. Here they are
 * passed on or dropped, so that nothing is there twice and nothing is missing:
 *
 *   what the call did     what becomes of it
 *   --------------------- -----------------------------------------------------------------------
 *   was over before that  dropped, but changes of names are kept
 *   new descriptor        dropped when the state has it, for the same file
 *   close                 dropped when the state does not have the descriptor
 *   moved an offset       dropped when the state has the new offset, as far as that was told
 *   directory, umask      dropped when the state has the new one
 *   map of a file         dropped when the state has it; munmap when the state has nothing there
 *   other changes         kept: names are judged by late.c, contents and locks are in no state
 *   looked, or failed     dropped when it was not seen to begin
 *
 * Descriptors that share an open file description with one that was told before become state_dup.
 *
 * Processes that a told process forked are told by that: they have no state of their own.
 * One thread.
 */
struct begin;

/* Where it all goes: late_add() and late_lost() in a capture. */
struct begin_out {
	void *user;
	int (*add)(void *user, const struct seen *seen, struct err *err);
	void (*lost)(void *user, uint64_t t, uint32_t pid, uint32_t tid, uint64_t count,
		const char *why);
};

struct begin_counts {
	uint64_t dropped;   /* calls that began before the capture, and are part of its state */
	uint64_t untold;    /* processes whose state should have come and did not */
	uint64_t processes; /* told, forked ones included; once more for each file */
	uint64_t forgotten; /* states given up for want of room: of those calls all are kept */
};

/*
 * Descriptors of states are kept until their process ends or executes another program, because a
 * call may be under way that long. BEGIN_FDS_MOST is the most in all (24 bytes each): beyond, the
 * oldest state is forgotten.
 */
#define BEGIN_FDS_MOST (1u << 20)

int begin_open(struct begin **out, const struct begin_out *to, struct err *err);
void begin_close(struct begin *b);

/*
 * The kernel had begun at time T at the latest ("start" was written): a process without state whose
 * call began after T will have none. Until this is said, T is infinite.
 */
void begin_settled(struct begin *b, uint64_t t);

/*
 * The next record of the stream; times never go back. WIRE_SEEN_LOST are passed on always.
 * 0, -ENOMEM, or what add() returned.
 */
int begin_add(struct begin *b, const struct wire_seen *seen, struct err *err);

/*
 * A new file begins with the next record, before "again" is written: every process will be told
 * once more. begin_settled() follows.
 */
void begin_again(struct begin *b);

struct begin_counts begin_counts(const struct begin *b);

#endif
