/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "ops/layer_list.h"
#include "report/groups.h"
#include "report/table.h"
#include "report/view.h"
#include "utils/human.h"

/*
 * How files are gone through, at each level on its own: calls, and below them requests of devices. A transfer is
 * sequential when it begins where the one before on the same open file description ended (of requests: of the same
 * inode); the first one of a description counts neither way. Requests of rings stand as they were submitted.
 */

#define FEW	  0.1	     /* a share below it, or above 1 - FEW, names the pattern */
#define SIZES_MOST 3	     /* of a file's sizes so many are named, and none of less than one in a hundred */

enum direction { READS, WRITES };

struct walk {
	struct hnode node;
	struct str file;
	enum layer level;
	struct moves {
		uint64_t count, bytes, follow, sequential;
	} way[2]; /* by enum direction */
	struct sparse size;
};

/* A request of a ring whose place among the others is not sure yet. */
struct pending {
	struct standing *standing;
	struct moves *of;
};
#define PENDING_MOST 4096 /* at first */

struct sequence {
	struct view view;
	struct top top;
	bool levels; /* have a column */
	struct hmap files;
	VEC(struct pending) pending;
	size_t look_at; /* them when they are so many */
	struct arena arena;
	struct buf name;
};

static struct walk *walk_of(struct sequence *s, struct str file, enum layer level)
{
	struct hnode *n;
	struct walk *w;
	uint64_t hash;
	char *copy;

	hash = hash_bytes(file.s, file.len, level);
	for (n = hmap_first(&s->files, hash); n; n = hmap_next(n)) {
		w = hmap_entry(n, struct walk, node);
		if (w->level == level && str_eq(w->file, file))
			return w;
	}
	if (s->files.n >= GROUPS_MAX && !str_eqs(file, GROUPS_OTHERS))
		return walk_of(s, STR(GROUPS_OTHERS), level);
	w = arena_alloc(&s->arena, sizeof(*w));
	copy = w ? arena_strdup(&s->arena, file) : NULL;
	if (!copy || hmap_insert(&s->files, &w->node, hash))
		return NULL;
	w->file = (struct str){copy, file.len};
	w->level = level;
	return w;
}

/* Of an inode that no call named, its numbers. */
static struct str name_of(struct sequence *s, const struct event *ev)
{
	if (ev->file.len)
		return ev->file;
	if (!ev->has_inode)
		return STR("-");
	s->name.len = 0;
	buf_addf(&s->name, "inode %" PRIu64 " of %u:%u", ev->ino, ev->dev_major, ev->dev_minor);
	return buf_ok(&s->name) ? buf_as_str(&s->name) : STR("-");
}

static void count(struct moves *m, bool follows, bool sequential)
{
	m->follow += follows;
	m->sequential += follows && sequential;
}

/* Counts those that are settled, or ALL. */
static void settle(struct sequence *s, bool all)
{
	size_t i, kept = 0;

	for (i = 0; i < s->pending.n; i++) {
		const struct pending *p = &s->pending.v[i];

		if (all || p->standing->settled) {
			count(p->of, p->standing->follows, p->standing->sequential);
			standing_drop(p->standing);
		} else {
			s->pending.v[kept++] = *p;
		}
	}
	s->pending.n = kept;
	s->look_at = 2 * kept > PENDING_MOST ? 2 * kept : PENDING_MOST;
}

static int wait_for(struct sequence *s, struct standing *standing, struct moves *of)
{
	struct pending *p;

	if (s->pending.n >= s->look_at)
		settle(s, false);
	p = vec_push(&s->pending);
	if (!p)
		return -ENOMEM;
	*p = (struct pending){standing_keep(standing), of};
	return 0;
}

static int sequence_add(struct view *v, const struct event *ev, struct err *err)
{
	struct sequence *s = (struct sequence *)v;
	struct moves *m;
	struct walk *w;

	if (ev->offset < 0 || !(ev->read + ev->written))
		return 0;
	w = walk_of(s, name_of(s, ev), event_is_below(ev) ? layer_of((enum op_id)ev->op) : LAYER_SYS);
	if (!w || sparse_add(&w->size, ev->read + ev->written))
		return err_sys(err, ENOMEM, "--seq");
	m = &w->way[ev->written ? WRITES : READS];
	m->count++;
	m->bytes += ev->read + ev->written;
	if (ev->standing)
		return wait_for(s, ev->standing, m) ? err_sys(err, ENOMEM, "--seq") : 0;
	count(m, ev->follows, ev->sequential);
	return 0;
}

static uint64_t count_of(const struct walk *w)
{
	return w->way[READS].count + w->way[WRITES].count;
}

