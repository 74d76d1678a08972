/* SPDX-License-Identifier: Apache-2.0 */
#include "generate/model.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "ops/advice.h"

/*
 * Memory maps of files. An address space is a struct vmap; a call on addresses becomes one on parts of
 * maps, which have numbers in the replay and stand where the kernel puts them there.
 *
 * In a replay the virtual processes of one worker share its memory. A fork copies nothing there: parent
 * and child have the same map, which ends when both have lost it.
 */

/* Not in every <sys/mman.h>. */
enum {
	KERNEL_MAP_FIXED_NOREPLACE = 0x100000
};

void model_map_get(void *user, void *map)
{
	(void)user;
	((struct filemap *)map)->refs++;
}

void model_map_put(void *user, void *map)
{
	struct model *m = user;
	struct filemap *f = map;

	if (--f->refs)
		return;
	f->next = m->ended_maps;
	m->ended_maps = f;
}

void model_free_maps(struct model *m)
{
	struct filemap *f;

	while ((f = m->ended_maps)) {
		m->ended_maps = f->next;
		resource_free(&f->order);
		node_put(&m->names, f->node);
		free(f);
	}
}

/* ---- parts of the line ---- */

static int put_part(struct model *m, const struct filemap *f, uint64_t off, uint64_t len)
{
	const uint64_t v[] = {f->id, off, len};
	size_t i;

	for (i = 0; i < 3; i++) {
		uint64_t *slot = vec_push(&m->numbers);

		if (!slot)
			return -ENOMEM;
		*slot = v[i];
	}
	return 0;
}

/* The line has the parts so far; those of earlier calls are of other lines. */
static int put_parts(struct model *m, int rc)
{
	m->out->call.vec = m->numbers.v;
	m->out->call.nvec = (uint32_t)m->numbers.n;
	return rc;
}

static struct vmap_part *part_at(const struct model *m, uint64_t addr)
{
	const struct vmap *v = m->task->process->maps;
	size_t i = v ? vmap_find(v, addr) : 0;

	return v && i < v->parts.n && v->parts.v[i].start <= addr ? &v->parts.v[i] : NULL;
}

/* A part that is in [start, end), cut to it. */
struct piece {
	struct filemap *map;
	uint64_t off, len, addr;
};

/* Steps through what is in [ADDR, END); false at the end. *AT begins as vmap_find(). */
static bool next_piece(const struct vmap *v, size_t *at, uint64_t addr, uint64_t end, struct piece *p)
{
	const struct vmap_part *part;
	uint64_t from, to;

	if (!v || *at >= v->parts.n || v->parts.v[*at].start >= end)
		return false;
	part = &v->parts.v[(*at)++];
	from = part->start > addr ? part->start : addr;
	to = part->end < end ? part->end : end;
	*p = (struct piece){part->map, part->off + (from - part->start), to - from, from};
	return true;
}

/*
 * What is in [START, END) since BEFORE ends: as parts of the line, as far as nobody else has it. 1 when
 * there was anything.
 */
static int unmap(struct model *m, uint64_t start, uint64_t end, uint64_t before)
{
	const struct vmap_hooks hooks = vfd_map_hooks(&m->vfd);
	struct vmap *v = m->task->process->maps;
	VEC(struct piece) gone = {0};
	struct piece p, *slot;
	size_t at = v ? vmap_find(v, start) : 0, i;
	int rc = 0;

	while (!rc && next_piece(v, &at, start, end, &p)) {
		if (p.map->born > before)
			continue;
		slot = vec_push(&gone);
		if (!slot)
			rc = -ENOMEM;
		else
			*slot = p;
	}
	for (i = 0; i < gone.n && !rc; i++)
		rc = vmap_cut(v, &hooks, gone.v[i].addr, gone.v[i].addr + gone.v[i].len);
	for (i = 0; i < gone.n && !rc; i++) {
		struct filemap *f = gone.v[i].map;

		if (f->id == MAP_NONE || (f->forked && f->refs))
			continue;
		rc = f->refs ? put_part(m, f, gone.v[i].off, gone.v[i].len)
			     : put_part(m, f, f->forked ? 0 : gone.v[i].off,
				       f->forked ? f->len : gone.v[i].len);
		if (!rc)
			rc = model_touch(m, &f->order, TOUCH_EXCLUSIVE);
		if (f->forked)
			f->id = MAP_NONE; /* all of it is in the line */
	}
	rc = rc ? rc : gone.n > 0;
	vec_free(&gone);
	return rc;
}

