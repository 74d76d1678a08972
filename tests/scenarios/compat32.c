/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Built with -m32: makes calls whose arguments a 32-bit program passes in another way than a 64-bit one,
 * in the current directory. Prints what each must be in a capture: "OP KEYS", or "=OP KEYS" with all of them.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utime.h>

static char buffer[100000];

#define MUST(call)                                                                                 \
	do {                                                                                       \
		if ((call) < 0) {                                                                  \
			perror(#call);                                                             \
			exit(1);                                                                   \
		}                                                                                  \
	} while (0)

static void offsets(int fd)
{
	struct iovec two[2] = {{buffer, 100}, {buffer + 500, 1000}};
	int64_t at = 0;
	int32_t from = 1000;
	int to = open("to", O_RDWR | O_CREAT, 0640);

	MUST(syscall(SYS_pwrite64, fd, buffer, 5000, 0x1000, 2)); /* at 8 GiB */
	printf("pwrite64 d=%d c=5000 O=8589938688\n", fd);
	MUST(syscall(SYS_pread64, fd, buffer, 3000, 0x1000, 2));
	printf("pread64 d=%d c=3000 O=8589938688\n", fd);
	MUST(syscall(SYS_pwritev, fd, two, 2, 0x100000, 0));
	printf("pwritev d=%d v=100,1000 O=1048576\n", fd);
	MUST(syscall(SYS_preadv, fd, two, 2, 0x100000, 0));
	printf("preadv d=%d v=100,1000 O=1048576\n", fd);
	MUST(syscall(SYS__llseek, fd, 1, 7, &at, SEEK_SET));
	printf("lseek d=%d O=4294967303 W=0 s=4294967303\n", fd);
	if (syscall(SYS_lseek, fd, -7, SEEK_CUR) < 0) { /* older kernels give the lower half */
		MUST(errno == EOVERFLOW ? 0 : -1);
		printf("lseek d=%d O=-7 W=1 s=-75\n", fd);
	}
	MUST(syscall(SYS_readv, fd, two, 2));
	printf("readv d=%d v=100,1000 s=1100\n", fd);
	MUST(syscall(SYS_ftruncate64, fd, 0x2000, 2));
	printf("ftruncate d=%d O=8589942784\n", fd);
	MUST(syscall(SYS_truncate, "to", 70000));
	printf("truncate p=to O=70000\n");
	MUST(syscall(SYS_sendfile, to, fd, &from, 3000));
	printf("sendfile e=%d d=%d O=1000 c=3000 s=3000\n", to, fd);
	if (syscall(SYS_fallocate, to, 0, 0x20000, 0, 0x1000, 0) == 0)
		printf("fallocate d=%d f=0 O=131072 c=4096 s=0\n", to);
	MUST(syscall(SYS_sync_file_range, to, 0x1000, 0, 0x2000, 0, 2));
	printf("sync_file_range d=%d O=4096 c=8192 f=2\n", to);
	MUST(syscall(SYS_fadvise64_64, to, 0x1000, 0, 0x2000, 0, POSIX_FADV_RANDOM));
	printf("fadvise64 d=%d O=4096 c=8192 f=1\n", to);
	MUST(syscall(SYS_readahead, to, 0x1000, 0, 0x2000));
	printf("readahead d=%d O=4096 c=8192\n", to);
	MUST(close(to));
}

static void locks(int fd)
{
	struct {
		int16_t type, whence;
		int32_t start, len, pid;
	} narrow = {F_WRLCK, SEEK_SET, 10, 20, 0};
	struct __attribute__((packed)) {
		int16_t type, whence;
		int64_t start, len;
		int32_t pid;
	} wide = {F_WRLCK, SEEK_SET, 0x200000000, 30, 0};

	MUST(syscall(SYS_fcntl, fd, 6, &narrow));
	printf("fcntl d=%d F=6 G=1,0,10,20 s=0\n", fd);
	MUST(syscall(SYS_fcntl64, fd, 13, &wide));
	printf("fcntl d=%d F=6 G=1,0,8589934592,30 s=0\n", fd);
	wide.type = F_UNLCK;
	MUST(syscall(SYS_fcntl64, fd, 38, &wide)); /* F_OFD_SETLKW */
	printf("fcntl d=%d F=38 G=2,0,8589934592,30 s=0\n", fd);
	narrow.type = F_RDLCK;
	MUST(syscall(SYS_fcntl, fd, 5, &narrow)); /* F_GETLK, which overwrites the lock */
	printf("fcntl d=%d F=5 G=0,0,10,20 s=0\n", fd);
	wide.type = F_WRLCK;
	MUST(syscall(SYS_fcntl64, fd, 12, &wide));
	printf("fcntl d=%d F=5 G=1,0,8589934592,30 s=0\n", fd);
	MUST(syscall(SYS_fcntl64, fd, F_GETFL));
	printf("fcntl d=%d F=3\n", fd);
}

static void attributes(void)
{
	const int32_t seconds[2] = {1500000000, 1500000001};
	const int32_t micro[4] = {1500000000, 5, 1500000001, 6};
	const int64_t nano[4] = {1500000002, 7, 1500000003, 8};
	const uint64_t range[2] = {4096, 8192};
	struct {
		uint64_t value;
		uint32_t size, flags;
	} value = {(uintptr_t)buffer, 5, 1};

	MUST(syscall(SYS_utime, "to", seconds));
	printf("utime p=to T=1500000000.000000000,1500000001.000000000\n");
	MUST(syscall(SYS_utimes, "to", micro));
	printf("utimes p=to T=1500000000.000005000,1500000001.000006000\n");
	MUST(syscall(SYS_utimensat, AT_FDCWD, "to", micro, 0));
	printf("utimensat p=to T=1500000000.000000005,1500000001.000000006\n");
	MUST(syscall(SYS_utimensat_time64, AT_FDCWD, "to", nano, 0));
	printf("utimensat p=to T=1500000002.000000007,1500000003.000000008\n");
	MUST(syscall(SYS_chown, "to", 0xffff, 0xffff)); /* of 16 bits: -1 */
	printf("chown p=to U=-1 G=-1\n");
	MUST(syscall(SYS_lchown32, "to", -1, getegid()));
	printf("lchown p=to U=-1 G=%d\n", (int)getegid());
	syscall(18, "nowhere", buffer); /* oldstat, whose inode numbers have 16 bits only */
	printf("stat p=nowhere s=-2\n");
	syscall(463, AT_FDCWD, "to", 0, "user.a", &value, sizeof(value)); /* setxattrat, Linux 6.13 */
	printf("setxattrat p=to f=0 P=user.a c=5 X=1\n");
	syscall(464, AT_FDCWD, "to", 0, "user.a", &value, sizeof(value));
	printf("getxattrat p=to P=user.a c=5\n");
	syscall(339, -1, 1, 0x20, 1, AT_FDCWD, "to"); /* fanotify_mark */
	printf("fanotify_mark e=-1 f=1 d=AT_FDCWD p=to\n");
	syscall(451, -1, range, buffer, 0); /* cachestat */
	printf("cachestat d=-1 O=4096 c=8192 f=0\n");
	MUST(syscall(SYS_statfs64, "to", 84, buffer));
	printf("statfs p=to\n");
}

/* Sockets have calls of their own, and one for all of them (linux/net.h). */
enum { BY_CALL, BY_SOCKETCALL };

static long by_socketcall(int what, long a, long b, long c, long d)
{
	unsigned long words[] = {(unsigned long)a, (unsigned long)b, (unsigned long)c, (unsigned long)d};

	return syscall(SYS_socketcall, what, words);
}

static void pair(int how, int s[2])
{
	MUST(how == BY_CALL ? syscall(SYS_socketpair, AF_UNIX, SOCK_DGRAM, 0, s)
			    : by_socketcall(8, AF_UNIX, SOCK_DGRAM, 0, (long)s));
	printf("=socketpair f=%d d=%d e=%d s=0\n", SOCK_DGRAM, s[0], s[1]);
	fflush(stdout);
}

static long message(int how, int receive, int s, struct msghdr *msg)
{
	if (how == BY_CALL)
		return syscall(receive ? SYS_recvmsg : SYS_sendmsg, s, msg, 0);
	return by_socketcall(receive ? 17 : 16, s, (long)msg, 0, 0);
}

static long messages(int receive, int s, struct mmsghdr *all, int n)
{
	unsigned long words[] = {(unsigned long)s, (unsigned long)all, (unsigned long)n, 0, 0};

	return syscall(SYS_socketcall, receive ? 19 : 20, words);
}

/* A descriptor in a message of 32 bits, to a child that reads on. */
static void passing(int fd, int how)
{
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {.head = {CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS}};
	struct iovec iov = {buffer, 1};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
		.msg_controllen = sizeof(control)};
	int s[2], status;
	pid_t child;

	pair(how, s);
	memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
	fflush(stdout);
	child = fork();
	if (child == 0) {
		close(fd);
		MUST(message(how, 1, s[1], &msg));
		memcpy(&fd, CMSG_DATA(&control.head), sizeof(fd));
		_exit(write(fd, "child", 5) != 5);
	}
	MUST(lseek(fd, 100, SEEK_SET));
	MUST(message(how, 0, s[0], &msg));
	printf("sendmsg d=%d f=0\n", s[0]);
	MUST(waitpid(child, &status, 0));
	MUST(status ? -1 : 0);
	MUST(write(fd, "parent", 6));
}

