/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "replay/compare.h"
#include "replay/dispatch.h"
#include "replay/encode.h"
#include "replay/layout.h"
#include "replay/paths.h"
#include "replay/program.h"
#include "ops/ioctl.h"
#include "suites.h"
#include "trace/replay.h"

/* The parts of the replay engine that can be looked at without running anything. */

/* ---- packed operations ---- */

static const uint64_t numbers[] = {0, 1, 0x7f, 0x80, 0x3fff, 0x4000, UINT32_MAX, INT64_MAX,
	(uint64_t)INT64_MIN, UINT64_MAX};

START_TEST(test_numbers)
{
	struct buf b = BUF_INIT;
	const uint8_t *p;

	uvar_put(&b, numbers[_i]);
	svar_put(&b, (int64_t)numbers[_i]);
	p = (const uint8_t *)b.p;
	ck_assert_uint_eq(uvar_get(&p), numbers[_i]);
	ck_assert_int_eq(svar_get(&p), (int64_t)numbers[_i]);
	ck_assert_ptr_eq(p, b.p + b.len);
	buf_free(&b);
}
END_TEST

static const uint64_t vec[] = {1, 0, 4096, UINT64_MAX};
static const struct vlist_item items[] = {
	{VITEM_FD, 7, 0}, {VITEM_PAIR, 1, 200000}, {VITEM_LOCK, 3, 0}, {VITEM_CTX, 9, 0},
	{VITEM_MAP, 6, 0}};

/* A line of OP in which every argument has a value of its own. */
static struct rline line_of(enum op_id op, uint64_t salt)
{
	struct rline l = {.entry = 1000 + salt,
		.thread = 5,
		.process = 3,
		.call = {.op = op, .ret = (int64_t)salt - 2, .has_ret = true, .line = 40 + salt},
		.newfd = (uint32_t)salt + 90,
		.newmap = (uint32_t)salt + 60,
		.new_process = 11,
		.new_thread = 300,
		.lock = 2,
		.list = items,
		.nlist = 5};
	int i;

	for (i = 0; i < OP_ARGS; i++)
		l.call.arg[i] = salt * 1000 + (uint64_t)i;
	if (op == OP_fcntl)
		l.call.arg[1] = salt ? F_SETLK : F_GETFD;
	if (op == OP_ioctl)
		l.call.arg[1] = salt ? (unsigned)IOCTL_NR_FIDEDUPERANGE
				     : (unsigned)IOCTL_NR_FICLONERANGE;
	l.call.sqe = (struct sqe){.ring = 2, .number = salt << 40, .flags = 5, .buffer = 3, .slot = SQE_NONE};
	l.call.vec = vec;
	l.call.nvec = 4;
	l.call.ts[0] = (struct timespec){-5, 7};
	l.call.ts[1] = (struct timespec){1 << 30, 999999999};
	return l;
}

static void check_arg(const struct rline *l, const struct xop *x, int i)
{
	const uint8_t *p = x->vec;
	uint32_t k;

	switch (arg_infos[ops[l->call.op].arg[i]].form) {
	case FORM_NONE:
	case FORM_ADDR2:
	case FORM_PAGES:
	case FORM_EXTENTS:
	case FORM_BYTES:
		break;
	case FORM_PATH:
		ck_assert_uint_eq(x->path, 77);
		break;
	case FORM_PATH2:
		ck_assert_uint_eq(x->path2, 88);
		break;
	case FORM_IOV:
	case FORM_ADDR:
	case FORM_TUPLES:
		ck_assert_uint_eq(x->nvec, 4);
		for (k = 0; k < 4; k++)
			ck_assert_uint_eq(uvar_get(&p), vec[k]);
		break;
	case FORM_TIMES:
		ck_assert_int_eq(x->ts[0].tv_sec, -5);
		ck_assert_int_eq(x->ts[0].tv_nsec, 7);
		ck_assert_int_eq(x->ts[1].tv_sec, 1 << 30);
		ck_assert_int_eq(x->ts[1].tv_nsec, 999999999);
		break;
	case FORM_SQE:
		ck_assert_uint_eq(x->sqe.ring, l->call.sqe.ring);
		ck_assert_uint_eq(x->sqe.number, l->call.sqe.number);
		ck_assert_uint_eq(x->sqe.flags, l->call.sqe.flags);
		ck_assert_uint_eq(x->sqe.buffer, l->call.sqe.buffer);
		ck_assert_uint_eq(x->sqe.slot, l->call.sqe.slot);
		break;
	case FORM_FARG:
		for (k = (uint32_t)i; k < OP_ARGS && l->call.arg[1] == F_SETLK; k++)
			ck_assert_uint_eq(x->arg[k], l->call.arg[k]);
		ck_assert_uint_eq(x->arg[i], l->call.arg[i]);
		break;
	case FORM_IARG:
		ck_assert_uint_eq(x->arg[2], l->call.arg[2]);
		ck_assert_uint_eq(x->arg[3], l->call.arg[3]);
		if (!rec_ioctl_has_dests(x->arg[1])) {
			ck_assert_uint_eq(x->arg[5], l->call.arg[5]);
			break;
		}
		ck_assert_uint_eq(x->nvec, 4);
		for (k = 0; k < 4; k++)
			ck_assert_uint_eq(uvar_get(&p), vec[k]);
		break;
	default:
		ck_assert_uint_eq(x->arg[i], l->call.arg[i]);
	}
}

static void check_effects(const struct rline *l, const struct xop *x)
{
	unsigned flags = ops[l->call.op].flags;
	const uint8_t *p = x->list;
	uint32_t i;

	ck_assert_uint_eq(x->newfd, flags & OPF_NEWFD ? l->newfd : VFD_NONE);
	ck_assert_uint_eq(x->newmap, flags & OPF_NEWMAP ? l->newmap : MAP_NONE);
	ck_assert_uint_eq(x->lock, l->call.op == OP_fcntl ? l->lock : VFD_NONE);
	if (flags & OPF_FORK) {
		ck_assert_uint_eq(x->new_process, l->new_process);
		ck_assert_uint_eq(x->new_thread, l->new_thread);
	}
	ck_assert_uint_eq(x->nlist, flags & OPF_LIST ? 5 : 0);
	for (i = 0; i < x->nlist; i++) {
		struct vlist_item item = list_next(&p);

		ck_assert_int_eq(item.kind, items[i].kind);
		ck_assert_uint_eq(item.a, items[i].a);
		ck_assert_uint_eq(item.b, items[i].b);
	}
}

