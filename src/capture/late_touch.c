/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/late_parts.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "utils/clock.h"

#define TRIES_MAX 8 /* looks at one name whose directories move all the time */

/* ---- the lists ---- */

static struct touch *touch_push(struct late *l, const struct rec *rec, struct str path)
{
	struct touch *touch = queue_push(l, ITEM_TOUCH, sizeof(*touch) + path.len + 1);

	if (!touch)
		return NULL;
	touch->t = rec->t;
	touch->pid = rec->pid;
	touch->tid = rec->tid;
	touch->call = l->call;
	touch->len = (uint32_t)path.len;
	memcpy(touch->path, path.s, path.len);
	TAILQ_INSERT_TAIL(&l->touches, touch, all);
	l->waiting++;
	return touch;
}

struct touch *touch_new(struct late *l, const struct rec *rec, struct name *entry)
{
	char buf[PATH_MAX];
	struct str path = dirs_path(entry->parent, name_text(entry), buf);
	struct touch *touch = path.s ? touch_push(l, rec, path) : NULL;

	if (!touch)
		return NULL;
	touch->at = entry;
	entry->touch = touch;
	return touch;
}

static void leave_inodes(struct late *l, struct touch *touch)
{
	if (touch->in_inodes)
		hmap_remove(&l->inodes, &touch->inode);
	touch->in_inodes = false;
}

static void stop_waiting(struct late *l, struct touch *touch)
{
	if (!touch->settled && !touch->dropped)
		l->waiting--;
	leave_inodes(l, touch);
}

static void forget_extents(struct touch *touch)
{
	free(touch->extents);
	touch->extents = NULL;
	touch->nextents = 0;
}

void touch_drop(struct late *l, struct touch *touch)
{
	stop_waiting(l, touch);
	touch->dropped = true;
}

void touch_forget(struct late *l, struct touch *touch)
{
	stop_waiting(l, touch);
	if (touch->at)
		touch->at->touch = NULL;
	forget_extents(touch);
	TAILQ_REMOVE(&l->touches, touch, all);
}

static bool is_below(const struct name *entry, const struct dir *dir)
{
	const struct dir *d;

	for (d = entry->parent; d != dir; d = d->at->parent)
		if (!d->at)
			return false;
	return true;
}

void touch_drop_below(struct late *l, const struct dir *dir)
{
	struct touch *touch;

	for (touch = TAILQ_FIRST(&l->touches); touch; touch = TAILQ_NEXT(touch, all))
		if (touch->at && is_below(touch->at, dir))
			touch_drop(l, touch);
}

/* ---- looking ---- */

static bool is_sparse(const struct facts *f)
{
	return f->known && S_ISREG(f->mode) && f->blocks < (f->size + 511) / 512;
}

static void look_at_link(struct late *l, struct touch *touch, const char *path)
{
	char text[PATH_MAX];
	ssize_t len = readlink(path, text, sizeof(text));

	touch->target =
		len > 0 ? arena_strdup(&l->dirs.arena, (struct str){text, (size_t)len}) : NULL;
	touch->looked = touch->target != NULL;
}

static void look_at_extents(struct late *l, struct touch *touch, const char *path)
{
	size_t size;

	if (facts_extents(path, touch->facts.size, &l->extents))
		return;
	size = l->extents.n * sizeof(*l->extents.v);
	touch->extents = malloc(size + sizeof(*l->extents.v));
	if (!touch->extents)
		return;
	if (size)
		memcpy(touch->extents, l->extents.v, size);
	touch->nextents = (uint32_t)l->extents.n;
}

/* Of a directory, in the place of extents: the bits and the length of its default access control list. */
static void look_at_acl(struct touch *touch, const char *path)
{
	size_t len;
	int bits = facts_default_acl(path, &len);

	touch->extents = bits < 0 ? NULL : malloc(2 * sizeof(*touch->extents));
	if (!touch->extents)
		return;
	touch->extents[0] = (uint64_t)bits;
	touch->extents[1] = len;
	touch->nextents = 2;
}

static void look_at(struct late *l, struct touch *touch, const char *path)
{
	struct stat st;

	if (lstat(path, &st)) {
		touch->facts.absent = errno == ENOENT || errno == ENOTDIR;
		touch->looked = touch->facts.absent;
		return;
	}
	touch->looked = true;
	touch->facts = facts_of_stat(&st);
	if (S_ISLNK(st.st_mode))
		look_at_link(l, touch, path);
	else if (S_ISDIR(st.st_mode))
		look_at_acl(touch, path);
	else if (is_sparse(&touch->facts))
		look_at_extents(l, touch, path);
	if (S_ISREG(st.st_mode))
		touch->in_inodes = hmap_insert(&l->inodes, &touch->inode, hash_u64(st.st_ino)) == 0;
}

