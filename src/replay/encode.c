/* SPDX-License-Identifier: Apache-2.0 */
#include "replay/encode.h"

#include <errno.h>
#include <string.h>

#include "ops/row.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "numbers are read as they are stored");

void uvar_put_long(struct buf *b, uint64_t v)
{
	unsigned n = v ? (70 - (unsigned)__builtin_clzll(v)) / 7 : 1;
	uint64_t word = n > 8 ? v : (v << 1 | 1) << (n - 1);

	if (b->cap - b->len < UVAR_ROOM && !buf_reserve(b, UVAR_ROOM))
		return;
	if (n > 8) {
		b->p[b->len] = 0;
		n = 9;
	}
	memcpy(b->p + b->len + (n > 8), &word, sizeof(word));
	b->len += n;
}

/* ---- what has a fixed place ---- */

enum place { PLACE_NONE, PLACE_ID, PLACE_SIGNED, PLACE_UNSIGNED };

OP_ALWAYS_INLINE enum place place_of(enum arg_form form)
{
	switch (form) {
	case FORM_FD:
	case FORM_CTX:
		return PLACE_ID; /* 32 bits */
	case FORM_DEC:
		return PLACE_SIGNED;
	case FORM_UDEC:
	case FORM_OCT:
	case FORM_HEX:
	case FORM_FLAGS:
	case FORM_PATH:
	case FORM_PATH2:
		return PLACE_UNSIGNED;
	case FORM_NONE:
	case FORM_IOV:
	case FORM_EXTENTS:
	case FORM_TUPLES:
	case FORM_ADDR:
	case FORM_ADDR2:
	case FORM_PAGES:
	case FORM_TIMES:
	case FORM_OFFPTR:
	case FORM_SQE:
	case FORM_FARG:
	case FORM_IARG:
	case FORM_BYTES:
		break;
	}
	return PLACE_NONE;
}

#define FIXED_MOST (8 * OP_ARGS + 6 * 4) /* bytes of a body */

/* The number at I of what has a place: its argument, or a path. */
OP_ALWAYS_INLINE uint64_t fixed_number(const struct rec *r, int i, enum arg_form form, uint64_t path,
	uint64_t path2)
{
	return form == FORM_PATH ? path : form == FORM_PATH2 ? path2 : r->arg[i];
}

OP_ALWAYS_INLINE bool needs_wide(enum place place, uint64_t v)
{
	return place == PLACE_SIGNED     ? (int64_t)v != (int32_t)v
	       : place == PLACE_UNSIGNED ? v > UINT32_MAX
					 : false;
}

/* BYTES of V; what is written behind them is overwritten by what comes next. */
OP_ALWAYS_INLINE char *put_fixed(char *to, uint64_t v, unsigned bytes)
{
	memcpy(to, &v, sizeof(v));
	return to + bytes;
}

OP_ALWAYS_INLINE char *put_id(char *to, uint32_t id)
{
	return put_fixed(to, id, 4);
}

OP_ALWAYS_INLINE uint32_t get_id(const uint8_t **p)
{
	uint32_t id;

	memcpy(&id, *p, sizeof(id));
	*p += sizeof(id);
	return id;
}

OP_ALWAYS_INLINE uint64_t get_fixed(const uint8_t **p, enum place place, bool wide)
{
	uint64_t v;

	if (place == PLACE_ID || !wide) {
		uint32_t narrow = get_id(p);

		return place == PLACE_SIGNED ? (uint64_t)(int32_t)narrow : narrow;
	}
	memcpy(&v, *p, sizeof(v));
	*p += sizeof(v);
	return v;
}

/* ---- what has not ---- */

/* Descriptors: the two values that are none at the short end. */
static uint64_t vfd_pack(uint64_t vfd)
{
	return (uint32_t)((uint32_t)vfd + 2);
}

OP_ALWAYS_INLINE uint32_t vfd_unpack(uint64_t v)
{
	return (uint32_t)v - 2;
}

static void put_vec(struct buf *b, const struct rec *r)
{
	uint32_t i, n = r->nvec < ENCODE_IOV_MAX ? r->nvec : ENCODE_IOV_MAX;

	uvar_put(b, n);
	for (i = 0; i < n; i++)
		uvar_put(b, r->vec[i]);
}

