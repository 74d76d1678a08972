/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Talks to itself by sockets, and waits for them: what e2e/layers_sockets.sh looks for. Each call is made here,
 * so that their number is known; prints what the events must say.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define must(x)                                                                                    \
	({                                                                                         \
		long result_ = (long)(x);                                                          \
		if (result_ < 0) {                                                                 \
			perror(#x);                                                                \
			exit(1);                                                                   \
		}                                                                                  \
		result_;                                                                           \
	})
#define expect(x)                                                                                  \
	do {                                                                                       \
		if (!(x)) {                                                                        \
			fprintf(stderr, "line %d: not so: %s (%s)\n", __LINE__, #x, strerror(errno)); \
			exit(1);                                                                   \
		}                                                                                  \
	} while (0)

static char data[100000];

struct address {
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_un un;
	};
	socklen_t len;
};

static struct address loopback(int family)
{
	struct address a = {.any.sa_family = (sa_family_t)family};

	if (family == AF_INET) {
		a.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		a.len = sizeof(a.in);
	} else {
		a.in6.sin6_addr = in6addr_loopback;
		a.len = sizeof(a.in6);
	}
	return a;
}

static int port_of(int fd)
{
	struct address a = {.len = sizeof(a.in6)};

	must(getsockname(fd, &a.any, &a.len));
	return ntohs(a.any.sa_family == AF_INET ? a.in.sin_port : a.in6.sin6_port);
}

static int listening(int family)
{
	struct address a = loopback(family);
	int fd = (int)must(socket(family, SOCK_STREAM, 0));

	must(bind(fd, &a.any, a.len));
	must(listen(fd, 7));
	return fd;
}

/* A client that connects to FD, and what was accepted of it. */
static void connected(int family, int fd, int out[2])
{
	struct address a = {.len = sizeof(a.in6)};

	must(getsockname(fd, &a.any, &a.len));
	out[0] = (int)must(socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
	must(connect(out[0], &a.any, a.len));
	out[1] = (int)must(accept4(fd, NULL, NULL, SOCK_CLOEXEC));
}

/*
 * Ends what FD sends, and waits until the other end has acknowledged that: whose FIN comes first, and whether its
 * acknowledgement comes alone, is a matter of time otherwise, and with it the states. ioctl(2) is no event.
 */
static void finish(int fd)
{
	int unacknowledged = 1;

	must(shutdown(fd, SHUT_WR));
	while (must(ioctl(fd, SIOCOUTQ, &unacknowledged)) == 0 && unacknowledged != 0)
		usleep(1000);
}

/* 30 000 bytes there in four calls, 30 000 back in three. */
static void stream(int family)
{
	struct iovec v[2] = {{data, 1000}, {data + 1000, 4000}};
	struct msghdr message = {.msg_iov = v, .msg_iovlen = 2};
	int fd = listening(family), end[2];

	connected(family, fd, end);
	printf("stream%d %d %d %d\n", family == AF_INET ? 4 : 6, getpid(), port_of(end[0]),
		port_of(end[1]));
	expect(send(end[0], data, 10000, MSG_NOSIGNAL) == 10000);
	expect(write(end[0], data, 10000) == 10000);
	expect(writev(end[0], v, 2) == 5000);
	expect(sendmsg(end[0], &message, 0) == 5000);
	expect(recv(end[1], data, 30000, MSG_WAITALL) == 30000);

	expect(sendto(end[1], data, 20000, 0, NULL, 0) == 20000);
	expect(recv(end[0], data, 10000, MSG_WAITALL | MSG_PEEK) == 10000);
	expect(recvmsg(end[0], &message, MSG_WAITALL) == 5000);
	expect(readv(end[0], v, 2) == 5000);
	expect(read(end[0], data, 10000) == 10000);

	expect(recv(end[0], data, 10, MSG_DONTWAIT) < 0 && errno == EAGAIN);
	finish(end[0]);
	expect(read(end[1], data, 100) == 0);
	expect(send(end[0], data, 100, MSG_NOSIGNAL) < 0 && errno == EPIPE);
	must(close(end[0]));
	must(close(end[1]));
	must(close(fd));
}

/* Datagrams to nobody in particular, one at a time and three at once. */
static void datagrams(int family)
{
	struct address to = loopback(family), from = {.len = sizeof(from.in6)};
	int fd = (int)must(socket(family, SOCK_DGRAM, 0)), other = (int)must(socket(family, SOCK_DGRAM, 0)), i;
	struct iovec v[3] = {{data, 100}, {data, 200}, {data, 300}};
	struct mmsghdr m[3];

	must(bind(fd, &to.any, to.len));
	to.len = sizeof(to.in6);
	must(getsockname(fd, &to.any, &to.len));
	expect(sendto(other, data, 1234, 0, &to.any, to.len) == 1234);
	expect(recvfrom(fd, data, 2000, 0, &from.any, &from.len) == 1234);
	memset(m, 0, sizeof(m));
	for (i = 0; i < 3; i++)
		m[i].msg_hdr = (struct msghdr){
			.msg_name = &to, .msg_namelen = to.len, .msg_iov = &v[i], .msg_iovlen = 1};
	expect(sendmmsg(other, m, 3, 0) == 3);
	for (i = 0; i < 3; i++) {
		m[i].msg_hdr = (struct msghdr){.msg_iov = &v[2], .msg_iovlen = 1};
		v[2].iov_len = 300;
	}
	expect(recvmmsg(fd, m, 3, 0, NULL) == 3); /* waits for each */
	expect(send(other, data, 5, 0) < 0 && errno == EDESTADDRREQ);
	printf("datagrams%d %d %d %d\n", family == AF_INET ? 4 : 6, getpid(), port_of(other), port_of(fd));
	must(close(other));
	must(close(fd));
}

static struct address name_of(const char *path, size_t len)
{
	struct address a = {.un.sun_family = AF_UNIX};

	memcpy(a.un.sun_path, path, len);
	a.len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	return a;
}

static void local(void)
{
	struct address path = name_of("socket", sizeof("socket")), abstract = name_of("\0ioriot-test", 12);
	int fd = (int)must(socket(AF_UNIX, SOCK_STREAM, 0)), client, server, pair[2];

	must(bind(fd, &path.any, path.len));
	must(listen(fd, 1));
	client = (int)must(socket(AF_UNIX, SOCK_STREAM, 0));
	must(connect(client, &path.any, path.len));
	server = (int)must(accept(fd, NULL, NULL));
	expect(write(client, data, 777) == 777);
	expect(read(server, data, 1000) == 777);
	must(close(client));
	must(close(server));
	must(close(fd));

	fd = (int)must(socket(AF_UNIX, SOCK_DGRAM, 0));
	must(bind(fd, &abstract.any, abstract.len));
	client = (int)must(socket(AF_UNIX, SOCK_DGRAM, 0));
	expect(sendto(client, data, 55, 0, &abstract.any, abstract.len) == 55);
	expect(recv(fd, data, 100, 0) == 55);
	must(close(client));
	must(close(fd));

	must(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair));
	expect(write(pair[0], data, 8) == 8);
	expect(read(pair[1], data, 100) == 8);
	must(close(pair[0]));
	must(close(pair[1]));
	printf("local %d\n", getpid());
}

/* What does not work, and what is no socket. */
static void failures(void)
{
	struct address nobody = loopback(AF_INET);
	int fd = (int)must(socket(AF_INET, SOCK_STREAM, 0)), file;

	nobody.in.sin_port = htons(1);
	expect(connect(fd, &nobody.any, nobody.len) < 0 && errno == ECONNREFUSED);
	expect(accept(fd, NULL, NULL) < 0 && errno == EINVAL);
	expect(send(-1, data, 1, 0) < 0 && errno == EBADF);
	expect(socket(AF_INET, 99, 0) < 0 && errno == EINVAL);
	expect(shutdown(fd, 9) < 0);
	must(close(fd));
	file = (int)must(open("file", O_RDWR | O_CREAT | O_TRUNC, 0644));
	expect(write(file, data, 4321) == 4321);
	expect(send(file, data, 4321, 0) < 0 && errno == ENOTSOCK);
	expect(bind(file, &nobody.any, nobody.len) < 0 && errno == ENOTSOCK);
	must(close(file));
	printf("failures %d\n", getpid());
}

static void options(void)
{
	int fd = (int)must(socket(AF_INET, SOCK_STREAM, 0)), on = 1, got = 0;
	struct timeval t = {.tv_sec = 3};
	socklen_t len = sizeof(got);

	must(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)));
	must(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)));
	must(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t)));
	must(getsockopt(fd, SOL_SOCKET, SO_TYPE, &got, &len));
	expect(got == SOCK_STREAM);
	expect(setsockopt(fd, IPPROTO_TCP, 12345, &on, sizeof(on)) < 0 && errno == ENOPROTOOPT);
	expect(getsockopt(-1, SOL_SOCKET, SO_ERROR, &got, &len) < 0 && errno == EBADF);
	must(close(fd));
	printf("options %d\n", getpid());
}

