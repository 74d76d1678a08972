/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_GENERATE_OVERLAP_H
#define IORIOT_GENERATE_OVERLAP_H

#include "generate/model.h"

/*
 * Calls that overlap took effect in an order that their ends do not show. What they found tells it:
 * these two questions say which pairs are worth a look. A wrong yes does no harm, since either
 * order of two overlapping calls is possible and the model has the last word.
 */

/* R contradicts the model. Could C, applied first, change that? */
bool overlap_may_help(const struct model *m, const struct rec *r, const struct rec *c);

/* Can applying M take away what an overlapping call found? Only then overlap_spoils() is asked. */
bool overlap_changes(const struct rec *m);

/* Would R's result contradict the model once M is applied, so that R must go first? */
bool overlap_spoils(const struct model *m, const struct rec *change, const struct rec *r);

/* Does BETWEEN, seen after CHANGE and before R, bring back what R found? Then R may stay behind. */
bool overlap_mends(const struct rec *change, const struct rec *between, const struct rec *r);

/* Does C open the number of a descriptor that R uses, and that is not open? */
bool overlap_opens(const struct model *m, const struct rec *r, const struct rec *c);

/* Does C change what NAME leads to in any directory, or any name when NAME is empty? */
bool overlap_changes_name(const struct rec *c, struct str name);

/* Does C change the size of N? */
bool overlap_resizes(const struct model *m, const struct rec *c, const struct node *n);

#endif
