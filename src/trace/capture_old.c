/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>

#include "trace/capture_lines.h"

/*
 * Lines of versions 3 and 4, turned into what version 5 says. docs/capture-format.md lists what
 * such lines lack; what is not known becomes a value that does no harm in a replay.
 */

#define DIRENT_MAX 280 /* struct linux_dirent with a name of NAME_MAX bytes: getdents(2) */

struct old_line {
	uint64_t seen;
	struct str value[64]; /* by letter & 63, valid where seen */
};

static bool has(const struct old_line *l, char key)
{
	return (l->seen & CAPTURE_KEY(key)) != 0;
}

static struct str get(const struct old_line *l, char key)
{
	return has(l, key) ? l->value[key & 63] : STR_NONE;
}

/* Nothing is escaped: a value ends at the whole separator only, a lone ';' is part of a path. */
static int split(struct old_line *l, struct str line, struct flaw *flaw)
{
	struct str token;
	int rc = 0;

	while (rc == 0 && line.len) {
		str_take(&line, STR(";:,"), &token);
		if (token.len < 2 || token.s[1] != '=' || (token.s[0] | 32) < 'a' ||
			(token.s[0] | 32) > 'z')
			return flaw_at(flaw, "not of the form KEY=VALUE", token);
		l->value[token.s[0] & 63] = (struct str){token.s + 2, token.len - 2};
		rc = capture_once(&l->seen, token.s[0], flaw);
	}
	return rc;
}

/* The letter under which the result stands. readdir(2) is read as getdents(2) but has a status. */
static char result_key(enum op_id op, const struct old_line *l)
{
	switch (op) {
	case OP_open:
	case OP_openat:
	case OP_creat:
		return 'd';
	case OP_read:
	case OP_readv:
	case OP_write:
	case OP_writev:
	case OP_lseek:
	case OP_readahead:
		return 'b';
	case OP_getdents:
		return has(l, 'b') ? 'b' : 's';
	default:
		return 's';
	}
}

/* The letter of an argument where it differs from today's; 0 where the line does not tell it. */
static char arg_key(enum op_id op, enum arg_kind kind)
{
	if (kind == A_DIRFD || kind == A_DIRFD2)
		return 0; /* paths were made absolute, the descriptor no longer counts */
	if (kind == A_UID)
		return 'O';
	if (kind == A_LEN && (op == OP_read || op == OP_write))
		return 0;
	if (kind == A_LEN && op == OP_sync_file_range)
		return 'b';
	return arg_infos[kind].key;
}

static int number(struct str s, uint64_t *out)
{
	return value_number(FORM_FLAGS, s, out);
}

/*
 * How much a call asked for was not recorded, only what it got. A read that got nothing asked for
 * something; a write that failed must not write in a replay what it did not write then.
 */
static uint64_t asked_for(const struct rec *rec)
{
	if (rec->op == OP_getdents) /* of readdir(2): room for one entry, whatever its name */
		return DIRENT_MAX;
	if (rec->ret > 0)
		return (uint64_t)rec->ret;
	return ops[rec->op].cls == CLS_READ ? 4096 : 0;
}

/* What stands for an argument that the line does not have. -EINVAL where nothing can. */
static int absent_arg(struct capture_scratch *scratch, struct rec *rec, int i)
{
	enum arg_kind kind = ops[rec->op].arg[i];
	uint64_t *len;

	switch (kind) {
	case A_DIRFD:
	case A_DIRFD2:
		rec->arg[i] = (uint64_t)(int64_t)AT_FDCWD;
		return 0;
	case A_LEN:
		rec->arg[i] = asked_for(rec);
		return 0;
	case A_RIOV:
	case A_WIOV:
		scratch->vec.n = 0;
		len = vec_push(&scratch->vec);
		if (!len)
			return -ENOMEM;
		*len = asked_for(rec);
		rec->vec = scratch->vec.v;
		rec->nvec = 1;
		return 0;
	case A_FD:
	case A_FCMD:
	case A_OFLAGS:
	case A_PATH:
	case A_PATH2:
		return -EINVAL;
	default:
		return 0;
	}
}

static int take_path(struct str s, struct str *out)
{
	*out = s;
	return s.len && memchr(s.s, 0, s.len) ? -EINVAL : 0;
}

static int take_fd(struct str s, uint64_t *arg)
{
	int64_t fd;

	if (value_i64(s, &fd) || fd != (int32_t)fd)
		return -EINVAL;
	*arg = (uint64_t)fd;
	return 0;
}

