/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_REPLAY_ENCODE_H
#define IORIOT_REPLAY_ENCODE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include "datas/buf.h"
#include "ops/ops.h"
#include "replay/pace.h"
#include "trace/replay.h"

/*
 * The packed form of operations that worker threads run: a byte stream per real thread, 15 bytes for
 * a read. A stream is made by this program from checked values, so reading it checks nothing.
 *
 * Arguments that are one number each stand at the start of a body, at places that the row tells: 4
 * bytes each, or, where one of them needs more (META_WIDE), 8 bytes each but descriptors.
 *
 * Everything else is made of numbers of 7 bits a byte; as many zeroes as the first byte has at its low
 * end are the bytes that follow it, so that there is nothing to be found out byte by byte. Nine bytes:
 * the first one is 0, and eight are the number. Signed numbers are zigzag.
 *
 * While a file is loaded its operations stand in one stream in file order ("filed" form: with
 * thread, process and labels). When it is known which real thread runs what, they are moved to the
 * threads' streams: another header, the same body. Where nothing is rare in a header it is the same as well, so
 * that operations that follow each other are moved as they are.
 */

/* A path: what it is and, by that, an offset into the strings or a virtual descriptor. */
enum path_kind { PATH_ABSOLUTE, PATH_RELATIVE, PATH_FD, PATH_NULL };
#define PATH_REF(kind, value) ((uint64_t)(value) << 2 | (kind))
#define PATH_REF_KIND(ref)    ((enum path_kind)((ref)&3))
#define PATH_REF_VALUE(ref)   ((ref) >> 2)

/* More segments than the kernel takes (IOV_MAX): it refuses such a call, however many they are. */
#define ENCODE_IOV_MAX 1025

enum xop_meta {
	META_DEPS = 1,	   /* waits for operations of other real threads */
	META_CONTEXT = 2,  /* another directory context than the operation before */
	META_ZERO = 4,	   /* the captured result is 0 */
	META_LEN = 8,	   /* the captured result is the length asked for (LEN) */
	META_NORET = META_ZERO | META_LEN, /* both: no result was captured */
	META_WIDE = 16,	   /* the arguments have 8 bytes each */
	META_GAP = 32,	   /* index is not the previous one + 1 */
	META_LABEL = 64,   /* label is not the previous one + the step of the index */
	META_AWAITED = 128 /* another real thread waits for this operation */
};
#define META_RARE (META_GAP | META_LABEL | META_CONTEXT | META_DEPS)

/*
 * One operation, decoded. What stands in lists is left encoded and is read with list_next() etc. It
 * begins as XOP_START and goes from one operation to the next, which changes of it what it has.
 */
struct xop {
	enum op_id op;
	unsigned meta;
	uint32_t context; /* current directory and umask of its thread: see struct analysis */
	uint64_t index; /* of the operation in the file, from 0: its line is index + 2 */
	uint64_t label;
	uint64_t entry; /* PACE_START: ns since the start of the capture */
	uint64_t gap;	/* PACE_BEFORE: ns since the operation before it in its virtual thread */
	uint32_t thread; /* PACE_BEFORE: that virtual thread */
	int64_t ret;
	uint64_t arg[OP_ARGS]; /* as in struct rec; descriptors are virtual */
	uint64_t path, path2;  /* path references */
	struct timespec ts[2];
	struct sqe sqe; /* its number is that in the file: see struct program */
	uint32_t newfd, newmap, new_process, new_thread, lock;
	uint32_t ndeps, nvec, nlist;
	const uint8_t *deps, *vec, *list;
};
#define XOP_START ((struct xop){.index = UINT64_MAX, .context = UINT32_MAX})

static inline bool xop_has_ret(const struct xop *x)
{
	return (x->meta & META_NORET) != META_NORET;
}

struct xwriter;

/* Where a reader stands in a stream. */
struct xcursor {
	const uint8_t *p, *end; /* of the piece at hand */
	const struct xwriter *stream;
	size_t next; /* piece of it */
	uint64_t entry;
	enum pace_kind pace;
};

/* Bytes behind a number that may be read with it. */
#define UVAR_SLACK 8

/* What a number of N bytes can be at most. */
static const uint64_t uvar_masks[9] = {0, 0x7f, 0x3fff, 0x1fffff, 0xfffffff, 0x7ffffffff, 0x3ffffffffff,
	0x1ffffffffffff, 0xffffffffffffff};

static inline __attribute__((always_inline)) uint64_t uvar_get(const uint8_t **p)
{
	uint64_t v;
	unsigned n;

	memcpy(&v, *p, sizeof(v));
	n = 1 + (unsigned)__builtin_ctz((unsigned)v | 0x100);
	if (__builtin_expect(n > 8, 0))
		memcpy(&v, *p + 1, sizeof(v));
	else
		v = v >> n & uvar_masks[n];
	*p += n;
	return v;
}

static inline int64_t zigzag_decode(uint64_t v)
{
	return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}

