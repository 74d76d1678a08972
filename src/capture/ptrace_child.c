/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/ptrace.h"

/* A number of /proc/self/status, 0 when it is not there. */
static int own_status(const char *key)
{
	FILE *f = fopen("/proc/self/status", "re");
	char line[128];
	int value = 0;

	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, key, strlen(key)) == 0)
			value = (int)strtol(line + strlen(key), NULL, 10);
	if (f)
		fclose(f);
	return value;
}

static int yama_scope(void)
{
	FILE *f = fopen("/proc/sys/kernel/yama/ptrace_scope", "re");
	int value = 0;

	if (f && fscanf(f, "%d", &value) != 1)
		value = 0;
	if (f)
		fclose(f);
	return value;
}

static int seize_error(int code, struct err *err)
{
	int tracer = own_status("TracerPid:");

	if (code != EPERM)
		return err_sys(err, code, "cannot trace the program");
	if (tracer)
		return err_set(err, EPERM,
			"cannot trace the program: ioriot itself is being traced by process %d",
			tracer);
	if (yama_scope() == 3)
		return err_set(err, EPERM,
			"cannot trace the program: kernel.yama.ptrace_scope is 3 on this host");
	if (own_status("Seccomp:"))
		return err_set(err, EPERM,
			"cannot trace the program: a seccomp filter (of this container?) forbids "
			"ptrace");
	return err_sys(err, EPERM, "cannot trace the program");
}

int child_seize(const struct child *child, long options, struct err *err)
{
	return ptrace(PTRACE_SEIZE, child->pid, 0, options) ? seize_error(errno, err) : 0;
}
