/* SPDX-License-Identifier: Apache-2.0 */
#include "datas/json_parts.h"

#include <errno.h>

void json_put(json_t **object, const char *key, json_t *value)
{
	if (json_object_set_new(*object, key, value) == 0)
		return;
	json_decref(*object);
	*object = NULL;
}

void json_append(json_t **array, json_t *value)
{
	if (json_array_append_new(*array, value) == 0)
		return;
	json_decref(*array);
	*array = NULL;
}

json_t *json_number(uint64_t v)
{
	return json_integer((json_int_t)v);
}

json_t *json_seconds(uint64_t ns)
{
	return json_real((double)ns / 1e9);
}

/* File names and host names may be any bytes; JSON takes UTF-8 only. */
json_t *json_text(const char *s)
{
	json_t *j = json_string(s);
	struct buf b = BUF_INIT;

	if (j)
		return j;
	for (; *s; s++)
		if ((unsigned char)*s < 0x80)
			buf_char(&b, *s);
		else
			buf_addf(&b, "\\x%02x", (unsigned char)*s);
	j = buf_ok(&b) ? json_stringn(b.p, b.len) : NULL;
	buf_free(&b);
	return j;
}

/* OUT remembers when memory was out: jansson 2.14 itself forgets that while it writes. */
static int add_bytes(const char *bytes, size_t len, void *out)
{
	buf_add(out, bytes, len);
	return 0;
}

int json_write(json_t *j, struct buf *out)
{
	int rc = j ? json_dump_callback(j, add_bytes, out, JSON_INDENT(2) | JSON_PRESERVE_ORDER) : -1;

	json_decref(j);
	buf_char(out, '\n');
	return rc || !buf_ok(out) ? -ENOMEM : 0;
}