int model_end_maps(struct model *m, struct process *p)
{
	struct vlist_item *item;
	struct filemap *f;
	int rc = 0;

	vfd_maps_drop(&m->vfd, p);
	for (f = m->ended_maps; f && !rc; f = f->next) {
		if (f->id == MAP_NONE)
			continue;
		item = vec_push(&m->list);
		if (!item)
			return -ENOMEM;
		*item = (struct vlist_item){VITEM_MAP, f->id, 0};
		rc = model_touch(m, &f->order, TOUCH_EXCLUSIVE);
	}
	return rc;
}

/* ---- bytes of the file ---- */

/* Pages of the file are looked at: as a read of them. */
static int pages_read(struct model *m, struct node *n, uint64_t off, uint64_t len)
{
	struct vsize *size = &n->size;
	int rc = model_touch(m, &n->users, TOUCH_SHARE);

	if (!rc && off + len > n->safe)
		rc = model_touch(m, &n->length, TOUCH_SHARE);
	if (!rc && !size->certain && off >= size->size) /* there was one byte in its last page at least */
		rc = vsize_read(size, off + (len - 1) / VMAP_PAGE * VMAP_PAGE, 1);
	if (off >= size->size || rc)
		return rc;
	return vsize_read(size, off, len < size->size - off ? len : size->size - off);
}

/*
 * A fault brings in what is in the cache around its page (fault_around_bytes), whose own use is then not
 * seen: data, too, as far as the map goes. That is up to 64 KiB from the multiple of it before the page, or
 * from the beginning of the map.
 */
#define AROUND ((uint64_t)16 * VMAP_PAGE)

static int faulted(struct model *m, const struct piece *p)
{
	uint64_t before = p->addr % AROUND < p->off ? p->addr % AROUND : p->off;
	uint64_t from = p->off - before, to = from + AROUND;

	if (to > p->map->len)
		to = p->map->len;
	if (to < p->off + p->len)
		to = p->off + p->len;
	return pages_read(m, p->map->node, p->map->off + from, to - from);
}

/* They are written. A file does not grow by that. */
static int pages_written(struct model *m, struct node *n, uint64_t off, uint64_t len)
{
	int rc = pages_read(m, n, off, len);

	return rc ? rc : model_touch(m, &n->dirty, TOUCH_MUTATE);
}

/* ---- mmap ---- */

/* The same call would fail of something else in a replay. */
static bool fails_of_address(const struct rec *r)
{
	switch (r->ret) {
	case -EBADF:
	case -EACCES:
	case -ENODEV:
	case -EOVERFLOW:
		return false;
	case -EINVAL: /* but for addresses that are not aligned */
		return r->op == OP_mmap && r->arg[3] & MAP_FIXED && r->arg[0] % VMAP_PAGE;
	default:
		return true;
	}
}

/* What is left of a map that replaces others and is none itself. */
static int as_munmap(struct model *m, int left)
{
	if (m->numbers.n == 0)
		return left;
	m->out->call.op = OP_munmap;
	m->out->call.ret = 0;
	m->out->newmap = MAP_NONE;
	return put_parts(m, 0);
}

static struct filemap *new_map(const struct rec *r, struct node *node, uint64_t off, uint64_t len)
{
	struct filemap *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	*f = (struct filemap){.id = MAP_NONE, .born = r->t, .off = off, .len = len, .node = node_get(node)};
	return f;
}

