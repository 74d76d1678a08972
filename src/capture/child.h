/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_CAPTURE_CHILD_H
#define IORIOT_CAPTURE_CHILD_H

#include <sys/types.h>

#include "capture/ptrace_filter.h"
#include "utils/err.h"

/* The process that becomes the program to record. It waits until the backend is ready for it. */
struct child {
	pid_t pid;
	int go;	    /* a byte lets it install the filter and start the program */
	int report; /* says why it could not, or nothing */
};

/*
 * Forks it. PROGRAM is the file, ARGV its arguments; FILTER is installed before it is executed,
 * NULL: none. 0 or -errno.
 */
int child_fork(struct child *child, const char *program, char **argv, struct filter *filter,
	struct err *err);
int child_start(struct child *child, struct err *err);

/* After its end without a program: 0 when nothing is known, else -errno and why. */
int child_why(const struct child *child, const char *program, struct err *err);
void child_close(struct child *child);

#endif
