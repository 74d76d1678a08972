/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "check/check.h"

/* PREFIX, the release (where it is not the running kernel itself that tells), SUFFIX. */
static const struct {
	const char *prefix, *suffix;
	bool release;
} places[] = {
	{"/proc/config.gz", "", false},
	{"/boot/config-", "", true},
	{"/lib/modules/", "/config", true},
	{"/lib/modules/", "/build/.config", true},
};

static bool read_config(const char *path, struct buf *text)
{
	/* -f: what is not compressed is given as it is */
	const char *const argv[] = {"gzip", "-dcf", path, NULL};

	text->len = 0;
	return access(path, R_OK) == 0 && run_program(argv, text) == 0 && text->len;
}

int kernel_config(const struct check *c, struct buf *text, char *from, size_t size)
{
	char path[PATH_MAX];
	size_t i;

	for (i = 0; i < sizeof(places) / sizeof(*places); i++) {
		snprintf(from, size, "%s%s%s", places[i].prefix,
			places[i].release ? c->uts.release : "", places[i].suffix);
		snprintf(path, sizeof(path), "%s%s", c->root, from);
		if (read_config(path, text))
			return 0;
	}
	return -ENOENT;
}

/* Lines are CONFIG_NAME=y, CONFIG_NAME=m or "# CONFIG_NAME is not set". */
bool kernel_config_has(struct str config, const char *option)
{
	size_t len = strlen(option);
	struct str line;

	while (str_take_char(&config, '\n', &line))
		if (line.len == len + 9 && str_starts(line, STR("CONFIG_")) &&
			memcmp(line.s + 7, option, len) == 0 && line.s[len + 7] == '=' &&
			(line.s[len + 8] == 'y' || line.s[len + 8] == 'm'))
			return true;
	return false;
}
