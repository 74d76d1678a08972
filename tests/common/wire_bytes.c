/* SPDX-License-Identifier: Apache-2.0 */
#include "wire_bytes.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/time.h>
#include <utime.h>

#include "capture/args.h"
#include "ops/ioctl.h"

static const enum wire_arg wire_of[A_COUNT] = {
#define ARG(kind, key, form, wire) [A_##kind] = WIRE_ARG_##wire,
#include "ops/args.def"
};

static void pad(struct buf *b)
{
	while (b->len % 8)
		buf_char(b, '\0');
}

void wire_begin(struct buf *b, const struct wire_rec *head)
{
	buf_add(b, head, sizeof(*head));
}

void wire_value(struct buf *b, uint64_t value)
{
	buf_add(b, &value, sizeof(value));
}

void wire_item(struct buf *b, unsigned type, const void *p, size_t len)
{
	struct wire_item item = {.type = (uint16_t)type, .len = (uint16_t)len};

	buf_add(b, &item, sizeof(item));
	buf_add(b, p, len);
	pad(b);
}

void wire_str(struct buf *b, unsigned type, struct str text)
{
	if (text.s)
		wire_item(b, type, text.s, text.len);
}

void wire_dir(struct buf *b, unsigned type, uint64_t id, struct str name)
{
	struct buf text = BUF_INIT;

	buf_add(&text, &id, sizeof(id));
	buf_str(&text, name);
	wire_item(b, type, text.p, text.len);
	buf_free(&text);
}

void wire_facts(struct buf *b, unsigned type, const struct facts *facts)
{
	struct wire_facts f = {.dev_major = facts->dev_major,
		.dev_minor = facts->dev_minor,
		.ino = facts->ino,
		.mode = facts->mode,
		.nlink = facts->nlink,
		.uid = facts->uid,
		.gid = facts->gid,
		.size = facts->size,
		.blocks = facts->blocks};

	if (facts->absent)
		wire_item(b, type, NULL, 0);
	else if (facts->known)
		wire_item(b, type, &f, sizeof(f));
}

void wire_end(struct buf *b, size_t start)
{
	uint16_t size = (uint16_t)(b->len - start);

	memcpy(b->p + start + offsetof(struct wire_rec, size), &size, sizeof(size));
}

struct wire_rec wire_head(const struct rec *rec)
{
	return (struct wire_rec){.kind = WIRE_CALL,
		.flags = rec->has_ret ? 0 : WIRE_NO_RESULT,
		.nr = (int32_t)op_nr(rec->op),
		.tgid = rec->pid,
		.tid = rec->tid,
		.t = rec->t,
		.dur = rec->dur,
		.ret = rec->ret};
}

void wire_values(struct buf *b, const struct rec *rec)
{
	int i;

	for (i = 0; i < OP_ARGS; i++) {
		enum wire_arg wire = wire_of[ops[rec->op].arg[i]];

		if (wire == WIRE_ARG_VALUE || wire == WIRE_ARG_FARG || wire == WIRE_ARG_IARG)
			wire_value(b, rec->arg[i]);
	}
}

static void put_how(struct buf *b, const struct rec *rec, int slot)
{
	struct open_how how = {.flags = rec->arg[slot],
		.mode = rec->arg[op_arg_index(rec->op, A_MODE)],
		.resolve = rec->arg[op_arg_index(rec->op, A_RESOLVE)]};

	wire_item(b, WIRE_HOW, &how, sizeof(how));
}

static void put_lock(struct buf *b, const struct rec *rec)
{
	struct flock lock = {.l_type = (short)rec->arg[2],
		.l_whence = (short)rec->arg[3],
		.l_start = (off_t)rec->arg[4],
		.l_len = (off_t)rec->arg[5]};

	if (rec_fcntl_is_lock(rec->arg[1]))
		wire_item(b, WIRE_FLOCK, &lock, sizeof(lock));
	else if (args_is_hint(rec->arg[1]))
		wire_item(b, WIRE_HINT, &rec->arg[2], sizeof(rec->arg[2]));
}

