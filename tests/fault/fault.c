/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes one call of a program fail. The calls of faults.def are counted by class, over all processes and
 * threads of the program; FAULT names the one that fails:
 *
 *   FAULT_PAGE=FILE           struct page, which the caller reads afterwards
 *   FAULT=CLASS:N:ERRNO       the Nth (from 1) call of that class fails with that number;
 *                             with 0 a write is short instead
 *   FAULT_TRACE=1             prints who made the call
 *
 * As a library for LD_PRELOAD it sees the calls of all libraries. Linked into the program with --wrap
 * (FAULT_WRAP) it sees the program's own, and a sanitizer sees what becomes of them.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <grp.h>

enum fault_class { FAULT_ALLOC, FAULT_OPEN, FAULT_WRITE, FAULT_MAKE, FAULT_READ, FAULT_START, CLASSES };

struct page {
	_Atomic uint64_t count[CLASSES];
	_Atomic uint64_t hit;
	uint64_t caller; /* offset in its file */
	char name[32], file[200];
};

static struct page *page;
static uint64_t fail_class = CLASSES, fail_at, fail_code;
static bool trace;
static void *libc; /* what it does inside is its own affair: each of its functions fails as a whole */

/* Open by itself, so that nothing of the program is used or counted. */
__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("FAULT_PAGE"), *fault = getenv("FAULT");
	struct page *p;
	Dl_info info;
	char *end;
	long fd;

	if (!path)
		return;
	fd = syscall(SYS_open, path, O_RDWR | O_CLOEXEC, 0);
	if (fd < 0 || syscall(SYS_ftruncate, fd, sizeof(*page)))
		_exit(99);
	p = (struct page *)syscall(SYS_mmap, 0, sizeof(*p), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		_exit(99);
	syscall(SYS_close, fd);
	if (dladdr(dlsym(RTLD_NEXT, "getpwnam"), &info))
		libc = info.dli_fbase;
	trace = getenv("FAULT_TRACE");
	if (fault) {
		fail_class = strtoull(fault, &end, 10);
		fail_at = strtoull(end + 1, &end, 10);
		fail_code = strtoull(end + 1, &end, 10);
	}
	page = p;
}

static void print_trace(void)
{
	void *frames[30];

	trace = false;
	backtrace_symbols_fd(frames, backtrace(frames, 30), STDERR_FILENO);
}

static bool fails(enum fault_class class, const char *name, void *caller)
{
	Dl_info info;

	if (!page || !dladdr(caller, &info) || info.dli_fbase == libc)
		return false;
	if (atomic_fetch_add(&page->count[class], 1) + 1 != fail_at || class != fail_class)
		return false;
	strncpy(page->name, name, sizeof(page->name) - 1);
	page->caller = (uint64_t)caller - (uint64_t)info.dli_fbase;
	strncpy(page->file, info.dli_fname, sizeof(page->file) - 1);
	atomic_store(&page->hit, 1);
	if (trace)
		print_trace();
	if (fail_code)
		errno = (int)fail_code;
	return true;
}

#ifdef FAULT_WRAP
#define LABEL(name) "__wrap_" #name
#define REAL(ret, name, params) __real_##name
#define FAULT_IF(class, ret, name, failed, params, args, condition) ret __real_##name params;
#define FAULT(class, ret, name, failed, params, args) ret __real_##name params;
#define FAULT_WRITE(name, params, args, condition) ssize_t __real_##name params;
#include "faults.def"
#else
/* To look for these would allocate. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);

static void *find(void **known, const char *name)
{
	if (*known)
		return *known;
	*known = strcmp(name, "malloc") == 0  ? (void *)__libc_malloc :
		 strcmp(name, "calloc") == 0  ? (void *)__libc_calloc :
		 strcmp(name, "realloc") == 0 ? (void *)__libc_realloc :
						dlsym(RTLD_NEXT, name);
	return *known;
}
#define LABEL(name) #name
#define REAL(ret, name, params) ((ret(*) params)find(&known_##name, #name))
#define FAULT_IF(class, ret, name, failed, params, args, condition) static void *known_##name;
#define FAULT(class, ret, name, failed, params, args) static void *known_##name;
#define FAULT_WRITE(name, params, args, condition) static void *known_##name;
#include "faults.def"
#endif

/* Names of their own in C, since the headers declare some with other types. */
#define FAULT_IF(class, ret, name, failed, params, args, condition)                                \
	ret fault_##name params __asm__(LABEL(name));                                              \
	ret fault_##name params                                                                     \
	{                                                                                          \
		if ((condition) && fails(FAULT_##class, #name, __builtin_return_address(0)) &&     \
			fail_code)                                                                 \
			return failed;                                                             \
		return REAL(ret, name, params) args;                                               \
	}
#define FAULT(class, ret, name, failed, params, args) FAULT_IF(class, ret, name, failed, params, args, true)
#define FAULT_WRITE(name, params, args, condition)                                                 \
	ssize_t fault_##name params __asm__(LABEL(name));                                          \
	ssize_t fault_##name params                                                                 \
	{                                                                                          \
		if ((condition) && fails(FAULT_WRITE, #name, __builtin_return_address(0))) {       \
			if (fail_code)                                                             \
				return -1;                                                         \
			n -= n / 2;                                                                \
		}                                                                                  \
		return REAL(ssize_t, name, params) args;                                           \
	}
#include "faults.def"

int fault_asprintf(char **out, const char *format, ...) __asm__(LABEL(asprintf));
int fault_asprintf(char **out, const char *format, ...)
{
	va_list ap;
	int n;

	if (fails(FAULT_ALLOC, "asprintf", __builtin_return_address(0)))
		return -1;
	va_start(ap, format);
	n = vasprintf(out, format, ap);
	va_end(ap);
	return n;
}
