/* SPDX-License-Identifier: Apache-2.0 */
#include "samples.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "ops/ioctl.h"

#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof(*(array))))

/* Every byte that a path can hold. */
static struct str every_byte(void)
{
	static char bytes[255];
	unsigned i;

	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i + 1);
	return (struct str){bytes, sizeof(bytes)};
}

static uint64_t sample_arg(enum arg_kind kind, enum sample how)
{
	if (kind == A_ICMD && how == SAMPLE_LEAST)
		return IOCTL_NR_FIGETBSZ;
	if (how == SAMPLE_LEAST)
		return arg_infos[kind].form == FORM_OFFPTR ? OFFPTR_NULL : 0;
	if (how == SAMPLE_PLAIN) {
		switch (kind) {
		case A_DIRFD:
			return (uint64_t)(int64_t)AT_FDCWD;
		case A_OFLAGS:
			return O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;
		case A_FCMD:
			return F_SETLK;
		case A_ICMD:
			return (unsigned)IOCTL_NR_FIDEDUPERANGE;
		case A_MODE:
			return 0644;
		default:
			return 3;
		}
	}
	switch (arg_infos[kind].form) {
	case FORM_FD:
		return (uint64_t)(int64_t)INT32_MIN;
	case FORM_DEC:
		return (uint64_t)INT64_MIN;
	case FORM_OFFPTR:
		return kind == A_OFFIN ? OFFPTR_BAD : INT64_MAX;
	default:
		if (kind == A_ICMD)
			return (unsigned)IOCTL_NR_FICLONERANGE;
		if (kind == A_XARGS || kind == A_XATFLAGS) /* members of that length */
			return UINT32_MAX;
		return kind == A_FCMD ? F_OFD_SETLKW : UINT64_MAX;
	}
}

static void sample_vec(struct rec *rec, enum arg_form form, enum sample how)
{
	static const uint64_t plain[] = {4096, 4096, 4096, 100, 0, 0};
	static const uint64_t many[] = {UINT64_MAX, 0, UINT64_MAX, UINT64_MAX, 1, 2};
	static const uint64_t far[] = {0, 1, INT64_MAX, 0, 0, INT64_MAX};

	rec->nvec = how == SAMPLE_LEAST ? 0 : 6;
	rec->vec = how == SAMPLE_PLAIN ? plain : form == FORM_IOV ? many : far;
	if (form == FORM_EXTENTS && how == SAMPLE_LEAST)
		rec->vec = NULL;
}

/* The tuples of a kind differ in where their zeroes are, which are left out at the end. */
static void sample_tuples(struct rec *rec, enum arg_kind kind, enum sample how)
{
	static uint64_t numbers[3 * 32];
	const struct tuple_info *t = &tuple_infos[kind];
	unsigned i;

	memset(numbers, 0, sizeof(numbers));
	for (i = 0; i < t->numbers; i++)
		numbers[t->numbers + i] = how == SAMPLE_EXTREME ? UINT64_MAX : i + 1;
	numbers[2 * t->numbers + t->numbers / 2] = how == SAMPLE_EXTREME ? INT64_MAX : 7;
	rec->vec = numbers;
	rec->nvec = how == SAMPLE_LEAST ? 0 : 3u * t->numbers;
}

/* It fills more than its slot. */
static void sample_ioctl(struct rec *rec, enum sample how)
{
	static const uint64_t dests[] = {4, 65536, 4096, 0, 5, 0, 0, 1, 6, 0, 0, (uint64_t)-9};

	rec->arg[2] = how == SAMPLE_EXTREME ? (uint64_t)(int64_t)INT32_MIN : 0;
	rec->arg[3] = how == SAMPLE_LEAST ? 0 : how == SAMPLE_PLAIN ? 4096 : UINT64_MAX;
	if (how == SAMPLE_EXTREME)
		rec->arg[4] = rec->arg[5] = UINT64_MAX;
	if (how != SAMPLE_PLAIN)
		return;
	rec->vec = dests;
	rec->nvec = COUNT(dests);
}

/* Parts of maps. */
static void sample_parts(struct rec *rec, enum sample how)
{
	static const uint64_t plain[] = {3, 4096, 8192, 0, 0, 4096};
	static const uint64_t far[] = {REC_MAP_MAX - 1, INT64_MAX, 0, 0, 0, INT64_MAX};

	rec->nvec = how == SAMPLE_LEAST ? 0 : 6;
	rec->vec = how == SAMPLE_PLAIN ? plain : far;
}

