/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_REPLAY_EXEC_MAP_H
#define IORIOT_REPLAY_EXEC_MAP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Memory maps of a worker's virtual processes: exec_map.c. */

/* One map, by its number in the file. */
struct xmap {
	_Atomic int32_t users; /* threads that use it, -1: one that changes it */
	bool shared;
	int prot;
	uint8_t *base; /* NULL = not mapped */
	uint64_t len, left; /* of whole pages; what did not end */
};

struct worker;

void map_end(struct worker *w, uint32_t id); /* VITEM_MAP */

/* SIGBUS and SIGSEGV of touched pages become results, from here on and in all threads. */
void map_traps(void);

#endif
