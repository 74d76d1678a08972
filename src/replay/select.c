/* SPDX-License-Identifier: Apache-2.0 */
#include "replay/select.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "datas/arena.h"
#include "datas/hmap.h"
#include "ops/words.h"
#include "trace/replay.h"
#include "tree/tree.h"

const char *const stay_reasons[STAY_COUNT] = {"make a descriptor that is used",
	"move to where others go on", "write what is read later", "change what others may find"};

/* ---- what is wanted ---- */

enum term_kind { TERM_OPERATION, TERM_PROCESS, TERM_PATH, TERM_KINDS };

/* The kind of TERM and what stands behind its "=". */
static enum term_kind term_kind(struct str *term)
{
	struct str key, rest = *term;

	if (!str_take_char(&rest, '=', &key) || !rest.s)
		return TERM_OPERATION;
	*term = rest;
	return str_eqs(key, "process") ? TERM_PROCESS : str_eqs(key, "path") ? TERM_PATH : TERM_KINDS;
}

int selection_check(const char *text, struct err *err)
{
	struct str rest = str_of(text), term;
	uint64_t n;
	bool known;
	int i;

	while (str_take_char(&rest, ',', &term)) {
		struct str value = term;
		enum term_kind kind = term_kind(&value);

		known = kind == TERM_PATH ? value.len > 0 : kind == TERM_PROCESS && str_u64(value, &n) == 0;
		for (i = 0; kind == TERM_OPERATION && !known && i < OP_COUNT; i++)
			known = value.len && !(ops[i].flags & OPF_STATE) && words_name(value, &ops[i]);
		if (!known)
			return err_set(err, EINVAL, "\"%.*s\" is no operation, family, class, process=N or "
				"path=PATTERN",
				(int)term.len, term.s);
	}
	return 0;
}

/* Terms of one kind are alternatives; of each kind that is there one must match. */
static bool list_matches(const char *text, enum op_id op, uint32_t process, const char *const path[2])
{
	bool there[TERM_KINDS] = {false}, match[TERM_KINDS] = {false};
	struct str rest = str_of(text), term;
	uint64_t n;
	int i;

	while (str_take_char(&rest, ',', &term)) {
		enum term_kind kind = term_kind(&term);

		there[kind] = true;
		if (kind == TERM_OPERATION)
			match[kind] |= words_name(term, &ops[op]);
		else if (kind == TERM_PROCESS)
			match[kind] |= str_u64(term, &n) == 0 && n == process;
		else
			for (i = 0; i < 2; i++)
				match[kind] |= path[i] && words_match(term, path[i]);
	}
	for (i = 0; i < TERM_KINDS; i++)
		if (there[i] && !match[i])
			return false;
	return true;
}

/* ---- what the operations do ---- */

#define NOTHING UINT32_MAX

enum {
	WANTED = 1,
	STAYS = 2,
	MAKES_FD = 4,
	MOVES = 8,	/* the place in a description */
	LENGTHENS = 16, /* a file */
	GOES_ON = 32,	/* from where the one before it ended */
	SEEKS = 64,	/* to a place of its own */
	READS = 128,	/* or looks for the end */
	CLOSES = 256,
	NEEDS_ALL = 512 /* descriptors, which it names in ways of its own */
};

struct deed {
	uint32_t flags, op;
	uint32_t makes;		/* descriptor */
	uint32_t description;	/* that it moves, or goes on from */
	uint32_t file;		/* that it lengthens or reads */
	uint32_t uses, nuses;	/* in the vector of descriptors; of a fork, child and parent in turn */
};

/* A file, by the name that it was opened with or was renamed to. */
struct known_file {
	struct hnode node;
	struct str path;
	uint32_t number;
	bool has_entries; /* files below it are known by name */
};

struct open_fd {
	uint32_t description; /* + 1 */
};

struct reading {
	const struct options *o;
	struct arena arena;
	struct hmap files;
	VEC(uint64_t) lengths; /* by file */
	VEC(const char *) names; /* by file; as the program knew it */
	VEC(struct str) paths;	 /* by file; its first */
	VEC(struct str) cwds;	 /* by process */
	VEC(struct { uint64_t place; uint32_t file; bool append; }) descriptions; /* number 0: not known */
	VEC(struct open_fd) fds;
	VEC(struct deed) deeds;
	VEC(uint32_t) uses;
	uint64_t n; /* operations so far */
	VEC(uint32_t) file_of; /* by operation, with --by */
	bool one_tree; /* on no mount point of what was captured */
	bool vague; /* directories were renamed: names lead to other files */
	bool failed;
};

