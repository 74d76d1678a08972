/* SPDX-License-Identifier: Apache-2.0 */
#include "replay/fd_places.h"

#include <errno.h>
#include <stdlib.h>

#define LINE_PLACES (64 / sizeof(int32_t)) /* of the table that workers have */

/*
 * Operations for which a place is left alone. Who was about to use a descriptor while it was closed may stand
 * behind the close in the file.
 */
#define REST 1024

/*
 * Places of ended threads that are left alone. Who gets one waits for who had it before, and must not be held up by
 * that: this is a thousand and more such threads ago.
 */
#define LEFT_MOST 32768

/* A virtual thread. */
struct maker {
	struct hnode node;
	uint32_t next, end; /* of its newest line, places not given out yet */
	VEC(struct closed_place) closed; /* in the order of their time, from FIRST on */
	size_t first;
};

static struct maker *known_maker(const struct fd_places *p)
{
	struct hnode *node = hmap_first(&p->makers, hash_u64(p->thread)); /* hash_u64() is a bijection */

	return node ? hmap_entry(node, struct maker, node) : NULL;
}

static struct maker *maker_of(struct fd_places *p)
{
	struct maker *m = known_maker(p);

	if (m)
		return m;
	m = calloc(1, sizeof(*m));
	if (!m || hmap_insert(&p->makers, &m->node, hash_u64(p->thread))) {
		free(m);
		p->failed = -ENOMEM;
		return NULL;
	}
	return m;
}

/* What is at hand, from *FIRST on, moves to the front when as much was taken. */
static void shorten(void *v, size_t *n, size_t *first, size_t size)
{
	size_t left = *n - *first;

	if (*first < left || *first < REST)
		return;
	memmove(v, (char *)v + *first * size, left * size);
	*n = left;
	*first = 0;
}

/* Has nobody looked for it or made it since? Then it is nobody's from now on. */
static bool take_if_closed(struct fd_places *p, const struct closed_place *c)
{
	if (c->at != p->places.v[c->place].closed)
		return false;
	if (c->number != VFD_NONE)
		p->of.v[c->number] = 0;
	p->places.v[c->place].closed = 0;
	return true;
}

/* One whose descriptor has been closed for long enough. */
static bool take_closed(struct fd_places *p, struct maker *m, uint32_t *place)
{
	while (m->first < m->closed.n) {
		struct closed_place c = m->closed.v[m->first];

		if (c.at == p->places.v[c.place].closed && c.at + REST > p->now)
			return false;
		m->first++;
		if (!take_if_closed(p, &c))
			continue;
		*place = c.place;
		shorten(m->closed.v, &m->closed.n, &m->first, sizeof(*m->closed.v));
		return true;
	}
	return false;
}

static bool await(struct fd_places *p, uint64_t label)
{
	uint64_t *slot;

	if (p->awaited.n && p->awaited.v[p->awaited.n - 1] == label)
		return true;
	slot = vec_push(&p->awaited);
	if (slot)
		*slot = label;
	else
		p->failed = -ENOMEM;
	return slot;
}

/* One that an ended thread left, whoever it was: no process needs to be where that one's is. */
static bool take_left(struct fd_places *p, uint32_t *place)
{
	while (p->left.n - p->first_left > LEFT_MOST) {
		struct left_place l = p->left.v[p->first_left];

		if (l.line + REST > p->now)
			return false;
		p->first_left++;
		shorten(p->left.v, &p->left.n, &p->first_left, sizeof(*p->left.v));
		if (!take_if_closed(p, &l.was))
			continue;
		*place = l.was.place;
		p->places.v[*place].user = 0;
		return await(p, l.label);
	}
	return false;
}

static bool new_line(struct fd_places *p, struct maker *m)
{
	size_t i;

	m->next = (uint32_t)p->places.n;
	for (i = 0; i < LINE_PLACES; i++)
		if (!vec_push(&p->places)) {
			p->failed = -ENOMEM;
			return false;
		}
	m->end = (uint32_t)p->places.n;
	return true;
}

/* Numbers are dense in what generate writes; absurd ones would only make absurd tables. */
static bool in_proportion(struct fd_places *p, uint32_t number, const char *what)
{
	if (number <= 16 * p->now + (1u << 20))
		return true;
	p->failed = -ERANGE;
	p->absurd = number;
	p->absurd_what = what;
	return false;
}

