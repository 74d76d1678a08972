/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "calls.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <unistd.h>

/* The calls: each picks its own arguments, good and bad ones, and says what it did. */

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

char room[1 << 18] __attribute__((aligned(4096)));

uint32_t below(struct ctx *c, uint32_t n)
{
	return rng_below(&c->rng, n);
}

bool percent(struct ctx *c, unsigned p)
{
	return rng_percent(&c->rng, p);
}

const char *show(const char *path)
{
	return path == NULL ? "NULL" : path == (const char *)1 ? "BAD" : path;
}

/* ---- arguments ---- */

/* Tasks that work side by side keep to descriptors of their own. */
static unsigned any_slot(struct ctx *c)
{
	if (shared->options.mode == MODE_PHASES)
		return (c->task + c->step->before) % (SLOTS / 2) * 2 + below(c, 2);
	return below(c, SLOTS);
}

/* Mostly one that was open at some time. */
int any_fd(struct ctx *c)
{
	unsigned roll = below(c, 100), i;
	int fd = -1;

	if (roll < 2)
		return -1;
	if (roll < 3)
		return 9999;
	for (i = 0; i < 10 && fd < 0; i++)
		fd = shared->slot[c->table][any_slot(c)];
	return fd;
}

bool is_no_file(int fd)
{
	struct stat st;

	return fd >= 0 && raw(SYS_fstat, fd, P(&st), 0, 0, 0, 0) == 0 && !S_ISREG(st.st_mode);
}

int any_dirfd(struct ctx *c)
{
	unsigned i;
	int fd;

	if (percent(c, 60))
		return AT_FDCWD;
	for (i = 0; i < 6; i++) {
		fd = any_fd(c);
		if (fd >= 0 && fd < MEMORY_FD && shared->directory[fd])
			return fd;
	}
	return fd;
}

long keep(struct ctx *c, long fd, bool directory)
{
	unsigned slot = any_slot(c);

	if (fd < 0)
		return fd;
	shared->slot[c->table][slot] = (int32_t)fd;
	if (fd < MEMORY_FD)
		shared->directory[fd] = directory;
	return fd;
}

long any_length(struct ctx *c)
{
	static const long usual[] = {0, 1, 10, 512, 4095, 4096, 4097, 8192, 12288};
	unsigned roll = below(c, 100);

	if (roll < 60)
		return usual[below(c, sizeof(usual) / sizeof(*usual))];
	return roll < 95 ? below(c, 20000) : below(c, 150000);
}

long any_offset(struct ctx *c)
{
	unsigned roll = below(c, 200);

	if (roll < 2)
		return -1;
	if (roll < 3)
		return INT64_MAX;
	if (roll < 6)
		return (1L << 33) + 4096 * below(c, 3);
	if (roll < 100)
		return 512 * (long)below(c, 64);
	return percent(c, 80) ? below(c, 20000) : below(c, 1 << 21);
}

long any_mode(struct ctx *c)
{
	static const long modes[] = {0644, 0600, 0666, 0755, 0777, 0700, 0640, 0664, 0750, 0775, 0444,
		0555, 0, 01777, 04755, 02775, 0200, 0100};

	return modes[below(c, percent(c, 85) ? 10 : sizeof(modes) / sizeof(*modes))];
}

long any_open_flags(struct ctx *c)
{
	static const struct {
		unsigned percent;
		int flag;
	} bits[] = {{45, O_CREAT}, {12, O_EXCL}, {15, O_TRUNC}, {15, O_APPEND}, {20, O_CLOEXEC},
		{6, O_NOFOLLOW}, {5, O_SYNC}, {3, O_DSYNC}, {3, O_DIRECT}, {2, O_NOATIME}};
	static const int access[] = {O_RDONLY, O_RDWR, O_RDWR, O_WRONLY};
	int flags = access[below(c, 4)];
	unsigned i;

	if (percent(c, 3))
		return O_PATH | (percent(c, 30) ? O_NOFOLLOW : 0) | (percent(c, 30) ? O_DIRECTORY : 0);
	for (i = 0; i < sizeof(bits) / sizeof(*bits); i++)
		if (percent(c, bits[i].percent))
			flags |= bits[i].flag;
	return flags;
}

long any_at_flags(struct ctx *c, long useful)
{
	unsigned roll = below(c, 100);

	if (roll < 60)
		return 0;
	return roll < 97 ? useful : 0x80000;
}

unsigned any_vector(struct ctx *c, struct iovec *iov)
{
	unsigned n = percent(c, 3) ? 0 : 1 + below(c, 4), i;

	for (i = 0; i < n; i++)
		iov[i] = (struct iovec){room, (size_t)any_length(c)};
	return n;
}

size_t vector_length(const struct iovec *iov, unsigned n)
{
	size_t sum = 0;

	while (n--)
		sum += iov[n].iov_len;
	return sum;
}

/* ---- descriptors ---- */

/* What is behind a descriptor may be a FIFO, and nobody must wait for its other end. */
bool is_fd_path(const char *path)
{
	return path > (const char *)1 && (strncmp(path, "/proc/", 6) == 0 || strncmp(path, "/dev/", 5) == 0);
}

