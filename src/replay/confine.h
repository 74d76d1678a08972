/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_REPLAY_CONFINE_H
#define IORIOT_REPLAY_CONFINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "utils/err.h"
#include "utils/user.h"

/*
 * What a worker gives up before it runs anything from a file: user and groups, the way to new
 * privileges, and by Landlock (landlock(7)) every file that is not in a tree.
 */

/* Version of the kernel's Landlock, or 0 where there is none that replays can live with. */
int confine_landlock_version(void);

/* For good. TREES are descriptors of the directories that stay in reach. */
int confine_process(const struct user *user, int landlock, const int *trees, size_t n,
	struct err *err);

/*
 * Lets so many bytes of registered buffers be pinned in each copy, as far as this user may: those that are not are
 * a divergence.
 */
void confine_memory(uint64_t pinned, uint32_t copies);

/*
 * Raises the limit of open files to the hard limit, and that, where allowed, to NEEDED.
 * -EMFILE when NEEDED is more than there can be.
 */
int confine_files(uint64_t needed, struct err *err);

#endif
