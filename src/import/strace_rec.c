/* SPDX-License-Identifier: Apache-2.0 */
#include "import/strace_rec.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "utils/clock.h"

static const char cut_name[] = "a name that strace cut short";
static const char no_value[] = "an argument that could not be read";
static const char no_result[] = "a call without a result";
static const char too_little[] = "a call of which strace tells too little";

/* ---- strings ---- */

static size_t take_octal(struct str s, size_t i, unsigned char *out)
{
	size_t n;
	unsigned v = 0;

	for (n = 0; n < 3 && i + n < s.len && s.s[i + n] >= '0' && s.s[i + n] <= '7'; n++)
		v = v * 8 + (unsigned)(s.s[i + n] - '0');
	*out = (unsigned char)v;
	return n;
}

/* What stands behind the backslash at I - 1; how many bytes that are. */
static size_t take_escape(struct str s, size_t i, unsigned char *out)
{
	static const char letters[] = "tnvfrab", bytes[] = "\t\n\v\f\r\a\b";
	const char *at;

	if (i >= s.len)
		return 0;
	if (s.s[i] == 'x' && i + 2 < s.len && str_hex_digit(s.s[i + 1]) >= 0 && str_hex_digit(s.s[i + 2]) >= 0) {
		*out = (unsigned char)(str_hex_digit(s.s[i + 1]) << 4 | str_hex_digit(s.s[i + 2]));
		return 3;
	}
	if (s.s[i] >= '0' && s.s[i] <= '7')
		return take_octal(s, i, out);
	at = s.s[i] ? strchr(letters, s.s[i]) : NULL;
	*out = (unsigned char)(at ? bytes[at - letters] : s.s[i]);
	return 1;
}

bool st_unescape(struct buf *buf, struct str text)
{
	size_t i = 0, n;
	unsigned char c;

	buf->len = 0;
	buf_reserve(buf, text.len + 1);
	while (i < text.len) {
		c = (unsigned char)text.s[i++];
		if (c == '\\') {
			n = take_escape(text, i, &c);
			i += n;
		}
		if (c == 0)
			return false;
		buf_char(buf, (char)c);
	}
	return true;
}

enum st_text st_string(struct buf *buf, struct str value, struct str *out)
{
	size_t i;

	*out = STR_NONE;
	if (value.len < 2 || value.s[0] != '"')
		return ST_NONE;
	for (i = 1; i < value.len && value.s[i] != '"'; i++)
		if (value.s[i] == '\\')
			i++;
	if (i >= value.len)
		return ST_NONE;
	if (value.len - i > 3 && memcmp(value.s + i + 1, "...", 3) == 0)
		return ST_CUT;
	if (!st_unescape(buf, (struct str){value.s + 1, i - 1}))
		return ST_NONE;
	*out = buf_as_str(buf);
	return ST_WHOLE;
}

/* ---- which argument is where ---- */

/* Of the row's argument I, the place in the call as C has it; -1: it is a part of another one. */
static int place(enum op_id op, int i)
{
	enum arg_kind kind = ops[op].arg[i];

	switch (op) {
	case OP_preadv2:
	case OP_pwritev2: /* the kernel's offset is two registers, strace's one argument */
		return kind == A_RWF ? 4 : i;
	case OP_openat2:
		return kind == A_MODE || kind == A_RESOLVE ? 2 : i;
	case OP_pipe2:
		return kind == A_FDS2 ? 0 : i;
	case OP_pipe:
		return 0;
	case OP_socketpair:
		return kind == A_FDS2 ? 3 : i;
	default:
		return i;
	}
}

struct str st_arg(const struct st_call *call, enum op_id op, enum arg_kind kind)
{
	int i = op_arg_index(op, kind), at = i < 0 ? -1 : place(op, i);

	return at >= 0 && (unsigned)at < call->n ? call->arg[at] : STR_NONE;
}

/* ---- structs ---- */

