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
