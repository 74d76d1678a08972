/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/program.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "utils/str.h"

static int check(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) ? -errno : 0;
}

static int find_in_path(const char *name, char *out)
{
	const char *path = getenv("PATH");
	struct str rest = str_of(path ? path : "/usr/local/bin:/usr/bin:/bin"), dir;
	int best = -ENOENT;

	while (str_take_char(&rest, ':', &dir)) {
		int n = snprintf(out, PATH_MAX, "%.*s/%s", dir.len ? (int)dir.len : 1,
			dir.len ? dir.s : ".", name);
		int rc = n < PATH_MAX ? check(out) : -ENAMETOOLONG;

		if (rc == 0)
			return 0;
		if (rc == -EACCES) /* a later directory may have one that can be executed */
			best = rc;
	}
	return best;
}

int program_find(const char *name, char *out, struct err *err)
{
	int rc = -ENAMETOOLONG;

	if (!strchr(name, '/')) {
		rc = *name ? find_in_path(name, out) : -ENOENT;
		if (rc == -ENOENT)
			return err_set(err, ENOENT, "%s: command not found", name);
	} else if (strlen(name) < PATH_MAX) {
		rc = check(strcpy(out, name));
	}
	return rc ? err_sys(err, -rc, "cannot execute %s", name) : 0;
}
