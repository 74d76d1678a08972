/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#ifndef IORIOT_SYSTEMTAP_STATE_H
#define IORIOT_SYSTEMTAP_STATE_H

#include <linux/fdtable.h>

#include "facts.h"
#include "maps.h"
#include "scope.h"
#include "table.h"

/*
 * The state of a process, told by the first of its threads that makes a call: what it has open is
 * then seen under the lock of its descriptors. Calls that begin meanwhile wait, so that each of its
 * calls is either over before that moment, or began after it, or was under way: of those it cannot
 * be told whether they had their effect already.
 */

/* Number of the parent if its state was told, too. */
static u64 told_parent(void)
{
	const struct task_struct *parent;
	const struct thread *th;
	pid_t tgid;

	rcu_read_lock();
	parent = rcu_dereference(current->real_parent);
	tgid = parent->tgid;
	rcu_read_unlock();
	th = thread_find(tgid);
	return th && READ_ONCE(th->told) == READ_ONCE(session.generation) ? tgid : 0;
}

/* Returns the moment that the state is of. */
static u64 put_task(void)
{
	struct build o;
	u64 *values, t;

	if (!build_begin(&o, WIRE_TASK, WIRE_VALUES_TASK))
		return 0;
	o.rec->flags = names_flags();
	item_cwd(&o, WIRE_CWD, DIR_NAMED);
	values = build_values(&o);
	values[0] = current->fs ? current->fs->umask : 0;
	values[1] = from_kuid(&init_user_ns, current_euid());
	values[2] = from_kgid(&init_user_ns, current_egid());
	values[3] = told_parent();
	/* all that is in it began before */
	t = o.rec->t = block_time(o.b);
	build_end(&o);
	return t;
}

/* What TASK is called, or is about to be, and whose it is. */
static void put_thread(const struct task_struct *task, const char *name)
{
	unsigned int len = strnlen(name, TASK_COMM_LEN - 1);
	struct build o;

	if (!build_begin(&o, WIRE_EVENT, 1))
		return;
	o.rec->nr = ROW_state_thread - 1;
	o.rec->flags = WIRE_NO_RESULT;
	o.rec->tgid = task->tgid;
	o.rec->tid = task->pid;
	memcpy(item_begin(&o, len), name, len);
	item_end(&o, WIRE_PATH, len);
	build_values(&o)[0] = from_kuid(&init_user_ns, task_euid(task));
	build_end(&o);
}

/* Of the current thread, where it is not what was told of it. */
static void thread_changed(struct thread *th)
{
	u32 uid = from_kuid(&init_user_ns, current_euid());

	if (th->uid == uid)
		return;
	th->uid = uid;
	put_thread(current, current->comm);
}

static void item_ring_of_file(struct build *o, const struct file *file);

/* What it is, and its name. */
static void item_file(struct build *o, struct file *file)
{
	unsigned int len;

	item_facts(o, WIRE_FACTS, file_inode(file));
	len = put_d_path(item_begin(o, PATH_MAX), &file->f_path);
	if (len)
		item_end(o, WIRE_FD_PATH, len);
}

/* T 0: now, and AT_ENTRY is when its call began (0: not known). SENT: somebody has told of it. */
static void put_described(enum wire_kind kind, unsigned int fd, struct file *file, bool cloexec, u64 t,
	u64 at_entry, bool sent)
{
	struct build o;
	u64 *values;

	if (!build_begin(&o, kind, WIRE_VALUES_FD))
		return;
	if (t)
		o.rec->t = o.b->t = t;
	if (at_entry)
		o.rec->dur = o.rec->t - at_entry;
	o.rec->flags = names_flags();
	item_file(&o, file);
	if (sent) {
		*(u64 *)item_begin(&o, sizeof(u64)) = description_id(file);
		item_end(&o, WIRE_DESCRIPTION, sizeof(u64));
	}
	item_ring_of_file(&o, file);
	values = build_values(&o);
	values[0] = fd;
	values[1] = (file->f_flags & ~O_CLOEXEC) | (cloexec ? O_CLOEXEC : 0);
	values[2] = file->f_pos;
	build_end(&o);
}

/* --- maps --- */

/* Files that are mapped for execution, too, are the program and its libraries, whose maps nobody records. */
#define PROGRAM_FILES 256
static const struct inode *__percpu *program_files;

static int maps_init(void)
{
	program_files = __alloc_percpu(PROGRAM_FILES * sizeof(*program_files), __alignof__(*program_files));
	return program_files ? 0 : -ENOMEM;
}

