/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "datas/csv.h"
#include "report/export_lines.h"
#include "report/stacks.h"
#include "trace/escape.h"
#include "trace/outfile.h"
#include "utils/json_bytes.h"

/*
 * Each call as a line of all columns: CSV (RFC 4180) or JSON, for other programs. That records were lost is the
 * last line of either: of CSV one with nothing but op "lost" and how many in ret, of JSON {"lost": N}.
 */

/* ---- CSV ---- */

/* As it is, or, for a terminal, to which nobody else's text may speak, escaped. */
static void put_field(struct lines_view *l, struct str text)
{
	if (!l->escapes) {
		csv_field(&l->line, text);
		return;
	}
	l->escaped.len = 0;
	escape_add(&l->escaped, text);
	csv_field(&l->line, buf_as_str(&l->escaped));
	l->line.failed |= !buf_ok(&l->escaped);
}

static void put_csv(struct lines_view *l, const struct event *ev)
{
	struct buf *out = &l->line;
	char scratch[COLUMN_SCRATCH];
	unsigned i;

	for (i = 0; i < column_count; i++) {
		if (i)
			buf_char(out, ',');
		put_field(l, column_text(&columns[i], ev, scratch));
	}
	buf_puts(out, "\r\n");
}

static void put_csv_names(struct lines_view *l)
{
	struct buf *out = &l->line;
	unsigned i;

	for (i = 0; i < column_count; i++)
		buf_addf(out, "%s%s", i ? "," : "", columns[i].name);
	buf_puts(out, "\r\n");
}

static void put_csv_lost(struct lines_view *l, const struct ending *ending, struct buf *told)
{
	struct buf *out = &l->line;
	unsigned i;

	(void)told;
	if (!ending->totals->lost)
		return;
	for (i = 0; i < column_count; i++) {
		if (i)
			buf_char(out, ',');
		if (strcmp(columns[i].name, "op") == 0)
			buf_puts(out, "lost");
		else if (strcmp(columns[i].name, "ret") == 0)
			buf_u64(out, ending->totals->lost);
	}
	buf_puts(out, "\r\n");
}

/* ---- JSON ---- */

static int dump(const char *p, size_t len, void *user)
{
	buf_add(user, p, len);
	return 0;
}

void export_json(struct buf *out, json_t *j)
{
	if (!j || json_dump_callback(j, dump, out, JSON_COMPACT | JSON_ENCODE_ANY))
		out->failed = true;
	json_decref(j);
}

static void put_jsonl(struct lines_view *l, const struct event *ev)
{
	struct buf *out = &l->line;
	json_t *object = json_object();
	char scratch[COLUMN_SCRATCH];
	unsigned i;

	for (i = 0; i < column_count && object; i++) {
		const struct column *c = &columns[i];
		json_t *value = c->type == COLUMN_TEXT ? json_bytes(c->text(ev, scratch))
						       : json_integer((json_int_t)c->number(ev));

		if (json_object_set_new(object, c->name, value))
			out->failed = true;
	}
	export_json(out, object);
	buf_char(out, '\n');
}

static void put_jsonl_lost(struct lines_view *l, const struct ending *ending, struct buf *told)
{
	(void)told;
	if (ending->totals->lost)
		buf_addf(&l->line, "{\"lost\":%" PRIu64 "}\n", ending->totals->lost);
}

static const struct export_format formats[] = {{"csv", put_csv_names, put_csv, put_csv_lost},
	{"jsonl", NULL, put_jsonl, put_jsonl_lost},
	{"perfetto", export_perfetto_begin, export_perfetto, export_perfetto_end},
	{"fio", export_fio_begin, export_fio, export_fio_end}};

/* ---- all of them ---- */

static int flush(struct lines_view *l, struct err *err)
{
	int rc;

	if (!buf_ok(&l->line))
		return err_sys(err, ENOMEM, "%s", l->name);
	rc = outfile_write(l->file, l->line.p, l->line.len, err);
	l->line.len = 0;
	return rc;
}

static int lines_add(struct view *v, const struct event *ev, struct err *err)
{
	struct lines_view *l = (struct lines_view *)v;

	l->format->put(l, ev);
	return l->line.len < 65536 && buf_ok(&l->line) ? 0 : flush(l, err);
}

static int lines_end(struct view *v, const struct ending *ending, struct buf *out, struct err *err)
{
	struct lines_view *l = (struct lines_view *)v;
	struct outfile *file = l->file;
	int rc;

	l->format->end(l, ending, out);
	rc = flush(l, err);
	if (rc)
		return rc;
	l->file = NULL;
	return outfile_commit(file, err);
}

static void lines_free(struct view *v)
{
	struct lines_view *l = (struct lines_view *)v;

	if (l->file)
		outfile_abort(l->file);
	hmap_free(&l->known);
	arena_free(&l->arena);
	buf_free(&l->line);
	buf_free(&l->escaped);
	free(l);
}

/* Of the formats that somebody reads, or another program line by line. */
static bool is_stdout(const char *file, struct str format)
{
	return strcmp(file, "-") == 0 &&
	       (str_eqs(format, "csv") || str_eqs(format, "jsonl") || str_eqs(format, "collapsed"));
}

static bool is_terminal(const char *file)
{
	struct stat st;
	bool is = false;
	int fd;

	if (stat(file, &st) || !S_ISCHR(st.st_mode))
		return false;
	fd = open(file, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0) {
		is = isatty(fd);
		close(fd);
	}
	return is;
}

static int lines_open(struct view **out, const char *file, const struct export_format *format,
	enum terminal_when escape, struct err *err)
{
	static const struct view_ops lines_ops = {lines_add, lines_end, lines_free};
	struct lines_view *l = calloc(1, sizeof(*l));

	if (!l)
		return err_sys(err, ENOMEM, "--export");
	l->escapes = escape == TERMINAL_ALWAYS || (escape == TERMINAL_AUTO && is_terminal(file));
	l->view.ops = &lines_ops;
	l->format = format;
	l->name = file;
	if (format->begin)
		format->begin(l);
	*out = &l->view;
	return outfile_open(&l->file, file, OUTFILE_WHOLE, err);
}

int view_export(struct view **out, const char *what, const char *fields, const char *weight,
	enum terminal_when escape, struct err *err)
{
	const char *colon = strchr(what, ':');
	struct str format = {what, colon ? (size_t)(colon - what) : 0};
	size_t i;

	if (colon && colon[1]) {
		const char *file = is_stdout(colon + 1, format) ? "/dev/stdout" : colon + 1;

		if (str_eqs(format, "csv") && view_is_directory(file))
			return view_layers(out, file, err);
		for (i = 0; i < sizeof(formats) / sizeof(*formats); i++)
			if (str_eqs(format, formats[i].name))
				return lines_open(out, file, &formats[i], escape, err);
		if (str_eqs(format, "collapsed"))
			return view_stacks(out, file, stacks_collapsed, fields, weight, err);
		if (str_eqs(format, "speedscope"))
			return view_stacks(out, file, stacks_speedscope, fields, weight, err);
	}
	return err_set(err, EINVAL,
		"--export needs FORMAT:FILE, the format being csv, jsonl, collapsed, speedscope, perfetto, fio, "
		"records or capture, not \"%s\"", what);
}

static void flame(struct stacks *s, const struct ending *ending, struct buf *out)
{
	stacks_flame(s, ending, 0, out);
}

int view_flame(struct view **out, const char *file, const char *fields, const char *weight,
	struct err *err)
{
	return view_stacks(out, file, flame, fields, weight, err);
}
