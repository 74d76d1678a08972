/* SPDX-License-Identifier: Apache-2.0 */
#include "trace/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "trace/capture_lines.h"
#include "trace/header.h"
#include "trace/lines.h"

#define OLDEST_VERSION 3

/* Which argument a key is of, per operation; derived from ops.def once per reader. */
struct op_keys {
	uint8_t arg_of[128]; /* index + 1, 0 = none */
	uint64_t needed; /* CAPTURE_KEY() bits that a line cannot do without */
	/* What most lines have behind the operation: each argument in the order of the table, and the result. */
	uint8_t usual; /* how many */
	struct usual_key {
		uint64_t text; /* SEPARATOR KEY=, and no bytes behind it */
		uint64_t below; /* what a number is that is as most are; 0: it is none */
		uint64_t bit;	/* CAPTURE_KEY() */
		uint16_t at;	/* in struct rec */
		uint8_t form;
		char key;
	} key[OP_ARGS + 1];
};

struct capture_reader {
	struct lines *lines;
	struct header header;
	struct str line; /* given last */
	int version;
	bool ended; /* the last record was "end" */
	struct capture_scratch scratch;
	struct op_keys keys[OP_COUNT];
};

/* ---- keys and values ---- */

#define SEPARATOR ";:,"

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Keys of more than one letter are for versions to come. */
static bool is_long_key(struct str s)
{
	while (s.len && is_letter(s.s[0])) {
		s.s++;
		s.len--;
	}
	return s.len && s.s[0] == '=';
}

/* Takes "KEY=VALUE" in front of *REST. *KEY is 0 for a key of versions to come. 0 or -EINVAL. */
static int take_pair(struct str *rest, char *key, struct str *value, struct flaw *flaw)
{
	const char *end = memchr(rest->s, ';', rest->len);
	struct str token = *rest;

	if (end) {
		token.len = (size_t)(end - rest->s);
		if (rest->len - token.len < 3 || end[1] != ':' || end[2] != ',')
			return flaw_at(flaw, "a ';' that is no separator", *rest);
		rest->s = end + 3;
		rest->len -= token.len + 3;
	} else {
		rest->len = 0;
	}
	if (token.len >= 2 && token.s[1] == '=' && is_letter(token.s[0])) {
		*key = token.s[0];
		*value = (struct str){token.s + 2, token.len - 2};
		return 0;
	}
	*key = 0;
	if (token.len && is_letter(token.s[0]) && is_long_key(token))
		return 0;
	return flaw_at(flaw, "not of the form KEY=VALUE", token);
}

int capture_once(uint64_t *seen, char key, struct flaw *flaw)
{
	if (*seen & CAPTURE_KEY(key))
		return flaw_at(flaw, "a key comes twice", STR_NONE);
	*seen |= CAPTURE_KEY(key);
	return 0;
}

int capture_common(struct rec *rec, char key, struct str value, struct flaw *flaw)
{
	struct str pid;

	switch (key) {
	case 't':
		return value_u64(value, &rec->t) ? flaw_at(flaw, "not a time in ns", value) : 0;
	case 'D':
		return value_u64(value, &rec->dur) ? flaw_at(flaw, "not a duration in ns", value)
						   : 0;
	case 'i':
		pid = value;
		str_take_char(&value, ':', &pid);
		if (!value.s || value_u32(pid, &rec->pid) || value_u32(value, &rec->tid))
			return flaw_at(flaw, "not of the form PID:TID", pid);
		return 0;
	default:
		return -ENOENT;
	}
}

int capture_check_common(const struct rec *rec, uint64_t seen, struct flaw *flaw)
{
	const uint64_t all = CAPTURE_KEY('t') | CAPTURE_KEY('D') | CAPTURE_KEY('i') |
			     CAPTURE_KEY('o');

	if ((seen & all) != all)
		return flaw_at(flaw, "one of t, D, i, o is missing", STR_NONE);
	if (rec->dur > rec->t)
		return flaw_at(flaw, "the call began before time 0", STR_NONE);
	return 0;
}

