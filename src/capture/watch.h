/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_CAPTURE_WATCH_H
#define IORIOT_CAPTURE_WATCH_H

#include "capture/wire.h"
#include "datas/buf.h"
#include "trace/rec.h"
#include "utils/err.h"

/*
 * --file: some files and nothing else. A file is its device and inode, whatever names it has. Of each the latest
 * events are kept in memory, and are written when the capture ends: calls, requests of AIO and submissions of io_uring
 * as file_call, which needs no other record to be understood, and events of other layers as they are.
 *
 * The kernel leaves out what is only about other files (watch_tell()). Times are those of the records: what was done
 * before a command and comes after it is judged by them. One thread.
 */
struct watch;

#define WATCH_FILES	 WIRE_WATCHED
#define WATCH_MAX	 65536u	   /* events of a file, unless it is said otherwise */
#define WATCH_MAX_MOST	 16777216u /* as many as can be said */

/* As the kernel knows a file: the device is the super block's. */
struct watch_key {
	uint32_t dev_major, dev_minor;
	uint64_t ino;
};

/* What tells the kernel that a file is watched, or no longer is. 0 or -errno with a sentence. */
typedef int watch_tell_fn(void *user, const struct watch_key *key, bool on, struct err *err);

/* Of "FILE,MAX" or "FILE" how long FILE is: digits behind the last comma are no part of a name. */
size_t watch_name_len(const char *text);

/*
 * FILE[,MAX] each; COMM: what all processes that are recorded are called, or NULL. 0; -EINVAL, -ENOENT ...: ERR names
 * the file.
 */
int watch_open(struct watch **out, char *const *files, size_t n, const char *comm, struct err *err);
void watch_close(struct watch *w);

/* What is kept from now on is without names, answers to commands are not; H stays the caller's. */
struct hide;
void watch_hide(struct watch *w, struct hide *h);

/* Records have times from START on. 0 or -ENOMEM. */
int watch_begin(struct watch *w, uint64_t start, struct err *err);
/* From now on the kernel is told by TELL; of the files that there are at once. */
int watch_tell(struct watch *w, watch_tell_fn *tell, void *user, struct err *err);

/* The next record of the capture, in their order. 0 or -ENOMEM. */
int watch_take(struct watch *w, const struct rec *r);

/*
 * One command of --control: ARG is what stands behind its word, or empty. ANSWER gets lines. 0, or -errno with a
 * sentence for the user.
 */
int watch_command(struct watch *w, struct str command, struct str arg, struct buf *answer, struct err *err);

/* Lines of a capture, all that were kept in the order of their times. 0 or -ENOMEM. */
int watch_write(struct watch *w, void (*put)(void *user, struct str line), void *user);

#endif
