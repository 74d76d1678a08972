/* SPDX-License-Identifier: Apache-2.0 */
#include "import/strace_line.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "ops/flags.h"
#include "trace/replay.h"
#include "utils/clock.h"

#define ANGLE_MAX   20000	      /* a path of 4096 bytes, all of them escaped, and what is around it */
#define SECONDS_MAX 9000000000u /* ns of them fit in 63 bits */

static struct str trim(struct str s)
{
	while (s.len && isspace((unsigned char)s.s[0])) {
		s.s++;
		s.len--;
	}
	while (s.len && isspace((unsigned char)s.s[s.len - 1]))
		s.len--;
	return s;
}

static bool take_text(struct str *s, struct str text)
{
	if (!str_starts(*s, text))
		return false;
	s->s += text.len;
	s->len -= text.len;
	return true;
}

static bool ends_with(struct str s, struct str end)
{
	return s.len >= end.len && memcmp(s.s + s.len - end.len, end.s, end.len) == 0;
}

static struct str take_while(struct str *s, int (*is)(int))
{
	struct str out = {s->s, 0};

	while (s->len && is((unsigned char)s->s[0])) {
		s->s++;
		s->len--;
		out.len++;
	}
	return out;
}

/* "1795292911.299057", "0.000215": ns. */
static int seconds(struct str s, uint64_t *ns)
{
	struct str whole = take_while(&s, isdigit), part;
	uint64_t sec, frac = 0, unit = NS_PER_SEC;

	if (str_u64(whole, &sec) || sec > SECONDS_MAX || !take_text(&s, STR(".")))
		return -EINVAL;
	part = take_while(&s, isdigit);
	if (s.len || part.len == 0 || part.len > 9 || str_u64(part, &frac))
		return -EINVAL;
	while (part.len--)
		unit /= 10;
	*ns = sec * NS_PER_SEC + frac * unit;
	return 0;
}

static int take_tid(struct st_line *out, struct str *line)
{
	struct str digits, rest = *line;
	bool bracket = take_text(&rest, STR("[pid"));
	uint64_t n;

	rest = trim(rest);
	digits = take_while(&rest, isdigit);
	if (!bracket && rest.len && rest.s[0] == '.')
		return 0; /* it is the time: one process, and no -f */
	if (str_u64(digits, &n) || n == 0 || n > INT32_MAX || (bracket && !take_text(&rest, STR("]"))))
		return -EINVAL;
	out->has_tid = true;
	out->tid = (uint32_t)n;
	*line = trim(rest);
	return 0;
}

/* The number of SIGKILL and the like, 0: not known. */
static uint32_t signal_number(struct str name)
{
	int i;

	if (!take_text(&name, STR("SIG")))
		return 0;
	for (i = 1; i < NSIG; i++) {
		const char *known = sigabbrev_np(i);

		if (known && str_eqs(name, known))
			return (uint32_t)i;
	}
	return 0;
}

static int ending(struct st_line *out, struct str rest)
{
	struct str word;
	uint64_t n = 0;
	int rc = 0;

	if (take_text(&rest, STR("exited with "))) {
		out->kind = ST_EXITED;
		rc = str_u64(take_while(&rest, isdigit), &n);
	} else if (take_text(&rest, STR("superseded by execve in pid "))) {
		out->kind = ST_SUPERSEDED;
		rc = str_u64(take_while(&rest, isdigit), &n);
	} else if (take_text(&rest, STR("killed by "))) {
		out->kind = ST_KILLED;
		str_take_char(&rest, ' ', &word);
		n = signal_number(word);
	}
	out->number = (uint32_t)n;
	return rc || n > INT32_MAX ? -EINVAL : 0;
}

static int is_name(int c)
{
	return isalnum(c) || c == '_';
}

int st_line(struct st_line *out, struct str line)
{
	static const struct str unfinished = {"<unfinished ...>", 16};
	struct str time, rest;

	*out = (struct st_line){.kind = ST_OTHER};
	line = trim(line);
	if (take_tid(out, &line))
		return -EINVAL;
	rest = line;
	str_take_char(&rest, ' ', &time);
	if (seconds(time, &out->t))
		return -EINVAL;
	rest = trim(rest);
	if (take_text(&rest, STR("+++ ")))
		return ending(out, rest);
	if (str_starts(rest, STR("---")))
		return 0;
	if (take_text(&rest, STR("<... "))) {
		out->name = take_while(&rest, is_name);
		out->kind = ST_RESUMED;
		if (!take_text(&rest, STR(" resumed>")) && !take_text(&rest, STR(" resumed> ")))
			return -EINVAL;
		out->text = rest;
		return 0;
	}
	out->name = take_while(&rest, is_name);
	if (!out->name.len || !take_text(&rest, STR("(")))
		return -EINVAL;
	out->kind = ends_with(rest, unfinished) ? ST_BEGUN : ST_CALL;
	if (out->kind == ST_BEGUN)
		rest.len -= unfinished.len;
	out->text = rest;
	return 0;
}

