/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <linux/openat2.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "calls.h"

/*
 * io_uring without a library, since what it maps is a part of the test. A ring is known where its memory
 * is mapped; its descriptor is one as any other, so others close it, have it, or put something else
 * in its place. A batch is submitted and over in one turn.
 */

#define RINGS	2
#define ENTRIES 8
#define SLOTS_FIXED 4
#define LATE 100 /* user_data of those that are asked for later */

#ifndef IORING_OFF_SQES
#error "linux/io_uring.h is too old"
#endif
#define OP_FTRUNCATE 55 /* IORING_OP_..., which not every header has */
#define OP_FIXED_FD_INSTALL 54

static struct ring {
	int fd;
	unsigned entries, mask, cq_mask;
	unsigned *sq_head, *sq_tail, *array;
	unsigned *cq_head, *cq_tail;
	struct io_uring_sqe *sqes;
	struct io_uring_cqe *cqes;
} rings[RINGS];

/* What submissions point to must stay until they are over, and paths are in the step's own memory. */
static struct {
	char path[2][8192];
	struct iovec iov[5];
	struct open_how how;
	struct statx stx;
} room_of[ENTRIES];

static bool map_ring(struct ring *r, const struct io_uring_params *p)
{
	size_t sq = p->sq_off.array + p->sq_entries * sizeof(unsigned);
	size_t cq = p->cq_off.cqes + p->cq_entries * sizeof(struct io_uring_cqe);
	size_t sqes = p->sq_entries * sizeof(struct io_uring_sqe), len = sq > cq ? sq : cq;
	long at = raw(SYS_mmap, 0, (long)len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, r->fd,
		IORING_OFF_SQ_RING);
	long list = raw(SYS_mmap, 0, (long)sqes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, r->fd,
		IORING_OFF_SQES);
	char *top = (char *)at;

	if (at < 0 || list < 0 || !(p->features & IORING_FEAT_SINGLE_MMAP))
		return false;
	r->entries = p->sq_entries;
	r->mask = p->sq_entries - 1;
	r->cq_mask = p->cq_entries - 1;
	r->sq_head = (unsigned *)(top + p->sq_off.head);
	r->sq_tail = (unsigned *)(top + p->sq_off.tail);
	r->array = (unsigned *)(top + p->sq_off.array);
	r->cq_head = (unsigned *)(top + p->cq_off.head);
	r->cq_tail = (unsigned *)(top + p->cq_off.tail);
	r->cqes = (struct io_uring_cqe *)(top + p->cq_off.cqes);
	r->sqes = (struct io_uring_sqe *)list;
	return true;
}

void c_uring_setup(struct ctx *c)
{
	static const unsigned flags[] = {0, 0, 0, IORING_SETUP_CLAMP, IORING_SETUP_CQSIZE, IORING_SETUP_SUBMIT_ALL,
		IORING_SETUP_COOP_TASKRUN, IORING_SETUP_SINGLE_ISSUER, 1u << 30};
	struct io_uring_params p = {.flags = flags[below(c, 9)]};
	struct ring *r = &rings[below(c, RINGS)], made = {0};
	long n = percent(c, 95) ? ENTRIES : percent(c, 50) ? 0 : 1 << 20, ret;

	if (r->entries && percent(c, 75)) {
		c_uring_submit(c);
		return;
	}
	if (p.flags & IORING_SETUP_CQSIZE)
		p.cq_entries = 32;
	ret = keep(c, raw(SYS_io_uring_setup, n, percent(c, 97) ? P(&p) : 1, 0, 0, 0, 0), false);
	say(c, "io_uring_setup %ld 0x%x = %ld", n, p.flags, ret);
	made.fd = (int)ret;
	if (ret >= 0 && p.sq_entries == ENTRIES && map_ring(&made, &p))
		*r = made;
}

static struct ring *any_ring(struct ctx *c)
{
	unsigned first = below(c, RINGS);

	return rings[first].entries ? &rings[first] : rings[(first + 1) % RINGS].entries ? &rings[(first + 1) % RINGS]
											 : NULL;
}

/* ---- what is registered ---- */

