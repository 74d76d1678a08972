/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_SNAPSHOT_SNAPSHOT_H
#define IORIOT_SNAPSHOT_SNAPSHOT_H

#include <stdbool.h>
#include <stdint.h>

#include "utils/err.h"
#include "utils/str.h"

/*
 * What a host is and has at a moment: its files, its processes, the system. Each is a file in one directory:
 *
 *	filesystem_snap.csv.zst	 names, sizes and times below a directory
 *	process_snap.csv.zst	 processes, with the CPU that they use
 *	device_spec.txt		 system, processors, memory, disks
 *
 * Who takes one is never in the way of others: it runs when nobody else wants processor and disks, and it ends where
 * it has seen so many files, or worked so long. Nothing is sent anywhere.
 */

#define SNAPSHOT_DEPTH	 3
#define SNAPSHOT_DEEPEST 64
#define SNAPSHOT_ENTRIES 1000000u
#define SNAPSHOT_SECONDS 60u /* of a walk */
#define SNAPSHOT_EVERY	 3600u
#define SNAPSHOT_LOOK_MS 5000 /* between two looks at processes */
/* Of what processes used of processors, ns. */
#define SNAPSHOT_WINDOW	     ((uint64_t)120 * 1000000000)
#define SNAPSHOT_LONG_WINDOW ((uint64_t)3600 * 1000000000)

struct buf;
struct hide;
struct uses;

struct snapshot_list {
	bool fs, process, system;
	bool gzip; /* tables are .csv.gz */
	unsigned depth;	  /* of fs: 1 = what is in the directory */
	const char *root; /* of fs; points into the text */
};

/* What was seen; for people. */
struct snapshot_counts {
	uint64_t files, unreadable, processes;
	const char *limit; /* why the walk ended early, NULL: it did not */
};

/* "fs,process,system"; also gz and fs=DEPTH and, as the last one, fs=DEPTH:DIRECTORY. -EINVAL with a sentence. */
int snapshot_list_parse(struct snapshot_list *l, const char *text, struct err *err);

/*
 * Takes one, into files in DIRECTORY; the names of all but the first one (NUMBER 0) have a number. It ends early, with
 * what there is, when STOP_FD (-1: none) is closed at its other end.
 */
struct snapshot {
	const struct snapshot_list *list;
	const char *directory;
	unsigned number;
	uint64_t entries; /* at most */
	struct hide *hide; /* of names and commands; NULL = they are told */
	int stop_fd;
	struct uses *uses; /* earlier looks at processes; NULL = there are none, and none is kept */
};
int snapshot_take(const struct snapshot *s, struct snapshot_counts *counts, struct err *err);

/* DIRECTORY is there then; one that is made is for its owner only. */
int snapshot_directory(const char *directory, struct err *err);

/* The priority of who takes them. */
void snapshot_step_back(void);

/* --- beside a capture: in a process of its own that is nobody's child --- */

struct snapshot_helper {
	int stop, done; /* pipes; -1: there is none */
};

/* Takes the first one at once, and others every EVERY ns, until it is ended or its maker is gone. */
int snapshot_helper_start(struct snapshot_helper *h, const struct snapshot *s, uint64_t every, struct err *err);

/* Waits for what it is writing. False: it has failed, and said why. */
bool snapshot_helper_end(struct snapshot_helper *h);

/* --- parts; TIME: the moment that they describe, ns since the epoch --- */

int snapshot_fs(const struct snapshot *s, uint64_t time, struct snapshot_counts *counts, struct err *err);
int snapshot_process(const struct snapshot *s, uint64_t time, struct snapshot_counts *counts, struct err *err);
/* A look at processes that only later ones tell of. */
int snapshot_note(const struct snapshot *s, struct err *err);
int snapshot_system(const struct snapshot *s, struct err *err);

/* It is to end, now or (when nothing is asked of it for MS) then. */
bool snapshot_stops(const struct snapshot *s, int ms);

/* A field of CSV, hidden where that is asked for: a path, or a command with blanks between its words. */
void snapshot_name(const struct snapshot *s, struct buf *out, struct str path);
void snapshot_words(const struct snapshot *s, struct buf *out, struct str words);

/* DIRECTORY/NAME[.NUMBER]SUFFIX, to be freed; NULL: no memory. */
char *snapshot_path(const struct snapshot *s, const char *name, const char *suffix);
/* The suffix of tables. */
const char *snapshot_table(const struct snapshot *s);

#endif
