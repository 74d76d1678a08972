/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "ops/aio.h"
#include "ops/uring.h"
#include "events/events_parts.h"

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

int object_rename(struct object **o, struct str path, const struct facts *facts)
{
	struct object *new;

	if (str_eq(object_path(*o), path))
		return 0;
	new = object_new(path, facts);
	if (!new)
		return -ENOMEM;
	object_put(NULL, *o);
	*o = new;
	return 0;
}

void object_keep(struct object *o)
{
	object_get(NULL, o);
}

void object_drop(struct object *o)
{
	object_put(NULL, o);
}

/* An open needs two of them. */
static void *place_new(void *user)
{
	struct events *e = user;
	struct place *p = e->places;

	if (!p)
		return calloc(1, sizeof(*p));
	e->places = p->next;
	*p = (struct place){0};
	return p;
}

static void place_free(void *user, void *place)
{
	struct events *e = user;
	struct place *p = place;

	if (!p)
		return;
	place_clear(p);
	p->next = e->places;
	e->places = p;
}

static void places_free(struct events *e)
{
	struct place *p, *next;

	for (p = e->places; p; p = next) {
		next = p->next;
		free(p);
	}
}

static void no_ring(void *user, void *ring)
{
	(void)user, (void)ring;
}

struct str object_hold(struct events *e, unsigned which, struct object *o)
{
	if (o == e->held[which])
		return object_path(o);
	object_get(NULL, o);
	object_put(NULL, e->held[which]);
	e->held[which] = o;
	return object_path(o);
}

void name_object(struct events *e, struct event *ev, struct object *o)
{
	if (!o)
		return;
	ev->file = object_hold(e, 0, o);
	ev->note = &o->note;
	ev->has_inode = o->has_inode;
	ev->dev_major = o->dev_major;
	ev->dev_minor = o->dev_minor;
	ev->ino = o->ino;
}

/* ---- tasks ---- */

struct known_thread *host_thread(struct events *e, uint32_t tid)
{
	uint64_t hash = hash_u64(tid);
	struct known_thread *t = e->thread;
	struct hnode *n;

	if (t && t->node.hash == hash)
		return t;
	n = hmap_first(&e->threads, hash);
	if (n)
		return e->thread = hmap_entry(n, struct known_thread, node);
	t = calloc(1, sizeof(*t));
	if (!t || hmap_insert(&e->threads, &t->node, hash)) {
		free(t);
		return NULL;
	}
	t->uid = -1;
	e->totals.threads++;
	return t;
}

struct known_process *host_process(struct events *e, uint32_t pid)
{
	uint64_t hash = hash_u64(pid);
	struct known_process *p = e->process;
	struct hnode *n;

	if (p && p->node.hash == hash)
		return p;
	n = hmap_first(&e->processes, hash);
	if (n)
		return e->process = hmap_entry(n, struct known_process, node);
	p = calloc(1, sizeof(*p));
	if (!p || hmap_insert(&e->processes, &p->node, hash)) {
		free(p);
		return NULL;
	}
	p->uid = -1;
	e->totals.processes++;
	return p;
}

void host_identify(const struct known_thread *k, const struct known_process *p, struct event *ev)
{
	ev->comm = k && k->named ? str_of(k->comm) : p ? str_of(p->comm) : STR_NONE;
	ev->uid = k && k->uid >= 0 ? k->uid : p ? p->uid : -1;
}

void host_identify_of(const struct events *e, uint32_t pid, uint32_t tid, struct event *ev)
{
	const struct hnode *k = hmap_first(&e->threads, hash_u64(tid)), *p = hmap_first(&e->processes, hash_u64(pid));

	host_identify(k ? hmap_entry(k, struct known_thread, node) : NULL,
		p ? hmap_entry(p, struct known_process, node) : NULL, ev);
}

static void name_thread(struct known_thread *k, const char *comm, int64_t uid)
{
	k->named = comm;
	if (comm)
		memmove(k->comm, comm, sizeof(k->comm));
	k->uid = uid;
}

