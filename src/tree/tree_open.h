/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_TREE_TREE_OPEN_H
#define IORIOT_TREE_TREE_OPEN_H

#include "tree/marker.h"
#include "tree/tree.h"

/*
 * Trees on disk. Nothing here follows a symbolic link, and nothing touches a directory that has no
 * marker which fits it.
 */

/* The directory of --root as an absolute path without symlinks; it must exist. In the arena. */
int tree_root_resolve(struct arena *arena, const char *dir, const char **root, struct err *err);

/*
 * A descriptor of PLACE/.ioriot, or -errno: -ENOENT when it is not there and not to be made,
 * -EACCES when it is a link or somebody else could change it, -ENOSYS: the kernel has no
 * openat2(2).
 */
int tree_home_open(const char *place, bool make, struct err *err);

#define TRASHED_MAX 128 /* of ".trash/EPOCH.N-NAME" */

/*
 * Makes an empty tree, mode 0700, in state TREE_BUILDING, and opens and locks it. An older tree of
 * that name is moved to the trash first: its new path below .ioriot is in TRASHED, "" if there was
 * none. -EEXIST: what stands there was not made by ioriot. -EBUSY: it is being built or used.
 */
int tree_create(struct tree *tree, const char *name, const char *id, char trashed[TRASHED_MAX],
	struct err *err);

/*
 * Opens and locks a tree. -ENOENT: there is none; -EACCES: it was not made by ioriot; -EBUSY.
 * What its marker says is in *MARKER: the caller looks at the state and the id.
 */
int tree_open(struct tree *tree, const char *name, struct marker *marker, struct err *err);
void tree_close(struct tree *tree);

/* Writes the state of an open tree into its marker; up_links stays once it was set. */
int tree_set_state(const struct tree *tree, const char *name, enum tree_state state, bool up_links,
	struct err *err);

/* What stands at NAME in HOME. */
enum tree_found { TREE_NONE, TREE_OURS, TREE_FOREIGN };
enum tree_found tree_look(int home, const char *name, struct marker *marker, struct err *err);

/*
 * Moves a tree that is TREE_OURS out of the way: to the trash, or as something that is about to be
 * deleted, which needs no space on a disk that is full. Its new path below HOME is in MOVED.
 * -EBUSY: an init or a replay is at it.
 */
enum tree_bin { BIN_TRASH, BIN_GONE };
int tree_discard(
	int home, const char *name, enum tree_bin bin, char moved[TRASHED_MAX], struct err *err);

/* What deletion moves aside is called so, and may always be deleted. */
#define TREE_GONE ".gone."

#endif
