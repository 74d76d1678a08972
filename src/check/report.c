/* SPDX-License-Identifier: Apache-2.0 */
#include "check/report.h"

#include <stdarg.h>
#include <stdio.h>

const char *const mark_words[] = {[MARK_OK] = "ok", [MARK_NO] = "no", [MARK_NONE] = "-"};

const char *const section_names[SECTIONS] = {
	[SECTION_HOST] = "host",
	[SECTION_STAP] = "stap",
	[SECTION_BPF] = "bpf",
	[SECTION_PTRACE] = "ptrace",
	[SECTION_REPLAY] = "replay",
};

const char *const section_texts[SECTIONS] = {
	[SECTION_HOST] = "this host",
	[SECTION_STAP] = "records the whole host or what runs already, by a SystemTap module",
	[SECTION_BPF] = "records the whole host or what runs already, by BPF",
	[SECTION_PTRACE] = "records programs that it starts, as any user",
	[SECTION_REPLAY] = "builds the files of a replay and runs it",
};

static const char *take_text(struct report *r, const char *fmt, va_list args)
{
	char line[1024], *text;
	size_t i;

	vsnprintf(line, sizeof(line), fmt, args);
	for (i = 0; line[i]; i++)
		if (line[i] < ' ' || line[i] > '~')
			line[i] = '?';
	text = arena_strdup(&r->arena, str_of(line));
	r->failed |= !text;
	return text ? text : "";
}

void report_add(struct report *r, enum section section, const char *name, enum mark mark,
	const char *fmt, ...)
{
	struct subject *s = vec_push(&r->subjects);
	va_list args;

	if (!s) {
		r->failed = true;
		return;
	}
	va_start(args, fmt);
	*s = (struct subject){section, name, mark, take_text(r, fmt, args), NULL};
	va_end(args);
}

void report_remedy(struct report *r, const char *fmt, ...)
{
	va_list args;

	if (r->failed)
		return;
	va_start(args, fmt);
	r->subjects.v[r->subjects.n - 1].remedy = take_text(r, fmt, args);
	va_end(args);
}

bool report_usable(const struct report *r, enum section section)
{
	size_t i;

	for (i = 0; i < r->subjects.n; i++)
		if (r->subjects.v[i].section == section && r->subjects.v[i].mark == MARK_NO)
			return false;
	return true;
}

bool report_can_record(const struct report *r)
{
	return report_usable(r, SECTION_STAP) || report_usable(r, SECTION_BPF) ||
	       report_usable(r, SECTION_PTRACE);
}

void report_free(struct report *r)
{
	arena_free(&r->arena);
	vec_free(&r->subjects);
}
