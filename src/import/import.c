/* SPDX-License-Identifier: Apache-2.0 */
#include "import/import.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/utsname.h>

#include "events/events.h"
#include "import/import_parts.h"
#include "trace/capture.h"
#include "trace/lines.h"

#define CHUNK	 (64u << 10)
#define SOMEBODY 65534 /* nobody's number, in case that nothing tells the user's */

/* ---- records ---- */

static int flush(struct import *im)
{
	int rc = buf_ok(&im->buf) ? outfile_write(im->out, im->buf.p, im->buf.len, im->err) : -ENOMEM;

	im->buf.len = 0;
	return rc;
}

int import_emit(struct import *im, const struct rec *rec)
{
	capture_print(&im->buf, rec);
	im->res->records++;
	return im->buf.len >= CHUNK || !buf_ok(&im->buf) ? flush(im) : 0;
}

void import_reason(struct import_result *res, const char *why, uint64_t line)
{
	unsigned i = 0;

	while (i < res->reason_count && strcmp(res->reasons[i].why, why) != 0)
		i++;
	if (i == IMPORT_REASONS)
		return;
	if (i == res->reason_count) {
		res->reasons[i].why = why;
		res->reasons[i].line = line;
		res->reason_count++;
	}
	res->reasons[i].count++;
}

static int lose(struct import *im, const struct task *t, const char *why)
{
	struct rec rec = {.t = im->now, .op = OP_lost, .arg = {1}, .path = str_of(why)};

	if (im->pass != PASS_WRITE)
		return 0;
	im->res->lost++;
	import_reason(im->res, why, im->line);
	if (t) {
		rec.pid = t->proc->pid;
		rec.tid = t->tid;
	}
	return import_emit(im, &rec);
}

/* ---- tasks ---- */

static void nothing(void *user, void *map)
{
	(void)user, (void)map;
}

static const struct vmap_hooks no_hooks = {NULL, nothing, nothing};

static void proc_put(struct proc *p)
{
	if (--p->refs)
		return;
	vmap_put(p->maps, &no_hooks);
	buf_free(&p->cwd);
	vec_free(&p->own);
	free(p);
}

static struct proc *proc_new(uint32_t pid, const struct proc *of)
{
	struct proc *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->refs = 1;
	p->pid = pid;
	p->maps = of ? vmap_copy(of->maps, &no_hooks) : vmap_new();
	if (of) {
		p->start = of->start;
		p->moved = of->moved;
		buf_str(&p->cwd, buf_as_str(&of->cwd));
		if (of->own.n && vec_grow((void **)&p->own.v, &p->own.cap, of->own.n, 1)) {
			memcpy(p->own.v, of->own.v, of->own.n);
			p->own.n = of->own.n;
		}
	}
	if (p->maps && buf_ok(&p->cwd) && (!of || p->own.n == of->own.n))
		return p;
	proc_put(p);
	return NULL;
}

static struct task *task_find(struct import *im, uint32_t tid)
{
	struct hnode *n = hmap_first(&im->tasks, hash_u64(tid));

	return n ? hmap_entry(n, struct task, node) : NULL;
}

static void task_end(struct import *im, struct task *t)
{
	hmap_remove(&im->tasks, &t->node);
	proc_put(t->proc);
	buf_free(&t->name);
	buf_free(&t->text);
	free(t);
}

/* Takes over a reference of P, which may be NULL: memory is out. */
static struct task *task_new(struct import *im, uint32_t tid, struct proc *p)
{
	struct task *t = p ? calloc(1, sizeof(*t)) : NULL;

	if (t) {
		t->tid = tid;
		t->proc = p;
	}
	if (t && !hmap_insert(&im->tasks, &t->node, hash_u64(tid)))
		return t;
	if (p)
		proc_put(p);
	free(t);
	return NULL;
}

static void end_tasks(struct import *im)
{
	struct hnode *n, *tmp;
	size_t i;

	hmap_each(&im->tasks, n, tmp, i)
		task_end(im, hmap_entry(n, struct task, node));
}

/* ---- who made whom ---- */

