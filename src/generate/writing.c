/* SPDX-License-Identifier: Apache-2.0 */
#include "generate/writing.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "trace/rlines.h"

#define BATCHES 8
#define LINES	256

struct writing {
	struct outfile *file;
	struct ahead *ahead;
	size_t kept; /* batches handed over */
	struct rlines *now; /* the next one, which is being filled */

	/* of whoever writes */
	size_t written;
	struct buf text;
	struct err err;
	_Atomic int rc; /* of the first failure, which err tells */

	struct rlines batch[BATCHES];
};

int writing_new(struct writing **out)
{
	struct writing *w = *out = calloc(1, sizeof(*w));
	size_t i;
	int rc = w ? 0 : -ENOMEM;

	for (i = 0; i < BATCHES && !rc; i++)
		rc = rlines_begin(&w->batch[i], LINES);
	if (w)
		w->now = &w->batch[0];
	return rc;
}

void writing_free(struct writing *w)
{
	size_t i;

	if (!w)
		return;
	for (i = 0; i < BATCHES; i++)
		rlines_free(&w->batch[i]);
	buf_free(&w->text);
	free(w);
}

void writing_begin(struct writing *w, struct outfile *file, struct ahead *ahead)
{
	w->file = file;
	w->ahead = ahead;
}

struct rline *writing_first(struct writing *w)
{
	return rlines_next(w->now);
}

static int write_batch(struct writing *w, struct rlines *b)
{
	int rc = rlines_end(b);
	size_t i;

	w->text.len = 0;
	for (i = 0; i < b->n && !rc; i++)
		replay_print(&w->text, &b->line[i]);
	if (rc || !buf_ok(&w->text))
		return err_sys(&w->err, ENOMEM, "cannot write the replay");
	return outfile_write(w->file, w->text.p, w->text.len, &w->err);
}

void writing_done(void *writing)
{
	struct writing *w = writing;

	if (!w->rc)
		w->rc = write_batch(w, &w->batch[w->written % BATCHES]);
	w->written++;
}

static void hand_over(struct writing *w)
{
	w->kept++;
	ahead_post(w->ahead, BATCHES - 1);
	w->now = &w->batch[w->kept % BATCHES];
	rlines_begin(w->now, LINES); /* which it had at the beginning: nothing is asked for */
}

int writing_keep(struct writing *w, struct rline **next, struct err *err)
{
	int rc = 0;

	rlines_keep(w->now);
	if (rlines_full(w->now)) {
		hand_over(w);
		rc = w->rc ? writing_settle(w, err) : 0;
	}
	*next = rlines_next(w->now);
	return rc;
}

int writing_settle(struct writing *w, struct err *err)
{
	if (w->now->n)
		hand_over(w);
	ahead_settle(w->ahead);
	if (w->rc)
		*err = w->err;
	return w->rc;
}
