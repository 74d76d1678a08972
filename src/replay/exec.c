/* SPDX-License-Identifier: Apache-2.0 */
#include "replay/dispatch.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ops/row.h"
#include "ops/xattr.h"
#include "utils/acl.h"

/* Issuing a call as the program issued it: six registers from the arguments, and the call. */

const char *const skip_reasons[SKIP_COUNT] = {
	[SKIP_STATE] = "state record",
	[SKIP_CHROOT] = "the root directory stays as it is: the paths of a replay are resolved",
	[SKIP_SIGNAL] = "could signal other processes",
	[SKIP_FCNTL] = "an fcntl command that is not known to be harmless",
	[SKIP_NOFILE] = "of descriptors that are no files",
	[SKIP_LASTING] = "would make what cannot be removed: immutable files, subvolumes",
	[SKIP_PRIVILEGE] = "a privilege that the replay does not have",
	[SKIP_ADVICE] = "advice on memory that is not known to be harmless",
	[SKIP_OUTSIDE] = "a symbolic link led out of the tree",
};

/*
 * errno stays out of it: one instruction, and the result as the kernel gives it. The values are
 * read before they go to their registers, since a sanitizer calls functions for each read.
 */
int64_t raw_syscall(long nr, const uint64_t r[6])
{
	uint64_t a = r[0], b = r[1], c = r[2], d = r[3], e = r[4], f = r[5];
#if defined(__x86_64__)
	register uint64_t r10 __asm__("r10") = d;
	register uint64_t r8 __asm__("r8") = e;
	register uint64_t r9 __asm__("r9") = f;
	int64_t ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
#elif defined(__aarch64__)
	register uint64_t x8 __asm__("x8") = (uint64_t)nr;
	register uint64_t x0 __asm__("x0") = a;
	register uint64_t x1 __asm__("x1") = b;
	register uint64_t x2 __asm__("x2") = c;
	register uint64_t x3 __asm__("x3") = d;
	register uint64_t x4 __asm__("x4") = e;
	register uint64_t x5 __asm__("x5") = f;

	__asm__ volatile("svc 0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory");
	return (int64_t)x0;
#else
#error "no system calls for this architecture"
#endif
}

/* ---- the current directory and umask of the virtual thread ---- */

/* 0, or the error of a directory that may not be entered by now; the thread stays where it was. */
static int enter_cwd(struct rthread *t, uint32_t context)
{
	struct context *v = &t->w->contexts[context];
	uint32_t generation = atomic_load_explicit(&v->generation, memory_order_acquire);
	int64_t ret;
	int cwd;

	if (t->fs_context == context && t->fs_generation == generation)
		return 0;
	cwd = atomic_load_explicit(&v->cwd, memory_order_acquire);
	ret = raw_syscall(SYS_fchdir, (uint64_t[6]){(uint64_t)(cwd ? cwd - 1 : t->w->start_dir)});
	if (ret)
		return (int)ret;
	t->fs_context = context;
	t->fs_generation = generation;
	return 0;
}

void enter_umask(struct rthread *t, uint32_t context)
{
	uint32_t mask = atomic_load_explicit(&t->w->umasks[context], memory_order_acquire);

	if (mask == UMASK_UNKNOWN)
		mask = UMASK_DEFAULT;
	if (mask == t->umask_now)
		return;
	raw_syscall(SYS_umask, (uint64_t[6]){mask});
	t->umask_now = mask;
}

/* The operations that can make a name have a MODE, apart from chmod and its like. */
OP_ALWAYS_INLINE bool makes_names(enum op_id op)
{
	switch (op) {
	case OP_open:
	case OP_openat:
	case OP_openat2:
	case OP_creat:
	case OP_mkdir:
	case OP_mkdirat:
	case OP_mknod:
	case OP_mknodat:
	case OP_uring_openat:
	case OP_uring_openat2:
	case OP_uring_mkdirat:
	case OP_bind:
		return true;
	default:
		return false;
	}
}

