/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_REPLAY_PROGRAM_H
#define IORIOT_REPLAY_PROGRAM_H

#include "datas/hist.h"
#include "options.h"
#include "replay/copies.h"
#include "replay/encode.h"
#include "replay/fd_places.h"
#include "replay/paths.h"
#include "replay/layout.h"
#include "replay/rings.h"
#include "replay/select.h"
#include "tree/marker.h"
#include "tree/tree.h"
#include "utils/err.h"

/*
 * A replay file, checked and compiled: one stream of operations per real thread. It is made before
 * the workers are forked and only read from then on.
 */
struct program {
	const char *file;
	char id[TREE_ID_MAX + 1];
	struct arena arena;
	struct tree_set trees; /* of the first copy; to work in them: copies */
	struct paths paths;    /* likewise */
	struct copy *copies;
	uint32_t ncopies; /* 1 without --scale */
	uint64_t ops; /* in the file, state records included */
	uint64_t states; /* those, and what is left out */
	struct selection selection;
	struct by_file files;
	uint32_t contexts, locks, aio, maps; /* highest number + 1 */
	uint32_t vfds;			     /* places for descriptors: struct fd_places */
	uint32_t vthreads;		/* the same of virtual threads */
	uint64_t read_max, write_max; /* the longest request, vectors summed up */
	uint32_t iov_max;
	uint32_t iocbs_max, events_max; /* of one call */
	uint8_t *aio_shared;	/* by AIO context: several threads use it */
	bool splices;	      /* each thread may have a pipe of its own */
	uint64_t ring_pipes;  /* and so may so many submissions */
	bool direct;	      /* something is opened with O_DIRECT */
	uint64_t first_entry; /* ns; of the first operation */
	uint64_t span;	      /* ns from there to the end of the last */
	struct hist *captured; /* durations as captured, by operation */
	struct hist *captured_aio; /* ... of iocbs, by enum aio_kind */
	uint32_t *context_of; /* by virtual thread: number of its directory context + 1, 0 = none */
	uint8_t *inherits_cwd; /* by context: wants its parent's current directory at the fork */
	uint32_t *context_ends; /* by context: operations that end a thread of it; 0: one does not end */
	struct ring_plan rings;
	struct layout layout;
	struct xwriter *streams; /* by real thread */
	uint32_t *thread_ops;	 /* by real thread */
	uint64_t files_max;	 /* descriptors open at once in one worker, at most */
};

/*
 * Reads the file. ROOT is --root of this command line as tree_root_resolve() gives it, or NULL.
 * -EPROTO, -EINVAL: malformed, or it reaches outside its tree; err says where.
 */
int program_load(struct program *p, const struct options *o, const char *root, struct err *err);
void program_free(struct program *p);

/* Of all copies. Those of the first one come first: thread T is thread T % layout.threads of its copy. */
static inline uint32_t program_threads(const struct program *p)
{
	return p->ncopies * p->layout.threads;
}

static inline uint32_t program_workers(const struct program *p)
{
	return p->ncopies * p->layout.workers;
}

/* ---- between the parts of loading ---- */

#define CHUNK_SIZE (1u << 20)
struct filed_chunk {
	struct buf data;
	struct filed_chunk *next;
};

/*
 * What loading looks at in the operations of a row. PLAIN: they have descriptors, lengths and other
 * numbers, and nothing else that anybody asks for.
 */
struct row {
	bool plain;
	bool odd;	       /* has descriptors, maps or tasks in other places than FDS, paths, newfd and list */
	bool sized;	       /* has sizes in other places than READ and WRITTEN */
	bool paths;	       /* is issued with its paths */
	bool ring;	       /* of an io_uring */
	bool follows;	       /* see struct stretch: such an operation can be in one */
	bool ends;	       /* its thread, there */
	uint8_t fds;	       /* a bit for each argument that is a descriptor */
	int8_t read, written;  /* argument that says how many bytes, -1 = none */
	int8_t oflags;	       /* of open(2) or alike, -1 = none */
};

/* Operations whose labels follow each other: the first one's. */
struct label_run {
	uint64_t label, index;
};

/*
 * Operations of one thread behind each other, the one before them its too, which wait for nobody: what the walks over
 * all operations ask of each is known of all of them, so they take such a stretch in one step.
 * It is in one chunk.
 */
#define STRETCH_LEAST 8 /* shorter ones are not worth their memory */
struct stretch {
	uint32_t index, n; /* the first one; how many */
	uint32_t bytes;
	int32_t opened, opened_most; /* descriptors: in the end, and at most */
	bool cwd; /* one looks at the current directory */
};

