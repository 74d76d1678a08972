/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "generate/generate.h"

Suite *generate_suite(void);

/*
 * Whole captures through the model. A capture is written as "TID REST" lines; each becomes a record
 * of process TID (or "PID:TID") that returns 10 ns after the one before and lasts 5 ns ("D=N;:,"
 * in REST says otherwise). What comes out is compared without times and header.
 */
static char dir[] = "/tmp/ioriot-generate-XXXXXX";

static void make_dir(void)
{
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void remove_dir(void)
{
	char cmd[128];

	snprintf(cmd, sizeof(cmd), "rm -r %s", dir);
	ck_assert_int_eq(system(cmd), 0);
}

static void in_dir(char *out, size_t size, const char *name)
{
	snprintf(out, size, "%s/%s", dir, name);
}

static void write_capture(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");
	struct str rest = str_of(text), line, id;
	unsigned long t = 1000;

	ck_assert_ptr_nonnull(f);
	fputs("#|capture_version=5|backend=test|arch=x86_64|start_mono=0|start_wall=0|uid=0|\n"
	      "t=1;:,D=0;:,i=0:0;:,o=state_mount;:,p=/;:,P=ext4;:,y=0x1;:,\n"
	      "t=1;:,D=0;:,i=0:0;:,o=state_mount;:,p=/proc;:,P=proc;:,y=0x2;:,\n"
	      "t=1;:,D=0;:,i=0:0;:,o=state_mount;:,p=/dev;:,P=devtmpfs;:,y=0x3;:,\n",
		f);
	while (str_take_char(&rest, '\n', &line)) {
		bool timed;

		if (!line.len)
			continue;
		ck_assert(str_take_char(&line, ' ', &id));
		timed = str_starts(line, STR("D="));
		fprintf(f, "t=%lu;:,%s", t += 10, timed ? "" : "D=5;:,");
		if (timed) { /* the key order is free, but i comes before o */
			struct str d;

			str_take(&line, STR(";:,"), &d);
			fprintf(f, "%.*s;:,", (int)d.len, d.s);
		}
		if (memchr(id.s, ':', id.len))
			fprintf(f, "i=%.*s;:,", (int)id.len, id.s);
		else
			fprintf(f, "i=%.*s:%.*s;:,", (int)id.len, id.s, (int)id.len, id.s);
		fprintf(f, "%.*s\n", (int)line.len, line.s);
	}
	fprintf(f, "t=%lu;:,D=0;:,i=0:0;:,o=end;:,c=1;:,O=0;:,\n", t);
	fclose(f);
}

static char *slurp(const char *path)
{
	FILE *f = fopen(path, "r");
	struct buf b = BUF_INIT;
	char line[65536];

	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f)) {
		char *p = line;

		if ((line[0] == '#' && line[1] == '|') || strcmp(line, REPLAY_END_MARK "\n") == 0)
			continue;
		if (line[0] >= '0' && line[0] <= '9')
			p = strchr(line, '|') + 1;
		buf_puts(&b, p);
	}
	fclose(f);
	buf_char(&b, '\0');
	return b.p;
}

static void generates_root(const char *root, const char *capture, const char *want,
	struct generate_result *res)
{
	char cap[64], rep[64], *got;
	struct generate_request q = {.capture = cap, .replay = rep, .name = "t", .root = root};
	struct err err = {0};

	in_dir(cap, sizeof(cap), "c");
	in_dir(rep, sizeof(rep), "r");
	write_capture(cap, capture);
	ck_assert_msg(generate(&q, res, &err) == 0, "%s", err.text);
	got = slurp(rep);
	ck_assert_msg(strcmp(got, want) == 0, "got:\n%s\nwant:\n%s", got, want);
	free(got);
}

static void generates(const char *capture, const char *want)
{
	struct generate_result *res = calloc(1, sizeof(*res));

	generates_root("/r", capture, want, res);
	free(res);
}

#define TASK	  "1 o=state_task;:,p=/w;:,P=/;:,m=022;:,U=0;:,G=0;:,q=0;:,\n"
#define TASK_LINE "0|0|-|/r/.ioriot/t/w|%null|022|0|0|0|-|state_task@5|\n"
#define W_DIR	  "dir|0755|0|0|/r/.ioriot/t/w|\n"
#define FILE_F	  "1 o=state_path;:,p=/w/f;:,x=8:1:5:0100644:1:0:0:10000:24;:,\n"
#define F_INIT(ranges) "file|0644|0|0|10000|" ranges "|/r/.ioriot/t/w/f|\n"

START_TEST(dup_shares_the_offset)
{
	generates(TASK FILE_F "1 o=openat;:,d=-100;:,p=f;:,f=0;:,m=0;:,s=3;:,\n"
			      "1 o=dup;:,d=3;:,s=4;:,\n"
			      "1 o=read;:,d=3;:,c=4096;:,s=4096;:,\n"
			      "1 o=read;:,d=4;:,c=4096;:,s=4096;:,\n"
			      "1 o=dup2;:,d=4;:,e=3;:,s=3;:,\n"
			      "1 o=close;:,d=3;:,s=0;:,\n",
		TASK_LINE "0|0|-|cwd|f|O_RDONLY|0|>0|3|openat@7|\n"
			  "0|0|-|0|>1|4|dup@8|\n"
			  "0|0|-|0|4096|4096|read@9|\n"
			  "0|0|-|1|4096|4096|read@10|\n"
			  "0|0|-|1|3|>2|0|3|dup2@11|\n"
			  "0|0|-|2|-|0|close@12|\n"
			  "#INIT\n" W_DIR F_INIT("0+8192"));
}
END_TEST

/* A file system that is mounted twice: its trees cannot share what is in it. */
START_TEST(links_do_not_lead_from_tree_to_tree)
{
	struct generate_result *res = calloc(1, sizeof(*res));

	generates_root(NULL, "0 o=state_mount;:,p=/w/m;:,P=ext4;:,y=0x9;:,\n"
		TASK FILE_F "1 o=state_path;:,p=/w/m;:,x=8:1:9:040755:2:0:0:4096:8;:,\n"
		"1 o=state_path;:,p=/w/m/g;:,x=8:1:5:0100644:2:0:0:10000:24;:,\n"
		"1 o=unlink;:,p=f;:,s=0;:,\n"
		"1 o=unlink;:,p=m/g;:,s=0;:,\n",
		"0|0|-|/.ioriot/t/w|%null|022|0|0|0|-|state_task@6|\n"
		"0|0|-|f|0|unlink@10|\n"
		"0|0|-|/w/m/.ioriot/t/g|0|unlink@11|\n"
		"#INIT\ndir|0755|0|0|/.ioriot/t/w|\nfile|0644|0|0|10000|-|/.ioriot/t/w/f|\n"
		"dir|0755|0|0|/w/m/.ioriot/t|\nfile|0644|0|0|10000|-|/w/m/.ioriot/t/g|\n", res);
	free(res);
}
END_TEST

/* As /etc/hosts in a container: there is no place for a tree below it. */
START_TEST(a_mount_on_a_file_is_a_file_of_its_directory)
{
	struct generate_result *res = calloc(1, sizeof(*res));

	generates_root(NULL, "0 o=state_mount;:,p=/w/f;:,P=ext4;:,y=0x9;:,\n"
		TASK FILE_F "1 o=openat;:,d=-100;:,p=/w/f;:,f=0;:,m=0;:,s=3;:,\n",
		"0|0|-|/.ioriot/t/w|%null|022|0|0|0|-|state_task@6|\n"
		"0|0|-|cwd|/.ioriot/t/w/f|O_RDONLY|0|>0|3|openat@8|\n"
		"#INIT\ndir|0755|0|0|/.ioriot/t/w|\nfile|0644|0|0|10000|-|/.ioriot/t/w/f|\n", res);
	free(res);
}
END_TEST

START_TEST(pipe_over_a_file_is_its_close)
{
	generates(TASK FILE_F "1 o=openat;:,d=-100;:,p=f;:,f=0;:,m=0;:,s=3;:,\n"
			      "1 o=dup2;:,d=9;:,e=3;:,s=3;:,\n"
			      "1 o=read;:,d=3;:,c=10;:,s=10;:,\n",
		TASK_LINE "0|0|-|cwd|f|O_RDONLY|0|>0|3|openat@7|\n"
			  "0|0|-|0|-|0|close@8|\n"
			  "#INIT\n" W_DIR F_INIT("-"));
}
END_TEST

/* Of a file that nothing else tells of: it is as others of which nothing is known. */
START_TEST(what_is_truncated_is_a_file_of_the_usual_mode)
{
	generates("1 o=state_task;:,p=/w;:,P=/;:,m=022;:,U=7;:,G=7;:,q=0;:,\n"
		  "1 o=truncate;:,p=q;:,O=0;:,s=0;:,\n",
		"0|0|-|/r/.ioriot/t/w|%null|022|7|7|0|-|state_task@5|\n"
		"0|0|-|q|0|0|truncate@6|\n"
		"#INIT\n" W_DIR "file|0644|0|0|0|-|/r/.ioriot/t/w/q|\n");
}
END_TEST

#define D_DIR  "1 o=state_path;:,p=/w/d;:,x=8:1:6:040755:2:0:0:4096:8;:,\n"
#define D_INIT "dir|0755|0|0|/r/.ioriot/t/w/d|\n"

/* Nothing tells what was in it, so something of ours is; what turns up later was there then. */
START_TEST(what_is_not_empty_holds_something)
{
	generates(TASK D_DIR "1 o=rmdir;:,p=d;:,s=-39;:,\n", TASK_LINE
		"0|0|-|d|-ENOTEMPTY|rmdir@7|\n"
		"#INIT\n" W_DIR D_INIT "file|0644|0|0|0|-|/r/.ioriot/t/w/d/.ioriot-not-empty|\n");
	generates(TASK D_DIR "1 o=rmdir;:,p=d;:,s=-39;:,\n"
			     "1 o=unlink;:,p=d/x;:,s=0;:,\n"
			     "1 o=rmdir;:,p=d;:,s=0;:,\n",
		TASK_LINE "0|0|-|d|-ENOTEMPTY|rmdir@7|\n"
			  "0|0|-|d/x|0|unlink@8|\n"
			  "0|0|-|d|0|rmdir@9|\n"
			  "#INIT\n" W_DIR D_INIT "file|0644|0|0|0|-|/r/.ioriot/t/w/d/x|\n");
	generates(TASK D_DIR "1 o=rmdir;:,p=d;:,s=-39;:,\n"
			     "1 o=rmdir;:,p=d;:,s=0;:,\n",
		TASK_LINE "0|0|-|d|-ENOTEMPTY|rmdir@7|\n"
			  "0|0|-|d|0|rmdir@8|\n"
			  "#INIT\n" W_DIR D_INIT);
	generates(TASK "1 o=mkdir;:,p=n;:,m=0755;:,s=0;:,\n"
		       "1 o=creat;:,p=n/x;:,m=0644;:,s=3;:,\n"
		       "1 o=rmdir;:,p=n;:,s=-39;:,\n",
		TASK_LINE "0|0|-|n|0755|0|mkdir@6|\n"
			  "0|0|-|n/x|0644|>0|3|creat@7|\n"
			  "0|0|-|n|-ENOTEMPTY|rmdir@8|\n"
			  "#INIT\n" W_DIR);
	generates(TASK D_DIR "1 o=rename;:,p=e;:,P=d;:,s=-39;:,\n",
		TASK_LINE "0|0|-|e|d|-ENOTEMPTY|rename@7|\n"
			  "#INIT\n" W_DIR D_INIT "dir|0755|0|0|/r/.ioriot/t/w/e|\n"
			  "file|0644|0|0|0|-|/r/.ioriot/t/w/d/.ioriot-not-empty|\n");
}
END_TEST

/* The process of the others begins with what they did first, just before the call that showed it. */
#define OTHERS(after, line) "1|1|" after "|%null|%null|0|0|0|-1|-|state_task@" line "|\n"

static void others_made(const char *capture, const char *want, unsigned operations)
{
	struct generate_result *res = calloc(1, sizeof(*res));

	generates_root("/r", capture, want, res);
	ck_assert_uint_eq(res->outside, operations);
	ck_assert_uint_eq(res->forced, 0);
	ck_assert_uint_eq(res->processes, 1);
	ck_assert_uint_eq(res->threads, 1);
	free(res);
}

START_TEST(others_made_what_appears)
{
	others_made(TASK "1 o=state_path;:,p=/w/n;:,x=-;:,\n"
			 "1 o=stat;:,p=n;:,s=-2;:,\n"
			 "1 o=stat;:,p=n;:,s=0;:,x=8:1:9:0100440:1:7:7:100:8;:,\n"
			 "1 o=stat;:,p=n;:,s=0;:,x=8:1:9:0100440:1:7:7:100:8;:,\n",
		TASK_LINE "0|0|-|n|-ENOENT|stat@7|\n" OTHERS("7", "8")
			  "1|1|-|/r/.ioriot/t/w/n|0100640|0x0|0|mknod@8|\n"
			  "1|1|-|/r/.ioriot/t/w/n|100|0|truncate@8|\n"
			  "0|0|8|n|0|stat@8|\n"
			  "0|0|-|n|0|stat@9|\n"
			  "#INIT\n" W_DIR,
		2);
}
END_TEST

START_TEST(others_removed_what_is_gone)
{
	others_made(TASK FILE_F D_DIR "1 o=openat;:,d=-100;:,p=f;:,f=0;:,m=0;:,s=-2;:,\n"
				      "1 o=mkdir;:,p=d;:,m=0755;:,s=0;:,\n",
		TASK_LINE OTHERS("5", "8") "1|1|-|/r/.ioriot/t/w/f|0|unlink@8|\n"
					   "0|0|8|cwd|f|O_RDONLY|0|>-|-ENOENT|openat@8|\n"
					   "1|1|-|/r/.ioriot/t/w/d|0|rmdir@9|\n"
					   "0|0|9|d|0755|0|mkdir@9|\n"
					   "#INIT\n" W_DIR F_INIT("-") D_INIT,
		2);
}
END_TEST

/* What was in it is not known to have been removed, only that it is not there. */
START_TEST(a_directory_that_is_not_empty_is_moved_away)
{
	others_made(TASK D_DIR "1 o=stat;:,p=d/x;:,s=0;:,\n"
			       "1 o=stat;:,p=d;:,s=-2;:,\n",
		TASK_LINE "0|0|-|d/x|0|stat@7|\n" OTHERS("7", "8")
			  "1|1|-|/r/.ioriot/t/w/d|/r/.ioriot/t/.ioriot-moved.1|0|rename@8|\n"
			  "0|0|8|d|-ENOENT|stat@8|\n"
			  "#INIT\n" W_DIR "dir|0755|0|0|/r/.ioriot/t/w/d|\n"
			  "file|0644|0|0|0|-|/r/.ioriot/t/w/d/x|\n",
		1);
}
END_TEST

START_TEST(others_replaced_what_is_of_another_type)
{
	others_made(TASK FILE_F "1 o=stat;:,p=f;:,s=0;:,x=8:1:5:0100644:1:0:0:10000:24;:,\n"
				"1 o=stat;:,p=f;:,s=0;:,x=8:1:5:040750:2:0:0:4096:8;:,\n"
				"1 o=lstat;:,p=f;:,s=0;:,x=8:1:5:010600:1:0:0:0:0;:,\n",
		TASK_LINE "0|0|-|f|0|stat@7|\n" OTHERS("7", "8")
			  "1|1|-|/r/.ioriot/t/w/f|0|unlink@8|\n"
			  "1|1|-|/r/.ioriot/t/w/f|0750|0|mkdir@8|\n"
			  "0|0|8|f|0|stat@8|\n"
			  "1|1|8|/r/.ioriot/t/w/f|0|rmdir@9|\n"
			  "1|1|-|/r/.ioriot/t/w/f|010600|0x0|0|mknod@9|\n"
			  "0|0|9|f|0|lstat@9|\n"
			  "#INIT\n" W_DIR F_INIT("-"),
		4);
}
END_TEST

/* What was told of the name inside is used: it came too late to be of the start. */
START_TEST(others_made_a_directory_and_what_is_in_it)
{
	others_made(TASK "1 o=state_path;:,p=/w/d;:,x=-;:,\n"
			 "1 o=access;:,p=d;:,m=00;:,s=-2;:,\n"
			 "1 o=state_path;:,p=/w/d/f;:,x=8:1:7:0100755:1:0:0:10:8;:,\n"
			 "1 o=access;:,p=d/f;:,m=00;:,s=0;:,\n",
		TASK_LINE "0|0|-|d|0|-ENOENT|access@7|\n" OTHERS("7", "9")
			  "1|1|-|/r/.ioriot/t/w/d|0755|0|mkdir@9|\n"
			  "1|1|-|/r/.ioriot/t/w/d/f|0100755|0x0|0|mknod@9|\n"
			  "1|1|-|/r/.ioriot/t/w/d/f|10|0|truncate@9|\n"
			  "0|0|9|d/f|0|0|access@9|\n"
			  "#INIT\n" W_DIR,
		3);
}
END_TEST

START_TEST(others_made_a_link)
{
	others_made(TASK FILE_F "1 o=mkdir;:,p=n;:,m=0755;:,s=0;:,\n"
				"1 o=state_path;:,p=/w/n/l;:,P=../f;:,x=8:1:7:0120777:1:0:0:4:0;:,\n"
				"1 o=stat;:,p=n/l;:,s=0;:,x=8:1:5:0100644:1:0:0:10000:24;:,\n"
				"1 o=state_path;:,p=/w/k;:,x=-;:,\n"
				"1 o=readlink;:,p=k;:,c=4096;:,s=-2;:,\n"
				"1 o=readlink;:,p=k;:,c=4096;:,s=5;:,\n",
		TASK_LINE "0|0|-|n|0755|0|mkdir@7|\n" OTHERS("7", "9")
			  "1|1|-|../f|/r/.ioriot/t/w/n/l|0|symlink@9|\n"
			  "0|0|9|n/l|0|stat@9|\n"
			  "0|0|-|k|4096|-ENOENT|readlink@11|\n"
			  "1|1|11|.ioriot-behind.k|/r/.ioriot/t/w/k|0|symlink@12|\n"
			  "0|0|12|k|4096|5|readlink@12|\n"
			  "#INIT\n" W_DIR F_INIT("-"),
		2);
}
END_TEST

/* A file whose end was seen grows, and is cut; one that only was longer than told was so before. */
START_TEST(others_changed_the_size)
{
	others_made(TASK FILE_F "1 o=openat;:,d=-100;:,p=f;:,f=0;:,m=0;:,s=3;:,\n"
				"1 o=read;:,d=3;:,c=9000;:,s=9000;:,\n"
				"1 o=read;:,d=3;:,c=9000;:,s=3000;:,\n"
				"1 o=read;:,d=3;:,c=9000;:,s=0;:,\n"
				"1 o=read;:,d=3;:,c=100;:,s=100;:,\n"
				"1 o=lseek;:,d=3;:,O=0;:,W=2;:,s=20;:,\n"
				"1 o=fstat;:,d=3;:,s=0;:,x=8:1:5:0100644:1:0:0:50:8;:,\n"
				"1 o=read;:,d=3;:,c=10;:,s=10;:,\n",
		TASK_LINE "0|0|-|cwd|f|O_RDONLY|0|>0|3|openat@7|\n"
			  "0|0|-|0|9000|9000|read@8|\n"
			  "0|0|-|0|9000|3000|read@9|\n"
			  "0|0|-|0|9000|0|read@10|\n" OTHERS("10", "11")
			  "1|1|-|/r/.ioriot/t/w/f|12100|0|truncate@11|\n"
			  "0|0|11|0|100|100|read@11|\n"
			  "1|1|11|/r/.ioriot/t/w/f|20|0|truncate@12|\n"
			  "0|0|12|0|0|SEEK_END|20|lseek@12|\n"
			  "0|0|-|0|0|fstat@13|\n"
			  "1|1|12|/r/.ioriot/t/w/f|50|0|truncate@14|\n"
			  "0|0|14|0|10|10|read@14|\n"
			  "#INIT\n" W_DIR "file|0644|0|0|12000|0+12000|/r/.ioriot/t/w/f|\n",
		3);
}
END_TEST

START_TEST(others_filled_and_emptied_a_directory)
{
	others_made(TASK "1 o=mkdir;:,p=n;:,m=0755;:,s=0;:,\n"
			 "1 o=rmdir;:,p=n;:,s=-39;:,\n"
			 "1 o=rmdir;:,p=n;:,s=0;:,\n",
		TASK_LINE "0|0|-|n|0755|0|mkdir@6|\n" OTHERS("6", "7")
			  "1|1|-|/r/.ioriot/t/w/n/.ioriot-not-empty|0100644|0x0|0|mknod@7|\n"
			  "0|0|7|n|-ENOTEMPTY|rmdir@7|\n"
			  "1|1|7|/r/.ioriot/t/w/n/.ioriot-not-empty|0|unlink@8|\n"
			  "0|0|8|n|0|rmdir@8|\n"
			  "#INIT\n" W_DIR,
		2);
}
END_TEST

START_TEST(a_working_directory_that_is_gone)
{
	struct generate_result *res = calloc(1, sizeof(*res));

	others_made(TASK D_DIR "1 o=chdir;:,p=d;:,s=0;:,\n"
			       "1 o=stat;:,p=f;:,s=0;:,\n"
			       "1 o=getcwd;:,c=4096;:,s=5;:,\n"
			       "1 o=mkdir;:,p=x;:,m=0755;:,s=-2;:,\n"
			       "1 o=getcwd;:,c=4096;:,s=-2;:,\n",
		TASK_LINE "0|0|-|d|0|chdir@7|\n"
			  "0|0|-|f|0|stat@8|\n"
			  "0|0|-|4096|5|getcwd@9|\n" OTHERS("9", "10")
			  "1|1|-|/r/.ioriot/t/w/d/f|0|unlink@10|\n"
			  "1|1|-|/r/.ioriot/t/w/d|0|rmdir@10|\n"
			  "0|0|10|x|0755|-ENOENT|mkdir@10|\n"
			  "0|0|-|4096|-ENOENT|getcwd@11|\n"
			  "#INIT\n" W_DIR D_INIT "file|0644|0|0|0|-|/r/.ioriot/t/w/d/f|\n",
		2);
	generates_root("/r",
		"1 o=state_task;:,p=/w/d (deleted);:,P=/;:,m=022;:,U=0;:,G=0;:,q=0;:,\n"
		"1 o=getcwd;:,c=4096;:,s=-2;:,\n"
		"1 o=stat;:,p=../f;:,s=0;:,\n"
		"1 o=chdir;:,p=/w;:,s=0;:,\n"
		"1 o=stat;:,p=f;:,s=0;:,\n",
		"0|0|-|%null|%null|022|0|0|0|-|state_task@5|\n"
		"0|0|-|/r/.ioriot/t/w|0|chdir@8|\n"
		"0|0|-|f|0|stat@9|\n"
		"#INIT\n" W_DIR "file|0644|0|0|0|-|/r/.ioriot/t/w/f|\n",
		res);
	ck_assert_uint_eq(res->left_out[LEFT_NO_DIRECTORY], 2);
	free(res);
}
END_TEST

/* Two threads that poll: the one that was told later saw the state before. */
START_TEST(others_are_ordered_like_captured_threads)
{
	struct generate_result *res = calloc(1, sizeof(*res));

	generates_root("/r",
		TASK "1 o=state_path;:,p=/w/n;:,x=-;:,\n"
		     "1 o=fork;:,s=2;:,\n"
		     "2 o=stat;:,p=n;:,s=-2;:,\n"
		     "1 o=stat;:,p=n;:,s=0;:,x=8:1:9:0100640:1:7:7:0:0;:,\n"
		     "2 D=18;:,o=stat;:,p=n;:,s=-2;:,\n"
		     "2 o=stat;:,p=n;:,s=0;:,x=8:1:9:0100640:1:7:7:0:0;:,\n",
		TASK_LINE "0|0|-|1:1|-|2|fork@7|\n"
			  "1|1|-|n|-ENOENT|stat@8|\n"
			  "1|1|-|n|-ENOENT|stat@10|\n"
			  "2|2|5|%null|%null|0|0|0|-1|-|state_task@9|\n"
			  "2|2|10|/r/.ioriot/t/w/n|0100640|0x0|0|mknod@9|\n"
			  "0|0|9|n|0|stat@9|\n"
			  "1|1|9|n|0|stat@11|\n"
			  "#INIT\n" W_DIR,
		res);
	ck_assert_uint_eq(res->outside, 1);
	free(res);
}
END_TEST

/* Captured calls changed the name while the stat was under way: they may be the reason. */
START_TEST(nobody_else_is_blamed_for_a_race)
{
	struct generate_result *res = calloc(1, sizeof(*res));

	generates_root("/r",
		TASK FILE_F "1 o=fork;:,s=2;:,\n"
			    "1 o=unlink;:,p=f;:,s=0;:,\n"
			    "1 o=creat;:,p=f;:,m=0644;:,s=3;:,\n"
			    "2 D=25;:,o=stat;:,p=f;:,s=0;:,x=8:1:9:010600:1:0:0:0:0;:,\n",
		TASK_LINE "0|0|-|1:1|-|2|fork@7|\n"
			  "0|0|-|f|0|unlink@8|\n"
			  "0|0|-|f|0644|>0|3|creat@9|\n"
			  "1|1|9|f|0|stat@10|\n"
			  "#INIT\n" W_DIR F_INIT("-"),
		res);
	ck_assert_uint_eq(res->outside, 0);
	ck_assert_uint_eq(res->forced, 1);
	free(res);
}
END_TEST

/* ENOENT that is not said of what stands there, and a rename that does nothing. */
START_TEST(nobody_else_is_blamed_for_refusals)
{
	struct generate_result *res = calloc(1, sizeof(*res));

	generates_root("/r",
		TASK FILE_F D_DIR "1 o=stat;:,p=d/x;:,s=0;:,\n"
				  "1 o=mknod;:,p=n/;:,m=010600;:,y=0x0;:,s=-2;:,\n"
				  "1 o=link;:,p=f;:,P=n/;:,s=-2;:,\n"
				  "1 o=symlink;:,P=;:,p=n;:,s=-2;:,\n"
				  "1 o=renameat2;:,d=-100;:,p=f;:,e=-100;:,P=n;:,f=2;:,s=-2;:,\n"
				  "1 o=rename;:,p=f;:,P=none/n;:,s=-2;:,\n"
				  "1 o=rename;:,p=d;:,P=d;:,s=0;:,\n"
				  "1 o=openat;:,d=-100;:,p=f/;:,f=65;:,m=0644;:,s=-21;:,\n",
		TASK_LINE "0|0|-|d/x|0|stat@8|\n"
			  "0|0|-|n/|010600|0x0|-ENOENT|mknod@9|\n"
			  "0|0|-|f|n/|-ENOENT|link@10|\n"
			  "0|0|-||n|-ENOENT|symlink@11|\n"
			  "0|0|-|cwd|f|cwd|n|RENAME_EXCHANGE|-ENOENT|renameat2@12|\n"
			  "0|0|-|f|none/n|-ENOENT|rename@13|\n"
			  "0|0|-|d|d|0|rename@14|\n"
			  "0|0|-|cwd|f/|O_WRONLY+O_CREAT|0644|>-|-EISDIR|openat@15|\n"
			  "#INIT\n" W_DIR F_INIT("-") D_INIT
			  "file|0644|0|0|0|-|/r/.ioriot/t/w/d/x|\n",
		res);
	ck_assert_uint_eq(res->outside, 0);
	ck_assert_uint_eq(res->forced, 0);
	free(res);
}
END_TEST

/* Nothing can stand in a directory before that is made. */
START_TEST(what_appears_in_a_new_directory_is_not_built)
{
	others_made(TASK "1 o=mkdir;:,p=n;:,m=0755;:,s=0;:,\n"
			 "1 o=stat;:,p=n/x;:,s=0;:,\n"
			 "1 o=mkdir;:,p=n/x/y;:,m=0755;:,s=-17;:,\n",
		TASK_LINE "0|0|-|n|0755|0|mkdir@6|\n" OTHERS("6", "7")
			  "1|1|-|/r/.ioriot/t/w/n/x|0100644|0x0|0|mknod@7|\n"
			  "0|0|7|n/x|0|stat@7|\n"
			  "1|1|7|/r/.ioriot/t/w/n/x|0|unlink@8|\n"
			  "1|1|-|/r/.ioriot/t/w/n/x|0755|0|mkdir@8|\n"
			  "1|1|-|/r/.ioriot/t/w/n/x/y|0755|0|mkdir@8|\n"
			  "0|0|8|n/x/y|0755|-EEXIST|mkdir@8|\n"
			  "#INIT\n" W_DIR,
		4);
}
END_TEST

START_TEST(a_link_that_is_walked_through_led_to_a_directory)
{
	generates(TASK "1 o=state_path;:,p=/w/l;:,P=../v/d;:,x=8:1:7:0120777:1:0:0:6:0;:,\n"
		       "1 o=stat;:,p=l/f;:,s=0;:,\n"
		       "1 o=stat;:,p=l/none;:,s=-2;:,\n",
		TASK_LINE "0|0|-|l/f|0|stat@7|\n"
			  "0|0|-|l/none|-ENOENT|stat@8|\n"
			  "#INIT\n" W_DIR "link|0|0|/r/.ioriot/t/w/l|../v/d|\n"
			  "dir|0755|0|0|/r/.ioriot/t/v|\n"
			  "dir|0755|0|0|/r/.ioriot/t/v/d|\n"
			  "file|0644|0|0|0|-|/r/.ioriot/t/v/d/f|\n");
}
END_TEST

START_TEST(exec_closes_what_is_marked)
{
	generates(TASK FILE_F "1 o=openat;:,d=-100;:,p=f;:,f=524288;:,m=0;:,s=3;:,\n"
			      "1 o=openat;:,d=-100;:,p=f;:,f=0;:,m=0;:,s=4;:,\n"
			      "1 o=execve;:,p=/bin/true;:,s=0;:,\n"
			      "1 o=close;:,d=3;:,s=-9;:,\n"
			      "1 o=exit_group;:,E=0;:,\n",
		TASK_LINE "0|0|-|cwd|f|O_RDONLY+O_CLOEXEC|0|>0|3|openat@7|\n"
			  "0|0|-|cwd|f|O_RDONLY|0|>1|4|openat@8|\n"
			  "0|0|-|%null|0|0|execve@9|\n"
			  "0|0|-|none|-|-EBADF|close@10|\n"
			  "0|0|-|0|1|-|exit_group@11|\n"
			  "#INIT\n" W_DIR F_INIT("-"));
}
END_TEST

START_TEST(fork_hands_descriptors_down)
{
	generates(TASK FILE_F "1 o=openat;:,d=-100;:,p=f;:,f=0;:,m=0;:,s=3;:,\n"
			      "1 o=vfork;:,s=2;:,\n"
			      "2 o=read;:,d=3;:,c=100;:,s=100;:,\n"
			      "1 o=read;:,d=3;:,c=100;:,s=100;:,\n"
			      "2 o=exit_group;:,E=0;:,\n",
		TASK_LINE "0|0|-|cwd|f|O_RDONLY|0|>0|3|openat@7|\n"
			  "0|0|-|1:1|0:1|2|vfork@8|\n"
			  "1|1|-|1|100|100|read@9|\n"
			  "0|0|9|0|100|100|read@10|\n"
			  "1|1|-|0|1|-|exit_group@11|\n"
			  "#INIT\n" W_DIR F_INIT("0+4096"));
}
END_TEST

START_TEST(nobody_is_a_child_of_its_own)
{
	struct generate_result *res = calloc(1, sizeof(*res));

	generates_root("/r",
		TASK FILE_F "1 o=vfork;:,s=1;:,\n"
			    "1 o=access;:,p=f;:,m=4;:,s=0;:,\n",
		TASK_LINE "0|0|-|f|04|0|access@8|\n"
			  "#INIT\n" W_DIR F_INIT("-"),
		res);
	ck_assert_uint_eq(res->left_out[LEFT_MALFORMED], 1);
	free(res);
}
END_TEST

START_TEST(names_made_and_used_by_others_are_ordered)
{
	generates(TASK "1 o=state_path;:,p=/w/n;:,x=-;:,\n"
		       "1 o=fork;:,s=2;:,\n"
		       "1 o=fork;:,s=3;:,\n"
		       "1 o=openat;:,d=-100;:,p=n;:,f=65;:,m=0644;:,s=3;:,\n"
		       "2 o=stat;:,p=n;:,s=0;:,\n"
		       "3 o=stat;:,p=n;:,s=0;:,\n"
		       "3 o=unlink;:,p=n;:,s=0;:,\n"
		       "2 o=stat;:,p=n;:,s=-2;:,\n",
		TASK_LINE "0|0|-|1:1|-|2|fork@7|\n"
			  "0|0|-|2:2|-|3|fork@8|\n"
			  "0|0|-|cwd|n|O_WRONLY+O_CREAT|0644|>0|3|openat@9|\n"
			  "1|1|9|n|0|stat@10|\n"
			  "2|2|9|n|0|stat@11|\n"
			  "2|2|10|n|0|unlink@12|\n"
			  "1|1|12|n|-ENOENT|stat@13|\n"
			  "#INIT\n" W_DIR);
}
END_TEST

START_TEST(overlapping_calls_go_by_their_results)
{
	struct generate_result *res = calloc(1, sizeof(*res));

	/* The stat was seen first, but it found what the mkdir, begun before its end, had made. */
	generates_root("/r",
		TASK "1 o=state_path;:,p=/w/n;:,x=-;:,\n"
		     "1 o=fork;:,s=2;:,\n"
		     "2 o=stat;:,p=n;:,s=0;:,\n"
		     "1 D=15;:,o=mkdir;:,p=n;:,m=0755;:,s=0;:,\n",
		TASK_LINE "0|0|-|1:1|-|2|fork@7|\n"
			  "0|0|-|n|0755|0|mkdir@9|\n"
			  "1|1|9|n|0|stat@8|\n"
			  "#INIT\n" W_DIR,
		res);
	ck_assert_uint_eq(res->reordered, 1);
	ck_assert_uint_eq(res->appeared, 0);
	free(res);
}
END_TEST

START_TEST(what_goes_first_takes_its_names_along)
{
	/* Both calls of thread 1 would be first; what is told of names is no call. */
	generates(TASK "1 o=state_path;:,p=/w/n;:,x=-;:,\n"
		       "1 o=fork;:,s=2;:,\n"
		       "2 o=stat;:,p=n;:,s=0;:,\n"
		       "1 o=state_path;:,p=/w/f;:,x=8:1:4712:0100640:1:7:8:100:8;:,\n"
		       "1 D=45;:,o=rename;:,p=f;:,P=n;:,s=0;:,\n",
		TASK_LINE "0|0|-|1:1|-|2|fork@7|\n"
			  "0|0|-|f|n|0|rename@10|\n"
			  "1|1|10|n|0|stat@8|\n"
			  "#INIT\n" W_DIR "file|0640|7|8|100|-|/r/.ioriot/t/w/f|\n");
}
END_TEST

