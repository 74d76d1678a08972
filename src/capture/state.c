/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "capture/facts.h"
#include "tree/mounts.h"
#include "utils/clock.h"

static struct rec state_rec(enum op_id op, struct who who)
{
	return (struct rec){.t = now_ns(), .op = op, .pid = who.pid, .tid = who.tid};
}

struct str state_link(uint32_t tid, const char *what, char *buf, size_t size)
{
	char path[96];
	ssize_t len;

	snprintf(path, sizeof(path), "/proc/%u/%s", tid, what);
	len = readlink(path, buf, size);
	return len < 0 ? STR_NONE : (struct str){buf, (size_t)len};
}

int state_mounts(struct sink *sink, struct dirs *dirs, uint64_t t, struct err *err)
{
	struct arena arena = ARENA_INIT;
	struct mounts table = {0};
	size_t i;
	int rc = mounts_read(&table, &arena, MOUNTS_SELF, err);

	for (i = 0; i < table.n && !rc; i++) {
		const struct mount *m = &table.v[i];
		struct rec rec = state_rec(OP_state_mount, (struct who){0});

		if (m->hidden)
			continue;
		rec.t = t;
		rec.path = str_of(m->point);
		rec.path2 = str_of(m->fstype);
		rec.arg[2] = makedev(m->dev_major, m->dev_minor);
		dirs_add_mount(dirs, rec.path, m->fstype);
		sink_put(sink, &rec);
	}
	arena_free(&arena);
	return rc;
}

void state_task(struct sink *sink, struct paths *paths, struct who who, uint32_t parent)
{
	struct rec rec = state_rec(OP_state_task, who);
	char path[64], line[256], cwd[PATH_MAX], root[PATH_MAX];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%u/status", who.tid);
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
	rec.path = state_link(who.tid, "cwd", cwd, sizeof(cwd));
	rec.path2 = state_link(who.tid, "root", root, sizeof(root));
	paths_find(paths, who, rec.path);
	paths_find(paths, who, rec.path2);
	rec.t = now_ns(); /* behind the records of its names: they tell owners and modes */
	sink_put(sink, &rec);
}

/* The second number of a line of /proc/TID/status. */
static bool status_uid(uint32_t tid, uint32_t *uid)
{
	char path[64], line[256];
	unsigned value;
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%u/status", tid);
	f = fopen(path, "re");
	while (f && !found && fgets(line, sizeof(line), f))
		found = sscanf(line, "Uid: %*u %u", &value) == 1;
	if (f)
		fclose(f);
	if (found)
		*uid = value;
	return found;
}

bool state_of_thread(struct state_of_thread *out, uint32_t tid)
{
	char path[64];
	ssize_t len;
	int fd;

	*out = (struct state_of_thread){0};
	snprintf(path, sizeof(path), "/proc/%u/comm", tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	len = read(fd, out->comm, sizeof(out->comm));
	close(fd);
	if (len <= 0)
		return false;
	out->comm[len - 1] = '\0'; /* a newline ends it */
	return status_uid(tid, &out->uid);
}

void state_thread(struct sink *sink, struct who who, const struct state_of_thread *is)
{
	struct rec rec = state_rec(OP_state_thread, who);

	rec.arg[0] = is->uid;
	rec.path = str_of(is->comm);
	sink_put(sink, &rec);
}

/* A descriptor that was told. */
struct told_fd {
	struct hnode node;
	uint32_t tid, pid;
	uint64_t fd;
};

void told_fds_clear(struct told_fds *told)
{
	hmap_free(&told->map);
	arena_free(&told->arena);
	*told = (struct told_fds){0};
}

/* The kernel alone knows. Where it does not say, every descriptor stands for itself. */
static bool is_same(const struct told_fd *a, uint32_t tid, uint64_t fd)
{
	return syscall(SYS_kcmp, (long)a->tid, (long)tid, (long)KCMP_FILE, a->fd, fd) == 0;
}

/* The descriptor told earlier that shares the description of rec's; NULL: rec's is entered. */
static const struct told_fd *find_told(struct told_fds *told, const struct rec *rec)
{
	const struct facts *f = &rec->facts;
	uint64_t dev = makedev(f->dev_major, f->dev_minor);
	uint64_t hash = hash_bytes((const char *)&f->ino, sizeof(f->ino), dev);
	struct told_fd *t;
	struct hnode *h;

	if (!f->known || (!S_ISREG(f->mode) && !S_ISDIR(f->mode))) /* have no offset */
		return NULL;
	for (h = hmap_first(&told->map, hash); h; h = hmap_next(h)) {
		t = hmap_entry(h, struct told_fd, node);
		if (is_same(t, rec->tid, rec->arg[0]))
			return t;
	}
	t = arena_alloc(&told->arena, sizeof(*t));
	if (!t)
		return NULL;
	*t = (struct told_fd){.tid = rec->tid, .pid = rec->pid, .fd = rec->arg[0]};
	hmap_insert(&told->map, &t->node, hash);
	return NULL;
}

static void put_dup(struct sink *sink, const struct rec *fd, const struct told_fd *other)
{
	struct rec rec = {.t = now_ns(), .op = OP_state_dup, .pid = fd->pid, .tid = fd->tid};

	rec.arg[0] = fd->arg[0];
	rec.arg[1] = other->pid;
	rec.arg[2] = other->fd;
	rec.arg[3] = fd->arg[2];
	sink_put(sink, &rec);
}

bool state_fd(struct rec *rec, struct who who, unsigned number, char *link)
{
	char path[64];

	*rec = state_rec(OP_state_fd, who);
	if (!facts_of_description((pid_t)who.tid, (int)number, &rec->arg[3], &rec->arg[2]))
		return false;
	snprintf(path, sizeof(path), "fd/%u", number);
	rec->path = state_link(who.tid, path, link, PATH_MAX);
	rec->arg[0] = number;
	rec->facts = facts_of_fd((pid_t)who.tid, (int)number);
	return true;
}

static void put_fd(struct sink *sink, struct paths *paths, struct told_fds *told, struct who who,
	const char *number)
{
	const struct told_fd *other;
	char link[PATH_MAX];
	struct rec rec;

	if (!state_fd(&rec, who, (unsigned)strtoul(number, NULL, 10), link))
		return;
	other = find_told(told, &rec);
	if (other) {
		put_dup(sink, &rec, other);
		return;
	}
	paths_find(paths, who, rec.path);
	rec.t = now_ns(); /* behind the records of its names */
	sink_put(sink, &rec);
}

void state_fds(struct sink *sink, struct paths *paths, struct told_fds *told, struct who who)
{
	char path[64];
	struct dirent *d;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%u/fd", who.tid);
	dir = opendir(path);
	while (dir && (d = readdir(dir)))
		if (d->d_name[0] != '.')
			put_fd(sink, paths, told, who, d->d_name);
	if (dir)
		closedir(dir);
}
