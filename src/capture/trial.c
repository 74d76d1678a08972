/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/trial.h"

#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <limits.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#define PATIENCE 10		 /* s, for all of it */
#define PIECE	 (64u * 1024)	 /* bytes of a file */
#define DROPS	 20		 /* times that pages are dropped until one is gone */
#define LOSS	 (2u * 1000000) /* us until a lost segment must have been sent again */

unsigned trial_of(const char *event)
{
	static const struct {
		const char *event;
		unsigned what;
	} all[] = {
		{"block_bio_queue", TRIAL_DISK},
		{"block_rq_issue", TRIAL_DISK},
		{"block_rq_complete", TRIAL_DISK},
		{"mm_filemap_get_pages", TRIAL_DISK},
		{"mm_filemap_add_to_page_cache", TRIAL_DISK},
		{"mm_filemap_delete_from_page_cache", TRIAL_DISK},
		{"page_cache_ra_order", TRIAL_DISK},
		{"page_cache_ra_unbounded", TRIAL_DISK},
		{"writeback_dirty_folio", TRIAL_DISK},
		{"sb_mark_inode_writeback", TRIAL_DISK},
		{"sb_clear_inode_writeback", TRIAL_DISK},
		{"page_fault_user", TRIAL_FAULT},
		{"page_fault_kernel", TRIAL_FAULT},
		{"perf_minor_faults", TRIAL_FAULT},
		{"perf_major_faults", TRIAL_DISK},
		{"event_enter", TRIAL_CALL},
		{"event_exit", TRIAL_CALL},
		{"event_signal", TRIAL_SIGNAL},
		{"sys_enter", TRIAL_CALL},
		{"sys_exit", TRIAL_CALL},
		{"signal_deliver", TRIAL_SIGNAL},
		{"tcp_retransmit_skb", TRIAL_TCP},
		{"inet_sock_set_state", TRIAL_TCP},
		{"sock_send_length", TRIAL_SOCKET},
		{"sock_recv_length", TRIAL_SOCKET},
		{"ring_submit", TRIAL_RING},
		{"ring_refused", TRIAL_RING},
		{"ring_worker", TRIAL_RING},
		{"ring_complete", TRIAL_RING},
		{"fork", TRIAL_TASK},
		{"exec", TRIAL_TASK},
		{"exit", TRIAL_TASK},
		{"vfs_unlink", TRIAL_NAMES},
		{"vfs_rmdir", TRIAL_NAMES},
		{"vfs_rename", TRIAL_NAMES},
		{"notify_change", TRIAL_NAMES},
		{"vfs_setxattr", TRIAL_NAMES},
		{"vfs_set_acl", TRIAL_NAMES},
		{"filemap_map_pages", TRIAL_DISK},
		{"filemap_fault", TRIAL_DISK},
		{"do_page_mkwrite", TRIAL_DISK},
		{"shmem_fault", TRIAL_FAULT},
		{"io_wq_submit_work", TRIAL_RING},
	};
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (strcmp(all[i].event, event) == 0)
			return all[i].what;
	return 0;
}

static void on_signal(int number)
{
	(void)number;
}

static bool try_signal(void)
{
	const struct sigaction action = {.sa_handler = on_signal};

	return !sigaction(SIGUSR1, &action, NULL) && !raise(SIGUSR1);
}

/* The program is ourselves. */
static bool try_task(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		int null = open("/dev/null", O_WRONLY);

		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
		execl("/proc/self/exe", "ioriot", "-V", NULL);
		_exit(1);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

/* Each of its pages has a fault of its own. */
static char *map_memory(size_t bytes)
{
	char *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		return NULL;
	madvise(at, bytes, MADV_NOHUGEPAGE);
	return at;
}

/* --- a disk --- */

/* Bytes that requests of ours asked of disks. */
static unsigned long long disk_reads(void)
{
	unsigned long long bytes = 0;
	char line[64];
	FILE *f = fopen("/proc/self/io", "re");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "read_bytes: %llu", &bytes) == 1)
			break;
	if (f)
		fclose(f);
	return bytes;
}

