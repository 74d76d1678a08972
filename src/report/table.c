/* SPDX-License-Identifier: Apache-2.0 */
#include "report/table.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "trace/escape.h"

void table_init(struct table *t, unsigned columns, unsigned left)
{
	*t = (struct table){.columns = columns, .left = left};
}

static void end_cell(struct table *t)
{
	size_t *end = vec_push(&t->ends);

	if (end)
		*end = t->text.len;
	else
		t->text.failed = true;
}

void table_cell(struct table *t, const char *fmt, ...)
{
	char cell[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(cell, sizeof(cell), fmt, ap);
	va_end(ap);
	buf_puts(&t->text, cell);
	end_cell(t);
}

void table_cell_name(struct table *t, struct str s)
{
	escape_add(&t->text, s);
	end_cell(t);
}

static struct str cell_at(const struct table *t, size_t i)
{
	size_t start = i ? t->ends.v[i - 1] : 0;

	return (struct str){t->text.p + start, t->ends.v[i] - start};
}

/* Columns of the terminal: bytes that begin a UTF-8 sequence. */
static size_t width_of(struct str s)
{
	size_t i, n = 0;

	for (i = 0; i < s.len; i++)
		n += ((unsigned char)s.s[i] & 0xc0) != 0x80;
	return n;
}

static void pad(struct buf *out, size_t n)
{
	while (n--)
		buf_char(out, ' ');
}

int table_print(const struct table *t, struct buf *out, bool colour)
{
	size_t width[TABLE_COLUMNS] = {0}, i;
	unsigned c;

	if (!buf_ok(&t->text))
		return -ENOMEM;
	for (i = 0; i < t->ends.n; i++)
		if (width_of(cell_at(t, i)) > width[i % t->columns])
			width[i % t->columns] = width_of(cell_at(t, i));
	for (i = 0; i < t->ends.n; i++) {
		struct str cell = cell_at(t, i);
		bool left, last;

		c = (unsigned)(i % t->columns);
		left = c >= t->columns - t->left;
		last = c == t->columns - 1;
		if (c == 0 && colour && i == 0)
			buf_puts(out, "\033[1m");
		buf_puts(out, "  ");
		if (!left)
			pad(out, width[c] - width_of(cell));
		buf_str(out, cell);
		if (left && !last)
			pad(out, width[c] - width_of(cell));
		while (last && out->len && out->p[out->len - 1] == ' ')
			out->len--;
		if (last && colour && i < t->columns)
			buf_puts(out, "\033[0m");
		if (last)
			buf_char(out, '\n');
	}
	if (t->ends.n == t->columns)
		buf_puts(out, "  nothing\n");
	return buf_ok(out) ? 0 : -ENOMEM;
}

void table_free(struct table *t)
{
	buf_free(&t->text);
	vec_free(&t->ends);
}
