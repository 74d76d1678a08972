/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_REPORT_TABLE_H
#define IORIOT_REPORT_TABLE_H

#include "datas/buf.h"

/* Text in columns as wide as their widest cell. The first row is the heading. */

#define TABLE_COLUMNS 20

struct table {
	struct buf text; /* of all cells, one behind the other */
	VEC(size_t) ends;
	unsigned columns, left; /* so many columns from the right end are aligned to the left */
};

void table_init(struct table *t, unsigned columns, unsigned left);
void table_cell(struct table *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void table_cell_name(struct table *t, struct str s); /* of a file or program: escaped */
int table_print(const struct table *t, struct buf *out, bool colour); /* 0 or -ENOMEM */
void table_free(struct table *t);

#endif
