/* SPDX-License-Identifier: Apache-2.0 */
#include "generate/model.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <stdlib.h>

#include "ops/aio.h"

/*
 * Linux AIO: contexts, and what is under way in them. A write has made its bytes, and moved the end
 * of its file, when it is submitted; a read needs its bytes when its event tells how many it got.
 *
 * Programs may take events out of the ring without a call. An iocb that is submitted again, or whose
 * context ends, was over before, with what it asked for.
 */

struct aio_ctx {
	struct hnode node; /* by address space and address */
	uint32_t memory;
	uint32_t number; /* in the replay */
	uint64_t address;
	bool began;	   /* its io_setup is in the capture */
	uint64_t room;	   /* for this many requests at least, if that is known */
	unsigned unseen;   /* writes since the last event that a call got */
	uint64_t last;	   /* number of the latest iocb */
	struct hmap flying; /* by address */
	struct resource *order;
};

/* An iocb under way. */
struct flying {
	struct hnode node;
	uint64_t address;
	uint64_t number; /* in the replay; 0: it is not there */
	uint64_t opcode;
	struct node *file; /* NULL: nothing that is replayed */
	uint64_t off, wanted;
	uint64_t before; /* size of the file when it was submitted */
	bool direct;
};

/* MAX_RW_COUNT of include/linux/fs.h */
#define RW_MAX 0x7ffff000

static bool is_read(uint64_t opcode)
{
	return opcode == IOCB_CMD_PREAD || opcode == IOCB_CMD_PREADV;
}

static bool is_write(uint64_t opcode)
{
	return opcode == IOCB_CMD_PWRITE || opcode == IOCB_CMD_PWRITEV;
}

static bool is_vector(uint64_t opcode)
{
	return opcode == IOCB_CMD_PREADV || opcode == IOCB_CMD_PWRITEV;
}

static bool is_sync(uint64_t opcode)
{
	return opcode == IOCB_CMD_FSYNC || opcode == IOCB_CMD_FDSYNC;
}

/* ---- contexts ---- */

static uint64_t ctx_hash(uint32_t memory, uint64_t address)
{
	return hash_u64(hash_u64(address) + memory);
}

static struct aio_ctx *ctx_find(const struct model *m, uint64_t address)
{
	uint32_t memory = m->task->process->memory;
	struct hnode *n = hmap_first(&m->aio, ctx_hash(memory, address));

	for (; n; n = hmap_next(n)) {
		struct aio_ctx *c = hmap_entry(n, struct aio_ctx, node);

		if (c->memory == memory && c->address == address)
			return c;
	}
	return NULL;
}

static struct aio_ctx *ctx_new(struct model *m, uint64_t address)
{
	struct aio_ctx *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->memory = m->task->process->memory;
	c->address = address;
	c->order = calloc(1, sizeof(*c->order));
	if (!c->order || hmap_insert(&m->aio, &c->node, ctx_hash(c->memory, address))) {
		free(c->order);
		free(c);
		return NULL;
	}
	c->number = m->next_ctx++;
	return c;
}

static void flying_free(struct model *m, struct aio_ctx *c, struct flying *f)
{
	hmap_remove(&c->flying, &f->node);
	if (f->file)
		node_put(&m->names, f->file);
	free(f);
}

static void ctx_free(struct model *m, struct aio_ctx *c)
{
	struct hnode *n, *tmp;
	size_t i;

	hmap_each(&c->flying, n, tmp, i)
		flying_free(m, c, hmap_entry(n, struct flying, node));
	hmap_free(&c->flying);
	hmap_remove(&m->aio, &c->node);
	if (c->order) {
		resource_free(c->order);
		free(c->order);
	}
	free(c);
}

void model_aio_free(struct model *m)
{
	struct hnode *n, *tmp;
	size_t i;

	hmap_each(&m->aio, n, tmp, i)
		ctx_free(m, hmap_entry(n, struct aio_ctx, node));
	hmap_free(&m->aio);
}