void touch_look(struct late *l, struct touch *touch)
{
	char buf[PATH_MAX];
	struct str path = dirs_path(touch->at->parent, name_text(touch->at), buf);

	leave_inodes(l, touch);
	forget_extents(touch);
	touch->facts = (struct facts){0};
	touch->target = NULL;
	touch->looked = false;
	touch->call = l->call;
	touch->tries++;
	if (path.s)
		look_at(l, touch, path.s);
	touch->looked_t = now_ns();
}

void touch_look_first(struct late *l, struct touch *touch)
{
	struct name *entry = touch->at;
	enum name_type type = NAME_OTHER;

	touch_look(l, touch);
	if (!touch->looked || entry->type != NAME_UNKNOWN)
		return;
	if (touch->facts.absent)
		type = NAME_ABSENT;
	else if (S_ISDIR(touch->facts.mode))
		type = NAME_DIR;
	else if (S_ISLNK(touch->facts.mode))
		type = NAME_LINK;
	dirs_set_type(&l->dirs, entry, type, str_of(touch->target));
}

void touch_glance(struct late *l, struct name *entry)
{
	struct touch once = {.at = entry};

	entry->type = NAME_UNKNOWN;
	touch_look_first(l, &once);
	leave_inodes(l, &once);
	forget_extents(&once);
}

/* ---- what they are worth ---- */

/* The file was shorter when it was touched than when it was looked at. */
static void clip_extents(struct touch *touch)
{
	uint64_t size = touch->facts.size;
	uint32_t n = touch->nextents;

	while (n && touch->extents[n - 2] >= size)
		n -= 2;
	if (n && touch->extents[n - 1] > size - touch->extents[n - 2])
		touch->extents[n - 1] = size - touch->extents[n - 2];
	touch->nextents = n;
}

static bool same_file(const struct facts *a, const struct facts *b)
{
	return a->known && b->known && a->ino == b->ino && !((a->mode ^ b->mode) & S_IFMT);
}

/*
 * The kernel's inode does not always know how many blocks there are: none on xfs, none yet where
 * they are allocated late. Without a look at the same file all of it counts as data.
 */
static void settle_blocks(struct touch *touch, const struct facts *look)
{
	struct facts *f = &touch->facts;

	if (!is_sparse(f))
		return;
	if (touch->extents)
		f->blocks = f->blocks ? f->blocks : look->blocks;
	else if (f->blocks == 0 || (same_file(look, f) && !is_sparse(look)))
		f->blocks = (f->size + 511) / 512;
}

void touch_set_default(struct touch *touch, const struct rec *r)
{
	uint64_t bytes = r ? rec_arg(r, A_LEN, rec_arg(r, A_XARGS, 0)) : 0;

	if (!S_ISDIR(touch->facts.mode) && touch->looked)
		return;
	if (!r)
		touch->cut = true;
	else if (touch->nextents == 2 && touch->extents[0] == r->facts.mode && touch->extents[1] == bytes)
		forget_extents(touch);
}

void touch_settle(struct late *l, struct touch *touch, const struct facts *facts)
{
	bool dir = S_ISDIR(facts->mode);
	struct facts look;

	if (touch->settled || touch->dropped)
		return;
	stop_waiting(l, touch);
	if (!touch->looked && touch->at && (is_sparse(facts) || dir)) {
		touch_look(l, touch);
		leave_inodes(l, touch);
	}
	touch->settled = true;
	look = touch->looked ? touch->facts : (struct facts){0};
	touch->facts = same_file(&touch->first, facts) ? touch->first : *facts;
	if (!same_file(&look, facts))
		touch->target = NULL;
	if (!same_file(&look, facts) || !(dir || is_sparse(&touch->facts)) || touch->cut)
		forget_extents(touch);
	if (touch->extents && !dir)
		clip_extents(touch);
	settle_blocks(touch, &look);
}

bool touch_hears(const struct touch *touch, uint64_t began)
{
	return !touch->settled && !touch->dropped && (!touch->looked || began <= touch->looked_t);
}

/*
 * The number may have been another file's before it was that of the one which was looked at. But
 * then a record tells that the name came to be, and no look counts.
 */
