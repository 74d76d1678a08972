/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_CAPTURE_PATHS_H
#define IORIOT_CAPTURE_PATHS_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/dirs.h"
#include "capture/sink.h"
#include "datas/buf.h"
#include "utils/str.h"

/*
 * The state_path records that show what each name was before it was first touched, where names can
 * be looked at before the calls. A path is walked as the kernel walks it, symbolic links included,
 * so that every name on the way gets its record once.
 *
 * Below pseudo file systems (proc, sysfs, cgroup ...) nothing is walked. One thread.
 */
struct paths;

/* On whose behalf something is looked at: the i= of the records. */
struct who {
	uint32_t pid, tid;
};

/* Writes to SINK. -ENOMEM. */
int paths_open(struct paths **out, struct sink *sink, struct err *err);
void paths_close(struct paths *n);

/* A new file begins: all names get their records again, with what they are then. */
void paths_again(struct paths *n);

struct dirs *paths_dirs(struct paths *n);

/*
 * Finds the directory of an absolute canonical path, as /proc/PID/cwd shows it, writing the records
 * of new names on the way. NULL when it is no directory now (deleted, unreachable, another type).
 */
struct dir *paths_find(struct paths *n, struct who who, struct str path);

/*
 * Where a relative path starts: a directory, NULL when that is not known, and the descriptor of a
 * thread that leads to it, which is a way to what no absolute path reaches any more.
 */
struct start {
	struct dir *dir;
	uint32_t tid;
	int fd; /* AT_FDCWD: its current directory */
};

/*
 * Walks PATH as a process with that root and start does and writes the records of new names. Returns
 * the entry that the last component names, without following it; NULL when the walk did not reach it.
 */
struct name *paths_walk(
	struct paths *n, struct who who, struct dir *root, struct start from, struct str path);

/* Writes the records of all entries of a directory that is about to be read, once. */
void paths_list(struct paths *n, struct who who, struct dir *dir);

/*
 * The entries that walks come through, one after the other: also the directory where one starts, and
 * those that are left by "..". STOP ends a walk before the entry is looked at.
 */
struct way {
	VEC(struct name *) names;
	bool (*stop)(struct way *way, const struct name *entry);
	bool stopped;
	bool lost; /* part of it cannot be told */
};

/* Walks write down their way from now on; NULL: no more. */
void paths_note(struct paths *n, struct way *way);

/* What the entry is may change now: look again when it is walked next. */
void paths_touch(struct name *entry);

/* The program's own changes, after they succeeded. */
void paths_removed(struct name *entry);
void paths_renamed(struct name *from, struct name *to, bool exchange);

#endif
