/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#ifndef IORIOT_CAPTURE_BPF_RIGHTS_H
#define IORIOT_CAPTURE_BPF_RIGHTS_H

#include "state.h"
#include "tuples.h"

/*
 * Descriptors that come from other processes: SCM_RIGHTS of unix(7), pidfd_getfd(2). What is sent is
 * told before the call begins, because it may be received before that is over; what is received, when
 * the call is over and before its record.
 */

#define RIGHTS_FDS	253 /* SCM_MAX_FD */
#define RIGHTS_CONTROLS 64  /* control messages of one message that are looked at */
#define RIGHTS_MESSAGES 1024
#define RIGHTS_STEPS	(1u << 16)

#define MSG_CMSG_CLOEXEC 0x40000000

struct user_message { /* struct mmsghdr, which begins with a struct msghdr */
	u64 name, name_len, iov, iov_len, control, control_len, flags, len;
};

struct user_control {
	u64 len;
	s32 level, type;
};

/* Of 32-bit programs. */
struct narrow_message {
	u32 name, name_len, iov, iov_len, control, control_len, flags, len;
};

struct narrow_control {
	u32 len;
	s32 level, type;
};

enum rights_what { RIGHTS_ANY, RIGHTS_SENT, RIGHTS_RECEIVED };

/* Where the walk over messages, their controls and the descriptors in these is. */
struct rights {
	u64 message, control, control_left, fds;
	u32 messages, controls, left;
	u32 what; /* enum rights_what */
	u32 any, used;
	u64 at_entry;
	bool cloexec, narrow;
};

/* In memory that the verifier does not follow: the walk has too many ways for it. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct rights);
} walks SEC(".maps");

static __always_inline struct rights *rights_here(void)
{
	u32 zero = 0;

	return bpf_map_lookup_elem(&walks, &zero);
}

__noinline int rights_found(u32 fd)
{
	struct rights *r = rights_here();
	struct file *file = file_of(fd);
	struct build *b;
	u64 *to;

	if (!file || !r)
		return 0;
	if (r->what == RIGHTS_RECEIVED) {
		put_described(WIRE_RECEIVED, (u64)file, 0, r->at_entry,
			fd | DESCRIBED_SENT | (r->cloexec ? DESCRIBED_CLOEXEC : 0));
		r->any = 1;
		return 0;
	}
	b = build_here();
	if (!b)
		return 0;
	to = tuples_next(b, &r->used, 2 * sizeof(u64));
	to[0] = (u64)(s64)(s32)fd;
	to[1] = hidden_id(file);
	return 0;
}

static __always_inline bool rights_head(const struct rights *r, struct user_control *head)
{
	struct narrow_control narrow;

	if (!r->narrow)
		return !bpf_probe_read_user(head, sizeof(*head), (const void *)r->control);
	if (bpf_probe_read_user(&narrow, sizeof(narrow), (const void *)r->control))
		return false;
	head->len = narrow.len;
	head->level = narrow.level;
	head->type = narrow.type;
	return true;
}

/* Where the controls of the next message are. */
static __always_inline void rights_message(struct rights *r)
{
	struct build *b = build_here();
	struct narrow_message *narrow;
	struct user_message *message;

	if (!b)
		return;
	/* a struct msghdr alone is shorter */
	if (r->narrow) {
		narrow = (struct narrow_message *)b->name;
		if (!bpf_probe_read_user(narrow, 28, (const void *)r->message) && narrow->control) {
			r->control = narrow->control;
			r->control_left = narrow->control_len;
		}
		r->message += sizeof(*narrow);
		return;
	}
	message = (struct user_message *)b->name;
	if (!bpf_probe_read_user(message, 56, (const void *)r->message) && message->control) {
		r->control = message->control;
		r->control_left = message->control_len;
	}
	r->message += sizeof(*message);
}

/* The next control message; true: it has descriptors. */
static __always_inline void rights_control(struct rights *r)
{
	u32 size = r->narrow ? sizeof(struct narrow_control) : sizeof(struct user_control);
	struct user_control head;
	u64 step, n;

	r->controls++;
	if (!rights_head(r, &head) || head.len < size || head.len > r->control_left) {
		r->control_left = 0;
		return;
	}
	if (head.level == 1 /* SOL_SOCKET */ && head.type == 1 /* SCM_RIGHTS */) {
		n = (head.len - size) / sizeof(s32);
		r->fds = r->control + size;
		r->left = n < RIGHTS_FDS ? n : RIGHTS_FDS;
	}
	step = r->narrow ? (head.len + 3) & ~3ull : (head.len + 7) & ~7ull;
	if (step > r->control_left)
		step = r->control_left;
	r->control += step;
	r->control_left -= step;
}

STEP(rights_step)
{
	struct rights *r = rights_here();
	s32 fd;

	if (!r)
		return 1;
	if (r->left) {
		r->left--;
		if (bpf_probe_read_user(&fd, sizeof(fd), (const void *)r->fds))
			fd = -1;
		if (r->what != RIGHTS_ANY) {
			rights_found(fd);
		} else if (file_of(fd)) {
			r->any = 1;
			return 1;
		}
		r->fds += sizeof(fd);
		return 0;
	}
	if (r->control_left >= sizeof(struct narrow_control) && r->controls < RIGHTS_CONTROLS) {
		rights_control(r);
		return 0;
	}
	if (!r->messages)
		return 1;
	r->messages--;
	r->controls = 0;
	r->control_left = 0;
	rights_message(r);
	return 0;
}

LONG_STEP(rights_step)

static __always_inline u32 rights_messages(u32 op, s64 n)
{
	if (op != ROW_sendmmsg && op != ROW_recvmmsg)
		return n >= 0;
	return n < 0 ? 0 : n < RIGHTS_MESSAGES ? n : RIGHTS_MESSAGES;
}

/* Walks over N messages; whether there was any descriptor that was asked for. */
__noinline int rights_walk(u64 messages, u32 n, u32 what, u64 at_entry, u32 cloexec)
{
	struct rights *r = rights_here();
	struct build *b = build_here();

	if (!r || !b)
		return 0;
	*r = (struct rights){.message = messages,
		.messages = n,
		.what = what,
		.at_entry = at_entry,
		.cloexec = cloexec,
		.narrow = call_how() & COMPAT_MESSAGE};
	LONG_LOOP(RIGHTS_STEPS, rights_step);
	if (what == RIGHTS_SENT)
		tuples_end(b, r->used);
	return r->any;
}

/* The process that a pidfd stands for, 0: it is none. Since Linux 6.9 they have a file system of their own. */
static __always_inline u64 rights_owner(u32 pidfd)
{
	struct file *file = file_of(pidfd);
	struct inode *inode;
	struct super_block *sb;
	struct pid *pid;

	if (!file)
		return 0;
	inode = GET(file, f_inode);
	sb = GET(inode, i_sb);
	if (GET(sb, s_magic) == PIDFS_MAGIC)
		pid = GET(inode, i_private);
	else if (is_anonymous(file, "[pidfd]\0\0\0\0\0\0\0\0"))
		pid = GET(file, private_data);
	else
		return 0; /* what it took is told instead */
	return (u32)GET(pid, numbers[0].nr);
}

static __always_inline void put_received_fd(u32 fd, u64 at_entry)
{
	struct file *file = file_of(fd);

	if (file)
		put_described(WIRE_RECEIVED, (u64)file, 0, at_entry, fd | DESCRIBED_CLOEXEC);
}

#endif
