/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../common/samples.h"
#include <linux/io_uring.h>

#include "../common/wire_bytes.h"
#include "datas/hmap.h"
#include "fuzz.h"
#include "utils/str.h"

/*
 * usage: fuzz capture|replay|wire|generate|load|import [ITERATIONS [SEED [FIRST]]]
 *
 * Mutates lines, or the kernel's records, of every operation. The same SEED makes the same inputs; an input that fails is
 * named by its iteration, and "fuzz WHAT 1 SEED ITERATION" runs it alone.
 */
#define LINES_MOST 8

struct random {
	uint64_t state;
};

static volatile uint64_t running, running_seed;

static uint64_t draw(struct random *r, uint64_t below)
{
	r->state += 0x9e3779b97f4a7c15u;
	return hash_u64(r->state) % below;
}

/* To the property, or (FUZZ_KEEP=DIR) into a file where libFuzzer begins. */
static void give(void (*property)(const uint8_t *data, size_t len), const struct buf *input)
{
	const char *keep = getenv("FUZZ_KEEP");
	char path[PATH_MAX];
	FILE *f;

	if (!keep) {
		property((const uint8_t *)input->p, input->len);
		return;
	}
	snprintf(path, sizeof(path), "%s/made-%llu", keep, (unsigned long long)running);
	f = fopen(path, "w");
	if (!f || fwrite(input->p, 1, input->len, f) != input->len || fclose(f))
		fuzz_fail("cannot write", path, strlen(path));
}

/* Bytes that the parsers look for, and numbers at their limits. */
static const char *const words[] = {";:,", ";", "|", "=", "\\", "\\x00", "\\x0a", "\n", ",", "+", "-",
	":", "x", "@", "L", ">", "%", "%fd/1", "%null", "0", "1", "-1", "08", "0x", "4095", "4096",
	"2147483647", "2147483648", "-2147483649", "4294967293", "4294967295", "4294967296",
	"9223372036854775807", "9223372036854775808", "-9223372036854775808",
	"18446744073709551615", "18446744073709551616", "now", "omit", "null", "AT_FDCWD", "cwd",
	"none", "#INIT", "#END", "x4096", "x4097", "t=1", "o=", "s=", "v=-", "F_SETLK", "SEEK_SET"};

static void splice(struct buf *b, size_t at, size_t drop, struct str put)
{
	struct buf out = BUF_INIT;

	if (b->len)
		buf_add(&out, b->p, at);
	buf_str(&out, put);
	if (b->len)
		buf_add(&out, b->p + at + drop, b->len - at - drop);
	buf_free(b);
	*b = out;
}

static void mutate(struct buf *b, struct random *r)
{
	size_t at = b->len ? draw(r, b->len) : 0, left = b->len - at;
	size_t some = left ? 1 + draw(r, left < 20 ? left : 20) : 0;
	char byte = (char)draw(r, 256);
	struct str there = some ? (struct str){b->p + at, some} : STR("");

	switch (draw(r, 6)) {
	case 0:
		splice(b, at, left ? 1 : 0, (struct str){&byte, 1});
		break;
	case 1:
		splice(b, at, 0, (struct str){&byte, 1});
		break;
	case 2:
		splice(b, at, some, STR(""));
		break;
	case 3:
		splice(b, at, draw(r, 2) ? some : 0,
			str_of(words[draw(r, sizeof(words) / sizeof(*words))]));
		break;
	case 4: /* twice */
		splice(b, at, 0, there);
		break;
	case 5: /* from elsewhere */
		splice(b, b->len ? draw(r, b->len) : 0, 0, there);
		break;
	}
}

static void add_capture_line(struct buf *b, struct random *r)
{
	struct rec rec;

	sample_rec(&rec, (enum op_id)draw(r, OP_COUNT), (enum sample)draw(r, SAMPLE_COUNT));
	capture_print(b, &rec);
}

static void add_replay_line(struct buf *b, struct random *r)
{
	struct init_line init;
	struct rline line;

	if (draw(r, 4) == 0) {
		sample_init(&init, (enum init_kind)draw(r, INIT_KINDS),
			(enum sample)draw(r, SAMPLE_COUNT));
		replay_print_init(b, &init);
		return;
	}
	sample_rline(&line, (enum op_id)draw(r, OP_COUNT), (enum sample)draw(r, SAMPLE_COUNT));
	replay_print(b, &line);
}

static void make_lines(struct buf *input, struct random *r, void (*add)(struct buf *, struct random *))
{
	uint64_t n;

	for (n = 1 + draw(r, LINES_MOST); n; n--)
		add(input, r);
	for (n = draw(r, 8); n; n--)
		mutate(input, r);
}

static void run_capture(struct buf *input, struct random *r)
{
	buf_char(input, (char)draw(r, 256));
	make_lines(input, r, add_capture_line);
	give(fuzz_capture, input);
}