static void check_op(const struct rline *l, const struct xop *x, uint64_t index)
{
	int i;

	ck_assert_int_eq(x->op, l->call.op);
	ck_assert_uint_eq(x->index, index);
	ck_assert_uint_eq(x->label, l->call.line);
	ck_assert_uint_eq(x->context, l->process);
	ck_assert_int_eq(x->ret, l->call.ret);
	for (i = 0; i < OP_ARGS; i++)
		check_arg(l, x, i);
	check_effects(l, x);
}

static void check_time(const struct rline *l, const struct xop *x, enum pace_kind pace, uint64_t gap)
{
	if (pace == PACE_START)
		ck_assert_uint_eq(x->entry, l->entry);
	if (pace == PACE_BEFORE) {
		ck_assert_uint_eq(x->gap, gap);
		ck_assert_uint_eq(x->thread, l->thread);
	}
}

/* Every operation of the table, twice with different values, through both forms. */
START_TEST(test_round_trip)
{
	enum op_id op = (enum op_id)_i;
	struct rline lines[3] = {line_of(op, 0), line_of(op, 1), line_of(op, 12345)};
	struct buf filed = BUF_INIT;
	static const enum pace_kind paces[] = {PACE_START, PACE_BEFORE, PACE_NONE};
	struct xwriter w = XWRITER_INIT(paces[_i % 3], 500);
	struct xdep deps[2] = {{3, 70000}, {900, 1}};
	struct xcursor c;
	const uint8_t *p;
	struct filed f = FILED_START(true), last = FILED_START(true);
	struct xop x = XOP_START;
	int i;

	lines[2].call.ret = 0;
	for (i = 0; i < 3; i++)
		filed_put(&filed, &last, &lines[i], 77, 88);
	for (i = 0, p = (const uint8_t *)filed.p; i < 3; i++) {
		p = filed_get(p, &f);
		ck_assert_uint_eq(f.thread, 5);
		xop_put(&w, &f, (uint64_t)i * 3, f.process, 9 * (uint64_t)i, i == 1, deps,
			i == 2 ? 2 : 0);
	}
	ck_assert_ptr_eq(p, filed.p + filed.len);
	c = xcursor_of(&w, 500);
	for (i = 0; i < 3; i++) {
		ck_assert(xop_next(&c, &x));
		check_op(&lines[i], &x, (uint64_t)i * 3);
		check_time(&lines[i], &x, c.pace, 9 * (uint64_t)i);
		ck_assert_int_eq(!!(x.meta & META_AWAITED), i == 1);
		ck_assert_uint_eq(x.ndeps, i == 2 ? 2 : 0);
	}
	p = x.deps;
	for (i = 0; i < 2; i++) {
		struct xdep d = dep_next(&p);

		ck_assert_uint_eq(d.thread, deps[i].thread);
		ck_assert_uint_eq(d.seq, deps[i].seq);
	}
	ck_assert(!xop_next(&c, &x));
	buf_free(&filed);
	buf_free(&w.out);
}
END_TEST

/* What a usual operation takes in memory: the bench's figure depends on it. */
START_TEST(test_size)
{
	struct rline l = {.call = {.op = OP_pread64, .ret = 4096, .has_ret = true, .line = 10}};
	struct buf filed = BUF_INIT;
	struct xwriter w = XWRITER_INIT(PACE_NONE, 0);
	struct filed f, last = FILED_START(false);
	uint64_t i;

	l.call.arg[0] = 20;
	l.call.arg[2] = 4096;
	for (i = 0; i < 1000; i++) {
		filed.len = 0;
		l.call.line++;
		l.call.arg[3] = i << 20;
		f = last;
		filed_put(&filed, &last, &l, 0, 0);
		filed_get((const uint8_t *)filed.p, &f);
		xop_put(&w, &f, i, f.process, 0, false, NULL, 0);
	}
	ck_assert_uint_le(w.out.len, 15 * 1000 + 2); /* the first one tells its label */
	buf_free(&filed);
	buf_free(&w.out);
}
END_TEST

/* ---- comparing ---- */

static const struct {
	enum op_compare rule;
	int64_t expected, got;
	bool equal;
} comparisons[] = {
	{CMP_EXACT, 5, 5, true}, {CMP_EXACT, 5, 6, false}, {CMP_EXACT, -2, -2, true},
	{CMP_EXACT, -2, -13, false}, {CMP_EXACT, 0, -2, false}, {CMP_OK, 3, 900, true},
	{CMP_OK, 3, -2, false}, {CMP_OK, -2, 3, false}, {CMP_OK, -2, -2, true},
	{CMP_OK, -2, -13, false}, {CMP_SIGN, 100, 1, true}, {CMP_SIGN, 100, 0, false},
	{CMP_SIGN, 0, 0, true}, {CMP_SIGN, 0, 8, false}, {CMP_SIGN, -2, -2, true},
	{CMP_SIGN, 8, -2, false}, {CMP_SEEK, 8, 8, true}, {CMP_SEEK, 8, 9, false},
	{CMP_SEEK, -22, 9, false}, {CMP_NONE, 8, -9, true},
};

START_TEST(test_compare)
{
	ck_assert_int_eq(results_equal(comparisons[_i].rule, comparisons[_i].expected,
				 comparisons[_i].got),
		comparisons[_i].equal);
}
END_TEST

START_TEST(test_divergences)
{
	struct divergences all = {0};
	struct divergence d = {.op = OP_read, .expected = 10, .got = 5, .count = 1, .index = 9};
	int i;

	divergences_add(&all, &d);
	d.got = 7;
	d.index = 4;
	divergences_add(&all, &d);
	ck_assert_uint_eq(all.n, 1);
	ck_assert_uint_eq(all.v[0].count, 2);
	ck_assert_uint_eq(all.v[0].index, 4); /* the earliest stays */
	ck_assert_int_eq(all.v[0].got, 7);
	for (i = 1; i < 2 * DIVERGENCE_KINDS; i++) {
		d.got = -i;
		divergences_add(&all, &d);
	}
	ck_assert_uint_eq(all.n, DIVERGENCE_KINDS);
	ck_assert_uint_eq(all.others, DIVERGENCE_KINDS);
}
END_TEST

/* ---- who runs what ---- */

START_TEST(test_sets)
{
	struct sets s = {0};

	ck_assert_int_eq(sets_fit(&s, 6), 0);
	sets_join(&s, 1, 3);
	sets_join(&s, 5, 3);
	sets_join(&s, 5, 1);
	ck_assert_uint_eq(sets_find(&s, 5), 1);
	ck_assert_uint_eq(sets_find(&s, 3), 1);
	ck_assert_uint_eq(sets_find(&s, 0), 0);
	sets_free(&s);
}
END_TEST

