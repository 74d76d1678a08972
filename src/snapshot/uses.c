/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/uses.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CLOSE 8 /* moments as far apart as an eighth of their age are enough */

/* --- one moment --- */

int moment_add(struct moment *m, const struct use *u)
{
	struct use *to = vec_push(&m->uses);

	if (!to)
		return -ENOMEM;
	*to = *u;
	return 0;
}

static int by_pid(const void *a, const void *b)
{
	const struct use *x = a, *y = b;

	return (x->pid > y->pid) - (x->pid < y->pid);
}

void moment_done(struct moment *m)
{
	if (m->uses.n)
		qsort(m->uses.v, m->uses.n, sizeof(*m->uses.v), by_pid);
}

void moment_free(struct moment *m)
{
	vec_free(&m->uses);
}

uint64_t moment_ticks(const struct moment *m, uint64_t pid, uint64_t started)
{
	const struct use key = {.pid = pid}, *found;

	if (!m->uses.n)
		return 0;
	found = bsearch(&key, m->uses.v, m->uses.n, sizeof(*m->uses.v), by_pid);
	return found && found->started == started ? found->ticks : 0;
}

/* --- all of them --- */

static void drop(struct uses *all, size_t i)
{
	moment_free(&all->moments.v[i]);
	all->moments.n--;
	memmove(&all->moments.v[i], &all->moments.v[i + 1], (all->moments.n - i) * sizeof(*all->moments.v));
}

/* Those that others nearly tell. */
static void thin_out(struct uses *all)
{
	uint64_t now = all->moments.v[all->moments.n - 1].t;
	size_t i = 1;

	while (i + 1 < all->moments.n) {
		const struct moment *m = &all->moments.v[i];

		if (m[1].t - m[-1].t < (now - m->t) / CLOSE)
			drop(all, i);
		else
			i++;
	}
}

int uses_add(struct uses *all, struct moment *m)
{
	struct moment *to = vec_push(&all->moments);

	if (!to) {
		moment_free(m);
		return -ENOMEM;
	}
	*to = *m;
	thin_out(all);
	return 0;
}

void uses_free(struct uses *all)
{
	size_t i;

	for (i = 0; i < all->moments.n; i++)
		moment_free(&all->moments.v[i]);
	vec_free(&all->moments);
}

static uint64_t apart(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

const struct moment *uses_before(const struct uses *all, uint64_t t, uint64_t window)
{
	const struct moment *best = NULL;
	size_t i;

	for (i = 0; i < all->moments.n; i++) {
		const struct moment *m = &all->moments.v[i];

		if (m->t >= t || apart(t - m->t, window) > window / CLOSE)
			continue;
		if (!best || apart(t - m->t, window) < apart(t - best->t, window))
			best = m;
	}
	return best;
}

uint64_t uses_next(const struct uses *all, uint64_t now, uint64_t t, const uint64_t *windows, size_t n)
{
	uint64_t next = t;
	size_t i;

	for (i = 0; i < n; i++)
		if (windows[i] < t && t - windows[i] > now && t - windows[i] < next && !uses_before(all, t, windows[i]))
			next = t - windows[i];
	return next;
}
