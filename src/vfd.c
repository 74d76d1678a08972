/* SPDX-License-Identifier: Apache-2.0 */
#include "vfd.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>

void vfd_init(struct vfd *v, const struct vfd_hooks *hooks)
{
	*v = (struct vfd){.hooks = *hooks};
}

static void node_get(struct vfd *v, void *node)
{
	if (node)
		v->hooks.node_get(v->hooks.user, node);
}

static void node_put(struct vfd *v, void *node)
{
	if (node)
		v->hooks.node_put(v->hooks.user, node);
}

static void order_put(struct vfd *v, void *order)
{
	if (order)
		v->hooks.order_free(v->hooks.user, order);
}

static void description_put(struct vfd *v, struct description *d)
{
	if (--d->refs)
		return;
	if (v->hooks.ended)
		v->hooks.ended(v->hooks.user, d);
	node_put(v, d->node);
	order_put(v, d->order);
	if (d->ring)
		v->hooks.ring_free(v->hooks.user, d->ring);
	free(d);
}

static void descriptor_free(struct vfd *v, struct descriptor *d)
{
	description_put(v, d->desc);
	order_put(v, d->order);
	free(d);
}

void vfd_table_put(struct vfd *v, struct fdtable *f)
{
	uint32_t i;

	if (!f || --f->refs)
		return;
	for (i = 0; i < f->n; i++) {
		if (!f->v[i])
			continue;
		descriptor_free(v, f->v[i]);
	}
	for (i = 0; i < f->displaced.n; i++)
		descriptor_free(v, f->displaced.v[i].d);
	vec_free(&f->displaced);
	for (i = 0; i < f->locks.n; i++)
		node_put(v, f->locks.v[i].node);
	vec_free(&f->locks);
	free(f->v);
	free(f);
}

static void fsctx_put(struct vfd *v, struct fsctx *fs)
{
	if (!fs || --fs->refs)
		return;
	node_put(v, fs->cwd);
	node_put(v, fs->root);
	order_put(v, fs->order);
	free(fs);
}

struct vmap_hooks vfd_map_hooks(const struct vfd *v)
{
	return (struct vmap_hooks){v->hooks.user, v->hooks.map_get, v->hooks.map_put};
}

struct vmap *vfd_maps(struct process *p)
{
	if (!p->maps)
		p->maps = vmap_new();
	return p->maps;
}

void vfd_maps_drop(struct vfd *v, struct process *p)
{
	const struct vmap_hooks hooks = vfd_map_hooks(v);

	vmap_put(p->maps, &hooks);
	p->maps = NULL;
}

static void process_put(struct vfd *v, struct process *p)
{
	if (!p || --p->refs)
		return;
	vfd_maps_drop(v, p);
	free(p);
}

static void task_free(struct vfd *v, struct task *t)
{
	vfd_table_put(v, t->files);
	fsctx_put(v, t->fs);
	process_put(v, t->process);
	free(t);
}

void vfd_free(struct vfd *v)
{
	struct hnode *n, *tmp;
	size_t i;

	hmap_each(&v->tasks, n, tmp, i)
		task_free(v, hmap_entry(n, struct task, node));
	hmap_free(&v->tasks);
}

struct task *vfd_find_task(const struct vfd *v, uint32_t tid)
{
	struct hnode *n = hmap_first(&v->tasks, hash_u64(tid));

	return n ? hmap_entry(n, struct task, node) : NULL; /* hash_u64 is a bijection */
}

struct task *vfd_task_of(const struct vfd *v, uint32_t pid)
{
	struct task *t = vfd_task(v, pid);
	struct hnode *n, *tmp;
	size_t i;

	if (t)
		return t;
	hmap_each(&v->tasks, n, tmp, i) {
		t = hmap_entry(n, struct task, node);
		if (t->process->pid == pid)
			return t;
	}
	return NULL;
}

struct fdtable *vfd_table_new(void)
{
	struct fdtable *f = calloc(1, sizeof(*f));

	if (f)
		f->refs = 1;
	return f;
}

static struct fsctx *fsctx_new(struct vfd *v)
{
	struct fsctx *fs = calloc(1, sizeof(*fs));

	if (!fs)
		return NULL;
	fs->refs = 1;
	fs->umask = 022;
	fs->order = v->hooks.order_new(v->hooks.user);
	if (!fs->order) {
		free(fs);
		return NULL;
	}
	return fs;
}

static struct process *process_new(struct vfd *v, uint32_t pid)
{
	struct process *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->refs = 1;
	p->pid = pid;
	p->id = v->next_process++;
	p->memory = v->next_memory++;
	return p;
}

static int fdtable_grow(struct fdtable *f, int64_t fd)
{
	uint32_t n = f->n ? f->n : 32;
	struct descriptor **p;

	if (fd < 0 || fd >= VFD_FD_LIMIT)
		return -ENOMEM;
	if (fd < f->n)
		return 0;
	while (n <= fd)
		n *= 2;
	p = realloc(f->v, n * sizeof(*p));
	if (!p)
		return -ENOMEM;
	memset(p + f->n, 0, (n - f->n) * sizeof(*p));
	f->v = p;
	f->n = n;
	return 0;
}

