/* SPDX-License-Identifier: Apache-2.0 */
#include "generate/model.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/* Operations on what is behind a descriptor: bytes, sizes, entries of directories. */

/* Where the call reads or writes; *IMPLICIT when it is the description's own offset that moves. */
static uint64_t offset_of(const struct rec *r, const struct descriptor *d, bool *implicit)
{
	int i = op_arg_index(r->op, A_OFF);
	bool v2 = r->op == OP_preadv2 || r->op == OP_pwritev2;

	*implicit = i < 0 || (v2 && (int64_t)r->arg[i] == -1);
	return *implicit ? d->desc->offset : r->arg[i];
}

uint64_t model_wanted(const struct rec *r)
{
	int i = op_arg_index(r->op, A_LEN);
	uint64_t sum = 0;
	uint32_t k;

	if (i >= 0)
		return r->arg[i];
	for (k = 0; k < r->nvec; k++)
		sum += r->vec[k];
	return sum;
}

/* MAX_RW_COUNT of include/linux/fs.h: no call moves more at once. */
#define RW_MAX 0x7ffff000

static bool impossible(const struct span *s)
{
	return s->done > RW_MAX || (s->done && s->off > INT64_MAX - RW_MAX);
}

int model_own_vector(struct model *m)
{
	struct rec *call = &m->out->call;
	uint32_t i;

	m->numbers.n = 0;
	for (i = 0; i < call->nvec; i++) {
		uint64_t *number = vec_push(&m->numbers);

		if (!number)
			return -ENOMEM;
		*number = call->vec[i];
	}
	call->vec = m->numbers.v;
	return 0;
}

static int cut_vector(struct model *m, uint64_t left)
{
	int rc = model_own_vector(m);
	size_t i;

	for (i = 0; !rc && i < m->numbers.n; i++) {
		uint64_t *part = &m->numbers.v[i];

		*part = *part < left ? *part : left;
		left -= *part;
	}
	return rc;
}

int model_ask_for_less(struct model *m, const struct span *s)
{
	struct rec *call = &m->out->call;
	int i = op_arg_index(call->op, A_LEN);

	if (s->done <= 0 || (uint64_t)s->done >= (s->wanted < RW_MAX ? s->wanted : RW_MAX) ||
		!node_is_file(s->d->desc->node))
		return 0;
	if (i < 0)
		return cut_vector(m, (uint64_t)s->done);
	call->arg[i] = (uint64_t)s->done;
	return 0;
}

/* A size between LEAST and MOST: what a stat told if it can be, else the one that the read shows. */
static uint64_t size_from(const struct node *n, uint64_t least, uint64_t most, bool exact)
{
	uint64_t seen = n->seen_size - 1;

	if (!exact && n->seen_size && seen >= least && seen <= most)
		return seen;
	return most == UINT64_MAX ? least : most;
}

int model_read_fits(struct model *m, const struct span *s)
{
	struct node *n = s->d->desc->node;
	uint64_t done = (uint64_t)s->done, end = s->off + done;

	if (!n->size.certain || m->force)
		return 0;
	if (done > 0 && end > n->size.size)
		return model_resized(m, n, size_from(n, end, UINT64_MAX, done < s->wanted));
	/* Less than was asked for is all there was. */
	if (!s->own && done < s->wanted && end < n->size.size)
		return ops[m->rec->op].cls != CLS_TRANSFER || !done
			       ? model_resized(m, n, size_from(n, 0, end, done > 0))
			       : LEFT_CONFLICT; /* or as much as could be copied at once */
	return 0;
}

static int read_nothing(struct node *n, const struct span *s)
{
	uint64_t left = n->size.size - s->off;

	return vsize_read(&n->size, s->off, s->wanted && s->wanted < left ? s->wanted : left);
}

