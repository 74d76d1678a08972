/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes every file system call that ioriot knows, most of them relative to directory descriptors,
 * with results that are known. For the end-to-end procedure, scripts/syscall_matrix.sh.
 *
 *   syscall_matrix PID_FILE GO_FILE BASE_DIR USER
 *
 * Writes its process id to PID_FILE, waits until GO_FILE exists, makes BASE_DIR and works in it;
 * files are given to USER. What it called and got is written to PID_FILE.log, "NAME RESULT" a line,
 * at the end: it is the independent record that a capture is compared with. Exit status 1 when a
 * call had another result than it must have.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/io_uring.h>
#include <linux/openat2.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>
#include <utime.h>

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452 /* since Linux 6.6, the same number everywhere */
#endif

#ifndef SYS_cachestat
#define SYS_cachestat 451 /* Linux 6.5 */
#endif
#ifndef SYS_statmount
#define SYS_statmount 457 /* Linux 6.8 */
#define SYS_listmount 458
#endif
#ifndef SYS_file_getattr
#define SYS_file_getattr 468 /* Linux 6.17 */
#define SYS_file_setattr 469
#endif
#ifndef SYS_setxattrat
#define SYS_setxattrat	  463 /* Linux 6.13 */
#define SYS_getxattrat	  464
#define SYS_listxattrat	  465
#define SYS_removexattrat 466
#endif

#define BUFFER	 8192
#define IOV_MOST 1024 /* UIO_MAXIOV */
#define TOO_LONG 300	     /* for the name of a file */
#define NOWHERE	 ((char *)1) /* no memory */

struct matrix {
	const char *base;
	uid_t uid;
	gid_t gid;
	int dir, dir_a; /* BASE_DIR and BASE_DIR/dirA */
	char *log;
	size_t log_size;
	FILE *log_stream;
	unsigned wrong;
	char paths[8][4096]; /* the last ones that in_base() made */
	unsigned next_path;
	char buffer[BUFFER];
};

enum expect { FINE = 0, ANY = -1 }; /* or the errno that must come */

/* BASE_DIR/NAME; valid until seven more were asked for. */
static const char *in_base(struct matrix *m, const char *name)
{
	char *path = m->paths[m->next_path++ % 8];

	if (snprintf(path, sizeof(m->paths[0]), "%s/%s", m->base, name) >=
		(int)sizeof(m->paths[0])) {
		fprintf(stderr, "syscall_matrix: BASE_DIR is too long\n");
		exit(1);
	}
	return path;
}

/* Logs what a call gave, and whether that is what it must give. */
static long note(struct matrix *m, const char *name, int expect, long result)
{
	int code = result < 0 ? errno : 0;

	fprintf(m->log_stream, "%s %ld\n", name, code ? -(long)code : result);
	if (expect != ANY && code != expect) {
		fprintf(stderr, "syscall_matrix: %s: %s\n", name, strerror(code));
		m->wrong++;
	}
	return result;
}

/* The system call itself, not what the C library makes of it. */
#define CALL(m, expect, name, ...) note(m, #name, expect, syscall(SYS_##name, ##__VA_ARGS__))
#define DO(name, ...)		   CALL(m, FINE, name, ##__VA_ARGS__)
#define TRY(name, ...)		   CALL(m, ANY, name, ##__VA_ARGS__) /* not on every file system */
#define FAIL(code, name, ...)	   CALL(m, code, name, ##__VA_ARGS__)

static int open_at(struct matrix *m, int dir, const char *name, int flags)
{
	return (int)DO(openat, dir, name, flags, 0644);
}

