/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_GENERATE_MODEL_H
#define IORIOT_GENERATE_MODEL_H

#include "generate/names.h"
#include "generate/order.h"
#include "generate/window.h"
#include "trace/replay.h"
#include "vfd.h"

/*
 * The model of the captured host: what each record does to tasks, descriptors, names and files, and
 * the line that it becomes in the replay. model_<name>() of ops.def are here, one per kind of effect.
 */

/* Why a record is not in the replay. Printed with counts; every name is in docs/replay-format.md. */
#define LEFT_OUT(X)                                                                                \
	X(PSEUDO, "on a pseudo file system (proc, sysfs, devtmpfs, ...)")                          \
	X(DEVICE, "on a device or FIFO")                                                           \
	X(TTY, "on a terminal")                                                                    \
	X(PIPE, "on a pipe")                                                                       \
	X(SOCKET, "on a socket")                                                                   \
	X(EVENTFD, "on an eventfd")                                                                \
	X(EPOLL, "on an epoll descriptor")                                                         \
	X(TIMERFD, "on a timerfd")                                                                 \
	X(SIGNALFD, "on a signalfd")                                                               \
	X(PIDFD, "on a pidfd")                                                                     \
	X(PERF, "on a perf event")                                                                 \
	X(BPF, "on a BPF object")                                                                  \
	X(EVENTS, "on an inotify or fanotify descriptor")                                          \
	X(MEMORY, "on a file in memory (memfd)")                                                   \
	X(FAULTS, "on a userfaultfd")                                                              \
	X(QUOTA, "on limits of disk space (quotactl)")                                             \
	X(MOUNTS, "on what is mounted (statmount, listmount)")                                     \
	X(HANDLE, "by a handle of a file that has no name or is not known, or refused")            \
	X(NOT_FILE, "on another descriptor that is no file")                                       \
	X(UNKNOWN_FD, "on a descriptor opened before the capture or by a call not captured")       \
	X(NO_DIRECTORY, "relative to a directory that is not known")                               \
	X(WAIT_BROKEN, "a wait, for a lock or at a FIFO, that a signal or a deadlock ended")        \
	X(TOO_LONG, "with a name or path too long for the tree of the replay")                     \
	X(UNLINKED, "on a file unlinked before the capture, through a descriptor")                 \
	X(XATTR, "on extended attributes of the classes system, security and trusted")             \
	X(XATTR_START, "on extended attributes that contradict what others found, or of no file")  \
	X(LIMIT, "refused by a limit of the process: on the size of a file, on descriptors, on AIO") \
	X(FULL, "refused for want of space (ENOSPC, EDQUOT)")                                       \
	X(ANOTHER_USER, "refused to another user than the one it began as")                        \
	X(MOUNT_POINT, "refused because something is mounted there")                               \
	X(TREE_TOP, "another name for a directory that is the top of a tree in the replay")         \
	X(ONE_TREE, "between file systems, which are one in a tree of --root")                      \
	X(AIO_PART, "iocbs on what is no file, or refused, of batches whose others are replayed")  \
	X(AIO_UNKNOWN, "on AIO events or iocbs that are no file's, were refused, or are not known") \
	X(AIO_WAIT, "a wait for AIO events that a signal ended")                                   \
	X(RING, "on an io_uring that is not known: made before the capture or not recorded")        \
	X(RING_CALL, "calls on an io_uring that failed or do nothing about files")                  \
	X(RING_OP, "submissions to an io_uring that are no file operations (network, timers ...)") \
	X(NO_MAP, "on memory that shows no file, or did so before the capture")                    \
	X(MAP_FORKED, "on maps that a parent or a child still has, or on parts of maps that move")  \
	X(MAP_ADDRESS, "on maps, with an error of addresses, limits or mount options")              \
	X(MAP_ADVICE, "advice on memory that files do not know")                                   \
	X(LAYER, "events of other layers than calls (block, cache, fault)")                        \
	X(UNKNOWN_OP, "operations that have no row in the table")                                  \
	X(MALFORMED, "malformed lines")

enum left_out {
	LEFT_NONE,
#define X(name, text) LEFT_##name,
	LEFT_OUT(X)
#undef X
	LEFT_COUNT,
	LEFT_STATE,    /* internal: a state record, which is no operation */
	LEFT_CONFLICT /* internal: the record contradicts the model; maybe another one comes first */
};

