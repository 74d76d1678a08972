/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_VFD_H
#define IORIOT_VFD_H

#include <stdbool.h>
#include <stdint.h>

#include "datas/buf.h"
#include "datas/hmap.h"
#include "vmap.h"

/*
 * Virtual descriptors: the kernel's own objects between a descriptor number and a file, as the
 * capture tells of them. Tasks (threads) share or own a descriptor table and a directory context,
 * tables hold descriptors, descriptors share open file descriptions (man 2 open, "Open file
 * descriptions"; man 2 clone for CLONE_FILES and CLONE_FS).
 *
 * What stands behind a description (a virtual file, a directory) and how operations on an object
 * are ordered belongs to the user of this room: 'node' and 'order' pointers, released through the
 * callbacks of struct vfd_hooks.
 */

#define VFD_NUMBER_NONE ((uint32_t)-1)
/* A captured number beyond this is taken for garbage: /proc/sys/fs/nr_open is 2^30 at most. */
#define VFD_FD_LIMIT (1 << 24)

enum description_kind {
	DESC_FILE,    /* regular file or directory inside the replayed name space */
	DESC_PSEUDO,  /* on a pseudo file system */
	DESC_DEVICE,  /* block or character device, FIFO */
	DESC_TTY,
	DESC_PIPE,
	DESC_SOCKET,
	DESC_EVENTFD,
	DESC_EPOLL,
	DESC_TIMERFD,
	DESC_SIGNALFD,
	DESC_PIDFD,
	DESC_PERF,
	DESC_BPF,
	DESC_RING,    /* an io_uring */
	DESC_EVENTS,  /* inotify, fanotify */
	DESC_MEMORY,  /* a file in memory that has no name */
	DESC_FAULTS,  /* userfaultfd */
	DESC_OTHER,   /* anything else whose making was not captured as a file */
	DESC_KINDS
};

struct description {
	uint32_t refs;
	enum description_kind kind;
	int flags;	 /* open(2) status flags: access mode, O_APPEND ... */
	uint64_t offset;
	void *node;	 /* file behind it; NULL unless DESC_FILE */
	void *order;	 /* the shared offset, as a resource */
	void *ring;	 /* DESC_RING: the user's, released by the hook of that name */
};

struct descriptor {
	struct description *desc;
	uint32_t vfd;	 /* number in the replay, VFD_NUMBER_NONE when not replayed */
	bool cloexec;
	void *order;	 /* the descriptor itself, as a resource */
};

/* A POSIX record lock owner is (descriptor table, file); see fcntl(2), "Advisory record locking". */
struct lock_owner {
	void *node;
	uint32_t handle;
};

/*
 * A descriptor whose number was taken over before its close was seen: the thread that closes it is
 * still on its way out of the call, maybe for long.
 */
struct displaced {
	struct descriptor *d;
	int64_t fd;
	uint64_t t; /* when the number was taken over: the close began before */
};
#define DISPLACED_MAX 64

struct fdtable {
	uint32_t refs;
	struct descriptor **v; /* by number; NULL = closed */
	uint32_t n;	       /* slots */
	VEC(struct lock_owner) locks;
	VEC(struct displaced) displaced; /* at most DISPLACED_MAX; never inherited */
};

struct fsctx {
	uint32_t refs;
	bool shared;	  /* by several tasks at some time: what they did with it has an order */
	void *cwd, *root; /* nodes; NULL = not known */
	uint32_t umask;
	void *order;
};

struct process {
	uint32_t refs; /* live tasks */
	uint32_t pid;
	uint32_t id;   /* dense number in the replay */
	uint32_t uid, gid;
	uint32_t memory;   /* number of the address space, which CLONE_VM shares */
	struct vmap *maps; /* of files; NULL = none so far. Shared with CLONE_VM */
};

struct task {
	struct hnode node;
	uint32_t tid;
	uint32_t id; /* dense number of the virtual thread */
	struct process *process;
	struct fdtable *files;
	struct fsctx *fs;
	bool another; /* its effective user is not the one that its process, or what that came of, began as */
};

struct vfd_hooks {
	void *user;
	void (*node_get)(void *user, void *node);
	void (*node_put)(void *user, void *node);
	void *(*order_new)(void *user); /* NULL when memory is out */
	void (*order_free)(void *user, void *order);
	void (*ring_free)(void *user, void *ring);
	void (*map_get)(void *user, void *map); /* of struct vmap */
	void (*map_put)(void *user, void *map);
	void (*ended)(void *user, struct description *d); /* its last descriptor is gone; may be NULL */
};

