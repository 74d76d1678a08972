/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "ops/aio.h"
#include "report/events_parts.h"

/* ---- objects ---- */

static struct object *object_new(struct str path, const struct facts *facts)
{
	struct object *o = calloc(1, sizeof(*o) + path.len);

	if (!o)
		return NULL;
	o->refs = 1;
	o->len = path.len;
	if (path.len)
		memcpy(o->path, path.s, path.len);
	if (facts && facts->known && !facts->absent) {
		o->has_inode = true;
		o->dev_major = facts->dev_major;
		o->dev_minor = facts->dev_minor;
		o->ino = facts->ino;
		o->size = facts->size;
	}
	return o;
}

static void object_get(void *user, void *object)
{
	struct object *o = object;

	(void)user;
	if (o)
		o->refs++;
}

static void object_put(void *user, void *object)
{
	struct object *o = object;

	(void)user;
	if (o && --o->refs == 0)
		free(o);
}

struct str object_path(const struct object *o)
{
	return o ? (struct str){o->path, o->len} : STR_NONE;
}

static void *place_new(void *user)
{
	(void)user;
	return calloc(1, sizeof(struct place));
}

static void place_free(void *user, void *place)
{
	(void)user;
	free(place);
}

static void no_ring(void *user, void *ring)
{
	(void)user, (void)ring;
}

struct str object_hold(struct events *e, unsigned which, struct object *o)
{
	object_get(NULL, o);
	object_put(NULL, e->held[which]);
	e->held[which] = o;
	return object_path(o);
}

/* ---- tasks ---- */

struct known_thread *host_thread(struct events *e, uint32_t tid)
{
	struct hnode *n = hmap_first(&e->threads, hash_u64(tid));
	struct known_thread *t;

	if (n)
		return hmap_entry(n, struct known_thread, node);
	t = calloc(1, sizeof(*t));
	if (!t || hmap_insert(&e->threads, &t->node, hash_u64(tid))) {
		free(t);
		return NULL;
	}
	e->totals.threads++;
	return t;
}

struct known_process *host_process(struct events *e, uint32_t pid)
{
	struct hnode *n = hmap_first(&e->processes, hash_u64(pid));
	struct known_process *p;

	if (n)
		return hmap_entry(n, struct known_process, node);
	p = calloc(1, sizeof(*p));
	if (!p || hmap_insert(&e->processes, &p->node, hash_u64(pid))) {
		free(p);
		return NULL;
	}
	e->totals.processes++;
	return p;
}

struct task *host_task(struct events *e, const struct rec *r)
{
	struct task *t = vfd_task(&e->vfd, r->tid);

	return t ? t : vfd_task_new(&e->vfd, r->pid, r->tid, vfd_task_of(&e->vfd, r->pid));
}

static void close_all(struct events *e, struct task *t, bool cloexec_only)
{
	uint32_t fd;

	for (fd = 0; fd < t->files->n; fd++)
		if (t->files->v[fd] && (!cloexec_only || t->files->v[fd]->cloexec))
			vfd_close(&e->vfd, t, fd);
}

static int on_fork(struct events *e, struct task *t, const struct rec *r)
{
	uint64_t flags = r->op == OP_clone || r->op == OP_clone3 ? r->arg[0]
			 : r->op == OP_vfork			 ? CLONE_VM | CLONE_VFORK
								 : 0;
	uint32_t tid = (uint32_t)r->ret;
	struct known_process *parent, *child;
	struct task *old;

	if (r->ret <= 0)
		return 0;
	old = vfd_task(&e->vfd, tid);
	if (old && old != t)
		vfd_task_end(&e->vfd, old);
	if (old == t)
		return 0;
	if (!vfd_task_clone(&e->vfd, t, flags & CLONE_THREAD ? t->process->pid : tid, tid, flags))
		return -ENOMEM;
	if (flags & CLONE_THREAD)
		return 0;
	parent = host_process(e, r->pid);
	child = host_process(e, tid);
	if (!parent || !child)
		return -ENOMEM;
	memcpy(child->comm, parent->comm, sizeof(child->comm));
	return 0;
}

