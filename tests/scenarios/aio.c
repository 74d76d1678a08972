/* SPDX-License-Identifier: Apache-2.0 */
/*
 * aio MODE: Linux AIO by its system calls, in the directory w. Ends with 1 where a result is not
 * what it must be. For tests/scenarios/aio.sh.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BLOCK 4096

static void must(bool fine, const char *what, int line)
{
	if (fine)
		return;
	fprintf(stderr, "aio.c:%d: %s (errno %d)\n", line, what, errno);
	exit(1);
}
#define MUST(x)		must(x, #x, __LINE__)
#define FAILS(code, x)	must((x) == -1 && errno == (code), #x, __LINE__)
#define CALL(name, ...) syscall(SYS_##name, __VA_ARGS__)

static aio_context_t setup(unsigned n)
{
	aio_context_t context = 0;

	MUST(CALL(io_setup, n, &context) == 0);
	return context;
}

static struct iocb request(int opcode, int fd, const void *buffer, uint64_t length, int64_t offset)
{
	return (struct iocb){.aio_lio_opcode = (uint16_t)opcode,
		.aio_fildes = (uint32_t)fd,
		.aio_buf = (uintptr_t)buffer,
		.aio_nbytes = length,
		.aio_offset = offset};
}

static void submit(aio_context_t context, struct iocb *first, long n)
{
	struct iocb *all[256];
	long i;

	for (i = 0; i < n; i++)
		all[i] = &first[i];
	MUST(CALL(io_submit, context, n, all) == n);
}

static int64_t result_of(const struct io_event *events, long n, const struct iocb *iocb)
{
	long i;

	for (i = 0; i < n; i++)
		if (events[i].obj == (uintptr_t)iocb)
			return events[i].res;
	MUST(!"no event of this iocb");
	return 0;
}

/* One request; its result. */
static int64_t one(aio_context_t context, int opcode, int fd, void *buffer, uint64_t length, int64_t offset)
{
	struct iocb iocb = request(opcode, fd, buffer, length, offset);
	struct io_event event;

	submit(context, &iocb, 1);
	MUST(CALL(io_getevents, context, 1L, 1L, &event, NULL) == 1);
	return event.res;
}

static char *pages(size_t n)
{
	char *p;

	MUST(posix_memalign((void **)&p, BLOCK, n * BLOCK) == 0);
	memset(p, 'x', n * BLOCK);
	return p;
}

/* --- the workloads of the list --- */

static void aio_setup(void)
{
	aio_context_t a = setup(1), b = setup(128);

	setup(3); /* ends with the process */
	MUST(CALL(io_destroy, a) == 0);
	MUST(CALL(io_destroy, b) == 0);
}

static void aio_setup_einval(void)
{
	aio_context_t context = 0, other = setup(8);

	FAILS(EINVAL, CALL(io_setup, 0, &context));
	FAILS(EINVAL, CALL(io_setup, 8, &other));
	FAILS(EFAULT, CALL(io_setup, 8, NULL));
	FAILS(EINVAL, CALL(io_destroy, 0));
	MUST(CALL(io_destroy, other) == 0);
	FAILS(EINVAL, CALL(io_destroy, other));
}

static void aio_submit(void)
{
	static char text[] = "ior-aio-submit\n";
	int fd = open("w/submit", O_RDWR | O_CREAT | O_TRUNC, 0600);
	struct iocb iocb = request(IOCB_CMD_PWRITE, fd, text, strlen(text), 0);
	aio_context_t context = setup(32);

	submit(context, &iocb, 1);
	MUST(CALL(io_destroy, context) == 0);
	MUST(lseek(fd, 0, SEEK_END) == (off_t)strlen(text));
}

/* --- one thread --- */

