/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#ifndef IORIOT_CAPTURE_BPF_TYPES_H
#define IORIOT_CAPTURE_BPF_TYPES_H

/*
 * The kernel's structs, as far as the programs look into them: the loader finds where each member is
 * in the running kernel, by its name, so that neither the order nor what is left out matters.
 */

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

#if defined(__TARGET_ARCH_x86)
struct pt_regs {
	unsigned long bx, cx, bp, di, si, dx, r10, r8, r9, orig_ax, ip, sp;
};
#elif defined(__TARGET_ARCH_arm64)
struct pt_regs {
	u64 regs[31];
	u64 sp, pc;
	u64 orig_x0;
	s32 syscallno;
};
#endif

struct thread_info {
	unsigned long flags; /* arm64: TIF_32BIT */
	u32 status;	     /* x86: TS_COMPAT */
};

struct qstr {
	union {
		struct {
			u32 hash;
			u32 len;
		};
		u64 hash_len;
	};
	const unsigned char *name;
};

struct super_block {
	u32 s_dev;
	unsigned long s_magic;
};

typedef struct {
	u32 val;
} kuid_t;

typedef struct {
	u32 val;
} kgid_t;

struct address_space {
	struct inode *host;
};

struct inode {
	u16 i_mode;
	kuid_t i_uid;
	kgid_t i_gid;
	struct super_block *i_sb;
	unsigned long i_ino;
	u32 i_nlink;
	s64 i_size;
	u64 i_blocks;
	u32 i_generation;
	struct address_space i_data;
	void *i_private;
};

struct pid_namespace;

struct upid {
	int nr;
	struct pid_namespace *ns;
};

struct pid {
	unsigned int level;
	struct upid numbers[1];
};

struct hlist_bl_node {
	struct hlist_bl_node *next, **pprev;
};

struct dentry {
	struct hlist_bl_node d_hash;
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
};

struct vfsmount {
	struct dentry *mnt_root;
};

struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
};

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

struct file {
	u32 f_mode;
	u32 f_flags;
	struct inode *f_inode;
	struct address_space *f_mapping;
	struct path f_path;
	s64 f_pos;
	void *private_data;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
	unsigned long *close_on_exec, *open_fds;
};

struct files_struct {
	struct fdtable *fdt;
};

struct fs_struct {
	int umask;
	struct path root, pwd;
};

struct mnt_namespace;

struct nsproxy {
	struct mnt_namespace *mnt_ns;
};

struct cred {
	kuid_t uid, euid;
	kgid_t egid;
};

struct signal_struct {
	int nr_threads;
};

struct io_uring {
	u32 head, tail;
};

struct io_rings {
	struct io_uring sq, cq;
};

struct io_ring_ctx {
	u32 flags;
	u32 compat : 1;
	struct io_rings *rings;
	u32 *sq_array;
	struct io_uring_sqe *sq_sqes;
	u32 cached_sq_head, sq_entries, cq_entries;
};

struct io_cqe {
	u64 user_data;
};

struct io_kiocb {
	struct file *file;
	u8 opcode;
	struct io_cqe cqe;
	struct io_ring_ctx *ctx;
};

struct mm_struct;

struct io_uring_task {
	struct file *registered_rings[16];
};

struct task_struct {
	struct thread_info thread_info;
	int pid, tgid;
	unsigned int flags;
	int exit_code, pagefault_disabled;
	unsigned long min_flt, maj_flt;
	struct task_struct *real_parent, *group_leader;
	struct pid *thread_pid;
	const struct cred *real_cred, *cred;
	char comm[16];
	struct fs_struct *fs;
	struct files_struct *files;
	struct nsproxy *nsproxy;
	struct signal_struct *signal;
	struct mm_struct *mm;
	struct io_uring_task *io_uring;
};

struct linux_binprm {
	const char *filename, *fdpath;
};

struct sigaction {
	void *sa_handler;
	unsigned long sa_flags;
};

struct k_sigaction {
	struct sigaction sa;
};

struct kernel_siginfo;
struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
	u64 session_id, seq_num;
};

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

struct hlist_head {
	void *first;
};

/* Of Linux 6.18; a plain number before. */
typedef struct {
	unsigned long f;
} memdesc_flags_t;

struct folio {
	unsigned long flags;
	struct address_space *mapping;
	unsigned long index;
	unsigned long _flags_1; /* the order of a large one in the lowest byte */
};