START_TEST(a_call_that_found_nothing_goes_before_who_made_it)
{
	/* The stat began first, was seen last, and found no name. */
	generates(TASK "1 o=state_path;:,p=/w/n;:,x=-;:,\n"
		       "1 o=fork;:,s=2;:,\n"
		       "1 D=8;:,o=openat;:,d=-100;:,p=n;:,f=65;:,m=0644;:,s=3;:,\n"
		       "2 D=25;:,o=stat;:,p=n;:,s=-2;:,\n",
		TASK_LINE "0|0|-|1:1|-|2|fork@7|\n"
			  "1|1|-|n|-ENOENT|stat@9|\n"
			  "0|0|9|cwd|n|O_WRONLY+O_CREAT|0644|>0|3|openat@8|\n"
			  "#INIT\n" W_DIR);
}
END_TEST

START_TEST(what_goes_first_lets_others_pass_too)
{
	/* The stat did not find yet what the second mkdir made, which the first one seen had found. */
	generates(TASK "1 o=state_path;:,p=/w/n;:,x=-;:,\n"
		       "1 o=fork;:,s=2;:,\n"
		       "1 o=fork;:,s=3;:,\n"
		       "3 o=mkdir;:,p=n;:,m=0755;:,s=-17;:,\n"
		       "1 D=20;:,o=mkdir;:,p=n;:,m=0755;:,s=0;:,\n"
		       "2 D=30;:,o=stat;:,p=n;:,s=-2;:,\n",
		TASK_LINE "0|0|-|1:1|-|2|fork@7|\n"
			  "0|0|-|2:2|-|3|fork@8|\n"
			  "1|1|-|n|-ENOENT|stat@11|\n"
			  "0|0|11|n|0755|0|mkdir@10|\n"
			  "2|2|10|n|0755|-EEXIST|mkdir@9|\n"
			  "#INIT\n" W_DIR);
}
END_TEST

START_TEST(a_call_may_stay_behind_what_brings_its_name_back)
{
	/* Removed and made again before the stat, which overlapped both. */
	generates(TASK FILE_F "1 o=fork;:,s=2;:,\n"
			      "1 o=unlink;:,p=f;:,s=0;:,\n"
			      "1 o=mkdir;:,p=f;:,m=0755;:,s=0;:,\n"
			      "2 D=35;:,o=stat;:,p=f;:,s=0;:,\n",
		TASK_LINE "0|0|-|1:1|-|2|fork@7|\n"
			  "0|0|-|f|0|unlink@8|\n"
			  "0|0|-|f|0755|0|mkdir@9|\n"
			  "1|1|9|f|0|stat@10|\n"
			  "#INIT\n" W_DIR F_INIT("-"));
}
END_TEST

START_TEST(a_number_is_free_before_it_is_given_out_again)
{
	/* The close of one thread was seen after the open of another that got its number. */
	generates(TASK FILE_F "1 o=clone;:,f=69376;:,s=2;:,\n"
			      "1 o=openat;:,d=-100;:,p=f;:,f=0;:,m=0;:,s=3;:,\n"
			      "1:2 D=8;:,o=openat;:,d=-100;:,p=f;:,f=0;:,m=0;:,s=3;:,\n"
			      "1 D=19;:,o=close;:,d=3;:,s=0;:,\n"
			      "1:2 o=fstat;:,d=3;:,s=0;:,\n",
		TASK_LINE "0|0|-|CLONE_VM+CLONE_FS+CLONE_FILES+CLONE_SIGHAND+CLONE_THREAD|0:1|-|2|clone@7|\n"
			  "0|0|-|cwd|f|O_RDONLY|0|>0|3|openat@8|\n"
			  "0|0|-|0|-|0|close@10|\n"
			  "1|0|-|cwd|f|O_RDONLY|0|>1|3|openat@9|\n"
			  "1|0|-|1|0|fstat@11|\n"
			  "#INIT\n" W_DIR F_INIT("-"));
}
END_TEST

START_TEST(an_empty_path_is_none_that_is_missing)
{
	/* Also where nothing that was read ahead with it has a string. */
	struct buf capture = BUF_INIT, want = BUF_INIT;
	int i;

	buf_puts(&capture, TASK FILE_F "1 o=openat;:,d=-100;:,p=f;:,f=0;:,m=0;:,s=3;:,\n");
	buf_puts(&want, TASK_LINE "0|0|-|cwd|f|O_RDONLY|0|>0|3|openat@7|\n");
	for (i = 0; i < 300; i++) {
		buf_puts(&capture, "1 o=lseek;:,d=3;:,O=0;:,W=0;:,s=0;:,\n");
		buf_addf(&want, "0|0|-|0|0|SEEK_SET|0|lseek@%d|\n", 8 + i);
	}
	buf_puts(&capture, "1 o=newfstatat;:,d=3;:,p=;:,f=4096;:,s=0;:,\n");
	buf_addf(&want, "0|0|-|0||AT_EMPTY_PATH|0|newfstatat@%d|\n", 8 + i);
	buf_puts(&want, "#INIT\n" W_DIR F_INIT("-"));
	buf_char(&capture, '\0');
	buf_char(&want, '\0');
	generates(capture.p, want.p);
	buf_free(&capture);
	buf_free(&want);
}
END_TEST

START_TEST(a_directory_goes_after_who_missed_a_name_in_it)
{
	/* Else the access might find the file in the next directory of that name. */
	generates(TASK "1 o=state_path;:,p=/w/d;:,x=-;:,\n"
		       "1 o=fork;:,s=2;:,\n"
		       "1 o=mkdir;:,p=d;:,m=0755;:,s=0;:,\n"
		       "2 o=access;:,p=d/f;:,m=0;:,s=-2;:,\n"
		       "1 o=rmdir;:,p=d;:,s=0;:,\n"
		       "1 o=mkdir;:,p=d;:,m=0755;:,s=0;:,\n"
		       "1 o=mkdir;:,p=d/f;:,m=0755;:,s=0;:,\n",
		TASK_LINE "0|0|-|1:1|-|2|fork@7|\n"
			  "0|0|-|d|0755|0|mkdir@8|\n"
			  "1|1|8|d/f|0|-ENOENT|access@9|\n"
			  "0|0|9|d|0|rmdir@10|\n"
			  "0|0|-|d|0755|0|mkdir@11|\n"
			  "0|0|-|d/f|0755|0|mkdir@12|\n"
			  "#INIT\n" W_DIR);
}
END_TEST

START_TEST(a_name_is_not_made_in_a_directory_before_that_is_gone)
{
	/* link(2) says ENOENT of either name: here of the second one, by a descriptor. */
	generates(TASK FILE_F "1 o=state_path;:,p=/w/d;:,x=8:1:6:040755:2:0:0:4096:8;:,\n"
			      "1 o=fork;:,s=2;:,\n"
			      "2 o=openat;:,d=-100;:,p=d;:,f=65536;:,m=0;:,s=3;:,\n"
			      "1 o=rmdir;:,p=d;:,s=0;:,\n"
			      "2 o=linkat;:,d=-100;:,p=f;:,e=3;:,P=t;:,f=0;:,s=-2;:,\n",
		TASK_LINE "0|0|-|1:1|-|2|fork@8|\n"
			  "1|1|-|cwd|d|O_RDONLY+O_DIRECTORY|0|>0|3|openat@9|\n"
			  "0|0|9|d|0|rmdir@10|\n"
			  "1|1|10|cwd|f|0|t|0|-ENOENT|linkat@11|\n"
			  "#INIT\n" W_DIR F_INIT("-") "dir|0755|0|0|/r/.ioriot/t/w/d|\n");
}
END_TEST

START_TEST(who_used_a_number_goes_before_it_is_taken_away)
{
	/* The write began first, was seen last, and worked; so did the one that dup2 overlapped. */
	generates(TASK FILE_F "1 o=clone;:,f=69376;:,s=2;:,\n"
			      "1 o=openat;:,d=-100;:,p=f;:,f=1;:,m=0;:,s=3;:,\n"
			      "1 D=8;:,o=close;:,d=3;:,s=0;:,\n"
			      "1:2 D=25;:,o=pwrite64;:,d=3;:,c=5;:,O=0;:,s=5;:,\n"
			      "1 o=openat;:,d=-100;:,p=f;:,f=1;:,m=0;:,s=3;:,\n"
			      "1 o=openat;:,d=-100;:,p=f;:,f=0;:,m=0;:,s=4;:,\n"
			      "1 D=8;:,o=dup2;:,d=4;:,e=3;:,s=3;:,\n"
			      "1:2 D=15;:,o=pwrite64;:,d=3;:,c=5;:,O=0;:,s=5;:,\n",
		TASK_LINE "0|0|-|CLONE_VM+CLONE_FS+CLONE_FILES+CLONE_SIGHAND+CLONE_THREAD|0:1|-|2|clone@7|\n"
			  "0|0|-|cwd|f|O_WRONLY|0|>0|3|openat@8|\n"
			  "1|0|8|0|5|0|5|pwrite64@10|\n"
			  "0|0|10|0|-|0|close@9|\n"
			  "0|0|-|cwd|f|O_WRONLY|0|>1|3|openat@11|\n"
			  "0|0|-|cwd|f|O_RDONLY|0|>2|4|openat@12|\n"
			  "1|0|11|1|5|0|5|pwrite64@14|\n"
			  "0|0|14|2|3|>3|1|3|dup2@13|\n"
			  "#INIT\n" W_DIR F_INIT("0+4096"));
}
END_TEST

START_TEST(the_end_that_a_read_saw_tells_when_it_was)
{
	generates(TASK FILE_F "1 o=fork;:,s=2;:,\n"
			      "1 o=openat;:,d=-100;:,p=f;:,f=1;:,m=0;:,s=3;:,\n"
			      "2 o=openat;:,d=-100;:,p=f;:,f=0;:,m=0;:,s=3;:,\n"
			      /* seen first, but it read what the write below had written */
			      "2 o=pread64;:,d=3;:,c=100;:,O=10000;:,s=50;:,\n"
			      "1 D=19;:,o=pwrite64;:,d=3;:,c=50;:,O=10000;:,s=50;:,\n"
			      /* seen last, but it found the end before this write */
			      "1 D=8;:,o=pwrite64;:,d=3;:,c=50;:,O=10050;:,s=50;:,\n"
			      "2 D=19;:,o=pread64;:,d=3;:,c=100;:,O=10050;:,s=0;:,\n",
		TASK_LINE "0|0|-|1:1|-|2|fork@7|\n"
			  "0|0|-|cwd|f|O_WRONLY|0|>0|3|openat@8|\n"
			  "1|1|-|cwd|f|O_RDONLY|0|>1|3|openat@9|\n"
			  "0|0|-|0|50|10000|50|pwrite64@11|\n"
			  "1|1|11|1|100|10000|50|pread64@10|\n"
			  "1|1|-|1|100|10050|0|pread64@13|\n"
			  "0|0|13|0|50|10050|50|pwrite64@12|\n"
			  "#INIT\n" W_DIR F_INIT("8192+1808"));
}
END_TEST

START_TEST(locks_tell_when_they_were_taken_and_given_back)
{
	generates(TASK FILE_F "1 o=openat;:,d=-100;:,p=f;:,f=2;:,m=0;:,s=3;:,\n"
			      "1 o=fork;:,s=2;:,\n"
			      "1 o=fcntl;:,d=3;:,F=6;:,G=1,0,0,1;:,s=0;:,\n"
			      /* the lock is seen before the unlock that made it possible */
			      "2 D=8;:,o=fcntl;:,d=3;:,F=7;:,G=1,0,0,1;:,s=0;:,\n"
			      "1 D=19;:,o=fcntl;:,d=3;:,F=6;:,G=2,0,0,0;:,s=0;:,\n"
			      /* and a refusal is seen after the unlock that ended its reason */
			      "2 D=8;:,o=fcntl;:,d=3;:,F=6;:,G=2,0,0,0;:,s=0;:,\n"
			      "1 D=19;:,o=fcntl;:,d=3;:,F=6;:,G=1,0,0,1;:,s=-11;:,\n",
		TASK_LINE "0|0|-|cwd|f|O_RDWR|0|>0|3|openat@7|\n"
			  "0|0|-|1:1|0:1|2|fork@8|\n"
			  "0|0|-|0|F_SETLK|F_WRLCK,SEEK_SET,0,1,L0|>-|0|fcntl@9|\n"
			  "0|0|-|0|F_SETLK|F_UNLCK,SEEK_SET,0,0,L0|>-|0|fcntl@11|\n"
			  "1|1|11|1|F_SETLKW|F_WRLCK,SEEK_SET,0,1,L1|>-|0|fcntl@10|\n"
			  "0|0|10|0|F_SETLK|F_WRLCK,SEEK_SET,0,1,L0|>-|-EAGAIN|fcntl@13|\n"
			  "1|1|13|1|F_SETLK|F_UNLCK,SEEK_SET,0,0,L1|>-|0|fcntl@12|\n"
			  "#INIT\n" W_DIR F_INIT("-"));
}
END_TEST

START_TEST(leases_wait_for_opens_and_opens_for_leases)
{
	generates(TASK FILE_F "1 o=openat;:,d=-100;:,p=f;:,f=0;:,m=0;:,s=3;:,\n"
			      "1 o=fork;:,s=2;:,\n"
			      "2 o=openat;:,d=-100;:,p=f;:,f=1;:,m=0;:,s=4;:,\n"
			      "1 o=fcntl;:,d=3;:,F=1024;:,G=0;:,s=-11;:,\n"
			      "2 o=close;:,d=4;:,s=0;:,\n"
			      "1 o=fcntl;:,d=3;:,F=1024;:,G=0;:,s=0;:,\n"
			      "2 o=openat;:,d=-100;:,p=f;:,f=2049;:,m=0;:,s=-11;:,\n"
			      "1 o=fcntl;:,d=3;:,F=1025;:,G=0;:,s=0;:,\n"
			      "1 o=fcntl;:,d=3;:,F=1024;:,G=2;:,s=0;:,\n"
			      "2 o=openat;:,d=-100;:,p=f;:,f=1;:,m=0;:,s=4;:,\n",
		TASK_LINE "0|0|-|cwd|f|O_RDONLY|0|>0|3|openat@7|\n"
			  "0|0|-|1:1|0:1|2|fork@8|\n"
			  "1|1|-|cwd|f|O_WRONLY|0|>2|4|openat@9|\n"
			  "0|0|9|0|F_SETLEASE|0|>-|-EAGAIN|fcntl@10|\n"
			  "1|1|10|2|-|0|close@11|\n"
			  "0|0|11|0|F_SETLEASE|0|>-|0|fcntl@12|\n"
			  "1|1|12|cwd|f|O_WRONLY+O_NONBLOCK|0|>-|-EAGAIN|openat@13|\n"
			  "0|0|-|0|F_GETLEASE|0|>-|0|fcntl@14|\n"
			  "0|0|13|0|F_SETLEASE|2|>-|0|fcntl@15|\n"
			  "1|1|15|cwd|f|O_WRONLY|0|>3|4|openat@16|\n"
			  "#INIT\n" W_DIR F_INIT("-"));
}
END_TEST

START_TEST(leases_tell_when_files_were_opened)
{
	generates(TASK FILE_F "1 o=openat;:,d=-100;:,p=f;:,f=0;:,m=0;:,s=3;:,\n"
			      "1 o=fork;:,s=2;:,\n"
			      "1 o=fcntl;:,d=3;:,F=1024;:,G=1;:,s=0;:,\n"
			      /* seen before the end of the lease that it waited for */
			      "2 D=8;:,o=openat;:,d=-100;:,p=f;:,f=1;:,m=0;:,s=4;:,\n"
			      "1 D=19;:,o=fcntl;:,d=3;:,F=1024;:,G=2;:,s=0;:,\n"
			      /* and what refused a lease was closed before that is seen */
			      "2 D=8;:,o=close;:,d=4;:,s=0;:,\n"
			      "1 D=19;:,o=fcntl;:,d=3;:,F=1024;:,G=0;:,s=-11;:,\n",
		TASK_LINE "0|0|-|cwd|f|O_RDONLY|0|>0|3|openat@7|\n"
			  "0|0|-|1:1|0:1|2|fork@8|\n"
			  "0|0|-|0|F_SETLEASE|1|>-|0|fcntl@9|\n"
			  "0|0|-|0|F_SETLEASE|2|>-|0|fcntl@11|\n"
			  "1|1|11|cwd|f|O_WRONLY|0|>2|4|openat@10|\n"
			  "0|0|10|0|F_SETLEASE|0|>-|-EAGAIN|fcntl@13|\n"
			  "1|1|13|2|-|0|close@12|\n"
			  "#INIT\n" W_DIR F_INIT("-"));
}
END_TEST

START_TEST(renamed_directories_take_their_names_along)
{
	generates(TASK "1 o=state_path;:,p=/w/a;:,x=8:1:6:040755:2:0:0:4096:8;:,\n"
		       "1 o=state_path;:,p=/w/b;:,x=-;:,\n"
		       "1 o=rename;:,p=a;:,P=b;:,s=0;:,\n"
		       "1 o=state_path;:,p=/w/b/f;:,x=8:1:7:0100600:1:0:0:5:8;:,\n"
		       "1 o=stat;:,p=b/f;:,s=0;:,\n"
		       "1 o=stat;:,p=a/f;:,s=-2;:,\n",
		TASK_LINE "0|0|-|a|b|0|rename@8|\n"
			  "0|0|-|b/f|0|stat@10|\n"
			  "0|0|-|a/f|-ENOENT|stat@11|\n"
			  "#INIT\n" W_DIR "dir|0755|0|0|/r/.ioriot/t/w/a|\n"
			  "file|0600|0|0|5|-|/r/.ioriot/t/w/a/f|\n");
}
END_TEST

START_TEST(symbolic_links_are_followed)
{
	generates(TASK "1 o=state_path;:,p=/lib;:,P=usr/lib;:,x=8:1:3:0120777:1:0:0:7:0;:,\n"
		       "1 o=state_path;:,p=/usr;:,x=8:1:4:040755:9:0:0:4096:8;:,\n"
		       "1 o=state_path;:,p=/usr/lib;:,x=8:1:8:040755:9:0:0:4096:8;:,\n"
		       "1 o=state_path;:,p=/usr/lib/x;:,x=8:1:9:0100755:1:0:0:100:8;:,\n"
		       "1 o=openat;:,d=-100;:,p=/lib/../lib/x;:,f=0;:,m=0;:,s=3;:,\n"
		       "1 o=openat;:,d=-100;:,p=/lib/x;:,f=0;:,m=0;:,s=4;:,\n"
		       "1 o=read;:,d=3;:,c=100;:,s=100;:,\n",
		TASK_LINE "0|0|-|cwd|/r/.ioriot/t/usr/lib/x|O_RDONLY|0|>0|3|openat@10|\n"
			  "0|0|-|cwd|/r/.ioriot/t/lib/x|O_RDONLY|0|>1|4|openat@11|\n"
			  "0|0|-|0|100|100|read@12|\n"
			  "#INIT\n" W_DIR "link|0|0|/r/.ioriot/t/lib|usr/lib|\n"
			  "dir|0755|0|0|/r/.ioriot/t/usr|\n"
			  "dir|0755|0|0|/r/.ioriot/t/usr/lib|\n"
			  "file|0755|0|0|100|0+100|/r/.ioriot/t/usr/lib/x|\n");
}
END_TEST

START_TEST(hard_links_of_the_start_are_links)
{
	generates(TASK FILE_F
		"1 o=state_path;:,p=/w/g;:,x=8:1:5:0100644:2:0:0:10000:24;:,\n"
		"1 o=unlink;:,p=f;:,s=0;:,\n"
		"1 o=openat;:,d=-100;:,p=g;:,f=0;:,m=0;:,s=3;:,\n"
		"1 o=pread64;:,d=3;:,c=10;:,O=5000;:,s=10;:,\n",
		TASK_LINE "0|0|-|f|0|unlink@8|\n"
			  "0|0|-|cwd|g|O_RDONLY|0|>0|3|openat@9|\n"
			  "0|0|-|0|10|5000|10|pread64@10|\n"
			  "#INIT\n" W_DIR F_INIT("4096+4096")
				  "hardlink|/r/.ioriot/t/w/g|/r/.ioriot/t/w/f|\n");
}
END_TEST

START_TEST(unlinked_but_open_and_made_anew)
{
	generates(TASK FILE_F "1 o=openat;:,d=-100;:,p=f;:,f=2;:,m=0;:,s=3;:,\n"
			      "1 o=unlink;:,p=f;:,s=0;:,\n"
			      "1 o=openat;:,d=-100;:,p=f;:,f=66;:,m=0600;:,s=4;:,\n"
			      "1 o=read;:,d=3;:,c=10;:,s=10;:,\n"
			      "1 o=read;:,d=4;:,c=10;:,s=0;:,\n"
			      "1 o=openat;:,d=-100;:,p=/proc/self/fd/3;:,f=0;:,m=0;:,s=5;:,\n",
		TASK_LINE "0|0|-|cwd|f|O_RDWR|0|>0|3|openat@7|\n"
			  "0|0|-|f|0|unlink@8|\n"
			  "0|0|-|cwd|f|O_RDWR+O_CREAT|0600|>1|4|openat@9|\n"
			  "0|0|-|0|10|10|read@10|\n"
			  "0|0|-|1|10|0|read@11|\n"
			  "0|0|-|cwd|%fd/0|O_RDONLY|0|>2|5|openat@12|\n"
			  "#INIT\n" W_DIR F_INIT("0+4096"));
}
END_TEST

/* A name, by whatever address; what failed of the socket says nothing of names. */
/* Errors of what a tree has not. */
START_TEST(what_failed_of_mounts_and_fifos_is_left_out)
{
	struct generate_result *res = calloc(1, sizeof(*res));

	generates_root("/r", TASK FILE_F
		"1 o=rmdir;:,p=/;:,s=-16;:,\n"
		"1 o=rename;:,p=/w;:,P=/v;:,s=-16;:,\n"
		"1 o=link;:,p=f;:,P=/tmp/f;:,s=-18;:,\n"
		"1 o=open;:,p=fifo;:,f=0;:,m=0;:,s=-4;:,\n"
		"1 o=unlink;:,p=f;:,s=0;:,\n",
		TASK_LINE "0|0|-|f|0|unlink@11|\n"
			  "#INIT\n" W_DIR "file|0644|0|0|10000|-|/r/.ioriot/t/w/f|\n",
		res);
	ck_assert_uint_eq(res->left_out[LEFT_MOUNT_POINT], 2);
	ck_assert_uint_eq(res->left_out[LEFT_ONE_TREE], 1);
	ck_assert_uint_eq(res->left_out[LEFT_WAIT_BROKEN], 1);
	free(res);
}
END_TEST

START_TEST(what_is_the_top_of_a_tree_gets_no_other_name)
{
	struct generate_result *res = calloc(1, sizeof(*res));

	generates_root("/r", TASK FILE_F
		"1 o=link;:,p=/;:,P=g;:,s=-1;:,\n"
		"1 o=link;:,p=/w;:,P=g;:,s=-1;:,\n"
		"1 o=link;:,p=/;:,P=f;:,s=-17;:,\n",
		TASK_LINE "0|0|-|/r/.ioriot/t/w|g|-EPERM|link@8|\n"
			  "0|0|-|/r/.ioriot/t|f|-EEXIST|link@9|\n"
			  "#INIT\n" W_DIR "file|0644|0|0|10000|-|/r/.ioriot/t/w/f|\n",
		res);
	ck_assert_uint_eq(res->left_out[LEFT_TREE_TOP], 1);
	free(res);
}
END_TEST

/* A replay has no chroot: what a link leads to in one is named without the link. */
START_TEST(absolute_links_in_a_chroot)
{
	generates(TASK "1 o=state_path;:,p=/w/c;:,x=8:1:6:040755:2:0:0:4096:8;:,\n"
		       "1 o=chroot;:,p=c;:,s=0;:,\n"
		       "1 o=state_path;:,p=/w/c/l;:,P=/d;:,x=8:1:7:0120777:1:0:0:2:0;:,\n"
		       "1 o=state_path;:,p=/w/c/d;:,x=8:1:8:040755:2:0:0:4096:8;:,\n"
		       "1 o=state_path;:,p=/w/c/d/k;:,P=/d/f;:,x=8:1:9:0120777:1:0:0:4:0;:,\n"
		       "1 o=state_path;:,p=/w/c/d/f;:,x=8:1:10:0100644:1:0:0:5:8;:,\n"
		       "1 o=stat;:,p=/l/f;:,s=0;:,\n"
		       "1 o=stat;:,p=/l/k;:,s=0;:,\n"
		       "1 o=lstat;:,p=/l/k;:,s=0;:,\n"
		       "1 o=lstat;:,p=/l;:,s=0;:,\n"
		       "1 o=chdir;:,p=/l;:,s=0;:,\n"
		       "1 o=stat;:,p=k;:,s=0;:,\n"
		       "1 o=stat;:,p=f;:,s=0;:,\n",
		TASK_LINE "0|0|-|c|0|chroot@7|\n"
			  "0|0|-|/r/.ioriot/t/w/c/d/f|0|stat@12|\n"
			  "0|0|-|/r/.ioriot/t/w/c/d/f|0|stat@13|\n"
			  "0|0|-|/r/.ioriot/t/w/c/d/k|0|lstat@14|\n"
			  "0|0|-|/r/.ioriot/t/w/c/l|0|lstat@15|\n"
			  "0|0|-|/r/.ioriot/t/w/c/d|0|chdir@16|\n"
			  "0|0|-|/r/.ioriot/t/w/c/d/f|0|stat@17|\n"
			  "0|0|-|f|0|stat@18|\n"
			  "#INIT\n" W_DIR "dir|0755|0|0|/r/.ioriot/t/w/c|\n"
			  "link|0|0|/r/.ioriot/t/w/c/l|/r/.ioriot/t/d|\n"
			  "dir|0755|0|0|/r/.ioriot/t/w/c/d|\n"
			  "link|0|0|/r/.ioriot/t/w/c/d/k|/r/.ioriot/t/d/f|\n"
			  "file|0644|0|0|5|-|/r/.ioriot/t/w/c/d/f|\n");
}
END_TEST

START_TEST(sockets_get_names)
{
	struct generate_result *res = calloc(1, sizeof(*res));

	generates_root("/r", TASK
		"1 o=state_path;:,p=/w/old;:,x=8:1:5:0140755:1:0:0:0:0;:,\n"
		"1 o=umask;:,m=077;:,s=18;:,\n"
		"1 o=bind;:,d=3;:,p=s;:,s=0;:,\n"
		"1 o=stat;:,p=s;:,s=0;:,x=8:1:9:0140700:1:0:0:0:0;:,\n"
		"1 o=bind;:,d=4;:,p=s;:,s=-98;:,\n"
		"1 o=bind;:,d=4;:,p=/w/old;:,s=-98;:,\n"
		"1 o=bind;:,d=4;:,p=new;:,s=-22;:,\n"
		"1 o=bind;:,d=5;:,s=0;:,\n"
		"1 o=unlink;:,p=s;:,s=0;:,\n",
		TASK_LINE "0|0|-|077|18|umask@7|\n"
			  "0|0|-|3|s|0|bind@8|\n"
			  "0|0|-|s|0|stat@9|\n"
			  "0|0|-|4|s|-EADDRINUSE|bind@10|\n"
			  "0|0|-|4|/r/.ioriot/t/w/old|-EADDRINUSE|bind@11|\n"
			  "0|0|-|s|0|unlink@14|\n"
			  "#INIT\n" W_DIR "socket|0755|0|0|/r/.ioriot/t/w/old|\n",
		res);
	ck_assert_uint_eq(res->left_out[LEFT_SOCKET], 2);
	free(res);
}
END_TEST

START_TEST(what_is_no_file_is_left_out_and_counted)
{
	struct generate_result *res = calloc(1, sizeof(*res));

	generates_root("/r",
		TASK "1 o=openat;:,d=-100;:,p=/proc/self/maps;:,f=0;:,m=0;:,s=3;:,\n"
		     "1 o=read;:,d=3;:,c=10;:,s=10;:,\n"
		     "1 o=openat;:,d=-100;:,p=/dev/null;:,f=1;:,m=0;:,s=4;:,\n"
		     "1 o=write;:,d=4;:,c=10;:,s=10;:,\n"
		     "1 o=write;:,d=7;:,c=10;:,s=10;:,\n"
		     "1 o=close;:,d=3;:,s=0;:,\n"
		     "1 o=close;:,d=3;:,s=-9;:,\n",
		TASK_LINE "0|0|-|none|-|-EBADF|close@12|\n"
			  "#INIT\n" W_DIR,
		res);
	ck_assert_uint_eq(res->left_out[LEFT_PSEUDO], 5);
	ck_assert_uint_eq(res->left_out[LEFT_UNKNOWN_FD], 1);
	free(res);
}
END_TEST

/* Threads 1 and 2 of process 1, after the state of the task and of f. */
#define THREAD_2 "1 o=clone;:,f=4001536;:,s=2;:,\n"
#define THREAD_2_LINE                                                                              \
	"0|0|-|CLONE_VM+CLONE_FS+CLONE_FILES+CLONE_SIGHAND+CLONE_THREAD+CLONE_SYSVSEM+"            \
	"CLONE_SETTLS+CLONE_PARENT_SETTID+CLONE_CHILD_CLEARTID|0:1|-|2|clone@7|\n"

START_TEST(descriptors_that_are_no_files_have_a_kind)
{
	static const struct {
		enum left_out left;
		unsigned count;
	} want[] = {{LEFT_PIPE, 4}, {LEFT_SOCKET, 5}, {LEFT_EVENTFD, 1}, {LEFT_TIMERFD, 2},
		{LEFT_EPOLL, 1}, {LEFT_SIGNALFD, 2}, {LEFT_PIDFD, 1}, {LEFT_PERF, 1}, {LEFT_BPF, 3},
		{LEFT_TTY, 3}, {LEFT_DEVICE, 1}, {LEFT_NOT_FILE, 0}, {LEFT_UNKNOWN_FD, 1}};
	struct generate_result *res = calloc(1, sizeof(*res));
	size_t i;

	generates_root("/r",
		TASK "1 o=state_fd;:,d=0;:,p=/dev/pts/3;:,f=2;:,O=0;:,x=0:9:7:020620:1:0:5:0:0;:,\n"
		     "1 o=state_fd;:,d=1;:,p=pipe:[7];:,f=1;:,O=0;:,x=0:9:7:010600:1:0:0:0:0;:,\n"
		     "1 o=state_fd;:,d=2;:,p=socket:[7];:,f=2;:,O=0;:,x=0:9:7:0140777:1:0:0:0:0;:,\n"
		     "1 o=state_fd;:,d=3;:,p=/w/fifo;:,f=2;:,O=0;:,x=0:9:7:010600:1:0:0:0:0;:,\n"
		     "1 o=read;:,d=0;:,c=10;:,s=10;:,\n"
		     "1 o=write;:,d=1;:,c=10;:,s=10;:,\n"
		     "1 o=write;:,d=2;:,c=10;:,s=10;:,\n"
		     "1 o=write;:,d=3;:,c=10;:,s=10;:,\n"
		     "1 o=pipe2;:,d=4;:,f=524288;:,e=5;:,s=0;:,\n"
		     "1 o=socketpair;:,f=1;:,d=6;:,e=7;:,s=0;:,\n"
		     "1 o=eventfd2;:,f=0;:,s=8;:,\n"
		     "1 o=timerfd_create;:,f=524288;:,s=9;:,\n"
		     "1 o=read;:,d=9;:,c=8;:,s=8;:,\n"
		     "1 o=epoll_create1;:,f=524288;:,s=10;:,\n"
		     "1 o=signalfd4;:,d=-1;:,f=0;:,s=11;:,\n"
		     "1 o=signalfd4;:,d=11;:,f=0;:,s=11;:,\n"
		     "1 o=pidfd_open;:,f=0;:,s=12;:,\n"
		     "1 o=perf_event_open;:,f=8;:,s=13;:,\n"
		     "1 o=bpf;:,F=0;:,s=14;:,\n"
		     "1 o=bpf;:,F=1;:,s=0;:,\n"
		     "1 o=bpf;:,F=0;:,s=-1;:,\n"
		     "1 o=socket;:,f=524289;:,s=15;:,\n"
		     "1 o=accept4;:,d=15;:,f=524288;:,s=16;:,\n"
		     "1 o=accept;:,d=15;:,s=-11;:,\n"
		     "1 o=openat;:,d=-100;:,p=/dev/tty;:,f=2;:,m=0;:,s=17;:,\n"
		     "1 o=close;:,d=17;:,s=0;:,\n"
		     "1 o=execve;:,p=/bin/true;:,s=0;:,\n" /* closes those with CLOEXEC */
		     "1 o=close;:,d=4;:,s=0;:,\n"
		     "1 o=write;:,d=1;:,c=10;:,s=10;:,\n"
		     "1 o=dup2;:,d=1;:,e=8;:,s=8;:,\n",
		TASK_LINE "0|0|-|%null|-|0|execve@32|\n"
			  "#INIT\n" W_DIR,
		res);
	for (i = 0; i < sizeof(want) / sizeof(*want); i++)
		ck_assert_msg(res->left_out[want[i].left] == want[i].count, "%s: %u",
			left_out_texts[want[i].left], (unsigned)res->left_out[want[i].left]);
	ck_assert_uint_eq(res->reused, 0);
	free(res);
}
END_TEST

START_TEST(numbers_of_pipes_are_exact)
{
	struct generate_result *res = calloc(1, sizeof(*res));

	/* What took the numbers over was seen to be over before what left them; a dup takes one, too. */
	generates_root("/r",
		TASK FILE_F THREAD_2
		"1:1 o=pipe2;:,d=3;:,f=0;:,e=4;:,s=0;:,\n"
		"1:2 o=openat;:,d=-100;:,p=f;:,f=2;:,m=0;:,s=3;:,\n"
		"1:1 D=15;:,o=close;:,d=3;:,s=0;:,\n"
		"1:2 o=write;:,d=3;:,c=5;:,s=5;:,\n"
		"1:1 o=write;:,d=4;:,c=5;:,s=-32;:,\n"
		"1:2 o=pipe;:,d=3;:,e=5;:,s=0;:,\n"
		"1:1 D=15;:,o=close;:,d=3;:,s=0;:,\n"
		"1:2 o=write;:,d=3;:,c=5;:,s=5;:,\n"
		"1:2 o=fcntl;:,d=4;:,F=0;:,G=0;:,s=6;:,\n"
		"1:2 o=openat;:,d=-100;:,p=f;:,f=2;:,m=0;:,s=6;:,\n"
		"1:1 D=15;:,o=close;:,d=6;:,s=0;:,\n"
		"1:2 o=dup2;:,d=4;:,e=6;:,s=6;:,\n",
		TASK_LINE THREAD_2_LINE "1|0|-|cwd|f|O_RDWR|0|>0|3|openat@9|\n"
					"1|0|-|0|5|5|write@11|\n"
					"0|0|11|0|-|0|close@14|\n"
					"1|0|-|cwd|f|O_RDWR|0|>1|6|openat@17|\n"
					"1|0|-|1|-|0|close@19|\n"
					"#INIT\n" W_DIR F_INIT("0+4096"),
		res);
	ck_assert_uint_eq(res->reordered, 3);
	ck_assert_uint_eq(res->reused, 0);
	ck_assert_uint_eq(res->forced, 0);
	ck_assert_uint_eq(res->left_out[LEFT_UNKNOWN_FD], 0);
	free(res);
}
END_TEST

