/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/fs.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "capture/compat.h"
#include "capture/buffer.h"
#include "capture/facts.h"
#include "capture/paths.h"
#include "capture/program.h"
#include "capture/ptrace_filter.h"
#include "ops/words.h"
#include "suites.h"
#include "tempdir.h"

/* --- the seccomp program, run as the kernel runs it --- */

#define OTHER_ARCH 0x40000028u /* AUDIT_ARCH_ARM */

static uint32_t run_filter_on(const struct filter *f, struct seccomp_data data)
{
	uint32_t a = 0;
	unsigned pc;

	for (pc = 0; pc < f->len; pc++) {
		const struct sock_filter *i = &f->code[pc];

		switch (i->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			memcpy(&a, (char *)&data + i->k, sizeof(a));
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			pc += a == i->k ? i->jt : i->jf;
			break;
		case BPF_JMP | BPF_JSET | BPF_K:
			pc += a & i->k ? i->jt : i->jf;
			break;
		case BPF_JMP | BPF_JA:
			pc += i->k;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			pc += a >= i->k ? i->jt : i->jf;
			break;
		case BPF_RET | BPF_K:
			return i->k;
		default:
			ck_abort_msg("instruction %u", i->code);
		}
	}
	ck_abort_msg("no return");
}

static uint32_t run_filter_with(
	const struct filter *f, uint32_t arch, uint32_t nr, uint64_t second)
{
	return run_filter_on(f, (struct seccomp_data){.nr = (int)nr, .arch = arch, .args = {0, second}});
}

static uint32_t run_filter(const struct filter *f, uint32_t arch, uint32_t nr)
{
	return run_filter_with(f, arch, nr, 0);
}

START_TEST(filter_stops_some_commands)
{
	struct filter f;

	ck_assert_int_eq(filter_build_for_ops(&f, NULL, NULL, 0, NULL), 0);
	if (FILTER_X32) {
		ck_assert_uint_eq(run_filter(&f, FILTER_ARCH, FILTER_X32), SECCOMP_RET_TRACE);
		ck_assert_uint_eq(run_filter(&f, FILTER_ARCH, FILTER_X32 + 547), SECCOMP_RET_TRACE);
		ck_assert_uint_eq(run_filter(&f, FILTER_ARCH, FILTER_X32 - 1), SECCOMP_RET_ALLOW);
		ck_assert_uint_eq(run_filter(&f, FILTER_ARCH, UINT32_MAX), SECCOMP_RET_ALLOW);
	}
	ck_assert_uint_eq(run_filter_with(&f, FILTER_ARCH, SYS_ioctl, FICLONE), SECCOMP_RET_TRACE);
	ck_assert_uint_eq(
		run_filter_with(&f, FILTER_ARCH, SYS_ioctl, FICLONERANGE), SECCOMP_RET_TRACE);
	ck_assert_uint_eq(
		run_filter_with(&f, FILTER_ARCH, SYS_ioctl, FIDEDUPERANGE), SECCOMP_RET_TRACE);
	ck_assert_uint_eq(run_filter_with(&f, FILTER_ARCH, SYS_ioctl, FIOCLEX), SECCOMP_RET_TRACE);
	ck_assert_uint_eq(run_filter_with(&f, FILTER_ARCH, SYS_ioctl, TCGETS), SECCOMP_RET_ALLOW);
	ck_assert_uint_eq(run_filter_with(&f, FILTER_ARCH, SYS_ioctl, 0), SECCOMP_RET_ALLOW);
	ck_assert_uint_eq(run_filter_with(&f, FILTER_ARCH, SYS_getppid, FICLONE),
		SECCOMP_RET_ALLOW);
}
END_TEST

