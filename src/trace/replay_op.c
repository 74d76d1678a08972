/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "ops/flags.h"
#include "trace/replay_lines.h"

int replay_field(struct str *rest, struct str *field, struct flaw *flaw)
{
	const char *bar = rest->len ? memchr(rest->s, '|', rest->len) : NULL;

	if (!bar)
		return flaw_at(flaw, "a field is missing", STR_NONE);
	*field = (struct str){rest->s, (size_t)(bar - rest->s)};
	rest->s = bar + 1;
	rest->len -= field->len + 1;
	return 0;
}

/* Ids below the two special descriptors. */
static int take_id(struct str s, uint32_t *out)
{
	return value_u32(s, out) || *out >= VFD_CWD ? -EINVAL : 0;
}

/* ---- what stands in front: TIME|THREAD|PROCESS|DEPS| ---- */

static int take_time(struct str s, struct rline *line)
{
	struct str entry;

	str_take_char(&s, '+', &entry);
	if (!s.s || value_u64(entry, &line->entry) || value_u64(s, &line->dur) ||
		line->dur > UINT64_MAX - line->entry)
		return -EINVAL;
	return 0;
}

static int take_deps(struct replay_scratch *scratch, struct str s, struct rline *line)
{
	struct str word;
	uint64_t *slot;

	scratch->deps.n = 0;
	if (str_eq(s, STR("-")))
		s = STR_NONE;
	while (str_take_char(&s, ',', &word)) {
		slot = vec_push(&scratch->deps);
		if (!slot)
			return -ENOMEM;
		if (value_u64(word, slot) || *slot == 0)
			return -EINVAL;
	}
	line->deps = scratch->deps.v;
	line->ndeps = (uint32_t)scratch->deps.n;
	return 0;
}

/*
 * A number at P and what ends it; NULL when it is not as most are. Text is in a line (LINES_SLACK) and
 * a letter is behind it, so that its end need not be looked for.
 */
static inline __attribute__((always_inline)) const char *take_plain(const char *p, uint64_t max, char end, uint64_t *v)
{
	return value_run(&p, v) - 1 < VALUE_DIGITS && *v <= max && *p == end ? p + 1 : NULL;
}

static inline void move_to(struct str *rest, const char *p)
{
	rest->len -= (size_t)(p - rest->s);
	rest->s = p;
}

/* "THREAD|PROCESS|-|": who, and that it waits for nobody. NULL where it is not so. */
static const char *take_task(struct replay_before *before, const char *from, struct rline *line)
{
	uint64_t text, thread, process;
	const char *p;

	memcpy(&text, from, sizeof(text));
	if (before->task_len && (text & before->task_mask) == before->task) {
		line->thread = before->thread;
		line->process = before->process;
		return from + before->task_len;
	}
	if (!(p = take_plain(from, VFD_CWD - 1, '|', &thread)) ||
		!(p = take_plain(p, VFD_CWD - 1, '|', &process)) || p[0] != '-' || p[1] != '|')
		return NULL;
	p += 2;
	line->thread = before->thread = (uint32_t)thread;
	line->process = before->process = (uint32_t)process;
	before->task_len = p - from <= 8 ? (unsigned)(p - from) : 0;
	before->task_mask = UINT64_MAX >> (64 - 8 * before->task_len) % 64;
	before->task = text & before->task_mask;
	return p;
}

/* The front of most lines at one go. False for another one, of which nothing is taken. */
static bool take_plain_front(struct replay_before *before, struct str *rest, struct rline *line)
{
	const char *p = take_plain(rest->s, UINT64_MAX, '+', &line->entry);

	if (!p || !(p = take_plain(p, UINT64_MAX - line->entry, '|', &line->dur)) ||
		!(p = take_task(before, p, line)))
		return false;
	move_to(rest, p);
	return true;
}

static int take_front(struct replay_scratch *scratch, struct str *rest, struct rline *line,
	struct flaw *flaw)
{
	struct str field;
	int rc;

