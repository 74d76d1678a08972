/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What io_uring rings do. A ring is memory that the program shares with the kernel; it is mapped
 * here as well, so that its queues can be looked at whenever a thread of the program stops at
 * io_uring_enter(2): before the kernel takes submissions, and for completions. A submission with its
 * completion is one record, which began with the call that submitted it and was over when its
 * completion was seen.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/kcmp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/queue.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "capture/args.h"
#include "capture/compat.h"
#include "capture/facts.h"
#include "capture/ptrace.h"
#include "capture/uring.h"
#include "capture/wire.h"
#include "ops/uring.h"
#include "utils/clock.h"

/* A submission, from the call that may take it to its completion. */
struct submission {
	TAILQ_ENTRY(submission) at;
	bool silent; /* only a failure has a completion (IOSQE_CQE_SKIP_SUCCESS) */
	bool linked; /* the next one begins when it is over */
	bool old;    /* there was a look at the queue since it was taken */
	struct rec rec;
	struct name *name[2];
	char *path, *path2;
	uint64_t vec[];
};

TAILQ_HEAD(submissions, submission);

struct area {
	char *p; /* NULL: not mapped */
	size_t len;
};

struct ring {
	struct ring *next;
	uint32_t id;
	const struct process *proc; /* that made it, or has it still */
	int fd;			    /* its descriptor there */
	int own;		    /* one of ours, to compare others with: its memory keeps the ring alive anyway */
	struct io_uring_params params;
	bool narrow;		  /* made by a 32-bit call: vectors are those of such programs */
	struct area sq, cq, sqes; /* cq may be a part of sq */
	uint32_t seen;		  /* completions, as the kernel's counter goes */
	uint64_t taken;		  /* submissions */
	struct submissions staged, flying; /* those that the kernel may take; has taken */
};

/* --- queues --- */

static uint32_t load(const char *area, uint32_t offset)
{
	return atomic_load_explicit((_Atomic uint32_t *)(uintptr_t)(area + offset),
		memory_order_acquire);
}

static uint32_t completions(const struct ring *r)
{
	return load(r->cq.p, r->params.cq_off.tail);
}

static const struct io_uring_cqe *completion(const struct ring *r, uint32_t number)
{
	size_t size = sizeof(struct io_uring_cqe) << !!(r->params.flags & URING_CQE32);

	return (const void *)(r->cq.p + r->params.cq_off.cqes +
			      (number & (r->params.cq_entries - 1)) * size);
}

/* NULL: the program has put nonsense into its array. */
static const struct io_uring_sqe *submission(const struct ring *r, uint32_t number)
{
	size_t size = sizeof(struct io_uring_sqe) << !!(r->params.flags & URING_SQE128);
	uint32_t index = number & (r->params.sq_entries - 1);

	if (!(r->params.flags & URING_NO_SQARRAY))
		index = load(r->sq.p, r->params.sq_off.array + index * (uint32_t)sizeof(index));
	return index < r->params.sq_entries ? (const void *)(r->sqes.p + index * size) : NULL;
}

static void unmap(struct area *area)
{
	if (area->p)
		munmap(area->p, area->len);
	area->p = NULL;
}

static bool map(struct area *area, int fd, uint64_t offset, size_t len)
{
	void *p = mmap(NULL, len, PROT_READ, MAP_SHARED, fd, (off_t)offset);

	*area = (struct area){p == MAP_FAILED ? NULL : p, len};
	return area->p;
}

/* How much there is of each queue: io_uring_setup(2). */
static bool map_queues(struct ring *r, int fd)
{
	const struct io_uring_params *p = &r->params;
	size_t sq = p->sq_off.array, cq = p->cq_off.cqes;
	size_t cqe = sizeof(struct io_uring_cqe) << !!(p->flags & URING_CQE32);
	size_t sqe = sizeof(struct io_uring_sqe) << !!(p->flags & URING_SQE128);

	if (!(p->flags & URING_NO_SQARRAY))
		sq += p->sq_entries * sizeof(uint32_t);
	else if (sq < cq) /* has no array, and so no offset of one */
		sq = cq;
	cq += p->cq_entries * cqe;
	if (p->features & IORING_FEAT_SINGLE_MMAP)
		sq = cq = sq > cq ? sq : cq;
	return map(&r->sq, fd, IORING_OFF_SQ_RING, sq) &&
	       map(&r->cq, fd, IORING_OFF_CQ_RING, cq) &&
	       map(&r->sqes, fd, IORING_OFF_SQES, p->sq_entries * sqe);
}