/* ---- values ---- */

/* Behind the closing quote of the string at I, or S.len. */
static size_t behind_string(struct str s, size_t i)
{
	for (i++; i < s.len && s.s[i] != '"'; i++)
		if (s.s[i] == '\\')
			i++;
	return i < s.len ? i + 1 : s.len;
}

static size_t behind_comment(struct str s, size_t i)
{
	const char *end = memmem(s.s + i, s.len - i, "*/", 2);

	return end ? (size_t)(end - s.s) + 2 : s.len;
}

/*
 * "3</path>", "3<TCP:[127.0.0.1:5->127.0.0.1:80]>": behind the bracket that closes the one at I; I + 1 where none does.
 * In paths strace escapes brackets, but they may end with "-".
 */
static size_t behind_angle(struct str s, size_t i)
{
	size_t at, depth = 0, end = s.len - i > ANGLE_MAX ? i + ANGLE_MAX : s.len;
	bool arrows = i + 1 < s.len && s.s[i + 1] != '/';

	for (at = i; at < end; at++) {
		if (s.s[at] == '<')
			depth++;
		else if (s.s[at] == '>' && !(arrows && s.s[at - 1] == '-') && --depth == 0)
			return at + 1;
	}
	return i + 1;
}

static size_t next_place(struct str s, size_t i)
{
	switch (s.s[i]) {
	case '"':
		return behind_string(s, i);
	case '/':
		return i + 1 < s.len && s.s[i + 1] == '*' ? behind_comment(s, i) : i + 1;
	case '<':
		if (i && isalnum((unsigned char)s.s[i - 1]) && i + 1 < s.len && s.s[i + 1] != '<')
			return behind_angle(s, i);
		return i + 1;
	default:
		return i + 1;
	}
}

struct str st_take(struct str *rest)
{
	struct str s = *rest;
	size_t i = 0, depth = 0;

	while (i < s.len) {
		char c = s.s[i];

		if (depth == 0 && (c == ',' || c == ')' || c == ']' || c == '}'))
			break;
		if (c == '(' || c == '[' || c == '{')
			depth++;
		else if (c == ')' || c == ']' || c == '}')
			depth--;
		i = next_place(s, i);
	}
	if (i > s.len)
		i = s.len;
	*rest = (struct str){s.s + i, s.len - i};
	return trim((struct str){s.s, i});
}

bool st_element(struct str *rest, struct str *out)
{
	if (!rest->len || (rest->s[0] != '[' && rest->s[0] != '{' && rest->s[0] != ','))
		return false;
	rest->s++;
	rest->len--;
	*out = st_take(rest);
	return out->len != 0;
}

struct str st_member(struct str braces, const char *name)
{
	struct str part, key;

	while (st_element(&braces, &part))
		if (str_take_char(&part, '=', &key) && part.s && str_eqs(key, name))
			return part;
	return STR_NONE;
}

static bool take_duration(struct str *s, uint64_t *dur)
{
	const char *open;
	struct str part;

	if (!s->len || s->s[s->len - 1] != '>')
		return false;
	open = memrchr(s->s, '<', s->len);
	if (!open)
		return false;
	part = (struct str){open + 1, s->len - (size_t)(open - s->s) - 2};
	if (seconds(part, dur))
		return false;
	s->len = (size_t)(open - s->s);
	return true;
}

int st_call(struct st_call *out, struct str text)
{
	struct str value;

	*out = (struct st_call){0};
	text = trim(text);
	for (;;) {
		value = st_take(&text);
		if (value.len && out->n == ST_ARGS)
			return -EINVAL;
		if (value.len)
			out->arg[out->n++] = value;
		if (!take_text(&text, STR(",")))
			break;
	}
	if (!take_text(&text, STR(")")))
		return -EINVAL;
	text = trim(text);
	if (!take_text(&text, STR("=")))
		return -EINVAL;
	text = trim(text);
	out->has_dur = take_duration(&text, &out->dur);
	out->result = trim(text);
	return out->result.len ? 0 : -EINVAL;
}

