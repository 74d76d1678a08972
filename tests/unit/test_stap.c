/* SPDX-License-Identifier: Apache-2.0 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "capture/stap.h"
#include "suites.h"
#include "tables.h"
#include "tempdir.h"

/* --- a stream as the module and SystemTap write it --- */

struct stream {
	struct buf bytes;
	unsigned header; /* 8 or 12 */
	uint32_t frame;	 /* SystemTap's number */
	uint32_t seq;
	uint16_t cpu;
	uint64_t made;
};

static size_t put_record(unsigned char *to, uint64_t t, unsigned extra)
{
	struct wire_rec rec = {.kind = WIRE_CALL, .t = t, .tid = 1, .tgid = 1};

	rec.size = (uint16_t)(sizeof(rec) + extra);
	memcpy(to, &rec, sizeof(rec));
	memset(to + sizeof(rec), 'x', extra);
	return rec.size;
}

static void put_frame(struct stream *s, const void *payload, uint32_t len)
{
	if (s->header == 12)
		buf_add(&s->bytes, "\xf0\x9f\xa9\xba", 4);
	s->frame++;
	buf_add(&s->bytes, &s->frame, 4);
	buf_add(&s->bytes, &len, 4);
	buf_add(&s->bytes, payload, len);
}

/* N records from time T on, one ns apart, each with EXTRA bytes. Not KEPT: it is dropped. */
static void put_block(struct stream *s, uint64_t t, uint32_t n, unsigned extra, bool kept)
{
	unsigned char block[WIRE_BLOCK_LONG] = {0};
	struct wire_block head = {.magic = WIRE_MAGIC, .cpu = s->cpu, .seq = s->seq++, .count = n};
	size_t used = sizeof(head), whole;
	uint32_t i;

	for (i = 0; i < n; i++)
		used += put_record(block + used, t + i, extra);
	head.used = (uint16_t)used;
	head.before = s->made;
	s->made += n;
	memcpy(block, &head, sizeof(head));
	whole = (used + s->header > 4096 ? 8192 : 4096) - s->header;
	if (kept)
		put_frame(s, block, (uint32_t)whole);
}

static uint64_t count_records(const struct merge_list *list)
{
	const struct merge_block *b;
	uint64_t n = 0;

	for (b = list->first; b; b = b->next)
		n += b->count;
	return n;
}

static uint64_t count_lost(const struct merge_list *list)
{
	const struct merge_block *b;
	uint64_t n = 0;

	for (b = list->first; b; b = b->next)
		n += b->lost;
	return n;
}

/* What the reader makes of the stream, handed over in pieces of STEP bytes. */
static void feed(struct stap_frames *f, struct merge_list *list, const struct stream *s, size_t step)
{
	size_t at, n;

	merge_list_init(list);
	*f = (struct stap_frames){.cpu = s->cpu};
	for (at = 0; at < s->bytes.len; at += n) {
		n = s->bytes.len - at < step ? s->bytes.len - at : step;
		ck_assert_int_eq(stap_frames_feed(f, s->bytes.p + at, n, list), 0);
	}
}

START_TEST(frames_of_both_headers_in_pieces)
{
	static const size_t steps[] = {1, 7, 4096, 5000, 1 << 20};
	struct stream s = {.header = _i ? 12 : 8, .cpu = 3};
	struct stap_frames f;
	struct merge_list list;
	size_t i;

	put_block(&s, 100, 10, 0, true);
	put_block(&s, 200, 1, 5000, true);
	put_block(&s, 300, 50, 8, true);
	for (i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		feed(&f, &list, &s, steps[i]);
		ck_assert_uint_eq(f.header, s.header);
		ck_assert_uint_eq(count_records(&list), 61);
		ck_assert_uint_eq(f.last, 349);
		ck_assert_uint_eq(stap_frames_end(&f, 61), 0);
		ck_assert_uint_eq(f.damaged, 0);
		merge_list_free(&list);
	}
	buf_free(&s.bytes);
}
END_TEST

