/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "datas/csv.h"
#include "snapshot/uses.h"
#include "trace/hide.h"
#include "utils/clock.h"

/* --- the list --- */

static int parse_fs(struct snapshot_list *l, struct str word, struct err *err)
{
	const char *colon = memchr(word.s, ':', word.len);
	struct str digits = word;
	uint64_t depth;

	if (colon) {
		digits.len = (size_t)(colon - word.s);
		l->root = colon + 1;
		if (colon[1] != '/')
			return err_set(err, EINVAL, "\"%s\" is no absolute name of a directory", colon + 1);
	}
	if (str_u64(digits, &depth) || depth < 1 || depth > SNAPSHOT_DEEPEST)
		return err_set(err, EINVAL, "fs=%.*s: how deep, 1 to %d", (int)digits.len, digits.s, SNAPSHOT_DEEPEST);
	l->depth = (unsigned)depth;
	return 0;
}

static int take_word(struct snapshot_list *l, struct str word, struct err *err)
{
	if (str_eqs(word, "process"))
		l->process = true;
	else if (str_eqs(word, "system"))
		l->system = true;
	else if (str_eqs(word, "gz"))
		l->gzip = true;
	else if (str_starts(word, STR("fs=")) || str_eqs(word, "fs"))
		l->fs = true;
	else
		return err_set(err, EINVAL, "\"%.*s\" is none of fs, process, system and gz", (int)word.len,
			word.len ? word.s : "");
	return word.len >= 3 && word.s[2] == '=' ? parse_fs(l, (struct str){word.s + 3, word.len - 3}, err) : 0;
}

int snapshot_list_parse(struct snapshot_list *l, const char *text, struct err *err)
{
	struct str rest = str_of(text), word;
	int rc = 0;

	*l = (struct snapshot_list){.depth = SNAPSHOT_DEPTH, .root = "/"};
	if (!*text)
		return take_word(l, rest, err);
	while (!rc && rest.s) {
		const char *colon = str_starts(rest, STR("fs=")) ? memchr(rest.s, ':', rest.len) : NULL;
		const char *comma = memchr(rest.s, ',', rest.len);

		/* the name of a directory may have commas: it is the last one */
		if (colon && (!comma || colon < comma))
			comma = NULL;
		word = (struct str){rest.s, comma ? (size_t)(comma - rest.s) : rest.len};
		rest = comma ? (struct str){comma + 1, rest.len - word.len - 1} : STR_NONE;
		rc = take_word(l, word, err);
	}
	if (!rc && !l->fs && !l->process && !l->system)
		return err_set(err, EINVAL, "gz of what: fs, process?");
	return rc;
}

/* --- what the parts share --- */

bool snapshot_stops(const struct snapshot *s, int ms)
{
	struct pollfd fd = {.fd = s->stop_fd};

	if (s->stop_fd < 0) {
		usleep((useconds_t)ms * 1000);
		return false;
	}
	return poll(&fd, 1, ms) > 0;
}

typedef void hide_fn(struct hide *h, struct buf *out, struct str s);

static void put_hidden(const struct snapshot *s, struct buf *out, struct str text, hide_fn *hide)
{
	struct buf hidden = BUF_INIT;

	if (s->hide)
		hide(s->hide, &hidden, text);
	csv_text(out, s->hide ? buf_as_str(&hidden) : text);
	out->failed |= !buf_ok(&hidden);
	buf_free(&hidden);
}

void snapshot_name(const struct snapshot *s, struct buf *out, struct str path)
{
	put_hidden(s, out, path, hide_path);
}

void snapshot_words(const struct snapshot *s, struct buf *out, struct str words)
{
	put_hidden(s, out, words, hide_words);
}

char *snapshot_path(const struct snapshot *s, const char *name, const char *suffix)
{
	char number[16] = "", *path;

	if (s->number)
		snprintf(number, sizeof(number), ".%u", s->number);
	return asprintf(&path, "%s/%s%s%s", s->directory, name, number, suffix) < 0 ? NULL : path;
}

const char *snapshot_table(const struct snapshot *s)
{
	return s->list->gzip ? ".csv.gz" : ".csv.zst";
}

int snapshot_directory(const char *directory, struct err *err)
{
	struct stat st;

	if (mkdir(directory, 0700) && errno != EEXIST)
		return err_sys(err, errno, "cannot make %s", directory);
	if (stat(directory, &st))
		return err_sys(err, errno, "%s", directory);
	return S_ISDIR(st.st_mode) ? 0 : err_sys(err, ENOTDIR, "%s", directory);
}