static void c_open(struct ctx *c)
{
	bool fifo = percent(c, 4), dir = !fifo && percent(c, 25);
	const char *path = path_make(c, 0, fifo ? WANT_FIFO : dir ? WANT_DIR : WANT_ANY);
	long flags = any_open_flags(c), mode = any_mode(c), ret;
	int base = any_dirfd(c);

	if (fifo || is_fd_path(path))
		flags |= O_NONBLOCK;
	if (dir)
		flags = (flags & ~(O_ACCMODE | O_CREAT | O_TRUNC)) | (percent(c, 70) ? O_DIRECTORY : 0);
	else if (percent(c, 4))
		flags = O_TMPFILE | O_RDWR | (percent(c, 20) ? O_EXCL : 0);
	switch (below(c, 3)) {
#ifdef SYS_open
	case 0:
		ret = keep(c, raw(SYS_open, P(path), flags, mode, 0, 0, 0), dir);
		say(c, "open %s 0x%lx 0%lo = %ld", show(path), flags, mode, ret);
		break;
#endif
	default:
		ret = keep(c, raw(SYS_openat, base, P(path), flags, mode, 0, 0), dir);
		say(c, "openat %d %s 0x%lx 0%lo = %ld", base, show(path), flags, mode, ret);
		break;
	}
}

static void c_openat2(struct ctx *c)
{
	static const uint64_t resolve[] = {RESOLVE_BENEATH, RESOLVE_NO_SYMLINKS, RESOLVE_IN_ROOT,
		RESOLVE_NO_MAGICLINKS, RESOLVE_NO_XDEV};
	struct open_how how = {.flags = (uint64_t)any_open_flags(c)};
	const char *path = path_make(c, 0, WANT_ANY);
	int base = any_dirfd(c);
	long ret;

	if (is_fd_path(path))
		how.flags |= O_NONBLOCK;
	if (how.flags & O_CREAT)
		how.mode = (uint64_t)any_mode(c);
	if (percent(c, 50))
		how.resolve = resolve[below(c, 5)];
	ret = keep(c, raw(SYS_openat2, base, P(path), P(&how), sizeof(how), 0, 0), false);
	say(c, "openat2 %d %s 0x%llx 0%llo 0x%llx = %ld", base, show(path),
		(unsigned long long)how.flags, (unsigned long long)how.mode,
		(unsigned long long)how.resolve, ret);
}

#ifdef SYS_creat
static void c_creat(struct ctx *c)
{
	const char *path = path_make(c, 0, WANT_FILE);
	long mode = any_mode(c), ret;

	if (is_fd_path(path))
		path = "a";
	ret = keep(c, raw(SYS_creat, P(path), mode, 0, 0, 0, 0), false);
	say(c, "creat %s 0%lo = %ld", show(path), mode, ret);
}
#endif

static void c_close(struct ctx *c)
{
	int fd = any_fd(c);

	say(c, "close %d = %ld", fd, raw(SYS_close, fd, 0, 0, 0, 0, 0));
}

static void c_close_range(struct ctx *c)
{
	static const unsigned flags[] = {0, 0, CLOSE_RANGE_CLOEXEC, CLOSE_RANGE_UNSHARE,
		CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC, 8};
	unsigned f = flags[below(c, 6)];
	int first = any_fd(c);
	unsigned last = (unsigned)first + (first >= 3 ? below(c, 4) : 0);
	long ret;

	if (first < 0 || last > 800) /* what the program itself needs is above */
		first = 700, last = percent(c, 80) ? 710 : 600;
	ret = raw(SYS_close_range, first, last, f, 0, 0, 0);
	if (ret == 0 && f & CLOSE_RANGE_UNSHARE)
		shared->task[c->task].table = (uint8_t)table_copy(c->table);
	say(c, "close_range %d %u %u = %ld", first, last, f, ret);
}

static void c_dup(struct ctx *c)
{
	int fd = any_fd(c), to = percent(c, 60) ? any_fd(c) : 5 + (int)below(c, 40);
	unsigned which = below(c, 3);
	int flags = percent(c, 5) ? O_APPEND : percent(c, 30) ? O_CLOEXEC : 0;
	long ret;

	switch (which) {
	case 0:
		ret = keep(c, raw(SYS_dup, fd, 0, 0, 0, 0, 0), false);
		say(c, "dup %d = %ld", fd, ret);
		break;
#ifdef SYS_dup2
	case 1:
		ret = keep(c, raw(SYS_dup2, fd, to, 0, 0, 0, 0), false);
		say(c, "dup2 %d %d = %ld", fd, to, ret);
		break;
#endif
	default:
		ret = keep(c, raw(SYS_dup3, fd, to, flags, 0, 0, 0), false);
		say(c, "dup3 %d %d 0x%x = %ld", fd, to, flags, ret);
	}
}

static void c_fcntl_flags(struct ctx *c)
{
	int fd = any_fd(c), cmd, arg = 0;
	long ret;

	switch (below(c, 6)) {
	case 0:
		cmd = F_GETFD;
		break;
	case 1:
		cmd = F_SETFD;
		arg = percent(c, 60) ? FD_CLOEXEC : 0;
		break;
	case 2:
		cmd = F_GETFL;
		break;
	case 3: /* always without waiting: it may be a FIFO */
		cmd = F_SETFL;
		arg = O_NONBLOCK | (percent(c, 50) ? O_APPEND : 0);
		break;
	default:
		cmd = percent(c, 50) ? F_DUPFD : F_DUPFD_CLOEXEC;
		arg = percent(c, 5) ? -1 : (int)below(c, 30) + 3;
		break;
	}
	ret = raw(SYS_fcntl, fd, cmd, arg, 0, 0, 0);
	if (cmd == F_DUPFD || cmd == F_DUPFD_CLOEXEC)
		keep(c, ret, false);
	say(c, "fcntl %d %d 0x%x = %ld", fd, cmd, (unsigned)arg, ret);
}

