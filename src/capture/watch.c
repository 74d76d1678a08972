/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "capture/facts.h"
#include "events/events.h"
#include "ops/layers.h"
#include "trace/hide.h"
#include "tree/mounts.h"
#include "utils/clock.h"

/* One event of a file: its line of the capture, and what the log of it shows. */
struct kept {
	uint64_t t;
	char *line;
	size_t len;
	char direction; /* 'R', 'W', 0: it moves no bytes */
	bool below;	/* as a request of the block layer */
	uint64_t began, address, size;
	uint32_t pid;
	char comm[16];
};

struct watched {
	char *path, *id; /* as it was named, and DEVICE_INODE */
	char **also;	 /* other names that it was given */
	size_t others;
	struct stat is;
	struct watch_key key;
	uint64_t began;	      /* from when its log counts */
	uint64_t from, until; /* what happened between these is kept; UINT64_MAX: it goes on */
	size_t max, room, first, n;
	struct kept *ring; /* the latest N from FIRST on, in ROOM places */
};

#define COMMS 64

struct watch {
	struct events *events;
	struct watched *file[WATCH_FILES];
	size_t n;
	watch_tell_fn *tell;
	void *user;
	struct buf line;
	struct hide *hide; /* NULL = names are told */
	const char *comm; /* of all processes; NULL: not known */
	struct {
		uint32_t pid;
		char comm[16];
	} comms[COMMS]; /* of processes that the records do not name */
};

void watch_hide(struct watch *w, struct hide *h)
{
	w->hide = h;
}

/* --- files --- */

size_t watch_name_len(const char *text)
{
	const char *comma = strrchr(text, ',');

	return comma && comma[1] && strspn(comma + 1, "0123456789") == strlen(comma + 1) ? (size_t)(comma - text)
											   : strlen(text);
}

static int parse_file(const char *text, char **path, size_t *max, struct err *err)
{
	size_t len = watch_name_len(text);
	uint64_t n = WATCH_MAX;

	if (text[len] && (str_u64(str_of(text + len + 1), &n) || !n || n > WATCH_MAX_MOST))
		return err_set(err, EINVAL, "%s: how many events are kept is a number from 1 to %u", text,
			WATCH_MAX_MOST);
	*max = n;
	*path = strndup(text, len);
	return *path ? 0 : err_sys(err, ENOMEM, "%s", text);
}

/* The mount that the open file FD was reached by. */
static int mount_of(int fd, uint64_t *id)
{
	char path[64], line[128];
	unsigned long long n;
	int rc = -ENOENT;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "re");
	if (!f)
		return -errno;
	while (rc && fgets(line, sizeof(line), f))
		if (sscanf(line, "mnt_id: %llu", &n) == 1) {
			*id = n;
			rc = 0;
		}
	fclose(f);
	return rc;
}

/* stat(2) may show another device than the super block's, of which mountinfo tells. */
static int find_key(struct watched *f, int fd, struct err *err)
{
	struct arena arena = {0};
	struct mounts mounts;
	uint64_t id = 0;
	size_t i;
	int rc = mounts_read(&mounts, &arena, MOUNTS_SELF, err);

	f->key = (struct watch_key){major(f->is.st_dev), minor(f->is.st_dev), f->is.st_ino};
	if (!rc && mount_of(fd, &id) == 0)
		for (i = 0; i < mounts.n; i++)
			if (mounts.v[i].id == id) {
				f->key.dev_major = mounts.v[i].dev_major;
				f->key.dev_minor = mounts.v[i].dev_minor;
			}
	arena_free(&arena);
	return rc;
}

/* "sda1", or "0:33" of what is on no device. */
static void device_name(const struct watched *f, char name[static 64])
{
	char path[64], to[PATH_MAX];
	ssize_t len;

	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u", f->key.dev_major, f->key.dev_minor);
	len = readlink(path, to, sizeof(to) - 1);
	to[len < 0 ? 0 : len] = '\0';
	if (len > 0 && strrchr(to, '/'))
		snprintf(name, 64, "%.63s", strrchr(to, '/') + 1);
	else
		snprintf(name, 64, "%u:%u", f->key.dev_major, f->key.dev_minor);
}

