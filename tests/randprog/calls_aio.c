/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <linux/aio_abi.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>

#include "calls.h"

/*
 * Linux AIO. Contexts belong to an address space, as this memory does. Requests are over before the turn
 * is: what storage does in its own time has no order. Their events may be asked for later.
 */

#define CONTEXTS 3
#define EVENTS	 16 /* under way at once */
#define POOL	 (2 * EVENTS)

struct ring { /* struct aio_ring of fs/aio.c, as user space sees it */
	unsigned id, nr, head, tail, magic;
};

static struct context {
	aio_context_t id;
	unsigned owed; /* events that nobody asked for yet */
	unsigned next; /* of the pool: none is used again before its event was asked for */
	struct iocb iocb[POOL];
	struct iovec iov[POOL][5];
} contexts[CONTEXTS];

/* A number that was one's before. */
static void forget(aio_context_t id)
{
	unsigned i;

	for (i = 0; i < CONTEXTS; i++)
		if (contexts[i].id == id)
			contexts[i].id = 0;
}

void c_aio_setup(struct ctx *c)
{
	struct context *x = &contexts[below(c, CONTEXTS)];
	aio_context_t id = 0;
	long n = percent(c, 90) ? EVENTS : 0, ret;

	if (x->id && percent(c, 40)) {
		ret = raw(SYS_io_destroy, (long)x->id, 0, 0, 0, 0, 0);
		say(c, "io_destroy %td = %ld", x - contexts, ret);
		if (ret == 0 && percent(c, 80))
			x->id = 0;
		x->owed = 0;
		return;
	}
	if (x->id && percent(c, 80)) {
		c_aio_submit(c);
		return;
	}
	ret = raw(SYS_io_setup, n, percent(c, 97) ? P(&id) : 1, 0, 0, 0, 0);
	say(c, "io_setup %td %ld = %ld", x - contexts, n, ret);
	if (ret == 0) {
		forget(id);
		x->id = id;
		x->owed = 0;
	}
}

static struct iocb request(struct ctx *c, struct context *x, unsigned i)
{
	static const uint16_t codes[] = {IOCB_CMD_PREAD, IOCB_CMD_PWRITE, IOCB_CMD_PREADV, IOCB_CMD_PWRITEV,
		IOCB_CMD_FSYNC, IOCB_CMD_FDSYNC, 99};
	struct iocb iocb = {.aio_lio_opcode = codes[below(c, percent(c, 75) ? 4 : 7)],
		.aio_fildes = (uint32_t)any_fd(c), .aio_buf = (uintptr_t)room};

	if (iocb.aio_lio_opcode == IOCB_CMD_FSYNC || iocb.aio_lio_opcode == IOCB_CMD_FDSYNC) {
		iocb.aio_buf = 0;
		return iocb;
	}
	iocb.aio_offset = any_offset(c);
	iocb.aio_nbytes = (uint64_t)any_length(c);
	if (iocb.aio_lio_opcode == IOCB_CMD_PREADV || iocb.aio_lio_opcode == IOCB_CMD_PWRITEV) {
		iocb.aio_buf = (uintptr_t)x->iov[i];
		iocb.aio_nbytes = any_vector(c, x->iov[i]);
	}
	if (percent(c, 2))
		iocb.aio_buf = 1;
	return iocb;
}

/* Until all that was submitted is over. */
static void settle(const struct context *x)
{
	const struct ring *ring = (const struct ring *)(uintptr_t)x->id;

	while ((__atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE) + ring->nr - ring->head) % ring->nr < x->owed)
		sched_yield();
}

static void reap(struct ctx *c, struct context *x)
{
	static const struct timespec soon = {0, 1000000};
	struct io_event events[EVENTS];
	long least = x->owed, most = EVENTS, ret;
	const struct timespec *until = NULL;

	if (!shared->options.limit && percent(c, 30)) { /* for some of them, or more than there are */
		least = (long)below(c, x->owed + 2);
		most = percent(c, 95) ? least + below(c, 3) : least - 1;
	}
	if (least > (long)x->owed)
		until = &soon;
	if (percent(c, 60))
		ret = raw(SYS_io_getevents, (long)x->id, least, most, P(events), P(until), 0);
	else
		ret = raw(SYS_io_pgetevents, (long)x->id, least, most, P(events), P(until), 0);
	if (ret > 0)
		x->owed -= (unsigned)ret;
	say(c, "io_getevents %td %ld %ld = %ld", x - contexts, least, most, ret);
}

void c_aio_submit(struct ctx *c)
{
	struct context *x = &contexts[below(c, CONTEXTS)];
	struct iocb *list[4];
	unsigned n = 1 + below(c, 4), i;
	long ret;

	if (!x->id && percent(c, 90)) {
		c_aio_setup(c);
		return;
	}
	if (x->owed + n > EVENTS)
		n = 0;
	for (i = 0; i < n; i++) {
		unsigned at = x->next++ % POOL;
		const struct iocb *iocb = &x->iocb[at];

		x->iocb[at] = request(c, x, at);
		list[i] = percent(c, 99) ? &x->iocb[at] : NULL;
		say(c, "  iocb %u %d %llu %lld", iocb->aio_lio_opcode, (int)iocb->aio_fildes,
			(unsigned long long)iocb->aio_nbytes, (long long)iocb->aio_offset);
	}
	ret = raw(SYS_io_submit, (long)x->id, percent(c, 98) ? (long)n : -1, P(list), 0, 0, 0);
	if (ret > 0) {
		x->owed += (unsigned)ret;
		settle(x);
	}
	say(c, "io_submit %td %u = %ld", x - contexts, n, ret);
	/* only their events tell what a limit refused */
	if (x->owed && (shared->options.limit || percent(c, 65)))
		reap(c, x);
}

void c_aio_reap(struct ctx *c)
{
	struct context *x = &contexts[below(c, CONTEXTS)];
	struct io_event event;

	if (percent(c, 15))
		say(c, "io_cancel %td = %ld", x - contexts,
			raw(SYS_io_cancel, (long)x->id, P(&x->iocb[0]), P(&event), 0, 0, 0));
	else
		reap(c, x);
}
