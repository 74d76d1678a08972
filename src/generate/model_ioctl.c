/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/falloc.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <unistd.h>

#include "generate/model.h"
#include "ops/ioctl.h"

/* ioctl(2) on files: bytes that are shared, reserved, exchanged or asked for. */

static unsigned command_of(const struct rec *r)
{
	return (unsigned)r->arg[1];
}

/* ---- sharing ---- */

/* LEN bytes of FROM that are also bytes of TO now. Both were there, so both must be data at the start. */
static int share_bytes(struct model *m, struct node *from, uint64_t off, struct node *to,
	uint64_t to_off, uint64_t len)
{
	uint64_t end = off + len;
	int rc;

	if (off > INT64_MAX || to_off > INT64_MAX || len > INT64_MAX - off || len > INT64_MAX - to_off)
		return LEFT_MALFORMED;
	if (from->size.certain && end > from->size.size) {
		if (!m->force)
			return model_resized(m, from, end);
		vsize_grown(&from->size, end);
	}
	/* writes of others stand before or behind: holes are shared as they are */
	rc = model_touch(m, &from->users, TOUCH_EXCLUSIVE);
	if (!rc && to != from)
		rc = model_touch(m, &to->users, TOUCH_EXCLUSIVE);
	if (!rc)
		rc = model_touch(m, &to->dirty, TOUCH_MUTATE);
	if (!rc && to_off + len > to->size.size) {
		model_changed(m, &to->resized);
		rc = model_touch(m, &to->length, TOUCH_MUTATE);
	}
	if (!rc)
		rc = vsize_read(&from->size, off, len);
	return rc ? rc : vsize_write(&to->size, to_off, len);
}

/* One tree instead of several file systems cannot refuse what goes from one to the other. */
bool model_crosses_trees(const struct model *m, const struct rec *r, const struct descriptor *a,
	const struct descriptor *b)
{
	const struct node *x = a->desc->node, *y = b->desc->node;

	return m->root && r->ret == -EXDEV && x->mount != y->mount;
}

static int clone(struct model *m, const struct rec *r, struct descriptor *to,
	const struct descriptor *from)
{
	bool whole = command_of(r) == (unsigned)IOCTL_NR_FICLONE;
	uint64_t off = whole ? 0 : r->arg[3], len = whole ? 0 : r->arg[4];
	uint64_t to_off = whole ? 0 : r->arg[5];
	struct node *n = from->desc->node;
	int rc = 0;

	if (model_crosses_trees(m, r, from, to))
		return LEFT_ONE_TREE;
	if (r->ret < 0)
		return 0;
	if (len == 0) { /* up to the end */
		n->seen_end = true;
		rc = model_touch(m, &n->length, TOUCH_SHARE);
		len = off < n->size.size ? n->size.size - off : 0;
	}
	return rc ? rc : share_bytes(m, n, off, to->desc->node, to_off, len);
}

/* FROM may be NULL: the call failed with EBADF. */
static int dedupe(struct model *m, const struct rec *r, const struct descriptor *from)
{
	struct descriptor *to;
	uint32_t i;
	int rc = model_own_vector(m);

	if (rc)
		return rc;
	for (i = 0; i + REC_DEST <= r->nvec; i += REC_DEST) {
		uint64_t *dest = m->numbers.v + i;
		bool shared = from && r->ret == 0 && dest[3] == FILE_DEDUPE_RANGE_SAME && dest[2];

		rc = model_fd_in(m, r, (int32_t)dest[0], dest, &to);
		if (rc < 0)
			return rc;
		if (rc || !to)
			dest[0] = VFD_NONE; /* no file of the replay: nothing is shared with it */
		else if (shared)
			rc = share_bytes(m, from->desc->node, r->arg[2], to->desc->node, dest[1],
				dest[2]);
		if (rc < 0 || rc == LEFT_CONFLICT)
			return rc;
	}
	return 0;
}

/* ---- space ---- */

static uint64_t space_mode(unsigned command)
{
	switch ((int)command) {
	case IOCTL_NR_FS_IOC_UNRESVSP:
	case IOCTL_NR_FS_IOC_UNRESVSP64:
		return FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE;
	case IOCTL_NR_FS_IOC_ZERO_RANGE:
		return FALLOC_FL_KEEP_SIZE | FALLOC_FL_ZERO_RANGE;
	default:
		return FALLOC_FL_KEEP_SIZE;
	}
}

