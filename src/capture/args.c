/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/args.h"

#include <linux/fiemap.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/time.h>
#include <utime.h>

#include "ops/ioctl.h"

static bool is_int(enum arg_kind kind)
{
	switch (kind) {
	case A_STATUS:
	case A_WATCH:
	case A_DOMAIN:
	case A_SOCKPROTO:
	case A_BACKLOG:
	case A_SHUTHOW:
	case A_EPOLLOP:
	case A_NFDS:
	case A_SOLEVEL:
	case A_SONAME:
		return true;
	default:
		return false;
	}
}

uint64_t args_narrow(enum arg_kind kind, uint64_t value)
{
	switch (arg_infos[kind].form) {
	case FORM_FD:
		return (uint64_t)(int64_t)(int32_t)value;
	case FORM_FLAGS:
	case FORM_HEX:
		if (kind == A_HOW || kind == A_CLARGS || kind == A_RESOLVE || kind == A_IOCB ||
			kind == A_UPARAMS || kind == A_FAULTAT)
			return value; /* members of structs, or the pointers to them; an address */
		return (uint32_t)value;
	case FORM_OCT:
		return kind == A_MODE ? (uint16_t)value : (uint32_t)value; /* umode_t */
	case FORM_DEC:
		/* FDS: still where they will be */
		if (kind == A_OFF || kind == A_NR || kind == A_NRMIN || kind == A_FDS)
			return value;
		if (is_int(kind))
			return (uint64_t)(int64_t)(int32_t)value;
		if ((kind == A_UID || kind == A_GID) && (uint32_t)value == UINT32_MAX)
			return UINT64_MAX; /* -1: leave it */
		return (uint32_t)value;
	case FORM_UDEC:
		return kind == A_NREVENTS ? (uint32_t)value : value;
	default:
		return value;
	}
}

bool args_is_member(enum op_id op, int slot)
{
	enum arg_kind kind = ops[op].arg[slot];

	switch (kind) {
	case A_RESOLVE:
	case A_FDS2:
	case A_OWNER:
	case A_XATFLAGS:
	case A_RANGELEN:
		return true;
	case A_MODE:
		return op_has(op, A_HOW);
	default:
		return false;
	}
}

void args_set_how(struct rec *rec, int slot, const struct open_how *how)
{
	rec->arg[slot] = how->flags;
	rec->arg[op_arg_index(rec->op, A_MODE)] = how->mode;
	rec->arg[op_arg_index(rec->op, A_RESOLVE)] = how->resolve;
}

void args_set_lock(struct rec *rec, const struct flock *lock)
{
	rec->arg[2] = (uint64_t)(int64_t)lock->l_type;
	rec->arg[3] = (uint64_t)(int64_t)lock->l_whence;
	rec->arg[4] = (uint64_t)lock->l_start;
	rec->arg[5] = (uint64_t)lock->l_len;
}

bool args_is_hint(uint64_t cmd)
{
	return cmd == F_GET_RW_HINT || cmd == F_SET_RW_HINT || cmd == F_GET_FILE_RW_HINT ||
	       cmd == F_SET_FILE_RW_HINT;
}

void args_file_attr(uint64_t to[4], const void *bytes)
{
	uint32_t word[ARGS_FATTR / 4]; /* struct file_attr of linux/fs.h, which older headers do not have */

	memcpy(word, bytes, sizeof(word));
	to[0] = word[0] | (uint64_t)word[1] << 32;
	to[1] = word[2];
	to[2] = word[4];
	to[3] = word[5];
}

size_t args_times_size(enum arg_kind kind)
{
	if (kind == A_TIMEOUT)
		return sizeof(struct timespec);
	return kind == A_UTIMBUF ? sizeof(struct utimbuf) : 2 * sizeof(struct timespec);
}

/* What the kernel makes of it: ktime_set() of its linux/ktime.h ends at the largest number of ns. */
uint64_t args_timeout(const void *bytes)
{
	struct timespec t;
	int64_t ns;

	if (!bytes)
		return OFFPTR_NULL;
	memcpy(&t, bytes, sizeof(t));
	if (__builtin_mul_overflow((int64_t)t.tv_sec, 1000000000, &ns) ||
		__builtin_add_overflow(ns, (int64_t)t.tv_nsec, &ns))
		return t.tv_sec < 0 ? UINT64_MAX : INT64_MAX;
	return args_offset(ns);
}