/* Processes 1 and 2, forked from it, which has descriptor 9 from there. */
#define PROCESS_2      "1 o=fork;:,s=2;:,\n"
#define PROCESS_2_LINE "0|0|-|1:1|-|2|fork@7|\n"
#define LOG(z)	       ";:,p=/w/f;:,f=2;:,O=0;:,z=" z ";:,x=8:1:5:0100644:1:0:0:10000:24;:,\n"

START_TEST(descriptors_are_passed_on)
{
	struct generate_result *res = calloc(1, sizeof(*res));

	/* The sender closes its own at once; offsets are shared; a pipe in the same message. */
	generates_root("/r",
		TASK FILE_F PROCESS_2
		"1 o=openat;:,d=-100;:,p=f;:,f=2;:,m=0;:,s=3;:,\n"
		"1 o=pipe2;:,d=4;:,f=0;:,e=5;:,s=0;:,\n"
		"1 o=read;:,d=3;:,c=100;:,s=100;:,\n"
		"1 o=sendmsg;:,d=9;:,b=3:7,4:8,3:9;:,f=0;:,\n"
		"1 o=close;:,d=3;:,s=0;:,\n"
		"2 o=recv_fd;:,d=3" LOG("7")
		"2 o=recv_fd;:,d=4;:,p=pipe:[5];:,f=0;:,O=0;:,z=8;:,x=0:9:7:010600:1:0:0:0:0;:,\n"
		"2 o=recvmsg;:,d=8;:,f=0;:,s=1;:,\n"
		"2 o=fcntl;:,d=3;:,F=6;:,G=1,1,0,1;:,s=0;:,\n"
		"2 o=read;:,d=4;:,c=100;:,s=100;:,\n"
		"2 o=close;:,d=3;:,s=0;:,\n",
		TASK_LINE PROCESS_2_LINE
		"0|0|-|cwd|f|O_RDWR|0|>0|3|openat@8|\n"
		"0|0|-|0|100|100|read@10|\n"
		"0|0|-|none|-|0|0:1,0:2|-|sendmsg@11|\n"
		"0|0|-|0|-|0|close@12|\n"
		"1|1|11|1|F_SETLK|F_WRLCK,SEEK_SET,100,1,L0|>-|0|fcntl@16|\n"
		"1|1|-|1|L0|0|close@18|\n"
		"#INIT\n" W_DIR F_INIT("0+4096"),
		res);
	ck_assert_uint_eq(res->left_out[LEFT_PIPE], 2);
	ck_assert_uint_eq(res->left_out[LEFT_UNKNOWN_FD], 1); /* the socket */
	free(res);
}
END_TEST

/* A message that nobody took is gone, and the file in it: what has its place in memory now is another one. */
START_TEST(descriptors_of_messages_that_are_gone)
{
	generates(TASK FILE_F PROCESS_2
		"1 o=openat;:,d=-100;:,p=f;:,f=2;:,m=0;:,s=3;:,\n"
		"1 o=sendmsg;:,d=9;:,b=3:7,3:7;:,f=0;:,\n"
		"1 o=close;:,d=3;:,s=0;:,\n"
		"1 o=openat;:,d=-100;:,p=f;:,f=0;:,m=0;:,s=3;:,\n"
		"1 o=sendmsg;:,d=9;:,b=3:7;:,f=0;:,\n"
		"2 o=recv_fd;:,d=3" LOG("7")
		"2 o=read;:,d=3;:,c=100;:,s=100;:,\n"
		"2 o=close;:,d=3;:,s=0;:,\n"
		"1 o=sendmsg;:,d=9;:,b=3:8;:,f=0;:,\n"
		"1 o=pipe2;:,d=4;:,f=0;:,e=5;:,s=0;:,\n"
		"1 o=sendmsg;:,d=9;:,b=4:8;:,f=0;:,\n"
		"2 o=recv_fd;:,d=3;:,p=pipe:[5];:,f=0;:,O=0;:,z=8;:,x=0:9:7:010600:1:0:0:0:0;:,\n"
		"2 o=read;:,d=3;:,c=100;:,s=100;:,\n",
		TASK_LINE PROCESS_2_LINE
		"0|0|-|cwd|f|O_RDWR|0|>0|3|openat@8|\n"
		"0|0|-|none|-|0|0:1,0:2|-|sendmsg@9|\n"
		"0|0|-|0|-|0|close@10|\n"
		"0|0|-|cwd|f|O_RDONLY|0|>3|3|openat@11|\n"
		"0|0|-|none|-|0|3:4|-|sendmsg@12|\n"
		"1|1|12|4|100|100|read@14|\n"
		"1|1|-|4|-|0|close@15|\n"
		"0|0|-|none|-|0|3:5|-|sendmsg@16|\n"
		"#INIT\n" W_DIR F_INIT("0+4096"));
}
END_TEST

START_TEST(descriptors_come_from_strangers)
{
	/* nobody sent 77; 7 is received twice; the number is in use until a close that is seen later */
	generates(TASK FILE_F PROCESS_2
		"2 o=recv_fd;:,d=3" LOG("77")
		"2 o=read;:,d=3;:,c=100;:,s=100;:,\n"
		"1 o=openat;:,d=-100;:,p=f;:,f=2;:,m=0;:,s=3;:,\n"
		"1 o=sendmsg;:,d=9;:,b=3:7,55:8;:,f=0;:,\n"
		"2 o=recv_fd;:,d=4" LOG("7")
		"2 o=recv_fd;:,d=5" LOG("7")
		"2 o=clone;:,f=4001536;:,s=4;:,\n"
		"2 o=recv_fd;:,d=4" LOG("0")
		"2:4 D=15;:,o=close;:,d=4;:,s=0;:,\n",
		TASK_LINE PROCESS_2_LINE
		"1|1|-|3|/r/.ioriot/t/w/f|O_RDWR|0|77|>0|3|recv_fd@8|\n"
		"1|1|-|0|100|100|read@9|\n"
		"0|0|-|cwd|f|O_RDWR|0|>1|3|openat@10|\n"
		"0|0|-|none|-|0|1:2|-|sendmsg@11|\n"
		"1|1|-|5|/r/.ioriot/t/w/f|O_RDWR|0|7|>3|5|recv_fd@13|\n"
		"1|1|-|CLONE_VM+CLONE_FS+CLONE_FILES+CLONE_SIGHAND+CLONE_THREAD+CLONE_SYSVSEM+"
		"CLONE_SETTLS+CLONE_PARENT_SETTID+CLONE_CHILD_CLEARTID|1:2|-|4|clone@14|\n"
		"2|1|11|2|-|0|close@16|\n"
		"1|1|-|4|/r/.ioriot/t/w/f|O_RDWR|0|0|>4|4|recv_fd@15|\n"
		"#INIT\n" W_DIR F_INIT("0+4096"));
}
END_TEST

START_TEST(descriptors_are_taken_by_pidfd)
{
	struct generate_result *res = calloc(1, sizeof(*res));

	generates_root("/r",
		TASK FILE_F PROCESS_2
		"1 o=openat;:,d=-100;:,p=f;:,f=2;:,m=0;:,s=3;:,\n"
		"1 o=pipe2;:,d=4;:,f=0;:,e=5;:,s=0;:,\n"
		"2 o=pidfd_getfd;:,d=8;:,e=3;:,q=1;:,s=3;:,\n"
		"2 o=pidfd_getfd;:,d=8;:,e=4;:,q=1;:,s=4;:,\n"
		"2 o=pidfd_getfd;:,d=8;:,e=9;:,q=1;:,s=5;:,\n"
		"2 o=pidfd_getfd;:,d=8;:,e=3;:,q=1;:,s=-1;:,\n"
		"2 o=recv_fd;:,d=6" LOG("0")
		"2 o=pidfd_getfd;:,d=8;:,e=3;:,q=0;:,s=6;:,\n"
		"2 o=lseek;:,d=3;:,O=5;:,W=0;:,s=5;:,\n",
		TASK_LINE PROCESS_2_LINE
		"0|0|-|cwd|f|O_RDWR|0|>0|3|openat@8|\n"
		"1|1|8|8|0|1|>1|3|pidfd_getfd@10|\n"
		"1|1|-|6|/r/.ioriot/t/w/f|O_RDWR|0|0|>2|6|recv_fd@14|\n"
		"1|1|-|1|5|SEEK_SET|5|lseek@16|\n"
		"#INIT\n" W_DIR F_INIT("-"),
		res);
	ck_assert_uint_eq(res->left_out[LEFT_PIDFD], 3);
	ck_assert_uint_eq(res->left_out[LEFT_PIPE], 2);
	free(res);
}
END_TEST

/* A copy of itself is what no kernel makes, and only dup2 can say. */
START_TEST(copies_on_their_own_number)
{
	generates(TASK FILE_F "1 o=openat;:,d=-100;:,p=f;:,f=0;:,m=0;:,s=3;:,\n"
			      "1 o=dup2;:,d=3;:,e=3;:,s=3;:,\n"
			      "1 o=dup;:,d=3;:,s=3;:,\n"
			      "1 o=dup3;:,d=3;:,e=3;:,f=0;:,s=3;:,\n"
			      "1 o=fcntl;:,d=3;:,F=0;:,G=0;:,s=3;:,\n"
			      "1 o=close;:,d=3;:,s=0;:,\n",
		TASK_LINE "0|0|-|cwd|f|O_RDONLY|0|>0|3|openat@7|\n"
			  "0|0|-|0|3|>0|-|3|dup2@8|\n"
			  "0|0|-|0|>0|3|dup@9|\n"
			  "0|0|-|0|3|O_RDONLY|>0|-|3|dup3@10|\n"
			  "0|0|-|0|F_DUPFD|0|>-|3|fcntl@11|\n"
			  "0|0|-|0|-|0|close@12|\n"
			  "#INIT\n" W_DIR F_INIT("-"));
}
END_TEST

/* A close whose end is seen only after more records than are looked ahead; an exit in place of one. */
START_TEST(closes_that_end_late)
{
	struct generate_result *res = calloc(1, sizeof(*res));
	struct buf capture = BUF_INIT, want = BUF_INIT;
	int i;

	buf_puts(&capture, TASK FILE_F THREAD_2
		"1:1 o=openat;:,d=-100;:,p=f;:,f=2;:,m=0;:,s=3;:,\n"
		"1:1 o=openat;:,d=-100;:,p=f;:,f=2;:,m=0;:,s=4;:,\n"
		"1:2 o=openat;:,d=-100;:,p=f;:,f=0;:,m=0;:,s=3;:,\n"
		"1:2 o=pipe2;:,d=4;:,f=0;:,e=5;:,s=0;:,\n");
	buf_puts(&want, TASK_LINE THREAD_2_LINE "0|0|-|cwd|f|O_RDWR|0|>0|3|openat@8|\n"
						"0|0|-|cwd|f|O_RDWR|0|>1|4|openat@9|\n"
						"1|0|-|cwd|f|O_RDONLY|0|>2|3|openat@10|\n");
	for (i = 0; i < 600; i++)
		buf_puts(&capture, "1:2 o=write;:,d=5;:,c=1;:,s=1;:,\n");
	buf_puts(&capture, "1:1 D=6025;:,o=close;:,d=3;:,s=0;:,\n"
			   "1:2 o=read;:,d=3;:,c=10;:,s=10;:,\n"
			   "1:2 o=close;:,d=3;:,s=0;:,\n"
			   "1:2 o=exit_group;:,E=0;:,\n"
			   "1:1 o=task_end;:,E=0;:,\n");
	buf_puts(&want, "0|0|-|0|-|0|close@612|\n"
			"1|0|-|2|10|10|read@613|\n"
			"1|0|-|2|-|0|close@614|\n"
			"1|0|-|0|-|-|exit_group@615|\n"
			"0|0|-|0|1|-|task_end@616|\n"
			"#INIT\n" W_DIR F_INIT("0+4096"));
	buf_char(&capture, '\0');
	buf_char(&want, '\0');
	generates_root("/r", capture.p, want.p, res);
	ck_assert_uint_eq(res->reused, 1); /* the other close is missing */
	ck_assert_uint_eq(res->forced, 0);
	buf_free(&capture);
	buf_free(&want);
	free(res);
}
END_TEST

START_TEST(copies_read_one_file_and_write_another)
{
	generates(TASK FILE_F "1 o=openat;:,d=-100;:,p=f;:,f=0;:,m=0;:,s=3;:,\n"
			      "1 o=openat;:,d=-100;:,p=g;:,f=66;:,m=0600;:,s=4;:,\n"
			      "1 o=copy_file_range;:,d=3;:,O=-;:,e=4;:,Q=8192;:,c=100;:,f=0;:,s=100;:,\n"
			      "1 o=sendfile;:,e=4;:,d=3;:,O=9000;:,c=5000;:,s=1000;:,\n"
			      "1 o=fcntl;:,d=3;:,F=6;:,G=1,1,0,1;:,s=0;:,\n"
			      "1 o=fcntl;:,d=4;:,F=6;:,G=1,1,0,1;:,s=0;:,\n"
			      "1 o=sendfile;:,e=9;:,d=3;:,O=-;:,c=5;:,s=-9;:,\n",
		TASK_LINE "0|0|-|cwd|f|O_RDONLY|0|>0|3|openat@7|\n"
			  "0|0|-|cwd|g|O_RDWR+O_CREAT|0600|>1|4|openat@8|\n"
			  "0|0|-|0|-|1|8192|100|0|100|copy_file_range@9|\n"
			  "0|0|-|1|0|9000|5000|1000|sendfile@10|\n"
			  "0|0|-|0|F_SETLK|F_WRLCK,SEEK_SET,100,1,L0|>-|0|fcntl@11|\n"
			  "0|0|-|1|F_SETLK|F_WRLCK,SEEK_SET,1000,1,L1|>-|0|fcntl@12|\n"
			  "0|0|-|none|0|-|5|-EBADF|sendfile@13|\n"
			  "#INIT\n" W_DIR F_INIT("0+4096,8192+1808"));
}
END_TEST

START_TEST(what_is_sent_elsewhere_is_read)
{
	struct generate_result *res = calloc(1, sizeof(*res));

	generates_root("/r",
		TASK FILE_F "1 o=state_fd;:,d=1;:,p=pipe:[7];:,f=1;:,O=0;:,x=0:9:7:010600:1:0:0:0:0;:,\n"
			    "1 o=openat;:,d=-100;:,p=f;:,f=2;:,m=0;:,s=3;:,\n"
			    "1 o=sendfile;:,e=1;:,d=3;:,O=-;:,c=5000;:,s=4096;:,\n"
			    "1 o=sendfile;:,e=1;:,d=3;:,O=9999;:,c=5000;:,s=1;:,\n"
			    "1 o=sendfile;:,e=1;:,d=3;:,O=10000;:,c=5000;:,s=0;:,\n"
			    "1 o=sendfile;:,e=1;:,d=3;:,O=0;:,c=5000;:,s=-11;:,\n"
			    "1 o=sendfile;:,e=3;:,d=1;:,O=-;:,c=10;:,s=10;:,\n"
			    "1 o=openat;:,d=-100;:,p=.;:,f=65536;:,m=0;:,s=4;:,\n"
			    "1 o=sendfile;:,e=1;:,d=4;:,O=0;:,c=0;:,s=0;:,\n",
		TASK_LINE "0|0|-|cwd|f|O_RDWR|0|>0|3|openat@8|\n"
			  "0|0|-|0|4096|4096|read@9|\n"
			  "0|0|-|0|1|9999|1|pread64@10|\n"
			  "0|0|-|0|5000|10000|0|pread64@11|\n"
			  "0|0|-|0|10|10|write@13|\n"
			  "0|0|-|cwd|.|O_RDONLY+O_DIRECTORY|0|>1|4|openat@14|\n"
			  "#INIT\n" W_DIR F_INIT("0+10000"),
		res);
	ck_assert_uint_eq(res->left_out[LEFT_PIPE], 2);
	free(res);
}
END_TEST

START_TEST(events_and_files_in_memory_are_no_files)
{
	struct generate_result *res = calloc(1, sizeof(*res));

	generates_root("/r",
		TASK FILE_F "1 o=state_fd;:,d=8;:,p=/memfd:x (deleted);:,f=2;:,O=0;:,x=0:1:7:0100600:0:0:0:5:8;:,\n"
			    "1 o=inotify_init1;:,f=524288;:,s=3;:,\n"
			    "1 o=inotify_add_watch;:,d=3;:,p=/w;:,M=0x100;:,s=1;:,\n"
			    "1 o=read;:,d=3;:,c=4096;:,s=32;:,\n"
			    "1 o=memfd_create;:,P=x;:,f=1;:,s=4;:,\n"
			    "1 o=write;:,d=4;:,c=10;:,s=10;:,\n"
			    "1 o=open;:,p=/proc/self/fd/4;:,f=2;:,m=0;:,s=5;:,\n"
			    "1 o=write;:,d=5;:,c=10;:,s=10;:,\n"
			    "1 o=write;:,d=8;:,c=10;:,s=10;:,\n"
			    "1 o=userfaultfd;:,f=1;:,s=6;:,\n"
			    "1 o=fanotify_init;:,f=1;:,s=7;:,\n"
			    "1 o=quotactl;:,F=0x80000700;:,s=-3;:,\n"
			    "1 o=listmount;:,s=7;:,\n"
			    "1 o=execve;:,p=/bin/x;:,s=0;:,\n"
			    "1 o=openat;:,d=-100;:,p=f;:,f=0;:,m=0;:,s=3;:,\n"
			    "1 o=openat;:,d=-100;:,p=f;:,f=0;:,m=0;:,s=4;:,\n"
			    "1 o=openat;:,d=-100;:,p=f;:,f=0;:,m=0;:,s=7;:,\n",
		TASK_LINE "0|0|-|%null|-|0|execve@20|\n"
			  "0|0|-|cwd|f|O_RDONLY|0|>0|3|openat@21|\n"
			  "0|0|-|cwd|f|O_RDONLY|0|>1|4|openat@22|\n"
			  "0|0|-|cwd|f|O_RDONLY|0|>2|7|openat@23|\n"
			  "#INIT\n" W_DIR F_INIT("-"),
		res);
	ck_assert_uint_eq(res->left_out[LEFT_EVENTS], 4);
	ck_assert_uint_eq(res->left_out[LEFT_MEMORY], 3);
	ck_assert_uint_eq(res->left_out[LEFT_PSEUDO], 2);
	ck_assert_uint_eq(res->left_out[LEFT_FAULTS], 1);
	ck_assert_uint_eq(res->left_out[LEFT_QUOTA], 1);
	ck_assert_uint_eq(res->left_out[LEFT_MOUNTS], 1);
	ck_assert_uint_eq(res->reused, 0);
	free(res);
}
END_TEST

START_TEST(splices_have_a_pipe_of_the_replay)
{
	struct generate_result *res = calloc(1, sizeof(*res));

	generates_root("/r",
		TASK FILE_F "1 o=pipe2;:,d=5;:,f=0;:,e=6;:,s=0;:,\n"
			    "1 o=openat;:,d=-100;:,p=f;:,f=2;:,m=0;:,s=3;:,\n"
			    "1 o=openat;:,d=-100;:,p=g;:,f=66;:,m=0600;:,s=4;:,\n"
			    "1 o=splice;:,d=3;:,O=-;:,e=6;:,Q=-;:,c=65536;:,f=1;:,s=4096;:,\n"
			    "1 o=splice;:,d=5;:,O=-;:,e=4;:,Q=100;:,c=65536;:,f=0;:,s=4096;:,\n"
			    "1 o=splice;:,d=3;:,O=10000;:,e=6;:,Q=-;:,c=10;:,f=0;:,s=0;:,\n"
			    "1 o=splice;:,d=5;:,O=-;:,e=4;:,Q=-;:,c=10;:,f=2;:,s=-11;:,\n"
			    "1 o=splice;:,d=5;:,O=-;:,e=6;:,Q=-;:,c=10;:,f=2;:,s=3;:,\n"
			    "1 o=tee;:,d=5;:,e=6;:,c=10;:,f=2;:,s=3;:,\n"
			    "1 o=splice;:,d=3;:,O=-;:,e=4;:,Q=-;:,c=10;:,f=0;:,s=-22;:,\n"
			    "1 o=splice;:,d=9;:,O=-;:,e=4;:,Q=-;:,c=10;:,f=0;:,s=-9;:,\n"
			    "1 o=read;:,d=3;:,c=5904;:,s=5904;:,\n",
		TASK_LINE "0|0|-|cwd|f|O_RDWR|0|>0|3|openat@8|\n"
			  "0|0|-|cwd|g|O_RDWR+O_CREAT|0600|>1|4|openat@9|\n"
			  "0|0|-|0|-|none|-|4096|SPLICE_F_MOVE|4096|splice@10|\n"
			  "0|0|-|none|-|1|100|4096|0|4096|splice@11|\n"
			  "0|0|-|0|10000|none|-|10|0|0|splice@12|\n"
			  "0|0|-|0|-|1|-|10|0|-EINVAL|splice@16|\n"
			  "0|0|-|none|-|1|-|10|0|-EBADF|splice@17|\n"
			  "0|0|-|0|5904|5904|read@18|\n"
			  "#INIT\n" W_DIR F_INIT("0+10000"),
		res);
	ck_assert_uint_eq(res->left_out[LEFT_PIPE], 4);
	free(res);
}
END_TEST

START_TEST(clones_need_what_they_share)
{
	struct generate_result *res = calloc(1, sizeof(*res));

	generates_root("/r",
		TASK FILE_F "1 o=state_fd;:,d=1;:,p=pipe:[7];:,f=1;:,O=0;:,x=0:9:7:010600:1:0:0:0:0;:,\n"
			    "1 o=openat;:,d=-100;:,p=f;:,f=2;:,m=0;:,s=3;:,\n"
			    "1 o=openat;:,d=-100;:,p=g;:,f=66;:,m=0600;:,s=4;:,\n"
			    "1 o=ioctl;:,d=4;:,F=1075876877;:,G=3,4096,4096,0;:,s=0;:,\n"
			    "1 o=ioctl;:,d=4;:,F=1074041865;:,G=3;:,s=-95;:,\n"
			    "1 o=ioctl;:,d=4;:,F=1075876877;:,G=3,8192,0,4096;:,s=0;:,\n"
			    "1 o=fcntl;:,d=4;:,F=6;:,G=1,2,0,1;:,s=0;:,\n"
			    "1 o=read;:,d=4;:,c=6000;:,s=5904;:,\n" /* to the end */
			    "1 o=ioctl;:,d=9;:,F=1074041865;:,G=3;:,s=-9;:,\n"
			    "1 o=ioctl;:,d=4;:,F=1074041865;:,G=9;:,s=-9;:,\n"
			    "1 o=ioctl;:,d=1;:,F=1074041865;:,G=3;:,s=-22;:,\n"
			    "1 o=ioctl;:,d=3;:,F=3222836278;:,G=0,4096,4:0:4096:0,1:0:0:-22;:,s=0;:,\n",
		TASK_LINE "0|0|-|cwd|f|O_RDWR|0|>0|3|openat@8|\n"
			  "0|0|-|cwd|g|O_RDWR+O_CREAT|0600|>1|4|openat@9|\n"
			  "0|0|-|1|FICLONERANGE|0,4096,4096,0|0|ioctl@10|\n"
			  "0|0|-|1|FICLONE|0|-EOPNOTSUPP|ioctl@11|\n"
			  "0|0|-|1|FICLONERANGE|0,8192,0,4096|0|ioctl@12|\n"
			  "0|0|-|1|F_SETLK|F_WRLCK,SEEK_END,0,1,L0|>-|0|fcntl@13|\n"
			  "0|0|-|1|6000|5904|read@14|\n"
			  "0|0|-|none|FICLONE|0|-EBADF|ioctl@15|\n"
			  "0|0|-|1|FICLONE|none|-EBADF|ioctl@16|\n"
			  "0|0|-|0|FIDEDUPERANGE|0,4096,1:0:4096:0,none:0:0:-22|0|ioctl@18|\n"
			  "#INIT\n" W_DIR F_INIT("0+10000"),
		res);
	ck_assert_uint_eq(res->left_out[LEFT_PIPE], 1);
	ck_assert_uint_eq(res->outside, 0);
	free(res);
}
END_TEST

START_TEST(clones_between_file_systems_fail_where_there_are_two)
{
	const char *capture = "1 o=state_mount;:,p=/w/m;:,P=xfs;:,y=0x9;:,\n" TASK FILE_F
			      "1 o=state_path;:,p=/w/m;:,x=9:1:2:040755:3:0:0:0:0;:,\n"
			      "1 o=openat;:,d=-100;:,p=f;:,f=2;:,m=0;:,s=3;:,\n"
			      "1 o=openat;:,d=-100;:,p=/w/m/g;:,f=66;:,m=0600;:,s=4;:,\n"
			      "1 o=ioctl;:,d=4;:,F=1074041865;:,G=3;:,s=-18;:,\n"
			      "1 o=copy_file_range;:,d=3;:,O=-;:,e=4;:,Q=-;:,c=9;:,f=0;:,s=-18;:,\n";
	struct generate_result *res = calloc(1, sizeof(*res));

	generates_root("/r", capture,
		"0|0|-|/r/.ioriot/t/w|%null|022|0|0|0|-|state_task@6|\n"
		"0|0|-|cwd|f|O_RDWR|0|>0|3|openat@9|\n"
		"0|0|-|cwd|/r/.ioriot/t/w/m/g|O_RDWR+O_CREAT|0600|>1|4|openat@10|\n"
		"#INIT\n" W_DIR F_INIT("-") "dir|0755|0|0|/r/.ioriot/t/w/m|\n",
		res);
	ck_assert_uint_eq(res->left_out[LEFT_ONE_TREE], 2);
	generates_root(NULL, capture,
		"0|0|-|/.ioriot/t/w|%null|022|0|0|0|-|state_task@6|\n"
		"0|0|-|cwd|f|O_RDWR|0|>0|3|openat@9|\n"
		"0|0|-|cwd|/w/m/.ioriot/t/g|O_RDWR+O_CREAT|0600|>1|4|openat@10|\n"
		"0|0|-|1|FICLONE|0|-EXDEV|ioctl@11|\n"
		"0|0|-|0|-|1|-|9|0|-EXDEV|copy_file_range@12|\n"
		"#INIT\n"
		"dir|0755|0|0|/.ioriot/t/w|\n"
		"file|0644|0|0|10000|-|/.ioriot/t/w/f|\n"
		"dir|0755|0|0|/w/m/.ioriot/t|\n",
		res);
	ck_assert_uint_eq(res->left_out[LEFT_ONE_TREE], 0);
	free(res);
}
END_TEST

START_TEST(commands_close_descriptors_at_an_exec)
{
	generates(TASK FILE_F "1 o=openat;:,d=-100;:,p=f;:,f=2;:,m=0;:,s=3;:,\n"
			      "1 o=openat;:,d=-100;:,p=f;:,f=524290;:,m=0;:,s=4;:,\n"
			      "1 o=ioctl;:,d=3;:,F=21585;:,G=-;:,s=0;:,\n"
			      "1 o=ioctl;:,d=4;:,F=21584;:,G=-;:,s=0;:,\n"
			      "1 o=ioctl;:,d=4;:,F=3223348747;:,G=0,18446744073709551615,1,0;:,s=0;:,\n"
			      "1 o=ioctl;:,d=4;:,F=1076910122;:,G=2,-10,20;:,s=0;:,\n"
			      "1 o=execve;:,p=/bin/x;:,s=0;:,\n",
		TASK_LINE "0|0|-|cwd|f|O_RDWR|0|>0|3|openat@7|\n"
			  "0|0|-|cwd|f|O_RDWR+O_CLOEXEC|0|>1|4|openat@8|\n"
			  "0|0|-|0|FIOCLEX|-|0|ioctl@9|\n"
			  "0|0|-|1|FIONCLEX|-|0|ioctl@10|\n"
			  "0|0|-|1|FS_IOC_FIEMAP|0,18446744073709551615,1,0|0|ioctl@11|\n"
			  "0|0|-|1|FS_IOC_RESVSP64|2,-10,20|0|ioctl@12|\n"
			  "0|0|-|%null|0|0|execve@13|\n"
			  "#INIT\n" W_DIR F_INIT("0+10000"));
}
END_TEST

START_TEST(overlapping_copies_go_by_what_they_found)
{
	struct generate_result *res = calloc(1, sizeof(*res));

	/* The read was over first, but it found what the copy, begun before, had written. */
	generates_root("/r",
		TASK FILE_F "1 o=state_path;:,p=/w/g;:,x=8:1:6:0100644:1:0:0:0:0;:,\n"
			    "1 o=openat;:,d=-100;:,p=f;:,f=0;:,m=0;:,s=3;:,\n"
			    "1 o=openat;:,d=-100;:,p=g;:,f=2;:,m=0;:,s=4;:,\n"
			    "1 o=clone;:,f=4001536;:,s=2;:,\n"
			    "1:2 o=pread64;:,d=4;:,c=100;:,O=0;:,s=100;:,\n"
			    "1:1 D=15;:,o=copy_file_range;:,d=3;:,O=0;:,e=4;:,Q=0;:,c=100;:,f=0;:,s=100;:,\n",
		TASK_LINE "0|0|-|cwd|f|O_RDONLY|0|>0|3|openat@8|\n"
			  "0|0|-|cwd|g|O_RDWR|0|>1|4|openat@9|\n"
			  "0|0|-|CLONE_VM+CLONE_FS+CLONE_FILES+CLONE_SIGHAND+CLONE_THREAD+CLONE_SYSVSEM+"
			  "CLONE_SETTLS+CLONE_PARENT_SETTID+CLONE_CHILD_CLEARTID|0:1|-|2|clone@10|\n"
			  "0|0|-|0|0|1|0|100|0|100|copy_file_range@12|\n"
			  "1|0|12|1|100|0|100|pread64@11|\n"
			  "#INIT\n" W_DIR F_INIT("0+4096")
			  "file|0644|0|0|0|-|/r/.ioriot/t/w/g|\n",
		res);
	ck_assert_uint_eq(res->reordered, 1);
	free(res);
}
END_TEST

START_TEST(what_may_be_executed_can_be)
{
	generates(TASK "1 o=access;:,p=d;:,m=01;:,s=0;:,\n"
		       "1 o=access;:,p=f;:,m=04;:,s=0;:,\n",
		TASK_LINE "0|0|-|d|01|0|access@6|\n"
			  "0|0|-|f|04|0|access@7|\n"
			  "#INIT\n" W_DIR "file|0755|0|0|0|-|/r/.ioriot/t/w/d|\n"
			  "file|0644|0|0|0|-|/r/.ioriot/t/w/f|\n");
}
END_TEST

START_TEST(attributes_of_the_capture_are_there)
{
	struct generate_result *res = calloc(1, sizeof(*res));

	generates_root("/r",
		TASK FILE_F "1 o=getxattr;:,p=f;:,P=user.old;:,c=9;:,s=4;:,\n"
			    "1 o=setxattr;:,p=f;:,P=user.old;:,c=9;:,f=1;:,s=-17;:,\n"
			    "1 o=removexattr;:,p=f;:,P=user.older;:,s=0;:,\n"
			    "1 o=listxattr;:,p=f;:,c=0;:,s=9;:,\n"
			    "1 o=lgetxattr;:,p=f;:,P=user.new;:,c=9;:,s=-61;:,\n"
			    "1 o=setxattr;:,p=f;:,P=user.old;:,c=7;:,f=2;:,s=0;:,\n"
			    "1 o=getxattr;:,p=f;:,P=user.old;:,c=1;:,s=-34;:,\n"
			    "1 o=listxattr;:,p=f;:,c=9;:,s=9;:,\n"
			    "1 o=removexattr;:,p=f;:,P=user.old;:,s=0;:,\n"
			    "1 o=getxattr;:,p=f;:,P=user.old;:,c=9;:,s=-61;:,\n"
			    "1 o=getxattr;:,p=none/f;:,P=user.old;:,c=9;:,s=-2;:,\n"
			    "1 o=getxattr;:,p=f;:,c=9;:,s=-14;:,\n",
		TASK_LINE "0|0|-|f|user.old|9|4|getxattr@7|\n"
			  "0|0|-|f|user.old|9|XATTR_CREATE|-EEXIST|setxattr@8|\n"
			  "0|0|-|f|user.older|0|removexattr@9|\n"
			  "0|0|-|f|0|9|listxattr@10|\n"
			  "0|0|-|f|user.new|9|-ENODATA|lgetxattr@11|\n"
			  "0|0|-|f|user.old|7|XATTR_REPLACE|0|setxattr@12|\n"
			  "0|0|-|f|user.old|1|-ERANGE|getxattr@13|\n"
			  "0|0|-|f|9|9|listxattr@14|\n"
			  "0|0|-|f|user.old|0|removexattr@15|\n"
			  "0|0|-|f|user.old|9|-ENODATA|getxattr@16|\n"
			  "0|0|-|none/f|user.old|9|-ENOENT|getxattr@17|\n"
			  "0|0|-|f|%null|9|-EFAULT|getxattr@18|\n"
			  "#INIT\n" W_DIR F_INIT("-")
			  "xattr|/r/.ioriot/t/w/f|user.old|4|\nxattr|/r/.ioriot/t/w/f|user.older|1|\n",
		res);
	ck_assert_uint_eq(res->left_out[LEFT_XATTR_START], 0);
	ck_assert_uint_eq(res->forced, 0);
	free(res);
}
END_TEST

#define F_XATTR(rest) "xattr|/r/.ioriot/t/w/f|" rest "\n"
#define F_LIST(bytes) "xattrs|/r/.ioriot/t/w/f|" #bytes "|\n"

/* What a list shows beyond the names that calls say: as many bytes of others. */
START_TEST(lists_of_attributes_have_their_length)
{
	struct generate_result *res = calloc(1, sizeof(*res));

	generates_root("/r",
		TASK FILE_F "1 o=listxattr;:,p=f;:,c=10;:,s=-34;:,\n"
			    "1 o=listxattr;:,p=f;:,c=0;:,s=40;:,\n" /* security.selinux, user.old, ... */
			    "1 o=getxattr;:,p=f;:,P=security.selinux;:,c=99;:,s=20;:,\n"
			    "1 o=getxattr;:,p=f;:,P=user.old;:,c=3;:,s=-34;:,\n"
			    "1 o=setxattr;:,p=f;:,P=user.new;:,c=7;:,f=0;:,s=0;:,\n"
			    "1 o=listxattr;:,p=f;:,c=99;:,s=49;:,\n"
			    "1 o=setxattr;:,p=f;:,P=user.hidden;:,c=7;:,f=0;:,s=0;:,\n"
			    "1 o=listxattr;:,p=f;:,c=99;:,s=49;:,\n" /* it was there */
			    "1 o=removexattr;:,p=f;:,P=user.old;:,s=0;:,\n"
			    "1 o=listxattr;:,p=f;:,c=99;:,s=40;:,\n"
			    "1 o=getxattr;:,p=f;:,P=user.much_too_long_;:,c=99;:,s=2;:,\n"
			    "1 o=listxattr;:,p=f;:,c=99;:,s=47;:,\n" /* somebody else's */
			    "1 o=listxattr;:,p=f;:,c=39;:,s=-34;:,\n"
			    "1 o=listxattr;:,p=f;:,c=40;:,s=-34;:,\n",
		TASK_LINE "0|0|-|f|10|-ERANGE|listxattr@7|\n"
			  "0|0|-|f|0|40|listxattr@8|\n"
			  "0|0|-|f|user.old|3|-ERANGE|getxattr@10|\n"
			  "0|0|-|f|user.new|7|0|0|setxattr@11|\n"
			  "0|0|-|f|99|49|listxattr@12|\n"
			  "0|0|-|f|user.hidden|7|0|0|setxattr@13|\n"
			  "0|0|-|f|99|49|listxattr@14|\n"
			  "0|0|-|f|user.old|0|removexattr@15|\n"
			  "0|0|-|f|99|40|listxattr@16|\n"
			  "0|0|-|f|39|-ERANGE|listxattr@19|\n"
			  "#INIT\n" W_DIR F_INIT("-") F_XATTR("user.old|4|") F_XATTR("user.hidden|1|")
			  F_LIST(40),
		res);
	ck_assert_uint_eq(res->left_out[LEFT_XATTR], 1);
	ck_assert_uint_eq(res->left_out[LEFT_XATTR_START], 3);
	free(res);
}
END_TEST

