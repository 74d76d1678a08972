/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One synthetic load in several shapes, so that they can be compared call by call:
 *   load run DIR MIX N [TASKS THREADS]             makes the N calls in a bare loop; prints "NS CALLS"
 *   load confined TREE DIR MIX N                   the same in a process that is confined to TREE as a replay is
 *   load capture DIR MIX N                         prints the .capture of the same calls
 *   load replay TREE NAME MIX N PROCESSES THREADS  prints a .replay for the tree, TREE/.ioriot/NAME
 * MIX is mixed (reads, writes, opens, renames, unlinks ...) or reads (cached 4 KiB preads only). One task
 * works on 64 files by names relative to DIR. Of several, as virtual threads of a replay are, each has two files of
 * its own, and absolute names; the bare loop deals them to THREADS threads.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "replay/confine.h"
#include "replay/engine.h"

#define FILES	  64
#define FILE_SIZE (1 << 20)
#define OWN_FILES 2
#define OWN_SIZE  (1 << 18)

enum call { OPENAT, CLOSE, PREAD, PWRITE, READ, WRITE, LSEEK, STAT, FSTAT, ACCESS, UNLINK, RENAME };

struct step {
	enum call call;
	int fd, flags;
	const char *path, *path2;
	uint64_t len, off;
};

typedef int step_fn(const struct step *s, void *user); /* the descriptor of an OPENAT */

struct load {
	step_fn *fn;
	void *user;
	uint64_t made, n, rng;
	int reads_only;
	unsigned nfiles, size;
	char *files[FILES], *tmp, *tmp2;
};

static unsigned rnd(struct load *l, unsigned n)
{
	l->rng ^= l->rng << 13;
	l->rng ^= l->rng >> 7;
	l->rng ^= l->rng << 17;
	return (unsigned)((l->rng >> 11) % n);
}

__attribute__((format(printf, 1, 2))) static char *name(const char *format, ...)
{
	va_list args;
	char *s;

	va_start(args, format);
	if (vasprintf(&s, format, args) < 0)
		exit(1);
	va_end(args);
	return s;
}

/* N calls; TASK of several, below DIR, or -1: the only one. */
static struct load load_of(const char *dir, int task, int reads_only, uint64_t n)
{
	struct load l = {.n = n, .rng = 88172645463325252u + (uint64_t)(task + 1), .reads_only = reads_only};
	char where[200], d[8];
	unsigned i;

	if (task < 0)
		snprintf(where, sizeof(where), "d0");
	else
		snprintf(where, sizeof(where), "%s/t%d", dir, task);
	l.nfiles = task < 0 ? FILES : OWN_FILES;
	l.size = task < 0 ? FILE_SIZE : OWN_SIZE;
	for (i = 0; i < l.nfiles; i++) {
		snprintf(d, sizeof(d), "d%u", i % 8);
		l.files[i] = name("%s/f%u", task < 0 ? d : where, i);
	}
	l.tmp = name("%s/tmp", where);
	l.tmp2 = name("%s/tmp2", where);
	return l;
}

static int make(struct load *l, struct step s)
{
	l->made++;
	return l->fn(&s, l->user);
}

static void temporary_file(struct load *l)
{
	struct step s = {.call = OPENAT, .flags = O_RDWR | O_CREAT | O_EXCL, .path = l->tmp};
	int fd = make(l, s), i;

	for (i = 0; i < 4; i++)
		make(l, (struct step){.call = WRITE, .fd = fd, .len = 4096});
	make(l, (struct step){.call = LSEEK, .fd = fd});
	for (i = 0; i < 4; i++)
		make(l, (struct step){.call = READ, .fd = fd, .len = 4096});
	make(l, (struct step){.call = CLOSE, .fd = fd});
	make(l, (struct step){.call = RENAME, .path = l->tmp, .path2 = l->tmp2});
	make(l, (struct step){.call = UNLINK, .path = l->tmp2});
}

static void one(struct load *l, const int *fds)
{
	unsigned kind = l->reads_only ? 0 : rnd(l, 100), f = rnd(l, l->nfiles);
	struct step s = {.fd = fds[f], .path = l->files[f], .len = 4096};

	s.off = (uint64_t)rnd(l, l->size / 4096) * 4096;
	if (kind < 45) {
		s.call = PREAD;
	} else if (kind < 70) {
		s.call = PWRITE;
	} else if (kind < 80) {
		s.call = STAT;
	} else if (kind < 86) {
		s.call = FSTAT;
	} else if (kind < 90) {
		s.call = ACCESS;
	} else if (kind < 98) {
		s.call = OPENAT;
		s.fd = make(l, s);
		s.call = CLOSE;
	} else {
		temporary_file(l);
		return;
	}
	make(l, s);
}

