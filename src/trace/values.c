/* SPDX-License-Identifier: Apache-2.0 */
#include "trace/values.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ops/flags.h"
#include "trace/escape.h"

#define QUOTED 60

int flaw_report(const struct flaw *flaw, const char *path, uint64_t line, struct err *err)
{
	struct str at = flaw->at;
	char quoted[QUOTED + 4] = "";
	size_t i;

	if (!at.s)
		return err_set(err, EINVAL, "%s:%llu: %s", path, (unsigned long long)line, flaw->what);
	for (i = 0; i < at.len && i < QUOTED; i++)
		quoted[i] = at.s[i] < 0x20 || at.s[i] == 0x7f ? '?' : at.s[i];
	if (at.len > QUOTED)
		memcpy(quoted + QUOTED, "...", 3);
	return err_set(err, EINVAL, "%s:%llu: %s: '%s'", path, (unsigned long long)line,
		flaw->what, quoted);
}

uint64_t rec_clone_flags(const struct rec *r)
{
	switch ((int)r->op) {
	case OP_clone:
	case OP_clone3:
		return r->arg[0];
	case OP_vfork:
		return CLONE_VM | CLONE_VFORK;
	default:
		return 0;
	}
}

bool rec_fcntl_is_lock(uint64_t cmd)
{
	return cmd == F_GETLK || cmd == F_SETLK || cmd == F_SETLKW || cmd == F_OFD_GETLK ||
	       cmd == F_OFD_SETLK || cmd == F_OFD_SETLKW;
}

bool rec_fcntl_waits(uint64_t cmd)
{
	return cmd == F_SETLKW || cmd == F_OFD_SETLKW;
}

/* ---- numbers ---- */

static int any_sign(struct str s, uint64_t *out)
{
	int64_t v;

	if (s.len && s.s[0] == '-') {
		if (str_i64(s, &v))
			return -EINVAL;
		*out = (uint64_t)v;
		return 0;
	}
	return value_u64(s, out) ? -EINVAL : 0;
}

static int hex(struct str s, uint64_t *out)
{
	int64_t v;

	if (str_num(s, &v))
		return -EINVAL;
	*out = (uint64_t)v;
	return 0;
}

int value_number(enum arg_form form, struct str s, uint64_t *out)
{
	int64_t v;

	if (form == FORM_OCT)
		return str_octal(s, out) ? -EINVAL : 0;
	if (form == FORM_HEX || form == FORM_CTX)
		return hex(s, out);
	if (form == FORM_UDEC)
		return value_u64(s, out) ? -EINVAL : 0;
	if (form == FORM_FLAGS)
		return any_sign(s, out);
	if (value_i64(s, &v))
		return -EINVAL;
	*out = (uint64_t)v;
	return 0;
}

/* Digits of base 8 (3 bits) or 16 (4). */
static char *put_bits(char *p, unsigned bits, uint64_t v)
{
	unsigned digits = v ? (63 - (unsigned)__builtin_clzll(v)) / bits + 1 : 1, i;

	for (i = digits; i-- > 0; v >>= bits)
		p[i] = "0123456789abcdef"[v & ((1u << bits) - 1)];
	return p + digits;
}

char *value_put_number(char *p, enum arg_form form, uint64_t v)
{
	if (form == FORM_OCT) {
		if (v)
			*p++ = '0';
		return put_bits(p, 3, v);
	}
	if (form == FORM_HEX || form == FORM_CTX) {
		*p++ = '0';
		*p++ = 'x';
		return put_bits(p, 4, v);
	}
	if (form == FORM_UDEC || form == FORM_FLAGS)
		return str_put_u64(p, v);
	return str_put_i64(p, (int64_t)v);
}

void value_print_number(struct buf *out, enum arg_form form, uint64_t v)
{
	if (buf_reserve(out, VALUE_NUMBER_MOST))
		out->len = (size_t)(value_put_number(out->p + out->len, form, v) - out->p);
}

/* ---- vectors ---- */

static int push(u64_vec *vec, uint64_t v)
{
	uint64_t *slot = vec_push(vec);

	if (!slot)
		return -ENOMEM;
	*slot = v;
	return 0;
}

/* An empty list must not be mistaken for no list: readers tell them apart by the pointer. */
static int empty(u64_vec *vec)
{
	int rc = push(vec, 0);

	vec->n = 0;
	return rc;
}

