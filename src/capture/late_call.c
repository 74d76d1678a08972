/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/late_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <sys/stat.h>

#include "ops/uring.h"
#include "ops/xattr.h"
#include "trace/rec_uring.h"

/* What the calls have to do with names. */
enum deed {
	DEED_NONE,
	DEED_FIND, /* the object must be there */
	DEED_STAT, /* ... and the record has its facts */
	DEED_OPEN,
	DEED_READLINK,
	DEED_TRUNCATE,
	DEED_MAKE,
	DEED_LINK,
	DEED_REMOVE,
	DEED_MOVE,
	DEED_LIST
};

static enum deed deed_of(enum op_id op)
{
	switch ((int)op) {
	case OP_open:
	case OP_openat:
	case OP_openat2:
	case OP_creat:
		return DEED_OPEN;
	case OP_stat:
	case OP_lstat:
	case OP_newfstatat:
	case OP_statx:
		return DEED_STAT;
	case OP_truncate:
		return DEED_TRUNCATE;
	case OP_readlink:
	case OP_readlinkat:
		return DEED_READLINK;
	case OP_mkdir:
	case OP_mkdirat:
	case OP_mknod:
	case OP_mknodat:
	case OP_bind:
	case OP_symlink:
	case OP_symlinkat:
		return DEED_MAKE;
	case OP_link:
	case OP_linkat:
		return DEED_LINK;
	case OP_rmdir:
	case OP_unlink:
	case OP_unlinkat:
		return DEED_REMOVE;
	case OP_rename:
	case OP_renameat:
	case OP_renameat2:
		return DEED_MOVE;
	case OP_getdents:
	case OP_getdents64:
		return DEED_LIST;
	default:
		return op_has(op, A_PATH) ? DEED_FIND : DEED_NONE;
	}
}

static uint64_t open_flags(const struct rec *r)
{
	if (r->op == OP_creat)
		return O_CREAT | O_WRONLY | O_TRUNC;
	return rec_open_flags(r);
}

static bool has(uint64_t flags, uint64_t all)
{
	return (flags & all) == all;
}

/* Whether a symbolic link that the path names is itself meant. */
static bool means_link(const struct rec *r, enum deed deed)
{
	switch (deed) {
	case DEED_OPEN:
		return has(open_flags(r), O_NOFOLLOW) || has(open_flags(r), O_CREAT | O_EXCL) ||
		       rec_arg(r, A_RESOLVE, 0) & RESOLVE_NO_SYMLINKS;
	case DEED_READLINK:
	case DEED_MAKE:
	case DEED_REMOVE:
	case DEED_MOVE:
		return true;
	case DEED_LINK:
		return !(rec_arg(r, A_ATFLAGS, 0) & AT_SYMLINK_FOLLOW);
	default:
		if (r->op == OP_name_to_handle_at)
			return !(rec_arg(r, A_ATFLAGS, 0) & AT_SYMLINK_FOLLOW);
		return r->op == OP_lstat || r->op == OP_lchown || r->op == OP_lsetxattr ||
		       r->op == OP_lgetxattr || r->op == OP_llistxattr ||
		       r->op == OP_lremovexattr || rec_arg(r, A_ATFLAGS, 0) & AT_SYMLINK_NOFOLLOW;
	}
}

/* Whether the result shows that all directories of the path were there. */
static bool got_through(const struct rec *r)
{
	return r->ret >= 0 ||
	       (!op_has(r->op, A_PATH2) && (r->ret == -EEXIST || r->ret == -ENOTEMPTY ||
						   r->ret == -EISDIR || r->ret == -ENXIO));
}

static uint64_t began(const struct rec *r)
{
	return r->t - r->dur;
}

/* ---- what the calls show ---- */

static bool tells_of(const struct rec *r, const struct touch *touch)
{
	return touch && touch_hears(touch, began(r));
}

static void see_type(struct late *l, struct name *entry, uint32_t mode)
{
	enum name_type type = S_ISDIR(mode) ? NAME_DIR : S_ISLNK(mode) ? NAME_LINK : NAME_OTHER;

	if (entry->type == type)
		return;
	if (type == NAME_LINK) /* to where is not known */
		type = NAME_UNKNOWN;
	dirs_set_type(&l->dirs, entry, type, STR_NONE);
}

