/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_CAPTURE_LATE_H
#define IORIOT_CAPTURE_LATE_H

#include "capture/sink.h"
#include "trace/rec.h"

/*
 * The state_path records of backends whose records arrive after the calls: a name can only be
 * looked at when the program has touched it already. What it was before is worked out from that
 * look, from what the kernel told with each call, and from the calls that were made between the
 * touch and the look. Records therefore wait here until all that happened before their looks is
 * known.
 *
 * One thread.
 */
struct late;

/* A directory that a relative path starts from. */
struct seen_dir {
	uint64_t id;	 /* 0 = not known; the same for the same directory as long as it exists */
	struct str name; /* absolute, as the process sees it; {NULL}: the id was sent before */
};

/* One record, and what the kernel told with it. Strings and vectors belong to the caller. */
struct seen {
	struct rec rec;
	struct seen_dir from[2]; /* of rec.path and rec.path2; from[0] of state_task is the cwd, of
				    a getdents the directory that it reads */
	struct facts
		before[2]; /* what path, path2 named before the call, unfollowed; known or absent */
	struct str target[2]; /* ... and where it pointed to if it was a link; {NULL}: not told */
	struct facts cut;     /* the file that the call cuts, as it was before */
	struct facts was;     /* ... or gives another mode or owner */
	bool regular;	      /* what an mmap has mapped is a regular file, as far as that is told */
	bool unplaced;	      /* a page that was touched: where in which file it is, is not known ... */
	bool present;	      /* ... and it was in the page table */
	bool created;	      /* the open made the file */
	bool chrooted;	      /* the process has another root directory than this one */
	bool foreign;	      /* ... another mount namespace: its names cannot be looked at */
};

/* Writes to SINK, beginning with the mounts of this process. 0 or -errno. */
int late_open(struct late **out, struct sink *sink, struct err *err);

/* The next record; times never go back. Copies what it needs. 0 or -ENOMEM. */
int late_add(struct late *l, const struct seen *seen, struct err *err);

/*
 * The next file begins, after all that was added is written: sink_rotate(), the mounts; names are
 * touched for the first time again. 0 or -errno.
 */
int late_rotate(struct late *l, struct err *err);

/* COUNT calls of a thread (0: unknown) were lost at time T: nothing is known of what they changed.
 */
void late_lost(
	struct late *l, uint64_t t, uint32_t pid, uint32_t tid, uint64_t count, const char *why);

/* All records up to time T have been added: those that wait for nothing more are written. */
void late_advance(struct late *l, uint64_t t);

/* Nothing more comes. Writes all that is left, frees L. */
void late_close(struct late *l);

#endif
