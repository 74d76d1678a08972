/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <liburing.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ops/uring.h"
#include "ops/xattr.h"
#include "replay/dispatch.h"
#include "utils/clock.h"

/*
 * io_uring: rings of the virtual processes, with the queues that these had. Only the opcodes of
 * uring.def are ever submitted. A virtual descriptor of a ring is no ring here but an eventfd, which
 * nothing can be done with; the ring's own descriptor and memory belong to this file alone.
 */

#define ENTRIES_MAX	32768	   /* of a submission queue: IORING_MAX_ENTRIES of the kernel */
#define REGISTERED_MAX	(1u << 20) /* files: IORING_MAX_FIXED_FILES */
#define PINNED_MAX	(1ull << 30)
#define PATIENCE	1000 /* attempts to submit to a kernel that is out of something */

/* What a submission points to until the kernel has taken it; one for each entry of the queue. */
struct scratch {
	char path[2][32]; /* of path_pointer() */
	char from_cwd[PATH_MAX];
	struct open_how how;
};

/*
 * For what a submission reads: reads of the same moment go to different places, since btrfs looks at the
 * checksums of what is there then. Very long ones, and those beyond so many bytes in all, share one.
 */
struct room {
	struct room *next;
	uint64_t size; /* of what is mapped, this header with it */
};
#define ROOM_MAX  (16u << 20)
#define ROOMS_MAX (256u << 20)
#define ROOM_HEAD 4096u /* memory for direct I/O is aligned */

struct live_ring {
	struct io_uring io;
	pthread_mutex_t lock;
	unsigned prepared;  /* since the last submission */
	uint32_t under_way;
	struct scratch *scratch;
	struct iovec *iov; /* as many for each entry as a submission has at most */
	size_t scratch_len, iov_len;
	struct iovec *buffers; /* registered */
	unsigned nbuffers;
	void *pinned;
	size_t pinned_len;
	struct room *rooms; /* that are free */
	uint64_t rooms_size; /* of all */
};

int uring_allowed(struct err *err)
{
	struct io_uring io;
	int rc = io_uring_queue_init(1, &io, 0);

	if (rc)
		return err_sys(err, -rc, "the replay needs io_uring, which this host does not allow");
	io_uring_queue_exit(&io);
	return 0;
}

static struct live_ring *ring_at(const struct worker *w, uint64_t number)
{
	return number < w->plan->max
		       ? atomic_load_explicit(&w->rings[number], memory_order_acquire)
		       : NULL;
}

static void unmap(void *p, size_t len)
{
	if (p)
		munmap(p, len);
}

static void *map(size_t len, bool lazily)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | (lazily ? MAP_NORESERVE : 0), -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static void drop_buffers(struct live_ring *r)
{
	unmap(r->pinned, r->pinned_len);
	free(r->buffers);
	r->pinned = r->buffers = NULL;
	r->nbuffers = 0;
}

/* Memory for LEN bytes until the submission C is over; NULL: it shares one. The lock is held. */
static uint8_t *take_room(struct live_ring *r, struct completion *c, uint64_t len)
{
	uint64_t size = (len + ROOM_HEAD - 1) / ROOM_HEAD * ROOM_HEAD + ROOM_HEAD;
	struct room *room = r->rooms;

	if (len > ROOM_MAX)
		return NULL;
	if (room)
		r->rooms = room->next;
	if (room && room->size < size) {
		r->rooms_size -= room->size;
		munmap(room, room->size);
		room = NULL;
	}
	if (!room && size <= ROOMS_MAX - r->rooms_size) {
		room = map(size, true);
		if (room)
			r->rooms_size += room->size = size;
	}
	c->room = room;
	return room ? (uint8_t *)room + ROOM_HEAD : NULL;
}

/*
 * The other side of a splice is a pipe of the submission's own, closed with what is in it when that is over. One that
 * is read has as many bytes as were moved then.
 */
static int own_pipe(const struct completion *c, bool is_read)
{
	return c->pipe[!is_read] - 1;
}

static void make_pipe(struct rthread *t, struct completion *c, uint64_t fill)
{
	uint64_t left;
	ssize_t put;
	int fd[2];

	if (pipe2(fd, O_CLOEXEC | O_NONBLOCK))
		return;
	fcntl(fd[0], F_SETPIPE_SZ, PIPE_WANTED);
	for (left = fill; left; left -= (uint64_t)put) {
		put = write(fd[1], (const void *)(uintptr_t)write_buffer(t), left < SPLICE_ROOM ? left : SPLICE_ROOM);
		if (put <= 0)
			break;
	}
	c->pipe[0] = fd[0] + 1;
	c->pipe[1] = fd[1] + 1;
}

