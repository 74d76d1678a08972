/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "datas/hmap.h"
#include "ops/aio.h"
#include "replay/engine.h"
#include "utils/clock.h"

/*
 * Linux AIO: the batches of the capture are submitted as such, and waits wait for as many events as the
 * program got. Storage may complete requests in another order than it did then: which of them an
 * event is of matters only where the file says so. The result of each is compared when it and the
 * captured one are known.
 *
 * A context belongs to the process; numbers of contexts are unique in the file, so that virtual
 * processes that share a worker have each their own.
 */

/* An iocb from its submission until both its results are known. */
struct request {
	struct hnode node; /* by number, while it is in the context's map */
	struct request *next; /* in the list of those that are free */
	struct iocb iocb;
	enum aio_kind kind;
	uint64_t start;	   /* now_ns() */
	int64_t expected, got;
	struct divergence told; /* the operation that told what was expected */
	bool mapped, known, arrived;
	uint8_t *room; /* for what it reads; stays with it */
	uint64_t room_size;
};

/* Zeroes are an initialised one: PTHREAD_MUTEX_INITIALIZER is nothing else with the libraries of Linux. */
struct aio_context {
	pthread_mutex_t lock;
	aio_context_t real; /* 0: there is none */
	bool made;	    /* there was one */
	struct hmap requests;
	struct request *free;
	uint64_t flying;  /* in the kernel */
	uint64_t arrived; /* events that came, and those of them that the capture ... */
	uint64_t taken;	  /* ... has come to */
	uint64_t owed;	  /* requests that were over in the capture by now, and are not here */
};

#define EVENTS_LAZY 1024 /* of a context that was there before the capture */
#define SLICE_NS    20000000 /* another thread may have taken what this one waits for */
#define NO_MEMORY   1
#define SEGMENTS_MAX 1024 /* UIO_MAXIOV */

size_t aio_context_size(void)
{
	return sizeof(struct aio_context);
}

static int64_t call(enum op_id op, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e)
{
	return raw_syscall(op_nr(op), (uint64_t[6]){a, b, c, d, e, 0});
}