/* As the kernel names it: the last component, 15 bytes of it. */
static void set_comm(struct known_process *p, struct str name)
{
	const char *slash = name.len ? memrchr(name.s, '/', name.len) : NULL;

	if (slash) {
		name.len -= (size_t)(slash + 1 - name.s);
		name.s = slash + 1;
	}
	snprintf(p->comm, sizeof(p->comm), "%.*s", (int)(name.len < 15 ? name.len : 15),
		name.len ? name.s : "");
}

static int on_exec(struct events *e, struct task *t, const struct rec *r)
{
	struct known_process *p = host_process(e, r->pid);

	if (!p)
		return -ENOMEM;
	if (r->ret < 0)
		return 0;
	set_comm(p, r->path);
	if (vfd_task_unshare(&e->vfd, t))
		return -ENOMEM;
	close_all(e, t, true);
	return 0;
}

static int set_cwd(struct task *t, struct str path)
{
	struct object *o = object_new(path, NULL);

	if (!o)
		return -ENOMEM;
	object_put(NULL, t->fs->cwd);
	t->fs->cwd = o;
	return 0;
}

/* ---- descriptors ---- */

static int open_at(struct events *e, struct task *t, int64_t fd, struct object *o, uint64_t flags)
{
	struct descriptor *d;

	if (fd < 0 || fd >= VFD_FD_LIMIT)
		return 0;
	vfd_close(&e->vfd, t, fd);
	d = vfd_open(&e->vfd, t, fd, DESC_FILE, o, (int)flags);
	if (!d)
		return -ENOMEM;
	d->cloexec = flags & O_CLOEXEC;
	return 0;
}

static int open_path(struct events *e, struct task *t, int64_t fd, struct str path,
	const struct rec *r, uint64_t flags)
{
	struct object *o;
	int rc;

	if (fd < 0)
		return 0;
	o = object_new(path, &r->facts);
	if (!o)
		return -ENOMEM;
	rc = open_at(e, t, fd, o, flags);
	object_put(NULL, o);
	return rc;
}

static int dup_to(struct events *e, struct task *t, struct descriptor *from, int64_t fd, bool cloexec)
{
	struct descriptor *d;

	if (fd < 0 || fd >= VFD_FD_LIMIT || from == vfd_get(t, fd))
		return 0;
	if (!from) {
		vfd_close(&e->vfd, t, fd);
		return 0;
	}
	vfd_close(&e->vfd, t, fd);
	d = vfd_dup(&e->vfd, t, from, fd);
	if (!d)
		return -ENOMEM;
	d->cloexec = cloexec;
	return 0;
}

static void close_range_of(struct events *e, struct task *t, const struct rec *r)
{
	uint64_t fd, first = (uint32_t)r->arg[0], last = (uint32_t)r->arg[1];

	if (r->ret < 0)
		return;
	if (r->arg[2] & 2 /* CLOSE_RANGE_UNSHARE */ && vfd_task_unshare(&e->vfd, t))
		return;
	for (fd = first; fd <= last && fd < t->files->n; fd++) {
		if (!t->files->v[fd])
			continue;
		if (r->arg[2] & 4 /* CLOSE_RANGE_CLOEXEC */)
			t->files->v[fd]->cloexec = true;
		else
			vfd_close(&e->vfd, t, (int64_t)fd);
	}
}

static int on_fcntl(struct events *e, struct task *t, const struct rec *r)
{
	struct descriptor *d = vfd_get(t, (int32_t)r->arg[0]);

	switch (r->arg[1]) {
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
		return dup_to(e, t, d, r->ret, r->arg[1] == F_DUPFD_CLOEXEC);
	case F_SETFD:
		if (d && r->ret == 0)
			d->cloexec = r->arg[2] & FD_CLOEXEC;
		return 0;
	case F_SETFL:
		if (d && r->ret == 0)
			d->desc->flags = (d->desc->flags & O_ACCMODE) | (int)r->arg[2];
		return 0;
	default:
		return 0;
	}
}

static int two_ends(struct events *e, struct task *t, const struct rec *r, struct str name)
{
	int first = op_arg_index(r->op, A_FDS), second = op_arg_index(r->op, A_FDS2);
	int rc;

	if (r->ret < 0)
		return 0;
	rc = open_path(e, t, (int32_t)r->arg[first], name, r, 0);
	return rc ? rc : open_path(e, t, (int32_t)r->arg[second], name, r, 0);
}

