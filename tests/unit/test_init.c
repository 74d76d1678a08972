/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sys/resource.h>
#include <sys/xattr.h>
#include <zstd.h>

#include "datas/buf.h"
#include "init/build.h"
#include "init/fill.h"
#include "suites.h"
#include "tree/tree_open.h"
#include "utils/acl.h"
#include "workdir.h"

#define T    "/.ioriot/t1/"
#define TREE ".ioriot/t1/"

static struct buf content(const char *path)
{
	struct stat st = stat_of(path);
	struct buf b = BUF_INIT;
	int fd = open(path, O_RDONLY);

	ck_assert_int_ge(fd, 0);
	ck_assert(buf_reserve(&b, (size_t)st.st_size + 1));
	ck_assert_int_eq(read(fd, b.p, (size_t)st.st_size), st.st_size);
	b.len = (size_t)st.st_size;
	close(fd);
	return b;
}

static double compressed_share(const void *p, size_t len)
{
	size_t bound = ZSTD_compressBound(len), n;
	void *out = malloc(bound);

	n = ZSTD_compress(out, bound, p, len, 3);
	free(out);
	return (double)n / (double)len;
}

static mode_t mode_of(const char *path)
{
	return stat_of(path).st_mode & 07777;
}

START_TEST(builds_every_kind)
{
	ck_assert_int_eq(init_lines("file|0640|1000|1000|5|0+5|" T "a/b/f|\n"
				    "dir|01777|1000|1000|" T "tmp|\n"
				    "dir|0750|1000|1000|" T "a/b|\n"
				    "hardlink|" T "a/g|" T "a/b/f|\n"
				    "link|1000|1000|" T "a/b/l|../b/f|\n"
				    "link|1000|1000|" T "abs|" T "a/b/f|\n"
				    "fifo|0600|1000|1000|" T "p|\n"
				    "socket|0700|1000|1000|" T "s|\n"),
		EXIT_DONE);
	ck_assert_int_eq(stat_of(TREE "a/b/f").st_size, 5);
	ck_assert_int_eq(mode_of(TREE "a/b/f"), 0640);
	ck_assert_int_eq(mode_of(TREE "tmp"), 01777);
	ck_assert_int_eq(mode_of(TREE "a/b"), 0750);
	ck_assert_int_eq(mode_of(TREE "a"), 0755);
	ck_assert_int_eq(mode_of(".ioriot"), 0755);
	ck_assert_int_eq(stat_of(TREE "a/b/f").st_nlink, 2);
	ck_assert_int_eq(stat_of(TREE "a/b/f").st_ino, stat_of(TREE "a/g").st_ino);
	ck_assert(S_ISFIFO(stat_of(TREE "p").st_mode));
	ck_assert(S_ISSOCK(stat_of(TREE "s").st_mode));
	ck_assert_int_eq(shell("test \"$(readlink " TREE "a/b/l)\" = ../b/f"), 0);
	ck_assert_int_eq(shell("test \"$(readlink " TREE "abs)\" = %s/" TREE "a/b/f", workdir), 0);
	ck_assert_int_eq(shell("grep -q state=ready .ioriot/.t1.tree"), 0);
	ck_assert_str_eq(said(), "");
}
END_TEST