START_TEST(filter_stops_the_calls_of_the_table)
{
	struct filter f;
	uint32_t nr;

	ck_assert_int_eq(filter_build_for_ops(&f, NULL, (unsigned[]){4000}, 1, NULL), 0);
	for (nr = 0; nr < 5000; nr++) {
		bool wanted = (op_by_nr(nr) >= 0 && nr != SYS_ioctl) || nr == 4000;

		ck_assert_msg(run_filter(&f, FILTER_ARCH, nr) ==
			(wanted ? SECCOMP_RET_TRACE : SECCOMP_RET_ALLOW), "call %u", nr);
		ck_assert_uint_eq(run_filter(&f, OTHER_ARCH, nr), SECCOMP_RET_ALLOW);
	}
	ck_assert_uint_eq(run_filter(&f, FILTER_ARCH, UINT32_MAX), SECCOMP_RET_ALLOW);
}
END_TEST

START_TEST(filter_lets_go_what_is_not_wanted)
{
	static const char *const lists[] = {"READ", "!READ", "AIO,fsync", "!ioctl,!Memory", "!*"};
	bool wanted[OP_COUNT];
	struct filter f;
	uint32_t nr;
	size_t i;

	for (i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
		ck_assert_int_eq(words_choose(wanted, lists[i], "-E", NULL), 0);
		ck_assert_int_eq(filter_build_for_ops(&f, wanted, NULL, 0, NULL), 0);
		for (nr = 0; nr < 1000; nr++) {
			int op = op_by_nr(nr);
			bool stop = op >= 0 && op != OP_ioctl && wanted[op];

			ck_assert_msg(run_filter(&f, FILTER_ARCH, nr) ==
				(stop ? SECCOMP_RET_TRACE : SECCOMP_RET_ALLOW), "%s: call %u", lists[i], nr);
		}
		ck_assert_uint_eq(run_filter_with(&f, FILTER_ARCH, SYS_ioctl, FICLONE),
			wanted[OP_ioctl] ? SECCOMP_RET_TRACE : SECCOMP_RET_ALLOW);
	}
}
END_TEST

#if FILTER_COMPAT
START_TEST(filter_stops_32_bit_calls)
{
	struct filter f;
	uint32_t nr;

	ck_assert_int_eq(filter_build_for_ops(&f, NULL, NULL, 0, NULL), 0);
	for (nr = 0; nr < 1000; nr++) { /* 0: restart_syscall */
		bool stop = nr == 0 || nr == COMPAT_NR_SOCKETCALL || compat_find(nr, 0) || compat_identity(nr) >= 0;

		ck_assert_msg(run_filter(&f, FILTER_COMPAT, nr) == (stop ? SECCOMP_RET_TRACE : SECCOMP_RET_ALLOW),
			"call %u", nr);
	}
	ck_assert_int_eq(compat_identity(172), SYS_prctl);
	ck_assert_int_eq(compat_identity(173), -1);
	ck_assert_uint_eq(run_filter(&f, FILTER_COMPAT, UINT32_MAX), SECCOMP_RET_ALLOW);
}
END_TEST
#endif

static bool stops(const struct filter *f, long nr, uint64_t b, uint64_t c, uint64_t d)
{
	struct seccomp_data data = {.nr = (int)nr, .arch = FILTER_ARCH, .args = {0, b, c, d}};

	return run_filter_on(f, data) == SECCOMP_RET_TRACE;
}

START_TEST(filter_lets_other_memory_go)
{
	const uint64_t fixed = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
	struct filter f;
	struct stat st;

	ck_assert_int_eq(filter_build_for_ops(&f, NULL, NULL, 0, NULL), 0);
	ck_assert(stops(&f, SYS_mmap, 5000, PROT_READ, MAP_SHARED));
	ck_assert(stops(&f, SYS_mmap, 5000, PROT_READ, MAP_PRIVATE | MAP_FIXED));
	ck_assert(!stops(&f, SYS_mmap, 5000, PROT_READ, MAP_PRIVATE | MAP_DENYWRITE));
	ck_assert(!stops(&f, SYS_mmap, 5000, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS));
	ck_assert(!stops(&f, SYS_mmap, 5000, PROT_READ, fixed));
	ck_assert(stops(&f, SYS_mmap, 5000, PROT_NONE, fixed));
	ck_assert(stops(&f, SYS_munmap, 5000, 0, 0));
	ck_assert(stops(&f, SYS_madvise, 5000, MADV_WILLNEED, 0));
	ck_assert(!stops(&f, SYS_madvise, 5000, MADV_DONTNEED, 0));
	ck_assert(!stops(&f, SYS_madvise, 5000, MADV_FREE, 0));
	ck_assert(!stops(&f, SYS_mprotect, 5000, PROT_READ, 0));
	if (stat("/etc/ld.so.cache", &st))
		return;
	ck_assert(!stops(&f, SYS_mmap, (uint64_t)st.st_size, PROT_READ, MAP_PRIVATE));
	ck_assert(!stops(&f, SYS_munmap, (uint64_t)st.st_size, 0, 0));
	ck_assert(stops(&f, SYS_munmap, (uint64_t)st.st_size + ((uint64_t)1 << 32), 0, 0));
	ck_assert(stops(&f, SYS_msync, (uint64_t)st.st_size, 0, 0));
}
END_TEST

