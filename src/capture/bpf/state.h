/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#ifndef IORIOT_CAPTURE_BPF_STATE_H
#define IORIOT_CAPTURE_BPF_STATE_H

#include "facts.h"
#include "maps.h"
#include "scope.h"

/*
 * The state of a process, told by the first of its threads that makes a call. Its calls that begin
 * meanwhile wait, so that each of them is either over before that moment, or began after it, or was under
 * way: of those it cannot be told whether they had their effect already. Unlike a module, a program cannot
 * take the lock of the descriptors: what other threads do in calls that are under way may be in the state or
 * not, which is what begin.h settles.
 */

#define NAME_BYTES 16 /* TASK_COMM_LEN */

/* Number of the parent if its state was told, too. */
static __always_inline u64 told_parent(struct task_struct *task)
{
	struct task_struct *leader = AT(AT(task, real_parent), group_leader);
	struct bpf_thread *th = thread_find(leader);

	return th && th->told == session.generation ? (u64)AT(leader, tgid) : 0;
}

/* Returns the moment that the state is of. */
static __always_inline u64 put_task(struct task_struct *task)
{
	struct build *b = build_begin(WIRE_TASK, WIRE_VALUES_TASK);
	struct fs_struct *fs = AT(READ_ONLY(task), fs);
	u64 *values, t;

	if (!b)
		return 0;
	b->rec.flags = names_flags();
	item_cwd(b, WIRE_CWD | DIR_NAMED);
	values = build_values(b, WIRE_VALUES_TASK);
	values[0] = fs ? AT(fs, umask) : 0;
	values[1] = AT(AT(READ_ONLY(task), cred), euid.val);
	values[2] = AT(AT(READ_ONLY(task), cred), egid.val);
	values[3] = told_parent(task);
	t = b->rec.t;
	build_end(b);
	return t;
}

/* What a thread is called, or is about to be when NAME_AT is not 0, and whose it is. */
__noinline int put_thread(u64 task_at, u64 name_at)
{
	struct task_struct *task = (struct task_struct *)task_at;
	struct build *b = build_begin(WIRE_EVENT, 1);
	const struct cred *cred;
	u32 uid = 0;
	long len;
	char *to;

	if (!b)
		return 0;
	b->rec.nr = ROW_state_thread - 1;
	b->rec.flags = WIRE_NO_RESULT;
	b->rec.tgid = GET(task, tgid);
	b->rec.tid = GET(task, pid);
	to = item_begin(b, NAME_BYTES);
	len = bpf_probe_read_kernel_str(to, NAME_BYTES, name_at ? (const void *)name_at : (const void *)&task->comm);
	if (len > 0)
		item_end(b, WIRE_PATH, len - 1);
	cred = GET(task, cred);
	bpf_core_read(&uid, sizeof(uid), &cred->euid.val);
	build_values(b, 1)[0] = uid;
	build_end(b);
	return 0;
}

/* Of the current thread, where it is not what was told of it. */
static __always_inline void thread_changed(struct bpf_thread *th, struct task_struct *task)
{
	u32 uid = AT(AT(task, cred), euid.val);

	if (th->uid == uid)
		return;
	th->uid = uid;
	put_thread(number_of(task), 0);
}

static __always_inline void item_ring_of_file(struct build *b, struct file *file);

/* What it is, and its name. */
static __always_inline void item_file(struct build *b, struct file *file)
{
	struct inode *inode = GET(file, f_inode);
	struct wire_facts *facts = (struct wire_facts *)item_begin(b, sizeof(*facts));
	int len;

	facts_of(facts, inode);
	if (has_no_type(inode))
		facts->mode &= ~S_IFMT;
	item_end(b, WIRE_FACTS, sizeof(*facts));
	item_begin(b, PATH_MOST);
	len = put_path(GIVE(b), (u64)GET(file, f_path.mnt), (u64)GET(file, f_path.dentry), 0);
	if (len > 0 && len <= PATH_MOST)
		item_end(b, WIRE_FD_PATH, len);
}

#define DESCRIBED_CLOEXEC (1ull << 32)
#define DESCRIBED_SENT	  (1ull << 33)

