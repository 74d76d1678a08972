/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "replay/dispatch.h"

/* Current directory and umask of virtual threads, and writes that must not leave the tree. */

/* This thread stands in the context's new directory: remember it for the context's others. */
static int64_t remember_cwd(struct rthread *t, uint32_t context)
{
	struct context *v = &t->w->contexts[context];
	int fd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int old = atomic_load_explicit(&v->cwd, memory_order_acquire);

	if (fd < 0)
		return -errno;
	if (old) {
		dup3(fd, old - 1, O_CLOEXEC);
		close(fd);
	} else {
		atomic_store_explicit(&v->cwd, fd + 1, memory_order_release);
	}
	t->fs_context = context;
	t->fs_generation =
		atomic_fetch_add_explicit(&v->generation, 1, memory_order_acq_rel) + 1;
	return 0;
}

int64_t exec_chdir(struct rthread *t, const struct xop *x)
{
	uint64_t reg[6];
	int64_t ret = enter_fs(t, x);

	if (ret)
		return ret;
	build_registers(t, x, reg);
	ret = issue(x, reg);
	return ret ? ret : remember_cwd(t, x->context);
}

/* The value before is the context's, not this thread's. */
int64_t exec_umask(struct rthread *t, const struct xop *x)
{
	uint32_t old = atomic_exchange_explicit(
		&t->w->umasks[x->context], (uint16_t)(x->arg[0] & 0777), memory_order_acq_rel);

	raw_syscall(SYS_umask, (uint64_t[6]){x->arg[0] & 0777});
	t->umask_now = (uint32_t)x->arg[0] & 0777;
	return old == UMASK_UNKNOWN ? x->ret : (int64_t)old;
}

/* state_task: what a process had when the capture began. */
int64_t exec_task(struct rthread *t, const struct xop *x)
{
	const char *path = t->w->strings + PATH_REF_VALUE(x->path);

	atomic_store_explicit(
		&t->w->umasks[x->context], (uint16_t)(x->arg[2] & 0777), memory_order_release);
	if (PATH_REF_KIND(x->path) == PATH_ABSOLUTE && chdir(path) == 0)
		remember_cwd(t, x->context);
	return REPLAY_SKIPPED + SKIP_STATE;
}

/* ---- guarded writes ---- */

static bool inside_a_tree(const struct worker *w, int fd)
{
	char link[32], at[PATH_MAX], tree[PATH_MAX];
	ssize_t len, root;
	uint32_t i;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, at, sizeof(at));
	for (i = 0; i < w->ntrees && len > 0 && len < (ssize_t)sizeof(at); i++) {
		snprintf(link, sizeof(link), "/proc/self/fd/%d", w->tree_fds[i]);
		root = readlink(link, tree, sizeof(tree));
		if (root > 0 && root <= len && memcmp(at, tree, (size_t)root) == 0 &&
			(root == len || at[root] == '/'))
			return true;
	}
	return false;
}

static bool follows_links(const struct xop *x)
{
	int flags = op_arg_index(x->op, A_ATFLAGS);

	if (x->op == OP_lchown || x->op == OP_lsetxattr || x->op == OP_lremovexattr)
		return false;
	return flags < 0 || !(x->arg[flags] & AT_SYMLINK_NOFOLLOW);
}

/* A descriptor of a symbolic link is the end of the way: what follows links acts on the link. */
static enum op_id without_following(enum op_id op)
{
	return op == OP_lsetxattr ? OP_setxattr : op == OP_lremovexattr ? OP_removexattr : op;
}

