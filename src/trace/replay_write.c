/* SPDX-License-Identifier: Apache-2.0 */
#include "trace/replay.h"

#include "ops/flags.h"
#include "ops/xattr.h"
#include "trace/escape.h"
#include "trace/header.h"
#include "trace/values.h"

static inline char *put_field(char *p, uint64_t v, char end)
{
	p = str_put_short(p, v);
	*p = end;
	return p + 1;
}

static void print_vfd(struct buf *out, uint32_t vfd)
{
	if (vfd == VFD_CWD)
		buf_puts(out, "cwd");
	else if (vfd == VFD_NONE)
		buf_puts(out, "none");
	else
		buf_u64(out, vfd);
}

bool replay_path_fd(struct str path, uint32_t *vfd)
{
	struct str n = path;

	if (!str_starts(path, STR("%fd/")))
		return false;
	n.s += 4;
	n.len -= 4;
	if (n.len > 1 && n.s[0] == '0')
		return false;
	return value_u32(n, vfd) == 0 && *vfd < VFD_CWD;
}

/* '%' in front is for what is not a literal name. Texts of links and names of attributes are. */
static void print_path(struct buf *out, struct str path, bool literal)
{
	uint32_t vfd;

	if (!path.s) {
		buf_puts(out, "%null");
	} else if (path.len && path.s[0] == '%' && (literal || !replay_path_fd(path, &vfd))) {
		buf_puts(out, "\\x25");
		escape_add(out, (struct str){path.s + 1, path.len - 1});
	} else {
		escape_add(out, path);
	}
}

static void print_farg(struct buf *out, const struct rline *line)
{
	value_print_farg(out, &line->call, true);
	if (line->lock != VFD_NONE) {
		buf_puts(out, ",L");
		buf_u64(out, line->lock);
	}
}

static void print_inner_vfd(struct buf *out, uint64_t vfd)
{
	print_vfd(out, (uint32_t)vfd);
}

/* Is a field one number without a sign, as most are? */
static inline bool is_plain(enum arg_form form, uint64_t v)
{
	return form == FORM_FD ? v < VFD_CWD : form == FORM_DEC ? (int64_t)v >= 0 : form == FORM_UDEC;
}

static void print_arg(struct buf *out, const struct rline *line, const struct op_field *field)
{
	const struct rec *call = &line->call;
	enum arg_kind kind = (enum arg_kind)field->kind;
	enum arg_form form = (enum arg_form)field->form;
	int i = field->index;

	switch (form) {
	case FORM_NONE:
	case FORM_ADDR2:
	case FORM_PAGES:
		return;
	case FORM_DEC:
	case FORM_UDEC:
	case FORM_OCT:
	case FORM_HEX:
		value_print_number(out, form, call->arg[i]);
		break;
	case FORM_FLAGS:
		flags_print(out, kind, call->arg[i]);
		break;
	case FORM_FD:
		print_vfd(out, (uint32_t)call->arg[i]);
		break;
	case FORM_CTX:
		if ((uint32_t)call->arg[i] == CTX_NONE)
			buf_puts(out, "none");
		else
			buf_u64(out, (uint32_t)call->arg[i]);
		break;
	case FORM_PATH:
		print_path(out, call->path, false);
		break;
	case FORM_PATH2:
		print_path(out, call->path2, kind != A_PATH2);
		break;
	case FORM_IOV:
		value_print_iov(out, call->vec, call->nvec);
		break;
	case FORM_EXTENTS:
		if (call->vec)
			value_print_extents(out, call->vec, call->nvec);
		break;
	case FORM_ADDR:
	case FORM_TUPLES:
		value_print_tuples(out, &tuple_infos[kind], call->vec, call->nvec);
		break;
	case FORM_TIMES:
		value_print_times(out, call->ts);
		break;
	case FORM_OFFPTR:
		value_print_offptr(out, call->arg[i]);
		break;
	case FORM_SQE:
		value_print_sqe(out, &call->sqe, true);
		break;
	case FORM_FARG:
		print_farg(out, line);
		break;
	case FORM_BYTES:
		value_print_hex_bytes(out, call->path2);
		break;
	case FORM_IARG:
		value_print_iarg(out, call, print_inner_vfd);
		break;
	}
	buf_char(out, '|');
}