static void c_fcntl_lock(struct ctx *c)
{
	static const int cmds[] = {F_SETLK, F_SETLK, F_SETLK, F_GETLK, F_OFD_SETLK, F_OFD_GETLK};
	static const short types[] = {F_RDLCK, F_WRLCK, F_UNLCK, F_WRLCK};
	int fd = any_fd(c), cmd = cmds[below(c, 6)];
	struct flock lock = {.l_type = types[below(c, percent(c, 95) ? 4 : 3)],
		.l_whence = (short)below(c, percent(c, 95) ? 3 : 5),
		.l_start = below(c, 50) * (percent(c, 90) ? 1 : -1),
		.l_len = percent(c, 20) ? 0 : below(c, 40) * (percent(c, 90) ? 1 : -1)};
	long ret;

	if (fd >= 0 && fd < MEMORY_FD && shared->directory[fd])
		lock.l_whence = SEEK_SET; /* offsets of directories are not numbers of bytes */
	ret = raw(SYS_fcntl, fd, cmd, P(&lock), 0, 0, 0);

	say(c, "fcntl-lock %d %d %d %d %ld %ld = %ld", fd, cmd, lock.l_type, lock.l_whence,
		(long)lock.l_start, (long)lock.l_len, ret);
}

static void c_flock(struct ctx *c)
{
	static const int ops[] = {LOCK_EX | LOCK_NB, LOCK_SH | LOCK_NB, LOCK_UN, LOCK_UN | LOCK_NB};
	int fd = any_fd(c), op = percent(c, 97) ? ops[below(c, 4)] : 77;

	say(c, "flock %d %d = %ld", fd, op, raw(SYS_flock, fd, op, 0, 0, 0, 0));
}

/* ---- data ---- */

static void c_read(struct ctx *c)
{
	int fd = any_fd(c);
	long len = any_length(c), off = any_offset(c);
	struct iovec iov[5];
	unsigned n = any_vector(c, iov);
	size_t sum = vector_length(iov, n);
	int flags;
	long ret;

	switch (below(c, 5)) {
	case 0:
		ret = raw(SYS_read, fd, percent(c, 98) ? P(room) : 1, len, 0, 0, 0);
		say(c, "read %d %ld = %ld", fd, len, ret);
		break;
	case 1:
		ret = raw(SYS_pread64, fd, P(room), len, off, 0, 0);
		say(c, "pread64 %d %ld %ld = %ld", fd, len, off, ret);
		break;
	case 2:
		ret = raw(SYS_readv, fd, P(iov), n, 0, 0, 0);
		say(c, "readv %d %u:%zu = %ld", fd, n, sum, ret);
		break;
	case 3:
		ret = raw(SYS_preadv, fd, P(iov), n, off, 0, 0);
		say(c, "preadv %d %u:%zu %ld = %ld", fd, n, sum, off, ret);
		break;
	default:
		flags = percent(c, 80) ? 0 : percent(c, 80) ? RWF_HIPRI : 0x1000;
		if (percent(c, 30))
			off = -1;
		ret = raw(SYS_preadv2, fd, P(iov), n, off, 0, flags);
		say(c, "preadv2 %d %u:%zu %ld %d = %ld", fd, n, sum, off, flags, ret);
		break;
	}
}

static void c_write(struct ctx *c)
{
	static const int rwf[] = {0, RWF_DSYNC, RWF_SYNC, RWF_APPEND, RWF_HIPRI, 0x1000};
	int fd = any_fd(c);
	long len = any_length(c), off = any_offset(c);
	struct iovec iov[5];
	unsigned n = any_vector(c, iov);
	size_t sum = vector_length(iov, n);
	int flags;
	long ret;

	switch (below(c, 6)) {
	case 0:
	case 1:
		ret = raw(SYS_write, fd, percent(c, 98) ? P(room) : 1, len, 0, 0, 0);
		say(c, "write %d %ld = %ld", fd, len, ret);
		break;
	case 2:
		ret = raw(SYS_pwrite64, fd, P(room), len, off, 0, 0);
		say(c, "pwrite64 %d %ld %ld = %ld", fd, len, off, ret);
		break;
	case 3:
		ret = raw(SYS_writev, fd, P(iov), n, 0, 0, 0);
		say(c, "writev %d %u:%zu = %ld", fd, n, sum, ret);
		break;
	case 4:
		ret = raw(SYS_pwritev, fd, P(iov), n, off, 0, 0);
		say(c, "pwritev %d %u:%zu %ld = %ld", fd, n, sum, off, ret);
		break;
	default:
		flags = rwf[below(c, 6)];
		if (percent(c, 30))
			off = -1;
		ret = raw(SYS_pwritev2, fd, P(iov), n, off, 0, flags);
		say(c, "pwritev2 %d %u:%zu %ld %d = %ld", fd, n, sum, off, flags, ret);
		break;
	}
}

static void c_transfer(struct ctx *c)
{
	int in = any_fd(c), out = any_fd(c);
	long off[2] = {any_offset(c), any_offset(c)}, first = off[0], len = any_length(c), ret;
	long *p_in = percent(c, 50) ? &off[0] : percent(c, 96) ? NULL : (long *)1;
	long *p_out = percent(c, 50) ? &off[1] : NULL;

	if (percent(c, 50)) {
		ret = raw(SYS_sendfile, out, in, P(p_in), len, 0, 0);
		say(c, "sendfile %d %d %s%ld %ld = %ld", out, in, p_in == off ? "" : "no ", first, len,
			ret);
	} else {
		ret = raw(SYS_copy_file_range, in, P(p_in), out, P(p_out), len, percent(c, 2));
		say(c, "copy_file_range %d %s %d %s %ld = %ld", in, p_in ? "off" : "-", out,
			p_out ? "off" : "-", len, ret);
	}
}

static void c_lseek(struct ctx *c)
{
	int fd = any_fd(c), whence = percent(c, 97) ? (int)below(c, 5) : 9;
	long off = whence == SEEK_CUR || whence == SEEK_END ? (long)below(c, 6000) - 3000
							    : any_offset(c);

	if (percent(c, 40))
		off = 0;
	say(c, "lseek %d %ld %d = %ld", fd, off, whence, raw(SYS_lseek, fd, off, whence, 0, 0, 0));
}