static void close_pipe(struct completion *c)
{
	if (!c->pipe[0])
		return;
	close(c->pipe[0] - 1);
	close(c->pipe[1] - 1);
	c->pipe[0] = c->pipe[1] = 0;
}

static void give_room_back(struct live_ring *r, struct completion *c)
{
	struct room *room = c->room;

	c->room = NULL;
	if (!room)
		return;
	room->next = r->rooms;
	r->rooms = room;
}

static void ring_free(struct live_ring *r)
{
	while (r->rooms) {
		struct room *room = r->rooms;

		r->rooms = room->next;
		munmap(room, room->size);
	}
	drop_buffers(r);
	unmap(r->scratch, r->scratch_len);
	unmap(r->iov, r->iov_len);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

/* ---- setting up ---- */

/*
 * What of the captured ring is kept: sizes, and how completions are delivered. A ring that other
 * threads use as well cannot promise here that one thread submits: the promise is the program's.
 */
static unsigned setup_flags(const struct worker *w, const struct xop *x, uint64_t ring)
{
	unsigned kept = IORING_SETUP_CLAMP | IORING_SETUP_SUBMIT_ALL | IORING_SETUP_COOP_TASKRUN |
			IORING_SETUP_TASKRUN_FLAG;

	if (!ring_is_shared(w->plan, ring))
		kept |= URING_SINGLE_ISSUER | URING_DEFER_TASKRUN;
	kept &= (unsigned)x->arg[op_arg_index(x->op, A_UPARAMS)];
	if (!(kept & (IORING_SETUP_COOP_TASKRUN | URING_DEFER_TASKRUN)))
		kept &= ~(unsigned)IORING_SETUP_TASKRUN_FLAG;
	return kept;
}

static int open_ring(const struct worker *w, const struct xop *x, uint64_t number,
	struct live_ring *r)
{
	uint64_t entries = x->arg[0], cq = x->arg[op_arg_index(x->op, A_UCQNR)];
	struct io_uring_params p = {.flags = setup_flags(w, x, number)};
	int rc;

	if (cq) {
		p.flags |= IORING_SETUP_CQSIZE;
		p.cq_entries = cq < UINT32_MAX ? (unsigned)cq : UINT32_MAX;
	}
	rc = io_uring_queue_init_params(entries < UINT32_MAX ? (unsigned)entries : UINT32_MAX, &r->io, &p);
	if (rc == -EINVAL && p.flags & ~(unsigned)(IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP)) {
		/* an older kernel: how completions are delivered is not what they are */
		p = (struct io_uring_params){.flags = p.flags & (IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP),
			.cq_entries = p.cq_entries};
		rc = io_uring_queue_init_params(
			entries < UINT32_MAX ? (unsigned)entries : UINT32_MAX, &r->io, &p);
	}
	if (rc)
		return rc;
	r->scratch_len = p.sq_entries * sizeof(*r->scratch);
	r->iov_len = ((size_t)p.sq_entries * w->plan->iov_max + 1) * sizeof(*r->iov);
	r->scratch = map(r->scratch_len, true);
	r->iov = map(r->iov_len, true);
	if (r->scratch && r->iov)
		return 0;
	io_uring_queue_exit(&r->io);
	return -ENOMEM;
}

int64_t exec_uring_setup(struct rthread *t, const struct xop *x)
{
	uint64_t number = x->arg[op_arg_index(x->op, A_RING)];
	struct live_ring *r = calloc(1, sizeof(*r)), *none = NULL;
	int fd, rc;

	if (!r)
		return -ENOMEM;
	pthread_mutex_init(&r->lock, NULL);
	rc = number < t->w->plan->max ? open_ring(t->w, x, number, r) : -EINVAL;
	if (rc) {
		ring_free(r);
		return rc;
	}
	fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (fd < 0 || !atomic_compare_exchange_strong(&t->w->rings[number], &none, r)) {
		rc = fd < 0 ? -errno : -EEXIST;
		if (fd >= 0)
			close(fd);
		io_uring_queue_exit(&r->io);
		ring_free(r);
		return rc;
	}
	keep_fd(t->w, x->newfd, fd);
	return fd;
}

/* ---- completions ---- */

static void reap(const struct worker *w, struct live_ring *r)
{
	struct io_uring_cqe *cqe;
	uint64_t now = 0;
	unsigned head, n = 0;

	io_uring_for_each_cqe(&r->io, head, cqe) {
		struct completion *c = &w->completions[cqe->user_data];

		now = now ? now : now_ns();
		c->t = now - c->t;
		c->result = cqe->res;
		c->state = COMPLETED;
		give_room_back(r, c);
		close_pipe(c);
		r->under_way--;
		n++;
	}
	io_uring_cq_advance(&r->io, n);
}

static bool try_again(int rc)
{
	return rc == -EINTR || rc == -EAGAIN || rc == -EBUSY;
}

/* What is prepared, and then WAIT completions of what is under way. */
static int submit(const struct worker *w, struct live_ring *r, unsigned wait)
{
	int rc, tries = 0;

	do {
		rc = wait ? io_uring_submit_and_wait(&r->io, wait < r->under_way ? wait : r->under_way)
			  : io_uring_submit(&r->io);
		reap(w, r);
		if (rc < 0 && !try_again(rc))
			return rc;
		if (rc < 0)
			sched_yield();
	} while (io_uring_sq_ready(&r->io) && tries++ < PATIENCE);
	r->prepared = 0;
	return io_uring_sq_ready(&r->io) ? -EBUSY : 0;
}

/* What is under way has memory of threads that may end: it is waited for. */
void ring_end(struct worker *w, uint32_t number)
{
	struct live_ring *r = ring_at(w, number);

	if (!r || !atomic_compare_exchange_strong(&w->rings[number], &r, NULL))
		return;
	while (r->under_way && !submit(w, r, 1))
		;
	io_uring_queue_exit(&r->io);
	ring_free(r);
}

/* ---- submissions ---- */

struct preparing {
	struct rthread *t;
	struct live_ring *r;
	struct scratch *scratch;
	struct iovec *iov;
	const struct xop *x;
	struct completion *completion;
	struct io_uring_sqe *sqe;
	bool bad_memory, failed, keeps;
	bool itself; /* see prepare_as() */
};

/*
 * The current directory is that of the virtual thread by its descriptor: what the kernel does later
 * must not depend on where this thread is then.
 */
static int directory(const struct preparing *p, uint64_t vfd, uint64_t path)
{
	int cwd;

	if ((uint32_t)vfd != VFD_CWD || PATH_REF_KIND(path) != PATH_RELATIVE)
		return real_fd(p->t->w, vfd);
	cwd = atomic_load_explicit(&p->t->w->contexts[p->x->context].cwd, memory_order_acquire);
	return cwd ? cwd - 1 : p->t->w->start_dir;
}

/* The same for a path that comes without a descriptor. */
static uint64_t path_from_cwd(const struct preparing *p)
{
	uint64_t path = path_pointer(p->t, p->x->path, p->scratch->path[0]);
	char *to = p->scratch->from_cwd;
	int len;

	if (PATH_REF_KIND(p->x->path) != PATH_RELATIVE || !*(const char *)(uintptr_t)path)
		return path;
	len = snprintf(to, PATH_MAX, "/proc/self/fd/%d/%s", directory(p, VFD_CWD, p->x->path),
		(const char *)(uintptr_t)path);
	return len < PATH_MAX ? (uint64_t)(uintptr_t)to : path;
}

static const struct iovec *buffer(const struct preparing *p)
{
	return p->x->sqe.buffer < p->r->nbuffers ? &p->r->buffers[p->x->sqe.buffer] : NULL;
}

#define NO_BUFFER 0xffff /* a number that no buffer is registered by */

/* One that was not registered: of this it failed, and before anything else. */
static bool is_bad_buffer(const struct preparing *p)
{
	return p->bad_memory && p->x->sqe.buffer != SQE_NONE && !buffer(p);
}

static uint64_t memory_for(const struct preparing *p, enum arg_kind kind, uint64_t len)
{
	const struct iovec *fixed = buffer(p);

	if (p->bad_memory)
		return NO_MEMORY;
	if (fixed)
		return (uint64_t)(uintptr_t)fixed->iov_base;
	if (kind == A_RBUF) {
		uint8_t *room = take_room(p->r, p->completion, len);

		return (uint64_t)(uintptr_t)(room ? room : read_room(p->t, len));
	}
	return (uint64_t)(uintptr_t)write_buffer(p->t);
}

/* Segments for reading, which vector_pointer() has put one behind the other. */
static void move_segments(const struct preparing *p)
{
	uint8_t *from = p->iov[0].iov_base, *room;
	uint64_t sum = 0;
	uint32_t i;

	for (i = 0; i < p->x->nvec; i++)
		sum = p->iov[i].iov_len > ROOM_MAX || sum > ROOM_MAX ? UINT64_MAX : sum + p->iov[i].iov_len;
	room = take_room(p->r, p->completion, sum);
	for (i = 0; room && i < p->x->nvec; i++)
		p->iov[i].iov_base = room + ((uint8_t *)p->iov[i].iov_base - from);
}

static uint64_t segments(const struct preparing *p, bool is_read)
{
	const struct iovec *fixed = buffer(p);
	uint32_t i;

	if (p->bad_memory)
		return NO_MEMORY;
	vector_pointer(p->t, p->x, is_read, p->iov);
	if (is_read && !fixed && p->x->nvec && p->x->ret != -EINVAL) /* that may be of its address */
		move_segments(p);
	for (i = 0; fixed && i < p->x->nvec; i++)
		p->iov[i].iov_base = fixed->iov_base;
	return (uint64_t)(uintptr_t)p->iov;
}

static void put_length(struct io_uring_sqe *sqe, enum op_id op, uint64_t len)
{
	if (op == OP_uring_fallocate)
		sqe->addr = len;
	else
		sqe->len = len < UINT32_MAX ? (uint32_t)len : UINT32_MAX;
}

static uint64_t how(const struct preparing *p)
{
	const struct xop *x = p->x;

	p->scratch->how = (struct open_how){
		.flags = x->arg[op_arg_index(x->op, A_HOW)] & ~(uint64_t)O_ASYNC,
		.mode = x->arg[op_arg_index(x->op, A_MODE)],
		.resolve = x->arg[op_arg_index(x->op, A_RESOLVE)]};
	return p->bad_memory ? NO_MEMORY : (uint64_t)(uintptr_t)&p->scratch->how;
}

/* A number that is closed is free for others from the moment on at which the kernel takes this. */
static int file(const struct preparing *p, uint64_t vfd)
{
	const struct xop *x = p->x;

	if (x->sqe.flags & IOSQE_FIXED_FILE)
		return (int)x->sqe.slot;
	if (x->op != OP_uring_close)
		return real_fd(p->t->w, vfd);
	if (x->sqe.slot != SQE_NONE)
		return 0;
	if (p->keeps)
		return real_fd(p->t->w, vfd);
	return (uint32_t)vfd < VFD_CWD ? take_fd(p->t->w, (uint32_t)vfd) : -1;
}

/* What is read stands where others have their buffer, when it is in a slot; what is written, in that of the slot. */
static int spliced(const struct preparing *p, enum arg_kind kind, uint64_t vfd)
{
	const struct sqe *sqe = &p->x->sqe;
	bool is_read = kind == A_FD;

	if (is_read && sqe->flags & URING_SPLICE_IN_FIXED)
		return (int)sqe->buffer;
	if (!is_read && sqe->flags & IOSQE_FIXED_FILE)
		return (int)sqe->slot;
	return (uint32_t)vfd == VFD_NONE ? own_pipe(p->completion, is_read) : real_fd(p->t->w, vfd);
}

static bool no_file(const struct preparing *p, enum arg_kind kind, uint32_t flag)
{
	return (uint32_t)p->x->arg[op_arg_index(p->x->op, kind)] == VFD_NONE && !(p->x->sqe.flags & flag);
}

static void prepare_splice(const struct preparing *p)
{
	bool no_in = no_file(p, A_FD, URING_SPLICE_IN_FIXED), no_out = no_file(p, A_FD2, IOSQE_FIXED_FILE);
	uint64_t len = p->x->arg[op_arg_index(p->x->op, A_LEN)];

	if (!p->failed && no_in != no_out)
		make_pipe(p->t, p->completion, no_in ? len : 0);
}

static uint32_t splice_flags(uint32_t flags)
{
	uint32_t out = flags >> URING_SPLICE_SHIFT & (URING_SPLICE_MASK | 0x80);

	return flags & URING_SPLICE_IN_FIXED ? out | URING_SPLICE_IN_FIXED_FLAG : out;
}

static uint64_t spliced_from(uint64_t offset)
{
	return offset == OFFPTR_NULL ? UINT64_MAX : offset;
}

/* The kernel reads them when it comes to it. */
static uint64_t new_files(const struct preparing *p)
{
	int32_t *to = p->bad_memory ? NULL : (void *)take_room(p->r, p->completion, p->x->nvec * sizeof(*to));
	const uint8_t *at = p->x->vec;
	uint32_t i;

	for (i = 0; to && i < p->x->nvec; i++) {
		int64_t vfd = (int64_t)uvar_get(&at);

		to[i] = vfd >= 0 ? real_fd(p->t->w, (uint64_t)vfd) : (int32_t)vfd;
	}
	return to ? (uint64_t)(uintptr_t)to : NO_MEMORY;
}

static void put_field(const struct preparing *p, enum arg_kind kind, uint64_t value)
{
	const struct xop *x = p->x;
	struct io_uring_sqe *sqe = p->sqe;

	switch (kind) {
	case A_FD:
		if (x->op == OP_uring_splice)
			sqe->splice_fd_in = spliced(p, kind, value);
		else
			sqe->fd = file(p, value);
		break;
	case A_FD2:
		sqe->fd = spliced(p, kind, value);
		break;
	case A_OFFIN:
		sqe->splice_off_in = spliced_from(value);
		break;
	case A_OFFOUT:
		sqe->off = spliced_from(value);
		break;
	case A_SLOT:
		sqe->off = value;
		break;
	case A_FILES:
		sqe->addr = new_files(p);
		sqe->len = x->nvec ? x->nvec : p->bad_memory;
		break;
	case A_DIRFD:
		sqe->fd = directory(p, value, x->path);
		break;
	case A_DIRFD2:
		sqe->len = (uint32_t)directory(p, value, x->path2);
		break;
	case A_PATH: /* of a symbolic link: what it says comes first */
		if (op_has(x->op, A_XNAME))
			sqe->addr3 = path_from_cwd(p);
		else
			*(op_has(x->op, A_TARGET) ? &sqe->addr2 : &sqe->addr) =
				path_pointer(p->t, x->path, p->scratch->path[0]);
		break;
	case A_PATH2:
		sqe->addr2 = path_pointer(p->t, x->path2, p->scratch->path[1]);
		break;
	case A_TARGET:
	case A_XNAME:
		sqe->addr = path_pointer(p->t, x->path2, p->scratch->path[1]);
		break;
	case A_OFF:
		sqe->off = value;
		break;
	case A_LEN:
		put_length(sqe, x->op, value);
		break;
	case A_MODE:
		if (x->op != OP_uring_openat2)
			sqe->len = (uint32_t)value;
		break;
	case A_FALLOCMODE:
		sqe->len = (uint32_t)value;
		break;
	case A_STXMASK:
		sqe->len = (uint32_t)value;
		sqe->addr2 = p->bad_memory ? NO_MEMORY : (uint64_t)(uintptr_t)p->t->out;
		break;
	case A_OFLAGS:
		sqe->open_flags = (uint32_t)value & ~(uint32_t)O_ASYNC;
		break;
	case A_RWF:
	case A_ATFLAGS:
	case A_RENFLAGS:
	case A_INSTALLFLAGS:
	case A_SFRFLAGS:
	case A_ADVICE: /* one word by many names */
		sqe->rw_flags = (__kernel_rwf_t)value;
		break;
	case A_XFLAGS:
		sqe->xattr_flags = (uint32_t)(p->t->acl ? value & XATTR_FLAGS : value);
		break;
	case A_HOW:
		sqe->addr2 = how(p);
		sqe->len = sizeof(struct open_how);
		break;
	case A_RIOV:
	case A_WIOV:
		sqe->addr = segments(p, kind == A_RIOV);
		sqe->len = x->nvec ? x->nvec : p->bad_memory;
		break;
	default:
		break;
	}
}

static unsigned opcode_of(const struct preparing *p)
{
	const struct uring_op *known = uring_of_row(p->x->op);

	return (unsigned)((buffer(p) || is_bad_buffer(p)) && known->fixed >= 0 ? known->fixed : known->opcode);
}

/*
 * Attributes are set by path where no symbolic link can lead out of the tree, or behind a look at where
 * it leads: then a nop keeps the place among the others, and the line makes the plain call. So it does where an
 * access control list is to be made.
 */
static bool is_guarded(const struct rthread *t, const struct xop *x)
{
	if (x->op != OP_uring_setxattr && x->op != OP_uring_fsetxattr)
		return false;
	return (x->op == OP_uring_setxattr && t->w->guard) || exec_is_list(t, x);
}

static int64_t set_guarded(struct rthread *t, const struct xop *x)
{
	struct xop plain = *x;
	int i;

	plain.op = x->op == OP_uring_fsetxattr ? OP_fsetxattr : OP_setxattr;
	for (i = 1; i < OP_ARGS; i++) /* all but the submission */
		plain.arg[i - 1] = x->arg[i];
	return exec_setxattr(t, &plain);
}

static void fill(const struct preparing *p)
{
	const struct xop *x = p->x;
	struct io_uring_sqe *sqe = p->sqe;
	int i;

	memset(sqe, 0, sizeof(*sqe));
	if (!p->itself && is_guarded(p->t, x)) {
		sqe->opcode = IORING_OP_NOP;
		sqe->flags = x->sqe.flags & (IOSQE_IO_DRAIN | IOSQE_IO_LINK | IOSQE_IO_HARDLINK);
		return;
	}
	sqe->opcode = (uint8_t)opcode_of(p);
	sqe->flags = x->sqe.flags & (IOSQE_FIXED_FILE | IOSQE_IO_DRAIN | IOSQE_IO_LINK |
					    IOSQE_IO_HARDLINK | IOSQE_ASYNC);
	if (x->op == OP_uring_splice)
		prepare_splice(p);
	for (i = 0; i < OP_ARGS; i++) {
		enum arg_kind kind = (enum arg_kind)ops[x->op].arg[i];

		if (kind == A_WBUF && p->t->acl)
			sqe->addr2 = (uint64_t)(uintptr_t)p->t->acl;
		else if (kind == A_RBUF || kind == A_WBUF) /* LEN is next */
			*(op_has(x->op, A_XNAME) ? &sqe->addr2 : &sqe->addr) =
				memory_for(p, kind, x->arg[i + 1]);
		else
			put_field(p, kind, x->arg[i]);
	}
	if (x->op == OP_uring_fdatasync)
		sqe->fsync_flags = IORING_FSYNC_DATASYNC;
	if (x->op == OP_uring_splice) {
		sqe->splice_flags = splice_flags(x->sqe.flags);
		return; /* BUFFER and SLOT are other files */
	}
	if (buffer(p))
		sqe->buf_index = (uint16_t)x->sqe.buffer;
	else if (is_bad_buffer(p))
		sqe->buf_index = NO_BUFFER;
	if (x->sqe.slot != SQE_NONE && !(sqe->flags & IOSQE_FIXED_FILE))
		sqe->file_index = x->sqe.slot + 1;
}

/*
 * LINKED: the next one that is prepared is the one that it was linked to. ITSELF: not a nop in its place. 0 or
 * -errno.
 */
static int prepare_as(struct rthread *t, struct live_ring *r, uint64_t id, bool linked, bool itself)
{
	const struct submission *s = &t->w->plan->all.v[id];
	struct xop x = {.op = (enum op_id)s->op,
		.meta = s->wide ? META_WIDE : 0,
		.context = s->context};
	struct completion *c = &t->w->completions[id];
	struct preparing p = {.t = t, .r = r, .x = &x, .completion = c, .bad_memory = s->bad_memory,
		.failed = s->failed,
		.keeps = s->keeps,
		.itself = itself};
	int rc;

	p.sqe = io_uring_get_sqe(&r->io);
	if (!p.sqe) {
		rc = submit(t->w, r, 0);
		p.sqe = rc ? NULL : io_uring_get_sqe(&r->io);
		if (!p.sqe)
			return rc ? rc : -EBUSY;
	}
	p.scratch = &r->scratch[r->prepared];
	p.iov = &r->iov[(size_t)r->prepared++ * t->w->plan->iov_max];
	decode_body((const uint8_t *)t->w->streams[s->real].out.p + s->body, &x);
	if (op_has(x.op, A_MODE))
		enter_umask(t, x.context);
	fill(&p);
	if (!linked)
		p.sqe->flags &= (uint8_t)~(IOSQE_IO_LINK | IOSQE_IO_HARDLINK);
	p.sqe->user_data = id;
	c->t = now_ns();
	c->state = UNDER_WAY;
	r->under_way++;
	return 0;
}

static int prepare(struct rthread *t, struct live_ring *r, uint64_t id, bool linked)
{
	return prepare_as(t, r, id, linked, false);
}

static int prepare_batch(struct rthread *t, struct live_ring *r, const struct submit_call *call)
{
	const struct ring_plan *plan = t->w->plan;
	const uint32_t *id = plan->batch + call->batch, *end = id + call->n;
	bool held = false; /* by one in front of it in its chain: guarded, its line makes a call; or a file it opens */
	int rc = 0;

	for (; id < end && !rc; id++) {
		const struct submission *s = &plan->all.v[*id];
		bool linked = id + 1 < end && plan->all.v[id[1]].number == s->number + 1;
		bool guarded = s->by_line || (s->op == OP_uring_setxattr && t->w->guard);

		if (!held && t->w->completions[*id].state == NOT_SUBMITTED)
			rc = prepare(t, r, *id, linked && !guarded);
		held = linked && s->linked && (held || guarded);
	}
	return rc;
}

/* Waits for those of the batch whose file is about to be closed. */
static int wait_for_early(struct rthread *t, struct live_ring *r, const struct submit_call *call)
{
	const struct ring_plan *plan = t->w->plan;
	const uint32_t *id = plan->batch + call->batch, *end = id + call->n;
	int rc = 0;

	for (; id < end; id++)
		while (plan->all.v[*id].early && t->w->completions[*id].state == UNDER_WAY && !rc)
			rc = submit(t->w, r, 1);
	return rc;
}

int64_t exec_uring_enter(struct rthread *t, const struct xop *x)
{
	const struct submit_call *call =
		&t->w->plan->calls.v[x->arg[op_arg_index(OP_io_uring_enter, A_SQNO)]];
	struct live_ring *r = ring_at(t->w, x->arg[op_arg_index(OP_io_uring_enter, A_RING)]);
	uint64_t wait = x->arg[op_arg_index(OP_io_uring_enter, A_UNRMIN)];
	int rc;

	if (!r)
		return -EBADF;
	pthread_mutex_lock(&r->lock);
	reap(t->w, r);
	rc = prepare_batch(t, r, call);
	if (!rc)
		rc = submit(t->w, r, wait < r->under_way ? (unsigned)wait : r->under_way);
	if (!rc)
		rc = wait_for_early(t, r, call);
	pthread_mutex_unlock(&r->lock);
	return rc ? rc : x->ret;
}

/* What was cancelled with its chain, and stands alone here, did nothing then. */
static int complete(struct rthread *t, struct live_ring *r, uint64_t id, bool cancelled)
{
	struct completion *c = &t->w->completions[id];
	int rc = 0;

	reap(t->w, r);
	if (c->state == NOT_SUBMITTED && cancelled)
		return -ECANCELED;
	if (c->state == NOT_SUBMITTED) {
		rc = prepare(t, r, id, false);
		if (!rc)
			rc = submit(t->w, r, 1);
	}
	while (!rc && c->state != COMPLETED)
		rc = submit(t->w, r, 1);
	return rc ? rc : c->result;
}

/* The one that it is linked to; ID itself: none that was submitted with it. */
static uint64_t next_in_chain(const struct ring_plan *plan, uint64_t id)
{
	const struct submission *s = &plan->all.v[id];
	const struct submit_call *call = s->call == RING_ALONE ? NULL : &plan->calls.v[s->call];
	uint32_t i;

	for (i = 0; call && s->linked && i < call->n; i++)
		if (plan->all.v[plan->batch[call->batch + i]].number == s->number + 1)
			return plan->batch[call->batch + i];
	return id;
}

static int submit_again(struct rthread *t, struct live_ring *r, uint64_t id)
{
	t->w->completions[id].state = NOT_SUBMITTED;
	return complete(t, r, id, false);
}

/*
 * The kernel may say EAGAIN where it did not then, and cancels what is behind it: all of these are submitted again, one
 * after the other. With RESOLVE_CACHED it is what the cache decides, for those behind it, too.
 */
static int complete_sure(struct rthread *t, struct live_ring *r, const struct xop *x)
{
	uint64_t id = x->sqe.number, next = next_in_chain(t->w->plan, id);
	struct completion *c = &t->w->completions[id], *behind = next == id ? NULL : &t->w->completions[next];
	int ret = complete(t, r, id, x->ret == -ECANCELED), i;

	if (c->again && ret == -ECANCELED && x->ret != -ECANCELED)
		ret = submit_again(t, r, id);
	if (behind) {
		behind->again |= c->again;
		behind->unlike |= c->unlike;
	}
	if (x->op != OP_uring_openat2)
		return ret;
	if (behind && was_unsure(x, ret))
		behind->again = true;
	for (i = 0; i < UNSURE_TRIES && was_unsure(x, ret); i++)
		ret = submit_again(t, r, id);
	if (behind && x->arg[op_arg_index(x->op, A_RESOLVE)] & RESOLVE_CACHED)
		behind->unlike |= (ret == -EAGAIN) != (x->ret == -EAGAIN);
	return ret;
}

/* Only the ring reaches a registered file: behind the nop, alone, with the list. */
static int set_registered(struct rthread *t, struct live_ring *r, const struct xop *x)
{
	const struct completion *c = &t->w->completions[x->sqe.number];
	int rc;

	t->acl = exec_list(t, x);
	rc = prepare_as(t, r, x->sqe.number, false, true);
	while (!rc && c->state != COMPLETED)
		rc = submit(t->w, r, 1);
	t->acl = NULL;
	return rc ? rc : c->result;
}

int64_t exec_uring(struct rthread *t, const struct xop *x)
{
	bool guarded = is_guarded(t, x), registered = x->sqe.flags & URING_FIXED_FILE;
	struct live_ring *r = ring_at(t->w, x->sqe.ring);
	int64_t ret = -EBADF;

	if (r) {
		pthread_mutex_lock(&r->lock);
		ret = complete_sure(t, r, x);
		if (guarded && registered && ret == 0)
			ret = set_registered(t, r, x);
		if (t->w->completions[x->sqe.number].state == COMPLETED)
			t->took = t->w->completions[x->sqe.number].t;
		pthread_mutex_unlock(&r->lock);
	}
	if (guarded && !registered && ret == 0)
		return set_guarded(t, x);
	if (ops[x->op].flags & OPF_NEWFD && (x->sqe.slot == SQE_NONE || x->op == OP_uring_fixed_fd_install))
		keep_fd(t->w, x->newfd, ret);
	if (ops[x->op].flags & OPF_LIST)
		exec_close_list(t, x);
	return ret;
}

/* ---- registered buffers and files ---- */

static uint64_t page_up(uint64_t len)
{
	return (len + 4095) & ~(uint64_t)4095;
}

static uint64_t sum_of(const struct xop *x)
{
	const uint8_t *p = x->vec;
	uint64_t sum = 0, len;
	uint32_t i;

	for (i = 0; i < x->nvec && sum <= PINNED_MAX; i++) {
		len = uvar_get(&p);
		sum += len <= PINNED_MAX ? page_up(len) : PINNED_MAX + 1;
	}
	return sum;
}

/* What is written from them is as random as what is written from elsewhere. */
static void fill_buffers(struct rthread *t, struct live_ring *r)
{
	size_t at, n;

	for (at = 0; at < r->pinned_len; at += n) {
		n = r->pinned_len - at < t->w->write_period / 2 ? r->pinned_len - at
								 : t->w->write_period / 2;
		memcpy((char *)r->pinned + at, write_buffer(t), n);
	}
}

static int register_buffers(struct rthread *t, struct live_ring *r, const struct xop *x)
{
	const uint8_t *p = x->vec;
	uint64_t sum = sum_of(x), len;
	char *at;
	uint32_t i;
	int rc;

	if (sum > PINNED_MAX || r->nbuffers)
		return sum > PINNED_MAX ? -ENOMEM : -EBUSY;
	r->buffers = calloc((size_t)x->nvec + 1, sizeof(*r->buffers));
	r->pinned_len = sum + 4096;
	r->pinned = map(r->pinned_len, false);
	if (!r->buffers || !r->pinned) {
		drop_buffers(r);
		return -ENOMEM;
	}
	fill_buffers(t, r);
	for (i = 0, at = r->pinned; i < x->nvec; i++) {
		len = uvar_get(&p);
		r->buffers[i] = (struct iovec){at, len};
		at += page_up(len);
	}
	rc = io_uring_register_buffers(&r->io, r->buffers, x->nvec);
	if (rc)
		drop_buffers(r);
	else
		r->nbuffers = x->nvec;
	return rc;
}

static int unregister_buffers(struct live_ring *r)
{
	int rc = io_uring_unregister_buffers(&r->io);

	drop_buffers(r);
	return rc;
}

/* A table of that size without files: these have lines of their own. */
static int register_files(struct live_ring *r, uint64_t n)
{
	int *files;
	uint64_t i;
	int rc;

	if (n > REGISTERED_MAX)
		return -EMFILE;
	files = malloc((n + 1) * sizeof(*files));
	if (!files)
		return -ENOMEM;
	for (i = 0; i < n; i++)
		files[i] = -1;
	rc = io_uring_register_files(&r->io, files, (unsigned)n);
	free(files);
	return rc;
}

int64_t exec_uring_register(struct rthread *t, const struct xop *x)
{
	struct live_ring *r = ring_at(t->w, x->arg[op_arg_index(x->op, A_RING)]);
	int rc = 0;

	if (!r)
		return -EBADF;
	pthread_mutex_lock(&r->lock);
	switch (x->arg[op_arg_index(x->op, A_UREGOP)]) {
	case URING_REGISTER_BUFFERS:
		rc = register_buffers(t, r, x);
		break;
	case URING_UNREGISTER_BUFFERS:
		rc = unregister_buffers(r);
		break;
	case URING_REGISTER_FILES:
		rc = register_files(r, x->arg[op_arg_index(x->op, A_UNR)]);
		break;
	case URING_UNREGISTER_FILES:
		rc = io_uring_unregister_files(&r->io);
		break;
	default: /* of URING_REGISTER_ENABLE_RINGS: no ring is disabled here */
		break;
	}
	reap(t->w, r);
	pthread_mutex_unlock(&r->lock);
	return rc < 0 ? rc : x->ret;
}

int64_t exec_uring_file(struct rthread *t, const struct xop *x)
{
	struct live_ring *r = ring_at(t->w, x->arg[0]);
	uint64_t slot = x->arg[1];
	int fd = real_fd(t->w, x->arg[2]), rc;

	if (!r)
		return -EBADF;
	if (slot > REGISTERED_MAX)
		return -EINVAL;
	if (fd < 0)
		fd = -1; /* the slot becomes free */
	pthread_mutex_lock(&r->lock);
	rc = io_uring_register_files_update(&r->io, (unsigned)slot, &fd, 1);
	pthread_mutex_unlock(&r->lock);
	return rc < 0 ? rc : x->ret;
}
