/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_REPLAY_PACE_H
#define IORIOT_REPLAY_PACE_H

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

/* What a thread did between the end of one operation and its next: 0 when they overlap. */
static inline uint64_t pace_gap(uint64_t end, uint64_t entry)
{
	return entry > end ? entry - end : 0;
}

#endif