static struct known_file *file_find(struct reading *r, struct str path)
{
	uint64_t hash = hash_bytes(path.s, path.len, 0);
	struct hnode *n;

	for (n = hmap_first(&r->files, hash); n; n = hmap_next(n)) {
		struct known_file *f = hmap_entry(n, struct known_file, node);

		if (str_eq(f->path, path))
			return f;
	}
	return NULL;
}

/* PLACE/.ioriot/NAME/rest was PLACE/rest; or /rest, where one tree has all. */
static const char *original_name(struct reading *r, struct str path)
{
	char *text = arena_strdup(&r->arena, path);
	char *at = text ? strstr(text, "/" TREE_DIR "/") : NULL, *rest;

	if (!at)
		return text;
	rest = strchr(at + strlen("/" TREE_DIR "/"), '/');
	if (!rest)
		return text;
	if (r->one_tree)
		at = text;
	memmove(at, rest, strlen(rest) + 1);
	return text;
}

static uint32_t file_number(struct reading *r, struct str path);

/* A directory above it that is renamed renames it, too. */
static void note_directory(struct reading *r, struct str path)
{
	const char *slash = memrchr(path.s, '/', path.len);
	struct known_file *f;

	if (!slash || slash == path.s)
		return;
	path.len = (size_t)(slash - path.s);
	if (file_number(r, path) == NOTHING)
		return;
	f = file_find(r, path);
	if (f)
		f->has_entries = true;
}

static uint32_t file_number(struct reading *r, struct str path)
{
	struct known_file *f = file_find(r, path);
	uint64_t *length;
	const char **name;
	struct str *first;

	if (f)
		return f->number;
	f = arena_alloc(&r->arena, sizeof(*f));
	length = vec_push(&r->lengths);
	name = vec_push(&r->names);
	first = vec_push(&r->paths);
	if (!f || !length || !name || !first)
		goto failed;
	f->path = (struct str){arena_strdup(&r->arena, path), path.len};
	f->number = (uint32_t)r->lengths.n - 1;
	*name = original_name(r, path);
	if (!f->path.s || !*name || hmap_insert(&r->files, &f->node, hash_bytes(path.s, path.len, 0)))
		goto failed;
	*first = f->path;
	note_directory(r, f->path);
	return f->number;
failed:
	r->failed = true;
	return NOTHING;
}

static void file_rename(struct reading *r, struct str from, struct str to)
{
	struct known_file *f = from.s ? file_find(r, from) : NULL, *old = to.s ? file_find(r, to) : NULL;
	uint32_t number;

	if (!from.s || !to.s || (f && f->has_entries)) {
		r->vague = true;
		return;
	}
	number = f ? f->number : file_number(r, from);
	if (number == NOTHING)
		return;
	if (old) {
		old->number = number;
		return;
	}
	f = arena_alloc(&r->arena, sizeof(*f));
	if (f)
		*f = (struct known_file){
			.path = {arena_strdup(&r->arena, to), to.len}, .number = number};
	if (!f || !f->path.s || hmap_insert(&r->files, &f->node, hash_bytes(to.s, to.len, 0)))
		r->failed = true;
}

static struct open_fd *fd_at(struct reading *r, uint32_t vfd)
{
	/* numbers are dense in what generate writes */
	if (vfd >= VFD_CWD || vfd > 16 * r->n + (1u << 20))
		return NULL;
	while (r->fds.n <= vfd)
		if (!vec_push(&r->fds)) {
			r->failed = true;
			return NULL;
		}
	return &r->fds.v[vfd];
}

static uint32_t description_of(struct reading *r, uint64_t vfd)
{
	struct open_fd *fd = vfd < VFD_CWD ? fd_at(r, (uint32_t)vfd) : NULL;

	return fd && fd->description ? fd->description - 1 : 0;
}

static void fd_is(struct reading *r, uint32_t vfd, uint32_t description)
{
	struct open_fd *fd = fd_at(r, vfd);

	if (fd)
		fd->description = description + 1;
}

