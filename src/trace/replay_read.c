/* SPDX-License-Identifier: Apache-2.0 */
#include "trace/replay.h"

#include <errno.h>
#include <stdlib.h>

#include "trace/header.h"
#include "trace/lines.h"
#include "trace/replay_lines.h"

enum section { IN_OPS, IN_INIT, AT_END };

struct replay_reader {
	struct lines *lines;
	struct header header;
	enum section section;
	bool marked; /* the line given last is the mark behind what replay_take() gave */
	struct replay_scratch scratch;
};

static const struct header_kind replay_kind = {
	"replay", "replay_version", "capture", "capture_version", REPLAY_VERSION, REPLAY_VERSION};

int replay_open(struct replay_reader **out, const char *path, struct err *err)
{
	struct replay_reader *r = calloc(1, sizeof(*r));
	int version, rc;

	*out = NULL;
	if (!r)
		return err_sys(err, ENOMEM, "cannot read %s", path);
	rc = lines_open(&r->lines, path, err);
	if (rc == 0)
		rc = header_read(&r->header, r->lines, &replay_kind, &version, err);
	if (rc) {
		replay_close(r);
		return rc;
	}
	*out = r;
	return 0;
}

void replay_scratch_free(struct replay_scratch *s)
{
	buf_free(&s->path);
	buf_free(&s->path2);
	vec_free(&s->vec);
	vec_free(&s->deps);
	vec_free(&s->list);
}

void replay_close(struct replay_reader *r)
{
	if (!r)
		return;
	lines_close(r->lines);
	header_free(&r->header);
	replay_scratch_free(&r->scratch);
	free(r);
}

struct str replay_header(const struct replay_reader *r, const char *key)
{
	return header_get(&r->header, key);
}

static int cut_short(const struct replay_reader *r, const char *mark, struct err *err)
{
	return err_set(err, EPROTO, "%s is cut short: it ends without its line %s", lines_path(r->lines), mark);
}

/* A line of the section: 1; 0 at MARK, which ends it. There is no other end. */
static inline int next_text(struct replay_reader *r, struct str *text, struct str mark, struct err *err)
{
	int rc = lines_next(r->lines, text, err);

	if (rc < 0)
		return rc;
	if (rc == 0)
		return cut_short(r, mark.s, err);
	if (!str_eq(*text, mark))
		return 1;
	r->section++;
	return 0;
}

static int give(struct replay_reader *r, int rc, const struct flaw *flaw, struct err *err)
{
	if (rc == 0)
		return 1;
	if (rc == -ENOMEM)
		return err_sys(err, ENOMEM, "cannot read %s", lines_path(r->lines));
	return flaw_report(flaw, lines_path(r->lines), lines_number(r->lines), err);
}

int replay_next(struct replay_reader *r, struct rline *line, struct err *err)
{
	struct flaw flaw;
	struct str text;
	int rc;

	if (r->section != IN_OPS)
		return 0;
	rc = next_text(r, &text, STR(REPLAY_INIT_MARK), err);
	if (rc <= 0)
		return rc;
	rc = replay_op_line(&r->scratch, text, line, &flaw);
	return rc ? give(r, rc, &flaw, err) : 1;
}

/* Where the line of the mark is in TEXT, which is whole lines, or NULL. */
static const char *find_mark(struct str text)
{
	static const char mark[] = REPLAY_INIT_MARK "\n";
	const char *p = text.s, *end = p + text.len;

	for (; (p = memchr(p, mark[0], (size_t)(end - p))); p++)
		if ((p == text.s || p[-1] == '\n') && (size_t)(end - p) >= sizeof(mark) - 1 &&
			memcmp(p, mark, sizeof(mark) - 1) == 0)
			break;
	return p;
}

int replay_take(struct replay_reader *r, struct buf *text, size_t *n, struct err *err)
{
	const char *mark, *end;
	size_t more;
	int rc;

	if (r->section != IN_OPS)
		return 0;
	text->len = *n = 0;
	rc = lines_block(r->lines, text, n, err);
	if (rc < 0)
		return rc;
	if (rc == 0)
		return cut_short(r, REPLAY_INIT_MARK, err);
	mark = find_mark(buf_as_str(text));
	if (!mark)
		return 1;
	r->section++;
	end = mark + sizeof(REPLAY_INIT_MARK);
	more = lines_count((struct str){end, (size_t)(text->p + text->len - end)});
	lines_unread(r->lines, (size_t)(text->p + text->len - end), more);
	*n -= more + 1;
	r->marked = true;
	text->len = (size_t)(mark - text->p);
	return *n > 0;
}

/* The line of the mark itself is behind the last operation. */
uint64_t replay_line_number(const struct replay_reader *r)
{
	return lines_number(r->lines) - r->marked;
}

const char *replay_path(const struct replay_reader *r)
{
	return lines_path(r->lines);
}

static int expect_end(struct replay_reader *r, struct err *err)
{
	struct flaw flaw;
	struct str text;
	int rc = lines_next(r->lines, &text, err);

	if (rc < 0)
		return rc;
	if (rc == 0 && !lines_cut(r->lines))
		return 0;
	flaw_at(&flaw, "there is text behind the line " REPLAY_END_MARK, STR_NONE);
	return flaw_report(&flaw, lines_path(r->lines), lines_number(r->lines), err);
}

int replay_next_init(struct replay_reader *r, struct init_line *line, struct err *err)
{
	struct flaw flaw;
	struct str text;
	int rc = 1;

	while (r->section == IN_OPS) {
		rc = next_text(r, &text, STR(REPLAY_INIT_MARK), err);
		if (rc < 0)
			return rc;
	}
	if (r->section == AT_END)
		return 0;
	rc = next_text(r, &text, STR(REPLAY_END_MARK), err);
	if (rc < 0)
		return rc;
	if (rc == 0)
		return expect_end(r, err);
	rc = replay_init_line(&r->scratch, text, line, &flaw);
	line->line = lines_number(r->lines);
	return give(r, rc, &flaw, err);
}

double replay_progress(const struct replay_reader *r)
{
	return lines_progress(r->lines);
}
