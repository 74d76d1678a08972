/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#ifndef IORIOT_SYSTEMTAP_RIGHTS_H
#define IORIOT_SYSTEMTAP_RIGHTS_H

#include <linux/socket.h>

#include "compat.h"
#include "facts.h"
#include "fetch.h"
#include "state.h"
#include "table.h"

/*
 * Descriptors that come from other processes: SCM_RIGHTS of unix(7), pidfd_getfd(2). What is sent is
 * told before the call begins, because it may be received before that is over; what is received, when
 * the call is over and before its record.
 */

#define RIGHTS_FDS	253  /* SCM_MAX_FD */
#define RIGHTS_CONTROLS 64   /* control messages of one message that are looked at */
#define RIGHTS_MESSAGES 1024 /* UIO_MAXIOV */

/* Where the control messages of a message are. */
struct rights {
	u64 at, left;
	unsigned int seen;
};

/* Structs of 32-bit programs. */
struct narrow_msghdr {
	u32 name, namelen, iov, iovlen, control, controllen, flags;
};

struct narrow_cmsghdr {
	u32 len;
	s32 level, type;
};

static bool rights_narrow(void)
{
	return compat_how() & COMPAT_MESSAGE;
}

/* From one message of several to the next. */
static unsigned int rights_step(void)
{
	return rights_narrow() ? sizeof(struct narrow_msghdr) + sizeof(u32) : sizeof(struct mmsghdr);
}

static bool rights_begin(struct rights *r, u64 message)
{
	struct narrow_msghdr narrow;
	struct user_msghdr msg;

	if (rights_narrow()) {
		if (!user_copy(&narrow, message, sizeof(narrow)) || !narrow.control)
			return false;
		*r = (struct rights){narrow.control, narrow.controllen, 0};
		return r->left >= sizeof(struct narrow_cmsghdr) + sizeof(int);
	}
	if (!user_copy(&msg, message, sizeof(msg)) || !msg.msg_control)
		return false;
	*r = (struct rights){(u64)(uintptr_t)msg.msg_control, msg.msg_controllen, 0};
	return r->left >= CMSG_LEN(sizeof(int));
}

/* The head of a control message, and how long that is. False: it cannot be read. */
static bool rights_head(u64 at, struct cmsghdr *head, unsigned int *len)
{
	struct narrow_cmsghdr narrow;

	*len = rights_narrow() ? sizeof(narrow) : sizeof(*head);
	if (!rights_narrow())
		return user_copy(head, at, sizeof(*head));
	if (!user_copy(&narrow, at, sizeof(narrow)))
		return false;
	*head = (struct cmsghdr){narrow.len, narrow.level, narrow.type};
	return true;
}

/* How many descriptors the next of them has, and where; 0 at the end. */
static unsigned int rights_next(struct rights *r, u64 *fds)
{
	struct cmsghdr head;
	unsigned int len;

	while (r->seen++ < RIGHTS_CONTROLS) {
		u64 step;

		if (!rights_head(r->at, &head, &len) || r->left < len || head.cmsg_len < len ||
			head.cmsg_len > r->left)
			return 0;
		*fds = r->at + len;
		step = rights_narrow() ? round_up(head.cmsg_len, sizeof(u32)) : CMSG_ALIGN(head.cmsg_len);
		step = min_t(u64, step, r->left);
		r->at += step;
		r->left -= step;
		if (head.cmsg_level == SOL_SOCKET && head.cmsg_type == SCM_RIGHTS &&
			head.cmsg_len >= len + sizeof(int))
			return min_t(u64, (head.cmsg_len - len) / sizeof(int), RIGHTS_FDS);
	}
	return 0;
}

static bool rights_many(const struct row *row)
{
	return row->op == ROW_sendmmsg || row->op == ROW_recvmmsg;
}

/* --- sending --- */

static unsigned int put_sent(u64 *to, u64 fds, unsigned int n)
{
	unsigned int i, done = 0;
	struct file *file;
	int fd;

	for (i = 0; i < n; i++) {
		if (!user_copy(&fd, fds + i * sizeof(fd), sizeof(fd)))
			break;
		file = fget_raw((unsigned int)fd);
		if (!file)
			continue;
		to[2 * done] = (u64)(s64)fd;
		to[2 * done + 1] = description_id(file);
		done++;
		fput(file);
	}
	return done;
}