START_TEST(filter_takes_any_set)
{
	static const struct {
		unsigned numbers[6];
		size_t n;
	} sets[] = {{{0}, 0}, {{0}, 1}, {{7, 7, 7}, 3}, {{3, 2, 1, 0}, 4}, {{5, 1, 3, 9, 7, 0}, 6},
		{{8, 9, 1, 2, 5, 6}, 6}};
	struct filter f;
	size_t s, i;
	uint32_t nr;

	for (s = 0; s < sizeof(sets) / sizeof(*sets); s++) {
		unsigned numbers[6];

		memcpy(numbers, sets[s].numbers, sizeof(numbers));
		ck_assert_int_eq(filter_build(&f, numbers, sets[s].n, NULL), 0);
		for (nr = 0; nr < 12; nr++) {
			bool wanted = false;

			for (i = 0; i < sets[s].n; i++)
				wanted |= sets[s].numbers[i] == nr;
			ck_assert_uint_eq(run_filter(&f, FILTER_ARCH, nr) == SECCOMP_RET_TRACE, wanted);
		}
	}
}
END_TEST

/* --- names --- */

/* A tree in the test's directory, and what was written about it. */
struct scene {
	struct tempdir dir;
	struct sink *sink;
	struct paths *paths;
	struct dir *root, *here;
	char *text; /* of the capture, read at the end */
};

static const struct who nobody = {1, 1};

static void scene_enter(struct scene *s)
{
	struct err err;

	tempdir_enter(&s->dir);
	ck_assert_int_eq(sink_open(&s->sink, "/dev/null", &err), 0);
	sink_abort(s->sink);
	ck_assert_int_eq(sink_open(&s->sink, "capture", &err), 0);
	ck_assert_int_eq(paths_open(&s->paths, s->sink, &err), 0);
	s->root = paths_dirs(s->paths)->root;
	s->here = paths_find(s->paths, nobody, str_of(s->dir.path));
	ck_assert_ptr_nonnull(s->here);
	s->text = NULL;
}

static struct name *walk(struct scene *s, const char *path)
{
	return paths_walk(s->paths, nobody, s->root, (struct start){.dir = s->here}, str_of(path));
}

static void scene_read(struct scene *s)
{
	static char text[65536];
	struct sink_totals totals;

	paths_close(s->paths);
	ck_assert_int_eq(sink_close(s->sink, &totals, NULL), 0);
	text[file_get("capture", text, sizeof(text) - 1)] = '\0';
	s->text = text;
}

/* How many records say WHAT of a name in the test's directory. */
static int count(struct scene *s, const char *name, const char *what)
{
	char want[256];
	const char *at;
	int n = 0;

	snprintf(want, sizeof(want), "o=state_path;:,p=%s/%s;:,%s", s->dir.path, name, what);
	for (at = s->text; (at = strstr(at, want)); at++)
		n++;
	return n;
}

