/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#ifndef IORIOT_SYSTEMTAP_LAYERS_H
#define IORIOT_SYSTEMTAP_LAYERS_H

#include <linux/seq_file.h>
#include <linux/tracepoint.h>

#include "trace_headers.h" /* of the build: the tracepoints of hooks.def that this kernel has */

#include "cache.h"
#include "fault.h"
#include "process.h"
#include "ring_events.h"
#include "sockets.h"

/*
 * Where the kernel tells of other layers: src/capture/hooks.def says which tracepoints are for what. Only those
 * of layers that are recorded are attached.
 */

static const char *const layer_names[LAYER_COUNT] = {[LAYER_SYS] = "sys", [LAYER_BLOCK] = "block",
	[LAYER_CACHE] = "cache", [LAYER_FAULT] = "fault", [LAYER_NET] = "net", [LAYER_CONN] = "conn",
	[LAYER_POLL] = "poll", [LAYER_SOCKOPT] = "sockopt", [LAYER_RETRANS] = "retrans", [LAYER_PROC] = "proc",
	[LAYER_URING] = "uring"};

/* --- whether the kernel calls us at all: written once --- */

#define HOOK_ROW(event, program, tracepoint, values, layers) static bool called_##program;
#define HOOK_ALWAYS(program, tracepoint, layers) static bool called_##program;
#include "capture/hooks.def"

static inline void note_called(bool *called)
{
	if (unlikely(!READ_ONCE(*called)))
		WRITE_ONCE(*called, true);
}

/* --- where the kernel calls us: void on_PROGRAM of hooks.def --- */