	if (take_plain_front(&scratch->before, rest, line))
		return 0;
	if (replay_field(rest, &field, flaw))
		return -EINVAL;
	if (take_time(field, line))
		return flaw_at(flaw, "not of the form ENTRY+DURATION", field);
	if (replay_field(rest, &field, flaw))
		return -EINVAL;
	if (take_id(field, &line->thread))
		return flaw_at(flaw, "not the number of a thread", field);
	if (replay_field(rest, &field, flaw))
		return -EINVAL;
	if (take_id(field, &line->process))
		return flaw_at(flaw, "not the number of a process", field);
	if (replay_field(rest, &field, flaw))
		return -EINVAL;
	rc = take_deps(scratch, field, line);
	return rc == -EINVAL ? flaw_at(flaw, "not a list of earlier operations", field) : rc;
}

/* ---- arguments ---- */

static int take_vfd(struct str s, uint64_t *arg)
{
	uint32_t vfd;

	if (str_eq(s, STR("cwd")))
		vfd = VFD_CWD;
	else if (str_eq(s, STR("none")))
		vfd = VFD_NONE;
	else if (take_id(s, &vfd))
		return -EINVAL;
	*arg = vfd;
	return 0;
}

static int take_ctx(struct str s, uint64_t *arg)
{
	uint32_t ctx = CTX_NONE;

	if (!str_eq(s, STR("none")) && take_id(s, &ctx))
		return -EINVAL;
	*arg = ctx;
	return 0;
}

/*
 * A decoded name that reads as the special form was meant as a name: "./" in front says the same
 * of it to the kernel and nothing else to the callers.
 */
static int undo_pun(struct buf *text, struct str *path)
{
	uint32_t vfd;
	struct buf copy = BUF_INIT;

	if (!replay_path_fd(*path, &vfd))
		return 0;
	buf_add(&copy, "./", 2);
	buf_str(&copy, *path);
	buf_free(text);
	*text = copy;
	*path = buf_as_str(text);
	return buf_ok(text) ? 0 : -ENOMEM;
}

static int take_path(struct buf *text, struct str s, bool literal, struct str *path)
{
	uint32_t vfd;
	int rc;

	if (str_eq(s, STR("%null"))) {
		*path = STR_NONE;
		return 0;
	}
	if (s.len && s.s[0] == '%') {
		*path = s;
		return !literal && replay_path_fd(s, &vfd) ? 0 : -EINVAL;
	}
	rc = value_bytes(text, s, path);
	return rc || literal || !path->len || path->s[0] != '%' ? rc : undo_pun(text, path);
}

/* Parts of maps: numbers of maps, and ranges that end. */
static int check_parts(const struct rec *call)
{
	uint32_t i;

	for (i = 0; i + 2 < call->nvec; i += 3)
		if (call->vec[i] >= REC_MAP_MAX || call->vec[i + 1] > INT64_MAX ||
			call->vec[i + 2] > INT64_MAX - call->vec[i + 1])
			return -EINVAL;
	return 0;
}

static int take_vec(struct replay_scratch *scratch, struct rec *call, enum arg_kind kind,
	struct str s)
{
	enum arg_form form = arg_infos[kind].form;
	int rc;

	if (form == FORM_EXTENTS && s.len == 0)
		return 0;
	scratch->vec.n = 0;
	rc = form == FORM_IOV	    ? value_iov(&scratch->vec, s)
	     : form == FORM_EXTENTS ? value_extents(&scratch->vec, s)
				    : value_tuples(&scratch->vec, s, &tuple_infos[kind]);
	call->vec = scratch->vec.v;
	call->nvec = (uint32_t)scratch->vec.n;
	return rc == 0 && form == FORM_ADDR ? check_parts(call) : rc;
}

/* The lock owner's handle stands behind the lock: "...,L3". */
static int take_farg(struct str s, struct rline *line)
{
	const char *comma = memrchr(s.s, ',', s.len);
	bool is_lock;

	if (comma && comma + 1 < s.s + s.len && comma[1] == 'L') {
		struct str id = {comma + 2, s.len - (size_t)(comma + 2 - s.s)};

		if (take_id(id, &line->lock))
			return -EINVAL;
		s.len = (size_t)(comma - s.s);
	}
	if (value_farg(line->call.arg, s, &is_lock))
		return -EINVAL;
	return is_lock == rec_fcntl_is_lock(line->call.arg[1]) ? 0 : -EINVAL;
}

