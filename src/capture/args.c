/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/args.h"

#include <string.h>
#include <sys/time.h>
#include <utime.h>

uint64_t args_narrow(enum arg_kind kind, uint64_t value)
{
	switch (arg_infos[kind].form) {
	case FORM_FD:
		return (uint64_t)(int64_t)(int32_t)value;
	case FORM_FLAGS:
	case FORM_HEX:
		if (kind == A_HOW || kind == A_CLARGS || kind == A_RESOLVE)
			return value; /* members of structs */
		return (uint32_t)value;
	case FORM_OCT:
		return kind == A_MODE ? (uint16_t)value : (uint32_t)value; /* umode_t */
	case FORM_DEC:
		if (kind == A_OFF || kind == A_FDS) /* FDS: still where they will be */
			return value;
		if (kind == A_STATUS)
			return (uint64_t)(int64_t)(int32_t)value;
		if ((kind == A_UID || kind == A_GID) && (uint32_t)value == UINT32_MAX)
			return UINT64_MAX; /* -1: leave it */
		return (uint32_t)value;
	default:
		return value;
	}
}

bool args_is_member(enum op_id op, int slot)
{
	enum arg_kind kind = ops[op].arg[slot];

	return kind == A_RESOLVE || kind == A_FDS2 || (kind == A_MODE && op_has(op, A_HOW));
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

size_t args_times_size(enum arg_kind kind)
{
	return kind == A_UTIMBUF ? sizeof(struct utimbuf) : 2 * sizeof(struct timespec);
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
	if (!bytes)
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
