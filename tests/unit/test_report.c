/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>

#include "events/filter.h"
#include "report/groups.h"
#include "report/stacks.h"
#include "report/trend.h"
#include "suites.h"
#include "tempdir.h"

/* ---- events ---- */

#define HEAD "#|capture_version=5|backend=ptrace|start_mono=1000|cmd=/usr/bin/prog a|\n"
#define REC(t, dur, rest) "t=" #t ";:,D=" #dur ";:,i=7:7;:," rest ";:,\n"
#define TASK REC(1000, 0, "o=state_task;:,p=/home/u;:,P=/;:,m=022;:,U=1;:,G=1;:,q=0")

/* The calls of a capture, as "op file file2 comm offset gap sequential read written error" lines. */
static char *told(const char *text)
{
	struct buf out = BUF_INIT;
	struct tempdir dir;
	struct events *e;
	struct event ev;
	int rc;

	tempdir_enter(&dir);
	file_put("c", text, strlen(text));
	ck_assert_int_eq(events_open(&e, "c", NULL), 0);
	while ((rc = events_next(e, &ev, NULL)) == 1)
		buf_addf(&out, "%s %.*s %.*s %.*s %lld %llu %d%d %llu %llu %d\n", event_name(&ev),
			(int)ev.file.len, ev.file.len ? ev.file.s : "", (int)ev.file2.len,
			ev.file2.len ? ev.file2.s : "", (int)ev.comm.len, ev.comm.s, (long long)ev.offset,
			(unsigned long long)ev.gap, ev.follows, ev.sequential, (unsigned long long)ev.read,
			(unsigned long long)ev.written, ev.error);
	ck_assert_int_eq(rc, 0);
	events_close(e);
	tempdir_leave(&dir);
	buf_char(&out, '\0');
	return out.p;
}

static void tells(const char *text, const char *want)
{
	char *have = told(text);

	ck_assert_str_eq(have, want);
	free(have);
}

/* A thread closes a number, and before it is out of the call another one has opened a file by that number. */
START_TEST(a_number_is_taken_before_its_close_is_over)
{
	tells(HEAD TASK REC(2000, 0, "o=openat;:,d=AT_FDCWD;:,p=/a;:,f=2;:,m=0;:,s=3")
			REC(2300, 100, "o=openat;:,d=AT_FDCWD;:,p=/b;:,f=2;:,m=0;:,s=3")
			REC(2350, 200, "o=close;:,d=3;:,s=0") REC(2500, 100, "o=read;:,d=3;:,c=10;:,s=4")
			REC(2550, 0, "o=openat;:,d=AT_FDCWD;:,p=/c;:,f=2;:,m=0;:,s=4")
			REC(2600, 0, "o=dup;:,d=4;:,s=3") REC(2620, 50, "o=close;:,d=3;:,s=0")
			REC(2700, 50, "o=read;:,d=3;:,c=10;:,s=4") REC(2800, 50, "o=close;:,d=3;:,s=0")
			REC(2900, 50, "o=read;:,d=3;:,c=10;:,s=-9"),
		"openat /a  prog -1 0 00 0 0 0\n"
		"openat /b  prog -1 200 00 0 0 0\n"
		"close /a  prog -1 0 00 0 0 0\n"
		"read /b  prog 0 50 00 4 0 0\n"
		"openat /c  prog -1 50 00 0 0 0\n"
		"dup /c  prog -1 50 00 0 0 0\n"
		"close /b  prog -1 0 00 0 0 0\n"
		"read /c  prog 0 30 00 4 0 0\n"
		"close /c  prog -1 50 00 0 0 0\n"
		"read   prog -1 50 00 0 0 9\n");
}
END_TEST

/* As before, and the close is a ring's. */
START_TEST(a_number_is_taken_before_its_close_by_a_ring_is_over)
{
	tells(HEAD TASK REC(2000, 0, "o=openat;:,d=AT_FDCWD;:,p=/a;:,f=2;:,m=0;:,s=3")
			REC(2300, 100, "o=openat;:,d=AT_FDCWD;:,p=/b;:,f=2;:,m=0;:,s=3")
			REC(2350, 200, "o=uring_close;:,k=1:0:0:-:-:0x0;:,d=3;:,s=0")
			REC(2500, 100, "o=read;:,d=3;:,c=10;:,s=4"),
		"openat /a  prog -1 0 00 0 0 0\n"
		"openat /b  prog -1 200 00 0 0 0\n"
		"uring_close /a  prog -1 0 00 0 0 0\n"
		"read /b  prog 0 100 00 4 0 0\n");
}
END_TEST

