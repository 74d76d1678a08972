/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/facts.h"
#include "capture/pagemap.h"
#include "capture/ptrace.h"
#include "utils/clock.h"

/*
 * Memory maps of files. What a process has mapped is followed, so that calls on other memory are let go
 * after one stop, and so that it is known where to look for pages before they are unmapped.
 *
 * The loader maps libraries with MAP_DENYWRITE, which means nothing else any more. That is part of how
 * programs begin, as what the kernel maps for them is, and not recorded: the filter does not stop it.
 */

/* What a part of an address space shows. */
struct filemap {
	uint32_t refs;
	uint64_t born;	   /* when it was seen */
	uint64_t off, len; /* in the file */
	bool written;	   /* shared, and made for writing: pages that are there count as written ... */
	int fd;		   /* ... unless they are holes of this file. -1: it had none */
	uint64_t *told[2]; /* pages that were told as read, as written, a bit each; NULL = none were */
};

static void map_get(void *user, void *map)
{
	(void)user;
	((struct filemap *)map)->refs++;
}

static void map_put(void *user, void *map)
{
	struct filemap *f = map;

	(void)user;
	if (--f->refs)
		return;
	if (f->fd >= 0)
		close(f->fd);
	free(f->told[0]);
	free(f->told[1]);
	free(f);
}

static const struct vmap_hooks hooks = {NULL, map_get, map_put};

/* ---- which calls are recorded ---- */

/* Whether the range, or the page at its beginning, shows a file. */
static bool shows_file(const struct process *proc, uint64_t addr, uint64_t len)
{
	uint64_t start, end;

	return proc->maps && vmap_range(addr, len ? len : 1, &start, &end) &&
	       vmap_has(proc->maps, start, end);
}

bool maps_wanted(const struct tracer *t, const struct task *task, enum op_id op,
	const uint64_t *arg)
{
	const struct process *proc = task->proc;

	switch (op) {
	case OP_mmap:
		if (!filter_takes_mmap(arg[2], arg[3]))
			return false;
		return arg[3] & MAP_ANONYMOUS ? shows_file(proc, arg[0], arg[1])
					      : filter_takes_length(&t->filter, arg[1]); /* without a filter */
	case OP_mremap:
		return shows_file(proc, arg[0], arg[1]) ||
		       (arg[3] & MREMAP_FIXED && shows_file(proc, arg[4], arg[2]));
	case OP_madvise:
		if (!filter_takes_advice((unsigned)arg[2]))
			return false;
		return shows_file(proc, arg[0], arg[1]);
	case OP_munmap:
	case OP_msync:
		return shows_file(proc, arg[0], arg[1]);
	default:
		return true;
	}
}

/* ---- pages that were touched ---- */

struct look {
	struct tracer *t;
	struct task *task;
	const struct vmap_part *part;
	struct filemap *map;
	u64_vec read, written; /* extents of the file */
};

static uint64_t address_of(const struct look *l, uint64_t off)
{
	return l->part->start + (off - l->map->off - l->part->off);
}

static void put_pages(struct look *l, enum op_id op, u64_vec *v)
{
	struct rec rec = {.t = now_ns(), .op = op, .pid = l->task->proc->pid, .tid = l->task->tid,
		.has_ret = true, .vec = v->v, .nvec = (uint32_t)v->n};
	size_t i;

	if (v->n == 0)
		return;
	for (i = 1; i < v->n; i += 2)
		rec.ret += (int64_t)v->v[i];
	rec.arg[0] = address_of(l, v->v[0]);
	sink_put(l->t->job->sink, &rec);
	v->n = 0;
}

#define EXTENTS_MOST 32768 /* of one record: its line has an end */

static void add_extent(struct look *l, bool written, uint64_t off, uint64_t len)
{
	u64_vec *v = written ? &l->written : &l->read;
	uint64_t *slot;

	if (v->n && v->v[v->n - 2] + v->v[v->n - 1] == off) {
		v->v[v->n - 1] += len;
		return;
	}
	if (v->n >= 2 * EXTENTS_MOST)
		put_pages(l, written ? OP_map_write : OP_map_read, v);
	slot = vec_push(v);
	if (!slot)
		return;
	*slot = off;
	slot = vec_push(v);
	if (slot)
		*slot = len;
	else
		v->n--;
}

