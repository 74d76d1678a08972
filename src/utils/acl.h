/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_UTILS_ACL_H
#define IORIOT_UTILS_ACL_H

#include <stddef.h>
#include <stdint.h>

/*
 * An access control list of SIZE bytes with the effect of the permission bits MODE: its named users, as many as fit,
 * are ourselves, who own the file or need no permission. Whom the captured one named means nothing here.
 * SIZE is ACL_PLAIN, or ACL_LEAST and a number of entries, or ACL_HEAD: an empty list.
 */
void acl_make(void *value, uint32_t size, uint32_t mode);

/* The permission bits that a list gives: those of the owner, the mask or else the group, and others. -1: it is none. */
int acl_bits(const void *value, size_t size);

/* SIZE bytes, at least ACL_HEAD of them, that are a list of a version that the kernel knows, and none that it takes. */
void acl_make_bad(void *value, uint32_t size);

#endif
