/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_IMPORT_STRACE_LINE_H
#define IORIOT_IMPORT_STRACE_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "ops/ops.h"
#include "utils/str.h"

/* What strace writes (-f -ttt -T -y), taken apart. Nothing here trusts it: any bytes may come. */

enum st_kind {
	ST_CALL,	/* NAME(TEXT */
	ST_BEGUN,	/* NAME(TEXT <unfinished ...> */
	ST_RESUMED,	/* <... NAME resumed>TEXT */
	ST_EXITED,	/* +++ exited with NUMBER +++ */
	ST_KILLED,	/* +++ killed by SIGNAL, NUMBER is that of a wait status */
	ST_SUPERSEDED,	/* +++ superseded by execve in pid NUMBER +++ */
	ST_OTHER	/* signals, messages */
};

struct st_line {
	enum st_kind kind;
	bool has_tid;
	uint32_t tid;
	uint64_t t; /* ns since the epoch */
	struct str name, text;
	uint32_t number;
};

/* 0, or -EINVAL: not a line of strace -ttt. */
int st_line(struct st_line *out, struct str line);

#define ST_ARGS 16

struct st_call {
	struct str arg[ST_ARGS];
	unsigned n;
	struct str result; /* without spaces around it; "?" where there is none */
	bool has_dur;
	uint64_t dur;
};

/* TEXT is what stands behind the opening parenthesis. 0 or -EINVAL. */
int st_call(struct st_call *out, struct str text);

/* Takes the first value of *REST, up to a comma or a closing bracket that is not its own. */
struct str st_take(struct str *rest);
/* The value of NAME in "{a=1, name=value}"; {NULL}: it is not there. */
struct str st_member(struct str braces, const char *name);
/* Takes the next element of "[a, b]", behind its opening bracket at first. False: no more. */
bool st_element(struct str *rest, struct str *out);

/* "-1 ENOENT (...)", "3</path>", "0x2 (flags ...)". 0, -EINVAL; -ENODATA: "?". */
int st_result(struct str text, int64_t *out);
/* Decimal, hex or octal, and what comments say behind it. */
int st_number(struct str text, uint64_t *out);
/* "3</path>", "AT_FDCWD</dir>"; *PATH is what stands between the brackets, escaped; {NULL}: nothing. */
int st_fd(struct str text, uint64_t *fd, struct str *path);
/* NAME|NAME|0x4 as KIND has them. -EINVAL: a name that is not known. */
int st_flags(enum arg_kind kind, struct str text, uint64_t *out);

#endif