static void print_deps(struct buf *out, const struct rline *line)
{
	uint32_t i;

	for (i = 0; i < line->ndeps; i++) {
		buf_u64(out, line->deps[i]);
		buf_char(out, i + 1 < line->ndeps ? ',' : '|');
	}
}

static void print_list(struct buf *out, const struct rline *line)
{
	uint32_t i;

	if (line->nlist == 0)
		buf_char(out, '-');
	for (i = 0; i < line->nlist; i++) {
		const struct vlist_item *item = &line->list[i];

		if (i)
			buf_char(out, ',');
		if (item->kind == VITEM_LOCK || item->kind == VITEM_CTX || item->kind == VITEM_RING)
			buf_char(out, item->kind == VITEM_LOCK ? 'L' : item->kind == VITEM_CTX ? 'K' : 'R');
		if (item->kind == VITEM_MAP)
			buf_char(out, 'M');
		buf_u64(out, item->a);
		if (item->kind == VITEM_PAIR) {
			buf_char(out, ':');
			buf_u64(out, item->b);
		}
	}
	buf_char(out, '|');
}

/* What the operation makes and ends: descriptors, processes, threads. */
static void print_effects(struct buf *out, const struct rline *line)
{
	unsigned flags = ops[line->call.op].flags;

	if (flags & OPF_NEWFD) {
		buf_char(out, '>');
		if (line->newfd == VFD_NONE)
			buf_char(out, '-');
		else
			buf_u64(out, line->newfd);
		buf_char(out, '|');
	}
	if (flags & OPF_NEWMAP) {
		buf_puts(out, line->newmap == MAP_NONE ? ">-" : ">M");
		if (line->newmap != MAP_NONE)
			buf_u64(out, line->newmap);
		buf_char(out, '|');
	}
	if ((flags & OPF_FORK) && line->new_process == UINT32_MAX) {
		buf_puts(out, "-|");
	} else if (flags & OPF_FORK) {
		buf_u64(out, line->new_process);
		buf_char(out, ':');
		buf_u64(out, line->new_thread);
		buf_char(out, '|');
	}
	if (flags & OPF_LIST)
		print_list(out, line);
}

static void print_result(struct buf *out, const struct rec *call)
{
	const char *name = call->ret < 0 && call->ret > -4096 ? errno_name((int)-call->ret) : NULL;

	if (!call->has_ret) {
		buf_char(out, '-');
	} else if (name) {
		buf_char(out, '-');
		buf_puts(out, name);
	} else {
		buf_i64(out, call->ret);
	}
	buf_char(out, '|');
}

#define NAME_ROOM 32 /* of an operation, with the '@' behind it */

/* "NAME@", and what is behind it up to NAME_ROOM is 0: copied at one go. Filled before main(). */
static char names[OP_COUNT][NAME_ROOM];

__attribute__((constructor)) static void fill_names(void)
{
	int op;

	for (op = 0; op < OP_COUNT; op++) {
		memcpy(names[op], ops[op].name, ops[op].name_len);
		names[op][ops[op].name_len] = '@';
	}
}

/* Of all numbers that a line can have in a row, and its end. */
#define LINE_ROOM ((6 + OP_ARGS) * (BUF_DIGITS + 1) + NAME_ROOM + 4)

/* Where the next of it goes. NULL: no memory. */
static inline char *room(struct buf *out)
{
	return buf_reserve(out, LINE_ROOM) ? out->p + out->len : NULL;
}

static inline void end_at(struct buf *out, const char *p)
{
	out->len = (size_t)(p - out->p);
}

