/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/memfd.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

#include "calls.h"

/* Calls on what is no file, and those that not every program makes. */

#ifndef SYS_memfd_secret
#define SYS_memfd_secret 447
#endif
#ifndef SYS_quotactl_fd
#define SYS_quotactl_fd 443
#endif
#define SYS_CACHESTAT	  451
#define SYS_SETXATTRAT	  463
#define SYS_GETXATTRAT	  464
#define SYS_LISTXATTRAT	  465
#define SYS_REMOVEXATTRAT 466
#define SYS_STATMOUNT	  457
#define SYS_LISTMOUNT	  458
#define SYS_FILE_GETATTR  468
#define SYS_FILE_SETATTR  469

/* ---- descriptors that are no files ---- */

/* Nobody must wait at what was made without the flag. */
static long never_wait(long fd)
{
	if (fd >= 0)
		raw(SYS_fcntl, fd, F_SETFL, O_NONBLOCK, 0, 0, 0);
	return fd;
}

static void two(struct ctx *c, const char *name, const int *fds, long ret)
{
	if (ret == 0) {
		never_wait(keep(c, fds[0], false));
		never_wait(keep(c, fds[1], false));
	}
	say(c, "%s %d %d = %ld", name, ret ? -1 : fds[0], ret ? -1 : fds[1], ret);
}

static void c_pipe(struct ctx *c)
{
	int fds[2] = {-1, -1};
	long flags = O_NONBLOCK | (percent(c, 30) ? O_CLOEXEC : 0) | (percent(c, 5) ? O_APPEND : 0);

	switch (below(c, 3)) {
#ifdef SYS_pipe
	case 0:
		two(c, "pipe", fds, raw(SYS_pipe, P(fds), 0, 0, 0, 0, 0));
		break;
#endif
	case 1:
		two(c, "socketpair", fds,
			raw(SYS_socketpair, percent(c, 95) ? AF_UNIX : 99, SOCK_STREAM | SOCK_NONBLOCK, 0,
				P(fds), 0, 0));
		break;
	default:
		two(c, "pipe2", fds, raw(SYS_pipe2, percent(c, 97) ? P(fds) : 1, flags, 0, 0, 0, 0));
		break;
	}
}

static long make_special(struct ctx *c, unsigned which, const char **name)
{
	static const uint64_t no_signals;
	int fd = any_fd(c);

#define MADE(what, ...) (*name = #what, raw(SYS_##what, __VA_ARGS__))
	switch (which) {
#ifdef SYS_eventfd
	case 0:
		return MADE(eventfd, 7, 0, 0, 0, 0, 0);
	case 1:
		return MADE(epoll_create, (long)below(c, 3), 0, 0, 0, 0, 0);
	case 2:
		return MADE(inotify_init, 0, 0, 0, 0, 0, 0);
	case 3:
		return MADE(signalfd, percent(c, 50) ? -1 : fd, P(&no_signals), 8, 0, 0, 0);
#endif
	case 4:
		return MADE(eventfd2, 7, EFD_NONBLOCK | (percent(c, 50) ? EFD_CLOEXEC : 0), 0, 0, 0, 0);
	case 5:
		return MADE(epoll_create1, percent(c, 80) ? EPOLL_CLOEXEC : 7, 0, 0, 0, 0, 0);
	case 6:
		return MADE(inotify_init1, IN_NONBLOCK, 0, 0, 0, 0, 0);
	case 7:
		return MADE(signalfd4, percent(c, 50) ? -1 : fd, P(&no_signals), 8, SFD_NONBLOCK, 0, 0);
	case 8:
		return MADE(timerfd_create, percent(c, 90) ? 1 : 99, TFD_NONBLOCK, 0, 0, 0, 0);
	case 9:
		return MADE(pidfd_open, percent(c, 90) ? getpid() : -1, 0, 0, 0, 0, 0);
	case 10:
		return MADE(socket, percent(c, 90) ? AF_UNIX : 99, SOCK_DGRAM | SOCK_NONBLOCK, 0, 0, 0, 0);
	case 11:
		return MADE(accept, fd, 0, 0, 0, 0, 0);
	case 12:
		return MADE(accept4, fd, 0, 0, SOCK_CLOEXEC, 0, 0);
	case 13:
		return MADE(perf_event_open, 0, 0, 0, 0, 0, 0);
	case 14:
		return MADE(bpf, 0, 0, 0, 0, 0, 0);
	case 15: /* FAN_REPORT_FID: what is read from it are no descriptors */
		return MADE(fanotify_init, FAN_NONBLOCK | FAN_REPORT_FID, O_RDONLY, 0, 0, 0, 0);
	case 16:
		return MADE(memfd_create, percent(c, 95) ? P("some name") : 1,
			percent(c, 50) ? MFD_CLOEXEC : 0, 0, 0, 0, 0);
	case 17:
		return MADE(memfd_secret, 0, 0, 0, 0, 0, 0);
	default: /* user mode only */
		return MADE(userfaultfd, O_NONBLOCK | 1, 0, 0, 0, 0, 0);
	}
#undef MADE
}

