/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ops/ioctl.h"
#include "replay/dispatch.h"
#include "trace/rec.h"

/* ioctl(2) on files: the commands of ops/ioctl.def. */

static int64_t ioctl_on(int fd, uint64_t cmd, uint64_t arg)
{
	return raw_syscall(SYS_ioctl, (uint64_t[6]){(uint64_t)(int64_t)fd, cmd, arg});
}

static int64_t ioctl_with(const struct xop *x, int fd, void *arg)
{
	bool bad = x->ret == -EFAULT;

	return ioctl_on(fd, x->arg[1], bad ? NO_MEMORY : (uint64_t)(uintptr_t)arg);
}

/* Nobody could remove the file, nor the tree that it is in. */
static bool lasts(const struct rthread *t, const struct xop *x)
{
	bool refused = x->ret == -EPERM && !t->w->is_root; /* it is nobody else's to do */

	switch ((unsigned)x->arg[1]) {
	case (unsigned)IOCTL_NR_FS_IOC_SETFLAGS:
		return x->arg[2] & (FS_IMMUTABLE_FL | FS_APPEND_FL) && !refused;
	case (unsigned)IOCTL_NR_FS_IOC_FSSETXATTR:
		return x->arg[2] & (FS_XFLAG_IMMUTABLE | FS_XFLAG_APPEND) && !refused;
	case (unsigned)IOCTL_NR_BTRFS_IOC_SNAP_CREATE:
	case (unsigned)IOCTL_NR_BTRFS_IOC_SNAP_CREATE_V2:
	case (unsigned)IOCTL_NR_BTRFS_IOC_SNAP_DESTROY:
	case (unsigned)IOCTL_NR_BTRFS_IOC_SNAP_DESTROY_V2:
	case (unsigned)IOCTL_NR_BTRFS_IOC_SUBVOL_CREATE:
	case (unsigned)IOCTL_NR_BTRFS_IOC_SUBVOL_CREATE_V2:
		return true;
	default:
		return false;
	}
}

static int64_t clone_range(struct rthread *t, const struct xop *x, int fd)
{
	struct file_clone_range range = {.src_fd = real_fd(t->w, x->arg[2]),
		.src_offset = x->arg[3],
		.src_length = x->arg[4],
		.dest_offset = x->arg[5]};

	return ioctl_with(x, fd, &range);
}

/* ---- deduplication ---- */

struct dest {
	int fd;
	uint64_t offset, bytes;
	int64_t status;
};

static struct dest dest_next(struct rthread *t, const uint8_t **p)
{
	struct dest d = {.fd = real_fd(t->w, uvar_get(p))};

	d.offset = uvar_get(p);
	d.bytes = uvar_get(p);
	d.status = (int64_t)uvar_get(p);
	return d;
}

static bool is_shared(const struct dest *d)
{
	return d->fd >= 0 && d->status == FILE_DEDUPE_RANGE_SAME && d->bytes;
}

/* A file may be deduplicated into by its owner through a descriptor for reading; not cloned into. */
static int64_t clone_to_owned(int fd, const struct file_clone_range *range)
{
	int64_t ret = ioctl_on(fd, (unsigned)IOCTL_NR_FICLONERANGE, (uint64_t)(uintptr_t)range);
	char path[32];
	int writable;

	if (ret != -EBADF)
		return ret;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	writable = open(path, O_WRONLY | O_CLOEXEC | O_NONBLOCK);
	if (writable < 0)
		return -errno;
	ret = ioctl_on(writable, (unsigned)IOCTL_NR_FICLONERANGE, (uint64_t)(uintptr_t)range);
	close(writable);
	return ret;
}

/* The bytes were equal in the program's files and are not here: what sharing them did is a clone. */
static int64_t share(struct rthread *t, const struct xop *x, int fd)
{
	const uint8_t *p = x->vec;
	int64_t ret = 0;
	uint32_t i;

	for (i = 0; i < x->nvec && !ret; i += REC_DEST) {
		struct dest d = dest_next(t, &p);
		struct file_clone_range range = {fd, x->arg[2], d.bytes, d.offset};

		if (is_shared(&d))
			ret = clone_to_owned(d.fd, &range);
	}
	return ret;
}

