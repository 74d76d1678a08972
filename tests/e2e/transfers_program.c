/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes of sockets in each way that there is beside send and recv: by sendfile, by splice to and from a pipe, by
 * requests of io_uring, at once, by a worker and when they have come. Prints its number. One thing is over before the
 * next one begins, and a child that sends does so once.
 */
#include <fcntl.h>
#include <liburing.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define must(x, wanted)                                                                            \
	do {                                                                                       \
		long result_ = (long)(x);                                                          \
		if (result_ != (wanted)) {                                                         \
			fprintf(stderr, "line %d: %s is %ld\n", __LINE__, #x, result_);            \
			exit(1);                                                                   \
		}                                                                                  \
	} while (0)

static char data[8192];
static struct io_uring ring;

static int done(void)
{
	struct io_uring_cqe *cqe;
	int result;

	must(io_uring_submit_and_wait(&ring, 1), 1);
	must(io_uring_wait_cqe(&ring, &cqe), 0);
	result = cqe->res;
	io_uring_cqe_seen(&ring, cqe);
	return result;
}

static int sent(int fd, unsigned bytes, unsigned flags)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);

	io_uring_prep_send(sqe, fd, data, bytes, 0);
	sqe->flags |= flags;
	return done();
}

static int received(int fd, unsigned bytes)
{
	io_uring_prep_recv(io_uring_get_sqe(&ring), fd, data, bytes, 0);
	return done();
}

static int messages(int from, int to)
{
	struct iovec v[2] = {{data, 300}, {data, 500}};
	struct msghdr m = {.msg_iov = v, .msg_iovlen = 2};

	io_uring_prep_sendmsg(io_uring_get_sqe(&ring), from, &m, 0);
	must(done(), 800);
	io_uring_prep_recvmsg(io_uring_get_sqe(&ring), to, &m, 0);
	return done();
}

/* What is asked for is not there yet. */
static int awaited(int from, int to)
{
	pid_t child = fork();
	int result, status;

	if (child == 0) {
		usleep(50000);
		_exit(send(from, data, 77, 0) != 77);
	}
	result = received(to, sizeof(data));
	must(waitpid(child, &status, 0), child);
	must(status, 0);
	return result;
}

int main(void)
{
	int end[2], front_back[2], file = open("transfers", O_RDWR | O_CREAT | O_TRUNC, 0600);

	must(write(file, data, 6000), 6000);
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, end), 0);
	must(pipe(front_back), 0);
	must(io_uring_queue_init(4, &ring, 0), 0);
	printf("%d\n", getpid());

	must(lseek(file, 0, SEEK_SET), 0);
	must(sendfile(end[0], file, NULL, 5000), 5000);
	must(recv(end[1], data, 5000, MSG_WAITALL), 5000);

	must(write(front_back[1], data, 700), 700);
	must(splice(front_back[0], NULL, end[0], NULL, 1000, 0), 700);
	must(splice(end[1], NULL, front_back[1], NULL, 900, 0), 700);
	must(splice(front_back[0], NULL, file, NULL, 700, 0), 700); /* of no socket */

	must(sent(end[0], 3000, 0), 3000);
	must(received(end[1], 8000), 3000);
	must(sent(end[0], 4000, IOSQE_ASYNC), 4000);
	must(received(end[1], 4000), 4000);
	must(messages(end[0], end[1]), 800);
	must(awaited(end[0], end[1]), 77);

	must(send(end[0], data, 11, 0), 11);
	must(read(end[1], data, 11), 11);
	must(close(end[0]), 0);
	must(received(end[1], 100), 0); /* the end */
	must(sent(end[1], 100, 0) < 0, 1);
	return 0;
}
