/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "capture/facts.h"
#include "capture/late.h"
#include "suites.h"
#include "tempdir.h"
#include "utils/acl.h"
#include "utils/clock.h"

/*
 * A tree in the test's directory, changed for real; the records of it are made up and come when all
 * is over, as from a kernel that hands them over late.
 */
struct scene {
	struct tempdir dir;
	struct sink *sink;
	struct late *late;
	struct seen seen; /* the record that is made up */
	char path[2][512];
	uint64_t t; /* when the last call was over: all before they are told of */
	uint64_t lost;
	char *text; /* of the capture, read at the end */
};

static void scene_enter(struct scene *s)
{
	struct err err;

	memset(s, 0, sizeof(*s));
	s->t = now_ns();
	tempdir_enter(&s->dir);
	ck_assert_int_eq(sink_open(&s->sink, "capture", &err), 0);
	ck_assert_int_eq(late_open(&s->late, s->sink, &err), 0);
}

static struct str below(struct scene *s, int i, const char *name)
{
	snprintf(s->path[i], sizeof(s->path[i]), "%s/%s", s->dir.path, name);
	return str_of(s->path[i]);
}

/* The next call. NAME is below the directory; NULL: none. */
static struct rec *call(struct scene *s, enum op_id op, const char *name, int64_t ret)
{
	struct rec *r = &s->seen.rec;

	memset(&s->seen, 0, sizeof(s->seen));
	*r = (struct rec){.t = s->t++, .pid = 10, .tid = 10, .op = op, .ret = ret, .has_ret = true};
	if (name)
		r->path = below(s, 0, name);
	return r;
}

static void add(struct scene *s)
{
	struct err err;

	ck_assert_int_eq(late_add(s->late, &s->seen, &err), 0);
}

static void simple(struct scene *s, enum op_id op, const char *name, int64_t ret)
{
	call(s, op, name, ret);
	add(s);
}

static void open_call(struct scene *s, const char *name, int flags, int64_t ret)
{
	call(s, OP_open, name, ret)->arg[1] = (uint64_t)flags;
}

static void two_names(struct scene *s, enum op_id op, const char *from, const char *to)
{
	call(s, op, from, 0)->path2 = below(s, 1, to);
}

static struct facts facts_of(const char *name)
{
	struct stat st;

	ck_assert_int_eq(lstat(name, &st), 0);
	return facts_of_stat(&st);
}

static const struct facts absent = {.absent = true};

static void read_text(struct scene *s, const char *file)
{
	static char text[65536];

	text[file_get(file, text, sizeof(text) - 1)] = '\0';
	s->text = text;
}

static void scene_end(struct scene *s)
{
	struct sink_totals totals;

	late_close(s->late);
	ck_assert_int_eq(sink_close(s->sink, &totals, NULL), 0);
	s->lost = totals.lost;
}

static void scene_read(struct scene *s)
{
	scene_end(s);
	read_text(s, "capture");
}

static void scene_leave(struct scene *s)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s/*", s->dir.path);
	ck_assert_int_eq(system(command), 0);
	tempdir_leave(&s->dir);
}

static const char *line_of(struct scene *s, const char *name)
{
	char want[256];

	snprintf(want, sizeof(want), "o=state_path;:,p=%s/%s;:,", s->dir.path, name);
	return strstr(s->text, want);
}

/* The one state_path record of that name has that text in it. */
static void told(struct scene *s, const char *name, const char *what)
{
	const char *line = line_of(s, name), *end;
	char want[256];

	ck_assert_msg(line, "%s is not told in:\n%s", name, s->text);
	end = strchr(line, '\n');
	ck_assert_msg(memmem(line, (size_t)(end - line), what, strlen(what)), "no %s in %.*s", what,
		(int)(end - line), line);
	snprintf(want, sizeof(want), "o=state_path;:,p=%s/%s;:,", s->dir.path, name);
	ck_assert_msg(!strstr(line + 1, want), "%s is told twice", name);
}

static void told_size(struct scene *s, const char *name, unsigned size)
{
	const char *line = line_of(s, name);
	unsigned found = 0;

	ck_assert_ptr_nonnull(line);
	ck_assert_int_eq(sscanf(strstr(line, "x="), "x=%*u:%*u:%*u:%*o:%*u:%*u:%*u:%u", &found), 1);
	ck_assert_uint_eq(found, size);
}