extern const char *const left_out_texts[LEFT_COUNT];

/* What in a record contradicts the model, where somebody outside of the capture may be the reason. */
struct surprise {
	enum {
		SURPRISE_NONE,
		SURPRISE_FOUND, /* NAME in DIR is there */
		SURPRISE_GONE,	/* NAME in DIR, which is NODE, is not there */
		SURPRISE_SIZE,	/* NODE has SIZE bytes */
		SURPRISE_FULL	/* something stands in the directory NODE */
	} what;
	struct node *dir, *node;
	struct str name; /* valid as long as the record and the model */
	uint32_t mode;	 /* of what is found; type 0 = not known */
	uint64_t size;
	bool sure;	 /* both are what the call told */
};

/* A descriptor that was closed while submissions were under way: they may be about it. */
struct closed {
	int64_t fd;
	uint64_t t; /* when its close was over */
	uint32_t ring;	 /* 0, or of the submission that closed it: its ring, */
	uint64_t number; /* and its number there */
	struct descriptor *d; /* NULL: of no file that is replayed, */
	int left;	 /* but why */
};
#define CLOSED_MAX 256 /* beyond, the oldest are forgotten */

/* An io_uring, as long as a descriptor refers to it. */
struct ring {
	struct rings *rings;
	struct vfd *vfd;
	uint32_t captured; /* its number in the capture, */
	uint32_t number;   /* and in the replay */
	uint64_t linked;   /* number of the submission that the latest one of the replay was linked to */
	uint64_t stand_in; /* the same when the latest one stands for one that is left out */
	uint64_t slots;	   /* of the table of registered files, 0: there is none */
	struct description *desc;
	struct fdtable *files; /* registered */
	uint64_t submitted, over;   /* submissions, how many of each */
	const struct fdtable *user; /* of who submitted last */
	VEC(struct closed) closed;  /* there, in this order */
	void *submits;		    /* a resource: what is submitted, against closes of what that is about */
	bool chains;		    /* there were links: with them some wait for others */
	bool reuses;		    /* the submission at hand is URING_REUSED */
};

struct rings {
	VEC(struct ring *) v;
	uint32_t next;
};
/* A descriptor in a message that nobody has received yet. */
struct flight {
	uint64_t identity;
	struct descriptor *d;
};
#define FLIGHTS_MAX 4096 /* beyond, the oldest will never be received */

/* A map of a file, made by one mmap(2) or mremap(2). */
struct filemap {
	uint32_t refs;	 /* parts that show it, of all address spaces */
	uint32_t id;	 /* in the replay; MAP_NONE: it is not in there */
	uint64_t born;	 /* when the call that made it was over */
	uint64_t off;	 /* in the file, of its start */
	uint64_t len;	 /* of whole pages */
	bool shared, writable; /* MAP_SHARED; PROT_WRITE when it was made */
	bool forked;	 /* more than one address space has had it */
	struct node *node;
	struct resource order; /* against its end */
	struct filemap *next;  /* of those that have ended */
};

/* Which pages of maps were touched: what the header of a capture says of it. */
enum faults { FAULTS_NONE, FAULTS_PAGEMAP, FAULTS_EVENTS };

struct model {
	struct names names;
	struct vfd vfd;
	struct ordering *order;
	struct str arch;  /* of the capture, for open flags */
	const char *name; /* of the test */
	const char *root; /* --root, absolute; NULL = a tree per mount point */
	bool force;	  /* apply a record even when it contradicts the model */
	uint64_t granted;  /* permissions that INIT gives beyond those of the start */
	uint64_t unsure;   /* submissions that may have found another file: URING_REUSED */
	uint64_t appeared; /* names that came from outside of the capture */
	uint64_t reused;   /* descriptors and maps whose end was not captured: their number or address
			      came again */
	uint64_t captured_lost;

