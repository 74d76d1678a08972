/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_CHECK_REPORT_H
#define IORIOT_CHECK_REPORT_H

#include <stdbool.h>

#include "datas/arena.h"
#include "datas/buf.h"

/*
 * What --check found out: sections, each a part of ioriot, with subjects in the order in which they
 * are shown. A part can be used when none of its subjects is marked MARK_NO.
 */

enum mark {
	MARK_OK,  /* as it should be */
	MARK_NO,  /* keeps this part from working */
	MARK_NONE /* a fact, or a lack that this part works without */
};

enum section { SECTION_HOST, SECTION_STAP, SECTION_BPF, SECTION_PTRACE, SECTION_REPLAY, SECTIONS };

struct subject {
	enum section section;
	const char *name; /* a literal, unique in its section */
	enum mark mark;
	const char *text;
	const char *remedy; /* what to do about it, or NULL */
};

struct report {
	struct arena arena;
	VEC(struct subject) subjects; /* those of one section stand together */
	bool failed;		      /* memory was out, something is missing */
};

extern const char *const mark_words[];	  /* ok, no, - */
extern const char *const section_names[]; /* as --backend has them */
extern const char *const section_texts[];

/* Texts are made printable ASCII, so that the terminal and JSON get the same. */
void report_add(struct report *r, enum section section, const char *name, enum mark mark,
	const char *fmt, ...) __attribute__((format(printf, 5, 6)));
void report_remedy(struct report *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

bool report_usable(const struct report *r, enum section section);
bool report_can_record(const struct report *r); /* by any backend */
void report_free(struct report *r);

/* Both say the same: report_text() for people, one subject a line; docs/check.md has the JSON. */
void report_text(const struct report *r, bool color, struct buf *out);
int report_json(const struct report *r, struct buf *out); /* 0 or -ENOMEM */

#endif
