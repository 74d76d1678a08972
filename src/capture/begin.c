/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/begin.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <sys/stat.h>

#include "capture/footprint.h"
#include "datas/buf.h"
#include "datas/hmap.h"
#include "ops/ioctl.h"
#include "ops/uring.h"
#include "trace/rec_uring.h"

/* A descriptor of a state. */
struct state_fd {
	uint32_t fd;
	uint32_t dev; /* both numbers in one; with INO what the file is, 0 and 0: not known */
	uint64_t ino;
	uint64_t offset;
};

/* A map of a state. */
struct state_map {
	uint64_t start, end;
};

#define IDLE_MOST 4096 /* processes that may be over */

#define INO_CLOSED UINT64_MAX /* the process has closed it since */

/* The first descriptor that was told of a description. */
struct described {
	struct hnode node; /* by the description */
	LIST_ENTRY(described) of_process;
	uint32_t pid, fd;
};

/* A process whose state was told, or that such a one forked. */
struct process {
	struct hnode node; /* by pid */
	uint32_t pid;
	bool headless; /* its first thread has ended */
	bool is_idle;
	uint64_t t;   /* the moment of its state; 0: it was forked, and has none */
	uint64_t cwd; /* of its state, 0 = not known */
	uint32_t umask;
	bool sorted; /* fds is, by number */
	bool forgot; /* fds was given up */
	VEC(struct state_fd) fds;
	VEC(struct state_map) maps;
	TAILQ_ENTRY(process) with_fds;
	TAILQ_ENTRY(process) idle;
	LIST_HEAD(thread_list, thread) threads;
	LIST_HEAD(described_list, described) described;
};

/* A thread all of whose calls to come begin after the state of its process. */
struct thread {
	struct hnode node; /* by tid */
	uint32_t tid;
	struct process *process;
	LIST_ENTRY(thread) of_process;
};

struct begin {
	struct begin_out to;
	struct hmap processes, threads, described;
	TAILQ_HEAD(process_list, process) with_fds, idle;
	size_t n_fds, n_idle;
	uint64_t settled;
	struct begin_counts counts;
};

int begin_open(struct begin **out, const struct begin_out *to, struct err *err)
{
	struct begin *b = calloc(1, sizeof(*b));

	*out = b;
	if (!b)
		return err_sys(err, ENOMEM, "cannot begin the capture");
	b->to = *to;
	TAILQ_INIT(&b->with_fds);
	TAILQ_INIT(&b->idle);
	b->settled = UINT64_MAX;
	return 0;
}

void begin_settled(struct begin *b, uint64_t t)
{
	b->settled = t;
}

struct begin_counts begin_counts(const struct begin *b)
{
	return b->counts;
}

static int no_memory(struct err *err)
{
	return err_sys(err, ENOMEM, "cannot keep the state of a process");
}

/* --- threads --- */

static struct thread *find_thread(const struct begin *b, uint32_t tid)
{
	struct hnode *node = hmap_first(&b->threads, hash_u64(tid));

	return node ? hmap_entry(node, struct thread, node) : NULL;
}

static void remove_thread(struct begin *b, struct thread *t)
{
	LIST_REMOVE(t, of_process);
	hmap_remove(&b->threads, &t->node);
	free(t);
}

static void remove_threads(struct begin *b, struct process *p)
{
	while (!LIST_EMPTY(&p->threads))
		remove_thread(b, LIST_FIRST(&p->threads));
}

static void not_idle(struct begin *b, struct process *p)
{
	if (!p->is_idle)
		return;
	TAILQ_REMOVE(&b->idle, p, idle);
	p->is_idle = false;
	b->n_idle--;
}

static int add_thread(struct begin *b, struct process *p, uint32_t tid)
{
	struct thread *t = find_thread(b, tid);

	if (t) /* its end was lost, and the number is in use again */
		remove_thread(b, t);
	t = calloc(1, sizeof(*t));
	if (!t || hmap_insert(&b->threads, &t->node, hash_u64(tid))) {
		free(t);
		return -ENOMEM;
	}
	t->tid = tid;
	t->process = p;
	LIST_INSERT_HEAD(&p->threads, t, of_process);
	not_idle(b, p);
	return 0;
}

/* --- descriptors of states --- */

static void remove_described(struct begin *b, struct described *d)
{
	LIST_REMOVE(d, of_process);
	hmap_remove(&b->described, &d->node);
	free(d);
}