	struct hmap aio;   /* AIO contexts, see model_aio.c */
	uint32_t next_ctx;
	struct rings rings;
	struct fdtable *into; /* where a new descriptor goes, NULL: to those of the task */
	/* where the descriptors FD and FD2 of a submission are, NULL: with those of the task */
	struct fdtable *from, *from2;
	struct rec plain;     /* of a submission: the call that does the same */
	enum faults faults;
	uint32_t next_map;
	uint64_t maps;	   /* made */
	struct filemap *ended_maps; /* freed when the line is committed */

	VEC(struct flight) flights;
	struct hmap handles; /* see model_handle.c */
	struct buf opened;   /* what an open_by_handle_at opened */
	struct hmap told; /* what was told of names too late, see outside.c */

	/* the record at hand, and those behind it: NULL, they are not known */
	const struct rec *rec;
	struct window *window;
	struct surprise surprise; /* of LEFT_CONFLICT */
	struct task *task;
	struct rline *out; /* whoever has the model says where */
	struct buf path, path2, scratch;
	VEC(struct vlist_item) list;
	VEC(uint64_t) numbers; /* of the line, where they are others than those of the record */
	uint64_t parts; /* iocbs of it that are left out */
	VEC(struct node *) kept;	/* whose resources the line touches, likewise */
	VEC(struct resource *) dying; /* of closed descriptors, until the line is committed */
	union spare_resource *spare_resources;
	struct rline more;  /* a second line of the same record, when has_more */
	bool has_more;
	uint64_t more_part[3];
	struct task *child; /* OPF_FORK */
	bool ended;	    /* the task ends with this record */
	bool end_seen;	    /* the capture has its closing line */
};

int model_init(struct model *m, const char *name, const char *root, struct str arch);
void model_free(struct model *m);

/*
 * Applies a record. LEFT_NONE: m->out is the line, and its resources are in m->order. Another
 * enum left_out: it is not replayed (its effect is in the model all the same). LEFT_CONFLICT only
 * while !m->force: nothing was changed. Negative: -errno.
 */
int model_apply(struct model *m, const struct rec *r);

/*
 * What most records are, by a shorter way to the same end: a thread that is alone reads or writes as much as it asked
 * for, and nothing behind the end of the file. False: nothing was done, it is for model_apply(). Else there is a line,
 * and no need for model_done().
 */
bool model_apply_in_place(struct model *m, const struct rec *r);

/* After the line was committed to the order, or left out: frees what the operation ended. */
void model_done(struct model *m);

/* ---- shared by the model_*.c files ---- */

typedef int model_fn(struct model *m, const struct rec *r);
#define OP(name, x86, arm, fam, cls, flags, cmp, args, model, replay) model_fn model_##model;
#include "ops/ops.def"
extern model_fn *const models[OP_COUNT];

uint64_t model_oflags(const struct model *m, const struct rec *r); /* of the open family */
int64_t model_arg(const struct rec *r, enum arg_kind kind, int64_t otherwise);

/*
 * The descriptor in the argument KIND, checked and entered in the line. 0 with *D, or with *D NULL
 * when the call failed with EBADF and goes into the replay as that; or an enum left_out.
 */
int model_fd(struct model *m, const struct rec *r, enum arg_kind kind, struct descriptor **d);

/* The same for descriptor FD, which stands somewhere else in the record: *SLOT of the line is its place. */
int model_fd_in(struct model *m, const struct rec *r, int32_t fd, uint64_t *slot,
	struct descriptor **d);

/* The call failed of two file systems, and the replay has one. */
bool model_crosses_trees(const struct model *m, const struct rec *r, const struct descriptor *a,
	const struct descriptor *b);

/* Why nothing on a description of this kind is replayed; LEFT_NONE: it is. */
int model_left_of(enum description_kind kind);

void model_flights_free(struct model *m);

/* What a descriptor is, from the text of its link in /proc/PID/fd. DESC_OTHER: that does not tell. */
enum description_kind model_kind_of_text(struct str text);

/*
 * A new descriptor whose number is still in use: the call that freed it overlapped this one and was
 * seen to return later.
 */
bool model_number_taken(const struct model *m, int64_t fd);

/*
 * What a state record tells of a descriptor, whose number is free. LEFT_NONE: the line opens it again.
 */
int model_open_told(struct model *m, const struct rec *r);

/* A descriptor at FD of what is no file. 0 or -ENOMEM. */
int model_open_other(struct model *m, int64_t fd, enum description_kind kind, bool cloexec);