START_TEST(test_layout)
{
	struct vthread v[6] = {{.ops = 100, .process = 0}, {.ops = 90, .process = 1},
		{.ops = 20, .process = 2}, {.ops = 5, .process = 2}, {.ops = 0, .process = 3},
		{.ops = 4, .process = 2}};
	struct layout l;
	struct sets s = {0};

	ck_assert_int_eq(sets_fit(&s, 4), 0);
	ck_assert_int_eq(layout_make(&l, &s, v, 6, 2, 2), 0);
	ck_assert_uint_eq(l.workers, 2);
	ck_assert_uint_eq(l.threads, 3);
	ck_assert_uint_eq(v[0].real, 0); /* alone in the first worker */
	ck_assert_uint_eq(v[4].real, UINT32_MAX);
	ck_assert_uint_ge(v[1].real, 1); /* with the threads of process 2, on a thread of its own */
	ck_assert_uint_ne(v[1].real, v[2].real);
	ck_assert_uint_eq(v[2].real, v[3].real);
	ck_assert_uint_eq(v[2].real, v[5].real);
	layout_free(&l);

	sets_join(&s, 0, 1); /* what shares a descriptor stays together */
	sets_join(&s, 1, 2);
	ck_assert_int_eq(layout_make(&l, &s, v, 6, 2, 100), 0);
	ck_assert_uint_eq(l.workers, 1);
	ck_assert_uint_eq(l.threads, 5);
	layout_free(&l);
	sets_free(&s);
}
END_TEST

/* ---- paths ---- */

static const struct {
	const char *path;
	int kind; /* enum path_kind, or -1: refused */
} path_cases[] = {
	{"/home/.ioriot/t1/a/b", PATH_ABSOLUTE}, {"/home/.ioriot/t1", PATH_ABSOLUTE},
	{"a/b", PATH_RELATIVE}, {"", PATH_RELATIVE}, {"a..b/..c", PATH_RELATIVE},
	{"%fd/12", PATH_FD}, {"./%fd/12", PATH_RELATIVE},
	{"/home/.ioriot/t11/a", -1}, {"/home/.ioriot/t", -1}, {"/home/.ioriot/t1/../x", -1},
	{"/home/.ioriot/t1/..", -1}, {"/etc/passwd", -1}, {"/proc/self/fd/3", -1}, {"/", -1},
	{"..", -1}, {"a/../../b", -1}, {"a/..", -1},
};

START_TEST(test_paths)
{
	struct arena arena = ARENA_INIT;
	struct tree_set set;
	struct paths p;
	struct err err = {0};
	uint64_t ref = 0, again = 1;
	int rc;

	ck_assert_int_eq(tree_set_init(&set, &arena, STR("t1"), NULL, false, &err), 0);
	paths_init(&p, &set);
	rc = paths_add(&p, str_of(path_cases[_i].path), &ref, &err);
	if (path_cases[_i].kind < 0) {
		ck_assert_int_lt(rc, 0);
	} else {
		ck_assert_int_eq(rc, 0);
		ck_assert_int_eq((int)PATH_REF_KIND(ref), path_cases[_i].kind);
		ck_assert_int_eq(paths_add(&p, str_of(path_cases[_i].path), &again, &err), 0);
		ck_assert_uint_eq(again, ref);
	}
	if (path_cases[_i].kind == PATH_ABSOLUTE)
		ck_assert_str_eq(p.text.p + PATH_REF_VALUE(ref), path_cases[_i].path);
	paths_free(&p);
	arena_free(&arena);
}
END_TEST

START_TEST(test_path_nul)
{
	struct arena arena = ARENA_INIT;
	struct tree_set set;
	struct paths p;
	uint64_t ref;

	ck_assert_int_eq(tree_set_init(&set, &arena, STR("t1"), NULL, false, NULL), 0);
	paths_init(&p, &set);
	ck_assert_int_lt(paths_add(&p, STR("/a/.ioriot/t1/x\0y"), &ref, NULL), 0);
	ck_assert_int_lt(paths_add(&p, STR("x\0y"), &ref, NULL), 0);
	paths_free(&p);
	arena_free(&arena);
}
END_TEST

static const struct {
	const char *link, *target;
	bool allowed, up;
} link_cases[] = {
	{"/h/.ioriot/t1/a/l", "x/y", true, false}, {"/h/.ioriot/t1/a/l", "../y", true, true},
	{"/h/.ioriot/t1/a/l", "../../y", false, false}, {"/h/.ioriot/t1/a/l", "/etc", false, false},
	{"/h/.ioriot/t1/a/l", "/h/.ioriot/t1/z", true, false}, {"l", "../y", true, true},
	{"l", "a/../../y", false, false}, {"l", "./..", true, true}, {"l", "y", true, false},
	{"l", "/etc/passwd", false, false},
};

START_TEST(test_links)
{
	struct arena arena = ARENA_INIT;
	struct tree_set set;
	struct paths p;
	uint64_t ref;
	int rc;

	ck_assert_int_eq(tree_set_init(&set, &arena, STR("t1"), NULL, false, NULL), 0);
	paths_init(&p, &set);
	rc = paths_add_target(&p, str_of(link_cases[_i].link), str_of(link_cases[_i].target), &ref,
		NULL);
	ck_assert_int_eq(rc == 0, link_cases[_i].allowed);
	if (rc == 0)
		ck_assert_int_eq(p.up_links, link_cases[_i].up);
	paths_free(&p);
	arena_free(&arena);
}
END_TEST

/* ---- calls that an architecture lacks ---- */

START_TEST(test_legacy)
{
	const uint64_t old[6] = {10, 11, 12, 13, 14, 15}, cwd = (uint64_t)AT_FDCWD;
	const struct {
		enum op_id op;
		long nr;
		uint64_t reg[5];
	} want[] = {
		{OP_open, SYS_openat, {cwd, 10, 11, 12}},
		{OP_creat, SYS_openat, {cwd, 10, O_CREAT | O_WRONLY | O_TRUNC, 11}},
		{OP_lstat, SYS_newfstatat, {cwd, 10, 11, AT_SYMLINK_NOFOLLOW}},
		{OP_rmdir, SYS_unlinkat, {cwd, 10, AT_REMOVEDIR}},
		{OP_rename, SYS_renameat2, {cwd, 10, cwd, 11, 0}},
		{OP_symlink, SYS_symlinkat, {10, cwd, 11}},
		{OP_lchown, SYS_fchownat, {cwd, 10, 11, 12, AT_SYMLINK_NOFOLLOW}},
		{OP_futimesat, SYS_utimensat, {10, 11, 12, 0}},
	};
	uint64_t reg[6];
	size_t i, k;

	for (i = 0; i < sizeof(want) / sizeof(*want); i++) {
		ck_assert_int_eq(legacy_map(want[i].op, old, reg), want[i].nr);
		for (k = 0; k < 5; k++)
			ck_assert_uint_eq(reg[k], want[i].reg[k]);
	}
}
END_TEST

