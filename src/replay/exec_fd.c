/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "replay/dispatch.h"
#include "trace/rec.h"

/* Descriptors: closing, copying, fcntl(2) and the locks that belong to a process. */

static int64_t call3(long nr, int64_t a, uint64_t b, uint64_t c)
{
	return raw_syscall(nr, (uint64_t[6]){(uint64_t)a, b, c});
}

static void close_lock(struct worker *w, uint32_t lock)
{
	int fd = atomic_exchange_explicit(&w->locks[lock], 0, memory_order_acq_rel) - 1;

	if (fd >= 0)
		call3(SYS_close, fd, 0, 0);
}

static void copy_fd(struct worker *w, struct vlist_item pair)
{
	int64_t fd = call3(SYS_fcntl, real_fd(w, pair.a), F_DUPFD_CLOEXEC, 0);

	if (fd >= 0)
		set_fd(w, pair.b, (int)fd);
}

static void close_listed(struct rthread *t, const struct xop *x)
{
	struct worker *w = t->w;
	const uint8_t *p = x->list;
	uint32_t i;

	for (i = 0; i < x->nlist; i++) {
		struct vlist_item item = list_next(&p);
		int fd;

		if (item.kind == VITEM_LOCK) {
			close_lock(w, item.a);
			continue;
		}
		if (item.kind == VITEM_RING) {
			ring_end(w, item.a);
			continue;
		}
		if (item.kind == VITEM_MAP) {
			map_end(w, item.a);
			continue;
		}
		if (item.kind == VITEM_PAIR) {
			copy_fd(w, item);
			continue;
		}
		if (item.kind == VITEM_CTX) {
			aio_end(t, item.a);
			continue;
		}
		fd = take_fd(w, item.a);
		if (fd >= 0)
			call3(SYS_close, fd, 0, 0);
	}
}

int64_t exec_close(struct rthread *t, const struct xop *x)
{
	uint32_t vfd = (uint32_t)x->arg[0];
	int fd = vfd < VFD_CWD ? take_fd(t->w, vfd) : -1;

	/* A process's locks on a file go with any of its descriptors for it. */
	close_listed(t, x);
	return call3(SYS_close, fd, 0, 0);
}

/* Nobody stands in the directory of a context whose threads are all over. */
static void leave_context(struct worker *w, uint32_t context)
{
	struct context *v = &w->contexts[context];
	int cwd;

	if (atomic_fetch_add_explicit(&v->ended, 1, memory_order_acq_rel) + 1 != w->context_ends[context])
		return;
	cwd = atomic_exchange_explicit(&v->cwd, 0, memory_order_acq_rel);
	if (cwd)
		close(cwd - 1);
}

/* What a process had open and loses, or has of its own from now on: an exec, an exit, a range. */
int64_t exec_close_list(struct rthread *t, const struct xop *x)
{
	close_listed(t, x);
	if (op_ends_thread(x->op))
		leave_context(t->w, x->context);
	return x->ret;
}

static uint64_t dup_flags(const struct xop *x)
{
	return x->op == OP_dup3 ? x->arg[2] : 0;
}

/*
 * A dup2 or dup3 that failed. The number it was given is one of the program's, not of this
 * process: numbers that fail the same way stand for it.
 */
static int64_t dup_failing(struct worker *w, const struct xop *x)
{
	int old = real_fd(w, x->arg[0]);

	if (x->op == OP_dup)
		return call3(SYS_dup, old, 0, 0);
	if (x->ret == -EINVAL)
		return call3(SYS_dup3, old, (uint64_t)old, dup_flags(x));
	return call3(SYS_dup3, old, (uint64_t)-2, dup_flags(x) & O_CLOEXEC); /* beyond any limit */
}

/* The descriptor that the call closes: taken from its number by the copy, as in the program. */
static int replaced_fd(struct worker *w, const struct xop *x)
{
	const uint8_t *p = x->list;
	uint32_t i;
	int fd = -1;

	for (i = 0; i < x->nlist; i++) {
		struct vlist_item item = list_next(&p);

		if (item.kind == VITEM_LOCK)
			close_lock(w, item.a);
		else if (item.kind == VITEM_RING)
			ring_end(w, item.a);
		else if (fd < 0 && item.kind == VITEM_FD)
			fd = take_fd(w, item.a);
	}
	return fd;
}

