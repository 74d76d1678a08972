/* SPDX-License-Identifier: Apache-2.0 */
#include "datas/json_parts.h"

#include <errno.h>

#include "utils/json_bytes.h"

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

json_t *json_text(const char *s)
{
	return json_bytes(str_of(s));
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