static int identify(struct watched *f, struct err *err)
{
	int fd = open(f->path, O_PATH | O_CLOEXEC), rc, why = errno;
	char name[64], *whole = realpath(f->path, NULL);

	if (whole) {
		free(f->path);
		f->path = whole;
	}
	if (fd < 0 || fstat(fd, &f->is)) {
		rc = err_sys(err, fd < 0 ? why : errno, "%s", f->path);
	} else if (!S_ISREG(f->is.st_mode)) {
		rc = err_set(err, EINVAL, "%s is no regular file", f->path);
	} else {
		rc = find_key(f, fd, err);
		device_name(f, name);
		if (!rc && asprintf(&f->id, "%s_%" PRIu64, name, (uint64_t)f->is.st_ino) < 0) {
			f->id = NULL;
			rc = err_sys(err, ENOMEM, "%s", f->path);
		}
	}
	if (fd >= 0)
		close(fd);
	return rc;
}

static void forget(struct watched *f)
{
	size_t i;

	for (i = 0; i < f->n; i++)
		free(f->ring[(f->first + i) % f->room].line);
	f->first = f->n = 0;
}

static void file_free(struct watched *f)
{
	size_t i;

	if (!f)
		return;
	for (i = 0; i < f->others; i++)
		free(f->also[i]);
	free(f->also);
	forget(f);
	free(f->ring);
	free(f->path);
	free(f->id);
	free(f);
}

static bool is_same(const struct watched *f, const struct stat *is)
{
	return f->is.st_dev == is->st_dev && f->is.st_ino == is->st_ino;
}

/* Was it given that name? */
static bool is_named(const struct watched *f, struct str path)
{
	size_t i;

	for (i = 0; i < f->others; i++)
		if (str_eqs(path, f->also[i]))
			return true;
	return str_eqs(path, f->path);
}

/* One more name of F, a link: that of NEW. */
static int add_name(struct watched *f, struct watched *new, struct err *err)
{
	char **more;

	if (is_named(f, str_of(new->path)))
		return err_set(err, EEXIST, "%s is watched already", new->path);
	more = realloc(f->also, (f->others + 1) * sizeof(*more));
	if (!more)
		return err_sys(err, ENOMEM, "%s", new->path);
	f->also = more;
	more[f->others++] = new->path;
	new->path = NULL;
	return 0;
}

/* True: it has others. */
static bool drop_name(struct watched *f, const char *name)
{
	size_t i;

	if (!f->others || !is_named(f, str_of(name)))
		return false;
	f->others--;
	for (i = 0; i < f->others && strcmp(f->also[i], name) != 0; i++)
		;
	if (strcmp(f->path, name) == 0) {
		free(f->path);
		f->path = f->also[f->others];
		return true;
	}
	free(f->also[i]);
	memmove(f->also + i, f->also + i + 1, (f->others - i) * sizeof(*f->also));
	return true;
}

static int tell(struct watch *w, const struct watched *f, bool on, struct err *err)
{
	return w->tell ? w->tell(w->user, &f->key, on, err) : 0;
}

static int add(struct watch *w, const char *text, struct err *err)
{
	struct watched *f = calloc(1, sizeof(*f));
	int rc = f ? parse_file(text, &f->path, &f->max, err) : err_sys(err, ENOMEM, "%s", text);
	size_t i;

	if (!rc)
		rc = identify(f, err);
	for (i = 0; !rc && i < w->n; i++)
		if (is_same(w->file[i], &f->is)) {
			rc = add_name(w->file[i], f, err);
			file_free(f);
			return rc;
		}
	if (!rc && w->n == WATCH_FILES)
		rc = err_set(err, ENOSPC, "%s: %d files are watched already", f->path, WATCH_FILES);
	if (!rc)
		rc = tell(w, f, true, err);
	if (rc) {
		file_free(f);
		return rc;
	}
	f->began = f->from = now_ns();
	f->until = UINT64_MAX;
	w->file[w->n++] = f;
	return 0;
}

int watch_open(struct watch **out, char *const *files, size_t n, const char *comm, struct err *err)
{
	struct watch *w = calloc(1, sizeof(*w));
	size_t i;
	int rc = w ? 0 : err_sys(err, ENOMEM, "cannot watch files");

	if (w)
		w->comm = comm;
	for (i = 0; !rc && i < n; i++)
		rc = add(w, files[i], err);
	if (rc) {
		watch_close(w);
		w = NULL;
	}
	*out = w;
	return rc;
}

