/* SPDX-License-Identifier: Apache-2.0 */
#include "generate/model.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "generate/outside.h"
#include "ops/flags.h"
#include "tree/mounts.h"

/* Tasks: how they begin, what they carry over an exec, what ends with them; and state records. */

/* Parts of what parent and child have cannot end for one of them alone in the replay. */
static void mark_forked(const struct process *p, uint64_t flags)
{
	size_t i;

	for (i = 0; p->maps && !(flags & CLONE_VM) && i < p->maps->parts.n; i++)
		((struct filemap *)p->maps->parts.v[i].map)->forked = true;
}

int model_fork(struct model *m, const struct rec *r)
{
	uint64_t flags = rec_clone_flags(r);
	uint32_t tid = (uint32_t)r->ret;
	struct task *old, *child;

	if (r->ret <= 0) /* no new task: nothing to replay in it */
		return 0;
	if (tid == m->task->tid)
		return LEFT_MALFORMED;
	if (!(flags & CLONE_FS) && model_touch_fs(m, TOUCH_SHARE)) /* is copied */
		return -ENOMEM;
	old = vfd_task(&m->vfd, tid);
	if (old) /* its end was lost, and the number is in use again */
		vfd_task_end(&m->vfd, old);
	mark_forked(m->task->process, flags);
	child = vfd_task_clone(&m->vfd, m->task, flags & CLONE_THREAD ? m->task->process->pid : tid,
		tid, flags);
	if (!child)
		return -ENOMEM;
	child->id = order_thread(m->order);
	if (child->id == UINT32_MAX)
		return -ENOMEM;
	m->child = child;
	m->out->new_process = child->process->id;
	m->out->new_thread = child->id;
	return flags & CLONE_FILES ? 0 : model_copied_fds(m, child, m->task->files);
}

/* The other threads of a process that execs or whose leader is replaced. */
static void end_siblings(struct model *m, struct task *t)
{
	struct hnode *n, *tmp;
	size_t i;

	hmap_each(&m->vfd.tasks, n, tmp, i) {
		struct task *other = hmap_entry(n, struct task, node);

		if (other != t && other->process == t->process)
			vfd_task_end(&m->vfd, other);
	}
}

int model_exec(struct model *m, const struct rec *r)
{
	struct task *t = m->task;
	uint32_t fd;
	int rc = 0;

	m->out->call.path = STR_NONE; /* the program itself is not part of the replay */
	m->out->call.path2 = STR_NONE;
	if (r->op == OP_execveat)
		m->out->call.arg[0] = VFD_CWD;
	if (r->ret < 0)
		return 0;
	if (t->process->refs > 1)
		end_siblings(m, t);
	rc = model_unshare_fds(m);
	if (rc)
		return rc;
	if (t->tid != t->process->pid && !vfd_task(&m->vfd, t->process->pid))
		vfd_task_renumber(&m->vfd, t, t->process->pid);
	rc = model_close_displaced(m);
	for (fd = 0; fd < t->files->n && !rc; fd++)
		if (t->files->v[fd] && t->files->v[fd]->cloexec)
			rc = model_close_fd(m, fd);
	if (!rc)
		rc = model_aio_end(m);
	return rc ? rc : model_end_maps(m, t->process);
}

int model_exit(struct model *m, const struct rec *r)
{
	struct task *t = m->task;
	uint32_t fd;
	int rc = 0;

	(void)r;
	if (t->files->refs == 1)
		for (fd = 0; fd < t->files->n && !rc; fd++)
			rc = model_close_fd(m, fd);
	if (t->files->refs == 1 && !rc)
		rc = model_close_displaced(m);
	if (!rc && t->process->refs == 1)
		rc = model_aio_end(m);
	if (!rc && t->process->refs == 1)
		rc = model_end_maps(m, t->process);
	m->ended = true;
	return rc;
}

/* ---- what was so at the start ---- */

int model_state_mount(struct model *m, const struct rec *r)
{
	char type[64] = "";
	int rc;

	if (!r->path.s || r->path.len == 0 || r->path.s[0] != '/')
		return LEFT_MALFORMED;
	if (r->path2.len && r->path2.len < sizeof(type))
		memcpy(type, r->path2.s, r->path2.len);
	/* The kernel's own trees may carry a tmpfs as a frame: /sys/fs/cgroup. */
	rc = names_mount(&m->names, r->path,
		fs_is_pseudo(type) || str_starts(r->path, STR("/sys/")) ||
			str_starts(r->path, STR("/proc/")));
	return rc ? rc : LEFT_STATE;
}

/* What the kernel says of a path whose last name is gone. */
static bool is_deleted(struct str path)
{
	const struct str mark = STR(" (deleted)");

	return path.len > mark.len && memcmp(path.s + path.len - mark.len, mark.s, mark.len) == 0;
}

