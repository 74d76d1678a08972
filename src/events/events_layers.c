/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>

#include "ops/layers.h"
#include "ops/rings.h"
#include "events/events_parts.h"

/*
 * Events of other layers know inodes. What an inode is called is what records of calls have said before, or else
 * a snapshot of the file system; the latest name counts.
 */

struct known_inode {
	struct hnode node;
	uint32_t dev_major, dev_minor;
	uint64_t ino;
	struct object *object;	 /* its name; NULL: no call told it */
	struct place queued;	 /* of requests of the device, in bytes of that */
	struct place moved;	 /* of calls that were kept because of their file */
	struct place completed;	 /* of requests of rings */
};

static struct known_inode *inode_at(struct events *e, uint32_t major, uint32_t minor, uint64_t ino)
{
	uint64_t hash = hash_u64(ino ^ (uint64_t)major << 52 ^ (uint64_t)minor << 32);
	struct hnode *n = hmap_first(&e->inodes, hash);
	struct known_inode *i;

	for (; n; n = hmap_next(n)) {
		i = hmap_entry(n, struct known_inode, node);
		if (i->ino == ino && i->dev_major == major && i->dev_minor == minor)
			return i;
	}
	i = calloc(1, sizeof(*i));
	if (!i || hmap_insert(&e->inodes, &i->node, hash)) {
		free(i);
		return NULL;
	}
	i->dev_major = major;
	i->dev_minor = minor;
	i->ino = ino;
	return i;
}

static struct known_inode *inode_of(struct events *e, const struct event *ev)
{
	return inode_at(e, ev->dev_major, ev->dev_minor, ev->ino);
}

int layers_name(struct events *e, const struct event *ev, const struct facts *facts)
{
	struct known_inode *i;

	if (!e->names_inodes || !facts->known || facts->absent || !ev->file.len)
		return 0;
	i = inode_of(e, ev);
	return i ? object_rename(&i->object, ev->file, facts) : -ENOMEM;
}

int layers_name_inode(struct events *e, const struct facts *facts, struct str path)
{
	struct known_inode *i = inode_at(e, facts->dev_major, facts->dev_minor, facts->ino);

	return i ? object_rename(&i->object, path, facts) : -ENOMEM;
}

/* Where it is on the device, and what is moved: of what file systems ask for. */
static void describe_block(const struct rec *r, struct event *ev, struct known_inode *i)
{
	uint64_t what = rec_arg(r, A_BLKOP, 0) & LAYER_OP, sector = rec_arg(r, A_SECTOR, 0);

	ev->offset = (int64_t)(sector * 512);
	if (r->op != OP_block_queue)
		return;
	if (what == LAYER_READ)
		ev->read = ev->size;
	else if (what == LAYER_WRITE)
		ev->written = ev->size;
	place_note(i ? &i->queued : NULL, (uint64_t)ev->offset, ev->size, &ev->follows, &ev->sequential);
}

static int describe_ring(const struct rec *r, struct event *ev, struct known_inode *i, uint64_t moved)
{
	unsigned fields = ring_fields(rec_arg(r, A_RINGOP, 0) & LAYER_RING_OP);

	ev->read = fields & RING_READS ? moved : 0;
	ev->written = fields & RING_WRITES ? moved : 0;
	return i && ev->offset >= 0 && (ev->read || ev->written) ? place_note_request(&i->completed, 0, moved, ev) : 0;
}

/* Of calls about sockets and of processes: what has a name instead of an inode. */
static int describe_other(const struct rec *r, struct event *ev, struct known_inode *i)
{
	uint64_t moved = r->ret > 0 ? (uint64_t)r->ret : 0;

	if (op_has(r->op, A_FD))
		ev->fd = (int64_t)rec_arg(r, A_FD, 0);
	if (op_has(r->op, A_LOCAL)) {
		ev->file = r->path2;
		ev->file2 = r->path;
	} else if (op_has(r->op, A_PATH)) {
		ev->file = r->path;
	}
	if (r->op == OP_net_send)
		ev->written = moved;
	else if (r->op == OP_net_recv)
		ev->read = moved;
	else if (r->op == OP_ring_complete)
		return describe_ring(r, ev, i, moved);
	return 0;
}

/* As the kernel's side counts. */
static uint64_t bytes_of(const struct rec *r)
{
	enum op_family family = ops[r->op].family;

	if (family == FAM_Net)
		return r->ret > 0 ? (uint64_t)r->ret : 0;
	return family == FAM_Sockopt ? 0 : rec_arg(r, A_LEN, 0);
}

