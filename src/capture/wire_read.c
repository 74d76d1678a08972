/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/wire_read.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <sys/sysmacros.h>

#include "capture/args.h"
#include "capture/facts.h"
#include "capture/uring.h"
#include "capture/wire_uring.h"
#include "datas/buf.h"
#include "datas/hmap.h"
#include "ops/ioctl.h"
#include "ops/sockets.h"
#include "ops/uring.h"
#include "trace/values.h"

/* How each argument kind is handed over. */
static const uint8_t wire_of[A_COUNT] = {
#define ARG(kind, key, form, wire) [A_##kind] = WIRE_ARG_##wire,
#include "ops/args.def"
};

static const struct {
	int nr;
	const char *why;
} unrecorded[] = {
#if defined(__x86_64__)
#define UNRECORDED_CALL(x86_64, aarch64, why) {x86_64, why},
#elif defined(__aarch64__)
#define UNRECORDED_CALL(x86_64, aarch64, why) {aarch64, why},
#endif
#include "ops/unrecorded.def"
};

static const char *const lost_texts[] = {
	[WIRE_LOST_SKIPPED] = "the kernel module did not see the end of a call",
	[WIRE_LOST_COMPAT] = "calls of the 32-bit interface are not recorded",
	[WIRE_LOST_MEMORY] = "the kernel module had no memory for the state of a thread",
	[WIRE_LOST_FAULT] = "the end of a page fault in a call was not seen",
	[WIRE_LOST_MAPS] = "memory maps that a process had at the start: it was changing them",
};

/* Where the values and items of a row's record belong: slots of rec.arg[]. */
struct row {
	uint8_t values;
	uint8_t slot[OP_ARGS];		 /* of each value */
	int8_t at[WIRE_ARG_COUNT];	 /* of the argument of that enum wire_arg, -1 = none */
	bool has_memory;		 /* some argument stands for memory that may not have been read */
};

#define NUMBERS 512

/* Parts of a call that is not over yet. A thread waits in a call as long as it likes. */
struct part {
	struct hnode node; /* by tid */
	TAILQ_ENTRY(part) age;
	uint32_t tid;
	struct buf frames; /* struct frame, its items, and so on */
};

/* Of one WIRE_PART. */
struct frame {
	uint64_t t;
	size_t len;
};

#define WIRE_PAGE 4096u /* what faults and maps are counted in */

#define PART_MOST  (1u << 20)  /* bytes of one call: a few names, the longest vector, many iocbs */
#define PARTS_MOST (16u << 20) /* of all */

struct wire_reader {
	struct devices *devices;
	struct wire_counts counts;
	struct row rows[OP_COUNT];
	int16_t op_of[NUMBERS]; /* enum op_id, -1 = none */
	struct hmap parts;
	TAILQ_HEAD(part_list, part) oldest;
	size_t part_bytes;
	struct part *used; /* what the last record points into */
	uint64_t vec[ARGS_IOV_MAX];
	u64_vec tuples;
	struct rings *rings;
	VEC(int32_t) files; /* of an io_uring_register */
	struct buf local, peer; /* of an event about a socket */
};

struct cursor {
	const char *p;
	size_t left;
};

/* One record on its way. */
struct record {
	struct wire_rec head;
	struct cursor rest; /* behind the head; then behind the values */
	struct wire_seen *out;
	struct facts *of_super[5]; /* facts whose device number is the super block's */
	size_t n_of_super;
	bool has_ring, has_registered;
	struct wire_ring ring;
	struct wire_registered registered;
	struct err *err;
};

/* --- tables --- */

static void fill_row(struct row *row, enum op_id op)
{
	int i;

	memset(row->at, -1, sizeof(row->at));
	for (i = 0; i < OP_ARGS; i++) {
		uint8_t wire = wire_of[ops[op].arg[i]];

		if (wire == WIRE_ARG_VALUE || wire == WIRE_ARG_FARG || wire == WIRE_ARG_IARG)
			row->slot[row->values++] = (uint8_t)i;
		if (arg_infos[ops[op].arg[i]].form == FORM_TUPLES)
			wire = WIRE_ARG_TUPLES;
		if (ops[op].arg[i] == A_UBUFS) /* fetched with what else the call registers */
			wire = WIRE_ARG_IOV;
		row->at[wire == WIRE_ARG_TIMES16 ? WIRE_ARG_TIMES32 : wire] = (int8_t)i;
		row->has_memory |= wire > WIRE_ARG_PATH2 || ops[op].arg[i] == A_TIMEOUT;
	}
}

int wire_open(struct wire_reader **out, struct devices *devices, struct err *err)
{
	struct wire_reader *r = calloc(1, sizeof(*r));
	int op;

	*out = r;
	if (r)
		r->rings = rings_open();
	if (!r || !r->rings) {
		free(r);
		*out = NULL;
		return err_sys(err, ENOMEM, "cannot read records of the kernel");
	}
	r->devices = devices;
	TAILQ_INIT(&r->oldest);
	memset(r->op_of, -1, sizeof(r->op_of));
	for (op = 0; op < OP_COUNT; op++) {
		long nr = op_nr((enum op_id)op);

		fill_row(&r->rows[op], (enum op_id)op);
		if (nr >= 0 && nr < NUMBERS)
			r->op_of[nr] = (int16_t)op;
	}
	return 0;
}

struct wire_counts wire_counts(const struct wire_reader *r)
{
	return r->counts;
}

/* --- pieces --- */

static int malformed(const struct record *rec, const char *what)
{
	return err_set(rec->err, EINVAL,
		"a record of the kernel is malformed: %s (kind %u, call %d, %u bytes)", what,
		rec->head.kind, rec->head.nr, rec->head.size);
}

static bool take(struct cursor *c, void *to, size_t len)
{
	if (c->left < len)
		return false;
	memcpy(to, c->p, len);
	c->p += len;
	c->left -= len;
	return true;
}