#define ON(program, parameters, event)                                                             \
	static void __maybe_unused on_##program parameters                                                        \
	{                                                                                          \
		note_called(&called_##program);                                                    \
		preempt_disable_notrace();                                                         \
		if (session_on())                                                                  \
			event;                                                                     \
		preempt_enable_notrace();                                                          \
	}

ON(block_bio_queue, (void *data, struct bio *bio), bio_queued(bio))
ON(block_split, (void *data, struct bio *bio, unsigned int sector), bio_was_split(bio, sector))
ON(block_bio_remap, (void *data, struct bio *bio, dev_t dev, sector_t sector), bio_remapped(bio, dev, sector))
ON(block_bio_backmerge, (void *data, struct bio *bio), bio_merged(bio, false))
ON(block_bio_frontmerge, (void *data, struct bio *bio), bio_merged(bio, true))
ON(block_rq_issue, (void *data, struct request *rq), request_issued(rq))
ON(block_rq_remap, (void *data, struct request *rq, dev_t dev, sector_t sector), request_remapped(rq, dev, sector))
ON(block_rq_requeue, (void *data, struct request *rq), request_again(rq))
ON(block_rq_complete, (void *data, struct request *rq, blk_status_t status, unsigned int bytes),
	request_done(rq, (__force u8)status, bytes))
ON(mm_filemap_get_pages, (void *data, struct address_space *mapping, pgoff_t first, pgoff_t last),
	cache_put(ROW_cache_get, mapping->host, (u64)first << PAGE_SHIFT, (u64)(last - first + 1) << PAGE_SHIFT))
ON(mm_filemap_add_to_page_cache, (void *data, struct folio *folio), cache_folio(ROW_cache_add, folio))
ON(mm_filemap_delete_from_page_cache, (void *data, struct folio *folio), cache_folio(ROW_cache_delete, folio))
ON(page_cache_ra_order, (void *data, struct inode *inode, pgoff_t index, struct file_ra_state *ra),
	cache_ahead(inode, index, ra->size, true))
ON(page_cache_ra_unbounded,
	(void *data, struct inode *inode, pgoff_t index, unsigned long pages, unsigned long later),
	cache_ahead(inode, index, pages, false))
ON(sb_mark_inode_writeback, (void *data, struct inode *inode), writeback_begin(inode))
ON(sb_clear_inode_writeback, (void *data, struct inode *inode), writeback_end(inode))
ON(mm_vmscan_lru_shrink_inactive,
	(void *data, int node, unsigned long scanned, unsigned long reclaimed, struct reclaim_stat *stat,
		int priority, int file),
	cache_reclaimed(node, scanned, reclaimed))

static void folio_dirtied(struct folio *folio, const struct address_space *mapping)
{
	touched(mapping->host);
	cache_put(ROW_cache_dirty, mapping->host, (u64)folio->index << PAGE_SHIFT, folio_size(folio));
}

ON(writeback_dirty_folio, (void *data, struct folio *folio, struct address_space *mapping),
	mapping ? folio_dirtied(folio, mapping) : (void)0)

/* --- and functions of the kernel, hooked where it has no tracepoint for the event --- */

#define ON_FUNCTION(program, event)                                                                \
	static int on_##program(struct kprobe *probe, struct pt_regs *regs)                        \
	{                                                                                          \
		note_called(&called_##program);                                                    \
		if (session_on())                                                                  \
			event;                                                                     \
		return 0;                                                                          \
	}

ON_FUNCTION(filemap_read,
	cache_asked((void *)regs_get_kernel_argument(regs, 0), (void *)regs_get_kernel_argument(regs, 1)))

static void pages_ahead(const struct readahead_control *from, u64 pages, bool first)
{
	cache_ahead(from->mapping->host, from->_index, pages, first);
}

ON_FUNCTION(ra_order, pages_ahead((void *)regs_get_kernel_argument(regs, 0),
			      ((struct file_ra_state *)regs_get_kernel_argument(regs, 1))->size, true))
ON_FUNCTION(ra_unbounded,
	pages_ahead((void *)regs_get_kernel_argument(regs, 0), regs_get_kernel_argument(regs, 1), false))

/* Of the beginning and the end of a function. What is not ON at its beginning has no end. */
struct around {
	const struct sock *sk;
	unsigned int flags;
};

#define AROUND(program, begin, over)                                                               \
	static int on_##program(struct kretprobe_instance *call, struct pt_regs *regs)             \
	{                                                                                          \
		struct around *around __maybe_unused = (void *)call->data;                         \
		bool on;                                                                           \
                                                                                                   \
		note_called(&called_##program);                                                    \
		preempt_disable_notrace();                                                         \
		on = session_on() && begin;                                                        \
		preempt_enable_notrace();                                                          \
		return !on;                                                                        \
	}                                                                                          \
	static int on_##program##_over(struct kretprobe_instance *call, struct pt_regs *regs)      \
	{                                                                                          \
		const struct around *around __maybe_unused = (void *)call->data;                   \
                                                                                                   \
		preempt_disable_notrace();                                                         \
		over;                                                                              \
		preempt_enable_notrace();                                                          \
		return 0;                                                                          \
	}

AROUND(direct, direct_begins((void *)regs_get_kernel_argument(regs, 0)), direct_ends())

static bool socket_begins(struct around *around, struct pt_regs *regs, unsigned int flags)
{
	const struct socket *socket = (void *)regs_get_kernel_argument(regs, 0);

	*around = (struct around){.sk = socket->sk, .flags = flags};
	return socket->sk != NULL;
}

AROUND(socket_sends, socket_begins(around, regs, 0),
	put_socket_moved(around->sk, ROW_net_send, (int)regs_return_value(regs), around->flags))
AROUND(socket_sends_old, socket_begins(around, regs, 0),
	put_socket_moved(around->sk, ROW_net_send, (int)regs_return_value(regs), around->flags))
AROUND(socket_receives, socket_begins(around, regs, regs_get_kernel_argument(regs, 2)),
	put_socket_moved(around->sk, ROW_net_recv, (int)regs_return_value(regs), around->flags))

/* Beside the hooks of sys: each is there without the other. */
ON(event_enter, (void *data, struct pt_regs *regs, long number), event_enter(regs, number))
ON(event_exit, (void *data, struct pt_regs *regs, long ret), event_exit(regs, ret))
ON(event_signal, (void *data, int sig, struct kernel_siginfo *info, struct k_sigaction *ka), event_interrupted(ka))
ON(inet_sock_set_state, (void *data, const struct sock *sk, const int was, const int is), state_changed(sk, was, is))
ON(sock_send_length, (void *data, struct sock *sk, int moved, int flags),
	put_socket_moved(sk, ROW_net_send, moved, flags))
ON(sock_recv_length, (void *data, struct sock *sk, int moved, int flags),
	put_socket_moved(sk, ROW_net_recv, moved, flags))
ON(tcp_retransmit_skb, (void *data, const struct sock *sk, const struct sk_buff *skb), retransmitted(sk, skb->len))

ON(page_fault_user, (void *data, unsigned long address, struct pt_regs *regs, unsigned long code),
	fault_began(address, code))
ON(page_fault_kernel, (void *data, unsigned long address, struct pt_regs *regs, unsigned long code),
	fault_began(address, code))

#ifdef HAVE_RINGS
ON(ring_submit, (void *data, struct io_kiocb *req), request_taken(req, submission_of(req)))
ON(ring_submit_sqe, (void *data, struct io_kiocb *req, bool nonblock), request_taken(req, submission_of(req)))
ON(ring_refused, (void *data, const struct io_uring_sqe *sqe, struct io_kiocb *req, int error),
	request_taken(req, sqe))
ON(ring_worker, (void *data, struct io_kiocb *req, int way), request_to_worker(req))
ON(ring_complete, (void *data, struct io_ring_ctx *ctx, void *req, struct io_uring_cqe *cqe),
	request_over(req, cqe->user_data, cqe->res, cqe->flags))
ON(ring_complete_words,
	(void *data, void *ctx, void *req, u64 user, int res, unsigned int flags, u64 extra1, u64 extra2),
	request_over(req, user, res, flags))
#else /* the table has them as missing */
#define on_ring_submit		NULL
#define on_ring_submit_sqe	NULL
#define on_ring_refused		NULL
#define on_ring_worker		NULL
#define on_ring_complete	NULL
#define on_ring_complete_words	NULL
#endif

/* --- the table --- */

struct layer_hook {
	const char *event, *name;
	void *function; /* NULL: the kernel calls functions of another kind */
	unsigned int layers;
	bool always, *called, on;
	struct tracepoint *tracepoint;
	struct kprobe probe;	 /* of a function */
	struct kretprobe around; /* ... and of its end */
};

#define AROUND_MOST 512 /* at once; of others nothing is known */

#define BIT_OF(layer) (1u << LAYER_##layer)

static struct layer_hook layer_hooks[] = {
#include "layer_hooks.h" /* of the build: systemtap/layer_hooks.sh */
};

static void layer_hook_find(struct tracepoint *tracepoint, void *unused)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(layer_hooks); i++)
		if (strcmp(layer_hooks[i].name, tracepoint->name) == 0)
			layer_hooks[i].tracepoint = tracepoint;
}

static bool layer_has_hook(const struct layer_hook *hook, enum layer layer)
{
	return hook->layers & 1u << layer && (hook->on || hook->always);
}

/* Of the hooks that stand together for one event one is enough. */
static bool event_is_told(const char *event)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(layer_hooks); i++)
		if (strcmp(layer_hooks[i].event, event) == 0 && (layer_hooks[i].on || layer_hooks[i].always))
			return true;
	return false;
}

