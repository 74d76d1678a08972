/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/stat.h>

#include "check/check.h"
#include "suites.h"
#include "tempdir.h"

/*
 * Hosts made of files: what --check says of their /proc, /sys, /boot and /lib. What the kernel must
 * be asked is tried in tests/e2e/check.sh.
 */

static struct tempdir dir;
static struct check host;

static void host_enter(void)
{
	static const struct options none;

	tempdir_enter(&dir);
	host = (struct check){.options = &none, .root = dir.path};
	strcpy(host.uts.sysname, "Linux");
	strcpy(host.uts.release, "6.1.0-1-test");
	strcpy(host.uts.machine, "x86_64");
}

static void host_leave(void)
{
	char cmd[100];

	report_free(&host.report);
	snprintf(cmd, sizeof(cmd), "cd / && rm -r %s", dir.path);
	ck_assert_int_eq(system(cmd), 0);
}

/* A file of the host with the directories above it. */
static void put(const char *path, const char *text)
{
	char name[200], *slash;

	snprintf(name, sizeof(name), "%s", path + 1);
	for (slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(name, 0755);
		*slash = '/';
	}
	file_put(name, text, strlen(text));
}

static const struct subject *find(enum section section, const char *name)
{
	size_t i;

	for (i = 0; i < host.report.subjects.n; i++) {
		const struct subject *s = &host.report.subjects.v[i];

		if (s->section == section && strcmp(s->name, name) == 0)
			return s;
	}
	ck_abort_msg("nothing is said of %s", name);
}

/* What is said of a subject: its mark, and TEXT somewhere in it or in what to do about it. */
static void ck_says(enum section section, const char *name, enum mark mark, const char *text)
{
	const struct subject *s = find(section, name);

	ck_assert_msg(s->mark == mark, "%s: %s: %s", name, mark_words[s->mark], s->text);
	ck_assert_msg(strstr(s->text, text) || (s->remedy && strstr(s->remedy, text)),
		"%s: not '%s' but '%s', '%s'", name, text, s->text, s->remedy ? s->remedy : "");
}

static void look(void (*part)(struct check *))
{
	report_free(&host.report);
	host.report = (struct report){0};
	part(&host);
	ck_assert(!host.report.failed);
}

START_TEST(modules_of_the_kernel)
{
	look(check_stap);
	ck_says(SECTION_STAP, "modules", MARK_NO, "CONFIG_MODULES");
	put("/proc/modules", "");
	look(check_stap);
	ck_says(SECTION_STAP, "modules", MARK_OK, "can be loaded");
	put("/proc/sys/kernel/modules_disabled", "0\n");
	look(check_stap);
	ck_says(SECTION_STAP, "modules", MARK_OK, "can be loaded");
	put("/proc/sys/kernel/modules_disabled", "1\n");
	look(check_stap);
	ck_says(SECTION_STAP, "modules", MARK_NO, "until the next boot");
}
END_TEST

