/* SPDX-License-Identifier: Apache-2.0 */
#include "trace/capture.h"

#include <fcntl.h>

#include "trace/escape.h"
#include "trace/header.h"
#include "trace/values.h"

/* Behind P, where all of it has room; each returns its end. */
static inline char *put_text(char *p, const char *text, size_t len)
{
	memcpy(p, text, len);
	return p + len;
}

#define PUT(p, text) put_text(p, text, sizeof(text) - 1)

static inline char *put_i64(char *p, int64_t v)
{
	return v < 0 ? str_put_i64(p, v) : str_put_short(p, (uint64_t)v);
}

static void print_inner_fd(struct buf *out, uint64_t fd)
{
	buf_i64(out, (int32_t)fd);
}

/* "k=", a number of any form that is one, and the separator: one look at the room for it all. */
#define NUMBER_FIELD_MOST (VALUE_NUMBER_MOST + 8)

static inline bool is_number(enum arg_form form)
{
	switch (form) {
	case FORM_DEC:
	case FORM_UDEC:
	case FORM_OCT:
	case FORM_HEX:
	case FORM_FLAGS:
	case FORM_CTX:
	case FORM_FD:
	case FORM_ADDR:
	case FORM_ADDR2:
		return true;
	default:
		return false;
	}
}

/* Descriptors are ints to the kernel, whatever the upper half of the register holds. */
static char *put_fd(char *p, enum arg_kind kind, uint64_t arg)
{
	int32_t fd = (int32_t)arg;

	if (fd == AT_FDCWD && kind != A_FD && kind != A_FD2)
		return PUT(p, "AT_FDCWD");
	return put_i64(p, fd);
}

static char *put_number(char *p, enum arg_kind kind, enum arg_form form, uint64_t v)
{
	switch (form) {
	case FORM_FD:
		return put_fd(p, kind, v);
	case FORM_DEC:
		return put_i64(p, (int64_t)v);
	case FORM_UDEC:
	case FORM_FLAGS:
		return str_put_short(p, v);
	case FORM_ADDR:
	case FORM_ADDR2:
		return value_put_number(p, FORM_HEX, v);
	default:
		return value_put_number(p, form, v);
	}
}

static void print_number(struct buf *out, const struct op_field *field, uint64_t v)
{
	char *p;

	if (!buf_reserve(out, NUMBER_FIELD_MOST))
		return;
	p = out->p + out->len;
	*p++ = arg_infos[field->kind].key;
	*p++ = '=';
	p = put_number(p, (enum arg_kind)field->kind, (enum arg_form)field->form, v);
	out->len = (size_t)(PUT(p, ";:,") - out->p);
}

/* What is no number. */
static void print_value(struct buf *out, const struct rec *rec, int i)
{
	enum arg_kind kind = ops[rec->op].arg[i];

	switch (arg_infos[kind].form) {
	default:
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
	return true;
}

static void print_args(struct buf *out, const struct rec *rec)
{
	const struct op_fields *fields = &op_recorded[rec->op];
	int i;

	for (i = 0; i < fields->n; i++) {
		const struct op_field *field = &fields->field[i];
		enum arg_form form = (enum arg_form)field->form;

		if (is_number(form)) {
			print_number(out, field, rec->arg[field->index]);
		} else if (is_there(rec, form)) {
			buf_char(out, arg_infos[field->kind].key);
			buf_char(out, '=');
			print_value(out, rec, field->index);
			buf_puts(out, ";:,");
		}
	}
}

#define FACTS_MOST (9 * (VALUE_NUMBER_MOST + 1) + 8)

static char *put_facts(char *p, const struct facts *f)
{
	p = str_put_short(p, f->dev_major);
	*p++ = ':';
	p = str_put_short(p, f->dev_minor);
	*p++ = ':';
	p = str_put_short(p, f->ino);
	*p++ = ':';
	p = value_put_number(p, FORM_OCT, f->mode);
	*p++ = ':';
	p = str_put_short(p, f->nlink);
	*p++ = ':';
	p = str_put_short(p, f->uid);
	*p++ = ':';
	p = str_put_short(p, f->gid);
	*p++ = ':';
	p = str_put_short(p, f->size);
	*p++ = ':';
	return str_put_short(p, f->blocks);
}

static void print_facts(struct buf *out, const struct facts *f)
{
	char *p;

	if (!buf_reserve(out, FACTS_MOST))
		return;
	p = PUT(out->p + out->len, "x=");
	if (f->absent)
		*p++ = '-';
	else if (f->list)
		p = value_put_number(p, FORM_OCT, f->mode);
	if (f->known)
		p = put_facts(p, f);
	out->len = (size_t)(PUT(p, ";:,") - out->p);
}

/* Up to the arguments; names of operations have at most 255 bytes. */
#define HEAD_MOST (4 * VALUE_NUMBER_MOST + 255 + 32)

static void print_head(struct buf *out, const struct rec *rec)
{
	char *p;

	if (!buf_reserve(out, HEAD_MOST))
		return;
	p = PUT(out->p + out->len, "t=");
	p = str_put_short(p, rec->t);
	p = PUT(p, ";:,D=");
	p = str_put_short(p, rec->dur);
	p = PUT(p, ";:,i=");
	p = str_put_short(p, rec->pid);
	*p++ = ':';
	p = str_put_short(p, rec->tid);
	p = PUT(p, ";:,o=");
	p = put_text(p, ops[rec->op].name, ops[rec->op].name_len);
	out->len = (size_t)(PUT(p, ";:,") - out->p);
}

/* The result and the end of the line. */
static void print_tail(struct buf *out, const struct rec *rec)
{
	char *p;

	if (rec->has_ret && buf_reserve(out, NUMBER_FIELD_MOST)) {
		p = PUT(out->p + out->len, "s=");
		p = put_i64(p, rec->ret);
		out->len = (size_t)(PUT(p, ";:,") - out->p);
	}
	if (rec->facts.known || rec->facts.absent || rec->facts.list)
		print_facts(out, &rec->facts);
	buf_char(out, '\n');
}

void capture_print(struct buf *out, const struct rec *rec)
{
	print_head(out, rec);
	print_args(out, rec);
	print_tail(out, rec);
}

void capture_print_header(struct buf *out, const struct capture_pair *pairs, size_t n)
{
	header_print(out, "capture_version", CAPTURE_VERSION, pairs, n);
}