START_TEST(sets_attributes)
{
	char list[4096];
	struct stat st;
	ssize_t label;

	ck_assert_int_eq(init_lines("dir|01755|1000|1000|" T "d|\n"
				    "xattr|" T "d|user.dir|0|\n"
				    "dir|0751|1000|1000|" T "d/deep|\n"
				    "xattr|" T "d/deep|system.posix_acl_default|44|0640|\n"
				    "file|0666|1000|1000|0|-|" T "d/deep/f|\n"
				    "file|0440|1000|1000|5|0+5|" T "d/f|\n"
				    "xattr|" T "d/f|user.a|300|\n"
				    "xattr|" T "d/f|system.posix_acl_access|52|\n"
				    "xattrs|" T "d/f|1000|\n"
				    "file|0644|1000|1000|0|-|" T "least|\n"
				    "xattrs|" T "least|7|\n"
				    "file|0644|1000|1000|0|-|" T "split|\n"
				    "xattrs|" T "split|258|\n"
				    "file|0644|1000|1000|0|-|" T "plain|\n"),
		EXIT_DONE);
	if (getxattr(TREE "d", "user.dir", list, sizeof(list)) < 0) {
		ck_assert_int_eq(errno, EOPNOTSUPP); /* a file system without any: they are counted */
		return;
	}
	ck_assert_int_eq(getxattr(TREE "d", "user.dir", list, sizeof(list)), 0);
	ck_assert_int_eq(getxattr(TREE "d/f", "user.a", list, sizeof(list)), 300);
	ck_assert_int_eq(getxattr(TREE "d/f", "system.posix_acl_access", NULL, 0), 52);
	ck_assert_int_eq(getxattr(TREE "d/deep", "system.posix_acl_default", list, sizeof(list)), 44);
	ck_assert_int_eq(acl_bits(list, 44), 0640);
	ck_assert_int_eq(stat_of(TREE "d/deep").st_mode & 07777, 0751);
	ck_assert_int_eq(stat_of(TREE "d/deep/f").st_mode & 07777, 0666); /* and has nothing of that */
	ck_assert_int_eq(getxattr(TREE "d/deep/f", "system.posix_acl_access", NULL, 0), -1);
	ck_assert_int_eq(listxattr(TREE "d/f", list, sizeof(list)), 1000);
	st = stat_of(TREE "d/f");
	ck_assert_int_eq(st.st_mode & 07777, 0440);
	/* a label of the host counts, and is not removed */
	label = listxattr(TREE "plain", NULL, 0);
	if (label == 0) {
		ck_assert_int_eq(listxattr(TREE "least", list, sizeof(list)), 7);
		ck_assert_int_eq(listxattr(TREE "split", list, sizeof(list)), 258);
	}
}
END_TEST

/* What was changed is as it was, what was not is the same file. */
START_TEST(once_more_after_changes)
{
	struct options o = options_of("r.replay");
	struct init_run *run;
	struct stat before[2];

	o.command = COMMAND_INIT_REPLAY;
	write_replay("r.replay", "dir|0750|1000|1000|" T "d|\n"
				 "file|0640|1000|1000|5|0+5|" T "d/f|\n"
				 "hardlink|" T "d/g|" T "d/f|\n"
				 "file|0640|1000|1000|70|0+5|" T "d/kept|\n"
				 "link|1000|1000|" T "l|d/f|\n"
				 "fifo|0600|1000|1000|" T "p|\n");
	ck_assert_int_eq(init_keep(&o, &run), EXIT_DONE);
	before[0] = stat_of(TREE "d/kept");
	before[1] = stat_of(TREE "d/f");
	/* time in files goes in steps of some ms */
	ck_assert_int_eq(shell("sleep 0.05; cd " TREE "; echo more >> d/g; rm l; mkdir l l/l; mv p q; mkdir -p e/e/e; "
			       "chmod 700 d; ln d/kept e/kept; rm e/kept"), 0);
	ck_assert_int_eq(init_again(run, &o), EXIT_DONE);
	ck_assert_int_eq(stat_of(TREE "d/f").st_size, 5);
	ck_assert_int_ne(stat_of(TREE "d/f").st_mtim.tv_nsec, before[1].st_mtim.tv_nsec);
	ck_assert_int_eq(stat_of(TREE "d/g").st_ino, stat_of(TREE "d/f").st_ino);
	ck_assert_int_eq(mode_of(TREE "d"), 0750);
	ck_assert(S_ISLNK(stat_of(TREE "l").st_mode));
	ck_assert(S_ISFIFO(stat_of(TREE "p").st_mode));
	ck_assert(!exists(TREE "q") && !exists(TREE "e"));
	/* nothing was done to it since: the second time it stays */
	before[0] = stat_of(TREE "d/kept");
	ck_assert_int_eq(shell("sleep 0.05; touch " TREE "d/new"), 0);
	ck_assert_int_eq(init_again(run, &o), EXIT_DONE);
	ck_assert_int_eq(stat_of(TREE "d/kept").st_ctim.tv_nsec, before[0].st_ctim.tv_nsec);
	ck_assert_int_eq(stat_of(TREE "d/kept").st_size, 70);
	ck_assert(!exists(TREE "d/new"));
	/* a tree that is somebody else's by now is left alone */
	ck_assert_int_eq(shell("sed -i s/id=.*/id=other/ .ioriot/.t1.tree; touch " TREE "new"), 0);
	ck_assert_int_eq(init_again(run, &o), EXIT_FAILED);
	ck_assert(strstr(said(), "belongs to another replay by now") != NULL);
	ck_assert(exists(TREE "new"));
	init_forget(run);
}
END_TEST