static bool touch_map(int fd, bool change)
{
	volatile char *at = mmap(NULL, PIECE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	char byte;

	if (at == MAP_FAILED)
		return false;
	byte = at[0];
	if (change)
		at[0] = 1;
	munmap((char *)at, PIECE);
	return byte == 0;
}

/*
 * Drops all pages and touches one, which must be read then. Whoever wrote it back may hold on to it for a moment, so
 * that it is not dropped: the kernel's count of this process tells.
 */
static bool touch_dropped(int fd)
{
	struct rusage before, after;
	int i;

	for (i = 0; i < DROPS; i++) {
		if (getrusage(RUSAGE_SELF, &before) || posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) ||
			!touch_map(fd, false) || getrusage(RUSAGE_SELF, &after))
			return false;
		if (after.ru_majflt > before.ru_majflt)
			break;
		usleep(1000);
	}
	return true;
}

/* The first part is touched by a map, the second is read, the third is read ahead. */
static bool use_file(int fd, char *data)
{
	return pwrite(fd, data, PIECE, 0) == PIECE && pwrite(fd, data, PIECE, PIECE) == PIECE &&
	       pwrite(fd, data, PIECE, 2 * PIECE) == PIECE && !fsync(fd) && touch_dropped(fd) &&
	       pread(fd, data, PIECE, PIECE) == PIECE &&
	       !posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) &&
	       !posix_fadvise(fd, 2 * PIECE, PIECE, POSIX_FADV_WILLNEED) &&
	       pread(fd, data, PIECE, 2 * PIECE) == PIECE && pread(fd, data, PIECE, 0) == PIECE &&
	       touch_map(fd, true);
}

static bool try_disk(const char *directory)
{
	int fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	unsigned long long before = disk_reads();
	char *data = fd < 0 ? NULL : map_memory(PIECE);

	return data && use_file(fd, data) && disk_reads() > before;
}

static bool try_in(const char *const *directories, bool (*try_one)(const char *directory))
{
	for (; *directories; directories++)
		if (try_one(*directories))
			return true;
	return false;
}

/* --- page faults --- */

/* A byte that the kernel copies to a page that nobody has touched yet. */
static bool try_fault(void)
{
	char *at = map_memory(2 * PIECE);
	volatile char *shared = mmap(NULL, PIECE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int fd[2];

	if (!at || shared == MAP_FAILED || pipe(fd))
		return false;
	shared[0] = at[0] = 1;
	return write(fd[1], at, 1) == 1 && read(fd[0], at + PIECE, 1) == 1;
}

/* --- names --- */

static bool change_file(int fd)
{
	/* struct posix_acl_xattr_header, and the entries of mode 0600 */
	static const struct {
		uint32_t version;
		struct {
			uint16_t tag, perm;
			uint32_t id;
		} entry[3];
	} list = {2, {{1, 6, UINT32_MAX}, {4, 0, UINT32_MAX}, {32, 0, UINT32_MAX}}};

	/* whether the file system has lists does not matter: it is asked */
	return !fchmod(fd, 0400) && (!fsetxattr(fd, "system.posix_acl_access", &list, sizeof(list), 0) || errno);
}

/* What is left of it when it fails is removed as far as it can be. */
static bool use_names(int directory)
{
	int fd = openat(directory, "a", O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
	bool done = fd >= 0 && change_file(fd) && !renameat(directory, "a", directory, "b");

	return !unlinkat(directory, done ? "b" : "a", 0) && done;
}

static bool try_names(const char *in)
{
	char name[PATH_MAX];
	int directory;
	bool done;

	if (snprintf(name, sizeof(name), "%s/.ioriot-XXXXXX", in) >= (int)sizeof(name) || !mkdtemp(name))
		return false;
	directory = open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	done = directory >= 0 && use_names(directory);
	return !rmdir(name) && done;
}

/* --- TCP --- */

/* What comes to FD from now on is dropped. */
static bool drop_all(int fd)
{
	struct sock_filter none = BPF_STMT(BPF_RET | BPF_K, 0);
	const struct sock_fprog program = {.len = 1, .filter = &none};

	return !setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

static bool await_loss(int fd)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);
	unsigned waited;

	for (waited = 0; waited < LOSS; waited += 10000) {
		if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len))
			return false;
		if (info.tcpi_total_retrans)
			return true;
		usleep(10000);
	}
	return false;
}