START_TEST(descriptors_are_files)
{
	tells(HEAD TASK REC(2000, 100, "o=openat;:,d=AT_FDCWD;:,p=../x/./f;:,f=2;:,m=0;:,s=3")
			REC(2300, 100, "o=read;:,d=3;:,c=10;:,s=10") REC(2500, 100, "o=read;:,d=3;:,c=10;:,s=4")
			REC(2600, 50, "o=dup;:,d=3;:,s=9") REC(2700, 50, "o=close;:,d=3;:,s=0")
			REC(2800, 50, "o=pwrite64;:,d=9;:,c=5;:,O=100;:,s=5")
			REC(2900, 50, "o=rename;:,p=a;:,P=/b/../c;:,s=0") REC(3000, 50, "o=close;:,d=3;:,s=-9"),
		"openat /home/x/f  prog -1 0 00 0 0 0\n"
		"read /home/x/f  prog 0 200 00 10 0 0\n"
		"read /home/x/f  prog 10 100 11 4 0 0\n"
		"dup /home/x/f  prog -1 50 00 0 0 0\n"
		"close /home/x/f  prog -1 50 00 0 0 0\n"
		"pwrite64 /home/x/f  prog 100 50 10 0 5 0\n"
		"rename /home/u/a /c prog -1 50 00 0 0 0\n"
		"close   prog -1 50 00 0 0 9\n");
}
END_TEST

START_TEST(children_and_new_programs)
{
	tells(HEAD TASK REC(2000, 0, "o=openat;:,d=AT_FDCWD;:,p=/keep;:,f=0;:,m=0;:,s=3")
			REC(2000, 0, "o=openat;:,d=AT_FDCWD;:,p=/gone;:,f=524288;:,m=0;:,s=4")
			REC(2100, 0, "o=fork;:,s=8")
		"t=2200;:,D=0;:,i=8:8;:,o=chdir;:,p=sub;:,s=0;:,\n"
		"t=2300;:,D=0;:,i=8:8;:,o=execve;:,p=./other/a-very-long-name-of-it;:,s=0;:,\n"
		"t=2400;:,D=0;:,i=8:8;:,o=fchmod;:,d=4;:,m=0600;:,s=-9;:,\n"
		"t=2500;:,D=0;:,i=8:8;:,o=fsync;:,d=3;:,s=0;:,\n"
		"t=2600;:,D=0;:,i=8:8;:,o=unlink;:,p=n;:,s=0;:,\n" REC(2700, 0, "o=unlink;:,p=n;:,s=0"),
		"openat /keep  prog -1 0 00 0 0 0\n"
		"openat /gone  prog -1 0 00 0 0 0\n"
		"fork   prog -1 100 00 0 0 0\n"
		"chdir /home/u/sub  prog -1 0 00 0 0 0\n"
		"execve /home/u/sub/other/a-very-long-name-of-it  a-very-long-nam -1 100 00 0 0 0\n"
		"fchmod   a-very-long-nam -1 100 00 0 0 9\n"
		"fsync /keep  a-very-long-nam -1 100 00 0 0 0\n"
		"unlink /home/u/sub/n  a-very-long-nam -1 100 00 0 0 0\n"
		"unlink /home/u/n  prog -1 600 00 0 0 0\n");
}
END_TEST

START_TEST(what_counts_as_bytes_and_as_errors)
{
	tells(HEAD TASK REC(2000, 0, "o=state_fd;:,d=5;:,p=/a;:,f=1025;:,O=0;:,x=8:1:5:0100644:1:0:0:700:0")
			REC(2000, 0, "o=state_fd;:,d=6;:,p=/b;:,f=2;:,O=50")
			REC(2100, 0, "o=write;:,d=5;:,c=9;:,s=9") REC(2200, 0, "o=write;:,d=5;:,c=9;:,s=9")
			REC(2300, 0, "o=sendfile;:,e=5;:,d=6;:,O=-;:,c=64;:,s=30")
			REC(2400, 0, "o=io_setup;:,n=4;:,k=0x1000;:,s=0")
			REC(2500, 0, "o=io_submit;:,k=0x1000;:,n=2;:,b=64:1:5:0:4096:80,128:0:6:0:512:80;:,s=2")
			REC(2600, 0, "o=io_getevents;:,k=0x1000;:,N=1;:,n=4;:,b=64:4000,128:-5;:,u=-;:,s=2")
			REC(2700, 0, "o=io_getevents;:,k=0x1000;:,N=1;:,n=4;:,b=64:4000;:,u=-;:,s=1")
			REC(2800, 0, "o=read;:,d=6;:,c=1;:,s=-512") REC(2900, 0, "o=read;:,d=6;:,c=1;:,s=-4"),
		"write /a  prog 700 0 00 0 9 0\n"
		"write /a  prog 709 100 11 0 9 0\n"
		"sendfile /b /a prog -1 100 00 30 30 0\n"
		"io_setup   prog -1 100 00 0 0 0\n"
		"io_submit   prog -1 100 00 0 0 0\n"
		"io_getevents   prog -1 100 00 0 0 0\n"
		"aio_write /a  prog 0 0 10 0 4000 0\n"
		"aio_read /b  prog 0 0 00 0 0 5\n"
		"io_getevents   prog -1 100 00 0 0 0\n"
		"read /b  prog 50 100 00 0 0 0\n"
		"read /b  prog 50 100 00 0 0 4\n");
}
END_TEST

#define FD(n, path) REC(1000, 0, "o=state_fd;:,d=" #n ";:,p=" path ";:,f=2;:,O=0")