static int enter_map(struct model *m, struct filemap *f, uint64_t start, uint64_t end)
{
	const struct vmap_hooks hooks = vfd_map_hooks(&m->vfd);
	struct vmap *v = vfd_maps(m->task->process);
	int rc;

	f->refs = 1; /* so that a failure ends it as anything else does */
	rc = v ? vmap_set(v, &hooks, start, end, f, 0) : -ENOMEM;
	model_map_put(m, f);
	return rc;
}

static int number_map(struct model *m, struct filemap *f)
{
	f->id = m->next_map++;
	m->maps++;
	m->out->newmap = f->id;
	return model_touch(m, &f->order, TOUCH_EXCLUSIVE);
}

/* Nobody saw which pages were written: all that the file has. */
static int assume_written(struct model *m, struct filemap *f)
{
	uint64_t size = f->node->size.size, len = size > f->off ? size - f->off : 0;

	if (len > f->len)
		len = f->len;
	if (len == 0)
		return 0;
	m->more = *m->out;
	m->more.call.op = OP_map_write;
	m->more.call.ret = (int64_t)len;
	m->more.newmap = MAP_NONE;
	m->more_part[0] = f->id;
	m->more_part[1] = 0;
	m->more_part[2] = len;
	m->more.call.vec = m->more_part;
	m->more.call.nvec = 3;
	m->has_more = true;
	return pages_written(m, f->node, f->off, len);
}

static int map_file(struct model *m, const struct rec *r, struct node *node, uint64_t start, uint64_t end)
{
	struct filemap *f = new_map(r, node, r->arg[5], end - start);
	int rc;

	if (!f)
		return -ENOMEM;
	f->shared = vmap_is_shared(r->arg[3]);
	f->writable = r->arg[2] & PROT_WRITE;
	rc = enter_map(m, f, start, end);
	if (!rc)
		rc = number_map(m, f);
	if (!rc && r->arg[3] & MAP_POPULATE)
		rc = pages_read(m, node, f->off, f->len);
	if (!rc && m->faults == FAULTS_NONE && f->shared && f->writable)
		rc = assume_written(m, f);
	return rc;
}

int model_mmap(struct model *m, const struct rec *r)
{
	bool anonymous = r->arg[3] & MAP_ANONYMOUS, fixed;
	uint64_t start = 0, end = 0;
	struct descriptor *d;
	int rc = anonymous ? LEFT_NO_MAP : model_fd(m, r, A_FD, &d);

	if (r->ret < 0)
		return put_parts(m, rc ? rc : fails_of_address(r) ? LEFT_MAP_ADDRESS : 0);
	if (!vmap_range((uint64_t)r->ret, r->arg[1], &start, &end) || start != (uint64_t)r->ret)
		return LEFT_MALFORMED;
	fixed = r->arg[3] & MAP_FIXED && !(r->arg[3] & KERNEL_MAP_FIXED_NOREPLACE);
	if (!fixed && !m->force && vmap_has(m->task->process->maps, start, end))
		return LEFT_CONFLICT;
	if (rc < 0 || (rc == 0 && (r->arg[5] % VMAP_PAGE || r->arg[5] > VMAP_END - (end - start))))
		return rc < 0 ? rc : LEFT_MALFORMED;
	m->reused += !fixed && vmap_has(m->task->process->maps, start, end);
	if (unmap(m, start, end, r->t) < 0)
		return -ENOMEM;
	if (rc || !d)
		return as_munmap(m, rc ? rc : LEFT_MALFORMED);
	rc = map_file(m, r, d->desc->node, start, end);
	return put_parts(m, rc);
}

/* ---- munmap ---- */

/*
 * A call that failed. Of its arguments: they are the same again, as long as the address is in a map.
 */