static int take_facts(struct facts *f, struct str s, struct flaw *flaw)
{
	uint64_t v[9];
	struct str whole = s, part;
	int i;

	if (str_eq(s, STR("-"))) {
		f->absent = true;
		return 0;
	}
	if (s.len && s.s[0] == '0' && !str_octal(s, &v[0]) && v[0] <= 0777) {
		*f = (struct facts){.list = true, .mode = (uint32_t)v[0]};
		return 0;
	}
	for (i = 0; i < 9; i++) {
		if (!str_take_char(&s, ':', &part) ||
			(i == 3 ? str_octal(part, &v[i]) : value_u64(part, &v[i])))
			return flaw_at(flaw, "not the nine facts of an inode", whole);
		if (i != 2 && i < 7 && v[i] > UINT32_MAX)
			return flaw_at(flaw, "a fact is out of range", whole);
	}
	if (s.s)
		return flaw_at(flaw, "not the nine facts of an inode", whole);
	*f = (struct facts){.known = true,
		.dev_major = (uint32_t)v[0],
		.dev_minor = (uint32_t)v[1],
		.ino = v[2],
		.mode = (uint32_t)v[3],
		.nlink = (uint32_t)v[4],
		.uid = (uint32_t)v[5],
		.gid = (uint32_t)v[6],
		.size = v[7],
		.blocks = v[8]};
	return 0;
}

static int take_fd(struct str s, uint64_t *arg)
{
	int64_t fd;

	if (str_eq(s, STR("AT_FDCWD")))
		fd = AT_FDCWD;
	else if (value_i64(s, &fd) || fd != (int32_t)fd)
		return -EINVAL;
	*arg = (uint64_t)fd;
	return 0;
}

static int take_vec(struct capture_scratch *scratch, struct rec *rec, enum arg_kind kind,
	struct str s)
{
	enum arg_form form = arg_infos[kind].form;
	int rc;

	scratch->vec.n = 0;
	rc = form == FORM_IOV	    ? value_iov(&scratch->vec, s)
	     : form != FORM_TUPLES  ? value_extents(&scratch->vec, s)
				    : value_tuples(&scratch->vec, s, &tuple_infos[kind]);
	rec->vec = scratch->vec.v;
	rec->nvec = (uint32_t)scratch->vec.n;
	return rc;
}

/* F stands before G: printed so, and demanded since G's form depends on it. */
static int take_farg(struct capture_scratch *scratch, struct rec *rec, struct str s)
{
	struct str base = s, part;
	uint64_t *slot;
	bool lock;
	int n = 0, rc;

	while (n < 4 && str_take_char(&base, ',', &part))
		n++;
	if (base.s) {
		s.len = (size_t)(base.s - 1 - s.s);
		scratch->vec.n = 0;
		slot = vec_push(&scratch->vec);
		if (!slot)
			return -ENOMEM;
		if (value_u64(base, slot) || *slot > INT64_MAX || !rec_fcntl_waits(rec->arg[1]))
			return -EINVAL;
		rec->vec = slot;
		rec->nvec = 1;
	}
	rc = value_farg(rec->arg, s, &lock);
	return rc || lock == rec_fcntl_is_lock(rec->arg[1]) ? rc : -EINVAL;
}

static int take_arg(struct capture_scratch *scratch, struct rec *rec, int i, struct str s)
{
	enum arg_kind kind = ops[rec->op].arg[i];
	enum arg_form form = arg_infos[kind].form;

	switch (form) {
	case FORM_NONE:
		return -EINVAL;
	case FORM_DEC:
	case FORM_UDEC:
	case FORM_OCT:
	case FORM_HEX:
	case FORM_FLAGS:
	case FORM_CTX:
		return value_number(form, s, &rec->arg[i]);
	case FORM_FD:
		return take_fd(s, &rec->arg[i]);
	case FORM_PATH:
		return value_bytes(&scratch->path, s, &rec->path);
	case FORM_PATH2:
		return value_bytes(&scratch->path2, s, &rec->path2);
	case FORM_ADDR:
	case FORM_ADDR2:
		return value_number(FORM_HEX, s, &rec->arg[i]);
	case FORM_IOV:
	case FORM_EXTENTS:
	case FORM_PAGES:
	case FORM_TUPLES:
		return take_vec(scratch, rec, kind, s);
	case FORM_TIMES:
		return value_times(rec->ts, s);
	case FORM_OFFPTR:
		return value_offptr(s, &rec->arg[i]);
	case FORM_SQE:
		return value_sqe(&rec->sqe, s, false);
	case FORM_FARG:
		return take_farg(scratch, rec, s);
	case FORM_BYTES:
		return value_hex_bytes(&scratch->path2, s, &rec->path2);
	case FORM_IARG:
		return value_iarg(rec, &scratch->vec, s, take_fd);
	}
	return -EINVAL;
}

