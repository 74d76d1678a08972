/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#ifndef IORIOT_CAPTURE_WIRE_H
#define IORIOT_CAPTURE_WIRE_H

/*
 * What the code in the kernel hands to ioriot: the contract between systemtap/ and src/capture.
 * Included by both; numbers are in the byte order of the machine.
 *
 * Each processor fills blocks and hands over whole ones. A block is a struct wire_block, then records.
 * One without records only says that records were dropped.
 * It is padded with zeroes to WIRE_BLOCK or, when its one record is long, WIRE_BLOCK_LONG bytes:
 * with SystemTap's own header of 8 bytes these are one and two sub-buffers of its relay channel, the
 * only lengths that SystemTap 4.8 never drops. Another header makes other lengths; the reader takes
 * any length.
 *
 * A record is a struct wire_rec, then the values of its arguments, then items. All are
 * padded to 8 bytes. Records of one processor stand in the order of their times.
 *
 * Nothing here is trusted: readers check every length and every sequence.
 */

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stdint.h>
#endif

#define WIRE_ABI	1 /* of this file; the tables have a number of their own, IORIOT_TABLES */
#define WIRE_MAGIC	0x426f4949u
#define WIRE_BLOCK	4088
#define WIRE_BLOCK_LONG 8184
#define WIRE_LINK_MAX	1024
#define WIRE_REC_MAX	(WIRE_BLOCK_LONG - (int)sizeof(struct wire_block))

struct wire_block {
	uint32_t magic;
	uint16_t cpu;
	uint16_t used;	 /* bytes, this header included; the rest is padding */
	uint32_t seq;	 /* of this processor, from 0, also of blocks that were dropped */
	uint32_t count;	 /* records in it */
	uint64_t before; /* records that this processor made before those here, dropped ones included */
};

enum wire_kind {
	WIRE_CALL = 1, /* a system call with a row in ops.def; forks, execs and exits are such */
	WIRE_PART,     /* items of the next WIRE_CALL of this thread, told while that was under way:
			  what came earlier or has no room */
	WIRE_TASK,     /* state of a process, before its first call; WIRE_FD of it follow */
	WIRE_FD,       /* one descriptor of it */
	WIRE_TASK_END, /* a thread ended without an exit call of its own; arg[0] as of wait(2). 0: or
			  its process left the scope of "all" */
	WIRE_LOST,     /* arg[0] calls of this thread were missed, arg[1] is enum wire_lost */
	WIRE_RECEIVED, /* as WIRE_FD: what a call has brought, whose WIRE_CALL of this thread comes next */
	WIRE_FAULT,     /* a page of a map of a file was touched, outside of a call on memory */
	WIRE_UNRECORDED, /* a call of unrecorded.def that did something; nr tells which */
	WIRE_SUBMISSION, /* an io_uring has taken a submission: first WIRE_SQE, then what its pointers
			    lead to, as of a call; before the WIRE_CALL of the io_uring_enter that took it */
	WIRE_WORK,	 /* items of a submission, told while that was under way */
	WIRE_COMPLETION, /* ret is its result; WIRE_FACTS of what it opened */
	WIRE_EVENT,	 /* of another layer: nr is its place among the rows of ops.def; dur is its latency,
			    WIRE_FACTS are its file's; WIRE_PATH, WIRE_LOCAL, WIRE_PEER */
	WIRE_MAP	 /* behind the WIRE_FDs of a process: a map of a regular file that it has, but for those
			    of files that it maps for execution, too */
};

enum wire_lost {
	WIRE_LOST_SKIPPED, /* the end of a call was not seen */
	WIRE_LOST_COMPAT,  /* a call of the 32-bit or x32 interface */
	WIRE_LOST_MEMORY,  /* no memory for the state of a thread */
	WIRE_LOST_FAULT,   /* of a page fault in a call it is not known whether it failed */
	WIRE_LOST_MAPS	   /* the maps of a process when its state was told: somebody changed them */
};

enum wire_flag {
	WIRE_NO_ENTRY = 1,  /* it began before the state was told; dur is 0 when its entry was missed */
	WIRE_NO_RESULT = 2, /* exit, exit_group */
	WIRE_CREATED = 4,   /* the open made the file (FMODE_CREATED) */
	/* in records that have names: */
	WIRE_CHROOTED = 8, /* the process has another root directory than the one that wrote "start" */
	WIRE_FOREIGN = 16, /* ... another mount namespace */
	WIRE_POLLED = 32,  /* WIRE_SUBMISSION: taken by a thread of the kernel, not by a call */
	WIRE_REGULAR = 64  /* what an mmap shows is a regular file; not told where WIRE_FAULT has offsets */
};

