/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_TRACE_HEADER_H
#define IORIOT_TRACE_HEADER_H

#include "datas/buf.h"
#include "trace/capture.h"
#include "trace/lines.h"

/* The first line of both formats: "#|key=value|key=value|", values escaped. */
struct header {
	struct buf text; /* keys and decoded values */
	VEC(struct capture_pair) pairs;
};

/* 0, -EPROTO when LINE is no such line, -ENOMEM. */
int header_parse(struct header *h, struct str line);
struct str header_get(const struct header *h, const char *key); /* {NULL} if not there */
void header_free(struct header *h);

/* Which of the formats a file must be: "capture" or "replay", and the versions that can be read. */
struct header_kind {
	const char *name, *version_key;
	const char *other, *other_key; /* the other one, for the message */
	int oldest, newest;
};

/*
 * Reads the first line and checks kind and version, which is *VERSION then. 0, -EPROTO with a
 * sentence that says what the file is instead, -errno.
 */
int header_read(struct header *h, struct lines *lines, const struct header_kind *kind, int *version,
	struct err *err);

/* The line with its LF: "VERSION_KEY=VERSION" first. */
void header_print(struct buf *out, const char *version_key, int version,
	const struct capture_pair *pairs, size_t n);

#endif
