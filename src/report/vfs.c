/* SPDX-License-Identifier: Apache-2.0 */
#include "report/vfs.h"

#include <fcntl.h>
#include <inttypes.h>

#include "datas/csv.h"
#include "ops/flags.h"

/* --- which operation --- */

static const char *const operations[OP_COUNT] = {
	[OP_read] = "READ", [OP_readv] = "READ", [OP_pread64] = "READ", [OP_preadv] = "READ",
	[OP_preadv2] = "READ", [OP_uring_read] = "READ", [OP_uring_readv] = "READ",
	[OP_write] = "WRITE", [OP_writev] = "WRITE", [OP_pwrite64] = "WRITE", [OP_pwritev] = "WRITE",
	[OP_pwritev2] = "WRITE", [OP_uring_write] = "WRITE", [OP_uring_writev] = "WRITE",
	[OP_open] = "OPEN", [OP_openat] = "OPEN", [OP_openat2] = "OPEN", [OP_creat] = "OPEN",
	[OP_open_by_handle_at] = "OPEN", [OP_uring_openat] = "OPEN", [OP_uring_openat2] = "OPEN",
	[OP_close] = "CLOSE", [OP_uring_close] = "CLOSE",
	[OP_fsync] = "FSYNC", [OP_uring_fsync] = "FSYNC", [OP_fdatasync] = "FDATASYNC",
	[OP_uring_fdatasync] = "FDATASYNC", [OP_sync_file_range] = "FSYNC", [OP_uring_sync_file_range] = "FSYNC",
	[OP_sync] = "SYNC", [OP_syncfs] = "SYNC",
	[OP_mmap] = "MMAP", [OP_munmap] = "MUNMAP", [OP_mremap] = "MREMAP", [OP_msync] = "MSYNC",
	[OP_madvise] = "MADVISE",
	[OP_stat] = "GETATTR", [OP_lstat] = "GETATTR", [OP_fstat] = "GETATTR", [OP_newfstatat] = "GETATTR",
	[OP_statx] = "GETATTR", [OP_uring_statx] = "GETATTR", [OP_file_getattr] = "GETATTR",
	[OP_chmod] = "SETATTR", [OP_fchmod] = "SETATTR", [OP_fchmodat] = "SETATTR", [OP_fchmodat2] = "SETATTR",
	[OP_chown] = "SETATTR", [OP_lchown] = "SETATTR", [OP_fchown] = "SETATTR", [OP_fchownat] = "SETATTR",
	[OP_utime] = "SETATTR", [OP_utimes] = "SETATTR", [OP_futimesat] = "SETATTR", [OP_utimensat] = "SETATTR",
	[OP_file_setattr] = "SETATTR",
	[OP_chdir] = "CHDIR", [OP_fchdir] = "CHDIR",
	[OP_getdents] = "READDIR", [OP_getdents64] = "READDIR",
	[OP_unlink] = "UNLINK", [OP_unlinkat] = "UNLINK", [OP_uring_unlinkat] = "UNLINK", [OP_rmdir] = "RMDIR",
	[OP_truncate] = "TRUNCATE", [OP_ftruncate] = "TRUNCATE", [OP_uring_ftruncate] = "TRUNCATE",
	[OP_rename] = "RENAME", [OP_renameat] = "RENAME", [OP_renameat2] = "RENAME",
	[OP_uring_renameat] = "RENAME",
	[OP_mkdir] = "MKDIR", [OP_mkdirat] = "MKDIR", [OP_uring_mkdirat] = "MKDIR",
	[OP_link] = "LINK", [OP_linkat] = "LINK", [OP_uring_linkat] = "LINK",
	[OP_symlink] = "SYMLINK", [OP_symlinkat] = "SYMLINK", [OP_uring_symlinkat] = "SYMLINK",
	[OP_fallocate] = "FALLOCATE", [OP_uring_fallocate] = "FALLOCATE",
	[OP_sendfile] = "SENDFILE", [OP_splice] = "SPLICE", [OP_uring_splice] = "SPLICE",
	[OP_vmsplice] = "VMSPLICE", [OP_copy_file_range] = "COPY_FILE_RANGE",
	[OP_execve] = "PROCESS_EXEC", [OP_execveat] = "PROCESS_EXEC", [OP_exit_group] = "PROCESS_EXIT"};

static const char *name_of(const struct event *ev)
{
	switch (ev->op) {
	case EVENT_AIO_READ:
		return "READ";
	case EVENT_AIO_WRITE:
		return "WRITE";
	case EVENT_AIO_SYNC:
		return "FSYNC";
	}
	return ev->op < OP_COUNT ? operations[ev->op] : NULL;
}

