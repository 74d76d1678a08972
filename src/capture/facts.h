/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_CAPTURE_FACTS_H
#define IORIOT_CAPTURE_FACTS_H

#include <sys/stat.h>
#include <sys/types.h>

#include "capture/wire.h"
#include "datas/buf.h"
#include "trace/rec.h"

/* What /proc and stat(2) say about files, for all backends. */

struct facts facts_of_stat(const struct stat *st);

/* Of what a process has open as FD; not known when it is closed already. */
struct facts facts_of_fd(pid_t tid, int fd);

/*
 * The default access control list of a directory: the permission bits that it gives, -1 = there is none; and
 * its length. With a link at the end of the path, what that leads to.
 */
int facts_default_acl(const char *path, size_t *len);

/* A call sets, or takes away, a list that decides about permissions of files. */
bool facts_sets_acl(const struct rec *rec);

/* Of such a call, if it works: beginning and end of the list, see wire.h, say which permission bits it gives. */
struct facts facts_of_list(const char value[WIRE_LIST_BYTES]);

/* Its offset and the flags of its description, as far as they are told: else both stay. False: it is closed. */
bool facts_of_description(pid_t tid, int fd, uint64_t *offset, uint64_t *flags);

typedef VEC(uint64_t) extents;

/*
 * Which ranges of a file are data: offset, length, ... A file that cannot be asked (no permission)
 * gives -errno and no ranges. More than EXTENTS_MAX ranges end with one up to the end of the file.
 */
#define EXTENTS_MAX 65536
int facts_extents(const char *path, uint64_t size, extents *out);

#endif
