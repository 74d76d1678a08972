/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_TREE_TREE_H
#define IORIOT_TREE_TREE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "datas/arena.h"
#include "utils/err.h"
#include "utils/str.h"

/*
 * Where replays live: PLACE/.ioriot/NAME, PLACE being a mount point ("" for the root directory) or
 * the directory of --root. One replay has one tree per mount point of the captured paths, or a
 * single one with --root. Nothing that init and replay do may reach outside these trees.
 *
 * Beside a tree stands its marker, PLACE/.ioriot/.NAME.tree, which says that ioriot made the tree,
 * for which replay, and whether a replay has used it since.
 */
#define TREE_DIR   ".ioriot"
#define TREE_TRASH ".trash"

/* A test's name: 1 to 64 of [A-Za-z0-9._-], not starting with a dot. */
bool tree_name_valid(struct str name);

struct tree {
	char *place; /* "" or "/home" or "/srv/bench": no trailing slash */
	char *path;  /* PLACE/.ioriot/NAME */
	size_t len;  /* strlen(path) */
	int fd;	     /* O_PATH of the tree when open, else -1 */
	int lock;    /* holds the lock of an open tree, else -1 */
};

struct tree_set {
	struct arena *arena;
	const char *name;	 /* of the test, as paths have it */
	const char *dir;	 /* of the directories: NAME, or NAME.copy001 */
	const char *root;	 /* --root of this command line as a place ("" for /), or NULL */
	bool generated_for_root; /* the file was generated with --root: its place is dropped on
				    relocation */
	struct tree *v;
	size_t n, cap;
};

/*
 * Prepares an empty set. NAME is from a file's header and checked here (-EINVAL). ROOT comes from
 * the command line of this very run and went through tree_root_resolve(), or is NULL.
 * All memory is the arena's; there is nothing to free but trees that were opened.
 */
int tree_set_init(struct tree_set *set, struct arena *arena, struct str name, const char *root,
	bool generated_for_root, struct err *err);

/*
 * Of --scale: the trees become those of copy NUMBER, 1 to COPIES_MAX, in .ioriot/NAME.copyNUMBER. All copies'
 * paths have the same lengths. Only before the first tree is added; -EINVAL: the name is too long.
 */
#define COPIES_MAX  999
#define COPY_SUFFIX ".copy"
#define COPY_DIGITS 3
int tree_set_copy(struct tree_set *set, unsigned number, struct err *err);

/* The same trees, with descriptors of their own, of another copy; the memory is the arena of FROM. */
int tree_set_other_copy(struct tree_set *set, const struct tree_set *from, unsigned number, struct err *err);

/* Is DIR the directory of the test NAME, or of one of its copies? */
bool tree_name_is_of(const char *dir, const char *name);

/*
 * Checks an absolute path of a replay and finds its tree, adding it to the set when it is new.
 * Allowed is PLACE/.ioriot/NAME[/REST] without empty, "." or ".." components and no component or
 * path over the limits; one slash at the end is kept, since it means "a directory". With ROOT the
 * path is relocated: /home/.ioriot/N/x -> ROOT/.ioriot/N/home/x. *REST is relative to the tree, ""
 * for the tree itself ("." where a call needs a name); it points into PATH or, where relocation
 * joined it anew, into the set's arena, and is not terminated. -EACCES: outside of every tree;
 * -ENAMETOOLONG; -EINVAL.
 */
int tree_locate(
	struct tree_set *set, struct str path, size_t *tree, struct str *rest, struct err *err);

/* The whole path in its (maybe relocated) tree, in the set's arena. Checks as tree_locate(). */
int tree_path(struct tree_set *set, struct str path, char **out, struct err *err);

/*
 * Checks the text of a symbolic link that stands at path LINK: an absolute target must be in a
 * tree (and is relocated); a relative one may have ".." no more often than LINK is deep in its
 * tree. *OUT is the target to create. *UP is set when it has one: names may lead upwards, too, so
 * that such a link may lead out.
 */
int tree_link_target(struct tree_set *set, struct str link, struct str target, char **out, bool *up,
	struct err *err);

/*
 * May this user build and use a tree at PLACE? Yes where PLACE is a mount point, the --root of this
 * command line, or has a .ioriot directory of the caller's or root's already. -EACCES with a
 * sentence that says what to add to the command line.
 */
int tree_place_allowed(const struct tree_set *set, const struct tree *tree, struct err *err);

/* Is this a .ioriot that others cannot meddle with: a directory of the caller's or root's? */
bool tree_dir_trusted(const struct stat *st);

#endif
