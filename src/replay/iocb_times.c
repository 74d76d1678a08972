/* SPDX-License-Identifier: Apache-2.0 */
#include "replay/iocb_times.h"

#include <errno.h>
#include <stdlib.h>

#include "ops/aio.h"
#include "replay/results.h"

struct flight {
	struct hnode node;
	uint64_t context, number;
	uint64_t begin;
	enum aio_kind kind;
};

static uint64_t hash_of(uint64_t context, uint64_t number)
{
	return hash_u64(hash_u64(context) + number);
}

static struct flight *find(const struct iocb_times *t, uint64_t context, uint64_t number)
{
	struct hnode *n = hmap_first(&t->flying, hash_of(context, number));

	for (; n; n = hmap_next(n)) {
		struct flight *f = hmap_entry(n, struct flight, node);

		if (f->context == context && f->number == number)
			return f;
	}
	return NULL;
}

static void end(struct iocb_times *t, struct flight *f)
{
	if (!f)
		return;
	hmap_remove(&t->flying, &f->node);
	free(f);
}

static int begin(struct iocb_times *t, const struct rline *line, const uint64_t *iocb)
{
	uint64_t context = line->call.arg[0];
	struct flight *f = find(t, context, iocb[AIOCB_ID]);

	end(t, f); /* no file of generate's has a number twice */
	end(t, find(t, context, iocb[AIOCB_DATA]));
	f = calloc(1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	f->context = context;
	f->number = iocb[AIOCB_ID];
	f->begin = line->entry;
	f->kind = aio_kind_of(iocb[AIOCB_OPCODE]);
	if (hmap_insert(&t->flying, &f->node, hash_of(context, f->number))) {
		free(f);
		return -ENOMEM;
	}
	return 0;
}

static int note_submit(struct iocb_times *t, const struct rline *line)
{
	const struct rec *r = &line->call;
	uint64_t at = 0;
	int64_t i;
	int rc = 0;

	for (i = 0; i < r->ret && at + AIOCB_NUMBERS <= r->nvec && !rc; i++) {
		rc = begin(t, line, r->vec + at);
		at += (1 + r->vec[at + AIOCB_SEGMENTS]) * AIOCB_NUMBERS;
	}
	return rc;
}

static void note_events(struct iocb_times *t, const struct rline *line, struct hist *captured)
{
	const struct rec *r = &line->call;
	uint32_t at;

	for (at = 0; at + AIOEV_NUMBERS <= r->nvec; at += AIOEV_NUMBERS) {
		struct flight *f = find(t, r->arg[0], r->vec[at + AIOEV_ID]);

		if (f && line->entry + line->dur >= f->begin)
			hist_add(&captured[f->kind], line->entry + line->dur - f->begin);
		end(t, f);
	}
}

int iocb_times_note(struct iocb_times *times, const struct rline *line, struct hist *captured)
{
	if (line->call.op == OP_io_submit)
		return note_submit(times, line);
	if (op_has(line->call.op, A_EVENTS))
		note_events(times, line, captured);
	return 0;
}

void iocb_times_free(struct iocb_times *times)
{
	struct hnode *n, *tmp;
	size_t i;

	hmap_each(&times->flying, n, tmp, i)
		end(times, hmap_entry(n, struct flight, node));
	hmap_free(&times->flying);
}
