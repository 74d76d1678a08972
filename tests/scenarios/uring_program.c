/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does files by io_uring: batches, chains, registered files and buffers, descriptors that exist in the
 * ring only, names, failures, and threads with rings of their own that work on one file.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#define ENTRIES 16
#define BLOCK	4096

static char block[ENTRIES][BLOCK];

static void must(int what, const char *name)
{
	if (what)
		return;
	fprintf(stderr, "uring_program: %s\n", name);
	exit(1);
}

static struct io_uring_sqe *ask(struct io_uring *ring, uint64_t data)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(ring);

	must(sqe != NULL, "no room in the queue");
	memset(sqe, 0, sizeof(*sqe));
	sqe->user_data = data;
	return sqe;
}

#define ASK(ring, data, what, ...)                                                                 \
	do {                                                                                       \
		struct io_uring_sqe *sqe = ask(ring, data);                                        \
                                                                                                   \
		io_uring_prep_##what(sqe, ##__VA_ARGS__);                                          \
		sqe->user_data = data;                                                             \
	} while (0)

/* Submits what is prepared and waits for N completions; results by user_data. */
static void reap(struct io_uring *ring, unsigned n, int *results)
{
	struct io_uring_cqe *cqe;

	must(io_uring_submit_and_wait(ring, n) >= 0, "submit");
	while (n--) {
		must(io_uring_wait_cqe(ring, &cqe) == 0, "wait");
		results[cqe->user_data] = cqe->res;
		io_uring_cqe_seen(ring, cqe);
	}
}

static int one(struct io_uring *ring)
{
	int result;

	reap(ring, 1, &result);
	return result;
}

static void flag_last(struct io_uring *ring, unsigned flags)
{
	ring->sq.sqes[(ring->sq.sqe_tail - 1) & *ring->sq.kring_mask].flags |= (unsigned char)flags;
}

/* --- bytes --- */

static void batches(struct io_uring *ring)
{
	int fd = open("batches", O_RDWR | O_CREAT, 0644), r[ENTRIES], i;
	struct iovec iov[3] = {{block[0], 100}, {block[1], 200}, {block[2], 4096}};

	for (i = 0; i < 8; i++)
		ASK(ring, i, write, fd, block[i], BLOCK, (uint64_t)i * BLOCK);
	reap(ring, 8, r);
	for (i = 0; i < 8; i++)
		must(r[i] == BLOCK, "write");
	for (i = 0; i < 8; i++) {
		ASK(ring, i, read, fd, block[i], BLOCK, (uint64_t)(i + 4) * BLOCK);
		flag_last(ring, i % 2 ? IOSQE_ASYNC : 0);
	}
	reap(ring, 8, r);
	for (i = 0; i < 8; i++)
		must(r[i] == (i < 4 ? BLOCK : 0), "read behind the end");
	ASK(ring, 0, writev, fd, iov, 3, 8 * BLOCK);
	flag_last(ring, IOSQE_IO_DRAIN);
	ASK(ring, 1, fsync, fd, 0);
	flag_last(ring, IOSQE_IO_DRAIN);
	ASK(ring, 2, fsync, fd, IORING_FSYNC_DATASYNC);
	reap(ring, 3, r);
	must(r[0] == 4396 && r[1] == 0 && r[2] == 0, "writev and fsync");
	must(lseek(fd, -100, SEEK_END) == 8 * BLOCK + 4296, "end");
	ASK(ring, 0, readv, fd, iov, 2, (uint64_t)-1); /* from where the descriptor stands */
	must(one(ring) == 100, "readv");
	must(lseek(fd, 0, SEEK_CUR) == 8 * BLOCK + 4396, "offset");
	ASK(ring, 0, fallocate, fd, FALLOC_FL_KEEP_SIZE, 1 << 20, 8192);
	r[0] = one(ring);
	must(r[0] == 0 || r[0] == -EOPNOTSUPP, "fallocate");
	ASK(ring, 0, fadvise, fd, 0, 4096, POSIX_FADV_DONTNEED);
	must(one(ring) == 0, "fadvise");
	ASK(ring, 0, sync_file_range, fd, 4096, 0, SYNC_FILE_RANGE_WRITE);
	must(one(ring) == 0, "sync_file_range");
	ASK(ring, 0, close, fd);
	must(one(ring) == 0, "close");
	ASK(ring, 0, read, fd, block[0], 1, 0);
	must(one(ring) == -EBADF, "read of what is closed");
	fd = open("appended", O_WRONLY | O_CREAT | O_APPEND, 0600);
	for (i = 0; i < 4; i++) {
		ASK(ring, 0, write, fd, block[i], 10 + (unsigned)i, 0);
		must(one(ring) == 10 + i, "append");
	}
	must(lseek(fd, 0, SEEK_END) == 46, "appended");
	close(fd);
}

