/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "capture/compat.h"
#include "capture/facts.h"
#include "capture/ptrace.h"
#include "capture/state.h"
#include "utils/clock.h"

/*
 * Descriptors in messages. Messages without them are let go with one stop: sendmsg(2) is looked at before
 * it begins, because what it sends may be received before it is over.
 */

#define CONTROL_MAX 4096  /* the kernel passes 253 descriptors at once (SCM_MAX_FD) */
#define FLIGHTS_MAX 1024  /* sent and never received: the oldest are forgotten */
#define MESSAGES_MAX 1024 /* of one call: UIO_MAXIOV */

static enum rights_abi abi_of(const syscall_info *info)
{
	return info->arch == FILTER_ARCH ? RIGHTS_64 : RIGHTS_32;
}

static enum rights_abi abi_of_call(const struct call *call)
{
	return call->how & COMPAT_MESSAGE ? RIGHTS_32 : RIGHTS_64;
}

static bool passes_rights(enum op_id op)
{
	return op == OP_sendmsg || op == OP_sendmmsg || op == OP_recvmsg || op == OP_recvmmsg;
}

static bool is_many(enum op_id op)
{
	return op == OP_sendmmsg || op == OP_recvmmsg;
}

/* The control messages of the message at ADDR; how many bytes of them were read into TO. */
static size_t read_control(pid_t tid, enum rights_abi abi, uint64_t addr, char to[CONTROL_MAX])
{
	char msg[RIGHTS_MSG_MAX];
	uint64_t at, len;

	if (fetch_memory(tid, addr, msg, rights_msg_size(abi)))
		return 0;
	rights_control(abi, msg, &at, &len);
	if (!at || len < rights_least(abi))
		return 0;
	if (len > CONTROL_MAX)
		len = CONTROL_MAX;
	return fetch_memory(tid, at, to, len) ? 0 : len;
}

static uint64_t messages(enum op_id op, uint64_t count)
{
	return !is_many(op) ? 1 : count < MESSAGES_MAX ? (uint32_t)count : MESSAGES_MAX;
}

bool rights_cannot(const struct task *task, enum op_id op, const syscall_info *info)
{
	const uint64_t *arg = (const uint64_t *)info->seccomp.args;
	enum rights_abi abi = abi_of(info);
	char msg[RIGHTS_MSG_MAX];
	uint64_t i, n, at, len;

	if (!passes_rights(op))
		return false;
	n = messages(op, arg[2]);
	for (i = 0; i < n; i++) {
		if (fetch_memory((pid_t)task->tid, arg[1] + i * rights_mmsg_size(abi), msg,
			    rights_msg_size(abi)))
			return true;
		rights_control(abi, msg, &at, &len);
		if (at && len >= rights_least(abi))
			return false;
	}
	return true;
}

/* --- sending --- */

typedef VEC(uint64_t) numbers;

static bool put_pair(numbers *to, uint64_t a, uint64_t b)
{
	uint64_t *p = vec_push(to);

	if (p)
		*p = a;
	p = p ? vec_push(to) : NULL;
	if (p)
		*p = b;
	return p;
}

static void send_fd(struct tracer *t, struct task *task, int fd, numbers *tuples)
{
	struct flight *f;
	char link[PATH_MAX];
	struct rec rec;

	if (fd < 0 || !state_fd(&rec, who_of(task), (unsigned)fd, link))
		return;
	if (t->flights.n == FLIGHTS_MAX)
		memmove(t->flights.v, t->flights.v + 1, --t->flights.n * sizeof(*t->flights.v));
	f = vec_push(&t->flights);
	if (!f)
		return;
	*f = (struct flight){.identity = ++t->last_identity,
		.facts = rec.facts,
		.flags = (uint32_t)rec.arg[2] & ~(uint32_t)O_CLOEXEC,
		.tid = task->tid,
		.fd = fd};
	put_pair(tuples, (uint64_t)fd, f->identity);
}

static void send_all(struct tracer *t, struct task *task, enum rights_abi abi, uint64_t addr,
	numbers *tuples)
{
	char control[CONTROL_MAX];
	size_t len = read_control((pid_t)task->tid, abi, addr, control), at = 0, n, i;
	const void *fds;
	int32_t fd;

	while ((n = rights_next(abi, control, len, &at, &fds)))
		for (i = 0; i < n; i++) {
			memcpy(&fd, (const char *)fds + i * sizeof(fd), sizeof(fd));
			send_fd(t, task, fd, tuples);
		}
}

