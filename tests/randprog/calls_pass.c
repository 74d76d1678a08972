/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "calls.h"

/* Descriptors that tasks pass to each other: all send to one socket, and whoever looks gets the next. */

#define RIGHTS 3 /* in one message */

struct message {
	struct mmsghdr m;
	struct iovec iov;
	char byte;
	char control[CMSG_SPACE(RIGHTS * sizeof(int))] __attribute__((aligned(8)));
};

static void prepare(struct message *m)
{
	*m = (struct message){.byte = 0};
	m->iov = (struct iovec){&m->byte, 1};
	m->m.msg_hdr = (struct msghdr){.msg_iov = &m->iov, .msg_iovlen = 1,
		.msg_control = m->control, .msg_controllen = sizeof(m->control)};
}

static unsigned fill(struct ctx *c, struct message *m)
{
	unsigned n = 1 + below(c, RIGHTS), i;
	struct cmsghdr *head;
	int fds[RIGHTS];

	prepare(m);
	m->m.msg_hdr.msg_controllen = CMSG_SPACE(n * sizeof(int));
	for (i = 0; i < n; i++)
		fds[i] = any_fd(c);
	head = CMSG_FIRSTHDR(&m->m.msg_hdr);
	*head = (struct cmsghdr){.cmsg_len = CMSG_LEN(n * sizeof(int)), .cmsg_level = SOL_SOCKET,
		.cmsg_type = SCM_RIGHTS};
	memcpy(CMSG_DATA(head), fds, n * sizeof(int));
	return n;
}

void c_send(struct ctx *c)
{
	struct message m[2];
	struct mmsghdr both[2];
	unsigned n = fill(c, &m[0]);
	int to = percent(c, 97) ? PASS_FD : any_fd(c);

	if (percent(c, 70)) {
		say(c, "sendmsg %d %u = %ld", to, n,
			raw(SYS_sendmsg, to, P(&m[0].m.msg_hdr), MSG_DONTWAIT, 0, 0, 0));
		return;
	}
	n += fill(c, &m[1]);
	both[0] = m[0].m;
	both[1] = m[1].m;
	say(c, "sendmmsg %d %u = %ld", to, n, raw(SYS_sendmmsg, to, P(both), 2, MSG_DONTWAIT, 0, 0));
}

static unsigned take(struct ctx *c, const struct msghdr *m)
{
	struct cmsghdr *head = CMSG_FIRSTHDR(m);
	unsigned n, i;
	int fd;

	if (!head || head->cmsg_type != SCM_RIGHTS)
		return 0;
	n = (unsigned)((head->cmsg_len - CMSG_LEN(0)) / sizeof(int));
	for (i = 0; i < n; i++) {
		memcpy(&fd, CMSG_DATA(head) + i * sizeof(int), sizeof(fd));
		keep(c, fd, false);
	}
	return n;
}

void c_receive(struct ctx *c)
{
	long flags = MSG_DONTWAIT | (percent(c, 40) ? MSG_CMSG_CLOEXEC : 0), ret;
	int from = percent(c, 97) ? PASS_FD + 1 : any_fd(c);
	struct mmsghdr both[2];
	struct message m[2];
	unsigned n = 0, i;

	prepare(&m[0]);
	prepare(&m[1]);
	if (percent(c, 15)) /* no room for all of them */
		m[0].m.msg_hdr.msg_controllen = CMSG_LEN(sizeof(int));
	if (percent(c, 70)) {
		ret = raw(SYS_recvmsg, from, P(&m[0].m.msg_hdr), flags, 0, 0, 0);
		if (ret >= 0)
			n = take(c, &m[0].m.msg_hdr);
		say(c, "recvmsg %d %u = %ld", from, n, ret);
		return;
	}
	both[0] = m[0].m;
	both[1] = m[1].m;
	ret = raw(SYS_recvmmsg, from, P(both), 2, flags, 0, 0);
	for (i = 0; (long)i < ret; i++)
		n += take(c, &both[i].msg_hdr);
	say(c, "recvmmsg %d %u = %ld", from, n, ret);
}

/* What another task has, without its help. */
void c_getfd(struct ctx *c)
{
	unsigned task = below(c, shared->options.tasks < TASKS ? shared->options.tasks : TASKS), other = c->table;
	int pid = shared->task[task].pid;
	long pidfd, fd;

	if (pid == 0)
		pid = getpid();
	else
		c->table = shared->task[task].table;
	fd = any_fd(c);
	c->table = other;
	pidfd = percent(c, 95) ? raw(SYS_pidfd_open, pid, 0, 0, 0, 0, 0) : any_fd(c);
	say(c, "pidfd_getfd of task %u %ld = %ld", task, fd,
		keep(c, raw(SYS_pidfd_getfd, pidfd, fd, percent(c, 3), 0, 0, 0), false));
	if (pidfd >= 0 && percent(c, 70))
		raw(SYS_close, pidfd, 0, 0, 0, 0, 0);
}
