/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "import/import_parts.h"

/* What was so at the start, as the calls tell it: descriptors, working directories, files. */

/* ---- paths ---- */

static void add_components(struct buf *out, struct str path, bool *known)
{
	struct str part;

	while (str_take_char(&path, '/', &part)) {
		if (part.len == 0 || str_eqs(part, "."))
			continue;
		if (str_eqs(part, ".."))
			*known = false;
		buf_char(out, '/');
		buf_str(out, part);
	}
}

bool full_path(struct import *im, const struct proc *p, struct str dir, struct str path, struct buf *out)
{
	bool known = true;

	out->len = 0;
	if (path.len && path.s[0] == '/') {
		add_components(out, path, &known);
	} else {
		if (dir.s && st_unescape(&im->scratch.text, dir))
			dir = buf_as_str(&im->scratch.text);
		else
			dir = buf_as_str(&p->cwd);
		if (!dir.len || dir.s[0] != '/')
			return false;
		add_components(out, dir, &known);
		add_components(out, path, &known);
	}
	if (!out->len)
		buf_char(out, '/');
	return known && buf_ok(out);
}

/* ---- names ---- */

static struct seen *find(struct import *im, struct str path)
{
	uint64_t hash = hash_bytes(path.s, path.len, 0);
	struct hnode *n;

	for (n = hmap_first(&im->names, hash); n; n = hmap_next(n))
		if (str_eqs(path, hmap_entry(n, struct seen, node)->path))
			return hmap_entry(n, struct seen, node);
	return NULL;
}

/* The program made it, or a directory that leads to it. */
static bool is_made(struct import *im, struct str path)
{
	const struct seen *s;

	while (path.len > 1) {
		s = find(im, path);
		if (s && s->made)
			return true;
		while (path.len > 1 && path.s[path.len - 1] != '/')
			path.len--;
		if (path.len > 1)
			path.len--;
	}
	return false;
}

static struct seen *note(struct import *im, struct str path)
{
	struct seen *s = find(im, path);

	if (s)
		return s;
	s = calloc(1, sizeof(*s));
	if (s)
		s->path = strndup(path.s, path.len);
	if (s && s->path && !hmap_insert(&im->names, &s->node, hash_bytes(path.s, path.len, 0))) {
		s->made = is_made(im, path);
		return s;
	}
	if (s)
		free(s->path);
	free(s);
	return NULL;
}

/* Calls that make, move or take away what their names lead to. */
static bool changes(const struct rec *r)
{
	return op_changes_names(r->op) || r->op == OP_creat || rec_open_flags(r) & O_CREAT;
}

static bool writes(const struct rec *r)
{
	uint64_t flags = rec_open_flags(r);

	if (r->op == OP_truncate)
		return true;
	return (ops[r->op].flags & OPF_NEWFD) && ((flags & O_ACCMODE) != O_RDONLY || flags & O_TRUNC);
}

static int tell(struct import *im, struct seen *s, const struct st_call *call, const struct rec *r)
{
	struct facts f;
	struct str target;
	bool whole;

	if (s->made)
		return 0;
	if ((r->op == OP_readlink || r->op == OP_readlinkat) && !s->target) {
		struct str text = st_arg(call, r->op, A_RBUF);

		if (st_string(&im->scratch.text, text, &target) != ST_WHOLE || (int64_t)target.len != r->ret)
			return 0;
		s->target = strndup(target.s, target.len);
		s->facts = (struct facts){.known = true, .mode = S_IFLNK | 0777, .nlink = 1, .size = target.len};
		s->told = true;
		return s->target ? 0 : -ENOMEM;
	}
	if (!st_stat(call, r->op, &f, &whole) || (f.mode & S_IFMT) == S_IFLNK)
		return 0;
	if (s->told || (s->dirty && S_ISREG(f.mode)))
		return 0;
	s->facts = f;
	s->told = true;
	if (!whole) {
		s->facts.nlink = 1;
		s->facts.uid = (uint32_t)im->uid;
		s->facts.blocks = (f.size + 511) / 512;
	}
	return 0;
}

static int learn_name(struct import *im, struct task *t, const struct st_call *call, const struct rec *r,
	enum arg_kind dir, struct str path)
{
	struct str at = STR_NONE, fd = st_arg(call, r->op, dir);
	struct seen *s;
	uint64_t number;