/*
 * What makes a call worth a record when it is over, where only some are: all of these. Whoever reads on decides
 * once more, so that a record too many is no harm.
 */
enum wire_need {
	WIRE_NEED_FAILED = 1,
	WIRE_NEED_WORKED = 2,
	WIRE_NEED_PIDS = 4, /* its process, thread is one of those that were named */
	WIRE_NEED_TIDS = 8,
	WIRE_NEED_LATENCY = 16, /* it took at least so long */
	WIRE_NEED_UIDS = 32,	/* its thread's effective user, or name, is one of those that were named */
	WIRE_NEED_COMMS = 64
};
#define WIRE_NEED_IDS 16 /* that can be named, of each */
#define WIRE_WATCHED  64 /* that can be watched */

struct wire_rec {
	uint16_t size; /* bytes in all, a multiple of 8 */
	uint8_t kind;
	uint8_t flags;
	int32_t nr;    /* system call number */
	uint32_t tgid, tid; /* of the initial PID namespace */
	uint64_t t;    /* CLOCK_MONOTONIC ns: the call's end; state: the moment that it describes */
	uint64_t dur;
	int64_t ret;   /* of a fork: the new thread's tid */
};

/*
 * The values that follow a struct wire_rec, 8 bytes each:
 *   WIRE_CALL, WIRE_EVENT  registers of the arguments of its row whose wire_arg is VALUE, FARG or
 *               IARG, in their order
 *   WIRE_TASK   umask, uid, gid (effective), tgid of the parent when that is recorded, else 0
 *   WIRE_FD, WIRE_RECEIVED  descriptor, flags (F_GETFL, and O_CLOEXEC), offset
 *   WIRE_MAP    address, length, PROT_*, MAP_SHARED or MAP_PRIVATE, offset in the file
 *   WIRE_FAULT  address of the page, its offset in the file (WIRE_UNPLACED: whoever reads on knows what is
 *               mapped there, or that it shows no file), 1 when it is written, 2 more when it was there already
 *   WIRE_TASK_END, WIRE_LOST   as above
 *   WIRE_SUBMISSION  ring, request, number in the ring (32 bits of it)
 *   WIRE_WORK   ring, request
 *   WIRE_COMPLETION  ring, request (0: of none that is left), user_data, flags
 * Rings and requests are numbers that mean nothing, the same as long as the thing is there.
 */
#define WIRE_STRUCT_BYTES 16
#define WIRE_VALUES_TASK 4
#define WIRE_VALUES_FD	 3
#define WIRE_VALUES_FAULT 3
#define WIRE_UNPLACED	  UINT64_MAX
#define WIRE_VALUES_MAP	 5
#define WIRE_VALUES_SUBMISSION 3
#define WIRE_VALUES_WORK 2
#define WIRE_VALUES_COMPLETION 4

/* How an argument is handed over: the last column of ops/args.def. */
enum wire_arg {
	WIRE_ARG_NONE,	  /* not at all */
	WIRE_ARG_VALUE,	  /* the register, as a value */
	WIRE_ARG_PATH,	  /* an item each, from here on, missing when the pointer is bad ... */
	WIRE_ARG_PATH2,
	WIRE_ARG_IOV,	  /* the next argument says how many segments */
	WIRE_ARG_HOW,	  /* struct open_how; the next argument says how long */
	WIRE_ARG_CLARGS,
	WIRE_ARG_FARG,	  /* the register, as a value; for some commands WIRE_FLOCK or WIRE_HINT too */
	WIRE_ARG_OFFSET,  /* ... or NULL */
	WIRE_ARG_OFFSET2,
	WIRE_ARG_TIMES16, /* 16 or 32 bytes of times, or NULL */
	WIRE_ARG_TIMES32,
	/*
	 * WIRE_TUPLES, of any FORM_TUPLES; how they are fetched is said by values of their own, which
	 * readers take for this one
	 */
	WIRE_ARG_TUPLES,
	WIRE_ARG_FDS,
	WIRE_ARG_IARG,	  /* the register, as a value, and what it points to for the command before it */
	WIRE_ARG_IOCBS,   /* the argument before it says how many; as many as the kernel came to */
	WIRE_ARG_EVENTS,  /* the result says how many */
	WIRE_ARG_CTXP,    /* WIRE_CTX */
	WIRE_ARG_STRUCT,  /* struct xattr_args, struct cachestat_range */
	WIRE_ARG_HANDLE,  /* struct file_handle */
	WIRE_ARG_FATTR,	  /* struct file_attr */
	WIRE_ARG_COUNT
};

/* An item: this header, then LEN bytes, then padding to 8. Bytes of structs are as user space has them. */
struct wire_item {
	uint16_t type;
	uint16_t len;
	uint32_t pad;
};

