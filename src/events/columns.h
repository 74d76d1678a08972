/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_EVENTS_COLUMNS_H
#define IORIOT_EVENTS_COLUMNS_H

#include "events/events.h"

/* What can be said of a call: one set of columns for filters, tables and exports. */

enum column_type {
	COLUMN_TEXT,
	COLUMN_NUMBER, /* signed 64 bits */
	COLUMN_BYTES,
	COLUMN_TIME    /* ns */
};

/* Text columns lend their bytes: those of the event, or SCRATCH. */
#define COLUMN_SCRATCH 32

struct column {
	const char *name;
	enum column_type type;
	const char *help;
	struct str (*text)(const struct event *ev, char scratch[COLUMN_SCRATCH]);
	int64_t (*number)(const struct event *ev);
	bool per_op; /* the same for all calls of an operation */
};

extern const struct column columns[];
extern const unsigned column_count;

const struct column *column_find(struct str name); /* NULL when there is none; path, process, thread are others' */

/* The names of all of them, "a, b, c", for messages. */
struct str column_names(void);

/* The value as text, whatever its type; numbers in their unit, without it. */
struct str column_text(const struct column *c, const struct event *ev, char scratch[COLUMN_SCRATCH]);

#endif
