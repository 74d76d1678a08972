/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#ifndef IORIOT_CAPTURE_BPF_SHARED_H
#define IORIOT_CAPTURE_BPF_SHARED_H

/*
 * What the BPF programs and src/capture/bpf.c agree on. Both come from the same build: nothing of this
 * needs to stay as it is. Records are those of wire.h.
 */

#include "capture/wire.h"
#include "ops/compat.h"

#define BPF_ROWS    512	 /* system call numbers */
#define BPF_ARGS    6
#define BPF_CPUS    1024 /* a power of two */
#define BPF_QUEUES  (2 * BPF_CPUS) /* 2 * CPU: of tasks; 2 * CPU + 1: of what interrupts the making of those */
#define BPF_LAYERS  11 /* enum layer of ops/layer_list.h */
#define BPF_EVENTS  64 /* rows of other layers, OP_block_queue being the first */
#define BPF_FILTERS 16
#define BPF_FILES   256 /* that are watched */
#define BPF_FETCHES 2

/* Of calls with a bpf_row.need. */
struct bpf_needs {
	uint32_t pids[WIRE_NEED_IDS], tids[WIRE_NEED_IDS], uids[WIRE_NEED_IDS];
	uint32_t pid_count, tid_count, uid_count, comm_count;
	uint64_t comms[WIRE_NEED_IDS][2]; /* and zeroes */
};

/* What is to be done for one call: struct row of systemtap/table.h, taken apart by user space. */
struct bpf_row {
	uint16_t flags; /* enum row_flag */
	uint8_t op, what, facts, values;
	uint8_t value[BPF_ARGS];	  /* registers that are handed over as they are */
	uint8_t path[2];		  /* registers of WIRE_PATH and WIRE_PATH2, + 1; 0: none */
	uint8_t from[2];		  /* what they start from: a register + 1, or: */
	uint8_t fetch[BPF_FETCHES];	  /* enum wire_arg of the others */
	uint8_t fetch_arg[BPF_FETCHES]; /* their registers */
	uint8_t out;			  /* register of a struct stat or statx */
	uint8_t by_fd;			  /* the first argument is a descriptor of a file */
	uint8_t need;			  /* enum wire_need */
	uint64_t latency;		  /* WIRE_NEED_LATENCY: at least so long, ns */
	uint8_t only_file;		  /* ... and the call does nothing to anything else */
	uint8_t direct;			  /* direct.h can tell it */
} __attribute__((aligned(64))); /* a cache line each */

/* One argument of a 32-bit call: two registers of 32 bits each, and what they mean together. */
enum bpf_compat_form { BPF_COMPAT_PLAIN, BPF_COMPAT_SIGNED, BPF_COMPAT_ID16, BPF_COMPAT_PAGES, BPF_COMPAT_ONE };

#define BPF_COMPAT_ZERO 7 /* the register that is 0 */

struct bpf_compat_arg {
	uint8_t form, low, high;
};

/* A row of ops/compat.def, taken apart by user space. */
struct bpf_compat {
	int16_t number; /* of the call that it becomes, or enum compat_verdict */
	uint8_t how;	/* enum compat_how */
	uint8_t words;	/* that it has in memory, if it does */
	struct bpf_compat_arg arg[BPF_ARGS];
};

static inline uint64_t bpf_compat_value(uint8_t form, uint64_t low, uint64_t high)
{
	uint64_t v = (uint32_t)low | (uint64_t)(uint32_t)high << 32;

	switch (form) {
	case BPF_COMPAT_SIGNED:
		return (uint64_t)(int64_t)(int32_t)v;
	case BPF_COMPAT_ID16:
		return compat_id16(v);
	case BPF_COMPAT_PAGES:
		return v << 12;
	case BPF_COMPAT_ONE:
		return 1;
	default:
		return v;
	}
}

#define BPF_OPCODES 64

/* Where pointers of a submission lead: made of opcode_kinds[] of systemtap/table.h. */
enum bpf_sqe {
	BPF_SQE_PATH = 1,
	BPF_SQE_PATH2 = 2,
	BPF_SQE_SWAPPED = 4, /* PATH2 is at addr, and PATH at addr2 */
	BPF_SQE_TEXT = 8,    /* PATH is no path of a file */
	BPF_SQE_TEXT2 = 16,  /* the same of PATH2 */
	BPF_SQE_IOV = 32,
	BPF_SQE_HOW = 64,
	BPF_SQE_NAME = 128, /* PATH2 is at addr, and PATH, of the current directory, at addr3 */
	BPF_SQE_FILES = 256,
	BPF_SQE_LIST = 512 /* sets an attribute; its value is at addr2 */
};

/* System calls that are events of other layers than sys. */
enum bpf_event {
	BPF_EVENT_NONE,
#define CALL(x86_64, aarch64, event, layer) BPF_EVENT_##event,
#include "capture/sockets.def"
	BPF_EVENT_COUNT
};

enum bpf_from { BPF_FROM_CWD = 0, BPF_FROM_NOWHERE = 255 /* the text is no path of a file */ };

/*
 * The ring of a queue is memory that both sides see, of parts; a record begins in one and may go on behind it.
 * Positions count up from 0: the next record begins behind the last one, or in the next part when this one is full.
 */
#define BPF_PART  (1u << 20)
#define BPF_SLACK (1u << 14) /* behind each part: no record is longer */

/* What stands before each record in a ring. */
struct bpf_sample {
	uint64_t before; /* records that this processor made before it, dropped ones included */
};

/* Where the record behind the one of SIZE bytes at AT begins. */
static inline uint64_t bpf_ring_next(uint64_t at, uint64_t size)
{
	return (at & (BPF_PART - 1)) + size < BPF_PART ? at + size : (at | (BPF_PART - 1)) + 1;
}

