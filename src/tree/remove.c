/* SPDX-License-Identifier: Apache-2.0 */
#include "tree/remove.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tree/tree_open.h"
#include "utils/beneath.h"

#define DEPTH_MAX 64
#define UP_MAX	  32 /* of TREE_GONE and a number */

struct removal {
	int top; /* where too deep directories go */
	uint64_t moved;
	struct removed *sum;
	struct err *err; /* of the first failure */
	int rc;
};

static void note_failure(struct removal *r, const char *name, int code)
{
	if (r->rc)
		return;
	if (code == EXDEV)
		r->rc = err_set(r->err, EXDEV, "%s is a mount point and was left", name);
	else
		r->rc = err_sys(r->err, code, "cannot remove %s", name);
}

static void count(struct removal *r, const struct stat *st)
{
	r->sum->entries++;
	if (st->st_nlink <= 1 || S_ISDIR(st->st_mode))
		r->sum->bytes += (uint64_t)st->st_blocks * 512;
}

static bool is_dot(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/*
 * A captured mode may forbid its owner to read or change the directory. Only where we are not root:
 * root needs no mode, and must not change one by a name that somebody could exchange.
 */
static void loosen(int parent, const char *name)
{
	if (geteuid() != 0)
		fchmodat(parent, name, 0700, 0); /* a failure shows when it is opened */
}

static int open_dir(int parent, const char *name)
{
	const uint64_t resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;

	return open_resolve(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, resolve);
}

static void remove_one(struct removal *r, int parent, const char *name, unsigned depth);

/* One pass over the directory; takes FD over. */
static void remove_content(struct removal *r, int fd, unsigned depth)
{
	DIR *d = fdopendir(fd);
	struct dirent *e;

	if (!d) {
		note_failure(r, "a directory", errno);
		close(fd);
		return;
	}
	while ((e = readdir(d)))
		if (!is_dot(e->d_name))
			remove_one(r, dirfd(d), e->d_name, depth);
	closedir(d);
}

static char *up_name(char up[UP_MAX], uint64_t n)
{
	snprintf(up, UP_MAX, TREE_GONE "%llu", (unsigned long long)n);
	return up;
}

static void move_up(struct removal *r, int parent, const char *name)
{
	char up[UP_MAX];
	int rc;

	do
		rc = renameat2(parent, name, r->top, up_name(up, r->moved++), RENAME_NOREPLACE);
	while (rc < 0 && errno == EEXIST);
	if (rc < 0)
		note_failure(r, name, errno);
}

static void remove_dir(
	struct removal *r, int parent, const char *name, unsigned depth, const struct stat *st)
{
	uint64_t before;
	int fd;

	loosen(parent, name);
	if (depth == DEPTH_MAX) {
		move_up(r, parent, name);
		return;
	}
	do { /* again, since some file systems skip entries when others go away */
		before = r->sum->entries;
		fd = open_dir(parent, name);
		if (fd < 0) {
			note_failure(r, name, -fd);
			return;
		}
		remove_content(r, fd, depth + 1);
		if (unlinkat(parent, name, AT_REMOVEDIR) == 0) {
			count(r, st);
			return;
		}
	} while (errno == ENOTEMPTY && r->sum->entries > before);
	note_failure(r, name, errno);
}

static void remove_one(struct removal *r, int parent, const char *name, unsigned depth)
{
	struct stat st;

	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno != ENOENT) /* what is gone is gone */
			note_failure(r, name, errno);
		return;
	}
	if (S_ISDIR(st.st_mode))
		remove_dir(r, parent, name, depth, &st);
	else if (unlinkat(parent, name, 0) < 0)
		note_failure(r, name, errno);
	else
		count(r, &st);
}

int remove_entry(int dir, const char *name, struct removed *sum, struct err *err)
{
	struct removal r = {.top = dir, .sum = sum, .err = err};
	char up[UP_MAX];
	uint64_t i;

	remove_one(&r, dir, name, 0);
	for (i = 0; i < r.moved; i++)
		remove_one(&r, dir, up_name(up, i), 0);
	return r.rc;
}

int remove_entries(int dir, struct removed *sum, struct err *err)
{
	struct removal r = {.top = dir, .sum = sum, .err = err};
	uint64_t before;

	do {
		int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (fd < 0)
			return err_sys(err, errno, "cannot read the directory");
		before = sum->entries + r.moved;
		remove_content(&r, fd, 0);
	} while (r.rc == 0 && sum->entries + r.moved > before);
	return r.rc;
}