static inline uint64_t zigzag_encode(int64_t v)
{
	return (uint64_t)v << 1 ^ (uint64_t)(v >> 63);
}

static inline __attribute__((always_inline)) int64_t svar_get(const uint8_t **p)
{
	return zigzag_decode(uvar_get(p));
}

static inline const uint8_t *skip_uvars(const uint8_t *p, uint64_t n)
{
	for (; n; n--)
		p += 1 + __builtin_ctz(*p | 0x100u);
	return p;
}

#define UVAR_ROOM (9 + UVAR_SLACK)
void uvar_put_long(struct buf *b, uint64_t v);

static inline void uvar_put(struct buf *b, uint64_t v)
{
	if (v < 0x80 && b->cap - b->len >= UVAR_ROOM)
		b->p[b->len++] = (char)(v << 1 | 1);
	else
		uvar_put_long(b, v);
}

static inline void svar_put(struct buf *b, int64_t v)
{
	uvar_put(b, zigzag_encode(v));
}

/*
 * Arguments, new descriptor, lock, fork and list of LINE; PATH and PATH2 are references. Returns
 * META_WIDE or 0.
 */
unsigned encode_body(struct buf *b, const struct rline *line, uint64_t path, uint64_t path2);

/*
 * Fills the part of X that comes from a body; returns the end of the body. op and meta must be set:
 * META_WIDE says how it is read, and with META_LEN it is the result as well. One function for each row
 * of ops.def.
 */
typedef const uint8_t *decode_fn(const uint8_t *p, struct xop *x);
extern decode_fn *const decode_fns[OP_COUNT];

static inline const uint8_t *decode_body(const uint8_t *p, struct xop *x)
{
	return decode_fns[x->op](p, x);
}

/*
 * One operation of the filed form: header fields, and where its body is. It begins as FILED_START and
 * goes from one operation to the next, like struct xop.
 */
struct filed {
	enum op_id op;
	uint32_t thread, process;
	uint64_t label;
	bool timed; /* the form has times; else they are 0 */
	uint64_t entry, dur;
	unsigned meta; /* META_ZERO, META_LEN, META_WIDE; in the form also META_TASK, META_LABEL, META_DEPS */
	int64_t ret;   /* with META_LEN: 1 */
	uint32_t ndeps;
	const uint8_t *deps; /* labels: svar of (own label - label) */
	const uint8_t *body;
	size_t body_len;
};
#define FILED_START(has_times) ((struct filed){.timed = (has_times)})
#define META_TASK	       META_CONTEXT /* another thread or process than the operation before */
#define META_BODY	       (META_NORET | META_WIDE) /* what belongs to a body in either form */

/* Its body; what a row does not have is left as it is in X, which is too large to be cleared each time. */
static inline void filed_decode(const struct filed *f, struct xop *x)
{
	x->op = f->op;
	x->meta = f->meta & META_BODY;
	decode_body(f->body, x);
}

/* LAST is what the writer carries from line to line; it begins as FILED_START. */
void filed_put(struct buf *b, struct filed *last, const struct rline *line, uint64_t path,
	uint64_t path2);

/* Operation, meta, and the length of the body, which in a stream nobody asks for. */
#define HEADER_BYTES 3

/* A body's length is one byte of the header, or BODY_LONG and four bytes in front of it. */
#define BODY_LONG 255

/* What is rare in a header: times, dependencies, another task or label than the next one. */
const uint8_t *filed_get_rare(const uint8_t *p, struct filed *f);
#define META_FILED_RARE (META_TASK | META_LABEL | META_DEPS)

static inline const uint8_t *filed_get(const uint8_t *p, struct filed *f)
{
	uint32_t word;

	f->op = (enum op_id)p[0];
	f->meta = p[1];
	f->body_len = p[2];
	p += HEADER_BYTES;
	f->ret = (f->meta & META_NORET) == META_LEN;
	if (__builtin_expect(f->timed || f->meta & META_FILED_RARE, 0)) {
		p = filed_get_rare(p, f);
	} else {
		f->label++;
		if (!(f->meta & META_NORET))
			f->ret = svar_get(&p);
		f->ndeps = 0;
	}
	if (__builtin_expect(f->body_len == BODY_LONG, 0)) {
		memcpy(&word, p, sizeof(word));
		f->body_len = word;
		p += sizeof(word);
	}
	f->body = p;
	return p + f->body_len;
}

/* Of the last operation, filed at P: its bytes are those of a stream whose last operation is the one before it. */
static inline bool filed_follows(const uint8_t *p, const struct filed *last)
{
	return !last->timed && !(p[1] & META_FILED_RARE) && p[2] != BODY_LONG;
}

/* A dependency of the threads' form: the operation number SEQ of real thread THREAD. */
struct xdep {
	uint32_t thread, seq;
};

struct xpiece {
	struct buf memory;
	const uint8_t *p, *end;
};

/*
 * A stream and its writer: pieces one behind the other, OUT the last one. No operation is in two of them, and
 * behind each are UVAR_SLACK bytes.
 */