static struct str *cwd_of(struct reading *r, uint32_t process)
{
	if (process > 16 * r->n + (1u << 20))
		return NULL;
	while (r->cwds.n <= process)
		if (!vec_push(&r->cwds)) {
			r->failed = true;
			return NULL;
		}
	return &r->cwds.v[process];
}

/* The directory that names of this call begin in; {NULL} when it is not known. */
static struct str base_of(struct reading *r, const struct rline *line, enum arg_kind kind)
{
	int i = op_arg_index(line->call.op, kind);
	uint32_t file;
	struct str *cwd;

	if (i >= 0 && (uint32_t)line->call.arg[i] != VFD_CWD) {
		file = r->descriptions.v[description_of(r, line->call.arg[i])].file;
		return file == NOTHING ? STR_NONE : r->paths.v[file];
	}
	cwd = cwd_of(r, line->process);
	return cwd ? *cwd : STR_NONE;
}

/* PATH as one name whatever way it was written; {NULL} when that is not known. */
static struct str resolve(struct reading *r, const struct rline *line, enum arg_kind base, struct str path)
{
	struct str rest = path, part, dir = STR("");
	struct buf whole = BUF_INIT;
	uint32_t vfd;

	if (!path.s || replay_path_fd(path, &vfd))
		return STR_NONE;
	if (path.len == 0 || path.s[0] != '/')
		dir = base_of(r, line, base);
	if (!dir.s)
		return STR_NONE;
	buf_str(&whole, dir);
	while (str_take_char(&rest, '/', &part))
		if (part.len && !str_eqs(part, ".")) {
			buf_char(&whole, '/');
			buf_str(&whole, part);
		}
	part = (struct str){arena_strdup(&r->arena, buf_as_str(&whole)), whole.len};
	r->failed |= !buf_ok(&whole) || !part.s;
	buf_free(&whole);
	return part;
}

static void note_cwd(struct reading *r, const struct rline *line)
{
	const struct rec *c = &line->call;
	struct str *cwd = cwd_of(r, line->process), *child, own;

	if (!cwd)
		return;
	own = *cwd;
	if (c->op == OP_state_task && c->path.len)
		*cwd = resolve(r, line, A_DIRFD, c->path);
	else if (c->op == OP_chdir && c->ret >= 0)
		*cwd = resolve(r, line, A_DIRFD, c->path);
	else if (c->op == OP_fchdir && c->ret >= 0)
		*cwd = base_of(r, line, A_FD);
	else if (ops[c->op].flags & OPF_FORK && line->new_process != UINT32_MAX) {
		child = cwd_of(r, line->new_process);
		if (child)
			*child = own;
	}
}

static void fd_opened(struct reading *r, uint32_t vfd, struct str path, uint64_t flags, uint64_t place)
{
	uint32_t file = path.s ? file_number(r, path) : NOTHING;

	if (!vec_push(&r->descriptions)) {
		r->failed = true;
		return;
	}
	r->descriptions.v[r->descriptions.n - 1].file = file;
	r->descriptions.v[r->descriptions.n - 1].place = place;
	r->descriptions.v[r->descriptions.n - 1].append = (flags & O_APPEND) != 0;
	if (file != NOTHING && flags & O_TRUNC)
		r->lengths.v[file] = 0;
	fd_is(r, vfd, (uint32_t)r->descriptions.n - 1);
}

static uint64_t open_flags(const struct rec *c)
{
	int i = op_arg_index(c->op, A_OFLAGS);

	if (i < 0)
		i = op_arg_index(c->op, A_HOW);
	return i < 0 ? O_CREAT | O_TRUNC : c->arg[i];
}

static void use(struct reading *r, struct deed *d, uint64_t vfd)
{
	uint32_t *slot;

	if (vfd >= VFD_CWD)
		return;
	slot = vec_push(&r->uses);
	if (!slot) {
		r->failed = true;
		return;
	}
	*slot = (uint32_t)vfd;
	d->nuses++;
	fd_at(r, (uint32_t)vfd);
}

static void use_path(struct reading *r, struct deed *d, struct str path)
{
	uint32_t vfd;

	if (path.s && replay_path_fd(path, &vfd))
		use(r, d, vfd);
}

