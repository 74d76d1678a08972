/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_REPORT_CSV_H
#define IORIOT_REPORT_CSV_H

#include "datas/buf.h"

/* A field of a line (RFC 4180), in quotes where it needs them. */
void csv_field(struct buf *out, struct str s);

#endif