int host_thread_told(struct events *e, const struct rec *r)
{
	struct known_thread *k = host_thread(e, r->tid);
	char comm[16];

	if (!k)
		return -ENOMEM;
	snprintf(comm, sizeof(comm), "%.*s", (int)(r->path.len < 15 ? r->path.len : 15), r->path.len ? r->path.s : "");
	name_thread(k, comm, (uint32_t)rec_arg(r, A_UID, 0));
	return 0;
}

/* A thread, or the first one of a process, begins as what the one that made it is then. */
static int begin_thread(struct events *e, const struct rec *r, uint32_t tid, bool own_process)
{
	struct known_thread *maker = host_thread(e, r->tid), *made = host_thread(e, tid);
	struct known_process *from = host_process(e, r->pid), *to;
	struct event is;

	if (!maker || !made || !from)
		return -ENOMEM;
	host_identify(maker, from, &is);
	made->over = 0;
	name_thread(made, own_process || !maker->named ? NULL : maker->comm, own_process ? -1 : maker->uid);
	if (!own_process)
		return 0;
	to = host_process(e, tid);
	if (!to)
		return -ENOMEM;
	memcpy(to->comm, is.comm.s, is.comm.len + 1);
	to->uid = is.uid;
	return 0;
}

struct task *host_task(struct events *e, const struct rec *r)
{
	struct task *t = vfd_task(&e->vfd, r->tid);

	if (!t)
		t = vfd_task_new(&e->vfd, r->pid, r->tid, vfd_task_of(&e->vfd, r->pid));
	return e->vfd.latest = t;
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
	uint64_t flags = rec_clone_flags(r);
	uint32_t tid = (uint32_t)r->ret;
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
	return begin_thread(e, r, tid, !(flags & CLONE_THREAD));
}

void comm_set(char comm[static COMM_MAX + 1], struct str name)
{
	snprintf(comm, COMM_MAX + 1, "%.*s", (int)(name.len < COMM_MAX ? name.len : COMM_MAX),
		name.len ? name.s : "");
}

void comm_of_program(char comm[static COMM_MAX + 1], struct str name)
{
	const char *slash = name.len ? memrchr(name.s, '/', name.len) : NULL;

	if (slash) {
		name.len -= (size_t)(slash + 1 - name.s);
		name.s = slash + 1;
	}
	comm_set(comm, name);
}

/* The thread that executes it is the first one of its process then. */
static int name_program(struct events *e, const struct rec *r)
{
	struct known_thread *k = host_thread(e, r->tid), *first = host_thread(e, r->pid);
	struct known_process *p = host_process(e, r->pid);

	if (!k || !first || !p)
		return -ENOMEM;
	comm_of_program(p->comm, r->path);
	if (k->uid >= 0)
		p->uid = k->uid;
	name_thread(k, NULL, -1);
	name_thread(first, NULL, -1);
	return 0;
}