/* All operations in filed form, and what is known of them by their index. */
struct filing {
	struct filed_chunk *first, *last;
	struct filed written; /* the last one */
	struct row rows[OP_COUNT];
	uint64_t n;
	VEC(struct stretch) stretches;
	bool in_stretch; /* the last operation is in the last one */
	VEC(struct label_run) runs;
	bool sorted; /* labels never decrease */
	uint64_t *labels;   /* when not sorted: of each operation ... */
	uint32_t *by_label; /* ... and indices in the order of labels, then of index */
	struct fd_places places;
	VEC(uint64_t) vec; /* of the line at hand, with places for numbers of descriptors; likewise */
	VEC(struct vlist_item) list;
	uint32_t max_thread, max_process, max_lock, max_aio, max_map; /* highest + 1 */
	uint8_t *awaited; /* bit per operation */
};

void filing_free(struct filing *f);

/* The operation that LABEL of a dependency names, seen from operation INDEX; or -EINVAL. */
int filing_find(const struct filing *f, uint64_t label, uint64_t index, uint64_t *found,
	struct err *err);

/* Walks the operations; CHUNK is the one in which the operation given last is. */
struct filing_walk {
	struct filed_chunk *chunk, *next;
	const uint8_t *at, *end;
	uint64_t index; /* of the operation given last */
	const struct stretch *stretch; /* the next one */
	size_t stretches;	       /* how many are left */
};
#define FILING_WALK(f)                                                                             \
	((struct filing_walk){.next = (f)->first,                                                  \
		.index = UINT64_MAX,                                                               \
		.stretch = (f)->stretches.v,                                                       \
		.stretches = (f)->stretches.n})

static inline bool filing_at_hand(struct filing_walk *w)
{
	while (w->at == w->end) {
		if (!w->next)
			return false;
		w->chunk = w->next;
		w->next = w->chunk->next;
		w->at = (const uint8_t *)w->chunk->data.p;
		w->end = w->at + w->chunk->data.len;
	}
	return true;
}

static inline bool filing_next(struct filing_walk *w, struct filed *f)
{
	if (!filing_at_hand(w))
		return false;
	w->at = filed_get(w->at, f);
	w->index++;
	return true;
}

/* The stretch that begins with the next operation, or NULL. */
static inline const struct stretch *filing_stretch(struct filing_walk *w)
{
	for (; w->stretches && w->stretch->index < w->index + 1; w->stretches--)
		w->stretch++; /* its operations were taken one by one */
	if (!w->stretches || w->stretch->index != w->index + 1 || !filing_at_hand(w))
		return NULL;
	return w->stretch;
}

/* Takes it; returns its operations. Of F only the task and the label are those of its last one. */
static inline const uint8_t *filing_take_stretch(struct filing_walk *w, struct filed *f)
{
	const struct stretch *s = w->stretch++;
	const uint8_t *bytes = w->at;

	w->stretches--;
	w->at += s->bytes;
	w->index += s->n;
	f->label += s->n;
	return bytes;
}

/* Does an operation look at the current directory of its thread? PATH and PATH2 are references. */
static inline bool looks_at_cwd(enum op_id op, const uint64_t arg[OP_ARGS], uint64_t path, uint64_t path2)
{
	int base = op_arg_index(op, A_DIRFD), base2 = op_arg_index(op, A_DIRFD2);

	return op == OP_getcwd ||
	       (op_has(op, A_PATH) && PATH_REF_KIND(path) == PATH_RELATIVE &&
		       (base < 0 || (uint32_t)arg[base] == VFD_CWD)) ||
	       (op_has(op, A_PATH2) && PATH_REF_KIND(path2) == PATH_RELATIVE &&
		       (base2 < 0 || (uint32_t)arg[base2] == VFD_CWD));
}

static inline bool op_sets_cwd(enum op_id op)
{
	return op == OP_chdir || op == OP_fchdir || op == OP_state_task;
}

/* Does its context remember a directory from then on? */
static inline bool xop_sets_cwd(const struct xop *x, int64_t captured)
{
	return x->op == OP_state_task ? PATH_REF_KIND(x->path) != PATH_NULL : op_sets_cwd(x->op) && captured >= 0;
}

/*
 * analyse.c: which processes belong together, where threads begin, what is waited for, and who
 * shares a directory context, that is current directory and umask: with CLONE_FS also processes,
 * without it not even the threads of one (man 2 clone).
 */
struct analysis {
	struct sets processes;
	struct vthread *threads;
	uint64_t *begun_by; /* by virtual thread: index of its fork line + 1, or 0 */
};
int analyse(struct analysis *a, struct filing *f, struct program *p, enum order order,
	struct err *err);
void analysis_free(struct analysis *a);

/* link.c: from the filed form to the threads' streams. Frees the chunks as it goes. */
int link_streams(struct program *p, struct filing *f, const struct analysis *a, enum order order,
	enum pace_kind pace, struct err *err);

#endif