enum wire_item_type {
	WIRE_PATH = 1, /* of a WIRE_ARG_PATH, without NUL; 4096 bytes: longer than any (ENAMETOOLONG) */
	WIRE_PATH2,
	WIRE_BASE,     /* struct wire_dir, then its name or nothing: what a relative WIRE_PATH starts from;
			  of getdents: what was read */
	WIRE_BASE2,    /* the same for WIRE_PATH2; not for targets and attribute names */
	WIRE_FACTS,    /* struct wire_facts of what was opened, stat'ed or given an attribute, afterwards */
	WIRE_BEFORE,   /* struct wire_facts of what WIRE_PATH named before the call, unfollowed; */
	WIRE_BEFORE2,  /* of WIRE_PATH2. No bytes: nothing was there. Missing: it could not be told */
	WIRE_CUT,      /* struct wire_facts of the file that a truncate or O_TRUNC is about to cut */
	WIRE_WAS,      /* struct wire_facts of the file that the call gives another mode or owner, before it */
	WIRE_IOV,      /* lengths of segments, uint64_t each; may come in several items */
	WIRE_HOW,      /* struct open_how, as much as the program gave */
	WIRE_CLARGS,   /* flags of struct clone_args, uint64_t */
	WIRE_FLOCK,    /* struct flock */
	WIRE_OFFSET,   /* int64_t, after the call: the kernel has added the result; no bytes: NULL */
	WIRE_OFFSET2,
	WIRE_TIMES,    /* no bytes: NULL */
	WIRE_POSITION, /* int64_t, with WIRE_NO_ENTRY: offset of the first argument's file afterwards */
	WIRE_CWD,      /* of WIRE_TASK: struct wire_dir and its name */
	WIRE_FD_PATH,  /* of WIRE_FD, WIRE_RECEIVED and WIRE_MAP: as /proc/PID/fd/N shows it */
	WIRE_DESCRIPTION, /* of WIRE_FD and WIRE_RECEIVED: uint64_t, the same for those that share one description */
	WIRE_LINK,     /* where the symbolic link of WIRE_BEFORE led; only if the kernel has that in */
	WIRE_LINK2,    /* memory and it is not longer than WIRE_LINK_MAX; of WIRE_BEFORE2 */
	WIRE_TUPLES,   /* whole tuples of numbers, uint64_t each (ops/args.def says how many there are in
			  one, ops/aio.h what they are); may come in several items */
	WIRE_FDS,      /* int32_t[2], after a call that worked */
	WIRE_IOCTL,    /* struct of an ioctl(2), its length by ops/ioctl.h, as it is after the call; of
			  FIBMAP, which overwrites it, before */
	WIRE_CTX,      /* uint64_t, after the call */
	WIRE_STRUCT,   /* of a WIRE_ARG_STRUCT, WIRE_STRUCT_BYTES of it */
	WIRE_HANDLE,   /* of a struct file_handle the type and as many bytes as it says, after the call */
	WIRE_HINT,     /* uint64_t, what F_SET_RW_HINT sets */
	WIRE_OWNER,    /* uint64_t, of pidfd_getfd: the process that the pidfd stands for; else WIRE_RECEIVED
			  came before, or it failed */
	WIRE_RING,     /* struct wire_ring, of calls about a ring, and of its WIRE_FD. Missing: what it does
			  is not told */
	WIRE_PARAMS,   /* uint32_t[2], of io_uring_setup: cq_entries and flags, as the program gave them */
	WIRE_REGISTERED, /* struct wire_registered, of io_uring_register; WIRE_IOV: lengths of buffers */
	WIRE_FILES,    /* ... int32_t, the descriptors; may come in several items */
	WIRE_SQE,      /* struct io_uring_sqe, the first 64 bytes of it */
	WIRE_LOCAL,    /* of a WIRE_EVENT about a socket: struct wire_socket, then its address, network byte
			  order: of IPv4 and IPv6 with the port behind it, of AF_UNIX sun_path */
	WIRE_PEER,     /* ... the other end's */
	WIRE_LIST,     /* of what sets an attribute of so many bytes or more: the first WIRE_LIST_HEAD and
			  the last WIRE_LIST_TAIL of its value; those of other attributes than access control
			  lists may be missing */
	WIRE_STAT,     /* struct wire_stat: as WIRE_FACTS, of a stat(2) */
	WIRE_ITEM_TYPES
};

#define WIRE_SQE_BYTES 64
/*
 * The kernel takes entries of an access control list in one order only (posix_acl_valid()): the first one is the
 * owner's, the last but one the mask or, when there is none, the group's, the last one that of others. With the
 * version in front they are a list of their own that gives the same permission bits.
 */
