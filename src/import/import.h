/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_IMPORT_IMPORT_H
#define IORIOT_IMPORT_IMPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "datas/buf.h"
#include "utils/err.h"

#define IMPORT_REASONS 32

struct import_result {
	uint64_t lines, records, lost, processes, told; /* told: files of which a stat said what they were */
	struct {
		const char *why;
		uint64_t count, line; /* the first one */
	} reasons[IMPORT_REASONS];
	unsigned reason_count;
	bool cut;     /* the last line or the compression is not whole */
	bool no_cwd;  /* of some process: its relative paths lead nowhere */
};

/*
 * Makes a capture of FROM, what strace -f -ttt -T -y wrote; it is read three times, so it is a file. Times
 * count from the epoch.
 */
int import_strace(const char *from, const char *to, struct import_result *res, struct err *err);

/* Makes a capture of FROM, an iolog of fio (versions 2 and 3); relative names in it are of this directory. */
int import_fio(const char *from, const char *to, struct import_result *res, struct err *err);

/* --- what the importers share --- */

/* The first line of a capture that TOOL's FROM becomes; its times count from START. */
int import_header(struct buf *out, const char *tool, uint64_t start, const char *from, struct err *err);
void import_reason(struct import_result *res, const char *why, uint64_t line);

#endif
