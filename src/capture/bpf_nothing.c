/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "capture/bpf.h"

/* Without the loader: who asks may be a build that has none. */
static int load_nothing(void)
{
	const struct bpf_insn code[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	union bpf_attr attr = {.prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT,
		.insn_cnt = sizeof(code) / sizeof(*code),
		.insns = (uint64_t)(uintptr_t)code,
		.license = (uint64_t)(uintptr_t) "GPL"};
	int fd = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

/* Before Linux 5.11 programs and maps were counted as locked memory, which the loader knows, too. */
int bpf_load_nothing(void)
{
	const struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY};
	struct rlimit limit;
	int rc = load_nothing();

	if (rc != -EPERM || getrlimit(RLIMIT_MEMLOCK, &limit) || setrlimit(RLIMIT_MEMLOCK, &none))
		return rc;
	rc = load_nothing();
	setrlimit(RLIMIT_MEMLOCK, &limit);
	return rc;
}