void args_iocb(uint64_t to[AIOCB_NUMBERS], uint64_t address, const struct iocb *iocb)
{
	to[AIOCB_ID] = address;
	to[AIOCB_OPCODE] = iocb->aio_lio_opcode;
	to[AIOCB_FD] = iocb->aio_fildes;
	to[AIOCB_OFFSET] = (uint64_t)iocb->aio_offset;
	to[AIOCB_LENGTH] = iocb->aio_nbytes;
	to[AIOCB_ALIGN] = AIO_ALIGN_OF(iocb->aio_lio_opcode, iocb->aio_buf);
	to[AIOCB_DATA] = iocb->aio_data;
	to[AIOCB_RWFLAGS] = (uint32_t)iocb->aio_rw_flags;
	to[AIOCB_FLAGS] = iocb->aio_flags;
	to[AIOCB_RESFD] = iocb->aio_resfd;
	to[AIOCB_PRIO] = (uint64_t)(int64_t)iocb->aio_reqprio;
	to[AIOCB_SEGMENTS] = 0;
}

/* Those that were submitted, and the one that could not be. */
static void drop_unused_iocbs(struct rec *rec)
{
	int64_t nr = (int64_t)rec->arg[op_arg_index(rec->op, A_NR)];
	int64_t left = rec->ret < 0 ? 1 : rec->ret < nr ? rec->ret + 1 : rec->ret;
	uint64_t at = 0;

	for (; left > 0 && at + AIOCB_NUMBERS <= rec->nvec; left--) {
		uint64_t segments = rec->vec[at + AIOCB_SEGMENTS];

		at += AIOCB_NUMBERS;
		if (segments > (rec->nvec - at) / AIOCB_NUMBERS)
			segments = (rec->nvec - at) / AIOCB_NUMBERS;
		at += segments * AIOCB_NUMBERS;
	}
	rec->nvec = (uint32_t)at;
}

void args_result(struct rec *rec)
{
	if (op_has(rec->op, A_IOCBS))
		drop_unused_iocbs(rec);
}

static void set_utimbuf(struct timespec ts[2], const void *bytes)
{
	struct utimbuf times;

	memcpy(&times, bytes, sizeof(times));
	ts[0] = (struct timespec){times.actime, 0};
	ts[1] = (struct timespec){times.modtime, 0};
}

/* The kernel refuses microseconds that are none; what it is given must not overflow here. */
static void set_timevals(struct timespec ts[2], const void *bytes)
{
	struct timeval times[2];
	int i;

	memcpy(times, bytes, sizeof(times));
	for (i = 0; i < 2; i++)
		ts[i] = (struct timespec){
			times[i].tv_sec, (long)((uint64_t)times[i].tv_usec * 1000)};
}

static void set_timespecs(struct timespec ts[2], const void *bytes)
{
	int i;

	memcpy(ts, bytes, 2 * sizeof(*ts));
	for (i = 0; i < 2; i++)
		if (ts[i].tv_nsec ==
			TIMES_NULL) /* stands for something else, and is no less invalid */
			ts[i].tv_nsec = TIMES_NULL - 1;
}

void args_set_times(struct rec *rec, enum arg_kind kind, const void *bytes)
{
	if (kind == A_TIMEOUT)
		rec->arg[op_arg_index(rec->op, A_TIMEOUT)] = args_timeout(bytes);
	else if (!bytes)
		rec->ts[0] = rec->ts[1] = (struct timespec){0, TIMES_NULL};
	else if (kind == A_UTIMBUF)
		set_utimbuf(rec->ts, bytes);
	else if (kind == A_TIMEVALS)
		set_timevals(rec->ts, bytes);
	else
		set_timespecs(rec->ts, bytes);
}

void args_set_fds(struct rec *rec, const int32_t fds[2])
{
	rec->arg[op_arg_index(rec->op, A_FDS)] = (uint64_t)(int64_t)(fds ? fds[0] : -1);
	rec->arg[op_arg_index(rec->op, A_FDS2)] = (uint64_t)(int64_t)(fds ? fds[1] : -1);
}

uint64_t args_offset(int64_t offset)
{
	/* these stand for something else, and are as invalid as any negative one */
	if ((uint64_t)offset == OFFPTR_NULL || (uint64_t)offset == OFFPTR_BAD)
		return UINT64_MAX;
	return (uint64_t)offset;
}

void args_set_struct(struct rec *rec, int slot, const void *bytes)
{
	struct {
		uint64_t value;
		uint32_t size, flags;
	} xattr = {0}; /* struct xattr_args of linux/xattr.h, Linux 6.13 */
	uint64_t range[2] = {0};

	if (ops[rec->op].arg[slot] == A_XARGS) {
		if (bytes)
			memcpy(&xattr, bytes, sizeof(xattr));
		rec->arg[slot] = xattr.size;
		rec->arg[op_arg_index(rec->op, A_XATFLAGS)] = xattr.flags;
		return;
	}
	if (bytes)
		memcpy(range, bytes, sizeof(range));
	rec->arg[slot] = range[0];
	rec->arg[op_arg_index(rec->op, A_RANGELEN)] = range[1];
}

void args_set_handle(struct rec *rec, const char *bytes, size_t len)
{
	rec->path2 = len ? (struct str){bytes, len} : STR_NONE;
}

