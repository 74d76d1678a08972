/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * The programs of the BPF backend: where the kernel calls us. What a hook tells is in the headers. One
 * binary runs on all kernels with type information (BTF) from 5.17 on, another one of the same sources from 5.8 on
 * (types.h); what is missing in one is left out by src/capture/bpf.c.
 */
#include "types.h"

#if defined(__TARGET_ARCH_x86)
#define OP_NUMBER(x86_64, aarch64) (x86_64)
#else
#define OP_NUMBER(x86_64, aarch64) (aarch64)
#endif
#define __KERNEL__
#include "../../../systemtap/table.h"

#include "call.h"
#include "task.h"
#include "fault.h"
#ifndef IORIOT_OLD
#include "cache.h"
#include "process.h"
#include "requests.h"
#include "sockets.h"
#endif

char programs_license[] SEC("license") = "GPL"; /* of what is loaded; what task storage and clocks demand */

SEC("tp_btf/sys_enter")
int BPF_PROG(on_sys_enter, struct pt_regs *regs, long number)
{
	if (session_at(BPF_HOOK_sys_enter))
		call_enter(regs, number);
	return 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(on_sys_exit, struct pt_regs *regs, long ret)
{
	if (session_at(BPF_HOOK_sys_exit))
		call_exit(regs, ret);
	return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	session_at(BPF_HOOK_fork);
	call_fork(PLAIN(parent), PLAIN(child));
#ifndef IORIOT_OLD
	process_forks(child);
#endif
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	session_at(BPF_HOOK_exec);
	call_exec(PLAIN(task), old_pid, bprm);
#ifndef IORIOT_OLD
	process_executes(bprm);
#endif
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task)
{
	session_at(BPF_HOOK_exit);
#ifndef IORIOT_OLD
	process_ends(task);
#endif
	call_thread_end(PLAIN(task));
	return 0;
}

#ifdef IORIOT_OLD
SEC("tp_btf/sched_process_free")
int BPF_PROG(on_free, struct task_struct *task)
{
	u64 key = number_of(task);

	bpf_map_delete_elem(&threads, &key);
	return 0;
}
#endif

SEC("tp_btf/task_rename")
int BPF_PROG(on_renamed, struct task_struct *task, const char *comm)
{
	if (session_on())
		thread_renamed(PLAIN(task), comm);
	return 0;
}

SEC("tp_btf/signal_deliver")
int BPF_PROG(on_signal, int sig, struct kernel_siginfo *info, struct k_sigaction *ka)
{
	struct task_struct *task = current_task();
	struct bpf_thread *th;

	if (!session_at(BPF_HOOK_signal))
		return 0;
	th = thread_find(task);
	if (th && (sig == 7 || sig == 11)) /* SIGBUS, SIGSEGV: its page fault has failed */
		th->fault_t = 0;
	if ((u64)ka->sa.sa_handler <= 1) /* SIG_DFL, SIG_IGN */
		return 0;
	if (th && th->flags & CALL_BROKEN)
		call_interrupted(th, REGISTERS(task, th->regs), ka->sa.sa_flags);
	return 0;
}

#ifndef IORIOT_OLD

/* --- rings, where the kernel has these hooks: see src/capture/bpf.c --- */

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(on_inet_sock_set_state, struct sock *sk, int was, int is)
{
	if (session_at(BPF_HOOK_inet_sock_set_state))
		state_changed(sk, was, is);
	return 0;
}

SEC("tp_btf/io_uring_submit_req")
int BPF_PROG(on_submit, struct io_kiocb *req)
{
	if (session_at(BPF_HOOK_submit))
		put_taken(req);
	return 0;
}

/* Its name before Linux 6.3. */
SEC("tp_btf/io_uring_submit_sqe")
int BPF_PROG(on_submit_sqe, struct io_kiocb *req)
{
	if (session_at(BPF_HOOK_submit_sqe))
		put_taken(req);
	return 0;
}

/* It was refused at once, which its completion will tell. */
SEC("tp_btf/io_uring_req_failed")
int BPF_PROG(on_refused, const struct io_uring_sqe *sqe, struct io_kiocb *req, int error)
{
	if (session_at(BPF_HOOK_refused))
		put_submission(number_of(req), number_of(sqe), 1);
	return 0;
}

SEC("tp_btf/io_uring_complete")
int BPF_PROG(on_complete, struct io_ring_ctx *ring, void *req, struct io_uring_cqe *cqe)
{
	if (session_at(BPF_HOOK_complete))
		put_completion(number_of(ring), number_of(req), cqe->user_data, cqe->res, cqe->flags);
	return 0;
}

/* Before Linux 6.10. */
SEC("tp_btf/io_uring_complete")
int BPF_PROG(on_complete_words, void *ring, void *req, u64 user_data, int res, u32 flags)
{
	if (session_at(BPF_HOOK_complete_words))
		put_completion(number_of(ring), number_of(req), user_data, res, flags);
	return 0;
}

#endif

/* --- all tasks, one after the other --- */

static __always_inline void mark_one(struct task_struct *task, u8 mark)
{
	struct bpf_thread *th;

	if (AT(task, flags) & 4) /* PF_EXITING */
		return;
	th = thread_get(task);
	if (!th || th->mark & mark)
		return;
	mark_set(th, th->mark | mark);
	session.marked++;
}

static __always_inline void mark_task(struct task_struct *task, u8 mark)
{
	struct bpf_thread *leader = leader_of(task), *parent = thread_find(AT(task, real_parent));

	if (!(leader && leader->mark & mark) && !(parent && parent->mark & mark))
		return;
	mark_one(task, mark);
}

/* Whoever iterates sees those only that have a number in its own namespace: so deep. */
static __always_inline u32 number_here(struct task_struct *task)
{
	struct pid *pid = GET(task, thread_pid), *own = GET(current_task(), thread_pid);
	u64 place = (u64)GET(own, level) * bpf_core_type_size(struct upid);
	int number = 0;

	bpf_core_read(&number, sizeof(number), (const char *)&pid->numbers[0].nr + place);
	return number;
}

SEC("iter/task")
int on_task(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task, *self = current_task();
	struct bpf_thread *th;

	if (!task)
		return 0;
	task = PLAIN(task);
	switch (session.task) {
	case BPF_TASK_START:
		session.root_dentry = (u64)AT(AT(self, fs), root.dentry);
		session.root_mnt = (u64)AT(AT(self, fs), root.mnt);
		session.mounts = (u64)AT(AT(self, nsproxy), mnt_ns);
		break;
	case BPF_TASK_ONE:
		if (AT(task, pid) == AT(task, tgid) && number_here(task) == session.pid)
			mark_one(task, session.mark);
		break;
	case BPF_TASK_IN:
		mark_task(task, BPF_MARK_IN);
		break;
	case BPF_TASK_OUT:
		mark_task(task, BPF_MARK_OUT);
		break;
	case BPF_TASK_SETTLE: /* nothing else makes records any more */
		th = thread_find(task);
		if (th)
			foreign_settle(task, th);
		break;
	}
	return 0;
}

/* --- other layers: hooks.def says which of these are loaded --- */

#ifndef IORIOT_OLD

SEC("tp_btf/block_bio_queue")
int BPF_PROG(on_block_bio_queue, struct bio *bio)
{
	if (session_at(BPF_HOOK_block_bio_queue))
		bio_queued(bio);
	return 0;
}

SEC("tp_btf/block_split")
int BPF_PROG(on_block_split, struct bio *bio, unsigned int sector)
{
	if (session_at(BPF_HOOK_block_split))
		bio_split(bio, sector);
	return 0;
}

SEC("tp_btf/block_bio_remap")
int BPF_PROG(on_block_bio_remap, struct bio *bio, u32 dev, u64 sector)
{
	if (session_at(BPF_HOOK_block_bio_remap))
		bio_remapped(bio, dev, sector);
	return 0;
}

SEC("tp_btf/block_bio_backmerge")
int BPF_PROG(on_block_bio_backmerge, struct bio *bio)
{
	if (session_at(BPF_HOOK_block_bio_backmerge))
		bio_merged(bio, false);
	return 0;
}

SEC("tp_btf/block_bio_frontmerge")
int BPF_PROG(on_block_bio_frontmerge, struct bio *bio)
{
	if (session_at(BPF_HOOK_block_bio_frontmerge))
		bio_merged(bio, true);
	return 0;
}

SEC("tp_btf/block_rq_issue")
int BPF_PROG(on_block_rq_issue, struct request *rq)
{
	if (session_at(BPF_HOOK_block_rq_issue))
		request_issued(rq);
	return 0;
}

SEC("tp_btf/block_rq_remap")
int BPF_PROG(on_block_rq_remap, struct request *rq, u32 dev, u64 sector)
{
	if (session_at(BPF_HOOK_block_rq_remap))
		request_remapped(rq, dev, sector);
	return 0;
}

SEC("tp_btf/block_rq_requeue")
int BPF_PROG(on_block_rq_requeue, struct request *rq)
{
	if (session_at(BPF_HOOK_block_rq_requeue))
		request_again(rq);
	return 0;
}

SEC("tp_btf/block_rq_complete")
int BPF_PROG(on_block_rq_complete, struct request *rq, int status, unsigned int bytes)
{
	if (session_at(BPF_HOOK_block_rq_complete))
		request_done(rq, (u8)status, bytes);
	return 0;
}

SEC("kprobe/__iomap_dio_rw")
int on_direct(struct pt_regs *regs)
{
	if (session_at(BPF_HOOK_direct))
		direct_begins((struct kiocb *)FIRST_ARGUMENT(regs));
	return 0;
}

SEC("kretprobe/__iomap_dio_rw")
int on_direct_over(struct pt_regs *regs)
{
	direct_ends();
	return 0;
}

SEC("tp_btf/mm_filemap_get_pages")
int BPF_PROG(on_mm_filemap_get_pages, struct address_space *mapping, unsigned long first, unsigned long last)
{
	if (session_at(BPF_HOOK_mm_filemap_get_pages))
		cache_put(ROW_cache_get, mapping->host, (u64)first * PAGE_BYTES, (last - first + 1) * PAGE_BYTES);
	return 0;
}

SEC("fentry/filemap_read")
int BPF_PROG(on_filemap_read, struct kiocb *iocb, struct iov_iter *iter)
{
	if (session_at(BPF_HOOK_filemap_read))
		cache_asked(iocb, iter);
	return 0;
}

SEC("tp_btf/mm_filemap_add_to_page_cache")
int BPF_PROG(on_mm_filemap_add_to_page_cache, struct folio *folio)
{
	if (session_at(BPF_HOOK_mm_filemap_add_to_page_cache))
		cache_folio(ROW_cache_add, folio);
	return 0;
}

SEC("tp_btf/mm_filemap_delete_from_page_cache")
int BPF_PROG(on_mm_filemap_delete_from_page_cache, struct folio *folio)
{
	if (session_at(BPF_HOOK_mm_filemap_delete_from_page_cache))
		cache_folio(ROW_cache_delete, folio);
	return 0;
}

SEC("tp_btf/page_cache_ra_order")
int BPF_PROG(on_page_cache_ra_order, struct inode *inode, unsigned long index, struct file_ra_state *ra)
{
	if (session_at(BPF_HOOK_page_cache_ra_order))
		cache_ahead(inode, index, ra->size, true);
	return 0;
}

SEC("fentry/page_cache_ra_order")
int BPF_PROG(on_ra_order, struct readahead_control *from, struct file_ra_state *ra)
{
	if (session_at(BPF_HOOK_ra_order))
		cache_ahead(from->mapping->host, from->_index, ra->size, true);
	return 0;
}

SEC("fentry/page_cache_ra_unbounded")
int BPF_PROG(on_ra_unbounded, struct readahead_control *from, unsigned long pages)
{
	if (session_at(BPF_HOOK_ra_unbounded))
		cache_ahead(from->mapping->host, from->_index, pages, false);
	return 0;
}

SEC("tp_btf/page_cache_ra_unbounded")
int BPF_PROG(on_page_cache_ra_unbounded, struct inode *inode, unsigned long index, unsigned long pages)
{
	if (session_at(BPF_HOOK_page_cache_ra_unbounded))
		cache_ahead(inode, index, pages, false);
	return 0;
}

SEC("tp_btf/writeback_dirty_folio")
int BPF_PROG(on_writeback_dirty_folio, struct folio *folio, struct address_space *mapping)
{
	if (session_at(BPF_HOOK_writeback_dirty_folio) && mapping) {
		touched(mapping->host);
		cache_put(ROW_cache_dirty, mapping->host, (u64)folio->index * PAGE_BYTES, folio_bytes(folio));
	}
	return 0;
}

SEC("tp_btf/sb_mark_inode_writeback")
int BPF_PROG(on_sb_mark_inode_writeback, struct inode *inode)
{
	if (session_at(BPF_HOOK_sb_mark_inode_writeback))
		writeback_begin(inode);
	return 0;
}

SEC("tp_btf/sb_clear_inode_writeback")
int BPF_PROG(on_sb_clear_inode_writeback, struct inode *inode)
{
	if (session_at(BPF_HOOK_sb_clear_inode_writeback))
		writeback_end(inode);
	return 0;
}

SEC("tp_btf/mm_vmscan_lru_shrink_inactive")
int BPF_PROG(on_mm_vmscan_lru_shrink_inactive, int node, unsigned long scanned, unsigned long reclaimed)
{
	if (session_at(BPF_HOOK_mm_vmscan_lru_shrink_inactive))
		cache_reclaimed(node, scanned, reclaimed);
	return 0;
}

#endif

SEC("tp_btf/page_fault_user")
int BPF_PROG(on_page_fault_user, unsigned long address, struct pt_regs *regs, unsigned long code)
{
	if (session_at(BPF_HOOK_page_fault_user))
		fault_begins(address, code);
	return 0;
}

SEC("tp_btf/page_fault_kernel")
int BPF_PROG(on_page_fault_kernel, unsigned long address, struct pt_regs *regs, unsigned long code)
{
	if (session_at(BPF_HOOK_page_fault_kernel))
		fault_begins(address, code);
	return 0;
}

#ifndef IORIOT_OLD

/* Beside the programs of sys: each is there without the other. */
SEC("tp_btf/sys_enter")
int BPF_PROG(on_event_enter, struct pt_regs *regs, long number)
{
	if (session_at(BPF_HOOK_event_enter))
		event_enter(regs, number);
	return 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(on_event_exit, struct pt_regs *regs, long ret)
{
	if (session_at(BPF_HOOK_event_exit))
		event_exit(regs, ret);
	return 0;
}

SEC("tp_btf/signal_deliver")
int BPF_PROG(on_event_signal, int sig, struct kernel_siginfo *info, struct k_sigaction *ka)
{
	if (session_at(BPF_HOOK_event_signal) && (u64)ka->sa.sa_handler > 1) /* SIG_DFL, SIG_IGN */
		event_interrupted(ka->sa.sa_flags);
	return 0;
}

SEC("tp_btf/sock_send_length")
int BPF_PROG(on_sock_send_length, struct sock *sk, int moved, int flags)
{
	if (session_at(BPF_HOOK_sock_send_length))
		put_socket_moved(number_of(sk), ROW_net_send, moved, flags);
	return 0;
}

SEC("tp_btf/sock_recv_length")
int BPF_PROG(on_sock_recv_length, struct sock *sk, int moved, int flags)
{
	if (session_at(BPF_HOOK_sock_recv_length))
		put_socket_moved(number_of(sk), ROW_net_recv, moved, flags);
	return 0;
}

SEC("fexit/__sock_sendmsg")
int BPF_PROG(on_socket_sends, struct socket *socket, struct msghdr *message, int moved)
{
	if (session_at(BPF_HOOK_socket_sends))
		put_socket_moved(number_of(GET(socket, sk)), ROW_net_send, moved, 0);
	return 0;
}

/* Its name before Linux 6.6, and 6.1.57. */
SEC("fexit/sock_sendmsg")
int BPF_PROG(on_socket_sends_old, struct socket *socket, struct msghdr *message, int moved)
{
	if (session_at(BPF_HOOK_socket_sends_old))
		put_socket_moved(number_of(GET(socket, sk)), ROW_net_send, moved, 0);
	return 0;
}

SEC("fexit/sock_recvmsg")
int BPF_PROG(on_socket_receives, struct socket *socket, struct msghdr *message, int flags, int moved)
{
	if (session_at(BPF_HOOK_socket_receives))
		put_socket_moved(number_of(GET(socket, sk)), ROW_net_recv, moved, flags);
	return 0;
}

SEC("tp_btf/tcp_retransmit_skb")
int BPF_PROG(on_tcp_retransmit_skb, struct sock *sk, struct sk_buff *skb)
{
	if (session_at(BPF_HOOK_tcp_retransmit_skb))
		retransmitted(sk, GET(skb, len));
	return 0;
}

SEC("tp_btf/io_uring_submit_req")
int BPF_PROG(on_ring_submit, struct io_kiocb *req)
{
	if (session_at(BPF_HOOK_ring_submit))
		request_taken(number_of(req), (u64)submission_of(req));
	return 0;
}

/* Its name before Linux 6.3. */
SEC("tp_btf/io_uring_submit_sqe")
int BPF_PROG(on_ring_submit_sqe, struct io_kiocb *req)
{
	if (session_at(BPF_HOOK_ring_submit_sqe))
		request_taken(number_of(req), (u64)submission_of(req));
	return 0;
}

SEC("tp_btf/io_uring_req_failed")
int BPF_PROG(on_ring_refused, const struct io_uring_sqe *sqe, struct io_kiocb *req, int error)
{
	if (session_at(BPF_HOOK_ring_refused))
		request_taken(number_of(req), number_of(sqe));
	return 0;
}

SEC("tp_btf/io_uring_queue_async_work")
int BPF_PROG(on_ring_worker, struct io_kiocb *req)
{
	if (session_at(BPF_HOOK_ring_worker))
		request_to_worker(req);
	return 0;
}

SEC("tp_btf/io_uring_complete")
int BPF_PROG(on_ring_complete, struct io_ring_ctx *ring, void *req, struct io_uring_cqe *cqe)
{
	if (session_at(BPF_HOOK_ring_complete))
		request_over(number_of(req), cqe->user_data, cqe->res, cqe->flags);
	return 0;
}

/* Before Linux 6.10. */
SEC("tp_btf/io_uring_complete")
int BPF_PROG(on_ring_complete_words, void *ring, void *req, u64 user_data, int res, u32 flags)
{
	if (session_at(BPF_HOOK_ring_complete_words))
		request_over(number_of(req), user_data, res, flags);
	return 0;
}

#endif

SEC("perf_event")
int on_minor_fault(struct bpf_perf_event_data *ctx)
{
	if (session_at(BPF_HOOK_minor_fault))
		fault_ends(ctx->addr, 0);
	return 0;
}

SEC("perf_event")
int on_major_fault(struct bpf_perf_event_data *ctx)
{
	if (session_at(BPF_HOOK_major_fault))
		fault_ends(ctx->addr, LAYER_FAULT_MAJOR);
	return 0;
}
