/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_OPS_XATTR_H
#define IORIOT_OPS_XATTR_H

#include <linux/limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "utils/str.h"

/* Extended attributes of INIT, which generate writes and init makes. */

#define XATTR_LIST_LEAST 7 /* bytes of "user.x" in a list */
#define XATTR_ACL "system.posix_acl_access"
#define XATTR_ACL_DEFAULT "system.posix_acl_default" /* of a directory, for what is made in it */

/* Bytes of an access control list that says more than permission bits: 4, and 8 for each entry. */
#define ACL_HEAD  4
#define ACL_ENTRY 8
#define ACL_LEAST (ACL_HEAD + 4 * ACL_ENTRY)
#define ACL_PLAIN (ACL_HEAD + 3 * ACL_ENTRY) /* of one that says no more */

static inline bool xattr_is_acl(struct str name)
{
	return str_eqs(name, XATTR_ACL) || str_eqs(name, XATTR_ACL_DEFAULT);
}

/* Can a list be so long? A set of fewer bytes takes away the one that is there. */
static inline bool acl_is_length(uint64_t bytes)
{
	return bytes >= ACL_PLAIN && bytes <= XATTR_SIZE_MAX && bytes % ACL_ENTRY == ACL_HEAD % ACL_ENTRY;
}

/* ... if it says more than permission bits do, as those must that stay with a file? */
static inline bool acl_is_full(uint64_t bytes)
{
	return bytes >= ACL_LEAST && acl_is_length(bytes);
}

/*
 * In a replay the flags of a set of a list have the permission bits that it gives, times 65536, and with those of
 * XATTR_ACL, where older files have none, XATTR_TOLD.
 */
#define XATTR_BITS_SHIFT 16
#define XATTR_FLAGS	 0xffffu
#define XATTR_TOLD	 (01000u << XATTR_BITS_SHIFT)

#endif
