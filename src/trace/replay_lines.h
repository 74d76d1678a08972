/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_TRACE_REPLAY_LINES_H
#define IORIOT_TRACE_REPLAY_LINES_H

#include "trace/lines.h"
#include "trace/replay.h"
#include "trace/values.h"

/* Parsing of one line of a .replay, inside of replay_next() and replay_next_init(). */

/* What the line before said, in places where most say the same. */
struct replay_before {
	uint64_t task, task_mask; /* the text "THREAD|PROCESS|-|", if it is no longer than that */
	unsigned task_len;
	uint32_t thread, process;
	struct {
		uint64_t value;
		uint8_t len; /* 0: none yet */
		char text[LINES_SLACK];
	} flags[A_COUNT];
};

/* What a line's strings and lists point to, reused from line to line. */
struct replay_scratch {
	struct buf path, path2;
	u64_vec vec, deps;
	VEC(struct vlist_item) list;
	struct replay_before before;
};

void replay_scratch_free(struct replay_scratch *s);

/*
 * Operations as text, whole lines, *N of them. 1, 0 when they are over; then replay_next_init(). -errno.
 * replay_line_number() is that of the last one.
 */
int replay_take(struct replay_reader *r, struct buf *text, size_t *n, struct err *err);
uint64_t replay_line_number(const struct replay_reader *r);
const char *replay_path(const struct replay_reader *r);

/* 0, -EINVAL with *FLAW, -ENOMEM. Behind an operation's TEXT stands its LF, and LINES_SLACK can be read. */
int replay_op_line(struct replay_scratch *scratch, struct str text, struct rline *line,
	struct flaw *flaw);
int replay_init_line(struct replay_scratch *scratch, struct str text, struct init_line *line,
	struct flaw *flaw);

/* Takes the next field, which ends at '|', from *REST. 0 or -EINVAL. */
int replay_field(struct str *rest, struct str *field, struct flaw *flaw);

#endif