static int by_child(const void *a, const void *b)
{
	const struct fork *x = a, *y = b;

	if (x->child != y->child)
		return x->child < y->child ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static void sort_forks(struct import *im)
{
	size_t i;

	if (im->forks.n)
		qsort(im->forks.v, im->forks.n, sizeof(*im->forks.v), by_child);
	for (i = 0; i < im->forks.n; i++)
		im->forks.v[i].next = i;
}

static void unuse_forks(struct import *im)
{
	size_t i;

	for (i = 0; i < im->forks.n; i++) {
		im->forks.v[i].used = false;
		im->forks.v[i].next = i;
	}
}

/* The next time that CHILD is made, NULL: it was not. */
static struct fork *next_fork(struct import *im, uint32_t child)
{
	size_t low = 0, high = im->forks.n, mid;
	struct fork *first;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (im->forks.v[mid].child < child)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == im->forks.n || im->forks.v[low].child != child)
		return NULL;
	first = &im->forks.v[low];
	while (first->next < im->forks.n && im->forks.v[first->next].used)
		first->next++;
	if (first->next == im->forks.n || im->forks.v[first->next].child != child)
		return NULL;
	return &im->forks.v[first->next];
}

static int note_fork(struct import *im, const struct task *t, const struct rec *r)
{
	struct fork *f = vec_push(&im->forks);

	if (!f)
		return -ENOMEM;
	*f = (struct fork){.child = (uint32_t)r->ret,
		.parent = t->tid,
		.order = im->forks.n,
		.flags = r->arg[0],
		.op = r->op};
	return 0;
}

static void same_identity(struct task *t, const struct task *other)
{
	t->uid = other->uid;
	t->changed = other->changed;
	memcpy(t->comm, other->comm, sizeof(t->comm));
}

/* The record stands before all of the child's; *CHILD is NULL when its parent is not known. */
static int make_child(struct import *im, struct fork *f, uint64_t when, uint64_t dur, struct task **child)
{
	struct task *parent = task_find(im, f->parent), *old = task_find(im, f->child);
	bool thread = f->flags & CLONE_THREAD;
	struct rec rec;

	*child = NULL;
	f->used = true;
	if (!parent || parent == old)
		return 0;
	if (old)
		task_end(im, old);
	if (thread)
		parent->proc->refs++;
	*child = task_new(im, f->child, thread ? parent->proc : proc_new(f->child, parent->proc));
	if (!*child)
		return -ENOMEM;
	same_identity(*child, parent);
	if (im->pass != PASS_WRITE)
		return 0;
	im->res->processes += !thread;
	rec = (struct rec){.t = when,
		.dur = dur,
		.pid = parent->proc->pid,
		.tid = parent->tid,
		.op = f->op,
		.ret = f->child,
		.has_ret = true};
	rec.arg[0] = f->flags;
	return import_emit(im, &rec);
}

/* The task of a line; one that nobody made was there at the start. */
static int task_of(struct import *im, uint32_t tid, struct task **out)
{
	struct fork *f;
	size_t start;
	int rc;

	*out = task_find(im, tid);
	f = *out || im->pass == PASS_FORKS ? NULL : next_fork(im, tid);
	if (f) {
		rc = make_child(im, f, im->now, 0, out);
		if (rc)
			return rc;
	}
	if (*out)
		return 0;
	*out = task_new(im, tid, proc_new(tid, NULL));
	if (!*out)
		return -ENOMEM;
	if (im->pass == PASS_FORKS)
		return 0;
	start = (*out)->proc->start = im->started++;
	if (im->pass == PASS_LEARN)
		return vec_push(&im->starts) ? 0 : -ENOMEM;
	im->res->processes++;
	return start < im->starts.n ? write_start(im, *out, start) : 0;
}

/* ---- calls ---- */

