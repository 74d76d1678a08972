/* SPDX-License-Identifier: Apache-2.0 */
#include "replay/explain.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "ops/ioctl.h"
#include "ops/uring.h"
#include "replay/dispatch.h"
#include "trace/rec.h"
#include "tree/mounts.h"

const struct explained_class explained_classes[EXPLAINED_COUNT] = {
	[EXPLAINED_NOWAIT] = {"nowait", "a call that does not wait (RWF_NOWAIT, RESOLVE_CACHED): the cache decides"},
	[EXPLAINED_ALIGNMENT] = {"alignment", "direct I/O in other units than this file system takes"},
	[EXPLAINED_WRITEBACK] = {"writeback",
		"flags that change how ext4 maps a file: whether it was written out decides"},
	[EXPLAINED_NUMBER] = {"number",
		"a submission whose descriptor's number became another file's: which it found is not told"},
	[EXPLAINED_LOCK] = {"lock", "a lock that another thread had at that moment, with --order=thread"},
	[EXPLAINED_RACE] = {"race", "a name that another thread made first, with --order=thread"},
};

/* One of both is this error, and the other one is none. */
static bool one_fails(const struct xop *x, int64_t got, int error)
{
	return (x->ret == -error && got >= 0) || (got == -error && x->ret >= 0);
}

static uint64_t arg_of(const struct xop *x, enum arg_kind kind, uint64_t otherwise)
{
	int i = op_arg_index(x->op, kind);

	return i < 0 ? otherwise : x->arg[i];
}

static int fd_of(const struct rthread *t, const struct xop *x)
{
	int i = op_arg_index(x->op, A_FD);

	return i < 0 ? -1 : real_fd(t->w, x->arg[i]);
}

/* It got nothing now or then, or only what was there. */
static bool did_not_wait(const struct rthread *t, const struct xop *x, int64_t got)
{
	if (op_is_submission(x->op) && t->w->completions[x->sqe.number].unlike)
		return one_fails(x, got, ECANCELED);
	if (arg_of(x, A_RESOLVE, 0) & RESOLVE_CACHED)
		return one_fails(x, got, EAGAIN);
	if (!(arg_of(x, A_RWF, 0) & RWF_NOWAIT) || op_is_submission(x->op))
		return false;
	return one_fails(x, got, EAGAIN) || (x->ret > 0 && got > 0);
}

/* ---- direct I/O ---- */

#define UNIT 4096 /* every file system takes multiples of that */

/* 0: there is no direct I/O. */
static uint64_t unit_of(int fd)
{
#ifdef STATX_DIOALIGN
	struct statx st;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_DIOALIGN, &st) == 0 && st.stx_mask & STATX_DIOALIGN)
		return st.stx_dio_offset_align;
#endif
	return UNIT;
}

static bool fits_unit(const struct xop *x, int fd, uint64_t unit)
{
	const uint8_t *p = x->vec;
	uint64_t at = arg_of(x, A_OFF, (uint64_t)-1), or_all = arg_of(x, A_LEN, 0);
	uint32_t i, n = op_has(x->op, A_RIOV) || op_has(x->op, A_WIOV) ? x->nvec : 0; /* else not set */

	if ((int64_t)at < 0)
		at = (uint64_t)lseek(fd, 0, SEEK_CUR);
	for (i = 0; i < n; i++)
		or_all |= uvar_get(&p);
	return unit && (at | or_all) % unit == 0;
}

static bool is_misaligned(const struct rthread *t, const struct xop *x, int64_t got)
{
	enum op_class cls = ops[x->op].cls;
	int fd = fd_of(t, x), flags;

	if (!one_fails(x, got, EINVAL) || (cls != CLS_READ && cls != CLS_WRITE) || fd < 0)
		return false;
	flags = fcntl(fd, F_GETFL);
	return flags >= 0 && flags & O_DIRECT && !fits_unit(x, fd, unit_of(fd));
}

/* ---- ext4 ---- */

/*
 * A file without FS_EXTENT_FL gets block maps, unless its one extent has been reserved only: EOPNOTSUPP
 * until the kernel, in its own time, has written it.
 */
