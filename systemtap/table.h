/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#ifndef IORIOT_SYSTEMTAP_TABLE_H
#define IORIOT_SYSTEMTAP_TABLE_H

/*
 * What is to be done for each system call, by its number. Derived from ops.def, args.def and
 * unrecorded.def when the module is loaded; a unit test builds the same table in user space.
 */

#include "capture/wire.h"
#include "ops/ioctl.h"

#ifdef __KERNEL__
enum op_flag {
	OPF_NEWFD = 1,
	OPF_LIST = 2,
	OPF_FORK = 4,
	OPF_STATE = 8,
	OPF_NOFILE = 16,
	OPF_NEWMAP = 32,
	OPF_LAYER = 64
};
#else
#include "ops/ops.h"
#endif

#define ROW_NUMBERS 512
#define ROW_ARGS    6

enum row_op {
	ROW_NONE,
#define OP(name, ...) ROW_##name,
#include "ops/ops.def"
};

enum row_kind {
#define ARG(kind, key, form, wire) KIND_##kind,
#include "ops/args.def"
	KIND_COUNT
};

static const unsigned char row_wire[KIND_COUNT] = {
#define ARG(kind, key, form, wire) [KIND_##kind] = WIRE_ARG_##wire,
#include "ops/args.def"
};

enum row_what {
	ROW_NOT_WATCHED,
	ROW_CALL,	/* of ops.def */
	ROW_UNRECORDED, /* of unrecorded.def */
	ROW_SIGRETURN,	/* a handler is over */
	ROW_RESTART,	/* the kernel makes an interrupted call again */
	ROW_IDENTITY	/* a thread's name or user changes, on which filters depend */
};

enum row_flag {
	ROW_HAS_ITEMS = 1, /* something must be fetched when it ends ... */
	ROW_AT_ENTRY = 2,  /* ... or when it begins */
	ROW_FORKS = 4,
	ROW_EXECS = 8,
	ROW_EXITS = 16,
	ROW_MOVES = 32,	    /* paths do not start where the process is after the call */
	ROW_BY_COMMAND = 64, /* only the commands of ops/ioctl.def */
	ROW_SENDS = 128,    /* descriptors: recorded at its entry, and only if there are any */
	ROW_RECEIVES = 256, /* the same, recorded when it ends */
	ROW_MEMORY = 512,   /* about files at some addresses only */
	ROW_RINGS = 1024,   /* about rings of io_uring: has items of their own */
	ROW_OWNS = 2048,    /* tells whose descriptor it was */
	ROW_LISTS = 4096,   /* sets an attribute, which may be an access control list */
	ROW_ONLY_FILE = 8192 /* does nothing to anything but the file of its first argument */
};

enum row_facts {
	FACTS_NONE,
	FACTS_OF_RESULT,
	FACTS_OF_STAT,
	FACTS_OF_STATX,
	FACTS_DIRECTORY /* none, but which directory it was */
};

struct row {
	unsigned char op; /* enum row_op */
	unsigned char what;
	unsigned short flags;
	unsigned char facts;	       /* enum row_facts, of a call that succeeded */
	unsigned char values;	       /* registers that are handed over as they are */
	unsigned char value[ROW_ARGS]; /* which these are */
	unsigned char kind[ROW_ARGS];  /* enum row_kind */
	unsigned char need;	       /* enum wire_need; 0: every call is worth a record */
};

static struct row rows[ROW_NUMBERS];

/* Is the call watched with this second argument? */
static inline int row_takes(const struct row *row, unsigned int command)
{
	return !(row->flags & ROW_BY_COMMAND) || ioctl_shape(command) >= 0;
}

static inline int row_has(const struct row *row, enum row_kind kind)
{
	int i;

	for (i = 0; i < ROW_ARGS; i++)
		if (row->kind[i] == kind)
			return 1;
	return 0;
}

static inline void row_set_args(struct row *row)
{
	int i;

	for (i = 0; i < ROW_ARGS; i++) {
		unsigned char wire = row_wire[row->kind[i]];

		if (wire == WIRE_ARG_VALUE || wire == WIRE_ARG_FARG || wire == WIRE_ARG_IARG)
			row->value[row->values++] = (unsigned char)i;
		if (wire != WIRE_ARG_VALUE && wire != WIRE_ARG_NONE)
			row->flags |= ROW_HAS_ITEMS;
	}
}

enum row_class { ROW_CLASS_UNCLASSIFIED, ROW_CLASS_READ, ROW_CLASS_WRITE, ROW_CLASS_TRANSFER };

/* Without it nothing is unknown but what becomes of the file of its first argument. */
static inline int row_is_only_of_file(const struct row *row, enum row_class class)
{
	if (row->kind[0] != KIND_FD || row->flags & (ROW_SENDS | ROW_RECEIVES | ROW_RINGS) || row_has(row, KIND_FD2))
		return 0;
	switch (row->op) {
	case ROW_fsync:
	case ROW_fdatasync:
	case ROW_sync_file_range:
	case ROW_lseek:
	case ROW_fstat:
	case ROW_fstatfs:
	case ROW_fadvise64:
	case ROW_readahead:
	case ROW_ftruncate:
	case ROW_fallocate:
		return 1;
	}
	return class == ROW_CLASS_READ || class == ROW_CLASS_WRITE;
}

