/* SPDX-License-Identifier: Apache-2.0 */
#include "report/events.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "ops/aio.h"
#include "vfd.h"

/* What a descriptor, or a working directory, is of. */
struct object {
	uint32_t refs;
	bool has_inode;
	uint32_t dev_major, dev_minor;
	uint64_t ino, size;
	size_t len;
	char path[];
};

/* Of an open file description: where its last transfer ended. */
struct place {
	uint64_t end;
	bool used;
};

struct known_thread {
	struct hnode node; /* by tid */
	uint64_t over;	   /* when its last call was */
};

struct known_process {
	struct hnode node; /* by pid */
	char comm[16];
};

/* A request of AIO that is under way, by its address. */
struct request {
	struct hnode node;
	uint32_t pid;
	bool writes;
};

/* A file that is registered with an io_uring. */
struct slot {
	struct hnode node; /* of ring and number */
	uint32_t ring;
	uint64_t number;
	struct object *object;
};

struct events {
	struct capture_reader *reader;
	struct events_totals totals;
	struct rec rec;
	uint64_t origin;
	bool has_origin;
	struct vfd vfd;
	struct hmap threads, processes, requests, slots;
	struct buf file, file2;
	struct object *held[2]; /* whose names the event shows, though it closes them */
};

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

static struct str object_path(const struct object *o)
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

/* ---- names ---- */

/* Takes "." and ".." out of the absolute path in B, as it stands there: links are not followed. */
static void clean(struct buf *b)
{
	size_t in = 0, out = 0;

	while (in < b->len) {
		size_t start, len;

		while (in < b->len && b->p[in] == '/')
			in++;
		for (start = in; in < b->len && b->p[in] != '/'; in++)
			;
		len = in - start;
		if (len == 0 || (len == 1 && b->p[start] == '.'))
			continue;
		if (len == 2 && b->p[start] == '.' && b->p[start + 1] == '.') {
			while (out && b->p[--out] != '/')
				;
			continue;
		}
		b->p[out++] = '/';
		memmove(b->p + out, b->p + start, len);
		out += len;
	}
	b->len = out ? out : 1;
}

static struct str resolve(struct buf *b, struct str base, struct str path)
{
	if (!path.s)
		return STR_NONE;
	b->len = 0;
	if (path.len == 0 || path.s[0] != '/') {
		if (base.len == 0 || base.s[0] != '/')
			return path;
		buf_str(b, base);
		if (path.len)
			buf_char(b, '/');
	}
	buf_str(b, path);
	if (!buf_ok(b))
		return path;
	clean(b);
	return buf_as_str(b);
}

/* The directory that the relative name at DIRFD, or without one the working directory, starts from. */
static struct str base_of(const struct task *task, const struct rec *r, int dirfd)
{
	const struct descriptor *d;
	int64_t fd = dirfd >= 0 ? (int64_t)r->arg[dirfd] : AT_FDCWD;

	if ((int32_t)fd == AT_FDCWD)
		return object_path(task->fs->cwd);
	d = vfd_get(task, (int32_t)fd);
	return d ? object_path(d->desc->node) : STR_NONE;
}

/* ---- tasks ---- */

static struct known_thread *thread_of(struct events *e, uint32_t tid)
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

static struct known_process *process_of(struct events *e, uint32_t pid)
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

static struct task *task_of(struct events *e, const struct rec *r)
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
	parent = process_of(e, r->pid);
	child = process_of(e, tid);
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
	struct known_process *p = process_of(e, r->pid);

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
static void on_completions(struct events *e, const struct rec *r, struct event *out)
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

static struct slot *slot_of(const struct events *e, uint32_t ring, uint64_t number)
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
	struct slot *s = slot_of(e, ring, number);

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

static int effect(struct events *e, struct task *t, const struct rec *r, const struct event *ev)
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
static void name_first(struct events *e, struct known_process *p)
{
	struct str cmd = capture_header(e->reader, "cmd");
	const char *blank;

	if (!str_eqs(capture_header(e->reader, "backend"), "ptrace") || !cmd.len)
		return;
	blank = memchr(cmd.s, ' ', cmd.len);
	set_comm(p, (struct str){cmd.s, blank ? (size_t)(blank - cmd.s) : cmd.len});
}

/* ---- what a call was on ---- */

static struct str hold(struct events *e, unsigned which, struct object *o)
{
	object_get(NULL, o);
	object_put(NULL, e->held[which]);
	e->held[which] = o;
	return object_path(o);
}

static void name_object(struct events *e, struct event *ev, struct object *o)
{
	if (!o)
		return;
	ev->file = hold(e, 0, o);
	ev->has_inode = o->has_inode;
	ev->dev_major = o->dev_major;
	ev->dev_minor = o->dev_minor;
	ev->ino = o->ino;
}

static struct object *object_of(const struct events *e, const struct task *t, const struct rec *r,
	struct event *ev, int arg, struct descriptor **d)
{
	const struct slot *s;