static void not_told(struct scene *s, const char *name)
{
	ck_assert_msg(!line_of(s, name), "%s is told in:\n%s", name, s->text);
}

#define ABSENT "x=-"

/* ---- made and removed before anybody looked ---- */

START_TEST(what_was_made_was_absent)
{
	struct scene s;

	scene_enter(&s);
	mkdir("a", 0700);
	mkdir("a/b", 0700);
	file_put("a/b/f", "x", 1);
	simple(&s, OP_stat, "a/b/f", -ENOENT);
	simple(&s, OP_stat, "a/b", -ENOENT);
	simple(&s, OP_mkdir, "a", 0);
	simple(&s, OP_mkdir, "a/b", 0);
	open_call(&s, "a/b/f", O_CREAT | O_WRONLY, 3);
	s.seen.created = true;
	add(&s);
	late_advance(s.late, now_ns());
	scene_read(&s);
	told(&s, "a", ABSENT);
	not_told(&s, "a/b");
	not_told(&s, "a/b/f");
	scene_leave(&s);
}
END_TEST

START_TEST(what_is_gone_is_told_by_its_end)
{
	struct facts f, d;
	struct scene s;

	scene_enter(&s);
	mkdir("d", 0750);
	file_put("d/f", "four", 4);
	f = facts_of("d/f");
	d = facts_of("d");
	unlink("d/f");
	rmdir("d");
	simple(&s, OP_access, "d/f", 0);
	call(&s, OP_unlink, "d/f", 0);
	s.seen.before[0] = f;
	add(&s);
	simple(&s, OP_access, "d/none", -ENOENT);
	simple(&s, OP_access, "d/maybe", -EACCES);
	call(&s, OP_rmdir, "d", 0);
	s.seen.before[0] = d;
	add(&s);
	scene_read(&s);
	told(&s, "d", ":040750:");
	told(&s, "d/f", ":0100644:");
	told_size(&s, "d/f", 4);
	told(&s, "d/none", ABSENT);
	told(&s, "d/maybe", ABSENT); /* it was not removed, and nothing was left in the directory */
	scene_leave(&s);
}
END_TEST

START_TEST(what_is_gone_without_a_word_is_not_told)
{
	struct scene s;

	scene_enter(&s);
	simple(&s, OP_access, "f", 0);
	simple(&s, OP_access, "d/f", 0);
	simple(&s, OP_unlink, "f", 0);
	simple(&s, OP_access, "g", 0); /* somebody else removed it */
	late_advance(s.late, now_ns());
	scene_read(&s);
	not_told(&s, "f");
	not_told(&s, "d");
	not_told(&s, "d/f");
	not_told(&s, "g");
	scene_leave(&s);
}
END_TEST

/* Of two calls that overlap, the one that took effect first may be over last. */
START_TEST(made_by_a_call_that_is_over_later)
{
	struct scene s;

	scene_enter(&s);
	mkdir("d", 0700);
	file_put("d/f", "1", 1);
	simple(&s, OP_stat, "d", -ENOENT);
	open_call(&s, "d/f", O_CREAT | O_WRONLY, 3);
	s.seen.created = true;
	add(&s);
	call(&s, OP_mkdir, "d", 0)->dur = 2;
	add(&s);
	simple(&s, OP_access, "d/f", 0);
	scene_read(&s);
	told(&s, "d", ABSENT);
	not_told(&s, "d/f");
	scene_leave(&s);
}
END_TEST

/* What was made stays made, and nothing was in it. */
START_TEST(missed_by_a_call_that_is_over_later)
{
	struct scene s;

	scene_enter(&s);
	mkdir("d", 0700);
	mkdir("d/e", 0700);
	simple(&s, OP_stat, "d", -ENOENT);
	simple(&s, OP_mkdir, "d", 0);
	call(&s, OP_stat, "d", -ENOENT)->dur = 3;
	add(&s);
	simple(&s, OP_stat, "d", 0);
	simple(&s, OP_mkdir, "d/e", -EEXIST);
	call(&s, OP_mkdir, "d/e", 0)->dur = 2;
	add(&s);
	scene_read(&s);
	told(&s, "d", ABSENT);
	not_told(&s, "d/e");
	scene_leave(&s);
}
END_TEST

