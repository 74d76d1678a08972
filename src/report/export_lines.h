/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_REPORT_EXPORT_LINES_H
#define IORIOT_REPORT_EXPORT_LINES_H

#include <jansson.h>

#include "datas/arena.h"
#include "datas/hmap.h"
#include "report/view.h"
#include "trace/outfile.h"

/*
 * Exports that write as they read, so that their memory is bounded. The file appears when all is in it. Each
 * format has to say in its end() that records were lost; what cannot be said in it goes to TOLD, for
 * standard output. A failed buffer ends the export.
 */
struct lines_view;

struct export_format {
	const char *name;
	void (*begin)(struct lines_view *l); /* may be NULL */
	void (*put)(struct lines_view *l, const struct event *ev);
	void (*end)(struct lines_view *l, const struct ending *ending, struct buf *told);
};

struct lines_view {
	struct view view;
	const struct export_format *format;
	struct outfile *file;
	bool escapes; /* names of CSV */
	struct buf line, escaped;
	const char *name;
	struct hmap known; /* the format's own, in the arena: processes of perfetto, files of fio */
	struct arena arena;
	uint64_t last, put, left_out;
};

/* J as text, and frees it; NULL fails the buffer. */
void export_json(struct buf *out, json_t *j);

void export_perfetto_begin(struct lines_view *l);
void export_perfetto(struct lines_view *l, const struct event *ev);
void export_perfetto_end(struct lines_view *l, const struct ending *ending, struct buf *told);

void export_fio_begin(struct lines_view *l);
void export_fio(struct lines_view *l, const struct event *ev);
void export_fio_end(struct lines_view *l, const struct ending *ending, struct buf *told);

#endif
