/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_EVENTS_EVENTS_H
#define IORIOT_EVENTS_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "trace/capture.h"

/*
 * The calls of a capture, each with what only the records before it tell: which file its descriptor
 * is of, which program made it, where in the file it was, how long its thread had done something else.
 *
 * A request of AIO is an event of its own, from its io_submit until the io_getevents that tells its end.
 */
enum event_op { EVENT_AIO_READ = OP_COUNT, EVENT_AIO_WRITE, EVENT_AIO_SYNC, EVENT_AIO_POLL, EVENT_OPS };

/*
 * How a request of a ring stands to the transfer before it. They are over in another order than they were submitted
 * in, so this may change until SETTLED, or until no more events come.
 */
struct standing {
	uint32_t refs;
	bool follows, sequential; /* as in struct event */
	bool settled;
};

struct standing *standing_keep(struct standing *s);
void standing_drop(struct standing *s);

/* Room beside a file that is open, for one who looks something up by its name, again and again. */
struct file_note {
	const void *owner; /* whose it is, NULL: nobody's yet */
	void *value;
};

struct event {
	const struct rec *rec; /* until the next one; of a request the io_getevents that told it */
	unsigned op;	       /* enum op_id, or enum event_op */
	uint64_t seq;	       /* from 1 */
	int64_t ret;	       /* 0 where there is none */
	uint64_t start;	       /* when it began, ns since the capture did */
	uint64_t latency;      /* ns inside the call */
	uint64_t gap;	       /* ns since the call before of this thread was over; 0 for its first one */
	int64_t fd;	       /* -1: none */
	int64_t offset;	       /* in the file, of calls that move bytes; -1: not known, or none */
	uint64_t size;	       /* bytes asked for */
	uint64_t read, written; /* bytes that it moved */
	uint32_t cause;	       /* of another layer: the process that it is for, 0: not known */
	int64_t uid;	       /* effective user of the thread; -1: not known */
	int error;	       /* errno value, 0: none, or a result inside the kernel (restarts) */
	struct str comm;       /* name of the thread; empty: not known */
	struct str file;       /* absolute where that is known; empty: none */
	struct file_note *note; /* of a file by that name; NULL: none */
	struct str file2;      /* the new name, or what is written by copy_file_range and its kin */
	bool has_inode;
	uint32_t dev_major, dev_minor;
	uint64_t ino;
	bool sequential; /* begins where the one before on its open file description ended */
	bool follows;	 /* there was one before */
	struct standing *standing; /* what these two are in the end, until the next event; NULL: as they are */
	bool direct;	 /* the file was opened with O_DIRECT */
};

/* Events of one row of another layer than calls. */
struct layer_total {
	uint64_t records, bytes, time;
	bool summed; /* the capture told how many there were: */
	uint64_t all, all_bytes, dropped;
};
#define LAYER_ROWS (OP_file_call - OP_block_queue)

/* What the capture says of itself. */
struct events_totals {
	uint64_t records; /* lines that are no state, as the recorder counts */
	uint64_t calls;
	uint64_t lost;	    /* records that the recorder lost */
	uint64_t malformed; /* lines that cannot be read */
	uint64_t unknown;   /* lines of operations that are not in the table */
	uint64_t processes, threads;
	uint64_t end; /* ns from the start to the last record */
	struct layer_total layer[LAYER_ROWS]; /* from OP_block_queue on */
	bool cut;     /* its end is missing */
	char first_malformed[256];
};

struct events;

/* What the kernel keeps of a thread's NAME. */
void comm_set(char comm[static COMM_MAX + 1], struct str name);

/* And what it calls a thread that executes NAME: the last component. */
void comm_of_program(char comm[static COMM_MAX + 1], struct str name);

const char *event_name(const struct event *ev);
int event_find(struct str name); /* enum op_id or enum event_op, -1: none is called so */
enum op_family event_family(const struct event *ev);
enum op_class event_class(const struct event *ev);

int events_open(struct events **out, const char *path, struct err *err);
/* Of records that are no file's yet. Times are since ORIGIN; FIRST: what the first call's process runs, or empty. */
int events_start(struct events **out, uint64_t origin, struct str first, struct err *err);
void events_close(struct events *e);

/* Names of inodes are kept, for the events of other layers. */
void events_name_inodes(struct events *e);
/* What files are called that no call has told: of the snapshot PATH (filesystem_snap.csv). 0 or -errno. */
int events_names_from(struct events *e, const char *path, struct err *err);
/* Is it an event of another layer than calls? */
bool event_is_below(const struct event *ev);

/* 1, 0 at the end, -errno: the file can't be read, or memory is out. */
int events_next(struct events *e, struct event *out, struct err *err);

/* The same for one record, which lends its texts; events_more() until it is 0 has what else it tells. -ENOMEM. */
int events_take(struct events *e, const struct rec *r, struct event *out);
int events_more(struct events *e, struct event *out);

const struct events_totals *events_totals(const struct events *e);
struct str events_header(const struct events *e, const char *key);
double events_progress(const struct events *e);

#endif