static void run_load(struct load *l, step_fn *fn, void *user)
{
	int fds[FILES];
	unsigned i;

	l->fn = fn;
	l->user = user;
	for (i = 0; i < l->nfiles; i++)
		fds[i] = make(l, (struct step){.call = OPENAT, .flags = O_RDWR, .path = l->files[i]});
	while (l->made < l->n)
		one(l, fds);
	for (i = 0; i < l->nfiles; i++)
		make(l, (struct step){.call = CLOSE, .fd = fds[i]});
}

/* ---- the bare loop ---- */

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
	struct rthread *t = user; /* with the buffers that a replay has */
	struct stat st;

	switch (s->call) {
	case OPENAT:
		return must(syscall(SYS_openat, AT_FDCWD, s->path, s->flags, 0644), s);
	case CLOSE:
		return must(syscall(SYS_close, s->fd), s);
	case PREAD:
		return must(syscall(SYS_pread64, s->fd, t->read_buf, s->len, s->off), s);
	case PWRITE:
		return must(syscall(SYS_pwrite64, s->fd, write_buffer(t), s->len, s->off), s);
	case READ:
		return must(syscall(SYS_read, s->fd, t->read_buf, s->len), s);
	case WRITE:
		return must(syscall(SYS_write, s->fd, write_buffer(t), s->len), s);
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

/* The steps of a thread; made first, since making them must not count. */
struct steps {
	struct step *v;
	uint64_t n, room;
	int *real, opens; /* descriptors, by the number of their open */
	pthread_barrier_t *start;
	struct rthread thread;
	uint8_t buffer[1 << 16] __attribute__((aligned(4096)));
};

#define OPEN_FIRST 1000 /* for what is a descriptor while steps are made */

static int keep_step(const struct step *s, void *user)
{
	struct steps *all = user;

	if (all->n == all->room) {
		all->room = all->room ? 2 * all->room : 1024;
		all->v = realloc(all->v, all->room * sizeof(*all->v));
		if (!all->v)
			exit(1);
	}
	all->v[all->n++] = *s;
	return s->call == OPENAT ? OPEN_FIRST + all->opens++ : 0;
}

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void *make_steps(void *arg)
{
	struct steps *all = arg;
	uint64_t i;
	int opened = 0;

	pthread_barrier_wait(all->start);
	for (i = 0; i < all->n; i++) {
		struct step *s = &all->v[i];

		if (s->fd >= OPEN_FIRST)
			s->fd = all->real[s->fd - OPEN_FIRST];
		if (s->call == OPENAT)
			all->real[opened++] = do_step(s, &all->thread);
		else
			do_step(s, &all->thread);
	}
	return NULL;
}

static const uint8_t *random_data(void)
{
	uint64_t *p = map_repeated(map_periods_of(FILE_SIZE)), i;
	struct load l = {.rng = 88172645463325252u};

	if (!p)
		exit(1);
	for (i = 0; i < MAP_PERIOD / sizeof(*p); i++)
		p[i] = (uint64_t)rnd(&l, UINT32_MAX) << 32 | rnd(&l, UINT32_MAX);
	return (const uint8_t *)p;
}

/* TASKS 0: one, with names relative to DIR. The last thread is this one, so that of one thread it is a plain loop. */
static int bare(const char *dir, int reads_only, uint64_t n, unsigned tasks, unsigned threads)
{
	struct steps *all = aligned_alloc(4096, threads * sizeof(*all));
	pthread_t *ids = calloc(threads, sizeof(*ids));
	pthread_barrier_t start;
	uint64_t t, sum = 0;
	struct worker worker = {.write_data = random_data(), .write_period = MAP_PERIOD, .write_step = 64};
	unsigned i;

	if (!all || !ids || pthread_barrier_init(&start, NULL, threads))
		return 1;
	memset(all, 0, threads * sizeof(*all));
	for (i = 0; i < (tasks ? tasks : 1); i++) {
		struct load l = load_of(dir, tasks ? (int)i : -1, reads_only, tasks ? n / tasks : n);

		run_load(&l, keep_step, &all[i % threads]);
	}
	for (i = 0; i < threads; i++) {
		sum += all[i].n;
		all[i].start = &start;
		all[i].thread = (struct rthread){.w = &worker, .read_buf = all[i].buffer, .write_at = i * 1021 * 64};
		all[i].real = calloc((size_t)all[i].opens + 1, sizeof(int));
		if (!all[i].real || (i + 1 < threads && pthread_create(&ids[i], NULL, make_steps, &all[i])))
			return 1;
	}
	t = now();
	make_steps(&all[threads - 1]);
	for (i = 0; i + 1 < threads; i++)
		pthread_join(ids[i], NULL);
	printf("%llu %llu\n", (unsigned long long)(now() - t), (unsigned long long)sum);
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
	struct load l = load_of(dir, -1, reads_only, n);
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
	for (i = 0; i < FILES; i++)
		state_path(dir, l.files[i], S_IFREG | 0644, 100 + i, FILE_SIZE);
	run_load(&l, print_step, &c);
	printf("t=%llu;:,D=0;:,i=0:0;:,o=end;:,c=%llu;:,O=0;:,\n", (unsigned long long)c.t,
		(unsigned long long)l.made);
	return fflush(stdout) == 0 ? 0 : 1;
}

/* ---- the replay ---- */

struct replay {
	uint64_t line; /* of the file: the next one */
	unsigned thread, process;
	int fds;
};

static int print_line(const struct step *s, void *user)
{
	struct replay *r = user;
	unsigned long long len = s->len, off = s->off;

	printf("%llu+500|%u|%u|-|", (unsigned long long)r->line * 1000, r->thread, r->process);
	switch (s->call) {
	case OPENAT:
		printf("cwd|%s|O_RDWR%s|0644|>%d|3", s->path, s->flags & O_CREAT ? "+O_CREAT+O_EXCL" : "", r->fds);
		break;
	case CLOSE:
		printf("%d|%d|0", s->fd, s->fd);
		break;
	case PREAD:
	case PWRITE:
		printf("%d|%llu|%llu|%llu", s->fd, len, off, len);
		break;
	case READ:
	case WRITE:
		printf("%d|%llu|%llu", s->fd, len, len);
		break;
	case LSEEK:
		printf("%d|%llu|SEEK_SET|%llu", s->fd, off, off);
		break;
	case STAT:
		printf("cwd|%s|0|0", s->path);
		break;
	case FSTAT:
		printf("%d||AT_EMPTY_PATH|0", s->fd);
		break;
	case ACCESS:
		printf("cwd|%s|04|0", s->path);
		break;
	case UNLINK:
		printf("cwd|%s|0|0", s->path);
		break;
	case RENAME:
		printf("cwd|%s|cwd|%s|0|0", s->path, s->path2);
		break;
	}
	printf("|%s@%llu|\n", op_names[s->call], (unsigned long long)r->line++);
	return s->call == OPENAT ? r->fds++ : 0;
}

static int replay(const char *root, const char *test, int reads_only, uint64_t n, unsigned processes, unsigned threads)
{
	const unsigned tasks = processes * threads;
	struct replay r = {.line = 2};
	unsigned i, k;
	char tree[256];

	snprintf(tree, sizeof(tree), "%s/.ioriot/%s", root, test);
	printf("#|replay_version=4|name=%s|layout=root|id=0123456789abcdef|\n", test);
	for (i = 0; i < tasks; i++) {
		struct load l = load_of(tree, (int)i, reads_only, n / tasks);

		r.thread = i;
		r.process = i / threads;
		run_load(&l, print_line, &r);
	}
	printf("#INIT\n");
	for (i = 0; i < tasks; i++) {
		printf("dir|0755|0|0|%s/t%u|\n", tree, i);
		for (k = 0; k < OWN_FILES; k++)
			printf("file|0644|0|0|%d|0+%d|%s/t%u/f%u|\n", OWN_SIZE, OWN_SIZE, tree, i, k);
	}
	printf("#END\n");
	return fflush(stdout) == 0 ? 0 : 1;
}

static unsigned number(const char *s)
{
	return (unsigned)strtoul(s, NULL, 10);
}

static int confine(const char *tree, const char *dir)
{
	int fd = open(tree, O_PATH | O_DIRECTORY | O_CLOEXEC), rc;
	struct user user;
	struct err err;

	if (fd < 0 || chdir(dir))
		return -1;
	rc = user_choose(&user, NULL, &err);
	if (!rc)
		rc = confine_process(&user, confine_landlock_version(), &fd, 1, &err);
	if (rc)
		fprintf(stderr, "load: %s\n", err.text);
	return rc;
}

static int usage(void)
{
	fprintf(stderr, "usage: load run DIR mixed|reads N [TASKS THREADS]\n"
			"       load confined TREE DIR mixed|reads N\n"
			"       load capture DIR mixed|reads N\n"
			"       load replay ROOT NAME mixed|reads N PROCESSES THREADS\n");
	return 2;
}

int main(int argc, char **argv)
{
	if (argc == 8 && strcmp(argv[1], "replay") == 0)
		return replay(argv[2], argv[3], strcmp(argv[4], "reads") == 0, strtoull(argv[5], NULL, 10),
			number(argv[6]), number(argv[7]));
	if (argc == 5 && strcmp(argv[1], "capture") == 0)
		return capture(argv[2], strcmp(argv[3], "reads") == 0, strtoull(argv[4], NULL, 10));
	if (argc == 6 && strcmp(argv[1], "confined") == 0 && confine(argv[2], argv[3]) == 0)
		return bare(argv[3], strcmp(argv[4], "reads") == 0, strtoull(argv[5], NULL, 10), 0, 1);
	if ((argc != 5 && argc != 7) || strcmp(argv[1], "run") != 0 || chdir(argv[2]))
		return usage();
	return bare(argv[2], strcmp(argv[3], "reads") == 0, strtoull(argv[4], NULL, 10), argc == 7 ? number(argv[5]) : 0,
		argc == 7 ? number(argv[6]) : 1);
}
