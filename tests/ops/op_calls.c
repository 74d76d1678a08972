/* SPDX-License-Identifier: Apache-2.0 */
/*
 * op_calls OP: makes the calls of one operation, working and failing ones, in the current directory,
 * and prints the record that each must give, without t, D and i: "TID o=...;:,KEY=VALUE;:,...".
 * op_calls --list prints the operations. tests/ops/check_capture.py compares.
 *
 * Each call stands between two marks, fadvise64 calls on a descriptor that cannot be, so that the
 * calls that prepare and clean up are told from those under test. An exec ends it as well.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <inttypes.h>
#include <linux/aio_abi.h>
#include <linux/fanotify.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <linux/perf_event.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <utime.h>

#include "../common/raw.h"

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

#ifndef SYS_memfd_secret
#define SYS_memfd_secret 447
#endif
#ifndef SYS_quotactl_fd
#define SYS_quotactl_fd 443
#endif

#ifndef SYS_cachestat
#define SYS_cachestat 451
#endif
#ifndef SYS_statmount
#define SYS_statmount 457
#define SYS_listmount 458
#endif
#ifndef SYS_file_getattr
#define SYS_file_getattr 468
#define SYS_file_setattr 469
#endif
#ifndef SYS_setxattrat
#define SYS_setxattrat	  463
#define SYS_getxattrat	  464
#define SYS_listxattrat	  465
#define SYS_removexattrat 466
#endif

/* struct xattr_args of linux/xattr.h */
struct xattr_at {
	uint64_t value;
	uint32_t size, flags;
};

#define MARK_FD -77777

/* What is expected, in memory that children share. */
static struct {
	size_t len;
	char text[1 << 20];
} *expected;

static inline __attribute__((always_inline)) void mark(long which)
{
	raw(SYS_fadvise64, MARK_FD, which, 0, 0, 0, 0);
}

/* The call under test; its result, or -errno. A child of fork and its kin ends at once. */
static long made_call(const long *v)
{
	long ret;

	mark(1);
	ret = raw(v[0], v[1], v[2], v[3], v[4], v[5], v[6]);
	if (ret == 0 && (v[0] == SYS_clone || v[0] == SYS_clone3
#ifdef SYS_fork
				|| v[0] == SYS_fork || v[0] == SYS_vfork
#endif
				))
		raw(SYS_exit_group, 0, 0, 0, 0, 0, 0);
	mark(2);
	return ret;
}

#define made(...) made_call((const long[7]){__VA_ARGS__})
#define P(pointer) ((long)(pointer))
#define BAD	   1L /* no pointer: EFAULT */

static __attribute__((format(printf, 1, 2))) void expect(const char *format, ...)
{
	va_list ap;

	expected->len += (size_t)sprintf(expected->text + expected->len, "%d ", (int)gettid());
	va_start(ap, format);
	expected->len += (size_t)vsprintf(expected->text + expected->len, format, ap);
	va_end(ap);
	expected->text[expected->len++] = '\n';
}

/* The x= of a descriptor, nothing for an error. */
static const char *facts(long fd)
{
	static char text[256];
	struct stat st;

	text[0] = '\0';
	if (fd >= 0 && fstat((int)fd, &st) == 0)
		sprintf(text, "x=%u:%u:%ju:0%o:%ju:%u:%u:%jd:%jd;:,", major(st.st_dev),
			minor(st.st_dev), (uintmax_t)st.st_ino, st.st_mode, (uintmax_t)st.st_nlink,
			st.st_uid, st.st_gid, (intmax_t)st.st_size, (intmax_t)st.st_blocks);
	if (fd >= 0)
		close((int)fd);
	return text;
}

static int file(const char *name, const char *content)
{
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);

	if (fd < 0 || write(fd, content, strlen(content)) != (ssize_t)strlen(content))
		abort();
	lseek(fd, 0, SEEK_SET);
	return fd;
}

/* --- descriptors --- */

#ifdef SYS_open
static void t_open(void)
{
	long r = made(SYS_open, P("f"), O_RDWR | O_CREAT, 0640);

	expect("o=open;:,p=f;:,f=%d;:,m=0640;:,s=%ld;:,%s", O_RDWR | O_CREAT, r, facts(r));
	r = made(SYS_open, P("f"), O_RDONLY | O_CLOEXEC, 0xdeadbeef); /* no mode then */
	expect("o=open;:,p=f;:,f=%d;:,m=0;:,s=%ld;:,%s", O_CLOEXEC, r, facts(r));
	r = made(SYS_open, P("none"), O_RDONLY);
	expect("o=open;:,p=none;:,f=0;:,m=0;:,s=%d;:,", -ENOENT);
	r = made(SYS_open, BAD, O_WRONLY);
	expect("o=open;:,f=1;:,m=0;:,s=%d;:,", -EFAULT);
}

static void t_creat(void)
{
	long r = made(SYS_creat, P("f"), 0600);

	expect("o=creat;:,p=f;:,m=0600;:,s=%ld;:,%s", r, facts(r));
	made(SYS_creat, P("no/f"), 0600);
	expect("o=creat;:,p=no/f;:,m=0600;:,s=%d;:,", -ENOENT);
}
#endif

static void t_openat(void)
{
	static char page[4096 + 4097];
	int dir = open(".", O_RDONLY | O_DIRECTORY);
	long r;

	r = made(SYS_openat, AT_FDCWD, P("a;b|c\\d\n\xff"), O_CREAT | O_WRONLY, 0600);
	expect("o=openat;:,d=AT_FDCWD;:,p=a\\x3bb\\x7cc\\\\d\\x0a\xff;:,f=%d;:,m=0600;:,s=%ld;:,%s",
		O_CREAT | O_WRONLY, r, facts(r));
	r = made(SYS_openat, dir, P(""), O_RDONLY);
	expect("o=openat;:,d=%d;:,p=;:,f=0;:,m=0;:,s=%d;:,", dir, -ENOENT);
	r = made(SYS_openat, dir, P("."), O_TMPFILE | O_RDWR, 0600);
	expect("o=openat;:,d=%d;:,p=.;:,f=%d;:,m=0600;:,s=%ld;:,%s", dir, O_TMPFILE | O_RDWR, r,
		facts(r));
	r = made(SYS_openat, 0x100000000 + 9999, P("x"), O_RDONLY); /* an int to the kernel */
	expect("o=openat;:,d=9999;:,p=x;:,f=0;:,m=0;:,s=%d;:,", -EBADF);
	/* a name that ends exactly at the end of what may be read, and one without an end */
	memset(page, 'a', sizeof(page));
	memcpy(page + 4000, "./e", 4);
	r = made(SYS_openat, AT_FDCWD, P(page + 4000), O_RDONLY);
	expect("o=openat;:,d=AT_FDCWD;:,p=./e;:,f=0;:,m=0;:,s=%d;:,", -ENOENT);
	page[4000] = 'a', page[4003] = 'a', page[sizeof(page) - 1] = '\0';
	page[4001] = page[4002] = 'a';
	r = made(SYS_openat, AT_FDCWD, P(page), O_RDONLY);
	expect("o=openat;:,d=AT_FDCWD;:,p=%.4096s;:,f=0;:,m=0;:,s=%d;:,", page, -ENAMETOOLONG);
}

static void t_openat2(void)
{
	struct open_how how = {.flags = O_CREAT | O_RDWR, .mode = 0604, .resolve = RESOLVE_BENEATH};
	long r = made(SYS_openat2, AT_FDCWD, P("f"), P(&how), sizeof(how));

	expect("o=openat2;:,d=AT_FDCWD;:,p=f;:,f=%d;:,m=0604;:,R=%d;:,s=%ld;:,%s", O_CREAT | O_RDWR,
		RESOLVE_BENEATH, r, facts(r));
	how.flags = 0;
	how.mode = 0;
	made(SYS_openat2, AT_FDCWD, P("/"), P(&how), sizeof(how));
	expect("o=openat2;:,d=AT_FDCWD;:,p=/;:,f=0;:,m=0;:,R=%d;:,s=%d;:,", RESOLVE_BENEATH, -EXDEV);
}

static void t_close(void)
{
	int fd = file("f", "");

	made(SYS_close, fd);
	expect("o=close;:,d=%d;:,s=0;:,", fd);
	made(SYS_close, -1);
	expect("o=close;:,d=-1;:,s=%d;:,", -EBADF);
}

static void t_close_range(void)
{
	int fd = file("f", "");

	made(SYS_close_range, fd, ~0U, 0);
	expect("o=close_range;:,d=%d;:,e=4294967295;:,f=0;:,s=0;:,", fd);
	made(SYS_close_range, 9, 8, 4);
	expect("o=close_range;:,d=9;:,e=8;:,f=4;:,s=%d;:,", -EINVAL);
}

static void t_dup(void)
{
	int fd = file("f", "");
	long r = made(SYS_dup, fd);

	expect("o=dup;:,d=%d;:,s=%ld;:,", fd, r);
	made(SYS_dup, 9999);
	expect("o=dup;:,d=9999;:,s=%d;:,", -EBADF);
}

#ifdef SYS_dup2
static void t_dup2(void)
{
	int fd = file("f", "");

	made(SYS_dup2, fd, 50);
	expect("o=dup2;:,d=%d;:,e=50;:,s=50;:,", fd);
	made(SYS_dup2, 9999, 50);
	expect("o=dup2;:,d=9999;:,e=50;:,s=%d;:,", -EBADF);
}
#endif

static void t_dup3(void)
{
	int fd = file("f", "");

	made(SYS_dup3, fd, 50, O_CLOEXEC);
	expect("o=dup3;:,d=%d;:,e=50;:,f=%d;:,s=50;:,", fd, O_CLOEXEC);
	made(SYS_dup3, fd, fd, 0);
	expect("o=dup3;:,d=%d;:,e=%d;:,f=0;:,s=%d;:,", fd, fd, -EINVAL);
}

static void t_fcntl(void)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 5, .l_len = 7};
	int fd = file("f", "content");
	uint64_t hint = 3; /* RWH_WRITE_LIFE_MEDIUM */
	long r = made(SYS_fcntl, fd, F_DUPFD, 20);

	expect("o=fcntl;:,d=%d;:,F=%d;:,G=20;:,s=%ld;:,", fd, F_DUPFD, r);
	r = made(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 30);
	expect("o=fcntl;:,d=%d;:,F=%d;:,G=30;:,s=%ld;:,", fd, F_DUPFD_CLOEXEC, r);
	r = made(SYS_fcntl, fd, F_GETFL, 0x1234); /* takes no argument */
	expect("o=fcntl;:,d=%d;:,F=%d;:,G=0;:,s=%ld;:,", fd, F_GETFL, r);
	made(SYS_fcntl, fd, F_SETFL, O_APPEND);
	expect("o=fcntl;:,d=%d;:,F=%d;:,G=%d;:,s=0;:,", fd, F_SETFL, O_APPEND);
	made(SYS_fcntl, fd, F_SETLK, P(&lock));
	expect("o=fcntl;:,d=%d;:,F=%d;:,G=%d,0,5,7;:,s=0;:,", fd, F_SETLK, F_WRLCK);
	lock.l_start = -1;
	made(SYS_fcntl, fd, F_OFD_GETLK, P(&lock));
	expect("o=fcntl;:,d=%d;:,F=%d;:,G=%d,0,-1,7;:,s=%d;:,", fd, F_OFD_GETLK, F_WRLCK, -EINVAL);
	made(SYS_fcntl, 9999, F_SETLKW, P(&lock));
	expect("o=fcntl;:,d=9999;:,F=%d;:,G=%d,0,-1,7;:,s=%d;:,", F_SETLKW, F_WRLCK, -EBADF);
	made(SYS_fcntl, fd, F_SET_RW_HINT, P(&hint));
	expect("o=fcntl;:,d=%d;:,F=%d;:,G=3;:,s=0;:,", fd, F_SET_RW_HINT);
	made(SYS_fcntl, fd, F_GET_RW_HINT, P(&hint));
	expect("o=fcntl;:,d=%d;:,F=%d;:,G=0;:,s=0;:,", fd, F_GET_RW_HINT);
	hint = UINT64_MAX - 1;
	made(SYS_fcntl, fd, F_SET_RW_HINT, P(&hint));
	expect("o=fcntl;:,d=%d;:,F=%d;:,G=-2;:,s=%d;:,", fd, F_SET_RW_HINT, -EINVAL);
	made(SYS_fcntl, fd, F_SET_RW_HINT, BAD);
	expect("o=fcntl;:,d=%d;:,F=%d;:,G=0;:,s=%d;:,", fd, F_SET_RW_HINT, -EFAULT);
	made(SYS_fcntl, fd, 9876, 3);
	expect("o=fcntl;:,d=%d;:,F=9876;:,G=3;:,s=%d;:,", fd, -EINVAL);
}

static void t_flock(void)
{
	int fd = file("f", ""), other = open("f", O_RDONLY);

	made(SYS_flock, fd, LOCK_EX);
	expect("o=flock;:,d=%d;:,f=%d;:,s=0;:,", fd, LOCK_EX);
	made(SYS_flock, other, LOCK_SH | LOCK_NB);
	expect("o=flock;:,d=%d;:,f=%d;:,s=%d;:,", other, LOCK_SH | LOCK_NB, -EAGAIN);
}

/* --- data --- */

static char room[65536];

static void t_read(void)
{
	int fd = file("f", "content");

	made(SYS_read, fd, P(room), 100);
	expect("o=read;:,d=%d;:,c=100;:,s=7;:,", fd);
	made(SYS_read, fd, P(room), -1); /* more than there is memory */
	expect("o=read;:,d=%d;:,c=18446744073709551615;:,s=%d;:,", fd, -EFAULT);
}

static void t_pread64(void)
{
	int fd = file("f", "content");

	made(SYS_pread64, fd, P(room), 100, 3);
	expect("o=pread64;:,d=%d;:,c=100;:,O=3;:,s=4;:,", fd);
	made(SYS_pread64, fd, P(room), 100, -3);
	expect("o=pread64;:,d=%d;:,c=100;:,O=-3;:,s=%d;:,", fd, -EINVAL);
}

static void t_write(void)
{
	int fd = file("f", "");

	made(SYS_write, fd, P(room), 5000);
	expect("o=write;:,d=%d;:,c=5000;:,s=5000;:,", fd);
	made(SYS_write, 9999, P(room), 1);
	expect("o=write;:,d=9999;:,c=1;:,s=%d;:,", -EBADF);
}

static void t_pwrite64(void)
{
	int fd = file("f", "");

	made(SYS_pwrite64, fd, P(room), 10, 5000000000);
	expect("o=pwrite64;:,d=%d;:,c=10;:,O=5000000000;:,s=10;:,", fd);
	made(SYS_pwrite64, fd, P(room), 1, -1);
	expect("o=pwrite64;:,d=%d;:,c=1;:,O=-1;:,s=%d;:,", fd, -EINVAL);
}

