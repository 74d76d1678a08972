/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_REPLAY_RESULTS_H
#define IORIOT_REPLAY_RESULTS_H

#include "datas/hist.h"
#include "replay/compare.h"
#include "replay/dispatch.h"
#include "replay/explain.h"

#define CACHE_LINE 64
#define SKIPS_ROOM 14 /* makes struct op_result a multiple of a cache line */

/* What a real thread counts while it runs; in memory that the parent reads afterwards. */
struct op_result {
	/* one cache line, with the head of the histogram: what each operation adds to */
	uint64_t errors, diverged;
	uint64_t bytes; /* results >= 0, summed up: bytes where the row's class says so */
	struct hist latency; /* ns; its count is the number of operations */
	uint64_t wait_ns, pace_ns; /* before them: for other threads, for their time */
	uint32_t skipped[SKIPS_ROOM]; /* by enum skip_reason */
};
_Static_assert(sizeof(struct op_result) % CACHE_LINE == 0 && SKIP_COUNT <= SKIPS_ROOM, "see SKIPS_ROOM");

enum aio_kind { AIO_READ, AIO_WRITE, AIO_SYNC, AIO_KINDS };
enum aio_kind aio_kind_of(uint64_t opcode); /* IOCB_CMD_... */

/* Of iocbs, from their submission until their events are taken. */
struct aio_result {
	struct hist latency; /* ns; its count is the number of iocbs */
	uint64_t errors, diverged, bytes;
};

struct thread_result {
	uint64_t end;		 /* now_ns() when its last operation was over */
	uint64_t waits, wait_ns; /* for operations of other threads */
	struct hist late;	 /* ns behind the deadline; paced replays only */
	bool chown_own;
	struct divergences divergences;
	struct explanations explained;
	struct op_result op[OP_COUNT] __attribute__((aligned(CACHE_LINE)));
	struct aio_result aio[AIO_KINDS];
};

#endif
