/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/places.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "datas/hmap.h"
#include "vmap.h"

/* A map of a file. */
struct place {
	uint32_t refs;
	bool shared;
	uint64_t born; /* when the call that made it was over */
	uint64_t off;  /* in the file */
};

/* What a process has. */
struct space {
	struct hnode node; /* by pid */
	uint32_t pid;
	struct vmap *maps;
};

struct places {
	struct hmap spaces;
	uint64_t extent[2]; /* of the page that was found */
};

static void place_get(void *user, void *map)
{
	(void)user;
	((struct place *)map)->refs++;
}

static void place_put(void *user, void *map)
{
	struct place *place = map;

	(void)user;
	if (--place->refs == 0)
		free(place);
}

static const struct vmap_hooks hooks = {NULL, place_get, place_put};

static bool is_older(const void *map, uint64_t before)
{
	return ((const struct place *)map)->born < before;
}

/* --- processes --- */

static struct space *find(const struct places *p, uint32_t pid)
{
	struct hnode *node = hmap_first(&p->spaces, hash_u64(pid));

	return node ? hmap_entry(node, struct space, node) : NULL;
}

static void end(struct places *p, uint32_t pid)
{
	struct space *s = find(p, pid);

	if (!s)
		return;
	vmap_put(s->maps, &hooks);
	hmap_remove(&p->spaces, &s->node);
	free(s);
}

/* Takes MAPS, which may be NULL: memory was out. */
static struct space *begin(struct places *p, uint32_t pid, struct vmap *maps)
{
	struct space *s = maps ? calloc(1, sizeof(*s)) : NULL;

	end(p, pid);
	if (!s || hmap_insert(&p->spaces, &s->node, hash_u64(pid))) {
		vmap_put(maps, &hooks);
		free(s);
		return NULL;
	}
	s->pid = pid;
	s->maps = maps;
	return s;
}

static struct vmap *maps_of(struct places *p, uint32_t pid)
{
	struct space *s = find(p, pid);

	if (!s)
		s = begin(p, pid, vmap_new());
	return s ? s->maps : NULL;
}

static int forked(struct places *p, const struct rec *r)
{
	uint64_t flags = rec_clone_flags(r);
	struct space *from = find(p, r->pid);
	struct vmap *maps;

	if (r->ret <= 0 || flags & CLONE_THREAD)
		return 0;
	end(p, (uint32_t)r->ret); /* whose end was not told */
	if (!from && flags & CLONE_VM) /* what either of them maps is mapped for both */
		from = begin(p, r->pid, vmap_new());
	if (!from)
		return flags & CLONE_VM ? -ENOMEM : 0;
	maps = flags & CLONE_VM ? from->maps : vmap_copy(from->maps, &hooks);
	if (flags & CLONE_VM)
		maps->refs++;
	return begin(p, (uint32_t)r->ret, maps) ? 0 : -ENOMEM;
}

/* --- maps --- */

static int enter(struct places *p, const struct rec *r, const struct place *what, uint64_t start, uint64_t end_at)
{
	struct vmap *maps = maps_of(p, r->pid);
	struct place *place = maps ? malloc(sizeof(*place)) : NULL;
	int rc;

	if (!place)
		return -ENOMEM;
	*place = *what;
	place->refs = 1;
	place->born = r->t;
	rc = vmap_set(maps, &hooks, start, end_at, place, 0);
	place_put(NULL, place);
	return rc;
}

static int cut(struct places *p, const struct rec *r, uint64_t addr, uint64_t len)
{
	struct space *s = find(p, r->pid);
	uint64_t start, to;

	if (!s || !vmap_range(addr, len, &start, &to))
		return 0;
	return vmap_cut_older(s->maps, &hooks, start, to, is_older, r->t - r->dur);
}

static int mapped(struct places *p, const struct rec *r, bool regular, uint64_t addr)
{
	const struct place what = {.shared = vmap_is_shared(r->arg[3]), .off = r->arg[5]};
	uint64_t start, to;

	if (!regular)
		return cut(p, r, addr, r->arg[1]);
	return vmap_range(addr, r->arg[1], &start, &to) ? enter(p, r, &what, start, to) : 0;
}

/* The part at ADDR, NULL: no file. */
static const struct vmap_part *part_at(const struct places *p, uint32_t pid, uint64_t addr)
{
	const struct space *s = find(p, pid);
	size_t i = s ? vmap_find(s->maps, addr) : 0;

	return s && i < s->maps->parts.n && s->maps->parts.v[i].start <= addr ? &s->maps->parts.v[i] : NULL;
}