void c_uring_register(struct ctx *c)
{
	struct ring *r = any_ring(c);
	struct iovec iov[2] = {{room, 4096}, {room + 8192, 20000}};
	int fds[SLOTS_FIXED], fd, i;
	struct io_uring_files_update update = {.offset = below(c, SLOTS_FIXED + 1), .fds = (uintptr_t)fds};
	unsigned op, n = SLOTS_FIXED;
	const void *arg = fds;

	if (!r) {
		c_uring_setup(c);
		return;
	}
	for (i = 0; i < SLOTS_FIXED; i++) {
		fds[i] = percent(c, 25) ? -1 : any_fd(c);
		if (is_no_file(fds[i])) /* a read of a pipe waits in a ring, whatever its flags are */
			fds[i] = -1;
	}
	switch (below(c, 7)) {
	case 0:
	case 1:
		op = IORING_REGISTER_FILES;
		break;
	case 2:
		op = IORING_UNREGISTER_FILES;
		break;
	case 3:
	case 4:
		op = IORING_REGISTER_FILES_UPDATE;
		arg = &update;
		n = 1;
		break;
	case 5:
		op = IORING_REGISTER_BUFFERS;
		arg = iov;
		n = 2;
		break;
	default:
		op = IORING_UNREGISTER_BUFFERS;
		break;
	}
	if (op == IORING_UNREGISTER_FILES || op == IORING_UNREGISTER_BUFFERS) {
		arg = NULL;
		n = 0;
	}
	fd = percent(c, 97) ? r->fd : any_fd(c);
	say(c, "io_uring_register %d %u %d %d %d %d = %ld", fd, op, fds[0], fds[1], fds[2], fds[3],
		raw(SYS_io_uring_register, fd, op, P(arg), n, 0, 0));
}

/* ---- submissions ---- */


/* Paths are copied: one step makes several of them. */
static const char *own_path(struct ctx *c, unsigned i, int which, enum want want)
{
	const char *path = path_make(c, which, want);

	if (path <= (const char *)1)
		return path;
	return memcpy(room_of[i].path[which], path, strlen(path) + 1);
}

static unsigned any_slot_index(struct ctx *c)
{
	return percent(c, 10) ? IORING_FILE_INDEX_ALLOC : 1 + below(c, SLOTS_FIXED + percent(c, 10));
}

static void ask_bytes(struct ctx *c, struct io_uring_sqe *sqe, unsigned i)
{
	static const uint8_t codes[] = {IORING_OP_READ, IORING_OP_WRITE, IORING_OP_READV, IORING_OP_WRITEV,
		IORING_OP_READ_FIXED, IORING_OP_WRITE_FIXED};

	sqe->opcode = codes[below(c, 6)];
	sqe->fd = any_fd(c);
	sqe->off = percent(c, 25) ? UINT64_MAX : (uint64_t)any_offset(c);
	sqe->addr = (uintptr_t)room;
	sqe->len = (uint32_t)any_length(c);
	if (sqe->opcode == IORING_OP_READV || sqe->opcode == IORING_OP_WRITEV) {
		sqe->len = any_vector(c, room_of[i].iov);
		sqe->addr = (uintptr_t)room_of[i].iov;
	} else if (sqe->opcode == IORING_OP_READ_FIXED || sqe->opcode == IORING_OP_WRITE_FIXED) {
		sqe->buf_index = (uint16_t)below(c, percent(c, 95) ? 2 : 3);
		sqe->addr += sqe->buf_index ? 8192 : 0;
		if (percent(c, 90) && sqe->len > 4096)
			sqe->len = 4096;
	}
	if (is_no_file(sqe->fd))
		sqe->rw_flags = 8; /* RWF_NOWAIT */
	else if (percent(c, 5))
		sqe->rw_flags = 2; /* RWF_DSYNC */
}

static void ask_file(struct ctx *c, struct io_uring_sqe *sqe)
{
	sqe->fd = any_fd(c);
	sqe->off = (uint64_t)any_offset(c);
	sqe->len = (uint32_t)any_length(c);
	switch (below(c, 6)) {
	case 0:
		sqe->opcode = IORING_OP_FSYNC;
		sqe->fsync_flags = percent(c, 50) ? IORING_FSYNC_DATASYNC : 0;
		break;
	case 1:
		sqe->opcode = IORING_OP_SYNC_FILE_RANGE;
		sqe->sync_range_flags = below(c, 9);
		break;
	case 2:
		sqe->opcode = IORING_OP_FALLOCATE;
		sqe->addr = (uint64_t)any_length(c);
		sqe->len = percent(c, 50) ? 0 : 1;
		break;
	case 3:
		sqe->opcode = IORING_OP_FADVISE;
		sqe->fadvise_advice = below(c, 7);
		break;
	default:
		sqe->opcode = OP_FTRUNCATE;
		sqe->len = 0;
		break;
	}
}

