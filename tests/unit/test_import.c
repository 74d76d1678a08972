/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "datas/buf.h"
#include "import/import.h"
#include "suites.h"
#include "tempdir.h"

/* What strace writes, and the records that become of it. */

static struct import_result result;

/* Lines without a time get one; "@" in front of a line: it is taken as it stands. */
static void write_strace(const char *path, const char *text)
{
	struct str rest = str_of(text), line, tid;
	FILE *f = fopen(path, "w");
	unsigned t = 100;

	ck_assert_ptr_nonnull(f);
	while (str_take_char(&rest, '\n', &line)) {
		if (!line.len)
			continue;
		if (line.s[0] == '@') {
			fprintf(f, "%.*s\n", (int)line.len - 1, line.s + 1);
			continue;
		}
		str_take_char(&line, ' ', &tid);
		fprintf(f, "%.*s 1.%06u %.*s\n", (int)tid.len, tid.s, t++, (int)line.len, line.s);
	}
	fclose(f);
}

/* The records without times, states without their common keys. */
static char *slurp(const char *path)
{
	FILE *f = fopen(path, "r");
	struct buf b = BUF_INIT;
	char line[65536];

	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f)) {
		char *p = strstr(line, "i=");

		if (line[0] == '#' || strstr(line, ";:,o=end;"))
			continue;
		ck_assert_ptr_nonnull(p);
		buf_puts(&b, p);
	}
	fclose(f);
	buf_char(&b, '\0');
	return b.p;
}

static void imports(const char *text, const char *want)
{
	static const char from[] = "strace", to[] = "capture";
	struct err err = {0};
	char *got;

	write_strace(from, text);
	ck_assert_msg(import_strace(from, to, &result, &err) == 0, "%s", err.text);
	got = slurp(to);
	ck_assert_msg(strcmp(got, want) == 0, "got:\n%s\nwant:\n%s", got, want);
	free(got);
}

#define TASK(more) "i=7:7;:,o=state_task;:," more "P=/;:,m=022;:,U=0;:,G=0;:,q=0;:,\n"

/* Each line alone, as process 7; RECORD NULL: it is none, and nothing is lost. */
static void one(const char *line, const char *record)
{
	struct buf in = BUF_INIT, out = BUF_INIT;

	buf_addf(&in, "7 %s\n", line);
	buf_puts(&out, TASK(""));
	if (record)
		buf_addf(&out, "i=7:7;:,%s\n", record);
	buf_char(&in, '\0');
	buf_char(&out, '\0');
	imports(in.p, out.p);
	buf_free(&in);
	buf_free(&out);
}

