/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/late_parts.h"

#include <errno.h>
#include <stdlib.h>

#include "capture/state.h"
#include "utils/clock.h"

#define CHUNK	  (256u << 10)
#define HELD_MAX  (64u << 20) /* beyond, nothing waits any longer */
#define SPARE_MAX 16

struct chunk {
	struct chunk *next;
	size_t used;
	char data[CHUNK] __attribute__((aligned(16)));
};

/* ---- the queue ---- */

static struct chunk *chunk_take(struct late *l)
{
	struct chunk *c = l->spare;

	if (c)
		l->spare = c->next;
	else
		c = malloc(sizeof(*c));
	if (!c)
		return NULL;
	c->next = NULL;
	c->used = 0;
	l->held += sizeof(*c);
	return c;
}

static void chunk_give(struct late *l, struct chunk *c)
{
	size_t spare = 0;
	struct chunk *i;

	l->held -= sizeof(*c);
	for (i = l->spare; i; i = i->next)
		spare++;
	if (spare >= SPARE_MAX) {
		free(c);
		return;
	}
	c->next = l->spare;
	l->spare = c;
}

void *queue_push(struct late *l, enum item_kind kind, size_t size)
{
	struct chunk *c = l->tail;
	struct item *item;

	size = (size + 7) & ~(size_t)7;
	if (size > CHUNK)
		return NULL;
	if (!c || CHUNK - c->used < size) {
		c = chunk_take(l);
		if (!c) {
			l->failed = true;
			return NULL;
		}
		if (l->tail)
			l->tail->next = c;
		else
			l->head = c;
		l->tail = c;
	}
	item = (struct item *)(void *)(c->data + c->used);
	memset(item, 0, size);
	item->size = (uint32_t)size;
	item->kind = kind;
	c->used += size;
	return item;
}

/* The first item; NULL when the queue is empty. */
static struct item *queue_first(struct late *l)
{
	while (l->head && l->read == l->head->used) {
		struct chunk *c = l->head;

		l->head = c->next;
		l->read = 0;
		if (!l->head)
			l->tail = NULL;
		chunk_give(l, c);
	}
	return l->head ? (struct item *)(void *)(l->head->data + l->read) : NULL;
}

static struct str keep(char **at, struct str s)
{
	struct str kept = {s.s ? *at : NULL, s.len};

	if (s.len)
		memcpy(*at, s.s, s.len);
	*at += s.len;
	return kept;
}

static int hold(struct late *l, const struct rec *rec)
{
	size_t vec = rec->nvec * sizeof(*rec->vec);
	struct held *h =
		queue_push(l, ITEM_REC, sizeof(*h) + vec + rec->path.len + rec->path2.len + 2);
	char *at;

	if (!h)
		return -ENOMEM;
	h->rec = *rec;
	at = (char *)(h + 1);
	if (rec->vec) {
		h->rec.vec = (uint64_t *)(void *)at;
		if (vec)
			memcpy(at, rec->vec, vec);
		at += vec;
	}
	h->rec.path = keep(&at, rec->path);
	h->rec.path2 = keep(&at, rec->path2);
	return 0;
}

/* ---- writing ---- */

static void write_touch(struct late *l, const struct touch *touch)
{
	static const uint64_t none;
	struct rec rec = {.t = touch->t, .pid = touch->pid, .tid = touch->tid};

	rec.op = OP_state_path;
	rec.path = (struct str){touch->path, touch->len};
	rec.path2 = str_of(touch->target);
	rec.facts = touch->facts;
	if (touch->extents) {
		rec.vec = touch->nextents ? touch->extents : &none;
		rec.nvec = touch->nextents;
	}
	sink_put(l->sink, &rec);
}

/* Writes from the front what need not wait. FINAL: all. */
static void drain(struct late *l, bool final)
{
	struct item *item;

	while ((item = queue_first(l))) {
		if (item->kind == ITEM_TOUCH) {
			struct touch *touch = (struct touch *)item;

			if (!touch_ready(l, touch, final))
				return;
			if (!touch->dropped)
				write_touch(l, touch);
			touch_forget(l, touch);
		} else {
			sink_put(l->sink, &((struct held *)item)->rec);
		}
		l->read += item->size;
	}
}

void late_note(struct late *l, const struct rec *at, uint64_t count, const char *why)
{
	struct rec rec = {.t = at->t, .pid = at->pid, .tid = at->tid, .op = OP_lost};

	rec.arg[0] = count;
	rec.path = str_of(why);
	if (!l->head || hold(l, &rec)) /* rather in the wrong place than not at all */
		sink_put(l->sink, &rec);
}

/* ---- the contract ---- */

int late_open(struct late **out, struct sink *sink, struct err *err)
{
	struct late *l = calloc(1, sizeof(*l));
	int rc;

	*out = NULL;
	if (!l || dirs_init(&l->dirs)) {
		free(l);
		return err_sys(err, ENOMEM, "cannot start the capture");
	}
	TAILQ_INIT(&l->touches);
	l->sink = sink;
	rc = state_mounts(sink, &l->dirs, now_ns(), err);
	if (rc)
		late_close(l);
	else
		*out = l;
	return rc;
}

static int pass_on(struct late *l, const struct rec *rec)
{
	if (l->failed)
		return -ENOMEM;
	if (l->head)
		return hold(l, rec);
	sink_put(l->sink, rec);
	return 0;
}

int late_add(struct late *l, const struct seen *seen, struct err *err)
{
	l->call++;
	l->dirs.t = seen->rec.t;
	if (!(ops[seen->rec.op].flags & OPF_LAYER))
		call_names(l, seen);
	if (pass_on(l, &seen->rec))
		return err_sys(err, ENOMEM, "cannot hold a record of the capture");
	if (l->waiting == 0)
		drain(l, false);
	if (l->held > HELD_MAX) {
		if (!l->told_early)
			late_note(l, &seen->rec, 0,
				"too many records waited: names are as they were looked at");
		l->told_early = true;
		drain(l, true);
	}
	return 0;
}

void late_lost(
	struct late *l, uint64_t t, uint32_t pid, uint32_t tid, uint64_t count, const char *why)
{
	struct touch *touch;

	for (touch = TAILQ_FIRST(&l->touches); touch; touch = TAILQ_NEXT(touch, all))
		touch->tainted = true;
	late_note(l, &(struct rec){.t = t, .pid = pid, .tid = tid}, count, why);
}

void late_advance(struct late *l, uint64_t t)
{
	if (t > l->advanced)
		l->advanced = t;
	drain(l, false);
}

int late_rotate(struct late *l, struct err *err)
{
	drain(l, true);
	sink_rotate(l->sink);
	l->dirs.file++;
	l->told_foreign = l->told_early = false;
	return state_mounts(l->sink, &l->dirs, l->dirs.t, err);
}

void late_close(struct late *l)
{
	drain(l, true);
	while (l->spare) {
		struct chunk *next = l->spare->next;

		free(l->spare);
		l->spare = next;
	}
	way_free(l);
	hmap_free(&l->inodes);
	vec_free(&l->extents);
	dirs_free(&l->dirs);
	free(l);
}
