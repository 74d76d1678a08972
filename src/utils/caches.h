/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_UTILS_CACHES_H
#define IORIOT_UTILS_CACHES_H

#include "utils/err.h"

/*
 * Writes out all dirty data, then asks the kernel to drop clean page cache, dentries and inodes
 * (/proc/sys/vm/drop_caches, admin-guide/sysctl/vm.rst). -EACCES, -EPERM, -EROFS or -ENOENT: this
 * host or user may not; nothing is wrong with the data then.
 */
int drop_caches(struct err *err);

#endif
