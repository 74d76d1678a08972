/* SPDX-License-Identifier: Apache-2.0 */
#include "trace/rec_uring.h"

#include <string.h>

#include "ops/uring.h"

void rec_copy_args(const struct rec *from, struct rec *to)
{
	int i, k;

	for (i = 0; i < OP_ARGS; i++) {
		enum arg_kind kind = ops[to->op].arg[i];

		k = kind == A_NONE ? -1 : op_arg_index(from->op, kind);
		if (k >= 0)
			to->arg[i] = from->arg[k];
	}
}

void rec_uring_plain(struct rec *r, uint64_t *length)
{
	const struct uring_op *known = uring_of_row(r->op);
	struct rec plain;
	int len;

	if (!known)
		return;
	plain = *r;
	plain.op = known->plain;
	plain.sqe.row = r->op;
	memset(plain.arg, 0, sizeof(plain.arg));
	rec_copy_args(r, &plain);
	len = op_arg_index(r->op, A_LEN);
	if (len >= 0 && (plain.op == OP_fsync || plain.op == OP_fdatasync)) {
		plain.arg[REC_SYNC_OFF] = r->arg[op_arg_index(r->op, A_OFF)];
		plain.arg[REC_SYNC_LEN] = r->arg[len];
	}
	if (op_has(plain.op, A_IOVCNT) && len >= 0) {
		*length = r->arg[len];
		plain.vec = length;
		plain.nvec = 1;
	}
	*r = plain;
}
