/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_TRACE_CAPTURE_H
#define IORIOT_TRACE_CAPTURE_H

#include "datas/buf.h"
#include "trace/rec.h"
#include "utils/err.h"

/* The grammar of .capture files, docs/capture-format.md. Version 5 is written; 3, 4, 5 are read. */

#define CAPTURE_VERSION 5

/* One record as a line with its LF. */
void capture_print(struct buf *out, const struct rec *rec);

/* "|key=value" pairs for the header line; values are escaped. */
struct capture_pair {
	const char *key;
	struct str value;
};
void capture_print_header(struct buf *out, const struct capture_pair *pairs, size_t n);

struct capture_reader;

/* Opens and reads the header. -EPROTO: not a capture or a version that is not known. */
int capture_open(struct capture_reader **out, const char *path, struct err *err);
void capture_close(struct capture_reader *r);

int capture_version(const struct capture_reader *r);
struct str capture_header(const struct capture_reader *r, const char *key); /* {NULL} if not there */
const struct capture_pair *capture_header_pair(const struct capture_reader *r, size_t i); /* NULL behind the last one */

/*
 * The next record. 1, 0 at the end, -errno. -EINVAL is one malformed line, described in err; the
 * next call goes on behind it, so a caller may count and skip. -ENOENT is a line whose operation is
 * not in the table (of a newer version or an older tool), or that an older version recorded too
 * little of: rec->path is its name. Any other error is one of the file and comes again.
 */
int capture_next(struct capture_reader *r, struct rec *rec, struct err *err);

/* The line of the record, or of what is not in the table, that capture_next() gave last. */
struct str capture_line(const struct capture_reader *r);

/*
 * Reads no file: LINE, of this version, is line NUMBER of what the message calls PATH, and has its LF and LINES_SLACK
 * behind it. 0 or as capture_next().
 */
int capture_checker(struct capture_reader **out, struct err *err);
int capture_check(struct capture_reader *r, struct str line, uint64_t number, const char *path, struct err *err);

/* After the end: the file ends inside a line or a frame, or (version 5) without its "end" record. */
bool capture_cut(const struct capture_reader *r);

#endif