START_TEST(slots_of_rings_are_files)
{
	tells(HEAD TASK FD(5, "/a") FD(4, "/b") REC(2000, 10, "o=io_uring_setup;:,n=8;:,f=0;:,N=0;:,k=1;:,s=6")
			REC(2100, 0, "o=uring_file;:,k=1;:,n=2;:,e=5;:,s=0")
			REC(2200, 50, "o=uring_read;:,k=1:0:1:-:-:0x0;:,d=2;:,c=10;:,O=7;:,f=0;:,s=10")
			REC(2300, 50, "o=uring_read;:,k=2:0:1:-:-:0x0;:,d=2;:,c=10;:,O=7;:,f=0;:,s=10")
			REC(2400, 50, "o=uring_files_update;:,k=1:1:0:-:-:0x0;:,n=1;:,b=4,-1,-2;:,s=3")
			REC(2500, 50, "o=uring_fsync;:,k=1:2:1:-:-:0x0;:,d=1;:,O=0;:,c=0;:,s=0")
			REC(2600, 50, "o=uring_fsync;:,k=1:3:1:-:-:0x0;:,d=2;:,O=0;:,c=0;:,s=-9")
			REC(2700, 50, "o=uring_fixed_fd_install;:,k=1:4:1:-:-:0x0;:,d=1;:,f=0;:,s=9")
			REC(2800, 50, "o=write;:,d=9;:,c=5;:,s=5")
			REC(2900, 50, "o=uring_files_update;:,k=1:5:0:-:-:0x0;:,n=1;:,b=5;:,s=-9")
			REC(3000, 50, "o=uring_fsync;:,k=1:6:1:-:-:0x0;:,d=1;:,O=0;:,c=0;:,s=0")
			FD(0, "/zero") REC(3100, 0, "o=uring_file;:,k=1;:,n=7;:,e=5;:,s=0")
			REC(3200, 0, "o=uring_read;:,k=1:7:1:-:-:0x0;:,d=7;:,c=10;:,O=0;:,f=0;:,s=10")
			REC(3300, 0, "o=uring_read;:,k=1:8:1:-:-:0x0;:,d=7;:,c=10;:,O=10;:,f=0;:,s=10")
			REC(3400, 0, "o=uring_read;:,k=1:9:1:-:-:0x0;:,d=7;:,c=10;:,O=30;:,f=0;:,s=10")
			REC(3500, 0, "o=uring_close;:,k=1:10:0:-:7:0x0;:,d=0;:,s=0"),
		"io_uring_setup   prog -1 0 00 0 0 0\n"
		"uring_read /a  prog 7 150 00 10 0 0\n" /* behind the last call: a ring has no turn */
		"uring_read   prog 7 250 00 10 0 0\n"
		"uring_files_update   prog -1 350 00 0 0 0\n"
		"uring_fsync /b  prog -1 450 00 0 0 0\n"
		"uring_fsync   prog -1 550 00 0 0 9\n"
		"uring_fixed_fd_install /b  prog -1 650 00 0 0 0\n"
		"write /b  prog 0 750 00 0 5 0\n"
		"uring_files_update   prog -1 50 00 0 0 9\n"
		"uring_fsync /b  prog -1 150 00 0 0 0\n"
		"uring_read /a  prog 0 400 00 10 0 0\n"
		"uring_read /a  prog 10 500 11 10 0 0\n"
		"uring_read /a  prog 30 600 10 10 0 0\n"
		"uring_close /a  prog -1 700 00 0 0 0\n");
}
END_TEST

/* Of each transfer, in the order of the capture, how it stands to the one before: as it is known at the end. */
static void stand(const char *text, const char *want)
{
	VEC(struct standing *) all = {0};
	struct standing **slot;
	char have[100] = "";
	struct tempdir dir;
	struct events *e;
	struct event ev;
	size_t i;
	int rc;

	tempdir_enter(&dir);
	file_put("c", text, strlen(text));
	ck_assert_int_eq(events_open(&e, "c", NULL), 0);
	while ((rc = events_next(e, &ev, NULL)) == 1)
		if (ev.standing) {
			slot = vec_push(&all);
			*slot = standing_keep(ev.standing);
		}
	ck_assert_int_eq(rc, 0);
	for (i = 0; i < all.n; i++) {
		snprintf(have + strlen(have), sizeof(have) - strlen(have), "%s%s", i ? " " : "",
			!all.v[i]->follows ? "first" : all.v[i]->sequential ? "next" : "far");
		standing_drop(all.v[i]);
	}
	events_close(e);
	vec_free(&all);
	tempdir_leave(&dir);
	ck_assert_str_eq(have, want);
}