static int take_arg(struct replay_scratch *scratch, struct rline *line, const struct op_field *field,
	struct str s)
{
	struct rec *call = &line->call;
	enum arg_kind kind = (enum arg_kind)field->kind;
	enum arg_form form = (enum arg_form)field->form;
	int i = field->index;

	switch (form) {
	case FORM_NONE:
	case FORM_ADDR2:
	case FORM_PAGES:
		return 0;
	case FORM_DEC:
	case FORM_UDEC:
	case FORM_OCT:
	case FORM_HEX:
		return value_number(form, s, &call->arg[i]);
	case FORM_FLAGS:
		return flags_parse(kind, s, &call->arg[i]);
	case FORM_FD:
		return take_vfd(s, &call->arg[i]);
	case FORM_CTX:
		return take_ctx(s, &call->arg[i]);
	case FORM_PATH:
		return take_path(&scratch->path, s, false, &call->path);
	case FORM_PATH2:
		return take_path(&scratch->path2, s, kind != A_PATH2, &call->path2);
	case FORM_IOV:
	case FORM_ADDR:
	case FORM_EXTENTS:
	case FORM_TUPLES:
		return take_vec(scratch, call, kind, s);
	case FORM_TIMES:
		return value_times(call->ts, s);
	case FORM_OFFPTR:
		return value_offptr(s, &call->arg[i]);
	case FORM_SQE:
		return value_sqe(&call->sqe, s, true);
	case FORM_FARG:
		return take_farg(s, line);
	case FORM_BYTES:
		return value_hex_bytes(&scratch->path2, s, &call->path2);
	case FORM_IARG:
		return rec_ioctl_form(call->arg[1]) ? value_iarg(call, &scratch->vec, s, take_vfd) : -EINVAL;
	}
	return -EINVAL;
}

/* What a plain number of that form is at most; 0: there is none. */
static const uint64_t plain_most[] = {
	[FORM_UDEC] = UINT64_MAX, [FORM_DEC] = INT64_MAX, [FORM_FD] = VFD_CWD - 1, [FORM_BYTES] = 0};

/* A mode and the '|' behind it, or NULL. */
static const char *take_mode(const char *p, uint64_t *arg)
{
	const char *from = p;
	uint64_t v = 0;

	for (; *p >= '0' && *p <= '7'; p++)
		v = v * 8 + (uint64_t)(*p - '0');
	if (p == from || p - from > 8 || *p != '|')
		return NULL;
	*arg = v;
	return p + 1;
}

/* Flags as the line before had them that had any, and the '|' behind them; or NULL. */
static const char *take_flags(const struct replay_before *before, enum arg_kind kind, const char *p,
	uint64_t *arg)
{
	unsigned len = before->flags[kind].len;

	if (p[0] == '0' && p[1] == '|') { /* none of them */
		*arg = 0;
		return p + 2;
	}
	if (!len || memcmp(p, before->flags[kind].text, len) != 0)
		return NULL;
	*arg = before->flags[kind].value;
	return p + len;
}

/* FIELD with the '|' behind it says VALUE. */
static void keep_flags(struct replay_before *before, enum arg_kind kind, struct str field, uint64_t value)
{
	if (field.len >= LINES_SLACK)
		return;
	before->flags[kind].value = value;
	before->flags[kind].len = (uint8_t)(field.len + 1);
	memcpy(before->flags[kind].text, field.s, field.len + 1);
}

/* An argument as most are, and the '|' behind it; or NULL. */
static inline const char *take_plain_arg(const struct replay_before *before, const char *p,
	const struct op_field *f, uint64_t *arg)
{
	enum arg_form form = (enum arg_form)f->form;

	if (plain_most[form])
		return take_plain(p, plain_most[form], '|', arg);
	if (form == FORM_FLAGS)
		return take_flags(before, (enum arg_kind)f->kind, p, arg);
	return form == FORM_OCT ? take_mode(p, arg) : NULL;
}