/* 1 with *HEAD and its bytes at *BODY, 0 at the end. */
static int take_item(
	const struct record *rec, struct cursor *c, struct wire_item *head, const char **body)
{
	size_t padded;

	if (c->left == 0)
		return 0;
	if (!take(c, head, sizeof(*head)))
		return malformed(rec, "the header of an item is cut");
	padded = ((size_t)head->len + 7) & ~(size_t)7;
	if (padded > c->left)
		return malformed(rec, "an item is longer than its record");
	*body = c->p;
	c->p += padded;
	c->left -= padded;
	return 1;
}

/* --- parts --- */

static void part_unlink(struct wire_reader *r, struct part *part)
{
	TAILQ_REMOVE(&r->oldest, part, age);
	hmap_remove(&r->parts, &part->node);
	r->part_bytes -= part->frames.len;
}

static void part_free(struct part *part)
{
	if (part)
		buf_free(&part->frames);
	free(part);
}

static void part_lose(struct wire_reader *r, struct part *part)
{
	r->counts.parts_lost++;
	part_unlink(r, part);
	part_free(part);
}

static struct part *part_find(const struct wire_reader *r, uint32_t tid)
{
	struct hnode *node = hmap_first(&r->parts, hash_u64(tid));

	return node ? hmap_entry(node, struct part, node) : NULL;
}

static struct part *part_new(struct wire_reader *r, const struct wire_rec *head)
{
	struct part *part = calloc(1, sizeof(*part));

	if (!part || hmap_insert(&r->parts, &part->node, hash_u64(head->tid))) {
		free(part);
		return NULL;
	}
	part->tid = head->tid;
	TAILQ_INSERT_TAIL(&r->oldest, part, age);
	return part;
}

static int part_add(struct wire_reader *r, struct part *part, uint64_t t, struct cursor items)
{
	const struct frame frame = {t, items.left};

	r->part_bytes -= part->frames.len;
	buf_add(&part->frames, &frame, sizeof(frame));
	buf_add(&part->frames, items.p, items.left);
	r->part_bytes += part->frames.len;
	if (!buf_ok(&part->frames)) {
		part_lose(r, part);
		return -ENOMEM;
	}
	while (r->part_bytes > PARTS_MOST)
		part_lose(r, TAILQ_FIRST(&r->oldest));
	return 0;
}

static int on_part(struct wire_reader *r, struct record *rec)
{
	struct part *part = part_find(r, rec->head.tid);
	struct cursor c = rec->rest;
	struct wire_item item;
	const char *body = NULL;
	int rc;

	while ((rc = take_item(rec, &c, &item, &body)) > 0)
		;
	if (rc)
		return rc;
	if (part && part->frames.len + rec->rest.left > PART_MOST) {
		part_lose(r, part);
		part = NULL;
	}
	if (!part)
		part = part_new(r, &rec->head);
	if (!part || part_add(r, part, rec->head.t, rec->rest))
		return err_sys(rec->err, ENOMEM, "cannot keep a part of a call");
	return 0;
}

/* The parts of the thread's call that is over now; they live until the next record. */
static struct cursor part_take(struct wire_reader *r, const struct wire_rec *head)
{
	struct part *part = r->parts.n ? part_find(r, head->tid) : NULL;

	if (!part)
		return (struct cursor){NULL, 0};
	part_unlink(r, part);
	r->used = part;
	return (struct cursor){part->frames.p, part->frames.len};
}

/* --- items --- */

/* Items that this record cannot have are passed over, as unknown ones are. */
static int strange_item(struct wire_reader *r)
{
	r->counts.unknown_items++;
	return 0;
}

static int on_text(const struct record *rec, const char *body, size_t len, struct str *out)
{
	if (len > PATH_MAX)
		return malformed(rec, "a name is too long");
	if (memchr(body, '\0', len))
		return malformed(rec, "a name has a NUL in it");
	*out = (struct str){body, len};
	return 0;
}

static int on_dir(const struct record *rec, const char *body, size_t len, struct seen_dir *out)
{
	struct cursor c = {body, len};
	struct wire_dir dir;

	if (!take(&c, &dir, sizeof(dir)) || dir.id == 0)
		return malformed(rec, "a directory without a number");
	*out = (struct seen_dir){.id = dir.id};
	if (c.left == 0 || c.p[0] != '/') /* the kernel has words of its own for what has no name */
		return 0;
	return on_text(rec, c.p, c.left, &out->name);
}

static int on_facts(
	struct record *rec, const struct wire_item *item, const char *body, struct facts *out)
{
	struct wire_facts f;

	if (item->len == 0 && (item->type == WIRE_BEFORE || item->type == WIRE_BEFORE2)) {
		*out = (struct facts){.absent = true};
		return 0;
	}
	if (item->len != sizeof(f))
		return malformed(rec, "facts of another length");
	memcpy(&f, body, sizeof(f));
	*out = (struct facts){
		.known = true,
		.dev_major = f.dev_major,
		.dev_minor = f.dev_minor,
		.ino = f.ino,
		.mode = f.mode,
		.nlink = f.nlink,
		.uid = f.uid,
		.gid = f.gid,
		.size = f.size,
		.blocks = f.blocks,
	};
	if (f.super && rec->n_of_super < sizeof(rec->of_super) / sizeof(*rec->of_super))
		rec->of_super[rec->n_of_super++] = out;
	return 0;
}

static int on_stat(struct record *rec, const char *body, size_t len, struct facts *out)
{
	struct wire_stat st;

	if (len != sizeof(st))
		return malformed(rec, "facts of another length");
	memcpy(&st, body, sizeof(st));
	*out = (struct facts){
		.known = true,
		.dev_major = major(st.dev),
		.dev_minor = minor(st.dev),
		.ino = st.ino,
		.mode = st.mode,
		.nlink = (uint32_t)st.nlink,
		.uid = st.uid,
		.gid = st.gid,
		.size = (uint64_t)st.size,
		.blocks = (uint64_t)st.blocks,
	};
	return 0;
}