static void ask_open(struct ctx *c, struct io_uring_sqe *sqe, unsigned i)
{
	const char *path = own_path(c, i, 0, percent(c, 75) ? WANT_ANY : WANT_DIR);
	long flags = any_open_flags(c) | O_NONBLOCK;

	sqe->fd = any_dirfd(c);
	sqe->addr = (uintptr_t)path;
	if (percent(c, 60)) {
		sqe->opcode = IORING_OP_OPENAT;
		sqe->open_flags = (uint32_t)flags;
		sqe->len = (uint32_t)any_mode(c);
	} else {
		room_of[i].how = (struct open_how){.flags = (uint64_t)flags,
			.resolve = percent(c, 50) ? RESOLVE_BENEATH : 0};
		if (flags & O_CREAT)
			room_of[i].how.mode = (uint64_t)any_mode(c);
		sqe->opcode = IORING_OP_OPENAT2;
		sqe->off = (uintptr_t)&room_of[i].how;
		sqe->len = sizeof(room_of[i].how);
	}
	if (percent(c, 30) && !is_fd_path(path)) {
		sqe->file_index = any_slot_index(c);
		if (sqe->opcode == IORING_OP_OPENAT)
			sqe->open_flags &= ~(uint32_t)O_CLOEXEC;
		else
			room_of[i].how.flags &= ~(uint64_t)O_CLOEXEC;
	}
}

static void ask_name(struct ctx *c, struct io_uring_sqe *sqe, unsigned i)
{
	bool dirs = percent(c, 25);
	const char *path = own_path(c, i, 0, dirs ? WANT_DIR : WANT_ANY), *other = NULL;
	unsigned which = below(c, 7);

	if (which == 3 || which == 4)
		other = own_path(c, i, 1, dirs ? WANT_DIR : WANT_NEW);
	sqe->fd = any_dirfd(c);
	sqe->addr = (uintptr_t)path;
	switch (which) {
	case 0:
		sqe->opcode = IORING_OP_STATX;
		sqe->len = 0x7ff;
		sqe->off = (uintptr_t)&room_of[i].stx;
		sqe->statx_flags = (uint32_t)any_at_flags(c, AT_SYMLINK_NOFOLLOW);
		break;
	case 1:
		sqe->opcode = IORING_OP_UNLINKAT;
		sqe->unlink_flags = percent(c, 90) == dirs ? AT_REMOVEDIR : 0;
		break;
	case 2:
		sqe->opcode = IORING_OP_MKDIRAT;
		sqe->addr = (uintptr_t)own_path(c, i, 0, WANT_DIR);
		sqe->len = (uint32_t)any_mode(c);
		break;
	case 3:
		sqe->opcode = IORING_OP_RENAMEAT;
		sqe->addr2 = (uintptr_t)other;
		sqe->len = (uint32_t)any_dirfd(c);
		sqe->rename_flags = percent(c, 50) ? 0 : 1 + below(c, 2);
		break;
	case 4:
		sqe->opcode = IORING_OP_LINKAT;
		sqe->addr2 = (uintptr_t)other;
		sqe->len = (uint32_t)any_dirfd(c);
		sqe->hardlink_flags = (uint32_t)any_at_flags(c, AT_SYMLINK_FOLLOW);
		break;
	default:
		sqe->opcode = IORING_OP_SYMLINKAT;
		other = path_target(c, 1);
		if (other > (const char *)1)
			other = memcpy(room_of[i].path[1], other, strlen(other) + 1);
		sqe->addr = (uintptr_t)other;
		sqe->addr2 = (uintptr_t)own_path(c, i, 0, percent(c, 80) ? WANT_LINK : WANT_NEW);
		break;
	}
}

static void ask_attribute(struct ctx *c, struct io_uring_sqe *sqe, unsigned i)
{
	static const uint8_t codes[] = {IORING_OP_SETXATTR, IORING_OP_FSETXATTR, IORING_OP_GETXATTR, IORING_OP_FGETXATTR};

	const char *name = any_attribute(c);

	sqe->opcode = codes[below(c, 4)];
	sqe->addr = (uintptr_t)name;
	sqe->addr2 = (uintptr_t)room_of[i].path[1];
	sqe->len = (uint32_t)any_value(c, name, room_of[i].path[1], below(c, 40));
	if (sqe->opcode == IORING_OP_SETXATTR || sqe->opcode == IORING_OP_GETXATTR)
		sqe->addr3 = (uintptr_t)own_path(c, i, 0, WANT_ANY);
	else
		sqe->fd = any_fd(c);
	if (sqe->opcode == IORING_OP_SETXATTR || sqe->opcode == IORING_OP_FSETXATTR)
		sqe->xattr_flags = percent(c, 70) ? 0 : below(c, 4);
}