static void close_queues(struct ring *r)
{
	if (r->own >= 0)
		close(r->own);
	unmap(&r->sq);
	unmap(&r->cq);
	unmap(&r->sqes);
}

static bool open_queues(struct ring *r, const struct task *task)
{
	int pidfd = (int)syscall(SYS_pidfd_open, task->tid, O_EXCL); /* PIDFD_THREAD: since 6.9 */

	if (pidfd < 0) /* the process: nearly always its threads have its descriptors */
		pidfd = (int)syscall(SYS_pidfd_open, task->proc->pid, 0);
	r->own = pidfd < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, pidfd, r->fd, 0);
	if (pidfd >= 0)
		close(pidfd);
	if (r->own >= 0 && map_queues(r, r->own))
		return true;
	close_queues(r);
	return false;
}

/* --- submissions --- */

static void submission_free(struct submission *s)
{
	free(s->path);
	free(s->path2);
	free(s);
}

static void lose(struct tracer *t, const struct task *task, uint64_t count, const char *why)
{
	if (count)
		sink_lost(t->job->sink, task->proc->pid, task->tid, count, why);
}

static char *read_string(const struct task *task, uint64_t address, struct str *out)
{
	char text[PATH_MAX], *copy;
	struct str found;

	if (!address || fetch_path((pid_t)task->tid, address, text, &found))
		return NULL;
	copy = malloc(found.len + 1);
	if (copy) {
		memcpy(copy, found.s, found.len);
		*out = (struct str){copy, found.len};
	}
	return copy;
}

static bool read_files(const struct task *task, const struct sqe_memory *m, uint64_t *to)
{
	int32_t fd[WIRE_UPDATE_MAX];
	uint32_t i;

	if (fetch_memory((pid_t)task->tid, m->files, fd, m->nfiles * sizeof(*fd)))
		return false;
	for (i = 0; i < m->nfiles; i++)
		to[i] = (uint64_t)(int64_t)fd[i];
	return true;
}

static void read_memory(const struct task *task, bool narrow, struct submission *s,
	const struct sqe_memory *m)
{
	struct open_how how = {0};
	size_t size = m->how_size < sizeof(how) ? m->how_size : sizeof(how);
	uint64_t n = m->niov < ARGS_IOV_MAX ? m->niov : ARGS_IOV_MAX;

	s->path = read_string(task, m->path, &s->rec.path);
	s->path2 = read_string(task, m->path2, &s->rec.path2);
	if (m->iov && fetch_iov((pid_t)task->tid, m->iov, n, narrow, s->vec) == 0) {
		s->rec.vec = s->vec;
		s->rec.nvec = (uint32_t)n;
	}
	if (m->nfiles && read_files(task, m, s->vec)) {
		s->rec.vec = s->vec;
		s->rec.nvec = m->nfiles;
	}
	if (m->value)
		fetch_list((pid_t)task->tid, &s->rec, m->value);
	if (!m->how)
		return;
	if (fetch_memory((pid_t)task->tid, m->how, &how, size))
		how = (struct open_how){0};
	args_set_how(&s->rec, op_arg_index(s->rec.op, A_HOW), &how);
}

static struct submission *read_submission(struct tracer *t, struct task *task, struct ring *r,
	uint64_t number)
{
	const struct io_uring_sqe *there = submission(r, (uint32_t)number);
	struct io_uring_sqe copy;
	struct sqe_memory memory;
	struct submission *s;
	struct rec rec = {.pid = task->proc->pid, .tid = task->tid};
	size_t room;

	if (!there)
		return NULL;
	memcpy(&copy, there, sizeof(copy)); /* the program could change it under our eyes */
	uring_decode(&copy, &rec, &memory);
	room = memory.niov < ARGS_IOV_MAX ? memory.niov : ARGS_IOV_MAX;
	room += memory.nfiles;
	s = calloc(1, sizeof(*s) + room * sizeof(*s->vec));
	if (!s)
		return NULL;
	s->rec = rec;
	s->rec.sqe.ring = r->id;
	s->rec.sqe.number = number;
	read_memory(task, r->narrow, s, &memory);
	args_finish(&s->rec);
	names_touch(t, task, &s->rec, s->name);
	return s;
}