static void sample_times(struct timespec ts[2], enum sample how)
{
	ts[0] = ts[1] = (struct timespec){0, TIMES_NULL};
	if (how == SAMPLE_PLAIN) {
		ts[0] = (struct timespec){1700000000, 5};
		ts[1] = (struct timespec){0, UTIME_NOW};
	} else if (how == SAMPLE_EXTREME) {
		ts[0] = (struct timespec){INT64_MIN, 999999999};
		ts[1] = (struct timespec){INT64_MAX, UTIME_OMIT};
		ts[1].tv_sec = 0;
	}
}

static struct sqe sample_sqe(enum sample how)
{
	if (how == SAMPLE_LEAST)
		return (struct sqe){.buffer = SQE_NONE, .slot = SQE_NONE};
	if (how == SAMPLE_PLAIN)
		return (struct sqe){.ring = 1, .number = 17, .flags = 5, .buffer = SQE_NONE, .slot = 3,
			.user = 0x7f00};
	return (struct sqe){.ring = UINT32_MAX,
		.number = UINT64_MAX,
		.flags = UINT32_MAX,
		.slot = UINT32_MAX - 1,
		.user = UINT64_MAX};
}

static struct facts sample_facts(enum sample how)
{
	if (how == SAMPLE_LEAST)
		return (struct facts){.absent = true};
	if (how == SAMPLE_PLAIN)
		return (struct facts){true, false, false, 8, 1, 4711, S_IFREG | 0644, 1, 1000, 1000, 4096, 8};
	return (struct facts){true, false, false, UINT32_MAX, UINT32_MAX, UINT64_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX,
		UINT32_MAX, UINT64_MAX, UINT64_MAX};
}

void sample_rec(struct rec *rec, enum op_id op, enum sample how)
{
	int i;

	memset(rec, 0, sizeof(*rec));
	rec->op = op;
	rec->t = how == SAMPLE_PLAIN ? 123456789 : how == SAMPLE_EXTREME ? UINT64_MAX : 0;
	rec->dur = how == SAMPLE_EXTREME ? UINT64_MAX : 0;
	rec->pid = how == SAMPLE_EXTREME ? UINT32_MAX : 100;
	rec->tid = how == SAMPLE_EXTREME ? UINT32_MAX : 101;
	rec->has_ret = how != SAMPLE_LEAST;
	rec->ret = how == SAMPLE_PLAIN ? -2 : INT64_MIN;
	rec->facts = sample_facts(how);
	for (i = 0; i < OP_ARGS; i++) {
		enum arg_kind kind = ops[op].arg[i];
		enum arg_form form = arg_infos[kind].form;

		if (form == FORM_PATH && how != SAMPLE_LEAST)
			rec->path = how == SAMPLE_PLAIN ? STR("/a file") : every_byte();
		else if (form == FORM_PATH2 && how != SAMPLE_LEAST)
			rec->path2 = how == SAMPLE_PLAIN ? STR("") : every_byte();
		else if (form == FORM_IOV || form == FORM_EXTENTS || form == FORM_PAGES)
			sample_vec(rec, form, how);
		else if (form == FORM_TUPLES)
			sample_tuples(rec, kind, how);
		else if (form == FORM_TIMES)
			sample_times(rec->ts, how);
		else if (form == FORM_SQE)
			rec->sqe = sample_sqe(how);
		else if (form != FORM_NONE)
			rec->arg[i] = sample_arg(kind, how);
	}
	if (op == OP_ioctl)
		sample_ioctl(rec, how);
	if (op == OP_fcntl && how != SAMPLE_LEAST) { /* a lock: it fills more than its slot */
		rec->arg[3] = how == SAMPLE_PLAIN ? 1 : UINT64_MAX;
		rec->arg[4] = (uint64_t)INT64_MIN;
		rec->arg[5] = INT64_MAX;
	}
}

