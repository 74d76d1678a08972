/* SPDX-License-Identifier: Apache-2.0 */
#include "replay/ahead.h"

#include <errno.h>
#include <stdlib.h>

#include "utils/relay.h"

#define BATCHES	   8
#define BATCH	   256
#define BATCH_FULL (1u << 20) /* bytes of lists: very long ones end a batch early */

struct batch {
	struct rline line[BATCH];
	size_t n;
	int rc; /* what came behind them: 1, more; 0, the end; -errno, as err says */
	struct err err;
	struct buf bytes; /* strings, vectors and lists of the lines */
};

struct replay_ahead {
	struct replay_reader *reader;
	struct relay *relay;
	struct batch *now; /* its lines from AT on are not given yet; NULL: none is at hand */
	size_t at;
	struct batch batch[BATCHES];
};

/* ---- in the thread ---- */

/* A line's strings and lists live until the reader's next one: they are kept in the batch. */
static void keep(struct buf *bytes, const void *p, size_t len)
{
	static const char zeroes[sizeof(uint64_t)];

	if (!len)
		return;
	buf_add(bytes, zeroes, -bytes->len % sizeof(zeroes));
	buf_add(bytes, p, len);
}

static void keep_line(struct buf *bytes, const struct rline *line)
{
	keep(bytes, line->call.vec, line->call.nvec * sizeof(*line->call.vec));
	keep(bytes, line->deps, line->ndeps * sizeof(*line->deps));
	keep(bytes, line->list, line->nlist * sizeof(*line->list));
	keep(bytes, line->call.path.s, line->call.path.len);
	keep(bytes, line->call.path2.s, line->call.path2.len);
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
	line->call.vec = kept(bytes, at, line->call.nvec * sizeof(*line->call.vec));
	line->deps = kept(bytes, at, line->ndeps * sizeof(*line->deps));
	line->list = kept(bytes, at, line->nlist * sizeof(*line->list));
	point_str(&line->call.path, bytes, at);
	point_str(&line->call.path2, bytes, at);
}

static bool has_bytes(const struct rline *line)
{
	return line->call.nvec || line->ndeps || line->nlist || line->call.path.s || line->call.path2.s;
}

static bool fill(void *user, size_t slot)
{
	struct replay_ahead *a = user;
	struct batch *b = &a->batch[slot];
	size_t at = 0, i;

	b->n = b->bytes.len = 0;
	b->rc = 1;
	buf_reserve(&b->bytes, 1); /* what is empty points somewhere too */
	while (b->n < BATCH && b->bytes.len < BATCH_FULL) {
		struct rline *line = &b->line[b->n];

		b->rc = replay_next(a->reader, line, &b->err);
		if (b->rc <= 0)
			break;
		if (has_bytes(line))
			keep_line(&b->bytes, line);
		b->n++;
	}
	if (!buf_ok(&b->bytes)) {
		b->n = 0;
		b->rc = err_sys(&b->err, ENOMEM, "cannot load the replay");
	}
	for (i = 0; i < b->n; i++)
		if (has_bytes(&b->line[i]))
			point_line(&b->line[i], b->bytes.p, &at);
	return b->rc > 0;
}

/* ---- its user ---- */

int replay_ahead_new(struct replay_ahead **out, struct replay_reader *reader)
{
	struct replay_ahead *a = calloc(1, sizeof(*a));
	int rc;

	*out = NULL;
	if (!a)
		return -ENOMEM;
	a->reader = reader;
	rc = relay_new(&a->relay, BATCHES, fill, a);
	if (rc)
		free(a);
	else
		*out = a;
	return rc;
}

void replay_ahead_free(struct replay_ahead *a)
{
	size_t i;

	if (!a)
		return;
	relay_free(a->relay);
	for (i = 0; i < BATCHES; i++)
		buf_free(&a->batch[i].bytes);
	free(a);
}

int replay_ahead_next(struct replay_ahead *a, struct rline **line, struct err *err)
{
	size_t slot;

	while (!a->now || a->at == a->now->n) {
		if (a->now && a->now->rc <= 0) {
			if (a->now->rc && err)
				*err = a->now->err;
			return a->now->rc;
		}
		if (a->now)
			relay_release(a->relay);
		relay_next(a->relay, &slot);
		a->now = &a->batch[slot];
		a->at = 0;
	}
	*line = &a->now->line[a->at++];
	return 1;
}
