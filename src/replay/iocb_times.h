/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_REPLAY_IOCB_TIMES_H
#define IORIOT_REPLAY_IOCB_TIMES_H

#include "datas/hist.h"
#include "datas/hmap.h"
#include "trace/replay.h"

/*
 * How long the iocbs of a capture took: from the beginning of the io_submit to the end of the
 * io_getevents that tells their event, as a program sees it. What nobody waited for is not in it.
 */
struct iocb_times {
	struct hmap flying; /* by context and number */
};

/* The next line of the file; CAPTURED is by enum aio_kind. 0 or -ENOMEM. */
int iocb_times_note(struct iocb_times *times, const struct rline *line, struct hist *captured);
void iocb_times_free(struct iocb_times *times);

#endif