static void registered(struct io_uring *ring)
{
	int fds[3] = {open("first", O_RDWR | O_CREAT, 0644), -1, open("third", O_RDWR | O_CREAT, 0644)};
	struct iovec iov[4];
	int r[ENTRIES], i, fd;

	for (i = 0; i < 4; i++)
		iov[i] = (struct iovec){block[i], i ? BLOCK : 100};
	fd = open("first", O_WRONLY);
	ASK(ring, 0, read_fixed, fd, block[0], 100, 0, 0); /* a buffer that is not registered */
	must(one(ring) == -EFAULT, "read_fixed without a buffer");
	close(fd);
	must(io_uring_register_files(ring, fds, 3) == 0, "register files");
	must(io_uring_register_buffers(ring, iov, 4) == 0, "register buffers");
	close(fds[0]); /* the ring has it still */
	for (i = 0; i < 4; i++) {
		ASK(ring, i, write_fixed, i % 2 ? 2 : 0, block[i], i ? BLOCK : 100, (uint64_t)i * BLOCK, i);
		flag_last(ring, IOSQE_FIXED_FILE);
	}
	reap(ring, 4, r);
	must(r[0] == 100 && r[1] == BLOCK && r[3] == BLOCK, "write_fixed");
	ASK(ring, 0, read_fixed, 0, block[2], BLOCK, 0, 2);
	flag_last(ring, IOSQE_FIXED_FILE);
	ASK(ring, 1, read, 1, block[1], BLOCK, 0); /* an empty slot */
	flag_last(ring, IOSQE_FIXED_FILE);
	ASK(ring, 2, fsync, 2, 0);
	flag_last(ring, IOSQE_FIXED_FILE);
	reap(ring, 3, r);
	must(r[0] == BLOCK && r[1] == -EBADF && r[2] == 0, "registered files");
	fd = open("second", O_RDWR | O_CREAT, 0644);
	must(io_uring_register_files_update(ring, 1, &fd, 1) == 1, "update files");
	ASK(ring, 0, write, 1, block[0], 77, 0);
	flag_last(ring, IOSQE_FIXED_FILE);
	must(one(ring) == 77, "write to the slot");
	must(pwrite(fd, block[0], 1, 77) == 1, "pwrite");
	close(fd);
	must(io_uring_unregister_files(ring) == 0, "unregister files");
	must(io_uring_unregister_buffers(ring) == 0, "unregister buffers");
	close(fds[2]);
}

/* A file goes into a slot, is used there and comes out of it by another number. */
static void slots(struct io_uring *ring)
{
	int fds[3] = {-1, -1, -1}, more[2] = {open("slot", O_RDWR | O_CREAT, 0644), -1}, bad[2] = {-1, 999};
	int r[ENTRIES], known;

	must(io_uring_register_files(ring, fds, 3) == 0, "register slots");
	ASK(ring, 0, files_update, more, 2, 1);
	flag_last(ring, IOSQE_IO_LINK);
	ASK(ring, 1, write, 1, block[0], 1000, 5);
	flag_last(ring, IOSQE_FIXED_FILE | IOSQE_IO_LINK);
	ASK(ring, 2, fsync, 1, 0);
	flag_last(ring, IOSQE_FIXED_FILE);
	reap(ring, 3, r);
	must(r[0] == 2 && r[1] == 1000 && r[2] == 0, "chain of an update");
	ASK(ring, 0, nop); /* becomes a FIXED_FD_INSTALL, which is known since Linux 6.8 */
	ring->sq.sqes[(ring->sq.sqe_tail - 1) & *ring->sq.kring_mask].opcode = 54;
	ring->sq.sqes[(ring->sq.sqe_tail - 1) & *ring->sq.kring_mask].fd = 1;
	flag_last(ring, IOSQE_FIXED_FILE);
	known = one(ring);
	must(known >= 0 || known == -EINVAL, "install");
	if (known >= 0) {
		must(pwrite(known, block[0], 10, 2000) == 10, "write to what was installed");
		close(known);
	}
	ASK(ring, 0, files_update, bad, 2, 1); /* it comes to the first one, and frees both slots */
	must(one(ring) == 1, "update with a bad descriptor");
	ASK(ring, 0, read, 1, block[0], 10, 0);
	flag_last(ring, IOSQE_FIXED_FILE);
	must(one(ring) == -EBADF, "slot that is free again");
	ASK(ring, 0, files_update, bad, 2, 2);
	must(one(ring) == -EINVAL, "update beyond the slots");
	must(io_uring_unregister_files(ring) == 0, "unregister slots");
	close(more[0]);
}