static void c_truncate(struct ctx *c)
{
	const char *path = path_make(c, 0, WANT_FILE);
	long off = any_offset(c);
	int fd = any_fd(c);

	if (percent(c, 40))
		say(c, "truncate %s %ld = %ld", show(path), off,
			raw(SYS_truncate, P(path), off, 0, 0, 0, 0));
	else
		say(c, "ftruncate %d %ld = %ld", fd, off, raw(SYS_ftruncate, fd, off, 0, 0, 0, 0));
}

static void c_fallocate(struct ctx *c)
{
	static const int modes[] = {0, FALLOC_FL_KEEP_SIZE,
		FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE,
		FALLOC_FL_ZERO_RANGE, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE,
		FALLOC_FL_COLLAPSE_RANGE, FALLOC_FL_INSERT_RANGE};
	int fd = any_fd(c), mode = modes[below(c, 8)];
	long off = any_offset(c), len = any_length(c);

	if (percent(c, 60))
		off &= ~4095L, len = 4096 * (1 + (long)below(c, 4));
	say(c, "fallocate %d 0x%x %ld %ld = %ld", fd, (unsigned)mode, off, len,
		raw(SYS_fallocate, fd, mode, off, len, 0, 0));
}

static void c_sync(struct ctx *c)
{
	int fd = any_fd(c);
	long off = any_offset(c), len = any_length(c);

	switch (below(c, 14)) {
	case 0:
	case 1:
		say(c, "fsync %d = %ld", fd, raw(SYS_fsync, fd, 0, 0, 0, 0, 0));
		break;
	case 2:
	case 3:
	case 4:
		say(c, "fdatasync %d = %ld", fd, raw(SYS_fdatasync, fd, 0, 0, 0, 0, 0));
		break;
	case 5:
	case 6:
		say(c, "sync_file_range %d %ld %ld = %ld", fd, off, len,
			raw(SYS_sync_file_range, fd, off, len, below(c, 9), 0, 0));
		break;
	case 7:
	case 8:
	case 9:
		say(c, "fadvise64 %d %ld %ld = %ld", fd, off, len,
			raw(SYS_fadvise64, fd, off, len, below(c, 7), 0, 0));
		break;
	case 10:
	case 11:
	case 12:
		say(c, "readahead %d %ld %ld = %ld", fd, off, len,
			raw(SYS_readahead, fd, off, len, 0, 0, 0));
		break;
	default:
		say(c, "syncfs %d = %ld", fd, raw(SYS_syncfs, fd, 0, 0, 0, 0, 0));
		break;
	}
}

/* ---- metadata that is read ---- */

static void c_stat(struct ctx *c)
{
	const char *path = path_make(c, 0, WANT_ANY);
	int fd = any_fd(c), base = any_dirfd(c);
	long flags = any_at_flags(c, percent(c, 50) ? AT_SYMLINK_NOFOLLOW : AT_EMPTY_PATH);
	char out[512];

	switch (below(c, 6)) {
#ifdef SYS_stat
	case 0:
		say(c, "stat %s = %ld", show(path), raw(SYS_stat, P(path), P(out), 0, 0, 0, 0));
		break;
	case 1:
		say(c, "lstat %s = %ld", show(path), raw(SYS_lstat, P(path), P(out), 0, 0, 0, 0));
		break;
#endif
	case 2:
		say(c, "fstat %d = %ld", fd, raw(SYS_fstat, fd, P(out), 0, 0, 0, 0));
		break;
	case 3:
		say(c, "statx %d %s 0x%lx = %ld", base, show(path), flags,
			raw(SYS_statx, base, P(path), flags, 0x7ff, P(out), 0));
		break;
	default:
		say(c, "newfstatat %d %s 0x%lx = %ld", base, show(path), flags,
			raw(SYS_newfstatat, base, P(path), P(out), flags, 0, 0));
		break;
	}
}

static void c_statfs(struct ctx *c)
{
	const char *path = path_make(c, 0, WANT_ANY);
	int fd = any_fd(c);
	struct statfs out;

	if (percent(c, 50))
		say(c, "statfs %s = %ld", show(path), raw(SYS_statfs, P(path), P(&out), 0, 0, 0, 0));
	else
		say(c, "fstatfs %d = %ld", fd, raw(SYS_fstatfs, fd, P(&out), 0, 0, 0, 0));
}

static void c_access(struct ctx *c)
{
	const char *path = path_make(c, 0, WANT_ANY);
	int base = any_dirfd(c);
	long mode = percent(c, 96) ? below(c, 8) : 070;
	long flags = any_at_flags(c, percent(c, 50) ? AT_SYMLINK_NOFOLLOW : AT_EACCESS);

	switch (below(c, 3)) {
#ifdef SYS_access
	case 0:
		say(c, "access %s 0%lo = %ld", show(path), mode,
			raw(SYS_access, P(path), mode, 0, 0, 0, 0));
		break;
#endif
	case 1:
		say(c, "faccessat %d %s 0%lo = %ld", base, show(path), mode,
			raw(SYS_faccessat, base, P(path), mode, 0, 0, 0));
		break;
	default:
		say(c, "faccessat2 %d %s 0%lo 0x%lx = %ld", base, show(path), mode, flags,
			raw(SYS_faccessat2, base, P(path), mode, flags, 0, 0));
		break;
	}
}

static void c_getdents(struct ctx *c)
{
	int fd = any_fd(c);
	long len = percent(c, 90) ? 32768 : 10;

#ifdef SYS_getdents
	if (percent(c, 30)) {
		say(c, "getdents %d %ld = %ld", fd, len, raw(SYS_getdents, fd, P(room), len, 0, 0, 0));
		return;
	}
#endif
	say(c, "getdents64 %d %ld = %ld", fd, len, raw(SYS_getdents64, fd, P(room), len, 0, 0, 0));
}