OP_EACH_ROW int enter_row(struct rthread *t, const struct xop *x, enum op_id op,
	const uint8_t kinds[OP_ARGS])
{
	bool cwd_based = true, uses_cwd = op == OP_getcwd;
	int i, rc = 0;

	OP_EACH_ARG
	for (i = 0; i < OP_ARGS; i++)
		switch ((enum arg_kind)kinds[i]) {
		case A_DIRFD:
		case A_DIRFD2:
			cwd_based = (uint32_t)x->arg[i] == VFD_CWD;
			break;
		case A_PATH:
			uses_cwd |= cwd_based && PATH_REF_KIND(x->path) == PATH_RELATIVE;
			break;
		case A_PATH2:
			uses_cwd |= cwd_based && PATH_REF_KIND(x->path2) == PATH_RELATIVE;
			break;
		default:
			break;
		}
	if (uses_cwd)
		rc = enter_cwd(t, x->context);
	if (makes_names(op))
		enter_umask(t, x->context);
	return rc;
}

int enter_fs(struct rthread *t, const struct xop *x)
{
	return enter_row(t, x, x->op, ops[x->op].arg);
}

/* ---- registers ---- */

uint64_t path_pointer(struct rthread *t, uint64_t ref, char fd_path[32])
{
	switch (PATH_REF_KIND(ref)) {
	case PATH_ABSOLUTE:
	case PATH_RELATIVE:
		return (uint64_t)(uintptr_t)(t->w->strings + PATH_REF_VALUE(ref));
	case PATH_FD:
		snprintf(fd_path, sizeof(t->fd_path[0]), "/proc/self/fd/%d",
			real_fd(t->w, PATH_REF_VALUE(ref)));
		return (uint64_t)(uintptr_t)fd_path;
	case PATH_NULL:
		break;
	}
	return 0;
}

uint8_t *read_room(struct rthread *t, uint64_t len)
{
	return __builtin_expect(len < t->read_len, 1) ? t->read_buf : t->w->big_read;
}

/*
 * Reads and writes past the cache ask for aligned memory, and the capture does not tell whether the
 * program's was: what failed of that, or of anything else that is no good, gets memory that is not.
 */
static uint8_t *not_aligned(const struct xop *x, uint8_t *buffer)
{
	return buffer + (x->ret == -EINVAL);
}

/* A call that failed of an address has a bad one again where the capture does not tell which. */
OP_ALWAYS_INLINE uint64_t buffer_pointer(const struct xop *x, uint8_t *buffer)
{
	if (__builtin_expect(x->ret < 0, 0))
		return x->ret == -EFAULT ? NO_MEMORY : (uint64_t)(uintptr_t)not_aligned(x, buffer);
	return (uint64_t)(uintptr_t)buffer;
}

uint64_t vector_pointer(struct rthread *t, const struct xop *x, bool is_read, struct iovec *iov)
{
	const uint8_t *p = x->vec, *q = x->vec;
	uint64_t sum = 0, len;
	uint8_t *base;
	uint32_t i;

	if (vector_is_bad(x))
		return NO_MEMORY;
	for (i = 0; i < x->nvec && is_read; i++) {
		len = uvar_get(&q);
		sum = len > UINT64_MAX - sum ? UINT64_MAX : sum + len;
	}
	base = is_read ? read_room(t, sum) : (uint8_t *)(uintptr_t)write_buffer(t);
	base = not_aligned(x, base);
	for (i = 0, sum = 0; i < x->nvec; i++) {
		len = uvar_get(&p);
		iov[i] = (struct iovec){base + sum, len};
		if (len <= INT32_MAX && sum <= INT32_MAX - len) /* else the kernel stops there */
			sum += len;
	}
	return (uint64_t)(uintptr_t)iov;
}

static uint64_t times_pointer(struct rthread *t, const struct xop *x, enum arg_kind kind)
{
	int i;

	if (x->ts[0].tv_nsec == TIMES_NULL)
		return 0;
	if (op_nr(x->op) < 0) /* issued as utimensat(2) */
		kind = A_TIMESPECS;
	for (i = 0; i < 2; i++)
		if (kind == A_UTIMBUF) {
			t->times[i] = x->ts[i].tv_sec;
		} else {
			t->times[2 * i] = x->ts[i].tv_sec;
			t->times[2 * i + 1] =
				kind == A_TIMEVALS ? x->ts[i].tv_nsec / 1000 : x->ts[i].tv_nsec;
		}
	return (uint64_t)(uintptr_t)t->times;
}

