/* SPDX-License-Identifier: Apache-2.0 */
#include "trace/capture.h"

#include <fcntl.h>

#include "trace/escape.h"
#include "trace/header.h"
#include "trace/values.h"


/* Descriptors are ints to the kernel, whatever the upper half of the register holds. */
static void print_fd(struct buf *out, enum arg_kind kind, uint64_t arg)
{
	int32_t fd = (int32_t)arg;

	if (fd == AT_FDCWD && kind != A_FD && kind != A_FD2)
		buf_puts(out, "AT_FDCWD");
	else
		buf_i64(out, fd);
}

static void print_inner_fd(struct buf *out, uint64_t fd)
{
	buf_i64(out, (int32_t)fd);
}

static void print_value(struct buf *out, const struct rec *rec, int i)
{
	enum arg_kind kind = ops[rec->op].arg[i];
	enum arg_form form = arg_infos[kind].form;

	switch (form) {
	case FORM_NONE:
		break;
	case FORM_DEC:
	case FORM_UDEC:
	case FORM_OCT:
	case FORM_HEX:
	case FORM_FLAGS:
	case FORM_CTX:
		value_print_number(out, form, rec->arg[i]);
		break;
	case FORM_FD:
		print_fd(out, kind, rec->arg[i]);
		break;
	case FORM_PATH:
		escape_add(out, rec->path);
		break;
	case FORM_PATH2:
		escape_add(out, rec->path2);
		break;
	case FORM_IOV:
		value_print_iov(out, rec->vec, rec->nvec);
		break;
	case FORM_ADDR:
	case FORM_ADDR2:
		value_print_number(out, FORM_HEX, rec->arg[i]);
		break;
	case FORM_EXTENTS:
	case FORM_PAGES:
		value_print_extents(out, rec->vec, rec->nvec);
		break;
	case FORM_TUPLES:
		value_print_tuples(out, &tuple_infos[kind], rec->vec, rec->nvec);
		break;
	case FORM_TIMES:
		value_print_times(out, rec->ts);
		break;
	case FORM_OFFPTR:
		value_print_offptr(out, rec->arg[i]);
		break;
	case FORM_SQE:
		value_print_sqe(out, &rec->sqe, false);
		break;
	case FORM_FARG:
		value_print_farg(out, rec, false);
		if (rec->nvec) {
			buf_char(out, ',');
			buf_u64(out, rec->vec[0]);
		}
		break;
	case FORM_BYTES:
		value_print_hex_bytes(out, rec->path2);
		break;
	case FORM_IARG:
		value_print_iarg(out, rec, print_inner_fd);
		break;
	}
}

/* Is there something to write for the argument of that form? */
static bool is_there(const struct rec *rec, enum arg_form form)
{
	if (form == FORM_PATH)
		return rec->path.s != NULL;
	if (form == FORM_PATH2)
		return rec->path2.s != NULL;
	if (form == FORM_EXTENTS)
		return rec->vec != NULL;
	return form != FORM_NONE;
}

static void print_args(struct buf *out, const struct rec *rec)
{
	int i;

	for (i = 0; i < OP_ARGS; i++) {
		const struct arg_info *info = &arg_infos[ops[rec->op].arg[i]];

		if (!info->key || !is_there(rec, info->form))
			continue;
		buf_char(out, info->key);
		buf_char(out, '=');
		print_value(out, rec, i);
		buf_puts(out, ";:,");
	}
}

#define FACT_MODE 3

static void print_facts(struct buf *out, const struct facts *f)
{
	const uint64_t v[] = {f->dev_major, f->dev_minor, f->ino, f->mode, f->nlink, f->uid,
		f->gid, f->size, f->blocks};
	size_t i;

	buf_puts(out, "x=");
	if (f->absent)
		buf_char(out, '-');
	else if (f->list)
		value_print_number(out, FORM_OCT, f->mode);
	for (i = 0; f->known && i < sizeof(v) / sizeof(*v); i++) {
		if (i)
			buf_char(out, ':');
		value_print_number(out, i == FACT_MODE ? FORM_OCT : FORM_UDEC, v[i]);
	}
	buf_puts(out, ";:,");
}

void capture_print(struct buf *out, const struct rec *rec)
{
	buf_puts(out, "t=");
	buf_u64(out, rec->t);
	buf_puts(out, ";:,D=");
	buf_u64(out, rec->dur);
	buf_puts(out, ";:,i=");
	buf_u64(out, rec->pid);
	buf_char(out, ':');
	buf_u64(out, rec->tid);
	buf_puts(out, ";:,o=");
	buf_puts(out, ops[rec->op].name);
	buf_puts(out, ";:,");
	print_args(out, rec);
	if (rec->has_ret) {
		buf_puts(out, "s=");
		buf_i64(out, rec->ret);
		buf_puts(out, ";:,");
	}
	if (rec->facts.known || rec->facts.absent || rec->facts.list)
		print_facts(out, &rec->facts);
	buf_char(out, '\n');
}

void capture_print_header(struct buf *out, const struct capture_pair *pairs, size_t n)
{
	header_print(out, "capture_version", CAPTURE_VERSION, pairs, n);
}
