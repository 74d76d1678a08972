/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_GENERATE_WRITING_H
#define IORIOT_GENERATE_WRITING_H

#include "trace/ahead.h"
#include "trace/outfile.h"
#include "trace/replay.h"

/*
 * The operations of a replay on their way into its file: some hundred lines are kept, and become text when
 * a thread has nothing else to do (ahead_post()).
 */
struct writing;

int writing_new(struct writing **out); /* 0 or -ENOMEM */
void writing_free(struct writing *w);  /* after ahead_free() */

/* Lines go into FILE, which is the writing's until writing_settle(). */
void writing_begin(struct writing *w, struct outfile *file, struct ahead *ahead);

/* Where the first line is made. */
struct rline *writing_first(struct writing *w);

/* The line goes into the file: what it points to is copied. *NEXT is where the next one is made. 0 or -errno. */
int writing_keep(struct writing *w, struct rline **next, struct err *err);

/* All of them are written. 0 or -errno. */
int writing_settle(struct writing *w, struct err *err);

/* Of ahead_new(): writes the oldest lines. */
void writing_done(void *writing);

#endif