/* Of calls on memory those that are about a map of a file; 1: it is none. */
static int follow_maps(struct task *t, const struct st_call *call, const struct rec *r)
{
	struct vmap *v = t->proc->maps;
	uint64_t start, end, to, to_end, result = (uint64_t)r->ret;
	bool had;
	int rc = 0;

	if (r->op == OP_mmap) {
		uint64_t flags = r->arg[3];
		bool cached = call->n > 4 && memmem(call->arg[4].s, call->arg[4].len, "</etc/ld.so.cache>", 18);

		if (r->ret < 0)
			return (flags & MAP_ANONYMOUS) || (flags & MAP_DENYWRITE);
		if (!vmap_range(result, r->arg[1], &start, &end))
			return 1;
		had = vmap_has(v, start, end);
		if ((flags & MAP_ANONYMOUS) || (flags & MAP_DENYWRITE) || cached) {
			rc = vmap_cut(v, &no_hooks, start, end);
			return rc ? rc : !(had && (flags & MAP_ANONYMOUS) && r->arg[2] == PROT_NONE);
		}
		return vmap_set(v, &no_hooks, start, end, v, 0);
	}
	if (!vmap_range(r->arg[0], r->arg[1], &start, &end))
		return r->ret >= 0;
	had = vmap_has(v, start, end);
	if (!had || (r->op == OP_madvise && r->arg[2] == MADV_DONTNEED))
		return 1;
	if (r->ret >= 0 && (r->op == OP_munmap || r->op == OP_mremap))
		rc = vmap_cut(v, &no_hooks, start, end);
	if (!rc && r->ret >= 0 && r->op == OP_mremap && vmap_range(result, r->arg[2], &to, &to_end))
		rc = vmap_set(v, &no_hooks, to, to_end, v, 0);
	return rc;
}

static void follow_directory(struct import *im, struct task *t, const struct st_call *call, const struct rec *r)
{
	struct proc *p = t->proc;
	struct str dir = STR_NONE, told;
	uint64_t fd;

	if (r->ret < 0)
		return;
	if (r->op == OP_getcwd && call->n && st_string(&im->scratch.text, call->arg[0], &told) == ST_WHOLE) {
		p->cwd.len = 0;
		buf_str(&p->cwd, told);
		return;
	}
	if (r->op != OP_chdir && r->op != OP_fchdir && r->op != OP_chroot)
		return;
	if (r->op == OP_fchdir && call->n && !st_fd(call->arg[0], &fd, &dir) && dir.s)
		full_path(im, p, dir, STR_NONE, &im->path);
	else if (r->op != OP_chdir || !full_path(im, p, STR_NONE, r->path, &im->path))
		im->path.len = 0;
	p->moved = true;
	p->cwd.len = 0;
	buf_str(&p->cwd, buf_as_str(&im->path));
}

/* "AT_FDCWD</dir>" says what the working directory is. */
static void learn_directory(struct import *im, struct task *t, const struct st_call *call)
{
	struct start *start = t->proc->start < im->starts.n ? &im->starts.v[t->proc->start] : NULL;
	struct str dir;
	uint64_t fd;
	unsigned i;

	for (i = 0; i < call->n; i++) {
		if (!str_starts(call->arg[i], STR("AT_FDCWD<")) || st_fd(call->arg[i], &fd, &dir))
			continue;
		if (st_unescape(&im->scratch.text, dir)) {
			t->proc->cwd.len = 0;
			buf_str(&t->proc->cwd, buf_as_str(&im->scratch.text));
		}
		break;
	}
	if (im->pass == PASS_LEARN && start && !start->cwd && !t->proc->moved && t->proc->cwd.len &&
		t->proc->cwd.p[0] == '/')
		start->cwd = strndup(t->proc->cwd.p, t->proc->cwd.len);
}

static bool maps_memory(enum op_id op)
{
	return op == OP_mmap || op == OP_munmap || op == OP_mremap || op == OP_msync || op == OP_madvise;
}

static int on_fork(struct import *im, struct task *t, const struct rec *r)
{
	struct fork *f;
	struct task *child;

	if (im->pass == PASS_FORKS)
		return r->ret <= INT32_MAX ? note_fork(im, t, r) : 0;
	f = next_fork(im, (uint32_t)r->ret);
	/* else the child's first line stood in front, and it was made then */
	if (!f || f->parent != t->tid || task_find(im, f->child))
		return 0;
	return make_child(im, f, r->t, r->dur, &child);
}

static int on_exec(struct task *t, struct str path)
{
	comm_of_program(t->comm, path);
	vmap_put(t->proc->maps, &no_hooks);
	t->proc->maps = vmap_new();
	return t->proc->maps ? 0 : -ENOMEM;
}