	*d = NULL;
	if (op_has(r->op, A_SQE) && r->sqe.flags & 1 /* IOSQE_FIXED_FILE */) {
		s = slot_of(e, r->sqe.ring, r->arg[arg]);
		return s ? s->object : NULL;
	}
	ev->fd = (int32_t)r->arg[arg];
	*d = vfd_get(t, ev->fd);
	return *d ? (*d)->desc->node : NULL;
}

static void name_paths(struct events *e, const struct task *t, const struct rec *r, struct event *ev)
{
	int dirfd = op_arg_index(r->op, A_DIRFD), dirfd2 = op_arg_index(r->op, A_DIRFD2);
	struct str path = op_has(r->op, A_PATH) ? r->path : STR_NONE;

	if (dirfd >= 0 && (int32_t)r->arg[dirfd] != AT_FDCWD)
		ev->fd = (int32_t)r->arg[dirfd];
	if (path.s && (path.len || dirfd >= 0))
		ev->file = resolve(&e->file, base_of(t, r, dirfd), path);
	if (op_has(r->op, A_PATH2) && r->path2.s)
		ev->file2 = resolve(&e->file2, base_of(t, r, dirfd2), r->path2);
	else if (op_has(r->op, A_TARGET))
		ev->file2 = r->path2;
	if (r->facts.known && !r->facts.absent) {
		ev->has_inode = true;
		ev->dev_major = r->facts.dev_major;
		ev->dev_minor = r->facts.dev_minor;
		ev->ino = r->facts.ino;
	}
}

static uint64_t asked_for(const struct rec *r)
{
	int i = op_arg_index(r->op, A_LEN);
	uint64_t sum = 0;
	uint32_t k;

	if (i >= 0)
		return r->arg[i];
	if (!op_has(r->op, A_RIOV) && !op_has(r->op, A_WIOV))
		return 0;
	for (k = 0; k < r->nvec; k++)
		sum += r->vec[k];
	return sum;
}

/* Where a transfer is: said by the call, or by the description that it is made on. */
static void locate(const struct rec *r, struct event *ev, struct descriptor *d, struct object *o)
{
	int i = op_arg_index(r->op, A_OFF);
	bool own = i < 0 || (int64_t)r->arg[i] < 0, writes = ops[r->op].cls == CLS_WRITE;
	struct place *place = d ? d->desc->order : NULL;
	uint64_t moved = r->ret > 0 ? (uint64_t)r->ret : 0;

	if (ops[r->op].cls != CLS_READ && !writes)
		return;
	if (!op_has(r->op, A_RBUF) && !op_has(r->op, A_WBUF) && !op_has(r->op, A_RIOV) &&
		!op_has(r->op, A_WIOV))
		return;
	if (!own)
		ev->offset = (int64_t)r->arg[i];
	else if (!d)
		return;
	else if (writes && d->desc->flags & O_APPEND && o)
		ev->offset = (int64_t)o->size;
	else
		ev->offset = (int64_t)d->desc->offset;
	if (own && d)
		d->desc->offset = (uint64_t)ev->offset + moved;
	if (writes && o && (uint64_t)ev->offset + moved > o->size)
		o->size = (uint64_t)ev->offset + moved;
	if (!place || r->ret < 0)
		return;
	ev->follows = place->used;
	ev->sequential = place->used && place->end == (uint64_t)ev->offset;
	place->used = true;
	place->end = (uint64_t)ev->offset + moved;
}

static bool moves_bytes(enum op_id op)
{
	return op_has(op, A_RBUF) || op_has(op, A_WBUF) || op_has(op, A_RIOV) || op_has(op, A_WIOV);
}

static void describe(struct events *e, struct task *t, const struct rec *r, struct event *ev)
{
	int fd = op_arg_index(r->op, A_FD), fd2 = op_arg_index(r->op, A_FD2);
	struct descriptor *d = NULL;
	struct object *o = NULL;

	if (fd < 0 && !op_has(r->op, A_DIRFD))
		fd = op_arg_index(r->op, A_NUMFD);
	if (fd >= 0) {
		o = object_of(e, t, r, ev, fd, &d);
		name_object(e, ev, o);
	}
	if (fd2 >= 0) {
		const struct descriptor *to = vfd_get(t, (int32_t)r->arg[fd2]);

		ev->file2 = hold(e, 1, to ? to->desc->node : NULL);
	}
	name_paths(e, t, r, ev);
	ev->size = asked_for(r);
	if (fd >= 0 && moves_bytes(r->op))
		locate(r, ev, d, o);
}

/* -ERESTARTSYS ... -ERESTART_RESTARTBLOCK of include/linux/errno.h: no program ever sees them. */
static bool restarts(int64_t ret)
{
	return ret <= -512 && ret >= -516 && ret != -515;
}

static void count_bytes(struct events *e, const struct rec *r, struct event *ev)
{
	enum op_class cls = ops[r->op].cls;

	if (r->op == OP_io_getevents || r->op == OP_io_pgetevents)
		on_completions(e, r, ev);
	if (!r->has_ret || r->ret <= 0)
		return;
	if (cls == CLS_READ || cls == CLS_TRANSFER)
		ev->read += (uint64_t)r->ret;
	if (cls == CLS_WRITE || cls == CLS_TRANSFER)
		ev->written += (uint64_t)r->ret;
}