START_TEST(made_and_removed_and_made)
{
	struct scene s;

	scene_enter(&s);
	file_put("f", "left", 4);
	open_call(&s, "f", O_CREAT | O_WRONLY, 3);
	s.seen.created = true;
	add(&s);
	simple(&s, OP_unlink, "f", 0);
	simple(&s, OP_access, "f", -ENOENT);
	open_call(&s, "f", O_CREAT | O_WRONLY, 3);
	s.seen.created = true;
	add(&s);
	scene_read(&s);
	told(&s, "f", ABSENT);
	scene_leave(&s);
}
END_TEST

/* ---- moved ---- */

START_TEST(renamed_over)
{
	struct facts new, old;
	struct scene s;

	scene_enter(&s);
	file_put("new", "new", 3);
	file_put("old", "older", 5);
	new = facts_of("new");
	old = facts_of("old");
	rename("new", "old");
	simple(&s, OP_access, "old", 0);
	two_names(&s, OP_rename, "new", "old");
	s.seen.before[0] = new;
	s.seen.before[1] = old;
	add(&s);
	simple(&s, OP_stat, "new", -ENOENT);
	scene_read(&s);
	told_size(&s, "new", 3);
	told_size(&s, "old", 5);
	scene_leave(&s);
}
END_TEST

START_TEST(a_renamed_file_is_found_where_it_is)
{
	struct scene s;

	scene_enter(&s);
	file_put("b", "seven..", 7);
	simple(&s, OP_access, "a", 0);
	two_names(&s, OP_rename, "a", "b");
	s.seen.before[1] = absent;
	add(&s);
	late_advance(s.late, now_ns());
	scene_read(&s);
	told_size(&s, "a", 7);
	told(&s, "b", ABSENT);
	scene_leave(&s);
}
END_TEST

START_TEST(names_follow_their_directories)
{
	struct scene s;

	scene_enter(&s);
	mkdir("now", 0700);
	file_put("now/f", "123456", 6);
	file_put("now/g", "12345678", 8);
	simple(&s, OP_access, "was/f", 0);
	simple(&s, OP_access, "was/none", -EACCES);
	two_names(&s, OP_rename, "was", "now");
	s.seen.before[1] = absent;
	add(&s);
	simple(&s, OP_access, "now/g", 0);
	simple(&s, OP_access, "was/g", -ENOENT);
	late_advance(s.late, now_ns());
	late_advance(s.late, now_ns());
	scene_read(&s);
	told(&s, "was", ":040700:");
	told(&s, "now", ABSENT);
	told_size(&s, "was/f", 6);
	told(&s, "was/none", ABSENT);
	told_size(&s, "now/g", 8);
	not_told(&s, "was/g");
	scene_leave(&s);
}
END_TEST

START_TEST(exchanged)
{
	struct scene s;

	scene_enter(&s);
	mkdir("a", 0700);
	mkdir("b", 0700);
	file_put("a/was-b", "b", 1);
	file_put("b/was-a", "aa", 2);
	simple(&s, OP_access, "a/was-a", 0);
	two_names(&s, OP_renameat2, "a", "b");
	s.seen.rec.arg[4] = RENAME_EXCHANGE;
	add(&s);
	simple(&s, OP_access, "a/was-b", 0);
	scene_read(&s);
	told_size(&s, "a/was-a", 2);
	told_size(&s, "a/was-b", 1);
	scene_leave(&s);
}
END_TEST

/* ---- links ---- */

START_TEST(links_are_followed)
{
	struct scene s;

	scene_enter(&s);
	mkdir("d", 0700);
	file_put("d/f", "x", 1);
	ck_assert_int_eq(symlink("d", "l"), 0);
	ck_assert_int_eq(symlink("nowhere", "dangling"), 0);
	ck_assert_int_eq(symlink("d/f", "new"), 0);
	simple(&s, OP_access, "l/f", 0);
	simple(&s, OP_lstat, "dangling", 0);
	simple(&s, OP_stat, "dangling", -ENOENT);
	simple(&s, OP_access, "new", -ENOENT); /* made later */
	call(&s, OP_symlink, "new", 0)->path2 = STR("d/f");
	add(&s);
	scene_read(&s);
	told(&s, "l", "P=d;");
	told_size(&s, "d/f", 1);
	not_told(&s, "l/f");
	told(&s, "dangling", "P=nowhere;");
	told(&s, "nowhere", ABSENT);
	told(&s, "new", ABSENT);
	scene_leave(&s);
}
END_TEST

