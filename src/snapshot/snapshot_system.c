/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "datas/buf.h"
#include "snapshot/snapshot.h"
#include "trace/outfile.h"

/* What the host is made of: a fact a line. What a host does not tell is left out. */

#define LINE_MOST 512

/* The first line of a file, without its end and blanks around; false: there is none. */
static bool first_line(const char *path, char line[LINE_MOST])
{
	FILE *f = fopen(path, "re");
	size_t len;
	bool got;

	if (!f)
		return false;
	got = fgets(line, LINE_MOST, f) != NULL;
	fclose(f);
	if (!got)
		return false;
	len = strcspn(line, "\n");
	while (len && line[len - 1] == ' ')
		len--;
	line[len] = '\0';
	return len > 0;
}

/* The value in a line "KEY SEPARATOR VALUE", NULL: it is about something else. */
static char *value_of(char *line, const char *key, char separator)
{
	size_t len = strlen(key);

	if (strncmp(line, key, len) != 0)
		return NULL;
	line += len + strspn(line + len, " \t");
	return *line == separator ? line + 1 + strspn(line + 1, " \t\"") : NULL;
}

/* Of such lines the first one's value. */
static bool value_in(const char *path, const char *key, char separator, char value[LINE_MOST])
{
	char line[LINE_MOST], *at;
	FILE *f = fopen(path, "re");
	bool found = false;

	while (f && !found && fgets(line, sizeof(line), f)) {
		at = value_of(line, key, separator);
		if (!at)
			continue;
		snprintf(value, LINE_MOST, "%.*s", (int)strcspn(at, "\"\n"), at);
		found = true;
	}
	if (f)
		fclose(f);
	return found;
}

static void put(struct buf *out, const char *name, const char *value)
{
	buf_addf(out, "%s: %s\n", name, value);
}

static void put_value(struct buf *out, const char *name, const char *path, const char *key, char separator)
{
	char value[LINE_MOST];

	if (value_in(path, key, separator, value))
		put(out, name, value);
}

static void put_os(struct buf *out)
{
	struct utsname u;

	uname(&u);
	put_value(out, "os_name", "/etc/os-release", "NAME", '=');
	put_value(out, "os_version", "/etc/os-release", "VERSION", '=');
	put(out, "kernel_name", u.sysname);
	put(out, "kernel_release", u.release);
	put(out, "kernel_version", u.version);
	put(out, "architecture", u.machine);
}

static void put_cpu(struct buf *out)
{
	char khz[LINE_MOST];

	put_value(out, "cpu_model", "/proc/cpuinfo", "model name", ':');
	buf_addf(out, "cpus: %ld\n", sysconf(_SC_NPROCESSORS_ONLN));
	if (first_line("/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq", khz))
		buf_addf(out, "cpu_mhz: %lu\n", strtoul(khz, NULL, 10) / 1000);
	else
		put_value(out, "cpu_mhz", "/proc/cpuinfo", "cpu MHz", ':');
}

static void put_member(struct buf *out, const char *directory, const char *member, const char *label)
{
	char path[PATH_MAX], line[LINE_MOST];

	snprintf(path, sizeof(path), "%s/%s", directory, member);
	if (first_line(path, line))
		buf_addf(out, " %s=%s", label, line);
}

static void put_disk(struct buf *out, const char *name)
{
	char directory[NAME_MAX + 64], path[PATH_MAX], line[LINE_MOST];

	snprintf(directory, sizeof(directory), "/sys/block/%s", name);
	snprintf(path, sizeof(path), "/sys/block/%s/size", name);
	if (!first_line(path, line) || strcmp(line, "0") == 0) /* a loop device without a file */
		return;
	buf_addf(out, "disk: %s bytes=%llu", name, strtoull(line, NULL, 10) * 512);
	put_member(out, directory, "dev", "dev");
	put_member(out, directory, "queue/rotational", "rotational");
	put_member(out, directory, "queue/scheduler", "scheduler");
	put_member(out, directory, "queue/logical_block_size", "block");
	put_member(out, directory, "device/model", "model");
	buf_char(out, '\n');
}

static void put_gpu(struct buf *out, const char *name)
{
	char directory[NAME_MAX + 64];

	if (strncmp(name, "card", 4) != 0 || strchr(name, '-')) /* a connector of it */
		return;
	snprintf(directory, sizeof(directory), "/sys/class/drm/%s/device", name);
	buf_addf(out, "gpu: %s", name);
	put_member(out, directory, "vendor", "vendor");
	put_member(out, directory, "device", "device");
	buf_char(out, '\n');
}

static void put_nvidia(struct buf *out, const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "/proc/driver/nvidia/gpus/%s/information", name);
	put_value(out, "gpu_model", path, "Model", ':');
}

static void each_in(struct buf *out, const char *directory, void (*put_one)(struct buf *out, const char *name))
{
	struct dirent **names;
	int i, n = scandir(directory, &names, NULL, alphasort);

	for (i = 0; i < n; i++) {
		if (names[i]->d_name[0] != '.')
			put_one(out, names[i]->d_name);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
}

int snapshot_system(const struct snapshot *s, struct err *err)
{
	char *path = snapshot_path(s, "device_spec", ".txt");
	struct buf out = BUF_INIT;
	int rc;

	put_os(&out);
	put_cpu(&out);
	put_value(&out, "memory_total", "/proc/meminfo", "MemTotal", ':');
	put_value(&out, "memory_available", "/proc/meminfo", "MemAvailable", ':');
	each_in(&out, "/sys/block", put_disk);
	each_in(&out, "/sys/class/drm", put_gpu);
	each_in(&out, "/proc/driver/nvidia/gpus", put_nvidia);
	rc = path && buf_ok(&out) ? outfile_put(path, buf_as_str(&out), err) : err_sys(err, ENOMEM, "%s", s->directory);
	buf_free(&out);
	free(path);
	return rc;
}