struct xwriter {
	struct buf out;
	VEC(struct xpiece) pieces;
	uint64_t index, label, entry;
	uint32_t context;
	enum pace_kind pace;
};
#define XWRITER_INIT(kind, first_entry)                                                            \
	((struct xwriter){.index = UINT64_MAX,                                                     \
		.entry = (first_entry),                                                            \
		.context = UINT32_MAX,                                                             \
		.pace = (kind)})

/* GAP: see struct xop. */
void xop_put(struct xwriter *w, const struct filed *f, uint64_t index, uint32_t context,
	uint64_t gap, bool awaited, const struct xdep *deps, uint32_t ndeps);

/*
 * The same for an operation like most: it waits for nobody, there is no pace, and it follows the one before it.
 * False for another one, of which nothing is written.
 */
#define XOP_SHORT 64
static inline bool xop_put_next(struct xwriter *w, const struct filed *f, uint64_t index, uint32_t context,
	bool awaited)
{
	char *to;
	size_t i;

	if (!(f->meta & META_NORET) || f->body_len > XOP_SHORT || w->pace != PACE_NONE ||
		context != w->context || index != w->index + 1 || f->label != w->label + 1 ||
		w->out.cap - w->out.len < HEADER_BYTES + XOP_SHORT + UVAR_SLACK)
		return false;
	to = w->out.p + w->out.len;
	to[0] = (char)f->op;
	to[1] = (char)((f->meta & META_BODY) | (awaited ? META_AWAITED : 0));
	for (i = 0; i < f->body_len; i += 8) /* UVAR_SLACK */
		memcpy(to + HEADER_BYTES + i, f->body + i, 8);
	w->out.len += HEADER_BYTES + f->body_len;
	w->index = index;
	w->label = f->label;
	return true;
}

/* N operations that follow each other, and the one before them is the last one of W: LEN bytes of the filed form. */
static inline void xop_put_filed(struct xwriter *w, const uint8_t *bytes, size_t len, uint32_t n)
{
	buf_add(&w->out, bytes, len);
	buf_reserve(&w->out, UVAR_SLACK);
	w->index += n;
	w->label += n;
}

/* The same; they become a piece with the memory that they are in, which is the stream's then. 0 or -ENOMEM. */
int xop_put_piece(struct xwriter *w, struct buf *memory, const uint8_t *bytes, size_t len, uint32_t n);
void xwriter_free(struct xwriter *w);

static inline struct xcursor xcursor_of(const struct xwriter *w, uint64_t first_entry)
{
	return (struct xcursor){.stream = w, .entry = first_entry, .pace = w->pace};
}

/* On to a piece that has operations; false: there are no more. */
bool xcursor_next_piece(struct xcursor *c);

/* What is rare in a header; returns its end. */
const uint8_t *xop_header(const uint8_t *p, struct xcursor *c, struct xop *x);

/* The next operation, X being the one before it; false at the end. PACED: C may have a pace. */
static inline __attribute__((always_inline)) bool xop_next_paced(
	struct xcursor *c, struct xop *x, bool paced)
{
	const uint8_t *p;

	if (__builtin_expect(c->p >= c->end, 0) && !xcursor_next_piece(c))
		return false;
	p = c->p;
	x->op = (enum op_id)p[0];
	x->meta = p[1];
	p += HEADER_BYTES;
	if (__builtin_expect(x->meta & META_RARE || (paced && c->pace != PACE_NONE), 0)) {
		p = xop_header(p, c, x);
	} else {
		x->index++;
		x->label++;
		x->ndeps = 0;
	}
	x->ret = 0;
	if (!(x->meta & META_NORET))
		x->ret = svar_get(&p);
	c->p = decode_body(p, x);
	return true;
}

static inline bool xop_next(struct xcursor *c, struct xop *x)
{
	return xop_next_paced(c, x, true);
}

static inline struct xdep dep_next(const uint8_t **p)
{
	uint32_t thread = (uint32_t)uvar_get(p);

	return (struct xdep){thread, (uint32_t)uvar_get(p)};
}

/* The next tuple of N numbers of X->vec. */
static inline void tuple_next(const uint8_t **p, uint64_t *to, unsigned n)
{
	while (n--)
		*to++ = uvar_get(p);
}

/* A part of a map: FORM_ADDR. x->vec has three numbers for each. */
struct xpart {
	uint32_t map;
	uint64_t off, len;
};

static inline struct xpart part_next(const uint8_t **p)
{
	struct xpart part = {(uint32_t)uvar_get(p), 0, 0};

	part.off = uvar_get(p);
	part.len = uvar_get(p);
	return part;
}

static inline struct vlist_item list_next(const uint8_t **p)
{
	uint64_t v = uvar_get(p);
	struct vlist_item item = {(int)(v & 7), (uint32_t)(v >> 3), 0};

	if (item.kind == VITEM_PAIR)
		item.b = (uint32_t)uvar_get(p);
	return item;
}

#endif