static void put_dests(struct file_dedupe_range *same, const struct rec *rec)
{
	uint32_t i;

	same->dest_count = (uint16_t)(rec->nvec / REC_DEST);
	for (i = 0; i < same->dest_count; i++) {
		const uint64_t *dest = rec->vec + (size_t)i * REC_DEST;

		same->info[i].dest_fd = (int64_t)dest[0];
		same->info[i].dest_offset = dest[1];
		same->info[i].bytes_deduped = dest[2];
		same->info[i].status = (int32_t)dest[3];
	}
}

static void put_ioctl(struct buf *b, const struct rec *rec)
{
	union {
		char bytes[IOCTL_BYTES_MAX];
		struct file_clone_range clone;
		struct file_dedupe_range same;
	} u = {{0}};
	const uint64_t *v = rec->arg + 2;

	if (rec->arg[1] == (unsigned)IOCTL_NR_FICLONERANGE)
		u.clone = (struct file_clone_range){(int64_t)v[0], v[1], v[2], v[3]};
	if (rec_ioctl_has_dests(rec->arg[1])) {
		u.same.src_offset = v[0];
		u.same.src_length = v[1];
		put_dests(&u.same, rec);
	}
	if (args_ioctl_size(rec, &u))
		wire_item(b, WIRE_IOCTL, &u, args_ioctl_size(rec, &u));
}

static void put_struct(struct buf *b, const struct rec *rec, int slot)
{
	uint64_t words[2] = {rec->arg[slot], 0};

	if (ops[rec->op].arg[slot] == A_XARGS) {
		words[0] = 0;
		words[1] = (uint32_t)rec->arg[slot] |
			   rec->arg[op_arg_index(rec->op, A_XATFLAGS)] << 32;
	} else {
		words[1] = rec->arg[op_arg_index(rec->op, A_RANGELEN)];
	}
	wire_item(b, WIRE_STRUCT, words, sizeof(words));
}

static void put_offset(struct buf *b, unsigned type, const struct rec *rec, int slot)
{
	uint64_t after = rec->arg[slot] + (rec->ret > 0 ? (uint64_t)rec->ret : 0);

	if (rec->arg[slot] == OFFPTR_NULL)
		wire_item(b, type, NULL, 0);
	else if (rec->arg[slot] != OFFPTR_BAD)
		wire_item(b, type, &after, sizeof(after));
}

static void put_fds(struct buf *b, const struct rec *rec)
{
	int32_t fds[2] = {(int32_t)rec->arg[op_arg_index(rec->op, A_FDS)],
		(int32_t)rec->arg[op_arg_index(rec->op, A_FDS2)]};

	wire_item(b, WIRE_FDS, fds, sizeof(fds));
}

static void put_times(struct buf *b, enum arg_kind kind, const struct timespec *ts)
{
	struct utimbuf seconds = {ts[0].tv_sec, ts[1].tv_sec};
	struct timeval micro[2] = {
		{ts[0].tv_sec, ts[0].tv_nsec / 1000}, {ts[1].tv_sec, ts[1].tv_nsec / 1000}};

	if (ts[0].tv_nsec == TIMES_NULL)
		wire_item(b, WIRE_TIMES, NULL, 0);
	else if (kind == A_UTIMBUF)
		wire_item(b, WIRE_TIMES, &seconds, sizeof(seconds));
	else if (kind == A_TIMEVALS)
		wire_item(b, WIRE_TIMES, micro, sizeof(micro));
	else
		wire_item(b, WIRE_TIMES, ts, 2 * sizeof(*ts));
}

static void put_timeout(struct buf *b, uint64_t ns)
{
	struct timespec t = {(int64_t)ns / 1000000000, (int64_t)ns % 1000000000};

	if (ns == OFFPTR_NULL)
		wire_item(b, WIRE_TIMES, NULL, 0);
	else if (ns != OFFPTR_BAD)
		wire_item(b, WIRE_TIMES, &t, sizeof(t));
}

