/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One synthetic load in three shapes, so that they can be compared call by call:
 *   load setup DIR           makes the files that the load works on
 *   load run DIR MIX N       makes the N calls in a bare loop; prints "NS CALLS"
 *   load capture DIR MIX N   prints the .capture of the same calls
 * MIX is mixed (reads, writes, opens, renames, unlinks ...) or reads (cached 4 KiB preads only).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define FILES	  64
#define FILE_SIZE (1 << 20)

enum call { OPENAT, CLOSE, PREAD, PWRITE, READ, WRITE, LSEEK, STAT, FSTAT, ACCESS, UNLINK, RENAME };

struct step {
	enum call call;
	int fd;
	char path[64], path2[64];
	int flags;
	uint64_t len, off;
};

typedef int step_fn(const struct step *s, void *user); /* the descriptor of an OPENAT */

static uint64_t rng = 88172645463325252u;

static unsigned rnd(unsigned n)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (unsigned)((rng >> 11) % n);
}

static void name(char *out, unsigned i)
{
	snprintf(out, 64, "d%u/f%u", i % 8, i);
}

struct load {
	step_fn *fn;
	void *user;
	uint64_t made, n;
};

static int make(struct load *l, struct step s)
{
	l->made++;
	return l->fn(&s, l->user);
}

static void temporary_file(struct load *l)
{
	struct step s = {.call = OPENAT, .flags = O_RDWR | O_CREAT | O_EXCL, .path = "d0/tmp"};
	int fd = make(l, s), i;

	for (i = 0; i < 4; i++)
		make(l, (struct step){.call = WRITE, .fd = fd, .len = 4096});
	make(l, (struct step){.call = LSEEK, .fd = fd});
	for (i = 0; i < 4; i++)
		make(l, (struct step){.call = READ, .fd = fd, .len = 4096});
	make(l, (struct step){.call = CLOSE, .fd = fd});
	make(l, (struct step){.call = RENAME, .path = "d0/tmp", .path2 = "d0/tmp2"});
	make(l, (struct step){.call = UNLINK, .path = "d0/tmp2"});
}

static void one(struct load *l, const int *fds, int reads_only)
{
	unsigned kind = reads_only ? 0 : rnd(100), f = rnd(FILES);
	struct step s = {.fd = fds[f], .len = 4096, .off = (uint64_t)rnd(FILE_SIZE / 4096) * 4096};

	if (kind < 45) {
		s.call = PREAD;
	} else if (kind < 70) {
		s.call = PWRITE;
	} else if (kind < 80) {
		s.call = STAT;
		name(s.path, f);
	} else if (kind < 86) {
		s.call = FSTAT;
	} else if (kind < 90) {
		s.call = ACCESS;
		name(s.path, f);
	} else if (kind < 98) {
		s.call = OPENAT;
		name(s.path, f);
		s.fd = make(l, s);
		s.call = CLOSE;
	} else {
		temporary_file(l);
		return;
	}
	make(l, s);
}

static void run_load(struct load *l, int reads_only)
{
	int fds[FILES];
	unsigned i;

	for (i = 0; i < FILES; i++) {
		struct step s = {.call = OPENAT, .flags = O_RDWR};

		name(s.path, i);
		fds[i] = make(l, s);
	}
	while (l->made < l->n)
		one(l, fds, reads_only);
}

/* ---- the bare loop ---- */

static char buffer[1 << 16];

static int must(long rc, const struct step *s)
{
	if (rc < 0) {
		fprintf(stderr, "load: call %d %s: %s\n", (int)s->call, s->path, strerror(errno));
		exit(1);
	}
	return (int)rc;
}

