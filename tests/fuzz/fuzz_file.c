/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"

void fuzz_fail(const char *what, const char *line, size_t len)
{
	fprintf(stderr, "%s: %.*s\n", what, (int)len, line);
	abort();
}

void fuzz_file_put(struct fuzz_file *f, const void *p, size_t len)
{
	f->fd = memfd_create("fuzz", MFD_CLOEXEC);
	if (f->fd < 0 || write(f->fd, p, len) != (ssize_t)len)
		fuzz_fail("no memory file", "", 0);
	snprintf(f->path, sizeof(f->path), "/proc/self/fd/%d", f->fd);
}

void fuzz_file_close(struct fuzz_file *f)
{
	close(f->fd);
}
