/* SPDX-License-Identifier: Apache-2.0 */
#include "datas/json_parts.h"
#include "report/export_lines.h"
#include "report/stacks.h"
#include "utils/json_bytes.h"

/* https://github.com/jlfwong/speedscope/wiki/Importing-from-custom-sources */

static json_t *title(const struct ending *e)
{
	struct buf text = BUF_INIT;
	struct str rest, line;
	struct buf warnings = BUF_INIT;
	json_t *j;

	buf_puts(&text, e->capture);
	ending_warn(e, &warnings);
	rest = buf_as_str(&warnings);
	while (str_take_char(&rest, '\n', &line))
		if (line.len) {
			buf_puts(&text, ", ");
			buf_str(&text, line);
		}
	j = buf_ok(&text) && buf_ok(&warnings) ? json_bytes(buf_as_str(&text)) : NULL;
	buf_free(&warnings);
	buf_free(&text);
	return j;
}

/* Frames of one name are one frame there, wherever they stand: its table sums them up. */
struct known_frame {
	struct hnode node; /* by name */
	struct str name;
	uint64_t number;
};

/* The number of the name of F, which goes to FRAMES when it is new. False: memory is out. */
static bool number_frame(struct stacks *s, struct hmap *known, struct frame *f, json_t **frames)
{
	uint64_t hash = hash_bytes(f->name.s, f->name.len, 0);
	json_t *frame;
	struct known_frame *k;
	struct hnode *n;

	for (n = hmap_first(known, hash); n; n = hmap_next(n))
		if (str_eq(hmap_entry(n, struct known_frame, node)->name, f->name)) {
			f->number = hmap_entry(n, struct known_frame, node)->number;
			return true;
		}
	k = arena_alloc(&s->arena, sizeof(*k));
	if (!k || hmap_insert(known, &k->node, hash))
		return false;
	k->name = f->name;
	f->number = k->number = known->n - 1;
	frame = json_object();
	json_put(&frame, "name", json_bytes(f->name));
	json_append(frames, frame);
	return true;
}

/* From the bottom to F. */
static json_t *sample(const struct frame *f)
{
	json_t *j = json_array();

	for (; j && f->parent; f = f->parent)
		if (json_array_insert_new(j, 0, json_integer((json_int_t)f->number))) {
			json_decref(j);
			j = NULL;
		}
	return j;
}

static json_t *profile(struct stacks *s, const struct ending *e, json_t **frames)
{
	json_t *j = json_object(), *samples = json_array(), *weights = json_array();
	struct hmap known = HMAP_INIT;
	struct frame *f;

	for (f = stacks_next(&s->root, true); f; f = stacks_next(f, true)) {
		if (!number_frame(s, &known, f, frames))
			json_append(&samples, NULL); /* which fails it */
		if (!f->self)
			continue;
		json_append(&samples, sample(f));
		json_append(&weights, json_number(f->self));
	}
	hmap_free(&known);
	json_put(&j, "type", json_string("sampled"));
	json_put(&j, "name", title(e));
	json_put(&j, "unit", json_string(strcmp(s->unit, "ns") == 0 ? "nanoseconds"
					 : strcmp(s->unit, "bytes") == 0 ? "bytes" : "none"));
	json_put(&j, "startValue", json_number(0));
	json_put(&j, "endValue", json_number(s->root.total));
	json_put(&j, "samples", samples);
	json_put(&j, "weights", weights);
	return j;
}

void stacks_speedscope(struct stacks *s, const struct ending *e, struct buf *out)
{
	json_t *j = json_object(), *frames = json_array(), *shared = json_object(), *profiles = json_array();

	json_append(&profiles, profile(s, e, &frames));
	json_put(&shared, "frames", frames);
	json_put(&j, "$schema", json_string("https://www.speedscope.app/file-format-schema.json"));
	json_put(&j, "shared", shared);
	json_put(&j, "profiles", profiles);
	json_put(&j, "name", title(e));
	json_put(&j, "exporter", json_string("ioriot"));
	export_json(out, j);
	buf_char(out, '\n');
}
