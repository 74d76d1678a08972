/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_GENERATE_INIT_SECTION_H
#define IORIOT_GENERATE_INIT_SECTION_H

#include "generate/model.h"
#include "trace/outfile.h"

struct init_counts {
	uint64_t directories, files, links, others;
	uint64_t size, data; /* bytes of the files, and bytes of them that must be data */
};

/* Writes "#INIT" and a line for each name of the start. 0 or -errno. */
int init_section_write(struct model *m, struct outfile *out, struct init_counts *counts,
	struct err *err);

#endif
