/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_EVENTS_FILTER_H
#define IORIOT_EVENTS_FILTER_H

#include "events/columns.h"

/*
 * The filter language:
 *
 *   expression = and *( "||" and )
 *   and        = not *( "&&" not )
 *   not        = "!" not / "(" expression ")" / test
 *   test       = COLUMN [ operator value / "in" "(" value *( "," value ) ")" ]
 *   operator   = "==" / "!=" / "<" / "<=" / ">" / ">=" / "=~" / "!~"
 *   value      = WORD / "'" text "'" / '"' text '"'
 *
 * A column alone is true when it is not 0 and not empty: "error" are the calls that failed. Text is
 * compared byte by byte, =~ takes a POSIX extended regular expression. Numbers take a unit: ns, us,
 * ms, s of times, k, M, G (1000) and Ki, Mi, Gi (1024) of others. "error" is also compared by number.
 */
struct filter;

/* 0; -EINVAL: err tells what is wrong, and shows where with a caret below the text. */
int filter_parse(struct filter **out, const char *text, struct err *err);
bool filter_matches(const struct filter *f, const struct event *ev);
/* Whether it can be true of a call of that operation, enum op_id or enum event_op. */
bool filter_allows(const struct filter *f, unsigned op);

/* What can be seen of a call when it is over, and must be so for the filter to let it through. */
struct filter_need {
	bool failed, worked; /* a result below 0, or not */
	bool pids, tids, uids; /* process, thread, user: one of filter_ids() */
	bool comms;	       /* name of the thread: one of filter_names() */
	uint64_t latency;    /* at least so long, ns */
};
void filter_need(const struct filter *f, unsigned op, struct filter_need *need);

/* Adds what COLUMN is compared with to the N in OUT, which has room for MOST; how many there would be. */
size_t filter_ids(const struct filter *f, const char *column, uint32_t *out, size_t n, size_t most);

/* The same of a column of text, whose texts are lent by the filter. */
size_t filter_names(const struct filter *f, const char *column, struct str *out, size_t n, size_t most);

bool filter_uses(const struct filter *f, const char *column);
void filter_free(struct filter *f);

#endif