static void c_readlink(struct ctx *c)
{
	const char *path = path_make(c, 0, percent(c, 70) ? WANT_LINK : WANT_ANY);
	int base = any_dirfd(c);
	long len = percent(c, 90) ? 4096 : below(c, 3);

#ifdef SYS_readlink
	if (percent(c, 50)) {
		say(c, "readlink %s %ld = %ld", show(path), len,
			raw(SYS_readlink, P(path), P(room), len, 0, 0, 0));
		return;
	}
#endif
	say(c, "readlinkat %d %s %ld = %ld", base, show(path), len,
		raw(SYS_readlinkat, base, P(path), P(room), len, 0, 0));
}

static void c_getcwd(struct ctx *c)
{
	long len = percent(c, 90) ? 4096 : 2;

	say(c, "getcwd %ld = %ld", len, raw(SYS_getcwd, P(room), len, 0, 0, 0, 0));
}

/* ---- names ---- */

static void c_mkdir(struct ctx *c)
{
	const char *path = path_make(c, 0, WANT_DIR);
	int base = any_dirfd(c);
	long mode = percent(c, 80) ? 0777 : any_mode(c);

#ifdef SYS_mkdir
	if (percent(c, 50)) {
		say(c, "mkdir %s 0%lo = %ld", show(path), mode,
			raw(SYS_mkdir, P(path), mode, 0, 0, 0, 0));
		return;
	}
#endif
	say(c, "mkdirat %d %s 0%lo = %ld", base, show(path), mode,
		raw(SYS_mkdirat, base, P(path), mode, 0, 0, 0));
}

/* FIFOs, and empty files. Devices are beyond the rights of a replay. */
static void c_mknod(struct ctx *c)
{
	bool fifo = percent(c, 60);
	const char *path = path_make(c, 0, fifo ? WANT_FIFO : WANT_NEW);
	int base = any_dirfd(c);
	long mode = any_mode(c) | (fifo ? S_IFIFO : percent(c, 70) ? S_IFREG : percent(c, 50) ? S_IFSOCK : 0);

#ifdef SYS_mknod
	if (percent(c, 50)) {
		say(c, "mknod %s 0%lo = %ld", show(path), mode,
			raw(SYS_mknod, P(path), mode, 0, 0, 0, 0));
		return;
	}
#endif
	say(c, "mknodat %d %s 0%lo = %ld", base, show(path), mode,
		raw(SYS_mknodat, base, P(path), mode, 0, 0, 0));
}

static void c_unlink(struct ctx *c)
{
	bool fifo = percent(c, 5), dir = !fifo && percent(c, 30);
	const char *path = path_make(c, 0, fifo ? WANT_FIFO : dir ? WANT_DIR : WANT_ANY);
	int base = any_dirfd(c);
	long flags = percent(c, 90) == dir ? AT_REMOVEDIR : 0;

	switch (below(c, 3)) {
#ifdef SYS_unlink
	case 0:
		say(c, "unlink %s = %ld", show(path), raw(SYS_unlink, P(path), 0, 0, 0, 0, 0));
		break;
	case 1:
		say(c, "rmdir %s = %ld", show(path), raw(SYS_rmdir, P(path), 0, 0, 0, 0, 0));
		break;
#endif
	default:
		say(c, "unlinkat %d %s 0x%lx = %ld", base, show(path), flags,
			raw(SYS_unlinkat, base, P(path), flags, 0, 0, 0));
		break;
	}
}

/* A FIFO keeps a name that no blocking open uses. */
static void c_rename(struct ctx *c)
{
	bool fifo = percent(c, 4), dirs = percent(c, 25);
	const char *from = path_make(c, 0, fifo ? WANT_FIFO : dirs ? WANT_DIR : WANT_ANY);
	const char *to = path_make(c, 1, fifo ? WANT_FIFO : dirs ? WANT_DIR : WANT_NEW);
	int base = any_dirfd(c), other = any_dirfd(c);
	long flags = percent(c, 40) ? 0 : 1 + below(c, percent(c, 95) ? 2 : 3);

	switch (below(c, 4)) {
#ifdef SYS_rename
	case 0:
	case 1:
		say(c, "rename %s %s = %ld", show(from), show(to),
			raw(SYS_rename, P(from), P(to), 0, 0, 0, 0));
		break;
#endif
#ifdef SYS_renameat
	case 2:
		say(c, "renameat %d %s %d %s = %ld", base, show(from), other, show(to),
			raw(SYS_renameat, base, P(from), other, P(to), 0, 0));
		break;
#endif
	default:
		say(c, "renameat2 %d %s %d %s %ld = %ld", base, show(from), other, show(to), flags,
			raw(SYS_renameat2, base, P(from), other, P(to), flags, 0));
		break;
	}
}

static void c_link(struct ctx *c)
{
	bool fifo = percent(c, 4);
	const char *from = path_make(c, 0, fifo ? WANT_FIFO : WANT_ANY);
	const char *to = path_make(c, 1, fifo ? WANT_FIFO : WANT_NEW);
	int base = any_dirfd(c), other = any_dirfd(c), fd;
	long flags = any_at_flags(c, AT_SYMLINK_FOLLOW);

#ifdef SYS_link
	if (percent(c, 50)) {
		say(c, "link %s %s = %ld", show(from), show(to),
			raw(SYS_link, P(from), P(to), 0, 0, 0, 0));
		return;
	}
#endif
	if (!fifo && percent(c, 25)) { /* what a temporary file gets its name by */
		fd = any_fd(c);
		to = path_make(c, 1, WANT_FIFO); /* it may be one */
		snprintf(c->path[0], sizeof(c->path[0]), "/proc/self/fd/%d", fd);
		from = c->path[0];
		flags = AT_SYMLINK_FOLLOW;
	}
	say(c, "linkat %d %s %d %s 0x%lx = %ld", base, show(from), other, show(to), flags,
		raw(SYS_linkat, base, P(from), other, P(to), flags, 0));
}