static void ask_slots(struct ctx *c, struct io_uring_sqe *sqe, unsigned i)
{
	int32_t *files = (int32_t *)room_of[i].path[0];
	unsigned n;

	if (percent(c, 40)) {
		sqe->opcode = OP_FIXED_FD_INSTALL;
		sqe->fd = (int)below(c, SLOTS_FIXED + percent(c, 10));
		sqe->flags = percent(c, 95) ? IOSQE_FIXED_FILE : 0;
		sqe->len = 0;
		sqe->rw_flags = percent(c, 50); /* IORING_FIXED_FD_NO_CLOEXEC */
		return;
	}
	sqe->opcode = IORING_OP_FILES_UPDATE;
	sqe->off = below(c, SLOTS_FIXED + 1);
	sqe->len = 1 + below(c, 2);
	sqe->addr = percent(c, 95) ? (uintptr_t)files : 1;
	for (n = 0; n < sqe->len; n++) {
		files[n] = percent(c, 25) ? -1 - (int)below(c, 2) : any_fd(c);
		if (is_no_file(files[n]))
			files[n] = -1;
	}
}

/* One end is a pipe that never waits; a file's is a random one. */
static void ask_splice(struct ctx *c, struct io_uring_sqe *sqe)
{
	bool reads = percent(c, 50);
	int fds[2];

	sqe->opcode = IORING_OP_SPLICE;
	sqe->splice_fd_in = any_fd(c);
	sqe->fd = any_fd(c);
	sqe->splice_off_in = percent(c, 60) ? UINT64_MAX : (uint64_t)any_offset(c);
	sqe->off = percent(c, 60) ? UINT64_MAX : (uint64_t)any_offset(c);
	sqe->len = (uint32_t)any_length(c);
	sqe->splice_flags = 2 /* SPLICE_F_NONBLOCK */ | (percent(c, 10) ? 1u << 31 : 0); /* SPLICE_F_FD_IN_FIXED */
	if (raw(SYS_pipe2, P(fds), O_NONBLOCK, 0, 0, 0, 0))
		return;
	keep(c, fds[0], false);
	keep(c, fds[1], false);
	if (reads) {
		raw(SYS_write, fds[1], P(room), sqe->len < 20000 ? sqe->len / 2 : 20000, 0, 0, 0);
		sqe->splice_fd_in = fds[0];
		sqe->splice_flags &= 3;
		sqe->splice_off_in = UINT64_MAX;
	} else {
		sqe->fd = fds[1];
		sqe->off = UINT64_MAX;
	}
}

static void ask_rest(struct ctx *c, struct io_uring_sqe *sqe)
{
	switch (below(c, 5)) {
	case 0:
		sqe->opcode = IORING_OP_NOP;
		break;
	case 1: /* of a file: nothing to be got */
		sqe->opcode = IORING_OP_RECV;
		sqe->fd = any_fd(c);
		sqe->addr = (uintptr_t)room;
		sqe->len = 10;
		sqe->msg_flags = 0x40; /* MSG_DONTWAIT */
		break;
	default:
		sqe->opcode = IORING_OP_CLOSE;
		if (percent(c, 35))
			sqe->file_index = any_slot_index(c);
		else
			sqe->fd = any_fd(c);
		break;
	}
}

static void ask(struct ctx *c, struct ring *r, unsigned i, bool last)
{
	unsigned tail = *r->sq_tail + i, roll = below(c, 100);
	struct io_uring_sqe *sqe = &r->sqes[tail & r->mask];

	memset(sqe, 0, sizeof(*sqe));
	if (roll < 45)
		ask_bytes(c, sqe, i);
	else if (roll < 57)
		ask_file(c, sqe);
	else if (roll < 72)
		ask_open(c, sqe, i);
	else if (roll < 85)
		ask_name(c, sqe, i);
	else if (roll < 89)
		ask_attribute(c, sqe, i);
	else if (roll < 92)
		ask_slots(c, sqe, i);
	else if (roll < 94)
		ask_splice(c, sqe);
	else
		ask_rest(c, sqe);
	sqe->user_data = i;
	if (roll < 57 && percent(c, 30)) {
		sqe->flags |= IOSQE_FIXED_FILE;
		sqe->fd = (int)below(c, SLOTS_FIXED + percent(c, 5));
	}
	if (percent(c, 15))
		sqe->flags |= IOSQE_ASYNC;
	if (percent(c, 5))
		sqe->flags |= IOSQE_IO_DRAIN;
	if (!last)
		sqe->flags |= percent(c, 85) ? IOSQE_IO_LINK : IOSQE_IO_HARDLINK;
	r->array[tail & r->mask] = tail & r->mask;
	say(c, "  sqe %u: %u flags 0x%x fd %d off %lld len %u slot %u %s", i, sqe->opcode, sqe->flags, sqe->fd,
		(long long)sqe->off, sqe->len, sqe->file_index,
		roll >= 57 && roll < 85 ? show((const char *)(uintptr_t)sqe->addr) : "");
}

