/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_CAPTURE_SINK_H
#define IORIOT_CAPTURE_SINK_H

#include <stdbool.h>
#include <stdint.h>

#include "trace/capture.h"
#include "trace/rec.h"
#include "utils/err.h"

/*
 * Where the records of a capture go: a file, or with a limit of its size one file after the other
 * (FILE, FILE.1, FILE.2 ...; NAME.zst, NAME.1.zst ...), each a capture of its own.
 *
 * A failed write (full disk) must not hurt the program that is recorded: it is remembered, later
 * records count as lost, and sink_close() reports it. One thread.
 */
struct sink;

/* 0 = no limit. */
struct sink_limits {
	uint64_t duration;   /* ns from sink_begin() */
	uint64_t max_events; /* records of calls and of ends of threads */
	uint64_t max_size;   /* bytes of one file */
	uint64_t max_files;  /* older ones are deleted */
};

struct sink_totals {
	uint64_t calls; /* records of system calls and ends of threads */
	uint64_t lost;
	uint64_t bytes; /* of text, before compression */
	uint64_t held;	 /* calls that waited for others before they began, */
	uint64_t let_go; /* and those that did not wait to the end */
	uint64_t files; /* written, also those that were deleted again */
};

int sink_open(struct sink **out, const char *path, struct err *err);

/* Before the header. -EINVAL: what is written to is no file that another one could follow. */
int sink_limit(struct sink *s, const struct sink_limits *limits, struct err *err);

/* Only what is chosen from now on, which stays the caller's; NULL: all. */
struct chosen;
void sink_choose(struct sink *s, struct chosen *chosen);
/* Of the files of --file only, which stay the caller's; what is kept of them is written at the end. */
struct watch;
void sink_watch(struct sink *s, struct watch *watch);
/* Without names from now on (--anonymize); H stays the caller's. */
struct hide;
void sink_hide(struct sink *s, struct hide *h);
/* What the header says: when this file began. */
uint64_t sink_start(const struct sink *s);

/*
 * What the first line of each file says; copied. The sink adds start_mono, start_wall, and in a
 * rotation part.
 */
void sink_header(struct sink *s, const struct capture_pair *pairs, size_t n);

/* The recording begins: its duration counts from here. */
void sink_begin(struct sink *s);

/* A record of OP_lost counts as what it says. */
void sink_put(struct sink *s, const struct rec *rec);
/* The same for a call that nobody made: it tells what was so when the file began, and counts as state. */
void sink_tell(struct sink *s, const struct rec *rec);

/* COUNT records of a thread were lost just now, and why; WHY is a short sentence. */
void sink_lost(struct sink *s, uint32_t pid, uint32_t tid, uint64_t count, const char *why);

/* A call waits for another one; it has waited in vain. */
void sink_held(struct sink *s);
void sink_let_go(struct sink *s);

/* Makes everything so far readable for others, if a second is over since the last time. */
void sink_tick(struct sink *s);

/* Whether a limit ends the recording. Beyond its number of records, records are ignored. */
enum sink_end { SINK_GOES_ON, SINK_DURATION, SINK_EVENTS };
enum sink_end sink_over(const struct sink *s);
const char *sink_end_text(enum sink_end end); /* why, for people */

/* Whether the file has its size. The backend then begins another as soon as it can. */
bool sink_full(const struct sink *s);

/*
 * Completes the file and begins the next one. Then the backend tells the state of everything again,
 * as at the start, before the records of calls that begin from now on. An older file is deleted once
 * the new one has that.
 */
void sink_rotate(struct sink *s);

/* No more records: writes the closing line and completes the file. More than once is allowed. */
void sink_end(struct sink *s);

/* sink_end(); 0, or -errno of the first write that failed. Frees s. */
int sink_close(struct sink *s, struct sink_totals *totals, struct err *err);

/* Ends a capture that never began: the file is removed. Frees s. */
void sink_abort(struct sink *s);

/* Name of a file of a rotation, PART being 0 for the first. To be freed; NULL: memory is out. */
char *sink_part_path(const char *path, uint64_t part);

#endif