static void item_sent(struct build *o, u64 message)
{
	struct rights r;
	unsigned int n;
	u64 fds;

	if (!rights_begin(&r, message))
		return;
	while ((n = rights_next(&r, &fds))) {
		n = put_sent((u64 *)item_begin(o, n * 2 * sizeof(u64)), fds, n);
		if (n)
			item_end(o, WIRE_TUPLES, n * 2 * sizeof(u64));
	}
}

static u64 rights_messages(const struct row *row, s64 ret)
{
	if (!rights_many(row))
		return ret >= 0;
	return clamp_t(s64, ret, 0, RIGHTS_MESSAGES);
}

static bool rights_has_any(u64 fds, unsigned int n)
{
	struct file *file = NULL;
	int fd;

	for (; n && !file && user_copy(&fd, fds, sizeof(fd)); n--, fds += sizeof(fd))
		file = fget_raw((unsigned int)fd);
	if (file)
		fput(file);
	return file;
}

/* Does the call send any? Only then a record is begun. */
static bool rights_sends(const struct row *row, struct pt_regs *regs)
{
	u64 i, n = rights_messages(row, (unsigned int)call_arg(regs, 2)), fds;
	unsigned int many;
	struct rights r;

	for (i = 0; i < n; i++) {
		if (!rights_begin(&r, call_arg(regs, 1) + i * rights_step()))
			continue;
		while ((many = rights_next(&r, &fds)))
			if (rights_has_any(fds, many))
				return true;
	}
	return false;
}

static void put_sending(int number, const struct row *row, struct pt_regs *regs)
{
	u64 i, n = rights_messages(row, (unsigned int)call_arg(regs, 2)), *values;
	struct build o;
	unsigned int k;

	if (!rights_sends(row, regs) || !build_begin(&o, WIRE_CALL, row->values))
		return;
	o.rec->nr = number;
	o.rec->flags = WIRE_NO_RESULT;
	for (i = 0; i < n; i++)
		item_sent(&o, call_arg(regs, 1) + i * rights_step());
	values = build_values(&o);
	for (k = 0; k < row->values; k++)
		values[k] = call_arg(regs, row->value[k]);
	build_end(&o);
}

/* --- receiving --- */

static bool put_received_fd(int fd, bool cloexec, u64 at_entry, bool sent)
{
	struct file *file = fget_raw((unsigned int)fd);

	if (!file)
		return false;
	put_described(WIRE_RECEIVED, (unsigned int)fd, file, cloexec, 0, at_entry, sent);
	fput(file);
	return true;
}

/* The process that a pidfd stands for, 0 when it is not recorded. */
static pid_t rights_owner(unsigned int pidfd)
{
	struct file *file = fget_raw(pidfd);
	const struct task_struct *task;
	struct pid *pid = file ? pid_of_file(file) : NULL;
	const struct thread *th = NULL;
	pid_t owner = 0;

	rcu_read_lock();
	task = pid ? pid_task(pid, PIDTYPE_PID) : NULL;
	if (task) {
		owner = task->tgid;
		th = thread_find(owner);
	}
	rcu_read_unlock();
	if (file)
		fput(file);
	return th && READ_ONCE(th->told) == READ_ONCE(session.generation) ? owner : 0;
}

static bool put_received_of(u64 message, bool cloexec, u64 at_entry)
{
	struct rights r;
	bool any = false;
	unsigned int i, n;
	u64 fds;
	int fd;

	if (!rights_begin(&r, message))
		return false;
	while ((n = rights_next(&r, &fds)))
		for (i = 0; i < n; i++)
			if (user_copy(&fd, fds + i * sizeof(fd), sizeof(fd)))
				any |= put_received_fd(fd, cloexec, at_entry, true);
	return any;
}

/* False: nothing was received, and the call is not recorded. IN_STATE: what was is in the state. */
static noinline bool put_received(const struct row *row, struct pt_regs *regs, s64 ret, u64 at_entry,
	bool in_state)
{
	u64 i, n = rights_messages(row, ret);
	bool cloexec, any = false;

	if (in_state)
		return row->op == ROW_pidfd_getfd;
	if (row->op == ROW_pidfd_getfd) {
		if (ret >= 0 && !rights_owner(call_arg(regs, 0)))
			put_received_fd((int)ret, true, at_entry, false);
		return true;
	}
	cloexec = call_arg(regs, row->op == ROW_recvmsg ? 2 : 3) & MSG_CMSG_CLOEXEC;
	for (i = 0; i < n; i++)
		any |= put_received_of(
			call_arg(regs, 1) + i * rights_step(), cloexec, at_entry);
	return any;
}

#endif
