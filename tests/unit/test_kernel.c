/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "generate/model.h"

Suite *kernel_suite(void);

/*
 * The model against the kernel. Random calls of one process are made, and told to the model as a
 * capture tells them. After each of them both must say the same: which descriptors are open, what each
 * refers to, its offset and flags; the current directory and the umask; which names there are, what
 * they lead to, types, permissions, sizes, numbers of links, targets, extended attributes.
 */
#define STEPS	120
#define SEEDS	120
#define FDS	256
#define NAMES	6
#define HOLDING 12 /* descriptors at once */

static const char *const names[NAMES] = {"a", "b", "d", "e", "l", "s"};

struct world {
	struct model m;
	struct rline out; /* of the model */
	uint64_t random, line;
	char top[64];
	int topfd;
	struct node *topnode;
	bool ours[FDS]; /* the model was told of them */
	int fd[HOLDING];
	unsigned nfd;
	char path[2][PATH_MAX];
	char history[65536];
	size_t told;
};

static uint64_t draw(struct world *w, uint64_t below)
{
	w->random += 0x9e3779b97f4a7c15u;
	return hash_u64(w->random) % below;
}

#define AGREE(what, ...)                                                                           \
	do {                                                                                       \
		if (!(what)) {                                                                     \
			fprintf(stderr, "%s" #what ": ", w->history);                              \
			fprintf(stderr, __VA_ARGS__);                                              \
			fputc('\n', stderr);                                                       \
			ck_abort_msg("not as the kernel has it: " #what);                          \
		}                                                                                  \
	} while (0)

/* ---- telling the model ---- */

static struct facts facts_of(const struct stat *st)
{
	return (struct facts){.known = true,
		.dev_major = major(st->st_dev),
		.dev_minor = minor(st->st_dev),
		.ino = st->st_ino,
		.mode = st->st_mode,
		.nlink = (uint32_t)st->st_nlink,
		.uid = st->st_uid,
		.gid = st->st_gid,
		.size = (uint64_t)st->st_size,
		.blocks = (uint64_t)st->st_blocks};
}

static int tell(struct world *w, struct rec *r)
{
	const uint64_t *deps;
	uint32_t ndeps;
	int left;

	r->pid = r->tid = 1;
	r->line = ++w->line;
	r->t = w->line * 10;
	r->dur = 5;
	left = model_apply(&w->m, r);
	AGREE(left >= 0 && left != LEFT_CONFLICT, "the model says %d of a call that was made", left);
	if (left == LEFT_NONE)
		ck_assert_int_eq(order_commit(w->m.order, w->m.out->thread, r->line, &deps, &ndeps), 0);
	model_done(&w->m);
	return left;
}

static void tell_path(struct world *w, const char *path)
{
	struct rec r = {.op = OP_state_path, .path = str_of(path)};
	char target[PATH_MAX];
	struct stat st;
	ssize_t len;

	if (lstat(path, &st)) {
		r.facts.absent = true;
	} else {
		r.facts = facts_of(&st);
		len = S_ISLNK(st.st_mode) ? readlink(path, target, sizeof(target)) : 0;
		if (len > 0)
			r.path2 = (struct str){target, (size_t)len};
	}
	tell(w, &r);
}

static uint64_t take_argument(struct world *w, struct rec *r, enum arg_kind kind, const uint64_t *reg, int i,
	uint64_t *vec)
{
	const struct iovec *iov = (const struct iovec *)(uintptr_t)reg[i];
	uint64_t n;

	(void)w;
	switch (arg_infos[kind].form) {
	case FORM_PATH:
		r->path = str_of((const char *)(uintptr_t)reg[i]);
		return 0;
	case FORM_PATH2:
		r->path2 = str_of((const char *)(uintptr_t)reg[i]);
		return 0;
	case FORM_IOV:
		for (n = 0; n < reg[i + 1]; n++)
			vec[n] = iov[n].iov_len;
		r->vec = vec;
		r->nvec = (uint32_t)reg[i + 1];
		return 0;
	case FORM_OFFPTR:
		return reg[i] ? (uint64_t)*(const int64_t *)(uintptr_t)reg[i] : OFFPTR_NULL;
	default:
		return reg[i];
	}
}

static void note(struct world *w, const struct rec *r, int64_t ret)
{
	size_t left = sizeof(w->history) - w->told;
	int n = snprintf(w->history + w->told, left, "%s(%.*s, %.*s, %lld %lld %lld %lld) = %lld\n",
		ops[r->op].name, (int)r->path.len, r->path.len ? r->path.s : "", (int)r->path2.len,
		r->path2.len ? r->path2.s : "", (long long)r->arg[0], (long long)r->arg[1],
		(long long)r->arg[2], (long long)r->arg[3], (long long)ret);

	if (n > 0 && (size_t)n < left)
		w->told += (size_t)n;
}

/* Makes the call and tells it. Its result. */
static int64_t call(struct world *w, enum op_id op, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e)
{
	const uint64_t reg[6] = {a, b, c, d, e, 0};
	struct rec r = {.op = op, .has_ret = true};
	uint64_t vec[8];
	struct stat st;
	long got;
	int i;

	for (i = 0; i < OP_ARGS; i++)
		r.arg[i] = take_argument(w, &r, (enum arg_kind)ops[op].arg[i], reg, i, vec);
	got = syscall(op_nr(op), reg[0], reg[1], reg[2], reg[3], reg[4], reg[5]);
	r.ret = got < 0 ? -errno : got;
	note(w, &r, r.ret);
	if ((op == OP_open || op == OP_openat || op == OP_creat) && got >= 0 && fstat((int)got, &st) == 0)
		r.facts = facts_of(&st);
	tell(w, &r);
	return r.ret;
}

#define P(x) ((uint64_t)(uintptr_t)(x))

/* ---- random calls ---- */

static const char *random_path(struct world *w, int which)
{
	char *p = w->path[which];
	unsigned parts = 1 + (unsigned)draw(w, 3), i;

	p[0] = '\0';
	if (draw(w, 5) == 0)
		sprintf(p, "%s/", w->top);
	else if (draw(w, 6) == 0)
		strcpy(p, draw(w, 2) ? "./" : "../");
	for (i = 0; i < parts; i++) {
		strcat(p, draw(w, 12) ? names[draw(w, NAMES)] : draw(w, 2) ? ".." : ".");
		if (i + 1 < parts || draw(w, 15) == 0)
			strcat(p, draw(w, 20) ? "/" : "//");
	}
	if (!strncmp(p, "../..", 5) || strstr(p, "..//..") || strstr(p, "../../"))
		strcpy(p, names[draw(w, NAMES)]); /* not out of the directory */
	return p;
}

static bool stays_inside(const struct world *w, const char *path)
{
	char full[PATH_MAX];
	size_t len = strlen(w->top);

	if (!realpath(path, full)) {
		char parent[PATH_MAX], *slash;

		strcpy(parent, path);
		slash = strrchr(parent, '/');
		if (!slash)
			strcpy(parent, ".");
		else
			*slash = '\0';
		if (!realpath(parent, full))
			return true; /* leads nowhere */
	}
	return strncmp(full, w->top, len) == 0 && (full[len] == '\0' || full[len] == '/');
}

static const char *path(struct world *w, int which)
{
	const char *p = random_path(w, which);

	return stays_inside(w, p) ? p : strcpy(w->path[which], names[draw(w, NAMES)]);
}

static uint64_t random_fd(struct world *w)
{
	return w->nfd && draw(w, 30) ? (uint64_t)w->fd[draw(w, w->nfd)] : 200 + draw(w, 3);
}

static void got_fd(struct world *w, int64_t fd)
{
	unsigned i;

	if (fd < 0)
		return;
	w->ours[fd] = true;
	for (i = 0; i < w->nfd; i++)
		if (w->fd[i] == fd)
			return;
	w->fd[w->nfd++] = (int)fd;
}

static void do_open(struct world *w)
{
	static const int flags[] = {O_RDONLY, O_WRONLY, O_RDWR, O_RDWR | O_CREAT, O_WRONLY | O_CREAT | O_TRUNC,
		O_RDWR | O_CREAT | O_EXCL, O_WRONLY | O_APPEND | O_CREAT, O_RDONLY | O_DIRECTORY,
		O_PATH, O_PATH | O_NOFOLLOW, O_RDONLY | O_NOFOLLOW, O_RDWR | O_TRUNC,
		O_RDONLY | O_CLOEXEC, O_RDWR | O_TMPFILE};
	int f = flags[draw(w, sizeof(flags) / sizeof(*flags))] | O_NONBLOCK;
	uint64_t mode = draw(w, 2) ? 0666 : 0600;
	struct stat st;
	const char *p;

	switch (draw(w, 4)) {
	case 0: /* would wait in a FIFO */
		p = path(w, 0);
		if (stat(p, &st) || !S_ISFIFO(st.st_mode))
			got_fd(w, call(w, OP_creat, P(p), mode, 0, 0, 0));
		break;
	case 1:
		got_fd(w, call(w, OP_open, P(path(w, 0)), (uint64_t)f, mode, 0, 0));
		break;
	case 2:
		got_fd(w, call(w, OP_openat, (uint64_t)w->topfd, P(names[draw(w, NAMES)]), (uint64_t)f, mode, 0));
		break;
	case 3:
		got_fd(w, call(w, OP_openat, (uint64_t)AT_FDCWD, P(path(w, 0)), (uint64_t)f, mode, 0));
		break;
	}
}

static void do_close(struct world *w)
{
	unsigned i = (unsigned)draw(w, w->nfd);

	call(w, OP_close, (uint64_t)w->fd[i], 0, 0, 0, 0);
	w->ours[w->fd[i]] = false;
	w->fd[i] = w->fd[--w->nfd];
}

static void do_dup(struct world *w)
{
	uint64_t fd = random_fd(w), to = w->nfd && draw(w, 2) ? (uint64_t)w->fd[draw(w, w->nfd)] : 100 + draw(w, 5);

	switch (draw(w, 4)) {
	case 0:
		got_fd(w, call(w, OP_dup, fd, 0, 0, 0, 0));
		break;
	case 1:
		got_fd(w, call(w, OP_dup2, fd, to, 0, 0, 0));
		break;
	case 2:
		got_fd(w, call(w, OP_dup3, fd, to, draw(w, 2) ? O_CLOEXEC : 0, 0, 0));
		break;
	case 3:
		got_fd(w, call(w, OP_fcntl, fd, draw(w, 2) ? F_DUPFD : F_DUPFD_CLOEXEC, 60 + draw(w, 9), 0, 0));
		break;
	}
}

static void do_flags(struct world *w)
{
	if (draw(w, 2))
		call(w, OP_fcntl, random_fd(w), F_SETFD, draw(w, 2), 0, 0);
	else
		call(w, OP_fcntl, random_fd(w), F_SETFL, draw(w, 2) ? O_APPEND : 0, 0, 0);
}

static void do_data(struct world *w)
{
	static char bytes[70000];
	const struct iovec iov[2] = {{bytes, draw(w, 5000)}, {bytes, draw(w, 5000)}};
	uint64_t fd = random_fd(w), n = draw(w, 9) ? draw(w, 9000) : 0, off = draw(w, 30000);
	struct stat st;

	if (fstat((int)fd, &st) == 0 && S_ISFIFO(st.st_mode)) /* reading from an empty one takes for ever */
		return;
	switch (draw(w, 8)) {
	case 0:
		call(w, OP_read, fd, P(bytes), n, 0, 0);
		break;
	case 1:
		call(w, OP_write, fd, P(bytes), n, 0, 0);
		break;
	case 2:
		call(w, OP_pread64, fd, P(bytes), n, off, 0);
		break;
	case 3:
		call(w, OP_pwrite64, fd, P(bytes), n, off, 0);
		break;
	case 4:
		call(w, OP_readv, fd, P(iov), 2, 0, 0);
		break;
	case 5:
		call(w, OP_writev, fd, P(iov), 2, 0, 0);
		break;
	case 6:
		call(w, OP_preadv, fd, P(iov), 2, off, 0);
		break;
	case 7:
		call(w, OP_pwritev, fd, P(iov), 2, off, 0);
		break;
	}
}

static void do_move(struct world *w)
{
	int64_t in = (int64_t)draw(w, 9000), out = (int64_t)draw(w, 9000);

	if (draw(w, 2))
		call(w, OP_sendfile, random_fd(w), random_fd(w), draw(w, 2) ? P(&in) : 0, draw(w, 9000), 0);
	else
		call(w, OP_copy_file_range, random_fd(w), draw(w, 2) ? P(&in) : 0, random_fd(w),
			draw(w, 2) ? P(&out) : 0, draw(w, 9000));
}

static void do_size(struct world *w)
{
	uint64_t n = draw(w, 20000);

	switch (draw(w, 4)) {
	case 0:
		call(w, OP_lseek, random_fd(w), (uint64_t)((int64_t)n - 2000), draw(w, 3), 0, 0);
		break;
	case 1:
		call(w, OP_ftruncate, random_fd(w), n, 0, 0, 0);
		break;
	case 2:
		call(w, OP_truncate, P(path(w, 0)), n, 0, 0, 0);
		break;
	case 3:
		call(w, OP_fallocate, random_fd(w), draw(w, 2) ? 0x01 /* FALLOC_FL_KEEP_SIZE */ : 0, n,
			1 + draw(w, 9000), 0);
		break;
	}
}

static void do_names(struct world *w)
{
	switch (draw(w, 9)) {
	case 0:
		call(w, OP_mkdir, P(path(w, 0)), 0777, 0, 0, 0);
		break;
	case 1:
		call(w, OP_rmdir, P(path(w, 0)), 0, 0, 0, 0);
		break;
	case 2:
		call(w, OP_unlink, P(path(w, 0)), 0, 0, 0, 0);
		break;
	case 3:
		call(w, OP_unlinkat, (uint64_t)w->topfd, P(names[draw(w, NAMES)]), draw(w, 2) ? AT_REMOVEDIR : 0,
			0, 0);
		break;
	case 4:
		call(w, OP_rename, P(path(w, 0)), P(path(w, 1)), 0, 0, 0);
		break;
	case 5:
		call(w, OP_renameat2, (uint64_t)AT_FDCWD, P(path(w, 0)), (uint64_t)w->topfd,
			P(names[draw(w, NAMES)]), draw(w, 3));
		break;
	case 6:
		call(w, OP_link, P(path(w, 0)), P(path(w, 1)), 0, 0, 0);
		break;
	case 7:
		call(w, OP_linkat, (uint64_t)AT_FDCWD, P(path(w, 0)), (uint64_t)w->topfd, P(names[draw(w, NAMES)]),
			draw(w, 2) ? AT_SYMLINK_FOLLOW : 0);
		break;
	case 8:
		call(w, OP_symlink, P(draw(w, 3) ? names[draw(w, NAMES)] : "d/a"), P(path(w, 0)), 0, 0, 0);
		break;
	}
}

static void do_attributes(struct world *w)
{
	static const char *const xattrs[] = {"user.one", "user.two"};

	switch (draw(w, 6)) {
	case 0:
		call(w, OP_chmod, P(path(w, 0)), 0700 | draw(w, 0100), 0, 0, 0);
		break;
	case 1:
		call(w, OP_fchmod, random_fd(w), 0700 | draw(w, 0100), 0, 0, 0);
		break;
	case 2:
		call(w, OP_umask, draw(w, 0100), 0, 0, 0, 0);
		break;
	case 3:
		call(w, OP_setxattr, P(path(w, 0)), P(xattrs[draw(w, 2)]), P("value"), 5, draw(w, 3));
		break;
	case 4:
		call(w, OP_removexattr, P(path(w, 0)), P(xattrs[draw(w, 2)]), 0, 0, 0);
		break;
	case 5:
		call(w, OP_mknod, P(path(w, 0)), draw(w, 2) ? S_IFIFO | 0600 : S_IFREG | 0640, 0, 0, 0);
		break;
	}
}

static void do_directory(struct world *w)
{
	switch (draw(w, 5)) {
	case 0:
		call(w, OP_chdir, P(path(w, 0)), 0, 0, 0, 0);
		break;
	case 1:
		call(w, OP_fchdir, random_fd(w), 0, 0, 0, 0);
		break;
	default: /* as often out of it again */
		call(w, OP_fchdir, (uint64_t)w->topfd, 0, 0, 0, 0);
		break;
	}
}

static void step(struct world *w)
{
	static void (*const kinds[])(struct world *w) = {do_open, do_open, do_open, do_dup, do_flags, do_data,
		do_data, do_data, do_move, do_size, do_size, do_names, do_names, do_names, do_names,
		do_attributes, do_attributes, do_directory};

	if (w->nfd >= HOLDING - 1 || (w->nfd && draw(w, 8) == 0))
		do_close(w);
	else
		kinds[draw(w, sizeof(kinds) / sizeof(*kinds))](w);
}

/* ---- comparing ---- */

#define PAIRS 64
struct pairs {
	const struct node *node[PAIRS];
	ino_t ino[PAIRS];
	unsigned n;
};

/* Two names are one file for both or for neither. */
static void compare_identity(struct world *w, struct pairs *p, const struct node *n, const struct stat *st)
{
	unsigned i;

	for (i = 0; i < p->n; i++)
		AGREE((p->node[i] == n) == (p->ino[i] == st->st_ino), "inode %lu", (unsigned long)st->st_ino);
	if (p->n < PAIRS) {
		p->node[p->n] = n;
		p->ino[p->n++] = st->st_ino;
	}
}

static void compare_node(struct world *w, const struct node *n, const struct stat *st, const char *what)
{
	AGREE((n->mode & S_IFMT) == (st->st_mode & S_IFMT), "%s: type %o/%o", what, n->mode, st->st_mode);
	if (S_ISDIR(st->st_mode)) /* those of files decide about no way */
		AGREE((n->allowed & 07777) == (st->st_mode & 07777), "%s: permissions %o/%o", what, n->allowed,
			st->st_mode & 07777);
	if (!S_ISDIR(st->st_mode))
		AGREE(n->names == st->st_nlink, "%s: links %u/%lu", what, n->names, (unsigned long)st->st_nlink);
	if (S_ISREG(st->st_mode))
		AGREE(n->size.size == (uint64_t)st->st_size, "%s: size %llu/%lld", what,
			(unsigned long long)n->size.size, (long long)st->st_size);
}

static void compare_xattrs(struct world *w, const struct node *n, const char *path)
{
	const struct xattr *x;
	unsigned known = 0, there = 0;
	char list[4096];
	ssize_t len = llistxattr(path, list, sizeof(list)), i;

	for (i = 0; i < len; i += (ssize_t)strlen(list + i) + 1)
		there += strncmp(list + i, "user.", 5) == 0;
	for (x = n->xattrs; x; x = x->next) {
		char name[256];

		if (!x->present)
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)x->len, x->name);
		AGREE(lgetxattr(path, name, NULL, 0) >= 0, "%s has no %s", path, name);
		known++;
	}
	if (len >= 0)
		AGREE(known == there, "%s: %u/%u extended attributes", path, known, there);
}

