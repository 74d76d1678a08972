/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_CAPTURE_STATE_H
#define IORIOT_CAPTURE_STATE_H

#include "capture/paths.h"
#include "capture/sink.h"
#include "datas/arena.h"
#include "datas/hmap.h"

/* Who has which open file description, of those that were told in one file. */
struct told_fds {
	struct hmap map; /* by device and inode */
	struct arena arena;
};
void told_fds_clear(struct told_fds *told);

/*
 * The records of what was so when the capture began, read from /proc. All backends write them:
 * mounts first, then for each process its task, its directories' names and its descriptors.
 */

/* From /proc/self/mountinfo, as of time T; also tells DIRS, and so comes before all else. 0 or
 * -errno. */
int state_mounts(struct sink *sink, struct dirs *dirs, uint64_t t, struct err *err);

/*
 * Of the thread WHO; when the leader of its process has ended, only the other threads can be asked.
 * PARENT is the PID of the recorded parent, 0 = none. What a process hides is left out.
 */
void state_task(struct sink *sink, struct paths *paths, struct who who, uint32_t parent);
/* What a thread is called, and its effective user. */
struct state_of_thread {
	char comm[16];
	uint32_t uid;
};
bool state_of_thread(struct state_of_thread *out, uint32_t tid); /* false: it is not there any more */
void state_thread(struct sink *sink, struct who who, const struct state_of_thread *is);
/* Another descriptor of what TOLD has is state_dup. */
void state_fds(struct sink *sink, struct paths *paths, struct told_fds *told, struct who who);

/*
 * What descriptor NUMBER of the thread is, as a state_fd record whose path is in LINK (PATH_MAX bytes).
 * False: it is not open any more.
 */
bool state_fd(struct rec *rec, struct who who, unsigned number, char *link);

/* Text of a link below /proc/TID, such as "cwd" or "fd/3"; {NULL} when it cannot be read. */
struct str state_link(uint32_t tid, const char *what, char *buf, size_t size);

#endif