/* All numbers of all tuples, one behind the other. */
static void put_tuples(struct buf *b, const struct rec *r)
{
	uint32_t i;

	uvar_put(b, r->nvec);
	for (i = 0; i < r->nvec; i++)
		uvar_put(b, r->vec[i]);
}

static void put_times(struct buf *b, const struct rec *r)
{
	int i;

	for (i = 0; i < 2; i++) {
		svar_put(b, r->ts[i].tv_nsec);
		svar_put(b, r->ts[i].tv_sec);
	}
}

static void put_farg(struct buf *b, const struct rec *r, int i)
{
	int last = rec_fcntl_is_lock(r->arg[1]) ? OP_ARGS - 1 : i;

	for (; i <= last; i++)
		svar_put(b, (int64_t)r->arg[i]);
}

static void put_iarg(struct buf *b, const struct rec *r)
{
	const char *form = rec_ioctl_form(r->arg[1]);
	uint32_t k;
	int i;

	for (i = 0; form && form[i]; i++) {
		uint64_t v = r->arg[2 + i];

		if (form[i] == 's')
			svar_put(b, (int64_t)v);
		else
			uvar_put(b, form[i] == 'f' ? vfd_pack(v) : v);
	}
	if (!rec_ioctl_has_dests(r->arg[1]))
		return;
	uvar_put(b, r->nvec);
	for (k = 0; k < r->nvec; k++)
		uvar_put(b, r->vec[k]);
}

static void put_sqe(struct buf *b, const struct sqe *sqe)
{
	uvar_put(b, sqe->ring);
	uvar_put(b, sqe->number);
	uvar_put(b, sqe->flags);
	uvar_put(b, (uint32_t)(sqe->buffer + 1));
	uvar_put(b, (uint32_t)(sqe->slot + 1));
}

static void put_list(struct buf *b, const struct rline *line)
{
	uint32_t i;

	uvar_put(b, line->nlist);
	for (i = 0; i < line->nlist; i++) {
		const struct vlist_item *item = &line->list[i];

		uvar_put(b, (uint64_t)item->a << 3 | item->kind);
		if (item->kind == VITEM_PAIR)
			uvar_put(b, item->b);
	}
}

OP_ALWAYS_INLINE void put_arg(struct buf *b, const struct rec *r, int i, enum arg_form form)
{
	switch (form) {
	case FORM_NONE:
	case FORM_ADDR2:
	case FORM_PAGES:
	case FORM_BYTES:   /* handles of other files */
	case FORM_EXTENTS: /* only in state_path, which no replay has */
	case FORM_DEC:     /* has a place */
	case FORM_UDEC:
	case FORM_OCT:
	case FORM_HEX:
	case FORM_FLAGS:
	case FORM_FD:
	case FORM_CTX:
	case FORM_PATH:
	case FORM_PATH2:
		break;
	case FORM_OFFPTR:
		svar_put(b, (int64_t)r->arg[i]);
		break;
	case FORM_IOV:
		put_vec(b, r);
		break;
	case FORM_ADDR:
	case FORM_TUPLES:
		put_tuples(b, r);
		break;
	case FORM_TIMES:
		put_times(b, r);
		break;
	case FORM_SQE:
		put_sqe(b, &r->sqe);
		break;
	case FORM_FARG:
		put_farg(b, r, i);
		break;
	case FORM_IARG:
		put_iarg(b, r);
		break;
	}
}

OP_ALWAYS_INLINE char *put_places(char *to, const struct rline *line, uint64_t path, uint64_t path2,
	enum op_id op, unsigned flags, const uint8_t kinds[OP_ARGS], bool wide)
{
	int i;

	OP_EACH_ARG
	for (i = 0; i < OP_ARGS; i++) {
		enum arg_form form = op_form((enum arg_kind)kinds[i]);
		enum place place = place_of(form);

		if (place != PLACE_NONE)
			to = put_fixed(to, fixed_number(&line->call, i, form, path, path2),
				place == PLACE_ID || !wide ? 4 : 8);
	}
	if (flags & OPF_NEWFD)
		to = put_id(to, line->newfd);
	if (flags & OPF_NEWMAP)
		to = put_id(to, line->newmap);
	if (op == OP_fcntl)
		to = put_id(to, line->lock);
	if (flags & OPF_FORK) {
		to = put_id(to, line->new_process);
		to = put_id(to, line->new_thread);
	}
	return to;
}