/* readv and its kin: NAME, with the arguments behind the vector and how they are recorded. */
static void vectors(const char *name, long nr, long off, long rwf, const char *more, bool writes)
{
	static struct iovec iov[2000];
	int fd = file("f", writes ? "" : "0123456789"), i;
	long r;

	for (i = 0; i < 2000; i++)
		iov[i] = (struct iovec){room, i < 3 ? 2 : i};
	r = made(nr, fd, P(iov), 4, off, 0, rwf);
	expect("o=%s;:,d=%d;:,v=2x3,3;:,%ss=%ld;:,", name, fd, more, r);
	r = made(nr, fd, P(iov), 0, off, 0, rwf);
	expect("o=%s;:,d=%d;:,v=-;:,%ss=%ld;:,", name, fd, more, r);
	for (i = 0; i < 2000; i++)
		iov[i].iov_len = 1;
	made(nr, fd, P(iov), 2000, off, 0, rwf);
	expect("o=%s;:,d=%d;:,v=0x1025;:,%ss=%d;:,", name, fd, more, -EINVAL);
	made(nr, 9999, P(iov), 1, off, 0, rwf);
	expect("o=%s;:,d=9999;:,v=1;:,%ss=%d;:,", name, more, -EBADF);
}

static void t_readv(void)
{
	vectors("readv", SYS_readv, 0, 0, "", false);
}

static void t_writev(void)
{
	vectors("writev", SYS_writev, 0, 0, "", true);
}

static void t_preadv(void)
{
	vectors("preadv", SYS_preadv, 4, 0, "O=4;:,", false);
}

static void t_pwritev(void)
{
	vectors("pwritev", SYS_pwritev, 4, 0, "O=4;:,", true);
}

static void t_preadv2(void)
{
	vectors("preadv2", SYS_preadv2, -1, RWF_HIPRI, "O=-1;:,f=1;:,", false);
}

static void t_pwritev2(void)
{
	vectors("pwritev2", SYS_pwritev2, 9, RWF_DSYNC, "O=9;:,f=2;:,", true);
}

static void t_lseek(void)
{
	int fd = file("f", "content");

	made(SYS_lseek, fd, -3, SEEK_END);
	expect("o=lseek;:,d=%d;:,O=-3;:,W=2;:,s=4;:,", fd);
	made(SYS_lseek, fd, 100, SEEK_DATA);
	expect("o=lseek;:,d=%d;:,O=100;:,W=3;:,s=%d;:,", fd, -ENXIO);
}

static void t_truncate(void)
{
	file("f", "content");
	made(SYS_truncate, P("f"), 6000000000);
	expect("o=truncate;:,p=f;:,O=6000000000;:,s=0;:,");
	made(SYS_truncate, P("f"), -1);
	expect("o=truncate;:,p=f;:,O=-1;:,s=%d;:,", -EINVAL);
}

static void t_ftruncate(void)
{
	int fd = file("f", "content");

	made(SYS_ftruncate, fd, 3);
	expect("o=ftruncate;:,d=%d;:,O=3;:,s=0;:,", fd);
	made(SYS_ftruncate, 9999, 3);
	expect("o=ftruncate;:,d=9999;:,O=3;:,s=%d;:,", -EBADF);
}

static void t_fallocate(void)
{
	int fd = file("f", "content");
	long r = made(SYS_fallocate, fd, FALLOC_FL_KEEP_SIZE, 4096, 8192);

	expect("o=fallocate;:,d=%d;:,f=1;:,O=4096;:,c=8192;:,s=%ld;:,", fd, r);
	made(SYS_fallocate, fd, 0, -1, 1);
	expect("o=fallocate;:,d=%d;:,f=0;:,O=-1;:,c=1;:,s=%d;:,", fd, -EINVAL);
}

static void t_copy_file_range(void)
{
	int in = file("f", "content"), out = file("g", "");
	int64_t from = 2, to = 100, minus = -1;
	long r = made(SYS_copy_file_range, in, P(&from), out, P(&to), 3, 0);

	expect("o=copy_file_range;:,d=%d;:,O=2;:,e=%d;:,Q=100;:,c=3;:,f=0;:,s=%ld;:,", in, out, r);
	r = made(SYS_copy_file_range, in, 0, out, 0, 1L << 40, 0);
	expect("o=copy_file_range;:,d=%d;:,O=-;:,e=%d;:,Q=-;:,c=1099511627776;:,f=0;:,s=%ld;:,", in,
		out, r);
	r = made(SYS_copy_file_range, in, P(&minus), out, 0, 1, 0); /* EINVAL or EOVERFLOW */
	expect("o=copy_file_range;:,d=%d;:,O=-1;:,e=%d;:,Q=-;:,c=1;:,f=0;:,s=%ld;:,", in, out, r);
	made(SYS_copy_file_range, in, BAD, out, 0, 1, 0);
	expect("o=copy_file_range;:,d=%d;:,O=bad;:,e=%d;:,Q=-;:,c=1;:,f=0;:,s=%d;:,", in, out,
		-EFAULT);
	made(SYS_copy_file_range, in, 0, out, 0, 1, 8);
	expect("o=copy_file_range;:,d=%d;:,O=-;:,e=%d;:,Q=-;:,c=1;:,f=8;:,s=%d;:,", in, out, -EINVAL);
}

static void t_sendfile(void)
{
	int in = file("f", "content"), out = file("g", ""), pipes[2];
	int64_t from = 2;
	long r = made(SYS_sendfile, out, in, P(&from), 3);

	expect("o=sendfile;:,e=%d;:,d=%d;:,O=2;:,c=3;:,s=%ld;:,", out, in, r);
	if (pipe(pipes))
		abort();
	r = made(SYS_sendfile, pipes[1], in, 0, 100);
	expect("o=sendfile;:,e=%d;:,d=%d;:,O=-;:,c=100;:,s=%ld;:,", pipes[1], in, r);
	made(SYS_sendfile, out, in, BAD, 3);
	expect("o=sendfile;:,e=%d;:,d=%d;:,O=bad;:,c=3;:,s=%d;:,", out, in, -EFAULT);
	made(SYS_sendfile, out, 9999, 0, 3);
	expect("o=sendfile;:,e=%d;:,d=9999;:,O=-;:,c=3;:,s=%d;:,", out, -EBADF);
}

/* Since Linux 6.13; without, they fail and are recorded all the same. */
static void t_setxattrat(void)
{
	struct xattr_at args = {.value = P(room), .size = 10, .flags = XATTR_CREATE};
	int dir = open(".", O_RDONLY | O_DIRECTORY);
	long r;

	file("f", "");
	r = made(SYS_setxattrat, dir, P("f"), AT_SYMLINK_NOFOLLOW, P("user.a"), P(&args), sizeof(args));
	expect("o=setxattrat;:,d=%d;:,p=f;:,f=256;:,P=user.a;:,c=10;:,X=1;:,s=%ld;:,", dir, r);
	r = made(SYS_setxattrat, AT_FDCWD, P("none"), 0, P("user.a"), P(&args), sizeof(args));
	expect("o=setxattrat;:,d=AT_FDCWD;:,p=none;:,f=0;:,P=user.a;:,c=10;:,X=1;:,s=%ld;:,", r);
	r = made(SYS_setxattrat, AT_FDCWD, P("f"), 0, P("user.a"), BAD, sizeof(args));
	expect("o=setxattrat;:,d=AT_FDCWD;:,p=f;:,f=0;:,P=user.a;:,c=0;:,X=0;:,s=%ld;:,", r);
}

static void t_getxattrat(void)
{
	struct xattr_at args = {.value = P(room), .size = 100};
	int fd = file("f", "");
	long r;

	fsetxattr(fd, "user.a", "x", 1, 0);
	r = made(SYS_getxattrat, fd, P(""), AT_EMPTY_PATH, P("user.a"), P(&args), sizeof(args));
	expect("o=getxattrat;:,d=%d;:,p=;:,f=4096;:,P=user.a;:,c=100;:,X=0;:,s=%ld;:,", fd, r);
	r = made(SYS_getxattrat, AT_FDCWD, P("f"), 0, P("user.b"), P(&args), sizeof(args));
	expect("o=getxattrat;:,d=AT_FDCWD;:,p=f;:,f=0;:,P=user.b;:,c=100;:,X=0;:,s=%ld;:,", r);
}

static void t_listxattrat(void)
{
	long r;

	file("f", "");
	r = made(SYS_listxattrat, AT_FDCWD, P("f"), 0, P(room), 100);
	expect("o=listxattrat;:,d=AT_FDCWD;:,p=f;:,f=0;:,c=100;:,s=%ld;:,", r);
	r = made(SYS_listxattrat, 9999, P("f"), 0, P(room), 100);
	expect("o=listxattrat;:,d=9999;:,p=f;:,f=0;:,c=100;:,s=%ld;:,", r);
}

static void t_removexattrat(void)
{
	long r;

	fsetxattr(file("f", ""), "user.a", "x", 1, 0);
	r = made(SYS_removexattrat, AT_FDCWD, P("f"), 0, P("user.a"));
	expect("o=removexattrat;:,d=AT_FDCWD;:,p=f;:,f=0;:,P=user.a;:,s=%ld;:,", r);
	r = made(SYS_removexattrat, AT_FDCWD, P("f"), 0, P("user.a"));
	expect("o=removexattrat;:,d=AT_FDCWD;:,p=f;:,f=0;:,P=user.a;:,s=%ld;:,", r);
}

static void t_cachestat(void)
{
	uint64_t range[2] = {4096, 8192};
	int fd = file("f", "content");
	long r = made(SYS_cachestat, fd, P(range), P(room), 0);

	expect("o=cachestat;:,d=%d;:,O=4096;:,f=0;:,c=8192;:,s=%ld;:,", fd, r);
	r = made(SYS_cachestat, 9999, P(range), P(room), 0);
	expect("o=cachestat;:,d=9999;:,O=4096;:,f=0;:,c=8192;:,s=%ld;:,", r);
	r = made(SYS_cachestat, fd, BAD, P(room), 7);
	expect("o=cachestat;:,d=%d;:,O=0;:,f=7;:,c=0;:,s=%ld;:,", fd, r);
}

/* struct file_attr of linux/fs.h */
struct file_attributes {
	uint64_t flags;
	uint32_t extent, extents, project, cow_extent;
};

static void t_file_getattr(void)
{
	int fd = file("f", "");
	long r = made(SYS_file_getattr, AT_FDCWD, P("f"), P(room), sizeof(struct file_attributes), 0);

	expect("o=file_getattr;:,d=AT_FDCWD;:,p=f;:,c=24;:,f=0;:,s=%ld;:,", r);
	r = made(SYS_file_getattr, fd, P(""), P(room), sizeof(struct file_attributes), AT_EMPTY_PATH);
	expect("o=file_getattr;:,d=%d;:,p=;:,c=24;:,f=4096;:,s=%ld;:,", fd, r);
	r = made(SYS_file_getattr, AT_FDCWD, P("none"), P(room), 100000, AT_SYMLINK_NOFOLLOW);
	expect("o=file_getattr;:,d=AT_FDCWD;:,p=none;:,c=100000;:,f=256;:,s=%ld;:,", r);
}

static void t_file_setattr(void)
{
	struct file_attributes attr = {.flags = 0x40 /* FS_XFLAG_NOATIME */};
	int dir = open(".", O_RDONLY | O_DIRECTORY);
	long r;

	file("f", "");
	r = made(SYS_file_setattr, dir, P("f"), P(&attr), sizeof(attr), 0);
	expect("o=file_setattr;:,d=%d;:,p=f;:,b=64;:,c=24;:,f=0;:,s=%ld;:,", dir, r);
	attr = (struct file_attributes){.flags = 1ull << 40, .extent = 4096, .extents = 1, .project = 7, .cow_extent = 9};
	r = made(SYS_file_setattr, dir, P("f"), P(&attr), sizeof(attr), AT_SYMLINK_NOFOLLOW);
	expect("o=file_setattr;:,d=%d;:,p=f;:,b=1099511627776:4096:7:9;:,c=24;:,f=256;:,s=%ld;:,", dir, r);
	r = made(SYS_file_setattr, dir, P("f"), BAD, sizeof(attr), 0);
	expect("o=file_setattr;:,d=%d;:,p=f;:,b=-;:,c=24;:,f=0;:,s=%ld;:,", dir, r);
}

static void t_statmount(void)
{
	long r = made(SYS_statmount, BAD, P(room), sizeof(room), 0);

	expect("o=statmount;:,s=%ld;:,", r);
}

static void t_listmount(void)
{
	/* struct mnt_id_req: its size, of the root mount of the namespace (LSMT_ROOT) */
	struct {
		uint32_t size, spare;
		uint64_t id, param;
	} all = {.size = 24, .id = UINT64_MAX};
	long r = made(SYS_listmount, P(&all), P(room), 10, 0);

	expect("o=listmount;:,s=%ld;:,", r);
	r = made(SYS_listmount, BAD, P(room), 10, 0);
	expect("o=listmount;:,s=%ld;:,", r);
}

struct any_handle {
	struct file_handle head;
	unsigned char bytes[MAX_HANDLE_SZ];
};

/* As it is recorded: the type, and the bytes. */
static const char *handle_text(const struct any_handle *h)
{
	static char text[2 * (sizeof(int) + MAX_HANDLE_SZ) + 1];
	const unsigned char *p = (const unsigned char *)&h->head.handle_type;
	size_t i;

	for (i = 0; i < sizeof(int) + h->head.handle_bytes; i++)
		sprintf(text + 2 * i, "%02x", p[i]);
	return text;
}

static void t_name_to_handle_at(void)
{
	struct any_handle h = {.head = {.handle_bytes = MAX_HANDLE_SZ}};
	int mount;
	long r;

	file("f", "");
	r = made(SYS_name_to_handle_at, AT_FDCWD, P("f"), P(&h), P(&mount), 0);
	expect("o=name_to_handle_at;:,d=AT_FDCWD;:,p=f;:,h=%s;:,f=0;:,s=%ld;:,", r ? "-" : handle_text(&h), r);
	h.head.handle_bytes = 0;
	r = made(SYS_name_to_handle_at, AT_FDCWD, P("f"), P(&h), P(&mount), 0); /* EOVERFLOW */
	expect("o=name_to_handle_at;:,d=AT_FDCWD;:,p=f;:,h=-;:,f=0;:,s=%ld;:,", r);
	made(SYS_name_to_handle_at, AT_FDCWD, P("none"), P(&h), P(&mount), AT_SYMLINK_FOLLOW);
	expect("o=name_to_handle_at;:,d=AT_FDCWD;:,p=none;:,h=-;:,f=1024;:,s=%d;:,", -ENOENT);
}

static void t_open_by_handle_at(void)
{
	struct any_handle h = {.head = {.handle_bytes = MAX_HANDLE_SZ}};
	int mount, fd = file("f", "");
	long r;

	if (name_to_handle_at(AT_FDCWD, "f", &h.head, &mount, 0))
		h.head.handle_bytes = 0;
	r = made(SYS_open_by_handle_at, fd, P(&h), O_RDWR);
	expect("o=open_by_handle_at;:,d=%d;:,h=%s;:,f=%d;:,s=%ld;:,%s", fd, handle_text(&h), O_RDWR, r,
		facts(r));
	r = made(SYS_open_by_handle_at, 9999, P(&h), O_RDONLY);
	expect("o=open_by_handle_at;:,d=9999;:,h=%s;:,f=0;:,s=%ld;:,", handle_text(&h), r);
	r = made(SYS_open_by_handle_at, fd, BAD, O_RDONLY);
	expect("o=open_by_handle_at;:,d=%d;:,h=-;:,f=0;:,s=%ld;:,", fd, r);
}