static void make_base(struct matrix *m)
{
	DO(umask, 022);
	DO(mkdirat, AT_FDCWD, m->base, 0755);
	m->dir = open_at(m, AT_FDCWD, m->base, O_RDONLY | O_DIRECTORY);
	DO(mkdirat, m->dir, "dirA", 0755);
	DO(mkdirat, m->dir, "emptydir", 0755);
	m->dir_a = open_at(m, m->dir, "dirA", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void data_by_position(struct matrix *m, int fd)
{
	struct iovec two[2] = {{m->buffer, 100}, {m->buffer + 200, 300}};

	DO(pwrite64, fd, m->buffer, 5000, 100000L);
	DO(pread64, fd, m->buffer, 4096, 100000L);
	DO(pwritev, fd, two, 2, 120000L, 0);
	DO(preadv, fd, two, 2, 120000L, 0);
	DO(pwritev2, fd, two, 2, 130000L, 0, 0);
	DO(preadv2, fd, two, 2, 130000L, 0, 0);
	DO(pread64, fd, m->buffer, 4096, 1L << 40); /* behind the end: 0 */
	DO(pwrite64, fd, m->buffer, 10, 5L << 30);  /* a file with a hole, over 4 GiB */
}

static void data_by_offset(struct matrix *m)
{
	struct iovec two[2] = {{m->buffer, 1000}, {m->buffer + 2000, 500}};
	int fd = open_at(m, m->dir, "head.bin", O_RDWR | O_CREAT | O_EXCL);

	DO(write, fd, m->buffer, BUFFER);
	DO(writev, fd, two, 2);
	DO(lseek, fd, 0L, SEEK_SET);
	DO(read, fd, m->buffer, 512);
	DO(readv, fd, two, 2);
	DO(lseek, fd, -100L, SEEK_END);
	DO(read, fd, m->buffer, BUFFER); /* short */
	DO(read, fd, m->buffer, BUFFER); /* at the end: 0 */
#ifdef SYS__llseek
	DO(_llseek, fd, 0L, 10L, m->buffer, SEEK_SET);
#endif
	data_by_position(m, fd);
	FAIL(EINVAL, lseek, fd, -1L, SEEK_SET);
	FAIL(EBADF, write, m->dir_a, m->buffer, 1);
	DO(close, fd);
}

static void sizes(struct matrix *m)
{
	int fd = open_at(m, m->dir_a, "sizes.bin", O_RDWR | O_CREAT);

	DO(ftruncate, fd, 300000L);
	DO(write, fd, m->buffer, 4096);
	TRY(fallocate, fd, 0, 300000L, 20000L);
	TRY(fallocate, fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0L, 4096L);
	DO(fadvise64, fd, 0L, 0L, POSIX_FADV_SEQUENTIAL);
	DO(readahead, fd, 0L, 4096L);
	DO(fsync, fd);
	DO(fdatasync, fd);
	DO(sync_file_range, fd, 0L, 4096L, SYNC_FILE_RANGE_WRITE);
	DO(syncfs, fd);
	DO(sync);
	DO(close, fd);
	DO(truncate, in_base(m, "dirA/sizes.bin"), 123456L);
	FAIL(EISDIR, truncate, in_base(m, "dirA"), 0L);
}

/* Maps of files; what is written into the shared one is in the file. */
static void maps(struct matrix *m)
{
	int fd = open_at(m, m->dir_a, "mapped.bin", O_RDWR | O_CREAT);
	char *at, *private;

	DO(ftruncate, fd, 40000L);
	at = (char *)DO(mmap, NULL, 40000L, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0L);
	private = (char *)DO(mmap, NULL, 8192L, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 4096L);
	DO(close, fd);
	at[4096] = 'a';
	at[20000] = 'b';
	private[4096] = at[4096]; /* nobody else's */
	DO(madvise, at, 40000L, MADV_SEQUENTIAL);
	FAIL(EINVAL, madvise, at + 1, 4096L, MADV_NORMAL);
	DO(msync, at, 8192L, MS_SYNC);
	FAIL(EINVAL, msync, at, 8192L, MS_SYNC | MS_ASYNC);
	DO(munmap, at + 8192, 4096L); /* one page of it */
	FAIL(EINVAL, munmap, at + 1, 4096L);
	DO(munmap, at, 40960L);
	private = (char *)DO(mremap, private, 8192L, 16384L, MREMAP_MAYMOVE);
	FAIL(EINVAL, mremap, private, 16384L, 0L, MREMAP_MAYMOVE);
	m->buffer[0] = private[0];
	DO(munmap, private, 16384L);
	fd = open_at(m, m->dir_a, "mapped.bin", O_RDONLY);
	FAIL(EACCES, mmap, NULL, 4096L, PROT_WRITE, MAP_SHARED, fd, 0L);
	FAIL(EBADF, mmap, NULL, 4096L, PROT_READ, MAP_SHARED, 999, 0L);
	DO(close, fd);
}

/* Where they are put, what is said of them, and what that does to the file. */
static void maps_moved(struct matrix *m)
{
	int fd = open_at(m, m->dir_a, "mapped.bin", O_RDWR);
	char *at = (char *)DO(mmap, NULL, 40960L, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0L);
	char *place = mmap(NULL, 1 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	TRY(madvise, at, 8192L, MADV_POPULATE_READ);
	TRY(madvise, at + 8192, 4096L, MADV_POPULATE_WRITE);
	TRY(madvise, at + 12288, 4096L, MADV_REMOVE); /* a hole, as far as the file system can */
	TRY(madvise, at, 4096L, MADV_COLD);
	TRY(madvise, at, 4096L, MADV_PAGEOUT);
	DO(msync, at, 40960L, MS_ASYNC | MS_INVALIDATE);
	at = (char *)DO(mremap, at, 40960L, 40960L, MREMAP_MAYMOVE | MREMAP_FIXED, place);
	at[16384] = 'c';
	/* parts of it: only the model knows where these are */
	DO(mremap, at + 32768, 8192L, 4096L, MREMAP_MAYMOVE | MREMAP_FIXED, place + 65536);
	FAIL(EINVAL, mremap, at, 4096L, 4096L, MREMAP_FIXED, place + 65536);
	TRY(mmap, place + 131072, 4096L, PROT_READ, MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0L); /* there is something */
	at = (char *)TRY(mremap, at, 8192L, 8192L, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL);
	if (at != (char *)-1L)
		DO(munmap, at, 8192L);
	DO(munmap, place, 1L << 20);
	DO(close, fd);
}

static void copies(struct matrix *m)
{
	int from = open_at(m, m->dir_a, "sizes.bin", O_RDONLY), to;
	int64_t off = 1000, off_out = 70000;
	struct iovec room = {m->buffer, 200};
	int pipes[2], more[2];

	to = open_at(m, m->dir_a, "copied.bin", O_RDWR | O_CREAT);
	TRY(copy_file_range, from, NULL, to, NULL, 5000, 0);
	TRY(copy_file_range, from, &off, to, &off_out, 4096, 0);
	DO(sendfile, to, from, NULL, 3000);
	DO(sendfile, to, from, &off, 1L << 30); /* to the end */
	DO(sendfile, to, from, &off, 1);	/* 0 */
	FAIL(EBADF, sendfile, from, to, NULL, 10);
	DO(pipe2, pipes, 0);
	DO(pipe2, more, 0);
	off = 5000;
	DO(splice, from, &off, pipes[1], NULL, 6000, 0);
	off_out = 100;
	DO(splice, pipes[0], NULL, to, &off_out, 6000, SPLICE_F_MOVE);
	DO(splice, from, NULL, pipes[1], NULL, 4096, 0);
	DO(tee, pipes[0], more[1], 100, 0);
	DO(vmsplice, more[1], &room, 1, 0);
	DO(splice, pipes[0], NULL, to, NULL, 10000, SPLICE_F_NONBLOCK);
	FAIL(EBADF, splice, 999, NULL, pipes[1], NULL, 1, 0);
	FAIL(EINVAL, splice, from, NULL, to, NULL, 1, 0);
	FAIL(EBADF, tee, from, 999, 1, 0);
	FAIL(EBADF, vmsplice, 999, &room, 1, 0);
	DO(close, pipes[0]);
	DO(close, pipes[1]);
	DO(close, more[0]);
	DO(close, more[1]);
	FAIL(EINVAL, copy_file_range, from, NULL, to, NULL, 10, 1);
	DO(close, to);
	DO(close, from);
}

/* What no header of the C library has: fs/ext4/ext4.h and linux/falloc.h of the kernel. */
struct move_extent {
	uint32_t reserved, donor_fd;
	uint64_t orig_start, donor_start, len, moved_len;
};
struct space_resv {
	int16_t l_type, l_whence;
	int64_t l_start, l_len;
	int32_t l_sysid;
	uint32_t l_pid;
	int32_t l_pad[4];
};
#define EXT4_IOC_MOVE_EXT _IOWR('f', 15, struct move_extent)
#define FS_IOC_RESVSP	  _IOW('X', 40, struct space_resv)
#define FS_IOC_UNRESVSP64 _IOW('X', 43, struct space_resv)
#define FS_IOC_ZERO_RANGE _IOW('X', 57, struct space_resv)

/* Which of them work depends on the file system; what fails must fail again. */
static void commands(struct matrix *m)
{
	int from = open_at(m, m->dir_a, "sizes.bin", O_RDWR), flags = 0;
	int to = open_at(m, m->dir_a, "cloned.bin", O_RDWR | O_CREAT);
	struct file_clone_range range = {.src_fd = from, .src_length = 65536, .dest_offset = 1 << 20};
	struct {
		struct file_dedupe_range head;
		struct file_dedupe_range_info to;
	} same = {{.src_length = 65536, .dest_count = 1}, {.dest_fd = to}};
	uint64_t cached[2] = {0, 65536};
	struct fiemap map = {.fm_length = FIEMAP_MAX_OFFSET, .fm_flags = FIEMAP_FLAG_SYNC};
	struct space_resv space = {.l_whence = SEEK_SET, .l_start = 8192, .l_len = 4096};
	struct move_extent move = {.donor_fd = (uint32_t)to, .len = 1};
	struct fsxattr attr;

	TRY(ioctl, to, FICLONE, from);
	TRY(ioctl, to, FICLONERANGE, &range);
	TRY(ioctl, from, FIDEDUPERANGE, &same);
	TRY(cachestat, from, cached, m->buffer, 0);
	TRY(cachestat, 999, cached, m->buffer, 0);
	TRY(ioctl, from, FS_IOC_FIEMAP, &map);
	TRY(ioctl, from, FS_IOC_GETFLAGS, &flags);
	TRY(ioctl, from, FS_IOC_GETVERSION, &flags);
	if (TRY(ioctl, from, FS_IOC_FSGETXATTR, &attr) == 0)
		TRY(ioctl, from, FS_IOC_FSSETXATTR, &attr);
	TRY(ioctl, from, FS_IOC_RESVSP, &space);
	TRY(ioctl, from, FS_IOC_ZERO_RANGE, &space);
	TRY(ioctl, from, FS_IOC_UNRESVSP64, &space);
	TRY(ioctl, from, EXT4_IOC_MOVE_EXT, &move);
	DO(ioctl, from, FIGETBSZ, &flags);
	DO(ioctl, from, FIONREAD, &flags);
	DO(ioctl, from, FIOCLEX);
	DO(ioctl, from, FIONCLEX);
	FAIL(EBADF, ioctl, 999, FICLONE, from);
	FAIL(EBADF, ioctl, to, FICLONE, 999);
	DO(close, to);
	DO(close, from);
}

static struct iocb request(int opcode, int fd, void *buffer, uint64_t length, int64_t offset)
{
	return (struct iocb){.aio_lio_opcode = (uint16_t)opcode,
		.aio_fildes = (uint32_t)fd,
		.aio_buf = (uintptr_t)buffer,
		.aio_nbytes = length,
		.aio_offset = offset};
}

/* As many segments as a vector may have, of 8 bytes each; behind them is no memory. */
static struct iovec *most_segments(struct matrix *m)
{
	const size_t len = IOV_MOST * sizeof(struct iovec);
	struct iovec *v = mmap(NULL, 2 * len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t i;

	if (v == MAP_FAILED || mprotect(v, len, PROT_READ | PROT_WRITE)) {
		perror("syscall_matrix: mmap");
		exit(1);
	}
	for (i = 0; i < IOV_MOST; i++)
		v[i] = (struct iovec){m->buffer + 8 * i, 8};
	return v;
}

static void asynchronous(struct matrix *m)
{
	int fd = open_at(m, m->dir_a, "aio.bin", O_RDWR | O_CREAT);
	struct iovec two[2] = {{m->buffer, 1000}, {m->buffer + 2000, 500}}, *most = most_segments(m);
	struct iocb each[] = {request(IOCB_CMD_PWRITE, fd, m->buffer, 8192, 0),
		request(IOCB_CMD_PWRITEV, fd, two, 2, 20000), request(IOCB_CMD_FSYNC, fd, NULL, 0, 0),
		request(IOCB_CMD_PREADV, fd, two, 2, 100), request(IOCB_CMD_PREAD, fd, m->buffer, 4096, 20000),
		request(IOCB_CMD_PREAD, 999, m->buffer, 10, 0)};
	struct iocb *all[] = {&each[0], &each[1], &each[2], &each[3], &each[4], &each[5]};
	const struct timespec soon = {0, 1000000};
	struct io_event events[8];
	aio_context_t context = 0;

	DO(io_setup, 32, &context);
	FAIL(EINVAL, io_setup, 32, &context);
	DO(io_submit, context, 2L, all);
	DO(io_getevents, context, 2L, 2L, events, NULL);
	DO(io_submit, context, 1L, all + 2); /* alone: it is over at any time, before or behind others */
	DO(io_getevents, context, 1L, 1L, events, NULL);
	DO(io_submit, context, 3L, all + 3); /* 2: the last one has no descriptor */
	DO(io_getevents, context, 2L, 2L, events, NULL);
	DO(io_submit, context, 1L, all);
	DO(io_pgetevents, context, 1L, 8L, events, NULL, NULL);
	DO(io_getevents, context, 1L, 8L, events, &soon); /* 0: nothing comes */
	FAIL(EINVAL, io_pgetevents, context, 2L, 1L, events, NULL, NULL);
	FAIL(EBADF, io_submit, context, 1L, all + 5);
	FAIL(EFAULT, io_submit, context, 1L, NULL);
	FAIL(EINVAL, io_submit, context, -1L, all);
	FAIL(EINVAL, io_cancel, context, all[0], events);
	each[1] = request(IOCB_CMD_PWRITEV, fd, most, IOV_MOST, 0);
	DO(io_submit, context, 1L, all + 1);
	DO(io_getevents, context, 1L, 1L, events, NULL);
	each[1].aio_nbytes++;
	FAIL(EINVAL, io_submit, context, 1L, all + 1);
	each[1].aio_nbytes = 2;
	DO(io_submit, context, 1L, all + 1); /* nobody asks for its event */
	DO(io_destroy, context);
	FAIL(EINVAL, io_destroy, context);
	FAIL(EINVAL, io_submit, context, 1L, all);
	DO(close, fd);
}

static void opens(struct matrix *m)
{
	struct open_how how = {.flags = O_RDWR | O_CREAT, .mode = 0640, .resolve = RESOLVE_BENEATH};
	int fd = open_at(m, m->dir, "open.txt", O_WRONLY | O_CREAT | O_APPEND);

	DO(write, fd, "one\n", 4);
	DO(close, fd);
	fd = open_at(m, m->dir_a, "openat.txt", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC);
	DO(write, fd, "two\n", 4);
	DO(close, fd);
	fd = (int)DO(openat2, m->dir_a, "openat2.txt", &how, sizeof(how));
	DO(write, fd, "three\n", 6);
	DO(close, fd);
	fd = (int)TRY(openat, m->dir, ".", O_TMPFILE | O_RDWR, 0600);
	if (fd >= 0)
		DO(close, fd);
	FAIL(EXDEV, openat2, m->dir_a, "../open.txt", &how, sizeof(how));
	FAIL(ENOENT, openat, m->dir, "missing/name", O_RDONLY);
	FAIL(EEXIST, openat, m->dir, "open.txt", O_WRONLY | O_CREAT | O_EXCL, 0644);
	FAIL(ENOTDIR, openat, m->dir, "open.txt/below", O_RDONLY);
	FAIL(EISDIR, openat, m->dir, "dirA", O_WRONLY);
	FAIL(EBADF, openat, 999, "open.txt", O_RDONLY);
	FAIL(EBADF, close, 999);
}

static void metadata_read(struct matrix *m)
{
	int fd = open_at(m, m->dir, "open.txt", O_RDONLY);

	DO(fstat, fd, m->buffer);
	DO(newfstatat, m->dir_a, "openat.txt", m->buffer, 0);
	DO(newfstatat, fd, "", m->buffer, AT_EMPTY_PATH);
	DO(newfstatat, m->dir_a, "../open.txt", m->buffer, AT_SYMLINK_NOFOLLOW);
	FAIL(ENOENT, newfstatat, m->dir_a, "open.txt", m->buffer, 0);
	DO(statx, m->dir, "dirA/openat.txt", 0, STATX_BASIC_STATS, m->buffer);
	DO(statfs, in_base(m, "open.txt"), m->buffer);
	DO(fstatfs, fd, m->buffer);
	DO(faccessat, m->dir, "open.txt", R_OK);
	DO(faccessat2, m->dir_a, "../open.txt", R_OK | W_OK, 0);
	FAIL(ENOENT, faccessat, m->dir, "no", F_OK);
	DO(close, fd);
	fd = open_at(m, m->dir, ".", O_RDONLY | O_DIRECTORY);
	DO(getdents64, fd, m->buffer, BUFFER);
	DO(getdents64, fd, m->buffer, BUFFER); /* the end: 0 */
#ifdef SYS_getdents
	DO(lseek, fd, 0L, SEEK_SET);
	DO(getdents, fd, m->buffer, BUFFER);
#endif
	DO(close, fd);
}

static void directories(struct matrix *m)
{
	DO(mkdirat, m->dir_a, "inner", 0700);
	FAIL(EEXIST, mkdirat, m->dir, "dirA", 0755);
	FAIL(ENOTEMPTY, unlinkat, m->dir, "dirA", AT_REMOVEDIR);
	DO(unlinkat, m->dir_a, "inner", AT_REMOVEDIR);
	DO(mknodat, m->dir_a, "fifo", S_IFIFO | 0644, 0);
	DO(mknodat, m->dir_a, "node.txt", S_IFREG | 0600, 0);
	DO(chdir, in_base(m, "dirA"));
	DO(getcwd, m->buffer, BUFFER);
	DO(newfstatat, AT_FDCWD, "openat.txt", m->buffer, 0);
	DO(fchdir, m->dir);
	DO(newfstatat, AT_FDCWD, "dirA/openat.txt", m->buffer, 0);
	FAIL(ENOTDIR, chdir, in_base(m, "open.txt"));
}

static void links(struct matrix *m)
{
	DO(linkat, m->dir, "open.txt", m->dir, "link-open.txt", 0);
	FAIL(EEXIST, linkat, m->dir, "open.txt", m->dir, "link-open.txt", 0);
	DO(symlinkat, "../open.txt", m->dir_a, "symlink-open.txt");
	DO(symlinkat, in_base(m, "dirA/openat.txt"), m->dir, "symlink-absolute.txt");
	DO(readlinkat, m->dir_a, "symlink-open.txt", m->buffer, BUFFER);
	FAIL(EINVAL, readlinkat, m->dir, "open.txt", m->buffer, BUFFER);
	DO(newfstatat, m->dir_a, "symlink-open.txt", m->buffer, 0);
	DO(newfstatat, m->dir_a, "symlink-open.txt", m->buffer, AT_SYMLINK_NOFOLLOW);
}

static void renames(struct matrix *m)
{
	DO(renameat2, m->dir, "head.bin", m->dir, "head-renamed.bin", RENAME_NOREPLACE);
	DO(renameat2, m->dir_a, "openat.txt", m->dir_a, "openat-renamed.txt", 0);
	FAIL(EEXIST, renameat2, m->dir, "open.txt", m->dir, "head-renamed.bin", RENAME_NOREPLACE);
	TRY(renameat2, m->dir_a, "node.txt", m->dir_a, "openat2.txt", RENAME_EXCHANGE);
#ifdef SYS_renameat
	DO(renameat, m->dir, "open.txt", m->dir_a, "moved.txt");
	DO(renameat, m->dir_a, "moved.txt", m->dir, "open-renamed.txt");
#else
	DO(renameat2, m->dir, "open.txt", m->dir, "open-renamed.txt", 0);
#endif
	FAIL(ENOENT, renameat2, m->dir, "no", m->dir, "no-either", 0);
}

static void metadata_written(struct matrix *m)
{
	const struct timespec times[2] = {{1600000000, 5}, {0, UTIME_NOW}};
	int fd = open_at(m, m->dir_a, "meta.txt", O_RDWR | O_CREAT);

	DO(fchmod, fd, 0600);
	DO(fchmodat, m->dir_a, "meta.txt", 0664);
	TRY(fchmodat2, m->dir_a, "meta.txt", 0640, 0);
	DO(fchown, fd, m->uid, m->gid);
	DO(fchownat, m->dir_a, "meta.txt", m->uid, m->gid, AT_SYMLINK_NOFOLLOW);
	DO(utimensat, m->dir_a, "meta.txt", times, 0);
	DO(utimensat, fd, NULL, NULL, 0);
	FAIL(ENOENT, fchmodat, m->dir, "no", 0600);
	FAIL(ENOENT, fchownat, m->dir, "no", m->uid, m->gid, 0);
	DO(close, fd);
}

static void descriptors(struct matrix *m)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 10};
	int fd = open_at(m, m->dir, "open-renamed.txt", O_RDWR), copy;
	uint64_t hint = RWH_WRITE_LIFE_SHORT;

	DO(fcntl, fd, F_SETLEASE, F_WRLCK); /* nobody else has it open */
	DO(fcntl, fd, F_GETLEASE);
	DO(fcntl, fd, F_SETLEASE, F_UNLCK);
	FAIL(EAGAIN, fcntl, fd, F_SETLEASE, F_UNLCK);
	copy = (int)DO(dup, fd);
	DO(lseek, copy, 2L, SEEK_SET); /* moves fd too */
	DO(read, fd, m->buffer, 10);
	DO(dup3, fd, copy + 5, O_CLOEXEC);
	DO(fcntl, fd, F_DUPFD_CLOEXEC, copy + 20);
	DO(fcntl, fd, F_GETFD);
	DO(fcntl, fd, F_SETFD, FD_CLOEXEC);
	DO(fcntl, fd, F_GETFL);
	TRY(fcntl, fd, F_SET_RW_HINT, &hint);
	TRY(fcntl, fd, F_GET_RW_HINT, m->buffer);
	DO(fcntl, fd, F_SETFL, O_APPEND);
	DO(fcntl, fd, F_SETLK, &lock);
	DO(fcntl, fd, F_GETLK, &lock);
	lock.l_type = F_UNLCK;
	DO(fcntl, fd, F_SETLK, &lock);
	FAIL(EBADF, fcntl, 999, F_GETFL);
	DO(fcntl, fd, F_SETOWN, 0);
	DO(fcntl, fd, F_GETOWN);
	DO(fcntl, fd, F_SETSIG, 0);
	DO(fcntl, fd, F_GETSIG);
	TRY(fcntl, m->dir, F_NOTIFY, 0); /* only where the kernel has that */
	TRY(fcntl, fd, F_NOTIFY, DN_CREATE);
	FAIL(EBADF, fcntl, fd, F_GETPIPE_SZ);
	FAIL(EBADF, fcntl, fd, F_SETPIPE_SZ, 4096);
	TRY(fcntl, fd, F_GET_SEALS); /* files in memory have some */
	TRY(fcntl, fd, F_ADD_SEALS, 0);
	FAIL(EINVAL, fcntl, fd, 9999);
	FAIL(EINVAL, flock, fd, LOCK_NB);
	DO(flock, fd, LOCK_EX | LOCK_NB);
	DO(flock, fd, LOCK_UN);
	DO(close_range, copy + 1, copy + 100, 0);
	DO(close, copy);
	DO(close, fd);
	FAIL(EBADF, fstat, copy + 5, m->buffer);
}

/* No file behind them, and numbers that files have before and after. */
static void other_descriptors(struct matrix *m)
{
	int p[2], s[2], file = open_at(m, m->dir, "open-renamed.txt", O_RDWR), fd, watch;
	struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "socket"};
	uint64_t mask = 1;

	DO(pipe2, p, O_CLOEXEC);
	DO(socketpair, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s);
	DO(write, p[1], "in", 2);
	DO(read, p[0], m->buffer, 10);
	DO(dup3, file, p[1], O_CLOEXEC); /* a file in place of the pipe */
	DO(write, p[1], "out", 3);
	DO(dup3, s[0], file, 0); /* a socket in place of the file */
	DO(close, p[0]);
	fd = open_at(m, m->dir, "open-renamed.txt", O_RDONLY); /* has the number of the pipe */
	DO(read, fd, m->buffer, 10);
	DO(close, fd);
	DO(close, p[1]);
	fd = (int)DO(eventfd2, 0, EFD_CLOEXEC);
	DO(close, fd);
	fd = (int)DO(signalfd4, -1, &mask, sizeof(mask), SFD_CLOEXEC);
	DO(close, fd);
	fd = (int)DO(timerfd_create, CLOCK_MONOTONIC, TFD_CLOEXEC);
	DO(close, fd);
	fd = (int)DO(epoll_create1, EPOLL_CLOEXEC);
	DO(close, fd);
	TRY(pidfd_open, getpid(), 0);
	fd = (int)DO(inotify_init1, IN_CLOEXEC);
	watch = (int)DO(inotify_add_watch, fd, m->base, IN_CREATE);
	DO(inotify_rm_watch, fd, watch);
	FAIL(EINVAL, inotify_rm_watch, fd, watch);
	FAIL(ENOENT, inotify_add_watch, fd, in_base(m, "no"), IN_CREATE);
	DO(close, fd);
	fd = (int)DO(memfd_create, "in memory", MFD_CLOEXEC);
	DO(write, fd, m->buffer, 100); /* of no file */
	DO(close, fd);
	FAIL(EINVAL, memfd_create, "in memory", ~0U);
	TRY(memfd_secret, ~0U);
	TRY(userfaultfd, ~0U);
	TRY(fanotify_init, ~0U, 0);
	TRY(fanotify_mark, 999, 1, 32L, m->dir, "dirA");
	TRY(quotactl, 0x80000700, NULL, 0, NULL);
	TRY(quotactl_fd, 999, 0x80000700, 0, NULL);
	TRY(statmount, NULL, m->buffer, BUFFER, 0);
	TRY(listmount, NULL, m->buffer, 10, 0);
	TRY(bpf, -1, NULL, 0);
	TRY(perf_event_open, NULL, 0, -1, -1, 0);
	fd = (int)DO(socket, AF_UNIX, SOCK_STREAM, 0);
	DO(bind, fd, &name, sizeof(name)); /* the working directory is known */
	DO(newfstatat, AT_FDCWD, name.sun_path, m->buffer, 0);
	FAIL(EADDRINUSE, bind, file, &name, sizeof(name));
	FAIL(EINVAL, accept4, fd, NULL, NULL, 0);
	FAIL(EINVAL, accept, fd, NULL, NULL);
	DO(close, fd);
#ifdef SYS_open
	DO(pipe, p);
	DO(close, p[0]);
	DO(close, p[1]);
	fd = (int)DO(eventfd, 0);
	DO(close, fd);
	fd = (int)DO(signalfd, -1, &mask, sizeof(mask));
	DO(close, fd);
	fd = (int)DO(epoll_create, 1);
	DO(close, fd);
	FAIL(EFAULT, pipe, NULL);
#endif
	DO(close, s[0]);
	DO(close, s[1]);
	DO(close, file);
}

/* Sent to itself: what comes back shares the offset. The record of sendmsg has no result to log. */
static void passed_descriptors(struct matrix *m)
{
	int file = open_at(m, m->dir, "open-renamed.txt", O_RDWR), s[2], pidfd, fd;
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {.head = {CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS}};
	struct iovec iov = {m->buffer, 1};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
		.msg_controllen = sizeof(control)};

	DO(socketpair, AF_UNIX, SOCK_DGRAM, 0, s);
	memcpy(CMSG_DATA(&control.head), &file, sizeof(file));
	if (syscall(SYS_sendmsg, s[0], &msg, 0) != 1)
		m->wrong++;
	DO(lseek, file, 3L, SEEK_SET);
	DO(recvmsg, s[1], &msg, MSG_CMSG_CLOEXEC);
	memcpy(&fd, CMSG_DATA(&control.head), sizeof(fd));
	DO(read, fd, m->buffer, 5);
	DO(read, file, m->buffer, 5);
	DO(close, fd);
	pidfd = (int)DO(pidfd_open, getpid(), 0);
	fd = (int)TRY(pidfd_getfd, pidfd, file, 0);
	if (fd >= 0) {
		DO(read, fd, m->buffer, 5);
		DO(close, fd);
	}
	FAIL(EBADF, pidfd_getfd, 999, file, 0);
	DO(close, pidfd);
	DO(close, s[0]);
	DO(close, s[1]);
	DO(close, file);
}

