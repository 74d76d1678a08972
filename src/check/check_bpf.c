/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/capability.h>

#include "capture/bpf.h"
#include "check/check.h"

#define UNPRIVILEGED "/proc/sys/kernel/unprivileged_bpf_disabled"

#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#define CAP_BPF	    39
#endif

static void check_btf(struct check *c)
{
	bool there = check_exists(c, "/sys/kernel/btf/vmlinux");

	report_add(&c->report, SECTION_BPF, "type information", there ? MARK_OK : MARK_NO, "%s",
		there ? "/sys/kernel/btf/vmlinux" : "no /sys/kernel/btf/vmlinux");
	if (!there)
		report_remedy(&c->report, "a kernel with CONFIG_DEBUG_INFO_BTF has it");
}

static int load_program(void *arg, struct err *err)
{
	int rc = bpf_load_nothing();

	(void)arg;
	return rc ? err_sys(err, -rc, "a raw tracepoint program is refused") : 0;
}

static void check_load(struct check *c)
{
	struct err err = {0};
	int rc = try_in_child(load_program, NULL, &err);

	if (!rc) {
		report_add(&c->report, SECTION_BPF, "bpf(2)", MARK_OK,
			"raw tracepoint programs can be loaded");
		return;
	}
	report_add(&c->report, SECTION_BPF, "bpf(2)", MARK_NO, "%s", err.text);
	if (rc == -ENOSYS)
		report_remedy(&c->report, "a kernel with CONFIG_BPF_SYSCALL has it");
	else if (!check_capable(c, CAP_SYS_ADMIN) &&
		 !(check_capable(c, CAP_BPF) && check_capable(c, CAP_PERFMON)))
		report_remedy(&c->report, "root can, or CAP_BPF with CAP_PERFMON");
}

#ifdef HAVE_BPF
static void check_kernel(struct check *c)
{
	struct err err = {0};
	bool old;

	if (bpf_kernel(&old, &err))
		report_add(&c->report, SECTION_BPF, "programs", MARK_NO, "%s", err.text);
	else
		report_add(&c->report, SECTION_BPF, "programs", MARK_OK, "%s",
			old ? "those for Linux 5.8 to 5.16: calls alone (-L sys)"
			    : "those for Linux 5.17 and newer");
}
#endif

static void check_unprivileged(struct check *c)
{
	char value[16];

	if (check_line(c, UNPRIVILEGED, value, sizeof(value)))
		report_add(&c->report, SECTION_BPF, "unprivileged", MARK_NONE,
			"kernel.unprivileged_bpf_disabled is not there");
	else
		report_add(&c->report, SECTION_BPF, "unprivileged", MARK_NONE,
			"kernel.unprivileged_bpf_disabled is %s; tracing needs privileges in "
			"either case",
			value);
}

void check_bpf(struct check *c)
{
#ifdef HAVE_BPF
	report_add(&c->report, SECTION_BPF, "backend", MARK_OK, "part of this build");
#else
	report_add(&c->report, SECTION_BPF, "backend", MARK_NO, "not part of this build");
	report_remedy(&c->report, "build with clang, bpftool and libbpf");
#endif
	check_btf(c);
#ifdef HAVE_BPF
	check_kernel(c);
#endif
	check_load(c);
	check_unprivileged(c);
}
