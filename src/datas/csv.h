/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_DATAS_CSV_H
#define IORIOT_DATAS_CSV_H

#include "datas/buf.h"

/* A field of a line (RFC 4180), in quotes where it needs them. */
void csv_field(struct buf *out, struct str s);

/* The same behind a comma. */
void csv_text(struct buf *out, struct str s);
void csv_number(struct buf *out, uint64_t n);
void csv_signed(struct buf *out, int64_t n);

#endif