void c_special(struct ctx *c)
{
	const char *name = "";
	long ret;

	if (percent(c, 25)) {
		c_pipe(c);
		return;
	}
	ret = never_wait(keep(c, make_special(c, below(c, 19), &name), false));
	say(c, "%s = %ld", name, ret);
}

void c_events(struct ctx *c)
{
	const char *path = path_make(c, 0, WANT_ANY);
	int fd = any_fd(c), base = any_dirfd(c);

	switch (below(c, 3)) {
	case 0:
		say(c, "inotify_add_watch %d %s = %ld", fd, show(path),
			raw(SYS_inotify_add_watch, fd, P(path), IN_CREATE, 0, 0, 0));
		break;
	case 1:
		say(c, "inotify_rm_watch %d = %ld", fd, raw(SYS_inotify_rm_watch, fd, 1, 0, 0, 0, 0));
		break;
	default:
		say(c, "fanotify_mark %d %d %s = %ld", fd, base, show(path),
			raw(SYS_fanotify_mark, fd, FAN_MARK_ADD, FAN_ATTRIB, base, P(path), 0));
		break;
	}
}

/* Of a socket made for it, and of any descriptor. */
void c_socket_name(struct ctx *c)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	const char *path = path_make(c, 0, WANT_NEW);
	int fd = any_fd(c);
	long len = sizeof(at), ret;

	if (path > (const char *)1)
		snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	if (percent(c, 10))
		len = (long)offsetof(struct sockaddr_un, sun_path);
	if (percent(c, 80)) {
		fd = (int)keep(c, raw(SYS_socket, AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, 0, 0, 0), false);
	}
	ret = raw(SYS_bind, fd, P(&at), len, 0, 0, 0);
	say(c, "bind %d %.100s %ld = %ld", fd, at.sun_path, len, ret);
}

/* Never waits for a pipe that is full or empty. */
void c_splice(struct ctx *c)
{
	int in = any_fd(c), out = any_fd(c);
	long off[2] = {any_offset(c), any_offset(c)}, first = off[0], second = off[1], ret;
	long *p_in = percent(c, 40) ? &off[0] : NULL, *p_out = percent(c, 40) ? &off[1] : NULL;
	long len = any_length(c), flags = 2 /* SPLICE_F_NONBLOCK */ | (percent(c, 20) ? 4 : 0);
	struct iovec iov[5];
	unsigned n = any_vector(c, iov);
	int fds[2];

	if (percent(c, 5))
		flags |= 0x100;
	if (percent(c, 60) && raw(SYS_pipe2, P(fds), O_NONBLOCK, 0, 0, 0, 0) == 0) { /* one end of it is a pipe */
		keep(c, fds[0], false);
		keep(c, fds[1], false);
		if (percent(c, 50)) {
			out = fds[1];
			p_out = percent(c, 95) ? NULL : p_out;
		} else {
			raw(SYS_write, fds[1], P(room), len < 20000 ? len / 2 : 20000, 0, 0, 0);
			in = fds[0];
			p_in = percent(c, 95) ? NULL : p_in;
		}
	}
	switch (below(c, 6)) {
	case 0:
		say(c, "tee %d %d %ld = %ld", in, out, len, raw(SYS_tee, in, out, len, flags, 0, 0));
		break;
	case 1:
		say(c, "vmsplice %d %u = %ld", out, n, raw(SYS_vmsplice, out, P(iov), n, flags, 0, 0));
		break;
	default:
		ret = raw(SYS_splice, in, P(p_in), out, P(p_out), len, flags);
		say(c, "splice %d %s%ld %d %s%ld %ld 0x%lx = %ld", in, p_in ? "" : "no ", first, out,
			p_out ? "" : "no ", second, len, flags, ret);
		break;
	}
}

