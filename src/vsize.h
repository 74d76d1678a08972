/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_VSIZE_H
#define IORIOT_VSIZE_H

#include <stdbool.h>
#include <stdint.h>

#include "datas/buf.h"
#include "datas/hmap.h"

/*
 * Virtual size: what the bytes of one file were before the capture, found out by what was done to
 * them. Only the part that existed at the start and was not cut off since counts ("original");
 * which pages of it were read or overwritten in place must be data in a replay, the rest may stay
 * a hole. Pages are kept as bits in chunks, so that random access to a huge file costs one bit a
 * page and no list ever grows with the number of ranges.
 */
#define VSIZE_PAGE	  4096u
#define VSIZE_CHUNK_PAGES 4096u /* pages of one chunk: 16 MiB of file in 512 bytes of bits */

struct vsize {
	uint64_t size;	   /* now */
	uint64_t start;	   /* at the start of the capture; 0 for files made later */
	uint64_t original; /* bytes [0, original) are still those of the start */
	bool certain;	   /* start was seen, not inferred */
	uint64_t small;	   /* pages 0..63 */
	struct hmap chunks;
	uint64_t *extents; /* what was data at the start: offset, length, ...; NULL = all of it */
	uint32_t nextents; /* values; 0 with extents != NULL = one big hole */
};

void vsize_free(struct vsize *v);

/* The file existed with this size; EXTENTS (copied, may be NULL) says which parts were data. */
int vsize_at_start(struct vsize *v, uint64_t size, const uint64_t *extents, uint32_t n,
	bool has_extents);

/* N bytes at OFF were read. Infers the size when it is not certain. */
int vsize_read(struct vsize *v, uint64_t off, uint64_t n);
int vsize_write(struct vsize *v, uint64_t off, uint64_t n);
/* Something outside of the capture made it this long; it is taken to have been so all along. */
void vsize_grown(struct vsize *v, uint64_t size);
void vsize_truncate(struct vsize *v, uint64_t size);

/*
 * The ranges that must be data: offset, length, ... ascending, clipped to the size at the start and
 * to what was data then, appended to OUT. 0 or -ENOMEM.
 */
int vsize_ranges(const struct vsize *v, u64_vec *out);

#endif