static void t_splice(void)
{
	int in = file("f", "content"), out = file("g", ""), pipes[2];
	int64_t from = 2, to = 100;
	long r;

	if (pipe(pipes))
		abort();
	r = made(SYS_splice, in, P(&from), pipes[1], 0, 3, SPLICE_F_MOVE);
	expect("o=splice;:,d=%d;:,O=2;:,e=%d;:,Q=-;:,c=3;:,f=1;:,s=%ld;:,", in, pipes[1], r);
	r = made(SYS_splice, pipes[0], 0, out, P(&to), 100, 0);
	expect("o=splice;:,d=%d;:,O=-;:,e=%d;:,Q=100;:,c=100;:,f=0;:,s=%ld;:,", pipes[0], out, r);
	made(SYS_splice, pipes[0], 0, out, 0, 1, SPLICE_F_NONBLOCK);
	expect("o=splice;:,d=%d;:,O=-;:,e=%d;:,Q=-;:,c=1;:,f=2;:,s=%d;:,", pipes[0], out, -EAGAIN);
	made(SYS_splice, in, BAD, pipes[1], 0, 1, 0);
	expect("o=splice;:,d=%d;:,O=bad;:,e=%d;:,Q=-;:,c=1;:,f=0;:,s=%d;:,", in, pipes[1], -EFAULT);
}

static void t_tee(void)
{
	int pipes[2], more[2];

	if (pipe(pipes) || pipe(more) || write(pipes[1], "content", 7) != 7)
		abort();
	made(SYS_tee, pipes[0], more[1], 5, 0);
	expect("o=tee;:,d=%d;:,e=%d;:,c=5;:,f=0;:,s=5;:,", pipes[0], more[1]);
	made(SYS_tee, pipes[0], 9999, 5, 2);
	expect("o=tee;:,d=%d;:,e=9999;:,c=5;:,f=2;:,s=%d;:,", pipes[0], -EBADF);
}

static void t_vmsplice(void)
{
	struct iovec iov[2] = {{room, 10}, {room, 20}};
	int pipes[2];

	if (pipe(pipes))
		abort();
	made(SYS_vmsplice, pipes[1], P(iov), 2, 0);
	expect("o=vmsplice;:,d=%d;:,v=10,20;:,f=0;:,s=30;:,", pipes[1]);
	made(SYS_vmsplice, 9999, P(iov), 1, 8);
	expect("o=vmsplice;:,d=9999;:,v=10;:,f=8;:,s=%d;:,", -EBADF);
}

#define FIEMAP_COMMAND	0xc020660b
#define RESVSP_COMMAND	0x4030582a
#define MOVE_COMMAND	0xc028660f

/* Which of them work depends on the file system; others than these are not recorded. */
static void t_ioctl(void)
{
	int in = file("f", "content"), out = file("g", ""), flags = 0x80000, block = 0;
	struct file_clone_range range = {out, 4096, 8192, 1};
	struct {
		struct file_dedupe_range head;
		struct file_dedupe_range_info to[3];
	} same = {{.src_length = 7, .dest_count = 3},
		{{.dest_fd = out}, {.dest_fd = 9999, .dest_offset = 5}, {.dest_fd = in}}};
	struct {
		uint64_t start, length;
		uint32_t flags, mapped, count, reserved;
		char extents[3][56];
	} map = {.length = ~0ull, .flags = 1, .count = 3};
	struct {
		int16_t type, whence;
		int64_t start, len;
		char rest[24];
	} space = {0, 1, -3, 4096, ""};
	struct {
		uint32_t reserved, donor;
		uint64_t orig, start, len, moved;
	} move = {0, (uint32_t)out, 1, 2, 3, 0};
	struct fsxattr attr = {.fsx_extsize = 4097, .fsx_projid = 9};
	long r = made(SYS_ioctl, out, FICLONE, in + 0x700000000);

	expect("o=ioctl;:,d=%d;:,F=%u;:,G=%d;:,s=%ld;:,", out, (unsigned)FICLONE, in, r);
	r = made(SYS_ioctl, in, FICLONERANGE, P(&range));
	expect("o=ioctl;:,d=%d;:,F=%u;:,G=%d,4096,8192,1;:,s=%ld;:,", in, (unsigned)FICLONERANGE, out, r);
	made(SYS_ioctl, in, FICLONERANGE, BAD);
	expect("o=ioctl;:,d=%d;:,F=%u;:,G=0,0,0,0;:,s=%d;:,", in, (unsigned)FICLONERANGE, -EFAULT);
	r = made(SYS_ioctl, in, FIDEDUPERANGE, P(&same));
	expect("o=ioctl;:,d=%d;:,F=%u;:,G=0,7,%d:0:%llu:%d,9999:5:%llu:%d,%d:0:%llu:%d;:,s=%ld;:,", in,
		(unsigned)FIDEDUPERANGE, out, same.to[0].bytes_deduped, same.to[0].status,
		same.to[1].bytes_deduped, same.to[1].status, in, same.to[2].bytes_deduped,
		same.to[2].status, r);
	r = made(SYS_ioctl, in, FIEMAP_COMMAND, P(&map));
	expect("o=ioctl;:,d=%d;:,F=%u;:,G=0,18446744073709551615,1,3;:,s=%ld;:,", in, FIEMAP_COMMAND, r);
	r = made(SYS_ioctl, in, FIBMAP, P(&block));
	expect("o=ioctl;:,d=%d;:,F=1;:,G=0;:,s=%ld;:,", in, r);
	r = made(SYS_ioctl, in, FIGETBSZ, P(room));
	expect("o=ioctl;:,d=%d;:,F=2;:,G=-;:,s=%ld;:,", in, r);
	r = made(SYS_ioctl, in, FIONREAD, P(room));
	expect("o=ioctl;:,d=%d;:,F=%u;:,G=-;:,s=%ld;:,", in, FIONREAD, r);
	made(SYS_ioctl, in, FIOCLEX);
	expect("o=ioctl;:,d=%d;:,F=%u;:,G=-;:,s=0;:,", in, FIOCLEX);
	r = made(SYS_ioctl, in, FS_IOC_GETFLAGS, P(&flags));
	expect("o=ioctl;:,d=%d;:,F=%u;:,G=-;:,s=%ld;:,", in, (unsigned)FS_IOC_GETFLAGS, r);
	r = made(SYS_ioctl, in, FS_IOC_SETFLAGS, P(&flags));
	expect("o=ioctl;:,d=%d;:,F=%u;:,G=%d;:,s=%ld;:,", in, (unsigned)FS_IOC_SETFLAGS, flags, r);
	r = made(SYS_ioctl, in, FS_IOC_FSSETXATTR, P(&attr));
	expect("o=ioctl;:,d=%d;:,F=%u;:,G=0,4097,9,0;:,s=%ld;:,", in, (unsigned)FS_IOC_FSSETXATTR, r);
	r = made(SYS_ioctl, in, RESVSP_COMMAND, P(&space));
	expect("o=ioctl;:,d=%d;:,F=%u;:,G=1,-3,4096;:,s=%ld;:,", in, RESVSP_COMMAND, r);
	r = made(SYS_ioctl, in, MOVE_COMMAND, P(&move));
	expect("o=ioctl;:,d=%d;:,F=%u;:,G=%d,1,2,3;:,s=%ld;:,", in, MOVE_COMMAND, out, r);
	made(SYS_ioctl, 9999, FIGETBSZ, P(room));
	expect("o=ioctl;:,d=9999;:,F=2;:,G=-;:,s=%d;:,", -EBADF);
	made(SYS_ioctl, in, TCGETS, P(room));
	made(SYS_ioctl, 9999, 0x40049408, in);
}

/* A call that takes a descriptor alone. */
static void on_fd(const char *name, long nr)
{
	int fd = file("f", "content");

	made(nr, fd);
	expect("o=%s;:,d=%d;:,s=0;:,", name, fd);
	made(nr, 9999);
	expect("o=%s;:,d=9999;:,s=%d;:,", name, -EBADF);
}

static void t_fsync(void)
{
	on_fd("fsync", SYS_fsync);
}

static void t_fdatasync(void)
{
	on_fd("fdatasync", SYS_fdatasync);
}

static void t_syncfs(void)
{
	on_fd("syncfs", SYS_syncfs);
}

static void t_sync(void)
{
	made(SYS_sync);
	expect("o=sync;:,s=0;:,");
}

static void t_sync_file_range(void)
{
	int fd = file("f", "content");
	long r = made(SYS_sync_file_range, fd, 0, 100, 2);

	expect("o=sync_file_range;:,d=%d;:,O=0;:,c=100;:,f=2;:,s=%ld;:,", fd, r);
	made(SYS_sync_file_range, fd, 0, 0, 64);
	expect("o=sync_file_range;:,d=%d;:,O=0;:,c=0;:,f=64;:,s=%d;:,", fd, -EINVAL);
}

static void t_fadvise64(void)
{
	int fd = file("f", "content");

	made(SYS_fadvise64, fd, 0, 4096, POSIX_FADV_WILLNEED);
	expect("o=fadvise64;:,d=%d;:,O=0;:,c=4096;:,f=3;:,s=0;:,", fd);
	made(SYS_fadvise64, fd, 0, 0, 99);
	expect("o=fadvise64;:,d=%d;:,O=0;:,c=0;:,f=99;:,s=%d;:,", fd, -EINVAL);
}

static void t_readahead(void)
{
	int fd = file("f", "content");

	made(SYS_readahead, fd, 0, 4096);
	expect("o=readahead;:,d=%d;:,O=0;:,c=4096;:,s=0;:,", fd);
	made(SYS_readahead, 9999, 0, 4096);
	expect("o=readahead;:,d=9999;:,O=0;:,c=4096;:,s=%d;:,", -EBADF);
}

/* --- memory maps --- */

