/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#ifndef IORIOT_CAPTURE_BPF_DIRECT_H
#define IORIOT_CAPTURE_BPF_DIRECT_H

#include "facts.h"
#include "narrow.h"
#include "rows.h"
#include "scope.h"

/*
 * Calls with numbers, and at most one name and the facts of one file: nearly all that programs make. Their records are
 * written in the ring, where those of build.h are made elsewhere and copied. Whatever is not as usual is left to those:
 * nothing is seen of a record until it is complete.
 */

/* Of one record at most: the name, its NUL and what stands before and behind it. */
#define DIRECT_MOST (sizeof(struct values) + PATH_MOST + 256)
#define TEXT_MASK   8191u

/* Where the next item goes. */
struct direct {
	char *items;
	u32 at;
};

static __always_inline char *direct_item(struct direct *d, u32 type, u32 len)
{
	u32 at = d->at;
	struct wire_item *item;

	keep(at);
	at &= TEXT_MASK;
	item = (struct wire_item *)(d->items + at);
	*item = (struct wire_item){.type = type, .len = len};
	d->at = at + sizeof(*item) + len;
	return (char *)(item + 1);
}

/* The first item. The first byte of the text, 0: it is empty; negative: it cannot be read. */
static __always_inline int direct_text(struct direct *d, u64 address)
{
	struct wire_item *item = (struct wire_item *)d->items;
	char *text = (char *)(item + 1), first;
	long len = bpf_probe_read_user_str(text, PATH_MOST + 1, (const void *)address);
	u64 *last;
	u32 end;

	if (len <= 0)
		return -1;
	first = *text;
	end = len - 1;
	keep(end);
	end &= TEXT_MASK;
	*item = (struct wire_item){.type = WIRE_PATH, .len = end};
	if (end & 7) { /* zeroes from its end on */
		last = (u64 *)(text + (end & ~7u));
		*last &= (1ull << 8 * (end & 7)) - 1;
	}
	d->at = sizeof(*item) + ((end + 7) & ~7u);
	return (u8)first;
}

/* The directory that a name starts from. False: it must be told what it is called. */
static __always_inline bool direct_base(struct direct *d, u64 *scratch, int dirfd, u64 t, u32 flags)
{
	struct task_struct *task = current_task();
	struct inode *inode;
	u64 id;

	if (dirfd == AT_FDCWD) {
		struct fs_struct *fs = AT(READ_ONLY(task), fs);

		if (!fs)
			return false;
		inode = LOOK((struct dentry *)number_by(scratch, AT(fs, pwd.dentry)), d_inode);
	} else {
		struct file *file = file_for(scratch, dirfd);

		if (!file)
			return true;
		inode = LOOK((struct dentry *)number_by(scratch, LOOK(file, f_path.dentry)), d_inode);
	}
	if (!inode)
		return false;
	id = dir_id(scratch, inode, flags);
	if (!dir_is_told(id, t))
		return false;
	((struct wire_dir *)direct_item(d, WIRE_BASE, sizeof(struct wire_dir)))->id = id;
	return true;
}

/* False: it is left to put_items(). */
static __always_inline bool direct_items(
	struct direct *d, struct head *head, const u64 *arg, const volatile struct bpf_row *row, u64 t)
{
	u32 flags = names_flags(), from = row->from[0];
	u64 *scratch = &head->sample.before; /* which is written last */
	struct wire_rec *rec = &head->rec;
	struct wire_facts *facts;
	struct file *file;
	int first;

	rec->flags = flags;
	if (row->path[0]) {
		first = direct_text(d, arg[(row->path[0] - 1) & 7]);
		if (first < 0)
			return false;
		if (first && first != '/' && from != BPF_FROM_NOWHERE &&
			!direct_base(d, scratch, from == BPF_FROM_CWD ? AT_FDCWD : (int)arg[(from - 1) & 7], t, flags))
			return false;
	}
	if (rec->ret < 0)
		return true;
	switch (row->facts) {
	case FACTS_OF_RESULT:
		file = file_for(scratch, rec->ret);
		if (!file)
			return true;
		facts = (struct wire_facts *)direct_item(d, WIRE_FACTS, sizeof(*facts));
		facts_of(facts, LOOK(file, f_inode));
		if (LOOK(file, f_mode) & FMODE_CREATED)
			rec->flags |= WIRE_CREATED;
		break;
	case FACTS_OF_STAT:
		if (bpf_probe_read_user(direct_item(d, WIRE_STAT, sizeof(struct wire_stat)), sizeof(struct wire_stat),
			    (const void *)arg[row->out & 7]))
			return false;
		break;
	case FACTS_DIRECTORY:
		if (!direct_base(d, scratch, arg[0], t, flags))
			return false;
		break;
	}
	return true;
}

