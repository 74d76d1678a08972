/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_TESTS_SAMPLES_H
#define IORIOT_TESTS_SAMPLES_H

#include "trace/replay.h"

/* One record and one replay line for every operation, in each of these ways. */
enum sample {
	SAMPLE_PLAIN,  /* values as programs use them */
	SAMPLE_EXTREME, /* largest numbers, names of any byte */
	SAMPLE_LEAST,  /* zeros, unreadable names, empty lists */
	SAMPLE_COUNT
};

void sample_rec(struct rec *rec, enum op_id op, enum sample how);
void sample_rline(struct rline *line, enum op_id op, enum sample how);
void sample_init(struct init_line *line, enum init_kind kind, enum sample how);
#define INIT_KINDS (INIT_XATTRS + 1)

/* NULL when both say the same, else what differs. Only what the operation's row has is compared. */
const char *rec_difference(const struct rec *a, const struct rec *b);
const char *rline_difference(const struct rline *a, const struct rline *b);
const char *init_difference(const struct init_line *a, const struct init_line *b);

#endif