static int iov_run(u64_vec *vec, struct str word)
{
	uint64_t len, times = 1;
	struct str first;

	str_take_char(&word, 'x', &first);
	if (value_u64(first, &len))
		return -EINVAL;
	if (word.s && value_u64(word, &times))
		return -EINVAL;
	if (times == 0 || times > REC_IOV_MAX - vec->n)
		return -EINVAL;
	while (times--)
		if (push(vec, len))
			return -ENOMEM;
	return 0;
}

int value_iov(u64_vec *vec, struct str s)
{
	struct str word;
	int rc = empty(vec);

	if (rc || str_eq(s, STR("-")))
		return rc;
	while (rc == 0 && str_take_char(&s, ',', &word))
		rc = iov_run(vec, word);
	return rc;
}

void value_print_iov(struct buf *out, const uint64_t *v, uint32_t n)
{
	uint32_t i, run;

	if (n == 0)
		buf_char(out, '-');
	for (i = 0; i < n; i += run) {
		for (run = 1; i + run < n && v[i + run] == v[i]; run++)
			;
		if (i)
			buf_char(out, ',');
		buf_u64(out, v[i]);
		if (run > 1) {
			buf_char(out, 'x');
			buf_u64(out, run);
		}
	}
}

static int extent(u64_vec *vec, struct str word)
{
	uint64_t off, len;
	struct str first;

	str_take_char(&word, '+', &first);
	if (!word.s || value_u64(first, &off) || value_u64(word, &len))
		return -EINVAL;
	if (off > INT64_MAX || len > INT64_MAX - off)
		return -EINVAL;
	return push(vec, off) || push(vec, len) ? -ENOMEM : 0;
}

int value_extents(u64_vec *vec, struct str s)
{
	struct str word;
	int rc = empty(vec);

	if (rc || str_eq(s, STR("-")))
		return rc;
	while (rc == 0 && str_take_char(&s, ',', &word))
		rc = extent(vec, word);
	return rc;
}

void value_print_extents(struct buf *out, const uint64_t *v, uint32_t n)
{
	uint32_t i;

	if (n == 0)
		buf_char(out, '-');
	for (i = 0; i + 1 < n; i += 2) {
		if (i)
			buf_char(out, ',');
		buf_u64(out, v[i]);
		buf_char(out, '+');
		buf_u64(out, v[i + 1]);
	}
}

static int tuple(u64_vec *vec, struct str word, const struct tuple_info *t)
{
	struct str part;
	uint64_t v;
	unsigned i;

	if (t->numbers == 0 || vec->n > REC_TUPLES_MAX - t->numbers)
		return -EINVAL;
	for (i = 0; i < t->numbers; i++) {
		v = 0;
		if (i == 0 || word.s) {
			enum arg_form form = t->is_signed >> i & 1 ? FORM_DEC : FORM_UDEC;

			str_take_char(&word, ':', &part);
			if (value_number(form, part, &v))
				return -EINVAL;
		}
		if (push(vec, v))
			return -ENOMEM;
	}
	return word.s ? -EINVAL : 0;
}

int value_tuples(u64_vec *vec, struct str s, const struct tuple_info *t)
{
	struct str word;
	int rc = empty(vec);

	if (rc || str_eq(s, STR("-")))
		return rc;
	while (rc == 0 && str_take_char(&s, ',', &word))
		rc = tuple(vec, word, t);
	return rc;
}

static void print_tuple(struct buf *out, const struct tuple_info *t, const uint64_t *v)
{
	unsigned i, n = t->numbers;

	while (n > 1 && v[n - 1] == 0)
		n--;
	for (i = 0; i < n; i++) {
		if (i)
			buf_char(out, ':');
		value_print_number(out, t->is_signed >> i & 1 ? FORM_DEC : FORM_UDEC, v[i]);
	}
}

void value_print_tuples(struct buf *out, const struct tuple_info *t, const uint64_t *v, uint32_t n)
{
	uint32_t i;

	if (t->numbers == 0 || n < t->numbers)
		buf_char(out, '-');
	for (i = 0; t->numbers && n - i >= t->numbers; i += t->numbers) {
		if (i)
			buf_char(out, ',');
		print_tuple(out, t, v + i);
	}
}

