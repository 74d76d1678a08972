/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_OPS_LAYER_LIST_H
#define IORIOT_OPS_LAYER_LIST_H

#include <stdbool.h>

#include "datas/buf.h"
#include "ops/layers.h"
#include "ops/ops.h"
#include "utils/err.h"

/* Which layers: "sys,block,cache=64". A layer's events are the rows of one family. */

struct layer_list {
	bool on[LAYER_COUNT];
	bool files_only; /* of calls those that are operations on files (vfs) */
	unsigned each[LAYER_COUNT]; /* one event in so many is recorded; 0: they are only summed up */
};

extern const char *const layer_names[LAYER_COUNT];

/* The layer of a row, also of those that are calls. */
enum layer layer_of(enum op_id op);

/* -EINVAL with a sentence. */
int layer_list_parse(struct layer_list *l, struct str text, struct err *err);

/* Is anything but the calls in it? */
bool layer_list_has_events(const struct layer_list *l);

#endif
