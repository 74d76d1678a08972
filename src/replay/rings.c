/* SPDX-License-Identifier: Apache-2.0 */
#include "replay/rings.h"

#include <errno.h>
#include <stdlib.h>

#include "ops/xattr.h"

void rings_free(struct ring_plan *r)
{
	vec_free(&r->all);
	vec_free(&r->calls);
	vec_free(&r->waits);
	vec_free(&r->used_by);
	vec_free(&r->closed);
	free(r->batch);
}

/* ---- lines ---- */

static int use_ring(struct ring_plan *r, uint64_t ring, uint32_t thread)
{
	uint32_t *slot;

	while (r->used_by.n <= ring) {
		slot = vec_push(&r->used_by);
		if (!slot)
			return -ENOMEM;
		*slot = 0;
	}
	slot = &r->used_by.v[ring];
	if (*slot && *slot != thread + 1)
		*slot = RING_SHARED;
	else
		*slot = thread + 1;
	if (ring + 1 > r->max)
		r->max = (uint32_t)ring + 1;
	return 0;
}

/* The kernel takes the file when it comes to the submission; by then the replay may have closed it. */
static bool is_closed(const struct ring_plan *r, const struct rec *call)
{
	int fd = op_arg_index(call->op, A_FD);
	uint64_t vfd = fd < 0 ? UINT64_MAX : call->arg[fd];

	return vfd / 64 < r->closed.n && r->closed.v[vfd / 64] >> vfd % 64 & 1;
}

static int note_one_closed(struct ring_plan *r, uint64_t vfd, uint64_t index)
{
	uint64_t *word;

	/* numbers are dense in what generate writes; others are waited for where their line stands */
	if (vfd > 16 * index + (1u << 20))
		return 0;
	while (r->closed.n <= vfd / 64) {
		word = vec_push(&r->closed);
		if (!word)
			return -ENOMEM;
		*word = 0;
	}
	r->closed.v[vfd / 64] |= 1ull << vfd % 64;
	return 0;
}

static int note_closed(struct ring_plan *r, const struct rline *line, uint64_t index)
{
	uint32_t i;
	int rc = 0;

	if (line->call.op == OP_close)
		rc = note_one_closed(r, line->call.arg[0], index);
	for (i = 0; i < line->nlist && !rc; i++)
		if (line->list[i].kind == VITEM_FD)
			rc = note_one_closed(r, line->list[i].a, index);
	return rc;
}

/* What could not be read, whatever failed first; of none it would have been EINVAL. */
static bool has_bad_files(const struct rec *call)
{
	return op_has(call->op, A_FILES) && !call->nvec && call->ret != -EINVAL;
}

/* Those in front of the last one, in its chain, whose descriptor it uses. */
static void note_handed_on(struct ring_plan *r, const struct rec *call)
{
	const size_t far = 64;
	size_t last = r->all.n - 1, i;
	int fd = op_arg_index(call->op, A_FD);

	for (i = last; fd >= 0 && i > 0 && last - i < far; i--) {
		struct submission *s = &r->all.v[i - 1];

		if (!s->linked || s->ring != call->sqe.ring)
			break;
		if (s->made != VFD_NONE && s->made == call->arg[fd])
			s->by_line = true;
	}
}

static int note_submission(struct ring_plan *r, struct rline *line, uint64_t index)
{
	struct rec *call = &line->call;
	struct submission *s = vec_push(&r->all);

	if (!s)
		return -ENOMEM;
	*s = (struct submission){.ring = call->sqe.ring,
		.number = call->sqe.number,
		.index = index,
		.thread = line->thread,
		.call = RING_ALONE,
		.op = (uint16_t)call->op,
		.bad_memory = call->ret == -EFAULT || has_bad_files(call),
		.early = is_closed(r, call),
		.keeps = call->ret == -ECANCELED || call->ret == -EBADF || call->ret == -EINVAL,
		.failed = call->ret < 0,
		.linked = call->sqe.flags & (URING_IO_LINK | URING_IO_HARDLINK),
		.by_line = (call->op == OP_uring_setxattr || call->op == OP_uring_fsetxattr) &&
			   xattr_is_acl(call->path2),
		.made = line->newfd};
	note_handed_on(r, call);
	call->sqe.number = r->all.n - 1;
	if (!op_has(call->op, A_FILES) && call->nvec > r->iov_max)
		r->iov_max = call->nvec;
	return 0;
}

static int note_call(struct ring_plan *r, struct rline *line, uint64_t index)
{
	struct rec *call = &line->call;
	uint64_t *first = &call->arg[op_arg_index(OP_io_uring_enter, A_SQNO)];
	struct submit_call *c = vec_push(&r->calls);

	if (!c)
		return -ENOMEM;
	*c = (struct submit_call){.ring = (uint32_t)call->arg[op_arg_index(call->op, A_RING)],
		.first = *first,
		.count = call->has_ret && call->ret > 0 ? (uint64_t)call->ret : 0,
		.index = index,
		.thread = line->thread};
	*first = r->calls.n - 1;
	return 0;
}

