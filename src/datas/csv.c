/* SPDX-License-Identifier: Apache-2.0 */
#include "datas/csv.h"

void csv_field(struct buf *out, struct str s)
{
	size_t i, plain = 0;

	while (plain < s.len && s.s[plain] != '"' && s.s[plain] != ',' && s.s[plain] != '\n' &&
		s.s[plain] != '\r')
		plain++;
	if (plain == s.len) {
		buf_str(out, s);
		return;
	}
	buf_char(out, '"');
	for (i = 0; i < s.len; i++) {
		if (s.s[i] == '"')
			buf_char(out, '"');
		buf_char(out, s.s[i]);
	}
	buf_char(out, '"');
}

void csv_text(struct buf *out, struct str s)
{
	buf_char(out, ',');
	csv_field(out, s);
}

void csv_number(struct buf *out, uint64_t n)
{
	buf_char(out, ',');
	buf_u64(out, n);
}

void csv_signed(struct buf *out, int64_t n)
{
	buf_char(out, ',');
	buf_i64(out, n);
}
