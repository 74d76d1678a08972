/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include "check/check.h"
#include "replay/confine.h"
#include "utils/beneath.h"

static void check_landlock(struct check *c)
{
	int version = confine_landlock_version();

	if (version) {
		report_add(&c->report, SECTION_REPLAY, "Landlock", MARK_OK,
			"version %d confines replays to their trees", version);
		return;
	}
	report_add(&c->report, SECTION_REPLAY, "Landlock", MARK_NONE,
		"none, or only version 1: replays are confined by user and checked paths, do not "
		"run as root and refuse links upward");
	report_remedy(&c->report, "Linux 5.19 with landlock in lsm= has it");
}

/* Just what a worker does before it issues anything. */
static int confine(void *arg, struct err *err)
{
	const struct user *user = arg;
	int tree = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (tree < 0)
		return err_sys(err, errno, "cannot open /");
	return confine_process(user, confine_landlock_version(), &tree, 1, err);
}

static void check_confinement(struct check *c)
{
	struct user user;
	struct err err = {0};

	if (user_choose(&user, c->options->user, &err) || try_in_child(confine, &user, &err)) {
		report_add(&c->report, SECTION_REPLAY, "user", MARK_NO, "%s", err.text);
		report_remedy(&c->report, "-u names another user");
		return;
	}
	report_add(&c->report, SECTION_REPLAY, "user", MARK_OK, "replays run as %s, confined",
		user.name);
}

static int resolve(void *arg, struct err *err)
{
	int fd = open_resolve(AT_FDCWD, "/", O_PATH | O_DIRECTORY, RESOLVE_NO_SYMLINKS);

	(void)arg;
	return fd < 0 ? err_sys(err, -fd, "openat2(2)") : 0;
}

static int part_with_directories(void *arg, struct err *err)
{
	(void)arg;
	return unshare(CLONE_FS) ? err_sys(err, errno, "unshare(CLONE_FS)") : 0;
}

static void check_call(struct check *c, const char *name, int (*try)(void *arg, struct err *err),
	const char *what, const char *remedy)
{
	struct err err = {0};
	int rc = try_in_child(try, NULL, &err);

	report_add(&c->report, SECTION_REPLAY, name, rc ? MARK_NO : MARK_OK, "%s",
		rc ? err.text : what);
	if (rc == -ENOSYS)
		report_remedy(&c->report, "%s", remedy);
	else if (rc)
		report_remedy(&c->report, "a seccomp filter forbids it, of this container?");
}

static void check_files(struct check *c)
{
	struct rlimit limit = {0};

	getrlimit(RLIMIT_NOFILE, &limit);
	report_add(&c->report, SECTION_REPLAY, "open files", MARK_NONE,
		"a replay may have up to %llu open at once", (unsigned long long)limit.rlim_max);
}

static void check_caches(struct check *c)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);

	report_add(&c->report, SECTION_REPLAY, "drop caches", fd < 0 ? MARK_NONE : MARK_OK, "%s",
		fd < 0 ? "not possible: replays begin with what is cached"
		       : "replays begin with cold caches");
	if (fd < 0)
		report_remedy(&c->report, "root can, outside of containers");
	else
		close(fd);
}

void check_replay(struct check *c)
{
	check_landlock(c);
	check_confinement(c);
	check_call(c, "paths", resolve, "openat2(2) opens trees without following links",
		"Linux 5.6 brought it");
	check_call(c, "directories", part_with_directories,
		"each thread can have a working directory of its own", "Linux 2.6.16 brought it");
	check_files(c);
	check_caches(c);
	report_add(&c->report, SECTION_REPLAY, "user namespaces", MARK_NONE, "are not needed");
}
