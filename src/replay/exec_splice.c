/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "replay/dispatch.h"
#include "trace/rec.h"

/*
 * splice(2) between a file and a pipe. The program's pipe is none of the replay's: each thread has one of its
 * own, which is empty between operations. As many bytes are moved as were moved then.
 */

static int64_t call3(long nr, int64_t a, uint64_t b, uint64_t c)
{
	return raw_syscall(nr, (uint64_t[6]){(uint64_t)a, b, c});
}

void splice_end(struct rthread *t)
{
	if (!t->pipe_size)
		return;
	call3(SYS_close, t->pipe[0], 0, 0);
	call3(SYS_close, t->pipe[1], 0, 0);
	t->pipe_size = 0;
}

/* 0, or -errno. Without privilege the size is limited by user, and the first one must do. */
static int64_t own_pipe(struct rthread *t)
{
	int64_t rc;

	if (t->pipe_size)
		return 0;
	rc = call3(SYS_pipe2, (int64_t)(uintptr_t)t->pipe, O_CLOEXEC | O_NONBLOCK, 0);
	if (rc)
		return rc;
	call3(SYS_fcntl, t->pipe[0], F_SETPIPE_SZ, PIPE_WANTED);
	rc = call3(SYS_fcntl, t->pipe[0], F_GETPIPE_SZ, 0);
	t->pipe_size = rc > 0 ? (uint64_t)rc : SPLICE_ROOM;
	return 0;
}

static int64_t splice_once(const struct xop *x, int in, int64_t *in_off, int out, int64_t *out_off,
	uint64_t len)
{
	return raw_syscall(SYS_splice, (uint64_t[6]){(uint64_t)(int64_t)in,
					       (uint64_t)(uintptr_t)in_off, (uint64_t)(int64_t)out,
					       (uint64_t)(uintptr_t)out_off, len, x->arg[5]});
}

static bool drain(struct rthread *t, uint64_t n)
{
	int64_t got;

	while (n) {
		got = call3(SYS_read, t->pipe[0], (uintptr_t)read_room(t, SPLICE_ROOM),
			n < SPLICE_ROOM ? n : SPLICE_ROOM);
		if (got <= 0)
			return false;
		n -= (uint64_t)got;
	}
	return true;
}

/* How many bytes of at most N are in the pipe now. */
static uint64_t fill(struct rthread *t, uint64_t n)
{
	uint64_t done = 0;
	int64_t put;

	while (done < n) {
		uint64_t left = n - done;

		put = call3(SYS_write, t->pipe[1], (uintptr_t)write_buffer(t),
			left < SPLICE_ROOM ? left : SPLICE_ROOM);
		if (put <= 0)
			break;
		done += (uint64_t)put;
	}
	return done;
}

static int64_t from_file(struct rthread *t, const struct xop *x, int64_t *off)
{
	int fd = real_fd(t->w, x->arg[0]);
	uint64_t done = 0;
	int64_t n;

	do {
		n = splice_once(x, fd, off, t->pipe[1], NULL, x->arg[4] - done);
		if (n > 0)
			done += (uint64_t)n;
		if (n > 0 && !drain(t, (uint64_t)n))
			splice_end(t);
	} while (n > 0 && done < (uint64_t)x->ret && t->pipe_size);
	return done ? (int64_t)done : n;
}

static int64_t to_file(struct rthread *t, const struct xop *x, int64_t *off)
{
	int fd = real_fd(t->w, x->arg[2]);
	uint64_t done = 0, have;
	int64_t n;

	do {
		have = fill(t, (uint64_t)x->ret - done);
		n = splice_once(x, t->pipe[0], NULL, fd, off, have);
		if (n > 0)
			done += (uint64_t)n;
		if (n < (int64_t)have) /* what is left must not be there for the next one */
			splice_end(t);
	} while (n > 0 && done < (uint64_t)x->ret && t->pipe_size);
	return done ? (int64_t)done : n;
}

int64_t exec_splice(struct rthread *t, const struct xop *x)
{
	bool no_in = (uint32_t)x->arg[0] == VFD_NONE, no_out = (uint32_t)x->arg[2] == VFD_NONE;
	uint64_t value = x->arg[no_out ? 1 : 3];
	int64_t off = (int64_t)value, rc;
	int64_t *offset = value == OFFPTR_NULL ? NULL : &off;

	if (x->ret < 0 || no_in == no_out)
		return exec_call(t, x);
	rc = own_pipe(t);
	if (rc)
		return rc;
	return no_out ? from_file(t, x, offset) : to_file(t, x, offset);
}