START_TEST(attributes_need_a_file)
{
	static const char *const bad[] = {"xattr|" T "d/f|user.a|3|\n", "xattrs|" T "none|70|\n",
		"xattr|" T "d|user.a|3|\n" /* which only the file below it implies */,
		"link|0|0|" T "l|d|\nxattr|" T "l|user.a|3|\n",
		"fifo|0600|0|0|" T "p|\nxattr|" T "p|user.a|3|\n"};
	struct buf lines = BUF_INIT;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		lines.len = 0;
		buf_addf(&lines, "%s%sfile|0600|0|0|0|-|" T "d/f|\n%c", i == 2 ? "file|0600|0|0|0|-|" T "d/g|\n" : "",
			bad[i], 0);
		ck_assert_int_eq(init_lines(lines.p), EXIT_FAILED);
		ck_assert_msg(strstr(said(), "no earlier line makes") != NULL, "%s", said());
	}
	buf_free(&lines);
}
END_TEST

START_TEST(relocates_mounts)
{
	ck_assert_int_eq(init_lines("file|0644|1000|1000|3|0+3|/home/.ioriot/t1/u/f|\n"
				    "link|1000|1000|" T "l|/home/.ioriot/t1/u/f|\n"),
		EXIT_DONE);
	ck_assert_int_eq(stat_of(TREE "home/u/f").st_size, 3);
	ck_assert_int_eq(shell("test \"$(readlink " TREE "l)\" = %s/" TREE "home/u/f", workdir), 0);
}
END_TEST

START_TEST(sizes_and_holes)
{
	struct buf b;
	int fd;

	ck_assert_int_eq(init_lines("file|0644|1000|1000|0|-|" T "empty|\n"
				    "file|0644|1000|1000|3000000|-|" T "hole|\n"
				    "file|0644|1000|1000|6442450944|6442446848+4096|" T "huge|\n"
				    "file|0644|1000|1000|1048576|65536+4096,524288+100|" T "f|\n"),
		EXIT_DONE);
	ck_assert_int_eq(stat_of(TREE "empty").st_size, 0);
	ck_assert_int_eq(stat_of(TREE "hole").st_size, 3000000);
	ck_assert_int_eq(stat_of(TREE "hole").st_blocks, 0);
	ck_assert_int_eq(stat_of(TREE "huge").st_size, 6442450944);
	ck_assert_int_le(stat_of(TREE "huge").st_blocks, 64);
	fd = open(TREE "f", O_RDONLY);
	ck_assert_int_eq(lseek(fd, 0, SEEK_DATA), 65536);
	ck_assert_int_eq(lseek(fd, 65536, SEEK_HOLE), 65536 + 4096);
	ck_assert_int_eq(lseek(fd, 65536 + 4096, SEEK_DATA), 524288);
	close(fd);
	b = content(TREE "f");
	ck_assert_int_eq(b.p[65535], 0);
	ck_assert_double_gt(compressed_share(b.p + 65536, 4096), 0.99);
	ck_assert_int_eq(b.p[524288 + 100], 0);
	buf_free(&b);
}
END_TEST