static void c_symlink(struct ctx *c)
{
	const char *path = path_make(c, 0, percent(c, 80) ? WANT_LINK : WANT_NEW);
	const char *target = path_target(c, 1);
	int base = any_dirfd(c);

#ifdef SYS_symlink
	if (percent(c, 50)) {
		say(c, "symlink %s %s = %ld", show(target), show(path),
			raw(SYS_symlink, P(target), P(path), 0, 0, 0, 0));
		return;
	}
#endif
	say(c, "symlinkat %s %d %s = %ld", show(target), base, show(path),
		raw(SYS_symlinkat, P(target), base, P(path), 0, 0, 0));
}

/* ---- metadata that is written ---- */

static void c_chmod(struct ctx *c)
{
	const char *path = path_make(c, 0, WANT_ANY);
	int fd = any_fd(c), base = any_dirfd(c);
	long mode = any_mode(c), flags = any_at_flags(c, AT_SYMLINK_NOFOLLOW);

	switch (below(c, 4)) {
#ifdef SYS_chmod
	case 0:
		say(c, "chmod %s 0%lo = %ld", show(path), mode,
			raw(SYS_chmod, P(path), mode, 0, 0, 0, 0));
		break;
#endif
	case 1:
		say(c, "fchmod %d 0%lo = %ld", fd, mode, raw(SYS_fchmod, fd, mode, 0, 0, 0, 0));
		break;
	case 2:
		say(c, "fchmodat2 %d %s 0%lo 0x%lx = %ld", base, show(path), mode, flags,
			raw(SYS_fchmodat2, base, P(path), mode, flags, 0, 0));
		break;
	default:
		say(c, "fchmodat %d %s 0%lo = %ld", base, show(path), mode,
			raw(SYS_fchmodat, base, P(path), mode, 0, 0, 0));
		break;
	}
}

static long any_id(struct ctx *c, long own)
{
	if (percent(c, 40))
		return -1;
	return shared->options.privileged ? 100 + (long)below(c, 3) : percent(c, 85) ? own : 1234;
}

static void c_chown(struct ctx *c)
{
	const char *path = path_make(c, 0, WANT_ANY);
	int fd = any_fd(c), base = any_dirfd(c);
	long uid = any_id(c, getuid()), gid = any_id(c, getgid());
	long flags = any_at_flags(c, AT_SYMLINK_NOFOLLOW);

	switch (below(c, 4)) {
#ifdef SYS_chown
	case 0:
		say(c, "chown %s %ld %ld = %ld", show(path), uid, gid,
			raw(SYS_chown, P(path), uid, gid, 0, 0, 0));
		break;
	case 1:
		say(c, "lchown %s %ld %ld = %ld", show(path), uid, gid,
			raw(SYS_lchown, P(path), uid, gid, 0, 0, 0));
		break;
#endif
	case 2:
		say(c, "fchown %d %ld %ld = %ld", fd, uid, gid,
			raw(SYS_fchown, fd, uid, gid, 0, 0, 0));
		break;
	default:
		say(c, "fchownat %d %s %ld %ld 0x%lx = %ld", base, show(path), uid, gid, flags,
			raw(SYS_fchownat, base, P(path), uid, gid, flags, 0));
		break;
	}
}

static void c_utimes(struct ctx *c)
{
	const char *path = path_make(c, 0, WANT_ANY);
	int base = any_dirfd(c);
	long times[4] = {1700000000, 5000, 1600000000, percent(c, 3) ? 2000000000 : 777};
	long *p = percent(c, 30) ? NULL : times;
	long flags = any_at_flags(c, AT_SYMLINK_NOFOLLOW);

	switch (below(c, 5)) {
#ifdef SYS_utime
	case 0:
		say(c, "utime %s = %ld", show(path), raw(SYS_utime, P(path), P(p), 0, 0, 0, 0));
		break;
	case 1:
		say(c, "utimes %s = %ld", show(path), raw(SYS_utimes, P(path), P(p), 0, 0, 0, 0));
		break;
	case 2:
		say(c, "futimesat %d %s = %ld", base, show(path),
			raw(SYS_futimesat, base, P(path), P(p), 0, 0, 0));
		break;
#endif
	default:
		if (percent(c, 30)) {
			path = NULL;
			base = any_fd(c);
		}
		if (percent(c, 20))
			times[1] = UTIME_OMIT, times[3] = UTIME_NOW;
		say(c, "utimensat %d %s 0x%lx = %ld", base, show(path), flags,
			raw(SYS_utimensat, base, P(path), P(p), flags, 0, 0));
		break;
	}
}

/* ---- extended attributes ---- */

#define ACCESS	       "system.posix_acl_access"
#define ACCESS_DEFAULT "system.posix_acl_default"

static void add_entry(struct posix_acl_xattr_entry **e, unsigned tag, unsigned perm, uint32_t id)
{
	*(*e)++ = (struct posix_acl_xattr_entry){(uint16_t)tag, (uint16_t)(perm & 7), id};
}

/* At TO, which has room for it. Its owner may always do everything: others decide nothing here. */
static long make_list(struct ctx *c, char *to)
{
	struct posix_acl_xattr_header *head = (void *)to;
	struct posix_acl_xattr_entry *e = (void *)(head + 1);
	uint32_t users = below(c, 3), i, bits = 0700 | below(c, 0100);

	head->a_version = POSIX_ACL_XATTR_VERSION;
	if (percent(c, 5))
		return sizeof(*head);
	add_entry(&e, ACL_USER_OBJ, bits >> 6, (uint32_t)-1);
	for (i = 0; i < users; i++)
		add_entry(&e, ACL_USER, 5, 60000 + i);
	add_entry(&e, ACL_GROUP_OBJ, bits >> 3, (uint32_t)-1);
	if (users)
		add_entry(&e, ACL_MASK, bits >> 3, (uint32_t)-1);
	add_entry(&e, ACL_OTHER, bits, (uint32_t)-1);
	return (char *)e - to;
}

