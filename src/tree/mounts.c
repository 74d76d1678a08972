/* SPDX-License-Identifier: Apache-2.0 */
#include "tree/mounts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "datas/buf.h"

static const char *const pseudo[] = {"anon_inodefs", "apparmorfs", "autofs", "bdev", "binder",
	"binderfs", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "cpuset", "debugfs",
	"devfs", "devpts", "devtmpfs", "dmabuf", "drm", "efivarfs", "functionfs", "fusectl",
	"hugetlbfs", "ipathfs", "mqueue", "nfsd", "nsfs", "openpromfs", "pidfs", "pipefs", "proc",
	"pstore", "resctrl", "rpc_pipefs", "secretmem", "securityfs", "selinuxfs", "smackfs",
	"sockfs", "spufs", "sysfs", "tracefs", "usbfs", "xenfs"};

bool fs_is_pseudo(const char *fstype)
{
	size_t i;

	for (i = 0; i < sizeof(pseudo) / sizeof(*pseudo); i++)
		if (strcmp(fstype, pseudo[i]) == 0)
			return true;
	return false;
}

static bool is_octal(const char *p)
{
	return p[0] >= '0' && p[0] <= '3' && p[1] >= '0' && p[1] <= '7' && p[2] >= '0' &&
	       p[2] <= '7';
}

/* The kernel writes blank, tab, newline and backslash as \ooo (fs/proc_namespace.c, mangle()). */
static char *unescape(struct arena *arena, struct str s)
{
	char *out = arena_strdup(arena, s);
	size_t i, n = 0;

	if (!out)
		return NULL;
	for (i = 0; i < s.len; i++) {
		if (s.s[i] == '\\' && s.len - i > 3 && is_octal(s.s + i + 1)) {
			out[n++] = (char)((s.s[i + 1] - '0') * 64 + (s.s[i + 2] - '0') * 8 +
					  (s.s[i + 3] - '0'));
			i += 3;
		} else {
			out[n++] = s.s[i];
		}
	}
	out[n] = '\0';
	return out;
}

static bool parse_dev(struct str s, struct mount *m)
{
	uint64_t major_nr, minor_nr;
	struct str part;

	if (!str_take_char(&s, ':', &part) || str_u64(part, &major_nr) || str_u64(s, &minor_nr))
		return false;
	m->dev_major = (uint32_t)major_nr;
	m->dev_minor = (uint32_t)minor_nr;
	return true;
}

/* Of the super options; {NULL, 0} when there is none. */
static struct str upper_of(struct str options)
{
	struct str option, key;

	while (str_take_char(&options, ',', &option))
		if (str_take_char(&option, '=', &key) && str_eqs(key, "upperdir"))
			return option;
	return (struct str){0};
}

/* ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [TAGS...] - FSTYPE SOURCE SUPEROPTIONS */
static int parse_line(struct mount *m, struct arena *arena, struct str line)
{
	struct str field[6], type, family, source, upper = {0};
	int i;

	for (i = 0; i < 6; i++)
		if (!str_take_char(&line, ' ', &field[i]))
			return -EPROTO;
	do {
		if (!str_take_char(&line, ' ', &type))
			return -EPROTO;
	} while (!str_eqs(type, "-"));
	if (!str_take_char(&line, ' ', &type) || str_u64(field[0], &m->id) ||
		str_u64(field[1], &m->parent) || !parse_dev(field[2], m))
		return -EPROTO;
	if (!str_starts(field[4], STR("/")))
		return -EPROTO;
	if (str_eqs(type, "overlay") && str_take_char(&line, ' ', &source))
		upper = upper_of(line);
	str_take_char(&type, '.', &family);
	m->point = unescape(arena, field[4]);
	m->fstype = unescape(arena, family);
	m->upper = upper.s ? unescape(arena, upper) : NULL;
	return m->point && m->fstype && (m->upper || !upper.s) ? 0 : -ENOMEM;
}

static bool is_under(const char *point, struct str path)
{
	size_t len = strlen(point);

	if (len == 1)
		return str_starts(path, STR("/"));
	return str_starts(path, str_of(point)) && (path.len == len || path.s[len] == '/');
}

static const struct mount *find_id(const struct mounts *m, uint64_t id)
{
	size_t i;

	for (i = 0; i < m->n; i++)
		if (m->v[i].id == id)
			return &m->v[i];
	return NULL;
}

static bool descends_from(const struct mounts *m, const struct mount *child, uint64_t id)
{
	size_t steps;

	for (steps = 0; child && steps <= m->n; steps++) {
		if (child->parent == id)
			return true;
		child = find_id(m, child->parent);
	}
	return false;
}

/* A mount hides what was mounted earlier at or below its point, but not what is mounted on it. */
static void mark_hidden(struct mounts *m)
{
	size_t i, j;

	for (i = 1; i < m->n; i++)
		for (j = 0; j < i; j++)
			if (is_under(m->v[i].point, str_of(m->v[j].point)) &&
				!descends_from(m, &m->v[j], m->v[i].id))
				m->v[j].hidden = true;
}

static int parse_lines(
	struct mounts *out, struct arena *arena, FILE *f, const char *file, struct err *err)
{
	VEC(struct mount) vec = {0};
	char *line = NULL;
	size_t cap = 0;
	ssize_t len;
	int rc = 0;

	while (rc == 0 && (len = getline(&line, &cap, f)) > 0) {
		struct mount *m = vec_push(&vec);
		struct str s = {line, (size_t)len - (line[len - 1] == '\n')};

		rc = m ? parse_line(m, arena, s) : -ENOMEM;
		if (rc)
			err_sys(err, -rc, "%s: line %zu", file, vec.n);
	}
	free(line);
	if (rc == 0 && vec.n) {
		out->v = arena_alloc(arena, vec.n * sizeof(*vec.v));
		if (out->v)
			memcpy(out->v, vec.v, vec.n * sizeof(*vec.v));
		else
			rc = err_sys(err, ENOMEM, "%s", file);
		out->n = vec.n;
	}
	vec_free(&vec);
	return rc;
}

int mounts_read(struct mounts *out, struct arena *arena, const char *file, struct err *err)
{
	FILE *f = fopen(file, "re");
	int rc;

	*out = (struct mounts){0};
	if (!f)
		return err_sys(err, errno, "cannot read the mount table %s", file);
	rc = parse_lines(out, arena, f, file, err);
	fclose(f);
	if (rc == 0)
		mark_hidden(out);
	return rc;
}

const struct mount *mounts_find(const struct mounts *m, struct str path)
{
	const struct mount *best = NULL;
	size_t i;

	for (i = 0; i < m->n; i++) {
		if (m->v[i].hidden || !is_under(m->v[i].point, path))
			continue;
		if (!best || strlen(m->v[i].point) >= strlen(best->point))
			best = &m->v[i];
	}
	return best;
}

bool mounts_is_point(const struct mounts *m, struct str path)
{
	const struct mount *hit = mounts_find(m, path);

	return hit && str_eqs(path, hit->point);
}
