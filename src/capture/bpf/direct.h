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

/*
 * One record under way. TASK is SEEN. Where functions take CAST, which says whether the kernel has bpf_rdonly_cast(),
 * code is made for either, and no more of it than that one needs: between two calls a program's own work takes most
 * of what is in the nearest cache, and what is run is fetched again.
 */
struct direct {
	struct task_struct *task;
	struct head *head;
	char *items;
	u32 at; /* where the next item goes */
	u32 flags;
	s64 ret;
	u64 t;
};

/* The head of a record, in one go as those of items: size, kind, flags and number. */
static __always_inline void direct_rec(struct wire_rec *rec, u32 size, u32 flags, s32 nr)
{
	*(u64 *)rec = size | WIRE_CALL << 16 | flags << 24 | (u64)(u32)nr << 32;
}

static __always_inline char *direct_item(struct direct *d, u32 type, u32 len)
{
	u32 at = d->at;
	char *to;

	keep(at);
	at &= TEXT_MASK;
	to = d->items + at;
	item_head(to, type, len);
	d->at = at + sizeof(struct wire_item) + len;
	return to + sizeof(struct wire_item);
}

/* The first item. The first byte of the text, 0: it is empty; negative: it cannot be read. */
static __always_inline int direct_text(struct direct *d, u64 address)
{
	char *text = d->items + sizeof(struct wire_item), first;
	long len = bpf_probe_read_user_str(text, PATH_MOST + 1, (const void *)address);
	u64 *last;
	u32 end;

	if (len <= 0)
		return -1;
	first = *text;
	end = len - 1;
	keep(end);
	end &= TEXT_MASK;
	item_head(d->items, WIRE_PATH, end);
	if (end & 7) { /* zeroes from its end on */
		last = (u64 *)(text + (end & ~7u));
		*last &= (1ull << 8 * (end & 7)) - 1;
	}
	d->at = sizeof(struct wire_item) + ((end + 7) & ~7u);
	return (u8)first;
}

static __always_inline u64 direct_number(struct direct *d, const void *pointer)
{
	return number_by(&d->head->sample.before, pointer); /* which is written last */
}

/* A pointer that was read, to be SEEN: those that are cast may be any. */
static __always_inline const void *direct_any(struct direct *d, const void *pointer, const bool cast)
{
	return cast ? pointer : (const void *)direct_number(d, pointer);
}

static __always_inline struct file *direct_file(struct direct *d, int fd, const bool cast)
{
	struct hlist_head *place = file_place_of(d->task, fd);

	return place ? (struct file *)direct_any(d, SEE(cast, SEEN(cast, place), first), cast) : NULL;
}

/* The directory that a name starts from. False: it must be told what it is called. */
static __always_inline bool direct_base(struct direct *d, int dirfd, const bool cast)
{
	struct dentry *dentry;
	struct inode *inode;
	u64 id;

	if (dirfd == AT_FDCWD) {
		struct fs_struct *fs = AT(d->task, fs);

		if (!fs)
			return false;
		dentry = AT(fs, pwd.dentry);
	} else {
		struct file *file = direct_file(d, dirfd, cast);

		if (!file)
			return true;
		dentry = SEE(cast, SEEN(cast, file), f_path.dentry);
	}
	inode = SEE(cast, (struct dentry *)direct_any(d, dentry, cast), d_inode);
	if (!inode)
		return false;
	id = dir_id_as(d->task, inode, direct_number(d, inode), d->flags, cast);
	if (!dir_is_told(id, d->t))
		return false;
	((struct wire_dir *)direct_item(d, WIRE_BASE, sizeof(struct wire_dir)))->id = id;
	return true;
}

/* False: it is left to put_items(). */
static __always_inline bool direct_items(
	struct direct *d, const u64 *arg, const volatile struct bpf_row *row, const bool cast)
{
	u32 path = row->path[0], from = row->from[0], facts = d->ret < 0 ? 0 : row->facts;
	bool relative = facts == FACTS_DIRECTORY;
	int dirfd = arg[0], first;
	struct file *file;