static int on_state_dup(struct events *e, struct task *t, const struct rec *r)
{
	const struct task *other = vfd_task_of(&e->vfd, (uint32_t)r->arg[1]);
	struct descriptor *from = other ? vfd_get(other, (int32_t)r->arg[2]) : NULL;

	return dup_to(e, t, from, (int32_t)r->arg[0], r->arg[3] & O_CLOEXEC);
}

static int on_state_fd(struct events *e, struct task *t, const struct rec *r)
{
	int64_t fd = (int32_t)r->arg[0];
	int rc = open_path(e, t, fd, r->path, r, r->arg[2]);
	struct descriptor *d = rc ? NULL : vfd_get(t, fd);

	if (d)
		d->desc->offset = r->arg[3];
	return rc;
}

/* ---- AIO and io_uring ---- */

static struct request *request_of(const struct events *e, uint32_t pid, uint64_t id)
{
	struct hnode *n;

	for (n = hmap_first(&e->requests, hash_u64(id)); n; n = hmap_next(n))
		if (hmap_entry(n, struct request, node)->pid == pid)
			return hmap_entry(n, struct request, node);
	return NULL;
}

static int on_submit(struct events *e, const struct rec *r)
{
	const uint64_t *v = r->vec;
	uint32_t i, step;

	for (i = 0; i + AIOCB_NUMBERS <= r->nvec; i += step) {
		struct request *q = request_of(e, r->pid, v[i + AIOCB_ID]);

		step = AIOCB_NUMBERS + (uint32_t)(v[i + AIOCB_SEGMENTS] < r->nvec ? v[i + AIOCB_SEGMENTS] : r->nvec);
		if (!q) {
			q = calloc(1, sizeof(*q));
			if (!q || hmap_insert(&e->requests, &q->node, hash_u64(v[i + AIOCB_ID]))) {
				free(q);
				return -ENOMEM;
			}
			q->pid = r->pid;
		}
		q->writes = v[i + AIOCB_OPCODE] == IOCB_CMD_PWRITE || v[i + AIOCB_OPCODE] == IOCB_CMD_PWRITEV;
	}
	return 0;
}

/* Bytes count when they were moved, not when somebody asked for it. */
void host_completions(struct events *e, const struct rec *r, struct event *out)
{
	uint32_t i;

	for (i = 0; i + AIOEV_MUST <= r->nvec; i += AIOEV_NUMBERS) {
		struct request *q = request_of(e, r->pid, r->vec[i + AIOEV_ID]);
		int64_t moved = (int64_t)r->vec[i + AIOEV_RES];

		if (!q)
			continue;
		if (moved > 0)
			*(q->writes ? &out->written : &out->read) += (uint64_t)moved;
		hmap_remove(&e->requests, &q->node);
		free(q);
	}
}

struct slot *host_slot(const struct events *e, uint32_t ring, uint64_t number)
{
	struct hnode *n = hmap_first(&e->slots, hash_u64((uint64_t)ring << 32 ^ number));

	for (; n; n = hmap_next(n)) {
		struct slot *s = hmap_entry(n, struct slot, node);

		if (s->ring == ring && s->number == number)
			return s;
	}
	return NULL;
}

static int register_file(struct events *e, uint32_t ring, uint64_t number, struct object *o)
{
	struct slot *s = host_slot(e, ring, number);

	if (!s && o) {
		s = calloc(1, sizeof(*s));
		if (!s || hmap_insert(&e->slots, &s->node, hash_u64((uint64_t)ring << 32 ^ number))) {
			free(s);
			return -ENOMEM;
		}
		s->ring = ring;
		s->number = number;
	}
	if (!s)
		return 0;
	object_get(NULL, o);
	object_put(NULL, s->object);
	s->object = o;
	return 0;
}

static int on_uring_file(struct events *e, const struct task *t, const struct rec *r)
{
	const struct descriptor *d = vfd_get(t, (int32_t)r->arg[2]);

	return register_file(e, (uint32_t)r->arg[0], r->arg[1], d ? d->desc->node : NULL);
}

/* ---- effects ---- */