START_TEST(a_link_that_is_gone_is_told_by_its_end)
{
	struct facts link;
	struct scene s;

	scene_enter(&s);
	mkdir("d", 0700);
	file_put("d/f", "x", 1);
	ck_assert_int_eq(symlink("d", "l"), 0);
	link = facts_of("l");
	unlink("l");
	mkdir("l", 0700);
	simple(&s, OP_access, "l/f", 0);
	call(&s, OP_unlink, "l", 0);
	s.seen.before[0] = link;
	s.seen.target[0] = STR("d");
	add(&s);
	simple(&s, OP_mkdir, "l", 0);
	scene_read(&s);
	told(&s, "l", "P=d;:,x=");
	not_told(&s, "l/f");
	scene_leave(&s);
}
END_TEST

/* ---- sizes ---- */

START_TEST(sizes_are_those_before_the_writes)
{
	struct facts at_open, cut;
	struct scene s;

	scene_enter(&s);
	file_put("appended", "12345", 5);
	at_open = facts_of("appended");
	file_put("appended", "1234567890", 10);
	file_put("cut", "12345678", 8);
	cut = facts_of("cut");
	file_put("cut", "1", 1);
	file_put("truncated", "1234567", 7);
	simple(&s, OP_access, "appended", 0);
	open_call(&s, "appended", O_WRONLY | O_APPEND, 3);
	s.seen.rec.facts = at_open;
	add(&s);
	simple(&s, OP_write, NULL, 5);
	open_call(&s, "cut", O_WRONLY | O_TRUNC, 4);
	s.seen.cut = cut;
	s.seen.rec.facts = facts_of("cut");
	add(&s);
	cut = facts_of("truncated");
	ck_assert_int_eq(truncate("truncated", 2), 0);
	simple(&s, OP_access, "truncated", 0);
	call(&s, OP_ftruncate, NULL, 0); /* of a descriptor: the inode's number tells */
	s.seen.cut = cut;
	add(&s);
	late_advance(s.late, now_ns());
	scene_read(&s);
	told_size(&s, "appended", 5);
	told_size(&s, "cut", 8);
	told_size(&s, "truncated", 7);
	scene_leave(&s);
}
END_TEST

START_TEST(modes_are_those_before_the_calls)
{
	struct facts path, fd;
	struct scene s;

	scene_enter(&s);
	file_put("by-path", "1", 1);
	file_put("by-fd", "1", 1);
	file_put("not-told", "1", 1);
	chmod("by-path", 0640);
	chmod("by-fd", 0641);
	path = facts_of("by-path");
	fd = facts_of("by-fd");
	chmod("by-path", 0600);
	chmod("by-fd", 0600);
	chmod("not-told", 0604);
	ck_assert_int_eq(symlink("by-path", "link"), 0);
	call(&s, OP_chmod, "link", 0)->arg[1] = 0600;
	s.seen.was = path;
	add(&s);
	call(&s, OP_chmod, "by-path", 0)->arg[1] = 0700; /* not the first: it tells nothing any more */
	s.seen.was = path;
	s.seen.was.mode = S_IFREG | 0600;
	add(&s);
	simple(&s, OP_access, "by-fd", 0);
	call(&s, OP_fchmod, NULL, 0)->arg[1] = 0600;
	s.seen.was = fd;
	add(&s);
	call(&s, OP_chmod, "not-told", -EPERM);
	add(&s);
	scene_read(&s);
	told(&s, "by-path", ":0100640:");
	told(&s, "by-fd", ":0100641:");
	told(&s, "link", "P=by-path;:,");
	told(&s, "not-told", ":0100604:");
	scene_leave(&s);
}
END_TEST

START_TEST(numbers_of_inodes_come_again)
{
	struct facts other;
	struct scene s;

	scene_enter(&s);
	file_put("f", "12", 2);
	other = facts_of("f");
	other.size = 4000;
	simple(&s, OP_access, "f", -EACCES);
	call(&s, OP_fstat, NULL, 0); /* of another file that had the number */
	s.seen.rec.facts = other;
	add(&s);
	open_call(&s, "f", O_CREAT | O_WRONLY, 3);
	s.seen.created = true;
	add(&s);
	scene_read(&s);
	told(&s, "f", ABSENT);
	scene_leave(&s);
}
END_TEST