#define SUBMITTED(t, dur, number, offset)                                                          \
	REC(t, dur, "o=uring_read;:,k=1:" #number ":0:-:-:0x0;:,d=5;:,c=10;:,O=" #offset ";:,f=0;:,s=10")

START_TEST(requests_of_rings_stand_as_they_were_submitted)
{
	stand(HEAD TASK FD(5, "/a") SUBMITTED(2000, 100, 1, 10) SUBMITTED(2100, 300, 0, 0) SUBMITTED(2200, 100, 3, 30)
			SUBMITTED(2300, 200, 2, 20) SUBMITTED(2400, 100, 4, 90),
		"next first next next far");
	/* of one io_uring_enter: by their numbers; and what failed is in no order */
	stand(HEAD TASK FD(5, "/a") SUBMITTED(2000, 100, 2, 20) SUBMITTED(2100, 200, 1, 10) SUBMITTED(2200, 300, 0, 0)
			REC(2300, 0, "o=uring_read;:,k=1:3:0:-:-:0x0;:,d=5;:,c=10;:,O=70;:,f=0;:,s=-5")
			SUBMITTED(2400, 0, 4, 30), "next next first next");
	/* between calls, behind the one before and before the one after */
	stand(HEAD TASK FD(5, "/a") REC(1500, 10, "o=pread64;:,d=5;:,c=10;:,O=0;:,s=10")
			SUBMITTED(2000, 100, 1, 20) SUBMITTED(2100, 300, 0, 10)
			REC(2500, 10, "o=pread64;:,d=5;:,c=10;:,O=30;:,s=10") SUBMITTED(2600, 10, 2, 40), "next next next");
}
END_TEST

/* Each is the last of 300 to be over, and the first that was submitted. */
START_TEST(requests_of_rings_that_come_very_late)
{
	struct buf text = BUF_INIT;
	struct standing *standing[600];
	struct tempdir dir;
	struct events *e;
	struct event ev;
	unsigned i, n = 0, apart = 0;

	buf_addf(&text, "%s", HEAD TASK FD(5, "/a"));
	for (i = 0; i < 600; i++) {
		unsigned number = i % 300 == 299 ? i - 299 : i + 1;

		buf_addf(&text, "t=%u;:,D=%u;:,i=7:7;:,o=uring_read;:,k=1:%u:0:-:-:0x0;:,d=5;:,c=10;:,O=%u;:,f=0;:,s=10;:,\n",
			2000 + i, 1000 + i - number, number, 10 * number);
	}
	tempdir_enter(&dir);
	file_put("c", text.p, text.len);
	ck_assert_int_eq(events_open(&e, "c", NULL), 0);
	while (events_next(e, &ev, NULL) == 1)
		standing[n++] = standing_keep(ev.standing);
	events_close(e);
	ck_assert_uint_eq(n, 600);
	for (i = 0; i < n; i++) {
		apart += standing[i]->follows && !standing[i]->sequential;
		standing_drop(standing[i]);
	}
	ck_assert_uint_eq(apart, 0);
	tempdir_leave(&dir);
	buf_free(&text);
}
END_TEST

START_TEST(descriptors_from_elsewhere_are_files)
{
	tells(HEAD TASK FD(5, "/a") "t=1000;:,D=0;:,i=8:8;:,o=state_task;:,p=/;:,P=/;:,m=022;:,U=1;:,G=1;:,q=0;:,\n"
		"t=1000;:,D=0;:,i=8:8;:,o=state_dup;:,d=1;:,q=7;:,e=5;:,f=2;:,\n"
		"t=1000;:,D=0;:,i=8:8;:,o=state_dup;:,d=2;:,q=7;:,e=99;:,f=2;:,\n"
		"t=2000;:,D=0;:,i=8:8;:,o=write;:,d=1;:,c=5;:,s=5;:,\n"
		"t=2100;:,D=0;:,i=8:8;:,o=write;:,d=2;:,c=5;:,s=5;:,\n"
		REC(2200, 0, "o=write;:,d=5;:,c=5;:,s=5") /* has the same offset */
		REC(2300, 0, "o=socketpair;:,f=0;:,d=5;:,e=6;:,s=0")
		REC(2400, 0, "o=read;:,d=5;:,c=5;:,s=2") REC(2500, 0, "o=fcntl;:,d=6;:,F=0;:,G=0;:,s=7")
		REC(2600, 0, "o=close_range;:,d=5;:,e=6;:,f=0;:,s=0") REC(2700, 0, "o=read;:,d=5;:,c=5;:,s=-9")
		REC(2800, 0, "o=read;:,d=7;:,c=5;:,s=0"),
		"write /a   0 0 00 0 5 0\n"
		"write    -1 100 00 0 5 0\n"
		"write /a   5 0 11 0 5 0\n"
		"socketpair    -1 100 00 0 0 0\n"
		"read socket:   -1 100 00 2 0 0\n"
		"fcntl socket:   -1 100 00 0 0 0\n"
		"close_range socket:   -1 100 00 0 0 0\n"
		"read    -1 100 00 0 0 9\n"
		"read socket:   -1 100 00 0 0 0\n");
}
END_TEST

START_TEST(requests_have_the_sizes_of_their_segments)
{
	tells(HEAD TASK FD(5, "/a")
		REC(2000, 0, "o=io_submit;:,k=0x1;:,n=3;:,b=64:7:5:100:2:80:0:0:0:0:0:2,512,300,65:2:5:0:0,66:5:5:0:0;:,s=3")
		REC(2100, 0, "o=io_submit;:,k=0x1;:,n=1;:,b=64:8:5:912:1:80:0:0:0:0:0:1,40;:,s=1") /* the end of the first was not told */
		REC(2200, 0, "o=io_getevents;:,k=0x1;:,N=3;:,n=4;:,b=64:40,65:0,66:1;:,u=-;:,s=3"),
		"io_submit   prog -1 0 00 0 0 0\n"
		"io_submit   prog -1 100 00 0 0 0\n"
		"io_getevents   prog -1 100 00 0 0 0\n"
		"aio_write /a  prog 912 0 11 0 40 0\n"
		"aio_sync /a  prog -1 0 00 0 0 0\n"
		"aio_poll /a  prog -1 0 00 0 0 0\n");
}
END_TEST

START_TEST(what_a_file_of_a_rotation_tells_is_no_call)
{
	tells(HEAD TASK REC(1000, 0, "o=state_map;:,a=0x7000;:,c=4096;:,g=1;:,l=2;:,p=/m;:,O=0")
			REC(1000, 0, "o=state_fd;:,d=5;:,p=/x;:,f=0;:,O=0")
			REC(2000, 0, "o=close;:,d=5;:,s=0")
			REC(2100, 0, "o=mmap;:,a=0x0;:,c=4096;:,g=1;:,l=2;:,d=5;:,O=0;:,s=-9"),
		"close /x  prog -1 0 00 0 0 0\n"
		"mmap   prog -1 100 00 0 0 9\n");
}
END_TEST

START_TEST(what_is_no_call_is_counted)
{
	static const char text[] = HEAD TASK
		"t=1500;:,D=0;:,i=0:0;:,o=lost;:,c=12;:,p=buffer;:,\n"
		"rubbish\nt=1600;:,D=0;:,i=7:7;:,o=newcall;:,s=0;:,\n" REC(1700, 0, "o=sync;:,s=0");
	struct tempdir dir;
	struct events *e;
	struct event ev;

	tempdir_enter(&dir);
	file_put("c", text, sizeof(text) - 1);
	ck_assert_int_eq(events_open(&e, "c", NULL), 0);
	ck_assert_int_eq(events_next(e, &ev, NULL), 1);
	ck_assert_int_eq(ev.rec->op, OP_sync);
	ck_assert_uint_eq(ev.start, 700);
	ck_assert_int_eq(events_next(e, &ev, NULL), 0);
	ck_assert_uint_eq(events_totals(e)->lost, 12);
	ck_assert_uint_eq(events_totals(e)->malformed, 1);
	ck_assert_uint_eq(events_totals(e)->unknown, 1);
	ck_assert_uint_eq(events_totals(e)->records, 3);
	ck_assert_uint_eq(events_totals(e)->calls, 1);
	ck_assert(events_totals(e)->cut);
	events_close(e);
	tempdir_leave(&dir);
}
END_TEST

/* ---- filters ---- */

static struct rec a_read = {.op = OP_pread64, .pid = 12, .tid = 13, .ret = 4096, .has_ret = true};
static const struct event read_event = {.rec = &a_read, .op = OP_pread64, .ret = 4096, .fd = 3, .latency = 1500000, .read = 4096,
	.file = {"/var/lib/a b", 12}, .comm = {"db", 2}, .offset = 8192};

static bool matches(const char *text)
{
	struct filter *f = NULL;
	struct err err = {0};
	bool is;

	if (filter_parse(&f, text, &err))
		ck_abort_msg("%s", err.text);
	is = filter_matches(f, &read_event);
	filter_free(f);
	return is;
}

START_TEST(filters_choose)
{
	static const char *const yes[] = {"pid==12", "tid != 12", "latency>1ms", "latency>=1.5ms",
		"latency<1500001", "op in (read,pread64)", "op==pread64&&pid==12||op==close",
		"op==close||pid==12&&op==pread64", "!(op==close)", "!error", "file=~'^/var/'",
		"path == \"/var/lib/a b\"", "file!~\"^/usr\"", "bytes==4Ki", "size==0", "offset", "class==READ",
		"family==FS", "dir==/var/lib", "comm==db", "ret>4k && ret<0.0041M", "!!pid", "fd in (1,2,3)",
		" ( pid == 12 ) ", "error==0"};
	static const char *const no[] = {"pid==13", "pid==12 && op==read", "!(pid==12)", "error",
		"latency<1ms", "op in (read)", "file=~'^var'", "size", "error==2", "comm!=db",
		"(pid==12||pid==13)&&tid==12", "op==close||pid==13&&op==pread64"};
	size_t i;

	for (i = 0; i < sizeof(yes) / sizeof(*yes); i++)
		ck_assert_msg(matches(yes[i]), "%s", yes[i]);
	for (i = 0; i < sizeof(no) / sizeof(*no); i++)
		ck_assert_msg(!matches(no[i]), "%s", no[i]);
}
END_TEST

START_TEST(filters_tell_of_operations_what_they_can)
{
	static const struct {
		const char *text;
		bool read, write, aio_read;
	} cases[] = {
		{"op==read", true, false, false},
		{"pid==1", true, true, true},
		{"!(op==read)", false, true, true},
		{"op==read && pid==1 || class==WRITE", true, true, false},
		{"!(op==read && pid==1)", true, true, true},
		{"!(op==read || pid==1)", false, true, true},
		{"family==AIO && latency>1s", false, false, true},
		{"class in (READ, WRITE) && !error", true, true, true},
	};
	struct filter *f;
	struct err err;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		ck_assert_int_eq(filter_parse(&f, cases[i].text, &err), 0);
		ck_assert_msg(filter_allows(f, OP_read) == cases[i].read, "%s", cases[i].text);
		ck_assert_msg(filter_allows(f, OP_write) == cases[i].write, "%s", cases[i].text);
		ck_assert_msg(filter_allows(f, EVENT_AIO_READ) == cases[i].aio_read, "%s", cases[i].text);
		filter_free(f);
	}
	ck_assert_int_eq(filter_parse(&f, "!(pid==1) || path=~x && gap>1s", &err), 0);
	ck_assert(filter_uses(f, "gap") && filter_uses(f, "file") && filter_uses(f, "pid") && !filter_uses(f, "op"));
	filter_free(f);
}
END_TEST

