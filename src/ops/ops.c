/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/ops.h"
#include "ops/row.h"

const struct op ops[OP_COUNT] = {
#define OP(opname, x86, arm, fam, class, flg, compare, args, model, replay)                        \
	[OP_##opname] = {.name = #opname,                                                          \
		.name_len = sizeof(#opname) - 1,                                                   \
		.nr_x86_64 = x86,                                                                  \
		.nr_aarch64 = arm,                                                                 \
		.family = FAM_##fam,                                                               \
		.cls = CLS_##class,                                                                \
		.flags = flg,                                                                      \
		.cmp = compare,                                                                    \
		.arg = {OP_KINDS args}},
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

const struct other_call other_calls[] = {
#define CALL(name, family) {#name, FAM_##family},
#include "ops/families.def"
};
const unsigned other_call_count = sizeof(other_calls) / sizeof(other_calls[0]);

const char *const op_family_names[FAM_COUNT] = {
	[FAM_FS] = "FS",
	[FAM_Memory] = "Memory",
	[FAM_AIO] = "AIO",
	[FAM_Process] = "Process",
	[FAM_State] = "State",
	[FAM_IPC] = "IPC",
	[FAM_Network] = "Network",
	[FAM_Polling] = "Polling",
	[FAM_Sched] = "Sched",
	[FAM_Signals] = "Signals",
	[FAM_Time] = "Time",
	[FAM_Security] = "Security",
	[FAM_Misc] = "Misc",
	[FAM_Block] = "Block",
	[FAM_Cache] = "Cache",
	[FAM_Fault] = "Fault",
	[FAM_Net] = "Net",
	[FAM_Conn] = "Conn",
	[FAM_Poll] = "Poll",
	[FAM_Sockopt] = "Sockopt",
	[FAM_Retrans] = "Retrans",
	[FAM_Proc] = "Proc",
	[FAM_Uring] = "Uring",
};
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

/* The ends of a name, which overlap where it is short: all of one of up to 16 bytes. */
struct name_ends {
	uint64_t first, last;
};

static uint64_t eight_at(const char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static struct name_ends ends_of(struct str name)
{
	struct name_ends ends = {0};

	memcpy(&ends.first, name.s, name.len < 8 ? name.len : 8);
	if (name.len > 8)
		ends.last = eight_at(name.s + name.len - 8);
	return ends;
}

/* Operations by a hash of their names, open addressing; filled before main(), then only read. */
#define NAME_SLOTS 512
static struct name_slot {
	struct name_ends ends;
	uint8_t len; /* 0: nothing is here */
	uint8_t op;
} by_name[NAME_SLOTS];
_Static_assert(OP_COUNT < UINT8_MAX, "an operation does not fit into a byte");

static unsigned name_hash(struct name_ends e)
{
	return (unsigned)((e.first * 0x9e3779b97f4a7c15u ^ e.last * 0xc2b2ae3d27d4eb4fu) >> 48);
}

__attribute__((constructor)) static void fill_by_name(void)
{
	unsigned i, h;

	for (i = 0; i < OP_COUNT; i++) {
		struct name_ends ends = ends_of(str_of(ops[i].name));

		for (h = name_hash(ends); by_name[h % NAME_SLOTS].len; h++)
			;
		by_name[h % NAME_SLOTS] = (struct name_slot){ends, ops[i].name_len, (uint8_t)i};
	}
}

/* Of two names with the same ends. */
static __attribute__((noinline)) bool same_name(const struct name_slot *slot, const char *name)
{
	return memcmp(name, ops[slot->op].name, slot->len) == 0;
}

static inline int find(struct name_ends ends, const char *name, size_t len)
{
	unsigned h;

	for (h = name_hash(ends); by_name[h % NAME_SLOTS].len; h++) {
		const struct name_slot *slot = &by_name[h % NAME_SLOTS];

		if (slot->ends.first == ends.first && slot->ends.last == ends.last && slot->len == len &&
			(len <= 16 || same_name(slot, name)))
			return slot->op;
	}
	return -1;
}

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "what is behind a short name is in the upper bytes");

int op_find_at(const char *name, size_t len)
{
	struct name_ends ends = {eight_at(name), 0};

	if (len > 8)
		ends.last = eight_at(name + len - 8);
	else if (len < 8)
		ends.first &= ((uint64_t)1 << 8 * len) - 1;
	return find(ends, name, len);
}

int op_find(struct str name)
{
	unsigned i;
	int op = name.len ? find(ends_of(name), name.s, name.len) : -1;

	for (i = 0; op < 0 && i < sizeof(aliases) / sizeof(*aliases); i++)
		if (str_eqs(name, aliases[i].old))
			op = (int)aliases[i].op;
	return op;
}

int8_t op_arg_indices[OP_COUNT][A_COUNT];
bool op_has_structs[OP_COUNT];

__attribute__((constructor)) static void fill_arg_indices(void)
{
	int op, i;

	memset(op_arg_indices, -1, sizeof(op_arg_indices));
	for (op = 0; op < OP_COUNT; op++)
		for (i = OP_ARGS - 1; i >= 0; i--)
			op_arg_indices[op][ops[op].arg[i]] = (int8_t)i;
	for (op = 0; op < OP_COUNT; op++)
		for (i = 0; i < OP_ARGS; i++) {
			enum arg_form form = arg_infos[ops[op].arg[i]].form;

			op_has_structs[op] |= form == FORM_TIMES || form == FORM_SQE;
		}
}

struct op_fields op_fields[OP_COUNT], op_recorded[OP_COUNT];

static void add_field(struct op_fields *f, int index, uint8_t kind)
{
	f->field[f->n++] = (struct op_field){(uint8_t)index, kind, (uint8_t)arg_infos[kind].form};
}

__attribute__((constructor)) static void fill_fields(void)
{
	int op, i;

	for (op = 0; op < OP_COUNT; op++)
		for (i = 0; i < OP_ARGS; i++) {
			uint8_t kind = ops[op].arg[i];
			enum arg_form form = arg_infos[kind].form;

			if (form != FORM_NONE && form != FORM_ADDR2 && form != FORM_PAGES)
				add_field(&op_fields[op], i, kind);
			if (form != FORM_NONE && arg_infos[kind].key)
				add_field(&op_recorded[op], i, kind);
		}
}

long op_nr(enum op_id op)
{
	return OP_NR(ops[op].nr_x86_64, ops[op].nr_aarch64);
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

bool op_changes_names(enum op_id op)
{
	switch (op) {
	case OP_mkdir:
	case OP_mkdirat:
	case OP_mknod:
	case OP_mknodat:
	case OP_bind:
	case OP_rmdir:
	case OP_unlink:
	case OP_unlinkat:
	case OP_rename:
	case OP_renameat:
	case OP_renameat2:
	case OP_link:
	case OP_linkat:
	case OP_symlink:
	case OP_symlinkat:
		return true;
	default:
		return false;
	}
}