/* The entry was there; FACTS may be unknown. */
static void found(
	struct late *l, const struct rec *r, struct name *entry, const struct facts *facts)
{
	struct touch *touch = entry->touch;

	if (tells_of(r, touch) && facts->known)
		touch_settle(l, touch, facts);
	else if (tells_of(r, touch))
		touch->exists = true;
	if (facts->known)
		see_type(l, entry, facts->mode);
	else if (entry->type == NAME_ABSENT)
		entry->type = NAME_UNKNOWN;
}

/* The entry was what path I of the call is said to have named. */
static void found_before(struct late *l, const struct seen *s, int i, struct name *entry)
{
	struct touch *touch = entry->touch;
	bool hears = tells_of(&s->rec, touch);

	if (hears && entry->dir && S_ISLNK(s->before[i].mode)) /* taken for a directory */
		touch_drop_below(l, entry->dir);
	found(l, &s->rec, entry, &s->before[i]);
	if (!S_ISLNK(s->before[i].mode) || !s->target[i].len)
		return;
	if (hears && !touch->target)
		touch->target = arena_strdup(&l->dirs.arena, s->target[i]);
	if (entry->type == NAME_UNKNOWN)
		dirs_set_type(&l->dirs, entry, NAME_LINK, s->target[i]);
}

static void was_missing(struct late *l, const struct rec *r, const struct name *entry)
{
	static const struct facts absent = {.absent = true};

	if (tells_of(r, entry->touch))
		touch_settle(l, entry->touch, &absent);
}

static void missing(struct late *l, const struct rec *r, struct name *entry)
{
	was_missing(l, r, entry);
	dirs_removed(entry);
}

static const struct facts unknown;

/*
 * The file behind the path was found. When a link leads there whose look is not sure, the file may
 * have been the link's name itself: then the numbers do not fit.
 */
static void found_behind(
	struct late *l, const struct rec *r, const struct place *p, const struct facts *facts)
{
	const struct touch *touch = p->end ? p->end->touch : NULL;

	if (!p->end)
		return;
	if (p->end != p->last && p->last->touch && !p->last->touch->settled && facts->known &&
		touch && touch->looked && touch->facts.ino != facts->ino)
		return;
	found(l, r, p->end, facts);
}

static void found_cut(
	struct late *l, const struct seen *s, const struct place *p, const struct facts *facts)
{
	struct touch *touch = p->end ? p->end->touch : NULL;

	if (tells_of(&s->rec, touch) && s->cut.known)
		touch->cut = true;
	found_behind(l, &s->rec, p, facts);
}

/* ENOENT, though the way to the last component is there. */
static void not_found(struct late *l, const struct rec *r, const struct place *p)
{
	struct name *entry = p->end;

	if (!entry || (entry != p->last && entry->type != NAME_ABSENT))
		return;
	if (entry->dir && entry->dir->since >= began(r)) /* made while the call looked for it */
		was_missing(l, r, entry);
	else
		missing(l, r, entry);
}

/* ---- what the calls do ---- */

static void gone(struct late *l, const struct rec *r, struct name *entry)
{
	if (entry->touch)
		touch_end(l, entry->touch, began(r));
	if (entry->dir) {
		entry->dir->emptied = true;
		entry->dir->moved_t = began(r);
	}
	dirs_removed(entry);
}

static void make_directory(struct late *l, const struct rec *r, struct name *entry)
{
	struct dir *dir = entry->dir;
	/* by the look, or by a call that overlapped this one and was over earlier */
	bool seen_already = dir && (tells_of(r, entry->touch) || dir->since >= began(r));

	if (seen_already) { /* what was found in it then did not exist before */
		touch_drop_below(l, dir);
		entry->dir = NULL;
	}
	missing(l, r, entry);
	entry->dir = seen_already ? dir : NULL;
	dirs_set_type(&l->dirs, entry, NAME_DIR, STR_NONE);
	if (entry->dir)
		entry->dir->made = l->dirs.file;
}

static void make(struct late *l, const struct rec *r, struct name *entry)
{
	if (r->op == OP_mkdir || r->op == OP_mkdirat) {
		make_directory(l, r, entry);
		return;
	}
	missing(l, r, entry);
	if (r->op == OP_symlink || r->op == OP_symlinkat)
		dirs_set_type(&l->dirs, entry, NAME_LINK, r->path2);
	else
		entry->type = NAME_OTHER;
}

