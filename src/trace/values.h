/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_TRACE_VALUES_H
#define IORIOT_TRACE_VALUES_H

#include <errno.h>

#include "datas/buf.h"
#include "trace/rec.h"
#include "utils/err.h"
#include "utils/str.h"

/* What .capture and .replay write alike: numbers, vectors, times, locks, byte strings. */

/* What is wrong with a line: the reader that found it makes a sentence of it. */
struct flaw {
	const char *what;
	struct str at; /* the text that is wrong, {NULL} when it is what is missing */
};

/* "PATH:LINE: WHAT: 'AT'"; returns -EINVAL. AT is shortened and made printable. */
int flaw_report(const struct flaw *flaw, const char *path, uint64_t line, struct err *err);

static inline int flaw_at(struct flaw *flaw, const char *what, struct str at)
{
	*flaw = (struct flaw){what, at};
	return -EINVAL;
}

/*
 * Before a line is read: all but times and submissions, which are those of rows that have them, and facts.
 * Field by field, since that is a few stores where the whole struct is a loop.
 */
static inline void value_begin_rec(struct rec *r, uint64_t line)
{
	r->t = r->dur = 0;
	r->pid = r->tid = 0;
	r->op = (enum op_id)0;
	r->ret = 0;
	r->has_ret = false;
	memset(r->arg, 0, sizeof(r->arg));
	r->path = r->path2 = STR_NONE;
	r->vec = NULL;
	r->nvec = 0;
	r->sqe.ring = 0;
	r->line = line;
}

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the first digit is the lowest byte");

/* How many digits the eight bytes at P begin with, and what they are worth. */
static inline __attribute__((always_inline)) unsigned value_eight(const char *p, uint64_t *out)
{
	uint64_t v, other;
	unsigned n = 8;

	memcpy(&v, p, sizeof(v));
	v ^= 0x3030303030303030u; /* digits are 0 to 9 now, and nothing else is */
	other = ((v + 0x7676767676767676u) | v) & 0x8080808080808080u;
	if (__builtin_expect(other != 0, 1)) {
		unsigned bit = (unsigned)__builtin_ctzll(other); /* the highest one of a byte */

		n = bit / 8;
		v = v << 8 << (bit ^ 63); /* zeroes in front of them */
	}
	v = v * 10 + (v >> 8); /* pairs, in every second byte */
	*out = ((v & 0x000000ff000000ffu) * 0x000f424000000064u +
		       (v >> 16 & 0x000000ff000000ffu) * 0x0000271000000001u) >> 32;
	return n;
}

/* Adds the digits at P to *V. Returns what is behind them. */
static inline const char *value_add_digits(const char *p, const char *end, uint64_t *v)
{
	unsigned digit;

	for (; p < end && (digit = (unsigned char)*p - (unsigned)'0') <= 9; p++)
		*v = *v * 10 + digit;
	return p;
}

/* *S begins at P now; how much was taken. */
static inline size_t value_take_to(struct str *s, const char *p)
{
	size_t taken = (size_t)(p - s->s);

	s->s = p;
	s->len -= taken;
	return taken;
}

/*
 * Takes the digits in front of *S, which are what lines are full of; how many there were. As many as
 * VALUE_DIGITS cannot overflow.
 */
#define VALUE_DIGITS 19
static inline size_t value_take_digits(struct str *s, uint64_t *out)
{
	uint64_t v = 0;
	const char *p = value_add_digits(s->s, s->s + s->len, &v);

	*out = v;
	return value_take_to(s, p);
}

static const uint32_t value_powers[9] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000};

/*
 * The same in a line of a file (LINES_SLACK), whose LF ends digits if nothing else does: *P goes from byte
 * to byte of it, without asking where its end is.
 */
static inline __attribute__((always_inline)) size_t value_run(const char **p, uint64_t *out)
{
	unsigned n = value_eight(*p, out), taken = n;
	uint64_t more;

	while (__builtin_expect(n == 8, 0)) {
		n = value_eight(*p + taken, &more);
		*out = *out * value_powers[n] + more;
		taken += n;
	}
	*p += taken;
	return taken;
}

