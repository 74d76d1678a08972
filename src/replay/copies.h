/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_REPLAY_COPIES_H
#define IORIOT_REPLAY_COPIES_H

#include "replay/paths.h"
#include "tree/tree.h"

struct program;

/*
 * Copies of a replay that run side by side (--scale), each in trees of its own and with workers of its own. They
 * share the streams of operations; a copy's names differ from another's in the digits of its number only.
 */
struct copy {
	struct tree_set trees;
	const char *strings; /* of paths, for the streams' references */
	char *own;	     /* the same, where they are to be freed */
};

/* Makes SCALE copies of what was loaded, or with 0 the one that it is. 0, -ENOMEM, -EINVAL: too many threads. */
int copies_make(struct program *p, unsigned scale, struct err *err);
void copies_free(struct program *p);

#endif