/* ---- ioctl ---- */

struct space { /* struct space_resv of linux/falloc.h */
	int16_t type, whence;
	int64_t start, len;
	int32_t sysid;
	uint32_t pid;
	int32_t pad[4];
};

static long clone_range(struct ctx *c, int fd, int source)
{
	struct file_clone_range range = {.src_fd = source,
		.src_offset = 4096 * below(c, 4),
		.src_length = percent(c, 30) ? 0 : 4096 * (1 + below(c, 4)),
		.dest_offset = 4096 * below(c, 8)};

	if (percent(c, 10))
		range.dest_offset++;
	return raw(SYS_ioctl, fd, FICLONERANGE, P(&range), 0, 0, 0);
}

static long dedupe(struct ctx *c, int fd, int other)
{
	struct {
		struct file_dedupe_range range;
		struct file_dedupe_range_info info[2];
	} arg = {.range = {.src_offset = 4096 * below(c, 2),
			 .src_length = 4096 * (1 + below(c, 2)),
			 .dest_count = (uint16_t)(1 + below(c, 2))}};

	arg.info[0].dest_fd = other;
	arg.info[0].dest_offset = 4096 * below(c, 4);
	arg.info[1].dest_fd = any_fd(c);
	return raw(SYS_ioctl, fd, FIDEDUPERANGE, P(&arg), 0, 0, 0);
}

static long extents(struct ctx *c, int fd)
{
	union {
		struct fiemap map;
		char room[sizeof(struct fiemap) + 8 * sizeof(struct fiemap_extent)];
	} arg = {.map = {.fm_start = (uint64_t)any_offset(c),
			 .fm_length = percent(c, 80) ? UINT64_MAX : 0,
			 .fm_flags = percent(c, 95) ? FIEMAP_FLAG_SYNC : 0x80,
			 .fm_extent_count = below(c, 9)}};

	return raw(SYS_ioctl, fd, FS_IOC_FIEMAP, P(&arg), 0, 0, 0);
}

static long space(struct ctx *c, int fd, unsigned long *command)
{
	static const unsigned long commands[] = {0x40305828, 0x40305829, 0x4030582a, 0x4030582b, 0x40305839};
	struct space arg = {.whence = (int16_t)below(c, percent(c, 95) ? 3 : 9),
		.start = 512 * (int64_t)below(c, 40), .len = 512 * (int64_t)below(c, 40)};

	*command = commands[below(c, 5)];
	return raw(SYS_ioctl, fd, (long)*command, P(&arg), 0, 0, 0);
}

/* Commands whose argument is of no matter, or a number; no flag that a file cannot be removed with. */
static long simple(struct ctx *c, int fd, unsigned long *command)
{
	static const unsigned long commands[] = {2 /* FIGETBSZ */, FIONREAD, 0x5460 /* FIOQSIZE */, FIOCLEX,
		FIONCLEX, FIOCLEX, FIONCLEX, 0x80087601 /* FS_IOC_GETVERSION */, FS_IOC_GETFLAGS,
		FS_IOC_SETFLAGS, FS_IOC_FSGETXATTR, FS_IOC_FSSETXATTR, FIBMAP, 0x40049499};
	union {
		int number;
		struct fsxattr attributes;
		char room[64];
	} arg = {.room = {0}};

	*command = commands[below(c, sizeof(commands) / sizeof(*commands))];
	if (*command == FS_IOC_SETFLAGS)
		arg.number = percent(c, 50) ? FS_NODUMP_FL : 0;
	else if (*command == FIBMAP)
		arg.number = (int)below(c, 20);
	return raw(SYS_ioctl, fd, (long)*command, percent(c, 97) ? P(&arg) : 1, 0, 0, 0);
}