int64_t exec_dup(struct rthread *t, const struct xop *x)
{
	int old = real_fd(t->w, x->arg[0]), over;
	bool cloexec = dup_flags(x) & O_CLOEXEC;
	int64_t ret;

	if (x->ret < 0 && xop_has_ret(x))
		return dup_failing(t->w, x);
	if (x->newfd == (uint32_t)x->arg[0]) /* dup2(n, n) only looks whether n is open */
		return call3(SYS_fcntl, old, F_GETFD, 0) < 0 ? -EBADF : x->ret;
	over = replaced_fd(t->w, x);
	if (x->op == OP_dup)
		ret = call3(SYS_dup, old, 0, 0);
	else if (over >= 0 && over != old)
		ret = call3(SYS_dup3, old, (uint64_t)over, cloexec ? O_CLOEXEC : 0);
	else
		ret = call3(SYS_fcntl, old, cloexec ? F_DUPFD_CLOEXEC : F_DUPFD, 0);
	if (ret < 0 && over >= 0)
		call3(SYS_close, over, 0, 0);
	if (ret >= 0 && x->newfd < VFD_CWD)
		set_fd(t->w, x->newfd, (int)ret);
	else if (ret >= 0)
		call3(SYS_close, ret, 0, 0);
	return ret;
}

/* One byte stands for one entry, as readdir(2) of 32-bit programs reads them; as such it is refused. */
int64_t exec_getdents(struct rthread *t, const struct xop *x)
{
	union {
		struct dirent64 first;
		char room[512];
	} list;
	int fd = real_fd(t->w, x->arg[0]);
	int64_t ret;

	if (x->arg[2] != 1 || x->ret == -EINVAL)
		return exec_call(t, x);
	ret = call3(SYS_getdents64, fd, (uint64_t)(uintptr_t)&list, sizeof(list));
	if (ret > 0)
		ret = call3(SYS_lseek, fd, (uint64_t)list.first.d_off, SEEK_SET) < 0 ? -EINVAL : 1;
	return ret;
}

int64_t exec_fork(struct rthread *t, const struct xop *x)
{
	struct worker *w = t->w;
	const uint8_t *p = x->list;
	uint32_t i, to;

	for (i = 0; i < x->nlist; i++) {
		struct vlist_item item = list_next(&p);

		if (item.kind == VITEM_PAIR)
			copy_fd(w, item);
	}
	to = x->new_thread == UINT32_MAX ? x->context : w->context_of[x->new_thread] - 1;
	if (to == x->context)
		return x->ret;
	atomic_store_explicit(&w->umasks[to],
		atomic_load_explicit(&w->umasks[x->context], memory_order_acquire),
		memory_order_release);
	if (w->inherits_cwd[to]) {
		struct context *from = &w->contexts[x->context];
		int cwd = atomic_load_explicit(&from->cwd, memory_order_acquire);
		int64_t fd = cwd ? call3(SYS_fcntl, cwd - 1, F_DUPFD_CLOEXEC, 0) : -1;

		if (fd >= 0)
			atomic_store_explicit(
				&w->contexts[to].cwd, (int)fd + 1, memory_order_release);
	}
	return x->ret;
}

/* ---- fcntl ---- */

/*
 * POSIX locks belong to a process, and several virtual ones live in this one: each (process, file)
 * has an open file description of its own that holds its locks as open-file-description locks. It
 * is opened for all that FD is and more; where the file's mode allows less by now, FD's own
 * description must do.
 */
static int open_handle(int fd)
{
	static const int modes[] = {O_RDWR, O_RDONLY, O_WRONLY};
	int64_t mode = call3(SYS_fcntl, fd, F_GETFL, 0), handle;
	char path[32];
	size_t i;

	if (mode < 0 || mode & O_PATH)
		return -EBADF;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	for (i = 0; i < 3; i++) {
		if (modes[i] != O_RDWR && modes[i] != (mode & O_ACCMODE))
			continue;
		handle = raw_syscall(SYS_openat, (uint64_t[6]){(uint64_t)AT_FDCWD,
							 (uint64_t)(uintptr_t)path,
							 (uint64_t)modes[i] | O_CLOEXEC | O_NONBLOCK});
		if (handle >= 0)
			return (int)handle;
	}
	return (int)call3(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 0);
}

static int lock_handle(struct worker *w, uint32_t lock, int fd)
{
	int handle = atomic_load_explicit(&w->locks[lock], memory_order_acquire) - 1;
	int32_t none = 0;

	if (handle >= 0 || fd < 0)
		return handle;
	handle = open_handle(fd);
	if (handle < 0)
		return handle;
	if (!atomic_compare_exchange_strong(&w->locks[lock], &none, handle + 1)) {
		call3(SYS_close, handle, 0, 0); /* another thread was faster */
		handle = none - 1;
	}
	return handle;
}

