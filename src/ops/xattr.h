/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_OPS_XATTR_H
#define IORIOT_OPS_XATTR_H

/* Extended attributes of INIT, which generate writes and init makes. */

#define XATTR_LIST_LEAST 7 /* bytes of "user.x" in a list */
#define XATTR_ACL "system.posix_acl_access"
#define XATTR_ACL_DEFAULT "system.posix_acl_default" /* of a directory, for what is made in it */

/* Bytes of an access control list that says more than permission bits: 4, and 8 for each entry. */
#define ACL_HEAD  4
#define ACL_ENTRY 8
#define ACL_LEAST (ACL_HEAD + 4 * ACL_ENTRY)
#define ACL_PLAIN (ACL_HEAD + 3 * ACL_ENTRY) /* of one that says no more */

/* In a replay the flags of a set of XATTR_ACL_DEFAULT have the permission bits that it gives, times 65536. */
#define XATTR_BITS_SHIFT 16
#define XATTR_FLAGS	 0xffffu

#endif
