/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_REPLAY_COMPARE_H
#define IORIOT_REPLAY_COMPARE_H

#include <stdbool.h>
#include <stdint.h>

#include "ops/ops.h"

/* Is the result GOT now equal, by the rule of the operation, to the one that the program got? */
bool results_equal(enum op_compare rule, int64_t expected, int64_t got);

/*
 * One kind of divergence: an operation, and the two errnos (0: it succeeded). The values are those
 * of the first operation of this kind.
 */
struct divergence {
	enum op_id op;
	bool no_fd; /* its descriptor was not open, since an earlier operation diverged */
	int64_t expected, got;
	uint64_t count;
	uint64_t index, label; /* of the first */
};

/* Kinds seen; those beyond the table are counted together. */
#define DIVERGENCE_KINDS 64
struct divergences {
	uint32_t n;
	uint64_t others;
	struct divergence v[DIVERGENCE_KINDS];
};

/* Adds D->count divergences of D's kind, keeping the first of it by index. */
void divergences_add(struct divergences *all, const struct divergence *d);

#endif