START_TEST(names_are_written_once)
{
	struct scene s;

	scene_enter(&s);
	mkdir("d", 0700);
	file_put("d/f", "x", 1);
	ck_assert_int_eq(symlink("d/f", "l"), 0);
	ck_assert_ptr_eq(walk(&s, "d/f"), walk(&s, "./d/../d//f"));
	ck_assert_ptr_ne(walk(&s, "l"), walk(&s, "d/f"));
	ck_assert_ptr_nonnull(walk(&s, "d/none"));
	ck_assert_ptr_nonnull(walk(&s, "d/none/")); /* as mkdir(2) may be called */
	ck_assert_ptr_null(walk(&s, "d/none/x"));
	ck_assert_ptr_null(walk(&s, "d/f/x"));
	ck_assert_ptr_null(walk(&s, "d/.."));
	ck_assert_ptr_null(walk(&s, ""));
	ck_assert_ptr_null(paths_walk(s.paths, nobody, s.root, (struct start){0}, STR("d/f")));
	scene_read(&s);
	ck_assert_int_eq(count(&s, "d", "x="), 1);
	ck_assert_int_eq(count(&s, "d/f", "x="), 1);
	ck_assert_int_eq(count(&s, "l", "P=d/f;:,x="), 1);
	ck_assert_int_eq(count(&s, "d/none", "x=-"), 1);
	ck_assert_int_eq(count(&s, "d/none/x", ""), 0);
	unlink("d/f");
	tempdir_leave(&s.dir);
}
END_TEST

START_TEST(names_are_written_again_in_a_new_file)
{
	struct scene s;

	scene_enter(&s);
	mkdir("d", 0700);
	file_put("d/f", "12345", 5);
	symlink("d", "l");
	walk(&s, "l/f");
	walk(&s, "d/none");
	paths_list(s.paths, nobody, paths_find(s.paths, nobody, str_of(s.dir.path)));
	file_put("d/f", "1234567", 7);
	paths_again(s.paths);
	walk(&s, "l/f");
	walk(&s, "l/f");
	walk(&s, "d/none");
	paths_list(s.paths, nobody, paths_find(s.paths, nobody, str_of(s.dir.path)));
	unlink("d/f");
	unlink("l");
	rmdir("d");
	scene_read(&s);
	ck_assert_int_eq(count(&s, "d/f", "x="), 2);
	ck_assert_int_eq(count(&s, "d/none", "x=-"), 2);
	ck_assert_int_eq(count(&s, "l", "P=d;"), 2);
	ck_assert_int_eq(count(&s, "d", "x="), 2);
	ck_assert_ptr_nonnull(strstr(s.text, ":7:")); /* with its size of then */
	unlink("capture");
	tempdir_leave(&s.dir);
}
END_TEST

START_TEST(links_are_followed_forty_times)
{
	char name[16], target[16];
	struct scene s;
	int i;

	scene_enter(&s);
	for (i = 0; i < 45; i++) {
		snprintf(name, sizeof(name), "l%d", i);
		snprintf(target, sizeof(target), "l%d", i + 1);
		ck_assert_int_eq(symlink(target, name), 0);
	}
	walk(&s, "l0");
	scene_read(&s);
	ck_assert_int_eq(count(&s, "l40", "P="), 1);
	ck_assert_int_eq(count(&s, "l41", ""), 0);
	tempdir_leave(&s.dir);
}
END_TEST

START_TEST(a_changed_root_keeps_links_inside)
{
	struct dir *jail;
	struct scene s;

	scene_enter(&s);
	mkdir("jail", 0700);
	file_put("jail/f", "x", 1);
	ck_assert_int_eq(symlink("/f", "jail/l"), 0);
	ck_assert_int_eq(symlink("../../f", "jail/up"), 0);
	walk(&s, "jail");
	{
		char path[128];

		snprintf(path, sizeof(path), "%s/jail", s.dir.path);
		jail = paths_find(s.paths, nobody, str_of(path));
	}
	paths_walk(s.paths, nobody, jail, (struct start){.dir = jail}, STR("l"));
	scene_read(&s);
	ck_assert_int_eq(count(&s, "jail/f", "x="), 1);
	ck_assert_ptr_null(strstr(s.text, "p=/f;"));
	unlink("jail/f");
	unlink("jail/l");
	unlink("jail/up");
	tempdir_leave(&s.dir);
}
END_TEST

