/* SPDX-License-Identifier: Apache-2.0 */
#include "replay/ahead.h"

#include <errno.h>
#include <stdlib.h>

#include "trace/rblock.h"
#include "utils/relay.h"


struct replay_ahead {
	struct replay_reader *reader;
	struct relay *relay;
	struct rblock *now; /* given last; NULL: none yet */
	struct rblock block[RELAY_BLOCKS];
};

static bool take(void *user, size_t slot)
{
	struct replay_ahead *a = user;

	rblock_take(&a->block[slot], a->reader);
	return a->block[slot].rc > 0;
}

static void parse(void *user, size_t slot)
{
	struct replay_ahead *a = user;

	rblock_parse(&a->block[slot]);
}

int replay_ahead_new(struct replay_ahead **out, struct replay_reader *reader)
{
	struct replay_ahead *a = calloc(1, sizeof(*a));
	const struct relay_work work = {RELAY_BLOCKS, take, parse, NULL, a};
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
	for (i = 0; i < RELAY_BLOCKS; i++)
		rblock_free(&a->block[i]);
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
		a->now = &a->block[slot];
	} while (!a->now->lines.n);
	*line = a->now->lines.line;
	*end = *line + a->now->lines.n;
	return 1;
}