static bool layer_hook_on(struct layer_hook *hook)
{
	if ((hook->probe.symbol_name || hook->around.kp.symbol_name) && event_is_told(hook->event))
		return false;
	if (hook->around.kp.symbol_name)
		return register_kretprobe(&hook->around) == 0;
	if (hook->probe.symbol_name)
		return register_kprobe(&hook->probe) == 0;
	return hook->tracepoint && hook->function &&
	       tracepoint_probe_register(hook->tracepoint, hook->function, NULL) == 0;
}

static void layer_hooks_on(enum layer layer)
{
	int i;

	for_each_kernel_tracepoint(layer_hook_find, NULL);
	for (i = 0; i < ARRAY_SIZE(layer_hooks); i++) {
		struct layer_hook *hook = &layer_hooks[i];

		if (hook->layers & 1u << layer && !hook->on && !hook->always)
			hook->on = layer_hook_on(hook);
	}
}

static int layer_memos_make(enum layer layer)
{
	int rc;

	if (layer == LAYER_RETRANS)
		return memos_make(&senders);
	if (layer == LAYER_CONN)
		return memos_make(&connections);
	if (layer == LAYER_URING)
		return memos_make(&ring_requests);
	if (layer != LAYER_BLOCK && layer != LAYER_CACHE)
		return 0;
	direct_find();
	rc = memos_make(&touchers);
	if (!rc)
		rc = memos_make(&writebacks);
	if (!rc)
		rc = memos_make(&directs);
	if (!rc)
		rc = memos_make(&bios);
	if (!rc)
		rc = memos_make(&aboves);
	if (!rc && layer == LAYER_BLOCK)
		rc = memos_make(&requests);
	return rc;
}

/* Before the session starts. One event in EACH is recorded; 0: they are only summed up. */
static int layer_on(enum layer layer, u32 each)
{
	int rc = layer_memos_make(layer);

	if (rc)
		return rc;
	session.each[layer] = each;
	session.on[layer] = true;
	event_calls_choose(1u << layer);
	layer_hooks_on(layer);
	if (layer == LAYER_FAULT)
		fault_counters_on();
	return 0;
}

