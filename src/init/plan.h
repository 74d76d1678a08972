/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_INIT_PLAN_H
#define IORIOT_INIT_PLAN_H

#include "datas/arena.h"
#include "datas/buf.h"
#include "datas/hmap.h"
#include "trace/replay.h"
#include "tree/marker.h"
#include "tree/tree.h"
#include "utils/progress.h"

/*
 * What init is going to make: the INIT section of a replay, checked as a whole before the first
 * directory is made. Each path is there once, below directories only, inside a tree.
 */
/* An extended attribute of a file or directory. */
struct attribute {
	struct attribute *next;
	const char *name;
	uint32_t size; /* of its value */
	uint32_t mode; /* that a default access control list gives */
};

struct entry {
	struct hnode node;
	size_t tree;	      /* index into the set */
	struct str rest;      /* below the tree, NUL behind it; "" for the tree itself */
	const char *name;     /* its last component */
	struct entry *parent; /* NULL for a tree itself */
	enum init_kind kind;
	bool implied; /* a directory that no line names */
	bool foreign; /* belonged to another user than the one that was captured */
	uint32_t mode;
	uint64_t line; /* of the replay file; 0 when implied */
	uint64_t size;
	const uint64_t *data; /* as in struct init_line */
	uint32_t ndata;
	uint64_t seed; /* of the data: from the path as the file has it, so the same everywhere */
	const char *target; /* INIT_SYMLINK */
	struct attribute *attributes;
	uint32_t list; /* bytes of the names of all of its attributes; 0: only those */
	uint32_t names; /* bytes of these names */
	struct entry *same; /* INIT_HARDLINK: the entry it is another name of */
	uint64_t ino;		/* as renew_note() saw it */
	struct timespec changed; /* st_ctime, likewise */
	bool inherits; /* what is made in it gets what its default access control list says */
	bool there, clean; /* of an earlier run: build() does not make it, and leaves its mode alone */
	size_t rank;	    /* directories: position in plan.dirs */
};

typedef VEC(struct entry *) entry_vec;

struct plan_counts {
	uint64_t dirs, files, symlinks, hardlinks, fifos, sockets;
	uint64_t data, holes; /* bytes */
	uint64_t attributes;
	uint64_t setid;	      /* files with set-uid or set-gid bits, */
	uint64_t foreign_setid; /* and those of other owners among them */
	uint64_t foreign;     /* entries of other owners */
	uint64_t left_out;    /* what generate left out, as the header says */
};

struct plan {
	struct arena arena;
	struct tree_set set;
	char id[TREE_ID_MAX + 1];
	bool has_uid;
	uint32_t uid; /* the captured user */
	bool up_links; /* a symbolic link begins with ".." */
	struct hmap map;
	entry_vec dirs;	 /* parents first */
	entry_vec nodes; /* everything else but hard links, by directory */
	entry_vec hardlinks;
	struct plan_counts counts;
};

/*
 * Reads FILE. NAME (of -n) must be the file's when it is not NULL: -EINVAL. ROOT as for
 * tree_set_init(), COPY for tree_set_copy() (0: none). Every path of an operation adds its tree, since a
 * replay needs it even when nothing was in it. plan_free() in either case.
 */
int plan_read(struct plan *plan, const char *file, const char *name, const char *root, unsigned copy,
	struct progress *progress, struct err *err);
void plan_free(struct plan *plan);

/* The entry at REST below the tree, or NULL. */
struct entry *plan_find(const struct plan *plan, size_t tree, struct str rest);

/* PLACE/.ioriot/NAME/REST for messages, cut where it does not fit. */
const char *plan_show(const struct plan *plan, const struct entry *e, char *out, size_t size);

#endif
