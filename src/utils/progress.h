/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_UTILS_PROGRESS_H
#define IORIOT_UTILS_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * One line on standard error that is written over in place, at most five times a second, and only
 * where a person sees it: nothing when standard error is no terminal. One thread at a time.
 */
struct progress {
	const char *what; /* the step: "init", "replay" */
	bool on;
	bool shown;	      /* there is a line to clear */
	uint64_t start, next; /* now_ns() */
};

struct progress_state {
	double share;	  /* of the work, 0..1; below 0: not known, no time left is shown */
	uint64_t count;	  /* things done so far */
	const char *unit; /* what they are: "entries" */
	uint64_t bytes;	  /* 0: not shown */
	const char *note; /* behind all that; NULL: nothing */
};

void progress_start(struct progress *p, const char *what, bool quiet);
void progress_show(struct progress *p, const struct progress_state *now);
void progress_end(struct progress *p); /* clears the line */

/* Is the next line due? For callers to whom gathering the figures costs something. */
bool progress_due(const struct progress *p);

#endif