START_TEST(arguments_are_taken_apart)
{
	one("open(\"/a b\", O_RDWR|O_CREAT|O_TRUNC, 0644) = 3 <0.000010>", "o=open;:,p=/a b;:,f=578;:,m=0644;:,s=3;:,");
	one("openat2(-1, \"/\\303\\244\\n\\\"\\\\\\x41\\1012\", {flags=O_RDONLY, mode=S_ISGID|0700, resolve=RESOLVE_BENEATH}, 24) "
	    "= -1 ENOENT (No such file or directory)",
		"o=openat2;:,d=-1;:,p=/\303\244\\x0a\"\\\\AA2;:,f=0;:,m=02700;:,R=8;:,s=-2;:,");
	one("preadv2(-1, [{iov_base=\"a,)]}\\\"\"..., iov_len=10}, {iov_base=\"\", iov_len=5}], 2, 4096, RWF_NOWAIT) "
	    "= -1 EBADF (Bad file descriptor) <0.1>",
		"o=preadv2;:,d=-1;:,v=10,5;:,O=4096;:,f=8;:,s=-9;:,");
	one("fcntl(-1, F_SETLKW, {l_type=F_RDLCK, l_whence=SEEK_END, l_start=-5, l_len=2}) = -1 EBADF (x)",
		"o=fcntl;:,d=-1;:,F=7;:,G=0,2,-5,2;:,s=-9;:,");
	one("copy_file_range(-1, [7], -1, NULL, 10, 0) = -1 EBADF (x)",
		"o=copy_file_range;:,d=-1;:,O=7;:,e=-1;:,Q=-;:,c=10;:,f=0;:,s=-9;:,");
	one("sendfile(-1, -1, 0x7ffc, 10) = -1 EFAULT (x)", "o=sendfile;:,e=-1;:,d=-1;:,O=bad;:,c=10;:,s=-14;:,");
	one("utimensat(AT_FDCWD, \"/f\", [{tv_sec=5, tv_nsec=7} /* 1970-01-01 */, UTIME_OMIT], 0) = 0",
		"o=utimensat;:,d=AT_FDCWD;:,p=/f;:,T=5.000000007,omit;:,f=0;:,s=0;:,");
	one("utimes(\"/f\", [{tv_sec=5, tv_usec=7}, {tv_sec=6, tv_usec=0}]) = 0",
		"o=utimes;:,p=/f;:,T=5.000007000,6.000000000;:,s=0;:,");
	one("utime(\"/f\", {actime=5 /* x */, modtime=6}) = 0", "o=utime;:,p=/f;:,T=5.000000000,6.000000000;:,s=0;:,");
	one("mknod(\"/n\", S_IFCHR|0600, makedev(0x1, 0x3)) = -1 EPERM (x)", "o=mknod;:,p=/n;:,m=020600;:,y=0x103;:,s=-1;:,");
	one("mknodat(AT_FDCWD, \"/n\", S_IFIFO|0600) = 0", "o=mknodat;:,d=AT_FDCWD;:,p=/n;:,m=010600;:,y=0x0;:,s=0;:,");
	one("pipe2([3<pipe:[1]>, 4<pipe:[1]>], O_CLOEXEC) = 0", "o=pipe2;:,d=3;:,f=524288;:,e=4;:,s=0;:,");
	one("socketpair(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC, 0, [3, 4]) = 0", "o=socketpair;:,f=524289;:,d=3;:,e=4;:,s=0;:,");
	one("umask(077) = 022", "o=umask;:,m=077;:,s=18;:,");
	one("openat(AT_FDCWD, 0x7ffc, O_RDONLY) = -1 EFAULT (x)", "o=openat;:,d=AT_FDCWD;:,f=0;:,m=0;:,s=-14;:,");
	one("ioctl(-1, BTRFS_IOC_CLONE or FICLONE, 4) = -1 EBADF (x)", "o=ioctl;:,d=-1;:,F=1074041865;:,G=4;:,s=-9;:,");
	one("statx(AT_FDCWD, \"/f\", AT_STATX_SYNC_AS_STAT|AT_SYMLINK_NOFOLLOW, STATX_ALL, 0x7ffc) = -1 ENOENT (x)",
		"o=statx;:,d=AT_FDCWD;:,p=/f;:,f=256;:,M=0xfff;:,s=-2;:,");
	one("bind(-1, {sa_family=AF_UNIX, sun_path=\"/run/s\"}, 110) = -1 EBADF (x)", "o=bind;:,d=-1;:,p=/run/s;:,s=-9;:,");
}
END_TEST

START_TEST(calls_of_32_bits_have_their_names)
{
	one("_llseek(-1, 4294967303, [4294967303], SEEK_SET) = 0", "o=lseek;:,d=-1;:,O=4294967303;:,W=0;:,s=4294967303;:,");
	one("_llseek(-1, 0, 0xffc0, SEEK_SET) = -1 EBADF (Bad file descriptor)", "o=lseek;:,d=-1;:,O=0;:,W=0;:,s=-9;:,");
	one("fcntl64(-1, F_DUPFD, 5) = -1 EBADF (Bad file descriptor)", "o=fcntl;:,d=-1;:,F=0;:,G=5;:,s=-9;:,");
	one("lchown32(\"/l\", -1, 0) = 0", "o=lchown;:,p=/l;:,U=-1;:,G=0;:,s=0;:,");
	one("truncate64(\"/f\", 5) = 0", "o=truncate;:,p=/f;:,O=5;:,s=0;:,");
	one("stat64(\"/f\", 0xffc0) = -1 ENOENT (x)", "o=stat;:,p=/f;:,s=-2;:,");
}
END_TEST

/* strace -yy */
START_TEST(descriptors_with_all_that_is_known_of_them)
{
	static const char *const ends[] = {"TCP:[127.0.0.1:45927->127.0.0.1:40070]", "UNIX-STREAM:[1->2,\"/run/x\"]",
		"/dev/null<char 1:3>", "/tmp/a->(deleted", "pid:5"};
	char line[200];
	size_t i;

	for (i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		snprintf(line, sizeof(line), "7 openat(-1, \"/f\", O_RDONLY) = 6</f>\n7 dup2(6<%s%s, 9) = 9<%s%s\n", ends[i],
			strchr(ends[i], '(') ? ")" : ">", ends[i], strchr(ends[i], '(') ? ")" : ">");
		imports(line, TASK("") "i=7:7;:,o=openat;:,d=-1;:,p=/f;:,f=0;:,m=0;:,s=6;:,\ni=7:7;:,o=dup2;:,d=6;:,e=9;:,s=9;:,\n");
	}
}
END_TEST

