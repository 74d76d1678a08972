/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/flags.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/xattr.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "ops/uring.h"

/* The C library defines O_LARGEFILE as 0 on 64-bit machines; the kernel's value is captured. */
#ifdef __aarch64__
#define KERNEL_O_LARGEFILE 0400000
#else
#define KERNEL_O_LARGEFILE 0100000
#endif

struct flag {
	const char *name;
	uint64_t value;
	uint64_t mask; /* bits that decide: value for single bits, more for enumerations */
};

#define BIT(x)	   {#x, (uint64_t)(x), (uint64_t)(x)}
#define ENUM(x)	   {#x, (uint64_t)(x), UINT64_MAX}
#define FIELD(x, m) {#x, (uint64_t)(x), (uint64_t)(m)}

/* O_SYNC contains O_DSYNC and O_TMPFILE contains O_DIRECTORY: the larger first. */
static const struct flag open_flags[] = {
	FIELD(O_RDONLY, O_ACCMODE), FIELD(O_WRONLY, O_ACCMODE), FIELD(O_RDWR, O_ACCMODE),
	BIT(O_CREAT), BIT(O_EXCL), BIT(O_NOCTTY), BIT(O_TRUNC), BIT(O_APPEND), BIT(O_NONBLOCK),
	BIT(O_SYNC), BIT(O_DSYNC), BIT(O_ASYNC), BIT(O_DIRECT),
	{"O_LARGEFILE", KERNEL_O_LARGEFILE, KERNEL_O_LARGEFILE}, BIT(O_TMPFILE), BIT(O_DIRECTORY), BIT(O_NOFOLLOW),
	BIT(O_NOATIME), BIT(O_CLOEXEC), BIT(O_PATH), {0}};
/* faccessat2's AT_EACCESS is the bit of unlinkat's AT_REMOVEDIR: read by both names, written by one. */
static const struct flag at_flags[] = {BIT(AT_SYMLINK_NOFOLLOW),
	{"AT_REMOVEDIR", 0x200, 0x200}, {"AT_EACCESS", 0x200, 0x200}, BIT(AT_SYMLINK_FOLLOW),
	BIT(AT_NO_AUTOMOUNT),
	BIT(AT_EMPTY_PATH), {"AT_STATX_FORCE_SYNC", 0x2000, 0x2000},
	{"AT_STATX_DONT_SYNC", 0x4000, 0x4000}, {0}};
static const struct flag resolve_flags[] = {BIT(RESOLVE_NO_XDEV), BIT(RESOLVE_NO_MAGICLINKS),
	BIT(RESOLVE_NO_SYMLINKS), BIT(RESOLVE_BENEATH), BIT(RESOLVE_IN_ROOT), BIT(RESOLVE_CACHED),
	{0}};
static const struct flag close_range_flags[] = {
	BIT(CLOSE_RANGE_UNSHARE), BIT(CLOSE_RANGE_CLOEXEC), {0}};
static const struct flag rename_flags[] = {{"RENAME_NOREPLACE", 1, 1}, {"RENAME_EXCHANGE", 2, 2},
	{"RENAME_WHITEOUT", 4, 4}, {0}};
static const struct flag falloc_flags[] = {BIT(FALLOC_FL_KEEP_SIZE), BIT(FALLOC_FL_PUNCH_HOLE),
	BIT(FALLOC_FL_COLLAPSE_RANGE), BIT(FALLOC_FL_ZERO_RANGE), BIT(FALLOC_FL_INSERT_RANGE),
	BIT(FALLOC_FL_UNSHARE_RANGE), {0}};
static const struct flag sfr_flags[] = {BIT(SYNC_FILE_RANGE_WAIT_BEFORE),
	BIT(SYNC_FILE_RANGE_WRITE), BIT(SYNC_FILE_RANGE_WAIT_AFTER), {0}};
static const struct flag splice_flags[] = {BIT(SPLICE_F_MOVE), BIT(SPLICE_F_NONBLOCK),
	BIT(SPLICE_F_MORE), BIT(SPLICE_F_GIFT), {0}};
static const struct flag rwf_flags[] = {BIT(RWF_HIPRI), BIT(RWF_DSYNC), BIT(RWF_SYNC),
	BIT(RWF_NOWAIT), BIT(RWF_APPEND), {0}};
static const struct flag xattr_flags[] = {BIT(XATTR_CREATE), BIT(XATTR_REPLACE), {0}};
static const struct flag msg_flags[] = {BIT(MSG_DONTWAIT), BIT(MSG_NOSIGNAL), BIT(MSG_CMSG_CLOEXEC),
	BIT(MSG_PEEK), BIT(MSG_OOB), BIT(MSG_DONTROUTE), BIT(MSG_TRUNC), BIT(MSG_WAITALL), BIT(MSG_EOR),
	BIT(MSG_CONFIRM), BIT(MSG_ERRQUEUE), BIT(MSG_MORE), BIT(MSG_WAITFORONE), BIT(MSG_ZEROCOPY),
	BIT(MSG_FASTOPEN), {0}};