	if (fd.len)
		st_fd(fd, &number, &at);
	if (!full_path(im, t->proc, at, path, &im->path))
		return 0;
	s = note(im, buf_as_str(&im->path));
	if (!s)
		return -ENOMEM;
	if (changes(r))
		s->made = true;
	if (writes(r))
		s->dirty = true;
	return tell(im, s, call, r);
}

/* A stat through a descriptor is of the name that it leads to, if that name was used as it is. */
static int learn_descriptor(struct import *im, const struct st_call *call, const struct rec *r)
{
	struct str fd = st_arg(call, r->op, r->op == OP_fstat ? A_FD : A_DIRFD), path;
	struct seen *s;
	uint64_t number;

	if (st_fd(fd, &number, &path) || !path.len || path.s[0] != '/' || !st_unescape(&im->scratch.text, path))
		return 0;
	s = find(im, buf_as_str(&im->scratch.text));
	return s ? tell(im, s, call, r) : 0;
}

int learn_names(struct import *im, struct task *t, const struct st_call *call, const struct rec *r)
{
	int rc = 0;

	if (!r->has_ret || r->ret < 0)
		return 0;
	if (r->op == OP_fstat || (op_has(r->op, A_ATFLAGS) && r->path.s && !r->path.len &&
					 rec_arg(r, A_ATFLAGS, 0) & AT_EMPTY_PATH))
		return learn_descriptor(im, call, r);
	if (r->path.len && op_has(r->op, A_PATH))
		rc = learn_name(im, t, call, r, A_DIRFD, r->path);
	if (!rc && r->path2.len && op_has(r->op, A_PATH2))
		rc = learn_name(im, t, call, r, A_DIRFD2, r->path2);
	return rc;
}

static int by_path(const void *a, const void *b)
{
	return strcmp((*(struct seen *const *)a)->path, (*(struct seen *const *)b)->path);
}

/* In front, in an order in which directories come before what is in them. */
int write_names(struct import *im)
{
	struct seen **all = calloc(im->names.n + 1, sizeof(*all)), *s;
	struct hnode *h, *tmp;
	size_t i, n = 0;
	struct rec rec;
	int rc = 0;

	if (!all)
		return -ENOMEM;
	hmap_each(&im->names, h, tmp, i) {
		s = hmap_entry(h, struct seen, node);
		if (s->told)
			all[n++] = s;
	}
	qsort(all, n, sizeof(*all), by_path);
	for (i = 0; i < n && !rc; i++) {
		if (!all[i]->facts.ino) /* strace -v tells it; else each name is a file of its own */
			all[i]->facts.ino = i + 1;
		rec = (struct rec){.t = im->first,
			.op = OP_state_path,
			.path = str_of(all[i]->path),
			.path2 = str_of(all[i]->target),
			.facts = all[i]->facts};
		rc = import_emit(im, &rec);
		im->res->told++;
	}
	free(all);
	return rc;
}

void forget_names(struct import *im)
{
	struct hnode *h, *tmp;
	size_t i;

	hmap_each(&im->names, h, tmp, i) {
		struct seen *s = hmap_entry(h, struct seen, node);

		free(s->path);
		free(s->target);
		free(s);
	}
	hmap_free(&im->names);
}

/* ---- descriptors ---- */

/* True when FD was opened or closed since the start; it is from now on if OWN. */
static bool is_own(struct proc *p, uint64_t fd, bool own)
{
	size_t at = fd / 8, had;

	if (fd >= FDS_MAX)
		return true;
	if (at >= p->own.n) {
		if (!own || !vec_grow((void **)&p->own.v, &p->own.cap, at + 1, 1))
			return false;
		memset(p->own.v + p->own.n, 0, at + 1 - p->own.n);
		p->own.n = at + 1;
	}
	had = p->own.v[at] >> fd % 8 & 1;
	if (own)
		p->own.v[at] |= (uint8_t)(1 << fd % 8);
	return had;
}