static int failed(struct model *m, const struct rec *r)
{
	struct vmap_part *part = part_at(m, r->arg[0]);
	struct filemap *f = part ? part->map : NULL;
	int rc;

	if (!f || f->id == MAP_NONE)
		return LEFT_NO_MAP;
	if (r->ret != -EINVAL && (r->op == OP_munmap || r->op == OP_mremap || r->ret == -ENOMEM))
		return LEFT_MAP_ADDRESS;
	if (r->arg[1] > INT64_MAX - f->len)
		return LEFT_MAP_ADDRESS;
	rc = put_part(m, f, part->off + (r->arg[0] - part->start), r->arg[1]);
	if (!rc)
		rc = model_touch(m, &f->order, TOUCH_SHARE);
	if (!rc && r->ret == -EFAULT) /* a page is behind the end of the file */
		rc = model_touch(m, &f->node->length, TOUCH_SHARE);
	return put_parts(m, rc);
}

int model_munmap(struct model *m, const struct rec *r)
{
	uint64_t start, end;
	int rc;

	if (r->ret < 0)
		return failed(m, r);
	if (!vmap_range(r->arg[0], r->arg[1], &start, &end) || start != r->arg[0])
		return LEFT_MALFORMED;
	/* another thread may have got the addresses before this call was seen to return */
	rc = unmap(m, start, end, r->t - r->dur);
	if (rc <= 0)
		return rc ? rc : LEFT_NO_MAP;
	return m->numbers.n ? put_parts(m, 0) : LEFT_MAP_FORKED;
}

/* ---- mremap ---- */

/* Moves and grows whole maps, which nobody else has; of others only the model knows. */
int model_mremap(struct model *m, const struct rec *r)
{
	uint64_t old_start, old_end, start, end, old_len = r->arg[1];
	struct vmap_part *part = part_at(m, r->arg[0]);
	struct filemap *f = part ? part->map : NULL, *to;
	bool whole;
	int rc;

	if (r->ret < 0)
		return failed(m, r);
	if (!vmap_range(r->arg[0], old_len ? old_len : 1, &old_start, &old_end) ||
		!vmap_range((uint64_t)r->ret, r->arg[2], &start, &end))
		return LEFT_MALFORMED;
	if (!f || part->end < old_end) {
		rc = unmap(m, old_start, old_end, r->t);
		rc = rc < 0 ? rc : unmap(m, start, end, r->t);
		return rc < 0 ? rc : as_munmap(m, LEFT_NO_MAP);
	}
	whole = f->id != MAP_NONE && !f->forked && part->off == 0 &&
		(!old_len || (part->start == old_start && part->end == old_end && f->len == old_end - old_start));
	to = new_map(r, f->node, f->off + part->off + (old_start - part->start), end - start);
	if (!to)
		return -ENOMEM;
	to->shared = f->shared;
	to->writable = f->writable;
	rc = whole ? put_part(m, f, 0, old_len ? f->len : 0) : 0;
	if (!rc)
		rc = model_touch(m, &f->order, TOUCH_EXCLUSIVE);
	if (!rc && old_len) {
		uint32_t id = f->id;

		f->id = whole ? MAP_NONE : id; /* it is the first part of the line already */
		rc = unmap(m, old_start, old_end, r->t);
	}
	if (rc >= 0)
		rc = unmap(m, start, end, r->t);
	if (rc < 0) {
		to->refs = 1;
		model_map_put(m, to);
		return rc;
	}
	rc = enter_map(m, to, start, end);
	if (rc || !whole)
		return rc ? rc : as_munmap(m, LEFT_MAP_FORKED);
	return put_parts(m, number_map(m, to));
}

/* ---- calls on what is mapped ---- */

typedef int piece_fn(struct model *m, const struct rec *r, const struct piece *p);

/* FN for each part in the range, which become those of the line. */
static int on_pieces(struct model *m, const struct rec *r, uint64_t start, uint64_t end, piece_fn *fn)
{
	const struct vmap *v = m->task->process->maps;
	size_t at = v ? vmap_find(v, start) : 0;
	struct piece p;
	int rc = 0;

	while (!rc && next_piece(v, &at, start, end, &p)) {
		if (p.map->id == MAP_NONE)
			continue;
		rc = put_part(m, p.map, p.off, p.len);
		if (!rc)
			rc = model_touch(m, &p.map->order, TOUCH_SHARE);
		if (!rc)
			rc = fn(m, r, &p);
	}
	return put_parts(m, rc);
}