START_TEST(directories_keep_their_names_when_they_move)
{
	struct name *a, *b;
	struct scene s;

	scene_enter(&s);
	mkdir("a", 0700);
	file_put("a/f", "x", 1);
	walk(&s, "a/f");
	a = walk(&s, "a");
	b = walk(&s, "b");
	rename("a", "b");
	paths_renamed(a, b, false);
	walk(&s, "b/f");
	walk(&s, "b/g");
	mkdir("a", 0700);
	walk(&s, "a/f");
	rename("b", "c"); /* and exchange a with c */
	paths_renamed(b, walk(&s, "c"), false);
	paths_touch(walk(&s, "c"));
	paths_renamed(a, walk(&s, "c"), true);
	rename("a", "x");
	rename("c", "a");
	rename("x", "c");
	walk(&s, "a/f");
	walk(&s, "c/f");
	walk(&s, "c/h");
	scene_read(&s);
	ck_assert_int_eq(count(&s, "a/f", "x=-"), 1); /* in the second directory a */
	ck_assert_int_eq(count(&s, "a/f", ""), 2);
	ck_assert_int_eq(count(&s, "b/f", ""), 0);
	ck_assert_int_eq(count(&s, "b/g", "x=-"), 1);
	ck_assert_int_eq(count(&s, "c/f", ""), 0);
	ck_assert_int_eq(count(&s, "c/h", "x=-"), 1);
	unlink("a/f");
	tempdir_leave(&s.dir);
}
END_TEST

START_TEST(removed_directories_have_no_names)
{
	struct dir *d;
	struct scene s;
	char path[128];

	scene_enter(&s);
	mkdir("d", 0700);
	snprintf(path, sizeof(path), "%s/d", s.dir.path);
	d = paths_find(s.paths, nobody, str_of(path));
	ck_assert_ptr_nonnull(d);
	rmdir("d");
	paths_removed(walk(&s, "d"));
	ck_assert_ptr_null(paths_walk(s.paths, nobody, s.root, (struct start){.dir = d}, STR("f")));
	strcat(path, " (deleted)");
	ck_assert_ptr_null(paths_find(s.paths, nobody, str_of(path)));
	mkdir("d", 0700);
	walk(&s, "d/f");
	mkdir("x (deleted)", 0700);
	snprintf(path, sizeof(path), "%s/x (deleted)", s.dir.path);
	ck_assert_ptr_nonnull(paths_find(s.paths, nobody, str_of(path)));
	scene_read(&s);
	ck_assert_int_eq(count(&s, "d", "x="), 1);
	ck_assert_int_eq(count(&s, "d/f", "x=-"), 1);
	ck_assert_int_eq(count(&s, "d (deleted)", ""), 0);
	tempdir_leave(&s.dir);
}
END_TEST

START_TEST(pseudo_file_systems_are_not_walked)
{
	struct scene s;

	scene_enter(&s);
	mkdir("p", 0700);
	mkdir("p/q", 0700);
	mkdir("p/q/r", 0700);
	file_put("p/f", "x", 1);
	{
		char path[128];

		snprintf(path, sizeof(path), "%s/p", s.dir.path);
		dirs_add_mount(paths_dirs(s.paths), str_of(path), "proc");
		strcat(path, "/q");
		dirs_add_mount(paths_dirs(s.paths), str_of(path), "tmpfs");
	}
	walk(&s, "p/f");
	walk(&s, "p/q/r");
	scene_read(&s);
	ck_assert_int_eq(count(&s, "p", "x="), 1);
	ck_assert_int_eq(count(&s, "p/f", ""), 0);
	ck_assert_int_eq(count(&s, "p/q/r", "x="), 1);
	unlink("p/f");
	rmdir("p/q/r");
	rmdir("p/q");
	tempdir_leave(&s.dir);
}
END_TEST

/* --- the rest --- */

