/* SPDX-License-Identifier: Apache-2.0 */
#include "trace/rblock.h"

#include <errno.h>

void rblock_free(struct rblock *b)
{
	rlines_free(&b->lines);
	buf_free(&b->text);
	replay_scratch_free(&b->scratch);
}

void rblock_take(struct rblock *b, struct replay_reader *r)
{
	b->rc = replay_take(r, &b->text, &b->n, &b->err);
	if (b->rc <= 0)
		b->n = 0;
	b->first = replay_line_number(r) + 1 - b->n;
	b->path = replay_path(r);
}

static int parse(struct rblock *b)
{
	const char *p = b->text.p, *lf;
	struct flaw flaw;
	size_t i;
	int rc = rlines_begin(&b->lines, b->n);

	for (i = 0; i < b->n && !rc; i++, p = lf + 1) {
		lf = memchr(p, '\n', b->text.len - (size_t)(p - b->text.p));
		rc = replay_op_line(&b->scratch, (struct str){p, (size_t)(lf - p)}, rlines_next(&b->lines), &flaw);
		if (!rc)
			rlines_keep(&b->lines);
	}
	if (rc == -EINVAL)
		flaw_report(&flaw, b->path, b->first + i - 1, &b->err);
	if (rlines_end(&b->lines))
		rc = -ENOMEM;
	return rc == -ENOMEM ? err_sys(&b->err, ENOMEM, "cannot read %s", b->path) : rc;
}

void rblock_parse(struct rblock *b)
{
	int rc = parse(b);

	if (rc)
		b->rc = rc;
}
