/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_REPORT_GROUPS_H
#define IORIOT_REPORT_GROUPS_H

#include "datas/arena.h"
#include "datas/hmap.h"
#include "report/batches.h"
#include "events/columns.h"
#include "report/sparse.h"

/* Calls by what they have in common: the text of one or several columns. */

struct tally {
	uint64_t count, errors, read, written;
	struct sparse latency; /* ns */
};

struct group {
	struct hnode node;
	struct str key; /* the columns' values with KEY_SEP between */
	struct tally tally;
	struct batches *batches; /* NULL unless the groups are to be compared */
};

#define KEY_SEP	      '\0' /* in no name */
#define KEY_COLUMNS   8
#define GROUPS_MAX    (1u << 20) /* what comes after that is summed up: */
#define GROUPS_OTHERS "(others)"

struct groups {
	const struct column *by[KEY_COLUMNS];
	unsigned columns;
	struct hmap map;
	struct arena arena;
	struct group *others;
	bool by_file; /* by the file alone */
	bool per_op;  /* a call's operation alone decides: */
	struct group *of_op[EVENT_OPS];
	struct buf key;
	bool batched; /* each group has batches; set behind groups_init() */
};

/* BY: names of columns with commas between. 0, -EINVAL. */
int groups_init(struct groups *g, const char *by, struct err *err);
int groups_add(struct groups *g, const struct event *ev); /* 0 or -ENOMEM */
void groups_free(struct groups *g);

int tally_add(struct tally *t, const struct event *ev); /* 0 or -ENOMEM */
int tally_merge(struct tally *into, const struct tally *from); /* the same */

/* All that was counted elsewhere belongs to the group of that key, too. 0 or -ENOMEM. */
int groups_merge(struct groups *g, struct str key, const struct tally *from);

enum group_order { BY_TIME, BY_COUNT, BY_BYTES, BY_P99, BY_ERRORS };

uint64_t group_rank(const struct tally *t, enum group_order order);
struct group *groups_find(const struct groups *g, struct str key); /* NULL: no such group */

/* All of them, the largest first, equal ones by key; the caller frees it. NULL when memory is out. */
struct group **groups_sorted(const struct groups *g, enum group_order order, size_t *n);

#endif
