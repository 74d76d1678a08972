/* SPDX-License-Identifier: Apache-2.0 */
/* What a 32-bit program is refused for a file of 2 GiB and more. The directory is empty. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LARGE	     0100000 /* O_LARGEFILE, as the kernel has it */
#define OLD_STAT     106
#define OLD_LSTAT    107
#define OLD_FSTAT    108
#define ONE_BELOW_2G 0x7ffffffe

static void must(int line, long got, long want)
{
	if (got == want || (got == -1 && -errno == want))
		return;
	fprintf(stderr, "limits32.c:%d: %ld (%m), not %ld\n", line, got, want);
	exit(1);
}
#define MUST(call, want) must(__LINE__, (call), (want))

int main(void)
{
	char st[256];
	int large = (int)syscall(SYS_open, "large", O_RDWR | O_CREAT | LARGE, 0644);
	int small = (int)syscall(SYS_open, "small", O_RDWR | O_CREAT, 0644);

	MUST(syscall(SYS_ftruncate64, large, 0, 1), 0);
	MUST(syscall(SYS_open, "large", O_RDWR, 0), -EOVERFLOW);
	MUST(syscall(SYS_open, "large", O_RDWR | O_TRUNC, 0), -EOVERFLOW);
	MUST(syscall(SYS_openat, AT_FDCWD, "large", O_RDWR | O_TRUNC, 0), -EOVERFLOW);
	MUST(syscall(OLD_STAT, "large", st), -EOVERFLOW);
	MUST(syscall(OLD_LSTAT, "large", st), -EOVERFLOW);
	MUST(syscall(OLD_FSTAT, large, st), -EOVERFLOW);
	MUST(syscall(SYS_pwrite64, small, "1234", 4, ONE_BELOW_2G, 0), 1);
	MUST(syscall(SYS_pwrite64, small, "1234", 4, ONE_BELOW_2G + 1, 0), -EFBIG);
	return 0;
}