static bool member(struct str braces, const char *name, uint64_t *out)
{
	return st_number(st_member(braces, name), out) == 0;
}

static int offset_behind(struct str value, uint64_t *out)
{
	struct str first;

	if (str_eqs(value, "NULL")) {
		*out = OFFPTR_NULL;
		return 0;
	}
	*out = OFFPTR_BAD;
	if (!value.len || value.s[0] != '[')
		return st_number(value, out) ? -EINVAL : (*out = OFFPTR_BAD, 0);
	return st_element(&value, &first) && st_number(first, out) == 0 ? 0 : -EINVAL;
}

/* "[{iov_base="a", iov_len=1}, ...]": COUNT says whether strace wrote all of them. */
static int segments(struct st_scratch *s, const struct st_call *call, struct rec *rec, int at)
{
	struct str value = call->arg[at], one;
	uint64_t count, *len;

	s->vec.n = 0;
	if ((unsigned)at + 1 >= call->n || st_number(call->arg[at + 1], &count))
		return -EINVAL;
	if (value.s[0] == '[')
		while (st_element(&value, &one)) {
			len = vec_push(&s->vec);
			if (!len)
				return -ENOMEM;
			if (s->vec.n > REC_IOV_MAX || !member(one, "iov_len", len))
				return -EINVAL;
		}
	if (value.s[0] == '[' || s->vec.n ? s->vec.n != count : rec->ret >= 0 && count)
		return -EINVAL;
	rec->vec = s->vec.v;
	rec->nvec = (uint32_t)s->vec.n;
	return 0;
}

static bool moment(struct str value, const char *sec, const char *part, uint64_t unit, struct timespec *ts)
{
	uint64_t a, b = 0;

	if (str_eqs(value, "UTIME_NOW") || str_eqs(value, "UTIME_OMIT")) {
		*ts = (struct timespec){0, str_eqs(value, "UTIME_NOW") ? UTIME_NOW : UTIME_OMIT};
		return true;
	}
	if (!member(value, sec, &a) || !member(value, part, &b) || b >= NS_PER_SEC / unit)
		return false;
	*ts = (struct timespec){(time_t)a, (long)(b * unit)};
	return true;
}

static int times(enum arg_kind kind, struct str value, struct timespec ts[2])
{
	bool fine = kind == A_TIMESPECS;
	uint64_t a, m;
	struct str one;
	int i;

	if (str_eqs(value, "NULL")) {
		ts[0] = ts[1] = (struct timespec){0, TIMES_NULL};
		return 0;
	}
	if (kind == A_UTIMBUF) {
		if (!member(value, "actime", &a) || !member(value, "modtime", &m))
			return -EINVAL;
		ts[0] = (struct timespec){(time_t)a, 0};
		ts[1] = (struct timespec){(time_t)m, 0};
		return 0;
	}
	for (i = 0; i < 2; i++)
		if (!st_element(&value, &one) ||
			!moment(one, "tv_sec", fine ? "tv_nsec" : "tv_usec", fine ? 1 : 1000, &ts[i]))
			return -EINVAL;
	return 0;
}

/* F_GETLK is shown as it was answered: what was asked for is no longer there when nothing was in the way. */
static int lock_argument(struct str value, struct rec *rec)
{
	uint64_t cmd = rec->arg[1];

	if (st_flags(A_FARG, st_member(value, "l_type"), &rec->arg[2]) ||
		st_flags(A_WHENCE, st_member(value, "l_whence"), &rec->arg[3]) ||
		!member(value, "l_start", &rec->arg[4]) || !member(value, "l_len", &rec->arg[5]))
		return -EINVAL;
	if ((cmd == F_GETLK || cmd == F_OFD_GETLK) && rec->ret == 0 && rec->arg[2] == F_UNLCK)
		rec->arg[2] = F_RDLCK;
	return 0;
}