START_TEST(data_fills)
{
	struct options o = options_of("r.replay");
	static const double most[] = {1.01, 0.001, 0.6}, least[] = {0.99, 0, 0.05};
	struct buf b, first = BUF_INIT;
	int fill;

	write_replay("r.replay", "file|0644|1000|1000|1000003|0+1000003|" T "f|\n");
	for (fill = DATA_RANDOM; fill <= DATA_TEXT; fill++) {
		double share;

		o.data = (enum data_fill)fill;
		ck_assert_int_eq(init_command(&o), EXIT_DONE);
		b = content(TREE "f");
		share = compressed_share(b.p, b.len);
		ck_assert_double_ge(share, least[fill]);
		ck_assert_double_le(share, most[fill]);
		ck_assert_int_ge(stat_of(TREE "f").st_blocks * 512, 1000003);
		if (fill == DATA_RANDOM)
			first = b;
		else
			buf_free(&b);
	}
	o.data = DATA_RANDOM;
	ck_assert_int_eq(init_command(&o), EXIT_DONE);
	b = content(TREE "f");
	ck_assert_mem_eq(b.p, first.p, b.len);
	buf_free(&b);
	buf_free(&first);
}
END_TEST

START_TEST(fills_differ_by_seed)
{
	char a[100], b[100], parts[100];
	struct fill f;

	fill_start(&f, DATA_RANDOM, 1);
	fill_next(&f, a, sizeof(a));
	fill_start(&f, DATA_RANDOM, 2);
	fill_next(&f, b, sizeof(b));
	ck_assert_mem_ne(a, b, sizeof(a));
	fill_start(&f, DATA_RANDOM, 1);
	fill_next(&f, parts, 64);
	fill_next(&f, parts + 64, 36);
	ck_assert_mem_eq(a, parts, sizeof(a));
}
END_TEST

/* The original program kept the ranges of a file on its stack. */
START_TEST(many_ranges)
{
	struct buf lines = BUF_INIT, b;
	size_t i, data = 0;

	buf_puts(&lines, "file|0644|1000|1000|4800000|");
	for (i = 0; i < 150000; i++)
		buf_addf(&lines, "%s%zu+8", i ? "," : "", i * 32);
	buf_puts(&lines, "|" T "f|\n");
	buf_char(&lines, '\0');
	ck_assert_int_eq(init_lines(lines.p), EXIT_DONE);
	b = content(TREE "f");
	ck_assert_uint_eq(b.len, 4800000);
	for (i = 0; i < b.len; i++) {
		if (i % 32 < 8)
			data += b.p[i] != 0;
		else if (b.p[i])
			ck_abort_msg("byte %zu", i);
	}
	ck_assert_uint_gt(data, 1190000);
	buf_free(&b);
	buf_free(&lines);
}
END_TEST

START_TEST(many_files)
{
	struct buf lines = BUF_INIT;
	int i;

	for (i = 0; i < 3000; i++)
		buf_addf(&lines, "file|0644|1000|1000|100|0+100|" T "d%d/f%d|\n", i % 70, i);
	buf_char(&lines, '\0');
	ck_assert_int_eq(init_lines(lines.p), EXIT_DONE);
	ck_assert_int_eq(shell("test $(find " TREE " -type f -size 100c | wc -l) = 3000"), 0);
	buf_free(&lines);
}
END_TEST