START_TEST(names_of_threads_are_states)
{
	one("prctl(PR_SET_NAME, \"a;worker of many\") = 0 <0.000010>", "o=state_thread;:,U=0;:,p=a\\x3bworker of man;:,");
	one("prctl(PR_SET_NAME, \"\") = 0", "o=state_thread;:,U=0;:,p=;:,");
}
END_TEST

START_TEST(users_of_threads_are_states)
{
	one("setuid(7) = 0 <0.000010>", "o=state_thread;:,U=7;:,p=;:,");
	one("setreuid(-1, 8) = 0", "o=state_thread;:,U=8;:,p=;:,");
	one("setresuid(5, 9, -1) = 0", "o=state_thread;:,U=9;:,p=;:,");
	one("setresuid32(-1, 4294967294, -1) = 0", "o=state_thread;:,U=4294967294;:,p=;:,");
	one("setreuid(6, -1) = 0", NULL);
	one("setuid(7) = -1 EPERM (Operation not permitted)", NULL);
}
END_TEST

START_TEST(what_is_no_record_is_none)
{
	one("prctl(PR_SET_NAME, 0x7ffc) = -1 EFAULT (Bad address)", NULL);
	one("prctl(PR_GET_DUMPABLE) = 1 (SUID_DUMP_USER)", NULL);
	one("brk(NULL) = 0x5652f685d000 <0.000004>", NULL);
	one("ioctl(1</tmp/x>, TCGETS, 0x7fff99486310) = -1 ENOTTY (Inappropriate ioctl for device)", NULL);
	one("mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7fe9a69e3000", NULL);
	one("munmap(0x7fe9a69d6000, 49991) = 0", NULL);
	one("sendmsg(3<socket:[1]>, {msg_name=NULL, msg_iov=[{iov_base=\"a\", iov_len=1}]}, 0) = 1", NULL);
	one("--- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED} ---", NULL);
	one("read(0, 0x7ffc, 1) = ? ERESTARTSYS (To be restarted if SA_RESTART is set)", NULL);
	ck_assert_uint_eq(result.lost, 0);
}
END_TEST

START_TEST(what_is_lost_is_told)
{
	one("setxattr(\"/f\", \"user.\"..., \"x\", 1, 0) = 0", "o=lost;:,c=1;:,p=a name that strace cut short;:,");
	one("openat(AT_FDCWD, \"/f\", O_RDONLY|O_NEVER_HEARD) = 3", "o=lost;:,c=1;:,p=a flag that is not known;:,");
	one("writev(1, [{iov_base=\"a\", iov_len=1}, ...], 40) = 40", "o=lost;:,c=1;:,p=a vector that strace cut short;:,");
	one("io_submit(0x7f, 1, [{aio_fildes=3}]) = 1",
		"o=lost;:,c=1;:,p=a call of which strace tells too little;:,");
	one("rename(\"/a\", \"/b\") = -1", "o=lost;:,c=1;:,p=a call without a result;:,");
	one("rename(\"/a\", \"/b\") = ?", "o=lost;:,c=1;:,p=a call without a result;:,");
	one("close(3", "o=lost;:,c=1;:,p=a call that is not written as strace does;:,");
	one("<... close resumed>) = 0", "o=lost;:,c=1;:,p=the end of a call that did not begin;:,");
	ck_assert_uint_eq(result.lost, 1);
	ck_assert_str_eq(result.reasons[0].why, "the end of a call that did not begin");
	imports("7 close(-1) = -1 EBADF (x)\n@7 and so on\n",
		TASK("") "i=7:7;:,o=close;:,d=-1;:,s=-9;:,\ni=0:0;:,o=lost;:,c=1;:,p=a line that strace does not write;:,\n");
	imports("7 unlink(\"/f\" <unfinished ...>\n7 +++ killed by SIGKILL +++\n",
		TASK("") "i=7:7;:,o=lost;:,c=1;:,p=a call that never returned;:,\ni=7:7;:,o=task_end;:,E=9;:,\n");
}
END_TEST

