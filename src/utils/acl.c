/* SPDX-License-Identifier: Apache-2.0 */
#include "utils/acl.h"

#include <endian.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <string.h>
#include <unistd.h>

#include "ops/xattr.h"

static void entry(struct posix_acl_xattr_entry *e, unsigned tag, uint32_t perm, uint32_t id)
{
	e->e_tag = htole16((uint16_t)tag);
	e->e_perm = htole16((uint16_t)(perm & 7));
	e->e_id = htole32(id);
}

void acl_make(void *value, uint32_t size, uint32_t mode)
{
	struct posix_acl_xattr_header *head = value;
	struct posix_acl_xattr_entry *e = (void *)(head + 1);
	uint32_t i, named = size < ACL_LEAST ? 0 : (size - ACL_LEAST) / ACL_ENTRY;

	head->a_version = htole32(POSIX_ACL_XATTR_VERSION);
	entry(e++, ACL_USER_OBJ, mode >> 6, (uint32_t)ACL_UNDEFINED_ID);
	for (i = 0; i < named; i++)
		entry(e++, ACL_USER, mode >> 3, geteuid());
	entry(e++, ACL_GROUP_OBJ, mode >> 3, (uint32_t)ACL_UNDEFINED_ID);
	if (size >= ACL_LEAST)
		entry(e++, ACL_MASK, mode >> 3, (uint32_t)ACL_UNDEFINED_ID);
	entry(e, ACL_OTHER, mode, (uint32_t)ACL_UNDEFINED_ID);
}

void acl_make_bad(void *value, uint32_t size)
{
	struct posix_acl_xattr_header *head = value;

	memset(value, 0, size);
	head->a_version = htole32(POSIX_ACL_XATTR_VERSION);
}
