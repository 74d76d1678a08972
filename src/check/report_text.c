/* SPDX-License-Identifier: Apache-2.0 */
#include "check/report.h"

static const char *const mark_colors[] = {
	[MARK_OK] = "\033[32m", [MARK_NO] = "\033[31m", [MARK_NONE] = ""};

static void put_mark(struct buf *out, enum mark mark, bool color)
{
	const char *start = color ? mark_colors[mark] : "";

	buf_addf(out, "%s%-2s%s", start, mark_words[mark], *start ? "\033[0m" : "");
}

static int name_width(const struct report *r)
{
	size_t i, width = 0;

	for (i = 0; i < r->subjects.n; i++)
		if (strlen(r->subjects.v[i].name) > width)
			width = strlen(r->subjects.v[i].name);
	return (int)width;
}

static void put_section(struct buf *out, const struct report *r, enum section section, bool color)
{
	put_mark(out, report_usable(r, section) ? MARK_OK : MARK_NO, color);
	buf_addf(out, "  %-6s  %s\n", section_names[section], section_texts[section]);
}

static void put_subject(struct buf *out, const struct subject *s, int width, bool color)
{
	buf_puts(out, "    ");
	put_mark(out, s->mark, color);
	buf_addf(out, "  %-*s  %s", width, s->name, s->text);
	if (s->remedy)
		buf_addf(out, "; %s", s->remedy);
	buf_char(out, '\n');
}

static void put_summary(struct buf *out, const struct report *r)
{
	enum section s;
	bool first = true;

	buf_puts(out, "recording: ");
	for (s = SECTION_STAP; s <= SECTION_PTRACE; s++) {
		if (!report_usable(r, s))
			continue;
		buf_addf(out, "%s%s", first ? "" : ", ", section_names[s]);
		first = false;
	}
	buf_addf(out, "%s; replaying: %s\n", first ? "no" : "",
		report_usable(r, SECTION_REPLAY) ? "yes" : "no");
}

void report_text(const struct report *r, bool color, struct buf *out)
{
	int width = name_width(r);
	size_t i;

	for (i = 0; i < r->subjects.n; i++) {
		const struct subject *s = &r->subjects.v[i];

		if (i == 0 || s->section != s[-1].section)
			put_section(out, r, s->section, color);
		put_subject(out, s, width, color);
	}
	put_summary(out, r);
}