static void free_all(struct submissions *all)
{
	struct submission *s;

	while ((s = TAILQ_FIRST(all))) {
		TAILQ_REMOVE(all, s, at);
		submission_free(s);
	}
}

/* Those from FROM on were not taken by an earlier call, and the program may have changed them. */
static void unstage(struct ring *r, uint64_t from)
{
	struct submission *s, *next;

	for (s = TAILQ_FIRST(&r->staged); s; s = next) {
		next = TAILQ_NEXT(s, at);
		if (s->rec.sqe.number < from)
			continue;
		TAILQ_REMOVE(&r->staged, s, at);
		submission_free(s);
	}
}

static void stage(struct tracer *t, struct task *task, struct ring *r, uint32_t most)
{
	uint32_t head = load(r->sq.p, r->params.sq_off.head);
	uint32_t tail = load(r->sq.p, r->params.sq_off.tail);
	uint32_t n = tail - head, i;
	/* the kernel's counter has 32 bits, and never runs ahead of ours by more than the queue */
	uint64_t from = r->taken + (uint32_t)(head - (uint32_t)r->taken);

	if (n > r->params.sq_entries)
		return; /* nonsense: the kernel takes no notice of such a tail */
	unstage(r, from);
	for (i = 0; i < n && i < most; i++) {
		struct submission *s = read_submission(t, task, r, from + i);

		if (s)
			TAILQ_INSERT_TAIL(&r->staged, s, at);
	}
}

/* The call took N submissions, which began with it. */
static void take(struct tracer *t, struct task *task, struct ring *r, uint64_t n, uint64_t began)
{
	uint64_t end = r->taken + n, found = 0;
	struct submission *s;

	while ((s = TAILQ_FIRST(&r->staged)) && s->rec.sqe.number < end) {
		TAILQ_REMOVE(&r->staged, s, at);
		found++;
		s->silent = s->rec.sqe.flags & URING_CQE_SKIP_SUCCESS;
		s->linked = s->rec.sqe.flags & (URING_IO_LINK | URING_IO_HARDLINK);
		s->rec.pid = task->proc->pid;
		s->rec.tid = task->tid;
		s->rec.t = began;
		TAILQ_INSERT_TAIL(&r->flying, s, at);
	}
	r->taken = end;
	lose(t, task, n - found, "io_uring: a submission could not be read");
}

/* --- completions --- */

static void put(struct tracer *t, struct task *task, struct submission *s, int64_t result)
{
	struct rec *rec = &s->rec;
	uint64_t began = rec->t;

	rec->t = now_ns();
	rec->dur = rec->t - began;
	rec->ret = result;
	rec->has_ret = true;
	if (op_has(rec->op, A_OFLAGS) + op_has(rec->op, A_HOW) && result >= 0 && rec->sqe.slot == SQE_NONE)
		rec->facts = facts_of_fd((pid_t)task->tid, (int)result);
	rec->facts.list = rec->facts.list && facts_sets_acl(rec);
	names_follow(task, rec, s->name);
	sink_put(t->job->sink, rec);
	rec->t = began;
}

static void over(struct ring *r, struct submission *s)
{
	TAILQ_REMOVE(&r->flying, s, at);
	submission_free(s);
}

static void put_silent(struct tracer *t, struct task *task, struct ring *r, struct submission *s)
{
	int64_t result;

	if (uring_silent_result(&s->rec, &result))
		put(t, task, s, result);
	else
		lose(t, task, 1, "io_uring: a submission without a completion, whose result is not known");
	over(r, s);
}

/* Those in front of one that is over, and that it was linked to, are over too. */
static void settle_chain(struct tracer *t, struct task *task, struct ring *r,
	const struct submission *last)
{
	struct submission *s, *next;
	uint64_t from = last->rec.sqe.number;

	TAILQ_FOREACH_REVERSE(s, &r->flying, submissions, at)
		if (s->silent && s->linked && s->rec.sqe.number + 1 == from)
			from--;
	for (s = TAILQ_FIRST(&r->flying); s && s != last; s = next) {
		next = TAILQ_NEXT(s, at);
		if (s->silent && s->rec.sqe.number >= from)
			put_silent(t, task, r, s);
	}
}