START_TEST(awkward_names)
{
	ck_assert_int_eq(init_lines("file|0644|1000|1000|1|0+1|" T "a\\x0ab\\x7cc\\x3b \\\\|\n"
				    "file|0644|1000|1000|1|0+1|" T "-rf|\n"
				    "file|0644|1000|1000|1|0+1|" T "\xff\xfe|\n"
				    "file|0644|1000|1000|1|0+1|" T ".ioriot/t1/x|\n"),
		EXIT_DONE);
	ck_assert(exists(TREE "a\nb|c; \\"));
	ck_assert(exists(TREE "-rf"));
	ck_assert(exists(TREE "\xff\xfe"));
	ck_assert(exists(TREE ".ioriot/t1/x"));
}
END_TEST

/* Permissions decide as they did for the captured user, whoever builds the tree. */
START_TEST(owners_and_modes)
{
	bool root = geteuid() == 0;

	ck_assert_int_eq(init_lines("file|0604|1000|1000|1|0+1|" T "own|\n"
				    "file|0644|0|0|1|0+1|" T "other|\n"
				    "file|0600|0|0|1|0+1|" T "secret|\n"
				    "dir|0751|0|0|" T "d|\n"
				    "file|0644|1000|1000|1|0+1|" T "d/f|\n"
				    "file|06755|0|0|1|0+1|" T "setid|\n"
				    "file|06711|1000|1000|1|0+1|" T "own_setid|\n"
				    "dir|0|0|0|" T "closed|\n"
				    "file|0|1000|1000|1|0+1|" T "closed/f|\n"),
		EXIT_DONE);
	ck_assert_int_eq(mode_of(TREE "own"), 0604);
	ck_assert_int_eq(mode_of(TREE "other"), root ? 0644 : 0444);
	ck_assert_int_eq(mode_of(TREE "secret"), root ? 0600 : 0);
	ck_assert_int_eq(mode_of(TREE "d"), root ? 0751 : 0151);
	ck_assert_int_eq(mode_of(TREE "setid"), root ? 0755 : 0555);
	ck_assert_int_eq(mode_of(TREE "own_setid"), 06711);
	ck_assert_int_eq(mode_of(TREE "closed"), 0);
	ck_assert_uint_eq(stat_of(TREE "own").st_uid, root ? 65534 : geteuid());
	ck_assert_uint_eq(stat_of(TREE "other").st_uid, geteuid());
	ck_assert_uint_eq(stat_of(".ioriot").st_uid, geteuid());
}
END_TEST

START_TEST(nobody_is_foreign_to_root)
{
	struct options o = options_of("r.replay");

	shell("printf '#|replay_version=4|name=t1|layout=mounts|id=a|uid=0|\\n#INIT\\n"
	      "file|0640|33|33|1|0+1|" T "f|\\n#END\\n' > r.replay");
	ck_assert_int_eq(init_command(&o), EXIT_DONE);
	ck_assert_int_eq(mode_of(TREE "f"), 0640);
	ck_assert_uint_eq(stat_of(TREE "f").st_uid, geteuid() ? geteuid() : 65534);
}
END_TEST

/* A replay may do everything in a tree in which nothing was before. */
START_TEST(trees_of_operations)
{
	struct options o = options_of("r.replay");

	shell("printf '#|replay_version=4|name=t1|layout=root|id=a|uid=0|\\n"
	      "0+1|0|0|-|%s" T "new|0755|0|mkdir@7|\\n#INIT\\n#END\\n' > r.replay",
		workdir);
	o.root = NULL;
	ck_assert_int_eq(init_command(&o), EXIT_FAILED);
	ck_said("add --root DIR");
	o.root = workdir;
	ck_assert_int_eq(init_command(&o), EXIT_DONE);
	ck_assert_int_eq(mode_of(TREE), 0755);
	o.root = NULL; /* the directory is ours by now */
	ck_assert_int_eq(init_command(&o), EXIT_DONE);
}
END_TEST

