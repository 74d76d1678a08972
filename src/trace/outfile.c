/* SPDX-License-Identifier: Apache-2.0 */
#include "trace/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#define BUFFER	   (256u << 10)
#define NAME_TRIES 100

/*
 * Where the bytes go until the file has its name. A file without a name (O_TMPFILE) vanishes with
 * the process, however that ends; a file system without O_TMPFILE gets a named one beside the
 * target, which a signal may leave behind.
 */
enum place { PLACE_DIRECT, PLACE_NAMELESS, PLACE_BESIDE, PLACE_PUBLISHED };

struct outfile {
	char *path;
	char *beside; /* PLACE_BESIDE: name of the temporary file */
	int fd;
	enum place place;
	bool synced; /* others may count on what is there */
	uint64_t bytes, written; /* before and after compression */

	char *buffer; /* not written yet, compressed if one of these is not NULL */
	size_t len;
	ZSTD_CStream *zstd;
	z_stream *gzip;
};

static int cannot_write(const struct outfile *f, int code, struct err *err)
{
	return err_sys(err, code, "cannot write %s", f->path);
}

static int write_all(struct outfile *f, const char *p, size_t len, struct err *err)
{
	while (len) {
		ssize_t n = write(f->fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return cannot_write(f, errno, err);
		p += n;
		len -= (size_t)n;
		f->written += (uint64_t)n;
	}
	return 0;
}

static int flush_buffer(struct outfile *f, struct err *err)
{
	size_t len = f->len;

	f->len = 0;
	return write_all(f, f->buffer, len, err);
}

/* ---- names ---- */

/*
 * ".NAME.XXXXXX" in the directory of PATH, cut where the file system's limit demands it.
 * NULL when memory is out.
 */
static char *name_beside(const char *path)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	int dir = (int)(base - path), keep = (int)strlen(base);
	unsigned char dice[6];
	char tail[sizeof(dice) + 1] = "", *name;
	size_t i;

	if (getrandom(dice, sizeof(dice), 0) != sizeof(dice))
		return NULL;
	for (i = 0; i < sizeof(dice); i++)
		tail[i] = letters[dice[i] % (sizeof(letters) - 1)];
	if (keep > NAME_MAX - 8)
		keep = NAME_MAX - 8;
	if (asprintf(&name, "%.*s.%.*s.%s", dir, path, keep, base, tail) < 0)
		return NULL;
	return name;
}

static char *directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return strdup(".");
	return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