void watch_close(struct watch *w)
{
	size_t i;

	if (!w)
		return;
	for (i = 0; i < w->n; i++)
		file_free(w->file[i]);
	events_close(w->events);
	buf_free(&w->line);
	free(w);
}

int watch_begin(struct watch *w, uint64_t start, struct err *err)
{
	events_close(w->events);
	w->events = NULL;
	return events_start(&w->events, start, STR_NONE, err);
}

int watch_tell(struct watch *w, watch_tell_fn *fn, void *user, struct err *err)
{
	size_t i;
	int rc = 0;

	w->tell = fn;
	w->user = user;
	for (i = 0; !rc && i < w->n; i++) {
		rc = tell(w, w->file[i], true, err);
		w->file[i]->began = w->file[i]->from = now_ns();
	}
	return rc;
}

/* --- what is kept --- */

/* A program that was there before: as the kernel has it now. */
static const char *comm_of(struct watch *w, const struct event *ev)
{
	uint32_t pid = ev->cause ? ev->cause : ev->rec->pid;
	char path[32], *comm = w->comms[pid % COMMS].comm;
	FILE *f;

	if (w->comm)
		return w->comm;
	if (w->comms[pid % COMMS].pid == pid)
		return comm;
	*comm = '\0';
	w->comms[pid % COMMS].pid = pid;
	snprintf(path, sizeof(path), "/proc/%u/comm", pid);
	f = fopen(path, "re");
	if (f) {
		if (fgets(comm, sizeof(w->comms->comm), f))
			comm[strcspn(comm, "\n")] = '\0';
		fclose(f);
	}
	return comm;
}

static void describe(struct watch *w, const struct event *ev, struct kept *k)
{
	bool reads = event_class(ev) == CLS_READ, below = event_is_below(ev);

	k->pid = ev->cause ? ev->cause : ev->rec->pid;
	k->began = k->t - ev->latency;
	if (ev->comm.len)
		snprintf(k->comm, sizeof(k->comm), "%.*s", (int)ev->comm.len, ev->comm.s);
	else
		snprintf(k->comm, sizeof(k->comm), "%s", comm_of(w, ev));
	if (!ev->read && !ev->written)
		return;
	k->below = below;
	k->direction = reads || (below && ev->read) ? 'R' : 'W';
	k->address = below ? rec_arg(ev->rec, A_SECTOR, 0) : ev->offset < 0 ? 0 : (uint64_t)ev->offset;
	k->size = ev->read ? ev->read : ev->written;
}

/* A call as a record that stands for itself. */
static void print_call(struct watch *w, const struct watched *f, const struct event *ev, uint64_t t)
{
	struct rec r = {.t = t, .dur = ev->latency, .pid = ev->rec->pid, .tid = ev->rec->tid, .op = OP_file_call,
		.ret = ev->ret, .has_ret = true, .path = str_of(event_name(ev)),
		.path2 = ev->file.len ? ev->file : str_of(f->path)};

	r.arg[op_arg_index(r.op, A_OFF)] = (uint64_t)ev->offset;
	r.arg[op_arg_index(r.op, A_LEN)] = ev->size;
	r.arg[op_arg_index(r.op, A_CALLFLAGS)] = ev->direct ? LAYER_CALL_DIRECT : 0;
	r.facts = facts_of_stat(&f->is);
	hide_print(w->hide, &w->line, &r);
}

/* Where the next one goes; NULL: memory is out. */
static struct kept *place(struct watched *f)
{
	struct kept *k, *more;
	size_t room;

	if (f->n == f->room && f->room < f->max) {
		room = f->room ? 2 * f->room : 64;
		room = room < f->max ? room : f->max;
		more = realloc(f->ring, room * sizeof(*more));
		if (!more)
			return NULL;
		f->ring = more;
		f->room = room;
	}
	if (f->n < f->room)
		return &f->ring[f->n++]; /* FIRST is 0 until there is no more room to be had */
	k = &f->ring[f->first];
	f->first = (f->first + 1) % f->room;
	free(k->line);
	return k;
}