static uint64_t how_pointer(struct rthread *t, const struct xop *x)
{
	t->how[0] = x->arg[2] & ~(uint64_t)O_ASYNC;
	t->how[1] = x->arg[4];
	t->how[2] = x->arg[5];
	return (uint64_t)(uintptr_t)t->how;
}

/*
 * struct file_handle of fcntl.h: with room for any, unless the program had none for this one; or for
 * more than there can be, which is refused as what was wrong then.
 */
static uint64_t handle_pointer(struct rthread *t, const struct xop *x)
{
	if (x->ret == -EFAULT)
		return NO_MEMORY;
	t->handle[0] = x->ret == -EOVERFLOW ? 0 : x->ret == -EINVAL ? HANDLE_MAX + 1 : HANDLE_MAX;
	return (uint64_t)(uintptr_t)t->handle;
}

/* struct xattr_args of linux/xattr.h */
static uint64_t xattr_pointer(struct rthread *t, const struct xop *x, int i)
{
	const void *value = t->acl			? t->acl
			    : x->op == OP_setxattrat ? (const void *)write_buffer(t)
						     : read_room(t, XATTR_ROOM);

	if (x->ret == -EFAULT && PATH_REF_KIND(x->path2) != PATH_NULL) /* else it failed of the name */
		return NO_MEMORY;
	t->pair[0] = (uint64_t)(uintptr_t)value;
	t->pair[1] = (uint32_t)x->arg[i] | x->arg[(i + 1) % OP_ARGS] << 32;
	return (uint64_t)(uintptr_t)t->pair;
}

/* struct file_attr of linux/fs.h, which older headers do not have */
static uint64_t file_attr_pointer(struct rthread *t, const struct xop *x)
{
	const uint8_t *p = x->vec;
	uint64_t number[4] = {0};
	uint32_t i;

	if (x->nvec == 0)
		return NO_MEMORY;
	for (i = 0; i < 4 && i < x->nvec; i++)
		number[i] = uvar_get(&p);
	t->how[0] = number[0];
	t->how[1] = (uint32_t)number[1];
	t->how[2] = (uint32_t)number[2] | number[3] << 32;
	return (uint64_t)(uintptr_t)t->how;
}

static uint64_t range_pointer(struct rthread *t, const struct xop *x, int i)
{
	if (x->ret == -EFAULT)
		return NO_MEMORY;
	t->pair[0] = x->arg[i];
	t->pair[1] = x->arg[4] /* RANGELEN */;
	return (uint64_t)(uintptr_t)t->pair;
}

/* The call moves the offset behind the pointer: it gets a copy. */
static uint64_t offset_pointer(int64_t *offset, uint64_t value)
{
	if (value == OFFPTR_NULL)
		return 0;
	if (value == OFFPTR_BAD)
		return NO_MEMORY;
	*offset = (int64_t)value;
	return (uint64_t)(uintptr_t)offset;
}

/* As in buffer_pointer(). */
OP_ALWAYS_INLINE bool is_memory(enum arg_kind kind)
{
	return kind == A_RIOV || kind == A_WIOV || kind == A_OUT;
}