START_TEST(frames_count_what_was_dropped)
{
	struct stream s = {.header = 8};
	struct stap_frames f;
	struct merge_list list;

	put_block(&s, 10, 4, 0, false);
	put_block(&s, 20, 5, 0, true);
	put_block(&s, 30, 6, 0, false);
	put_block(&s, 40, 7, 0, false);
	put_block(&s, 50, 0, 0, true); /* nothing in it, but it tells of the two before */
	put_block(&s, 60, 8, 0, true);
	put_block(&s, 70, 9, 0, false);
	feed(&f, &list, &s, 4096);
	ck_assert_uint_eq(list.first->lost, 4);
	ck_assert_uint_eq(list.first->next->lost, 13);
	ck_assert_ptr_null(list.first->next->next);
	ck_assert_uint_eq(stap_frames_end(&f, s.made), 9);
	ck_assert_uint_eq(f.received, 13);
	ck_assert_uint_eq(f.lost, 26);
	ck_assert_uint_eq(f.received + f.lost, s.made);
	merge_list_free(&list);
	buf_free(&s.bytes);
}
END_TEST

/* The buffer was full after the first half of a long block: the next frame follows at once. */
START_TEST(frames_refuse_half_a_block)
{
	struct stream s = {.header = _i ? 12 : 8}, half = s;
	struct stap_frames f;
	struct merge_list list;

	put_block(&s, 10, 3, 0, true);
	half = s;
	half.bytes = BUF_INIT;
	put_block(&half, 20, 1, 5000, true);
	buf_add(&s.bytes, half.bytes.p, 4096);
	s.seq = half.seq;
	s.made = half.made;
	put_block(&s, 30, 5, 0, true);
	put_block(&s, 40, 1, 6000, true);
	feed(&f, &list, &s, 4096);
	ck_assert_uint_eq(count_records(&list), 9);
	ck_assert_uint_eq(count_lost(&list), 1);
	ck_assert_uint_eq(stap_frames_end(&f, s.made), 0);
	ck_assert_uint_eq(f.received + f.lost, s.made);
	ck_assert_uint_gt(f.damaged, 0);
	merge_list_free(&list);
	buf_free(&s.bytes);
	buf_free(&half.bytes);
}
END_TEST

START_TEST(frames_refuse_what_cannot_be)
{
	static const struct {
		size_t at; /* in the second frame */
		uint32_t value;
	} damages[] = {
		{4, 100},	  /* SystemTap's length: shorter than the block */
		{4, 1 << 30},	  /* longer than any */
		{8, 0},		  /* magic */
		{12, 0x00f00009}, /* another processor's */
		{12, 0xfff80000}, /* used: more than there is */
		{12, 0x00080000}, /* less than the block's header */
		{16, 0},	  /* a number that was there before */
		{20, 9},	  /* more records than there are */
		{20, 1},	  /* fewer */
		{24, 1},	  /* fewer made than came already */
		{32, 0},	  /* a record without length */
		{32, 47},	  /* not aligned */
		{32, 0xfff8},	  /* longer than the block */
	};
	struct stap_frames f;
	struct merge_list list;
	size_t i;

	for (i = 0; i < sizeof(damages) / sizeof(*damages); i++) {
		struct stream s = {.header = 8};

		put_block(&s, 10, 2, 0, true);
		put_block(&s, 20, 3, 0, true);
		memcpy(s.bytes.p + 4096 + damages[i].at, &damages[i].value, 4);
		put_block(&s, 30, 4, 0, true);
		feed(&f, &list, &s, 1000);
		ck_assert_msg(count_records(&list) == 6, "damage %zu: %u records", i,
			(unsigned)count_records(&list));
		ck_assert_uint_eq(count_lost(&list), 3);
		ck_assert_uint_eq(stap_frames_end(&f, s.made), 0);
		ck_assert_uint_eq(f.received + f.lost, s.made);
		ck_assert_uint_gt(f.damaged, 0);
		merge_list_free(&list);
		buf_free(&s.bytes);
	}
}
END_TEST