/* Whatever is issued by call has a number here and on aarch64, or a modern form. */
START_TEST(test_legacy_complete)
{
	const struct op *op = &ops[_i];
	uint64_t reg[6];

	if (op->flags & (OPF_STATE | OPF_NOFILE) || op->nr_aarch64 >= 0 || op->nr_x86_64 < 0 || exec_fns[_i] == exec_dup ||
		exec_fns[_i] == exec_fork)
		return;
	ck_assert_msg(legacy_map((enum op_id)_i, numbers, reg) >= 0, "%s", op->name);
}
END_TEST

/* ---- whole files ---- */

#define HEADER "#|replay_version=4|name=t1|id=abc|layout=mounts|\n"
#define TAIL   "#INIT\n#END\n"

static int load(struct program *p, const char *text, struct options *o, struct err *err)
{
	static char path[] = "/tmp/ioriot-unit-XXXXXX";
	int fd, rc;

	strcpy(path + sizeof(path) - 7, "XXXXXX");
	fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	o->replay = path;
	rc = program_load(p, o, NULL, err);
	unlink(path);
	return rc;
}

/* The operation at INDEX, wherever it went. */
static struct xop find_op(const struct program *p, uint64_t index, uint32_t *thread)
{
	struct xop x;

	for (*thread = 0; *thread < p->layout.threads; ++*thread) {
		struct xcursor c = xcursor_of(&p->streams[*thread], p->first_entry);

		x = XOP_START;
		while (xop_next(&c, &x))
			if (x.index == index)
				return x;
	}
	ck_abort_msg("operation %llu is lost", (unsigned long long)index);
	return x;
}

static const char two_threads[] = HEADER
	"0+0|0|0|-|/h/.ioriot/t1|%null|022|0|0|0|-|state_task@2|\n"
	"10+1|0|0|-|a|O_RDWR|0|>0|3|open@3|\n"
	"20+1|0|0|-|0:1|-|5|fork@4|\n"
	"30+1|1|0|-|0|10|10|read@5|\n"
	"40+1|0|0|5|0|10|10|write@6|\n"
	"50+1|1|0|6,5|0|10|10|read@7|\n"
	"60+1|0|0|5|0|-|0|close@8|\n" TAIL;

START_TEST(test_deps)
{
	struct options o = {.processes = 4, .threads = 8};
	struct err err = {0};
	struct program p;
	uint32_t t0, t1;
	struct xdep d;
	struct xop x;

	ck_assert_msg(load(&p, two_threads, &o, &err) == 0, "%s", err.text);
	ck_assert_uint_eq(p.layout.workers, 1); /* one process */
	ck_assert_uint_eq(p.layout.threads, 2);
	x = find_op(&p, 3, &t1); /* begins behind the fork though its DEPS do not say so */
	ck_assert_uint_eq(x.ndeps, 1);
	d = dep_next(&x.deps);
	x = find_op(&p, 2, &t0);
	ck_assert_uint_eq(d.thread, t0);
	ck_assert_uint_eq(d.seq, 2);
	ck_assert(x.meta & META_AWAITED);
	ck_assert_uint_ne(t0, t1);
	x = find_op(&p, 5, &t1); /* 5 is of its own thread */
	ck_assert_uint_eq(x.ndeps, 1);
	x = find_op(&p, 6, &t0); /* has waited for 5 already, at 6 */
	ck_assert_uint_eq(x.ndeps, 0);
	program_free(&p);

	o.threads = 1;
	ck_assert_int_eq(load(&p, two_threads, &o, &err), 0);
	ck_assert_uint_eq(p.layout.threads, 1);
	x = find_op(&p, 5, &t1);
	ck_assert_uint_eq(x.ndeps, 0);
	ck_assert(!(x.meta & META_AWAITED));
	program_free(&p);
}
END_TEST

START_TEST(test_orders)
{
	struct options o = {.processes = 1, .threads = 2, .order = ORDER_STRICT};
	struct program p;
	struct xop x;
	uint32_t t, i;

	ck_assert_int_eq(load(&p, two_threads, &o, NULL), 0);
	for (i = 3; i < 7; i++) { /* each on another thread than the one before */
		x = find_op(&p, i, &t);
		ck_assert_uint_eq(x.ndeps, 1);
	}
	program_free(&p);
	o.order = ORDER_THREAD;
	ck_assert_int_eq(load(&p, two_threads, &o, NULL), 0);
	for (i = 0; i < 7; i++) {
		x = find_op(&p, i, &t);
		ck_assert_uint_eq(x.ndeps, i == 3);
	}
	program_free(&p);
}
END_TEST

/* ---- stretches: operations that are taken all at once ---- */

#define LONG_STRETCH 40

/* LINES, and behind each of them LENGTH operations like LIKE, of its task. */
static void stretches(struct buf *text, const char *const *lines, size_t n, const char *like, size_t length)
{
	size_t i, k, label = 2;
	const char *at;
	unsigned task;

	text->len = 0;
	buf_puts(text, HEADER);
	for (i = 0; i < n; i++) {
		task = (unsigned)(strchr(lines[i], '|')[1] - '0');
		buf_addf(text, "%s@%zu|\n", lines[i], label++);
		for (k = 0; k < length; k++) {
			buf_addf(text, "9+1|%u|%u|-|", task, task);
			for (at = like; *at; at++) /* #: the number of the task; *: its own */
				if (*at == '#' || *at == '*')
					buf_u64(text, *at == '#' ? task : k);
				else
					buf_char(text, *at);
			buf_addf(text, "@%zu|\n", label++);
		}
	}
	buf_puts(text, TAIL);
	buf_char(text, '\0');
}

static const char a_task[] = "0+0|0|0|-|/h/.ioriot/t1|%null|022|0|0|0|-|state_task";
static const char a_fork[] = "0+0|0|0|-|1:1|-|5|fork";
static const char a_child[] = "0+0|1|1|-|99|0|SEEK_SET|-EBADF|lseek";
static const char *const with_fork[] = {a_task, a_fork, a_child};

