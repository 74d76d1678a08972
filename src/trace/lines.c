/* SPDX-License-Identifier: Apache-2.0 */
#include "trace/lines.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#define CHUNK (256u << 10)

struct lines {
	char *path;
	int fd;
	bool own_fd;
	bool eof;	/* of the file */
	bool cut;
	bool skipping;	/* inside a line that is too long */
	int failed;	/* -errno that every further call returns: the data behind it is lost */
	uint64_t number;
	uint64_t size;	/* of the file, 0 when it is no regular file */
	uint64_t taken; /* bytes read from it */

	char *data; /* lines: [start, end) is not given out yet, [start, scanned) holds no LF */
	size_t cap, start, scanned, end;

	ZSTD_DStream *zstd; /* NULL: plain text */
	char *packed;
	ZSTD_inBuffer in;
	size_t want; /* of zstd; 0 between two frames */
};

static ssize_t read_file(struct lines *l, void *p, size_t len, struct err *err)
{
	ssize_t n;

	do
		n = read(l->fd, p, len);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return l->failed = err_sys(err, errno, "cannot read %s", l->path);
	l->taken += (size_t)n;
	if (n == 0)
		l->eof = true;
	return n;
}

/* Room for another chunk behind what is not given out yet. */
static int make_room(struct lines *l)
{
	size_t cap = l->cap;
	char *p;

	if (l->start) {
		memmove(l->data, l->data + l->start, l->end - l->start);
		l->scanned -= l->start;
		l->end -= l->start;
		l->start = 0;
	}
	if (l->cap - l->end >= CHUNK / 2)
		return 0;
	cap = cap ? cap * 2 : CHUNK;
	p = realloc(l->data, cap + LINES_SLACK);
	if (!p)
		return -ENOMEM;
	memset(p + cap, 0, LINES_SLACK);
	l->data = p;
	l->cap = cap;
	return 0;
}

static int unpack(struct lines *l, struct err *err)
{
	ZSTD_outBuffer out = {l->data + l->end, l->cap - l->end, 0};

	while (out.pos == 0) {
		if (l->in.pos == l->in.size) {
			ssize_t n = read_file(l, l->packed, CHUNK, err);

			if (n <= 0) {
				l->cut = n == 0 && l->want != 0;
				return (int)n;
			}
			l->in = (ZSTD_inBuffer){l->packed, (size_t)n, 0};
		}
		l->want = ZSTD_decompressStream(l->zstd, &out, &l->in);
		if (ZSTD_isError(l->want))
			return l->failed = err_set(err, EBADMSG,
				       "%s is damaged: %s, before byte %llu", l->path,
				       ZSTD_getErrorName(l->want), (unsigned long long)l->taken);
	}
	l->end += out.pos;
	return 0;
}

static int fill(struct lines *l, struct err *err)
{
	ssize_t n;

	if (make_room(l))
		return err_sys(err, ENOMEM, "cannot read %s", l->path);
	if (l->zstd)
		return unpack(l, err);
	n = read_file(l, l->data + l->end, l->cap - l->end, err);
	if (n < 0)
		return (int)n;
	l->end += (size_t)n;
	return 0;
}

/* A zstd frame, or a skippable frame, which some packers put in front (RFC 8878, section 3.1). */
static bool is_zstd(const char *data, size_t len)
{
	const unsigned char *p = (const unsigned char *)data;
	uint32_t magic;

	if (len < 4)
		return false;
	magic = p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
	return magic == ZSTD_MAGICNUMBER ||
	       (magic & ZSTD_MAGIC_SKIPPABLE_MASK) == ZSTD_MAGIC_SKIPPABLE_START;
}

static int begin(struct lines *l, struct err *err)
{
	while (!l->eof && l->end < 4) {
		int rc = fill(l, err);

		if (rc)
			return rc;
	}
	if (!is_zstd(l->data, l->end))
		return 0;
	l->zstd = ZSTD_createDStream();
	l->packed = l->data;
	l->in = (ZSTD_inBuffer){l->packed, l->end, 0};
	l->data = NULL;
	l->cap = l->end = 0;
	return l->zstd ? 0 : err_sys(err, ENOMEM, "cannot read %s", l->path);
}

int lines_open(struct lines **out, const char *path, struct err *err)
{
	struct lines *l = calloc(1, sizeof(*l));
	struct stat st;
	int rc;

	*out = NULL;
	if (!l || !(l->path = strdup(path))) {
		free(l);
		return err_sys(err, ENOMEM, "cannot open %s", path);
	}
	l->own_fd = strcmp(path, "-") != 0;
	l->fd = l->own_fd ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY) : STDIN_FILENO;
	if (l->fd < 0) {
		rc = err_sys(err, errno, "cannot open %s", path);
		goto fail;
	}
	if (fstat(l->fd, &st) == 0 && S_ISREG(st.st_mode))
		l->size = (uint64_t)st.st_size;
	posix_fadvise(l->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	rc = begin(l, err);
	if (rc)
		goto fail;
	*out = l;
	return 0;
fail:
	lines_close(l);
	return rc;
}