static void batches(aio_context_t context, int fd, char *memory)
{
	struct iovec three[3] = {{memory, 100}, {memory + BLOCK, 5000}, {memory + 3 * BLOCK, 1}};
	struct io_event events[64];
	struct iocb each[64];
	int i;

	for (i = 0; i < 16; i++) /* from the end to the beginning: each but the first is in the file */
		each[i] = request(IOCB_CMD_PWRITE, fd, memory, BLOCK, (15 - i) * BLOCK);
	submit(context, each, 16);
	MUST(CALL(io_getevents, context, 16L, 64L, events, NULL) == 16);
	MUST(lseek(fd, 0, SEEK_END) == 16 * BLOCK);
	each[0] = request(IOCB_CMD_PWRITEV, fd, three, 3, 16 * BLOCK);
	each[1] = request(IOCB_CMD_FSYNC, fd, NULL, 0, 0);
	submit(context, each, 2);
	MUST(CALL(io_getevents, context, 2L, 2L, events, NULL) == 2);
	MUST(result_of(events, 2, &each[0]) == 5101);
	each[0] = request(IOCB_CMD_PREADV, fd, three, 3, 16 * BLOCK - 50); /* the whole of it */
	each[1] = request(IOCB_CMD_PREAD, fd, memory, 2 * BLOCK, 16 * BLOCK + 5000); /* short */
	each[2] = request(IOCB_CMD_PREAD, fd, memory, 10, 1 << 30);		      /* at the end */
	each[3] = request(IOCB_CMD_PREAD, fd, NULL, 10, 0);			      /* EFAULT */
	submit(context, each, 4);
	MUST(CALL(io_pgetevents, context, 4L, 4L, events, NULL, NULL) == 4);
	MUST(result_of(events, 4, &each[0]) == 5101);
	MUST(result_of(events, 4, &each[1]) == 101);
	MUST(result_of(events, 4, &each[2]) == 0);
	MUST(result_of(events, 4, &each[3]) == -EFAULT);
}

/* What fails when it is submitted, alone and behind others. */
static void refusals(aio_context_t context, int fd, char *memory)
{
	struct iocb each[3] = {request(IOCB_CMD_PREAD, fd, memory, 512, 0),
		request(IOCB_CMD_PREAD, 999, memory, 512, 0), request(IOCB_CMD_PREAD, fd, memory, 512, 0)};
	struct iocb *all[3] = {&each[0], &each[1], &each[2]}, *bad[2] = {&each[0], NULL};
	int directory = open(".", O_RDONLY), only_read = open("w/mix", O_RDONLY);
	const struct timespec soon = {0, 2000000};
	struct io_event events[4];

	MUST(CALL(io_submit, context, 3L, all) == 1);
	FAILS(EBADF, CALL(io_submit, context, 1L, all + 1));
	MUST(CALL(io_submit, context, 2L, bad) == 1);
	FAILS(EFAULT, CALL(io_submit, context, 1L, bad + 1));
	FAILS(EINVAL, CALL(io_submit, context, -1L, all));
	MUST(CALL(io_submit, context, 0L, all) == 0);
	FAILS(EINVAL, CALL(io_submit, 0, 1L, all));
	each[0].aio_fildes = (uint32_t)directory;
	FAILS(EINVAL, CALL(io_submit, context, 1L, all));
	each[0] = request(IOCB_CMD_PWRITE, only_read, memory, 512, 0);
	FAILS(EBADF, CALL(io_submit, context, 1L, all));
	each[0] = request(99, fd, memory, 512, 0);
	FAILS(EINVAL, CALL(io_submit, context, 1L, all));
	each[0] = request(IOCB_CMD_PREAD, fd, memory, 512, -5);
	FAILS(EINVAL, CALL(io_submit, context, 1L, all));
	MUST(CALL(io_getevents, context, 3L, 4L, events, &soon) == 2); /* ends by its timeout */
	MUST(CALL(io_getevents, context, 1L, 4L, events, &soon) == 0);
	MUST(CALL(io_getevents, context, 0L, 4L, events, NULL) == 0);
	FAILS(EINVAL, CALL(io_getevents, context, 5L, 4L, events, NULL));
	FAILS(EINVAL, CALL(io_cancel, context, &each[0], events));
	close(directory);
	close(only_read);
}

/* The ring as user space sees it (struct aio_ring of fs/aio.c): taken out without a call, as libaio does. */
struct ring {
	unsigned id, nr, head, tail, magic, compat, incompat, header_length;
	struct io_event events[];
};

static unsigned take_by_hand(aio_context_t context)
{
	struct ring *ring = (void *)(uintptr_t)context;
	unsigned n = 0;

	MUST(ring->magic == 0xa10a10a1);
	while (ring->head != __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE)) {
		__atomic_store_n(&ring->head, (ring->head + 1) % ring->nr, __ATOMIC_RELEASE);
		n++;
	}
	return n;
}

