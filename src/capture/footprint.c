/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/footprint.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "capture/facts.h"
#include "ops/ioctl.h"

bool footprint_ioctl_looks(unsigned command)
{
	switch ((int)command) {
	case IOCTL_NR_FS_IOC_FIEMAP:
	case IOCTL_NR_FIBMAP:
	case IOCTL_NR_FIGETBSZ:
	case IOCTL_NR_FIONREAD:
	case IOCTL_NR_FIOQSIZE:
	case IOCTL_NR_FS_IOC_GETVERSION:
	case IOCTL_NR_FS_IOC_GETFLAGS:
	case IOCTL_NR_FS_IOC_FSGETXATTR:
		return true;
	default:
		return false;
	}
}

/* --- what a call is about --- */

static bool is_path(enum arg_kind kind)
{
	return kind == A_PATH || kind == A_PATH2;
}

static bool is_fd(enum arg_kind kind)
{
	return kind == A_FD || kind == A_FD2 || kind == A_DIRFD || kind == A_DIRFD2;
}

static void add_file(struct footprint *f, int fd)
{
	if (f->nfiles < sizeof(f->file) / sizeof(*f->file))
		f->file[f->nfiles++] = (struct footprint_file){.fd = fd};
}

static void add_args(struct footprint *f, const struct rec *rec)
{
	int i;

	for (i = 0; i < OP_ARGS; i++) {
		enum arg_kind kind = (enum arg_kind)ops[rec->op].arg[i];
		int fd = (int)rec->arg[i];

		if (is_path(kind))
			f->looks |= ASPECT_NAMES | ASPECT_RIGHTS | ASPECT_DIRS;
		if (is_fd(kind) && fd >= 0 && f->nfds < sizeof(f->fd) / sizeof(*f->fd)) {
			f->looks |= ASPECT_NUMBERS;
			f->fd[f->nfds++] = fd;
		}
		if (kind == A_FD || kind == A_FD2)
			add_file(f, fd);
	}
}

static void free_numbers(struct footprint *f, uint64_t first, uint64_t last)
{
	f->changes |= ASPECT_NUMBERS;
	f->first_freed = first > INT32_MAX ? INT32_MAX : (int)first;
	f->last_freed = last > INT32_MAX ? INT32_MAX : (int)last;
}

static void add_numbers(struct footprint *f, const struct rec *rec)
{
	if ((ops[rec->op].flags & OPF_NEWFD || op_has(rec->op, A_FDS)) && !footprint_waits(rec)) {
		f->changes |= ASPECT_NUMBERS;
		f->opens = true;
	}
	if (ops[rec->op].flags & OPF_FORK) {
		f->looks |= ASPECT_NUMBERS | ASPECT_DIRS;
		f->all_numbers = true;
	}
	switch (rec->op) {
	case OP_close:
		free_numbers(f, rec->arg[0], rec->arg[0]);
		f->looks |= ASPECT_LOCKS;
		break;
	case OP_close_range:
		free_numbers(f, (uint32_t)rec->arg[0], (uint32_t)rec->arg[1]);
		f->replaces = true;
		break;
	case OP_dup2:
	case OP_dup3:
		free_numbers(f, (uint32_t)rec->arg[1], (uint32_t)rec->arg[1]);
		f->replaces = true;
		break;
	default:
		break;
	}
}

static uint64_t bytes_of(const struct rec *rec)
{
	uint64_t sum = 0;
	uint32_t i;

	if (op_has(rec->op, A_LEN))
		return rec_arg(rec, A_LEN, 0);
	for (i = 0; i < rec->nvec; i++)
		sum += rec->vec[i];
	return sum;
}

/* Reads and writes of one file. */
static void add_range(struct footprint *f, const struct rec *rec)
{
	int64_t off = (int64_t)rec_arg(rec, A_OFF, UINT64_MAX);
	bool writes = ops[rec->op].cls == CLS_WRITE;

	f->ranged = true;
	f->implicit = !op_has(rec->op, A_OFF) || ((rec->op == OP_preadv2 || rec->op == OP_pwritev2) && off == -1);
	f->appends = writes && rec_arg(rec, A_RWF, 0) & RWF_APPEND;
	f->off = (uint64_t)off;
	f->len = bytes_of(rec);
	if (f->implicit)
		f->changes |= ASPECT_OFFSET;
	if (writes) { /* it drops the bits of set-user-ID programs too */
		f->looks |= ASPECT_RIGHTS;
		f->changes |= ASPECT_DATA;
	} else {
		f->looks |= ASPECT_DATA;
	}
}

static void change_data(struct footprint *f, bool by_path)
{
	f->looks |= ASPECT_RIGHTS;
	f->changes |= ASPECT_DATA;
	f->by_path = by_path;
}

