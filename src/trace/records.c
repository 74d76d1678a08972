/* SPDX-License-Identifier: Apache-2.0 */
#include "trace/records.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "trace/capture.h"
#include "trace/escape.h"
#include "trace/header.h"
#include "trace/hide.h"
#include "trace/lines.h"
#include "trace/outfile.h"
#include "utils/json_bytes.h"

#define EXACT	(INT64_C(1) << 53) /* what a double can say */
#define FLUSH	65536
#define KEY_MAX 32

/* ---- to JSON ---- */

/* As it would be written again: no "+", no zeros in front, no "-0". */
static bool is_integer(struct str s)
{
	int64_t v;

	if (!s.len || s.len > 17 || str_i64(s, &v) || v > EXACT || v < -EXACT)
		return false;
	return s.s[0] == '0' ? s.len == 1 : s.s[0] == '-' ? s.len > 1 && s.s[1] != '0' : s.s[0] != '+';
}

static int dump(const char *p, size_t len, void *user)
{
	buf_add(user, p, len);
	return 0;
}

static void put_value(struct buf *out, struct str value)
{
	json_t *j;

	if (is_integer(value)) {
		buf_str(out, value);
		return;
	}
	j = json_bytes(value);
	if (!j || json_dump_callback(j, dump, out, JSON_ENCODE_ANY))
		out->failed = true;
	json_decref(j);
}

static void put_pair(struct buf *out, bool first, struct str key, struct str value)
{
	buf_puts(out, first ? "{\"" : ",\"");
	buf_str(out, key);
	buf_puts(out, "\":");
	put_value(out, value);
}

static void put_json_header(struct buf *out, const struct capture_pair *pairs, size_t n)
{
	struct buf text = BUF_INIT;
	size_t i;

	buf_addf(out, "{\"capture_version\":%d", CAPTURE_VERSION);
	for (i = 0; i < n; i++) {
		text.len = 0;
		escape_add(&text, pairs[i].value);
		put_pair(out, false, str_of(pairs[i].key), buf_as_str(&text));
	}
	out->failed |= !buf_ok(&text);
	buf_puts(out, "}\n");
	buf_free(&text);
}

/* The pairs of the header but for the version, which comes first. */
static void put_header(struct buf *out, const struct capture_reader *r, const struct records_form *form)
{
	VEC(struct capture_pair) pairs = {0};
	const struct capture_pair *pair;
	struct arena texts = ARENA_INIT;
	size_t i;

	for (i = 0; (pair = capture_header_pair(r, i)); i++) {
		struct capture_pair *to;

		if (strcmp(pair->key, "capture_version") == 0)
			continue;
		to = vec_push(&pairs);
		if (to)
			*to = *pair;
		out->failed |= !to || (form->hide && !hide_pair(form->hide, &texts, to));
	}
	if (form->hide && !capture_header(r, HIDE_PAIR.key).s) {
		struct capture_pair *to = vec_push(&pairs);

		if (to)
			*to = HIDE_PAIR;
		out->failed |= !to;
	}
	if (form->json)
		put_json_header(out, pairs.v, pairs.n);
	else
		capture_print_header(out, pairs.v, pairs.n);
	arena_free(&texts);
	vec_free(&pairs);
}

/* The line has been read: it is pairs with separators between. */
static void put_line(struct buf *out, struct str line)
{
	bool first = true;

	while (line.len) {
		const char *end = memchr(line.s, ';', line.len);
		struct str pair = {line.s, end ? (size_t)(end - line.s) : line.len}, key;
		size_t used = end ? pair.len + 3 : line.len;

		str_take_char(&pair, '=', &key);
		put_pair(out, first, key, pair);
		first = false;
		line = (struct str){line.s + used, line.len - used};
	}
	buf_puts(out, "}\n");
}

static void note_malformed(struct records_told *told, const struct err *err)
{
	if (!told->malformed++)
		snprintf(told->first_malformed, sizeof(told->first_malformed), "%.255s", err->text);
}

static int flush(struct outfile *file, struct buf *out, size_t above, const char *path, struct err *err)
{
	int rc;

	if (!buf_ok(out))
		return err_sys(err, ENOMEM, "%s", path);
	if (out->len <= above)
		return 0;
	rc = outfile_write(file, out->p, out->len, err);
	out->len = 0;
	return rc;
}

