/* SPDX-License-Identifier: Apache-2.0 */
#include "generate/locks.h"

#include <errno.h>

static bool touches(const struct lock *a, const struct lock *b)
{
	return a->kind == b->kind && a->start < b->end && b->start < a->end;
}

bool locks_conflict(const struct locks *l, const struct lock *want)
{
	size_t i;

	for (i = 0; i < l->held.n; i++) {
		const struct lock *h = &l->held.v[i];

		if (h->owner != want->owner && touches(h, want) && (h->exclusive || want->exclusive))
			return true;
	}
	return false;
}

bool locks_of_others(const struct locks *l, const struct lock *want)
{
	struct lock alone = *want;

	alone.exclusive = true;
	return locks_conflict(l, &alone);
}

int locks_unset(struct locks *l, const struct lock *range)
{
	size_t i = 0;

	while (i < l->held.n) {
		struct lock *h = &l->held.v[i];

		if (h->owner != range->owner || !touches(h, range)) {
			i++;
			continue;
		}
		if (h->start < range->start && h->end > range->end) { /* what is left are two */
			struct lock *tail = vec_push(&l->held);

			if (!tail)
				return -ENOMEM;
			h = &l->held.v[i];
			*tail = *h;
			tail->start = range->end;
			h->end = range->start;
			i++;
		} else if (h->start < range->start) {
			h->end = range->start;
			i++;
		} else if (h->end > range->end) {
			h->start = range->end;
			i++;
		} else {
			*h = l->held.v[--l->held.n];
		}
	}
	return 0;
}

int locks_set(struct locks *l, const struct lock *lock)
{
	struct lock *slot;
	int rc = locks_unset(l, lock);

	if (rc)
		return rc;
	slot = vec_push(&l->held);
	if (!slot)
		return -ENOMEM;
	*slot = *lock;
	return 0;
}

bool locks_drop(struct locks *l, uint64_t owner)
{
	bool any = false;
	size_t i = 0;

	while (i < l->held.n) {
		if (l->held.v[i].owner != owner) {
			i++;
			continue;
		}
		l->held.v[i] = l->held.v[--l->held.n];
		any = true;
	}
	return any;
}

void locks_free(struct locks *l)
{
	vec_free(&l->held);
}