START_TEST(filters_tell_what_the_kernel_can_decide)
{
	static const struct {
		const char *text;
		enum op_id op;
		struct filter_need need;
	} cases[] = {
		{"error", OP_read, {.failed = true}},
		{"!error", OP_read, {0}}, /* a restart is no error */
		{"error==0", OP_read, {0}},
		{"ret<0 && file=~x", OP_read, {.failed = true}},
		{"ret>=0", OP_read, {.worked = true}},
		{"ret>-1 || pid==3", OP_read, {0}},
		{"ret==5", OP_read, {.worked = true}},
		{"ret!=5", OP_read, {0}},
		{"ret in (-2, -13)", OP_read, {.failed = true}},
		{"written==100", OP_write, {.worked = true}},
		{"bytes<5", OP_write, {0}},
		{"bytes", OP_write, {.worked = true}},
		{"op==openat || error", OP_openat, {0}},
		{"op==openat || error", OP_stat, {.failed = true}},
		{"latency>1ms", OP_read, {.latency = 1000001}},
		{"latency>=1ms && error", OP_read, {.latency = 1000000, .failed = true}},
		{"latency>1ms || latency>2us", OP_read, {.latency = 2001}},
		{"latency==7 || latency in (9, 8)", OP_read, {.latency = 7}},
		{"!(latency<500)", OP_read, {.latency = 500}},
		{"latency<500", OP_read, {0}},
		{"latency!=0", OP_read, {.latency = 1}},
		{"latency", OP_read, {.latency = 0}}, /* names no number */
		{"pid==3 && error", OP_read, {.pids = true, .failed = true}},
		{"pid in (3, 4) && tid==4", OP_read, {.pids = true, .tids = true}},
		{"pid!=3", OP_read, {0}},
		{"!(pid!=3)", OP_read, {.pids = true}},
		{"pid>3", OP_read, {0}},
		{"pid==3 || op==read", OP_read, {0}},
		{"pid==3 || op==read", OP_write, {.pids = true}},
	};
	struct filter_need have;
	struct filter *f;
	struct err err;
	uint32_t ids[2] = {0};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct filter_need *want = &cases[i].need;

		ck_assert_int_eq(filter_parse(&f, cases[i].text, &err), 0);
		filter_need(f, cases[i].op, &have);
		ck_assert_msg(have.failed == want->failed && have.worked == want->worked && have.pids == want->pids &&
				      have.tids == want->tids && have.latency == want->latency,
			"%s: failed %d, worked %d, pids %d, tids %d, latency %ju", cases[i].text, have.failed,
			have.worked, have.pids, have.tids, (uintmax_t)have.latency);
		filter_free(f);
	}
	ck_assert_int_eq(filter_parse(&f, "bytes>5", &err), 0);
	ck_assert(filter_allows(f, OP_read) && !filter_allows(f, OP_openat) && filter_allows(f, EVENT_AIO_READ));
	filter_free(f);
	ck_assert_int_eq(filter_parse(&f, "pid in (3, 4) && (tid==5 || pid==6)", &err), 0);
	ck_assert_uint_eq(filter_ids(f, "pid", ids, 0, 2), 3);
	ck_assert(ids[0] == 3 && ids[1] == 4 && filter_ids(f, "tid", ids, 1, 2) == 2 && ids[1] == 5);
	filter_free(f);
}
END_TEST

