/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "suites.h"
#include "workdir.h"

#define T    "/.ioriot/t1/"
#define TREE ".ioriot/t1/"

static int run(int (*command)(const struct options *), const char *name)
{
	struct options o = {.root = ".", .name = name, .quiet = true};

	return command(&o);
}

static void make_tree(void)
{
	ck_assert_int_eq(init_lines("file|0644|1000|1000|5|0+5|" T "d/f|\n"
				    "dir|0|0|0|" T "closed|\n"
				    "file|0|0|0|1|0+1|" T "closed/f|\n"),
		EXIT_DONE);
}

START_TEST(trash_moves)
{
	make_tree();
	ck_assert_int_eq(run(trash_command, "t1"), EXIT_DONE);
	ck_assert(!exists(TREE));
	ck_assert(!exists(".ioriot/.t1.tree"));
	ck_assert_int_eq(shell("test -e .ioriot/.trash/*.0-t1/d/f"), 0);
	ck_assert_int_eq(run(trash_command, "t1"), EXIT_FAILED);
	ck_said("there is no tree 't1'");
	ck_assert_int_eq(run(trash_command, NULL), EXIT_DONE);
	make_tree();
	ck_assert_int_eq(run(trash_command, NULL), EXIT_DONE);
	ck_assert_int_eq(shell("test $(ls .ioriot/.trash | wc -l) = 2"), 0);
	ck_assert_int_eq(run(trash_command, "../x"), EXIT_USAGE);
}
END_TEST

START_TEST(purge_removes_all_of_ours)
{
	make_tree();
	make_tree();
	ck_assert_int_eq(shell("touch .ioriot/.t9.tree .ioriot/.t8.tree.new; mkdir -p "
			       ".ioriot/.t7.new .ioriot/.gone.3/x"),
		0);
	ck_assert_int_eq(run(purge_command, NULL), EXIT_DONE);
	ck_assert(!exists(".ioriot"));
	ck_assert_int_eq(run(purge_command, NULL), EXIT_DONE);
	ck_assert_str_eq(said(), "");
}
END_TEST

START_TEST(purge_of_one)
{
	make_tree();
	make_tree();
	ck_assert_int_eq(run(purge_command, "other"), EXIT_FAILED);
	ck_assert(exists(TREE));
	ck_assert_int_eq(run(purge_command, "t1"), EXIT_DONE);
	ck_assert(!exists(TREE));
	ck_assert_int_eq(shell("test $(ls .ioriot/.trash | wc -l) = 1"), 0);
}
END_TEST

/* The original program emptied what a link pointed to. */
START_TEST(purge_follows_no_link)
{
	make_tree();
	ck_assert_int_eq(shell("mkdir -p precious/sub; echo x > precious/sub/f;"
			       "ln -s ../../precious " TREE "l; ln -s %s/precious " TREE "d/abs;"
			       "ln precious/sub/f " TREE "d/other-name",
				 workdir),
		0);
	ck_assert_int_eq(run(purge_command, NULL), EXIT_DONE);
	ck_assert(!exists(".ioriot"));
	ck_assert(exists("precious/sub/f"));
	ck_assert_int_eq(shell("mkdir .ioriot; chmod 755 .ioriot; ln -s ../precious .ioriot/.trash;"
			       "ln -s ../precious .ioriot/t1; touch .ioriot/.t1.tree"),
		0);
	ck_assert_int_eq(run(purge_command, NULL), EXIT_DONE);
	ck_assert(exists("precious/sub/f"));
	ck_assert_int_eq(shell("rm -r .ioriot; ln -s precious .ioriot"), 0);
	ck_assert_int_eq(run(purge_command, NULL), EXIT_DONE);
	ck_assert(exists("precious/sub/f"));
}
END_TEST

START_TEST(cleanup_leaves_what_is_not_ours)
{
	make_tree();
	ck_assert_int_eq(shell("mkdir .ioriot/mine; touch .ioriot/mine/f .ioriot/notes"), 0);
	ck_assert_int_eq(run(trash_command, NULL), EXIT_DONE);
	ck_assert_int_eq(run(purge_command, NULL), EXIT_DONE);
	ck_assert(exists(".ioriot/mine/f"));
	ck_assert(exists(".ioriot/notes"));
	ck_assert(!exists(".ioriot/.trash"));
	ck_assert_int_eq(shell("mv .ioriot/mine .ioriot/t1"), 0);
	ck_assert_int_eq(run(purge_command, "t1"), EXIT_FAILED);
	ck_assert(exists(".ioriot/t1/f"));
}
END_TEST