static const struct flag lock_ops[] = {
	BIT(LOCK_SH), BIT(LOCK_EX), BIT(LOCK_NB), BIT(LOCK_UN), {0}};
static const struct flag clone_flags[] = {BIT(CLONE_VM), BIT(CLONE_FS), BIT(CLONE_FILES),
	BIT(CLONE_SIGHAND), BIT(CLONE_PIDFD), BIT(CLONE_PTRACE), BIT(CLONE_VFORK), BIT(CLONE_PARENT),
	BIT(CLONE_THREAD), BIT(CLONE_NEWNS), BIT(CLONE_SYSVSEM), BIT(CLONE_SETTLS),
	BIT(CLONE_PARENT_SETTID), BIT(CLONE_CHILD_CLEARTID), BIT(CLONE_UNTRACED),
	BIT(CLONE_CHILD_SETTID), BIT(CLONE_NEWUSER), BIT(CLONE_NEWPID), BIT(CLONE_NEWNET), {0}};
static const struct flag advices[] = {{"POSIX_FADV_NORMAL", 0, UINT64_MAX},
	{"POSIX_FADV_RANDOM", 1, UINT64_MAX}, {"POSIX_FADV_SEQUENTIAL", 2, UINT64_MAX},
	{"POSIX_FADV_WILLNEED", 3, UINT64_MAX}, {"POSIX_FADV_DONTNEED", 4, UINT64_MAX},
	{"POSIX_FADV_NOREUSE", 5, UINT64_MAX}, {0}};
static const struct flag whences[] = {{"SEEK_SET", 0, UINT64_MAX}, {"SEEK_CUR", 1, UINT64_MAX},
	{"SEEK_END", 2, UINT64_MAX}, {"SEEK_DATA", 3, UINT64_MAX}, {"SEEK_HOLE", 4, UINT64_MAX}, {0}};
static const struct flag fcntl_cmds[] = {ENUM(F_DUPFD), ENUM(F_GETFD), ENUM(F_SETFD),
	ENUM(F_GETFL), ENUM(F_SETFL), {"F_GETLK", 5, UINT64_MAX}, {"F_SETLK", 6, UINT64_MAX},
	{"F_SETLKW", 7, UINT64_MAX}, ENUM(F_SETOWN), ENUM(F_GETOWN), ENUM(F_SETSIG), ENUM(F_GETSIG),
	ENUM(F_SETOWN_EX), ENUM(F_GETOWN_EX), ENUM(F_OFD_GETLK), ENUM(F_OFD_SETLK),
	ENUM(F_OFD_SETLKW), ENUM(F_SETLEASE), ENUM(F_GETLEASE), ENUM(F_NOTIFY), ENUM(F_SETPIPE_SZ),
	ENUM(F_GETPIPE_SZ), ENUM(F_ADD_SEALS), ENUM(F_GET_SEALS), ENUM(F_GET_RW_HINT),
	ENUM(F_SET_RW_HINT), ENUM(F_GET_FILE_RW_HINT), ENUM(F_SET_FILE_RW_HINT),
	ENUM(F_DUPFD_CLOEXEC), {0}};

/* From the data itself: headers of the C library do not have all of them. */
static const struct flag ioctl_cmds[] = {
#define IOCTL(cmd, number, shape) {#cmd, number, UINT64_MAX},
#include "ops/ioctl.def"
	{0}};
/* Values as in linux/io_uring.h, whose installed version may be older than the kernel. */
static const struct flag sqe_flags[] = {{"IOSQE_FIXED_FILE", 1, 1}, {"IOSQE_IO_DRAIN", 2, 2},
	{"IOSQE_IO_LINK", 4, 4}, {"IOSQE_IO_HARDLINK", 8, 8}, {"IOSQE_ASYNC", 16, 16},
	{"IOSQE_BUFFER_SELECT", 32, 32}, {"IOSQE_CQE_SKIP_SUCCESS", 64, 64},
	{"SPLICE_F_MOVE", 0x100, 0x100}, {"SPLICE_F_NONBLOCK", 0x200, 0x200}, {"SPLICE_F_MORE", 0x400, 0x400},
	{"SPLICE_F_GIFT", 0x800, 0x800}, {"SPLICE_F_FD_IN_FIXED", 0x10000, 0x10000},
	{"REUSED", URING_REUSED, URING_REUSED}, {0}};
