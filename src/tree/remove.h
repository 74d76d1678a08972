/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_TREE_REMOVE_H
#define IORIOT_TREE_REMOVE_H

#include <stdint.h>

#include "utils/err.h"

struct removed {
	uint64_t entries;
	uint64_t bytes; /* of disk that was given back */
};

/*
 * Removes the entry NAME of the directory DIR and everything below it, following no symbolic link
 * and entering no other mount. DIR is a .ioriot or a trash: what lies very deep is moved up into it
 * as TREE_GONE and a number before it is removed, so that neither stack nor descriptors run out.
 * Goes on after a failure and returns the first one; what could not be removed is left.
 */
int remove_entry(int dir, const char *name, struct removed *sum, struct err *err);

/* Removes all entries of the trash directory DIR. */
int remove_entries(int dir, struct removed *sum, struct err *err);

#endif
