/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_CAPTURE_LIVE_H
#define IORIOT_CAPTURE_LIVE_H

#include "capture/backend.h"
#include "capture/merge.h"
#include "capture/watch.h"

/*
 * A capture whose records come out of the kernel (wire.h): what is the same for all backends that have
 * such. In rounds, all that was made so far is taken, put in order, given the state at the beginning
 * (begin.h), the looks at names (late.h), and written. One thread.
 *
 *	live.c		rounds, the program, the end
 *	live_signals.c	what ends a capture
 *	merge.c		the records of all processors in the order of their times
 */
struct live;

/* What a backend does for it. All return 0 or -errno with a sentence. */
struct live_source {
	const char *full; /* why records of a processor never came */
	bool unplaced;	  /* pages that are touched are told by address only */
	/* Tells the kernel who is recorded (CHILD, or what the options say when it is 0), and begins. */
	int (*start)(void *user, pid_t child, struct err *err);
	/* The capture has begun. HOW: more words for the user. */
	void (*ready)(void *user, const char *how);
	/* The state of each process is told once more. */
	int (*again)(void *user, struct err *err);
	/*
	 * All records up to time *T are in M afterwards, T being as late as can be. STOP: no more are made. 1: there
	 * are more records, later ones, that can be had at once.
	 */
	int (*collect)(void *user, struct merge *m, bool stop, uint64_t *t, struct err *err);
	/* So many bytes that were put into M are used up. */
	void (*freed)(void *user, size_t bytes);
	/* Until much is there, or NS are over. */
	void (*wait)(void *user, uint64_t ns);
	/* For --file; NULL: it does not know files. */
	watch_tell_fn *file;
	/* How many threads are recorded; not asked when that is everybody. */
	int (*scope)(void *user, int64_t *threads, struct err *err);
	/* After the last collect: accounts for what never came, by live_lost(). */
	int (*settle)(void *user, struct err *err);
};

/* Forks the program, which waits, and takes the signals. */
int live_open(struct live **out, struct capture_job *job, const struct live_source *source, void *user,
	struct err *err);

/* Writes the header, with pairs of the backend's own. QUEUES: processors. */
int live_stages(struct live *l, size_t queues, const struct capture_pair *pairs, size_t n, struct err *err);

/* Of the other layers (layers.h), each as a list of hooks or names. */
struct live_layers {
	struct str on, missing;
	struct str silent;   /* attached, and not called when they were tried */
	struct str untried;
	bool events;	     /* of any other layer than the system calls */
};

#define LIVE_LAYER_PAIRS 4

/* What the header says of them; how many pairs that are. */
size_t live_layer_pairs(const struct live_layers *layers, struct capture_pair pairs[static LIVE_LAYER_PAIRS]);
void live_say_layers(struct live *l, const struct live_layers *layers);

/* From the start to the last record. */
int live_record(struct live *l, struct err *err);

/* Writes what still waits. */
void live_close_stages(struct live *l);

/* The program, if it was started, is waited for. */
void live_close(struct live *l);

void live_say(struct live *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void live_lost(struct live *l, uint64_t t, uint64_t count, const char *why);

/* What was seen of one kind of event, for the end of the capture; told to the user, too. */
struct live_sum {
	uint64_t seen, bytes, kept, dropped;
};
int live_sums(struct live *l, enum op_id row, const struct live_sum *sum, struct err *err);

/* MiB of kernel memory for each processor. */
unsigned live_buffer(struct live *l);

/* Is PID a process that -x can take? -ESRCH with a sentence. */
int live_check_pid(pid_t pid, struct err *err);

/* --- live_signals.c --- */

struct live_signals;

struct live_signals *live_signals_take(void); /* NULL: memory is out */
/* Not behind one of them: it has had its effect, and those that come until the program has ended have none. */
void live_signals_give_back(struct live_signals *s);

/* How often the terminal said that it is enough, and somebody else, so far. */
unsigned live_signals_int(void);
unsigned live_signals_term(void);

#endif
