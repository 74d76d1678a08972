/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdio.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "capture/buffer.h"
#include "capture/stap.h"
#include "check/check.h"

#define LOCKDOWN    "/sys/kernel/security/lockdown"
#define SIG_ENFORCE "/sys/module/module/parameters/sig_enforce"

static void add(struct check *c, const char *name, bool ok, const char *text)
{
	report_add(&c->report, SECTION_STAP, name, ok ? MARK_OK : MARK_NO, "%s", text);
}

static void fact(struct check *c, const char *name, const char *text)
{
	report_add(&c->report, SECTION_STAP, name, MARK_NONE, "%s", text);
}

/* ---- the kernel ---- */

static void check_modules(struct check *c)
{
	char disabled[8];

	if (!check_exists(c, "/proc/modules")) {
		add(c, "modules", false, "this kernel has none (CONFIG_MODULES is not set)");
		report_remedy(&c->report, "another kernel, or another backend");
	} else if (check_line(c, "/proc/sys/kernel/modules_disabled", disabled, sizeof(disabled)) ==
			   0 &&
		   strcmp(disabled, "1") == 0) {
		add(c, "modules", false, "kernel.modules_disabled is 1");
		report_remedy(&c->report, "it stays so until the next boot");
	} else {
		add(c, "modules", true, "can be loaded into this kernel");
	}
}

/* What systemtap/build.sh demands, and what takes a module out again. */
static const char *const needed_options[] = {"MODULES", "MODULE_UNLOAD", "RELAY", "KPROBES",
	"TRACEPOINTS", "HAVE_SYSCALL_TRACEPOINTS", "PROC_FS"};

static void check_options(struct check *c)
{
	struct buf config = BUF_INIT, lacks = BUF_INIT;
	char from[PATH_MAX];
	size_t i;

	if (kernel_config(c, &config, from, sizeof(from))) {
		fact(c, "kernel options", "the configuration of this kernel cannot be read");
		buf_free(&config);
		return;
	}
	for (i = 0; i < sizeof(needed_options) / sizeof(*needed_options); i++)
		if (!kernel_config_has(buf_as_str(&config), needed_options[i]))
			buf_addf(&lacks, " CONFIG_%s", needed_options[i]);
	report_add(&c->report, SECTION_STAP, "kernel options", lacks.len ? MARK_NO : MARK_OK,
		"%s%.*s in %s", lacks.len ? "no" : "all that are needed are", (int)lacks.len,
		buf_as_str(&lacks).s, from);
	buf_free(&config);
	buf_free(&lacks);
}

/* The word in brackets of "none [integrity] confidentiality": kernel_lockdown(7). */
static bool is_locked(const char *line)
{
	return strchr(line, '[') && !strstr(line, "[none]");
}

/* LOCKED: modules without a signature are refused. */
static void add_lock(struct check *c, const char *name, bool locked, const char *text,
	const struct stap_module *module)
{
	if (locked && module && module->has_signature) {
		report_add(
			&c->report, SECTION_STAP, name, MARK_OK, "%s; the module is signed", text);
		return;
	}
	add(c, name, !locked, text);
	if (locked)
		report_remedy(
			&c->report, "a module must be signed with a key that this kernel trusts");
}

static void check_lockdown(struct check *c, const struct stap_module *module)
{
	char line[128];

	if (check_line(c, LOCKDOWN, line, sizeof(line)))
		fact(c, "lockdown", "not to be seen (" LOCKDOWN ")");
	else
		add_lock(c, "lockdown", is_locked(line), line, module);
}

static void check_signatures(struct check *c, const struct stap_module *module)
{
	char line[16];

	if (check_line(c, SIG_ENFORCE, line, sizeof(line)))
		fact(c, "signatures", "not to be seen (" SIG_ENFORCE ")");
	else
		add_lock(c, "signatures", line[0] != 'N',
			line[0] == 'N' ? "modules need none" : "module.sig_enforce is set", module);
}

/* ---- the programs ---- */

/* "version 4.8/0.188, ..." of what PROGRAM -V prints. */
static void version_of(const char *program, char *version, size_t size)
{
	const char *const argv[] = {program, "-V", NULL};
	struct buf said = BUF_INIT;
	const char *at;

	version[0] = '\0';
	if (run_program(argv, &said) == 0) {
		buf_char(&said, '\0');
		at = buf_ok(&said) ? strstr(said.p, "version ") : NULL;
		if (at)
			snprintf(version, size, ", %.*s", (int)strcspn(at, "/,)\n"), at);
	}
	buf_free(&said);
}

static void check_staprun(struct check *c)
{
	char path[PATH_MAX], version[64];
	struct err err;

	if (stap_find_staprun(path, &err)) {
		add(c, "staprun", false, err.text);
		return;
	}
	version_of("stap", version, sizeof(version));
	report_add(&c->report, SECTION_STAP, "staprun", MARK_OK, "%s%s", path, version);
}

static void check_privileges(struct check *c, const struct stap_module *module)
{
	struct err err;

	if (geteuid() == 0 && !check_capable(c, CAP_SYS_MODULE)) {
		add(c, "privileges", false, "root, but without CAP_SYS_MODULE on the host");
		report_remedy(&c->report, "outside of containers it has that");
	} else if (stap_user_check(module, &err)) {
		add(c, "privileges", false, err.text);
		report_remedy(&c->report, "docs/security.md tells who may do what, and how");
	} else {
		add(c, "privileges", true,
			geteuid() == 0 ? "root" : "a member of the groups of SystemTap");
	}
}

/* ---- what it takes to build a module here ---- */

static void check_building(struct check *c)
{
	char path[PATH_MAX], stap[PATH_MAX];
	bool headers, compiler;

	snprintf(path, sizeof(path), "/lib/modules/%s/build", c->uts.release);
	headers = check_exists(c, path);
	compiler = check_program(c, "stap", stap, sizeof(stap)) == 0;
	report_add(&c->report, SECTION_STAP, "headers", headers ? MARK_OK : MARK_NONE, "%s%s",
		headers ? path : "not installed, only needed to build a module: no ",
		headers ? "" : path);
	report_add(&c->report, SECTION_STAP, "compiler", compiler ? MARK_OK : MARK_NONE, "%s",
		compiler ? stap : "stap is not installed, only needed to build a module");
}

static void check_buffers(struct check *c)
{
	unsigned cpus = (unsigned)get_nprocs();
	struct sysinfo host;

	sysinfo(&host);
	report_add(&c->report, SECTION_STAP, "buffers", MARK_NONE,
		"%u MiB of kernel memory for each of %u processors",
		buffer_size(0, cpus, (uint64_t)host.totalram * host.mem_unit), cpus);
	report_remedy(&c->report, "--buffer changes it");
}

void check_stap(struct check *c)
{
	struct stap_module found;
	const struct stap_module *module = check_module(c, &found) ? &found : NULL;

	check_modules(c);
	check_options(c);
	check_lockdown(c, module);
	check_signatures(c, module);
	check_staprun(c);
	check_privileges(c, module);
	check_building(c);
	check_buffers(c);
	if (module && report_usable(&c->report, SECTION_STAP))
		try_module(c, module);
}