/* From one file to another by a pipe, one side of which is in a slot. */
static void splices(struct io_uring *ring)
{
	int from = open("batches", O_RDONLY), to = open("spliced", O_RDWR | O_CREAT, 0644), ends[2], r[ENTRIES];

	must(pipe(ends) == 0, "pipe");
	ASK(ring, 0, splice, from, 100, ends[1], -1, 30000, SPLICE_F_MOVE);
	flag_last(ring, IOSQE_IO_LINK);
	ASK(ring, 1, splice, ends[0], -1, to, 50, 30000, 0);
	flag_last(ring, IOSQE_IO_LINK);
	ASK(ring, 2, fsync, to, 0);
	reap(ring, 3, r);
	must(r[0] == 30000 && r[1] == 30000 && r[2] == 0, "spliced");
	ASK(ring, 0, splice, from, -1, to, -1, 100, 0);
	must(one(ring) == -EINVAL, "splice without a pipe");
	ASK(ring, 0, splice, from, 1 << 30, ends[1], -1, 100, 0);
	must(one(ring) == 0, "splice behind the end");
	must(io_uring_register_files(ring, (int[]){from, to}, 2) == 0, "register both");
	ASK(ring, 0, splice, 0, -1, ends[1], -1, 5000, SPLICE_F_FD_IN_FIXED);
	flag_last(ring, IOSQE_IO_LINK);
	ASK(ring, 1, splice, ends[0], -1, 1, -1, 5000, SPLICE_F_MORE);
	flag_last(ring, IOSQE_FIXED_FILE);
	reap(ring, 2, r);
	must(r[0] == 5000 && r[1] == 5000, "splice of registered files");
	must(lseek(from, 0, SEEK_CUR) == 5000 && lseek(to, 0, SEEK_CUR) == 5000, "offsets");
	must(io_uring_unregister_files(ring) == 0, "unregister both");
	close(ends[0]);
	close(ends[1]);
	close(from);
	close(to);
}

/* By a link upwards when there is one. Not every file system has attributes of users. */
static void attributes(struct io_uring *ring)
{
	const char *name = access("up", F_OK) == 0 ? "up/attributed" : "attributed";
	char value[100] = "";
	int fd, r[ENTRIES];

	ASK(ring, 0, openat, AT_FDCWD, "attributed", O_RDWR | O_CREAT, 0644);
	fd = one(ring);
	must(fd >= 0, "open of what gets attributes");
	ASK(ring, 0, fsetxattr, fd, "user.one", value, XATTR_CREATE, 40);
	if (one(ring) == -EOPNOTSUPP) {
		close(fd);
		return;
	}
	ASK(ring, 0, setxattr, "user.two", value, name, 0, 60);
	flag_last(ring, IOSQE_IO_LINK);
	ASK(ring, 1, getxattr, "user.two", value, name, sizeof(value));
	flag_last(ring, IOSQE_IO_LINK);
	ASK(ring, 2, fgetxattr, fd, "user.one", value, 10);
	reap(ring, 3, r);
	must(r[0] == 0 && r[1] == 60 && r[2] == -ERANGE, "attributes in a chain");
	ASK(ring, 0, setxattr, "user.one", value, name, XATTR_CREATE, 40);
	flag_last(ring, IOSQE_IO_LINK);
	ASK(ring, 1, mkdirat, AT_FDCWD, "behind", 0755); /* an attribute that fails cancels nothing */
	flag_last(ring, IOSQE_IO_LINK);
	ASK(ring, 2, openat, AT_FDCWD, "nowhere", O_RDONLY, 0);
	flag_last(ring, IOSQE_IO_LINK);
	ASK(ring, 3, mkdirat, AT_FDCWD, "never", 0755);
	reap(ring, 4, r);
	must(r[0] == -EEXIST && (r[1] == 0 || r[1] == -ECANCELED), "attribute that is there");
	must(r[2] == (r[1] ? -ECANCELED : -ENOENT) && r[3] == -ECANCELED, "behind an attribute");
	ASK(ring, 0, setxattr, "user.one", value, "nowhere", 0, 40);
	must(one(ring) == -ENOENT, "attribute of nothing");
	ASK(ring, 0, getxattr, "user.three", value, name, 40);
	must(one(ring) == -ENODATA, "attribute that is not there");
	close(fd);
}