struct folio___new {
	memdesc_flags_t flags;
};

struct folio___old {
	unsigned char _folio_order;
};

struct page {
	struct address_space *mapping;
	unsigned long compound_head;
};

enum pageflags {
	PG_head = 6
};

struct file_ra_state {
	unsigned int size;
};

struct kiocb {
	struct file *ki_filp;
	s64 ki_pos;
};

struct iov_iter {
	u64 count;
};

struct readahead_control {
	struct address_space *mapping;
	unsigned long _index;
};

struct iomap_dio {
	struct kiocb *iocb;
};

struct bio_vec {
	struct page *bv_page;
};

struct bvec_iter {
	u64 bi_sector;
	unsigned int bi_size, bi_idx;
};

struct gendisk;

struct block_device {
	u32 bd_dev;
	u64 bd_start_sect;
	struct gendisk *bd_disk;
};

struct block_device_operations {
	void *submit_bio;
};

struct gendisk {
	char disk_name[32];
	struct block_device *part0;
	struct block_device_operations *fops;
};

struct request_queue {
	struct gendisk *disk;
};

struct bio {
	struct block_device *bi_bdev;
	unsigned int bi_opf;
	unsigned short bi_flags;
	struct bvec_iter bi_iter;
	void *bi_end_io;
	void *bi_private;
	struct bio_vec *bi_io_vec;
};

struct btrfs_inode {
	struct inode vfs_inode;
};

struct btrfs_bio {
	struct btrfs_inode *inode;
	struct bio bio;
};

struct request {
	struct request_queue *q;
	unsigned int cmd_flags, __data_len;
	u64 __sector;
	struct bio *bio;
	u64 start_time_ns;
};

enum req_flag_bits {
	__REQ_SYNC,
	__REQ_META,
	__REQ_PRIO,
	__REQ_FUA,
	__REQ_PREFLUSH,
	__REQ_RAHEAD,
	__REQ_BACKGROUND,
	__REQ_NOWAIT
};

struct in6_addr {
	union {
		u8 u6_addr8[16];
	} in6_u;
};

struct sock_common {
	u32 skc_daddr, skc_rcv_saddr;
	u16 skc_dport, skc_num, skc_family;
	u8 skc_state;
	struct in6_addr skc_v6_daddr, skc_v6_rcv_saddr;
};

struct sock {
	struct sock_common __sk_common;
	u16 sk_type, sk_protocol;
};

struct msghdr;

struct socket {
	struct sock *sk;
};

struct sockaddr_un {
	u16 sun_family;
	char sun_path[108];
};

struct unix_address {
	int len;
	struct sockaddr_un name[];
};

struct unix_sock {
	struct unix_address *addr;
	struct sock *peer;
};

struct sk_buff {
	unsigned int len;
};

struct vm_area_struct {
	unsigned long vm_start, vm_end, vm_pgoff, vm_flags;
	struct file *vm_file;
};

#pragma clang attribute pop

#ifndef IORIOT_OLD
/* As large as the kernel's, from 6.7 on. */
struct bpf_iter_task_vma {
	u64 opaque[1];
} __attribute__((aligned(8)));

extern int bpf_iter_task_vma_new(struct bpf_iter_task_vma *it, struct task_struct *task, u64 addr) __ksym __weak;
extern struct vm_area_struct *bpf_iter_task_vma_next(struct bpf_iter_task_vma *it) __ksym __weak;
extern void bpf_iter_task_vma_destroy(struct bpf_iter_task_vma *it) __ksym __weak;
#endif

/* One member of a struct of the kernel. */
#define GET(pointer, member)                                                                       \
	({                                                                                         \
		typeof(pointer) from_ = (pointer);                                                 \
		typeof(from_->member) got_;                                                        \
                                                                                                   \
		bpf_core_read((void *)&got_, sizeof(got_), &from_->member);                                \
		got_;                                                                              \
	})

/*
 * IORIOT_OLD: a second build of the same programs, for Linux 5.8 to 5.16. There the struct of the current task is an
 * address of which each member must be fetched (until 5.11), functions of their own take numbers only (until 5.12),
 * and nothing is called in a loop (until 5.17): what the verifier is to take, it follows step by step.
 */
#ifdef IORIOT_OLD

/* A function that is verified by itself. Weak: else an argument that it does not use is not given. */
#define APART __weak __noinline