/* A list that was never got whole is at least as long as the room that it did not fit into. */
START_TEST(lists_that_did_not_fit)
{
	struct generate_result *res = calloc(1, sizeof(*res));

	generates_root("/r",
		TASK FILE_F "1 o=listxattr;:,p=f;:,c=20;:,s=-34;:,\n"
			    "1 o=getxattr;:,p=f;:,P=user.a;:,c=20;:,s=5;:,\n"
			    "1 o=state_path;:,p=/w/l;:,P=f;:,x=8:1:7:0120777:1:0:0:1:0;:,\n"
			    "1 o=llistxattr;:,p=l;:,c=20;:,s=17;:,\n"
			    "1 o=llistxattr;:,p=l;:,c=20;:,s=0;:,\n",
		TASK_LINE "0|0|-|f|20|-ERANGE|listxattr@7|\n"
			  "0|0|-|f|user.a|20|5|getxattr@8|\n"
			  "0|0|-|l|20|0|llistxattr@11|\n"
			  "#INIT\n" W_DIR F_INIT("-") F_XATTR("user.a|5|") F_LIST(21)
			  "link|0|0|/r/.ioriot/t/w/l|f|\n",
		res);
	ck_assert_uint_eq(res->left_out[LEFT_XATTR_START], 1);
	free(res);
}
END_TEST

START_TEST(access_control_lists_of_the_start)
{
	struct generate_result *res = calloc(1, sizeof(*res));

	generates_root("/r",
		TASK FILE_F "1 o=getxattr;:,p=f;:,P=system.posix_acl_access;:,c=132;:,s=44;:,\n"
			    "1 o=listxattr;:,p=f;:,c=99;:,s=24;:,\n"
			    "1 o=getxattr;:,p=f;:,P=system.posix_acl_access;:,c=9;:,s=-34;:,\n"
			    /* of the same length, as an older capture has it */
			    "1 o=setxattr;:,p=f;:,P=system.posix_acl_access;:,c=44;:,f=0;:,s=0;:,"
			    "x=8:1:5:0100660:1:0:0:10000:24;:,\n"
			    "1 o=getxattr;:,p=f;:,P=system.posix_acl_access;:,c=132;:,s=44;:,\n"
			    /* permission bits alone */
			    "1 o=setxattr;:,p=f;:,P=system.posix_acl_access;:,c=28;:,f=0;:,s=0;:,x=0640;:,\n"
			    "1 o=getxattr;:,p=f;:,P=system.posix_acl_access;:,c=132;:,s=-61;:,\n"
			    "1 o=listxattr;:,p=f;:,c=99;:,s=0;:,\n"
			    "1 o=removexattr;:,p=f;:,P=system.posix_acl_access;:,s=0;:,\n"
			    "1 o=getxattr;:,p=f;:,P=system.posix_acl_access;:,c=132;:,s=-61;:,\n"
			    "1 o=listxattr;:,p=f;:,c=99;:,s=0;:,\n",
		TASK_LINE "0|0|-|f|system.posix_acl_access|132|44|getxattr@7|\n"
			  "0|0|-|f|99|24|listxattr@8|\n"
			  "0|0|-|f|system.posix_acl_access|9|-ERANGE|getxattr@9|\n"
			  "0|0|-|f|system.posix_acl_access|44|0x3b00000|0|setxattr@10|\n"
			  "0|0|-|f|system.posix_acl_access|132|44|getxattr@11|\n"
			  "0|0|-|f|system.posix_acl_access|28|0x3a00000|0|setxattr@12|\n"
			  "0|0|-|f|system.posix_acl_access|132|-ENODATA|getxattr@13|\n"
			  "0|0|-|f|99|0|listxattr@14|\n"
			  "0|0|-|f|system.posix_acl_access|0|removexattr@15|\n"
			  "0|0|-|f|system.posix_acl_access|132|-ENODATA|getxattr@16|\n"
			  "0|0|-|f|99|0|listxattr@17|\n"
			  "#INIT\n" W_DIR F_INIT("-") F_XATTR("system.posix_acl_access|44|"),
		res);
	ck_assert_uint_eq(res->left_out[LEFT_XATTR], 0);
	ck_assert_uint_eq(res->left_out[LEFT_XATTR_START], 0);
	free(res);
}
END_TEST

START_TEST(handles_are_names)
{
	struct generate_result *res = calloc(1, sizeof(*res));

	generates_root("/r",
		TASK FILE_F "1 o=state_path;:,p=/w/g;:,x=8:1:6:0100644:1:0:0:50:8;:,\n"
			    "1 o=open;:,p=/w;:,f=65536;:,m=0;:,s=3;:,\n"
			    "1 o=name_to_handle_at;:,d=3;:,p=f;:,h=-;:,f=0;:,s=-75;:,\n"
			    "1 o=name_to_handle_at;:,d=3;:,p=f;:,h=010000000005;:,f=0;:,s=0;:,\n"
			    "1 o=rename;:,p=f;:,P=/w/moved;:,s=0;:,\n"
			    "1 o=open_by_handle_at;:,d=3;:,h=010000000005;:,f=2;:,s=4;:,\n"
			    "1 o=read;:,d=4;:,c=10;:,s=10;:,\n"
			    /* known by its inode */
			    "1 o=open_by_handle_at;:,d=3;:,h=010000000006;:,f=0;:,s=5;:,x=8:1:6:0100644:1:0:0:50:8;:,\n"
			    "1 o=unlink;:,p=moved;:,s=0;:,\n"
			    "1 o=open_by_handle_at;:,d=3;:,h=010000000005;:,f=0;:,s=6;:,\n"
			    "1 o=read;:,d=6;:,c=10;:,s=10;:,\n"
			    "1 o=open_by_handle_at;:,d=3;:,h=010000000007;:,f=0;:,s=-116;:,\n"
			    "1 o=name_to_handle_at;:,d=9;:,p=f;:,h=-;:,f=0;:,s=-9;:,\n",
		"0|0|-|/r/.ioriot/t/w|%null|022|0|0|0|-|state_task@5|\n"
		"0|0|-|/r/.ioriot/t/w|O_RDONLY+O_DIRECTORY|0|>0|3|open@8|\n"
		"0|0|-|0|f|-|0|-EOVERFLOW|name_to_handle_at@9|\n"
		"0|0|-|0|f|-|0|0|name_to_handle_at@10|\n"
		"0|0|-|f|/r/.ioriot/t/w/moved|0|rename@11|\n"
		"0|0|-|cwd|/r/.ioriot/t/w/moved|O_RDWR|0|>1|4|openat@12|\n"
		"0|0|-|1|10|10|read@13|\n"
		"0|0|-|cwd|/r/.ioriot/t/w/g|O_RDONLY|0|>2|5|openat@14|\n"
		"0|0|-|moved|0|unlink@15|\n"
		"0|0|-|none|f|-|0|-EBADF|name_to_handle_at@19|\n"
		"#INIT\n" W_DIR F_INIT("0+4096") "file|0644|0|0|50|-|/r/.ioriot/t/w/g|\n",
		res);
	ck_assert_uint_eq(res->left_out[LEFT_HANDLE], 2);
	ck_assert_uint_eq(res->left_out[LEFT_PSEUDO], 1);
	free(res);
}
END_TEST

START_TEST(attributes_by_directory_are_the_same)
{
	struct generate_result *res = calloc(1, sizeof(*res));

	generates_root("/r",
		TASK FILE_F "1 o=open;:,p=/w;:,f=65536;:,m=0;:,s=3;:,\n"
			    "1 o=open;:,p=f;:,f=2;:,m=0;:,s=4;:,\n"
			    "1 o=setxattrat;:,d=3;:,p=f;:,f=0;:,P=user.a;:,c=5;:,X=0;:,s=0;:,\n"
			    "1 o=getxattr;:,p=f;:,P=user.a;:,c=9;:,s=5;:,\n"
			    "1 o=getxattrat;:,d=4;:,p=;:,f=4096;:,P=user.a;:,c=9;:,X=0;:,s=5;:,\n"
			    "1 o=getxattrat;:,d=3;:,p=f;:,f=0;:,P=user.b;:,c=9;:,X=0;:,s=5;:,\n"
			    "1 o=setxattrat;:,d=3;:,p=f;:,f=256;:,P=user.b;:,c=5;:,X=2;:,s=0;:,\n"
			    "1 o=listxattrat;:,d=3;:,p=f;:,f=0;:,c=99;:,s=14;:,\n"
			    "1 o=removexattrat;:,d=3;:,p=f;:,f=0;:,P=user.a;:,s=0;:,\n"
			    "1 o=removexattrat;:,d=3;:,p=f;:,f=0;:,P=user.a;:,s=-61;:,\n"
			    "1 o=setxattrat;:,d=3;:,p=f;:,f=0;:,P=trusted.x;:,c=5;:,X=0;:,s=0;:,\n"
			    "1 o=removexattrat;:,d=9;:,p=f;:,f=0;:,P=user.a;:,s=-9;:,\n",
		TASK_LINE "0|0|-|/r/.ioriot/t/w|O_RDONLY+O_DIRECTORY|0|>0|3|open@7|\n"
			  "0|0|-|f|O_RDWR|0|>1|4|open@8|\n"
			  "0|0|-|0|f|0|user.a|5|0|0|setxattrat@9|\n"
			  "0|0|-|f|user.a|9|5|getxattr@10|\n"
			  "0|0|-|1||AT_EMPTY_PATH|user.a|9|0|5|getxattrat@11|\n"
			  "0|0|-|0|f|0|user.b|9|0|5|getxattrat@12|\n"
			  "0|0|-|0|f|AT_SYMLINK_NOFOLLOW|user.b|5|XATTR_REPLACE|0|setxattrat@13|\n"
			  "0|0|-|0|f|0|99|14|listxattrat@14|\n"
			  "0|0|-|0|f|0|user.a|0|removexattrat@15|\n"
			  "0|0|-|0|f|0|user.a|-ENODATA|removexattrat@16|\n"
			  "0|0|-|none|f|0|user.a|-EBADF|removexattrat@18|\n"
			  "#INIT\n" W_DIR F_INIT("-") "xattr|/r/.ioriot/t/w/f|user.b|5|\n",
		res);
	ck_assert_uint_eq(res->left_out[LEFT_XATTR], 1);
	ck_assert_uint_eq(res->left_out[LEFT_XATTR_START], 0);
	free(res);
}
END_TEST

START_TEST(access_control_lists_are_modes)
{
	struct generate_result *res = calloc(1, sizeof(*res));

	generates_root("/r",
		TASK FILE_F "1 o=openat;:,d=-100;:,p=f;:,f=2;:,m=0;:,s=3;:,\n"
			    "1 o=fgetxattr;:,d=3;:,P=system.posix_acl_access;:,c=132;:,s=-61;:,\n"
			    "1 o=fsetxattr;:,d=3;:,P=system.posix_acl_access;:,c=28;:,f=0;:,s=0;:,x=0;:,\n"
			    "1 o=setxattr;:,p=f;:,P=system.posix_acl_access;:,c=44;:,f=2;:,s=0;:,x=0660;:,\n"
			    "1 o=setxattr;:,p=f;:,P=system.posix_acl_access;:,c=44;:,f=0;:,s=0;:,\n"
			    "1 o=getxattr;:,p=f;:,P=system.posix_acl_access;:,c=132;:,s=44;:,\n"
			    "1 o=setxattr;:,p=f;:,P=security.capability;:,c=20;:,f=0;:,s=-1;:,\n"
			    "1 o=getxattr;:,p=f;:,P=security.selinux;:,c=20;:,s=20;:,\n"
			    "1 o=lremovexattr;:,p=f;:,P=trusted.x;:,s=0;:,\n",
		TASK_LINE "0|0|-|cwd|f|O_RDWR|0|>0|3|openat@7|\n"
			  "0|0|-|0|system.posix_acl_access|132|-ENODATA|fgetxattr@8|\n"
			  "0|0|-|0|system.posix_acl_access|28|0x2000000|0|fsetxattr@9|\n"
			  "0|0|-|f|system.posix_acl_access|44|XATTR_REPLACE+0x3b00000|0|setxattr@10|\n"
			  "0|0|-|f|security.capability|20|0|-EPERM|setxattr@13|\n"
			  "#INIT\n" W_DIR F_INIT("-"),
		res);
	ck_assert_uint_eq(res->left_out[LEFT_XATTR], 4);
	free(res);
}
END_TEST

/* What is made below a default list has a list, too, and the umask counts no more. */
START_TEST(default_lists)
{
	struct generate_result *res = calloc(1, sizeof(*res));

	generates_root("/r",
		TASK "1 o=state_path;:,p=/w/d;:,x=8:1:5:040755:2:0:0:4096:8;:,v=488+44;:,\n"
		     "1 o=mkdir;:,p=d/e;:,m=0777;:,s=0;:,\n"
		     "1 o=getxattr;:,p=d/e;:,P=system.posix_acl_access;:,c=132;:,s=44;:,\n"
		     "1 o=listxattr;:,p=d/e;:,c=99;:,s=49;:,\n"
		     "1 o=open;:,p=d/e/f;:,f=66;:,m=0666;:,s=3;:,\n"
		     "1 o=fgetxattr;:,d=3;:,P=system.posix_acl_access;:,c=132;:,s=44;:,\n"
		     "1 o=removexattr;:,p=d;:,P=system.posix_acl_default;:,s=0;:,\n"
		     "1 o=mkdir;:,p=d/g;:,m=0777;:,s=0;:,\n"
		     "1 o=listxattr;:,p=d/g;:,c=99;:,s=0;:,\n"
		     "1 o=setxattrat;:,d=-100;:,p=d/g;:,f=0;:,P=system.posix_acl_default;:,c=28;:,X=1;:,s=0;:,x=0740;:,\n"
		     "1 o=open;:,p=d/g/h;:,f=66;:,m=0666;:,s=4;:,\n"
		     "1 o=flistxattr;:,d=4;:,c=99;:,s=0;:,\n"
		     "1 o=setxattrat;:,d=-100;:,p=d/g/h;:,f=256;:,P=system.posix_acl_access;:,c=44;:,X=0;:,s=0;:,x=0640;:,\n"
		     "1 o=setxattr;:,p=d/e;:,P=system.posix_acl_default;:,c=44;:,f=0;:,s=0;:,\n"
		     "1 o=setxattr;:,p=d/g;:,P=system.posix_acl_default;:,c=4;:,f=0;:,s=0;:,\n"
		     "1 o=getxattr;:,p=d/g;:,P=system.posix_acl_default;:,c=99;:,s=-61;:,\n",
		TASK_LINE "0|0|-|d/e|0777|0|mkdir@7|\n"
			  "0|0|-|d/e|system.posix_acl_access|132|44|getxattr@8|\n"
			  "0|0|-|d/e|99|49|listxattr@9|\n"
			  "0|0|-|d/e/f|O_RDWR+O_CREAT|0666|>0|3|open@10|\n"
			  "0|0|-|0|system.posix_acl_access|132|44|fgetxattr@11|\n"
			  "0|0|-|d|system.posix_acl_default|0|removexattr@12|\n"
			  "0|0|-|d/g|0777|0|mkdir@13|\n"
			  "0|0|-|d/g|99|0|listxattr@14|\n"
			  "0|0|-|cwd|d/g|0|system.posix_acl_default|28|XATTR_CREATE+0x1e00000|0|setxattrat@15|\n"
			  "0|0|-|d/g/h|O_RDWR+O_CREAT|0666|>1|4|open@16|\n"
			  "0|0|-|1|99|0|flistxattr@17|\n"
			  "0|0|-|cwd|d/g/h|AT_SYMLINK_NOFOLLOW|system.posix_acl_access|44|0x3a00000|0|setxattrat@18|\n"
			  "0|0|-|d/g|system.posix_acl_default|4|0|0|setxattr@20|\n"
			  "0|0|-|d/g|system.posix_acl_default|99|-ENODATA|getxattr@21|\n"
			  "#INIT\n" W_DIR "dir|0755|0|0|/r/.ioriot/t/w/d|\n"
			  "xattr|/r/.ioriot/t/w/d|system.posix_acl_default|44|0750|\n",
		res);
	ck_assert_uint_eq(res->left_out[LEFT_XATTR], 1); /* whose bits were not told */
	free(res);
}
END_TEST

/* A length that no list has is in no INIT, which would refuse it. */
START_TEST(default_lists_that_cannot_be)
{
	generates(TASK "1 o=state_path;:,p=/w/d;:,x=8:1:5:040755:2:0:0:4096:8;:,v=488+45;:,\n"
		       "1 o=mkdir;:,p=d/e;:,m=0777;:,s=0;:,\n",
		TASK_LINE "0|0|-|d/e|0777|0|mkdir@7|\n"
			  "#INIT\n" W_DIR "dir|0755|0|0|/r/.ioriot/t/w/d|\n");
}
END_TEST

/* Submissions keep their places. */
START_TEST(lists_by_ring)
{
	generates(TASK FILE_F "1 o=io_uring_setup;:,n=8;:,f=0;:,N=0;:,k=5;:,s=4;:,\n"
		"1 o=io_uring_enter;:,d=4;:,n=2;:,N=2;:,f=1;:,k=5;:,j=0;:,s=2;:,\n"
		"1 o=uring_setxattr;:,k=5:0:0:-:-:0x0;:,p=f;:,P=system.posix_acl_access;:,c=44;:,f=0;:,s=0;:,x=0640;:,\n"
		"1 o=uring_fsetxattr;:,k=5:1:0:-:-:0x0;:,d=3;:,P=system.posix_acl_access;:,c=44;:,f=0;:,s=-9;:,\n",
		TASK_LINE "0|0|-|8|0|0|1|>0|4|io_uring_setup@7|\n"
		"0|0|-|4|2|2|IORING_ENTER_GETEVENTS|1|0|2|io_uring_enter@8|\n"
		"0|0|-|1:0:0:-:-|f|system.posix_acl_access|44|0x3a00000|0|uring_setxattr@9|\n"
		"0|0|-|1:1:0:-:-|none|system.posix_acl_access|44|0|-EBADF|uring_fsetxattr@10|\n"
		"#INIT\n" W_DIR F_INIT("-"));
}
END_TEST

START_TEST(attributes_are_ordered_by_what_was_found)
{
	struct generate_result *res = calloc(1, sizeof(*res));

	/* Over later, but it overlapped the call that made the attribute and did not find it. */
	generates_root("/r",
		TASK FILE_F "1 o=fork;:,s=2;:,\n"
			    "1 o=setxattr;:,p=f;:,P=user.a;:,c=7;:,f=0;:,s=0;:,\n"
			    "2 D=20;:,o=getxattr;:,p=f;:,P=user.a;:,c=9;:,s=-61;:,\n"
			    "2 o=getxattr;:,p=f;:,P=user.a;:,c=9;:,s=7;:,\n",
		TASK_LINE "0|0|-|1:1|-|2|fork@7|\n"
			  "1|1|-|f|user.a|9|-ENODATA|getxattr@9|\n"
			  "0|0|9|f|user.a|7|0|0|setxattr@8|\n"
			  "1|1|8|f|user.a|9|7|getxattr@10|\n"
			  "#INIT\n" W_DIR F_INIT("-"),
		res);
	ck_assert_uint_eq(res->reordered, 1);
	ck_assert_uint_eq(res->forced, 0);
	free(res);
}
END_TEST

START_TEST(record_locks_have_handles_that_close_drops)
{
	generates(TASK FILE_F "1 o=openat;:,d=-100;:,p=f;:,f=2;:,m=0;:,s=3;:,\n"
			      "1 o=fork;:,s=2;:,\n"
			      "1 o=fcntl;:,d=3;:,F=6;:,G=1,0,0,1;:,s=0;:,\n"
			      "2 o=fcntl;:,d=3;:,F=6;:,G=1,0,0,1;:,s=-11;:,\n"
			      "1 o=close;:,d=3;:,s=0;:,\n"
			      "2 o=fcntl;:,d=3;:,F=7;:,G=1,0,0,1;:,s=0;:,\n",
		TASK_LINE "0|0|-|cwd|f|O_RDWR|0|>0|3|openat@7|\n"
			  "0|0|-|1:1|0:1|2|fork@8|\n"
			  "0|0|-|0|F_SETLK|F_WRLCK,SEEK_SET,0,1,L0|>-|0|fcntl@9|\n"
			  "1|1|9|1|F_SETLK|F_WRLCK,SEEK_SET,0,1,L1|>-|-EAGAIN|fcntl@10|\n"
			  "0|0|10|0|L0|0|close@11|\n"
			  "1|1|11|1|F_SETLKW|F_WRLCK,SEEK_SET,0,1,L1|>-|0|fcntl@12|\n"
			  "#INIT\n" W_DIR F_INIT("-"));
}
END_TEST

START_TEST(relative_paths_follow_the_working_directory)
{
	generates(TASK "1 o=state_path;:,p=/w/d;:,x=8:1:6:040755:2:0:0:4096:8;:,\n"
		       "1 o=state_path;:,p=/w/d/x;:,x=-;:,\n"
		       "1 o=chdir;:,p=d;:,s=0;:,\n"
		       "1 o=mkdir;:,p=x;:,m=0755;:,s=0;:,\n"
		       "1 o=openat;:,d=-100;:,p=..;:,f=65536;:,m=0;:,s=3;:,\n"
		       "1 o=newfstatat;:,d=3;:,p=d/x;:,f=0;:,s=0;:,\n"
		       "1 o=newfstatat;:,d=3;:,p=d/../d/x;:,f=0;:,s=0;:,\n"
		       "1 o=newfstatat;:,d=3;:,p=;:,f=4096;:,s=0;:,\n",
		TASK_LINE "0|0|-|d|0|chdir@8|\n"
			  "0|0|-|x|0755|0|mkdir@9|\n"
			  "0|0|-|cwd|/r/.ioriot/t/w|O_RDONLY+O_DIRECTORY|0|>0|3|openat@10|\n"
			  "0|0|-|0|d/x|0|0|newfstatat@11|\n"
			  "0|0|-|cwd|/r/.ioriot/t/w/d/x|0|0|newfstatat@12|\n"
			  "0|0|-|0||AT_EMPTY_PATH|0|newfstatat@13|\n"
			  "#INIT\n" W_DIR "dir|0755|0|0|/r/.ioriot/t/w/d|\n");
}
END_TEST

START_TEST(targets_of_links_stay_inside)
{
	generates(TASK "1 o=symlink;:,P=f;:,p=a;:,s=0;:,\n"
		       "1 o=symlink;:,P=../w/f;:,p=b;:,s=0;:,\n"
		       "1 o=symlink;:,P=../../etc/passwd;:,p=c;:,s=0;:,\n"
		       "1 o=symlink;:,P=/etc/passwd;:,p=d;:,s=0;:,\n"
		       "1 o=symlink;:,P=x/../y;:,p=e;:,s=0;:,\n",
		TASK_LINE "0|0|-|f|a|0|symlink@6|\n"
			  "0|0|-|../w/f|/r/.ioriot/t/w/b|0|symlink@7|\n"
			  "0|0|-|/r/.ioriot/t/etc/passwd|/r/.ioriot/t/w/c|0|symlink@8|\n"
			  "0|0|-|/r/.ioriot/t/etc/passwd|d|0|symlink@9|\n"
			  "0|0|-|x/../y|/r/.ioriot/t/w/e|0|symlink@10|\n"
			  "#INIT\n" W_DIR);
}
END_TEST

START_TEST(a_tree_for_each_mount_point)
{
	struct generate_result *res = calloc(1, sizeof(*res));

	generates_root(NULL,
		"0:0 o=state_mount;:,p=/home;:,P=xfs;:,y=0x9;:,\n"
		"1 o=state_task;:,p=/;:,P=/;:,m=022;:,U=0;:,G=0;:,q=0;:,\n"
		"1 o=state_path;:,p=/home;:,x=8:2:2:040755:4:0:0:4096:8;:,\n"
		"1 o=state_path;:,p=/home/f;:,x=8:2:5:0100644:1:0:0:10:8;:,\n"
		"1 o=stat;:,p=/home/f;:,s=0;:,\n"
		"1 o=stat;:,p=home/f;:,s=0;:,\n"
		"1 o=stat;:,p=home;:,s=0;:,\n"
		"1 o=symlink;:,P=home/f;:,p=l;:,s=0;:,\n"
		"1 o=stat;:,p=l;:,s=0;:,\n",
		"0|0|-|/.ioriot/t|%null|022|0|0|0|-|state_task@6|\n"
		"0|0|-|/home/.ioriot/t/f|0|stat@9|\n"
		"0|0|-|/home/.ioriot/t/f|0|stat@10|\n"
		"0|0|-|/home/.ioriot/t|0|stat@11|\n"
		"0|0|-|/home/.ioriot/t/f|l|0|symlink@12|\n"
		"0|0|-|l|0|stat@13|\n"
		"#INIT\n"
		"dir|0755|0|0|/home/.ioriot/t|\n"
		"file|0644|0|0|10|-|/home/.ioriot/t/f|\n",
		res);
	free(res);
}
END_TEST

START_TEST(descriptors_of_the_start_are_opened_first)
{
	generates(TASK FILE_F
		"1 o=state_fd;:,d=0;:,p=pipe:[77];:,f=0;:,O=0;:,x=0:1:77:010600:1:0:0:0:0;:,\n"
		"1 o=state_fd;:,d=5;:,p=/w/f;:,f=32769;:,O=4000;:,x=8:1:5:0100644:1:0:0:10000:24;:,\n"
		"1 o=write;:,d=5;:,c=200;:,s=200;:,\n"
		"1 o=read;:,d=0;:,c=200;:,s=200;:,\n",
		TASK_LINE
		"0|0|-|5|/r/.ioriot/t/w/f|O_WRONLY+O_LARGEFILE|4000|>0|5|state_fd@8|\n"
		"0|0|-|0|200|200|write@9|\n"
		"#INIT\n" W_DIR F_INIT("0+8192"));
}
END_TEST

START_TEST(what_is_mounted_below_a_pseudo_file_system)
{
	struct generate_result *res = calloc(1, sizeof(*res));

	generates_root(NULL,
		"0:0 o=state_mount;:,p=/dev/shm;:,P=tmpfs;:,y=0x9;:,\n"
		"0:0 o=state_mount;:,p=/sys;:,P=sysfs;:,y=0xa;:,\n"
		"0:0 o=state_mount;:,p=/sys/fs;:,P=tmpfs;:,y=0xb;:,\n"
		"1 o=state_path;:,p=/dev;:,x=0:6:1:040755:6:0:0:2200:0;:,\n"
		"1 o=state_path;:,p=/dev/shm;:,x=0:9:1:041777:3:0:0:100:0;:,\n"
		"1 o=state_path;:,p=/dev/shm/d;:,x=0:9:7:040700:2:0:0:60:0;:,\n"
		"1 o=state_path;:,p=/sys/fs/x;:,x=0:11:8:0100644:1:0:0:60:0;:,\n"
		"1 o=state_task;:,p=/dev/shm/d;:,P=/;:,m=022;:,U=0;:,G=0;:,q=0;:,\n"
		"1 o=mkdir;:,p=e;:,m=0755;:,s=0;:,\n"
		"1 o=stat;:,p=/dev/null;:,s=0;:,\n"
		"1 o=stat;:,p=/sys/fs/x;:,s=0;:,\n",
		"0|0|-|/dev/shm/.ioriot/t/d|%null|022|0|0|0|-|state_task@12|\n"
		"0|0|-|e|0755|0|mkdir@13|\n"
		"#INIT\n"
		"dir|01777|0|0|/dev/shm/.ioriot/t|\n"
		"dir|0700|0|0|/dev/shm/.ioriot/t/d|\n",
		res);
	ck_assert_uint_eq(res->left_out[LEFT_PSEUDO], 2);
	free(res);
}
END_TEST

/* Below one directory the way there is made as well. */
START_TEST(what_is_mounted_below_a_pseudo_file_system_with_a_root)
{
	struct generate_result *res = calloc(1, sizeof(*res));

	generates_root("/r",
		"0:0 o=state_mount;:,p=/dev;:,P=devtmpfs;:,y=0x6;:,\n"
		"0:0 o=state_mount;:,p=/dev/shm;:,P=tmpfs;:,y=0x9;:,\n"
		"1 o=state_path;:,p=/dev;:,x=0:6:1:040755:6:0:0:2200:0;:,\n"
		"1 o=state_path;:,p=/dev/shm;:,x=0:9:1:041777:3:0:0:100:0;:,\n"
		"1 o=state_path;:,p=/dev/shm/s;:,x=-;:,\n"
		"1 o=creat;:,p=/dev/shm/s;:,m=0600;:,s=3;:,x=0:9:2:0100600:1:0:0:0:0;:,\n",
		"0|0|-|/r/.ioriot/t/dev/shm/s|0600|>0|3|creat@10|\n"
		"#INIT\n"
		"dir|0755|0|0|/r/.ioriot/t/dev|\n"
		"dir|01777|0|0|/r/.ioriot/t/dev/shm|\n",
		res);
	free(res);
}
END_TEST

START_TEST(maps_of_the_start)
{
	generates(TASK FILE_F
		"1 o=state_map;:,a=0x10000;:,c=8192;:,g=3;:,l=1;:,p=/w/f;:,O=4096;:,x=8:1:5:0100644:1:0:0:10000:24;:,\n"
		"1 o=state_map;:,a=0x20000;:,c=4096;:,g=3;:,l=2;:,p=/w/f;:,O=0;:,x=8:1:5:0100644:1:0:0:10000:24;:,\n"
		"1 o=state_map;:,a=0x30000;:,c=4096;:,g=3;:,l=1;:,p=/w/g (deleted);:,O=0;:,x=8:1:6:0100644:0:0:0:10000:24;:,\n"
		"1 o=msync;:,a=0x10000;:,c=4096;:,f=4;:,s=0;:,\n"
		"1 o=munmap;:,a=0x20000;:,c=4096;:,s=0;:,\n"
		"1 o=munmap;:,a=0x30000;:,c=4096;:,s=0;:,\n",
		TASK_LINE "0|0|-|1000|/r/.ioriot/t/w/f|O_RDWR|0|>0|1000|state_fd@7|\n"
			  "0|0|-|-|8192|PROT_READ+PROT_WRITE|MAP_SHARED|0|4096|>M0|65536|mmap@7|\n"
			  "0|0|-|0:0:5904|5904|map_write@7|\n"
			  "0|0|-|0|-|0|close@7|\n"
			  "0|0|-|1000|/r/.ioriot/t/w/f|O_RDONLY|0|>1|1000|state_fd@8|\n"
			  "0|0|-|-|4096|PROT_READ+PROT_WRITE|MAP_PRIVATE|1|0|>M1|131072|mmap@8|\n"
			  "0|0|-|1|-|0|close@8|\n"
			  "0|0|-|0:0:4096|4096|MS_SYNC|0|msync@10|\n"
			  "0|0|-|1:0:4096|4096|0|munmap@11|\n"
			  "#INIT\n" W_DIR F_INIT("4096+5904"));
}
END_TEST

/* A user's program that writes to a log which root had opened for it. */
#define TASK_2 "2 o=state_task;:,p=/w;:,P=/;:,m=022;:,U=0;:,G=0;:,q=1;:,\n"

START_TEST(descriptors_of_the_start_share_descriptions)
{
	generates(TASK FILE_F
		"1 o=state_fd;:,d=3;:,p=/w/f;:,f=2;:,O=100;:,x=8:1:5:0100644:1:0:0:10000:24;:,\n" TASK_2
		"2 o=state_dup;:,d=7;:,q=1;:,e=3;:,f=2;:,\n"
		"2 o=state_dup;:,d=8;:,q=9;:,e=3;:,f=2;:,\n" /* of a process that nobody knows */
		"1 o=read;:,d=3;:,c=50;:,s=50;:,\n"
		"2 o=lseek;:,d=7;:,O=0;:,W=1;:,s=150;:,\n"
		"2 o=read;:,d=8;:,c=50;:,s=50;:,\n",
		TASK_LINE "0|0|-|3|/r/.ioriot/t/w/f|O_RDWR|100|>0|3|state_fd@7|\n"
			  "1|1|7|/r/.ioriot/t/w|%null|022|0|0|1|-|state_task@8|\n"
			  "1|1|-|7|1|0|O_RDWR|>1|7|state_dup@9|\n"
			  "0|0|-|0|50|50|read@11|\n"
			  "1|1|11|1|0|SEEK_CUR|150|lseek@12|\n"
			  "#INIT\n" W_DIR F_INIT("0+4096"));
}
END_TEST

/* What was open then is not open now. */
START_TEST(a_process_that_is_told_again_is_another)
{
	generates(TASK FILE_F
		"1 o=state_fd;:,d=3;:,p=/w/f;:,f=0;:,O=0;:,x=8:1:5:0100644:1:0:0:10000:24;:,\n"
		"1 o=read;:,d=3;:,c=50;:,s=50;:,\n"
		"1 o=state_task;:,p=/w;:,P=/;:,m=077;:,U=0;:,G=0;:,q=0;:,\n"
		"1 o=state_fd;:,d=3;:,p=/w/f;:,f=2;:,O=700;:,x=8:1:5:0100644:1:0:0:10000:24;:,\n"
		"1 o=write;:,d=3;:,c=50;:,s=50;:,\n",
		TASK_LINE "0|0|-|3|/r/.ioriot/t/w/f|O_RDONLY|0|>0|3|state_fd@7|\n"
			  "0|0|-|0|50|50|read@8|\n"
			  "1|1|8|/r/.ioriot/t/w|%null|077|0|0|0|-|state_task@9|\n"
			  "1|1|-|3|/r/.ioriot/t/w/f|O_RDWR|700|>1|3|state_fd@10|\n"
			  "1|1|-|1|50|50|write@11|\n"
			  "#INIT\n" W_DIR F_INIT("0+4096"));
}
END_TEST

START_TEST(threads_whose_leader_has_ended_are_one_process)
{
	generates("7:8 o=state_task;:,p=/w;:,P=/;:,m=022;:,U=0;:,G=0;:,q=0;:,\n" FILE_F
		  "7:8 o=state_fd;:,d=3;:,p=/w/f;:,f=0;:,O=0;:,x=8:1:5:0100644:1:0:0:10000:24;:,\n"
		  "7:9 o=state_task;:,p=/w;:,P=/;:,m=022;:,U=0;:,G=0;:,q=0;:,\n"
		  "7:9 o=read;:,d=3;:,c=50;:,s=50;:,\n",
		TASK_LINE "0|0|-|3|/r/.ioriot/t/w/f|O_RDONLY|0|>0|3|state_fd@7|\n"
			  "1|0|7|/r/.ioriot/t/w|%null|022|0|0|0|-|state_task@8|\n"
			  "1|0|-|0|50|50|read@9|\n"
			  "#INIT\n" W_DIR F_INIT("0+4096"));
}
END_TEST

