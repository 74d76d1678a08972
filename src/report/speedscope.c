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

/* From the bottom to F, which has the number OWN. */
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
	struct frame *f;
	uint64_t n = 0;

	for (f = stacks_next(&s->root, true); f; f = stacks_next(f, true)) {
		json_t *frame = json_object();

		f->number = n++;
		json_put(&frame, "name", json_bytes(f->name));
		json_append(frames, frame);
		if (!f->self)
			continue;
		json_append(&samples, sample(f));
		json_append(&weights, json_number(f->self));
	}
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