static const char *pattern_of(const struct walk *w)
{
	static const char *const names[4][3] = {{"random read", "random write", "random mix"},
		{"part sequential read", "part sequential write", "part sequential mix"},
		{"sequential read", "sequential write", "sequential mix"},
		{"one read each", "one write each", "one read or write each"}};
	uint64_t follow = w->way[READS].follow + w->way[WRITES].follow;
	uint64_t sequential = w->way[READS].sequential + w->way[WRITES].sequential;
	double share = follow ? (double)sequential / (double)follow : 1;
	double writes = (double)w->way[WRITES].count / (double)count_of(w);

	if (count_of(w) == 1)
		return w->way[WRITES].count ? "one write" : "one read";
	return names[!follow ? 3 : share < FEW ? 0 : share <= 1 - FEW ? 1 : 2]
		    [writes < FEW ? 0 : writes > 1 - FEW ? 1 : 2];
}

static uint64_t bytes_of(const struct walk *w)
{
	return w->way[READS].bytes + w->way[WRITES].bytes;
}

static int compare_walks(const void *a, const void *b)
{
	const struct walk *x = *(const struct walk *const *)a, *y = *(const struct walk *const *)b;

	if (bytes_of(x) != bytes_of(y))
		return bytes_of(x) > bytes_of(y) ? -1 : 1;
	if (x->level != y->level)
		return x->level < y->level ? -1 : 1;
	return strcmp(x->file.s, y->file.s);
}

/* The most frequent first, of equally many the smaller one. */
static int compare_slots(const void *a, const void *b)
{
	const struct sparse_slot *x = a, *y = b;

	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	return x->bucket < y->bucket ? -1 : x->bucket > y->bucket;
}

/* "4.0 KiB 97.1 %, 512 B 2.9 %". Sizes may be too small by 1/32, but not the least one. */
static int put_sizes(struct table *t, const struct walk *w)
{
	struct sparse_slot *slots = calloc(w->size.used, sizeof(*slots));
	char list[SIZES_MOST * 40] = "", text[HUMAN_LEN];
	unsigned n = 0, i;
	size_t len = 0;

	if (!slots)
		return -ENOMEM;
	for (i = 0; i < w->size.cap; i++)
		if (w->size.slots[i].bucket)
			slots[n++] = w->size.slots[i];
	qsort(slots, n, sizeof(*slots), compare_slots);
	for (i = 0; i < n && i < SIZES_MOST && (i == 0 || slots[i].count * 100.0 >= (double)count_of(w)); i++) {
		uint64_t size = hist_bottom(slots[i].bucket - 1);

		len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s %.1f %%", i ? ", " : "",
			human_bytes(text, (double)(size > w->size.min ? size : w->size.min)),
			100.0 * slots[i].count / (double)count_of(w));
	}
	free(slots);
	table_cell(t, "%s", list);
	return 0;
}

static void put_share(struct table *t, const struct moves *m)
{
	if (m->follow)
		table_cell(t, "%.1f %%", 100.0 * (double)m->sequential / (double)m->follow);
	else
		table_cell(t, "-");
}

static int put_walk(const struct sequence *s, struct table *t, const struct walk *w)
{
	char text[HUMAN_LEN];
	int i;

	for (i = READS; i <= WRITES; i++)
		table_cell(t, "%" PRIu64, w->way[i].count);
	for (i = READS; i <= WRITES; i++)
		table_cell(t, "%s", human_bytes(text, (double)w->way[i].bytes));
	for (i = READS; i <= WRITES; i++)
		put_share(t, &w->way[i]);
	table_cell(t, "%s", human_bytes(text, (double)w->size.max));
	if (s->levels)
		table_cell(t, "%s", layer_names[w->level]);
	if (put_sizes(t, w))
		return -ENOMEM;
	table_cell(t, "%s", pattern_of(w));
	table_cell_name(t, w->file);
	return 0;
}

/* ---- all files of a level ---- */

#define UNIT 4096 /* bytes: transfers of any size are told as so many of this one, too */

/* What WALKS of the level of ALL are together. 0 or -ENOMEM. */
static int sum_up(struct walk *all, struct walk *const *walks, size_t n)
{
	size_t i;
	int k;

	for (i = 0; i < n; i++) {
		if (walks[i]->level != all->level)
			continue;
		for (k = READS; k <= WRITES; k++) {
			const struct moves *from = &walks[i]->way[k];
			struct moves *into = &all->way[k];

			into->count += from->count;
			into->bytes += from->bytes;
			into->follow += from->follow;
			into->sequential += from->sequential;
		}
		if (sparse_merge(&all->size, &walks[i]->size))
			return -ENOMEM;
	}
	return 0;
}

