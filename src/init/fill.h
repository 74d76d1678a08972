/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_INIT_FILL_H
#define IORIOT_INIT_FILL_H

#include <stddef.h>
#include <stdint.h>

#include "options.h"

/*
 * The bytes of a file, endless and the same on every host for the same seed:
 *   DATA_RANDOM  cannot be compressed or deduplicated (xoshiro256**, Blackman and Vigna 2018)
 *   DATA_TEXT    words, which compress to a half or less
 *   DATA_ZERO    zeros, written and not left as holes
 */
struct fill {
	enum data_fill kind;
	uint64_t s[4];
};

void fill_start(struct fill *f, enum data_fill kind, uint64_t seed);
void fill_next(struct fill *f, void *out, size_t len);

#endif