int model_span_read(struct model *m, const struct span *s)
{
	struct node *n = s->d->desc->node;
	uint64_t done = (uint64_t)s->done, end = s->off + done;
	int rc = s->implicit ? model_touch(m, s->d->desc->order, TOUCH_EXCLUSIVE) : 0;

	if (!rc && s->done == -EINVAL && s->d->desc->flags & O_DIRECT && s->off < n->size.size)
		rc = read_nothing(n, s); /* a hole does not ask for aligned memory */
	if (!rc && s->done == -EINVAL && node_is_file(n)) /* beyond the end it is no failure */
		rc = model_touch(m, &n->length, TOUCH_SHARE);
	if (rc || s->done < 0 || !node_is_file(n))
		return rc;
	if (impossible(s))
		return LEFT_MALFORMED;
	rc = model_read_fits(m, s);
	if (rc)
		return rc;
	if (n->size.certain && done > 0 && end > n->size.size)
		vsize_grown(&n->size, end);
	n->seen_end |= done < s->wanted;
	rc = model_touch(m, &n->users, TOUCH_SHARE);
	if (!rc && (done != s->wanted || end > n->safe))
		rc = model_touch(m, &n->length, TOUCH_SHARE);
	if (!rc)
		rc = vsize_read(&n->size, s->off, done);
	if (s->implicit)
		s->d->desc->offset = end;
	return rc;
}

int model_span_write(struct model *m, const struct span *s)
{
	struct node *n = s->d->desc->node;
	uint64_t done = (uint64_t)s->done, end = s->off + done;
	int rc = s->implicit ? model_touch(m, s->d->desc->order, TOUCH_EXCLUSIVE) : 0;

	if (rc || !node_is_file(n))
		return rc;
	if (s->done == -EFAULT && s->off > n->size.size) /* ext4 makes it end there all the same */
		rc = model_touch(m, &n->length, TOUCH_EXCLUSIVE);
	if (rc || s->done < 0)
		return rc;
	if (impossible(s))
		return LEFT_MALFORMED;
	rc = model_touch(m, &n->users, TOUCH_SHARE);
	if (!rc)
		rc = model_touch(m, &n->dirty, TOUCH_MUTATE);
	if (!rc && done && end > n->size.size) {
		model_changed(m, &n->resized);
		/* where the next one is, and the offset after it, are told by the one before */
		rc = model_touch(m, &n->length, s->append ? TOUCH_EXCLUSIVE : TOUCH_MUTATE);
	} else if (!rc && done && end > n->safe) { /* it would be the one that extends the file */
		rc = model_touch(m, &n->length, TOUCH_LATER);
	}
	if (!rc)
		rc = vsize_write(&n->size, s->off, done);
	if (s->implicit)
		s->d->desc->offset = end;
	return rc;
}

struct descriptor *model_move_in_place(const struct task *t, const struct rec *r)
{
	bool implicit = r->op == OP_read || r->op == OP_write;
	struct descriptor *d = vfd_get(t, (int32_t)r->arg[0]);
	struct span s = {.d = d, .wanted = r->arg[2], .done = r->ret};
	struct node *n;

	if (!d || d->desc->kind != DESC_FILE || d->vfd == VFD_NUMBER_NONE || d->desc->flags & O_APPEND)
		return NULL;
	n = d->desc->node;
	s.off = implicit ? d->desc->offset : r->arg[3];
	if (s.done < 0 || (uint64_t)s.done != s.wanted || impossible(&s) || s.off + s.wanted > n->size.size ||
		!node_is_file(n) || vsize_read(&n->size, s.off, s.wanted))
		return NULL;
	if (implicit)
		d->desc->offset = s.off + s.wanted;
	return d;
}

int model_read(struct model *m, const struct rec *r)
{
	struct span s = {.wanted = model_wanted(r), .done = r->ret};
	struct node *n;
	int rc = model_fd(m, r, A_FD, &s.d);

	if (rc || !s.d)
		return rc;
	n = s.d->desc->node;
	if ((n->mode & S_IFMT) == 0 && r->ret == -EISDIR)
		n->mode = S_IFDIR | 0755;
	s.off = offset_of(r, s.d, &s.implicit);
	return model_span_read(m, &s);
}