/* Bytes of the record behind its head, and so many that it was not begun when it cannot be written here. */
static __always_inline u32 direct_write(
	struct head *head, const u64 *arg, const volatile struct bpf_row *row, u64 t)
{
	u64 *value = (u64 *)(head + 1);
	struct direct d;
	u32 n = row->values & 7, i;

	keep(n);
	for (i = 0; i < BPF_ARGS; i++) /* what is too many is written over */
		value[i] = arg[row->value[i] & 7];
	d.items = (char *)(value + (n & 7));
	d.at = 0;
	if (row->flags & ROW_HAS_ITEMS && !direct_items(&d, head, arg, row, t))
		return ~0u;
	return n * sizeof(u64) + d.at;
}

/* A call of a row that is direct is over. False: it is not recorded yet. */
static __always_inline bool direct_put(
	struct bpf_thread *th, struct pt_regs *regs, const volatile struct bpf_row *row, s64 ret)
{
	u64 arg[BPF_ARGS + 2] = {};
	u32 queue = 2 * bpf_get_smp_processor_id(), size = ~0u;
	struct bpf_cpu *cpu = &cpus[queue & (BPF_QUEUES - 1)];
	struct head *head;
	u64 t;

	if (cpu->busy & 1)
		return false;
	registers_of(regs, arg);
	if (unlikely(!th->who))
		th->who = bpf_get_current_pid_tgid();
	*(volatile u64 *)&cpu->busy += 1;
	t = bpf_ktime_get_ns();
	if (t < cpu->t)
		t = cpu->t;
	head = ring_place(cpu, queue, sizeof(*head), DIRECT_MOST);
	if (head) {
		head->rec.kind = WIRE_CALL;
		head->rec.flags = 0;
		head->rec.nr = th->nr;
		head->rec.tgid = th->who >> 32;
		head->rec.tid = (u32)th->who;
		head->rec.t = t;
		head->rec.dur = t - th->entry;
		head->rec.ret = ret;
		size = direct_write(head, arg, row, t);
	}
	if (size != ~0u) {
		head->sample.before = cpu->made++;
		head->rec.size = sizeof(head->rec) + size;
		cpu->t = t;
		ring_publish(cpu, bpf_ring_next(cpu->end, sizeof(*head) + size));
		ring_wake(cpu);
	}
	*(volatile u64 *)&cpu->busy += 1;
	return size != ~0u;
}

/* Whether it is in scope, and nothing else is to be done for it first. */
static __always_inline bool is_usual(const struct bpf_thread *th)
{
	if (th->mark ? th->mark != BPF_MARK_IN : !session.all || th->epoch != session.epoch || !th->in_all)
		return false;
	return likely(th->told == session.generation && !th->fault_t && !session.by_file);
}

/* A call of a row that is direct begins. True when nothing is left to do. */
static __always_inline bool direct_enter(struct task_struct *task, int number)
{
	struct bpf_thread *th = thread_find(task);

	if (!th)
		return !session.all;
	if (unlikely(!is_usual(th) || th->flags & ~CALL_ACTIVE))
		return false;
	th->nr = number;
	th->flags = CALL_ACTIVE;
	th->entry = bpf_ktime_get_ns();
	return true;
}

/* It ends. Apart, for its stack is not there when exit_otherwise() needs the rest. */
ASIDE int direct_exit(struct task_struct *task, struct pt_regs *regs, int number, s64 ret)
{
	struct bpf_thread *th = thread_find(task);

	if (!th)
		return !session.all;
	if (unlikely(!is_usual(th) || th->flags != CALL_ACTIVE || th->nr != number || is_restart(ret)))
		return false;
	if (!direct_put(th, regs, row_of(number), ret))
		return false;
	th->flags = 0;
	return true;
}

#endif