static void maps_free(void)
{
	free_percpu(program_files);
}

static bool is_program(unsigned int n, const struct inode *inode)
{
	const struct inode **all = this_cpu_ptr(program_files);
	unsigned int i;

	for (i = 0; i < n; i++)
		if (all[i] == inode)
			return true;
	return false;
}

static unsigned int find_programs(struct mm_struct *mm)
{
	const struct inode **all = this_cpu_ptr(program_files);
	struct vm_area_struct *vma;
	unsigned int n = 0;
	MAPS_ITERATOR(at, mm);

	for_each_map(vma, at)
		if (vma->vm_file && vma->vm_flags & VM_EXEC && n < PROGRAM_FILES &&
			!is_program(n, file_inode(vma->vm_file)))
			all[n++] = file_inode(vma->vm_file);
	return n;
}

static void put_map(const struct vm_area_struct *vma, u64 t)
{
	struct build o;
	u64 *values;

	window_add(vma->vm_start, vma->vm_end - vma->vm_start);
	if (!build_begin(&o, WIRE_MAP, WIRE_VALUES_MAP))
		return;
	if (t)
		o.rec->t = o.b->t = t;
	o.rec->flags = names_flags();
	item_file(&o, vma->vm_file);
	values = build_values(&o);
	values[0] = vma->vm_start;
	values[1] = vma->vm_end - vma->vm_start;
	values[2] = vma->vm_flags & (VM_READ | VM_WRITE | VM_EXEC); /* the same bits as PROT_* */
	values[3] = vma->vm_flags & VM_MAYSHARE ? MAP_SHARED : MAP_PRIVATE;
	values[4] = (u64)vma->vm_pgoff << PAGE_SHIFT;
	build_end(&o);
}

#define LOCK_TRIES 1000

/* Who holds the lock may be waiting for this processor. */
static bool lock_maps(struct mm_struct *mm)
{
	unsigned int i;

	for (i = 0; i < LOCK_TRIES; i++) {
		if (mmap_read_trylock(mm))
			return true;
		cpu_relax();
	}
	return false;
}

static void put_lost(const struct task_struct *task, u64 count, enum wire_lost why);

static void put_maps(u64 t)
{
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;
	unsigned int n;

	if (!mm)
		return;
	if (!lock_maps(mm)) {
		put_lost(current, 1, WIRE_LOST_MAPS);
		return;
	}
	n = find_programs(mm);
	{
		MAPS_ITERATOR(at, mm);

		for_each_map(vma, at)
			if (vma->vm_file && S_ISREG(file_inode(vma->vm_file)->i_mode) &&
				!is_program(n, file_inode(vma->vm_file)))
				put_map(vma, t);
	}
	mmap_read_unlock(mm);
}

/* Preemption is off: no other records of this processor come between. */
static void put_state(void)
{
	struct files_struct *files = current->files;
	struct fdtable *fdt;
	unsigned int fd;
	u64 t;

	if (!files) {
		put_task();
		return;
	}
	spin_lock(&files->file_lock);
	t = put_task();
	fdt = files_fdtable(files);
	for_each_set_bit(fd, fdt->open_fds, fdt->max_fds) {
		struct file *file = rcu_dereference_raw(fdt->fd[fd]);

		if (file)
			put_described(WIRE_FD, fd, file, test_bit(fd, fdt->close_on_exec), t, 0,
				true);
	}
	spin_unlock(&files->file_lock);
	put_maps(t);
}

/* A thread that comes while another one tells waits for it: preemption is off, that one goes on. */
static noinline void state_tell(struct thread *th)
{
	struct thread *leader = thread_get(current->tgid);
	u32 generation = READ_ONCE(session.generation);

	if (!leader) /* no memory: it is tried again at the next call */
		return;
	if (smp_load_acquire(&leader->told) != generation) {
		while (xchg(&leader->telling, 1))
			cpu_relax();
		if (leader->told != generation) {
			block_hold();
			put_state();
			block_release();
			smp_store_release(&leader->told, generation);
		}
		smp_store_release(&leader->telling, 0);
	}
	th->told = generation;
	th->uid = from_kuid(&init_user_ns, current_euid());
	put_thread(current, current->comm);
}

/* True when the state had to be told now. */
static inline bool state_needed(struct thread *th)
{
	if (likely(th->told == READ_ONCE(session.generation)))
		return false;
	state_tell(th);
	return true;
}

#endif