/* What of [OFF, END) in the map was not told yet: as read, or as written. */
static void add_new(struct look *l, bool written, uint64_t off, uint64_t end)
{
	struct filemap *f = l->map;
	uint64_t **told = &f->told[written];

	if (!*told)
		*told = calloc(f->len / VMAP_PAGE / 64 + 1, sizeof(**told));
	for (; off < end && *told; off += VMAP_PAGE) {
		uint64_t page = off / VMAP_PAGE, bit = (uint64_t)1 << page % 64;

		if (!((*told)[page / 64] & bit))
			add_extent(l, written, f->off + off, VMAP_PAGE);
		(*told)[page / 64] |= bit;
	}
}

/* Where what stands at OFF in the map, data or a hole, ends. */
static uint64_t end_of(const struct filemap *f, int whence, uint64_t off, uint64_t end)
{
	off_t at = lseek(f->fd, (off_t)(f->off + off), whence);
	uint64_t to = at < 0 || (uint64_t)at < f->off ? end : (uint64_t)at - f->off;

	to = whence == SEEK_DATA ? to & ~(uint64_t)(VMAP_PAGE - 1)
				 : (to + VMAP_PAGE - 1) & ~(uint64_t)(VMAP_PAGE - 1);
	return to < end ? to : end;
}

/* Pages of a sparse file that are holes still were looked at only. */
static void add_by_holes(struct look *l, uint64_t off, uint64_t end)
{
	while (off < end) {
		uint64_t data = end_of(l->map, SEEK_DATA, off, end), hole;

		add_new(l, false, off, data);
		if (data >= end)
			return;
		hole = end_of(l->map, SEEK_HOLE, data, end);
		off = hole > data ? hole : data + VMAP_PAGE;
		add_new(l, true, data, off);
	}
}

/* [START, END) of the address space is in the page table. */
static void on_pages(void *user, uint64_t start, uint64_t end)
{
	struct look *l = user;
	uint64_t from = start - l->part->start + l->part->off, to = from + (end - start);

	if (l->map->written && l->map->fd >= 0)
		add_by_holes(l, from, to);
	else
		add_new(l, l->map->written, from, to);
}

static void look_at(struct tracer *t, struct task *task, uint64_t start, uint64_t end)
{
	struct look l = {.t = t, .task = task};
	const struct vmap *v = task->proc->maps;
	struct pagemap *p = NULL;
	size_t i;
	int rc = 0;

	for (i = v ? vmap_find(v, start) : 0; v && i < v->parts.n && v->parts.v[i].start < end; i++) {
		struct vmap_part part = v->parts.v[i];

		l.part = &part;
		l.map = part.map;
		if (!p && !rc)
			rc = pagemap_open(&p, (pid_t)task->tid);
		if (!rc)
			rc = pagemap_walk(p, part.start > start ? part.start : start,
				part.end < end ? part.end : end, on_pages, &l);
		put_pages(&l, OP_map_read, &l.read);
		put_pages(&l, OP_map_write, &l.written);
	}
	if (rc && !task->proc->blind) {
		task->proc->blind = true;
		sink_lost(t->job->sink, task->proc->pid, task->tid, 1,
			"the page table of this process may not be read: pages of maps are missing");
	}
	pagemap_close(p);
	vec_free(&l.read);
	vec_free(&l.written);
}

static void look_at_range(struct tracer *t, struct task *task, uint64_t addr, uint64_t len)
{
	uint64_t start, end;

	if (vmap_range(addr, len, &start, &end))
		look_at(t, task, start, end);
}

void maps_before(struct tracer *t, struct task *task, const struct rec *rec)
{
	if (!task->proc->maps)
		return;
	switch (rec->op) {
	case OP_mmap:
		if (rec->arg[3] & MAP_FIXED)
			look_at_range(t, task, rec->arg[0], rec->arg[1]);
		break;
	case OP_mremap:
		if (rec->arg[3] & MREMAP_FIXED)
			look_at_range(t, task, rec->arg[4], rec->arg[2]);
		look_at_range(t, task, rec->arg[0], rec->arg[1]);
		break;
	case OP_munmap:
	case OP_msync:
		look_at_range(t, task, rec->arg[0], rec->arg[1]);
		break;
	case OP_execve:
	case OP_execveat:
		if (task->proc->maps->refs == 1)
			look_at(t, task, 0, VMAP_END);
		break;
	default:
		break;
	}
}