static void note_uses(struct reading *r, struct deed *d, const struct rline *line)
{
	const struct rec *c = &line->call;
	uint32_t i;

	for (i = 0; i < OP_ARGS; i++)
		if (arg_infos[ops[c->op].arg[i]].form == FORM_FD)
			use(r, d, c->arg[i]);
	use_path(r, d, c->path);
	use_path(r, d, c->path2);
	if (c->op == OP_ioctl || ops[c->op].family == FAM_AIO || c->op == OP_sendmsg || c->op == OP_sendmmsg ||
		c->op == OP_pidfd_getfd || c->op == OP_recv_fd)
		d->flags |= NEEDS_ALL;
}

static void note_fork(struct reading *r, struct deed *d, const struct rline *line)
{
	uint32_t i;

	for (i = 0; i < line->nlist; i++) {
		if (line->list[i].kind != VITEM_PAIR)
			continue;
		fd_is(r, line->list[i].b, description_of(r, line->list[i].a));
		use(r, d, line->list[i].b);
		use(r, d, line->list[i].a);
	}
}

/* What moves the place of a description, or begins there, and how far a write reaches. */
static void note_data(struct reading *r, struct deed *d, const struct rec *c)
{
	bool at_place = op_arg_index(c->op, A_OFF) < 0, write = ops[c->op].cls == CLS_WRITE;
	uint64_t start, end;

	d->description = description_of(r, c->arg[0]);
	if (d->description == 0 || r->descriptions.v[d->description].file == NOTHING) {
		d->flags |= write ? STAYS : READS;
		d->file = NOTHING;
		if (at_place)
			d->flags |= MOVES | GOES_ON;
		return;
	}
	d->file = r->descriptions.v[d->description].file;
	d->flags |= write ? 0 : READS;
	start = at_place ? r->descriptions.v[d->description].place : c->arg[op_arg_index(c->op, A_OFF)];
	if (r->descriptions.v[d->description].append && write)
		start = r->lengths.v[d->file];
	if (__builtin_add_overflow(start, (uint64_t)c->ret, &end))
		end = UINT64_MAX;
	if (at_place) {
		d->flags |= MOVES | GOES_ON;
		r->descriptions.v[d->description].place = end;
	}
	if (write && (end > r->lengths.v[d->file] || r->vague)) {
		d->flags |= LENGTHENS | (r->vague ? STAYS : 0);
		r->lengths.v[d->file] = end > r->lengths.v[d->file] ? end : r->lengths.v[d->file];
	}
}

static void note_seek(struct reading *r, struct deed *d, const struct rec *c)
{
	d->description = description_of(r, c->arg[0]);
	d->file = r->descriptions.v[d->description].file;
	d->flags |= MOVES | (c->arg[2] == SEEK_CUR ? GOES_ON : SEEKS);
	if (c->arg[2] != SEEK_SET && c->arg[2] != SEEK_CUR)
		d->flags |= READS;
	r->descriptions.v[d->description].place = (uint64_t)c->ret;
}

/* What nobody else notices. */
static bool only_looks(enum op_id op)
{
	switch (op) {
	case OP_fsync: case OP_fdatasync: case OP_sync: case OP_syncfs: case OP_sync_file_range:
	case OP_fadvise64: case OP_readahead: case OP_cachestat: case OP_msync: case OP_map_read: case OP_map_write:
	case OP_stat: case OP_lstat: case OP_fstat: case OP_newfstatat: case OP_statx: case OP_statfs: case OP_fstatfs:
	case OP_access: case OP_faccessat: case OP_faccessat2: case OP_readlink: case OP_readlinkat: case OP_getcwd:
	case OP_name_to_handle_at: case OP_file_getattr: case OP_getxattr: case OP_lgetxattr: case OP_fgetxattr:
	case OP_listxattr: case OP_llistxattr: case OP_flistxattr: case OP_getxattrat: case OP_listxattrat:
		return true;
	default:
		return false;
	}
}