static void sum_up(struct events *e, const struct rec *r)
{
	struct layer_total *t = &e->totals.layer[r->op - OP_block_queue];

	t->records++;
	t->bytes += bytes_of(r);
	t->time += r->dur;
}

static void take_sum(struct events *e, const struct rec *r)
{
	int op = op_find(r->path);
	struct layer_total *t;

	if (op < OP_block_queue || op >= OP_file_call)
		return;
	t = &e->totals.layer[op - OP_block_queue];
	t->summed = true;
	t->all_bytes += r->arg[1];
	t->all += r->arg[2];
	t->dropped += r->arg[4];
}

/* A call that was kept because of its file: as the call that it was. */
static int take_call(struct events *e, const struct rec *r, struct event *ev)
{
	uint64_t began = r->t - r->dur, moved = r->ret > 0 ? (uint64_t)r->ret : 0;
	int op = event_find(r->path);
	struct known_inode *i;
	enum op_class class;

	*ev = (struct event){.rec = r, .op = op < 0 ? OP_file_call : (unsigned)op, .ret = r->ret, .fd = -1,
		.seq = ++e->totals.calls, .latency = r->dur, .start = began > e->origin ? began - e->origin : 0,
		.offset = (int64_t)rec_arg(r, A_OFF, 0), .size = rec_arg(r, A_LEN, 0), .file = r->path2,
		.direct = rec_arg(r, A_CALLFLAGS, 0) & LAYER_CALL_DIRECT};
	host_identify_of(e, r->pid, r->tid, ev);
	if (event_is_below(ev)) /* no call has that name */
		ev->op = OP_file_call;
	ev->error = error_of(ev->ret);
	class = event_class(ev);
	ev->read = class == CLS_READ || class == CLS_TRANSFER ? moved : 0;
	ev->written = class == CLS_WRITE || class == CLS_TRANSFER ? moved : 0;
	take_facts(r, ev);
	i = ev->has_inode ? inode_of(e, ev) : NULL;
	if (ev->has_inode && !i)
		return -ENOMEM;
	if (i && ev->offset >= 0 && (ev->read || ev->written))
		place_note(&i->moved, (uint64_t)ev->offset, moved, &ev->follows, &ev->sequential);
	return layers_name(e, ev, &r->facts) ? -ENOMEM : 1;
}

int layers_take(struct events *e, const struct rec *r, struct event *ev)
{
	uint64_t began = r->t - r->dur;
	struct known_inode *i = NULL;

	if (r->op == OP_layer_sum) {
		take_sum(e, r);
		return 0;
	}
	if (r->op == OP_file_call)
		return take_call(e, r, ev);
	sum_up(e, r);
	*ev = (struct event){.rec = r, .op = r->op, .ret = r->has_ret ? r->ret : 0, .fd = -1, .offset = -1,
		.latency = r->dur, .start = began > e->origin ? began - e->origin : 0,
		.size = rec_arg(r, A_LEN, 0), .cause = (uint32_t)rec_arg(r, A_CAUSE, 0)};
	ev->error = error_of(ev->ret);
	take_facts(r, ev);
	if (ev->has_inode) {
		i = inode_of(e, ev);
		if (!i)
			return -ENOMEM;
		ev->file = object_hold(e, 0, i->object);
	}
	if (op_has(r->op, A_OFF))
		ev->offset = (int64_t)rec_arg(r, A_OFF, 0);
	if (ops[r->op].family == FAM_Block)
		describe_block(r, ev, i);
	else if (ops[r->op].family >= FAM_Net && describe_other(r, ev, i))
		return -ENOMEM;
	if (ops[r->op].family == FAM_Proc && host_process_event(e, r))
		return -ENOMEM;
	if (ev->cause && ev->cause != r->pid)
		host_identify_of(e, ev->cause, ev->cause, ev);
	else
		host_identify_of(e, r->pid, r->tid, ev);
	return 1;
}

void layers_free(struct events *e)
{
	struct hnode *n, *tmp;
	size_t k;

	hmap_each(&e->inodes, n, tmp, k) {
		struct known_inode *i = hmap_entry(n, struct known_inode, node);

		object_drop(i->object);
		place_clear(&i->completed); /* the others have no requests of rings */
		free(i);
	}
	hmap_free(&e->inodes);
}