START_TEST(descriptors_of_the_start_are_within_reach)
{
	generates("1 o=state_path;:,p=/w;:,x=8:1:6:040700:2:0:0:4096:8;:,\n"
		  "1 o=state_path;:,p=/w/f;:,x=8:1:5:0100400:1:0:0:10000:24;:,\n"
		  "1 o=state_task;:,p=/;:,P=/;:,m=022;:,U=7;:,G=7;:,q=0;:,\n"
		  "1 o=state_fd;:,d=1;:,p=/w/f;:,f=1;:,O=0;:,x=8:1:5:0100400:1:0:0:10000:24;:,\n",
		"0|0|-|/r/.ioriot/t|%null|022|7|7|0|-|state_task@7|\n"
		"0|0|-|1|/r/.ioriot/t/w/f|O_WRONLY|0|>0|1|state_fd@8|\n"
		"#INIT\n"
		"dir|0701|0|0|/r/.ioriot/t/w|\n"
		"file|0600|7|0|10000|-|/r/.ioriot/t/w/f|\n");
}
END_TEST

/* The replay's user has not root's way around permissions. */
START_TEST(what_root_used_is_permitted_to_the_owner)
{
	struct generate_result *res = calloc(1, sizeof(*res));

	generates_root("/r",
		TASK "1 o=state_path;:,p=/w/d;:,x=8:1:6:040500:2:0:0:4096:8;:,\n"
		     "1 o=state_path;:,p=/w/f;:,x=8:1:5:0100004:1:0:0:10000:24;:,\n"
		     "1 o=state_path;:,p=/w/d/n;:,x=-;:,\n"
		     "1 o=openat;:,d=-100;:,p=f;:,f=2;:,m=0;:,s=3;:,\n"
		     "1 o=mkdir;:,p=d/n;:,m=0500;:,s=0;:,\n",
		TASK_LINE "0|0|-|cwd|f|O_RDWR|0|>0|3|openat@9|\n"
			  "0|0|-|d/n|0500|0|mkdir@10|\n"
			  "#INIT\n" W_DIR "dir|0700|0|0|/r/.ioriot/t/w/d|\n"
			  "file|0604|0|0|10000|-|/r/.ioriot/t/w/f|\n",
		res);
	ck_assert_uint_eq(res->granted, 3);
	free(res);
}
END_TEST

START_TEST(append_and_holes)
{
	generates(TASK
		"1 o=state_path;:,p=/w/f;:,x=8:1:5:0100644:1:0:0:10000000:8;:,v=0+4096;:,\n"
		"1 o=openat;:,d=-100;:,p=f;:,f=1026;:,m=0;:,s=3;:,\n"
		"1 o=write;:,d=3;:,c=100;:,s=100;:,\n"
		"1 o=lseek;:,d=3;:,O=0;:,W=0;:,s=0;:,\n"
		"1 o=read;:,d=3;:,c=65536;:,s=65536;:,\n",
		TASK_LINE "0|0|-|cwd|f|O_RDWR+O_APPEND|0|>0|3|openat@7|\n"
			  "0|0|-|0|100|100|write@8|\n"
			  "0|0|-|0|0|SEEK_SET|0|lseek@9|\n"
			  "0|0|-|0|65536|65536|read@10|\n"
			  "#INIT\n" W_DIR "file|0644|0|0|10000000|0+4096|/r/.ioriot/t/w/f|\n");
}
END_TEST

START_TEST(the_map_of_holes_is_as_it_was_found)
{
	generates(TASK FILE_F "1 o=openat;:,d=-100;:,p=f;:,f=0;:,m=0;:,s=3;:,\n"
			      "1 o=lseek;:,d=3;:,O=5000;:,W=4;:,s=10000;:,\n"
			      "1 o=lseek;:,d=3;:,O=0;:,W=3;:,s=0;:,\n",
		TASK_LINE "0|0|-|cwd|f|O_RDONLY|0|>0|3|openat@7|\n"
			  "0|0|-|0|5000|SEEK_HOLE|10000|lseek@8|\n"
			  "0|0|-|0|0|SEEK_DATA|0|lseek@9|\n"
			  "#INIT\n" W_DIR F_INIT("0+10000"));
}
END_TEST

START_TEST(temporary_files_without_a_name)
{
	generates(TASK "1 o=openat;:,d=-100;:,p=.;:,f=4259842;:,m=0600;:,s=3;:,\n"
		       "1 o=write;:,d=3;:,c=10;:,s=10;:,\n"
		       "1 o=linkat;:,d=-100;:,p=/proc/self/fd/3;:,e=-100;:,P=n;:,f=1024;:,s=0;:,\n"
		       "1 o=stat;:,p=n;:,s=0;:,\n",
		TASK_LINE "0|0|-|cwd|.|O_RDWR+O_TMPFILE|0600|>0|3|openat@6|\n"
			  "0|0|-|0|10|10|write@7|\n"
			  "0|0|-|cwd|%fd/0|cwd|n|AT_SYMLINK_FOLLOW|0|linkat@8|\n"
			  "0|0|-|n|0|stat@9|\n"
			  "#INIT\n" W_DIR);
}
END_TEST

START_TEST(threads_share_descriptors_and_go_by_exec)
{
	generates(TASK FILE_F "1 o=clone;:,f=69376;:,s=2;:,\n" /* VM FS FILES SIGHAND THREAD */
			      "1:2 o=openat;:,d=-100;:,p=f;:,f=0;:,m=0;:,s=3;:,\n"
			      "1 o=pread64;:,d=3;:,c=10;:,O=0;:,s=10;:,\n"
			      "1:2 o=pread64;:,d=3;:,c=10;:,O=0;:,s=10;:,\n"
			      "1 o=close;:,d=3;:,s=0;:,\n"
			      "1:2 o=execve;:,p=/bin/true;:,s=0;:,\n"
			      "1 o=exit_group;:,E=0;:,\n",
		TASK_LINE "0|0|-|CLONE_VM+CLONE_FS+CLONE_FILES+CLONE_SIGHAND+CLONE_THREAD|0:1|-|2|clone@7|\n"
			  "1|0|-|cwd|f|O_RDONLY|0|>0|3|openat@8|\n"
			  "0|0|8|0|10|0|10|pread64@9|\n"
			  "1|0|-|0|10|0|10|pread64@10|\n"
			  "0|0|10|0|-|0|close@11|\n"
			  "1|0|-|%null|-|0|execve@12|\n"
			  "1|0|-|0|-|-|exit_group@13|\n"
			  "#INIT\n" W_DIR F_INIT("0+4096"));
}
END_TEST

START_TEST(close_range_closes_what_is_there)
{
	generates(TASK FILE_F "1 o=openat;:,d=-100;:,p=f;:,f=0;:,m=0;:,s=3;:,\n"
			      "1 o=openat;:,d=-100;:,p=f;:,f=0;:,m=0;:,s=8;:,\n"
			      "1 o=close_range;:,d=3;:,e=4294967295;:,f=0;:,s=0;:,\n"
			      "1 o=fstat;:,d=8;:,s=-9;:,\n",
		TASK_LINE "0|0|-|cwd|f|O_RDONLY|0|>0|3|openat@7|\n"
			  "0|0|-|cwd|f|O_RDONLY|0|>1|8|openat@8|\n"
			  "0|0|-|3|4294967295|0|0,1|0|close_range@9|\n"
			  "0|0|-|none|-EBADF|fstat@10|\n"
			  "#INIT\n" W_DIR F_INIT("-"));
}
END_TEST

START_TEST(names_too_long_for_a_tree_are_left_out)
{
	struct generate_result *res = calloc(1, sizeof(*res));
	struct buf text = BUF_INIT;
	int i;

	buf_puts(&text, TASK "1 o=stat;:,p=");
	for (i = 0; i < 256; i++)
		buf_char(&text, 'n');
	buf_puts(&text, ";:,s=-36;:,\n1 o=stat;:,p=/");
	for (i = 0; i < 2040; i++)
		buf_puts(&text, "d/");
	buf_puts(&text, "f;:,s=-2;:,\n");
	buf_char(&text, '\0');
	generates_root("/some/where/else", text.p,
		"0|0|-|/some/where/else/.ioriot/t/w|%null|022|0|0|0|-|state_task@5|\n"
		"#INIT\ndir|0755|0|0|/some/where/else/.ioriot/t/w|\n",
		res);
	ck_assert_uint_eq(res->left_out[LEFT_TOO_LONG], 2);
	buf_free(&text);
	free(res);
}
END_TEST

START_TEST(nothing_is_left_of_a_failed_generate)
{
	char cap[64], rep[64];
	struct generate_request q = {.capture = cap, .replay = rep, .name = "t"};
	struct generate_result *res = calloc(1, sizeof(*res));
	struct err err = {0};
	FILE *f;

	in_dir(cap, sizeof(cap), "bad");
	in_dir(rep, sizeof(rep), "never");
	f = fopen(cap, "w");
	fputs("hello\n", f);
	fclose(f);
	ck_assert_int_lt(generate(&q, res, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.text, cap));
	ck_assert_int_ne(access(rep, F_OK), 0);
	free(res);
}
END_TEST

START_TEST(ways_that_break_off_break_off_again)
{
	/* A ".." behind the name that is missing was never come to. */
	generates(TASK FILE_F "1 o=stat;:,p=none/../f;:,s=-2;:,\n"
			      "1 o=mkdir;:,p=none/..;:,m=0755;:,s=-2;:,\n"
			      "1 o=stat;:,p=f/..;:,s=-20;:,\n"
			      "1 o=unlink;:,p=../w/f/../g;:,s=-20;:,\n"
			      "1 o=symlink;:,P=x;:,p=;:,s=-2;:,\n",
		TASK_LINE "0|0|-|/r/.ioriot/t/w/none/x/f|-ENOENT|stat@7|\n"
			  "0|0|-|/r/.ioriot/t/w/none/x|0755|-ENOENT|mkdir@8|\n"
			  "0|0|-|/r/.ioriot/t/w/f/x|-ENOTDIR|stat@9|\n"
			  "0|0|-|/r/.ioriot/t/w/f/x/g|-ENOTDIR|unlink@10|\n"
			  "0|0|-|x||-ENOENT|symlink@11|\n"
			  "#INIT\n" W_DIR F_INIT("-"));
}
END_TEST

/* What is refused because of a "." or ".." must not be done to the directory that it leads to. */
START_TEST(paths_that_end_in_dots_are_refused_again)
{
	generates(TASK "1 o=state_path;:,p=/w/d;:,x=8:1:6:040755:2:0:0:4096:8;:,\n"
		       "1 o=state_path;:,p=/w/d/e;:,x=8:1:7:040755:2:0:0:4096:8;:,\n"
		       "1 o=rename;:,p=d/e/..;:,P=n;:,s=-16;:,\n"
		       "1 o=rename;:,p=/w/d/.;:,P=n;:,s=-16;:,\n"
		       "1 o=rmdir;:,p=d/e/..;:,s=-39;:,\n"
		       "1 o=rmdir;:,p=d/../d/.;:,s=-22;:,\n"
		       "1 o=openat;:,d=-100;:,p=d/..;:,f=193;:,m=0600;:,s=-21;:,\n"
		       "1 o=mkdir;:,p=/w/d/./;:,m=0700;:,s=-17;:,\n",
		TASK_LINE
		"0|0|-|/r/.ioriot/t/w/d/.|n|-EBUSY|rename@8|\n"
		"0|0|-|/r/.ioriot/t/w/d/.|n|-EBUSY|rename@9|\n"
		"0|0|-|/r/.ioriot/t/w/d|-ENOTEMPTY|rmdir@10|\n"
		"0|0|-|/r/.ioriot/t/w/d/.|-EINVAL|rmdir@11|\n"
		"0|0|-|cwd|/r/.ioriot/t/w/.|O_WRONLY+O_CREAT+O_EXCL|0600|>-|-EISDIR|openat@12|\n"
		"0|0|-|/r/.ioriot/t/w/d/.|0700|-EEXIST|mkdir@13|\n"
		"#INIT\n" W_DIR "dir|0755|0|0|/r/.ioriot/t/w/d|\n"
		"dir|0755|0|0|/r/.ioriot/t/w/d/e|\n");
}
END_TEST

START_TEST(slashes_behind_links)
{
	struct generate_result *res = calloc(1, sizeof(*res));

	/* Who makes, moves or removes a name does not follow it, not even with a slash behind it.
	 */
	generates_root("/r",
		TASK FILE_F "1 o=state_path;:,p=/w/l;:,P=none;:,x=8:1:7:0120777:1:0:0:4:0;:,\n"
			    "1 o=state_path;:,p=/w/m;:,P=l;:,x=8:1:8:0120777:1:0:0:4:0;:,\n"
			    "1 o=symlink;:,P=x;:,p=l/;:,s=-17;:,\n"
			    "1 o=unlink;:,p=l/;:,s=-20;:,\n"
			    "1 o=lstat;:,p=l/;:,s=-2;:,\n"
			    "1 o=openat;:,d=-100;:,p=n/;:,f=65;:,m=0600;:,s=-21;:,\n"
			    "1 o=openat;:,d=-100;:,p=f;:,f=0;:,m=0;:,s=3;:,\n"
			    "1 o=openat;:,d=3;:,p=x;:,f=65536;:,m=0;:,s=-20;:,\n"
			    "1 o=lstat;:,p=m/x;:,s=-2;:,\n"
			    "1 o=state_path;:,p=/w/none;:,x=-;:,\n"
			    "1 o=mkdir;:,p=none;:,m=0755;:,s=0;:,\n"
			    "1 o=mkdir;:,p=m/x;:,m=0755;:,s=0;:,\n",
		TASK_LINE "0|0|-|x|l/|-EEXIST|symlink@9|\n"
			  "0|0|-|l/|-ENOTDIR|unlink@10|\n"
			  "0|0|-|l/|-ENOENT|lstat@11|\n"
			  "0|0|-|cwd|n/|O_WRONLY+O_CREAT|0600|>-|-EISDIR|openat@12|\n"
			  "0|0|-|cwd|f|O_RDONLY|0|>0|3|openat@13|\n"
			  "0|0|-|0|x|O_RDONLY+O_DIRECTORY|0|>-|-ENOTDIR|openat@14|\n"
			  "0|0|-|m/x|-ENOENT|lstat@15|\n"
			  "0|0|-|none|0755|0|mkdir@17|\n"
			  "0|0|-|m/x|0755|0|mkdir@18|\n"
			  "#INIT\n" W_DIR F_INIT("-") "link|0|0|/r/.ioriot/t/w/l|none|\n"
						      "link|0|0|/r/.ioriot/t/w/m|l|\n",
		res);
	ck_assert_uint_eq(res->forced, 0);
	free(res);
}
END_TEST

START_TEST(what_broke_a_way_off_is_waited_for)
{
	/* The link leads to a file that another thread made; and a directory is used by "." alone.
	 */
	generates(TASK "1 o=state_path;:,p=/w/f;:,x=-;:,\n"
		       "1 o=state_path;:,p=/w/l;:,P=f;:,x=8:1:7:0120777:1:0:0:4:0;:,\n"
		       "1 o=state_path;:,p=/w/d;:,x=8:1:6:040755:2:0:0:4096:8;:,\n"
		       "1 o=fork;:,s=2;:,\n"
		       "1 o=creat;:,p=f;:,m=0600;:,s=3;:,\n"
		       "2 o=stat;:,p=l/x;:,s=-20;:,\n"
		       "1 o=unlink;:,p=f;:,s=0;:,\n"
		       "1 o=stat;:,p=d/.;:,s=0;:,\n"
		       "2 o=rmdir;:,p=d;:,s=0;:,\n",
		TASK_LINE "0|0|-|1:1|-|2|fork@9|\n"
			  "0|0|-|f|0600|>0|3|creat@10|\n"
			  "1|1|10|l/x|-ENOTDIR|stat@11|\n"
			  "0|0|11|f|0|unlink@12|\n"
			  "0|0|-|d/.|0|stat@13|\n"
			  "1|1|13|d|0|rmdir@14|\n"
			  "#INIT\n" W_DIR "link|0|0|/r/.ioriot/t/w/l|f|\n"
			  "dir|0755|0|0|/r/.ioriot/t/w/d|\n");
}
END_TEST

START_TEST(a_directory_that_was_shared_keeps_its_order)
{
	/* The thread that changed it is gone when the other one goes by it. */
	generates(TASK "1 o=state_path;:,p=/w/d;:,x=8:1:6:040755:2:0:0:4096:8;:,\n"
		       "1 o=clone;:,f=69376;:,s=2;:,\n"
		       "1:2 o=chdir;:,p=d;:,s=0;:,\n"
		       "1:2 o=exit;:,E=0;:,\n"
		       "1 o=stat;:,p=x;:,s=-2;:,\n",
		TASK_LINE
		"0|0|-|CLONE_VM+CLONE_FS+CLONE_FILES+CLONE_SIGHAND+CLONE_THREAD|0:1|-|2|clone@7|\n"
		"1|0|-|d|0|chdir@8|\n"
		"1|0|-|0|-|-|exit@9|\n"
		"0|0|8|x|-ENOENT|stat@10|\n"
		"#INIT\n" W_DIR "dir|0755|0|0|/r/.ioriot/t/w/d|\n");
}
END_TEST

START_TEST(the_map_of_holes_waits_for_who_fills_them)
{
	generates(TASK FILE_F "1 o=openat;:,d=-100;:,p=f;:,f=2;:,m=0;:,s=3;:,\n"
			      "1 o=fork;:,s=2;:,\n"
			      "1 o=lseek;:,d=3;:,O=0;:,W=3;:,s=0;:,\n"
			      "2 o=pwrite64;:,d=3;:,c=5;:,O=0;:,s=5;:,\n"
			      "1 o=lseek;:,d=3;:,O=0;:,W=4;:,s=10000;:,\n",
		TASK_LINE "0|0|-|cwd|f|O_RDWR|0|>0|3|openat@7|\n"
			  "0|0|-|1:1|0:1|2|fork@8|\n"
			  "0|0|-|0|0|SEEK_DATA|0|lseek@9|\n"
			  "1|1|9|1|5|0|5|pwrite64@10|\n"
			  "0|0|10|0|0|SEEK_HOLE|10000|lseek@11|\n"
			  "#INIT\n" W_DIR F_INIT("0+10000"));
}
END_TEST

/* /proc/self is the first thread, which may have other descriptors than who goes through it. */
START_TEST(descriptors_by_path_in_all_forms)
{
	generates(TASK FILE_F "1 o=openat;:,d=-100;:,p=f;:,f=2;:,m=0;:,s=3;:,\n"
			      "1 o=open;:,p=/proc/self/fd/3;:,f=1;:,m=0;:,s=4;:,\n"
			      "1 o=open;:,p=/proc/1/fd/3;:,f=0;:,m=0;:,s=5;:,\n"
			      "1 o=stat;:,p=/dev/fd/3;:,s=0;:,\n"
			      "1 o=readlink;:,p=/proc/self/fd/3;:,c=4096;:,s=4;:,\n"
			      "1 o=readlinkat;:,d=-100;:,p=/proc/thread-self/fd/3;:,c=4096;:,s=4;:,\n"
			      "1 o=readlink;:,p=/proc/self/fd/9;:,c=4096;:,s=-2;:,\n"
			      "1 o=truncate;:,p=/dev/fd/4;:,O=100;:,s=0;:,\n"
			      "1 o=chmod;:,p=/proc/1/fd/5;:,m=0600;:,s=0;:,\n"
			      "1 o=link;:,p=/proc/self/fd/3;:,P=q;:,s=-18;:,\n"
			      "1 o=pread64;:,d=3;:,c=200;:,O=0;:,s=100;:,\n",
		TASK_LINE "0|0|-|cwd|f|O_RDWR|0|>0|3|openat@7|\n"
			  "0|0|-|%fd/0|O_WRONLY|0|>1|4|open@8|\n"
			  "0|0|-|%fd/0|O_RDONLY|0|>2|5|open@9|\n"
			  "0|0|-|%fd/0|0|stat@10|\n"
			  "0|0|-|%fd/0|4096|4|readlink@11|\n"
			  "0|0|-|cwd|%fd/0|4096|4|readlinkat@12|\n"
			  "0|0|-|/r/.ioriot/t/proc/self/fd/9|4096|-ENOENT|readlink@13|\n"
			  "0|0|-|%fd/1|100|0|truncate@14|\n"
			  "0|0|-|%fd/2|0600|0|chmod@15|\n"
			  "0|0|-|0|200|0|100|pread64@17|\n"
			  "#INIT\n" W_DIR F_INIT("0+4096"));
}
END_TEST

START_TEST(descriptors_by_path_are_those_of_the_first_thread)
{
	generates(TASK FILE_F "1 o=clone;:,f=67840;:,s=2;:,\n" /* VM SIGHAND THREAD */
			      "1:2 o=openat;:,d=-100;:,p=f;:,f=0;:,m=0;:,s=3;:,\n"
			      "1:2 o=stat;:,p=/proc/self/fd/3;:,s=-2;:,\n"
			      "1:2 o=stat;:,p=/proc/thread-self/fd/3;:,s=0;:,\n",
		TASK_LINE "0|0|-|CLONE_VM+CLONE_SIGHAND+CLONE_THREAD|0:1|-|2|clone@7|\n"
			  "1|0|-|cwd|f|O_RDONLY|0|>0|3|openat@8|\n"
			  "1|0|-|%fd/0|0|stat@10|\n"
			  "#INIT\n" W_DIR F_INIT("-"));
}
END_TEST

START_TEST(who_shares_a_table_keeps_it_when_another_leaves)
{
	/* A process with CLONE_FILES executes, another takes a copy: numbers go on in the first one. */
	generates(TASK FILE_F "1 o=clone;:,f=1041;:,s=2;:,\n" /* FILES */
			      "1 o=clone;:,f=1041;:,s=3;:,\n"
			      "1 o=openat;:,d=-100;:,p=f;:,f=0;:,m=0;:,s=3;:,\n"
			      "1 o=openat;:,d=-100;:,p=f;:,f=524288;:,m=0;:,s=4;:,\n"
			      "2 o=execve;:,p=/bin/true;:,s=0;:,\n"
			      "2 o=fstat;:,d=3;:,s=0;:,\n"
			      "3 o=close_range;:,d=4;:,e=4;:,f=2;:,s=0;:,\n"
			      "3 o=fstat;:,d=3;:,s=0;:,\n"
			      "3 o=exit_group;:,E=0;:,\n"
			      "1 o=fstat;:,d=4;:,s=0;:,\n",
		TASK_LINE "0|0|-|CLONE_FILES+0x11|1:1|-|2|clone@7|\n"
			  "0|0|-|CLONE_FILES+0x11|2:2|-|3|clone@8|\n"
			  "0|0|-|cwd|f|O_RDONLY|0|>0|3|openat@9|\n"
			  "0|0|-|cwd|f|O_RDONLY+O_CLOEXEC|0|>1|4|openat@10|\n"
			  "1|1|10|%null|0:2,1:3,3|0|execve@11|\n"
			  "1|1|-|2|0|fstat@12|\n"
			  "2|2|10|4|4|CLOSE_RANGE_UNSHARE|0:4,1:5,5|0|close_range@13|\n"
			  "2|2|-|4|0|fstat@14|\n"
			  "2|2|-|0|4|-|exit_group@15|\n"
			  "0|0|-|1|0|fstat@16|\n"
			  "#INIT\n" W_DIR F_INIT("-"));
}
END_TEST

START_TEST(what_fails_before_it_looks_tells_nothing)
{
	struct generate_result *res = calloc(1, sizeof(*res));
	struct buf text = BUF_INIT, want = BUF_INIT;
	int i;

	buf_puts(&text, TASK "1 o=state_path;:,p=/w/n;:,x=-;:,\n1 o=setxattr;:,p=n;:,P=user.");
	buf_puts(&want, TASK_LINE "0|0|-|n|user.");
	for (i = 0; i < 256; i++) {
		buf_char(&text, 'u');
		buf_char(&want, 'u');
	}
	/* and a slash behind the name, also of a link, refuses to make a file, whatever stands there */
	buf_puts(&text, ";:,c=5;:,f=0;:,s=-34;:,\n"
			"1 o=state_path;:,p=/w/l;:,P=n/;:,x=8:1:7:0120777:1:0:0:2:0;:,\n"
			"1 o=openat;:,d=-100;:,p=l;:,f=65;:,m=0600;:,s=-21;:,\n"
			"1 o=getxattr;:,p=n;:,P=;:,c=5;:,s=-34;:,\n");
	buf_puts(&want, "|5|0|-ERANGE|setxattr@7|\n"
			"0|0|-|cwd|l|O_WRONLY+O_CREAT|0600|>-|-EISDIR|openat@9|\n"
			"0|0|-|n||5|-ERANGE|getxattr@10|\n"
			"#INIT\n" W_DIR "link|0|0|/r/.ioriot/t/w/l|n/|\n");
	buf_char(&text, '\0');
	buf_char(&want, '\0');
	generates_root("/r", text.p, want.p, res);
	ck_assert_uint_eq(res->forced, 0);
	buf_free(&text);
	buf_free(&want);
	free(res);
}
END_TEST

START_TEST(appending_is_where_the_end_is)
{
	/* By the descriptor's flag, which another thread sets, or by the call's. */
	generates(TASK "1 o=openat;:,d=-100;:,p=n;:,f=66;:,m=0600;:,s=3;:,\n"
		       "1 o=clone;:,f=69376;:,s=2;:,\n"
		       "1 o=pwritev2;:,d=3;:,v=10;:,O=5000;:,f=16;:,s=10;:,\n"
		       "1:2 o=fcntl;:,d=3;:,F=4;:,G=1024;:,s=0;:,\n"
		       "1 o=pwrite64;:,d=3;:,c=10;:,O=0;:,s=10;:,\n"
		       "1 o=read;:,d=3;:,c=100;:,s=20;:,\n",
		TASK_LINE "0|0|-|cwd|n|O_RDWR+O_CREAT|0600|>0|3|openat@6|\n"
			  "0|0|-|CLONE_VM+CLONE_FS+CLONE_FILES+CLONE_SIGHAND+CLONE_THREAD|0:1|-|2|clone@7|\n"
			  "0|0|-|0|10|5000|RWF_APPEND|10|pwritev2@8|\n"
			  "1|0|8|0|F_SETFL|1024|>-|0|fcntl@9|\n"
			  "0|0|9|0|10|0|10|pwrite64@10|\n"
			  "0|0|-|0|100|20|read@11|\n"
			  "#INIT\n" W_DIR);
}
END_TEST

/* What was written in place would itself extend the file before somebody else has done so. */
START_TEST(writes_in_place_wait_for_who_extended_the_file)
{
	generates(TASK "1 o=openat;:,d=-100;:,p=n;:,f=66;:,m=0600;:,s=3;:,\n"
		       "1 o=clone;:,f=69376;:,s=2;:,\n"
		       "1 o=pwrite64;:,d=3;:,c=100;:,O=0;:,s=100;:,\n"
		       "1 o=lseek;:,d=3;:,O=0;:,W=2;:,s=100;:,\n"
		       "1:2 o=pwrite64;:,d=3;:,c=50;:,O=50;:,s=50;:,\n"
		       "1 o=pwrite64;:,d=3;:,c=100;:,O=100;:,s=100;:,\n",
		TASK_LINE "0|0|-|cwd|n|O_RDWR+O_CREAT|0600|>0|3|openat@6|\n"
			  "0|0|-|CLONE_VM+CLONE_FS+CLONE_FILES+CLONE_SIGHAND+CLONE_THREAD|0:1|-|2|clone@7|\n"
			  "0|0|-|0|100|0|100|pwrite64@8|\n"
			  "0|0|-|0|0|SEEK_END|100|lseek@9|\n"
			  "1|0|9|0|50|50|50|pwrite64@10|\n"
			  "0|0|-|0|100|100|100|pwrite64@11|\n"
			  "#INIT\n" W_DIR);
}
END_TEST

START_TEST(a_umask_is_waited_for_by_who_makes_files_and_tasks)
{
	generates(TASK "1 o=clone;:,f=69376;:,s=2;:,\n"
		       "1:2 o=umask;:,m=077;:,s=18;:,\n"
		       "1 o=mkdir;:,p=/w/d;:,m=0777;:,s=0;:,\n"
		       "1:2 o=umask;:,m=0;:,s=63;:,\n"
		       "1 o=fork;:,s=3;:,\n"
		       "1:2 o=umask;:,m=022;:,s=0;:,\n"
		       "1 o=openat;:,d=-100;:,p=/w/f;:,f=65;:,m=0666;:,s=3;:,\n",
		TASK_LINE "0|0|-|CLONE_VM+CLONE_FS+CLONE_FILES+CLONE_SIGHAND+CLONE_THREAD|0:1|-|2|clone@6|\n"
			  "1|0|-|077|18|umask@7|\n"
			  "0|0|7|/r/.ioriot/t/w/d|0777|0|mkdir@8|\n"
			  "1|0|8|0|63|umask@9|\n"
			  "0|0|9|1:2|-|3|fork@10|\n"
			  "1|0|10|022|0|umask@11|\n"
			  "0|0|11|cwd|/r/.ioriot/t/w/f|O_WRONLY+O_CREAT|0666|>0|3|openat@12|\n"
			  "#INIT\n" W_DIR);
}
END_TEST

START_TEST(permissions_are_waited_for)
{
	/* Of a directory on the way, of a file; a ".." that may not be gone by is not left out. */
	generates("1 o=state_task;:,p=/w;:,P=/;:,m=022;:,U=7;:,G=7;:,q=0;:,\n"
		  "1 o=state_path;:,p=/w/d;:,x=8:1:6:040755:2:7:7:4096:8;:,\n"
		  "1 o=state_path;:,p=/w/f;:,x=8:1:5:0100644:1:7:7:0:0;:,\n"
		  "1 o=fork;:,s=2;:,\n"
		  "2 o=access;:,p=f;:,m=04;:,s=0;:,\n"
		  "1 o=chmod;:,p=f;:,m=0;:,s=0;:,\n"
		  "2 o=openat;:,d=-100;:,p=f;:,f=0;:,m=0;:,s=-13;:,\n"
		  "1 o=chmod;:,p=d;:,m=0644;:,s=0;:,\n"
		  "2 o=stat;:,p=d/x;:,s=-13;:,\n"
		  "2 o=stat;:,p=d/../f;:,s=-13;:,\n",
		"0|0|-|/r/.ioriot/t/w|%null|022|7|7|0|-|state_task@5|\n"
		"0|0|-|1:1|-|2|fork@8|\n"
		"1|1|-|f|04|0|access@9|\n"
		"0|0|9|f|0|0|chmod@10|\n"
		"1|1|10|cwd|f|O_RDONLY|0|>-|-EACCES|openat@11|\n"
		"0|0|11|d|0644|0|chmod@12|\n"
		"1|1|12|d/x|-EACCES|stat@13|\n"
		"1|1|-|/r/.ioriot/t/w/d/x|-EACCES|stat@14|\n"
		"#INIT\n" W_DIR "dir|0755|7|7|/r/.ioriot/t/w/d|\n"
		"file|0644|7|7|0|-|/r/.ioriot/t/w/f|\n");
}
END_TEST

START_TEST(a_link_by_descriptor_needs_a_name_that_is_left)
{
	generates(TASK FILE_F "1 o=openat;:,d=-100;:,p=f;:,f=0;:,m=0;:,s=3;:,\n"
			      "1 o=fork;:,s=2;:,\n"
			      "2 o=linkat;:,d=-100;:,p=/proc/self/fd/3;:,e=-100;:,P=g;:,f=1024;:,s=0;:,\n"
			      "1 o=unlink;:,p=f;:,s=0;:,\n",
		TASK_LINE "0|0|-|cwd|f|O_RDONLY|0|>0|3|openat@7|\n"
			  "0|0|-|1:1|0:1|2|fork@8|\n"
			  "1|1|-|cwd|%fd/1|cwd|g|AT_SYMLINK_FOLLOW|0|linkat@9|\n"
			  "0|0|9|f|0|unlink@10|\n"
			  "#INIT\n" W_DIR F_INIT("-"));
}
END_TEST

START_TEST(holes_are_made_in_what_was_written_before)
{
	generates(TASK FILE_F "1 o=openat;:,d=-100;:,p=f;:,f=2;:,m=0;:,s=3;:,\n"
			      "1 o=fork;:,s=2;:,\n"
			      "1 o=pwrite64;:,d=3;:,c=10;:,O=0;:,s=10;:,\n"
			      "2 o=fallocate;:,d=3;:,f=3;:,O=0;:,c=4096;:,s=0;:,\n"
			      "1 o=pwrite64;:,d=3;:,c=10;:,O=0;:,s=10;:,\n"
			      "2 o=openat;:,d=-100;:,p=f;:,f=512;:,m=0;:,s=4;:,\n" /* cuts it */
			      "2 o=read;:,d=4;:,c=10;:,s=0;:,\n",
		TASK_LINE "0|0|-|cwd|f|O_RDWR|0|>0|3|openat@7|\n"
			  "0|0|-|1:1|0:1|2|fork@8|\n"
			  "0|0|-|0|10|0|10|pwrite64@9|\n"
			  "1|1|9|1|FALLOC_FL_KEEP_SIZE+FALLOC_FL_PUNCH_HOLE|0|4096|0|fallocate@10|\n"
			  "0|0|10|0|10|0|10|pwrite64@11|\n"
			  "1|1|11|cwd|f|O_RDONLY+O_TRUNC|0|>2|4|openat@12|\n"
			  "1|1|-|2|10|0|read@13|\n"
			  "#INIT\n" W_DIR F_INIT("0+4096"));
}
END_TEST

START_TEST(ways_inside_of_a_descriptor)
{
	generates(TASK FILE_F
		"1 o=state_path;:,p=/w/d;:,x=8:1:6:040755:2:0:0:4096:8;:,\n"
		"1 o=openat;:,d=-100;:,p=.;:,f=65536;:,m=0;:,s=3;:,\n"
		"1 o=openat2;:,d=3;:,p=/../f;:,f=0;:,m=0;:,R=16;:,s=4;:,\n"
		"1 o=openat2;:,d=3;:,p=d/../f;:,f=0;:,m=0;:,R=8;:,s=5;:,\n"
		"1 o=openat2;:,d=3;:,p=d/..;:,f=65536;:,m=0;:,R=8;:,s=6;:,\n"
		"1 o=openat2;:,d=3;:,p=../w;:,f=65536;:,m=0;:,R=8;:,s=-18;:,\n"
		"1 o=openat2;:,d=9;:,p=/f;:,f=0;:,m=0;:,R=16;:,s=-9;:,\n",
		TASK_LINE "0|0|-|cwd|.|O_RDONLY+O_DIRECTORY|0|>0|3|openat@8|\n"
			  "0|0|-|0|f|O_RDONLY|0|RESOLVE_IN_ROOT|>1|4|openat2@9|\n"
			  "0|0|-|0|f|O_RDONLY|0|RESOLVE_BENEATH|>2|5|openat2@10|\n"
			  "0|0|-|0|.|O_RDONLY+O_DIRECTORY|0|RESOLVE_BENEATH|>3|6|openat2@11|\n"
			  "0|0|-|cwd|/r/.ioriot/t/w|O_RDONLY+O_DIRECTORY|0|RESOLVE_BENEATH|>-|-EXDEV|openat2@12|\n"
			  "0|0|-|none|f|O_RDONLY|0|RESOLVE_IN_ROOT|>-|-EBADF|openat2@13|\n"
			  "#INIT\n" W_DIR F_INIT("-") "dir|0755|0|0|/r/.ioriot/t/w/d|\n");
}
END_TEST

