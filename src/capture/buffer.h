/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_CAPTURE_BUFFER_H
#define IORIOT_CAPTURE_BUFFER_H

#include <stdint.h>

/* MiB of kernel memory on each processor: a burst of a second at 350 k events/s and more. */
#define BUFFER_DEFAULT 64

/*
 * How many MiB each of CPUS processors gets on a host with that much MEMORY in bytes: what was ASKED
 * for (--buffer), or where that is 0 the default, or less, so that all together take an eighth of
 * the memory at most. The caller says so when it is less than BUFFER_DEFAULT.
 */
unsigned buffer_size(unsigned asked, unsigned cpus, uint64_t memory);

#endif
