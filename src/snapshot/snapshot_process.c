/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "datas/csv.h"
#include "datas/hmap.h"
#include "snapshot/snapshot.h"
#include "trace/outfile.h"
#include "utils/clock.h"

/*
 * Processes, looked at twice: what they have used of processors meanwhile, and since they began. Who began between the
 * two looks has used all of it meanwhile.
 */

#define COLUMNS                                                                                    \
	"timestamp,pid,ppid,name,cmdline,virtual_kb,resident_kb,create_time,cpu_5s,cpu_life,status,uid,threads\r\n"

#define BETWEEN_MS 5000

struct process {
	struct hnode node;
	uint64_t pid, started, ticks; /* started: since boot */
};

struct stat_line {
	char name[64], state;
	uint64_t ppid, user, system, threads, started, virtual_bytes, resident_pages;
};

struct look {
	const struct snapshot *s;
	struct snapshot_counts *counts;
	struct hmap before;
	struct buf out;
	uint64_t time, first, second; /* wall clock; both looks */
	long hz, page;
};

/* The bytes of /proc/PID/NAME, at most SIZE; -1: the process is gone. */
static ssize_t read_of(uint64_t pid, const char *name, char *to, size_t size)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%" PRIu64 "/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = read(fd, to, size);
	close(fd);
	return n;
}

/* A name may have blanks and parentheses: it ends at the last one. */
static bool parse_stat(char *text, struct stat_line *out)
{
	char *name = strchr(text, '('), *end = strrchr(text, ')');

	if (!name || !end || end < name)
		return false;
	*end = '\0';
	snprintf(out->name, sizeof(out->name), "%s", name + 1);
	return sscanf(end + 1,
		       " %c %" SCNu64 " %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64
		       " %*d %*d %*d %*d %" SCNu64 " %*d %" SCNu64 " %" SCNu64 " %" SCNu64,
		       &out->state, &out->ppid, &out->user, &out->system, &out->threads, &out->started,
		       &out->virtual_bytes, &out->resident_pages) == 8;
}

static bool stat_of(uint64_t pid, struct stat_line *out)
{
	char text[1024];
	ssize_t n = read_of(pid, "stat", text, sizeof(text) - 1);

	if (n <= 0)
		return false;
	text[n] = '\0';
	return parse_stat(text, out);
}

/* Calls for each process until it has failed. */
static int each(struct look *l, int (*take)(struct look *l, uint64_t pid, const struct stat_line *p), struct err *err)
{
	DIR *dir = opendir("/proc");
	struct stat_line p;
	struct dirent *e;
	uint64_t pid;
	int rc = 0;

	if (!dir)
		return err_sys(err, errno, "/proc");
	while (!rc && (e = readdir(dir)))
		if (!str_u64(str_of(e->d_name), &pid) && stat_of(pid, &p))
			rc = take(l, pid, &p);
	closedir(dir);
	return rc ? err_sys(err, ENOMEM, "cannot take a snapshot") : 0;
}

static int remember(struct look *l, uint64_t pid, const struct stat_line *p)
{
	struct process *known = malloc(sizeof(*known));

	if (!known)
		return -ENOMEM;
	*known = (struct process){.pid = pid, .started = p->started, .ticks = p->user + p->system};
	if (!hmap_insert(&l->before, &known->node, hash_u64(pid)))
		return 0;
	free(known);
	return -ENOMEM;
}

static uint64_t ticks_before(const struct look *l, uint64_t pid, uint64_t started)
{
	struct hnode *n = hmap_first(&l->before, hash_u64(pid));
	const struct process *known;

	for (; n; n = hmap_next(n)) {
		known = hmap_entry(n, struct process, node);
		if (known->pid == pid && known->started == started)
			return known->ticks;
	}
	return 0;
}

static void put_percent(struct look *l, uint64_t ticks, uint64_t ns)
{
	buf_addf(&l->out, ",%.1f", ns ? 100.0 * (double)ticks / (double)l->hz * NS_PER_SEC / (double)ns : 0);
}

/* Words with a blank between them. */
static void put_command(struct look *l, uint64_t pid)
{
	char text[4096];
	ssize_t i, n = read_of(pid, "cmdline", text, sizeof(text));

	while (n > 0 && text[n - 1] == '\0')
		n--;
	for (i = 0; i < n; i++)
		if (text[i] == '\0')
			text[i] = ' ';
	snapshot_words(l->s, &l->out, (struct str){text, n > 0 ? (size_t)n : 0});
}

static uint64_t user_of(uint64_t pid)
{
	char text[4096], *line;
	ssize_t n = read_of(pid, "status", text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = '\0';
	line = strstr(text, "\nUid:");
	return line ? strtoull(line + 5, NULL, 10) : 0;
}

static uint64_t since_boot(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * NS_PER_SEC + (uint64_t)t.tv_nsec;
}

static void put_moment(struct buf *out, uint64_t ns)
{
	buf_addf(out, "%" PRIu64 ".%09" PRIu64, ns / NS_PER_SEC, ns % NS_PER_SEC);
}

static int put(struct look *l, uint64_t pid, const struct stat_line *p)
{
	uint64_t ticks = p->user + p->system, now = since_boot();
	uint64_t started = p->started * (NS_PER_SEC / (uint64_t)l->hz), age = now > started ? now - started : 0;

	put_moment(&l->out, l->time);
	csv_number(&l->out, pid);
	csv_number(&l->out, p->ppid);
	snapshot_name(l->s, &l->out, str_of(p->name));
	put_command(l, pid);
	csv_number(&l->out, p->virtual_bytes / 1024);
	csv_number(&l->out, p->resident_pages * (uint64_t)l->page / 1024);
	buf_char(&l->out, ',');
	put_moment(&l->out, wall_ns() - age);
	put_percent(l, ticks - ticks_before(l, pid, p->started), l->second - l->first);
	put_percent(l, ticks, age);
	csv_text(&l->out, (struct str){&p->state, 1});
	csv_number(&l->out, user_of(pid));
	csv_number(&l->out, p->threads);
	buf_puts(&l->out, "\r\n");
	l->counts->processes++;
	return buf_ok(&l->out) ? 0 : -ENOMEM;
}

static int look_twice(struct look *l, struct err *err)
{
	int rc;

	l->first = now_ns();
	rc = each(l, remember, err);
	if (rc)
		return rc;
	snapshot_stops(l->s, BETWEEN_MS);
	l->second = now_ns();
	buf_puts(&l->out, COLUMNS);
	return each(l, put, err);
}

int snapshot_process(const struct snapshot *s, uint64_t time, struct snapshot_counts *counts, struct err *err)
{
	struct look l = {.s = s, .counts = counts, .time = time, .hz = sysconf(_SC_CLK_TCK),
		.page = sysconf(_SC_PAGESIZE)};
	char *path = snapshot_path(s, "process_snap", ".csv.zst");
	struct hnode *n, *tmp;
	size_t i;
	int rc = path ? look_twice(&l, err) : err_sys(err, ENOMEM, "%s", s->directory);

	if (!rc)
		rc = outfile_put(path, buf_as_str(&l.out), err);
	hmap_each(&l.before, n, tmp, i)
		free(hmap_entry(n, struct process, node));
	hmap_free(&l.before);
	buf_free(&l.out);
	free(path);
	return rc;
}
