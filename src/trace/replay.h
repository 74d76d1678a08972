/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_TRACE_REPLAY_H
#define IORIOT_TRACE_REPLAY_H

#include "datas/buf.h"
#include "trace/capture.h"
#include "trace/rec.h"
#include "utils/err.h"

/*
 * The grammar of .replay files, docs/replay-format.md.
 *
 *   TIME|THREAD|PROCESS|DEPS|args...|RESULT|op@LINE|
 *
 * TIME     ENTRY+DURATION in ns, ENTRY counted from the start of the capture
 * THREAD   virtual thread, PROCESS virtual process: dense numbers from 0
 * DEPS     '-', or labels (LINE) of operations of other threads that must be over first: 12,40
 * args     one field per recorded argument of the operation's row, in order; then the new virtual
 *          descriptor as '>7' or '>-' (OPF_NEWFD), the new map as '>M7' or '>-' (OPF_NEWMAP), the
 *          new 'PROCESS:THREAD' (OPF_FORK), the list
 *          (OPF_LIST) as '-' or 7,9 or 7:12,8:13 or L3 or M3
 * RESULT   what the program got: a number, or an errno name with a minus: -ENOENT
 */
#define REPLAY_VERSION 4

#define VFD_NONE ((uint32_t)-1) /* no such descriptor: the program used a number it had not open */
#define VFD_CWD	 ((uint32_t)-2) /* AT_FDCWD */
#define CTX_NONE VFD_NONE	/* no AIO context */

#define MAP_NONE ((uint32_t)-1)

/*
 * One item of a list: a descriptor, a parent:child pair of them, a POSIX lock owner's handle, an AIO
 * context, an io_uring or a memory map that ends.
 */
struct vlist_item {
	enum { VITEM_FD, VITEM_PAIR, VITEM_LOCK, VITEM_CTX, VITEM_RING, VITEM_MAP } kind;
	uint32_t a, b;
};

/*
 * One line of the operations. The arguments are kept as in struct rec, except that descriptors
 * (FORM_FD) are virtual ones (uint32_t, VFD_NONE, VFD_CWD) and paths are the replay's own:
 * absolute and inside a tree, or relative to the descriptor or the process's directory, or
 * "%fd/N" (written so; /proc/self/fd of virtual descriptor N). A relative name that happens to read
 * "%fd/N" is given as "./%fd/N".
 */
struct rline {
	uint64_t entry, dur;
	uint32_t thread, process;
	const uint64_t *deps;
	const struct vlist_item *list;
	uint32_t ndeps, nlist;
	uint32_t newfd;	 /* OPF_NEWFD; VFD_NONE when it failed */
	uint32_t new_process, new_thread; /* OPF_FORK; UINT32_MAX when it failed */
	uint32_t newmap; /* OPF_NEWMAP; MAP_NONE when it failed or is not replayed */
	uint32_t lock;	 /* POSIX record locks: handle of (process, file); VFD_NONE otherwise */
	struct rec call; /* op, arg, path, path2, vec, ts, ret, line (the label) */
};

/* It waits for nobody and makes nothing yet. */
static inline void rline_begin(struct rline *line)
{
	line->deps = NULL;
	line->list = NULL;
	line->ndeps = line->nlist = 0;
	line->newfd = line->lock = VFD_NONE;
	line->newmap = MAP_NONE;
	line->new_process = line->new_thread = UINT32_MAX;
}

/* What must exist before: one line of the #INIT section. */
enum init_kind {
	INIT_DIR,
	INIT_FILE,
	INIT_SYMLINK,
	INIT_HARDLINK,
	INIT_FIFO,
	INIT_SOCKET,
	INIT_XATTR,  /* an extended attribute of a file or directory of an earlier line */
	INIT_XATTRS, /* the length of its list of attributes */
};


struct init_line {
	enum init_kind kind;
	struct str path;   /* in a tree, absolute */
	struct str target; /* SYMLINK: its text; HARDLINK: path of the file it is another name of; XATTR: name */
	uint32_t mode;	   /* permission bits */
	uint32_t uid, gid; /* as captured */
	uint64_t size;	   /* FILE; XATTR: of its value; XATTRS: bytes of all names */
	const uint64_t *data; /* FILE: offset, length, ... of what must be data; the rest are holes */
	uint32_t ndata;	      /* number of values: twice the ranges; ascending, apart, inside size */
	uint64_t line;	      /* of the file it was read from, 1 = the header */
};

void replay_print(struct buf *out, const struct rline *line);
void replay_print_init(struct buf *out, const struct init_line *line);
void replay_print_header(struct buf *out, const struct capture_pair *pairs, size_t n);
#define REPLAY_INIT_MARK "#INIT" /* a line of its own before the first INIT line */
#define REPLAY_END_MARK	 "#END"	 /* the last line: without it the file is cut short and refused */

/* Is PATH of the form "%fd/N"? N then is in *VFD. */
bool replay_path_fd(struct str path, uint32_t *vfd);

struct replay_reader;

/* Opens, reads the header. -EPROTO: not a replay, or of another version. */
int replay_open(struct replay_reader **out, const char *path, struct err *err);
void replay_close(struct replay_reader *r);
struct str replay_header(const struct replay_reader *r, const char *key);

/*
 * Operations first, then the INIT lines. replay_next() gives 1 for an operation, 0 when they are
 * over; then replay_next_init() gives 1 for a line, 0 at the end of the file. -errno with file and
 * line in err: a replay with a malformed line is refused, since its results would mean nothing.
 * replay_next_init() skips operations that were not read.
 */
int replay_next(struct replay_reader *r, struct rline *line, struct err *err);
int replay_next_init(struct replay_reader *r, struct init_line *line, struct err *err);
double replay_progress(const struct replay_reader *r);

/* errno names: "ENOENT" <-> 2. errno_name() gives NULL for an unknown number. */
const char *errno_name(int code);
int errno_by_name(struct str name); /* 0 when unknown */

#endif
