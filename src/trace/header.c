/* SPDX-License-Identifier: Apache-2.0 */
#include "trace/header.h"

#include <errno.h>

#include "trace/escape.h"

/* The text never grows beyond the line, so that what points into it stays valid. */
static int add_pair(struct header *h, struct str field)
{
	struct capture_pair *pair;
	struct str key;
	size_t at = h->text.len;

	str_take_char(&field, '=', &key);
	if (!field.s || key.len == 0)
		return -EPROTO;
	buf_str(&h->text, key);
	buf_char(&h->text, '\0');
	pair = vec_push(&h->pairs);
	if (!pair)
		return -ENOMEM;
	pair->key = h->text.p + at;
	at = h->text.len;
	if (escape_decode(&h->text, field))
		return -EPROTO;
	pair->value = (struct str){h->text.p + at, h->text.len - at};
	return 0;
}

int header_parse(struct header *h, struct str line)
{
	struct str field;
	int rc = 0;

	if (!str_starts(line, STR("#|")) || line.s[line.len - 1] != '|')
		return -EPROTO;
	if (!buf_reserve(&h->text, line.len + 1))
		return -ENOMEM;
	line.s += 2;
	line.len -= 2;
	while (rc == 0 && line.len) {
		str_take_char(&line, '|', &field);
		rc = add_pair(h, field);
	}
	return rc;
}

struct str header_get(const struct header *h, const char *key)
{
	size_t i;

	for (i = 0; i < h->pairs.n; i++)
		if (strcmp(h->pairs.v[i].key, key) == 0)
			return h->pairs.v[i].value;
	return STR_NONE;
}

void header_free(struct header *h)
{
	buf_free(&h->text);
	vec_free(&h->pairs);
}

static int check_version(const struct header *h, const char *path, const struct header_kind *kind,
	int *version, struct err *err)
{
	struct str text = header_get(h, kind->version_key);
	int shown = (int)(text.len > 20 ? 20 : text.len);
	uint64_t v;

	if (!text.s && header_get(h, kind->other_key).s)
		return err_set(err, EPROTO, "%s is a %s, not a %s", path, kind->other, kind->name);
	if (!text.s)
		return err_set(err, EPROTO, "%s is not a %s", path, kind->name);
	if (str_u64(text, &v) || v < (uint64_t)kind->oldest || v > (uint64_t)kind->newest) {
		if (kind->oldest == kind->newest)
			return err_set(err, EPROTO,
				"%s is a %s of version %.*s; only version %d can be read", path,
				kind->name, shown, text.s, kind->newest);
		return err_set(err, EPROTO,
			"%s is a %s of version %.*s; versions %d to %d can be read", path,
			kind->name, shown, text.s, kind->oldest, kind->newest);
	}
	*version = (int)v;
	return 0;
}

int header_read(struct header *h, struct lines *lines, const struct header_kind *kind, int *version,
	struct err *err)
{
	const char *path = lines_path(lines);
	struct str line;
	int rc = lines_next(lines, &line, err);

	if (rc == -EINVAL) /* a first line of megabytes */
		return err_set(err, EPROTO, "%s is not a %s", path, kind->name);
	if (rc < 0)
		return rc;
	if (rc == 0 && lines_cut(lines))
		return err_set(err, EPROTO, "%s is not a %s, or is cut short in its first line", path,
			kind->name);
	if (rc == 0)
		return err_set(err, EPROTO, "%s is empty", path);
	rc = header_parse(h, line);
	if (rc == -ENOMEM)
		return err_sys(err, ENOMEM, "cannot read %s", path);
	if (rc)
		return err_set(err, EPROTO, "%s is not a %s", path, kind->name);
	return check_version(h, path, kind, version, err);
}

void header_print(struct buf *out, const char *version_key, int version,
	const struct capture_pair *pairs, size_t n)
{
	size_t i;

	buf_addf(out, "#|%s=%d|", version_key, version);
	for (i = 0; i < n; i++) {
		buf_puts(out, pairs[i].key);
		buf_char(out, '=');
		escape_add(out, pairs[i].value);
		buf_char(out, '|');
	}
	buf_char(out, '\n');
}