/* The rest of socketcall(2), of which no call does nothing, and two fail. */
static void sockets(int fd)
{
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {.head = {CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS}};
	struct sockaddr_un name = {AF_UNIX, "socket"};
	struct iovec iov = {buffer, 1};
	struct mmsghdr two[2] = {{{.msg_iov = &iov, .msg_iovlen = 1}, 0},
		{{.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)}, 0}};
	int s[2], listener = (int)by_socketcall(1, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, 0), client, got;

	memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
	MUST(listener);
	printf("=socket f=%d s=%d\n", SOCK_STREAM | SOCK_CLOEXEC, listener);
	MUST(by_socketcall(2, listener, (long)&name, sizeof(name), 0));
	printf("=bind d=%d p=socket s=0\n", listener);
	MUST(by_socketcall(4, listener, 5, 0, 0)); /* listen */
	client = (int)by_socketcall(1, AF_UNIX, SOCK_STREAM, 0, 0);
	printf("=socket f=%d s=%d\n", SOCK_STREAM, client);
	MUST(by_socketcall(3, client, (long)&name, sizeof(name), 0)); /* connect */
	got = (int)by_socketcall(5, listener, 0, 0, 0);
	MUST(got);
	printf("=accept d=%d s=%d\n", listener, got);
	MUST(close(got));
	MUST(close(client));
	client = (int)by_socketcall(1, AF_UNIX, SOCK_STREAM, 0, 0);
	MUST(by_socketcall(3, client, (long)&name, sizeof(name), 0));
	got = (int)by_socketcall(18, listener, 0, 0, SOCK_CLOEXEC);
	MUST(got);
	printf("=accept4 d=%d f=%d s=%d\n", listener, SOCK_CLOEXEC, got);
	MUST(close(got));
	pair(BY_SOCKETCALL, s);
	MUST(messages(0, s[0], two, 2) == 2 ? 0 : -1);
	printf("sendmmsg d=%d f=0\n", s[0]);
	MUST(messages(1, s[1], two, 2) == 2 ? 0 : -1);
	memcpy(&got, CMSG_DATA(&control.head), sizeof(got));
	printf("recv_fd d=%d\n", got);
	printf("=recvmmsg d=%d f=0 s=2\n", s[1]);
	MUST(write(got, "received", 8));
	printf("=write d=%d c=8 s=8\n", got);
	MUST(close(got));
	MUST(syscall(SYS_socketcall, 1, 16) < 0 && errno == EFAULT ? 0 : -1);
	MUST(syscall(SYS_socketcall, 77, 16) < 0 && errno == EINVAL ? 0 : -1);
	MUST(by_socketcall(1, -1, SOCK_STREAM, 0, 0) < 0 && errno == EAFNOSUPPORT ? 0 : -1);
	printf("=socket f=%d s=-97\n", SOCK_STREAM);
}