/* A descriptor for DESC, whose reference it takes over only when it succeeds. */
static struct descriptor *descriptor_new(struct vfd *v, struct description *desc)
{
	struct descriptor *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->order = v->hooks.order_new(v->hooks.user);
	if (!d->order) {
		free(d);
		return NULL;
	}
	d->desc = desc;
	d->vfd = VFD_NUMBER_NONE;
	return d;
}

static struct descriptor *place(struct vfd *v, struct fdtable *f, int64_t fd,
	struct description *desc)
{
	struct descriptor *d = fdtable_grow(f, fd) ? NULL : descriptor_new(v, desc);

	if (d)
		f->v[fd] = d;
	return d;
}

static struct fdtable *fdtable_copy(struct vfd *v, const struct fdtable *from)
{
	struct fdtable *f = vfd_table_new();
	uint32_t i;

	if (!f)
		return NULL;
	for (i = 0; i < from->n; i++) {
		struct descriptor *d;

		if (!from->v[i])
			continue;
		d = place(v, f, i, from->v[i]->desc);
		if (!d) {
			vfd_table_put(v, f);
			return NULL;
		}
		d->desc->refs++;
		d->cloexec = from->v[i]->cloexec;
	}
	return f;
}

static struct fsctx *fsctx_copy(struct vfd *v, const struct fsctx *from)
{
	struct fsctx *fs = fsctx_new(v);

	if (!fs)
		return NULL;
	fs->cwd = from->cwd;
	fs->root = from->root;
	fs->umask = from->umask;
	node_get(v, fs->cwd);
	node_get(v, fs->root);
	return fs;
}

static struct task *task_add(struct vfd *v, struct task *t)
{
	if (!t->process || !t->files || !t->fs ||
		hmap_insert(&v->tasks, &t->node, hash_u64(t->tid))) {
		task_free(v, t);
		return NULL;
	}
	return t;
}

struct task *vfd_task_new(struct vfd *v, uint32_t pid, uint32_t tid, struct task *sibling)
{
	struct task *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->tid = tid;
	if (sibling) {
		t->another = sibling->another;
		(t->process = sibling->process)->refs++;
		(t->files = sibling->files)->refs++;
		(t->fs = sibling->fs)->refs++;
		t->fs->shared = true;
	} else {
		t->process = process_new(v, pid);
		t->files = vfd_table_new();
		t->fs = fsctx_new(v);
	}
	return task_add(v, t);
}

/* A child that shares the memory shares what is mapped later, too. */
static int inherit_maps(struct vfd *v, struct process *child, struct process *parent, uint64_t flags)
{
	const struct vmap_hooks hooks = vfd_map_hooks(v);

	if (flags & CLONE_VM) {
		child->memory = parent->memory;
		child->maps = vfd_maps(parent);
		if (child->maps)
			child->maps->refs++;
	} else if (parent->maps) {
		child->maps = vmap_copy(parent->maps, &hooks);
	}
	return child->maps || !(parent->maps || flags & CLONE_VM) ? 0 : -ENOMEM;
}

struct task *vfd_task_clone(struct vfd *v, struct task *parent, uint32_t pid, uint32_t tid,
	uint64_t flags)
{
	struct task *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->tid = tid;
	t->another = parent->another;
	if (flags & CLONE_THREAD) {
		(t->process = parent->process)->refs++;
	} else {
		t->process = process_new(v, pid);
		if (t->process) {
			t->process->uid = parent->process->uid;
			t->process->gid = parent->process->gid;
			if (inherit_maps(v, t->process, parent->process, flags)) {
				task_free(v, t);
				return NULL;
			}
		}
	}
	if (flags & CLONE_FILES)
		(t->files = parent->files)->refs++;
	else
		t->files = fdtable_copy(v, parent->files);
	if (flags & CLONE_FS) {
		(t->fs = parent->fs)->refs++;
		t->fs->shared = true;
	} else {
		t->fs = fsctx_copy(v, parent->fs);
	}
	return task_add(v, t);
}

int vfd_task_unshare(struct vfd *v, struct task *t)
{
	struct fdtable *own;

	if (t->files->refs == 1)
		return 0;
	own = fdtable_copy(v, t->files);
	if (!own)
		return -ENOMEM;
	vfd_table_put(v, t->files);
	t->files = own;
	return 0;
}

void vfd_task_end(struct vfd *v, struct task *t)
{
	hmap_remove(&v->tasks, &t->node);
	if (v->latest == t)
		v->latest = NULL;
	task_free(v, t);
}

void vfd_task_renumber(struct vfd *v, struct task *t, uint32_t tid)
{
	hmap_remove(&v->tasks, &t->node);
	t->tid = tid;
	hmap_insert(&v->tasks, &t->node, hash_u64(tid)); /* cannot fail: there was room for it */
}