static const struct flag install_flags[] = {{"IORING_FIXED_FD_NO_CLOEXEC", 1, 1}, {0}};
static const struct flag uring_setup_flags[] = {{"IORING_SETUP_IOPOLL", 1, 1},
	{"IORING_SETUP_SQPOLL", 2, 2}, {"IORING_SETUP_SQ_AFF", 4, 4},
	{"IORING_SETUP_CQSIZE", 8, 8}, {"IORING_SETUP_CLAMP", 16, 16},
	{"IORING_SETUP_ATTACH_WQ", 32, 32}, {"IORING_SETUP_R_DISABLED", 64, 64},
	{"IORING_SETUP_SUBMIT_ALL", 128, 128}, {"IORING_SETUP_COOP_TASKRUN", 256, 256},
	{"IORING_SETUP_TASKRUN_FLAG", 512, 512}, {"IORING_SETUP_SQE128", 1024, 1024},
	{"IORING_SETUP_CQE32", 2048, 2048}, {"IORING_SETUP_SINGLE_ISSUER", 4096, 4096},
	{"IORING_SETUP_DEFER_TASKRUN", 8192, 8192}, {"IORING_SETUP_NO_MMAP", 16384, 16384},
	{"IORING_SETUP_REGISTERED_FD_ONLY", 32768, 32768},
	{"IORING_SETUP_NO_SQARRAY", 65536, 65536},
	{"IORING_SETUP_HYBRID_IOPOLL", 131072, 131072}, {0}};
static const struct flag uring_enter_flags[] = {{"IORING_ENTER_GETEVENTS", 1, 1},
	{"IORING_ENTER_SQ_WAKEUP", 2, 2}, {"IORING_ENTER_SQ_WAIT", 4, 4},
	{"IORING_ENTER_EXT_ARG", 8, 8}, {"IORING_ENTER_REGISTERED_RING", 16, 16},
	{"IORING_ENTER_ABS_TIMER", 32, 32}, {"IORING_ENTER_EXT_ARG_REG", 64, 64},
	{"IORING_ENTER_NO_IOWAIT", 128, 128}, {0}};
static const struct flag uring_register_ops[] = {
	{"IORING_REGISTER_BUFFERS", 0, UINT64_MAX}, {"IORING_UNREGISTER_BUFFERS", 1, UINT64_MAX},
	{"IORING_REGISTER_FILES", 2, UINT64_MAX}, {"IORING_UNREGISTER_FILES", 3, UINT64_MAX},
	{"IORING_REGISTER_FILES_UPDATE", 6, UINT64_MAX},
	{"IORING_REGISTER_ENABLE_RINGS", 12, UINT64_MAX},
	{"IORING_REGISTER_FILES2", 13, UINT64_MAX},
	{"IORING_REGISTER_FILES_UPDATE2", 14, UINT64_MAX},
	{"IORING_REGISTER_BUFFERS2", 15, UINT64_MAX}, {0}};
static const struct flag prots[] = {BIT(PROT_READ), BIT(PROT_WRITE), BIT(PROT_EXEC),
	{"PROT_GROWSDOWN", 0x01000000, 0x01000000}, {"PROT_GROWSUP", 0x02000000, 0x02000000}, {0}};
/* Their values are the same on x86 and arm64. */
static const struct flag map_flags[] = {FIELD(MAP_SHARED, 0xf), FIELD(MAP_PRIVATE, 0xf),
	{"MAP_SHARED_VALIDATE", 3, 0xf}, BIT(MAP_FIXED), BIT(MAP_ANONYMOUS), {"MAP_32BIT", 0x40, 0x40},
	BIT(MAP_GROWSDOWN), BIT(MAP_DENYWRITE), BIT(MAP_EXECUTABLE), BIT(MAP_LOCKED),
	BIT(MAP_NORESERVE), BIT(MAP_POPULATE), BIT(MAP_NONBLOCK), BIT(MAP_STACK), BIT(MAP_HUGETLB),
	{"MAP_SYNC", 0x80000, 0x80000}, {"MAP_FIXED_NOREPLACE", 0x100000, 0x100000}, {0}};
static const struct flag remap_flags[] = {BIT(MREMAP_MAYMOVE), BIT(MREMAP_FIXED),
	{"MREMAP_DONTUNMAP", 4, 4}, {0}};
