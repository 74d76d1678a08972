/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_CAPTURE_FOOTPRINT_H
#define IORIOT_CAPTURE_FOOTPRINT_H

#include "capture/paths.h"
#include "trace/rec.h"

/*
 * What a call looks at and what it changes. Two calls of different tasks that are under way at the
 * same time meet when one changes what the other looks at or changes: what they find then depends on
 * which of them took effect first.
 *
 * What is not known for sure, or would cost much to learn, counts as met. One thread.
 */
enum footprint_aspect {
	ASPECT_NAMES = 1,    /* directory entries, those on the way included */
	ASPECT_LISTS = 2,    /* what is in a directory, and where that is */
	ASPECT_DIRS = 4,     /* current directory, root and umask */
	ASPECT_NUMBERS = 8,  /* of descriptors: which are open, and for what */
	ASPECT_RIGHTS = 16,  /* modes, owners and flags of files */
	ASPECT_XATTRS = 32,  /* extended attributes */
	ASPECT_OFFSET = 64,  /* of an open file description; whether it appends */
	ASPECT_DATA = 128,   /* size of a file, and where it has holes */
	ASPECT_LOCKS = 256,
	ASPECT_THREADS = 512, /* whether the other threads of the process live on */
	ASPECT_LEASES = 1024 /* and what is open, which decides about them */
};

/* A file behind a descriptor. It is looked at when somebody asks first. */
struct footprint_file {
	int fd;
	bool asked, told; /* facts; offset and flags */
	struct facts facts;
	uint64_t offset;
	uint64_t flags; /* of open(2) */
};

struct footprint {
	struct way way; /* first, see ptrace_hold.c */
	enum op_id op;
	uint32_t tid;
	const void *process, *dirs, *table; /* who has the same shares it */
	unsigned looks, changes;	    /* enum footprint_aspect */

	struct name *changed[3]; /* entries that may become others */
	unsigned nchanged;
	int fd[3]; /* numbers that are used */
	unsigned nfds;
	int first_freed, last_freed; /* numbers that are closed, none when the first is larger */
	bool opens;		     /* some number that is free */
	bool replaces;		     /* what has the freed numbers */
	bool all_numbers;	     /* are used */
	bool waits;		     /* for a lock */

	struct footprint_file file[2]; /* whose bytes, offset or locks it is about */
	unsigned nfiles;
	bool by_path;		/* or of a file that is not known here */
	bool creates, cuts;	/* an open, if there is nothing, or something */
	bool ranged;		/* bytes from OFF to OFF + LEN, or at the description's offset */
	bool implicit;
	bool appends;
	uint64_t off, len;
};

/* All but the names; process, dirs, table and way stay as they are. REC is one without result. */
void footprint_make(struct footprint *f, const struct rec *rec);

/* The names as the walks found them, behind way. */
void footprint_names(struct footprint *f, struct name *const name[2]);

/* Aspects in which the two meet, 0 = none. Of NAMES only what way and changed have by now. */
unsigned footprint_meets(struct footprint *a, struct footprint *b);

/* Whether the call changes what the entry is. */
bool footprint_changes(const struct footprint *f, const struct name *entry);

/* A call that waits for others by its nature, as far as its arguments tell. */
bool footprint_waits(const struct rec *rec);
/* ... for a lock. */
bool footprint_waits_for_lock(const struct rec *rec);
/* ... with a range that counts from where the offset or the end is before it waits. */
bool footprint_waits_from(const struct rec *rec);
/* It waits for a lock now: nothing but the locks matters to it any more. */
void footprint_sleeps(struct footprint *f);

bool footprint_ioctl_looks(unsigned command);

#endif