static int do_step(const struct step *s, void *user)
{
	struct stat st;

	(void)user;
	switch (s->call) {
	case OPENAT:
		return must(syscall(SYS_openat, AT_FDCWD, s->path, s->flags, 0644), s);
	case CLOSE:
		return must(syscall(SYS_close, s->fd), s);
	case PREAD:
		return must(syscall(SYS_pread64, s->fd, buffer, s->len, s->off), s);
	case PWRITE:
		return must(syscall(SYS_pwrite64, s->fd, buffer, s->len, s->off), s);
	case READ:
		return must(syscall(SYS_read, s->fd, buffer, s->len), s);
	case WRITE:
		return must(syscall(SYS_write, s->fd, buffer, s->len), s);
	case LSEEK:
		return must(syscall(SYS_lseek, s->fd, s->off, SEEK_SET), s);
	case STAT:
		return must(syscall(SYS_newfstatat, AT_FDCWD, s->path, &st, 0), s);
	case FSTAT:
		return must(syscall(SYS_newfstatat, s->fd, "", &st, AT_EMPTY_PATH), s);
	case ACCESS:
		return must(syscall(SYS_faccessat, AT_FDCWD, s->path, R_OK), s);
	case UNLINK:
		return must(syscall(SYS_unlinkat, AT_FDCWD, s->path, 0), s);
	case RENAME:
		return must(syscall(SYS_renameat2, AT_FDCWD, s->path, AT_FDCWD, s->path2, 0), s);
	}
	return -1;
}

/* The steps are made first: making them must not count. */
static struct step *steps;
static uint64_t nsteps;
static int next_slot = 1000;

static int keep_step(const struct step *s, void *user)
{
	(void)user;
	steps[nsteps++] = *s;
	return s->call == OPENAT ? next_slot++ : 0;
}

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static int bare(int reads_only, uint64_t n)
{
	struct load l = {.fn = keep_step, .n = n};
	int *real;
	uint64_t i, t;
	int slot = 0;

	steps = calloc(n + 64, sizeof(*steps));
	real = calloc(n + 64, sizeof(*real));
	if (!steps || !real)
		return 1;
	run_load(&l, reads_only);
	t = now();
	for (i = 0; i < nsteps; i++) {
		if (steps[i].fd >= 1000)
			steps[i].fd = real[steps[i].fd - 1000];
		if (steps[i].call == OPENAT)
			real[slot++] = do_step(&steps[i], NULL);
		else
			do_step(&steps[i], NULL);
	}
	printf("%llu %llu\n", (unsigned long long)(now() - t), (unsigned long long)nsteps);
	return 0;
}

/* ---- the capture ---- */

struct capture {
	uint64_t t;
	const char *dir;
	unsigned char used[1024]; /* descriptor numbers, as the kernel gives them out */
};

static const char *const op_names[] = {"openat", "close", "pread64", "pwrite64", "read", "write",
	"lseek", "newfstatat", "newfstatat", "faccessat", "unlinkat", "renameat2"};

static int print_step(const struct step *s, void *user)
{
	struct capture *c = user;
	int fd = 0;

	c->t += 1000;
	printf("t=%llu;:,D=500;:,i=100:100;:,o=%s;:,", (unsigned long long)c->t, op_names[s->call]);
	switch (s->call) {
	case OPENAT:
		for (fd = 3; c->used[fd]; fd++)
			;
		c->used[fd] = 1;
		printf("d=-100;:,p=%s;:,f=%d;:,m=0644;:,s=%d;:,\n", s->path, s->flags, fd);
		return fd;
	case CLOSE:
		c->used[s->fd] = 0;
		printf("d=%d;:,s=0;:,\n", s->fd);
		break;
	case PREAD:
	case PWRITE:
		printf("d=%d;:,c=%llu;:,O=%llu;:,s=%llu;:,\n", s->fd, (unsigned long long)s->len,
			(unsigned long long)s->off, (unsigned long long)s->len);
		break;
	case READ:
	case WRITE:
		printf("d=%d;:,c=%llu;:,s=%llu;:,\n", s->fd, (unsigned long long)s->len,
			(unsigned long long)s->len);
		break;
	case LSEEK:
		printf("d=%d;:,O=%llu;:,W=0;:,s=%llu;:,\n", s->fd, (unsigned long long)s->off,
			(unsigned long long)s->off);
		break;
	case STAT:
		printf("d=-100;:,p=%s;:,f=0;:,s=0;:,\n", s->path);
		break;
	case FSTAT:
		printf("d=%d;:,p=;:,f=4096;:,s=0;:,\n", s->fd);
		break;
	case ACCESS:
		printf("d=-100;:,p=%s;:,m=04;:,s=0;:,\n", s->path);
		break;
	case UNLINK:
		printf("d=-100;:,p=%s;:,f=0;:,s=0;:,\n", s->path);
		break;
	case RENAME:
		printf("d=-100;:,p=%s;:,e=-100;:,P=%s;:,f=0;:,s=0;:,\n", s->path, s->path2);
		break;
	}
	return 0;
}