void rights_send(struct tracer *t, struct task *task, enum op_id op, const syscall_info *info)
{
	const uint64_t *arg = (const uint64_t *)info->seccomp.args;
	struct rec rec = {.op = op, .pid = task->proc->pid, .tid = task->tid};
	int flags = op_arg_index(op, A_MSGFLAGS);
	numbers tuples = {0};
	uint64_t i;

	for (i = 0; i < messages(op, arg[2]); i++)
		send_all(t, task, abi_of(info), arg[1] + i * rights_mmsg_size(abi_of(info)), &tuples);
	if (tuples.n) {
		rec.arg[0] = (uint64_t)(int64_t)(int32_t)arg[0];
		rec.arg[flags] = (uint32_t)arg[flags];
		rec.vec = tuples.v;
		rec.nvec = (uint32_t)tuples.n;
		rec.t = now_ns();
		sink_put(t->job->sink, &rec);
	}
	vec_free(&tuples);
}

/* --- receiving --- */

/* Can the descriptor be the one that was sent? 1: it is; 0: nobody can tell any more; -1: no. */
static int matches(const struct flight *f, const struct rec *rec)
{
	const struct facts *a = &f->facts, *b = &rec->facts;
	struct facts now;

	if (!a->known || !b->known || a->ino != b->ino || a->dev_major != b->dev_major ||
		a->dev_minor != b->dev_minor ||
		f->flags != ((uint32_t)rec->arg[2] & ~(uint32_t)O_CLOEXEC))
		return -1;
	if (syscall(SYS_kcmp, (long)f->tid, (long)rec->tid, (long)KCMP_FILE, (long)f->fd,
		    rec->arg[0]) == 0)
		return 1;
	now = facts_of_fd((pid_t)f->tid, f->fd);
	return now.known && now.ino == a->ino && now.dev_major == a->dev_major &&
		       now.dev_minor == a->dev_minor
		       ? -1
		       : 0;
}

static uint64_t land(struct tracer *t, const struct rec *rec, bool peek)
{
	size_t i, found = t->flights.n;
	uint64_t identity;
	int match;

	for (i = 0; i < t->flights.n; i++) {
		match = matches(&t->flights.v[i], rec);
		if (match > 0 || (match == 0 && found == t->flights.n))
			found = i;
		if (match > 0)
			break;
	}
	if (found == t->flights.n)
		return 0;
	identity = t->flights.v[found].identity;
	if (!peek)
		memmove(t->flights.v + found, t->flights.v + found + 1,
			(--t->flights.n - found) * sizeof(*t->flights.v));
	return identity;
}

static void put_received(struct tracer *t, struct task *task, const struct call *call, int fd,
	bool by_message)
{
	int flags = op_arg_index(call->rec.op, A_MSGFLAGS);
	char link[PATH_MAX];
	struct rec rec;

	if (fd < 0 || !state_fd(&rec, who_of(task), (unsigned)fd, link))
		return;
	rec.op = OP_recv_fd;
	if (by_message)
		rec.arg[4] = land(t, &rec, call->rec.arg[flags] & MSG_PEEK);
	if (rec.arg[4] == 0) /* it will be opened by this path */
		paths_find(t->job->paths, who_of(task), rec.path);
	rec.t = call->rec.t; /* and of these names, whose records came just before */
	rec.dur = call->rec.dur;
	sink_put(t->job->sink, &rec);
}

static bool receive_all(struct tracer *t, struct task *task, const struct call *call, uint64_t addr)
{
	enum rights_abi abi = abi_of_call(call);
	char control[CONTROL_MAX];
	size_t len = read_control((pid_t)task->tid, abi, addr, control), at = 0, n, i;
	const void *fds;
	bool any = false;
	int32_t fd;

	while ((n = rights_next(abi, control, len, &at, &fds)))
		for (i = 0; i < n; i++) {
			memcpy(&fd, (const char *)fds + i * sizeof(fd), sizeof(fd));
			put_received(t, task, call, fd, true);
			any = true;
		}
	return any;
}

uint32_t rights_owner(const struct task *task, int pidfd)
{
	char path[64], line[128];
	unsigned pid = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%u/fdinfo/%d", task->tid, pidfd);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "Pid: %u", &pid) == 1)
			break;
	if (f)
		fclose(f);
	return pid;
}

/* Nothing is known of its descriptors, or not any more: it ends, and had this one still. */
static bool is_lost(struct tracer *t, uint32_t pid)
{
	const struct task *owner = task_find(t, pid);

	return !owner || owner->ended;
}

bool rights_receive(struct tracer *t, struct task *task, struct call *call)
{
	struct rec *rec = &call->rec;
	bool any = false;
	int64_t i;

	if (rec->op == OP_pidfd_getfd && rec->ret >= 0 && is_lost(t, (uint32_t)rec->arg[3])) {
		rec->arg[3] = 0;
		put_received(t, task, call, (int)rec->ret, false);
	}
	if (!passes_rights(rec->op))
		return true;
	for (i = 0; i < (is_many(rec->op) ? rec->ret : rec->ret >= 0); i++)
		any |= receive_all(t, task, call,
			rec->arg[1] + (uint64_t)i * rights_mmsg_size(abi_of_call(call)));
	return any;
}