START_TEST(old_tree_goes_to_trash)
{
	const char *lines = "file|0644|1000|1000|1|0+1|" T "f|\ndir|0|0|0|" T "closed|\n";

	ck_assert_int_eq(init_lines(lines), EXIT_DONE);
	ck_assert_int_eq(shell("echo x > " TREE "left-by-a-replay; chmod 0 " TREE), 0);
	ck_assert_int_eq(init_lines(lines), EXIT_DONE);
	ck_assert(!exists(TREE "left-by-a-replay"));
	ck_assert_int_eq(shell("chmod 700 .ioriot/.trash/*-t1"), 0);
	ck_assert_int_eq(shell("test -e .ioriot/.trash/*.0-t1/left-by-a-replay"), 0);
	ck_assert_int_eq(init_lines(lines), EXIT_DONE);
	ck_assert_int_eq(shell("test $(ls .ioriot/.trash | wc -l) = 2"), 0);
}
END_TEST

static void open_set(struct tree_set *set, struct arena *arena, struct err *err)
{
	struct str rest;
	size_t i;

	ck_assert_int_eq(tree_set_init(set, arena, STR("t1"), workdir, false, err), 0);
	ck_assert_int_eq(tree_locate(set, STR("/.ioriot/t1"), &i, &rest, err), 0);
}

START_TEST(interrupted_init)
{
	struct arena arena = ARENA_INIT;
	char trashed[TRASHED_MAX];
	struct marker marker;
	struct tree_set set;
	struct err err;

	open_set(&set, &arena, &err);
	ck_assert_int_eq(tree_open(set.v, "t1", &marker, &err), -ENOENT);
	ck_assert_int_eq(tree_create(set.v, "t1", "abc", trashed, &err), 0);
	ck_assert_int_eq(mkdirat(set.v->fd, "half", 0755), 0);
	ck_assert_int_eq(init_lines(""), EXIT_DONE); /* no tree, nothing in the way */
	ck_assert_int_eq(init_lines("dir|0755|1000|1000|" T "d|\n"), EXIT_FAILED);
	ck_said("at work");
	tree_close(set.v);
	ck_assert_int_eq(tree_open(set.v, "t1", &marker, &err), 0);
	ck_assert_int_eq(marker.state, TREE_BUILDING);
	tree_close(set.v);
	ck_assert_int_eq(init_lines("dir|0755|1000|1000|" T "d|\n"), EXIT_DONE);
	ck_assert(!exists(TREE "half"));
	ck_assert_int_eq(tree_open(set.v, "t1", &marker, &err), 0);
	ck_assert_int_eq(marker.state, TREE_READY);
	ck_assert_str_eq(marker.id, "abc1");
	ck_assert_int_eq(tree_set_state(set.v, "t1", TREE_USED, false, &err), 0);
	tree_close(set.v);
	ck_assert_int_eq(tree_open(set.v, "t1", &marker, &err), 0);
	ck_assert_int_eq(marker.state, TREE_USED);
	tree_close(set.v);
	arena_free(&arena);
}
END_TEST

static void expect_foreign(const char *sentence)
{
	ck_assert_int_eq(init_lines("dir|0755|1000|1000|" T "d|\n"), EXIT_FAILED);
	ck_said(sentence);
}

START_TEST(never_builds_on_others_work)
{
	ck_assert_int_eq(shell("mkdir -p " TREE "mine && chmod 755 .ioriot"), 0);
	expect_foreign("was not made by ioriot");
	ck_assert(exists(TREE "mine"));
	ck_assert(!exists(TREE "d"));
	ck_assert_int_eq(shell("echo hello > .ioriot/.t1.tree"), 0);
	expect_foreign("is not understood");
	ck_assert_int_eq(shell("rm -r .ioriot; mkdir away; ln -s away .ioriot"), 0);
	expect_foreign(".ioriot is not a directory of its own");
	ck_assert_int_eq(shell("rm .ioriot; mkdir .ioriot; ln -s ../away .ioriot/t1"), 0);
	expect_foreign("was not made by ioriot");
	ck_assert_int_eq(shell("rm -r .ioriot; mkdir .ioriot; chmod 777 .ioriot"), 0);
	expect_foreign("others may write to it");
	ck_assert_int_eq(shell("test -z \"$(ls -A away)\""), 0);
}
END_TEST

