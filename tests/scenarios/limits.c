/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that limits of the process, or memory of its own, refuse or cut short. The directory is empty. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <linux/aio_abi.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define LIMIT 5000

static void must(int line, long long got, long long want)
{
	if (got == want || (got == -1 && -errno == want))
		return;
	fprintf(stderr, "limits.c:%d: %lld (%m), not %lld\n", line, got, want);
	exit(1);
}
#define MUST(call, want) must(__LINE__, (call), (want))

static void limit(int what, rlim_t soft)
{
	struct rlimit l;

	MUST(getrlimit(what, &l), 0);
	l.rlim_cur = soft;
	MUST(setrlimit(what, &l), 0);
}

/* Files as long as the limit allows, and no longer. */
static void long_files(char *data)
{
	struct iovec v[3] = {{data, 1000}, {data, 2000}, {data, 500}};
	int in = open("in", O_RDWR | O_CREAT, 0644), out = open("out", O_RDWR | O_CREAT, 0644);
	int more = open("more", O_RDWR | O_CREAT | O_APPEND, 0644);
	off_t at = 0;

	MUST(write(in, data, 8000), 8000);
	signal(SIGXFSZ, SIG_IGN);
	limit(RLIMIT_FSIZE, LIMIT);
	MUST(write(out, data, 3000), 3000);
	MUST(write(out, data, 3000), 2000);
	MUST(write(out, data, 3000), -EFBIG);
	MUST(lseek(out, 0, SEEK_CUR), LIMIT);
	MUST(pwrite(out, data, 3000, 4500), 500);
	MUST(pwrite(out, data, 3000, 7000), -EFBIG);
	MUST(pwritev(out, v, 3, 3500), 1500);
	MUST(pwritev(out, v, 3, 4900), 100);
	MUST(writev(more, v, 3), 3500);
	MUST(writev(more, v, 3), 1500);
	MUST(writev(more, v, 3), -EFBIG);
	MUST(ftruncate(out, LIMIT + 1), -EFBIG);
	MUST(truncate("out", LIMIT + 1), -EFBIG);
	MUST(truncate("out", LIMIT - 1), 0);
	MUST(fallocate(out, 0, 1000, LIMIT), -EFBIG);
	MUST(sendfile(out, in, &at, 100), -EFBIG);
	MUST(ftruncate(out, 1000), 0);
	MUST(lseek(out, 0, SEEK_END), 1000);
	at = 0;
	MUST(sendfile(out, in, &at, 8000), LIMIT - 1000);
	MUST(lseek(out, 3000, SEEK_SET), 3000);
	at = 500;
	MUST(copy_file_range(in, &at, out, NULL, 6000, 0), LIMIT - 3000);
	MUST(copy_file_range(in, &at, out, NULL, 6000, 0), -EFBIG);
	limit(RLIMIT_FSIZE, RLIM_INFINITY);
	MUST(write(out, data, 10), 10);
	close(in);
	close(out);
	close(more);
}

static void many_files(void)
{
	int first = open("first", O_RDWR | O_CREAT, 0644), fd;

	limit(RLIMIT_NOFILE, (rlim_t)first + 3);
	MUST(dup(first), first + 1);
	MUST(open("second", O_RDWR | O_CREAT, 0644), first + 2);
	MUST(open("third", O_RDWR | O_CREAT, 0644), -EMFILE);
	MUST(creat("third", 0644), -EMFILE);
	MUST(open("first", O_RDWR | O_TRUNC), -EMFILE);
	MUST(open("none/none", O_RDONLY), -EMFILE);
	MUST(access("third", F_OK), -ENOENT);
	MUST(dup(first), -EMFILE);
	MUST(fcntl(first, F_DUPFD, 1), -EMFILE);
	MUST(dup2(first, first + 3), -EBADF);
	MUST(fcntl(first, F_DUPFD, first + 3), -EINVAL);
	close(first + 1);
	fd = open("third", O_RDWR | O_CREAT, 0644);
	MUST(fd, first + 1);
	MUST(write(fd, "x", 1), 1);
}