OP_ALWAYS_INLINE uint64_t register_of(struct rthread *t, const struct xop *x, int i,
	enum arg_kind kind)
{
	if (is_memory(kind) && __builtin_expect(x->ret == -EFAULT, 0))
		return NO_MEMORY;
	switch (kind) {
	case A_NONE:
	case A_SKIP:
		return 0;
	case A_FD:
	case A_FD2:
	case A_DIRFD:
	case A_DIRFD2:
		return (uint64_t)(int64_t)real_fd(t->w, x->arg[i]);
	case A_PATH: /* utimensat(2) takes none, but not a bad one */
		if (x->ret == -EFAULT && PATH_REF_KIND(x->path) == PATH_NULL)
			return NO_MEMORY;
		return path_pointer(t, x->path, t->fd_path[0]);
	case A_PATH2:
	case A_TARGET:
	case A_XNAME:
		return path_pointer(t, x->path2, t->fd_path[1]);
	case A_RBUF: /* LEN is next, never beyond the last one */
		return buffer_pointer(x, read_room(t, x->arg[(i + 1) % OP_ARGS]));
	case A_WBUF:
		return buffer_pointer(x, (uint8_t *)(uintptr_t)write_buffer(t));
	case A_RIOV:
		return vector_pointer(t, x, true, t->iov);
	case A_WIOV:
		return vector_pointer(t, x, false, t->iov);
	case A_IOVCNT:
		return vector_is_bad(x) ? 1 : x->nvec;
	case A_OUT:
		return (uint64_t)(uintptr_t)t->out;
	case A_OFFIN:
		return offset_pointer(&t->offset[0], x->arg[i]);
	case A_OFFOUT:
		return offset_pointer(&t->offset[1], x->arg[i]);
	case A_HOW:
		return how_pointer(t, x);
	case A_HANDLE:
		return handle_pointer(t, x);
	case A_XARGS:
		return xattr_pointer(t, x, i);
	case A_XATFLAGS: /* how long the struct is; what was wrong with it is not known */
		return x->ret == -EINVAL ? 0 : sizeof(t->pair);
	case A_FATTR:
		return file_attr_pointer(t, x);
	case A_RANGE:
		return range_pointer(t, x, i);
	case A_RANGELEN:
		return 0;
	case A_HOWSIZE: /* not captured: too small a struct is refused as such */
		return x->ret == -EINVAL ? 0 : sizeof(struct open_how);
	case A_OFLAGS: /* O_ASYNC: signals, and not for files */
		return x->arg[i] & ~(uint64_t)O_ASYNC;
	case A_UTIMBUF:
	case A_TIMEVALS:
	case A_TIMESPECS:
		return times_pointer(t, x, kind);
	default:
		return x->arg[i];
	}
}

OP_EACH_ROW void registers_row(struct rthread *t, const struct xop *x, uint64_t reg[6],
	const uint8_t kinds[OP_ARGS])
{
	int i;

	OP_EACH_ARG
	for (i = 0; i < OP_ARGS; i++)
		reg[i] = register_of(t, x, i, (enum arg_kind)kinds[i]);
}

void build_registers(struct rthread *t, const struct xop *x, uint64_t reg[6])
{
	registers_row(t, x, reg, ops[x->op].arg);
}

int64_t issue(const struct xop *x, uint64_t reg[6])
{
	uint64_t mapped[6] = {0};
	long nr = op_nr(x->op);

	if (nr >= 0)
		return raw_syscall(nr, reg);
	nr = legacy_map(x->op, reg, mapped);
	return nr < 0 ? -ENOSYS : raw_syscall(nr, mapped);
}

OP_ALWAYS_INLINE bool writes_metadata_by_path(enum op_id op)
{
	switch (op) {
	case OP_chmod:
	case OP_fchmodat:
	case OP_fchmodat2:
	case OP_chown:
	case OP_lchown:
	case OP_fchownat:
	case OP_utime:
	case OP_utimes:
	case OP_futimesat:
	case OP_utimensat:
	case OP_truncate:
	case OP_setxattr:
	case OP_lsetxattr:
	case OP_removexattr:
	case OP_lremovexattr:
	case OP_setxattrat:
	case OP_removexattrat:
	case OP_file_setattr:
		return true;
	default:
		return false;
	}
}

/*
 * The current directory may not be entered any more: who stands in it gets what a path fails of
 * that begins there. Calls that name no directory are made in their form that does.
 */