void sample_rline(struct rline *line, enum op_id op, enum sample how)
{
	static const uint64_t deps[] = {1, 12, UINT64_MAX};
	static const struct vlist_item list[] = {
		{VITEM_FD, 7, 0}, {VITEM_PAIR, 0, VFD_CWD - 1}, {VITEM_LOCK, 3, 0},
		{VITEM_CTX, VFD_CWD - 1, 0}, {VITEM_RING, 2, 0}, {VITEM_MAP, 4, 0}};
	unsigned flags = ops[op].flags;
	bool least = how == SAMPLE_LEAST;
	int i;

	memset(line, 0, sizeof(*line));
	sample_rec(&line->call, op, how);
	for (i = 0; i < OP_ARGS; i++) {
		enum arg_kind kind = ops[op].arg[i];

		if (kind == A_ADDR) /* the address, and pages, are not in a replay */
			sample_parts(&line->call, how);
	}
	line->entry = least ? 0 : 1000;
	line->dur = how == SAMPLE_EXTREME ? UINT64_MAX - 1000 : 5;
	line->thread = how == SAMPLE_EXTREME ? VFD_CWD - 1 : 0;
	line->process = how == SAMPLE_EXTREME ? VFD_CWD - 1 : 2;
	line->deps = deps;
	line->ndeps = least ? 0 : COUNT(deps);
	line->newmap = (flags & OPF_NEWMAP) && !least ? 8 : MAP_NONE;
	line->newfd = (flags & OPF_NEWFD) && !least ? 7 : VFD_NONE;
	line->new_process = (flags & OPF_FORK) && !least ? 3 : UINT32_MAX;
	line->new_thread = (flags & OPF_FORK) && !least ? 4 : UINT32_MAX;
	line->lock = op == OP_fcntl && !least ? 9 : VFD_NONE;
	line->list = list;
	line->nlist = (flags & OPF_LIST) && !least ? COUNT(list) : 0;
	line->call.line = how == SAMPLE_EXTREME ? UINT64_MAX : 33;
	for (i = 0; i < OP_ARGS; i++)
		if (arg_infos[ops[op].arg[i]].form == FORM_FD)
			line->call.arg[i] = how == SAMPLE_PLAIN ? VFD_CWD : least ? VFD_NONE : 5;
		else if (arg_infos[ops[op].arg[i]].form == FORM_CTX)
			line->call.arg[i] = how == SAMPLE_PLAIN ? VFD_CWD - 1 : least ? CTX_NONE : 5;
	if (op == OP_ioctl && how == SAMPLE_EXTREME)
		line->call.arg[2] = VFD_NONE;
}

void sample_init(struct init_line *line, enum init_kind kind, enum sample how)
{
	static const uint64_t data[] = {0, 4096, 8192, 1, (uint64_t)INT64_MAX - 1, 1};
	bool is_link = kind == INIT_SYMLINK || kind == INIT_HARDLINK;

	memset(line, 0, sizeof(*line));
	line->kind = kind;
	line->path = how == SAMPLE_EXTREME ? every_byte() : STR("/a/.ioriot/t/x");
	if (kind == INIT_XATTR) {
		line->target = how == SAMPLE_PLAIN ? STR("system.posix_acl_access")
			       : how == SAMPLE_LEAST ? STR("user.x") : STR("user.\001|;\\\377");
		line->size = how == SAMPLE_PLAIN ? 44 : how == SAMPLE_LEAST ? 0 : 65536;
		return;
	}
	if (kind == INIT_XATTRS) {
		line->size = how == SAMPLE_LEAST ? 7 : 65536;
		return;
	}
	if (is_link)
		line->target = how == SAMPLE_EXTREME ? every_byte() : STR("%fd/3");
	if (!is_link)
		line->mode = how == SAMPLE_LEAST ? 0 : 04755;
	if (kind != INIT_HARDLINK)
		line->uid = line->gid = how == SAMPLE_EXTREME ? UINT32_MAX : 0;
	if (kind != INIT_FILE)
		return;
	line->size = how == SAMPLE_LEAST ? 0 : INT64_MAX;
	line->data = data;
	line->ndata = how == SAMPLE_LEAST ? 0 : COUNT(data);
}

/* ---- comparison ---- */

static bool same_str(struct str a, struct str b)
{
	return (a.s == NULL) == (b.s == NULL) && str_eq(a, b);
}