/*
 * The context of the call, entered in its line. A call that tells that there is one whose io_setup was
 * not captured makes it: the replay will do so at its first use. NULL with 0: no such context.
 */
static int ctx_of(struct model *m, const struct rec *r, enum touch how, struct aio_ctx **out)
{
	struct aio_ctx *c = ctx_find(m, r->arg[0]);

	*out = NULL;
	m->out->call.arg[0] = CTX_NONE;
	if (!c && r->ret == -EINVAL)
		return 0;
	if (!c)
		c = ctx_new(m, r->arg[0]);
	if (!c)
		return -ENOMEM;
	*out = c;
	m->out->call.arg[0] = c->number;
	return model_touch(m, c->order, how);
}

/* ---- what is under way ---- */

static struct flying *flying_find(const struct aio_ctx *c, uint64_t address)
{
	struct hnode *n = hmap_first(&c->flying, hash_u64(address));

	return n ? hmap_entry(n, struct flying, node) : NULL; /* hash_u64 is a bijection */
}

/* The event of a read fits the file as it was when that was submitted. */
static bool fitted_before(const struct flying *f, uint64_t done)
{
	uint64_t end = f->off + done;

	if (done && end > f->before)
		return false;
	return done == f->wanted || end >= f->before;
}

static struct span span_of(const struct flying *f, struct descriptor *d, int64_t res)
{
	return (struct span){.d = d, .off = f->off, .wanted = f->wanted, .done = res};
}

static uint64_t clipped(const struct flying *f, int64_t res)
{
	return (uint64_t)res > f->wanted ? f->wanted : (uint64_t)res;
}

/* LEFT_CONFLICT when the event of a read contradicts the size of its file. Changes nothing. */
static int read_fits(struct model *m, const struct flying *f, int64_t res)
{
	struct description desc = {.node = f->file};
	struct descriptor d = {.desc = &desc};
	struct span s = span_of(f, &d, res);

	if (res < 0 || !node_is_file(f->file) || fitted_before(f, clipped(f, res)))
		return 0;
	s.done = (int64_t)clipped(f, res);
	return model_read_fits(m, &s);
}

static int read_over(struct model *m, const struct flying *f, int64_t res, bool *must)
{
	struct node *n = f->file;
	uint64_t done = clipped(f, res), end = f->off + done;
	int rc;

	if (res == -EINVAL && f->direct && f->off < n->size.size) /* as with pread(2) */
		return vsize_read(&n->size, f->off, 1);
	if (res < 0 || !node_is_file(n))
		return 0;
	if (n->size.certain && end > n->size.size && done && !fitted_before(f, done))
		vsize_grown(&n->size, end);
	n->seen_end |= done < f->wanted;
	*must = done != f->wanted || end > n->safe;
	rc = model_touch(m, &n->users, TOUCH_SHARE);
	if (!rc && *must)
		rc = model_touch(m, &n->length, TOUCH_SHARE);
	return rc ? rc : vsize_read(&n->size, f->off, done);
}

/* It was taken to write all; where it did not, the file ends before. */
static int write_over(struct model *m, const struct flying *f, int64_t res, bool *must)
{
	struct node *n = f->file;
	uint64_t done = res < 0 ? 0 : clipped(f, res), end = f->off + f->wanted;
	int rc;

	if (!node_is_file(n))
		return 0;
	*must = end > f->before || done < f->wanted;
	rc = model_touch(m, &n->users, TOUCH_SHARE);
	if (!rc)
		rc = model_touch(m, &n->dirty, TOUCH_MUTATE);
	if (rc || end <= f->before)
		return rc;
	model_changed(m, &n->resized);
	if (done < f->wanted && n->size.size == end)
		n->size.size = done && f->off + done > f->before ? f->off + done : f->before;
	return model_touch(m, &n->length, TOUCH_MUTATE);
}