void wire_items(struct buf *b, const struct rec *rec)
{
	int i;

	for (i = 0; i < OP_ARGS; i++) {
		enum arg_kind kind = ops[rec->op].arg[i];

		switch (wire_of[kind]) {
		case WIRE_ARG_NONE:
		case WIRE_ARG_COUNT:
		case WIRE_ARG_VALUE:
			break;
		case WIRE_ARG_CTXP:
			wire_item(b, WIRE_CTX, &rec->arg[i], sizeof(rec->arg[i]));
			break;
		case WIRE_ARG_TUPLES:
		case WIRE_ARG_IOCBS:
		case WIRE_ARG_FATTR:
		case WIRE_ARG_EVENTS:
			if (rec->vec)
				wire_item(b, WIRE_TUPLES, rec->vec, rec->nvec * sizeof(*rec->vec));
			break;
		case WIRE_ARG_PATH:
			wire_str(b, WIRE_PATH, rec->path);
			break;
		case WIRE_ARG_PATH2:
			wire_str(b, WIRE_PATH2, rec->path2);
			break;
		case WIRE_ARG_IOV:
			if (rec->vec)
				wire_item(b, WIRE_IOV, rec->vec, rec->nvec * sizeof(*rec->vec));
			break;
		case WIRE_ARG_HOW:
			put_how(b, rec, i);
			break;
		case WIRE_ARG_CLARGS:
			wire_item(b, WIRE_CLARGS, &rec->arg[i], sizeof(rec->arg[i]));
			break;
		case WIRE_ARG_FARG:
			put_lock(b, rec);
			break;
		case WIRE_ARG_HANDLE:
			wire_str(b, WIRE_HANDLE, rec->path2);
			break;
		case WIRE_ARG_STRUCT:
			put_struct(b, rec, i);
			break;
		case WIRE_ARG_IARG:
			put_ioctl(b, rec);
			break;
		case WIRE_ARG_OFFSET:
			put_offset(b, WIRE_OFFSET, rec, i);
			break;
		case WIRE_ARG_OFFSET2:
			put_offset(b, WIRE_OFFSET2, rec, i);
			break;
		case WIRE_ARG_TIMES16:
		case WIRE_ARG_TIMES32:
			if (kind == A_TIMEOUT)
				put_timeout(b, rec->arg[i]);
			else
				put_times(b, kind, rec->ts);
			break;
		case WIRE_ARG_FDS:
			put_fds(b, rec);
			break;
		}
	}
	if (rec->op == OP_pidfd_getfd)
		wire_item(b, WIRE_OWNER, &rec->arg[op_arg_index(rec->op, A_OWNER)], sizeof(rec->arg[0]));
	wire_facts(b, WIRE_FACTS, &rec->facts);
}

static void put_state(struct buf *b, const struct rec *rec)
{
	int i;

	if (rec->op == OP_task_end) {
		wire_value(b, rec->arg[0]);
	} else if (rec->op == OP_state_task) {
		for (i = 2; i < 6; i++)
			wire_value(b, rec->arg[i]);
		wire_dir(b, WIRE_CWD, 1, rec->path);
	} else {
		wire_value(b, rec->arg[0]);
		wire_value(b, rec->arg[2]);
		wire_value(b, rec->arg[3]);
		wire_str(b, WIRE_FD_PATH, rec->path);
		wire_facts(b, WIRE_FACTS, &rec->facts);
		if (rec->op == OP_recv_fd)
			wire_item(b, WIRE_DESCRIPTION, &rec->arg[4], sizeof(rec->arg[4]));
	}
}

void wire_put(struct buf *b, const struct rec *rec)
{
	struct wire_rec head = wire_head(rec);
	size_t start = b->len;

	head.kind = rec->op == OP_task_end     ? WIRE_TASK_END
		    : rec->op == OP_state_task ? WIRE_TASK
		    : rec->op == OP_state_fd   ? WIRE_FD
		    : rec->op == OP_recv_fd    ? WIRE_RECEIVED
		    : ops[rec->op].flags & OPF_LAYER ? WIRE_EVENT
					       : WIRE_CALL;
	if (head.kind == WIRE_EVENT)
		head.nr = (int32_t)rec->op;
	wire_begin(b, &head);
	if (head.kind == WIRE_CALL || head.kind == WIRE_EVENT) {
		wire_values(b, rec);
		wire_items(b, rec);
	} else {
		put_state(b, rec);
	}
	wire_end(b, start);
}
