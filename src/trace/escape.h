/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_TRACE_ESCAPE_H
#define IORIOT_TRACE_ESCAPE_H

#include "datas/buf.h"
#include "utils/str.h"

/*
 * Byte strings in both formats: '\\' for a backslash, \xHH for control bytes, DEL and the separator
 * characters ';' and '|'. Everything else stands for itself, bytes above 0x7f included.
 */
void escape_add(struct buf *out, struct str s);

/* Decodes S at the end of OUT. 0, or -EINVAL for a bad escape. */
int escape_decode(struct buf *out, struct str s);

static inline bool escape_needed(struct str s)
{
	return s.len && memchr(s.s, '\\', s.len);
}

#endif