static void add_ioctl(struct footprint *f, const struct rec *rec)
{
	unsigned command = (unsigned)rec->arg[1];

	if (footprint_ioctl_looks(command))
		return;
	f->changes |= ASPECT_RIGHTS;
	change_data(f, true);
}

static void add_fcntl(struct footprint *f, const struct rec *rec)
{
	if (rec_fcntl_is_lock(rec->arg[1])) {
		f->changes |= ASPECT_LOCKS;
		if (rec->arg[3] != SEEK_SET) /* l_whence */
			f->looks |= ASPECT_OFFSET | ASPECT_DATA;
	} else if (rec->arg[1] == F_SETFL) {
		f->changes |= ASPECT_OFFSET;
	} else if (rec->arg[1] == F_SETLEASE) {
		f->changes |= ASPECT_LEASES;
	}
}

static void add_data(struct footprint *f, const struct rec *rec)
{
	enum op_class cls = ops[rec->op].cls;

	switch (rec->op) {
	case OP_getdents:
	case OP_getdents64:
		f->looks |= ASPECT_LISTS;
		f->changes |= ASPECT_OFFSET;
		return;
	case OP_lseek:
		f->changes |= ASPECT_OFFSET;
		if (rec->arg[2] != SEEK_SET && rec->arg[2] != SEEK_CUR)
			f->looks |= ASPECT_DATA;
		return;
	case OP_truncate:
		change_data(f, true);
		return;
	case OP_ftruncate:
	case OP_fallocate:
		change_data(f, false);
		return;
	case OP_flock:
		f->changes |= ASPECT_LOCKS;
		return;
	case OP_fcntl:
		add_fcntl(f, rec);
		return;
	case OP_ioctl:
		add_ioctl(f, rec);
		return;
	default:
		break;
	}
	if (cls == CLS_TRANSFER) {
		f->changes |= ASPECT_OFFSET;
		change_data(f, false);
	} else if ((cls == CLS_READ || cls == CLS_WRITE) && op_has(rec->op, A_FD)) {
		add_range(f, rec);
	}
}

static uint64_t open_flags(const struct rec *rec)
{
	if (rec->op == OP_creat)
		return O_CREAT | O_TRUNC;
	return rec_arg(rec, A_OFLAGS, rec_arg(rec, A_HOW, 0));
}

static bool sets_attribute(enum op_id op)
{
	return op_has(op, A_XNAME) && !op_has(op, A_RBUF) && op != OP_getxattrat;
}

static void add_meta(struct footprint *f, const struct rec *rec)
{
	enum op_id op = rec->op;
	uint64_t flags = open_flags(rec);

	if (op == OP_close || (ops[op].flags & OPF_NEWFD && op_has(op, A_PATH)))
		f->looks |= ASPECT_LEASES;
	f->creates = flags & O_CREAT;
	f->cuts = flags & O_TRUNC;
	if (op_changes_names(op))
		f->changes |= ASPECT_NAMES | ASPECT_LISTS;
	if (op_has(op, A_XNAME))
		f->looks |= ASPECT_XATTRS;
	if (sets_attribute(op))
		f->changes |= ASPECT_XATTRS;
	switch (op) {
	case OP_listxattr:
	case OP_llistxattr:
	case OP_flistxattr:
	case OP_listxattrat:
		f->looks |= ASPECT_XATTRS;
		break;
	case OP_chmod:
	case OP_fchmod:
	case OP_fchmodat:
	case OP_fchmodat2:
	case OP_chown:
	case OP_lchown:
	case OP_fchown:
	case OP_fchownat:
		f->changes |= ASPECT_RIGHTS;
		break;
	case OP_chdir:
	case OP_fchdir:
	case OP_chroot:
	case OP_umask:
		f->changes |= ASPECT_DIRS;
		break;
	case OP_getcwd:
		f->looks |= ASPECT_DIRS | ASPECT_LISTS;
		break;
	case OP_execve:
	case OP_execveat:
	case OP_exit_group:
		f->changes |= ASPECT_THREADS;
		break;
	default:
		break;
	}
	/* access control lists, and what lets a program do more */
	if (sets_attribute(op) && !str_starts(rec->path2, STR("user.")))
		f->changes |= ASPECT_RIGHTS;
}

void footprint_make(struct footprint *f, const struct rec *rec)
{
	f->op = rec->op;
	f->tid = rec->tid;
	f->looks = ASPECT_THREADS;
	f->changes = 0;
	f->nchanged = f->nfds = f->nfiles = 0;
	f->first_freed = 0;
	f->last_freed = -1;
	f->opens = f->replaces = f->all_numbers = false;
	f->by_path = f->ranged = f->implicit = f->appends = false;
	f->waits = footprint_waits_for_lock(rec);
	f->way.names.n = 0;
	f->way.stopped = f->way.lost = false;
	add_args(f, rec);
	add_numbers(f, rec);
	add_data(f, rec);
	add_meta(f, rec);
}

