/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#ifndef IORIOT_SYSTEMTAP_MEMO_H
#define IORIOT_SYSTEMTAP_MEMO_H

#include <linux/hash.h>
#include <linux/irqflags.h>
#include <linux/jiffies.h>
#include <linux/vmalloc.h>

/*
 * What is remembered of an inode, a bio or a request until it is over, by its address: tables that forget
 * the oldest when they are full. Nobody waits for anybody: each place has a lock of its own, which is held
 * for a copy of some bytes with interrupts off, and who does not get it soon goes without.
 */

#define MEMO_WAYS  4 /* places where one key can be */
#define MEMO_TRIES 1000

struct memo {
	u32 lock, stamp;
	u64 key; /* 0: nothing is here */
	char value[];
};

struct memos {
	unsigned int bits, bytes; /* how many there are, and how long a value is */
	char *all;		  /* NULL: the layer that needs it is not recorded */
};

static unsigned int memo_size(const struct memos *m)
{
	return sizeof(struct memo) + round_up(m->bytes, sizeof(u64));
}

/* May sleep. */
static int memos_make(struct memos *m)
{
	if (!m->all)
		m->all = vzalloc((size_t)memo_size(m) << m->bits);
	return m->all ? 0 : -ENOMEM;
}

static void memos_free(struct memos *m)
{
	vfree(m->all);
	m->all = NULL;
}

static struct memo *memo_at(const struct memos *m, u64 key, unsigned int way)
{
	u64 first = hash_64(key, m->bits - 2) * MEMO_WAYS;

	return (struct memo *)(m->all + (first + way) * memo_size(m));
}

static bool memo_lock(struct memo *at)
{
	unsigned int i;

	for (i = 0; i < MEMO_TRIES; i++) {
		if (cmpxchg_acquire(&at->lock, 0, 1) == 0)
			return true;
		cpu_relax();
	}
	return false;
}

static void memo_unlock(struct memo *at)
{
	smp_store_release(&at->lock, 0);
}

/* Locked, with interrupts off; NULL: it is not known. */
static struct memo *memo_hold(const struct memos *m, u64 key, unsigned long *flags)
{
	unsigned int way;

	if (!m->all || !key)
		return NULL;
	local_irq_save(*flags);
	for (way = 0; way < MEMO_WAYS; way++) {
		struct memo *at = memo_at(m, key, way);

		if (READ_ONCE(at->key) != key || !memo_lock(at))
			continue;
		if (at->key == key)
			return at;
		memo_unlock(at);
	}
	local_irq_restore(*flags);
	return NULL;
}

static void memo_let_go(struct memo *at, unsigned long flags)
{
	memo_unlock(at);
	local_irq_restore(flags);
}

/* Copies it to VALUE; false: it is not known. */
static bool memo_get(const struct memos *m, u64 key, void *value)
{
	unsigned long flags;
	struct memo *at = memo_hold(m, key, &flags);

	if (!at)
		return false;
	memcpy(value, at->value, m->bytes);
	memo_let_go(at, flags);
	return true;
}

static void memo_drop(const struct memos *m, u64 key)
{
	unsigned long flags;
	struct memo *at;

	while ((at = memo_hold(m, key, &flags))) {
		WRITE_ONCE(at->key, 0);
		memo_let_go(at, flags);
	}
}

/* Where KEY is, or else the place that was not used for the longest time. */
static struct memo *memo_choose(const struct memos *m, u64 key)
{
	struct memo *oldest = memo_at(m, key, 0);
	u32 now = (u32)jiffies, most = 0;
	unsigned int way;

	for (way = 0; way < MEMO_WAYS; way++) {
		struct memo *at = memo_at(m, key, way);
		u32 age = READ_ONCE(at->key) ? now - READ_ONCE(at->stamp) : U32_MAX;

		if (READ_ONCE(at->key) == key)
			return at;
		if (age > most) {
			most = age;
			oldest = at;
		}
	}
	return oldest;
}

static void memo_put(const struct memos *m, u64 key, const void *value)
{
	unsigned long flags;
	struct memo *at;

	if (!m->all || !key)
		return;
	local_irq_save(flags);
	at = memo_choose(m, key);
	if (memo_lock(at)) {
		WRITE_ONCE(at->key, key);
		WRITE_ONCE(at->stamp, (u32)jiffies);
		memcpy(at->value, value, m->bytes);
		memo_unlock(at);
	}
	local_irq_restore(flags);
}

#endif