#define WIRE_LIST_HEAD	12
#define WIRE_LIST_TAIL	16
#define WIRE_LIST_BYTES 28
#define WIRE_UPDATE_MAX 4096 /* descriptors of a submission, whatever records it; one with more is not recorded */
#define WIRE_FILES_MAX 32768 /* of one call; beyond they are not told */

struct wire_ring {
	uint64_t id; /* not 0 */
	uint32_t sq_entries, cq_entries, flags; /* as they are */
	uint32_t ready; /* of io_uring_enter: completions that were there at its entry */
};

/* Whichever form of the call was used. */
struct wire_registered {
	uint32_t count, offset;
};

/*
 * A directory. ID is made from what identifies the inode; a directory's name is sent with the first
 * records that need it, and again now and then. Names are seen from the process's root; with
 * WIRE_CHROOTED or WIRE_FOREIGN a directory has another ID than without.
 */
struct wire_dir {
	uint64_t id; /* not 0 */
};

struct wire_socket {
	uint16_t family, type, protocol, pad; /* type 0: not known */
};

#define WIRE_ADDRESS_MAX 108

struct wire_facts {
	uint32_t dev_major, dev_minor; /* from stat(2), or of the super block (not the same on btrfs) */
	uint64_t ino;
	uint32_t mode, nlink, uid, gid;
	uint64_t size, blocks;
	uint32_t super; /* 1: dev is the super block's */
	uint32_t pad;
};

/* What stat(2) gave to the program: the first members of struct stat, of asm/stat.h. */
struct wire_stat {
#if defined(__TARGET_ARCH_arm64) || defined(__aarch64__)
	uint64_t dev, ino;
	uint32_t mode, nlink, uid, gid;
	uint64_t rdev, pad;
	int64_t size;
	int32_t block_size, pad2;
	int64_t blocks;
#else
	uint64_t dev, ino, nlink;
	uint32_t mode, uid, gid, pad;
	uint64_t rdev;
	int64_t size, block_size, blocks;
#endif
};

/*
 * The module's files in /proc/systemtap/MODULE/:
 *
 * trace0, trace1 ...  the blocks, one file a processor.
 *
 * ctl   takes one command a write(2):
 *	all		   every process is in scope, but for those excluded; targetedioriot
 *			   refuses with EPERM
 *	pid N		   so are process N, all its threads and descendants, and their children to come
 *	comm NAME	   of "all" only those whose thread group has one of these names (16 at most;
 *			   javaioriot has "java" until one is given)
 *	uid N		   of "all" only those with one of these real users (16 at most)
 *	exclude N	   process N, its threads and descendants are never in scope
 *	without N	   the call with number N (of ops.def, or a 32-bit one that does the same) makes no
 *			   records; before "start"
 *	layer NAME=N	   events of this layer, too: of those of one kind on a processor one in N; 0: they are
 *			   only summed up. "sys=0": no calls. Before "start"
 *	by_file		   calls that are only about a file, and events: only of files that are watched; before
 *			   "start"
 *	file MAJOR:MINOR:INODE	watch it, the device being the super block's; WIRE_WATCHED at most
 *	without_file MAJOR:MINOR:INODE	no longer
 *	start		   record from now on: the state of each process, then its calls
 *	again		   the state of each process once more (a new file of a rotation begins)
 *	flush		   hand over all blocks; when the write returns, all records of earlier times
 *			   can be read
 *	stop		   record no more, then as flush
 * Numbers of processes are those of the writer's PID namespace; ESRCH: there is none. An unknown
 * command, or one at the wrong time, fails with EINVAL.
 * "ioriot", "stapio" and "staprun" by name are never in scope of "all": two captures would record
 * each other for ever.
 *
 * status  lines NAME=VALUE:
 *	abi		   WIRE_ABI
 *	tables		   IORIOT_TABLES: the checksum of ops.def, args.def, unrecorded.def, uring.def,
 *			   ioctl.def, ioctl.h, aio.h, layers.h and this file
 *	variant		   ioriot, targetedioriot or javaioriot
 *	state		   idle, started, stopped
 *	scope		   threads in scope now ("pid"), -1 for "all"
 *	hooks		   names of the hooks in use, separated by ","
 *	missing		   of those that this kernel does not have
 *	layers, layers_missing  as the header of a capture has them
 *	not_called	   "EVENT:NAME,..." of the hooks in use that the kernel has not called since the module was
 *			   loaded: EVENT as trial.h knows it
 *	eventN=SEEN:BYTES:KEPT:DROPPED  of the events of row N of ops.def
 *	skipped		   hooks of functions that the kernel could not call: WIRE_BEFORE, WIRE_CUT missing
 *	cpuN=MADE:DROPPED  records made and records dropped by each processor
 */

#endif
