/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_REPLAY_DISPATCH_H
#define IORIOT_REPLAY_DISPATCH_H

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "replay/encode.h"
#include "replay/exec_map.h"
#include "replay/rings.h"

/* How operations are issued: what a thread has at hand, and one function per way of issuing. */

/* Why an operation was not issued. Results from REPLAY_SKIPPED upwards are these. */
enum skip_reason {
	SKIP_STATE,   /* not a call */
	SKIP_CHROOT,  /* the paths of a replay are resolved already */
	SKIP_SIGNAL,  /* could make the kernel send signals to other processes */
	SKIP_FCNTL,   /* an fcntl command that is not known to be harmless */
	SKIP_NOFILE,  /* makes a descriptor that is no file */
	SKIP_LASTING,  /* the tree could not be removed any more */
	SKIP_PRIVILEGE, /* only root may, and the replay is not */
	SKIP_ADVICE,  /* memory advice that is not known to be harmless */
	SKIP_OUTSIDE, /* its path led out of the tree through a symbolic link */
	SKIP_COUNT
};
#define REPLAY_SKIPPED INT64_MIN
extern const char *const skip_reasons[SKIP_COUNT];

/* A current directory that virtual threads share. Replaced on the same number: no lock is needed.
 */
struct context {
	_Atomic int cwd; /* O_PATH descriptor + 1, 0 = none set */
	_Atomic uint32_t generation;
	_Atomic uint32_t ended; /* see struct program */
};

struct aio_context; /* exec_aio.c */
struct thread_result;
/* A submission on its way, and its completion. */
struct completion {
	uint64_t t; /* now_ns(): since when it is in its state */
	int32_t result;
	enum { NOT_SUBMITTED, UNDER_WAY, COMPLETED } state;
	bool again, unlike; /* a chain in front of it broke here, and was mended; or it went on as the cache decided */
	struct room *room; /* exec_uring.c: what it reads goes there */
	int32_t pipe[2];   /* and the other side of what it splices; 0: none */
};

/* What all threads of a worker process share. */
struct worker {
	const char *strings;
	_Atomic int32_t *vfds;  /* real descriptor + 1; 0 = not open */
	_Atomic int32_t *locks; /* the same for handles of POSIX lock owners */
	struct xmap *maps;
	_Atomic uint64_t mapped; /* bytes of them */
	struct context *contexts;
	_Atomic uint16_t *umasks; /* by context, in memory that all workers share */
	const uint32_t *context_of;
	const uint8_t *inherits_cwd;
	const uint32_t *context_ends;
	int start_dir;	       /* O_PATH of the first tree */
	const int *tree_fds;
	uint32_t ntrees;
	uint8_t *big_read;     /* for requests that are longer than a thread's own buffer */
	struct aio_context *aio; /* by number */
	uint32_t naio;
	const uint8_t *aio_shared;  /* by number: several threads use it */
	_Atomic uint64_t aio_rooms; /* bytes that requests have for themselves */
	_Atomic uint32_t aio_owed; /* requests that were over in the capture, and are not here */
	const uint8_t *write_data;
	uint64_t write_period; /* write_data repeats after that, a power of two */
	uint32_t write_step;
	const struct ring_plan *plan;
	const struct xwriter *streams;
	struct live_ring *_Atomic *rings;	/* by number; NULL = not there */
	struct completion *completions; /* by submission; under the lock of its ring */
	bool guard;   /* metadata is written only behind a look at where the path leads */
	bool is_root; /* the replay may give files away */
	bool by_thread; /* --order=thread */
	bool over_ext4; /* the first tree is an overlay above one */
	_Atomic bool remapped; /* a file of ext4 has block maps, or extents, unlike the captured one */
};
#define UMASK_UNKNOWN 0xffff
#define UMASK_DEFAULT 022

#define READ_BUFFER_MAX (1u << 20)

#define NO_MEMORY 1 /* an address where no program has anything */

#define HANDLE_MAX 128 /* MAX_HANDLE_SZ */

