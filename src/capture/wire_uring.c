/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/wire_uring.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "capture/facts.h"
#include "capture/uring.h"
#include "datas/hmap.h"
#include "ops/uring.h"

/* Something to be told, or a submission until it is. Its strings and its vector are behind it. */
struct piece {
	TAILQ_ENTRY(piece) at;
	struct wire_seen seen;
	uint64_t request;
	uint64_t began;
	uint32_t tid; /* that took it */
	bool entered; /* the call that took it is over */
	bool silent;  /* only a failure has a completion */
	bool linked;  /* the next one begins when it is over */
	bool old;     /* there was a call since it was taken */
	char *targets; /* room for both, WIRE_LINK_MAX each */
	uint64_t data[];
};

TAILQ_HEAD(pieces, piece);

struct ring {
	struct hnode node; /* by id */
	uint64_t id;
	uint32_t number;
	uint32_t pid; /* that made it, or was found with it */
	uint32_t fd;
	bool told, polled;
	uint64_t next;	      /* number of the next submission */
	struct pieces flying; /* not over */
	struct pieces early;  /* over before the call that took them */
};

struct rings {
	struct hmap by_id;
	uint32_t numbers;
	struct pieces out;
	struct piece *given; /* what rings_next() gave last */
};

/* --- pieces --- */

static struct str keep(char **at, struct str s)
{
	struct str kept = {s.s ? *at : NULL, s.len};

	if (s.len)
		memcpy(*at, s.s, s.len);
	*at += s.len;
	return kept;
}

static struct piece *piece_new(const struct wire_seen *w)
{
	const struct seen *s = &w->seen;
	size_t vec = s->rec.nvec * sizeof(*s->rec.vec), i;
	size_t text = s->rec.path.len + s->rec.path2.len + s->from[0].name.len + s->from[1].name.len +
		      2 * (size_t)WIRE_LINK_MAX;
	struct piece *p = calloc(1, sizeof(*p) + vec + text);
	char *at;

	if (!p)
		return NULL;
	p->seen = *w;
	at = (char *)p->data + vec;
	if (s->rec.vec && vec)
		memcpy(p->data, s->rec.vec, vec);
	p->seen.seen.rec.vec = s->rec.vec ? p->data : NULL;
	p->seen.seen.rec.path = keep(&at, s->rec.path);
	p->seen.seen.rec.path2 = keep(&at, s->rec.path2);
	for (i = 0; i < 2; i++)
		p->seen.seen.from[i].name = keep(&at, s->from[i].name);
	p->targets = at;
	for (i = 0; i < 2; i++)
		if (s->target[i].len)
			rings_keep_target(&p->seen.seen, (int)i, s->target[i]);
	return p;
}

void rings_keep_target(struct seen *at, int i, struct str target)
{
	struct piece *p = (struct piece *)((char *)at - offsetof(struct piece, seen.seen));
	char *to = p->targets + (size_t)i * WIRE_LINK_MAX;

	memmove(to, target.s, target.len);
	at->target[i] = (struct str){to, target.len};
}

static void free_pieces(struct pieces *all)
{
	struct piece *p;

	while ((p = TAILQ_FIRST(all))) {
		TAILQ_REMOVE(all, p, at);
		free(p);
	}
}

static int tell(struct rings *all, const struct wire_seen *seen)
{
	struct piece *p = piece_new(seen);

	if (!p)
		return -ENOMEM;
	TAILQ_INSERT_TAIL(&all->out, p, at);
	return 0;
}

static int lose(struct rings *all, const struct rec *at, uint64_t count, const char *why)
{
	struct wire_seen lost = {.kind = WIRE_SEEN_LOST, .lost = count, .why = why};

	lost.seen.rec = (struct rec){.op = OP_lost, .t = at->t, .pid = at->pid, .tid = at->tid};
	return count ? tell(all, &lost) : 0;
}