/* --- chains --- */

static void chains(struct io_uring *ring)
{
	int none[4] = {-1, -1, -1, -1}, r[ENTRIES];

	must(io_uring_register_files(ring, none, 4) == 0, "register empty slots");
	ASK(ring, 0, openat_direct, AT_FDCWD, "direct", O_RDWR | O_CREAT, 0640, 2);
	flag_last(ring, IOSQE_IO_LINK);
	ASK(ring, 1, write, 2, block[0], 1000, 0);
	flag_last(ring, IOSQE_FIXED_FILE | IOSQE_IO_LINK);
	ASK(ring, 2, read, 2, block[1], BLOCK, 500); /* short: ends the chain */
	flag_last(ring, IOSQE_FIXED_FILE | IOSQE_IO_LINK);
	ASK(ring, 3, fsync, 2, 0);
	flag_last(ring, IOSQE_FIXED_FILE);
	reap(ring, 4, r);
	must(r[0] == 0 && r[1] == 1000 && r[2] == 500 && r[3] == -ECANCELED, "chain");
	ASK(ring, 0, read, 2, block[1], 10, 0);
	flag_last(ring, IOSQE_FIXED_FILE | IOSQE_IO_HARDLINK);
	ASK(ring, 1, close_direct, 2);
	reap(ring, 2, r);
	must(r[0] == 10 && r[1] == 0, "close_direct");
	ASK(ring, 0, openat_direct, AT_FDCWD, "nowhere/file", O_RDONLY, 0, 1);
	flag_last(ring, IOSQE_IO_LINK);
	ASK(ring, 1, read, 1, block[0], 10, 0);
	flag_last(ring, IOSQE_FIXED_FILE);
	reap(ring, 2, r);
	must(r[0] == -ENOENT && r[1] == -ECANCELED, "broken chain");
	ASK(ring, 3, openat_direct, AT_FDCWD, "silent", O_RDWR | O_CREAT, 0640, 3);
	flag_last(ring, IOSQE_IO_LINK | IOSQE_CQE_SKIP_SUCCESS);
	ASK(ring, 4, write, 3, block[0], 300, 0);
	flag_last(ring, IOSQE_FIXED_FILE | IOSQE_IO_LINK | IOSQE_CQE_SKIP_SUCCESS);
	ASK(ring, 5, read, 3, block[1], 200, 0);
	flag_last(ring, IOSQE_FIXED_FILE | IOSQE_IO_LINK | IOSQE_CQE_SKIP_SUCCESS);
	ASK(ring, 0, close_direct, 3);
	must(one(ring) == 0, "silent chain");
	ASK(ring, 0, unlinkat, AT_FDCWD, "silent", 0);
	flag_last(ring, IOSQE_CQE_SKIP_SUCCESS | IOSQE_IO_LINK);
	ASK(ring, 1, nop);
	reap(ring, 1, r);
	must(r[1] == 0 && access("silent", F_OK) != 0, "silent unlinkat");
	must(io_uring_unregister_files(ring) == 0, "unregister slots");
}

/* --- names --- */