static const struct flag msync_flags[] = {BIT(MS_ASYNC), BIT(MS_INVALIDATE), BIT(MS_SYNC), {0}};
static const struct flag map_advices[] = {ENUM(MADV_NORMAL), ENUM(MADV_RANDOM),
	ENUM(MADV_SEQUENTIAL), ENUM(MADV_WILLNEED), ENUM(MADV_DONTNEED), ENUM(MADV_REMOVE),
	{"MADV_COLD", 20, UINT64_MAX}, {"MADV_PAGEOUT", 21, UINT64_MAX},
	{"MADV_POPULATE_READ", 22, UINT64_MAX}, {"MADV_POPULATE_WRITE", 23, UINT64_MAX}, {0}};

static const struct flag *const tables[A_COUNT] = {
	[A_OFLAGS] = open_flags,
	[A_HOW] = open_flags,
	[A_ATFLAGS] = at_flags,
	[A_RESOLVE] = resolve_flags,
	[A_CRFLAGS] = close_range_flags,
	[A_RENFLAGS] = rename_flags,
	[A_FALLOCMODE] = falloc_flags,
	[A_SFRFLAGS] = sfr_flags,
	[A_RWF] = rwf_flags,
	[A_SPLICEFLAGS] = splice_flags,
	[A_XFLAGS] = xattr_flags,
	[A_XATFLAGS] = xattr_flags,
	[A_MSGFLAGS] = msg_flags,
	[A_LOCKOP] = lock_ops,
	[A_CLONEFLAGS] = clone_flags,
	[A_CLARGS] = clone_flags,
	[A_ADVICE] = advices,
	[A_WHENCE] = whences,
	[A_FCMD] = fcntl_cmds,
	[A_ICMD] = ioctl_cmds,
	[A_SQE] = sqe_flags,
	[A_INSTALLFLAGS] = install_flags,
	[A_UPARAMS] = uring_setup_flags,
	[A_UENTER] = uring_enter_flags,
	[A_UREGOP] = uring_register_ops,
	[A_PROT] = prots,
	[A_MAPFLAGS] = map_flags,
	[A_REMAPFLAGS] = remap_flags,
	[A_MSFLAGS] = msync_flags,
	[A_MADVICE] = map_advices,
};

void flags_print(struct buf *out, enum arg_kind kind, uint64_t value)
{
	const struct flag *f;
	uint64_t left = value;
	bool any = false;

	for (f = tables[kind]; f && f->name; f++) {
		if ((value & f->mask) != f->value || f->mask == 0)
			continue;
		if (f->mask == UINT64_MAX) { /* an enumeration */
			buf_puts(out, f->name);
			return;
		}
		if (f->value && !(left & f->value))
			continue; /* part of a larger flag that is written already */
		if (any)
			buf_char(out, '+');
		buf_puts(out, f->name);
		any = true;
		left &= ~f->value;
	}
	if (left)
		buf_addf(out, "%s0x%llx", any ? "+" : "", (unsigned long long)left);
	else if (!any)
		buf_char(out, '0');
}

static int parse_one(const struct flag *table, struct str word, uint64_t *value)
{
	const struct flag *f;
	int64_t n;

	if (word.len && ((word.s[0] >= '0' && word.s[0] <= '9') || word.s[0] == '-')) {
		if (str_num(word, &n))
			return -EINVAL;
		*value |= (uint64_t)n;
		return 0;
	}
	for (f = table; f && f->name; f++)
		if (str_eqs(word, f->name)) {
			*value |= f->value;
			return 0;
		}
	return -EINVAL;
}

int flags_parse(enum arg_kind kind, struct str text, uint64_t *value)
{
	struct str word;

	*value = 0;
	while (str_take_char(&text, '+', &word))
		if (parse_one(tables[kind], word, value))
			return -EINVAL;
	return 0;
}

/* asm/fcntl.h: the four flags that arm64 numbers differently from the generic and x86 values. */
static const struct {
	uint64_t x86, arm64;
} moved[] = {
	{040000, 0200000},  /* O_DIRECT */
	{0100000, 0400000}, /* O_LARGEFILE */
	{0200000, 040000},  /* O_DIRECTORY */
	{0400000, 0100000}, /* O_NOFOLLOW */
};

uint64_t flags_open_from(struct str arch, uint64_t value)
{
	bool from_arm = str_eqs(arch, "aarch64");
	uint64_t out = value;
	unsigned i;
#ifdef __aarch64__
	const bool here_arm = true;
#else
	const bool here_arm = false;
#endif

	if (from_arm == here_arm || arch.len == 0)
		return value;
	for (i = 0; i < sizeof(moved) / sizeof(*moved); i++)
		out &= ~(from_arm ? moved[i].arm64 : moved[i].x86);
	for (i = 0; i < sizeof(moved) / sizeof(*moved); i++)
		if (value & (from_arm ? moved[i].arm64 : moved[i].x86))
			out |= from_arm ? moved[i].x86 : moved[i].arm64;
	return out;
}