/* When all that tells where the files are is known. */
static void translate_devices(struct wire_reader *r, struct record *rec)
{
	const struct seen *seen = &rec->out->seen;
	bool whole = seen->rec.path.len && seen->rec.path.s[0] == '/';
	size_t i;

	for (i = 0; i < rec->n_of_super && r->devices; i++)
		if (rec->of_super[i]->known)
			devices_translate(r->devices, rec->of_super[i],
				whole ? seen->rec.path : seen->from[0].name);
}

static int on_iov(struct wire_reader *r, const struct record *rec, const char *body, size_t len)
{
	struct rec *call = &rec->out->seen.rec;
	size_t n = len / sizeof(uint64_t), room = ARGS_IOV_MAX - call->nvec;

	if (len % sizeof(uint64_t))
		return malformed(rec, "a vector that ends inside a number");
	if (n > room)
		n = room;
	memcpy(r->vec + call->nvec, body, n * sizeof(uint64_t));
	call->vec = r->vec;
	call->nvec += (uint32_t)n;
	return 0;
}

static int on_tuples(
	struct wire_reader *r, const struct record *rec, int slot, const char *body, size_t len)
{
	struct rec *call = &rec->out->seen.rec;
	size_t n = len / sizeof(uint64_t), size = tuple_infos[ops[call->op].arg[slot]].numbers;
	u64_vec *all = &r->tuples;

	if (size == 0 || len % (size * sizeof(uint64_t)))
		return malformed(rec, "a tuple that is not whole");
	all->n = call->nvec;
	if (n > REC_TUPLES_MAX - all->n)
		n = (REC_TUPLES_MAX - all->n) / size * size;
	if (all->n + n >= all->cap && !vec_grow((void **)&all->v, &all->cap, all->n + n + 1, sizeof(*all->v)))
		return err_sys(rec->err, ENOMEM, "cannot keep the tuples of a call");
	memcpy(all->v + all->n, body, n * sizeof(uint64_t));
	all->n += n;
	call->vec = all->v;
	call->nvec = (uint32_t)all->n;
	return 0;
}

static int on_how(const struct record *rec, int slot, const char *body, size_t len)
{
	struct open_how how = {0};

	memcpy(&how, body, len < sizeof(how) ? len : sizeof(how));
	args_set_how(&rec->out->seen.rec, slot, &how);
	return 0;
}

static int on_number(const struct record *rec, const char *body, size_t len, uint64_t *out)
{
	if (len != sizeof(*out))
		return malformed(rec, "a number of another length");
	memcpy(out, body, sizeof(*out));
	return 0;
}

static int on_lock(const struct record *rec, const char *body, size_t len)
{
	struct rec *call = &rec->out->seen.rec;
	struct flock lock;

	if (len != sizeof(lock))
		return malformed(rec, "a lock of another length");
	memcpy(&lock, body, sizeof(lock));
	if (rec_fcntl_is_lock(call->arg[1]))
		args_set_lock(call, &lock);
	return 0;
}

/* The kernel has moved the offset by what it copied; the record has it as the program gave it. */
static int on_offset(const struct record *rec, int slot, const char *body, size_t len)
{
	struct rec *call = &rec->out->seen.rec;
	uint64_t offset = 0;

	if (len == 0) {
		call->arg[slot] = OFFPTR_NULL;
		return 0;
	}
	if (on_number(rec, body, len, &offset))
		return -EINVAL;
	if (call->ret > 0)
		offset -= (uint64_t)call->ret;
	call->arg[slot] = args_offset((int64_t)offset);
	return 0;
}

static int on_times(const struct record *rec, int slot, const char *body, size_t len)
{
	struct rec *call = &rec->out->seen.rec;
	enum arg_kind kind = ops[call->op].arg[slot];

	if (len && len != args_times_size(kind))
		return malformed(rec, "times of another length");
	args_set_times(call, kind, len ? body : NULL);
	return 0;
}

static int on_fds(const struct record *rec, const char *body, size_t len)
{
	struct rec *call = &rec->out->seen.rec;
	int32_t fds[2];

	if (len != sizeof(fds))
		return malformed(rec, "descriptors of another length");
	memcpy(fds, body, sizeof(fds));
	if (call->ret >= 0)
		args_set_fds(call, fds);
	return 0;
}

static int on_ioctl(struct wire_reader *r, const struct record *rec, const char *body, size_t len)
{
	struct rec *call = &rec->out->seen.rec;
	uint64_t bytes[(IOCTL_BYTES_MAX + 7) / 8];

	if (len > IOCTL_BYTES_MAX || len < args_ioctl_size(call, NULL))
		return malformed(rec, "an ioctl's argument of another length");
	memcpy(bytes, body, len);
	if (len == 0 || len != args_ioctl_size(call, bytes))
		return malformed(rec, "an ioctl's argument of another length");
	args_set_ioctl(call, r->vec, bytes, len);
	return 0;
}

static int on_handle(const struct record *rec, const char *body, size_t len)
{
	struct rec *call = &rec->out->seen.rec;

	if (len < sizeof(uint32_t) || len > ARGS_HANDLE_MAX)
		return malformed(rec, "a handle of another length");
	if (op_has(call->op, A_HANDLEIN) || call->ret == 0)
		args_set_handle(call, body, len);
	return 0;
}

static int on_struct(const struct record *rec, int slot, const char *body, size_t len)
{
	if (len != WIRE_STRUCT_BYTES)
		return malformed(rec, "a struct of another length");
	args_set_struct(&rec->out->seen.rec, slot, body);
	return 0;
}

static int on_list(struct wire_reader *r, const struct record *rec, const char *body, size_t len)
{
	struct rec *call = &rec->out->seen.rec;

	if (!op_has(call->op, A_XNAME))
		return strange_item(r);
	if (len != WIRE_LIST_BYTES)
		return malformed(rec, "a list of another length");
	call->facts = facts_of_list(body);
	return 0;
}

static int on_owner(const struct record *rec, const char *body, size_t len)
{
	struct rec *call = &rec->out->seen.rec;

	return on_number(rec, body, len, &call->arg[op_arg_index(call->op, A_OWNER)]);
}

