/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#ifndef IORIOT_SYSTEMTAP_LINKS_H
#define IORIOT_SYSTEMTAP_LINKS_H

#include <linux/fs.h>
#include <linux/hash.h>
#include <linux/spinlock.h>

#include "capture/wire.h"

/*
 * Where symbolic links lead that a file system gives only to who may wait for its disk: what the
 * last ones said that were followed or read. A link is never changed, only replaced. An entry may be
 * pushed out by another link; then its text is not told.
 */
#define LINK_BITS 7

struct link_memo {
	dev_t dev;
	u32 generation;
	u64 ino;
	unsigned int len; /* 0: nothing is here */
	char text[WIRE_LINK_MAX];
};

static DEFINE_RAW_SPINLOCK(link_lock);
static struct link_memo link_memos[1 << LINK_BITS];

static struct link_memo *link_slot(const struct inode *inode)
{
	return &link_memos[hash_64(inode->i_ino ^ inode->i_sb->s_dev, LINK_BITS)];
}

static void link_remember(const struct inode *inode, const char *text)
{
	struct link_memo *memo = link_slot(inode);
	unsigned int len = strnlen(text, WIRE_LINK_MAX + 1);
	unsigned long flags;

	if (len > WIRE_LINK_MAX)
		return;
	raw_spin_lock_irqsave(&link_lock, flags);
	memo->dev = inode->i_sb->s_dev;
	memo->generation = inode->i_generation;
	memo->ino = inode->i_ino;
	memo->len = len;
	memcpy(memo->text, text, len);
	raw_spin_unlock_irqrestore(&link_lock, flags);
}

/* At most WIRE_LINK_MAX bytes to TO; how many, 0: not known. */
static unsigned int link_recall(const struct inode *inode, char *to)
{
	const struct link_memo *memo = link_slot(inode);
	unsigned int len = 0;
	unsigned long flags;

	raw_spin_lock_irqsave(&link_lock, flags);
	if (memo->ino == inode->i_ino && memo->dev == inode->i_sb->s_dev &&
		memo->generation == inode->i_generation) {
		len = memo->len;
		memcpy(to, memo->text, len);
	}
	raw_spin_unlock_irqrestore(&link_lock, flags);
	return len;
}

#endif