START_TEST(a_refusal_waits_for_the_mode)
{
	generates(TASK FILE_F "1 o=openat;:,d=-100;:,p=.;:,f=65536;:,m=0;:,s=3;:,\n"
			      "1 o=fork;:,s=2;:,\n"
			      "2 o=fchmod;:,d=3;:,m=0600;:,s=0;:,\n"
			      "1 o=fchdir;:,d=3;:,s=-13;:,\n",
		TASK_LINE "0|0|-|cwd|.|O_RDONLY+O_DIRECTORY|0|>0|3|openat@7|\n"
			  "0|0|-|1:1|0:1|2|fork@8|\n"
			  "1|1|-|1|0600|0|fchmod@9|\n"
			  "0|0|9|0|-EACCES|fchdir@10|\n"
			  "#INIT\n" W_DIR F_INIT("-"));
}
END_TEST

/* A link upwards leads elsewhere since its directory was moved. */
START_TEST(what_is_above_waits_for_a_move)
{
	generates(TASK "1 o=state_path;:,p=/w/d;:,x=8:1:6:040755:2:0:0:4096:8;:,\n"
		       "1 o=state_path;:,p=/w/e;:,x=8:1:7:040755:2:0:0:4096:8;:,\n"
		       "1 o=state_path;:,p=/w/e/d;:,x=-;:,\n"
		       "1 o=state_path;:,p=/w/d/l;:,P=../a;:,x=8:1:8:0120777:1:0:0:4:0;:,\n"
		       "1 o=openat;:,d=-100;:,p=d;:,f=65536;:,m=0;:,s=3;:,\n"
		       "1 o=fork;:,s=2;:,\n"
		       "1 o=rename;:,p=d;:,P=e/d;:,s=0;:,\n"
		       "2 o=openat;:,d=3;:,p=l;:,f=0;:,m=0;:,s=-2;:,\n",
		TASK_LINE "0|0|-|cwd|d|O_RDONLY+O_DIRECTORY|0|>0|3|openat@10|\n"
			  "0|0|-|1:1|0:1|2|fork@11|\n"
			  "0|0|-|d|e/d|0|rename@12|\n"
			  "1|1|12|1|l|O_RDONLY|0|>-|-ENOENT|openat@13|\n"
			  "#INIT\n" W_DIR "dir|0755|0|0|/r/.ioriot/t/w/d|\ndir|0755|0|0|/r/.ioriot/t/w/e|\n"
			  "link|0|0|/r/.ioriot/t/w/d/l|../a|\n");
}
END_TEST

START_TEST(the_way_to_a_tree_may_cross_a_border)
{
	generates(TASK FILE_F "1 o=openat2;:,d=-100;:,p=../w/f;:,f=0;:,m=0;:,R=3;:,s=3;:,\n"
			      "1 o=openat2;:,d=-100;:,p=../w/none;:,f=0;:,m=0;:,R=1;:,s=-18;:,\n"
			      "1 o=openat2;:,d=-100;:,p=f;:,f=0;:,m=0;:,R=1;:,s=4;:,\n",
		TASK_LINE "0|0|-|cwd|/r/.ioriot/t/w/f|O_RDONLY|0|RESOLVE_NO_MAGICLINKS|>0|3|openat2@7|\n"
			  "0|0|-|cwd|/r/.ioriot/t/w/none|O_RDONLY|0|RESOLVE_NO_XDEV|>-|-EXDEV|openat2@8|\n"
			  "0|0|-|cwd|f|O_RDONLY|0|RESOLVE_NO_XDEV|>1|4|openat2@9|\n"
			  "#INIT\n" W_DIR F_INIT("-"));
}
END_TEST

START_TEST(a_link_that_is_not_followed_is_in_the_way)
{
	generates(TASK FILE_F "1 o=state_path;:,p=/w/l;:,P=.;:,x=8:1:6:0120777:1:0:0:1:0;:,\n"
			      "1 o=openat2;:,d=-100;:,p=../w/l/../w/none;:,f=0;:,m=0;:,R=4;:,s=-40;:,\n",
		TASK_LINE "0|0|-|cwd|/r/.ioriot/t/w/l/x|O_RDONLY|0|RESOLVE_NO_SYMLINKS|>-|-ELOOP|openat2@8|\n"
			  "#INIT\n" W_DIR F_INIT("-") "link|0|0|/r/.ioriot/t/w/l|.|\n");
}
END_TEST

START_TEST(what_is_refused_unseen_tells_nothing)
{
	/* "." is in the way before the source is looked for; memory that is not aligned matters to data. */
	generates(TASK FILE_F
		"1 o=state_path;:,p=/w/n;:,x=-;:,\n"
		"1 o=renameat2;:,d=-100;:,p=n;:,e=-100;:,P=.;:,f=1;:,s=-17;:,\n"
		"1 o=openat;:,d=-100;:,p=f;:,f=16384;:,m=0;:,s=3;:,\n"
		"1 o=pread64;:,d=3;:,c=77;:,O=5000;:,s=-22;:,\n",
		TASK_LINE "0|0|-|cwd|n|cwd|.|RENAME_NOREPLACE|-EEXIST|renameat2@8|\n"
			  "0|0|-|cwd|f|O_RDONLY+O_DIRECT|0|>0|3|openat@9|\n"
			  "0|0|-|0|77|5000|-EINVAL|pread64@10|\n"
			  "#INIT\n" W_DIR F_INIT("4096+4096"));
}
END_TEST

START_TEST(an_empty_path_is_the_working_directory)
{
	generates(TASK "1 o=statx;:,d=-100;:,p=;:,f=4096;:,M=0x7ff;:,s=0;:,\n"
		       "1 o=statx;:,d=-100;:,p=;:,f=0;:,M=0x7ff;:,s=-2;:,\n",
		TASK_LINE "0|0|-|cwd||AT_EMPTY_PATH|0x7ff|0|statx@6|\n"
			  "0|0|-|cwd||0|0x7ff|-ENOENT|statx@7|\n"
			  "#INIT\n" W_DIR);
}
END_TEST

START_TEST(ways_that_begin_at_a_descriptor)
{
	generates(TASK D_DIR "1 o=openat;:,d=-100;:,p=d;:,f=0;:,m=0;:,s=3;:,\n"
			     "1 o=symlink;:,P=u;:,p=/proc/thread-self/fd/3/a;:,s=0;:,\n"
			     "1 o=mkdirat;:,d=-100;:,p=/dev/fd/3//b;:,m=0755;:,s=0;:,\n"
			     "1 o=newfstatat;:,d=-100;:,p=/proc/self/fd/3/../d/b;:,f=0;:,s=0;:,\n"
			     "1 o=chdir;:,p=/proc/self/fd/3/;:,s=0;:,\n",
		TASK_LINE "0|0|-|cwd|d|O_RDONLY|0|>0|3|openat@7|\n"
			  "0|0|-|u|/r/.ioriot/t/w/d/a|0|symlink@8|\n"
			  "0|0|-|0|b|0755|0|mkdirat@9|\n"
			  "0|0|-|cwd|/r/.ioriot/t/w/d/b|0|0|newfstatat@10|\n"
			  "0|0|-|/r/.ioriot/t/w/d|0|chdir@11|\n"
			  "#INIT\n" W_DIR D_INIT);
}
END_TEST

START_TEST(copies_inside_of_a_file)
{
	/* One description: both begin at its offset. What is added is read as well. */
	generates(TASK FILE_F "1 o=openat;:,d=-100;:,p=f;:,f=2;:,m=0;:,s=3;:,\n"
			      "1 o=sendfile;:,e=3;:,d=3;:,O=-;:,c=6000;:,s=6000;:,\n"
			      "1 o=read;:,d=3;:,c=9000;:,s=4000;:,\n"
			      "1 o=sendfile;:,e=3;:,d=3;:,O=1000;:,c=50000;:,s=50000;:,\n"
			      "1 o=lseek;:,d=3;:,O=0;:,W=2;:,s=60000;:,\n",
		TASK_LINE "0|0|-|cwd|f|O_RDWR|0|>0|3|openat@7|\n"
			  "0|0|-|0|0|-|6000|6000|sendfile@8|\n"
			  "0|0|-|0|9000|4000|read@9|\n"
			  "0|0|-|0|0|1000|50000|50000|sendfile@10|\n"
			  "0|0|-|0|0|SEEK_END|60000|lseek@11|\n"
			  "#INIT\n" W_DIR F_INIT("0+10000"));
}
END_TEST

#define LINK_S "1 o=state_path;:,p=/w/s;:,P=.;:,x=8:1:7:0120777:1:0:0:1:0;:,\n"
#define LINK_L "1 o=state_path;:,p=/w/l;:,P=l;:,x=8:1:8:0120777:1:0:0:1:0;:,\n"
#define S8     "s/s/s/s/s/s/s/s/"
#define S40    S8 S8 S8 S8 S8

START_TEST(too_many_links_are_too_many_again)
{
	generates(TASK LINK_S LINK_L "1 o=stat;:,p=" S40 "s/../x;:,s=-40;:,\n"
				     "1 o=stat;:,p=../w/l/x;:,s=-40;:,\n"
				     "1 o=stat;:,p=" S40 ".././w/l;:,s=-40;:,\n",
		TASK_LINE "0|0|-|/r/.ioriot/t/w/" S40 "s/x/x|-ELOOP|stat@8|\n"
			  "0|0|-|/r/.ioriot/t/w/l/x|-ELOOP|stat@9|\n"
			  "0|0|-|/r/.ioriot/t/w/l/x|-ELOOP|stat@10|\n"
			  "#INIT\n" W_DIR "link|0|0|/r/.ioriot/t/w/s|.|\n"
			  "link|0|0|/r/.ioriot/t/w/l|l|\n");
	/* The one that was too many leads nowhere: one that was before it is followed again. */
	generates(TASK LINK_S "1 o=state_path;:,p=/v;:,P=none;:,x=8:1:8:0120777:1:0:0:4:0;:,\n"
			      "1 o=stat;:,p=" S40 "../v/x;:,s=-40;:,\n",
		TASK_LINE "0|0|-|/r/.ioriot/t/w/" S40 "s/x|-ELOOP|stat@8|\n"
			  "#INIT\n" W_DIR "link|0|0|/r/.ioriot/t/w/s|.|\n"
			  "link|0|0|/r/.ioriot/t/v|none|\n");
}
END_TEST

#define TASK_U	 "1 o=state_task;:,p=/w;:,P=/;:,m=022;:,U=7;:,G=7;:,q=0;:,\n"
#define U_LINE	 "0|0|-|/r/.ioriot/t/w|%null|022|7|7|0|-|state_task@5|\n"
#define D_DIR_U	 "1 o=state_path;:,p=/w/d;:,x=8:1:6:040755:2:7:7:4096:8;:,\n"
#define D_INIT_U "dir|0755|7|7|/r/.ioriot/t/w/d|\n"
#define W_DIR_U	 "dir|0755|7|7|/r/.ioriot/t/w|\n"

START_TEST(who_is_inside_of_a_directory_needs_no_way_there)
{
	generates("1 o=state_path;:,p=/w;:,x=8:1:2:040755:3:7:7:4096:8;:,\n" TASK_U D_DIR_U
		"1 o=chdir;:,p=d;:,s=0;:,\n"
		"1 o=chmod;:,p=/w;:,m=0600;:,s=0;:,\n"
		"1 o=stat;:,p=x/..;:,s=-2;:,\n"
		"1 o=mkdir;:,p=x;:,m=0755;:,s=0;:,\n"
		"1 o=chmod;:,p=x/..;:,m=0700;:,s=0;:,\n"
		"1 o=stat;:,p=../d;:,s=-13;:,\n",
		"0|0|-|/r/.ioriot/t/w|%null|022|7|7|0|-|state_task@6|\n"
		"0|0|-|d|0|chdir@8|\n"
		"0|0|-|/r/.ioriot/t/w|0600|0|chmod@9|\n"
		"0|0|-|x/x|-ENOENT|stat@10|\n"
		"0|0|-|x|0755|0|mkdir@11|\n"
		"0|0|-|.|0700|0|chmod@12|\n"
		"0|0|-|/r/.ioriot/t/w/x|-EACCES|stat@13|\n"
		"#INIT\n" W_DIR_U D_INIT_U);
}
END_TEST

START_TEST(a_link_is_made_by_its_own_path_where_its_target_allows)
{
	generates(TASK "1 o=symlink;:,P=/etc/x;:,p=a;:,s=0;:,\n"
		       "1 o=symlink;:,P=b/c;:,p=b;:,s=0;:,\n"
		       "1 o=symlink;:,P=../c;:,p=c;:,s=0;:,\n"
		       "1 o=symlink;:,P=c/../d;:,p=c;:,s=-17;:,\n",
		TASK_LINE "0|0|-|/r/.ioriot/t/etc/x|a|0|symlink@6|\n"
			  "0|0|-|b/c|b|0|symlink@7|\n"
			  "0|0|-|../c|/r/.ioriot/t/w/c|0|symlink@8|\n"
			  "0|0|-|x|c|-EEXIST|symlink@9|\n"
			  "#INIT\n" W_DIR);
}
END_TEST

START_TEST(a_fifo_is_changed_by_its_name)
{
	generates(TASK "1 o=state_path;:,p=/w/p;:,x=8:1:5:010644:1:0:0:0:0;:,\n"
		       "1 o=openat;:,d=-100;:,p=p;:,f=2050;:,m=0;:,s=3;:,\n"
		       "1 o=fchmod;:,d=3;:,m=0600;:,s=0;:,\n"
		       "1 o=fchown;:,d=3;:,U=5;:,G=-1;:,s=0;:,\n"
		       "1 o=unlink;:,p=p;:,s=0;:,\n"
		       "1 o=fchmod;:,d=3;:,m=0644;:,s=0;:,\n",
		TASK_LINE "0|0|-|/r/.ioriot/t/w/p|0600|0|chmod@8|\n"
			  "0|0|-|/r/.ioriot/t/w/p|5|-1|0|chown@9|\n"
			  "0|0|-|p|0|unlink@10|\n"
			  "#INIT\n" W_DIR "fifo|0644|0|0|/r/.ioriot/t/w/p|\n");
}
END_TEST

START_TEST(files_keep_their_other_names)
{
	/* Seen when the first one is gone already, and the file has grown. */
	generates(TASK "1 o=state_path;:,p=/w/f;:,x=8:1:5:0100644:2:0:0:100:8;:,\n"
		       "1 o=openat;:,d=-100;:,p=f;:,f=1;:,m=0;:,s=3;:,\n"
		       "1 o=unlink;:,p=f;:,s=0;:,\n"
		       "1 o=pwrite64;:,d=3;:,c=10;:,O=5000;:,s=10;:,\n"
		       "1 o=state_path;:,p=/w/g;:,v=0+100,4096+914;:,x=8:1:5:0100644:1:0:0:5010:16;:,\n"
		       "1 o=stat;:,p=g;:,s=0;:,\n",
		TASK_LINE "0|0|-|cwd|f|O_WRONLY|0|>0|3|openat@7|\n"
			  "0|0|-|f|0|unlink@8|\n"
			  "0|0|-|0|10|5000|10|pwrite64@9|\n"
			  "0|0|-|g|0|stat@11|\n"
			  "#INIT\n" W_DIR "file|0644|0|0|100|-|/r/.ioriot/t/w/f|\n"
			  "hardlink|/r/.ioriot/t/w/g|/r/.ioriot/t/w/f|\n");
	/* Never seen, but a file without any could not get another. */
	generates(TASK "1 o=state_path;:,p=/w/f;:,x=8:1:5:0100644:2:0:0:100:8;:,\n"
		       "1 o=openat;:,d=-100;:,p=f;:,f=1;:,m=0;:,s=3;:,\n"
		       "1 o=unlink;:,p=f;:,s=0;:,\n"
		       "1 o=linkat;:,d=-100;:,p=/proc/self/fd/3;:,e=-100;:,P=n;:,f=1024;:,s=0;:,\n",
		TASK_LINE "0|0|-|cwd|f|O_WRONLY|0|>0|3|openat@7|\n"
			  "0|0|-|f|0|unlink@8|\n"
			  "0|0|-|cwd|%fd/0|cwd|n|AT_SYMLINK_FOLLOW|0|linkat@9|\n"
			  "#INIT\n" W_DIR "file|0644|0|0|100|-|/r/.ioriot/t/w/f|\n"
			  "hardlink|/r/.ioriot/t/.ioriot-link.1|/r/.ioriot/t/w/f|\n");
}
END_TEST

/* What extends the file, or moves the shared offset, moves the range that is locked. */
START_TEST(locks_relative_to_an_end_or_an_offset_wait_for_it)
{
	generates(TASK "1 o=openat;:,d=-100;:,p=n;:,f=66;:,m=0600;:,s=3;:,\n"
		       "1 o=clone;:,f=69376;:,s=2;:,\n"
		       "1 o=fcntl;:,d=3;:,F=37;:,G=1,2,47,0;:,s=0;:,\n"
		       "1:2 o=pwrite64;:,d=3;:,c=100;:,O=0;:,s=100;:,\n"
		       "1 o=fcntl;:,d=3;:,F=36;:,G=1,2,47,0;:,s=0;:,\n"
		       "1:2 o=lseek;:,d=3;:,O=7;:,W=0;:,s=7;:,\n"
		       "1 o=fcntl;:,d=3;:,F=37;:,G=1,1,1,2;:,s=0;:,\n"
		       "1:2 o=lseek;:,d=3;:,O=9;:,W=0;:,s=9;:,\n",
		TASK_LINE "0|0|-|cwd|n|O_RDWR+O_CREAT|0600|>0|3|openat@6|\n"
			  "0|0|-|CLONE_VM+CLONE_FS+CLONE_FILES+CLONE_SIGHAND+CLONE_THREAD|0:1|-|2|clone@7|\n"
			  "0|0|-|0|F_OFD_SETLK|F_WRLCK,SEEK_END,47,0|>-|0|fcntl@8|\n"
			  "1|0|8|0|100|0|100|pwrite64@9|\n"
			  "0|0|9|0|F_OFD_GETLK|F_WRLCK,SEEK_END,47,0|>-|0|fcntl@10|\n"
			  "1|0|-|0|7|SEEK_SET|7|lseek@11|\n"
			  "0|0|11|0|F_OFD_SETLK|F_WRLCK,SEEK_CUR,1,2|>-|0|fcntl@12|\n"
			  "1|0|12|0|9|SEEK_SET|9|lseek@13|\n"
			  "#INIT\n" W_DIR);
}
END_TEST

#define THREAD	    "1 o=clone;:,f=69376;:,s=2;:,\n"
#define THREAD_LINE "0|0|-|CLONE_VM+CLONE_FS+CLONE_FILES+CLONE_SIGHAND+CLONE_THREAD|0:1|-|2|clone@"

/* Others move the offset, and the end, before who waits has the lock: its range stays where it was. */
START_TEST(a_lock_that_waits_counts_from_what_it_saw)
{
	generates(TASK FILE_F "1 o=openat;:,d=-100;:,p=f;:,f=2;:,m=0;:,s=3;:,\n"
			      "1 o=openat;:,d=-100;:,p=f;:,f=2;:,m=0;:,s=4;:,\n" /* another owner of locks */
			      THREAD "1 o=fcntl;:,d=4;:,F=37;:,G=1,0,0,8;:,s=0;:,\n"
			      "1 o=lseek;:,d=3;:,O=100;:,W=0;:,s=100;:,\n"
			      "1 o=fcntl;:,d=4;:,F=37;:,G=1,0,100,8;:,s=0;:,\n"
			      "1 o=fcntl;:,d=4;:,F=37;:,G=2,0,0,8;:,s=0;:,\n"
			      "1:2 D=35;:,o=fcntl;:,d=3;:,F=38;:,G=1,1,0,8,0;:,s=0;:,\n"
			      "1:2 o=fcntl;:,d=3;:,F=7;:,G=1,2,-4,4,10000;:,s=0;:,\n",
		TASK_LINE "0|0|-|cwd|f|O_RDWR|0|>0|3|openat@7|\n"
			  "0|0|-|cwd|f|O_RDWR|0|>1|4|openat@8|\n" THREAD_LINE "9|\n"
			  "0|0|-|1|F_OFD_SETLK|F_WRLCK,SEEK_SET,0,8|>-|0|fcntl@10|\n"
			  "0|0|-|0|100|SEEK_SET|100|lseek@11|\n"
			  "0|0|-|1|F_OFD_SETLK|F_WRLCK,SEEK_SET,100,8|>-|0|fcntl@12|\n"
			  "0|0|-|1|F_OFD_SETLK|F_UNLCK,SEEK_SET,0,8|>-|0|fcntl@13|\n"
			  "1|0|13|0|F_OFD_SETLKW|F_WRLCK,SEEK_SET,0,8|>-|0|fcntl@14|\n"
			  "1|0|-|0|F_SETLKW|F_WRLCK,SEEK_SET,9996,4,L0|>-|0|fcntl@15|\n"
			  "#INIT\n" W_DIR F_INIT("-"));
}
END_TEST

START_TEST(locks_in_directories)
{
	generates(TASK D_DIR "1 o=openat;:,d=-100;:,p=d;:,f=0;:,m=0;:,s=3;:,\n"
			     "1 o=getdents64;:,d=3;:,c=32768;:,s=48;:,\n"
			     "1 o=fcntl;:,d=3;:,F=6;:,G=0,1,29,35;:,s=-75;:,\n"
			     "1 o=fcntl;:,d=3;:,F=37;:,G=0,1,-1,1;:,s=0;:,\n",
		TASK_LINE "0|0|-|cwd|d|O_RDONLY|0|>0|3|openat@7|\n"
			  "0|0|-|0|32768|48|getdents64@8|\n"
			  "0|0|-|0|F_SETLK|F_RDLCK,SEEK_SET,9223372036854775807,2,L0|>-|-EOVERFLOW|fcntl@9|\n"
			  "0|0|-|0|F_OFD_SETLK|F_RDLCK,SEEK_SET,1099511627775,1|>-|0|fcntl@10|\n"
			  "#INIT\n" W_DIR D_INIT);
}
END_TEST

START_TEST(failures_that_depend_on_a_size_wait_for_it)
{
	generates(TASK "1 o=openat;:,d=-100;:,p=n;:,f=66;:,m=0600;:,s=3;:,\n" THREAD
		       "1 o=pwrite64;:,d=3;:,c=10;:,O=5000;:,s=10;:,\n"
		       "1:2 o=fallocate;:,d=3;:,f=8;:,O=4096;:,c=4096;:,s=-22;:,\n"
		       "1 o=pwrite64;:,d=3;:,c=10;:,O=9000;:,s=10;:,\n"
		       "1:2 o=copy_file_range;:,d=3;:,O=0;:,e=3;:,Q=1;:,c=10;:,f=0;:,s=-22;:,\n"
		       "1 o=ftruncate;:,d=3;:,O=0;:,s=0;:,\n"
		       "1:2 o=pwrite64;:,d=3;:,c=10;:,O=100;:,s=-14;:,\n",
		TASK_LINE "0|0|-|cwd|n|O_RDWR+O_CREAT|0600|>0|3|openat@6|\n" THREAD_LINE "7|\n"
			  "0|0|-|0|10|5000|10|pwrite64@8|\n"
			  "1|0|8|0|FALLOC_FL_COLLAPSE_RANGE|4096|4096|-EINVAL|fallocate@9|\n"
			  "0|0|9|0|10|9000|10|pwrite64@10|\n"
			  "1|0|10|0|0|0|1|10|0|-EINVAL|copy_file_range@11|\n"
			  "0|0|11|0|0|0|ftruncate@12|\n"
			  "1|0|12|0|10|100|-EFAULT|pwrite64@13|\n"
			  "#INIT\n" W_DIR);
}
END_TEST

START_TEST(what_is_appended_is_one_behind_the_other)
{
	generates(TASK "1 o=openat;:,d=-100;:,p=n;:,f=1090;:,m=0600;:,s=3;:,\n" THREAD
		       "1 o=pwrite64;:,d=3;:,c=10;:,O=0;:,s=10;:,\n"
		       "1:2 o=write;:,d=3;:,c=10;:,s=10;:,\n"
		       "1 o=lseek;:,d=3;:,O=0;:,W=1;:,s=20;:,\n",
		TASK_LINE "0|0|-|cwd|n|O_RDWR+O_CREAT+O_APPEND|0600|>0|3|openat@6|\n" THREAD_LINE "7|\n"
			  "0|0|-|0|10|0|10|pwrite64@8|\n"
			  "1|0|8|0|10|10|write@9|\n"
			  "0|0|9|0|0|SEEK_CUR|20|lseek@10|\n"
			  "#INIT\n" W_DIR);
}
END_TEST

START_TEST(what_is_not_in_a_new_directory_is_waited_for)
{
	generates(TASK "1 o=mkdir;:,p=d;:,m=0755;:,s=0;:,\n"
		       "1 o=symlink;:,P=d/y;:,p=l;:,s=0;:,\n" THREAD
		       "1:2 o=stat;:,p=d/x/z;:,s=-2;:,\n"
		       "1 o=mkdir;:,p=d/x;:,m=0755;:,s=0;:,\n"
		       "1:2 o=rmdir;:,p=l/z;:,s=-2;:,\n"
		       "1 o=mknod;:,p=d/y;:,m=0100600;:,y=0x0;:,s=0;:,\n",
		TASK_LINE "0|0|-|d|0755|0|mkdir@6|\n"
			  "0|0|-|d/y|l|0|symlink@7|\n" THREAD_LINE "8|\n"
			  "1|0|-|d/x/z|-ENOENT|stat@9|\n"
			  "0|0|9|d/x|0755|0|mkdir@10|\n"
			  "1|0|-|l/z|-ENOENT|rmdir@11|\n"
			  "0|0|11|d/y|0100600|0x0|0|mknod@12|\n"
			  "#INIT\n" W_DIR);
}
END_TEST

START_TEST(nothing_is_read_and_written_at_the_end_of_all_offsets)
{
	generates(TASK FILE_F "1 o=openat;:,d=-100;:,p=f;:,f=2;:,m=0;:,s=3;:,\n"
			      "1 o=pread64;:,d=3;:,c=0;:,O=9223372036854775807;:,s=0;:,\n"
			      "1 o=pwrite64;:,d=3;:,c=0;:,O=9223372036854775807;:,s=0;:,\n",
		TASK_LINE "0|0|-|cwd|f|O_RDWR|0|>0|3|openat@7|\n"
			  "0|0|-|0|0|9223372036854775807|0|pread64@8|\n"
			  "0|0|-|0|0|9223372036854775807|0|pwrite64@9|\n"
			  "#INIT\n" W_DIR F_INIT("-"));
}
END_TEST

START_TEST(another_name_of_a_fifo_by_its_descriptor)
{
	generates(TASK "1 o=state_path;:,p=/w/p;:,x=8:1:5:010644:1:0:0:0:0;:,\n"
		       "1 o=openat;:,d=-100;:,p=p;:,f=2050;:,m=0;:,s=3;:,\n"
		       "1 o=linkat;:,d=-100;:,p=/proc/self/fd/3;:,e=-100;:,P=q;:,f=1024;:,s=0;:,\n",
		TASK_LINE "0|0|-|cwd|/r/.ioriot/t/w/p|cwd|q|AT_SYMLINK_FOLLOW|0|linkat@8|\n"
			  "#INIT\n" W_DIR "fifo|0644|0|0|/r/.ioriot/t/w/p|\n");
}
END_TEST

START_TEST(what_fails_in_a_removed_directory_waits_for_that)
{
	generates(TASK D_DIR "1 o=openat;:,d=-100;:,p=d;:,f=0;:,m=0;:,s=3;:,\n"
			     "1 o=mkdir;:,p=n;:,m=0755;:,s=0;:,\n" THREAD
			     "1:2 o=rmdir;:,p=d;:,s=0;:,\n"
			     "1 o=symlinkat;:,P=x;:,d=3;:,p=l;:,s=-2;:,\n"
			     "1 o=openat;:,d=-100;:,p=n/t;:,f=4259842;:,m=0600;:,s=-2;:,\n"
			     "1:2 o=mkdir;:,p=n/t;:,m=0755;:,s=0;:,\n",
		TASK_LINE "0|0|-|cwd|d|O_RDONLY|0|>0|3|openat@7|\n"
			  "0|0|-|n|0755|0|mkdir@8|\n" THREAD_LINE "9|\n"
			  "1|0|-|d|0|rmdir@10|\n"
			  "0|0|10|x|0|l|-ENOENT|symlinkat@11|\n"
			  "0|0|-|cwd|n/t|O_RDWR+O_TMPFILE|0600|>-|-ENOENT|openat@12|\n"
			  "1|0|12|n/t|0755|0|mkdir@13|\n"
			  "#INIT\n" W_DIR D_INIT);
}
END_TEST

START_TEST(writes_wait_for_who_makes_them_append)
{
	/* By another descriptor of the same description. */
	generates(TASK FILE_F "1 o=openat;:,d=-100;:,p=f;:,f=1;:,m=0;:,s=3;:,\n"
			      "1 o=dup;:,d=3;:,s=4;:,\n" THREAD
			      "1:2 o=fcntl;:,d=4;:,F=4;:,G=1024;:,s=0;:,\n"
			      "1 o=pwrite64;:,d=3;:,c=10;:,O=0;:,s=10;:,\n"
			      "1:2 o=fcntl;:,d=4;:,F=4;:,G=0;:,s=0;:,\n",
		TASK_LINE "0|0|-|cwd|f|O_WRONLY|0|>0|3|openat@7|\n"
			  "0|0|-|0|>1|4|dup@8|\n" THREAD_LINE "9|\n"
			  "1|0|-|1|F_SETFL|1024|>-|0|fcntl@10|\n"
			  "0|0|10|0|10|0|10|pwrite64@11|\n"
			  "1|0|11|1|F_SETFL|0|>-|0|fcntl@12|\n"
			  "#INIT\n" W_DIR F_INIT("8192+1808"));
}
END_TEST

START_TEST(what_may_not_be_opened_is_there)
{
	generates(TASK_U D_DIR_U "1 o=openat;:,d=-100;:,p=d/f;:,f=1;:,m=0;:,s=-13;:,\n",
		U_LINE "0|0|-|cwd|d/f|O_WRONLY|0|>-|-EACCES|openat@7|\n"
		       "#INIT\n" "dir|0755|0|0|/r/.ioriot/t/w|\n" D_INIT_U
		       "file|00|0|0|0|-|/r/.ioriot/t/w/d/f|\n");
}
END_TEST

START_TEST(overlapping_calls_on_descriptors)
{
	/* Used before the call that opened it was seen to end; not open yet, or no more. */
	generates(TASK FILE_F THREAD "1 D=20;:,o=pread64;:,d=3;:,c=10;:,O=0;:,s=10;:,\n"
				     "1:2 D=50;:,o=openat;:,d=-100;:,p=f;:,f=0;:,m=0;:,s=3;:,\n"
				     "1 D=30;:,o=fstat;:,d=3;:,s=-9;:,\n"
				     "1 D=30;:,o=newfstatat;:,d=3;:,p=x;:,f=0;:,s=-9;:,\n"
				     "1 o=write;:,d=3;:,c=10;:,s=-9;:,\n",
		TASK_LINE THREAD_LINE "7|\n"
			  "1|0|-|cwd|f|O_RDONLY|0|>0|3|openat@9|\n"
			  "0|0|9|0|10|0|10|pread64@8|\n"
			  "0|0|-|none|-EBADF|fstat@10|\n"
			  "0|0|-|none|x|0|-EBADF|newfstatat@11|\n"
			  "0|0|-|0|10|-EBADF|write@12|\n"
			  "#INIT\n" W_DIR F_INIT("0+4096"));
}
END_TEST

START_TEST(overlapping_calls_on_the_way_and_by_their_new_name)
{
	generates(TASK THREAD "1 o=state_path;:,p=/w/n;:,x=-;:,\n"
			      "1 o=creat;:,p=n;:,m=0644;:,s=3;:,\n"
			      "1:2 D=50;:,o=mkdir;:,p=n/x;:,m=0755;:,s=-2;:,\n",
		TASK_LINE THREAD_LINE "6|\n"
			  "1|0|-|n/x|0755|-ENOENT|mkdir@9|\n"
			  "0|0|9|n|0644|>0|3|creat@8|\n"
			  "#INIT\n" W_DIR);
	generates(TASK THREAD "1 o=state_path;:,p=/w/n;:,x=-;:,\n"
			      "1 D=20;:,o=mkdir;:,p=n/x;:,m=0755;:,s=-20;:,\n"
			      "1:2 D=50;:,o=creat;:,p=n;:,m=0644;:,s=3;:,\n",
		TASK_LINE THREAD_LINE "6|\n"
			  "1|0|-|n|0644|>0|3|creat@9|\n"
			  "0|0|9|n/x|0755|-ENOTDIR|mkdir@8|\n"
			  "#INIT\n" W_DIR);
	generates(TASK FILE_F THREAD "1 o=state_path;:,p=/w/n;:,x=-;:,\n"
				     "1 o=creat;:,p=n;:,m=0644;:,s=3;:,\n"
				     "1:2 D=50;:,o=link;:,p=f;:,P=n;:,s=0;:,\n",
		TASK_LINE THREAD_LINE "7|\n"
			  "1|0|-|f|n|0|link@10|\n"
			  "0|0|10|n|0644|>0|3|creat@9|\n"
			  "#INIT\n" W_DIR F_INIT("-"));
}
END_TEST

START_TEST(what_was_not_aligned_was_no_hole)
{
	generates(TASK FILE_F "1 o=openat;:,d=-100;:,p=f;:,f=16384;:,m=0;:,s=3;:,\n"
			      "1 o=read;:,d=3;:,c=4097;:,s=-22;:,\n",
		TASK_LINE "0|0|-|cwd|f|O_RDONLY+O_DIRECT|0|>0|3|openat@7|\n"
			  "0|0|-|0|4097|-EINVAL|read@8|\n"
			  "#INIT\n" W_DIR F_INIT("0+8192"));
}
END_TEST

/* ---- memory maps ---- */

#define OPEN_F	  "1 o=openat;:,d=-100;:,p=f;:,f=2;:,m=0;:,s=3;:,\n"
#define OPEN_LINE TASK_LINE "0|0|-|cwd|f|O_RDWR|0|>0|3|openat@7|\n"
/* three pages at 0x10000 */
#define MAP_F	 "1 o=mmap;:,a=0x0;:,c=10000;:,g=1;:,l=2;:,d=3;:,O=0;:,s=65536;:,\n"
#define MAP_LINE "0|0|-|-|10000|PROT_READ|MAP_PRIVATE|0|0|>M0|65536|mmap@8|\n"