/* Without a link nothing says when; at the second look it is taken to be. */
static void settle_silent(struct tracer *t, struct task *task, struct ring *r)
{
	struct submission *s, *next;

	for (s = TAILQ_FIRST(&r->flying); s; s = next) {
		next = TAILQ_NEXT(s, at);
		if (s->silent && s->old)
			put_silent(t, task, r, s);
		else
			s->old = true;
	}
}

/* Whoever does not tell submissions apart gets the oldest one. What is not known is another ring's. */
static void complete(struct tracer *t, struct task *task, struct ring *r,
	const struct io_uring_cqe *cqe)
{
	struct submission *s = TAILQ_FIRST(&r->flying);

	while (s && s->rec.sqe.user != cqe->user_data)
		s = TAILQ_NEXT(s, at);
	if (!s)
		return;
	if (!s->silent || cqe->res >= 0)
		settle_chain(t, task, r, s);
	put(t, task, s, cqe->res);
	if (s->rec.op == OP_uring_other && cqe->res >= 0 && uring_is_unrecorded(&s->rec))
		lose(t, task, 1, URING_UNRECORDED);
	if (!(cqe->flags & IORING_CQE_F_MORE))
		over(r, s);
}

static void drain(struct tracer *t, struct task *task, struct ring *r)
{
	uint32_t tail = completions(r), room = r->params.cq_entries;

	if (tail - r->seen > room) {
		lose(t, task, tail - r->seen - room,
			"io_uring: completions that were overwritten before they were seen");
		r->seen = tail - room;
	}
	for (; r->seen != tail; r->seen++) {
		struct io_uring_cqe cqe = {0};

		memcpy(&cqe, completion(r, r->seen), sizeof(cqe));
		complete(t, task, r, &cqe);
	}
	settle_silent(t, task, r);
}

/* --- rings --- */

static struct ring *ring_of_process(const struct tracer *t, const struct process *proc, int fd)
{
	struct ring *r;

	for (r = t->rings; r; r = r->next)
		if (r->proc == proc && r->fd == fd)
			return r;
	return NULL;
}

/* Is descriptor FD of the task this ring? A number alone is of one table of descriptors. */
static bool is_ring(const struct ring *r, const struct task *task, int fd)
{
	long rc = syscall(SYS_kcmp, (long)getpid(), (long)task->tid, (long)KCMP_FILE, (long)r->own, (long)fd);

	if (rc < 0 && errno != EBADF) /* a kernel that does not compare */
		return r->proc == task->proc && r->fd == fd;
	return rc == 0;
}

static struct ring *ring_find(const struct tracer *t, const struct task *task, int fd)
{
	struct ring *r = ring_of_process(t, task->proc, fd);

	if (r && is_ring(r, task, fd))
		return r;
	for (r = t->rings; r && !is_ring(r, task, fd); r = r->next)
		;
	return r;
}

static void forget_registered(struct tracer *t, const struct ring *r)
{
	struct hnode *node, *tmp;
	size_t i, k;

	hmap_each(&t->tasks, node, tmp, i) {
		struct task *task = hmap_entry(node, struct task, node);
		struct call *call;

		for (k = 0; k < REGISTERED_RINGS; k++)
			if (task->registered[k] == r)
				task->registered[k] = NULL;
		for (call = task->call; call; call = call->below)
			if (call->ring == r)
				call->ring = NULL;
	}
}

static void ring_free(struct tracer *t, struct ring *r)
{
	struct ring **at = &t->rings;

	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	forget_registered(t, r);
	close_queues(r);
	free_all(&r->staged);
	free_all(&r->flying);
	free(r);
}

/* What is still under way is cancelled by the kernel, or ends without anybody who sees it. */
static void ring_end(struct tracer *t, struct task *task, struct ring *r)
{
	struct submission *s;
	uint64_t n = 0;

	drain(t, task, r);
	TAILQ_FOREACH(s, &r->flying, at)
		n += s->rec.op != OP_uring_other;
	lose(t, task, n, "io_uring: what was under way when a ring was closed");
	ring_free(t, r);
}

