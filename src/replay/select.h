/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_REPLAY_SELECT_H
#define IORIOT_REPLAY_SELECT_H

#include "options.h"
#include "replay/by_file.h"
#include "utils/err.h"

/*
 * What --only and --skip leave out. An operation that is not wanted goes only if nothing that stays needs
 * what it does: a descriptor that it makes, the place in the file that it moves, the length that it gives a
 * file that is read later. Whatever changes names, attributes, locks, processes or maps stays.
 */
enum stay_reason {
	STAY_FD,     /* its descriptor is used */
	STAY_PLACE,  /* later operations go on where it ended */
	STAY_LENGTH, /* later operations read what it added */
	STAY_EFFECT, /* it changes what later operations may find */
	STAY_COUNT
};
extern const char *const stay_reasons[STAY_COUNT];

struct selection {
	uint8_t *out;	    /* a bit for each operation of the file, by index; NULL: nothing is left out */
	uint64_t n;
	uint64_t left_out;  /* not wanted, and gone */
	uint64_t dependent; /* wanted, but gone: a close of what is not open */
	uint64_t stay[STAY_COUNT]; /* not wanted, but needed */
};

/* Is TEXT a list that --only and --skip take? -EINVAL with what is wrong. */
int selection_check(const char *text, struct err *err);

/*
 * Reads the file of O. A no-op without --only, --skip and --by, of which the last one makes FILES.
 * selection_free() and by_file_free() in any case.
 */
int selection_make(struct selection *s, struct by_file *files, const struct options *o, struct err *err);
void selection_free(struct selection *s);

static inline bool selection_drops(const struct selection *s, uint64_t index)
{
	return s->out && index < s->n && s->out[index / 8] >> index % 8 & 1;
}

#endif
