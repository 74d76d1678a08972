/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <jansson.h>

#include "check/report.h"
#include "options.h"

/*
 * jansson's setters take NULL for a value that could not be made and answer -1: each is looked at,
 * so that a report without memory is an error and not a report without members.
 */

#define SCHEMA 1

static json_t *subject_json(const struct subject *s)
{
	return json_pack("{s:s,s:s,s:s?}", "mark", mark_words[s->mark], "text", s->text, "remedy",
		s->remedy);
}

static int add_subjects(json_t *to, const struct report *r, enum section section)
{
	int rc = 0;
	size_t i;

	for (i = 0; i < r->subjects.n; i++)
		if (r->subjects.v[i].section == section)
			rc |= json_object_set_new(
				to, r->subjects.v[i].name, subject_json(&r->subjects.v[i]));
	return rc;
}

static int add_section(json_t *to, const struct report *r, enum section section)
{
	json_t *subjects = json_object();
	int rc = add_subjects(subjects, r, section);

	return rc | json_object_set_new(to, section_names[section],
			    json_pack("{s:b,s:s,s:o}", "usable", report_usable(r, section), "what",
				    section_texts[section], "subjects", subjects));
}

static int fill(json_t *backends, json_t *sections, const struct report *r)
{
	enum section s;
	int rc = 0;

	for (s = SECTION_STAP; s <= SECTION_PTRACE; s++)
		if (report_usable(r, s))
			rc |= json_array_append_new(backends, json_string(section_names[s]));
	for (s = 0; s < SECTIONS; s++)
		rc |= add_section(sections, r, s);
	return rc;
}

int report_json(const struct report *r, struct buf *out)
{
	json_t *backends = json_array(), *sections = json_object(), *whole;
	int rc = fill(backends, sections, r);
	char *dump = NULL;

	whole = json_pack("{s:i,s:s,s:b,s:b,s:o,s:o}", "schema", SCHEMA, "version", IORIOT_VERSION,
		"usable", report_can_record(r) && report_usable(r, SECTION_REPLAY), "replay",
		report_usable(r, SECTION_REPLAY), "backends", backends, "sections", sections);
	if (whole && !rc)
		dump = json_dumps(whole, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
	json_decref(whole);
	if (!dump)
		return -ENOMEM;
	buf_puts(out, dump);
	buf_char(out, '\n');
	free(dump);
	return buf_ok(out) ? 0 : -ENOMEM;
}