static int fcntl_argument(const struct st_call *call, struct rec *rec)
{
	struct str value = call->n > 2 ? call->arg[2] : STR_NONE, one;
	uint64_t cmd = rec->arg[1];

	if (!value.len)
		return 0;
	if (rec_fcntl_is_lock(cmd))
		return lock_argument(value, rec);
	if (value.s[0] == '[' && st_element(&value, &one))
		value = one;
	if (!st_flags(cmd == F_SETFL ? A_OFLAGS : A_FARG, value, &rec->arg[2]))
		return 0;
	/* of locks it matters, of signals, owners and the like it does not */
	rec->arg[2] = 0;
	return 0;
}

static bool member_fd(struct str braces, const char *name, uint64_t *out)
{
	struct str path;

	return st_fd(st_member(braces, name), out, &path) == 0;
}

/* Of the commands of ops/ioctl.def; the others are none that captures have. */
static int ioctl_argument(const struct st_call *call, struct rec *rec)
{
	struct str value = call->n > 2 ? call->arg[2] : STR_NONE, path, one;
	const char *form = rec_ioctl_form(rec->arg[1]);

	if (!form)
		return -ENOENT;
	if (!*form)
		return 0;
	if (strcmp(form, "f") == 0)
		return st_fd(value, &rec->arg[2], &path);
	if (strcmp(form, "u") == 0 || strcmp(form, "s") == 0) {
		if (value.len && value.s[0] == '[' && st_element(&value, &one))
			value = one;
		return st_number(value, &rec->arg[2]);
	}
	if (strcmp(form, "fuuu") == 0 && member_fd(value, "src_fd", &rec->arg[2]) &&
		member(value, "src_offset", &rec->arg[3]) && member(value, "src_length", &rec->arg[4]) &&
		member(value, "dest_offset", &rec->arg[5]))
		return 0;
	return -EINVAL;
}

/* "clone(child_stack=NULL, flags=CLONE_VM|SIGCHLD, ...", "clone3({flags=...}" */
static struct str clone_flags(const struct st_call *call)
{
	struct str part, key;
	unsigned i;

	for (i = 0; i < call->n; i++) {
		part = call->arg[i];
		if (part.len && part.s[0] == '{')
			return st_member(part, "flags");
		if (str_take_char(&part, '=', &key) && str_eqs(key, "flags"))
			return part;
	}
	return STR_NONE;
}

static int two_fds(const struct st_call *call, struct rec *rec, int i, int at)
{
	struct str list = call->arg[at], one, path;
	int second = op_arg_index(rec->op, A_FDS2);

	rec->arg[i] = rec->arg[second] = (uint64_t)-1;
	if (rec->ret < 0)
		return 0;
	return st_element(&list, &one) && !st_fd(one, &rec->arg[i], &path) && st_element(&list, &one) &&
			       !st_fd(one, &rec->arg[second], &path)
		       ? 0
		       : -EINVAL;
}

static int device(struct str value, uint64_t *out)
{
	struct str rest = value, one;
	uint64_t a, b;

	if (st_number(value, out) == 0)
		return 0;
	if (!str_starts(value, STR("makedev(")))
		return -EINVAL;
	rest.s += 7;
	rest.len -= 7;
	rest = (struct str){rest.s + 1, rest.len - 1};
	one = st_take(&rest);
	if (st_number(one, &a) || !rest.len)
		return -EINVAL;
	rest = (struct str){rest.s + 1, rest.len - 1};
	one = st_take(&rest);
	if (st_number(one, &b) || a >= 1 << 12 || b >= 1 << 20)
		return -EINVAL;
	*out = (b & 0xff) | a << 8 | (b & ~0xffull) << 12; /* as mknod(2) takes it */
	return 0;
}

static int socket_name(struct st_scratch *s, struct str value, struct rec *rec, const char **why)
{
	struct str path = st_member(value, "sun_path");

	if (!path.s || path.s[0] == '@') /* not in a file system */
		return 0;
	if (st_string(&s->path, path, &rec->path) == ST_WHOLE)
		return 0;
	*why = cut_name;
	return -EINVAL;
}

