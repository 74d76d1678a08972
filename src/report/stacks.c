/* SPDX-License-Identifier: Apache-2.0 */
#include "report/stacks.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "trace/escape.h"
#include "trace/outfile.h"

/* ---- weights ---- */

static int64_t weigh_time(const struct event *ev)
{
	return (int64_t)ev->latency;
}

static int64_t weigh_count(const struct event *ev)
{
	(void)ev;
	return 1;
}

static int64_t weigh_bytes(const struct event *ev)
{
	return (int64_t)(ev->read + ev->written);
}

static int64_t weigh_gap(const struct event *ev)
{
	return (int64_t)ev->gap;
}

static const struct {
	const char *name, *unit;
	int64_t (*weigh)(const struct event *ev);
} weights[] = {{"time", "ns", weigh_time}, {"count", "calls", weigh_count}, {"bytes", "bytes", weigh_bytes},
	{"gap", "ns", weigh_gap}};

int stacks_init(struct stacks *s, const char *fields, const char *weight, struct err *err)
{
	struct groups named;
	size_t i;

	*s = (struct stacks){.map = HMAP_INIT};
	if (groups_init(&named, fields ? fields : "comm,file,op", err))
		return err_prefix(err, "--fields");
	memcpy(s->fields, named.by, sizeof(s->fields));
	s->n = named.columns;
	for (i = 0; i < sizeof(weights) / sizeof(*weights); i++)
		if (strcmp(weight ? weight : "time", weights[i].name) == 0) {
			s->weight = weights[i].weigh;
			s->unit = weights[i].unit;
		}
	s->root.name = STR("all");
	return s->weight ? 0 : err_set(err, EINVAL, "--count %s: time, count, bytes or gap", weight);
}

/* ---- building ---- */

static struct frame *frame_below(struct stacks *s, struct frame *parent, struct str name)
{
	uint64_t hash = hash_bytes(name.s, name.len, (uint64_t)(uintptr_t)parent);
	struct frame *f;
	struct hnode *n;
	char *copy;

	for (n = hmap_first(&s->map, hash); n; n = hmap_next(n)) {
		f = hmap_entry(n, struct frame, node);
		if (f->parent == parent && str_eq(f->name, name))
			return f;
	}
	f = arena_alloc(&s->arena, sizeof(*f));
	copy = f ? arena_strdup(&s->arena, name) : NULL;
	if (!copy || hmap_insert(&s->map, &f->node, hash))
		return NULL;
	f->name = (struct str){copy, name.len};
	f->parent = parent;
	f->sibling = parent->child;
	parent->child = f;
	return f;
}

static struct frame *frame_named(struct stacks *s, struct frame *parent, struct str name)
{
	s->name.len = 0;
	escape_add(&s->name, name.len ? name : STR("-"));
	return buf_ok(&s->name) ? frame_below(s, parent, buf_as_str(&s->name)) : NULL;
}

/* "/", "usr/", "lib/", "x": a directory is told from a file by its end. */
static struct frame *frames_of_path(struct stacks *s, struct frame *f, struct str path)
{
	while (path.len && f) {
		const char *slash = memchr(path.s, '/', path.len);
		size_t len = slash ? (size_t)(slash - path.s) + 1 : path.len;

		f = frame_named(s, f, (struct str){path.s, len});
		path.s += len;
		path.len -= len;
	}
	return f;
}

int stacks_add(struct stacks *s, const struct event *ev)
{
	struct frame *f = &s->root;
	char scratch[COLUMN_SCRATCH];
	int64_t weight = s->weight(ev);
	unsigned i;

	if (weight <= 0)
		return 0;
	for (i = 0; i < s->n && f; i++) {
		struct str text = column_text(s->fields[i], ev, scratch);

		if (text.len && text.s[0] == '/')
			f = frames_of_path(s, f, text);
		else
			f = frame_named(s, f, text);
	}
	if (!f)
		return -ENOMEM;
	f->self += (uint64_t)weight;
	return 0;
}

/* ---- finishing ---- */

static int compare_frames(const void *a, const void *b)
{
	const struct frame *x = *(const struct frame *const *)a, *y = *(const struct frame *const *)b;

	return strcmp(x->name.s, y->name.s);
}