static int keep(struct watch *w, struct watched *f, const struct event *ev)
{
	uint64_t t = ev->rec->t;
	struct kept *k;
	char *line;

	if (t < f->from || t >= f->until)
		return 0;
	w->line.len = 0;
	if (event_is_below(ev))
		hide_print(w->hide, &w->line, ev->rec);
	else
		print_call(w, f, ev, t);
	line = buf_ok(&w->line) ? malloc(w->line.len) : NULL;
	k = line ? place(f) : NULL;
	if (!k) {
		free(line);
		return -ENOMEM;
	}
	memcpy(line, w->line.p, w->line.len);
	*k = (struct kept){.t = t, .line = line, .len = w->line.len};
	describe(w, ev, k);
	return 0;
}

static bool is_about(const struct watched *f, const struct event *ev)
{
	if (ev->has_inode)
		return ev->ino == f->is.st_ino && ev->dev_major == major(f->is.st_dev) &&
		       ev->dev_minor == minor(f->is.st_dev);
	return !event_is_below(ev) && is_named(f, ev->file);
}

/* Of what copies from one file to the other, the second one. */
static bool goes_to(const struct watched *f, const struct event *ev)
{
	return !event_is_below(ev) && event_class(ev) == CLS_TRANSFER && is_named(f, ev->file2);
}

static int take_event(struct watch *w, const struct event *ev)
{
	size_t i;
	int rc = 0;

	for (i = 0; !rc && i < w->n; i++)
		if (is_about(w->file[i], ev) || goes_to(w->file[i], ev))
			rc = keep(w, w->file[i], ev);
	return rc;
}

int watch_take(struct watch *w, const struct rec *r)
{
	struct event ev;
	int rc, kept = 0;

	if (!w->events)
		return -ENOMEM;
	for (rc = events_take(w->events, r, &ev); rc == 1 && !kept; rc = events_more(w->events, &ev))
		kept = take_event(w, &ev);
	return kept ? kept : rc < 0 ? rc : 0;
}

/* --- at the end --- */

static int by_time(const void *a, const void *b)
{
	const struct kept *const *x = a, *const *y = b;

	return ((*x)->t > (*y)->t) - ((*x)->t < (*y)->t);
}

int watch_write(struct watch *w, void (*put)(void *user, struct str line), void *user)
{
	VEC(const struct kept *) all = {0};
	size_t i, j;
	int rc = 0;

	for (i = 0; i < w->n; i++)
		for (j = 0; !rc && j < w->file[i]->n; j++) {
			const struct watched *f = w->file[i];
			const struct kept **k = vec_push(&all);

			if (k)
				*k = &f->ring[(f->first + j) % f->room];
			rc = k ? 0 : -ENOMEM;
		}
	if (all.n)
		qsort(all.v, all.n, sizeof(*all.v), by_time);
	for (i = 0; !rc && i < all.n; i++)
		put(user, (struct str){all.v[i]->line, all.v[i]->len});
	vec_free(&all);
	return rc;
}

/* --- commands --- */

static void put_status(struct buf *out, const struct watched *f)
{
	buf_addf(out, "%d %" PRIu64 ".%09u %zu %zu\n", f->until == UINT64_MAX, f->began / NS_PER_SEC,
		(unsigned)(f->began % NS_PER_SEC), f->max, f->n);
}

static int on_status(struct watch *w, struct watched *f, struct buf *out, struct err *err)
{
	(void)w, (void)err;
	put_status(out, f);
	return 0;
}

static int on_list(struct watch *w, struct watched *f, struct buf *out, struct err *err)
{
	size_t i;

	(void)w, (void)err;
	buf_addf(out, "%s %s", f->id, f->path);
	for (i = 0; i < f->others; i++)
		buf_addf(out, " %s", f->also[i]);
	buf_char(out, '\n');
	return 0;
}

/* Time, R or W, where, how much, on which level, and who. */
static int on_log(struct watch *w, struct watched *f, struct buf *out, struct err *err)
{
	size_t i;

	(void)w, (void)err;
	for (i = 0; i < f->n; i++) {
		const struct kept *k = &f->ring[(f->first + i) % f->room];
		uint64_t t = k->began > f->began ? k->began - f->began : 0;

		if (k->direction)
			buf_addf(out, "%" PRIu64 ".%09u;%c;%" PRIu64 ";%" PRIu64 ";%s;%s;%u\n", t / NS_PER_SEC,
				(unsigned)(t % NS_PER_SEC), k->direction, k->address, k->size,
				k->below ? "BLK" : "VFS", k->comm, k->pid);
	}
	return 0;
}

