/* SPDX-License-Identifier: Apache-2.0 */
#include "trace/cblock.h"

#include <errno.h>
#include <stdlib.h>

#include "trace/lines.h"

void cblock_free(struct cblock *b)
{
	free(b->record);
	free(b->kept);
	vec_free(&b->errors);
	buf_free(&b->text);
	buf_free(&b->bytes);
	capture_scratch_free(&b->scratch);
}

void cblock_take(struct cblock *b, struct capture_reader *r)
{
	struct lines *l = capture_lines(r);

	b->text.len = b->lines = 0;
	do
		b->rc = lines_block(l, &b->text, &b->lines, &b->err);
	while (b->rc == 1 && b->lines < CBLOCK_LINES && b->text.len < CBLOCK_BYTES);
	b->skipped = b->rc == -EINVAL;
	b->first = lines_number(l) + 1 - b->lines - b->skipped;
	if (b->skipped)
		b->rc = 1;
	b->progress = lines_progress(l);
}

static int begin(struct cblock *b)
{
	size_t room = b->lines + 1;

	b->n = b->nkept = b->bytes.len = b->errors.n = 0;
	b->ended = false;
	if (b->room < room) {
		room += room / 4;
		free(b->record);
		free(b->kept);
		b->record = calloc(room, sizeof(*b->record));
		b->kept = calloc(room, sizeof(*b->kept));
		b->room = b->record && b->kept ? room : 0;
	}
	return b->room && buf_reserve(&b->bytes, 1) ? 0 : -ENOMEM; /* what is empty points somewhere too */
}

/* Does it stay where it is? */
static bool in_text(const struct cblock *b, struct str s)
{
	return !s.s || (s.s >= b->text.p && s.s < b->text.p + b->text.len);
}

/* A record's vector and its other strings live until the next one. */
static void keep(struct cblock *b, const struct rec *r)
{
	static const char zeroes[sizeof(*r->vec)];
	struct buf *bytes = &b->bytes;

	if (!r->nvec && in_text(b, r->path) && in_text(b, r->path2))
		return;
	buf_add(bytes, zeroes, -bytes->len % sizeof(zeroes));
	buf_add(bytes, r->vec, r->nvec * sizeof(*r->vec));
	if (!in_text(b, r->path))
		buf_str(bytes, r->path);
	if (!in_text(b, r->path2))
		buf_str(bytes, r->path2);
	b->kept[b->nkept++] = (uint32_t)b->n;
}

static void point_str(const struct cblock *b, struct str *s, size_t *at)
{
	if (in_text(b, *s))
		return;
	s->s = b->bytes.p + *at;
	*at += s->len;
}

static void point(const struct cblock *b, struct rec *r, size_t *at)
{
	*at += -*at % sizeof(*r->vec);
	if (r->nvec)
		r->vec = (const uint64_t *)(const void *)(b->bytes.p + *at);
	*at += r->nvec * sizeof(*r->vec);
	point_str(b, &r->path, at);
	point_str(b, &r->path2, at);
}

/* The record is none, RC says why, and the last of the errors in words. */
static void be_bad(struct cblock *b, struct crecord *c, int rc)
{
	const struct rec *r = &c->rec;

	c->bad = rc;
	c->why = (uint32_t)b->errors.n - 1;
	c->rec = (struct rec){.line = r->line, .path = rc == -ENOENT ? r->path : STR_NONE};
}

/* The line at *P, which is behind it then. */
static int parse_line(struct cblock *b, const struct capture_reader *r, const char **p,
	void (*each)(struct rec *r, uint64_t *length))
{
	struct crecord *c = &b->record[b->n];
	const struct str text = {*p, (size_t)(b->text.p + b->text.len - *p)};
	struct flaw flaw;
	uint64_t length;
	int rc = capture_parse(r, &b->scratch, text, b->first + b->n, &c->rec, &flaw, p);

	(*p)++;
	c->bad = 0;
	b->ended = rc == 1 && c->rec.op == OP_end;
	if (rc != 1) {
		struct err *why = rc == -ENOMEM ? NULL : vec_push(&b->errors);

		if (!why)
			return -ENOMEM;
		capture_flaw(r, rc, &flaw, b->first + b->n, why);
		be_bad(b, c, rc);
	} else if (each) {
		each(&c->rec, &length);
	}
	keep(b, &c->rec);
	b->n++;
	return 0;
}

/* What was too long is a record that cannot be read. */
static int add_skipped(struct cblock *b)
{
	struct err *why = vec_push(&b->errors);

	if (!why)
		return -ENOMEM;
	*why = b->err;
	b->record[b->n].rec.line = b->first + b->n;
	be_bad(b, &b->record[b->n], -EINVAL);
	b->n++;
	b->ended = false;
	return 0;
}

void cblock_parse(struct cblock *b, const struct capture_reader *r, void (*each)(struct rec *r, uint64_t *length))
{
	const char *p = b->text.p;
	size_t at = 0, i;
	int rc = begin(b);

	for (i = 0; i < b->lines && !rc; i++)
		rc = parse_line(b, r, &p, each);
	if (!rc && b->skipped)
		rc = add_skipped(b);
	if (rc || !buf_ok(&b->bytes)) {
		b->n = 0;
		b->rc = err_sys(&b->err, ENOMEM, "cannot read %s", capture_path(r));
		return;
	}
	for (i = 0; i < b->nkept; i++)
		point(b, &b->record[b->kept[i]].rec, &at);
}