START_TEST(others_cannot_lend_their_directory)
{
	make_tree();
	ck_assert_int_eq(shell("chmod 777 .ioriot"), 0);
	ck_assert_int_eq(run(purge_command, NULL), EXIT_DONE);
	ck_assert(exists(TREE "d/f"));
	if (geteuid() != 0)
		return;
	ck_assert_int_eq(shell("chmod 755 .ioriot; chown 1234 .ioriot"), 0);
	ck_assert_int_eq(run(purge_command, NULL), EXIT_DONE);
	ck_assert(exists(TREE "d/f"));
}
END_TEST

START_TEST(very_deep_trees)
{
	int i;

	make_tree();
	ck_assert_int_eq(chdir(".ioriot/t1/d"), 0);
	for (i = 0; i < 1500; i++) {
		ck_assert_int_eq(mkdir("d", i % 7 == 6 ? 0500 : 0700), 0);
		ck_assert_int_eq(chmod("d", 0700), 0);
		ck_assert_int_eq(chdir("d"), 0);
		if (i % 100 == 0)
			ck_assert_int_ge(close(creat("f", 0600)), 0);
	}
	ck_assert_int_eq(chdir(workdir), 0);
	ck_assert_int_eq(run(purge_command, "t1"), EXIT_DONE);
	ck_assert(!exists(".ioriot"));
}
END_TEST

/* What is mounted into a tree is somebody else's. */
START_TEST(mounts_are_left)
{
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return; /* an ordinary user: nobody can have mounted anything */
	make_tree();
	ck_assert_int_eq(mkdir(TREE "d/m", 0755), 0);
	ck_assert_int_eq(mount("none", TREE "d/m", "tmpfs", 0, NULL), 0);
	ck_assert_int_eq(shell("touch " TREE "d/m/kept"), 0);
	ck_assert_int_eq(run(purge_command, "t1"), EXIT_FAILED);
	ck_said("m is a mount point and was left");
	ck_assert_int_eq(shell("test -e $(find .ioriot -name kept) && test $(find .ioriot -type f | wc -l) = 1"), 0);
	ck_assert_int_eq(shell("umount $(dirname $(find .ioriot -name kept))"), 0);
	ck_assert_int_eq(run(purge_command, NULL), EXIT_DONE);
	ck_assert(!exists(".ioriot"));
}
END_TEST

/* A directory that only its owner, who is somebody else, can empty. */
START_TEST(what_cannot_be_removed_is_said)
{
	if (getuid() != 0)
		return;
	make_tree();
	ck_assert_int_eq(shell("chmod 755 . && chown -R 65534 .ioriot && chown 0 .ioriot/t1/d"), 0);
	ck_assert_int_eq(seteuid(65534), 0);
	ck_assert_int_eq(run(purge_command, "t1"), EXIT_FAILED);
	ck_assert_int_eq(seteuid(0), 0);
	ck_said("cannot remove f: Permission denied");
	ck_assert_int_eq(shell("test $(find .ioriot -type f -name f | wc -l) = 1"), 0); /* and all else is gone */
	ck_assert_int_eq(run(purge_command, NULL), EXIT_DONE);
}
END_TEST

START_TEST(caches_need_root)
{
	struct options o = {.quiet = true};

	if (geteuid() == 0)
		ck_assert_int_eq(seteuid(65534), 0);
	ck_assert_int_eq(drop_caches_command(&o), EXIT_HOST_LACKS);
	if (getuid() == 0)
		ck_assert_int_eq(seteuid(0), 0);
	ck_said("needs root");
}
END_TEST

Suite *cleanup_suite(void)
{
	TCase *tc;
	Suite *s = suite_with("cleanup", &tc);

	tcase_add_checked_fixture(tc, workdir_enter, workdir_leave);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, trash_moves);
	tcase_add_test(tc, purge_removes_all_of_ours);
	tcase_add_test(tc, purge_of_one);
	tcase_add_test(tc, purge_follows_no_link);
	tcase_add_test(tc, cleanup_leaves_what_is_not_ours);
	tcase_add_test(tc, others_cannot_lend_their_directory);
	tcase_add_test(tc, very_deep_trees);
	tcase_add_test(tc, mounts_are_left);
	tcase_add_test(tc, what_cannot_be_removed_is_said);
	tcase_add_test(tc, caches_need_root);
	return s;
}