static int on_stop(struct watch *w, struct watched *f, struct buf *out, struct err *err)
{
	(void)out;
	if (f->until != UINT64_MAX)
		return 0;
	f->until = now_ns();
	return tell(w, f, false, err);
}

static int on_start(struct watch *w, struct watched *f, struct buf *out, struct err *err)
{
	int rc;

	(void)out;
	if (f->until == UINT64_MAX)
		return 0;
	rc = tell(w, f, true, err);
	if (rc)
		return rc;
	f->from = now_ns();
	f->until = UINT64_MAX;
	return 0;
}

static int on_reset(struct watch *w, struct watched *f, struct buf *out, struct err *err)
{
	(void)w, (void)out, (void)err;
	forget(f);
	f->from = now_ns();
	return 0;
}

static int on_timereset(struct watch *w, struct watched *f, struct buf *out, struct err *err)
{
	on_reset(w, f, out, err);
	f->began = f->from;
	return 0;
}

static int on_remove(struct watch *w, struct watched *f, struct buf *out, struct err *err)
{
	size_t i;
	int rc = on_stop(w, f, out, err);

	for (i = 0; !rc && i < w->n; i++)
		if (w->file[i] == f) {
			memmove(w->file + i, w->file + i + 1, (w->n - i - 1) * sizeof(*w->file));
			w->n--;
			file_free(f);
			break;
		}
	return rc;
}

static const struct {
	const char *name;
	int (*run)(struct watch *w, struct watched *f, struct buf *out, struct err *err);
	bool needs_file;
	bool names; /* with several files each answer is of the one that stands in front */
} commands[] = {
	{"status", on_status, false, true},
	{"list", on_list, false, false},
	{"log", on_log, true, false},
	{"stop", on_stop, false, false},
	{"start", on_start, false, false},
	{"reset", on_reset, false, false},
	{"timereset", on_timereset, false, false},
	{"remove", on_remove, true, false},
};

/* By a name that it has now, one that it was given, or its id. */
static struct watched *find(const struct watch *w, const char *name)
{
	struct stat is;
	bool there = stat(name, &is) == 0;
	size_t i;

	for (i = 0; i < w->n; i++)
		if ((there && is_same(w->file[i], &is)) || is_named(w->file[i], str_of(name)) ||
			strcmp(w->file[i]->id, name) == 0)
			return w->file[i];
	return NULL;
}

static int run_one(struct watch *w, size_t which, const char *name, struct buf *answer, struct err *err)
{
	struct watched *f = find(w, name);
	char path[PATH_MAX];

	if (!f)
		return err_set(err, ENOENT, "%s is not watched", name);
	if (commands[which].run == on_remove && drop_name(f, realpath(name, path) ? path : name))
		return 0;
	return commands[which].run(w, f, answer, err);
}

static int run_all(struct watch *w, size_t which, struct buf *answer, struct err *err)
{
	size_t i;
	int rc = 0;

	if (commands[which].needs_file)
		return err_set(err, EINVAL, "%s needs a file", commands[which].name);
	for (i = 0; !rc && i < w->n; i++) {
		if (commands[which].names)
			buf_addf(answer, "%s ", w->file[i]->id);
		rc = commands[which].run(w, w->file[i], answer, err);
	}
	return rc;
}

int watch_command(struct watch *w, struct str command, struct str arg, struct buf *answer, struct err *err)
{
	char name[PATH_MAX + 16];
	size_t i;

	if (arg.len >= sizeof(name))
		return err_set(err, ENAMETOOLONG, "the name of the file is too long");
	memcpy(name, arg.s, arg.len);
	name[arg.len] = '\0';
	if (str_eqs(command, "add"))
		return arg.len ? add(w, name, err) : err_set(err, EINVAL, "add needs a file");
	for (i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (str_eqs(command, commands[i].name))
			return arg.len ? run_one(w, i, name, answer, err) : run_all(w, i, answer, err);
	return err_set(err, EINVAL, "\"%.*s\" is no command: there are status, list, log, add, remove, stop, start, "
		"reset, timereset", (int)command.len, command.s);
}