bool rings_next(struct rings *all, struct wire_seen *out)
{
	struct piece *p = TAILQ_FIRST(&all->out);

	free(all->given);
	all->given = p;
	if (!p)
		return false;
	TAILQ_REMOVE(&all->out, p, at);
	*out = p->seen;
	return true;
}

/* --- rings --- */

struct rings *rings_open(void)
{
	struct rings *all = calloc(1, sizeof(*all));

	if (all)
		TAILQ_INIT(&all->out);
	return all;
}

static void ring_free(struct rings *all, struct ring *r)
{
	hmap_remove(&all->by_id, &r->node);
	free_pieces(&r->flying);
	free_pieces(&r->early);
	free(r);
}

void rings_close(struct rings *all)
{
	struct hnode *node, *tmp;
	size_t i;

	hmap_each(&all->by_id, node, tmp, i)
		ring_free(all, hmap_entry(node, struct ring, node));
	hmap_free(&all->by_id);
	free_pieces(&all->out);
	free(all->given);
	free(all);
}

static struct ring *ring_find(const struct rings *all, uint64_t id)
{
	struct hnode *node = hmap_first(&all->by_id, hash_u64(id));

	return node ? hmap_entry(node, struct ring, node) : NULL;
}

static struct ring *ring_new(struct rings *all, uint64_t id, uint32_t pid)
{
	struct ring *r = calloc(1, sizeof(*r));

	if (!r || hmap_insert(&all->by_id, &r->node, hash_u64(id))) {
		free(r);
		return NULL;
	}
	TAILQ_INIT(&r->flying);
	TAILQ_INIT(&r->early);
	r->id = id;
	r->pid = pid;
	r->number = ++all->numbers;
	return r;
}

/* What is still under way is cancelled by the kernel, or ends without anybody who waits for it. */
static int ring_settle(struct rings *all, struct ring *r, const struct rec *at)
{
	const struct piece *p = NULL;
	uint64_t n = 0;
	int rc;

	TAILQ_FOREACH(p, &r->flying, at)
		n += p->seen.seen.rec.op != OP_uring_other;
	TAILQ_CONCAT(&all->out, &r->early, at);
	rc = lose(all, at, n, "io_uring: what was under way when a ring was closed");
	free_pieces(&r->flying);
	return rc;
}

static int ring_end(struct rings *all, struct ring *r, const struct rec *at)
{
	int rc = ring_settle(all, r, at);

	ring_free(all, r);
	return rc;
}

/* Another one with that number is gone. */
static int ring_made(struct rings *all, const struct rec *call, const struct wire_ring *ring,
	struct ring **out)
{
	struct ring *old = ring_find(all, ring->id), *r;
	int rc = old ? ring_end(all, old, call) : 0;

	r = rc ? NULL : ring_new(all, ring->id, call->pid);
	if (!r)
		return -ENOMEM;
	r->fd = (uint32_t)call->ret;
	r->told = true;
	r->polled = ring->flags & URING_SQPOLL;
	*out = r;
	return 0;
}

static uint64_t *arg_of(struct rec *rec, enum arg_kind kind)
{
	return &rec->arg[op_arg_index(rec->op, kind)];
}

/* As if it was made now: what is registered with it is not told. */
static int tell_ring(struct rings *all, struct ring *r, const struct wire_ring *ring,
	const struct rec *at, uint32_t fd)
{
	struct wire_seen seen = {.kind = WIRE_SEEN_RING};
	struct rec *rec = &seen.seen.rec;

	r->told = true;
	r->fd = fd;
	r->polled = ring->flags & URING_SQPOLL;
	*rec = (struct rec){.op = OP_io_uring_setup,
		.t = at->t,
		.pid = at->pid,
		.tid = at->pid,
		.ret = fd,
		.has_ret = true};
	rec->arg[0] = ring->sq_entries;
	*arg_of(rec, A_UPARAMS) = ring->flags;
	*arg_of(rec, A_UCQNR) = ring->flags & URING_CQSIZE ? ring->cq_entries : 0;
	*arg_of(rec, A_RING) = r->number;
	return tell(all, &seen);
}