/* Takes the process out of the list of those that have some. */
static void drop_fds(struct begin *b, struct process *p)
{
	if (!p->fds.n)
		return;
	while (!LIST_EMPTY(&p->described))
		remove_described(b, LIST_FIRST(&p->described));
	TAILQ_REMOVE(&b->with_fds, p, with_fds);
	b->n_fds -= p->fds.n;
	vec_free(&p->fds);
}

static void forget_oldest(struct begin *b)
{
	struct process *p = TAILQ_FIRST(&b->with_fds);

	drop_fds(b, p);
	p->forgot = true;
	b->counts.forgotten++;
}

static uint32_t fold_device(const struct facts *facts)
{
	return facts->dev_major << 20 ^ facts->dev_minor;
}

static int add_fd(struct begin *b, struct process *p, const struct rec *rec)
{
	struct state_fd *fd;

	if (p->forgot)
		return 0;
	fd = vec_push(&p->fds);
	if (!fd)
		return -ENOMEM;
	fd->fd = (uint32_t)rec->arg[0];
	fd->offset = rec->arg[3];
	if (rec->facts.known) {
		fd->dev = fold_device(&rec->facts);
		fd->ino = rec->facts.ino;
	}
	if (p->fds.n == 1) {
		TAILQ_INSERT_TAIL(&b->with_fds, p, with_fds);
		p->sorted = true;
	} else if (fd->fd <= fd[-1].fd) {
		p->sorted = false;
	}
	if (++b->n_fds > BEGIN_FDS_MOST)
		forget_oldest(b);
	return 0;
}

static int compare_fds(const void *a, const void *b)
{
	uint32_t x = ((const struct state_fd *)a)->fd, y = ((const struct state_fd *)b)->fd;

	return (x > y) - (x < y);
}

