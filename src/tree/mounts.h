/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_TREE_MOUNTS_H
#define IORIOT_TREE_MOUNTS_H

#include <stdbool.h>
#include <stdint.h>

#include "datas/arena.h"
#include "utils/err.h"
#include "utils/str.h"

/* What is mounted where, from /proc/self/mountinfo (proc_pid_mountinfo(5)). */
struct mount {
	uint64_t id, parent;
	uint32_t dev_major, dev_minor;
	const char *point;  /* unescaped, absolute; "/" for the root */
	const char *fstype; /* without a subtype: "fuse" for "fuse.sshfs" */
	const char *upper;  /* of an overlay, the directory that is written; else NULL */
	bool hidden;	    /* another mount lies over it: no path leads here */
};

struct mounts {
	struct mount *v;
	size_t n;
};

#define MOUNTS_SELF "/proc/self/mountinfo"

/* Reads FILE; everything is in the arena. 0, -EPROTO for a line that is not mountinfo, -errno. */
int mounts_read(struct mounts *out, struct arena *arena, const char *file, struct err *err);

/* The mount that an absolute path is on, by its text: symlinks must be resolved. NULL: none. */
const struct mount *mounts_find(const struct mounts *m, struct str path);

/* Is PATH itself a mount point that can be reached? */
bool mounts_is_point(const struct mounts *m, struct str path);

/*
 * File systems whose files are the kernel's own words, not data: nothing that could be replayed.
 * tmpfs, ramfs, overlay, network and FUSE file systems hold data and are not among them.
 */
bool fs_is_pseudo(const char *fstype);

#endif