int st_number(struct str text, uint64_t *out)
{
	const char *comment = memmem(text.s ? text.s : "", text.len, "/*", 2);
	int64_t n;

	if (comment)
		text.len = (size_t)(comment - text.s);
	text = trim(text);
	if (str_u64(text, out) == 0 && (text.len == 1 || text.s[0] != '0'))
		return 0;
	if (text.len > 2 && text.s[0] == '0' && text.s[1] == 'x') {
		size_t i;

		if (text.len > 18)
			return -EINVAL;
		for (*out = 0, i = 2; i < text.len; i++) {
			int digit = str_hex_digit(text.s[i]);

			if (digit < 0)
				return -EINVAL;
			*out = *out << 4 | (unsigned)digit;
		}
		return 0;
	}
	if (str_num(text, &n))
		return -EINVAL;
	*out = (uint64_t)n;
	return 0;
}

/* What the kernel keeps to itself, and other names that are no errors of programs. */
static int64_t restart_number(struct str name)
{
	return str_eqs(name, "ERESTARTSYS")	       ? 512
	       : str_eqs(name, "ERESTARTNOINTR")       ? 513
	       : str_eqs(name, "ERESTARTNOHAND")       ? 514
	       : str_eqs(name, "ERESTART_RESTARTBLOCK") ? 516
						       : 0;
}

int st_result(struct str text, int64_t *out)
{
	struct str word = STR_NONE, name = STR_NONE;
	uint64_t n;
	int64_t code;

	str_take_char(&text, ' ', &word);
	str_take_char(&text, ' ', &name);
	if (str_eqs(word, "?") || str_eqs(word, "-1")) {
		code = name.s ? errno_by_name(name) : 0;
		if (!code && name.s)
			code = restart_number(name);
		if (!code && name.s && take_text(&name, STR("ERRNO_")) && str_i64(name, &code))
			return -EINVAL;
		*out = -code;
		if (code > 0 && code < 4096)
			return 0;
		return str_eqs(word, "?") ? -ENODATA : -EINVAL;
	}
	if (st_fd(word, &n, &name))
		return -EINVAL;
	*out = (int64_t)n;
	return 0;
}

int st_fd(struct str text, uint64_t *fd, struct str *path)
{
	const char *angle = memchr(text.s ? text.s : "", '<', text.len);
	struct str number = text;

	*path = STR_NONE;
	if (angle) {
		size_t end = behind_angle(text, (size_t)(angle - text.s));

		number.len = (size_t)(angle - text.s);
		*path = (struct str){angle + 1, end - number.len > 2 ? end - number.len - 2 : 0};
	}
	if (str_eqs(number, "AT_FDCWD")) {
		*fd = (uint64_t)(int64_t)AT_FDCWD;
		return 0;
	}
	return st_number(number, fd);
}

/* ---- flags ---- */