/* Its effect where the event came. *MUST: later operations depend on this very one. */
static int flying_over(struct model *m, const struct flying *f, int64_t res, bool *must)
{
	*must = is_sync(f->opcode);
	if (!f->file)
		return 0;
	if (model_keep(m, f->file))
		return -ENOMEM;
	if (is_read(f->opcode))
		return read_over(m, f, res, must);
	if (is_write(f->opcode))
		return write_over(m, f, res, must);
	return 0;
}

/* Nobody saw its event: it did what it was asked for, as far as the file reaches. */
static int flying_assumed(struct model *m, const struct flying *f)
{
	uint64_t done = f->wanted;
	bool must;

	if (is_read(f->opcode) && f->file && node_is_file(f->file) && f->file->size.certain)
		done = f->off >= f->before		   ? 0
		       : f->before - f->off < f->wanted ? f->before - f->off
							   : f->wanted;
	return flying_over(m, f, (int64_t)done, &must);
}

/* ---- io_setup, io_destroy, io_cancel, and ends of processes ---- */

static int ctx_end(struct model *m, struct aio_ctx *c)
{
	struct resource **keep;
	struct hnode *n, *tmp;
	size_t i;
	int rc = model_touch(m, c->order, TOUCH_EXCLUSIVE);

	hmap_each(&c->flying, n, tmp, i)
		if (!rc)
			rc = flying_assumed(m, hmap_entry(n, struct flying, node));
	keep = vec_push(&m->dying); /* it outlives the context until the line is committed */
	if (!keep)
		return -ENOMEM;
	*keep = c->order;
	c->order = NULL;
	ctx_free(m, c);
	return rc;
}

int model_aio_settle(struct model *m)
{
	struct hnode *n, *tmp, *f, *tmp_f;
	size_t i, k;
	int rc = 0;

	hmap_each(&m->aio, n, tmp, i) {
		struct aio_ctx *c = hmap_entry(n, struct aio_ctx, node);

		hmap_each(&c->flying, f, tmp_f, k)
			if (!rc)
				rc = flying_assumed(m, hmap_entry(f, struct flying, node));
	}
	model_done(m);
	return rc;
}

int model_io_setup(struct model *m, const struct rec *r)
{
	struct aio_ctx *c;
	int rc = 0;

	m->out->call.arg[1] = CTX_NONE;
	if (r->ret == -EAGAIN) /* fs.aio-max-nr */
		return LEFT_LIMIT;
	if (r->ret < 0)
		return 0;
	c = ctx_find(m, r->arg[1]);
	if (c) /* its end was lost */
		rc = ctx_end(m, c);
	c = rc ? NULL : ctx_new(m, r->arg[1]);
	if (!c)
		return rc ? rc : -ENOMEM;
	c->began = true;
	c->room = r->arg[0];
	m->out->call.arg[1] = c->number;
	return model_touch(m, c->order, TOUCH_EXCLUSIVE);
}

int model_io_destroy(struct model *m, const struct rec *r)
{
	struct aio_ctx *c;
	int rc = ctx_of(m, r, TOUCH_EXCLUSIVE, &c);

	return rc || !c || r->ret < 0 ? rc : ctx_end(m, c);
}

int model_io_cancel(struct model *m, const struct rec *r)
{
	const struct flying *f;
	struct aio_ctx *c;
	int rc = ctx_of(m, r, TOUCH_SHARE, &c);

	f = c ? flying_find(c, r->arg[1]) : NULL;
	m->out->call.arg[1] = f ? f->number : 0;
	return rc;
}

int model_aio_end(struct model *m)
{
	struct process *p = m->task->process;
	struct vlist_item *item;
	struct hnode *n, *tmp;
	uint32_t memory = p->memory;
	size_t i;
	int rc = 0;

	p->memory = m->vfd.next_memory++;
	if (p->maps && p->maps->refs > 1) /* others have the memory, and what is in it, still */
		return 0;
	hmap_each(&m->aio, n, tmp, i) {
		struct aio_ctx *c = hmap_entry(n, struct aio_ctx, node);

		if (c->memory != memory || rc)
			continue;
		item = vec_push(&m->list);
		if (!item)
			return -ENOMEM;
		item->kind = VITEM_CTX;
		item->a = c->number;
		rc = ctx_end(m, c);
	}
	return rc;
}