static int on_record(struct import *im, struct task *t, const struct st_call *call, struct rec *r)
{
	bool forks = ops[r->op].flags & OPF_FORK;
	int rc = 0;

	if (forks && r->ret > 0)
		return on_fork(im, t, r);
	if (im->pass == PASS_FORKS)
		return 0;
	learn_directory(im, t, call);
	im->denied |= r->has_ret && r->ret == -EACCES;
	if (im->pass == PASS_LEARN) {
		rc = learn_fds(im, t, call, r);
		if (!rc)
			rc = learn_names(im, t, call, r);
	}
	follow_directory(im, t, call, r);
	if (!rc && maps_memory(r->op))
		rc = follow_maps(t, call, r);
	if (rc)
		return rc < 0 ? rc : 0;
	if ((r->op == OP_execve || r->op == OP_execveat) && r->ret == 0)
		rc = on_exec(t, r->path);
	if (rc || im->pass != PASS_WRITE)
		return rc;
	return import_emit(im, r);
}

/* getuid() and the like are in no capture, but say who it was. */
static void learn_user(struct import *im, const struct task *t, const struct st_call *call, struct str name)
{
	int64_t uid;

	if (im->has_uid || t->changed || (!str_eqs(name, "geteuid") && !str_eqs(name, "getuid")))
		return;
	if (st_result(call->result, &uid) == 0 && uid >= 0 && uid <= UINT32_MAX) {
		im->has_uid = true;
		im->uid = (uint64_t)uid;
	}
}