static int put_level(struct table *t, const struct walk *all, double seconds)
{
	char text[HUMAN_LEN];
	int i;

	for (i = READS; i <= WRITES; i++)
		table_cell(t, "%s/s", human_count(text, (double)all->way[i].count / seconds));
	for (i = READS; i <= WRITES; i++)
		table_cell(t, "%s/s", human_bytes(text, (double)all->way[i].bytes / seconds));
	table_cell(t, "%s/s", human_count(text, (double)bytes_of(all) / UNIT / seconds));
	for (i = READS; i <= WRITES; i++)
		put_share(t, &all->way[i]);
	if (put_sizes(t, all))
		return -ENOMEM;
	table_cell(t, "%s", layer_names[all->level]);
	return 0;
}

/* Rates are of the whole capture, of LENGTH ns. */
static int put_levels(struct walk *const *walks, size_t n, uint64_t length, bool colour, struct buf *out)
{
	static const char *const names[] = {"reads", "writes", "read", "written", "of 4 KiB", "seq reads", "seq writes",
		"sizes", "all of"};
	struct table table;
	unsigned i, level;
	int rc = 0;

	if (!n || !length)
		return 0;
	table_init(&table, sizeof(names) / sizeof(*names), 2);
	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		table_cell(&table, "%s", names[i]);
	for (level = 0; level < LAYER_COUNT && !rc; level++) {
		struct walk all = {.level = (enum layer)level};

		rc = sum_up(&all, walks, n);
		if (!rc && count_of(&all))
			rc = put_level(&table, &all, (double)length / 1e9);
		sparse_free(&all.size);
	}
	buf_char(out, '\n');
	if (!rc)
		rc = table_print(&table, out, colour);
	table_free(&table);
	return rc;
}

static int put_walks(const struct sequence *s, struct walk **all, size_t n, bool colour, struct buf *out)
{
	static const char *const names[] = {"reads", "writes", "read", "written", "seq reads", "seq writes", "max",
		"level", "sizes", "pattern", "file"};
	enum { NAMES = sizeof(names) / sizeof(*names), LEVEL = 7 };
	size_t shown = s->top.n && s->top.n < n ? s->top.n : n, i;
	struct table table;
	int rc = 0;

	table_init(&table, s->levels ? NAMES : NAMES - 1, s->levels ? NAMES - LEVEL : NAMES - LEVEL - 1);
	for (i = 0; i < NAMES; i++)
		if (i != LEVEL || s->levels)
			table_cell(&table, "%s", names[i]);
	for (i = 0; i < shown && !rc; i++)
		rc = put_walk(s, &table, all[i]);
	if (!rc)
		rc = table_print(&table, out, colour);
	if (n > shown)
		buf_addf(out, "  and %zu more file%s\n", n - shown, n - shown == 1 ? "" : "s");
	table_free(&table);
	return rc;
}

static int sequence_end(struct view *v, const struct ending *ending, struct buf *out, struct err *err)
{
	struct sequence *s = (struct sequence *)v;
	struct walk **all = calloc(s->files.n + 1, sizeof(struct walk *));
	struct hnode *node, *tmp;
	size_t n = 0, i;
	int rc;

	if (!all)
		return err_sys(err, ENOMEM, "--seq");
	settle(s, true);
	hmap_each(&s->files, node, tmp, i)
		all[n++] = hmap_entry(node, struct walk, node);
	qsort(all, n, sizeof(struct walk *), compare_walks);
	rc = put_walks(s, all, n, ending->colour, out);
	if (!rc)
		rc = put_levels(all, n, ending->totals->end, ending->colour, out);
	free(all);
	return rc ? err_sys(err, ENOMEM, "--seq") : 0;
}

static void sequence_free(struct view *v)
{
	struct sequence *s = (struct sequence *)v;
	struct hnode *node, *tmp;
	size_t i;

	hmap_each(&s->files, node, tmp, i)
		sparse_free(&hmap_entry(node, struct walk, node)->size);
	hmap_free(&s->files);
	settle(s, true);
	vec_free(&s->pending);
	buf_free(&s->name);
	arena_free(&s->arena);
	free(s);
}

int view_sequence(struct view **out, struct top top, bool levels, struct err *err)
{
	static const struct view_ops sequence_ops = {sequence_add, sequence_end, sequence_free};
	struct sequence *s = calloc(1, sizeof(*s));

	if (!s)
		return err_sys(err, ENOMEM, "--seq");
	s->view.ops = &sequence_ops;
	s->top = top;
	s->levels = levels;
	*out = &s->view;
	return 0;
}
