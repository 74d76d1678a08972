/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_INIT_RENEW_H
#define IORIOT_INIT_RENEW_H

#include "init/plan.h"
#include "utils/user.h"

/*
 * Trees as init made them, once more: what a replay left alone stays. It is known by its inode and the
 * time of its last change (st_ctime), which the kernel sets with every change of data, length, mode, owner,
 * names and attributes, and which nobody can set back. What time on a file system is too coarse to tell
 * that (whole seconds) counts as changed. What an mmap wrote on tmpfs changes no time, only bytes.
 */
struct renewed {
	uint64_t kept, made, removed; /* entries */
};

/* Remembers how the entries of PLAN stand in its trees, which are open. */
int renew_note(struct plan *plan, struct err *err);

/*
 * Removes from the trees, which are open, what the plan does not have and what is not as it was at
 * renew_note(), and says by e->there and e->clean what is: build() makes the rest.
 */
int renew_sort_out(struct plan *plan, struct renewed *what, struct err *err);

#endif
