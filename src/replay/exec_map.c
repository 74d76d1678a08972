/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "replay/dispatch.h"
#include "ops/advice.h"
#include "replay/exec_map.h"
#include "vmap.h"

/*
 * Memory maps of files. They stand where the kernel puts them: a file says parts of maps, never
 * addresses, and every part is checked against what its map has. What ends of a map in part stays
 * reserved until all of it ends, so that nothing else ever stands where a map says that it is.
 *
 * Memory shows no code: PROT_EXEC becomes PROT_READ. A private map is for reading only, since what a
 * program writes into one is no I/O.
 */

/* Not in every <sys/mman.h>. */
enum {
	KERNEL_MAP_SYNC = 0x80000
};

#define PAGE	 4096u /* of the capture */
#define MAP_TYPES 0xfu
#define MAPS_MOST ((uint64_t)1 << 44) /* bytes of all maps of a worker */

static int64_t call4(long nr, const void *at, uint64_t b, uint64_t c, uint64_t d)
{
	return raw_syscall(nr, (uint64_t[6]){(uint64_t)(uintptr_t)at, b, c, d});
}

static uint64_t whole_pages(uint64_t len)
{
	return (len + PAGE - 1) & ~(uint64_t)(PAGE - 1);
}

/* ---- who uses a map, and who changes it ---- */

static void enter(struct xmap *m)
{
	int32_t n = atomic_load_explicit(&m->users, memory_order_relaxed);

	do {
		while (n < 0) {
			sched_yield();
			n = atomic_load_explicit(&m->users, memory_order_relaxed);
		}
	} while (!atomic_compare_exchange_weak_explicit(
		&m->users, &n, n + 1, memory_order_acquire, memory_order_relaxed));
}

static void leave(struct xmap *m)
{
	atomic_fetch_sub_explicit(&m->users, 1, memory_order_release);
}

static void enter_alone(struct xmap *m)
{
	int32_t none = 0;

	while (!atomic_compare_exchange_weak_explicit(
		&m->users, &none, -1, memory_order_acquire, memory_order_relaxed)) {
		none = 0;
		sched_yield();
	}
}

static void leave_alone(struct xmap *m)
{
	atomic_store_explicit(&m->users, 0, memory_order_release);
}

/* ---- beginning and end ---- */

static void end_map(struct worker *w, struct xmap *m)
{
	if (!m->base)
		return;
	call4(SYS_munmap, m->base, m->len, 0, 0);
	atomic_fetch_sub(&w->mapped, m->len);
	m->base = NULL;
}

static void begin_map(struct worker *w, uint32_t id, struct xmap map)
{
	struct xmap *m = &w->maps[id];

	enter_alone(m);
	end_map(w, m);
	m->base = map.base;
	m->len = m->left = map.len;
	m->shared = map.shared;
	m->prot = map.prot;
	leave_alone(m);
}

void map_end(struct worker *w, uint32_t id)
{
	struct xmap *m = &w->maps[id];

	enter_alone(m);
	end_map(w, m);
	leave_alone(m);
}

/* What is not mapped any more stays reserved: nobody else may get these addresses. */
static int64_t reserve(const struct xmap *m, uint64_t off, uint64_t len)
{
	int64_t at = raw_syscall(SYS_mmap,
		(uint64_t[6]){(uint64_t)(uintptr_t)(m->base + off), len, PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, (uint64_t)-1, 0});

	return at < 0 ? at : 0;
}

static int64_t unmap_part(struct worker *w, struct xpart part)
{
	struct xmap *m = &w->maps[part.map];
	uint64_t len = whole_pages(part.len);
	int64_t ret = 0;

	enter_alone(m);
	if (!m->base || part.off % PAGE || part.off > m->len || len > m->len - part.off || len == 0)
		ret = -EINVAL;
	else if (len >= m->left)
		end_map(w, m);
	else
		ret = reserve(m, part.off, len);
	if (ret == 0)
		m->left -= len < m->left ? len : m->left;
	leave_alone(m);
	return ret;
}

static int64_t unmap_parts(struct worker *w, const struct xop *x, uint32_t first)
{
	const uint8_t *p = x->vec;
	int64_t ret = 0, rc;
	uint32_t i;

	for (i = 0; i < x->nvec / 3; i++) {
		struct xpart part = part_next(&p);

		rc = i < first ? 0 : unmap_part(w, part);
		ret = ret ? ret : rc;
	}
	return ret;
}

static uint64_t allowed_flags(uint64_t flags)
{
	return flags & (MAP_TYPES | MAP_POPULATE | MAP_NONBLOCK | MAP_NORESERVE | KERNEL_MAP_SYNC);
}

