/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_CAPTURE_DIRS_H
#define IORIOT_CAPTURE_DIRS_H

#include <stdbool.h>
#include <stdint.h>

#include "datas/arena.h"
#include "datas/hmap.h"
#include "utils/str.h"

/*
 * The names that a capture has met, as directories and their entries, and the way of a path through
 * them. Shared by what looks at names before the calls (paths.h) and after them (late.h); how an
 * entry is looked at is theirs.
 *
 * Directories follow renames and removals: what is known of the entries of one stays with it when
 * it moves, and is forgotten when it is removed. Entries and directories live as long as the whole,
 * so that pointers to them stay good. One thread.
 */

enum name_type { NAME_UNKNOWN, NAME_ABSENT, NAME_DIR, NAME_LINK, NAME_OTHER };

/* A directory entry. */
struct name {
	struct hnode node; /* by the parent's id and the text */
	struct dir *parent;
	struct dir *dir;     /* NAME_DIR */
	const char *target;  /* NAME_LINK */
	struct touch *touch; /* late.h: what it was before is not known for sure yet */
	enum name_type type;
	uint32_t written; /* its state_path record is in the file of this number (dirs.file) */
	uint16_t len;
	bool mount_way; /* a mount point, or on the way to one */
	char text[];
};

/* A directory, wherever it is now. */
struct dir {
	uint64_t id;
	struct name *at; /* NULL: the root directory */
	uint32_t listed; /* all entries have their records in the file of this number */
	uint32_t made;	 /* the recorded programs made it, while that file was written */
	uint64_t since;	 /* late.h: time of the record that it was first seen by */
	uint64_t moved, moved_before; /* late.h: numbers of the calls that moved it last, */
	uint64_t moved_t;	      /* and when the last one began, or the one that removed it */
	bool cut;		      /* was removed: what is in it has no path any more */
	bool emptied;		      /* ... by a recorded call, so that nothing was in it */
	bool pseudo;		      /* of a pseudo file system */
};

struct dirs {
	struct arena arena;
	struct hmap map;
	struct dir *root;
	uint64_t ids;
	uint32_t file; /* number of the file that is written, from 1 */
	uint64_t t;    /* late.h: time of the record at hand */
};

int dirs_init(struct dirs *d); /* 0 or -ENOMEM */
void dirs_free(struct dirs *d);

/* Tells of a mount; before any walk. Pseudo types end a walk at their mount point. */
void dirs_add_mount(struct dirs *d, struct str point, const char *type);

/* The entry of that name; NULL when there is none yet. */
struct name *dirs_find(struct dirs *d, struct dir *dir, struct str text);

/* Finds or makes it. NULL: memory is out, or no file system has names of that length. */
struct name *dirs_entry(struct dirs *d, struct dir *dir, struct str text);

/* Canonical path of TEXT in DIR, or of DIR itself when TEXT is empty, in BUF (PATH_MAX bytes).
 * {NULL}: it is cut off, or longer than any path. */
struct str dirs_path(const struct dir *dir, struct str text, char *buf);

static inline struct str name_text(const struct name *entry)
{
	return (struct str){entry->text, entry->len};
}

/*
 * The entry is of that type now. TARGET is copied. A directory keeps its struct dir; that of an
 * entry which is none any more is cut. Without memory the type becomes NAME_OTHER.
 */
void dirs_set_type(struct dirs *d, struct name *entry, enum name_type type, struct str target);

/* The program's own changes, after they succeeded. */
void dirs_removed(struct name *entry);
void dirs_moved(struct name *from, struct name *to, bool exchange);

/* One walk: where its "/" is, and how an entry on it is looked at. */
struct dirs_walk {
	struct dirs *dirs;
	struct dir *root;
	/* Makes the type of the entry known. False: it cannot be told, and the walk ends there. */
	bool (*look)(struct dirs_walk *w, struct name *entry);
	/* Comes before that, and where the walk starts or leaves a directory by "..". May be NULL. */
	bool (*pass)(struct dirs_walk *w, struct name *entry);
	bool nofollow; /* a link that the last component names is not followed */
	bool more;     /* for look(): something of the path follows the entry */
	bool outer;    /* something follows the link whose target is walked */
	int links;     /* followed so far */
};

/* Where a walk ended: in a directory, or at an entry that is none. */
struct place {
	struct dir *dir;
	struct name *last; /* entry of the last component, unfollowed; NULL: "..", or not reached */
	struct name *end;  /* the same behind symbolic links */
	bool dead;	   /* nothing can follow: absent, not a directory, not known */
};

/* Walks PATH as the kernel does. A relative one starts at FROM; NULL: that is not known. */
struct place dirs_walk(struct dirs_walk *w, struct dir *from, struct str path);

#endif
