/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/state.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "capture/facts.h"
#include "utils/clock.h"

static struct rec state_rec(enum op_id op, struct who who)
{
	return (struct rec){.t = now_ns(), .op = op, .pid = who.pid, .tid = who.tid};
}

struct str state_link(uint32_t pid, const char *what, char *buf, size_t size)
{
	char path[96];
	ssize_t len;

	snprintf(path, sizeof(path), "/proc/%u/%s", pid, what);
	len = readlink(path, buf, size);
	return len < 0 ? STR_NONE : (struct str){buf, (size_t)len};
}

/* Blanks and backslashes of mountinfo's fields are \ooo; decoded in place. */
static struct str decode_octal(char *s)
{
	char *from = s, *to = s;

	while (*from) {
		if (from[0] == '\\' && from[1] && from[2] && from[3]) {
			*to++ = (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 + from[3] - '0');
			from += 4;
		} else {
			*to++ = *from++;
		}
	}
	return (struct str){s, (size_t)(to - s)};
}

/* proc_pid_mountinfo(5): id parent major:minor root MOUNTPOINT options [tags] - TYPE source ... */
static void put_mount(struct sink *sink, struct paths *paths, char *line)
{
	struct rec rec = state_rec(OP_state_mount, (struct who){0});
	char *save = NULL, *field, *point = NULL;
	unsigned maj = 0, min = 0;
	int i;

	for (i = 0; (field = strtok_r(i ? NULL : line, " \n", &save)); i++) {
		if (i == 2 && sscanf(field, "%u:%u", &maj, &min) != 2)
			return;
		if (i == 4)
			point = field;
		if (i >= 6 && strcmp(field, "-") == 0)
			break;
	}
	field = strtok_r(NULL, " \n", &save);
	if (!field || !point)
		return;
	rec.path = decode_octal(point);
	rec.path2 = str_of(field);
	rec.arg[2] = makedev(maj, min);
	paths_add_mount(paths, rec.path, rec.path2);
	sink_put(sink, &rec);
}

int state_mounts(struct sink *sink, struct paths *paths, struct err *err)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	size_t size = 0;
	char *line = NULL;

	if (!f)
		return err_sys(err, errno, "cannot read /proc/self/mountinfo");
	while (getline(&line, &size, f) > 0)
		put_mount(sink, paths, line);
	free(line);
	fclose(f);
	return 0;
}

void state_task(struct sink *sink, struct paths *paths, struct who who, uint32_t parent)
{
	struct rec rec = state_rec(OP_state_task, who);
	char path[64], line[256], cwd[PATH_MAX], root[PATH_MAX];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%u/status", who.pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		unsigned value;

		if (sscanf(line, "Umask: %o", &value) == 1)
			rec.arg[2] = value;
		else if (sscanf(line, "Uid: %*u %u", &value) == 1)
			rec.arg[3] = value;
		else if (sscanf(line, "Gid: %*u %u", &value) == 1)
			rec.arg[4] = value;
	}
	if (f)
		fclose(f);
	rec.arg[5] = parent;
	rec.path = state_link(who.pid, "cwd", cwd, sizeof(cwd));
	rec.path2 = state_link(who.pid, "root", root, sizeof(root));
	paths_find(paths, who, rec.path);
	paths_find(paths, who, rec.path2);
	rec.t = now_ns(); /* behind the records of its names: they tell owners and modes */
	sink_put(sink, &rec);
}

static void put_fd(struct sink *sink, struct paths *paths, struct who who, const char *number)
{
	struct rec rec = state_rec(OP_state_fd, who);
	char path[64], line[256], link[PATH_MAX];
	unsigned long long value;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%u/fdinfo/%.20s", who.pid, number);
	f = fopen(path, "re");
	if (!f)
		return;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "pos: %llu", &value) == 1)
			rec.arg[3] = value;
		else if (sscanf(line, "flags: %llo", &value) == 1) /* O_CLOEXEC is among them */
			rec.arg[2] = value;
	}
	fclose(f);
	snprintf(path, sizeof(path), "fd/%.20s", number);
	rec.path = state_link(who.pid, path, link, sizeof(link));
	rec.arg[0] = strtoul(number, NULL, 10);
	rec.facts = facts_of_fd((pid_t)who.pid, (int)rec.arg[0]);
	paths_find(paths, who, rec.path);
	rec.t = now_ns(); /* behind the records of its names */
	sink_put(sink, &rec);
}

void state_fds(struct sink *sink, struct paths *paths, struct who who)
{
	char path[64];
	struct dirent *d;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%u/fd", who.pid);
	dir = opendir(path);
	while (dir && (d = readdir(dir)))
		if (d->d_name[0] != '.')
			put_fd(sink, paths, who, d->d_name);
	if (dir)
		closedir(dir);
}