static void note_buffers(struct ring_plan *r, const struct rec *call)
{
	uint32_t i;

	for (i = 0; i < call->nvec; i++)
		if (__builtin_add_overflow(r->pinned, call->vec[i], &r->pinned))
			r->pinned = UINT64_MAX;
}

int rings_note(struct ring_plan *r, struct rline *line, uint64_t index, struct err *err)
{
	struct rec *call = &line->call;
	int slot = op_arg_index(call->op, A_RING), rc;
	uint64_t ring = slot < 0 ? call->sqe.ring : call->arg[slot];

	if (slot < 0 && !op_is_submission(call->op)) {
		rc = r->max ? note_closed(r, line, index) : 0;
		return rc ? err_sys(err, -rc, "cannot load the replay") : 0;
	}
	/* numbers are dense in what generate writes; absurd ones would only make absurd tables */
	if (ring > 16 * index + (1u << 20))
		return err_set(err, EINVAL, "the ring number %llu is out of proportion",
			(unsigned long long)ring);
	rc = use_ring(r, ring, line->thread);
	if (!rc && call->op == OP_io_uring_register)
		note_buffers(r, call);
	if (!rc && call->op == OP_io_uring_enter)
		rc = note_call(r, line, index);
	if (!rc && op_is_submission(call->op))
		rc = note_submission(r, line, index);
	return rc ? err_sys(err, -rc, "cannot load the replay") : 0;
}

/* ---- which call submits what ---- */

static int compare(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int by_first(const void *va, const void *vb, void *all)
{
	const struct submit_call *calls = all;
	const struct submit_call *a = &calls[*(const uint32_t *)va], *b = &calls[*(const uint32_t *)vb];
	int by_ring = compare(a->ring, b->ring);

	return by_ring ? by_ring : compare(a->first, b->first);
}

/* The last call that begins at or before the submission. */
static const struct submit_call *find_call(const struct ring_plan *r, const uint32_t *sorted, size_t n,
	const struct submission *s)
{
	const struct submit_call *c;
	size_t low = 0, high = n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		c = &r->calls.v[sorted[mid]];
		if (c->ring < s->ring || (c->ring == s->ring && c->first <= s->number))
			low = mid + 1;
		else
			high = mid;
	}
	c = low ? &r->calls.v[sorted[low - 1]] : NULL;
	return c && c->ring == s->ring && s->number - c->first < c->count && c->index < s->index ? c : NULL;
}

int rings_match(struct ring_plan *r)
{
	uint32_t *sorted = malloc((r->calls.n + 1) * sizeof(*sorted));
	size_t i, n = 0;

	if (!sorted)
		return -ENOMEM;
	for (i = 0; i < r->calls.n; i++)
		if (r->calls.v[i].count) /* those that only wait begin where the next one does */
			sorted[n++] = (uint32_t)i;
	qsort_r(sorted, n, sizeof(*sorted), by_first, r->calls.v);
	for (i = 0; i < r->all.n; i++) {
		const struct submit_call *c = find_call(r, sorted, n, &r->all.v[i]);

		if (c)
			r->all.v[i].call = (uint32_t)(c - r->calls.v);
	}
	free(sorted);
	return 0;
}

void rings_follows(struct ring_plan *r, uint64_t submission)
{
	struct submission *s = &r->all.v[submission];

	if (s->call != RING_ALONE && r->calls.v[s->call].thread != s->thread)
		s->call = RING_ALONE;
}

int rings_wait(struct ring_plan *r, uint64_t submission, uint64_t on)
{
	struct submission *s = &r->all.v[submission];
	struct submit_wait *wait;

	if (s->call == RING_ALONE)
		return 0;
	if (on >= r->calls.v[s->call].index) {
		s->call = RING_ALONE;
		return 0;
	}
	wait = vec_push(&r->waits);
	if (!wait)
		return -ENOMEM;
	*wait = (struct submit_wait){s->call, on};
	return 0;
}

static int by_call(const void *va, const void *vb, void *all)
{
	const struct submission *v = all;
	const struct submission *a = &v[*(const uint32_t *)va], *b = &v[*(const uint32_t *)vb];
	int order = compare(a->call, b->call);

	return order ? order : compare(a->number, b->number);
}

static int waits_by_call(const void *va, const void *vb)
{
	const struct submit_wait *a = va, *b = vb;

	return compare(a->call, b->call);
}

int rings_batches(struct ring_plan *r)
{
	struct submit_call *c;
	uint32_t i, n = 0;

	if (r->waits.n)
		qsort(r->waits.v, r->waits.n, sizeof(*r->waits.v), waits_by_call);
	r->batch = malloc((r->all.n + 1) * sizeof(*r->batch));
	if (!r->batch)
		return -ENOMEM;
	for (i = 0; i < r->all.n; i++)
		if (r->all.v[i].call != RING_ALONE)
			r->batch[n++] = i;
	qsort_r(r->batch, n, sizeof(*r->batch), by_call, r->all.v);
	for (i = 0; i < n; i++) {
		c = &r->calls.v[r->all.v[r->batch[i]].call];
		if (c->n++ == 0)
			c->batch = i;
	}
	return 0;
}