static void state_path(const char *dir, const char *rest, unsigned mode, unsigned ino, unsigned size)
{
	printf("t=1;:,D=0;:,i=100:100;:,o=state_path;:,p=%s%s%s;:,x=8:1:%u:0%o:1:0:0:%u:%u;:,\n", dir,
		*rest ? "/" : "", rest, ino, mode, size, size / 512);
}

static int capture(const char *dir, int reads_only, uint64_t n)
{
	struct capture c = {.t = 1000, .dir = dir};
	struct load l = {.fn = print_step, .user = &c, .n = n};
	char path[64];
	unsigned i;

	printf("#|capture_version=5|backend=bench|arch=x86_64|start_mono=1|start_wall=1|uid=0|\n");
	printf("t=1;:,D=0;:,i=0:0;:,o=state_mount;:,p=/;:,P=ext4;:,y=0x801;:,\n");
	printf("t=1;:,D=0;:,i=100:100;:,o=state_task;:,p=%s;:,P=/;:,m=022;:,U=0;:,G=0;:,q=0;:,\n",
		dir);
	for (i = 0; i < 8; i++) {
		snprintf(path, sizeof(path), "d%u", i);
		state_path(dir, path, S_IFDIR | 0755, 10 + i, 4096);
	}
	for (i = 0; i < FILES; i++) {
		name(path, i);
		state_path(dir, path, S_IFREG | 0644, 100 + i, FILE_SIZE);
	}
	run_load(&l, reads_only);
	printf("t=%llu;:,D=0;:,i=0:0;:,o=end;:,c=%llu;:,O=0;:,\n", (unsigned long long)c.t,
		(unsigned long long)l.made);
	return fflush(stdout) == 0 ? 0 : 1;
}

static int setup(void)
{
	char path[64];
	unsigned i, k;

	for (i = 0; i < 8; i++) {
		snprintf(path, sizeof(path), "d%u", i);
		if (mkdir(path, 0755) && errno != EEXIST)
			return perror(path), 1;
	}
	for (i = 0; i < sizeof(buffer); i++)
		buffer[i] = (char)rnd(256);
	for (i = 0; i < FILES; i++) {
		int fd;

		name(path, i);
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
		if (fd < 0)
			return perror(path), 1;
		for (k = 0; k < FILE_SIZE / sizeof(buffer); k++)
			if (write(fd, buffer, sizeof(buffer)) != (ssize_t)sizeof(buffer))
				return perror(path), 1;
		close(fd);
	}
	return 0;
}

int main(int argc, char **argv)
{
	int reads_only = argc > 3 && strcmp(argv[3], "reads") == 0;
	uint64_t n = argc > 4 ? strtoull(argv[4], NULL, 10) : 0;

	if (argc > 4 && strcmp(argv[1], "capture") == 0)
		return capture(argv[2], reads_only, n);
	if (argc < 3 || chdir(argv[2])) {
		fprintf(stderr, "usage: load setup|run|capture DIR [mixed|reads N]\n");
		return 2;
	}
	return strcmp(argv[1], "setup") == 0 ? setup() : bare(reads_only, n);
}