/* Where a path argument leads. */
struct place {
	struct walk w;
	struct descriptor *fd; /* "/proc/self/fd/N" or an empty path: this descriptor itself */
	struct node
		*scope; /* openat2(2) with RESOLVE_BENEATH or IN_ROOT: the way ends outside of it */
	struct node *from;     /* where the way begins */
	bool missing;	       /* the path could not be read: the call failed with EFAULT */
	bool bad_base;	       /* relative to a descriptor that was not open */
	bool relative;	       /* the text stays as it is, relative to fd or cwd */
	bool dotdot;	       /* but not when it has a ".." */
	bool whole;	       /* never, since the reader wants to know it */
	struct str text;       /* the path, or what of it is behind a descriptor's */
	struct node *node;     /* what it is (w.node or the descriptor's) */
};

/*
 * Resolves path (which = A_PATH or A_PATH2) relative to the descriptor argument of kind BASE
 * (A_NONE: always the working directory). FLAGS of names_walk().
 */
int model_place(struct model *m, const struct rec *r, enum arg_kind which, enum arg_kind base,
	unsigned flags, struct place *p);

/*
 * Squares what the model knows about the place with what the call found: existed 1, 0, or -1 for
 * not known. Enters what was not known before. LEFT_CONFLICT when they contradict each other.
 */
int model_settle(struct model *m, const struct rec *r, struct place *p, int existed, uint32_t type);

/* LEFT_CONFLICT, and why: an entry is gone; the way to a place is broken; a file has another size. */
int model_gone(struct model *m, const struct entry *e);
int model_no_way(struct model *m, const struct walk *w);
int model_resized(struct model *m, struct node *n, uint64_t size);

/* The call fails in a directory that was removed: LEFT_CONFLICT when this one is not. */
int model_removed(struct model *m, struct node *dir);

/* What a call told of the file that it found. */
void model_seen(const struct rec *r, struct node *n);

/* The record at hand changes it. */
void model_changed(const struct model *m, struct changed *c);

/* Enters NODE (NULL: nothing) where the walk ended, in the model and in the order. */
int model_enter(struct model *m, struct walk *w, struct node *node);

/* The file has SIZE bytes from now on, and what was beyond is gone. */
int model_cut(struct model *m, struct node *n, uint64_t size);

/* What fallocate(2) with MODE did to it. */
int model_allocate(struct model *m, struct node *n, uint64_t mode, uint64_t off, uint64_t len);

/* As an owner of locks: odd. Even ones are lock handles. */
static inline uint64_t description_owner(const struct description *d)
{
	return (uint64_t)(uintptr_t)d | 1;
}

/*
 * Leases, F_SETLEASE(2const): the call itself; would one of them stop an open of the file; such an open
 * that did not wait (O_NONBLOCK); who has the file open, which decides whether one is given.
 */
int model_lease(struct model *m, const struct rec *r, struct descriptor *d);
bool model_lease_blocks(const struct node *n, int flags);
int model_lease_refused(struct model *m, const struct rec *r, struct place *p, int flags);
void model_description_began(struct description *d);
void model_description_ended(void *user, struct description *d);
/* What depends on leases of the file, where it has had any. */
int model_touch_leases(struct model *m, struct node *n, enum touch how);

/* How many bytes a read or write asked for. */
uint64_t model_wanted(const struct rec *r);

/* Writes the place as a path of the replay into OUT (m->path or m->path2) and the line's argument. */
int model_put_path(struct model *m, const struct rec *r, enum arg_kind which, enum arg_kind base,
	struct place *p);

/* A canonical path of the captured host as one of the replay, at the end of OUT. */
int model_map(struct model *m, struct str path, struct buf *out);
bool model_has_dotdot(struct str path);
/* What no call can name, and no reader of a replay accepts. */
bool model_too_long(struct str path);
/* The text of a symbolic link that stands in directory DIR (canonical). */
int model_map_target(struct model *m, struct str dir, struct str target, struct buf *out);

/* Closes a descriptor of the task: list items, resources, locks. */
int model_close_fd(struct model *m, int64_t fd);
/* The same of all whose number others have taken over: their closes will not come any more. */
int model_close_displaced(struct model *m);
/* A new descriptor has this number: what had it loses it. 0 or -ENOMEM. */
int model_free_number(struct model *m, int64_t fd);