/* ---- one argument ---- */

static int path_argument(struct buf *buf, struct str value, struct str *out, const char **why)
{
	switch (st_string(buf, value, out)) {
	case ST_WHOLE:
		return 0;
	case ST_CUT:
		*why = cut_name;
		return -EINVAL;
	default: /* an address: the kernel could not read it */
		return str_starts(value, STR("0x")) || str_eqs(value, "NULL") ? 0 : -EINVAL;
	}
}

static int flag_argument(struct str value, enum arg_kind kind, uint64_t *out, const char **why)
{
	if (!st_flags(kind, value, out))
		return 0;
	*why = "a flag that is not known";
	return -EINVAL;
}

static int how(struct str value, struct rec *rec, const char **why)
{
	uint64_t *mode = &rec->arg[op_arg_index(OP_openat2, A_MODE)];
	uint64_t *resolve = &rec->arg[op_arg_index(OP_openat2, A_RESOLVE)];
	struct str flags = st_member(value, "flags"), bits = st_member(value, "mode");

	if (!value.len || value.s[0] != '{')
		return -EINVAL;
	if (bits.s && st_flags(A_MODE, bits, mode))
		return -EINVAL;
	bits = st_member(value, "resolve");
	return (flags.s && flag_argument(flags, A_HOW, &rec->arg[2], why)) ||
			       (bits.s && flag_argument(bits, A_RESOLVE, resolve, why))
		       ? -EINVAL
		       : 0;
}

/* "BTRFS_IOC_CLONE or FICLONE"; most commands are not of files, and none that captures have. */
static int ioctl_command(struct str value, uint64_t *out)
{
	struct str name;

	while (str_take(&value, STR(" or "), &name))
		if (!st_flags(A_ICMD, name, out))
			return 0;
	return -ENOENT;
}

static int take_argument(struct st_scratch *s, const struct st_call *call, struct rec *rec, int i, int at,
	const char **why)
{
	enum arg_kind kind = ops[rec->op].arg[i];
	struct str value = call->arg[at], path;
	uint64_t *arg = &rec->arg[i];

	switch (arg_infos[kind].form) {
	case FORM_NONE:
		return 0;
	case FORM_FD:
		return st_fd(value, arg, &path);
	case FORM_PATH:
		return rec->op == OP_bind ? socket_name(s, value, rec, why)
					  : path_argument(&s->path, value, &rec->path, why);
	case FORM_PATH2:
		return path_argument(&s->path2, value, &rec->path2, why);
	case FORM_IOV:
		*why = "a vector that strace cut short";
		return segments(s, call, rec, at);
	case FORM_TIMES:
		return times(kind, value, rec->ts);
	case FORM_FARG:
		return fcntl_argument(call, rec);
	case FORM_IARG:
		return ioctl_argument(call, rec);
	case FORM_OFFPTR:
		return kind == A_OFFIN || kind == A_OFFOUT ? offset_behind(value, arg) : -EINVAL;
	case FORM_ADDR:
	case FORM_ADDR2:
		return str_eqs(value, "NULL") ? 0 : st_number(value, arg);
	case FORM_FLAGS:
		if (kind == A_ICMD)
			return ioctl_command(value, arg);
		return kind == A_HOW ? how(value, rec, why) : flag_argument(value, kind, arg, why);
	default:
		break;
	}
	if (kind == A_FDS)
		return two_fds(call, rec, i, at);
	if (kind == A_DEV)
		return device(value, arg);
	if (kind == A_NUMFD || kind == A_NUMFD2)
		return st_fd(value, arg, &path);
	return st_flags(kind, value, arg);
}

