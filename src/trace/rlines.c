/* SPDX-License-Identifier: Apache-2.0 */
#include "trace/rlines.h"

#include <errno.h>
#include <stdlib.h>

int rlines_begin(struct rlines *b, size_t room)
{
	b->n = b->nkept = b->bytes.len = 0;
	if (b->room < room) {
		room += room / 4;
		rlines_free(b);
		b->line = calloc(room, sizeof(*b->line));
		b->kept = calloc(room, sizeof(*b->kept));
		if (!b->line || !b->kept)
			return -ENOMEM;
		b->room = room;
	}
	return buf_reserve(&b->bytes, 1) ? 0 : -ENOMEM; /* what is empty points somewhere too */
}

void rlines_free(struct rlines *b)
{
	free(b->line);
	free(b->kept);
	buf_free(&b->bytes);
	*b = (struct rlines){0};
}

static void keep(struct buf *bytes, const void *p, size_t len)
{
	static const char zeroes[sizeof(uint64_t)];

	if (!len)
		return;
	buf_add(bytes, zeroes, -bytes->len % sizeof(zeroes));
	buf_add(bytes, p, len);
}

void rlines_keep_bytes(struct rlines *b)
{
	const struct rline *line = &b->line[b->n];
	const struct rec *call = &line->call;

	keep(&b->bytes, call->vec, call->nvec * sizeof(*call->vec));
	keep(&b->bytes, line->deps, line->ndeps * sizeof(*line->deps));
	keep(&b->bytes, line->list, line->nlist * sizeof(*line->list));
	keep(&b->bytes, call->path.s, call->path.len);
	keep(&b->bytes, call->path2.s, call->path2.len);
	b->kept[b->nkept++] = (uint32_t)b->n;
}

/* Where the next thing of LEN bytes is that keep() kept. */
static const void *kept(const char *bytes, size_t *at, size_t len)
{
	const char *p;

	if (!len)
		return bytes;
	*at += -*at % sizeof(uint64_t);
	p = bytes + *at;
	*at += len;
	return p;
}

static void point_str(struct str *s, const char *bytes, size_t *at)
{
	const char *p = kept(bytes, at, s->len);

	if (s->s)
		s->s = p;
}

static void point_line(struct rline *line, const char *bytes, size_t *at)
{
	if (line->call.vec) /* without one it is not the same as with an empty one */
		line->call.vec = kept(bytes, at, line->call.nvec * sizeof(*line->call.vec));
	line->deps = kept(bytes, at, line->ndeps * sizeof(*line->deps));
	line->list = kept(bytes, at, line->nlist * sizeof(*line->list));
	point_str(&line->call.path, bytes, at);
	point_str(&line->call.path2, bytes, at);
}

int rlines_end(struct rlines *b)
{
	size_t at = 0, i;

	if (!buf_ok(&b->bytes)) {
		b->n = 0;
		return -ENOMEM;
	}
	for (i = 0; i < b->nkept; i++)
		point_line(&b->line[b->kept[i]], b->bytes.p, &at);
	return 0;
}
