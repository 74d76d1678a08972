/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_TRACE_REPLAY_LINES_H
#define IORIOT_TRACE_REPLAY_LINES_H

#include "trace/replay.h"
#include "trace/values.h"

/* Parsing of one line of a .replay, inside of replay_next() and replay_next_init(). */

/* What a line's strings and lists point to, reused from line to line. */
struct replay_scratch {
	struct buf path, path2;
	u64_vec vec, deps;
	VEC(struct vlist_item) list;
};

/* 0, -EINVAL with *FLAW, -ENOMEM. */
int replay_op_line(struct replay_scratch *scratch, struct str text, struct rline *line,
	struct flaw *flaw);
int replay_init_line(struct replay_scratch *scratch, struct str text, struct init_line *line,
	struct flaw *flaw);

/* Takes the next field, which ends at '|', from *REST. 0 or -EINVAL. */
int replay_field(struct str *rest, struct str *field, struct flaw *flaw);

#endif