static uint64_t ofd_command(uint64_t cmd)
{
	switch (cmd) {
	case F_GETLK:
		return F_OFD_GETLK;
	case F_SETLK:
		return F_OFD_SETLK;
	case F_SETLKW:
		return F_OFD_SETLKW;
	default:
		return cmd;
	}
}

static int64_t exec_lock(struct rthread *t, const struct xop *x, int fd)
{
	struct flock fl = {.l_type = (short)x->arg[2],
		.l_whence = (short)x->arg[3],
		.l_start = (off_t)x->arg[4],
		.l_len = (off_t)x->arg[5]};
	uint64_t cmd = ofd_command(x->arg[1]);
	int handle = fd;

	if (x->lock >= VFD_CWD && x->ret == -EINVAL)
		cmd = x->arg[1]; /* what is wrong for one kind of lock may be allowed for the other
				  */
	/* A descriptor not open for that kind of lock must be told so: its handle might be. */
	if (x->lock < VFD_CWD && x->ret != -EBADF) {
		handle = lock_handle(t->w, x->lock, fd);
		if (fl.l_whence == SEEK_CUR) {
			int64_t at = call3(SYS_lseek, fd, 0, SEEK_CUR);

			fl.l_whence = SEEK_SET;
			if (at > 0 && __builtin_add_overflow(fl.l_start, at, &fl.l_start))
				return -EOVERFLOW;
		}
	}
	return call3(SYS_fcntl, handle, cmd, (uint64_t)(uintptr_t)&fl);
}

static int64_t fcntl_dup(struct rthread *t, const struct xop *x, int fd)
{
	/* The lowest number allowed is the program's affair, unless it is what made the call fail. */
	uint64_t lowest = x->ret == -EINVAL ? UINT32_MAX : 0; /* none is as high */
	int64_t ret = call3(SYS_fcntl, fd, x->arg[1], lowest);

	if (ret >= 0 && x->newfd < VFD_CWD)
		set_fd(t->w, x->newfd, (int)ret);
	else if (ret >= 0)
		call3(SYS_close, ret, 0, 0);
	return ret;
}

static int64_t fcntl_hint(struct rthread *t, const struct xop *x, int fd)
{
	/* Older captures have an address in its place: not set, or none that there is. */
	uint64_t hint = x->arg[2] <= RWH_WRITE_LIFE_EXTREME ? x->arg[2]
			: x->ret == -EINVAL ? UINT64_MAX : RWH_WRITE_LIFE_NOT_SET;

	(void)t;
	return call3(SYS_fcntl, fd, x->arg[1],
		x->ret == -EFAULT ? NO_MEMORY : (uint64_t)(uintptr_t)&hint);
}

int64_t exec_fcntl(struct rthread *t, const struct xop *x)
{
	int fd = real_fd(t->w, x->arg[0]);

	if (rec_fcntl_is_lock(x->arg[1]))
		return exec_lock(t, x, fd);
	switch (x->arg[1]) {
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
		return fcntl_dup(t, x, fd);
	case F_GETFD:
	case F_GETFL:
	case F_GETPIPE_SZ:
	case F_GETLEASE:
		return call3(SYS_fcntl, fd, x->arg[1], 0);
	case F_SETFD:
		return call3(SYS_fcntl, fd, F_SETFD, x->arg[2]);
	case F_SETFL:
		return call3(SYS_fcntl, fd, F_SETFL, x->arg[2] & ~(uint64_t)O_ASYNC);
	case F_SETLEASE: /* the signal of a broken one goes to this process, which ignores it */
		return call3(SYS_fcntl, fd, F_SETLEASE, x->arg[2]);
	case F_GET_RW_HINT:
	case F_SET_RW_HINT:
	case F_GET_FILE_RW_HINT:
	case F_SET_FILE_RW_HINT:
		return fcntl_hint(t, x, fd);
	case F_SETOWN:
	case F_SETOWN_EX:
	case F_GETOWN:
	case F_GETOWN_EX:
	case F_SETSIG:
	case F_GETSIG:
	case F_NOTIFY:
		return REPLAY_SKIPPED + SKIP_SIGNAL;
	default:
		return REPLAY_SKIPPED + SKIP_FCNTL;
	}
}
