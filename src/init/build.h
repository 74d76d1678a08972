/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_INIT_BUILD_H
#define IORIOT_INIT_BUILD_H

#include "init/plan.h"
#include "options.h"
#include "utils/progress.h"
#include "utils/user.h"

/*
 * Makes what a plan says, in trees that were just created and are open. Nothing is ever replaced,
 * and no symbolic link is followed, not even one that the plan itself makes.
 *
 * Owners. Run by root: everything belongs to USER, except that what belonged to others than the
 * captured user belongs to root, so that permission checks come out as they did. Run by anybody
 * else: everything belongs to the caller, and where a file belonged to others, the permissions of
 * its owner become those that the captured user had: the ones of "others" (groups are not looked
 * at). Files that belong to root or to another owner get no set-uid and set-gid bits.
 *
 * *REFUSED: extended attributes that the file system does not take.
 *
 * What is there of an earlier run (e->there, e->clean: init/renew.h) is left as it is.
 *
 * 0, or -errno of the first failure, with what was made so far left behind.
 */
int build(const struct plan *plan, const struct user *user, enum data_fill data,
	struct progress *progress, uint64_t *refused, struct err *err);

/* The mode that build() gives an entry. */
uint32_t build_mode(const struct entry *e, bool is_root, uid_t user);

#endif