static uint64_t address(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

/* NULL: the program had no such context. */
static struct aio_context *context_of(const struct rthread *t, uint64_t number)
{
	return (uint32_t)number == CTX_NONE ? NULL : t->w->aio + (uint32_t)number;
}

/* One that no io_setup of the capture made is made when it is used first. */
static aio_context_t real_context(struct aio_context *c)
{
	aio_context_t real = 0;

	if (!c)
		return 0;
	pthread_mutex_lock(&c->lock);
	if (!c->made && call(OP_io_setup, EVENTS_LAZY, address(&real), 0, 0, 0) == 0) {
		c->real = real;
		c->made = true;
	}
	real = c->real;
	pthread_mutex_unlock(&c->lock);
	return real;
}

/* ---- requests; the lock is held ---- */

static struct request *request_new(struct aio_context *c)
{
	struct request *q = c->free;

	if (!q)
		return calloc(1, sizeof(*q));
	c->free = q->next;
	*q = (struct request){.room = q->room, .room_size = q->room_size};
	return q;
}

static void request_free(struct aio_context *c, struct request *q)
{
	if (q->mapped)
		hmap_remove(&c->requests, &q->node);
	q->mapped = false;
	q->next = c->free;
	c->free = q;
}

static struct request *request_find(const struct aio_context *c, uint64_t number)
{
	struct hnode *n = hmap_first(&c->requests, hash_u64(number));

	return n ? hmap_entry(n, struct request, node) : NULL; /* hash_u64 is a bijection */
}

static void compare(struct rthread *t, struct aio_context *c, struct request *q)
{
	if (q->expected != q->got) {
		struct divergence d = q->told;

		d.expected = q->expected;
		d.got = q->got;
		t->result->op[d.op].diverged++;
		t->result->aio[q->kind].diverged++;
		divergences_add(&t->result->divergences, &d);
	}
	request_free(c, q);
}

static void arrive(struct rthread *t, struct aio_context *c, const struct io_event *event)
{
	struct request *q = (struct request *)(uintptr_t)event->data;
	struct aio_result *r = &t->result->aio[q->kind];

	c->flying--;
	c->arrived++;
	q->arrived = true;
	q->got = event->res;
	hist_add(&r->latency, now_ns() - q->start);
	if (q->got < 0)
		r->errors++;
	else
		r->bytes += (uint64_t)q->got;
	if (q->known) {
		c->owed--;
		atomic_fetch_sub_explicit(&t->w->aio_owed, 1, memory_order_relaxed);
		compare(t, c, q);
	} else if (!q->mapped) { /* nothing will be told of it */
		request_free(c, q);
	}
}

/* The capture tells the result. False: there is no such request, since its submission diverged. */
static bool expect(struct rthread *t, struct aio_context *c, const struct xop *x, const uint64_t *event)
{
	struct request *q = request_find(c, event[AIOEV_ID]);

	if (!q || q->known)
		return false;
	q->expected = (int64_t)event[AIOEV_RES];
	q->told = (struct divergence){.op = x->op, .count = 1, .index = x->index, .label = x->label};
	if (q->arrived) {
		compare(t, c, q);
		return true;
	}
	q->known = true;
	c->owed++;
	atomic_fetch_add_explicit(&t->w->aio_owed, 1, memory_order_relaxed);
	return true;
}

/* ---- waiting ---- */

static struct timespec timespec_of(int64_t ns)
{
	return (struct timespec){ns / (int64_t)NS_PER_SEC, ns % (int64_t)NS_PER_SEC};
}

/*
 * Takes events out of the ring: MIN at least (no more than can come if it has no end), MAX at most.
 * TIMEOUT as in an OFFPTR form. The number, or -errno.
 */
static int64_t reap(struct rthread *t, struct aio_context *c, int64_t min, int64_t max, uint64_t timeout)
{
	struct timespec time = timespec_of((int64_t)timeout);
	bool shared = t->w->aio_shared[c - t->w->aio];
	aio_context_t real;
	int64_t got, i;

	if (timeout != OFFPTR_NULL && (int64_t)timeout < 0) /* some kernels take that for no end */
		timeout = OFFPTR_NULL;
	pthread_mutex_lock(&c->lock);
	real = c->real;
	if (timeout == OFFPTR_NULL && min > 0 && (uint64_t)min > c->flying)
		min = (int64_t)c->flying;
	pthread_mutex_unlock(&c->lock);
	if (shared && timeout == OFFPTR_NULL && min > 0)
		time = timespec_of(SLICE_NS);
	else if (timeout == OFFPTR_NULL)
		shared = false;
	if (max > (int64_t)t->events_max)
		max = (int64_t)t->events_max;
	do /* nobody sends a worker signals, but an io_uring of its own has work for it */
		got = call(OP_io_getevents, real, (uint64_t)min, (uint64_t)max, address(t->events),
			timeout == OFFPTR_NULL && !shared ? 0 : address(&time));
	while (got == -EINTR);
	pthread_mutex_lock(&c->lock);
	for (i = 0; i < got; i++)
		arrive(t, c, &t->events[i]);
	pthread_mutex_unlock(&c->lock);
	return got;
}

static bool is_here(struct aio_context *c, uint64_t number, bool *can_come)
{
	const struct request *q;
	bool here;

	pthread_mutex_lock(&c->lock);
	q = request_find(c, number);
	here = !q || q->arrived;
	*can_come = c->flying > 0;
	pthread_mutex_unlock(&c->lock);
	return here;
}

/* The program took its event out of the ring without a call before it submitted the next one. */
static void take_unseen(struct rthread *t, struct aio_context *c, uint64_t number)
{
	struct request *q;
	bool can_come;

	while (!is_here(c, number, &can_come) && can_come)
		if (reap(t, c, 1, 1, OFFPTR_NULL) < 0)
			break;
	pthread_mutex_lock(&c->lock);
	q = request_find(c, number);
	if (q && q->arrived && !q->known) {
		c->taken++;
		request_free(c, q);
	}
	pthread_mutex_unlock(&c->lock);
}

void aio_settle(struct rthread *t)
{
	struct worker *w = t->w;
	uint32_t i;

	for (i = 0; i < w->naio && atomic_load(&w->aio_owed); i++) {
		struct aio_context *c = &w->aio[i];
		bool waits;

		do {
			pthread_mutex_lock(&c->lock);
			waits = c->owed && c->flying;
			pthread_mutex_unlock(&c->lock);
		} while (waits && reap(t, c, 1, (int64_t)t->events_max, OFFPTR_NULL) >= 0);
	}
}

bool aio_is_cut(const struct xop *x)
{
	int flags = op_arg_index(x->op, A_OFLAGS);

	switch (x->op) {
	case OP_truncate:
	case OP_ftruncate:
	case OP_fallocate:
	case OP_creat:
		return true;
	case OP_lseek:
		return x->arg[2] == SEEK_DATA || x->arg[2] == SEEK_HOLE;
	case OP_openat2:
		flags = op_arg_index(x->op, A_HOW);
		break;
	default:
		break;
	}
	return flags >= 0 && x->arg[flags] & O_TRUNC;
}

/* ---- io_setup, io_destroy, io_cancel ---- */

/* All that is under way is waited for, as the kernel does it. */
static int64_t context_end(struct rthread *t, struct aio_context *c)
{
	struct hnode *n, *tmp;
	aio_context_t real;
	int64_t got = 1;
	bool flying;
	size_t i;

	do {
		pthread_mutex_lock(&c->lock);
		flying = c->flying > 0;
		pthread_mutex_unlock(&c->lock);
		if (flying)
			got = reap(t, c, 1, (int64_t)t->events_max, OFFPTR_NULL);
	} while (flying && got >= 0);
	pthread_mutex_lock(&c->lock);
	real = c->real;
	c->real = 0;
	hmap_each(&c->requests, n, tmp, i)
		request_free(c, hmap_entry(n, struct request, node));
	atomic_fetch_sub_explicit(&t->w->aio_owed, (uint32_t)c->owed, memory_order_relaxed);
	c->owed = c->flying = c->arrived = c->taken = 0;
	pthread_mutex_unlock(&c->lock);
	return call(OP_io_destroy, real, 0, 0, 0, 0);
}

void aio_end(struct rthread *t, uint32_t number)
{
	struct aio_context *c = context_of(t, number);

	if (c && c->real)
		context_end(t, c);
}

void aio_end_all(struct rthread *t)
{
	uint32_t i;

	for (i = 0; i < t->w->naio; i++)
		aio_end(t, i);
}

int64_t exec_io_setup(struct rthread *t, const struct xop *x)
{
	struct aio_context *c = context_of(t, x->arg[1]);
	aio_context_t real = !c && x->ret == -EINVAL; /* one that is no zero is refused */
	uint64_t to = x->ret == -EFAULT ? NO_MEMORY : address(&real);
	int64_t ret = call(OP_io_setup, x->arg[0], to, 0, 0, 0);

	if (ret)
		return ret;
	if (!c || c->made) { /* it failed in the capture, or this context was there already */
		call(OP_io_destroy, real, 0, 0, 0, 0);
		return c ? -EINVAL : 0;
	}
	pthread_mutex_lock(&c->lock);
	c->real = real;
	c->made = true;
	pthread_mutex_unlock(&c->lock);
	return 0;
}

int64_t exec_io_destroy(struct rthread *t, const struct xop *x)
{
	struct aio_context *c = context_of(t, x->arg[0]);

	return real_context(c) ? context_end(t, c) : call(OP_io_destroy, 0, 0, 0, 0, 0);
}

int64_t exec_io_cancel(struct rthread *t, const struct xop *x)
{
	struct aio_context *c = context_of(t, x->arg[0]);
	aio_context_t real = real_context(c);
	static struct iocb none;
	struct request *q = NULL;
	uint64_t at;

	if (real) {
		pthread_mutex_lock(&c->lock);
		q = request_find(c, x->arg[1]);
		pthread_mutex_unlock(&c->lock);
	}
	at = x->ret == -EFAULT ? NO_MEMORY : address(q ? &q->iocb : &none);
	return call(OP_io_cancel, real, at, address(t->out), 0, 0);
}

/* ---- io_submit ---- */

/* A batch that is being made. */
struct batch {
	const uint8_t *p; /* of the next number ... */
	uint32_t left;	  /* ... and how many there are */
	uint32_t n;	  /* iocbs so far */
	struct iovec *iov;
};

static bool take_iocb(struct batch *b, uint64_t iocb[AIOCB_NUMBERS])
{
	int i;

	if (b->left < AIOCB_NUMBERS)
		return false;
	for (i = 0; i < AIOCB_NUMBERS; i++)
		iocb[i] = uvar_get(&b->p);
	b->left -= AIOCB_NUMBERS;
	return true;
}

static void pass_segments(struct batch *b, uint64_t n)
{
	uint64_t iocb[AIOCB_NUMBERS];

	while (n-- && take_iocb(b, iocb))
		;
}

static void settle_unseen(struct rthread *t, struct aio_context *c, const struct xop *x)
{
	struct batch b = {.p = x->vec, .left = x->nvec};
	uint64_t iocb[AIOCB_NUMBERS];

	while (take_iocb(&b, iocb)) {
		if (iocb[AIOCB_DATA])
			take_unseen(t, c, iocb[AIOCB_DATA]);
		pass_segments(&b, iocb[AIOCB_SEGMENTS]);
	}
}

enum aio_kind aio_kind_of(uint64_t opcode)
{
	switch (opcode) {
	case IOCB_CMD_PREAD:
	case IOCB_CMD_PREADV:
		return AIO_READ;
	case IOCB_CMD_PWRITE:
	case IOCB_CMD_PWRITEV:
		return AIO_WRITE;
	default:
		return AIO_SYNC;
	}
}

/* The segments lie one behind the other, from BASE on. */
static uint64_t put_segments(struct batch *b, const uint64_t *iocb, uint8_t *base)
{
	struct iovec *first = b->iov;
	uint64_t segment[AIOCB_NUMBERS], n = iocb[AIOCB_SEGMENTS], sum = 0;
	uint32_t count = (uint32_t)iocb[AIOCB_LENGTH]; /* __import_iovec() takes an unsigned int */

	for (; n && take_iocb(b, segment); n--) {
		*b->iov++ = (struct iovec){base + sum, segment[0]};
		if (segment[0] <= INT32_MAX && sum <= INT32_MAX - segment[0])
			sum += segment[0];
	}
	/* the kernel looks at no more than these, whatever the file says (and at none of too many) */
	return count > iocb[AIOCB_SEGMENTS] && count <= SEGMENTS_MAX ? NO_MEMORY : address(first);
}

static uint64_t sum_of_segments(const struct batch *b, uint64_t n)
{
	uint64_t segment[AIOCB_NUMBERS], sum = 0;
	struct batch ahead = *b;

	while (n-- && take_iocb(&ahead, segment))
		if (__builtin_add_overflow(sum, segment[0], &sum))
			return UINT64_MAX;
	return sum;
}

#define ROOM_MAX  (16u << 20)
#define ROOMS_MAX (1u << 30)

/*
 * Requests that read at the same time read to different places: btrfs looks at the checksums of what is
 * there then. Very long ones, and those of too many, share one.
 */
static uint8_t *room_of(struct rthread *t, struct request *q, uint64_t size)
{
	uint64_t need = (size + AIO_ALIGN - 1) & ~(uint64_t)(AIO_ALIGN - 1);

	if (size > ROOM_MAX)
		return read_room(t, size);
	if (need > q->room_size && atomic_load(&t->w->aio_rooms) <= ROOMS_MAX) {
		uint8_t *room = map_lazily(need, MAP_PRIVATE);

		if (room) {
			if (q->room)
				munmap(q->room, q->room_size);
			atomic_fetch_add(&t->w->aio_rooms, need - q->room_size);
			q->room = room;
			q->room_size = need;
		}
	}
	return need <= q->room_size ? q->room : read_room(t, size);
}

static uint64_t buffer_of(struct rthread *t, struct batch *b, struct request *q, const uint64_t *iocb)
{
	uint64_t align = iocb[AIOCB_ALIGN] % AIO_ALIGN, len = iocb[AIOCB_LENGTH];

	if (iocb[AIOCB_OPCODE] <= IOCB_CMD_PWRITE && iocb[AIOCB_ALIGN] >= AIO_ALIGN)
		return NO_MEMORY;
	switch (iocb[AIOCB_OPCODE]) {
	case IOCB_CMD_PREAD:
		return address(room_of(t, q, len > UINT64_MAX - align ? len : len + align)) + align;
	case IOCB_CMD_PWRITE:
		return address(write_buffer(t)) + align;
	case IOCB_CMD_PREADV:
		return put_segments(b, iocb, room_of(t, q, sum_of_segments(b, iocb[AIOCB_SEGMENTS])));
	case IOCB_CMD_PWRITEV:
		return put_segments(b, iocb, (uint8_t *)(uintptr_t)write_buffer(t));
	default:
		pass_segments(b, iocb[AIOCB_SEGMENTS]);
		return 0;
	}
}

static void fill_iocb(struct rthread *t, struct batch *b, struct request *q, const uint64_t *iocb)
{
	q->kind = aio_kind_of(iocb[AIOCB_OPCODE]);
	q->iocb = (struct iocb){
		.aio_data = address(q),
		.aio_lio_opcode = (uint16_t)iocb[AIOCB_OPCODE],
		.aio_fildes = (uint32_t)real_fd(t->w, (uint32_t)iocb[AIOCB_FD]),
		.aio_offset = (int64_t)iocb[AIOCB_OFFSET],
		.aio_nbytes = iocb[AIOCB_LENGTH],
		.aio_rw_flags = (__kernel_rwf_t)iocb[AIOCB_RWFLAGS],
		.aio_flags = (uint32_t)iocb[AIOCB_FLAGS],
		.aio_resfd = (uint32_t)real_fd(t->w, (uint32_t)iocb[AIOCB_RESFD]),
		.aio_reqprio = (int16_t)iocb[AIOCB_PRIO],
	};
	if (!(iocb[AIOCB_FLAGS] & IOCB_FLAG_RESFD))
		q->iocb.aio_resfd = 0;
	q->iocb.aio_buf = buffer_of(t, b, q, iocb);
}

/* The lock is held. False: no memory. */
static bool add_request(struct rthread *t, struct aio_context *c, struct batch *b, const uint64_t *iocb,
	bool told)
{
	struct request *q = request_new(c);

	if (!q)
		return false;
	fill_iocb(t, b, q, iocb);
	q->start = now_ns();
	q->mapped = told && !request_find(c, iocb[AIOCB_ID]) &&
		    hmap_insert(&c->requests, &q->node, hash_u64(iocb[AIOCB_ID])) == 0;
	t->iocbs[b->n++] = &q->iocb;
	return true;
}

static bool make_batch(struct rthread *t, struct aio_context *c, const struct xop *x, struct batch *b)
{
	uint64_t iocb[AIOCB_NUMBERS];
	bool ok = true;

	*b = (struct batch){.p = x->vec, .left = x->nvec, .iov = t->iov};
	while (ok && take_iocb(b, iocb)) {
		if (iocb[AIOCB_ID] == 0) { /* the program's pointer was bad */
			t->iocbs[b->n++] = NULL;
			pass_segments(b, iocb[AIOCB_SEGMENTS]);
			continue;
		}
		ok = add_request(t, c, b, iocb, (int64_t)b->n < x->ret);
	}
	if (b->n == 0)
		t->iocbs[0] = NULL;
	return ok;
}

/* What was not submitted is nothing. */
static void drop_requests(struct rthread *t, struct aio_context *c, uint32_t from, uint32_t to)
{
	for (; from < to; from++)
		if (t->iocbs[from])
			request_free(c, (struct request *)(void *)((char *)t->iocbs[from] -
								   offsetof(struct request, iocb)));
}

/*
 * A ring that is full of events that the program took out without a call is emptied, as long as the
 * capture says that there was room.
 */
static int64_t submit(struct rthread *t, struct aio_context *c, const struct xop *x, int64_t n)
{
	int64_t done = 0, ret;
	uint64_t flying;

	for (;;) {
		ret = call(OP_io_submit, c->real, (uint64_t)(n - done), address(t->iocbs + done), 0, 0);
		done += ret > 0 ? ret : 0;
		if (done >= x->ret || (ret < 0 && ret != -EAGAIN))
			break;
		pthread_mutex_lock(&c->lock);
		flying = c->flying - (uint64_t)(n - done);
		pthread_mutex_unlock(&c->lock);
		if (flying == 0 || reap(t, c, 1, (int64_t)t->events_max, OFFPTR_NULL) <= 0)
			break;
	}
	return done ? done : ret;
}

int64_t exec_io_submit(struct rthread *t, const struct xop *x)
{
	struct aio_context *c = context_of(t, x->arg[0]);
	int64_t nr = (int64_t)x->arg[1], n, ret, done;
	struct batch b;
	bool ok;

	if (!real_context(c) || nr <= 0) {
		t->iocbs[0] = NULL;
		return call(OP_io_submit, c ? c->real : 0, (uint64_t)(nr > 1 ? 1 : nr), address(t->iocbs), 0,
			0);
	}
	settle_unseen(t, c, x);
	pthread_mutex_lock(&c->lock);
	ok = make_batch(t, c, x, &b);
	n = nr < b.n ? nr : b.n;
	c->flying += (uint64_t)n;
	pthread_mutex_unlock(&c->lock);
	if (b.n == 0)
		return call(OP_io_submit, c->real, 1, address(t->iocbs), 0, 0);
	ret = ok ? submit(t, c, x, n) : -ENOMEM;
	done = ret > 0 ? ret : 0;
	pthread_mutex_lock(&c->lock);
	c->flying -= (uint64_t)(n - done);
	drop_requests(t, c, (uint32_t)done, b.n);
	pthread_mutex_unlock(&c->lock);
	return ret;
}

/* ---- io_getevents ---- */

/* A wait of the capture. */
struct wait {
	int64_t min, max;
	uint64_t timeout;
	uint64_t need; /* events that it got, of requests that are known here */
};

static void take_event(const uint8_t **p, uint64_t event[AIOEV_NUMBERS])
{
	int i;

	for (i = 0; i < AIOEV_NUMBERS; i++)
		event[i] = uvar_get(p);
}

static uint64_t expect_all(struct rthread *t, struct aio_context *c, const struct xop *x)
{
	const uint8_t *p = x->vec;
	uint64_t event[AIOEV_NUMBERS], need = 0;
	uint32_t i;

	pthread_mutex_lock(&c->lock);
	for (i = 0; i + AIOEV_NUMBERS <= x->nvec; i += AIOEV_NUMBERS) {
		take_event(&p, event);
		need += expect(t, c, x, event);
	}
	pthread_mutex_unlock(&c->lock);
	return need;
}

/* Of those on which what follows depends, one has not come. The lock is held. */
static bool lacks_one(const struct aio_context *c, const struct xop *x)
{
	const uint8_t *p = x->vec;
	uint64_t event[AIOEV_NUMBERS];
	const struct request *q;
	uint32_t i;

	for (i = 0; i + AIOEV_NUMBERS <= x->nvec; i += AIOEV_NUMBERS) {
		take_event(&p, event);
		q = event[AIOEV_MUST] ? request_find(c, event[AIOEV_ID]) : NULL;
		if (q && q->known && q->told.index == x->index)
			return true;
	}
	return false;
}

/* How many events are still missing; *MORE: it must go on, and can. */
static uint64_t missing(struct aio_context *c, const struct xop *x, uint64_t need, bool *more)
{
	uint64_t here, lacking;

	pthread_mutex_lock(&c->lock);
	here = c->arrived - c->taken;
	lacking = here < need ? need - here : 0;
	*more = c->flying && (lacking || lacks_one(c, x));
	pthread_mutex_unlock(&c->lock);
	return lacking;
}

/* The call that stands for the captured one. */
static int64_t first_call(struct rthread *t, struct aio_context *c, const struct xop *x,
	const struct wait *wait)
{
	bool more;
	uint64_t lacking = missing(c, x, wait->need, &more);

	if (wait->need == 0 || (x->ret < wait->min && more)) /* it looked, or ended by its timeout */
		return reap(t, c, wait->min, wait->max, wait->timeout);
	if (!more) /* they came before */
		return reap(t, c, 0, wait->max, 0);
	return reap(t, c, lacking ? (int64_t)lacking : 1, lacking ? (int64_t)lacking : wait->max, OFFPTR_NULL);
}

static int64_t wait_as_captured(struct rthread *t, struct aio_context *c, const struct xop *x,
	const struct wait *wait)
{
	int64_t ret = first_call(t, c, x, wait);
	uint64_t lacking, here;
	bool more;

	while (ret >= 0) {
		lacking = missing(c, x, wait->need, &more);
		if (!more)
			break;
		ret = reap(t, c, lacking ? (int64_t)lacking : 1, lacking ? (int64_t)lacking : 1,
			OFFPTR_NULL);
	}
	pthread_mutex_lock(&c->lock);
	here = c->arrived - c->taken;
	here = here < wait->need ? here : wait->need;
	c->taken += here;
	pthread_mutex_unlock(&c->lock);
	return ret < 0 && here == 0 ? ret : (int64_t)here;
}

/* A call that failed: as it was, but that its buffer is ours. */
static int64_t fail_again(struct rthread *t, struct aio_context *c, const struct xop *x)
{
	const struct timespec time = timespec_of((int64_t)x->arg[4]);
	int64_t min = (int64_t)x->arg[1], max = (int64_t)x->arg[2], got, i;
	uint64_t timeout = x->arg[4] == OFFPTR_NULL  ? 0
			   : x->arg[4] == OFFPTR_BAD ? NO_MEMORY
						     : address(&time);

	if (max > (int64_t)t->events_max)
		max = (int64_t)t->events_max;
	if (c && timeout == 0 && min > 0 && min <= max && (uint64_t)min > c->flying)
		min = (int64_t)c->flying; /* it would wait for ever */
	got = call(OP_io_getevents, c ? c->real : 0, (uint64_t)min, (uint64_t)max,
		x->ret == -EFAULT && timeout != NO_MEMORY ? NO_MEMORY : address(t->events), timeout);
	for (i = 0; i < got; i++) {
		pthread_mutex_lock(&c->lock);
		arrive(t, c, &t->events[i]);
		pthread_mutex_unlock(&c->lock);
	}
	return got;
}

int64_t exec_io_getevents(struct rthread *t, const struct xop *x)
{
	struct aio_context *c = context_of(t, x->arg[0]);
	struct wait wait = {.min = (int64_t)x->arg[1], .max = (int64_t)x->arg[2], .timeout = x->arg[4]};

	if (!real_context(c) || x->ret < 0)
		return fail_again(t, c, x);
	wait.need = expect_all(t, c, x);
	return wait_as_captured(t, c, x, &wait);
}