static void run_replay(struct buf *input, struct random *r)
{
	make_lines(input, r, add_replay_line);
	give(fuzz_replay, input);
}

/* One process and descriptors that were opened before: most lines mean something. */
static void add_related_line(struct buf *b, struct random *r)
{
	struct rec rec;

	sample_rec(&rec, (enum op_id)draw(r, OP_COUNT), draw(r, 8) ? SAMPLE_PLAIN :
							(enum sample)draw(r, SAMPLE_COUNT));
	rec.pid = 1;
	rec.tid = 1 + (uint32_t)draw(r, 2);
	capture_print(b, &rec);
}

static void run_generate(struct buf *input, struct random *r)
{
	buf_char(input, (char)draw(r, 256));
	make_lines(input, r, add_related_line);
	give(fuzz_generate, input);
}

static void run_load(struct buf *input, struct random *r)
{
	buf_char(input, (char)draw(r, 256));
	make_lines(input, r, add_replay_line);
	give(fuzz_load, input);
}

/* --- lines of strace --- */

static const char *const strace_lines[] = {
	"7 1.5 open(\"/a b\", O_RDWR|O_CREAT, 0644) = 3</a b> <0.000010>",
	"7 1.5 openat2(AT_FDCWD</w>, \"\\303\\244\\n\\x41\", {flags=O_RDONLY, mode=0700, resolve=RESOLVE_BENEATH}, 24) = 4",
	"7 1.5 preadv2(3, [{iov_base=\"a,)]\"..., iov_len=10}, {iov_base=\"\", iov_len=5}], 2, 4096, RWF_NOWAIT) = 3",
	"8 1.6 fcntl(3, F_SETLKW, {l_type=F_RDLCK, l_whence=SEEK_END, l_start=-5, l_len=2}) = -1 EBADF (x)",
	"7 1.5 copy_file_range(3, [7] => [9], 4, NULL, 10, 0) = 2 <0.1>",
	"7 1.5 utimensat(AT_FDCWD, \"/f\", [{tv_sec=5, tv_nsec=7} /* x */, UTIME_OMIT], 0) = 0",
	"7 1.5 mknod(\"/n\", S_IFCHR|0600, makedev(0x1, 0x3)) = 0",
	"7 1.5 pipe2([3<pipe:[1]>, 4<pipe:[1]>], O_CLOEXEC) = 0",
	"7 1.5 clone(child_stack=NULL, flags=CLONE_CHILD_SETTID|SIGCHLD <unfinished ...>",
	"7 1.6 <... clone resumed>, child_tidptr=0x7f) = 8",
	"7 1.6 clone3({flags=CLONE_VM|CLONE_THREAD} => {parent_tid=[9]}, 88) = 9",
	"7 1.6 vfork( <unfinished ...>", "7 1.7 <... vfork resumed>) = 8",
	"8 1.7 execve(\"/x\", [\"x\"], 0x7f /* 9 vars */ <unfinished ...>",
	"7 1.7 +++ superseded by execve in pid 8 +++", "7 1.8 <... execve resumed>) = 0 <0.1>",
	"8 1.8 exit_group(0) = ?", "8 1.9 +++ exited with 0 +++", "7 2.0 +++ killed by SIGKILL (core dumped) +++",
	("7 1.5 lstat(\"/d\", {st_dev=makedev(0x8, 0x1), st_ino=5, st_mode=S_IFREG|0644, st_nlink=2, st_uid=1, "
	"st_gid=2, st_blocks=8, st_size=300}) = 0"),
	"7 1.5 readlink(\"/l\", \"d/e\", 4096) = 3", "7 1.5 chdir(\"d\") = 0", "7 1.5 getcwd(\"/w\", 4096) = 3",
	"7 1.5 mmap(NULL, 8192, PROT_READ, MAP_SHARED, 3</f>, 0x1000) = 0x7f0000000000",
	"7 1.5 mremap(0x7f0000000000, 8192, 16384, MREMAP_MAYMOVE) = 0x7f1000000000",
	"7 1.5 munmap(0x7f0000000000, 8192) = 0", "7 1.5 ioctl(3, BTRFS_IOC_CLONE or FICLONE, 4) = 0",
	"7 1.5 dup2(3, 70000) = 70000", "7 1.5 bind(5, {sa_family=AF_UNIX, sun_path=\"/s\"}, 110) = 0",
	"7 1.5 --- SIGCHLD {si_signo=SIGCHLD} ---"};

static const char *const strace_words[] = {"<", ">", "\"", "\\", "(", ")", "[", "]", "{", "}", ",", "=", "/*", "*/",
	" = ", " <unfinished ...>", "<... ", " resumed>", "...", "0x", "-1 ", "?", "|", "AT_FDCWD<", "7", "8",
	"4294967296", "18446744073709551616", "-2147483648", "\n", "1.5", "iov_len=", "S_IFLNK", "\\0", "\\377"};