START_TEST(ranges_of_data_are_found)
{
	struct tempdir t;
	extents e = {0};
	struct stat st;
	FILE *f;

	tempdir_enter(&t);
	f = fopen("s", "w");
	fseek(f, 1 << 20, SEEK_SET);
	fputc('x', f);
	fclose(f);
	ck_assert_int_eq(truncate("s", 3 << 20), 0);
	ck_assert_int_eq(stat("s", &st), 0);
	ck_assert_int_eq(facts_extents("s", 3 << 20, &e), 0);
	ck_assert_uint_eq(e.n, 2);
	ck_assert_uint_eq(e.v[0], 1 << 20);
	ck_assert_uint_ge(e.v[1], 1);
	ck_assert_int_eq(facts_extents("none", 0, &e), -ENOENT);
	ck_assert_uint_eq(facts_of_stat(&st).size, 3 << 20);
	vec_free(&e);
	tempdir_leave(&t);
}
END_TEST

START_TEST(programs_are_found_as_shells_find_them)
{
	struct tempdir t;
	char out[4096];

	tempdir_enter(&t);
	mkdir("1", 0700);
	mkdir("2", 0700);
	mkdir("1/dir", 0700);
	file_put("1/prog", "", 0);
	file_put("2/prog", "", 0);
	file_put("2/plain", "", 0);
	chmod("2/prog", 0700);
	setenv("PATH", "1:2", 1);
	ck_assert_int_eq(program_find("prog", out, NULL), 0);
	ck_assert_str_eq(out, "2/prog");
	ck_assert_int_eq(program_find("plain", out, NULL), -EACCES);
	ck_assert_int_eq(program_find("dir", out, NULL), -ENOENT);
	ck_assert_int_eq(program_find("none", out, NULL), -ENOENT);
	ck_assert_int_eq(program_find("", out, NULL), -ENOENT);
	ck_assert_int_eq(program_find("1/dir", out, NULL), -EISDIR);
	ck_assert_int_eq(program_find("2/prog", out, NULL), 0);
	unlink("1/prog");
	rmdir("1/dir");
	unlink("2/prog");
	unlink("2/plain");
	tempdir_leave(&t);
}
END_TEST

START_TEST(buffers_leave_memory_for_others)
{
	ck_assert_uint_eq(buffer_size(0, 2, UINT64_C(16) << 30), 64);
	ck_assert_uint_eq(buffer_size(0, 2, UINT64_C(1) << 30), 64); /* an eighth, just so */
	ck_assert_uint_eq(buffer_size(0, 4, UINT64_C(1) << 30), 32);
	ck_assert_uint_eq(buffer_size(0, 256, UINT64_C(1) << 30), 1);
	ck_assert_uint_eq(buffer_size(0, 0, UINT64_C(256) << 20), 32);
	ck_assert_uint_eq(buffer_size(500, 256, UINT64_C(1) << 30), 500); /* said is said */
}
END_TEST

Suite *tracer_suite(void)
{
	TCase *tc;
	Suite *s = suite_with("tracer", &tc);

	tcase_add_test(tc, filter_stops_the_calls_of_the_table);
	tcase_add_test(tc, filter_lets_go_what_is_not_wanted);
#if FILTER_COMPAT
	tcase_add_test(tc, filter_stops_32_bit_calls);
#endif
	tcase_add_test(tc, filter_stops_some_commands);
	tcase_add_test(tc, filter_lets_other_memory_go);
	tcase_add_test(tc, filter_takes_any_set);
	tcase_add_test(tc, names_are_written_once);
	tcase_add_test(tc, names_are_written_again_in_a_new_file);
	tcase_add_test(tc, links_are_followed_forty_times);
	tcase_add_test(tc, a_changed_root_keeps_links_inside);
	tcase_add_test(tc, directories_keep_their_names_when_they_move);
	tcase_add_test(tc, removed_directories_have_no_names);
	tcase_add_test(tc, pseudo_file_systems_are_not_walked);
	tcase_add_test(tc, ranges_of_data_are_found);
	tcase_add_test(tc, buffers_leave_memory_for_others);
	tcase_add_test(tc, programs_are_found_as_shells_find_them);
	return s;
}