/* The call on what FD refers to, not on a path that may lead elsewhere by now. */
static int64_t issue_on(struct rthread *t, const struct xop *x, uint64_t reg[6], int fd)
{
	int path = op_arg_index(x->op, A_PATH), dir = op_arg_index(x->op, A_DIRFD);
	int flags = op_arg_index(x->op, A_ATFLAGS);

	struct xop direct = *x;

	direct.op = without_following(x->op);
	/* no AT_EMPTY_PATH of O_PATH */
	if (x->op == OP_setxattrat || x->op == OP_removexattrat || x->op == OP_file_setattr) {
		direct.arg[flags] &= ~(uint64_t)AT_SYMLINK_NOFOLLOW;
		reg[flags] &= ~(uint64_t)AT_SYMLINK_NOFOLLOW;
	}
	if (follows_links(&direct)) {
		snprintf(t->fd_path[0], sizeof(t->fd_path[0]), "/proc/self/fd/%d", fd);
		reg[path] = (uint64_t)(uintptr_t)t->fd_path[0];
		if (flags >= 0)
			reg[flags] &= ~(uint64_t)AT_EMPTY_PATH;
		return issue(&direct, reg);
	}
	if (x->op == OP_lchown)
		return raw_syscall(SYS_fchownat, (uint64_t[6]){(uint64_t)fd, (uint64_t)(uintptr_t) "",
							 reg[1], reg[2], AT_EMPTY_PATH});
	reg[dir] = (uint64_t)fd;
	reg[path] = (uint64_t)(uintptr_t) "";
	reg[flags] = AT_EMPTY_PATH;
	return issue(x, reg);
}

/*
 * What the call is about, to look at: its path, or with an empty one or none its descriptor or the
 * current directory. None is a failure unless it is utimensat(2), which takes a descriptor so.
 */
static int64_t open_object(const struct xop *x, const char *name, int dir)
{
	int nofollow = follows_links(x) ? 0 : O_NOFOLLOW;
	int fd;

	if (name && name[0])
		fd = openat(dir, name, O_PATH | O_CLOEXEC | nofollow);
	else if (dir == AT_FDCWD)
		fd = open(".", O_PATH | O_CLOEXEC);
	else
		fd = fcntl(dir, F_DUPFD_CLOEXEC, 0);
	return fd < 0 ? -errno : fd;
}

int64_t issue_without(const struct xop *x, uint64_t reg[6], int64_t why)
{
	int flags = op_arg_index(x->op, A_ATFLAGS);
	const char *name = (const char *)(uintptr_t)reg[op_arg_index(x->op, A_PATH)];
	bool empty = name && !name[0] && !(flags >= 0 && reg[flags] & AT_EMPTY_PATH);
	int64_t ret;

	if (name)
		reg[op_arg_index(x->op, A_PATH)] = (uint64_t)(uintptr_t) "";
	if (name && flags >= 0)
		reg[flags] &= ~(uint64_t)AT_EMPTY_PATH;
	ret = issue(x, reg);
	return ret == -ENOENT && !empty ? why : ret; /* where an empty one begins is not looked at */
}

int64_t exec_guarded(struct rthread *t, const struct xop *x)
{
	int path = op_arg_index(x->op, A_PATH), dir = op_arg_index(x->op, A_DIRFD);
	const char *name;
	uint64_t reg[6];
	int64_t fd, ret;

	build_registers(t, x, reg);
	if (t->acl && op_has(x->op, A_WBUF))
		reg[op_arg_index(x->op, A_WBUF)] = (uint64_t)(uintptr_t)t->acl;
	if (reg[path] == NO_MEMORY)
		return issue(x, reg);
	name = (const char *)(uintptr_t)reg[path];
	if (dir >= 0 && (int)reg[dir] == -1 && (!name || !name[0]))
		return issue(x, reg); /* on a descriptor that can be none: nothing is reached */
	fd = open_object(x, name, dir >= 0 ? (int)reg[dir] : AT_FDCWD);
	if (fd < 0)
		return issue_without(x, reg, fd);
	if (!inside_a_tree(t->w, (int)fd))
		ret = REPLAY_SKIPPED + SKIP_OUTSIDE;
	else if (!name || !name[0])
		ret = issue(x, reg);
	else
		ret = issue_on(t, x, reg, (int)fd);
	close((int)fd);
	return ret;
}
