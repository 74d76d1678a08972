/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/facts.h"
#include "capture/ptrace.h"
#include "capture/state.h"
#include "ops/uring.h"
#include "utils/clock.h"

/* The directories that a relative and an absolute path of the process start from. */
static void learn_dirs(struct tracer *t, struct task *task)
{
	struct process *proc = task->proc;
	char buf[PATH_MAX];

	if (proc->dirs_known)
		return;
	proc->cwd = paths_find(t->job->paths, who_of(task),
		state_link(task->tid, "cwd", buf, sizeof(buf)));
	proc->root = paths_find(t->job->paths, who_of(task),
		state_link(task->tid, "root", buf, sizeof(buf)));
	proc->dirs_known = !proc->dirs_shared && !hold_stopped(task);
}

static struct dir *dir_of_fd(struct tracer *t, struct task *task, uint32_t tid, int fd)
{
	char what[32], buf[PATH_MAX];

	snprintf(what, sizeof(what), "fd/%d", fd);
	return paths_find(t->job->paths, who_of(task), state_link(tid, what, buf, sizeof(buf)));
}

/*
 * "/proc/self/fd/N/rest" and its like lead to where descriptor N of *TID does: REST is what is left of
 * PATH then. A walk by names ends in /proc.
 */
static void take_fd(const struct task *task, struct str *path, uint32_t *tid, int *fd)
{
	static const char *const ways[] = {"/proc/thread-self/fd/", "/proc/self/fd/", "/dev/fd/"};
	struct str rest, number;
	uint64_t n;
	size_t i;

	for (i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		if (!str_starts(*path, str_of(ways[i])))
			continue;
		rest = (struct str){path->s + strlen(ways[i]), path->len - strlen(ways[i])};
		if (!str_take_char(&rest, '/', &number) || !rest.s || str_u64(number, &n) || n > INT32_MAX)
			return;
		while (rest.len && rest.s[0] == '/') {
			rest.s++;
			rest.len--;
		}
		*path = rest;
		*fd = (int)n;
		*tid = i ? task->proc->pid : task->tid;
		return;
	}
}

static bool is_in_root(const struct rec *rec)
{
	int i = op_arg_index(rec->op, A_RESOLVE);

	return i >= 0 && rec->arg[i] & RESOLVE_IN_ROOT;
}

static struct name *walk(
	struct tracer *t, struct task *task, const struct rec *rec, int dirfd, struct str path)
{
	struct process *proc = task->proc;
	uint32_t tid = task->tid;
	struct dir *root;
	struct start from;

	if (!path.s || path.len == 0 || path.len == PATH_MAX)
		return NULL;
	learn_dirs(t, task);
	root = proc->root;
	if (!root)
		return NULL;
	if (!is_in_root(rec))
		take_fd(task, &path, &tid, &dirfd);
	from = (struct start){.tid = tid, .fd = dirfd};
	if (dirfd == AT_FDCWD || (path.len && path.s[0] == '/' && !is_in_root(rec)))
		from = (struct start){proc->cwd, task->tid, AT_FDCWD};
	else
		from.dir = dir_of_fd(t, task, tid, dirfd);
	if (is_in_root(rec))
		root = from.dir;
	return root ? paths_walk(t->job->paths, who_of(task), root, from, path) : NULL;
}

/* Calls after which an entry may be another thing than before. Absent ones are never trusted. */
static bool replaces_names(enum op_id op)
{
	return op == OP_unlink || op == OP_unlinkat || op == OP_rmdir || op == OP_rename ||
	       op == OP_renameat || op == OP_renameat2 || op == OP_uring_unlinkat ||
	       op == OP_uring_renameat;
}

/* Calls after which the directories of the process are others. */
static bool changes_dirs(enum op_id op)
{
	return op == OP_chdir || op == OP_fchdir || op == OP_chroot;
}

/*
 * Between its entry and its exit other threads walk too, so what it may replace is forgotten now and again at the exit.
 */
void names_touch(struct tracer *t, struct task *task, const struct rec *rec, struct name *name[2])
{
	int dirfd = AT_FDCWD, i;

	for (i = 0; i < OP_ARGS; i++) {
		enum arg_kind kind = ops[rec->op].arg[i];

		if (kind == A_DIRFD || kind == A_DIRFD2)
			dirfd = (int)rec->arg[i];
		else if (kind == A_PATH)
			name[0] = walk(t, task, rec, dirfd, rec->path);
		else if (kind == A_PATH2)
			name[1] = walk(t, task, rec, dirfd, rec->path2);
	}
	for (i = 0; i < 2; i++)
		if (name[i] && replaces_names(rec->op))
			paths_touch(name[i]);
	if (rec->op == OP_getdents || rec->op == OP_getdents64) {
		struct dir *dir = dir_of_fd(t, task, task->tid, (int)rec->arg[0]);

		if (dir)
			paths_list(t->job->paths, who_of(task), dir);
	}
	if (changes_dirs(rec->op))
		task->proc->dirs_known = false;
}

void call_touch_names(struct tracer *t, struct task *task, struct call *call)
{
	names_touch(t, task, &call->rec, call->name);
}

