/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

#include "check/check.h"
#include "utils/human.h"

/* include/linux/proc_ns.h: the numbers of the namespaces that the kernel starts with. */
#define USER_NS_INIT "user:[4026531837]"
#define PID_NS_INIT  "pid:[4026531836]"

static void check_kernel(struct check *c)
{
	report_add(&c->report, SECTION_HOST, "kernel", MARK_NONE, "%s %s", c->uts.sysname,
		c->uts.release);
	report_add(&c->report, SECTION_HOST, "architecture", MARK_NONE, "%s", c->uts.machine);
}

static double kilobytes(const struct check *c, const char *key)
{
	char value[64];

	return check_value(c, "/proc/meminfo", key, value, sizeof(value)) ? 0 : strtod(value, NULL);
}

static void check_size(struct check *c)
{
	char total[HUMAN_LEN], available[HUMAN_LEN];

	report_add(&c->report, SECTION_HOST, "processors", MARK_NONE, "%ld",
		sysconf(_SC_NPROCESSORS_ONLN));
	report_add(&c->report, SECTION_HOST, "memory", MARK_NONE, "%s, of which %s is available",
		human_bytes(total, kilobytes(c, "MemTotal:") * 1024),
		human_bytes(available, kilobytes(c, "MemAvailable:") * 1024));
}

static bool is_namespace(const struct check *c, const char *path, const char *init)
{
	char whole[PATH_MAX], link[64] = "";
	ssize_t n;

	snprintf(whole, sizeof(whole), "%s%s", c->root, path);
	n = readlink(whole, link, sizeof(link) - 1);
	return n < 0 || strcmp(link, init) == 0;
}

/* In a container much is forbidden that the kernel could do: the reader should know. */
static void check_namespaces(struct check *c)
{
	bool pid = is_namespace(c, "/proc/self/ns/pid", PID_NS_INIT);
	bool user = is_namespace(c, "/proc/self/ns/user", USER_NS_INIT);

	c->own_user_ns = !user;
	report_add(&c->report, SECTION_HOST, "namespaces", MARK_NONE, "%s",
		pid && user ? "those of the host"
		: user	    ? "a PID namespace of its own: a container"
		: pid	    ? "a user namespace of its own: root here is not root of the host"
			    : "PID and user namespaces of its own: a container");
}

static void check_user(struct check *c)
{
	struct passwd *pw = getpwuid(geteuid());
	char caps[64];

	if (check_value(c, "/proc/self/status", "CapEff:", caps, sizeof(caps)) == 0)
		c->caps = strtoull(caps, NULL, 16);
	report_add(&c->report, SECTION_HOST, "user", MARK_NONE, "%s (%u)%s",
		pw ? pw->pw_name : "without a name", (unsigned)geteuid(),
		check_capable(c, CAP_SYS_ADMIN) ? "" : ", without privileges on the host");
}

void check_host(struct check *c)
{
	check_kernel(c);
	check_size(c);
	check_namespaces(c);
	check_user(c);
}
