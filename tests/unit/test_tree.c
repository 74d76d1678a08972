/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <limits.h>
#include <unistd.h>

#include "datas/buf.h"
#include "suites.h"
#include "tempdir.h"
#include "tree/mounts.h"
#include "tree/tree.h"

static struct arena arena;
static struct tree_set set;
static struct err err;

static void start(void)
{
	arena = ARENA_INIT;
	ck_assert_int_eq(tree_set_init(&set, &arena, STR("t1"), NULL, false, &err), 0);
}

static void end(void)
{
	arena_free(&arena);
}

static void relocate_to(const char *root, bool generated_for_root)
{
	ck_assert_int_eq(tree_set_init(&set, &arena, STR("t1"), root, generated_for_root, &err), 0);
}

static int locate(const char *path, const char **tree, struct str *rest)
{
	size_t index;
	int rc = tree_locate(&set, str_of(path), &index, rest, &err);

	if (rc == 0)
		*tree = set.v[index].path;
	return rc;
}

static void expect(const char *path, const char *want_tree, const char *want_rest)
{
	const char *tree;
	struct str rest;

	ck_assert_msg(locate(path, &tree, &rest) == 0, "%s: %s", path, err.text);
	ck_assert_str_eq(tree, want_tree);
	ck_assert_msg(str_eqs(rest, want_rest), "%s: rest is '%.*s'", path, (int)rest.len, rest.s);
}

static void expect_refused(const char *path, int code)
{
	const char *tree;
	struct str rest;
	int rc = locate(path, &tree, &rest);

	ck_assert_msg(rc == -code, "%s: %d instead of %d", path, rc, -code);
	ck_assert_int_gt(strlen(err.text), 10);
}

START_TEST(names_of_tests)
{
	static const char *const good[] = {"t", "test0", "a.b", "A_b-9", "x..y", "-"};
	static const char *const bad[] = {
		"", ".", "..", ".x", "a/b", "../x", "a b", "a\nb", "\xc3\xa4", "a|b"};
	char name[66];
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(*good); i++)
		ck_assert_msg(tree_name_valid(str_of(good[i])), "%s", good[i]);
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ck_assert_msg(!tree_name_valid(str_of(bad[i])), "%s", bad[i]);
	memset(name, 'a', sizeof(name));
	ck_assert(tree_name_valid((struct str){name, 64}));
	ck_assert(!tree_name_valid((struct str){name, 65}));
	ck_assert(!tree_name_valid((struct str){"a\0b", 3}));
	ck_assert_int_eq(tree_set_init(&set, &arena, STR("../../x"), NULL, false, &err), -EINVAL);
	ck_assert_int_eq(tree_set_init(&set, &arena, STR_NONE, NULL, false, &err), -EINVAL);
}
END_TEST

START_TEST(locate_per_mount)
{
	expect("/home/.ioriot/t1/x/y", "/home/.ioriot/t1", "x/y");
	expect("/.ioriot/t1/x", "/.ioriot/t1", "x");
	expect("/.ioriot/t1", "/.ioriot/t1", "");
	expect("/.ioriot/t1/", "/.ioriot/t1", "");
	expect("/.ioriot/t1/dir/", "/.ioriot/t1", "dir/");
	expect("/srv/a b/.ioriot/t1/\xff\n", "/srv/a b/.ioriot/t1", "\xff\n");
	expect("/.ioriot/t1/.ioriot/t2/x", "/.ioriot/t1", ".ioriot/t2/x");
	expect("/.ioriot/t1/...", "/.ioriot/t1", "...");
	ck_assert_uint_eq(set.n, 3);
	ck_assert_str_eq(set.v[1].place, "");
}
END_TEST

