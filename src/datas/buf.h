/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_DATAS_BUF_H
#define IORIOT_DATAS_BUF_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "utils/str.h"

/*
 * A growing byte buffer. A failed allocation is remembered in 'failed' and later appends do
 * nothing, so that a caller checks once, at the end: -ENOMEM when buf_ok() is false.
 */
struct buf {
	char *p;
	size_t len, cap;
	bool failed;
};

#define BUF_INIT ((struct buf){0})

void buf_free(struct buf *b);
bool buf_grow(struct buf *b, size_t more); /* buf_reserve() without room */
void buf_add_slow(struct buf *b, const void *p, size_t len); /* buf_add() without room */
void buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_i64(struct buf *b, int64_t v);

/* Room for MORE bytes behind len. */
static inline bool buf_reserve(struct buf *b, size_t more)
{
	return (b->cap - b->len >= more && b->p && !b->failed) || buf_grow(b, more);
}

static inline void buf_add(struct buf *b, const void *p, size_t len)
{
	if (b->cap - b->len < len) {
		buf_add_slow(b, p, len);
	} else if (len) {
		memcpy(b->p + b->len, p, len);
		b->len += len;
	}
}

static inline void buf_char(struct buf *b, char c)
{
	if (b->len < b->cap || buf_reserve(b, 1))
		b->p[b->len++] = c;
}

#define BUF_DIGITS 21 /* of any number, with its sign */

static inline void buf_u64(struct buf *b, uint64_t v)
{
	if (v < 10)
		buf_char(b, (char)('0' + v));
	else if (b->cap - b->len >= BUF_DIGITS || buf_reserve(b, BUF_DIGITS))
		b->len = (size_t)(str_put_u64(b->p + b->len, v) - b->p);
}

static inline void buf_str(struct buf *b, struct str s)
{
	buf_add(b, s.s, s.len);
}

static inline void buf_puts(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

static inline bool buf_ok(const struct buf *b)
{
	return !b->failed;
}

static inline struct str buf_as_str(const struct buf *b)
{
	return (struct str){b->p ? b->p : "", b->len};
}

/*
 * Growing array of any type: VEC(type) declares the struct; vec_push() returns a pointer to a new
 * zeroed element or NULL when memory is out. Elements move when it grows.
 */
#define VEC(type)                                                                                  \
	struct {                                                                                   \
		type *v;                                                                           \
		size_t n, cap;                                                                     \
	}

typedef VEC(uint64_t) u64_vec;

bool vec_grow(void **v, size_t *cap, size_t need, size_t size);

#define vec_push(vec)                                                                              \
	(((vec)->n < (vec)->cap ||                                                                 \
		 vec_grow((void **)&(vec)->v, &(vec)->cap, (vec)->n + 1, sizeof(*(vec)->v)))       \
			? memset(&(vec)->v[(vec)->n++], 0, sizeof(*(vec)->v))                      \
			: NULL)

#define vec_free(vec)                                                                              \
	do {                                                                                       \
		free((vec)->v);                                                                    \
		memset((vec), 0, sizeof(*(vec)));                                                  \
	} while (0)

#endif
