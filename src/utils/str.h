/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_UTILS_STR_H
#define IORIOT_UTILS_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A byte string that somebody else owns; not terminated. Its bytes may be anything, NUL included. */
struct str {
	const char *s;
	size_t len;
};

#define STR(lit) ((struct str){(lit), sizeof(lit) - 1})
#define STR_NONE ((struct str){NULL, 0})

static inline struct str str_of(const char *s)
{
	return (struct str){s, s ? strlen(s) : 0};
}

static inline bool str_eq(struct str a, struct str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.s, b.s, a.len) == 0);
}

static inline bool str_eqs(struct str a, const char *b)
{
	return str_eq(a, str_of(b));
}

bool str_starts(struct str s, struct str prefix);

/*
 * Whole-string number parsers: the entire string must be the number, in range; no leading blanks,
 * no '+'. Return 0 or -EINVAL / -ERANGE.
 */
int str_u64(struct str s, uint64_t *out);
int str_i64(struct str s, int64_t *out);   /* decimal, optional '-' */
int str_num(struct str s, int64_t *out);   /* decimal, 0x hex or leading-0 octal, optional '-' */
int str_octal(struct str s, uint64_t *out);

int str_hex_digit(char c); /* 0..15, or -1 */

/*
 * Takes what stands before the first SEP of *rest, which then starts behind SEP. Without a SEP the
 * whole rest is taken and *rest becomes {NULL, 0}. False when *rest was {NULL, 0} already.
 */
bool str_take(struct str *rest, struct str sep, struct str *out);
bool str_take_char(struct str *rest, char sep, struct str *out);

/* Digits of V at P (no NUL); returns the end. P holds 21 bytes at least. */
char *str_put_u64(char *p, uint64_t v);
char *str_put_i64(char *p, int64_t v);

/* The same of numbers that mostly have one digit. */
static inline char *str_put_short(char *p, uint64_t v)
{
	if (v >= 10)
		return str_put_u64(p, v);
	*p = (char)('0' + v);
	return p + 1;
}

#endif
