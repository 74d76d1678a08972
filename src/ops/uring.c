/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/uring.h"

static const struct uring_op uring_ops[] = {
#define URING(rowname, code, with_buffer, plainname)                                               \
	{.row = OP_##rowname, .plain = OP_##plainname, .opcode = code, .fixed = with_buffer},
#include "ops/uring.def"
};

#define URING_OPS (sizeof(uring_ops) / sizeof(*uring_ops))

const struct uring_op *uring_of_row(enum op_id row)
{
	size_t i;

	for (i = 0; i < URING_OPS; i++)
		if (uring_ops[i].row == row)
			return &uring_ops[i];
	return NULL;
}

const struct uring_op *uring_of_opcode(unsigned opcode, bool *fixed)
{
	size_t i;

	for (i = 0; i < URING_OPS; i++) {
		*fixed = uring_ops[i].fixed >= 0 && (unsigned)uring_ops[i].fixed == opcode;
		if (*fixed || (unsigned)uring_ops[i].opcode == opcode)
			return &uring_ops[i];
	}
	return NULL;
}