static void check_layout(const char *const *lines, size_t n, const char *like, uint32_t workers, uint64_t files)
{
	struct options o = {.processes = 4, .threads = 4};
	struct buf text = BUF_INIT;
	struct err err = {0};
	struct program p;

	stretches(&text, lines, n, like, LONG_STRETCH);
	ck_assert_msg(load(&p, text.p, &o, &err) == 0, "%s", err.text);
	ck_assert_msg(p.layout.workers == workers, "%u workers: %s", p.layout.workers, like);
	ck_assert_uint_eq(p.files_max, files);
	program_free(&p);
	buf_free(&text);
}

START_TEST(test_no_operations)
{
	struct options o = {.processes = 4, .threads = 4};
	struct program p;

	ck_assert_int_eq(load(&p, HEADER TAIL, &o, NULL), 0);
	ck_assert_uint_eq(p.files_max, 0);
	program_free(&p);
}
END_TEST

START_TEST(test_stretches_tell_who_belongs_together)
{
	check_layout(with_fork, 3, "1#|*|SEEK_SET|0|lseek", 2, 1); /* each its own descriptor; the parent its directory */
	check_layout(with_fork, 3, "1|*|SEEK_SET|0|lseek", 1, 1);
	check_layout(with_fork, 3, "cwd|/h/.ioriot/t1/a#.*|0|0|newfstatat", 2, 1);
	check_layout(with_fork, 3, "cwd|a#.*|0|0|newfstatat", 1, 2); /* in the directory of the parent */
	check_layout(with_fork, 3, "/h/.ioriot/t1/a|0|0|>#000*|3|open", 2, LONG_STRETCH * 2 + 1);
}
END_TEST

/* What waits in a stretch, or is waited for, is found at its place. */
START_TEST(test_stretches_by_thread)
{
	static const char *const lines[] = {a_task, "0+0|0|0|-|0:1|-|5|fork", "0+0|1|0|20|9|0|SEEK_SET|-EBADF|lseek",
		"0+0|0|0|110|9|0|SEEK_SET|-EBADF|lseek", "0+0|1|0|-|9|0|SEEK_SET|-EBADF|lseek"};
	const size_t n = sizeof(lines) / sizeof(*lines);
	struct options o = {.processes = 1, .threads = 2};
	struct buf text = BUF_INIT;
	struct err err = {0};
	struct program p;
	uint32_t t, i, awaited = 0;
	struct xdep d;
	struct xop x;

	stretches(&text, lines, n, "#|*|SEEK_SET|0|lseek", LONG_STRETCH);
	for (i = 0; (i = (uint32_t)(strstr(text.p + i, "9+1|1|1|") - text.p)) < text.len; i++)
		text.p[i + 6] = '0'; /* two threads of one process */
	for (o.threads = 1; o.threads < 3; o.threads++) {
		ck_assert_msg(load(&p, text.p, &o, &err) == 0, "%s", err.text);
		ck_assert_uint_eq(p.layout.threads, o.threads);
		for (i = 0; i < p.ops; i++) {
			x = find_op(&p, i, &t);
			ck_assert_uint_eq(x.label, i + 2);
			if (i % (LONG_STRETCH + 1))
				ck_assert_uint_eq(x.arg[1], i % (LONG_STRETCH + 1) - 1);
			awaited += !!(x.meta & META_AWAITED);
		}
		program_free(&p);
	}
	ck_assert_uint_eq(awaited, 3); /* with two threads: the fork too */
	o.threads = 2;
	ck_assert_int_eq(load(&p, text.p, &o, &err), 0);
	x = find_op(&p, 110 - 2, &t);
	ck_assert(x.meta & META_AWAITED);
	x = find_op(&p, 3 * (LONG_STRETCH + 1), &i);
	ck_assert_uint_eq(x.ndeps, 1);
	d = dep_next(&x.deps);
	ck_assert_uint_eq(d.thread, t);
	ck_assert_uint_eq(d.seq, 110 - 2 - 2 * (LONG_STRETCH + 1));
	program_free(&p);
	buf_free(&text);
}
END_TEST

/* Chunks that are of one stretch become pieces of a stream; the last one does not. */
START_TEST(test_stretches_of_whole_chunks)
{
	static const char *const lines[] = {a_task, "0+0|0|0|-|5|0|SEEK_SET|0|lseek"};
	const uint64_t length = 100000;
	struct options o = {.processes = 1, .threads = 1};
	struct xop x = XOP_START;
	struct buf text = BUF_INIT;
	struct err err = {0};
	struct program p;
	struct xcursor c;
	uint64_t i;

	stretches(&text, lines, 2, "7|*|SEEK_SET|0|lseek", length);
	ck_assert_msg(load(&p, text.p, &o, &err) == 0, "%s", err.text);
	ck_assert_uint_ge(p.streams[0].pieces.n, 2);
	c = xcursor_of(&p.streams[0], p.first_entry);
	for (i = 0; xop_next(&c, &x); i++)
		if (x.index != i || x.label != i + 2 || (i % (length + 1) && x.arg[1] != i % (length + 1) - 1))
			ck_abort_msg("operation %llu", (unsigned long long)i);
	ck_assert_uint_eq(i, 2 * (length + 1));
	ck_assert(!xop_next(&c, &x));
	program_free(&p);
	buf_free(&text);
}
END_TEST

/* ---- pacing ---- */

static const struct {
	uint64_t from, ns;
	double speed;
	uint64_t deadline;
} deadlines[] = {
	{1000, 500, 1, 1500},
	{1000, 500, 2, 1250},
	{1000, 500, 0.5, 2000},
	{1000, 0, 1, 1000},
	{1000, UINT64_MAX, 1, INT64_MAX}, /* never, and no overflow on the way */
	{1000, UINT64_MAX, 1e-300, INT64_MAX},
	{1000, 1, 1e-300, INT64_MAX},
	{1000, UINT64_MAX, 1e300, 1000},
	{UINT64_MAX, 1, 1, INT64_MAX},
};

START_TEST(test_deadline)
{
	ck_assert_uint_eq(pace_deadline(deadlines[_i].from, deadlines[_i].ns, deadlines[_i].speed),
		deadlines[_i].deadline);
}
END_TEST

START_TEST(test_gap)
{
	ck_assert_uint_eq(pace_gap(10, 30), 20);
	ck_assert_uint_eq(pace_gap(30, 30), 0);
	ck_assert_uint_eq(pace_gap(31, 30), 0);
	ck_assert_uint_eq(pace_gap(UINT64_MAX, 0), 0);
}
END_TEST