static struct call *call_new(struct task *task)
{
	struct call *call = task->spare;

	task->spare = NULL;
	if (!call)
		call = calloc(1, sizeof(*call));
	return call;
}

enum call_begun call_begin(struct tracer *t, struct task *task, enum op_id op, unsigned how,
	const syscall_info *info)
{
	struct call *call = call_new(task);
	int i;

	if (!call)
		return CALL_NO_MEMORY;
	call->below = task->call;
	task->call = call;
	call->state = CALL_RUNNING;
	call->nr = info->seccomp.nr;
	call->ip = info->instruction_pointer;
	call->sp = info->stack_pointer;
	call->name[0] = call->name[1] = NULL;
	call->rec = (struct rec){.op = op, .pid = task->proc->pid, .tid = task->tid};
	for (i = 0; i < OP_ARGS; i++)
		call->rec.arg[i] = info->seccomp.args[i];
	call->how = how;
	if (ops[op].flags & OPF_FORK) {
		t->forking++;
		place_leave(&t->placing); /* a child that is not traced, either, has the set of its maker */
	}
	if (fetch_args((pid_t)task->tid, call) && !task->proc->blind) {
		task->proc->blind = true;
		sink_lost(t->job->sink, task->proc->pid, task->tid, 1,
			"the memory of this process may not be read: paths are missing");
	}
	if (place_tells(call->rec.path))
		place_leave(&t->placing);
	if (op == OP_pidfd_getfd)
		call->rec.arg[3] = rights_owner(task, (int)call->rec.arg[0]);
	if (hold_before_names(t, task, &call->rec)) {
		call_drop(t, task);
		return CALL_HELD;
	}
	call_touch_names(t, task, call);
	if (hold_behind_names(t, task, call->name)) {
		call_drop(t, task);
		return CALL_HELD;
	}
	uring_begin(t, task, call);
	maps_before(t, task, &call->rec);
	fetch_lock_base((pid_t)task->tid, call);
	call->entry = now_ns();
	return CALL_BEGUN;
}

void call_drop(struct tracer *t, struct task *task)
{
	struct call *call = task->call;

	if (ops[call->rec.op].flags & OPF_FORK)
		t->forking--;
	hold_over(task);
	task->call = call->below;
	if (task->spare) {
		vec_free(&call->vec);
		free(call);
	} else {
		task->spare = call;
	}
}

void call_free_all(struct tracer *t, struct task *task)
{
	while (task->call)
		call_drop(t, task);
	if (task->spare)
		vec_free(&task->spare->vec);
	free(task->spare);
	task->spare = NULL;
}

void names_follow(struct task *task, const struct rec *rec, struct name *const name[2])
{
	if (changes_dirs(rec->op))
		task->proc->dirs_known = false;
	if (rec->ret < 0 || !replaces_names(rec->op) || !name[0])
		return;
	if (op_has(rec->op, A_PATH2)) {
		int flags = op_arg_index(rec->op, A_RENFLAGS);
		bool exchange = flags >= 0 && (rec->arg[flags] & RENAME_EXCHANGE);

		if (name[1])
			paths_renamed(name[0], name[1], exchange);
		return;
	}
	paths_removed(name[0]);
}

static struct facts facts_after(const struct task *task, const struct rec *rec)
{
	if (rec->ret < 0)
		return (struct facts){0};
	if ((ops[rec->op].flags & OPF_NEWFD) && (op_has(rec->op, A_PATH) || op_has(rec->op, A_HANDLEIN)))
		return facts_of_fd((pid_t)task->tid, (int)rec->ret);
	return facts_sets_acl(rec) ? rec->facts : (struct facts){0}; /* fetched at its entry */
}

void call_finish(struct tracer *t, struct task *task, int64_t result)
{
	struct call *call = task->call;
	struct rec *rec = &call->rec;

	rec->t = now_ns();
	rec->dur = rec->t - call->entry;
	rec->ret = result;
	rec->has_ret = true;
	fetch_results((pid_t)task->tid, call);
	rec->facts = facts_after(task, rec);
	names_follow(task, rec, call->name);
	maps_after(task, rec);
	if (rights_receive(t, task, call))
		uring_put(t, task, call);
	comm_after(t, task, rec);
	call_drop(t, task);
}

void call_finish_killed(struct tracer *t, struct task *task)
{
	struct call *call = task->call;
	int64_t result;

	if (!call || call->state != CALL_RUNNING || task->ended || ops[call->rec.op].flags & OPF_FORK ||
		!fetch_last_result((pid_t)task->tid, call->nr, &result))
		return;
	if (result != -EINTR && !task_is_restart(result))
		call_finish(t, task, result);
}

void call_put_end(struct tracer *t, struct task *task, enum op_id op, int status)
{
	struct rec rec = {.op = op, .pid = task->proc->pid, .tid = task->tid};

	if (task->ended)
		return;
	maps_at_end(t, task, op);
	task->ended = true;
	if (op == OP_exit_group || task->proc->tasks == 1)
		uring_process_end(t, task, true);
	rec.t = now_ns();
	rec.arg[0] = (uint64_t)(int64_t)status;
	sink_put(t->job->sink, &rec);
}
