/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "events/events_parts.h"
#include "vmap.h"

/* Memory maps of files: which file an address shows. What a struct vmap keeps here is the file's object. */

static struct object *object_at(const struct task *t, uint64_t address)
{
	const struct vmap *v = t->process->maps;
	size_t i = v ? vmap_find(v, address) : 0;

	return v && i < v->parts.n && v->parts.v[i].start <= address ? v->parts.v[i].map : NULL;
}

void maps_name(struct events *e, const struct task *t, uint64_t address, struct event *ev)
{
	name_object(e, ev, object_at(t, address));
}

static int set(struct events *e, struct task *t, uint64_t address, uint64_t len, struct object *o)
{
	const struct vmap_hooks hooks = vfd_map_hooks(&e->vfd);
	struct vmap *v;
	uint64_t start, end;

	if (!vmap_range(address, len, &start, &end) || (!o && !t->process->maps))
		return 0;
	v = vfd_maps(t->process);
	if (!v)
		return -ENOMEM;
	return o ? vmap_set(v, &hooks, start, end, o, 0) : vmap_cut(v, &hooks, start, end);
}

static int on_mremap(struct events *e, struct task *t, const struct rec *r)
{
	struct object *o = object_at(t, r->arg[0]);
	int rc;

	object_keep(o);
	rc = r->arg[1] ? set(e, t, r->arg[0], r->arg[1], NULL) : 0;
	if (!rc)
		rc = set(e, t, (uint64_t)r->ret, r->arg[2], o);
	object_drop(o);
	return rc;
}

static int on_state(struct events *e, struct task *t, const struct rec *r)
{
	struct object *o = NULL;
	int rc = object_rename(&o, r->path, &r->facts);

	if (!rc)
		rc = set(e, t, r->arg[0], r->arg[1], o);
	object_drop(o);
	return rc;
}

int maps_effect(struct events *e, struct task *t, const struct rec *r)
{
	const struct descriptor *d;

	if (r->op == OP_state_map)
		return on_state(e, t, r);
	if (r->ret < 0 && r->ret >= -4095)
		return 0;
	switch (r->op) {
	case OP_mmap:
		d = vfd_get(t, (int32_t)r->arg[op_arg_index(OP_mmap, A_FD)]);
		return set(e, t, (uint64_t)r->ret, r->arg[1], r->arg[3] & MAP_ANONYMOUS || !d ? NULL : d->desc->node);
	case OP_munmap:
		return set(e, t, r->arg[0], r->arg[1], NULL);
	case OP_mremap:
		return on_mremap(e, t, r);
	default:
		return 0;
	}
}