/* Any single byte: never more than was made, and nothing out of bounds (with the sanitizers). */
START_TEST(frames_survive_any_byte)
{
	struct stream s = {.header = 8};
	struct stap_frames f;
	struct merge_list list;
	size_t i;

	put_block(&s, 10, 2, 16, true);
	put_block(&s, 20, 1, 4200, true);
	put_block(&s, 30, 3, 0, true);
	for (i = 0; i < s.bytes.len; i += 1 + i % 5) {
		s.bytes.p[i] ^= (char)0xff;
		feed(&f, &list, &s, 3000);
		ck_assert_uint_le(count_records(&list), 6);
		stap_frames_end(&f, s.made);
		ck_assert_uint_ge(f.received + f.lost, s.made);
		merge_list_free(&list);
		s.bytes.p[i] ^= (char)0xff;
	}
	buf_free(&s.bytes);
}
END_TEST

/* --- the merge --- */

struct heard {
	uint64_t t[64];
	unsigned n;
	uint64_t lost, lost_at;
};

static int hear(void *user, struct wire_rec *rec)
{
	struct heard *h = user;

	h->t[h->n++] = rec->t;
	return h->n == 64;
}

static void hear_lost(void *user, uint64_t t, uint64_t count)
{
	struct heard *h = user;

	h->lost += count;
	h->lost_at = t;
}

/* A block with records at these times, the last being 0. */
static void add_block(struct merge *m, size_t queue, const uint64_t *times, uint64_t lost)
{
	struct merge_list list;
	struct merge_block *b = calloc(1, sizeof(*b) + 64 * sizeof(struct wire_rec));

	merge_list_init(&list);
	for (; *times; times++, b->count++)
		b->size += (uint32_t)put_record(b->bytes + b->size, *times, 0);
	b->lost = lost;
	list.first = b;
	list.end = &b->next;
	list.bytes = sizeof(*b) + b->size;
	merge_add(m, queue, &list);
	ck_assert_ptr_null(list.first);
}

#define TIMES(...) ((const uint64_t[]){__VA_ARGS__, 0})