static void names(struct io_uring *ring)
{
	struct open_how how = {.flags = O_RDWR | O_CREAT, .mode = 0600, .resolve = RESOLVE_BENEATH};
	int dir, fd;
	struct statx stx;

	umask(027);
	ASK(ring, 0, mkdirat, AT_FDCWD, "dir", 0777);
	must(one(ring) == 0, "mkdirat");
	ASK(ring, 0, mkdirat, AT_FDCWD, "dir", 0777);
	must(one(ring) == -EEXIST, "mkdirat again");
	ASK(ring, 0, openat, AT_FDCWD, "dir", O_RDONLY | O_DIRECTORY, 0);
	dir = one(ring);
	must(dir >= 0, "openat");
	ASK(ring, 0, openat, dir, "a", O_WRONLY | O_CREAT | O_EXCL, 0666);
	fd = one(ring);
	must(fd >= 0 && write(fd, block, 10) == 10, "openat of a new file");
	ASK(ring, 0, close, fd);
	must(one(ring) == 0, "close");
	ASK(ring, 0, openat2, dir, "b", &how);
	fd = one(ring);
	must(fd >= 0, "openat2");
	close(fd);
	ASK(ring, 0, openat, dir, "none", O_RDONLY, 0);
	must(one(ring) == -ENOENT, "openat of nothing");
	ASK(ring, 0, linkat, dir, "a", AT_FDCWD, "dir/c", 0);
	must(one(ring) == 0, "linkat");
	ASK(ring, 0, symlinkat, "a", dir, "link");
	must(one(ring) == 0, "symlinkat");
	ASK(ring, 0, renameat, dir, "b", dir, "d", 0);
	must(one(ring) == 0, "renameat");
	ASK(ring, 0, renameat, dir, "d", dir, "a", RENAME_NOREPLACE);
	must(one(ring) == -EEXIST, "renameat over another");
	ASK(ring, 0, statx, dir, "link", 0, STATX_ALL, &stx);
	must(one(ring) == 0 && stx.stx_nlink == 2, "statx");
	ASK(ring, 0, unlinkat, dir, "d", 0);
	must(one(ring) == 0, "unlinkat");
	ASK(ring, 0, unlinkat, AT_FDCWD, "dir", AT_REMOVEDIR);
	must(one(ring) == -ENOTEMPTY, "unlinkat of a directory");
	ASK(ring, 0, mkdirat, dir, "sub", 0700);
	must(one(ring) == 0 && chdir("dir") == 0, "chdir");
	ASK(ring, 0, openat, AT_FDCWD, "sub/here", O_RDWR | O_CREAT, 0666);
	fd = one(ring);
	must(fd >= 0 && chdir("..") == 0, "openat below the directory");
	close(fd);
	close(dir);
	umask(022);
}

/* --- threads: what one wrote another one reads, and what one made another one opens --- */

#define THREADS 4
#define TURNS	30

static pthread_barrier_t turn;

static void *thread(void *arg)
{
	unsigned own = (unsigned)(uintptr_t)arg, next = (own + 1) % THREADS;
	char name[32], text[BLOCK];
	struct io_uring ring;
	int fd, i;

	must(io_uring_queue_init(4, &ring, own % 2 ? IORING_SETUP_COOP_TASKRUN : 0) == 0, "ring");
	for (i = 0; i < TURNS; i++) {
		snprintf(name, sizeof(name), "thread%u", own);
		ASK(&ring, 0, openat, AT_FDCWD, name, O_RDWR | O_CREAT, 0644);
		fd = one(&ring);
		must(fd >= 0, "openat in a thread");
		ASK(&ring, 0, write, fd, block[own], 500, (uint64_t)i * 500);
		must(one(&ring) == 500, "write in a thread");
		pthread_barrier_wait(&turn);
		close(fd);
		snprintf(name, sizeof(name), "thread%u", next);
		fd = open(name, O_RDONLY);
		must(fd >= 0, "open of another's");
		ASK(&ring, 0, read, fd, text, BLOCK, (uint64_t)i * 500);
		must(one(&ring) == 500, "read of another's");
		pthread_barrier_wait(&turn);
		close(fd);
		if (i % 10 == 9 && own == 0) {
			ASK(&ring, 0, unlinkat, AT_FDCWD, name, 0);
			must(one(&ring) == 0, "unlinkat of another's");
			ASK(&ring, 0, mkdirat, AT_FDCWD, name, 0755);
			must(one(&ring) == 0, "mkdirat in its place");
			ASK(&ring, 0, unlinkat, AT_FDCWD, name, AT_REMOVEDIR);
			must(one(&ring) == 0, "unlinkat again");
		}
		pthread_barrier_wait(&turn);
		if (i % 10 == 9 && own == 1) { /* its file has gone: all of it once more */
			snprintf(name, sizeof(name), "thread%u", own);
			fd = open(name, O_RDWR | O_CREAT, 0644);
			must(fd >= 0 && ftruncate(fd, (i + 1) * 500) == 0, "again");
			close(fd);
		}
		pthread_barrier_wait(&turn);
	}
	io_uring_queue_exit(&ring);
	return NULL;
}