static void t_mmap(void)
{
	int fd = file("f", "content");
	long at = made(SYS_mmap, 0, 5000, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), r;

	expect("o=mmap;:,a=0x0;:,c=5000;:,g=3;:,l=1;:,d=%d;:,O=0;:,s=%ld;:,", fd, at);
	r = made(SYS_mmap, at, 4096, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 4096);
	expect("o=mmap;:,a=0x%lx;:,c=4096;:,g=1;:,l=18;:,d=%d;:,O=4096;:,s=%ld;:,", at, fd, r);
	made(SYS_mmap, 0, 4096, PROT_READ, MAP_PRIVATE, fd, 1);
	expect("o=mmap;:,a=0x0;:,c=4096;:,g=1;:,l=2;:,d=%d;:,O=1;:,s=%d;:,", fd, -EINVAL);
	made(SYS_mmap, 0, 4096, PROT_READ, MAP_PRIVATE, 9999, 0);
	expect("o=mmap;:,a=0x0;:,c=4096;:,g=1;:,l=2;:,d=9999;:,O=0;:,s=%d;:,", -EBADF);
	/* shows no file and takes the place of none */
	made(SYS_mmap, 0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	/* takes the place of one */
	r = made(SYS_mmap, at, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	expect("o=mmap;:,a=0x%lx;:,c=4096;:,g=0;:,l=50;:,d=-1;:,O=0;:,s=%ld;:,", at, r);
}

static long mapped(int fd, long len, int prot)
{
	return raw(SYS_mmap, 0, len, prot, MAP_SHARED, fd, 0);
}

static void t_munmap(void)
{
	int fd = file("f", "content");
	long at = mapped(fd, 16384, PROT_READ), other;

	made(SYS_munmap, at + 4096, 4096);
	expect("o=munmap;:,a=0x%lx;:,c=4096;:,s=0;:,", at + 4096);
	made(SYS_munmap, at + 1, 4096);
	expect("o=munmap;:,a=0x%lx;:,c=4096;:,s=%d;:,", at + 1, -EINVAL);
	made(SYS_munmap, at, 16384);
	expect("o=munmap;:,a=0x%lx;:,c=16384;:,s=0;:,", at);
	other = raw(SYS_mmap, 0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	made(SYS_munmap, other, 4096); /* no file was there */
}

static void t_mremap(void)
{
	int fd = file("f", "content");
	long at = mapped(fd, 4096, PROT_READ), r;

	r = made(SYS_mremap, at, 4096, 16384, MREMAP_MAYMOVE, 0x1234000);
	expect("o=mremap;:,a=0x%lx;:,c=4096;:,C=16384;:,f=1;:,A=0x1234000;:,s=%ld;:,", at, r);
	at = r;
	made(SYS_mremap, at, 16384, 0, MREMAP_MAYMOVE, 0);
	expect("o=mremap;:,a=0x%lx;:,c=16384;:,C=0;:,f=1;:,A=0x0;:,s=%d;:,", at, -EINVAL);
}

static void t_msync(void)
{
	int fd = file("f", "content");
	long at = mapped(fd, 4096, PROT_READ);

	made(SYS_msync, at, 4096, MS_SYNC);
	expect("o=msync;:,a=0x%lx;:,c=4096;:,f=4;:,s=0;:,", at);
	made(SYS_msync, at, 4096, MS_SYNC | MS_ASYNC);
	expect("o=msync;:,a=0x%lx;:,c=4096;:,f=5;:,s=%d;:,", at, -EINVAL);
}

static void t_madvise(void)
{
	int fd = file("f", "content");
	long at = mapped(fd, 8192, PROT_READ);

	made(SYS_madvise, at, 8192, MADV_WILLNEED);
	expect("o=madvise;:,a=0x%lx;:,c=8192;:,f=3;:,s=0;:,", at);
	made(SYS_madvise, at + 1, 8192, MADV_RANDOM);
	expect("o=madvise;:,a=0x%lx;:,c=8192;:,f=1;:,s=%d;:,", at + 1, -EINVAL);
}

/* --- metadata --- */

/* A call that takes a path and something that is not recorded. */
static void on_path(const char *name, long nr)
{
	file("f", "content");
	made(nr, P("f"), P(room));
	expect("o=%s;:,p=f;:,s=0;:,", name);
	made(nr, P("f/x"), P(room));
	expect("o=%s;:,p=f/x;:,s=%d;:,", name, -ENOTDIR);
	made(nr, BAD, P(room));
	expect("o=%s;:,s=%d;:,", name, -EFAULT);
}

#ifdef SYS_stat
static void t_stat(void)
{
	on_path("stat", SYS_stat);
}

static void t_lstat(void)
{
	on_path("lstat", SYS_lstat);
}
#endif

static void t_statfs(void)
{
	on_path("statfs", SYS_statfs);
}

static void on_fd_and_room(const char *name, long nr)
{
	int fd = file("f", "content");

	made(nr, fd, P(room));
	expect("o=%s;:,d=%d;:,s=0;:,", name, fd);
	made(nr, 9999, P(room));
	expect("o=%s;:,d=9999;:,s=%d;:,", name, -EBADF);
}

static void t_fstat(void)
{
	on_fd_and_room("fstat", SYS_fstat);
}

static void t_fstatfs(void)
{
	on_fd_and_room("fstatfs", SYS_fstatfs);
}

static void t_newfstatat(void)
{
	int fd = file("f", "content");

	made(SYS_newfstatat, fd, P(""), P(room), AT_EMPTY_PATH);
	expect("o=newfstatat;:,d=%d;:,p=;:,f=%d;:,s=0;:,", fd, AT_EMPTY_PATH);
	made(SYS_newfstatat, AT_FDCWD, P("none"), P(room), AT_SYMLINK_NOFOLLOW);
	expect("o=newfstatat;:,d=AT_FDCWD;:,p=none;:,f=%d;:,s=%d;:,", AT_SYMLINK_NOFOLLOW, -ENOENT);
}

static void t_statx(void)
{
	file("f", "content");
	made(SYS_statx, AT_FDCWD, P("f"), AT_STATX_SYNC_AS_STAT, STATX_BASIC_STATS, P(room));
	expect("o=statx;:,d=AT_FDCWD;:,p=f;:,f=0;:,M=0x7ff;:,s=0;:,");
	made(SYS_statx, 9999, P("f"), AT_SYMLINK_NOFOLLOW, STATX_SIZE, P(room));
	expect("o=statx;:,d=9999;:,p=f;:,f=%d;:,M=0x200;:,s=%d;:,", AT_SYMLINK_NOFOLLOW, -EBADF);
}

#ifdef SYS_access
static void t_access(void)
{
	file("f", "");
	made(SYS_access, P("f"), R_OK | W_OK);
	expect("o=access;:,p=f;:,m=06;:,s=0;:,");
	made(SYS_access, P("none"), F_OK);
	expect("o=access;:,p=none;:,m=0;:,s=%d;:,", -ENOENT);
}
#endif

static void t_faccessat(void)
{
	file("f", "");
	made(SYS_faccessat, AT_FDCWD, P("f"), R_OK);
	expect("o=faccessat;:,d=AT_FDCWD;:,p=f;:,m=04;:,s=0;:,");
	made(SYS_faccessat, AT_FDCWD, P("f"), 0777);
	expect("o=faccessat;:,d=AT_FDCWD;:,p=f;:,m=0777;:,s=%d;:,", -EINVAL);
}

static void t_faccessat2(void)
{
	file("f", "");
	made(SYS_faccessat2, AT_FDCWD, P("f"), W_OK, AT_EACCESS);
	expect("o=faccessat2;:,d=AT_FDCWD;:,p=f;:,m=02;:,f=%d;:,s=0;:,", AT_EACCESS);
	made(SYS_faccessat2, AT_FDCWD, P("none"), W_OK, 0);
	expect("o=faccessat2;:,d=AT_FDCWD;:,p=none;:,m=02;:,f=0;:,s=%d;:,", -ENOENT);
}

static void entries(const char *name, long nr)
{
	int fd = open(".", O_RDONLY);
	long r = made(nr, fd, P(room), sizeof(room));

	expect("o=%s;:,d=%d;:,c=65536;:,s=%ld;:,", name, fd, r);
	r = made(nr, fd, P(room), sizeof(room));
	expect("o=%s;:,d=%d;:,c=65536;:,s=0;:,", name, fd);
	fd = file("f", "");
	r = made(nr, fd, P(room), 100);
	expect("o=%s;:,d=%d;:,c=100;:,s=%d;:,", name, fd, -ENOTDIR);
}

#ifdef SYS_getdents
static void t_getdents(void)
{
	entries("getdents", SYS_getdents);
}
#endif

static void t_getdents64(void)
{
	entries("getdents64", SYS_getdents64);
}

#ifdef SYS_readlink
static void t_readlink(void)
{
	if (symlink("target", "l"))
		abort();
	made(SYS_readlink, P("l"), P(room), 100);
	expect("o=readlink;:,p=l;:,c=100;:,s=6;:,");
	made(SYS_readlink, P("."), P(room), 100);
	expect("o=readlink;:,p=.;:,c=100;:,s=%d;:,", -EINVAL);
}
#endif

static void t_readlinkat(void)
{
	if (symlink("target", "l"))
		abort();
	made(SYS_readlinkat, AT_FDCWD, P("l"), P(room), 3);
	expect("o=readlinkat;:,d=AT_FDCWD;:,p=l;:,c=3;:,s=3;:,");
	made(SYS_readlinkat, 9999, P("l"), P(room), 3);
	expect("o=readlinkat;:,d=9999;:,p=l;:,c=3;:,s=%d;:,", -EBADF);
}

static void t_getcwd(void)
{
	long r = made(SYS_getcwd, P(room), sizeof(room));

	expect("o=getcwd;:,c=65536;:,s=%ld;:,", r);
	made(SYS_getcwd, P(room), 1);
	expect("o=getcwd;:,c=1;:,s=%d;:,", -ERANGE);
}

/* --- names --- */

#ifdef SYS_mkdir
static void t_mkdir(void)
{
	made(SYS_mkdir, P("d"), 0750);
	expect("o=mkdir;:,p=d;:,m=0750;:,s=0;:,");
	made(SYS_mkdir, P("d"), 01777);
	expect("o=mkdir;:,p=d;:,m=01777;:,s=%d;:,", -EEXIST);
}

static void t_mknod(void)
{
	made(SYS_mknod, P("n"), S_IFIFO | 0600, 0);
	expect("o=mknod;:,p=n;:,m=010600;:,y=0x0;:,s=0;:,");
	made(SYS_mknod, P("n"), S_IFSOCK | 0600, 0x801);
	expect("o=mknod;:,p=n;:,m=0140600;:,y=0x801;:,s=%d;:,", -EEXIST);
}

static void t_rmdir(void)
{
	mkdir("d", 0700);
	made(SYS_rmdir, P("d"));
	expect("o=rmdir;:,p=d;:,s=0;:,");
	made(SYS_rmdir, P("d"));
	expect("o=rmdir;:,p=d;:,s=%d;:,", -ENOENT);
}

static void t_unlink(void)
{
	file("f", "");
	made(SYS_unlink, P("f"));
	expect("o=unlink;:,p=f;:,s=0;:,");
	made(SYS_unlink, P("f"));
	expect("o=unlink;:,p=f;:,s=%d;:,", -ENOENT);
}

static void t_rename(void)
{
	file("f", "");
	made(SYS_rename, P("f"), P("g"));
	expect("o=rename;:,p=f;:,P=g;:,s=0;:,");
	made(SYS_rename, P("g"), BAD);
	expect("o=rename;:,p=g;:,s=%d;:,", -EFAULT);
}

static void t_link(void)
{
	file("f", "");
	made(SYS_link, P("f"), P("g"));
	expect("o=link;:,p=f;:,P=g;:,s=0;:,");
	made(SYS_link, P("f"), P("g"));
	expect("o=link;:,p=f;:,P=g;:,s=%d;:,", -EEXIST);
}

static void t_symlink(void)
{
	made(SYS_symlink, P("anything; at all"), P("l"));
	expect("o=symlink;:,P=anything\\x3b at all;:,p=l;:,s=0;:,");
	made(SYS_symlink, P(""), P("m"));
	expect("o=symlink;:,P=;:,p=m;:,s=%d;:,", -ENOENT);
}
#endif

static void t_mkdirat(void)
{
	made(SYS_mkdirat, AT_FDCWD, P("d/"), 0700);
	expect("o=mkdirat;:,d=AT_FDCWD;:,p=d/;:,m=0700;:,s=0;:,");
	made(SYS_mkdirat, AT_FDCWD, P("no/d"), 0700);
	expect("o=mkdirat;:,d=AT_FDCWD;:,p=no/d;:,m=0700;:,s=%d;:,", -ENOENT);
}

static void t_mknodat(void)
{
	made(SYS_mknodat, AT_FDCWD, P("n"), S_IFREG | 0600, 0);
	expect("o=mknodat;:,d=AT_FDCWD;:,p=n;:,m=0100600;:,y=0x0;:,s=0;:,");
	made(SYS_mknodat, AT_FDCWD, P("n"), S_IFREG | 0600, 0);
	expect("o=mknodat;:,d=AT_FDCWD;:,p=n;:,m=0100600;:,y=0x0;:,s=%d;:,", -EEXIST);
}

static void t_unlinkat(void)
{
	mkdir("d", 0700);
	made(SYS_unlinkat, AT_FDCWD, P("d"), 0);
	expect("o=unlinkat;:,d=AT_FDCWD;:,p=d;:,f=0;:,s=%d;:,", -EISDIR);
	made(SYS_unlinkat, AT_FDCWD, P("d"), AT_REMOVEDIR);
	expect("o=unlinkat;:,d=AT_FDCWD;:,p=d;:,f=%d;:,s=0;:,", AT_REMOVEDIR);
}

#ifdef SYS_renameat
static void t_renameat(void)
{
	int d;

	file("f", "");
	mkdir("d", 0700);
	d = open("d", O_RDONLY);
	made(SYS_renameat, AT_FDCWD, P("f"), d, P("g"));
	expect("o=renameat;:,d=AT_FDCWD;:,p=f;:,e=%d;:,P=g;:,s=0;:,", d);
	made(SYS_renameat, AT_FDCWD, P("d"), d, P("x"));
	expect("o=renameat;:,d=AT_FDCWD;:,p=d;:,e=%d;:,P=x;:,s=%d;:,", d, -EINVAL);
}
#endif

static void t_renameat2(void)
{
	file("f", "");
	file("g", "");
	made(SYS_renameat2, AT_FDCWD, P("f"), AT_FDCWD, P("g"), 2);
	expect("o=renameat2;:,d=AT_FDCWD;:,p=f;:,e=AT_FDCWD;:,P=g;:,f=2;:,s=0;:,");
	made(SYS_renameat2, AT_FDCWD, P("f"), AT_FDCWD, P("g"), 1);
	expect("o=renameat2;:,d=AT_FDCWD;:,p=f;:,e=AT_FDCWD;:,P=g;:,f=1;:,s=%d;:,", -EEXIST);
}

static void t_linkat(void)
{
	file("f", "");
	made(SYS_linkat, AT_FDCWD, P("f"), AT_FDCWD, P("g"), AT_SYMLINK_FOLLOW);
	expect("o=linkat;:,d=AT_FDCWD;:,p=f;:,e=AT_FDCWD;:,P=g;:,f=%d;:,s=0;:,", AT_SYMLINK_FOLLOW);
	made(SYS_linkat, AT_FDCWD, P("f"), AT_FDCWD, P("g"), 0);
	expect("o=linkat;:,d=AT_FDCWD;:,p=f;:,e=AT_FDCWD;:,P=g;:,f=0;:,s=%d;:,", -EEXIST);
}

static void t_symlinkat(void)
{
	made(SYS_symlinkat, P("t"), AT_FDCWD, P("l"));
	expect("o=symlinkat;:,P=t;:,d=AT_FDCWD;:,p=l;:,s=0;:,");
	made(SYS_symlinkat, P("t"), 9999, P("l"));
	expect("o=symlinkat;:,P=t;:,d=9999;:,p=l;:,s=%d;:,", -EBADF);
}

/* --- metadata written --- */

#ifdef SYS_chmod
static void t_chmod(void)
{
	file("f", "");
	made(SYS_chmod, P("f"), 04711);
	expect("o=chmod;:,p=f;:,m=04711;:,s=0;:,");
	made(SYS_chmod, P("none"), 0);
	expect("o=chmod;:,p=none;:,m=0;:,s=%d;:,", -ENOENT);
}

static void owner(const char *name, long nr)
{
	file("f", "");
	made(nr, P("f"), getuid(), -1);
	expect("o=%s;:,p=f;:,U=%d;:,G=-1;:,s=0;:,", name, getuid());
	made(nr, P("none"), 4000000000, 5);
	expect("o=%s;:,p=none;:,U=4000000000;:,G=5;:,s=%d;:,", name, -ENOENT);
}

static void t_chown(void)
{
	owner("chown", SYS_chown);
}

static void t_lchown(void)
{
	owner("lchown", SYS_lchown);
}

static void t_utime(void)
{
	struct utimbuf times = {1000, -2000};

	file("f", "");
	made(SYS_utime, P("f"), P(&times));
	expect("o=utime;:,p=f;:,T=1000.000000000,-2000.000000000;:,s=0;:,");
	made(SYS_utime, P("none"), 0);
	expect("o=utime;:,p=none;:,T=null;:,s=%d;:,", -ENOENT);
}

static void t_utimes(void)
{
	struct timeval times[2] = {{1000, 5}, {2000, 999999}};

	file("f", "");
	made(SYS_utimes, P("f"), P(times));
	expect("o=utimes;:,p=f;:,T=1000.000005000,2000.999999000;:,s=0;:,");
	made(SYS_utimes, P("none"), P(times));
	expect("o=utimes;:,p=none;:,T=1000.000005000,2000.999999000;:,s=%d;:,", -ENOENT);
}

static void t_futimesat(void)
{
	struct timeval times[2] = {{1000, 5}, {2000, 6}};

	file("f", "");
	made(SYS_futimesat, AT_FDCWD, P("f"), 0);
	expect("o=futimesat;:,d=AT_FDCWD;:,p=f;:,T=null;:,s=0;:,");
	made(SYS_futimesat, 9999, P("f"), P(times));
	expect("o=futimesat;:,d=9999;:,p=f;:,T=1000.000005000,2000.000006000;:,s=%d;:,", -EBADF);
}
#endif

static void t_fchmod(void)
{
	int fd = file("f", "");

	made(SYS_fchmod, fd, 0600);
	expect("o=fchmod;:,d=%d;:,m=0600;:,s=0;:,", fd);
	made(SYS_fchmod, 9999, 0600);
	expect("o=fchmod;:,d=9999;:,m=0600;:,s=%d;:,", -EBADF);
}

static void t_fchmodat(void)
{
	file("f", "");
	made(SYS_fchmodat, AT_FDCWD, P("f"), 0600);
	expect("o=fchmodat;:,d=AT_FDCWD;:,p=f;:,m=0600;:,s=0;:,");
	made(SYS_fchmodat, AT_FDCWD, P("none"), 0600);
	expect("o=fchmodat;:,d=AT_FDCWD;:,p=none;:,m=0600;:,s=%d;:,", -ENOENT);
}

static void t_fchmodat2(void)
{
	long r;

	file("f", "");
	r = made(SYS_fchmodat2, AT_FDCWD, P("f"), 0600, 0); /* ENOSYS before Linux 6.6 */
	expect("o=fchmodat2;:,d=AT_FDCWD;:,p=f;:,m=0600;:,f=0;:,s=%ld;:,", r);
	r = made(SYS_fchmodat2, AT_FDCWD, P("none"), 0600, AT_SYMLINK_NOFOLLOW);
	expect("o=fchmodat2;:,d=AT_FDCWD;:,p=none;:,m=0600;:,f=%d;:,s=%ld;:,", AT_SYMLINK_NOFOLLOW, r);
}

static void t_fchown(void)
{
	int fd = file("f", "");

	made(SYS_fchown, fd, -1, getgid());
	expect("o=fchown;:,d=%d;:,U=-1;:,G=%d;:,s=0;:,", fd, getgid());
	made(SYS_fchown, 9999, 0, 0);
	expect("o=fchown;:,d=9999;:,U=0;:,G=0;:,s=%d;:,", -EBADF);
}

static void t_fchownat(void)
{
	file("f", "");
	made(SYS_fchownat, AT_FDCWD, P("f"), -1, -1, AT_SYMLINK_NOFOLLOW);
	expect("o=fchownat;:,d=AT_FDCWD;:,p=f;:,U=-1;:,G=-1;:,f=%d;:,s=0;:,", AT_SYMLINK_NOFOLLOW);
	made(SYS_fchownat, AT_FDCWD, P("none"), 1, 2, 0);
	expect("o=fchownat;:,d=AT_FDCWD;:,p=none;:,U=1;:,G=2;:,f=0;:,s=%d;:,", -ENOENT);
}

static void t_utimensat(void)
{
	struct timespec times[2] = {{1000, 123456789}, {0, UTIME_OMIT}};
	struct timespec now[2] = {{0, UTIME_NOW}, {-1, 1}};

	file("f", "");
	made(SYS_utimensat, AT_FDCWD, P("f"), P(times), 0);
	expect("o=utimensat;:,d=AT_FDCWD;:,p=f;:,T=1000.123456789,omit;:,f=0;:,s=0;:,");
	made(SYS_utimensat, AT_FDCWD, P("none"), P(now), AT_SYMLINK_NOFOLLOW);
	expect("o=utimensat;:,d=AT_FDCWD;:,p=none;:,T=now,-1.000000001;:,f=%d;:,s=%d;:,",
		AT_SYMLINK_NOFOLLOW, -ENOENT);
}

/* --- processes --- */

static void t_chdir(void)
{
	mkdir("d", 0700);
	made(SYS_chdir, P("d"));
	expect("o=chdir;:,p=d;:,s=0;:,");
	made(SYS_chdir, P("d"));
	expect("o=chdir;:,p=d;:,s=%d;:,", -ENOENT);
}

static void t_fchdir(void)
{
	int d = open("..", O_RDONLY);

	made(SYS_fchdir, d);
	expect("o=fchdir;:,d=%d;:,s=0;:,", d);
	made(SYS_fchdir, 9999);
	expect("o=fchdir;:,d=9999;:,s=%d;:,", -EBADF);
}

static void t_chroot(void)
{
	long r = made(SYS_chroot, P("none"));

	expect("o=chroot;:,p=none;:,s=%ld;:,", r);
	r = made(SYS_chroot, P("."));
	expect("o=chroot;:,p=.;:,s=%ld;:,", r);
}

/* --- descriptors that are no files --- */

/* No number is free while the limit is 0. */
static long without_numbers(long nr, long a, long b)
{
	struct rlimit old, none;
	long r;

	getrlimit(RLIMIT_NOFILE, &old);
	none = (struct rlimit){0, old.rlim_max};
	setrlimit(RLIMIT_NOFILE, &none);
	r = made(nr, a, b);
	setrlimit(RLIMIT_NOFILE, &old);
	return r;
}

#ifdef SYS_open
static void t_pipe(void)
{
	int p[2] = {-5, -5};

	made(SYS_pipe, P(p));
	expect("o=pipe;:,d=%d;:,e=%d;:,s=0;:,", p[0], p[1]);
	made(SYS_pipe, BAD);
	expect("o=pipe;:,d=-1;:,e=-1;:,s=%d;:,", -EFAULT);
	p[0] = 77;
	without_numbers(SYS_pipe, P(p), 0);
	expect("o=pipe;:,d=-1;:,e=-1;:,s=%d;:,", -EMFILE);
}

static void t_eventfd(void)
{
	long r = made(SYS_eventfd, 3);

	expect("o=eventfd;:,s=%ld;:,", r);
	without_numbers(SYS_eventfd, 0, 0);
	expect("o=eventfd;:,s=%d;:,", -EMFILE);
}

static void t_signalfd(void)
{
	uint64_t mask = 1;
	long r = made(SYS_signalfd, -1, P(&mask), 8), again = made(SYS_signalfd, r, P(&mask), 8);

	expect("o=signalfd;:,d=-1;:,s=%ld;:,", r);
	expect("o=signalfd;:,d=%ld;:,s=%ld;:,", r, again);
	made(SYS_signalfd, 9999, P(&mask), 8);
	expect("o=signalfd;:,d=9999;:,s=%d;:,", -EBADF);
}

static void t_epoll_create(void)
{
	long r = made(SYS_epoll_create, 1);

	expect("o=epoll_create;:,s=%ld;:,", r);
	made(SYS_epoll_create, 0);
	expect("o=epoll_create;:,s=%d;:,", -EINVAL);
}
#endif

static void t_pipe2(void)
{
	int p[2];

	made(SYS_pipe2, P(p), O_CLOEXEC | O_NONBLOCK);
	expect("o=pipe2;:,d=%d;:,f=%d;:,e=%d;:,s=0;:,", p[0], O_CLOEXEC | O_NONBLOCK, p[1]);
	made(SYS_pipe2, P(p), O_APPEND);
	expect("o=pipe2;:,d=-1;:,f=%d;:,e=-1;:,s=%d;:,", O_APPEND, -EINVAL);
}

static void t_eventfd2(void)
{
	long r = made(SYS_eventfd2, 0, EFD_CLOEXEC);

	expect("o=eventfd2;:,f=%d;:,s=%ld;:,", EFD_CLOEXEC, r);
	made(SYS_eventfd2, 0, 0x40000000);
	expect("o=eventfd2;:,f=%d;:,s=%d;:,", 0x40000000, -EINVAL);
}

static void t_signalfd4(void)
{
	uint64_t mask = 1;
	long r = made(SYS_signalfd4, -1, P(&mask), 8, SFD_CLOEXEC);

	expect("o=signalfd4;:,d=-1;:,f=%d;:,s=%ld;:,", SFD_CLOEXEC, r);
	made(SYS_signalfd4, -1, P(&mask), 7, 0);
	expect("o=signalfd4;:,d=-1;:,f=0;:,s=%d;:,", -EINVAL);
}

static void t_timerfd_create(void)
{
	long r = made(SYS_timerfd_create, CLOCK_MONOTONIC, TFD_NONBLOCK);

	expect("o=timerfd_create;:,f=%d;:,s=%ld;:,", TFD_NONBLOCK, r);
	made(SYS_timerfd_create, 99, 0);
	expect("o=timerfd_create;:,f=0;:,s=%d;:,", -EINVAL);
}

static void t_pidfd_open(void)
{
	long r = made(SYS_pidfd_open, getpid(), 0);

	expect("o=pidfd_open;:,f=0;:,s=%ld;:,", r);
	made(SYS_pidfd_open, -1, 0);
	expect("o=pidfd_open;:,f=0;:,s=%d;:,", -EINVAL);
}

static void t_epoll_create1(void)
{
	long r = made(SYS_epoll_create1, EPOLL_CLOEXEC);

	expect("o=epoll_create1;:,f=%d;:,s=%ld;:,", EPOLL_CLOEXEC, r);
	made(SYS_epoll_create1, 1);
	expect("o=epoll_create1;:,f=1;:,s=%d;:,", -EINVAL);
}

static void t_socket(void)
{
	long r = made(SYS_socket, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	expect("o=socket;:,f=%d;:,s=%ld;:,", SOCK_STREAM | SOCK_CLOEXEC, r);
	made(SYS_socket, 9999, SOCK_DGRAM, 0);
	expect("o=socket;:,f=%d;:,s=%d;:,", SOCK_DGRAM, -EAFNOSUPPORT);
}

static void t_bind(void)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "name"}, none = name;
	struct sockaddr_un full = {.sun_family = AF_UNIX};
	int s = socket(AF_UNIX, SOCK_STREAM, 0);

	made(SYS_bind, s, P(&name), sizeof(name));
	expect("o=bind;:,d=%d;:,p=name;:,s=0;:,", s);
	s = socket(AF_UNIX, SOCK_STREAM, 0);
	made(SYS_bind, s, P(&name), offsetof(struct sockaddr_un, sun_path) + 4);
	expect("o=bind;:,d=%d;:,p=name;:,s=%d;:,", s, -EADDRINUSE);
	memset(full.sun_path, 'x', sizeof(full.sun_path)); /* without a NUL at its end */
	made(SYS_bind, s, P(&full), sizeof(full));
	expect("o=bind;:,d=%d;:,p=%.108s;:,s=0;:,", s, full.sun_path);
	none.sun_path[0] = 0; /* abstract: no name in a file system */
	s = socket(AF_UNIX, SOCK_STREAM, 0);
	made(SYS_bind, s, P(&none), sizeof(none));
	expect("o=bind;:,d=%d;:,s=0;:,", s);
	made(SYS_bind, s, BAD, sizeof(name));
	expect("o=bind;:,d=%d;:,s=%d;:,", s, -EFAULT);
}

static void t_socketpair(void)
{
	int p[2];

	made(SYS_socketpair, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, P(p));
	expect("o=socketpair;:,f=%d;:,d=%d;:,e=%d;:,s=0;:,", SOCK_DGRAM | SOCK_CLOEXEC, p[0], p[1]);
	made(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, BAD);
	expect("o=socketpair;:,f=%d;:,d=-1;:,e=-1;:,s=%d;:,", SOCK_STREAM, -EFAULT);
}

/* A socket at which somebody waits. */
static int awaited(void)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "socket"};
	int at = socket(AF_UNIX, SOCK_STREAM, 0), who = socket(AF_UNIX, SOCK_STREAM, 0);

	if (bind(at, (void *)&name, sizeof(name)) || listen(at, 5) ||
		connect(who, (void *)&name, sizeof(name)))
		abort();
	return at;
}