/* T 0: now; AT_ENTRY 0: not known; HOW: the descriptor, and DESCRIBED_... */
__noinline int put_described(u32 kind, u64 file_at, u64 t, u64 at_entry, u64 how)
{
	struct build *b = build_begin(kind, WIRE_VALUES_FD);
	struct file *file = (struct file *)file_at;
	u64 *values;

	if (!b)
		return 0;
	if (t)
		b->rec.t = t;
	if (at_entry)
		b->rec.dur = b->rec.t - at_entry;
	b->rec.flags = names_flags();
	item_file(b, file);
	item_ring_of_file(b, file);
	if (how & DESCRIBED_SENT)
		item_number(b, WIRE_DESCRIPTION, hidden_id(file));
	values = build_values(b, WIRE_VALUES_FD);
	values[0] = (u32)how;
	values[1] = (GET(file, f_flags) & ~02000000u) | (how & DESCRIBED_CLOEXEC ? 02000000u : 0); /* O_CLOEXEC */
	values[2] = GET(file, f_pos);
	build_end(b);
	return 0;
}

/* --- maps --- */

#ifndef IORIOT_OLD /* which has no iterators over them */

/*
 * Files that are mapped for execution, too, are the program and its libraries, whose maps nobody records. A
 * file has two places, by its address; one that finds none is told.
 */
#define PROGRAM_FILES 512

struct program {
	u64 inode, walk; /* of an earlier walk it is void */
};

struct programs {
	struct program file[PROGRAM_FILES];
	u64 number, t; /* of the walk; when the state is of */
	bool tell;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct programs);
} programs SEC(".maps");

const volatile bool maps_told; /* the kernel has iterators over maps */

static __always_inline struct program *program_at(struct programs *all, u64 inode, u32 place)
{
	return &all->file[((u32)(inode * 0x9e3779b97f4a7c15ull >> 40) + place) & (PROGRAM_FILES - 1)];
}

static __always_inline bool is_program(const struct program *p, u64 inode, u64 walk)
{
	return p->walk == walk && p->inode == inode;
}

static __always_inline void program_add(struct programs *all, u64 inode, u64 walk)
{
	struct program *p = program_at(all, inode, 0);

	if (p->walk == walk && p->inode != inode)
		p = program_at(all, inode, 1);
	p->inode = inode;
	p->walk = walk;
}

#define VM_EXEC	    4u /* linux/mm.h; VM_READ, VM_WRITE and this are the bits of PROT_* */
#define VM_MAYSHARE 0x80u

__noinline int put_map(u64 vma_at, u64 t)
{
	struct vm_area_struct *vma = (struct vm_area_struct *)vma_at;
	u64 start = GET(vma, vm_start), len = GET(vma, vm_end) - start, flags = GET(vma, vm_flags), *values;
	struct file *file = GET(vma, vm_file);
	struct build *b;

	window_add(current_task(), start, len);
	b = build_begin(WIRE_MAP, WIRE_VALUES_MAP);
	if (!b)
		return 0;
	if (t)
		b->rec.t = t;
	b->rec.flags = names_flags();
	item_file(b, file);
	values = build_values(b, WIRE_VALUES_MAP);
	values[0] = start;
	values[1] = len;
	values[2] = flags & 7;
	values[3] = flags & VM_MAYSHARE ? 1 : 2; /* MAP_SHARED, MAP_PRIVATE */
	values[4] = (u64)GET(vma, vm_pgoff) * PAGE_BYTES;
	build_end(b);
	return 0;
}

static __always_inline void on_map(struct programs *w, struct vm_area_struct *vma)
{
	struct file *file = GET(vma, vm_file);
	struct inode *inode = file ? GET(file, f_inode) : NULL;

	if (!inode)
		return;
	if (!w->tell) {
		if (GET(vma, vm_flags) & VM_EXEC)
			program_add(w, (u64)inode, w->number);
	} else if ((GET(inode, i_mode) & S_IFMT) == S_IFREG &&
		   !is_program(program_at(w, (u64)inode, 0), (u64)inode, w->number) &&
		   !is_program(program_at(w, (u64)inode, 1), (u64)inode, w->number)) {
		put_map((u64)vma, w->t);
	}
}

/* 0 or an error. */
static __always_inline int each_map(struct task_struct *task, struct programs *w)
{
	struct bpf_iter_task_vma it;
	struct vm_area_struct *vma;
	int rc = bpf_iter_task_vma_new(&it, task, 0);

	while (!rc && (vma = bpf_iter_task_vma_next(&it)))
		on_map(w, (struct vm_area_struct *)number_of(vma));
	bpf_iter_task_vma_destroy(&it);
	return rc;
}

