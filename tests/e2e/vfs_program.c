/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What tests/e2e/layers_vfs.sh wants to see: each operation on files, done in the current directory, which is empty.
 * Another one, that has no file, is done between them. Prints its PID.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/falloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define MUST(x)                                                                  \
	({                                                                       \
		long got = (long)(x);                                            \
		if (got < 0) {                                                   \
			printf("line %d: %s\n", __LINE__, strerror(errno));      \
			exit(1);                                                 \
		}                                                                \
		got;                                                             \
	})

static char page[8192] __attribute__((aligned(4096)));

static void data(int fd)
{
	struct iovec two[2] = {{page, 100}, {page + 100, 200}};

	MUST(write(fd, page, 8192));
	MUST(pwrite(fd, page, 50, 100));
	MUST(pwritev(fd, two, 2, 1000));
	MUST(lseek(fd, 10, SEEK_SET));
	MUST(read(fd, page, 20));
	MUST(preadv(fd, two, 2, 4000));
	MUST(fallocate(fd, FALLOC_FL_KEEP_SIZE, 16384, 4096));
	MUST(fsync(fd));
	MUST(fdatasync(fd));
	MUST(sync_file_range(fd, 0, 4096, SYNC_FILE_RANGE_WRITE));
	MUST(posix_fadvise(fd, 4096, 4096, POSIX_FADV_DONTNEED));
	MUST(ftruncate(fd, 6000));
	MUST(syncfs(fd));
}

static void direct(void)
{
	int fd = (int)MUST(open("direct", O_RDWR | O_CREAT | O_DIRECT, 0600));

	MUST(pwrite(fd, page, 4096, 4096));
	MUST(pread(fd, page, 4096, 4096));
	close(fd);
}

static void maps(int fd)
{
	char *at = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		exit(2);
	at[1] = 1;
	MUST(madvise(at, 8192, MADV_RANDOM));
	MUST(msync(at + 4096, 4096, MS_SYNC));
	MUST(munmap(at, 8192));
}

static void names(void)
{
	struct stat st;
	int dir;

	MUST(mkdir("dir", 0750));
	MUST(mkdir("dir/gone", 0700));
	MUST(rename("direct", "dir/renamed"));
	MUST(link("dir/renamed", "linked"));
	MUST(symlink("dir/renamed", "points"));
	MUST(stat("points", &st));
	MUST(lstat("points", &st));
	if (stat("none", &st) == 0)
		exit(3);
	MUST(chmod("linked", 0640));
	MUST(chown("linked", (uid_t)-1, (gid_t)-1));
	MUST(utimensat(AT_FDCWD, "linked", NULL, 0));
	dir = (int)MUST(open("dir", O_RDONLY | O_DIRECTORY));
	MUST(syscall(SYS_getdents64, dir, page, sizeof(page)));
	MUST(unlinkat(dir, "gone", AT_REMOVEDIR));
	MUST(unlinkat(dir, "renamed", 0));
	MUST(unlink("points"));
	MUST(chdir("dir"));
	MUST(chdir(".."));
	MUST(rmdir("dir"));
	close(dir);
}

static void pipes(int fd)
{
	struct iovec one = {page, 64};
	int out = (int)MUST(open("copied", O_WRONLY | O_CREAT | O_TRUNC, 0600)), ends[2];
	off_t at = 0;

	MUST(pipe(ends));
	MUST(write(ends[1], page, 10)); /* no file */
	MUST(read(ends[0], page, 10));
	MUST(sendfile(out, fd, &at, 1000));
	at = 100;
	MUST(splice(fd, &at, ends[1], NULL, 500, 0));
	MUST(vmsplice(ends[1], &one, 1, 0));
	MUST(copy_file_range(fd, &at, out, NULL, 300, 0));
	close(out);
	close(ends[0]);
	close(ends[1]);
}

static void aio(int fd)
{
	aio_context_t context = 0;
	struct iocb cb = {.aio_lio_opcode = IOCB_CMD_PREAD, .aio_fildes = (uint32_t)fd, .aio_buf = (uintptr_t)page,
		.aio_nbytes = 700, .aio_offset = 200}, *cbs[] = {&cb};
	struct io_event event;

	MUST(syscall(SYS_io_setup, 4, &context));
	MUST(syscall(SYS_io_submit, context, 1, cbs));
	MUST(syscall(SYS_io_getevents, context, 1, 1, &event, NULL));
	MUST(syscall(SYS_io_destroy, context));
}

int main(void)
{
	int fd = (int)MUST(open("file", O_RDWR | O_CREAT | O_EXCL, 0644));

	printf("%d\n", (int)getpid());
	fflush(stdout);
	data(fd);
	direct();
	maps(fd);
	names();
	pipes(fd);
	aio(fd);
	MUST(truncate("file", 100));
	sync();
	close(fd);
	return 0;
}