static void compare_directory(struct world *w, struct pairs *p, const struct node *dir, const char *where, int depth)
{
	char path[PATH_MAX], target[PATH_MAX] = "";
	struct stat st;
	int i;

	for (i = 0; i < NAMES; i++) {
		const struct entry *e = names_entry(&w->m.names, dir, str_of(names[i]));
		bool there;

		snprintf(path, sizeof(path), "%s/%s", where, names[i]);
		there = lstat(path, &st) == 0;
		AGREE(e || dir->complete, "%s is not known", path);
		AGREE((e && e->node) == there, "%s: there %d/%d", path, e && e->node, there);
		if (!there)
			continue;
		compare_node(w, e->node, &st, path);
		compare_identity(w, p, e->node, &st);
		compare_xattrs(w, e->node, path);
		if (S_ISLNK(st.st_mode)) {
			target[readlink(path, target, sizeof(target) - 1)] = '\0';
			AGREE(e->node->target && strcmp(e->node->target, target) == 0, "%s: target %s/%s", path,
				e->node->target ? e->node->target : "none", target);
		}
		if (S_ISDIR(st.st_mode) && depth < 4)
			compare_directory(w, p, e->node, path, depth + 1);
	}
}

static void compare_file(struct world *w, int fd, const struct description *d, const struct stat *st)
{
	const struct node *n = d->node;
	struct buf path = BUF_INIT;
	struct stat named;

	compare_node(w, n, st, "descriptor");
	if (!S_ISDIR(st->st_mode) && !(d->flags & O_PATH))
		AGREE(d->offset == (uint64_t)lseek(fd, 0, SEEK_CUR), "descriptor %d: offset %llu/%lld", fd,
			(unsigned long long)d->offset, (long long)lseek(fd, 0, SEEK_CUR));
	if (names_path(n, &path)) {
		buf_char(&path, '\0');
		AGREE(lstat(path.p, &named) == 0 && named.st_ino == st->st_ino, "descriptor %d is not %s", fd, path.p);
	} else {
		char link[PATH_MAX] = "", self[32];

		snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
		AGREE(readlink(self, link, sizeof(link) - 1) > 0 && strstr(link, " (deleted)"),
			"descriptor %d still is %s", fd, link);
	}
	buf_free(&path);
}