static void handles(struct matrix *m)
{
	struct {
		struct file_handle head;
		char bytes[MAX_HANDLE_SZ];
	} h = {.head = {.handle_bytes = MAX_HANDLE_SZ}};
	int fd, mount;

	TRY(name_to_handle_at, m->dir, "open-renamed.txt", &h, &mount, 0);
	fd = (int)TRY(open_by_handle_at, m->dir, &h, O_RDONLY); /* only root may */
	if (fd >= 0) {
		DO(read, fd, m->buffer, 10);
		DO(close, fd);
	}
	h.head.handle_bytes = 0;
	TRY(name_to_handle_at, m->dir, "open-renamed.txt", &h, &mount, 0);
	FAIL(ENOENT, name_to_handle_at, m->dir, "no", &h, &mount, 0);
	FAIL(EBADF, name_to_handle_at, 999, "no", &h, &mount, 0);
}

static void removals(struct matrix *m)
{
	int fd = open_at(m, m->dir_a, "gone.txt", O_RDWR | O_CREAT);

	DO(unlinkat, m->dir_a, "gone.txt", 0);
	DO(write, fd, m->buffer, 100); /* has no name any more */
	DO(lseek, fd, 0L, SEEK_SET);
	DO(read, fd, m->buffer, 100);
	DO(close, fd);
	FAIL(ENOENT, unlinkat, m->dir_a, "gone.txt", 0);
}

