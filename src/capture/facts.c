/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/facts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "ops/xattr.h"
#include "utils/acl.h"

struct facts facts_of_stat(const struct stat *st)
{
	return (struct facts){
		.known = true,
		.dev_major = major(st->st_dev),
		.dev_minor = minor(st->st_dev),
		.ino = st->st_ino,
		.mode = st->st_mode,
		.nlink = (uint32_t)st->st_nlink,
		.uid = st->st_uid,
		.gid = st->st_gid,
		.size = (uint64_t)st->st_size,
		.blocks = (uint64_t)st->st_blocks,
	};
}

int facts_default_acl(const char *path, size_t *len)
{
	char value[4096], *all = value;
	ssize_t n = getxattr(path, XATTR_ACL_DEFAULT, value, sizeof(value));
	int bits;

	if (n < 0 && errno == ERANGE) {
		all = malloc(XATTR_SIZE_MAX);
		n = all ? getxattr(path, XATTR_ACL_DEFAULT, all, XATTR_SIZE_MAX) : -1;
	}
	bits = n < 0 ? -1 : acl_bits(all, (size_t)n);
	*len = n < 0 ? 0 : (size_t)n;
	if (all != value)
		free(all);
	return bits;
}

bool facts_sets_acl(const struct rec *rec)
{
	return (op_has(rec->op, A_XFLAGS) || rec->op == OP_setxattrat) && rec->ret >= 0 && xattr_is_acl(rec->path2);
}

struct facts facts_of_list(const char value[WIRE_LIST_BYTES])
{
	int bits = acl_bits(value, WIRE_LIST_BYTES);

	return (struct facts){.list = bits >= 0, .mode = bits < 0 ? 0 : (uint32_t)bits};
}

struct facts facts_of_fd(pid_t tid, int fd)
{
	char link[64];
	struct stat st;

	snprintf(link, sizeof(link), "/proc/%d/fd/%d", (int)tid, fd);
	if (stat(link, &st))
		return (struct facts){0};
	return facts_of_stat(&st);
}

bool facts_of_description(pid_t tid, int fd, uint64_t *offset, uint64_t *flags)
{
	char path[64], line[256];
	unsigned long long value;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", (int)tid, fd);
	f = fopen(path, "re");
	if (!f)
		return false;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "pos: %llu", &value) == 1)
			*offset = value;
		if (sscanf(line, "flags: %llo", &value) != 1)
			continue;
		*flags = value; /* O_CLOEXEC is among them */
		break;		/* what follows may be long: locks, for example */
	}
	fclose(f);
	return true;
}

static int add_range(extents *out, uint64_t off, uint64_t len)
{
	uint64_t *p = vec_push(out);

	if (!p)
		return -ENOMEM;
	*p = off;
	p = vec_push(out);
	if (!p)
		return -ENOMEM;
	*p = len;
	return 0;
}

static int read_ranges(int fd, uint64_t size, extents *out)
{
	off_t data = 0, hole;
	int rc;

	for (;;) {
		data = lseek(fd, data, SEEK_DATA);
		if (data < 0) /* ENXIO: only a hole is left */
			return errno == ENXIO ? 0 : -errno;
		hole = lseek(fd, data, SEEK_HOLE);
		if (hole < 0)
			return -errno;
		if (out->n / 2 == EXTENTS_MAX - 1)
			hole = (off_t)size;
		rc = add_range(out, (uint64_t)data, (uint64_t)(hole - data));
		if (rc || hole >= (off_t)size)
			return rc;
		data = hole;
	}
}

int facts_extents(const char *path, uint64_t size, extents *out)
{
	/* O_NONBLOCK: the name may have become a fifo since it was looked at */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY), rc;

	if (fd < 0)
		return -errno;
	out->n = 0;
	rc = read_ranges(fd, size, out);
	close(fd);
	return rc;
}