/* The line that was read, GOT being what reading it returned. False: what in it are names is not known. */
static bool put_read(struct buf *out, const struct capture_reader *r, int got, struct rec *rec,
	const struct records_form *form, struct records_told *told)
{
	struct str line = capture_line(r);
	size_t before = out->len;

	if (!form->hide) {
		if (form->json)
			put_line(out, line);
		else
			buf_str(out, line), buf_char(out, '\n');
		return true;
	}
	if (got != 1)
		return false;
	if (rec->op == OP_end)
		rec->arg[op_arg_index(OP_end, A_LEN)] -= told->unknown;
	hide_print(form->hide, out, rec);
	if (form->json && buf_ok(out)) {
		struct buf text = BUF_INIT;

		buf_add(&text, out->p + before, out->len - before - 1);
		out->len = before;
		put_line(out, buf_as_str(&text));
		out->failed |= !buf_ok(&text);
		buf_free(&text);
	}
	return true;
}

static int export_lines(struct capture_reader *r, struct outfile *file, const char *to,
	const struct records_form *form, struct records_told *told, struct err *err)
{
	struct buf out = BUF_INIT;
	struct rec rec;
	int rc = 0, got;

	put_header(&out, r, form);
	while (!rc && (got = capture_next(r, &rec, err)) != 0) {
		if (got == -EINVAL) {
			note_malformed(told, err);
			continue;
		}
		if (got < 0 && got != -ENOENT) { /* of a later version is a record, too */
			rc = got;
			break;
		}
		if (!put_read(&out, r, got, &rec, form, told)) {
			told->unknown++;
			continue;
		}
		told->records++;
		told->lost += got == 1 && rec.op == OP_lost ? rec.arg[op_arg_index(OP_lost, A_LEN)] : 0;
		rc = flush(file, &out, FLUSH, to, err);
	}
	told->cut = !rc && capture_cut(r);
	rc = rc ? rc : flush(file, &out, 0, to, err);
	buf_free(&out);
	return rc;
}

/* With RC 0 the file is made, else it never was. */
static int finish(struct outfile *file, int rc, struct err *err)
{
	if (!file)
		return rc;
	if (!rc)
		return outfile_commit(file, err);
	outfile_abort(file);
	return rc;
}

int records_export(const char *from, const char *to, const struct records_form *form, struct records_told *told,
	struct err *err)
{
	struct capture_reader *r = NULL;
	struct outfile *file = NULL;
	int rc = capture_open(&r, from, err);

	*told = (struct records_told){0};
	if (!rc && capture_version(r) != CAPTURE_VERSION)
		rc = err_set(err, EPROTO, "%s is a capture of version %d: records are exported of version %d", from,
			capture_version(r), CAPTURE_VERSION);
	if (!rc)
		rc = outfile_open(&file, to, OUTFILE_WHOLE, err);
	if (!rc)
		rc = export_lines(r, file, to, form, told, err);
	capture_close(r);
	return finish(file, rc, err);
}

/* ---- and back ---- */

struct reading {
	struct lines *lines;
	const char *path;
	struct capture_reader *checker;
	struct buf line, out;
	struct records_told *told;
	struct err *err;
};

static int wrong(struct reading *in, const char *what)
{
	return err_set(in->err, EPROTO, "%s:%" PRIu64 ": %s", in->path, lines_number(in->lines), what);
}

static bool is_key(const char *key, bool header)
{
	size_t i;

	for (i = 0; key[i]; i++) {
		bool letter = (key[i] >= 'a' && key[i] <= 'z') || (key[i] >= 'A' && key[i] <= 'Z');

		if (!letter && !(header && (key[i] == '_' || (i && key[i] >= '0' && key[i] <= '9'))))
			return false;
	}
	return i > 0 && i < KEY_MAX;
}

/* The value as a line has it; nothing in it may end that, or be another pair. 0, -EPROTO. */
static int add_value(struct reading *in, const json_t *value)
{
	const char *text = json_string_value(value);
	size_t i, len = json_string_length(value);

	if (json_is_integer(value)) {
		buf_i64(&in->line, json_integer_value(value));
		return 0;
	}
	if (!text)
		return wrong(in, "values are integers and texts");
	for (i = 0; i < len; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f || text[i] == ';' || text[i] == '|')
			return wrong(in, "a text has a character that must be escaped there, as \\xHH");
	buf_add(&in->line, text, len);
	return 0;
}

