/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_REPLAY_PACE_H
#define IORIOT_REPLAY_PACE_H

#include <stdbool.h>
#include <stdint.h>

#include "options.h"

/* When operations of a paced replay may begin. Times are ns of CLOCK_MONOTONIC unless said. */

/* What the time of an operation is counted from. */
enum pace_kind {
	PACE_NONE,  /* as soon as the order allows */
	PACE_START, /* -s: from the start of the run */
	PACE_BEFORE /* --pace=think: from the end of the operation before it in the same thread */
};

static inline enum pace_kind pace_kind_of(const struct options *o)
{
	if (o->pace == PACE_WORD_THINK)
		return PACE_BEFORE;
	return o->speed > 0 ? PACE_START : PACE_NONE;
}

/* By what captured times are divided. */
static inline double pace_speed_of(const struct options *o)
{
	return o->speed > 0 ? o->speed : 1;
}

/*
 * NS of the capture after FROM. A replay may be written by anybody: what no clock reaches is as far
 * as one that counts ns in 63 bits can be told to sleep.
 */
static inline uint64_t pace_deadline(uint64_t from, uint64_t ns, double speed)
{
	const uint64_t end = INT64_MAX;
	double scaled = (double)ns / speed;

	if (from >= end || !(scaled < (double)(end - from)))
		return end;
	return from + (uint64_t)scaled;
}

/*
 * PACE_BEFORE: what of LATE, by which an operation began behind its time, is taken off the think time behind it:
 * else it would add up. A scheduler takes some ms at a time; what the host held up for longer is not made up for by a
 * burst.
 */
#define PACE_OWED_MOST 50000000u
static inline uint64_t pace_owed(uint64_t late)
{
	return late < PACE_OWED_MOST ? late : PACE_OWED_MOST;
}

/* ---- sleeping ---- */

#define WAKEUP_FIRST 4000u  /* ns that a wake-up takes, until one was seen */
#define WAKEUP_MOST  60000u /* what is spent looking at the clock before an operation's time, at most */
#define SLEEP_LEAST  2000u  /* a shorter sleep costs more than it saves */

/* A step towards what was seen, whatever it was: so a few that the host held up change nothing. */
static inline void wakeup_learn(uint64_t *wakeup, uint64_t took)
{
	uint64_t step = *wakeup / 16 + 20;

	if (took > *wakeup)
		*wakeup = *wakeup + step < WAKEUP_MOST ? *wakeup + step : WAKEUP_MOST;
	else
		*wakeup -= step < *wakeup ? step : *wakeup;
}

/*
 * Whether a thread can sleep when LEFT is the time until its operation. Where it is only what wake-ups took
 * that speaks against it, that is forgotten bit by bit: who never sleeps never sees that they are quick again.
 */
static inline bool wakeup_fits(uint64_t *wakeup, uint64_t left)
{
	if (*wakeup + SLEEP_LEAST < left)
		return true;
	if (WAKEUP_FIRST + SLEEP_LEAST < left)
		*wakeup -= *wakeup / 64;
	return false;
}

/* What a thread did between the end of one operation and its next: 0 when they overlap. */
static inline uint64_t pace_gap(uint64_t end, uint64_t entry)
{
	return entry > end ? entry - end : 0;
}

#endif
