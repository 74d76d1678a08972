/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_TRACE_SIDE_H
#define IORIOT_TRACE_SIDE_H

#include <jansson.h>

#include "datas/buf.h"
#include "utils/err.h"

/* One file of statistics: the complete runs in it. It may come from anybody. */
#define SIDE_RUNS_MOST 1000

struct side {
	const char *file;
	json_t *root;
	VEC(const json_t *) runs; /* complete ones; borrowed from root */
	size_t incomplete;
	const char *id, *hash; /* of the replay */
	json_int_t operations;
	bool limited;	  /* a run was ended by a time: its length says nothing */
	double diverged;  /* the most of one run */
};

/* -EPROTO with a sentence when FILE is something else. side_close() in any case. */
int side_open(struct side *s, const char *file, struct err *err);
void side_close(struct side *s);

/* OBJECT.KEY as a number; false where it is none. */
bool side_number(const json_t *object, const char *key, double *out);

/* Run I's entry of by_operation called NAME, or NULL. */
const json_t *side_operation(const struct side *s, size_t run, const char *name);
/* The same of by_file, which only statistics with --by=file have. */
const json_t *side_file(const struct side *s, size_t run, const char *name);
#define SIDE_FILES_MOST 2048 /* more are in no file of ours, and not looked at */

#endif