long any_value(struct ctx *c, const char *name, char *to, long len)
{
	bool list = name > (const char *)1 && (strcmp(name, ACCESS) == 0 || strcmp(name, ACCESS_DEFAULT) == 0);

	return list && percent(c, 90) ? make_list(c, to) : len;
}

const char *any_attribute(struct ctx *c)
{
	static char too_long[300];
	unsigned roll = below(c, 100);

	if (roll < 84)
		return roll < 40 ? "user.a" : roll < 65 ? "user.b" : roll < 80 ? "user.c" : "user.long name";
	if (roll < 91)
		return roll < 87 ? ACCESS : ACCESS_DEFAULT;
	if (roll < 94)
		return "nonsense";
	if (roll < 96)
		return "";
	if (roll < 98)
		return (const char *)1;
	memset(too_long, 'u', sizeof(too_long) - 1);
	memcpy(too_long, "user.", 5);
	return too_long;
}

static void c_set_attribute(struct ctx *c)
{
	const char *path = path_make(c, 0, WANT_ANY), *name = any_attribute(c);
	long len = percent(c, 96) ? below(c, 60) : 70000;
	long flags = percent(c, 60) ? 0 : percent(c, 96) ? 1 + below(c, 2) : 9;
	int fd = any_fd(c);

	len = any_value(c, name, room, len);
	switch (below(c, 3)) {
	case 0:
		say(c, "setxattr %s %s %ld %ld = %ld", show(path), show(name), len, flags,
			raw(SYS_setxattr, P(path), P(name), P(room), len, flags, 0));
		break;
	case 1:
		say(c, "lsetxattr %s %s %ld %ld = %ld", show(path), show(name), len, flags,
			raw(SYS_lsetxattr, P(path), P(name), P(room), len, flags, 0));
		break;
	default:
		say(c, "fsetxattr %d %s %ld %ld = %ld", fd, show(name), len, flags,
			raw(SYS_fsetxattr, fd, P(name), P(room), len, flags, 0));
		break;
	}
}

static void c_get_attribute(struct ctx *c)
{
	const char *path = path_make(c, 0, WANT_ANY), *name = any_attribute(c);
	long len = percent(c, 70) ? 4096 : below(c, 3);
	int fd = any_fd(c);

	switch (below(c, 6)) {
	case 0:
		say(c, "getxattr %s %s %ld = %ld", show(path), show(name), len,
			raw(SYS_getxattr, P(path), P(name), P(room), len, 0, 0));
		break;
	case 1:
		say(c, "lgetxattr %s %s %ld = %ld", show(path), show(name), len,
			raw(SYS_lgetxattr, P(path), P(name), P(room), len, 0, 0));
		break;
	case 2:
		say(c, "fgetxattr %d %s %ld = %ld", fd, show(name), len,
			raw(SYS_fgetxattr, fd, P(name), P(room), len, 0, 0));
		break;
	case 3:
		say(c, "listxattr %s %ld = %ld", show(path), len,
			raw(SYS_listxattr, P(path), P(room), len, 0, 0, 0));
		break;
	case 4:
		say(c, "llistxattr %s %ld = %ld", show(path), len,
			raw(SYS_llistxattr, P(path), P(room), len, 0, 0, 0));
		break;
	default:
		say(c, "flistxattr %d %ld = %ld", fd, len,
			raw(SYS_flistxattr, fd, P(room), len, 0, 0, 0));
		break;
	}
}

static void c_remove_attribute(struct ctx *c)
{
	const char *path = path_make(c, 0, WANT_ANY), *name = any_attribute(c);
	int fd = any_fd(c);

	switch (below(c, 3)) {
	case 0:
		say(c, "removexattr %s %s = %ld", show(path), show(name),
			raw(SYS_removexattr, P(path), P(name), 0, 0, 0, 0));
		break;
	case 1:
		say(c, "lremovexattr %s %s = %ld", show(path), show(name),
			raw(SYS_lremovexattr, P(path), P(name), 0, 0, 0, 0));
		break;
	default:
		say(c, "fremovexattr %d %s = %ld", fd, show(name),
			raw(SYS_fremovexattr, fd, P(name), 0, 0, 0, 0));
		break;
	}
}

/* ---- of the process ---- */

/* Deeper is no danger; a directory that was removed has no way up. */
static void stay_near(void)
{
	size_t len = strlen(shared->top) - 2 * LEVELS_AWAY, i;
	char at[4096];

	if (raw(SYS_getcwd, P(at), sizeof(at), 0, 0, 0, 0) < 0)
		return;
	for (i = 0; i < len && at[i] == shared->top[i]; i++)
		;
	if (i < len)
		raw(SYS_chdir, P(shared->top), 0, 0, 0, 0, 0);
}

static void c_chdir(struct ctx *c)
{
	const char *path = path_make(c, 0, WANT_DIR);
	int fd = any_fd(c);

	if (percent(c, 60))
		say(c, "chdir %s = %ld", show(path), raw(SYS_chdir, P(path), 0, 0, 0, 0, 0));
	else
		say(c, "fchdir %d = %ld", fd, raw(SYS_fchdir, fd, 0, 0, 0, 0, 0));
	stay_near();
}

/* Back to where it began, so that not all of them are lost in removed directories. */
static void c_chdir_home(struct ctx *c)
{
	say(c, "chdir home = %ld", raw(SYS_chdir, P(shared->top), 0, 0, 0, 0, 0));
}