static uint64_t allowed_prot(uint64_t prot, bool shared)
{
	uint64_t own = prot & (PROT_READ | PROT_WRITE);

	if (prot & PROT_EXEC)
		own |= PROT_READ;
	return shared ? own : own & ~(uint64_t)PROT_WRITE;
}

int64_t exec_mmap(struct rthread *t, const struct xop *x)
{
	struct worker *w = t->w;
	uint64_t len = whole_pages(x->arg[1]);
	bool shared = vmap_is_shared(x->arg[3]);
	uint64_t prot = allowed_prot(x->arg[2], shared);
	int64_t at;

	unmap_parts(w, x, 0);
	if (x->arg[1] > MAPS_MOST || atomic_fetch_add(&w->mapped, len) + len > MAPS_MOST) {
		if (x->arg[1] <= MAPS_MOST)
			atomic_fetch_sub(&w->mapped, len);
		return -ENOMEM;
	}
	at = raw_syscall(SYS_mmap, (uint64_t[6]){0, x->arg[1], prot, allowed_flags(x->arg[3]),
					   (uint64_t)(int64_t)real_fd(w, x->arg[4]), x->arg[5]});
	if (at >= 0 && x->newmap < REC_MAP_MAX) {
		begin_map(w, x->newmap,
			(struct xmap){.base = (uint8_t *)(uintptr_t)at, .len = len, .shared = shared,
				.prot = (int)prot});
		return at;
	}
	if (at >= 0)
		call4(SYS_munmap, (void *)(uintptr_t)at, len, 0, 0);
	atomic_fetch_sub(&w->mapped, len);
	return at;
}

/* A call that failed of its numbers: they are the same, the address is one of the map. */
static int64_t fail_again(struct rthread *t, const struct xop *x, long nr)
{
	const uint8_t *p = x->vec;
	struct xpart part;
	struct xmap *m;
	int64_t ret;

	if (x->nvec < 3)
		return x->ret;
	part = part_next(&p);
	m = &t->w->maps[part.map];
	enter(m);
	if (!m->base || part.off > m->len)
		ret = -EFAULT;
	else if (part.off % PAGE == 0 && part.len != 0 && nr == SYS_munmap)
		ret = 0; /* would work */
	else
		ret = call4(nr, m->base + part.off, part.len, 0, MREMAP_MAYMOVE);
	leave(m);
	return ret;
}

int64_t exec_munmap(struct rthread *t, const struct xop *x)
{
	if (x->ret < 0 && xop_has_ret(x))
		return fail_again(t, x, SYS_munmap);
	return unmap_parts(t->w, x, 0);
}

/* A whole map gets another length, or (old length 0) a second place. */
int64_t exec_mremap(struct rthread *t, const struct xop *x)
{
	struct worker *w = t->w;
	uint64_t len = whole_pages(x->arg[2]);
	const uint8_t *p = x->vec;
	struct xmap *m, new = {0};
	struct xpart part;
	int64_t at = -EFAULT;

	if (x->nvec < 3)
		return x->ret;
	part = part_next(&p);
	if (x->ret < 0 && xop_has_ret(x))
		/* a new length of 0, of a range that begins at no page or is too long, fails always */
		return x->ret == -EINVAL ? fail_again(t, x, SYS_mremap) : x->ret;
	unmap_parts(w, x, 1);
	if (len == 0 || x->arg[2] > MAPS_MOST || atomic_load(&w->mapped) > MAPS_MOST - len)
		return -ENOMEM;
	m = &w->maps[part.map];
	enter_alone(m);
	if (m->base && m->left == m->len && part.off == 0 && (part.len == 0 || part.len == m->len)) {
		new = (struct xmap){.len = len, .shared = m->shared, .prot = m->prot};
		at = call4(SYS_mremap, m->base, part.len, len, MREMAP_MAYMOVE);
	}
	if (at >= 0) {
		atomic_fetch_add(&w->mapped, len - part.len);
		new.base = (uint8_t *)(uintptr_t)at;
		if (part.len)
			m->base = NULL;
	}
	leave_alone(m);
	if (at < 0)
		return at;
	if (x->newmap < REC_MAP_MAX) {
		begin_map(w, x->newmap, new);
	} else {
		call4(SYS_munmap, new.base, len, 0, 0);
		atomic_fetch_sub(&w->mapped, len);
	}
	return at;
}

/* ---- calls on maps ---- */