START_TEST(merge_orders_all_processors_up_to_a_time)
{
	static const uint64_t wanted[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
	struct heard h = {.n = 0};
	const struct merge_out out = {&h, hear, hear_lost};
	struct merge *m = merge_open(4);
	size_t freed = 0, all = 3 * sizeof(struct merge_block) + 10 * sizeof(struct wire_rec);

	add_block(m, 0, TIMES(1, 4, 9), 0);
	add_block(m, 2, TIMES(2, 3, 10), 0);
	ck_assert_int_eq(merge_to(m, 4, &out, &freed), 0);
	ck_assert_uint_eq(h.n, 4);
	ck_assert_uint_eq(freed, 0);
	add_block(m, 3, TIMES(5, 6, 7, 8), 0);
	ck_assert_int_eq(merge_to(m, UINT64_MAX, &out, &freed), 0);
	ck_assert_uint_eq(h.n, 10);
	ck_assert_mem_eq(h.t, wanted, sizeof(wanted));
	ck_assert_uint_eq(freed, all);
	merge_close(m);
}
END_TEST

START_TEST(merge_tells_loss_where_it_was)
{
	struct heard h = {.n = 0};
	const struct merge_out out = {&h, hear, hear_lost};
	struct merge *m = merge_open(2);
	size_t freed = 0;

	add_block(m, 0, TIMES(10, 20), 0);
	add_block(m, 0, TIMES(40), 7);
	add_block(m, 1, TIMES(30), 0);
	ck_assert_int_eq(merge_to(m, 30, &out, &freed), 0);
	ck_assert_uint_eq(h.lost, 0);
	ck_assert_int_eq(merge_to(m, 40, &out, &freed), 0);
	ck_assert_uint_eq(h.lost, 7);
	ck_assert_uint_eq(h.lost_at, 40);
	merge_close(m);
}
END_TEST

START_TEST(merge_lets_no_time_go_back)
{
	struct heard h = {.n = 0};
	const struct merge_out out = {&h, hear, hear_lost};
	struct merge *m = merge_open(2);
	size_t freed = 0;

	add_block(m, 0, TIMES(50), 0);
	merge_to(m, 50, &out, &freed);
	add_block(m, 1, TIMES(49, 51), 0);
	merge_to(m, 51, &out, &freed);
	ck_assert_uint_eq(h.n, 3);
	ck_assert_uint_eq(h.t[1], 50);
	ck_assert_uint_eq(h.t[2], 51);
	add_block(m, 1, TIMES(60, 61), 0); /* what is not taken goes with it */
	merge_close(m);
}
END_TEST

START_TEST(merge_stops_when_told)
{
	struct heard h = {.n = 62};
	const struct merge_out out = {&h, hear, hear_lost};
	struct merge *m = merge_open(1);
	size_t freed = 0;

	add_block(m, 0, TIMES(1, 2, 3), 0);
	ck_assert_int_eq(merge_to(m, 9, &out, &freed), 1);
	ck_assert_uint_eq(h.n, 64);
	merge_close(m);
}
END_TEST

/* --- the threads --- */

static void put_stream(const char *name, const struct stream *s)
{
	file_put(name, s->bytes.p, s->bytes.len);
}

START_TEST(readers_read_all_files_and_what_is_appended)
{
	struct stream a = {.header = 8, .cpu = 0}, b = {.header = 8, .cpu = 1};
	struct heard h = {.n = 0};
	const struct merge_out out = {&h, hear, hear_lost};
	struct stap_readers *readers;
	struct merge *m = merge_open(2);
	struct tempdir dir;
	size_t freed = 0;
	FILE *f;

	tempdir_enter(&dir);
	put_block(&a, 10, 3, 0, true);
	put_block(&b, 11, 2, 0, true);
	put_stream("trace0", &a);
	put_stream("trace1", &b);
	file_put("tracer", "x", 1); /* other files are not looked at */
	file_put("status", "x", 1);
	ck_assert_int_eq(stap_readers_open(&readers, ".", _i ? 1 : 1 << 20, NULL), 0);
	ck_assert_uint_eq(stap_readers_count(readers), 2);
	ck_assert_int_eq(stap_readers_drain(readers, 12, NULL), 0);
	stap_readers_take(readers, m);
	ck_assert_int_eq(merge_to(m, 11, &out, &freed), 0);
	ck_assert_uint_eq(h.n, 3);
	stap_readers_release(readers, freed);
	freed = 0;
	f = fopen("trace1", "a");
	b.bytes.len = 0;
	put_block(&b, 20, 4, 0, false);
	put_block(&b, 30, 5, 0, true);
	fwrite(b.bytes.p, 1, b.bytes.len, f);
	fclose(f);
	ck_assert_int_eq(stap_readers_drain(readers, 40, NULL), 0);
	stap_readers_take(readers, m);
	ck_assert_int_eq(merge_to(m, 40, &out, &freed), 0);
	ck_assert_uint_eq(h.n, 10);
	ck_assert_uint_eq(h.lost, 4);
	stap_readers_stop(readers);
	ck_assert_uint_eq(stap_readers_frames(readers, 0)->received, 3);
	stap_readers_close(readers);
	merge_close(m);
	tempdir_leave(&dir);
	buf_free(&a.bytes);
	buf_free(&b.bytes);
}
END_TEST

START_TEST(readers_need_files)
{
	struct stap_readers *readers;
	struct tempdir dir;
	struct err err;

	tempdir_enter(&dir);
	ck_assert_int_eq(stap_readers_open(&readers, "missing", 1, &err), -ENOENT);
	ck_assert_int_eq(stap_readers_open(&readers, ".", 1, &err), -ENOENT);
	tempdir_leave(&dir);
}
END_TEST

START_TEST(readers_say_when_a_file_fails)
{
	struct stap_readers *readers;
	struct tempdir dir;
	struct err err;

	tempdir_enter(&dir);
	ck_assert_int_eq(mkdir("trace0", 0700), 0); /* read(2) fails with EISDIR */
	ck_assert_int_eq(stap_readers_open(&readers, ".", 1, &err), 0);
	ck_assert_int_eq(stap_readers_drain(readers, 1, &err), -EISDIR);
	ck_assert_ptr_nonnull(strstr(err.text, "processor 0"));
	stap_readers_close(readers);
	ck_assert_int_eq(rmdir("trace0"), 0);
	tempdir_leave(&dir);
}
END_TEST

/* --- status --- */

#define STATUS                                                                                     \
	"abi=1\ntables=0123abcd\nvariant=ioriot\nstate=started\nscope=-1\nhooks=sys_enter,fork\n"  \
	"missing=\nskipped=3\ncpu0=100:2\ncpu7=18446744073709551615:0\nlater=x\n"  \
	"layers=sys,block=block_rq_issue\nlayers_missing=block_split\n"

START_TEST(status_is_read)
{
	struct stap_status s;

	ck_assert_int_eq(stap_status_parse(&s, STR(STATUS), NULL), 0);
	ck_assert_uint_eq(s.abi, 1);
	ck_assert_str_eq(s.tables, "0123abcd");
	ck_assert_str_eq(s.variant, "ioriot");
	ck_assert_int_eq(s.state, STAP_STARTED);
	ck_assert_int_eq(s.scope, -1);
	ck_assert_str_eq(s.hooks, "sys_enter,fork");
	ck_assert_str_eq(s.missing, "");
	ck_assert_uint_eq(s.skipped, 3);
	ck_assert_uint_eq(s.cpus.n, 2);
	ck_assert_uint_eq(s.cpus.v[0].made, 100);
	ck_assert_uint_eq(s.cpus.v[0].dropped, 2);
	ck_assert_uint_eq(s.cpus.v[1].cpu, 7);
	ck_assert_uint_eq(s.cpus.v[1].made, UINT64_MAX);
	ck_assert_str_eq(s.layers, "sys,block=block_rq_issue");
	ck_assert_str_eq(s.layers_missing, "block_split");
	stap_status_free(&s);
}
END_TEST

START_TEST(status_has_sums_of_events)
{
	struct stap_status s;
	char text[600];
	struct err err;

	snprintf(text, sizeof(text), STATUS "event%d=5:4096:3:2\n", OP_cache_dirty);
	ck_assert_int_eq(stap_status_parse(&s, str_of(text), &err), 0);
	ck_assert_uint_eq(s.events.n, 1);
	ck_assert_int_eq(s.events.v[0].row, OP_cache_dirty);
	ck_assert_uint_eq(s.events.v[0].sum.seen, 5);
	ck_assert_uint_eq(s.events.v[0].sum.bytes, 4096);
	ck_assert_uint_eq(s.events.v[0].sum.kept, 3);
	ck_assert_uint_eq(s.events.v[0].sum.dropped, 2);
	stap_status_free(&s);
	snprintf(text, sizeof(text), STATUS "event%d=5:4096:3:2\n", OP_read); /* no event */
	ck_assert_int_eq(stap_status_parse(&s, str_of(text), &err), -EINVAL);
	snprintf(text, sizeof(text), STATUS "event%d=5:4096:3\n", OP_cache_dirty);
	ck_assert_int_eq(stap_status_parse(&s, str_of(text), &err), -EINVAL);
}
END_TEST

START_TEST(status_that_is_wrong_is_refused)
{
	static const char *const wrong[] = {
		"",
		"abi=1\n",
		"tables=1\nstate=idle\nscope=0\n",
		STATUS "cpu1=5\n",
		STATUS "cpu1=5:6\n",
		STATUS "cpu1=5:\n",
		STATUS "cpu1x=5:1\n",
		STATUS "cpu99999=5:1\n",
		STATUS "state=asleep\n",
		STATUS "abi=1x\n",
		STATUS "scope=99999999999999999999\n",
		STATUS "nothing\n",
		STATUS "variant=a name that is much longer than any\n",
	};
	struct stap_status s;
	struct err err;
	size_t i;

	for (i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		ck_assert_msg(
			stap_status_parse(&s, str_of(wrong[i]), &err) == -EINVAL, "%s", wrong[i]);
}
END_TEST

static int check_status(const char *abi, const char *tables, struct err *err)
{
	struct stap_status s;
	char text[128];
	int n = snprintf(
		text, sizeof(text), "abi=%s\ntables=%s\nstate=idle\nscope=0\n", abi, tables);

	ck_assert_int_eq(stap_status_parse(&s, (struct str){text, (size_t)n}, NULL), 0);
	return stap_status_check(&s, err);
}

START_TEST(status_of_another_version_is_refused)
{
	struct err err;

	ck_assert_int_eq(check_status("1", IORIOT_TABLES, &err), 0);
	ck_assert_int_eq(check_status("99", IORIOT_TABLES, &err), -ENOSYS);
	ck_assert_ptr_nonnull(strstr(err.text, "version 99"));
	ck_assert_int_eq(check_status("1", "12" IORIOT_TABLES, &err), -ENOSYS);
	ck_assert_ptr_nonnull(strstr(err.text, "other tables"));
}
END_TEST

/* --- module files --- */

static const char info[] = "license=GPL\0name=ioriot\0vermagic=6.1.0-9-test SMP preempt \0";
static const char section_names[] = "\0.shstrtab\0.modinfo";

struct module_file {
	Elf64_Ehdr head;
	Elf64_Shdr sections[3];
	char names[sizeof(section_names)];
	char info[sizeof(info)];
	char signature[28];
};

#define SIGNED_SIZE (offsetof(struct module_file, signature) + 28)

static struct module_file make_module(void)
{
	struct module_file m = {
		.head = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64},
			.e_type = ET_REL,
#if defined(__x86_64__)
			.e_machine = EM_X86_64,
#else
			.e_machine = EM_AARCH64,
#endif
			.e_shoff = offsetof(struct module_file, sections),
			.e_shentsize = sizeof(Elf64_Shdr),
			.e_shnum = 3,
			.e_shstrndx = 1},
		.sections = {{0},
			{.sh_name = 1,
				.sh_type = SHT_STRTAB,
				.sh_offset = offsetof(struct module_file, names),
				.sh_size = sizeof(section_names)},
			{.sh_name = 11,
				.sh_type = SHT_PROGBITS,
				.sh_offset = offsetof(struct module_file, info),
				.sh_size = sizeof(info)}},
	};

	memcpy(m.names, section_names, sizeof(section_names));
	memcpy(m.info, info, sizeof(info));
	return m;
}

