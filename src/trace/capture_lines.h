/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_TRACE_CAPTURE_LINES_H
#define IORIOT_TRACE_CAPTURE_LINES_H

#include "trace/values.h"

/* Parsing of one line of a .capture, inside of capture_next(). */

/* What a record's strings and vectors point to, reused from line to line. */
struct capture_scratch {
	struct buf path, path2;
	u64_vec vec;
};

/* t, D and i: what every record of every version has. -ENOENT when KEY is none of them. */
int capture_common(struct rec *rec, char key, struct str value, struct flaw *flaw);

/* One key may come once: marks it in *SEEN. 0 or -EINVAL. */
int capture_once(uint64_t *seen, char key, struct flaw *flaw);
#define CAPTURE_KEY(c) ((uint64_t)1 << ((c) & 63))

/* o: the operation of that name. -ENOENT with rec->path = NAME. */
int capture_op(struct rec *rec, struct str name, struct flaw *flaw);

/* t, D, i and o must be in SEEN, and the call must not have begun before 0. */
int capture_check_common(const struct rec *rec, uint64_t seen, struct flaw *flaw);

/* A line of version 3 or 4. 1, -EINVAL with *FLAW, -ENOENT as capture_next(), -ENOMEM. */
int capture_old_line(struct capture_scratch *scratch, struct str line, struct rec *rec,
	struct flaw *flaw);

#endif
