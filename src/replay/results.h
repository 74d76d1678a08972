/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_REPLAY_RESULTS_H
#define IORIOT_REPLAY_RESULTS_H

#include "datas/hist.h"
#include "replay/compare.h"
#include "replay/dispatch.h"
#include "replay/explain.h"

/* What a real thread counts while it runs; in memory that the parent reads afterwards. */
struct op_result {
	struct hist latency; /* ns; its count is the number of operations */
	uint64_t errors, diverged;
	uint64_t bytes; /* results >= 0, summed up: bytes where the row's class says so */
	uint64_t wait_ns, pace_ns; /* before them: for other threads, for their time */
	uint32_t skipped[SKIP_COUNT];
};

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
	struct op_result op[OP_COUNT];
	struct aio_result aio[AIO_KINDS];
};

#endif
