/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_CAPTURE_DEVICES_H
#define IORIOT_CAPTURE_DEVICES_H

#include "trace/rec.h"
#include "utils/err.h"

/*
 * Device numbers of super blocks, as the kernel has them at hand, and those that stat(2) shows: not
 * the same where a file system gives each subvolume a number of its own (btrfs). All records of a
 * capture have those of stat(2). One thread.
 */
struct devices;

/* MOUNTINFO: MOUNTS_SELF (tree/mounts.h), or another file like it. 0 or -errno. */
int devices_open(struct devices **out, const char *mountinfo, struct err *err);
void devices_close(struct devices *d);

/*
 * Makes the super block's device of FACTS the one that stat(2) shows. PATH is where the file is, as
 * far as that is known ({NULL}): it tells apart the subvolumes that are mounted. The mounts are
 * read again when the device is one that was not there before.
 */
void devices_translate(struct devices *d, struct facts *facts, struct str path);

#endif