/* First the files of the program are found, then all others are told. */
__noinline int put_maps(u64 t)
{
	struct task_struct *task = current_task();
	struct programs *w;
	u32 key = 0;
	int rc;

	if (!maps_told)
		return 0;
	w = bpf_map_lookup_elem(&programs, &key);
	if (!w)
		return 0;
	w->number = bpf_ktime_get_ns();
	w->t = t;
	w->tell = false;
	rc = each_map(task, w);
	w->tell = true;
	if (!rc)
		rc = each_map(task, w);
	if (rc && rc != -2) /* ENOENT: it has no memory */
		put_lost(task, 1, WIRE_LOST_MAPS);
	return 0;
}

#endif

/* --- descriptors --- */

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

STEP(fds_step)
{
	struct build *b = build_here();
	struct file *file;
	struct fds *all;
	u32 bit;
	u64 fd;

	if (!b)
		return 1;
	all = &b->fds;
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
	fd = (u32)(all->next - 64 + bit);
	file = file_of(fd);
	if (all->cloexec >> (bit & 63) & 1)
		fd |= DESCRIBED_CLOEXEC;
	if (file)
		put_described(WIRE_FD, (u64)file, all->t, 0, fd | DESCRIBED_SENT);
	return 0;
}

LONG_STEP(fds_step)

static __always_inline void put_state(struct task_struct *task)
{
	struct files_struct *files = AT(READ_ONLY(task), files);
	u64 t = put_task(task);
	struct build *b = build_here();
	struct fdtable *table;

	if (!files || !b)
		return;
	table = AT(files, fdt);
	if (!table)
		return;
	b->fds = (struct fds){.table = table, .t = t, .max = GET(table, max_fds)};
	LONG_LOOP(FDS_MOST, fds_step);
#ifndef IORIOT_OLD
	put_maps(t);
#endif
}

/* A process whose state is told: by one of its threads. */
#ifdef IORIOT_OLD
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, BPF_CPUS);
	__type(key, u32); /* its number */
	__type(value, u32);
} tellers SEC(".maps");

/* False: another thread does. Atomic exchange is not to be had. */
static __always_inline bool telling_begin(struct bpf_thread *leader)
{
	u32 tgid = bpf_get_current_pid_tgid() >> 32;

	return bpf_map_update_elem(&tellers, &tgid, &tgid, BPF_NOEXIST) != -17; /* EEXIST */
}

static __always_inline void telling_end(struct bpf_thread *leader)
{
	u32 tgid = bpf_get_current_pid_tgid() >> 32;

	bpf_map_delete_elem(&tellers, &tgid);
}

STEP(wait_step)
{
	u32 tgid = bpf_get_current_pid_tgid() >> 32;

	return !bpf_map_lookup_elem(&tellers, &tgid);
}
#else
static __always_inline bool telling_begin(struct bpf_thread *leader)
{
	return !__sync_val_compare_and_swap(&leader->telling, 0, 1);
}

static __always_inline void telling_end(struct bpf_thread *leader)
{
	*(volatile u32 *)&leader->telling = 0;
}

STEP(wait_step)
{
	struct bpf_thread *leader = thread_find(current_task()->group_leader);

	return !leader || !*(volatile u32 *)&leader->telling;
}
#endif

LONG_STEP(wait_step)

#define WAIT_MOST (1u << 20)

/* Of the current thread. A thread that comes while another one tells waits for it. */
__noinline int state_tell(void)
{
	struct task_struct *task = current_task();
	struct bpf_thread *leader = thread_get(AT(task, group_leader)), *th = thread_own(task);
	u32 generation = session.generation;

	if (!leader || !th) /* no memory: it is tried again at the next call */
		return 0;
	if (leader->told != generation) {
		if (!telling_begin(leader)) {
			LONG_LOOP(WAIT_MOST, wait_step);
		} else {
			if (leader->told != generation) {
				put_state(task);
				leader->told = generation;
			}
			telling_end(leader);
		}
	}
	th->told = generation;
	th->uid = AT(AT(task, cred), euid.val);
	put_thread(number_of(task), 0);
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
