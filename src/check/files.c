/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "check/check.h"

static FILE *open_file(const struct check *c, const char *path)
{
	char whole[PATH_MAX];

	snprintf(whole, sizeof(whole), "%s%s", c->root, path);
	return fopen(whole, "re");
}

static void cut_blanks(char *line)
{
	size_t len = strlen(line);

	while (len && strchr(" \t\n", line[len - 1]))
		line[--len] = '\0';
}

int check_line(const struct check *c, const char *path, char *line, size_t size)
{
	FILE *f = open_file(c, path);
	int rc = 0;

	if (!f)
		return -errno;
	if (!fgets(line, (int)size, f)) {
		rc = ferror(f) ? -EIO : 0;
		line[0] = '\0';
	}
	cut_blanks(line);
	fclose(f);
	return rc;
}

int check_value(const struct check *c, const char *path, const char *key, char *value, size_t size)
{
	FILE *f = open_file(c, path);
	size_t len = strlen(key);
	char line[512];
	int rc = -ENOENT;

	if (!f)
		return -errno;
	while (rc && fgets(line, sizeof(line), f)) {
		if (strncmp(line, key, len) != 0)
			continue;
		cut_blanks(line);
		snprintf(value, size, "%s", line + len + strspn(line + len, " \t"));
		rc = 0;
	}
	fclose(f);
	return rc;
}

bool check_exists(const struct check *c, const char *path)
{
	char whole[PATH_MAX];

	snprintf(whole, sizeof(whole), "%s%s", c->root, path);
	return access(whole, F_OK) == 0;
}

int check_program(const struct check *c, const char *name, char *path, size_t size)
{
	static const char *const places[] = {
		"/usr/local/bin", "/usr/bin", "/usr/local/sbin", "/usr/sbin", "/bin", "/sbin"};
	char whole[PATH_MAX];
	size_t i;

	for (i = 0; i < sizeof(places) / sizeof(*places); i++) {
		snprintf(path, size, "%s/%s", places[i], name);
		snprintf(whole, sizeof(whole), "%s%s", c->root, path);
		if (access(whole, F_OK) == 0)
			return 0;
	}
	return -ENOENT;
}