/* Which argument of a call that changes the effective user says who that is then; -1: it is no such call. */
static int user_argument(struct str name)
{
	static const struct {
		const char *name;
		int argument;
	} calls[] = {{"setuid", 0}, {"setuid32", 0}, {"setreuid", 1}, {"setreuid32", 1}, {"setresuid", 1},
		{"setresuid32", 1}};
	size_t i;

	for (i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		if (str_eqs(name, calls[i].name))
			return calls[i].argument;
	return -1;
}

/* Whether the call gave the thread another name (prctl) or user; both are told together then. */
static bool changes_identity(struct import *im, struct task *t, const struct st_call *call, struct str name)
{
	int argument = user_argument(name);
	struct str comm;
	uint64_t uid;
	int64_t ret;

	if (argument < 0 && !str_eqs(name, "prctl"))
		return false;
	if (st_result(call->result, &ret) || ret < 0 || call->n < 2u - (argument == 0))
		return false;
	if (argument >= 0) {
		if (str_eqs(call->arg[argument], "-1") || st_number(call->arg[argument], &uid) || uid > UINT32_MAX)
			return false;
		t->changed = true;
		t->uid = uid;
		return true;
	}
	if (!str_eqs(call->arg[0], "PR_SET_NAME") || st_string(&im->scratch.path, call->arg[1], &comm) != ST_WHOLE)
		return false;
	comm_set(t->comm, comm);
	return true;
}

/* Such calls are in no capture, but what they change is. */
static int tell_identity(struct import *im, const struct task *t, uint64_t done)
{
	struct rec rec = {.op = OP_state_thread, .t = done, .pid = t->proc->pid, .tid = t->tid,
		.path = str_of(t->comm)};

	rec.arg[op_arg_index(OP_state_thread, A_UID)] = t->changed ? t->uid : im->uid;
	return im->pass == PASS_WRITE ? import_emit(im, &rec) : 0;
}

static bool wanted_in_pass(const struct import *im, struct str name)
{
	if (im->pass != PASS_FORKS)
		return true;
	return str_starts(name, STR("clone")) || str_eqs(name, "fork") || str_eqs(name, "vfork");
}

/* A whole call: TEXT is what stands behind "NAME(". It began at FROM; DONE is when its line was written. */
static int on_call(struct import *im, struct task *t, struct str name, struct str text, uint64_t from, uint64_t done)
{
	struct st_call call;
	const char *why;
	struct rec rec;
	int rc;

	if (!wanted_in_pass(im, name))
		return 0;
	if (st_call(&call, text))
		return st_op(name) < 0 ? 0 : lose(im, t, "a call that is not written as strace does");
	learn_user(im, t, &call, name);
	if (changes_identity(im, t, &call, name))
		return tell_identity(im, t, done);
	rc = st_rec(&im->scratch, &call, name, &rec, &why);
	if (rc == -ENOENT)
		return 0;
	if (rc == -EINVAL)
		return rec.has_ret && rec.ret < 0 && !op_has(rec.op, A_PATH) ? 0 : lose(im, t, why);
	if (rc)
		return rc;
	rec.t = call.has_dur ? from + call.dur : done;
	rec.dur = rec.t > from ? rec.t - from : 0;
	rec.pid = t->proc->pid;
	rec.tid = t->exec_tid ? t->exec_tid : t->tid;
	t->exec_tid = 0;
	if (rec.op == OP_exit || rec.op == OP_exit_group) {
		if (t->exiting)
			return 0;
		t->exiting = true;
	}
	return on_record(im, t, &call, &rec);
}

static void begin(struct task *t, const struct st_line *line)
{
	t->name.len = t->text.len = 0;
	buf_str(&t->name, line->name);
	buf_str(&t->text, line->text);
	t->since = line->t;
	t->busy = true;
}

static int resume(struct import *im, struct task *t, const struct st_line *line)
{
	if (!t->busy || !str_eq(buf_as_str(&t->name), line->name))
		return st_op(line->name) < 0 ? 0 : lose(im, t, "the end of a call that did not begin");
	t->busy = false;
	im->joined.len = 0;
	buf_str(&im->joined, buf_as_str(&t->text));
	buf_str(&im->joined, line->text);
	if (!buf_ok(&im->joined) || !buf_ok(&t->name))
		return -ENOMEM;
	return on_call(im, t, buf_as_str(&t->name), buf_as_str(&im->joined), t->since, line->t);
}

/* A call that was under way when the task ended: it may have done something. */
static int unfinished(struct import *im, struct task *t)
{
	bool exits = str_eqs(buf_as_str(&t->name), "exit") || str_eqs(buf_as_str(&t->name), "exit_group");

	if (!t->busy || exits || st_op(buf_as_str(&t->name)) < 0)
		return 0;
	return lose(im, t, "a call that never returned");
}

static int on_end(struct import *im, struct task *t, const struct st_line *line)
{
	struct rec rec = {.t = line->t, .pid = t->proc->pid, .tid = t->tid, .op = OP_task_end};
	int rc = unfinished(im, t);

	rec.arg[0] = line->kind == ST_EXITED ? (uint64_t)(line->number & 0xff) << 8 : line->number;
	if (!rc && !t->exiting && im->pass == PASS_WRITE)
		rc = import_emit(im, &rec);
	task_end(im, t);
	return rc;
}

/* A thread did an exec and is now the process's first one, whose number it has. */
static int on_superseded(struct import *im, struct task *leader, const struct st_line *line)
{
	struct task *t = task_find(im, line->number);

	if (!t || t == leader)
		return 0;
	leader->name.len = leader->text.len = 0;
	buf_str(&leader->name, buf_as_str(&t->name));
	buf_str(&leader->text, buf_as_str(&t->text));
	leader->since = t->since;
	leader->busy = t->busy;
	leader->exiting = false;
	leader->exec_tid = t->tid;
	same_identity(leader, t);
	task_end(im, t);
	return 0;
}

static int on_line(struct import *im, struct str text)
{
	struct st_line line;
	struct task *t;
	int rc;

	if (!text.len || str_starts(text, STR("strace: ")))
		return 0;
	if (st_line(&line, text)) {
		if (im->pass == PASS_FORKS && !im->first)
			return err_set(im->err, EPROTO, "line %llu is not what strace -f -ttt -T -y writes: %.*s",
				(unsigned long long)im->line, (int)(text.len > 60 ? 60 : text.len), text.s);
		return lose(im, NULL, "a line that strace does not write");
	}
	if (!im->first)
		im->first = line.t;
	if (line.has_tid && !im->main_tid)
		im->main_tid = line.tid;
	im->now = line.t;
	rc = task_of(im, line.has_tid ? line.tid : im->main_tid ? (uint32_t)im->main_tid : 1, &t);
	if (rc)
		return rc;
	switch (line.kind) {
	case ST_CALL:
		t->busy = false;
		return on_call(im, t, line.name, line.text, line.t, line.t);
	case ST_BEGUN:
		begin(t, &line);
		if (!str_eqs(line.name, "exit") && !str_eqs(line.name, "exit_group"))
			return 0;
		im->joined.len = 0;
		buf_str(&im->joined, line.text);
		buf_puts(&im->joined, ") = ?");
		return on_call(im, t, line.name, buf_as_str(&im->joined), line.t, line.t);
	case ST_RESUMED:
		return resume(im, t, &line);
	case ST_EXITED:
	case ST_KILLED:
		return on_end(im, t, &line);
	case ST_SUPERSEDED:
		return on_superseded(im, t, &line);
	case ST_OTHER:
		return 0;
	}
	return 0;
}

/* ---- passes ---- */

static int one_pass(struct import *im, const char *from, enum pass pass)
{
	struct lines *lines;
	struct str line;
	int rc = lines_open(&lines, from, im->err);

	if (rc)
		return rc;
	im->pass = pass;
	im->started = 0;
	while ((rc = lines_next(lines, &line, im->err)) > 0 || rc == -EINVAL) {
		im->line = lines_number(lines);
		rc = rc > 0 ? on_line(im, line) : lose(im, NULL, "a line that is too long");
		if (rc)
			break;
	}
	if (rc == -ENOMEM)
		err_sys(im->err, ENOMEM, "%s", from);
	else if (rc)
		err_prefix(im->err, "%s", from);
	im->res->lines = im->line;
	im->res->cut = lines_cut(lines);
	lines_close(lines);
	end_tasks(im);
	unuse_forks(im);
	return rc;
}

int import_header(struct buf *out, const char *tool, uint64_t start, const char *from, struct err *err)
{
	char first[32];
	struct utsname host;
	struct capture_pair pairs[] = {{"backend", str_of(tool)}, {"arch", STR_NONE}, {"start_mono", STR_NONE},
		{"start_wall", STR_NONE}, {"facts", str_of(tool)}, {"cmd", str_of(from)}};

	if (uname(&host))
		return err_sys(err, errno, "uname");
	snprintf(first, sizeof(first), "%llu", (unsigned long long)start);
	pairs[1].value = str_of(host.machine); /* flags come by their names: they are those of here */
	pairs[2].value = pairs[3].value = str_of(first);
	capture_print_header(out, pairs, sizeof(pairs) / sizeof(*pairs));
	return 0;
}

static int write_all(struct import *im, const char *from)
{
	struct rec end = {.op = OP_end};
	int rc = import_header(&im->buf, "strace", im->first, from, im->err);

	im->now = im->first;
	if (!rc)
		rc = write_names(im);
	if (!rc)
		rc = one_pass(im, from, PASS_WRITE);
	if (rc)
		return rc;
	end.t = im->now;
	end.arg[0] = im->res->records;
	end.arg[1] = im->res->lost;
	import_emit(im, &end);
	im->res->records--;
	return flush(im);
}

static void free_all(struct import *im)
{
	size_t i, j;

	for (i = 0; i < im->starts.n; i++) {
		for (j = 0; j < im->starts.v[i].fds.n; j++)
			free(im->starts.v[i].fds.v[j].path);
		vec_free(&im->starts.v[i].fds);
		free(im->starts.v[i].cwd);
	}
	vec_free(&im->starts);
	vec_free(&im->forks);
	forget_names(im);
	hmap_free(&im->tasks);
	buf_free(&im->buf);
	buf_free(&im->path);
	buf_free(&im->joined);
	buf_free(&im->scratch.path);
	buf_free(&im->scratch.path2);
	buf_free(&im->scratch.text);
	vec_free(&im->scratch.vec);
}

int import_strace(const char *from, const char *to, struct import_result *res, struct err *err)
{
	struct import im = {.res = res, .err = err};
	int rc;

	*res = (struct import_result){0};
	rc = one_pass(&im, from, PASS_FORKS);
	if (!rc && !im.first)
		rc = err_set(err, EPROTO, "%s: no call in it", from);
	sort_forks(&im);
	if (!rc)
		rc = one_pass(&im, from, PASS_LEARN);
	if (!im.has_uid && im.denied) /* somebody who may not do everything */
		im.uid = SOMEBODY;
	if (!rc)
		rc = outfile_open(&im.out, to, OUTFILE_WHOLE, err);
	if (!rc)
		rc = write_all(&im, from);
	if (im.out && !rc)
		rc = outfile_commit(im.out, err);
	else if (im.out)
		outfile_abort(im.out);
	free_all(&im);
	return rc;
}