static unsigned waiting(const struct ring *r)
{
	return __atomic_load_n(r->cq_tail, __ATOMIC_ACQUIRE) - *r->cq_head;
}

static bool makes_descriptor(const struct io_uring_sqe *sqe)
{
	return ((sqe->opcode == IORING_OP_OPENAT || sqe->opcode == IORING_OP_OPENAT2) && !sqe->file_index) ||
	       sqe->opcode == OP_FIXED_FD_INSTALL;
}

/* Takes the completions, and keeps the descriptors that came with them. */
static void take(struct ctx *c, struct ring *r, unsigned first)
{
	unsigned head = *r->cq_head;

	for (; head != __atomic_load_n(r->cq_tail, __ATOMIC_ACQUIRE); head++) {
		const struct io_uring_cqe *cqe = &r->cqes[head & r->cq_mask];
		const struct io_uring_sqe *sqe = &r->sqes[(first + (unsigned)cqe->user_data) & r->mask];

		say(c, "  cqe %u = %d", (unsigned)cqe->user_data, cqe->res);
		if (cqe->user_data < LATE && makes_descriptor(sqe))
			keep(c, cqe->res, false);
	}
	__atomic_store_n(r->cq_head, head, __ATOMIC_RELEASE);
}

static unsigned submit(struct ring *r, int fd, unsigned n, unsigned least, long *ret)
{
	unsigned first = *r->sq_head, taken;

	__atomic_store_n(r->sq_tail, first + n, __ATOMIC_RELEASE);
	*ret = raw(SYS_io_uring_enter, fd, n, least, least ? IORING_ENTER_GETEVENTS : 0, 0, 0);
	taken = __atomic_load_n(r->sq_head, __ATOMIC_ACQUIRE) - first;
	__atomic_store_n(r->sq_tail, first + taken, __ATOMIC_RELEASE);
	return taken;
}

/* Over in this turn, and asked for in a later one: what nothing depends on, since nobody is told when it was over. */
static void submit_late(struct ctx *c, struct ring *r)
{
	static const uint8_t codes[] = {IORING_OP_NOP, IORING_OP_FSYNC, IORING_OP_FADVISE};
	struct io_uring_sqe *sqe = &r->sqes[*r->sq_tail & r->mask];
	unsigned old = waiting(r), taken;
	long ret;

	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = codes[below(c, 3)];
	if (sqe->opcode != IORING_OP_NOP)
		sqe->fd = any_fd(c);
	sqe->user_data = LATE;
	r->array[*r->sq_tail & r->mask] = *r->sq_tail & r->mask;
	taken = submit(r, r->fd, 1, 0, &ret);
	while (waiting(r) < old + taken)
		sched_yield();
	say(c, "io_uring_enter %d late %u %d = %ld", r->fd, sqe->opcode, sqe->fd, ret);
}

/*
 * Linked, so that it is decided which one comes first. The kernel takes fewer when one of them is no good,
 * or when this is another ring's descriptor; the others never were.
 */
void c_uring_submit(struct ctx *c)
{
	struct ring *r = any_ring(c);
	unsigned n = percent(c, 60) ? 1 : 2 + below(c, 3), i, old, first, taken;
	long ret;

	if (!r) {
		c_uring_setup(c);
		return;
	}
	old = waiting(r);
	if (old < ENTRIES && percent(c, 8)) {
		submit_late(c, r);
		return;
	}
	first = *r->sq_tail;
	for (i = 0; i < n; i++)
		ask(c, r, i, i == n - 1);
	taken = submit(r, percent(c, 98) ? r->fd : any_fd(c), n, old + n, &ret);
	say(c, "io_uring_enter %d %u = %ld", r->fd, n, ret);
	while (ret >= 0 && waiting(r) < old + taken)
		ret = raw(SYS_io_uring_enter, r->fd, 0, old + taken, IORING_ENTER_GETEVENTS, 0, 0);
	take(c, r, first);
}