int rings_state(struct rings *all, const struct wire_seen *fd, const struct wire_ring *ring)
{
	const struct rec *rec = &fd->seen.rec;
	struct ring *r = ring_find(all, ring->id);

	if (!r)
		r = ring_new(all, ring->id, rec->pid);
	return r ? tell_ring(all, r, ring, rec, (uint32_t)rec->arg[0]) : -ENOMEM;
}

int rings_setup(struct rings *all, struct wire_seen *call, const struct wire_ring *ring)
{
	struct rec *rec = &call->seen.rec;
	struct ring *r = NULL;
	int rc = 0;

	if (ring && rec->ret >= 0)
		rc = ring_made(all, rec, ring, &r);
	if (r)
		*arg_of(rec, A_RING) = r->number;
	if (!rc)
		rc = tell(all, call);
	if (rc || r || !rec->has_ret || rec->ret < 0)
		return rc;
	return lose(all, rec, 1, "io_uring: a ring that could not be looked into is not recorded");
}

/* The ring of a call; one that nobody told is told now, when its descriptor is known. */
static int ring_of_call(struct rings *all, const struct wire_seen *call, const struct wire_ring *ring,
	bool registered, struct ring **out)
{
	const struct rec *rec = &call->seen.rec;
	struct ring *r = ring ? ring_find(all, ring->id) : NULL;
	int rc = 0;

	if (ring && !r && !registered) {
		r = ring_new(all, ring->id, rec->pid);
		if (!r)
			return -ENOMEM;
	}
	if (r && !r->told && !registered)
		rc = tell_ring(all, r, ring, rec, (uint32_t)rec->arg[0]);
	*out = r && r->told ? r : NULL;
	return rc;
}

/* --- completions --- */

static void set_times(struct rec *rec, uint64_t t, uint64_t began)
{
	rec->t = t;
	rec->dur = t > began ? t - began : 0;
}

/* It is over: with T as the time, told now or when the call is over that took it. */
static void put(struct rings *all, struct ring *r, struct piece *p, uint64_t t, int64_t result)
{
	struct rec *rec = &p->seen.seen.rec;

	TAILQ_REMOVE(&r->flying, p, at);
	set_times(rec, t, p->began);
	rec->ret = result;
	rec->has_ret = true;
	rec->facts.list = rec->facts.list && facts_sets_acl(rec);
	if (p->entered)
		TAILQ_INSERT_TAIL(&all->out, p, at);
	else
		TAILQ_INSERT_TAIL(&r->early, p, at);
}

static void put_silent(struct rings *all, struct ring *r, struct piece *p, uint64_t t)
{
	int64_t result;

	if (uring_silent_result(&p->seen.seen.rec, &result)) {
		put(all, r, p, t, result);
		return;
	}
	TAILQ_REMOVE(&r->flying, p, at);
	p->seen.seen.rec.t = t;
	p->seen.kind = WIRE_SEEN_LOST;
	p->seen.lost = 1;
	p->seen.why = "io_uring: a submission without a completion, whose result is not known";
	TAILQ_INSERT_TAIL(&all->out, p, at);
}

/* Those in front of one that is over, and that it was linked to, are over too. */
static void settle_chain(struct rings *all, struct ring *r, const struct piece *last, uint64_t t)
{
	uint64_t from = last->seen.seen.rec.sqe.number;
	struct piece *p = NULL, *next;

	TAILQ_FOREACH_REVERSE(p, &r->flying, pieces, at)
		if (p->silent && p->linked && p->seen.seen.rec.sqe.number + 1 == from)
			from--;
	for (p = TAILQ_FIRST(&r->flying); p && p != last; p = next) {
		next = TAILQ_NEXT(p, at);
		if (p->silent && p->seen.seen.rec.sqe.number >= from)
			put_silent(all, r, p, t);
	}
}

