/* SPDX-License-Identifier: Apache-2.0 */
#include "utils/str.h"

#include <errno.h>

bool str_starts(struct str s, struct str prefix)
{
	return s.len >= prefix.len && (prefix.len == 0 || memcmp(s.s, prefix.s, prefix.len) == 0);
}

int str_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static int parse_base(struct str s, int base, uint64_t *out)
{
	uint64_t v = 0;
	size_t i;

	if (s.len == 0)
		return -EINVAL;
	for (i = 0; i < s.len; i++) {
		int d = str_hex_digit(s.s[i]);

		if (d < 0 || d >= base)
			return -EINVAL;
		if (__builtin_mul_overflow(v, (uint64_t)base, &v) ||
			__builtin_add_overflow(v, (uint64_t)d, &v))
			return -ERANGE;
	}
	*out = v;
	return 0;
}

int str_u64(struct str s, uint64_t *out)
{
	return parse_base(s, 10, out);
}

int str_octal(struct str s, uint64_t *out)
{
	return parse_base(s, 8, out);
}

static int apply_sign(uint64_t v, bool negative, int64_t *out)
{
	if (negative) {
		if (v > (uint64_t)INT64_MAX + 1)
			return -ERANGE;
		*out = (int64_t)(0 - v);
		return 0;
	}
	if (v > INT64_MAX)
		return -ERANGE;
	*out = (int64_t)v;
	return 0;
}

static bool take_minus(struct str *s)
{
	if (s->len == 0 || s->s[0] != '-')
		return false;
	s->s++;
	s->len--;
	return true;
}

int str_i64(struct str s, int64_t *out)
{
	bool negative = take_minus(&s);
	uint64_t v;
	int rc = parse_base(s, 10, &v);

	return rc ? rc : apply_sign(v, negative, out);
}

int str_num(struct str s, int64_t *out)
{
	bool negative = take_minus(&s);
	int base = 10;
	uint64_t v;
	int rc;

	if (s.len > 2 && s.s[0] == '0' && (s.s[1] == 'x' || s.s[1] == 'X')) {
		base = 16;
		s.s += 2;
		s.len -= 2;
	} else if (s.len > 1 && s.s[0] == '0') {
		base = 8;
	}
	rc = parse_base(s, base, &v);
	if (rc)
		return rc;
	if (base == 16 && !negative) { /* a 64-bit pattern is written as hex */
		*out = (int64_t)v;
		return 0;
	}
	return apply_sign(v, negative, out);
}

bool str_take(struct str *rest, struct str sep, struct str *out)
{
	const char *hit;

	if (!rest->s)
		return false;
	hit = rest->len ? memmem(rest->s, rest->len, sep.s, sep.len) : NULL;
	if (!hit) {
		*out = *rest;
		*rest = STR_NONE;
		return true;
	}
	*out = (struct str){rest->s, (size_t)(hit - rest->s)};
	rest->len -= out->len + sep.len;
	rest->s = hit + sep.len;
	return true;
}

bool str_take_char(struct str *rest, char sep, struct str *out)
{
	const char *hit;

	if (!rest->s)
		return false;
	hit = rest->len ? memchr(rest->s, sep, rest->len) : NULL;
	if (!hit) {
		*out = *rest;
		*rest = STR_NONE;
		return true;
	}
	*out = (struct str){rest->s, (size_t)(hit - rest->s)};
	rest->len -= out->len + 1;
	rest->s = hit + 1;
	return true;
}

/* "00", "01" ... "99" */
static char pairs[200];

__attribute__((constructor)) static void fill_pairs(void)
{
	int i;

	for (i = 0; i < 100; i++) {
		pairs[2 * i] = (char)('0' + i / 10);
		pairs[2 * i + 1] = (char)('0' + i % 10);
	}
}

static inline char *put_two(char *p, unsigned v)
{
	memcpy(p, pairs + 2 * v, 2);
	return p + 2;
}

static inline char *put_four(char *p, unsigned v)
{
	return put_two(put_two(p, v / 100), v % 100);
}

/* Without zeroes in front; below 10000. */
static inline char *put_first(char *p, unsigned v)
{
	unsigned high = v / 100;

	if (high) {
		if (high < 10)
			*p++ = (char)('0' + high);
		else
			p = put_two(p, high);
		return put_two(p, v % 100);
	}
	if (v >= 10)
		return put_two(p, v);
	*p = (char)('0' + v);
	return p + 1;
}

/* Captures are made of numbers: two digits at a time, the first ones first. */
char *str_put_u64(char *p, uint64_t v)
{
	unsigned low;

	if (v < 10000)
		return put_first(p, (unsigned)v);
	if (v < 100000000)
		return put_four(put_first(p, (unsigned)v / 10000), (unsigned)v % 10000);
	low = (unsigned)(v % 100000000);
	p = str_put_u64(p, v / 100000000);
	return put_four(put_four(p, low / 10000), low % 10000);
}

char *str_put_i64(char *p, int64_t v)
{
	if (v < 0) {
		*p++ = '-';
		return str_put_u64(p, 0 - (uint64_t)v);
	}
	return str_put_u64(p, (uint64_t)v);
}