static bool needs_file(const char *name)
{
	static const char *const others[] = {"SYNC", "SENDFILE", "SPLICE", "VMSPLICE", "PROCESS_EXIT"};
	size_t i;

	for (i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (strcmp(name, others[i]) == 0)
			return false;
	return true;
}

static bool is_absolute(struct str s)
{
	return s.len && s.s[0] == '/';
}

const char *vfs_operation(const struct event *ev)
{
	const char *name = name_of(ev);

	if (!name || (needs_file(name) && !is_absolute(ev->file) && !is_absolute(ev->file2)))
		return NULL;
	if (ev->direct && strcmp(name, "READ") == 0)
		return "DIO_READ";
	if (ev->direct && strcmp(name, "WRITE") == 0)
		return "DIO_WRITE";
	if (strcmp(name, "UNLINK") == 0 && rec_arg(ev->rec, A_ATFLAGS, 0) & AT_REMOVEDIR)
		return "RMDIR";
	return name;
}

/* --- its line --- */

static bool has(const struct event *ev, enum arg_kind kind)
{
	return ev->op < OP_COUNT && op_has(ev->rec->op, kind);
}

static void words(struct buf *out, enum arg_kind kind, uint64_t value)
{
	struct buf text = BUF_INIT;

	flags_print(&text, kind, value);
	if (str_eqs(buf_as_str(&text), "0"))
		text.len = 0;
	csv_text(out, buf_as_str(&text));
	buf_free(&text);
}

static void words_if_there(struct buf *out, const struct event *ev, enum arg_kind kind)
{
	if (has(ev, kind))
		words(out, kind, rec_arg(ev->rec, kind, 0));
	else
		buf_char(out, ',');
}

/* The flags of the call, but for those of memory maps, which have columns of their own. */
static void flags(struct buf *out, const struct event *ev)
{
	int i;

	for (i = 0; ev->op < OP_COUNT && i < OP_ARGS; i++) {
		enum arg_kind kind = (enum arg_kind)ops[ev->rec->op].arg[i];

		if (arg_infos[kind].form != FORM_FLAGS || kind == A_PROT || kind == A_MAPFLAGS)
			continue;
		words(out, kind, ev->rec->arg[i]);
		return;
	}
	buf_char(out, ',');
}

/* "OLD -> NEW" of what has two names. */
static void filename(struct buf *out, const struct event *ev)
{
	struct buf both = BUF_INIT;

	if (!ev->file2.len) {
		csv_text(out, ev->file);
		return;
	}
	/* symlink(2) names what it points to first, and is recorded the other way round */
	if (has(ev, A_TARGET)) {
		buf_str(&both, ev->file2);
		buf_puts(&both, " -> ");
		buf_str(&both, ev->file);
	} else {
		buf_str(&both, ev->file);
		buf_puts(&both, " -> ");
		buf_str(&both, ev->file2);
	}
	csv_text(out, buf_as_str(&both));
	buf_free(&both);
}

/* What truncate(2) calls an offset is a length. */
static bool cuts(const struct event *ev)
{
	return ev->op == OP_truncate || ev->op == OP_ftruncate || ev->op == OP_uring_ftruncate;
}

static void position(struct buf *out, const struct event *ev)
{
	int64_t at = ev->offset;

	if (at < 0 && has(ev, A_OFF) && !cuts(ev))
		at = (int64_t)rec_arg(ev->rec, A_OFF, 0);
	buf_char(out, ',');
	if (at >= 0)
		buf_u64(out, (uint64_t)at);
}

bool vfs_put(struct buf *out, const struct event *ev)
{
	const char *name = vfs_operation(ev);

	if (!name)
		return false;
	buf_u64(out, ev->start);
	csv_text(out, str_of(name));
	csv_number(out, ev->rec->pid);
	csv_text(out, ev->comm);
	filename(out, ev);
	csv_number(out, cuts(ev) ? rec_arg(ev->rec, A_OFF, 0) : ev->size);
	buf_char(out, ',');
	if (ev->has_inode)
		buf_u64(out, ev->ino);
	flags(out, ev);
	position(out, ev);
	csv_number(out, ev->rec->tid);
	words_if_there(out, ev, A_PROT);
	words_if_there(out, ev, A_MAPFLAGS);
	buf_char(out, ',');
	if (has(ev, A_ADDR))
		buf_addf(out, "0x%" PRIx64,
			ev->op == OP_mmap && !ev->error ? (uint64_t)ev->ret : rec_arg(ev->rec, A_ADDR, 0));
	csv_number(out, ev->latency);
	csv_signed(out, ev->ret);
	csv_number(out, ev->read > ev->written ? ev->read : ev->written);
	buf_char(out, ',');
	if (ev->has_inode)
		buf_addf(out, "%u:%u", ev->dev_major, ev->dev_minor);
	buf_char(out, ',');
	if (has(ev, A_MODE))
		buf_addf(out, "%#" PRIo64, rec_arg(ev->rec, A_MODE, 0));
	csv_text(out, str_of(event_name(ev)));
	return true;
}