START_TEST(locate_refuses)
{
	static const char *const outside[] = {"/etc/passwd", "/home/.ioriot", "/home/.ioriot/t2/x",
		"/home/.ioriot/t1x/y", "/home/.ioriot/t", "/home/.ioriot/.trash/x",
		"/home/ioriot/t1/x", "/home/.ioriot/T1/x", "/home/.ioriot/t2/.ioriot/t1/x",
		"/home/.ioriotx/t1", "/home/.ioriot/t1x/..", "/home/.ioriot/t1/../x",
		"/home/.ioriot/t1/a/../../x", "/home/.ioriot/t1/..", "/home/.ioriot/t1/.",
		"/home/.ioriot/t1/./x", "/home/../etc/.ioriot/t1/x", "/./.ioriot/t1/x"};
	static const char *const malformed[] = {"", "etc", "./.ioriot/t1", "/", "//",
		"/home/.ioriot/t1//etc/passwd", "//.ioriot/t1/x", "/home//.ioriot/t1/x",
		"/home/.ioriot//t1", "/home/.ioriot/t1/x//", "~/.ioriot/t1/x"};
	struct str rest;
	size_t i, index;

	for (i = 0; i < sizeof(outside) / sizeof(*outside); i++)
		expect_refused(outside[i], EACCES);
	for (i = 0; i < sizeof(malformed) / sizeof(*malformed); i++)
		expect_refused(malformed[i], EINVAL);
	ck_assert_int_eq(
		tree_locate(&set, (struct str){"/.ioriot/t1/a\0b", 15}, &index, &rest, &err),
		-EINVAL);
	ck_assert_uint_eq(set.n, 0);
}
END_TEST

static char *long_path(size_t component, size_t total)
{
	struct buf b = BUF_INIT;

	buf_puts(&b, "/.ioriot/t1");
	while (b.len < total) {
		size_t n = total - b.len - 1 < component ? total - b.len - 1 : component;

		buf_char(&b, '/');
		while (n--)
			buf_char(&b, 'x');
	}
	buf_char(&b, '\0');
	return b.p;
}

START_TEST(locate_limits)
{
	char *fits = long_path(NAME_MAX, 4095), *name = long_path(NAME_MAX + 1, 400);
	char *path = long_path(200, 4096);
	const char *tree;
	struct str rest;

	ck_assert_int_eq(locate(fits, &tree, &rest), 0);
	expect_refused(name, ENAMETOOLONG);
	expect_refused(path, ENAMETOOLONG);
	relocate_to("/srv", false);
	expect_refused(fits, ENAMETOOLONG);
	free(fits);
	free(name);
	free(path);
}
END_TEST

START_TEST(locate_relocated)
{
	relocate_to("/srv/b/", false);
	expect("/home/.ioriot/t1/x/y", "/srv/b/.ioriot/t1", "home/x/y");
	expect("/home/u/.ioriot/t1", "/srv/b/.ioriot/t1", "home/u");
	expect("/home/.ioriot/t1/d/", "/srv/b/.ioriot/t1", "home/d/");
	expect("/.ioriot/t1/x", "/srv/b/.ioriot/t1", "x");
	expect("/.ioriot/t1", "/srv/b/.ioriot/t1", "");
	expect_refused("/srv/b/x", EACCES);
	expect_refused("/home/.ioriot/t1/../x", EACCES);
	ck_assert_uint_eq(set.n, 1);
	relocate_to("/", false);
	expect("/home/.ioriot/t1/x", "/.ioriot/t1", "home/x");
}
END_TEST

START_TEST(locate_relocated_from_root)
{
	relocate_to("/mnt/new", true);
	expect("/srv/old/.ioriot/t1/a/b", "/mnt/new/.ioriot/t1", "a/b");
	expect("/srv/old/.ioriot/t1", "/mnt/new/.ioriot/t1", "");
	ck_assert_int_eq(tree_set_init(&set, &arena, STR("t1"), "srv", true, &err), -EINVAL);
	ck_assert_int_eq(tree_set_init(&set, &arena, STR("t1"), "/srv/../x", true, &err), -EACCES);
}
END_TEST

START_TEST(whole_paths)
{
	char *path;

	ck_assert_int_eq(tree_path(&set, STR("/home/.ioriot/t1/x/"), &path, &err), 0);
	ck_assert_str_eq(path, "/home/.ioriot/t1/x/");
	relocate_to("/srv", false);
	ck_assert_int_eq(tree_path(&set, STR("/home/.ioriot/t1/x"), &path, &err), 0);
	ck_assert_str_eq(path, "/srv/.ioriot/t1/home/x");
	ck_assert_int_eq(tree_path(&set, STR("/.ioriot/t1"), &path, &err), 0);
	ck_assert_str_eq(path, "/srv/.ioriot/t1");
	ck_assert_int_eq(tree_path(&set, STR("/etc"), &path, &err), -EACCES);
}
END_TEST