START_TEST(children_come_behind_their_making)
{
	imports("7 chdir(\"/w\") = 0\n"
		"7 clone(child_stack=NULL, flags=CLONE_CHILD_SETTID|SIGCHLD, child_tidptr=0x7f <unfinished ...>\n"
		"8 close(-1 <unfinished ...>\n"
		"7 <... clone resumed>) = 8 <0.000100>\n"
		"8 <... close resumed>) = -1 EBADF (Bad file descriptor) <0.1>\n"
		"8 clone3({flags=CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD} => {parent_tid=[9]}, 88) = 9\n"
		"9 exit(0) = ?\n9 +++ exited with 0 +++\n"
		"8 exit_group(3 <unfinished ...>\n8 <... exit_group resumed>) = ?\n8 +++ exited with 3 +++\n"
		"7 vfork() = 8\n8 +++ killed by SIGSEGV (core dumped) +++\n7 +++ exited with 1 +++\n",
		TASK("") "i=7:7;:,o=chdir;:,p=/w;:,s=0;:,\n"
			 "i=7:7;:,o=clone;:,f=16777233;:,s=8;:,\n"
			 "i=8:8;:,o=close;:,d=-1;:,s=-9;:,\n"
			 "i=8:8;:,o=clone3;:,f=69376;:,s=9;:,\n"
			 "i=8:9;:,o=exit;:,E=0;:,\ni=8:8;:,o=exit_group;:,E=3;:,\n"
			 "i=7:7;:,o=vfork;:,s=8;:,\ni=8:8;:,o=task_end;:,E=11;:,\n"
			 "i=7:7;:,o=task_end;:,E=256;:,\n");
	ck_assert_uint_eq(result.processes, 3);
	/* a thread that does an exec gets the number of its process */
	imports("7 clone(child_stack=0x7f, flags=CLONE_VM|CLONE_THREAD) = 8\n"
		"8 execve(\"/bin/x\", [\"x\"], 0x7f /* 9 vars */ <unfinished ...>\n"
		"7 +++ superseded by execve in pid 8 +++\n7 <... execve resumed>) = 0\n7 close(-1) = -1 EBADF (x)\n",
		TASK("") "i=7:7;:,o=clone;:,f=65792;:,s=8;:,\ni=7:8;:,o=execve;:,p=/bin/x;:,s=0;:,\n"
			 "i=7:7;:,o=close;:,d=-1;:,s=-9;:,\n");
}
END_TEST

START_TEST(the_start_is_what_calls_tell)
{
	imports("7 fstat(3</w/log>, {st_mode=S_IFREG|0600, st_size=9, ...}) = 0\n"
		"7 write(3</w/log>, \"x\", 1) = 1\n7 dup2(3</w/log>, 4) = 4</w/log>\n7 write(4</w/log>, \"x\", 1) = 1\n"
		"7 geteuid() = 1000\n"
		"7 lstat(\"d\", {st_mode=S_IFDIR|S_ISVTX|0755, st_size=4096, ...}) = 0\n"
		"7 readlink(\"/l\", \"d/e\", 4096) = 3\n"
		"7 mkdir(\"new\", 0755) = 0\n7 stat(\"new/f\", {st_mode=S_IFREG|0644, st_size=0, ...}) = 0\n"
		"7 openat(AT_FDCWD</w>, \"old\", O_RDONLY) = 5</w/old>\n"
		"7 fstat(5</w/old>, {st_mode=S_IFREG|0640, st_size=1000, ...}) = 0\n"
		"7 read(0</dev/null<char 1:3>>, \"\", 1) = 0\n",
		"i=0:0;:,o=state_path;:,p=/l;:,P=d/e;:,x=0:0:1:0120777:1:0:0:3:0;:,\n"
		"i=0:0;:,o=state_path;:,p=/w/old;:,x=0:0:2:0100640:1:1000:0:1000:2;:,\n"
		"i=7:7;:,o=state_task;:,p=/w;:,P=/;:,m=022;:,U=1000;:,G=1000;:,q=0;:,\n"
		"i=7:7;:,o=state_fd;:,d=3;:,p=/w/log;:,f=1;:,O=0;:,\n"
		"i=7:7;:,o=state_fd;:,d=0;:,p=/dev/null;:,f=0;:,O=0;:,\n"
		"i=7:7;:,o=fstat;:,d=3;:,s=0;:,\ni=7:7;:,o=write;:,d=3;:,c=1;:,s=1;:,\n"
		"i=7:7;:,o=dup2;:,d=3;:,e=4;:,s=4;:,\ni=7:7;:,o=write;:,d=4;:,c=1;:,s=1;:,\n"
		"i=7:7;:,o=lstat;:,p=d;:,s=0;:,\ni=7:7;:,o=readlink;:,p=/l;:,c=4096;:,s=3;:,\n"
		"i=7:7;:,o=mkdir;:,p=new;:,m=0755;:,s=0;:,\ni=7:7;:,o=stat;:,p=new/f;:,s=0;:,\n"
		"i=7:7;:,o=openat;:,d=AT_FDCWD;:,p=old;:,f=0;:,m=0;:,s=5;:,\ni=7:7;:,o=fstat;:,d=5;:,s=0;:,\n"
		"i=7:7;:,o=read;:,d=0;:,c=1;:,s=0;:,\n");
	/* strace -v tells all of an inode */
	one("stat(\"/f\", {st_dev=makedev(0x8, 0x1), st_ino=5, st_mode=S_IFREG|0644, st_nlink=2, st_uid=1, st_gid=2, "
	    "st_blksize=4096, st_blocks=8, st_size=300, st_atime=1 /* x */}) = -1 EIO (x)",
		"o=stat;:,p=/f;:,s=-5;:,");
}
END_TEST