void snapshot_step_back(void)
{
	setpriority(PRIO_PROCESS, 0, 19);
	syscall(SYS_ioprio_set, 1 /* IOPRIO_WHO_PROCESS */, 0, 3 << 13 /* IOPRIO_CLASS_IDLE */);
}

int snapshot_take(const struct snapshot *s, struct snapshot_counts *counts, struct err *err)
{
	uint64_t time = wall_ns();
	int rc = 0;

	*counts = (struct snapshot_counts){0};
	if (s->list->system)
		rc = snapshot_system(s, err);
	if (!rc && s->list->process)
		rc = snapshot_process(s, time, counts, err);
	if (!rc && s->list->fs)
		rc = snapshot_fs(s, time, counts, err);
	return rc;
}

/* --- beside a capture --- */

/* It is to end: poll(2) takes 24 days at most. */
static bool stops_until(const struct snapshot *s, uint64_t t)
{
	uint64_t now;

	for (now = now_ns(); now < t; now = now_ns()) {
		uint64_t ms = (t - now) / 1000000 + 1;

		if (snapshot_stops(s, ms < 3600000 ? (int)ms : 3600000))
			return true;
	}
	return snapshot_stops(s, 0);
}

/* Waits for NEXT, and meanwhile looks at processes as often as that one needs it. True: it is to end. */
static bool await_next(const struct snapshot *s, uint64_t next, struct err *err)
{
	static const uint64_t windows[] = {SNAPSHOT_WINDOW, SNAPSHOT_LONG_WINDOW};
	uint64_t look = next + (uint64_t)SNAPSHOT_LOOK_MS * 1000000, until;

	while (s->list->process) {
		until = uses_next(s->uses, now_ns(), look, windows, 2);
		if (until >= next)
			break;
		if (stops_until(s, until))
			return true;
		if (snapshot_note(s, err))
			break; /* the next one says so */
	}
	return stops_until(s, next);
}

static void take_all(struct snapshot *s, uint64_t every, int done)
{
	uint64_t next = now_ns();
	struct snapshot_counts counts;
	struct err err;
	char failed = 1;

	snapshot_step_back();
	do {
		if (snapshot_take(s, &counts, &err)) {
			fprintf(stderr, "ioriot: snapshot: %s\n", err.text);
			_exit(write(done, &failed, 1) == 1);
		}
		s->number++;
		next += every;
	} while (!await_next(s, next, &err));
	_exit(0);
}

/* What others have open is not for it: a pipe would not end. */
static void close_others(int a, int b)
{
	long fd, most = sysconf(_SC_OPEN_MAX);

	if (most < 0 || most > 65536)
		most = 65536;
	for (fd = 3; fd < most; fd++)
		if (fd != a && fd != b)
			close((int)fd);
}

int snapshot_helper_start(struct snapshot_helper *h, const struct snapshot *s, uint64_t every, struct err *err)
{
	struct snapshot own = *s;
	struct uses uses = {0};
	int stop[2], done[2], status;
	pid_t child;

	if (pipe2(stop, O_CLOEXEC))
		return err_sys(err, errno, "cannot start the snapshots");
	if (pipe2(done, O_CLOEXEC)) {
		close(stop[0]);
		close(stop[1]);
		return err_sys(err, errno, "cannot start the snapshots");
	}
	child = fork();
	if (child == 0) {
		/* backends wait for all children of ours: it is a grandchild */
		if (fork() != 0)
			_exit(0);
		signal(SIGINT, SIG_IGN); /* of a terminal: who records ends us */
		signal(SIGTERM, SIG_IGN);
		close_others(stop[0], done[1]);
		own.stop_fd = stop[0];
		own.uses = &uses;
		take_all(&own, every, done[1]);
	}
	close(stop[0]);
	close(done[1]);
	*h = (struct snapshot_helper){stop[1], done[0]};
	if (child > 0)
		waitpid(child, &status, 0);
	return child > 0 ? 0 : err_sys(err, errno, "cannot start the snapshots");
}

bool snapshot_helper_end(struct snapshot_helper *h)
{
	char failed = 0;

	if (h->stop < 0)
		return true;
	close(h->stop);
	while (read(h->done, &failed, 1) < 0 && errno == EINTR)
		;
	close(h->done);
	h->stop = h->done = -1;
	return !failed;
}