/* Which of them work depends on the file system; what fails must fail again. */
static void attributes(struct matrix *m)
{
	char *name = (char *)in_base(m, "dirA/attributes.txt");
	int fd = open_at(m, m->dir_a, "attributes.txt", O_RDWR | O_CREAT);
	struct {
		uint64_t value;
		uint32_t size, flags;
	} value = {(uintptr_t)m->buffer, 20, 0};
	uint64_t plain[3] = {0}; /* struct file_attr without any flag */

	TRY(setxattr, name, "user.one", m->buffer, 100, XATTR_CREATE);
	TRY(lsetxattr, name, "user.two", m->buffer, 0, 0);
	TRY(fsetxattr, fd, "user.one", m->buffer, 50, XATTR_REPLACE);
	TRY(fsetxattr, fd, "user.one", m->buffer, 50, XATTR_CREATE);
	TRY(getxattr, name, "user.one", m->buffer, BUFFER);
	TRY(lgetxattr, name, "user.two", m->buffer, BUFFER);
	TRY(fgetxattr, fd, "user.one", m->buffer, 10);
	TRY(fgetxattr, fd, "system.posix_acl_access", m->buffer, BUFFER);
	TRY(listxattr, name, m->buffer, BUFFER);
	TRY(llistxattr, name, m->buffer, 0);
	TRY(flistxattr, fd, m->buffer, 3);
	TRY(removexattr, name, "user.one");
	TRY(lremovexattr, name, "user.two");
	TRY(fremovexattr, fd, "user.two");
	TRY(flistxattr, fd, m->buffer, BUFFER);
	FAIL(ENOENT, getxattr, in_base(m, "no"), "user.one", m->buffer, BUFFER);
	TRY(setxattrat, m->dir_a, "attributes.txt", 0, "user.three", &value, sizeof(value));
	TRY(setxattrat, fd, "", AT_EMPTY_PATH, "user.four", &value, sizeof(value));
	value.flags = XATTR_REPLACE;
	TRY(setxattrat, m->dir_a, "attributes.txt", AT_SYMLINK_NOFOLLOW, "user.five", &value, sizeof(value));
	value.flags = 0;
	TRY(getxattrat, m->dir_a, "attributes.txt", 0, "user.three", &value, sizeof(value));
	TRY(getxattrat, m->dir_a, "no", 0, "user.three", &value, sizeof(value));
	TRY(listxattrat, m->dir_a, "attributes.txt", 0, m->buffer, BUFFER);
	TRY(listxattrat, 999, "attributes.txt", 0, m->buffer, BUFFER);
	TRY(removexattrat, m->dir_a, "attributes.txt", 0, "user.three");
	TRY(removexattrat, m->dir_a, "attributes.txt", 0, "user.three");
	TRY(file_getattr, m->dir_a, "attributes.txt", m->buffer, 24, 0);
	TRY(file_getattr, m->dir_a, "no", m->buffer, 24, 0);
	TRY(file_setattr, m->dir_a, "attributes.txt", plain, sizeof(plain), AT_SYMLINK_NOFOLLOW);
	TRY(file_setattr, fd, "", plain, sizeof(plain), AT_EMPTY_PATH);
	TRY(file_setattr, m->dir_a, "no", plain, sizeof(plain), 0);
	TRY(file_setattr, m->dir_a, "attributes.txt", plain, 8, 0);
	DO(close, fd);
}