bool footprint_waits_for_lock(const struct rec *rec)
{
	if (rec->op == OP_flock)
		return !(rec->arg[1] & (LOCK_NB | LOCK_UN));
	return rec->op == OP_fcntl && rec_fcntl_waits(rec->arg[1]) && rec->arg[2] != F_UNLCK;
}

bool footprint_waits(const struct rec *rec)
{
	switch (rec->op) {
	case OP_accept:
	case OP_accept4:
	case OP_recvmsg:
	case OP_recvmmsg:
	case OP_io_getevents:
	case OP_io_pgetevents:
	case OP_io_uring_enter:
		return true;
	default:
		return footprint_waits_for_lock(rec);
	}
}

bool footprint_waits_from(const struct rec *rec)
{
	return rec->op == OP_fcntl && footprint_waits_for_lock(rec) &&
		(rec->arg[3] == SEEK_CUR || rec->arg[3] == SEEK_END);
}

void footprint_sleeps(struct footprint *f)
{
	f->looks = 0;
	f->changes = ASPECT_LOCKS;
}

void footprint_names(struct footprint *f, struct name *const name[2])
{
	/* where the links lead that an open follows */
	struct name *last = f->way.names.n ? f->way.names.v[f->way.names.n - 1] : NULL;
	bool there = last && (last->type == NAME_DIR || last->type == NAME_OTHER);
	size_t n;
	int i;

	for (n = 0; n < f->way.names.n; n++) { /* of descriptors too: /proc/self/fd */
		const struct name *entry = f->way.names.v[n];

		if (entry->dir && entry->dir->pseudo)
			f->all_numbers = true;
	}
	if (f->all_numbers)
		f->looks |= ASPECT_NUMBERS;
	if (last && f->creates && !there)
		f->changes |= ASPECT_NAMES | ASPECT_LISTS;
	if (last && f->cuts && last->type != NAME_ABSENT)
		change_data(f, true);
	if (!(f->changes & ASPECT_NAMES))
		return;
	f->nchanged = 0;
	for (i = 0; i < 2; i++)
		if (name[i])
			f->changed[f->nchanged++] = name[i];
	if (last)
		f->changed[f->nchanged++] = last;
}

/* --- do two meet? --- */

bool footprint_changes(const struct footprint *f, const struct name *entry)
{
	unsigned i;

	for (i = 0; i < f->nchanged; i++)
		if (f->changed[i] == entry)
			return true;
	return false;
}

static bool names_meet(const struct footprint *change, const struct footprint *look)
{
	size_t i;

	if (!(change->changes & ASPECT_NAMES) || !(look->looks & ASPECT_NAMES))
		return false;
	if (change->way.lost || look->way.lost)
		return true;
	for (i = 0; i < look->way.names.n; i++)
		if (footprint_changes(change, look->way.names.v[i]))
			return true;
	return false;
}

static bool frees(const struct footprint *f, int fd)
{
	return fd >= f->first_freed && fd <= f->last_freed;
}

static bool is_open(const struct footprint *f, int fd)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%u/fd/%d", f->tid, fd);
	return faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool numbers_meet(const struct footprint *change, const struct footprint *look)
{
	bool freed = change->first_freed <= change->last_freed;
	unsigned i;

	if (change->table != look->table)
		return false;
	if (look->all_numbers && change->changes & ASPECT_NUMBERS)
		return true;
	if (look->opens && change->replaces)
		return true;
	for (i = 0; i < look->nfds; i++)
		if ((freed && frees(change, look->fd[i])) ||
			(change->opens && !is_open(look, look->fd[i])))
			return true;
	return freed && look->first_freed <= look->last_freed &&
		look->first_freed <= change->last_freed && change->first_freed <= look->last_freed;
}

static const struct facts *facts_of(struct footprint *f, unsigned i)
{
	struct footprint_file *file = &f->file[i];

	if (!file->asked)
		file->facts = facts_of_fd((pid_t)f->tid, file->fd);
	file->asked = true;
	return &file->facts;
}

static bool has_offset(const struct facts *facts)
{
	return facts->known && (S_ISREG(facts->mode) || S_ISDIR(facts->mode));
}

static bool is_same_file(struct footprint *a, unsigned i, struct footprint *b, unsigned k)
{
	const struct facts *x = facts_of(a, i), *y = facts_of(b, k);

	return has_offset(x) && has_offset(y) && x->ino == y->ino && x->dev_major == y->dev_major &&
		x->dev_minor == y->dev_minor;
}