static int64_t dedupe(struct rthread *t, const struct xop *x, int fd)
{
	struct file_dedupe_range *same = (void *)read_room(t, IOCTL_ROOM);
	const uint8_t *p = x->vec;
	bool shared = false;
	uint32_t i;

	memset(same, 0, IOCTL_BYTES_MAX);
	same->src_offset = x->arg[2];
	same->src_length = x->arg[3];
	same->dest_count = (uint16_t)(x->nvec / REC_DEST);
	for (i = 0; i < same->dest_count; i++) {
		struct dest d = dest_next(t, &p);

		same->info[i].dest_fd = d.fd;
		same->info[i].dest_offset = d.offset;
		shared |= is_shared(&d);
	}
	return shared && x->ret >= 0 ? share(t, x, fd) : ioctl_with(x, fd, same);
}

/* ---- the others ---- */

static int64_t fiemap(struct rthread *t, const struct xop *x, int fd)
{
	struct fiemap *map = (void *)read_room(t, IOCTL_ROOM);
	const uint64_t most = (IOCTL_ROOM - sizeof(*map)) / sizeof(*map->fm_extents);

	memset(map, 0, sizeof(*map));
	map->fm_start = x->arg[2];
	map->fm_length = x->arg[3];
	map->fm_flags = (uint32_t)x->arg[4];
	map->fm_extent_count = (uint32_t)x->arg[5];
	/* more than the kernel takes, or than there is room for here */
	if (map->fm_extent_count > most && map->fm_extent_count <= UINT32_MAX / sizeof(*map->fm_extents))
		map->fm_extent_count = (uint32_t)most;
	return ioctl_with(x, fd, map);
}

static int64_t set_attributes(const struct xop *x, int fd)
{
	struct fsxattr attr = {.fsx_xflags = (uint32_t)x->arg[2],
		.fsx_extsize = (uint32_t)x->arg[3],
		.fsx_projid = (uint32_t)x->arg[4],
		.fsx_cowextsize = (uint32_t)x->arg[5]};

	return ioctl_with(x, fd, &attr);
}

static int64_t reserve(const struct xop *x, int fd)
{
	struct ioctl_space space = {.whence = (int16_t)x->arg[2],
		.start = (int64_t)x->arg[3],
		.len = (int64_t)x->arg[4]};

	return ioctl_with(x, fd, &space);
}

static int64_t move_extents(struct rthread *t, const struct xop *x, int fd)
{
	struct ioctl_move move = {.donor_fd = (uint32_t)real_fd(t->w, x->arg[2]),
		.orig_start = x->arg[3],
		.donor_start = x->arg[4],
		.len = x->arg[5]};

	return ioctl_with(x, fd, &move);
}

static int64_t with_int(struct rthread *t, const struct xop *x, int fd)
{
	int value = (int)x->arg[2];

	if (x->arg[1] == (unsigned)IOCTL_NR_FIBMAP && x->ret != -EPERM && !t->w->is_root)
		return REPLAY_SKIPPED + SKIP_PRIVILEGE;
	return ioctl_with(x, fd, &value);
}

int64_t exec_ioctl(struct rthread *t, const struct xop *x)
{
	int fd = real_fd(t->w, x->arg[0]);

	if (lasts(t, x))
		return REPLAY_SKIPPED + SKIP_LASTING;
	switch ((enum ioctl_shape)ioctl_shape((unsigned)x->arg[1])) {
	case IOCTL_NONE:
		return ioctl_with(x, fd, t->out);
	case IOCTL_FD:
		return ioctl_on(fd, x->arg[1], (uint64_t)(int64_t)real_fd(t->w, x->arg[2]));
	case IOCTL_INT:
		return with_int(t, x, fd);
	case IOCTL_CLONE:
		return clone_range(t, x, fd);
	case IOCTL_DEDUPE:
		return dedupe(t, x, fd);
	case IOCTL_FIEMAP:
		return fiemap(t, x, fd);
	case IOCTL_FSXATTR:
		return set_attributes(x, fd);
	case IOCTL_SPACE:
		return reserve(x, fd);
	case IOCTL_MOVE:
		return move_extents(t, x, fd);
	case IOCTL_SHAPES:
		break;
	}
	return REPLAY_SKIPPED + SKIP_FCNTL;
}