START_TEST(wrong_filters_say_where)
{
	static const struct {
		const char *text;
		int at;
	} wrong[] = {{"", 0}, {"pid==", 5}, {"pid==12 &&", 10}, {"pid==12 pid", 8}, {"pid=12", 3}, {"pid==1x", 6},
		{"pid==99999999999999999999", 5}, {"latency==1k", 10}, {"pid=~'a'", 6}, {"op=~'['", 5}, {"op in", 5},
		{"op==reed", 4}, {"op in (read, reed)", 13}, {"family!=fs", 8}, {"class==Read", 7}, {"error==ENOENTX", 7},
		{"pid==12.5", 5}, {"latency>1.0000001us", 8},
		{"op in ()", 7}, {"op in (read", 11}, {"op<a", 2}, {"!", 1}, {")", 0}, {"pid==1)", 6}, {"a.b==1", 0},
		{"op=='a", 4}, {"pid==-", 5}, {"pid==1.2.3", 5}};
	size_t i;

	for (i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct filter *f = NULL;
		struct err err = {0};
		const char *caret;

		ck_assert_int_eq(filter_parse(&f, wrong[i].text, &err), -EINVAL);
		caret = strrchr(err.text, '\n');
		ck_assert_msg(caret && strlen(caret + 1) == (size_t)wrong[i].at + 3 && caret[wrong[i].at + 3] == '^',
			"%s: %s", wrong[i].text, err.text);
	}
}
END_TEST

