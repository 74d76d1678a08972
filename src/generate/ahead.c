/* SPDX-License-Identifier: Apache-2.0 */
#include "generate/ahead.h"

#include <errno.h>
#include <stdlib.h>

#include "generate/model.h"
#include "utils/relay.h"

#define BATCHES	   8
#define BATCH_FULL (1u << 20) /* bytes of strings: very long ones end a batch early */

struct ahead {
	struct capture_reader *reader;
	struct relay *relay;
	void (*done)(void *user);
	void *user;
	struct ahead_batch batch[BATCHES];
};

/* A record lives until the reader's next one: its vector and strings are kept in the batch. */
static void keep_bytes(struct ahead_batch *b, struct rec *r)
{
	static const char zeroes[sizeof(*r->vec)];
	struct buf *bytes = &b->bytes;

	buf_add(bytes, zeroes, -bytes->len % sizeof(*r->vec));
	b->kept[b->nkept++] = (struct ahead_kept){r, bytes->len};
	buf_add(bytes, r->vec, r->nvec * sizeof(*r->vec));
	buf_str(bytes, r->path);
	buf_str(bytes, r->path2);
}

static const char *point_str(struct str *s, const char *p)
{
	if (!s->s)
		return p;
	s->s = p;
	return p + s->len;
}

static void point_to_bytes(struct rec *r, const char *p)
{
	if (r->nvec) {
		r->vec = (const uint64_t *)(const void *)p;
		p += r->nvec * sizeof(*r->vec);
	}
	point_str(&r->path2, point_str(&r->path, p));
}

/* The next record. 1, 0 at the end, -errno. */
static int take_record(struct ahead *a, struct ahead_batch *b, struct ahead_record *to)
{
	struct rec *r = &to->rec;
	uint64_t length;
	int rc = capture_next(a->reader, r, &b->err);

	to->bad = 0;
	if (rc == -EINVAL || rc == -ENOENT) {
		struct err *why = vec_push(&b->errors);

		if (!why)
			return err_sys(&b->err, ENOMEM, "cannot read ahead");
		*why = b->err;
		to->bad = rc;
		to->why = (uint32_t)b->errors.n - 1;
		*r = (struct rec){.line = r->line, .path = rc == -ENOENT ? r->path : STR_NONE};
	} else if (rc <= 0) {
		return rc;
	}
	model_uring_plain(r, &length);
	if (r->nvec || r->path.s || r->path2.s)
		keep_bytes(b, r);
	return buf_ok(&b->bytes) ? 1 : err_sys(&b->err, ENOMEM, "cannot read ahead");
}

static bool fill(void *user, size_t slot)
{
	struct ahead *a = user;
	struct ahead_batch *b = &a->batch[slot];
	size_t i;

	b->n = b->nkept = b->bytes.len = b->errors.n = 0;
	buf_reserve(&b->bytes, 1); /* an empty path points somewhere too, or it would be missing */
	while (b->n < AHEAD_BATCH && b->bytes.len < BATCH_FULL) {
		b->rc = take_record(a, b, &b->record[b->n]);
		if (b->rc <= 0)
			break;
		b->n++;
	}
	for (i = 0; i < b->nkept; i++)
		point_to_bytes(b->kept[i].rec, b->bytes.p + b->kept[i].at);
	b->progress = capture_progress(a->reader);
	return b->rc > 0;
}

static void spare(void *user)
{
	const struct ahead *a = user;

	a->done(a->user);
}

int ahead_new(struct ahead **out, struct capture_reader *reader, void (*done)(void *user), void *user)
{
	struct ahead *a = calloc(1, sizeof(*a));
	const struct relay_work work = {BATCHES, fill, NULL, spare, a};
	int rc;

	*out = NULL;
	if (!a)
		return -ENOMEM;
	a->reader = reader;
	a->done = done;
	a->user = user;
	rc = relay_new(&a->relay, &work);
	if (rc)
		free(a);
	else
		*out = a;
	return rc;
}

void ahead_free(struct ahead *a)
{
	size_t i;

	if (!a)
		return;
	relay_free(a->relay);
	for (i = 0; i < BATCHES; i++) {
		buf_free(&a->batch[i].bytes);
		vec_free(&a->batch[i].errors);
	}
	free(a);
}

struct ahead_batch *ahead_next(struct ahead *a)
{
	size_t slot;

	return relay_next(a->relay, &slot) ? &a->batch[slot] : NULL;
}

void ahead_release(struct ahead *a)
{
	relay_release(a->relay);
}

void ahead_post(struct ahead *a, size_t most)
{
	relay_post(a->relay, most);
}

void ahead_settle(struct ahead *a)
{
	relay_settle(a->relay);
}
