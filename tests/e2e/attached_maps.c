/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Has files mapped, and says so in the file "../pid"; when the file "../go" is there, it uses the maps through no
 * descriptor.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096

static void must(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(1);
}

static volatile char *map(const char *name, size_t len, int prot, int flags, off_t off)
{
	int fd = open(name, O_RDWR | O_CREAT, 0644);
	void *at;

	must(fd >= 0, name);
	if (lseek(fd, 0, SEEK_END) == 0)
		must(ftruncate(fd, (off_t)len) == 0, name);
	at = mmap(NULL, len, prot, flags, fd, off);
	must(at != MAP_FAILED, name);
	close(fd);
	return at;
}

static void say_pid(void)
{
	FILE *f = fopen("../pid.new", "w");

	must(f && fprintf(f, "%d\n", (int)getpid()) > 0 && fclose(f) == 0, "../pid.new");
	must(rename("../pid.new", "../pid") == 0, "../pid");
}

static void await(const char *name)
{
	while (access(name, F_OK))
		usleep(10000);
}

int main(void)
{
	volatile char *shared = map("shared", 256 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
	volatile char *private = map("private", 25 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, 0);
	volatile char *looked_at = map("private", 13 * PAGE, PROT_READ, MAP_SHARED, 2 * PAGE);
	volatile char *gone = map("gone", 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, 0);

	must(unlink("gone") == 0, "gone");
	say_pid();
	await("../go");
	shared[5 * PAGE] = (char)(looked_at[10 * PAGE] + 1);
	private[PAGE] = private[12 * PAGE];
	shared[200 * PAGE] = 3;
	gone[0] = 1;
	must(msync((void *)shared, 256 * PAGE, MS_SYNC) == 0, "msync");
	must(madvise((void *)looked_at, 13 * PAGE, MADV_WILLNEED) == 0, "madvise");
	must(munmap((void *)private, 25 * PAGE) == 0, "munmap");
	must(munmap((void *)gone, 2 * PAGE) == 0, "munmap");
	must(munmap((void *)(looked_at + 4 * PAGE), 9 * PAGE) == 0, "munmap");
	shared = mremap((void *)shared, 256 * PAGE, 512 * PAGE, MREMAP_MAYMOVE);
	must(shared != MAP_FAILED, "mremap");
	must(msync((void *)shared, PAGE, MS_ASYNC) == 0, "msync");
	must(munmap((void *)looked_at, 4 * PAGE) == 0, "munmap");
	must(munmap((void *)shared, 512 * PAGE) == 0, "munmap");
	return 0;
}