/* ---- who has a ring still ---- */

/* What goes away: descriptors FIRST to LAST of a task's table, all those of a process, or nothing. */
struct going {
	const struct task *task;
	int first, last;
	bool copied; /* only the task has the table where they go */
	const struct process *proc;
};

static bool same_table(const struct task *a, const struct task *b)
{
	return a == b || (a->proc == b->proc && syscall(SYS_kcmp, (long)a->tid, (long)b->tid,
							(long)KCMP_FILES, 0L, 0L) == 0);
}

/* A descriptor of the ring in the task's table, without those from FIRST to LAST; -1: none. */
static int in_table(const struct ring *r, const struct task *task, int first, int last)
{
	static const char ring[] = "anon_inode:[io_uring]";
	char path[32], link[sizeof(ring)];
	struct dirent *d;
	int fd, found = -1;
	uint64_t n;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%u/fd", task->tid);
	dir = opendir(path);
	while (dir && found < 0 && (d = readdir(dir))) {
		if (str_u64(str_of(d->d_name), &n) || n > INT32_MAX)
			continue;
		fd = (int)n;
		if (readlinkat(dirfd(dir), d->d_name, link, sizeof(link)) == sizeof(ring) - 1 &&
			memcmp(link, ring, sizeof(ring) - 1) == 0 && (fd < first || fd > last) &&
			is_ring(r, task, fd))
			found = fd;
	}
	if (dir)
		closedir(dir);
	return found;
}

/* Whoever has it is the one that it belongs to from now on. */
static bool is_held(struct tracer *t, struct ring *r, const struct going *g)
{
	struct hnode *node, *tmp;
	size_t i;
	int fd;

	hmap_each(&t->tasks, node, tmp, i) {
		struct task *task = hmap_entry(node, struct task, node), *leader;
		bool going = g->task && (task == g->task || (!g->copied && same_table(task, g->task)));

		if (!task->proc || task->ended || task->proc == g->proc)
			continue;
		leader = task_find(t, task->proc->pid);
		if (g->copied && leader == g->task) /* nothing goes from the table that others have with it */
			leader = NULL;
		if (leader && leader != task && !going && same_table(task, leader))
			continue; /* its leader is looked at */
		fd = in_table(r, task, going ? g->first : 1, going ? g->last : 0);
		if (fd < 0)
			continue;
		r->proc = task->proc;
		r->fd = fd;
		return true;
	}
	return false;
}

void uring_process_end(struct tracer *t, struct task *task, bool gone)
{
	const struct going all = {.proc = gone ? task->proc : NULL};
	struct ring *r, *next;

	for (r = t->rings; r; r = next) {
		next = r->next;
		if (r->proc != task->proc || is_held(t, r, &all))
			continue;
		if (t->over)
			ring_free(t, r);
		else
			ring_end(t, task, r);
	}
}

void uring_free(struct tracer *t)
{
	while (t->rings)
		ring_free(t, t->rings);
}

/* As if it was made now: what is registered with it is not told. */
static void tell_ring(struct tracer *t, const struct ring *r)
{
	struct rec rec = {.op = OP_io_uring_setup,
		.pid = r->proc->pid,
		.tid = r->proc->pid,
		.t = now_ns(),
		.ret = r->fd,
		.has_ret = true};

	rec.arg[0] = r->params.sq_entries;
	rec.arg[op_arg_index(rec.op, A_UPARAMS)] = r->params.flags;
	rec.arg[op_arg_index(rec.op, A_UCQNR)] =
		r->params.flags & URING_CQSIZE ? r->params.cq_entries : 0;
	rec.arg[op_arg_index(rec.op, A_RING)] = r->id;
	sink_put(t->job->sink, &rec);
}

void uring_tell(struct tracer *t)
{
	struct submission *s = NULL;
	struct task *task;
	struct ring *r;

	for (r = t->rings; r; r = r->next) {
		tell_ring(t, r);
		TAILQ_FOREACH(s, &r->flying, at) {
			task = task_find(t, s->rec.tid);
			if (task && task->proc == r->proc)
				names_touch(t, task, &s->rec, s->name);
		}
	}
}

