/* SPDX-License-Identifier: Apache-2.0 */
#include "replay/confine.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/landlock.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * Rights by version of Landlock, with the values of include/uapi/linux/landlock.h: the installed
 * header may be older than the kernel.
 */
#define FS_EXECUTE   (1ULL << 0)
#define FS_MAKE_CHAR (1ULL << 6)
#define FS_MAKE_BLOCK (1ULL << 11)
#define FS_VERSION_1 ((1ULL << 13) - 1)
#define FS_REFER     (1ULL << 13) /* version 2: rename and link between directories */
#define FS_TRUNCATE  (1ULL << 14) /* version 3 */
#define FS_IOCTL_DEV (1ULL << 15) /* version 5 */
#define NET_TCP	     3ULL	  /* version 4: bind and connect */
#define SCOPES	     3ULL	  /* version 6: abstract sockets and signals of others */

struct ruleset {
	uint64_t fs, net, scoped;
};

int confine_landlock_version(void)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	/* Version 1 denies every rename between directories, so that replays would diverge. */
	return version >= 2 ? (int)version : 0;
}

static struct ruleset ruleset_for(int version)
{
	struct ruleset r = {.fs = FS_VERSION_1 | FS_REFER};

	if (version >= 3)
		r.fs |= FS_TRUNCATE;
	if (version >= 4)
		r.net = NET_TCP;
	if (version >= 5)
		r.fs |= FS_IOCTL_DEV;
	if (version >= 6)
		r.scoped = SCOPES;
	return r;
}

/* The kernel refuses fields that it does not know unless they are not there. */
static size_t ruleset_size(int version)
{
	return version >= 6 ? 24 : version >= 4 ? 16 : 8;
}

static int add_tree(int ruleset, uint64_t rights, int tree)
{
	struct landlock_path_beneath_attr rule = {.allowed_access = rights, .parent_fd = tree};

	return syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) ? -errno
											     : 0;
}

/* O_PATH of the only entry of DIR when that is a directory, else -1. */
static int only_directory(int dir)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), found = -1;
	DIR *list = fd < 0 ? NULL : fdopendir(fd);
	char name[NAME_MAX + 1] = "";
	struct dirent *e;
	int n = 0;

	while (list && n < 2 && (e = readdir(list)) != NULL)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 && n++ == 0)
			snprintf(name, sizeof(name), "%s", e->d_name);
	if (list)
		closedir(list);
	else if (fd >= 0)
		close(fd);
	if (n == 1)
		found = openat(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return found;
}

#define DEPTH_MAX 64

/*
 * The kernel walks from a file up to the directory of a rule, at each open: where everything is deep in the tree
 * (home/user/project) a second rule there spares it most of the way. It allows what the tree's does, so
 * it is no loss when there is none.
 */
static void add_deep(int ruleset, uint64_t rights, int tree)
{
	int at = tree, next, depth;

	for (depth = 0; depth < DEPTH_MAX && (next = only_directory(at)) >= 0; depth++) {
		if (at != tree)
			close(at);
		at = next;
	}
	if (at == tree)
		return;
	add_tree(ruleset, rights, at);
	close(at);
}

static int landlock(int version, const int *trees, size_t n, struct err *err)
{
	struct ruleset r = ruleset_for(version);
	uint64_t allowed = r.fs & ~(FS_EXECUTE | FS_MAKE_CHAR | FS_MAKE_BLOCK | FS_IOCTL_DEV);
	int fd = (int)syscall(SYS_landlock_create_ruleset, &r, ruleset_size(version), 0);
	int rc = fd < 0 ? -errno : 0;
	size_t i;

	for (i = 0; i < n && rc == 0; i++) {
		rc = add_tree(fd, allowed, trees[i]);
		if (rc == 0)
			add_deep(fd, allowed, trees[i]);
	}
	if (rc == 0 && syscall(SYS_landlock_restrict_self, fd, 0))
		rc = -errno;
	if (fd >= 0)
		close(fd);
	return rc ? err_sys(err, -rc, "cannot confine the replay by Landlock") : 0;
}

static int become(const struct user *user, struct err *err)
{
	if (geteuid() != 0)
		return 0;
	if (setgroups(0, NULL) || setresgid(user->gid, user->gid, user->gid) ||
		setresuid(user->uid, user->uid, user->uid))
		return err_sys(err, errno, "cannot become user %s", user->name);
	return 0;
}

int confine_process(const struct user *user, int version, const int *trees, size_t n,
	struct err *err)
{
	int rc = become(user, err);

	if (rc)
		return rc;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return err_sys(err, errno, "cannot give up new privileges");
	return version ? landlock(version, trees, n, err) : 0;
}

#define PINNED_MOST (1ull << 32) /* whatever the file says */

void confine_memory(uint64_t pinned, uint32_t copies)
{
	struct rlimit limit;

	if (__builtin_mul_overflow(pinned, copies, &pinned))
		pinned = PINNED_MOST;
	pinned = pinned < PINNED_MOST ? pinned : PINNED_MOST;
	if (!pinned || getrlimit(RLIMIT_MEMLOCK, &limit) || limit.rlim_cur >= pinned)
		return;
	limit.rlim_cur = pinned;
	if (limit.rlim_max < pinned && geteuid() == 0)
		limit.rlim_max = pinned;
	if (limit.rlim_cur > limit.rlim_max)
		limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_MEMLOCK, &limit);
}

int confine_files(uint64_t needed, struct err *err)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return err_sys(err, errno, "limit of open files");
	if (limit.rlim_max < needed) {
		struct rlimit more = {needed, needed};

		if (setrlimit(RLIMIT_NOFILE, &more))
			return err_set(err, EMFILE,
				"the replay has up to %llu files open at once, and this user may "
				"have %llu (ulimit -Hn)",
				(unsigned long long)needed, (unsigned long long)limit.rlim_max);
		return 0;
	}
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit))
		return err_sys(err, errno, "limit of open files");
	return 0;
}