/* What one real thread has for itself. */
struct rthread {
	struct worker *w;
	uint8_t *read_buf;
	uint64_t read_len;
	uint64_t write_at;
	struct iovec *iov;
	struct iocb **iocbs;	 /* of one batch */
	struct io_event *events; /* of one wait */
	uint64_t events_max;
	struct thread_result *result;
	uint32_t fs_context, fs_generation; /* whose current directory this thread has now */
	uint32_t umask_now;
	uint64_t took; /* ns of the operation at hand when not those of its function, 0 = they are */
	bool chown_own; /* a chown was issued with the own ids */
	char fd_path[2][32];
	uint64_t how[3];
	int64_t times[4];
	int64_t offset[2]; /* OFFIN, OFFOUT */
	uint64_t pair[2];  /* a struct of 16 bytes */
	uint32_t handle[2 + HANDLE_MAX / 4];
	int pipe[2];	   /* of its own, for splice(2) */
	uint64_t pipe_size; /* 0: it has none yet */
	const void *acl;    /* of the setxattr at hand; NULL: its value is random */
	uint8_t out[512] __attribute__((aligned(16)));
};

/* Result or -errno of the call as issued now, or REPLAY_SKIPPED + reason. */
typedef int64_t (*exec_fn)(struct rthread *t, const struct xop *x);
extern const exec_fn exec_fns[OP_COUNT];

bool dispatch_uses_paths(enum op_id op);

/* What exec.c and its siblings share. */
int64_t raw_syscall(long nr, const uint64_t reg[6]);
/* Room for LEN bytes that the kernel fills; LEN is not more than any A_RBUF of the file, or IOCTL_ROOM. */
uint8_t *read_room(struct rthread *t, uint64_t len);
#define XATTR_ROOM  (64u << 10) /* no value is longer: XATTR_SIZE_MAX */
#define SPLICE_ROOM (64u << 10)
#define PIPE_WANTED (1 << 20) /* /proc/sys/fs/pipe-max-size as it is by default */
#define IOCTL_ROOM (232u << 10) /* a map of some 4000 extents */
void build_registers(struct rthread *t, const struct xop *x, uint64_t reg[6]);
int64_t issue(const struct xop *x, uint64_t reg[6]);
/* Current directory and umask: 0, or why the directory cannot be entered. */
int enter_fs(struct rthread *t, const struct xop *x);
/*
 * The path of the call leads to nothing, WHY: so the call fails, of that or of what is looked at before
 * the path.
 */
int64_t issue_without(const struct xop *x, uint64_t reg[6], int64_t why);

/* What registers of calls and fields of submissions point to. */
uint64_t path_pointer(struct rthread *t, uint64_t ref, char fd_path[32]);
/* Of a vector that could not be read no segments are known. */
static inline bool vector_is_bad(const struct xop *x)
{
	return !x->nvec && x->ret == -EFAULT;
}
uint64_t vector_pointer(struct rthread *t, const struct xop *x, bool is_read, struct iovec *iov);
void enter_umask(struct rthread *t, uint32_t context);
/* A descriptor that the program did not get must not stay open. */
void keep_fd(struct worker *w, uint32_t vfd, int64_t fd);

/* exec_uring.c: the ring is over. */
void ring_end(struct worker *w, uint32_t number);

static inline int real_fd(const struct worker *w, uint64_t vfd)
{
	if (__builtin_expect((uint32_t)vfd >= VFD_CWD, 0))
		return (uint32_t)vfd == VFD_CWD ? -100 /* AT_FDCWD */ : -1;
	return atomic_load_explicit(&w->vfds[vfd], memory_order_acquire) - 1;
}

static inline void set_fd(struct worker *w, uint32_t vfd, int fd)
{
	atomic_store_explicit(&w->vfds[vfd], fd + 1, memory_order_release);
}

static inline int take_fd(struct worker *w, uint32_t vfd)
{
	return atomic_exchange_explicit(&w->vfds[vfd], 0, memory_order_acq_rel) - 1;
}

/* Each write begins a little further in the random data: equal blocks would be shared by stores. */
static inline const uint8_t *write_buffer(struct rthread *t)
{
	t->write_at = (t->write_at + t->w->write_step) & (t->w->write_period - 1);
	return t->w->write_data + t->write_at;
}