/* mmap(2) as it was before mmap2(2): its arguments are in memory, and the offset is one in bytes. */
static void old_maps(void)
{
	int fd = open("oldmap", O_RDWR | O_CREAT, 0600);
	const uint32_t words[6] = {0, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, (uint32_t)fd, 8192};
	const uint32_t bad[6] = {0, 8192, PROT_READ, MAP_SHARED, (uint32_t)fd, 100};
	char *p;

	MUST(ftruncate(fd, 20000));
	p = (char *)syscall(SYS_mmap, words);
	MUST(p == MAP_FAILED ? -1 : 0);
	printf("=mmap a=0x0 c=8192 g=3 l=1 d=%d O=8192 s=%lu\n", fd, (unsigned long)p);
	strcpy(p, "in an old map");
	MUST(munmap(p, 8192));
	printf("map_write v=8192+4096\n");
	printf("=munmap a=0x%lx c=8192 s=0\n", (unsigned long)p);
	MUST(syscall(SYS_mmap, bad) == -1 && errno == EINVAL ? 0 : -1);
	printf("=mmap a=0x0 c=8192 g=1 l=1 d=%d O=100 s=-22\n", fd);
	MUST(syscall(SYS_mmap, 16) == -1 && errno == EFAULT ? 0 : -1);
	MUST(close(fd));
}

