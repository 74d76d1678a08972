/* SPDX-License-Identifier: Apache-2.0 */
/* calls FILE N: N preads of 4 KiB from FILE, then N / 4 opens and closes; prints "PREAD_NS OPEN_NS". */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

int main(int argc, char **argv)
{
	static char buf[4096];
	uint64_t n = argc > 2 ? strtoull(argv[2], NULL, 10) : 0, i, t, pread_ns;
	int fd = argc > 2 ? open(argv[1], O_RDONLY) : -1;

	if (fd < 0)
		return 2;
	t = now();
	for (i = 0; i < n; i++)
		if (pread(fd, buf, sizeof(buf), (off_t)(i % 16 * sizeof(buf))) < 0)
			return 1;
	pread_ns = (now() - t) / n;
	t = now();
	for (i = 0; i < n / 4; i++)
		close(open(argv[1], O_RDONLY));
	printf("%llu %llu\n", (unsigned long long)pread_ns,
		(unsigned long long)((now() - t) / (n / 4)));
	return 0;
}