static int open_beside(struct outfile *f)
{
	int i;

	for (i = 0; i < NAME_TRIES; i++) {
		f->beside = name_beside(f->path);
		if (!f->beside)
			return -ENOMEM;
		f->fd = open(f->beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		if (f->fd >= 0) {
			f->place = PLACE_BESIDE;
			return 0;
		}
		free(f->beside);
		f->beside = NULL;
		if (errno != EEXIST)
			return -errno;
	}
	return -EEXIST;
}

/* The name by which linkat(2) reaches a file without one: open(2), O_TMPFILE. */
struct self_name {
	char text[32];
};

static struct self_name self_name(int fd)
{
	struct self_name n;

	snprintf(n.text, sizeof(n.text), "/proc/self/fd/%d", fd);
	return n;
}

static int open_nameless(struct outfile *f)
{
	char *dir = directory_of(f->path);

	if (!dir)
		return -ENOMEM;
	f->fd = open(dir, O_WRONLY | O_TMPFILE | O_CLOEXEC, 0666);
	free(dir);
	if (f->fd < 0)
		return -errno;
	if (access(self_name(f->fd).text, F_OK)) { /* no /proc here: it could not get a name */
		close(f->fd);
		f->fd = -1;
		return -EOPNOTSUPP;
	}
	f->place = PLACE_NAMELESS;
	return 0;
}

static int link_nameless(struct outfile *f, const char *name)
{
	if (linkat(AT_FDCWD, self_name(f->fd).text, AT_FDCWD, name, AT_SYMLINK_FOLLOW))
		return -errno;
	return 0;
}

/* linkat(2) replaces nothing, rename(2) does: over an existing name it takes both. */
static int name_the_nameless(struct outfile *f)
{
	int i, rc = link_nameless(f, f->path);

	for (i = 0; i < NAME_TRIES && rc == -EEXIST; i++) {
		char *name = name_beside(f->path);

		if (!name)
			return -ENOMEM;
		if (link_nameless(f, name) == 0) {
			f->beside = name;
			f->place = PLACE_BESIDE;
			return rename(name, f->path) ? -errno : 0;
		}
		if (errno != EEXIST)
			rc = -errno;
		free(name);
	}
	return rc;
}

/* Gives the file its name, replacing what has it. */
static int publish(struct outfile *f, struct err *err)
{
	int rc = 0;

	if (f->place == PLACE_NAMELESS)
		rc = name_the_nameless(f);
	else if (f->place == PLACE_BESIDE && rename(f->beside, f->path))
		rc = -errno;
	if (rc)
		return cannot_write(f, -rc, err);
	if (f->place != PLACE_DIRECT)
		f->place = PLACE_PUBLISHED;
	return 0;
}

/* ---- opening ---- */

/*
 * These are ways to something that is open already, such as a redirected standard output: to replace
 * the name would miss it. (/dev/shm is a file system like any other.)
 */
static bool is_passage(const char *path)
{
	static const char *const prefixes[] = {"/dev/std", "/dev/fd/", "/proc/"};
	size_t i;

	for (i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++)
		if (strncmp(path, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	return false;
}

static int open_direct(struct outfile *f)
{
	f->place = PLACE_DIRECT;
	if (strcmp(f->path, "/dev/stdout") == 0) /* keeps its offset and O_APPEND */
		f->fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	else
		f->fd = open(f->path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	return f->fd < 0 ? -errno : 0;
}

static int open_place(struct outfile *f, struct err *err)
{
	struct stat st;
	bool there = stat(f->path, &st) == 0;
	int rc;

	if (f->path[0] == '\0')
		return cannot_write(f, ENOENT, err);
	if ((there && S_ISDIR(st.st_mode)) || f->path[strlen(f->path) - 1] == '/')
		return cannot_write(f, EISDIR, err);
	if (there && S_ISBLK(st.st_mode))
		return err_set(err, EINVAL, "cannot write %s: it is a block device", f->path);
	if (there && (!S_ISREG(st.st_mode) || is_passage(f->path))) {
		rc = open_direct(f);
	} else if (there && access(f->path, W_OK)) {
		rc = -errno;
	} else {
		rc = open_nameless(f);
		if (rc == -EOPNOTSUPP || rc == -EISDIR || rc == -EINVAL)
			rc = open_beside(f);
	}
	return rc ? cannot_write(f, -rc, err) : 0;
}

const char *outfile_suffix(const char *path)
{
	const char *end = path + strlen(path);

	return end - path > 4 && strcmp(end - 4, ".zst") == 0 ? end - 4 : end;
}

/*
 * A live file grows with what is seen to happen, and is kept: 1.4 us a record in place of 0.3 with level 3
 * make it a quarter smaller. Its lines repeat each other's long parts, so short matches cost more than they
 * save. What is made at once is waited for.
 */
static const struct setting {
	ZSTD_cParameter what;
	int value;
} live_settings[] = {{ZSTD_c_compressionLevel, 9}, {ZSTD_c_windowLog, 22}, {ZSTD_c_hashLog, 20},
	{ZSTD_c_searchLog, 5}, {ZSTD_c_minMatch, 6}, {ZSTD_c_strategy, ZSTD_lazy2},
	{ZSTD_c_checksumFlag, 1}},
  whole_settings[] = {{ZSTD_c_compressionLevel, 3}, {ZSTD_c_checksumFlag, 1}};

static bool set_all(ZSTD_CStream *zstd, const struct setting *settings, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (ZSTD_isError(ZSTD_CCtx_setParameter(zstd, settings[i].what, settings[i].value)))
			return false;
	return true;
}

#define SET_ALL(zstd, settings) set_all(zstd, settings, sizeof(settings) / sizeof(*(settings)))

static bool is_gzip(const char *path)
{
	size_t len = strlen(path);

	return len > 7 && strcmp(path + len - 7, ".csv.gz") == 0;
}

#define GZIP_WINDOW (MAX_WBITS + 16) /* with the header of gzip */

static int open_gzip(struct outfile *f)
{
	f->gzip = calloc(1, sizeof(*f->gzip));
	if (f->gzip && deflateInit2(f->gzip, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, 8,
			       Z_DEFAULT_STRATEGY) == Z_OK)
		return 0;
	free(f->gzip);
	f->gzip = NULL;
	return -ENOMEM;
}

static int open_compressor(struct outfile *f, enum outfile_mode mode)
{
	if (is_gzip(f->path))
		return open_gzip(f);
	if (!*outfile_suffix(f->path))
		return 0;
	f->zstd = ZSTD_createCStream();
	if (!f->zstd || !(mode == OUTFILE_LIVE ? SET_ALL(f->zstd, live_settings)
					       : SET_ALL(f->zstd, whole_settings)))
		return -ENOMEM;
	return 0;
}

static void release(struct outfile *f)
{
	if (f->fd >= 0)
		close(f->fd);
	ZSTD_freeCStream(f->zstd);
	if (f->gzip)
		deflateEnd(f->gzip);
	free(f->gzip);
	free(f->buffer);
	free(f->beside);
	free(f->path);
	free(f);
}

int outfile_open(struct outfile **out, const char *path, enum outfile_mode mode, struct err *err)
{
	struct outfile *f = calloc(1, sizeof(*f));
	int rc;

	*out = NULL;
	if (!f)
		return err_sys(err, ENOMEM, "cannot write %s", path);
	f->fd = -1;
	f->path = strdup(path);
	f->buffer = malloc(BUFFER);
	if (!f->path || !f->buffer || open_compressor(f, mode)) {
		release(f);
		return err_sys(err, ENOMEM, "cannot write %s", path);
	}
	rc = open_place(f, err);
	if (rc == 0 && mode == OUTFILE_LIVE)
		rc = publish(f, err);
	if (rc) {
		outfile_abort(f);
		return rc;
	}
	*out = f;
	return 0;
}

/* ---- writing ---- */

static int compress_zstd(struct outfile *f, const void *p, size_t len, ZSTD_EndDirective how,
	struct err *err)
{
	ZSTD_inBuffer in = {p, len, 0};
	size_t left;
	int rc;

	do {
		ZSTD_outBuffer out = {f->buffer, BUFFER, f->len};

		left = ZSTD_compressStream2(f->zstd, &out, &in, how);
		if (ZSTD_isError(left))
			return err_set(err, EIO, "cannot compress %s: %s", f->path,
				ZSTD_getErrorName(left));
		f->len = out.pos;
		if (f->len == BUFFER) {
			rc = flush_buffer(f, err);
			if (rc)
				return rc;
		}
	} while (how == ZSTD_e_continue ? in.pos < in.size : left > 0);
	return 0;
}

/* HOW: of zstd. */
static int compress_gzip(struct outfile *f, const void *p, size_t len, ZSTD_EndDirective how, struct err *err)
{
	int flush = how == ZSTD_e_end ? Z_FINISH : how == ZSTD_e_flush ? Z_SYNC_FLUSH : Z_NO_FLUSH, rc;
	const unsigned char *from = p;
	size_t most = 1u << 30; /* zlib counts in 32 bits */

	do {
		size_t part = len < most ? len : most;

		f->gzip->next_in = (unsigned char *)from;
		f->gzip->avail_in = (uInt)part;
		f->gzip->next_out = (unsigned char *)f->buffer + f->len;
		f->gzip->avail_out = (uInt)(BUFFER - f->len);
		if (deflate(f->gzip, flush) == Z_STREAM_ERROR)
			return err_set(err, EIO, "cannot compress %s", f->path);
		from += part - f->gzip->avail_in;
		len -= part - f->gzip->avail_in;
		f->len = BUFFER - f->gzip->avail_out;
		if (f->len == BUFFER) {
			rc = flush_buffer(f, err);
			if (rc)
				return rc;
		}
	} while (len || f->gzip->avail_out == 0);
	return 0;
}

static int write_plain(struct outfile *f, const char *p, size_t len, struct err *err)
{
	if (len > BUFFER - f->len) {
		int rc = flush_buffer(f, err);

		if (rc)
			return rc;
	}
	if (len >= BUFFER)
		return write_all(f, p, len, err);
	memcpy(f->buffer + f->len, p, len);
	f->len += len;
	return 0;
}

int outfile_write(struct outfile *f, const void *p, size_t len, struct err *err)
{
	if (len == 0)
		return 0;
	f->bytes += len;
	if (f->zstd)
		return compress_zstd(f, p, len, ZSTD_e_continue, err);
	if (f->gzip)
		return compress_gzip(f, p, len, ZSTD_e_continue, err);
	return write_plain(f, p, len, err);
}

static int flush_all(struct outfile *f, ZSTD_EndDirective how, struct err *err)
{
	int rc = f->zstd   ? compress_zstd(f, NULL, 0, how, err)
		 : f->gzip ? compress_gzip(f, "", 0, how, err)
			   : 0;

	return rc ? rc : flush_buffer(f, err);
}

int outfile_sync(struct outfile *f, struct err *err)
{
	int rc = flush_all(f, ZSTD_e_flush, err);

	if (rc == 0)
		f->synced = true;
	return rc;
}

uint64_t outfile_bytes(const struct outfile *f)
{
	return f->bytes;
}

uint64_t outfile_size(const struct outfile *f)
{
	return f->written + f->len;
}

bool outfile_is_named(const struct outfile *f)
{
	return f->place != PLACE_DIRECT;
}

int outfile_commit(struct outfile *f, struct err *err)
{
	int rc = flush_all(f, ZSTD_e_end, err);

	if (rc == 0)
		rc = publish(f, err);
	if (rc) {
		outfile_abort(f);
		return rc;
	}
	rc = close(f->fd) ? cannot_write(f, errno, err) : 0; /* where NFS reports a full disk */
	f->fd = -1;
	release(f);
	return rc;
}

/* Is PATH still the file that was opened, and not another's that came after it? */
static bool still_ours(const struct outfile *f)
{
	struct stat name, open_file;

	return fstat(f->fd, &open_file) == 0 && lstat(f->path, &name) == 0 &&
	       open_file.st_dev == name.st_dev && open_file.st_ino == name.st_ino;
}

void outfile_abort(struct outfile *f)
{
	if (!f)
		return;
	if (f->place == PLACE_BESIDE && f->beside)
		unlink(f->beside);
	else if (f->place == PLACE_PUBLISHED && !f->synced && still_ours(f))
		unlink(f->path);
	release(f);
}

int outfile_put(const char *path, struct str text, struct err *err)
{
	struct outfile *f;
	int rc = outfile_open(&f, path, OUTFILE_WHOLE, err);

	if (rc)
		return rc;
	rc = outfile_write(f, text.s, text.len, err);
	if (rc) {
		outfile_abort(f);
		return rc;
	}
	return outfile_commit(f, err);
}
