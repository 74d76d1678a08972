/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#ifndef IORIOT_SYSTEMTAP_WATCHED_H
#define IORIOT_SYSTEMTAP_WATCHED_H

#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kdev_t.h>
#include <linux/rcupdate.h>
#include <linux/uaccess.h>

#include "session.h"
#include "table.h"

/* Files that are watched: with --file what is only about others is not recorded. Only the control file changes them. */

/* False: it is no memory of the kernel any more. */
#define PEEK(to, from) (copy_from_kernel_nofault(&(to), &(from), sizeof(to)) == 0)

static struct watched_file {
	dev_t dev;
	u64 ino;
	bool on;
} watched_files[WIRE_WATCHED];

static struct watched_file *watched_find(dev_t dev, u64 ino)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(watched_files); i++)
		if (smp_load_acquire(&watched_files[i].on) && watched_files[i].dev == dev &&
			watched_files[i].ino == ino)
			return &watched_files[i];
	return NULL;
}

/* False: INODE, which may be gone, is another file than those that are asked for. NULL: no file. */
static noinline bool is_watched(const struct inode *inode)
{
	struct super_block *sb;
	unsigned long ino;
	dev_t dev;

	return inode && PEEK(sb, inode->i_sb) && PEEK(dev, sb->s_dev) && PEEK(ino, inode->i_ino) &&
	       watched_find(dev, ino);
}

static inline bool file_wanted(const struct inode *inode)
{
	return likely(!session.by_file) || is_watched(inode);
}

/* A call that does nothing to anything but the file of its first argument. */
static noinline bool call_has_wanted_file(struct pt_regs *regs)
{
	struct file *file = fget_raw((unsigned int)call_arg(regs, 0));
	bool wanted = !file || is_watched(file_inode(file));

	if (file)
		fput(file);
	return wanted;
}

/* --- commands; these may sleep --- */

static int watched_add(dev_t dev, u64 ino)
{
	int i;

	if (watched_find(dev, ino))
		return 0;
	for (i = 0; i < ARRAY_SIZE(watched_files); i++) {
		struct watched_file *f = &watched_files[i];

		if (f->on)
			continue;
		f->dev = dev;
		f->ino = ino;
		smp_store_release(&f->on, true);
		return 0;
	}
	return -ENOSPC;
}

static int watched_remove(dev_t dev, u64 ino)
{
	struct watched_file *f = watched_find(dev, ino);

	if (f) {
		WRITE_ONCE(f->on, false);
		synchronize_rcu(); /* nobody compares with it any more */
	}
	return 0;
}

#endif
