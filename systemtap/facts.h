/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#ifndef IORIOT_SYSTEMTAP_FACTS_H
#define IORIOT_SYSTEMTAP_FACTS_H

#include <linux/dcache.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/kdev_t.h>
#include <linux/mount.h>
#include <linux/stat.h>
#include <linux/uidgid.h>

#include "block.h"
#include "fetch.h"
#include "links.h"
#include "session.h"

/* Inodes and directories, as records tell them. Nothing here sleeps or waits for a disk. */

static void item_facts(struct build *o, enum wire_item_type type, const struct inode *inode)
{
	struct wire_facts *f = (struct wire_facts *)item_begin(o, sizeof(*f));

	*f = (struct wire_facts){
		.dev_major = MAJOR(inode->i_sb->s_dev),
		.dev_minor = MINOR(inode->i_sb->s_dev),
		.ino = inode->i_ino,
		.mode = inode->i_mode,
		.nlink = inode->i_nlink,
		.uid = from_kuid(&init_user_ns, inode->i_uid),
		.gid = from_kgid(&init_user_ns, inode->i_gid),
		.size = i_size_read(inode),
		.blocks = inode->i_blocks,
		.super = 1,
	};
	item_end(o, type, sizeof(*f));
}

/* What an entry of a directory names; nothing when nothing is there. */
static void item_dentry(struct build *o, enum wire_item_type type, const struct dentry *dentry)
{
	const struct inode *inode = d_inode(dentry);

	if (inode) {
		item_facts(o, type, inode);
	} else {
		item_begin(o, 0);
		item_end(o, type, 0);
	}
}

/* Without a dentry this is how the walk of a path asks under RCU: nothing may wait for a disk. */
static const char *link_in_memory(struct inode *inode, struct delayed_call *done)
{
	if (inode->i_link)
		return inode->i_link;
	return inode->i_op->get_link ? inode->i_op->get_link(NULL, inode, done) : NULL;
}

/* Where a symbolic link leads. */
static void item_link(struct build *o, enum wire_item_type type, const struct dentry *dentry)
{
	struct inode *inode = d_inode(dentry);
	DEFINE_DELAYED_CALL(done);
	const char *link;
	unsigned int len;
	char *to;

	if (!inode || !S_ISLNK(inode->i_mode))
		return;
	to = item_begin(o, WIRE_LINK_MAX);
	rcu_read_lock();
	link = link_in_memory(inode, &done);
	len = IS_ERR_OR_NULL(link) ? 0 : strnlen(link, WIRE_LINK_MAX + 1);
	if (len && len <= WIRE_LINK_MAX)
		memcpy(to, link, len);
	else
		len = link_recall(inode, to);
	do_delayed_call(&done);
	rcu_read_unlock();
	if (len)
		item_end(o, type, len);
}

/* dev_t as stat(2) shows it */
static void split_dev(struct wire_facts *f, u64 dev)
{
	f->dev_major = (dev >> 8) & 0xfff;
	f->dev_minor = (dev & 0xff) | ((dev >> 12) & 0xfff00);
}

/* struct stat64 of 32-bit x86. */
struct narrow_stat {
	u64 dev;
	u32 pad, short_ino;
	u32 mode, nlink, uid, gid;
	u64 rdev;
	u32 pad2;
	s64 size;
	u32 block_size;
	s64 blocks;
	u32 times[6];
	u64 ino;
} __packed;

static void item_facts_of_narrow_stat(struct build *o, u64 address)
{
	struct wire_facts *f = (struct wire_facts *)item_begin(o, sizeof(*f));
	struct narrow_stat st;

	switch (compat_number()) {
	case 195: /* stat64, lstat64, fstat64, fstatat64; the older ones do not tell all */
	case 196:
	case 197:
	case 300:
		break;
	default:
		return;
	}
	if (!user_copy(&st, address, sizeof(st)))
		return;
	*f = (struct wire_facts){
		.ino = st.ino,
		.mode = st.mode,
		.nlink = st.nlink,
		.uid = st.uid,
		.gid = st.gid,
		.size = st.size,
		.blocks = st.blocks,
	};
	split_dev(f, st.dev);
	item_end(o, WIRE_FACTS, sizeof(*f));
}

static void item_facts_of_stat(struct build *o, u64 address)
{
	struct wire_facts *f = (struct wire_facts *)item_begin(o, sizeof(*f));
	struct stat st;

	if (unlikely(compat_number())) {
		item_facts_of_narrow_stat(o, address);
		return;
	}
	if (!user_copy(&st, address, sizeof(st)))
		return;
	*f = (struct wire_facts){
		.ino = st.st_ino,
		.mode = st.st_mode,
		.nlink = st.st_nlink,
		.uid = st.st_uid,
		.gid = st.st_gid,
		.size = st.st_size,
		.blocks = st.st_blocks,
	};
	split_dev(f, st.st_dev);
	item_end(o, WIRE_FACTS, sizeof(*f));
}

static void item_facts_of_statx(struct build *o, u64 address)
{
	struct wire_facts *f = (struct wire_facts *)item_begin(o, sizeof(*f));
	struct statx st;

	if (!user_copy(&st, address, sizeof(st)) ||
		(st.stx_mask & STATX_BASIC_STATS) != STATX_BASIC_STATS)
		return;
	*f = (struct wire_facts){
		.dev_major = st.stx_dev_major,
		.dev_minor = st.stx_dev_minor,
		.ino = st.stx_ino,
		.mode = st.stx_mode,
		.nlink = st.stx_nlink,
		.uid = st.stx_uid,
		.gid = st.stx_gid,
		.size = st.stx_size,
		.blocks = st.stx_blocks,
	};
	item_end(o, WIRE_FACTS, sizeof(*f));
}

