/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_OPS_RINGS_H
#define IORIOT_OPS_RINGS_H

#include "ops/layers.h"

/* What is derived from ring_ops.def. */

/* "READV"; NULL: no opcode that we know. */
const char *ring_name(unsigned opcode);

/* enum ring_field */
unsigned ring_fields(unsigned opcode);

#endif