void touch_inode(struct late *l, const struct facts *facts, uint64_t began, bool cut)
{
	struct hnode *n;

	if (!facts->known || l->inodes.n == 0)
		return;
	for (n = hmap_first(&l->inodes, hash_u64(facts->ino)); n; n = hmap_next(n)) {
		struct touch *touch = hmap_entry(n, struct touch, inode);

		if (touch->first.known || !touch_hears(touch, began) ||
			!same_file(&touch->facts, facts) ||
			touch->facts.dev_major != facts->dev_major ||
			touch->facts.dev_minor != facts->dev_minor)
			continue;
		touch->first = *facts;
		touch->cut = cut;
	}
}

enum look_worth {
	LOOK_GOOD,
	LOOK_ELSEWHERE, /* a directory above had moved already: the path led to something else */
	LOOK_EMPTIED,	/* a directory above had been removed already: nothing was in it */
	LOOK_WORTHLESS
};

static enum look_worth worth(const struct touch *touch)
{
	const struct dir *d = touch->at->parent;

	for (;; d = d->at->parent) {
		bool before = d->moved_t <= touch->looked_t;

		if (d->cut)
			return !d->emptied ? LOOK_WORTHLESS : before ? LOOK_EMPTIED : LOOK_GOOD;
		if (d->moved > touch->call && (before || d->moved_before > touch->call))
			return LOOK_ELSEWHERE;
		if (!d->at)
			return touch->looked ? LOOK_GOOD : LOOK_WORTHLESS;
	}
}

/* The look is all there is. Does it fit what the calls found? */
static bool look_fits(const struct touch *touch)
{
	if (touch->facts.absent)
		return !touch->exists && !touch->tainted;
	if (touch->passed && !S_ISDIR(touch->facts.mode) && !S_ISLNK(touch->facts.mode))
		return false;
	return touch->exists || !touch->tainted;
}

static void judge(struct late *l, struct touch *touch)
{
	enum look_worth w = worth(touch);
	struct facts facts = touch->facts;

	if (w == LOOK_EMPTIED)
		facts = touch->facts = (struct facts){.absent = true};
	if ((w == LOOK_EMPTIED || (w == LOOK_GOOD && touch->looked)) && look_fits(touch))
		touch_settle(l, touch, &facts);
	else
		touch_drop(l, touch);
}

bool touch_ready(struct late *l, struct touch *touch, bool final)
{
	if (touch->settled || touch->dropped)
		return true;
	if (!final && touch->looked_t > l->advanced)
		return false;
	if (touch->at && worth(touch) == LOOK_ELSEWHERE && touch->tries < TRIES_MAX) {
		touch_look(l, touch);
		if (!final)
			return false;
	}
	judge(l, touch);
	return true;
}

void touch_end(struct late *l, struct touch *touch, uint64_t began)
{
	if (!touch->settled && !touch->dropped) {
		if (touch->looked && touch->looked_t < began)
			judge(l, touch);
		else
			touch_drop(l, touch);
	}
	touch->at->touch = NULL;
	touch->at = NULL;
}

/* ---- directories as a whole ---- */

void touch_entries(struct late *l, const struct rec *rec, struct dir *dir)
{
	uint32_t file = l->dirs.file;
	char buf[PATH_MAX];
	struct dirent *d;
	struct str path;
	DIR *handle;

	if (dir->listed == file || dir->made == file || dir->pseudo)
		return;
	path = dirs_path(dir, STR(""), buf);
	handle = path.s ? opendir(path.s) : NULL;
	if (!handle)
		return;
	dir->listed = file;
	while ((d = readdir(handle))) {
		struct str text = str_of(d->d_name);
		struct name *entry;
		struct touch *touch;

		if (str_eqs(text, ".") || str_eqs(text, ".."))
			continue;
		entry = dirs_entry(&l->dirs, dir, text);
		if (!entry || entry->written == file)
			continue;
		entry->written = file;
		touch = touch_new(l, rec, entry);
		if (touch)
			touch_look_first(l, touch);
	}
	closedir(handle);
}

void touch_root(struct late *l, const struct rec *rec)
{
	struct touch *touch;
	struct stat st;
	struct facts facts;

	if (l->root_written == l->dirs.file || lstat("/", &st))
		return;
	l->root_written = l->dirs.file;
	touch = touch_push(l, rec, STR("/"));
	facts = facts_of_stat(&st);
	if (touch)
		touch_settle(l, touch, &facts);
}