/* A body of the operation OP: the rest of its row is told, as to decode_row(). */
OP_EACH_ROW unsigned encode_row(struct buf *b, const struct rline *line, uint64_t path,
	uint64_t path2, enum op_id op, unsigned flags, const uint8_t kinds[OP_ARGS])
{
	bool wide = false;
	char *to;
	int i;

	OP_EACH_ARG
	for (i = 0; i < OP_ARGS; i++) {
		enum arg_form form = op_form((enum arg_kind)kinds[i]);

		wide |= needs_wide(place_of(form), fixed_number(&line->call, i, form, path, path2));
	}
	if (b->cap - b->len < FIXED_MOST && !buf_reserve(b, FIXED_MOST))
		return 0;
	to = b->p + b->len;
	to = wide ? put_places(to, line, path, path2, op, flags, kinds, true)
		  : put_places(to, line, path, path2, op, flags, kinds, false);
	b->len = (size_t)(to - b->p);
	OP_EACH_ARG
	for (i = 0; i < OP_ARGS; i++)
		put_arg(b, &line->call, i, op_form((enum arg_kind)kinds[i]));
	if (flags & OPF_LIST)
		put_list(b, line);
	return wide ? META_WIDE : 0;
}

typedef unsigned encode_fn(struct buf *b, const struct rline *line, uint64_t path, uint64_t path2);