static void on_alarm(int sig)
{
	(void)sig;
}

static void waiting(void)
{
	int pair[2], epoll = (int)must(epoll_create1(EPOLL_CLOEXEC));
	struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP}, got[4];
	struct timespec ns = {0, 2500};
	struct timeval us = {0, 7};
	struct pollfd fds[2];
	sigset_t none, blocked;
	fd_set set;

	must(pipe(pair));
	must(epoll_ctl(epoll, EPOLL_CTL_ADD, pair[0], &event));
	expect(epoll_wait(epoll, got, 4, 0) == 0);
	expect(epoll_wait(epoll, got, 4, 30) == 0);
	event.events = EPOLLIN | EPOLLET;
	must(epoll_ctl(epoll, EPOLL_CTL_MOD, pair[0], &event));
	expect(write(pair[1], data, 1) == 1);
	expect(epoll_wait(epoll, got, 4, -1) == 1);
	must(epoll_ctl(epoll, EPOLL_CTL_DEL, pair[0], NULL));
	expect(epoll_ctl(epoll, EPOLL_CTL_DEL, pair[0], NULL) < 0 && errno == ENOENT);

	fds[0] = (struct pollfd){.fd = pair[0], .events = POLLIN};
	fds[1] = (struct pollfd){.fd = pair[1], .events = POLLOUT};
	expect(poll(fds, 2, 50) == 2);
	fds[0].events = 0;
	expect(ppoll(fds, 1, &ns, NULL) == 0);
	FD_ZERO(&set);
	FD_SET(pair[0], &set);
	expect(select(pair[0] + 1, &set, NULL, NULL, &us) == 1);
	sigemptyset(&none);
	sigemptyset(&blocked);
	expect(poll(NULL, 0, 1) == 0);

	/* interrupted by a handler: however that was installed, it is not made again */
	signal(SIGALRM, on_alarm);
	sigaddset(&blocked, SIGALRM);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	raise(SIGALRM);
	expect(ppoll(NULL, 0, NULL, &none) < 0 && errno == EINTR);
	must(close(epoll));
	must(close(pair[0]));
	must(close(pair[1]));
	printf("waiting %d\n", getpid());
}

