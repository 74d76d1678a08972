/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/ioctl.h"
#include "trace/values.h"

/* ioctl(2)'s argument by its command: numbers with "," between, and "FD:OFFSET:BYTES:STATUS". */

/* The values in arg[2..5]: f descriptor, u unsigned, s signed. */
static const char *const forms[IOCTL_SHAPES] = {
	[IOCTL_NONE] = "",
	[IOCTL_FD] = "f",
	[IOCTL_INT] = "s",
	[IOCTL_CLONE] = "fuuu",	  /* source, its offset, length, offset of the destination */
	[IOCTL_DEDUPE] = "uu",	  /* offset, length */
	[IOCTL_FIEMAP] = "uuuu",  /* start, length, flags, room for extents */
	[IOCTL_FSXATTR] = "uuuu", /* flags, extent size, project, copy-on-write extent size */
	[IOCTL_SPACE] = "sss",	  /* whence, start, length */
	[IOCTL_MOVE] = "fuuu",	  /* donor, start, start in the donor, length: of blocks */
};

const char *rec_ioctl_form(uint64_t cmd)
{
	int shape = cmd > UINT32_MAX ? -1 : ioctl_shape((unsigned)cmd);

	return shape < 0 ? NULL : forms[shape];
}

bool rec_ioctl_has_dests(uint64_t cmd)
{
	return cmd == (unsigned)IOCTL_NR_FIDEDUPERANGE;
}

static int one_value(char form, struct str s, uint64_t *out, value_fd_read *fd)
{
	if (form == 'f')
		return fd(s, out);
	return value_number(form == 'u' ? FORM_UDEC : FORM_DEC, s, out);
}

static int one_dest(u64_vec *vec, struct str s, value_fd_read *fd)
{
	static const char form[] = "fuus";
	struct str part;
	uint64_t *slot;
	int i;

	if (vec->n >= IOCTL_DEDUPE_MAX * REC_DEST)
		return -EINVAL;
	for (i = 0; i < REC_DEST; i++) {
		slot = vec_push(vec);
		if (!slot)
			return -ENOMEM;
		if (!str_take_char(&s, ':', &part) || one_value(form[i], part, slot, fd))
			return -EINVAL;
	}
	return s.s ? -EINVAL : 0;
}

int value_iarg(struct rec *rec, u64_vec *vec, struct str s, value_fd_read *fd)
{
	const char *form = rec_ioctl_form(rec->arg[1]);
	struct str part;
	int i, rc = 0;

	vec->n = 0;
	if (!form || !*form) /* a command that is not known: generate leaves it out */
		return str_eq(s, STR("-")) ? 0 : -EINVAL;
	for (i = 0; form[i]; i++)
		if (!str_take_char(&s, ',', &part) || one_value(form[i], part, &rec->arg[2 + i], fd))
			return -EINVAL;
	if (!rec_ioctl_has_dests(rec->arg[1]))
		return s.s ? -EINVAL : 0;
	while (!rc && str_take_char(&s, ',', &part))
		rc = one_dest(vec, part, fd);
	rec->vec = vec->v;
	rec->nvec = (uint32_t)vec->n;
	return rc;
}

static void print_dests(struct buf *out, const struct rec *rec, value_fd_print *fd)
{
	uint32_t i;

	for (i = 0; i + REC_DEST <= rec->nvec; i += REC_DEST) {
		buf_char(out, ',');
		fd(out, rec->vec[i]);
		buf_char(out, ':');
		buf_u64(out, rec->vec[i + 1]);
		buf_char(out, ':');
		buf_u64(out, rec->vec[i + 2]);
		buf_char(out, ':');
		buf_i64(out, (int64_t)rec->vec[i + 3]);
	}
}

void value_print_iarg(struct buf *out, const struct rec *rec, value_fd_print *fd)
{
	const char *form = rec_ioctl_form(rec->arg[1]);
	int i;

	if (!form || !*form) {
		buf_char(out, '-');
		return;
	}
	for (i = 0; form[i]; i++) {
		if (i)
			buf_char(out, ',');
		if (form[i] == 'f')
			fd(out, rec->arg[2 + i]);
		else
			value_print_number(out, form[i] == 'u' ? FORM_UDEC : FORM_DEC,
				rec->arg[2 + i]);
	}
	if (rec_ioctl_has_dests(rec->arg[1]))
		print_dests(out, rec, fd);
}