static void threads(void)
{
	pthread_t id[THREADS];
	uintptr_t i;

	pthread_barrier_init(&turn, NULL, THREADS);
	for (i = 0; i < THREADS; i++)
		must(pthread_create(&id[i], NULL, thread, (void *)i) == 0, "thread");
	for (i = 0; i < THREADS; i++)
		pthread_join(id[i], NULL);
}

/* A thread with descriptors of its own: its ring's number leads to another file in the process. */
static void *alone(void *unused)
{
	int file, i, fds[8];
	struct io_uring ring;

	must(unshare(CLONE_FILES) == 0, "unshare");
	for (i = 0; i < 8; i++)
		fds[i] = open("/dev/null", O_RDONLY);
	must(io_uring_queue_init(4, &ring, 0) == 0, "ring of a thread alone");
	for (i = 0; i < 8; i++)
		close(fds[i]);
	file = open("alone", O_RDWR | O_CREAT, 0644);
	ASK(&ring, 0, write, file, block[0], 100, 0);
	must(one(&ring) == 100, "write of a thread alone");
	close(file);
	io_uring_queue_exit(&ring);
	return unused;
}

/* The maker of a ring closes it; a child has it still, by another number. */
static void heirloom(void)
{
	struct io_uring ring;
	int fd, ends[2], number, status;
	char byte;
	pid_t child;

	must(io_uring_queue_init(4, &ring, 0) == 0 && pipe(ends) == 0, "ring of two");
	must(dup3(-1, ring.ring_fd, 0) < 0 && dup3(0, ring.ring_fd, O_APPEND) < 0, "nothing in its place");
	number = dup(ring.ring_fd);
	child = fork();
	if (child == 0) {
		must(read(ends[0], &byte, 1) == 1, "token");
		must(close(ring.ring_fd) == 0, "close of an inherited ring");
		ring.ring_fd = ring.enter_ring_fd = number;
		fd = open("heirloom", O_RDWR | O_CREAT, 0600);
		ASK(&ring, 0, write, fd, block[0], 321, 0);
		must(one(&ring) == 321, "write through a ring that its maker has closed");
		_exit(0);
	}
	must(close(ring.ring_fd) == 0 && close(number) == 0, "close of a ring");
	must(write(ends[1], "", 1) == 1 && waitpid(child, &status, 0) == child && status == 0, "heir");
	close(ends[0]);
	close(ends[1]);
}

/* The first thread gets a table of its own without the ring, which the other one has still. */
static struct io_uring kept;

static void *keeper(void *unused)
{
	int fd;

	pthread_barrier_wait(&turn);
	fd = open("kept", O_RDWR | O_CREAT, 0600);
	ASK(&kept, 0, write, fd, block[0], 222, 0);
	must(one(&kept) == 222, "write through a ring that another thread has closed");
	return unused;
}

static void parted(void)
{
	pthread_t other;

	pthread_barrier_init(&turn, NULL, 2);
	must(io_uring_queue_init(4, &kept, 0) == 0, "ring of two threads");
	must(pthread_create(&other, NULL, keeper, NULL) == 0, "thread");
	must(close_range(kept.ring_fd, kept.ring_fd, CLOSE_RANGE_UNSHARE) == 0, "close_range");
	pthread_barrier_wait(&turn);
	pthread_join(other, NULL);
}

/* The number that a chain's open will get is known to who has just seen it free. */
static void guessed(struct io_uring *ring)
{
	int number = dup(0), r[ENTRIES];

	close(number);
	ASK(ring, 0, openat, AT_FDCWD, "guessed", O_RDWR | O_CREAT, 0644);
	flag_last(ring, IOSQE_IO_LINK);
	ASK(ring, 1, write, number, block[0], 444, 0);
	flag_last(ring, IOSQE_IO_LINK);
	ASK(ring, 2, fsync, number, 0);
	reap(ring, 3, r);
	must(r[0] == number && r[1] == 444 && r[2] == 0, "chain with the file that it opens");
	close(number);
}