/* ---- times ---- */

static int one_time(struct timespec *ts, struct str s)
{
	int64_t sec, nsec;
	struct str first;

	if (str_eq(s, STR("now")) || str_eq(s, STR("omit"))) {
		*ts = (struct timespec){0, s.len == 3 ? UTIME_NOW : UTIME_OMIT};
		return 0;
	}
	str_take_char(&s, '.', &first);
	/* fewer digits would be read as a fraction by people and as a count by us */
	if (!s.s || s.len < 9 || value_i64(first, &sec) || value_i64(s, &nsec))
		return -EINVAL;
	if (nsec == TIMES_NULL) /* taken: says that there are no times */
		return -EINVAL;
	if (nsec == UTIME_NOW || nsec == UTIME_OMIT) /* the kernel ignores the seconds then */
		sec = 0;
	*ts = (struct timespec){sec, nsec};
	return 0;
}

int value_times(struct timespec ts[2], struct str s)
{
	struct str first;

	if (str_eq(s, STR("null"))) {
		ts[0] = ts[1] = (struct timespec){0, TIMES_NULL};
		return 0;
	}
	str_take_char(&s, ',', &first);
	if (!s.s || one_time(&ts[0], first) || one_time(&ts[1], s))
		return -EINVAL;
	return 0;
}

static void print_time(struct buf *out, const struct timespec *ts)
{
	if (ts->tv_nsec == UTIME_NOW)
		buf_puts(out, "now");
	else if (ts->tv_nsec == UTIME_OMIT)
		buf_puts(out, "omit");
	else
		buf_addf(out, "%lld.%09lld", (long long)ts->tv_sec, (long long)ts->tv_nsec);
}

void value_print_times(struct buf *out, const struct timespec ts[2])
{
	if (ts[0].tv_nsec == TIMES_NULL) {
		buf_puts(out, "null");
		return;
	}
	print_time(out, &ts[0]);
	buf_char(out, ',');
	print_time(out, &ts[1]);
}

/* ---- offsets behind pointers ---- */

int value_offptr(struct str s, uint64_t *out)
{
	if (str_eq(s, STR("-")))
		*out = OFFPTR_NULL;
	else if (str_eq(s, STR("bad")))
		*out = OFFPTR_BAD;
	else
		return value_number(FORM_DEC, s, out);
	return 0;
}

void value_print_offptr(struct buf *out, uint64_t v)
{
	if (v == OFFPTR_NULL)
		buf_char(out, '-');
	else if (v == OFFPTR_BAD)
		buf_puts(out, "bad");
	else
		buf_i64(out, (int64_t)v);
}

/* ---- fcntl ---- */

struct word {
	struct str name;
	int64_t value;
};

static const struct word lock_types[] = {{STR("F_RDLCK"), F_RDLCK}, {STR("F_WRLCK"), F_WRLCK},
	{STR("F_UNLCK"), F_UNLCK}, {STR_NONE, 0}};
static const struct word lock_whences[] = {{STR("SEEK_SET"), SEEK_SET}, {STR("SEEK_CUR"), SEEK_CUR},
	{STR("SEEK_END"), SEEK_END}, {STR_NONE, 0}};

static int word_value(const struct word *words, struct str s, uint64_t *out)
{
	for (; words->name.s; words++)
		if (str_eq(words->name, s)) {
			*out = (uint64_t)words->value;
			return 0;
		}
	return value_number(FORM_DEC, s, out);
}

static void word_print(struct buf *out, const struct word *words, uint64_t value, bool names)
{
	for (; names && words->name.s; words++)
		if (words->value == (int64_t)value) {
			buf_str(out, words->name);
			return;
		}
	buf_i64(out, (int64_t)value);
}

int value_farg(uint64_t *arg, struct str s, bool *lock)
{
	struct str part[4];
	int n = 0;

	while (n < 4 && str_take_char(&s, ',', &part[n]))
		n++;
	if (s.s || (n != 1 && n != 4))
		return -EINVAL;
	*lock = n == 4;
	if (n == 1)
		return value_number(FORM_DEC, part[0], &arg[2]);
	if (word_value(lock_types, part[0], &arg[2]) || word_value(lock_whences, part[1], &arg[3]) ||
		value_number(FORM_DEC, part[2], &arg[4]) ||
		value_number(FORM_DEC, part[3], &arg[5]))
		return -EINVAL;
	return 0;
}

