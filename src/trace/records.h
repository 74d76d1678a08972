/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_TRACE_RECORDS_H
#define IORIOT_TRACE_RECORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "utils/err.h"

/*
 * A capture as JSON lines, and back: the header is the first object, each record one more. Keys are those of the
 * capture's lines, values as they stand there, those that are integers as such (up to 2^53, which every reader of JSON
 * keeps). Nothing is lost on the way.
 */
struct records_told {
	uint64_t records, lost, malformed; /* malformed lines are left out */
	uint64_t unknown;		   /* of a later version, left out */
	char first_malformed[256];
	bool cut;
};

/* How they are written: as JSON, or as a capture again; with HIDE, which stays the caller's, without names. */
struct hide;
struct records_form {
	bool json;
	struct hide *hide;
};

/*
 * Only of captures of this version: others have not got these keys. What is hidden must be known: operations of later
 * versions are left out then. 0 or -errno.
 */
int records_export(const char *from, const char *to, const struct records_form *form, struct records_told *told,
	struct err *err);

/* The first line that is no record makes it fail. What its "end" says of their number is made true. */
int records_import(const char *from, const char *to, struct records_told *told, struct err *err);

#endif