START_TEST(holes_are_told)
{
	struct facts f;
	struct scene s;

	scene_enter(&s);
	file_put("holes", "x", 1);
	ck_assert_int_eq(truncate("holes", 1 << 20), 0);
	f = facts_of("holes");
	open_call(&s, "holes", O_RDONLY, 3);
	s.seen.rec.facts = f;
	add(&s);
	call(&s, OP_lstat, "holes", 0);
	s.seen.rec.facts = f;
	add(&s);
	scene_read(&s);
	told(&s, "holes", ";:,v=0+");
	scene_leave(&s);
}
END_TEST

/* Blocks that the kernel's inode does not know of (xfs) make no hole. */
START_TEST(blocks_that_are_not_known)
{
	static char bytes[5000] = "x";
	struct facts f, gone;
	struct scene s;

	scene_enter(&s);
	file_put("f", bytes, sizeof(bytes));
	f = facts_of("f");
	gone = f;
	gone.blocks = f.blocks = 0;
	gone.ino++;
	open_call(&s, "f", O_RDONLY, 3);
	s.seen.rec.facts = f;
	add(&s);
	open_call(&s, "gone", O_RDONLY, 3);
	s.seen.rec.facts = gone;
	add(&s);
	scene_read(&s);
	told(&s, "f", ":5000:10;:,");
	told(&s, "gone", ":5000:10;:,");
	scene_leave(&s);
}
END_TEST

static void default_list(const char *dir, uint32_t bits)
{
	char list[28];

	acl_make(list, sizeof(list), bits);
	ck_assert_int_eq(mkdir(dir, 0755), 0);
	ck_assert_int_eq(setxattr(dir, "system.posix_acl_default", list, sizeof(list), 0), 0);
}

static void sets_default(struct scene *s, enum op_id op, const char *name, uint32_t bits)
{
	struct rec *rec = call(s, op, name, 0);

	rec->path2 = STR("system.posix_acl_default");
	rec->arg[3] = 28;
	rec->facts = (struct facts){.list = true, .mode = bits};
	add(s);
}

/* What is seen there may be what the call has just set: it is not what was there before. */
START_TEST(default_lists_that_are_set)
{
	struct scene s;

	scene_enter(&s);
	default_list("by_name", 0750);
	default_list("by_fd", 0751);
	default_list("before", 0740);
	simple(&s, OP_access, "by_fd", 0);
	simple(&s, OP_access, "before", 0);
	sets_default(&s, OP_setxattr, "by_name", 0750);
	sets_default(&s, OP_fsetxattr, NULL, 0751);
	scene_read(&s);
	ck_assert_ptr_nonnull(strstr(s.text, "/before;:,v=480+28;:,x="));
	ck_assert_ptr_nonnull(strstr(s.text, "/by_name;:,x="));
	ck_assert_ptr_nonnull(strstr(s.text, "/by_fd;:,x="));
	scene_leave(&s);
}
END_TEST

/* ---- when it is written ---- */

START_TEST(nothing_is_written_before_all_is_known)
{
	struct facts gone;
	struct scene s;

	scene_enter(&s);
	file_put("f", "12", 2);
	gone = facts_of("f");
	gone.size = 99;
	simple(&s, OP_access, "f", 0);
	late_advance(s.late, s.t);
	s.t = now_ns(); /* the next call begins after the look */
	open_call(&s, "f", O_RDONLY, 3);
	s.seen.rec.facts = gone;
	add(&s);
	late_advance(s.late, now_ns());
	scene_read(&s);
	told_size(&s, "f", 2);
	ck_assert_ptr_nonnull(strstr(line_of(&s, "f"), "o=access"));
	ck_assert_ptr_null(memmem(s.text, (size_t)(line_of(&s, "f") - s.text), "o=access", 8));
	ck_assert_ptr_nonnull(strstr(s.text, "o=state_path;:,p=/;:,"));
	scene_leave(&s);
}
END_TEST

/* ---- directories ---- */

START_TEST(listed_as_it_was)
{
	struct facts removed;
	struct scene s;

	scene_enter(&s);
	mkdir("d", 0700);
	file_put("d/stays", "12", 2);
	file_put("d/made", "12", 2);
	file_put("d/removed", "123", 3);
	removed = facts_of("d/removed");
	unlink("d/removed");
	call(&s, OP_getdents64, NULL, 100);
	s.seen.from[0].id = 7;
	s.seen.from[0].name = below(&s, 0, "d");
	add(&s);
	open_call(&s, "d/made", O_CREAT | O_WRONLY, 3);
	s.seen.created = true;
	add(&s);
	call(&s, OP_unlink, "d/removed", 0);
	s.seen.before[0] = removed;
	add(&s);
	scene_read(&s);
	told_size(&s, "d/stays", 2);
	told(&s, "d/made", ABSENT);
	told_size(&s, "d/removed", 3);
	scene_leave(&s);
}
END_TEST