START_TEST(test_owed)
{
	ck_assert_uint_eq(pace_owed(0), 0);
	ck_assert_uint_eq(pace_owed(300), 300);
	ck_assert_uint_eq(pace_owed(4000000), 4000000);
	ck_assert_uint_eq(pace_owed(50000001), 50000000);
	ck_assert_uint_eq(pace_owed(UINT64_MAX), 50000000);
}
END_TEST

/* Operations 50 us apart, of which each sleep takes TOOK ns longer than asked for; how many slept. */
static unsigned sleeps(uint64_t *wakeup, unsigned n, uint64_t took)
{
	unsigned slept = 0;

	while (n--)
		if (wakeup_fits(wakeup, 50000)) {
			wakeup_learn(wakeup, took);
			slept++;
		}
	return slept;
}

/* When a host was slow for a while, threads find out that it is no more. */
START_TEST(test_wakeup)
{
	uint64_t wakeup = WAKEUP_FIRST;

	ck_assert_uint_eq(sleeps(&wakeup, 1000, 5000), 1000);
	ck_assert_uint_lt(wakeup, 6000);
	ck_assert_uint_gt(wakeup, 4500);
	ck_assert_uint_lt(sleeps(&wakeup, 1000, 500000), 500);
	ck_assert_uint_gt(wakeup, 40000);
	sleeps(&wakeup, 100, 5000);
	ck_assert_uint_eq(sleeps(&wakeup, 1000, 5000), 1000);
	ck_assert_uint_lt(wakeup, 6000);
	wakeup = WAKEUP_FIRST;
	ck_assert(!wakeup_fits(&wakeup, WAKEUP_FIRST));
	ck_assert_uint_eq(wakeup, WAKEUP_FIRST);
}
END_TEST

START_TEST(test_pace_kinds)
{
	ck_assert_int_eq(pace_kind_of(&(struct options){.speed = 0}), PACE_NONE);
	ck_assert_int_eq(pace_kind_of(&(struct options){.speed = 2}), PACE_START);
	ck_assert_int_eq(pace_kind_of(&(struct options){.pace = PACE_WORD_THINK}), PACE_BEFORE);
	ck_assert(pace_speed_of(&(struct options){.pace = PACE_WORD_THINK}) == 1);
	ck_assert(pace_speed_of(&(struct options){.speed = 2}) == 2);
}
END_TEST

/*
 * Time in calls is no think time, nor is that of others: a read of 400 ns, a thread that begins 70 ns
 * after the fork that made it was over, one that waited for it, and a process of the start.
 */
static const char thinkers[] = HEADER
	"0+0|0|0|-|/h/.ioriot/t1|%null|022|0|0|0|-|state_task@2|\n"
	"100+10|0|0|-|a|O_RDWR|0|>0|3|open@3|\n"
	"130+400|0|0|-|0|10|10|read@4|\n"
	"535+5|0|0|-|0:1|-|5|fork@5|\n"
	"610+10|1|0|-|0|10|10|read@6|\n"
	"560+100|0|0|6|0|10|10|write@7|\n"
	"700+10|2|1|-|/h/.ioriot/t1/b|0|unlink@8|\n"
	"650+10|0|0|-|0|10|10|write@9|\n" TAIL;

START_TEST(test_gaps)
{
	static const struct {
		uint64_t index, gap;
		uint32_t thread;
	} want[] = {{1, 0, 0}, {2, 20, 0}, {3, 5, 0}, {4, 70, 1}, {5, 20, 0}, {6, 600, 2}, {7, 0, 0}};
	struct options o = {.processes = 1, .threads = 1 + (unsigned)_i, .pace = PACE_WORD_THINK};
	struct err err = {0};
	struct program p;
	struct xop x;
	uint32_t t;
	size_t i;

	ck_assert_msg(load(&p, thinkers, &o, &err) == 0, "%s", err.text);
	ck_assert_uint_eq(p.vthreads, 3);
	for (i = 0; i < sizeof(want) / sizeof(*want); i++) {
		x = find_op(&p, want[i].index, &t);
		ck_assert_msg(x.gap == want[i].gap, "operation %zu: gap %llu", i,
			(unsigned long long)x.gap);
		ck_assert_uint_eq(x.thread, want[i].thread);
	}
	program_free(&p);
}
END_TEST

static const struct {
	const char *lines, *says;
} refusals[] = {
	{"0+1|0|0|9|sync@2|\n", "field"},
	{"0+1|0|0|9|0|sync@2|\n", "waits for operation 9"},
	{"0+1|0|0|2|0|sync@2|\n", "waits for operation 2"},
	{"0+1|0|0|3|0|sync@2|\n0+1|1|1|2|0|sync@3|\n", "waits for operation 3"},
	{"0+1|4000000000|0|-|0|sync@2|\n", "thread number"},
	{"0+1|0|4000000000|-|0|sync@2|\n", "process number"},
	{"0+1|0|0|-|4000000000|0|fsync@2|\n", "descriptor number"},
	{"0+1|0|0|-|/etc/passwd|0|unlink@2|\n", "/etc/passwd"},
	{"0+1|0|0|-|a|0|unlink@2|\n", "relative paths"},
	{"0+1|0|0|-|/h/.ioriot/t1/a|/h/.ioriot/t1/../t2|0|rename@2|\n", "component"},
};

START_TEST(test_refused)
{
	struct options o = {.processes = 1, .threads = 1};
	char text[1000];
	struct err err = {0};
	struct program p;

	snprintf(text, sizeof(text), HEADER "%s" TAIL, refusals[_i].lines);
	ck_assert_int_lt(load(&p, text, &o, &err), 0);
	ck_assert_msg(strstr(err.text, refusals[_i].says), "%s", err.text);
	program_free(&p);
}
END_TEST

/* Labels need not ascend: lines may have been moved by hand. */
START_TEST(test_moved_lines)
{
	struct options o = {.processes = 2, .threads = 1};
	struct program p;
	struct err err = {0};
	uint32_t t;

	ck_assert_msg(load(&p,
			      HEADER "0+1|0|0|-|0|sync@9|\n0+1|1|1|9|0|sync@3|\n"
				     "0+1|0|0|3|0|sync@5|\n" TAIL,
			      &o, &err) == 0,
		"%s", err.text);
	ck_assert_uint_eq(find_op(&p, 1, &t).ndeps, 1);
	ck_assert_uint_eq(find_op(&p, 2, &t).ndeps, 1);
	program_free(&p);
}
END_TEST

