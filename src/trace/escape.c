/* SPDX-License-Identifier: Apache-2.0 */
#include "trace/escape.h"

#include <errno.h>

/* Control bytes, and what the formats are made of. */
static const bool must_escape[256] = {
	[0 ... 0x1f] = true, [0x7f] = true, ['\\'] = true, [';'] = true, ['|'] = true};

void escape_add(struct buf *out, struct str s)
{
	static const char hex[] = "0123456789abcdef";
	size_t from = 0, i;

	for (i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.s[i];

		if (!must_escape[c])
			continue;
		buf_add(out, s.s + from, i - from);
		if (c == '\\')
			buf_add(out, "\\\\", 2);
		else
			buf_add(out, (char[]){'\\', 'x', hex[c >> 4], hex[c & 15]}, 4);
		from = i + 1;
	}
	buf_add(out, s.s + from, s.len - from);
}

/* Decodes the one escape at S; returns how many bytes it takes, 0 when it is none. */
static size_t decode_one(struct buf *out, struct str s)
{
	int high, low;

	if (s.len >= 2 && s.s[1] == '\\') {
		buf_char(out, '\\');
		return 2;
	}
	if (s.len < 4 || s.s[1] != 'x')
		return 0;
	high = str_hex_digit(s.s[2]);
	low = str_hex_digit(s.s[3]);
	if (high < 0 || low < 0)
		return 0;
	buf_char(out, (char)(high << 4 | low));
	return 4;
}

int escape_decode(struct buf *out, struct str s)
{
	while (s.len) {
		const char *hit = memchr(s.s, '\\', s.len);
		size_t plain = hit ? (size_t)(hit - s.s) : s.len, used;

		buf_add(out, s.s, plain);
		s.s += plain;
		s.len -= plain;
		if (!hit)
			break;
		used = decode_one(out, s);
		if (!used)
			return -EINVAL;
		s.s += used;
		s.len -= used;
	}
	return 0;
}