START_TEST(many_trees)
{
	char path[64], last[64];
	const char *tree;
	struct str rest;
	int i;

	for (i = 0; i < 1024; i++) {
		snprintf(path, sizeof(path), "/m%d/.ioriot/t1/x", i);
		snprintf(last, sizeof(last), "/m%d/.ioriot/t1", i);
		expect(path, last, "x");
	}
	expect("/m0/.ioriot/t1/x", "/m0/.ioriot/t1", "x");
	ck_assert_int_eq(locate("/one/more/.ioriot/t1", &tree, &rest), -EINVAL);
}
END_TEST

static void expect_target(const char *link, const char *target, const char *want, bool want_up)
{
	char *out;
	bool up;
	int rc = tree_link_target(&set, str_of(link), str_of(target), &out, &up, &err);

	ck_assert_msg(rc == 0, "%s -> %s: %s", link, target, err.text);
	ck_assert_str_eq(out, want);
	ck_assert_int_eq(up, want_up);
}

static void expect_no_target(const char *link, const char *target)
{
	char *out;
	bool up;
	int rc = tree_link_target(&set, str_of(link), str_of(target), &out, &up, &err);

	ck_assert_msg(rc == -EACCES || rc == -EINVAL, "%s -> %s: %d", link, target, rc);
}

START_TEST(link_targets)
{
	expect_target("/.ioriot/t1/l", "x", "x", false);
	expect_target("/.ioriot/t1/l", "./x//y/", "./x//y/", false);
	expect_target("/.ioriot/t1/l", "", "", false);
	expect_target("/.ioriot/t1/a/l", "../x", "../x", true);
	expect_target("/.ioriot/t1/a/b/l", "./../../x", "./../../x", true);
	expect_target("/.ioriot/t1/a/l/", "..", "..", true);
	expect_target("/.ioriot/t1/a/b/l", "../x/../y", "../x/../y", true);
	expect_target("/.ioriot/t1/l", "...", "...", false);
	expect_target("/.ioriot/t1/l", "/home/.ioriot/t1/x", "/home/.ioriot/t1/x", false);
	expect_no_target("/.ioriot/t1/l", "..");
	expect_no_target("/.ioriot/t1/l", "../x");
	expect_no_target("/.ioriot/t1/a/l", "../../x");
	expect_no_target("/.ioriot/t1/a/l", "./.././../x");
	expect_no_target("/.ioriot/t1/l", "x/..");
	expect_no_target("/.ioriot/t1/a/l", "x/../../../../etc");
	expect_no_target("/.ioriot/t1/l", "/etc/passwd");
	expect_no_target("/.ioriot/t1/l", "/");
	expect_no_target("/.ioriot/t1/l", "/.ioriot/t1/../../etc");
	expect_no_target("/etc/l", "x");
	relocate_to("/srv", false);
	expect_target("/home/.ioriot/t1/l", "/home/.ioriot/t1/x", "/srv/.ioriot/t1/home/x", false);
	expect_no_target("/home/.ioriot/t1/l", "../x");
}
END_TEST

static const char table[] =
	"20 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
	"21 20 0:21 / /proc rw - proc proc rw\n"
	"22 20 0:30 / /mnt/a\\040b\\134c rw master:2 propagate_from:1 - tmpfs none rw\n"
	"23 20 8:2 / /home rw - ext4 /dev/sdb1 rw\n"
	"24 23 0:40 / /home/u rw - fuse.sshfs host: rw\n"
	"25 20 8:3 / /home rw - xfs /dev/sdc1 rw\n"
	"26 25 0:41 / /home/v rw - nfs4 server:/x rw\n"
	"27 25 8:4 / /home rw - btrfs /dev/sdd rw\n";

static void read_table(struct mounts *m, const char *text)
{
	struct tempdir t;

	tempdir_enter(&t);
	file_put("mountinfo", text, strlen(text));
	ck_assert_msg(mounts_read(m, &arena, "mountinfo", &err) == 0, "%s", err.text);
	tempdir_leave(&t);
}

START_TEST(mount_table)
{
	struct mounts m;

	read_table(&m, table);
	ck_assert_uint_eq(m.n, 8);
	ck_assert_str_eq(m.v[2].point, "/mnt/a b\\c");
	ck_assert_str_eq(m.v[2].fstype, "tmpfs");
	ck_assert_uint_eq(m.v[7].dev_major, 8);
	ck_assert_uint_eq(m.v[7].dev_minor, 4);
	ck_assert_str_eq(m.v[4].fstype, "fuse");
	ck_assert_str_eq(mounts_find(&m, STR("/mnt/a b\\c/x"))->fstype, "tmpfs");
	ck_assert_str_eq(mounts_find(&m, STR("/mnt/a"))->point, "/");
	ck_assert_str_eq(mounts_find(&m, STR("/procx"))->point, "/");
	ck_assert_str_eq(mounts_find(&m, STR("/proc/1"))->point, "/proc");
	ck_assert(mounts_is_point(&m, STR("/")));
	ck_assert(!mounts_is_point(&m, STR("/mnt")));
	ck_assert_ptr_null(m.v[0].upper);
}
END_TEST