static int use_fd(struct import *im, struct task *t, const struct rec *r, struct str value, bool written)
{
	struct start *start = t->proc->start < im->starts.n ? &im->starts.v[t->proc->start] : NULL;
	struct start_fd *s = NULL;
	struct str path;
	uint64_t fd;
	size_t i;

	if (!start || st_fd(value, &fd, &path) || is_own(t->proc, fd, r->op == OP_close))
		return 0;
	for (i = 0; i < start->fds.n && !s; i++)
		if (start->fds.v[i].fd == fd)
			s = &start->fds.v[i];
	if (!s) {
		s = vec_push(&start->fds);
		if (!s)
			return -ENOMEM;
		s->fd = (uint32_t)fd;
	}
	if (!s->path && path.s)
		s->path = strndup(path.s, path.len);
	s->read |= ops[r->op].cls == CLS_READ || (ops[r->op].cls == CLS_TRANSFER && !written);
	s->written |= ops[r->op].cls == CLS_WRITE || (ops[r->op].cls == CLS_TRANSFER && written) ||
		      r->op == OP_ftruncate || r->op == OP_fallocate;
	if (r->op == OP_fcntl && r->arg[1] == F_GETFL && !s->has_flags) {
		s->has_flags = true;
		s->flags = (uint64_t)r->ret;
	}
	return 0;
}

static void open_fd(struct task *t, const struct rec *r)
{
	bool dups = r->op != OP_fcntl || r->arg[1] == F_DUPFD || r->arg[1] == F_DUPFD_CLOEXEC;
	int second = op_arg_index(r->op, A_FDS2), first = op_arg_index(r->op, A_FDS);

	if ((ops[r->op].flags & OPF_NEWFD) && dups)
		is_own(t->proc, (uint64_t)r->ret, true);
	if (first >= 0 && second >= 0) {
		is_own(t->proc, r->arg[first], true);
		is_own(t->proc, r->arg[second], true);
	}
}

int learn_fds(struct import *im, struct task *t, const struct st_call *call, const struct rec *r)
{
	int rc = 0;

	if (!r->has_ret || r->ret < 0)
		return 0;
	if (op_has(r->op, A_FD))
		rc = use_fd(im, t, r, st_arg(call, r->op, A_FD), false);
	if (!rc && op_has(r->op, A_FD2))
		rc = use_fd(im, t, r, st_arg(call, r->op, A_FD2), true);
	if (!rc && op_has(r->op, A_DIRFD) && r->path.s && (!r->path.len || r->path.s[0] != '/') &&
		!str_starts(st_arg(call, r->op, A_DIRFD), STR("AT_FDCWD")))
		rc = use_fd(im, t, r, st_arg(call, r->op, A_DIRFD), false);
	open_fd(t, r);
	return rc;
}

static int write_fd(struct import *im, const struct task *t, const struct start_fd *s)
{
	struct rec rec = {.t = im->first, .pid = t->proc->pid, .tid = t->tid, .op = OP_state_fd};
	struct str path = str_of(s->path);
	const char *device = memchr(path.s ? path.s : "", '<', path.len); /* -yy: "/dev/null<char 1:3>" */

	if (device)
		path.len = (size_t)(device - path.s);
	rec.arg[0] = s->fd;
	rec.arg[2] = s->has_flags ? s->flags : s->written ? s->read ? O_RDWR : O_WRONLY : O_RDONLY;
	if (path.s && st_unescape(&im->scratch.text, path))
		rec.path = buf_as_str(&im->scratch.text);
	return import_emit(im, &rec);
}

int write_start(struct import *im, struct task *t, size_t start)
{
	const struct start *s = &im->starts.v[start];
	struct rec rec = {.t = im->first, .pid = t->proc->pid, .tid = t->tid, .op = OP_state_task};
	size_t i;
	int rc;

	rec.path = str_of(s->cwd);
	rec.path2 = STR("/");
	rec.arg[op_arg_index(OP_state_task, A_MODE)] = 022;
	rec.arg[op_arg_index(OP_state_task, A_UID)] = im->uid;
	rec.arg[op_arg_index(OP_state_task, A_GID)] = im->uid;
	im->res->no_cwd |= !s->cwd;
	rc = import_emit(im, &rec);
	for (i = 0; i < s->fds.n && !rc; i++)
		rc = write_fd(im, t, &s->fds.v[i]);
	if (s->cwd) {
		t->proc->cwd.len = 0;
		buf_puts(&t->proc->cwd, s->cwd);
	}
	return rc;
}
