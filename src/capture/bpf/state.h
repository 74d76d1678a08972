/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#ifndef IORIOT_CAPTURE_BPF_STATE_H
#define IORIOT_CAPTURE_BPF_STATE_H

#include "facts.h"
#include "scope.h"

/*
 * The state of a process, told by the first of its threads that makes a call. Its calls that begin
 * meanwhile wait, so that each of them is either over before that moment, or began after it, or was under
 * way: of those it cannot be told whether they had their effect already. Unlike a module, a program cannot
 * take the lock of the descriptors: what other threads do in calls that are under way may be in the state or
 * not, which is what begin.h settles.
 */

/* Number of the parent if its state was told, too. */
static __always_inline u64 told_parent(struct task_struct *task)
{
	struct task_struct *leader = task->real_parent->group_leader;
	struct bpf_thread *th = thread_find(leader);

	return th && th->told == session.generation ? (u64)leader->tgid : 0;
}

/* Returns the moment that the state is of. */
static __always_inline u64 put_task(struct task_struct *task)
{
	struct build *b = build_begin(WIRE_TASK, WIRE_VALUES_TASK);
	u64 *values, t;

	if (!b)
		return 0;
	b->rec.flags = names_flags();
	item_cwd(b, WIRE_CWD | DIR_NAMED);
	values = build_values(b, WIRE_VALUES_TASK);
	values[0] = task->fs ? task->fs->umask : 0;
	values[1] = task->cred->euid.val;
	values[2] = task->cred->egid.val;
	values[3] = told_parent(task);
	t = b->rec.t;
	build_end(b);
	return t;
}

static __always_inline void item_ring_of_file(struct build *b, struct file *file);

struct described {
	u64 t, at_entry; /* T 0: now; AT_ENTRY 0: not known */
	u32 fd;
	bool cloexec, sent;
};

__noinline int put_described(u32 kind, u64 file_at, const struct described *d)
{
	struct build *b = d ? build_begin(kind, WIRE_VALUES_FD) : NULL;
	struct file *file = (struct file *)file_at;
	u64 *values;
	int len;

	if (!b)
		return 0;
	if (d->t)
		b->rec.t = d->t;
	if (d->at_entry)
		b->rec.dur = b->rec.t - d->at_entry;
	b->rec.flags = names_flags();
	item_facts(b, WIRE_FACTS, GET(file, f_inode));
	item_begin(b, PATH_MOST);
	len = put_path(b, (u64)GET(file, f_path.mnt), (u64)GET(file, f_path.dentry), 0);
	if (len > 0 && len <= PATH_MOST)
		item_end(b, WIRE_FD_PATH, len);
	item_ring_of_file(b, file);
	if (d->sent)
		item_number(b, WIRE_DESCRIPTION, hidden_id(file));
	values = build_values(b, WIRE_VALUES_FD);
	values[0] = d->fd;
	values[1] = (GET(file, f_flags) & ~02000000u) | (d->cloexec ? 02000000u : 0); /* O_CLOEXEC */
	values[2] = GET(file, f_pos);
	build_end(b);
	return 0;
}

/* The walk over the descriptors of a process, a word of their bits at a time. */
struct fds {
	struct fdtable *table;
	u64 t, open, cloexec;
	u32 next, max;
};

#define FDS_MOST (1u << 22)

/* Of what is not 0. */
static __always_inline u32 lowest_bit(u64 word)
{
	u32 bit = 0;

	if (!(word & 0xffffffff))
		bit += 32, word >>= 32;
	if (!(word & 0xffff))
		bit += 16, word >>= 16;
	if (!(word & 0xff))
		bit += 8, word >>= 8;
	if (!(word & 0xf))
		bit += 4, word >>= 4;
	if (!(word & 3))
		bit += 2, word >>= 2;
	return bit + !(word & 1);
}

static long fds_step(u32 i, void *arg)
{
	struct fds *all = arg;
	struct described d = {.t = all->t, .sent = true};
	struct file *file;
	u32 bit;

	if (!all->open) {
		u32 word = all->next / 64;

		if (all->next >= all->max)
			return 1;
		bpf_probe_read_kernel(&all->open, sizeof(u64), GET(all->table, open_fds) + word);
		bpf_probe_read_kernel(&all->cloexec, sizeof(u64), GET(all->table, close_on_exec) + word);
		all->next += 64;
		return 0;
	}
	bit = lowest_bit(all->open);
	all->open &= all->open - 1;
	d.fd = all->next - 64 + bit;
	d.cloexec = all->cloexec >> (bit & 63) & 1;
	file = file_of(d.fd);
	if (file)
		put_described(WIRE_FD, (u64)file, &d);
	return 0;
}

static __always_inline void put_state(struct task_struct *task)
{
	struct files_struct *files = task->files;
	struct fds all = {.t = put_task(task)};

	if (!files)
		return;
	all.table = files->fdt;
	if (!all.table)
		return;
	all.max = GET(all.table, max_fds);
	bpf_loop(FDS_MOST, fds_step, &all, 0);
}

static long wait_step(u32 i, void *arg)
{
	struct bpf_thread *leader = thread_find(bpf_get_current_task_btf()->group_leader);

	return !leader || !*(volatile u32 *)&leader->telling;
}

#define WAIT_MOST (1u << 20)

/* Of the current thread. A thread that comes while another one tells waits for it. */
__noinline int state_tell(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct bpf_thread *leader = thread_get(task->group_leader), *th = thread_own(task);
	u32 generation = session.generation;

	if (!leader || !th) /* no memory: it is tried again at the next call */
		return 0;
	if (leader->told != generation) {
		if (__sync_val_compare_and_swap(&leader->telling, 0, 1)) {
			bpf_loop(WAIT_MOST, wait_step, NULL, 0);
		} else {
			if (leader->told != generation) {
				put_state(task);
				leader->told = generation;
			}
			*(volatile u32 *)&leader->telling = 0;
		}
	}
	th->told = generation;
	return 1;
}

/* True when the state had to be told now. */
static __always_inline bool state_needed(struct bpf_thread *th)
{
	if (likely(th->told == session.generation))
		return false;
	state_tell();
	return true;
}

#endif