struct vfd {
	struct vfd_hooks hooks;
	struct hmap tasks; /* by tid */
	struct task *latest; /* looked for first; NULL, or one that is still there */
	uint32_t next_process, next_memory, next_vfd, next_lock;
};

void vfd_init(struct vfd *v, const struct vfd_hooks *hooks);
void vfd_free(struct vfd *v);

struct task *vfd_find_task(const struct vfd *v, uint32_t tid);

/* NULL when unknown. */
static inline struct task *vfd_task(const struct vfd *v, uint32_t tid)
{
	return v->latest && v->latest->tid == tid ? v->latest : vfd_find_task(v, tid);
}

/* The first thread of process PID, or another one when that has ended. NULL when unknown. */
struct task *vfd_task_of(const struct vfd *v, uint32_t pid);

/* A task of a new process with an empty table, or of the same process as SIBLING (may be NULL). */
struct task *vfd_task_new(struct vfd *v, uint32_t pid, uint32_t tid, struct task *sibling);

/* clone(2): FLAGS says what is shared. The copied descriptors of the child have vfd NONE until the
 * caller numbers them; locks are not inherited. NULL when memory is out. */
struct task *vfd_task_clone(struct vfd *v, struct task *parent, uint32_t pid, uint32_t tid,
	uint64_t flags);

/*
 * The task has a table of its own from now on, as after an exec. The copied descriptors have vfd
 * NONE until the caller numbers them; locks stay behind. 0 or -ENOMEM.
 */
int vfd_task_unshare(struct vfd *v, struct task *t);

/* The end of a task. Its tables must have been emptied before when it was the last user. */
void vfd_task_end(struct vfd *v, struct task *t);
void vfd_task_renumber(struct vfd *v, struct task *t, uint32_t tid);

/* The maps of the process, made when it has none yet. NULL when memory is out. */
struct vmap *vfd_maps(struct process *p);
/* It has none any more, as after an exec. */
void vfd_maps_drop(struct vfd *v, struct process *p);
struct vmap_hooks vfd_map_hooks(const struct vfd *v);

static inline struct descriptor *vfd_get(const struct task *t, int64_t fd)
{
	return fd >= 0 && fd < t->files->n ? t->files->v[fd] : NULL;
}

/* A new description with one descriptor at FD (which must be free). NULL when memory is out. */
struct descriptor *vfd_open(struct vfd *v, struct task *t, int64_t fd, enum description_kind kind,
	void *node, int flags);
/* Another descriptor of the same description at FD (free). */
struct descriptor *vfd_dup(struct vfd *v, struct task *t, struct descriptor *from, int64_t fd);
void vfd_close(struct vfd *v, struct task *t, int64_t fd);

/* A descriptor of the same description that no table has, and how it comes into one (FD is free). */
struct descriptor *vfd_copy(struct vfd *v, struct descriptor *from);
int vfd_place(struct vfd *v, struct task *t, struct descriptor *d, int64_t fd);
void vfd_drop(struct vfd *v, struct descriptor *d);
/* D as it is now, with its number and a description that nobody else has: it may be closed then. */
struct descriptor *vfd_remember(struct vfd *v, const struct descriptor *d);

/* FD is free from now on, and what was there displaced at time T. 0 or -ENOMEM. */
int vfd_displace(struct vfd *v, struct task *t, int64_t fd, uint64_t time);
/* The descriptor that a close of FD that began at time ENTRY means; NULL: the one at FD. */
struct displaced *vfd_displaced(const struct task *t, int64_t fd, uint64_t entry);
void vfd_displaced_close(struct vfd *v, struct task *t, struct displaced *p);

/*
 * A table of descriptors that is no task's: of the files that are registered with an io_uring. A task
 * that has it in the place of its own works on it.
 */
struct fdtable *vfd_table_new(void);
void vfd_table_put(struct vfd *v, struct fdtable *f);

/* Number of descriptor FD in the replay, given out now if it has none yet. */
uint32_t vfd_number(struct vfd *v, struct descriptor *d);

/* The lock handle of this task's table for NODE; made when MAKE. VFD_NUMBER_NONE without one. */
uint32_t vfd_lock_handle(struct vfd *v, struct task *t, void *node, bool make);
/* Forgets it and gives its number: any close of the file by the owner drops all its locks. */
uint32_t vfd_lock_drop(struct vfd *v, struct task *t, void *node);

#endif