START_TEST(mount_of_an_overlay)
{
	struct mounts m;

	read_table(&m, "20 1 8:1 / / rw - ext4 /dev/sda1 rw,upperdir=/none\n"
		       "21 20 0:40 / /o rw shared:1 - overlay overlay rw,lowerdir=/l,upperdir=/u\\040=x,workdir=/w\n"
		       "22 20 0:41 / /p rw - overlay overlay rw,lowerdir=/l:/m\n");
	ck_assert_ptr_null(m.v[0].upper);
	ck_assert_str_eq(mounts_find(&m, STR("/o/x"))->upper, "/u =x");
	ck_assert_ptr_null(m.v[2].upper);
}
END_TEST

START_TEST(mounts_hide_earlier_ones)
{
	struct mounts m;

	read_table(&m, table);
	ck_assert(m.v[3].hidden);
	ck_assert(m.v[4].hidden);
	ck_assert(m.v[5].hidden);
	ck_assert(m.v[6].hidden);
	ck_assert_str_eq(mounts_find(&m, STR("/home"))->fstype, "btrfs");
	ck_assert_str_eq(mounts_find(&m, STR("/home/u/x"))->fstype, "btrfs");
	ck_assert_str_eq(mounts_find(&m, STR("/home/v"))->fstype, "btrfs");
	read_table(&m, "9 8 0:1 / /x/y rw - tmpfs t rw\n8 1 0:2 / /x rw - tmpfs t rw\n");
	ck_assert(!m.v[0].hidden);
	ck_assert_ptr_null(mounts_find(&m, STR("/z")));
}
END_TEST

START_TEST(mount_table_malformed)
{
	static const char *const bad[] = {"\n", "1 2 3:4 / /x rw\n", "1 2 3 / /x rw - ext4 s rw\n",
		"1 2 3:4 / x rw - ext4 s rw\n", "x 2 3:4 / /x rw - ext4 s rw\n",
		"1 2 3:4 / /x rw -\n"};
	struct mounts m;
	struct tempdir t;
	size_t i;

	tempdir_enter(&t);
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		file_put("mountinfo", bad[i], strlen(bad[i]));
		ck_assert_int_eq(mounts_read(&m, &arena, "mountinfo", &err), -EPROTO);
	}
	ck_assert_int_eq(mounts_read(&m, &arena, "missing", &err), -ENOENT);
	tempdir_leave(&t);
}
END_TEST

START_TEST(pseudo_file_systems)
{
	ck_assert(fs_is_pseudo("proc"));
	ck_assert(fs_is_pseudo("cgroup2"));
	ck_assert(fs_is_pseudo("devtmpfs"));
	ck_assert(!fs_is_pseudo("tmpfs"));
	ck_assert(!fs_is_pseudo("overlay"));
	ck_assert(!fs_is_pseudo("9p"));
	ck_assert(!fs_is_pseudo("fuse"));
	ck_assert(!fs_is_pseudo(""));
}
END_TEST

static int allowed(const char *place)
{
	char path[PATH_MAX];
	const char *tree;
	struct str rest;

	snprintf(path, sizeof(path), "%s/.ioriot/t1", place);
	ck_assert_int_eq(locate(path, &tree, &rest), 0);
	return tree_place_allowed(&set, &set.v[set.n - 1], &err);
}

START_TEST(places)
{
	struct tempdir t;

	tempdir_enter(&t);
	ck_assert_int_eq(allowed(""), 0);
	ck_assert_int_eq(allowed(t.path), -EACCES);
	ck_assert_ptr_nonnull(strstr(err.text, "--root DIR"));
	ck_assert_int_eq(symlink("/", ".ioriot"), 0);
	ck_assert_int_eq(allowed(t.path), -EACCES);
	ck_assert_int_eq(unlink(".ioriot"), 0);
	ck_assert_int_eq(mkdir(".ioriot", 0700), 0);
	ck_assert_int_eq(allowed(t.path), 0);
	ck_assert_int_eq(chmod(".ioriot", 0777), 0);
	ck_assert_int_eq(allowed(t.path), -EACCES);
	ck_assert_int_eq(rmdir(".ioriot"), 0);
	relocate_to(t.path, false);
	ck_assert_int_eq(allowed("/x/y"), 0);
	tempdir_leave(&t);
}
END_TEST

