/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_TRACE_CAPTURE_LINES_H
#define IORIOT_TRACE_CAPTURE_LINES_H

#include "trace/capture.h"
#include "trace/lines.h"
#include "trace/values.h"

/* Parsing of one line of a .capture, inside of capture_next() and of blocks (trace/cblock.h). */

/* "PID:TID" and what is behind it, of the line before: most lines are of the same task. */
struct task_text {
	uint64_t text[2], mask[2];
	unsigned len; /* 0: none yet, or longer */
	uint32_t pid, tid;
};

/* What a record's strings and vectors point to, reused from line to line. */
struct capture_scratch {
	struct buf path, path2;
	u64_vec vec;
	struct task_text task;
};
void capture_scratch_free(struct capture_scratch *s);

/*
 * The line that TEXT begins with, whose LF is in it or behind it, and LINES_SLACK behind TEXT, as capture_next() does
 * it: 1, -EINVAL or -ENOENT with *FLAW, -ENOMEM. *LF is where the line ends, but for -ENOMEM.
 * Any number of threads at once, each with a SCRATCH of its own; a file is no part of it. capture_flaw() says what was
 * wrong, and returns RC.
 */
int capture_parse(const struct capture_reader *r, struct capture_scratch *scratch, struct str text, uint64_t number,
	struct rec *rec, struct flaw *flaw, const char **lf);
int capture_flaw(const struct capture_reader *r, int rc, const struct flaw *flaw, uint64_t number, struct err *err);

/* Of the file, for those that take its text themselves. ENDED: the last record that anybody was given is "end". */
struct lines *capture_lines(struct capture_reader *r);
const char *capture_path(const struct capture_reader *r);
void capture_set_ended(struct capture_reader *r, bool ended);

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