static int on_position(const struct record *rec, const char *body, size_t len)
{
	uint64_t position = 0;

	if (on_number(rec, body, len, &position))
		return -EINVAL;
	rec->out->position = (int64_t)position;
	rec->out->has_position = true;
	return 0;
}

/* --- of rings --- */

static int on_ring(struct record *rec, const char *body, size_t len)
{
	if (len != sizeof(rec->ring))
		return malformed(rec, "a ring of another length");
	memcpy(&rec->ring, body, len);
	if (!rec->ring.id)
		return malformed(rec, "a ring without a number");
	rec->has_ring = true;
	return 0;
}

static int on_params(const struct record *rec, const char *body, size_t len)
{
	struct rec *call = &rec->out->seen.rec;
	uint32_t params[2];

	if (len != sizeof(params))
		return malformed(rec, "parameters of another length");
	memcpy(params, body, len);
	call->arg[op_arg_index(call->op, A_UPARAMS)] = params[1];
	call->arg[op_arg_index(call->op, A_UCQNR)] = params[1] & URING_CQSIZE ? params[0] : 0;
	return 0;
}

static int on_registered(struct record *rec, const char *body, size_t len)
{
	if (len != sizeof(rec->registered))
		return malformed(rec, "registered things of another length");
	memcpy(&rec->registered, body, len);
	rec->has_registered = true;
	return 0;
}

static int on_files(struct wire_reader *r, const struct record *rec, const char *body, size_t len)
{
	size_t i;

	if (len % sizeof(int32_t))
		return malformed(rec, "descriptors that are not whole");
	for (i = 0; i < len && r->files.n < WIRE_FILES_MAX; i += sizeof(int32_t)) {
		int32_t *fd = vec_push(&r->files);

		if (!fd)
			return err_sys(rec->err, ENOMEM, "cannot keep what a call registered");
		memcpy(fd, body + i, sizeof(*fd));
	}
	return 0;
}

/* The argument that an item needs in the row; WIRE_ARG_NONE: any call can have it. */
static const uint8_t item_args[WIRE_ITEM_TYPES] = {
	[WIRE_PATH] = WIRE_ARG_PATH,
	[WIRE_PATH2] = WIRE_ARG_PATH2,
	[WIRE_IOV] = WIRE_ARG_IOV,
	[WIRE_HOW] = WIRE_ARG_HOW,
	[WIRE_CLARGS] = WIRE_ARG_CLARGS,
	[WIRE_FLOCK] = WIRE_ARG_FARG,
	[WIRE_HINT] = WIRE_ARG_FARG,
	[WIRE_OFFSET] = WIRE_ARG_OFFSET,
	[WIRE_OFFSET2] = WIRE_ARG_OFFSET2,
	[WIRE_TIMES] = WIRE_ARG_TIMES32,
	[WIRE_TUPLES] = WIRE_ARG_TUPLES,
	[WIRE_FDS] = WIRE_ARG_FDS,
	[WIRE_IOCTL] = WIRE_ARG_IARG,
	[WIRE_STRUCT] = WIRE_ARG_STRUCT,
	[WIRE_HANDLE] = WIRE_ARG_HANDLE,
	[WIRE_CTX] = WIRE_ARG_CTXP,
};

static int on_call_item(
	struct wire_reader *r, struct record *rec, const struct wire_item *item, const char *body)
{
	struct seen *seen = &rec->out->seen;
	uint8_t needs = item->type < WIRE_ITEM_TYPES ? item_args[item->type] : WIRE_ARG_NONE;
	int slot = needs ? r->rows[seen->rec.op].at[needs] : 0;

	if (slot < 0)
		return strange_item(r);
	switch ((enum wire_item_type)item->type) {
	case WIRE_PATH:
		return on_text(rec, body, item->len, &seen->rec.path);
	case WIRE_PATH2:
		return on_text(rec, body, item->len, &seen->rec.path2);
	case WIRE_BASE:
		return on_dir(rec, body, item->len, &seen->from[0]);
	case WIRE_BASE2:
		return on_dir(rec, body, item->len, &seen->from[1]);
	case WIRE_FACTS:
		return on_facts(rec, item, body, &seen->rec.facts);
	case WIRE_STAT:
		return on_stat(rec, body, item->len, &seen->rec.facts);
	case WIRE_BEFORE:
		return on_facts(rec, item, body, &seen->before[0]);
	case WIRE_BEFORE2:
		return on_facts(rec, item, body, &seen->before[1]);
	case WIRE_CUT:
		return on_facts(rec, item, body, &seen->cut);
	case WIRE_WAS:
		return on_facts(rec, item, body, &seen->was);
	case WIRE_IOV:
		return on_iov(r, rec, body, item->len);
	case WIRE_HOW:
		return on_how(rec, slot, body, item->len);
	case WIRE_CLARGS:
	case WIRE_CTX:
		return on_number(rec, body, item->len, &seen->rec.arg[slot]);
	case WIRE_FLOCK:
		return on_lock(rec, body, item->len);
	case WIRE_HINT:
		if (!args_is_hint(seen->rec.arg[1]))
			return strange_item(r);
		return on_number(rec, body, item->len, &seen->rec.arg[slot]);
	case WIRE_OFFSET:
	case WIRE_OFFSET2:
		return on_offset(rec, slot, body, item->len);
	case WIRE_TIMES:
		return on_times(rec, slot, body, item->len);
	case WIRE_POSITION:
		return on_position(rec, body, item->len);
	case WIRE_TUPLES:
		return on_tuples(r, rec, slot, body, item->len);
	case WIRE_HANDLE:
		return on_handle(rec, body, item->len);
	case WIRE_STRUCT:
		return on_struct(rec, slot, body, item->len);
	case WIRE_IOCTL:
		return on_ioctl(r, rec, body, item->len);
	case WIRE_LINK:
		return on_text(rec, body, item->len, &seen->target[0]);
	case WIRE_LINK2:
		return on_text(rec, body, item->len, &seen->target[1]);
	case WIRE_FDS:
		return on_fds(rec, body, item->len);
	case WIRE_RING:
		return on_ring(rec, body, item->len);
	case WIRE_PARAMS:
		return seen->rec.op == OP_io_uring_setup ? on_params(rec, body, item->len)
							 : strange_item(r);
	case WIRE_REGISTERED:
		return on_registered(rec, body, item->len);
	case WIRE_FILES:
		return on_files(r, rec, body, item->len);
	case WIRE_OWNER:
		return seen->rec.op == OP_pidfd_getfd ? on_owner(rec, body, item->len) : strange_item(r);
	case WIRE_LIST:
		return on_list(r, rec, body, item->len);
	case WIRE_LOCAL:
	case WIRE_PEER:
	case WIRE_SQE:
	case WIRE_CWD:
	case WIRE_FD_PATH:
	case WIRE_DESCRIPTION:
	case WIRE_ITEM_TYPES:
		break;
	}
	return strange_item(r);
}

