/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/devices.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "datas/buf.h"
#include "tree/mounts.h"

/* File systems whose files have other device numbers than their super block. */
static const char *const with_subvolumes[] = {"btrfs", "bcachefs"};

struct device {
	uint32_t major, minor;
};

/* A mounted subvolume: its super block's number, and the one that its files show. */
struct subvolume {
	struct device super, shown;
	struct str point;
};

/* Devices that are what they are, and need not be looked for again. Beyond, nothing is read. */
#define PLAIN_MOST 1024

struct devices {
	char *mountinfo;
	struct arena arena;
	VEC(struct subvolume) subvolumes;
	VEC(struct device) plain;
	size_t last; /* of plain, the one that was asked for last */
};

static bool same_device(struct device a, struct device b)
{
	return a.minor == b.minor && a.major == b.major;
}

static bool has_subvolumes(const char *fstype)
{
	size_t i;

	for (i = 0; i < sizeof(with_subvolumes) / sizeof(*with_subvolumes); i++)
		if (strcmp(fstype, with_subvolumes[i]) == 0)
			return true;
	return false;
}

static int add_subvolume(struct devices *d, const struct mount *m)
{
	struct subvolume *s;
	struct statx st;

	if (m->hidden || !has_subvolumes(m->fstype))
		return 0;
	if (statx(AT_FDCWD, m->point, AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC, STATX_INO, &st))
		return 0; /* not for us to see, or gone */
	s = vec_push(&d->subvolumes);
	if (!s)
		return -ENOMEM;
	s->super = (struct device){m->dev_major, m->dev_minor};
	s->shown = (struct device){st.stx_dev_major, st.stx_dev_minor};
	s->point = str_of(m->point);
	return 0;
}

static int read_mounts(struct devices *d, struct err *err)
{
	struct arena arena = ARENA_INIT;
	struct mounts mounts;
	size_t i;
	int rc = mounts_read(&mounts, &arena, d->mountinfo, err);

	if (rc) {
		arena_free(&arena);
		return rc;
	}
	arena_free(&d->arena);
	d->arena = arena;
	d->subvolumes.n = 0;
	for (i = 0; i < mounts.n && !rc; i++)
		rc = add_subvolume(d, &mounts.v[i]);
	return rc ? err_sys(err, -rc, "%s", d->mountinfo) : 0;
}

int devices_open(struct devices **out, const char *mountinfo, struct err *err)
{
	struct devices *d = calloc(1, sizeof(*d));
	int rc;

	*out = NULL;
	if (!d || !(d->mountinfo = strdup(mountinfo))) {
		free(d);
		return err_sys(err, ENOMEM, "cannot read %s", mountinfo);
	}
	rc = read_mounts(d, err);
	if (rc) {
		devices_close(d);
		return rc;
	}
	*out = d;
	return 0;
}

void devices_close(struct devices *d)
{
	if (!d)
		return;
	arena_free(&d->arena);
	vec_free(&d->subvolumes);
	vec_free(&d->plain);
	free(d->mountinfo);
	free(d);
}

static bool is_plain(struct devices *d, struct device dev)
{
	size_t i;

	if (d->last < d->plain.n && same_device(d->plain.v[d->last], dev))
		return true;
	for (i = 0; i < d->plain.n; i++) {
		if (!same_device(d->plain.v[i], dev))
			continue;
		d->last = i;
		return true;
	}
	return false;
}

static bool is_below(struct str point, struct str path)
{
	if (point.len == 1)
		return str_starts(path, point);
	return str_starts(path, point) && (path.len == point.len || path.s[point.len] == '/');
}

/* Of the mounted subvolumes of DEV the one that PATH is in; else the first. NULL: none is. */
static const struct subvolume *find_subvolume(
	const struct devices *d, struct device dev, struct str path)
{
	const struct subvolume *best = NULL;
	size_t i, len = 0;

	for (i = 0; i < d->subvolumes.n; i++) {
		const struct subvolume *s = &d->subvolumes.v[i];

		if (!same_device(s->super, dev))
			continue;
		if (!best)
			best = s;
		if (is_below(s->point, path) && s->point.len >= len) {
			best = s;
			len = s->point.len;
		}
	}
	return best;
}

static const struct subvolume *find_again(struct devices *d, struct device dev, struct str path)
{
	const struct subvolume *s;
	struct device *plain;

	if (d->plain.n == PLAIN_MOST || read_mounts(d, NULL))
		return NULL;
	s = find_subvolume(d, dev, path);
	plain = s ? NULL : vec_push(&d->plain);
	if (plain)
		*plain = dev;
	return s;
}

void devices_translate(struct devices *d, struct facts *facts, struct str path)
{
	const struct device dev = {facts->dev_major, facts->dev_minor};
	const struct subvolume *s;

	if (is_plain(d, dev))
		return;
	s = find_subvolume(d, dev, path);
	if (!s)
		s = find_again(d, dev, path);
	if (!s)
		return;
	facts->dev_major = s->shown.major;
	facts->dev_minor = s->shown.minor;
}