/* ---- a line of version 5 ---- */

int capture_op(struct rec *rec, struct str name, struct flaw *flaw)
{
	int op = op_find(name);

	if (op < 0) {
		rec->path = name;
		*flaw = (struct flaw){"an operation that is not known", name};
		return -ENOENT;
	}
	rec->op = (enum op_id)op;
	return 0;
}

/* KEYS: of the operation. */
static int take_value(const struct op_keys *keys, struct capture_scratch *scratch, struct rec *rec, char key,
	struct str value, struct flaw *flaw)
{
	int arg, rc;

	if (key == 's') {
		rec->has_ret = true;
		rc = value_i64(value, &rec->ret);
		return rc ? flaw_at(flaw, "not a result", value) : 0;
	}
	if (key == 'x')
		return take_facts(&rec->facts, value, flaw);
	arg = keys->arg_of[(unsigned char)key];
	if (!arg)
		return 0; /* of a version to come */
	rc = take_arg(scratch, rec, arg - 1, value);
	if (rc == -ENOMEM)
		return rc;
	return rc ? flaw_at(flaw, "not a value that this key can have", value) : 0;
}

static int take_token(const struct op_keys *keys, struct capture_scratch *scratch, struct rec *rec, char key,
	struct str value, uint64_t *seen, struct flaw *flaw)
{
	int rc = capture_once(seen, key, flaw);

	if (rc)
		return rc;
	if (key == 'o')
		return capture_op(rec, value, flaw);
	if (key == 't' || key == 'D' || key == 'i')
		return capture_common(rec, key, value, flaw);
	if (!(*seen & CAPTURE_KEY('o')))
		return flaw_at(flaw, "the operation does not stand before its arguments", value);
	return take_value(&keys[rec->op], scratch, rec, key, value, flaw);
}

/* A text that begins with S; it is in a line (LINES_SLACK), whose LF no S has. */
#define BEGINS(p, s) (memcmp(p, s, sizeof(s) - 1) == 0)

/* A number at *P of at most MAX, and END behind it. */
#define TAKE_NUMBER(p, max, end, v)                                                                \
	(value_run(p, v) - 1 < VALUE_DIGITS && *(v) <= (max) && BEGINS(*(p), end) &&               \
		(*(p) += sizeof(end) - 1, true))

#define USUAL_TEXT 5 /* bytes of SEPARATOR KEY= */

/* The first ';' from P on. NULL: something that is no part of a name as it stands, as is an LF, comes before it. */
static inline const char *find_end_of_name(const char *p)
{
	const uint64_t ones = 0x0101010101010101u, high = 0x8080808080808080u;
	uint64_t v, ended, escaped, found;

	for (;; p += 8) {
		memcpy(&v, p, sizeof(v));
		ended = v ^ ones * ';';
		escaped = v ^ ones * '\\';
		found = (((ended - ones) & ~ended) | ((escaped - ones) & ~escaped) | ((v - ones * ' ') & ~v)) & high;
		if (found) { /* the lowest of them is one indeed */
			p += __builtin_ctzll(found) / 8;
			return *p == ';' ? p : NULL;
		}
	}
}

/* A mode as most are, and what is behind it, or NULL. */
static inline const char *take_mode(const char *p, uint64_t *arg)
{
	const char *from = p;
	uint64_t v = 0;

	for (; *p >= '0' && *p <= '7'; p++)
		v = v * 8 + (uint64_t)(*p - '0');
	*arg = v;
	return p == from || p - from > 8 || *p != ';' ? NULL : p;
}

/* Where the line at P ends. */
static const char *line_end(const char *p, const char *end)
{
	const char *lf = memchr(p, '\n', (size_t)(end - p));

	return lf ? lf : end;
}

