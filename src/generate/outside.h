/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_GENERATE_OUTSIDE_H
#define IORIOT_GENERATE_OUTSIDE_H

#include "generate/model.h"
#include "generate/window.h"

/*
 * What others did: a capture of some processes shows changes that none of them made. Where a record
 * contradicts the model and no overlapping call explains it, the operations that do are made up, of
 * a process of their own, and go into the replay just before the record.
 */
#define OUTSIDE_TASK   (UINT32_MAX - 1) /* its PID and TID; those of Linux are below 2^22 */
#define OUTSIDE_PARENT (-1)		/* the parent in its state_task: how a reader knows it */

/* Operations for one record: the way to a name may have been made a step at a time. */
#define OUTSIDE_STEPS 64

struct outside {
	struct rec todo[3];
	unsigned n;
	uint64_t made;	/* operations so far */
	uint64_t moved; /* directories that were moved out of the way */
	struct buf path, path2;
};

/*
 * The next step towards a model that R, which was just refused because of WHY, does not contradict:
 * o->todo, to be applied before R (none: the step was a correction of the model). Their strings
 * live until the next call. 1; 0 when there is no such step: nothing is known to explain it, or
 * captured calls that overlap R changed the same thing; -ENOMEM.
 */
int outside_plan(struct outside *o, struct model *m, struct window *w, const struct rec *r,
	const struct surprise *why);

/*
 * Keeps what a state record says of a name that cannot be entered: the model knows that nothing
 * stood there, so that somebody made it since. 0 or -ENOMEM.
 */
int outside_told(struct model *m, const struct rec *r);
void outside_told_free(struct model *m);

void outside_free(struct outside *o);

#endif