/* ---- io_submit ---- */

/* A batch on its way into the line. */
struct batch {
	struct aio_ctx *ctx;
	uint64_t put, submitted; /* iocbs in the line, and those of them that were submitted */
	uint64_t dropped;	 /* not in the line ... */
	int left;		 /* ... since; of the last one */
	uint64_t most;		 /* bytes of the one at hand that are written */
};

/* Steps through the iocbs of R, *AT begins as 0: NULL at the end. *SEGMENTS are those behind it. */
static const uint64_t *next_iocb(const struct rec *r, uint64_t *at, uint64_t *segments)
{
	const uint64_t *iocb = r->vec + *at;
	uint64_t most;

	if (*at + AIOCB_NUMBERS > r->nvec)
		return NULL;
	*at += AIOCB_NUMBERS;
	most = (r->nvec - *at) / AIOCB_NUMBERS;
	*segments = iocb[AIOCB_SEGMENTS] < most ? iocb[AIOCB_SEGMENTS] : most;
	*at += *segments * AIOCB_NUMBERS;
	return iocb;
}

static int add_number(struct model *m, uint64_t v)
{
	uint64_t *slot = vec_push(&m->numbers);

	if (!slot)
		return -ENOMEM;
	*slot = v;
	return 0;
}

static int add_tuple(struct model *m, const uint64_t *numbers, size_t n)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < n && !rc; i++)
		rc = add_number(m, numbers[i]);
	return rc;
}

/* Why the iocb is not replayed, or 0. */
static int left_out(const struct descriptor *d, uint64_t opcode, bool submitted)
{
	if (!d)
		return submitted ? LEFT_UNKNOWN_FD : 0;
	if (d->desc->kind != DESC_FILE)
		return model_left_of(d->desc->kind);
	if (d->vfd == VFD_NUMBER_NONE)
		return LEFT_UNLINKED;
	return submitted && !is_read(opcode) && !is_write(opcode) && !is_sync(opcode) ? LEFT_AIO_UNKNOWN : 0;
}

static uint64_t wanted_by(const uint64_t *iocb, uint64_t segments)
{
	uint64_t sum = iocb[AIOCB_LENGTH], i;

	if (is_vector(iocb[AIOCB_OPCODE]))
		for (i = 1, sum = 0; i <= segments && sum < RW_MAX; i++)
			sum += iocb[i * AIOCB_NUMBERS] < RW_MAX ? iocb[i * AIOCB_NUMBERS] : RW_MAX;
	return sum < RW_MAX ? sum : RW_MAX;
}

/* ---- what a limit or a full file system refused, or cut short ---- */

/* A program of whose latest writes no call got an event takes them out of the ring itself. */
#define UNSEEN_MAX 32

static bool submits(const struct rec *r, uint64_t address)
{
	uint64_t at = 0, segments;
	const uint64_t *iocb;

	while ((iocb = next_iocb(r, &at, &segments)))
		if (iocb[AIOCB_ID] == address)
			return true;
	return false;
}

static const uint64_t *event_of(const struct rec *r, uint64_t address)
{
	uint64_t at;

	for (at = 0; at + AIOEV_NUMBERS <= r->nvec; at += AIOEV_NUMBERS)
		if (r->vec[at + AIOEV_ID] == address)
			return r->vec + at;
	return NULL;
}

