/* SPDX-License-Identifier: Apache-2.0 */
#include "init/attributes.h"

#include <errno.h>
#include <linux/limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "init/fill.h"
#include "ops/xattr.h"
#include "utils/acl.h"

/* What another file system had room for, or another kernel allowed, is counted and not fatal. */
static int refused(int code)
{
	switch (code) {
	case EOPNOTSUPP:
	case ENOSPC:
	case EDQUOT:
	case E2BIG:
	case ERANGE:
	case EPERM:
		return 1;
	default:
		return -code;
	}
}

static int set(int fd, const char *name, const void *value, size_t size)
{
	return fsetxattr(fd, name, value, size, 0) ? refused(errno) : 0;
}

static int set_attribute(const struct entry *e, const struct attribute *a, uint32_t mode, int fd)
{
	char *value = malloc(a->size + 1);
	struct fill fill;
	int rc;

	if (!value)
		return -ENOMEM;
	if (strcmp(a->name, XATTR_ACL) == 0) {
		acl_make(value, a->size, mode);
	} else if (strcmp(a->name, XATTR_ACL_DEFAULT) == 0) {
		acl_make(value, a->size, a->mode);
	} else {
		fill_start(&fill, DATA_RANDOM, e->seed ^ hash_bytes(a->name, strlen(a->name), 0));
		fill_next(&fill, value, a->size);
	}
	rc = set(fd, a->name, value, a->size);
	free(value);
	return rc;
}

/* Names of ours, MISSING bytes of them in a list, each at most the longest and at least the shortest. */
static int set_names(int fd, size_t missing)
{
	char name[XATTR_NAME_MAX + 1];
	unsigned i;
	size_t len;
	int n, rc = 0;

	for (i = 0; missing && rc == 0; i++, missing -= len) {
		len = missing < sizeof(name) ? missing : sizeof(name);
		if (missing > len && missing - len < XATTR_LIST_LEAST)
			len -= XATTR_LIST_LEAST;
		memset(name, '~', sizeof(name));
		n = snprintf(name, sizeof(name), "user.%u", i);
		if ((size_t)n < len)
			name[n] = '~';
		name[len - 1] = '\0';
		rc = set(fd, name, NULL, 0);
	}
	return rc;
}

/* What is there besides, the label of a security module, is a part of the list. */
static int lengthen_list(const struct entry *e, int fd)
{
	ssize_t there = flistxattr(fd, NULL, 0);

	if (there < 0)
		return refused(errno);
	if ((uint64_t)there >= e->list)
		return (uint64_t)there > e->list;
	if (e->list - (uint64_t)there < XATTR_LIST_LEAST)
		return 1;
	return set_names(fd, e->list - (size_t)there);
}

int attributes_set(const struct entry *e, uint32_t mode, int fd)
{
	const struct attribute *a;
	int rc = 0, missing = 0;

	for (a = e->attributes; a; a = a->next) {
		rc = set_attribute(e, a, mode, fd);
		if (rc < 0)
			return rc;
		missing += rc;
	}
	if (e->list)
		rc = lengthen_list(e, fd);
	return rc < 0 ? rc : missing + (e->list ? rc : 0);
}