static void make_link(struct late *l, const struct rec *r, const struct place p[2])
{
	struct name *from = p[0].end, *to = p[1].last;

	if (from)
		found(l, r, from, &unknown);
	if (!to)
		return;
	missing(l, r, to);
	if (from && from->type == NAME_LINK)
		dirs_set_type(&l->dirs, to, NAME_LINK, str_of(from->target));
	else
		to->type = from && from->type == NAME_OTHER ? NAME_OTHER : NAME_UNKNOWN;
}

static void mark_moved(struct late *l, const struct rec *r, struct dir *dir)
{
	if (!dir)
		return;
	dir->moved_before = dir->moved;
	dir->moved = l->call;
	dir->moved_t = began(r);
}

/* What the entry's touch named is there now. It was not looked at before it came. */
static void arrived(
	struct late *l, const struct seen *s, int i, struct name *entry, struct touch *touch)
{
	entry->touch = touch;
	if (!touch)
		return;
	touch->at = entry;
	if (!tells_of(&s->rec, touch))
		return;
	touch->exists = true;
	if (s->before[i].known)
		found_before(l, s, i, entry);
	else
		touch_look_first(l, touch);
}

static void move(struct late *l, const struct seen *s, struct name *from, struct name *to)
{
	const struct rec *r = &s->rec;
	bool exchange = r->op == OP_renameat2 && r->arg[4] & RENAME_EXCHANGE;
	struct touch *moved = from->touch, *other;

	if (from == to || (s->before[0].known && s->before[1].known && !exchange &&
				  s->before[0].ino == s->before[1].ino))
		return; /* two names of one file: rename(2) does nothing */
	if (!exchange) {
		if (s->before[1].absent)
			missing(l, r, to);
		else
			found_before(l, s, 1, to);
		gone(l, r, to);
	}
	other = to->touch;
	dirs_moved(from, to, exchange);
	mark_moved(l, r, to->dir);
	if (exchange)
		mark_moved(l, r, from->dir);
	from->touch = NULL;
	arrived(l, s, 0, to, moved);
	if (exchange)
		arrived(l, s, 1, from, other);
	if (s->before[0].known)
		see_type(l, to, s->before[0].mode);
	else if (to->type == NAME_ABSENT)
		to->type = NAME_UNKNOWN;
}

static void rename_names(struct late *l, const struct seen *s, const struct place p[2])
{
	if (p[0].last && p[1].last) {
		move(l, s, p[0].last, p[1].last);
	} else if (p[0].last) { /* to where is not known */
		gone(l, &s->rec, p[0].last);
	} else if (p[1].last) {
		gone(l, &s->rec, p[1].last);
		p[1].last->type = NAME_UNKNOWN;
	}
}

static void open_name(struct late *l, const struct seen *s, const struct place *p)
{
	const struct rec *r = &s->rec;
	uint64_t flags = open_flags(r);
	bool made = s->created || has(flags, O_CREAT | O_EXCL);

	if (has(flags, O_TMPFILE)) {
		found_behind(l, r, p, &unknown);
	} else if (made && p->end) {
		missing(l, r, p->end);
		p->end->type = NAME_OTHER;
	} else {
		found_cut(l, s, p, s->cut.known ? &s->cut : &r->facts);
	}
}

static void succeeded(struct late *l, const struct seen *s, enum deed deed, const struct place p[2])
{
	const struct rec *r = &s->rec;

	switch (deed) {
	case DEED_NONE:
	case DEED_LIST:
		break;
	case DEED_FIND:
		found_behind(l, r, p, &s->was);
		break;
	case DEED_STAT:
		found_behind(l, r, p, &r->facts);
		break;
	case DEED_TRUNCATE:
		found_cut(l, s, p, &s->cut);
		break;
	case DEED_OPEN:
		open_name(l, s, p);
		break;
	case DEED_READLINK:
		if (p->last)
			found(l, r, p->last, &unknown);
		break;
	case DEED_MAKE:
		if (p->last)
			make(l, r, p->last);
		break;
	case DEED_LINK:
		make_link(l, r, p);
		break;
	case DEED_REMOVE:
		if (p->last) {
			found(l, r, p->last, &unknown);
			gone(l, r, p->last);
		}
		break;
	case DEED_MOVE:
		rename_names(l, s, p);
		break;
	}
}