/* What the event of a write says that is submitted now, if one of the next calls gets it; else that all is written. */
static int64_t result_ahead(struct model *m, struct aio_ctx *c, const struct flying *f)
{
	const uint64_t *event;
	size_t i;

	for (i = 0; m->window && c->unseen < UNSEEN_MAX && i < WINDOW_SIZE; i++) {
		const struct rec *r = window_at(m->window, i);
		bool waits = r && models[r->op] == model_io_getevents;
		struct task *t;

		if (!r || r == m->rec || (!waits && r->op != OP_io_submit) || r->arg[0] != c->address)
			continue;
		t = vfd_task(&m->vfd, r->tid);
		if (!t || t->process->memory != c->memory)
			continue;
		event = waits ? event_of(r, f->address) : NULL;
		if (event)
			return (int64_t)event[AIOEV_RES];
		if (!waits && submits(r, f->address)) /* again: it was over before */
			break;
	}
	c->unseen++;
	return (int64_t)f->wanted;
}

/* As of a plain call: what was written in part is asked for in that length. Why it is left out, or 0. */
static int foresee(struct model *m, struct batch *b, struct flying *f)
{
	const struct rec plain = {.op = OP_pwrite64, .ret = result_ahead(m, b->ctx, f)};

	if (plain.ret > 0 && (uint64_t)plain.ret < f->wanted)
		f->wanted = b->most = (uint64_t)plain.ret;
	return model_left_by_error(m, &plain);
}

static int read_begins(struct model *m, const struct flying *f)
{
	struct node *n = f->file;
	int rc = model_touch(m, &n->users, TOUCH_SHARE);

	if (!rc && f->off + f->wanted > n->safe)
		rc = model_touch(m, &n->length, TOUCH_SHARE);
	return rc;
}

static int write_begins(struct model *m, const struct flying *f, bool append)
{
	struct node *n = f->file;
	int rc = model_touch(m, &n->users, TOUCH_SHARE);

	if (!rc)
		rc = model_touch(m, &n->dirty, TOUCH_MUTATE);
	if (!rc && f->off + f->wanted > n->size.size) {
		model_changed(m, &n->resized);
		/* where it begins is told by the one before */
		rc = model_touch(m, &n->length, append ? TOUCH_EXCLUSIVE : TOUCH_MUTATE);
	}
	return rc ? rc : vsize_write(&n->size, f->off, f->wanted);
}

/* Its effect where it was submitted. */
static int flying_begins(struct model *m, struct flying *f, struct descriptor *d, const uint64_t *iocb)
{
	struct node *n = d->desc->node;
	bool append = d->desc->flags & O_APPEND || iocb[AIOCB_RWFLAGS] & 0x10 /* RWF_APPEND */;

	f->file = node_get(n);
	f->before = n->size.size;
	f->direct = d->desc->flags & O_DIRECT;
	if (is_write(f->opcode) && append)
		f->off = n->size.size;
	if (f->off > INT64_MAX - RW_MAX) /* will fail */
		f->off = f->wanted = 0;
	if (is_sync(f->opcode))
		return model_touch(m, &n->dirty, TOUCH_LATER);
	if (!node_is_file(n))
		return 0;
	return is_read(f->opcode) ? read_begins(m, f) : write_begins(m, f, append);
}

static struct flying *flying_new(struct aio_ctx *c, const uint64_t *iocb, uint64_t segments)
{
	struct flying *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->address = iocb[AIOCB_ID];
	f->opcode = iocb[AIOCB_OPCODE];
	f->off = iocb[AIOCB_OFFSET];
	f->wanted = wanted_by(iocb, segments);
	if (hmap_insert(&c->flying, &f->node, hash_u64(f->address))) {
		free(f);
		return NULL;
	}
	return f;
}

/* The iocb at this address that nobody saw the event of was over: *NUMBER in the replay. */
static int settle_former(struct model *m, struct aio_ctx *c, uint64_t address, uint64_t *number)
{
	struct flying *former = flying_find(c, address);
	int rc = 0;

	*number = 0;
	if (former) {
		*number = former->number;
		rc = flying_assumed(m, former);
		flying_free(m, c, former);
	}
	return rc;
}

static int submitted(struct model *m, struct batch *b, const uint64_t *iocb, uint64_t segments,
	struct descriptor *d, int *left, uint64_t *tuple)
{
	struct flying *f;
	int rc = settle_former(m, b->ctx, iocb[AIOCB_ID], &tuple[AIOCB_DATA]);