/* Copies share the streams, and their paths lie at the same places. */
START_TEST(test_copies)
{
	struct options o = {.processes = 1, .threads = 1, .scale = 12};
	struct err err = {0};
	struct program p;
	struct xop x;
	uint32_t t, i;

	ck_assert_msg(load(&p, HEADER "1+1|0|0|-|/h/.ioriot/t1/a|/h/.ioriot/t1/t1.copy001|0|rename@2|\n"
				      "2+1|0|0|-|/h/.ioriot/t1|04|0|access@3|\n"
				      "3+1|0|0|-|/g/h/.ioriot/t1/x|/h/.ioriot/t1/y|0|symlink@4|\n"
				      "4+1|0|0|-|r/.ioriot/t1.copy001|04|0|access@5|\n" TAIL,
			      &o, &err) == 0,
		"%s", err.text);
	ck_assert_uint_eq(p.ncopies, 12);
	ck_assert_uint_eq(program_threads(&p), 12);
	for (i = 0; i < 12; i++) {
		const char *s = p.copies[i].strings;
		char name[4][64];

		snprintf(name[0], sizeof(*name), "/h/.ioriot/t1.copy%03u/a", i + 1);
		snprintf(name[1], sizeof(*name), "/h/.ioriot/t1.copy%03u/t1.copy001", i + 1);
		snprintf(name[2], sizeof(*name), "/h/.ioriot/t1.copy%03u", i + 1);
		snprintf(name[3], sizeof(*name), "/g/h/.ioriot/t1.copy%03u/x", i + 1);
		x = find_op(&p, 0, &t);
		ck_assert_str_eq(s + PATH_REF_VALUE(x.path), name[0]);
		ck_assert_str_eq(s + PATH_REF_VALUE(x.path2), name[1]);
		x = find_op(&p, 1, &t);
		ck_assert_str_eq(s + PATH_REF_VALUE(x.path), name[2]);
		x = find_op(&p, 2, &t);
		ck_assert(strcmp(s + PATH_REF_VALUE(x.path), name[3]) == 0 || strcmp(s + PATH_REF_VALUE(x.path2), name[3]) == 0);
		x = find_op(&p, 3, &t);
		ck_assert_str_eq(s + PATH_REF_VALUE(x.path), "r/.ioriot/t1.copy001");
		ck_assert_uint_eq(p.copies[i].trees.n, 2);
		ck_assert_str_eq(p.copies[i].trees.v[0].path, name[2]);
	}
	program_free(&p);
}
END_TEST

/* Those with the most operations keep their names; what is not told apart stays in the sum. */
START_TEST(test_by_file)
{
	static const uint32_t of[] = {2, 0, 2, UINT32_MAX, 1, 2, 1, 9, 2};
	static const char *const names[] = {"rare", "some", "often", "never"};
	struct by_file b;
	uint32_t *own = malloc(sizeof(of)), i;

	ck_assert_ptr_nonnull(own);
	memcpy(own, of, sizeof(of));
	ck_assert_int_eq(by_file_make(&b, own, sizeof(of) / sizeof(*of), names, 4), 0);
	ck_assert_uint_eq(b.n, FILES_BEFORE + 3);
	ck_assert_str_eq(b.names[by_file_of(&b, 0)], "often");
	ck_assert_str_eq(b.names[by_file_of(&b, 4)], "some");
	ck_assert_str_eq(b.names[by_file_of(&b, 1)], "rare");
	ck_assert_uint_eq(by_file_of(&b, 3), FILE_NONE);
	ck_assert_uint_eq(by_file_of(&b, 7), FILE_NONE); /* a number without a name */
	ck_assert_uint_eq(by_file_of(&b, 9), FILE_NONE);
	for (i = 0; i < sizeof(of) / sizeof(*of); i++)
		hist_add(&b.captured[by_file_of(&b, i)], i);
	by_file_fit(&b, FILES_ROOM / sizeof(struct file_result) / 3);
	ck_assert_uint_eq(b.n, FILES_BEFORE + 1);
	ck_assert_uint_eq(b.others, 2);
	ck_assert_str_eq(b.names[by_file_of(&b, 8)], "often");
	ck_assert_uint_eq(by_file_of(&b, 1), FILE_OTHERS);
	ck_assert_uint_eq(b.captured[FILE_OTHERS].sum, 1 + 4 + 6);
	by_file_fit(&b, UINT64_MAX);
	ck_assert_uint_eq(b.n, FILES_BEFORE);
	ck_assert_uint_eq(b.captured[FILE_OTHERS].count, 7);
	by_file_free(&b);
	ck_assert_int_eq(by_file_make(&b, NULL, 0, names, 0), 0);
	ck_assert_uint_eq(b.n, FILES_BEFORE);
	by_file_free(&b);
}
END_TEST

/* ---- places of descriptors ---- */

static uint32_t placed_made(struct fd_places *p, uint32_t thread, uint64_t line, uint32_t number)
{
	fd_places_line(p, thread, thread, line, false);
	return fd_place_made(p, number);
}

static void placed_close(struct fd_places *p, uint32_t thread, uint64_t line, uint32_t number)
{
	fd_places_line(p, thread, thread, line, false);
	fd_place_closed(p, number);
}

/* Opened and closed a hundred thousand times: the table is as large as what rests. */
START_TEST(test_places_are_used_again)
{
	struct fd_places p = {0};
	uint32_t first = placed_made(&p, 0, 0, 0), i;

	for (i = 1; i < 100000; i++) {
		ck_assert_uint_ne(placed_made(&p, 0, 2 * i, i), first);
		placed_close(&p, 0, 2 * i + 1, i);
	}
	ck_assert_uint_eq(fd_place(&p, 0), first);
	ck_assert_uint_lt(fd_places_count(&p), 600);
	ck_assert_int_eq(p.failed, 0);
	fd_places_free(&p);
}
END_TEST

/* Threads do not share a cache line, nor take each other's places. */
START_TEST(test_places_by_thread)
{
	struct fd_places p = {0};
	uint32_t i, a, b;

	for (i = 0; i < 5000; i++) {
		a = placed_made(&p, 1, 4 * i, 2 * i);
		b = placed_made(&p, 2, 4 * i + 1, 2 * i + 1);
		ck_assert_uint_ne(a / 16, b / 16);
		placed_close(&p, 1, 4 * i + 2, 2 * i);
	}
	a = placed_made(&p, 2, 4 * i, 2 * i);
	for (i = 0; i < 5000; i++)
		ck_assert_uint_ne(fd_place(&p, 2 * i + 1), a);
	fd_places_free(&p);
}
END_TEST