/* What cannot be read ends a write where it begins. */
static void half_memory(void)
{
	char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct iovec v[3] = {{p, 1000}, {p + 4000, 500}, {p, 200}};
	int fd = open("half", O_RDWR | O_CREAT, 0644);

	MUST(mprotect(p + 4096, 4096, PROT_NONE), 0);
	MUST(write(fd, p + 1096, 6000), 3000);
	MUST(writev(fd, v, 3), 1096);
	MUST(pwrite(fd, p + 4096, 10, 0), -EFAULT);
	MUST(lseek(fd, 0, SEEK_CUR), 4096);
	close(fd);
}

/* The same in a ring: what is cut short ends its chain, and what fails does. */
static void ring(char *data)
{
	static const int results[7] = {3000, 2000, -ECANCELED, -EFBIG, 1500, -EFBIG, 100};
	struct iovec v[2] = {{data, 1000}, {data, 3000}};
	int one = open("one", O_RDWR | O_CREAT, 0644), two = open("two", O_RDWR | O_CREAT, 0644);
	struct io_uring r;
	struct io_uring_sqe *s[7];
	struct io_uring_cqe *c;
	int i;

	signal(SIGXFSZ, SIG_IGN);
	limit(RLIMIT_FSIZE, LIMIT);
	MUST(io_uring_queue_init(16, &r, 0), 0);
	for (i = 0; i < 7; i++)
		s[i] = io_uring_get_sqe(&r);
	io_uring_prep_write(s[0], one, data, 3000, 0);
	io_uring_prep_write(s[1], one, data, 3000, 3000);
	io_uring_prep_write(s[2], two, data, 3000, 0);
	io_uring_prep_write(s[3], two, data, 1000, 6000);
	io_uring_prep_writev(s[4], two, v, 2, 3500);
	io_uring_prep_fallocate(s[5], two, 0, 0, 9000);
	io_uring_prep_write(s[6], one, data, 100, 0);
	for (i = 0; i < 7; i++)
		io_uring_sqe_set_data64(s[i], (__u64)i);
	s[0]->flags |= IOSQE_IO_LINK;
	s[1]->flags |= IOSQE_IO_LINK;
	s[3]->flags |= IOSQE_IO_HARDLINK;
	s[4]->flags |= IOSQE_IO_HARDLINK;
	s[5]->flags |= IOSQE_IO_HARDLINK;
	MUST(io_uring_submit_and_wait(&r, 7), 7);
	for (i = 0; i < 7; i++) {
		MUST(io_uring_wait_cqe(&r, &c), 0);
		MUST(c->res, results[c->user_data]);
		io_uring_cqe_seen(&r, c);
	}
	limit(RLIMIT_NOFILE, (rlim_t)two + 2);
	s[0] = io_uring_get_sqe(&r);
	io_uring_prep_openat(s[0], AT_FDCWD, "three", O_RDWR | O_CREAT, 0644);
	MUST(io_uring_submit_and_wait(&r, 1), 1);
	MUST(io_uring_wait_cqe(&r, &c), 0);
	MUST(c->res, -EMFILE);
	io_uring_cqe_seen(&r, c);
	io_uring_queue_exit(&r);
}

/* COUNT requests of Linux AIO in one batch, whose results are R. */
static void batch(int line, aio_context_t context, const struct iocb *all, int count, const int *r)
{
	struct io_event events[8];
	struct iocb each[8], *list[8];
	int i;

	for (i = 0; i < count; i++) {
		each[i] = all[i];
		list[i] = &each[i];
	}
	must(line, syscall(SYS_io_submit, context, (long)count, list), count);
	must(line, syscall(SYS_io_getevents, context, (long)count, 8L, events, NULL), count);
	for (i = 0; i < count; i++)
		must(line, events[i].res, r[(struct iocb *)(uintptr_t)events[i].obj - each]);
}

static struct iocb request(int opcode, int fd, const void *buffer, unsigned length, long long offset)
{
	return (struct iocb){.aio_lio_opcode = (unsigned short)opcode,
		.aio_fildes = (unsigned)fd,
		.aio_buf = (uintptr_t)buffer,
		.aio_nbytes = length,
		.aio_offset = offset};
}

static aio_context_t aio_context(unsigned n)
{
	aio_context_t context = 0;

	MUST(syscall(SYS_io_setup, n, &context), 0);
	return context;
}