/* Whether all other threads of its process have ended. */
static bool is_last(const struct tracer *t, const struct task *task)
{
	struct hnode *node, *tmp;
	size_t i;

	hmap_each(&t->tasks, node, tmp, i)
	{
		const struct task *other = hmap_entry(node, struct task, node);

		if (other != task && other->proc == task->proc && !other->ended)
			return false;
	}
	return true;
}

void maps_at_end(struct tracer *t, struct task *task, enum op_id op)
{
	struct process *proc = task->proc;

	if (!proc->maps || (op != OP_exit_group && !is_last(t, task)))
		return;
	if (proc->maps->refs == 1)
		look_at(t, task, 0, VMAP_END);
	maps_drop(proc);
}

/* ---- what is mapped ---- */

/*
 * False when it shows no file: a device, a ring. Of a map up to END that will be WRITTEN: what tells the holes of a
 * file, sparse or not as long as the map, from what was written, in *HOLES.
 */
static bool look_at_file(const struct task *task, int fd, bool written, uint64_t end, int *holes)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%u/fd/%d", task->tid, fd);
	*holes = -1;
	if (stat(path, &st) || !S_ISREG(st.st_mode))
		return false;
	if ((uint64_t)st.st_size > end)
		end = (uint64_t)st.st_size;
	if (written && (uint64_t)st.st_blocks < end / 512)
		*holes = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	return true;
}

static bool is_older(const void *map, uint64_t before)
{
	return ((const struct filemap *)map)->born < before;
}

static void cut_older(struct vmap *v, uint64_t start, uint64_t end, uint64_t before)
{
	vmap_cut_older(v, &hooks, start, end, is_older, before);
}

static void add_map(struct process *proc, struct filemap *f, uint64_t start, uint64_t end)
{
	if (!proc->maps)
		proc->maps = vmap_new();
	f->refs = 1;
	f->born = now_ns();
	f->len = end - start;
	if (proc->maps)
		vmap_set(proc->maps, &hooks, start, end, f, 0);
	map_put(NULL, f);
}

static void mapped(struct task *task, const struct rec *rec, uint64_t start, uint64_t end)
{
	bool written = vmap_is_shared(rec->arg[3]) && rec->arg[2] & PROT_WRITE;
	struct filemap *f = NULL;
	int holes = -1;

	if (!(rec->arg[3] & MAP_ANONYMOUS) &&
		look_at_file(task, (int)rec->arg[4], written, rec->arg[5] + (end - start), &holes))
		f = calloc(1, sizeof(*f));
	if (f) {
		*f = (struct filemap){.off = rec->arg[5], .written = written, .fd = holes};
		add_map(task->proc, f, start, end);
		return;
	}
	if (holes >= 0)
		close(holes);
	if (task->proc->maps)
		cut_older(task->proc->maps, start, end, rec->t - rec->dur);
}

/* The page table moves with the map: what was told of its beginning need not be told again. */
static uint64_t *told_again(const struct filemap *f, const uint64_t *told, uint64_t len)
{
	size_t words = f->len / VMAP_PAGE / 64 + 1, room = len / VMAP_PAGE / 64 + 1;
	uint64_t *again = told ? calloc(room, sizeof(*told)) : NULL;

	if (again)
		memcpy(again, told, (words < room ? words : room) * sizeof(*told));
	return again;
}

static void remapped(struct task *task, const struct rec *rec, uint64_t start, uint64_t end)
{
	struct vmap *v = task->proc->maps;
	struct filemap *f = NULL, *old;
	uint64_t from, to;
	size_t i;

	if (!v || !vmap_range(rec->arg[0], rec->arg[1] ? rec->arg[1] : 1, &from, &to))
		return;
	i = vmap_find(v, from);
	if (i < v->parts.n && v->parts.v[i].start <= from) {
		f = calloc(1, sizeof(*f));
		old = v->parts.v[i].map;
		if (f)
			*f = (struct filemap){.off = old->off + v->parts.v[i].off + (from - v->parts.v[i].start),
				.written = old->written,
				.fd = old->fd < 0 ? -1 : fcntl(old->fd, F_DUPFD_CLOEXEC, 0)};
		if (f && v->parts.v[i].start == from && v->parts.v[i].off == 0) {
			f->told[0] = told_again(old, old->told[0], end - start);
			f->told[1] = told_again(old, old->told[1], end - start);
		}
	}
	if (rec->arg[1])
		cut_older(v, from, to, rec->t - rec->dur);
	if (f)
		add_map(task->proc, f, start, end);
	else
		cut_older(v, start, end, rec->t - rec->dur);
}