static void t_accept4(void)
{
	int at = awaited();
	long r = made(SYS_accept4, at, 0, 0, SOCK_CLOEXEC);

	expect("o=accept4;:,d=%d;:,f=%d;:,s=%ld;:,", at, SOCK_CLOEXEC, r);
	made(SYS_accept4, 9999, 0, 0, 0);
	expect("o=accept4;:,d=9999;:,f=0;:,s=%d;:,", -EBADF);
}

static void t_accept(void)
{
	int at = awaited();
	long r = made(SYS_accept, at, 0, 0);

	expect("o=accept;:,d=%d;:,s=%ld;:,", at, r);
	made(SYS_accept, 9999, 0, 0);
	expect("o=accept;:,d=9999;:,s=%d;:,", -EBADF);
}

#ifdef SYS_inotify_init
static void t_inotify_init(void)
{
	struct rlimit old, none = {0, 0};
	long r = made(SYS_inotify_init);

	expect("o=inotify_init;:,s=%ld;:,", r);
	getrlimit(RLIMIT_NOFILE, &old);
	none.rlim_max = old.rlim_max;
	setrlimit(RLIMIT_NOFILE, &none);
	r = made(SYS_inotify_init);
	setrlimit(RLIMIT_NOFILE, &old);
	expect("o=inotify_init;:,s=%ld;:,", r);
}
#endif

static void t_inotify_init1(void)
{
	long r = made(SYS_inotify_init1, IN_CLOEXEC);

	expect("o=inotify_init1;:,f=%d;:,s=%ld;:,", IN_CLOEXEC, r);
	made(SYS_inotify_init1, 1);
	expect("o=inotify_init1;:,f=1;:,s=%d;:,", -EINVAL);
}

static void t_inotify_add_watch(void)
{
	int fd = inotify_init1(0);

	made(SYS_inotify_add_watch, fd, P("."), IN_CREATE | IN_ONLYDIR);
	expect("o=inotify_add_watch;:,d=%d;:,p=.;:,M=0x%x;:,s=1;:,", fd, IN_CREATE | IN_ONLYDIR);
	made(SYS_inotify_add_watch, fd, P("none"), IN_CREATE);
	expect("o=inotify_add_watch;:,d=%d;:,p=none;:,M=0x100;:,s=%d;:,", fd, -ENOENT);
}

static void t_inotify_rm_watch(void)
{
	int fd = inotify_init1(0), watch = inotify_add_watch(fd, ".", IN_CREATE);

	made(SYS_inotify_rm_watch, fd, watch);
	expect("o=inotify_rm_watch;:,d=%d;:,w=%d;:,s=0;:,", fd, watch);
	made(SYS_inotify_rm_watch, fd, -1);
	expect("o=inotify_rm_watch;:,d=%d;:,w=-1;:,s=%d;:,", fd, -EINVAL);
}

static void t_fanotify_init(void)
{
	long r = made(SYS_fanotify_init, FAN_CLOEXEC, O_RDONLY);

	expect("o=fanotify_init;:,f=%d;:,s=%ld;:,", FAN_CLOEXEC, r);
	r = made(SYS_fanotify_init, 0x80000000, O_RDONLY);
	expect("o=fanotify_init;:,f=2147483648;:,s=%ld;:,", r);
}

static void t_fanotify_mark(void)
{
	int fd = (int)syscall(SYS_fanotify_init, FAN_CLOEXEC, O_RDONLY);
	long r = made(SYS_fanotify_mark, fd, FAN_MARK_ADD, FAN_OPEN, AT_FDCWD, P("."));

	expect("o=fanotify_mark;:,e=%d;:,f=1;:,M=0x20;:,d=AT_FDCWD;:,p=.;:,s=%ld;:,", fd, r);
	r = made(SYS_fanotify_mark, 9999, FAN_MARK_ADD, FAN_OPEN, AT_FDCWD, P("."));
	expect("o=fanotify_mark;:,e=9999;:,f=1;:,M=0x20;:,d=AT_FDCWD;:,p=.;:,s=%ld;:,", r);
}

static void t_memfd_create(void)
{
	long r = made(SYS_memfd_create, P("a;b"), MFD_CLOEXEC);

	expect("o=memfd_create;:,P=a\\x3bb;:,f=1;:,s=%ld;:,", r);
	made(SYS_memfd_create, BAD, 0);
	expect("o=memfd_create;:,f=0;:,s=%d;:,", -EFAULT);
}

static void t_memfd_secret(void)
{
	long r = made(SYS_memfd_secret, O_CLOEXEC);

	expect("o=memfd_secret;:,f=%d;:,s=%ld;:,", O_CLOEXEC, r);
	r = made(SYS_memfd_secret, 77);
	expect("o=memfd_secret;:,f=77;:,s=%ld;:,", r);
}

static void t_userfaultfd(void)
{
	long r = made(SYS_userfaultfd, O_CLOEXEC | 1); /* for user mode only */

	expect("o=userfaultfd;:,f=%d;:,s=%ld;:,", O_CLOEXEC | 1, r);
	made(SYS_userfaultfd, 0x100000);
	expect("o=userfaultfd;:,f=1048576;:,s=%d;:,", -EINVAL);
}

static void t_quotactl(void)
{
	long r = made(SYS_quotactl, 0x80000100, 0, 0, 0); /* Q_SYNC of users on all file systems */

	expect("o=quotactl;:,F=0x80000100;:,s=%ld;:,", r);
	r = made(SYS_quotactl, 0x80000700, P("none"), 0, P(room));
	expect("o=quotactl;:,F=0x80000700;:,s=%ld;:,", r);
}

static void t_quotactl_fd(void)
{
	int fd = open(".", O_RDONLY | O_DIRECTORY);
	long r = made(SYS_quotactl_fd, fd, 0x80000100, 0, 0);

	expect("o=quotactl_fd;:,d=%d;:,F=0x80000100;:,s=%ld;:,", fd, r);
	r = made(SYS_quotactl_fd, 9999, 0x80000100, 0, 0);
	expect("o=quotactl_fd;:,d=9999;:,F=0x80000100;:,s=%ld;:,", r);
}

static void t_perf_event_open(void)
{
	struct perf_event_attr clock = {.type = PERF_TYPE_SOFTWARE, .size = sizeof(clock),
		.config = PERF_COUNT_SW_TASK_CLOCK, .exclude_kernel = 1};
	long r = made(SYS_perf_event_open, P(&clock), 0, -1, -1, PERF_FLAG_FD_CLOEXEC);

	expect("o=perf_event_open;:,f=%ld;:,s=%ld;:,", PERF_FLAG_FD_CLOEXEC, r);
	r = made(SYS_perf_event_open, BAD, 0, -1, -1, 0);
	expect("o=perf_event_open;:,f=0;:,s=%ld;:,", r);
}