static void note_new_fd(struct reading *r, struct deed *d, const struct rline *line)
{
	const struct rec *c = &line->call;
	uint64_t flags = open_flags(c);

	d->flags |= MAKES_FD;
	d->makes = line->newfd;
	if (c->op == OP_dup || c->op == OP_dup2 || c->op == OP_dup3 || c->op == OP_fcntl) {
		fd_is(r, line->newfd, description_of(r, c->arg[0]));
		d->flags |= line->nlist ? STAYS : 0; /* what it closed is closed */
		return;
	}
	if (c->op == OP_state_dup || c->op == OP_pidfd_getfd || c->op == OP_recv_fd || ops[c->op].family == FAM_AIO) {
		d->flags |= STAYS;
		fd_is(r, line->newfd, 0);
		return;
	}
	if (flags & (O_CREAT | O_TRUNC | __O_TMPFILE) || ops[c->op].flags & OPF_STATE)
		d->flags |= STAYS;
	fd_opened(r, line->newfd, resolve(r, line, A_DIRFD, c->path), flags, c->op == OP_state_fd ? c->arg[3] : 0);
}

static void note_effect(struct reading *r, struct deed *d, const struct rline *line)
{
	const struct rec *c = &line->call;
	enum op_class cls = ops[c->op].cls;

	if (ops[c->op].flags & OPF_NEWFD && line->newfd != VFD_NONE) {
		note_new_fd(r, d, line);
	} else if (ops[c->op].flags & (OPF_STATE | OPF_FORK) || ops[c->op].family == FAM_AIO ||
		   ops[c->op].family == FAM_Process) {
		d->flags |= STAYS;
	} else if (only_looks(c->op) || !c->has_ret || c->ret < 0) {
		return;
	} else if (c->op == OP_close) {
		d->flags |= CLOSES;
	} else if (c->op == OP_lseek) {
		note_seek(r, d, c);
	} else if (op_has(c->op, A_FD) && (cls == CLS_READ || cls == CLS_WRITE)) {
		note_data(r, d, c);
	} else {
		d->flags |= STAYS | (cls == CLS_TRANSFER || c->op == OP_mmap ? READS | GOES_ON : 0);
		if (op_has(c->op, A_FD))
			d->description = description_of(r, c->arg[op_arg_index(c->op, A_FD)]);
		d->file = r->descriptions.v[d->description].file;
	}
	if (c->ret >= 0 && op_has(c->op, A_PATH2) && (ops[c->op].flags & OPF_STATE) == 0 &&
		(c->op == OP_rename || c->op == OP_renameat || c->op == OP_renameat2 || c->op == OP_link ||
			c->op == OP_linkat))
		file_rename(r, resolve(r, line, A_DIRFD, c->path), resolve(r, line, A_DIRFD2, c->path2));
}

/* The file of the descriptor that an operation is about, or NOTHING. */
static uint32_t fd_file_of(const struct reading *r, const struct deed *d, const struct rec *c, uint32_t description)
{
	uint32_t file = op_has(c->op, A_FD) ? r->descriptions.v[description].file : NOTHING;

	return file == NOTHING ? d->file : file;
}

static uint32_t own_description(struct reading *r, const struct rec *c)
{
	return op_has(c->op, A_FD) ? description_of(r, c->arg[op_arg_index(c->op, A_FD)]) : 0;
}

/* For --by: the file of an operation is the one that it names, else that of its descriptor. */
static void note_file(struct reading *r, const struct deed *d, const struct rline *line)
{
	const struct rec *c = &line->call;
	struct str own = op_has(c->op, A_PATH) ? resolve(r, line, A_DIRFD, c->path) : STR_NONE;
	uint32_t *slot = vec_push(&r->file_of);

	if (!slot)
		r->failed = true;
	else if (ops[c->op].flags & OPF_STATE)
		*slot = NOTHING;
	else
		*slot = own.s ? file_number(r, own) : fd_file_of(r, d, c, own_description(r, c));
}

static bool wanted(struct reading *r, const struct deed *d, const struct rline *line)
{
	const struct rec *c = &line->call;
	const char *path[2] = {NULL, NULL};
	uint32_t fd_file = fd_file_of(r, d, c, own_description(r, c));

	struct str own = op_has(c->op, A_PATH) ? resolve(r, line, A_DIRFD, c->path) : STR_NONE;
	struct str other = op_has(c->op, A_PATH2) ? resolve(r, line, A_DIRFD2, c->path2) : STR_NONE;

	if (own.s)
		path[0] = original_name(r, own);
	if (!path[0] && fd_file != NOTHING)
		path[0] = r->names.v[fd_file];
	if (other.s)
		path[1] = original_name(r, other);
	return (!r->o->only || list_matches(r->o->only, c->op, line->process, path)) &&
	       !(r->o->skip && list_matches(r->o->skip, c->op, line->process, path));
}