/* *DIR is NULL when it is not known. 0 or -ENOMEM. */
static int start_directory(struct model *m, struct str path, struct node **dir)
{
	struct walk w = {0};
	int rc;

	*dir = NULL;
	if (!path.s || path.len == 0 || path.s[0] != '/')
		return 0;
	rc = names_walk(&m->names, m->names.root, m->names.root, path, WALK_PARENT, &w);
	if (rc)
		return rc;
	*dir = w.node;
	if (w.node || w.err || w.pseudo)
		return 0;
	if (w.entry || is_deleted(path)) /* known to be absent: removed before */
		return 0;
	*dir = names_at_start(&m->names, w.at, w.at_name, NULL, S_IFDIR | 0755, STR_NONE);
	return *dir ? 0 : -ENOMEM;
}

static void set_node(struct model *m, void **slot, struct node *n)
{
	if (n)
		node_get(n);
	if (*slot)
		node_put(&m->names, *slot);
	*slot = n;
}

int model_state_task(struct model *m, const struct rec *r)
{
	struct task *t = m->task;
	struct buf full = BUF_INIT;
	struct node *cwd, *root = m->names.root;
	int rc;

	if (t) { /* its end was lost: what it had is no more, and the number is in use again */
		end_siblings(m, t);
		vfd_task_end(&m->vfd, t);
		m->task = NULL;
	}
	t = vfd_task_new(&m->vfd, r->pid, r->tid, vfd_task_of(&m->vfd, r->pid));
	if (!t)
		return -ENOMEM;
	t->id = order_thread(m->order);
	if (t->id == UINT32_MAX)
		return -ENOMEM;
	m->task = t;
	t->process->uid = (uint32_t)model_arg(r, A_UID, 0);
	t->process->gid = (uint32_t)model_arg(r, A_GID, 0);
	t->fs->umask = (uint32_t)model_arg(r, A_MODE, 022) & 0777;
	rc = start_directory(m, r->path, &cwd);
	if (!rc && r->path2.len > 1)
		rc = start_directory(m, r->path2, &root);
	if (rc)
		return rc;
	set_node(m, &t->fs->root, root);
	set_node(m, &t->fs->cwd, cwd);
	m->out->call.path = m->out->call.path2 = STR_NONE;
	if (cwd && !(cwd->mount && cwd->mount->pseudo) && names_path(cwd, &full)) {
		rc = buf_ok(&full) ? model_map(m, buf_as_str(&full), &m->path) : -ENOMEM;
		m->out->call.path = buf_as_str(&m->path);
	}
	buf_free(&full);
	return rc;
}

/* The file behind a descriptor of the start, by its path; NULL when it has none in the replay. */
static struct node *start_file(struct model *m, const struct rec *r, bool *pseudo, int *rc)
{
	struct walk w = {0};
	uint32_t type = r->facts.known ? r->facts.mode & S_IFMT : 0;

	*pseudo = false;
	if (!r->path.len || r->path.s[0] != '/' || is_deleted(r->path) ||
		(type && type != S_IFREG && type != S_IFDIR))
		return NULL;
	*rc = names_walk(&m->names, m->names.root, m->names.root, r->path, WALK_PARENT, &w);
	*pseudo = w.pseudo;
	if (*rc || w.pseudo || w.err)
		return NULL;
	if (!w.node && !w.entry && !w.at->complete)
		return names_at_start(&m->names, w.at, w.at_name, &r->facts, r->facts.mode, STR_NONE);
	return w.node;
}

/*
 * A descriptor may have been opened by somebody who was allowed more, a log of root's for one. What
 * is opened again in the replay must be within its user's reach.
 */
static void make_reachable(const struct task *t, struct node *n, int flags)
{
	struct node *dir;

	if (t->process->uid == 0)
		return;
	n->uid = t->process->uid;
	if ((flags & O_ACCMODE) != O_WRONLY)
		n->mode |= S_IRUSR;
	if ((flags & O_ACCMODE) != O_RDONLY)
		n->mode |= S_IWUSR;
	for (dir = n->parent; dir; dir = dir->parent)
		dir->mode |= S_IXUSR | S_IXOTH;
}

static enum description_kind start_kind(const struct rec *r, bool pseudo)
{
	enum description_kind kind = model_kind_of_text(r->path);
	uint32_t type = r->facts.known ? r->facts.mode & S_IFMT : 0;

	if (kind != DESC_OTHER || !r->path.len || r->path.s[0] != '/')
		return kind;
	if (pseudo)
		return DESC_PSEUDO;
	return type && type != S_IFREG && type != S_IFDIR ? DESC_DEVICE : DESC_OTHER;
}

int model_open_told(struct model *m, const struct rec *r)
{
	int64_t fd = (int32_t)r->arg[0];
	int flags = (int)flags_open_from(m->arch, r->arg[2]);
	struct descriptor *d;
	bool pseudo;
	int rc = 0;
	struct node *n = start_file(m, r, &pseudo, &rc);

	if (rc)
		return rc;
	if (!n) {
		rc = model_open_other(m, fd, start_kind(r, pseudo), flags & O_CLOEXEC);
		return rc ? rc : LEFT_STATE;
	}
	rc = model_open_fd(m, fd, n, flags, false, &d);
	if (rc)
		return rc > 0 ? LEFT_STATE : rc;
	make_reachable(m->task, n, flags);
	d->desc->offset = r->arg[3];
	m->out->call.arg[2] = (uint64_t)flags & ~(uint64_t)(O_CREAT | O_EXCL | O_TRUNC);
	rc = model_map(m, r->path, &m->path);
	m->out->call.path = buf_as_str(&m->path);
	m->out->call.ret = fd;
	m->out->call.has_ret = true;
	return rc;
}

