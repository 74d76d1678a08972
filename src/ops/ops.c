/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/ops.h"

#define A1(a)			A_##a
#define A2(a, b)		A_##a, A_##b
#define A3(a, b, c)		A_##a, A_##b, A_##c
#define A4(a, b, c, d)		A_##a, A_##b, A_##c, A_##d
#define A5(a, b, c, d, e)	A_##a, A_##b, A_##c, A_##d, A_##e
#define A6(a, b, c, d, e, f)	A_##a, A_##b, A_##c, A_##d, A_##e, A_##f
#define PICK(_0, _1, _2, _3, _4, _5, _6, name, ...) name
#define A0() A_NONE
#define ARG_LIST(...) PICK(0, ##__VA_ARGS__, A6, A5, A4, A3, A2, A1, A0)(__VA_ARGS__)

const struct op ops[OP_COUNT] = {
#define OP(opname, x86, arm, fam, class, flg, compare, args, model, replay)                        \
	[OP_##opname] = {.name = #opname,                                                          \
		.nr_x86_64 = x86,                                                                  \
		.nr_aarch64 = arm,                                                                 \
		.family = FAM_##fam,                                                               \
		.cls = CLS_##class,                                                                \
		.flags = flg,                                                                      \
		.cmp = compare,                                                                    \
		.arg = {ARG_LIST args}},
#include "ops/ops.def"
};

const struct arg_info arg_infos[A_COUNT] = {
#define ARG(kind, k, f, wire) [A_##kind] = {.name = #kind, .key = k[0], .form = f},
#include "ops/args.def"
};

const struct tuple_info tuple_infos[A_COUNT] = {
#define ARG(kind, k, f, wire)
#define TUPLE(kind, count, signed_bits) [A_##kind] = {.numbers = count, .is_signed = signed_bits},
#include "ops/args.def"
};

const char *const op_family_names[FAM_COUNT] = {"FS", "AIO", "Process", "State"};
const char *const op_class_names[CLS_COUNT] = {"UNCLASSIFIED", "READ", "WRITE", "TRANSFER"};

/* Names in captures of versions 3 and 4 that are not the kernel's own of today. */
static const struct {
	const char *old;
	enum op_id op;
} aliases[] = {
	{"fstatat", OP_newfstatat},
	{"fstatat64", OP_newfstatat},
	{"statfs64", OP_statfs},
	{"fstatfs64", OP_fstatfs},
	{"llseek", OP_lseek},
	{"readdir", OP_getdents},
	{"chown16", OP_chown},
	{"lchown16", OP_lchown},
	{"fchown16", OP_fchown},
};

/* op + 1 by a hash of its name, open addressing; filled before main(), then only read. */
#define NAME_SLOTS 512
static uint8_t by_name[NAME_SLOTS];

static unsigned name_hash(struct str name)
{
	unsigned h = 0;
	size_t i;

	for (i = 0; i < name.len; i++)
		h = h * 31 + (unsigned char)name.s[i];
	return h;
}

__attribute__((constructor)) static void fill_by_name(void)
{
	unsigned i, h;

	for (i = 0; i < OP_COUNT; i++) {
		for (h = name_hash(str_of(ops[i].name)); by_name[h % NAME_SLOTS]; h++)
			;
		by_name[h % NAME_SLOTS] = (uint8_t)(i + 1);
	}
}

int op_find(struct str name)
{
	unsigned h, i;

	for (h = name_hash(name); by_name[h % NAME_SLOTS]; h++)
		if (str_eqs(name, ops[by_name[h % NAME_SLOTS] - 1].name))
			return by_name[h % NAME_SLOTS] - 1;
	for (i = 0; i < sizeof(aliases) / sizeof(*aliases); i++)
		if (str_eqs(name, aliases[i].old))
			return (int)aliases[i].op;
	return -1;
}

long op_nr(enum op_id op)
{
#if defined(__x86_64__)
	return ops[op].nr_x86_64;
#elif defined(__aarch64__)
	return ops[op].nr_aarch64;
#else
#error "no system call numbers for this architecture in ops.def"
#endif
}

int op_by_nr(long nr)
{
	int i;

	if (nr < 0)
		return -1;
	for (i = 0; i < OP_COUNT; i++)
		if (op_nr((enum op_id)i) == nr)
			return i;
	return -1;
}

int op_arg_index(enum op_id op, enum arg_kind kind)
{
	int i;

	for (i = 0; i < OP_ARGS; i++)
		if (ops[op].arg[i] == kind)
			return i;
	return -1;
}