void value_print_farg(struct buf *out, const struct rec *rec, bool names)
{
	if (!rec_fcntl_is_lock(rec->arg[1])) {
		buf_i64(out, (int64_t)rec->arg[2]);
		return;
	}
	word_print(out, lock_types, rec->arg[2], names);
	buf_char(out, ',');
	word_print(out, lock_whences, rec->arg[3], names);
	buf_char(out, ',');
	buf_i64(out, (int64_t)rec->arg[4]);
	buf_char(out, ',');
	buf_i64(out, (int64_t)rec->arg[5]);
}

/* ---- submissions ---- */

/* A number, or "-" for none. */
static int maybe_u32(struct str s, uint32_t *out)
{
	*out = SQE_NONE;
	return str_eq(s, STR("-")) ? 0 : value_u32(s, out) || *out == SQE_NONE ? -EINVAL : 0;
}

int value_sqe(struct sqe *sqe, struct str s, bool names)
{
	struct str part[6];
	uint64_t flags;
	int n = 0, rc;

	while (n < 6 && str_take_char(&s, ':', &part[n]))
		n++;
	*sqe = (struct sqe){0};
	if (s.s || n != (names ? 5 : 6))
		return -EINVAL;
	rc = names ? flags_parse(A_SQE, part[2], &flags) : value_u64(part[2], &flags);
	if (rc || flags > UINT32_MAX || value_u32(part[0], &sqe->ring) ||
		value_u64(part[1], &sqe->number) || maybe_u32(part[3], &sqe->buffer) ||
		maybe_u32(part[4], &sqe->slot) ||
		(!names && value_number(FORM_HEX, part[5], &sqe->user)))
		return -EINVAL;
	sqe->flags = (uint32_t)flags;
	return 0;
}

static void print_maybe(struct buf *out, uint32_t v)
{
	buf_char(out, ':');
	if (v == SQE_NONE)
		buf_char(out, '-');
	else
		buf_u64(out, v);
}

void value_print_sqe(struct buf *out, const struct sqe *sqe, bool names)
{
	buf_u64(out, sqe->ring);
	buf_char(out, ':');
	buf_u64(out, sqe->number);
	buf_char(out, ':');
	if (names)
		flags_print(out, A_SQE, sqe->flags);
	else
		buf_u64(out, sqe->flags);
	print_maybe(out, sqe->buffer);
	print_maybe(out, sqe->slot);
	if (names)
		return;
	buf_char(out, ':');
	value_print_number(out, FORM_HEX, sqe->user);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int value_hex_bytes(struct buf *text, struct str s, struct str *out)
{
	size_t i;

	*out = STR_NONE;
	if (str_eq(s, STR("-")))
		return 0;
	if (s.len == 0 || s.len % 2 || s.len / 2 > VALUE_BYTES_MAX)
		return -EINVAL;
	text->len = 0;
	for (i = 0; i < s.len; i += 2) {
		int high = hex_digit(s.s[i]), low = hex_digit(s.s[i + 1]);

		if (high < 0 || low < 0)
			return -EINVAL;
		buf_char(text, (char)(high << 4 | low));
	}
	*out = buf_as_str(text);
	return buf_ok(text) ? 0 : -ENOMEM;
}

void value_print_hex_bytes(struct buf *out, struct str bytes)
{
	size_t i;

	if (!bytes.len)
		buf_char(out, '-');
	for (i = 0; i < bytes.len; i++) {
		buf_char(out, "0123456789abcdef"[(unsigned char)bytes.s[i] >> 4]);
		buf_char(out, "0123456789abcdef"[(unsigned char)bytes.s[i] & 15]);
	}
}

int value_bytes(struct buf *text, struct str s, struct str *out)
{
	if (!escape_needed(s)) {
		*out = s;
		return s.len && memchr(s.s, 0, s.len) ? -EINVAL : 0;
	}
	text->len = 0;
	if (escape_decode(text, s))
		return -EINVAL;
	*out = buf_as_str(text);
	if (!buf_ok(text))
		return -ENOMEM;
	return memchr(out->s, 0, out->len) ? -EINVAL : 0;
}
