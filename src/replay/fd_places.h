/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_REPLAY_FD_PLACES_H
#define IORIOT_REPLAY_FD_PLACES_H

#include <stdbool.h>

#include "datas/buf.h"
#include "datas/hmap.h"
#include "replay/layout.h"
#include "trace/replay.h"

struct closed_place {
	uint32_t number, place;
	uint64_t at; /* struct fd_place.closed, unless it was used or made again since */
};

/* Of a virtual thread that ended with the line LABEL, whose index is LINE. */
struct left_place {
	struct closed_place was; /* number VFD_NONE: nobody has had it yet */
	uint64_t label, line;
};

/*
 * Where virtual descriptors stand in a worker's table. A file never gives the number of one out again, but its
 * place is: to one that is made later by the virtual thread that closed it. So the table is as large as what is open
 * at once. And each thread has cache lines of places, so that those who open files in turns do not write to one.
 *
 * Virtual processes that use the same place need the same real one.
 *
 * While a file is read: fd_places_line(), then the descriptors of that line, those used before those made
 * and closed.
 */
struct fd_places {
	VEC(uint32_t) of; /* by number: place + 1, 0 = none yet */
	VEC(struct fd_place) places;
	struct hmap makers;
	VEC(struct left_place) left; /* from FIRST_LEFT on, the oldest first */
	size_t first_left;
	u64_vec awaited; /* labels of what the line at hand must wait for; whoever reads a line empties it before */
	struct sets processes; /* those that share a place; as many as were seen to do so */
	bool keep; /* none is given out again */
	uint32_t thread; /* of the line at hand */
	uint32_t user;	 /* its process + 1 */
	uint64_t now;	 /* its index */
	int failed;	 /* -ENOMEM, or -ERANGE: a number that is out of proportion, this one */
	uint32_t absurd;
	const char *absurd_what;
};

struct fd_place {
	uint64_t closed; /* operations read when that happened + 1, 0 = not closed */
	uint32_t user;	 /* a process that uses it + 1, 0 = none yet */
};

/* KEEP, once given, stays: somebody may use a descriptor who is not ordered before what closed it. */
static inline void fd_places_line(
	struct fd_places *p, uint32_t thread, uint32_t process, uint64_t index, bool keep)
{
	p->thread = thread;
	p->user = process + 1;
	p->now = index;
	p->keep |= keep;
}

/* Of one that has none yet, is closed, or another process's; NUMBER itself of what is no descriptor. */
uint32_t fd_place_look(struct fd_places *p, uint32_t number);

static inline uint32_t fd_place(struct fd_places *p, uint64_t number)
{
	uint32_t at = number < p->of.n ? p->of.v[number] : 0;
	bool usual = at && !p->places.v[at - 1].closed && p->places.v[at - 1].user == p->user;

	return __builtin_expect(usual, 1) ? at - 1 : fd_place_look(p, (uint32_t)number);
}

/* The place of a descriptor that the line makes, or closes. */
uint32_t fd_place_made(struct fd_places *p, uint32_t number);
uint32_t fd_place_closed(struct fd_places *p, uint32_t number);

/* The thread of the line at hand, which is LABEL, ends there. */
void fd_places_ended(struct fd_places *p, uint64_t label);

/* Given out, and those kept for the makers of others. */
static inline uint32_t fd_places_count(const struct fd_places *p)
{
	return (uint32_t)p->places.n;
}

void fd_places_free(struct fd_places *p);

#endif
