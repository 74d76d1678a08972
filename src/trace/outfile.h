/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_TRACE_OUTFILE_H
#define IORIOT_TRACE_OUTFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "utils/err.h"
#include "utils/str.h"

/*
 * Output files. NAME.zst is compressed, and NAME.csv.gz for programs that cannot read that. OUTFILE_WHOLE
 * appears under its name only when it is committed (a temporary file beside it until then); OUTFILE_LIVE is a
 * capture in progress: written under its name, and outfile_sync() makes all lines so far readable for others.
 * Only regular files are replaced; a device or a pipe (/dev/stdout) is written to directly.
 * The temporary file has no name until then (O_TMPFILE), so nothing stays when the process is ended;
 * where the file system has no O_TMPFILE it is .NAME.XXXXXX, which a signal may leave behind.
 */
struct outfile;

enum outfile_mode { OUTFILE_WHOLE, OUTFILE_LIVE };

int outfile_open(struct outfile **out, const char *path, enum outfile_mode mode, struct err *err);
int outfile_write(struct outfile *f, const void *p, size_t len, struct err *err);
int outfile_sync(struct outfile *f, struct err *err);
uint64_t outfile_bytes(const struct outfile *f); /* written so far, before compression */
uint64_t outfile_size(const struct outfile *f);	 /* after it; the compressor keeps up to 128 KiB back */

/* It has a name of its own that can be given to another: no device, no pipe. */
bool outfile_is_named(const struct outfile *f);

/* Where the ".zst" of PATH begins, or its end. */
const char *outfile_suffix(const char *path);

/*
 * Ends the file and frees f in either case. outfile_abort() removes what was not committed, except
 * what outfile_sync() has made readable: a capture that failed half-way is still a capture.
 */
int outfile_commit(struct outfile *f, struct err *err);
void outfile_abort(struct outfile *f);

/* A whole file at once. */
int outfile_put(const char *path, struct str text, struct err *err);

#endif