/* Without a link nothing says when; at the second call it is taken to be. */
static void settle_silent(struct rings *all, struct ring *r, uint64_t t)
{
	struct piece *p, *next;

	for (p = TAILQ_FIRST(&r->flying); p; p = next) {
		next = TAILQ_NEXT(p, at);
		if (p->silent && p->entered && p->old)
			put_silent(all, r, p, t);
		else if (p->entered)
			p->old = true;
	}
}

/* Without a number of the request user_data says which; whoever does not tell them apart gets the oldest. */
static struct piece *piece_find(const struct ring *r, uint64_t request, uint64_t user)
{
	struct piece *p = NULL;

	TAILQ_FOREACH(p, &r->flying, at)
		if (request ? p->request == request : p->seen.seen.rec.sqe.user == user)
			break;
	return p;
}

struct seen *rings_at_work(struct rings *all, uint64_t ring, uint64_t request)
{
	struct ring *r = ring_find(all, ring);
	struct piece *p = r ? piece_find(r, request, 0) : NULL;

	return p ? &p->seen.seen : NULL;
}

/* One more of the same is to come. */
static struct piece *split(struct piece *p)
{
	struct piece *copy = piece_new(&p->seen);

	if (!copy)
		return NULL;
	copy->request = p->request;
	copy->began = p->began;
	copy->tid = p->tid;
	copy->entered = p->entered;
	TAILQ_INSERT_BEFORE(p, copy, at);
	return copy;
}

#define CQE_MORE 2 /* IORING_CQE_F_MORE */

/* The call of thread TID is over, and what it took began with it. */
static void end_batch(struct rings *all, struct ring *r, uint32_t tid, uint64_t t, uint64_t began)
{
	struct piece *p, *next;

	TAILQ_FOREACH(p, &r->flying, at)
		if (p->tid == tid && !p->entered) {
			p->began = began;
			p->entered = true;
		}
	for (p = TAILQ_FIRST(&r->early); p; p = next) {
		struct rec *rec = &p->seen.seen.rec;

		next = TAILQ_NEXT(p, at);
		if (p->tid != tid)
			continue;
		TAILQ_REMOVE(&r->early, p, at);
		set_times(rec, t, began);
		TAILQ_INSERT_TAIL(&all->out, p, at);
	}
}

/* What a thread of the kernel took so far stands as a call, which nobody made. */
static int end_polled(struct rings *all, struct ring *r, const struct rec *at)
{
	struct wire_seen call = {.kind = WIRE_SEEN_CALL};
	struct rec *rec = &call.seen.rec;
	const struct piece *p = NULL, *first = NULL;
	uint64_t n = 0;
	int rc;

	TAILQ_FOREACH(p, &r->flying, at) {
		if (p->entered)
			continue;
		first = first ? first : p;
		n++;
	}
	if (!first)
		return 0;
	*rec = (struct rec){.op = OP_io_uring_enter,
		.pid = first->seen.seen.rec.pid,
		.tid = first->seen.seen.rec.tid,
		.ret = (int64_t)n,
		.has_ret = true};
	set_times(rec, at->t, first->began);
	rec->arg[0] = r->fd;
	*arg_of(rec, A_UNR) = n;
	*arg_of(rec, A_RING) = r->number;
	*arg_of(rec, A_SQNO) = first->seen.seen.rec.sqe.number;
	rc = tell(all, &call);
	end_batch(all, r, first->tid, at->t, first->began);
	return rc;
}

int rings_complete(struct rings *all, const struct wire_seen *s, const struct ring_completion *c)
{
	const struct rec *at = &s->seen.rec;
	struct ring *r = ring_find(all, c->ring);
	struct piece *p = r ? piece_find(r, c->request, c->user) : NULL;
	struct rec *rec = p ? &p->seen.seen.rec : NULL;
	bool unrecorded;
	int rc = 0;

	if (!p)
		return 0;
	if (r->polled && !p->entered)
		rc = end_polled(all, r, at);
	if (!p->silent || at->ret >= 0)
		settle_chain(all, r, p, at->t);
	if (c->flags & CQE_MORE)
		p = split(p);
	if (rc || !p)
		return -ENOMEM;
	rec = &p->seen.seen.rec;
	unrecorded = rec->op == OP_uring_other && at->ret >= 0 && uring_is_unrecorded(rec);
	if ((ops[rec->op].flags & OPF_NEWFD) && at->ret >= 0 && rec->sqe.slot == SQE_NONE &&
		rec->pid == at->pid) {
		rec->facts = at->facts;
		p->seen.seen.created = s->seen.created;
	}
	put(all, r, p, at->t, at->ret);
	return unrecorded ? lose(all, at, 1, URING_UNRECORDED)
			  : 0;
}

