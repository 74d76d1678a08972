/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_UTILS_BENEATH_H
#define IORIOT_UTILS_BENEATH_H

#include <fcntl.h>
#include <stdint.h>

/*
 * openat2(2), always with O_CLOEXEC. RESOLVE is of RESOLVE_*. The descriptor, or -errno: -ELOOP
 * when a symbolic link is in the way, -EXDEV when the path leads out or onto another mount, -ENOSYS
 * on kernels before 5.6.
 */
int open_resolve(int dirfd, const char *path, int flags, uint64_t resolve);

/*
 * Opens what stands at REST beneath the directory DIRFD ("" is the directory itself), following no
 * symbolic link anywhere and never leaving DIRFD.
 */
int open_beneath(int dirfd, const char *rest, int flags);

#endif