static bool waits_for_writeback(const struct rthread *t, const struct xop *x, int64_t got)
{
	struct statfs fs;

	if (x->op != OP_ioctl || (unsigned)x->arg[1] != (unsigned)IOCTL_NR_FS_IOC_SETFLAGS ||
		x->arg[2] & FS_EXTENT_FL || !one_fails(x, got, EOPNOTSUPP))
		return false;
	if (fstatfs(fd_of(t, x), &fs) || (fs.f_type != EXT4_SUPER_MAGIC &&
						 (fs.f_type != OVERLAYFS_SUPER_MAGIC || !t->w->over_ext4)))
		return false;
	atomic_store_explicit(&t->w->remapped, true, memory_order_relaxed);
	return true;
}

/* Then calls that need extents work, or fail, as well: as the file has them now, or not. */
static bool wants_extents(const struct rthread *t, const struct xop *x, int64_t got)
{
	int fd, flags;

	if ((x->op != OP_fallocate && x->op != OP_uring_fallocate) || !one_fails(x, got, EOPNOTSUPP) ||
		!atomic_load_explicit(&t->w->remapped, memory_order_relaxed))
		return false;
	fd = fd_of(t, x);
	return ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0 && !(flags & FS_EXTENT_FL) == (got < 0);
}

bool explain_is_over_ext4(const char *tree)
{
	struct arena arena = ARENA_INIT;
	const struct mount *m = NULL;
	struct mounts mounts;
	struct err err = {0};
	struct statfs fs;
	bool is;

	if (statfs(tree, &fs) || fs.f_type != OVERLAYFS_SUPER_MAGIC)
		return false;
	if (mounts_read(&mounts, &arena, MOUNTS_SELF, &err) == 0)
		m = mounts_find(&mounts, str_of(tree));
	is = m && m->upper && statfs(m->upper, &fs) == 0 && fs.f_type == EXT4_SUPER_MAGIC;
	arena_free(&arena);
	return is;
}

/* ---- an order that was given up ---- */

static bool is_lock(const struct xop *x)
{
	return x->op == OP_flock || (x->op == OP_fcntl && rec_fcntl_is_lock(x->arg[1]));
}

static bool makes_a_name(const struct xop *x)
{
	uint64_t exclusive = O_CREAT | O_EXCL;

	switch (x->op) {
	case OP_open:
	case OP_openat:
		return (arg_of(x, A_OFLAGS, 0) & exclusive) == exclusive;
	case OP_openat2:
		return (arg_of(x, A_HOW, 0) & exclusive) == exclusive;
	case OP_mkdir:
	case OP_mkdirat:
	case OP_mknod:
	case OP_mknodat:
	case OP_link:
	case OP_linkat:
	case OP_symlink:
	case OP_symlinkat:
		return true;
	default:
		return false;
	}
}

enum explained explain(const struct rthread *t, const struct xop *x, int64_t got)
{
	if (did_not_wait(t, x, got))
		return EXPLAINED_NOWAIT;
	if (is_misaligned(t, x, got))
		return EXPLAINED_ALIGNMENT;
	if (waits_for_writeback(t, x, got) || wants_extents(t, x, got))
		return EXPLAINED_WRITEBACK;
	if (op_is_submission(x->op) && x->sqe.flags & URING_REUSED)
		return EXPLAINED_NUMBER;
	if (t->w->by_thread && is_lock(x) && one_fails(x, got, EAGAIN))
		return EXPLAINED_LOCK;
	if (t->w->by_thread && makes_a_name(x) && one_fails(x, got, EEXIST))
		return EXPLAINED_RACE;
	return EXPLAINED_NONE;
}

void explanations_add(struct explanations *all, enum explained why, const struct divergence *d)
{
	struct divergence *first = &all->v[why];
	uint64_t count = first->count + d->count;

	if (!d->count)
		return;
	if (!first->count || d->index < first->index)
		*first = *d;
	first->count = count;
}

uint64_t explanations_count(const struct explanations *all)
{
	uint64_t n = 0;
	int i;

	for (i = 0; i < EXPLAINED_COUNT; i++)
		n += all->v[i].count;
	return n;
}