/* A number that is used behind its close, or made again, has its place yet. */
START_TEST(test_places_after_close)
{
	struct fd_places p = {0};
	uint32_t used = placed_made(&p, 0, 0, 0), again = placed_made(&p, 0, 0, 1), i;

	placed_close(&p, 0, 1, 0);
	placed_close(&p, 0, 1, 1);
	ck_assert_uint_eq(placed_made(&p, 0, 2, 1), again);
	for (i = 2; i < 5000; i++) {
		fd_places_line(&p, 0, 0, 10 * i, false);
		ck_assert_uint_eq(fd_place(&p, 0), used);
		ck_assert_uint_ne(placed_made(&p, 0, 10 * i, i), used);
		ck_assert_uint_ne(fd_place(&p, i), again);
		placed_close(&p, 0, 10 * i + 1, i);
	}
	fd_places_free(&p);
}
END_TEST

/* A server that forks: children get three descriptors each, open two of their own, and end. */
START_TEST(test_places_of_those_that_ended)
{
	struct fd_places p = {0};
	uint32_t number = 0, child, k, at_first;
	uint64_t line = 1, waits = 0;

	for (child = 1; child <= 20000; child++) {
		if (child == 10000)
			at_first = fd_places_count(&p);
		p.awaited.n = 0;
		for (k = 0; k < 3; k++)
			placed_made(&p, 0, line, number + k);
		for (k = 3; k < 5; k++)
			placed_made(&p, child, line + k, number + k);
		for (k = 0; k < p.awaited.n; k++, waits++)
			ck_assert_uint_lt(p.awaited.v[k] + 1000 * 10, line); /* a thousand children ago */
		for (k = 0; k < 5; k++)
			placed_close(&p, child, line + 9, number + k);
		fd_places_ended(&p, line + 9);
		number += 5;
		line += 10;
	}
	ck_assert_uint_gt(waits, 10000);
	ck_assert_uint_lt(at_first, 40000);
	ck_assert_uint_eq(fd_places_count(&p), at_first);
	for (k = 0; k < 16; k++) /* who is behind an end in the file still finds the place that was closed */
		ck_assert_uint_ne(fd_place(&p, number - 1 - k), placed_made(&p, 0, line, number + k));
	ck_assert_int_eq(p.failed, 0);
	fd_places_free(&p);
}
END_TEST

/* Processes that use a place one after the other need not be one. */
START_TEST(test_places_join_nobody)
{
	struct fd_places p = {0};
	uint32_t i, k;

	for (i = 0; i < 5000; i++) {
		for (k = 0; k < 8; k++)
			placed_made(&p, i, 20 * i + k, 8 * i + k);
		for (k = 0; k < 8; k++)
			placed_close(&p, i, 20 * i + 8 + k, 8 * i + k);
		fd_places_ended(&p, 20 * i + 16);
	}
	ck_assert_uint_lt(fd_places_count(&p), 40000);
	ck_assert_int_eq(p.failed, 0);
	ck_assert_int_eq(sets_fit(&p.processes, 5000), 0);
	for (i = 0; i < 5000; i++)
		ck_assert_uint_eq(sets_find(&p.processes, i), i);
	fd_places_free(&p);
}
END_TEST

START_TEST(test_places_are_kept)
{
	struct fd_places p = {0};
	uint32_t i;

	for (i = 0; i < 10000; i++) {
		fd_places_line(&p, 0, 0, 10 * i, i > 0);
		ck_assert_uint_eq(fd_place_made(&p, i), i);
		fd_place_closed(&p, i);
	}
	ck_assert_uint_eq(fd_place(&p, VFD_CWD), VFD_CWD);
	ck_assert_uint_eq(fd_place_made(&p, VFD_NONE), VFD_NONE);
	ck_assert_int_eq(p.failed, 0);
	fd_place(&p, VFD_CWD - 1);
	ck_assert_int_eq(p.failed, -ERANGE);
	ck_assert_uint_eq(p.absurd, VFD_CWD - 1);
	fd_places_free(&p);
}
END_TEST

Suite *engine_suite(void)
{
	TCase *tc;
	Suite *s = suite_with("engine", &tc);

	tcase_add_loop_test(tc, test_numbers, 0, sizeof(numbers) / sizeof(*numbers));
	tcase_add_loop_test(tc, test_round_trip, 0, OP_COUNT);
	tcase_add_test(tc, test_size);
	tcase_add_loop_test(tc, test_compare, 0, sizeof(comparisons) / sizeof(*comparisons));
	tcase_add_test(tc, test_divergences);
	tcase_add_test(tc, test_sets);
	tcase_add_test(tc, test_layout);
	tcase_add_loop_test(tc, test_paths, 0, sizeof(path_cases) / sizeof(*path_cases));
	tcase_add_test(tc, test_path_nul);
	tcase_add_loop_test(tc, test_links, 0, sizeof(link_cases) / sizeof(*link_cases));
	tcase_add_test(tc, test_legacy);
	tcase_add_loop_test(tc, test_legacy_complete, 0, OP_COUNT);
	tcase_add_test(tc, test_deps);
	tcase_add_test(tc, test_orders);
	tcase_add_test(tc, test_no_operations);
	tcase_add_test(tc, test_stretches_tell_who_belongs_together);
	tcase_add_test(tc, test_stretches_by_thread);
	tcase_add_test(tc, test_stretches_of_whole_chunks);
	tcase_add_loop_test(tc, test_deadline, 0, sizeof(deadlines) / sizeof(*deadlines));
	tcase_add_test(tc, test_gap);
	tcase_add_test(tc, test_owed);
	tcase_add_test(tc, test_wakeup);
	tcase_add_test(tc, test_pace_kinds);
	tcase_add_loop_test(tc, test_gaps, 0, 4);
	tcase_add_loop_test(tc, test_refused, 0, sizeof(refusals) / sizeof(*refusals));
	tcase_add_test(tc, test_moved_lines);
	tcase_add_test(tc, test_copies);
	tcase_add_test(tc, test_by_file);
	tcase_add_test(tc, test_places_are_used_again);
	tcase_add_test(tc, test_places_by_thread);
	tcase_add_test(tc, test_places_after_close);
	tcase_add_test(tc, test_places_of_those_that_ended);
	tcase_add_test(tc, test_places_join_nobody);
	tcase_add_test(tc, test_places_are_kept);
	return s;
}