/* The capture of these tests does not say what is known of pages. */
START_TEST(maps_are_known_by_parts)
{
	generates(TASK FILE_F OPEN_F MAP_F "1 o=close;:,d=3;:,s=0;:,\n"
			      "1 o=map_read;:,a=0x11000;:,v=4096+4096;:,s=4096;:,\n"
			      "1 o=madvise;:,a=0x10000;:,c=8192;:,f=3;:,s=0;:,\n"
			      "1 o=munmap;:,a=0x11000;:,c=4096;:,s=0;:,\n"
			      "1 o=map_read;:,a=0x10000;:,v=0+12288;:,s=12288;:,\n"
			      "1 o=munmap;:,a=0x0;:,c=1048576;:,s=0;:,\n"
			      "1 o=munmap;:,a=0x10000;:,c=4096;:,s=0;:,\n",
		OPEN_LINE MAP_LINE "0|0|-|0|-|0|close@9|\n"
				   "0|0|-|0:4096:4096|4096|map_read@10|\n"
				   "0|0|-|0:0:8192|8192|MADV_WILLNEED|0|madvise@11|\n"
				   "0|0|-|0:4096:4096|4096|0|munmap@12|\n"
				   "0|0|-|0:0:4096,0:8192:4096|8192|map_read@13|\n"
				   "0|0|-|0:0:4096,0:8192:4096|1048576|0|munmap@14|\n"
				   "#INIT\n" W_DIR F_INIT("0+10000"));
}
END_TEST

START_TEST(maps_take_the_place_of_others)
{
	generates(TASK FILE_F OPEN_F MAP_F
		"1 o=mmap;:,a=0x11000;:,c=4096;:,g=3;:,l=18;:,d=3;:,O=8192;:,s=69632;:,\n"
		"1 o=madvise;:,a=0x11000;:,c=8192;:,f=9;:,s=-13;:,\n"
		"1 o=mmap;:,a=0x10000;:,c=8192;:,g=0;:,l=50;:,d=-1;:,O=0;:,s=65536;:,\n"
		"1 o=map_write;:,a=0x12000;:,v=8192+4096;:,s=4096;:,\n"
		"1 o=exit_group;:,E=0;:,\n",
		OPEN_LINE MAP_LINE
		"0|0|-|0:4096:4096|4096|PROT_READ+PROT_WRITE|MAP_PRIVATE+MAP_FIXED|0|8192|>M1|69632|mmap@9|\n"
		"0|0|-|1:0:4096,0:8192:4096|8192|MADV_REMOVE|-EACCES|madvise@10|\n"
		"0|0|-|0:0:4096,1:0:4096|8192|0|munmap@11|\n"
		"0|0|-|0:8192:4096|4096|map_read@12|\n"
		"0|0|-|0|0,M0|-|exit_group@13|\n"
		"#INIT\n" W_DIR F_INIT("8192+1808"));
}
END_TEST

/* Pages behind the end of the file are refused: who makes it longer waits for that. */
START_TEST(advice_fails_of_the_length)
{
	generates(TASK FILE_F OPEN_F "1 o=mmap;:,a=0x0;:,c=20480;:,g=3;:,l=2;:,d=3;:,O=0;:,s=65536;:,\n"
			      "1 o=fork;:,s=2;:,\n"
			      "2 o=madvise;:,a=0x10000;:,c=20480;:,f=23;:,s=-14;:,\n"
			      "2 o=madvise;:,a=0x10000;:,c=4097;:,f=23;:,s=-22;:,\n"
			      "1 o=ftruncate;:,d=3;:,O=20480;:,s=0;:,\n",
		OPEN_LINE
		"0|0|-|-|20480|PROT_READ+PROT_WRITE|MAP_PRIVATE|0|0|>M0|65536|mmap@8|\n"
		"0|0|-|1:1|0:1|2|fork@9|\n"
		"1|1|-|0:0:20480|20480|MADV_POPULATE_WRITE|-EFAULT|madvise@10|\n"
		"1|1|-|0:0:4097|4097|MADV_POPULATE_WRITE|-EINVAL|madvise@11|\n"
		"0|0|10|0|20480|0|ftruncate@12|\n"
		"#INIT\n" W_DIR F_INIT("-"));
}
END_TEST

/* What is written into a shared map is in the file, up to its end and no further. */
START_TEST(shared_maps_are_written_when_nobody_saw_it)
{
	generates(TASK FILE_F OPEN_F
		"1 o=mmap;:,a=0x0;:,c=20000;:,g=3;:,l=1;:,d=3;:,O=4096;:,s=65536;:,\n"
		"1 o=msync;:,a=0x10000;:,c=4096;:,f=4;:,s=0;:,\n"
		"1 o=fstat;:,d=3;:,s=0;:,x=8:1:5:0100644:1:0:0:10000:24;:,\n",
		OPEN_LINE "0|0|-|-|20000|PROT_READ+PROT_WRITE|MAP_SHARED|0|4096|>M0|65536|mmap@8|\n"
			  "0|0|-|0:0:5904|5904|map_write@8|\n"
			  "0|0|-|0:0:4096|4096|MS_SYNC|0|msync@9|\n"
			  "0|0|-|0|0|fstat@10|\n"
			  "#INIT\n" W_DIR F_INIT("4096+5904"));
}
END_TEST

START_TEST(maps_move_and_grow)
{
	generates(TASK FILE_F OPEN_F MAP_F
		"1 o=mremap;:,a=0x10000;:,c=12288;:,C=16384;:,f=1;:,A=0x0;:,s=131072;:,\n"
		"1 o=munmap;:,a=0x10000;:,c=12288;:,s=0;:,\n"
		"1 o=mremap;:,a=0x21000;:,c=4096;:,C=8192;:,f=1;:,A=0x0;:,s=65536;:,\n"
		"1 o=mremap;:,a=0x20000;:,c=4096;:,C=0;:,f=0;:,A=0x0;:,s=-22;:,\n"
		"1 o=mremap;:,a=0x20000;:,c=4096;:,C=8192;:,f=0;:,A=0x0;:,s=-12;:,\n",
		OPEN_LINE MAP_LINE "0|0|-|0:0:12288|12288|16384|MREMAP_MAYMOVE|>M1|131072|mremap@9|\n"
				   "0|0|-|1:4096:4096|4096|0|munmap@11|\n"
				   "0|0|-|1:0:4096|4096|0|0|>-|-EINVAL|mremap@12|\n"
				   "#INIT\n" W_DIR F_INIT("-"));
}
END_TEST

/* Parent and child have one map in a replay; it ends when both have lost it. */
START_TEST(maps_of_parent_and_child)
{
	generates(TASK FILE_F OPEN_F MAP_F "1 o=fork;:,s=2;:,\n"
			      "2 o=map_read;:,a=0x10000;:,v=0+4096;:,s=4096;:,\n"
			      "2 o=munmap;:,a=0x10000;:,c=12288;:,s=0;:,\n"
			      "2 o=exit_group;:,E=0;:,\n"
			      "1 o=munmap;:,a=0x10000;:,c=4096;:,s=0;:,\n"
			      "1 o=munmap;:,a=0x11000;:,c=8192;:,s=0;:,\n",
		OPEN_LINE MAP_LINE "0|0|-|1:1|0:1|2|fork@9|\n"
				   "1|1|-|0:0:4096|4096|map_read@10|\n"
				   "1|1|-|0|1|-|exit_group@12|\n"
				   "0|0|10|0:0:12288|8192|0|munmap@14|\n"
				   "#INIT\n" W_DIR F_INIT("0+4096"));
}
END_TEST

/* Whether a file has extents decides what can be allocated in it. */
START_TEST(allocations_wait_for_flags)
{
	generates(TASK FILE_F OPEN_F "1 o=fork;:,s=2;:,\n"
			      "2 o=ioctl;:,d=3;:,F=1074292226;:,G=0;:,s=0;:,\n"
			      "1 o=fallocate;:,d=3;:,f=0;:,O=0;:,c=4096;:,s=-95;:,\n",
		OPEN_LINE "0|0|-|1:1|0:1|2|fork@8|\n"
			  "1|1|-|1|FS_IOC_SETFLAGS|0|0|ioctl@9|\n"
			  "0|0|9|0|0|0|4096|-EOPNOTSUPP|fallocate@10|\n"
			  "#INIT\n" W_DIR F_INIT("-"));
}
END_TEST

/* A context is of the memory, whoever made it, and stays when one of its processes executes something. */
START_TEST(contexts_of_shared_memory)
{
	generates(TASK FILE_F "1 o=vfork;:,s=2;:,\n"
			      "2 o=io_setup;:,n=8;:,k=0xa0;:,s=0;:,\n"
			      "1 o=io_setup;:,n=8;:,k=0xb0;:,s=0;:,\n"
			      "2 o=execve;:,p=/x;:,s=0;:,\n"
			      "2 o=io_destroy;:,k=0xb0;:,s=-22;:,\n"
			      "1 o=io_destroy;:,k=0xa0;:,s=0;:,\n"
			      "1 o=exit_group;:,E=0;:,\n",
		TASK_LINE "0|0|-|1:1|-|2|vfork@7|\n"
			  "1|1|-|8|0|0|io_setup@8|\n"
			  "0|0|-|8|1|0|io_setup@9|\n"
			  "1|1|-|%null|-|0|execve@10|\n"
			  "1|1|-|none|-EINVAL|io_destroy@11|\n"
			  "0|0|8|0|0|io_destroy@12|\n"
			  "0|0|-|0|K1|-|exit_group@13|\n"
			  "#INIT\n" W_DIR F_INIT("-"));
}
END_TEST

/* vfork: the child's maps are its parent's until it executes something. */
START_TEST(maps_of_shared_memory)
{
	generates(TASK FILE_F OPEN_F "1 o=vfork;:,s=2;:,\n"
			      "2 o=mmap;:,a=0x0;:,c=4096;:,g=1;:,l=1;:,d=3;:,O=0;:,s=65536;:,\n"
			      "2 o=execve;:,p=/x;:,s=0;:,\n"
			      "2 o=msync;:,a=0x10000;:,c=4096;:,f=1;:,s=0;:,\n"
			      "1 o=msync;:,a=0x10000;:,c=4096;:,f=1;:,s=0;:,\n",
		OPEN_LINE "0|0|-|1:1|0:1|2|vfork@8|\n"
			  "1|1|-|-|4096|PROT_READ|MAP_SHARED|1|0|>M0|65536|mmap@9|\n"
			  "1|1|-|%null|-|0|execve@10|\n"
			  "0|0|9|0:0:4096|4096|MS_ASYNC|0|msync@12|\n"
			  "#INIT\n" W_DIR F_INIT("-"));
}
END_TEST

/* The kernel gave addresses again before the call that freed them was seen to return. */
START_TEST(maps_that_overlapped_in_time)
{
	generates(TASK FILE_F OPEN_F MAP_F "1 o=clone;:,f=4001536;:,s=2;:,\n"
			      "1:2 D=5;:,o=mmap;:,a=0x0;:,c=4096;:,g=1;:,l=2;:,d=3;:,O=0;:,s=69632;:,\n"
			      "1 D=15;:,o=munmap;:,a=0x10000;:,c=12288;:,s=0;:,\n"
			      "1:2 o=munmap;:,a=0x11000;:,c=4096;:,s=0;:,\n",
		OPEN_LINE MAP_LINE
		"0|0|-|CLONE_VM+CLONE_FS+CLONE_FILES+CLONE_SIGHAND+CLONE_THREAD+CLONE_SYSVSEM+"
		"CLONE_SETTLS+CLONE_PARENT_SETTID+CLONE_CHILD_CLEARTID|0:1|-|2|clone@9|\n"
		"0|0|-|0:0:12288|12288|0|munmap@11|\n"
		"1|0|-|-|4096|PROT_READ|MAP_PRIVATE|0|0|>M1|69632|mmap@10|\n"
		"1|0|-|1:0:4096|4096|0|munmap@12|\n"
		"#INIT\n" W_DIR F_INIT("-"));
}
END_TEST

#define RING "1 o=io_uring_setup;:,n=8;:,f=0;:,N=0;:,k=5;:,s=4;:,\n"
#define RING_LINE(at) "0|0|-|8|0|0|1|>1|4|io_uring_setup@" at "|\n"

/* The numbers of a capture's rings and slots are not those of the replay; the rest is a plain call's. */
START_TEST(submissions_are_like_plain_calls)
{
	generates(TASK FILE_F
		"1 o=openat;:,d=-100;:,p=f;:,f=2;:,m=0;:,s=3;:,\n" RING
		"1 o=io_uring_enter;:,d=4;:,n=3;:,N=2;:,f=1;:,k=5;:,j=0;:,s=3;:,\n"
		"1 o=uring_read;:,k=5:0:0:-:-:0x0;:,d=3;:,c=4096;:,O=-1;:,f=0;:,s=4096;:,\n"
		"1 o=uring_readv;:,k=5:1:96:-:-:0x0;:,d=3;:,v=100,200;:,O=9900;:,f=0;:,s=100;:,\n"
		"1 o=uring_unlinkat;:,k=5:2:16:-:-:0x9;:,d=-100;:,p=f;:,f=0;:,s=0;:,\n"
		"1 o=read;:,d=3;:,c=1;:,s=1;:,\n"
		"1 o=uring_close;:,k=5:3:0:-:-:0x0;:,d=3;:,s=0;:,\n"
		"1 o=close;:,d=4;:,s=0;:,\n",
		TASK_LINE "0|0|-|cwd|f|O_RDWR|0|>0|3|openat@7|\n" RING_LINE("8")
		"0|0|-|4|3|2|IORING_ENTER_GETEVENTS|1|0|3|io_uring_enter@9|\n"
		"0|0|-|1:0:0:-:-|0|4096|-1|0|4096|uring_read@10|\n"
		"0|0|-|1:1:0:-:-|0|100,200|9900|0|100|uring_readv@11|\n"
		"0|0|-|1:2:IOSQE_ASYNC:-:-|cwd|f|0|0|uring_unlinkat@12|\n"
		"0|0|-|0|1|1|read@13|\n"
		"0|0|-|1:3:0:-:-|0|-|0|uring_close@14|\n"
		"0|0|-|1|R1|0|close@15|\n"
		"#INIT\n" W_DIR F_INIT("0+10000"));
}
END_TEST

/* Cancelled ones close nothing, and what a capture says of a ring that closed itself cannot be. */
START_TEST(submissions_that_close_nothing)
{
	generates(TASK FILE_F "1 o=openat;:,d=-100;:,p=f;:,f=2;:,m=0;:,s=3;:,\n" RING
		"1 o=io_uring_enter;:,d=4;:,n=4;:,N=4;:,f=1;:,k=5;:,j=0;:,s=4;:,\n"
		"1 o=uring_fsync;:,k=5:0:4:-:-:0x0;:,d=9;:,O=0;:,c=0;:,s=-9;:,\n"
		"1 o=uring_close;:,k=5:1:4:-:-:0x0;:,d=3;:,s=-125;:,\n"
		"1 o=uring_close;:,k=5:2:0:-:-:0x0;:,d=4;:,s=-125;:,\n"
		"1 o=read;:,d=3;:,c=1;:,s=1;:,\n"
		"1 o=uring_close;:,k=5:3:0:-:-:0x0;:,d=4;:,s=0;:,\n"
		"1 o=read;:,d=3;:,c=1;:,s=1;:,\n",
		TASK_LINE "0|0|-|cwd|f|O_RDWR|0|>0|3|openat@7|\n" RING_LINE("8")
		"0|0|-|4|4|4|IORING_ENTER_GETEVENTS|1|0|4|io_uring_enter@9|\n"
		"0|0|-|1:0:IOSQE_IO_LINK:-:-|none|0|0|-EBADF|uring_fsync@10|\n"
		"0|0|-|1:1:IOSQE_IO_LINK:-:-|0|-|-ECANCELED|uring_close@11|\n"
		"0|0|-|1:2:0:-:-|1|-|-ECANCELED|uring_close@12|\n"
		"0|0|-|0|1|1|read@13|\n"
		"0|0|-|0|1|1|read@15|\n"
		"#INIT\n" W_DIR F_INIT("0+4096"));
}
END_TEST

/* A chain that closes what it is about, and opens another file by that number: the kernel comes to one after the other. */
START_TEST(submissions_behind_one_that_closed_their_file)
{
	generates(TASK FILE_F "1 o=state_path;:,p=/w/g;:,x=8:1:6:0100644:1:0:0:10000:24;:,\n"
		"1 o=openat;:,d=-100;:,p=f;:,f=2;:,m=0;:,s=3;:,\n" RING
		"1 o=io_uring_enter;:,d=4;:,n=5;:,N=5;:,f=1;:,k=5;:,j=0;:,s=5;:,\n"
		"1 D=15;:,o=uring_read;:,k=5:0:4:-:-:0x0;:,d=3;:,c=10;:,O=0;:,f=0;:,s=10;:,\n"
		"1 D=25;:,o=uring_close;:,k=5:1:8:-:-:0x0;:,d=3;:,s=0;:,\n"
		"1 D=35;:,o=uring_read;:,k=5:2:8:-:-:0x0;:,d=3;:,c=10;:,O=0;:,f=0;:,s=-9;:,\n"
		"1 D=45;:,o=uring_openat;:,k=5:3:8:-:-:0x0;:,d=-100;:,p=g;:,f=2;:,m=0;:,s=3;:,\n"
		"1 D=55;:,o=uring_read;:,k=5:4:0:-:-:0x0;:,d=3;:,c=10;:,O=5000;:,f=0;:,s=10;:,\n",
		TASK_LINE "0|0|-|cwd|f|O_RDWR|0|>0|3|openat@8|\n" RING_LINE("9")
		"0|0|-|4|5|5|IORING_ENTER_GETEVENTS|1|0|5|io_uring_enter@10|\n"
		"0|0|-|1:0:IOSQE_IO_LINK:-:-|0|10|0|0|10|uring_read@11|\n"
		"0|0|-|1:1:IOSQE_IO_HARDLINK:-:-|0|-|0|uring_close@12|\n"
		"0|0|-|1:2:IOSQE_IO_HARDLINK:-:-|none|10|0|0|-EBADF|uring_read@13|\n"
		"0|0|-|1:3:IOSQE_IO_HARDLINK:-:-|cwd|g|O_RDWR|0|>2|3|uring_openat@14|\n"
		"0|0|-|1:4:0:-:-|2|10|5000|0|10|uring_read@15|\n"
		"#INIT\n" W_DIR F_INIT("0+4096") "file|0644|0|0|10000|4096+4096|/r/.ioriot/t/w/g|\n");
}
END_TEST

/* What a submission is about is decided when it is made: its descriptor may be another one when it is over. */
START_TEST(submissions_outlive_their_descriptors)
{
	generates(TASK FILE_F "1 o=state_path;:,p=/w/g;:,x=8:1:6:0100644:1:0:0:10000:24;:,\n"
		"1 o=openat;:,d=-100;:,p=f;:,f=2;:,m=0;:,s=3;:,\n" RING THREAD
		"1 o=io_uring_enter;:,d=4;:,n=3;:,N=0;:,f=1;:,k=5;:,j=0;:,s=3;:,\n"
		"1:2 o=close;:,d=3;:,s=0;:,\n"
		"1 o=openat;:,d=-100;:,p=g;:,f=2;:,m=0;:,s=3;:,\n"
		"1 D=25;:,o=uring_fsync;:,k=5:0:0:-:-:0x0;:,d=3;:,O=0;:,c=0;:,s=0;:,\n"
		"1 D=35;:,o=uring_read;:,k=5:1:0:-:-:0x0;:,d=3;:,c=10;:,O=0;:,f=0;:,s=10;:,\n"
		"1 o=close;:,d=3;:,s=0;:,\n"
		"1 D=25;:,o=uring_read;:,k=5:2:0:-:-:0x0;:,d=3;:,c=10;:,O=5;:,f=0;:,s=10;:,\n"
		"1 o=openat;:,d=-100;:,p=g;:,f=2;:,m=0;:,s=3;:,\n"
		"1 o=close;:,d=3;:,s=0;:,\n"
		"1 D=5;:,o=uring_read;:,k=5:2:0:-:-:0x0;:,d=3;:,c=10;:,O=5;:,f=0;:,s=-9;:,\n",
		TASK_LINE "0|0|-|cwd|f|O_RDWR|0|>0|3|openat@8|\n" RING_LINE("9") THREAD_LINE "10|\n"
		"0|0|-|4|3|0|IORING_ENTER_GETEVENTS|1|0|3|io_uring_enter@11|\n"
		"1|0|11|0|-|0|close@12|\n"
		"0|0|-|cwd|g|O_RDWR|0|>2|3|openat@13|\n"
		"0|0|-|1:0:REUSED:-:-|0|0|0|0|uring_fsync@14|\n"
		"0|0|-|1:1:0:-:-|0|10|0|0|10|uring_read@15|\n"
		"0|0|12|2|-|0|close@16|\n"
		"0|0|-|1:2:0:-:-|2|10|5|0|10|uring_read@17|\n"
		"0|0|-|cwd|g|O_RDWR|0|>3|3|openat@18|\n"
		"0|0|-|3|-|0|close@19|\n"
		"0|0|-|1:2:0:-:-|none|10|5|0|-EBADF|uring_read@20|\n"
		"#INIT\n" W_DIR F_INIT("0+4096") "file|0644|0|0|10000|0+4096|/r/.ioriot/t/w/g|\n");
}
END_TEST

/* Of what is no file as well; but what only a file does was done by that which has the number now. */
START_TEST(submissions_outlive_descriptors_of_no_files)
{
	struct generate_result *res = calloc(1, sizeof(*res));

	generates_root("/r", TASK FILE_F
		"1 o=socket;:,f=0;:,s=3;:,\n" RING
		"1 o=io_uring_enter;:,d=4;:,n=2;:,N=0;:,f=1;:,k=5;:,j=0;:,s=2;:,\n"
		"1 o=close;:,d=3;:,s=0;:,\n"
		"1 o=openat;:,d=-100;:,p=f;:,f=2;:,m=0;:,s=3;:,\n"
		"1 D=25;:,o=uring_fsync;:,k=5:0:0:-:-:0x0;:,d=3;:,O=0;:,c=0;:,s=-22;:,\n"
		"1 D=35;:,o=uring_fsync;:,k=5:1:0:-:-:0x0;:,d=3;:,O=0;:,c=0;:,s=0;:,\n",
		TASK_LINE "0|0|-|8|0|0|1|>0|4|io_uring_setup@8|\n"
		"0|0|-|4|2|0|IORING_ENTER_GETEVENTS|1|0|2|io_uring_enter@9|\n"
		"0|0|-|cwd|f|O_RDWR|0|>1|3|openat@11|\n"
		"0|0|-|1:1:0:-:-|1|0|0|0|uring_fsync@13|\n"
		"#INIT\n" W_DIR F_INIT("-"), res);
	ck_assert_uint_eq(res->left_out[LEFT_SOCKET], 3);
	free(res);
}
END_TEST

START_TEST(registered_files_outlive_their_descriptors)
{
	generates(TASK FILE_F
		"1 o=openat;:,d=-100;:,p=f;:,f=0;:,m=0;:,s=3;:,\n" RING
		"1 o=io_uring_register;:,d=4;:,F=13;:,v=-;:,n=8;:,k=5;:,s=0;:,\n"
		"1 o=uring_file;:,k=5;:,n=6;:,e=3;:,s=0;:,\n"
		"1 o=close;:,d=3;:,s=0;:,\n"
		"1 o=uring_read;:,k=5:0:1:2:-:0x0;:,d=6;:,c=10;:,O=0;:,f=0;:,s=10;:,\n"
		"1 o=uring_openat;:,k=5:1:4:-:6:0x0;:,d=-100;:,p=new;:,f=66;:,m=0600;:,s=0;:,\n"
		"1 o=uring_write;:,k=5:2:1:-:-:0x0;:,d=6;:,c=10;:,O=0;:,f=0;:,s=10;:,\n"
		"1 o=uring_close;:,k=5:3:0:-:6:0x0;:,d=0;:,s=0;:,\n"
		"1 o=uring_openat;:,k=5:4:0:-:4294967294:0x0;:,d=-100;:,p=f;:,f=0;:,m=0;:,s=7;:,\n"
		"1 o=uring_file;:,k=5;:,n=7;:,e=-1;:,s=0;:,\n"
		"1 o=uring_fsync;:,k=5:5:1:-:-:0x0;:,d=7;:,O=0;:,c=0;:,s=-9;:,\n"
		"1 o=exit_group;:,E=0;:,\n",
		TASK_LINE "0|0|-|cwd|f|O_RDONLY|0|>0|3|openat@7|\n" RING_LINE("8")
		"0|0|-|4|IORING_REGISTER_FILES|-|8|1|0|io_uring_register@9|\n"
		"0|0|-|1|6|0|0|uring_file@10|\n"
		"0|0|-|0|-|0|close@11|\n"
		"0|0|-|1:0:IOSQE_FIXED_FILE:2:6|none|10|0|0|10|uring_read@12|\n"
		"0|0|-|1:1:IOSQE_IO_LINK:-:6|cwd|new|O_RDWR+O_CREAT|0600|>-|0|uring_openat@13|\n"
		"0|0|-|1:2:IOSQE_FIXED_FILE:-:6|none|10|0|0|10|uring_write@14|\n"
		"0|0|-|1:3:0:-:6|none|-|0|uring_close@15|\n"
		"0|0|-|1:4:0:-:7|cwd|f|O_RDONLY|0|>-|7|uring_openat@16|\n"
		"0|0|-|1|7|none|0|uring_file@17|\n"
		"0|0|-|1:5:IOSQE_FIXED_FILE:-:7|none|0|0|-EBADF|uring_fsync@18|\n"
		"0|0|-|0|1,R1|-|exit_group@19|\n"
		"#INIT\n" W_DIR F_INIT("0+4096"));
}
END_TEST

START_TEST(what_is_no_file_operation_of_a_known_ring_is_left_out)
{
	struct generate_result *res = calloc(1, sizeof(*res));

	generates_root("/r", TASK FILE_F
		"1 o=openat;:,d=-100;:,p=f;:,f=0;:,m=0;:,s=3;:,\n" RING
		"1 o=uring_other;:,k=5:0:4:-:-:0x0;:,F=27;:,d=9;:,O=0;:,c=64;:,s=5;:,\n"
		"1 o=uring_read;:,k=5:1:0:-:-:0x0;:,d=3;:,c=10;:,O=0;:,f=0;:,s=-125;:,\n"
		"1 o=uring_read;:,k=6:0:0:-:-:0x0;:,d=3;:,c=10;:,O=0;:,f=0;:,s=10;:,\n"
		"1 o=io_uring_enter;:,d=4;:,n=1;:,N=1;:,f=1;:,k=5;:,j=2;:,s=-4;:,\n"
		"1 o=io_uring_enter;:,d=8;:,n=1;:,N=1;:,f=1;:,k=0;:,j=0;:,s=1;:,\n"
		"1 o=io_uring_setup;:,n=8;:,f=2;:,N=0;:,k=0;:,s=5;:,\n"
		"1 o=io_uring_register;:,d=4;:,F=8;:,v=-;:,n=256;:,k=5;:,s=0;:,\n"
		"1 o=uring_read;:,k=5:2:4:-:-:0x0;:,d=3;:,c=10;:,O=9999;:,f=0;:,s=1;:,\n"
		"1 o=uring_fsync;:,k=5:3:0:-:-:0x0;:,d=3;:,O=0;:,c=0;:,s=-125;:,\n",
		TASK_LINE "0|0|-|cwd|f|O_RDONLY|0|>0|3|openat@7|\n" RING_LINE("8")
		"0|0|-|1:2:IOSQE_IO_LINK:-:-|0|10|9999|0|1|uring_read@16|\n"
		"0|0|-|1:3:0:-:-|0|0|0|-ECANCELED|uring_fsync@17|\n"
		"#INIT\n" W_DIR F_INIT("8192+1808"), res);
	ck_assert_uint_eq(res->left_out[LEFT_RING_OP], 1);
	ck_assert_uint_eq(res->left_out[LEFT_RING_CALL], 3);
	ck_assert_uint_eq(res->left_out[LEFT_RING], 3);
	free(res);
}
END_TEST

/* Its end and that of another descriptor are one line, which waits for both. */
START_TEST(a_ring_ends_with_files_of_its_submissions)
{
	generates(TASK FILE_F OPEN_F "1 o=clone;:,f=67840;:,s=2;:,\n"
		"1:2 o=io_uring_setup;:,n=8;:,f=0;:,N=0;:,k=5;:,s=4;:,\n"
		"1:2 o=io_uring_enter;:,d=4;:,n=1;:,N=0;:,f=0;:,k=5;:,j=0;:,s=1;:,\n"
		"1:2 o=exit;:,E=0;:,\n",
		OPEN_LINE "0|0|-|CLONE_VM+CLONE_SIGHAND+CLONE_THREAD|0:1|0:1|2|clone@8|\n"
		"1|0|-|8|0|0|1|>2|4|io_uring_setup@9|\n"
		"1|0|-|4|1|0|0|1|0|1|io_uring_enter@10|\n"
		"1|0|-|0|1,2,R1|-|exit@11|\n"
		"#INIT\n" W_DIR F_INIT("-"));
}
END_TEST

/* A fsync of a range has one in a ring only. A splice that was short ends its chain, in a replay it is not short. */
START_TEST(ranges_and_short_splices_in_a_ring)
{
	struct generate_result *res = calloc(1, sizeof(*res));

	generates_root("/r", TASK FILE_F OPEN_F RING
		"1 o=uring_fdatasync;:,k=5:0:0:-:-:0x0;:,d=3;:,O=-1;:,c=7364;:,s=-22;:,\n"
		"1 o=pipe;:,d=5;:,e=6;:,s=0;:,\n"
		"1 o=uring_splice;:,k=5:1:4:-:-:0x0;:,d=5;:,O=-1;:,e=3;:,M=0;:,c=100;:,f=0;:,s=60;:,\n"
		"1 o=uring_symlinkat;:,k=5:2:0:-:-:0x0;:,p=x;:,d=-100;:,P=l;:,s=-125;:,\n",
		OPEN_LINE RING_LINE("8") "0|0|-|1:0:0:-:-|0|-1|7364|-EINVAL|uring_fdatasync@9|\n"
		"#INIT\n" W_DIR F_INIT("-"), res);
	ck_assert_uint_eq(res->left_out[LEFT_RING_CALL], 1);
	free(res);
}
END_TEST

/* Whoever cancelled them is not there to do it again. */
START_TEST(a_chain_is_left_out_from_what_a_replay_does_not_have)
{
	struct generate_result *res = calloc(1, sizeof(*res));

	generates_root("/r", TASK "1 o=eventfd;:,s=3;:,\n" RING
		"1 o=uring_fsync;:,k=5:0:4:-:-:0x0;:,d=9;:,O=0;:,c=0;:,s=-9;:,\n"
		"1 o=uring_read;:,k=5:1:8:-:-:0x0;:,d=3;:,c=8;:,O=0;:,f=0;:,s=-125;:,\n"
		"1 o=uring_unlinkat;:,k=5:2:4:-:-:0x9;:,d=-100;:,p=g;:,f=0;:,s=-125;:,\n"
		"1 o=uring_fsync;:,k=5:3:0:-:-:0x0;:,d=9;:,O=0;:,c=0;:,s=-125;:,\n",
		TASK_LINE "0|0|-|8|0|0|1|>0|4|io_uring_setup@7|\n"
		"0|0|-|1:0:IOSQE_IO_LINK:-:-|none|0|0|-EBADF|uring_fsync@8|\n"
		"#INIT\n" W_DIR, res);
	ck_assert_uint_eq(res->left_out[LEFT_RING_CALL], 2);
	free(res);
}
END_TEST

/* The order of those around it stays. */
START_TEST(what_is_left_out_of_a_chain_is_a_link_of_it)
{
	generates(TASK FILE_F "1 o=eventfd;:,s=3;:,\n" RING
		"1 o=uring_mkdirat;:,k=5:0:4:-:-:0x0;:,d=-100;:,p=g;:,m=0777;:,s=0;:,\n"
		"1 o=uring_unlinkat;:,k=5:1:8:-:-:0x0;:,d=3;:,p=f;:,f=0;:,s=-20;:,\n"
		"1 o=uring_other;:,k=5:2:4:-:-:0x0;:,F=27;:,d=3;:,O=0;:,c=1;:,s=-88;:,\n"
		"1 o=uring_unlinkat;:,k=5:3:4:-:-:0x9;:,d=-100;:,p=g;:,f=512;:,s=-125;:,\n"
		"1 o=uring_nop;:,k=5:4:0:-:-:0x9;:,s=-125;:,\n",
		TASK_LINE "0|0|-|8|0|0|1|>0|4|io_uring_setup@8|\n"
		"0|0|-|1:0:IOSQE_IO_LINK:-:-|cwd|g|0777|0|uring_mkdirat@9|\n"
		"0|0|-|1:1:IOSQE_IO_HARDLINK:-:-|0|uring_nop@10|\n"
		"0|0|-|1:2:IOSQE_IO_LINK:-:-|0|uring_nop@11|\n"
		"#INIT\n" W_DIR F_INIT("-"));
}
END_TEST

/* Without a slot for it the file is opened all the same, and closed again. */
START_TEST(what_has_no_slot_is_made)
{
	generates(TASK "1 o=state_path;:,p=/w/g;:,x=-;:,\n1 o=state_path;:,p=/w/h;:,x=-;:,\n"
		"1 o=state_path;:,p=/w/i;:,x=-;:,\n" RING
		"1 o=uring_openat;:,k=5:0:0:-:2:0x0;:,d=-100;:,p=g;:,f=66;:,m=0600;:,s=-6;:,\n"
		"1 o=stat;:,p=g;:,s=0;:,\n"
		"1 o=uring_openat;:,k=5:1:0:-:4294967294:0x0;:,d=-100;:,p=i;:,f=66;:,m=0600;:,s=-23;:,\n"
		"1 o=stat;:,p=i;:,s=0;:,\n"
		"1 o=io_uring_register;:,d=4;:,F=2;:,v=-;:,n=2;:,k=5;:,s=0;:,\n"
		"1 o=uring_openat;:,k=5:2:0:-:2:0x0;:,d=-100;:,p=h;:,f=66;:,m=0600;:,s=-22;:,\n"
		"1 o=stat;:,p=h;:,s=0;:,\n",
		TASK_LINE "0|0|-|8|0|0|1|>0|4|io_uring_setup@9|\n"
		"0|0|-|1:0:0:-:2|cwd|g|O_RDWR+O_CREAT|0600|>-|-ENXIO|uring_openat@10|\n"
		"0|0|-|g|0|stat@11|\n"
		"0|0|-|1:1:0:-:4294967294|cwd|i|O_RDWR+O_CREAT|0600|>-|-ENFILE|uring_openat@12|\n"
		"0|0|-|i|0|stat@13|\n"
		"0|0|-|4|IORING_REGISTER_FILES|-|2|1|0|io_uring_register@14|\n"
		"0|0|-|1:2:0:-:2|cwd|h|O_RDWR+O_CREAT|0600|>-|-EINVAL|uring_openat@15|\n"
		"0|0|-|h|0|stat@16|\n"
		"#INIT\n" W_DIR);
}
END_TEST

/* ---- Linux AIO ---- */