static volatile int answer = -1; /* what the handler writes to, once */

static void on_tick(int sig)
{
	int fd = answer;

	(void)sig;
	answer = -1;
	if (fd >= 0)
		MUST(write(fd, "t", 1));
}

/* A read that a handler interrupts, and one that is made again after its handler. FLAGS: which frame that has. */
static void interrupted(int flags)
{
	const struct itimerval every = {{0, 20000}, {0, 20000}}, never = {{0, 0}, {0, 0}};
	struct sigaction how = {.sa_handler = on_tick, .sa_flags = flags};
	int p[2];
	char c;

	MUST(pipe(p));
	MUST(sigaction(SIGALRM, &how, NULL));
	MUST(setitimer(ITIMER_REAL, &every, NULL));
	MUST(read(p[0], &c, 1) < 0 && errno == EINTR ? 0 : -1);
	how.sa_flags |= SA_RESTART;
	MUST(sigaction(SIGALRM, &how, NULL));
	answer = p[1];
	MUST(read(p[0], &c, 1));
	MUST(setitimer(ITIMER_REAL, &never, NULL));
	printf("=read d=%d c=1 s=-4\n", p[0]);
	printf("=write d=%d c=1 s=1\n", p[1]);
	printf("=read d=%d c=1 s=1\n", p[0]);
	MUST(close(p[0]));
	MUST(close(p[1]));
	printf("=close d=%d s=0\n", p[0]);
}

/* readdir(2), which reads one entry at a time, of a directory with three files in it. */
static void entries(void)
{
	char entry[300];
	int fd, left = 5;

	MUST(mkdir("entries", 0755));
	MUST(close(creat("entries/a", 0644)));
	MUST(close(creat("entries/a longer name", 0644)));
	MUST(close(creat("entries/c", 0644)));
	fd = open("entries", O_RDONLY | O_DIRECTORY);
	MUST(fd);
	while (left--) {
		MUST(syscall(SYS_readdir, fd, entry, 1) == 1 ? 0 : -1);
		printf("=getdents d=%d c=1 s=1\n", fd);
	}
	MUST(syscall(SYS_readdir, fd, entry, 1));
	MUST(syscall(SYS_readdir, fd, entry, 4711));
	printf("=getdents d=%d c=1 s=0\n", fd);
	printf("=getdents d=%d c=1 s=0\n", fd);
	MUST(close(fd));
	MUST(syscall(SYS_readdir, -1, entry, 1) < 0 && errno == EBADF ? 0 : -1);
	printf("=getdents d=-1 c=1 s=-9\n");
}

static void maps(void)
{
	int fd = open("map", O_RDWR | O_CREAT, 0600);
	char *p;

	MUST(ftruncate(fd, 20000));
	p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 4096);
	MUST(p == MAP_FAILED ? -1 : 0);
	strcpy(p, "mapped");
	MUST(msync(p, 8192, MS_SYNC));
	MUST(munmap(p, 8192));
	MUST(close(fd));
}

int main(void)
{
	int fd = open("file", O_RDWR | O_CREAT | O_LARGEFILE, 0644);

	memset(buffer, 'x', sizeof(buffer));
	MUST(write(fd, buffer, sizeof(buffer)));
	offsets(fd);
	locks(fd);
	attributes();
	passing(fd, BY_CALL);
	passing(fd, BY_SOCKETCALL);
	sockets(fd);
	entries();
	maps();
	old_maps();
	interrupted(0);
	interrupted(SA_SIGINFO);
	MUST(mkdir("dir", 0750));
	MUST(rename("to", "dir/to"));
	MUST(symlink("dir/to", "link"));
	return 0;
}