static bool selects(const struct options *o)
{
	return o->only || o->skip;
}

static int take_line(struct reading *r, const struct rline *line)
{
	struct deed *d, own = {.makes = NOTHING, .file = NOTHING, .uses = (uint32_t)r->uses.n};

	r->n++;
	own.op = line->call.op;
	note_uses(r, &own, line);
	if (ops[line->call.op].flags & OPF_FORK) {
		own.uses = (uint32_t)r->uses.n;
		own.nuses = 0;
		note_fork(r, &own, line);
	}
	note_effect(r, &own, line);
	if (r->o->by)
		note_file(r, &own, line);
	note_cwd(r, line);
	if (!selects(r->o)) {
		r->uses.n = 0;
		return r->failed ? -ENOMEM : 0;
	}
	d = vec_push(&r->deeds);
	if (!d)
		return -ENOMEM;
	if (own.flags & STAYS && ops[line->call.op].flags & OPF_STATE)
		own.flags |= WANTED; /* nobody asked for these, and nobody is told */
	else if (wanted(r, &own, line))
		own.flags |= WANTED;
	*d = own;
	return r->failed ? -ENOMEM : 0;
}

/* ---- who needs what, from the end ---- */

struct needs {
	uint8_t *fd, *place, *length; /* by descriptor, description, file */
	uint8_t *missing;	      /* by descriptor: what made it is left out */
	bool all;	  /* descriptors */
	bool all_lengths; /* something is read whose name is not known */
};

static int stays_for(const struct deed *d, const struct needs *n)
{
	if (d->flags & STAYS)
		return STAY_EFFECT;
	if (d->flags & MAKES_FD && (n->all || n->fd[d->makes]))
		return STAY_FD;
	if (d->flags & MOVES && n->place[d->description])
		return STAY_PLACE;
	if (d->flags & LENGTHENS && (n->all_lengths || n->length[d->file]))
		return STAY_LENGTH;
	return -1;
}

static void add_needs(struct reading *r, const struct deed *d, struct needs *n)
{
	const uint32_t *use_of = r->uses.v + d->uses;
	uint32_t i;

	n->all |= (d->flags & NEEDS_ALL) != 0;
	if (d->flags & SEEKS && d->description)
		n->place[d->description] = 0;
	if (d->flags & GOES_ON)
		n->place[d->description] = 1;
	if (d->flags & READS && d->file != NOTHING)
		n->length[d->file] = 1;
	n->all_lengths |= d->flags & READS && d->file == NOTHING;
	if (ops[d->op].flags & OPF_FORK) {
		for (i = 0; i + 1 < d->nuses; i += 2)
			n->fd[use_of[i + 1]] |= n->fd[use_of[i]];
		return;
	}
	for (i = 0; i < d->nuses; i++)
		n->fd[use_of[i]] = 1;
}

static void drop(struct selection *s, uint64_t i)
{
	s->out[i / 8] |= (uint8_t)(1 << i % 8);
}

static void decide(struct selection *s, struct reading *r, struct needs *n)
{
	uint64_t i;

	for (i = r->deeds.n; i-- > 0;) {
		struct deed *d = &r->deeds.v[i];
		int reason;

		if (d->flags & CLOSES)
			continue;
		reason = d->flags & WANTED ? STAY_COUNT : stays_for(d, n);
		if (reason < 0) {
			drop(s, i);
			s->left_out++;
			continue;
		}
		if (reason < STAY_COUNT)
			s->stay[reason]++;
		add_needs(r, d, n);
	}
}

static void inherit_missing(const struct reading *r, const struct deed *d, struct needs *n)
{
	const uint32_t *pair = r->uses.v + d->uses;
	uint32_t i;

	for (i = 0; i + 1 < d->nuses; i += 2)
		n->missing[pair[i]] |= n->missing[pair[i + 1]];
}