/* Writes where they are submitted, reads where their event came. */
START_TEST(iocbs_do_what_they_ask_for)
{
	generates(TASK FILE_F "1 o=openat;:,d=-100;:,p=f;:,f=2;:,m=0;:,s=3;:,\n"
			      "1 o=io_setup;:,n=8;:,k=0xa0;:,s=0;:,\n"
			      "1 o=io_submit;:,k=0xa0;:,n=3;:,b=100:0:3:0:4096:512:9,200:1:3:9000:3000,300:2:3;:,s=3;:,\n"
			      "1 o=io_getevents;:,k=0xa0;:,N=3;:,n=8;:,b=200:3000,100:4096,300:0;:,u=-;:,s=3;:,\n"
			      "1 o=io_submit;:,k=0xa0;:,n=1;:,b=100:7:3:11000:2:0:0:0:0:0:0:2,500,5000;:,s=1;:,\n"
			      "1 o=io_getevents;:,k=0xa0;:,N=1;:,n=8;:,b=100:1000;:,u=5000;:,s=1;:,\n"
			      "1 o=io_cancel;:,k=0xa0;:,a=0x64;:,s=-22;:,\n"
			      "1 o=io_destroy;:,k=0xa0;:,s=0;:,\n"
			      "1 o=io_destroy;:,k=0xa0;:,s=-22;:,\n",
		TASK_LINE "0|0|-|cwd|f|O_RDWR|0|>0|3|openat@7|\n"
			  "0|0|-|8|0|0|io_setup@8|\n"
			  "0|0|-|0|3|1:0:0:0:4096:512,2:1:0:9000:3000,3:2|3|io_submit@9|\n"
			  "0|0|-|0|3|8|2:3000:0:1,1:4096,3:0:0:1|-|3|io_getevents@10|\n"
			  "0|0|-|0|1|4:7:0:11000:2:0:0:0:0:0:0:2,500,5000|1|io_submit@11|\n"
			  "0|0|-|0|1|8|4:1000:0:1|5000|1|io_getevents@12|\n"
			  "0|0|-|0|0x0|-EINVAL|io_cancel@13|\n"
			  "0|0|-|0|0|io_destroy@14|\n"
			  "0|0|-|none|-EINVAL|io_destroy@15|\n"
			  "#INIT\n" W_DIR F_INIT("0+4096,8192+1808"));
}
END_TEST

START_TEST(iocbs_are_refused_again)
{
	generates(TASK FILE_F "1 o=openat;:,d=-100;:,p=f;:,f=2;:,m=0;:,s=3;:,\n"
			      "1 o=io_setup;:,n=0;:,k=0x0;:,s=-22;:,\n"
			      "1 o=io_setup;:,n=8;:,k=0xa0;:,s=0;:,\n"
			      "1 o=io_submit;:,k=0xa0;:,n=3;:,b=100:0:3:0:10,200:0:99:0:10;:,s=1;:,\n"
			      "1 o=io_submit;:,k=0xa0;:,n=1;:,b=200:0:99:0:10;:,s=-9;:,\n"
			      "1 o=io_submit;:,k=0xa0;:,n=2;:,b=0;:,s=-14;:,\n"
			      "1 o=io_submit;:,k=0xb0;:,n=1;:,b=100:0:3:0:10;:,s=-22;:,\n"
			      "1 o=io_submit;:,k=0xa0;:,n=-1;:,b=-;:,s=-22;:,\n"
			      "1 o=io_getevents;:,k=0xa0;:,N=1;:,n=8;:,b=-;:,u=-;:,s=-4;:,\n"
			      "1 o=io_getevents;:,k=0xa0;:,N=0;:,n=8;:,b=-;:,u=0;:,s=0;:,\n",
		TASK_LINE "0|0|-|cwd|f|O_RDWR|0|>0|3|openat@7|\n"
			  "0|0|-|0|none|-EINVAL|io_setup@8|\n"
			  "0|0|-|8|0|0|io_setup@9|\n"
			  "0|0|-|0|2|1:0:0:0:10,4294967295:0:4294967295:0:10|1|io_submit@10|\n"
			  "0|0|-|0|1|4294967295:0:4294967295:0:10|-EBADF|io_submit@11|\n"
			  "0|0|-|0|1|0|-EFAULT|io_submit@12|\n"
			  "0|0|-|none|1|4294967295:0:0:0:10|-EINVAL|io_submit@13|\n"
			  "0|0|-|0|-1|-|-EINVAL|io_submit@14|\n"
			  "0|0|-|0|0|8|-|0|0|io_getevents@16|\n"
			  "#INIT\n" W_DIR F_INIT("0+4096"));
}
END_TEST

/* A device, an eventfd, a poll; and an event of before the capture. */
START_TEST(iocbs_on_what_is_no_file_leave_their_batch)
{
	generates(TASK FILE_F "1 o=openat;:,d=-100;:,p=f;:,f=2;:,m=0;:,s=3;:,\n"
			      "1 o=openat;:,d=-100;:,p=/dev/sda;:,f=2;:,m=0;:,s=4;:,\n"
			      "1 o=io_submit;:,k=0xa0;:,n=2;:,b=100:0:4:0:10,200:0:3:0:10:0:0:0:1:7;:,s=2;:,\n"
			      "1 o=io_getevents;:,k=0xa0;:,N=2;:,n=8;:,b=100:10,200:10;:,u=-;:,s=2;:,\n"
			      "1 o=io_submit;:,k=0xa0;:,n=1;:,b=100:0:4:0:10;:,s=1;:,\n"
			      "1 o=io_getevents;:,k=0xa0;:,N=1;:,n=8;:,b=100:10;:,u=-;:,s=1;:,\n"
			      "1 o=io_submit;:,k=0xa0;:,n=2;:,b=100:5:3,200:0:3:0:10;:,s=2;:,\n"
			      "1 o=io_getevents;:,k=0xa0;:,N=1;:,n=8;:,b=555:10;:,u=-;:,s=1;:,\n",
		TASK_LINE "0|0|-|cwd|f|O_RDWR|0|>0|3|openat@7|\n"
			  "0|0|-|0|1|1:0:0:0:10|1|io_submit@9|\n"
			  "0|0|-|0|1|8|1:10|-|1|io_getevents@10|\n"
			  "0|0|-|0|1|2:0:0:0:10|1|io_submit@13|\n"
			  "#INIT\n" W_DIR F_INIT("0+4096"));
}
END_TEST

START_TEST(iocbs_that_are_left_out_are_counted)
{
	struct generate_result *res = calloc(1, sizeof(*res));

	generates_root("/r",
		TASK FILE_F "1 o=openat;:,d=-100;:,p=f;:,f=2;:,m=0;:,s=3;:,\n"
			    "1 o=openat;:,d=-100;:,p=/dev/sda;:,f=2;:,m=0;:,s=4;:,\n"
			    "1 o=io_submit;:,k=0xa0;:,n=3;:,b=100:0:4:0:10,200:0:3:0:10,300:0:4:0:10;:,s=3;:,\n"
			    "1 o=io_getevents;:,k=0xa0;:,N=2;:,n=8;:,b=100:10,300:10;:,u=-;:,s=2;:,\n"
			    "1 o=io_getevents;:,k=0xa0;:,N=0;:,n=8;:,b=-;:,u=0;:,s=-4;:,\n",
		TASK_LINE "0|0|-|cwd|f|O_RDWR|0|>0|3|openat@7|\n"
			  "0|0|-|0|1|1:0:0:0:10|1|io_submit@9|\n"
			  "#INIT\n" W_DIR F_INIT("0+4096"),
		res);
	ck_assert_uint_eq(res->left_out[LEFT_AIO_PART], 2);
	ck_assert_uint_eq(res->left_out[LEFT_AIO_UNKNOWN], 1);
	ck_assert_uint_eq(res->left_out[LEFT_AIO_WAIT], 1);
	free(res);
}
END_TEST

/* Files that were changed by hand. */
START_TEST(iocbs_that_cannot_have_been_submitted)
{
	generates(TASK FILE_F "1 o=openat;:,d=-100;:,p=f;:,f=2;:,m=0;:,s=3;:,\n"
			      "1 o=io_submit;:,k=0xa0;:,n=1;:,b=0;:,s=1;:,\n"
			      "1 o=io_submit;:,k=0xa0;:,n=2;:,b=0,200:0:3:0:10:0:0:0:0:0:0:9;:,s=9;:,\n"
			      "1 o=io_getevents;:,k=0xa0;:,N=1;:,n=8;:,b=0,0:5,200:10;:,u=-;:,s=3;:,\n",
		TASK_LINE "0|0|-|cwd|f|O_RDWR|0|>0|3|openat@7|\n"
			  "0|0|-|0|1|1:0:0:0:10|1|io_submit@9|\n"
			  "0|0|-|0|1|8|1:10|-|1|io_getevents@10|\n"
			  "#INIT\n" W_DIR F_INIT("0+4096"));
}
END_TEST

START_TEST(writes_that_failed_did_not_extend)
{
	generates(TASK FILE_F "1 o=openat;:,d=-100;:,p=f;:,f=2;:,m=0;:,s=3;:,\n"
			      "1 o=io_submit;:,k=0xa0;:,n=1;:,b=100:1:3:9000:4000;:,s=1;:,\n"
			      "1 o=lseek;:,d=3;:,O=0;:,W=2;:,s=13000;:,\n"
			      "1 o=io_getevents;:,k=0xa0;:,N=1;:,n=8;:,b=100:-5;:,u=-;:,s=1;:,\n"
			      "1 o=lseek;:,d=3;:,O=0;:,W=2;:,s=10000;:,\n"
			      "1 o=io_submit;:,k=0xa0;:,n=1;:,b=100:1:3:9000:4000;:,s=1;:,\n"
			      "1 o=io_getevents;:,k=0xa0;:,N=1;:,n=8;:,b=100:2000;:,u=-;:,s=1;:,\n"
			      "1 o=lseek;:,d=3;:,O=0;:,W=2;:,s=11000;:,\n",
		TASK_LINE "0|0|-|cwd|f|O_RDWR|0|>0|3|openat@7|\n"
			  "0|0|-|0|1|1:1:0:9000:4000|1|io_submit@8|\n"
			  "0|0|-|0|0|SEEK_END|13000|lseek@9|\n"
			  "0|0|-|0|1|8|1:-5:0:1|-|1|io_getevents@10|\n"
			  "0|0|-|0|0|SEEK_END|10000|lseek@11|\n"
			  "0|0|-|0|1|2:1:0:9000:2000|1|io_submit@12|\n"
			  "0|0|-|0|1|8|2:2000:0:1|-|1|io_getevents@13|\n"
			  "0|0|-|0|0|SEEK_END|11000|lseek@14|\n"
			  "#INIT\n" W_DIR F_INIT("8192+1808"));
}
END_TEST

/* As with plain calls: what was refused is left out, and what was cut short asked for in that length. */
START_TEST(iocbs_refused_by_limits_leave_their_batch)
{
	struct generate_result *res = calloc(1, sizeof(*res));

	generates_root("/r",
		TASK FILE_F "1 o=openat;:,d=-100;:,p=f;:,f=2;:,m=0;:,s=3;:,\n"
			    "1 o=io_submit;:,k=0xa0;:,n=3;:,b=100:1:3:9000:4000,200:1:3:20000:10,"
			    "300:8:3:4000:2:0:0:0:0:0:0:2,500,5000;:,s=3;:,\n"
			    "1 o=io_getevents;:,k=0xa0;:,N=3;:,n=8;:,b=100:2000,200:-27,300:3000;:,u=-;:,s=3;:,\n"
			    "1 o=io_submit;:,k=0xa0;:,n=1;:,b=200:1:3:20000:10;:,s=1;:,\n"
			    "1 o=io_getevents;:,k=0xa0;:,N=1;:,n=8;:,b=200:-28;:,u=-;:,s=1;:,\n"
			    "1 o=lseek;:,d=3;:,O=0;:,W=2;:,s=11000;:,\n"
			    "1 o=io_submit;:,k=0xa0;:,n=1;:,b=100:1:3:0:10;:,s=1;:,\n"
			    "1 o=io_submit;:,k=0xa0;:,n=1;:,b=100:1:3:0:10;:,s=1;:,\n"
			    "1 o=io_getevents;:,k=0xa0;:,N=1;:,n=8;:,b=100:-27;:,u=-;:,s=1;:,\n",
		TASK_LINE "0|0|-|cwd|f|O_RDWR|0|>0|3|openat@7|\n"
			  "0|0|-|0|2|1:1:0:9000:2000,2:8:0:4000:2:0:0:0:0:0:0:2,500,2500|2|io_submit@8|\n"
			  "0|0|-|0|2|8|1:2000:0:1,2:3000|-|2|io_getevents@9|\n"
			  "0|0|-|0|0|SEEK_END|11000|lseek@12|\n"
			  "0|0|-|0|1|3:1:0:0:10|1|io_submit@13|\n"
			  "#INIT\n" W_DIR F_INIT("0+10000"),
		res);
	ck_assert_uint_eq(res->left_out[LEFT_AIO_PART], 1);
	ck_assert_uint_eq(res->left_out[LEFT_LIMIT], 1);
	ck_assert_uint_eq(res->left_out[LEFT_FULL], 1);
	ck_assert_uint_eq(res->left_out[LEFT_AIO_UNKNOWN], 2);
	free(res);
}
END_TEST

/* How many requests a context has room for beyond those that were asked for depends on the host's processors. */
START_TEST(iocbs_for_which_there_was_no_room)
{
	struct generate_result *res = calloc(1, sizeof(*res));

	generates_root("/r",
		TASK FILE_F "1 o=openat;:,d=-100;:,p=f;:,f=2;:,m=0;:,s=3;:,\n"
			    "1 o=io_setup;:,n=4000000;:,k=0x0;:,s=-11;:,\n"
			    "1 o=io_setup;:,n=1;:,k=0xa0;:,s=0;:,\n"
			    "1 o=io_submit;:,k=0xa0;:,n=3;:,b=100:0:3:0:10,200:0:3:0:10,300:0:3:0:10;:,s=2;:,\n"
			    "1 o=io_submit;:,k=0xa0;:,n=1;:,b=300:0:3:0:10;:,s=-11;:,\n"
			    "1 o=io_submit;:,k=0xa0;:,n=1;:,b=300:0:99:0:10;:,s=-9;:,\n",
		TASK_LINE "0|0|-|cwd|f|O_RDWR|0|>0|3|openat@7|\n"
			  "0|0|-|1|0|0|io_setup@9|\n"
			  "0|0|-|0|2|1:0:0:0:10,2:0:0:0:10|2|io_submit@10|\n"
			  "0|0|-|0|1|4294967295:0:4294967295:0:10|-EBADF|io_submit@12|\n"
			  "#INIT\n" W_DIR F_INIT("0+4096"),
		res);
	ck_assert_uint_eq(res->left_out[LEFT_AIO_PART], 1);
	ck_assert_uint_eq(res->left_out[LEFT_LIMIT], 2);
	free(res);
}
END_TEST

/* The first iocb was submitted again: its event was seen. So were those of the others, at the end. */
START_TEST(events_may_be_taken_without_a_call)
{
	generates(TASK FILE_F "1 o=openat;:,d=-100;:,p=f;:,f=2;:,m=0;:,s=3;:,\n"
			      "1 o=io_setup;:,n=8;:,k=0xa0;:,s=0;:,\n"
			      "1 o=io_submit;:,k=0xa0;:,n=1;:,b=100:0:3:0:4096;:,s=1;:,\n"
			      "1 o=io_submit;:,k=0xa0;:,n=2;:,b=100:0:3:8000:4096,200:1:3:10000:100;:,s=2;:,\n"
			      "1 o=lseek;:,d=3;:,O=0;:,W=2;:,s=10100;:,\n"
			      "1 o=exit_group;:,E=0;:,\n",
		TASK_LINE "0|0|-|cwd|f|O_RDWR|0|>0|3|openat@7|\n"
			  "0|0|-|8|0|0|io_setup@8|\n"
			  "0|0|-|0|1|1:0:0:0:4096|1|io_submit@9|\n"
			  "0|0|-|0|2|2:0:0:8000:4096:0:1,3:1:0:10000:100|2|io_submit@10|\n"
			  "0|0|-|0|0|SEEK_END|10100|lseek@11|\n"
			  "0|0|-|0|0,K0|-|exit_group@12|\n"
			  "#INIT\n" W_DIR F_INIT("0+10000"));
}
END_TEST

START_TEST(iocbs_of_one_thread_are_waited_for_by_another)
{
	generates(TASK FILE_F "1 o=openat;:,d=-100;:,p=f;:,f=2;:,m=0;:,s=3;:,\n"
			      "1 o=clone;:,f=69376;:,s=2;:,\n"
			      "1 o=io_setup;:,n=8;:,k=0xa0;:,s=0;:,\n"
			      "1:2 o=io_submit;:,k=0xa0;:,n=2;:,b=100:1:3:10000:4096,200:0:3:0:4096;:,s=2;:,\n"
			      "1 o=io_getevents;:,k=0xa0;:,N=2;:,n=8;:,b=100:4096,200:4096;:,u=-;:,s=2;:,\n"
			      "1:2 o=pread64;:,d=3;:,c=4096;:,O=12000;:,s=2096;:,\n"
			      "1 o=ftruncate;:,d=3;:,O=0;:,s=0;:,\n"
			      "1:2 o=io_submit;:,k=0xa0;:,n=1;:,b=100:0:3:0:4096;:,s=1;:,\n"
			      "1 o=io_getevents;:,k=0xa0;:,N=1;:,n=8;:,b=100:0;:,u=-;:,s=1;:,\n",
		TASK_LINE "0|0|-|cwd|f|O_RDWR|0|>0|3|openat@7|\n"
			  "0|0|-|CLONE_VM+CLONE_FS+CLONE_FILES+CLONE_SIGHAND+CLONE_THREAD|0:1|-|2|clone@8|\n"
			  "0|0|-|8|0|0|io_setup@9|\n"
			  "1|0|9|0|2|1:1:0:10000:4096,2:0:0:0:4096|2|io_submit@10|\n"
			  "0|0|10|0|2|8|1:4096:0:1,2:4096|-|2|io_getevents@11|\n"
			  "1|0|11|0|4096|12000|2096|pread64@12|\n"
			  "0|0|12|0|0|0|ftruncate@13|\n"
			  "1|0|13|0|1|3:0:0:0:4096|1|io_submit@14|\n"
			  "0|0|14|0|1|8|3:0:0:1|-|1|io_getevents@15|\n"
			  "#INIT\n" W_DIR F_INIT("0+4096,8192+1808"));
}
END_TEST

START_TEST(an_event_comes_after_its_submission)
{
	generates(TASK FILE_F "1 o=openat;:,d=-100;:,p=f;:,f=2;:,m=0;:,s=3;:,\n"
			      "1 o=clone;:,f=69376;:,s=2;:,\n"
			      "1 o=io_setup;:,n=8;:,k=0xa0;:,s=0;:,\n"
			      "1 o=io_getevents;:,k=0xa0;:,N=1;:,n=8;:,b=100:4096;:,u=-;:,s=1;:,\n"
			      "1:2 D=100;:,o=io_submit;:,k=0xa0;:,n=1;:,b=100:0:3:0:4096;:,s=1;:,\n",
		TASK_LINE "0|0|-|cwd|f|O_RDWR|0|>0|3|openat@7|\n"
			  "0|0|-|CLONE_VM+CLONE_FS+CLONE_FILES+CLONE_SIGHAND+CLONE_THREAD|0:1|-|2|clone@8|\n"
			  "0|0|-|8|0|0|io_setup@9|\n"
			  "1|0|9|0|1|1:0:0:0:4096|1|io_submit@11|\n"
			  "0|0|11|0|1|8|1:4096|-|1|io_getevents@10|\n"
			  "#INIT\n" W_DIR F_INIT("0+4096"));
}
END_TEST

START_TEST(requests_append_one_behind_the_other)
{
	generates(TASK FILE_F "1 o=openat;:,d=-100;:,p=f;:,f=2;:,m=0;:,s=3;:,\n"
			      "1 o=openat;:,d=-100;:,p=f;:,f=1025;:,m=0;:,s=4;:,\n"
			      "1 o=clone;:,f=69376;:,s=2;:,\n"
			      "1 o=io_setup;:,n=8;:,k=0xa0;:,s=0;:,\n"
			      "1 o=pwrite64;:,d=3;:,c=4096;:,O=20480;:,s=4096;:,\n"
			      "1:2 o=io_submit;:,k=0xa0;:,n=1;:,b=100:1:4:0:100;:,s=1;:,\n"
			      "1 o=io_submit;:,k=0xa0;:,n=1;:,b=200:1:4:0:100;:,s=1;:,\n",
		TASK_LINE "0|0|-|cwd|f|O_RDWR|0|>0|3|openat@7|\n"
			  "0|0|-|cwd|f|O_WRONLY+O_APPEND|0|>1|4|openat@8|\n"
			  "0|0|-|CLONE_VM+CLONE_FS+CLONE_FILES+CLONE_SIGHAND+CLONE_THREAD|0:1|-|2|clone@9|\n"
			  "0|0|-|8|0|0|io_setup@10|\n"
			  "0|0|-|0|4096|20480|4096|pwrite64@11|\n"
			  "1|0|11|0|1|1:1:1:0:100|1|io_submit@12|\n"
			  "0|0|12|0|1|2:1:1:0:100|1|io_submit@13|\n"
			  "#INIT\n" W_DIR F_INIT("-"));
}
END_TEST

START_TEST(contexts_belong_to_a_process)
{
	generates(TASK FILE_F "1 o=openat;:,d=-100;:,p=f;:,f=2;:,m=0;:,s=3;:,\n"
			      "1 o=io_setup;:,n=8;:,k=0xa0;:,s=0;:,\n"
			      "1 o=fork;:,s=2;:,\n"
			      "2 o=io_setup;:,n=8;:,k=0xa0;:,s=0;:,\n"
			      "2 o=io_submit;:,k=0xa0;:,n=1;:,b=100:0:3:0:4096;:,s=1;:,\n"
			      "1 o=io_submit;:,k=0xa0;:,n=1;:,b=100:0:3:4096:4096;:,s=1;:,\n"
			      "2 o=execve;:,p=/bin/x;:,s=0;:,\n"
			      "1 o=io_getevents;:,k=0xa0;:,N=1;:,n=8;:,b=100:4096;:,u=-;:,s=1;:,\n",
		TASK_LINE "0|0|-|cwd|f|O_RDWR|0|>0|3|openat@7|\n"
			  "0|0|-|8|0|0|io_setup@8|\n"
			  "0|0|-|1:1|0:1|2|fork@9|\n"
			  "1|1|-|8|1|0|io_setup@10|\n"
			  "1|1|-|1|1|1:0:1:0:4096|1|io_submit@11|\n"
			  "0|0|-|0|1|1:0:0:4096:4096|1|io_submit@12|\n"
			  "1|1|-|%null|K1|0|execve@13|\n"
			  "0|0|-|0|1|8|1:4096|-|1|io_getevents@14|\n"
			  "#INIT\n" W_DIR F_INIT("0+8192"));
}
END_TEST

Suite *generate_suite(void)
{
	Suite *s = suite_create("generate");
	TCase *t = tcase_create("generate");

	tcase_add_unchecked_fixture(t, make_dir, remove_dir);
	tcase_add_test(t, links_do_not_lead_from_tree_to_tree);
	tcase_add_test(t, a_mount_on_a_file_is_a_file_of_its_directory);
	tcase_add_test(t, dup_shares_the_offset);
	tcase_add_test(t, what_is_truncated_is_a_file_of_the_usual_mode);
	tcase_add_test(t, pipe_over_a_file_is_its_close);
	tcase_add_test(t, exec_closes_what_is_marked);
	tcase_add_test(t, what_is_not_empty_holds_something);
	tcase_add_test(t, others_made_what_appears);
	tcase_add_test(t, others_removed_what_is_gone);
	tcase_add_test(t, a_directory_that_is_not_empty_is_moved_away);
	tcase_add_test(t, others_replaced_what_is_of_another_type);
	tcase_add_test(t, others_made_a_directory_and_what_is_in_it);
	tcase_add_test(t, others_made_a_link);
	tcase_add_test(t, others_changed_the_size);
	tcase_add_test(t, others_filled_and_emptied_a_directory);
	tcase_add_test(t, a_working_directory_that_is_gone);
	tcase_add_test(t, others_are_ordered_like_captured_threads);
	tcase_add_test(t, nobody_else_is_blamed_for_a_race);
	tcase_add_test(t, nobody_else_is_blamed_for_refusals);
	tcase_add_test(t, what_appears_in_a_new_directory_is_not_built);
	tcase_add_test(t, a_link_that_is_walked_through_led_to_a_directory);
	tcase_add_test(t, fork_hands_descriptors_down);
	tcase_add_test(t, nobody_is_a_child_of_its_own);
	tcase_add_test(t, names_made_and_used_by_others_are_ordered);
	tcase_add_test(t, overlapping_calls_go_by_their_results);
	tcase_add_test(t, what_goes_first_takes_its_names_along);
	tcase_add_test(t, a_call_that_found_nothing_goes_before_who_made_it);
	tcase_add_test(t, what_goes_first_lets_others_pass_too);
	tcase_add_test(t, a_call_may_stay_behind_what_brings_its_name_back);
	tcase_add_test(t, a_number_is_free_before_it_is_given_out_again);
	tcase_add_test(t, an_empty_path_is_none_that_is_missing);
	tcase_add_test(t, a_directory_goes_after_who_missed_a_name_in_it);
	tcase_add_test(t, a_name_is_not_made_in_a_directory_before_that_is_gone);
	tcase_add_test(t, who_used_a_number_goes_before_it_is_taken_away);
	tcase_add_test(t, the_end_that_a_read_saw_tells_when_it_was);
	tcase_add_test(t, locks_tell_when_they_were_taken_and_given_back);
	tcase_add_test(t, leases_wait_for_opens_and_opens_for_leases);
	tcase_add_test(t, leases_tell_when_files_were_opened);
	tcase_add_test(t, renamed_directories_take_their_names_along);
	tcase_add_test(t, symbolic_links_are_followed);
	tcase_add_test(t, hard_links_of_the_start_are_links);
	tcase_add_test(t, unlinked_but_open_and_made_anew);
	tcase_add_test(t, what_is_the_top_of_a_tree_gets_no_other_name);
	tcase_add_test(t, absolute_links_in_a_chroot);
	tcase_add_test(t, sockets_get_names);
	tcase_add_test(t, what_failed_of_mounts_and_fifos_is_left_out);
	tcase_add_test(t, what_is_no_file_is_left_out_and_counted);
	tcase_add_test(t, descriptors_that_are_no_files_have_a_kind);
	tcase_add_test(t, numbers_of_pipes_are_exact);
	tcase_add_test(t, copies_on_their_own_number);
	tcase_add_test(t, descriptors_are_passed_on);
	tcase_add_test(t, descriptors_of_messages_that_are_gone);
	tcase_add_test(t, descriptors_come_from_strangers);
	tcase_add_test(t, descriptors_are_taken_by_pidfd);
	tcase_add_test(t, closes_that_end_late);
	tcase_add_test(t, copies_read_one_file_and_write_another);
	tcase_add_test(t, what_is_sent_elsewhere_is_read);
	tcase_add_test(t, events_and_files_in_memory_are_no_files);
	tcase_add_test(t, splices_have_a_pipe_of_the_replay);
	tcase_add_test(t, clones_need_what_they_share);
	tcase_add_test(t, clones_between_file_systems_fail_where_there_are_two);
	tcase_add_test(t, commands_close_descriptors_at_an_exec);
	tcase_add_test(t, overlapping_copies_go_by_what_they_found);
	tcase_add_test(t, what_may_be_executed_can_be);
	tcase_add_test(t, attributes_of_the_capture_are_there);
	tcase_add_test(t, handles_are_names);
	tcase_add_test(t, lists_of_attributes_have_their_length);
	tcase_add_test(t, lists_that_did_not_fit);
	tcase_add_test(t, access_control_lists_of_the_start);
	tcase_add_test(t, attributes_by_directory_are_the_same);
	tcase_add_test(t, access_control_lists_are_modes);
	tcase_add_test(t, default_lists);
	tcase_add_test(t, default_lists_that_cannot_be);
	tcase_add_test(t, lists_by_ring);
	tcase_add_test(t, attributes_are_ordered_by_what_was_found);
	tcase_add_test(t, record_locks_have_handles_that_close_drops);
	tcase_add_test(t, relative_paths_follow_the_working_directory);
	tcase_add_test(t, targets_of_links_stay_inside);
	tcase_add_test(t, a_tree_for_each_mount_point);
	tcase_add_test(t, descriptors_of_the_start_are_opened_first);
	tcase_add_test(t, what_is_mounted_below_a_pseudo_file_system);
	tcase_add_test(t, what_is_mounted_below_a_pseudo_file_system_with_a_root);
	tcase_add_test(t, descriptors_of_the_start_share_descriptions);
	tcase_add_test(t, maps_of_the_start);
	tcase_add_test(t, a_process_that_is_told_again_is_another);
	tcase_add_test(t, threads_whose_leader_has_ended_are_one_process);
	tcase_add_test(t, descriptors_of_the_start_are_within_reach);
	tcase_add_test(t, what_root_used_is_permitted_to_the_owner);
	tcase_add_test(t, append_and_holes);
	tcase_add_test(t, the_map_of_holes_is_as_it_was_found);
	tcase_add_test(t, temporary_files_without_a_name);
	tcase_add_test(t, threads_share_descriptors_and_go_by_exec);
	tcase_add_test(t, close_range_closes_what_is_there);
	tcase_add_test(t, names_too_long_for_a_tree_are_left_out);
	tcase_add_test(t, nothing_is_left_of_a_failed_generate);
	tcase_add_test(t, ways_that_break_off_break_off_again);
	tcase_add_test(t, paths_that_end_in_dots_are_refused_again);
	tcase_add_test(t, slashes_behind_links);
	tcase_add_test(t, what_broke_a_way_off_is_waited_for);
	tcase_add_test(t, a_directory_that_was_shared_keeps_its_order);
	tcase_add_test(t, the_map_of_holes_waits_for_who_fills_them);
	tcase_add_test(t, descriptors_by_path_in_all_forms);
	tcase_add_test(t, descriptors_by_path_are_those_of_the_first_thread);
	tcase_add_test(t, who_shares_a_table_keeps_it_when_another_leaves);
	tcase_add_test(t, what_fails_before_it_looks_tells_nothing);
	tcase_add_test(t, appending_is_where_the_end_is);
	tcase_add_test(t, writes_in_place_wait_for_who_extended_the_file);
	tcase_add_test(t, a_umask_is_waited_for_by_who_makes_files_and_tasks);
	tcase_add_test(t, permissions_are_waited_for);
	tcase_add_test(t, a_link_by_descriptor_needs_a_name_that_is_left);
	tcase_add_test(t, holes_are_made_in_what_was_written_before);
	tcase_add_test(t, ways_inside_of_a_descriptor);
	tcase_add_test(t, a_refusal_waits_for_the_mode);
	tcase_add_test(t, what_is_above_waits_for_a_move);
	tcase_add_test(t, allocations_wait_for_flags);
	tcase_add_test(t, the_way_to_a_tree_may_cross_a_border);
	tcase_add_test(t, a_link_that_is_not_followed_is_in_the_way);
	tcase_add_test(t, what_is_refused_unseen_tells_nothing);
	tcase_add_test(t, an_empty_path_is_the_working_directory);
	tcase_add_test(t, ways_that_begin_at_a_descriptor);
	tcase_add_test(t, copies_inside_of_a_file);
	tcase_add_test(t, too_many_links_are_too_many_again);
	tcase_add_test(t, who_is_inside_of_a_directory_needs_no_way_there);
	tcase_add_test(t, a_link_is_made_by_its_own_path_where_its_target_allows);
	tcase_add_test(t, a_fifo_is_changed_by_its_name);
	tcase_add_test(t, files_keep_their_other_names);
	tcase_add_test(t, locks_relative_to_an_end_or_an_offset_wait_for_it);
	tcase_add_test(t, a_lock_that_waits_counts_from_what_it_saw);
	tcase_add_test(t, locks_in_directories);
	tcase_add_test(t, submissions_are_like_plain_calls);
	tcase_add_test(t, submissions_that_close_nothing);
	tcase_add_test(t, submissions_behind_one_that_closed_their_file);
	tcase_add_test(t, submissions_outlive_their_descriptors);
	tcase_add_test(t, submissions_outlive_descriptors_of_no_files);
	tcase_add_test(t, registered_files_outlive_their_descriptors);
	tcase_add_test(t, what_is_no_file_operation_of_a_known_ring_is_left_out);
	tcase_add_test(t, a_chain_is_left_out_from_what_a_replay_does_not_have);
	tcase_add_test(t, what_is_left_out_of_a_chain_is_a_link_of_it);
	tcase_add_test(t, ranges_and_short_splices_in_a_ring);
	tcase_add_test(t, what_has_no_slot_is_made);
	tcase_add_test(t, a_ring_ends_with_files_of_its_submissions);
	tcase_add_test(t, failures_that_depend_on_a_size_wait_for_it);
	tcase_add_test(t, what_is_appended_is_one_behind_the_other);
	tcase_add_test(t, what_is_not_in_a_new_directory_is_waited_for);
	tcase_add_test(t, nothing_is_read_and_written_at_the_end_of_all_offsets);
	tcase_add_test(t, another_name_of_a_fifo_by_its_descriptor);
	tcase_add_test(t, what_fails_in_a_removed_directory_waits_for_that);
	tcase_add_test(t, writes_wait_for_who_makes_them_append);
	tcase_add_test(t, what_may_not_be_opened_is_there);
	tcase_add_test(t, overlapping_calls_on_descriptors);
	tcase_add_test(t, overlapping_calls_on_the_way_and_by_their_new_name);
	tcase_add_test(t, what_was_not_aligned_was_no_hole);
	tcase_add_test(t, maps_are_known_by_parts);
	tcase_add_test(t, maps_take_the_place_of_others);
	tcase_add_test(t, advice_fails_of_the_length);
	tcase_add_test(t, shared_maps_are_written_when_nobody_saw_it);
	tcase_add_test(t, maps_move_and_grow);
	tcase_add_test(t, maps_of_parent_and_child);
	tcase_add_test(t, contexts_of_shared_memory);
	tcase_add_test(t, maps_of_shared_memory);
	tcase_add_test(t, maps_that_overlapped_in_time);
	tcase_add_test(t, iocbs_do_what_they_ask_for);
	tcase_add_test(t, iocbs_are_refused_again);
	tcase_add_test(t, iocbs_on_what_is_no_file_leave_their_batch);
	tcase_add_test(t, iocbs_that_are_left_out_are_counted);
	tcase_add_test(t, iocbs_that_cannot_have_been_submitted);
	tcase_add_test(t, writes_that_failed_did_not_extend);
	tcase_add_test(t, iocbs_refused_by_limits_leave_their_batch);
	tcase_add_test(t, iocbs_for_which_there_was_no_room);
	tcase_add_test(t, events_may_be_taken_without_a_call);
	tcase_add_test(t, iocbs_of_one_thread_are_waited_for_by_another);
	tcase_add_test(t, an_event_comes_after_its_submission);
	tcase_add_test(t, requests_append_one_behind_the_other);
	tcase_add_test(t, contexts_belong_to_a_process);
	suite_add_tcase(s, t);
	return s;
}
