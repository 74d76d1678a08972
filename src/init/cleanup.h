/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_INIT_CLEANUP_H
#define IORIOT_INIT_CLEANUP_H

#include "options.h"

/*
 * Where: in the .ioriot directories of all mounts, or with --root DIR in that of DIR alone, where
 * they belong to the caller. What: trees whose marker fits (with -n NAME the one of that name), and
 * when purging without -n the trash. Everything else is left and said to be left. Exit statuses.
 */
int trash_command(const struct options *o);
int purge_command(const struct options *o);

int drop_caches_command(const struct options *o);

#endif
