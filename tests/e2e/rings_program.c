/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What tests/e2e/layers_uring.sh wants to see: requests of io_uring, one after the other and in batches, some that fail
 * and one that a worker has to do. Prints its PID and the descriptor of the file DATA. usage: rings_program DATA
 */
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct io_uring ring;
static char bytes[3][4096];

static struct io_uring_sqe *next(uint64_t user)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);

	if (!sqe)
		exit(2);
	sqe->user_data = user;
	return sqe;
}

/* Submits what was prepared and takes as many completions. */
static void submit(unsigned n)
{
	struct io_uring_cqe *cqe = NULL;
	unsigned i;

	if (io_uring_submit_and_wait(&ring, n) != (int)n)
		exit(3);
	for (i = 0; i < n; i++) {
		if (io_uring_wait_cqe(&ring, &cqe))
			exit(4);
		io_uring_cqe_seen(&ring, cqe);
	}
}

#define PREPARED(user, prepare, ...)                     \
	do {                                             \
		struct io_uring_sqe *sqe = next(user);   \
		io_uring_prep_##prepare(sqe, ##__VA_ARGS__); \
		sqe->user_data = user;                   \
	} while (0)

int main(int argc, char **argv)
{
	struct iovec two[2] = {{bytes[0], 1000}, {bytes[1], 2000}};
	int fd = argc == 2 ? open(argv[1], O_RDWR | O_CREAT | O_TRUNC, 0644) : -1, i;

	if (fd < 0 || io_uring_queue_init(8, &ring, 0))
		return 1;
	printf("%d %d\n", (int)getpid(), fd);
	memset(bytes, 'x', sizeof(bytes));
	PREPARED(0x10, write, fd, bytes[0], 4096, 0);
	submit(1);
	PREPARED(0x11, write, fd, bytes[1], 4096, 8192);
	submit(1);
	PREPARED(0x12, fsync, fd, 0);
	submit(1);
	PREPARED(0x13, readv, fd, two, 2, 0);
	submit(1);
	PREPARED(0x14, read, fd, bytes[2], 4096, 8192);
	io_uring_sqe_set_flags(&ring.sq.sqes[4], IOSQE_ASYNC);
	submit(1);
	PREPARED(0x15, read, 999, bytes[2], 100, 0);
	submit(1);
	PREPARED(0x16, openat, AT_FDCWD, "there-is-none", O_RDONLY, 0);
	submit(1);
	PREPARED(0x17, nop);
	submit(1);
	PREPARED(0x18, fallocate, fd, 0, 16384, 4096);
	submit(1);
	if (io_uring_register_files(&ring, &fd, 1))
		return 5;
	PREPARED(0x19, read, 0, bytes[0], 10, 4090);
	io_uring_sqe_set_flags(&ring.sq.sqes[1], IOSQE_FIXED_FILE);
	submit(1);
	for (i = 0; i < 4; i++)
		PREPARED(0x20 + (unsigned)i, write, fd, bytes[0], 512, (unsigned)i * 512);
	submit(4);
	io_uring_queue_exit(&ring);
	return 0;
}
