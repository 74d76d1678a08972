/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "datas/csv.h"
#include "snapshot/snapshot.h"
#include "snapshot/uses.h"
#include "trace/outfile.h"
#include "utils/clock.h"

/*
 * Processes, looked at twice: what they have used of processors meanwhile, since earlier looks, and since they began.
 * Who began between two looks has used all of it meanwhile.
 */

#define COLUMNS                                                                                    \
	"timestamp,pid,ppid,name,cmdline,virtual_kb,resident_kb,create_time,cpu_5s,cpu_2m,cpu_1h,"                 \
	"cpu_life,status,uid,threads\r\n"

struct stat_line {
	char name[64], state;
	uint64_t ppid, user, system, threads, started, virtual_bytes, resident_pages;
};

struct look {
	const struct snapshot *s;
	struct snapshot_counts *counts;
	struct moment before, now; /* both looks */
	struct buf out;
	uint64_t time; /* wall clock */
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
	return moment_add(&l->before, &(struct use){pid, p->started, p->user + p->system});
}

static void put_percent(struct look *l, uint64_t ticks, uint64_t ns)
{
	buf_addf(&l->out, ",%.1f", ns ? 100.0 * (double)ticks / (double)l->hz * NS_PER_SEC / (double)ns : 0);
}

/* Of a process of that AGE, in the last WINDOW; nothing is told where nobody has looked so long ago. */
static void put_percent_of(struct look *l, uint64_t pid, const struct use *u, uint64_t age, uint64_t window)
{
	const struct moment *m = l->s->uses ? uses_before(l->s->uses, l->now.t, window) : NULL;

	if (m)
		put_percent(l, u->ticks - moment_ticks(m, pid, u->started), l->now.t - m->t);
	else if (age <= window)
		put_percent(l, u->ticks, window);
	else
		buf_char(&l->out, ',');
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
	const struct use use = {pid, p->started, p->user + p->system};
	uint64_t now = since_boot();
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
	put_percent(l, use.ticks - moment_ticks(&l->before, pid, p->started), l->now.t - l->before.t);
	put_percent_of(l, pid, &use, age, SNAPSHOT_WINDOW);
	put_percent_of(l, pid, &use, age, SNAPSHOT_LONG_WINDOW);
	put_percent(l, use.ticks, age);
	csv_text(&l->out, (struct str){&p->state, 1});
	csv_number(&l->out, user_of(pid));
	csv_number(&l->out, p->threads);
	buf_puts(&l->out, "\r\n");
	l->counts->processes++;
	return buf_ok(&l->out) ? moment_add(&l->now, &use) : -ENOMEM;
}

static int look_twice(struct look *l, struct err *err)
{
	int rc;

	l->before.t = now_ns();
	rc = each(l, remember, err);
	if (rc)
		return rc;
	moment_done(&l->before);
	snapshot_stops(l->s, SNAPSHOT_LOOK_MS);
	l->now.t = now_ns();
	buf_puts(&l->out, COLUMNS);
	return each(l, put, err);
}

static int keep(const struct snapshot *s, struct moment *m, struct err *err)
{
	int rc;

	moment_done(m);
	rc = uses_add(s->uses, m);
	*m = (struct moment){0};
	return rc ? err_sys(err, ENOMEM, "cannot take a snapshot") : 0;
}

int snapshot_note(const struct snapshot *s, struct err *err)
{
	struct look l = {.s = s, .before.t = now_ns()};
	int rc = each(&l, remember, err);

	if (!rc)
		rc = keep(s, &l.before, err);
	moment_free(&l.before);
	return rc;
}

int snapshot_process(const struct snapshot *s, uint64_t time, struct snapshot_counts *counts, struct err *err)
{
	struct look l = {.s = s, .counts = counts, .time = time, .hz = sysconf(_SC_CLK_TCK),
		.page = sysconf(_SC_PAGESIZE)};
	char *path = snapshot_path(s, "process_snap", snapshot_table(s));
	int rc = path ? look_twice(&l, err) : err_sys(err, ENOMEM, "%s", s->directory);

	if (!rc)
		rc = outfile_put(path, buf_as_str(&l.out), err);
	if (!rc && s->uses)
		rc = keep(s, &l.now, err);
	moment_free(&l.before);
	moment_free(&l.now);
	buf_free(&l.out);
	free(path);
	return rc;
}