static void expect_copy(const struct tree_set *copy, const char *dir, const char *path)
{
	ck_assert_str_eq(copy->dir, dir);
	ck_assert_str_eq(copy->name, "t1");
	ck_assert_uint_eq(copy->n, 1);
	ck_assert_str_eq(copy->v[0].path, path);
	ck_assert_int_eq(copy->v[0].fd, -1);
}

START_TEST(copies)
{
	struct tree_set other;
	char *target;
	bool up;

	ck_assert_int_eq(tree_set_copy(&set, 1, &err), 0);
	expect("/home/.ioriot/t1/a/b", "/home/.ioriot/t1.copy001", "a/b");
	expect_refused("/home/.ioriot/t1.copy001/a", EACCES); /* no name of another tree leads into this one */
	expect_refused("/home/.ioriot/t1.copy002/a", EACCES);
	ck_assert_int_eq(tree_link_target(&set, STR("/home/.ioriot/t1/l"), STR("/home/.ioriot/t1/x"), &target, &up, &err),
		0);
	ck_assert_str_eq(target, "/home/.ioriot/t1.copy001/x");
	ck_assert_int_eq(tree_link_target(&set, STR("/home/.ioriot/t1/l"), STR("../t1.copy002/x"), &target, &up, &err),
		-EACCES);
	expect_copy(&set, "t1.copy001", "/home/.ioriot/t1.copy001");
	ck_assert_int_eq(tree_set_other_copy(&other, &set, COPIES_MAX, &err), 0);
	expect_copy(&other, "t1.copy999", "/home/.ioriot/t1.copy999");
	expect_copy(&set, "t1.copy001", "/home/.ioriot/t1.copy001");
}
END_TEST

START_TEST(names_of_copies)
{
	static const char *const others[] = {"t", "t11", "t1.copy", "t1.copy000", "t1.copy1", "t1.copy0001", "t1.copy01x",
		"t1.copy+01", "t1.Copy001", "t1copy001", "t2.copy001", "x"};
	char name[65];
	size_t i;

	ck_assert(tree_name_is_of("t1", "t1"));
	ck_assert(tree_name_is_of("t1.copy001", "t1"));
	ck_assert(tree_name_is_of("t1.copy999", "t1"));
	ck_assert(tree_name_is_of("t1.copy002", "t1.copy002"));
	for (i = 0; i < sizeof(others) / sizeof(*others); i++)
		ck_assert_msg(!tree_name_is_of(others[i], "t1"), "%s", others[i]);
	memset(name, 'a', sizeof(name));
	ck_assert_int_eq(tree_set_init(&set, &arena, (struct str){name, 56}, NULL, false, &err), 0);
	ck_assert_int_eq(tree_set_copy(&set, 1, &err), 0);
	ck_assert(tree_name_valid(str_of(set.dir)));
	ck_assert_int_eq(tree_set_init(&set, &arena, (struct str){name, 57}, NULL, false, &err), 0);
	ck_assert_int_eq(tree_set_copy(&set, 1, &err), -EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "longer than the 56 bytes"));
}
END_TEST

Suite *tree_suite(void)
{
	TCase *tc;
	Suite *s = suite_with("tree", &tc);

	tcase_add_checked_fixture(tc, start, end);
	tcase_add_test(tc, names_of_tests);
	tcase_add_test(tc, locate_per_mount);
	tcase_add_test(tc, locate_refuses);
	tcase_add_test(tc, locate_limits);
	tcase_add_test(tc, locate_relocated);
	tcase_add_test(tc, locate_relocated_from_root);
	tcase_add_test(tc, whole_paths);
	tcase_add_test(tc, many_trees);
	tcase_add_test(tc, link_targets);
	tcase_add_test(tc, mount_table);
	tcase_add_test(tc, mount_of_an_overlay);
	tcase_add_test(tc, mounts_hide_earlier_ones);
	tcase_add_test(tc, mount_table_malformed);
	tcase_add_test(tc, pseudo_file_systems);
	tcase_add_test(tc, places);
	tcase_add_test(tc, copies);
	tcase_add_test(tc, names_of_copies);
	return s;
}
