/* SPDX-License-Identifier: Apache-2.0 */
/* 64-bit code that makes 32-bit calls: int $0x80, with what they point to below 4 GiB. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static long int80(long nr, long b, long c, long d, long s, long e)
{
	long ret;

	__asm__ volatile("int $0x80"
			 : "=a"(ret)
			 : "a"(nr), "b"(b), "c"(c), "d"(d), "S"(s), "D"(e)
			 : "memory", "r8", "r9", "r10", "r11");
	return ret;
}

int main(void)
{
	char *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	long at = (long)low, fd, wide;

	if (low == MAP_FAILED)
		return 2;
	strcpy(low, "by80");
	fd = int80(5, at, O_RDWR | O_CREAT, 0640, 0, 0); /* open */
	if (int80(4, fd, at, 4, 0, 0) != 4) /* write */
		return 1;
	if (int80(181, fd, at, 4, 4096, 0) != 4) /* pwrite64 */
		return 1;
	wide = lseek((int)fd, 0, SEEK_END); /* and this one is of 64 bits */
	if (wide != 4100 || write((int)fd, low, 4) != 4)
		return 1;
	if (int80(38, at, at + 2, 0, 0, 0)) /* rename "by80", "80" */
		return 1;
	return int80(6, fd, 0, 0, 0, 0) || int80(6, fd, 0, 0, 0, 0) != -9; /* close, EBADF */
}
