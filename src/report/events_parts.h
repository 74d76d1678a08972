/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_REPORT_EVENTS_PARTS_H
#define IORIOT_REPORT_EVENTS_PARTS_H

#include "report/events.h"
#include "vfd.h"

/* Inside of events.c and events_host.c: the host as the records so far tell of it. */

/* What a descriptor, or a working directory, is of. */
struct object {
	uint32_t refs;
	bool has_inode;
	uint32_t dev_major, dev_minor;
	uint64_t ino, size;
	size_t len;
	char path[];
};

/* Of an open file description: where its last transfer ended. */
struct place {
	uint64_t end;
	bool used;
};

struct known_thread {
	struct hnode node; /* by tid */
	uint64_t over;	   /* when its last call was */
};

struct known_process {
	struct hnode node; /* by pid */
	char comm[16];
};

/* A request of AIO that is under way, by its address. */
struct request {
	struct hnode node;
	uint32_t pid;
	bool writes;
};

/* A file that is registered with an io_uring. */
struct slot {
	struct hnode node; /* of ring and number */
	uint32_t ring;
	uint64_t number;
	struct object *object;
};

struct events {
	struct capture_reader *reader;
	struct events_totals totals;
	struct rec rec;
	uint64_t origin;
	bool has_origin;
	struct vfd vfd;
	struct hmap threads, processes, requests, slots;
	struct buf file, file2;
	struct object *held[2]; /* whose names the event shows, though it closes them */
};


/* --- events_host.c --- */

void host_init(struct events *e);
void host_free(struct events *e);

struct task *host_task(struct events *e, const struct rec *r);
struct known_thread *host_thread(struct events *e, uint32_t tid);	  /* NULL when memory is out, ... */
struct known_process *host_process(struct events *e, uint32_t pid); /* ... as of all three */
void host_name_first(struct events *e, struct known_process *p);

struct str object_path(const struct object *o);
struct str object_hold(struct events *e, unsigned which, struct object *o);
struct slot *host_slot(const struct events *e, uint32_t ring, uint64_t number);

/* Adds to OUT the bytes of the requests whose ends the call tells. */
void host_completions(struct events *e, const struct rec *r, struct event *out);

/* What the call, which is described by EV, leaves behind. 0 or -ENOMEM. */
int host_effect(struct events *e, struct task *t, const struct rec *r, const struct event *ev);

#endif