static uint64_t offset_of(const struct vmap_part *part, uint64_t addr)
{
	return ((const struct place *)part->map)->off + part->off + (addr - part->start);
}

static int remapped(struct places *p, const struct rec *r)
{
	const struct vmap_part *part = part_at(p, r->pid, r->arg[0]);
	struct place what = {0};
	uint64_t start, to;
	int rc;

	if (!vmap_range((uint64_t)r->ret, r->arg[2], &start, &to))
		return 0;
	if (part)
		what = (struct place){.shared = ((const struct place *)part->map)->shared,
			.off = offset_of(part, r->arg[0])};
	rc = r->arg[1] ? cut(p, r, r->arg[0], r->arg[1]) : 0;
	if (rc)
		return rc;
	return part ? enter(p, r, &what, start, to) : cut(p, r, start, to - start);
}

/* --- pages --- */

/*
 * A write to a page that is there is told of shared maps only: a file system wants to know. In a private one
 * the process gets a page of its own.
 */
int places_find(struct places *p, struct seen *seen)
{
	const struct vmap_part *part = part_at(p, seen->rec.pid, seen->rec.arg[0]);
	bool written;

	if (!part)
		return 0;
	written = seen->rec.op == OP_map_write && ((const struct place *)part->map)->shared;
	if (seen->present && !written)
		return 0;
	seen->rec.op = written ? OP_map_write : OP_map_read;
	p->extent[0] = offset_of(part, seen->rec.arg[0]);
	p->extent[1] = VMAP_PAGE;
	seen->rec.vec = p->extent;
	seen->rec.nvec = 2;
	return 1;
}

/* --- records --- */

static int follow(struct places *p, const struct seen *seen)
{
	const struct rec *r = &seen->rec;

	switch (r->op) {
	case OP_state_task:
		end(p, r->pid);
		return 0;
	case OP_state_map:
		return mapped(p, r, true, r->arg[0]);
	case OP_mmap:
		return mapped(p, r, seen->regular, (uint64_t)r->ret);
	case OP_mremap:
		return remapped(p, r);
	case OP_munmap:
		return cut(p, r, r->arg[0], r->arg[1]);
	case OP_execve:
	case OP_execveat:
	case OP_exit_group:
		end(p, r->pid);
		return 0;
	case OP_task_end:
		if (r->tid == r->pid)
			end(p, r->pid);
		return 0;
	default:
		return ops[r->op].flags & OPF_FORK ? forked(p, r) : 0;
	}
}

static bool shows_file(const struct places *p, uint32_t pid, uint64_t addr, uint64_t len)
{
	const struct space *s = find(p, pid);
	uint64_t start, to;

	return s && vmap_range(addr, len ? len : 1, &start, &to) && vmap_has(s->maps, start, to);
}

/*
 * As the ptrace backend has it, which knows before the call what is mapped: calls on memory that shows a file. Of
 * anonymous memory in a file's place others record what nobody can look at.
 */
static bool is_recorded(const struct places *p, const struct rec *r)
{
	switch (r->op) {
	case OP_mmap:
		return !(r->arg[3] & MAP_ANONYMOUS) ||
		       (r->arg[2] == PROT_NONE && shows_file(p, r->pid, r->arg[0], r->arg[1]));
	case OP_mremap:
		return shows_file(p, r->pid, r->arg[0], r->arg[1]) ||
		       (r->arg[3] & MREMAP_FIXED && shows_file(p, r->pid, r->arg[4], r->arg[2]));
	case OP_munmap:
	case OP_madvise:
	case OP_msync:
		return shows_file(p, r->pid, r->arg[0], r->arg[1]);
	default:
		return true;
	}
}

int places_follow(struct places *p, const struct seen *seen)
{
	bool recorded = is_recorded(p, &seen->rec);
	int rc = 0;

	if (!seen->rec.has_ret || seen->rec.ret >= 0)
		rc = follow(p, seen);
	return rc ? rc : recorded;
}

int places_open(struct places **out, struct err *err)
{
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : err_sys(err, ENOMEM, "cannot start the capture");
}

void places_close(struct places *p)
{
	struct hnode *node, *tmp;
	size_t i;

	if (!p)
		return;
	hmap_each(&p->spaces, node, tmp, i)
		end(p, hmap_entry(node, struct space, node)->pid);
	hmap_free(&p->spaces);
	free(p);
}
