/* SPDX-License-Identifier: Apache-2.0 */
#include "utils/json_bytes.h"

#include "datas/buf.h"

json_t *json_bytes(struct str s)
{
	json_t *j = json_stringn(s.len ? s.s : "", s.len);
	struct buf b = BUF_INIT;
	size_t i;

	if (j)
		return j;
	for (i = 0; i < s.len; i++)
		if ((unsigned char)s.s[i] < 0x80)
			buf_char(&b, s.s[i]);
		else
			buf_addf(&b, "\\x%02x", (unsigned char)s.s[i]);
	j = buf_ok(&b) ? json_stringn(b.p, b.len) : NULL;
	buf_free(&b);
	return j;
}