static void compare_descriptors(struct world *w, const struct task *t)
{
	struct stat st;
	int fd;

	for (fd = 0; fd < FDS; fd++) {
		const struct descriptor *d = vfd_get(t, fd);
		int flags = fcntl(fd, F_GETFD);

		if (!w->ours[fd] && !d)
			continue;
		AGREE((d != NULL) == (flags >= 0), "descriptor %d: open %d/%d", fd, d != NULL, flags >= 0);
		if (!d)
			continue;
		AGREE(d->cloexec == (flags & FD_CLOEXEC), "descriptor %d: to be closed %d/%d", fd, d->cloexec, flags);
		ck_assert_int_eq(fstat(fd, &st), 0);
		if (d->desc->kind != DESC_FILE) /* a FIFO, of which nothing is replayed */
			continue;
		flags = fcntl(fd, F_GETFL);
		AGREE((d->desc->flags & (O_APPEND | O_PATH)) == (flags & (O_APPEND | O_PATH)),
			"descriptor %d: flags %o/%o", fd, d->desc->flags, flags);
		compare_file(w, fd, d->desc, &st);
	}
}

static void compare_process(struct world *w, const struct task *t)
{
	struct buf path = BUF_INIT;
	char cwd[PATH_MAX];
	mode_t mask = umask(0);

	umask(mask);
	AGREE(t->fs->umask == mask, "umask %o/%o", t->fs->umask, mask);
	ck_assert_ptr_nonnull(t->fs->cwd);
	if (!getcwd(cwd, sizeof(cwd)))
		cwd[0] = '\0';
	if (names_path(t->fs->cwd, &path)) {
		buf_char(&path, '\0');
		AGREE(strcmp(path.p, cwd) == 0, "current directory %s/%s", path.p, cwd);
	} else {
		AGREE(cwd[0] == '\0', "current directory removed/%s", cwd);
	}
	buf_free(&path);
}