/* A value at P that is no plain number; what is behind it. NULL: it is for take_pair() and the others. */
static const char *take_odd(const struct op_keys *keys, const struct usual_key *key, struct capture_scratch *scratch,
	const char *p, const char *end, struct rec *rec)
{
	const char *behind;
	struct flaw flaw;
	struct str *name;

	switch (key->form) {
	case FORM_PATH:
	case FORM_PATH2:
		name = key->form == FORM_PATH ? &rec->path : &rec->path2;
		behind = find_end_of_name(p);
		if (behind)
			*name = (struct str){p, (size_t)(behind - p)};
		break;
	case FORM_OCT:
		behind = take_mode(p, (uint64_t *)(void *)((char *)rec + key->at));
		break;
	case FORM_FD:
		behind = BEGINS(p, "AT_FDCWD;") ? p + sizeof("AT_FDCWD") - 1 : NULL;
		if (behind)
			*(uint64_t *)(void *)((char *)rec + key->at) = (uint64_t)AT_FDCWD;
		break;
	default:
		behind = NULL;
	}
	if (behind)
		return behind;
	end = line_end(p, end);
	behind = memchr(p, ';', (size_t)(end - p));
	if (!behind || take_value(keys, scratch, rec, key->key, (struct str){p, (size_t)(behind - p)}, &flaw))
		return NULL;
	return behind;
}

/*
 * The rest of the line at P, which is behind the operation and its SEPARATOR, as far as it is as most are. Returns what
 * is left, and *SEEN tells what was taken.
 */
static inline const char *take_usual(const struct op_keys *keys, struct capture_scratch *scratch, const char *p,
	const char *end, struct rec *rec, uint64_t *seen)
{
	const struct usual_key *key = keys->key, *behind = key + keys->usual;
	const char *from = p;
	uint64_t text, v, taken = *seen;

	p -= sizeof(SEPARATOR) - 1;
	for (; key < behind; key++) {
		const char *value = p + USUAL_TEXT;

		memcpy(&text, p, sizeof(text));
		if ((text ^ key->text) << (64 - 8 * USUAL_TEXT))
			break;
		if (key->below && value_run(&value, &v) - 1 < VALUE_DIGITS - 1 && v < key->below)
			memcpy((char *)rec + key->at, &v, sizeof(v));
		else if (!(value = take_odd(keys, key, scratch, p + USUAL_TEXT, end, rec)))
			break;
		p = value;
		taken |= key->bit;
	}
	if (!BEGINS(p, SEPARATOR)) /* what was taken for a value was not all of it */
		return from;
	rec->has_ret = taken & CAPTURE_KEY('s');
	*seen = taken;
	return p + sizeof(SEPARATOR) - 1;
}

#define TASK_END SEPARATOR "o="

/* "PID:TID;:,o=" at P; what is behind it, or NULL. */
static const char *take_task(struct task_text *task, const char *p, struct rec *rec)
{
	uint64_t text[2], pid, tid;
	const char *from = p;

	_Static_assert(sizeof(text) <= LINES_SLACK, "what is read of a line");
	memcpy(text, p, sizeof(text));
	if (!task->len || (text[0] & task->mask[0]) != task->text[0] ||
		(text[1] & task->mask[1]) != task->text[1]) {
		if (!TAKE_NUMBER(&p, UINT32_MAX, ":", &pid) || !TAKE_NUMBER(&p, UINT32_MAX, TASK_END, &tid))
			return NULL;
		*task = (struct task_text){.pid = (uint32_t)pid, .tid = (uint32_t)tid};
		if (p - from <= (ptrdiff_t)sizeof(text)) {
			task->len = (unsigned)(p - from);
			memset(task->mask, 0xff, task->len);
			task->text[0] = text[0] & task->mask[0];
			task->text[1] = text[1] & task->mask[1];
		}
	} else {
		p += task->len;
	}
	rec->pid = task->pid;
	rec->tid = task->tid;
	return p;
}

/*
 * What most lines begin with, at one go; what is behind it. NULL where this one does not: what is wrong, if
 * anything is, take_pair() and the others find out.
 */
static const char *take_front(struct task_text *task, const char *p, const char *end, struct rec *rec)
{
	const char *name;
	int op;

	if (!BEGINS(p, "t="))
		return NULL;
	p += 2;
	if (!TAKE_NUMBER(&p, UINT64_MAX, SEPARATOR "D=", &rec->t) ||
		!TAKE_NUMBER(&p, UINT64_MAX, SEPARATOR "i=", &rec->dur) || !(p = take_task(task, p, rec)))
		return NULL;
	name = p;
	p = value_find(name, end, ';');
	op = op_find_at(name, (size_t)(p - name));
	if (op < 0 || !BEGINS(p, SEPARATOR) || p[3] == '\n')
		return NULL;
	rec->op = (enum op_id)op;
	return p + 3;
}