static bool try_tcp(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	int listens = socket(AF_INET, SOCK_STREAM, 0), sends = socket(AF_INET, SOCK_STREAM, 0), gets;

	if (listens < 0 || sends < 0 || bind(listens, (struct sockaddr *)&at, len) || listen(listens, 1) ||
		getsockname(listens, (struct sockaddr *)&at, &len) || connect(sends, (struct sockaddr *)&at, len))
		return false;
	gets = accept(listens, NULL, NULL);
	return gets >= 0 && drop_all(gets) && send(sends, "", 1, MSG_NOSIGNAL) == 1 && await_loss(sends);
}

/* --- io_uring --- */

static bool try_ring(void)
{
	const unsigned char no_opcode = 255;
	struct io_uring ring;
	struct io_uring_sqe *worker, *refused;
	struct io_uring_cqe *done;
	int rc;

	if (io_uring_queue_init(4, &ring, 0))
		return false;
	worker = io_uring_get_sqe(&ring);
	io_uring_prep_nop(worker);
	worker->flags |= IOSQE_ASYNC;
	refused = io_uring_get_sqe(&ring);
	io_uring_prep_nop(refused);
	refused->opcode = no_opcode;
	rc = io_uring_submit(&ring);
	if (rc > 0)
		rc = io_uring_wait_cqe_nr(&ring, &done, (unsigned)rc);
	io_uring_queue_exit(&ring);
	return rc == 0;
}

static bool await_requests(struct io_uring *ring, unsigned n)
{
	struct io_uring_cqe *done;
	bool good = true;

	for (; good && n; n--) {
		good = !io_uring_wait_cqe(ring, &done) && done->res == 1;
		if (good)
			io_uring_cqe_seen(ring, done);
	}
	return good;
}

static bool try_socket(void)
{
	struct io_uring ring;
	char byte = 0;
	int ends[2];
	bool good;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) || io_uring_queue_init(4, &ring, 0))
		return false;
	io_uring_prep_send(io_uring_get_sqe(&ring), ends[0], &byte, 1, 0);
	io_uring_prep_recv(io_uring_get_sqe(&ring), ends[1], &byte, 1, 0);
	good = io_uring_submit(&ring) == 2 && await_requests(&ring, 2);
	io_uring_queue_exit(&ring);
	return good;
}

/* --- all of it --- */

static void try_all(unsigned wanted, const char *const *directories, volatile unsigned *done)
{
	if (wanted & TRIAL_CALL)
		*done |= getppid() > 0 ? TRIAL_CALL : 0;
	if (wanted & TRIAL_SIGNAL)
		*done |= try_signal() ? TRIAL_SIGNAL : 0;
	if (wanted & TRIAL_FAULT)
		*done |= try_fault() ? TRIAL_FAULT : 0;
	if (wanted & TRIAL_TASK)
		*done |= try_task() ? TRIAL_TASK : 0;
	if (wanted & TRIAL_RING)
		*done |= try_ring() ? TRIAL_RING : 0;
	if (wanted & TRIAL_DISK)
		*done |= try_in(directories, try_disk) ? TRIAL_DISK : 0;
	if (wanted & TRIAL_NAMES)
		*done |= try_in(directories, try_names) ? TRIAL_NAMES : 0;
	if (wanted & TRIAL_SOCKET)
		*done |= try_socket() ? TRIAL_SOCKET : 0;
	if (wanted & TRIAL_TCP)
		*done |= try_tcp() ? TRIAL_TCP : 0;
}

static unsigned trial_run(unsigned wanted, const char *const *directories)
{
	volatile unsigned *done = mmap(NULL, sizeof(*done), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned result;
	pid_t pid;

	if (done == MAP_FAILED)
		return 0;
	pid = fork();
	if (pid == 0) {
		signal(SIGALRM, SIG_DFL);
		alarm(PATIENCE);
		try_all(wanted, directories, done);
		_exit(0);
	}
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	result = *done;
	munmap((void *)done, sizeof(*done));
	return result;
}

unsigned trial_beside(unsigned wanted, const char *capture)
{
	char beside[PATH_MAX];
	const char *const directories[] = {beside, "/var/tmp", "/", NULL};
	const char *slash = strrchr(capture, '/');

	snprintf(beside, sizeof(beside), "%.*s", slash ? (int)(slash - capture) + 1 : 1, slash ? capture : ".");
	return trial_run(wanted, directories);
}
