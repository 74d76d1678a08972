/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_IMPORT_STRACE_REC_H
#define IORIOT_IMPORT_STRACE_REC_H

#include "import/strace_line.h"
#include "trace/values.h"

/* What a record's strings and vectors point to, reused from call to call. */
struct st_scratch {
	struct buf path, path2, text;
	u64_vec vec;
};

/* A string in quotes, or what stands between the brackets of a descriptor. */
enum st_text { ST_WHOLE, ST_CUT, ST_NONE };
enum st_text st_string(struct buf *buf, struct str value, struct str *out);
bool st_unescape(struct buf *buf, struct str text); /* false: it holds a NUL; *BUF is replaced */

int st_op(struct str name); /* as op_find(), and of names that i386 alone has */

/*
 * Fills REC (op, ret, arguments, facts; not when and by whom) from a call. 0; -ENOENT: the call is
 * none that captures have; -EINVAL with what is lost in *WHY; -ENOMEM. CALL may be changed.
 */
int st_rec(struct st_scratch *scratch, struct st_call *call, struct str name, struct rec *rec,
	const char **why);

/* The argument of C that is REC's of that KIND, {NULL} if there is none. */
struct str st_arg(const struct st_call *call, enum op_id op, enum arg_kind kind);

/* Type, permissions and size in the struct that a call of stat(2)'s family filled. */
bool st_stat(const struct st_call *call, enum op_id op, struct facts *facts, bool *whole);

#endif