START_TEST(marker_of_another_directory)
{
	ck_assert_int_eq(init_lines("dir|0755|1000|1000|" T "d|\n"), EXIT_DONE);
	ck_assert_int_eq(shell("mv " TREE " keep && mkdir -p " TREE "mine"), 0);
	expect_foreign("was written for another directory");
	ck_assert(exists(TREE "mine"));
}
END_TEST

static void expect_hostile(const char *lines, const char *sentence)
{
	ck_assert_msg(init_lines(lines) == EXIT_FAILED, "%s", lines);
	ck_said(sentence);
	ck_assert_msg(!exists(".ioriot"), "%s", lines);
	ck_assert_ptr_nonnull(freopen("said", "w", stderr));
}

START_TEST(hostile_lines)
{
	expect_hostile("dir|0755|0|0|/etc/x|\n", "r.replay:3: path '/etc/x' is outside");
	expect_hostile("dir|0755|0|0|" T "../x|\n", "'..'");
	expect_hostile("dir|0755|0|0|/.ioriot/t1x/y|\n", "outside");
	expect_hostile("file|0644|0|0|1|-|" T "a//etc/passwd|\n", "empty component");
	expect_hostile("file|0644|0|0|1|-|" T "a\\x00b|\n", "not a path");
	expect_hostile("link|0|0|" T "l|/etc|\n", "outside");
	expect_hostile("link|0|0|" T "l|../../../etc|\n", "leads out");
	expect_hostile("link|0|0|" T "a/l|x/../../../etc|\n", "leads out");
	expect_hostile("link|0|0|" T "l|.|\nfile|0644|0|0|1|0+1|" T "l/x|\n", "r.replay:4:");
	expect_hostile("file|0644|0|0|1|0+1|" T "l/x|\nlink|0|0|" T "l|.|\n", "r.replay:4:");
	expect_hostile("file|0644|0|0|1|0+1|" T "x|\nfile|0644|0|0|1|0+1|" T "x|\n",
		"r.replay:4: 'x' is there already, from line 3");
	expect_hostile("dir|0755|0|0|" T "x|\nfile|0644|0|0|1|0+1|" T "x|\n", "r.replay:4:");
	expect_hostile("file|0644|0|0|1|0+1|" T "x|\ndir|0755|0|0|" T "x|\n", "r.replay:4:");
	expect_hostile("hardlink|" T "x|/etc/passwd|\n", "outside");
	expect_hostile("hardlink|" T "x|" T "y|\n", "there is no line for 'y'");
	expect_hostile("dir|0755|0|0|" T "d|\nhardlink|" T "x|" T "d|\n", "r.replay:4:");
	expect_hostile("hardlink|" T "x|" T "x|\n", "is a directory or a hard link itself");
	expect_hostile("file|0644|0|0|1|0+1|/.ioriot/t1|\n", "only be a directory");
	expect_hostile("char|0644|0|0|" T "x|\n", "r.replay:3:");
}
END_TEST

START_TEST(hostile_headers)
{
	static const char *const headers[] = {"name=../../x|layout=mounts|id=a",
		"layout=mounts|id=a", "name=t1|id=a", "name=t1|layout=mounts",
		"name=t1|layout=mounts|id=../x", "name=t1|layout=mounts|id=a|uid=-1",
		"name=t1|layout=x|id=a"};
	struct options o = options_of("r.replay");
	size_t i;

	for (i = 0; i < sizeof(headers) / sizeof(*headers); i++) {
		shell("printf '#|replay_version=4|%s|\\n#INIT\\ndir|0755|0|0|" T
		      "d|\\n#END\\n' > r.replay",
			headers[i]);
		ck_assert_msg(init_command(&o) == EXIT_FAILED, "%s", headers[i]);
	}
	shell("printf '#|replay_version=4|name=t1|layout=mounts|id=a|user=root|\\n#INIT\\n"
	      "dir|0755|0|0|" T "d|\\n#END\\n' > r.replay");
	ck_assert_int_eq(init_command(&o), EXIT_DONE);
	ck_assert_uint_eq(stat_of(TREE "d").st_uid, geteuid() ? geteuid() : 65534);
}
END_TEST