/* Why a ring cannot be looked into; NULL: it can. */
static const char *ring_obstacle(const struct io_uring_params *p)
{
	if (p->flags & URING_SQPOLL)
		return "io_uring: a ring with a kernel thread of its own (SQPOLL) is not recorded";
	if (p->flags & (URING_NO_MMAP | URING_REGISTERED_FD_ONLY))
		return "io_uring: a ring in the program's own memory (NO_MMAP) is not recorded";
	if (p->flags & ~(uint32_t)URING_SETUP_KNOWN)
		return "io_uring: a ring of a kind that is not known is not recorded";
	return NULL;
}

static bool power_of_2(uint32_t n)
{
	return n && !(n & (n - 1));
}

static void ring_new(struct tracer *t, struct task *task, struct call *call, uint64_t address)
{
	struct ring *r = calloc(1, sizeof(*r));
	const char *why = "io_uring: a ring that could not be looked into is not recorded";

	if (r) {
		TAILQ_INIT(&r->staged);
		TAILQ_INIT(&r->flying);
		r->proc = task->proc;
		r->fd = (int)call->rec.ret;
		r->own = -1;
		r->narrow = call->how & COMPAT_IOV;
		if (!fetch_memory((pid_t)task->tid, address, &r->params, sizeof(r->params)) &&
			power_of_2(r->params.sq_entries) && power_of_2(r->params.cq_entries)) {
			const char *obstacle = ring_obstacle(&r->params);

			if (obstacle)
				why = obstacle;
			else if (open_queues(r, task))
				why = NULL;
		}
	}
	if (why) {
		lose(t, task, 1, why);
		free(r);
		return;
	}
	r->id = ++t->ring_ids;
	r->next = t->rings;
	t->rings = r;
	call->rec.arg[op_arg_index(OP_io_uring_setup, A_RING)] = r->id;
}

/* --- calls --- */

static int arg_of(const struct call *call, enum arg_kind kind)
{
	return op_arg_index(call->rec.op, kind);
}

static uint64_t *arg(struct call *call, enum arg_kind kind)
{
	return &call->rec.arg[arg_of(call, kind)];
}

static void setup_begin(const struct task *task, struct call *call)
{
	struct io_uring_params p = {0};

	call->kept = *arg(call, A_UPARAMS); /* the pointer */
	if (fetch_memory((pid_t)task->tid, call->kept, &p, sizeof(p)))
		p = (struct io_uring_params){0};
	*arg(call, A_UNR) = (uint32_t)*arg(call, A_UNR);
	*arg(call, A_UPARAMS) = p.flags;
	*arg(call, A_UCQNR) = p.flags & URING_CQSIZE ? p.cq_entries : 0;
	*arg(call, A_RING) = 0;
}

static struct ring *ring_of(const struct tracer *t, const struct task *task, uint32_t fd,
	bool registered)
{
	if (registered)
		return fd < REGISTERED_RINGS ? task->registered[fd] : NULL;
	return ring_find(t, task, (int)fd);
}

/* Of the completions that the call waits for, those that the program has not taken yet count. */
static uint32_t still_to_come(const struct ring *r, uint32_t wanted)
{
	uint32_t ready = completions(r) - load(r->cq.p, r->params.cq_off.head);

	return ready < wanted ? wanted - ready : 0;
}

static void enter_begin(struct tracer *t, struct task *task, struct call *call)
{
	uint32_t flags = (uint32_t)*arg(call, A_UENTER), n = (uint32_t)*arg(call, A_UNR);
	uint32_t wanted = flags & URING_ENTER_GETEVENTS ? (uint32_t)*arg(call, A_UNRMIN) : 0;
	struct ring *r = ring_of(t, task, (uint32_t)*arg(call, A_NUMFD),
		flags & URING_ENTER_REGISTERED_RING);

	call->ring = r;
	*arg(call, A_UNR) = n;
	*arg(call, A_UNRMIN) = r ? still_to_come(r, wanted) : wanted;
	*arg(call, A_RING) = r ? r->id : 0;
	*arg(call, A_SQNO) = r ? r->taken : 0;
	if (!r)
		return;
	drain(t, task, r);
	stage(t, task, r, n);
}