/* The call went from part to part, up to one of which it failed: not of its arguments, nor of a gap. */
static bool failed_of_a_part(const struct model *m, const struct rec *r, uint64_t end)
{
	const struct vmap_part *first = part_at(m, r->arg[0]);

	return r->ret != -EINVAL && r->ret != -ENOMEM && first && ((struct filemap *)first->map)->id != MAP_NONE &&
	       first->end < end;
}

static int on_range(struct model *m, const struct rec *r, piece_fn *fn)
{
	uint64_t start, end;
	bool some = vmap_range(r->arg[0], r->arg[1], &start, &end);
	int rc;

	if (r->ret < 0 && !(some && failed_of_a_part(m, r, end)))
		return failed(m, r);
	if (!some) /* a length of 0 is nothing */
		return LEFT_NO_MAP;
	rc = on_pieces(m, r, start, end, fn);
	return rc || m->numbers.n ? rc : LEFT_NO_MAP;
}

static int sync_piece(struct model *m, const struct rec *r, const struct piece *p)
{
	return r->arg[2] & MS_SYNC ? model_touch(m, &p->map->node->dirty, TOUCH_LATER) : 0;
}

int model_msync(struct model *m, const struct rec *r)
{
	return on_range(m, r, sync_piece);
}

static int advise_piece(struct model *m, const struct rec *r, const struct piece *p)
{
	struct node *n = p->map->node;
	uint64_t off = p->map->off + p->off;

	switch (r->arg[2]) {
	case MADV_REMOVE: /* a hole is one only after what was written there before */
		return model_touch(m, &n->users, TOUCH_EXCLUSIVE);
	case KERNEL_MADV_POPULATE_WRITE:
		return p->map->shared ? pages_written(m, n, off, p->len) : pages_read(m, n, off, p->len);
	case KERNEL_MADV_POPULATE_READ:
		return pages_read(m, n, off, p->len);
	default:
		return 0;
	}
}

int model_madvise(struct model *m, const struct rec *r)
{
	return advice_is_for_files(r->arg[2]) ? on_range(m, r, advise_piece) : LEFT_MAP_ADVICE;
}

/* ---- pages that were touched ---- */

/* What a process writes into a private map is its own: the file is read. */
static int touch_piece(struct model *m, const struct rec *r, const struct piece *p)
{
	struct node *n = p->map->node;
	uint64_t off = p->map->off + p->off;

	/* it has more than it is known to: others have made it longer */
	if (n->size.certain && !m->force && off + p->len - VMAP_PAGE >= n->size.size && p->len)
		return model_resized(m, n, off + p->len - VMAP_PAGE + 1);
	if (r->op == OP_map_write && p->map->shared)
		return pages_written(m, n, off, p->len);
	if (r->op == OP_map_write)
		m->out->call.op = OP_map_read;
	return m->faults == FAULTS_EVENTS ? faulted(m, p) : pages_read(m, n, off, p->len);
}

int model_touched(struct model *m, const struct rec *r)
{
	uint64_t start, end, sum = 0;
	int rc = 0;
	uint32_t i;

	for (i = 0; i + 1 < r->nvec && !rc; i += 2) {
		if (r->vec[i] < r->vec[0])
			return LEFT_MALFORMED;
		if (vmap_range(r->arg[0] + (r->vec[i] - r->vec[0]), r->vec[i + 1], &start, &end))
			rc = on_pieces(m, r, start, end, touch_piece);
	}
	for (i = 2; i < m->numbers.n; i += 3)
		sum += m->numbers.v[i];
	m->out->call.ret = (int64_t)sum;
	return put_parts(m, rc || m->numbers.n ? rc : LEFT_NO_MAP);
}