/* FROM has another number, TO, which is free. */
int model_dup_to(struct model *m, struct descriptor *from, int64_t to, bool cloexec);

/* The task has copies of the descriptors FROM has: list items and resources of both. */
int model_copied_fds(struct model *m, const struct task *task, const struct fdtable *from);
/* The task has its descriptors alone from now on. */
int model_unshare_fds(struct model *m);

/* A descriptor for an opened node; *D has its number in the replay when it is replayed. */
int model_open_fd(struct model *m, int64_t fd, struct node *node, int flags,
	bool pseudo, struct descriptor **d);

/*
 * Root passes permissions by, and the user of the replay does not: what was there at the start and
 * was used without its owner having the permission gets it (S_IRUSR ...) in INIT. What is of an
 * unknown mode has it there anyhow.
 */
void model_grant(struct model *m, struct node *n, uint32_t bits);

void model_handles_free(struct model *m);

/* Keeps a node that the operation may end until its line is committed. */
int model_keep(struct model *m, struct node *n);

/* The maps of a process end with it, or with an exec: list items. */
int model_end_maps(struct model *m, struct process *p);
/* What goes into vfd_hooks. */
void model_map_get(void *user, void *map);
void model_map_put(void *user, void *map);
void model_free_maps(struct model *m);

/* A directory of the start has a default access control list of LEN bytes that gives BITS. */
int model_default_acl_at_start(struct node *n, uint64_t bits, uint64_t len);

/* What N, made in DIR, has by that: the umask counts without it only. */
int model_inherit_acl(const struct model *m, struct node *dir, struct node *n);

/* Was the extended attribute there when the call looked, and is it there after it? -1 = not told. */
int model_xattr_found(const struct rec *r);
int model_xattr_left(const struct rec *r);

/* Bytes that a call moved through a descriptor: its effect, whatever the call. */
struct span {
	struct descriptor *d;
	uint64_t off;
	bool implicit;	 /* off is the description's own offset, which moves */
	uint64_t wanted; /* bytes asked for */
	int64_t done;	 /* the result */
	bool append;	 /* off is the end */
	bool own;	 /* the call writes to the same file: it may have read that */
};
int model_span_read(struct model *m, const struct span *s);
int model_span_write(struct model *m, const struct span *s);
/* Of model_apply_in_place(): the descriptor that bytes were moved through by T. NULL: nothing was done. */
struct descriptor *model_move_in_place(const struct task *t, const struct rec *r);
/* Why the call failed, if of what no tree has: limits, room, mount points, other ends of FIFOs; else LEFT_NONE. */
int model_left_by_error(const struct model *m, const struct rec *r);

/* The vector of the line becomes the model's, in its numbers, which may be changed. 0 or -ENOMEM. */
int model_own_vector(struct model *m);

/* Fewer bytes were written than asked for: the line asks for those. 0 or -ENOMEM. */
int model_ask_for_less(struct model *m, const struct span *s);

/* LEFT_CONFLICT when what a read got contradicts the size of its file. Changes nothing. */
int model_read_fits(struct model *m, const struct span *s);

/* The AIO contexts of the task's process end: list items and resources. */
int model_aio_end(struct model *m);
/* The capture is over: what is under way does what it was asked for. */
int model_aio_settle(struct model *m);
void model_aio_free(struct model *m);

/* The call that a record of uring.def does the work of; its submission stays in R's sqe. */
void model_uring_plain(struct rec *r, uint64_t *length);
int model_submission(struct model *m, const struct rec *r);
/* Of the ring that ends with its last descriptor. */
/* FD, which is D, is about to be closed: submissions that are under way may be about it. */
int model_rings_remember(struct model *m, int64_t fd, const struct descriptor *d);
int model_ring_end(struct model *m, struct description *d);
void model_ring_free(void *user, void *ring);

static inline int model_touch(struct model *m, struct resource *res, enum touch how)
{
	return order_touch(m->order, res, how);
}

static inline int model_touch_fs(struct model *m, enum touch how)
{
	return m->task->fs->shared ? order_touch(m->order, m->task->fs->order, how) : 0;
}

#endif
