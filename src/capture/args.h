/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_CAPTURE_ARGS_H
#define IORIOT_CAPTURE_ARGS_H

#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/openat2.h>
#include <stddef.h>

#include "ops/aio.h"
#include "trace/rec.h"

/*
 * How the argument registers of a call, and the bytes behind them, become the numbers of struct
 * rec: the same for all backends. What cannot be read (EFAULT) is handed over as zeroes.
 */

/* The value that the kernel sees in a register: most parameters are narrower than it. */
uint64_t args_narrow(enum arg_kind kind, uint64_t value);

/* Is the slot no register of its own, but a member of the struct open_how of another one? */
bool args_is_member(enum op_id op, int slot);

/* The structs, spread as trace/rec.h says; SLOT is that of the pointer. */
void args_set_how(struct rec *rec, int slot, const struct open_how *how);
void args_set_lock(struct rec *rec, const struct flock *lock);

/* A command of fcntl(2) whose argument points to a hint of how long what is written will live. */
bool args_is_hint(uint64_t cmd);

/* The tuple of a struct file_attr. */
#define ARGS_FATTR 24 /* bytes */
void args_file_attr(uint64_t to[4], const void *bytes);

/* How many bytes of times are behind a pointer of that kind. BYTES NULL: no times. */
#define ARGS_TIMES_MAX 32
size_t args_times_size(enum arg_kind kind);
void args_set_times(struct rec *rec, enum arg_kind kind, const void *bytes);

/* Two new descriptors; FDS NULL: there are none. */
void args_set_fds(struct rec *rec, const int32_t fds[2]);

/* An offset behind a pointer, as a FORM_OFFPTR value. */
uint64_t args_offset(int64_t offset);

/*
 * What an ioctl(2) points to: LEN bytes, or none when they could not be read. VEC has room for the
 * destinations of a dedupe (ARGS_IOV_MAX values). args_ioctl_size(): how many bytes there should be; HEAD
 * are the first IOCTL_DEDUPE_HEAD of them, where they say how many follow.
 */
size_t args_ioctl_size(const struct rec *rec, const void *head);
void args_set_ioctl(struct rec *rec, uint64_t *vec, const void *bytes, size_t len);
/* A timeout in ns, as a FORM_OFFPTR value. BYTES NULL: none. */
uint64_t args_timeout(const void *bytes);

/* The numbers of an iocb, without its segments. */
void args_iocb(uint64_t to[AIOCB_NUMBERS], uint64_t address, const struct iocb *iocb);

/* When the result is known: drops what the kernel did not come to. */
void args_result(struct rec *rec);

/* A small struct behind a pointer of that slot, as numbers; BYTES NULL: it could not be read. */
#define ARGS_STRUCT 16 /* bytes of struct xattr_args and of struct cachestat_range */
void args_set_struct(struct rec *rec, int slot, const void *bytes);

/*
 * A struct file_handle: its type and as many bytes as it says, at most ARGS_HANDLE_MAX of both, are what
 * is recorded. BYTES begin at the type.
 */
#define ARGS_HANDLE_MAX (4 + 128)
void args_set_handle(struct rec *rec, const char *bytes, size_t len);

/* When all is there: drops what the call does not look at. */
void args_finish(struct rec *rec);

/* Segments that are recorded: one more than UIO_MAXIOV, so that the call fails the same way again.
 */
#define ARGS_IOV_MAX 1025

/* Iocbs and events of one call that are recorded, at most. */
#define ARGS_IOCBS_MAX 32768

#endif
