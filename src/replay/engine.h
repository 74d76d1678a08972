/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_REPLAY_ENGINE_H
#define IORIOT_REPLAY_ENGINE_H

#include <signal.h>

#include "replay/program.h"
#include "replay/results.h"
#include "replay/ticks.h"
#include "replay/timeline.h"
#include "utils/user.h"

/* Running a program: workers are forked, each starts its threads, the parent looks on. */

enum slot_state { SLOT_RUNNING, SLOT_WAITING, SLOT_PACING, SLOT_ENDED };

/* One per real thread, in memory shared by all workers; a cache line of its own. */
struct slot {
	_Atomic uint32_t done; /* operations that are over; a futex */
	_Atomic uint32_t sleepers;
	_Atomic uint32_t state; /* enum slot_state; kept up where a thread waits only */
	_Atomic uint32_t wait_thread, wait_seq; /* what it waits for while SLOT_WAITING */
} __attribute__((aligned(64)));

struct engine_shared {
	_Atomic uint32_t ready; /* threads that stand at the start */
	_Atomic uint32_t go;	/* a futex */
	_Atomic uint32_t failed; /* 1: a worker is putting its reason into error; 2: it is there */
	uint64_t start;		/* now_ns() when go was given */
	int error_code;
	char error[sizeof(((struct err *)NULL)->text)];
	struct slot slots[];
};

struct engine;

struct engine_config {
	const struct program *program;
	const struct options *options;
	struct user user;
	int landlock; /* version, 0 = none */
	enum pace_kind pace;
	double speed; /* of the pace */
	uint32_t watchdog; /* seconds without any progress until the run is ended */
	bool quiet;
	bool timeline; /* wanted */
	bool over_ext4; /* explain_is_over_ext4() of the first tree */
	uint64_t limit; /* ns from the end of the warm-up until the run is ended; 0 = none */
	struct amount warmup; /* time or operations */
	int (*warmed)(void *arg, struct engine *e); /* the warm-up is over: more than once; 0 or -ENOMEM */
	void *arg;
};

/* What came of it. */
struct engine {
	struct engine_config config;
	struct ticks ticks;
	struct engine_shared *shared;
	size_t shared_size;
	struct thread_result *results; /* by real thread */
	size_t results_size;
	struct file_result *files; /* with --by: [thread * program->files.n + file] */
	size_t files_size;
	_Atomic uint16_t *umasks;
	size_t umasks_size;
	/* PACE_BEFORE, by virtual thread: now_ns() when its last operation was over; 0 = at the start */
	_Atomic uint64_t *ended;
	size_t ended_size;
	uint8_t *write_data;
	uint64_t write_period, write_size;
	uint64_t spin_ns; /* that a thread looks for the end of another's operation before it sleeps */
	pid_t self, *workers;
	uint32_t running;
	struct timeline timeline;
	double loadavg;	   /* highest of the one-minute averages seen */
	uint64_t ns;	   /* from the start to the end of the last operation */
	uint64_t warm_ns;  /* of that, the warm-up */
	bool warm;	   /* it is over, or there is none */
	bool limited;	   /* ended by the limit */
	bool interrupted;  /* by a signal to this program */
};

/*
 * 0: all operations were issued. Otherwise -errno and err says what ended the run; the results so
 * far can be read. The caller calls engine_free() in both cases.
 */
int engine_run(struct engine *e, const struct engine_config *config, struct err *err);
void engine_free(struct engine *e);

/* In the forked worker; never returns. */
void worker_main(struct engine *e, uint32_t number, const sigset_t *mask) __attribute__((noreturn));

/* Zeroed pages that cost nothing until they are touched, MAP_SHARED or MAP_PRIVATE; or NULL. */
void *map_lazily(uint64_t size, int sharing);

/*
 * SIZE bytes, a multiple of MAP_PERIOD, of which all periods are the same memory; or NULL. What a call
 * reads or writes costs no more than one period, however long it is.
 */
#define MAP_PERIOD (4u << 20)
void *map_repeated(uint64_t size);

/* For requests of up to LONGEST bytes, from any place in the first period. */
static inline uint64_t map_periods_of(uint64_t longest)
{
	const uint64_t most = 0x7ffff000u; /* the kernel transfers no more in one call (MAX_RW_COUNT) */

	return ((longest < most ? longest : most) / MAP_PERIOD + 2) * MAP_PERIOD;
}

/* Ends the worker with a reason that the parent prints. */
void worker_fail(struct engine *e, int code, const char *what) __attribute__((noreturn));

/* The operations of one real thread: thread.c. */
struct thread_start {
	struct engine *e;
	struct worker *w;
	uint32_t number;
};
void *thread_main(void *start);
/* When all threads of a worker are over: the iocbs that nobody waited for are. */
void thread_end_aio(const struct thread_start *start);

#endif