static void by_hand(aio_context_t context, int fd, char *memory)
{
	struct io_event event;
	struct iocb each[2];
	unsigned taken;
	int i;

	for (i = 0; i < 40; i++) {
		each[0] = request(i % 2 ? IOCB_CMD_PREAD : IOCB_CMD_PWRITE, fd, memory, BLOCK, i * BLOCK);
		submit(context, each, 1);
		for (taken = 0; taken == 0; taken = take_by_hand(context))
			;
		if (i % 4 != 3)
			continue;
		each[1] = request(IOCB_CMD_PREAD, fd, memory, BLOCK, 0);
		submit(context, each + 1, 1);
		MUST(CALL(io_getevents, context, 1L, 1L, &event, NULL) == 1 && event.res == BLOCK);
	}
}

static void no_files(aio_context_t context, int fd, char *memory)
{
	int event = eventfd(0, EFD_CLOEXEC), null = open("/dev/zero", O_RDONLY);
	struct iocb each[2] = {request(IOCB_CMD_PREAD, fd, memory, 100, 0),
		request(IOCB_CMD_PREAD, null, memory, 100, 0)};
	struct io_event events[2];
	uint64_t count;

	each[0].aio_flags = IOCB_FLAG_RESFD;
	each[0].aio_resfd = (uint32_t)event;
	submit(context, each, 2);
	MUST(read(event, &count, sizeof(count)) == sizeof(count));
	MUST(CALL(io_getevents, context, 2L, 2L, events, NULL) == 2);
	submit(context, each + 1, 1);
	MUST(CALL(io_getevents, context, 1L, 2L, events, NULL) == 1);
	close(null);
	close(event);
}

static void mix(void)
{
	int fd = open("w/mix", O_RDWR | O_CREAT, 0600), append = open("w/mix", O_WRONLY | O_APPEND);
	int start = open("start", O_RDWR);
	aio_context_t context = setup(64), other;
	char *memory = pages(8);
	int i;

	batches(context, fd, memory);
	refusals(context, fd, memory);
	MUST(one(context, IOCB_CMD_PWRITE, append, memory, 700, 0) == 700);
	MUST(lseek(fd, 0, SEEK_END) == 16 * BLOCK + 5101 + 700);
	by_hand(context, fd, memory);
	no_files(context, fd, memory);
	MUST(ftruncate(fd, 10000) == 0);
	MUST(one(context, IOCB_CMD_PREAD, fd, memory, BLOCK, 9000) == 1000);
	MUST(one(context, IOCB_CMD_PREAD, start, memory, 1 << 14, 990000) == 10000);
	MUST(one(context, IOCB_CMD_PWRITE, start, memory, 100, 500000) == 100);
	other = setup(200);
	for (i = 0; i < 50; i++) /* nobody asks for their events */
		submit(other, (struct iocb[]){request(IOCB_CMD_PREAD, start, memory, 100, i * 17000)}, 1);
	if (fork() == 0) { /* has no context of its parent's */
		FAILS(EINVAL, CALL(io_submit, context, 0L, NULL));
		other = setup(5);
		MUST(one(other, IOCB_CMD_PREAD, fd, memory, BLOCK, 0) == BLOCK);
		_exit(0);
	}
	MUST(wait(&i) > 0 && i == 0);
	MUST(CALL(io_destroy, context) == 0);
}

/* --- direct I/O --- */

static void direct(void)
{
	int fd = open("w/direct", O_RDWR | O_CREAT | O_DIRECT, 0600), i, round;
	aio_context_t context = setup(64);
	struct io_event events[64];
	struct iocb each[32];
	char *memory = pages(4);
	int64_t res;
	long n;

	MUST(fd >= 0);
	MUST(fallocate(fd, 0, 0, 64 * BLOCK) == 0);
	for (round = 0; round < 20; round++) {
		for (i = 0; i < 32; i++)
			each[i] = request((i + round) % 3 ? IOCB_CMD_PWRITE : IOCB_CMD_PREAD, fd, memory,
				BLOCK, (i * 37 + round * 11) % 64 * BLOCK);
		submit(context, each, 32);
		for (i = 0; i < 32; i += (int)n) { /* as they come */
			n = CALL(io_getevents, context, 1L, 64L, events, NULL);
			MUST(n > 0 && events[0].res == BLOCK);
		}
	}
	res = one(context, IOCB_CMD_PREAD, fd, memory + 1, BLOCK, 0); /* not aligned: EINVAL on most */
	MUST(res == -EINVAL || res == BLOCK);
	one(context, IOCB_CMD_PREAD, fd, memory, 100, 0);
	MUST(one(context, IOCB_CMD_PWRITE, fd, memory, 2 * BLOCK, 64 * BLOCK) == 2 * BLOCK);
	MUST(one(context, IOCB_CMD_PREAD, fd, memory, 4 * BLOCK, 64 * BLOCK) == 2 * BLOCK);
	for (i = 0; i < 32; i++)
		each[i] = request(IOCB_CMD_PREAD, fd, memory, BLOCK, i * BLOCK);
	submit(context, each, 32); /* under way when the process ends */
}