/* The same open file description, or the same file where the kernel does not tell. */
static bool is_same_description(struct footprint *a, unsigned i, struct footprint *b, unsigned k)
{
	long rc;

	if (a->table != b->table || a->file[i].fd != b->file[k].fd) {
		rc = syscall(SYS_kcmp, a->tid, b->tid, KCMP_FILE, a->file[i].fd, b->file[k].fd);
		if (rc > 0 || (rc < 0 && errno == EBADF))
			return false;
	}
	return is_same_file(a, i, b, k);
}

/* --- bytes of one file --- */

static void tell_offset(struct footprint *f)
{
	struct footprint_file *file = &f->file[0];

	if (file->told)
		return;
	file->told = true;
	file->offset = UINT64_MAX;
	file->flags = O_APPEND;
	facts_of_description((pid_t)f->tid, file->fd, &file->offset, &file->flags);
}

static bool appends(struct footprint *f)
{
	if (!(f->changes & ASPECT_DATA))
		return false;
	tell_offset(f);
	return f->appends || f->file[0].flags & O_APPEND;
}

/* Whether all of its bytes are below SIZE. */
static bool is_within(struct footprint *f, uint64_t size)
{
	uint64_t off = f->off;

	if (f->implicit) {
		tell_offset(f);
		off = f->file[0].offset;
	}
	return off <= size && f->len <= size - off;
}

/*
 * A file with SIZE bytes may have them by a write that is under way: one that ends there may have begun
 * anywhere below.
 */
static bool moves_end(struct footprint *f, uint64_t size)
{
	return f->changes & ASPECT_DATA && (appends(f) || size == 0 || !is_within(f, size - 1));
}

/* What stays inside of a file finds the same whatever another one does that makes it longer. */
static bool is_independent(struct footprint *a, struct footprint *b, uint64_t size)
{
	struct footprint *mover = moves_end(a, size) ? a : b, *other = mover == a ? b : a;

	if (!a->ranged || !b->ranged || moves_end(other, size))
		return false;
	if (!moves_end(mover, size))
		return true;
	return appends(mover) && mover->len <= size && is_within(other, size - mover->len);
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static bool data_meets(struct footprint *a, struct footprint *b)
{
	unsigned i, k;

	for (i = 0; i < a->nfiles; i++)
		for (k = 0; k < b->nfiles; k++)
			if (is_same_file(a, i, b, k) &&
				!is_independent(a, b, smaller(facts_of(a, i)->size, facts_of(b, k)->size)))
				return true;
	for (k = 0; a->by_path && k < b->nfiles; k++)
		if (has_offset(facts_of(b, k)))
			return true;
	for (i = 0; b->by_path && i < a->nfiles; i++)
		if (has_offset(facts_of(a, i)))
			return true;
	return a->by_path && b->by_path;
}

static bool offsets_meet(struct footprint *a, struct footprint *b)
{
	unsigned i, k;

	for (i = 0; i < a->nfiles; i++)
		for (k = 0; k < b->nfiles; k++)
			if (is_same_description(a, i, b, k))
				return true;
	return false;
}

/* Of one that waits, results show when an owner of other locks let it go on. */
static bool locks_meet(struct footprint *a, struct footprint *b)
{
	if ((a->waits || b->waits) && a->table != b->table &&
		!(a->nfiles && b->nfiles && is_same_description(a, 0, b, 0)))
		return false;
	return !a->nfiles || !b->nfiles || is_same_file(a, 0, b, 0) || !facts_of(a, 0)->known ||
		!facts_of(b, 0)->known;
}

unsigned footprint_meets(struct footprint *a, struct footprint *b)
{
	unsigned both = (a->changes & (b->looks | b->changes)) | (b->changes & a->looks);
	unsigned met = both & (ASPECT_RIGHTS | ASPECT_XATTRS | ASPECT_LISTS | ASPECT_LEASES);

	if (both & ASPECT_THREADS && a->process == b->process)
		met |= ASPECT_THREADS;
	if (both & ASPECT_DIRS && a->dirs == b->dirs)
		met |= ASPECT_DIRS;
	if (both & ASPECT_NUMBERS && (numbers_meet(a, b) || numbers_meet(b, a)))
		met |= ASPECT_NUMBERS;
	if (both & ASPECT_NAMES && (names_meet(a, b) || names_meet(b, a)))
		met |= ASPECT_NAMES;
	if (met) /* the rest costs more */
		return met;
	if (both & ASPECT_OFFSET && offsets_meet(a, b))
		met |= ASPECT_OFFSET;
	else if (both & ASPECT_DATA && data_meets(a, b))
		met |= ASPECT_DATA;
	else if (both & ASPECT_LOCKS && locks_meet(a, b))
		met |= ASPECT_LOCKS;
	return met;
}
