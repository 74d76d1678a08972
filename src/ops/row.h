/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_OPS_ROW_H
#define IORIOT_OPS_ROW_H

#include "ops/ops.h"

/*
 * For functions that are made of each row of ops.def while compiling: what the table says is a
 * constant in them, and what it rules out is not even looked at.
 */

#define OP_ALWAYS_INLINE static inline __attribute__((always_inline))

/*
 * What is written out for each row of the table, and in it for each argument. With a sanitizer's
 * checks in each copy that takes a compiler minutes, so there one function serves all rows.
 */
#ifndef __has_feature
#define __has_feature(feature) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) ||                               \
	__has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define OP_EACH_ROW static __attribute__((noinline))
#define OP_EACH_ARG
#else
#define OP_EACH_ROW OP_ALWAYS_INLINE
#define OP_EACH_ARG _Pragma("GCC unroll 6")
#endif

/* The ARGS of a row as an initializer: OP_KINDS (FD, RBUF, LEN) is A_FD, A_RBUF, A_LEN. */
#define OP_KINDS0()		       A_NONE
#define OP_KINDS1(a)		       A_##a
#define OP_KINDS2(a, b)		       A_##a, A_##b
#define OP_KINDS3(a, b, c)	       A_##a, A_##b, A_##c
#define OP_KINDS4(a, b, c, d)	       A_##a, A_##b, A_##c, A_##d
#define OP_KINDS5(a, b, c, d, e)       A_##a, A_##b, A_##c, A_##d, A_##e
#define OP_KINDS6(a, b, c, d, e, f)    A_##a, A_##b, A_##c, A_##d, A_##e, A_##f
#define OP_KINDS_PICK(_0, _1, _2, _3, _4, _5, _6, name, ...) name
#define OP_KINDS(...)                                                                              \
	OP_KINDS_PICK(0, ##__VA_ARGS__, OP_KINDS6, OP_KINDS5, OP_KINDS4, OP_KINDS3, OP_KINDS2,     \
		OP_KINDS1, OP_KINDS0)(__VA_ARGS__)

/* 1 when the row is issued by exec_call(), 0 when it has a function of its own. */
#define OP_IS_CALL(replay)		OP_IS_CALL_SECOND(OP_IS_CALL_##replay, 0, 0)
#define OP_IS_CALL_SECOND(...)		OP_IS_CALL_SECOND_(__VA_ARGS__)
#define OP_IS_CALL_SECOND_(a, b, ...)	b
#define OP_IS_CALL_call			0, 1

/* The number of the system call on the machine this is compiled for. */
#if defined(__x86_64__)
#define OP_NR(x86, arm) (x86)
#elif defined(__aarch64__)
#define OP_NR(x86, arm) (arm)
#else
#error "no system call numbers for this architecture in ops.def"
#endif

/* arg_infos[kind].form. */
OP_ALWAYS_INLINE enum arg_form op_form(enum arg_kind kind)
{
	static const uint8_t forms[A_COUNT] = {
#define ARG(kind, key, form, wire) [A_##kind] = form,
#include "ops/args.def"
	};

	return (enum arg_form)forms[kind];
}

#endif