int host_effect(struct events *e, struct task *t, const struct rec *r, const struct event *ev)
{
	struct descriptor *d;
	int i;

	switch (r->op) {
	case OP_fork:
	case OP_vfork:
	case OP_clone:
	case OP_clone3:
		return on_fork(e, t, r);
	case OP_execve:
	case OP_execveat:
		return on_exec(e, t, r);
	case OP_exit:
	case OP_exit_group:
	case OP_task_end:
		vfd_task_end(&e->vfd, t);
		return 0;
	case OP_state_task:
		return set_cwd(t, r->path);
	case OP_chdir:
		return r->ret < 0 ? 0 : set_cwd(t, ev->file);
	case OP_fchdir:
		return r->ret < 0 ? 0 : set_cwd(t, ev->file);
	case OP_state_fd:
	case OP_recv_fd:
		return on_state_fd(e, t, r);
	case OP_state_dup:
		return on_state_dup(e, t, r);
	case OP_close:
	case OP_uring_close:
		if (r->ret == 0 && !(r->op == OP_uring_close && r->sqe.slot != SQE_NONE))
			vfd_close(&e->vfd, t, (int32_t)r->arg[op_arg_index(r->op, A_FD)]);
		return 0;
	case OP_close_range:
		close_range_of(e, t, r);
		return 0;
	case OP_dup:
	case OP_dup2:
	case OP_dup3:
		return dup_to(e, t, vfd_get(t, (int32_t)r->arg[0]), r->ret,
			r->op == OP_dup3 && r->arg[2] & O_CLOEXEC);
	case OP_fcntl:
		return on_fcntl(e, t, r);
	case OP_pipe:
	case OP_pipe2:
		return two_ends(e, t, r, STR("pipe:"));
	case OP_socketpair:
		return two_ends(e, t, r, STR("socket:"));
	case OP_io_submit:
		return on_submit(e, r);
	case OP_uring_file:
		return on_uring_file(e, t, r);
	case OP_lseek:
		d = vfd_get(t, (int32_t)r->arg[0]);
		if (d && r->ret >= 0)
			d->desc->offset = (uint64_t)r->ret;
		return 0;
	default:
		break;
	}
	if (!(ops[r->op].flags & OPF_NEWFD) || r->ret < 0)
		return 0;
	if (op_has(r->op, A_SQE) && r->sqe.slot != SQE_NONE)
		return 0; /* into a slot, which a uring_file tells */
	i = op_arg_index(r->op, A_OFLAGS);
	if (i < 0)
		i = op_arg_index(r->op, A_HOW);
	return open_path(e, t, r->ret, i >= 0 ? ev->file : str_of(ops[r->op].name), r,
		i >= 0 ? r->arg[i] : 0);
}

/*
 * A capture of a program begins after its exec: its name is the first word of the command, which stands
 * with the blanks that it was given with.
 */
void host_name_first(struct events *e, struct known_process *p)
{
	struct str cmd = capture_header(e->reader, "cmd");
	const char *blank;

	if (!str_eqs(capture_header(e->reader, "backend"), "ptrace") || !cmd.len)
		return;
	blank = memchr(cmd.s, ' ', cmd.len);
	set_comm(p, (struct str){cmd.s, blank ? (size_t)(blank - cmd.s) : cmd.len});
}

/* ---- all of it ---- */

void host_init(struct events *e)
{
	const struct vfd_hooks hooks = {e, object_get, object_put, place_new, place_free, no_ring,
		no_ring, no_ring, NULL};

	vfd_init(&e->vfd, &hooks);
}

#define FREE_ALL(map, type)                                                                        \
	do {                                                                                       \
		hmap_each(&(map), n, tmp, i)                                                       \
			free(hmap_entry(n, type, node));                                           \
		hmap_free(&(map));                                                                 \
	} while (0)

void host_free(struct events *e)
{
	struct hnode *n, *tmp;
	size_t i;

	hmap_each(&e->slots, n, tmp, i)
		object_put(NULL, hmap_entry(n, struct slot, node)->object);
	FREE_ALL(e->slots, struct slot);
	FREE_ALL(e->threads, struct known_thread);
	FREE_ALL(e->processes, struct known_process);
	FREE_ALL(e->requests, struct request);
	vfd_free(&e->vfd);
	object_put(NULL, e->held[0]);
	object_put(NULL, e->held[1]);
}