static void enter_end(struct tracer *t, struct task *task, struct call *call)
{
	uint64_t n = call->rec.ret > 0 ? (uint64_t)call->rec.ret : 0;
	struct ring *r = call->ring;

	if (!*arg(call, A_UNR))
		n = 0;
	if (r)
		*arg(call, A_SQNO) = r->taken;
	sink_put(t->job->sink, &call->rec);
	if (!r) {
		lose(t, task, n, "io_uring: what a ring does that is not known is not recorded");
		return;
	}
	take(t, task, r, n, call->entry);
	drain(t, task, r);
}

/* --- io_uring_register(2) --- */

#define USE_REGISTERED_RING (1u << 31)

/* What the call is about, whichever of its forms was used: COUNT things at DATA, from OFFSET on. */
struct registered {
	uint32_t count, offset;
	uint64_t data;
};

static struct registered registered_of(const struct task *task, const struct call *call,
	uint32_t op, uint32_t n)
{
	struct io_uring_rsrc_register all = {0};
	struct io_uring_rsrc_update2 some = {0};
	struct registered out = {.count = n, .data = call->kept};

	switch (op) {
	case URING_REGISTER_FILES2:
	case URING_REGISTER_BUFFERS2:
		if (fetch_memory((pid_t)task->tid, call->kept, &all, sizeof(all)))
			break;
		return (struct registered){
			all.nr, 0, all.flags & IORING_RSRC_REGISTER_SPARSE ? 0 : all.data};
	case URING_REGISTER_FILES_UPDATE:
		if (fetch_memory((pid_t)task->tid, call->kept, &some,
			    sizeof(struct io_uring_files_update)))
			break;
		return (struct registered){n, some.offset, some.data};
	case URING_REGISTER_FILES_UPDATE2:
		if (fetch_memory((pid_t)task->tid, call->kept, &some, sizeof(some)))
			break;
		return (struct registered){some.nr, some.offset, some.data};
	}
	return out;
}

static void register_begin(const struct tracer *t, const struct task *task, struct call *call)
{
	uint32_t op = (uint32_t)*arg(call, A_UREGOP);

	call->kept = *arg(call, A_UBUFS); /* the pointer */
	call->ring = ring_of(t, task, (uint32_t)*arg(call, A_NUMFD), op & USE_REGISTERED_RING);
	*arg(call, A_UREGOP) = op & ~USE_REGISTERED_RING;
	*arg(call, A_UNR) = (uint32_t)*arg(call, A_UNR);
	*arg(call, A_RING) = call->ring ? call->ring->id : 0;
}

static void put_file(struct tracer *t, const struct call *call, uint32_t slot, int fd)
{
	struct rec rec = {.op = OP_uring_file,
		.pid = call->rec.pid,
		.tid = call->rec.tid,
		.t = call->rec.t,
		.ret = 0,
		.has_ret = true};

	rec.arg[0] = call->ring->id;
	rec.arg[1] = slot;
	rec.arg[2] = (uint64_t)(int64_t)fd;
	sink_put(t->job->sink, &rec);
}

/* The table is empty at first, so that slots without a file need no record then. */
static void put_files(struct tracer *t, const struct task *task, const struct call *call,
	const struct registered *what, bool update)
{
	uint32_t i, k, n;
	int32_t fd[256];

	for (i = 0; i < what->count && what->data; i += n) {
		n = what->count - i < 256 ? what->count - i : 256;
		if (fetch_memory((pid_t)task->tid, what->data + i * sizeof(*fd), fd, n * sizeof(*fd)))
			return;
		for (k = 0; k < n; k++)
			if (fd[k] >= 0 || (update && fd[k] == -1))
				put_file(t, call, what->offset + i + k, fd[k]);
	}
}

static void note_registered_ring(struct tracer *t, struct task *task, const struct call *call,
	bool add)
{
	struct io_uring_rsrc_update ring;
	int64_t i;

	for (i = 0; i < call->rec.ret; i++) {
		uint64_t at = call->kept + (uint64_t)i * sizeof(ring);

		if (fetch_memory((pid_t)task->tid, at, &ring, sizeof(ring)) ||
			ring.offset >= REGISTERED_RINGS)
			continue;
		task->registered[ring.offset] = add ? ring_find(t, task, (int)ring.data) : NULL;
	}
}