static void c_umask(struct ctx *c)
{
	static const long masks[] = {022, 0, 077, 027, 02};
	long mask = masks[below(c, 5)];

	say(c, "umask 0%lo = %ld", mask, raw(SYS_umask, mask, 0, 0, 0, 0, 0));
}

static const struct call {
	unsigned weight;
	void (*make)(struct ctx *c);
} calls[] = {{300, c_open}, {20, c_openat2},
#ifdef SYS_creat
	{15, c_creat},
#endif
	{50, c_close}, {8, c_close_range}, {40, c_dup}, {40, c_fcntl_flags}, {35, c_fcntl_lock},
	{25, c_flock}, {80, c_read}, {90, c_write}, {30, c_transfer}, {35, c_lseek}, {35, c_truncate},
	{30, c_fallocate}, {14, c_sync}, {60, c_stat}, {8, c_statfs}, {25, c_access}, {25, c_getdents},
	{20, c_readlink}, {10, c_getcwd}, {40, c_mkdir}, {25, c_mknod}, {70, c_unlink}, {70, c_rename},
	{45, c_link}, {45, c_symlink}, {25, c_chmod}, {12, c_chown}, {15, c_utimes},
	{25, c_set_attribute}, {20, c_get_attribute}, {12, c_remove_attribute}, {25, c_chdir},
	{12, c_chdir_home}, {8, c_umask}, {40, c_special}, {8, c_events}, {8, c_socket_name},
	{25, c_splice}, {45, c_ioctl}, {25, c_attribute_at}, {25, c_handle}, {6, c_exec_nothing},
	{12, c_rare}, {20, c_send}, {25, c_receive}, {15, c_getfd}};

/* Those that keep something in memory are for one at a time: with others at work they are reads. */
static const struct call calls_alone[] = {{30, c_map}, {45, c_map_use}, {20, c_map_change},
	{15, c_aio_setup}, {45, c_aio_submit}, {15, c_aio_reap}, {15, c_uring_setup}, {20, c_uring_register}, {75, c_uring_submit}};

static unsigned sum_of(const struct call *list, size_t n)
{
	unsigned sum = 0;

	while (n--)
		sum += list[n].weight;
	return sum;
}

#define LENGTH(array) (sizeof(array) / sizeof(*(array)))

void calls_make(struct ctx *c)
{
	unsigned all = sum_of(calls, LENGTH(calls));
	unsigned roll = below(c, all + sum_of(calls_alone, LENGTH(calls_alone)));
	const struct call *call = calls;

	if (roll >= all) {
		call = calls_alone;
		roll -= all;
	}
	while (roll >= call->weight)
		roll -= call++->weight;
	if (call >= calls_alone && call < calls_alone + LENGTH(calls_alone) && shared->options.mode != MODE_TURNS)
		c_read(c);
	else
		call->make(c);
}

/* ---- what is there before ---- */

static void must(long ret, const char *what)
{
	if (ret < 0 && errno != EEXIST && errno != ENOENT) {
		perror(what);
		exit(2);
	}
}

static void setup_file(struct rng *r, const char *name)
{
	int fd = open(name, O_RDWR | O_CREAT, 0644);
	unsigned roll = rng_below(r, 100);
	size_t len = roll < 20 ? 0 : roll < 40 ? 10 : rng_below(r, 30000);

	must(fd, name);
	if (fd < 0)
		return;
	must(pwrite(fd, room, len, 0), name);
	if (roll > 85) { /* with holes, and maybe one at the end */
		must(pwrite(fd, room, 5000, (off_t)4096 * rng_below(r, 300)), name);
		if (roll > 92)
			must(ftruncate(fd, 1 << 21), name);
	}
	must(fchmod(fd, rng_percent(r, 85) ? 0644 : rng_percent(r, 50) ? 0444 : 0), name);
	close(fd);
}

static void setup_directory(struct rng *r, const char *dir)
{
	static const char *const targets[] = {
		"a", "x", "../a", "x/y", "y/../b", "s", "none", "..", ".", "t/c", "../x/d"};
	const char *name;
	char path[512], other[512];

	for (name = "abcdef"; *name; name++) {
		snprintf(path, sizeof(path), "%s%c", dir, *name);
		if (rng_percent(r, 40))
			setup_file(r, path);
		else if (rng_percent(r, 15)) {
			snprintf(other, sizeof(other), "%c", 'a' + (char)rng_below(r, 6));
			must(link(other, path), path);
		}
	}
	for (name = "stuv"; *name; name++) {
		snprintf(path, sizeof(path), "%s%c", dir, *name);
		if (rng_percent(r, 50))
			must(symlink(targets[rng_below(r, 11)], path), path);
	}
	for (name = "pq"; *name; name++) {
		snprintf(path, sizeof(path), "%s%c", dir, *name);
		if (rng_percent(r, 15))
			must(mkfifo(path, 0666), path);
	}
}

void calls_setup(uint64_t seed, bool privileged)
{
	struct rng r = {seed ^ 0x5eed};
	char path[16];
	int i;

	setup_directory(&r, "");
	for (i = 'x'; i <= 'z'; i++) {
		snprintf(path, sizeof(path), "%c/", i);
		if (!rng_percent(&r, 60))
			continue;
		must(mkdir(path, 0755), path);
		setup_directory(&r, path);
		snprintf(path, sizeof(path), "%c/%c", i, 'x' + (int)rng_below(&r, 3));
		if (rng_percent(&r, 50))
			must(mkdir(path, rng_percent(&r, 90) ? 0755 : privileged ? 0 : 0555), path);
	}
	for (i = 'A'; i < 'A' + TASKS; i++) {
		snprintf(path, sizeof(path), "%c", i);
		must(mkdir(path, 0755), path);
	}
}