static int64_t issue_beside(struct rthread *t, const struct xop *x, int why)
{
	int cwd = atomic_load_explicit(&t->w->contexts[x->context].cwd, memory_order_acquire) - 1;
	uint64_t reg[6], mapped[6];
	int i;
	long nr;

	build_registers(t, x, reg);
	if ((t->w->guard && writes_metadata_by_path(x->op)) || x->op == OP_utime ||
		x->op == OP_utimes || cwd < 0)
		return issue_without(x, reg, why);
	nr = op_has(x->op, A_DIRFD) ? -1 : legacy_map(x->op, reg, mapped);
	if (nr < 0) {
		nr = op_nr(x->op);
		if (!op_has(x->op, A_DIRFD) || nr < 0)
			return issue_without(x, reg, why);
		memcpy(mapped, reg, sizeof(mapped));
	}
	for (i = 0; i < 4; i++)
		if ((int)mapped[i] == AT_FDCWD)
			mapped[i] = (uint64_t)cwd;
	return raw_syscall(nr, mapped);
}

void keep_fd(struct worker *w, uint32_t vfd, int64_t fd)
{
	if (fd < 0)
		return;
	if (vfd < VFD_CWD)
		set_fd(w, vfd, (int)fd);
	else
		close((int)fd);
}

OP_ALWAYS_INLINE int64_t issue_row(const struct xop *x, long nr, uint64_t reg[6])
{
	return nr >= 0 ? raw_syscall(nr, reg) : issue(x, reg);
}

bool was_unsure(const struct xop *x, int64_t ret)
{
	uint64_t inside = RESOLVE_BENEATH | RESOLVE_IN_ROOT;

	return ret == -EAGAIN && x->ret != -EAGAIN && x->arg[op_arg_index(x->op, A_RESOLVE)] & inside;
}

static int64_t open_again(struct rthread *t, const struct xop *x, long nr, uint64_t reg[6], int64_t ret)
{
	uint64_t resolve = x->arg[op_arg_index(x->op, A_RESOLVE)];
	int i;

	for (i = 0; i < UNSURE_TRIES && was_unsure(x, ret); i++)
		ret = issue_row(x, nr, reg);
	/* what was cached then is not now, and would be opened without that next */
	if (ret == -EAGAIN && x->ret >= 0 && resolve & RESOLVE_CACHED) {
		t->how[2] &= ~(uint64_t)RESOLVE_CACHED; /* struct open_how: flags, mode, resolve */
		ret = issue_row(x, nr, reg);
	}
	return ret;
}

OP_EACH_ROW int64_t call_row(struct rthread *t, const struct xop *x, enum op_id op, long nr,
	unsigned flags, const uint8_t kinds[OP_ARGS])
{
	uint64_t reg[6];
	int64_t ret;
	int rc = enter_row(t, x, op, kinds);

	if (rc && op != OP_getcwd) {
		ret = issue_beside(t, x, rc);
	} else {
		if (writes_metadata_by_path(op) && t->w->guard)
			return exec_guarded(t, x);
		registers_row(t, x, reg, kinds);
		ret = issue_row(x, nr, reg);
		if (op == OP_openat2)
			ret = open_again(t, x, nr, reg, ret);
	}
	if (flags & OPF_NEWFD)
		keep_fd(t->w, x->newfd, ret);
	return ret;
}

