/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_TRACE_LINES_H
#define IORIOT_TRACE_LINES_H

#include <stdbool.h>
#include <stdint.h>

#include "datas/buf.h"
#include "utils/err.h"
#include "utils/str.h"

/*
 * Streams the lines of a text file, plain or zstd (told by its first bytes, not by its name). Memory
 * is the longest line. A file that was cut anywhere is readable up to there.
 */
struct lines;

#define LINES_MAX   (4u << 20) /* a longer line is an error of the file: no record is so long */
#define LINES_SLACK 16 /* bytes behind a line, its LF the first of them, that can be read with it */

/* PATH "-" is standard input. 0 or -errno. */
int lines_open(struct lines **out, const char *path, struct err *err);
void lines_close(struct lines *l);

/*
 * 1 and a line without its LF (valid until the next call), 0 at the end, -errno. A last line without
 * LF may lack its end and is not given: lines_cut(). -EINVAL is a line over LINES_MAX, the next call
 * goes on behind it; -EBADMSG is damaged compression, and every further call fails.
 */
int lines_next(struct lines *l, struct str *line, struct err *err);

/*
 * Like lines_next(), of several at once: they are added to TO with their LFs, and have LINES_SLACK behind them;
 * how many there are is added to *N. TO becomes some 16 KiB long at once; then, and where a line is longer, it is one
 * line. An error leaves both as they were.
 */
int lines_block(struct lines *l, struct buf *to, size_t *n, struct err *err);

/* The last LEN bytes of what lines_block() added last, which are N lines, come again. */
void lines_unread(struct lines *l, size_t len, size_t n);

/* How many lines end in S. */
size_t lines_count(struct str s);

uint64_t lines_number(const struct lines *l); /* of the line given last, 1 = first */
bool lines_cut(const struct lines *l);	      /* after the end: last line or zstd frame incomplete */
const char *lines_path(const struct lines *l);
double lines_progress(const struct lines *l); /* share of the file read, 0..1; 0 for a pipe */

#endif