static int parse_module(struct stap_modinfo *out, const struct module_file *m, size_t size)
{
	unsigned char *copy = malloc(size ? size : 1); /* its end is where the sanitizer sees it */
	int rc;

	memcpy(copy, m, size);
	rc = stap_modinfo_parse(out, copy, size, NULL);
	free(copy);
	return rc;
}

START_TEST(module_says_what_it_is_for)
{
	struct module_file m = make_module();
	struct stap_modinfo out;

	ck_assert_int_eq(parse_module(&out, &m, sizeof(m)), 0);
	ck_assert_str_eq(out.name, "ioriot");
	ck_assert_str_eq(out.release, "6.1.0-9-test");
	ck_assert(!out.has_signature);
	memcpy(m.signature, "~Module signature appended~\n", 28);
	ck_assert_int_eq(parse_module(&out, &m, SIGNED_SIZE), 0);
	ck_assert(out.has_signature);
}
END_TEST

START_TEST(module_that_is_damaged_is_refused)
{
	struct module_file good = make_module(), m;
	struct stap_modinfo out;
	size_t i;

	for (i = 0; i < offsetof(struct module_file, signature); i++)
		ck_assert_int_eq(parse_module(&out, &good, i), -EINVAL);
#define WRONG(member, value)                                                                       \
	m = good;                                                                                  \
	m.member = value;                                                                          \
	ck_assert_int_eq(parse_module(&out, &m, sizeof(m)), -EINVAL)
	WRONG(head.e_ident[0], 0);
	WRONG(head.e_machine, EM_386);
	WRONG(head.e_type, ET_EXEC);
	WRONG(head.e_shoff, UINT64_MAX - 8);
	WRONG(head.e_shnum, 0xffff);
	WRONG(head.e_shstrndx, 3);
	WRONG(sections[1].sh_offset, UINT64_MAX - 4);
	WRONG(sections[2].sh_size, UINT64_MAX);
	WRONG(sections[2].sh_name, UINT32_MAX);
	WRONG(sections[2].sh_type, SHT_NOBITS);
	WRONG(info[12], 'X'); /* no "name=" */
#undef WRONG
	for (i = 0; i < sizeof(good); i++) { /* in bounds, whatever a byte is */
		m = good;
		((unsigned char *)&m)[i] ^= 0xff;
		parse_module(&out, &m, sizeof(m));
	}
}
END_TEST

