/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/rings.h"

#include <stddef.h>

static const struct {
	const char *name;
	unsigned fields;
} opcodes[] = {
#define RING(opcode, name, fields) [opcode] = {#name, fields},
#include "ops/ring_ops.def"
};

#define OPCODES (sizeof(opcodes) / sizeof(*opcodes))

const char *ring_name(unsigned opcode)
{
	return opcode < OPCODES ? opcodes[opcode].name : NULL;
}

unsigned ring_fields(unsigned opcode)
{
	return opcode < OPCODES ? opcodes[opcode].fields : 0;
}