/* Names that no flag of a replay has: of modes, of sockets, of arguments of fcntl. */
static const struct {
	const char *name;
	uint64_t value;
} names[] = {{"S_IFREG", S_IFREG}, {"S_IFDIR", S_IFDIR}, {"S_IFLNK", S_IFLNK}, {"S_IFIFO", S_IFIFO},
	{"S_IFCHR", S_IFCHR}, {"S_IFBLK", S_IFBLK}, {"S_IFSOCK", S_IFSOCK}, {"S_ISUID", S_ISUID},
	{"S_ISGID", S_ISGID}, {"S_ISVTX", S_ISVTX}, {"F_OK", 0}, {"X_OK", 1}, {"W_OK", 2}, {"R_OK", 4},
	{"SOCK_STREAM", SOCK_STREAM}, {"SOCK_DGRAM", SOCK_DGRAM}, {"SOCK_RAW", SOCK_RAW},
	{"SOCK_SEQPACKET", SOCK_SEQPACKET}, {"SOCK_NONBLOCK", SOCK_NONBLOCK}, {"SOCK_CLOEXEC", SOCK_CLOEXEC},
	{"O_CLOEXEC", O_CLOEXEC}, {"O_NONBLOCK", O_NONBLOCK}, {"O_DIRECT", O_DIRECT}, {"O_EXCL", O_EXCL},
	{"EFD_CLOEXEC", O_CLOEXEC}, {"EFD_NONBLOCK", O_NONBLOCK}, {"EFD_SEMAPHORE", 1},
	{"SFD_CLOEXEC", O_CLOEXEC}, {"SFD_NONBLOCK", O_NONBLOCK}, {"TFD_CLOEXEC", O_CLOEXEC},
	{"TFD_NONBLOCK", O_NONBLOCK}, {"EPOLL_CLOEXEC", O_CLOEXEC}, {"IN_CLOEXEC", O_CLOEXEC},
	{"IN_NONBLOCK", O_NONBLOCK}, {"PIDFD_NONBLOCK", O_NONBLOCK}, {"MFD_CLOEXEC", 1},
	{"MFD_ALLOW_SEALING", 2}, {"MFD_HUGETLB", 4}, {"FAN_CLOEXEC", 1}, {"FAN_NONBLOCK", 2},
	{"PERF_FLAG_FD_CLOEXEC", 8}, {"FD_CLOEXEC", 1}, {"F_RDLCK", F_RDLCK}, {"F_WRLCK", F_WRLCK},
	{"F_UNLCK", F_UNLCK}, {"SIGCHLD", SIGCHLD}, {"CLONE_DETACHED", 0x00400000}, {"CLONE_NEWUTS", CLONE_NEWUTS},
	{"CLONE_NEWIPC", CLONE_NEWIPC}, {"CLONE_NEWCGROUP", CLONE_NEWCGROUP}, {"CLONE_IO", CLONE_IO},
	{"CLONE_CLEAR_SIGHAND", 0x100000000}, {"O_NDELAY", O_NONBLOCK}, {"FASYNC", O_ASYNC},
	{"AT_STATX_SYNC_AS_STAT", 0}, {"MAP_FILE", 0}, {"PROT_NONE", 0}, {"F_GETLK64", 5}, {"F_SETLK64", 6},
	{"F_SETLKW64", 7},
	{"STATX_TYPE", 1}, {"STATX_MODE", 2}, {"STATX_NLINK", 4}, {"STATX_UID", 8}, {"STATX_GID", 0x10},
	{"STATX_ATIME", 0x20}, {"STATX_MTIME", 0x40}, {"STATX_CTIME", 0x80}, {"STATX_INO", 0x100},
	{"STATX_SIZE", 0x200}, {"STATX_BLOCKS", 0x400}, {"STATX_BASIC_STATS", 0x7ff}, {"STATX_BTIME", 0x800},
	{"STATX_ALL", 0xfff}, {"STATX_MNT_ID", 0x1000}, {"STATX_DIOALIGN", 0x2000},
	{"STATX_MNT_ID_UNIQUE", 0x4000}, {"STATX_SUBVOL", 0x8000}, {"RWH_WRITE_LIFE_NOT_SET", 0},
	{"RWH_WRITE_LIFE_NONE", 1}, {"RWH_WRITE_LIFE_SHORT", 2}, {"RWH_WRITE_LIFE_MEDIUM", 3},
	{"RWH_WRITE_LIFE_LONG", 4}, {"RWH_WRITE_LIFE_EXTREME", 5}, {"F_SEAL_SEAL", 1}, {"F_SEAL_SHRINK", 2},
	{"F_SEAL_GROW", 4}, {"F_SEAL_WRITE", 8}, {"F_SEAL_FUTURE_WRITE", 16}, {"LOCK_MAND", 32},
	{"POSIX_FADV_DONTNEED", 4}, {"POSIX_FADV_NOREUSE", 5}, {"IN_ACCESS", 1}, {"IN_MODIFY", 2},
	{"IN_ATTRIB", 4}, {"IN_CLOSE_WRITE", 8}, {"IN_CLOSE_NOWRITE", 0x10}, {"IN_OPEN", 0x20},
	{"IN_MOVED_FROM", 0x40}, {"IN_MOVED_TO", 0x80}, {"IN_CREATE", 0x100}, {"IN_DELETE", 0x200},
	{"IN_DELETE_SELF", 0x400}, {"IN_MOVE_SELF", 0x800}, {"IN_ONLYDIR", 0x01000000},
	{"IN_DONT_FOLLOW", 0x02000000}, {"IN_EXCL_UNLINK", 0x04000000}, {"IN_MASK_CREATE", 0x10000000},
	{"IN_MASK_ADD", 0x20000000}, {"IN_ISDIR", 0x40000000}, {"IN_ONESHOT", 0x80000000}};

static int by_name(enum arg_kind kind, struct str name, uint64_t *out)
{
	size_t i;

	if (!flags_parse(kind, name, out))
		return 0;
	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (str_eqs(name, names[i].name)) {
			*out = names[i].value;
			return 0;
		}
	return -EINVAL;
}

int st_flags(enum arg_kind kind, struct str text, uint64_t *out)
{
	const char *comment = memmem(text.s ? text.s : "", text.len, "/*", 2);
	struct str name;
	uint64_t bit;

	*out = 0;
	if (comment)
		text.len = (size_t)(comment - text.s);
	text = trim(text);
	while (str_take_char(&text, '|', &name)) {
		if (st_number(name, &bit) && by_name(kind, name, &bit))
			return -EINVAL;
		*out |= bit;
	}
	return 0;
}