int model_state_fd(struct model *m, const struct rec *r)
{
	if (vfd_get(m->task, (int32_t)r->arg[0])) /* told twice: by two threads of one process */
		return LEFT_STATE;
	return model_open_told(m, r);
}

/* The descriptor through which the map was made; what follows it makes who applies the record. */
int model_state_map(struct model *m, const struct rec *r)
{
	bool writes = r->arg[3] & MAP_SHARED && r->arg[2] & PROT_WRITE;
	struct rec fd = *r;

	fd.op = OP_state_fd;
	fd.arg[0] = r->arg[op_arg_index(OP_mmap, A_FD)];
	fd.arg[1] = fd.arg[3] = 0;
	fd.arg[2] = writes ? O_RDWR : O_RDONLY;
	m->out->call = fd;
	return model_state_fd(m, &fd);
}

/* A descriptor that shares the description of one that was told before, of any process. */
int model_state_dup(struct model *m, const struct rec *r)
{
	int64_t fd = (int32_t)r->arg[0];
	int flags = (int)flags_open_from(m->arch, r->arg[3]), rc;
	struct task *owner = vfd_task_of(&m->vfd, (uint32_t)r->arg[1]);
	struct descriptor *from = owner ? vfd_get(owner, (int32_t)r->arg[2]) : NULL, *d;

	if (vfd_get(m->task, fd)) /* told twice: by two threads of one process */
		return LEFT_STATE;
	d = from ? vfd_dup(&m->vfd, m->task, from, fd)
		 : vfd_open(&m->vfd, m->task, fd, DESC_OTHER, NULL, flags);
	if (!d)
		return -ENOMEM;
	d->cloexec = flags & O_CLOEXEC;
	if (!from || from->vfd == VFD_NUMBER_NONE)
		return LEFT_STATE;
	m->out->newfd = vfd_number(&m->vfd, d);
	m->out->call.arg[2] = from->vfd;
	m->out->call.ret = fd;
	m->out->call.has_ret = true;
	rc = model_touch(m, from->order, TOUCH_SHARE);
	return rc ? rc : model_touch(m, d->order, TOUCH_EXCLUSIVE);
}

/* The walk enters what is mounted on a pseudo file system before anything tells what it is. */
static void top_is(struct node *n, const struct facts *facts)
{
	const struct node *above = n->parent;

	if (!above || !above->mount || !above->mount->pseudo || n->mount == above->mount || n->in_inodes)
		return;
	n->mode = n->allowed = facts->mode;
	n->uid = facts->uid;
	n->gid = facts->gid;
}

int model_state_path(struct model *m, const struct rec *r)
{
	struct walk w = {0};
	struct node *n;
	int rc;

	if (!r->path.len || r->path.s[0] != '/')
		return LEFT_MALFORMED;
	rc = names_walk(&m->names, m->names.root, m->names.root, r->path,
		WALK_NOFOLLOW | (r->facts.absent ? 0 : WALK_PARENT), &w);
	if (rc || w.pseudo)
		return rc ? rc : LEFT_STATE;
	if (w.node && r->facts.known)
		top_is(w.node, &r->facts);
	if (w.err || w.entry || !w.at_name.len || w.at->complete) { /* known already, or of no use */
		rc = w.node || !r->facts.known ? 0 : outside_told(m, r);
		return rc ? rc : LEFT_STATE;
	}
	if (r->facts.absent)
		return names_set(&m->names, w.at, w.at_name, NULL) ? LEFT_STATE : -ENOMEM;
	n = names_at_start(&m->names, w.at, w.at_name, &r->facts, r->facts.mode, r->path2);
	if (!n)
		return -ENOMEM;
	if (n->start != m->names.start.n) /* another name of a file that calls have changed since */
		return LEFT_STATE;
	if (r->nvec && node_is_file(n) && !n->size.extents)
		rc = vsize_at_start(&n->size, r->facts.size, r->vec, r->nvec, true);
	else if (r->nvec == 2 && node_is_dir(n))
		rc = model_default_acl_at_start(n, r->vec[0], r->vec[1]);
	else if (node_is_file(n) && r->facts.size >= VSIZE_PAGE && r->facts.blocks == 0 && !n->size.extents)
		rc = vsize_at_start(&n->size, r->facts.size, NULL, 0, true); /* all of it a hole */
	return rc ? rc : LEFT_STATE;
}

int model_state_thread(struct model *m, const struct rec *r)
{
	m->task->another = (uint32_t)model_arg(r, A_UID, 0) != m->task->process->uid;
	return LEFT_STATE;
}

int model_lost(struct model *m, const struct rec *r)
{
	m->captured_lost += r->arg[0];
	return LEFT_STATE;
}

int model_end(struct model *m, const struct rec *r)
{
	(void)r;
	m->end_seen = true;
	return LEFT_STATE;
}