int64_t exec_call(struct rthread *t, const struct xop *x);
/*
 * Of an openat2(2), EAGAIN: a rename or mount, anywhere on the host, made the kernel unsure whether the way stayed
 * inside of the directory. The program had no such luck, and the replay asks again.
 */
bool was_unsure(const struct xop *x, int64_t ret);
#define UNSURE_TRIES 1000

int64_t exec_bind(struct rthread *t, const struct xop *x);
int64_t exec_mknod(struct rthread *t, const struct xop *x);
int64_t exec_getdents(struct rthread *t, const struct xop *x);
/* Of a set of an attribute: of an access control list. */
bool exec_is_list(const struct rthread *t, const struct xop *x);
/* The list that it sets, in the thread's room for what is read; NULL: none, what it sets is any bytes. */
const void *exec_list(struct rthread *t, const struct xop *x);
int64_t exec_setxattr(struct rthread *t, const struct xop *x);
int64_t exec_setattr(struct rthread *t, const struct xop *x);
int64_t exec_close(struct rthread *t, const struct xop *x);
int64_t exec_close_list(struct rthread *t, const struct xop *x);
int64_t exec_dup(struct rthread *t, const struct xop *x);
int64_t exec_fcntl(struct rthread *t, const struct xop *x);
int64_t exec_splice(struct rthread *t, const struct xop *x);
void splice_end(struct rthread *t); /* closes the thread's pipe */
int64_t exec_ioctl(struct rthread *t, const struct xop *x);
int64_t exec_fork(struct rthread *t, const struct xop *x);
int64_t exec_chdir(struct rthread *t, const struct xop *x);
int64_t exec_umask(struct rthread *t, const struct xop *x);
int64_t exec_chown(struct rthread *t, const struct xop *x);
int64_t exec_task(struct rthread *t, const struct xop *x);
int64_t exec_preopen(struct rthread *t, const struct xop *x);
int64_t exec_predup(struct rthread *t, const struct xop *x);
int64_t exec_uring_setup(struct rthread *t, const struct xop *x);
int64_t exec_uring_enter(struct rthread *t, const struct xop *x);
int64_t exec_uring_register(struct rthread *t, const struct xop *x);
int64_t exec_uring_file(struct rthread *t, const struct xop *x);
int64_t exec_uring(struct rthread *t, const struct xop *x);
int64_t exec_mmap(struct rthread *t, const struct xop *x);
int64_t exec_munmap(struct rthread *t, const struct xop *x);
int64_t exec_mremap(struct rthread *t, const struct xop *x);
int64_t exec_on_map(struct rthread *t, const struct xop *x);
int64_t exec_touch(struct rthread *t, const struct xop *x);
int64_t exec_getfd(struct rthread *t, const struct xop *x);
int64_t exec_none(struct rthread *t, const struct xop *x);
int64_t exec_io_setup(struct rthread *t, const struct xop *x);
int64_t exec_io_destroy(struct rthread *t, const struct xop *x);
int64_t exec_io_submit(struct rthread *t, const struct xop *x);
int64_t exec_io_cancel(struct rthread *t, const struct xop *x);
int64_t exec_io_getevents(struct rthread *t, const struct xop *x);

/* AIO contexts: room for one, the end of one with its process, and of all that are left. */
size_t aio_context_size(void);
void aio_end(struct rthread *t, uint32_t number);
void aio_end_all(struct rthread *t);

/* Before what cuts a file, or looks where its holes are: whatever was over in the capture is waited for. */
bool aio_is_cut(const struct xop *x);
void aio_settle(struct rthread *t);

/* Metadata written by path where symbolic links could lead out of the tree (worker.guard). */
int64_t exec_guarded(struct rthread *t, const struct xop *x);

/*
 * The call that OP has become on architectures without it: number and registers, from the
 * registers of the old one. -1: there is no such call (utime(2) etc. take their times as
 * struct timespec then).
 */
long legacy_map(enum op_id op, const uint64_t old[6], uint64_t reg[6]);

#endif
