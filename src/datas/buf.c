/* SPDX-License-Identifier: Apache-2.0 */
#include "datas/buf.h"

#include <stdarg.h>
#include <stdio.h>

void buf_free(struct buf *b)
{
	free(b->p);
	*b = BUF_INIT;
}

bool buf_grow(struct buf *b, size_t more)
{
	size_t cap = b->cap ? b->cap : 256, need;
	char *p = NULL;

	if (b->failed)
		return false;
	if (!__builtin_add_overflow(b->len, more, &need)) {
		while (cap < need && cap <= SIZE_MAX / 2)
			cap *= 2;
		p = cap >= need ? realloc(b->p, cap) : NULL;
	}
	if (!p) {
		b->failed = true;
		b->cap = b->len; /* so that nothing seems to fit */
		return false;
	}
	b->p = p;
	b->cap = cap;
	return true;
}

void buf_add_slow(struct buf *b, const void *p, size_t len)
{
	if (buf_reserve(b, len)) {
		memcpy(b->p + b->len, p, len);
		b->len += len;
	}
}

void buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0 || !buf_reserve(b, (size_t)n + 1))
		return;
	va_start(ap, fmt);
	vsnprintf(b->p + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
}

void buf_i64(struct buf *b, int64_t v)
{
	if (v >= 0)
		buf_u64(b, (uint64_t)v);
	else if (buf_reserve(b, BUF_DIGITS))
		b->len = (size_t)(str_put_i64(b->p + b->len, v) - b->p);
}

bool vec_grow(void **v, size_t *cap, size_t need, size_t size)
{
	size_t n = *cap ? *cap : 8, bytes;
	void *p;

	while (n < need)
		n *= 2;
	if (__builtin_mul_overflow(n, size, &bytes))
		return false;
	p = realloc(*v, bytes);
	if (!p)
		return false;
	*v = p;
	*cap = n;
	return true;
}