static bool creates(const struct rec *r, enum deed deed)
{
	return deed == DEED_MAKE || deed == DEED_LINK || deed == DEED_MOVE ||
	       (deed == DEED_OPEN && open_flags(r) & O_CREAT);
}

static void failed(struct late *l, const struct rec *r, enum deed deed, const struct place p[2])
{
	const struct place *place = deed == DEED_LINK || deed == DEED_MOVE ? &p[1] : &p[0];

	if (r->ret == -ENOENT && !creates(r, deed) && r->op != OP_execve && r->op != OP_execveat)
		not_found(l, r, place);
	else if ((r->ret == -EEXIST || r->ret == -ENOTEMPTY) && place->last)
		found(l, r, place->last, &unknown);
	else if (r->ret == -EISDIR && place->end)
		found(l, r, place->end, &unknown);
}

/* What the paths named before the call, whatever came of it. */
static void apply_before(
	struct late *l, const struct seen *s, enum deed deed, const struct place p[2])
{
	int i;

	if (deed == DEED_MOVE && s->rec.ret >= 0)
		return;
	for (i = 0; i < 2; i++) {
		if (p[i].last && s->before[i].known)
			found_before(l, s, i, p[i].last);
		else if (p[i].last && s->before[i].absent)
			missing(l, &s->rec, p[i].last);
	}
}

/* Facts of the record that are older than what the call did to the file. */
static const struct facts *inode_facts(const struct seen *s, enum deed deed)
{
	const struct rec *r = &s->rec;

	if (s->cut.known)
		return &s->cut;
	if (s->was.known)
		return &s->was;
	if (r->ret < 0 || s->created || (deed == DEED_OPEN && open_flags(r) & (O_TRUNC | O_EXCL)))
		return &unknown;
	return deed == DEED_OPEN || deed == DEED_STAT || r->op == OP_fstat ? &r->facts : &unknown;
}

/* ---- records ---- */

/* A successful call that changes the name tells what it was, or makes looking useless. */
static bool is_blind(const struct seen *s, enum deed deed, int i)
{
	if (s->rec.ret < 0)
		return false;
	if (deed == DEED_LINK)
		return i == 1;
	return deed == DEED_MAKE || deed == DEED_REMOVE || deed == DEED_MOVE ||
	       (deed == DEED_STAT && s->rec.facts.known && !S_ISLNK(s->rec.facts.mode) &&
		       means_link(&s->rec, deed));
}

static struct place walk_argument(
	struct late *l, const struct seen *s, enum deed deed, int i, int fd, struct str path)
{
	unsigned how = got_through(&s->rec) ? WAY_THROUGH : 0;
	struct dir *root, *from = NULL;

	if (!path.s || path.len == 0 || path.len >= PATH_MAX)
		return (struct place){0};
	root = way_root(l, s);
	if (path.s[0] != '/')
		from = way_start(l, s, i, fd);
	if (!root || (path.s[0] != '/' && !from))
		return (struct place){0};
	if (is_blind(s, deed, i))
		how |= WAY_BLIND;
	if (i == 1 || means_link(&s->rec, deed))
		how |= WAY_NOFOLLOW;
	return way_walk(l, &s->rec, how, root, from, path);
}

/*
 * A directory has another default list now: what was looked at may be that one, and does not tell what there was.
 * Without a name (NULL) those directories are meant that have such a list.
 */
static void sets_default(struct late *l, const struct rec *r, const struct name *entry)
{
	struct touch *touch;

	if (!facts_sets_acl(r) || !str_eqs(r->path2, XATTR_ACL_DEFAULT))
		return;
	TAILQ_FOREACH(touch, &l->touches, all)
		if ((!entry || touch->at == entry) && touch_hears(touch, began(r)))
			touch_set_default(touch, entry ? NULL : r);
}

static void call_with_paths(struct late *l, const struct seen *s, enum deed deed)
{
	const struct rec *r = &s->rec;
	struct place p[2] = {{0}, {0}};
	int fd = AT_FDCWD, i;

	for (i = 0; i < OP_ARGS; i++) {
		enum arg_kind kind = ops[r->op].arg[i];

		if (kind == A_DIRFD || kind == A_DIRFD2)
			fd = (int)r->arg[i];
		else if (kind == A_PATH)
			p[0] = walk_argument(l, s, deed, 0, fd, r->path);
		else if (kind == A_PATH2)
			p[1] = walk_argument(l, s, deed, 1, fd, r->path2);
	}
	apply_before(l, s, deed, p);
	if (r->ret >= 0)
		succeeded(l, s, deed, p);
	else
		failed(l, r, deed, p);
	sets_default(l, r, p[0].end);
}