static int on_call_items(struct wire_reader *r, struct record *rec, struct cursor c)
{
	struct wire_item item;
	const char *body = NULL;
	int rc;

	while ((rc = take_item(rec, &c, &item, &body)) > 0) {
		rc = on_call_item(r, rec, &item, body);
		if (rc)
			break;
	}
	return rc;
}

/* What was told before the call began is of an earlier one, whose end was missed. */
static int on_parts(struct wire_reader *r, struct record *rec, struct cursor parts)
{
	const struct wire_rec *head = &rec->head;
	struct frame frame;
	int rc = 0;

	while (!rc && take(&parts, &frame, sizeof(frame))) {
		struct cursor items = {parts.p, frame.len};

		parts.p += frame.len;
		parts.left -= frame.len;
		if (frame.t + head->dur >= head->t)
			rc = on_call_items(r, rec, items);
		else
			r->counts.parts_lost++;
	}
	return rc;
}

/* --- records --- */

/* What no program ever sees: the call is made again, or ends as EINTR. */
#define RESTART_FIRST (-516)
#define RESTART_LAST  (-512)

static void set_common(const struct record *rec, enum op_id op)
{
	struct rec *call = &rec->out->seen.rec;

	call->op = op;
	call->t = rec->head.t;
	call->pid = rec->head.tgid;
	call->tid = rec->head.tid;
	rec->out->seen.chrooted = rec->head.flags & WIRE_CHROOTED;
	rec->out->seen.foreign = rec->head.flags & WIRE_FOREIGN;
}

static void set_result(const struct record *rec)
{
	struct rec *call = &rec->out->seen.rec;

	rec->out->no_entry = rec->head.flags & WIRE_NO_ENTRY;
	rec->out->seen.created = rec->head.flags & WIRE_CREATED;
	rec->out->seen.regular = rec->head.flags & WIRE_REGULAR;
	call->dur = rec->head.dur;
	call->has_ret = !(rec->head.flags & WIRE_NO_RESULT) && call->op != OP_exit &&
			call->op != OP_exit_group;
	if (!call->has_ret)
		return;
	call->ret = rec->head.ret;
	if (call->ret >= RESTART_FIRST && call->ret <= RESTART_LAST)
		call->ret = -EINTR;
}

/* What stands for memory that could not be read. */
static void set_unread(const struct row *row, struct rec *call)
{
	if (row->at[WIRE_ARG_HOW] >= 0)
		args_set_how(call, row->at[WIRE_ARG_HOW], &(struct open_how){0});
	if (row->at[WIRE_ARG_FARG] >= 0 && rec_fcntl_is_lock(call->arg[1]))
		args_set_lock(call, &(struct flock){0});
	if (row->at[WIRE_ARG_FARG] >= 0 && args_is_hint(call->arg[1]))
		call->arg[row->at[WIRE_ARG_FARG]] = 0;
	if (row->at[WIRE_ARG_FDS] >= 0)
		args_set_fds(call, NULL);
	if (row->at[WIRE_ARG_STRUCT] >= 0)
		args_set_struct(call, row->at[WIRE_ARG_STRUCT], NULL);
	if (row->at[WIRE_ARG_IARG] >= 0)
		args_set_ioctl(call, NULL, NULL, 0);
	if (row->at[WIRE_ARG_OFFSET] >= 0)
		call->arg[row->at[WIRE_ARG_OFFSET]] = OFFPTR_BAD;
	if (row->at[WIRE_ARG_OFFSET2] >= 0)
		call->arg[row->at[WIRE_ARG_OFFSET2]] = OFFPTR_BAD;
	if (op_has(call->op, A_TIMEOUT))
		call->arg[op_arg_index(call->op, A_TIMEOUT)] = OFFPTR_BAD;
}

/* The registers. */
static int set_values(const struct wire_reader *r, struct record *rec)
{
	struct rec *call = &rec->out->seen.rec;
	const struct row *row = &r->rows[call->op];
	uint64_t value;
	int i;

	for (i = 0; i < row->values; i++) {
		int slot = row->slot[i];

		if (!take(&rec->rest, &value, sizeof(value)))
			return malformed(rec, "values of arguments are missing");
		call->arg[slot] = args_narrow(ops[call->op].arg[slot], value);
	}
	if (row->has_memory)
		set_unread(row, call);
	return 0;
}

static bool wants_facts(const struct rec *call)
{
	if (call->has_ret && call->ret < 0)
		return false;
	return !call->facts.list || facts_sets_acl(call);
}

static int lost(struct record *rec, uint64_t count, const char *why)
{
	set_common(rec, OP_lost);
	rec->out->kind = WIRE_SEEN_LOST;
	rec->out->lost = count;
	rec->out->why = why;
	return 1;
}

static int no_room(const struct record *rec)
{
	return err_sys(rec->err, ENOMEM, "cannot keep what a ring does");
}

/* Of a call about a ring all comes from there. */
static int on_ring_call(struct wire_reader *r, struct record *rec)
{
	const struct wire_ring *ring = rec->has_ring ? &rec->ring : NULL;
	int rc;

	switch ((int)rec->out->seen.rec.op) {
	case OP_io_uring_setup:
		rc = rings_setup(r->rings, rec->out, ring);
		break;
	case OP_io_uring_enter:
		rc = rings_enter(r->rings, rec->out, ring);
		break;
	default:
		rc = rings_register(r->rings, rec->out, ring,
			rec->has_registered ? &rec->registered : NULL, r->files.v, r->files.n);
	}
	return rc ? no_room(rec) : 0;
}