	f = rc ? NULL : flying_new(b->ctx, iocb, segments);
	if (!f)
		return rc ? rc : -ENOMEM;
	if (!*left && is_write(f->opcode) && node_is_file(d->desc->node))
		*left = foresee(m, b, f);
	if (*left)
		return 0;
	tuple[AIOCB_ID] = f->number = ++b->ctx->last;
	b->submitted++;
	return flying_begins(m, f, d, iocb);
}

static int add_segments(struct model *m, const uint64_t *segment, uint64_t n, uint64_t most)
{
	uint64_t tuple[AIOCB_NUMBERS];
	int rc = 0;

	for (; n && !rc; n--, segment += AIOCB_NUMBERS) {
		memcpy(tuple, segment, sizeof(tuple));
		tuple[0] = tuple[0] < most ? tuple[0] : most;
		most -= tuple[0];
		rc = add_tuple(m, tuple, AIOCB_NUMBERS);
	}
	return rc;
}

static int put_iocb(struct model *m, struct batch *b, const uint64_t *iocb, uint64_t segments, bool worked)
{
	struct descriptor *d = vfd_get(m->task, (int32_t)iocb[AIOCB_FD]);
	uint64_t tuple[AIOCB_NUMBERS];
	int left = 0, rc = 0;

	b->most = UINT64_MAX;
	memcpy(tuple, iocb, sizeof(tuple));
	if (!iocb[AIOCB_ID]) { /* what could not be read says nothing */
		memset(tuple, 0, sizeof(tuple));
		segments = 0;
		left = worked ? LEFT_AIO_UNKNOWN : 0;
	} else if (iocb[AIOCB_OPCODE] == IOCB_CMD_POLL || iocb[AIOCB_OPCODE] > UINT16_MAX) {
		left = LEFT_AIO_UNKNOWN; /* also of one that failed: no replay has it */
	} else {
		left = left_out(d, iocb[AIOCB_OPCODE], worked);
	}
	tuple[AIOCB_SEGMENTS] = segments;
	tuple[AIOCB_DATA] = 0;
	if (iocb[AIOCB_ID]) {
		/* the number of what was not submitted is of no meaning, but 0 stands for a bad pointer */
		tuple[AIOCB_ID] = UINT32_MAX;
		tuple[AIOCB_FD] = d ? d->vfd : VFD_NONE;
	}
	tuple[AIOCB_RESFD] = !worked && tuple[AIOCB_FLAGS] & IOCB_FLAG_RESFD ? VFD_NONE : 0;
	if (worked && iocb[AIOCB_ID]) { /* an eventfd is no file: nobody reads it in a replay */
		tuple[AIOCB_FLAGS] &= ~(uint64_t)IOCB_FLAG_RESFD;
		rc = submitted(m, b, iocb, segments, d, &left, tuple);
	}
	if (rc || left) {
		b->dropped++;
		b->left = left;
		return rc;
	}
	b->put++;
	if (!is_vector(iocb[AIOCB_OPCODE]) && tuple[AIOCB_LENGTH] > b->most)
		tuple[AIOCB_LENGTH] = b->most;
	if (d)
		rc = model_touch(m, d->order, TOUCH_SHARE);
	return rc ? rc : add_tuple(m, tuple, AIOCB_NUMBERS) ||
				 add_segments(m, iocb + AIOCB_NUMBERS, segments, b->most)
			 ? -ENOMEM
			 : 0;
}

/* How many requests there is room for beyond what was asked for is for the kernel and its processors to say. */
static bool is_full(const struct aio_ctx *c)
{
	return c && c->began && c->flying.n >= c->room;
}