static void aio(char *data)
{
	struct iovec v[2] = {{data, 1000}, {data, 3000}};
	int one = open("one", O_RDWR | O_CREAT, 0644), two = open("two", O_RDWR | O_CREAT | O_APPEND, 0644);
	aio_context_t context = aio_context(8), none = 0;

	signal(SIGXFSZ, SIG_IGN);
	limit(RLIMIT_FSIZE, LIMIT);
	batch(__LINE__, context,
		(struct iocb[]){request(IOCB_CMD_PWRITE, one, data, 3000, 0),
			request(IOCB_CMD_PWRITE, one, data, 3000, 3000),
			request(IOCB_CMD_PWRITE, one, data, 100, 6000),
			request(IOCB_CMD_PWRITEV, one, v, 2, 3500),
			request(IOCB_CMD_PREAD, one, data, 100, 4000)},
		5, (int[]){3000, 2000, -EFBIG, 1500, 100});
	batch(__LINE__, context, (struct iocb[]){request(IOCB_CMD_PWRITE, one, data, 100, 9000)}, 1, (int[]){-EFBIG});
	MUST(lseek(one, 0, SEEK_END), LIMIT);
	MUST(write(two, data, 4000), 4000);
	batch(__LINE__, context, (struct iocb[]){request(IOCB_CMD_PWRITEV, two, v, 2, 0)}, 1, (int[]){1000});
	batch(__LINE__, context, (struct iocb[]){request(IOCB_CMD_PWRITEV, two, v, 2, 0)}, 1, (int[]){-EFBIG});
	MUST(lseek(two, 0, SEEK_END), LIMIT);
	MUST(syscall(SYS_io_setup, 4000000, &none), -EAGAIN);
}

/* Where the host allows rings. */
static void full_ring(int fd, const char *data)
{
	struct io_uring r;
	struct io_uring_sqe *s;
	struct io_uring_cqe *c;

	if (io_uring_queue_init(8, &r, 0) < 0)
		return;
	s = io_uring_get_sqe(&r);
	io_uring_prep_write(s, fd, data, 10, 0);
	MUST(io_uring_submit_and_wait(&r, 1), 1);
	MUST(io_uring_wait_cqe(&r, &c), 0);
	MUST(c->res, -ENOSPC);
	io_uring_cqe_seen(&r, c);
	io_uring_queue_exit(&r);
}

/* A file system of 256 KiB and 8 inodes, of which its top is one. */
static void full(void)
{
	char *data = calloc(1, 200000), name[] = "0";
	int fd = open("long", O_RDWR | O_CREAT | O_APPEND, 0644), i;
	ssize_t rest;

	MUST(write(fd, data, 200000), 200000);
	rest = write(fd, data, 200000);
	MUST(rest > 0 && rest < 200000, 1);
	MUST(write(fd, data, 200000), -ENOSPC);
	MUST(pwrite(fd, data, 1, 0), -ENOSPC); /* O_APPEND */
	batch(__LINE__, aio_context(8),
		(struct iocb[]){request(IOCB_CMD_PWRITE, fd, data, 10, 0), request(IOCB_CMD_PREAD, fd, data, 10, 0)}, 2,
		(int[]){-ENOSPC, 10});
	full_ring(fd, data);
	close(fd);
	for (i = 0; i < 6; i++, name[0]++)
		MUST(mkdir(name, 0755), 0);
	MUST(mkdir("more", 0755), -ENOSPC);
	MUST(mknod("more", S_IFIFO | 0644, 0), -ENOSPC);
	MUST(open("more", O_RDWR | O_CREAT, 0644), -ENOSPC);
	MUST(symlink("more", "again"), -ENOSPC);
	MUST(link("long", "longer"), -ENOSPC);
	MUST(rmdir("0"), 0);
	MUST(mkdir("more", 0755), 0);
	MUST(rename("more", "0"), 0);
}

int main(int argc, char **argv)
{
	char *data = calloc(1, 8000);

	if (argc > 1 && strcmp(argv[1], "ring") == 0) {
		ring(data);
		return 0;
	}
	if (argc > 1 && strcmp(argv[1], "aio") == 0) {
		aio(data);
		return 0;
	}
	if (argc > 1) {
		full();
		return 0;
	}
	long_files(data);
	half_memory();
	many_files();
	return 0;
}