static int take_arg(struct capture_scratch *scratch, struct rec *rec, int i,
	const struct old_line *l)
{
	enum arg_kind kind = ops[rec->op].arg[i];
	enum arg_form form = arg_infos[kind].form;
	char key = arg_key(rec->op, kind);
	struct str s = key ? get(l, key) : STR_NONE;

	if (form == FORM_NONE)
		return 0;
	if (!s.s || form == FORM_IOV)
		return absent_arg(scratch, rec, i);
	if (form == FORM_PATH)
		return take_path(s, &rec->path);
	if (form == FORM_PATH2)
		return take_path(s, &rec->path2);
	if (form == FORM_FARG)
		return number(s, &rec->arg[2]);
	if (form == FORM_FD)
		return take_fd(s, &rec->arg[i]);
	if (number(s, &rec->arg[i]))
		return -EINVAL;
	if (kind == A_UID || kind == A_GID) /* 4294967295 is -1: nothing changes */
		rec->arg[i] = (uint64_t)(int64_t)(int32_t)rec->arg[i];
	return 0;
}

/*
 * What the link led to helps generate to build it, but only whole: it was cut at 254 bytes. The
 * call never returns 0, so where a 0 stands it is a status.
 */
static void mend_readlink(struct rec *rec, const struct old_line *l)
{
	struct str target = get(l, 'P');

	if ((rec->op != OP_readlink && rec->op != OP_readlinkat) || rec->ret < 0 || !target.len ||
		memchr(target.s, 0, target.len))
		return;
	if (rec->ret == 0)
		rec->ret = (int64_t)target.len;
	if ((uint64_t)rec->ret == target.len)
		rec->path2 = target;
}

/* fstat(2) of newer C libraries was recorded as fstatat of "PATH/", which only directories bear. */
static void mend_fstat(struct rec *rec)
{
	if (rec->op == OP_newfstatat && (rec->arg[3] & AT_EMPTY_PATH) && rec->path.len > 1 &&
		rec->path.s[rec->path.len - 1] == '/')
		rec->path.len--;
}

static int take_result(struct rec *rec, const struct old_line *l, struct flaw *flaw)
{
	struct str s = get(l, result_key(rec->op, l));

	if (!s.s && (ops[rec->op].flags & OPF_LIST) && ops[rec->op].cmp == CMP_NONE)
		return 0; /* exit_group */
	if (!s.s)
		return flaw_at(flaw, "the result is missing", STR_NONE);
	if (value_i64(s, &rec->ret))
		return flaw_at(flaw, "not a result", s);
	rec->has_ret = true;
	return 0;
}

static int convert(struct capture_scratch *scratch, struct rec *rec, const struct old_line *l,
	struct flaw *flaw)
{
	int i, rc = take_result(rec, l, flaw);

	if (rc == 0)
		mend_readlink(rec, l);
	for (i = 0; rc == 0 && i < OP_ARGS; i++) {
		enum arg_kind kind = ops[rec->op].arg[i];

		rc = take_arg(scratch, rec, i, l);
		if (rc == -EINVAL)
			return flaw_at(flaw, "an argument is missing or no number",
				str_of(arg_infos[kind].name));
	}
	if (rc)
		return rc;
	if (rec->op == OP_fcntl && rec_fcntl_is_lock(rec->arg[1])) {
		rec->path = STR("fcntl lock"); /* its range was not recorded */
		*flaw = (struct flaw){"a lock without its range", STR_NONE};
		return -ENOENT;
	}
	mend_fstat(rec);
	return 1;
}

int capture_old_line(struct capture_scratch *scratch, struct str line, struct rec *rec,
	struct flaw *flaw)
{
	static const char common[] = "tDi";
	struct old_line l = {0};
	int rc = split(&l, line, flaw);
	const char *c;

	for (c = common; rc == 0 && *c; c++)
		if (has(&l, *c))
			rc = capture_common(rec, *c, get(&l, *c), flaw);
	if (rc == 0 && has(&l, 'o'))
		rc = capture_op(rec, get(&l, 'o'), flaw);
	if (rc == 0 && has(&l, 'o') && ops[rec->op].family == FAM_Memory) {
		rec->path = get(&l, 'o'); /* what lines of maps say is not enough */
		*flaw = (struct flaw){"a map without its file", STR_NONE};
		rc = -ENOENT;
	}
	if (rc == 0 && has(&l, 'o') && op_has(rec->op, A_IARG)) {
		rec->path = get(&l, 'o');
		*flaw = (struct flaw){"an ioctl, which these versions do not have", STR_NONE};
		rc = -ENOENT;
	}
	if (rc == 0)
		rc = capture_check_common(rec, l.seen, flaw);
	return rc ? rc : convert(scratch, rec, &l, flaw);
}