static void t_bpf(void)
{
	union bpf_attr map = {.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4,
		.max_entries = 1};
	long r = made(SYS_bpf, BPF_MAP_CREATE, P(&map), sizeof(map));

	expect("o=bpf;:,F=0;:,s=%ld;:,", r);
	r = made(SYS_bpf, 9999, P(&map), sizeof(map));
	expect("o=bpf;:,F=9999;:,s=%ld;:,", r);
}

/* --- descriptors that come from other processes --- */

/* A message with room for control messages, of which FDS of N are the only one. */
static struct msghdr *message(const int *fds, size_t n)
{
	static union {
		struct cmsghdr head;
		char bytes[256];
	} control;
	static char byte;
	static struct iovec iov = {&byte, 1};
	static struct msghdr msg;

	memset(&control, 0, sizeof(control));
	msg = (struct msghdr){.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
		.msg_controllen = n ? CMSG_SPACE(n * sizeof(int)) : sizeof(control)};
	control.head = (struct cmsghdr){CMSG_LEN(n * sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
	if (n)
		memcpy(CMSG_DATA(&control.head), fds, n * sizeof(int));
	return &msg;
}

/* What has been received. */
static void expect_received(const struct msghdr *msg, int n, int cloexec, long offset)
{
	const int *fds = (const int *)(const void *)CMSG_DATA((struct cmsghdr *)msg->msg_control);
	char link[64], path[4096];
	int i;

	for (i = 0; i < n; i++) {
		sprintf(link, "/proc/self/fd/%d", fds[i]);
		path[readlink(link, path, sizeof(path) - 1)] = '\0';
		expect("o=recv_fd;:,d=%d;:,p=%s;:,f=%d;:,O=%ld;:,z=*;:,%s", fds[i], path,
			fcntl(fds[i], F_GETFL) | cloexec, offset, facts(dup(fds[i])));
	}
}

static void pair(int s[2])
{
	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, s))
		abort();
}

static void t_sendmsg(void)
{
	int s[2], fds[2] = {file("f", "content"), file("g", "")};
	struct msghdr plain = {0};

	pair(s);
	made(SYS_sendmsg, s[0], P(message(fds, 2)), MSG_DONTWAIT);
	expect("o=sendmsg;:,d=%d;:,b=%d:*,%d:*;:,f=%d;:,", s[0], fds[0], fds[1], MSG_DONTWAIT);
	made(SYS_sendmsg, s[0], P(&plain), 0); /* passes none */
	made(SYS_sendmsg, s[0], BAD, 0);
	made(SYS_sendmsg, 9999, P(message(fds, 1)), 0);
	expect("o=sendmsg;:,d=9999;:,b=%d:*;:,f=0;:,", fds[0]);
}

static void t_sendmmsg(void)
{
	int s[2], fds[2] = {file("f", "content"), file("g", "")};
	struct mmsghdr two[2] = {0};

	pair(s);
	two[1].msg_hdr = *message(fds, 2);
	made(SYS_sendmmsg, s[0], P(two), 2, 0);
	expect("o=sendmmsg;:,d=%d;:,b=%d:*,%d:*;:,f=0;:,", s[0], fds[0], fds[1]);
	made(SYS_sendmmsg, s[0], P(two), 1, 0); /* the first has none */
}

static void t_recvmsg(void)
{
	int s[2], fds[2] = {file("f", ""), file("g", "")};
	struct msghdr *msg;
	char byte;

	pair(s);
	lseek(fds[0], 3, SEEK_SET), lseek(fds[1], 3, SEEK_SET);
	if (sendmsg(s[0], message(fds, 2), 0) != 1 || write(s[0], "x", 1) != 1)
		abort();
	msg = message(NULL, 0);
	made(SYS_recvmsg, s[1], P(msg), MSG_CMSG_CLOEXEC);
	expect_received(msg, 2, O_CLOEXEC, 3);
	expect("o=recvmsg;:,d=%d;:,f=%d;:,s=1;:,", s[1], MSG_CMSG_CLOEXEC);
	made(SYS_recvmsg, s[1], P(message(NULL, 0)), 0); /* brings none */
	made(SYS_recvmsg, s[1], P(message(NULL, 0)), MSG_DONTWAIT);
	if (recv(s[1], &byte, 1, MSG_DONTWAIT) >= 0)
		abort();
}

static void t_recvmmsg(void)
{
	int s[2], fd = file("f", "");
	struct mmsghdr two[2] = {0};

	pair(s);
	if (write(s[0], "x", 1) != 1 || sendmsg(s[0], message(&fd, 1), 0) != 1)
		abort();
	two[1].msg_hdr = *message(NULL, 0);
	made(SYS_recvmmsg, s[1], P(two), 2, 0, 0);
	expect_received(&two[1].msg_hdr, 1, 0, 0);
	expect("o=recvmmsg;:,d=%d;:,f=0;:,s=2;:,", s[1]);
}

static void t_pidfd_getfd(void)
{
	int fd = file("f", "content"), pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	long r = made(SYS_pidfd_getfd, pidfd, fd, 0);

	expect("o=pidfd_getfd;:,d=%d;:,e=%d;:,q=%d;:,s=%ld;:,", pidfd, fd, getpid(), r);
	made(SYS_pidfd_getfd, pidfd, 9999, 0);
	expect("o=pidfd_getfd;:,d=%d;:,e=9999;:,q=%d;:,s=%d;:,", pidfd, getpid(), -EBADF);
}

static void t_umask(void)
{
	umask(022);
	made(SYS_umask, 077);
	expect("o=umask;:,m=077;:,s=18;:,");
}

/* A fork that fails: no process is allowed to the user any more. */
static void no_fork(const char *name, long nr)
{
	struct rlimit none = {0, 0};
	pid_t child = fork();
	long r;

	if (child == 0) {
		setrlimit(RLIMIT_NPROC, &none);
		if (getuid() == 0 && setuid(65534))
			abort();
		r = made(nr);
		expect("o=%s;:,s=%ld;:,", name, r);
		_exit(0);
	}
	waitpid(child, NULL, 0);
}

#ifdef SYS_fork
static void t_fork(void)
{
	long r = made(SYS_fork);

	expect("o=fork;:,s=%ld;:,", r);
	waitpid((pid_t)r, NULL, 0);
	no_fork("fork", SYS_fork);
}

static void t_vfork(void)
{
	long r = made(SYS_vfork);

	expect("o=vfork;:,s=%ld;:,", r);
	waitpid((pid_t)r, NULL, 0);
	no_fork("vfork", SYS_vfork);
}
#endif

static void t_clone(void)
{
	long r = made(SYS_clone, SIGCHLD | CLONE_FS);

	expect("o=clone;:,f=%d;:,s=%ld;:,", SIGCHLD | CLONE_FS, r);
	waitpid((pid_t)r, NULL, 0);
	made(SYS_clone, CLONE_THREAD);
	expect("o=clone;:,f=%d;:,s=%d;:,", CLONE_THREAD, -EINVAL);
}

static void t_clone3(void)
{
	struct clone_args args = {.flags = CLONE_FS, .exit_signal = SIGCHLD};
	long r = made(SYS_clone3, P(&args), sizeof(args));

	expect("o=clone3;:,f=%d;:,s=%ld;:,", CLONE_FS, r);
	waitpid((pid_t)r, NULL, 0);
	args.flags = CLONE_SIGHAND;
	made(SYS_clone3, P(&args), sizeof(args));
	expect("o=clone3;:,f=%d;:,s=%d;:,", CLONE_SIGHAND, -EINVAL);
}

/* --- extended attributes; OBJECT is the file "f", KEY how a record names it --- */

static void sets(const char *op, long nr, long object, const char *key)
{
	/* rw-r----- as an access control list (acl(5)) */
	static const struct {
		uint32_t version;
		struct {
			uint16_t tag, perm;
			uint32_t id;
		} entry[3];
	} acl = {2, {{1, 6, UINT32_MAX}, {4, 4, UINT32_MAX}, {32, 0, UINT32_MAX}}};
	long r = made(nr, object, P("user.a|b"), P("value"), 5, XATTR_CREATE);

	expect("o=%s;:,%s;:,P=user.a\\x7cb;:,c=5;:,f=1;:,s=%ld;:,", op, key, r);
	r = made(nr, object, P("system.posix_acl_access"), P(&acl), sizeof(acl));
	expect("o=%s;:,%s;:,P=system.posix_acl_access;:,c=28;:,f=0;:,s=%ld;:,%s", op, key, r, r == 0 ? "x=0640;:," : "");
	made(nr, object, P("nonsense"), P("v"), 1);
	expect("o=%s;:,%s;:,P=nonsense;:,c=1;:,f=0;:,s=%d;:,", op, key, -EOPNOTSUPP);
	made(nr, object, BAD, P("v"), 1, XATTR_REPLACE);
	expect("o=%s;:,%s;:,c=1;:,f=2;:,s=%d;:,", op, key, -EFAULT);
}

static void gets_it(const char *op, long nr, long object, const char *key)
{
	char value[100];
	long r;

	setxattr("f", "user.a", "value", 5, 0);
	r = made(nr, object, P("user.a"), P(value), sizeof(value));
	expect("o=%s;:,%s;:,P=user.a;:,c=100;:,s=%ld;:,", op, key, r);
	r = made(nr, object, P("user.a"), 0, 0);
	expect("o=%s;:,%s;:,P=user.a;:,c=0;:,s=%ld;:,", op, key, r);
	r = made(nr, object, P("user.b"), P(value), sizeof(value));
	expect("o=%s;:,%s;:,P=user.b;:,c=100;:,s=%ld;:,", op, key, r);
}

static void lists(const char *op, long nr, long object, const char *key)
{
	bool by_fd = key[0] == 'd';
	char names[1000];
	long r;

	setxattr("f", "user.a", "value", 5, 0);
	r = made(nr, object, P(names), sizeof(names));
	expect("o=%s;:,%s;:,c=1000;:,s=%ld;:,", op, key, r);
	made(nr, by_fd ? 9999 : P("none"), P(names), 1);
	expect("o=%s;:,%s;:,c=1;:,s=%d;:,", op, by_fd ? "d=9999" : "p=none", by_fd ? -EBADF : -ENOENT);
}

static void removes(const char *op, long nr, long object, const char *key)
{
	long r;

	setxattr("f", "user.a", "value", 5, 0);
	r = made(nr, object, P("user.a"));
	expect("o=%s;:,%s;:,P=user.a;:,s=%ld;:,", op, key, r);
	r = made(nr, object, P("user.a"));
	expect("o=%s;:,%s;:,P=user.a;:,s=%ld;:,", op, key, r);
}

