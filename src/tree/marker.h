/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_TREE_MARKER_H
#define IORIOT_TREE_MARKER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "utils/err.h"
#include "utils/str.h"

/*
 * The marker of a tree, PLACE/.ioriot/.NAME.tree: lines of key=value that say which directory
 * ioriot made, for which replay, and how far it is. A directory without a marker that fits is not
 * ours and is never built on, moved or deleted.
 */
enum tree_state {
	TREE_BUILDING, /* init has begun; if no init is running now, it was interrupted */
	TREE_READY,    /* as the INIT section says */
	TREE_USED      /* a replay has run in it since */
};

#define MARKER_VERSION 1
#define TREE_ID_MAX    64

struct marker {
	enum tree_state state;
	bool up_links; /* it has, or had, symbolic links that begin with ".." */
	char id[TREE_ID_MAX + 1]; /* of the replay, from its header */
	uint64_t created;	  /* seconds since the epoch */
	uint32_t dev_major, dev_minor;
	uint64_t ino; /* of the tree's directory */
};

extern const char *const tree_state_names[];

/* An identity is 1 to TREE_ID_MAX of [A-Za-z0-9]. */
bool tree_id_valid(struct str id);

/*
 * HOME is a descriptor of PLACE/.ioriot. -ENOENT: there is no marker. -EACCES: it is not a regular
 * file of the caller's or root's. -EPROTO: it is not understood.
 */
int marker_read(int home, const char *name, struct marker *out, struct err *err);
int marker_write(int home, const char *name, const struct marker *m, struct err *err);
int marker_remove(int home, const char *name, struct err *err);

/* Was the marker written for this directory? */
void marker_set_dir(struct marker *m, const struct stat *tree);
bool marker_fits(const struct marker *m, const struct stat *tree, const struct stat *home);

#endif
