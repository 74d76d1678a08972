/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/fanotify.h>
#include <linux/memfd.h>
#include <linux/perf_event.h>

#include "generate/model.h"

/*
 * Descriptors that are no files. Nothing of them is replayed; that their numbers are known keeps them
 * apart from files, whose descriptors they take over and leave behind.
 */

static const enum left_out left_of[DESC_KINDS] = {
	[DESC_FILE] = LEFT_NONE,
	[DESC_PSEUDO] = LEFT_PSEUDO,
	[DESC_DEVICE] = LEFT_DEVICE,
	[DESC_TTY] = LEFT_TTY,
	[DESC_PIPE] = LEFT_PIPE,
	[DESC_SOCKET] = LEFT_SOCKET,
	[DESC_EVENTFD] = LEFT_EVENTFD,
	[DESC_EPOLL] = LEFT_EPOLL,
	[DESC_TIMERFD] = LEFT_TIMERFD,
	[DESC_SIGNALFD] = LEFT_SIGNALFD,
	[DESC_PIDFD] = LEFT_PIDFD,
	[DESC_PERF] = LEFT_PERF,
	[DESC_BPF] = LEFT_BPF,
	[DESC_RING] = LEFT_NOT_FILE,
	[DESC_EVENTS] = LEFT_EVENTS,
	[DESC_MEMORY] = LEFT_MEMORY,
	[DESC_FAULTS] = LEFT_FAULTS,
	[DESC_OTHER] = LEFT_NOT_FILE,
};

int model_left_of(enum description_kind kind)
{
	return left_of[kind];
}

enum description_kind model_kind_of_text(struct str text)
{
	/* as the kernel names what has no path, and what is known of terminals */
	static const struct {
		const char *start;
		enum description_kind kind;
	} known[] = {
		{"pipe:[", DESC_PIPE},
		{"socket:[", DESC_SOCKET},
		{"pidfd:[", DESC_PIDFD},
		{"anon_inode:[eventfd", DESC_EVENTFD},
		{"anon_inode:[eventpoll", DESC_EPOLL},
		{"anon_inode:[timerfd", DESC_TIMERFD},
		{"anon_inode:[signalfd", DESC_SIGNALFD},
		{"anon_inode:[pidfd", DESC_PIDFD},
		{"anon_inode:[perf_event", DESC_PERF},
		{"anon_inode:bpf", DESC_BPF},
		{"anon_inode:[io_uring", DESC_RING},
		{"anon_inode:inotify", DESC_EVENTS},
		{"anon_inode:[fanotify", DESC_EVENTS},
		{"anon_inode:[userfaultfd", DESC_FAULTS},
		{"/memfd:", DESC_MEMORY},
		{"/secretmem", DESC_MEMORY},
		{"/dev/pts/", DESC_TTY},
		{"/dev/tty", DESC_TTY},
		{"/dev/console", DESC_TTY},
		{"/dev/ptmx", DESC_TTY},
	};
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (str_starts(text, str_of(known[i].start)))
			return known[i].kind;
	return DESC_OTHER;
}

static enum description_kind kind_made_by(enum op_id op)
{
	switch ((int)op) {
	case OP_pipe:
	case OP_pipe2:
		return DESC_PIPE;
	case OP_eventfd:
	case OP_eventfd2:
		return DESC_EVENTFD;
	case OP_signalfd:
	case OP_signalfd4:
		return DESC_SIGNALFD;
	case OP_timerfd_create:
		return DESC_TIMERFD;
	case OP_pidfd_open:
		return DESC_PIDFD;
	case OP_epoll_create:
	case OP_epoll_create1:
		return DESC_EPOLL;
	case OP_socket:
	case OP_socketpair:
	case OP_accept:
	case OP_accept4:
		return DESC_SOCKET;
	case OP_perf_event_open:
		return DESC_PERF;
	case OP_bpf:
		return DESC_BPF;
	case OP_inotify_init:
	case OP_inotify_init1:
	case OP_fanotify_init:
		return DESC_EVENTS;
	case OP_memfd_create:
	case OP_memfd_secret:
		return DESC_MEMORY;
	case OP_userfaultfd:
		return DESC_FAULTS;
	default:
		return DESC_OTHER;
	}
}