/* What is left of a line, pair by pair. */
static int take_pairs(const struct op_keys *keys, struct capture_scratch *scratch, struct str line, struct rec *rec,
	uint64_t *seen, struct flaw *flaw)
{
	struct str value;
	char key;
	int rc;

	while (line.len || !(*seen & CAPTURE_KEY('o'))) {
		rc = take_pair(&line, &key, &value, flaw);
		if (rc == 0 && key)
			rc = take_token(keys, scratch, rec, key, value, seen, flaw);
		if (rc)
			return rc;
		if (!line.len)
			break;
	}
	return 0;
}

/* As capture_parse(); the line's LF is at *LF then. */
static int parse_line(const struct op_keys *keys, struct capture_scratch *scratch, struct str text,
	struct rec *rec, struct flaw *flaw, const char **lf)
{
	const char *end = text.s + text.len, *p = take_front(&scratch->task, text.s, end, rec);
	uint64_t seen = 0, needed;
	int rc;

	if (p) {
		seen = CAPTURE_KEY('t') | CAPTURE_KEY('D') | CAPTURE_KEY('i') | CAPTURE_KEY('o');
		p = take_usual(&keys[rec->op], scratch, p, end, rec, &seen);
	} else {
		value_begin_rec(rec, rec->line);
		p = text.s;
	}
	*lf = p;
	if (*p != '\n' || !seen) {
		*lf = line_end(p, end);
		rc = take_pairs(keys, scratch, (struct str){p, (size_t)(*lf - p)}, rec, &seen, flaw);
		if (rc)
			return rc;
	}
	rc = capture_check_common(rec, seen, flaw);
	if (rc)
		return rc;
	needed = keys[rec->op].needed;
	if ((seen & needed) != needed)
		return flaw_at(flaw, "an argument of the operation is missing", STR_NONE);
	return 1;
}

/* ---- the file ---- */

/* Earlier captures of this version do not have it. */
static bool is_newer(enum arg_kind kind)
{
	return kind == A_HELD || kind == A_LETGO;
}

static void fill_keys(struct op_keys *keys, enum op_id op)
{
	int i;

	for (i = 0; i < OP_ARGS; i++) {
		const struct arg_info *info = &arg_infos[ops[op].arg[i]];
		enum arg_form f = info->form;

		if (!info->key)
			continue;
		keys->arg_of[(unsigned char)info->key] = (uint8_t)(i + 1);
		/* what may be unreadable in the traced process, or not be asked for */
		if (f != FORM_PATH && f != FORM_PATH2 && f != FORM_EXTENTS && !is_newer(ops[op].arg[i]))
			keys->needed |= CAPTURE_KEY(info->key);
	}
}

/* Of values that are one decimal number, if they are as most are. */
static uint64_t below_of(enum arg_form form)
{
	switch (form) {
	case FORM_UDEC:
	case FORM_DEC:
	case FORM_FLAGS:
		return UINT64_MAX;
	case FORM_FD:
		return (uint64_t)INT32_MAX + 1;
	default:
		return 0;
	}
}

static struct usual_key usual_key(char key, enum arg_form form, size_t at)
{
	static const char separator[] = SEPARATOR;
	char text[sizeof(uint64_t)] = {separator[0], separator[1], separator[2], key, '='};
	struct usual_key k = {.below = below_of(form),
		.bit = CAPTURE_KEY(key),
		.at = (uint16_t)at,
		.form = (uint8_t)form,
		.key = key};

	memcpy(&k.text, text, sizeof(text));
	return k;
}

static void fill_usual(struct op_keys *keys, enum op_id op)
{
	uint8_t n = 0;
	size_t i;

	for (i = 0; i < OP_ARGS; i++) {
		const struct arg_info *info = &arg_infos[ops[op].arg[i]];

		if (info->key && keys->arg_of[(unsigned char)info->key] == i + 1)
			keys->key[n++] = usual_key(info->key, info->form,
				offsetof(struct rec, arg) + i * sizeof(uint64_t));
	}
	keys->key[n++] = usual_key('s', FORM_DEC, offsetof(struct rec, ret));
	keys->usual = n;
}

static const struct header_kind capture_kind = {
	"capture", "capture_version", "replay", "replay_version", OLDEST_VERSION, CAPTURE_VERSION};

static struct capture_reader *reader_new(void)
{
	struct capture_reader *r = calloc(1, sizeof(*r));
	int i;