START_TEST(module_file_is_checked_by_name_and_kernel)
{
	struct module_file m = make_module();
	struct options o = {.module = "./ioriot.ko"};
	struct stap_module out;
	struct tempdir dir;
	struct err err;

	tempdir_enter(&dir);
	ck_assert_int_eq(stap_module_find(&out, &o, &err), -ENOENT);
	file_put("ioriot.ko", &m, sizeof(m));
	ck_assert_int_eq(stap_module_find(&out, &o, &err), -ENOSYS);
	ck_assert_ptr_nonnull(strstr(err.text, "is for kernel 6.1.0-9-test"));
	ck_assert_ptr_nonnull(strstr(err.text, "make -C systemtap KERNEL="));
	file_put("ioriot.ko", "hello", 5);
	ck_assert_int_eq(stap_module_find(&out, &o, &err), -ENOSYS);
	ck_assert_ptr_nonnull(strstr(err.text, "not a kernel module"));
	o.module = "no-such-module";
	ck_assert_int_eq(stap_module_find(&out, &o, &err), -ENOSYS);
	ck_assert_ptr_nonnull(strstr(err.text, "no-such-module.ko"));
	tempdir_leave(&dir);
}
END_TEST

Suite *stap_suite(void)
{
	Suite *s = suite_create("stap");
	TCase *t = tcase_create("stap");

	tcase_add_loop_test(t, frames_of_both_headers_in_pieces, 0, 2);
	tcase_add_test(t, frames_count_what_was_dropped);
	tcase_add_loop_test(t, frames_refuse_half_a_block, 0, 2);
	tcase_add_test(t, frames_refuse_what_cannot_be);
	tcase_add_test(t, frames_survive_any_byte);
	tcase_add_test(t, merge_orders_all_processors_up_to_a_time);
	tcase_add_test(t, merge_tells_loss_where_it_was);
	tcase_add_test(t, merge_lets_no_time_go_back);
	tcase_add_test(t, merge_stops_when_told);
	tcase_add_loop_test(t, readers_read_all_files_and_what_is_appended, 0, 2);
	tcase_add_test(t, readers_need_files);
	tcase_add_test(t, readers_say_when_a_file_fails);
	tcase_add_test(t, status_has_sums_of_events);
	tcase_add_test(t, status_is_read);
	tcase_add_test(t, status_that_is_wrong_is_refused);
	tcase_add_test(t, status_of_another_version_is_refused);
	tcase_add_test(t, module_says_what_it_is_for);
	tcase_add_test(t, module_that_is_damaged_is_refused);
	tcase_add_test(t, module_file_is_checked_by_name_and_kernel);
	suite_add_tcase(s, t);
	return s;
}