static void run_import(struct buf *input, struct random *r)
{
	uint64_t n;

	for (n = 1 + draw(r, 2 * LINES_MOST); n; n--) {
		buf_puts(input, strace_lines[draw(r, sizeof(strace_lines) / sizeof(*strace_lines))]);
		buf_char(input, '\n');
	}
	for (n = draw(r, 8); n; n--) {
		if (draw(r, 2))
			mutate(input, r);
		else
			splice(input, draw(r, input->len + 1), 0,
				str_of(strace_words[draw(r, sizeof(strace_words) / sizeof(*strace_words))]));
	}
	give(fuzz_import, input);
}

/* --- names of a snapshot --- */

#define SNAPSHOT_COLUMNS "snapshot_timestamp,path,type,size,blocks,dev,inode,mode\r\n"

static const char *const snapshot_lines[] = {"1.5,/a/b,f,8192,16,7:1,21,0644\r\n",
	"1.5,\"/a, \"\"b\"\"\r\nand c\",d,0,0,7:1,22,0755\r\n", "1.5,\"\",l,0,0,4294967295:0,18446744073709551615,0777\n",
	"limit,entries\r\n", "1.5,/x,f,1,1,7:1\n", "1.5,/a/b,f,1,1,7:2,21\n"};

static const char *const snapshot_words[] = {"\"", "\"\"", ",", "\r", "\n", "\r\n", ":", "7:1", "21", "limit,",
	"4294967296", "18446744073709551616", "/", "\\", "\377"};

static void run_names(struct buf *input, struct random *r)
{
	uint64_t n;

	buf_puts(input, SNAPSHOT_COLUMNS);
	for (n = 1 + draw(r, 2 * LINES_MOST); n; n--)
		buf_puts(input, snapshot_lines[draw(r, sizeof(snapshot_lines) / sizeof(*snapshot_lines))]);
	for (n = draw(r, 8); n; n--) {
		if (draw(r, 2))
			mutate(input, r);
		else
			splice(input, draw(r, input->len + 1), 0,
				str_of(snapshot_words[draw(r, sizeof(snapshot_words) / sizeof(*snapshot_words))]));
	}
	give(fuzz_names, input);
}

/* --- the kernel's records --- */

static const uint64_t numbers[] = {0, 1, 7, 8, 9, 56, 4095, 4096, 4097, 8184, UINT16_MAX, INT32_MAX,
	UINT32_MAX, INT64_MAX, (uint64_t)INT64_MIN, (uint64_t)INT64_MIN + 1, UINT64_MAX};

static struct rec wire_sample(struct random *r)
{
	static const enum op_id states[] = {OP_state_task, OP_state_fd, OP_task_end};
	struct rec rec;
	enum op_id op;

	do
		op = draw(r, 8) ? (enum op_id)draw(r, OP_COUNT) : states[draw(r, 3)];
	while (op_nr(op) < 0 && op != OP_state_task && op != OP_state_fd && op != OP_task_end);
	sample_rec(&rec, op, (enum sample)draw(r, SAMPLE_COUNT));
	if (rec.dur > rec.t)
		rec.dur = 0;
	rec.pid = 100 + (uint32_t)draw(r, 2);
	rec.tid = rec.pid + (uint32_t)draw(r, 3);
	return rec;
}

/* Of a few rings, with requests that may be under way. */
static void ring_sample(struct buf *b, struct random *r)
{
	static const enum wire_kind kinds[] = {WIRE_SUBMISSION, WIRE_WORK, WIRE_COMPLETION};
	const uint64_t ring = 1 + draw(r, 2), request = 1 + draw(r, 6);
	const struct wire_ring about = {ring, 8, 16, 1u << draw(r, 5), (uint32_t)draw(r, 4)};
	const struct io_uring_sqe sqe = {.opcode = (uint8_t)draw(r, 64),
		.flags = (uint8_t)(1u << draw(r, 8)), .fd = (int)draw(r, 8), .len = 100,
		.file_index = (uint32_t)draw(r, 3), .user_data = request};
	struct wire_rec head = {.kind = WIRE_CALL, .tgid = 100, .tid = 100 + (uint32_t)draw(r, 3),
		.t = 1000 + draw(r, 1000), .nr = 425 + (int)draw(r, 3), .ret = (int64_t)draw(r, 6) - 2};

	if (draw(r, 3))
		head.kind = (uint8_t)kinds[draw(r, 3)];
	if (!draw(r, 4))
		head.flags = WIRE_POLLED;
	wire_begin(b, &head);
	wire_value(b, head.kind == WIRE_CALL ? draw(r, 8) : ring);
	if (head.kind != WIRE_CALL || head.nr != 425)
		wire_value(b, request);
	if (head.kind != WIRE_WORK && (head.kind != WIRE_CALL || head.nr != 425))
		wire_value(b, draw(r, 8));
	if (head.kind == WIRE_COMPLETION || (head.kind == WIRE_CALL && head.nr == 426))
		wire_value(b, draw(r, 4));
	if (head.kind == WIRE_SUBMISSION)
		wire_item(b, WIRE_SQE, &sqe, sizeof(sqe));
	else if (head.kind == WIRE_CALL)
		wire_item(b, WIRE_RING, &about, sizeof(about));
	wire_str(b, draw(r, 2) ? WIRE_PATH : WIRE_LINK, STR("/a/b"));
	wire_end(b, 0);
}

