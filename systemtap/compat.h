/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#ifndef IORIOT_SYSTEMTAP_COMPAT_H
#define IORIOT_SYSTEMTAP_COMPAT_H

/*
 * What differs between kernels, processors and versions of SystemTap: here, and nowhere else.
 * Tried with Linux 6.1 and SystemTap 4.8 on x86-64.
 */

#include <linux/version.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/thread_info.h>
#include <linux/compat.h>
#include <asm/unistd.h>
#if defined(CONFIG_IO_URING) && defined(__has_include)
#if __has_include(<linux/io_uring_types.h>) /* from 6.0 on; without it rings cannot be looked into */
#define HAVE_RINGS
#endif
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 10, 0)
#error "ioriot: the modules need Linux 5.10 or later"
#endif
#ifdef CONFIG_PREEMPT_RT
#error "ioriot: the modules do not work on PREEMPT_RT, where spinlocks sleep"
#endif

/* --- arguments of the functions that are hooked, counted from 0 --- */

/* From 5.12 on a user namespace, later an idmapping, comes first. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 12, 0)
#define UNLINK_DENTRY 2
#define CHANGE_DENTRY 1
#define RENAME_BY_STRUCT
#else
#define UNLINK_DENTRY	1
#define CHANGE_DENTRY	0
#define RENAME_OLD	1
#define RENAME_NEW	3
#endif

/* What sets an access control list, with its name behind the dentry. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
#define SET_ACL "vfs_set_acl"
#else
#define SET_ACL "vfs_setxattr"
#endif

/* --- tracepoints --- */

/* Whether this kernel's tracepoint calls functions like ours; NULL is a hook that is missing. */
#define FITS(check, callback) \
	__builtin_types_compatible_p(typeof(check), void(typeof(callback) *))
#define FITTING(tracepoint, callback)                                                              \
	(FITS(check_trace_callback_type_##tracepoint, callback) ? (void *)(callback) : NULL)

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 16, 0)
#define EXIT_HOOK_MORE , bool group_dead
#else
#define EXIT_HOOK_MORE
#endif

/* Threads that the kernel made for an io_uring: they are the process's own and make no calls. */
#ifndef PF_IO_WORKER
#define PF_IO_WORKER 0
#endif
#ifndef PF_USER_WORKER
#define PF_USER_WORKER 0
#endif

static inline bool is_ring_thread(const struct task_struct *task)
{
	return task->flags & (PF_IO_WORKER | PF_USER_WORKER);
}

/* --- files without a name of their own --- */

static inline bool is_anonymous(const struct file *file, const char *name)
{
	return file_inode(file)->i_sb->s_magic == ANON_INODE_FS_MAGIC &&
	       strcmp((const char *)file->f_path.dentry->d_name.name, name) == 0;
}

/* The process that a pidfd stands for; NULL: it is none. */
static inline struct pid *pid_of_file(const struct file *file)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 9, 0)
	return file_inode(file)->i_sb->s_magic == PID_FS_MAGIC ? file_inode(file)->i_private : NULL;
#else
	return is_anonymous(file, "[pidfd]") ? file->private_data : NULL;
#endif
}

/* --- what a process has mapped, under its mmap_lock --- */

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 1, 0)
#define MAPS_ITERATOR(name, mm)	  VMA_ITERATOR(name, mm, 0)
#define for_each_map(vma, name)	  for_each_vma(name, vma)
#else
#define MAPS_ITERATOR(name, mm)	  struct mm_struct *name = (mm)
#define for_each_map(vma, name)	  for (vma = name->mmap; vma; vma = vma->vm_next)
#endif

/* --- registers of a system call, as they still are at its end --- */

#if defined(CONFIG_X86_64)
#define OP_NUMBER(x86_64, aarch64) (x86_64)
static const u16 call_register[6] = {
	offsetof(struct pt_regs, di),
	offsetof(struct pt_regs, si),
	offsetof(struct pt_regs, dx),
	offsetof(struct pt_regs, r10),
	offsetof(struct pt_regs, r8),
	offsetof(struct pt_regs, r9),
};
#define call_number(regs)   ((long)(regs)->orig_ax)
#define call_is_x32(number) ((number) >= 0 && ((number)&__X32_SYSCALL_BIT))
#elif defined(CONFIG_ARM64)
#define OP_NUMBER(x86_64, aarch64) (aarch64)
static const u16 call_register[6] = {
	offsetof(struct pt_regs, orig_x0),
	offsetof(struct pt_regs, regs[1]),
	offsetof(struct pt_regs, regs[2]),
	offsetof(struct pt_regs, regs[3]),
	offsetof(struct pt_regs, regs[4]),
	offsetof(struct pt_regs, regs[5]),
};
#define call_number(regs)	   ((long)(regs)->syscallno)
#define call_is_x32(number)	   0
#else
#error "ioriot: no system call numbers for this architecture in ops.def"
#endif

static inline u64 call_arg(const struct pt_regs *regs, int i)
{
	return *(const u64 *)((const char *)regs + call_register[i]);
}

/* A call of an interface whose numbers are not those of ops.def. */
static inline bool call_is_foreign(long number)
{
#if defined(CONFIG_X86_64)
	return in_ia32_syscall() || call_is_x32(number);
#else
	return is_compat_task();
#endif
}

/* --- SystemTap's transport; its functions come behind this text, transport.h declares them --- */

/*
 * A message fills whole sub-buffers of a page: 4.8 drops one that ends 1 to 8 bytes before the end
 * of its sub-buffer, without counting it. The header is longer from 5.0 on.
 */
#define RELAY_PAGE  4096
#define BLOCK_SHORT (RELAY_PAGE - (unsigned int)sizeof(struct _stp_trace))
#define BLOCK_LONG  (2 * RELAY_PAGE - (unsigned int)sizeof(struct _stp_trace))

/* A sub-buffer of this processor, NULL when all are full. Preemption is off, nobody else writes. */
static inline char *relay_page(void)
{
	void *entry = NULL;

	if (_stp_data_write_reserve(RELAY_PAGE, &entry) != RELAY_PAGE || !entry)
		return NULL;
	_stp_data_write_commit(entry);
	return (char *)_stp_data_entry_data(entry);
}

static inline char *relay_head(char *to, unsigned int len)
{
	struct _stp_trace head = {.sequence = _stp_seq_inc(), .pdu_len = len};

#ifdef STAP_TRACE_MAGIC
	memcpy(head.magic, STAP_TRACE_MAGIC, sizeof(head.magic));
#endif
	memcpy(to, &head, sizeof(head));
	return to + sizeof(head);
}

/*
 * Without a reader that came by STP_START, as that of "staprun -L" went, SystemTap overwrites what
 * was not read. What does not fit is counted here instead.
 */
static inline void relay_never_overwrites(void)
{
	_stp_transport_data_fs_overwrite(0);
}

/* The directory of the module's files. */
static struct proc_dir_entry *_stp_procfs_module_dir;

#endif