/* Calls that x86_64 still has and newer architectures never had. */
#ifdef SYS_open
static void old_files(struct matrix *m)
{
	struct utimbuf stamp = {1500000000, 1500000000};
	struct timeval times[2] = {{1500000000, 1}, {1500000000, 2}};
	int fd = (int)DO(creat, in_base(m, "creat.txt"), 0644);

	DO(write, fd, "four\n", 5);
	DO(dup2, fd, 60);
	DO(close, 60);
	DO(close, fd);
	fd = (int)DO(open, in_base(m, "creat.txt"), O_RDONLY);
	DO(read, fd, m->buffer, 100);
	DO(close, fd);
	FAIL(ENOENT, open, in_base(m, "no"), O_RDONLY);
	DO(stat, in_base(m, "creat.txt"), m->buffer);
	DO(lstat, in_base(m, "symlink-absolute.txt"), m->buffer);
	DO(access, in_base(m, "creat.txt"), R_OK);
	DO(chmod, in_base(m, "creat.txt"), 0600);
	DO(chown, in_base(m, "creat.txt"), m->uid, m->gid);
	DO(lchown, in_base(m, "symlink-absolute.txt"), m->uid, m->gid);
	DO(utime, in_base(m, "creat.txt"), &stamp);
	DO(utimes, in_base(m, "creat.txt"), times);
	DO(futimesat, m->dir, "creat.txt", times);
}

static void old_names(struct matrix *m)
{
	DO(mkdir, in_base(m, "dirB"), 0755);
	DO(rmdir, in_base(m, "dirB"));
	DO(rmdir, in_base(m, "emptydir"));
	DO(mkdir, in_base(m, "emptydir"), 0755);
	DO(mknod, in_base(m, "dirA/old-fifo"), S_IFIFO | 0600, 0);
	DO(link, in_base(m, "creat.txt"), in_base(m, "creat-link.txt"));
	DO(symlink, "creat.txt", in_base(m, "creat-symlink.txt"));
	DO(readlink, in_base(m, "creat-symlink.txt"), m->buffer, BUFFER);
	DO(rename, in_base(m, "creat-link.txt"), in_base(m, "creat-renamed.txt"));
	DO(unlink, in_base(m, "dirA/old-fifo"));
	FAIL(ENOTDIR, rmdir, in_base(m, "creat.txt"));
	FAIL(EISDIR, unlink, in_base(m, "emptydir"));
}
#endif

/* --- io_uring: what the ring does is logged behind the call that had it done --- */

struct uring {
	int fd;
	struct io_uring_params p;
	char *queues;
	struct io_uring_sqe *sqes;
};

static unsigned *in_uring(const struct uring *r, unsigned offset)
{
	return (unsigned *)(void *)(r->queues + offset);
}

static int uring_open(struct matrix *m, struct uring *r)
{
	size_t len;

	r->fd = (int)TRY(io_uring_setup, 8, &r->p);
	if (r->fd < 0)
		return -1;
	len = r->p.cq_off.cqes + r->p.cq_entries * sizeof(struct io_uring_cqe);
	if (len < r->p.sq_off.array + r->p.sq_entries * sizeof(unsigned))
		len = r->p.sq_off.array + r->p.sq_entries * sizeof(unsigned);
	r->queues = (void *)DO(mmap, NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd, IORING_OFF_SQ_RING);
	r->sqes = (void *)DO(mmap, NULL, r->p.sq_entries * sizeof(*r->sqes), PROT_READ | PROT_WRITE, MAP_SHARED,
		r->fd, IORING_OFF_SQES);
	return r->queues == MAP_FAILED || r->sqes == MAP_FAILED ? -1 : 0;
}

/* One submission, and its result. */
static long uring_do(struct matrix *m, struct uring *r, const char *name, int expect,
	const struct io_uring_sqe *sqe)
{
	unsigned *tail = in_uring(r, r->p.sq_off.tail), *head = in_uring(r, r->p.cq_off.head);
	unsigned index = *tail % r->p.sq_entries;
	const struct io_uring_cqe *cqe;
	long result;

	r->sqes[index] = *sqe;
	in_uring(r, r->p.sq_off.array)[index] = index;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	DO(io_uring_enter, r->fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0);
	cqe = (const struct io_uring_cqe *)(const void *)(r->queues + r->p.cq_off.cqes) +
	      *head % r->p.cq_entries;
	result = cqe->res;
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	errno = result < 0 ? (int)-result : 0;
	return note(m, name, expect, result < 0 ? -1 : result);
}

#define FIXED_FD_INSTALL 54 /* IORING_OP_FIXED_FD_INSTALL */