int model_write(struct model *m, const struct rec *r)
{
	struct span s = {.wanted = model_wanted(r), .done = r->ret};
	int rc = model_fd(m, r, A_FD, &s.d);
	bool append = model_arg(r, A_RWF, 0) & RWF_APPEND;

	if (rc || !s.d)
		return rc;
	s.off = offset_of(r, s.d, &s.implicit);
	s.append = append || s.d->desc->flags & O_APPEND;
	if (s.append && s.wanted) /* of nothing the offset stays */
		s.off = ((struct node *)s.d->desc->node)->size.size;
	rc = model_ask_for_less(m, &s);
	return rc ? rc : model_span_write(m, &s);
}

/* Beyond this much in one piece the map is not kept: it takes 32 MiB of memory. */
#define SEEK_RANGE_MAX ((uint64_t)1 << 40)

/* What was looked for in the map of holes must be found there again. */
static int note_holes(const struct rec *r, struct node *n)
{
	uint64_t from = r->arg[1], found = (uint64_t)r->ret;

	if (r->arg[2] == SEEK_DATA)
		return vsize_read(&n->size, found, 1);
	if (r->arg[2] == SEEK_HOLE && found > from && found - from <= SEEK_RANGE_MAX)
		return vsize_read(&n->size, from, found - from);
	return 0;
}

int model_lseek(struct model *m, const struct rec *r)
{
	struct descriptor *d;
	struct node *n;
	int rc = model_fd(m, r, A_FD, &d);

	if (rc || !d)
		return rc;
	n = d->desc->node;
	if (r->ret >= 0 && r->arg[2] == SEEK_END && node_is_file(n) && n->size.certain && !m->force &&
		(uint64_t)r->ret - r->arg[1] != n->size.size)
		return model_resized(m, n, (uint64_t)r->ret - r->arg[1]);
	n->seen_end |= r->ret >= 0 && r->arg[2] == SEEK_END;
	rc = model_touch(m, d->desc->order, TOUCH_EXCLUSIVE);
	if (!rc && r->arg[2] >= SEEK_END && node_is_file(n))
		rc = model_touch(m, &n->length, TOUCH_SHARE);
	if (!rc && (r->arg[2] == SEEK_DATA || r->arg[2] == SEEK_HOLE)) /* what writes fill */
		rc = model_touch(m, &n->users, TOUCH_EXCLUSIVE);
	if (!rc && r->ret >= 0 && node_is_file(n))
		rc = note_holes(r, n);
	if (r->ret >= 0)
		d->desc->offset = (uint64_t)r->ret;
	if (!rc && r->ret >= 0 && r->arg[2] == SEEK_END && !n->size.certain && node_is_file(n)) {
		uint64_t size = (uint64_t)r->ret - r->arg[1];

		if (n->at_start && n->size.original == n->size.start && size > n->size.size)
			n->size.size = n->size.start = n->size.original = size;
	}
	return rc;
}

int model_cut(struct model *m, struct node *n, uint64_t size)
{
	int rc = model_touch(m, &n->users, TOUCH_EXCLUSIVE);

	if (!rc)
		rc = model_touch(m, &n->length, TOUCH_EXCLUSIVE);
	model_changed(m, &n->resized);
	vsize_truncate(&n->size, size);
	n->safe = size;
	return rc;
}

int model_ftruncate(struct model *m, const struct rec *r)
{
	struct descriptor *d;
	int rc = model_fd(m, r, A_FD, &d);

	if (rc || !d || r->ret < 0)
		return rc;
	return model_cut(m, d->desc->node, r->arg[1]);
}