/* One queue of a processor; read by user space at any time. */
struct bpf_cpu {
	uint64_t busy; /* odd: a record is being made */
	uint64_t made, dropped;
	uint64_t t;	 /* of the last record */
	uint64_t end;	 /* where the next one begins in the ring */
	uint64_t most;	 /* what END may become, as far as is known */
	uint64_t wake_at; /* what END must come to before the reader is woken once more */
	uint64_t pad;
};

/* How far the reader of a queue has come, in a cache line of its own; written by user space. */
struct bpf_reader {
	uint64_t at;
	uint64_t pad[7];
};

enum bpf_state {
	BPF_IDLE,
	BPF_TRIAL, /* nothing is recorded, hooks say that they are called */
	BPF_STARTED,
	BPF_STOPPED
};

/* Hooks of other layers in the order of hooks.def, and those of calls. */
enum bpf_hook {
#define HOOK_ROW(event, program, tracepoint, values, layers) BPF_HOOK_##program,
#define HOOK_ALWAYS(program, tracepoint, layers) BPF_HOOK_##program,
#include "capture/hooks.def"
	BPF_HOOK_minor_fault,
	BPF_HOOK_major_fault,
	BPF_HOOK_sys_enter,
	BPF_HOOK_sys_exit,
	BPF_HOOK_signal,
	BPF_HOOK_submit,
	BPF_HOOK_submit_sqe,
	BPF_HOOK_refused,
	BPF_HOOK_complete,
	BPF_HOOK_complete_words,
	BPF_HOOK_COUNT
};

enum bpf_mark { BPF_MARK_IN = 1, BPF_MARK_OUT = 2 }; /* children inherit them */

/* Written by user space but for what is said to be the programs'. */
struct bpf_session {
	/* what each call needs: */
	uint32_t state; /* enum bpf_state */
	uint32_t all;	/* every process, less what the filters keep out */
	uint32_t epoch; /* of the filters: what was decided in an earlier one is void; never 0 */
	uint32_t generation; /* of the states: those of earlier ones must be told again; never 0 */
	uint32_t by_file; /* only what is about watched files */
	uint32_t names; /* of the names of directories: those told in earlier ones must be told again */
	uint64_t secret;
	uint64_t size; /* of a ring; a power of two */
	uint64_t root_dentry, root_mnt, mounts; /* of the process that looks at the names; by the programs */
	/* and others: */
	uint32_t comms, uids;
	uint64_t comm[BPF_FILTERS][2]; /* names of processes, and zeroes */
	uint32_t uid[BPF_FILTERS];
	uint64_t wake; /* bytes in a ring after which its reader is woken */
	uint32_t task; /* what the iterator over tasks does: enum bpf_task */
	uint32_t pid;  /* BPF_TASK_ONE: which, as the process that iterates numbers it ... */
	uint32_t mark; /* ... and with what; enum bpf_mark */
	uint64_t cache; /* length of the loader's, whose maps are let go */
	uint32_t on[BPF_LAYERS];   /* layers that are recorded ... */
	uint32_t each[BPF_LAYERS]; /* ... one event in so many; 0: they are only summed up */
	/* by the programs: */
	uint8_t fired[BPF_HOOK_COUNT];		/* of enum bpf_hook, in a trial */
	int64_t scope;				/* threads with BPF_MARK_IN */
	uint64_t marked;			/* by the iterator, this time */
};

enum bpf_task {
	BPF_TASK_START, /* whose root directory is it? */
	BPF_TASK_ONE,	/* a process is marked */
	BPF_TASK_IN,	/* threads and children of those that are in scope */
	BPF_TASK_OUT,	/* ... that are out of it */
	BPF_TASK_SETTLE /* calls of other interfaces that no later record would tell of */
};

/* A file, as the kernel knows it. */
struct bpf_file {
	uint64_t dev, ino;
};

/* Events of one row on one processor. */
struct bpf_sum {
	uint64_t seen, bytes, kept, dropped;
};

/* All maps of files that were recorded of a process are between these. */
struct bpf_window {
	uint64_t start, end;
};

/* A thread's; known to the programs only. What each call needs is in its first 56 bytes, which share a cache line. */
struct bpf_thread {
	uint64_t entry;	    /* time of the call under way */
	int16_t nr;	    /* of it, or of one that was interrupted ... */
	int16_t suspended_nr; /* ... or will be made again */
	uint8_t flags;	    /* enum thread_flag */
	uint8_t mark;	    /* enum bpf_mark */
	uint8_t in_all;	    /* of "all", as decided in ... */
	uint8_t restart;    /* of CALL_BROKEN: how, the error less ERESTARTSYS */
	uint32_t epoch;	    /* ... this epoch of the filters */
	uint32_t told;	    /* generation in which its process was told; the leader's is decisive */
	uint64_t fault_t;   /* when the page fault under way began, 0: there is none */
	uint64_t who;	    /* bpf_get_current_pid_tgid(), 0: not asked yet */
	uint32_t telling;   /* of a leader: one of its threads tells the state; by any thread */
	uint32_t uid;	    /* effective, as it was told last */
	uint32_t unseen;    /* calls of another interface since the last record that said so */
	uint64_t ip, sp;    /* where the interrupted call was made */
	uint64_t suspended; /* time of its entry */
	int64_t kept;	    /* execveat: directory descriptor and flags */
	uint64_t fault_at, fault_code; /* of the page fault ... */
	uint64_t faults_before;	       /* ... and how many the thread had had by then */
	uint64_t regs; /* of the old build: where its registers are in the kernel */
	/* of a leader: */
	struct bpf_window window;
	uint64_t shares_memory; /* with other processes (CLONE_VM): what holds is the window of their memory */
};

#endif
