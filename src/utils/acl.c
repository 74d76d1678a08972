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
	if (size < ACL_PLAIN)
		return;
	entry(e++, ACL_USER_OBJ, mode >> 6, (uint32_t)ACL_UNDEFINED_ID);
	for (i = 0; i < named; i++)
		entry(e++, ACL_USER, mode >> 3, geteuid());
	entry(e++, ACL_GROUP_OBJ, mode >> 3, (uint32_t)ACL_UNDEFINED_ID);
	if (size >= ACL_LEAST)
		entry(e++, ACL_MASK, mode >> 3, (uint32_t)ACL_UNDEFINED_ID);
	entry(e, ACL_OTHER, mode, (uint32_t)ACL_UNDEFINED_ID);
}

int acl_bits(const void *value, size_t size)
{
	const struct posix_acl_xattr_header *head = value;
	const struct posix_acl_xattr_entry *e = (const void *)(head + 1);
	int owner = 0, group = 0, mask = -1, other = 0;
	size_t i;

	if (!acl_is_length(size) || head->a_version != htole32(POSIX_ACL_XATTR_VERSION))
		return -1;
	for (i = 0; i < (size - ACL_HEAD) / ACL_ENTRY; i++) {
		int perm = le16toh(e[i].e_perm) & 7;

		switch (le16toh(e[i].e_tag)) {
		case ACL_USER_OBJ:
			owner = perm;
			break;
		case ACL_GROUP_OBJ:
			group = perm;
			break;
		case ACL_MASK:
			mask = perm;
			break;
		case ACL_OTHER:
			other = perm;
			break;
		}
	}
	return owner << 6 | (mask < 0 ? group : mask) << 3 | other;
}

void acl_make_bad(void *value, uint32_t size)
{
	struct posix_acl_xattr_header *head = value;

	memset(value, 0, size);
	head->a_version = htole32(POSIX_ACL_XATTR_VERSION);
}