static int reserve(struct model *m, const struct rec *r, struct descriptor *d)
{
	struct node *n = d->desc->node;
	uint64_t off = r->arg[3];
	int rc = 0;

	if (r->arg[2] == SEEK_CUR) {
		off += d->desc->offset;
		rc = model_touch(m, d->desc->order, TOUCH_SHARE);
	} else if (r->arg[2] == SEEK_END) {
		off += n->size.size;
		rc = model_touch(m, &n->length, TOUCH_SHARE);
	}
	if (rc || r->ret < 0)
		return rc;
	return model_allocate(m, n, space_mode(command_of(r)), off, r->arg[4]);
}

/* Two files exchange their bytes, in blocks whose size is not told: all of both. */
static int move_extents(struct model *m, const struct rec *r, struct node *n, struct node *donor)
{
	int rc = 0;

	if (r->ret < 0)
		return 0;
	rc = model_touch(m, &n->users, TOUCH_EXCLUSIVE);
	if (!rc)
		rc = model_touch(m, &donor->users, TOUCH_EXCLUSIVE);
	if (!rc)
		rc = vsize_read(&n->size, 0, n->size.size);
	return rc ? rc : vsize_read(&donor->size, 0, donor->size.size);
}

/* ---- questions ---- */

/* Beyond this much the map of what must be data would take 32 MiB of memory. */
#define MAPPED_MAX ((uint64_t)1 << 40)

/* The map of a file is worth its time only where the file has its data. */
static int map(struct model *m, const struct rec *r, struct node *n)
{
	uint64_t start = r->arg[2], len = r->arg[3];
	int rc = model_touch(m, &n->users, TOUCH_SHARE);

	if (!rc && r->arg[4] & FIEMAP_FLAG_SYNC)
		rc = model_touch(m, &n->dirty, TOUCH_LATER);
	if (rc || r->ret < 0 || start >= n->size.size)
		return rc;
	if (len > n->size.size - start)
		len = n->size.size - start;
	return len > MAPPED_MAX ? 0 : vsize_read(&n->size, start, len);
}

static int on_file(struct model *m, const struct rec *r, struct descriptor *d)
{
	struct node *n = d->desc->node;

	switch ((int)command_of(r)) {
	case IOCTL_NR_FS_IOC_FIEMAP:
		return node_is_file(n) ? map(m, r, n) : 0;
	case IOCTL_NR_FS_IOC_SETFLAGS:
	case IOCTL_NR_FS_IOC_FSSETXATTR:
		return model_touch(m, &n->attr, TOUCH_EXCLUSIVE);
	case IOCTL_NR_FS_IOC_GETFLAGS:
	case IOCTL_NR_FS_IOC_FSGETXATTR:
		return model_touch(m, &n->attr, TOUCH_SHARE);
	default:
		return ioctl_shape(command_of(r)) == IOCTL_SPACE ? reserve(m, r, d) : 0;
	}
}

/* The commands with a second descriptor. D may be NULL: the call failed with EBADF. */
static int on_files(struct model *m, const struct rec *r, struct descriptor *d)
{
	struct descriptor *second;
	int rc = model_fd_in(m, r, (int32_t)r->arg[2], &m->out->call.arg[2], &second);

	if (rc > 0 && !d) { /* it was not looked at */
		m->out->call.arg[2] = VFD_NONE;
		return 0;
	}
	if (rc || !second || !d)
		return rc;
	if (command_of(r) == (unsigned)IOCTL_NR_EXT4_IOC_MOVE_EXT)
		return move_extents(m, r, d->desc->node, second->desc->node);
	return clone(m, r, d, second);
}

int model_ioctl(struct model *m, const struct rec *r)
{
	bool keep = command_of(r) == IOCTL_NR_FIONCLEX, drop = command_of(r) == IOCTL_NR_FIOCLEX;
	const char *form = rec_ioctl_form(r->arg[1]);
	struct descriptor *d, *any;
	int rc;

	if (!form)
		return LEFT_MALFORMED;
	rc = model_fd(m, r, A_FD, &d);
	any = vfd_get(m->task, (int32_t)r->arg[0]);
	if (any && r->ret == 0 && (keep || drop)) /* of a pipe or terminal too */
		any->cloexec = drop;
	if (rc)
		return rc;
	if (rec_ioctl_has_dests(r->arg[1]))
		return dedupe(m, r, d);
	if (form[0] == 'f')
		return on_files(m, r, d);
	return d ? on_file(m, r, d) : 0;
}