int model_truncate(struct model *m, const struct rec *r)
{
	struct place p;
	int rc = model_place(m, r, A_PATH, A_NONE, r->ret == 0 ? WALK_PARENT : 0, &p);

	if (!rc)
		rc = model_put_path(m, r, A_PATH, A_NONE, &p);
	if (!rc)
		rc = model_settle(m, r, &p, r->ret == 0 ? 1 : r->ret == -ENOENT ? 0 : -1,
			S_IFREG | 0644);
	if (!rc && p.node)
		rc = model_touch(m, &p.node->attr, TOUCH_SHARE);
	if (!rc && p.node)
		rc = model_touch_leases(m, p.node, TOUCH_SHARE);
	if (rc || r->ret < 0 || !p.node)
		return rc;
	model_grant(m, p.node, S_IWUSR);
	return model_cut(m, p.node, r->arg[1]);
}

int model_allocate(struct model *m, struct node *n, uint64_t mode, uint64_t off, uint64_t len)
{
	const uint64_t moves = FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_INSERT_RANGE;
	int rc;

	if (mode & moves) {
		uint64_t size = n->size.size;

		size = mode & FALLOC_FL_INSERT_RANGE ? size + len : size > len ? size - len : 0;
		rc = model_cut(m, n, off < size ? off : size); /* beyond off it is other data now */
		n->size.size = n->safe = size;
		return rc;
	}
	/* a hole is one only after what was written there before */
	rc = model_touch(m, &n->users,
		mode & ~(uint64_t)FALLOC_FL_KEEP_SIZE ? TOUCH_EXCLUSIVE : TOUCH_SHARE);
	if (rc || mode & FALLOC_FL_KEEP_SIZE || off + len <= n->safe)
		return rc;
	if (off + len <= n->size.size) /* it would be the one that extends the file */
		return model_touch(m, &n->length, TOUCH_LATER);
	n->size.size = off + len;
	model_changed(m, &n->resized);
	rc = model_touch(m, &n->length, TOUCH_MUTATE);
	return rc;
}

int model_fallocate(struct model *m, const struct rec *r)
{
	struct descriptor *d;
	int rc = model_fd(m, r, A_FD, &d);

	if (rc || !d)
		return rc;
	rc = model_touch(m, &((struct node *)d->desc->node)->attr, TOUCH_SHARE); /* its flags: extents or not */
	if (rc)
		return rc;
	if (r->ret == -EINVAL) /* maybe because of where the end is */
		return model_touch(m, &((struct node *)d->desc->node)->length, TOUCH_SHARE);
	if (r->ret < 0)
		return 0;
	return model_allocate(m, d->desc->node, r->arg[1], r->arg[2], r->arg[3]);
}

int model_fdop(struct model *m, const struct rec *r)
{
	struct descriptor *d;
	int rc = model_fd(m, r, A_FD, &d);

	if (rc || !d)
		return rc;
	model_seen(r, d->desc->node);
	if (r->op == OP_fsync || r->op == OP_fdatasync || r->op == OP_sync_file_range)
		rc = model_touch(m, &((struct node *)d->desc->node)->dirty, TOUCH_LATER);
	return rc;
}

int model_sync(struct model *m, const struct rec *r)
{
	(void)m;
	(void)r;
	return 0;
}

#define SOME_ENTRY ((uint64_t)1 << 40) /* an offset in a directory, which only the kernel knows */

int model_getdents(struct model *m, const struct rec *r)
{
	struct descriptor *d;
	struct node *n;
	int rc = model_fd(m, r, A_FD, &d);

	if (rc || !d)
		return rc;
	n = d->desc->node;
	if ((n->mode & S_IFMT) == 0 && r->ret != -ENOTDIR)
		n->mode = S_IFDIR | 0755;
	if (r->ret == -ENOENT)
		rc = model_removed(m, n);
	if (!rc)
		rc = model_touch(m, d->desc->order, TOUCH_EXCLUSIVE);
	if (r->ret > 0)
		d->desc->offset = SOME_ENTRY;
	return rc ? rc : model_touch(m, &n->listing, TOUCH_SHARE);
}
