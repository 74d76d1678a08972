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
bool filter_uses(const struct filter *f, const char *column);
void filter_free(struct filter *f);

#endif
