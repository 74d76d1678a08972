/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* layers_program FILE: drops it from the cache, reads its first byte in a shared map, then writes to each page. */
int main(int argc, char **argv)
{
	int fd = open(argc > 1 ? argv[1] : "", O_RDWR);
	volatile unsigned char *map;
	struct stat st;
	off_t at;

	if (fd < 0 || fstat(fd, &st) || fsync(fd) || posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED))
		return 1;
	map = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return 1;
	printf("%jx %d\n", (uintmax_t)(uintptr_t)map, map[0]);
	for (at = 0; at < st.st_size; at += 4096)
		map[at] = 1;
	return 0;
}
