/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_DATAS_ARENA_H
#define IORIOT_DATAS_ARENA_H

#include <stddef.h>

#include "utils/str.h"

/* Memory that lives and dies together. Pieces are aligned to 16 bytes and never move. */
struct arena {
	struct arena_block *blocks;
	size_t used; /* bytes taken from the first block */
	size_t total;
};

#define ARENA_INIT ((struct arena){0})

void *arena_alloc(struct arena *a, size_t size); /* zeroed, NULL when memory is out */
char *arena_strdup(struct arena *a, struct str s); /* with a NUL behind it */
void arena_free(struct arena *a);

#endif
