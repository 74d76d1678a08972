/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_UTILS_USER_H
#define IORIOT_UTILS_USER_H

#include <sys/types.h>

#include "utils/err.h"

struct user {
	uid_t uid;
	gid_t gid;
	char name[64];
};

/* A login name or a number of this host. -ENOENT: there is none. */
int user_find(struct user *out, const char *name, struct err *err);

/*
 * Who owns the tree and runs the replay: NAME (a login name or a number) of the command line; when
 * NULL, the caller, or nobody when the caller is root. A file never has a say in this.
 * -ENOENT: no such user. -EPERM: only root may choose somebody else.
 */
int user_choose(struct user *out, const char *name, struct err *err);

#endif