static int add_header(struct reading *in, json_t *object)
{
	const json_t *version = json_object_get(object, "capture_version"), *value;
	const char *key;
	int rc = 0;

	if (json_integer_value(version) != CAPTURE_VERSION)
		return wrong(in, "no header of a capture of version 5, as --export records:FILE writes it first");
	buf_addf(&in->line, "#|capture_version=%d|", CAPTURE_VERSION);
	json_object_foreach(object, key, value)
	{
		if (rc || value == version)
			continue;
		if (!is_key(key, true))
			return wrong(in, "a key that no header has");
		buf_addf(&in->line, "%s=", key);
		rc = add_value(in, value);
		buf_char(&in->line, '|');
	}
	return rc;
}

static int add_pair(struct reading *in, const char *key, const json_t *value)
{
	int rc;

	if (!is_key(key, false))
		return wrong(in, "a key that no record has");
	buf_addf(&in->line, "%s=", key);
	rc = add_value(in, value);
	buf_puts(&in->line, ";:,");
	return rc;
}

/* The line as lines_next() gives one: with what may be read behind it. */
static struct str whole_line(struct buf *b)
{
	if (buf_reserve(b, LINES_SLACK)) {
		memset(b->p + b->len, 0, LINES_SLACK);
		b->p[b->len] = '\n';
	}
	return buf_as_str(b);
}

/* Other programs may sort the keys; which record it is has to stand first. */
static int add_record(struct reading *in, json_t *object)
{
	static const char *const front[] = {"t", "D", "i", "o"};
	const char *op = json_string_value(json_object_get(object, "o")), *key;
	json_t *value;
	struct str line;
	size_t i;
	int rc = 0;

	if (op && strcmp(op, "end") == 0 && json_object_get(object, "c"))
		json_object_set_new(object, "c", json_integer((json_int_t)in->told->records));
	for (i = 0; i < sizeof(front) / sizeof(*front) && !rc; i++) {
		value = json_object_get(object, front[i]);
		rc = value ? add_pair(in, front[i], value) : wrong(in, "a record needs t, D, i and o");
	}
	json_object_foreach(object, key, value)
		if (!rc && !(key[0] && !key[1] && strchr("tDio", key[0])))
			rc = add_pair(in, key, value);
	line = whole_line(&in->line);
	if (!rc && buf_ok(&in->line))
		rc = capture_check(in->checker, line, lines_number(in->lines), in->path, in->err);
	in->told->records++;
	return rc;
}

static int add_line(struct reading *in, struct str text, bool first)
{
	json_error_t why;
	json_t *object = json_loadb(text.s ? text.s : "", text.len, JSON_REJECT_DUPLICATES, &why);
	int rc;

	in->line.len = 0;
	if (!json_is_object(object))
		rc = wrong(in, object ? "no object" : why.text);
	else
		rc = first ? add_header(in, object) : add_record(in, object);
	json_decref(object);
	buf_char(&in->line, '\n');
	buf_str(&in->out, buf_as_str(&in->line));
	in->out.failed |= !buf_ok(&in->line);
	return rc;
}

static int import_lines(struct reading *in, struct outfile *file, const char *to)
{
	struct str text;
	bool first = true;
	int rc = 0, got;

	while (!rc && (got = lines_next(in->lines, &text, in->err)) != 0) {
		rc = got < 0 ? got : add_line(in, text, first);
		first = false;
		if (!rc)
			rc = flush(file, &in->out, FLUSH, to, in->err);
	}
	if (!rc && first)
		rc = err_set(in->err, EPROTO, "%s is empty", in->path);
	in->told->cut = lines_cut(in->lines);
	return rc ? rc : flush(file, &in->out, 0, to, in->err);
}

int records_import(const char *from, const char *to, struct records_told *told, struct err *err)
{
	struct reading in = {.path = from, .told = told, .err = err};
	struct outfile *file = NULL;
	int rc = lines_open(&in.lines, from, err);

	*told = (struct records_told){0};
	if (!rc)
		rc = capture_checker(&in.checker, err);
	if (!rc)
		rc = outfile_open(&file, to, OUTFILE_WHOLE, err);
	if (!rc)
		rc = import_lines(&in, file, to);
	rc = finish(file, rc, err);
	lines_close(in.lines);
	capture_close(in.checker);
	buf_free(&in.line);
	buf_free(&in.out);
	return rc;
}
