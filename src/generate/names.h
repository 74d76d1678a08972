/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_GENERATE_NAMES_H
#define IORIOT_GENERATE_NAMES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "datas/arena.h"
#include "datas/buf.h"
#include "datas/hmap.h"
#include "generate/locks.h"
#include "generate/order.h"
#include "trace/rec.h"
#include "vsize.h"

/*
 * The name space of the captured host as far as the capture tells: directory entries and what they
 * lead to. An entry is known to lead to a node, known to be absent, or unknown (not there). What was
 * there before the capture is remembered with the name it had then; that becomes the INIT section.
 */

struct vmount {
	char *point; /* canonical, "/" for the root */
	size_t len;
	bool pseudo; /* proc, sysfs ...: nothing below it is replayed */
	bool file;   /* something is mounted on a file: it is one of the directory that it stands in */
	struct hnode node;
};

/* An extended attribute that calls of the capture named. */
struct xattr {
	struct xattr *next;
	bool present;	/* now */
	bool at_start;	/* was there before the capture: INIT has it */
	bool own;	/* its value is of the capture, not of the start */
	bool unsure;	/* was set where nothing told whether it was there */
	bool differs;	/* the replay has what the capture had not, or the other way round */
	bool exact;	/* size is known, else it is the least that it can be */
	uint32_t size;	/* of the value at the start */
	/* of a default access control list: its length, and the permission bits that it gives, now and at the start */
	uint32_t size_now, bits, bits_at_start;
	uint32_t len;
	char name[];
};

/* When captured calls changed something last: whoever overlapped them may have seen either state. */
struct changed {
	uint32_t tid;
	uint64_t t, others; /* when the last call of that thread was over, and of any other one */
};

struct node {
	uint32_t refs;	/* entries, start names, descriptors, working directories */
	uint32_t names; /* entries */
	uint32_t unseen; /* links that it has beyond these: names that no call has used yet */
	uint32_t mode;	/* type and permission bits at the start; type 0 = not known */
	uint32_t allowed; /* permission bits now */
	uint32_t uid, gid;
	bool at_start;	/* existed before the capture */
	bool complete;	/* directory: made during the capture, so every name in it is known */
	bool in_inodes;
	const struct vmount *mount;
	struct vsize size;
	char *target;	      /* symbolic link */
	struct xattr *xattrs;
	uint64_t listed; /* bytes of other names of the start in its list of attributes, + 1; 0 = not known */
	bool listed_least; /* at least so many */
	struct node *parent;  /* of 'entry' */
	struct entry *entry;  /* a name that it has now, NULL = none left */
	struct entry *entries; /* directory: list of its entries, for freeing */
	struct hnode inode;   /* by device and inode number */
	uint64_t dev, ino;
	struct resource attr;	/* mode, owner, times */
	struct resource listing; /* directory: entries made and removed, and listed */
	struct resource length;	/* regular file: bytes added at its end, and reads that see the end */
	struct resource users;	/* regular file: reads and writes, against what cuts it */
	struct resource dirty;	/* regular file: writes that an fsync waits for */
	struct resource locks;	/* flock(2) and record locks */
	struct locks held;
	struct resource *leases; /* F_SETLEASE, and opens after the first one; NULL: there was none */
	uint32_t opens, writers; /* descriptions that may read or write, and that may write */
	uint64_t safe;		/* reads below this size do not depend on writes that extend it */
	uint64_t seen_size;	/* what the latest stat told, + 1; 0 = none did */
	bool seen_end;		/* a result depended on where its end is */
	struct changed resized;
	size_t start;		/* index + 1 of its first name at the start, 0 = none */
	size_t filler;		/* directory: index + 1 of what names_fill() put there, 0 = none */
	struct node *all_next, **all_prev; /* every node, for freeing */
};

struct entry {
	struct hnode hash;
	struct entry *next, **prev; /* in the directory's list */
	TAILQ_ENTRY(entry) absent; /* in names->absent while node is NULL */
	struct node *dir;
	struct node *node; /* NULL = known to be absent */
	struct resource res;
	struct changed changed;
	bool at_start; /* the name existed then; what contradicts that later is not of the start */
	uint32_t len;
	char name[];
};

/* A name that existed at the start. */
struct start_name {
	struct node *dir, *node;
	char *name;
	bool dropped; /* a filler that was not needed after all */
};

struct names {
	struct arena strings;
	struct node *root;
	struct hmap entries; /* by directory and name */
	struct hmap inodes;  /* nodes of the start, by device and inode number */
	struct hmap mounts;  /* by point */
	VEC(struct start_name) start;
	uint32_t uid;			       /* of who walks */
	unsigned held;			       /* names that names_hold() has given */
	TAILQ_HEAD(absent_list, entry) absent; /* the longest absent first */
	size_t nabsent;
	struct node *all;
	struct ordering *order;
};

int names_init(struct names *ns, struct ordering *order);
void names_free(struct names *ns);

struct node *node_get(struct node *n);
void node_put(struct names *ns, struct node *n);