struct descriptor *vfd_open(struct vfd *v, struct task *t, int64_t fd, enum description_kind kind,
	void *node, int flags)
{
	struct description *desc = calloc(1, sizeof(*desc));
	struct descriptor *d;

	if (!desc)
		return NULL;
	desc->refs = 1;
	desc->kind = kind;
	desc->flags = flags;
	desc->order = v->hooks.order_new(v->hooks.user);
	d = desc->order ? place(v, t->files, fd, desc) : NULL;
	if (!d) {
		description_put(v, desc);
		return NULL;
	}
	desc->node = node;
	node_get(v, node);
	return d;
}

struct descriptor *vfd_dup(struct vfd *v, struct task *t, struct descriptor *from, int64_t fd)
{
	struct descriptor *d = place(v, t->files, fd, from->desc);

	if (d)
		d->desc->refs++;
	return d;
}

struct descriptor *vfd_copy(struct vfd *v, struct descriptor *from)
{
	struct descriptor *d = descriptor_new(v, from->desc);

	if (d)
		d->desc->refs++;
	return d;
}

int vfd_place(struct vfd *v, struct task *t, struct descriptor *d, int64_t fd)
{
	(void)v;
	if (fdtable_grow(t->files, fd))
		return -ENOMEM;
	t->files->v[fd] = d;
	return 0;
}

void vfd_drop(struct vfd *v, struct descriptor *d)
{
	descriptor_free(v, d);
}

void vfd_close(struct vfd *v, struct task *t, int64_t fd)
{
	struct descriptor *d = vfd_get(t, fd);

	if (!d)
		return;
	t->files->v[fd] = NULL;
	descriptor_free(v, d);
}

struct descriptor *vfd_remember(struct vfd *v, const struct descriptor *d)
{
	struct description *desc = calloc(1, sizeof(*desc));
	struct descriptor *copy = desc ? descriptor_new(v, desc) : NULL;

	if (copy)
		desc->order = v->hooks.order_new(v->hooks.user);
	if (!copy || !desc->order) {
		if (copy)
			order_put(v, copy->order);
		free(copy);
		free(desc);
		return NULL;
	}
	desc->refs = 1;
	desc->kind = d->desc->kind;
	desc->flags = d->desc->flags;
	desc->offset = d->desc->offset;
	desc->node = d->desc->node;
	node_get(v, desc->node);
	copy->vfd = d->vfd;
	return copy;
}

int vfd_displace(struct vfd *v, struct task *t, int64_t fd, uint64_t time)
{
	struct descriptor *d = vfd_get(t, fd);
	struct displaced *p;

	if (t->files->displaced.n == DISPLACED_MAX) /* its close is lost */
		vfd_displaced_close(v, t, &t->files->displaced.v[0]);
	p = vec_push(&t->files->displaced);
	if (!p)
		return -ENOMEM;
	*p = (struct displaced){d, fd, time};
	t->files->v[fd] = NULL;
	return 0;
}

struct displaced *vfd_displaced(const struct task *t, int64_t fd, uint64_t entry)
{
	struct fdtable *f = t->files;
	size_t i;

	for (i = 0; i < f->displaced.n; i++)
		if (f->displaced.v[i].fd == fd && entry < f->displaced.v[i].t)
			return &f->displaced.v[i];
	return NULL;
}

void vfd_displaced_close(struct vfd *v, struct task *t, struct displaced *p)
{
	struct fdtable *f = t->files;
	size_t at = (size_t)(p - f->displaced.v);

	descriptor_free(v, p->d);
	f->displaced.n--;
	memmove(p, p + 1, (f->displaced.n - at) * sizeof(*p));
}

uint32_t vfd_number(struct vfd *v, struct descriptor *d)
{
	if (d->vfd == VFD_NUMBER_NONE)
		d->vfd = v->next_vfd++;
	return d->vfd;
}

uint32_t vfd_lock_handle(struct vfd *v, struct task *t, void *node, bool make)
{
	struct lock_owner *l;
	size_t i;

	for (i = 0; i < t->files->locks.n; i++)
		if (t->files->locks.v[i].node == node)
			return t->files->locks.v[i].handle;
	l = make ? vec_push(&t->files->locks) : NULL;
	if (!l)
		return VFD_NUMBER_NONE;
	l->node = node;
	l->handle = v->next_lock++;
	node_get(v, node);
	return l->handle;
}

uint32_t vfd_lock_drop(struct vfd *v, struct task *t, void *node)
{
	size_t i;

	for (i = 0; i < t->files->locks.n; i++) {
		struct lock_owner l = t->files->locks.v[i];

		if (l.node != node)
			continue;
		t->files->locks.v[i] = t->files->locks.v[--t->files->locks.n];
		node_put(v, node);
		return l.handle;
	}
	return VFD_NUMBER_NONE;
}