/* --- threads --- */

#define THREADS 4
#define ROUNDS	60

static struct {
	aio_context_t context;
	int fd;
	struct iocb each[ROUNDS];
} shared;

static void *submitter(void *unused)
{
	int i;

	for (i = 0; i < ROUNDS; i++)
		submit(shared.context, &shared.each[i], 1);
	return unused;
}

static void *reaper(void *unused)
{
	struct io_event events[8];
	int left = ROUNDS / 2;

	while (left > 0) {
		long n = CALL(io_getevents, shared.context, 1L, left < 8 ? left : 8L, events, NULL);

		MUST(n > 0);
		left -= (int)n;
	}
	return unused;
}

static void *own_context(void *number)
{
	char name[32], *memory = pages(4);
	aio_context_t context = setup(16);
	struct io_event events[16];
	struct iocb each[8];
	int fd, i, round;

	sprintf(name, "w/own%d", *(int *)number);
	fd = open(name, O_RDWR | O_CREAT, 0600);
	for (round = 0; round < 10; round++) {
		for (i = 0; i < 8; i++)
			each[i] = request(i % 2 ? IOCB_CMD_PREAD : IOCB_CMD_PWRITE, i % 3 ? shared.fd : fd,
				memory, BLOCK, i % 3 ? i * BLOCK : (round * 8 + i) * BLOCK);
		submit(context, each, 8);
		MUST(CALL(io_getevents, context, 8L, 16L, events, NULL) == 8);
	}
	MUST(CALL(io_destroy, context) == 0);
	close(fd);
	return NULL;
}

static void threads(void)
{
	pthread_t own[THREADS], user[3];
	int number[THREADS], i;
	char *memory = pages(1);

	shared.fd = open("w/shared", O_RDWR | O_CREAT, 0600);
	MUST(ftruncate(shared.fd, 1 << 20) == 0);
	shared.context = setup(2 * ROUNDS);
	for (i = 0; i < ROUNDS; i++)
		shared.each[i] = request(i % 2 ? IOCB_CMD_PREAD : IOCB_CMD_PWRITE, shared.fd, memory, BLOCK,
			i * BLOCK);
	for (i = 0; i < THREADS; i++) {
		number[i] = i;
		MUST(pthread_create(&own[i], NULL, own_context, &number[i]) == 0);
	}
	MUST(pthread_create(&user[0], NULL, submitter, NULL) == 0);
	MUST(pthread_create(&user[1], NULL, reaper, NULL) == 0);
	MUST(pthread_create(&user[2], NULL, reaper, NULL) == 0);
	for (i = 0; i < 3; i++)
		pthread_join(user[i], NULL);
	for (i = 0; i < THREADS; i++)
		pthread_join(own[i], NULL);
	MUST(ftruncate(shared.fd, 100) == 0);
	MUST(one(shared.context, IOCB_CMD_PREAD, shared.fd, memory, BLOCK, 0) == 100);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} modes[] = {{"aio-setup", aio_setup}, {"aio-setup-einval", aio_setup_einval},
		{"aio-submit", aio_submit}, {"mix", mix}, {"direct", direct}, {"threads", threads}};
	size_t i;

	MUST(access("w", W_OK) == 0);
	for (i = 0; i < sizeof(modes) / sizeof(*modes); i++)
		if (argc == 2 && strcmp(argv[1], modes[i].name) == 0) {
			modes[i].run();
			return 0;
		}
	return 2;
}
