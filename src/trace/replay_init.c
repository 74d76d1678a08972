/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include <linux/limits.h>

#include "ops/xattr.h"
#include "trace/replay_lines.h"

static int take_kind(struct str s, enum init_kind *kind)
{
	static const struct {
		const char *name;
		enum init_kind kind;
	} kinds[] = {{"dir", INIT_DIR}, {"file", INIT_FILE}, {"link", INIT_SYMLINK},
		{"hardlink", INIT_HARDLINK}, {"fifo", INIT_FIFO}, {"socket", INIT_SOCKET},
		{"xattr", INIT_XATTR}, {"xattrs", INIT_XATTRS}};
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (str_eqs(s, kinds[i].name)) {
			*kind = kinds[i].kind;
			return 0;
		}
	return -EINVAL;
}

static int take_mode(struct str *rest, struct init_line *line, struct flaw *flaw)
{
	struct str field;
	uint64_t mode;

	if (replay_field(rest, &field, flaw))
		return -EINVAL;
	if (str_octal(field, &mode) || mode > 07777)
		return flaw_at(flaw, "not permission bits in octal", field);
	line->mode = (uint32_t)mode;
	return 0;
}

static int take_owner(struct str *rest, struct init_line *line, struct flaw *flaw)
{
	struct str uid, gid;

	if (replay_field(rest, &uid, flaw) || replay_field(rest, &gid, flaw))
		return -EINVAL;
	if (value_u32(uid, &line->uid))
		return flaw_at(flaw, "not a user's number", uid);
	if (value_u32(gid, &line->gid))
		return flaw_at(flaw, "not a group's number", gid);
	return 0;
}

/* Ascending, apart, not empty and inside the file: init may rely on it. */
static bool ranges_fit(const u64_vec *v, uint64_t size)
{
	uint64_t end = 0;
	size_t i;

	for (i = 0; i + 1 < v->n; i += 2) {
		if (v->v[i] < end || v->v[i + 1] == 0)
			return false;
		end = v->v[i] + v->v[i + 1]; /* value_extents() saw to the overflow */
		if (end > size)
			return false;
	}
	return true;
}

static int take_content(struct replay_scratch *scratch, struct str *rest, struct init_line *line,
	struct flaw *flaw)
{
	struct str size, ranges;

	if (replay_field(rest, &size, flaw) || replay_field(rest, &ranges, flaw))
		return -EINVAL;
	if (value_u64(size, &line->size) || line->size > INT64_MAX)
		return flaw_at(flaw, "not a file's size", size);
	scratch->vec.n = 0;
	switch (value_extents(&scratch->vec, ranges)) {
	case 0:
		break;
	case -ENOMEM:
		return -ENOMEM;
	default:
		return flaw_at(flaw, "not a list of ranges", ranges);
	}
	if (!ranges_fit(&scratch->vec, line->size))
		return flaw_at(flaw, "ranges that overlap or do not fit the size", ranges);
	line->data = scratch->vec.v;
	line->ndata = (uint32_t)scratch->vec.n;
	return 0;
}

static int take_name(struct buf *text, struct str *rest, struct str *out, struct flaw *flaw)
{
	struct str field;
	int rc = replay_field(rest, &field, flaw);

	if (rc)
		return rc;
	rc = value_bytes(text, field, out);
	if (rc == -ENOMEM)
		return rc;
	return rc || out->len == 0 ? flaw_at(flaw, "not a path", field) : 0;
}

/*
 * Only what needs no privilege and means nothing to the kernel, and access control lists: a file must
 * not be able to give capabilities, labels or what layers of overlayfs go by.
 */
static bool may_be_set(struct str name, uint64_t size)
{
	if (xattr_is_acl(name))
		return str_eqs(name, XATTR_ACL) ? acl_is_full(size) : acl_is_length(size);
	return str_starts(name, STR("user.")) && name.len > strlen("user.") &&
	       name.len <= XATTR_NAME_MAX && size <= XATTR_SIZE_MAX;
}

static int take_attribute(struct replay_scratch *scratch, struct str *rest, struct init_line *line,
	struct flaw *flaw)
{
	bool list = line->kind == INIT_XATTRS;
	struct str size;
	int rc = take_name(&scratch->path, rest, &line->path, flaw);

	if (rc == 0 && !list)
		rc = take_name(&scratch->path2, rest, &line->target, flaw);
	if (rc == 0)
		rc = replay_field(rest, &size, flaw);
	if (rc)
		return rc;
	if (value_u64(size, &line->size) ||
		(list && (line->size < XATTR_LIST_LEAST || line->size > XATTR_LIST_MAX)))
		return flaw_at(flaw, "not a number of bytes that attributes can have", size);
	if (!list && !may_be_set(line->target, line->size))
		return flaw_at(flaw, "not an attribute that INIT may set", line->target);
	return !list && str_eqs(line->target, XATTR_ACL_DEFAULT) ? take_mode(rest, line, flaw) : 0;
}

static int take_fields(struct replay_scratch *scratch, struct str *rest, struct init_line *line,
	struct flaw *flaw)
{
	bool is_link = line->kind == INIT_SYMLINK, is_hardlink = line->kind == INIT_HARDLINK;
	int rc = 0;

	if (line->kind == INIT_XATTR || line->kind == INIT_XATTRS)
		return take_attribute(scratch, rest, line, flaw);
	if (!is_link && !is_hardlink)
		rc = take_mode(rest, line, flaw);
	if (rc == 0 && !is_hardlink)
		rc = take_owner(rest, line, flaw);
	if (rc == 0 && line->kind == INIT_FILE)
		rc = take_content(scratch, rest, line, flaw);
	if (rc == 0)
		rc = take_name(&scratch->path, rest, &line->path, flaw);
	if (rc == 0 && (is_link || is_hardlink))
		rc = take_name(&scratch->path2, rest, &line->target, flaw);
	return rc;
}

int replay_init_line(struct replay_scratch *scratch, struct str text, struct init_line *line,
	struct flaw *flaw)
{
	struct str field;
	int rc;

	memset(line, 0, sizeof(*line));
	if (replay_field(&text, &field, flaw))
		return -EINVAL;
	if (take_kind(field, &line->kind))
		return flaw_at(flaw, "not a kind of file", field);
	rc = take_fields(scratch, &text, line, flaw);
	if (rc)
		return rc;
	return text.len ? flaw_at(flaw, "more fields than this kind of file has", text) : 0;
}