static int on_end(struct wire_reader *r, const struct record *rec, bool last)
{
	return rings_thread_end(r->rings, &rec->out->seen.rec, last) ? no_room(rec) : 1;
}

static int on_call(struct wire_reader *r, struct record *rec)
{
	int op = rec->head.nr >= 0 && rec->head.nr < NUMBERS ? r->op_of[rec->head.nr] : -1;
	struct cursor parts = part_take(r, &rec->head);
	struct rec *call = &rec->out->seen.rec;
	int rc;

	if (op < 0) {
		r->counts.unknown_calls++;
		return 0;
	}
	set_common(rec, (enum op_id)op);
	set_result(rec);
	if (call->dur > call->t)
		return malformed(rec, "it took longer than there was time");
	rc = set_values(r, rec);
	if (!rc)
		rc = on_parts(r, rec, parts);
	if (!rc)
		rc = on_call_items(r, rec, rec->rest);
	if (rc)
		return rc;
	if (!wants_facts(call))
		call->facts = (struct facts){0};
	translate_devices(r, rec);
	args_finish(call);
	args_result(call);
	rec->out->kind = WIRE_SEEN_CALL;
	if (op_has(call->op, A_RING))
		return on_ring_call(r, rec);
	return call->op == OP_exit_group ? on_end(r, rec, true) : 1;
}

static bool take_values(struct record *rec, uint64_t *value, size_t n)
{
	return take(&rec->rest, value, n * sizeof(*value));
}

static int on_task(struct wire_reader *r, struct record *rec)
{
	struct seen *seen = &rec->out->seen;
	uint64_t value[WIRE_VALUES_TASK];
	struct wire_item item;
	const char *body = NULL;
	int rc;

	if (!take_values(rec, value, WIRE_VALUES_TASK))
		return malformed(rec, "values of a process are missing");
	set_common(rec, OP_state_task);
	seen->rec.tid = seen->rec.pid;
	seen->rec.arg[2] = (uint16_t)value[0];
	seen->rec.arg[3] = (uint32_t)value[1];
	seen->rec.arg[4] = (uint32_t)value[2];
	seen->rec.arg[5] = (uint32_t)value[3];
	while ((rc = take_item(rec, &rec->rest, &item, &body)) > 0) {
		rc = item.type == WIRE_CWD ? on_dir(rec, body, item.len, &seen->from[0])
					   : strange_item(r);
		if (rc)
			return rc;
	}
	seen->rec.path = seen->from[0].name;
	if (!seen->chrooted)
		seen->rec.path2 = STR("/");
	rec->out->kind = WIRE_SEEN_TASK;
	return rc ? rc : 1;
}

static int on_fd_item(
	struct wire_reader *r, struct record *rec, const struct wire_item *item, const char *body)
{
	struct rec *fd = &rec->out->seen.rec;

	if (item->type == WIRE_FD_PATH)
		return on_text(rec, body, item->len, &fd->path);
	if (item->type == WIRE_FACTS)
		return on_facts(rec, item, body, &fd->facts);
	if (item->type == WIRE_DESCRIPTION)
		return on_number(rec, body, item->len, &rec->out->description);
	if (item->type == WIRE_RING)
		return on_ring(rec, body, item->len);
	return strange_item(r);
}

static int on_fd(struct wire_reader *r, struct record *rec)
{
	bool received = rec->head.kind == WIRE_RECEIVED;
	struct rec *fd = &rec->out->seen.rec;
	uint64_t value[WIRE_VALUES_FD];
	struct wire_item item;
	const char *body = NULL;
	int rc;

	if (!take_values(rec, value, WIRE_VALUES_FD))
		return malformed(rec, "values of a descriptor are missing");
	if (value[0] > INT_MAX)
		return malformed(rec, "a descriptor that cannot be");
	set_common(rec, received ? OP_recv_fd : OP_state_fd);
	if (received)
		fd->dur = rec->head.dur < fd->t ? rec->head.dur : fd->t;
	else
		fd->tid = fd->pid;
	fd->arg[0] = value[0];
	fd->arg[2] = (uint32_t)value[1];
	fd->arg[3] = value[2];
	while ((rc = take_item(rec, &rec->rest, &item, &body)) > 0) {
		rc = on_fd_item(r, rec, &item, body);
		if (rc)
			return rc;
	}
	translate_devices(r, rec);
	if (received)
		fd->arg[4] = rec->out->description;
	rec->out->kind = received ? WIRE_SEEN_CALL : WIRE_SEEN_FD;
	if (rec->has_ring && !received && rings_state(r->rings, rec->out, &rec->ring))
		return no_room(rec);
	return rc ? rc : 1;
}

static int on_map(struct wire_reader *r, struct record *rec)
{
	struct rec *map = &rec->out->seen.rec;
	uint64_t value[WIRE_VALUES_MAP];
	struct wire_item item;
	const char *body = NULL;
	int rc;

	if (!take_values(rec, value, WIRE_VALUES_MAP))
		return malformed(rec, "values of a map are missing");
	if (value[0] % WIRE_PAGE || value[1] % WIRE_PAGE || value[4] % WIRE_PAGE || value[4] > INT64_MAX)
		return malformed(rec, "a map that cannot be");
	set_common(rec, OP_state_map);
	map->tid = map->pid;
	memcpy(map->arg, value, 4 * sizeof(*value));
	map->arg[5] = value[4];
	while ((rc = take_item(rec, &rec->rest, &item, &body)) > 0) {
		rc = on_fd_item(r, rec, &item, body);
		if (rc)
			return rc;
	}
	translate_devices(r, rec);
	rec->out->kind = WIRE_SEEN_MAP;
	return rc ? rc : 1;
}

