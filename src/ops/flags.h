/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_OPS_FLAGS_H
#define IORIOT_OPS_FLAGS_H

#include <stdint.h>

#include "datas/buf.h"
#include "ops/ops.h"

/*
 * Flag words as text: NAME+NAME+0x40 with the names of the man pages, "0" when no bit is set. A
 * .replay holds names because some values differ between architectures (O_DIRECT and friends).
 */
void flags_print(struct buf *out, enum arg_kind kind, uint64_t value);

/* Reads what flags_print() writes, and plain numbers. 0, or -EINVAL for an unknown name. */
int flags_parse(enum arg_kind kind, struct str text, uint64_t *value);

/* open(2) flags captured on ARCH ("x86_64", "aarch64") in the values of this machine. */
uint64_t flags_open_from(struct str arch, uint64_t value);

#endif
