/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_CAPTURE_LATE_PARTS_H
#define IORIOT_CAPTURE_LATE_PARTS_H

#include <sys/queue.h>

#include "capture/dirs.h"
#include "capture/facts.h"
#include "capture/late.h"

/*
 * The parts of late.h, shared by late*.c only.
 *
 * late.c        the queue: records and touches in the order of the file to come
 * late_touch.c  touches: looking, judging what the looks are worth, listing directories
 * late_walk.c   where paths start, and their way through the directories, touching new names
 * late_call.c   what each call tells of names, and what it does to them
 *
 * The directories (dirs.h) are as they are at the newest record of the stream, which is behind what
 * a look shows. What a look showed stands for the truth until a record tells better.
 */

enum item_kind { ITEM_TOUCH, ITEM_REC };

struct item {
	uint32_t size; /* of all, a multiple of 8 */
	enum item_kind kind;
};

/* A record that waits; its vec and strings are behind it. */
struct held {
	struct item item;
	struct rec rec;
};

/*
 * A name that a record touched for the first time: its state_path record to come. It waits until
 * it is settled by a record that tells what the name was, or until all that was done to the name
 * before its look is known.
 */
struct touch {
	struct item item;
	TAILQ_ENTRY(touch) all;
	struct hnode inode; /* in late->inodes while it waits: the regular file that was seen */
	struct name *at;    /* where that what it named is now; NULL: gone */
	uint64_t t;	    /* of the record that touched it */
	uint32_t pid, tid;
	uint64_t
		call; /* number of the record at whose state of the directories it was looked at, */
	uint64_t looked_t;  /* and when */
	struct facts facts; /* as looked at; when settled, the truth */
	struct facts first; /* of that inode, as a record showed it first since then */
	const char *target;
	uint64_t *extents; /* NULL: not asked for */
	uint32_t nextents;
	uint8_t tries;
	bool looked;  /* facts are those of a look */
	bool settled; /* facts are the truth */
	bool dropped; /* there is nothing to write */
	bool exists;  /* a call showed that it existed */
	bool passed;  /* ... as a directory, or a link to one */
	bool tainted; /* calls of that time were lost */
	bool cut;     /* the bytes that were seen are not those that it had */
	bool in_inodes;
	uint32_t len;
	char path[]; /* canonical, when it was touched */
};

struct late {
	struct sink *sink;
	struct dirs dirs;
	struct hmap ids;		    /* struct known_dir, by id */
	struct hmap roots;		    /* struct jail, by PID */
	struct hmap inodes;		    /* waiting touches, by inode number */
	TAILQ_HEAD(touches, touch) touches; /* all in the queue */
	size_t waiting;			    /* touches that are neither settled nor dropped */
	struct chunk *head, *tail, *spare;
	size_t read;	    /* bytes of the first chunk that are done with */
	size_t held;	    /* bytes of all chunks in use */
	uint64_t call;	    /* number of the record at hand */
	uint64_t advanced;
	extents extents;
	uint32_t root_written; /* number of the file that has the record of "/" */
	bool failed;	       /* memory was out */
	bool told_foreign, told_early;
};

/* ---- late.c ---- */

/* Room for SIZE bytes at the end of the queue, zeroed but for the item. NULL: memory is out. */
void *queue_push(struct late *l, enum item_kind kind, size_t size);

/* A record of OP_lost that says WHY, behind all that was queued so far. */
void late_note(struct late *l, const struct rec *at, uint64_t count, const char *why);

/* ---- late_touch.c ---- */

/* The touch of ENTRY by the record REC, not looked at. NULL: it has no path, or memory is out. */
struct touch *touch_new(struct late *l, const struct rec *rec, struct name *entry);

/* Looks at what it named, where that is now. */
void touch_look(struct late *l, struct touch *touch);

/* Looks for the first time; the entry's type is what was seen, unless it is known. */
void touch_look_first(struct late *l, struct touch *touch);

/* The entry's type is what it looks like now; it has its state_path record already. */
void touch_glance(struct late *l, struct name *entry);

/* A record told: it was so. Later ones change nothing. */
void touch_settle(struct late *l, struct touch *touch, const struct facts *facts);
/* A directory has been given the default list of call R; NULL: that, or none, and it is this one. */
void touch_set_default(struct touch *touch, const struct rec *r);

/* A record showed what inodes of that number were like: it may be the one that was looked at. */
void touch_inode(struct late *l, const struct facts *facts, uint64_t began, bool cut);

/* A call that began at that time can tell something of what the touch named. */
bool touch_hears(const struct touch *touch, uint64_t began);

/* Nothing is written of it. */
void touch_drop(struct late *l, struct touch *touch);
void touch_drop_below(struct late *l, const struct dir *dir);

/* What it named is no more since a call that began at time BEGAN. */
void touch_end(struct late *l, struct touch *touch, uint64_t began);

/*
 * Whether it can be written or dropped now (true), its facts being the truth then. FINAL: no more
 * records come, or there is no room to wait.
 */
bool touch_ready(struct late *l, struct touch *touch, bool final);

/* Out of the lists, before its memory is given back. */
void touch_forget(struct late *l, struct touch *touch);

/* Touches all entries of a directory that REC lists, once. */
void touch_entries(struct late *l, const struct rec *rec, struct dir *dir);

/* Touches "/", once. */
void touch_root(struct late *l, const struct rec *rec);

/* ---- late_walk.c ---- */

enum way_how {
	WAY_THROUGH = 1, /* before the last component there are directories, or links to such */
	WAY_BLIND = 2,	 /* the last one is not looked at: the call has replaced it, or tells all */
	WAY_PLAIN = 4,	 /* none is a link, all are directories: the path comes from the kernel */
	WAY_NOFOLLOW = 8
};

/* Walks PATH for the record REC, touching the names that are new. */
struct place way_walk(struct late *l, const struct rec *rec, unsigned how, struct dir *root,
	struct dir *from, struct str path);

/* A directory by the name that the kernel gave it; NULL: it has no name any more. */
struct dir *way_dir(struct late *l, const struct rec *rec, struct dir *root, struct str name);
bool way_is_deleted(struct str path);

/* The process's root directory; NULL: it is not known. */
struct dir *way_root(struct late *l, const struct seen *s);
void way_set_root(struct late *l, uint32_t pid, struct dir *root);
void way_forget_root(struct late *l, uint32_t pid);
bool way_has_root(struct late *l, uint32_t pid);
void way_share_root(struct late *l, uint32_t pid, uint32_t child);

/* The directory that path I starts from, FD being the argument that says so. NULL: not known. */
struct dir *way_start(struct late *l, const struct seen *s, int i, int fd);
void way_free(struct late *l);

/* ---- late_call.c ---- */

/* What the record tells of names and does to them; queues its touches. */
void call_names(struct late *l, const struct seen *seen);

#endif
