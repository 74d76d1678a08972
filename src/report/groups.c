/* SPDX-License-Identifier: Apache-2.0 */
#include "report/groups.h"

#include <errno.h>
#include <stdlib.h>

int groups_init(struct groups *g, const char *by, struct err *err)
{
	struct str rest = str_of(by), name;

	*g = (struct groups){.map = HMAP_INIT, .per_op = true};
	while (str_take_char(&rest, ',', &name)) {
		if (g->columns == KEY_COLUMNS)
			return err_set(err, EINVAL, "\"%s\": more than %d columns", by, KEY_COLUMNS);
		g->by[g->columns] = column_find(name);
		if (g->by[g->columns] && !g->by[g->columns]->per_op)
			g->per_op = false;
		if (!g->by[g->columns++])
			return err_set(err, EINVAL, "there is no column \"%.*s\"; there are %s", (int)name.len,
				name.s, column_names().s);
	}
	g->by_file = g->columns == 1 && g->by[0] == column_find(STR("file"));
	return 0;
}

int tally_add(struct tally *t, const struct event *ev)
{
	t->count++;
	t->errors += ev->error != 0;
	t->read += ev->read;
	t->written += ev->written;
	return sparse_add(&t->latency, ev->latency);
}

int tally_merge(struct tally *into, const struct tally *from)
{
	into->count += from->count;
	into->errors += from->errors;
	into->read += from->read;
	into->written += from->written;
	return sparse_merge(&into->latency, &from->latency);
}

static struct str make_key(struct groups *g, const struct event *ev, char scratch[COLUMN_SCRATCH])
{
	unsigned i;

	if (g->columns == 1)
		return column_text(g->by[0], ev, scratch);
	g->key.len = 0;
	for (i = 0; i < g->columns; i++) {
		if (i)
			buf_char(&g->key, KEY_SEP);
		buf_str(&g->key, column_text(g->by[i], ev, scratch));
	}
	return buf_as_str(&g->key);
}

static struct group *group_new(struct groups *g, struct str key, uint64_t hash)
{
	struct group *group = arena_alloc(&g->arena, sizeof(*group));
	char *copy = group ? arena_strdup(&g->arena, key) : NULL;

	if (!copy || hmap_insert(&g->map, &group->node, hash))
		return NULL;
	group->key = (struct str){copy, key.len};
	if (g->batched) {
		group->batches = arena_alloc(&g->arena, sizeof(*group->batches));
		if (!group->batches)
			return NULL;
	}
	return group;
}

struct group *groups_find(const struct groups *g, struct str key)
{
	struct hnode *n;

	for (n = hmap_first(&g->map, hash_bytes(key.s, key.len, 0)); n; n = hmap_next(n))
		if (str_eq(hmap_entry(n, struct group, node)->key, key))
			return hmap_entry(n, struct group, node);
	return g->others && str_eq(g->others->key, key) ? g->others : NULL;
}

static struct group *group_of(struct groups *g, struct str key)
{
	struct group *group = groups_find(g, key);

	if (group)
		return group;
	if (g->map.n < GROUPS_MAX)
		return group_new(g, key, hash_bytes(key.s, key.len, 0));
	if (!g->others)
		g->others = group_new(g, STR(GROUPS_OTHERS), 0);
	return g->others;
}

/* As was found out before: for an operation once, for a file as long as it is open. NULL: it was not. */
static struct group *known_group(const struct groups *g, const struct event *ev)
{
	if (g->per_op)
		return g->of_op[ev->op];
	return g->by_file && ev->note && ev->note->owner == g ? ev->note->value : NULL;
}

static struct group *find_group(struct groups *g, const struct event *ev)
{
	char scratch[COLUMN_SCRATCH];
	struct str key = make_key(g, ev, scratch);
	struct group *group = buf_ok(&g->key) ? group_of(g, key) : NULL;

	if (g->per_op)
		g->of_op[ev->op] = group;
	else if (g->by_file && ev->note)
		*ev->note = (struct file_note){g, group};
	return group;
}

int groups_add(struct groups *g, const struct event *ev)
{
	struct group *group = known_group(g, ev);

	if (!group)
		group = find_group(g, ev);
	if (!group)
		return -ENOMEM;
	if (group->batches)
		batches_add(group->batches, ev->latency);
	return tally_add(&group->tally, ev);
}

int groups_merge(struct groups *g, struct str key, const struct tally *from)
{
	struct group *group = group_of(g, key);

	return group ? tally_merge(&group->tally, from) : -ENOMEM;
}

void groups_free(struct groups *g)
{
	struct hnode *n, *tmp;
	size_t i;

	hmap_each(&g->map, n, tmp, i)
		sparse_free(&hmap_entry(n, struct group, node)->tally.latency);
	hmap_free(&g->map);
	arena_free(&g->arena);
	buf_free(&g->key);
}

/* ---- order ---- */

struct ranked {
	uint64_t rank;
	struct group *group;
};

uint64_t group_rank(const struct tally *t, enum group_order order)
{
	switch (order) {
	case BY_COUNT:
		return t->count;
	case BY_BYTES:
		return t->read + t->written;
	case BY_P99:
		return sparse_quantile(&t->latency, 0.99);
	case BY_ERRORS:
		return t->errors;
	default:
		return t->latency.sum;
	}
}

static int compare_ranked(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;
	struct str s = x->group->key, t = y->group->key;
	int c;

	if (x->rank != y->rank)
		return x->rank > y->rank ? -1 : 1;
	c = memcmp(s.s, t.s, s.len < t.len ? s.len : t.len);
	return c ? c : (s.len > t.len) - (s.len < t.len);
}

struct group **groups_sorted(const struct groups *g, enum group_order order, size_t *n)
{
	struct ranked *ranked = calloc(g->map.n + 1, sizeof(*ranked));
	struct group **out = calloc(g->map.n + 1, sizeof(struct group *));
	struct hnode *node, *tmp;
	size_t i, k = 0;

	if (!ranked || !out) {
		free(ranked);
		free(out);
		return NULL;
	}
	hmap_each(&g->map, node, tmp, i) {
		struct group *group = hmap_entry(node, struct group, node);

		ranked[k++] = (struct ranked){group_rank(&group->tally, order), group};
	}
	qsort(ranked, k, sizeof(*ranked), compare_ranked);
	for (i = 0; i < k; i++)
		out[i] = ranked[i].group;
	free(ranked);
	*n = k;
	return out;
}