#define XATTR_TESTS(op, what)                                                                      \
	static void t_##op(void)                                                                   \
	{                                                                                          \
		close(file("f", "content"));                                                       \
		what(#op, SYS_##op, P("f"), "p=f");                                                \
	}                                                                                          \
	static void t_l##op(void)                                                                  \
	{                                                                                          \
		close(file("f", "content"));                                                       \
		what("l" #op, SYS_l##op, P("f"), "p=f");                                           \
	}                                                                                          \
	static void t_f##op(void)                                                                  \
	{                                                                                          \
		char key[16];                                                                      \
		int fd = file("f", "content");                                                     \
                                                                                                   \
		sprintf(key, "d=%d", fd);                                                          \
		what("f" #op, SYS_f##op, fd, key);                                                 \
	}
XATTR_TESTS(setxattr, sets)
XATTR_TESTS(getxattr, gets_it)
XATTR_TESTS(listxattr, lists)
XATTR_TESTS(removexattr, removes)

/* --- Linux AIO --- */

static uint64_t aio_setup(unsigned n)
{
	aio_context_t context = 0;

	if (syscall(SYS_io_setup, n, &context))
		abort();
	return context;
}

static void t_io_setup(void)
{
	aio_context_t context = 0;
	long r = made(SYS_io_setup, 32, P(&context));

	expect("o=io_setup;:,n=32;:,k=0x%llx;:,s=%ld;:,", (unsigned long long)context, r);
	made(SYS_io_setup, 32, P(&context)); /* it is not zero */
	expect("o=io_setup;:,n=32;:,k=0x%llx;:,s=%d;:,", (unsigned long long)context, -EINVAL);
	context = 0;
	made(SYS_io_setup, 0, P(&context));
	expect("o=io_setup;:,n=0;:,k=0x0;:,s=%d;:,", -EINVAL);
	made(SYS_io_setup, 1L << 32 | 7, BAD);
	expect("o=io_setup;:,n=7;:,k=0x0;:,s=%d;:,", -EFAULT);
	r = made(SYS_io_setup, 4000000000, P(&context)); /* EINVAL or EAGAIN */
	expect("o=io_setup;:,n=4000000000;:,k=0x0;:,s=%ld;:,", r);
}

static void t_io_destroy(void)
{
	uint64_t context = aio_setup(1);

	made(SYS_io_destroy, P(context));
	expect("o=io_destroy;:,k=0x%llx;:,s=0;:,", (unsigned long long)context);
	made(SYS_io_destroy, P(context));
	expect("o=io_destroy;:,k=0x%llx;:,s=%d;:,", (unsigned long long)context, -EINVAL);
}

static struct iocb iocb_of(int opcode, int fd, const void *buffer, uint64_t length, int64_t offset)
{
	return (struct iocb){.aio_lio_opcode = (uint16_t)opcode,
		.aio_fildes = (uint32_t)fd,
		.aio_buf = (uintptr_t)buffer,
		.aio_nbytes = length,
		.aio_offset = offset};
}

/* At a place in its page that is not 0, so that it is written. */
static char *aio_buffer(void)
{
	static char buffer[3 * 4096];

	return buffer + 4096 - (uintptr_t)buffer % 4096 + 512;
}

#define U(p) ((unsigned long long)(uintptr_t)(p))

static void t_io_submit(void)
{
	unsigned long long k = aio_setup(1000);
	int fd = file("f", "some content"), i;
	struct iovec two[2] = {{aio_buffer(), 5}, {aio_buffer() + 100, 6}};
	struct iocb one[] = {iocb_of(IOCB_CMD_PWRITE, fd, aio_buffer(), 10, 4096),
		iocb_of(IOCB_CMD_PREADV, fd, two, 2, 0), iocb_of(IOCB_CMD_FDSYNC, fd, NULL, 0, 0),
		iocb_of(IOCB_CMD_PREAD, 9999, aio_buffer() - 512, 100, 0)};
	struct iocb bad = iocb_of(IOCB_CMD_PREADV, fd, (void *)BAD, 2, -5);
	struct iocb *batch[] = {&one[0], &one[1], &one[2], &one[3], &one[0]};
	struct iocb *unreadable[] = {&one[2], (struct iocb *)BAD};
	struct iocb many[300], *all[300];
	char text[300 * 32], *at = text;

	one[0].aio_data = 77;
	one[1].aio_rw_flags = RWF_HIPRI;
	one[1].aio_flags = IOCB_FLAG_IOPRIO;
	one[1].aio_reqprio = -7; /* EINVAL: a class that does not exist */
	made(SYS_io_submit, k, 5, P(batch)); /* the second one is refused */
	expect("o=io_submit;:,k=0x%llx;:,n=5;:,b=%llu:1:%d:4096:10:512:77,"
	       "%llu:7:%d:0:2:%llu:0:1:2:0:-7:2,5,6;:,s=1;:,",
		k, U(&one[0]), fd, U(&one[1]), fd, U(two) % 4096);
	one[1].aio_flags = one[1].aio_rw_flags = 0;
	one[1].aio_reqprio = 0;
	one[0].aio_data = 0;
	made(SYS_io_submit, k, 5, P(batch));
	expect("o=io_submit;:,k=0x%llx;:,n=5;:,b=%llu:1:%d:4096:10:512,"
	       "%llu:7:%d:0:2:%llu:0:0:0:0:0:2,5,6,%llu:3:%d,%llu:0:9999:0:100;:,s=3;:,",
		k, U(&one[0]), fd, U(&one[1]), fd, U(two) % 4096, U(&one[2]), fd, U(&one[3]));
	made(SYS_io_submit, k, 1, P(&batch[3]));
	expect("o=io_submit;:,k=0x%llx;:,n=1;:,b=%llu:0:9999:0:100;:,s=%d;:,", k, U(&one[3]), -EBADF);
	made(SYS_io_submit, k, 2, P(unreadable));
	expect("o=io_submit;:,k=0x%llx;:,n=2;:,b=%llu:3:%d,0;:,s=1;:,", k, U(&one[2]), fd);
	unreadable[0] = &bad;
	made(SYS_io_submit, k, 1, P(unreadable)); /* the offset is refused later than the vector */
	expect("o=io_submit;:,k=0x%llx;:,n=1;:,b=%llu:7:%d:-5:2:1;:,s=%d;:,", k, U(&bad), fd, -EFAULT);
	made(SYS_io_submit, k, 1, BAD);
	expect("o=io_submit;:,k=0x%llx;:,n=1;:,b=0;:,s=%d;:,", k, -EFAULT);
	made(SYS_io_submit, k, 0, BAD);
	expect("o=io_submit;:,k=0x%llx;:,n=0;:,b=-;:,s=0;:,", k);
	made(SYS_io_submit, k, -1, P(batch));
	expect("o=io_submit;:,k=0x%llx;:,n=-1;:,b=-;:,s=%d;:,", k, -EINVAL);
	made(SYS_io_submit, 0, 1, P(batch));
	expect("o=io_submit;:,k=0x0;:,n=1;:,b=%llu:1:%d:4096:10:512;:,s=%d;:,", U(&one[0]), fd, -EINVAL);
	for (i = 0; i < 300; i++) {
		many[i] = iocb_of(IOCB_CMD_PREAD, fd, aio_buffer() - 512, 1, 0);
		all[i] = &many[i];
		at += sprintf(at, "%s%llu:0:%d:0:1", i ? "," : "", U(&many[i]), fd);
	}
	made(SYS_io_submit, k, 300, P(all));
	expect("o=io_submit;:,k=0x%llx;:,n=300;:,b=%s;:,s=300;:,", k, text);
}

/* Three reads that are over: a whole one, a short one, and one that failed. */
static unsigned long long aio_events(struct iocb iocb[3], int fd)
{
	unsigned long long k = aio_setup(10);
	struct iocb *all[3] = {&iocb[0], &iocb[1], &iocb[2]};

	iocb[0] = iocb_of(IOCB_CMD_PREAD, fd, aio_buffer(), 4, 0);
	iocb[1] = iocb_of(IOCB_CMD_PREAD, fd, aio_buffer(), 100, 5);
	iocb[2] = iocb_of(IOCB_CMD_PREAD, fd, (void *)BAD, 1, 0);
	if (syscall(SYS_io_submit, k, 3, all) != 3)
		abort();
	return k;
}

static void waits(const char *op, long nr)
{
	struct iocb iocb[3];
	unsigned long long k = aio_events(iocb, file("f", "some content"));
	struct timespec time = {0, 5000}, none = {0, 0};
	struct io_event events[10];

	made(nr, k, 2, 2, P(events), 0, 0);
	expect("o=%s;:,k=0x%llx;:,N=2;:,n=2;:,b=%llu:4,%llu:7;:,u=-;:,s=2;:,", op, k, U(&iocb[0]),
		U(&iocb[1]));
	made(nr, k, 2, 10, BAD, P(&time), 0);
	expect("o=%s;:,k=0x%llx;:,N=2;:,n=10;:,b=-;:,u=5000;:,s=%d;:,", op, k, -EFAULT);
	made(nr, k, 2, 10, P(events), P(&time), 0); /* its time is over */
	expect("o=%s;:,k=0x%llx;:,N=2;:,n=10;:,b=%llu:-14;:,u=5000;:,s=1;:,", op, k, U(&iocb[2]));
	made(nr, k, 1, 10, P(events), P(&none), 0);
	expect("o=%s;:,k=0x%llx;:,N=1;:,n=10;:,b=-;:,u=0;:,s=0;:,", op, k);
	made(nr, k, 1, 10, P(events), BAD, 0);
	expect("o=%s;:,k=0x%llx;:,N=1;:,n=10;:,b=-;:,u=bad;:,s=%d;:,", op, k, -EFAULT);
	made(nr, k, -1, 1L << 33, P(events), 0, 0);
	expect("o=%s;:,k=0x%llx;:,N=-1;:,n=8589934592;:,b=-;:,u=-;:,s=%d;:,", op, k, -EINVAL);
	made(nr, k, 5, 2, P(events), 0, 0);
	expect("o=%s;:,k=0x%llx;:,N=5;:,n=2;:,b=-;:,u=-;:,s=%d;:,", op, k, -EINVAL);
}

static void t_io_getevents(void)
{
	waits("io_getevents", SYS_io_getevents);
}

static void t_io_pgetevents(void)
{
	waits("io_pgetevents", SYS_io_pgetevents);
}

static void t_io_cancel(void)
{
	struct iocb iocb[3];
	unsigned long long k = aio_events(iocb, file("f", "some content"));
	struct io_event event;
	int pipes[2];
	struct iocb poll, *all[] = {&poll};
	long r;

	made(SYS_io_cancel, k, P(&iocb[0]), P(&event));
	expect("o=io_cancel;:,k=0x%llx;:,a=0x%llx;:,s=%d;:,", k, U(&iocb[0]), -EINVAL);
	made(SYS_io_cancel, k, BAD, P(&event));
	expect("o=io_cancel;:,k=0x%llx;:,a=0x1;:,s=%d;:,", k, -EFAULT);
	if (pipe(pipes))
		abort();
	poll = iocb_of(5 /* IOCB_CMD_POLL */, pipes[0], (void *)1, 0, 0);
	if (syscall(SYS_io_submit, k, 1, all) != 1)
		abort();
	r = made(SYS_io_cancel, k, P(&poll), P(&event)); /* EINPROGRESS: it was cancelled */
	expect("o=io_cancel;:,k=0x%llx;:,a=0x%llx;:,s=%ld;:,", k, U(&poll), r);
}

static char after_exec[] = "--after-exec";

static void t_execve(void)
{
	char *argv[] = {(char *)"op_calls", after_exec, NULL};
	pid_t child = fork();

	if (child == 0) {
		expect("o=execve;:,p=/proc/self/exe;:,s=0;:,");
		made(SYS_execve, P("/proc/self/exe"), P(argv), P(environ));
		abort();
	}
	waitpid(child, NULL, 0);
	made(SYS_execve, P("none"), P(argv), P(environ));
	expect("o=execve;:,p=none;:,s=%d;:,", -ENOENT);
}

static void t_execveat(void)
{
	char *argv[] = {(char *)"op_calls", after_exec, NULL};
	int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	pid_t child = fork();

	if (child == 0) {
		expect("o=execveat;:,d=%d;:,p=;:,f=%d;:,s=0;:,", self, AT_EMPTY_PATH);
		made(SYS_execveat, self, P(""), P(argv), P(environ), AT_EMPTY_PATH);
		abort();
	}
	waitpid(child, NULL, 0);
	made(SYS_execveat, AT_FDCWD, P("none"), P(argv), P(environ), 0);
	expect("o=execveat;:,d=AT_FDCWD;:,p=none;:,f=0;:,s=%d;:,", -ENOENT);
}

static void ends(const char *name, long nr, int status)
{
	pid_t child = fork();

	if (child == 0) {
		expect("o=%s;:,E=%d;:,", name, status);
		made(nr, status);
		abort();
	}
	waitpid(child, NULL, 0);
}

static void t_exit(void)
{
	ends("exit", SYS_exit, 3);
}

static void t_exit_group(void)
{
	ends("exit_group", SYS_exit_group, 259);
}

static void t_task_end(void)
{
	pid_t child = fork();

	if (child == 0) {
		expect("o=task_end;:,E=9;:,");
		made(SYS_kill, getpid(), SIGKILL);
		abort();
	}
	waitpid(child, NULL, 0);
}

/* --- io_uring --- */

#define RING_ENTRIES 8

static struct {
	int fd;
	struct io_uring_params p;
	char *queues;
	struct io_uring_sqe *sqes;
	unsigned number; /* of the next submission */
} ring;

static unsigned *in_ring(unsigned offset)
{
	return (unsigned *)(void *)(ring.queues + offset);
}

static void ring_open(void)
{
	size_t len;

	ring.fd = (int)syscall(SYS_io_uring_setup, RING_ENTRIES, &ring.p);
	len = ring.p.cq_off.cqes + ring.p.cq_entries * sizeof(struct io_uring_cqe);
	ring.queues = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring.fd,
		IORING_OFF_SQ_RING);
	ring.sqes = mmap(NULL, ring.p.sq_entries * sizeof(*ring.sqes), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_POPULATE, ring.fd, IORING_OFF_SQES);
}

static void prepare(const struct io_uring_sqe *sqe)
{
	unsigned *tail = in_ring(ring.p.sq_off.tail), index = *tail % ring.p.sq_entries;

	ring.sqes[index] = *sqe;
	in_ring(ring.p.sq_off.array)[index] = index;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
}

static int completed(void)
{
	unsigned *head = in_ring(ring.p.cq_off.head);
	const struct io_uring_cqe *cqes = (const void *)(ring.queues + ring.p.cq_off.cqes);
	int result = cqes[*head % ring.p.cq_entries].res;

	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return result;
}

/* Its result. The record of the call comes first, then that of the submission. */
static int submit(const struct io_uring_sqe *sqe)
{
	long ret;

	prepare(sqe);
	ret = made(SYS_io_uring_enter, ring.fd, 1, 1, IORING_ENTER_GETEVENTS, 0, 0);
	expect("o=io_uring_enter;:,d=%d;:,n=1;:,N=1;:,f=1;:,k=1;:,j=%u;:,s=%ld;:,", ring.fd,
		ring.number++, ret);
	return completed();
}

#define SUBMIT(...) submit(&(const struct io_uring_sqe){__VA_ARGS__})
/* The key of the submission before: its user_data is 0x77. */
#define SQE(flags, buffer, slot) "k=1:%u:" flags ":" buffer ":" slot ":0x77;:,"
#define ASK(name) .opcode = IORING_OP_##name, .user_data = 0x77

static void uring_bytes(int fd)
{
	char buffer[8192];
	struct iovec two[2] = {{buffer, 100}, {buffer + 200, 300}};
	int ret;

	ret = SUBMIT(ASK(WRITE), .fd = fd, .addr = (uintptr_t)buffer, .len = 5000, .off = 4096);
	expect("o=uring_write;:," SQE("0", "-", "-") "d=%d;:,c=5000;:,O=4096;:,f=0;:,s=%d;:,",
		ring.number - 1, fd, ret);
	ret = SUBMIT(ASK(READ), .fd = fd, .addr = (uintptr_t)buffer, .len = 8192, .off = -1ull,
		.flags = IOSQE_ASYNC);
	expect("o=uring_read;:," SQE("16", "-", "-") "d=%d;:,c=8192;:,O=-1;:,f=0;:,s=%d;:,",
		ring.number - 1, fd, ret);
	ret = SUBMIT(ASK(WRITEV), .fd = fd, .addr = (uintptr_t)two, .len = 2, .rw_flags = RWF_DSYNC);
	expect("o=uring_writev;:," SQE("0", "-", "-") "d=%d;:,v=100,300;:,O=0;:,f=2;:,s=%d;:,",
		ring.number - 1, fd, ret);
	ret = SUBMIT(ASK(READV), .fd = -7, .addr = (uintptr_t)two, .len = 1, .flags = IOSQE_IO_DRAIN);
	expect("o=uring_readv;:," SQE("2", "-", "-") "d=-7;:,v=100;:,O=0;:,f=0;:,s=%d;:,",
		ring.number - 1, ret);
}

static void uring_whole_files(int fd)
{
	int ret;

	ret = SUBMIT(ASK(FSYNC), .fd = fd, .off = 1, .len = 2);
	expect("o=uring_fsync;:," SQE("0", "-", "-") "d=%d;:,O=1;:,c=2;:,s=%d;:,", ring.number - 1,
		fd, ret);
	ret = SUBMIT(ASK(FSYNC), .fd = fd, .fsync_flags = IORING_FSYNC_DATASYNC);
	expect("o=uring_fdatasync;:," SQE("0", "-", "-") "d=%d;:,O=0;:,c=0;:,s=%d;:,",
		ring.number - 1, fd, ret);
	ret = SUBMIT(ASK(SYNC_FILE_RANGE), .fd = fd, .off = 0, .len = 4096, .sync_range_flags = 2);
	expect("o=uring_sync_file_range;:," SQE("0", "-", "-")
	       "d=%d;:,O=0;:,c=4096;:,f=2;:,s=%d;:,", ring.number - 1, fd, ret);
	/* a hole: what is allocated would fill a small disk */
	ret = SUBMIT(ASK(FALLOCATE), .fd = fd, .off = 8192, .addr = 6000000000, .len = 3);
	expect("o=uring_fallocate;:," SQE("0", "-", "-") "d=%d;:,f=3;:,O=8192;:,c=6000000000;:,s=%d;:,",
		ring.number - 1, fd, ret);
	ret = SUBMIT(ASK(FADVISE), .fd = fd, .off = 0, .len = 100, .fadvise_advice = 2);
	expect("o=uring_fadvise64;:," SQE("0", "-", "-") "d=%d;:,O=0;:,c=100;:,f=2;:,s=%d;:,",
		ring.number - 1, fd, ret);
	ret = SUBMIT(.opcode = 55, .user_data = 0x77, .fd = fd, .off = 100); /* since Linux 6.9 */
	expect("o=uring_ftruncate;:," SQE("0", "-", "-") "d=%d;:,O=100;:,s=%d;:,", ring.number - 1,
		fd, ret);
}

static void uring_names(int dir)
{
	struct open_how how = {.flags = O_WRONLY | O_CREAT, .mode = 0600, .resolve = RESOLVE_BENEATH};
	struct statx stx;
	int ret;

	ret = SUBMIT(ASK(MKDIRAT), .fd = dir, .addr = (uintptr_t)"made", .len = 0751);
	expect("o=uring_mkdirat;:," SQE("0", "-", "-") "d=%d;:,p=made;:,m=0751;:,s=%d;:,",
		ring.number - 1, dir, ret);
	ret = SUBMIT(ASK(SYMLINKAT), .fd = dir, .addr = (uintptr_t)"where/to", .addr2 = (uintptr_t)"link");
	expect("o=uring_symlinkat;:," SQE("0", "-", "-") "P=where/to;:,d=%d;:,p=link;:,s=%d;:,",
		ring.number - 1, dir, ret);
	ret = SUBMIT(ASK(LINKAT), .fd = AT_FDCWD, .addr = (uintptr_t)"link", .len = (unsigned)dir,
		.addr2 = (uintptr_t)"link2", .hardlink_flags = 0);
	expect("o=uring_linkat;:," SQE("0", "-", "-")
	       "d=AT_FDCWD;:,p=link;:,e=%d;:,P=link2;:,f=0;:,s=%d;:,", ring.number - 1, dir, ret);
	ret = SUBMIT(ASK(RENAMEAT), .fd = dir, .addr = (uintptr_t)"link", .len = (unsigned)AT_FDCWD,
		.addr2 = (uintptr_t)"link3", .rename_flags = 1);
	expect("o=uring_renameat;:," SQE("0", "-", "-")
	       "d=%d;:,p=link;:,e=AT_FDCWD;:,P=link3;:,f=1;:,s=%d;:,", ring.number - 1, dir, ret);
	ret = SUBMIT(ASK(UNLINKAT), .fd = dir, .addr = (uintptr_t)"made", .unlink_flags = AT_REMOVEDIR);
	expect("o=uring_unlinkat;:," SQE("0", "-", "-") "d=%d;:,p=made;:,f=512;:,s=%d;:,",
		ring.number - 1, dir, ret);
	ret = SUBMIT(ASK(STATX), .fd = dir, .addr = (uintptr_t)"link3", .len = 0x7ff,
		.addr2 = (uintptr_t)&stx, .statx_flags = AT_SYMLINK_NOFOLLOW);
	expect("o=uring_statx;:," SQE("0", "-", "-") "d=%d;:,p=link3;:,f=256;:,M=0x7ff;:,s=%d;:,",
		ring.number - 1, dir, ret);
	ret = SUBMIT(ASK(OPENAT2), .fd = dir, .addr = (uintptr_t)"new", .addr2 = (uintptr_t)&how,
		.len = sizeof(how));
	expect("o=uring_openat2;:," SQE("0", "-", "-") "d=%d;:,p=new;:,f=%d;:,m=0600;:,R=8;:,s=%d;:,%s",
		ring.number - 1, dir, O_WRONLY | O_CREAT, ret, facts(ret));
	ret = SUBMIT(ASK(OPENAT), .fd = dir, .addr = BAD, .open_flags = O_RDONLY, .len = 0777);
	expect("o=uring_openat;:," SQE("0", "-", "-") "d=%d;:,f=0;:,m=0;:,s=%d;:,", ring.number - 1,
		dir, ret);
}

static void uring_attributes(int fd)
{
	char value[30] = "";
	int ret;

	ret = SUBMIT(ASK(FSETXATTR), .fd = fd, .addr = (uintptr_t)"user.a", .addr2 = (uintptr_t)value, .len = 10,
		.xattr_flags = XATTR_CREATE);
	expect("o=uring_fsetxattr;:," SQE("0", "-", "-") "d=%d;:,P=user.a;:,c=10;:,f=1;:,s=%d;:,", ring.number - 1, fd,
		ret);
	ret = SUBMIT(ASK(FGETXATTR), .fd = fd, .addr = (uintptr_t)"user.a", .addr2 = (uintptr_t)value, .len = 30);
	expect("o=uring_fgetxattr;:," SQE("0", "-", "-") "d=%d;:,P=user.a;:,c=30;:,s=%d;:,", ring.number - 1, fd, ret);
	ret = SUBMIT(ASK(SETXATTR), .addr3 = (uintptr_t)"file", .addr = (uintptr_t)"user.b", .addr2 = (uintptr_t)value,
		.len = 20);
	expect("o=uring_setxattr;:," SQE("0", "-", "-") "p=file;:,P=user.b;:,c=20;:,f=0;:,s=%d;:,", ring.number - 1, ret);
	ret = SUBMIT(ASK(GETXATTR), .addr3 = (uintptr_t)"none", .addr = (uintptr_t)"user.b", .addr2 = (uintptr_t)value,
		.len = 20);
	expect("o=uring_getxattr;:," SQE("0", "-", "-") "p=none;:,P=user.b;:,c=20;:,s=%d;:,", ring.number - 1, ret);
}

static void uring_splices(int fd)
{
	int ends[2], ret;

	if (pipe(ends))
		return;
	ret = SUBMIT(ASK(SPLICE), .fd = ends[1], .off = -1ull, .splice_fd_in = fd, .splice_off_in = 10, .len = 30,
		.splice_flags = SPLICE_F_MOVE | SPLICE_F_MORE);
	expect("o=uring_splice;:," SQE("1280", "-", "-") "d=%d;:,O=10;:,e=%d;:,Q=-;:,c=30;:,s=%d;:,", ring.number - 1, fd,
		ends[1], ret);
	ret = SUBMIT(ASK(SPLICE), .fd = fd, .off = 20, .splice_fd_in = 77, .splice_off_in = -1ull, .len = 30,
		.splice_flags = 1u << 31);
	expect("o=uring_splice;:," SQE("65536", "-", "-") "d=77;:,O=-;:,e=%d;:,Q=20;:,c=30;:,s=%d;:,", ring.number - 1, fd,
		ret);
}

/* The ring has four slots. */
static void uring_slots(int fd)
{
	int32_t files[3] = {fd, -1, -2};
	int ret;

	ret = SUBMIT(ASK(FILES_UPDATE), .addr = (uintptr_t)files, .len = 3, .off = 1);
	expect("o=uring_files_update;:," SQE("0", "-", "-") "n=1;:,b=%d,-1,-2;:,s=%d;:,", ring.number - 1, fd, ret);
	ret = SUBMIT(ASK(FILES_UPDATE), .addr = BAD, .len = 3, .off = 1);
	expect("o=uring_files_update;:," SQE("0", "-", "-") "n=1;:,b=-;:,s=%d;:,", ring.number - 1, ret);
	ret = SUBMIT(.opcode = 54, .user_data = 0x77, .flags = IOSQE_FIXED_FILE, .fd = 1); /* since Linux 6.8 */
	expect("o=uring_fixed_fd_install;:," SQE("1", "-", "-") "d=1;:,f=0;:,s=%d;:,", ring.number - 1, ret);
}

/* Into a slot, read from there with a registered buffer, closed, as one chain. */
static void uring_chain(void)
{
	static char buffer[4096];
	struct iovec whole = {buffer, sizeof(buffer)};
	int files[4] = {-1, -1, -1, -1}, fd = openat(AT_FDCWD, "new", O_RDONLY), ret[3], i;

	syscall(SYS_io_uring_register, ring.fd, IORING_REGISTER_FILES, files, 4);
	syscall(SYS_io_uring_register, ring.fd, IORING_REGISTER_BUFFERS, &whole, 1);
	prepare(&(struct io_uring_sqe){ASK(OPENAT), .flags = IOSQE_IO_LINK, .fd = AT_FDCWD,
		.addr = (uintptr_t)"new", .file_index = 3});
	prepare(&(struct io_uring_sqe){ASK(READ_FIXED), .flags = IOSQE_IO_LINK | IOSQE_FIXED_FILE,
		.fd = 2, .addr = (uintptr_t)buffer, .len = 10});
	prepare(&(struct io_uring_sqe){ASK(CLOSE), .file_index = 3});
	ret[0] = (int)made(SYS_io_uring_enter, ring.fd, 3, 3, IORING_ENTER_GETEVENTS, 0, 0);
	expect("o=io_uring_enter;:,d=%d;:,n=3;:,N=3;:,f=1;:,k=1;:,j=%u;:,s=%d;:,", ring.fd,
		ring.number, ret[0]);
	for (i = 0; i < 3; i++)
		ret[i] = completed();
	expect("o=uring_openat;:," SQE("4", "-", "2") "d=AT_FDCWD;:,p=new;:,f=0;:,m=0;:,s=%d;:,",
		ring.number++, ret[0]);
	expect("o=uring_read;:," SQE("5", "0", "-") "d=2;:,c=10;:,O=0;:,f=0;:,s=%d;:,",
		ring.number++, ret[1]);
	expect("o=uring_close;:," SQE("0", "-", "2") "d=0;:,s=%d;:,", ring.number++, ret[2]);
	ret[0] = SUBMIT(ASK(CLOSE), .fd = fd);
	expect("o=uring_close;:," SQE("0", "-", "-") "d=%d;:,s=%d;:,", ring.number - 1, fd, ret[0]);
}

static void t_io_uring_enter(void)
{
	int dir = openat(AT_FDCWD, ".", O_RDONLY | O_DIRECTORY);
	int fd = openat(AT_FDCWD, "file", O_RDWR | O_CREAT, 0600), ret;

	ring_open();
	ret = SUBMIT(ASK(NOP));
	expect("o=uring_nop;:," SQE("0", "-", "-") "s=%d;:,", ring.number - 1, ret);
	uring_bytes(fd);
	uring_whole_files(fd);
	uring_names(dir);
	uring_chain();
	uring_attributes(fd);
	uring_splices(fd);
	uring_slots(fd);
	ret = SUBMIT(ASK(SEND), .fd = fd, .len = 5);
	expect("o=uring_other;:," SQE("0", "-", "-") "F=26;:,d=%d;:,O=0;:,c=5;:,s=%d;:,",
		ring.number - 1, fd, ret);
	made(SYS_io_uring_enter, -1, 1, 2, IORING_ENTER_GETEVENTS, 0, 0);
	expect("o=io_uring_enter;:,d=4294967295;:,n=1;:,N=2;:,f=1;:,k=0;:,j=0;:,s=%d;:,", -EBADF);
}

static void t_io_uring_setup(void)
{
	struct io_uring_params p = {.flags = IORING_SETUP_CQSIZE, .cq_entries = 64};
	long ret = made(SYS_io_uring_setup, 4, P(&p));

	expect("o=io_uring_setup;:,n=4;:,f=8;:,N=64;:,k=1;:,s=%ld;:,", ret);
	made(SYS_io_uring_setup, 4, BAD);
	expect("o=io_uring_setup;:,n=4;:,f=0;:,N=0;:,k=0;:,s=%d;:,", -EFAULT);
}

static void t_io_uring_register(void)
{
	static char buffers[2][4096];
	struct iovec iov[2] = {{buffers[0], 4096}, {buffers[1], 100}};
	int fd = openat(AT_FDCWD, "file", O_RDWR | O_CREAT, 0600), files[4] = {-1, fd, -1, fd};
	struct io_uring_files_update update = {.offset = 1, .fds = (uintptr_t)(int[]){-1, -2, -1}};

	ring_open();
	made(SYS_io_uring_register, ring.fd, IORING_REGISTER_BUFFERS, P(iov), 2);
	expect("o=io_uring_register;:,d=%d;:,F=0;:,v=4096,100;:,n=2;:,k=1;:,s=0;:,", ring.fd);
	made(SYS_io_uring_register, ring.fd, IORING_REGISTER_FILES, P(files), 4);
	expect("o=io_uring_register;:,d=%d;:,F=2;:,v=-;:,n=4;:,k=1;:,s=0;:,", ring.fd);
	expect("o=uring_file;:,k=1;:,n=1;:,e=%d;:,s=0;:,", fd);
	expect("o=uring_file;:,k=1;:,n=3;:,e=%d;:,s=0;:,", fd);
	made(SYS_io_uring_register, ring.fd, IORING_REGISTER_FILES_UPDATE, P(&update), 3);
	expect("o=io_uring_register;:,d=%d;:,F=6;:,v=-;:,n=3;:,k=1;:,s=3;:,", ring.fd);
	expect("o=uring_file;:,k=1;:,n=1;:,e=-1;:,s=0;:,");
	expect("o=uring_file;:,k=1;:,n=3;:,e=-1;:,s=0;:,");
	made(SYS_io_uring_register, 999, IORING_REGISTER_FILES, P(files), 4);
	expect("o=io_uring_register;:,d=999;:,F=2;:,v=-;:,n=4;:,k=0;:,s=%d;:,", -EBADF);
}

/* --- */

static const struct {
	const char *op;
	void (*run)(void);
} tests[] = {
#define T(op) {#op, t_##op}
#ifdef SYS_open
	T(open), T(creat), T(dup2), T(stat), T(lstat), T(access), T(getdents), T(readlink), T(mkdir),
	T(mknod), T(rmdir), T(unlink), T(rename), T(link), T(symlink), T(chmod), T(chown), T(lchown),
	T(inotify_init), T(utime), T(utimes), T(futimesat), T(fork), T(vfork), T(pipe), T(eventfd), T(signalfd),
	T(epoll_create),
#endif
#ifdef SYS_renameat
	T(renameat),
#endif
	T(openat), T(openat2), T(close), T(close_range), T(dup), T(dup3), T(fcntl), T(flock), T(read),
	T(readv), T(pread64), T(preadv), T(preadv2), T(write), T(writev), T(pwrite64), T(pwritev),
	T(pwritev2), T(lseek), T(truncate), T(ftruncate), T(fallocate), T(copy_file_range),
	T(sendfile), T(ioctl), T(splice), T(tee), T(vmsplice), T(mmap), T(munmap), T(mremap), T(msync),
	T(madvise),
	T(name_to_handle_at), T(open_by_handle_at), T(setxattrat), T(getxattrat), T(listxattrat), T(removexattrat), T(cachestat), T(file_getattr), T(file_setattr),
	T(statmount), T(listmount),
	T(inotify_init1), T(inotify_add_watch), T(inotify_rm_watch), T(fanotify_init), T(fanotify_mark),
	T(memfd_create), T(memfd_secret), T(userfaultfd), T(quotactl), T(quotactl_fd), T(fsync), T(fdatasync),
	T(sync), T(syncfs), T(sync_file_range), T(fadvise64), T(readahead), T(fstat),
	T(newfstatat), T(statx), T(statfs), T(fstatfs), T(faccessat), T(faccessat2), T(getdents64),
	T(readlinkat), T(getcwd), T(mkdirat), T(mknodat), T(unlinkat), T(renameat2), T(linkat),
	T(symlinkat), T(fchmod), T(fchmodat), T(fchmodat2), T(fchown), T(fchownat), T(utimensat),
	T(chdir), T(fchdir), T(chroot), T(umask), T(clone), T(clone3), T(execve), T(execveat), T(exit),
	T(exit_group), T(task_end), T(setxattr), T(lsetxattr), T(fsetxattr), T(getxattr), T(lgetxattr),
	T(fgetxattr), T(listxattr), T(llistxattr), T(flistxattr), T(removexattr), T(lremovexattr),
	T(fremovexattr), T(pipe2), T(eventfd2), T(signalfd4), T(timerfd_create), T(pidfd_open),
	T(epoll_create1), T(socket), T(bind), T(socketpair), T(accept), T(accept4), T(perf_event_open), T(bpf),
	T(io_setup), T(io_destroy), T(io_submit), T(io_cancel), T(io_getevents), T(io_pgetevents),
	T(io_uring_setup), T(io_uring_enter), T(io_uring_register),
	T(sendmsg), T(sendmmsg), T(recvmsg), T(recvmmsg), T(pidfd_getfd),
};

int main(int argc, char **argv)
{
	const char *op = argc > 1 ? argv[1] : "";
	size_t i, n = sizeof(tests) / sizeof(*tests);

	if (strcmp(op, after_exec) == 0)
		return 0;
	if (strcmp(op, "--list") == 0)
		for (i = 0; i < n; i++)
			puts(tests[i].op);
	expected = mmap(NULL, sizeof(*expected), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (i = 0; i < n; i++)
		if (strcmp(op, tests[i].op) == 0)
			tests[i].run();
	fwrite(expected->text, 1, expected->len, stdout);
	return 0;
}