START_TEST(maps_of_files_are_followed)
{
	imports("7 mmap(NULL, 8192, PROT_READ, MAP_SHARED, 3</f>, 0x1000) = 0x7f0000000000\n"
		"7 madvise(0x7f0000000000, 4096, MADV_RANDOM) = 0\n"
		"7 mremap(0x7f0000000000, 8192, 16384, MREMAP_MAYMOVE) = 0x7f1000000000\n"
		"7 munmap(0x7f0000000000, 8192) = 0\n"
		"7 munmap(0x7f1000003000, 4096) = 0\n"
		"7 mmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_DENYWRITE, 3</f>, 0) = 0x7f2000000000\n"
		"7 munmap(0x7f2000000000, 8192) = 0\n",
		TASK("") "i=7:7;:,o=state_fd;:,d=3;:,p=/f;:,f=0;:,O=0;:,\n"
			 "i=7:7;:,o=mmap;:,a=0x0;:,c=8192;:,g=1;:,l=1;:,d=3;:,O=4096;:,s=139637976727552;:,\n"
			 "i=7:7;:,o=madvise;:,a=0x7f0000000000;:,c=4096;:,f=1;:,s=0;:,\n"
			 "i=7:7;:,o=mremap;:,a=0x7f0000000000;:,c=8192;:,C=16384;:,f=1;:,A=0x0;:,s=139706696204288;:,\n"
			 "i=7:7;:,o=munmap;:,a=0x7f1000003000;:,c=4096;:,s=0;:,\n");
}
END_TEST

START_TEST(what_is_no_strace_is_refused)
{
	static const char from[] = "strace", to[] = "capture";
	struct err err = {0};

	write_strace(from, "@close(3) = 0\n");
	ck_assert_int_eq(import_strace(from, to, &result, &err), -EPROTO);
	ck_assert_ptr_nonnull(strstr(err.text, "line 1 is not what strace -f -ttt -T -y writes"));
	write_strace(from, "");
	ck_assert_int_eq(import_strace(from, to, &result, &err), -EPROTO);
	ck_assert_ptr_nonnull(strstr(err.text, "no call in it"));
	/* without -f, and as it comes to a terminal */
	imports("@1.5 close(-1) = -1 EBADF (x)\n@[pid   7] 1.6 close(-2) = -1 EBADF (x)\n",
		TASK("") "i=7:7;:,o=close;:,d=-1;:,s=-9;:,\ni=7:7;:,o=close;:,d=-2;:,s=-9;:,\n");
}
END_TEST

static struct tempdir dir;

static void enter(void)
{
	tempdir_enter(&dir);
}

static void leave(void)
{
	tempdir_leave(&dir);
}

Suite *import_suite(void)
{
	TCase *tc;
	Suite *s = suite_with("import", &tc);

	tcase_add_checked_fixture(tc, enter, leave);
	tcase_add_test(tc, arguments_are_taken_apart);
	tcase_add_test(tc, names_of_threads_are_states);
	tcase_add_test(tc, users_of_threads_are_states);
	tcase_add_test(tc, calls_of_32_bits_have_their_names);
	tcase_add_test(tc, descriptors_with_all_that_is_known_of_them);
	tcase_add_test(tc, what_is_no_record_is_none);
	tcase_add_test(tc, what_is_lost_is_told);
	tcase_add_test(tc, children_come_behind_their_making);
	tcase_add_test(tc, the_start_is_what_calls_tell);
	tcase_add_test(tc, maps_of_files_are_followed);
	tcase_add_test(tc, what_is_no_strace_is_refused);
	return s;
}