	for (i = 0; r && i < OP_COUNT; i++) {
		fill_keys(&r->keys[i], (enum op_id)i);
		fill_usual(&r->keys[i], (enum op_id)i);
	}
	return r;
}

int capture_open(struct capture_reader **out, const char *path, struct err *err)
{
	struct capture_reader *r = reader_new();
	int rc;

	*out = NULL;
	if (!r)
		return err_sys(err, ENOMEM, "cannot read %s", path);
	rc = lines_open(&r->lines, path, err);
	if (rc == 0)
		rc = header_read(&r->header, r->lines, &capture_kind, &r->version, err);
	if (rc) {
		capture_close(r);
		return rc;
	}
	*out = r;
	return 0;
}

int capture_checker(struct capture_reader **out, struct err *err)
{
	*out = reader_new();
	if (!*out)
		return err_sys(err, ENOMEM, "cannot read a capture");
	(*out)->version = CAPTURE_VERSION;
	return 0;
}

int capture_check(struct capture_reader *r, struct str line, uint64_t number, const char *path, struct err *err)
{
	struct rec rec;
	struct flaw flaw;
	const char *lf;
	int rc;

	value_begin_rec(&rec, number);
	rec.facts = (struct facts){0};
	rc = parse_line(r->keys, &r->scratch, line, &rec, &flaw, &lf);
	if (rc == 1 || rc == -ENOENT)
		return 0;
	if (rc == -ENOMEM)
		return err_sys(err, ENOMEM, "cannot read %s", path);
	flaw_report(&flaw, path, number, err);
	return rc;
}

void capture_close(struct capture_reader *r)
{
	if (!r)
		return;
	lines_close(r->lines);
	header_free(&r->header);
	capture_scratch_free(&r->scratch);
	free(r);
}

void capture_scratch_free(struct capture_scratch *s)
{
	buf_free(&s->path);
	buf_free(&s->path2);
	vec_free(&s->vec);
}

int capture_parse(const struct capture_reader *r, struct capture_scratch *scratch, struct str text, uint64_t number,
	struct rec *rec, struct flaw *flaw, const char **lf)
{
	value_begin_rec(rec, number);
	rec->facts = (struct facts){0};
	if (r->version == CAPTURE_VERSION)
		return parse_line(r->keys, scratch, text, rec, flaw, lf);
	memset(rec->ts, 0, sizeof(rec->ts)); /* which such lines do not tell */
	rec->sqe = (struct sqe){0};
	*lf = line_end(text.s, text.s + text.len);
	return capture_old_line(scratch, (struct str){text.s, (size_t)(*lf - text.s)}, rec, flaw);
}

int capture_flaw(const struct capture_reader *r, int rc, const struct flaw *flaw, uint64_t number, struct err *err)
{
	if (rc == -ENOMEM)
		return err_sys(err, ENOMEM, "cannot read %s", lines_path(r->lines));
	flaw_report(flaw, lines_path(r->lines), number, err);
	if (rc == -ENOENT && err)
		err->code = ENOENT;
	return rc;
}

int capture_next(struct capture_reader *r, struct rec *rec, struct err *err)
{
	struct flaw flaw;
	struct str line;
	const char *lf;
	int rc = lines_next(r->lines, &line, err);

	rec->line = lines_number(r->lines);
	if (rc <= 0)
		return rc;
	r->line = line;
	rc = capture_parse(r, &r->scratch, line, rec->line, rec, &flaw, &lf);
	r->ended = rc == 1 && rec->op == OP_end;
	return rc == 1 ? 1 : capture_flaw(r, rc, &flaw, rec->line, err);
}

int capture_version(const struct capture_reader *r)
{
	return r->version;
}

struct str capture_header(const struct capture_reader *r, const char *key)
{
	return header_get(&r->header, key);
}

const struct capture_pair *capture_header_pair(const struct capture_reader *r, size_t i)
{
	return i < r->header.pairs.n ? &r->header.pairs.v[i] : NULL;
}

struct str capture_line(const struct capture_reader *r)
{
	return r->line;
}

bool capture_cut(const struct capture_reader *r)
{
	return lines_cut(r->lines) || (r->version == CAPTURE_VERSION && !r->ended);
}

struct lines *capture_lines(struct capture_reader *r)
{
	return r->lines;
}

const char *capture_path(const struct capture_reader *r)
{
	return lines_path(r->lines);
}

void capture_set_ended(struct capture_reader *r, bool ended)
{
	r->ended = ended;
}