static inline bool node_is_dir(const struct node *n)
{
	return (n->mode & 0170000) == 0040000;
}

static inline bool node_is_file(const struct node *n)
{
	return (n->mode & 0170000) == 0100000 || (n->mode & 0170000) == 0;
}

static inline bool node_is_link(const struct node *n)
{
	return (n->mode & 0170000) == 0120000;
}

int names_mount(struct names *ns, struct str point, bool pseudo);
struct vmount *names_mount_at(const struct names *ns, struct str point); /* NULL: none there */
const struct vmount *names_mount_of(struct names *ns, struct str path); /* longest prefix of the text */

struct entry *names_entry(const struct names *ns, const struct node *dir, struct str name);

/* Something that stands in DIR, NULL: nothing is known to. */
const struct entry *names_held(const struct node *dir);

/* Enters NAME in DIR: NODE, or NULL for absent. An existing entry is changed. NULL = no memory. */
struct entry *names_set(struct names *ns, struct node *dir, struct str name, struct node *node);

/* A node made during the capture. Refs 0 until it is entered somewhere. */
struct node *names_new(struct names *ns, struct node *dir, uint32_t mode);

/* The file of the start that has this device and inode number; NULL: none is known. */
struct node *names_inode(const struct names *ns, const struct facts *facts);

/* NAME in DIR existed before the capture; facts may be unknown, then MODE (a type) is all there is. */
struct node *names_at_start(struct names *ns, struct node *dir, struct str name,
	const struct facts *facts, uint32_t mode, struct str target);

/*
 * A call found DIR not to be empty. Where nothing is known to stand in it, INIT puts something
 * there, until a name is found that did. names_unfill(): it was empty after all. 0 or -ENOMEM.
 */
#define NAMES_FILLER ".ioriot-not-empty"
int names_fill(struct names *ns, struct node *dir);
void names_unfill(struct names *ns, struct node *dir);

/*
 * A file of the start without a name that is known gets one: it has such names still, and the call at
 * hand shows it. INIT has one of ours for it. 0 or -ENOMEM.
 */
#define NAMES_LINK ".ioriot-link."
int names_hold(struct names *ns, struct node *n);

/*
 * Forgets the names that are absent for the longest time, beyond NAMES_ABSENT_MAX: a program that
 * makes and removes ever new names must not fill the memory. Only between operations. Nothing but
 * the order of a name that comes back after so many others is lost by it.
 */
#define NAMES_ABSENT_MAX 32768
void names_forget_some(struct names *ns);
static inline void names_forget(struct names *ns)
{
	if (ns->nabsent > NAMES_ABSENT_MAX)
		names_forget_some(ns);
}

/* Moves the entry FROM to NAME in DIR (rename). 0 or -ENOMEM. */
int names_move(struct names *ns, struct entry *from, struct node *dir, struct str name);

/* Canonical path of a node, or of NAME in DIR; false when it has no name any more. */
bool names_path(const struct node *n, struct buf *out);

#define LINKS_MAX 40 /* that a path may follow: MAXSYMLINKS of include/linux/namei.h */

enum walk_flags {
	WALK_NOFOLLOW = 1, /* the last component is not followed */
	WALK_PARENT = 2,   /* the directories on the way existed: unknown ones are of the start */
	WALK_NOTDIR = 4,   /* ENOTDIR: what holds the last component is a file, if unknown */
	WALK_LAST = 8,	   /* the last component is not followed even where a slash is behind it */
};

/*
 * Follows a path as the kernel does (man 7 path_resolution). dir and last are those of the text
 * itself, but see chrooted; at and at_name are those behind trailing symbolic links (where O_CREAT would make it).
 */
struct walk {
	struct node *dir;  /* holds the last component; NULL when the way there is broken */
	struct str last;   /* "" when the path ends in "/", "." or ".." */
	struct node *at;
	struct str at_name;
	struct entry *entry; /* of at_name; NULL = unknown */
	struct node *node;   /* what was found, NULL = absent or unknown */
	int err;	   /* why the way is broken: ENOENT, ENOTDIR, ELOOP; 0 with dir set */
	bool guess;	   /* that err comes from an unknown directory */
	bool crossed;	   /* passed a mount point where the text alone does not show it, or a link in a chroot */
	bool chrooted;	   /* the last component is one behind a link that only a chroot makes lead there */
	bool pseudo;	   /* ended on a pseudo file system */
	bool slash;	   /* trailing slash, also of a link that was followed */
	bool plain;	   /* absolute, and no symbolic link followed so far */
	struct node *shut; /* the first one that is looked into though its permissions do not allow that */
	struct node *link_at;  /* where the first symbolic link stands that is not the last component, */
	struct str link_name;  /* and its name */
	struct node *broke_at; /* err: directory where the walk ended, */
	struct str broke_rest; /* and what could not be followed from there */
	unsigned links;
};

/* May the one who walks look into it? */
bool names_may_search(const struct names *ns, const struct node *dir);

int names_walk(struct names *ns, struct node *base, struct node *root, struct str path,
	unsigned flags, struct walk *w);

#endif
