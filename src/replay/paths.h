/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_REPLAY_PATHS_H
#define IORIOT_REPLAY_PATHS_H

#include "datas/arena.h"
#include "datas/hmap.h"
#include "replay/encode.h"
#include "tree/tree.h"

/*
 * The paths of a replay: each is checked once, when it first appears, and kept as a C string that
 * the threads hand to the kernel. What gets in here is inside a tree by its text: absolute paths by
 * tree_locate(), relative ones because they have no "..".
 */
struct paths {
	struct tree_set *trees;
	struct arena arena; /* of the index; not needed any more when all is loaded */
	struct hmap index;  /* text as in the file -> reference */
	struct buf text;    /* the strings, NUL-terminated */
	VEC(uint64_t) numbers; /* of --scale: where in them the number of the copy stands */
	bool up_links;	    /* a symbolic link of the replay begins with ".." */
};

void paths_init(struct paths *p, struct tree_set *trees);
void paths_index_free(struct paths *p);
void paths_free(struct paths *p);

/* Checks PATH and gives its reference. -EACCES, -EINVAL, -ENAMETOOLONG with what is wrong. */
int paths_add(struct paths *p, struct str path, uint64_t *ref, struct err *err);

/* A word that is no path: the name of an extended attribute. */
int paths_add_word(struct paths *p, struct str word, uint64_t *ref, struct err *err);

/*
 * The same for the text of a symbolic link to be made at LINK. With a relative LINK it is not known
 * how deep in the tree the link will be: ".." is allowed in front and told by up_links.
 */
int paths_add_target(struct paths *p, struct str link, struct str target, uint64_t *ref,
	struct err *err);

#endif
