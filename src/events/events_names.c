/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "events/events_parts.h"
#include "trace/lines.h"

/* Names of inodes from a snapshot of a file system, as --snapshot=fs writes it. */

/* The columns that are looked at are the first ones. */
enum { PATH = 1, DEVICE = 5, INODE, NEEDED };
#define COLUMNS STR("snapshot_timestamp,path,type,size,blocks,dev,inode,")

/* A record may be several lines: names have any characters, and stand in quotes then. QUOTED: before LINE. */
static bool is_open(struct str line, bool quoted)
{
	size_t i;

	for (i = 0; i < line.len; i++)
		quoted ^= line.s[i] == '"';
	return quoted;
}

/* One more of its fields, without its quotes: what was in them is written to where it stands. */
static bool take_field(struct buf *record, size_t *at, struct str *out)
{
	char *p = record->p + *at, *to = p, *end = record->p + record->len;
	bool quoted = false;

	if (*at > record->len)
		return false;
	out->s = p;
	for (; p < end && (quoted || *p != ','); p++) {
		if (*p != '"') {
			*to++ = *p;
		} else if (quoted && p + 1 < end && p[1] == '"') {
			*to++ = '"';
			p++;
		} else {
			quoted = !quoted;
		}
	}
	out->len = (size_t)(to - out->s);
	*at = (size_t)(p - record->p) + 1;
	return true;
}

static bool device_parse(struct str text, struct facts *facts)
{
	uint64_t major, minor;
	struct str first;

	if (!str_take_char(&text, ':', &first) || str_u64(first, &major) || str_u64(text, &minor) ||
		major > UINT32_MAX || minor > UINT32_MAX)
		return false;
	facts->dev_major = (uint32_t)major;
	facts->dev_minor = (uint32_t)minor;
	return true;
}

/* 0, -EBADMSG or -ENOMEM. */
static int take_record(struct events *e, struct buf *record)
{
	struct facts facts = {.known = true};
	struct str field[NEEDED];
	size_t at = 0;
	int i;

	for (i = 0; i < NEEDED; i++)
		if (!take_field(record, &at, &field[i]))
			return -EBADMSG;
	if (!field[PATH].len || !device_parse(field[DEVICE], &facts) ||
		str_u64(field[INODE], &facts.ino))
		return -EBADMSG;
	return layers_name_inode(e, &facts, field[PATH]);
}

/* The next record, without its end. 1, 0 at the end, -errno; *LINE: its first one. */
static int next_record(struct lines *l, struct buf *record, uint64_t *line, struct err *err)
{
	bool quoted = false;
	struct str more;
	int rc = lines_next(l, &more, err);

	*line = lines_number(l);
	record->len = 0;
	while (rc == 1) {
		buf_str(record, more);
		if (!buf_ok(record))
			return err_sys(err, ENOMEM, "%s", lines_path(l));
		quoted = is_open(more, quoted);
		if (!quoted)
			break;
		if (record->len > LINES_MAX)
			return err_set(err, EBADMSG, "%s:%llu: a name without an end",
				lines_path(l), (unsigned long long)*line);
		buf_char(record, '\n');
		rc = lines_next(l, &more, err);
		if (!rc)
			return err_set(err, EBADMSG, "%s:%llu: a name without an end",
				lines_path(l), (unsigned long long)*line);
	}
	if (rc == 1 && record->len && record->p[record->len - 1] == '\r')
		record->len--;
	return rc;
}

static int take_all(struct events *e, struct lines *l, struct buf *record, struct err *err)
{
	uint64_t line;
	int rc = next_record(l, record, &line, err);

	if (rc < 0)
		return rc;
	if (!rc || !str_starts(buf_as_str(record), COLUMNS))
		return err_set(err, EBADMSG,
			"%s is no snapshot of a file system: its first line is not %.*s...",
			lines_path(l), (int)COLUMNS.len, COLUMNS.s);
	while ((rc = next_record(l, record, &line, err)) == 1) {
		if (str_starts(buf_as_str(record), STR("limit,"))) /* the walk ended there */
			continue;
		rc = take_record(e, record);
		if (rc == -ENOMEM)
			return err_sys(err, ENOMEM, "%s", lines_path(l));
		if (rc)
			return err_set(err, EBADMSG, "%s:%llu: no file with its device and inode",
				lines_path(l), (unsigned long long)line);
	}
	return rc;
}

int events_names_from(struct events *e, const char *path, struct err *err)
{
	struct buf record = BUF_INIT;
	struct lines *l;
	int rc = lines_open(&l, path, err);

	if (rc)
		return rc;
	rc = take_all(e, l, &record, err);
	lines_close(l);
	buf_free(&record);
	return rc == -EINVAL ? -EBADMSG : rc; /* of the file, not of the command line */
}
