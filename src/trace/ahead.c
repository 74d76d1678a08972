/* SPDX-License-Identifier: Apache-2.0 */
#include "trace/ahead.h"

#include <errno.h>
#include <stdlib.h>

#include "utils/relay.h"

struct ahead {
	struct capture_reader *reader;
	struct relay *relay;
	struct ahead_hooks hooks;
	struct cblock block[RELAY_BLOCKS];
};

static bool take(void *user, size_t slot)
{
	struct ahead *a = user;

	cblock_take(&a->block[slot], a->reader);
	return a->block[slot].rc > 0;
}

static void parse(void *user, size_t slot)
{
	struct ahead *a = user;

	cblock_parse(&a->block[slot], a->reader, a->hooks.each);
}

static void done(void *user)
{
	const struct ahead *a = user;

	a->hooks.done(a->hooks.user);
}

int ahead_new(struct ahead **out, struct capture_reader *reader, const struct ahead_hooks *hooks)
{
	struct ahead *a = calloc(1, sizeof(*a));
	const struct relay_work work = {RELAY_BLOCKS, take, parse, done, a};
	int rc;

	*out = NULL;
	if (!a)
		return -ENOMEM;
	a->reader = reader;
	a->hooks = *hooks;
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
	for (i = 0; i < RELAY_BLOCKS; i++)
		cblock_free(&a->block[i]);
	free(a);
}

struct cblock *ahead_next(struct ahead *a)
{
	struct cblock *b;
	size_t slot;

	if (!relay_next(a->relay, &slot))
		return NULL;
	b = &a->block[slot];
	if (b->n)
		capture_set_ended(a->reader, b->ended);
	return b;
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