static bool same_u64(const uint64_t *a, uint32_t na, const uint64_t *b, uint32_t nb)
{
	return na == nb && (na == 0 || memcmp(a, b, na * sizeof(*a)) == 0);
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

/* A replay has parts of maps where a capture has addresses and pages. */
static bool same_place(const struct rec *a, const struct rec *b, int i)
{
	return arg_infos[ops[a->op].arg[i]].form != FORM_ADDR ||
	       same_u64(a->vec, a->nvec, b->vec, b->nvec);
}

static bool is_place(enum arg_form form)
{
	return form == FORM_ADDR || form == FORM_ADDR2 || form == FORM_PAGES;
}

static bool same_arg(const struct rec *a, const struct rec *b, int i)
{
	enum arg_form form = arg_infos[ops[a->op].arg[i]].form;

	switch (form) {
	case FORM_NONE:
		return true;
	case FORM_PATH:
		return same_str(a->path, b->path);
	case FORM_BYTES:
		return str_eq(a->path2, b->path2);
	case FORM_PATH2:
		return same_str(a->path2, b->path2);
	case FORM_IOV:
	case FORM_TUPLES:
	case FORM_PAGES:
		return same_u64(a->vec, a->nvec, b->vec, b->nvec);
	case FORM_EXTENTS:
		return !a->vec == !b->vec && same_u64(a->vec, a->nvec, b->vec, b->nvec);
	case FORM_TIMES:
		return same_time(&a->ts[0], &b->ts[0]) && same_time(&a->ts[1], &b->ts[1]);
	case FORM_IARG:
		return memcmp(a->arg + 2, b->arg + 2, 4 * sizeof(*a->arg)) == 0 &&
		       same_u64(a->vec, a->nvec, b->vec, b->nvec);
	case FORM_SQE: /* user_data is not in a replay */
		return a->sqe.ring == b->sqe.ring && a->sqe.number == b->sqe.number &&
		       a->sqe.flags == b->sqe.flags && a->sqe.buffer == b->sqe.buffer &&
		       a->sqe.slot == b->sqe.slot;
	case FORM_FARG:
		return memcmp(a->arg + 2, b->arg + 2, 4 * sizeof(*a->arg)) == 0;
	default:
		return a->arg[i] == b->arg[i];
	}
}

static const char *call_difference(const struct rec *a, const struct rec *b, bool replay)
{
	int i;

	if (a->op != b->op)
		return "operation";
	if (a->has_ret != b->has_ret || (a->has_ret && a->ret != b->ret))
		return "result";
	for (i = 0; i < OP_ARGS; i++)
		if (replay && is_place(arg_infos[ops[a->op].arg[i]].form) ? !same_place(a, b, i)
									   : !same_arg(a, b, i))
			return arg_infos[ops[a->op].arg[i]].name;
	return NULL;
}

static bool same_facts(const struct facts *a, const struct facts *b)
{
	if (a->known != b->known || a->absent != b->absent)
		return false;
	return !a->known ||
	       (a->dev_major == b->dev_major && a->dev_minor == b->dev_minor && a->ino == b->ino &&
		       a->mode == b->mode && a->nlink == b->nlink && a->uid == b->uid &&
		       a->gid == b->gid && a->size == b->size && a->blocks == b->blocks);
}

const char *rec_difference(const struct rec *a, const struct rec *b)
{
	if (a->t != b->t || a->dur != b->dur)
		return "time";
	if (a->pid != b->pid || a->tid != b->tid)
		return "thread";
	if (!same_facts(&a->facts, &b->facts))
		return "facts";
	return call_difference(a, b, false);
}

static bool same_list(const struct rline *a, const struct rline *b)
{
	uint32_t i;

	if (a->nlist != b->nlist)
		return false;
	for (i = 0; i < a->nlist; i++)
		if (a->list[i].kind != b->list[i].kind || a->list[i].a != b->list[i].a ||
			(a->list[i].kind == VITEM_PAIR && a->list[i].b != b->list[i].b))
			return false;
	return true;
}

const char *rline_difference(const struct rline *a, const struct rline *b)
{
	if (a->entry != b->entry || a->dur != b->dur)
		return "time";
	if (a->thread != b->thread || a->process != b->process)
		return "thread";
	if (!same_u64(a->deps, a->ndeps, b->deps, b->ndeps))
		return "deps";
	if (a->call.line != b->call.line)
		return "label";
	if (a->newfd != b->newfd || a->newmap != b->newmap || a->new_process != b->new_process ||
		a->new_thread != b->new_thread)
		return "effects";
	if (a->lock != b->lock)
		return "lock";
	if (!same_list(a, b))
		return "list";
	return call_difference(&a->call, &b->call, true);
}

const char *init_difference(const struct init_line *a, const struct init_line *b)
{
	if (a->kind != b->kind)
		return "kind";
	if (!same_str(a->path, b->path))
		return "path";
	if (!str_eq(a->target, b->target))
		return "target";
	if (a->mode != b->mode || a->uid != b->uid || a->gid != b->gid)
		return "mode or owner";
	if (a->size != b->size || !same_u64(a->data, a->ndata, b->data, b->ndata))
		return "content";
	return NULL;
}
