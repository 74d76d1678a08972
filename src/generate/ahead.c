/* SPDX-License-Identifier: Apache-2.0 */
#include "generate/ahead.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "generate/model.h"

#define BATCHES	   8
#define BATCH_FULL (1u << 20) /* bytes of strings: very long ones end a batch early */

struct ahead {
	struct capture_reader *reader;
	pthread_t thread;
	_Atomic bool stop;
	sem_t empty, full; /* batches that the thread may fill, and that it has filled */
	size_t given, released; /* batches, to and by the user of the records */
	struct ahead_batch batch[BATCHES];
};

/* A record lives until the reader's next one: its vector and strings are kept in the batch. */
static size_t keep_bytes(struct buf *bytes, const struct rec *r)
{
	static const char zeroes[sizeof(*r->vec)];
	size_t at;

	buf_add(bytes, zeroes, -bytes->len % sizeof(*r->vec));
	at = bytes->len;
	buf_add(bytes, r->vec, r->nvec * sizeof(*r->vec));
	buf_str(bytes, r->path);
	buf_str(bytes, r->path2);
	return at;
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
	if (r->nvec && r->vec) {
		r->vec = (const uint64_t *)(const void *)p;
		p += r->nvec * sizeof(*r->vec);
	}
	point_str(&r->path2, point_str(&r->path, p));
}

/* The next record, and where its bytes are. 1, 0 at the end, -errno. */
static int take_record(struct ahead *a, struct ahead_batch *b, struct ahead_record *to, size_t *at)
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
	*at = keep_bytes(&b->bytes, r);
	return buf_ok(&b->bytes) ? 1 : err_sys(&b->err, ENOMEM, "cannot read ahead");
}

static void fill(struct ahead *a, struct ahead_batch *b)
{
	size_t at[AHEAD_BATCH], i;

	b->n = b->bytes.len = b->errors.n = 0;
	buf_reserve(&b->bytes, 1); /* an empty path points somewhere too, or it would be missing */
	while (b->n < AHEAD_BATCH && b->bytes.len < BATCH_FULL) {
		b->rc = take_record(a, b, &b->record[b->n], &at[b->n]);
		if (b->rc <= 0)
			break;
		b->n++;
	}
	for (i = 0; i < b->n; i++)
		point_to_bytes(&b->record[i].rec, b->bytes.p + at[i]);
	b->progress = capture_progress(a->reader);
}

static void *run(void *user)
{
	struct ahead *a = user;
	struct ahead_batch *b;
	size_t i = 0;

	do {
		while (sem_wait(&a->empty))
			;
		if (atomic_load(&a->stop))
			break;
		b = &a->batch[i++ % BATCHES];
		fill(a, b);
		sem_post(&a->full);
	} while (b->rc > 0);
	return NULL;
}

/* Signals are for the thread that prints. */
static int start(struct ahead *a)
{
	sigset_t all, old;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&a->thread, NULL, run, a);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return -rc;
}

int ahead_new(struct ahead **out, struct capture_reader *reader)
{
	struct ahead *a = calloc(1, sizeof(*a));
	int rc;

	*out = NULL;
	if (!a)
		return -ENOMEM;
	a->reader = reader;
	sem_init(&a->empty, 0, BATCHES);
	sem_init(&a->full, 0, 0);
	rc = start(a);
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
	atomic_store(&a->stop, true);
	sem_post(&a->empty);
	pthread_join(a->thread, NULL);
	for (i = 0; i < BATCHES; i++) {
		buf_free(&a->batch[i].bytes);
		vec_free(&a->batch[i].errors);
	}
	sem_destroy(&a->empty);
	sem_destroy(&a->full);
	free(a);
}

struct ahead_batch *ahead_next(struct ahead *a)
{
	if (a->given - a->released == BATCHES)
		return NULL;
	while (sem_wait(&a->full))
		;
	return &a->batch[a->given++ % BATCHES];
}

void ahead_release(struct ahead *a)
{
	a->released++;
	sem_post(&a->empty);
}