START_TEST(paths_start_where_the_kernel_says)
{
	struct scene s;

	scene_enter(&s);
	mkdir("now", 0700);
	file_put("now/f", "123", 3);
	file_put("now/g", "1234", 4);
	call(&s, OP_openat, NULL, 3);
	s.seen.rec.path = STR("f");
	s.seen.from[0].id = 77;
	s.seen.from[0].name = below(&s, 0, "was");
	add(&s);
	two_names(&s, OP_rename, "was", "now");
	s.seen.before[1] = absent;
	add(&s);
	call(&s, OP_access, NULL, 0);
	s.seen.rec.path = STR("./g");
	s.seen.from[0].id = 77;
	add(&s);
	call(&s, OP_access, NULL, 0);
	s.seen.rec.path = STR("h"); /* from a directory that nobody knows */
	s.seen.from[0].id = 78;
	add(&s);
	scene_read(&s);
	told_size(&s, "was/f", 3);
	told_size(&s, "now/g", 4);
	not_told(&s, "now/f");
	ck_assert_ptr_null(strstr(s.text, "/h;:,x="));
	scene_leave(&s);
}
END_TEST

START_TEST(state_has_its_names_before_it)
{
	struct scene s;

	scene_enter(&s);
	mkdir("cwd", 0711);
	file_put("log", "1234567", 7);
	call(&s, OP_state_task, "cwd", 0)->path2 = STR("/");
	s.seen.from[0].id = 5;
	s.seen.from[0].name = s.seen.rec.path;
	add(&s);
	call(&s, OP_state_fd, "log", 0)->facts = facts_of("log");
	s.seen.rec.facts.size = 6;
	add(&s);
	call(&s, OP_access, NULL, -ENOENT)->path = STR("none");
	s.seen.from[0].id = 5;
	add(&s);
	scene_read(&s);
	told(&s, "cwd", ":040711:");
	told_size(&s, "log", 6);
	told(&s, "cwd/none", ABSENT);
	ck_assert_ptr_nonnull(strstr(line_of(&s, "cwd"), "o=state_task"));
	ck_assert_ptr_nonnull(strstr(line_of(&s, "log"), "o=state_fd"));
	scene_leave(&s);
}
END_TEST

START_TEST(other_roots_and_name_spaces)
{
	struct scene s;

	scene_enter(&s);
	mkdir("jail", 0700);
	file_put("jail/f", "12", 2);
	call(&s, OP_state_task, NULL, 0)->path = STR("/");
	s.seen.rec.path2 = below(&s, 1, "jail");
	s.seen.chrooted = true;
	add(&s);
	call(&s, OP_access, NULL, 0)->path = STR("/../f");
	s.seen.chrooted = true;
	add(&s);
	call(&s, OP_access, "jail/none", -ENOENT);
	s.seen.foreign = true;
	add(&s);
	add(&s);
	scene_read(&s);
	told_size(&s, "jail/f", 2);
	not_told(&s, "jail/none");
	ck_assert_ptr_nonnull(strstr(s.text, "c=0;:,p=of processes in other mount namespaces"));
	ck_assert_ptr_null(
		strstr(strstr(s.text, "c=0;:,p=of processes") + 1, "c=0;:,p=of processes"));
	ck_assert_uint_eq(s.lost, 0);
	scene_leave(&s);
}
END_TEST

/* ---- what others did, and loss ---- */

START_TEST(changes_by_others_are_seen)
{
	struct scene s;

	scene_enter(&s);
	simple(&s, OP_access, "d", -ENOENT);
	mkdir("d", 0700); /* not recorded */
	file_put("d/f", "1", 1);
	simple(&s, OP_access, "d/f", 0);
	simple(&s, OP_access, "d", 0);
	scene_read(&s);
	told(&s, "d", ABSENT);
	told_size(&s, "d/f", 1);
	scene_leave(&s);
}
END_TEST

