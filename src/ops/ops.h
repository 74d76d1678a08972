/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_OPS_OPS_H
#define IORIOT_OPS_OPS_H

#include <stdbool.h>
#include <stdint.h>

#include "utils/str.h"

/* What is derived from ops.def: the numbering, the rows, the argument kinds and their keys. */

enum op_id {
#define OP(name, ...) OP_##name,
#include "ops/ops.def"
	OP_COUNT
};

enum op_family {
	FAM_FS,
	FAM_Memory,
	FAM_AIO,
	FAM_Process,
	FAM_State,
	FAM_IPC,
	FAM_Network,
	FAM_Polling,
	FAM_Sched,
	FAM_Signals,
	FAM_Time,
	FAM_Security,
	FAM_Misc,
	FAM_Block, /* from here on of OPF_LAYER: one family is one layer */
	FAM_Cache,
	FAM_Fault,
	FAM_Net,
	FAM_Conn,
	FAM_Poll,
	FAM_Sockopt,
	FAM_Retrans,
	FAM_Proc,
	FAM_Uring,
	FAM_COUNT
};

/* Only READ, WRITE and TRANSFER results are bytes and may enter byte totals. */
enum op_class { CLS_UNCLASSIFIED, CLS_READ, CLS_WRITE, CLS_TRANSFER, CLS_COUNT };

enum op_flag {
	OPF_NEWFD = 1, /* a result >= 0 is a new descriptor (fcntl: for the F_DUPFD commands) */
	OPF_LIST = 2,  /* a .replay line carries a list: descriptors closed, or parent:child pairs */
	OPF_FORK = 4,  /* the result is a new task; a .replay line names its process and thread */
	OPF_STATE = 8, /* not a system call */
	OPF_NOFILE = 16, /* only captures have it: most make descriptors of what is no file */
	OPF_NEWMAP = 32, /* a result >= 0 is a new memory map; a .replay line names it */
	OPF_LAYER = 64	 /* an event of another layer than calls; only captures have it */
};

enum op_compare {
	CMP_EXACT, /* same value, same errno */
	CMP_OK,	   /* both succeeded, or the same errno */
	CMP_SIGN,  /* both > 0, both 0, or the same errno (lengths that depend on names or hashes) */
	CMP_SEEK,  /* as CMP_EXACT, but as CMP_OK on directories, whose offsets are cookies */
	CMP_NONE   /* has no result of its own in a replay */
};

/*
 * What an argument register holds. A struct behind a pointer is taken apart into the numbers that
 * matter; where they are kept in struct rec (trace/rec.h) is said here.
 * The kinds themselves are in args.def.
 */
enum arg_form {
	FORM_NONE,  /* not recorded: output buffers, sizes of structs, padding */
	FORM_DEC,   /* signed decimal */
	FORM_UDEC,  /* unsigned decimal */
	FORM_OCT,   /* octal with a leading 0 */
	FORM_HEX,   /* 0x... */
	FORM_FLAGS, /* decimal in a capture, NAME+NAME+0x.. in a replay (ops/flags.h) */
	FORM_FD,    /* descriptor: captured number, or AT_FDCWD; a virtual descriptor in a replay */
	FORM_PATH,  /* escaped byte string, rec->path */
	FORM_PATH2, /* escaped byte string, rec->path2 */
	FORM_IOV,   /* segment lengths, rec->vec */
	FORM_EXTENTS, /* offset+length pairs, rec->vec */
	FORM_TUPLES, /* tuples of numbers, all in rec->vec; how many each has: tuple_infos */
	FORM_ADDR,    /* address in hex; in a replay MAP:OFFSET:LENGTH triples of parts, rec->vec */
	FORM_ADDR2,   /* address in hex; not in a replay */
	FORM_PAGES,   /* offset+length pairs, rec->vec; not in a replay, which has them in FORM_ADDR */
	FORM_TIMES, /* two times, rec->ts: SEC.NSEC, or "now"/"omit"; both missing: "null" */
	FORM_OFFPTR, /* offset behind a pointer: signed decimal, or one of the OFFPTR_ values */
	FORM_CTX,   /* an AIO context: hex in a capture, a virtual one or "none" in a replay */
	FORM_SQE,   /* a submission to an io_uring: rec->sqe */
	FORM_FARG,  /* fcntl's third argument: a number, or a struct flock in arg[2..5] */
	FORM_IARG,  /* ioctl's third argument: numbers in arg[2..5], destinations in rec->vec */
	FORM_BYTES  /* bytes in hex, rec->path2: of a file handle its type and what is behind it */
};

enum arg_kind {
#define ARG(kind, key, form, wire) A_##kind,
#include "ops/args.def"
	A_COUNT
};

/* FORM_OFFPTR: no offset a call can succeed with is one of these. */
#define OFFPTR_NULL ((uint64_t)INT64_MIN)     /* "-": the descriptor's own offset */
#define OFFPTR_BAD  ((uint64_t)INT64_MIN + 1) /* "bad": could not be read, EFAULT */

#define OP_ARGS 6

struct op {
	const char *name;
	uint8_t name_len;
	int nr_x86_64, nr_aarch64;
	enum op_family family;
	enum op_class cls;
	unsigned flags;
	enum op_compare cmp;
	uint8_t arg[OP_ARGS]; /* enum arg_kind */
};

struct arg_info {
	const char *name;
	char key; /* 0 = not recorded */
	enum arg_form form;
};

/* FORM_TUPLES: so many numbers in each tuple, and (a bit each) which of them are signed. */
struct tuple_info {
	uint8_t numbers;
	uint32_t is_signed;
};

extern const struct op ops[OP_COUNT];
extern const struct arg_info arg_infos[A_COUNT];
extern const struct tuple_info tuple_infos[A_COUNT];
extern const char *const op_family_names[FAM_COUNT];
extern const char *const op_class_names[CLS_COUNT];

/* The operation of that name, also by the names of older capture formats; -1 when unknown. */
int op_find(struct str name);
/* The same, sooner: eight bytes can be read at the name and at its end. */
int op_find_at(const char *name, size_t len);

/* The operation with that system call number on the machine this runs on, or -1. */
int op_by_nr(long nr);
long op_nr(enum op_id op); /* number on this machine, or -1 */

/* Index of the first argument of that kind, or -1. The table is filled before main(). */
extern int8_t op_arg_indices[OP_COUNT][A_COUNT];
static inline int op_arg_index(enum op_id op, enum arg_kind kind)
{
	return op_arg_indices[op][kind];
}
/* Has it an argument that struct rec has fields of its own for, FORM_TIMES or FORM_SQE? Filled before main(). */
extern bool op_has_structs[OP_COUNT];
static inline bool op_ends_thread(enum op_id op)
{
	return op == OP_exit || op == OP_exit_group || op == OP_task_end;
}

static inline bool op_has(enum op_id op, enum arg_kind kind)
{
	return op_arg_index(op, kind) >= 0;
}

/* Calls that have no row, src/ops/families.def: a capture does not have them, but a family they have. */
struct other_call {
	const char *name;
	enum op_family family;
};
extern const struct other_call other_calls[];
extern const unsigned other_call_count;

/* The arguments that a .replay, and that a .capture has of an operation, in order. Filled before main(). */
struct op_fields {
	uint8_t n;
	struct op_field {
		uint8_t index, kind, form; /* of arg[], enum arg_kind, enum arg_form */
	} field[OP_ARGS];
};
extern struct op_fields op_fields[OP_COUNT], op_recorded[OP_COUNT];

/* Calls that make, move or take away what their names lead to; those that open may do so, too. */
bool op_changes_names(enum op_id op);

#endif
