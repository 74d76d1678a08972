/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_REPLAY_TICKS_H
#define IORIOT_REPLAY_TICKS_H

#include <stdbool.h>

#include "utils/clock.h"

/*
 * Time between operations, in ticks of the cheapest clock: the time stamp counter where it runs at
 * one rate in all states (constant_tsc and nonstop_tsc in /proc/cpuinfo), else CLOCK_MONOTONIC.
 */
struct ticks {
	bool tsc;
	uint64_t mult; /* ns = ticks * mult >> 32 */
};

/* Takes about 2 ms where there is a counter to be measured. */
struct ticks ticks_measure(void);

static inline uint64_t ticks_now(const struct ticks *t)
{
#if defined(__x86_64__)
	if (t->tsc)
		return __builtin_ia32_rdtsc();
#endif
	(void)t;
	return now_ns();
}

static inline uint64_t ticks_to_ns(const struct ticks *t, uint64_t ticks)
{
	return (uint64_t)((unsigned __int128)ticks * t->mult >> 32);
}

#endif