/* Who, when, and what it waits for. */
static inline char *put_front(char *p, struct buf *out, const struct rline *line)
{
	p = put_field(p, line->entry, '+');
	p = put_field(p, line->dur, '|');
	p = put_field(p, line->thread, '|');
	p = put_field(p, line->process, '|');
	if (!line->ndeps) {
		*p++ = '-';
		*p++ = '|';
		return p;
	}
	end_at(out, p);
	print_deps(out, line);
	return room(out);
}

static inline char *put_args(char *p, struct buf *out, const struct rline *line)
{
	const struct op_fields *fields = &op_fields[line->call.op];
	const struct op_field *field = fields->field, *end = field + fields->n;

	for (; field < end && p; field++) {
		uint64_t v = line->call.arg[field->index];

		if (is_plain((enum arg_form)field->form, v)) {
			p = put_field(p, v, '|');
			continue;
		}
		end_at(out, p);
		print_arg(out, line, field);
		p = room(out);
	}
	return p;
}

static inline char *put_end(char *p, struct buf *out, const struct rline *line)
{
	enum op_id op = line->call.op;

	if (line->call.has_ret && line->call.ret >= 0) {
		p = put_field(p, (uint64_t)line->call.ret, '|');
	} else {
		end_at(out, p);
		print_result(out, &line->call);
		p = room(out);
	}
	if (!p)
		return NULL;
	memcpy(p, names[op], NAME_ROOM);
	p = put_field(p + ops[op].name_len + 1, line->call.line, '|');
	*p++ = '\n';
	return p;
}

void replay_print(struct buf *out, const struct rline *line)
{
	char *p = room(out);

	if (p)
		p = put_front(p, out, line);
	if (p)
		p = put_args(p, out, line);
	if (p && ops[line->call.op].flags) {
		end_at(out, p);
		print_effects(out, line);
		p = room(out);
	}
	if (p)
		p = put_end(p, out, line);
	if (p)
		end_at(out, p);
}

/* ---- INIT ---- */

static const char *const init_names[] = {
	[INIT_DIR] = "dir",
	[INIT_FILE] = "file",
	[INIT_SYMLINK] = "link",
	[INIT_HARDLINK] = "hardlink",
	[INIT_FIFO] = "fifo",
	[INIT_SOCKET] = "socket",
	[INIT_XATTR] = "xattr",
	[INIT_XATTRS] = "xattrs",
};

static void print_attribute(struct buf *out, const struct init_line *line)
{
	escape_add(out, line->path);
	buf_char(out, '|');
	if (line->kind == INIT_XATTR) {
		escape_add(out, line->target);
		buf_char(out, '|');
	}
	buf_u64(out, line->size);
	if (line->kind == INIT_XATTR && str_eqs(line->target, XATTR_ACL_DEFAULT))
		buf_addf(out, "|0%o", line->mode);
	buf_puts(out, "|\n");
}

void replay_print_init(struct buf *out, const struct init_line *line)
{
	buf_puts(out, init_names[line->kind]);
	buf_char(out, '|');
	if (line->kind == INIT_XATTR || line->kind == INIT_XATTRS) {
		print_attribute(out, line);
		return;
	}
	if (line->kind != INIT_SYMLINK && line->kind != INIT_HARDLINK)
		buf_addf(out, "0%o|", line->mode);
	if (line->kind != INIT_HARDLINK)
		buf_addf(out, "%u|%u|", line->uid, line->gid);
	if (line->kind == INIT_FILE) {
		buf_u64(out, line->size);
		buf_char(out, '|');
		value_print_extents(out, line->data, line->ndata);
		buf_char(out, '|');
	}
	escape_add(out, line->path);
	buf_char(out, '|');
	if (line->kind == INIT_SYMLINK || line->kind == INIT_HARDLINK) {
		escape_add(out, line->target);
		buf_char(out, '|');
	}
	buf_char(out, '\n');
}

void replay_print_header(struct buf *out, const struct capture_pair *pairs, size_t n)
{
	header_print(out, "replay_version", REPLAY_VERSION, pairs, n);
}