/* The commands of bpf(2) whose result is a descriptor; that of others is 0, or a number of bytes. */
static bool bpf_makes_fd(uint64_t cmd)
{
	switch (cmd) {
	case BPF_MAP_CREATE:
	case BPF_PROG_LOAD:
	case BPF_OBJ_GET:
	case BPF_PROG_GET_FD_BY_ID:
	case BPF_MAP_GET_FD_BY_ID:
	case BPF_RAW_TRACEPOINT_OPEN:
	case BPF_BTF_LOAD:
	case BPF_BTF_GET_FD_BY_ID:
	case BPF_LINK_CREATE:
	case BPF_LINK_GET_FD_BY_ID:
	case BPF_ENABLE_STATS:
	case BPF_ITER_CREATE:
	case 36: /* BPF_TOKEN_CREATE, since Linux 6.9 */
		return true;
	default:
		return false;
	}
}

static bool makes_fd(const struct rec *r)
{
	switch ((int)r->op) {
	case OP_bpf:
		return bpf_makes_fd(r->arg[0]);
	case OP_signalfd: /* of one that is there, the mask is changed */
	case OP_signalfd4:
		return (int32_t)r->arg[0] < 0;
	default:
		return true;
	}
}

static bool is_cloexec(const struct rec *r)
{
	uint64_t flags = (uint64_t)model_arg(r, A_NEWFLAGS, 0);

	switch ((int)r->op) {
	case OP_bpf:
	case OP_pidfd_open:
		return true;
	case OP_perf_event_open:
		return flags & PERF_FLAG_FD_CLOEXEC;
	case OP_fanotify_init:
		return flags & FAN_CLOEXEC;
	case OP_memfd_create:
		return flags & MFD_CLOEXEC;
	default: /* SOCK_CLOEXEC and its kin are the same bit */
		return flags & O_CLOEXEC;
	}
}

bool model_number_taken(const struct model *m, int64_t fd)
{
	return !m->force && vfd_get(m->task, fd);
}

int model_open_other(struct model *m, int64_t fd, enum description_kind kind, bool cloexec)
{
	struct descriptor *d;
	int rc;

	rc = model_free_number(m, fd);
	if (rc)
		return rc;
	d = vfd_open(&m->vfd, m->task, fd, kind, NULL, 0);
	if (!d)
		return -ENOMEM;
	d->cloexec = cloexec;
	return 0;
}

int model_other(struct model *m, const struct rec *r)
{
	enum description_kind kind = kind_made_by(r->op);
	int64_t fds[2] = {r->ret, -1};
	int i, rc = 0;

	if (r->ret < 0 || !makes_fd(r))
		return left_of[kind];
	if (op_has(r->op, A_FDS)) {
		fds[0] = model_arg(r, A_FDS, -1);
		fds[1] = model_arg(r, A_FDS2, -1);
	}
	for (i = 0; i < 2; i++)
		if (model_number_taken(m, fds[i]))
			return LEFT_CONFLICT;
	for (i = 0; i < 2 && !rc; i++)
		if (fds[i] >= 0)
			rc = model_open_other(m, fds[i], kind, is_cloexec(r));
	return rc ? rc : (int)left_of[kind];
}

int model_events(struct model *m, const struct rec *r)
{
	(void)m;
	(void)r;
	return LEFT_EVENTS;
}

/* Nobody called: the window passes over them. */
int model_layer(struct model *m, const struct rec *r)
{
	(void)m;
	(void)r;
	return LEFT_LAYER;
}

int model_quota(struct model *m, const struct rec *r)
{
	(void)m;
	(void)r;
	return LEFT_QUOTA;
}

int model_mounts(struct model *m, const struct rec *r)
{
	(void)m;
	(void)r;
	return LEFT_MOUNTS;
}