/* --- submissions --- */

int rings_submit(struct rings *all, const struct wire_seen *s, uint64_t ring, uint64_t request,
	uint32_t number, bool polled)
{
	const struct rec *at = &s->seen.rec;
	struct ring *r = ring_find(all, ring);
	struct piece *p;
	uint32_t missing;
	int rc = 0;

	if (!r)
		r = ring_new(all, ring, at->pid);
	p = r ? piece_new(s) : NULL;
	if (!p)
		return -ENOMEM;
	missing = number - (uint32_t)r->next;
	if (polled && r->told && missing < 1u << 16)
		rc = lose(all, at, missing, "io_uring: a submission could not be read");
	if (missing < 1u << 31)
		r->next += missing;
	p->request = request;
	p->began = at->t;
	p->tid = at->tid;
	p->seen.kind = WIRE_SEEN_CALL;
	p->seen.seen.rec.sqe.ring = r->number;
	p->seen.seen.rec.sqe.number = r->next++;
	p->silent = at->sqe.flags & URING_CQE_SKIP_SUCCESS;
	p->linked = at->sqe.flags & (URING_IO_LINK | URING_IO_HARDLINK);
	if (polled)
		p->seen.seen.rec.tid = at->pid;
	TAILQ_INSERT_TAIL(&r->flying, p, at);
	return rc;
}

/* How many submissions the thread's call has taken; the number of the first one. */
static uint64_t count_batch(const struct ring *r, uint32_t tid, uint64_t *first)
{
	const struct pieces *lists[] = {&r->flying, &r->early};
	const struct piece *p = NULL;
	uint64_t n = 0;
	size_t i;

	*first = r->next;
	for (i = 0; i < 2; i++) {
		TAILQ_FOREACH(p, lists[i], at) {
			if (p->tid != tid || p->entered)
				continue;
			n++;
			if (p->seen.seen.rec.sqe.number < *first)
				*first = p->seen.seen.rec.sqe.number;
		}
	}
	return n;
}

/* Of a ring that cannot be told. */
static void forget_batch(struct rings *all, const struct wire_ring *ring, uint32_t tid)
{
	struct ring *r = ring ? ring_find(all, ring->id) : NULL;
	struct piece *p, *next;

	for (p = r ? TAILQ_FIRST(&r->flying) : NULL; p; p = next) {
		next = TAILQ_NEXT(p, at);
		if (p->tid != tid)
			continue;
		TAILQ_REMOVE(&r->flying, p, at);
		free(p);
	}
	if (r)
		free_pieces(&r->early);
}

int rings_enter(struct rings *all, struct wire_seen *call, const struct wire_ring *ring)
{
	struct rec *rec = &call->seen.rec;
	uint32_t flags = (uint32_t)*arg_of(rec, A_UENTER);
	uint64_t *wanted = arg_of(rec, A_UNRMIN), n = rec->ret > 0 ? (uint64_t)rec->ret : 0, found;
	struct ring *r;
	int rc = ring_of_call(all, call, ring, flags & URING_ENTER_REGISTERED_RING, &r);

	if (!*arg_of(rec, A_UNR))
		n = 0;
	if (!(flags & URING_ENTER_GETEVENTS))
		*wanted = 0;
	if (!r) {
		forget_batch(all, ring, rec->tid);
		rc = rc ? rc : tell(all, call);
		return rc ? rc
			  : lose(all, rec, n, "io_uring: what a ring does that is not known is not recorded");
	}
	*wanted = ring->ready < *wanted ? *wanted - ring->ready : 0;
	*arg_of(rec, A_RING) = r->number;
	found = count_batch(r, rec->tid, arg_of(rec, A_SQNO));
	settle_silent(all, r, rec->t);
	if (!rc)
		rc = tell(all, call);
	if (!rc && !r->polled && n > found)
		rc = lose(all, rec, n - found, "io_uring: a submission could not be read");
	end_batch(all, r, rec->tid, rec->t, rec->t - rec->dur);
	return rc;
}