static void compare(struct world *w)
{
	const struct task *t = vfd_task(&w->m.vfd, 1);
	struct pairs pairs = {0};

	AGREE(t, "no task");
	compare_descriptors(w, t);
	compare_process(w, t);
	compare_directory(w, &pairs, w->topnode, w->top, 0);
}

/* ---- one world ---- */

static void make_start(void)
{
	FILE *f = fopen("a", "w");

	ck_assert_ptr_nonnull(f);
	fprintf(f, "%09000d", 1);
	fclose(f);
	ck_assert_int_eq(mkdir("d", 0755), 0);
	ck_assert_int_eq(link("a", "d/b"), 0);
	ck_assert_int_eq(symlink("d", "l"), 0);
}

static void tell_start(struct world *w)
{
	struct rec mount = {.op = OP_state_mount, .path = STR("/"), .path2 = STR("ext4")};
	struct rec task = {.op = OP_state_task, .path = str_of(w->top), .path2 = STR("/")};
	char path[PATH_MAX];
	struct walk walk = {0};
	int i;

	tell(w, &mount);
	task.arg[op_arg_index(OP_state_task, A_MODE)] = 022;
	task.arg[op_arg_index(OP_state_task, A_UID)] = geteuid();
	task.arg[op_arg_index(OP_state_task, A_GID)] = getegid();
	tell_path(w, w->top);
	tell(w, &task);
	for (i = 0; i < 2 * NAMES; i++) {
		snprintf(path, sizeof(path), "%s/%s%s", w->top, i < NAMES ? "" : "d/", names[i % NAMES]);
		tell_path(w, path);
	}
	ck_assert_int_eq(names_walk(&w->m.names, w->m.names.root, w->m.names.root, str_of(w->top), 0, &walk), 0);
	w->topnode = walk.node;
	order_begin(w->m.order);
	ck_assert_ptr_nonnull(w->topnode);
	node_get(w->topnode);
}