	d->flags = names_flags_of(d->task);
	if (path) {
		first = direct_text(d, arg[(path - 1) & 7]);
		if (first < 0)
			return false;
		relative = first && first != '/' && from != BPF_FROM_NOWHERE;
		dirfd = from == BPF_FROM_CWD ? AT_FDCWD : (int)arg[(from - 1) & 7];
	}
	if (relative && !direct_base(d, dirfd, cast))
		return false;
	switch (facts) {
	case FACTS_OF_RESULT:
		file = direct_file(d, d->ret, cast);
		if (!file)
			return true;
		file = SEEN(cast, file);
		facts_as((struct wire_facts *)direct_item(d, WIRE_FACTS, sizeof(struct wire_facts)),
			SEE(cast, file, f_inode), cast);
		if (SEE(cast, file, f_mode) & FMODE_CREATED)
			d->flags |= WIRE_CREATED;
		break;
	case FACTS_OF_STAT:
		if (bpf_probe_read_user(direct_item(d, WIRE_STAT, sizeof(struct wire_stat)), sizeof(struct wire_stat),
			    (const void *)arg[row->out & 7]))
			return false;
		break;
	}
	return true;
}

/* All but its time and its items, and where those go. How many bytes of values. */
static __always_inline u32 direct_values(
	struct direct *d, struct bpf_thread *th, const u64 *arg, const volatile struct bpf_row *row)
{
	struct wire_rec *rec = &d->head->rec;
	u64 *value = (u64 *)(d->head + 1);
	u32 n = row->values & 7, i;

	keep(n);
	rec->tgid = th->who >> 32;
	rec->tid = (u32)th->who;
	rec->ret = d->ret;
	for (i = 0; i < BPF_ARGS / 2; i++) /* what is too many is written over */
		value[i] = arg[row->value[i] & 7];
	if (n > BPF_ARGS / 2)
		for (; i < BPF_ARGS; i++)
			value[i] = arg[row->value[i] & 7];
	d->items = (char *)(value + (n & 7));
	d->at = 0;
	return n * sizeof(u64);
}

/* A call of a row that is direct is over. False: it is not recorded yet. */
static __always_inline bool direct_put(struct bpf_thread *th, struct task_struct *task, struct pt_regs *regs,
	const volatile struct bpf_row *row, s64 ret, const bool cast)
{
	u64 arg[BPF_ARGS + 2] = {};
	u32 queue = 2 * bpf_get_smp_processor_id(), size = 0;
	struct bpf_cpu *cpu = &cpus[queue & (BPF_QUEUES - 1)];
	struct direct d = {.task = SEEN(cast, task), .ret = ret};
	struct head *head;
	bool put = false;

	keep(cpu); /* not to be found once more for each use */
	keep(row);
	if (cpu->busy & 1)
		return false;
	registers_of(regs, arg);
	if (unlikely(!th->who))
		th->who = bpf_get_current_pid_tgid();
	*(volatile u64 *)&cpu->busy += 1;
	head = d.head = ring_place(cpu, queue, sizeof(*head), DIRECT_MOST);
	/* The look at the clock waits for what was asked of memory, not for what is given to it: that comes first. */
	if (head)
		size = direct_values(&d, th, arg, row);
	d.t = cpu_time(cpu);
	if (head && (!(row->flags & ROW_HAS_ITEMS) || direct_items(&d, arg, row, cast))) {
		size += d.at;
		head->rec.t = d.t;
		head->rec.dur = d.t - th->entry;
		head->sample.before = cpu->made++;
		direct_rec(&head->rec, sizeof(head->rec) + size, d.flags, th->nr);
		cpu->t = d.t;
		ring_publish(cpu, bpf_ring_next(cpu->end, sizeof(*head) + size));
		ring_wake(cpu);
		put = true;
	}
	*(volatile u64 *)&cpu->busy += 1;
	return put;
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

static __always_inline bool direct_exit_as(
	struct task_struct *task, struct pt_regs *regs, int number, s64 ret, const bool cast)
{
	struct bpf_thread *th = thread_find(task);

	if (!th)
		return !session.all;
	if (unlikely(!is_usual(th) || th->flags != CALL_ACTIVE || th->nr != number || is_restart(ret)))
		return false;
	if (!direct_put(th, task, regs, row_of(number), ret, cast))
		return false;
	th->flags = 0;
	return true;
}

/* It ends. Apart, for their stack is not there when exit_otherwise() needs the rest. */
ASIDE int direct_exit_casting(struct task_struct *task, struct pt_regs *regs, int number, s64 ret)
{
	return direct_exit_as(task, regs, number, ret, true);
}

ASIDE int direct_exit_asking(struct task_struct *task, struct pt_regs *regs, int number, s64 ret)
{
	return direct_exit_as(task, regs, number, ret, false);
}

static __always_inline bool direct_exit(struct task_struct *task, struct pt_regs *regs, int number, s64 ret)
{
	return has_cast ? direct_exit_casting(task, regs, number, ret) : direct_exit_asking(task, regs, number, ret);
}

#endif
