/* SPDX-License-Identifier: Apache-2.0 */
#include "generate/model.h"

#include <errno.h>

/* Bytes that the kernel moves from one descriptor to another: copy_file_range(2), sendfile(2), splice(2). */

/* MAX_RW_COUNT of include/linux/fs.h: programs that copy whole files ask for more. */
#define MOVED_MAX 0x7ffff000

static struct span span_of(const struct rec *r, enum arg_kind offset, struct descriptor *d)
{
	int64_t off = model_arg(r, offset, (int64_t)OFFPTR_NULL), len = model_arg(r, A_LEN, 0);
	struct span s = {.d = d, .off = (uint64_t)off, .wanted = (uint64_t)len, .done = r->ret};

	if (s.wanted > MOVED_MAX)
		s.wanted = MOVED_MAX;
	if (s.off == OFFPTR_NULL) {
		s.implicit = true;
		s.off = d->desc->offset;
	}
	return s;
}

/* The line becomes another call on the file of SPAN alone, which does what this one did to it. */
static void become(struct model *m, const struct span *s, enum op_id plain, enum op_id positioned)
{
	struct rec *call = &m->out->call;

	if (call->op == OP_splice) { /* the other side is a pipe, and so is that of the replay */
		call->arg[plain == OP_read ? 2 : 0] = VFD_NONE;
		call->arg[plain == OP_read ? 3 : 1] = OFFPTR_NULL;
		call->arg[4] = s->done ? (uint64_t)s->done : s->wanted;
		return;
	}
	call->op = s->implicit ? plain : positioned;
	call->arg[0] = s->d->vfd;
	call->arg[1] = 0; /* the buffer */
	call->arg[2] = s->done ? (uint64_t)s->done : s->wanted;
	call->arg[3] = s->implicit ? 0 : s->off;
	call->arg[4] = call->arg[5] = 0;
}

/* One of the two is no file of the replay: what happened to the other one is kept. */
static int one_sided(struct model *m, const struct rec *r, struct descriptor *in,
	struct descriptor *out, int left)
{
	struct span s;

	/* nothing of a directory can be sent, but a read of nothing fails there */
	if (r->ret < 0 || (r->ret == 0 && (!in || node_is_dir(in->desc->node))))
		return left;
	if (in) {
		s = span_of(r, A_OFFIN, in);
		become(m, &s, OP_read, OP_pread64);
		s.wanted = s.done ? (uint64_t)s.done : s.wanted; /* the other side may have been full */
		return model_span_read(m, &s);
	}
	s = span_of(r, A_OFFOUT, out);
	become(m, &s, OP_write, OP_pwrite64);
	return model_span_write(m, &s);
}

int model_transfer(struct model *m, const struct rec *r)
{
	struct descriptor *in, *out;
	int left_in = model_fd(m, r, A_FD, &in), left_out, rc = 0;
	struct span from, to;

	if (left_in < 0)
		return left_in;
	left_out = model_fd(m, r, A_FD2, &out);
	if (left_out < 0)
		return left_out;
	if (left_in && left_out)
		return left_in;
	if (left_in || left_out)
		return one_sided(m, r, left_in ? NULL : in, left_out ? NULL : out,
			left_in ? left_in : left_out);
	if (!in || !out) /* EBADF */
		return 0;
	if (model_crosses_trees(m, r, in, out))
		return LEFT_ONE_TREE;
	from = span_of(r, A_OFFIN, in); /* both offsets may be the same one, and move at the end */
	to = span_of(r, A_OFFOUT, out);
	if (r->ret > 0 && from.off + (uint64_t)r->ret < ((struct node *)in->desc->node)->size.size) {
		rc = model_ask_for_less(m, &to); /* not for want of bytes to read */
		from.wanted = (uint64_t)r->ret;
	}
	from.own = in->desc->node == out->desc->node;
	if (!rc && from.own)
		rc = model_span_write(m, &to);
	if (!rc)
		rc = model_span_read(m, &from);
	return rc || from.own ? rc : model_span_write(m, &to);
}

/* tee(2) and vmsplice(2): what they move stays in pipes. */
int model_pipes(struct model *m, const struct rec *r)
{
	(void)m;
	(void)r;
	return LEFT_PIPE;
}
