/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_CAPTURE_MERGE_H
#define IORIOT_CAPTURE_MERGE_H

#include <stddef.h>
#include <stdint.h>

#include "capture/wire.h"

/* Records of many processors, each in order, in the order of their times. */

/* A block whose records are all in bounds. */
struct merge_block {
	struct merge_block *next;
	uint64_t lost; /* records that this processor made and that never came, just before these */
	uint32_t count; /* records, 1 at least */
	uint32_t size;	/* bytes of them */
	unsigned char bytes[] __attribute__((aligned(8)));
};

struct merge_list {
	struct merge_block *first, **end;
	size_t bytes;
};

void merge_list_init(struct merge_list *list);
void merge_list_free(struct merge_list *list);

struct merge;

struct merge_out {
	void *user;
	/* A record; its time never goes back. What is not 0 ends the merge. */
	int (*rec)(void *user, struct wire_rec *rec);
	/* COUNT records of a processor were lost before time T. */
	void (*lost)(void *user, uint64_t t, uint64_t count);
};

/* One queue for each of N processors. NULL: memory is out. */
struct merge *merge_open(size_t n);
void merge_close(struct merge *m);

/* Takes all blocks of LIST, which is empty afterwards. */
void merge_add(struct merge *m, size_t queue, struct merge_list *list);

/* Bytes of the blocks of QUEUE that are not used up. */
size_t merge_held(const struct merge *m, size_t queue);

/*
 * Hands over all records up to time T, which must all have been added. 0, or what rec() returned.
 * *FREED: bytes of blocks that are used up.
 */
int merge_to(struct merge *m, uint64_t t, const struct merge_out *out, size_t *freed);

#endif