/* The first descriptor of the state from number FD on. */
static size_t first_fd(struct process *p, uint32_t fd)
{
	size_t low = 0, high = p->fds.n;

	if (!p->sorted && p->fds.n)
		qsort(p->fds.v, p->fds.n, sizeof(*p->fds.v), compare_fds);
	p->sorted = true;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (p->fds.v[middle].fd < fd)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct state_fd *find_fd(struct process *p, uint64_t fd)
{
	size_t i = first_fd(p, (uint32_t)fd);
	struct state_fd *at;

	if (fd > INT32_MAX || i == p->fds.n)
		return NULL;
	at = &p->fds.v[i];
	return at->fd == fd && at->ino != INO_CLOSED ? at : NULL;
}

/* How many descriptors of the state a range has that are still there; CLOSES them. */
static size_t range_fds(struct process *p, uint32_t first, uint32_t last, bool closes)
{
	size_t i = first_fd(p, first), n = 0;

	for (; i < p->fds.n && p->fds.v[i].fd <= last; i++) {
		n += p->fds.v[i].ino != INO_CLOSED;
		if (closes)
			p->fds.v[i].ino = INO_CLOSED;
	}
	return n;
}

/* --- processes --- */

static struct process *find_process(const struct begin *b, uint32_t pid)
{
	struct hnode *node = hmap_first(&b->processes, hash_u64(pid));

	return node ? hmap_entry(node, struct process, node) : NULL;
}

static void remove_process(struct begin *b, struct process *p)
{
	remove_threads(b, p);
	drop_fds(b, p);
	vec_free(&p->maps);
	not_idle(b, p);
	hmap_remove(&b->processes, &p->node);
	free(p);
}

static void remove_all(struct begin *b)
{
	struct hnode *node, *tmp;
	size_t i;

	hmap_each(&b->processes, node, tmp, i)
		remove_process(b, hmap_entry(node, struct process, node));
}

/* Instead of another one with that number, whose end was lost. */
static struct process *add_process(struct begin *b, uint32_t pid, uint64_t t)
{
	struct process *p = find_process(b, pid);

	if (p)
		remove_process(b, p);
	p = calloc(1, sizeof(*p));
	if (!p || hmap_insert(&b->processes, &p->node, hash_u64(pid))) {
		free(p);
		return NULL;
	}
	p->pid = pid;
	p->t = t;
	LIST_INIT(&p->threads);
	LIST_INIT(&p->described);
	b->counts.processes++;
	return p;
}

/* --- descriptors that share a description --- */

static bool is_same_file(const struct state_fd *fd, const struct facts *facts)
{
	return fd && fd->ino == facts->ino && fd->dev == fold_device(facts);
}

/*
 * The descriptor told before of the same description; NULL: REC's is the one from now on. A number
 * stands for another description when the first one is gone: the descriptor must still be there.
 */
static const struct described *find_described(
	struct begin *b, struct process *p, const struct rec *rec, uint64_t description)
{
	struct hnode *node = hmap_first(&b->described, hash_u64(description));
	struct described *d = node ? hmap_entry(node, struct described, node) : NULL;
	struct process *owner = d ? find_process(b, d->pid) : NULL;

	if (owner && is_same_file(find_fd(owner, d->fd), &rec->facts))
		return d;
	if (d)
		remove_described(b, d);
	d = calloc(1, sizeof(*d));
	if (!d || hmap_insert(&b->described, &d->node, hash_u64(description))) {
		free(d);
		return NULL;
	}
	d->pid = p->pid;
	d->fd = (uint32_t)rec->arg[0];
	LIST_INSERT_HEAD(&p->described, d, of_process);
	return NULL;
}

/* Files and directories have offsets to share. */
static bool has_offset(const struct facts *facts)
{
	return facts->known && (S_ISREG(facts->mode) || S_ISDIR(facts->mode));
}

static struct seen duplicate_of(const struct seen *seen, const struct described *d)
{
	struct seen dup = {.rec = seen->rec};

	dup.rec.op = OP_state_dup;
	dup.rec.path = STR_NONE;
	dup.rec.facts = (struct facts){0};
	dup.rec.arg[1] = d->pid;
	dup.rec.arg[2] = d->fd;
	dup.rec.arg[3] = seen->rec.arg[2];
	return dup;
}

/* --- what came of calls that began before the state of their process --- */

/* Calls that read and write at the offset of their first argument's file. */
static bool moves_offset(const struct rec *rec)
{
	switch (rec->op) {
	case OP_read:
	case OP_readv:
	case OP_write:
	case OP_writev:
	case OP_getdents:
	case OP_getdents64:
	case OP_lseek:
	case OP_sendfile: /* of the one that is written */
		return true;
	case OP_preadv2:
	case OP_pwritev2:
		return rec->arg[3] == UINT64_MAX;
	case OP_copy_file_range:
	case OP_splice:
		return rec->arg[1] == OFFPTR_NULL;
	default:
		return false;
	}
}

static bool duplicates(const struct rec *rec)
{
	return rec->op == OP_dup || rec->op == OP_dup2 || rec->op == OP_dup3 ||
	       (rec->op == OP_fcntl && (rec->arg[1] == F_DUPFD || rec->arg[1] == F_DUPFD_CLOEXEC));
}

static bool opens(const struct rec *rec)
{
	if (ops[rec->op].flags & OPF_STATE)
		return false;
	return (ops[rec->op].flags & OPF_NEWFD) &&
		(op_has(rec->op, A_PATH) || ops[rec->op].flags & OPF_NOFILE ||
			rec->op == OP_pidfd_getfd);
}

static bool is_locking(uint64_t cmd)
{
	return rec_fcntl_is_lock(cmd) && cmd != F_GETLK && cmd != F_OFD_GETLK;
}

/* Nothing is another one after it, but what the caller knows. */
static bool only_looks(const struct rec *rec)
{
	switch (rec->op) {
	case OP_pread64:
	case OP_preadv:
	case OP_preadv2:
	case OP_fsync:
	case OP_fdatasync:
	case OP_sync:
	case OP_syncfs:
	case OP_sync_file_range:
	case OP_fadvise64:
	case OP_readahead:
	case OP_stat:
	case OP_lstat:
	case OP_fstat:
	case OP_newfstatat:
	case OP_statx:
	case OP_statfs:
	case OP_fstatfs:
	case OP_access:
	case OP_faccessat:
	case OP_faccessat2:
	case OP_readlink:
	case OP_readlinkat:
	case OP_getcwd:
	case OP_getxattr:
	case OP_lgetxattr:
	case OP_fgetxattr:
	case OP_listxattr:
	case OP_llistxattr:
	case OP_flistxattr:
	case OP_getxattrat:
	case OP_name_to_handle_at:
	case OP_listxattrat:
	case OP_cachestat:
	case OP_file_getattr:
		return true;
	case OP_ioctl:
		return footprint_ioctl_looks((unsigned)rec->arg[1]);
	case OP_fcntl:
		return !is_locking(rec->arg[1]) && rec->arg[1] != F_SETFD && rec->arg[1] != F_SETFL;
	default:
		return false;
	}
}

/* The descriptor that the call made is not the one that the state has by that number. */
static bool keeps_new_fd(struct process *p, const struct rec *rec)
{
	const struct state_fd *there = find_fd(p, (uint64_t)rec->ret);
	uint32_t dev = fold_device(&rec->facts);
	uint64_t ino = rec->facts.known ? rec->facts.ino : 0;

	if (!there)
		return true;
	if (duplicates(rec)) {
		const struct state_fd *from = find_fd(p, rec->arg[0]);

		dev = from ? from->dev : 0;
		ino = from ? from->ino : 0;
	}
	return ino && there->ino && (ino != there->ino || dev != there->dev);
}

/* Both are in the state, or they came after it. */
static bool keeps_new_fds(struct process *p, const struct rec *rec)
{
	uint64_t fds[2] = {rec->arg[op_arg_index(rec->op, A_FDS)],
		rec->arg[op_arg_index(rec->op, A_FDS2)]};

	return !find_fd(p, fds[0]) || !find_fd(p, fds[1]);
}

/* Is it known when the call began? */
static bool was_seen(const struct wire_seen *seen)
{
	return !seen->no_entry || seen->seen.rec.dur;
}

static bool keeps_moved(struct process *p, const struct wire_seen *seen)
{
	const struct rec *rec = &seen->seen.rec;
	const struct state_fd *fd = find_fd(p, rec->arg[0]);

	if (seen->has_position)
		return fd && fd->offset != (uint64_t)seen->position;
	/* the offset is moved at the very end of a call */
	return was_seen(seen) || ops[rec->op].cls == CLS_WRITE;
}

static bool closes_range(const struct rec *rec)
{
	return rec->ret == 0 && !(rec->arg[2] & CLOSE_RANGE_CLOEXEC);
}

static bool keeps_directory(const struct process *p, const struct wire_seen *seen)
{
	const struct rec *rec = &seen->seen.rec;
	uint64_t from = seen->seen.from[0].id;

	if (rec->op == OP_fchdir || (rec->path.len && rec->path.s[0] == '/'))
		return true; /* once more leads to the same */
	return from && p->cwd ? from == p->cwd : was_seen(seen);
}

/* Is anything of [START, END) in the state, or, with WHOLE, does something begin there? */
static bool has_map(const struct process *p, uint64_t start, uint64_t end, bool whole)
{
	size_t i;

	for (i = 0; i < p->maps.n; i++)
		if (whole ? p->maps.v[i].start == start : p->maps.v[i].start < end && p->maps.v[i].end > start)
			return true;
	return false;
}

/* Is the effect of the call missing in the state? */
static bool keeps(struct process *p, const struct wire_seen *seen)
{
	const struct rec *rec = &seen->seen.rec;

	if (p->forgot)
		return true;
	if (rec->op == OP_close && rec->ret != -EBADF) /* closed, whatever else it says */
		return find_fd(p, rec->arg[0]);
	if (rec->has_ret && rec->ret < 0)
		return was_seen(seen);
	if (moves_offset(rec))
		return keeps_moved(p, seen);
	if (rec->op == OP_recv_fd)
		return !find_fd(p, rec->arg[0]);
	if (op_has(rec->op, A_FDS))
		return keeps_new_fds(p, rec);
	if (opens(rec) || duplicates(rec))
		return keeps_new_fd(p, rec);
	if (only_looks(rec))
		return was_seen(seen);
	if (rec->op == OP_close_range && closes_range(rec))
		return range_fds(p, (uint32_t)rec->arg[0], (uint32_t)rec->arg[1], false);
	if (rec->op == OP_chdir || rec->op == OP_fchdir)
		return keeps_directory(p, seen);
	if (rec->op == OP_mmap || rec->op == OP_mremap)
		return !has_map(p, (uint64_t)rec->ret, 0, true);
	if (rec->op == OP_munmap)
		return has_map(p, rec->arg[0], rec->arg[0] + rec->arg[1], false);
	if (rec->op == OP_umask)
		return (uint64_t)rec->ret == p->umask;
	return true;
}

/* --- what follows from records that are passed on --- */

static int on_fork(struct begin *b, struct process *p, const struct rec *rec)
{
	uint64_t flags = rec->op == OP_clone || rec->op == OP_clone3 ? rec->arg[0] : 0;

	if (rec->ret <= 0 || rec->ret > UINT32_MAX)
		return 0;
	if (!(flags & CLONE_THREAD))
		p = add_process(b, (uint32_t)rec->ret, 0);
	return p ? add_thread(b, p, (uint32_t)rec->ret) : -ENOMEM;
}

/* Of the process nothing is left but this thread, under the process's number. */
static int on_exec(struct begin *b, struct process *p)
{
	remove_threads(b, p);
	drop_fds(b, p);
	vec_free(&p->maps);
	p->headless = p->forgot = false;
	p->t = 0;
	return add_thread(b, p, p->pid);
}

/*
 * No thread is known to be left. Others may be there, which have not said a word since the state
 * was told; whether they are can only be guessed from how long that lasts.
 */
static void is_idle(struct begin *b, struct process *p)
{
	if (p->is_idle)
		return;
	TAILQ_INSERT_TAIL(&b->idle, p, idle);
	p->is_idle = true;
	if (++b->n_idle > IDLE_MOST)
		remove_process(b, TAILQ_FIRST(&b->idle));
}

static void on_end(struct begin *b, struct process *p, const struct rec *rec)
{
	struct thread *t = find_thread(b, rec->tid);

	if (rec->tid == p->pid)
		p->headless = true;
	if (t && t->process == p)
		remove_thread(b, t);
	if (!LIST_EMPTY(&p->threads))
		return;
	if (p->headless)
		remove_process(b, p);
	else
		is_idle(b, p);
}

static void replaces_pair(struct process *p, const struct rec *rec)
{
	uint32_t one = (uint32_t)rec->arg[op_arg_index(rec->op, A_FDS)];
	uint32_t other = (uint32_t)rec->arg[op_arg_index(rec->op, A_FDS2)];

	range_fds(p, one, one, true);
	range_fds(p, other, other, true);
}

static int follow(struct begin *b, struct process *p, const struct rec *rec);

/* What is opened into and closed in a ring's own table is in no state. */
static int follow_submission(struct begin *b, struct process *p, const struct rec *rec)
{
	struct rec plain = *rec;
	uint64_t length;

	if (rec->op == OP_uring_fixed_fd_install && rec->ret >= 0 && p->fds.n)
		range_fds(p, (uint32_t)rec->ret, (uint32_t)rec->ret, true);
	if (rec->op == OP_uring_fixed_fd_install || rec->op == OP_uring_files_update)
		return 0;
	if (rec->op == OP_uring_other || rec->sqe.slot != SQE_NONE || rec->sqe.flags & URING_FIXED_FILE)
		return 0;
	rec_uring_plain(&plain, &length);
	return follow(b, p, &plain);
}

/* P is gone when its last thread ended. */
static int follow(struct begin *b, struct process *p, const struct rec *rec)
{
	if (op_is_submission(rec->op))
		return follow_submission(b, p, rec);
	if (ops[rec->op].flags & OPF_FORK)
		return on_fork(b, p, rec);
	if (p->fds.n && rec->ret >= 0 && (opens(rec) || duplicates(rec)))
		range_fds(p, (uint32_t)rec->ret, (uint32_t)rec->ret, true);
	if (p->fds.n && rec->ret >= 0 && op_has(rec->op, A_FDS))
		replaces_pair(p, rec);
	switch (rec->op) {
	case OP_recv_fd:
		if (p->fds.n)
			range_fds(p, (uint32_t)rec->arg[0], (uint32_t)rec->arg[0], true);
		return 0;
	case OP_close:
		if (p->fds.n && rec->ret != -EBADF)
			range_fds(p, (uint32_t)rec->arg[0], (uint32_t)rec->arg[0], true);
		return 0;
	case OP_close_range:
		if (p->fds.n && closes_range(rec))
			range_fds(p, (uint32_t)rec->arg[0], (uint32_t)rec->arg[1], true);
		return 0;
	case OP_execve:
	case OP_execveat:
		return rec->ret == 0 ? on_exec(b, p) : 0;
	case OP_exit:
	case OP_exit_group:
	case OP_task_end:
		on_end(b, p, rec);
		return 0;
	default:
		return 0;
	}
}

static int pass(struct begin *b, struct process *p, const struct seen *seen, struct err *err)
{
	int rc = b->to.add(b->to.user, seen, err);

	if (!rc && follow(b, p, &seen->rec))
		rc = no_memory(err);
	return rc;
}

/* --- records --- */

/*
 * Its state is still to come and has the effect of this call. Names are not part of it: their
 * changes are passed on as the process's own, since of its threads nothing has been told.
 */
static int on_early(struct begin *b, const struct wire_seen *seen, struct err *err)
{
	struct seen changed;

	if (!op_changes_names(seen->seen.rec.op) || seen->seen.rec.ret < 0) {
		b->counts.dropped++;
		return 0;
	}
	changed = seen->seen;
	changed.rec.tid = changed.rec.pid;
	return b->to.add(b->to.user, &changed, err);
}

static bool begins_after(const struct wire_seen *seen, uint64_t t)
{
	const struct rec *rec = &seen->seen.rec;

	return !seen->no_entry && rec->t - rec->dur >= t;
}

/* The process was not told, and should have been: it is told by this. */
static struct process *add_untold(struct begin *b, uint32_t pid)
{
	struct process *p = add_process(b, pid, 0);

	if (p)
		b->counts.untold++;
	return p;
}

/* The first record of a thread since the state was told: its call may have begun earlier. */
static int on_first(struct begin *b, const struct wire_seen *seen, struct err *err)
{
	const struct rec *rec = &seen->seen.rec;
	struct process *p = find_process(b, rec->pid);
	bool ends = rec->op == OP_task_end;

	if (!p && (ends || !begins_after(seen, b->settled)))
		return on_early(b, seen, err);
	if (!p)
		p = add_untold(b, rec->pid);
	if (!p || (!ends && add_thread(b, p, rec->tid)))
		return no_memory(err);
	/* of the process's other threads nobody knows but by their calls */
	if (ends ? rec->tid != p->pid : p->t && !begins_after(seen, p->t) && !keeps(p, seen)) {
		b->counts.dropped++;
		return 0;
	}
	return pass(b, p, &seen->seen, err);
}

static int on_call(struct begin *b, const struct wire_seen *seen, struct err *err)
{
	const struct thread *t = find_thread(b, seen->seen.rec.tid);

	if (t && t->process->pid == seen->seen.rec.pid)
		return pass(b, t->process, &seen->seen, err);
	return on_first(b, seen, err);
}

static int on_task(struct begin *b, const struct wire_seen *seen, struct err *err)
{
	const struct rec *rec = &seen->seen.rec;
	struct process *p = add_process(b, rec->pid, rec->t);

	if (!p)
		return no_memory(err);
	p->cwd = seen->seen.from[0].id;
	p->umask = (uint32_t)rec->arg[2];
	return b->to.add(b->to.user, &seen->seen, err);
}

static int on_fd(struct begin *b, const struct wire_seen *seen, struct err *err)
{
	const struct rec *rec = &seen->seen.rec;
	struct process *p = find_process(b, rec->pid);
	const struct described *d = NULL;
	struct seen dup;

	if (!p || !p->t)
		return b->to.add(b->to.user, &seen->seen, err);
	p->t = rec->t;
	if (add_fd(b, p, rec))
		return no_memory(err);
	if (seen->description && !p->forgot && has_offset(&rec->facts))
		d = find_described(b, p, rec, seen->description);
	if (!d)
		return b->to.add(b->to.user, &seen->seen, err);
	dup = duplicate_of(&seen->seen, d);
	return b->to.add(b->to.user, &dup, err);
}

static int on_map(struct begin *b, const struct wire_seen *seen, struct err *err)
{
	const struct rec *rec = &seen->seen.rec;
	struct process *p = find_process(b, rec->pid);
	struct state_map *map;

	if (p && p->t) {
		p->t = rec->t;
		map = vec_push(&p->maps);
		if (!map)
			return no_memory(err);
		*map = (struct state_map){rec->arg[0], rec->arg[0] + rec->arg[1]};
	}
	return b->to.add(b->to.user, &seen->seen, err);
}

int begin_add(struct begin *b, const struct wire_seen *seen, struct err *err)
{
	const struct rec *rec = &seen->seen.rec;

	switch (seen->kind) {
	case WIRE_SEEN_CALL:
		return on_call(b, seen, err);
	case WIRE_SEEN_TASK:
		return on_task(b, seen, err);
	case WIRE_SEEN_FD:
		return on_fd(b, seen, err);
	case WIRE_SEEN_MAP:
		return on_map(b, seen, err);
	case WIRE_SEEN_RING:
	case WIRE_SEEN_EVENT:
		return b->to.add(b->to.user, &seen->seen, err);
	case WIRE_SEEN_LOST:
		b->to.lost(b->to.user, rec->t, rec->pid, rec->tid, seen->lost, seen->why);
		break;
	}
	return 0;
}

void begin_again(struct begin *b)
{
	remove_all(b);
	b->settled = UINT64_MAX;
}

void begin_close(struct begin *b)
{
	if (!b)
		return;
	remove_all(b);
	hmap_free(&b->processes);
	hmap_free(&b->threads);
	hmap_free(&b->described);
	free(b);
}