static inline void row_set_by_name(struct row *row, int op_flags)
{
	if ((op_flags & OPF_NEWFD) && row_has(row, KIND_PATH))
		row->facts = FACTS_OF_RESULT;
	if (op_flags & OPF_FORK)
		row->flags |= ROW_FORKS;
	switch (row->op) {
	case ROW_stat:
	case ROW_lstat:
	case ROW_fstat:
	case ROW_newfstatat:
		row->facts = FACTS_OF_STAT;
		break;
	case ROW_statx:
		row->facts = FACTS_OF_STATX;
		break;
	case ROW_setxattr:
	case ROW_lsetxattr:
	case ROW_fsetxattr:
	case ROW_setxattrat:
		row->flags |= ROW_LISTS;
		break;
	case ROW_getdents:
	case ROW_getdents64:
		row->facts = FACTS_DIRECTORY;
		break;
	case ROW_execve:
		row->flags |= ROW_EXECS;
		break;
	case ROW_execveat: /* its registers are gone at the end */
		row->flags |= ROW_EXECS | ROW_AT_ENTRY;
		break;
	case ROW_exit:
	case ROW_exit_group:
		row->flags |= ROW_EXITS | ROW_AT_ENTRY;
		break;
	case ROW_chdir:
	case ROW_chroot:
		row->flags |= ROW_MOVES | ROW_AT_ENTRY;
		break;
	case ROW_open_by_handle_at:
		row->facts = FACTS_OF_RESULT;
		break;
	case ROW_mmap:
	case ROW_munmap:
	case ROW_mremap:
	case ROW_msync:
	case ROW_madvise:
		row->flags |= ROW_MEMORY;
		break;
	case ROW_ioctl: /* FIBMAP overwrites the number of the block with that on the disk */
		row->flags |= ROW_BY_COMMAND | ROW_AT_ENTRY;
		break;
	case ROW_sendmsg:
	case ROW_sendmmsg:
		row->flags |= ROW_SENDS | ROW_AT_ENTRY;
		break;
	case ROW_recvmsg:
	case ROW_recvmmsg:
		row->flags |= ROW_RECEIVES;
		break;
	case ROW_pidfd_getfd:
		row->flags |= ROW_RECEIVES | ROW_OWNS;
		break;
	case ROW_io_uring_setup:
	case ROW_io_uring_enter:
		row->flags |= ROW_RINGS | ROW_AT_ENTRY;
		break;
	case ROW_io_uring_register:
		row->flags |= ROW_RINGS;
		break;
	case ROW_fcntl: /* F_GETLK overwrites the lock that it was asked for */
		row->flags |= ROW_AT_ENTRY;
		break;
	}
}

static inline void row_set_call(
	int number, enum row_op op, enum row_class class, int op_flags, const unsigned char kind[ROW_ARGS])
{
	struct row *row;
	int i;

	if (number < 0 || number >= ROW_NUMBERS)
		return;
	row = &rows[number];
	*row = (struct row){.op = (unsigned char)op, .what = ROW_CALL};
	for (i = 0; i < ROW_ARGS; i++)
		row->kind[i] = kind[i];
	row_set_args(row);
	row_set_by_name(row, op_flags);
	if (row_is_only_of_file(row, class))
		row->flags |= ROW_ONLY_FILE;
	if (row->facts)
		row->flags |= ROW_HAS_ITEMS;
}

#define ROW_KINDS1(a)					KIND_##a
#define ROW_KINDS2(a, b)				KIND_##a, KIND_##b
#define ROW_KINDS3(a, b, c)				KIND_##a, KIND_##b, KIND_##c
#define ROW_KINDS4(a, b, c, d)				KIND_##a, KIND_##b, KIND_##c, KIND_##d
#define ROW_KINDS5(a, b, c, d, e)			KIND_##a, KIND_##b, KIND_##c, KIND_##d, KIND_##e
#define ROW_KINDS6(a, b, c, d, e, f)			KIND_##a, KIND_##b, KIND_##c, KIND_##d, KIND_##e, KIND_##f
#define ROW_KINDS0()					KIND_NONE
#define ROW_PICK(_0, _1, _2, _3, _4, _5, _6, name, ...) name
#define ROW_KINDS(...)                                                                             \
	ROW_PICK(0, ##__VA_ARGS__, ROW_KINDS6, ROW_KINDS5, ROW_KINDS4, ROW_KINDS3, ROW_KINDS2,     \
		ROW_KINDS1, ROW_KINDS0)                                                            \
	(__VA_ARGS__)

/* What the pointers of a submission lead to, by its opcode: enum row_kind as in its row. */
#define OPCODES 64
static unsigned char opcode_kinds[OPCODES][ROW_ARGS];

static inline void opcode_set(int opcode, const unsigned char kind[ROW_ARGS])
{
	int i;

	for (i = 0; opcode >= 0 && opcode < OPCODES && i < ROW_ARGS; i++)
		opcode_kinds[opcode][i] = kind[i];
}

static inline void opcodes_init(void)
{
	static const unsigned char kinds[][ROW_ARGS] = {
#define OP(name, x86_64, aarch64, family, class, op_flags, compare, args, model, replay)           \
	[ROW_##name] = {ROW_KINDS args},
#include "ops/ops.def"
	};
#define URING(name, opcode, fixed, plain)                                                          \
	opcode_set(opcode, kinds[ROW_##name]);                                                     \
	opcode_set(fixed, kinds[ROW_##name]);
#include "ops/uring.def"
}

/* OP_NUMBER(x86_64, aarch64) is the one of this machine. */
static inline void rows_init(void)
{
#define OP(name, x86_64, aarch64, family, class, op_flags, compare, args, model, replay)           \
	row_set_call(OP_NUMBER(x86_64, aarch64), ROW_##name, ROW_CLASS_##class, op_flags,          \
		(const unsigned char[ROW_ARGS]){ROW_KINDS args});
#include "ops/ops.def"
#define UNRECORDED_CALL(x86_64, aarch64, why) rows[OP_NUMBER(x86_64, aarch64)].what = ROW_UNRECORDED;
#include "ops/unrecorded.def"
	opcodes_init();
}

#endif