static void layers_off(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(layer_hooks); i++) {
		struct layer_hook *hook = &layer_hooks[i];

		if (hook->on && hook->probe.symbol_name)
			unregister_kprobe(&hook->probe);
		else if (hook->on && hook->around.kp.symbol_name)
			unregister_kretprobe(&hook->around);
		else if (hook->on)
			tracepoint_probe_unregister(hook->tracepoint, hook->function, NULL);
		hook->on = false;
	}
	fault_counters_off();
	tracepoint_synchronize_unregister();
}

static void layers_free(void)
{
	memos_free(&touchers);
	memos_free(&writebacks);
	memos_free(&directs);
	memos_free(&bios);
	memos_free(&aboves);
	memos_free(&requests);
	memos_free(&senders);
	memos_free(&connections);
	memos_free(&ring_requests);
	sums_free();
}

/* --- status --- */

static void show_layer(struct seq_file *m, enum layer layer, const char *before)
{
	const char *between = "=";
	int i;

	seq_printf(m, "%s%s", before, layer_names[layer]);
	if (session.each[layer] != 1)
		seq_printf(m, "/%u", session.each[layer]);
	for (i = 0; layer != LAYER_SYS && i < ARRAY_SIZE(layer_hooks); i++)
		if (layer_has_hook(&layer_hooks[i], layer)) {
			seq_printf(m, "%s%s", between, layer_hooks[i].name);
			between = "+";
		}
	for (i = 0; layer == LAYER_FAULT && i < ARRAY_SIZE(fault_counters); i++)
		if (fault_counters[i].of_cpu) {
			seq_printf(m, "%s%s", between, fault_counters[i].name);
			between = "+";
		}
}

/* Hooks of layers that the kernel has not called, for a self-test: "EVENT:NAME". */
static const char *show_not_called(struct seq_file *m, const char *between)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(layer_hooks); i++) {
		const struct layer_hook *hook = &layer_hooks[i];

		if (!(hook->on || (hook->always && session.on[LAYER_PROC])) || READ_ONCE(*hook->called))
			continue;
		seq_printf(m, "%s%s:%s", between, hook->event, hook->name);
		between = ",";
	}
	for (i = 0; i < ARRAY_SIZE(fault_counters); i++)
		if (fault_counters[i].of_cpu && !READ_ONCE(fault_counters[i].called)) {
			seq_printf(m, "%s%s:%s", between, fault_counters[i].name, fault_counters[i].name);
			between = ",";
		}
	return between;
}

static unsigned int layers_wanted(void)
{
	unsigned int out = 0;
	int i;

	for (i = LAYER_BLOCK; i < LAYER_COUNT; i++)
		out |= session.on[i] ? 1u << i : 0;
	return out;
}

static void layers_show(struct seq_file *m)
{
	const char *between = "";
	int i;

	seq_puts(m, "layers=");
	for (i = 0; i < LAYER_COUNT; i++)
		if (session.on[i]) {
			show_layer(m, i, between);
			between = ",";
		}
	seq_puts(m, "\nlayers_missing=");
	between = "";
	for (i = 0; i < ARRAY_SIZE(layer_hooks); i++) {
		const struct layer_hook *hook = &layer_hooks[i];

		if (!(hook->layers & layers_wanted()) || event_is_told(hook->event) ||
			(i && strcmp(hook->event, layer_hooks[i - 1].event) == 0))
			continue;
		seq_printf(m, "%s%s", between, hook->name);
		between = ",";
	}
	for (i = 0; session.on[LAYER_FAULT] && i < ARRAY_SIZE(fault_counters); i++)
		if (!fault_counters[i].of_cpu) {
			seq_printf(m, "%s%s", between, fault_counters[i].name);
			between = ",";
		}
	seq_putc(m, '\n');
}

static void sums_show(struct seq_file *m)
{
	int i, cpu;

	for (i = 0; i < EVENTS; i++) {
		struct sum all = {0};

		for_each_possible_cpu(cpu) {
			const struct sum *one = &per_cpu_ptr(sums, cpu)[i];

			all.seen += one->seen;
			all.bytes += one->bytes;
			all.kept += one->kept;
			all.dropped += one->dropped;
		}
		if (all.seen)
			seq_printf(m, "event%d=%llu:%llu:%llu:%llu\n", i + ROW_block_queue - 1, all.seen,
				all.bytes, all.kept, all.dropped);
	}
}

#endif