START_TEST(lockdown_and_signatures)
{
	look(check_stap);
	ck_says(SECTION_STAP, "lockdown", MARK_NONE, "not to be seen");
	ck_says(SECTION_STAP, "signatures", MARK_NONE, "not to be seen");
	put("/sys/kernel/security/lockdown", "[none] integrity confidentiality\n");
	put("/sys/module/module/parameters/sig_enforce", "N\n");
	look(check_stap);
	ck_says(SECTION_STAP, "lockdown", MARK_OK, "[none]");
	ck_says(SECTION_STAP, "signatures", MARK_OK, "need none");
	put("/sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
	put("/sys/module/module/parameters/sig_enforce", "Y\n");
	look(check_stap);
	ck_says(SECTION_STAP, "lockdown", MARK_NO, "[integrity]");
	ck_says(SECTION_STAP, "lockdown", MARK_NO, "signed with a key");
	ck_says(SECTION_STAP, "signatures", MARK_NO, "sig_enforce is set");
}
END_TEST

#define OPTIONS                                                                                    \
	"CONFIG_MODULES=y\nCONFIG_MODULE_UNLOAD=y\nCONFIG_TRACEPOINTS=y\nCONFIG_KPROBES=y\n"       \
	"CONFIG_HAVE_SYSCALL_TRACEPOINTS=y\nCONFIG_PROC_FS=y\n"

START_TEST(options_of_the_kernel)
{
	look(check_stap);
	ck_says(SECTION_STAP, "kernel options", MARK_NONE, "cannot be read");
	put("/lib/modules/6.1.0-1-test/build/.config", OPTIONS "# CONFIG_RELAY is not set\n");
	look(check_stap);
	ck_says(SECTION_STAP, "kernel options", MARK_NO,
		"no CONFIG_RELAY in /lib/modules/6.1.0-1-test/build/.config");
	put("/boot/config-6.1.0-1-test", OPTIONS "CONFIG_RELAY_X=y\nCONFIG_RELAY=m\n");
	look(check_stap);
	ck_says(SECTION_STAP, "kernel options", MARK_OK, "in /boot/config-6.1.0-1-test");
	put("/proc/config.gz", OPTIONS "CONFIG_RELAY=n\n");
	ck_assert_int_eq(system("gzip -c proc/config.gz >x && mv x proc/config.gz"), 0);
	look(check_stap);
	ck_says(SECTION_STAP, "kernel options", MARK_NO, "no CONFIG_RELAY in /proc/config.gz");
}
END_TEST

START_TEST(programs_and_headers)
{
	look(check_stap);
	ck_says(SECTION_STAP, "compiler", MARK_NONE, "only needed to build");
	ck_says(SECTION_STAP, "headers", MARK_NONE, "/lib/modules/6.1.0-1-test/build");
	put("/usr/local/bin/stap", "");
	put("/lib/modules/6.1.0-1-test/build/Makefile", "");
	look(check_stap);
	ck_says(SECTION_STAP, "compiler", MARK_OK, "/usr/local/bin/stap");
	ck_says(SECTION_STAP, "headers", MARK_OK, "/lib/modules/6.1.0-1-test/build");
}
END_TEST

static void link_namespaces(const char *pid, const char *user)
{
	put("/proc/self/ns/x", "");
	unlink("proc/self/ns/pid");
	unlink("proc/self/ns/user");
	ck_assert_int_eq(symlink(pid, "proc/self/ns/pid"), 0);
	ck_assert_int_eq(symlink(user, "proc/self/ns/user"), 0);
}

START_TEST(capabilities_count_in_the_first_namespace)
{
	put("/proc/self/status", "Name:\tx\nCapEff:\t0000000000200000\n");
	put("/proc/meminfo", "MemTotal:  2048 kB\nMemAvailable:  1024 kB\n");
	link_namespaces("pid:[4026531836]", "user:[4026531837]");
	look(check_host);
	ck_assert(check_capable(&host, CAP_SYS_ADMIN) && !check_capable(&host, CAP_SYS_MODULE));
	ck_says(SECTION_HOST, "namespaces", MARK_NONE, "of the host");
	ck_says(SECTION_HOST, "memory", MARK_NONE, "2.0 MiB, of which 1.0 MiB");
	link_namespaces("pid:[4026532000]", "user:[4026531837]");
	look(check_host);
	ck_assert(check_capable(&host, CAP_SYS_ADMIN));
	ck_says(SECTION_HOST, "namespaces", MARK_NONE, "container");
	link_namespaces("pid:[4026531836]", "user:[4026532001]");
	look(check_host);
	ck_assert(!check_capable(&host, CAP_SYS_ADMIN));
	ck_says(SECTION_HOST, "user", MARK_NONE, "without privileges on the host");
}
END_TEST

START_TEST(what_the_tracer_may)
{
	look(check_ptrace);
	ck_says(SECTION_PTRACE, "Yama", MARK_NONE, "not there");
	put("/proc/sys/kernel/yama/ptrace_scope", "1\n");
	look(check_ptrace);
	ck_says(SECTION_PTRACE, "Yama", MARK_NONE, "ptrace_scope is 1");
}
END_TEST

static int refuse(void *arg, struct err *err)
{
	return err_set(err, ENOTTY, "no %s", (const char *)arg);
}

static int succeed(void *arg, struct err *err)
{
	(void)arg;
	err_set(err, EIO, "of no interest");
	return 0;
}

static int die(void *arg, struct err *err)
{
	(void)arg, (void)err;
	raise(SIGSYS);
	return 0;
}

START_TEST(trials_come_back)
{
	struct err err = {0};
	char what[] = "luck";

	ck_assert_int_eq(try_in_child(refuse, what, &err), -ENOTTY);
	ck_assert_str_eq(err.text, "no luck");
	ck_assert_int_eq(try_in_child(succeed, NULL, &err), 0);
	ck_assert_int_eq(try_in_child(die, NULL, &err), -EPERM);
	ck_assert_ptr_nonnull(strstr(err.text, "seccomp"));
}
END_TEST

START_TEST(programs_are_run)
{
	const char *const argv[] = {"sh", "-c", "echo out; echo err >&2; cat; exit 7", NULL};
	const char *const none[] = {"/none/such", NULL};
	struct buf out = BUF_INIT;

	ck_assert_int_eq(run_program(argv, &out), 7);
	ck_assert(str_eqs(buf_as_str(&out), "out\nerr\n"));
	ck_assert_int_eq(run_program(none, &out), 127);
	buf_free(&out);
}
END_TEST

START_TEST(one_lack_makes_a_part_useless)
{
	struct report *r = &host.report;
	struct buf out = BUF_INIT;

	report_add(r, SECTION_STAP, "a", MARK_NO, "%s", "x\ny\xff");
	report_remedy(r, "do %d", 1);
	report_add(r, SECTION_BPF, "b", MARK_NO, "z");
	report_add(r, SECTION_PTRACE, "long name", MARK_OK, "z");
	report_add(r, SECTION_PTRACE, "c", MARK_NONE, "z");
	ck_assert(!report_usable(r, SECTION_STAP) && report_usable(r, SECTION_PTRACE));
	ck_assert(report_can_record(r));
	report_text(r, false, &out);
	buf_char(&out, '\0');
	ck_assert_ptr_nonnull(strstr(out.p, "\n    no  a          x?y?; do 1\n"));
	ck_assert_ptr_nonnull(strstr(out.p, "\nok  ptrace  "));
	ck_assert_ptr_nonnull(strstr(out.p, "\n    -   c          z\n"));
	ck_assert_ptr_nonnull(strstr(out.p, "\nrecording: ptrace; replaying: yes\n"));
	ck_assert_ptr_null(strstr(out.p, "\033"));
	out.len = 0;
	report_text(r, true, &out);
	buf_char(&out, '\0');
	ck_assert_ptr_nonnull(strstr(out.p, "\n    \033[31mno\033[0m  a          x?y?; do 1\n"));
	report_add(r, SECTION_PTRACE, "d", MARK_NO, "z");
	ck_assert(!report_can_record(r));
	buf_free(&out);
}
END_TEST

Suite *check_suite(void)
{
	TCase *tc;
	Suite *s = suite_with("check", &tc);

	tcase_add_checked_fixture(tc, host_enter, host_leave);
	tcase_add_test(tc, modules_of_the_kernel);
	tcase_add_test(tc, lockdown_and_signatures);
	tcase_add_test(tc, options_of_the_kernel);
	tcase_add_test(tc, programs_and_headers);
	tcase_add_test(tc, capabilities_count_in_the_first_namespace);
	tcase_add_test(tc, what_the_tracer_may);
	tcase_add_test(tc, trials_come_back);
	tcase_add_test(tc, programs_are_run);
	tcase_add_test(tc, one_lack_makes_a_part_useless);
	return s;
}