static int on_exec(struct events *e, struct task *t, const struct rec *r)
{
	if (r->ret < 0)
		return 0;
	if (name_program(e, r))
		return -ENOMEM;
	if (vfd_task_unshare(&e->vfd, t))
		return -ENOMEM;
	vfd_maps_drop(&e->vfd, t->process);
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

static int on_state_task(struct events *e, struct task *t, const struct rec *r)
{
	struct known_process *p = host_process(e, r->pid);

	if (!p)
		return -ENOMEM;
	if (r->pid == r->tid)
		p->uid = (uint32_t)rec_arg(r, A_UID, 0);
	return set_cwd(t, r->path);
}

/* ---- descriptors ---- */

/* R gets a number that another thread is closing, whose call is seen later, or that was closed unseen. */
static int free_number(struct events *e, struct task *t, int64_t fd, const struct rec *r)
{
	return vfd_get(t, fd) ? vfd_displace(&e->vfd, t, fd, r->t) : 0;
}

static int open_at(
	struct events *e, struct task *t, int64_t fd, struct object *o, const struct rec *r, uint64_t flags)
{
	struct descriptor *d;

	if (fd < 0 || fd >= VFD_FD_LIMIT)
		return 0;
	if (free_number(e, t, fd, r))
		return -ENOMEM;
	d = vfd_open(&e->vfd, t, fd, DESC_FILE, o, (int)flags);
	if (!d)
		return -ENOMEM;
	d->cloexec = flags & O_CLOEXEC;
	return 0;
}

/* By what is known of it, else by what the kernel, or for want of a name the call that made it, names it. */
static bool is_stream(struct str path, const struct facts *facts)
{
	if (facts->known && !facts->absent && !facts->list)
		return !S_ISREG(facts->mode) && !S_ISDIR(facts->mode) && !S_ISBLK(facts->mode);
	return str_starts(path, STR("pipe:")) || str_starts(path, STR("socket:")) ||
	       str_starts(path, STR("anon_inode:")) || (op_find(path) >= 0 && !str_starts(path, STR("memfd_")));
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
	o->stream = is_stream(path, &r->facts);
	rc = open_at(e, t, fd, o, r, flags);
	object_put(NULL, o);
	return rc;
}

static int dup_to(struct events *e, struct task *t, struct descriptor *from, int64_t fd, const struct rec *r,
	bool cloexec)
{
	struct descriptor *d;

	if (fd < 0 || fd >= VFD_FD_LIMIT || from == vfd_get(t, fd))
		return 0;
	if (r->op == OP_dup2 || r->op == OP_dup3)
		vfd_close(&e->vfd, t, fd);
	else if (free_number(e, t, fd, r))
		return -ENOMEM;
	if (!from)
		return 0;
	d = vfd_dup(&e->vfd, t, from, fd);
	if (!d)
		return -ENOMEM;
	d->cloexec = cloexec;
	return 0;
}

static void close_one(struct events *e, struct task *t, const struct rec *r, int64_t fd)
{
	struct displaced *p = vfd_displaced(t, fd, r->t - r->dur);

	if (p)
		vfd_displaced_close(&e->vfd, t, p);
	else
		vfd_close(&e->vfd, t, fd);
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
		return dup_to(e, t, d, r->ret, r, r->arg[1] == F_DUPFD_CLOEXEC);
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

	return dup_to(e, t, from, (int32_t)r->arg[0], r, r->arg[3] & O_CLOEXEC);
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

static unsigned event_of(uint64_t opcode)
{
	switch (opcode) {
	case IOCB_CMD_PREAD:
	case IOCB_CMD_PREADV:
		return EVENT_AIO_READ;
	case IOCB_CMD_PWRITE:
	case IOCB_CMD_PWRITEV:
		return EVENT_AIO_WRITE;
	case IOCB_CMD_POLL:
		return EVENT_AIO_POLL;
	default:
		return EVENT_AIO_SYNC;
	}
}

/* Bytes asked for by the iocb at V, behind which LEFT tuples stand. */
static uint64_t size_of(const uint64_t *v, uint32_t left)
{
	uint64_t sum = 0, i;

	if (v[AIOCB_OPCODE] != IOCB_CMD_PREADV && v[AIOCB_OPCODE] != IOCB_CMD_PWRITEV)
		return v[AIOCB_OPCODE] == IOCB_CMD_PREAD || v[AIOCB_OPCODE] == IOCB_CMD_PWRITE ? v[AIOCB_LENGTH] : 0;
	for (i = 1; i <= v[AIOCB_SEGMENTS] && i <= left; i++)
		sum += v[i * AIOCB_NUMBERS];
	return sum;
}

static void request_free(struct request *q)
{
	object_put(NULL, q->object);
	free(q);
}

static int submit_one(struct events *e, const struct task *t, const struct rec *r, const uint64_t *v, uint32_t left)
{
	struct request *q = request_of(e, r->pid, v[AIOCB_ID]);
	struct descriptor *d = vfd_get(t, (int32_t)v[AIOCB_FD]);

	if (q) { /* its end was never told: the program looked into the ring itself */
		hmap_remove(&e->requests, &q->node);
		request_free(q);
	}
	q = calloc(1, sizeof(*q));
	if (!q || hmap_insert(&e->requests, &q->node, hash_u64(v[AIOCB_ID]))) {
		free(q);
		return -ENOMEM;
	}
	q->pid = r->pid;
	q->op = event_of(v[AIOCB_OPCODE]);
	q->began = r->t > r->dur ? r->t - r->dur : 0;
	q->fd = (int32_t)v[AIOCB_FD];
	q->offset = v[AIOCB_OFFSET];
	q->size = size_of(v, left);
	q->object = d ? d->desc->node : NULL;
	q->direct = d && d->desc->flags & O_DIRECT;
	object_get(NULL, q->object);
	if (q->op == EVENT_AIO_READ || q->op == EVENT_AIO_WRITE)
		place_note(d ? d->desc->order : NULL, q->offset, q->size, &q->follows, &q->sequential);
	return 0;
}

static int on_submit(struct events *e, const struct task *t, const struct rec *r)
{
	uint64_t at, tuples = r->nvec / AIOCB_NUMBERS;
	const uint64_t *v;
	int64_t n;

	for (at = 0, n = 0; n < r->ret && at < tuples; at += 1 + v[AIOCB_SEGMENTS], n++) {
		v = r->vec + at * AIOCB_NUMBERS;
		if (submit_one(e, t, r, v, (uint32_t)(tuples - at - 1)))
			return -ENOMEM;
		if (v[AIOCB_SEGMENTS] > tuples)
			break;
	}
	return 0;
}

int host_completions(struct events *e, const struct rec *r)
{
	uint32_t i;

	for (i = 0; i + AIOEV_MUST <= r->nvec; i += AIOEV_NUMBERS) {
		struct request *q = request_of(e, r->pid, r->vec[i + AIOEV_ID]), **slot;

		if (!q)
			continue;
		slot = vec_push(&e->done);
		if (!slot)
			return -ENOMEM;
		*slot = q;
		q->ret = (int64_t)r->vec[i + AIOEV_RES];
		hmap_remove(&e->requests, &q->node);
	}
	return 0;
}

/* Bytes count when they were moved, not when somebody asked for it. */
void host_request(struct events *e, struct event *out)
{
	struct request *q = e->done.v[e->told++];
	const struct rec *r = e->rec;
	uint64_t moved = q->ret > 0 ? (uint64_t)q->ret : 0;

	*out = (struct event){.rec = r, .op = q->op, .fd = q->fd, .ret = q->ret, .offset = -1, .size = q->size,
		.latency = r->t > q->began ? r->t - q->began : 0,
		.start = q->began > e->origin ? q->began - e->origin : 0, .seq = ++e->totals.calls,
		.error = error_of(q->ret)};
	name_object(e, out, q->object);
	out->direct = q->direct;
	if (q->op == EVENT_AIO_READ)
		out->read = moved;
	if (q->op == EVENT_AIO_WRITE)
		out->written = moved;
	if (q->op == EVENT_AIO_READ || q->op == EVENT_AIO_WRITE) {
		out->offset = (int64_t)q->offset;
		out->follows = q->follows;
		out->sequential = q->sequential;
	}
	request_free(q);
	if (e->told == e->done.n)
		e->told = e->done.n = 0;
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

static int register_file(struct events *e, uint32_t ring, uint64_t number, const struct descriptor *d)
{
	struct object *o = d ? d->desc->node : NULL;
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
	place_clear(&s->place);
	s->direct = d && d->desc->flags & O_DIRECT;
	return 0;
}

static int on_uring_file(struct events *e, const struct task *t, const struct rec *r)
{
	const struct descriptor *d = vfd_get(t, (int32_t)r->arg[2]);

	return register_file(e, (uint32_t)r->arg[0], r->arg[1], d);
}

static int on_uring_update(struct events *e, const struct task *t, const struct rec *r)
{
	uint64_t first = r->arg[op_arg_index(r->op, A_SLOT)];
	uint32_t i;
	int rc = 0;

	for (i = 0; i < r->nvec && i < r->ret && !rc; i++) {
		const struct descriptor *d = vfd_get(t, (int32_t)r->vec[i]);

		if ((int32_t)r->vec[i] != URING_FILE_SKIP)
			rc = register_file(e, r->sqe.ring, first + i, d);
	}
	return rc;
}

static int on_install(struct events *e, struct task *t, const struct rec *r)
{
	const struct slot *s = host_slot(e, r->sqe.ring, r->arg[op_arg_index(r->op, A_FD)]);

	return s && s->object && r->ret >= 0 ? open_at(e, t, r->ret, s->object, r, 0) : 0;
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
		return on_state_task(e, t, r);
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
		if (r->ret == 0 && !closes_slot(r))
			close_one(e, t, r, (int32_t)r->arg[op_arg_index(r->op, A_FD)]);
		return 0;
	case OP_close_range:
		close_range_of(e, t, r);
		return 0;
	case OP_dup:
	case OP_dup2:
	case OP_dup3:
		return dup_to(e, t, vfd_get(t, (int32_t)r->arg[0]), r->ret, r,
			r->op == OP_dup3 && r->arg[2] & O_CLOEXEC);
	case OP_fcntl:
		return on_fcntl(e, t, r);
	case OP_pipe:
	case OP_pipe2:
		return two_ends(e, t, r, STR("pipe:"));
	case OP_socketpair:
		return two_ends(e, t, r, STR("socket:"));
	case OP_io_submit:
		return on_submit(e, t, r);
	case OP_uring_file:
		return on_uring_file(e, t, r);
	case OP_uring_fixed_fd_install:
		return on_install(e, t, r);
	case OP_uring_files_update:
		return on_uring_update(e, t, r);
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
	return open_path(e, t, r->ret, i >= 0 || r->op == OP_creat ? ev->file : str_of(ops[r->op].name), r,
		i >= 0 ? r->arg[i] : 0);
}

/*
 * A capture of a program begins after its exec: its name is the first word of the command, which stands
 * with the blanks that it was given with.
 */
void host_name_first(const struct events *e, struct known_process *p)
{
	memcpy(p->comm, e->first, sizeof(p->comm));
}

void host_first(struct events *e, struct str cmd)
{
	const char *blank = cmd.len ? memchr(cmd.s, ' ', cmd.len) : NULL;

	comm_of_program(e->first, (struct str){cmd.s, blank ? (size_t)(blank - cmd.s) : cmd.len});
}

int host_process_event(struct events *e, const struct rec *r)
{
	uint64_t child = rec_arg(r, A_CHILD, 0);

	if (r->op == OP_proc_exec)
		return name_program(e, r);
	if (r->op == OP_proc_fork)
		return begin_thread(e, r, (uint32_t)rec_arg(r, A_CHILDTID, 0), child != r->pid);
	return 0;
}

/* ---- all of it ---- */

void host_init(struct events *e)
{
	const struct vfd_hooks hooks = {e, object_get, object_put, place_new, place_free, no_ring,
		object_get, object_put, NULL};

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

	hmap_each(&e->slots, n, tmp, i) {
		object_put(NULL, hmap_entry(n, struct slot, node)->object);
		place_clear(&hmap_entry(n, struct slot, node)->place);
	}
	layers_free(e);
	FREE_ALL(e->slots, struct slot);
	FREE_ALL(e->threads, struct known_thread);
	FREE_ALL(e->processes, struct known_process);
	hmap_each(&e->requests, n, tmp, i)
		request_free(hmap_entry(n, struct request, node));
	hmap_free(&e->requests);
	for (i = e->told; i < e->done.n; i++)
		request_free(e->done.v[i]);
	vec_free(&e->done);
	vfd_free(&e->vfd);
	places_free(e);
	object_put(NULL, e->held[0]);
	object_put(NULL, e->held[1]);
}