/* The program may have given itself the right later. */
static bool permit(struct xmap *m, bool write)
{
	int need = write ? PROT_READ | PROT_WRITE : PROT_READ;

	if ((m->prot & need) == need)
		return true;
	if (write && !m->shared)
		return false;
	if (m->left != m->len || call4(SYS_mprotect, m->base, m->len, (uint64_t)(m->prot | need), 0))
		return false;
	m->prot |= need;
	return true;
}

/*
 * Pages of a private map are read instead of written, which needs a right that only writing had not. What was
 * refused for want of rights is refused again: the map is not writable.
 */
static uint64_t argument_for(const struct xop *x, struct xmap *m)
{
	bool populates = x->op == OP_madvise && x->arg[2] == KERNEL_MADV_POPULATE_WRITE;

	if (!populates || m->shared || x->ret == -EINVAL)
		return x->arg[2];
	enter_alone(m);
	if (m->base)
		permit(m, false);
	leave_alone(m);
	return KERNEL_MADV_POPULATE_READ;
}

int64_t exec_on_map(struct rthread *t, const struct xop *x)
{
	const uint8_t *p = x->vec;
	int64_t ret = 0, rc;
	uint32_t i;

	if (x->op == OP_madvise && !advice_is_for_files(x->arg[2]))
		return REPLAY_SKIPPED + SKIP_ADVICE;
	for (i = 0; i < x->nvec / 3; i++) {
		struct xpart part = part_next(&p);
		struct xmap *m = &t->w->maps[part.map];
		uint64_t argument = argument_for(x, m);

		enter(m);
		if (!m->base || part.off > m->len || whole_pages(part.len) > m->len - part.off / PAGE * PAGE)
			rc = -ENOMEM;
		else
			rc = call4(op_nr(x->op), m->base + part.off, part.len, argument, 0);
		leave(m);
		ret = ret ? ret : rc;
	}
	return ret;
}

/* ---- pages ---- */

static __thread sigjmp_buf *volatile trap; /* where a touch goes on that hit nothing */

static void on_trap(int sig)
{
	sigjmp_buf *to = trap;

	if (to) {
		trap = NULL;
		siglongjmp(*to, sig);
	}
	signal(sig, SIG_DFL); /* the instruction is made again, and ends the worker */
}

void map_traps(void)
{
	struct sigaction on = {.sa_handler = on_trap, .sa_flags = SA_NODEFER};

	sigemptyset(&on.sa_mask);
	sigaction(SIGBUS, &on, NULL);
	sigaction(SIGSEGV, &on, NULL);
}

/*
 * One word of each page. 0, or -EFAULT when the file has no such page, or the map not. No word of
 * what is written reaches beyond the page. Two threads that write to one at the same time do what the
 * program did.
 */
static int __attribute__((no_sanitize("thread"))) touch(uint8_t *at, uint64_t len, bool write,
	uint64_t word)
{
	sigjmp_buf back;
	uint64_t off;

	if (sigsetjmp(back, 0))
		return -EFAULT;
	trap = &back;
	for (off = 0; off < len; off += PAGE) {
		if (write)
			*(volatile uint64_t *)(void *)(at + off) = word;
		else
			(void)*(volatile uint8_t *)(at + off);
	}
	trap = NULL;
	return 0;
}

static int64_t touch_part(struct rthread *t, struct xpart part, bool write, uint64_t word)
{
	struct xmap *m = &t->w->maps[part.map];
	int64_t ret = -EFAULT;
	bool may;

	enter_alone(m);
	may = m->base && part.off % PAGE == 0 && part.off < m->len && part.len <= m->len - part.off &&
	      permit(m, write);
	leave_alone(m);
	if (!may)
		return ret;
	enter(m); /* what happened in between is of a file that lies about its order */
	if (m->base && part.off < m->len && part.len <= m->len - part.off)
		ret = touch(m->base + part.off, part.len, write, word) ? -EFAULT : (int64_t)part.len;
	leave(m);
	return ret;
}

int64_t exec_touch(struct rthread *t, const struct xop *x)
{
	const uint8_t *p = x->vec;
	int64_t sum = 0, got;
	uint64_t word = 0;
	uint32_t i;

	if (x->op == OP_map_write) {
		t->write_at = (t->write_at + t->w->write_step) & (t->w->write_period - 1);
		memcpy(&word, t->w->write_data + t->write_at, sizeof(word));
	}
	for (i = 0; i < x->nvec / 3; i++) {
		got = touch_part(t, part_next(&p), x->op == OP_map_write, word);
		if (got < 0)
			return got;
		sum += got;
	}
	return sum;
}
