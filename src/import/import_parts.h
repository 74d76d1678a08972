/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_IMPORT_IMPORT_PARTS_H
#define IORIOT_IMPORT_IMPORT_PARTS_H

#include "datas/hmap.h"
#include "import/import.h"
#include "import/strace_rec.h"
#include "trace/outfile.h"
#include "vmap.h"

/*
 * Three passes over the same lines. A child's lines may stand before the end of the call that made it,
 * and what was so at the start is told by calls in the middle: PASS_FORKS finds who made whom, PASS_LEARN
 * what was there, PASS_WRITE makes the records.
 */
enum pass { PASS_FORKS, PASS_LEARN, PASS_WRITE };

#define FDS_MAX (1u << 16) /* descriptors above are taken to be opened by their process */

/* A descriptor that was open at the start. */
struct start_fd {
	uint32_t fd;
	bool read, written, has_flags;
	uint64_t flags;
	char *path; /* escaped as strace does; NULL: not told */
};

/* A process that nobody made: strace began with it. */
struct start {
	char *cwd; /* NULL: not known */
	VEC(struct start_fd) fds;
};

struct proc {
	uint32_t refs, pid;
	size_t start; /* whose descriptors these were */
	bool moved;   /* another working directory than at the start */
	struct buf cwd;
	struct vmap *maps;
	VEC(uint8_t) own; /* descriptors that were opened or closed since: a bit each */
};

struct task {
	struct hnode node;
	uint32_t tid, exec_tid; /* of whom an exec was that has this number now */
	struct proc *proc;
	struct buf name, text; /* of a call that is not over */
	uint64_t since;
	bool busy, exiting, changed; /* its user is not the one of the start */
	uint64_t uid;
	char comm[COMM_MAX + 1]; /* empty: not known */
};

struct fork {
	uint32_t child, parent;
	uint64_t order, flags;
	enum op_id op;
	bool used;
	size_t next; /* of the first of a child: the first that is not used */
};

/* What is known of a name. */
struct seen {
	struct hnode node;
	char *path;
	bool made;  /* not, or no longer, what was there at the start */
	bool dirty; /* may have been written to */
	bool told;
	struct facts facts;
	char *target; /* of a symbolic link */
};

struct import {
	enum pass pass;
	struct import_result *res;
	struct err *err;
	struct st_scratch scratch;
	struct hmap tasks, names;
	VEC(struct fork) forks;
	VEC(struct start) starts;
	size_t started; /* of this pass */
	bool denied, has_uid;
	uint64_t uid, main_tid, first;
	struct outfile *out;
	struct buf buf, path, joined;
	uint64_t line, now;
};

/* names.c of the importer: what was there at the start. All 0 or -ENOMEM. */
int learn_names(struct import *im, struct task *t, const struct st_call *call, const struct rec *r);
int learn_fds(struct import *im, struct task *t, const struct st_call *call, const struct rec *r);
int write_start(struct import *im, struct task *t, size_t start);
int write_names(struct import *im);
void forget_names(struct import *im);

/* An absolute path without "//" and "/./"; false: not known, or with "..". */
bool full_path(struct import *im, const struct proc *p, struct str dir, struct str path, struct buf *out);

int import_emit(struct import *im, const struct rec *rec);

#endif
