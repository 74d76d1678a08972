/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "report/table.h"
#include "report/view.h"
#include "utils/human.h"

/*
 * How files are gone through. A transfer is sequential when it begins where the one before on the same
 * open file description ended; the first one of a description counts neither way.
 */

#define FEW 0.1 /* a share below it, or above 1 - FEW, names the pattern */

struct walk {
	struct hnode node;
	struct str file;
	uint64_t reads, writes, read, written;
	uint64_t follow, sequential;
	struct sparse size;
};

struct sequence {
	struct view view;
	struct top top;
	struct hmap files;
	struct arena arena;
};

static struct walk *walk_of(struct sequence *s, struct str file)
{
	struct hnode *n;
	struct walk *w;
	uint64_t hash;
	char *copy;

	hash = hash_bytes(file.s, file.len, 0);
	for (n = hmap_first(&s->files, hash); n; n = hmap_next(n))
		if (str_eq(hmap_entry(n, struct walk, node)->file, file))
			return hmap_entry(n, struct walk, node);
	w = arena_alloc(&s->arena, sizeof(*w));
	copy = w ? arena_strdup(&s->arena, file) : NULL;
	if (!copy || hmap_insert(&s->files, &w->node, hash))
		return NULL;
	w->file = (struct str){copy, file.len};
	return w;
}

static int sequence_add(struct view *v, const struct event *ev, struct err *err)
{
	struct sequence *s = (struct sequence *)v;
	struct walk *w;

	if (ev->offset < 0 || !(ev->read + ev->written) || !ev->file.len)
		return 0;
	w = walk_of(s, ev->file);
	if (!w || sparse_add(&w->size, ev->read + ev->written))
		return err_sys(err, ENOMEM, "--seq");
	w->reads += ev->read > 0;
	w->writes += ev->written > 0;
	w->read += ev->read;
	w->written += ev->written;
	w->follow += ev->follows;
	w->sequential += ev->follows && ev->sequential;
	return 0;
}

static double share_of(const struct walk *w)
{
	return w->follow ? (double)w->sequential / (double)w->follow : 1;
}

static const char *pattern_of(const struct walk *w)
{
	static const char *const names[3][3] = {{"random read", "random write", "random mix"},
		{"part sequential read", "part sequential write", "part sequential mix"},
		{"sequential read", "sequential write", "sequential mix"}};
	double share = share_of(w), writes = (double)w->writes / (double)(w->reads + w->writes);

	if (!w->follow)
		return w->writes ? "one write" : "one read";
	return names[share < FEW ? 0 : share <= 1 - FEW ? 1 : 2][writes < FEW ? 0 : writes > 1 - FEW ? 1 : 2];
}

static uint64_t bytes_of(const struct walk *w)
{
	return w->read + w->written;
}

static int compare_walks(const void *a, const void *b)
{
	const struct walk *x = *(const struct walk *const *)a, *y = *(const struct walk *const *)b;

	if (bytes_of(x) != bytes_of(y))
		return bytes_of(x) > bytes_of(y) ? -1 : 1;
	return strcmp(x->file.s, y->file.s);
}

static void put_walk(struct table *t, const struct walk *w)
{
	char text[HUMAN_LEN];

	table_cell(t, "%" PRIu64, w->reads);
	table_cell(t, "%" PRIu64, w->writes);
	table_cell(t, "%s", human_bytes(text, (double)w->read));
	table_cell(t, "%s", human_bytes(text, (double)w->written));
	if (w->follow)
		table_cell(t, "%.1f %%", 100 * share_of(w));
	else
		table_cell(t, "-");
	table_cell(t, "%s", human_bytes(text, (double)sparse_quantile(&w->size, 0.5)));
	table_cell(t, "%s", human_bytes(text, (double)w->size.max));
	table_cell(t, "%s", pattern_of(w));
	table_cell_name(t, w->file);
}

static int put_walks(const struct sequence *s, struct walk **all, size_t n, bool colour, struct buf *out)
{
	static const char *const names[] = {"reads", "writes", "read", "written", "sequential", "size p50",
		"max", "pattern", "file"};
	size_t shown = s->top.n && s->top.n < n ? s->top.n : n, i;
	struct table table;
	int rc;

	table_init(&table, sizeof(names) / sizeof(*names), 2);
	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		table_cell(&table, "%s", names[i]);
	for (i = 0; i < shown; i++)
		put_walk(&table, all[i]);
	rc = table_print(&table, out, colour);
	if (n > shown)
		buf_addf(out, "  and %zu more files\n", n - shown);
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
	hmap_each(&s->files, node, tmp, i)
		all[n++] = hmap_entry(node, struct walk, node);
	qsort(all, n, sizeof(struct walk *), compare_walks);
	rc = put_walks(s, all, n, ending->colour, out);
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
	arena_free(&s->arena);
	free(s);
}

int view_sequence(struct view **out, struct top top, struct err *err)
{
	static const struct view_ops sequence_ops = {sequence_add, sequence_end, sequence_free};
	struct sequence *s = calloc(1, sizeof(*s));

	if (!s)
		return err_sys(err, ENOMEM, "--seq");
	s->view.ops = &sequence_ops;
	s->top = top;
	*out = &s->view;
	return 0;
}