static int take_any_arg(struct replay_scratch *scratch, struct str *rest, struct rline *line,
	const struct op_field *f, struct flaw *flaw)
{
	struct str field;
	int rc;

	if (replay_field(rest, &field, flaw))
		return -EINVAL;
	rc = take_arg(scratch, line, f, field);
	if (rc == 0 && f->form == FORM_FLAGS)
		keep_flags(&scratch->before, (enum arg_kind)f->kind, field, line->call.arg[f->index]);
	return rc && rc != -ENOMEM ? flaw_at(flaw, "not a value for this argument", field) : rc;
}

static int take_args(struct replay_scratch *scratch, struct str *rest, struct rline *line,
	struct flaw *flaw)
{
	const struct op_fields *fields = &op_fields[line->call.op];
	const struct op_field *f = fields->field, *end = f + fields->n;
	const char *p;
	int rc;

	for (; f < end; f++) {
		p = take_plain_arg(&scratch->before, rest->s, f, &line->call.arg[f->index]);
		if (p) {
			move_to(rest, p);
			continue;
		}
		rc = take_any_arg(scratch, rest, line, f, flaw);
		if (rc)
			return rc;
	}
	return 0;
}

/* ---- effects and result ---- */

static int take_newfd(struct str s, struct rline *line)
{
	if (str_eq(s, STR(">-")))
		return 0;
	if (s.len < 2 || s.s[0] != '>')
		return -EINVAL;
	return take_id((struct str){s.s + 1, s.len - 1}, &line->newfd);
}

static int take_newmap(struct str s, struct rline *line)
{
	if (str_eq(s, STR(">-")))
		return 0;
	if (s.len < 3 || s.s[0] != '>' || s.s[1] != 'M')
		return -EINVAL;
	return take_id((struct str){s.s + 2, s.len - 2}, &line->newmap);
}

static int take_fork(struct str s, struct rline *line)
{
	struct str process;

	if (str_eq(s, STR("-")))
		return 0;
	str_take_char(&s, ':', &process);
	if (!s.s || take_id(process, &line->new_process) || take_id(s, &line->new_thread))
		return -EINVAL;
	return 0;
}

static int take_item(struct str s, struct vlist_item *item)
{
	struct str first;

	if (s.len && (s.s[0] == 'L' || s.s[0] == 'K' || s.s[0] == 'R' || s.s[0] == 'M')) {
		item->kind = s.s[0] == 'L'   ? VITEM_LOCK
			     : s.s[0] == 'K' ? VITEM_CTX
			     : s.s[0] == 'R' ? VITEM_RING
					     : VITEM_MAP;
		return take_id((struct str){s.s + 1, s.len - 1}, &item->a);
	}
	str_take_char(&s, ':', &first);
	item->kind = s.s ? VITEM_PAIR : VITEM_FD;
	if (take_id(first, &item->a))
		return -EINVAL;
	return s.s ? take_id(s, &item->b) : 0;
}

static int take_list(struct replay_scratch *scratch, struct str s, struct rline *line)
{
	struct str word;

	scratch->list.n = 0;
	if (str_eq(s, STR("-")))
		s = STR_NONE;
	while (str_take_char(&s, ',', &word)) {
		struct vlist_item *item = vec_push(&scratch->list);

		if (!item)
			return -ENOMEM;
		if (take_item(word, item))
			return -EINVAL;
	}
	line->list = scratch->list.v;
	line->nlist = (uint32_t)scratch->list.n;
	return 0;
}

static int take_result(struct str s, struct rec *call)
{
	if (str_eq(s, STR("-")))
		return 0;
	call->has_ret = true;
	if (s.len > 1 && s.s[0] == '-' && s.s[1] == 'E') {
		call->ret = -errno_by_name((struct str){s.s + 1, s.len - 1});
		return call->ret ? 0 : -EINVAL;
	}
	return value_i64(s, &call->ret);
}

static int take_effects(struct replay_scratch *scratch, struct str *rest, struct rline *line,
	struct flaw *flaw)
{
	unsigned flags = ops[line->call.op].flags;
	struct str field;
	int rc;

