/* SPDX-License-Identifier: Apache-2.0 */
#include "replay/ahead.h"

#include <errno.h>
#include <stdlib.h>

#include "utils/relay.h"

#define BATCHES 8

struct batch {
	struct rlines lines;
	int rc; /* what came behind them: 1, more; 0, the end; -errno, as err says */
	struct err err;
};

struct replay_ahead {
	struct replay_reader *reader;
	struct relay *relay;
	struct batch *now; /* given last; NULL: none yet */
	struct batch batch[BATCHES];
};

static bool fill(void *user, size_t slot)
{
	struct replay_ahead *a = user;
	struct batch *b = &a->batch[slot];

	rlines_begin(&b->lines);
	b->rc = 1;
	while (!rlines_full(&b->lines)) {
		b->rc = replay_next(a->reader, rlines_next(&b->lines), &b->err);
		if (b->rc <= 0)
			break;
		rlines_keep(&b->lines);
	}
	if (rlines_end(&b->lines))
		b->rc = err_sys(&b->err, ENOMEM, "cannot load the replay");
	return b->rc > 0;
}

int replay_ahead_new(struct replay_ahead **out, struct replay_reader *reader)
{
	struct replay_ahead *a = calloc(1, sizeof(*a));
	const struct relay_work work = {BATCHES, fill, NULL, NULL, a};
	int rc;

	*out = NULL;
	if (!a)
		return -ENOMEM;
	a->reader = reader;
	rc = relay_new(&a->relay, &work);
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
		buf_free(&a->batch[i].lines.bytes);
	free(a);
}

int replay_ahead_next(struct replay_ahead *a, struct rline **line, struct rline **end, struct err *err)
{
	size_t slot;

	do {
		if (a->now && a->now->rc <= 0) {
			if (a->now->rc && err)
				*err = a->now->err;
			return a->now->rc;
		}
		if (a->now)
			relay_release(a->relay);
		relay_next(a->relay, &slot);
		a->now = &a->batch[slot];
	} while (!a->now->lines.n);
	*line = a->now->lines.line;
	*end = *line + a->now->lines.n;
	return 1;
}