#define OP(name, x86, arm, fam, cls, flags, cmp, args, model, replay)                              \
	static int64_t call_##name(struct rthread *t, const struct xop *x)                         \
	{                                                                                          \
		static const uint8_t kinds[OP_ARGS] = {OP_KINDS args};                             \
                                                                                                   \
		return call_row(t, x, OP_##name, OP_NR(x86, arm), flags, kinds);                   \
	}
#include "ops/ops.def"

static const exec_fn call_fns[OP_COUNT] = {
#define OP(name, ...) call_##name,
#include "ops/ops.def"
};

int64_t exec_call(struct rthread *t, const struct xop *x)
{
	return call_fns[x->op](t, x);
}

const exec_fn exec_fns[OP_COUNT] = {
#define OP(name, x86, arm, fam, cls, flg, cmp, args, model, replay)                                \
	OP_IS_CALL(replay) ? call_##name : exec_##replay,
#include "ops/ops.def"
};

bool dispatch_uses_paths(enum op_id op)
{
	exec_fn fn = exec_fns[op];

	return fn == call_fns[op] || fn == exec_chown || fn == exec_chdir || fn == exec_preopen ||
	       fn == exec_task || fn == exec_uring || fn == exec_bind ||
	       fn == exec_mknod || fn == exec_setattr || fn == exec_setxattr;
}

/*
 * The struct may be longer than what is captured of it: zeroes. What is longer than a page is refused by
 * its length.
 */
int64_t exec_setattr(struct rthread *t, const struct xop *x)
{
	const uint8_t *p = x->vec;
	struct xop own = *x;

	if (x->nvec && uvar_get(&p) & (FS_XFLAG_IMMUTABLE | FS_XFLAG_APPEND))
		return REPLAY_SKIPPED + SKIP_LASTING;
	if (x->ret == -E2BIG)
		own.arg[3] = UINT64_MAX;
	else if (own.arg[3] > sizeof(t->how))
		own.arg[3] = sizeof(t->how);
	return exec_call(t, &own);
}

static bool is_named(const struct rthread *t, const struct xop *x, const char *name)
{
	return PATH_REF_KIND(x->path2) == PATH_RELATIVE &&
	       strcmp(t->w->strings + PATH_REF_VALUE(x->path2), name) == 0;
}

bool exec_is_list(const struct rthread *t, const struct xop *x)
{
	return is_named(t, x, XATTR_ACL) || is_named(t, x, XATTR_ACL_DEFAULT);
}

static uint32_t mode_of_object(struct rthread *t, const struct xop *x)
{
	int dir = op_arg_index(x->op, A_DIRFD), flags = op_arg_index(x->op, A_ATFLAGS);
	const char *name;
	struct stat st;
	int at = flags < 0 ? 0 : (int)x->arg[flags] & (AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH);

	if (!op_has(x->op, A_PATH))
		return fstat(real_fd(t->w, x->arg[0]), &st) ? 0 : st.st_mode;
	name = (const char *)(uintptr_t)path_pointer(t, x->path, t->fd_path[0]);
	at |= x->op == OP_lsetxattr ? AT_SYMLINK_NOFOLLOW : 0;
	return !name || fstatat(dir < 0 ? AT_FDCWD : real_fd(t->w, x->arg[dir]), name, &st, at) ? 0 : st.st_mode;
}

static int xattr_flags_of(const struct xop *x)
{
	return op_arg_index(x->op, op_has(x->op, A_XFLAGS) ? A_XFLAGS : A_XATFLAGS);
}

static uint32_t bits_of(struct rthread *t, const struct xop *x)
{
	uint64_t flags = x->arg[xattr_flags_of(x)];

	if (flags & XATTR_TOLD || is_named(t, x, XATTR_ACL_DEFAULT))
		return (uint32_t)(flags >> XATTR_BITS_SHIFT) & 0777;
	return mode_of_object(t, x); /* lines of older files, which set these before */
}

const void *exec_list(struct rthread *t, const struct xop *x)
{
	uint64_t size = x->arg[op_arg_index(x->op, op_has(x->op, A_LEN) ? A_LEN : A_XARGS)];
	bool bad = x->ret == -EINVAL && size >= ACL_HEAD && size < XATTR_ROOM;
	uint8_t *list;

	if (!exec_is_list(t, x) || x->ret == -EFAULT || !(bad || acl_is_length(size) || size == ACL_HEAD))
		return NULL;
	if (x->ret == -EOPNOTSUPP) /* of another version of lists, as what is written is, or there are none at all */
		return NULL;
	list = read_room(t, size);
	if (bad)
		acl_make_bad(list, (uint32_t)size);
	else
		acl_make(list, (uint32_t)size, bits_of(t, x));
	return list;
}

/* A list that gives the permission bits that the line has. */
int64_t exec_setxattr(struct rthread *t, const struct xop *x)
{
	struct xop own = *x;
	uint64_t reg[6];
	int64_t ret;

	if (!exec_is_list(t, x) || enter_fs(t, x))
		return exec_call(t, x);
	t->acl = exec_list(t, x);
	if (!t->acl)
		return exec_call(t, x);
	own.arg[xattr_flags_of(x)] &= XATTR_FLAGS;
	if (t->w->guard && op_has(x->op, A_PATH)) {
		ret = exec_guarded(t, &own);
	} else {
		build_registers(t, &own, reg);
		if (op_has(x->op, A_WBUF))
			reg[op_arg_index(x->op, A_WBUF)] = (uint64_t)(uintptr_t)t->acl;
		ret = issue(&own, reg);
	}
	t->acl = NULL;
	return ret;
}

/* No replay makes a device. Landlock says so with an error of its own, before the kernel would. */
int64_t exec_mknod(struct rthread *t, const struct xop *x)
{
	int64_t ret = exec_call(t, x);
	uint64_t mode = x->arg[op_arg_index(x->op, A_MODE)];

	return ret == -EACCES && x->ret == -EPERM && (S_ISCHR(mode) || S_ISBLK(mode)) ? -EPERM : ret;
}

/*
 * A name of a socket: nobody will connect to it, and its path may be longer than an address is. bind(2) goes
 * by the umask also where a default access control list takes its place for others.
 */
int64_t exec_bind(struct rthread *t, const struct xop *x)
{
	int64_t ret = enter_fs(t, x);
	uint64_t mode = S_IFSOCK | (0777 & ~t->umask_now);

	if (!ret)
		ret = raw_syscall(SYS_mknodat, (uint64_t[6]){(uint64_t)AT_FDCWD,
						       path_pointer(t, x->path, t->fd_path[0]), mode});
	return ret == -EEXIST ? -EADDRINUSE : ret;
}

/* Ownership can be given away by root only: others set their own, which does the same work. */
int64_t exec_chown(struct rthread *t, const struct xop *x)
{
	int uid = op_arg_index(x->op, A_UID), gid = op_arg_index(x->op, A_GID);
	struct xop own = *x;

	if (t->w->is_root || x->ret != 0)
		return exec_call(t, x);
	if ((uint32_t)own.arg[uid] != UINT32_MAX)
		own.arg[uid] = geteuid();
	if ((uint32_t)own.arg[gid] != UINT32_MAX)
		own.arg[gid] = getegid();
	t->chown_own |= own.arg[uid] != x->arg[uid] || own.arg[gid] != x->arg[gid];
	return exec_call(t, &own);
}

int64_t exec_preopen(struct rthread *t, const struct xop *x)
{
	uint64_t path = path_pointer(t, x->path, t->fd_path[0]);
	int flags = (int)x->arg[2] & ~(O_CREAT | O_EXCL | O_TRUNC | O_ASYNC);
	int64_t fd;

	if (!path)
		return -ENOENT;
	fd = raw_syscall(SYS_openat, (uint64_t[6]){(uint64_t)AT_FDCWD, path, (uint64_t)flags});
	if (fd >= 0 && x->arg[3])
		lseek((int)fd, (off_t)x->arg[3], SEEK_SET);
	keep_fd(t->w, x->newfd, fd);
	return fd;
}

static int64_t dup_as(struct worker *w, uint64_t from, uint32_t newfd)
{
	int64_t fd = raw_syscall(SYS_fcntl, (uint64_t[6]){(uint64_t)real_fd(w, from), F_DUPFD_CLOEXEC});

	keep_fd(w, newfd, fd);
	return fd;
}

int64_t exec_predup(struct rthread *t, const struct xop *x)
{
	return dup_as(t->w, x->arg[2], x->newfd);
}

/* pidfd_getfd: whoever has it is in this worker, because they share the description. */
int64_t exec_getfd(struct rthread *t, const struct xop *x)
{
	return dup_as(t->w, x->arg[1], x->newfd);
}

int64_t exec_none(struct rthread *t, const struct xop *x)
{
	(void)t;
	if (ops[x->op].flags & OPF_NOFILE)
		return REPLAY_SKIPPED + SKIP_NOFILE;
	return REPLAY_SKIPPED + (x->op == OP_chroot ? SKIP_CHROOT : SKIP_STATE);
}