/* What a pipe is asked for is not replayed, nor is what is cancelled with it. */
static void pipe_chain(struct io_uring *ring)
{
	int ends[2], r[ENTRIES];

	must(pipe(ends) == 0, "pipe");
	ASK(ring, 0, write, ends[0], block[0], 10, 0);
	flag_last(ring, IOSQE_IO_LINK);
	ASK(ring, 1, mkdirat, AT_FDCWD, "never", 0755);
	flag_last(ring, IOSQE_IO_LINK);
	ASK(ring, 2, mkdirat, AT_FDCWD, "dir", 0755);
	reap(ring, 3, r);
	must(r[0] == -EBADF && r[1] == -ECANCELED && r[2] == -ECANCELED, "chain of a pipe");
	close(ends[0]);
	close(ends[1]);
}

/* A descriptor is closed, and its number another file's, before the submission is over; or it is not closed. */
static void closes(struct io_uring *ring)
{
	int fd = open("early", O_RDWR | O_CREAT, 0600), other, r[ENTRIES];

	ASK(ring, 0, fsync, fd, 0);
	flag_last(ring, IOSQE_ASYNC);
	must(io_uring_submit(ring) == 1, "submit a fsync");
	while (!io_uring_cq_ready(ring)) /* the kernel takes the file when it comes to it */
		sched_yield();
	close(fd);
	other = open("direct", O_RDONLY); /* of the chains */
	must(other == fd, "the same number");
	must(one(ring) == 0, "fsync of a closed descriptor");
	ASK(ring, 0, fsync, -1, 0);
	flag_last(ring, IOSQE_IO_LINK);
	ASK(ring, 1, close, other);
	reap(ring, 2, r);
	must(r[0] == -EBADF && r[1] == -ECANCELED, "cancelled close");
	must(read(other, block[0], 10) == 10, "what was not closed");
	close(other);
}

/* A thread of the kernel takes what is submitted. */
static void polled(void)
{
	struct io_uring_params p = {.flags = IORING_SETUP_SQPOLL, .sq_thread_idle = 20};
	struct io_uring ring;

	must(io_uring_queue_init_params(ENTRIES, &ring, &p) == 0, "polled ring");
	batches(&ring);
	registered(&ring);
	slots(&ring);
	splices(&ring);
	attributes(&ring);
	chains(&ring);
	names(&ring);
	io_uring_queue_exit(&ring);
}

/*
 * With "polled" that only; with "ordered" all but the threads, whose rings and descriptors have other
 * numbers each time.
 */
int main(int argc, char **argv)
{
	pthread_t thread_alone;
	const char *what = argc > 1 ? argv[1] : "";
	struct io_uring ring;
	pid_t child;
	int status;

	memset(block, 'x', sizeof(block));
	if (strcmp(what, "polled") == 0) {
		polled();
		return 0;
	}
	must(io_uring_queue_init(ENTRIES, &ring, 0) == 0, "ring");
	batches(&ring);
	registered(&ring);
	slots(&ring);
	splices(&ring);
	attributes(&ring);
	chains(&ring);
	names(&ring);
	guessed(&ring);
	pipe_chain(&ring);
	closes(&ring);
	heirloom();
	if (strcmp(what, "ordered") != 0) {
		must(pthread_create(&thread_alone, NULL, alone, NULL) == 0, "thread");
		pthread_join(thread_alone, NULL);
	}
	child = fork();
	if (child == 0) {
		struct io_uring own;

		must(io_uring_queue_init(ENTRIES, &own, 0) == 0, "ring of a child");
		must(chdir("dir") == 0, "directory of a child");
		batches(&own);
		_exit(0);
	}
	must(waitpid(child, &status, 0) == child && status == 0, "child");
	if (strcmp(what, "ordered") != 0) {
		threads();
		child = fork();
		if (child == 0) {
			parted();
			_exit(0);
		}
		must(waitpid(child, &status, 0) == child && status == 0, "child of two threads");
	}
	child = fork();
	if (child == 0) { /* the ring is its parent's */
		int fd = open("inherited", O_RDWR | O_CREAT, 0600);

		ASK(&ring, 0, write, fd, block[0], 123, 0);
		must(one(&ring) == 123, "write through the ring of the parent");
		close(fd);
		_exit(0);
	}
	must(waitpid(child, &status, 0) == child && status == 0, "second child");
	io_uring_queue_exit(&ring);
	return 0;
}
