/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_CAPTURE_STAP_H
#define IORIOT_CAPTURE_STAP_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "capture/backend.h"
#include "capture/live.h"
#include "capture/stap_module.h"
#include "capture/wire.h"
#include "datas/buf.h"

/*
 * Shared by the files of the SystemTap backend. The module writes blocks of records (wire.h), a
 * relay channel for each processor; staprun puts it into the kernel and out again.
 *
 *	stap_run.c	staprun
 *	stap_ctl.c	what the module is told, and what it says of itself
 *	stap_frame.c	bytes of a trace file -> blocks, and what is missing between them
 *	stap_read.c	a thread for each processor
 *	stap.c		one capture, as live.h has it
 */

/* --- stap_frame.c --- */

/* The stream of one processor. All 0 at the beginning, but for cpu. */
struct stap_frames {
	unsigned cpu;
	unsigned header;   /* bytes of SystemTap's header: 8 (4.x) or 12 (5.x); 0: not known yet */
	bool begun;	   /* there was a block */
	uint32_t seq;	   /* of the last block */
	uint64_t made;	   /* records that the blocks so far account for, lost ones included */
	uint64_t received; /* records in blocks */
	uint64_t lost;	   /* records missing before a block */
	uint64_t pending;  /* of those, not in a block's count yet */
	uint64_t last;	   /* time of the newest record */
	uint64_t damaged;  /* bytes that belong to no good block */
	struct buf rest;   /* the beginning of a frame whose end has not come */
};

/*
 * The next bytes of a trace file: whole blocks are appended to LIST. Whatever the bytes are, the
 * result is blocks in bounds, in the order of their numbers. 0 or -ENOMEM.
 */
int stap_frames_feed(struct stap_frames *f, const void *bytes, size_t size, struct merge_list *list);

/*
 * Nothing more comes: what is left is damage. MADE is what the module says it made; returns how
 * many of those never came and are in no block's count.
 */
uint64_t stap_frames_end(struct stap_frames *f, uint64_t made);

/* --- stap_read.c --- */

struct stap_readers;

/*
 * One thread for each file traceN in DIRECTORY, which stays on that processor: the runtime changes
 * buffers with nothing but interrupts switched off. MOST is how many bytes may wait in memory
 * before reading pauses. -errno with a sentence.
 */
int stap_readers_open(
	struct stap_readers **out, const char *directory, size_t most, struct err *err);

/* Ends the threads. */
void stap_readers_stop(struct stap_readers *all);

/* And frees all, with what was not taken. */
void stap_readers_close(struct stap_readers *all);

size_t stap_readers_count(const struct stap_readers *all);

/* For who stopped them. */
struct stap_frames *stap_readers_frames(struct stap_readers *all, size_t queue);

/*
 * All processors have handed over their blocks ("flush") since time T. Waits until what was made
 * before T has been read. -errno with a sentence: a file cannot be read any more.
 */
int stap_readers_drain(struct stap_readers *all, uint64_t t, struct err *err);

/* What was read so far, into M; the numbers of queues are the same. */
void stap_readers_take(struct stap_readers *all, struct merge *m);

/* BYTES that were taken are free again. */
void stap_readers_release(struct stap_readers *all, size_t bytes);

/* Waits until much has been read, or NS are over. */
void stap_readers_wait(struct stap_readers *all, uint64_t ns);

/* --- stap_ctl.c --- */

enum stap_state { STAP_IDLE, STAP_STARTED, STAP_STOPPED };

struct stap_cpu {
	unsigned cpu;
	uint64_t made, dropped;
};

/* Events of one kind, of all processors. */
struct stap_events {
	enum op_id row;
	struct live_sum sum;
};

struct stap_status {
	uint64_t abi;
	char tables[32], variant[24];
	enum stap_state state;
	int64_t scope;
	char hooks[512], missing[512];
	char layers[2048], layers_missing[1024]; /* as the header of a capture has them */
	char not_called[2048];
	VEC(struct stap_events) events;
	uint64_t skipped;
	VEC(struct stap_cpu) cpus;
};

/* The text of a status file. -EINVAL with the line that is wrong, or the name that is missing. */
int stap_status_parse(struct stap_status *out, struct str text, struct err *err);
void stap_status_free(struct stap_status *s);

int stap_status_read(struct stap_status *out, const char *module, struct err *err);

/* Whether the module speaks as this ioriot does. -ENOSYS with a sentence. */
int stap_status_check(const struct stap_status *s, struct err *err);

/* One command. 0 or -errno with a sentence. */
int stap_ctl(const char *module, struct err *err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Where its trace files are; OUT. */
const char *stap_trace_directory(const char *module, char *out, size_t size);

/* --- stap_run.c --- */

/* A module in the kernel, and the process that takes it out should this one be killed. */
struct stap_loaded {
	char name[STAP_NAME_MAX]; /* "" = none */
	char staprun[PATH_MAX];
	char inserted[512]; /* what staprun says of it, to be told when it records; "" = nothing */
	pid_t guard;
	int guard_pipe; /* closed without a byte, the guard acts */
};

/*
 * Runs staprun on MODULE; what it says goes to JOB's user. BUFFER: MiB for each processor. -ENOSYS
 * or -EPERM with what it said when the module is not in the kernel afterwards.
 */
int stap_load(struct stap_loaded *out, const struct capture_job *job,
	const struct stap_module *module, unsigned buffer, struct err *err);

/* Takes it out, none of its files being open. -EBUSY with a sentence that says how to do it by
 * hand. */
int stap_unload(struct stap_loaded *loaded, const struct capture_job *job, struct err *err);

/* OUT holds PATH_MAX bytes. -ENOSYS: not installed; -EPERM: not for this user. */
int stap_find_staprun(char *out, struct err *err);

#endif