void c_ioctl(struct ctx *c)
{
	int fd = any_fd(c), other = any_fd(c);
	unsigned long command;
	long ret;

	switch (below(c, 8)) {
	case 0:
		command = FICLONE;
		ret = raw(SYS_ioctl, fd, FICLONE, other, 0, 0, 0);
		break;
	case 1:
		command = FICLONERANGE;
		ret = clone_range(c, fd, other);
		break;
	case 2:
		command = FIDEDUPERANGE;
		ret = dedupe(c, fd, other);
		break;
	case 3:
		command = FS_IOC_FIEMAP;
		ret = extents(c, fd);
		break;
	case 4:
		ret = space(c, fd, &command);
		break;
	default:
		ret = simple(c, fd, &command);
		break;
	}
	say(c, "ioctl %d 0x%lx %d = %ld", fd, command, other, ret);
}

/* ---- attributes by directory and name, handles ---- */

void c_attribute_at(struct ctx *c)
{
	const char *path = path_make(c, 0, WANT_ANY), *name = any_attribute(c);
	long at = any_at_flags(c, percent(c, 50) ? AT_SYMLINK_NOFOLLOW : AT_EMPTY_PATH);
	struct {
		uint64_t value;
		uint32_t size, flags;
	} args = {(uintptr_t)room, percent(c, 96) ? below(c, 60) : 70000, 0};
	int base = any_dirfd(c);

	if (at == AT_EMPTY_PATH && percent(c, 80)) {
		path = "";
		base = any_fd(c);
	}
	switch (below(c, 4)) {
	case 0:
		args.flags = percent(c, 60) ? 0 : percent(c, 96) ? 1 + below(c, 2) : 9;
		args.size = (uint32_t)any_value(c, name, room, args.size);
		say(c, "setxattrat %d %s 0x%lx %s %u %u = %ld", base, show(path), at, show(name), args.size,
			args.flags,
			raw(SYS_SETXATTRAT, base, P(path), at, P(name), P(&args), sizeof(args)));
		break;
	case 1:
		say(c, "getxattrat %d %s 0x%lx %s %u = %ld", base, show(path), at, show(name), args.size,
			raw(SYS_GETXATTRAT, base, P(path), at, P(name), P(&args),
				percent(c, 97) ? (long)sizeof(args) : 3));
		break;
	case 2:
		say(c, "listxattrat %d %s 0x%lx %u = %ld", base, show(path), at, args.size,
			raw(SYS_LISTXATTRAT, base, P(path), at, P(room), args.size, 0));
		break;
	default:
		say(c, "removexattrat %d %s 0x%lx %s = %ld", base, show(path), at, show(name),
			raw(SYS_REMOVEXATTRAT, base, P(path), at, P(name), 0, 0));
		break;
	}
}

/* Handles that anybody got are there for all, also when their file is gone. */
void c_handle(struct ctx *c)
{
	struct handle *handle = &shared->handle[below(c, HANDLES)], found;
	const char *path = path_make(c, 0, WANT_ANY);
	long flags = any_at_flags(c, percent(c, 50) ? AT_SYMLINK_FOLLOW : AT_EMPTY_PATH), ret;
	int base = any_dirfd(c), mount;

	if (percent(c, 55)) {
		found.bytes = percent(c, 90) ? sizeof(found.f) : percent(c, 50) ? 0 : 1000;
		ret = raw(SYS_name_to_handle_at, base, P(path), P(&found), P(&mount), flags, 0);
		if (ret == 0)
			*handle = found;
		say(c, "name_to_handle_at %d %s 0x%lx = %ld", base, show(path), flags, ret);
	} else {
		flags = any_open_flags(c) & ~(O_CREAT | O_EXCL);
		ret = keep(c, raw(SYS_open_by_handle_at, base, P(handle), flags | O_NONBLOCK, 0, 0, 0), false);
		say(c, "open_by_handle_at %d 0x%lx = %ld", base, flags, ret);
	}
}