static uint16_t dedupe_count(const void *head)
{
	const struct file_dedupe_range *same = head;
	uint16_t n;

	memcpy(&n, &same->dest_count, sizeof(n));
	return n < IOCTL_DEDUPE_MAX ? n : IOCTL_DEDUPE_MAX;
}

size_t args_ioctl_size(const struct rec *rec, const void *head)
{
	int shape = ioctl_shape((unsigned)rec->arg[1]);

	if (shape < 0)
		return 0;
	if (shape != IOCTL_DEDUPE || !head)
		return ioctl_bytes[shape];
	return IOCTL_DEDUPE_HEAD + (size_t)dedupe_count(head) * IOCTL_DEDUPE_DEST;
}

static void set_dests(struct rec *rec, uint64_t *vec, const struct file_dedupe_range *same)
{
	uint32_t n = dedupe_count(same), i;

	for (i = 0; i < n; i++, vec += REC_DEST) {
		const struct file_dedupe_range_info *info = &same->info[i];

		vec[0] = (uint64_t)(int32_t)info->dest_fd;
		vec[1] = info->dest_offset;
		vec[2] = info->bytes_deduped;
		vec[3] = (uint64_t)(int64_t)info->status;
	}
	rec->vec = vec - (size_t)n * REC_DEST;
	rec->nvec = n * REC_DEST;
}

static void set_values(struct rec *rec, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	rec->arg[2] = a;
	rec->arg[3] = b;
	rec->arg[4] = c;
	rec->arg[5] = d;
}

void args_set_ioctl(struct rec *rec, uint64_t *vec, const void *bytes, size_t len)
{
	union {
		char bytes[IOCTL_BYTES_MAX];
		int number;
		struct file_clone_range clone;
		struct file_dedupe_range same;
		struct fiemap map;
		struct fsxattr attr;
		struct ioctl_space space;
		struct ioctl_move move;
	} u;
	int shape = ioctl_shape((unsigned)rec->arg[1]);

	if (shape == IOCTL_FD) {
		set_values(rec, (uint64_t)(int32_t)rec->arg[2], 0, 0, 0);
		return;
	}
	set_values(rec, 0, 0, 0, 0);
	if (shape < 0 || !len)
		return;
	memset(&u, 0, sizeof(u));
	memcpy(&u, bytes, len < sizeof(u) ? len : sizeof(u));
	switch ((enum ioctl_shape)shape) {
	case IOCTL_INT:
		rec->arg[2] = (uint64_t)(int64_t)u.number;
		break;
	case IOCTL_CLONE:
		set_values(rec, (uint64_t)(int32_t)u.clone.src_fd, u.clone.src_offset,
			u.clone.src_length, u.clone.dest_offset);
		break;
	case IOCTL_DEDUPE:
		set_values(rec, u.same.src_offset, u.same.src_length, 0, 0);
		if (vec)
			set_dests(rec, vec, &u.same);
		break;
	case IOCTL_FIEMAP:
		set_values(rec, u.map.fm_start, u.map.fm_length, u.map.fm_flags,
			u.map.fm_extent_count);
		break;
	case IOCTL_FSXATTR:
		set_values(rec, u.attr.fsx_xflags, u.attr.fsx_extsize, u.attr.fsx_projid,
			u.attr.fsx_cowextsize);
		break;
	case IOCTL_SPACE:
		set_values(rec, (uint64_t)(int64_t)u.space.whence, (uint64_t)u.space.start,
			(uint64_t)u.space.len, 0);
		break;
	case IOCTL_MOVE:
		set_values(rec, (uint64_t)(int32_t)u.move.donor_fd, u.move.orig_start,
			u.move.donor_start, u.move.len);
		break;
	case IOCTL_NONE:
	case IOCTL_FD:
	case IOCTL_SHAPES:
		break;
	}
}

/* open(2) has a mode argument only with these; the register holds anything otherwise. */
static void drop_unused_mode(struct rec *rec)
{
	int flags = op_arg_index(rec->op, A_OFLAGS), mode = op_arg_index(rec->op, A_MODE);

	if (flags >= 0 && mode >= 0 && !(rec->arg[flags] & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))))
		rec->arg[mode] = 0;
}

/* These commands have no third argument: the register holds anything. */
static bool fcntl_is_bare(uint64_t cmd)
{
	return cmd == F_GETFD || cmd == F_GETFL || cmd == F_GETOWN || cmd == F_GETSIG ||
	       cmd == F_GETLEASE || cmd == F_GETPIPE_SZ || cmd == F_GET_SEALS;
}

void args_finish(struct rec *rec)
{
	if (rec->op == OP_fcntl && fcntl_is_bare(rec->arg[1]))
		rec->arg[2] = 0;
	drop_unused_mode(rec);
}