/* Rows with what strace does not tell, or not in all versions. */
static bool is_told(enum op_id op)
{
	static const enum arg_kind untold[] = {A_CTX, A_CTXP, A_IOCBS, A_EVENTS, A_SQE, A_RING, A_SENT,
		A_OWNER, A_HANDLE, A_HANDLEIN, A_XARGS, A_RANGE, A_FATTR};
	size_t i;

	for (i = 0; i < sizeof(untold) / sizeof(*untold); i++)
		if (op_has(op, untold[i]))
			return false;
	return true;
}

static bool is_skipped(enum arg_kind kind)
{
	return kind == A_MODE || kind == A_FARG || kind == A_FDS2 || kind == A_DEV || kind == A_IARG ||
	       kind == A_ADDR2 || arg_infos[kind].form == FORM_NONE;
}

static int take_arguments(struct st_scratch *s, const struct st_call *call, struct rec *rec, const char **why)
{
	int i, at, rc;

	if (ops[rec->op].flags & OPF_FORK) {
		struct str flags = clone_flags(call);

		return op_has(rec->op, A_CLONEFLAGS) || op_has(rec->op, A_CLARGS)
			       ? flag_argument(flags, A_CLONEFLAGS, &rec->arg[0], why)
			       : 0;
	}
	for (i = 0; i < OP_ARGS; i++) {
		enum arg_kind kind = ops[rec->op].arg[i];

		at = place(rec->op, i);
		if (kind == A_NONE || kind == A_FDS2 || (rec->op == OP_openat2 && at != i))
			continue;
		if ((unsigned)at >= call->n) {
			if (!is_skipped(kind)) /* open(2) without O_CREAT has no mode, F_GETFL no argument */
				return -EINVAL;
			continue;
		}
		*why = no_value;
		rc = take_argument(s, call, rec, i, at, why);
		if (rc)
			return rc;
	}
	return 0;
}

/* Of calls that pass descriptors only those are in captures that passed some. */
static bool passes(const struct st_call *call, enum op_id op)
{
	bool sends = op == OP_sendmsg || op == OP_sendmmsg;
	unsigned i;

	if (!sends && op != OP_recvmsg && op != OP_recvmmsg)
		return true;
	for (i = 0; i < call->n; i++)
		if (memmem(call->arg[i].s, call->arg[i].len, "SCM_RIGHTS", 10))
			return true;
	return false;
}

