/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_GENERATE_GENERATE_H
#define IORIOT_GENERATE_GENERATE_H

#include "generate/init_section.h"
#include "generate/model.h"

struct generate_request {
	const char *capture, *replay; /* paths */
	const char *name;	      /* of the test */
	const char *root;	      /* absolute, or NULL */
	void (*progress)(void *user, double share, uint64_t operations); /* may be NULL */
	void *user;
};

/* An operation without a row, by its name. */
struct unknown_op {
	char name[32];
	uint64_t count, line; /* of the first one */
};
#define UNKNOWN_OPS 24

struct generate_result {
	uint64_t records, operations, edges;
	uint32_t processes, threads;
	uint64_t left_out[LEFT_COUNT];
	uint64_t reordered; /* overlapping calls whose results told that the later seen came first */
	uint64_t forced;    /* records that contradict all before them, whatever the order */
	uint64_t appeared;  /* names that something outside of the capture must have made */
	uint64_t outside;   /* operations of others that explain what the program saw */
	uint64_t reused;    /* descriptors and maps whose end was not captured: number or address came again */
	uint64_t granted;   /* permissions that only root could do without */
	uint64_t unsure;    /* submissions whose descriptor's number was given to another file before they were over */
	uint64_t maps;	    /* of files, in the replay */
	enum faults faults; /* what is known of their pages */
	uint64_t lost;	    /* events that the capture itself counted as lost */
	bool cut;	    /* the capture has no closing line */
	char malformed[1024];			/* the first malformed line, described */
	struct unknown_op unknown[UNKNOWN_OPS]; /* in the order in which they came */
	unsigned unknowns;			/* beyond the array: only counted in left_out */
	struct init_counts init;
};

/* Reads the capture once and writes the replay. 0 or -errno; nothing is left behind then. */
int generate(const struct generate_request *q, struct generate_result *res, struct err *err);

#endif