void maps_after(struct task *task, const struct rec *rec)
{
	uint64_t start, end;

	if (rec->ret < 0)
		return;
	if (rec->op == OP_mmap && vmap_range((uint64_t)rec->ret, rec->arg[1], &start, &end))
		mapped(task, rec, start, end);
	else if (rec->op == OP_mremap && vmap_range((uint64_t)rec->ret, rec->arg[2], &start, &end))
		remapped(task, rec, start, end);
	else if (rec->op == OP_munmap && task->proc->maps &&
		 vmap_range(rec->arg[0], rec->arg[1], &start, &end))
		cut_older(task->proc->maps, start, end, rec->t - rec->dur);
	else if (rec->op == OP_execve || rec->op == OP_execveat)
		maps_drop(task->proc);
}

/* ---- a new file of a rotation ---- */

/* A line of /proc/PID/maps. */
struct region {
	uint64_t start, end, off, ino;
	bool shared, writable;
	const char *path;
};

static bool parse_region(char *line, struct region *r)
{
	unsigned long long start, end, off, ino;
	char allowed[5], *path;
	size_t len = strcspn(line, "\n");
	int at = 0;

	line[len] = '\0';
	if (sscanf(line, "%llx-%llx %4s %llx %*x:%*x %llu %n", &start, &end, allowed, &off, &ino, &at) != 5 || !at)
		return false;
	path = line + at;
	*r = (struct region){start, end, off, ino, allowed[3] == 's', allowed[1] == 'w', path};
	return path[0] == '/';
}

/*
 * What is mapped itself, where we may look at that; else what the process names so. False: that is another
 * file by now, or none that can be read.
 */
static bool find_file(const struct task *task, const struct region *r, struct stat *st)
{
	char path[PATH_MAX + 32];

	snprintf(path, sizeof(path), "/proc/%u/map_files/%" PRIx64 "-%" PRIx64, task->tid, r->start, r->end);
	if (stat(path, st) == 0)
		return S_ISREG(st->st_mode);
	snprintf(path, sizeof(path), "/proc/%u/root%s", task->tid, r->path);
	return stat(path, st) == 0 && S_ISREG(st->st_mode) && st->st_ino == r->ino;
}

static void tell_region(struct tracer *t, const struct task *task, const struct region *r,
	const struct stat *st)
{
	struct rec rec = {.op = OP_state_map, .pid = task->proc->pid, .tid = task->tid, .path = str_of(r->path),
		.facts = facts_of_stat(st)};

	rec.arg[0] = r->start;
	rec.arg[1] = r->end - r->start;
	rec.arg[2] = PROT_READ | (r->writable ? PROT_WRITE : 0);
	rec.arg[3] = r->shared ? MAP_SHARED : MAP_PRIVATE;
	rec.arg[5] = r->off;
	paths_find(t->job->paths, who_of(task), rec.path);
	rec.t = now_ns();
	sink_tell(t->job->sink, &rec);
}

/* Pages that are there when it ends are told in each file. */
static void forget_told(struct vmap *v)
{
	size_t i;

	for (i = 0; i < v->parts.n; i++) {
		struct filemap *f = v->parts.v[i].map;

		free(f->told[0]);
		free(f->told[1]);
		f->told[0] = f->told[1] = NULL;
	}
}

void maps_tell(struct tracer *t, const struct task *task)
{
	char name[64], line[PATH_MAX + 128];
	struct region r;
	struct stat st;
	FILE *f;

	if (!task->proc->maps || !task->proc->maps->parts.n)
		return;
	forget_told(task->proc->maps);
	snprintf(name, sizeof(name), "/proc/%u/maps", task->tid);
	f = fopen(name, "re");
	while (f && fgets(line, sizeof(line), f))
		if (parse_region(line, &r) && vmap_has(task->proc->maps, r.start, r.end) &&
			find_file(task, &r, &st))
			tell_region(t, task, &r, &st);
	if (f)
		fclose(f);
}

void maps_inherit(struct process *child, struct process *parent, uint64_t flags)
{
	if (flags & CLONE_VM) {
		if (!parent->maps)
			parent->maps = vmap_new();
		child->maps = parent->maps;
		if (child->maps)
			child->maps->refs++;
	} else if (parent->maps) {
		child->maps = vmap_copy(parent->maps, &hooks);
	}
}

void maps_drop(struct process *proc)
{
	vmap_put(proc->maps, &hooks);
	proc->maps = NULL;
}