/* Calls, and what an io_uring did; no state, nor pages that were touched or files registered. */
static bool is_call(const struct rec *r)
{
	return ops[r->op].nr_x86_64 >= 0 || ops[r->op].nr_aarch64 >= 0 || op_has(r->op, A_SQE);
}

static int take(struct events *e, struct event *ev)
{
	const struct rec *r = &e->rec;
	uint64_t began = r->t - r->dur;
	struct known_process *p;
	struct known_thread *k;
	struct task *t;
	bool call = is_call(r);
	int rc;

	if (!e->has_origin) {
		e->has_origin = true;
		if (!e->origin || e->origin > r->t)
			e->origin = began;
	}
	if (r->t > e->origin && r->t - e->origin > e->totals.end)
		e->totals.end = r->t - e->origin;
	if (r->op == OP_lost) {
		e->totals.lost += r->arg[0];
		return 0;
	}
	if (r->op == OP_state_mount || r->op == OP_state_path || r->op == OP_end)
		return 0;
	t = task_of(e, r);
	p = process_of(e, r->pid);
	k = thread_of(e, r->tid);
	if (!t || !p || !k)
		return -ENOMEM;
	if (e->totals.processes == 1 && !e->totals.calls && call && !*p->comm)
		name_first(e, p);
	*ev = (struct event){.rec = r, .fd = -1, .offset = -1, .latency = r->dur};
	ev->start = began > e->origin ? began - e->origin : 0;
	describe(e, t, r, ev);
	if (call) {
		ev->seq = ++e->totals.calls;
		ev->gap = k->over && began > k->over ? began - k->over : 0;
		if (!op_has(r->op, A_SQE))
			k->over = r->t;
		ev->error = r->has_ret && r->ret < 0 && r->ret >= -4095 && !restarts(r->ret) ? (int)-r->ret : 0;
		count_bytes(e, r, ev);
	}
	rc = effect(e, t, r, ev);
	ev->comm = str_of(p->comm);
	return rc ? rc : call;
}

int events_next(struct events *e, struct event *out, struct err *err)
{
	int rc;

	for (;;) {
		rc = capture_next(e->reader, &e->rec, err);
		if (rc == -EINVAL || rc == -ENOENT) {
			e->totals.records++;
			if (rc == -ENOENT)
				e->totals.unknown++;
			else if (e->totals.malformed++ == 0 && err)
				snprintf(e->totals.first_malformed, sizeof(e->totals.first_malformed),
					"%.255s", err->text);
			continue;
		}
		if (rc <= 0) {
			e->totals.cut = rc == 0 && capture_cut(e->reader);
			return rc;
		}
		e->totals.records++;
		rc = take(e, out);
		if (rc < 0)
			return err_sys(err, -rc, "cannot go on at line %llu",
				(unsigned long long)e->rec.line);
		if (rc)
			return 1;
	}
}

int events_open(struct events **out, const char *path, struct err *err)
{
	struct events *e = calloc(1, sizeof(*e));
	const struct vfd_hooks hooks = {e, object_get, object_put, place_new, place_free, no_ring,
		no_ring, no_ring, NULL};
	int rc;

	if (!e)
		return err_sys(err, ENOMEM, "%s", path);
	vfd_init(&e->vfd, &hooks);
	rc = capture_open(&e->reader, path, err);
	if (rc) {
		events_close(e);
		return rc;
	}
	if (str_u64(capture_header(e->reader, "start_mono"), &e->origin))
		e->origin = 0;
	*out = e;
	return 0;
}

#define FREE_ALL(map, type)                                                                        \
	do {                                                                                       \
		hmap_each(&(map), n, tmp, i)                                                       \
			free(hmap_entry(n, type, node));                                           \
		hmap_free(&(map));                                                                 \
	} while (0)

void events_close(struct events *e)
{
	struct hnode *n, *tmp;
	size_t i;

	if (!e)
		return;
	hmap_each(&e->slots, n, tmp, i)
		object_put(NULL, hmap_entry(n, struct slot, node)->object);
	FREE_ALL(e->slots, struct slot);
	FREE_ALL(e->threads, struct known_thread);
	FREE_ALL(e->processes, struct known_process);
	FREE_ALL(e->requests, struct request);
	vfd_free(&e->vfd);
	if (e->reader)
		capture_close(e->reader);
	object_put(NULL, e->held[0]);
	object_put(NULL, e->held[1]);
	buf_free(&e->file);
	buf_free(&e->file2);
	free(e);
}

const struct events_totals *events_totals(const struct events *e)
{
	return &e->totals;
}

struct str events_header(const struct events *e, const char *key)
{
	return capture_header(e->reader, key);
}

double events_progress(const struct events *e)
{
	return capture_progress(e->reader);
}