static int put_batch(struct model *m, struct batch *b, const struct rec *r)
{
	uint64_t at = 0, segments;
	const uint64_t *iocb;
	int64_t i;
	int rc = 0;

	for (i = 0; !rc && (iocb = next_iocb(r, &at, &segments)); i++) {
		if (r->ret > 0 && i >= r->ret && is_full(b->ctx)) {
			b->dropped++;
			b->left = LEFT_LIMIT;
			continue;
		}
		rc = put_iocb(m, b, iocb, segments, i < r->ret);
	}
	if (i < r->ret) { /* there were more than are recorded of one call */
		b->dropped += (uint64_t)(r->ret - i);
		b->left = LEFT_AIO_UNKNOWN;
	}
	return rc;
}

static void use_tuples(struct model *m)
{
	m->out->call.vec = m->numbers.v;
	m->out->call.nvec = (uint32_t)m->numbers.n;
}

int model_io_submit(struct model *m, const struct rec *r)
{
	struct batch b = {0};
	int rc = r->ret == -EAGAIN ? LEFT_LIMIT : ctx_of(m, r, TOUCH_MUTATE, &b.ctx);

	m->numbers.n = 0;
	if (rc)
		return rc;
	rc = put_batch(m, &b, r);
	if (rc)
		return rc;
	use_tuples(m);
	if (b.dropped && (r->ret > 0 ? !b.submitted : !b.put))
		return b.left;
	if (r->ret > 0)
		m->out->call.ret = (int64_t)b.submitted;
	if (b.put)
		m->out->call.arg[1] = b.put;
	m->parts = b.dropped;
	return 0;
}

/* ---- io_getevents ---- */

static int check_events(struct model *m, const struct aio_ctx *c, const struct rec *r)
{
	uint64_t at;
	int rc = 0;

	for (at = 0; at + AIOEV_NUMBERS <= r->nvec && !rc && !m->force; at += AIOEV_NUMBERS) {
		const struct flying *f = flying_find(c, r->vec[at + AIOEV_ID]);

		if (!f && c->began) /* its io_submit overlapped and was over later */
			rc = LEFT_CONFLICT;
		else if (f && f->file && is_read(f->opcode))
			rc = read_fits(m, f, (int64_t)r->vec[at + AIOEV_RES]);
	}
	return rc;
}

static int put_event(struct model *m, struct aio_ctx *c, const uint64_t *event)
{
	struct flying *f = flying_find(c, event[AIOEV_ID]);
	uint64_t tuple[AIOEV_NUMBERS];
	bool must = false;
	int rc = 0;

	if (!f)
		return 0;
	rc = flying_over(m, f, (int64_t)event[AIOEV_RES], &must);
	memcpy(tuple, event, sizeof(tuple));
	tuple[AIOEV_ID] = f->number;
	tuple[AIOEV_MUST] = must;
	c->unseen = 0;
	flying_free(m, c, f);
	return rc || !tuple[AIOEV_ID] ? rc : add_tuple(m, tuple, AIOEV_NUMBERS);
}

/* N events are left of those that it got. What did not end by its timeout does not wait for more. */
static void set_waited(struct model *m, const struct rec *r, int64_t n)
{
	m->out->call.ret = n;
	if (r->ret >= (int64_t)r->arg[1] && n < (int64_t)r->arg[1])
		m->out->call.arg[1] = (uint64_t)n;
}

int model_io_getevents(struct model *m, const struct rec *r)
{
	struct aio_ctx *c = NULL;
	uint64_t at;
	int rc = r->ret == -EINTR ? LEFT_AIO_WAIT : ctx_of(m, r, TOUCH_SHARE, &c);

	m->numbers.n = 0;
	if (!rc && c)
		rc = check_events(m, c, r);
	for (at = 0; !rc && c && at + AIOEV_NUMBERS <= r->nvec; at += AIOEV_NUMBERS)
		rc = put_event(m, c, r->vec + at);
	if (rc)
		return rc;
	use_tuples(m);
	if (r->ret > 0 && !m->numbers.n)
		return LEFT_AIO_UNKNOWN;
	if (r->ret > 0)
		set_waited(m, r, (int64_t)(m->numbers.n / AIOEV_NUMBERS));
	return 0;
}