/* ---- sums ---- */

START_TEST(spreads_are_histograms)
{
	struct sparse s = {0};
	struct hist h;
	uint64_t v = 1;
	unsigned i;

	memset(&h, 0, sizeof(h));
	ck_assert_uint_eq(sparse_quantile(&s, 0.5), 0);
	for (i = 0; i < 20000; i++) {
		v = hash_u64(v);
		ck_assert_int_eq(sparse_add(&s, v >> (v & 63)), 0);
		hist_add(&h, v >> (v & 63));
	}
	for (i = 0; i <= 1000; i++)
		ck_assert_uint_eq(sparse_quantile(&s, i / 1000.0), hist_quantile(&h, i / 1000.0));
	ck_assert_uint_eq(s.sum, h.sum);
	sparse_free(&s);
}
END_TEST

START_TEST(groups_are_by_all_columns)
{
	struct event ev = read_event;
	struct group **sorted;
	struct groups g;
	size_t n;

	ck_assert_int_eq(groups_init(&g, "comm,path", NULL), 0);
	ck_assert_int_eq(groups_add(&g, &ev), 0);
	ck_assert_int_eq(groups_add(&g, &ev), 0);
	ev.file = STR("/x\ty");
	ev.latency = 5000000;
	ev.error = ENOENT;
	ck_assert_int_eq(groups_add(&g, &ev), 0);
	sorted = groups_sorted(&g, BY_TIME, &n);
	ck_assert_uint_eq(n, 2);
	ck_assert(str_eq(sorted[0]->key, STR("db\0/x\ty")));
	ck_assert_uint_eq(sorted[0]->tally.errors, 1);
	ck_assert_uint_eq(sorted[1]->tally.count, 2);
	ck_assert_uint_eq(sorted[1]->tally.read, 8192);
	free(sorted);
	sorted = groups_sorted(&g, BY_COUNT, &n);
	ck_assert(str_eq(sorted[0]->key, STR("db\0/var/lib/a b")));
	free(sorted);
	groups_free(&g);
	ck_assert_int_eq(groups_init(&g, "comm,,op", NULL), -EINVAL);
	ck_assert_int_eq(groups_init(&g, "op,op,op,op,op,op,op,op,op", NULL), -EINVAL);
}
END_TEST

START_TEST(stacks_have_a_frame_for_each_directory)
{
	struct event ev = read_event;
	struct buf out = BUF_INIT;
	struct err err = {0};
	struct stacks s;

	ck_assert_int_eq(stacks_init(&s, NULL, "bytes", NULL), 0);
	ck_assert_int_eq(stacks_add(&s, &ev), 0);
	ev.file = STR("/var/x;y");
	ck_assert_int_eq(stacks_add(&s, &ev), 0);
	ck_assert_int_eq(stacks_add(&s, &ev), 0);
	ev.file = STR_NONE;
	ck_assert_int_eq(stacks_add(&s, &ev), 0);
	ev.read = 0;
	ck_assert_int_eq(stacks_add(&s, &ev), 0);
	ck_assert_int_eq(stacks_finish(&s), 0);
	stacks_collapsed(&s, &(struct ending){.totals = &(struct events_totals){.lost = 3}}, &out);
	buf_char(&out, '\0');
	ck_assert_str_eq(out.p, "db;-;pread64 4096\n"
				"db;/;var/;lib/;a b;pread64 4096\n"
				"db;/;var/;x\\x3by;pread64 8192\n"
				"3 records were lost 0\n");
	ck_assert_uint_eq(s.root.total, 16384);
	ck_assert_uint_eq(s.root.child->child->sibling->start, 4096);
	buf_free(&out);
	stacks_free(&s);
	ck_assert_int_eq(stacks_init(&s, "op", "weight", &err), -EINVAL);
	ck_assert_int_eq(stacks_init(&s, "none", NULL, &err), -EINVAL);
}
END_TEST

/* ---- what rows of values do in the long run ---- */

static double noise(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (double)(*seed >> 8) / (1 << 24);
}