START_TEST(errors_that_users_meet)
{
	struct options o = options_of("missing.replay");
	struct rlimit limit = {1000, 1000};

	ck_assert_int_eq(init_command(&o), EXIT_FAILED);
	ck_said("missing.replay");
	ck_assert_int_eq(init_lines("file|0644|0|0|1125899906842624|0+1125899906842624|" T "f|\n"),
		EXIT_FAILED);
	ck_said("the tree needs 1.0 PiB of data");
	ck_said("what was built so far is in");
	ck_assert(!exists(TREE));
	o = options_of("r.replay");
	o.name = "other";
	ck_assert_int_eq(init_command(&o), EXIT_FAILED);
	ck_said("is the replay 't1', not 'other' as -n says");
	o = options_of("r.replay");
	o.user = "no-such-user";
	ck_assert_int_eq(init_command(&o), EXIT_FAILED);
	ck_said("there is no user 'no-such-user'");
	o = options_of("r.replay");
	o.root = "nowhere";
	ck_assert_int_eq(init_command(&o), EXIT_FAILED);
	ck_said("--root nowhere: No such file");
	setrlimit(RLIMIT_FSIZE, &limit);
	ck_assert_int_eq(init_lines("file|0644|0|0|5000|0+5000|" T "f|\n"), EXIT_FAILED);
	ck_said("/f: File too large");
}
END_TEST

START_TEST(too_many_open_files)
{
	struct rlimit limit = {9, 9};
	int fd;

	write_replay("r.replay", "file|0644|0|0|1|0+1|" T "d/f|\n");
	while ((fd = dup(1)) >= 0 && fd < 7)
		;
	setrlimit(RLIMIT_NOFILE, &limit);
	ck_assert_int_eq(init_lines("file|0644|0|0|1|0+1|" T "d/f|\n"), EXIT_FAILED);
	for (fd = 3; fd < 9; fd++)
		close(fd);
	ck_said("Too many open files");
}
END_TEST

Suite *init_suite(void)
{
	TCase *tc;
	Suite *s = suite_with("init", &tc);

	tcase_add_checked_fixture(tc, workdir_enter, workdir_leave);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, builds_every_kind);
	tcase_add_test(tc, sets_attributes);
	tcase_add_test(tc, once_more_after_changes);
	tcase_add_test(tc, attributes_need_a_file);
	tcase_add_test(tc, relocates_mounts);
	tcase_add_test(tc, sizes_and_holes);
	tcase_add_test(tc, data_fills);
	tcase_add_test(tc, fills_differ_by_seed);
	tcase_add_test(tc, many_ranges);
	tcase_add_test(tc, many_files);
	tcase_add_test(tc, awkward_names);
	tcase_add_test(tc, owners_and_modes);
	tcase_add_test(tc, nobody_is_foreign_to_root);
	tcase_add_test(tc, trees_of_operations);
	tcase_add_test(tc, old_tree_goes_to_trash);
	tcase_add_test(tc, interrupted_init);
	tcase_add_test(tc, never_builds_on_others_work);
	tcase_add_test(tc, marker_of_another_directory);
	tcase_add_test(tc, hostile_lines);
	tcase_add_test(tc, hostile_headers);
	tcase_add_test(tc, errors_that_users_meet);
	tcase_add_test(tc, too_many_open_files);
	return s;
}