/* ---- the rest ---- */

/* No file here is a program. */
void c_exec_nothing(struct ctx *c)
{
	const char *path = path_make(c, 0, WANT_FILE);
	long flags = any_at_flags(c, percent(c, 50) ? AT_SYMLINK_NOFOLLOW : AT_EMPTY_PATH);
	int base = any_dirfd(c);

	if (percent(c, 50))
		say(c, "execve %s = %ld", show(path), raw(SYS_execve, P(path), 0, 0, 0, 0, 0));
	else
		say(c, "execveat %d %s 0x%lx = %ld", base, show(path), flags,
			raw(SYS_execveat, base, P(path), 0, 0, flags, 0));
}

/* Root would get there: nothing below a FIFO's name is a directory. */
static void c_chroot(struct ctx *c)
{
	bool root = shared->options.privileged;
	const char *path = root ? (percent(c, 50) ? "p" : "q/x") : path_make(c, 0, WANT_DIR);

	say(c, "chroot %s = %ld", show(path), raw(SYS_chroot, P(path), 0, 0, 0, 0, 0));
}

/* Flags and mounts: nothing is set that a file could not be removed with. */
static void c_host(struct ctx *c)
{
	struct {
		uint64_t flags;
		uint32_t extent_size, extents, project, cow_extent_size;
	} attributes = {0};
	struct {
		uint32_t size, spare;
		uint64_t id, param;
	} request = {.size = 24, .id = UINT64_MAX /* LSMT_ROOT */, .param = 1};
	const char *path = path_make(c, 0, WANT_ANY);
	int base = any_dirfd(c);

	switch (below(c, 4)) {
	case 0:
		say(c, "file_getattr %d %s = %ld", base, show(path),
			raw(SYS_FILE_GETATTR, base, P(path), P(&attributes), sizeof(attributes), 0, 0));
		break;
	case 1:
		say(c, "file_setattr %d %s = %ld", base, show(path),
			raw(SYS_FILE_SETATTR, base, P(path), P(&attributes), sizeof(attributes), 0, 0));
		break;
	case 2:
		say(c, "listmount = %ld", raw(SYS_LISTMOUNT, P(&request), P(room), 8, 0, 0, 0));
		break;
	default:
		request.id = below(c, 2);
		say(c, "statmount = %ld", raw(SYS_STATMOUNT, P(&request), P(room), 4096, 0, 0, 0));
		break;
	}
}

void c_rare(struct ctx *c)
{
	struct {
		uint64_t offset, length;
	} range = {(uint64_t)any_offset(c), (uint64_t)any_length(c)};
	int fd = any_fd(c);
	uint64_t counts[5];

	switch (below(c, 8)) {
	case 0:
		c_chroot(c);
		break;
	case 1:
		say(c, "quotactl = %ld", raw(SYS_quotactl, (int)0x80000700, 0, 0, 0, 0, 0));
		break;
	case 2:
		say(c, "quotactl_fd %d = %ld", fd, raw(SYS_quotactl_fd, fd, (int)0x80000700, 0, 0, 0, 0));
		break;
	case 3: /* it takes its time, which is that of others */
		if (percent(c, 60))
			say(c, "sync = %ld", raw(SYS_sync, 0, 0, 0, 0, 0, 0));
		break;
	case 4:
	case 5:
	case 6:
		c_host(c);
		break;
	default:
		say(c, "cachestat %d = %ld", fd,
			raw(SYS_CACHESTAT, fd, percent(c, 95) ? P(&range) : 1, P(counts), percent(c, 5), 0, 0));
		break;
	}
}