static void state_of_task(struct late *l, const struct seen *s)
{
	const struct rec *r = &s->rec;
	struct dir *root = l->dirs.root;

	if (s->chrooted) {
		way_forget_root(l, r->pid);
		if (r->path2.len > 1)
			way_set_root(l, r->pid, way_dir(l, r, root, r->path2));
		root = way_root(l, s);
	}
	if (s->from[0].name.s)
		way_start(l, s, 0, AT_FDCWD);
	way_dir(l, r, root, r->path);
}

static void state_of_fd(struct late *l, const struct seen *s)
{
	const struct rec *r = &s->rec;
	unsigned how = WAY_THROUGH | WAY_NOFOLLOW | (r->facts.known ? WAY_BLIND : 0);
	struct dir *root = way_root(l, s);
	struct place p;

	if (!root || !r->path.len || r->path.s[0] != '/')
		return;
	if (r->facts.known ? r->facts.nlink == 0 : way_is_deleted(r->path))
		return;
	p = way_walk(l, r, how, root, NULL, r->path);
	if (p.last)
		found(l, r, p.last, &r->facts);
}

/* Of a process that is in another root already, where that leads is looked up when it is needed. */
static void enters_root(struct late *l, const struct seen *s)
{
	const struct rec *r = &s->rec;
	struct dir *from = l->dirs.root;
	struct place p = {0};

	if (r->path.len && r->path.s[0] != '/')
		from = way_start(l, s, 0, AT_FDCWD);
	if (from && r->path.len && !s->chrooted)
		p = way_walk(l, r, WAY_THROUGH, l->dirs.root, from, r->path);
	way_forget_root(l, r->pid);
	if (p.dir && !p.dead)
		way_set_root(l, r->pid, p.dir);
}

static void changes_process(struct late *l, const struct seen *s)
{
	const struct rec *r = &s->rec;

	if (r->op == OP_chroot && r->ret >= 0)
		enters_root(l, s);
	else if (ops[r->op].flags & OPF_FORK && r->ret > 0)
		way_share_root(l, r->pid, (uint32_t)r->ret);
	else if (r->op == OP_exit_group || (r->op == OP_task_end && r->pid == r->tid))
		way_forget_root(l, r->pid);
}

static void names_of(struct late *l, const struct seen *s)
{
	const struct rec *r = &s->rec;
	enum deed deed = deed_of(r->op);
	struct seen before;

	if (s->foreign) {
		if (!l->told_foreign)
			late_note(l, r, 0,
				"of processes in other mount namespaces names are not "
				"looked at");
		l->told_foreign = true;
		return;
	}
	if (r->op == OP_chroot && r->ret >= 0 && s->chrooted && !way_has_root(l, r->pid)) {
		before = *s; /* it is told when it is over, and its name began at the host's */
		before.chrooted = false;
		s = &before;
	}
	touch_root(l, r);
	if (r->op == OP_state_task)
		state_of_task(l, s);
	else if (r->op == OP_state_fd || r->op == OP_state_map || r->op == OP_recv_fd)
		state_of_fd(l, s);
	else if (deed == DEED_LIST && s->from[0].id) {
		struct dir *dir = way_start(l, s, 0, (int)r->arg[0]);

		if (dir)
			touch_entries(l, r, dir);
	} else if (deed != DEED_NONE && ops[r->op].family != FAM_State) {
		call_with_paths(l, s, deed);
	} else {
		sets_default(l, r, NULL);
	}
	touch_inode(l, inode_facts(s, deed), began(r), s->cut.known);
	changes_process(l, s);
}

void call_names(struct late *l, const struct seen *s)
{
	struct seen plain;
	uint64_t length;

	if (!op_is_submission(s->rec.op)) {
		names_of(l, s);
		return;
	}
	plain = *s; /* names do not care how it was asked for */
	rec_uring_plain(&plain.rec, &length);
	names_of(l, &plain);
}