	if (flags & OPF_NEWFD) {
		if (replay_field(rest, &field, flaw))
			return -EINVAL;
		if (take_newfd(field, line))
			return flaw_at(flaw, "not a new descriptor", field);
	}
	if (flags & OPF_NEWMAP) {
		if (replay_field(rest, &field, flaw))
			return -EINVAL;
		if (take_newmap(field, line))
			return flaw_at(flaw, "not a new map", field);
	}
	if (flags & OPF_FORK) {
		if (replay_field(rest, &field, flaw))
			return -EINVAL;
		if (take_fork(field, line))
			return flaw_at(flaw, "not of the form PROCESS:THREAD", field);
	}
	if (flags & OPF_LIST) {
		if (replay_field(rest, &field, flaw))
			return -EINVAL;
		rc = take_list(scratch, field, line);
		if (rc)
			return rc == -EINVAL ? flaw_at(flaw, "not a list of descriptors", field) : rc;
	}
	return 0;
}

static int take_ret(struct str *rest, struct rline *line, struct flaw *flaw)
{
	struct str field;
	uint64_t ret;
	const char *p = take_plain(rest->s, INT64_MAX, '|', &ret);

	if (p) {
		move_to(rest, p);
		line->call.has_ret = true;
		line->call.ret = (int64_t)ret;
		return 0;
	}
	if (replay_field(rest, &field, flaw))
		return -EINVAL;
	return take_result(field, &line->call) ? flaw_at(flaw, "not a result", field) : 0;
}

/* ---- the line ---- */

/* The end of most lines. False for another one, of which nothing is taken. */
static bool take_plain_end(struct str *text, struct rline *line)
{
	const char *end, *bar, *name, *p;
	int op;

	if (text->len < 4)
		return false;
	end = text->s + text->len - 1;
	if (*end != '|')
		return false;
	bar = memrchr(text->s, '|', text->len - 1);
	if (!bar)
		return false;
	name = bar + 1;
	p = value_find(name, end, '@');
	op = op_find_at(name, (size_t)(p - name));
	if (op < 0 || p++ == end || value_run(&p, &line->call.line) - 1 >= VALUE_DIGITS || p != end ||
		line->call.line == 0)
		return false;
	line->call.op = (enum op_id)op;
	text->len = (size_t)(name - text->s);
	return true;
}

/* "op@LINE|" ends the line and says how to read the rest: taken off first. */
static int take_end(struct str *text, struct rline *line, struct flaw *flaw)
{
	struct str end = *text, name;
	const char *bar;
	int op;

	if (take_plain_end(text, line))
		return 0;
	if (end.len < 2 || end.s[end.len - 1] != '|')
		return flaw_at(flaw, "the line does not end with OPERATION@LINE|", STR_NONE);
	bar = memrchr(end.s, '|', end.len - 1);
	if (!bar)
		return flaw_at(flaw, "a field is missing", STR_NONE);
	text->len = (size_t)(bar + 1 - text->s);
	end.len -= text->len + 1;
	end.s = bar + 1;
	str_take_char(&end, '@', &name);
	op = op_find(name);
	if (op < 0)
		return flaw_at(flaw, "an operation that is not known", name);
	if (!end.s || value_u64(end, &line->call.line) || line->call.line == 0)
		return flaw_at(flaw, "the line does not end with OPERATION@LINE|", STR_NONE);
	line->call.op = (enum op_id)op;
	return 0;
}

int replay_op_line(struct replay_scratch *scratch, struct str text, struct rline *line,
	struct flaw *flaw)
{
	int rc;

	value_begin_rec(&line->call, 0);
	rline_begin(line);
	rc = take_end(&text, line, flaw);
	if (rc == 0)
		rc = take_front(scratch, &text, line, flaw);
	if (rc == 0)
		rc = take_args(scratch, &text, line, flaw);
	if (rc == 0 && ops[line->call.op].flags)
		rc = take_effects(scratch, &text, line, flaw);
	if (rc == 0)
		rc = take_ret(&text, line, flaw);
	if (rc)
		return rc;
	return text.len ? flaw_at(flaw, "more fields than the operation has", text) : 0;
}
