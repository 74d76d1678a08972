/* SPDX-License-Identifier: Apache-2.0 */
#include "replay/compare.h"

bool results_equal(enum op_compare rule, int64_t expected, int64_t got)
{
	if (expected == got)
		return true;
	switch (rule) {
	case CMP_EXACT:
	case CMP_SEEK: /* directories are looked at by the caller, who has the descriptor */
		return false;
	case CMP_OK:
		return expected >= 0 && got >= 0;
	case CMP_SIGN:
		return expected > 0 && got > 0;
	case CMP_NONE:
		return true;
	}
	return false;
}

static bool same_kind(const struct divergence *a, const struct divergence *b)
{
	int64_t a_expected = a->expected < 0 ? a->expected : 0;
	int64_t b_expected = b->expected < 0 ? b->expected : 0;
	int64_t a_got = a->got < 0 ? a->got : 0, b_got = b->got < 0 ? b->got : 0;

	return a->op == b->op && a->no_fd == b->no_fd && a_expected == b_expected && a_got == b_got;
}

void divergences_add(struct divergences *all, const struct divergence *d)
{
	uint64_t count;
	uint32_t i;

	for (i = 0; i < all->n; i++) {
		if (!same_kind(&all->v[i], d))
			continue;
		count = all->v[i].count + d->count;
		if (d->index < all->v[i].index)
			all->v[i] = *d;
		all->v[i].count = count;
		return;
	}
	if (all->n == DIVERGENCE_KINDS)
		all->others += d->count;
	else
		all->v[all->n++] = *d;
}