/* --- io_uring_register(2) --- */

static int tell_file(struct rings *all, const struct wire_seen *call, const struct ring *r, uint32_t slot,
	int32_t fd)
{
	struct wire_seen seen = *call;
	struct rec *rec = &seen.seen.rec;

	*rec = (struct rec){.op = OP_uring_file,
		.t = call->seen.rec.t,
		.pid = call->seen.rec.pid,
		.tid = call->seen.rec.tid,
		.has_ret = true};
	rec->arg[0] = r->number;
	rec->arg[1] = slot;
	rec->arg[2] = (uint64_t)(int64_t)fd;
	return tell(all, &seen);
}

/* The table is empty at first, so that slots without a file need no record then. */
static int tell_files(struct rings *all, const struct wire_seen *call, const struct ring *r,
	const struct wire_registered *what, bool update, const int32_t *files, size_t n)
{
	uint64_t count = what->count, i;
	int rc = 0;

	if (update && count > (uint64_t)call->seen.rec.ret)
		count = (uint64_t)call->seen.rec.ret;
	for (i = 0; i < count && i < n && !rc; i++)
		if (files[i] >= 0 || (update && files[i] == -1))
			rc = tell_file(all, call, r, what->offset + (uint32_t)i, files[i]);
	if (!rc && n && n < count)
		rc = lose(all, &call->seen.rec, 1, "io_uring: registered files that could not be read");
	return rc;
}

#define USE_REGISTERED_RING (1u << 31)

int rings_register(struct rings *all, struct wire_seen *call, const struct wire_ring *ring,
	const struct wire_registered *what, const int32_t *files, size_t n)
{
	struct rec *rec = &call->seen.rec;
	uint64_t *op = arg_of(rec, A_UREGOP);
	bool registered = *op & USE_REGISTERED_RING, update, buffers;
	struct ring *r;
	int rc = ring_of_call(all, call, ring, registered, &r);

	*op &= ~(uint64_t)USE_REGISTERED_RING;
	update = *op == URING_REGISTER_FILES_UPDATE || *op == URING_REGISTER_FILES_UPDATE2;
	buffers = *op == URING_REGISTER_BUFFERS || *op == URING_REGISTER_BUFFERS2;
	if (what && (buffers || update || *op == URING_REGISTER_FILES2))
		*arg_of(rec, A_UNR) = what->count;
	*arg_of(rec, A_RING) = r ? r->number : 0;
	if (!rc)
		rc = tell(all, call);
	if (rc || !r || !what || rec->ret < 0)
		return rc;
	if (update || *op == URING_REGISTER_FILES || *op == URING_REGISTER_FILES2)
		rc = tell_files(all, call, r, what, update, files, n);
	if (!rc && *op == URING_REGISTER_BUFFERS_UPDATE)
		rc = lose(all, rec, 1, "io_uring: buffers that are exchanged are not recorded");
	return rc;
}

/* --- ends --- */

int rings_thread_end(struct rings *all, const struct rec *end, bool last)
{
	struct hnode *node, *tmp;
	size_t i;
	int rc = 0;

	hmap_each(&all->by_id, node, tmp, i) {
		struct ring *r = hmap_entry(node, struct ring, node);

		if (rc)
			break;
		if (last && r->pid == end->pid) /* others may have inherited it, or share its descriptor */
			rc = ring_settle(all, r, end);
		else
			end_batch(all, r, end->tid, end->t, end->t);
	}
	return rc;
}
