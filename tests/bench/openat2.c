/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For a valgrind that does not know openat2(2): with -Wl,--wrap=syscall it becomes openat(2), which leads to the same
 * files where no path wants out.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/syscall.h>

long __real_syscall(long nr, ...);
long __wrap_syscall(long nr, ...);

long __wrap_syscall(long nr, ...)
{
	const struct open_how *how;
	long a[6];
	va_list args;
	int i;

	va_start(args, nr);
	for (i = 0; i < 6; i++)
		a[i] = va_arg(args, long);
	va_end(args);
	if (nr != SYS_openat2)
		return __real_syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	how = (const struct open_how *)(uintptr_t)a[2];
	return __real_syscall(SYS_openat, a[0], a[1], (long)how->flags, (long)how->mode);
}
