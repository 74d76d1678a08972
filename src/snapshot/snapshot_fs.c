/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "datas/csv.h"
#include "snapshot/snapshot.h"
#include "trace/outfile.h"
#include "utils/clock.h"

/*
 * Names, sizes and times. The walk stays in one file system, follows no symbolic link, and leaves times of access as
 * they are where it may. Device and inode are what events of the page cache and of requests know files by.
 */

#define COLUMNS                                                                                    \
	"snapshot_timestamp,path,type,size,blocks,dev,inode,mode,uid,gid,nlink,creation_time,change_time,"           \
	"modification_time,access_time\r\n"

struct walk {
	const struct snapshot *s;
	struct snapshot_counts *counts;
	struct outfile *file;
	struct buf line, path;
	uint64_t time, until;
	uint32_t major, minor;
	struct err *err;
};

static char type_of(unsigned mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return 'f';
	case S_IFDIR:
		return 'd';
	case S_IFLNK:
		return 'l';
	case S_IFBLK:
		return 'b';
	case S_IFCHR:
		return 'c';
	case S_IFIFO:
		return 'p';
	case S_IFSOCK:
		return 's';
	default:
		return '?';
	}
}

static void put_time(struct buf *out, bool known, const struct statx_timestamp *t)
{
	buf_char(out, ',');
	if (known)
		buf_addf(out, "%lld.%09u", (long long)t->tv_sec, t->tv_nsec);
}

static void put_line(struct walk *w, const struct statx *st)
{
	struct buf *out = &w->line;
	char type = type_of(st->stx_mode);

	buf_addf(out, "%llu.%09llu", (unsigned long long)(w->time / NS_PER_SEC),
		(unsigned long long)(w->time % NS_PER_SEC));
	snapshot_name(w->s, out, buf_as_str(&w->path));
	csv_text(out, (struct str){&type, 1});
	csv_number(out, st->stx_size);
	csv_number(out, st->stx_blocks);
	buf_addf(out, ",%u:%u", st->stx_dev_major, st->stx_dev_minor);
	csv_number(out, st->stx_ino);
	buf_addf(out, ",%04o", st->stx_mode & 07777u);
	csv_number(out, st->stx_uid);
	csv_number(out, st->stx_gid);
	csv_number(out, st->stx_nlink);
	put_time(out, st->stx_mask & STATX_BTIME, &st->stx_btime);
	put_time(out, true, &st->stx_ctime);
	put_time(out, true, &st->stx_mtime);
	put_time(out, true, &st->stx_atime);
	buf_puts(out, "\r\n");
}

static int flush(struct walk *w)
{
	int rc;

	if (!buf_ok(&w->line) || !buf_ok(&w->path))
		return err_sys(w->err, ENOMEM, "cannot take a snapshot");
	rc = outfile_write(w->file, w->line.p, w->line.len, w->err);
	w->line.len = 0;
	return rc;
}

/* Why to end here, NULL: go on. */
static const char *limit_of(const struct walk *w)
{
	if (w->counts->files >= w->s->entries)
		return "entries";
	if (w->counts->files % 256)
		return NULL;
	if (now_ns() >= w->until)
		return "time";
	return snapshot_stops(w->s, 0) ? "stopped" : NULL;
}

static int open_directory(int at, const char *name)
{
	int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(at, name, flags | O_NOATIME);

	return fd < 0 && errno == EPERM ? openat(at, name, flags) : fd;
}

static int walk_directory(struct walk *w, int fd, unsigned depth);

/* What is called NAME in the directory FD, and what is in it. */
static int walk_entry(struct walk *w, int fd, const char *name, unsigned depth)
{
	struct statx st;
	int sub, rc;

	w->counts->limit = limit_of(w);
	if (w->counts->limit)
		return 0;
	if (statx(fd, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC,
		    STATX_BASIC_STATS | STATX_BTIME, &st))
		return 0; /* it is gone meanwhile */
	w->counts->files++;
	put_line(w, &st);
	rc = w->line.len >= 65536 || !buf_ok(&w->line) ? flush(w) : 0;
	if (rc || !S_ISDIR(st.stx_mode) || depth >= w->s->list->depth || st.stx_dev_major != w->major ||
		st.stx_dev_minor != w->minor)
		return rc;
	sub = open_directory(fd, name);
	if (sub < 0) {
		w->counts->unreadable++;
		return 0;
	}
	return walk_directory(w, sub, depth + 1);
}

/* FD is closed. */
static int walk_directory(struct walk *w, int fd, unsigned depth)
{
	size_t len = w->path.len;
	DIR *dir = fdopendir(fd);
	struct dirent *e;
	int rc = 0;

	if (!dir) {
		close(fd);
		w->counts->unreadable++;
		return 0;
	}
	while (!rc && !w->counts->limit && (e = readdir(dir))) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (len == 0 || w->path.p[len - 1] != '/')
			buf_char(&w->path, '/');
		buf_puts(&w->path, e->d_name);
		rc = walk_entry(w, fd, e->d_name, depth);
		w->path.len = len;
	}
	closedir(dir);
	return rc;
}

static int walk(struct walk *w)
{
	const char *root = w->s->list->root;
	struct statx st;
	int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(w->err, errno, "cannot look into %s", root);
	if (statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &st)) {
		close(fd);
		return err_sys(w->err, errno, "%s", root);
	}
	w->major = st.stx_dev_major;
	w->minor = st.stx_dev_minor;
	buf_puts(&w->path, root);
	buf_puts(&w->line, COLUMNS);
	return walk_directory(w, fd, 1);
}

int snapshot_fs(const struct snapshot *s, uint64_t time, struct snapshot_counts *counts, struct err *err)
{
	struct walk w = {.s = s, .counts = counts, .time = time,
		.until = now_ns() + SNAPSHOT_SECONDS * (uint64_t)NS_PER_SEC, .err = err};
	char *path = snapshot_path(s, "filesystem_snap", snapshot_table(s));
	int rc = path ? outfile_open(&w.file, path, OUTFILE_WHOLE, err) : err_sys(err, ENOMEM, "%s", s->directory);

	free(path);
	if (rc)
		return rc;
	rc = walk(&w);
	if (!rc && counts->limit)
		buf_addf(&w.line, "limit,%s\r\n", counts->limit);
	if (!rc)
		rc = flush(&w);
	if (rc)
		outfile_abort(w.file);
	else
		rc = outfile_commit(w.file, err);
	buf_free(&w.line);
	buf_free(&w.path);
	return rc;
}
