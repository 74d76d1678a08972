/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_REPORT_BATCHES_H
#define IORIOT_REPORT_BATCHES_H

#include <stddef.h>
#include <stdint.h>

/*
 * How far a latency lies apart in one run, where neighbouring calls are no independent samples: the run is
 * cut into batches of equally many calls in a row, and each gives one value, the mean of the logarithms (Law:
 * Simulation Modeling and Analysis, 5th ed. 2015, section 9.5.3, "batch means"). When there are BATCHES_MOST,
 * neighbours become one, so that a run of any length has 16 to 31 of them; the last one, which is not full,
 * is left out.
 */
#define BATCHES_MOST 32

struct batches {
	double sum[BATCHES_MOST]; /* of logarithms; behind the full ones that of the one that is not */
	uint64_t size;		  /* calls in a full one */
	uint64_t last;		  /* calls in the one that is not */
	unsigned full;
};

void batches_add(struct batches *b, uint64_t ns);
/* The means of the full ones; less than a nanosecond counts as one. */
size_t batches_values(const struct batches *b, double out[BATCHES_MOST]);

#endif