static int take_sqe(struct record *rec)
{
	struct rec *call = &rec->out->seen.rec;
	struct sqe_memory memory;
	struct io_uring_sqe sqe;
	struct wire_item item;
	const char *body = NULL;
	int rc = take_item(rec, &rec->rest, &item, &body);

	if (rc < 0)
		return rc;
	if (rc == 0 || item.type != WIRE_SQE || item.len != WIRE_SQE_BYTES || sizeof(sqe) != WIRE_SQE_BYTES)
		return malformed(rec, "a submission without its struct");
	memcpy(&sqe, body, sizeof(sqe));
	uring_decode(&sqe, call, &memory);
	if (op_has(call->op, A_HOW))
		args_set_how(call, op_arg_index(call->op, A_HOW), &(struct open_how){0});
	return 0;
}

static int files_as_tuples(struct wire_reader *r, struct rec *call)
{
	size_t i;

	r->tuples.n = 0;
	for (i = 0; i < r->files.n; i++) {
		uint64_t *to = vec_push(&r->tuples);

		if (!to)
			return -ENOMEM;
		*to = (uint64_t)(int64_t)r->files.v[i];
	}
	call->vec = r->tuples.v;
	call->nvec = (uint32_t)r->tuples.n;
	return 0;
}

static int on_submission(struct wire_reader *r, struct record *rec)
{
	uint64_t value[WIRE_VALUES_SUBMISSION];
	int rc;

	if (!take_values(rec, value, WIRE_VALUES_SUBMISSION) || !value[0] || !value[1])
		return malformed(rec, "values of a submission are missing");
	set_common(rec, OP_uring_other);
	rc = take_sqe(rec);
	if (!rc)
		rc = on_call_items(r, rec, rec->rest);
	if (rc)
		return rc;
	if (rec->out->seen.rec.op == OP_uring_files_update && files_as_tuples(r, &rec->out->seen.rec))
		return no_room(rec);
	args_finish(&rec->out->seen.rec);
	rc = rings_submit(r->rings, rec->out, value[0], value[1], (uint32_t)value[2],
		rec->head.flags & WIRE_POLLED);
	return rc ? no_room(rec) : 0;
}

static int on_work(struct wire_reader *r, struct record *rec)
{
	struct seen *seen = &rec->out->seen, *to;
	uint64_t value[WIRE_VALUES_WORK];
	int rc, i;

	if (!take_values(rec, value, WIRE_VALUES_WORK) || !value[0] || !value[1])
		return malformed(rec, "values of a submission are missing");
	to = rings_at_work(r->rings, value[0], value[1]);
	set_common(rec, to ? to->rec.op : OP_uring_other);
	rc = on_call_items(r, rec, rec->rest);
	if (rc || !to)
		return rc;
	seen->from[0] = to->from[0];
	seen->rec.path = to->rec.path;
	translate_devices(r, rec);
	for (i = 0; i < 2; i++) {
		if (seen->before[i].known || seen->before[i].absent)
			to->before[i] = seen->before[i];
		if (seen->target[i].len && seen->target[i].len <= WIRE_LINK_MAX)
			rings_keep_target(to, i, seen->target[i]);
	}
	if (seen->cut.known)
		to->cut = seen->cut;
	if (seen->was.known)
		to->was = seen->was;
	return 0;
}

static int on_completion(struct wire_reader *r, struct record *rec)
{
	uint64_t value[WIRE_VALUES_COMPLETION];
	struct ring_completion c;
	struct rec *call = &rec->out->seen.rec;
	int rc;

	if (!take_values(rec, value, WIRE_VALUES_COMPLETION) || !value[0])
		return malformed(rec, "values of a completion are missing");
	set_common(rec, OP_uring_openat);
	set_result(rec);
	call->ret = (int32_t)rec->head.ret;
	rc = on_call_items(r, rec, rec->rest);
	if (rc)
		return rc;
	translate_devices(r, rec);
	c = (struct ring_completion){value[0], value[1], value[2], value[3]};
	return rings_complete(r->rings, rec->out, &c) ? no_room(rec) : 0;
}

/* Of an event: its own address with the protocol in front, or that of the other end. */
static int on_socket(struct record *rec, const struct wire_item *item, const char *body, struct buf *to)
{
	struct rec *event = &rec->out->seen.rec;
	bool local = item->type == WIRE_LOCAL;
	struct wire_socket s;

	if (!op_has(event->op, local ? A_LOCAL : A_PEER))
		return malformed(rec, "an address of what has none");
	if (item->len < sizeof(s) || item->len - sizeof(s) > WIRE_ADDRESS_MAX)
		return malformed(rec, "an address of another length");
	memcpy(&s, body, sizeof(s));
	to->len = 0;
	if (local) {
		socket_protocol(to, s.family, s.type, s.protocol);
		buf_char(to, '/');
	}
	if (!socket_address(to, s.family, body + sizeof(s), item->len - sizeof(s)))
		return malformed(rec, "an address that cannot be");
	if (!buf_ok(to))
		return no_room(rec);
	*(local ? &event->path : &event->path2) = to->len ? buf_as_str(to) : STR("");
	return 0;
}

static int on_event_item(struct wire_reader *r, struct record *rec, const struct wire_item *item, const char *body)
{
	struct rec *event = &rec->out->seen.rec;

	switch (item->type) {
	case WIRE_FACTS:
		return on_facts(rec, item, body, &event->facts);
	case WIRE_PATH:
		if (!op_has(event->op, A_PATH))
			return strange_item(r);
		return on_text(rec, body, item->len, &event->path);
	case WIRE_LOCAL:
		return on_socket(rec, item, body, &r->local);
	case WIRE_PEER:
		return on_socket(rec, item, body, &r->peer);
	default:
		return strange_item(r);
	}
}