#define ASK(expect, name, ...)                                                                     \
	uring_do(m, r, "uring_" #name, expect, &(const struct io_uring_sqe){__VA_ARGS__})

/* Not every file system has attributes of users. */
static void uring_attributes(struct matrix *m, struct uring *r, int fd)
{
	uint64_t name = (uintptr_t)"user.ring", at = (uintptr_t)m->buffer, none = (uintptr_t)"none/x";
	uint64_t file = (uintptr_t)"uring.txt";

	ASK(ANY, fsetxattr, .opcode = IORING_OP_FSETXATTR, .fd = fd, .addr = name, .addr2 = at, .len = 10);
	ASK(ANY, fgetxattr, .opcode = IORING_OP_FGETXATTR, .fd = fd, .addr = name, .addr2 = at, .len = BUFFER);
	ASK(EBADF, fsetxattr, .opcode = IORING_OP_FSETXATTR, .fd = -1, .addr = name, .addr2 = at, .len = 1);
	ASK(EBADF, fgetxattr, .opcode = IORING_OP_FGETXATTR, .fd = -1, .addr = name, .addr2 = at, .len = 1);
	ASK(ANY, setxattr, .opcode = IORING_OP_SETXATTR, .addr3 = file, .addr = name, .addr2 = at, .len = 20,
		.xattr_flags = XATTR_REPLACE);
	ASK(ANY, getxattr, .opcode = IORING_OP_GETXATTR, .addr3 = file, .addr = name, .addr2 = at, .len = 15);
	ASK(ENOENT, setxattr, .opcode = IORING_OP_SETXATTR, .addr3 = none, .addr = name, .addr2 = at, .len = 1);
	ASK(ENOENT, getxattr, .opcode = IORING_OP_GETXATTR, .addr3 = none, .addr = name);
}

/* From a file into a pipe, and from there into another file; between files there is no splice. */
static void uring_splices(struct matrix *m, struct uring *r, int fd)
{
	int to = (int)ASK(FINE, openat, .opcode = IORING_OP_OPENAT, .fd = m->dir,
		.addr = (uintptr_t)"uring-spliced.txt", .open_flags = O_WRONLY | O_CREAT, .len = 0644);
	int ends[2] = {-1, -1};

	DO(pipe2, ends, O_CLOEXEC);
	ASK(FINE, splice, .opcode = IORING_OP_SPLICE, .fd = ends[1], .off = -1ull, .splice_fd_in = fd,
		.splice_off_in = 100, .len = 3000, .splice_flags = SPLICE_F_MOVE);
	ASK(FINE, splice, .opcode = IORING_OP_SPLICE, .fd = to, .off = 50, .splice_fd_in = ends[0],
		.splice_off_in = -1ull, .len = 4096);
	ASK(EINVAL, splice, .opcode = IORING_OP_SPLICE, .fd = to, .off = 50, .splice_fd_in = fd,
		.splice_off_in = -1ull, .len = 4096);
	ASK(EBADF, splice, .opcode = IORING_OP_SPLICE, .fd = -1, .off = -1ull, .splice_fd_in = -1,
		.splice_off_in = -1ull, .len = 1);
	DO(close, ends[0]);
	DO(close, ends[1]);
	ASK(FINE, close, .opcode = IORING_OP_CLOSE, .fd = to);
}

/* In slots 0 and 1: FD, and back out of there by another number. Kernels before 6.8 do not know that. */
static void uring_slots(struct matrix *m, struct uring *r, int fd)
{
	int32_t files[2] = {fd, -2}, bad = 999;
	int other;

	ASK(FINE, files_update, .opcode = IORING_OP_FILES_UPDATE, .addr = (uintptr_t)files, .len = 2);
	ASK(EINVAL, files_update, .opcode = IORING_OP_FILES_UPDATE, .addr = (uintptr_t)files, .len = 2, .off = 1);
	other = (int)ASK(ANY, fixed_fd_install, .opcode = FIXED_FD_INSTALL, .flags = IOSQE_FIXED_FILE, .fd = 0);
	ASK(ANY, fixed_fd_install, .opcode = FIXED_FD_INSTALL, .flags = IOSQE_FIXED_FILE, .fd = 7);
	if (other >= 0) {
		ASK(FINE, write, .opcode = IORING_OP_WRITE, .fd = other, .addr = (uintptr_t)m->buffer, .len = 10, .off = 3);
		ASK(FINE, close, .opcode = IORING_OP_CLOSE, .fd = other);
	}
	ASK(FINE, fsync, .opcode = IORING_OP_FSYNC, .flags = IOSQE_FIXED_FILE, .fd = 0);
	ASK(EBADF, files_update, .opcode = IORING_OP_FILES_UPDATE, .addr = (uintptr_t)&bad, .len = 1);
	ASK(EBADF, fsync, .opcode = IORING_OP_FSYNC, .flags = IOSQE_FIXED_FILE, .fd = 0); /* the slot is free now */
}

static void uring_bytes(struct matrix *m, struct uring *r)
{
	struct iovec two[2] = {{m->buffer, 100}, {m->buffer + 200, 300}};
	uint64_t at = (uintptr_t)m->buffer, vector = (uintptr_t)two;
	struct iovec whole = {m->buffer, BUFFER};
	int files[2] = {-1, -1};
	int fd = (int)ASK(FINE, openat, .opcode = IORING_OP_OPENAT, .fd = m->dir,
		.addr = (uintptr_t)"uring.txt", .open_flags = O_RDWR | O_CREAT, .len = 0644);

	ASK(FINE, nop, .opcode = IORING_OP_NOP);
	ASK(FINE, write, .opcode = IORING_OP_WRITE, .fd = fd, .addr = at, .len = 5000);
	ASK(FINE, read, .opcode = IORING_OP_READ, .fd = fd, .addr = at, .len = BUFFER);
	ASK(FINE, writev, .opcode = IORING_OP_WRITEV, .fd = fd, .addr = vector, .len = 2, .off = 9000);
	ASK(FINE, readv, .opcode = IORING_OP_READV, .fd = fd, .addr = vector, .len = 2, .off = 8900);
	ASK(EBADF, read, .opcode = IORING_OP_READ, .fd = -1, .addr = at, .len = 1);
	ASK(EBADF, write, .opcode = IORING_OP_WRITE, .fd = -1, .addr = at, .len = 1);
	ASK(EBADF, readv, .opcode = IORING_OP_READV, .fd = -1, .addr = vector, .len = 1);
	ASK(EBADF, writev, .opcode = IORING_OP_WRITEV, .fd = -1, .addr = vector, .len = 1);
	files[1] = fd;
	DO(io_uring_register, r->fd, IORING_REGISTER_FILES, files, 2);
	note(m, "uring_file", FINE, 0);
	DO(io_uring_register, r->fd, IORING_REGISTER_BUFFERS, &whole, 1);
	ASK(FINE, read, .opcode = IORING_OP_READ_FIXED, .flags = IOSQE_FIXED_FILE, .fd = 1, .addr = at,
		.len = BUFFER);
	ASK(EBADF, read, .opcode = IORING_OP_READ_FIXED, .flags = IOSQE_FIXED_FILE, .fd = 0,
		.addr = at, .len = 1);
	FAIL(EBUSY, io_uring_register, r->fd, IORING_REGISTER_FILES, files, 2);
	ASK(FINE, fsync, .opcode = IORING_OP_FSYNC, .fd = fd);
	ASK(FINE, fdatasync, .opcode = IORING_OP_FSYNC, .fd = fd,
		.fsync_flags = IORING_FSYNC_DATASYNC);
	ASK(EBADF, fsync, .opcode = IORING_OP_FSYNC, .fd = -1);
	ASK(EBADF, fdatasync, .opcode = IORING_OP_FSYNC, .fd = -1,
		.fsync_flags = IORING_FSYNC_DATASYNC);
	ASK(FINE, sync_file_range, .opcode = IORING_OP_SYNC_FILE_RANGE, .fd = fd, .len = 4096,
		.sync_range_flags = SYNC_FILE_RANGE_WRITE);
	ASK(EBADF, sync_file_range, .opcode = IORING_OP_SYNC_FILE_RANGE, .fd = -1);
	ASK(ANY, fallocate, .opcode = IORING_OP_FALLOCATE, .fd = fd, .off = 10000, .addr = 4096);
	ASK(EBADF, fallocate, .opcode = IORING_OP_FALLOCATE, .fd = -1, .addr = 1);
	ASK(FINE, fadvise64, .opcode = IORING_OP_FADVISE, .fd = fd,
		.fadvise_advice = POSIX_FADV_RANDOM);
	ASK(EBADF, fadvise64, .opcode = IORING_OP_FADVISE, .fd = -1);
	ASK(ANY, ftruncate, .opcode = 55, .fd = fd, .off = 9050); /* since Linux 6.9 */
	uring_attributes(m, r, fd);
	uring_splices(m, r, fd);
	uring_slots(m, r, fd);
	ASK(FINE, close, .opcode = IORING_OP_CLOSE, .fd = fd);
	ASK(EBADF, close, .opcode = IORING_OP_CLOSE, .fd = fd);
}

static void uring_names(struct matrix *m, struct uring *r)
{
	struct open_how how = {.flags = O_RDWR | O_CREAT, .mode = 0600, .resolve = RESOLVE_BENEATH};
	uint64_t a = (uintptr_t)"uring-a", b = (uintptr_t)"uring-b", none = (uintptr_t)"none/x";
	struct statx stx;
	int fd;

	fd = (int)ASK(FINE, openat2, .opcode = IORING_OP_OPENAT2, .fd = m->dir, .addr = a,
		.addr2 = (uintptr_t)&how, .len = sizeof(how));
	ASK(ENOENT, openat2, .opcode = IORING_OP_OPENAT2, .fd = m->dir, .addr = none,
		.addr2 = (uintptr_t)&how, .len = sizeof(how));
	ASK(FINE, close, .opcode = IORING_OP_CLOSE, .fd = fd);
	ASK(ENOENT, openat, .opcode = IORING_OP_OPENAT, .fd = m->dir, .addr = none);
	ASK(FINE, statx, .opcode = IORING_OP_STATX, .fd = m->dir, .addr = a, .len = STATX_ALL,
		.addr2 = (uintptr_t)&stx);
	ASK(ENOENT, statx, .opcode = IORING_OP_STATX, .fd = m->dir, .addr = b, .len = STATX_ALL,
		.addr2 = (uintptr_t)&stx);
	ASK(FINE, linkat, .opcode = IORING_OP_LINKAT, .fd = m->dir, .addr = a,
		.len = (unsigned)m->dir_a, .addr2 = b);
	ASK(EEXIST, linkat, .opcode = IORING_OP_LINKAT, .fd = m->dir, .addr = a,
		.len = (unsigned)m->dir_a, .addr2 = b);
	ASK(FINE, renameat, .opcode = IORING_OP_RENAMEAT, .fd = m->dir_a, .addr = b,
		.len = (unsigned)m->dir, .addr2 = b);
	ASK(ENOENT, renameat, .opcode = IORING_OP_RENAMEAT, .fd = m->dir_a, .addr = b,
		.len = (unsigned)m->dir, .addr2 = b);
	ASK(FINE, unlinkat, .opcode = IORING_OP_UNLINKAT, .fd = m->dir, .addr = b);
	ASK(ENOENT, unlinkat, .opcode = IORING_OP_UNLINKAT, .fd = m->dir, .addr = b);
	ASK(FINE, mkdirat, .opcode = IORING_OP_MKDIRAT, .fd = m->dir, .addr = b, .len = 0755);
	ASK(EEXIST, mkdirat, .opcode = IORING_OP_MKDIRAT, .fd = m->dir, .addr = b, .len = 0755);
	ASK(FINE, unlinkat, .opcode = IORING_OP_UNLINKAT, .fd = m->dir, .addr = b,
		.unlink_flags = AT_REMOVEDIR);
	ASK(FINE, symlinkat, .opcode = IORING_OP_SYMLINKAT, .fd = m->dir, .addr = a, .addr2 = b);
	ASK(EEXIST, symlinkat, .opcode = IORING_OP_SYMLINKAT, .fd = m->dir, .addr = a, .addr2 = b);
}

/* The same of what a ring does; a path is in ADDR but for symlinkat. */
static void uring_refuse(struct matrix *m, struct uring *r, int expect, int dir, const char *path)
{
	const uint64_t at = (uintptr_t)path, new = (uintptr_t)"refused-new", out = (uintptr_t)m->buffer;
	struct open_how how = {.flags = O_RDONLY};
	const unsigned to = (unsigned)m->dir;

	ASK(expect, openat, .opcode = IORING_OP_OPENAT, .fd = dir, .addr = at);
	ASK(expect, openat2, .opcode = IORING_OP_OPENAT2, .fd = dir, .addr = at, .addr2 = (uintptr_t)&how, .len = sizeof(how));
	ASK(expect, statx, .opcode = IORING_OP_STATX, .fd = dir, .addr = at, .len = STATX_ALL, .addr2 = out);
	ASK(expect, unlinkat, .opcode = IORING_OP_UNLINKAT, .fd = dir, .addr = at);
	ASK(expect, mkdirat, .opcode = IORING_OP_MKDIRAT, .fd = dir, .addr = at, .len = 0755);
	ASK(expect, renameat, .opcode = IORING_OP_RENAMEAT, .fd = dir, .addr = at, .len = to, .addr2 = new);
	ASK(expect, linkat, .opcode = IORING_OP_LINKAT, .fd = dir, .addr = at, .len = to, .addr2 = new);
	ASK(expect, symlinkat, .opcode = IORING_OP_SYMLINKAT, .fd = dir, .addr = new, .addr2 = at);
}

static void uring_refusals(struct matrix *m, struct uring *r)
{
	const int file = open_at(m, m->dir, "open-renamed.txt", O_RDONLY);

	uring_refuse(m, r, ELOOP, m->dir, "refused-loop/x");
	uring_refuse(m, r, ENOTDIR, m->dir, "open-renamed.txt/x");
	uring_refuse(m, r, EFAULT, m->dir, NOWHERE);
	uring_refuse(m, r, EBADF, 999, "x");
	uring_refuse(m, r, ENOTDIR, file, "x");
	DO(close, file);
}

static void rings(struct matrix *m)
{
	struct uring ring = {.fd = -1}, *r = &ring;

	if (uring_open(m, r)) {
		fprintf(stderr, "syscall_matrix: io_uring is left out: %s\n", strerror(errno));
		return;
	}
	uring_bytes(m, r);
	uring_names(m, r);
	uring_refusals(m, r);
	FAIL(EFAULT, io_uring_setup, 8, NULL);
	FAIL(EBADF, io_uring_enter, -1, 1, 0, 0, NULL, 0);
	DO(close, r->fd);
}

/* --- what each kind of argument is refused for --- */

/*
 * The arguments, a letter each: d directory, p path that is refused, o a file, n a name that is free, f flags,
 * b buffer, B its length, a name of an attribute, s struct xattr_args, file_attr or file_handle, S its size, h struct open_how, H its
 * size, k mode of a node, i nobody's id.
 */
static const struct refusal {
	const char *name;
	long nr;
	const char *args;
} refusals[] = {
#define REFUSAL(name, args) {#name, SYS_##name, args}
	REFUSAL(openat, "dp00"), REFUSAL(openat2, "dphH"), REFUSAL(mkdirat, "dp0"), REFUSAL(mknodat, "dpk0"),
	REFUSAL(unlinkat, "dpf"), REFUSAL(renameat2, "dpdnf"), REFUSAL(renameat2, "dodpf"), REFUSAL(linkat, "dpdnf"),
	REFUSAL(linkat, "dodpf"), REFUSAL(symlinkat, "odp"), REFUSAL(readlinkat, "dpbB"), REFUSAL(newfstatat, "dpbf"),
	REFUSAL(statx, "dpf0b"), REFUSAL(faccessat, "dp0"), REFUSAL(faccessat2, "dp0f"), REFUSAL(fchmodat, "dp0"),
	REFUSAL(fchmodat2, "dp0f"), REFUSAL(fchownat, "dpiif"), REFUSAL(utimensat, "dp0f"), REFUSAL(chdir, "p"),
	REFUSAL(name_to_handle_at, "dpsbf"), REFUSAL(truncate, "p0"), REFUSAL(statfs, "pb"), REFUSAL(setxattr, "pabB0"), REFUSAL(lsetxattr, "pabB0"),
	REFUSAL(getxattr, "pabB"), REFUSAL(lgetxattr, "pabB"), REFUSAL(listxattr, "pbB"), REFUSAL(llistxattr, "pbB"),
	REFUSAL(removexattr, "pa"), REFUSAL(lremovexattr, "pa"), REFUSAL(setxattrat, "dpfasS"),
	REFUSAL(getxattrat, "dpfasS"), REFUSAL(listxattrat, "dpfbB"), REFUSAL(removexattrat, "dpfa"),
	REFUSAL(file_getattr, "dpsSf"), REFUSAL(file_setattr, "dpsSf"),
#ifdef SYS_renameat
	REFUSAL(renameat, "dpdn"), REFUSAL(renameat, "dodp"),
#endif
#ifdef SYS_open
	REFUSAL(open, "p00"), REFUSAL(creat, "p0"), REFUSAL(stat, "pb"), REFUSAL(lstat, "pb"), REFUSAL(access, "p0"),
	REFUSAL(mkdir, "p0"), REFUSAL(mknod, "pk0"), REFUSAL(rmdir, "p"), REFUSAL(unlink, "p"), REFUSAL(rename, "pn"),
	REFUSAL(rename, "op"), REFUSAL(link, "pn"), REFUSAL(link, "op"), REFUSAL(symlink, "op"), REFUSAL(readlink, "pbB"),
	REFUSAL(chmod, "p0"), REFUSAL(chown, "pii"), REFUSAL(lchown, "pii"), REFUSAL(utime, "p0"), REFUSAL(utimes, "p0"),
	REFUSAL(futimesat, "dp0"),
#endif
};

static long refused_arg(struct matrix *m, char letter, int dir, const char *path, long flags)
{
	static struct open_how how;
	static uint64_t value[3]; /* a struct of zeroes */

	switch (letter) {
	case 'd':
		return dir;
	case 'p':
		return (long)path;
	case 'o':
		return (long)"open-renamed.txt";
	case 'n':
		return (long)"refused-new";
	case 'f':
		return flags;
	case 'b':
		return (long)m->buffer;
	case 'B':
		return BUFFER;
	case 'a':
		return (long)"user.refused";
	case 'h':
		return (long)&how;
	case 'H':
		return sizeof(how);
	case 's':
		return (long)value;
	case 'S':
		return sizeof(value);
	case 'k':
		return S_IFREG | 0600;
	case 'i':
		return -1;
	default:
		return 0;
	}
}

static void refuse(struct matrix *m, const struct refusal *r, int expect, int dir, const char *path, long flags)
{
	long a[6] = {0}, result;
	size_t i;

	for (i = 0; r->args[i]; i++)
		a[i] = refused_arg(m, r->args[i], dir, path, flags);
	result = syscall(r->nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	note(m, r->name, result < 0 && errno == ENOSYS ? ANY : expect, result); /* of a newer kernel */
}

static void refused_names(struct matrix *m)
{
	const int file = open_at(m, m->dir, "open-renamed.txt", O_RDONLY);
	char too_long[TOO_LONG + 1] = "";
	const struct refusal *r;
	size_t i;

	memset(too_long, 'a', TOO_LONG);
	DO(symlinkat, "refused-loop", m->dir, "refused-loop");
	DO(mkdirat, m->dir, "refused-dir", 0);
	for (i = 0; i < sizeof(refusals) / sizeof(*refusals); i++) {
		r = &refusals[i];
		refuse(m, r, ENAMETOOLONG, m->dir, too_long, 0);
		refuse(m, r, ELOOP, m->dir, "refused-loop/x", 0);
		refuse(m, r, ENOTDIR, m->dir, "open-renamed.txt/x", 0);
		refuse(m, r, EFAULT, m->dir, NOWHERE, 0);
		if (geteuid() != 0)
			refuse(m, r, EACCES, m->dir, "refused-dir/x", 0);
		if (strchr(r->args, 'd')) {
			refuse(m, r, EBADF, 999, "x", 0);
			refuse(m, r, ENOTDIR, file, "x", 0);
		}
		if (strchr(r->args, 'f'))
			refuse(m, r, EINVAL, m->dir, "open-renamed.txt", 1 << 30);
	}
	DO(unlinkat, m->dir, "refused-dir", AT_REMOVEDIR);
	DO(close, file);
}

/* Vectors that cannot be read, ones whose memory is not there, and flags of their own. */
static void refused_vectors(struct matrix *m)
{
	const int fd = open_at(m, m->dir, "vectors.bin", O_RDWR | O_CREAT);
	struct iovec lost = {NOWHERE, 100}, good = {m->buffer, 100}, *most = most_segments(m);
	struct iovec *none = (struct iovec *)(void *)NOWHERE;

	DO(pwritev2, fd, &good, 1, 0L, 0, RWF_DSYNC);
	DO(pwritev2, fd, &good, 1, 100L, 0, RWF_SYNC);
	DO(pwritev2, fd, &good, 1, 0L, 0, RWF_APPEND);
	TRY(preadv2, fd, &good, 1, 0L, 0, RWF_NOWAIT);
	FAIL(EOPNOTSUPP, preadv2, fd, &good, 1, 0L, 0, 1 << 30);
	FAIL(EOPNOTSUPP, pwritev2, fd, &good, 1, 0L, 0, 1 << 30);
	FAIL(EFAULT, readv, fd, none, 2);
	FAIL(EFAULT, writev, fd, none, 2);
	FAIL(EFAULT, preadv, fd, none, 2, 0L, 0);
	FAIL(EFAULT, pwritev, fd, none, 2, 0L, 0);
	FAIL(EFAULT, preadv2, fd, none, 2, 0L, 0, 0);
	FAIL(EFAULT, pwritev2, fd, none, 2, 0L, 0, 0);
	FAIL(EFAULT, readv, fd, &lost, 1);
	FAIL(EFAULT, writev, fd, &lost, 1);
	FAIL(EFAULT, preadv, fd, &lost, 1, 0L, 0);
	FAIL(EFAULT, pwritev, fd, &lost, 1, 0L, 0);
	FAIL(EFAULT, preadv2, fd, &lost, 1, 0L, 0, 0);
	FAIL(EFAULT, pwritev2, fd, &lost, 1, 0L, 0, 0);
	DO(pwritev, fd, most, IOV_MOST, 0L, 0);
	DO(preadv, fd, most, IOV_MOST, 0L, 0);
	FAIL(EINVAL, pwritev, fd, most, IOV_MOST + 1, 0L, 0);
	FAIL(EINVAL, readv, fd, most + IOV_MOST - 1, -1);
	FAIL(EINVAL, writev, fd, most, 5000);
	FAIL(EINVAL, preadv, fd, &good, 1, -5L, 0);
	FAIL(EINVAL, pwritev, fd, &good, 1, -5L, 0);
	FAIL(EFAULT, vmsplice, fd, none, 1, 0);
	DO(close, fd);
}

static void run(struct matrix *m)
{
	make_base(m);
	data_by_offset(m);
	sizes(m);
	maps(m);
	maps_moved(m);
	copies(m);
	commands(m);
	asynchronous(m);
	opens(m);
	metadata_read(m);
	directories(m);
	links(m);
	renames(m);
	metadata_written(m);
	attributes(m);
	descriptors(m);
	other_descriptors(m);
	passed_descriptors(m);
	handles(m);
	removals(m);
	refused_names(m);
	refused_vectors(m);
	rings(m);
#ifdef SYS_open
	old_files(m);
	old_names(m);
#endif
	DO(close, m->dir_a);
	DO(close, m->dir);
}

static int write_file(const char *path, const char *suffix, const char *text)
{
	char name[4096];
	FILE *f;

	snprintf(name, sizeof(name), "%s%s", path, suffix);
	f = fopen(name, "w");
	if (!f || fputs(text, f) == EOF || fclose(f)) {
		fprintf(stderr, "syscall_matrix: %s: %s\n", name, strerror(errno));
		return -1;
	}
	return 0;
}

/*
 * Waits for GO_FILE to be made. It is looked for by name only once, and then waited for with
 * inotify(7): a name that somebody else makes while a program polls for it is a difference that no
 * replay of this program alone can have.
 */
static int wait_for(const char *go_file)
{
	char directory[4096], events[8192];
	const char *slash = strrchr(go_file, '/');
	const char *name = slash ? slash + 1 : go_file;
	const struct inotify_event *event;
	ssize_t got, at;
	int fd = inotify_init1(IN_CLOEXEC);

	snprintf(directory, sizeof(directory), "%.*s", slash ? (int)(slash - go_file) : 1,
		slash ? go_file : ".");
	if (fd < 0 || inotify_add_watch(fd, directory, IN_CREATE | IN_MOVED_TO) < 0) {
		fprintf(stderr, "syscall_matrix: %s: %s\n", directory, strerror(errno));
		return -1;
	}
	if (access(go_file, F_OK) == 0)
		return 0;
	while ((got = read(fd, events, sizeof(events))) > 0) {
		for (at = 0; at < got; at += (ssize_t)(sizeof(*event) + event->len)) {
			event = (const void *)(events + at);
			if (event->len && strcmp(event->name, name) == 0)
				return close(fd);
		}
	}
	return -1;
}

int main(int argc, char **argv)
{
	struct matrix m = {.base = NULL};
	const struct passwd *user;
	char pid[32];

	if (argc != 5) {
		fprintf(stderr, "usage: syscall_matrix PID_FILE GO_FILE BASE_DIR USER\n");
		return 2;
	}
	user = getpwnam(argv[4]);
	if (!user) {
		fprintf(stderr, "syscall_matrix: there is no user %s\n", argv[4]);
		return 2;
	}
	m.base = argv[3];
	m.uid = user->pw_uid;
	m.gid = user->pw_gid;
	m.log_stream = open_memstream(&m.log, &m.log_size);
	snprintf(pid, sizeof(pid), "%-10d\n", (int)getpid()); /* as long each time */
	if (!m.log_stream || write_file(argv[1], "", pid) || wait_for(argv[2]))
		return 1;
	run(&m);
	fclose(m.log_stream);
	return write_file(argv[1], ".log", m.log) || m.wrong ? 1 : 0;
}
