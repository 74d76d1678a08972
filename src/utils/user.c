/* SPDX-License-Identifier: Apache-2.0 */
#include "utils/user.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

#include "utils/str.h"

static int set_user(struct user *out, uid_t uid, gid_t gid, const char *name)
{
	*out = (struct user){.uid = uid, .gid = gid};
	snprintf(out->name, sizeof(out->name), "%s", name);
	return 0;
}

static int find_number(struct user *out, const char *name)
{
	struct passwd *pw;
	uint64_t uid;

	if (str_u64(str_of(name), &uid) || uid >= UINT32_MAX)
		return -ENOENT;
	pw = getpwuid((uid_t)uid);
	return set_user(out, (uid_t)uid, pw ? pw->pw_gid : (gid_t)uid, pw ? pw->pw_name : name);
}

int user_find(struct user *out, const char *name, struct err *err)
{
	struct passwd *pw;
	int code;

	errno = 0;
	pw = getpwnam(name);
	if (pw)
		return set_user(out, pw->pw_uid, pw->pw_gid, pw->pw_name);
	code = errno;
	if (find_number(out, name) == 0)
		return 0;
	/* Whoever is not there is "not found" in many ways; these are others: getpwnam(3). */
	if (code == ENOMEM || code == EMFILE || code == ENFILE || code == EIO || code == EINTR)
		return err_sys(err, code, "cannot look for the user '%s'", name);
	return err_set(err, ENOENT, "there is no user '%s' on this host", name);
}

static int choose_caller(struct user *out)
{
	struct passwd *pw = getpwuid(geteuid());

	return set_user(out, geteuid(), getegid(), pw ? pw->pw_name : "caller");
}

int user_choose(struct user *out, const char *name, struct err *err)
{
	int rc;

	if (!name && geteuid() != 0)
		return choose_caller(out);
	rc = user_find(out, name ? name : "nobody", err);
	if (rc)
		return rc;
	if (geteuid() != 0 && out->uid != geteuid())
		return err_set(err, EPERM, "only root can replay as another user (-u %s)", name);
	return 0;
}
