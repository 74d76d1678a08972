/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_TRACE_REC_H
#define IORIOT_TRACE_REC_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "ops/ops.h"
#include "utils/str.h"

#define COMM_MAX 15 /* bytes of a thread's name that the kernel keeps: TASK_COMM_LEN - 1 */

/* What an inode was when it was seen: from stat(2), or from the kernel's struct inode. */
struct facts {
	bool known;  /* the rest is valid */
	bool absent; /* the name did not exist (state_path only) */
	bool list;   /* only MODE is: the permission bits that an access control list gives */
	uint32_t dev_major, dev_minor;
	uint64_t ino;
	uint32_t mode; /* type and permission bits */
	uint32_t nlink, uid, gid;
	uint64_t size, blocks; /* bytes; 512-byte units allocated */
};

/* tv_nsec values of utimensat(2) besides UTIME_NOW and UTIME_OMIT. */
#define TIMES_NULL (-1L) /* in ts[0].tv_nsec: no times were given (NULL pointer) */

/*
 * A submission to an io_uring. In a .replay a registered file is named by SLOT, in a .capture by the
 * descriptor argument, as in the kernel; SLOT then is only that of a direct open or close.
 */
#define SQE_NONE UINT32_MAX
struct sqe {
	uint32_t ring;	 /* from 1 */
	uint64_t number; /* of the submission: 0 for the ring's first one */
	uint32_t flags;	 /* IOSQE_... */
	uint32_t buffer; /* registered buffer, SQE_NONE: none */
	uint32_t slot;	 /* registered file, SQE_NONE: none */
	uint64_t user;	 /* user_data; not in a .replay */
	enum op_id row;	 /* in generate, where the record is of the plain operation: what it was */
};

/*
 * One record of a capture, whatever made it: what every backend fills and every reader gets.
 *
 * arg[] follows the row's ARGS, one slot per register. Structs are spread so:
 *   HOW         flags in its own slot, mode and resolve in the slots of MODE and RESOLVE
 *   CLARGS      clone_args.flags
 *   FARG        a number; for the F_*LK* commands l_type, l_whence, l_start, l_len in arg[2..5]
 *               and, of one that may be waited for, in vec[0] what the start counts from, if known
 *   IARG        as rec_ioctl_form() says, in arg[2..5]; destinations of a dedupe in vec[]
 *   RIOV, WIOV  vec[] = segment lengths
 *   FORM_TUPLES vec[] = the numbers of one tuple behind those of the other
 *   EXTENTS     vec[] = offset, length, offset, length ... of what is data; NULL: not asked for
 *   PAGES       vec[] = offset, length ... in the file, ascending; ADDR is where the first one is
 *   TIMES       ts[0] access, ts[1] modification time; seconds and ns
 * Strings and vec belong to whoever made the record and live until it makes the next one. What every line has
 * stands in front: records go from thread to thread.
 */
struct rec {
	uint64_t t;   /* return time, ns, CLOCK_MONOTONIC (version 3 and 4: since the epoch) */
	uint64_t dur; /* ns inside the call; entry = t - dur */
	uint32_t pid, tid; /* thread group and thread, as the capturing side numbers them */
	enum op_id op;
	int64_t ret; /* result, or -errno; of a fork: the new thread's id, as numbered here */
	uint64_t arg[OP_ARGS];
	struct str path, path2;	   /* as issued; {NULL} when unreadable (EFAULT) or not there */
	const uint64_t *vec;
	uint32_t nvec;
	bool has_ret;
	uint64_t line;	    /* of the file it was read from, 1 = the header */
	struct sqe sqe; /* FORM_SQE */
	struct facts facts; /* of the object that was hit, after the call */
	struct timespec ts[2];
};

/* Copies FROM without its facts: times and submissions only where they mean something. */
static inline void rec_copy(struct rec *to, const struct rec *from)
{
	memcpy(to, from, offsetof(struct rec, sqe)); /* what any has */
	to->sqe.ring = 0;
	if (__builtin_expect(op_has_structs[from->op] || from->sqe.ring, 0)) {
		to->sqe = from->sqe;
		memcpy(to->ts, from->ts, sizeof(to->ts));
	}
	to->facts.known = to->facts.absent = to->facts.list = false;
}

/* The argument of that kind, OTHERWISE where the operation has none. */
static inline uint64_t rec_arg(const struct rec *r, enum arg_kind kind, uint64_t otherwise)
{
	int i = op_arg_index(r->op, kind);

	return i < 0 ? otherwise : r->arg[i];
}

/* Of open(2), openat(2) and openat2(2); 0 of others. */
static inline uint64_t rec_open_flags(const struct rec *r)
{
	return rec_arg(r, r->op == OP_openat2 ? A_HOW : A_OFLAGS, 0);
}

/* Segments of one vector; the kernel refuses more than 1024 (UIO_MAXIOV). Readers refuse more. */
#define REC_IOV_MAX 4096

/* Numbers in all tuples of one call: what fits in a line. Readers refuse more. */
#define REC_TUPLES_MAX (1u << 19)

/*
 * What arg[2..] of an ioctl(2) of ops/ioctl.def hold, a letter each: f descriptor, u unsigned, s
 * signed. NULL: the command is none of these. FIDEDUPERANGE has in vec[] for each destination
 * its descriptor and offset, how many bytes were shared, and its status.
 */
const char *rec_ioctl_form(uint64_t cmd);
bool rec_ioctl_has_dests(uint64_t cmd);
#define REC_DEST 4
/* Numbers of maps in a replay are below this. */
#define REC_MAP_MAX ((uint32_t)-2)

/* True for the fcntl(2) commands whose third argument is a struct flock. */
bool rec_fcntl_is_lock(uint64_t cmd);
/* ... and which wait until they have the lock. */
bool rec_fcntl_waits(uint64_t cmd);

/* Flags as those of clone(2) of a call that makes a task, 0 of fork(2) and of others. */
uint64_t rec_clone_flags(const struct rec *r);

#endif