/* Other numbers, bytes and items; nearly always of a length that can be. */
static void mutate_record(struct buf *b, struct random *r)
{
	size_t at = draw(r, b->len), word = at & ~(size_t)7, size = 1u << draw(r, 4);
	uint64_t number = numbers[draw(r, sizeof(numbers) / sizeof(*numbers))];

	switch (draw(r, 6)) {
	case 0:
		b->p[at] = (char)draw(r, 256);
		break;
	case 1:
		at &= ~(size - 1);
		memcpy(b->p + at, &number, size < b->len - at ? size : b->len - at);
		break;
	case 2: /* twice */
		splice(b, word, 0, (struct str){b->p + word, b->len - word});
		break;
	case 3:
		splice(b, word, b->len - word < 8 ? b->len - word : 8, STR(""));
		break;
	case 4:
		b->len = draw(r, 16) ? word : at;
		break;
	case 5: /* another kind, or another item */
		if (b->len > offsetof(struct wire_rec, kind))
			b->p[offsetof(struct wire_rec, kind)] = (char)draw(r, WIRE_COMPLETION + 2);
		break;
	}
}

static void add_record(struct buf *b, struct random *r)
{
	const struct rec rec = wire_sample(r);
	struct buf one = BUF_INIT;
	uint16_t len;
	uint64_t n;

	if (draw(r, 3))
		wire_put(&one, &rec);
	else
		ring_sample(&one, r);
	for (n = draw(r, 5); n && one.len; n--)
		mutate_record(&one, r);
	len = (uint16_t)one.len;
	if (one.len >= sizeof(len) && draw(r, 16))
		memcpy(one.p, &len, sizeof(len));
	buf_add(b, &len, sizeof(len));
	buf_add(b, one.p, len);
	buf_free(&one);
}

static void run_wire(struct buf *input, struct random *r)
{
	uint64_t n;

	for (n = 1 + draw(r, LINES_MOST); n; n--)
		add_record(input, r);
	give(fuzz_wire, input);
}

static const struct target {
	const char *name;
	void (*run)(struct buf *input, struct random *r);
} targets[] = {{"capture", run_capture}, {"replay", run_replay}, {"wire", run_wire},
	{"generate", run_generate}, {"load", run_load}, {"import", run_import}, {"names", run_names}};

static const struct target *find_target(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(targets) / sizeof(*targets); i++)
		if (name && strcmp(name, targets[i].name) == 0)
			return &targets[i];
	return NULL;
}

static void run(const struct target *target, uint64_t seed, uint64_t iteration)
{
	struct random r = {hash_u64(seed ^ hash_u64(iteration))};
	struct buf input = BUF_INIT;

	target->run(&input, &r);
	buf_free(&input);
}

static void say_where(int sig)
{
	char text[100] = "failed at iteration ", *p = text + strlen(text);

	p = str_put_u64(p, running);
	memcpy(p, " of seed ", 9);
	p = str_put_u64(p + 9, running_seed);
	*p++ = '\n';
	if (write(STDERR_FILENO, text, (size_t)(p - text)) < 0)
		_exit(EXIT_FAILURE);
	signal(sig, SIG_DFL);
	raise(sig);
}

int main(int argc, char **argv)
{
	uint64_t n = 100000, seed = 1, first = 0, i;
	const struct target *target = find_target(argv[1]);

	if (!target || argc > 5 ||
		(argc > 2 && str_u64(str_of(argv[2]), &n)) ||
		(argc > 3 && str_u64(str_of(argv[3]), &seed)) ||
		(argc > 4 && str_u64(str_of(argv[4]), &first))) {
		fprintf(stderr, "usage: fuzz capture|replay|wire|generate|load|import|names "
				"[ITERATIONS [SEED [FIRST]]]\n");
		return 2;
	}
	signal(SIGSEGV, say_where);
	signal(SIGABRT, say_where);
	running_seed = seed;
	for (i = first; i < first + n; i++) {
		running = i;
		run(target, seed, i);
	}
	printf("%s: %llu inputs, seed %llu\n", argv[1], (unsigned long long)n,
		(unsigned long long)seed);
	return 0;
}
