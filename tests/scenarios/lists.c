/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Access control lists, set in all the ways there are, and what directories with default ones give to what is made in
 * them. In the current directory, where "start" has a default list; with an argument it is made, and nothing else.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#define ACCESS	"system.posix_acl_access"
#define DEFAULT "system.posix_acl_default"
#define SYS_SETXATTRAT 463

#define MUST(what)                                                                                 \
	do {                                                                                       \
		if (!(what)) {                                                                     \
			fprintf(stderr, "line %d: %s: %s\n", __LINE__, #what, strerror(errno));    \
			exit(1);                                                                   \
		}                                                                                  \
	} while (0)

struct list {
	struct posix_acl_xattr_header head;
	struct posix_acl_xattr_entry entry[8];
	size_t size;
};

static void add(struct list *l, int tag, int perm, uint32_t id)
{
	size_t n = (l->size - sizeof(l->head)) / sizeof(*l->entry);

	l->entry[n] = (struct posix_acl_xattr_entry){(uint16_t)tag, (uint16_t)perm, id};
	l->size += sizeof(*l->entry);
}

/* With USERS named users, and a mask if there is one of them: then BITS has that, and the group may do everything. */
static struct list list_of(int bits, int users)
{
	struct list l = {.head = {POSIX_ACL_XATTR_VERSION}, .size = sizeof(l.head)};
	int i;

	add(&l, ACL_USER_OBJ, bits >> 6, (uint32_t)-1);
	for (i = 0; i < users; i++)
		add(&l, ACL_USER, 7, 60000 + (uint32_t)i);
	add(&l, ACL_GROUP_OBJ, users ? 7 : bits >> 3 & 7, (uint32_t)-1);
	if (users)
		add(&l, ACL_MASK, bits >> 3 & 7, (uint32_t)-1);
	add(&l, ACL_OTHER, bits & 7, (uint32_t)-1);
	return l;
}

static void is(const char *path, int mode, long access, long by_default)
{
	struct stat st;
	char buf[4096];

	MUST(lstat(path, &st) == 0);
	if ((st.st_mode & 07777) != (mode_t)mode) {
		fprintf(stderr, "%s: %o, not %o\n", path, st.st_mode & 07777, mode);
		exit(1);
	}
	MUST(lgetxattr(path, ACCESS, buf, sizeof(buf)) == (access ? access : -1));
	MUST(lgetxattr(path, DEFAULT, buf, sizeof(buf)) == (by_default ? by_default : -1));
	MUST(llistxattr(path, buf, sizeof(buf)) == (access ? 24 : 0) + (by_default ? 25 : 0));
}

/* All that can be made in a directory whose default list gives 0ugo; the umask would take everything. */
static void fill(const char *dir, int bits, long size)
{
	struct sockaddr_un name = {AF_UNIX, ""};
	long access = size > 28 ? size : 0;
	char way[64];
	int fd, s, top = open(".", O_PATH);

	MUST(chdir(dir) == 0);
	MUST((fd = open("file", O_RDWR | O_CREAT, 0666)) >= 0);
	MUST(write(fd, "1", 1) == 1 && close(fd) == 0);
	is("file", bits & 0666, access, 0);
	MUST((fd = open("script", O_RDWR | O_CREAT | O_EXCL, 0750)) >= 0 && close(fd) == 0);
	is("script", bits & 0750, access, 0);
	MUST(mkdir("sub", 0770) == 0);
	is("sub", bits & 0770, access, size);
	MUST(mknod("fifo", S_IFIFO | 0622, 0) == 0);
	MUST(symlink("file", "link") == 0);
	MUST((s = socket(AF_UNIX, SOCK_STREAM, 0)) >= 0);
	strcpy(name.sun_path, "socket");
	MUST(bind(s, (struct sockaddr *)&name, sizeof(name)) == 0 && close(s) == 0);
	fd = open(".", O_TMPFILE | O_RDWR, 0640);
	if (fd >= 0) {
		snprintf(way, sizeof(way), "/proc/self/fd/%d", fd);
		MUST(linkat(AT_FDCWD, way, AT_FDCWD, "named", AT_SYMLINK_FOLLOW) == 0 && close(fd) == 0);
	}
	if (bits & 0200 && bits & 0100) {
		MUST((fd = open("sub/deeper", O_WRONLY | O_CREAT, 0640)) >= 0 && close(fd) == 0);
		is("sub/deeper", bits & 0640, access, 0);
	}
	MUST(rename("file", "moved") == 0);
	is("moved", bits & 0666, access, 0);
	MUST(chmod("script", 0700) == 0); /* moves the mask, if there is one */
	is("script", 0700, access, 0);
	MUST(fchdir(top) == 0 && close(top) == 0);
}

/* ---- the ways ---- */

enum way { BY_PATH, BY_FD, BY_AT, BY_EMPTY, BY_RING, BY_RING_FD, BY_SLOT, WAYS };
static struct io_uring ring;
static bool has_ring;

static int submit(struct io_uring_sqe *sqe)
{
	struct io_uring_cqe *cqe;
	int ret;

	(void)sqe;
	MUST(io_uring_submit_and_wait(&ring, 1) >= 1 && io_uring_wait_cqe(&ring, &cqe) == 0);
	ret = cqe->res;
	io_uring_cqe_seen(&ring, cqe);
	return ret;
}

static int set(enum way way, const char *path, const char *name, const struct list *l)
{
	struct {
		uint64_t value;
		uint32_t size, flags;
	} args = {(uintptr_t)&l->head, (uint32_t)l->size, 0};
	int fd = open(path, O_RDONLY), ret = -1;
	struct io_uring_sqe *sqe;

	MUST(fd >= 0);
	switch (way) {
	case BY_PATH:
		ret = setxattr(path, name, &l->head, l->size, 0) ? -errno : 0;
		break;
	case BY_FD:
		ret = fsetxattr(fd, name, &l->head, l->size, 0) ? -errno : 0;
		break;
	case BY_AT:
		ret = syscall(SYS_SETXATTRAT, AT_FDCWD, path, 0, name, &args, sizeof(args)) ? -errno : 0;
		break;
	case BY_EMPTY:
		ret = syscall(SYS_SETXATTRAT, fd, "", AT_EMPTY_PATH, name, &args, sizeof(args)) ? -errno : 0;
		break;
	case BY_RING:
		sqe = io_uring_get_sqe(&ring);
		io_uring_prep_setxattr(sqe, name, (const char *)&l->head, path, 0, (unsigned)l->size);
		ret = submit(sqe);
		break;
	case BY_RING_FD:
		sqe = io_uring_get_sqe(&ring);
		io_uring_prep_fsetxattr(sqe, fd, name, (const char *)&l->head, 0, (unsigned)l->size);
		ret = submit(sqe);
		break;
	default:
		MUST(io_uring_register_files_update(&ring, 3, &fd, 1) == 1);
		sqe = io_uring_get_sqe(&ring);
		io_uring_prep_fsetxattr(sqe, 3, name, (const char *)&l->head, 0, (unsigned)l->size);
		sqe->flags |= IOSQE_FIXED_FILE;
		ret = submit(sqe);
		break;
	}
	close(fd);
	return ret;
}

static bool works(enum way way)
{
	struct list l = list_of(0644, 0);
	int fd = open("probe", O_WRONLY | O_CREAT, 0600), ret;

	if (way >= BY_RING && !has_ring)
		return false;
	MUST(fd >= 0 && close(fd) == 0);
	ret = set(way, "probe", ACCESS, &l);
	/* -EBADF: older kernels set none of registered files */
	MUST(ret == 0 || ret == -ENOSYS || ret == -EINVAL || (way == BY_SLOT && ret == -EBADF));
	return ret == 0;
}

static void by(enum way way, const char *name)
{
	struct list named = list_of(0751, 2), plain = list_of(0640, 0), bad = list_of(0700, 1), none = list_of(0, 0);
	struct list later = list_of(0700, 0);
	int fd;

	bad.size -= 8; /* names a user, and has no mask */
	none.size = sizeof(none.head);
	later.head.a_version++;
	MUST(mkdir(name, 0755) == 0 && chdir(name) == 0);
	MUST(mkdir("named", 0777) == 0 && mkdir("plain", 0777) == 0);
	MUST(set(way, "named", DEFAULT, &named) == 0 && set(way, "plain", DEFAULT, &plain) == 0);
	fill("named", 0751, (long)named.size);
	fill("plain", 0640, (long)plain.size);
	MUST(rename("named", "renamed") == 0);
	fill("renamed/sub", 0751, (long)named.size);
	MUST(set(way, "renamed", DEFAULT, &bad) == -EINVAL);
	MUST(set(way, "renamed", DEFAULT, &later) == -EOPNOTSUPP);
	MUST(set(way, "renamed/script", DEFAULT, &named) == -EACCES);
	MUST(set(way, "renamed", DEFAULT, &none) == 0);
	MUST((fd = open("renamed/umask", O_WRONLY | O_CREAT, 0666)) >= 0 && close(fd) == 0);
	is("renamed/umask", 0600, 0, 0);
	MUST(removexattr("plain", DEFAULT) == 0);
	MUST(mkdir("plain/umask", 0777) == 0);
	is("plain/umask", 0700, 0, 0);
	/* and those of files and directories themselves */
	MUST((fd = open("file", O_WRONLY | O_CREAT, 0666)) >= 0 && close(fd) == 0);
	MUST(set(way, "file", ACCESS, &named) == 0);
	is("file", 0751, (long)named.size, 0);
	MUST(set(way, "file", ACCESS, &bad) == -EINVAL);
	MUST(set(way, "file", ACCESS, &later) == -EOPNOTSUPP);
	MUST(chmod("file", 04710) == 0); /* what belongs to no list stays */
	MUST(set(way, "file", ACCESS, &named) == 0);
	is("file", 04751, (long)named.size, 0);
	MUST(set(way, "file", ACCESS, &none) == 0);
	is("file", 04751, 0, 0);
	MUST((fd = open("bits", O_WRONLY | O_CREAT, 0666)) >= 0 && close(fd) == 0);
	MUST(set(way, "bits", ACCESS, &named) == 0 && set(way, "bits", ACCESS, &plain) == 0);
	is("bits", 0640, 0, 0);
	MUST(set(way, "plain", ACCESS, &named) == 0);
	is("plain", 0751, (long)named.size, 0);
	MUST(chdir("..") == 0);
}

int main(int argc, char *argv[])
{
	static const char *const names[WAYS] = {"path", "fd", "at", "empty", "ring", "ring-fd", "slot"};
	struct list start = list_of(0754, 2);
	int way;

	(void)argv;
	if (argc > 1) {
		MUST(mkdir("start", 0755) == 0 && set(BY_PATH, "start", DEFAULT, &start) == 0);
		return 0;
	}
	umask(077);
	has_ring = io_uring_queue_init(4, &ring, 0) == 0;
	MUST(!has_ring || io_uring_register_files(&ring, (const int[]){-1, -1, -1, -1, -1, -1, -1, -1}, 8) == 0);
	fill("start", 0754, 52);
	for (way = 0; way < WAYS; way++)
		if (works((enum way)way))
			by((enum way)way, names[way]);
		else
			printf("missing: %s\n", names[way]);
	if (has_ring)
		io_uring_queue_exit(&ring);
	return 0;
}
