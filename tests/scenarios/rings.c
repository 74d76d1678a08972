/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A ring of io_uring without liburing, so that it can be built with -m32 as well: what is in memory that differs
 * (vectors) and what does not. In the directory w; one submission after the other.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define MUST(condition)                                                                            \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "rings.c:%d: %s (errno %d)\n", __LINE__, #condition, errno);  \
			exit(1);                                                                   \
		}                                                                                  \
	} while (0)

static struct io_uring_params params;
static struct io_uring_sqe *sqes;
static char *queues;
static int ring;

static uint32_t *word(uint32_t offset)
{
	return (uint32_t *)(void *)(queues + offset);
}

static void set_up(void)
{
	size_t sq, cq;

	ring = (int)syscall(SYS_io_uring_setup, 8, &params);
	MUST(ring >= 0);
	MUST(params.features & IORING_FEAT_SINGLE_MMAP);
	sq = params.sq_off.array + params.sq_entries * sizeof(uint32_t);
	cq = params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe);
	queues = mmap(NULL, sq > cq ? sq : cq, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQ_RING);
	MUST(queues != MAP_FAILED);
	sqes = mmap(NULL, params.sq_entries * sizeof(*sqes), PROT_READ | PROT_WRITE, MAP_SHARED, ring,
		IORING_OFF_SQES);
	MUST(sqes != MAP_FAILED);
}

/* Its result. */
static int submit(struct io_uring_sqe sqe)
{
	uint32_t tail = *word(params.sq_off.tail), head = *word(params.cq_off.head);
	struct io_uring_cqe *cqes = (void *)(queues + params.cq_off.cqes);
	uint32_t index = tail & *word(params.sq_off.ring_mask);
	int result;

	sqe.user_data = tail + 1;
	sqes[index] = sqe;
	word(params.sq_off.array)[index] = index;
	__atomic_store_n(word(params.sq_off.tail), tail + 1, __ATOMIC_RELEASE);
	MUST(syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) == 1);
	MUST(__atomic_load_n(word(params.cq_off.tail), __ATOMIC_ACQUIRE) == head + 1);
	result = cqes[head & *word(params.cq_off.ring_mask)].res;
	__atomic_store_n(word(params.cq_off.head), head + 1, __ATOMIC_RELEASE);
	return result;
}

static int on_file(int opcode, int fd, const void *memory, uint32_t len, uint64_t offset)
{
	return submit((struct io_uring_sqe){.opcode = (uint8_t)opcode, .fd = fd, .addr = (uintptr_t)memory,
		.len = len, .off = offset});
}

static int fixed(int opcode, int slot, const void *memory, uint32_t len, int buffer)
{
	return submit((struct io_uring_sqe){.opcode = (uint8_t)opcode, .fd = slot, .addr = (uintptr_t)memory,
		.len = len, .buf_index = (uint16_t)buffer, .flags = IOSQE_FIXED_FILE});
}

static char (*memory)[10000];

static void vectors(int fd)
{
	struct iovec many[70], two[2] = {{memory[0], 3000}, {memory[1], 77}};
	int i;

	MUST(on_file(IORING_OP_WRITEV, fd, two, 2, 0x100000000) == 3077);
	MUST(on_file(IORING_OP_READV, fd, two, 2, 0x100000000 - 50) == 3077);
	for (i = 0; i < 70; i++)
		many[i] = (struct iovec){memory[2], (size_t)i + 1};
	MUST(on_file(IORING_OP_WRITEV, fd, many, 70, 5) == 35 * 71);
	MUST(on_file(IORING_OP_WRITE, fd, memory[0], 10, 4000) == 10);
}

static void registered(int fd)
{
	struct iovec buffers[2] = {{memory[0], 10000}, {memory[2], 9999}};
	int files[3] = {fd, -1, fd}, other = open("w/other", O_RDWR | O_CREAT, 0600);
	struct io_uring_files_update update = {.offset = 1, .fds = (uintptr_t)&other};
	struct io_uring_rsrc_register both = {.nr = 2, .data = (uintptr_t)buffers};

	MUST(syscall(SYS_io_uring_register, ring, IORING_REGISTER_BUFFERS, buffers, 2) == 0);
	MUST(syscall(SYS_io_uring_register, ring, IORING_REGISTER_FILES, files, 3) == 0);
	MUST(syscall(SYS_io_uring_register, ring, IORING_REGISTER_FILES_UPDATE, &update, 1) == 1);
	MUST(fixed(IORING_OP_WRITE_FIXED, 1, memory[2] + 7, 600, 1) == 600);
	MUST(fixed(IORING_OP_READ_FIXED, 2, memory[0], 9000, 0) == 9000);
	MUST(syscall(SYS_io_uring_register, ring, IORING_UNREGISTER_BUFFERS, NULL, 0) == 0);
	MUST(syscall(SYS_io_uring_register, ring, IORING_REGISTER_BUFFERS2, &both, sizeof(both)) == 0);
	MUST(close(other) == 0);
}

static void names(void)
{
	int fd = submit((struct io_uring_sqe){.opcode = IORING_OP_OPENAT, .fd = AT_FDCWD, .addr = (uintptr_t)"w/new",
		.len = 0640, .open_flags = O_RDWR | O_CREAT});

	MUST(fd >= 0);
	MUST(on_file(IORING_OP_WRITE, fd, memory[1], 300, 0) == 300);
	MUST(submit((struct io_uring_sqe){.opcode = IORING_OP_CLOSE, .fd = fd}) == 0);
	MUST(submit((struct io_uring_sqe){.opcode = IORING_OP_RENAMEAT, .fd = AT_FDCWD, .addr = (uintptr_t)"w/new",
		.len = (uint32_t)AT_FDCWD, .addr2 = (uintptr_t)"w/renamed"}) == 0);
}

int main(void)
{
	int fd = open("w/file", O_RDWR | O_CREAT | 0100000 /* O_LARGEFILE of both */, 0644);

	MUST(fd >= 0);
	/* the kernel takes no buffer that lies half in the program's file */
	memory = mmap(NULL, 3 * sizeof(*memory), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	MUST(memory != MAP_FAILED);
	set_up();
	vectors(fd);
	registered(fd);
	names();
	return 0;
}