START_TEST(after_loss_only_what_is_sure)
{
	struct scene s;

	scene_enter(&s);
	file_put("here", "1", 1);
	file_put("refused", "1", 1);
	simple(&s, OP_access, "here", 0);
	simple(&s, OP_access, "refused", -EACCES);
	simple(&s, OP_access, "hidden", -EACCES);
	simple(&s, OP_access, "none", -ENOENT);
	late_lost(s.late, now_ns(), 10, 10, 5, "a test");
	simple(&s, OP_access, "later", -EACCES);
	late_advance(s.late, now_ns());
	scene_read(&s);
	told_size(&s, "here", 1);
	not_told(&s, "refused");
	not_told(&s, "hidden");
	told(&s, "none", ABSENT);
	told(&s, "later", ABSENT);
	ck_assert_ptr_nonnull(strstr(s.text, "o=lost;:,c=5;:,p=a test;"));
	ck_assert_uint_eq(s.lost, 5);
	scene_leave(&s);
}
END_TEST

START_TEST(the_next_file_begins_anew)
{
	struct scene s;
	struct err err;
	int i;

	scene_enter(&s);
	file_put("f", "1", 1);
	mkdir("made", 0700);
	file_put("made/g", "12", 2);
	simple(&s, OP_mkdir, "made", 0);
	simple(&s, OP_access, "f", 0);
	ck_assert_int_eq(late_rotate(s.late, &err), 0);
	for (i = 0; i < 2; i++) {
		simple(&s, OP_access, "f", 0);
		simple(&s, OP_access, "made/g", 0);
	}
	scene_end(&s);
	read_text(&s, "capture");
	told_size(&s, "f", 1);
	told(&s, "made", ABSENT);
	not_told(&s, "made/g");
	read_text(&s, "capture.1");
	ck_assert_ptr_nonnull(strstr(s.text, "o=state_mount;:,p=/;"));
	told_size(&s, "f", 1);
	told(&s, "made", ":040700:");
	told_size(&s, "made/g", 2);
	scene_leave(&s);
}
END_TEST

START_TEST(nothing_waits_for_ever)
{
	struct scene s;
	char path[4000];
	int i;

	scene_enter(&s);
	file_put("f", "1", 1);
	simple(&s, OP_access, "f", 0);
	memset(path, 'x', sizeof(path));
	for (i = 0; i < 20000; i++) {
		call(&s, OP_getxattr, NULL, -ENAMETOOLONG)->path2 =
			(struct str){path, sizeof(path)};
		add(&s);
	}
	read_text(&s, "capture");
	told_size(&s, "f", 1);
	ck_assert_ptr_nonnull(strstr(s.text, "o=access"));
	scene_end(&s);
	scene_leave(&s);
}
END_TEST

Suite *late_suite(void)
{
	TCase *tc;
	Suite *s = suite_with("late", &tc);

	tcase_add_test(tc, what_was_made_was_absent);
	tcase_add_test(tc, what_is_gone_is_told_by_its_end);
	tcase_add_test(tc, what_is_gone_without_a_word_is_not_told);
	tcase_add_test(tc, made_by_a_call_that_is_over_later);
	tcase_add_test(tc, missed_by_a_call_that_is_over_later);
	tcase_add_test(tc, made_and_removed_and_made);
	tcase_add_test(tc, renamed_over);
	tcase_add_test(tc, a_renamed_file_is_found_where_it_is);
	tcase_add_test(tc, names_follow_their_directories);
	tcase_add_test(tc, exchanged);
	tcase_add_test(tc, links_are_followed);
	tcase_add_test(tc, a_link_that_is_gone_is_told_by_its_end);
	tcase_add_test(tc, sizes_are_those_before_the_writes);
	tcase_add_test(tc, modes_are_those_before_the_calls);
	tcase_add_test(tc, numbers_of_inodes_come_again);
	tcase_add_test(tc, holes_are_told);
	tcase_add_test(tc, blocks_that_are_not_known);
	tcase_add_test(tc, default_lists_that_are_set);
	tcase_add_test(tc, nothing_is_written_before_all_is_known);
	tcase_add_test(tc, listed_as_it_was);
	tcase_add_test(tc, paths_start_where_the_kernel_says);
	tcase_add_test(tc, state_has_its_names_before_it);
	tcase_add_test(tc, other_roots_and_name_spaces);
	tcase_add_test(tc, changes_by_others_are_seen);
	tcase_add_test(tc, after_loss_only_what_is_sure);
	tcase_add_test(tc, the_next_file_begins_anew);
	tcase_add_test(tc, nothing_waits_for_ever);
	return s;
}