/* An event of another layer: its row says what its values are. */
static int on_event(struct wire_reader *r, struct record *rec)
{
	struct rec *event = &rec->out->seen.rec;
	struct wire_item item;
	const char *body = NULL;
	int nr = rec->head.nr, rc;

	if (nr < 0 || nr >= OP_COUNT || !(ops[nr].flags & OPF_LAYER) || nr == OP_layer_sum ||
		nr == OP_file_call) {
		r->counts.unknown_calls++;
		return 0;
	}
	set_common(rec, (enum op_id)nr);
	event->dur = rec->head.dur;
	event->has_ret = !(rec->head.flags & WIRE_NO_RESULT);
	event->ret = event->has_ret ? rec->head.ret : 0;
	if (event->dur > event->t)
		return malformed(rec, "it took longer than there was time");
	rc = set_values(r, rec);
	while (!rc && (rc = take_item(rec, &rec->rest, &item, &body)) > 0)
		rc = on_event_item(r, rec, &item, body);
	if (rc)
		return rc;
	translate_devices(r, rec);
	rec->out->kind = WIRE_SEEN_EVENT;
	return 1;
}

static int on_fault(struct wire_reader *r, struct record *rec)
{
	struct rec *fault = &rec->out->seen.rec;
	uint64_t value[WIRE_VALUES_FAULT];

	if (!take_values(rec, value, WIRE_VALUES_FAULT))
		return malformed(rec, "values of a page fault are missing");
	rec->out->seen.unplaced = value[1] == WIRE_UNPLACED;
	rec->out->seen.present = value[2] & 2;
	if (rec->out->seen.unplaced)
		value[1] = 0;
	if (value[0] % WIRE_PAGE || value[1] % WIRE_PAGE || value[1] > INT64_MAX - WIRE_PAGE)
		return malformed(rec, "a page that cannot be");
	set_common(rec, value[2] & 1 ? OP_map_write : OP_map_read);
	fault->arg[0] = value[0];
	r->vec[0] = value[1];
	r->vec[1] = WIRE_PAGE;
	fault->vec = r->vec;
	fault->nvec = 2;
	fault->ret = WIRE_PAGE;
	fault->has_ret = true;
	rec->out->kind = WIRE_SEEN_CALL;
	return 1;
}

static int on_task_end(struct wire_reader *r, struct record *rec)
{
	struct part *part = part_find(r, rec->head.tid);
	uint64_t status;

	if (part)
		part_lose(r, part);
	if (!take_values(rec, &status, 1))
		return malformed(rec, "the status of a thread is missing");
	set_common(rec, OP_task_end);
	rec->out->seen.rec.arg[0] = args_narrow(A_STATUS, status);
	rec->out->kind = WIRE_SEEN_CALL;
	return on_end(r, rec, rec->head.tid == rec->head.tgid);
}

static int on_lost(struct record *rec)
{
	uint64_t value[2];

	if (!take_values(rec, value, 2))
		return malformed(rec, "what was lost is missing");
	if (value[0] == 0)
		return 0;
	return lost(rec, value[0],
		value[1] < sizeof(lost_texts) / sizeof(*lost_texts)
			? lost_texts[value[1]]
			: "the kernel module missed it for a reason of a newer version");
}

static int on_unrecorded(struct wire_reader *r, struct record *rec)
{
	size_t i;

	for (i = 0; i < sizeof(unrecorded) / sizeof(*unrecorded); i++) {
		if (unrecorded[i].nr != rec->head.nr)
			continue;
		if (rec->head.ret < 0)
			return 0;
		return lost(rec, 1, unrecorded[i].why);
	}
	r->counts.unknown_calls++;
	return 0;
}

static int on_record(struct wire_reader *r, struct record *rec)
{
	switch ((enum wire_kind)rec->head.kind) {
	case WIRE_CALL:
		return on_call(r, rec);
	case WIRE_PART:
		return on_part(r, rec);
	case WIRE_TASK:
		return on_task(r, rec);
	case WIRE_FD:
	case WIRE_RECEIVED:
		return on_fd(r, rec);
	case WIRE_MAP:
		return on_map(r, rec);
	case WIRE_TASK_END:
		return on_task_end(r, rec);
	case WIRE_FAULT:
		return on_fault(r, rec);
	case WIRE_LOST:
		return on_lost(rec);
	case WIRE_UNRECORDED:
		return on_unrecorded(r, rec);
	case WIRE_SUBMISSION:
		return on_submission(r, rec);
	case WIRE_WORK:
		return on_work(r, rec);
	case WIRE_COMPLETION:
		return on_completion(r, rec);
	case WIRE_EVENT:
		return on_event(r, rec);
	}
	r->counts.unknown_kinds++;
	return 0;
}

static int check_head(struct record *rec, size_t size)
{
	if (!take(&rec->rest, &rec->head, sizeof(rec->head)))
		return malformed(rec, "it is shorter than its header");
	if (rec->head.size != size)
		return malformed(rec, "its length is another one");
	if (size % 8 || size > WIRE_REC_MAX)
		return malformed(rec, "its length cannot be");
	return 0;
}

int wire_decode(struct wire_reader *r, const void *bytes, size_t size, struct wire_seen *out,
	struct err *err)
{
	struct record rec; /* 200 bytes of what only few records have stay as they are */
	int rc;

	rec.rest = (struct cursor){bytes, size};
	rec.out = out;
	rec.n_of_super = 0;
	rec.has_ring = rec.has_registered = false;
	rec.err = err;
	part_free(r->used);
	r->used = NULL;
	r->files.n = 0;
	while (rings_next(r->rings, out)) /* of the record before, that nobody asked for */
		;
	*out = (struct wire_seen){0};
	rc = check_head(&rec, size);
	if (!rc)
		rc = on_record(r, &rec);
	if (rc == -EINVAL)
		r->counts.malformed++;
	return rc == 0 ? wire_next(r, out) : rc;
}

bool wire_next(struct wire_reader *r, struct wire_seen *out)
{
	return rings_next(r->rings, out);
}

void wire_close(struct wire_reader *r)
{
	if (!r)
		return;
	while (!TAILQ_EMPTY(&r->oldest))
		part_lose(r, TAILQ_FIRST(&r->oldest));
	part_free(r->used);
	hmap_free(&r->parts);
	vec_free(&r->tuples);
	vec_free(&r->files);
	buf_free(&r->local);
	buf_free(&r->peer);
	rings_close(r->rings);
	free(r);
}