static int sort_children(struct frame *f)
{
	struct frame **v, *c;
	size_t n = 0, i;

	for (c = f->child; c; c = c->sibling)
		n++;
	if (n < 2)
		return 0;
	v = calloc(n, sizeof(struct frame *));
	if (!v)
		return -ENOMEM;
	for (i = 0, c = f->child; c; c = c->sibling)
		v[i++] = c;
	qsort(v, n, sizeof(struct frame *), compare_frames);
	f->child = v[0];
	for (i = 0; i < n; i++)
		v[i]->sibling = i + 1 < n ? v[i + 1] : NULL;
	free(v);
	return 0;
}

/* Without recursion: paths may be as deep as PATH_MAX allows. */
struct frame *stacks_next(const struct frame *f, bool down)
{
	if (down && f->child)
		return f->child;
	while (f && !f->sibling)
		f = f->parent;
	return f ? f->sibling : NULL;
}

static void place_children(const struct frame *f)
{
	uint64_t start = f->start;
	struct frame *c;

	for (c = f->child; c; c = c->sibling) {
		c->start = start;
		c->depth = f->depth + 1;
		start += c->total;
	}
}

int stacks_finish(struct stacks *s)
{
	struct frame *f, *up;

	for (f = &s->root; f; f = stacks_next(f, true)) {
		if (sort_children(f))
			return -ENOMEM;
		for (up = f; up; up = up->parent)
			up->total += f->self;
	}
	for (f = &s->root; f; f = stacks_next(f, true))
		place_children(f);
	return 0;
}

void stacks_free(struct stacks *s)
{
	hmap_free(&s->map);
	arena_free(&s->arena);
	buf_free(&s->name);
}

/* ---- collapsed ---- */

static void put_stack(const struct frame *f, struct buf *out)
{
	const struct frame *v[4200]; /* as many as a path has components at most, and the columns */
	size_t n = 0;

	for (; f->parent && n < sizeof(v) / sizeof(*v); f = f->parent)
		v[n++] = f;
	while (n) {
		buf_str(out, v[--n]->name);
		if (n)
			buf_char(out, ';');
	}
}

void stacks_collapsed(struct stacks *s, const struct ending *ending, struct buf *out)
{
	const struct frame *f;

	for (f = &s->root; f; f = stacks_next(f, true)) {
		if (!f->self)
			continue;
		put_stack(f, out);
		buf_addf(out, " %" PRIu64 "\n", f->self);
	}
	if (ending->totals->lost) /* a stack of no width, for those who have no other lines */
		buf_addf(out, "%" PRIu64 " records were lost 0\n", ending->totals->lost);
}

/* ---- the view ---- */

struct stacks_view {
	struct view view;
	struct stacks stacks;
	const char *file;
	stacks_put *put;
};

static int stacks_view_add(struct view *v, const struct event *ev, struct err *err)
{
	struct stacks_view *s = (struct stacks_view *)v;

	return stacks_add(&s->stacks, ev) ? err_sys(err, ENOMEM, "%s", s->file) : 0;
}

static int stacks_view_end(struct view *v, const struct ending *ending, struct buf *out, struct err *err)
{
	struct stacks_view *s = (struct stacks_view *)v;
	struct buf text = BUF_INIT;
	int rc;

	(void)out;
	if (stacks_finish(&s->stacks))
		return err_sys(err, ENOMEM, "%s", s->file);
	s->put(&s->stacks, ending, &text);
	rc = buf_ok(&text) ? outfile_put(s->file, buf_as_str(&text), err) : err_sys(err, ENOMEM, "%s", s->file);
	buf_free(&text);
	return rc;
}

static void stacks_view_free(struct view *v)
{
	struct stacks_view *s = (struct stacks_view *)v;

	stacks_free(&s->stacks);
	free(s);
}

int view_stacks(struct view **out, const char *file, stacks_put *put, const char *fields, const char *weight,
	struct err *err)
{
	static const struct view_ops stacks_ops = {stacks_view_add, stacks_view_end, stacks_view_free};
	struct stacks_view *s = calloc(1, sizeof(*s));

	if (!s)
		return err_sys(err, ENOMEM, "%s", file);
	s->view.ops = &stacks_ops;
	s->file = file;
	s->put = put;
	*out = &s->view;
	return stacks_init(&s->stacks, fields, weight, err);
}