/* Where C is first in a line of a file from P on, or its END. */
static inline const char *value_find(const char *p, const char *end, char c)
{
	uint64_t v;

	for (; p < end; p += 8) {
		memcpy(&v, p, sizeof(v));
		v ^= 0x0101010101010101u * (unsigned char)c;
		v = (v - 0x0101010101010101u) & ~v & 0x8080808080808080u;
		if (v) {
			p += __builtin_ctzll(v) / 8;
			return p < end ? p : end;
		}
	}
	return end;
}

/* str_u64() */
static inline int value_u64(struct str s, uint64_t *out)
{
	if (s.len - 1 >= VALUE_DIGITS)
		return str_u64(s, out);
	value_take_digits(&s, out);
	return s.len ? -EINVAL : 0;
}

static inline int value_i64(struct str s, int64_t *out)
{
	uint64_t v;

	if (s.len - 1 > 17 || s.s[0] == '-')
		return str_i64(s, out);
	if (value_u64(s, &v))
		return -EINVAL;
	*out = (int64_t)v;
	return 0;
}

static inline int value_u32(struct str s, uint32_t *out)
{
	uint64_t v;

	if (value_u64(s, &v) || v > UINT32_MAX)
		return -EINVAL;
	*out = (uint32_t)v;
	return 0;
}

/* Of any of the number forms; 0 or -EINVAL. */
int value_number(enum arg_form form, struct str s, uint64_t *out);
void value_print_number(struct buf *out, enum arg_form form, uint64_t v);

#define VALUE_NUMBER_MOST 24

/* Behind P, where VALUE_NUMBER_MOST bytes have room; returns its end. */
char *value_put_number(char *p, enum arg_form form, uint64_t v);

/* "4096x3,100" or "-". At most REC_IOV_MAX segments. */
int value_iov(u64_vec *vec, struct str s);
void value_print_iov(struct buf *out, const uint64_t *v, uint32_t n);

/* "0+4096,8192+100" or "-". N counts values, two for an extent. */
int value_extents(u64_vec *vec, struct str s);
void value_print_extents(struct buf *out, const uint64_t *v, uint32_t n);

/*
 * "7:0:4096,1:5" or "-": tuples of T->numbers each; those that a tuple lacks at its end are 0, and are
 * not written. At most REC_TUPLES_MAX numbers. N counts numbers; what is no whole tuple is not written.
 */
int value_tuples(u64_vec *vec, struct str s, const struct tuple_info *t);
void value_print_tuples(struct buf *out, const struct tuple_info *t, const uint64_t *v, uint32_t n);

/* "SEC.NSEC,SEC.NSEC" (nine digits of NSEC), "now", "omit"; "null" for both. */
int value_times(struct timespec ts[2], struct str s);
void value_print_times(struct buf *out, const struct timespec ts[2]);

/* An offset behind a pointer: signed decimal, "-" for NULL, "bad" for one that cannot be read. */
int value_offptr(struct str s, uint64_t *out);
void value_print_offptr(struct buf *out, uint64_t v);

/* fcntl's argument: arg[2], or a lock in arg[2..5]. *LOCK says which of the two S was. */
int value_farg(uint64_t *arg, struct str s, bool *lock);
void value_print_farg(struct buf *out, const struct rec *rec, bool names);

/* "1:17:4:-:3" and, in a capture, ":USER_DATA" behind that; a replay has the flags as names. */
int value_sqe(struct sqe *sqe, struct str s, bool names);
void value_print_sqe(struct buf *out, const struct sqe *sqe, bool names);

/*
 * ioctl's argument. VEC gets the destinations of a dedupe; it and rec->vec are set only then.
 * Descriptors are captured numbers in a capture and virtual ones in a replay: FD knows.
 */
typedef int value_fd_read(struct str s, uint64_t *fd);
typedef void value_fd_print(struct buf *out, uint64_t fd);
int value_iarg(struct rec *rec, u64_vec *vec, struct str s, value_fd_read *fd);
void value_print_iarg(struct buf *out, const struct rec *rec, value_fd_print *fd);

/* Bytes in hex, two digits each; "-" for none. 0, -EINVAL, -ENOMEM. */
#define VALUE_BYTES_MAX 256
int value_hex_bytes(struct buf *text, struct str s, struct str *out);
void value_print_hex_bytes(struct buf *out, struct str bytes);

/*
 * A byte string: S itself, or decoded in TEXT when it has escapes. -EINVAL for a bad escape or a
 * NUL, which no path can hold. -ENOMEM.
 */
int value_bytes(struct buf *text, struct str s, struct str *out);

#endif