/* A close goes with what opened it. */
static void decide_closes(struct selection *s, struct reading *r, struct needs *n)
{
	uint64_t i;

	for (i = 0; i < r->deeds.n; i++) {
		struct deed *d = &r->deeds.v[i];
		uint32_t fd = d->nuses ? r->uses.v[d->uses] : NOTHING;

		if (d->flags & MAKES_FD && selection_drops(s, i))
			n->missing[d->makes] = 1;
		if (ops[d->op].flags & OPF_FORK)
			inherit_missing(r, d, n);
		if (!(d->flags & CLOSES))
			continue;
		if (fd != NOTHING && n->missing[fd]) {
			drop(s, i);
			if (d->flags & WANTED)
				s->dependent++;
			else
				s->left_out++;
		} else if (!(d->flags & WANTED)) {
			s->stay[STAY_EFFECT]++;
		}
	}
}

/* ---- reading ---- */

static int read_init(struct reading *r, struct err *err)
{
	struct replay_reader *in;
	struct init_line line;
	uint32_t file;
	int rc = replay_open(&in, r->o->replay, err);

	if (rc)
		return rc;
	r->one_tree = str_eqs(replay_header(in, "layout"), "root");
	while ((rc = replay_next_init(in, &line, err)) > 0) {
		if (line.kind == INIT_HARDLINK)
			file_rename(r, line.target, line.path);
		if (line.kind != INIT_FILE)
			continue;
		file = file_number(r, line.path);
		if (file != NOTHING)
			r->lengths.v[file] = line.size;
	}
	r->vague = false;
	replay_close(in);
	return rc;
}

static int read_operations(struct reading *r, struct err *err)
{
	struct replay_reader *in;
	struct rline line;
	int rc = replay_open(&in, r->o->replay, err);

	if (rc)
		return rc;
	while ((rc = replay_next(in, &line, err)) > 0)
		if (line.newfd != VFD_NONE && !fd_at(r, line.newfd) && !r->failed) {
			rc = err_set(err, EINVAL, "%s: the descriptor number %u is out of proportion", r->o->replay,
				line.newfd);
			break;
		} else if (take_line(r, &line)) {
			rc = err_sys(err, ENOMEM, "cannot load the replay");
			break;
		}
	replay_close(in);
	return rc;
}

static int choose(struct selection *s, struct reading *r)
{
	struct needs n = {.fd = calloc(r->fds.n + 1, 1),
		.missing = calloc(r->fds.n + 1, 1),
		.place = calloc(r->descriptions.n + 1, 1),
		.length = calloc(r->lengths.n + 1, 1)};
	int rc = -ENOMEM;

	s->n = r->deeds.n;
	s->out = calloc(s->n / 8 + 1, 1);
	if (n.fd && n.missing && n.place && n.length && s->out) {
		decide(s, r, &n);
		decide_closes(s, r, &n);
		rc = 0;
	}
	free(n.fd);
	free(n.missing);
	free(n.place);
	free(n.length);
	return rc;
}

static int make_files(struct by_file *files, struct reading *r)
{
	uint32_t *of = r->file_of.v;

	r->file_of.v = NULL;
	return by_file_make(files, of, r->n, r->names.v, (uint32_t)r->names.n);
}

int selection_make(struct selection *s, struct by_file *files, const struct options *o, struct err *err)
{
	struct reading r = {.o = o};
	int rc;

	*s = (struct selection){0};
	*files = (struct by_file){0};
	if (!selects(o) && !o->by)
		return 0;
	if (strcmp(o->replay, "-") == 0)
		return err_set(err, EINVAL, "--only, --skip and --by read the replay more than once: give a file");
	if (!vec_push(&r.descriptions))
		return err_sys(err, ENOMEM, "cannot load the replay");
	r.descriptions.v[0].file = NOTHING;
	rc = read_init(&r, err);
	if (rc == 0)
		rc = read_operations(&r, err);
	if (rc == 0 && ((selects(o) && choose(s, &r)) || (o->by && make_files(files, &r))))
		rc = err_sys(err, ENOMEM, "cannot load the replay");
	vec_free(&r.file_of);
	hmap_free(&r.files);
	arena_free(&r.arena);
	vec_free(&r.lengths);
	vec_free(&r.names);
	vec_free(&r.paths);
	vec_free(&r.cwds);
	vec_free(&r.descriptions);
	vec_free(&r.fds);
	vec_free(&r.deeds);
	vec_free(&r.uses);
	return rc;
}

void selection_free(struct selection *s)
{
	free(s->out);
	s->out = NULL;
}