static bool has_room(struct fd_places *p, uint32_t number)
{
	if (!in_proportion(p, number, "descriptor"))
		return false;
	while (p->of.n <= number)
		if (!vec_push(&p->of)) {
			p->failed = -ENOMEM;
			return false;
		}
	return true;
}

static uint32_t give(struct fd_places *p, uint32_t number)
{
	struct maker *m = has_room(p, number) ? maker_of(p) : NULL;
	uint32_t place;

	if (!m)
		return VFD_NONE;
	if (p->keep || !(take_closed(p, m, &place) || (m->next == m->end && take_left(p, &place)))) {
		if (m->next == m->end && !new_line(p, m))
			return VFD_NONE;
		place = m->next++;
	}
	p->of.v[number] = place + 1;
	return place;
}

static void rest(struct fd_places *p, uint32_t number, uint32_t place)
{
	struct maker *m = p->keep ? NULL : maker_of(p);
	struct closed_place *c = m ? vec_push(&m->closed) : NULL;

	if (p->keep)
		return;
	if (!c) {
		p->failed = -ENOMEM;
		return;
	}
	p->places.v[place].closed = p->now + 1;
	*c = (struct closed_place){number, place, p->now + 1};
}

static uint32_t known(const struct fd_places *p, uint32_t number)
{
	return number < p->of.n ? p->of.v[number] : 0;
}

/* The process of the line at hand uses it. */
static void use(struct fd_places *p, uint32_t place)
{
	uint32_t *user = &p->places.v[place].user, most = *user > p->user ? *user : p->user;

	if (*user == p->user)
		return;
	if (*user && in_proportion(p, most - 1, "process")) {
		if (sets_fit(&p->processes, most))
			p->failed = -ENOMEM;
		else
			sets_join(&p->processes, *user - 1, p->user - 1);
	}
	*user = p->user;
}

/* The place of a descriptor that has one, or gets it now. */
static uint32_t place_used(struct fd_places *p, uint32_t number)
{
	uint32_t at = known(p, number), place;

	if (number >= VFD_CWD)
		return number;
	place = at ? at - 1 : give(p, number);
	if (place < VFD_CWD)
		use(p, place);
	return place;
}

uint32_t fd_place_look(struct fd_places *p, uint32_t number)
{
	uint32_t place = place_used(p, number);

	if (place < VFD_CWD && p->places.v[place].closed)
		rest(p, number, place);
	return place;
}

uint32_t fd_place_made(struct fd_places *p, uint32_t number)
{
	uint32_t place = place_used(p, number);

	if (place < VFD_CWD)
		p->places.v[place].closed = 0;
	return place;
}

uint32_t fd_place_closed(struct fd_places *p, uint32_t number)
{
	uint32_t place = fd_place(p, number);

	if (place < VFD_CWD)
		rest(p, number, place);
	return place;
}

static void leave(struct fd_places *p, struct closed_place was, uint64_t label)
{
	struct left_place *l = vec_push(&p->left);

	if (l)
		*l = (struct left_place){was, label, p->now};
	else
		p->failed = -ENOMEM;
}

void fd_places_ended(struct fd_places *p, uint64_t label)
{
	struct maker *m = known_maker(p);

	if (!m || p->keep)
		return;
	for (; m->first < m->closed.n; m->first++)
		if (m->closed.v[m->first].at == p->places.v[m->closed.v[m->first].place].closed)
			leave(p, m->closed.v[m->first], label);
	for (; m->next < m->end; m->next++)
		leave(p, (struct closed_place){VFD_NONE, m->next, 0}, label);
	hmap_remove(&p->makers, &m->node);
	vec_free(&m->closed);
	free(m);
}

void fd_places_free(struct fd_places *p)
{
	struct hnode *node, *next;
	size_t i;

	hmap_each(&p->makers, node, next, i) {
		struct maker *m = hmap_entry(node, struct maker, node);

		vec_free(&m->closed);
		free(m);
	}
	hmap_free(&p->makers);
	vec_free(&p->left);
	vec_free(&p->awaited);
	vec_free(&p->places);
	sets_free(&p->processes);
	vec_free(&p->of);
}
