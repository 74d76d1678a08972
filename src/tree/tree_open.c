/* SPDX-License-Identifier: Apache-2.0 */
#include "tree/tree_open.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "utils/beneath.h"

#define FRESH_MAX 80 /* of ".NAME.new" */

int tree_root_resolve(struct arena *arena, const char *dir, const char **root, struct err *err)
{
	char path[PATH_MAX];
	struct stat st;

	if (!realpath(dir, path) || stat(path, &st) < 0)
		return err_sys(err, errno, "--root %s", dir);
	if (!S_ISDIR(st.st_mode))
		return err_sys(err, ENOTDIR, "--root %s", dir);
	*root = arena_strdup(arena, str_of(path));
	return *root ? 0 : err_sys(err, ENOMEM, "--root");
}

static int open_place(const char *place, struct err *err)
{
	const char *path = place[0] ? place : "/";
	int fd = open_resolve(AT_FDCWD, path, O_PATH | O_DIRECTORY, RESOLVE_NO_SYMLINKS);

	if (fd == -ELOOP)
		return err_set(err, ELOOP, "%s leads through a symbolic link", path);
	if (fd == -ENOSYS)
		return err_set(
			err, ENOSYS, "this kernel lacks openat2(2), which Linux 5.6 brought");
	if (fd < 0)
		return err_sys(err, -fd, "cannot open %s", path);
	return fd;
}

/* 1 when it was made, 0 when it was there. */
static int make_home(int place_fd)
{
	if (mkdirat(place_fd, TREE_DIR, 0755) == 0)
		return 1;
	return errno == EEXIST ? 0 : -errno;
}

/* The umask must not decide about the mode of what others have to pass through. */
static int check_home(int fd, bool made, const char *place, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || !tree_dir_trusted(&st))
		return err_set(err, EACCES,
			"%s/" TREE_DIR " belongs to another user, or others may write to it",
			place);
	if (made && fchmod(fd, 0755) < 0)
		return err_sys(err, errno, "cannot make %s/" TREE_DIR, place);
	return 0;
}

static int open_home(int place_fd, const char *place, struct err *err)
{
	int fd = open_beneath(place_fd, TREE_DIR, O_RDONLY | O_DIRECTORY);

	if (fd == -ELOOP || fd == -ENOTDIR)
		return err_set(err, EACCES, "%s/" TREE_DIR " is not a directory of its own", place);
	if (fd < 0)
		return err_sys(err, -fd, "cannot open %s/" TREE_DIR, place);
	return fd;
}

static int open_home_once(const char *place, bool make, struct err *err)
{
	int place_fd = open_place(place, err), fd, made = 0, rc;

	if (place_fd < 0)
		return place_fd;
	if (make)
		made = make_home(place_fd);
	if (made < 0)
		fd = err_sys(err, -made, "cannot make %s/" TREE_DIR, place);
	else
		fd = open_home(place_fd, place, err);
	close(place_fd);
	if (fd < 0)
		return fd;
	rc = check_home(fd, made > 0, place, err);
	if (rc == 0)
		return fd;
	close(fd);
	return rc;
}

/* Waits for others who are at work in it. False when they removed it meanwhile. */
static bool lock_home(int fd)
{
	struct stat st;

	while (flock(fd, LOCK_EX) < 0 && errno == EINTR)
		;
	return fstat(fd, &st) == 0 && st.st_nlink > 0;
}

int tree_home_open(const char *place, bool make, struct err *err)
{
	int fd;

	while ((fd = open_home_once(place, make, err)) >= 0 && !lock_home(fd))
		close(fd);
	return fd;
}

/*
 * The lock says "an init or a replay is at work here". A tree whose owner may not read it, or one
 * on a file system without flock(2), goes without.
 */