static void register_end(struct tracer *t, struct task *task, struct call *call)
{
	uint32_t op = (uint32_t)*arg(call, A_UREGOP);
	struct registered what = registered_of(task, call, op, (uint32_t)*arg(call, A_UNR));
	bool buffers = op == URING_REGISTER_BUFFERS || op == URING_REGISTER_BUFFERS2;
	bool update = op == URING_REGISTER_FILES_UPDATE || op == URING_REGISTER_FILES_UPDATE2;
	uint64_t lengths[ARGS_IOV_MAX];
	struct rec *rec = &call->rec;
	bool worked = rec->ret >= 0;

	if (buffers || update || op == URING_REGISTER_FILES2)
		*arg(call, A_UNR) = what.count;
	if (buffers && what.data && what.count <= ARGS_IOV_MAX &&
		fetch_iov((pid_t)task->tid, what.data, what.count,
			call->ring ? call->ring->narrow : call->how & COMPAT_IOV, lengths) == 0) {
		rec->vec = lengths;
		rec->nvec = what.count;
	}
	sink_put(t->job->sink, rec);
	if (op == URING_REGISTER_RING_FDS || op == URING_UNREGISTER_RING_FDS)
		note_registered_ring(t, task, call, op == URING_REGISTER_RING_FDS);
	if (!call->ring || !worked)
		return;
	if (update)
		what.count = what.count < rec->ret ? what.count : (uint32_t)rec->ret;
	if (op == URING_REGISTER_FILES || op == URING_REGISTER_FILES2 || update)
		put_files(t, task, call, &what, update);
	if (op == URING_REGISTER_BUFFERS_UPDATE)
		lose(t, task, 1, "io_uring: buffers that are exchanged are not recorded");
}

/* A ring whose last descriptor goes: the program may not look into it any more. */
static void closing(struct tracer *t, struct task *task, int first, int last, bool copied)
{
	const struct going g = {task, first, last, copied, NULL};
	struct ring *r, *next;

	for (r = t->rings; r; r = next) {
		next = r->next;
		if (first == last && !is_ring(r, task, first))
			continue;
		if (!is_held(t, r, &g))
			ring_end(t, task, r);
	}
}

/* Calls that fail close nothing, and by their end it is too late to look into a ring. */
static bool will_replace(const struct task *task, const struct call *call)
{
	const uint64_t *args = call->rec.arg;
	char path[48];

	if (args[0] == args[1] || (call->rec.op == OP_dup3 && args[2] & ~(uint64_t)O_CLOEXEC))
		return false;
	snprintf(path, sizeof(path), "/proc/%u/fd/%d", task->tid, (int)args[0]);
	return faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

void uring_begin(struct tracer *t, struct task *task, struct call *call)
{
	const uint64_t *args = call->rec.arg;

	call->ring = NULL;
	switch (call->rec.op) {
	case OP_io_uring_setup:
		setup_begin(task, call);
		break;
	case OP_io_uring_enter:
		enter_begin(t, task, call);
		break;
	case OP_io_uring_register:
		register_begin(t, task, call);
		break;
	case OP_close:
		closing(t, task, (int)args[0], (int)args[0], false);
		break;
	case OP_dup2:
	case OP_dup3:
		if (t->rings && will_replace(task, call))
			closing(t, task, (int)args[1], (int)args[1], false);
		break;
	case OP_close_range:
		if (!(args[2] & ~(uint64_t)CLOSE_RANGE_UNSHARE))
			closing(t, task, args[0] < INT32_MAX ? (int)args[0] : INT32_MAX,
				args[1] < INT32_MAX ? (int)args[1] : INT32_MAX, args[2] & CLOSE_RANGE_UNSHARE);
		break;
	default:
		break;
	}
}

void uring_put(struct tracer *t, struct task *task, struct call *call)
{
	struct rec *rec = &call->rec;

	switch (rec->op) {
	case OP_io_uring_setup:
		if (rec->ret >= 0)
			ring_new(t, task, call, call->kept);
		sink_put(t->job->sink, rec);
		break;
	case OP_io_uring_enter:
		enter_end(t, task, call);
		break;
	case OP_io_uring_register:
		register_end(t, task, call);
		break;
	default:
		sink_put(t->job->sink, rec);
	}
}
