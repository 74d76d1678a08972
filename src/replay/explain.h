/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_REPLAY_EXPLAIN_H
#define IORIOT_REPLAY_EXPLAIN_H

#include <stdbool.h>

#include "replay/compare.h"
#include "replay/encode.h"

/*
 * Results that differ for a reason that is in no file: the cache, another file system's rules, or an order
 * that the user gave up. They are counted by that reason, apart from divergences. A class takes
 * only what its reason can do: an errno that it does not have, or another operation, diverges.
 */
enum explained {
	EXPLAINED_NONE,
	EXPLAINED_NOWAIT,    /* RWF_NOWAIT */
	EXPLAINED_ALIGNMENT, /* O_DIRECT */
	EXPLAINED_WRITEBACK, /* extents of ext4 */
	EXPLAINED_NUMBER,    /* URING_REUSED */
	EXPLAINED_LOCK,	     /* --order=thread */
	EXPLAINED_RACE,	     /* --order=thread */
	EXPLAINED_COUNT
};

struct explained_class {
	const char *name, *text;
};
extern const struct explained_class explained_classes[EXPLAINED_COUNT];

struct explanations {
	struct divergence v[EXPLAINED_COUNT]; /* the first by index; its count is that of the class */
};

struct rthread;
enum explained explain(const struct rthread *t, const struct xop *x, int64_t got);

/* Is TREE, an absolute path, on an overlay that is written on ext4? To be asked before the replay is confined. */
bool explain_is_over_ext4(const char *tree);

void explanations_add(struct explanations *all, enum explained why, const struct divergence *d);
uint64_t explanations_count(const struct explanations *all);

#endif
