/* SPDX-License-Identifier: Apache-2.0 */
#include "generate/window.h"

#include <errno.h>
#include <stdlib.h>

#include "generate/model.h"

struct slot {
	struct rec rec;
	struct err err;
	int bad;
	bool taken;
	uint64_t length;  /* of a submission's one segment */
	struct buf bytes; /* the strings and vec of the record */
};

struct window {
	struct capture_reader *reader;
	size_t head, n; /* ring: first record, and how many */
	bool end;
	int rc; /* what ended it */
	struct err err;
	struct slot slot[WINDOW_SIZE];
};

int window_new(struct window **out, struct capture_reader *reader)
{
	*out = calloc(1, sizeof(**out));
	if (!*out)
		return -ENOMEM;
	(*out)->reader = reader;
	return 0;
}

void window_free(struct window *w)
{
	size_t i;

	if (!w)
		return;
	for (i = 0; i < WINDOW_SIZE; i++)
		buf_free(&w->slot[i].bytes);
	free(w);
}

static void adopt_str(struct slot *s, struct str *str, size_t *at)
{
	if (!str->s)
		return;
	str->s = s->bytes.p + *at;
	*at += str->len;
}

/* The record lives until the reader's next one: its bytes are copied into the slot. */
static int adopt(struct slot *s)
{
	size_t vec = s->rec.nvec * sizeof(*s->rec.vec), at = vec;

	s->bytes.len = 0;
	buf_reserve(&s->bytes, vec + s->rec.path.len + s->rec.path2.len + 1);
	buf_add(&s->bytes, s->rec.vec, vec);
	buf_str(&s->bytes, s->rec.path);
	buf_str(&s->bytes, s->rec.path2);
	if (!buf_ok(&s->bytes))
		return -ENOMEM;
	if (vec)
		s->rec.vec = (const uint64_t *)(const void *)s->bytes.p;
	adopt_str(s, &s->rec.path, &at);
	adopt_str(s, &s->rec.path2, &at);
	return 0;
}

static int fill(struct window *w)
{
	while (!w->end && w->n < WINDOW_SIZE) {
		struct slot *s = &w->slot[(w->head + w->n) % WINDOW_SIZE];
		int rc = capture_next(w->reader, &s->rec, &s->err);

		s->bad = s->taken = 0;
		if (rc == -EINVAL || rc == -ENOENT) {
			s->bad = rc;
			s->rec = (struct rec){.line = s->rec.line,
				.path = rc == -ENOENT ? s->rec.path : STR_NONE};
		} else if (rc <= 0) {
			w->end = true;
			w->rc = rc;
			w->err = s->err;
			break;
		}
		model_uring_plain(&s->rec, &s->length);
		rc = adopt(s);
		if (rc)
			return rc;
		w->n++;
	}
	return 0;
}

int window_next(struct window *w, struct rec **rec, int *bad, struct err *err)
{
	int rc;

	while (w->n && w->slot[w->head].taken) {
		w->head = (w->head + 1) % WINDOW_SIZE;
		w->n--;
	}
	if (w->n <= WINDOW_SIZE / 2) {
		rc = fill(w);
		if (rc)
			return err_sys(err, -rc, "cannot read ahead");
	}
	if (w->n == 0) {
		*err = w->err;
		return w->rc;
	}
	*rec = &w->slot[w->head].rec;
	*bad = w->slot[w->head].bad;
	if (*bad)
		*err = w->slot[w->head].err;
	w->slot[w->head].taken = true;
	return 1;
}

/* The order inside a thread is certain: only its earliest call left can come first. */
static bool is_first_of_thread(const struct window *w, size_t i, uint32_t tid)
{
	while (i-- > 0) {
		const struct slot *s = &w->slot[(w->head + i) % WINDOW_SIZE];

		if (!s->taken && !s->bad && s->rec.tid == tid && s->rec.op != OP_state_path)
			return false;
	}
	return true;
}

struct rec *window_overlapping(struct window *w, const struct rec *rec, size_t *i)
{
	for (; *i < w->n; (*i)++) {
		struct slot *s = &w->slot[(w->head + *i) % WINDOW_SIZE];

		if (!s->taken && !s->bad && s->rec.tid != rec->tid &&
			s->rec.t - s->rec.dur < rec->t && is_first_of_thread(w, *i, s->rec.tid)) {
			(*i)++;
			return &s->rec;
		}
	}
	return NULL;
}

const struct rec *window_at(const struct window *w, size_t i)
{
	const struct slot *s = &w->slot[(w->head + i) % WINDOW_SIZE];

	return i < w->n && !s->taken && !s->bad ? &s->rec : NULL;
}

void window_take(struct window *w, const struct rec *rec)
{
	size_t i;

	for (i = 0; i < w->n; i++) {
		struct slot *s = &w->slot[(w->head + i) % WINDOW_SIZE];

		if (&s->rec == rec)
			s->taken = true;
	}
}