/* --- identities; those who read them must not learn addresses --- */

static u64 hidden_id(const void *what)
{
	u64 id = ((u64)(uintptr_t)what + session.secret) * 0x9e3779b97f4a7c15ull;

	return id ^ id >> 29;
}

static u64 description_id(const struct file *file)
{
	return hidden_id(file);
}

/* --- where paths start --- */

/* How the names of a process relate to those of whoever started the session. */
static inline unsigned int names_flags(void)
{
	const struct fs_struct *fs = current->fs;
	unsigned int flags = 0;

	if (unlikely(!fs || !current->nsproxy))
		return 0;
	if (current->nsproxy->mnt_ns != session.mounts)
		flags = WIRE_FOREIGN;
	if (fs->root.dentry != session.root_dentry || (!flags && fs->root.mnt != session.root_mnt))
		flags |= WIRE_CHROOTED;
	return flags;
}

/* One and the same directory has another identity for those who see it by another name. */
static u64 dir_id(const struct inode *inode, unsigned int flags)
{
	const u64 mix = 0x9e3779b97f4a7c15ull;
	u64 id = ((u64)(uintptr_t)inode ^ session.secret) * mix;

	id = (id ^ (id >> 29) ^ inode->i_ino) * mix;
	id = (id ^ (id >> 32) ^ inode->i_generation ^ ((u64)inode->i_sb->s_dev << 32)) * mix;
	if (flags)
		id = (id ^ (uintptr_t)current->fs->root.dentry ^
			     (u64)(uintptr_t)current->nsproxy->mnt_ns << 8) *
		     mix;
	id ^= id >> 31;
	return id ? id : 1;
}

/*
 * Which directories were told by name: half of the identity, and when. Entries may push each other
 * out and be lost; then a name is told once more. A name counts only when it was told before the
 * record that leaves it out: they may come from different processors.
 */
#define TOLD_BITS 13
static u64 told[1 << TOLD_BITS];

static bool dir_is_told(u64 id, u64 t)
{
	u64 entry = READ_ONCE(told[id >> (64 - TOLD_BITS)]);
	u32 when = (u32)entry;

	return (u32)(entry >> 32) == (u32)id && (s32)(told_time(t) - when) > 0 &&
	       (s32)(when - READ_ONCE(told_floor)) >= 0;
}

static void dir_tell(u64 id, u64 t)
{
	WRITE_ONCE(told[id >> (64 - TOLD_BITS)], (u64)(u32)id << 32 | told_time(t));
}

/* At most PATH_MAX bytes to AT; how many. */
static unsigned int put_d_path(char *at, const struct path *path)
{
	char *name = d_path(path, at, PATH_MAX);
	unsigned int len;

	if (IS_ERR(name))
		return 0;
	len = at + PATH_MAX - 1 - name;
	memmove(at, name, len);
	return len;
}

enum dir_name {
	DIR_ONCE,  /* told when nobody knows it yet */
	DIR_NAMED, /* told */
	DIR_APART  /* told, but its record is used later, and others must not rely on it */
};

static void item_dir(
	struct build *o, enum wire_item_type type, const struct path *path, enum dir_name how)
{
	struct wire_dir *dir = (struct wire_dir *)item_begin(o, sizeof(*dir) + PATH_MAX);
	const struct inode *inode = d_inode_rcu(path->dentry);
	u64 t = o->rec->t;
	unsigned int len = 0;

	if (!inode)
		return;
	dir->id = dir_id(inode, o->rec->flags & (WIRE_CHROOTED | WIRE_FOREIGN));
	if (how != DIR_ONCE || !dir_is_told(dir->id, t)) {
		len = put_d_path((char *)(dir + 1), path);
		if (len && how != DIR_APART)
			dir_tell(dir->id, t);
	}
	item_end(o, type, sizeof(*dir) + len);
}

/* Without a reference: RCU keeps what another thread of the same fs_struct leaves meanwhile. */
static void item_cwd(struct build *o, enum wire_item_type type, enum dir_name how)
{
	const struct fs_struct *fs = current->fs;
	struct path path;

	if (!fs)
		return;
	rcu_read_lock();
	do {
		path.mnt = READ_ONCE(fs->pwd.mnt);
		smp_rmb();
		path.dentry = READ_ONCE(fs->pwd.dentry);
		smp_rmb();
	} while (path.mnt != READ_ONCE(fs->pwd.mnt));
	item_dir(o, type, &path, how);
	rcu_read_unlock();
}

static void item_base_as(
	struct build *o, enum wire_item_type type, int dirfd, enum dir_name how)
{
	struct file *file;

	if (dirfd == AT_FDCWD) {
		item_cwd(o, type, how);
		return;
	}
	file = fget_raw(dirfd);
	if (!file)
		return;
	item_dir(o, type, &file->f_path, how);
	fput(file);
}

static void item_base(struct build *o, enum wire_item_type type, int dirfd)
{
	item_base_as(o, type, dirfd, DIR_ONCE);
}

#endif
