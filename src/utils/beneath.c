/* SPDX-License-Identifier: Apache-2.0 */
#include "utils/beneath.h"

#include <errno.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#define RACES_MAX 100

int open_resolve(int dirfd, const char *path, int flags, uint64_t resolve)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned)(flags | O_CLOEXEC), .resolve = resolve};
	long fd;
	int i;

	/* EAGAIN: a rename elsewhere made the kernel unsure whether the path stayed beneath */
	for (i = 0; i < RACES_MAX; i++) {
		fd = syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
		if (fd >= 0 || errno != EAGAIN)
			break;
	}
	return fd < 0 ? -errno : (int)fd;
}

int open_beneath(int dirfd, const char *rest, int flags)
{
	return open_resolve(dirfd, rest[0] ? rest : ".", flags | O_NOFOLLOW,
		RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
}
