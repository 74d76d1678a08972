/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_EVENTS_EVENTS_PARTS_H
#define IORIOT_EVENTS_EVENTS_PARTS_H

#include "events/events.h"
#include "trace/ahead.h"
#include "vfd.h"

/* Inside of events.c and events_host.c: the host as the records so far tell of it. */

/* What a descriptor, or a working directory, is of. */
struct object {
	uint32_t refs;
	bool has_inode;
	bool stream; /* a pipe, socket or the like: what is moved has no place in it */
	uint32_t dev_major, dev_minor;
	uint64_t ino, size;
	struct file_note note;
	size_t len;
	char path[];
};

/* Of an open file description, or a registered file: where its last transfer ended. */
struct place {
	uint64_t end;
	bool used;
	struct requests *requests; /* of rings, that may not be all; NULL: none */
	struct place *next; /* of those that nobody has */
};

struct known_thread {
	struct hnode node; /* by tid */
	uint64_t over;	   /* when its last call was */
	bool named;	   /* else its process's name and user are its own */
	char comm[COMM_MAX + 1];
	int64_t uid;	   /* -1: not known */
};

struct known_process {
	struct hnode node; /* by pid */
	char comm[COMM_MAX + 1];
	int64_t uid; /* -1: not known */
};

/* What a record of an operation is, and where its arguments are, -1 for none. */
struct op_plan {
	int8_t fd, fd2, dirfd, dirfd2, address, len, off;
	bool call;	/* else state, pages that were touched, files that were registered ... */
	bool submitted; /* to an io_uring */
	bool counted;	/* by the recorder */
	bool apart;	/* of no thread, or of another layer */
	bool path, path2, target;
	bool vector;	/* of the lengths of what it moves */
	bool placed;	/* it reads or writes at a place of the file */
	bool effect;	/* on descriptors, tasks or maps */
};

/* A request of AIO that is under way, by its address. */
struct request {
	struct hnode node;
	uint32_t pid;
	unsigned op;	       /* enum event_op */
	uint64_t began, offset, size;
	int64_t fd, ret;
	bool follows, sequential;
	struct object *object; /* of the file; NULL: not known */
	bool direct;
};

/* A file that is registered with an io_uring. */
struct slot {
	struct hnode node; /* of ring and number */
	uint32_t ring;
	uint64_t number;
	struct object *object;
	struct place place;
	bool direct;
};

/* A close of a slot has its number elsewhere, and a descriptor 0 that means nothing. */
static inline bool closes_slot(const struct rec *r)
{
	return r->op == OP_uring_close && r->sqe.slot != SQE_NONE;
}

struct events {
	struct capture_reader *reader; /* NULL: records come from events_take() */
	struct ahead *ahead;
	struct cblock *block; /* not taken yet from AT on; NULL: none is at hand */
	size_t at;
	char first[16];		       /* program of the first call's process */
	struct events_totals totals;
	const struct rec *rec; /* taken last */
	uint64_t origin;
	bool has_origin;
	struct vfd vfd;
	struct place *places; /* to be had again */
	struct hmap threads, processes, requests, slots, inodes;
	struct known_thread *thread;   /* found last, or NULL */
	struct known_process *process; /* the same */
	struct op_plan plan[OP_COUNT];
	bool names_inodes; /* somebody wants to know */
	struct buf file, file2;
	struct object *held[2]; /* whose names the event shows, though it closes them */
	VEC(struct request *) done; /* that the last record told of */
	size_t told;		    /* so many of them are events by now */
};

/* --- events.c --- */

/* The error that a result is, 0: none, or one that only the kernel sees (restarts). */
int error_of(int64_t ret);

/* The inode, where the record tells it. */
void take_facts(const struct rec *r, struct event *ev);

/* --- events_maps.c --- */

/* The file at the address that a call on memory is about. */
void maps_name(struct events *e, const struct task *t, uint64_t address, struct event *ev);
/* What the call leaves behind. 0 or -ENOMEM. */
int maps_effect(struct events *e, struct task *t, const struct rec *r);

/* --- events_places.c --- */

/* Where a transfer of MOVED bytes is to what was before it at PLACE; NULL: not known. */
void place_note(struct place *place, uint64_t offset, uint64_t moved, bool *follows, bool *sequential);
/* The same of EV, a request of a ring that is over: it is that ring's NUMBER. 0 or -ENOMEM. */
int place_note_request(struct place *place, uint64_t number, uint64_t moved, struct event *ev);
/* Nothing is known of it any more. */
void place_clear(struct place *place);

/* --- events_layers.c --- */

/* An event of another layer: 1 with *EV, 0 (a sum), -ENOMEM. */
int layers_take(struct events *e, const struct rec *r, struct event *ev);
/* The call that EV describes has told the name of an inode. */
int layers_name(struct events *e, const struct event *ev, const struct facts *facts);
/* Somebody else has. 0 or -ENOMEM, as of both. */
int layers_name_inode(struct events *e, const struct facts *facts, struct str path);
void layers_free(struct events *e);

/* --- events_host.c --- */

void host_init(struct events *e);
void host_free(struct events *e);

struct task *host_task(struct events *e, const struct rec *r);
struct known_thread *host_thread(struct events *e, uint32_t tid);	  /* NULL when memory is out, ... */
struct known_process *host_process(struct events *e, uint32_t pid); /* ... as of all three */
int host_process_event(struct events *e, const struct rec *r); /* of the layer proc: names of processes */
void host_first(struct events *e, struct str cmd); /* the command line of the first call's process */
void host_name_first(const struct events *e, struct known_process *p);

struct str object_path(const struct object *o);
/* *O gets this name, if it has another one. 0 or -ENOMEM. */
int object_rename(struct object **o, struct str path, const struct facts *facts);
void object_keep(struct object *o);
void object_drop(struct object *o);
/* What a thread is called, and whose it is; either may be NULL. */
void host_identify(const struct known_thread *k, const struct known_process *p, struct event *ev);
/* The same of one that may not be known. */
void host_identify_of(const struct events *e, uint32_t pid, uint32_t tid, struct event *ev);
int host_thread_told(struct events *e, const struct rec *r); /* state_thread */
/* What the event is on. */
void name_object(struct events *e, struct event *ev, struct object *o);
struct str object_hold(struct events *e, unsigned which, struct object *o);
struct slot *host_slot(const struct events *e, uint32_t ring, uint64_t number);

/* The requests whose ends the call tells are in DONE then. 0 or -ENOMEM. */
int host_completions(struct events *e, const struct rec *r);
/* The next of DONE. */
void host_request(struct events *e, struct event *out);

/* What the call, which is described by EV, leaves behind. 0 or -ENOMEM. */
int host_effect(struct events *e, struct task *t, const struct rec *r, const struct event *ev);

#endif