/* A recv that a handler interrupts and the kernel makes again: one event. */
static void again(void)
{
	struct sigaction restarts = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
	int pair[2];
	pid_t child;

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	sigaction(SIGALRM, &restarts, NULL);
	child = (pid_t)must(fork());
	if (child == 0) {
		kill(getppid(), SIGALRM);
		usleep(20000);
		kill(getppid(), SIGALRM);
		usleep(20000);
		expect(write(pair[1], data, 3) == 3);
		_exit(0);
	}
	expect(recv(pair[0], data, 10, 0) == 3);
	must(waitpid(child, NULL, 0));
}

/* The queue of who listens is full: SYNs to it are dropped, and sent again. */
static void retransmits(void)
{
	struct address a = loopback(AF_INET);
	int fd = (int)must(socket(AF_INET, SOCK_STREAM, 0)), first, second, once = 1;
	struct pollfd full = {.fd = fd, .events = POLLIN};
	struct tcp_info info = {0};
	socklen_t len;

	must(bind(fd, &a.any, a.len));
	must(listen(fd, 0));
	must(getsockname(fd, &a.any, &a.len));
	first = (int)must(socket(AF_INET, SOCK_STREAM, 0));
	must(connect(first, &a.any, a.len));
	expect(poll(&full, 1, -1) == 1); /* who connects may know of it sooner than who listens */
	second = (int)must(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
	must(setsockopt(second, IPPROTO_TCP, TCP_SYNCNT, &once, sizeof(once)));
	expect(connect(second, &a.any, a.len) < 0 && errno == EINPROGRESS);
	while (info.tcpi_total_retrans == 0) {
		usleep(10000);
		len = sizeof(info);
		must(getsockopt(second, IPPROTO_TCP, TCP_INFO, &info, &len));
	}
	printf("retransmits %d %d %d\n", getpid(), port_of(second), ntohs(a.in.sin_port));
	must(close(second));
	finish(first); /* who listens resets what it did not accept */
	must(close(first));
	must(close(fd));
}

static void processes(void)
{
	pid_t child = (pid_t)must(fork());
	int status;

	if (child == 0) {
		execl("/bin/sh", "sh", "-c", "exit 5", NULL);
		_exit(1);
	}
	must(waitpid(child, &status, 0));
	child = (pid_t)must(fork());
	if (child == 0) {
		raise(SIGKILL);
		_exit(1);
	}
	must(waitpid(child, &status, 0));
}

static void stream4(void)
{
	stream(AF_INET);
}

static void stream6(void)
{
	stream(AF_INET6);
}

static void datagrams4(void)
{
	datagrams(AF_INET);
}

static void datagrams6(void)
{
	datagrams(AF_INET6);
}

static void run(const char *name)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} parts[] = {{"stream4", stream4}, {"stream6", stream6}, {"datagrams4", datagrams4},
		{"datagrams6", datagrams6}, {"local", local}, {"failures", failures}, {"options", options},
		{"waiting", waiting}, {"again", again}, {"retransmits", retransmits}, {"processes", processes}};
	size_t i;

	for (i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		if (strcmp(name, parts[i].name) == 0)
			parts[i].run();
}

/* Each part in a process of its own. */
int main(int argc, char **argv)
{
	int i, status;

	for (i = 1; i < argc; i++) {
		pid_t child = (pid_t)must(fork());

		if (child == 0) {
			run(argv[i]);
			return 0;
		}
		must(waitpid(child, &status, 0));
		expect(status == 0);
	}
	return 0;
}