int st_op(struct str name)
{
	static const struct {
		const char *name;
		enum op_id op;
	} others[] = {{"_llseek", OP_lseek}, {"chown32", OP_chown}, {"fadvise64_64", OP_fadvise64},
		{"fchown32", OP_fchown}, {"fcntl64", OP_fcntl}, {"fstat64", OP_fstat}, {"ftruncate64", OP_ftruncate},
		{"lchown32", OP_lchown}, {"lstat64", OP_lstat}, {"mmap2", OP_mmap}, {"oldfstat", OP_fstat},
		{"oldlstat", OP_lstat}, {"oldstat", OP_stat}, {"sendfile64", OP_sendfile}, {"stat64", OP_stat},
		{"truncate64", OP_truncate}, {"utimensat_time64", OP_utimensat}};
	size_t i;

	for (i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (str_eqs(name, others[i].name))
			return (int)others[i].op;
	return op_find(name);
}

/* "_llseek(3, 100, [100], SEEK_SET) = 0": lseek(2) returns what is in the brackets. */
static int as_lseek(struct st_call *call, int64_t *ret)
{
	struct str list = call->n == 4 ? call->arg[2] : STR_NONE, one;
	uint64_t offset;

	if (call->n != 4)
		return -EINVAL;
	call->arg[2] = call->arg[3];
	call->n = 3;
	if (*ret < 0)
		return 0;
	if (!st_element(&list, &one) || st_number(one, &offset))
		return -EINVAL;
	*ret = (int64_t)offset;
	return 0;
}

int st_rec(struct st_scratch *s, struct st_call *call, struct str name, struct rec *rec, const char **why)
{
	bool whole;
	int op = st_op(name), rc;

	*rec = (struct rec){0};
	*why = too_little;
	if (op < 0 || (ops[op].flags & (OPF_STATE | OPF_LAYER)) || op_nr((enum op_id)op) < 0)
		return -ENOENT;
	rec->op = (enum op_id)op;
	rc = st_result(call->result, &rec->ret);
	rec->has_ret = rc == 0 && rec->op != OP_exit && rec->op != OP_exit_group;
	if (rec->ret <= -512 && rec->ret >= -516) /* it is made again */
		return -ENOENT;
	if (!passes(call, rec->op))
		return -ENOENT;
	if (!is_told(rec->op) || rec->op == OP_recvmsg || rec->op == OP_recvmmsg)
		return -EINVAL;
	*why = no_result;
	if (rc && rec->op != OP_exit && rec->op != OP_exit_group)
		return -EINVAL;
	*why = no_value;
	if (str_eqs(name, "_llseek") && as_lseek(call, &rec->ret))
		return -EINVAL;
	rc = take_arguments(s, call, rec, why);
	if (rc)
		return rc;
	if (!buf_ok(&s->path) || !buf_ok(&s->path2))
		return -ENOMEM;
	if (!st_stat(call, rec->op, &rec->facts, &whole) || !whole || rec->ret < 0)
		rec->facts = (struct facts){0};
	return 0;
}

/* ---- stat ---- */

/* KEY of struct stat or of struct statx, whose names begin with "stx". */
static bool stat_number(struct str braces, bool x, const char *key, uint64_t *out)
{
	char name[32];

	snprintf(name, sizeof(name), "%s_%s", x ? "stx" : "st", key);
	return st_number(st_member(braces, name), out) == 0;
}

static bool stat_device(struct str braces, bool x, struct facts *f)
{
	uint64_t a, b, dev;

	if (x) {
		if (!member(braces, "stx_dev_major", &a) || !member(braces, "stx_dev_minor", &b) ||
			a > UINT32_MAX || b > UINT32_MAX)
			return false;
		f->dev_major = (uint32_t)a;
		f->dev_minor = (uint32_t)b;
		return true;
	}
	if (device(st_member(braces, "st_dev"), &dev))
		return false;
	f->dev_major = (uint32_t)(dev >> 8 & 0xfff);
	f->dev_minor = (uint32_t)((dev & 0xff) | (dev >> 12 & 0xfff00));
	return true;
}

bool st_stat(const struct st_call *call, enum op_id op, struct facts *f, bool *whole)
{
	struct str braces = st_arg(call, op, A_OUT), mode;
	bool x = op == OP_statx;
	uint64_t bits, nlink, uid, gid;

	*f = (struct facts){0};
	*whole = false;
	if (op != OP_stat && op != OP_lstat && op != OP_fstat && op != OP_newfstatat && op != OP_statx)
		return false;
	if (!braces.len || braces.s[0] != '{')
		return false;
	mode = st_member(braces, x ? "stx_mode" : "st_mode");
	if (!mode.s || st_flags(A_MODE, mode, &bits) || bits > UINT32_MAX)
		return false;
	f->mode = (uint32_t)bits;
	f->known = true;
	*whole = stat_device(braces, x, f) && stat_number(braces, x, "ino", &f->ino) &&
		 stat_number(braces, x, "nlink", &nlink) && stat_number(braces, x, "uid", &uid) &&
		 stat_number(braces, x, "gid", &gid) && stat_number(braces, x, "blocks", &f->blocks) &&
		 nlink <= UINT32_MAX && uid <= UINT32_MAX && gid <= UINT32_MAX;
	if (*whole) {
		f->nlink = (uint32_t)nlink;
		f->uid = (uint32_t)uid;
		f->gid = (uint32_t)gid;
	}
	return stat_number(braces, x, "size", &f->size) || (bits & S_IFMT) != S_IFREG;
}