START_TEST(trends_are_told)
{
	double v[1000] = {0}, back[100];
	struct trend_result r;
	size_t i;

	trend_of(&r, v, 1000);
	ck_assert(r.trend == TREND_STABLE && !r.bursts && !r.period);
	for (i = 0; i < 100; i++)
		v[i] = 7;
	trend_of(&r, v, TREND_MIN - 1);
	ck_assert_int_eq(r.trend, TREND_UNKNOWN);
	trend_of(&r, v, 100);
	ck_assert(r.trend == TREND_STABLE && !r.bursts && !r.period && r.first >= 7 && r.last <= 7);
	for (i = 0; i < 100; i++) {
		v[i] = 100 + (double)i;
		back[i] = 300 - (double)i;
	}
	trend_of(&r, v, 99);
	ck_assert(r.trend == TREND_RISING && !r.bursts && !r.period && r.first >= 116 && r.last <= 182);
	trend_of(&r, back, 100);
	ck_assert(r.trend == TREND_FALLING && !r.bursts && !r.period);
	for (i = 0; i < 100; i++)
		v[i] = 10000 + (double)i; /* sure, but little */
	trend_of(&r, v, 100);
	ck_assert_int_eq(r.trend, TREND_STABLE);
}
END_TEST

START_TEST(bursts_and_periods_are_told)
{
	double v[1000];
	struct trend_result r;
	uint32_t seed = 1;
	size_t i;

	for (i = 0; i < 100; i++)
		v[i] = i % 10 == 3 ? 90 : 10;
	trend_of(&r, v, 100);
	ck_assert(r.trend == TREND_STABLE && r.bursts == 10 && r.period == 10);
	ck_assert(r.in_bursts > 0.499 && r.in_bursts < 0.501 && r.correlation > 0.9);
	for (i = 0; i < 100; i++)
		v[i] = i == 20 || i == 21 || i == 70 ? 1000 : 1 + noise(&seed);
	trend_of(&r, v, 100);
	ck_assert(r.trend == TREND_STABLE && r.bursts == 2 && r.in_bursts > 0.9 && !r.period);
	for (i = 0; i < 100; i++) /* on a slope, and blurred */
		v[i] = 100 + 2 * (double)i + 50 * (double)(i % 12 < 6) + 10 * noise(&seed);
	trend_of(&r, v, 100);
	ck_assert(r.trend == TREND_RISING && r.period == 12);
	for (i = 0; i < 1000; i++) /* four next to each other are one value */
		v[i] = 10 + 10 * (double)(i % 40 < 20) + noise(&seed);
	trend_of(&r, v, 1000);
	ck_assert(r.merged == 4 && r.period == 40 && r.first > 14 && r.first < 17);
}
END_TEST

/* Of chance little is said: also of values that follow each other. */
START_TEST(chance_is_no_trend)
{
	unsigned seeds, trends = 0, periods = 0, bursts = 0;

	for (seeds = 0; seeds < 200; seeds++) {
		struct trend_result r;
		uint32_t seed = seeds * 7919;
		double v[200], before = 0;
		size_t i;

		for (i = 0; i < 200; i++) {
			before = (seeds % 2 ? 0.6 : 0) * before + noise(&seed);
			v[i] = 0.1 + before;
		}
		trend_of(&r, v, 200);
		trends += r.trend != TREND_STABLE;
		periods += r.period != 0;
		bursts += r.bursts != 0;
	}
	ck_assert_msg(trends <= 6 && periods <= 2 && bursts <= 2, "%u trends, %u periods, %u bursts of 200", trends,
		periods, bursts);
}
END_TEST

Suite *report_suite(void)
{
	TCase *t;
	Suite *s = suite_with("report", &t);

	tcase_add_test(t, descriptors_are_files);
	tcase_add_test(t, a_number_is_taken_before_its_close_is_over);
	tcase_add_test(t, a_number_is_taken_before_its_close_by_a_ring_is_over);
	tcase_add_test(t, children_and_new_programs);
	tcase_add_test(t, what_counts_as_bytes_and_as_errors);
	tcase_add_test(t, slots_of_rings_are_files);
	tcase_add_test(t, requests_of_rings_stand_as_they_were_submitted);
	tcase_add_test(t, requests_of_rings_that_come_very_late);
	tcase_add_test(t, descriptors_from_elsewhere_are_files);
	tcase_add_test(t, requests_have_the_sizes_of_their_segments);
	tcase_add_test(t, what_a_file_of_a_rotation_tells_is_no_call);
	tcase_add_test(t, what_is_no_call_is_counted);
	tcase_add_test(t, filters_choose);
	tcase_add_test(t, filters_tell_of_operations_what_they_can);
	tcase_add_test(t, filters_tell_what_the_kernel_can_decide);
	tcase_add_test(t, wrong_filters_say_where);
	tcase_add_test(t, spreads_are_histograms);
	tcase_add_test(t, trends_are_told);
	tcase_add_test(t, bursts_and_periods_are_told);
	tcase_add_test(t, chance_is_no_trend);
	tcase_add_test(t, groups_are_by_all_columns);
	tcase_add_test(t, stacks_have_a_frame_for_each_directory);
	return s;
}