/* What is seldom come to: kept out of the way of the rest, where functions may take pointers of any kind. */
#define ASIDE static __always_inline

#define current_task()	((struct task_struct *)bpf_get_current_task())
#define AT(pointer, member)   GET(pointer, member)
#define LOOK(pointer, member) GET(pointer, member)
#define READ_ONLY(pointer)    (pointer)
#define SEEN(cast, pointer)   (pointer)
#define SEE(cast, pointer, member) GET(pointer, member)
#define has_cast false

/* What a hook hands over is another kind of pointer, which is no key of a map. */
#define PLAIN(pointer) ((typeof(pointer))number_of(pointer))

/* Steps are functions that are verified once: so a loop of many is short for the verifier. */
#define STEP(name) APART int name(u32 i)
#define LOOP(n, name)                                                                              \
	({                                                                                         \
		u32 i_;                                                                            \
                                                                                                   \
		for (i_ = 0; i_ < (n); i_++)                                                       \
			if (name(i_))                                                              \
				break;                                                             \
	})

/* Of more steps than it follows at once. */
#define STEPS_AT_ONCE 1024
#define LONG_STEP(name)                                                                            \
	APART int name##_some(u32 unused)                                                          \
	{                                                                                          \
		u32 at;                                                                            \
                                                                                                   \
		for (at = 0; at < STEPS_AT_ONCE; at++)                                             \
			if (name(at))                                                              \
				return 1;                                                          \
		return 0;                                                                          \
	}
#define LONG_LOOP(n, name) LOOP((n) / STEPS_AT_ONCE, name##_some)

#else

#define APART __noinline
#define ASIDE static __noinline

#define current_task() bpf_get_current_task_btf()

/* A member of a struct of which the verifier knows what it is. */
#define AT(pointer, member) ((pointer)->member)
#define PLAIN(pointer)	    (pointer)

#define STEP(name)	   static long name(u32 i, void *arg)
#define LOOP(n, name)	   bpf_loop(n, name, NULL, 0)
#define LONG_STEP(name)
#define LONG_LOOP(n, name) bpf_loop(n, name, NULL, 0)

/* The kernel has bpf_rdonly_cast(), from Linux 6.2 on. */
const volatile bool has_cast = false;

extern void *bpf_rdonly_cast(const void *pointer, u32 type) __ksym __weak;

/*
 * A struct that is only read, and a member of one, without a call of the kernel where CAST says that it can be had. Of
 * a struct that it trusts, the verifier looks through the names of all types of the kernel for each pointer in it, to
 * see whether it can trust that, too: nine tenths of the time of loading.
 */
#define SEEN(cast, pointer)                                                                        \
	({                                                                                         \
		typeof(pointer) only_ = (pointer);                                                 \
                                                                                                   \
		(cast) ? (typeof(only_))bpf_rdonly_cast(only_, bpf_core_type_id_kernel(typeof(*only_))) : only_; \
	})
#define SEE(cast, pointer, member)                                                                 \
	({                                                                                         \
		typeof(pointer) at_ = (pointer);                                                   \
                                                                                                   \
		(cast) ? at_->member : GET(at_, member);                                           \
	})

#define READ_ONLY(pointer) SEEN(has_cast, pointer)

#define LOOK(pointer, member)                                                                      \
	({                                                                                         \
		typeof(pointer) look_ = (pointer);                                                 \
                                                                                                   \
		has_cast ? SEE(true, SEEN(true, look_), member) : GET(look_, member);              \
	})

#endif

/* A pointer that the verifier knows as one it does not let us calculate with. */
static __always_inline u64 number_of(const void *pointer)
{
	u64 number = 0;

	bpf_probe_read_kernel(&number, sizeof(number), &pointer);
	return number;
}

#define unlikely(x) __builtin_expect(!!(x), 0)
#define likely(x)   __builtin_expect(!!(x), 1)

/* In front of code that must be there as it is written: the verifier looks at what it is told. */
#define keep(x) asm volatile("" : "+r"(x))

/* A number that the verifier does not know: what a loop on the stack begins with, see struct build. */
static __always_inline u32 any(u32 number)
{
	keep(number);
	return number;
}

/* The number of the call that they are of. */
static __always_inline long call_number(struct pt_regs *regs)
{
#if defined(__TARGET_ARCH_x86)
	return AT(regs, orig_ax);
#else
	return AT(regs, syscallno);
#endif
}

#endif