static void begin(struct world *w, uint64_t seed)
{
	*w = (struct world){.random = hash_u64(seed)};
	strcpy(w->top, "/tmp/ioriot-kernel-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(w->top));
	ck_assert_int_eq(chdir(w->top), 0);
	umask(022);
	make_start();
	ck_assert_int_eq(model_init(&w->m, "t", "/r", STR("x86_64")), 0);
	w->m.out = &w->out;
	tell_start(w);
	w->topfd = (int)call(w, OP_open, P(w->top), O_RDONLY | O_DIRECTORY, 0, 0, 0);
	ck_assert_int_ge(w->topfd, 0);
	w->ours[w->topfd] = true;
}

static void end(struct world *w)
{
	char command[128];

	node_put(&w->m.names, w->topnode);
	model_free(&w->m);
	ck_assert_int_eq(chdir("/"), 0);
	snprintf(command, sizeof(command), "chmod -R u+rwx %s; rm -rf %s", w->top, w->top);
	ck_assert_int_eq(system(command), 0);
}

START_TEST(the_model_is_as_the_kernel)
{
	static struct world w;
	int i;

	begin(&w, (uint64_t)_i);
	compare(&w);
	for (i = 0; i < STEPS; i++) {
		step(&w);
		compare(&w);
	}
	end(&w);
}
END_TEST

Suite *kernel_suite(void)
{
	Suite *s = suite_create("kernel");
	TCase *tc = tcase_create("kernel");
	const char *seeds = getenv("KERNEL_SEEDS");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, the_model_is_as_the_kernel, 0, seeds ? atoi(seeds) : SEEDS);
	suite_add_tcase(s, tc);
	return s;
}
