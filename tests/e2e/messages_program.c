/* SPDX-License-Identifier: Apache-2.0 */
/*
 * messages_program FILE N SIZE: makes FILE of N times SIZE bytes; then one io_uring reads each part and sends it to a
 * socket, which another thread of execution, a child, empties.
 */
#include <fcntl.h>
#include <liburing.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static struct io_uring ring;

static int done(void)
{
	struct io_uring_cqe *cqe;
	int result;

	if (io_uring_submit_and_wait(&ring, 1) != 1 || io_uring_wait_cqe(&ring, &cqe))
		return -1;
	result = cqe->res;
	io_uring_cqe_seen(&ring, cqe);
	return result;
}

static int receive(int from, char *bytes, size_t size)
{
	ssize_t n;

	while ((n = recv(from, bytes, size, MSG_WAITALL)) > 0)
		;
	return n < 0;
}

int main(int argc, char **argv)
{
	int n = argc == 4 ? atoi(argv[2]) : 0, i, fd, ends[2], status;
	size_t size = argc == 4 ? (size_t)atoi(argv[3]) : 0;
	char *bytes = calloc(1, size + 1);
	pid_t child;

	fd = n && bytes ? open(argv[1], O_RDWR | O_CREAT | O_TRUNC, 0600) : -1;
	if (fd < 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
		return 1;
	memset(bytes, 'x', size);
	memcpy(bytes, "the payload of it", 17);
	for (i = 0; i < n; i++)
		if (write(fd, bytes, size) != (ssize_t)size)
			return 1;
	child = fork();
	if (child == 0) {
		close(ends[0]);
		return receive(ends[1], bytes, size);
	}
	close(ends[1]);
	if (io_uring_queue_init(4, &ring, 0))
		return 2;
	for (i = 0; i < n; i++) {
		io_uring_prep_read(io_uring_get_sqe(&ring), fd, bytes, (unsigned)size, (unsigned)i * size);
		if (done() != (int)size)
			return 3;
		io_uring_prep_send(io_uring_get_sqe(&ring), ends[0], bytes, size, MSG_WAITALL);
		if (done() != (int)size)
			return 4;
	}
	io_uring_queue_exit(&ring);
	close(ends[0]);
	return waitpid(child, &status, 0) == child ? status : 5;
}