void lines_close(struct lines *l)
{
	if (!l)
		return;
	if (l->own_fd && l->fd >= 0)
		close(l->fd);
	ZSTD_freeDStream(l->zstd);
	free(l->packed);
	free(l->data);
	free(l->path);
	free(l);
}

/* The line that ends at LF: 1, or -EINVAL for the rest of one that is too long. */
static int give(struct lines *l, const char *lf, struct str *line, struct err *err)
{
	size_t at = (size_t)(lf - l->data);

	*line = (struct str){l->data + l->start, at - l->start};
	l->start = l->scanned = at + 1;
	l->number++;
	if (!l->skipping && line->len <= LINES_MAX)
		return 1;
	l->skipping = false;
	return err_set(err, EINVAL, "%s:%llu: the line is longer than %u bytes", l->path,
		(unsigned long long)l->number, LINES_MAX);
}

static int next_slowly(struct lines *l, struct str *line, struct err *err)
{
	int rc;

	for (;;) {
		const char *lf = NULL;

		if (l->end > l->scanned)
			lf = memchr(l->data + l->scanned, '\n', l->end - l->scanned);
		if (lf)
			return give(l, lf, line, err);
		l->scanned = l->end;
		if (l->end - l->start > LINES_MAX || l->skipping) {
			l->skipping = true;
			l->start = l->scanned = l->end = 0;
		}
		if (l->failed)
			return err_set(err, -l->failed, "%s cannot be read any further", l->path);
		if (l->eof) {
			l->cut |= l->end > l->start || l->skipping;
			return 0;
		}
		rc = fill(l, err);
		if (rc < 0)
			return rc;
	}
}

int lines_next(struct lines *l, struct str *line, struct err *err)
{
	const char *from, *lf;

	if (l->start != l->scanned || l->start == l->end || l->skipping)
		return next_slowly(l, line, err);
	from = l->data + l->start;
	lf = memchr(from, '\n', l->end - l->start);
	if (!lf || lf - from > LINES_MAX)
		return next_slowly(l, line, err);
	*line = (struct str){from, (size_t)(lf - from)};
	l->start = l->scanned = (size_t)(lf + 1 - l->data);
	l->number++;
	return 1;
}

#define BLOCK (16u << 10)

#define LANES 16
typedef uint8_t lanes __attribute__((vector_size(LANES), aligned(1)));

size_t lines_count(struct str s)
{
	const char *p = s.s, *end = p + s.len;
	size_t n = 0;

	while (end - p >= LANES) {
		size_t left = (size_t)(end - p) / LANES, rounds = left < UINT8_MAX ? left : UINT8_MAX, i;
		lanes sum = {0};

#pragma GCC unroll 8
		for (i = 0; i < rounds; i++, p += LANES)
			sum -= (lanes)(*(const lanes *)(const void *)p == '\n');
		for (i = 0; i < LANES; i++)
			n += sum[i];
	}
	for (; p < end; p++)
		n += *p == '\n';
	return n;
}

/* Whole lines that are at hand. */
static void add_at_hand(struct lines *l, struct buf *to, size_t *n)
{
	const char *from = l->data + l->start, *lf = NULL;
	size_t len = l->end - l->start;

	if (len && l->start == l->scanned && to->len < BLOCK)
		lf = memrchr(from, '\n', len < BLOCK - to->len ? len : BLOCK - to->len);
	if (!lf)
		return;
	len = (size_t)(lf + 1 - from);
	buf_add(to, from, len);
	*n += lines_count((struct str){from, len});
	l->start = l->scanned = l->start + len;
}

int lines_block(struct lines *l, struct buf *to, size_t *n, struct err *err)
{
	size_t before = *n, len = to->len;
	struct str line;
	int rc = 1;

	if (!l->skipping)
		add_at_hand(l, to, n);
	l->number += *n - before;
	if (*n == before) {
		rc = lines_next(l, &line, err);
		if (rc <= 0)
			return rc;
		buf_str(to, line);
		buf_char(to, '\n');
		(*n)++;
	}
	if (!buf_reserve(to, LINES_SLACK)) {
		l->number -= *n - before;
		*n = before;
		to->len = len;
		return err_sys(err, ENOMEM, "cannot read %s", l->path);
	}
	memset(to->p + to->len, 0, LINES_SLACK);
	return 1;
}

void lines_unread(struct lines *l, size_t len, size_t n)
{
	l->start = l->scanned = l->start - len;
	l->number -= n;
}

uint64_t lines_number(const struct lines *l)
{
	return l->number;
}

bool lines_cut(const struct lines *l)
{
	return l->cut;
}

const char *lines_path(const struct lines *l)
{
	return l->path;
}

double lines_progress(const struct lines *l)
{
	if (l->size == 0)
		return 0;
	return l->taken >= l->size ? 1 : (double)l->taken / (double)l->size;
}
