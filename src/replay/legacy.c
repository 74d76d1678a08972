/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>

#include "replay/dispatch.h"

/*
 * Calls that newer architectures have only in the form with a directory descriptor: each is made
 * of AT_FDCWD, the old arguments and some flags at the end.
 */
struct legacy {
	enum op_id op;
	long nr;
	signed char arg[5]; /* index of an old argument, or one of the below; the rest are 0 */
};

enum { END = -1, CWD = -2, NOFOLLOW = -3, REMOVEDIR = -4, CREAT_FLAGS = -5 };

static const struct legacy legacies[] = {
	{OP_open, SYS_openat, {CWD, 0, 1, 2, END}},
	{OP_creat, SYS_openat, {CWD, 0, CREAT_FLAGS, 1, END}},
	{OP_stat, SYS_newfstatat, {CWD, 0, 1, END}},
	{OP_lstat, SYS_newfstatat, {CWD, 0, 1, NOFOLLOW, END}},
	{OP_access, SYS_faccessat, {CWD, 0, 1, END}},
	{OP_getdents, SYS_getdents64, {0, 1, 2, END}},
	{OP_readlink, SYS_readlinkat, {CWD, 0, 1, 2, END}},
	{OP_mkdir, SYS_mkdirat, {CWD, 0, 1, END}},
	{OP_mknod, SYS_mknodat, {CWD, 0, 1, 2, END}},
	{OP_rmdir, SYS_unlinkat, {CWD, 0, REMOVEDIR, END}},
	{OP_unlink, SYS_unlinkat, {CWD, 0, END}},
	{OP_rename, SYS_renameat2, {CWD, 0, CWD, 1, END}},
	{OP_renameat, SYS_renameat2, {0, 1, 2, 3, END}},
	{OP_link, SYS_linkat, {CWD, 0, CWD, 1, END}},
	{OP_symlink, SYS_symlinkat, {0, CWD, 1, END}},
	{OP_chmod, SYS_fchmodat, {CWD, 0, 1, END}},
	{OP_chown, SYS_fchownat, {CWD, 0, 1, 2, END}},
	{OP_lchown, SYS_fchownat, {CWD, 0, 1, 2, NOFOLLOW}},
	{OP_utime, SYS_utimensat, {CWD, 0, 1, END}},
	{OP_utimes, SYS_utimensat, {CWD, 0, 1, END}},
	{OP_futimesat, SYS_utimensat, {0, 1, 2, END}},
};

static uint64_t legacy_value(signed char arg, const uint64_t old[6])
{
	switch (arg) {
	case CWD:
		return (uint64_t)AT_FDCWD;
	case NOFOLLOW:
		return AT_SYMLINK_NOFOLLOW;
	case REMOVEDIR:
		return AT_REMOVEDIR;
	case CREAT_FLAGS:
		return O_CREAT | O_WRONLY | O_TRUNC;
	default:
		return old[arg];
	}
}

long legacy_map(enum op_id op, const uint64_t old[6], uint64_t reg[6])
{
	size_t i;
	int k;

	memset(reg, 0, 6 * sizeof(*reg));
	for (i = 0; i < sizeof(legacies) / sizeof(*legacies); i++) {
		if (legacies[i].op != op)
			continue;
		for (k = 0; k < 5 && legacies[i].arg[k] != END; k++)
			reg[k] = legacy_value(legacies[i].arg[k], old);
		return legacies[i].nr;
	}
	return -1;
}
