/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RANDPROG_H
#define RANDPROG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../common/raw.h"

/*
 * A random program: what it does follows from its seed alone. plan.c makes the plan, a list of steps
 * of several tasks; tasks.c lets the tasks take their steps; calls.c makes the calls; paths.c
 * invents names for them. All that the tasks share is in one piece of memory, struct shared, since
 * they may be threads, processes, or the same process after an exec.
 *
 * A step's random numbers come from a seed of its own, so that the others stay as they are when
 * one is left out: that is how a failing program is made smaller.
 */

#define TASKS 12  /* at most; 0 is the first process */
#define STEPS 4096
#define SLOTS 10  /* where a table of descriptors keeps numbers; stale ones stay */
#define TABLES 256
#define HOT   4   /* names that are used more than others */

/*
 * Directories above the one where it begins, which are its own as well. A path can lead up by forty
 * symbolic links and a few "..", from a current directory that is not far up: calls_make(). Landlock
 * keeps nobody from changing modes and owners, so root's programs must not come further.
 */
#define LEVELS 60
#define LEVELS_AWAY 10 /* from there a current directory is left again */

#define MEMORY_FD 900 /* struct shared, and above it the pipes */
#define PASS_FD	  990 /* and 991: a pair of sockets that descriptors are passed through */
#define HANDLES	  4

enum step_kind { STEP_CALL, STEP_SPAWN, STEP_EXIT, STEP_WAIT, STEP_EXEC, STEP_KILL };

enum spawn_how {
	SPAWN_FORK,
	SPAWN_VFORK,
	SPAWN_CLONE_FS,	   /* processes that share more than usual */
	SPAWN_CLONE_FILES,
	SPAWN_CLONE_BOTH,
	SPAWN_CLONE3,	   /* a process of its own */
	SPAWN_VM,	   /* shares memory, nothing else */
	SPAWN_THREAD,
	SPAWN_THREAD_ALONE, /* a thread with its own descriptors and directory */
	SPAWN_HOWS
};

struct step {
	uint8_t kind, task, other; /* other: who is spawned, waited for, killed */
	uint8_t how;		   /* enum spawn_how; exit: 1 = exit_group */
	uint8_t hot;
	bool kept;
	uint32_t before; /* so many kept steps must be done first */
	uint64_t seed;
};

/*
 * turns   one call at a time
 * pairs   up to two calls of two tasks at once, on the same names
 * phases  several tasks at work, on names of their own, between barriers
 * free    no order at all but that of each task
 */
enum mode { MODE_TURNS, MODE_PAIRS, MODE_PHASES, MODE_FREE, MODES };

struct options {
	uint64_t seed;
	enum mode mode;
	unsigned ops, tasks;
	bool pipes;	  /* turns are passed on through pipes, not futexes */
	unsigned limit;	  /* of what it writes in a file, 0: none */
	bool own_names;	  /* each task in its own names */
	bool privileged;  /* calls that only root can make */
	const char *keep; /* "3,7-9": only these steps; NULL: all */
};

struct task_state {
	_Atomic int32_t pid, tid;
	uint8_t table; /* of descriptors */
	uint32_t at;   /* its next step, for a program that executes itself */
};

struct handle { /* struct file_handle of open_by_handle_at(2) */
	uint32_t bytes;
	int32_t type;
	char f[128];
};

struct shared {
	struct options options;
	uint32_t nsteps;
	int32_t first; /* process */
	_Atomic uint32_t done, tables;
	char top[1024]; /* the directory where it all happens */
	struct task_state task[TASKS];
	_Atomic int32_t slot[TABLES][SLOTS];
	_Atomic bool directory[MEMORY_FD]; /* that number was one's, when it was opened last */
	struct handle handle[HANDLES];
	struct step step[STEPS];
	_Atomic uint32_t log_len;
	char log[1 << 20];
};

extern struct shared *shared;

/* ---- random numbers ---- */

struct rng {
	uint64_t state;
};

uint64_t rng_next(struct rng *r);
uint32_t rng_below(struct rng *r, uint32_t n);
bool rng_percent(struct rng *r, unsigned percent);

/* ---- plan ---- */

void plan_make(struct shared *s);
const char *plan_keep(struct shared *s); /* NULL, or what is wrong with options.keep */

/* ---- one step of one task ---- */

struct ctx {
	const struct step *step;
	unsigned task, table;
	struct rng rng;
	char path[2][8192];
};

void calls_make(struct ctx *c);
void calls_setup(uint64_t seed, bool privileged); /* what is there before the program begins */

__attribute__((format(printf, 2, 3))) void say(const struct ctx *c, const char *format, ...);

/* ---- names ---- */

enum want { WANT_ANY, WANT_FILE, WANT_DIR, WANT_LINK, WANT_NEW, WANT_FIFO };

/* A path in c->path[which]; NULL, a bad pointer, for a call that is to fail. */
const char *path_make(struct ctx *c, int which, enum want want);
const char *path_target(struct ctx *c, int which); /* text of a symbolic link */

/* ---- tasks ---- */

void task_run(unsigned task) __attribute__((noreturn));
void task_resume(unsigned task) __attribute__((noreturn)); /* after an exec */
unsigned table_copy(unsigned from); /* a new table of slots with the same numbers */

#endif
