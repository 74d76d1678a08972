/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_CAPTURE_CHOSEN_H
#define IORIOT_CAPTURE_CHOSEN_H

#include "capture/wire.h"
#include "events/filter.h"
#include "ops/ops.h"
#include "trace/rec.h"
#include "utils/err.h"

/*
 * What -E and -F choose to be recorded. Operations are decided before calls are made records, by the kernel where the
 * backend has a side there; the rest of -F is, by the records themselves, when they are about to be written. Kept
 * anyway is what words_always() names, and of AIO what tells of requests that may be meant.
 */
struct chosen;

/* Either text may be NULL. 0, -EINVAL: an expression that is wrong, or means nothing to a recording, -ENOMEM. */
int chosen_new(struct chosen **out, const char *words, const char *filter, struct err *err);
void chosen_free(struct chosen *c);

/* By operation, OP_COUNT of them, until chosen_free(); NULL: all. */
const bool *chosen_ops(const struct chosen *c);

/*
 * What of -F the kernel can decide when a call is over. Nothing is asked of calls without which others could not be
 * understood: those need no latency, failure or process.
 */
#define CHOSEN_IDS WIRE_NEED_IDS
struct chosen_needs {
	struct filter_need of[OP_COUNT];
	uint32_t pids[CHOSEN_IDS], tids[CHOSEN_IDS], uids[CHOSEN_IDS];
	char comms[CHOSEN_IDS][16];
	unsigned pid_count, tid_count, uid_count, comm_count;
};
const struct chosen_needs *chosen_needs(const struct chosen *c); /* NULL: none */

/* enum wire_need, for those who make records in the kernel. */
uint8_t chosen_need(const struct filter_need *n);

bool chosen_has_id(const uint32_t *ids, unsigned n, uint32_t id);

/* Times count from START; CMD is what the first process runs, or empty. 0 or -ENOMEM. */
int chosen_begin(struct chosen *c, uint64_t start, struct str cmd, struct err *err);

/* Whether the record is to be written; each record of a capture is shown, in their order. */
bool chosen_keeps(struct chosen *c, const struct rec *r);

#endif