#define OP(name, x86, arm, fam, cls, flags, cmp, args, model, replay)                              \
	static unsigned encode_##name(                                                             \
		struct buf *b, const struct rline *line, uint64_t path, uint64_t path2)            \
	{                                                                                          \
		static const uint8_t kinds[OP_ARGS] = {OP_KINDS args};                             \
                                                                                                   \
		return encode_row(b, line, path, path2, OP_##name, flags, kinds);                  \
	}
#include "ops/ops.def"

static encode_fn *const encode_fns[OP_COUNT] = {
#define OP(name, ...) encode_##name,
#include "ops/ops.def"
};

unsigned encode_body(struct buf *b, const struct rline *line, uint64_t path, uint64_t path2)
{
	return encode_fns[line->call.op](b, line, path, path2);
}

static const uint8_t *get_farg(const uint8_t *p, struct xop *x, int i)
{
	int last = rec_fcntl_is_lock(x->arg[1]) ? OP_ARGS - 1 : i;

	for (; i <= last; i++)
		x->arg[i] = (uint64_t)svar_get(&p);
	return p;
}

static const uint8_t *get_iarg(const uint8_t *p, struct xop *x)
{
	const char *form = rec_ioctl_form(x->arg[1]);
	int i;

	for (i = 0; form && form[i]; i++)
		if (form[i] == 's')
			x->arg[2 + i] = (uint64_t)svar_get(&p);
		else if (form[i] == 'f')
			x->arg[2 + i] = vfd_unpack(uvar_get(&p));
		else
			x->arg[2 + i] = uvar_get(&p);
	x->nvec = 0;
	if (!rec_ioctl_has_dests(x->arg[1]))
		return p;
	x->nvec = (uint32_t)uvar_get(&p);
	x->vec = p;
	return skip_uvars(p, x->nvec);
}

OP_ALWAYS_INLINE const uint8_t *get_sqe(const uint8_t *p, struct sqe *sqe)
{
	sqe->ring = (uint32_t)uvar_get(&p);
	sqe->number = uvar_get(&p);
	sqe->flags = (uint32_t)uvar_get(&p);
	sqe->buffer = (uint32_t)uvar_get(&p) - 1;
	sqe->slot = (uint32_t)uvar_get(&p) - 1;
	return p;
}

OP_ALWAYS_INLINE const uint8_t *get_arg(const uint8_t *p, struct xop *x, int i, enum arg_form form)
{
	switch (form) {
	case FORM_NONE:
	case FORM_BYTES:
	case FORM_ADDR2:
	case FORM_PAGES:
	case FORM_EXTENTS:
	case FORM_DEC:
	case FORM_UDEC:
	case FORM_OCT:
	case FORM_HEX:
	case FORM_FLAGS:
	case FORM_FD:
	case FORM_CTX:
	case FORM_PATH:
	case FORM_PATH2:
		break;
	case FORM_OFFPTR:
		x->arg[i] = (uint64_t)svar_get(&p);
		break;
	case FORM_IOV:
	case FORM_ADDR:
	case FORM_TUPLES:
		x->nvec = (uint32_t)uvar_get(&p);
		x->vec = p;
		p = skip_uvars(p, x->nvec);
		break;
	case FORM_TIMES:
		x->ts[0].tv_nsec = (long)svar_get(&p);
		x->ts[0].tv_sec = (time_t)svar_get(&p);
		x->ts[1].tv_nsec = (long)svar_get(&p);
		x->ts[1].tv_sec = (time_t)svar_get(&p);
		break;
	case FORM_SQE:
		p = get_sqe(p, &x->sqe);
		break;
	case FORM_FARG:
		p = get_farg(p, x, i);
		break;
	case FORM_IARG:
		p = get_iarg(p, x);
		break;
	}
	return p;
}

static const uint8_t *get_list(const uint8_t *p, struct xop *x)
{
	uint32_t i;

	x->nlist = (uint32_t)uvar_get(&p);
	x->list = p;
	for (i = 0; i < x->nlist; i++)
		list_next(&p);
	return p;
}

OP_ALWAYS_INLINE const uint8_t *get_places(const uint8_t *p, struct xop *x, enum op_id op,
	unsigned flags, const uint8_t kinds[OP_ARGS], bool wide)
{
	int i;

	OP_EACH_ARG
	for (i = 0; i < OP_ARGS; i++) {
		enum arg_form form = op_form((enum arg_kind)kinds[i]);
		enum place place = place_of(form);

		if (place == PLACE_NONE)
			continue;
		*(form == FORM_PATH ? &x->path : form == FORM_PATH2 ? &x->path2 : &x->arg[i]) =
			get_fixed(&p, place, wide);
	}
	x->newfd = flags & OPF_NEWFD ? get_id(&p) : VFD_NONE;
	x->newmap = flags & OPF_NEWMAP ? get_id(&p) : MAP_NONE;
	x->lock = op == OP_fcntl ? get_id(&p) : VFD_NONE;
	if (flags & OPF_FORK) {
		x->new_process = get_id(&p);
		x->new_thread = get_id(&p);
	}
	return p;
}

/* A body of the operation OP: the rest of its row is told, so that nothing is looked up. */
OP_EACH_ROW const uint8_t *decode_row(const uint8_t *p, struct xop *x, enum op_id op,
	unsigned flags, const uint8_t kinds[OP_ARGS])
{
	int i;

	x->nlist = 0;
	if (__builtin_expect(x->meta & META_WIDE, 0))
		p = get_places(p, x, op, flags, kinds, true);
	else
		p = get_places(p, x, op, flags, kinds, false);
	OP_EACH_ARG
	for (i = 0; i < OP_ARGS; i++) {
		p = get_arg(p, x, i, op_form((enum arg_kind)kinds[i]));
		if (kinds[i] == A_LEN && x->meta & META_LEN)
			x->ret = (int64_t)x->arg[i];
	}
	if (flags & OPF_LIST)
		p = get_list(p, x);
	return p;
}

#define OP(name, x86, arm, fam, cls, flags, cmp, args, model, replay)                              \
	static const uint8_t *decode_##name(const uint8_t *p, struct xop *x)                       \
	{                                                                                          \
		static const uint8_t kinds[OP_ARGS] = {OP_KINDS args};                             \
                                                                                                   \
		return decode_row(p, x, OP_##name, flags, kinds);                                  \
	}
#include "ops/ops.def"

decode_fn *const decode_fns[OP_COUNT] = {
#define OP(name, ...) decode_##name,
#include "ops/ops.def"
};

/* The captured result most often is 0 or the length asked for; neither is written then. */
static unsigned ret_meta(const struct rec *r)
{
	int len = op_arg_index(r->op, A_LEN);

	if (!r->has_ret)
		return META_NORET;
	if (r->ret == 0)
		return META_ZERO;
	return len >= 0 && (uint64_t)r->ret == r->arg[len] ? META_LEN : 0;
}

static unsigned header_meta(const struct filed *last, const struct rline *line)
{
	unsigned meta = ret_meta(&line->call);

	if (line->thread != last->thread || line->process != last->process)
		meta |= META_TASK;
	if (line->call.line != last->label + 1)
		meta |= META_LABEL;
	return line->ndeps ? meta | META_DEPS : meta;
}

static void put_header(struct buf *b, const struct filed *last, const struct rline *line, unsigned meta)
{
	const struct rec *r = &line->call;
	uint32_t i;

	if (meta & META_TASK) {
		uvar_put(b, line->thread);
		uvar_put(b, line->process);
	}
	if (meta & META_LABEL)
		svar_put(b, (int64_t)(r->line - last->label));
	if (last->timed) {
		uvar_put(b, line->entry);
		uvar_put(b, line->dur);
	}
	if (!(meta & META_NORET))
		svar_put(b, r->ret);
	if (meta & META_DEPS)
		uvar_put(b, line->ndeps);
	for (i = 0; i < line->ndeps; i++)
		svar_put(b, (int64_t)(r->line - line->deps[i]));
}

/* In front of the body at AT. */
static void put_long_length(struct buf *b, size_t at)
{
	size_t len = b->len - at;
	uint32_t word = (uint32_t)len; /* of at most REC_TUPLES_MAX numbers */

	memmove(b->p + at + sizeof(word), b->p + at, len);
	memcpy(b->p + at, &word, sizeof(word));
	b->len += sizeof(word);
}

void filed_put(struct buf *b, struct filed *last, const struct rline *line, uint64_t path,
	uint64_t path2)
{
	unsigned meta = header_meta(last, line);
	size_t start = b->len, body, len;

	if (!buf_reserve(b, HEADER_BYTES + FIXED_MOST)) /* more than that what is rare asks for itself */
		return;
	b->p[start] = (char)line->call.op; /* OP_COUNT fits: ops.c */
	b->len += HEADER_BYTES;
	if (last->timed || meta & META_FILED_RARE || !(meta & META_NORET))
		put_header(b, last, line, meta);
	body = b->len;
	meta |= encode_body(b, line, path, path2);
	if (!buf_reserve(b, sizeof(uint32_t) + UVAR_SLACK))
		return;
	len = b->len - body;
	if (len >= BODY_LONG)
		put_long_length(b, body);
	b->p[start + 1] = (char)meta;
	b->p[start + 2] = (char)(len < BODY_LONG ? len : BODY_LONG);
	last->thread = line->thread;
	last->process = line->process;
	last->label = line->call.line;
}

const uint8_t *filed_get_rare(const uint8_t *p, struct filed *f)
{
	if (f->meta & META_TASK) {
		f->thread = (uint32_t)uvar_get(&p);
		f->process = (uint32_t)uvar_get(&p);
	}
	f->label += f->meta & META_LABEL ? (uint64_t)svar_get(&p) : 1;
	if (f->timed) {
		f->entry = uvar_get(&p);
		f->dur = uvar_get(&p);
	}
	if (!(f->meta & META_NORET))
		f->ret = svar_get(&p);
	f->ndeps = 0;
	if (f->meta & META_DEPS) {
		f->ndeps = (uint32_t)uvar_get(&p);
		f->deps = p;
		p = skip_uvars(p, f->ndeps);
	}
	return p;
}

static void put_time(struct xwriter *w, const struct filed *f, uint64_t gap)
{
	switch (w->pace) {
	case PACE_NONE:
		break;
	case PACE_START:
		svar_put(&w->out, (int64_t)(f->entry - w->entry));
		break;
	case PACE_BEFORE:
		uvar_put(&w->out, f->thread);
		uvar_put(&w->out, gap);
		break;
	}
}

void xop_put(struct xwriter *w, const struct filed *f, uint64_t index, uint32_t context,
	uint64_t gap, bool awaited, const struct xdep *deps, uint32_t ndeps)
{
	unsigned meta = f->meta & META_BODY;
	uint64_t step = index - w->index;
	uint32_t i;

	if (ndeps)
		meta |= META_DEPS;
	if (context != w->context)
		meta |= META_CONTEXT;
	if (step != 1)
		meta |= META_GAP;
	if (f->label - w->label != step)
		meta |= META_LABEL;
	if (awaited)
		meta |= META_AWAITED;
	buf_char(&w->out, (char)f->op);
	buf_char(&w->out, (char)meta);
	buf_char(&w->out, 0);
	if (meta & META_GAP)
		uvar_put(&w->out, step);
	if (meta & META_LABEL)
		svar_put(&w->out, (int64_t)(f->label - w->label));
	if (meta & META_CONTEXT)
		uvar_put(&w->out, context);
	put_time(w, f, gap);
	if (ndeps)
		uvar_put(&w->out, ndeps);
	for (i = 0; i < ndeps; i++) {
		uvar_put(&w->out, deps[i].thread);
		uvar_put(&w->out, deps[i].seq);
	}
	if (!(meta & META_NORET))
		svar_put(&w->out, f->ret);
	buf_add(&w->out, f->body, f->body_len);
	buf_reserve(&w->out, UVAR_SLACK);
	w->index = index;
	w->label = f->label;
	w->entry = f->entry;
	w->context = context;
}

/* What was written so far becomes one. */
static int end_piece(struct xwriter *w)
{
	struct xpiece *piece;

	if (!w->out.len)
		return 0;
	piece = vec_push(&w->pieces);
	if (!piece)
		return -ENOMEM;
	piece->memory = w->out;
	piece->p = (const uint8_t *)w->out.p;
	piece->end = piece->p + w->out.len;
	w->out = BUF_INIT;
	return 0;
}

int xop_put_piece(struct xwriter *w, struct buf *memory, const uint8_t *bytes, size_t len, uint32_t n)
{
	struct xpiece *piece = end_piece(w) ? NULL : vec_push(&w->pieces);

	if (!piece)
		return -ENOMEM;
	*piece = (struct xpiece){*memory, bytes, bytes + len};
	*memory = BUF_INIT;
	w->index += n;
	w->label += n;
	return 0;
}

void xwriter_free(struct xwriter *w)
{
	size_t i;

	for (i = 0; i < w->pieces.n; i++)
		buf_free(&w->pieces.v[i].memory);
	vec_free(&w->pieces);
	buf_free(&w->out);
}

bool xcursor_next_piece(struct xcursor *c)
{
	const struct xwriter *w = c->stream;

	if (c->next > w->pieces.n)
		return false;
	if (c->next < w->pieces.n) {
		c->p = w->pieces.v[c->next].p;
		c->end = w->pieces.v[c->next].end;
	} else {
		c->p = (const uint8_t *)w->out.p;
		c->end = c->p ? c->p + w->out.len : c->p;
	}
	c->next++;
	return c->p < c->end;
}

static void get_time(struct xcursor *c, struct xop *x, const uint8_t **p)
{
	switch (c->pace) {
	case PACE_NONE:
		break;
	case PACE_START:
		c->entry += (uint64_t)svar_get(p);
		x->entry = c->entry;
		break;
	case PACE_BEFORE:
		x->thread = (uint32_t)uvar_get(p);
		x->gap = uvar_get(p);
		break;
	}
}

const uint8_t *xop_header(const uint8_t *p, struct xcursor *c, struct xop *x)
{
	uint64_t step = 1;

	if (x->meta & META_GAP)
		step = uvar_get(&p);
	x->index += step;
	x->label += x->meta & META_LABEL ? (uint64_t)svar_get(&p) : step;
	if (x->meta & META_CONTEXT)
		x->context = (uint32_t)uvar_get(&p);
	get_time(c, x, &p);
	x->ndeps = x->meta & META_DEPS ? (uint32_t)uvar_get(&p) : 0;
	x->deps = p;
	return skip_uvars(p, 2 * (uint64_t)x->ndeps);
}