static int lock_tree(int tree_fd, int *lock)
{
	int fd = openat(tree_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	*lock = fd;
	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
		return 0;
	close(fd);
	*lock = -1;
	return -EBUSY;
}

static int open_dir(int home, const char *name)
{
	return open_beneath(home, name, O_PATH | O_DIRECTORY);
}

static int open_locked(struct tree *tree, int home, const char *name, struct err *err)
{
	tree->fd = open_dir(home, name);
	if (tree->fd < 0) {
		int code = -tree->fd;

		tree->fd = -1;
		return err_sys(err, code, "cannot open the tree %s", tree->path);
	}
	if (lock_tree(tree->fd, &tree->lock) == 0)
		return 0;
	tree_close(tree);
	return err_set(err, EBUSY, "an init or a replay is at work in %s", tree->path);
}

void tree_close(struct tree *tree)
{
	if (tree->fd >= 0)
		close(tree->fd);
	if (tree->lock >= 0)
		close(tree->lock);
	tree->fd = tree->lock = -1;
}

enum tree_found tree_look(int home, const char *name, struct marker *marker, struct err *err)
{
	struct stat tree_st, home_st;

	if (fstatat(home, name, &tree_st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? TREE_NONE
				       : (err_sys(err, errno, "%s", name), TREE_FOREIGN);
	if (marker_read(home, name, marker, err))
		return TREE_FOREIGN;
	if (fstat(home, &home_st) == 0 && marker_fits(marker, &tree_st, &home_st))
		return TREE_OURS;
	err_set(err, EACCES, "its marker .%s.tree was written for another directory", name);
	return TREE_FOREIGN;
}

/* rename(2) that never replaces, also on file systems that do not know RENAME_NOREPLACE. */
static int rename_new(int from_dir, const char *from, int to_dir, const char *to)
{
	struct stat st;

	if (renameat2(from_dir, from, to_dir, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -errno;
	if (fstatat(to_dir, to, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return -EEXIST;
	return renameat(from_dir, from, to_dir, to) < 0 ? -errno : 0;
}

static int open_trash(int home, struct err *err)
{
	struct stat st;
	int fd;

	if (mkdirat(home, TREE_TRASH, 0700) < 0 && errno != EEXIST)
		return err_sys(err, errno, "cannot make " TREE_DIR "/" TREE_TRASH);
	fd = open_dir(home, TREE_TRASH);
	if (fd < 0)
		return err_sys(err, -fd, "cannot open " TREE_DIR "/" TREE_TRASH);
	if (fstat(fd, &st) == 0 && tree_dir_trusted(&st))
		return fd;
	close(fd);
	return err_set(err, EACCES, TREE_DIR "/" TREE_TRASH " belongs to another user");
}

static int move_to_trash(int home, const char *name, char moved[TRASHED_MAX], struct err *err)
{
	const size_t head = sizeof(TREE_TRASH "/") - 1;
	int trash = open_trash(home, err), rc = -EEXIST;
	unsigned n;

	if (trash < 0)
		return trash;
	for (n = 0; rc == -EEXIST; n++) {
		snprintf(moved, TRASHED_MAX, TREE_TRASH "/%lld.%u-%s", (long long)time(NULL), n,
			name);
		rc = rename_new(home, name, trash, moved + head);
	}
	close(trash);
	if (rc)
		err_sys(err, -rc, "cannot move the tree %s to " TREE_DIR "/" TREE_TRASH, name);
	return rc;
}

static int move_aside(int home, const char *name, char moved[TRASHED_MAX], struct err *err)
{
	int rc = -EEXIST;
	unsigned n;

	for (n = 0; rc == -EEXIST; n++) {
		snprintf(moved, TRASHED_MAX, TREE_GONE "%u", n);
		rc = rename_new(home, name, home, moved);
	}
	if (rc)
		err_sys(err, -rc, "cannot move the tree %s aside", name);
	return rc;
}

/* A directory can move to another parent only where its owner may write to it. */
static int make_movable(int home, const char *name, struct err *err)
{
	if (geteuid() == 0 || fchmodat(home, name, 0700, 0) == 0)
		return 0;
	return err_sys(err, errno, "cannot change the mode of the tree %s", name);
}

int tree_discard(
	int home, const char *name, enum tree_bin bin, char moved[TRASHED_MAX], struct err *err)
{
	int lock, fd = open_dir(home, name), rc;

	if (fd < 0)
		return err_sys(err, -fd, "cannot open the tree %s", name);
	rc = lock_tree(fd, &lock);
	close(fd);
	if (rc)
		return err_set(err, EBUSY, "an init or a replay is at work in the tree %s", name);
	rc = make_movable(home, name, err);
	if (rc == 0)
		rc = bin == BIN_TRASH ? move_to_trash(home, name, moved, err)
				      : move_aside(home, name, moved, err);
	if (rc == 0)
		rc = marker_remove(home, name, err);
	if (lock >= 0)
		close(lock);
	return rc;
}

static int retire_old(const struct tree *tree, int home, const char *name,
	char trashed[TRASHED_MAX], struct err *err)
{
	struct marker marker;
	struct err why = {0};

	trashed[0] = '\0';
	switch (tree_look(home, name, &marker, &why)) {
	case TREE_NONE:
		return 0;
	case TREE_OURS:
		return tree_discard(home, name, BIN_TRASH, trashed, err);
	case TREE_FOREIGN:
		break;
	}
	return err_set(err, EEXIST,
		"%s exists and was not made by ioriot (%s): move it away or choose another name",
		tree->path, why.text);
}

/*
 * The directory gets its name last: at every moment, what is called NAME has a marker that fits.
 * An init that ended in between leaves an empty directory .NAME.new, which the next one replaces.
 */
static int make_marked(int home, const char *name, const char *id, struct err *err)
{
	struct marker m = {.state = TREE_BUILDING, .created = (uint64_t)time(NULL)};
	char fresh[FRESH_MAX];
	struct stat st;
	int rc;

	snprintf(m.id, sizeof(m.id), "%s", id);
	snprintf(fresh, sizeof(fresh), ".%s.new", name);
	if (unlinkat(home, fresh, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return err_sys(err, errno, "cannot remove " TREE_DIR "/%s", fresh);
	if (mkdirat(home, fresh, 0700) < 0 || fstatat(home, fresh, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(err, errno, "cannot make " TREE_DIR "/%s", fresh);
	marker_set_dir(&m, &st);
	rc = marker_write(home, name, &m, err);
	if (rc)
		return rc;
	rc = rename_new(home, fresh, home, name);
	return rc ? err_sys(err, -rc, "cannot make " TREE_DIR "/%s", name) : 0;
}

int tree_create(struct tree *tree, const char *name, const char *id, char trashed[TRASHED_MAX],
	struct err *err)
{
	int home = tree_home_open(tree->place, true, err), rc;

	if (home < 0)
		return home;
	rc = retire_old(tree, home, name, trashed, err);
	if (rc == 0)
		rc = make_marked(home, name, id, err);
	if (rc == 0)
		rc = open_locked(tree, home, name, err);
	close(home);
	return rc;
}

static int check_ours(
	const struct tree *tree, int home, const char *name, struct marker *marker, struct err *err)
{
	struct err why = {0};

	switch (tree_look(home, name, marker, &why)) {
	case TREE_NONE:
		return err_set(err, ENOENT, "there is no tree %s", tree->path);
	case TREE_OURS:
		return 0;
	case TREE_FOREIGN:
		break;
	}
	return err_set(err, EACCES, "%s was not made by ioriot (%s)", tree->path, why.text);
}

int tree_open(struct tree *tree, const char *name, struct marker *marker, struct err *err)
{
	int home = tree_home_open(tree->place, false, err), rc;

	if (home == -ENOENT)
		return err_set(err, ENOENT, "there is no tree %s", tree->path);
	if (home < 0)
		return home;
	rc = check_ours(tree, home, name, marker, err);
	if (rc == 0)
		rc = open_locked(tree, home, name, err);
	close(home);
	return rc;
}

int tree_set_state(const struct tree *tree, const char *name, enum tree_state state, bool up_links,
	struct err *err)
{
	int home = tree_home_open(tree->place, false, err), rc;
	struct marker marker;

	if (home < 0)
		return home;
	rc = check_ours(tree, home, name, &marker, err);
	if (rc == 0) {
		marker.state = state;
		marker.up_links |= up_links;
		rc = marker_write(home, name, &marker, err);
	}
	close(home);
	return rc;
}
